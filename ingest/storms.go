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
	"ponte/review"
)

// stormFrom is how many questions about the same words in other clothes make a storm: from then on they
// share an answer, whatever post they stand under. A storm is looked for in the questions of a day.
const (
	stormFrom  = 20
	stormHours = 24
)

// storm is what was asked about words that are alike.
type storm struct {
	asked int
	first []byte // the digest of the first question
}

// loadStorms reads which of the words of this batch were decided by a person for all who write them.
func (s *scene) loadStorms(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	seen := map[review.Text]bool{}
	add := func(workspace int64, text string) {
		if alike := moderation.AlikeHashOf(text); alike != nil {
			seen[review.Text{WorkspaceID: workspace, Alike: string(alike)}] = true
		}
	}
	for _, e := range events {
		if k := channels.Kind(e.Kind); k == channels.CommentAdded || k == channels.CommentEdited {
			add(e.WorkspaceID, e.Text)
		}
	}
	for _, a := range s.asks {
		if c := s.byComment[a.SubjectID]; c != nil && a.Subject == "comment" {
			add(c.WorkspaceID, c.Text)
		}
	}
	texts := make([]review.Text, 0, len(seen))
	for t := range seen {
		texts = append(texts, t)
	}
	var err error
	s.holding, err = review.Holding(ctx, tx, texts, s.now)
	return err
}

// holdsFor is the decision of a person that holds for this comment's words, if one does. Somebody in
// danger is looked at by a person each time, and history is not acted on.
func (s *scene) holdsFor(c *inbox.Comment, v moderation.Verdict, e *event) *review.Held {
	alike := v.AlikeHash()
	if alike == nil || e.Source == "backfill" || v.SelfHarm() || c.State == "removed" || c.Mention || !s.spaces[c.WorkspaceID].automates(c.AccountID) {
		return nil
	}
	h, ok := s.holding[review.Text{WorkspaceID: c.WorkspaceID, Alike: string(alike)}]
	if !ok {
		return nil
	}
	return &h
}

// heldRow is the verdict of a person who decided the same words before this comment came.
type heldRow struct {
	workspace, id, comment, event, before int64
	verdict                               moderation.Verdict
	input                                 moderation.Input
	held                                  review.Held
}

// followHeld does to a comment what a person has decided about its words.
func (s *scene) followHeld(c *inbox.Comment, v moderation.Verdict, vid int64, h review.Held, e *event) (string, error) {
	id, err := s.d.IDs.Take(s.ctx, "verdicts")
	if err != nil {
		return "", err
	}
	to := h.Verb().Decision()
	said := v
	said.Decision, said.Tier, said.NeedsLLM = to, "person", false
	said.Reasons = append([]moderation.Reason{{Code: "person", Text: fmt.Sprintf("a person decided the same text, for all who write it until %s", h.Until.UTC().Format("2006-01-02 15:04 MST"))}}, v.Reasons...)
	s.w.held = append(s.w.held, heldRow{c.WorkspaceID, id, c.ID, e.ID, vid, said, s.w.verdicts[len(s.w.verdicts)-1].input, h})
	s.w.followers = append(s.w.followers, review.Follower{WorkspaceID: c.WorkspaceID, CommentID: c.ID, VerdictID: vid, ItemID: h.ItemID})
	s.decided(c, to)
	c.VerdictID = &id
	s.changed(c)
	reason := "a person decided the same text: " + string(to)
	switch to {
	case moderation.Hide:
		return reason, s.hide(c, id, said)
	case moderation.Delete:
		if err := s.hide(c, id, said); err != nil {
			return "", err
		}
		minutes := s.spaces[c.WorkspaceID].Settings.DeleteGraceMinutes
		s.moderate(c, id, channels.DeleteComment, s.now.Add(time.Duration(minutes)*time.Minute))
		return reason, nil
	}
	then, err := s.triggerComment(c, said, e)
	return reason + "; " + then, err
}

// writeHeld keeps the verdicts of people that hold for what came later.
func (s *scene) writeHeld(ctx context.Context, tx *sqlx.Tx) error {
	if len(s.w.held) == 0 {
		return nil
	}
	rows := inbox.NewRows("bigint", "bigint", "text", "bigint", "bigint", "text", "text", "jsonb", "jsonb", "text")
	for _, h := range s.w.held {
		raw, err := review.Kept(h.verdict, h.before, h.held.Batch)
		if err != nil {
			return err
		}
		input, err := json.Marshal(h.input)
		if err != nil {
			return fmt.Errorf("encode a verdict's input: %w", err)
		}
		rows.Add(h.workspace, h.id, "comment", h.comment, h.event, string(h.verdict.Decision), "person", string(raw), string(input), h.held.By)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO verdicts (workspace_id, id, subject, subject_id, event_id, decision, tier, verdict, input, actor) OVERRIDING SYSTEM VALUE `+rows.SQL(), rows.Args()...); err != nil {
		return fmt.Errorf("keep the verdicts of people: %w", err)
	}
	return review.Follow(ctx, tx, s.w.followers)
}

// shareQuestions lets the questions of a storm go by the digest of its first: five thousand alike under
// fifty posts are asked about once.
func (s *scene) shareQuestions(ctx context.Context, tx *sqlx.Tx) error {
	storms := map[review.Text]*storm{}
	rows := inbox.NewRows("bigint", "bytea")
	for _, a := range s.w.asks {
		key := review.Text{WorkspaceID: a.workspace, Alike: string(a.alike)}
		if a.alike != nil && storms[key] == nil {
			storms[key] = &storm{}
			rows.Add(a.workspace, a.alike)
		}
	}
	if len(storms) == 0 {
		return nil
	}
	var found []struct {
		WorkspaceID int64  `db:"workspace_id"`
		Alike       []byte `db:"alike"`
		Asked       int    `db:"asked"`
		First       []byte `db:"first"`
	}
	if err := tx.SelectContext(ctx, &found, fmt.Sprintf(sqlStorms, rows.SQL(), stormHours, stormFrom), rows.Args()...); err != nil {
		return fmt.Errorf("look what was asked about the same words: %w", err)
	}
	for _, f := range found {
		*storms[review.Text{WorkspaceID: f.WorkspaceID, Alike: string(f.Alike)}] = storm{f.Asked, f.First}
	}
	for i, a := range s.w.asks {
		st := storms[review.Text{WorkspaceID: a.workspace, Alike: string(a.alike)}]
		if st == nil {
			continue
		}
		if st.asked++; st.first == nil {
			st.first = a.digest
		}
		if st.asked > stormFrom {
			s.w.asks[i].digest = st.first
		}
	}
	return nil
}

const sqlStorms = `
SELECT k.workspace_id, k.alike, o.asked, o.first FROM (%s) AS k (workspace_id, alike)
CROSS JOIN LATERAL (SELECT count(*) AS asked, (array_agg(digest ORDER BY id))[1] AS first FROM (
    SELECT id, digest FROM asks a WHERE a.workspace_id = k.workspace_id AND a.alike = k.alike AND a.created_at > now() - make_interval(hours => %d) ORDER BY id LIMIT %d) earlier) o
WHERE o.asked > 0`
