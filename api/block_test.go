package api_test

import (
	"fmt"
	"testing"
	"time"

	"ponte/api"
	"ponte/auth"
)

func TestStrikesStandOnThePersonAndGoWithTheHide(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	path := fmt.Sprint("/api/v1/contacts/", s.home.contact)
	s.exec(`UPDATE workspaces SET settings = '{"policy":{"strikes":{"days":30,"review":1,"block":3}}}' WHERE id = $1`, s.home.id)
	look := func(count int, consequence string) {
		t.Helper()
		var c api.ContactDetail
		s.must(200, "GET", path, s.cookie[auth.Analyst], nil, &c)
		if c.Strikes.Count != count || c.Strikes.Consequence != consequence || len(c.Strikes.Comments) != count || c.Strikes.Days != 30 {
			t.Errorf("%+v, want %d and %s", c.Strikes, count, consequence)
		}
	}
	look(1, "review")
	for i := range 2 {
		s.exec(`INSERT INTO comments (workspace_id, account_id, channel, external_id, root_external_id, contact_id, commented_at, decision) VALUES ($1, $2, 'facebook', $3, $3, $4, now(), 'hide')`, s.home.id, s.home.facebook, fmt.Sprint("more", i), s.home.contact)
	}
	s.exec(`INSERT INTO comments (workspace_id, account_id, channel, external_id, root_external_id, contact_id, commented_at, decision) VALUES ($1, $2, 'facebook', 'old', 'old', $3, now() - interval '31 days', 'hide')`, s.home.id, s.home.facebook, s.home.contact)
	look(3, "block_proposed")
	s.must(200, "POST", fmt.Sprintf("/api/v1/comments/%d/unhide", s.home.comment), s.cookie[auth.Moderator], nil, nil)
	look(2, "review")
}

func TestABlockWaitsItsGraceAndCanBeTakenBack(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	path := fmt.Sprint("/api/v1/contacts/", s.home.contact)
	s.exec(`UPDATE actions SET state = 'done' WHERE workspace_id = $1`, s.home.id)
	actions := func() string {
		t.Helper()
		return s.text(`SELECT coalesce(string_agg(kind || ' ' || state, ', ' ORDER BY id), '') FROM actions WHERE workspace_id = $1 AND kind LIKE 'person.%'`, s.home.id)
	}
	var c api.ContactDetail
	s.must(200, "POST", path+"/block", s.cookie[auth.Moderator], map[string]any{"reason": "five hidden comments"}, &c)
	if c.BlockedAt == nil || actions() != "person.block planned" {
		t.Fatalf("blocked at %v: %s", c.BlockedAt, actions())
	}
	if n := s.id(`SELECT count(*) FROM actions WHERE kind = 'person.block' AND not_before > $1 AND call->>'phone' <> '' AND purpose = 'moderation' AND account_id = $2`, time.Now().Add(14*time.Minute), s.home.whatsapp); n != 1 {
		t.Error("the block does not wait its grace")
	}
	s.must(409, "POST", path+"/block", s.cookie[auth.Moderator], nil, nil)
	c = api.ContactDetail{}
	s.must(200, "POST", path+"/unblock", s.cookie[auth.Moderator], nil, &c)
	if c.BlockedAt != nil || actions() != "person.block cancelled" {
		t.Fatalf("taken back in time: %v, %s", c.BlockedAt, actions())
	}
	s.must(409, "POST", path+"/unblock", s.cookie[auth.Moderator], nil, nil)

	s.must(200, "POST", path+"/block", s.cookie[auth.Moderator], nil, nil)
	s.exec(`UPDATE actions SET state = 'done' WHERE kind = 'person.block' AND state = 'planned'`)
	s.must(200, "POST", path+"/unblock", s.cookie[auth.Moderator], nil, nil)
	if got := actions(); got != "person.block cancelled, person.block done, person.unblock planned" {
		t.Errorf("undone at the network: %s", got)
	}
	for verb, want := range map[string]int64{"contact.block": 2, "contact.unblock": 2} {
		if n := s.id(`SELECT count(*) FROM audit_log WHERE workspace_id = $1 AND verb = $2`, s.home.id, verb); n != want {
			t.Errorf("%d lines %s", n, verb)
		}
	}
}

func TestTheOverviewSaysWhoDecides(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var o api.Overview
	s.must(200, "GET", "/api/v1/overview", s.cookie[auth.Analyst], nil, &o)
	if o.LLM.State != "off" || o.LLM.Signals != "off" || o.LLM.Meaning == "" || o.LLM.BudgetTokens == 0 {
		t.Errorf("%+v", o.LLM)
	}
}
