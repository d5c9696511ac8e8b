package jobs

import (
	"context"
	"sync"

	"github.com/lib/pq"
)

// Wake turns PostgreSQL notifications into wake-ups. A notification is only a hint: every worker polls
// as well, so a lost connection costs time and nothing else.
type Wake struct {
	listener *pq.Listener
	mu       sync.Mutex
	subs     map[string][]chan struct{}
}

// Listen listens on the listener, which is its own from now on, to the channels named.
func Listen(l *pq.Listener, names ...string) (*Wake, error) {
	w := &Wake{listener: l, subs: map[string][]chan struct{}{}}
	for _, name := range names {
		if err := w.listener.Listen(name); err != nil {
			_ = w.listener.Close()
			return nil, err
		}
	}
	return w, nil
}

// On returns a channel that gets a value when the name was notified; several notifications make one.
// Each call returns a channel of its own.
func (w *Wake) On(name string) <-chan struct{} {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	w.subs[name] = append(w.subs[name], c)
	w.mu.Unlock()
	return c
}

// Poke wakes this process's workers as a notification would.
func (w *Wake) Poke(name string) { w.poke(name) }

func (w *Wake) poke(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for n, list := range w.subs {
		if name == "" || n == name {
			for _, c := range list {
				poke(c)
			}
		}
	}
}

// Run passes notifications on until the context ends.
func (w *Wake) Run(ctx context.Context) error {
	defer w.listener.Close()
	for {
		select {
		case <-ctx.Done():
			return nil
		case n := <-w.listener.Notify:
			if n == nil { // reconnected: anything may have been missed
				w.poke("")
				continue
			}
			w.poke(n.Channel)
		}
	}
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
