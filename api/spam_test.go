package api_test

import (
	"testing"
	"time"

	"ponte/api"
	"ponte/auth"
)

// What the machine filed as spam a member takes out, and the other way round: nobody waits in the folder,
// and whoever leaves it waits since they wrote.
func TestMembersFileUnderSpamAndTakeOut(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	state := func() string {
		return s.text(`SELECT spam::text || ' ' || handler || ' ' || (waiting_since IS NOT NULL)::text || ' ' || unread::text FROM conversations WHERE id = $1`, s.home.conversation)
	}
	written := time.Now().UTC().Add(-2 * time.Hour).Truncate(time.Second)
	say := func(direction string, at time.Time) {
		s.exec(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, text, at) VALUES ($1, $2, $3, $4, $5, CASE $5 WHEN 'in' THEN 'contact' ELSE 'member' END, 'x', $6)`,
			s.home.id, s.home.whatsapp, s.home.thread, s.home.conversation, direction, at)
	}
	s.exec(`DELETE FROM messages WHERE conversation_id = $1`, s.home.conversation)
	say("in", written.Add(-time.Hour))
	say("out", written.Add(-30*time.Minute))
	say("in", written)
	say("in", written.Add(time.Minute))
	plan := func() {
		s.exec(`UPDATE actions SET state = 'planned', reason = '', kind = 'user.block', purpose = 'moderation', origin = 'policy', conversation_id = $2 WHERE id = $1`, s.home.action, s.home.conversation)
	}
	planned := func() string {
		return s.text(`SELECT state || ' ' || reason FROM actions WHERE id = $1`, s.home.action)
	}

	plan()
	s.must(200, "POST", s.home.talk("spam"), s.cookie[auth.Agent], nil, nil)
	if got := state(); got != "true human false 0" {
		t.Errorf("filed under spam: %s", got)
	}
	if got := planned(); got != "cancelled filed_as_spam" {
		t.Errorf("what was planned is %s", got)
	}
	if res := s.do("POST", s.home.talk("return-to-bot"), s.cookie[auth.Agent], nil); res.status != 422 && res.status != 400 {
		t.Errorf("the bot was given what is in the spam folder: %d", res.status)
	}

	plan()
	var v api.Conversation
	s.must(200, "POST", s.home.talk("not-spam"), s.cookie[auth.Agent], nil, &v)
	if got := state(); got != "false human true 0" || v.Spam || v.WaitingSince == nil || !v.WaitingSince.Equal(written) {
		t.Errorf("out of the folder: %s, waiting since %v, want %v", got, v.WaitingSince, written)
	}
	if got := planned(); got != "cancelled not_spam" {
		t.Errorf("the block that was planned is %s", got)
	}
	if res := s.do("POST", s.home.talk("not-spam"), s.cookie[auth.Agent], nil); res.status != 409 {
		t.Errorf("taken out twice: %d", res.status)
	}
	if got := s.text(`SELECT string_agg(what, ' ' ORDER BY id) FROM conversation_steps WHERE conversation_id = $1`, s.home.conversation); got != "filed_as_spam not_spam" {
		t.Errorf("steps: %s", got)
	}

	// One that somebody answered last waits for nobody.
	say("out", written.Add(2*time.Minute))
	s.must(200, "POST", s.home.talk("spam"), s.cookie[auth.Agent], nil, nil)
	s.must(200, "POST", s.home.talk("not-spam"), s.cookie[auth.Agent], nil, nil)
	if got := state(); got != "false human false 0" {
		t.Errorf("answered already: %s", got)
	}
	if res := s.do("POST", s.home.talk("spam"), s.cookie[auth.Analyst], nil); res.status != 403 {
		t.Errorf("an analyst filed it: %d", res.status)
	}
}
