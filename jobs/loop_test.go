package jobs

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestALoopGoesOnWhileMoreWaitsAndAfterAFailureAndAWake(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	wake := make(chan struct{}, 1)
	var log bytes.Buffer
	var runs int
	loop := Loop{
		Every: time.Hour, // only a wake-up ends its rest
		Wake:  wake,
		Log:   slog.New(slog.NewTextHandler(&log, nil)), Failed: "the post could not be sorted; trying again",
		Once: func(context.Context) (bool, error) {
			runs++
			switch runs {
			case 1, 2:
				return true, nil // at once again
			case 3:
				wake <- struct{}{}
				return true, errors.New("the box is stuck") // rests all the same
			case 4:
				wake <- struct{}{}
				return false, nil
			}
			cancel()
			return false, ctx.Err() // the end is no failure
		},
	}
	if err := loop.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if runs != 5 {
		t.Errorf("it worked %d times, not 5", runs)
	}
	if n := strings.Count(log.String(), "could not be sorted"); n != 1 || !strings.Contains(log.String(), "the box is stuck") {
		t.Errorf("it logged %q", log.String())
	}
}
