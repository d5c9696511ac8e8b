package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ponte/api"
	"ponte/auth"
	"ponte/consent"
	"ponte/secret"
)

// person makes a contact with one identity on a channel.
func (s *scene) person(name, channel, external, phone string) (contact, identity int64) {
	s.t.Helper()
	contact = s.id(`INSERT INTO contacts (workspace_id, name) VALUES ($1, $2) RETURNING id`, s.home.id, name)
	identity = s.id(`INSERT INTO identities (workspace_id, contact_id, channel, external_id, phone, name) VALUES ($1, $2, $3, nullif($4, ''), nullif($5, ''), $6) RETURNING id`, s.home.id, contact, channel, external, phone, name)
	return contact, identity
}

func (s *scene) ledger() *consent.Ledger {
	keys, err := secret.NewKeyring(strings.Repeat("k", 32))
	if err != nil {
		s.t.Fatal(err)
	}
	return consent.New(keys.Derive("consent"))
}

// enter writes an entry about an identity into the ledger.
func (s *scene) enter(act consent.Act, contact, identity int64, channel, address string, at time.Time) {
	s.t.Helper()
	if s.text(`SELECT count(*)::text FROM consent_wordings WHERE workspace_id = $1 AND name = 'offers'`, s.home.id) == "0" {
		if err := consent.EnsureWordings(s.t.Context(), s.db, s.home.id, "home words"); err != nil {
			s.t.Fatal(err)
		}
	}
	w, err := consent.LatestWording(s.t.Context(), s.db, s.home.id, consent.Offers, "en")
	if err != nil {
		s.t.Fatal(err)
	}
	e := consent.Entry{WorkspaceID: s.home.id, At: at, Brand: "home words", Channel: channel, Purpose: consent.Promotional, Act: act, Kind: consent.Express, How: "button", Actor: "contact",
		Evidence: consent.Evidence{"event": "1"}, Personal: consent.Personal{ContactID: contact, IdentityID: identity, Address: address, Words: "yes"}}
	if act == consent.Grant {
		e.WordingID = &w.ID
	}
	tx := s.db.MustBegin()
	defer tx.Rollback()
	if err := s.ledger().Append(s.t.Context(), tx, []consent.Entry{e}); err != nil {
		s.t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) standing(contact, identity int64, channel string) consent.Status {
	s.t.Helper()
	st, err := s.ledger().Live(s.t.Context(), s.db, s.home.id, contact, identity, channel, consent.Promotional, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return st.Status
}

// rowsOf is everything that belongs to contacts, to compare before and after.
func (s *scene) rowsOf(contacts ...int64) string {
	s.t.Helper()
	var b strings.Builder
	for _, table := range []string{"contacts", "identities", "threads", "conversations", "comments", "actions", "leads", "goals", "handoffs", "bookings", "opt_ins", "number_handoffs", "compliance_items"} {
		column := "contact_id"
		if table == "contacts" {
			column = "id"
		}
		for _, c := range contacts {
			b.WriteString(fmt.Sprintf("%s of %d: ", table, c) + s.text(`SELECT coalesce(string_agg(t::text, '|' ORDER BY t::text), '') FROM `+table+` t WHERE `+column+` = $1`, c) + "\n")
		}
	}
	return b.String()
}

func TestMergingContactsAndPartingThemRestoresExactly(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	one, wa := s.person("Ana", "whatsapp", "BSUID-A", "61491570156")
	two, ig := s.person("Ana Maria", "instagram", "ig-A", "")
	s.exec(`UPDATE contacts SET labels = '{vip}', fields = '{"city":"Perth","size":"M"}', language = 'en' WHERE id = $1`, one)
	s.exec(`UPDATE contacts SET labels = '{press,vip}', fields = '{"city":"Sydney","shoe":41}', language = 'ro', time_zone = 'Europe/Bucharest', blocked_at = now() WHERE id = $1`, two)
	thread := s.id(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id) VALUES ($1, $2, 'instagram', $3, $4) RETURNING id`, s.home.id, s.home.facebook, ig, two)
	s.exec(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, opened_at, last_message_at) VALUES ($1, $2, 'instagram', $3, $4, now(), now())`, s.home.id, s.home.facebook, thread, two)
	s.exec(`INSERT INTO goals (workspace_id, name, contact_id, source, dedupe, at) VALUES ($1, 'purchase', $2, 'api', 'order-1', now())`, s.home.id, two)
	s.exec(`INSERT INTO leads (workspace_id, account_id, external_id, contact_id, submitted_at, state, reason) VALUES ($1, $2, 'lead-1', $3, now(), 'kept', 'kept')`, s.home.id, s.home.facebook, two)
	s.enter(consent.Grant, two, ig, "instagram", fmt.Sprintf("instagram:0:%s", "ig-A"), time.Now().Add(-time.Hour))
	before := s.rowsOf(one, two)

	var merged api.ContactDetail
	s.must(200, "POST", fmt.Sprintf("/api/v1/contacts/%d/merge", one), s.cookie[auth.Agent], map[string]any{"from_id": two, "reason": "told us on the phone"}, &merged)
	if merged.Name != "Ana" || merged.Language != "en" || strings.Join(merged.Labels, ",") != "vip,press" || len(merged.Identities) != 2 || merged.BlockedAt == nil {
		t.Errorf("merged: %+v", merged)
	}
	if got := s.text(`SELECT fields::text FROM contacts WHERE id = $1`, one); !strings.Contains(got, `"city": "Perth"`) || !strings.Contains(got, `"shoe": 41`) {
		t.Errorf("fields: %s", got)
	}
	if got := s.standing(one, wa, "whatsapp"); got != consent.Unknown {
		t.Errorf("WhatsApp stands at %q after the merge: a grant on Instagram widened", got)
	}
	if got := s.standing(one, ig, "instagram"); got != consent.Granted {
		t.Errorf("Instagram stands at %q after the merge: the grant was lost", got)
	}
	for table, want := range map[string]string{"goals": "1", "leads": "1", "threads": "1"} {
		if got := s.text(`SELECT count(*)::text FROM `+table+` WHERE contact_id = $1`, one); got != want {
			t.Errorf("%s of the merged contact: %s, want %s", table, got, want)
		}
	}
	if res := s.do("POST", fmt.Sprintf("/api/v1/contacts/%d/merge", s.home.contact), s.cookie[auth.Agent], map[string]any{"from_id": two, "reason": "again"}); res.status != 409 {
		t.Errorf("merging what was merged: %d", res.status)
	}
	var list api.Page[api.Merge]
	s.must(200, "GET", fmt.Sprintf("/api/v1/contacts/%d/merges", one), s.cookie[auth.Analyst], nil, &list)
	if len(list.Items) != 1 || strings.Join(list.Items[0].Lost, ",") != "name,language,city" {
		t.Fatalf("merges: %+v", list.Items)
	}
	undo := fmt.Sprintf("/api/v1/contact-merges/%d/undo", list.Items[0].ID)
	s.must(204, "POST", undo, s.cookie[auth.Agent], nil, nil)
	if after := s.rowsOf(one, two); after != before {
		t.Errorf("not as it was:\n%s\n→\n%s", before, after)
	}
	if res := s.do("POST", undo, s.cookie[auth.Agent], nil); res.status != 404 {
		t.Errorf("parting twice: %d", res.status)
	}
	if rep, err := s.ledger().Verify(t.Context(), s.db, s.home.id, nil); err != nil || !rep.OK() {
		t.Errorf("the ledger after merge and parting: %+v %v", rep, err)
	}
}

func TestAMergedContactIsNamedByItsIdentityWhereItHasNoNameOfItsOwn(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	one, _ := s.person("Ana", "whatsapp", "B9", "61491570150")
	two, ig := s.person("", "instagram", "ig-9", "")
	s.exec(`UPDATE identities SET username = 'ana.paddles' WHERE id = $1`, ig)
	s.must(200, "POST", fmt.Sprintf("/api/v1/contacts/%d/merge", one), s.cookie[auth.Agent], map[string]any{"from_id": two, "reason": "told us"}, nil)
	var list api.Page[api.Merge]
	s.must(200, "GET", fmt.Sprintf("/api/v1/contacts/%d/merges", one), s.cookie[auth.Agent], nil, &list)
	if len(list.Items) != 1 || list.Items[0].FromName != "ana.paddles" {
		t.Errorf("merges: %+v", list.Items)
	}
}

func TestPartingKeepsWhatWasChangedSince(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	one, _ := s.person("Ana", "whatsapp", "B1", "61491570157")
	two, _ := s.person("", "instagram", "i1", "")
	s.exec(`UPDATE contacts SET labels = '{press}', language = 'ro' WHERE id = $1`, two)
	s.must(200, "POST", fmt.Sprintf("/api/v1/contacts/%d/merge", one), s.cookie[auth.Agent], map[string]any{"from_id": two, "reason": "same"}, nil)
	s.exec(`UPDATE contacts SET name = 'Ana P.', labels = labels || '{late}' WHERE id = $1`, one)
	id := s.id(`SELECT id FROM contact_merges WHERE into_contact = $1`, one)
	s.must(204, "POST", fmt.Sprintf("/api/v1/contact-merges/%d/undo", id), s.cookie[auth.Agent], nil, nil)
	if got := s.text(`SELECT name || ' ' || language || ' ' || labels::text FROM contacts WHERE id = $1`, one); got != "Ana P.  {late}" {
		t.Errorf("%q", got)
	}
}

func TestDuplicatesAreSuggestedAndNeverMerged(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	one, _ := s.person("Ana", "whatsapp", "B1", "61491570158")
	two, _ := s.person("Ana on Instagram", "instagram", "i1", "")
	three, _ := s.person("Bo", "instagram", "i2", "")
	four, _ := s.person("Bo by form", "instagram", "i3", "")
	s.exec(`UPDATE contacts SET fields = '{"phone":"+61 491 570 158"}' WHERE id = $1`, two)
	s.exec(`UPDATE contacts SET fields = '{"email":"Bo@Example.com "}' WHERE id = $1`, three)
	s.exec(`INSERT INTO leads (workspace_id, account_id, external_id, contact_id, submitted_at, state, reason, answers) VALUES ($1, $2, 'l', $3, now(), 'kept', 'kept', '{"email":["bo@example.com"],"note":"x"}')`, s.home.id, s.home.facebook, four)
	var list api.Page[api.Duplicate]
	s.must(200, "GET", "/api/v1/contact-duplicates", s.cookie[auth.Agent], nil, &list)
	got := map[string]bool{}
	for _, d := range list.Items {
		got[fmt.Sprintf("%d+%d %s", d.A.ID, d.B.ID, strings.Join(d.Same, ","))] = true
	}
	if len(got) != 2 || !got[fmt.Sprintf("%d+%d phone", one, two)] || !got[fmt.Sprintf("%d+%d email", three, four)] {
		t.Errorf("%v", got)
	}
	if n := s.text(`SELECT count(*)::text FROM contact_merges WHERE workspace_id = $1 AND into_contact = ANY(ARRAY[$2,$3,$4,$5]::bigint[])`, s.home.id, one, two, three, four); n != "0" {
		t.Error("something was merged by itself")
	}
}

// A reply for the case that the customer stays silent does not go when it turns out that they had written, as another contact.
func TestAMergeCancelsWhatWasForSilence(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	contact, identity := s.person("On Instagram", "instagram", "4711", "")
	thread := s.id(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id) VALUES ($1, $2, 'instagram', $3, $4) RETURNING id`, s.home.id, s.home.facebook, identity, contact)
	talk := s.id(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, opened_at, last_message_at) VALUES ($1, $2, 'instagram', $3, $4, now(), now()) RETURNING id`, s.home.id, s.home.facebook, thread, contact)
	wrote := s.id(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, external_id, text, at) VALUES ($1, $2, $3, $4, 'in', 'contact', 'm1', 'never mind', now() - interval '1 minute') RETURNING id`, s.home.id, s.home.facebook, thread, talk)
	merge := func() string {
		s.must(200, "POST", fmt.Sprintf("/api/v1/contacts/%d/merge", s.home.contact), s.cookie[auth.Agent], map[string]any{"from_id": contact, "reason": "said so"}, nil)
		return s.text(`SELECT state || ' ' || reason FROM actions WHERE id = $1`, s.home.scheduled)
	}
	if got := merge(); got != "planned " { // written before the reply was planned
		t.Fatalf("the reply is %q", got)
	}
	s.must(204, "POST", fmt.Sprintf("/api/v1/contact-merges/%d/undo", s.id(`SELECT max(id) FROM contact_merges`)), s.cookie[auth.Supervisor], nil, nil)
	s.exec(`UPDATE messages SET at = now() + interval '1 second' WHERE id = $1`, wrote)
	if got := merge(); got != "cancelled customer_wrote" {
		t.Errorf("the reply is %q", got)
	}
	if got := s.text(`SELECT what || ' ' || (detail ->> 'why') FROM conversation_steps WHERE conversation_id = $1 ORDER BY id DESC LIMIT 1`, s.home.conversation); got != "scheduled_cancelled customer_wrote" {
		t.Errorf("the step says %q", got)
	}
}

// Who made two people one, and who parted them, is named also where it was another system's token.
func TestATokenThatMergesIsNamed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	stays, _ := s.person("Anna", "whatsapp", "", "61491570158")
	from, _ := s.person("Anna B", "whatsapp", "", "61491570159")
	token := "Bearer " + s.token(auth.Agent)
	s.must(200, "POST", fmt.Sprintf("/api/v1/contacts/%d/merge", stays), token, map[string]any{"from_id": from, "reason": "one person"}, nil)
	var list struct{ Items []api.Merge }
	read := func() api.Merge {
		t.Helper()
		s.must(200, "GET", fmt.Sprintf("/api/v1/contacts/%d/merges", stays), s.cookie[auth.Owner], nil, &list)
		if len(list.Items) != 1 {
			t.Fatalf("%+v", list.Items)
		}
		return list.Items[0]
	}
	m := read()
	s.must(204, "POST", fmt.Sprintf("/api/v1/contact-merges/%d/undo", m.ID), token, map[string]any{}, nil)
	if after := read(); !strings.HasPrefix(m.By, "token:") || after.UndoneBy != m.By {
		t.Errorf("merged by %q, parted by %q", m.By, after.UndoneBy)
	}
}
