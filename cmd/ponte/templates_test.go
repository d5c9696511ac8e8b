package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
)

// ask calls the API as the token's holder and fails on another status.
func (b *stage) ask(status int, token, method, path string, in, out any) {
	b.Helper()
	body, err := json.Marshal(in)
	b.must(err)
	if in == nil {
		body = nil
	}
	var res *http.Response
	for deadline := time.Now().Add(30 * time.Second); ; { // it takes a moment until the process listens
		req, err := http.NewRequestWithContext(b.Context(), method, b.url+"/api/v1"+path, bytes.NewReader(body))
		b.must(err)
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		if res, err = http.DefaultClient.Do(req); err == nil {
			break
		}
		if time.Now().After(deadline) {
			b.Fatal(err)
		}
		<-time.After(100 * time.Millisecond)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	b.must(err)
	if res.StatusCode != status {
		b.Fatalf("%s %s: %d, want %d: %s", method, path, res.StatusCode, status, raw)
	}
	if out != nil {
		b.must(json.Unmarshal(raw, out))
	}
}

// comes waits until a statement answers with what is wanted.
func (b *stage) comes(want, stmt string, args ...any) {
	b.Helper()
	got := ""
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); {
		var rows []string
		b.must(b.db.Select(&rows, stmt, args...))
		if got = strings.Join(rows, ","); got == want {
			return
		}
		select {
		case <-b.Context().Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
	b.Fatalf("%q did not come, but %q: %s", want, got, stmt)
}

type draftAnswer struct {
	ID         int64
	Version    int
	State      string
	Definition map[string]any
	Template   *struct{ ID int64 }
}

// A template's whole life at Meta, and the two messages it is for: to somebody who ticked a box, and to a
// number that was left in a chat.
func TestTemplatesFromTheFirstWordToTheLastDay(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the stand-in's reviewers")
	}
	b := newStage(t, func(string, int) string { return "" })
	var second string
	b.must((&store{DB: b.db}).inTx(t.Context(), func(tx *sqlx.Tx) (err error) {
		_, second, err = auth.AddToken(t.Context(), tx, 1, "the other person", "owner", nil, "cli")
		return err
	}))
	var whatsapp int64
	b.must(b.db.Get(&whatsapp, `SELECT id FROM accounts WHERE channel = 'whatsapp'`))
	var added struct {
		Items []struct {
			Key     string
			DraftID int64 `json:"draft_id"`
		}
	}
	b.ask(200, b.token, "POST", "/ready-templates", map[string]any{"account_id": whatsapp, "keys": []string{"lead_welcome", "number_check", "opt_in_check"}, "languages": []string{"en"}}, &added)
	id := map[string]int64{}
	for _, a := range added.Items {
		id[a.Key] = a.DraftID
		path := fmt.Sprintf("/template-drafts/%d", a.DraftID)
		b.ask(403, b.token, "POST", path+"/approve", map[string]any{"version": 1}, nil)
		b.ask(200, second, "POST", path+"/approve", map[string]any{"version": 1}, nil)
		b.ask(200, b.token, "POST", path+"/submit", map[string]any{"version": 1}, nil)
	}
	const status = `SELECT status FROM templates WHERE name = $1`
	b.comes("APPROVED", status, "lead_welcome")
	b.comes("APPROVED", status, "number_check")
	b.comes("APPROVED", status, "opt_in_check")
	b.comes("PENDING,APPROVED", `SELECT e.value FROM template_events e JOIN templates t ON t.id = e.template_id WHERE t.name = $1 AND e.field = 'status' ORDER BY e.id`, "lead_welcome")

	b.aLeadIsAnswered(whatsapp)
	b.aPictureStandsAbove(whatsapp, second, b.aNumberIsAsked())

	// Changed once, it goes to the reviewers again; twice a day Meta does not take.
	path := fmt.Sprintf("/template-drafts/%d", id["lead_welcome"])
	var d draftAnswer
	edit := func(body string) {
		b.ask(200, b.token, "GET", path, nil, &d)
		d.Definition["body"] = body
		b.ask(200, b.token, "PUT", path, map[string]any{"version": d.Version, "definition": d.Definition}, &d)
		b.ask(200, second, "POST", path+"/approve", map[string]any{"version": d.Version}, nil)
	}
	edit("Hello {{1}}, this is Bondi Kayaks again. Thank you for your details: what would you like to do next with us?")
	b.ask(200, b.token, "POST", path+"/submit", map[string]any{"version": d.Version}, nil)
	b.comes("template.edit done", `SELECT kind || ' ' || state FROM actions WHERE kind = 'template.edit'`)
	b.comes("APPROVED", status, "lead_welcome")
	edit("Hello {{1}}, this is Bondi Kayaks for the third time. What would you like to do next with us?")
	b.ask(409, b.token, "POST", path+"/submit", map[string]any{"version": d.Version}, nil)

	// What Meta does to it by itself.
	b.ask(200, b.token, "GET", path, nil, &d)
	var external string
	b.must(b.db.Get(&external, `SELECT external_id FROM templates WHERE id = $1`, d.Template.ID))
	b.play("template-category", map[string]any{"id": external, "value": "MARKETING"})
	b.comes("MARKETING asked UTILITY", `SELECT category || ' asked ' || category_asked FROM templates WHERE name = 'lead_welcome'`)
	b.play("template-quality", map[string]any{"id": external, "value": "RED"})
	b.comes("RED", `SELECT quality FROM templates WHERE name = 'lead_welcome'`)
	b.play("template", map[string]any{"id": external, "status": "PAUSED"})
	b.comes("PAUSED", status, "lead_welcome")
	b.ask(200, b.token, "POST", fmt.Sprintf("/templates/%d/unpause", d.Template.ID), nil, nil)
	b.comes("APPROVED", status, "lead_welcome")
	b.ask(200, b.token, "DELETE", fmt.Sprintf("/templates/%d", d.Template.ID), nil, nil)
	b.comes("DELETED", status, "lead_welcome")
	b.comes("APPROVED", status, "number_check")
	b.ask(422, b.token, "POST", path+"/submit", map[string]any{"version": d.Version}, nil) // the name is blocked for a month
	b.ask(200, b.token, "POST", "/templates/sync", nil, nil)
	b.comes("DELETED", status, "lead_welcome")
}

// aNumberIsAsked takes a number down at the counter: the one question leaves through the gate, offers are welcome after
// the yes alone, and the person's record shows both steps.
func (b *stage) aNumberIsAsked() (person string) {
	_, err := b.db.Exec(`UPDATE workspaces SET settings = settings || '{"consent":{"confirm_by_template":true}}'`)
	b.must(err)
	var wordings struct {
		Items []struct {
			ID       int64
			Name     string
			Language string
		}
	}
	b.ask(200, b.token, "GET", "/consent/wordings", nil, &wordings)
	var shown int64
	for _, w := range wordings.Items {
		if w.Name == "store_offers" && w.Language == "en" {
			shown = w.ID
		}
	}
	person = fmt.Sprint(b.play("person", map[string]any{"name": "Ion Albu", "username": "ion.a", "language": "en", "phone": "61491570110"})["id"])
	take := map[string]any{"source": "in_store", "phone": "0491 570 110", "wording_id": shown, "staff": "till 4", "proof": "rec-7"}
	var o struct {
		ID    int64
		State string
		Asked string
	}
	b.ask(200, b.token, "POST", "/opt-ins", take, &o)
	if o.State != "waiting" || o.Asked != "planned" {
		b.Errorf("taken down: %+v", o)
	}
	question := func() (m onPhone) {
		for _, said := range b.phone(person) {
			if strings.Contains(said.Text, "Was that you, and do you agree?") {
				m = said
			}
		}
		return m
	}
	b.until("the question", func(networkState) bool { return question().ID != "" })
	b.comes("0", `SELECT count(*) FROM consent_entries WHERE act = 'grant' AND purpose = 'promotional'`)
	b.ask(200, b.token, "POST", "/opt-ins", take, &o) // taken down again: nobody is asked twice
	b.comes("asked_already", `SELECT a.reason FROM actions a JOIN number_handoffs n ON n.action_id = a.id WHERE n.opt_in_id = $1`, o.ID)
	b.play("whatsapp", map[string]any{"person": person, "reply_to": question().ID, "button": map[string]any{"id": "opt_in:yes", "title": "Yes, I agree"}})
	b.comes("confirmed,waiting", `SELECT state FROM opt_ins ORDER BY id`)
	var contact int64
	b.must(b.db.Get(&contact, `SELECT contact_id FROM identities WHERE phone = '61491570110'`))
	var record struct {
		Standing []struct{ Channel, Status string }
		Entries  []struct {
			Act, How string
			Wording  struct{ Name string }
			Evidence map[string]string
		}
	}
	b.ask(200, b.token, "GET", fmt.Sprintf("/contacts/%d/evidence", contact), nil, &record)
	var steps []string
	for _, e := range record.Entries {
		steps = append(steps, e.Act+" "+e.How+" "+e.Wording.Name)
	}
	if got := strings.Join(steps, ", "); got != "ask in_store store_offers, ask template template:opt_in_check, ask in_store store_offers, grant button template:opt_in_check" {
		b.Errorf("the record: %s", got)
	}
	if n := len(record.Standing); n != 1 || record.Standing[0].Status != "granted" || record.Entries[3].Evidence["proof"] != "rec-7" {
		b.Errorf("%+v", record)
	}
	return person
}

// aPictureStandsAbove writes a template with a picture in its header: the file goes to Meta's reviewers by the resumable
// upload, and to customers by the number's own.
func (b *stage) aPictureStandsAbove(whatsapp int64, second, person string) {
	picture := "\x89PNG\r\n\x1a\n" + strings.Repeat("kayak", 400)
	req, err := http.NewRequestWithContext(b.Context(), "POST", b.url+"/api/v1/template-samples?format=IMAGE&name=kayak.png", strings.NewReader(picture))
	b.must(err)
	req.Header.Set("Authorization", "Bearer "+b.token)
	req.Header.Set("Content-Type", "image/png")
	res, err := http.DefaultClient.Do(req)
	b.must(err)
	defer res.Body.Close()
	var kept struct{ Sample, MIME string }
	b.must(json.NewDecoder(res.Body).Decode(&kept))
	if res.StatusCode != 200 || len(kept.Sample) != 64 || kept.MIME != "image/png" {
		b.Fatalf("kept: %d %+v", res.StatusCode, kept)
	}
	definition := func(format string) map[string]any {
		return map[string]any{"category": "UTILITY", "header": map[string]any{"format": format, "sample": kept.Sample}, "body": "Here is the kayak that you asked us about."}
	}
	var d draftAnswer
	b.ask(200, b.token, "POST", "/template-drafts", map[string]any{"account_id": whatsapp, "name": "kayak_picture", "language": "en", "definition": definition("VIDEO")}, &d)
	path := fmt.Sprintf("/template-drafts/%d", d.ID)
	b.ask(422, second, "POST", path+"/approve", map[string]any{"version": d.Version}, nil) // a picture is no clip
	b.ask(200, b.token, "PUT", path, map[string]any{"version": d.Version, "definition": definition("IMAGE")}, &d)
	b.ask(200, second, "POST", path+"/approve", map[string]any{"version": d.Version}, nil)
	b.ask(200, b.token, "POST", path+"/submit", map[string]any{"version": d.Version}, nil)
	b.comes("APPROVED", `SELECT status FROM templates WHERE name = 'kayak_picture'`)
	var conversation, template, revision int64
	b.must(b.db.Get(&template, `SELECT id FROM templates WHERE name = 'kayak_picture'`))
	b.must(b.db.Get(&conversation, `SELECT c.id FROM conversations c JOIN identities i ON i.contact_id = c.contact_id WHERE i.phone = '61491570110' AND c.channel = 'whatsapp' ORDER BY c.id DESC LIMIT 1`))
	b.must(b.db.Get(&revision, `SELECT revision FROM conversations WHERE id = $1`, conversation))
	b.ask(200, b.token, "POST", fmt.Sprintf("/conversations/%d/messages", conversation), map[string]any{"text": "", "template_id": template, "revision": revision}, nil)
	b.comes("done", `SELECT state FROM actions WHERE kind = 'template.send' AND call->'template'->>'name' = 'kayak_picture'`)
	for _, m := range b.phone(person) {
		if strings.Contains(m.Text, "the kayak that you asked us about") && m.File == "kayak.png" {
			return
		}
	}
	b.Errorf("the phone shows no kayak.png: %+v", b.phone(person))
}

// aLeadIsAnswered plays somebody who sends in a form with a ticked box, and answers on WhatsApp.
func (b *stage) aLeadIsAnswered(whatsapp int64) {
	b.ask(200, b.token, "PUT", "/lead-forms", map[string]any{"form_id": "5501", "account_id": whatsapp, "box_key": "wa_optin", "wording": "Bondi Kayaks may write to me on WhatsApp about my request.", "language": "en",
		"purpose": "service", "template": "lead_welcome", "label": "new lead"}, nil)
	person := b.play("person", map[string]any{"name": "Nina Petrescu", "username": "nina.p", "language": "en", "phone": "61491570313"})
	b.play("lead", map[string]any{"name": "Nina Petrescu", "phone": "0491 570 313", "value": "5501", "on": true})
	b.comes("lead_box service", `SELECT how || ' ' || purpose FROM consent_entries WHERE act = 'grant' AND how = 'lead_box'`)
	b.comes("template.send done", `SELECT kind || ' ' || state FROM actions WHERE kind = 'template.send'`)
	s := b.until("the first message", func(s networkState) bool { return len(b.toPhone(s, fmt.Sprint(person["id"]))) > 0 })
	if said := strings.Join(b.toPhone(s, fmt.Sprint(person["id"])), "|"); !strings.Contains(said, "Hello Nina, this is Bondi Kayaks") {
		b.Errorf("the phone shows %q", said)
	}
	b.play("whatsapp", map[string]any{"person": person["id"], "text": "A quote"})
	b.comes("confirmed", `SELECT state FROM number_handoffs`)
	b.comes("number", `SELECT how FROM identity_joins WHERE how = 'number'`)
}
