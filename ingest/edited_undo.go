package ingest

import (
	"fmt"
	"slices"

	"ponte/consent"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/router"
)

// tookBack reads an edit of the words that a consent stands on: a yes that is a no by now is a withdrawal, and one
// that is neither any more a doubt. The same with the no to the question whether to stop.
func (s *scene) tookBack(x *edit) (string, error) {
	if x.now.OptOut == moderation.OptOutClear {
		return "", nil
	}
	act, err := s.proves(x.t, x.m)
	if err != nil {
		return "", err
	}
	text := x.m.Text
	_, code := router.FindReference(text)
	stands := map[consent.Act]bool{"": true, consent.Grant: router.IsYes(text) || router.IsStart(text) || code, consent.Confirm: router.IsNo(text)}
	ends := map[consent.Act]bool{consent.Grant: router.IsNo(text), consent.Confirm: router.IsYes(text)}
	switch {
	case stands[act]:
		return "", nil
	case ends[act]:
		x.now.OptOut = moderation.OptOutClear
	default:
		x.now.OptOut, x.before.OptOut = moderation.OptOutDoubtful, moderation.NoOptOut
	}
	return "the consent that stood on these words does not any more", nil
}

// proves returns the grant or the lifted doubt that a message is the proof of, where nothing has ended it since.
func (s *scene) proves(t *inbox.Thread, m *inbox.Message) (consent.Act, error) {
	if m.ExternalID == nil {
		return "", nil
	}
	for _, c := range slices.Backward(s.w.consent) {
		if c.Personal.ContactID == t.ContactID && c.Purpose == consent.Promotional && c.Act != consent.Ask {
			if (c.Act == consent.Grant || c.Act == consent.Confirm) && c.Evidence["message"] == *m.ExternalID {
				return c.Act, nil
			}
			return "", nil
		}
	}
	if s.offers(t) != string(consent.Granted) {
		return "", nil
	}
	var acts []consent.Act
	if err := s.tx.SelectContext(s.ctx, &acts, sqlProves, t.WorkspaceID, t.ContactID, *m.ExternalID); err != nil {
		return "", fmt.Errorf("find the consent that message %d proves: %w", m.ID, err)
	}
	return append(acts, "")[0], nil
}

const sqlProves = `
SELECT c.act FROM consent_personal p JOIN consent_entries c ON c.workspace_id = p.workspace_id AND c.seq = p.seq
WHERE p.workspace_id = $1 AND p.contact_id = $2 AND c.purpose = 'promotional' AND c.act IN ('grant','confirm') AND c.evidence->>'message' = $3 ORDER BY c.seq DESC LIMIT 1`

// unfile takes a conversation out of the spam folder when the words that put it there are gone, and nothing else
// in it belongs there. A person answers it: the bot stays silent.
func (s *scene) unfile(v *inbox.Conversation, m *inbox.Message) (string, error) {
	if !v.Spam || v.HandlerReason != "spam" || v.ID != m.ConversationID {
		return "", nil
	}
	var more bool
	if err := s.tx.GetContext(s.ctx, &more, sqlMoreSpam, v.WorkspaceID, v.ID, m.ID); err != nil {
		return "", fmt.Errorf("look for more spam in conversation %d: %w", v.ID, err)
	}
	for _, n := range s.w.newMessages {
		more = more || n.ConversationID == v.ID && n.ID != m.ID && slices.ContainsFunc(s.w.verdicts, func(r verdictRow) bool {
			return n.VerdictID != nil && r.id == *n.VerdictID && (r.verdict.Decision == moderation.Spam || r.verdict.Decision == moderation.Block)
		})
	}
	if more {
		return "", nil
	}
	v.Spam, v.HandlerReason = false, "judged"
	s.waits(v, m.At)
	return "; harmless now, and filed for what it said before: out of the spam folder, for a person", nil
}

const sqlMoreSpam = `
SELECT EXISTS (SELECT 1 FROM messages m JOIN verdicts d ON d.workspace_id = m.workspace_id AND d.id = m.verdict_id
    WHERE m.workspace_id = $1 AND m.conversation_id = $2 AND m.id <> $3 AND m.direction = 'in' AND m.deleted_at IS NULL AND d.decision IN ('spam','block'))`
