package suggest

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// Event is what happens while a model writes drafts. Drafts are numbered as they are begun; a number is
// no rank.
type Event struct {
	Kind       EventKind
	N          int
	Text       string      // of writing: what is added to draft N
	Reason     string      // of refused: one of Refusals
	Suggestion *Suggestion // of ready
}

// EventKind says what happened.
type EventKind string

// The kinds of events. A draft counts once it is ready, and not before.
const (
	Writing EventKind = "writing" // more of draft N, not judged as a whole
	Again   EventKind = "again"   // the model began anew: drafts that are not ready are gone
	Refused EventKind = "refused" // draft N may not be offered
	Ready   EventKind = "ready"   // draft N was judged, is stored and may be used
)

// jobs are the drafts under way in this process: whoever asks for the same conversation follows the one
// that is being written, and nothing is paid for twice.
type jobs struct {
	mu      sync.Mutex
	running map[subject]*job
}

type subject struct{ workspace, conversation int64 }

type job struct {
	cancel context.CancelFunc

	mu        sync.Mutex
	events    []Event
	news      chan struct{} // closed when something was added
	listeners int
	done      bool
	list      List
	err       error
}

// Follow returns the drafts for a conversation and tells what happens until they are all there. What was
// written before it was asked is told first. Once nobody follows any more, the writing ends.
func (s *Suggester) Follow(ctx context.Context, workspaceID, conversationID int64, tell func(Event)) (List, error) {
	j := s.join(subject{workspaceID, conversationID})
	defer s.leave(subject{workspaceID, conversationID}, j)
	for told := 0; ; {
		events, news, done := j.since(told)
		for _, e := range events {
			tell(e)
		}
		told += len(events)
		if done {
			return j.list, j.err
		}
		select {
		case <-news:
		case <-ctx.Done():
			return List{}, ctx.Err()
		}
	}
}

// join finds the job for a conversation or begins one.
func (s *Suggester) join(of subject) *job {
	s.jobs.mu.Lock()
	defer s.jobs.mu.Unlock()
	if j := s.jobs.running[of]; j != nil {
		j.listeners++
		return j
	}
	ctx, cancel := context.WithCancel(context.Background()) // its own: who asked first may go first
	j := &job{cancel: cancel, news: make(chan struct{}), listeners: 1}
	if s.jobs.running == nil {
		s.jobs.running = map[subject]*job{}
	}
	s.jobs.running[of] = j
	go func() {
		defer cancel()
		list, err := s.safely(ctx, of, j.add)
		s.jobs.mu.Lock()
		if s.jobs.running[of] == j {
			delete(s.jobs.running, of)
		}
		s.jobs.mu.Unlock()
		j.end(list, err)
	}()
	return j
}

// safely keeps a fault of ours from ending the process: this runs outside the request that asked for it.
func (s *Suggester) safely(ctx context.Context, of subject, tell func(Event)) (list List, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("draft replies for conversation %d: panic: %v\n%s", of.conversation, p, debug.Stack())
		}
	}()
	return s.make(ctx, of.workspace, of.conversation, tell)
}

// leave ends a job that nobody follows, and makes room for one that somebody will.
func (s *Suggester) leave(of subject, j *job) {
	s.jobs.mu.Lock()
	defer s.jobs.mu.Unlock()
	if j.listeners--; j.listeners > 0 {
		return
	}
	j.cancel()
	if s.jobs.running[of] == j {
		delete(s.jobs.running, of)
	}
}

func (j *job) add(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, e)
	close(j.news)
	j.news = make(chan struct{})
}

func (j *job) end(list List, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.list, j.err, j.done = list, err, true
	close(j.news)
	j.news = make(chan struct{})
}

func (j *job) since(told int) ([]Event, <-chan struct{}, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.events[told:], j.news, j.done
}
