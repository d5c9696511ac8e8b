package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ponte/api"
	"ponte/auth"
	"ponte/consent"
)

type timeline struct {
	Items []api.TimelineEntry
	Next  string
}

func (s *scene) timeline(role auth.Role, contact int64, query string) timeline {
	s.t.Helper()
	var page timeline
	s.must(200, "GET", fmt.Sprintf("/api/v1/contacts/%d/timeline%s", contact, query), s.cookie[role], nil, &page)
	return page
}

// whole reads the time line to its end, in pages of n.
func (s *scene) whole(contact int64, n int) []api.TimelineEntry {
	s.t.Helper()
	var all []api.TimelineEntry
	for cursor := ""; ; {
		page := s.timeline(auth.Owner, contact, fmt.Sprintf("?limit=%d&cursor=%s", n, cursor))
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all
		}
		if len(page.Items) != n {
			s.t.Fatalf("a page of %d instead of %d, and there is a next one", len(page.Items), n)
		}
	}
}

func (s *scene) moment(at time.Time) string { return at.Format(time.RFC3339Nano) }

// lived gives a contact a life on two channels, a minute apart, and tells what kinds of entries it has, the
// newest first.
func (s *scene) lived(contact, insta, whatsapp int64, from time.Time) []string {
	s.t.Helper()
	h, n := s.home, 0
	at := func() string { n++; return s.moment(from.Add(time.Duration(n) * time.Minute)) }
	key := fmt.Sprint(contact)
	igThread := s.id(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id) VALUES ($1, $2, 'instagram', $3, $4) RETURNING id`, h.id, h.facebook, insta, contact)
	comment := s.id(`INSERT INTO comments (workspace_id, account_id, channel, post_id, external_id, root_external_id, identity_id, contact_id, author_name, text, commented_at, verdict_id)
VALUES ($1, $2, 'instagram', $3, $4, $4, $5, $6, 'ana', 'what does it cost?', $7, $8) RETURNING id`, h.id, h.facebook, h.post, "c-"+key, insta, contact, at(), h.verdict)
	s.exec(`INSERT INTO actions (workspace_id, account_id, kind, state, purpose, origin, token, dedupe, contact_id, identity_id, comment_id, call, valid_until, answers_event, sent_at) VALUES ($1, $2, 'comment.reply', 'done', 'answer', 'trigger', $3, $3, $4, $5, $6, '{"text":"we wrote to you"}', now(), $7, $8)`,
		h.id, h.facebook, "reply-"+key, contact, insta, comment, h.event, at())
	s.exec(`INSERT INTO comments (workspace_id, account_id, channel, post_id, external_id, parent_external_id, root_external_id, own, text, commented_at) VALUES ($1, $2, 'instagram', $3, $4, $5, $5, true, 'answered in the app', $6)`, h.id, h.facebook, h.post, "o-"+key, "c-"+key, at())
	handoff := s.id(`INSERT INTO handoffs (workspace_id, hash, account_id, contact_id, identity_id, trigger_id, comment_id, expires_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, now() + interval '1 day', $8) RETURNING id`, h.id, []byte("hash"+key), h.whatsapp, contact, insta, h.trigger, comment, at())
	igTalk := s.id(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, state, resolved_at, opened_at, last_message_at) VALUES ($1, $2, 'instagram', $3, $4, 'resolved', $5, $5, $5) RETURNING id`, h.id, h.facebook, igThread, contact, at())
	action := s.id(`INSERT INTO actions (workspace_id, account_id, kind, state, purpose, origin, token, dedupe, contact_id, identity_id, comment_id, message_id, call, valid_until, answers_event) VALUES ($1, $2, 'private_reply.send', 'done', 'answer', 'trigger', $3, $3, $4, $5, $6, 1, '{"text":"here is your link"}', now(), $7) RETURNING id`,
		h.id, h.facebook, "private-"+key, contact, insta, comment, h.event)
	s.exec(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, action_id, text, receipt, at) VALUES ($1, $2, $3, $4, 'out', 'bot', $5, 'here is your link', 'read', $6)`, h.id, h.facebook, igThread, igTalk, action, at())
	s.exec(`UPDATE handoffs SET used_at = $2, used_by = $3 WHERE id = $1`, handoff, at(), whatsapp)
	waThread := s.id(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id) VALUES ($1, $2, 'whatsapp', $3, $4) RETURNING id`, h.id, h.whatsapp, whatsapp, contact)
	talk := s.id(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, origin, opened_at, last_message_at) VALUES ($1, $2, 'whatsapp', $3, $4, jsonb_build_object('handoff_id', $5::bigint), $6, $6) RETURNING id`, h.id, h.whatsapp, waThread, contact, handoff, at())
	s.exec(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, external_id, text, detail, at) VALUES ($1, $2, $3, $4, 'in', 'contact', $5, 'hello', '{"attachments":[{"type":"image"}]}', $6)`, h.id, h.whatsapp, waThread, talk, "m-"+key, at())
	s.enter(consent.Grant, contact, whatsapp, "whatsapp", "614915700"+key, from.Add(time.Duration(n+1)*time.Minute))
	n++
	s.exec(`INSERT INTO conversation_steps (workspace_id, conversation_id, actor, what, user_id, note, at) VALUES ($1, $2, $3, 'transferred', $4, 'she asked for Sam', $5)`, h.id, talk, fmt.Sprintf("user:%d", s.user[auth.Supervisor]), s.user[auth.Agent], at())
	s.exec(`INSERT INTO notes (workspace_id, conversation_id, author_id, text, created_at) VALUES ($1, $2, $3, 'regular customer', $4)`, h.id, talk, s.user[auth.Agent], at())
	s.exec(`INSERT INTO bookings (workspace_id, service_id, contact_id, thread_id, ref, starts_at, ends_at, state, made_by, cancelled_at, cancelled_by, created_at) VALUES ($1, $2, $3, $4, $5, now() + interval '1 day', now() + interval '2 days', 'cancelled', 'flow:1', $7, $8, $6)`,
		h.id, h.service, contact, waThread, "R"+key, at(), at(), fmt.Sprintf("user:%d", s.user[auth.Agent]))
	s.exec(`INSERT INTO leads (workspace_id, account_id, external_id, form_id, contact_id, submitted_at, state, reason, task) VALUES ($1, $2, $3, '990', $4, $5, 'kept', 'kept', 'open')`, h.id, h.facebook, "lead-"+key, contact, at())
	s.exec(`UPDATE conversations SET state = 'resolved', resolved_at = $2 WHERE id = $1`, talk, at())
	return []string{"resolved", "lead", "booking_cancelled", "booked", "note", "step", "consent", "message", "opened", "arrived", "private_reply", "invited", "public_reply", "public_reply", "comment"}
}

func kindsOf(list []api.TimelineEntry) []string {
	out := []string{}
	for _, e := range list {
		out = append(out, e.Kind)
	}
	return out
}

func TestATimelineTellsAPersonsWayOverAllChannels(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	contact, insta := s.person("Ana", "instagram", "ig-ana", "")
	whatsapp := s.id(`INSERT INTO identities (workspace_id, contact_id, channel, external_id, phone) VALUES ($1, $2, 'whatsapp', 'wa-ana', '61491570156') RETURNING id`, s.home.id, contact)
	want := s.lived(contact, insta, whatsapp, time.Now().Add(-2*time.Hour))
	all := s.timeline(auth.Owner, contact, "").Items
	if got := kindsOf(all); !slices.Equal(got, want) {
		t.Fatalf("%v\nwant\n%v", got, want)
	}
	by := map[string]api.TimelineEntry{}
	for _, e := range all {
		by[e.Kind+"/"+e.By] = e
	}
	for key, holds := range map[string]func(e api.TimelineEntry) bool{
		"comment/customer": func(e api.TimelineEntry) bool {
			return e.Harm == 0.9 && e.On == "home words" && e.CommentID != nil && e.Channel == "instagram" && e.Text == "what does it cost?"
		},
		"public_reply/bot": func(e api.TimelineEntry) bool {
			return e.Text == "we wrote to you" && e.State == "done" && *e.CommentID == *by["comment/customer"].CommentID
		},
		"public_reply/other_tool": func(e api.TimelineEntry) bool { return e.Text == "answered in the app" },
		"private_reply/bot": func(e api.TimelineEntry) bool {
			return e.MessageID != nil && e.ConversationID != nil && e.State == "read"
		},
		"arrived/customer": func(e api.TimelineEntry) bool { return *e.ConversationID == *by["message/customer"].ConversationID },
		"message/customer": func(e api.TimelineEntry) bool {
			return e.Text == "hello" && slices.Equal(e.Files, []string{"image"}) && e.Channel == "whatsapp"
		},
		"consent/customer": func(e api.TimelineEntry) bool {
			return e.What == "grant" && e.Purpose == "promotional" && e.How == "button"
		},
		"step/member": func(e api.TimelineEntry) bool {
			return e.Name == "supervisor@home.example" && e.To == "agent@home.example" && e.Text == "she asked for Sam"
		},
		"note/member":              func(e api.TimelineEntry) bool { return e.Name == "agent@home.example" && e.Text == "regular customer" },
		"booked/bot":               func(e api.TimelineEntry) bool { return e.StartsAt != nil && e.Service["en"] == "home words" },
		"booking_cancelled/member": func(e api.TimelineEntry) bool { return e.Name == "agent@home.example" },
		"lead/customer":            func(e api.TimelineEntry) bool { return e.Text == "home words" && e.State == "open" },
		"invited/bot":              func(e api.TimelineEntry) bool { return e.State == "used" && e.Text == "home words" },
	} {
		if e, is := by[key]; !is || !holds(e) {
			t.Errorf("%s: %+v", key, e)
		}
	}
	said := s.timeline(auth.Owner, contact, "?only=said").Items
	if got := kindsOf(said); !slices.Equal(got, []string{"message", "private_reply", "public_reply", "public_reply", "comment"}) {
		t.Errorf("what was said: %v", got)
	}
	for _, n := range []int{1, 2, 4, 7} {
		if got := s.whole(contact, n); !slices.EqualFunc(got, all, func(a, b api.TimelineEntry) bool { return a.Key == b.Key }) {
			t.Errorf("in pages of %d: %v", n, kindsOf(got))
		}
	}
	s.must(422, "GET", fmt.Sprintf("/api/v1/contacts/%d/timeline?cursor=1_2", contact), s.cookie[auth.Owner], nil, nil)
	s.must(422, "GET", fmt.Sprintf("/api/v1/contacts/%d/timeline?cursor=9223372036854775807_1_1", contact), s.cookie[auth.Owner], nil, nil)
}

// TestATimelineShowsEachRoleWhatItMayRead: a note is there for whoever may list notes, a number for nobody.
func TestATimelineShowsEachRoleWhatItMayRead(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	phone := s.text(`SELECT phone FROM identities WHERE id = $1`, s.home.identity)
	s.exec(`INSERT INTO number_handoffs (workspace_id, source, contact_id, identity_id, asked_action, account_id, phone, template, wording_id, state) VALUES ($1, 'chat', $2, $3, $4, $5, '61491570199', 'hello', $6, 'asked')`,
		s.home.id, s.home.contact, s.home.identity, s.home.action, s.home.whatsapp, s.home.wording)
	for _, role := range auth.Roles {
		body := s.do("GET", fmt.Sprintf("/api/v1/contacts/%d/timeline", s.home.contact), s.cookie[role], nil)
		notes := s.do("GET", fmt.Sprintf("/api/v1/conversations/%d/notes", s.home.conversation), s.cookie[role], nil)
		if body.status != 200 || (notes.status == 200) != strings.Contains(body.body, `"kind":"note"`) {
			t.Errorf("%s: %d, notes %d: %s", role, body.status, notes.status, body.body)
		}
		if !strings.Contains(body.body, `"kind":"number"`) || strings.Contains(body.body, phone) || strings.Contains(body.body, "61491570199") {
			t.Errorf("%s sees a number: %s", role, body.body)
		}
	}
}

func TestATimelineFollowsAMergeAndGoesBackWithIt(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	one, insta := s.person("Ana", "instagram", "ig-one", "")
	two, other := s.person("Ana M.", "instagram", "ig-two", "")
	third, thirdInsta := s.person("A. M.", "instagram", "ig-three", "")
	wa := s.id(`INSERT INTO identities (workspace_id, contact_id, channel, external_id) VALUES ($1, $2, 'whatsapp', 'wa-one') RETURNING id`, s.home.id, one)
	wa2 := s.id(`INSERT INTO identities (workspace_id, contact_id, channel, external_id) VALUES ($1, $2, 'whatsapp', 'wa-two') RETURNING id`, s.home.id, two)
	wa3 := s.id(`INSERT INTO identities (workspace_id, contact_id, channel, external_id) VALUES ($1, $2, 'whatsapp', 'wa-three') RETURNING id`, s.home.id, third)
	from := time.Now().Add(-3 * time.Hour)
	s.lived(one, insta, wa, from)
	s.lived(two, other, wa2, from.Add(30*time.Second))
	s.lived(third, thirdInsta, wa3, from.Add(15*time.Second))
	keys := func(contact int64) string {
		list := []string{}
		for _, e := range s.whole(contact, 6) {
			list = append(list, e.Key)
		}
		return strings.Join(list, " ")
	}
	beforeOne, beforeTwo, beforeThird := keys(one), keys(two), keys(third)
	if beforeOne == "" || beforeOne == beforeTwo {
		t.Fatal(beforeOne)
	}
	merge := func(from, into int64) int64 {
		s.must(200, "POST", fmt.Sprintf("/api/v1/contacts/%d/merge", into), s.cookie[auth.Owner], map[string]any{"from_id": from, "reason": "same voice"}, nil)
		return s.id(`SELECT max(id) FROM contact_merges WHERE from_contact = $1`, from)
	}
	inner := merge(third, two)
	outer := merge(two, one)
	united := s.whole(one, 100)
	count := func(kind string) (n int) {
		for _, e := range united {
			if e.Kind == kind {
				n++
			}
		}
		return n
	}
	for kind, want := range map[string]int{"comment": 3, "public_reply": 6, "private_reply": 3, "message": 3, "consent": 3, "booked": 3, "invited": 3, "arrived": 3, "note": 3, "merged": 1, "lead": 3} {
		if got := count(kind); got != want {
			t.Errorf("%d entries of kind %s after the merges, want %d", got, kind, want)
		}
	}
	for _, m := range []int64{outer, inner} {
		s.must(204, "POST", fmt.Sprintf("/api/v1/contact-merges/%d/undo", m), s.cookie[auth.Owner], nil, nil)
	}
	if a, b, c := keys(one), keys(two), keys(third); a != beforeOne || b != beforeTwo || c != beforeThird {
		t.Errorf("parted again:\n%s\n%s\n%s\nbefore:\n%s\n%s\n%s", a, b, c, beforeOne, beforeTwo, beforeThird)
	}
}

// TestATimelineLosesNothingWhereManyThingsHaveOneInstant: pages are cut within a second, and within an instant.
func TestATimelineLosesNothingWhereManyThingsHaveOneInstant(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	contact, insta := s.person("Bea", "instagram", "ig-bea", "")
	thread := s.id(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id) VALUES ($1, $2, 'instagram', $3, $4) RETURNING id`, s.home.id, s.home.facebook, insta, contact)
	talk := s.id(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, opened_at, last_message_at) VALUES ($1, $2, 'instagram', $3, $4, '2026-05-04 10:00:00Z', now()) RETURNING id`, s.home.id, s.home.facebook, thread, contact)
	for i := range 40 {
		// Customers' words carry whole seconds, ours do not: written alternately, they are told alternately.
		direction, author, at := "in", "contact", "2026-05-04 10:00:00Z"
		if i%2 == 1 {
			direction, author, at = "out", "bot", fmt.Sprintf("2026-05-04 10:00:00.%03dZ", i*20)
		}
		s.exec(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, text, at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '2026-05-04 10:00:00Z'::timestamptz + make_interval(secs => $9 / 50.0))`,
			s.home.id, s.home.facebook, thread, talk, direction, author, fmt.Sprint(i), at, i)
		s.exec(`INSERT INTO comments (workspace_id, account_id, channel, post_id, external_id, root_external_id, identity_id, contact_id, text, commented_at) VALUES ($1, $2, 'instagram', $3, $4, $4, $5, $6, 'c', '2026-05-04 10:00:00Z')`, s.home.id, s.home.facebook, s.home.post, fmt.Sprintf("tie-%d", i), insta, contact)
	}
	told := []string{}
	for _, e := range s.timeline(auth.Owner, contact, "?limit=200").Items {
		if e.Kind == "message" {
			told = append(told, e.Text)
		}
	}
	if len(told) != 40 || told[0] != "39" || told[1] != "38" || told[39] != "0" {
		t.Errorf("told in the order %v", told)
	}
	for _, n := range []int{1, 3, 50} {
		seen := map[string]int{}
		for _, e := range s.whole(contact, n) {
			seen[e.Key]++
		}
		if len(seen) != 81 {
			t.Errorf("in pages of %d: %d entries of 81", n, len(seen))
		}
		for key, times := range seen {
			if times != 1 {
				t.Errorf("in pages of %d: %s comes %d times", n, key, times)
			}
		}
	}
}
