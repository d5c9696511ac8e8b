package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ponte/api"
	"ponte/auth"
	"ponte/consent"
)

func TestAComplaintByLetterWaitsInTheQueueAndSuspendsOffers(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC) // Friday afternoon in Sydney
	s := newScene(t, func(d *api.Deps) { d.Now = func() time.Time { return now } })
	s.exec(`DELETE FROM compliance_items WHERE workspace_id = $1`, s.home.id)
	one, wa := s.person("Ana", "whatsapp", "BSUID-A", "61491570156")
	s.enter(consent.Grant, one, wa, "whatsapp", "phone:61491570156", now.Add(-time.Hour))
	s.must(204, "POST", "/api/v1/compliance", s.cookie[auth.Agent], map[string]any{"kind": "authority", "contact_id": one, "how": "letter"}, nil)
	if got := s.standing(one, wa, "whatsapp"); got != consent.Doubtful {
		t.Errorf("offers stand at %q", got)
	}
	level := func() string {
		t.Helper()
		var list api.Page[api.ComplianceItem]
		s.must(200, "GET", "/api/v1/compliance", s.cookie[auth.Admin], nil, &list)
		if len(list.Items) != 1 || list.Items[0].ContactName != "Ana" {
			t.Fatalf("%+v", list)
		}
		return list.Items[0].Level
	}
	for hours, want := range map[int]string{0: "waiting", 48: "waiting", 73: "alarm", 24*6 + 1: "breach"} {
		at := now
		now = now.Add(time.Duration(hours) * time.Hour)
		if got := level(); got != want {
			t.Errorf("after %d hours: %s, want %s", hours, got, want)
		}
		now = at
	}
	id := s.id(`SELECT id FROM compliance_items WHERE contact_id = $1`, one)
	s.must(204, "POST", fmt.Sprintf("/api/v1/compliance/%d/resolve", id), s.cookie[auth.Admin], map[string]any{"resolution": "answered by letter"}, nil)
	if res := s.do("POST", fmt.Sprintf("/api/v1/compliance/%d/resolve", id), s.cookie[auth.Admin], map[string]any{"resolution": "again"}); res.status != 404 {
		t.Errorf("resolved twice: %d", res.status)
	}
	s.must(204, "POST", fmt.Sprintf("/api/v1/contacts/%d/consent", one), s.cookie[auth.Agent], map[string]any{"act": "confirm", "channel": "whatsapp", "purpose": "promotional", "how": "phone", "evidence_text": "wants to go on", "at": now.Add(time.Minute).Format(time.RFC3339Nano)}, nil)
	if got := s.standing(one, wa, "whatsapp"); got != consent.Granted {
		t.Errorf("after the person said that they go on: %q", got)
	}
}

func TestWithdrawalsOfAnotherSystem(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	one, wa := s.person("Ana", "whatsapp", "BSUID-A", "61491570156")
	hour := time.Now().Add(-time.Hour)
	s.enter(consent.Grant, one, wa, "whatsapp", "phone:61491570156", hour)
	tell := func(phone string, at time.Time) {
		t.Helper()
		s.must(204, "POST", "/api/v1/withdrawals", s.cookie[auth.Agent], map[string]any{"phone": phone, "purpose": "promotional", "at": at.Format(time.RFC3339Nano), "source": "crm", "evidence_id": "ticket 7"}, nil)
	}
	tell("+61 491 570 156", hour.Add(-time.Hour))
	if got := s.standing(one, wa, "whatsapp"); got != consent.Granted {
		t.Errorf("an older withdrawal that came late: %q", got)
	}
	tell("+61 491 570 156", hour.Add(time.Minute))
	if got := s.standing(one, wa, "whatsapp"); got != consent.Withdrawn {
		t.Errorf("a newer withdrawal: %q", got)
	}
	before := s.text(`SELECT count(*)::text FROM identities`)
	tell("+61 491 570 157", hour)
	if after := s.text(`SELECT count(*)::text FROM identities`); after != before {
		t.Error("somebody nobody knows was made known by their withdrawal")
	}
	if got := s.holding("61491570157"); len(got) > 0 {
		t.Errorf("the number of nobody's acquaintance stands in %v", got)
	}
	if rep, err := s.ledger().Verify(t.Context(), s.db, s.home.id, nil); err != nil || !rep.OK() {
		t.Errorf("%+v %v", rep, err)
	}
}

func TestListsByWhereOffersStandAndTheProofThatGoesOut(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	one, wa := s.person("Ana", "whatsapp", "BSUID-A", "61491570156")
	two, _ := s.person("Bo", "instagram", "ig", "")
	s.exec(`UPDATE contacts SET labels = '{vip}', language = 'ro' WHERE id = $1`, two)
	s.enter(consent.Grant, one, wa, "whatsapp", "phone:61491570156", time.Now().Add(-time.Hour))
	for query, want := range map[string]string{"consent=granted": "Ana", "label=vip": "Bo", "language=ro": "Bo", "channel=instagram": "Bo", "consent=none&channel=instagram": "Bo", "consent=withdrawn": ""} {
		var list api.Page[api.Contact]
		s.must(200, "GET", "/api/v1/contacts?"+query, s.cookie[auth.Analyst], nil, &list)
		var names []string
		for _, c := range list.Items {
			names = append(names, c.Name)
		}
		if got := strings.Join(names, ","); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	res := s.do("GET", fmt.Sprintf("/api/v1/contacts/%d/evidence", one), s.cookie[auth.Admin], nil)
	if res.status != 200 || !strings.Contains(res.body, `"address": "phone:61491570156"`) || !strings.Contains(res.body, `"format": 2`) {
		t.Errorf("%d %s", res.status, res.body)
	}
	if res := s.do("GET", fmt.Sprintf("/api/v1/contacts/%d/evidence.pdf", one), s.cookie[auth.Admin], nil); res.status != 200 || !strings.HasPrefix(res.body, "%PDF-") {
		t.Errorf("%d", res.status)
	}
	if res := s.do("GET", fmt.Sprintf("/api/v1/contacts/%d/evidence", one), s.cookie[auth.Analyst], nil); res.status != 403 {
		t.Errorf("somebody who sees no numbers took the proof: %d", res.status)
	}
	if n := s.text(`SELECT count(*)::text FROM audit_log WHERE verb = 'consent.evidence'`); n != "2" {
		t.Errorf("%s of 2 downloads are written down", n)
	}
}
