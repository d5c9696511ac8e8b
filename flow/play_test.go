package flow

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC) // a Monday, 12:00 in Rome

func parsed(t testing.TB, document string) *Flow {
	t.Helper()
	f, err := Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// small is a flow of the given steps.
func small(t testing.TB, steps string) *Flow {
	t.Helper()
	return parsed(t, `{"format": 1, "id": "small", "version": 1, "name": "Small", "languages": ["en", "it"], "hosts": ["api.example.com"], "steps": [`+steps+`]}`)
}

func text(s string) Input { return Input{Kind: Message, Text: s} }

func kindsOf(effects []Effect) string {
	var out []string
	for _, e := range effects {
		out = append(out, string(e.Kind))
	}
	return strings.Join(out, " ")
}

func TestLibraryPlaysAsExpected(t *testing.T) {
	if len(Library()) < 2 {
		t.Fatalf("the library has %v", Library())
	}
	for _, id := range Library() {
		document, turns, err := Shipped(id)
		if err != nil {
			t.Fatal(err)
		}
		f := parsed(t, string(document))
		if len(f.Warnings) > 0 || f.ID != id || !reflect.DeepEqual(f.Languages, []string{"en", "it", "fr", "ro"}) {
			t.Errorf("%s: id %s, languages %v, warnings %v", id, f.ID, f.Languages, f.Warnings)
		}
		script, err := ParseScript(turns)
		if err != nil {
			t.Fatal(err)
		}
		played := map[string]bool{}
		for _, p := range script.Play(f) {
			for _, bad := range p.Problems {
				t.Errorf("%s, %s: %s", id, p.Case, bad)
			}
			for _, lang := range f.Languages {
				if strings.HasSuffix(p.Case, ", "+lang) {
					played[lang] = true
				}
			}
		}
		if len(played) != 4 {
			t.Errorf("%s is played in %v only", id, played)
		}
	}
	if _, _, err := Shipped("none"); err == nil {
		t.Error("a flow that is not shipped was found")
	}
}

const consentSteps = `{"id": "q", "type": "question", "text": {"en": "Name?"}, "answer": {"kind": "text"}, "next": "c"},
{"id": "c", "type": "consent", "purpose": "promotional", "granted": "yes", "refused": "no", "otherwise": "else"},
{"id": "yes", "type": "end"}, {"id": "no", "type": "end"}, {"id": "else", "type": "end"}`

// Only the answer to the wording shown last, that had left, and whose record is there, grants.
func TestOnlyTheWordingJustShownCounts(t *testing.T) {
	f := small(t, consentSteps)
	ctx := Context{Now: noon, Language: "en"}
	s, _ := f.Start(ctx)
	s, effects := f.Step(s, []Input{text("Ada")}, ctx)
	if len(effects) < 1 || effects[0].Kind != AskConsent || s.WordingID != 0 {
		t.Fatalf("%s, %+v", kindsOf(effects), s)
	}
	shown := s
	shown.WordingID, shown.AskedAction = 7, 8
	yes, no := effects[0].Buttons[0].ID, effects[0].Buttons[1].ID
	rows := []struct {
		name   string
		state  State
		inputs []Input
		act    string
		step   string
	}{
		{"yes in words", shown, []Input{text("Sì!")}, "grant", "yes"},
		{"yes by button", shown, []Input{{Kind: Message, Payload: yes}}, "grant", "yes"},
		{"no by button", shown, []Input{{Kind: Message, Payload: no}}, "refuse", "no"},
		{"no in words", shown, []Input{text("nein danke")}, "refuse", "no"},
		{"yes before the wording had left", shown, []Input{{Kind: Message, Text: "yes", Early: true}}, "", "else"},
		{"yes without the record of a wording", s, []Input{text("yes")}, "", "else"},
		{"a button of an earlier showing", shown, []Input{{Kind: Message, Payload: "f:c:yes:1"}}, "", "else"},
		{"another step's button", shown, []Input{{Kind: Message, Payload: "f:q:yes:2"}}, "", "else"},
		{"yes with something after it", shown, []Input{text("yes"), text("what does it cost?")}, "", "else"},
		{"yes and no at once", shown, []Input{text("no"), text("yes")}, "refuse", "no"},
		{"yes inside a sentence", shown, []Input{text("yes but only if it is free")}, "", "else"},
		{"yes by words that may withdraw", shown, []Input{{Kind: Message, Text: "yes", Wish: MayStop}}, "doubt", "c"},
		{"no by words that might withdraw elsewhere", shown, []Input{{Kind: Message, Text: "No, grazie", Wish: MayStop}}, "refuse", "no"},
		{"no by such words, without the record of a wording", s, []Input{{Kind: Message, Text: "No, grazie", Wish: MayStop}}, "doubt", "c"},
		{"stop", shown, []Input{{Kind: Message, Text: "yes"}, {Kind: Message, Text: "STOP", Wish: WantsStop}}, "withdraw", "c"},
	}
	for _, row := range rows {
		after, effects := f.Step(row.state, row.inputs, ctx)
		act := ""
		for _, e := range effects {
			if e.Kind == ConsentGiven {
				act = e.Act
			}
		}
		if act != row.act || after.Step != row.step {
			t.Errorf("%s: act %q at %s, want %q at %s", row.name, act, after.Step, row.act, row.step)
		}
	}
}

// "No thanks" may mean all that the brand writes, but not where it is one of the answers to what was just asked.
func TestNoThanksIsAnAnswerWhereItIsAChoice(t *testing.T) {
	f := small(t, `{"id": "q", "type": "question", "text": {"en": "Insurance?"}, "answer": {"kind": "choice", "choices": [{"id": "y", "title": {"en": "Yes", "it": "Sì"}, "next": "yes"}, {"id": "n", "title": {"en": "No", "it": "No"}, "next": "no"}]}, "next": "yes"},
{"id": "yes", "type": "question", "text": {"en": "Name?"}, "answer": {"kind": "text"}, "next": "no"}, {"id": "no", "type": "end"}`)
	asked, _ := f.Start(Context{Now: noon, Language: "en"})
	named, _ := f.Step(asked, []Input{text("yes")}, Context{Now: noon, Language: "en"})
	for _, c := range []struct {
		name    string
		at      State
		message Input
		doubt   bool
	}{
		{"no thanks", asked, Input{Kind: Message, Text: "No thanks", Wish: MayStop}, false},
		{"in another language", asked, Input{Kind: Message, Text: "no grazie!", Wish: MayStop}, false},
		{"with nothing known of when it was shown", asked, Input{Kind: Message, Text: "no thanks", Wish: MayStop, Early: true}, false},
		{"no choice says no", named, Input{Kind: Message, Text: "no thanks", Wish: MayStop}, true},
		{"other words", asked, Input{Kind: Message, Text: "basta", Wish: MayStop}, true},
	} {
		s, _ := f.Step(c.at, []Input{c.message}, Context{Now: noon, Language: "en"})
		if s.Doubt != c.doubt {
			t.Errorf("%s: asked whether to stop: %v, want %v", c.name, s.Doubt, c.doubt)
		}
	}
	if s, _ := f.Step(asked, []Input{{Kind: Message, Text: "no thanks", Wish: WantsStop}}, Context{Now: noon, Language: "en"}); s.Why != "stopped" {
		t.Errorf("a clear withdrawal in the same words: %+v", s)
	}
}

// After help or a doubt something else was said last: the wording is shown again, and the old one is void.
func TestTheWordingIsShownAgainAfterSomethingElse(t *testing.T) {
	f := small(t, consentSteps)
	ctx := Context{Now: noon, Language: "en"}
	s, _ := f.Start(ctx)
	s, effects := f.Step(s, []Input{text("Ada")}, ctx)
	old := effects[0].Buttons[0].ID
	s.WordingID = 7
	s, effects = f.Step(s, []Input{text("help")}, ctx)
	if !strings.HasPrefix(kindsOf(effects), "say ask_consent") || s.WordingID != 0 {
		t.Fatalf("%s %+v", kindsOf(effects), s)
	}
	s.WordingID = 9
	if after, _ := f.Step(s, []Input{{Kind: Message, Payload: old}}, ctx); after.Step != "else" {
		t.Errorf("the old button led to %s", after.Step)
	}
	for standing, step := range map[string]string{"granted": "yes", "withdrawn": "no", "refused": "no", "doubt": "no", "expired": "c", "none": "c"} {
		known := ctx
		known.Consent = map[string]string{"promotional": standing}
		first, _ := f.Start(known)
		if after, _ := f.Step(first, []Input{text("Ada")}, known); after.Step != step {
			t.Errorf("%s led to %s, want %s", standing, after.Step, step)
		}
	}
}

const callSteps = `{"id": "q", "type": "question", "text": {"en": "Order?"}, "answer": {"kind": "text"}, "next": "ask"},
{"id": "ask", "type": "call", "method": "POST", "url": "https://api.example.com/orders/{{answers.q}}?by={{contact.name}}", "body": {"order": "{{answers.q}}"}, "secret": "shop", "timeout": "3s",
 "save": {"state": "data.0.state", "eta": "eta"}, "next": "tell", "failed": "sorry"},
{"id": "tell", "type": "end", "text": {"en": "It is {{answers.state|unknown}}, {{answers.eta|no date}}."}}, {"id": "sorry", "type": "hand_over"}`

func TestCallIsAskedForAndResumed(t *testing.T) {
	f := small(t, callSteps)
	ctx := Context{Now: noon, Language: "en", Contact: map[string]string{"name": "A&b=\"c\""}}
	s, _ := f.Start(ctx)
	s, effects := f.Step(s, []Input{text(`../x/"},{{brand}}`)}, ctx)
	c := effects[0].Call
	if effects[0].Kind != Request || c.Secret != "shop" || c.Timeout != 3*time.Second || effects[0].Seq != s.Seq {
		t.Fatalf("%+v", effects[0])
	}
	if want := "https://api.example.com/orders/..%2Fx%2F%22%7D%2C%7B%7Bbrand%7D%7D?by=A%26b%3D%22c%22"; c.URL != want {
		t.Errorf("address %s", c.URL)
	}
	var body map[string]string
	if err := json.Unmarshal([]byte(c.Body), &body); err != nil || body["order"] != `../x/"},{{brand}}` {
		t.Errorf("body %s: %v", c.Body, err)
	}
	ok := func(body string) Input { return Input{Kind: Outcome, Seq: s.Seq, Status: 200, Body: body} }
	rows := []struct {
		name string
		in   Input
		step string
		said string
	}{
		{"answered", ok(`{"data":[{"state":"sent\n~now"}],"eta":3}`), "tell", "It is sent now, 3."},
		{"values missing", ok(`{"data":[]}`), "tell", "It is unknown, no date."},
		{"a value that is no scalar", ok(`{"eta":{"a":1}}`), "tell", "It is unknown, no date."},
		{"not JSON", ok(`<html>`), "sorry", ""},
		{"too large", ok(`"` + strings.Repeat("x", maxAnswer) + `"`), "sorry", ""},
		{"an error", Input{Kind: Outcome, Seq: s.Seq, Status: 500}, "sorry", ""},
		{"a redirect", Input{Kind: Outcome, Seq: s.Seq, Status: 302}, "sorry", ""},
		{"no answer in time", Input{Kind: Outcome, Seq: s.Seq, Failure: FailedTimeout}, "sorry", ""},
		{"an answer to something else", Input{Kind: Outcome, Seq: s.Seq + 1, Status: 200}, "ask", ""},
		{"words meanwhile", text("hello?"), "ask", ""},
	}
	for _, row := range rows {
		after, effects := f.Step(s, []Input{row.in}, ctx)
		said := ""
		if effects[0].Kind == Say {
			said = effects[0].Text
		}
		if after.Step != row.step || said != row.said {
			t.Errorf("%s: at %s, said %q; want %s, %q", row.name, after.Step, said, row.step, row.said)
		}
	}
}

func TestSignatureCoversWhatIsSent(t *testing.T) {
	c := Call{Method: "POST", URL: "https://api.example.com/x", Body: `{"a":"b"}`}
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write([]byte("1795431600\nPOST\nhttps://api.example.com/x\n{\"a\":\"b\"}"))
	at := time.Unix(1795431600, 0)
	if got, want := Sign([]byte("key"), c, at), "t=1795431600,v1="+hex.EncodeToString(mac.Sum(nil)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, other := range []Call{{Method: "GET", URL: c.URL, Body: c.Body}, {Method: c.Method, URL: c.URL + "?", Body: c.Body}, {Method: c.Method, URL: c.URL}} {
		if Sign([]byte("key"), other, at) == Sign([]byte("key"), c, at) {
			t.Errorf("%+v has the same signature", other)
		}
	}
}

func TestWaitAndTimeouts(t *testing.T) {
	f := small(t, `{"id": "w", "type": "wait", "for": "2h", "next": "late", "on_message": "q"}, {"id": "late", "type": "end", "text": {"en": "Still there?"}},
{"id": "q", "type": "question", "text": {"en": "Name?"}, "answer": {"kind": "text"}, "timeout": "24h", "on_timeout": "late", "next": "late"}`)
	ctx := Context{Now: noon, Language: "en"}
	s, effects := f.Start(ctx)
	if effects[0].Kind != StartTimer || !effects[0].At.Equal(noon.Add(2*time.Hour)) {
		t.Fatalf("%+v", effects)
	}
	ring := Input{Kind: Timer, Seq: s.Seq}
	if after, _ := f.Step(s, []Input{ring}, ctx); after.Step != "w" {
		t.Error("a timer rang before its time and was believed")
	}
	late := ctx
	late.Now = noon.Add(2 * time.Hour)
	if after, effects := f.Step(s, []Input{ring}, late); after.Step != "late" || effects[0].Text != "Still there?" {
		t.Errorf("%+v", after)
	}
	// Who wrote is not silent, though the timer rings in the same breath.
	s, effects = f.Step(s, []Input{ring, text("hi")}, late)
	if s.Step != "q" || kindsOf(effects) != "say timer note" {
		t.Fatalf("%s at %s", kindsOf(effects), s.Step)
	}
	if after, _ := f.Step(s, []Input{ring}, late); after.Step != "q" {
		t.Error("the timer of an earlier wait was taken for this one")
	}
	late.Now = late.Now.Add(24 * time.Hour)
	if after, _ := f.Step(s, []Input{{Kind: Timer, Seq: s.Seq}}, late); after.Step != "late" {
		t.Error("the question did not time out")
	}
}

func TestAPlaceOfAnotherVersionIsForAPerson(t *testing.T) {
	f := parsed(t, sound)
	ctx := Context{Now: noon, Language: "en", Brand: "Casa Lume"}
	for _, s := range []State{{}, {Flow: "all", Version: 1, Step: "mail", Waiting: ForAnswer}, {Flow: "other", Version: 2, Step: "mail", Waiting: ForAnswer},
		{Flow: "all", Version: 2, Step: "gone", Waiting: ForAnswer}, {Flow: "all", Version: 2, Step: "hi", Waiting: ForAnswer}, {Flow: "all", Version: 2, Step: "mail", Waiting: "x"}} {
		after, effects := f.Step(s, []Input{text("hi")}, ctx)
		if after.Waiting != Ended || kindsOf(effects) != "say hand_over note" || effects[1].Reason != "flow_changed" {
			t.Errorf("%+v: %s", s, kindsOf(effects))
		}
	}
}

func TestAConditionAsksForTheLabelsOfPersonAndConversation(t *testing.T) {
	t.Parallel()
	f := small(t, `{"id": "drop", "type": "labels", "remove": ["vip"], "next": "fork"}, {"id": "fork", "type": "condition", "cases": [{"if": {"label": "vip"}, "next": "yes"}], "otherwise": "no"},
{"id": "yes", "type": "message", "text": {"en": "Welcome back"}, "next": "z"}, {"id": "no", "type": "message", "text": {"en": "Hello"}, "next": "z"}, {"id": "z", "type": "end"}`)
	for _, c := range []struct {
		of, person []string
		want       string
	}{{nil, nil, "Hello"}, {[]string{"vip"}, nil, "Hello"}, {nil, []string{"VIP"}, "Welcome back"}, {[]string{"vip"}, []string{"vip"}, "Welcome back"}} {
		_, effects := f.Start(Context{Now: noon, Language: "en", Labels: c.of, PersonLabels: c.person})
		got := ""
		for _, e := range effects {
			if e.Kind == Say {
				got += e.Text
			}
		}
		if got != c.want {
			t.Errorf("conversation %v, person %v: %q, want %q", c.of, c.person, got, c.want)
		}
	}
}

func TestWordsBecomeOneMessage(t *testing.T) {
	long := strings.Repeat("x", 1020)
	f := small(t, `{"id": "a", "type": "message", "text": {"en": "One"}, "next": "b"}, {"id": "b", "type": "labels", "add": ["l"], "next": "c"}, {"id": "c", "type": "message", "text": {"en": "Two"}, "next": "d"},
{"id": "d", "type": "message", "media": {"type": "image", "url": "https://example.com/a.jpg"}, "next": "e"}, {"id": "e", "type": "message", "text": {"en": "`+long+`"}, "next": "q"},
{"id": "q", "type": "question", "text": {"en": "Which?"}, "answer": {"kind": "choice", "choices": [{"id": "y", "title": {"en": "This"}}]}, "next": "end"}, {"id": "end", "type": "end"}`)
	_, effects := f.Start(Context{Now: noon, Language: "it"})
	var said []string
	for _, e := range effects {
		if e.Kind == Say {
			said = append(said, e.Text)
			if e.Media == nil && (e.Language != "en" || e.Wanted != "it") {
				t.Errorf("%q does not say that it is in en instead of it", cut(e.Text, 10))
			}
		}
	}
	if want := []string{"One\n\nTwo", "", long, "Which?"}; !reflect.DeepEqual(said, want) {
		t.Errorf("said %d messages: %.40q", len(said), said)
	}
}

func TestCalendarAcrossTheClockChange(t *testing.T) {
	f := parsed(t, strings.Replace(sound, `"mon": ["09:00-13:00", "14:00-18:00"]`, `"sun": ["01:00-04:00"]`, 1))
	c := Calendar{Hours: f.Hours, Now: time.Date(2027, 3, 27, 12, 0, 0, 0, time.UTC)}
	s := *f.service("cut")
	s.Every, s.Minutes = 60, 60
	var got []string
	for _, at := range c.Free(s, c.Now, 3) {
		got = append(got, at.UTC().Format("02 15:04"))
	}
	// 02:00 does not exist on the 28th of March: 01:00 is 00:00 UTC, 03:00 is 01:00 UTC.
	if want := []string{"28 00:00", "28 01:00", "04 23:00"}; len(got) < 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, want %v", got, want)
	}
	if f.Hours.Open(time.Date(2026, 12, 25, 1, 0, 0, 0, time.UTC)) {
		t.Error("open on a closed day")
	}
}

// A bar is open from Friday evening until Saturday at two; on Saturday evening Sunday is a holiday.
func TestCalendarOverMidnight(t *testing.T) {
	hours, err := ParseHours([]byte(`{"time_zone": "Australia/Sydney", "week": {"fri": ["22:00-24:00"], "sat": ["00:00-02:00", "22:00-24:00"], "sun": ["00:00-02:00"]}, "closed": ["2026-10-11"]}`))
	if err != nil {
		t.Fatal(err)
	}
	c := Calendar{Hours: hours, Now: time.Date(2026, 10, 8, 12, 0, 0, 0, time.UTC)}
	var got []string
	for _, at := range c.Free(Service{ID: "table", Minutes: 120, Every: 60, AheadDays: 4}, c.Now, 20) {
		got = append(got, at.In(hours.Zone).Format("Mon 15:04"))
	}
	if want := []string{"Fri 22:00", "Fri 23:00", "Sat 00:00", "Sat 22:00"}; !slices.Equal(got, want) {
		t.Errorf("offered %v, want %v", got, want)
	}
	if hours.longest() != 240 {
		t.Errorf("open for %d minutes at a stretch", hours.longest())
	}
	// The night in which the clock is put forward, at two: an evening that ends at three has an hour less.
	hours, err = ParseHours([]byte(`{"time_zone": "Australia/Sydney", "week": {"sat": ["22:00-24:00"], "sun": ["00:00-03:00"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	c, got = Calendar{Hours: hours, Now: time.Date(2026, 10, 2, 12, 0, 0, 0, time.UTC)}, nil
	for _, at := range c.Free(Service{ID: "table", Minutes: 120, Every: 60, AheadDays: 2}, c.Now, 20) {
		got = append(got, at.UTC().Format("02 15:04"))
	}
	if want := []string{"03 12:00", "03 13:00", "03 14:00"}; !slices.Equal(got, want) { // open until 16:00 UTC
		t.Errorf("offered %v, want %v", got, want)
	}
	if _, err = ParseHours([]byte(`{"time_zone": "UTC", "week": {"fri": ["18:00-02:00"]}}`)); err == nil || !strings.Contains(err.Error(), `"00:00-02:00"`) {
		t.Errorf("hours past midnight in one part: %v", err)
	}
}

// A test of turns that cannot fail would be worth nothing.
func TestTurnsFail(t *testing.T) {
	f := small(t, consentSteps)
	rows := []struct{ turns, want string }{
		{`{"expect": []}`, "effect 0 was not expected"},
		{`{"expect": [{"kind": "say"}, {"kind": "say"}]}`, "effect 1 is missing"},
		{`{"expect": [{"kind": "say", "text": "Nome?"}]}`, `effect 0.text: expected "Nome?", got "Name?"`},
		{`{"expect": [{"kind": "say", "text": {"contains": "Nome"}}]}`, `expected a text with "Nome"`},
		{`{"expect": [{"kind": "say", "buttons": [{"title": "A"}]}]}`, `effect 0.buttons: expected`},
		{`{"expect": [{"kind": "say"}], "state": {"step": "c"}}`, `state.step: expected "c", got "q"`},
		{`{"expect": [{"kind": "say"}], "why": "moon"}`, `why: expected "moon"`},
		{`{"expect": [{"kind": "say"}]}, {"tap": "X", "expect": []}`, `nothing called "X" can be tapped`},
		{`{"expect": [{"kind": "say"}]}, {"silent": true, "expect": []}`, `waits for no time`},
	}
	for _, row := range rows {
		script, err := ParseScript([]byte(`{"flow": "small", "cases": [{"name": "x", "turns": [` + row.turns + `]}]}`))
		if err != nil {
			t.Fatal(err)
		}
		if bad := strings.Join(script.Play(f)[0].Problems, "\n"); !strings.Contains(bad, row.want) {
			t.Errorf("want %s\ngot %s", row.want, bad)
		}
	}
	for raw, want := range map[string]string{
		`{"cases": []}`: "tests nothing",
		`{"cases": [{"name": "x", "turns": [{}]}]}`:                            "expects nothing",
		`{"cases": [{"name": "x", "trns": []}]}`:                               `cases[0]: unknown field "trns"`,
		`{"cases": [{"name": "x", "turns": [{"expect": []}, {"txt": "hi"}]}]}`: `cases[0].turns[1]: unknown field "txt"`,
		`{"cases": [{"name": "x", "turns": [{"expect": []}, {"text": 5}]}]}`:   "cases[0].turns[1]: text cannot be a number",
		`[1, 2]`:                "the file of turns: an object { … } is expected, not an array",
		`{"cases": ["x"]}`:      "cases[0]: an object { … } is expected, not a string",
		"\ufeff{\"cases\": []}": "tests nothing", // what some editors write at the start is no fault
		`{"case": []}`:          `the file of turns: unknown field "case"`,
		"{\n\"cases\": [,]}":    "the file of turns: line 2 is not JSON",
		`{"cases": [`:           "ends too early",
		`{"cases": [{"name": "x", "turns": []}]} true`:                        "more after its end",
		`{"cases": [{"name": "x", "turns": [{"text": "hi", "expect": []}]}]}`: "the first turn begins the flow",
	} {
		if _, err := ParseScript([]byte(raw)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", raw, err, want)
		}
	}
	other := Script{Flow: "else", Cases: []Case{{Name: "x", Turns: []Turn{{}}}}}
	if len(other.Play(f)[0].Problems) == 0 {
		t.Error("turns for another flow were played")
	}
}

// Values take room too: a question that fits without them must fit with them.
func TestValuesDoNotBurstAMessage(t *testing.T) {
	f := small(t, `{"id": "q", "type": "question", "text": {"en": "{{contact.name}}`+strings.Repeat("x", 1000)+`"}, "answer": {"kind": "choice", "choices": [{"id": "y", "title": {"en": "This"}}]}, "next": "end"}, {"id": "end", "type": "end"}`)
	_, effects := f.Start(Context{Now: noon, Language: "en", Contact: map[string]string{"name": strings.Repeat("é", 900)}})
	if n := len([]rune(effects[0].Text)); n != 1024 || !strings.HasPrefix(effects[0].Text, strings.Repeat("é", 200)+"x") {
		t.Errorf("%d characters beside a button", n)
	}
}
