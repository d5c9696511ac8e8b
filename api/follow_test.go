package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"ponte/api"
	"ponte/auth"
	"ponte/inbox"
)

// belongings gives a contact one row of everything that knows the person alone, and a booking that came by a
// thread of the identity.
func (s *scene) belongings(contact, identity int64, name string) (thread int64) {
	s.t.Helper()
	h := s.home
	lead := s.id(`INSERT INTO leads (workspace_id, account_id, external_id, contact_id, submitted_at, state, reason) VALUES ($1, $2, $3, $4, now(), 'kept', 'kept') RETURNING id`, h.id, h.facebook, "lead-"+name, contact)
	s.exec(`INSERT INTO goals (workspace_id, name, contact_id, source, dedupe, at) VALUES ($1, 'purchase', $2, 'api', $3, now())`, h.id, contact, "order-"+name)
	s.exec(`INSERT INTO bookings (workspace_id, service_id, contact_id, ref, starts_at, ends_at, state, made_by) VALUES ($1, $2, $3, $4, now(), now() + interval '1 hour', 'confirmed', 'user:1')`, h.id, h.service, contact, "R1"+name)
	thread = s.id(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id) VALUES ($1, $2, 'instagram', $3, $4) RETURNING id`, h.id, h.facebook, identity, contact)
	s.booked(thread, contact, "R2"+name)
	wording := s.id(`SELECT min(id) FROM consent_wordings WHERE workspace_id = $1`, h.id)
	s.exec(`INSERT INTO opt_ins (workspace_id, source, account_id, code_hash, wording_id, contact_id, actor, at, expires_at) VALUES ($1, 'in_store', $2, $3, $4, $5, 'user:1', now(), now() + interval '1 day')`, h.id, h.whatsapp, []byte(name), wording, contact)
	s.exec(`INSERT INTO number_handoffs (workspace_id, source, contact_id, lead_id, account_id, phone, template, wording_id, agreed_at, state) VALUES ($1, 'lead', $2, $3, $4, '61491570158', 'hello', $5, now(), 'agreed')`, h.id, contact, lead, h.whatsapp, wording)
	s.exec(`INSERT INTO compliance_items (workspace_id, kind, contact_id, matched, opened_at, due_at, breach_at) VALUES ($1, 'access', $2, 'access', now(), now() + interval '1 day', now() + interval '4 days')`, h.id, contact)
	return thread
}

func (s *scene) booked(thread, contact int64, ref string) {
	s.t.Helper()
	s.exec(`INSERT INTO bookings (workspace_id, service_id, contact_id, thread_id, ref, starts_at, ends_at, state, made_by) VALUES ($1, $2, $3, $4, $5, now(), now() + interval '1 hour', 'confirmed', 'flow:1')`, s.home.id, s.home.service, contact, thread, ref)
}

// has counts what a contact has.
func (s *scene) has(contact int64) string {
	s.t.Helper()
	var out []string
	for _, table := range []string{"leads", "goals", "bookings", "opt_ins", "number_handoffs", "compliance_items"} {
		out = append(out, table+" "+s.text(`SELECT count(*)::text FROM `+table+` WHERE contact_id = $1`, contact))
	}
	return strings.Join(out, ", ")
}

func (s *scene) join(identity, from, to int64) int64 {
	s.t.Helper()
	s.tx(func(tx *sqlx.Tx) error {
		return inbox.JoinIdentity(s.t.Context(), tx, inbox.Join{WorkspaceID: s.home.id, IdentityID: identity, From: from, To: to, How: "handoff", Evidence: map[string]any{}, Actor: "system"})
	})
	return s.id(`SELECT max(id) FROM identity_joins WHERE identity_id = $1`, identity)
}

func (s *scene) tx(do func(tx *sqlx.Tx) error) {
	s.t.Helper()
	tx := s.db.MustBegin()
	defer tx.Rollback()
	if err := do(tx); err != nil {
		s.t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		s.t.Fatal(err)
	}
}

const (
	everything = "leads 1, goals 1, bookings 2, opt_ins 1, number_handoffs 1, compliance_items 1"
	nothing    = "leads 0, goals 0, bookings 0, opt_ins 0, number_handoffs 0, compliance_items 0"
)

// A person who comes over with a reference brings what they have, exactly as one whom a member merged; taking
// either back leaves every row as it was.
func TestJoiningMovesWhatMergingMoves(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	one, _ := s.person("Ana", "whatsapp", "BSUID-A", "61491570156")
	two, ig := s.person("Ana Maria", "instagram", "ig-A", "")
	s.belongings(two, ig, "a")
	before := s.rowsOf(one, two)

	s.must(200, "POST", fmt.Sprintf("/api/v1/contacts/%d/merge", one), s.cookie[auth.Agent], map[string]any{"from_id": two, "reason": "the same"}, nil)
	merged := s.has(one)
	s.must(204, "POST", fmt.Sprintf("/api/v1/contact-merges/%d/undo", s.id(`SELECT id FROM contact_merges WHERE into_contact = $1`, one)), s.cookie[auth.Agent], nil, nil)
	if after := s.rowsOf(one, two); after != before || merged != everything {
		t.Fatalf("merged, the one has %s; parted:\n%s\n→\n%s", merged, before, after)
	}

	join := s.join(ig, two, one)
	if s.has(one) != everything || s.has(two) != nothing {
		t.Errorf("joined, the one has %s, the other %s", s.has(one), s.has(two))
	}
	body := map[string]any{"join_id": join}
	s.must(204, "POST", fmt.Sprintf("/api/v1/identities/%d/unjoin", ig), s.cookie[auth.Agent], body, nil)
	if after := s.rowsOf(one, two); after != before {
		t.Errorf("unjoined, not as it was:\n%s\n→\n%s", before, after)
	}
	s.must(204, "POST", fmt.Sprintf("/api/v1/identities/%d/rejoin", ig), s.cookie[auth.Agent], body, nil)
	if s.has(one) != everything || s.has(two) != nothing {
		t.Errorf("rejoined, the one has %s, the other %s", s.has(one), s.has(two))
	}
	again := s.id(`SELECT max(id) FROM identity_joins WHERE identity_id = $1`, ig)
	s.must(204, "POST", fmt.Sprintf("/api/v1/identities/%d/unjoin", ig), s.cookie[auth.Agent], map[string]any{"join_id": again}, nil)
	if after := s.rowsOf(one, two); after != before {
		t.Errorf("unjoined again, not as it was:\n%s\n→\n%s", before, after)
	}
	var v api.ContactDetail
	s.must(200, "GET", fmt.Sprintf("/api/v1/contacts/%d", two), s.cookie[auth.Agent], nil, &v)
	if len(v.Identities) != 1 || v.Identities[0].Parted == nil {
		t.Errorf("the parted contact is shown as %+v", v.Identities)
	}
}

// Where somebody is left behind, only what came by the identity goes with it; what comes by it afterwards goes
// back with it.
func TestAJoinLeavesWhatIsNotTheIdentitys(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	one, _ := s.person("Ana", "whatsapp", "BSUID-A", "61491570156")
	two, ig := s.person("Ana Maria", "instagram", "ig-A", "")
	thread := s.belongings(two, ig, "a")
	s.exec(`INSERT INTO identities (workspace_id, contact_id, channel, external_id) VALUES ($1, $2, 'messenger', 'm-A')`, s.home.id, two)
	join := s.join(ig, two, one)
	if got := s.has(one); got != "leads 0, goals 0, bookings 1, opt_ins 0, number_handoffs 0, compliance_items 0" {
		t.Errorf("joined, the one has %s", got)
	}
	s.booked(thread, one, "LATER")
	s.must(204, "POST", fmt.Sprintf("/api/v1/identities/%d/unjoin", ig), s.cookie[auth.Agent], map[string]any{"join_id": join}, nil)
	if got := s.has(two); !strings.Contains(got, "bookings 3") || s.has(one) != nothing {
		t.Errorf("parted, the other has %s, the one %s", got, s.has(one))
	}
}

// Two people with an open matter of the same kind can be merged and joined; each matter stays open with its own deadline.
func TestMergingTwoOpenMatters(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	one, wa := s.person("Ana", "whatsapp", "BSUID-A", "61491570156")
	two, ig := s.person("Ana Maria", "instagram", "ig-A", "")
	s.belongings(one, wa, "a")
	s.belongings(two, ig, "b")
	before := s.rowsOf(one, two)
	s.must(200, "POST", fmt.Sprintf("/api/v1/contacts/%d/merge", one), s.cookie[auth.Agent], map[string]any{"from_id": two, "reason": "the same"}, nil)
	if got := s.text(`SELECT count(*)::text FROM compliance_items WHERE state = 'open' AND contact_id IN ($1, $2)`, one, two); got != "2" {
		t.Errorf("%s matters are open, want both", got)
	}
	s.must(204, "POST", fmt.Sprintf("/api/v1/contact-merges/%d/undo", s.id(`SELECT id FROM contact_merges WHERE into_contact = $1`, one)), s.cookie[auth.Agent], nil, nil)
	if after := s.rowsOf(one, two); after != before {
		t.Errorf("not as it was:\n%s\n→\n%s", before, after)
	}
	s.join(ig, two, one)
	if got := s.text(`SELECT count(*)::text FROM compliance_items WHERE state = 'open' AND contact_id IN ($1, $2)`, one, two); got != "2" {
		t.Errorf("%s matters are open after a join, want both", got)
	}
}

// Since when the workspace's clock is this one is noted when it is another, not when anything else is saved.
func TestATimeZoneIsSetOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`UPDATE workspaces SET time_zone = 'Europe/Rome', time_zone_at = '2020-01-01' WHERE id = $1`, s.home.id)
	for _, c := range []struct{ zone, want string }{{"Europe/Rome", "2020"}, {"Australia/Sydney", "now"}} {
		s.must(200, "PUT", "/api/v1/workspace", s.cookie[auth.Owner], map[string]any{"name": "home", "brand": "b", "legal_name": "", "contact": "", "time_zone": c.zone, "locale": "en", "country": "AU", "settings": map[string]any{}}, nil)
		if got := s.text(`SELECT CASE WHEN time_zone_at > now() - interval '1 hour' THEN 'now' ELSE to_char(time_zone_at, 'YYYY') END FROM workspaces WHERE id = $1`, s.home.id); got != c.want {
			t.Errorf("%s: since %s, want %s", c.zone, got, c.want)
		}
	}
}
