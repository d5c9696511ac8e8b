package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/campaign"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/router"
)

// What triggers need beyond what was said: themselves with their windows, what they did before, the
// captions of the posts.

// loadTriggers loads the live triggers of the workspaces, with the windows that the oldest event of the
// batch may have been written in.
func (s *scene) loadTriggers(ctx context.Context, tx *sqlx.Tx, workspaces []int64, events []*event) error {
	since := s.now
	for _, e := range events {
		if e.OccurredAt.Before(since) {
			since = e.OccurredAt
		}
	}
	for _, sp := range s.spaces { // an event inside may be about something written long before
		if oldest := s.now.Add(-time.Duration(sp.Settings.ActMaxAgeMinutes) * time.Minute); oldest.Before(since) {
			since = oldest
		}
	}
	sets, err := campaign.Live(ctx, tx, workspaces, since, s.now)
	if err != nil {
		return err
	}
	for ws, set := range sets {
		s.spaces[ws].Triggers = set
	}
	return nil
}

// loadRuns opens the books: whom triggers have answered, with what.
func (s *scene) loadRuns(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	people, posts := map[int64][]int64{}, map[int64][]int64{}
	for _, c := range s.byComment {
		if c.IdentityID != nil {
			people[c.WorkspaceID] = append(people[c.WorkspaceID], *c.IdentityID)
		}
		if c.PostID != nil {
			posts[c.WorkspaceID] = append(posts[c.WorkspaceID], *c.PostID)
		}
	}
	for _, e := range events {
		if id := s.identity(e); id != nil {
			people[e.WorkspaceID] = append(people[e.WorkspaceID], id.ID)
		}
	}
	for key, p := range s.posts {
		posts[key.WorkspaceID] = append(posts[key.WorkspaceID], p.ID)
		s.captions[p.ID] = p
	}
	for ws, sp := range s.spaces {
		book, err := campaign.OpenLedger(ctx, tx, sp.Workspace, sp.Triggers, uniq(people[ws]), uniq(posts[ws]))
		if err != nil {
			return err
		}
		s.books[ws] = book
		if err := s.loadCaptions(ctx, tx, sp, uniq(posts[ws])); err != nil {
			return err
		}
	}
	return nil
}

// contactOf is the person an identity belongs to; 0 where the batch does not know it.
func (s *scene) contactOf(identity int64) int64 {
	if i := s.people.Identity(identity); i != nil {
		return i.ContactID
	}
	return 0
}

// loadCaptions reads the posts of comments that internal events are about, where a trigger asks for them.
func (s *scene) loadCaptions(ctx context.Context, tx *sqlx.Tx, sp *space, posts []int64) error {
	var missing []int64
	for _, id := range posts {
		if s.captions[id] == nil {
			missing = append(missing, id)
		}
	}
	asks := false
	for _, t := range sp.Triggers.Triggers() {
		asks = asks || len(t.Hashtags) > 0
	}
	if !asks || len(missing) == 0 {
		return nil
	}
	var list []inbox.Post
	if err := tx.SelectContext(ctx, &list, `SELECT workspace_id, id, caption, fetched_at FROM posts WHERE workspace_id = $1 AND id = ANY($2)`, sp.ID, pq.Array(missing)); err != nil {
		return fmt.Errorf("load captions: %w", err)
	}
	for i := range list {
		s.captions[list[i].ID] = &list[i]
	}
	return nil
}

// occasion is a comment as triggers see it.
func (s *scene) occasion(c *inbox.Comment, v moderation.Verdict) router.Occasion {
	o := router.Occasion{Source: router.SourceOfComment(c.Mention, c.Live, c.AdID != "", c.ParentID != ""), Key: c.ExternalID, PersonID: *c.IdentityID, ContactID: s.contactOf(*c.IdentityID), PublicOnly: c.Mention,
		Text: c.Text, Language: v.Language, Known: s.writtenLanguage(s.contactOf(*c.IdentityID)), Intent: v.Intent, AccountID: c.AccountID, At: c.CommentedAt}
	if c.PostID != nil {
		o.PostID = *c.PostID
		if p := s.captions[o.PostID]; p != nil {
			o.Caption, o.Captioned = p.Caption, p.Caption != "" || p.FetchedAt != nil
		}
	}
	return o
}

// awaits notes a comment that a trigger with a hashtag could not be held against, and says so.
func (s *scene) awaits(c *inbox.Comment, a router.Answer) string {
	for _, m := range a.Misses {
		if a.Match == nil && m.Code == router.CaptionUnknown && c.PostID != nil {
			s.w.captionWaits = append(s.w.captionWaits, c)
			return "; held against it again when the post has been read"
		}
	}
	return ""
}

// captionRead: the post has been read, so triggers that look for a hashtag are held against the comment.
func (s *scene) captionRead(e *event) (string, error) {
	c := s.byComment[e.internal.CommentID]
	switch {
	case c == nil:
		return "the comment is gone", nil
	case c.Decision == nil || *c.Decision != string(moderation.Allow) || c.State != "visible":
		return "not allowed any more: no trigger acts", nil
	}
	v := s.spaces[c.WorkspaceID].Engine.Judge(moderation.Input{Subject: moderation.SubjectComment, Channel: c.Channel, Text: c.Text, AccountID: c.AccountID})
	reason, err := s.triggerComment(c, v, e)
	return "the post has been read: " + reason, err
}

// ran notes an answer that was given.
func (s *scene) ran(workspace int64, a router.Answer, e *event, c *inbox.Comment) {
	t := &a.Match.Trigger
	took := campaign.Took{Run: a.Run, EventID: e.ID, Campaign: t.CampaignID, Window: a.Match.Window, Variant: a.Variant, Language: a.Language, Public: a.Public != ""}
	if c != nil {
		took.CommentID = &c.ID
		if c.PostID != nil {
			took.PostID = *c.PostID
		}
	}
	s.w.runs[workspace] = append(s.w.runs[workspace], took)
	s.touch(workspace, "trigger", t.ID)
	if t.CampaignID != nil {
		s.touch(workspace, "campaign", *t.CampaignID)
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// waitsFor says how long an answer waits, where it does.
func (s *scene) waitsFor(at time.Time) string {
	if wait := at.Sub(s.now); wait > 0 {
		return " in " + wait.Round(time.Second).String()
	}
	return ""
}

func (s *scene) writeRuns(ctx context.Context, tx *sqlx.Tx) error {
	for ws, list := range s.w.runs {
		if err := s.books[ws].Write(list); err != nil {
			return err
		}
	}
	if len(s.w.captionWaits) == 0 {
		return nil
	}
	rows := inbox.NewRows("bigint", "bigint", "bigint")
	for _, c := range s.w.captionWaits {
		rows.Add(c.WorkspaceID, *c.PostID, c.ID)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO caption_waits (workspace_id, post_id, comment_id) `+rows.SQL()+` ON CONFLICT DO NOTHING`, rows.Args()...); err != nil {
		return fmt.Errorf("note who waits for a caption: %w", err)
	}
	return nil
}

// raiseCaptionWaits lets what waited for a caption be held against the triggers, once its post has been
// read; it looks at all posts, because a comment may begin to wait just after the reading.
func (f *Fetcher) raiseCaptionWaits(ctx context.Context) error {
	tx, err := f.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	var list []struct {
		WorkspaceID int64  `db:"workspace_id"`
		ID          int64  `db:"id"`
		AccountID   int64  `db:"account_id"`
		Channel     string `db:"channel"`
		Root        string `db:"root_external_id"`
	}
	if err := tx.SelectContext(ctx, &list, sqlTakeCaptionWaits); err != nil {
		return fmt.Errorf("take what waits for a caption: %w", err)
	}
	if len(list) == 0 {
		return nil
	}
	raised := make([]inbox.InternalEvent, len(list))
	for i, c := range list {
		raised[i] = inbox.InternalEvent{WorkspaceID: c.WorkspaceID, AccountID: c.AccountID, Key: fmt.Sprintf("caption:%d", c.ID), Kind: inbox.CaptionRead, Channel: c.Channel,
			Lane: inbox.LaneOf(c.AccountID, "c:"+c.Root), At: f.Now(), Payload: map[string]int64{"comment_id": c.ID}}
	}
	if err := inbox.Raise(ctx, tx, raised...); err != nil {
		return err
	}
	return tx.Commit()
}

const sqlTakeCaptionWaits = `
WITH gone AS (DELETE FROM caption_waits w USING posts p WHERE p.workspace_id = w.workspace_id AND p.id = w.post_id AND p.fetched_at IS NOT NULL RETURNING w.workspace_id, w.comment_id)
SELECT c.workspace_id, c.id, c.account_id, c.channel, c.root_external_id FROM gone JOIN comments c ON c.workspace_id = gone.workspace_id AND c.id = gone.comment_id ORDER BY c.id`
