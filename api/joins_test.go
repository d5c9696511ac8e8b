package api_test

import (
	"fmt"
	"testing"

	"ponte/api"
	"ponte/auth"
)

func (s *scene) panel(contact int64) api.IdentityPanel {
	s.t.Helper()
	var v api.ContactDetail
	s.must(200, "GET", fmt.Sprintf("/api/v1/contacts/%d", contact), s.cookie[auth.Agent], nil, &v)
	for _, i := range v.Identities {
		if i.ID == s.home.identity {
			return i
		}
	}
	return api.IdentityPanel{}
}

// TestUnjoinAndBack: parting moves the identity with all it has, and says so; it can be taken back on the
// same evidence, and both stay on record.
func TestUnjoinAndBack(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	to, from := s.home.contact, s.id(`SELECT from_contact FROM identity_joins WHERE id = $1`, s.home.join)
	unjoin, rejoin := fmt.Sprintf("/api/v1/identities/%d/unjoin", s.home.identity), fmt.Sprintf("/api/v1/identities/%d/rejoin", s.home.identity)
	body := map[string]any{"join_id": s.home.join}
	where := func(want int64) {
		t.Helper()
		for _, table := range []string{"identities", "threads", "conversations", "comments"} {
			if got := s.id(`SELECT contact_id FROM ` + table + ` WHERE workspace_id = ` + fmt.Sprint(s.home.id) + ` LIMIT 1`); got != want {
				t.Errorf("%s are with contact %d, want %d", table, got, want)
			}
		}
	}
	if p := s.panel(to); p.Join == nil || p.Join.ID != s.home.join || p.Parted != nil {
		t.Fatalf("joined, the identity is shown as %+v", p)
	}
	if res := s.do("POST", rejoin, s.cookie[auth.Agent], body); res.status != 409 {
		t.Errorf("repeating a join that stands: %d", res.status)
	}
	s.must(204, "POST", unjoin, s.cookie[auth.Agent], body, nil)
	where(from)
	if p := s.panel(from); p.Join != nil || p.Parted == nil || p.Parted.JoinID != s.home.join || p.Parted.ContactID != to || p.Parted.By == "" {
		t.Errorf("parted, the identity is shown as %+v", p)
	}
	if res := s.do("POST", unjoin, s.cookie[auth.Agent], body); res.status != 404 {
		t.Errorf("parting a second time: %d", res.status)
	}
	s.must(204, "POST", rejoin, s.cookie[auth.Agent], body, nil)
	where(to)
	p := s.panel(to)
	if p.Join == nil || p.Join.ID == s.home.join || p.Join.How != "handoff" || p.Join.By == "" || p.Parted != nil {
		t.Errorf("joined again, the identity is shown as %+v", p)
	}
	if res := s.do("POST", rejoin, s.cookie[auth.Agent], body); res.status != 409 {
		t.Errorf("repeating a second time: %d", res.status)
	}
}

// TestJoinEvidence: who was given the reference, when it was used, and after which comment, post and
// trigger; the same stands on the conversation.
func TestJoinEvidence(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	h := s.home
	s.exec(`UPDATE identities SET username = 'giuli.fer' WHERE id = $1`, h.identity)
	handoff := s.id(`INSERT INTO handoffs (workspace_id, hash, account_id, contact_id, identity_id, trigger_id, post_id, comment_id, expires_at, used_at, used_by)
VALUES ($1, 'h', $2, $3, $4, $5, $6, $7, now() + interval '1 day', now(), $4) RETURNING id`, h.id, h.whatsapp, h.contact, h.identity, h.trigger, h.post, h.comment)
	s.exec(`UPDATE identity_joins SET evidence = jsonb_build_object('handoff_id', $2::bigint, 'event_id', 1) WHERE id = $1`, h.join, handoff)
	s.exec(`UPDATE conversations SET origin = jsonb_build_object('handoff_id', $2::bigint, 'comment_id', $3::bigint, 'trigger_id', $4::bigint) WHERE id = $1`, h.conversation, handoff, h.comment, h.trigger)
	var v api.ConversationDetail
	s.must(200, "GET", h.talk(""), s.cookie[auth.Agent], nil, &v)
	proof := s.panel(h.contact).Join.Proof
	if proof == nil || proof.HandoffID != handoff || proof.GivenTo != "@giuli.fer" || proof.UsedAt == nil {
		t.Fatalf("the proof is %+v", proof)
	}
	for what, got := range map[string]api.Provenance{"proof": proof.Provenance, "conversation": *v.CameFrom} {
		if got.Comment == nil || got.Comment.ID != h.comment || got.Post == nil || got.Post.ID != h.post || got.Trigger == nil || got.Trigger.ID != h.trigger || got.Trigger.Text == "" || got.Comment.Text == "" {
			t.Errorf("the %s came from %+v", what, got)
		}
	}
}

// TestAnEmptiedContactIsNotListed: a join leaves a contact without identities, which is nobody to look for.
func TestAnEmptiedContactIsNotListed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var page api.Page[api.Contact]
	s.must(200, "GET", "/api/v1/contacts", s.cookie[auth.Agent], nil, &page)
	if len(page.Items) != 1 || page.Items[0].ID != s.home.contact {
		t.Errorf("listed %+v, want the one with an identity", page.Items)
	}
}
