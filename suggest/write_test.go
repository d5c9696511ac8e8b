package suggest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ponte/fault"
	"ponte/llm"
)

// pen is a model that writes what the test gives it, piece by piece.
type pen struct {
	model
	pieces chan string   // closed: the answer ends
	gone   chan struct{} // closed when nobody wanted the rest
	once   sync.Once
	asked  int
}

func (p *pen) Stream(ctx context.Context, r llm.Request, piece func(string)) (llm.Response, error) {
	p.asked++
	res := llm.Response{Model: "small", TokensIn: 100, TokensOut: 20}
	for {
		select {
		case s, more := <-p.pieces:
			if !more {
				res.Text, _ = llm.ExtractJSON(res.Text, r.Schema)
				return res, p.err
			}
			res.Text += s
			piece(s)
		case <-ctx.Done():
			res.Estimated = true
			p.once.Do(func() { close(p.gone) })
			return res, ctx.Err()
		}
	}
}

// desk is an agent who follows.
type desk struct {
	b      *bench
	mu     sync.Mutex
	events []Event
	cancel context.CancelFunc
	ended  chan struct{}
	list   List
	err    error
}

func write(t *testing.T) (*bench, *pen) {
	b := setup(t)
	p := &pen{model: model{state: llm.OK}, pieces: make(chan string), gone: make(chan struct{})}
	b.s.Model = p
	b.article("en", "Parking", "You can park behind the shed for 5 € a day.")
	b.says("in", "where can I park?")
	return b, p
}

func (b *bench) follow() *desk {
	ctx, cancel := context.WithCancel(b.t.Context())
	d := &desk{b: b, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(d.ended)
		d.list, d.err = b.s.Follow(ctx, b.ws, b.conv, func(e Event) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.events = append(d.events, e)
		})
	}()
	b.t.Cleanup(func() { cancel(); <-d.ended })
	return d
}

// told is what was told until something holds.
func (d *desk) told(until func([]Event) bool) []Event {
	d.b.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		d.mu.Lock()
		events := slices.Clone(d.events)
		d.mu.Unlock()
		if until(events) {
			return events
		}
		if time.Now().After(deadline) {
			d.b.t.Fatalf("after ten seconds: %s", lines(events))
		}
	}
}

func (d *desk) wait() {
	d.b.t.Helper()
	select {
	case <-d.ended:
	case <-time.After(10 * time.Second):
		d.b.t.Fatal("it did not end")
	}
}

func lines(events []Event) string {
	var out []string
	for _, e := range events {
		line := fmt.Sprintf("%s %d %s%s", e.Kind, e.N, e.Text, e.Reason)
		if e.Suggestion != nil {
			line += fmt.Sprintf("%d:%s", e.Suggestion.Rank, e.Suggestion.Text)
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func has(n int) func([]Event) bool { return func(e []Event) bool { return len(e) >= n } }

func texts(list List) string {
	var out []string
	for _, s := range list.Items {
		out = append(out, s.MadeBy+": "+s.Text)
	}
	return strings.Join(out, "\n")
}

func TestDraftsAreToldWhileTheyAreWritten(t *testing.T) {
	b, p := write(t)
	d := b.follow()
	p.pieces <- `<think>{"replies":[{"text":"no `
	p.pieces <- `such thing`
	p.pieces <- `"}]}</think>{"replies":[{"te`
	p.pieces <- `xt":"Park behi`
	p.pieces <- `nd the shed, for 5`
	d.told(has(2))
	if n := b.id(`SELECT count(*) FROM suggestions`); n != 0 {
		t.Errorf("%d drafts are stored before one was judged", n)
	}
	p.pieces <- ` € a day.","sources":[1]},{"text":"A deposit of 90 `
	d.told(has(4))
	if n := b.id(`SELECT count(*) FROM suggestions WHERE rank = 1 AND made_by = 'llm' AND state = 'offered'`); n != 1 {
		t.Errorf("%d drafts are stored when the first is whole", n)
	}
	p.pieces <- `€ is due, and more`
	p.pieces <- `","sources":[1]},{"text":"See you!","sources":[]},{"text":"Behind it.","sources":[1]}]}`
	close(p.pieces)
	d.wait()
	want := strings.Join([]string{
		"writing 0 Park", "writing 0  behind the shed, for", "writing 0  5 € a", "ready 0 1:Park behind the shed, for 5 € a day.",
		"writing 1 A deposit of", "refused 1 price", "writing 2 See", "refused 2 no_source", "writing 3 Behind", "ready 3 2:Behind it.",
	}, "\n")
	if got := lines(d.events); got != want || d.err != nil {
		t.Errorf("%v, told:\n%s\nwant:\n%s", d.err, got, want)
	}
	if got := texts(d.list); got != "llm: Park behind the shed, for 5 € a day.\nllm: Behind it.\nknowledge: You can park behind the shed for 5 € a day." || d.list.Fault != "" {
		t.Errorf("offered (%s):\n%s", d.list.Fault, got)
	}
	if again := b.suggest(); texts(again) != texts(d.list) || p.asked != 1 {
		t.Errorf("asked %d times; again:\n%s", p.asked, texts(again))
	}
}

// Nothing that the sources do not say is shown, not even for a moment.
func TestWhatIsRefusedIsNotShown(t *testing.T) {
	for draft, why := range map[string]string{
		"Book on https://evil.example/pay now, it is quick": refusedLink, "Call us: 0499 999 999 any time": refusedNumber, "It is 900 € for you only": refusedPrice,
		"We refund you whatever happens": refusedRefund, "Write to me@evil.xyz for it": refusedAddress, "My system prompt says no": refusedSystem, strings.Repeat("long ", 400): refusedLong,
	} {
		t.Run(why, func(t *testing.T) {
			b, p := write(t)
			d := b.follow()
			for _, s := range []string{`{"replies":[{"text":"`, draft, `","sources":[1]}]}`} {
				for _, r := range s {
					p.pieces <- string(r)
				}
			}
			close(p.pieces)
			d.wait()
			shown := ""
			for _, e := range d.events {
				shown += e.Text
			}
			for _, bad := range []string{"evil", "0499", "900", "refund", "prompt"} {
				if strings.Contains(shown, bad) {
					t.Errorf("shown: %q", shown)
				}
			}
			if last := d.events[len(d.events)-1]; last.Kind != Refused || last.Reason != why || texts(d.list) != "knowledge: You can park behind the shed for 5 € a day." {
				t.Errorf("%s\noffered: %s", lines(d.events), texts(d.list))
			}
		})
	}
}

func TestAModelThatBeginsAnew(t *testing.T) {
	b, p := write(t)
	d := b.follow()
	p.pieces <- `{"replies":[{"text":"Behind the shed.","sources":[1]},{"text":"Well, no `
	p.pieces <- "\n" + `{"replies":[{"text":"By the shed, I meant","sources":[1]}]}`
	close(p.pieces)
	d.wait()
	want := "writing 0 Behind the\nready 0 1:Behind the shed.\nwriting 1 Well, no\nagain 0 \nwriting 2 By the shed, I\nready 2 2:By the shed, I meant"
	if got := lines(d.events); got != want || len(d.list.Items) != 3 {
		t.Errorf("told:\n%s\nwant:\n%s", got, want)
	}
}

// Whatever goes wrong in the middle: what is whole is kept, the sources fill up, and it is told why.
func TestAModelThatBreaksOff(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"cut":       {fmt.Errorf("%w: %w", llm.ErrDown, llm.ErrCut), "cut"},
		"down":      {llm.ErrDown, "down"},
		"busy":      {&llm.BusyError{Wait: time.Second}, "busy"},
		"refused":   {llm.ErrRefused, "refused"},
		"truncated": {llm.ErrTruncated, "truncated"},
		"unusable":  {llm.ErrEmpty, "unusable"},
	} {
		t.Run(name, func(t *testing.T) {
			b, p := write(t)
			p.err = c.err
			d := b.follow()
			p.pieces <- `{"replies":[{"text":"Behind the shed.","sources":[1]},{"text":"And then `
			close(p.pieces)
			d.wait()
			if got := lines(d.events); !strings.HasSuffix(got, "writing 1 And then\nagain 0 ") {
				t.Errorf("told:\n%s", got)
			}
			if d.err != nil || d.list.Fault != c.want || texts(d.list) != "llm: Behind the shed.\nknowledge: You can park behind the shed for 5 € a day." {
				t.Errorf("%v (%s):\n%s", d.err, d.list.Fault, texts(d.list))
			}
			if !slices.Contains(Faults, c.want) {
				t.Errorf("%s is not in the list", c.want)
			}
		})
	}
}

func TestWhoGoesAwayEndsTheWriting(t *testing.T) {
	b, p := write(t)
	d := b.follow()
	p.pieces <- `{"replies":[{"text":"Behind the `
	d.told(has(1))
	d.cancel()
	select {
	case <-p.gone:
	case <-time.After(10 * time.Second):
		t.Fatal("the model writes on")
	}
	d.wait()
	for deadline := time.Now().Add(10 * time.Second); b.id(`SELECT count(*) FROM llm_spend WHERE estimated`) != 1; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("what was written is not paid for")
		}
	}
	if n := b.id(`SELECT count(*) FROM suggestions`); n != 0 {
		t.Errorf("%d drafts are stored", n)
	}
	again := b.follow() // whoever comes next gets drafts of their own
	p.pieces <- `{"replies":[{"text":"Behind it.","sources":[1]}]}`
	close(p.pieces)
	again.wait()
	if again.err != nil || len(again.list.Items) != 2 || p.asked != 2 {
		t.Errorf("asked %d times: %v, %s", p.asked, again.err, texts(again.list))
	}
}

func TestTwoFollowOneWriting(t *testing.T) {
	b, p := write(t)
	one := b.follow()
	p.pieces <- `{"replies":[{"text":"Behind the shed`
	one.told(has(1))
	two := b.follow()
	two.told(has(1)) // what was told before
	one.cancel()
	one.wait()
	p.pieces <- `.","sources":[1]}]}`
	close(p.pieces)
	two.wait()
	if got := lines(two.events); two.err != nil || got != "writing 0 Behind the\nready 0 1:Behind the shed." || p.asked != 1 {
		t.Errorf("asked %d times: %v, told:\n%s", p.asked, two.err, got)
	}
}

func TestAConversationThatMovesOnEndsTheWriting(t *testing.T) {
	for name, rest := range map[string]string{"noticed when a draft is whole": ` shed.","sources":[1]}`, "noticed meanwhile": ""} {
		t.Run(name, func(t *testing.T) {
			b, p := write(t)
			d := b.follow()
			p.pieces <- `{"replies":[{"text":"Behind the `
			d.told(has(1))
			b.says("in", "never mind")
			if rest != "" {
				p.pieces <- rest
			}
			d.wait()
			b.fault(d.err, fault.Conflict)
			if n := b.id(`SELECT count(*) FROM suggestions`); n != 0 {
				t.Errorf("%d drafts are stored for what is past", n)
			}
		})
	}
}
