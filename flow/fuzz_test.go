package flow

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ponte/testkit"
	"time"
	"unicode/utf8"
)

var everyKind = []EffectKind{Say, AskConsent, ConsentGiven, Labels, SetFields, Assign, HandOver, SendTemplate, StartTimer, Request, Goal, BookingDo, Resolve, Note}

// honest holds an answer of the interpreter against what must always be so.
func honest(before, after State, inputs []Input, effects []Effect) string {
	if len(effects) == 0 || effects[len(effects)-1].Kind != Note || effects[len(effects)-1].Text == "" {
		return "no reason is given"
	}
	stop := slices.ContainsFunc(inputs, func(in Input) bool { return in.Kind == Message && in.Wish == WantsStop })
	for _, e := range effects {
		switch {
		case !slices.Contains(everyKind, e.Kind):
			return "an effect of no known kind: " + string(e.Kind)
		case e.Kind == Say && e.Text == "" && e.Media == nil:
			return "an empty message"
		case len(e.Buttons) > 3 || e.List != nil && len(e.List.Rows) > 10:
			return "more buttons or rows than are shown"
		case e.Kind == Say && (utf8.RuneCountInString(e.Text) > 4096 || (len(e.Buttons) > 0 || e.Link != nil || e.Media != nil) && utf8.RuneCountInString(e.Text) > 1024):
			return "a message that is too long"
		case e.Kind == Say && e.Text != "" && !served(e.Language):
			return "a message in no language: " + e.Language
		case e.Kind == ConsentGiven && e.Act == "grant" && (before.Waiting != ForConsent || before.WordingID == 0 || stop):
			return "a grant that answers no wording"
		case e.Kind == Request && !strings.HasPrefix(e.Call.URL, "https://api.example.com/"):
			return "a call to a host that is not allowed: " + e.Call.URL
		}
	}
	if stop && (after.Waiting != Ended || effects[0].Kind != ConsentGiven || effects[0].Act != "withdraw") {
		return "a withdrawal was not taken"
	}
	if raw, err := json.Marshal(after); err != nil || len(raw) > 64<<10 {
		return "a state that cannot be kept"
	}
	return ""
}

type anySlots struct{ r *rand.Rand }

func (s anySlots) Free(_ Service, after time.Time, most int) []time.Time {
	var out []time.Time
	for range s.r.IntN(15) {
		out = append(out, after.Add(time.Duration(s.r.IntN(1000)-100)*time.Minute))
	}
	return out
}

// fitting are answers of each kind that are taken, so that stories come far.
var fitting = map[string]string{"text": "Blue Door", "choice": "1", "email": "ada@example.com", "phone": "+39 06 6982 1234", "number": "3", "date": "tomorrow", "postcode": "00184"}

func someInputs(r *rand.Rand, f *Flow, s State, shown []Option) []Input {
	if step := f.index[s.Step]; step != nil && r.IntN(2) == 0 {
		if q, ok := step.body.(*question); ok {
			return []Input{{Kind: Message, Text: fitting[q.answer.kind]}}
		}
	}
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	var out []Input
	for range r.IntN(4) {
		in := Input{Kind: InputKind(pick("message", "message", "message", "message", "timer", "outcome", "other")), Seq: s.Seq,
			Text: pick("yes", "no", "1", "2", "ada@example.com", "0412345678", "3", "00184", "+39 06 6982 1234", "back", "help", "indietro", "", "\xff", "{{brand}}", "tomorrow 10:00", "Paris 75001", "First")}
		if len(shown) > 0 && r.IntN(2) == 0 {
			in.Payload = shown[r.IntN(len(shown))].ID
		}
		switch r.IntN(24) {
		case 0:
			in.Wish = Wish(pick("stop", "doubt", "human"))
		case 1:
			in.Payload = pick("f:!stop", "f:!keep", "f:ask:yes:1", "x")
		case 2:
			in.Early = true
		}
		in.Status, in.Body = []int{0, 200, 200, 500}[r.IntN(4)], pick(`{"data":{"id":"7"}}`, "", "[", `{"data":[1]}`)
		in.Failure, in.Ref = pick("", "", "", "taken", "timeout"), pick("", "R-1")
		if in.Kind == Timer && r.IntN(3) == 0 {
			in.Seq = r.IntN(9)
		}
		out = append(out, in)
	}
	return out
}

// Whatever people do: it ends, keeps to the known effects, gives reasons, grants only what was asked just
// before, and gives the same for the same.
func TestWhateverPeopleDo(t *testing.T) {
	seed := testkit.Seeds(t, 1)[0]
	r := rand.New(rand.NewPCG(seed, 3))
	flows := []*Flow{parsed(t, sound), small(t, consentSteps), small(t, callSteps)}
	for _, id := range Library() {
		document, _, _ := Shipped(id)
		f := parsed(t, string(document))
		if len(f.Services) == 0 { // it manages what the calendar has
			f = f.With([]Service{{ID: "visit", Name: Texts{"en": "Visit"}, Minutes: 30, Every: 30, Capacity: 1, AheadDays: 30, Zone: time.UTC}})
		}
		flows = append(flows, f)
	}
	reached := map[string]bool{}
	for round := range 3000 {
		f := flows[round%len(flows)]
		ctx := Context{Now: noon, Language: []string{"en", "it", "fr", "de", "", "xx"}[r.IntN(6)], Brand: "Casa Lume", Slots: anySlots{r}, Contact: map[string]string{"name": "Ada {{brand}}"}}
		if r.IntN(2) == 0 {
			ctx.Contact = nil
		}
		if r.IntN(5) == 0 {
			ctx.Booking = &Booking{Ref: "B", Service: "visit", Start: noon.Add(time.Hour)}
		}
		s, effects := f.Start(ctx)
		if bad := honest(State{}, s, nil, effects); bad != "" {
			t.Fatalf("seed %d: start of %s: %s", seed, f.ID, bad)
		}
		for range 25 {
			shown := []Option{}
			for _, e := range effects {
				if e.Kind == AskConsent && s.Waiting == ForConsent && r.IntN(4) > 0 {
					s.WordingID = 5
				}
				shown = append(shown, e.Buttons...)
				if e.List != nil {
					shown = append(shown, e.List.Rows...)
				}
			}
			inputs := someInputs(r, f, s, shown)
			ctx.Now = ctx.Now.Add(time.Duration(r.IntN(300)) * time.Minute)
			before, _ := json.Marshal(s)
			after, out := f.Step(s, inputs, ctx)
			if now, _ := json.Marshal(s); string(now) != string(before) {
				t.Fatalf("seed %d: the state that was given was changed", seed)
			}
			if bad := honest(s, after, inputs, out); bad != "" {
				t.Fatalf("seed %d: %s: %s\nstate %+v\ninputs %+v\neffects %+v", seed, f.ID, bad, s, inputs, out)
			}
			var again State
			raw, _ := json.Marshal(after)
			if err := json.Unmarshal(raw, &again); err != nil {
				t.Fatal(err)
			}
			if kept, _ := json.Marshal(again); string(kept) != string(raw) {
				t.Fatalf("seed %d: the state is not what was kept: %s, then %s", seed, raw, kept)
			}
			reached[f.ID+" "+after.Step] = true
			s, effects = after, out
		}
	}
	for _, f := range flows {
		for _, step := range f.Steps {
			if _, waits := step.body.(resumer); waits && !reached[f.ID+" "+step.ID] {
				t.Errorf("no story came to %s in %s", step.ID, f.ID)
			}
		}
	}
}

func TestTheSameGivesTheSame(t *testing.T) {
	f := parsed(t, sound)
	ctx := Context{Now: noon, Language: "en", Contact: map[string]string{"name": "Ada", "phone": "+61412345678"}, Labels: []string{"new"}}
	s := State{Flow: "all", Version: 2, Step: "tel", Waiting: ForAnswer, Answers: map[string]string{"which": "a", "many": "5", "mail": "a@example.com"}}
	first, effects := f.Step(s, []Input{text("+39 06 6982 1234")}, ctx)
	for range 50 {
		again, others := f.Step(s, []Input{text("+39 06 6982 1234")}, ctx)
		if !reflect.DeepEqual(first, again) || !reflect.DeepEqual(effects, others) {
			t.Fatalf("once %+v, once %+v", effects, others)
		}
	}
	if len(ctx.Labels) != 1 || len(ctx.Contact) != 2 {
		t.Error("the context that was given was changed")
	}
}

// A flow whose check was circumvented still ends.
func TestTheBudgetEndsWhatGoesRound(t *testing.T) {
	f := small(t, `{"id": "a", "type": "labels", "add": ["x"], "next": "b"}, {"id": "b", "type": "end"}`)
	f.index["a"].body.(*labels).next = "a"
	s, effects := f.Start(Context{Now: noon, Language: "en"})
	if s.Why != "broken" || !strings.Contains(kindsOf(effects), "hand_over") {
		t.Errorf("%+v %s", s, kindsOf(effects))
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sound))
	f.Add([]byte(`{"format": 1, "steps": [{"type": "message", "text": {"en": "{{"}}]}`))
	f.Add([]byte(`{"steps": [[[{}]]], "hours": {"week": {"mon": ["00:00-24:00"]}}}`))
	f.Add([]byte(strings.Repeat("[", 100)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		flow, err := Parse(raw)
		if (flow == nil) == (err == nil) {
			t.Fatal("neither a flow nor faults, or both")
		}
		if flow == nil {
			return
		}
		s, effects := flow.Start(Context{Now: noon, Language: "en"})
		if len(effects) == 0 || effects[len(effects)-1].Kind != Note {
			t.Fatal("a start without a reason")
		}
		flow.Step(s, []Input{text("1"), {Kind: Timer, Seq: s.Seq}}, Context{Now: noon.AddDate(1, 0, 0)})
	})
}

func FuzzStep(f *testing.F) {
	flow := parsed(f, sound)
	document, _, _ := Shipped("booking")
	booking := parsed(f, string(document))
	f.Add([]byte(`{"flow":"all","version":2,"step":"slot","waiting":"answer"}`), "10:30 on 24/11", "f:slot:more", "", uint64(1))
	f.Add([]byte(`{"flow":"booking","version":1,"step":"time","waiting":"outcome","seq":3}`), "hm", "", "taken", uint64(2))
	f.Add([]byte(`{"flow":"all","version":2,"step":"ask","waiting":"consent","wording_id":4,"seq":1}`), "yes", "f:ask:yes:1", "", uint64(3))
	f.Add([]byte(`{"flow":"all","version":2,"step":"mail","waiting":"answer","doubt":true}`), "no", "", "x", uint64(4))
	for _, step := range []string{"which", "count", "area", "tel", "pause", "api", "fix"} {
		f.Add([]byte(`{"flow":"all","version":2,"step":"`+step+`","waiting":"answer","trail":["mail","which"]}`), "1.234,5 maggio", "", "", uint64(5))
	}
	f.Fuzz(func(t *testing.T, state []byte, said, payload, failure string, seed uint64) {
		var s State
		if json.Unmarshal(state, &s) != nil || len(said) > 5000 {
			return
		}
		r := rand.New(rand.NewPCG(seed, 1))
		ctx := Context{Now: noon, Language: "it", Slots: anySlots{r}, Contact: map[string]string{"name": said}}
		for _, fl := range []*Flow{flow, booking} {
			inputs := []Input{{Kind: Message, Text: said, Payload: payload, Wish: Wish(failure)}, {Kind: Outcome, Seq: s.Seq, Failure: failure, Body: said, Ref: payload, Status: 200}}
			after, effects := fl.Step(s, inputs, ctx)
			if bad := honest(s, after, inputs, effects); bad != "" && !strings.HasPrefix(bad, "a state that") { // it may have been that large before
				t.Fatal(bad)
			}
		}
	})
}
