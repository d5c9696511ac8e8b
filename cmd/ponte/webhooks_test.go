package main

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"ponte/channels"
	"ponte/inbox"
	"ponte/secret"
	"ponte/testkit"
)

// A removed account's webhooks end with it, unless another account gets its own by the same subscription.
func TestARemovedAccountEndsItsWebhooks(t *testing.T) {
	t.Parallel()
	var calls []string
	refuse := false
	graph := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls = append(calls, r.Method+" "+r.URL.Path)
		if refuse {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"error":{"code":190,"message":"expired"}}`))
			return
		}
		_, _ = w.Write([]byte(`{"success":true}`))
	}))
	t.Cleanup(graph.Close)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db := testkit.Database(t)
	keys, err := secret.NewKeyring("a secret key that is only used in tests")
	must(err)
	c, s := &config{}, &store{DB: db, Keys: keys}
	var ws, other int64
	must(db.Get(&ws, `INSERT INTO workspaces (name, brand) VALUES ('one', 'one') RETURNING id`))
	must(db.Get(&other, `INSERT INTO workspaces (name, brand) VALUES ('two', 'two') RETURNING id`))
	connect := func(workspace int64, channel, id, waba, page string) inbox.Account {
		a, err := inbox.AddAccount(t.Context(), db, keys, inbox.NewAccount{WorkspaceID: workspace, Channel: channel, ExternalID: id, BaseURL: graph.URL, Token: "token-" + id, WABAID: waba, Phone: map[bool]string{true: "+61400000000"}[waba != ""], PageID: page})
		must(err)
		return a
	}
	first, second := connect(ws, "whatsapp", "p1", "w1", ""), connect(other, "whatsapp", "p2", "w1", "")
	page, through, alone := connect(ws, "facebook", "f1", "", ""), connect(ws, "instagram", "i1", "", "f1"), connect(ws, "instagram", "i2", "", "")
	for _, step := range []struct {
		a          inbox.Account
		said, call string
	}{
		{first, "kept for another account", ""},
		{second, "ended", "DELETE /w1/subscribed_apps"},
		{page, "kept for another account", ""},
		{through, "ended", "DELETE /f1/subscribed_apps"},
		{alone, "ended", "DELETE /i2/subscribed_apps"},
	} {
		calls = nil
		must(inbox.RemoveAccount(t.Context(), db, step.a.WorkspaceID, step.a.ID))
		said, err := c.endWebhooks(t.Context(), s, step.a)
		if err != nil || said != step.said || step.call == "" && len(calls) > 0 || step.call != "" && !slices.Equal(calls, []string{step.call}) {
			t.Errorf("%s %s: %q, %v, calls %v", step.a.Channel, step.a.ExternalID, said, err, calls)
		}
	}
	refuse = true
	late := connect(ws, "instagram", "i3", "", "")
	must(inbox.RemoveAccount(t.Context(), db, ws, late.ID))
	if _, err := c.endWebhooks(t.Context(), s, late); err == nil {
		t.Error("a refusal is said to have worked")
	}
}

// Every command calls Meta as the configured app; the doctor took what another app had subscribed for ours.
func TestWhatAnotherAppSubscribedIsNotOurs(t *testing.T) {
	t.Parallel()
	graph := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/w1/subscribed_apps" {
			_, _ = w.Write([]byte(`{"data":[{"whatsapp_business_api_data":{"id":"999","name":"another"}}]}`))
			return
		}
		_, _ = w.Write([]byte(`{"id":"p1","verified_name":"Kayaks"}`))
	}))
	t.Cleanup(graph.Close)
	a := channels.Account{Channel: channels.WhatsApp, ID: "p1", WABA: "w1", BaseURL: graph.URL, Token: "token"}
	for app, want := range map[string]int{"77": 0, "999": 1} {
		c := &config{MetaAppID: app}
		if h := c.network(5*time.Second).Health(t.Context(), a, app); !h.TokenValid || len(h.Fields) != want {
			t.Errorf("as app %s: subscribed to %v, %+v", app, h.Fields, h)
		}
	}
}

// Whoever runs a script without reading its answer still learns that nothing will come from the account.
func TestAnAccountWithoutWebhooksIsWarnedOf(t *testing.T) {
	a := inbox.Account{Channel: "facebook", ExternalID: "11"}
	for _, c := range []struct {
		failure channels.Failure
		want    []string
	}{
		{channels.Failure{Class: channels.Reauthorise, Reason: "token_expired"}, []string{"facebook account 11 is kept, but does not work yet", "does not take its token"}},
		{channels.Failure{Class: channels.Reauthorise, Reason: "permission_missing"}, []string{"facebook account 11 is connected, but", "nothing comes from it yet", "ponte doctor"}},
		{channels.Failure{Class: channels.Retry, Reason: "outage"}, []string{"facebook account 11 is connected, but", "ponte doctor"}},
	} {
		var b strings.Builder
		sayUnsubscribed(&b, a, &c.failure)
		for _, want := range c.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: %q", c.failure.Reason, b.String())
			}
		}
	}
}
