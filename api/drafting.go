package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"ponte/fault"
	"ponte/inbox"
)

// SuggestionEvent is what happens while replies are drafted. A draft may be used once it is ready.
type SuggestionEvent struct {
	Kind       string      `json:"-"` // writing, again, refused, ready
	N          int         `json:"n"`
	Text       string      `json:"text,omitempty"`
	Reason     string      `json:"reason,omitempty"`
	Suggestion *Suggestion `json:"suggestion,omitempty"`
}

// At most so many agents watch drafts being written in one process, each for so long; who goes away is
// noticed within two beats, and the model is asked no further.
const (
	mostDrafting = 500
	draftingTime = 3 * time.Minute
	draftingBeat = time.Second
)

// liveSuggestions sends drafted replies while they are written, as server-sent events: writing, again,
// refused and ready about one draft, and at the end done with all of them, or failed with a problem.
func (s *Server) liveSuggestions(c *fiber.Ctx, who *caller) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	v, err := inbox.ViewConversation(c.Context(), s.DB, who.WorkspaceID, id)
	if err != nil {
		return err
	}
	if s.drafting.Add(1) > mostDrafting {
		s.drafting.Add(-1)
		return fault.New(fault.Unavailable, "too many replies are being drafted at the moment; try again").Coded("drafting_full")
	}
	asEvents(c)
	route := c.Method() + " " + c.Route().Path
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		defer s.drafting.Add(-1)
		ctx, cancel := context.WithTimeout(s.life, draftingTime)
		defer cancel()
		out := &eventWriter{w: w, broken: cancel}
		defer out.beat(draftingBeat)()
		list := Suggestions{Items: []Suggestion{}, Revision: v.Revision, LLMState: "off"}
		if s.Suggest != nil {
			list, err = s.Suggest.Follow(ctx, who.WorkspaceID, id, func(e SuggestionEvent) { out.send(e.Kind, e) })
		}
		if err != nil {
			if ctx.Err() == nil {
				out.send("failed", s.fail(route, err))
			}
			return
		}
		out.send("done", list.whole())
	})
	return nil
}

// eventWriter writes server-sent events from several goroutines.
type eventWriter struct {
	mu     sync.Mutex
	w      *bufio.Writer
	broken func() // the client is gone
}

func (o *eventWriter) send(name string, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		o.broken()
		return
	}
	o.write(fmt.Sprintf("event: %s\ndata: %s\n\n", name, data))
}

func (o *eventWriter) write(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := o.w.WriteString(text)
	if err == nil {
		err = o.w.Flush()
	}
	if err != nil {
		o.broken()
	}
}

// beat writes a comment now and then: only a write tells whether somebody still reads. The function that
// it returns ends it, and waits for that.
func (o *eventWriter) beat(every time.Duration) func() {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				o.write(": alive\n\n")
			}
		}
	}()
	return func() { close(stop); <-stopped }
}

// whole has lists where there is nothing, as the API's description says.
func (l Suggestions) whole() Suggestions {
	if l.Items == nil {
		l.Items = []Suggestion{}
	}
	for i := range l.Items {
		if l.Items[i].Sources == nil {
			l.Items[i].Sources = []SuggestionSource{}
		}
	}
	return l
}
