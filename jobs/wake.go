package jobs

import (
	"context"
	"time"

	"github.com/lib/pq"
)

// Wake turns PostgreSQL notifications into wake-ups. A notification is only a hint: every worker polls
// as well, so a lost connection costs time and nothing else.
type Wake struct {
	listener *pq.Listener
	subs     map[string]chan struct{}
}

// Listen opens one listening connection for the channels named.
func Listen(url string, names ...string) (*Wake, error) {
	w := &Wake{listener: pq.NewListener(url, 100*time.Millisecond, 10*time.Second, nil), subs: map[string]chan struct{}{}}
	for _, name := range names {
		w.subs[name] = make(chan struct{}, 1)
		if err := w.listener.Listen(name); err != nil {
			_ = w.listener.Close()
			return nil, err
		}
	}
	return w, nil
}

// On returns the channel that gets a value when the name was notified; several notifications make one.
func (w *Wake) On(name string) <-chan struct{} { return w.subs[name] }

// Run passes notifications on until the context ends.
func (w *Wake) Run(ctx context.Context) error {
	defer w.listener.Close()
	for {
		select {
		case <-ctx.Done():
			return nil
		case n := <-w.listener.Notify:
			if n == nil { // reconnected: anything may have been missed
				for _, c := range w.subs {
					poke(c)
				}
				continue
			}
			poke(w.subs[n.Channel])
		}
	}
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
