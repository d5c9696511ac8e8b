package api_test

import (
	"fmt"
	"strings"
	"testing"

	"ponte/api"
	"ponte/auth"
)

// TestTeams: a conversation is given to a team beside its assignee, the list narrows by team, and leaving
// the team out of an assignment leaves it as it was.
func TestTeams(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	assign := func(body map[string]any) api.Conversation {
		t.Helper()
		var v api.Conversation
		s.must(200, "POST", s.home.talk("assign"), s.cookie[auth.Agent], body, &v)
		return v
	}
	// A bot's word, which nobody has made a team of, is known by what carries it.
	s.exec(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, state, resolved_at, handler, team, opened_at, last_message_at) SELECT workspace_id, account_id, channel, thread_id, contact_id, 'resolved', now(), 'human', 'sales', now(), now() FROM conversations WHERE id = $1`, s.home.conversation)
	if v := assign(map[string]any{"user_id": nil, "team": " sales "}); v.Team != "sales" {
		t.Errorf("given to %q", v.Team)
	}
	if v := assign(map[string]any{"user_id": s.user[auth.Agent]}); v.Team != "sales" || v.Assignee == nil {
		t.Errorf("an assignment to a member moved the team: %+v", v)
	}
	var teams api.Page[api.Team]
	s.must(200, "GET", "/api/v1/teams", s.cookie[auth.Agent], nil, &teams)
	if last := teams.Items[len(teams.Items)-1]; len(teams.Items) != 2 || last.ID != 0 || last.Name != "sales" || last.Open != 1 {
		t.Errorf("teams: %+v, want the one that was made and the name in use", teams.Items)
	}
	for team, want := range map[string]int{"sales": 2, "support": 0, "": 2} {
		var page api.Page[api.Conversation]
		s.must(200, "GET", "/api/v1/conversations?team="+team, s.cookie[auth.Agent], nil, &page)
		if len(page.Items) != want {
			t.Errorf("team %q has %d conversations, want %d", team, len(page.Items), want)
		}
	}
	if v := assign(map[string]any{"user_id": nil, "team": ""}); v.Team != "" || v.Assignee != nil {
		t.Errorf("not taken back: %+v", v)
	}
}

// TestNobodyIsGivenWhatTheyCannotAnswer: a conversation goes to members who are there and to teams that are.
func TestNobodyIsGivenWhatTheyCannotAnswer(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	gone := s.id(`INSERT INTO teams (workspace_id, name) VALUES ($1, 'gone') RETURNING id`, s.home.id)
	s.exec(`UPDATE conversations SET team = 'gone' WHERE id = $1`, s.home.conversation)
	s.must(204, "DELETE", fmt.Sprintf("/api/v1/teams/%d", gone), s.cookie[auth.Owner], nil, nil)
	off := s.addUser(s.home.id, "off@home.example", auth.Agent)
	s.exec(`UPDATE users SET disabled_at = now() WHERE id = $1`, off)
	for _, c := range []struct {
		body map[string]any
		want int
		says string
	}{
		{map[string]any{"user_id": off}, 422, "switched off"},
		{map[string]any{"user_id": off, "note": "yours"}, 422, "switched off"},
		{map[string]any{"user_id": s.user[auth.Analyst]}, 422, "nobody of this workspace who answers"},
		{map[string]any{"user_id": s.other.member}, 422, "nobody of this workspace who answers"},
		{map[string]any{"user_id": nil, "team": "gone"}, 422, "there is no team «gone»"},
		{map[string]any{"user_id": s.user[auth.Agent], "team": "slaes"}, 422, "there is no team «slaes»"},
		{map[string]any{"user_id": s.user[auth.Agent], "team": ""}, 200, ""},
	} {
		res := s.do("POST", s.home.talk("assign"), s.cookie[auth.Supervisor], c.body)
		if res.status != c.want || !strings.Contains(res.body, c.says) {
			t.Errorf("%v: %d %s, want %d and %q", c.body, res.status, res.body, c.want, c.says)
		}
	}
}

// What a member had who is removed is nobody's again, and its steps say so.
func TestARemovedMembersConversationsSaySo(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.must(200, "POST", s.home.talk("assign"), s.cookie[auth.Supervisor], map[string]any{"user_id": s.user[auth.Agent]}, nil)
	s.must(204, "DELETE", fmt.Sprintf("/api/v1/members/%d", s.user[auth.Agent]), s.cookie[auth.Owner], nil, nil)
	if got := s.text(`SELECT string_agg(what || ' ' || coalesce(detail->>'why', ''), ', ' ORDER BY id) FROM conversation_steps WHERE conversation_id = $1`, s.home.conversation); !strings.HasSuffix(got, "unassigned removed") {
		t.Errorf("the steps are %q", got)
	}
	if got := s.text(`SELECT (assignee_id IS NULL)::text FROM conversations WHERE id = $1`, s.home.conversation); got != "true" {
		t.Error("it is still theirs")
	}
}

// What a member did stays theirs when they have left.
func TestWhoWasRemovedKeepsTheirName(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`UPDATE users SET name = 'Sue Perry' WHERE id = $1`, s.user[auth.Supervisor])
	second, _ := s.person("Second", "instagram", "4711", "")
	merged := fmt.Sprintf("/api/v1/contacts/%d/merges", s.home.contact)
	s.must(200, "POST", fmt.Sprintf("/api/v1/contacts/%d/merge", s.home.contact), s.cookie[auth.Supervisor], map[string]any{"from_id": second, "reason": "said so"}, nil)
	s.must(204, "DELETE", fmt.Sprintf("/api/v1/members/%d", s.user[auth.Supervisor]), s.cookie[auth.Owner], nil, nil)
	var list api.Page[api.Merge]
	s.must(200, "GET", merged, s.cookie[auth.Owner], nil, &list)
	if len(list.Items) == 0 || list.Items[0].By != "Sue Perry" {
		t.Errorf("merged by: %+v", list.Items)
	}
}

// A conversation whose team has ended is every team's: it says so, who was passed over may get it, and its deadlines are
// counted anew by the hours of all.
func TestATeamThatEndsLetsItsConversationsGo(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`UPDATE conversations SET team = (SELECT name FROM teams WHERE id = $2), refused_by = ARRAY[$3::bigint], due_for = waiting_since WHERE id = $1`, s.home.conversation, s.home.team, s.user[auth.Agent])
	s.must(204, "DELETE", fmt.Sprintf("/api/v1/teams/%d", s.home.team), s.cookie[auth.Owner], nil, nil)
	if got := s.text(`SELECT concat_ws(' ', team, refused_by::text, due_for IS NULL) FROM conversations WHERE id = $1`, s.home.conversation); got != " {} t" {
		t.Errorf("the conversation is %q", got)
	}
	if got := s.text(`SELECT what || ' ' || (detail ->> 'why') FROM conversation_steps WHERE conversation_id = $1 ORDER BY id DESC LIMIT 1`, s.home.conversation); got != "team team_ended" {
		t.Errorf("the step says %q", got)
	}
	if n := s.id(`SELECT count(*) FROM changes WHERE topic = 'conversation' AND object_id = $1`, s.home.conversation); n == 0 {
		t.Error("open pages do not hear of it")
	}
}
