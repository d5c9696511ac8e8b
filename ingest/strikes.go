package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/outbox"
)

// author is a person of a workspace, as strikes count them.
type author struct{ workspace, contact int64 }

// loadStrikes counts what of the authors of this batch stands hidden or deleted, within the days their
// workspace's policy says.
func (s *scene) loadStrikes(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	find := inbox.NewRows("bigint", "bigint", "timestamptz")
	seen := map[author]bool{}
	add := func(workspace, contact int64) {
		k := author{workspace, contact}
		sp := s.spaces[workspace]
		if contact == 0 || seen[k] || sp == nil {
			return
		}
		seen[k] = true
		if days := sp.Engine.Policy().Strikes.Days; days > 0 {
			find.Add(workspace, contact, s.now.AddDate(0, 0, -days))
		}
	}
	for _, e := range events {
		switch channels.Kind(e.Kind) {
		case channels.CommentAdded, channels.CommentEdited, channels.MentionAdded, channels.MessageReceived, channels.MessageEdited:
			if who := s.identity(e); who != nil {
				add(e.WorkspaceID, who.ContactID)
			}
		}
	}
	for _, c := range s.byComment { // edits and answers of the model
		if c.ContactID != nil {
			add(c.WorkspaceID, *c.ContactID)
		}
	}
	if find.Len() == 0 {
		return nil
	}
	var rows []struct {
		Workspace int64 `db:"workspace_id"`
		Contact   int64 `db:"contact_id"`
		N         int   `db:"n"`
	}
	if err := tx.SelectContext(ctx, &rows, fmt.Sprintf(sqlLoadStrikes, find.SQL()), find.Args()...); err != nil {
		return fmt.Errorf("count strikes: %w", err)
	}
	for _, r := range rows {
		s.strikes[author{r.Workspace, r.Contact}] = r.N
	}
	return nil
}

const sqlLoadStrikes = `
SELECT k.workspace_id, k.contact_id, count(*) AS n FROM (%s) AS k (workspace_id, contact_id, since)
JOIN comments c ON c.workspace_id = k.workspace_id AND c.contact_id = k.contact_id AND c.commented_at > k.since
WHERE c.decision IN ('hide','delete') AND NOT c.own GROUP BY 1, 2`

// strikesOf counts an author's strikes beside the comment that is judged.
func (s *scene) strikesOf(c *inbox.Comment) int {
	if c.ContactID == nil {
		return 0
	}
	n := s.strikes[author{c.WorkspaceID, *c.ContactID}]
	if struck(c.Decision) && n > 0 {
		n--
	}
	return n
}

// decided keeps the count of strikes right within the batch when a comment's decision changes.
func (s *scene) decided(c *inbox.Comment, decision moderation.Decision) {
	d := string(decision)
	if was, is := struck(c.Decision), struck(&d); c.ContactID != nil && was != is {
		k := author{c.WorkspaceID, *c.ContactID}
		if is {
			s.strikes[k]++
		} else if s.strikes[k] > 0 {
			s.strikes[k]--
		}
		if a := s.said[k]; a != nil && is {
			a.hidden++
		} else if a != nil && a.hidden > 0 {
			a.hidden--
		}
	}
	c.Decision = &d
}

func struck(decision *string) bool {
	return decision != nil && (*decision == string(moderation.Hide) || *decision == string(moderation.Delete))
}

// proposesBlock says whether this author has had so much hidden that a person should think about a
// block; why is what the queue shows.
func (s *scene) proposesBlock(c *inbox.Comment, why string) (string, string) {
	p := s.spaces[c.WorkspaceID].Engine.Policy().Strikes
	if c.ContactID == nil || p.Days == 0 || p.Block == 0 {
		return why, ""
	}
	n := s.strikes[author{c.WorkspaceID, *c.ContactID}]
	if n < p.Block {
		return why, ""
	}
	return "block_proposed", fmt.Sprintf("; %d of this author's comments were hidden within %d days: a block is proposed", n, p.Days)
}

// block plans to block the writer of a message on its account, after the grace period.
func (s *scene) block(t *inbox.Thread, v *inbox.Conversation, vid int64) string {
	if t.Channel == string(channels.Instagram) {
		return "; Instagram offers no way to block by itself: a person can, in Instagram"
	}
	who := s.people.Identity(t.IdentityID)
	grace := s.spaces[v.WorkspaceID].Settings.DeleteGraceMinutes
	call := channels.Call{Kind: channels.BlockUser, Channel: channels.Channel(t.Channel)}
	if who.ExternalID != nil {
		call.To = *who.ExternalID
	}
	if who.Phone != nil && t.Channel == string(channels.WhatsApp) {
		call.Phone = *who.Phone
	}
	s.w.actions = append(s.w.actions, outbox.Action{WorkspaceID: v.WorkspaceID, AccountID: t.AccountID, Kind: string(channels.BlockUser), Purpose: "moderation", Origin: "policy",
		Dedupe: fmt.Sprintf("%s:%d:%d", channels.BlockUser, t.ID, vid), ContactID: &t.ContactID, IdentityID: &t.IdentityID, ThreadID: &t.ID, ConversationID: &v.ID, Call: call,
		NotBefore: s.now.Add(time.Duration(grace) * time.Minute), ValidUntil: s.now.Add(7 * 24 * time.Hour)})
	return fmt.Sprintf("; blocked in %d minutes unless a person says no", grace)
}
