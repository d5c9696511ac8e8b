package api_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"ponte/api"
	"ponte/auth"
	"ponte/inbox"
	"ponte/privacy"
)

// Every table that knows a contact or an identity is described, so that erasing and merging know of it.
func TestEveryTableThatKnowsAPersonIsDescribed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var tables []string
	err := s.db.Select(&tables, `SELECT DISTINCT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND (c.column_name LIKE '%contact_id' OR c.column_name LIKE '%\_contact' OR c.column_name LIKE '%identity_id') ORDER BY 1`)
	if err != nil || len(tables) < 10 {
		t.Fatalf("%v %v", tables, err)
	}
	for _, table := range tables {
		if !slices.ContainsFunc(api.Stores(), func(s privacy.Store) bool { return s.Table == table }) {
			t.Errorf("the table %s knows a contact or an identity: describe it in a PersonalData of the package that owns it, name that in api/stores.go, and add it to docs/privacy.md", table)
		}
	}
}

// What is described as following a person is what inbox moves.
func TestWhatFollowsAPersonIsMoved(t *testing.T) {
	t.Parallel()
	want := map[string]bool{}
	for _, s := range api.Stores() {
		if s.Follows == privacy.ByIdentity || s.Follows == privacy.ByContact {
			want[s.Table] = s.Follows == privacy.ByContact
		}
	}
	if got := inbox.Followers(); !maps.Equal(got, want) {
		t.Errorf("inbox/follow.go moves %v, described are %v (true: by contact)", got, want)
	}
}

// What a person is recognised by is in no table after erasing, whatever holds it.
func TestErasingLeavesNothingThatNamesThePerson(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	const mark = "QXERASED"
	one, wa := s.person(mark, "whatsapp", mark+"-bsuid", "61491570159")
	two, ig := s.person(mark+" two", "instagram", mark+"-ig", "")
	s.exec(`UPDATE contacts SET labels = ARRAY[$2], fields = jsonb_build_object('note', $2::text) WHERE id = ANY(ARRAY[$1, $3]::bigint[])`, one, mark, two)
	thread := s.id(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id) VALUES ($1, $2, 'whatsapp', $3, $4) RETURNING id`, s.home.id, s.home.whatsapp, wa, one)
	talk := s.id(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, opened_at, last_message_at, preview, labels, bot) VALUES ($1, $2, 'whatsapp', $3, $4, now(), now(), $5, ARRAY[$5], jsonb_build_object('answers', $5::text)) RETURNING id`, s.home.id, s.home.whatsapp, thread, one, mark)
	s.exec(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, type, text, at) VALUES ($1, $2, $3, $4, 'in', 'contact', 'text', $5, now())`, s.home.id, s.home.whatsapp, thread, talk, mark)
	s.exec(`INSERT INTO actions (workspace_id, account_id, contact_id, identity_id, kind, purpose, origin, call, token, dedupe, state, valid_until, reason) SELECT workspace_id, account_id, $2, $3, kind, 'service', origin, jsonb_build_object('kind', 'message.send', 'text', $4::text), 'tok-erased', 'dedupe-erased', 'cancelled', now(), 'by a test' FROM actions WHERE id = $1`, s.home.action, two, ig, mark)
	s.exec(`INSERT INTO leads (workspace_id, account_id, external_id, contact_id, submitted_at, state, reason, answers) VALUES ($1, $2, $4, $3, now(), 'kept', 'kept', jsonb_build_object('name', jsonb_build_array($4::text)))`, s.home.id, s.home.facebook, one, mark)
	s.must(200, "POST", fmt.Sprintf("/api/v1/contacts/%d/merge", one), s.cookie[auth.Agent], map[string]any{"from_id": two, "reason": mark}, nil)
	s.must(204, "POST", fmt.Sprintf("/api/v1/contacts/%d/consent", one), s.cookie[auth.Agent], map[string]any{"act": "withdraw", "channel": "all", "purpose": "promotional", "how": "phone", "evidence_text": mark}, nil)
	if got := s.holding(mark); len(got) < 8 {
		t.Fatalf("the test fills too little: %v", got)
	}
	s.must(204, "POST", fmt.Sprintf("/api/v1/contacts/%d/erase", one), s.cookie[auth.Admin], nil, nil)
	s.finish()
	for _, what := range []string{mark, "61491570159"} {
		if got := s.holding(what); len(got) > 0 {
			t.Errorf("%s is still in %v", what, got)
		}
	}
	var said api.Page[api.Message]
	s.must(200, "GET", fmt.Sprintf("/api/v1/conversations/%d/messages", talk), s.cookie[auth.Agent], nil, &said)
	if len(said.Items) == 0 || said.Items[0].DeletedAt == nil || !said.Items[0].Detail.Erased {
		t.Errorf("an erased message passes for one that its sender deleted: %+v", said.Items)
	}
	var line api.Page[api.TimelineEntry]
	s.must(200, "GET", fmt.Sprintf("/api/v1/contacts/%d/timeline?only=said", one), s.cookie[auth.Agent], nil, &line)
	if !slices.ContainsFunc(line.Items, func(e api.TimelineEntry) bool { return e.Kind == "message" && e.Deleted && e.State == "erased" }) {
		t.Errorf("the time line does not say that a message was erased: %+v", line.Items)
	}
	var gone api.ContactDetail
	s.must(200, "GET", fmt.Sprintf("/api/v1/contacts/%d", one), s.cookie[auth.Agent], nil, &gone)
	var theirs api.ConversationDetail
	s.must(200, "GET", fmt.Sprintf("/api/v1/conversations/%d", talk), s.cookie[auth.Agent], nil, &theirs)
	var sent api.Page[api.Action]
	s.must(200, "GET", fmt.Sprintf("/api/v1/actions?contact_id=%d", one), s.cookie[auth.Agent], nil, &sent)
	if !gone.Erased || gone.Known != nil || !theirs.Contact.Erased || theirs.Contact.Known != nil || len(sent.Items) == 0 || !sent.Items[0].ContactErased {
		t.Errorf("nothing says that the person was erased: %+v, %+v, %+v", gone.ContactBrief, theirs.Contact, sent.Items)
	}
	id := s.id(`SELECT id FROM contact_merges WHERE into_contact = $1`, one)
	if res := s.do("POST", fmt.Sprintf("/api/v1/contact-merges/%d/undo", id), s.cookie[auth.Agent], nil); res.status != 409 {
		t.Errorf("parting what was erased: %d", res.status)
	}
}

// holding lists the tables in which any row holds the text, bytes included.
func (s *scene) holding(what string) []string {
	s.t.Helper()
	var tables, out []string
	if err := s.db.Select(&tables, `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`); err != nil {
		s.t.Fatal(err)
	}
	for _, table := range tables {
		if s.text(`SELECT count(*)::text FROM `+table+` t WHERE strpos(t::text, $1) > 0 OR strpos(t::text, encode(convert_to($1, 'UTF8'), 'hex')) > 0`, what) != "0" {
			out = append(out, table)
		}
	}
	return out
}

// The documents say of each described table what erasing does.
func TestStoresAreSorted(t *testing.T) {
	t.Parallel()
	at := func(table string) int {
		return slices.IndexFunc(api.Stores(), func(s privacy.Store) bool { return s.Table == table })
	}
	if at("events") > at("identities") || at("identities") > at("contacts") {
		t.Errorf("what finds a row by another must come first: %v", api.Stores())
	}
}
