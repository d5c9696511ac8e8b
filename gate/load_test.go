package gate

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/consent"
	"ponte/testkit"
)

type bench struct {
	t                  *testing.T
	db                 *sqlx.DB
	g                  *Gate
	now                time.Time
	ws, page, wa, wa2  int64
	contact, identity  int64 // on Facebook
	commentID, eventID int64
}

func setup(t *testing.T) *bench {
	t.Helper()
	t.Parallel()
	b := &bench{t: t, db: testkit.Database(t), now: time.Now().Truncate(time.Microsecond)}
	b.g = &Gate{Ledger: consent.New([]byte("0123456789abcdef0123456789abcdef"))}
	b.ws = b.id(`INSERT INTO workspaces (name, brand, time_zone, country) VALUES ('w', 'Bondi Kayaks', 'Europe/Rome', 'IT') RETURNING id`)
	account := `INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed, waba_id, phone) VALUES ($1, $2, $3, 'http://127.0.0.1', 'x', $4, $5) RETURNING id`
	b.page = b.id(account, b.ws, "facebook", "300", "", "")
	b.wa = b.id(account, b.ws, "whatsapp", "100", "waba", "61400000000")
	b.wa2 = b.id(account, b.ws, "whatsapp", "101", "waba", "61400000001")
	b.contact = b.id(`INSERT INTO contacts (workspace_id) VALUES ($1) RETURNING id`, b.ws)
	b.identity = b.id(`INSERT INTO identities (workspace_id, contact_id, channel, scope, external_id) VALUES ($1, $2, 'facebook', $3, 'fb-1') RETURNING id`, b.ws, b.contact, b.page)
	b.commentID = b.id(`INSERT INTO comments (workspace_id, account_id, channel, external_id, root_external_id, contact_id, identity_id, text, decision, commented_at)
		VALUES ($1, $2, 'facebook', 'c1', 'c1', $3, $4, 'Info?', 'allow', $5) RETURNING id`, b.ws, b.page, b.contact, b.identity, b.now.Add(-time.Minute))
	b.eventID = b.event("comment.added", `{"id":"c1","person":"fb-1"}`, b.now.Add(-time.Minute))
	return b
}

func (b *bench) id(stmt string, args ...any) int64 {
	b.t.Helper()
	var id int64
	if err := b.db.Get(&id, stmt, args...); err != nil {
		b.t.Fatalf("%v\n%s", err, stmt)
	}
	return id
}

func (b *bench) exec(stmt string, args ...any) {
	b.t.Helper()
	if _, err := b.db.Exec(stmt, args...); err != nil {
		b.t.Fatalf("%v\n%s", err, stmt)
	}
}

func (b *bench) event(kind, payload string, at time.Time) int64 {
	return b.id(`INSERT INTO events (workspace_id, account_id, key, kind, channel, lane, occurred_at, payload) VALUES ($1, $2, gen_random_uuid()::text, $3, 'facebook', 0, $4, $5) RETURNING id`,
		b.ws, b.page, kind, at, payload)
}

func (b *bench) request() Request {
	return Request{WorkspaceID: b.ws, ActionID: 1, AccountID: b.page, ContactID: b.contact, IdentityID: b.identity, CommentID: b.commentID, AnswersEvent: b.eventID,
		Purpose: Answer, Origin: FromTrigger, ValidUntil: b.now.Add(time.Hour),
		Call: channels.Call{Kind: channels.PrivateReply, Channel: channels.Messenger, CommentID: "c1", Text: "Hi! https://wa.me/61400000000?text=Hi"}}
}

func (b *bench) want(what string, r Request, verb Verb, code string) {
	b.t.Helper()
	d, err := b.g.Check(context.Background(), b.db, r, b.now)
	if err != nil {
		b.t.Fatal(err)
	}
	if d.Verb != verb || d.Code != code {
		b.t.Errorf("%s: %s %q (%s), want %s %q", what, d.Verb, d.Code, d.Meaning, verb, code)
	}
}

func TestWhatAnActionMayAnswer(t *testing.T) {
	b := setup(t)
	other := b.id(`INSERT INTO contacts (workspace_id) VALUES ($1) RETURNING id`, b.ws)
	stranger := b.id(`INSERT INTO identities (workspace_id, contact_id, channel, scope, external_id) VALUES ($1, $2, 'messenger', $3, 'psid-2') RETURNING id`, b.ws, other, b.page)
	r := b.request()
	b.want("its comment", r, Allow, "")
	r.AnswersEvent = 0
	b.want("no event", r, Refuse, "no_consent")
	r.AnswersEvent = b.event("comment.added", `{"id":"c9","person":"fb-9"}`, b.now)
	b.want("somebody else's comment", r, Refuse, "no_consent")
	r.AnswersEvent = b.event("comment.added", `{"id":"c1","person":"fb-1","own":true}`, b.now)
	b.want("our own comment", r, Refuse, "no_consent")
	r.AnswersEvent = b.event("status.changed", `{"id":"c1","person":"fb-1"}`, b.now)
	b.want("a status", r, Refuse, "no_consent")
	r.AnswersEvent = b.event("comment.approved", fmt.Sprintf(`{"comment_id":%d}`, b.commentID), b.now)
	b.want("the approval of its comment", r, Allow, "")
	r.AnswersEvent = b.event("comment.approved", fmt.Sprintf(`{"comment_id":%d}`, b.commentID+1), b.now)
	b.want("the approval of another", r, Refuse, "no_consent")
	for _, kind := range []string{"comment.reread", "comment.caption_read"} {
		r.AnswersEvent = b.event(kind, fmt.Sprintf(`{"comment_id":%d}`, b.commentID), b.now)
		b.want(kind+" of its comment", r, Allow, "")
		r.AnswersEvent = b.event(kind, fmt.Sprintf(`{"comment_id":%d}`, b.commentID+1), b.now)
		b.want(kind+" of another", r, Refuse, "no_consent")
	}

	verdict := b.id(`INSERT INTO verdicts (workspace_id, subject, subject_id, decision, tier, verdict) VALUES ($1, 'comment', $2, 'allow', 'llm', '{}') RETURNING id`, b.ws, b.commentID)
	ask := b.id(`INSERT INTO asks (workspace_id, subject, subject_id, verdict_id, event_id, account_id, lane, digest, question) VALUES ($1, 'comment', $2, $3, $4, $5, 0, '', '{}') RETURNING id`,
		b.ws, b.commentID, verdict, b.eventID, b.page)
	r.AnswersEvent = b.event("llm.answered", fmt.Sprintf(`{"ask_id":%d}`, ask), b.now)
	b.want("the model's answer about its comment", r, Allow, "")

	dm := b.request()
	dm.ContactID, dm.IdentityID, dm.CommentID = other, stranger, 0
	dm.Call = channels.Call{Kind: channels.SendMessage, Channel: channels.Messenger, To: "psid-2", Text: "We open at nine."}
	dm.Origin, dm.AnswersEvent = FromBot, b.event("message.received", `{"id":"m1","person":"psid-2"}`, b.now.Add(-time.Minute))
	b.want("a message without a thread", dm, Refuse, "window_closed")
	b.exec(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id, last_in_at) VALUES ($1, $2, 'messenger', $3, $4, $5)`, b.ws, b.page, stranger, other, b.now.Add(-time.Minute))
	b.want("a message", dm, Allow, "")
	dm.AnswersEvent = b.eventID
	b.want("an answer to another person's comment", dm, Refuse, "no_consent")
	dm.WorkspaceID = b.id(`INSERT INTO workspaces (name) VALUES ('other') RETURNING id`)
	b.want("ids of another workspace", dm, Refuse, "no_person")
}

func TestATemplateIsFoundThroughAnyNumberOfItsBusiness(t *testing.T) {
	b := setup(t)
	b.exec(`INSERT INTO templates (workspace_id, account_id, name, language, category, status, components) VALUES ($1, $2, 'booking', 'en', 'UTILITY', 'APPROVED', '[{"type":"BODY","text":"Your tour is at nine."}]')`, b.ws, b.wa)
	r := b.request()
	r.AccountID, r.CommentID, r.Purpose, r.Origin = b.wa2, 0, Service, FromAPI
	r.Call = channels.Call{Kind: channels.SendTemplate, Channel: channels.WhatsApp, Template: &channels.TemplateSend{Name: "booking", Language: "en"}}
	b.want("from the other number", r, Allow, "")
	r.Call.Template = &channels.TemplateSend{Name: "booking", Language: "it"}
	b.want("in another language", r, Refuse, "template_not_approved")
	r.Call.Template = &channels.TemplateSend{Name: "booking", Language: "en"}
	b.exec(`UPDATE templates SET status = 'PAUSED'`)
	b.want("paused", r, Hold, "template_paused")
}

func TestOnePrivateReplyWithinABatch(t *testing.T) {
	b := setup(t)
	one, two := b.request(), b.request()
	two.ActionID = 2
	d, err := b.g.CheckAll(context.Background(), b.db, []Request{one, two}, b.now)
	if err != nil || d[0].Verb != Allow || d[1].Code != "already_replied" {
		t.Errorf("%+v, %v", d, err)
	}
	b.exec(`INSERT INTO actions (workspace_id, account_id, kind, state, purpose, origin, token, dedupe, comment_id, call, valid_until) VALUES ($1, $2, 'private_reply.send', 'unknown', 'service', 'system', 't', 'd', $3, '{}', now())`, b.ws, b.page, b.commentID)
	one.ActionID = 1 << 40
	b.want("after one of unknown outcome", one, Refuse, "already_replied")
}

func TestSettingsThatMakeNoSenseHoldOneWorkspaceOnly(t *testing.T) {
	b := setup(t)
	for _, broken := range []string{`UPDATE workspaces SET settings = '{"quiet_from":"nine"}'`, `UPDATE workspaces SET settings = '{}', time_zone = 'Mars/Olympus'`} {
		b.exec(broken)
		b.want(broken, b.request(), Hold, "settings_invalid")
	}
}

// Two numbers of one brand must not answer each other, and nobody is offered anything at one.
func TestNothingAutomaticGoesToTheBrandsOwnNumber(t *testing.T) {
	b := setup(t)
	own := b.id(`INSERT INTO identities (workspace_id, contact_id, channel, external_id, phone) VALUES ($1, $2, 'whatsapp', '61400000001', '61400000001') RETURNING id`, b.ws, b.contact)
	r := b.request()
	r.AccountID, r.IdentityID, r.CommentID = b.wa, own, 0
	r.Call = channels.Call{Kind: channels.SendMessage, Channel: channels.WhatsApp, Phone: "61400000001", Text: "Hello"}
	b.want("an answer of the bot", r, Refuse, "own_number")
	r.Call.Phone = "61400000009"
	b.exec(`UPDATE identities SET phone = '61400000009' WHERE phone = '61400000001'`)
	b.want("another number", r, Refuse, "window_closed")
}
