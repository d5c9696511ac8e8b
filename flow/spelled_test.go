package flow

import (
	"strings"
	"testing"
	"time"
)

// People type a choice as they would say it: by its place, by a part of its title. What may mean two is asked again.
func TestChoicesAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	const services = `{"id":"p","title":{"en":"Prices"}},{"id":"h","title":{"en":"Opening hours"}},{"id":"c","title":{"en":"Caffè"}}`
	const sure = `{"id":"y","title":{"en":"Yes, cancel it","it":"Sì, annulla"}},{"id":"n","title":{"en":"No, keep it","it":"No, tienila"}}`
	const counts = `{"id":"two","title":{"en":"2 people"}},{"id":"three","title":{"en":"3 people"}},{"id":"four","title":{"en":"4 people"}}`
	const sizes = `{"id":"three","title":{"en":"Three people"}},{"id":"two","title":{"en":"Two people"}},{"id":"more","title":{"en":"More"}}`
	for _, c := range []struct{ choices, lang, text, want string }{
		{services, "en", "1", "p"}, {services, "en", "option 2", "h"}, {services, "en", "2 please", "h"}, {services, "en", "The second one!", "h"}, {services, "en", "second", "h"},
		{services, "en", "two", "h"}, {services, "en", "3rd", "c"}, {services, "en", "the last one", "c"}, {services, "it", "la seconda", "h"}, {services, "it", "il primo, grazie", "p"},
		{services, "it", "due", "h"}, {services, "fr", "la deuxième", "h"}, {services, "fr", "le 1er", "p"}, {services, "ro", "al doilea", "h"}, {services, "ro", "a treia", "c"},
		{services, "es", "el segundo", "h"}, {services, "de", "das dritte bitte", "c"}, {services, "pt", "a primeira", "p"}, {services, "en", "one", "p"},
		{services, "en", "hours", "h"}, {services, "en", "caffe", "c"}, {services, "en", "4", ""}, {services, "en", "the fifth", ""}, {services, "en", "1 and 2", ""},
		{services, "en", "2 coffees", ""}, {services, "en", "one moment", ""}, {services, "en", "the", ""}, {services, "en", "first or second", ""}, {services, "en", "", ""},
		{services, "en", "not prices", ""}, {services, "en", "prices and hours", ""}, {services, "en", "hours, and prices too", ""}, {services, "en", "prices please", "p"}, {services, "en", "the prices for two people", "p"},
		{services, "it", "prices e hours", ""}, {sure, "en", "no, keep it thanks", "n"}, {sure, "en", "don't say no, keep it", ""},
		{sure, "en", "yes", "y"}, {sure, "it", "sì", "y"}, {sure, "en", "no", "n"}, {sure, "en", "keep it", "n"}, {sure, "en", "it", ""}, {sure, "en", "maybe", ""}, {sure, "en", "no, yes", ""},
		{counts, "en", "3", "three"}, {counts, "en", "2", "two"}, {counts, "en", "1", ""}, {counts, "en", "the third one", "four"}, {counts, "en", "people", ""},
		{sizes, "en", "two", "two"}, {sizes, "en", "one", ""}, {sizes, "en", "3", ""}, {sizes, "en", "the first one", "three"},
	} {
		f := small(t, `{"id":"a","type":"question","text":{"en":"Which?"},"answer":{"kind":"choice","choices":[`+c.choices+`]},"next":"b"},{"id":"b","type":"end"}`)
		r := f.begin(State{Step: "a"}, Context{Language: c.lang, Now: time.Now()})
		got := ""
		if ch := f.index["a"].body.(*question).choose(r, Input{Text: c.text}); ch != nil {
			got = ch.id
		}
		if got != c.want {
			t.Errorf("%q (%s): %q, want %q", c.text, c.lang, got, c.want)
		}
	}
}

// Who asks for more times gets them, however it is said.
func TestMoreTimesAreAskedForInWords(t *testing.T) {
	t.Parallel()
	f := parsed(t, strings.Replace(sound, `"mon": ["09:00-13:00", "14:00-18:00"]`, `"mon": ["09:00-13:00", "14:00-18:00"], "tue": ["08:00-20:00"]`, 1))
	for _, c := range []struct {
		lang, text string
		want       bool
	}{{"en", "More times", true}, {"en", "more please", true}, {"it", "altri, grazie", true}, {"de", "weitere", true}, {"en", "please", false}, {"en", "", false}, {"en", "no more", false}} {
		r := f.begin(State{Step: "b", Offered: []time.Time{time.Now()}}, Context{Language: c.lang, Now: time.Now()})
		if got := (&bookingStep{}).wantsMore(r, Input{Text: c.text}); got != c.want {
			t.Errorf("%q (%s): %v", c.text, c.lang, got)
		}
	}
}

// A flow without the person's language says all that stands together in its own: no German weekday in an English question.
func TestAFlowSpeaksOneLanguage(t *testing.T) {
	t.Parallel()
	raw, _, err := Shipped("booking")
	if err != nil {
		t.Fatal(err)
	}
	f := parsed(t, string(raw))
	ctx := Context{Language: "de", Now: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), Brand: "Bondi Kayaks", Contact: map[string]string{"name": "Anna"}, Slots: everyHour{}}
	s, said := f.Start(ctx)
	for _, text := range []string{"was?", "das erste", "wie bitte?"} {
		var more []Effect
		s, more = f.Step(s, []Input{{Kind: Message, Text: text}}, ctx)
		said = append(said, more...)
	}
	if len(s.Offered) == 0 {
		t.Fatalf("no times were offered: %+v", said)
	}
	for _, e := range said {
		for _, text := range append([]string{e.Text}, titles(e)...) {
			if strings.Contains(text, "leider") || strings.Contains(text, "Di ") || strings.Contains(text, "Weitere") || strings.Contains(text, "wählen") {
				t.Errorf("said in German, in an English question: %q", text)
			}
		}
	}
}

// Who asks for another day is shown the times of that day, in whatever words; what names no day, or one that is over, is
// asked again.
func TestTimesOfADayThatIsAskedFor(t *testing.T) {
	t.Parallel()
	raw, _, err := Shipped("booking")
	if err != nil {
		t.Fatal(err)
	}
	f := parsed(t, string(raw))
	for _, c := range []struct{ lang, text, want string }{ // the 24th is a Tuesday
		{"en", "have you got anything on Saturday?", "2026-11-28 00:00"}, {"en", "tomorrow would be better", "2026-11-25 00:00"}, {"en", "Friday at 18:00", "2026-11-27 18:00"}, {"en", "is 3 December free", "2026-12-03 00:00"},
		{"it", "c'è posto sabato?", "2026-11-28 00:00"}, {"it", "meglio domani", "2026-11-25 00:00"}, {"fr", "plutôt samedi matin", "2026-11-28 00:00"}, {"ro", "aveți ceva sâmbătă?", "2026-11-28 00:00"}, {"ro", "joi se poate?", "2026-11-26 00:00"},
		{"es", "¿y el jueves?", "2026-11-26 00:00"}, {"es", "por la mañana", ""}, {"de", "geht auch Donnerstag?", "2026-11-26 00:00"}, {"pt", "tem no sábado?", "2026-11-28 00:00"},
		{"en", "Thursday or Friday", ""}, {"en", "Kate Miller", ""}, {"en", "yesterday", ""}, {"en", "1 November 2026", ""},
	} {
		ctx := Context{Language: c.lang, Now: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), Slots: everyHour{}}
		s, _ := f.Start(ctx)
		s, _ = f.Step(s, []Input{{Kind: Message, Text: "1"}}, ctx)
		first := s.Offered
		s, _ = f.Step(s, []Input{{Kind: Message, Text: c.text}}, ctx)
		zone := f.begin(s, ctx).zone("first")
		got := ""
		if len(s.Offered) > 0 && !s.Offered[0].Equal(first[0]) {
			got = s.Offered[0].In(zone).Format("2006-01-02 15:04")
		}
		if got != c.want {
			t.Errorf("%s, %q: offered from %q, want %q", c.lang, c.text, got, c.want)
		}
		if (s.Retries > 0) != (c.want == "") {
			t.Errorf("%s, %q: counted as %d wrong answers", c.lang, c.text, s.Retries)
		}
	}
}

func titles(e Effect) (out []string) {
	for _, b := range e.Buttons {
		out = append(out, b.Title)
	}
	if e.List != nil {
		out = append(out, e.List.Button)
		for _, r := range e.List.Rows {
			out = append(out, r.Title)
		}
	}
	return out
}

// "One person" answers how many there are, and asks for nobody; anywhere else it does.
func TestACountOfPersonsAsksForNobody(t *testing.T) {
	t.Parallel()
	f := small(t, `{"id":"a","type":"question","text":{"en":"How many?"},"answer":{"kind":"number","min":1,"max":12},"next":"b"},{"id":"b","type":"question","text":{"en":"Name?"},"answer":{"kind":"text"},"next":"c"},{"id":"c","type":"end"}`)
	for _, c := range []struct{ lang, text, n string }{{"en", "1 person", "1"}, {"en", "2 people please", "2"}, {"ro", "3 persoane", "3"}, {"ro", "o persoană", "1"}, {"it", "una persona", "1"}, {"de", "1 Person", "1"}, {"pt", "1 pessoa", "1"}, {"en", "a person please", ""}, {"en", "a real person", ""}} {
		ctx := Context{Language: c.lang, Now: time.Now()}
		s, _ := f.Start(ctx)
		s, _ = f.Step(s, []Input{{Kind: Message, Text: c.text, Wish: WantsHelp}}, ctx)
		if got := s.Answers["a"]; got != c.n || (s.Waiting == Ended) != (c.n == "") {
			t.Errorf("%s, %q: answered %q, waiting %q", c.lang, c.text, got, s.Waiting)
		}
		if c.n != "" {
			if s, _ = f.Step(s, []Input{{Kind: Message, Text: c.text, Wish: WantsHelp}}, ctx); s.Waiting != Ended {
				t.Errorf("%q to another question is no ask for a person", c.text)
			}
		}
	}
}

// everyHour is always free.
type everyHour struct{}

func (everyHour) Free(_ Service, after time.Time, most int) (out []time.Time) {
	for i := range most {
		out = append(out, after.Add(time.Second).Truncate(time.Hour).Add(time.Duration(i)*time.Hour))
	}
	return out
}
