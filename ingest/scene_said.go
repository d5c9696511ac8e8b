package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/inbox"
	"ponte/outbox"
	"ponte/router"
)

// What was said: comments, threads, messages, and what is known of our own words among them.

func (s *scene) loadComments(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	var posts, elsewhere []inbox.PostKey
	var keys []inbox.CommentKey
	for _, e := range events {
		if e.Comment == nil || e.account == nil {
			continue
		}
		if e.Comment.PostID != "" && !e.wordless() {
			key := inbox.PostKey{WorkspaceID: e.WorkspaceID, AccountID: e.AccountID, ExternalID: e.Comment.PostID}
			if posts = append(posts, key); e.elsewhere() {
				elsewhere = append(elsewhere, key)
			}
		}
		for _, id := range []string{e.Event.ID, e.Comment.ParentID, e.Comment.RootID} {
			if id != "" {
				keys = append(keys, inbox.CommentKey{AccountID: e.AccountID, ExternalID: id})
			}
		}
	}
	var err error
	if s.posts, err = inbox.MeetPosts(ctx, tx, posts); err != nil {
		return err
	}
	if err := inbox.MarkElsewhere(ctx, tx, elsewhere); err != nil {
		return err
	}
	if s.comments, err = inbox.FindComments(ctx, tx, uniq(keys)); err != nil {
		return err
	}
	if err := s.loadInternalComments(ctx, tx, events); err != nil {
		return err
	}
	for _, c := range s.comments {
		s.byComment[c.ID] = c
	}
	return s.loadReplies(ctx, tx, uniq(keys))
}

func (s *scene) loadInternalComments(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	ids := collect(events, func(e *event) (int64, bool) { return e.internal.CommentID, e.internal.CommentID != 0 })
	for _, a := range s.asks {
		if a.Subject == "comment" {
			ids = append(ids, a.SubjectID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	list, err := inbox.CommentsByID(ctx, tx, ids)
	if err != nil {
		return err
	}
	for i := range list {
		c := &list[i]
		key := inbox.CommentKey{AccountID: c.AccountID, ExternalID: c.ExternalID}
		if s.comments[key] == nil {
			s.comments[key] = c
		}
	}
	return nil
}

// loadReplies counts the automatic replies under each root and knows our own replies by their text, so
// that neither a loop of two bots nor our own echo starts anything.
func (s *scene) loadReplies(ctx context.Context, tx *sqlx.Tx, keys []inbox.CommentKey) error {
	if len(keys) == 0 {
		return nil
	}
	find := inbox.NewRows("bigint", "text")
	for _, k := range keys {
		find.Add(k.AccountID, k.ExternalID)
	}
	for _, c := range s.comments {
		find.Add(c.AccountID, c.RootID)
	}
	var rows []struct {
		ID        int64  `db:"id"`
		AccountID int64  `db:"account_id"`
		Root      string `db:"root"`
		Text      string `db:"text"`
		Origin    string `db:"origin"`
	}
	if err := tx.SelectContext(ctx, &rows, fmt.Sprintf(sqlLoadReplies, find.SQL()), find.Args()...); err != nil {
		return fmt.Errorf("count replies: %w", err)
	}
	for _, r := range rows {
		if r.Origin == "trigger" {
			s.replies[inbox.CommentKey{AccountID: r.AccountID, ExternalID: r.Root}]++
		}
		s.ours[ourKey(r.AccountID, r.Root, r.Text)] = true
	}
	return nil
}

// By key, see inbox.Rows.
const sqlLoadReplies = `
SELECT DISTINCT a.id, a.account_id, c.root_external_id AS root, coalesce(a.call->>'text', '') AS text, a.origin
FROM (%s) AS k (account_id, external_id)
CROSS JOIN LATERAL (SELECT c.workspace_id, c.id, c.root_external_id FROM comments c WHERE c.account_id = k.account_id AND c.root_external_id = k.external_id OFFSET 0) c
CROSS JOIN LATERAL (SELECT a.id, a.account_id, a.call, a.origin FROM actions a
    WHERE a.workspace_id = c.workspace_id AND a.comment_id = c.id AND a.kind = 'comment.reply' AND a.state NOT IN ('refused', 'cancelled', 'expired') OFFSET 0) a`

func ourKey(account int64, root, text string) string {
	return fmt.Sprintf("%d/%s/%s", account, root, router.Fold(text))
}

func (s *scene) loadThreads(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	var wanted []inbox.WantedThread
	for _, e := range events {
		if id := s.identity(e); id != nil && e.isPrivate() {
			wanted = append(wanted, inbox.WantedThread{WorkspaceID: e.WorkspaceID, ContactID: id.ContactID,
				ThreadKey: inbox.ThreadKey{AccountID: e.AccountID, Channel: string(e.Event.Channel), IdentityID: id.ID}})
		}
	}
	var err error
	if s.threads, err = inbox.MeetThreads(ctx, tx, wanted); err != nil {
		return err
	}
	if err := s.runThreads(ctx, tx, events); err != nil {
		return err
	}
	ids := make([]int64, 0, len(s.threads))
	for _, t := range s.threads {
		ids = append(ids, t.ID)
		if t.LastInAt != nil {
			s.lastAt[t.ID] = *t.LastInAt
		}
	}
	if s.open, err = inbox.OpenConversations(ctx, tx, ids); err != nil {
		return err
	}
	if s.latest, err = inbox.LatestConversations(ctx, tx, ids); err != nil {
		return err
	}
	return s.loadAsked(ctx, tx)
}

// loadFollowed finds the last message of each thread in this batch: what is written in one breath gets one
// answer. What is known already, was taken back, or only changes what was said answers nothing.
func (s *scene) loadFollowed(_ context.Context, _ *sqlx.Tx, events []*event) error {
	met := map[inbox.MessageKey]bool{}
	for _, e := range events {
		tapped := channels.Kind(e.Kind) == channels.PostbackReceived
		if e.account == nil || e.Source == "backfill" || !tapped && (!e.wrote() || s.target(e) != nil || s.gone[e.goneKey()]) {
			continue
		}
		if k := (inbox.MessageKey{AccountID: e.AccountID, ExternalID: e.about()}); k.ExternalID != "" && !tapped {
			if met[k] {
				continue
			}
			met[k] = true
		}
		if t := s.thread(e); t != nil {
			s.followed[t.ID] = e.ID
		}
	}
	return nil
}

// loadAsked finds out which wordings that conversations wait on were really shown, and are the last
// thing that was said to the person: a YES counts only as the answer to the wording just shown. The
// networks tell time in whole seconds, so do we.
func (s *scene) loadAsked(ctx context.Context, tx *sqlx.Tx) error {
	var ids []int64
	for _, v := range s.open {
		if st := botState(v); st.Stage == router.StageConsent && st.AskedAction != 0 {
			ids = append(ids, st.AskedAction)
		}
	}
	return s.loadShown(ctx, tx, ids)
}

// loadShown keeps of the actions that asked those whose words have left and are the last that were said.
func (s *scene) loadShown(ctx context.Context, tx *sqlx.Tx, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	var left []struct {
		ID     int64     `db:"id"`
		SentAt time.Time `db:"sent_at"`
	}
	if err := tx.SelectContext(ctx, &left, sqlLoadAsked, pq.Array(ids)); err != nil {
		return fmt.Errorf("find the questions that were sent: %w", err)
	}
	for _, a := range left {
		s.asked[a.ID] = a.SentAt.Truncate(time.Second)
	}
	return nil
}

const sqlLoadAsked = `
SELECT a.id, coalesce(a.sent_at, a.created_at) AS sent_at FROM actions a
WHERE a.id = ANY($1) AND a.state IN ('done', 'sending', 'unknown')
  AND NOT EXISTS (SELECT 1 FROM messages m JOIN messages mine ON mine.workspace_id = a.workspace_id AND mine.action_id = a.id
      WHERE m.workspace_id = a.workspace_id AND m.thread_id = mine.thread_id AND m.direction = 'out' AND m.id > mine.id)`

// isPrivate says whether the event belongs to a thread.
func (e *event) isPrivate() bool {
	switch channels.Kind(e.Kind) {
	case channels.MessageReceived, channels.MessageEdited, channels.MessageEcho, channels.PostbackReceived, channels.MessageRead, channels.ReferralReceived:
		return e.Event.Channel != channels.Facebook
	}
	return false
}

func (s *scene) loadMessages(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	var keys []inbox.MessageKey
	for _, e := range events {
		if e.Message == nil {
			continue
		}
		for _, id := range []string{e.Event.ID, e.Message.Target} {
			if id != "" {
				keys = append(keys, inbox.MessageKey{AccountID: e.AccountID, ExternalID: id})
			}
		}
	}
	var err error
	if s.messages, err = inbox.FindMessages(ctx, tx, uniq(keys)); err != nil {
		return err
	}
	for _, m := range s.messages {
		s.byMessage[m.ID] = m
	}
	var ids []int64
	for _, a := range s.asks {
		if a.Subject == "message" {
			ids = append(ids, a.SubjectID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	list, err := inbox.MessagesByID(ctx, tx, ids)
	if err != nil {
		return err
	}
	threads := make([]int64, len(list))
	for i := range list {
		s.byMessage[list[i].ID] = &list[i]
		threads[i] = list[i].ThreadID
	}
	return s.loadAskedThreads(ctx, tx, threads)
}

// goneKey names something that was taken back.
type goneKey struct {
	account int64
	key     string
}

// goneKey is the key of the event that would take this one back; empty for what cannot be.
func (e *event) goneKey() goneKey {
	switch {
	case e.Event.ID == "":
	case channels.Kind(e.Kind) == channels.CommentAdded, channels.Kind(e.Kind) == channels.CommentEdited:
		return goneKey{e.AccountID, "comment:" + e.Event.ID + ":removed"}
	case channels.Kind(e.Kind) == channels.MessageReceived, channels.Kind(e.Kind) == channels.MessageEdited:
		return goneKey{e.AccountID, "message:" + e.about() + ":deleted"}
	}
	return goneKey{}
}

// loadGone finds what was removed or taken back before it came: deliveries overtake each other.
func (s *scene) loadGone(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	find := inbox.NewRows("bigint", "text")
	for _, e := range events {
		if k := e.goneKey(); k.key != "" {
			find.Add(k.account, k.key)
		}
	}
	if find.Len() == 0 {
		return nil
	}
	var rows []struct {
		Account int64  `db:"account_id"`
		Key     string `db:"key"`
	}
	if err := tx.SelectContext(ctx, &rows, fmt.Sprintf(sqlLoadGone, find.SQL()), find.Args()...); err != nil {
		return fmt.Errorf("look for what was taken back: %w", err)
	}
	for _, r := range rows {
		s.gone[goneKey{r.Account, r.Key}] = true
	}
	return nil
}

const sqlLoadGone = `
SELECT e.account_id, e.key FROM (%s) AS k (account_id, key)
CROSS JOIN LATERAL (SELECT e.account_id, e.key FROM events e WHERE e.account_id = k.account_id AND e.key = k.key AND e.state = 'done' OFFSET 0) e`

// loadEchoes finds out which of the brand's own words are ours; the others were said by a person in
// another tool.
func (s *scene) loadEchoes(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	var list []outbox.Echo
	var ids []int64
	for _, e := range events {
		if !e.Own || e.Source == "backfill" || e.account == nil || channels.Kind(e.Kind) == channels.MessageEdited && s.target(e) != nil {
			continue
		}
		echo := outbox.Echo{WorkspaceID: e.WorkspaceID, AccountID: e.AccountID, ExternalID: e.about(), Text: e.Text, At: e.Event.Time}
		switch {
		case e.Message != nil:
			t := s.thread(e)
			if t == nil {
				continue
			}
			echo.ThreadID, echo.Token, echo.File = t.ID, e.Message.Metadata, len(e.Message.Attachments) > 0
		case e.Comment != nil && e.Comment.ParentID != "":
			echo.ParentID = e.Comment.ParentID
		default:
			continue
		}
		list, ids = append(list, echo), append(ids, e.ID)
	}
	if len(list) == 0 {
		return nil
	}
	ours, err := outbox.JoinEchoes(ctx, tx, list)
	if err != nil {
		return err
	}
	for i, ok := range ours {
		s.echoes[ids[i]] = ok
	}
	return nil
}
