package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/inbox"
	"ponte/moderation"
)

// said is what an author wrote before, as rules ask about it.
type said struct {
	earlier int // all of it, counted up to moderation.MaxEarlier
	hidden  int
	lately  []saidText
}

type saidText struct {
	id   int64
	at   time.Time
	same string
}

// lately is how far back single comments of an author are looked at: the longest window of a rule.
const lately = 24 * time.Hour

// mostLately bounds what is read of one author within it.
const mostLately = 200

// loadAuthors reads what the authors of this batch's comments wrote before, with one statement for all.
func (s *scene) loadAuthors(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	since := s.authorsSince(events)
	if len(since) == 0 {
		return nil
	}
	find := inbox.NewRows("bigint", "bigint", "timestamptz")
	for k, at := range since {
		s.said[k] = &said{}
		find.Add(k.workspace, k.contact, at)
	}
	var rows []struct {
		Workspace int64           `db:"workspace_id"`
		Contact   int64           `db:"contact_id"`
		Earlier   int             `db:"earlier"`
		Hidden    int             `db:"hidden"`
		Lately    json.RawMessage `db:"lately"`
	}
	if err := tx.SelectContext(ctx, &rows, fmt.Sprintf(sqlLoadAuthors, find.SQL(), moderation.MaxEarlier, mostLately), find.Args()...); err != nil {
		return fmt.Errorf("load what authors wrote before: %w", err)
	}
	for _, r := range rows {
		var list []struct {
			ID   int64   `json:"id"`
			At   float64 `json:"at"`
			Text string  `json:"text"`
		}
		if err := json.Unmarshal(r.Lately, &list); err != nil {
			return fmt.Errorf("read what an author wrote before: %w", err)
		}
		a := s.said[author{r.Workspace, r.Contact}]
		a.earlier, a.hidden = r.Earlier, r.Hidden
		for _, t := range list {
			a.lately = append(a.lately, saidText{t.ID, time.UnixMilli(int64(t.At * 1000)), moderation.SameText(t.Text)})
		}
	}
	return nil
}

// The two looks at an author's comments stop early: somebody who wrote ten thousand costs no more than
// somebody who wrote a thousand.
const sqlLoadAuthors = `
SELECT k.workspace_id, k.contact_id, w.earlier, w.hidden, l.lately FROM (%s) AS k (workspace_id, contact_id, since)
CROSS JOIN LATERAL (
    SELECT count(*) AS earlier, count(*) FILTER (WHERE c.decision IN ('hide','delete')) AS hidden
    FROM (SELECT decision FROM comments c WHERE c.workspace_id = k.workspace_id AND c.contact_id = k.contact_id AND NOT c.own ORDER BY c.commented_at DESC LIMIT %d) c) w
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_build_object('id', c.id, 'at', extract(epoch FROM c.commented_at), 'text', c.text)), '[]') AS lately
    FROM (SELECT c.id, c.commented_at, c.text FROM comments c WHERE c.workspace_id = k.workspace_id AND c.contact_id = k.contact_id AND NOT c.own AND c.commented_at > k.since
          ORDER BY c.commented_at DESC LIMIT %d) c) l`

// authorsSince says from when on comments of each author of this batch are looked at: a day before the
// earliest of theirs that is judged.
func (s *scene) authorsSince(events []*event) map[author]time.Time {
	since := map[author]time.Time{}
	for _, e := range events {
		switch channels.Kind(e.Kind) {
		case channels.CommentAdded, channels.CommentEdited, channels.MentionAdded:
		default:
			continue
		}
		who := s.identity(e)
		if who == nil || e.Own {
			continue
		}
		at := e.Event.Time
		if c := s.comments[inbox.CommentKey{AccountID: e.AccountID, ExternalID: e.Event.ID}]; c != nil && c.CommentedAt.Before(at) {
			at = c.CommentedAt
		}
		k := author{e.WorkspaceID, who.ContactID}
		if was, ok := since[k]; !ok || at.Add(-lately).Before(was) {
			since[k] = at.Add(-lately)
		}
	}
	return since
}

// authorOf is what is known of a comment's author, its own batch included; the comment itself, where it
// was edited, does not count.
func (s *scene) authorOf(c *inbox.Comment) *moderation.AuthorFacts {
	if c.ContactID == nil {
		return nil
	}
	a := s.said[author{c.WorkspaceID, *c.ContactID}]
	if a == nil {
		return nil
	}
	f := &moderation.AuthorFacts{Earlier: a.earlier, Hidden: a.hidden, Brand: c.Own}
	same := moderation.SameText(c.Text)
	for _, t := range a.lately {
		if t.id == c.ID {
			continue
		}
		ago := c.CommentedAt.Sub(t.at)
		if ago < 0 || ago > lately {
			continue
		}
		for i, m := range moderation.RateMinutes {
			if ago <= time.Duration(m)*time.Minute {
				f.Lately[i]++
			}
		}
		if same != "" && t.same == same {
			f.Repeats++
		}
	}
	if c.EditedAt != nil { // it was counted when it was new
		f.Earlier = max(f.Earlier-1, 0)
		if struck(c.Decision) {
			f.Hidden = max(f.Hidden-1, 0)
		}
	}
	return f
}

// wrote adds a comment of this batch to what its author wrote.
func (s *scene) wrote(c *inbox.Comment) {
	if c.ContactID == nil || c.Own {
		return
	}
	if a := s.said[author{c.WorkspaceID, *c.ContactID}]; a != nil {
		a.earlier = min(a.earlier+1, moderation.MaxEarlier)
		a.lately = append(a.lately, saidText{c.ID, c.CommentedAt, moderation.SameText(c.Text)})
	}
}
