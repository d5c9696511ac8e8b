package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ponte/channels"
	"ponte/channels/network"
	"ponte/inbox"
)

// Meta lists templates in pages and may give fewer than were asked for: a paused one on the last is named.
func TestEveryPageOfTemplatesIsExamined(t *testing.T) {
	t.Parallel()
	pages := map[string]string{"": "spring APPROVED b", "b": "visit APPROVED c", "c": "order PAUSED "}
	graph := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := strings.Split(pages[r.URL.Query().Get("after")], " ")
		next := ""
		if p[2] != "" {
			next = `,"next":"https://graph.facebook.com/v25.0/200/message_templates?after=` + p[2] + `"`
		}
		fmt.Fprintf(w, `{"data":[{"id":"1","name":%q,"status":%q,"language":"en","category":"UTILITY"}],"paging":{"cursors":{"before":"a","after":%q}%s}}`, p[0], p[1], p[2], next)
	}))
	t.Cleanup(graph.Close)
	v := &service{network: network.New(5 * time.Second)}
	var out findings
	v.examineTemplates(t.Context(), inbox.Account{Channel: "whatsapp"}, channels.Account{Channel: channels.WhatsApp, ID: "210", WABA: "200", BaseURL: graph.URL + "/v25.0", Token: "t"}, true, &out)
	if len(out) != 1 || out[0].OK || out[0].Detail != "2 approved; order (en) PAUSED" {
		t.Errorf("the templates are %+v", out)
	}
}

func TestATokenThatHasEndedIsNotToBeRenewedInTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		valid  bool
		ends   time.Duration
		checks int
	}{"has ended": {false, -time.Hour, 1}, "ends soon": {true, time.Hour, 2}, "refused, though it goes on": {false, 48 * time.Hour, 2}} {
		var out findings
		out.token(channels.Health{TokenValid: c.valid, TokenExpires: time.Now().Add(c.ends), Missing: []string{"it is refused"}})
		if len(out) != c.checks {
			t.Errorf("%s: %+v", name, out)
		}
	}
}

// A token may be good in itself, and none for the account.
func TestATokenOfAnotherAccountIsNotWell(t *testing.T) {
	t.Parallel()
	for want, failure := range map[bool]*channels.Failure{
		false: {Class: channels.GiveUp, Reason: "gone", Code: 100, Subcode: 33},
		true:  {Class: channels.Retry, Reason: "outage"}, // says nothing of the token
	} {
		var out findings
		out.token(channels.Health{TokenValid: true, Failure: failure, Missing: []string{"account: not visible"}})
		if len(out) != 1 || out[0].OK != want {
			t.Errorf("%s: %+v", failure.Reason, out)
		}
	}
}

// Instagram Login tells nobody which permissions a token has: no setting of whoever runs ponte is to blame.
func TestPermissionsThatNobodyTells(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{"": "permissions_untold", "11": "permissions_unread"} {
		var out findings
		out.granted(inbox.Account{Channel: "instagram", PageID: page, BaseURL: "https://graph.example/v25.0"}, channels.Health{TokenValid: true})
		if out[0].Code != want || !out[0].OK {
			t.Errorf("page %q: %+v", page, out[0])
		}
	}
}
