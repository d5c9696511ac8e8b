package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/consent"
	"ponte/gate"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/router"
	"ponte/template"
)

// offerQuestion is a template that asked somebody whether offers are welcome, as they saw it.
type offerQuestion struct {
	WorkspaceID int64           `db:"workspace_id"`
	Action      int64           `db:"action"`
	IdentityID  int64           `db:"identity_id"`
	ExternalID  string          `db:"external_id"`
	SentAt      time.Time       `db:"sent_at"`
	Name        string          `db:"name"`
	Language    string          `db:"language"`
	Shown       string          `db:"shown"`    // with the person's name in it
	Followed    bool            `db:"followed"` // something else was said since
	Components  json.RawMessage `db:"components"`
	OptInID     *int64          `db:"opt_in_id"` // it asks whether an opt-in was theirs; nil: whether offers are welcome
	Then        string          `db:"next"`      // the first message that a lead's form has for after the yes

	wording int64 // 0: what was shown is not what the template says now
	optIn   *consent.OptIn
}

// loadOfferQuestions finds the questions that messages of these events may answer. Most messages say neither
// yes nor no: then nothing is read.
func (s *scene) loadOfferQuestions(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	s.questions = map[int64]*offerQuestion{}
	var who []int64
	for _, e := range events {
		if e.Channel == string(channels.WhatsApp) && e.Source != "backfill" && !e.Own {
			if yes, no := offerWord(e); yes || no {
				if i := s.identity(e); i != nil {
					who = append(who, i.ID)
				}
			}
		}
	}
	if len(who) == 0 {
		return nil
	}
	var list []*offerQuestion
	if err := tx.SelectContext(ctx, &list, sqlOfferQuestions, pq.Array(who), pq.Array([]string{gate.ConsentQuestion, gate.OptInQuestion}), s.now.AddDate(0, 0, -30)); err != nil {
		return fmt.Errorf("load questions for consent: %w", err)
	}
	if err := loadRequests(ctx, tx, list); err != nil {
		return err
	}
	for _, q := range list {
		words, ok := q.words()
		if !ok {
			s.questions[q.IdentityID] = q
			continue
		}
		var err error
		if q.wording, err = consent.AddTemplateWording(ctx, tx, q.WorkspaceID, q.Name, template.Base(q.Language), words); err != nil {
			return err
		}
		s.questions[q.IdentityID] = q
	}
	return nil
}

const sqlOfferQuestions = `
SELECT DISTINCT ON (a.identity_id) a.workspace_id, a.id AS action, a.identity_id, coalesce(a.external_id, '') AS external_id, a.sent_at, t.name, t.language, m.text AS shown, t.components, n.opt_in_id, coalesce(f.template, '') AS next,
       EXISTS (SELECT 1 FROM messages l WHERE l.workspace_id = m.workspace_id AND l.thread_id = m.thread_id AND l.direction = 'out' AND (l.at, l.id) > (m.at, m.id)) AS followed
FROM actions a
JOIN messages m ON m.workspace_id = a.workspace_id AND m.action_id = a.id
JOIN accounts c ON c.workspace_id = a.workspace_id AND c.id = a.account_id
JOIN accounts o ON o.workspace_id = c.workspace_id AND o.waba_id = c.waba_id
JOIN templates t ON t.workspace_id = o.workspace_id AND t.account_id = o.id AND t.name = a.call->'template'->>'name' AND t.language = a.call->'template'->>'language'
LEFT JOIN number_handoffs n ON n.workspace_id = a.workspace_id AND n.action_id = a.id AND n.source = 'opt_in'
LEFT JOIN leads l ON l.workspace_id = n.workspace_id AND l.id = n.lead_id
LEFT JOIN lead_forms f ON f.workspace_id = l.workspace_id AND f.form_id = l.form_id AND f.ended_at IS NULL
WHERE a.identity_id = ANY($1) AND a.kind = 'template.send' AND a.purpose = 'service' AND a.state = 'done' AND a.sent_at > $3
  AND (t.name = ANY($2) OR EXISTS (SELECT 1 FROM template_drafts d JOIN accounts x ON x.workspace_id = d.workspace_id AND x.id = d.account_id
       WHERE d.workspace_id = a.workspace_id AND x.waba_id = c.waba_id AND d.name = t.name AND d.language = t.language AND d.ready = ANY($2) AND d.removed_at IS NULL))
ORDER BY a.identity_id, a.sent_at DESC, a.id DESC`

// offerWord says whether a message is a yes or a no, tapped or written.
func offerWord(e *event) (yes, no bool) {
	if e.Event.ID == "" {
		return false, false
	}
	yes, no = template.OffersAnswer(e.payload(), e.Text)
	agreed, denied := template.OptInAnswer(e.payload(), e.Text)
	yes, no = yes || agreed, no || denied
	return yes || e.payload() == "" && router.IsYes(e.Text), no || e.payload() == "" && router.IsNo(e.Text)
}

// words returns the template's own text, as the person saw it but for what was put into it for them; false
// where the template has been changed since, so that nobody knows what they agreed to.
func (q *offerQuestion) words() (string, bool) {
	var parts []struct {
		Type    string `json:"type"`
		Text    string `json:"text"`
		Buttons []struct {
			Text string `json:"text"`
		} `json:"buttons"`
	}
	if json.Unmarshal(q.Components, &parts) != nil {
		return "", false
	}
	var words []string
	for _, p := range parts {
		if p.Text != "" {
			words = append(words, p.Text)
		}
		for _, b := range p.Buttons {
			words = append(words, "["+b.Text+"]")
		}
		if strings.EqualFold(p.Type, "BODY") && !shownAs(p.Text, q.Shown) {
			return "", false
		}
	}
	return strings.Join(words, "\n"), len(words) > 0
}

var templatePlace = regexp.MustCompile(`\{\{[^{}]*\}\}`)

// shownAs says whether a text is the template's body with something in each of its places.
func shownAs(body, shown string) bool {
	at := 0
	for _, fixed := range templatePlace.Split(body, -1) {
		i := strings.Index(shown[at:], fixed)
		if i < 0 {
			return false
		}
		at += i + len(fixed)
	}
	return true
}

// offerAnswered takes a yes or no as the answer to the template that asked: tapped on that very message, or
// written when nothing else had been said since. It is the answer whoever has the conversation, the bot or a
// person, and it counts once.
func (s *scene) offerAnswered(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, verdict moderation.Verdict, e *event) (string, bool, error) {
	q := s.questions[t.IdentityID]
	yes, no := offerWord(e)
	doubtful := verdict.OptOut == moderation.OptOutClear || yes && verdict.OptOut != moderation.NoOptOut // "no thanks" is the answer here, elsewhere perhaps more
	if q == nil || !yes && !no || doubtful || q.WorkspaceID != e.WorkspaceID || m.At.Before(q.SentAt.Truncate(time.Second)) {
		return "", false, nil
	}
	tapped := e.Message != nil && e.Message.ReplyTo != "" && e.Message.ReplyTo == q.ExternalID
	if !tapped && (q.Followed || e.Message != nil && e.Message.ReplyTo != "") {
		return "", false, nil
	}
	delete(s.questions, t.IdentityID)
	switch {
	case s.answeredAlready(t, q):
		return "", false, nil
	case q.optIn != nil && q.optIn.State != "waiting":
		return s.optInOver(t, v, m, q, e)
	case q.wording == 0:
		s.waits(v, m.At)
		return "for a person: answered the question for offers, but its template was changed since, so nobody knows what they saw", true, nil
	}
	if yes && q.optIn != nil {
		s.giverOf(t, v, e)
	}
	who, sp := s.people.Identity(t.IdentityID), s.spaces[e.WorkspaceID]
	entry := consent.Entry{WorkspaceID: e.WorkspaceID, At: q.SentAt, Brand: sp.BrandName(), Channel: t.Channel, Purpose: consent.Promotional, Act: consent.Ask, Kind: consent.None, WordingID: &q.wording,
		How: "template", Actor: "system", Evidence: consent.Evidence{"asked_action": fmt.Sprint(q.Action)}, Personal: consent.Personal{ContactID: t.ContactID, IdentityID: t.IdentityID, Address: consent.AddressOf(*who), Name: who.Name}}
	asked := entry
	entry.At, entry.Act, entry.Kind, entry.Actor, entry.Personal.Words = e.Event.Time, consent.Grant, consent.Express, "contact", cmp.Or(m.Text, e.payload())
	entry.Evidence = consent.Evidence{"event": fmt.Sprint(e.ID), "message": e.Event.ID, "asked_action": fmt.Sprint(q.Action)}
	entry.How = "keyword_reply"
	if tapped {
		entry.How = "button"
	}
	said, key := "agreed to offers, as the template asked", "consent.thanks"
	if no {
		entry.Act, said, key = consent.Refuse, "said no to offers, as the template asked", "consent.refused"
	}
	if q.optIn != nil {
		said, key = s.optInAnswered(q, &entry, yes, e)
	}
	s.w.consent = append(s.w.consent, asked, entry)
	s.touch(e.WorkspaceID, "contact", t.ContactID)
	return said, true, s.thank(t, v, m, key, e)
}

// thank answers once where the bot has the conversation; with a person it waits for them.
func (s *scene) thank(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, key string, e *event) error {
	sp := s.spaces[e.WorkspaceID]
	s.lastAt[t.ID] = m.At
	if !sp.automates(e.AccountID) || v.Handler == "human" {
		s.waits(v, m.At)
		return nil
	}
	language := s.language(v, sp)
	if _, _, err := s.utter(t, v, router.Utterance{Key: key, Text: router.Say(language, key, "brand", sp.BrandName())}, language, 0, nil, e); err != nil {
		return err
	}
	s.markRead(t, v, e)
	s.changedConversation(v)
	return nil
}

// answeredAlready says whether the question has had its answer.
func (s *scene) answeredAlready(t *inbox.Thread, q *offerQuestion) bool {
	h := s.histories[consent.Key{WorkspaceID: t.WorkspaceID, ContactID: t.ContactID}]
	if h == nil {
		return false
	}
	for _, e := range h.Entries {
		if (e.Act == consent.Grant || e.Act == consent.Refuse) && e.Evidence["asked_action"] == fmt.Sprint(q.Action) {
			return true
		}
		if stops := e.Act == consent.Withdraw || e.Act == consent.Refuse || e.Act == consent.Expire || e.Act == consent.Doubt; stops && e.Purpose != consent.Service && !e.At.Before(q.SentAt) {
			return true // they said stop since: the question is over
		}
	}
	return false
}
