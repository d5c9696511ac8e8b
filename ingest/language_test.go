package ingest

import (
	"testing"
	"time"
)

// A name, a code or one word says too little to take another language for a person's; a sentence says enough.
func TestTheLanguageAPersonIsKnownToSpeak(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	steps := []struct{ text, want string }{
		{"boat123456", ""},
		{"Hello, I would like to rent two kayaks", "en"},
		{"boat123456", "en"},
		{"BOAT", "en"},
		{"Alexandru Ionescu 12345678", "en"},
		{"https://example.com/barca-per-quattro-persone", "en"},
		{"Buongiorno, vorrei noleggiare due kayak domani", "it"},
	}
	for i, s := range steps {
		b.feed(b.waText("wamid.l"+string(rune('a'+i)), customer, s.text))
		b.sent()
		b.pass(time.Minute)
		if got := b.text(`SELECT language FROM conversations ORDER BY id DESC LIMIT 1`); got != s.want {
			t.Errorf("after %q they speak %q, want %q", s.text, got, s.want)
		}
	}
}

// An answer of one word is common in languages that it is no answer in: who says DA does not speak Portuguese, and "no"
// and "si" are said in several.
func TestAnAnswerOfOneWordTellsItsOwnLanguageOrNone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"da": "ro", "Da!": "ro", "NU": "ro", "ja": "de", "oui": "fr", "sim": "pt", "Sì": "it", "si": "", "no": "", "non merci": "fr"} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.feed(b.waText("wamid.s", customer, "START"))
			b.sent()
			b.pass(time.Minute)
			b.feed(b.waText("wamid.a", customer, text))
			if got := b.text(`SELECT language FROM conversations ORDER BY id DESC LIMIT 1`); got != want {
				t.Errorf("after %q they speak %q, want %q", text, got, want)
			}
		})
	}
}

func TestALanguageWrittenAtTheContactIsKnown(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.arrive("en")
	b.exec(`UPDATE conversations SET language = '', state = 'resolved', resolved_at = now()`)
	b.exec(`UPDATE contacts SET language = 'fr'`)
	b.feed(b.waText("wamid.n", customer, "boat123456"))
	if got := b.text(`SELECT language FROM conversations ORDER BY id DESC LIMIT 1`); got != "fr" {
		t.Errorf("they speak %q, want fr", got)
	}
}

// A keyword is no reason to change the language in which somebody is spoken with, and where none is known it is the
// one hint there is.
func TestATriggerAnswersInTheLanguageOfThePerson(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before  string // written in a conversation that is over
		contact string // written at the contact
		sets    string
		text    string
		want    string
		goesOn  string
	}{
		"of the conversation before": {"Buongiorno, vorrei noleggiare due kayak domani", "", `[{"words": ["info"]}]`, "INFO", "it", "it"},
		"not of the keyword":         {"Buongiorno, vorrei noleggiare due kayak domani", "", `[{"language": "en", "words": ["boat"]}]`, "BOAT", "it", "it"},
		"of a code":                  {"Buongiorno, vorrei noleggiare due kayak domani", "", `[{"words": ["boat123"]}]`, "boat123", "it", "it"},
		"of the contact":             {"", "fr", `[{"words": ["info"]}]`, "info", "fr", "fr"},
		"of nobody the keyword's":    {"", "", `[{"language": "en", "words": ["boat"]}]`, "BOAT", "en", "en"},
		"a sentence changes it":      {"Buongiorno, vorrei noleggiare due kayak domani", "", `[{"words": ["info"]}]`, "Hello, could I please have some more info about your tours?", "en", "en"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.feed(b.igMessage("m0", "77", c.before))
			b.exec(`UPDATE conversations SET state = 'resolved', resolved_at = now()`)
			b.exec(`UPDATE contacts SET language = $1`, c.contact)
			b.pass(time.Hour)
			b.set(`sources = '{message}', keywords = $3, private_reply = '{"en":"Hello","it":"Ciao","fr":"Bonjour","de":"Hallo"}'`, c.sets)
			b.feed(b.igMessage("m1", "77", c.text))
			said := map[string]string{"en": "Hello", "it": "Ciao", "fr": "Bonjour"}[c.want]
			if got := b.text(`SELECT call->>'text' FROM actions WHERE trigger_id IS NOT NULL`); got != said {
				t.Errorf("answered %q, want %q", got, said)
			}
			if got := b.text(`SELECT language FROM conversations ORDER BY id DESC LIMIT 1`); got != c.goesOn {
				t.Errorf("the conversation goes on in %q, want %q", got, c.goesOn)
			}
		})
	}
}

// A greeting that several languages share is taken for that of where the number is from.
func TestASharedGreetingIsOfWhereTheNumberIsFrom(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ phone, text, want string }{
		"Bucharest":          {"40744555142", "Salut", "ro"},
		"Paris":              {"33755550142", "Salut !", "fr"},
		"Rome":               {"393315550142", "ciao", "it"},
		"said in a sentence": {"40744555142", "Bonjour, je voudrais réserver deux kayaks", "fr"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.feed(b.waText("w1", c.phone, c.text))
			if got := b.text(`SELECT language FROM conversations`); got != c.want {
				t.Errorf("%q from %s: %q, want %q", c.text, c.phone, got, c.want)
			}
		})
	}
}
