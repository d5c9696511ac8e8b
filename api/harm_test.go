package api_test

import (
	"fmt"
	"testing"
	"time"

	"ponte/api"
	"ponte/auth"
	"ponte/consent"
)

// TestWhatIsReadSaysHowHarmfulItIs: nobody is to meet harm unprepared, so wherever a customer's words are given out, so
// is what was judged of them.
func TestWhatIsReadSaysHowHarmfulItIs(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	h := s.home
	agent := s.cookie[auth.Agent]
	judged := func(conversation int64, direction, text string, harm float64) {
		t.Helper()
		author := map[string]string{"in": "contact", "out": "member"}[direction]
		m := s.id(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, text, at) VALUES ($1, $2, $3, $4, $5, $6, $7, now()) RETURNING id`, h.id, h.whatsapp, h.thread, conversation, direction, author, text)
		if direction == "in" {
			s.exec(`UPDATE messages SET verdict_id = $2 WHERE id = $1`, m, s.id(`INSERT INTO verdicts (workspace_id, subject, subject_id, event_id, decision, tier, verdict) VALUES ($1, 'message', $2, $3, 'review', 'model', jsonb_build_object('harm', $4::float8)) RETURNING id`, h.id, m, h.event, harm))
		}
		s.exec(`UPDATE conversations SET preview = left($2, 139) || CASE WHEN length($2) > 139 THEN '…' ELSE '' END WHERE id = $1`, conversation, text)
	}
	insult := "you are worth nothing " + fmt.Sprintf("%0150d", 7)
	second := s.id(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, state, opened_at, resolved_at, last_message_at) VALUES ($1, $2, 'whatsapp', $3, $4, 'resolved', now(), now(), now()) RETURNING id`, h.id, h.whatsapp, h.thread, h.contact)
	judged(second, "in", insult, 0.9)
	shown := func() (listed, beside, ofPerson float64) {
		t.Helper()
		var list api.Page[api.Conversation]
		s.must(200, "GET", "/api/v1/conversations?state=resolved", agent, nil, &list)
		var one api.ConversationDetail
		s.must(200, "GET", fmt.Sprintf("/api/v1/conversations/%d", h.conversation), agent, nil, &one)
		var who api.ContactDetail
		s.must(200, "GET", fmt.Sprintf("/api/v1/contacts/%d", h.contact), agent, nil, &who)
		for _, e := range who.Conversations {
			if e.ID == second {
				ofPerson = e.PreviewHarm
			}
		}
		return list.Items[0].PreviewHarm, one.Earlier[0].PreviewHarm, ofPerson
	}
	if a, b, c := shown(); a != 0.9 || b != 0.9 || c != 0.9 {
		t.Errorf("an insult in the list, beside the conversation and beside the person: %v, %v, %v", a, b, c)
	}
	judged(second, "out", "we end this here", 0)
	if a, b, c := shown(); a != 0 || b != 0 || c != 0 {
		t.Errorf("our own answer stands there: %v, %v, %v", a, b, c)
	}
	var said api.Page[api.Message]
	s.must(200, "GET", fmt.Sprintf("/api/v1/conversations/%d/messages", second), agent, nil, &said)
	if len(said.Items) != 2 || said.Items[0].Harm != 0.9 || said.Items[1].Harm != 0 {
		t.Errorf("the messages: %+v", said.Items)
	}

	var passed struct {
		ID int64 `json:"conversation_id"`
	}
	s.must(200, "POST", fmt.Sprintf("/api/v1/comments/%d/pass", h.comment), s.cookie[auth.Moderator], map[string]any{}, &passed)
	var one api.ConversationDetail
	s.must(200, "GET", fmt.Sprintf("/api/v1/conversations/%d", passed.ID), agent, nil, &one)
	if one.PreviewHarm != 0.9 || one.CameFrom == nil || one.CameFrom.Comment == nil || one.CameFrom.Comment.Harm != 0.9 {
		t.Errorf("a comment that was passed on: %v, %+v", one.PreviewHarm, one.CameFrom)
	}
	s.must(200, "GET", fmt.Sprintf("/api/v1/conversations/%d/messages", passed.ID), agent, nil, &said)
	if said.Items[0].Harm != 0.9 {
		t.Errorf("its thread: %+v", said.Items)
	}
}

// TestNobodyIsJustUnknown: a person without a name is told by an id, and one who was erased as that, wherever a row
// names them.
func TestNobodyIsJustUnknown(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	h := s.home
	s.exec(`UPDATE contacts SET name = '' WHERE id = $1`, h.contact)
	s.exec(`UPDATE identities SET name = '' WHERE id = $1`, h.identity)
	s.exec(`INSERT INTO notifications (workspace_id, user_id, kind, conversation_id, object, dedupe) SELECT $1, u, 'mention', $2, '', 'x' || u FROM unnest(ARRAY[$3, $4]::bigint[]) u`, h.id, h.conversation, s.user[auth.Owner], s.user[auth.Analyst])
	phone := fmt.Sprintf("61412%06d", h.id)
	s.enter(consent.Grant, h.contact, h.identity, "whatsapp", "phone:"+phone, time.Now().Add(-time.Hour))
	s.enter(consent.Withdraw, h.contact, h.identity, "messenger", "messenger:7:998877665544", time.Now().Add(-time.Minute))
	rows := func(role auth.Role) (told api.Notification, lead api.ReceivedLead, entries []api.ConsentEntry) {
		t.Helper()
		var bell api.Notifications
		s.must(200, "GET", "/api/v1/notifications", s.cookie[role], nil, &bell)
		var leads api.Page[api.ReceivedLead]
		s.must(200, "GET", "/api/v1/leads", s.cookie[role], nil, &leads)
		var ledger api.Page[api.ConsentEntry]
		s.must(200, "GET", "/api/v1/consent", s.cookie[role], nil, &ledger)
		return bell.Items[0], leads.Items[0], ledger.Items
	}
	whole, masked := "+"+phone, "+61 4"
	told, lead, entries := rows(auth.Owner)
	if told.ContactKnown == nil || told.ContactKnown.ID != whole || lead.Known == nil || lead.Known.ID != whole || entries[1].Known == nil || entries[1].Known.ID != whole {
		t.Errorf("known by number: %+v, %+v, %+v", told.ContactKnown, lead.Known, entries[1].Known)
	}
	if k := entries[0].Known; k == nil || k.Channel != "messenger" || k.ID != "…5544" {
		t.Errorf("known by a network's id: %+v", k)
	}
	told, lead, entries = rows(auth.Analyst)
	for _, k := range []*api.Known{told.ContactKnown, lead.Known, entries[1].Known} {
		if k == nil || k.ID[:len(masked)] != masked || k.ID == whole {
			t.Errorf("an analyst sees %+v", k)
		}
	}
	s.must(204, "POST", fmt.Sprintf("/api/v1/contacts/%d/erase", h.contact), s.cookie[auth.Owner], nil, nil)
	told, lead, entries = rows(auth.Owner)
	if !told.ContactErased || told.ContactKnown != nil || !lead.Erased || lead.Known != nil || !entries[0].Erased || entries[0].Known != nil {
		t.Errorf("after erasing: %+v, %+v, %+v", told, lead, entries[0])
	}
}
