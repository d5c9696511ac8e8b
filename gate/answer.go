package gate

import (
	"slices"
	"time"

	"ponte/channels"
	"ponte/inbox"
)

// eventRow is the event an action answers; an internal one (an answer of the LLM, an approval by a
// person) stands for the event it is about.
type eventRow struct {
	ID          int64     `db:"id"`
	WorkspaceID int64     `db:"workspace_id"`
	Kind        string    `db:"kind"`
	Own         bool      `db:"own"`
	OccurredAt  time.Time `db:"occurred_at"`
	ProviderID  string    `db:"provider_id"`
	Person      string    `db:"person"`
	Phone       string    `db:"phone"`
	CommentID   int64     `db:"comment_id"`
}

func (b *batch) loadEvents() error {
	b.events = map[int64]eventRow{}
	ids := b.ids(func(r Request) int64 {
		if speaks(r.Call.Kind) {
			return r.AnswersEvent
		}
		return 0
	})
	var rows []eventRow
	if err := b.read(&rows, "events", sqlGateEvents, ids); err != nil {
		return err
	}
	for _, e := range rows {
		b.events[e.ID] = e
	}
	return nil
}

const sqlGateEvents = `
SELECT a.id, e.workspace_id, e.kind, coalesce((e.payload->>'own')::boolean, false) AS own, e.occurred_at,
       coalesce(e.payload->>'id', '') AS provider_id,
       coalesce(e.payload->>'person', '') AS person, coalesce(e.payload->>'phone', '') AS phone,
       CASE WHEN e.kind IN ('comment.approved','comment.reread','comment.caption_read') THEN coalesce((e.payload->>'comment_id')::bigint, 0) ELSE 0 END AS comment_id
FROM events a
LEFT JOIN asks k ON a.kind = 'llm.answered' AND k.workspace_id = a.workspace_id AND k.id = (a.payload->>'ask_id')::bigint
JOIN events e ON e.id = coalesce(k.event_id, a.id)
WHERE a.id = ANY($1)`

func (b *batch) answered(r Request) *Answered {
	e, ok := b.events[r.AnswersEvent]
	if !ok || e.WorkspaceID != r.WorkspaceID {
		return nil
	}
	a := &Answered{At: e.OccurredAt}
	switch channels.Kind(e.Kind) {
	case channels.CommentAdded, channels.CommentEdited, channels.MentionAdded, inbox.CommentApproved, inbox.CommentReread, inbox.CaptionRead:
		a.Inbound, a.Comment = !e.Own, true
	case channels.MessageReceived, channels.MessageEdited, channels.PostbackReceived, channels.ReferralReceived, channels.MessageReaction,
		channels.OptinReceived, channels.LeadSubmitted, channels.PreferenceChanged:
		a.Inbound = !e.Own
	}
	if c, ok := b.comments[r.CommentID]; ok && (c.ExternalID == e.ProviderID || c.ID == e.CommentID) {
		a.Same = true
		if e.CommentID != 0 {
			a.At = c.CommentedAt // approved later; what counts is when the person wrote
		}
		return a
	}
	if h := b.histories[contactKey{WorkspaceID: r.WorkspaceID, ContactID: r.ContactID}]; h != nil {
		a.Same = slices.ContainsFunc(h.Identities, e.by)
	}
	return a
}

// by says whether the identity wrote the event.
func (e eventRow) by(i inbox.Identity) bool {
	return i.ExternalID != nil && *i.ExternalID != "" && *i.ExternalID == e.Person ||
		i.Phone != nil && *i.Phone != "" && (*i.Phone == e.Phone || *i.Phone == e.Person)
}
