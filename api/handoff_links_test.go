package api_test

import (
	"fmt"
	"strings"
	"testing"

	"ponte/api"
	"ponte/auth"
)

func TestALinkForAPosterAndItsCode(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	owner := s.cookie[auth.Owner]
	var l api.HandoffLink
	s.must(200, "POST", "/api/v1/handoff-links", owner, map[string]any{"name": "Shop window", "account_id": s.home.whatsapp, "trigger_id": s.home.trigger, "language": "it"}, &l)
	if !strings.HasPrefix(l.Link, "https://wa.me/61255500101?text=") || !strings.Contains(l.Link, l.Reference) || !strings.HasPrefix(l.Reference, "PNT-") {
		t.Errorf("%+v", l)
	}
	res := s.do("GET", fmt.Sprintf("/api/v1/handoff-links/%d/qr", l.ID), s.cookie[auth.Agent], nil)
	if res.status != 200 || res.header.Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(res.body, "<svg ") {
		t.Errorf("%d %s", res.status, res.body[:min(80, len(res.body))])
	}
	s.must(422, "POST", "/api/v1/handoff-links", owner, map[string]any{"name": "x", "account_id": s.home.facebook}, nil)
	s.must(422, "POST", "/api/v1/handoff-links", owner, map[string]any{"name": "x", "account_id": s.home.whatsapp, "trigger_id": s.other.trigger}, nil)
	s.must(204, "DELETE", fmt.Sprintf("/api/v1/handoff-links/%d", l.ID), owner, nil, nil)
	s.must(404, "GET", fmt.Sprintf("/api/v1/handoff-links/%d/qr", l.ID), owner, nil, nil)
}

func TestALeadFormsBoxIsKeptWithItsWords(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	owner := s.cookie[auth.Owner]
	body := map[string]any{"form_id": "77", "name": "Spring", "account_id": s.home.whatsapp, "box_key": "ok", "wording": "home words may write to me on WhatsApp about my request.", "language": "en", "purpose": "service", "template": "lead_welcome"}
	var first, same, other api.LeadForm
	s.must(200, "PUT", "/api/v1/lead-forms", owner, body, &first)
	s.must(200, "PUT", "/api/v1/lead-forms", owner, body, &same)
	body["wording"] = "home words may send me offers on WhatsApp, up to 4 a month. I can reply STOP."
	s.must(200, "PUT", "/api/v1/lead-forms", owner, body, &other)
	if first.WordingID != same.WordingID || first.WordingID == other.WordingID || first.ID != other.ID {
		t.Errorf("%+v %+v %+v", first, same, other)
	}
	body["wording"] = "home words may write to me on WhatsApp about my request."
	for _, c := range []struct{ status, category, purpose, want string }{
		{"", "", "service", "missing"}, {"PENDING", "UTILITY", "service", "not_approved"}, {"APPROVED", "MARKETING", "service", "marketing"}, {"APPROVED", "MARKETING", "promotional", ""}, {"APPROVED", "UTILITY", "service", ""},
	} {
		s.exec(`DELETE FROM templates WHERE name = 'first_words'`)
		if c.status != "" {
			s.exec(`INSERT INTO templates (workspace_id, account_id, name, language, category, status, components) VALUES ($1, $2, 'first_words', 'en', $3, $4, '[{"type":"BODY","text":"Thanks for your request."}]')`, s.home.id, s.home.whatsapp, c.category, c.status)
		}
		body["template"], body["purpose"] = "first_words", c.purpose
		if s.must(200, "PUT", "/api/v1/lead-forms", owner, body, &other); other.Unready != c.want {
			t.Errorf("%+v: %q", c, other.Unready)
		}
	}
	// A template belongs to the business account: another of its numbers sends it as well.
	s.exec(`WITH a AS (INSERT INTO accounts (workspace_id, channel, external_id, name, base_url, token_sealed, waba_id, phone) SELECT workspace_id, channel, 'earlier', name, base_url, token_sealed, waba_id, '61255500999' FROM accounts WHERE id = $1 RETURNING id)
		UPDATE templates SET account_id = a.id FROM a WHERE templates.name = 'first_words'`, s.home.whatsapp)
	if s.must(200, "PUT", "/api/v1/lead-forms", owner, body, &other); other.Unready != "" {
		t.Errorf("kept by another number of the business account it is %q", other.Unready)
	}
	body["wording"] = "They may write to me on WhatsApp."
	s.must(422, "PUT", "/api/v1/lead-forms", owner, body, nil)
	s.must(403, "PUT", "/api/v1/lead-forms", s.cookie[auth.Agent], body, nil)
	var tasks struct{ Items []api.ReceivedLead }
	s.must(200, "GET", "/api/v1/leads", s.cookie[auth.Agent], nil, &tasks)
	if len(tasks.Items) != 1 || tasks.Items[0].ID != s.home.lead {
		t.Errorf("%+v", tasks.Items)
	}
	s.must(204, "POST", fmt.Sprintf("/api/v1/leads/%d/done", s.home.lead), s.cookie[auth.Agent], nil, nil)
	s.must(200, "GET", "/api/v1/leads", s.cookie[auth.Agent], nil, &tasks)
	if len(tasks.Items) != 0 {
		t.Errorf("%+v", tasks.Items)
	}
}
