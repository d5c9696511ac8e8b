package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ponte/flow"
	"ponte/rehearsal"
)

// onPhone is a message as the customer's phone shows it.
type onPhone struct {
	ID, Account, Person, Text, File string
	FromUs                          bool `json:"from_brand"`
	Buttons                         []option
	List                            *struct{ Rows []option }
}

type option struct{ ID, Title string }

// owner calls the running service as its owner; it may still be starting.
func (b *stage) owner(method, path string, body, into any) {
	b.Helper()
	raw, err := json.Marshal(body)
	b.must(err)
	var res *http.Response
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		req, err := http.NewRequest(method, b.url+"/api/v1"+path, strings.NewReader(string(raw)))
		b.must(err)
		req.Header.Set("Authorization", "Bearer "+b.token)
		req.Header.Set("Content-Type", "application/json")
		if res, err = http.DefaultClient.Do(req); err == nil {
			break
		}
		if time.Now().After(end) {
			b.Fatal(err)
		}
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	b.must(err)
	if res.StatusCode != http.StatusOK {
		b.Fatalf("%s %s: %d %s", method, path, res.StatusCode, answer)
	}
	b.must(json.Unmarshal(answer, into))
}

// phone is what the brand has said to a person on WhatsApp.
func (b *stage) phone(person string) []onPhone {
	b.Helper()
	answer := httptest.NewRecorder()
	b.graph.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/control/state", nil))
	var s struct{ Messages []onPhone }
	b.must(json.Unmarshal(answer.Body.Bytes(), &s))
	var out []onPhone
	for _, m := range s.Messages {
		if m.FromUs && m.Person == person && m.Account == rehearsal.DemoNumber {
			out = append(out, m)
		}
	}
	return out
}

// part is the beginning of a text that the file expects, as far as it does not depend on the hour.
func part(e map[string]any) string {
	if e["kind"] == "ask_consent" {
		return "STOP"
	}
	text := e["text"]
	if m, ok := text.(map[string]any); ok {
		text = m["contains"]
	}
	s, _ := text.(string)
	if i := strings.IndexAny(s, ".!?"); i > 0 {
		s = s[:i]
	}
	return s
}

// talk plays one case of a file of turns against the running service: what the person does there is done on the
// stand-in's phone, and what is expected to be said must be read there, in that order.
func (b *stage) talk(person, hello string, c flow.Case) {
	b.Helper()
	read := 0
	var last onPhone
	for i, t := range c.Turns {
		switch {
		case i == 0:
			b.play("whatsapp", map[string]any{"person": person, "text": hello})
		case t.Tap != "":
			b.tapOn(person, last, t.Tap)
		case t.Text != "":
			b.play("whatsapp", map[string]any{"person": person, "text": t.Text})
		case t.Outcome == nil: // the calendar answers by itself
			b.Fatalf("%s: turn %d cannot be played against the service", c.Name, i)
		}
		for _, want := range t.Expect {
			e := want.(map[string]any)
			if e["kind"] != "say" && e["kind"] != "ask_consent" {
				continue
			}
			if strings.HasPrefix(c.Name, "a booking") && strings.Contains(part(e), "telefon") {
				return // on WhatsApp the number is known: it is not asked for, and the booking is confirmed
			}
			b.until(fmt.Sprintf("%s, turn %d: %q on the phone", c.Name, i, part(e)), func(networkState) bool {
				said := b.phone(person)
				for ; read < len(said); read++ {
					if last = said[read]; strings.Contains(last.Text, part(e)) {
						read++
						return true
					}
					b.Errorf("%s, turn %d: %q was said, want …%s…", c.Name, i, last.Text, part(e))
				}
				return false
			})
		}
	}
}

// tapOn taps a button or row by its title; of times, which move with the day, the first.
func (b *stage) tapOn(person string, m onPhone, title string) {
	b.Helper()
	options, what := m.Buttons, "button"
	if m.List != nil {
		options, what = m.List.Rows, "row"
	}
	if len(options) == 0 {
		b.Fatalf("nothing can be tapped in %q", m.Text)
	}
	chosen := options[0]
	for _, o := range options {
		if o.Title == title {
			chosen = o
		}
	}
	if chosen.Title != title && !strings.Contains(title, ":") {
		b.Fatalf("nothing called %q can be tapped: %+v", title, options)
	}
	b.play("whatsapp", map[string]any{"person": person, what: map[string]any{"id": chosen.ID, "title": chosen.Title}})
}

// Published flows lead people through the real receiver, pipeline, outbox and network, as their files of turns
// say: lead capture and booking, in Italian and in Romanian.
func TestPublishedFlowsAgainstTheRunningService(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process")
	}
	b := newStage(t, func(string, int) string { return "" })
	t.Cleanup(func() {
		if t.Failed() {
			var why []string
			_ = b.db.Select(&why, `SELECT kind || ': ' || reason FROM events WHERE kind LIKE 'flow.%' OR kind = 'message.received' ORDER BY id`)
			t.Log(strings.Join(why, "\n"))
		}
	})
	hello := map[string]map[string]string{
		"lead-capture": {"it": "Buongiorno, vorrei qualche informazione sulle vostre gite", "ro": "Bună ziua, aș vrea câteva informații despre excursii"},
		"booking":      {"it": "Buongiorno, vorrei prenotare un appuntamento", "ro": "Bună ziua, aș vrea să fac o programare"},
	}
	n := 0
	for id, words := range hello {
		document, turns, err := flow.Shipped(id)
		b.must(err)
		var kept struct{ ID, Revision int }
		b.owner("POST", "/flows", map[string]any{"document": string(document)}, &kept)
		path := fmt.Sprintf("/flows/%d", kept.ID)
		b.owner("POST", path+"/publish", map[string]any{"revision": kept.Revision}, &kept)
		b.owner("PUT", path+"/starts", map[string]any{"starts": []any{map[string]any{"on": "keyword", "account_id": nil, "channel": "whatsapp", "language": "", "trigger_id": nil, "campaign_id": nil, "keywords": []string{words["it"], words["ro"]}}}}, &kept)
		script, err := flow.ParseScript(turns)
		b.must(err)
		for _, c := range script.Cases {
			language := c.Context.Language
			if words[language] == "" || !strings.HasPrefix(c.Name, "a demo from") && !strings.HasPrefix(c.Name, "a booking from") {
				continue
			}
			n++
			person := b.play("person", map[string]any{"name": " ", "username": fmt.Sprintf("person.%d", n), "language": language, "phone": fmt.Sprintf("3933312340%02d", n)})["id"].(string)
			b.talk(person, words[language], c)
		}
	}
	if n != 4 {
		t.Fatalf("%d cases were played, want 4", n)
	}
	b.until("everything is settled", func(networkState) bool {
		var open int
		b.must(b.db.Get(&open, `SELECT (SELECT count(*) FROM events WHERE state = 'pending') + (SELECT count(*) FROM actions WHERE state IN ('planned','sending')) + (SELECT count(*) FROM flow_runs WHERE ended_at IS NULL)`))
		return open == 0
	})
	var got []string
	b.must(b.db.Select(&got, `SELECT 'booking ' || state FROM bookings UNION ALL SELECT 'consent ' || act FROM consent_entries UNION ALL SELECT 'goal ' || name || ' ' || source FROM goals
UNION ALL SELECT 'parked ' || reason FROM events WHERE state = 'parked' UNION ALL SELECT 'not said: ' || state FROM actions WHERE kind = 'message.send' AND state <> 'done' ORDER BY 1`))
	want := "booking confirmed, booking confirmed, consent ask, consent ask, consent grant, consent grant, goal booking booking, goal booking booking, goal booking flow, goal booking flow, goal lead flow, goal lead flow"
	if strings.Join(got, ", ") != want {
		t.Errorf("it came to %v", got)
	}
}
