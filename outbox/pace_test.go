package outbox

import (
	"testing"
	"time"

	"ponte/channels"
)

func TestAnAccountNearItsLimitsIsSlowedAndNoOtherIs(t *testing.T) {
	cases := []struct {
		name    string
		percent int
		regain  time.Duration
		sent    int           // of three, at once
		again   time.Duration // after which one more goes out
	}{
		{"far away", 74, 0, 3, 0},
		{"near", 90, 0, 0, 6 * time.Second},
		{"nearer", 99, 0, 0, 9 * time.Second},
		{"reached", 100, 0, 0, time.Minute + time.Second},
		{"the network says when", 100, 20 * time.Minute, 0, 20*time.Minute + time.Second},
		{"an estimate without a figure", 0, 2 * time.Minute, 0, 2*time.Minute + time.Second},
		{"an estimate of a day is looked at again", 100, 24 * time.Hour, 0, time.Hour + time.Second},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := setup(t)
			b.add(b.onComment("a", channels.ReplyToComment), b.onComment("b", channels.ReplyToComment), b.onComment("c", channels.ReplyToComment), b.message("other", "hello"))
			s := b.sender()
			s.Pace(b.instagram, c.percent, c.regain)
			step := func(want int) {
				t.Helper()
				if n, err := s.Step(t.Context()); err != nil || n != want {
					t.Fatalf("%d calls instead of %d, %v", n, want, err)
				}
			}
			step(c.sent + 1) // and the one of the other account
			if slowed := c.sent == 0; s.Throttled(b.instagram) != slowed || s.Throttled(b.whatsapp) {
				t.Errorf("throttled: %v, the other: %v", s.Throttled(b.instagram), s.Throttled(b.whatsapp))
			}
			if c.again == 0 {
				return
			}
			b.set(b.now().Add(c.again - 2*time.Second))
			step(0)
			b.set(b.now().Add(2 * time.Second))
			want := 1 // one at a time, as long as the figure is fresh
			if c.again > paceTrust {
				want = 3
			}
			step(want)
			s.Pace(b.instagram, 10, 0) // there is room again
			b.set(b.now().Add(time.Second))
			step(3 - want)
		})
	}
}

func TestAFigureIsForgotten(t *testing.T) {
	b := setup(t)
	b.add(b.onComment("a", channels.HideComment), b.onComment("b", channels.UnhideComment))
	s := b.sender()
	s.Pace(b.instagram, 95, 0)
	b.set(b.now().Add(paceTrust))
	if n, err := s.Step(t.Context()); err != nil || n != 2 {
		t.Errorf("%d calls, %v", n, err)
	}
}

func TestAPauseIsNeverShortened(t *testing.T) {
	b := setup(t)
	b.add(b.onComment("a", channels.HideComment))
	s := b.sender()
	s.Pace(b.instagram, 100, 10*time.Minute)
	s.Pace(b.instagram, 80, 0)
	b.set(b.now().Add(9 * time.Minute))
	if n, err := s.Step(t.Context()); err != nil || n != 0 {
		t.Errorf("%d calls, %v", n, err)
	}
}
