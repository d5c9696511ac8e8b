package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ponte/api"
	"ponte/auth"
)

func TestAReplyForLaterWaitsAndIsCancelled(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	send := func(status int, body map[string]any) string {
		t.Helper()
		body["revision"] = 3
		return s.must(status, "POST", s.home.talk("messages"), s.cookie[auth.Agent], body, nil)
	}
	s.exec(`DELETE FROM scheduled_replies`)
	in := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
	send(422, map[string]any{"text": "too late", "send_at": in(-time.Hour)})
	send(422, map[string]any{"text": "the window is shut by then", "send_at": in(30 * time.Hour)})
	send(200, map[string]any{"text": "until tomorrow", "send_at": in(2 * time.Hour), "unless_written": true})
	var list api.Page[api.ScheduledReply]
	s.must(200, "GET", s.home.talk("scheduled"), s.cookie[auth.Agent], nil, &list)
	if len(list.Items) != 1 || list.Items[0].Text != "until tomorrow" || !list.Items[0].UnlessWritten {
		t.Fatalf("scheduled: %+v", list.Items)
	}
	var v api.Conversation
	s.must(200, "GET", s.home.talk(""), s.cookie[auth.Agent], nil, &v)
	if v.WaitingSince == nil {
		t.Error("nothing is answered yet, but nobody waits any more")
	}
	if got := s.text(`SELECT state FROM actions WHERE id = $1`, s.home.action); got != "planned" {
		t.Errorf("the bot's answer is %s before the member's has been said", got)
	}
	cancel := fmt.Sprintf("/api/v1/scheduled-replies/%d/cancel", list.Items[0].ID)
	s.must(204, "POST", cancel, s.cookie[auth.Agent], nil, nil)
	s.must(409, "POST", cancel, s.cookie[auth.Agent], nil, nil)
	if n := s.id(`SELECT count(*) FROM messages WHERE text = 'until tomorrow'`); n != 0 {
		t.Error("what was never said stands in the thread")
	}
}

func TestNotesBelongToWhoWroteThem(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var n api.ConversationNote
	mention := []int64{s.user[auth.Supervisor], s.user[auth.Moderator]}
	s.must(200, "POST", s.home.talk("notes"), s.cookie[auth.Agent], map[string]any{"text": "ask @her", "mentions": mention}, &n)
	path := fmt.Sprintf("/api/v1/notes/%d", n.ID)
	s.must(422, "POST", s.home.talk("notes"), s.cookie[auth.Agent], map[string]any{"text": "x", "mentions": []int64{s.other.member}}, nil)
	s.must(200, "PUT", path, s.cookie[auth.Agent], map[string]any{"text": "ask her again", "mentions": mention}, &n)
	if n.Text != "ask her again" || n.EditedAt == nil {
		t.Errorf("%+v", n)
	}
	var told api.Notifications
	s.must(200, "GET", "/api/v1/notifications", s.cookie[auth.Moderator], nil, &told)
	if told.Unread != 1 || told.Items[0].Kind != "mention" || strings.Contains(string(told.Items[0].Data), "ask") {
		t.Errorf("told: %+v", told)
	}
	s.must(204, "POST", s.home.talk("read"), s.cookie[auth.Supervisor], nil, nil)
	s.must(200, "GET", "/api/v1/notifications?unread=true", s.cookie[auth.Supervisor], nil, &told)
	if told.Unread != 0 || len(told.Items) != 0 {
		t.Errorf("who has opened it is still told: %+v", told)
	}
	if res := s.do("PUT", fmt.Sprintf("/api/v1/notes/%d", s.home.note), s.cookie[auth.Agent], map[string]any{"text": "x"}); res.status != 403 {
		t.Errorf("somebody else's note was changed: %d", res.status)
	}
	s.must(204, "DELETE", path, s.cookie[auth.Supervisor], nil, nil)
	s.must(404, "DELETE", path, s.cookie[auth.Supervisor], nil, nil)
}

func TestViewsHaveTheirCounts(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	agent := s.cookie[auth.Agent]
	views := []string{"mine", "team", "unassigned", "waiting", "overdue", "snoozed", "spam", "all"}
	check := func(when, want string) {
		t.Helper()
		var counts map[string]int
		s.must(200, "GET", "/api/v1/conversation-counts", agent, nil, &counts)
		got := ""
		for _, v := range views {
			var page api.Page[api.Conversation]
			s.must(200, "GET", "/api/v1/conversations?state=open&view="+v, agent, nil, &page)
			if len(page.Items) != counts[v] {
				t.Errorf("%s: %s lists %d and counts %d", when, v, len(page.Items), counts[v])
			}
			if counts[v] > 0 {
				got += v + " "
			}
		}
		if strings.TrimSpace(got) != want {
			t.Errorf("%s: it is in %q, want %q", when, got, want)
		}
	}
	check("as it came", "unassigned waiting all")
	s.must(200, "PUT", fmt.Sprintf("/api/v1/teams/%d", s.home.team), s.cookie[auth.Supervisor], map[string]any{"name": "Care", "skills": []string{}, "languages": []string{}, "escalate_to": "", "member_ids": []int64{s.user[auth.Agent]}}, nil)
	s.must(200, "POST", s.home.talk("assign"), agent, map[string]any{"user_id": s.user[auth.Agent], "team": "Care", "note": "yours"}, nil)
	check("assigned", "mine team waiting all")
	s.must(200, "POST", s.home.talk("snooze"), agent, map[string]any{"until": time.Now().Add(time.Hour)}, nil)
	check("snoozed", "snoozed all")
	s.must(200, "POST", s.home.talk("unsnooze"), agent, nil, nil)
	s.exec(`UPDATE conversations SET overdue_at = now() - interval '1 minute', due_for = waiting_since WHERE id = $1`, s.home.conversation)
	check("overdue", "mine team waiting overdue all")
	var steps api.Page[api.ConversationStep]
	s.must(200, "GET", s.home.talk("steps"), agent, nil, &steps)
	var what []string
	for _, st := range steps.Items {
		what = append(what, st.What)
	}
	if got := strings.Join(what, " "); got != "transferred snoozed woken" || steps.Items[0].Note != "yours" {
		t.Errorf("steps: %s", got)
	}
}

func TestAnEndpointsSecretIsShownOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	owner := s.cookie[auth.Owner]
	for _, url := range []string{"http://hooks.example/", "https://127.0.0.1/", "https://192.168.1.4/x"} {
		s.must(422, "POST", "/api/v1/webhook-endpoints", owner, map[string]any{"url": url, "description": "", "kinds": []string{}}, nil)
	}
	var made api.NewWebhookEndpoint
	s.must(200, "POST", "/api/v1/webhook-endpoints", owner, map[string]any{"url": "https://hooks.example/in", "description": "CRM", "kinds": []string{"sla.breach"}}, &made)
	if !strings.HasPrefix(made.Secret, "whsec_") {
		t.Fatalf("%+v", made)
	}
	if body := s.must(200, "GET", "/api/v1/webhook-endpoints", owner, nil, nil); strings.Contains(body, made.Secret) {
		t.Error("the secret is shown again")
	}
	if n := s.id(`SELECT count(*) FROM webhook_endpoints e WHERE strpos(e::text, $1) > 0`, made.Secret); n != 0 {
		t.Error("the secret is stored as it is")
	}
}
