package ingest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"ponte/moderation"
)

// facts are what the decision record of a comment keeps of its author.
func (b *rig) facts(comment string) moderation.AuthorFacts {
	b.Helper()
	var in moderation.Input
	b.must(json.Unmarshal([]byte(b.text(`SELECT v.input FROM verdicts v JOIN comments c ON c.verdict_id = v.id WHERE c.external_id = $1`, comment)), &in))
	if in.Author == nil {
		b.Fatalf("the record of %s says nothing of its author", comment)
	}
	return *in.Author
}

func (b *rig) wantFacts(comment string, want moderation.AuthorFacts) {
	b.Helper()
	if got := b.facts(comment); !reflect.DeepEqual(got, want) {
		b.Errorf("of %s's author the record knows %+v, want %+v", comment, got, want)
	}
}

func TestTheRecordKnowsTheAuthor(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.rules(`[{"name":"bad","text":"bad","category":"spam","decision":"hide","words":["zorblax"]}]`)
	b.feed(b.igComment("a1", "77", "Hello there"))
	b.wantFacts("a1", moderation.AuthorFacts{})
	b.pass(3 * time.Minute)
	// Two of one batch: the second knows of the first.
	b.feed(b.igComment("a2", "77", "zorblax"), b.igComment("a3", "77", "hello, THERE!"), b.igComment("b1", "78", "Hello there"))
	b.wantFacts("a2", moderation.AuthorFacts{Earlier: 1, Lately: moderation.Lately{0, 1, 1, 1, 1}})
	b.wantFacts("a3", moderation.AuthorFacts{Earlier: 2, Hidden: 1, Lately: moderation.Lately{1, 2, 2, 2, 2}, Repeats: 1})
	b.wantFacts("b1", moderation.AuthorFacts{})
	b.pass(2 * time.Hour)
	b.feed(b.igComment("a4", "77", "hello there"))
	b.wantFacts("a4", moderation.AuthorFacts{Earlier: 3, Hidden: 1, Lately: moderation.Lately{0, 0, 0, 0, 3}, Repeats: 2})
	b.pass(25 * time.Hour)
	b.feed(b.igComment("a5", "77", "hello there"))
	b.wantFacts("a5", moderation.AuthorFacts{Earlier: 4, Hidden: 1})
	// A hide that was taken back is none.
	b.exec(`UPDATE comments SET decision = 'allow'`)
	b.feed(b.igComment("a6", "77", "bye"))
	b.wantFacts("a6", moderation.AuthorFacts{Earlier: 5, Lately: moderation.Lately{1, 1, 1, 1, 1}})
}

func TestAnEditDoesNotCountItself(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.fbFeed("add", "30_1", "55", "lovely boats"))
	b.pass(time.Minute)
	b.feed(b.fbFeed("edited", "30_1", "55", "lovely boats!"))
	b.wantFacts("30_1", moderation.AuthorFacts{})
}

func TestARateRuleFires(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.rules(`[{"name":"flood","text":"writes very often","category":"spam","decision":"review","author":{"rate":{"least":4,"minutes":5}}},
		{"name":"again","text":"the same again","category":"spam","decision":"hide","author":{"repeats":2}}]`)
	var bodies []string
	for i := range 6 {
		bodies = append(bodies, b.igComment(fmt.Sprint("c", i), "77", fmt.Sprint("what about boat number ", i)))
	}
	b.feed(append(bodies, b.igComment("d", "78", "what about boats"))...)
	if got := b.text(`SELECT string_agg(decision, ' ' ORDER BY id) FROM comments`); got != "allow allow allow review review review allow" {
		t.Errorf("decided %s", got)
	}
	b.pass(time.Hour)
	b.feed(b.igComment("e1", "79", "nice"), b.igComment("e2", "79", "Nice!"), b.igComment("e3", "79", "n i c e"), b.igComment("e4", "79", "NICE"), b.igComment("e5", "79", "thanks"))
	if got := b.text(`SELECT string_agg(decision, ' ' ORDER BY id) FROM comments WHERE external_id LIKE 'e%'`); got != "allow allow allow hide review" {
		t.Errorf("decided %s: the same words three times are a repeat, the fourth and fifth comment are many", got)
	}
}

// What is read of a heavy writer is bounded, and it is one statement for all authors of a batch.
func TestAHeavyWriterIsCountedUpToALimit(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igComment("first", "77", "hello"))
	b.exec(`INSERT INTO comments (workspace_id, account_id, channel, external_id, root_external_id, identity_id, contact_id, text, commented_at, decision)
		SELECT workspace_id, account_id, channel, 'h' || n, 'h' || n, identity_id, contact_id, 'hello', commented_at - n * interval '1 second', 'allow' FROM comments, generate_series(1, 1500) n`)
	b.pass(time.Second)
	b.feed(b.igComment("last", "77", "hello"))
	got := b.facts("last")
	if got.Earlier != moderation.MaxEarlier || got.Lately[4] != mostLately || got.Repeats != mostLately {
		t.Errorf("the record knows %+v", got)
	}
}
