package api_test

import (
	"fmt"
	"testing"
	"time"

	"ponte/auth"
	"ponte/inbox"
)

// A conversation that comes back – resolved by mistake, or filed as spam – is as if it had never been away: who waited
// for an answer waits since then, with their place in the queue, and who waited for nothing does not begin to.
func TestComingBackKeepsWhoWaits(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	base := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	type said struct {
		minute int
		by     string // contact, bot, member, other_tool; unsent: what became of it
		state  string // of the action behind it; empty: none
	}
	const nobody = -1
	for _, c := range []struct {
		name    string
		handler string
		handed  int // minute; negative: never
		said    []said
		want    int
	}{
		{"nobody answered", "human", nobody, []said{{1, "contact", ""}, {2, "contact", ""}}, 1},
		{"answered", "human", nobody, []said{{1, "contact", ""}, {3, "member", "done"}}, nobody},
		{"wrote again", "human", nobody, []said{{1, "contact", ""}, {3, "member", "done"}, {4, "contact", ""}}, 4},
		{"the answer is to leave yet, and ends the wait then", "human", nobody, []said{{1, "contact", ""}, {3, "member", "planned"}}, 1},
		{"the answer was refused", "human", nobody, []said{{1, "contact", ""}, {3, "member", "refused"}}, 1},
		{"the answer did not arrive", "human", nobody, []said{{1, "contact", ""}, {3, "member", "undelivered"}}, 1},
		{"answered in another tool", "human", nobody, []said{{1, "contact", ""}, {2, "other_tool", ""}}, nobody},
		{"the bot has it and answered", "bot", nobody, []said{{1, "contact", ""}, {2, "bot", "done"}}, nobody},
		{"the bot only greeted", "bot", nobody, []said{{1, "contact", ""}, {2, "bot", "greeted"}}, 1},
		{"the bot's answer was cancelled by resolving", "bot", nobody, []said{{1, "contact", ""}, {2, "bot", "cancelled"}}, 1},
		{"the bot handed over and said so", "human", 5, []said{{1, "contact", ""}, {2, "bot", "done"}, {5, "contact", ""}, {6, "bot", "done"}}, 5},
		{"handed over, then away messages", "human", 1, []said{{1, "contact", ""}, {2, "bot", "done"}, {7, "contact", ""}, {8, "bot", "done"}}, 1},
		{"taken over from the bot, which had answered", "human", 9, []said{{1, "contact", ""}, {2, "bot", "done"}}, nobody},
	} {
		for i, way := range []string{"resolved", "spam"} {
			s.exec(`DELETE FROM messages WHERE conversation_id = $1`, s.home.conversation)
			for j, m := range c.said {
				at := base.Add(time.Duration(m.minute) * time.Minute)
				direction, receipt, state := "out", "", m.state
				if m.by == "contact" {
					direction = "in"
				}
				if m.state == "undelivered" {
					receipt, state = "failed", "done"
				}
				dedupe := fmt.Sprint(c.name, i, j)
				if m.state == "greeted" {
					dedupe, state = inbox.WelcomeNotice+dedupe, "done"
				}
				var action *int64
				if state != "" {
					id := s.id(`INSERT INTO actions (workspace_id, account_id, kind, purpose, origin, conversation_id, token, dedupe, state, reason, valid_until, sent_at, call, created_at)
VALUES ($1, $2, 'message.send', 'service', CASE $3 WHEN 'bot' THEN 'bot' ELSE 'member' END, $4, $5, $5, $6, 'x', now(), $7, '{}', $7) RETURNING id`,
						s.home.id, s.home.whatsapp, m.by, s.home.conversation, dedupe, state, at)
					action = &id
				}
				s.exec(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, text, at, action_id, receipt, created_at) VALUES ($1, $2, $3, $4, $5, $6, 'x', $7, $8, nullif($9, ''), $7)`,
					s.home.id, s.home.whatsapp, s.home.thread, s.home.conversation, direction, m.by, at, action, receipt)
			}
			back := "reopen"
			s.exec(`UPDATE conversations SET state = 'resolved', resolved_at = now(), handler = $2, handler_reason = '', waiting_since = NULL, spam = false WHERE id = $1`, s.home.conversation, c.handler)
			if way == "spam" {
				back = "not-spam"
				s.exec(`UPDATE conversations SET state = 'open', resolved_at = NULL, spam = true, handler_reason = 'filed_as_spam' WHERE id = $1`, s.home.conversation)
			}
			var handed *time.Time
			if c.handed >= 0 {
				at := base.Add(time.Duration(c.handed) * time.Minute)
				handed = &at
			}
			s.exec(`UPDATE conversations SET handed_over_at = $2 WHERE id = $1`, s.home.conversation, handed)
			s.must(200, "POST", s.home.talk(back), s.cookie[auth.Agent], nil, nil)
			want := "nobody"
			if c.want >= 0 {
				want = base.Add(time.Duration(c.want) * time.Minute).Format("15:04")
			}
			if got := s.text(`SELECT coalesce(to_char(waiting_since AT TIME ZONE 'UTC', 'HH24:MI'), 'nobody') FROM conversations WHERE id = $1`, s.home.conversation); got != want {
				t.Errorf("%s, %s: waits since %s, want %s", way, c.name, got, want)
			}
		}
	}
}

// A comment waits in its own conversation: it is answered under it, or by what is done with it.
func TestACommentThatComesBackWaits(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var conversation int64
	comment := func(external string, own bool, at time.Time) int64 {
		return s.id(`INSERT INTO comments (workspace_id, account_id, channel, external_id, root_external_id, contact_id, own, text, commented_at)
SELECT workspace_id, account_id, 'facebook', $2, 'root', CASE WHEN NOT $3 THEN contact_id END, $3, 'x', $4 FROM conversations WHERE id = $1 RETURNING id`, s.home.conversation, external, own, at)
	}
	at := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	root := comment("root", false, at)
	conversation = s.id(`INSERT INTO conversations (workspace_id, account_id, channel, root_comment_id, contact_id, handler, opened_at, last_message_at) SELECT workspace_id, account_id, 'facebook', $2, contact_id, 'human', $3, $3 FROM conversations WHERE id = $1 RETURNING id`, s.home.conversation, root, at)
	again := func() string {
		s.exec(`UPDATE conversations SET state = 'resolved', resolved_at = now(), waiting_since = NULL WHERE id = $1`, conversation)
		s.must(200, "POST", fmt.Sprintf("/api/v1/conversations/%d/reopen", conversation), s.cookie[auth.Agent], nil, nil)
		return s.text(`SELECT coalesce(to_char(waiting_since AT TIME ZONE 'UTC', 'HH24:MI:SS'), 'nobody') FROM conversations WHERE id = $1`, conversation)
	}
	if got, want := again(), at.Format("15:04:05"); got != want {
		t.Errorf("an unanswered comment waits since %s, want %s", got, want)
	}
	comment("reply", true, at.Add(time.Minute))
	if got := again(); got != "nobody" {
		t.Errorf("an answered comment waits since %s", got)
	}
	comment("more", false, at.Add(2*time.Minute))
	if got, want := again(), at.Add(2*time.Minute).Format("15:04:05"); got != want {
		t.Errorf("a comment after the answer waits since %s, want %s", got, want)
	}
}
