package ingest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/asks"
	"ponte/campaign"
	"ponte/channels"
	"ponte/consent"
	"ponte/decisions"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/outbox"
	"ponte/review"
)

// writes is what a batch decided, until it is written.
type writes struct {
	done                 []*event
	newComments          []*inbox.Comment
	changedComments      map[int64]*inbox.Comment
	newConversations     []*inbox.Conversation
	changedConversations map[int64]*inbox.Conversation
	newMessages          []*inbox.Message
	changedMessages      map[int64]*inbox.Message
	threads              map[int64]*inbox.Thread
	verdicts             []verdictRow
	shadows              []decisions.Shadow
	reviews              []review.Placing
	held                 []heldRow
	followers            []review.Follower
	closeReviews         []int64
	reworded             []int64 // comments whose text is another, or gone
	asks                 []askNew
	handoffs             []handoffRow
	used                 []usedRow
	joins                []inbox.Join
	runs                 map[int64][]campaign.Took // by workspace
	captionWaits         []*inbox.Comment
	consent              []consent.Entry
	optIns               []optInRow
	refusedOptIns        []consent.OptIn
	items                []consent.Item
	cancels              []cancelRow
	answered             []inbox.CommentAnswer
	actions              []outbox.Action
	receipts             []outbox.Receipt
	watermarks           []watermarkRow
	erase                []eraseRow
	identities           []*event
	templates            []inbox.TemplateNews
	accountNews          []*event
	leads                []*event
	mentions             []*event // told without their words
	refetch              []inbox.PostKey
	numbers              []*numberHandoff
	danger               map[int64][]int64 // conversations of those who may harm themselves, by workspace
	changes              []inbox.Change
}

func (w *writes) init() {
	w.changedComments = map[int64]*inbox.Comment{}
	w.runs = map[int64][]campaign.Took{}
	w.changedConversations = map[int64]*inbox.Conversation{}
	w.changedMessages = map[int64]*inbox.Message{}
	w.threads = map[int64]*inbox.Thread{}
	w.danger = map[int64][]int64{}
}

func (w *writes) isNewComment(c *inbox.Comment) bool {
	for _, n := range w.newComments {
		if n == c {
			return true
		}
	}
	return false
}

func (w *writes) isNewConversation(v *inbox.Conversation) bool {
	for _, n := range w.newConversations {
		if n == v {
			return true
		}
	}
	return false
}

type (
	verdictRow struct {
		id               int64
		workspace        int64
		subject          string
		subjectID, event int64
		verdict          moderation.Verdict
		input            moderation.Input
		provisional      bool
		from             *event // what it came from, and how long it took
	}
	askNew struct {
		workspace          int64
		subject            string
		subjectID, verdict int64
		event, account     int64
		digest, alike      []byte
		question           []byte
	}
	handoffRow struct {
		workspace, id     int64
		hash              []byte
		account           int64
		contact, identity int64
		trigger, campaign *int64
		post, comment     *int64
		language          string
		expires           time.Time
	}
	usedRow struct {
		handoff, identity int64
		at                time.Time
	}
	watermarkRow struct {
		workspace, thread int64
		status            string
		upTo              time.Time
	}
	cancelRow struct {
		outbox.Cancellation
		after int // how many of the batch's actions had been planned by then: they may be meant too
	}
	eraseRow struct{ workspace, message, event int64 } // a message, or the event of one that was never kept
)

// keepVerdict takes an id for a verdict and keeps it for the write.
func (s *scene) keepVerdict(r verdictRow) (int64, error) {
	id, err := s.d.IDs.Take(s.ctx, "verdicts")
	if err != nil {
		return 0, err
	}
	r.id = id
	s.w.verdicts = append(s.w.verdicts, r)
	if !r.provisional && r.from.Source != "backfill" {
		s.shadow(r)
	}
	return id, nil
}

// shadow notes what the versions in shadow would have decided. Nothing follows from it, also when one
// of them fails.
func (s *scene) shadow(r verdictRow) {
	sp := s.spaces[r.workspace]
	for _, v := range sp.Shadows {
		s.w.shadows = append(s.w.shadows, decisions.Shadow{WorkspaceID: r.workspace, VersionID: v.ID, VerdictID: r.id, Was: string(r.verdict.Decision),
			Now: decisions.Beside(s.d.Engines.Candidate(v, sp.Engine), r.input, r.verdict)})
	}
}

// ask puts a question to the model beside the lanes. What is remembered is found by the digest: the
// same text in the same context under the same policy is asked once.
func (s *scene) ask(workspace int64, subject string, subjectID, verdict int64, e *event, in moderation.Input, v moderation.Verdict) error {
	masked, err := json.Marshal(asks.Masked(in))
	if err != nil {
		return fmt.Errorf("encode a question: %w", err)
	}
	s.w.asks = append(s.w.asks, askNew{workspace, subject, subjectID, verdict, e.ID, e.AccountID, v.Digest(in), v.StormHash(in), masked})
	return nil
}

// write writes all that the batch decided, each table with one statement.
func (s *scene) write(ctx context.Context, tx *sqlx.Tx) error {
	w := &s.w
	steps := []func(context.Context, *sqlx.Tx) error{
		func(ctx context.Context, tx *sqlx.Tx) error { return inbox.SaveComments(ctx, tx, w.newComments) },
		func(ctx context.Context, tx *sqlx.Tx) error {
			return inbox.UpdateComments(ctx, tx, values(w.changedComments))
		},
		func(ctx context.Context, tx *sqlx.Tx) error {
			return inbox.SaveConversations(ctx, tx, w.newConversations)
		},
		func(ctx context.Context, tx *sqlx.Tx) error { return inbox.SaveMessages(ctx, tx, w.newMessages) },
		s.writeFiles, s.writeLeads, s.writeMentions,
		func(ctx context.Context, tx *sqlx.Tx) error {
			return inbox.UpdateMessages(ctx, tx, values(w.changedMessages))
		},
		func(ctx context.Context, tx *sqlx.Tx) error { return inbox.UpdateThreads(ctx, tx, values(w.threads)) },
		s.writeVerdicts, s.writeHeld, s.writeReviews, s.writeAsks, s.writeHandoffs, s.writeJoins,
		func(ctx context.Context, tx *sqlx.Tx) error {
			return inbox.UpdateConversations(ctx, tx, values(w.changedConversations))
		},
		func(ctx context.Context, tx *sqlx.Tx) error { return inbox.CommentsReworded(ctx, tx, w.reworded) },
		s.writeFlows, s.customersWrote, s.writeDanger,
		s.writeRuns, s.writeConsent, s.writeOptIns, s.writeItems, s.writeSending, s.writeNumbers, s.writeRest, s.writeDone,
		func(ctx context.Context, tx *sqlx.Tx) error { return inbox.Touch(ctx, tx, w.changes...) },
	}
	for _, step := range steps {
		if err := step(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

func values[V any](m map[int64]*V) []*V {
	out := make([]*V, 0, len(m))
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

func (s *scene) writeVerdicts(ctx context.Context, tx *sqlx.Tx) error {
	if len(s.w.verdicts) == 0 {
		return nil
	}
	rows := inbox.NewRows("bigint", "bigint", "text", "bigint", "bigint", "text", "text", "boolean", "jsonb", "jsonb",
		"integer", "integer", "bigint", "bigint", "bytea")
	for _, v := range s.w.verdicts {
		verdict, err := v.verdict.Canonical()
		if err != nil {
			return err
		}
		digest := sha256.Sum256(verdict)
		input, err := json.Marshal(v.input)
		if err != nil {
			return fmt.Errorf("encode a verdict's input: %w", err)
		}
		rows.Add(v.workspace, v.id, v.subject, v.subjectID, v.event, string(v.verdict.Decision), string(v.verdict.Tier), v.provisional, string(verdict), string(input),
			v.verdict.TokensIn, v.verdict.TokensOut, v.verdict.CostMicros, v.from.took.Microseconds(), digest[:])
	}
	if _, err := tx.ExecContext(ctx, sqlInsertVerdicts+rows.SQL(), rows.Args()...); err != nil {
		return fmt.Errorf("keep verdicts: %w", err)
	}
	return decisions.SaveShadows(ctx, tx, s.w.shadows)
}

const sqlInsertVerdicts = `
INSERT INTO verdicts (workspace_id, id, subject, subject_id, event_id, decision, tier, provisional, verdict, input, tokens_in, tokens_out, cost_micros, took_micros, digest)
OVERRIDING SYSTEM VALUE `

func (s *scene) writeReviews(ctx context.Context, tx *sqlx.Tx) error {
	if err := review.Leave(ctx, tx, s.w.closeReviews, "the comment was removed"); err != nil {
		return err
	}
	if len(s.w.reworded) > 0 {
		for _, stmt := range []string{sqlEndBlind, sqlRetireGold} {
			if _, err := tx.ExecContext(ctx, stmt, pq.Array(s.w.reworded)); err != nil {
				return fmt.Errorf("end second looks and known answers: %w", err)
			}
		}
	}
	if err := review.Reworded(ctx, tx, s.w.reworded); err != nil {
		return err
	}
	return review.Place(ctx, tx, s.w.reviews)
}

// A second look and a known answer are about the words as they were.
const (
	sqlEndBlind = `
UPDATE review_items SET state = 'decided', outcome = 'superseded', reason = 'the text changed', decided_at = now()
WHERE comment_id = ANY($1) AND state = 'open' AND kind IN ('second','gold')`
	sqlRetireGold = `UPDATE gold_comments SET retired_at = now() WHERE comment_id = ANY($1) AND retired_at IS NULL`
)

func (s *scene) writeAsks(ctx context.Context, tx *sqlx.Tx) error {
	if len(s.w.asks) == 0 {
		return nil
	}
	if err := s.shareQuestions(ctx, tx); err != nil {
		return err
	}
	lanes := map[int64]int16{}
	var ids []int64
	for _, a := range s.w.asks {
		ids = append(ids, a.event)
	}
	var found []struct {
		ID   int64 `db:"id"`
		Lane int16 `db:"lane"`
	}
	if err := tx.SelectContext(ctx, &found, `SELECT id, lane FROM events WHERE id = ANY($1)`, pq.Array(ids)); err != nil {
		return fmt.Errorf("find the lanes of questions: %w", err)
	}
	for _, f := range found {
		lanes[f.ID] = f.Lane
	}
	rows := inbox.NewRows("bigint", "text", "bigint", "bigint", "bigint", "bigint", "smallint", "bytea", "bytea", "jsonb")
	for _, a := range s.w.asks {
		rows.Add(a.workspace, a.subject, a.subjectID, a.verdict, a.event, a.account, lanes[a.event], a.digest, a.alike, string(a.question))
	}
	if _, err := tx.ExecContext(ctx, sqlInsertAsks+rows.SQL(), rows.Args()...); err != nil {
		return fmt.Errorf("keep questions to the model: %w", err)
	}
	return inbox.Wake(ctx, tx, "ponte_asks")
}

const sqlInsertAsks = `
INSERT INTO asks (workspace_id, subject, subject_id, verdict_id, event_id, account_id, lane, digest, alike, question) `

func (s *scene) writeHandoffs(ctx context.Context, tx *sqlx.Tx) error {
	if len(s.w.handoffs) > 0 {
		rows := inbox.NewRows("bigint", "bigint", "bytea", "bigint", "bigint", "bigint", "bigint", "bigint", "bigint", "bigint", "text", "timestamptz")
		for _, h := range s.w.handoffs {
			rows.Add(h.workspace, h.id, h.hash, h.account, h.contact, h.identity, h.trigger, h.campaign, h.post, h.comment, h.language, h.expires)
		}
		if _, err := tx.ExecContext(ctx, sqlInsertHandoffs+rows.SQL(), rows.Args()...); err != nil {
			return fmt.Errorf("keep handoffs: %w", err)
		}
	}
	for _, u := range s.w.used {
		if _, err := tx.ExecContext(ctx, `UPDATE handoffs SET used_at = $2, used_by = $3 WHERE id = $1 AND used_at IS NULL`, u.handoff, u.at, u.identity); err != nil {
			return fmt.Errorf("use a handoff: %w", err)
		}
	}
	if len(s.w.closeReviews) > 0 {
		if _, err := tx.ExecContext(ctx, sqlRevokeOfRemoved, pq.Array(s.w.closeReviews)); err != nil {
			return fmt.Errorf("revoke the references of comments that are gone: %w", err)
		}
	}
	return nil
}

// What somebody was invited for they have taken away: whoever comes with the reference is welcomed as anybody is.
const sqlRevokeOfRemoved = `
UPDATE handoffs h SET revoked_at = now(), revoked_why = 'comment_removed'
FROM comments c JOIN identities i ON i.workspace_id = c.workspace_id AND i.contact_id = c.contact_id
WHERE c.id = ANY($1) AND h.workspace_id = c.workspace_id AND h.identity_id = i.id AND h.comment_id = c.id AND h.used_at IS NULL AND h.revoked_at IS NULL`

const sqlInsertHandoffs = `
INSERT INTO handoffs (workspace_id, id, hash, account_id, contact_id, identity_id, trigger_id, campaign_id, post_id, comment_id, language, expires_at)
OVERRIDING SYSTEM VALUE `

func (s *scene) writeJoins(ctx context.Context, tx *sqlx.Tx) error {
	for _, j := range s.w.joins {
		if err := inbox.JoinIdentity(ctx, tx, j); err != nil {
			return err
		}
	}
	return nil
}

// writeConsent appends in the order of the events; the ledger orders by the time the person acted.
func (s *scene) writeConsent(ctx context.Context, tx *sqlx.Tx) error {
	return s.d.Ledger.Append(ctx, tx, s.w.consent)
}

// cancel stops what is planned by now, in this batch too.
func (s *scene) cancel(c outbox.Cancellation) {
	s.w.cancels = append(s.w.cancels, cancelRow{c, len(s.w.actions)})
}

func (s *scene) writeSending(ctx context.Context, tx *sqlx.Tx) error {
	added := 0
	for _, c := range s.w.cancels {
		if slices.ContainsFunc(s.w.actions[added:max(added, c.after)], c.MayMean) { // planned and stopped in one batch
			if _, err := outbox.Add(ctx, tx, s.w.actions[added:c.after]); err != nil {
				return err
			}
			added = c.after
		}
		if _, err := outbox.Cancel(ctx, tx, c.Cancellation); err != nil {
			return err
		}
	}
	if _, err := outbox.Add(ctx, tx, s.w.actions[added:]); err != nil {
		return err
	}
	if err := inbox.CommentsAnswered(ctx, tx, s.w.answered); err != nil {
		return err
	}
	if err := outbox.ApplyReceipts(ctx, tx, s.d.Ledger, s.w.receipts); err != nil {
		return err
	}
	for _, m := range s.w.watermarks {
		if err := outbox.ApplyWatermark(ctx, tx, m.workspace, m.thread, m.status, m.upTo); err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) writeRest(ctx context.Context, tx *sqlx.Tx) error {
	for _, r := range s.w.erase {
		if err := eraseMessage(ctx, tx, r); err != nil {
			return err
		}
	}
	for _, e := range s.w.identities {
		if err := changeIdentity(ctx, tx, e); err != nil {
			return err
		}
	}
	if err := s.writeTemplateNews(ctx, tx); err != nil {
		return err
	}
	for _, e := range s.w.accountNews {
		news, err := json.Marshal(map[string]any{e.Change.Field: map[string]any{"value": e.Change.Value, "detail": e.Change.Detail, "at": e.Event.Time}})
		if err != nil {
			return fmt.Errorf("encode account news: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE accounts SET health = health || $3 WHERE workspace_id = $1 AND id = $2`, e.WorkspaceID, e.AccountID, string(news)); err != nil {
			return fmt.Errorf("keep account news: %w", err)
		}
		s.touch(e.WorkspaceID, "account", e.AccountID)
	}
	for _, p := range s.w.refetch {
		if _, err := tx.ExecContext(ctx, `UPDATE posts SET fetched_at = NULL, fetch_after = now() WHERE workspace_id = $1 AND account_id = $2 AND external_id = $3`, p.WorkspaceID, p.AccountID, p.ExternalID); err != nil {
			return fmt.Errorf("mark a post for reading: %w", err)
		}
	}
	return nil
}

func changeIdentity(ctx context.Context, tx *sqlx.Tx, e *event) error {
	if e.Change == nil || e.Change.Value == "" || e.Change.Previous == "" {
		return nil
	}
	column := "external_id"
	if !hasLetter(e.Change.Value) {
		column = "phone"
	}
	if _, err := tx.ExecContext(ctx, `UPDATE identities SET `+column+` = $4 WHERE workspace_id = $1 AND channel = $2 AND `+column+` = $3 AND replaced_at IS NULL
		AND NOT EXISTS (SELECT 1 FROM identities o WHERE o.workspace_id = $1 AND o.channel = $2 AND o.`+column+` = $4)`,
		e.WorkspaceID, string(channels.WhatsApp), e.Change.Previous, e.Change.Value); err != nil {
		return fmt.Errorf("change an identity: %w", err)
	}
	return nil
}

// eraseMessage removes what a person took back from every place that holds it: the event, the raw
// delivery it came in, what moderation and the model were shown, the line in the list. A suggestion that
// answers it is for a conversation that has moved on.
func eraseMessage(ctx context.Context, tx *sqlx.Tx, r eraseRow) error {
	for _, stmt := range []string{sqlEraseDelivery, sqlEraseEvent} {
		if _, err := tx.ExecContext(ctx, stmt, r.workspace, r.message, r.event); err != nil {
			return fmt.Errorf("erase a message that was taken back: %w", err)
		}
	}
	for _, stmt := range []string{sqlEraseVerdict, sqlEraseAsk, sqlErasePreview, sqlEraseFiles} {
		if _, err := tx.ExecContext(ctx, stmt, r.workspace, r.message); err != nil {
			return fmt.Errorf("erase what was made of a message that was taken back: %w", err)
		}
	}
	return nil
}

const (
	sqlEraseDelivery = `
UPDATE deliveries SET body = '' WHERE state = 'split' AND id IN (
    SELECT e.delivery_id FROM events e WHERE e.id IN (
        SELECT $3::bigint UNION ALL SELECT event_id FROM verdicts WHERE workspace_id = $1 AND subject = 'message' AND subject_id = $2))`
	sqlEraseEvent = `
UPDATE events SET payload = '{"erased":true}' WHERE id IN (
    SELECT $3::bigint UNION ALL SELECT event_id FROM verdicts WHERE workspace_id = $1 AND subject = 'message' AND subject_id = $2)`
	sqlEraseVerdict = `
UPDATE verdicts SET input = '{"erased":true}', verdict = verdict - 'normalised', digest = NULL WHERE workspace_id = $1 AND subject = 'message' AND subject_id = $2`
	sqlEraseAsk = `
UPDATE asks SET question = '{"erased":true}',
    reason = CASE WHEN state IN ('pending', 'asking') THEN 'taken back by its author' ELSE reason END,
    state = CASE WHEN state IN ('pending', 'asking') THEN 'failed' ELSE state END
WHERE workspace_id = $1 AND subject = 'message' AND subject_id = $2`
	sqlEraseFiles   = `DELETE FROM message_media WHERE workspace_id = $1 AND message_id = $2`
	sqlErasePreview = `
UPDATE conversations v SET revision = v.revision + 1,
    preview = CASE WHEN EXISTS (SELECT 1 FROM messages n WHERE n.workspace_id = m.workspace_id AND n.conversation_id = m.conversation_id AND n.id > m.id) THEN v.preview ELSE '' END
FROM messages m WHERE m.workspace_id = $1 AND m.id = $2 AND v.workspace_id = m.workspace_id AND v.id = m.conversation_id`
)

func (s *scene) writeDone(ctx context.Context, tx *sqlx.Tx) error {
	rows := inbox.NewRows("bigint", "text")
	for _, e := range s.w.done {
		rows.Add(e.ID, cmp.Or(e.reason, "done"))
	}
	res, err := tx.ExecContext(ctx, `UPDATE events e SET state = 'done', reason = k.reason, done_at = now() FROM (`+rows.SQL()+`) AS k (id, reason) WHERE e.id = k.id AND e.state = 'pending'`, rows.Args()...)
	if err != nil {
		return fmt.Errorf("finish events: %w", err)
	}
	if n, _ := res.RowsAffected(); int(n) != len(s.w.done) {
		return fmt.Errorf("finish events: %d of %d were still pending", n, len(s.w.done))
	}
	return inbox.Wake(ctx, tx, "ponte_outbox")
}
