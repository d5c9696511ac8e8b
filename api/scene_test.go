package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"ponte/api"
	"ponte/auth"
	"ponte/consent"
	"ponte/secret"
	"ponte/testkit"
)

// scene is a server on a database of its own, with two workspaces that must not meet.
type scene struct {
	t      *testing.T
	db     *sqlx.DB
	server *api.Server
	home   space
	other  space
	cookie map[auth.Role]string // sessions of the home workspace's members
	user   map[auth.Role]int64
}

// space is a workspace with one of everything.
type space struct {
	question                                                                                                                                                                                                                                             int64
	run, team, label, secondLabel, note, scheduled, endpoint, send                                                                                                                                                                                       int64
	id, facebook, whatsapp, contact, identity, post, comment, event, verdict, review, thread, conversation, message, action, trigger, quick, knowledge, template, suggestion, join, token, member, delivery, version, backtest, rule, gold, batch, merge int64
	media                                                                                                                                                                                                                                                string
	prices                                                                                                                                                                                                                                               int64
	draft                                                                                                                                                                                                                                                int64 // of a template
	campaign, dryRun                                                                                                                                                                                                                                     int64
	optIn, wording                                                                                                                                                                                                                                       int64
	flow, service, booking                                                                                                                                                                                                                               int64
	held                                                                                                                                                                                                                                                 int64 // a decision that holds

	imported, complaint int64

	link, leadForm, lead int64 // of posters and forms
}

type option func(*api.Deps)

func newScene(t *testing.T, options ...option) *scene {
	t.Helper()
	db := testkit.Database(t)
	keys, err := secret.NewKeyring(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	d := api.Deps{DB: db, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Keys: keys, Ledger: consent.New(keys.Derive("consent")), GraphURL: "http://127.0.0.1:1", VerifyToken: "shake",
		Verify: func(_ []byte, header string) bool { return header == "good" }}
	for _, o := range options {
		o(&d)
	}
	s := &scene{t: t, db: db, server: api.New(d), cookie: map[auth.Role]string{}, user: map[auth.Role]int64{}}
	s.home, s.other = s.space("home", "home words"), s.space("other", marker)
	for _, r := range auth.Roles {
		s.user[r] = s.addUser(s.home.id, string(r)+"@home.example", r)
		s.cookie[r] = s.session(s.user[r])
	}
	s.other.member = s.addUser(s.other.id, "owner@other.example", auth.Owner)
	tok, _, err := auth.AddToken(context.Background(), db, s.other.id, marker+" token", auth.Owner, nil, "cli")
	if err != nil {
		t.Fatal(err)
	}
	s.other.token = tok.ID
	return s
}

// marker stands in every text of the other workspace; no answer at home may hold it.
const marker = "ZZFOREIGN"

// addUser makes a member who cannot sign in: hashing a password takes as long as the rest of the scene.
func (s *scene) addUser(workspace int64, email string, r auth.Role) int64 {
	s.t.Helper()
	id := s.id(`INSERT INTO users (email, name, password_hash) VALUES ($1, $1, 'none') RETURNING id`, email)
	s.exec(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, $3)`, workspace, id, r)
	return id
}

// session opens a session of the user and returns its cookie.
func (s *scene) session(user int64) string {
	s.t.Helper()
	token := fmt.Sprintf("session-of-%d", user)
	sum := sha256.Sum256([]byte(token))
	s.exec(`INSERT INTO sessions (hash, user_id, expires_at) VALUES ($1, $2, now() + interval '1 day')`, sum[:], user)
	return "ponte_session=" + token
}

type answer struct {
	status int
	body   string
	header http.Header
}

// do asks as the owner of the cookie; as "Bearer …" with a token; as nobody with "".
func (s *scene) do(method, path, who string, body any, headers ...string) answer {
	s.t.Helper()
	var r io.Reader
	if raw, ok := body.(string); ok {
		r = strings.NewReader(raw)
	} else if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req := httptest.NewRequest(method, path, r)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Ponte-CSRF", "1")
	if strings.HasPrefix(who, "Bearer ") {
		req.Header.Set("Authorization", who)
	} else if who != "" {
		req.Header.Set("Cookie", who)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		switch {
		case headers[i+1] == "":
			req.Header.Del(headers[i])
		case i > 0 && headers[i-2] == headers[i]: // a further line of it
			req.Header.Add(headers[i], headers[i+1])
		default:
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := s.server.App.Test(req, 120000)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{res.StatusCode, string(b), res.Header}
}

// must asks and fails the test on another status; into takes the answer's JSON.
func (s *scene) must(status int, method, path, who string, body, into any) string {
	s.t.Helper()
	res := s.do(method, path, who, body)
	if res.status != status {
		s.t.Fatalf("%s %s: %d, want %d: %s", method, path, res.status, status, res.body)
	}
	if into != nil {
		if err := json.Unmarshal([]byte(res.body), into); err != nil {
			s.t.Fatalf("%s %s: %v in %s", method, path, err, res.body)
		}
	}
	return res.body
}

func (s *scene) id(query string, args ...any) int64 {
	s.t.Helper()
	var id int64
	if err := s.db.Get(&id, query, args...); err != nil {
		s.t.Fatalf("%v in %s", err, query)
	}
	return id
}

func (s *scene) text(query string, args ...any) string {
	s.t.Helper()
	var v string
	if err := s.db.Get(&v, query, args...); err != nil {
		s.t.Fatalf("%v in %s", err, query)
	}
	return v
}

func (s *scene) exec(query string, args ...any) {
	s.t.Helper()
	if _, err := s.db.Exec(query, args...); err != nil {
		s.t.Fatalf("%v in %s", err, query)
	}
}

// space fills a workspace. The comment is hidden by the policy and open for review; the conversation
// is on WhatsApp, its window open.
func (s *scene) space(name, words string) space {
	v := space{}
	v.id = s.id(`INSERT INTO workspaces (name, brand) VALUES ($1, $2) RETURNING id`, name, words)
	v.facebook = s.id(`INSERT INTO accounts (workspace_id, channel, external_id, name, base_url, token_sealed) VALUES ($1, 'facebook', $2, $3, 'http://127.0.0.1:1', '') RETURNING id`, v.id, name+"-page", words)
	v.whatsapp = s.id(`INSERT INTO accounts (workspace_id, channel, external_id, name, base_url, token_sealed, waba_id, phone) VALUES ($1, 'whatsapp', $2, $3, 'http://127.0.0.1:1', '', $2, '61255500101') RETURNING id`, v.id, name+"-number", words)
	v.contact = s.id(`INSERT INTO contacts (workspace_id, name) VALUES ($1, $2) RETURNING id`, v.id, words)
	second := s.id(`INSERT INTO contacts (workspace_id, name) VALUES ($1, $2) RETURNING id`, v.id, words)
	v.identity = s.id(`INSERT INTO identities (workspace_id, contact_id, channel, external_id, phone, name) VALUES ($1, $2, 'whatsapp', $3, $4, $5) RETURNING id`, v.id, v.contact, name+"-bsuid", fmt.Sprintf("61412%06d", v.id), words)
	v.join = s.id(`INSERT INTO identity_joins (workspace_id, identity_id, from_contact, to_contact, how) VALUES ($1, $2, $3, $4, 'handoff') RETURNING id`, v.id, v.identity, second, v.contact)
	third := s.id(`INSERT INTO contacts (workspace_id, name, merged_into) VALUES ($1, $2, $3) RETURNING id`, v.id, words, second)
	v.merge = s.id(`INSERT INTO contact_merges (workspace_id, from_contact, into_contact, reason, before, after, moved, actor) VALUES ($1, $2, $3, $4, '{"from":{"name":"x"},"into":{"labels":[]}}', '{}', '{}', 'cli') RETURNING id`, v.id, third, second, words)
	v.wording = s.id(`INSERT INTO consent_wordings (workspace_id, name, version, language, text) VALUES ($1, 'store_offers', 1, 'en', $2) RETURNING id`, v.id, words)
	v.imported = s.id(`INSERT INTO consent_imports (workspace_id, name, digest, uploaded_by, rows) VALUES ($1, $2, $3, 'cli', 1) RETURNING id`, v.id, words, []byte(name))
	s.exec(`INSERT INTO consent_import_rows (workspace_id, import_id, line, state, reason, "values") VALUES ($1, $2, 2, 'refused', $3, jsonb_build_object('name', $3::text))`, v.id, v.imported, words)
	v.complaint = s.id(`INSERT INTO compliance_items (workspace_id, kind, contact_id, matched, opened_at, due_at, breach_at) VALUES ($1, 'complaint', $2, $3, now(), now() + interval '1 day', now() + interval '4 days') RETURNING id`, v.id, v.contact, words)
	v.optIn = s.id(`INSERT INTO opt_ins (workspace_id, source, account_id, code_hash, wording_id, personal, actor, at, expires_at) VALUES ($1, 'in_store', $2, $3, $4, jsonb_build_object('name', $5::text), $5, now(), now() + interval '1 day') RETURNING id`, v.id, v.whatsapp, []byte(name), v.wording, words)
	v.media = fmt.Sprintf("%064x", v.id)
	s.exec(`INSERT INTO media (hash, mime, size, bytes) VALUES ($1, 'image/png', 3, $2)`, v.media, []byte(words))
	v.post = s.id(`INSERT INTO posts (workspace_id, account_id, external_id, caption, media_hash, posted_at) VALUES ($1, $2, $3, $4, $5, now()) RETURNING id`, v.id, v.facebook, name+"-post", words, v.media)
	v.event = s.id(`INSERT INTO events (workspace_id, account_id, key, kind, channel, lane, occurred_at, payload, state, reason) VALUES ($1, $2, $3, 'comment.added', 'facebook', 1, now(), '{}', 'parked', $4) RETURNING id`, v.id, v.facebook, name+":added", words)
	v.comment = s.id(`INSERT INTO comments (workspace_id, account_id, channel, post_id, external_id, root_external_id, identity_id, contact_id, author_name, text, state, state_by, decision, commented_at)
VALUES ($1, $2, 'facebook', $3, $4, $4, $5, $6, $7, $7, 'hidden', 'policy', 'hide', now() - interval '5 minutes') RETURNING id`, v.id, v.facebook, v.post, name+"-comment", v.identity, v.contact, words)
	v.verdict = s.id(`INSERT INTO verdicts (workspace_id, subject, subject_id, event_id, decision, tier, verdict) VALUES ($1, 'comment', $2, $3, 'hide', 'model', $4) RETURNING id`, v.id, v.comment, v.event,
		`{"decision":"hide","tier":"model","harm":0.9,"spam":0.1,"scores":{"hate":0.9,"violence":null},"reasons":[{"code":"model:harm","text":"`+words+`"}],"intent":"other","sentiment":"negative"}`)
	s.exec(`UPDATE comments SET verdict_id = $1 WHERE id = $2`, v.verdict, v.comment)
	v.review = s.id(`INSERT INTO review_items (workspace_id, comment_id, verdict_id, why, priority) VALUES ($1, $2, $3, 'hidden', 0.9) RETURNING id`, v.id, v.comment, v.verdict)
	v.gold = s.id(`INSERT INTO gold_comments (workspace_id, comment_id, verdict_id, answer, note, added_by) VALUES ($1, $2, $3, 'hide', $4, 'cli') RETURNING id`, v.id, v.comment, v.verdict, words)
	v.batch = s.id(`INSERT INTO review_items (workspace_id, comment_id, verdict_id, why, state, outcome, decided_at, batch, holds_until, spread_by) VALUES ($1, $2, $3, 'review', 'decided', 'hide', now(), nextval('review_batches'), now() + interval '1 day', 'cli') RETURNING batch`, v.id, v.comment, v.verdict)
	v.held = s.id(`SELECT id FROM review_items WHERE batch = $1`, v.batch)
	v.thread = s.id(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id, last_in_at) VALUES ($1, $2, 'whatsapp', $3, $4, now() - interval '1 hour') RETURNING id`, v.id, v.whatsapp, v.identity, v.contact)
	v.conversation = s.id(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, preview, unread, opened_at, last_message_at, waiting_since, revision) VALUES ($1, $2, 'whatsapp', $3, $4, $5, 2, now() - interval '1 hour', now() - interval '1 hour', now() - interval '1 hour', 3) RETURNING id`, v.id, v.whatsapp, v.thread, v.contact, words)
	v.message = s.id(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, external_id, text, at) VALUES ($1, $2, $3, $4, 'in', 'contact', $5, $6, now() - interval '1 hour') RETURNING id`, v.id, v.whatsapp, v.thread, v.conversation, name+"-wamid", words)
	v.action = s.id(`INSERT INTO actions (workspace_id, account_id, kind, purpose, origin, token, dedupe, contact_id, identity_id, thread_id, conversation_id, call, valid_until, answers_event) VALUES ($1, $2, 'message.send', 'answer', 'bot', $3, $3, $4, $5, $6, $7, $8, now() + interval '1 day', $9) RETURNING id`,
		v.id, v.whatsapp, name+"-token", v.contact, v.identity, v.thread, v.conversation, `{"kind":"message.send","channel":"whatsapp","text":"`+words+`"}`, v.event)
	v.trigger = s.id(`INSERT INTO triggers (workspace_id, name, keywords, public_replies) VALUES ($1, $2, '[{"language":"en","words":["info"],"phrases":[],"not":[]}]', '{"en":["hello"]}') RETURNING id`, v.id, words)
	v.campaign = s.id(`INSERT INTO campaigns (workspace_id, name) VALUES ($1, $2) RETURNING id`, v.id, words)
	v.dryRun = s.id(`INSERT INTO dry_runs (workspace_id, draft, since, until) VALUES ($1, '{}', now() - interval '1 day', now()) RETURNING id`, v.id)
	v.quick = s.id(`INSERT INTO quick_replies (workspace_id, shortcut, language, title, text) VALUES ($1, 'hours', 'en', $2, $2) RETURNING id`, v.id, words)
	v.knowledge = s.id(`INSERT INTO knowledge (workspace_id, title, text, language, tsv) VALUES ($1, $2, $2, 'en', '') RETURNING id`, v.id, words)
	v.template = s.id(`INSERT INTO templates (workspace_id, account_id, name, language, category, status, components) VALUES ($1, $2, 'hello', 'en', 'UTILITY', 'APPROVED', $3) RETURNING id`, v.id, v.whatsapp, `[{"type":"BODY","text":"Hello {{1}}, `+words+`"}]`)
	s.exec(`UPDATE templates SET external_id = $2 WHERE id = $1`, v.template, fmt.Sprint(v.template))
	v.link = s.id(`INSERT INTO handoff_links (workspace_id, name, account_id, reference) VALUES ($1, $2, $3, $4) RETURNING id`, v.id, words, v.whatsapp, fmt.Sprintf("PNT-0000-0000-0000-%04d", v.id))
	wording := s.id(`INSERT INTO consent_wordings (workspace_id, name, version, language, text) VALUES ($1, 'lead:990', 1, 'en', $2) RETURNING id`, v.id, words)
	v.leadForm = s.id(`INSERT INTO lead_forms (workspace_id, form_id, name, account_id, box_key, wording_id, language, purpose, template) VALUES ($1, '990', $2, $3, 'box', $4, 'en', 'service', 'hello') RETURNING id`, v.id, words, v.whatsapp, wording)
	v.lead = s.id(`INSERT INTO leads (workspace_id, account_id, external_id, form_id, contact_id, submitted_at, state, reason, task) VALUES ($1, $2, $3, '990', $4, now(), 'kept', $5, 'open') RETURNING id`, v.id, v.facebook, name+"-lead", v.contact, words)
	v.draft = s.id(`INSERT INTO template_drafts (workspace_id, account_id, name, language, version) VALUES ($1, $2, 'written', 'en', 1) RETURNING id`, v.id, v.whatsapp)
	s.exec(`INSERT INTO template_versions (workspace_id, draft_id, version, definition, author) VALUES ($1, $2, 1, $3, 'user:0')`, v.id, v.draft, `{"category":"UTILITY","body":"Your parcel is on its way, `+words+`"}`)
	v.flow = s.id(`INSERT INTO flows (workspace_id, key, name, draft) VALUES ($1, 'mine', $2, $3) RETURNING id`, v.id, words, `{"format":1,"id":"mine","version":1,"name":"`+words+`","languages":["en"],"steps":[{"id":"a","type":"end"}]}`)
	s.exec(`INSERT INTO flow_versions (workspace_id, flow_id, number, document) VALUES ($1, $2, 1, '{"format":1,"id":"mine","version":1,"name":"Mine","languages":["en"],"steps":[{"id":"a","type":"end"}]}')`, v.id, v.flow)
	s.exec(`INSERT INTO flow_secrets (workspace_id, name, hosts, sealed) VALUES ($1, 'kept', '{a.example.com}', '')`, v.id)
	v.service = s.id(`INSERT INTO services (workspace_id, key, name, minutes, every_minutes, capacity) VALUES ($1, 'cut', jsonb_build_object('en', $2::text), 30, 30, 1) RETURNING id`, v.id, words)
	v.booking = s.id(`INSERT INTO bookings (workspace_id, service_id, contact_id, note, ref, starts_at, ends_at, state, made_by) VALUES ($1, $2, $3, $4, $5, now() + interval '1 day', now() + interval '1 day 30 minutes', 'confirmed', 'cli') RETURNING id`, v.id, v.service, v.contact, words, name+"-ref")
	v.suggestion = s.id(`INSERT INTO suggestions (workspace_id, conversation_id, revision, rank, language, text, made_by) VALUES ($1, $2, 3, 1, 'en', $3, 'knowledge') RETURNING id`, v.id, v.conversation, words)
	v.question = s.id(`INSERT INTO assist_questions (workspace_id, conversation_id, revision, message_id, language, intent) VALUES ($1, $2, 3, $3, 'en', 'other') RETURNING id`, v.id, v.conversation, v.message)
	v.version = s.id(`INSERT INTO versions (workspace_id, kind, version, document, note, created_by) VALUES ($1, 'thresholds', 'v1', '{"review_harm": 0.4}', $2, 'cli') RETURNING id`, v.id, words)
	v.backtest = s.id(`INSERT INTO backtests (workspace_id, version_id, until, most, created_by) VALUES ($1, $2, now(), 10, 'cli') RETURNING id`, v.id,
		s.id(`INSERT INTO versions (workspace_id, kind, version, document, note, created_by) VALUES ($1, 'thresholds', 'v2', '{"review_harm": 0.3}', $2, 'cli') RETURNING id`, v.id, words))
	v.rule = s.id(`INSERT INTO rules (workspace_id, name, document, created_by, updated_by) VALUES ($1, $2, $3, 'cli', 'cli') RETURNING id`, v.id, words, `{"name":"`+words+`","text":"`+words+`","category":"spam","decision":"hide","words":["blarg"]}`)
	v.prices = s.id(`INSERT INTO price_files (workspace_id, version, name, hash, rows, imported_by) VALUES ($1, 1, $2, '', 1, 'cli') RETURNING id`, v.id, words)
	s.exec(`INSERT INTO prices (workspace_id, file_id, country, category, effective_from, currency, price_micros) VALUES ($1, $2, 'AU', 'marketing', '2026-01-01', 'AUD', 100000)`, v.id, v.prices)
	v.run = s.id(`INSERT INTO flow_runs (workspace_id, shipped, conversation_id, thread_id, account_id, lane, began_with, started_at, updated_at)
VALUES ($1, $2, $3, $4, $5, 1, 'keyword', now(), now()) RETURNING id`, v.id, words, v.conversation, v.thread, v.whatsapp)
	v.team = s.id(`INSERT INTO teams (workspace_id, name) VALUES ($1, $2) RETURNING id`, v.id, words+" team")
	v.label = s.id(`INSERT INTO labels (workspace_id, name, color) VALUES ($1, $2, 'red') RETURNING id`, v.id, words)
	v.secondLabel = s.id(`INSERT INTO labels (workspace_id, name, color) VALUES ($1, $2, 'red') RETURNING id`, v.id, words+" too")
	v.note = s.id(`INSERT INTO notes (workspace_id, conversation_id, text) VALUES ($1, $2, $3) RETURNING id`, v.id, v.conversation, words)
	v.scheduled = v.action
	s.exec(`INSERT INTO scheduled_replies (workspace_id, action_id, conversation_id, send_at, unless_written) VALUES ($1, $2, $3, now() + interval '1 hour', true)`, v.id, v.scheduled, v.conversation)
	v.endpoint = s.id(`INSERT INTO webhook_endpoints (workspace_id, url, description, secret_sealed) VALUES ($1, 'https://hooks.example/', $2, '') RETURNING id`, v.id, words)
	v.send = s.id(`INSERT INTO webhook_sends (workspace_id, endpoint_id, event_id, kind, body) VALUES ($1, $2, 'evt_x', 'mention', $3) RETURNING id`, v.id, v.endpoint, words)
	v.delivery = s.id(`INSERT INTO deliveries (body, state, reason) VALUES ($1, 'parked', $2) RETURNING id`, []byte(words), words)
	return v
}

// read decodes the answer's JSON.
func (a answer) read(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), into); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
}
