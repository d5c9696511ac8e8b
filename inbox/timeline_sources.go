package inbox

// userOf reads the member out of a name like user:7.
func userOf(column string) string {
	return `CASE WHEN ` + column + ` ~ '^user:[0-9]{1,18}$' THEN substr(` + column + `, 6)::bigint END`
}

// filesOf lists the types of what is attached.
func filesOf(list string) string {
	return `CASE WHEN jsonb_typeof(` + list + `) = 'array' THEN (SELECT coalesce(jsonb_agg(f->>'type'), '[]') FROM jsonb_array_elements(` + list + `) f) ELSE '[]'::jsonb END`
}

const (
	harmOf     = `coalesce((v.verdict->>'harm')::float8, 0)`
	actionAt   = `coalesce(a.sent_at, a.created_at)`
	whoAsked   = `CASE WHEN a.origin = 'member' THEN 'member' WHEN a.origin = 'api' THEN 'system' ELSE 'bot' END`
	theirTalks = `conversations c WHERE c.workspace_id = $1 AND c.contact_id = $2`

	// By comments_author; what was answered is then looked up comment by comment, whatever the statistics of
	// the other table make the planner believe.
	theirComments = `(SELECT x.id, x.account_id, x.channel, x.external_id, x.root_external_id FROM comments x WHERE x.workspace_id = $1 AND x.contact_id = $2 AND NOT x.own OFFSET 0) c`
)

// timelineSources are ranked: of two entries of one instant the higher rank is told first, as the later.
var timelineSources = []source{
	{rank: 10, said: true, at: `c.commented_at`, id: `c.id`, // by comments_author
		has: map[string]string{"written": `c.created_at`, "kind": `'comment'`, "channel": `c.channel`, "by": `'customer'`, "named": `c.author_name`, "text": `c.text`, "state": `c.state`, "comment_id": `c.id`,
			"extra": `jsonb_build_object('files', ` + filesOf(`c.attachments`) + `, 'harm', ` + harmOf + `, 'on', coalesce(left(p.caption, 120), ''))`},
		from: `comments c LEFT JOIN posts p ON p.workspace_id = c.workspace_id AND p.id = c.post_id
LEFT JOIN verdicts v ON v.workspace_id = c.workspace_id AND v.id = c.verdict_id
WHERE c.workspace_id = $1 AND c.contact_id = $2 AND NOT c.own`},
	// Public and private replies of ours, also those that wait or were stopped. A private reply that has its
	// bubble in the thread is told by it.
	{rank: 20, said: true, at: actionAt, id: `a.id`,
		has: map[string]string{"kind": `CASE a.kind WHEN 'comment.reply' THEN 'public_reply' ELSE 'private_reply' END`, "channel": `c.channel`, "by": whoAsked, "user_id": userOf(`a.actor`),
			"text": `coalesce(a.call->>'text', '')`, "state": `a.state`, "comment_id": `c.id`, "extra": `jsonb_build_object('reason', a.reason, 'meaning', a.meaning)`},
		from: theirComments + ` CROSS JOIN LATERAL (SELECT x.id, x.kind, x.state, x.reason, x.meaning, x.origin, x.actor, x.call, x.sent_at, x.created_at FROM actions x
    WHERE x.workspace_id = $1 AND x.comment_id = c.id AND (x.kind = 'comment.reply' OR x.kind = 'private_reply.send' AND x.message_id IS NULL) OFFSET 0) a WHERE true`},
	{rank: 21, said: true, at: `o.commented_at`, id: `o.id`,
		has: map[string]string{"written": `o.created_at`, "kind": `'public_reply'`, "channel": `o.channel`, "by": `'other_tool'`, "text": `o.text`, "state": `'done'`, "comment_id": `c.id`,
			"extra": `jsonb_build_object('files', ` + filesOf(`o.attachments`) + `)`},
		from: theirComments + ` CROSS JOIN LATERAL (SELECT x.id, x.channel, x.text, x.attachments, x.commented_at, x.created_at FROM comments x
    WHERE x.workspace_id = $1 AND x.account_id = c.account_id AND x.root_external_id = c.root_external_id AND x.parent_external_id = c.external_id AND x.own AND x.action_id IS NULL AND x.state <> 'removed' OFFSET 0) o WHERE true`},
	{rank: 30, said: true, at: `m.at`, id: `m.id`, // by messages_thread, thread by thread
		has: map[string]string{"written": `m.created_at`, "kind": `CASE WHEN a.kind = 'private_reply.send' THEN 'private_reply' ELSE 'message' END`, "channel": `t.channel`,
			"by": `CASE m.author WHEN 'contact' THEN 'customer' ELSE m.author END`, "user_id": `m.member_id`, "text": `m.text`,
			"state":           `CASE WHEN m.detail ? 'erased' THEN 'erased' WHEN m.deleted_at IS NOT NULL THEN 'deleted' WHEN m.receipt IS NOT NULL THEN m.receipt WHEN m.direction = 'out' THEN coalesce(a.state, '') ELSE '' END`,
			"what":            `m.type`,
			"conversation_id": `m.conversation_id`, "message_id": `m.id`,
			"extra": `jsonb_build_object('files', ` + filesOf(`m.detail->'attachments'`) + `, 'harm', ` + harmOf + `, 'reason', coalesce(a.reason, ''), 'meaning', CASE WHEN m.receipt = 'failed' THEN m.receipt_error ELSE coalesce(a.meaning, '') END)`},
		from: `threads t CROSS JOIN LATERAL (SELECT x.* FROM messages x WHERE x.workspace_id = t.workspace_id AND x.thread_id = t.id AND %BEFORE% ORDER BY x.at DESC, x.id DESC LIMIT $6) m
LEFT JOIN actions a ON a.workspace_id = m.workspace_id AND a.id = m.action_id
LEFT JOIN verdicts v ON v.workspace_id = m.workspace_id AND v.id = m.verdict_id
WHERE t.workspace_id = $1 AND t.contact_id = $2`},
	{rank: 5, at: `c.opened_at`, id: `c.id`,
		has:  map[string]string{"kind": `'opened'`, "channel": `c.channel`, "conversation_id": `c.id`},
		from: theirTalks + ` AND c.resolved_at IS DISTINCT FROM c.opened_at`},
	// What a member resolved is a step; a bot leaves none.
	{rank: 60, at: `c.resolved_at`, id: `c.id`,
		has:  map[string]string{"kind": `'resolved'`, "channel": `c.channel`, "by": `'bot'`, "conversation_id": `c.id`},
		from: theirTalks + ` AND c.resolved_at <> c.opened_at AND NOT EXISTS (SELECT 1 FROM conversation_steps s WHERE s.workspace_id = c.workspace_id AND s.conversation_id = c.id AND s.what = 'resolved')`},
	{rank: 50, at: `s.at`, id: `s.id`,
		has: map[string]string{"kind": `'step'`, "channel": `c.channel`, "by": `CASE WHEN s.actor LIKE 'user:%' THEN 'member' ELSE 'system' END`, "user_id": userOf(`s.actor`), "to_id": `s.user_id`, "team": `s.team`,
			"text": `s.note`, "what": `s.what`, "conversation_id": `c.id`, "extra": `jsonb_build_object('detail', s.detail)`},
		from: `conversations c JOIN conversation_steps s ON s.workspace_id = c.workspace_id AND s.conversation_id = c.id WHERE c.workspace_id = $1 AND c.contact_id = $2`},
	{rank: 55, at: `n.created_at`, id: `n.id`,
		has:  map[string]string{"kind": `'note'`, "channel": `c.channel`, "by": `'member'`, "user_id": `n.author_id`, "text": `n.text`, "conversation_id": `c.id`},
		from: `conversations c JOIN notes n ON n.workspace_id = c.workspace_id AND n.conversation_id = c.id WHERE c.workspace_id = $1 AND c.contact_id = $2 AND n.deleted_at IS NULL`},
	{rank: 25, at: `h.created_at`, id: `h.id`,
		has: map[string]string{"kind": `'invited'`, "channel": `i.channel`, "by": `'bot'`, "text": `coalesce(t.name, '')`, "comment_id": `h.comment_id`,
			"state": `CASE WHEN h.used_at IS NOT NULL THEN 'used' WHEN h.revoked_at IS NOT NULL THEN 'revoked' WHEN h.expires_at < now() THEN 'expired' ELSE 'open' END`},
		from: `identities i JOIN handoffs h ON h.workspace_id = i.workspace_id AND h.identity_id = i.id
LEFT JOIN triggers t ON t.workspace_id = h.workspace_id AND t.id = h.trigger_id WHERE i.workspace_id = $1 AND i.contact_id = $2`},
	{rank: 8, at: `h.used_at`, id: `h.id`,
		has: map[string]string{"kind": `'arrived'`, "channel": `'whatsapp'`, "by": `'customer'`, "comment_id": `h.comment_id`,
			"conversation_id": `(SELECT c.id FROM conversations c WHERE c.workspace_id = h.workspace_id AND c.origin ? 'handoff_id' AND (c.origin->>'handoff_id')::bigint = h.id ORDER BY c.id LIMIT 1)`},
		from: `identities i JOIN handoffs h ON h.workspace_id = i.workspace_id AND h.identity_id = i.id WHERE i.workspace_id = $1 AND i.contact_id = $2`},
	{rank: 9, at: `j.at`, id: `j.id`,
		has: map[string]string{"kind": `'joined'`, "channel": `i.channel`, "by": `CASE WHEN j.how = 'member' THEN 'member' ELSE 'system' END`, "user_id": userOf(`j.actor`),
			"text": `CASE WHEN i.username <> '' THEN '@' || i.username ELSE i.name END`, "what": `j.how`},
		from: `identities i JOIN identity_joins j ON j.workspace_id = i.workspace_id AND j.identity_id = i.id WHERE i.workspace_id = $1 AND i.contact_id = $2 AND j.to_contact = $2 AND j.undone_at IS NULL`},
	{rank: 70, at: `m.at`, id: `m.id`,
		has:  map[string]string{"kind": `'merged'`, "by": `CASE WHEN m.actor LIKE 'user:%' THEN 'member' ELSE 'system' END`, "user_id": userOf(`m.actor`), "text": `m.reason`},
		from: `contact_merges m WHERE m.workspace_id = $1 AND m.into_contact = $2 AND m.undone_at IS NULL`},
	// Consent stands by address and never moves; the identity that gave it says whose it is today.
	{rank: 40, at: `e.at`, id: `e.seq`, has: consentHas,
		from: `identities i JOIN consent_personal p ON p.workspace_id = i.workspace_id AND (p.personal->>'identity_id')::bigint = i.id
JOIN consent_entries e ON e.workspace_id = p.workspace_id AND e.seq = p.seq WHERE i.workspace_id = $1 AND i.contact_id = $2`},
	{rank: 41, at: `e.at`, id: `e.seq`, has: consentHas,
		from: `who JOIN consent_personal p ON p.workspace_id = $1 AND p.contact_id = who.id
JOIN consent_entries e ON e.workspace_id = p.workspace_id AND e.seq = p.seq WHERE (p.personal->>'identity_id') IS NULL`},
	{rank: 42, at: `b.created_at`, id: `b.id`, has: bookingHas(`'booked'`, `b.made_by`), from: bookingsFrom},
	{rank: 43, at: `b.cancelled_at`, id: `b.id`, has: bookingHas(`'booking_cancelled'`, `b.cancelled_by`), from: bookingsFrom},
	{rank: 44, at: `l.submitted_at`, id: `l.id`,
		has: map[string]string{"kind": `'lead'`, "channel": `a.channel`, "by": `'customer'`, "text": `coalesce(nullif(f.name, ''), l.form_id)`, "state": `CASE WHEN l.task <> '' THEN l.task ELSE l.state END`},
		from: `leads l JOIN accounts a ON a.workspace_id = l.workspace_id AND a.id = l.account_id
LEFT JOIN lead_forms f ON f.workspace_id = l.workspace_id AND f.form_id = l.form_id AND f.ended_at IS NULL WHERE l.workspace_id = $1 AND l.contact_id = $2`},
	{rank: 45, at: `n.created_at`, id: `n.id`, // the number itself is no part of it
		has:  map[string]string{"kind": `'number'`, "channel": `coalesce(i.channel, '')`, "by": `'customer'`, "what": `n.source`, "state": `n.state`, "conversation_id": `n.conversation_id`, "extra": `jsonb_build_object('purpose', n.purpose)`},
		from: `number_handoffs n LEFT JOIN identities i ON i.workspace_id = n.workspace_id AND i.id = n.identity_id WHERE n.workspace_id = $1 AND n.contact_id = $2`},
}

var consentHas = map[string]string{"written": `e.recorded_at`, "kind": `'consent'`, "channel": `e.channel`, "what": `e.act`, "user_id": userOf(`e.actor`),
	"by":    `CASE WHEN e.actor LIKE 'user:%' THEN 'member' WHEN e.actor = 'contact' THEN 'customer' ELSE 'system' END`,
	"extra": `jsonb_build_object('purpose', e.purpose, 'how', e.how)`}

const bookingsFrom = `bookings b JOIN services s ON s.workspace_id = b.workspace_id AND s.id = b.service_id LEFT JOIN threads t ON t.workspace_id = b.workspace_id AND t.id = b.thread_id
WHERE b.workspace_id = $1 AND b.contact_id = $2`

func bookingHas(kind, actor string) map[string]string {
	return map[string]string{"kind": kind, "channel": `coalesce(t.channel, '')`, "by": `CASE WHEN ` + actor + ` LIKE 'user:%' THEN 'member' WHEN ` + actor + ` LIKE 'flow:%' THEN 'bot' ELSE 'system' END`, "user_id": userOf(actor),
		"text": `b.note`, "what": `b.ref`, "state": `b.state`, "extra": `jsonb_build_object('starts_at', b.starts_at, 'service', s.name)`}
}
