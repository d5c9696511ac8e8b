package api_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"ponte/api"
	"ponte/auth"
	"ponte/router"
)

func (v space) talk(verb string) string {
	return strings.TrimSuffix(fmt.Sprintf("/api/v1/conversations/%d/%s", v.conversation, verb), "/")
}

func TestAnAgentAnswers(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var m api.Message
	for range 2 { // a double click
		s.must(200, "POST", s.home.talk("messages"), s.cookie[auth.Agent], map[string]any{"text": "We open at nine", "revision": 3}, &m)
	}
	if m.Direction != "out" || m.Author != "member" || m.Text != "We open at nine" || m.Action == nil || m.Action.State != "planned" {
		t.Errorf("answer %+v", m)
	}
	for what, query := range map[string]string{
		"an action": `SELECT count(*) FROM actions WHERE conversation_id = $1 AND origin = 'member' AND purpose = 'answer' AND kind = 'message.send' AND call->>'to' = 'home-bsuid' AND call->>'phone' LIKE '614%'
			AND coalesce((call->>'human_agent')::boolean, false) = false AND valid_until < now() + interval '23 hours' AND message_id IS NOT NULL`,
		"a bubble":                     `SELECT count(*) FROM messages WHERE conversation_id = $1 AND direction = 'out' AND author = 'member' AND member_id IS NOT NULL AND external_id IS NULL`,
		"a conversation in their hand": `SELECT count(*) FROM conversations WHERE id = $1 AND handler = 'human' AND unread = 0 AND assignee_id IS NOT NULL AND preview = 'We open at nine' AND revision > 3`,
		"a cancelled answer of a bot":  `SELECT count(*) FROM actions WHERE conversation_id = $1 AND origin = 'bot' AND state = 'cancelled' AND reason = 'member_answered'`,
	} {
		if n := s.id(query, s.home.conversation); n != 1 {
			t.Errorf("%d times %s", n, what)
		}
	}
	if n := s.id(`SELECT count(*) FROM audit_log WHERE verb = 'message.send' AND detail::text LIKE '%nine%'`); n != 0 {
		t.Error("the audit log holds what was said")
	}
}

func TestASuggestionForAnEarlierStateIsRefused(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	body := map[string]any{"text": "home words", "suggestion_id": s.home.suggestion, "revision": 3}
	s.exec(`UPDATE conversations SET revision = 4 WHERE id = $1`, s.home.conversation)
	before := s.everything(s.home.id)
	if res := s.do("POST", s.home.talk("messages"), s.cookie[auth.Agent], body); res.status != 409 || !strings.Contains(res.body, "moved on") {
		t.Errorf("%d %s", res.status, res.body)
	}
	if s.everything(s.home.id) != before {
		t.Error("the refusal changed something")
	}
	s.exec(`UPDATE conversations SET revision = 3 WHERE id = $1`, s.home.conversation)
	s.must(200, "POST", s.home.talk("messages"), s.cookie[auth.Agent], body, nil)
	if got := s.text(`SELECT state || ':' || sent_text FROM suggestions WHERE id = $1`, s.home.suggestion); got != "accepted:home words" {
		t.Errorf("the suggestion is %s", got)
	}
	if res := s.do("POST", fmt.Sprintf("/api/v1/suggestions/%d/dismiss", s.home.suggestion), s.cookie[auth.Agent], nil); res.status != 404 {
		t.Errorf("dismissing what was used: %d", res.status)
	}
}

func TestAnEditedSuggestionIsRecordedAsSuch(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.must(200, "POST", s.home.talk("messages"), s.cookie[auth.Agent], map[string]any{"text": "other words", "suggestion_id": s.home.suggestion, "revision": 3}, nil)
	if got := s.text(`SELECT state || ':' || sent_text FROM suggestions WHERE id = $1`, s.home.suggestion); got != "edited:other words" {
		t.Errorf("the suggestion is %s", got)
	}
}

// Hours since the person wrote, by channel and asker: what may go out in words.
func TestTheCareWindow(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	token := "Bearer " + s.token(auth.Agent)
	for _, c := range []struct {
		channel string
		hours   float64
		who     string
		status  int
		human   bool
		says    string
	}{
		{"whatsapp", 23.9, s.cookie[auth.Agent], 200, false, ""},
		{"whatsapp", 24.1, s.cookie[auth.Agent], 422, false, "approved template"},
		{"messenger", 23.9, s.cookie[auth.Agent], 200, false, ""},
		{"messenger", 24.1, s.cookie[auth.Agent], 200, true, ""},
		{"instagram", 7*24 - 0.1, s.cookie[auth.Agent], 200, true, ""},
		{"instagram", 7*24 + 0.1, s.cookie[auth.Agent], 422, false, "seven days"},
		{"messenger", 24.1, token, 422, false, "window"}, // a program is nobody's hand
		{"messenger", 1, token, 200, false, ""},
	} {
		s.exec(`UPDATE threads SET channel = $2, last_in_at = now() - make_interval(secs => $3) WHERE id = $1`, s.home.thread, c.channel, c.hours*3600)
		s.exec(`UPDATE conversations SET channel = $2 WHERE id = $1`, s.home.conversation, c.channel)
		name := fmt.Sprintf("%s after %.1f hours", c.channel, c.hours)
		res := s.do("POST", s.home.talk("messages"), c.who, map[string]any{"text": name, "revision": 3})
		if res.status != c.status || !strings.Contains(res.body, c.says) {
			t.Errorf("%s: %d %s, want %d", name, res.status, res.body, c.status)
		}
		sent := s.id(`SELECT count(*) FROM actions WHERE call->>'text' = $1 AND coalesce((call->>'human_agent')::boolean, false) = $2`, name, c.human)
		if want := int64(1); c.status == 200 && sent != want || c.status != 200 && sent != 0 {
			t.Errorf("%s: %d actions with human_agent %t", name, sent, c.human)
		}
		var v api.Conversation
		s.must(200, "GET", s.home.talk(""), s.cookie[auth.Agent], nil, &v)
		if v.CareWindow.Open != (c.hours < 24) || (v.CareWindow.HumanUntil != nil) != (c.channel != "whatsapp") {
			t.Errorf("%s: shown as %+v", name, v.CareWindow)
		}
	}
}

// A program's words are an answer to what the person said last; offers stay offers, and without anything said
// they need a consent as well.
func TestAProgramAnswersWhatWasSaid(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	token := "Bearer " + s.token(auth.Agent)
	s.exec(`UPDATE threads SET last_in_at = now() - interval '1 hour' WHERE id = $1`, s.home.thread)
	s.exec(`DELETE FROM messages WHERE thread_id = $1`, s.home.thread)
	say := func(text, purpose string, event int64) {
		t.Helper()
		if res := s.do("POST", s.home.talk("messages"), token, map[string]any{"text": text, "revision": 3}); res.status != 200 {
			t.Fatalf("%s: %d %s", text, res.status, res.body)
		}
		if n := s.id(`SELECT count(*) FROM actions WHERE call->>'text' = $1 AND origin = 'api' AND purpose = $2 AND coalesce(answers_event, 0) = $3`, text, purpose, event); n != 1 {
			t.Errorf("%q is not kept as %s about event %d", text, purpose, event)
		}
	}
	say("Nobody asked", "promotional", 0)
	event := s.id(`INSERT INTO events (workspace_id, account_id, key, kind, channel, lane, occurred_at, payload, state, reason)
		SELECT workspace_id, account_id, 'message:wamid.asked', 'message.received', channel, 1, now(), '{}', 'done', 'x' FROM threads WHERE id = $1 RETURNING id`, s.home.thread)
	s.exec(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, external_id, text, at)
		SELECT workspace_id, account_id, thread_id, id, 'in', 'contact', 'wamid.asked', 'How much?', now() FROM conversations WHERE id = $1`, s.home.conversation)
	say("A day is 45 dollars.", "answer", event)
	say("Today 50% discount on everything!", "promotional", event)
}

// What a program asked for is not called off by the next thing that the same program asks for; what a trigger
// had planned is, and a member's answer calls off both.
func TestAProgramMaySpeakTwice(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	token := "Bearer " + s.token(auth.Moderator)
	agent := "Bearer " + s.token(auth.Agent)
	auto := s.id(`INSERT INTO actions (workspace_id, account_id, kind, purpose, origin, token, dedupe, comment_id, call, valid_until) VALUES ($1, $2, 'comment.reply', 'promotional', 'trigger', 'auto', 'auto', $3, '{}', now() + interval '1 day') RETURNING id`,
		s.home.id, s.home.facebook, s.home.comment)
	s.must(200, "POST", s.onComment("private-reply", s.home.comment), token, map[string]any{"text": "Here you are"}, nil)
	s.must(200, "POST", s.onComment("reply", s.home.comment), token, map[string]any{"text": "We have written to you"}, nil)
	s.exec(`UPDATE threads SET last_in_at = now() - interval '1 hour' WHERE id = $1`, s.home.thread)
	for _, text := range []string{"First of two", "Second of two"} {
		s.must(200, "POST", s.home.talk("messages"), agent, map[string]any{"text": text, "revision": 3}, nil)
	}
	if got := s.text(`SELECT string_agg(kind || ' ' || state, ', ' ORDER BY id) FROM actions WHERE origin = 'api'`); got != "private_reply.send planned, comment.reply planned, message.send planned, message.send planned" {
		t.Errorf("the program's: %s", got)
	}
	if state := s.text(`SELECT state FROM actions WHERE id = $1`, auto); state != "cancelled" {
		t.Errorf("the trigger's reply is %s", state)
	}
	s.must(200, "POST", s.onComment("reply", s.home.comment), s.cookie[auth.Moderator], map[string]any{"text": "A person here"}, nil)
	s.must(200, "POST", s.home.talk("messages"), s.cookie[auth.Agent], map[string]any{"text": "A person here", "revision": 3}, nil)
	if n := s.id(`SELECT count(*) FROM actions WHERE origin = 'api' AND state = 'cancelled' AND reason = 'member_answered'`); n != 4 {
		t.Errorf("%d of the program's four actions gave way to a person", n)
	}
}

// token makes an API token of the home workspace.
func (s *scene) token(role auth.Role) string {
	s.t.Helper()
	var out api.NewToken
	s.must(200, "POST", "/api/v1/tokens", s.cookie[auth.Owner], map[string]any{"name": "t", "role": role}, &out)
	return out.Token
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`UPDATE threads SET last_in_at = now() - interval '3 days' WHERE id = $1`, s.home.thread)
	send := func(params ...string) answer {
		return s.do("POST", s.home.talk("messages"), s.cookie[auth.Agent], map[string]any{"text": "", "revision": 3, "template_id": s.home.template, "parameters": params})
	}
	if res := send(); res.status != 422 || !strings.Contains(res.body, "nothing is known for {{1}}") {
		t.Errorf("without parameters: %d %s", res.status, res.body)
	}
	if res := send("Anna", "Berta"); res.status != 422 || !strings.Contains(res.body, "takes 1 parameters, 2 were given") {
		t.Errorf("with too many parameters: %d %s", res.status, res.body)
	}
	res := send("Anna")
	var m api.Message
	res.read(t, &m)
	if res.status != 200 || m.Type != "template" || m.Text != "Hello Anna, home words" {
		t.Errorf("%d %s", res.status, res.body)
	}
	if n := s.id(`SELECT count(*) FROM actions WHERE kind = 'template.send' AND call->'template'->>'name' = 'hello' AND call->'template'->'components'->0->'parameters'->0->>'text' = 'Anna'`); n != 1 {
		t.Errorf("%d templates planned", n)
	}
	s.exec(`UPDATE templates SET status = 'PAUSED' WHERE id = $1`, s.home.template)
	if res := send("Anna"); res.status != 422 || !strings.Contains(res.body, "PAUSED") {
		t.Errorf("a paused one: %d %s", res.status, res.body)
	}
}

func TestWhoHandlesAConversation(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	state := func() string {
		return s.text(`SELECT concat_ws(' ', state, handler, coalesce((SELECT email FROM users WHERE id = assignee_id), '-'), unread) FROM conversations WHERE id = $1`, s.home.conversation)
	}
	for _, c := range []struct {
		verb   string
		body   any
		status int
		want   string
	}{
		{"read", nil, 204, "open bot - 0"},
		{"take-over", nil, 200, "open human agent@home.example 0"},
		{"return-to-bot", nil, 200, "open bot - 0"},
		{"assign", map[string]any{"user_id": s.user[auth.Supervisor]}, 200, "open human supervisor@home.example 0"},
		{"assign", map[string]any{"user_id": s.user[auth.Analyst]}, 422, "open human supervisor@home.example 0"},
		{"assign", map[string]any{"user_id": nil}, 200, "open human - 0"},
		{"resolve", nil, 200, "resolved human - 0"},
		{"resolve", nil, 200, "resolved human - 0"},
		{"take-over", nil, 409, "resolved human - 0"},
		{"reopen", nil, 200, "open human - 0"},
		{"reopen", nil, 200, "open human - 0"},
	} {
		if res := s.do("POST", s.home.talk(c.verb), s.cookie[auth.Agent], c.body); res.status != c.status || state() != c.want {
			t.Errorf("%s %v: %d, %s; want %d, %s: %s", c.verb, c.body, res.status, state(), c.status, c.want, res.body)
		}
	}
	if got := s.text(`SELECT state || ' ' || reason FROM actions WHERE id = $1`, s.home.action); got != "cancelled taken_over" {
		t.Errorf("what the bot had planned is %s", got)
	}
	// What was so already is noted nowhere again, as after a double click or from two windows.
	if got := s.text(`SELECT string_agg(what, ' ' ORDER BY id) FROM conversation_steps WHERE conversation_id = $1 AND what IN ('resolved', 'reopened')`, s.home.conversation); got != "resolved reopened" {
		t.Errorf("its steps are %s", got)
	}
	if got := s.text(`SELECT string_agg(verb, ' ' ORDER BY id) FROM audit_log WHERE object = $1 AND verb IN ('conversation.resolve', 'conversation.reopen')`, fmt.Sprintf("conversation:%d", s.home.conversation)); got != "conversation.resolve conversation.reopen" {
		t.Errorf("the audit log has %s", got)
	}
	s.must(200, "POST", s.home.talk("resolve"), s.cookie[auth.Agent], nil, nil)
	s.exec(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, opened_at, last_message_at) VALUES ($1, $2, 'whatsapp', $3, $4, now(), now())`, s.home.id, s.home.whatsapp, s.home.thread, s.home.contact)
	if res := s.do("POST", s.home.talk("reopen"), s.cookie[auth.Agent], nil); res.status != 409 {
		t.Errorf("reopening beside a newer one: %d", res.status)
	}
}

func TestViews(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	count := func(query string) int {
		var page api.Page[api.Conversation]
		s.must(200, "GET", "/api/v1/conversations?"+query, s.cookie[auth.Agent], nil, &page)
		return len(page.Items)
	}
	check := func(when string, want map[string]int) {
		t.Helper()
		for query, n := range want {
			if got := count(query); got != n {
				t.Errorf("%s: %s shows %d, want %d", when, query, got, n)
			}
		}
	}
	check("a bot handles it", map[string]int{"view=all": 1, "view=mine": 0, "view=waiting": 1, "view=overdue": 0, "view=spam": 0, "channel=whatsapp": 1, "channel=instagram": 0, "q=home": 1, "q=nothing": 0, "state=resolved": 0})
	s.exec(`UPDATE conversations SET waiting_since = now() - interval '3 hours' WHERE id = $1`, s.home.conversation)
	s.must(200, "POST", s.home.talk("take-over"), s.cookie[auth.Agent], nil, nil)
	check("taken over", map[string]int{"view=mine": 1, "view=unassigned": 0, "view=overdue": 1})
	s.exec(`UPDATE conversations SET spam = true WHERE id = $1`, s.home.conversation)
	check("spam", map[string]int{"view=spam": 1, "view=waiting": 0, "view=overdue": 0, "view=all": 0})
}

func TestMessagesArePagedBackwards(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for i := range 5 {
		s.exec(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, external_id, text, at) VALUES ($1, $2, $3, $4, 'in', 'contact', $5, $5, now() - make_interval(mins => $6))`,
			s.home.id, s.home.whatsapp, s.home.thread, s.home.conversation, fmt.Sprint("m", i), 10-i)
	}
	var seen []string
	before := "0"
	for range 5 {
		var page api.Page[api.Message]
		s.must(200, "GET", s.home.talk("messages")+"?limit=2&before="+before, s.cookie[auth.Analyst], nil, &page)
		var part []string
		for _, m := range page.Items {
			part = append(part, m.Text)
		}
		seen = append(part, seen...)
		if before = page.Next; before == "" {
			break
		}
	}
	if !same(seen, "home words", "m0", "m1", "m2", "m3", "m4") {
		t.Errorf("read %q", seen)
	}
}

func TestPhonesAreMaskedByRole(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`UPDATE identities SET phone = '61412345678' WHERE id = $1`, s.home.identity)
	for _, role := range auth.Roles {
		for _, path := range []string{s.home.talk(""), fmt.Sprintf("/api/v1/contacts/%d", s.home.contact)} {
			body := s.must(200, "GET", path, s.cookie[role], nil, nil)
			whole := strings.Contains(body, "61412345678")
			if want := role != auth.Moderator && role != auth.Analyst; whole != want {
				t.Errorf("GET %s as %s shows the whole number: %t", path, role, whole)
			}
			if !strings.Contains(body, "678") {
				t.Errorf("GET %s as %s does not show its end", path, role)
			}
		}
		found := strings.Contains(s.must(200, "GET", "/api/v1/contacts?q=%2B61%20412%20345%20678", s.cookie[role], nil, nil), `"id":`)
		if found != role.SeesPhones() {
			t.Errorf("%s finds people by their number: %t", role, found)
		}
	}
}

func TestConsentByAMember(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	path := fmt.Sprintf("/api/v1/contacts/%d/consent", s.home.contact)
	body := func(act, channel string) map[string]any {
		return map[string]any{"act": act, "channel": channel, "purpose": "promotional", "how": "in the shop", "evidence_text": "form 7"}
	}
	state := func() string {
		var v api.ContactDetail
		s.must(200, "GET", fmt.Sprintf("/api/v1/contacts/%d", s.home.contact), s.cookie[auth.Agent], nil, &v)
		for _, c := range v.Consent {
			if c.Channel == "whatsapp" && c.Purpose == "promotional" {
				return c.State
			}
		}
		return "none"
	}
	s.exec(`INSERT INTO consent_wordings (workspace_id, name, version, language, text) VALUES ($1, 'offers', 1, 'en', 'May we?')`, s.home.id)
	for _, c := range []struct {
		act, channel string
		status       int
		state        string
	}{
		{"grant", "all", 422, "none"}, {"grant", "instagram", 422, "none"}, {"grant", "whatsapp", 204, "granted"}, {"withdraw", "whatsapp", 204, "withdrawn"},
	} {
		if res := s.do("POST", path, s.cookie[auth.Agent], body(c.act, c.channel)); res.status != c.status || state() != c.state {
			t.Errorf("%s on %s: %d, then %s; want %d, %s: %s", c.act, c.channel, res.status, state(), c.status, c.state, res.body)
		}
	}
	var report api.ConsentReport
	s.must(200, "GET", "/api/v1/consent/verify", s.cookie[auth.Analyst], nil, &report)
	var list api.Page[api.ConsentEntry]
	s.must(200, "GET", fmt.Sprintf("/api/v1/consent?contact_id=%d", s.home.contact), s.cookie[auth.Analyst], nil, &list)
	if !report.OK || report.Entries != 2 || len(list.Items) != 2 || list.Items[0].Act != "withdraw" || list.Items[1].Wording != "May we?" || list.Items[1].Words != "in the shop: form 7" {
		t.Errorf("the ledger: %+v, %+v", report, list.Items)
	}
	s.must(204, "POST", fmt.Sprintf("/api/v1/contacts/%d/erase", s.home.contact), s.cookie[auth.Owner], nil, nil)
	s.must(200, "GET", "/api/v1/consent/verify", s.cookie[auth.Analyst], nil, &report)
	if !report.OK || report.Erased != report.Entries || report.Entries < 3 {
		t.Errorf("after erasure: %+v", report)
	}
	if all := s.must(200, "GET", "/api/v1/consent", s.cookie[auth.Analyst], nil, nil); strings.Contains(all, "form 7") {
		t.Errorf("after erasure the ledger shows %s", all)
	}
}

// TestReferencesAreNotShown: what waits in the outbox holds the place of a reference, which is the
// sender's matter; whoever reads sees the link as the person got it, without the code.
func TestReferencesAreNotShown(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	text := "Tap https://wa.me/61255500101?text=Ref%3A%20" + router.ReferencePlace(7)
	s.exec(`UPDATE messages SET text = $2 WHERE id = $1`, s.home.message, text)
	s.exec(`UPDATE conversations SET preview = $2 WHERE id = $1`, s.home.conversation, text[:len(text)-1])
	s.exec(`UPDATE actions SET call = jsonb_set(call, '{text}', to_jsonb($2::text)) WHERE id = $1`, s.home.action, text)
	for path, where := range map[string]string{s.home.talk("messages"): "messages", "/api/v1/conversations": "previews", fmt.Sprintf("/api/v1/contacts/%d", s.home.contact): "a contact's conversations", "/api/v1/actions": "actions"} {
		res := s.do("GET", path, s.cookie[auth.Agent], nil)
		if strings.Contains(res.body, "~ref:") || !strings.Contains(res.body, router.HiddenReference) {
			t.Errorf("%s show %s", where, res.body)
		}
	}
}

// TestConversationsAreFoundByTheNamesOfIdentities: most people have a name only where they wrote.
func TestConversationsAreFoundByTheNamesOfIdentities(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`UPDATE contacts SET name = '' WHERE workspace_id = $1`, s.home.id)
	s.exec(`UPDATE identities SET name = 'Giulia Ferrero', username = 'giuli.fer' WHERE id = $1`, s.home.identity)
	for words, want := range map[string]int{"ferrero": 1, "giuli.f": 1, "moretti": 0} {
		var page api.Page[api.Conversation]
		s.must(200, "GET", "/api/v1/conversations?q="+words, s.cookie[auth.Agent], nil, &page)
		if len(page.Items) != want {
			t.Errorf("%q finds %d conversations, want %d", words, len(page.Items), want)
		}
	}
}

// TestMessagesOfOneSecond stand in the order in which they came: networks give whole seconds, we do not.
func TestMessagesOfOneSecond(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for i, m := range []struct {
		id                      int64 // drawn in blocks: no order
		direction, author, text string
		at                      float64
	}{{90001, "in", "contact", "asked", 0}, {90003, "out", "bot", "answered", 0.7}, {90002, "in", "contact", "asked again", 0}} {
		s.exec(`INSERT INTO messages (workspace_id, id, account_id, thread_id, conversation_id, direction, author, external_id, text, at, created_at) OVERRIDING SYSTEM VALUE
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, date_trunc('second', now()) + make_interval(secs => $9), now() + make_interval(secs => $10))`,
			s.home.id, m.id, s.home.whatsapp, s.home.thread, s.home.conversation, m.direction, m.author, m.text, m.at, float64(i)/10)
	}
	texts := func(query string) (out []string) {
		var page api.Page[api.Message]
		s.must(200, "GET", s.home.talk("messages")+query, s.cookie[auth.Agent], nil, &page)
		for _, m := range page.Items {
			out = append(out, m.Text)
		}
		return out
	}
	all := texts("")
	if got := fmt.Sprint(all[len(all)-3:]); got != "[asked answered asked again]" {
		t.Errorf("in order: %s", got)
	}
	last := s.id(`SELECT id FROM messages WHERE external_id = 'asked again'`)
	before := texts(fmt.Sprintf("?before=%d", last))
	if before[len(before)-1] != "answered" || len(before) != len(all)-1 {
		t.Errorf("before the last: %q", before)
	}
}

// Whoever taps a second advertisement while a conversation is open says so with their message: the conversation
// keeps where it began, the message where it came from.
func TestAMessageNamesTheAdvertisementThatWasTapped(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`UPDATE messages SET detail = '{"referral":{"source":"ad","ad_id":"1203","source_id":"1203","headline":"Kayaks","click_id":"c2"}}'
		WHERE id = (SELECT max(id) FROM messages WHERE conversation_id = $1)`, s.home.conversation)
	var page api.Page[api.Message]
	s.must(200, "GET", s.home.talk("messages"), s.cookie[auth.Agent], nil, &page)
	var got api.OriginReferral
	for _, m := range page.Items {
		if m.Detail.Referral != (api.OriginReferral{}) {
			got = m.Detail.Referral
		}
	}
	if got.SourceID != "1203" || got.Headline != "Kayaks" || got.ClickID != "c2" || got.Source != "ad" {
		t.Errorf("the message came from %+v of %+v", got, page.Items)
	}
}

// Who writes before a network told their name is told from others by what is known, and by no more than a role may see.
func TestWhoHasNoNameIsToldByAnID(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	fresh, _ := s.person("", "instagram", "17849999000012345", "")
	caller, _ := s.person("", "whatsapp", "bsuid-77", "61491570159")
	named, _ := s.person("Ada", "instagram", "17849999000054321", "")
	for _, c := range []struct {
		role    auth.Role
		contact int64
		want    *api.Known
	}{
		{auth.Agent, fresh, &api.Known{Channel: "instagram", ID: "…2345"}},
		{auth.Agent, caller, &api.Known{Channel: "whatsapp", ID: "+61491570159"}},
		{auth.Moderator, caller, &api.Known{Channel: "whatsapp", ID: "+61 4••••• 159"}},
		{auth.Agent, named, nil},
	} {
		var got api.ContactDetail
		s.must(200, "GET", fmt.Sprintf("/api/v1/contacts/%d", c.contact), s.cookie[c.role], nil, &got)
		if !reflect.DeepEqual(got.Known, c.want) || got.Erased {
			t.Errorf("%s is told %+v, want %+v", c.role, got.Known, c.want)
		}
	}
	s.exec(`UPDATE contacts SET name = '' WHERE id = $1`, s.home.contact)
	s.exec(`UPDATE identities SET name = '', username = '' WHERE contact_id = $1`, s.home.contact)
	var list api.Page[api.Conversation]
	s.must(200, "GET", "/api/v1/conversations?view=all", s.cookie[auth.Agent], nil, &list)
	if len(list.Items) == 0 || list.Items[0].Contact.Known == nil || list.Items[0].Contact.Known.Channel != "whatsapp" {
		t.Errorf("the inbox does not say who it is: %+v", list.Items)
	}
}
