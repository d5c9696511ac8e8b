package api_test

import (
	"fmt"
	"testing"

	"ponte/api"
	"ponte/auth"
)

// finish takes all steps of all erasures there are, as if the time that they wait had passed.
func (s *scene) finish() {
	s.t.Helper()
	s.exec(`UPDATE erasures SET asked_at = asked_at - interval '1 hour', look_at = now() WHERE done_at IS NULL`)
	for range 100 {
		more, err := s.server.FinishErasure(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		if !more {
			return
		}
	}
	s.t.Fatal("the erasure does not come to an end")
}

func (s *scene) erase(contact int64) {
	s.t.Helper()
	s.must(204, "POST", fmt.Sprintf("/api/v1/contacts/%d/erase", contact), s.cookie[auth.Admin], nil, nil)
}

func (s *scene) underWay(contact int64) bool {
	s.t.Helper()
	var out api.Erasure
	s.must(200, "GET", fmt.Sprintf("/api/v1/contacts/%d/erasure", contact), s.cookie[auth.Admin], nil, &out)
	return out.UnderWay
}

func (s *scene) none(marks ...string) {
	s.t.Helper()
	for _, m := range marks {
		if got := s.holding(m); len(got) > 0 {
			s.t.Errorf("%s is still in %v", m, got)
		}
	}
}

// What is being sent or looked for when a person is erased ends by itself, and is emptied then; what waits for
// somebody to look is cancelled at once.
func TestErasingEmptiesWhatIsUnderWayWhenItEnds(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	const mark, phone = "QXUNDERWAY", "61491570160"
	contact, identity := s.person(mark, "whatsapp", mark+"-bsuid", phone)
	add := func(state, reason string) int64 {
		return s.id(`INSERT INTO actions (workspace_id, account_id, kind, purpose, origin, contact_id, identity_id, call, token, dedupe, state, reason, valid_until)
VALUES ($1, $2, 'message.send', 'service', 'bot', $3, $4, jsonb_build_object('kind', 'message.send', 'to', $5::text, 'text', $6::text), $7, $7, $8, $9, now() + interval '1 day') RETURNING id`,
			s.home.id, s.home.whatsapp, contact, identity, phone, mark, "under way: "+state+reason, state, reason)
	}
	asked, looked, sending, waits := add("unknown", "ask_person"), add("unknown", "timeout"), add("sending", ""), add("planned", "")
	s.erase(contact)
	state := func(id int64) string {
		return s.text(`SELECT state || ' ' || reason || ' ' || (call ? 'text')::text FROM actions WHERE id = $1`, id)
	}
	for id, want := range map[int64]string{asked: "cancelled erased false", waits: "cancelled erased false", looked: "unknown timeout true", sending: "sending  true"} {
		if got := state(id); got != want {
			t.Errorf("at once: %q, want %q", got, want)
		}
	}
	s.finish()
	if !s.underWay(contact) {
		t.Error("an erasure whose message is being sent passes for done")
	}
	s.exec(`UPDATE actions SET state = 'done', done_at = now() WHERE id = $1`, sending)
	s.finish()
	if got := state(sending); got != "done  false" {
		t.Errorf("what was sent meanwhile: %q", got)
	}
	s.exec(`UPDATE actions SET reason = 'ask_person' WHERE id = $1`, looked)
	s.finish()
	if got := state(looked); got != "cancelled erased false" {
		t.Errorf("what nobody can say of: %q", got)
	}
	if s.underWay(contact) {
		t.Error("nothing is under way any more, and the erasure is not done")
	}
	s.none(mark, phone)
}

// What the sender writes of a call that was under way – here the id under which the reader of a private reply
// writes, and a message's words – goes too.
func TestErasingTakesWhatIsWrittenBehindIt(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	const mark = "QXBEHIND"
	contact, identity := s.person(mark, "messenger", mark+"-one", "")
	thread := s.id(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id) VALUES ($1, $2, 'messenger', $3, $4) RETURNING id`, s.home.id, s.home.facebook, identity, contact)
	talk := s.id(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, opened_at, last_message_at) VALUES ($1, $2, 'messenger', $3, $4, now(), now()) RETURNING id`, s.home.id, s.home.facebook, thread, contact)
	s.erase(contact)
	s.exec(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, type, text, at) VALUES ($1, $2, $3, $4, 'out', 'bot', 'text', $5, now())`, s.home.id, s.home.facebook, thread, talk, mark)
	s.exec(`INSERT INTO identities (workspace_id, contact_id, channel, external_id, name) VALUES ($1, $2, 'messenger', $3, $3)`, s.home.id, contact, mark+"-two")
	s.exec(`INSERT INTO events (workspace_id, account_id, key, kind, channel, lane, occurred_at, payload, state, reason) VALUES ($1, $2, 'x', 'message.read', 'messenger', 1, now() - interval '1 day', json_build_object('person', $3::text), 'done', 'by a test')`, s.home.id, s.home.facebook, mark+"-two")
	s.finish()
	s.none(mark)
}

// A question that is being asked of the model is gone once it is answered, and so is an event that waits.
func TestErasingTakesQuestionsAndEventsThatWait(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	const mark = "QXWAITS"
	s.exec(`UPDATE identities SET external_id = $2 WHERE id = $1`, s.home.identity, mark)
	asking := s.id(`INSERT INTO asks (workspace_id, subject, subject_id, verdict_id, event_id, account_id, lane, digest, question, state) VALUES ($1, 'comment', $2, $3, $4, $5, 1, '', jsonb_build_object('text', $6::text), 'asking') RETURNING id`,
		s.home.id, s.home.comment, s.home.verdict, s.home.event, s.home.facebook, mark)
	delivery := s.id(`INSERT INTO deliveries (body, state) VALUES ($1, 'split') RETURNING id`, []byte(mark))
	event := s.id(`INSERT INTO events (workspace_id, account_id, delivery_id, key, kind, channel, lane, occurred_at, payload) VALUES ($1, $2, $4, 'waits', 'message.received', 'whatsapp', 1, now(), json_build_object('person', $3::text)) RETURNING id`, s.home.id, s.home.whatsapp, mark, delivery)
	s.erase(s.home.contact)
	if got := s.text(`SELECT state || ' ' || reason || ' ' || payload::text FROM events WHERE id = $1`, event); got != `done erased {"erased":true}` {
		t.Errorf("an event that waited: %s", got)
	}
	s.finish()
	if !s.underWay(s.home.contact) {
		t.Error("an erasure is done while a model is asked what they wrote")
	}
	s.exec(`UPDATE asks SET state = 'answered', answered_at = now() WHERE id = $1`, asking)
	s.finish()
	if s.text(`SELECT count(*)::text FROM asks WHERE id = $1`, asking) != "0" || s.underWay(s.home.contact) {
		t.Error("the question to the model stays after it was answered")
	}
	s.none(mark)
}

// Events that only name the person are found step by step behind the request: receipts, keys, what others sent. What the
// person does after the erasure is theirs anew.
func TestErasingFindsEveryEventThatNamesThePerson(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	const mark, phone = "QXNAMED", "61491570161"
	contact, _ := s.person(mark, "whatsapp", mark+"-bsuid", phone)
	s.exec(`INSERT INTO events (workspace_id, account_id, key, kind, channel, lane, occurred_at, payload, state, reason) SELECT $1, $2, 'other:' || n, 'status.changed', 'whatsapp', 1, now(), '{}', 'done', 'by a test' FROM generate_series(1, 4500) n`, s.home.id, s.home.whatsapp)
	add := func(key, person, state, at string) int64 {
		d := s.id(`INSERT INTO deliveries (body, state) VALUES ($1, 'split') RETURNING id`, []byte(person))
		return s.id(`INSERT INTO events (workspace_id, account_id, delivery_id, key, kind, channel, lane, occurred_at, payload, state, reason) VALUES ($1, $2, $3, $4, 'status.changed', 'whatsapp', 1, now() + $7::interval, json_build_object('person', $5::text), $6, 'by a test') RETURNING id`,
			s.home.id, s.home.whatsapp, d, key, person, state, at)
	}
	add("receipt", mark+"-bsuid", "done", "-400 days")
	add("preference:"+phone+":offers:stop:1", "", "done", "0")
	add("parked", phone, "parked", "1 hour")
	s.erase(contact)
	if !s.underWay(contact) {
		t.Error("an erasure passes for done while a transaction from before it may still write")
	}
	s.none(mark, phone) // few events are looked through at once
	anew := add("anew", phone, "done", "2 hours")
	s.finish()
	if s.underWay(contact) {
		t.Error("the erasure is not done")
	}
	if got := s.text(`SELECT payload::text FROM events WHERE id = $1`, anew); got == `{"erased":true}` {
		t.Error("what they wrote after the erasure was emptied")
	}
	s.exec(`DELETE FROM deliveries WHERE id = (SELECT delivery_id FROM events WHERE id = $1)`, anew)
	s.exec(`DELETE FROM events WHERE id = $1`, anew)
	s.none(mark, phone)
}

// A webhook that came before the erasure and is split after it belongs to what was to be erased.
func TestErasingTakesWhatWasReceivedBeforeAndSplitAfter(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	const mark = "QXSPLITLATER"
	contact, _ := s.person(mark, "whatsapp", mark, "")
	delivery := s.id(`INSERT INTO deliveries (body, received_at) VALUES ($1, now() - interval '2 hours') RETURNING id`, []byte(mark))
	s.erase(contact)
	s.exec(`INSERT INTO events (workspace_id, account_id, delivery_id, key, kind, channel, lane, occurred_at, payload, state, reason) VALUES ($1, $2, $3, 'late', 'message.read', 'whatsapp', 1, now() - interval '2 hours', json_build_object('person', $4::text), 'done', 'by a test')`, s.home.id, s.home.whatsapp, delivery, mark)
	s.exec(`UPDATE deliveries SET state = 'split' WHERE id = $1`, delivery)
	s.finish()
	if s.underWay(contact) {
		t.Error("the erasure is not done")
	}
	s.none(mark)
}
