package inbox

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// searchEnough is how many messages or people with the words are looked at one by one. Where there are
// more, conversations with the words are frequent, and the list is walked from its newest until a page is
// full: either way few rows are read.
const searchEnough = 20_000

// Search is what to look for: every word must be there, at its beginning at least.
type Search struct {
	query string // a tsquery of prefixes; empty: no word in it
	label string
}

// NewSearch reads what a person typed. Whatever is no letter or digit parts words.
func NewSearch(typed string) Search {
	words := strings.FieldsFunc(strings.ToLower(typed), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
	for i, w := range words {
		words[i] = w + ":*"
	}
	return Search{query: strings.Join(words, " & "), label: strings.TrimSpace(typed)}
}

// found are the conversations and people that the words lead to; all is false where there are too many to
// name.
type found struct {
	conversations, contacts []int64
	all                     bool
}

func (s Search) find(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) (found, error) {
	var f found
	if s.query == "" {
		return found{all: true}, nil
	}
	var said, people []int64
	if err := sqlx.SelectContext(ctx, q, &people, sqlSearchPeople, workspaceID, s.query, searchEnough+1); err != nil {
		return f, fmt.Errorf("search people: %w", err)
	}
	if len(people) > searchEnough {
		return f, nil
	}
	if err := sqlx.SelectContext(ctx, q, &said, sqlSearchMessages, workspaceID, s.query, searchEnough+1); err != nil {
		return f, fmt.Errorf("search messages: %w", err)
	}
	if len(said) > searchEnough {
		return f, nil
	}
	var other []int64
	if err := sqlx.SelectContext(ctx, q, &other, sqlSearchConversations, workspaceID, s.query, s.label, searchEnough+1); err != nil {
		return f, fmt.Errorf("search conversations: %w", err)
	}
	return found{append(said, other...), people, len(other) <= searchEnough}, nil
}

const sqlSearchPeople = `
SELECT id FROM (SELECT id FROM contacts WHERE workspace_id = $1 AND words_of(name) @@ to_tsquery('simple', $2) LIMIT $3) c
UNION
SELECT contact_id FROM (SELECT contact_id FROM identities WHERE workspace_id = $1 AND words_of(name || ' ' || username) @@ to_tsquery('simple', $2) LIMIT $3) i`

const sqlSearchMessages = `
SELECT conversation_id FROM messages WHERE workspace_id = $1 AND words_of(text) @@ to_tsquery('simple', $2) LIMIT $3`

// A comment thread that was passed on has no messages: its words are the preview. A label is found whole.
const sqlSearchConversations = `
(SELECT id FROM conversations WHERE workspace_id = $1 AND root_comment_id IS NOT NULL AND words_of(preview) @@ to_tsquery('simple', $2) LIMIT $4)
UNION
(SELECT id FROM conversations WHERE workspace_id = $1 AND labels <> '{}' AND labels @> ARRAY[$3::text] LIMIT $4)`

// narrow adds the condition to a list of conversations v with contacts c.
func (s Search) narrow(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, w *Where) error {
	f, err := s.find(ctx, q, workspaceID)
	if err != nil {
		return err
	}
	if f.all {
		w.Add("(v.id = ANY(?) OR v.contact_id = ANY(?))", pq.Array(f.conversations), pq.Array(f.contacts))
		return nil
	}
	s.walk(w)
	return nil
}

// walk lets each conversation of the list be asked, for words that many of them have.
func (s Search) walk(w *Where) {
	w.Add(`(words_of(c.name) @@ to_tsquery('simple', ?) OR v.labels @> ARRAY[?::text]
    OR v.root_comment_id IS NOT NULL AND words_of(v.preview) @@ to_tsquery('simple', ?)
    OR EXISTS (SELECT 1 FROM identities i WHERE i.workspace_id = v.workspace_id AND i.contact_id = v.contact_id AND words_of(i.name || ' ' || i.username) @@ to_tsquery('simple', ?))
    OR EXISTS (SELECT 1 FROM messages m WHERE m.workspace_id = v.workspace_id AND m.conversation_id = v.id AND words_of(m.text) @@ to_tsquery('simple', ?)))`,
		s.query, s.label, s.query, s.query, s.query)
}
