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
