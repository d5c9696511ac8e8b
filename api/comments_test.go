package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ponte/api"
	"ponte/auth"
)

// actions lists a comment's actions as "kind state", the oldest first.
func (s *scene) actions(comment int64) []string {
	s.t.Helper()
	var out []string
	if err := s.db.Select(&out, `SELECT kind || ' ' || state FROM actions WHERE comment_id = $1 ORDER BY id`, comment); err != nil {
		s.t.Fatal(err)
	}
	return out
}

func same(got []string, want ...string) bool {
	return strings.Join(got, ", ") == strings.Join(want, ", ")
}

func (s *scene) onComment(verb string, id int64) string {
	return fmt.Sprintf("/api/v1/comments/%d/%s", id, verb)
}

func TestApprovingAHiddenComment(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	id := s.home.comment
	var c api.Comment
	s.must(200, "POST", s.onComment("approve", id), s.cookie[auth.Moderator], map[string]any{"reason": "only irony", "review_id": s.home.review}, &c)
	if c.Decision != "allow" || c.Verdict == nil || c.Verdict.Tier != "person" || c.Verdict.Harm != 0.9 || c.Review != nil || !strings.Contains(c.Verdict.Reasons[0].Text, "only irony") {
		t.Errorf("answer %+v %+v", c, c.Verdict)
	}
	if got := s.actions(id); !same(got, "comment.unhide planned") {
		t.Errorf("actions %v", got)
	}
	for what, query := range map[string]string{
		"a decided review":   `SELECT count(*) FROM review_items WHERE comment_id = $1 AND state = 'decided' AND outcome = 'approve' AND reason = 'only irony' AND decided_by IS NOT NULL`,
		"a person's verdict": `SELECT count(*) FROM verdicts WHERE subject_id = $1 AND subject = 'comment' AND tier = 'person' AND decision = 'allow' AND actor LIKE 'user:%'`,
		"a member's action":  `SELECT count(*) FROM actions WHERE comment_id = $1 AND origin = 'member' AND purpose = 'moderation' AND actor LIKE 'user:%'`,
		"an audit line":      `SELECT count(*) FROM audit_log WHERE verb = 'comment.approve' AND object = 'comment:' || $1 AND detail->>'from' = 'hide' AND detail::text NOT LIKE '%home words%'`,
		"an event":           `SELECT count(*) FROM events WHERE kind = 'comment.approved' AND (payload->>'comment_id')::bigint = $1 AND state = 'pending'`,
	} {
		if n := s.id(query, id); n != 1 {
			t.Errorf("%d times %s", n, what)
		}
	}
	if n := s.id(`SELECT count(*) FROM changes WHERE topic = 'comment' AND object_id = $1`, id); n == 0 {
		t.Error("open pages are not told")
	}
	if res := s.do("POST", s.onComment("approve", id), s.cookie[auth.Owner], map[string]any{"review_id": s.home.review}); res.status != 409 {
		t.Errorf("deciding the same review again: %d", res.status)
	}
}

// Every row begins with a comment that stands visible and allowed.
func TestDecidingAndUndoing(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for i, c := range []struct {
		verbs    []string
		decision string
		actions  []string
	}{
		{[]string{"hide"}, "hide", []string{"comment.hide planned"}},
		{[]string{"hide", "undo"}, "allow", []string{"comment.hide cancelled"}},
		{[]string{"delete"}, "delete", []string{"comment.hide planned", "comment.delete planned"}},
		{[]string{"delete", "undo"}, "allow", []string{"comment.hide cancelled", "comment.delete cancelled"}},
		{[]string{"hide", "unhide"}, "allow", []string{"comment.hide cancelled"}},
		{[]string{"hide", "unhide", "undo"}, "hide", []string{"comment.hide cancelled", "comment.hide planned"}},
		{[]string{"approve"}, "allow", nil},
	} {
		v := s.space(fmt.Sprint("deciding", i), "words")
		s.exec(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'moderator')`, v.id, s.user[auth.Moderator])
		s.exec(`UPDATE comments SET state = 'visible', decision = 'allow' WHERE id = $1`, v.comment)
		s.exec(`UPDATE verdicts SET decision = 'allow' WHERE id = $1`, v.verdict)
		var got api.Comment
		for _, verb := range c.verbs {
			res := s.do("POST", s.onComment(verb, v.comment), s.cookie[auth.Moderator], nil, "X-Ponte-Workspace", fmt.Sprint(v.id))
			if res.status != 200 {
				t.Fatalf("%v: %s: %d %s", c.verbs, verb, res.status, res.body)
			}
			res.read(t, &got)
		}
		if got.Decision != c.decision || !same(s.actions(v.comment), c.actions...) {
			t.Errorf("%v: %s with %v, want %s with %v", c.verbs, got.Decision, s.actions(v.comment), c.decision, c.actions)
		}
	}
}

func TestDeletingWaitsTheGrace(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`UPDATE workspaces SET settings = '{"delete_grace_minutes": 40}' WHERE id = $1`, s.home.id)
	s.must(200, "POST", s.onComment("delete", s.home.comment), s.cookie[auth.Moderator], nil, nil)
	var wait float64
	if err := s.db.Get(&wait, `SELECT extract(epoch FROM not_before - now())/60 FROM actions WHERE kind = 'comment.delete' AND comment_id = $1`, s.home.comment); err != nil || wait < 38 || wait > 40 {
		t.Errorf("deletes in %.1f minutes (%v), want 40", wait, err)
	}
	if got := s.actions(s.home.comment); !same(got, "comment.delete planned") {
		t.Errorf("what is hidden already is hidden again: %v", got)
	}
	// The machine had hidden it: taking the deletion back leaves it hidden, and asks again.
	s.must(200, "POST", s.onComment("undo", s.home.comment), s.cookie[auth.Moderator], nil, nil)
	if got := s.actions(s.home.comment); !same(got, "comment.delete cancelled") {
		t.Errorf("after undo: %v", got)
	}
	if n := s.id(`SELECT count(*) FROM review_items WHERE comment_id = $1 AND state = 'open'`, s.home.comment); n != 1 {
		t.Errorf("%d open review items after undo", n)
	}
}

// What the machine decided can be undone too, and is counted as such.
func TestUndoingTheMachine(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var c api.Comment
	s.must(200, "POST", s.onComment("undo", s.home.comment), s.cookie[auth.Moderator], nil, &c)
	if c.Decision != "allow" || !same(s.actions(s.home.comment), "comment.unhide planned") || c.Review != nil {
		t.Errorf("%s with %v, review %v", c.Decision, s.actions(s.home.comment), c.Review)
	}
	var o api.Overview
	s.must(200, "GET", "/api/v1/overview", s.cookie[auth.Moderator], nil, &o)
	if o.UndoneToday != 1 || o.ReviewOpen != 0 {
		t.Errorf("overview: undone %d, open %d", o.UndoneToday, o.ReviewOpen)
	}
}

// A hide that may be on its way cannot be cancelled: the unhide waits for it.
func TestApprovingWhileTheHideIsUnderWay(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`UPDATE comments SET state = 'visible' WHERE id = $1`, s.home.comment)
	under := s.id(`INSERT INTO actions (workspace_id, account_id, kind, state, purpose, origin, token, dedupe, comment_id, call, valid_until) VALUES ($1, $2, 'comment.hide', 'sending', 'moderation', 'policy', 'h', 'h', $3, '{}', now() + interval '1 day') RETURNING id`,
		s.home.id, s.home.facebook, s.home.comment)
	s.must(200, "POST", s.onComment("approve", s.home.comment), s.cookie[auth.Moderator], nil, nil)
	if n := s.id(`SELECT count(*) FROM actions WHERE comment_id = $1 AND kind = 'comment.unhide' AND state = 'planned' AND waits_for = $2`, s.home.comment, under); n != 1 {
		t.Errorf("%d unhides wait for the hide: %v", n, s.actions(s.home.comment))
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	claim := fmt.Sprintf("/api/v1/reviews/%d/claim", s.home.review)
	var got api.ClaimedUntil
	s.must(200, "POST", claim, s.cookie[auth.Moderator], nil, &got)
	if d := time.Until(got.ClaimedUntil); d < time.Minute || d > 10*time.Minute {
		t.Errorf("claimed for %v", d)
	}
	s.must(200, "POST", claim, s.cookie[auth.Moderator], nil, nil) // prolongs
	if res := s.do("POST", claim, s.cookie[auth.Supervisor], nil); res.status != 409 {
		t.Errorf("somebody else claims: %d", res.status)
	}
	before := s.everything(s.home.id)
	if res := s.do("POST", s.onComment("hide", s.home.comment), s.cookie[auth.Supervisor], nil); res.status != 409 {
		t.Errorf("somebody else decides: %d %s", res.status, res.body)
	}
	if s.everything(s.home.id) != before {
		t.Error("the refused decision changed something")
	}
	release := fmt.Sprintf("/api/v1/reviews/%d/release", s.home.review)
	if res := s.do("POST", release, s.cookie[auth.Supervisor], nil); res.status != 409 {
		t.Errorf("somebody else releases: %d", res.status)
	}
	s.must(204, "POST", release, s.cookie[auth.Moderator], nil, nil)
	s.must(204, "POST", release, s.cookie[auth.Moderator], nil, nil) // nobody has it: nothing to give back
	s.must(200, "POST", claim, s.cookie[auth.Supervisor], nil, nil)
	s.exec(`UPDATE review_items SET claimed_until = now() - interval '1 second' WHERE id = $1`, s.home.review)
	s.must(200, "POST", s.onComment("hide", s.home.comment), s.cookie[auth.Moderator], nil, nil) // an old claim holds nobody up
}

func TestWhatCannotBeDecided(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, c := range []struct {
		name, change string
		status       int
	}{
		{"removed", `UPDATE comments SET state = 'removed' WHERE id = $1`, 409},
		{"the brand's own", `UPDATE comments SET state = 'visible', own = true WHERE id = $1`, 422},
	} {
		s.exec(c.change, s.home.comment)
		before := s.everything(s.home.id)
		if res := s.do("POST", s.onComment("hide", s.home.comment), s.cookie[auth.Owner], nil); res.status != c.status || !strings.Contains(res.body, `"detail":"`) {
			t.Errorf("%s: %d %s, want %d", c.name, res.status, res.body, c.status)
		}
		if s.everything(s.home.id) != before {
			t.Errorf("%s: something changed", c.name)
		}
	}
	if res := s.do("POST", s.onComment("hide", 999_999), s.cookie[auth.Owner], nil); res.status != 404 {
		t.Errorf("unknown: %d", res.status)
	}
}

func TestReplyingCancelsWhatTheBotHadPlanned(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	auto := s.id(`INSERT INTO actions (workspace_id, account_id, kind, purpose, origin, token, dedupe, comment_id, call, valid_until) VALUES ($1, $2, 'comment.reply', 'promotional', 'trigger', 'auto', 'auto', $3, '{}', now() + interval '1 day') RETURNING id`,
		s.home.id, s.home.facebook, s.home.comment)
	for range 2 { // a double click
		s.must(200, "POST", s.onComment("reply", s.home.comment), s.cookie[auth.Moderator], map[string]any{"text": "  Thank you!\u0000 "}, nil)
	}
	if state := s.text(`SELECT state || ' ' || reason FROM actions WHERE id = $1`, auto); state != "cancelled member_answered" {
		t.Errorf("the trigger's reply is %s", state)
	}
	var got []string
	if err := s.db.Select(&got, `SELECT concat_ws(' ', state, origin, purpose, call->>'comment_id', call->>'text') FROM actions WHERE comment_id = $1 AND origin = 'member'`, s.home.comment); err != nil {
		t.Fatal(err)
	}
	if !same(got, "planned member answer home-comment Thank you!") {
		t.Errorf("planned: %q", got)
	}
	if res := s.do("POST", s.onComment("reply", s.home.comment), s.cookie[auth.Moderator], map[string]any{"text": " \u0000 "}); res.status != 422 || !strings.Contains(res.body, `"location":"text"`) {
		t.Errorf("an empty reply: %d %s", res.status, res.body)
	}
}

func TestPrivateReply(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	path, body := s.onComment("private-reply", s.home.comment), map[string]any{"text": "Here you are"}
	s.must(200, "POST", path, s.cookie[auth.Moderator], body, nil)
	if n := s.id(`SELECT count(*) FROM actions WHERE comment_id = $1 AND kind = 'private_reply.send' AND call->>'channel' = 'messenger' AND purpose = 'answer'`, s.home.comment); n != 1 {
		t.Errorf("%d private replies: %v", n, s.actions(s.home.comment))
	}
	if res := s.do("POST", path, s.cookie[auth.Moderator], map[string]any{"text": "And one more"}); res.status != 409 {
		t.Errorf("a second one: %d %s", res.status, res.body)
	}
	s.exec(`UPDATE actions SET state = 'failed', reason = 'x' WHERE comment_id = $1`, s.home.comment)
	s.must(200, "POST", path, s.cookie[auth.Moderator], body, nil) // what came to nothing may be tried again
	s.exec(`DELETE FROM actions WHERE comment_id = $1`, s.home.comment)
	s.exec(`UPDATE comments SET commented_at = now() - interval '7 days 1 minute' WHERE id = $1`, s.home.comment)
	if res := s.do("POST", path, s.cookie[auth.Moderator], body); res.status != 422 || !strings.Contains(res.body, "seven days") {
		t.Errorf("after seven days: %d %s", res.status, res.body)
	}
}

func TestPassingAThreadToAnAgent(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var passed, again api.Passed
	s.must(200, "POST", s.onComment("pass", s.home.comment), s.cookie[auth.Moderator], nil, &passed)
	s.must(200, "POST", s.onComment("pass", s.home.comment), s.cookie[auth.Moderator], nil, &again)
	if passed.ConversationID == 0 || passed != again {
		t.Fatalf("passed to %d, then to %d", passed.ConversationID, again.ConversationID)
	}
	path := fmt.Sprintf("/api/v1/conversations/%d", passed.ConversationID)
	var v api.ConversationDetail
	s.must(200, "GET", path, s.cookie[auth.Agent], nil, &v)
	if v.Channel != "facebook" || v.Handler != "human" || v.State != "open" || v.CareWindow.Open {
		t.Errorf("conversation %+v", v.Conversation)
	}
	s.must(200, "POST", path+"/messages", s.cookie[auth.Agent], map[string]any{"text": "Sorry about that", "revision": v.Revision}, nil)
	if got := s.actions(s.home.comment); !same(got, "comment.reply planned") {
		t.Errorf("the agent's answer: %v", got)
	}
	var said api.Page[api.Message]
	s.must(200, "GET", path+"/messages", s.cookie[auth.Agent], nil, &said)
	if len(said.Items) != 2 || said.Items[0].Text != "home words" || said.Items[1].Text != "Sorry about that" || said.Items[1].Action == nil || said.Items[1].Action.State != "planned" {
		t.Errorf("thread %+v", said.Items)
	}
	if res := s.do("POST", path+"/return-to-bot", s.cookie[auth.Agent], nil); res.status != 422 {
		t.Errorf("to the bot: %d", res.status)
	}
}

func TestTheQueue(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for i, priority := range []float64{0.2, 0.95, 0.5} {
		c := s.id(`INSERT INTO comments (workspace_id, account_id, channel, external_id, root_external_id, text, commented_at) VALUES ($1, $2, 'facebook', $3, $3, $4, now() - make_interval(mins => $5)) RETURNING id`,
			s.home.id, s.home.facebook, fmt.Sprint("q", i), fmt.Sprint("queued ", priority, "%"), i)
		v := s.id(`INSERT INTO verdicts (workspace_id, subject, subject_id, decision, tier, verdict) VALUES ($1, 'comment', $2, 'review', 'model', '{}') RETURNING id`, s.home.id, c)
		s.exec(`INSERT INTO review_items (workspace_id, comment_id, verdict_id, why, priority) VALUES ($1, $2, $3, 'review', $4)`, s.home.id, c, v, priority)
	}
	s.exec(`INSERT INTO comments (workspace_id, account_id, channel, external_id, root_external_id, text, commented_at) VALUES ($1, $2, 'facebook', 'plain', 'plain', 'not in the queue', now())`, s.home.id, s.home.facebook)
	var seen []string
	cursor := ""
	for range 10 {
		var page api.Page[api.Comment]
		s.must(200, "GET", "/api/v1/comments?queue=open&limit=2&cursor="+cursor, s.cookie[auth.Moderator], nil, &page)
		for _, c := range page.Items {
			seen = append(seen, c.Text)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if !same(seen, "queued 0.95%", "home words", "queued 0.5%", "queued 0.2%") {
		t.Errorf("the queue is %q", seen)
	}
	for query, want := range map[string]int{"q=queued%200.5%25": 1, "q=%25": 3, "q=_": 0, "state=hidden": 1, "decision=hide": 1, "q=home&state=visible": 0, "limit=200": 5} {
		var page api.Page[api.Comment]
		s.must(200, "GET", "/api/v1/comments?"+query, s.cookie[auth.Moderator], nil, &page)
		if len(page.Items) != want {
			t.Errorf("%s: %d comments, want %d", query, len(page.Items), want)
		}
	}
	for _, query := range []string{"cursor=x", "limit=0", "limit=201", "queue=other"} {
		if res := s.do("GET", "/api/v1/comments?"+query, s.cookie[auth.Moderator], nil); res.status != 422 {
			t.Errorf("%s: %d", query, res.status)
		}
	}
}
