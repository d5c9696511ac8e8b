package api_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"ponte/api"
	"ponte/auth"
	"ponte/inbox"
)

// Before a number goes from which people were written to, whoever removes it is warned; where it is meant, an
// item says until when people must be able to answer. The brand's contact is watched in the same way.
func TestCase11RemovingANumberOrAContactThatPeopleWereTold(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	fresh := s.id(`INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed, waba_id, phone) VALUES ($1, 'whatsapp', 'r-' || $1::bigint, 'http://127.0.0.1', 'x', 'w9', '61400000009') RETURNING id`, s.home.id)
	path := fmt.Sprintf("/api/v1/accounts/%d", fresh)
	s.exec(`INSERT INTO actions (workspace_id, account_id, kind, purpose, origin, call, token, dedupe, not_before, valid_until, state, reason, meaning, sent_at, done_at)
		VALUES ($1, $2, 'template.send', 'promotional', 'api', '{}', 'reach', 'reach', now(), now() + interval '1 day', 'done', '', '', now() - interval '2 days', now())`, s.home.id, fresh)
	res := s.do("DELETE", path, s.cookie[auth.Owner], nil)
	if res.status != 409 || !strings.Contains(string(res.body), "1 messages") {
		t.Fatalf("%d %s", res.status, res.body)
	}
	if n := s.id(`SELECT count(*) FROM accounts WHERE id = $1 AND removed_at IS NULL`, fresh); n != 1 {
		t.Fatal("it was removed all the same")
	}
	s.must(204, "DELETE", path+"?acknowledged=true", s.cookie[auth.Owner], nil, nil)
	if got := s.text(`SELECT matched || ' ' || state || ' ' || (until > now() + interval '27 days' AND until < now() + interval '29 days') FROM compliance_items WHERE account_id = $1`, fresh); got != "removed open true" {
		t.Errorf("the item: %s", got)
	}
	var w api.Workspace
	s.must(200, "GET", "/api/v1/workspace", s.cookie[auth.Owner], nil, &w)
	for _, contact := range []string{"hello@kayak.example", "hello@kayak.example", "care@kayak.example"} {
		w.WorkspaceInput.Contact = contact
		s.must(200, "PUT", "/api/v1/workspace", s.cookie[auth.Owner], w.WorkspaceInput, nil)
	}
	var list api.Page[api.ComplianceItem]
	s.must(200, "GET", "/api/v1/compliance", s.cookie[auth.Admin], nil, &list)
	told := ""
	for _, i := range list.Items {
		if i.Kind == "unreachable" {
			told += fmt.Sprintf("%s %s %s %v; ", i.Matched, i.AccountName, i.Detail, i.Until != nil && i.ContactID == nil)
		}
	}
	if want := fmt.Sprintf("removed r-%d  true; contact changed  hello@kayak.example true; ", s.home.id); told != want {
		t.Errorf("the queue: %s, want %s", told, want)
	}
}

// The network is asked to end a removed account's webhooks, with the token it had; a refusal keeps nobody from
// removing it.
func TestARemovedAccountGetsNoMoreWebhooks(t *testing.T) {
	t.Parallel()
	for refusal, want := range map[string]string{"": "ended", "the token is dead": "not ended"} {
		var asked inbox.Account
		s := newScene(t, func(d *api.Deps) {
			d.Unsubscribe = func(_ context.Context, a inbox.Account) (string, error) {
				if asked = a; refusal != "" {
					return "", errors.New(refusal)
				}
				return "ended", nil
			}
		})
		id := s.id(`INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed) VALUES ($1, 'instagram', 'gone', 'http://127.0.0.1', 'sealed') RETURNING id`, s.home.id)
		s.must(204, "DELETE", fmt.Sprintf("/api/v1/accounts/%d", id), s.cookie[auth.Owner], nil, nil)
		if asked.ID != id || string(asked.TokenSealed) != "sealed" {
			t.Errorf("the network was asked for %+v", asked)
		}
		if got := s.text(`SELECT state || ' ' || octet_length(token_sealed) FROM accounts WHERE id = $1`, id); got != "removed 0" {
			t.Errorf("the account is %q", got)
		}
		if got := s.text(`SELECT detail->>'webhooks' FROM audit_log WHERE verb = 'account.unsubscribe'`); got != want {
			t.Errorf("written down: %q, want %q", got, want)
		}
	}
}
