package jobs

import (
	"context"
	"log/slog"
	"time"
)

// Loop is one kind of work that goes on in the background for as long as the process serves.
type Loop struct {
	// Once does some of the work and says whether more is waiting.
	Once func(ctx context.Context) (more bool, err error)
	// Every is how long it rests when nothing waits, or after a failure.
	Every time.Duration
	// Wake ends a rest early. Nil: nothing does.
	Wake <-chan struct{}
	Log  *slog.Logger
	// Failed is what the log says of a failure, with what happens next.
	Failed string
}

// Run works until the context ends. A failure is logged, and the work is tried again after a rest.
func (l Loop) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		more, err := l.Once(ctx)
		if err != nil && ctx.Err() == nil {
			l.Log.Error(l.Failed, "error", err)
		}
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-l.Wake:
		case <-time.After(l.Every):
		}
	}
	return nil
}

// Gathering is how long a loop lets rows come together after a batch that was not full. A batch costs some
// twenty statements whatever its size: taking a handful at a time as fast as they come spends the machine on
// statements, and then everything waits for the machine. What comes alone is taken at once.
const Gathering = 15 * time.Millisecond

// Gather rests after a batch that was not full, as long as it took, from once to twice Gathering: on a busy machine
// batches become larger and not more.
func Gather(ctx context.Context, took time.Duration) {
	Pause(ctx, min(max(took, Gathering), 2*Gathering))
}

// Pause waits, unless the context ends.
func Pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
