package api_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"ponte/api"
	"ponte/auth"
)

func TestWhatIsKnownOfAPersonIsSeenAndChanged(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	id, _ := s.person("", "whatsapp", "BSUID-D", "61491570156")
	s.exec(`UPDATE identities SET name = 'Ana on WhatsApp' WHERE contact_id = $1`, id)
	s.exec(`UPDATE contacts SET fields = '{"city":"Perth","shoe":41,"member":true,"phone_unverified":"+61491570157"}', labels = '{press}' WHERE id = $1`, id)
	path := fmt.Sprintf("/api/v1/contacts/%d", id)

	var c api.ContactDetail
	s.must(200, "GET", path, s.cookie[auth.Agent], nil, &c)
	want := map[string]string{"city": "Perth", "shoe": "41", "member": "true", "phone_unverified": "+61491570157"}
	if c.Name != "Ana on WhatsApp" || c.OwnName != "" || !maps.Equal(c.Fields, want) || strings.Join(c.Channels, ",") != "whatsapp" {
		t.Errorf("as it was found: %+v", c)
	}
	s.must(200, "GET", path, s.cookie[auth.Moderator], nil, &c)
	if strings.ContainsAny(c.Fields["phone_unverified"], "0123456789") || c.Fields["shoe"] != "41" {
		t.Errorf("a moderator sees %q", c.Fields)
	}

	change := func(body map[string]any) {
		t.Helper()
		c = api.ContactDetail{} // decoding adds to a map that is there
		s.must(200, "PUT", path, s.cookie[auth.Agent], body, &c)
	}
	change(map[string]any{"name": " Ana \u0000 Pop ", "language": "ro", "country": "it", "time_zone": "Europe/Rome", "labels": []string{"vip", "press", "vip"},
		"fields": map[string]string{"city": "", "size": "M"}})
	want = map[string]string{"shoe": "41", "member": "true", "phone_unverified": "+61491570157", "size": "M"}
	if c.Name != "Ana Pop" || c.OwnName != "Ana Pop" || c.Language != "ro" || c.Country != "IT" || c.TimeZone != "Europe/Rome" || strings.Join(c.Labels, ",") != "vip,press" || !maps.Equal(c.Fields, want) {
		t.Errorf("after the change: %+v", c)
	}
	if got := s.text(`SELECT fields->>'shoe' || jsonb_typeof(fields->'shoe') FROM contacts WHERE id = $1`, id); got != "41number" {
		t.Errorf("a number that nobody touched: %s", got)
	}
	audit := s.text(`SELECT detail::text FROM audit_log WHERE verb = 'contact.describe' AND object = $1`, fmt.Sprintf("contact:%d", id))
	if !strings.Contains(audit, "fields.city") || strings.Contains(audit, "Pop") || strings.Contains(audit, "Perth") {
		t.Errorf("the audit log names what changed, not whom: %s", audit)
	}

	// What is left out stays, and nothing is written where nothing changes.
	change(map[string]any{"name": ""})
	if c.Name != "Ana on WhatsApp" || c.Language != "ro" || len(c.Labels) != 2 || len(c.Fields) != 4 {
		t.Errorf("one value taken away: %+v", c)
	}
	change(map[string]any{"language": "ro", "fields": map[string]string{"size": "M"}})
	if n := s.text(`SELECT count(*)::text FROM audit_log WHERE verb = 'contact.describe'`); n != "2" {
		t.Errorf("%s changes in the audit log", n)
	}

	before := s.rowsOf(id)
	for what, body := range map[string]map[string]any{
		"language":     {"name": "X", "language": "tlh"},
		"time_zone":    {"name": "X", "time_zone": "Rome"},
		"country":      {"name": "X", "country": "1T"},
		"labels":       {"name": "X", "labels": []string{" "}},
		"fields.Größe": {"name": "X", "fields": map[string]string{"Größe": "M"}},
		"fields.name":  {"name": "X", "fields": map[string]string{"name": "Y"}},
		"fields.size":  {"name": "X", "fields": map[string]string{"size": strings.Repeat("M", 501)}},
	} {
		if a := s.do("PUT", path, s.cookie[auth.Agent], body); a.status != 422 || !strings.Contains(a.body, what) {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	if after := s.rowsOf(id); after != before {
		t.Errorf("what was refused changed something:\n%s\n%s", before, after)
	}

	// Who never said so speaks the language that they last wrote in, and is found by it.
	spoke, ig := s.person("Marta", "instagram", "ig-E", "")
	thread := s.id(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id) VALUES ($1, $2, 'instagram', $3, $4) RETURNING id`, s.home.id, s.home.facebook, ig, spoke)
	for _, language := range []string{"es", "de", ""} {
		s.exec(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, language, state, resolved_at, opened_at, last_message_at) VALUES ($1, $2, 'instagram', $3, $4, $5, 'resolved', now(), now(), now())`, s.home.id, s.home.facebook, thread, spoke, language)
	}
	var found api.Page[api.Contact]
	s.must(200, "GET", "/api/v1/contacts?language=de", s.cookie[auth.Agent], nil, &found)
	if len(found.Items) != 1 || found.Items[0].ID != spoke || found.Items[0].Language != "de" {
		t.Errorf("who speaks German: %+v", found.Items)
	}

	other, _ := s.person("Other", "instagram", "ig-D", "")
	s.must(200, "POST", fmt.Sprintf("/api/v1/contacts/%d/merge", id), s.cookie[auth.Agent], map[string]any{"from_id": other, "reason": "told us"}, nil)
	if a := s.do("PUT", fmt.Sprintf("/api/v1/contacts/%d", other), s.cookie[auth.Agent], map[string]any{"name": "Ghost"}); a.status != 409 {
		t.Errorf("who was merged away: %d %s", a.status, a.body)
	}
}
