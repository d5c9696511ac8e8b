package api

import (
	"ponte/booking"
	"ponte/consent"
	"ponte/desk"
	"ponte/flow/live"
	"ponte/privacy"
)

// stores is every table that holds something of a person, in the order in which erasing empties them. A
// package with tables of its own describes them in a function PersonalData and is named here.
var stores = privacy.Sorted(spoken, people, consent.PersonalData(), desk.PersonalData(), live.PersonalData(), booking.PersonalData())

// What was said. What finds a row by its text or its identity comes before these are emptied. A delivery
// holds others beside this person, so events are found by whom they name and what they are about.
// Those found by a key are emptied here; what else names the person is looked for behind it (erase_later.go).
var spoken = []privacy.Store{
	{Table: "events", Follows: privacy.Stays, Rank: 10, Erase: []string{emptyEvents + `(
    SELECT v.event_id FROM verdicts v JOIN comments c ON c.workspace_id = v.workspace_id AND v.subject = 'comment' AND c.id = v.subject_id WHERE c.workspace_id = $1 AND c.contact_id = $2
    UNION SELECT v.event_id FROM verdicts v JOIN messages m ON m.workspace_id = v.workspace_id AND v.subject = 'message' AND m.id = v.subject_id
          JOIN threads t ON t.workspace_id = m.workspace_id AND t.id = m.thread_id WHERE t.workspace_id = $1 AND t.contact_id = $2
    UNION SELECT k.id FROM comments c JOIN events k ON k.account_id = c.account_id AND k.key = 'comment:' || c.external_id || ':added' WHERE c.workspace_id = $1 AND c.contact_id = $2
    UNION SELECT k.id FROM threads t JOIN messages m ON m.workspace_id = t.workspace_id AND m.thread_id = t.id JOIN events k ON k.account_id = m.account_id AND k.key = 'message:' || m.external_id
          WHERE t.workspace_id = $1 AND t.contact_id = $2
    UNION SELECT answers_event FROM actions WHERE workspace_id = $1 AND contact_id = $2
    UNION SELECT k.id FROM events k JOIN identities i ON i.workspace_id = $1 AND i.contact_id = $2 AND (strpos(k.payload::text, '"' || i.external_id || '"') > 0 OR strpos(k.payload::text, '"' || i.phone || '"') > 0)
          WHERE k.workspace_id = $1 AND k.state = 'pending') RETURNING delivery_id)` + emptyDeliveries}},
	{Table: "verdicts", Follows: privacy.Stays, Rank: 11, Erase: []string{
		`UPDATE verdicts v SET input = '{}', verdict = v.verdict - 'normalised', digest = NULL WHERE v.workspace_id = $1 AND (
    v.subject = 'comment' AND v.subject_id IN (SELECT id FROM comments WHERE workspace_id = $1 AND contact_id = $2)
 OR v.subject = 'message' AND v.subject_id IN (SELECT m.id FROM messages m JOIN threads t ON t.workspace_id = m.workspace_id AND t.id = m.thread_id WHERE t.workspace_id = $1 AND t.contact_id = $2))`}},
	{Table: "gold_comments", Follows: privacy.Stays, Rank: 12, Erase: []string{
		`UPDATE gold_comments SET retired_at = now() WHERE workspace_id = $1 AND retired_at IS NULL AND comment_id IN (SELECT id FROM comments WHERE workspace_id = $1 AND contact_id = $2)`}},
	{Table: "review_items", Follows: privacy.Stays, Rank: 13, Erase: []string{
		`UPDATE review_items SET state = 'decided', outcome = 'superseded', decided_at = now() WHERE workspace_id = $1 AND state = 'open' AND kind IN ('second','gold')
  AND comment_id IN (SELECT id FROM comments WHERE workspace_id = $1 AND contact_id = $2)`,
		`UPDATE review_items SET text_hash = NULL WHERE workspace_id = $1 AND comment_id IN (SELECT id FROM comments WHERE workspace_id = $1 AND contact_id = $2)`}},
	{Table: "asks", Follows: privacy.Stays, Rank: 14, Erase: []string{
		`DELETE FROM asks a WHERE a.workspace_id = $1 AND a.state <> 'asking' AND (
    a.subject = 'comment' AND a.subject_id IN (SELECT id FROM comments WHERE workspace_id = $1 AND contact_id = $2)
 OR a.subject = 'message' AND a.subject_id IN (SELECT m.id FROM messages m JOIN threads t ON t.workspace_id = m.workspace_id AND t.id = m.thread_id WHERE t.workspace_id = $1 AND t.contact_id = $2))`}},
	{Table: "comments", Follows: privacy.InOwnWay, Rank: 20, Erase: []string{
		`UPDATE comments SET text = '', author_name = '', attachments = '[]', permalink = '' WHERE workspace_id = $1 AND contact_id = $2`}},
	{Table: "threads", Follows: privacy.InOwnWay},
	{Table: "messages", Follows: privacy.Stays, Rank: 21, Erase: []string{
		`UPDATE messages m SET text = '', detail = '{"erased": true}', reactions = '[]', deleted_at = coalesce(m.deleted_at, now()) FROM threads t
WHERE t.workspace_id = $1 AND t.contact_id = $2 AND m.workspace_id = t.workspace_id AND m.thread_id = t.id`}},
	{Table: "message_media", Follows: privacy.Stays, Rank: 22, Erase: []string{
		`DELETE FROM message_media g USING messages m, threads t WHERE t.workspace_id = $1 AND t.contact_id = $2 AND m.workspace_id = t.workspace_id AND m.thread_id = t.id
   AND g.workspace_id = m.workspace_id AND g.message_id = m.id`}},
	{Table: "uploads", Follows: privacy.Stays, Rank: 22, Erase: []string{
		`DELETE FROM uploads u USING conversations v WHERE v.workspace_id = $1 AND v.contact_id = $2 AND u.workspace_id = v.workspace_id AND u.conversation_id = v.id`}},
	{Table: "suggestions", Follows: privacy.Stays, Rank: 23, Erase: []string{
		`DELETE FROM suggestions g USING conversations v WHERE v.workspace_id = $1 AND v.contact_id = $2 AND g.workspace_id = v.workspace_id AND g.conversation_id = v.id`}},
	{Table: "assist_questions", Follows: privacy.Stays, Rank: 23, Erase: []string{
		`DELETE FROM assist_questions g USING conversations v WHERE v.workspace_id = $1 AND v.contact_id = $2 AND g.workspace_id = v.workspace_id AND g.conversation_id = v.id`}},
	{Table: "conversations", Follows: privacy.InOwnWay, Rank: 24, Erase: []string{
		`UPDATE conversations SET preview = '', origin = origin - 'text' - 'referral', bot = '{}', labels = '{}',
    state = 'resolved', resolved_at = coalesce(resolved_at, now()), waiting_since = NULL, unread = 0 WHERE workspace_id = $1 AND contact_id = $2`}},
}

// An event that waits is not decided any more: it would make the person anew. A lane that holds it already finds it
// done when it writes, and takes all of its batch back.
const (
	emptyEvents = `WITH gone AS (UPDATE events e SET payload = '{"erased":true}', state = CASE WHEN e.state = 'pending' THEN 'done' ELSE e.state END,
    reason = CASE WHEN e.state = 'pending' THEN 'erased' ELSE e.reason END, done_at = CASE WHEN e.state = 'pending' THEN now() ELSE e.done_at END
WHERE e.workspace_id = $1 AND e.id IN `
	emptyDeliveries = ` UPDATE deliveries SET body = ''::bytea, reason = 'erased' WHERE state = 'split' AND id IN (SELECT delivery_id FROM gone)`
)

// Who a person is, and what was done about them.
var people = []privacy.Store{
	{Table: "trigger_runs", Follows: privacy.Stays},
	{Table: "goals", Follows: privacy.ByContact},
	{Table: "actions", Follows: privacy.ByIdentity, Rank: 30, Erase: []string{
		`UPDATE actions SET call = jsonb_build_object('kind', call->'kind', 'channel', call->'channel', 'token', call->'token') WHERE workspace_id = $1 AND state NOT IN ('planned','sending','unknown','held')
   AND call <> jsonb_build_object('kind', call->'kind', 'channel', call->'channel', 'token', call->'token')
   AND (contact_id = $2 OR identity_id IN (SELECT id FROM identities WHERE workspace_id = $1 AND contact_id = $2))`}},
	{Table: "leads", Follows: privacy.ByContact, Rank: 31, Erase: []string{
		`UPDATE leads SET answers = '{}', boxes = '{}', external_id = 'erased:' || id, state = CASE WHEN state = 'wanted' THEN 'failed' ELSE state END, reason = 'erased' WHERE workspace_id = $1 AND contact_id = $2`}},
	{Table: "handoffs", Follows: privacy.ByIdentity, Rank: 32, Erase: []string{
		`UPDATE handoffs SET revoked_at = coalesce(revoked_at, now()), revoked_why = 'erased' WHERE workspace_id = $1
   AND (contact_id = $2 OR identity_id IN (SELECT id FROM identities WHERE workspace_id = $1 AND contact_id = $2))`}},
	{Table: "number_handoffs", Follows: privacy.ByContact, Rank: 33, Erase: []string{
		`UPDATE number_handoffs SET phone = '', number_message = '', agreed_message = '', state = CASE WHEN state IN ('asked','agreed','sent') THEN 'failed' ELSE state END, reason = 'erased'
WHERE workspace_id = $1 AND (contact_id = $2 OR wa_identity_id IN (SELECT id FROM identities WHERE workspace_id = $1 AND contact_id = $2))`}},
	{Table: "compliance_items", Follows: privacy.ByContact},
	{Table: "erasures", Follows: privacy.Stays},
	{Table: "identity_joins", Follows: privacy.Stays},
	{Table: "contact_merges", Follows: privacy.Stays, Rank: 80, Erase: []string{
		`UPDATE contact_merges SET before = '{}', after = '{}', reason = 'erased' WHERE workspace_id = $1 AND (from_contact = $2 OR into_contact = $2)`}},
	{Table: "identities", Follows: privacy.InOwnWay, Rank: 90, Erase: []string{
		`UPDATE identities SET username = '', name = '', external_id = 'erased:' || id, phone = NULL WHERE workspace_id = $1 AND contact_id = $2`}},
	{Table: "contacts", Follows: privacy.InOwnWay, Rank: 91, Erase: []string{
		`UPDATE contacts SET name = '', language = '', country = '', time_zone = '', labels = '{}', fields = '{}' WHERE workspace_id = $1 AND id = $2`}},
}

// lockedLast are the stores that are emptied after the ledger, which needs to know who it was. What comes before
// them may take long, and the head of the ledger is not held meanwhile.
const lockedLast = 90

// Stores lists the tables that are described, in the order in which erasing goes through them.
func Stores() []privacy.Store { return stores }
