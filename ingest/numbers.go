package ingest

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/consent"
	"ponte/flow"
	"ponte/gate"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/router"
	"ponte/template"
)

// numberHandoff is a number that somebody left, and what became of it; migrations/0039.
type numberHandoff struct {
	WorkspaceID    int64      `db:"workspace_id"`
	ID             int64      `db:"id"` // 0: new
	Source         string     `db:"source"`
	ContactID      int64      `db:"contact_id"`
	IdentityID     *int64     `db:"identity_id"`
	ConversationID *int64     `db:"conversation_id"`
	AccountID      int64      `db:"account_id"`
	Phone          string     `db:"phone"`
	Language       string     `db:"language"`
	Template       string     `db:"template"`
	WordingID      int64      `db:"wording_id"`
	Purpose        string     `db:"purpose"`
	Label          string     `db:"label"`
	NumberMessage  string     `db:"number_message"`
	AskedAction    *int64     `db:"asked_action"`
	AgreedMessage  string     `db:"agreed_message"`
	AgreedAt       *time.Time `db:"agreed_at"`
	State          string     `db:"state"`
	Reason         string     `db:"reason"`
	WAIdentityID   *int64     `db:"wa_identity_id"`
	LeadID         *int64     `db:"lead_id"`
	OptInID        *int64     `db:"opt_in_id"`

	shown   *time.Time // when the wording left
	waiting int64      // the message to the number, while it has not left; see numbers_back.go
}

const numberColumns = `n.workspace_id, n.id, n.source, n.contact_id, n.identity_id, n.conversation_id, n.account_id, n.phone, n.language, n.template, n.wording_id, n.purpose, n.label,
       n.number_message, n.asked_action, n.agreed_message, n.agreed_at, n.state, n.reason, n.wa_identity_id, n.lead_id, n.opt_in_id`

// numbers are those that the batch may have to do with.
type numbers struct {
	asked  map[int64]*numberHandoff // by identity of the chat: the wording was shown, its answer is awaited
	agreed map[int64]*numberHandoff // by identity of the chat: agreed to, and not written to yet
	sent   map[string]*numberHandoff
	optIn  map[string]*numberHandoff // asked whether an opt-in was theirs
	leads  map[int64]int64           // by workspace: the WhatsApp account that could write, where its template is approved
	own    map[int64]map[string]bool // by workspace: the brand's own numbers, which people quote
}

func sentKey(workspace int64, phone string) string { return fmt.Sprintf("%d/%s", workspace, phone) }

// loadSentNumbers finds those that a template was sent to and that write now: before people are locked,
// because whoever gave the number is locked with them.
func (s *scene) loadSentNumbers(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	s.numbers = numbers{asked: map[int64]*numberHandoff{}, sent: map[string]*numberHandoff{}, optIn: map[string]*numberHandoff{}, leads: map[int64]int64{}, own: map[int64]map[string]bool{}}
	var workspaces []int64
	var phones []string
	for _, e := range events {
		if e.Channel == string(channels.WhatsApp) && e.Phone != "" && e.Source != "backfill" && (e.wrote() || channels.Kind(e.Kind) == channels.PostbackReceived) {
			workspaces, phones = append(workspaces, e.WorkspaceID), append(phones, e.Phone)
		}
	}
	if len(phones) == 0 {
		return nil
	}
	var list []*numberHandoff
	if err := tx.SelectContext(ctx, &list, sqlSentNumbers, pq.Array(workspaces), pq.Array(phones)); err != nil {
		return fmt.Errorf("load numbers that were written to: %w", err)
	}
	for _, n := range list {
		if n.OptInID != nil {
			s.numbers.optIn[sentKey(n.WorkspaceID, n.Phone)] = n
			continue
		}
		s.numbers.sent[sentKey(n.WorkspaceID, n.Phone)] = n
	}
	return nil
}

const sqlSentNumbers = `
SELECT DISTINCT ON (n.workspace_id, n.phone, n.source = 'opt_in') ` + numberColumns + ` FROM number_handoffs n
JOIN unnest($1::bigint[], $2::text[]) AS k (workspace_id, phone) ON k.workspace_id = n.workspace_id AND k.phone = n.phone
WHERE n.state = 'sent' ORDER BY n.workspace_id, n.phone, n.source = 'opt_in', n.id DESC`

// loadNumbers finds what a chat's messages may be an answer to, and where a number in them could lead.
func (s *scene) loadNumbers(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	var identities, wanted []int64
	var unsent []string
	for _, e := range events {
		if channels.Kind(e.Kind) == channels.MessageDeleted {
			unsent = append(unsent, e.about())
		}
		if !e.wrote() || e.Channel == string(channels.WhatsApp) || e.Source == "backfill" || e.Own {
			continue
		}
		if who := s.identity(e); who != nil {
			identities = append(identities, who.ID)
			if len(inbox.Digits(e.Text)) >= 7 {
				wanted = append(wanted, e.WorkspaceID)
			}
		}
	}
	if len(identities)+len(unsent) == 0 {
		return nil
	}
	if err := s.loadAgreedNumbers(ctx, tx, identities, unsent); err != nil {
		return err
	}
	var list []struct {
		numberHandoff
		Shown *time.Time `db:"shown"`
	}
	if err := tx.SelectContext(ctx, &list, sqlAskedNumbers, pq.Array(identities)); err != nil {
		return fmt.Errorf("load numbers that were asked about: %w", err)
	}
	for _, n := range list {
		h := n.numberHandoff
		h.shown = n.Shown
		s.numbers.asked[*h.IdentityID] = &h
	}
	var err error
	for _, ws := range uniq(wanted) {
		if err := s.loadNumberWay(ctx, tx, ws); err != nil {
			return err
		}
		if s.numbers.own[ws], err = inbox.OwnNumbers(ctx, tx, ws); err != nil {
			return err
		}
	}
	return nil
}

// Only a wording that has left can be answered.
const sqlAskedNumbers = `
SELECT ` + numberColumns + `, a.sent_at AS shown FROM number_handoffs n
LEFT JOIN actions a ON a.workspace_id = n.workspace_id AND a.id = n.asked_action AND a.state = 'done'
WHERE n.identity_id = ANY($1) AND n.state = 'asked' ORDER BY n.id`

// loadNumberWay finds the WhatsApp account that would write to a number: one whose template for it Meta
// has approved. Without one nobody is asked for anything.
func (s *scene) loadNumberWay(ctx context.Context, tx *sqlx.Tx, ws int64) error {
	var accounts []int64
	if err := tx.SelectContext(ctx, &accounts, sqlNumberWay, ws, template.NumberCheck); err != nil {
		return fmt.Errorf("find a WhatsApp account to write by: %w", err)
	}
	if len(accounts) == 0 {
		return nil
	}
	s.numbers.leads[ws] = accounts[0]
	if err := consent.EnsureNumberWordings(ctx, tx, ws, s.spaces[ws].BrandName()); err != nil {
		return err
	}
	list, err := consent.Wordings(ctx, tx, ws)
	if err != nil {
		return err
	}
	s.wordings = append(s.wordings, list...)
	return nil
}

const sqlNumberWay = `
SELECT a.id FROM accounts a JOIN accounts o ON o.workspace_id = a.workspace_id AND o.waba_id = a.waba_id
JOIN templates t ON t.workspace_id = o.workspace_id AND t.account_id = o.id
WHERE a.workspace_id = $1 AND a.channel = 'whatsapp' AND a.removed_at IS NULL AND a.state = 'connected' AND a.sending
  AND t.name = $2 AND t.status = 'APPROVED' AND t.paused_by = '' ORDER BY a.id LIMIT 1`

// numberMessage handles a number that somebody leaves in a chat, and the answer to the wording that was
// shown for it. A number under a post is never looked at: it would be taken from a public place.
func (s *scene) numberMessage(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, verdict moderation.Verdict, e *event) (said string, done bool, err error) {
	asked := s.numbers.asked[t.IdentityID]
	number, found := s.numberIn(t, v, m, verdict)
	switch {
	case asked != nil && asked.shown != nil && !m.At.Before(asked.shown.Truncate(time.Second)) && !found && (router.IsYes(m.Text) || router.IsNo(m.Text)):
		said, err = s.numberAnswered(t, v, m, asked, e)
		return said, true, err
	case !found || !s.leads(t, m, verdict):
		return "", false, nil
	case v.Handler == "human":
		return "", false, nil // a person is talking with them
	case s.numbers.leads[e.WorkspaceID] == 0:
		s.waits(v, m.At)
		return "for a person: a number was left, but the template «" + template.NumberCheck + "» is not approved on any connected WhatsApp account", true, nil
	}
	said, err = s.askNumber(t, v, m, number, asked, e)
	return said, true, err
}

// refusesNumber says that "no, thanks" answers the wording shown for a number; anywhere else it may mean all that the brand
// writes.
func (s *scene) refusesNumber(t *inbox.Thread, m *inbox.Message, verdict moderation.Verdict) bool {
	asked := s.numbers.asked[t.IdentityID]
	return verdict.OptOut == moderation.OptOutDoubtful && asked != nil && asked.shown != nil && !m.At.Before(asked.shown.Truncate(time.Second)) && router.IsNo(m.Text)
}

// numberIn finds the one number in a message that may be its writer's.
func (s *scene) numberIn(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, verdict moderation.Verdict) (string, bool) {
	number, found := flow.FindPhoneFrom(m.Text, s.country(t), cmp.Or(v.Language, verdict.Language))
	return number, found && !s.numbers.own[m.WorkspaceID][inbox.Digits(number)]
}

func (s *scene) leavesNumber(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, verdict moderation.Verdict) bool {
	_, found := s.numberIn(t, v, m, verdict)
	return found && s.leads(t, m, verdict)
}

// leads says whether a number in a message may be left by somebody who wants to be written to. "Write to me on WhatsApp at …"
// is what spammers write under posts, and what customers write in private: where the model alone thinks of spam, but is not
// sure without the number, and nothing is offered nor linked to, it is a customer's. The question that follows commits
// nobody to anything.
func (s *scene) leads(t *inbox.Thread, m *inbox.Message, verdict moderation.Verdict) bool {
	if verdict.Decision == moderation.Allow || !verdict.ByModelAlone() || moderation.GroupOf(verdict.Category) != "spam" || gate.Promotes(m.Text, false) {
		return verdict.Decision == moderation.Allow
	}
	rest, cut := flow.CutPhone(m.Text, s.country(t), verdict.Language)
	return cut && s.spaces[m.WorkspaceID].Engine.Judge(moderation.Input{Subject: moderation.SubjectMessage, Text: rest}).Decision != moderation.Spam
}

func (s *scene) country(t *inbox.Thread) string {
	if who := s.people.Identity(t.IdentityID); who != nil {
		if c := s.people.Contact(who); c != nil && c.Country != "" {
			return c.Country
		}
	}
	return s.spaces[t.WorkspaceID].Country
}

// askNumber shows the wording with the number as it was understood, so that a slip of the finger shows.
func (s *scene) askNumber(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, number string, before *numberHandoff, e *event) (string, error) {
	n := &numberHandoff{WorkspaceID: e.WorkspaceID, Source: "chat", ContactID: t.ContactID, IdentityID: &t.IdentityID, ConversationID: &v.ID, AccountID: s.numbers.leads[e.WorkspaceID],
		Phone: strings.TrimPrefix(number, "+"), Template: template.NumberCheck, Purpose: consent.Service, NumberMessage: e.Event.ID, State: "asked"}
	if why, err := s.numberBarred(n); err != nil || why != "" {
		if before != nil { // a yes to come is no yes to the number that was there before
			s.replaceNumber(before)
			delete(s.numbers.asked, t.IdentityID)
		}
		s.waits(v, m.At)
		return "for a person: " + why, err
	}
	sp := s.spaces[e.WorkspaceID]
	language := s.language(v, sp)
	w, ok := s.wording(e.WorkspaceID, consent.Number, language)
	if !ok {
		return "", &decisionError{e.ID, fmt.Errorf("no wording %q in the workspace", consent.Number)}
	}
	id, err := s.d.IDs.Take(s.ctx, "actions")
	if err != nil {
		return "", err
	}
	a := s.messageAction(t, v, w.Text+"\n\n"+flow.SpellPhone(number), e)
	a.ID, a.Dedupe = id, fmt.Sprintf("number:%d", e.ID)
	s.w.actions = append(s.w.actions, a)
	if before != nil {
		s.replaceNumber(before)
	}
	n.Language, n.WordingID, n.AskedAction = language, w.ID, &id
	s.numbers.asked[t.IdentityID] = n
	s.w.numbers = append(s.w.numbers, n)
	s.w.consent = append(s.w.consent, s.numberEntry(t, n, consent.Ask, "", e))
	if v.FirstBotAt == nil {
		now := s.now
		v.FirstBotAt = &now
	}
	s.changedConversation(v)
	return "a number was left: asked whether we may write to it on WhatsApp", nil
}

func (s *scene) replaceNumber(n *numberHandoff) {
	n.State, n.Reason = "replaced", "another number was left"
	s.w.numbers = append(s.w.numbers, n)
}

// numberEntry is the entry about a number, keyed by it: no identity has it yet.
func (s *scene) numberEntry(t *inbox.Thread, n *numberHandoff, act consent.Act, words string, e *event) consent.Entry {
	id := n.WordingID
	entry := consent.Entry{WorkspaceID: n.WorkspaceID, At: e.Event.Time, Brand: s.spaces[n.WorkspaceID].BrandName(), Channel: string(channels.WhatsApp), Purpose: n.Purpose, Act: act,
		Kind: consent.Express, WordingID: &id, How: "keyword_reply", Actor: "contact",
		Evidence: consent.Evidence{"event": fmt.Sprint(e.ID), "message": e.Event.ID, "number_message": n.NumberMessage, "asked_action": fmt.Sprint(*n.AskedAction)},
		Personal: consent.Personal{ContactID: t.ContactID, Address: consent.PhoneAddress(n.Phone), Words: words}}
	if act == consent.Ask {
		entry.Kind, entry.Actor = consent.None, "bot"
	}
	return entry
}

// numberAnswered takes YES or NO as the answer to the wording, and to nothing else.
func (s *scene) numberAnswered(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, n *numberHandoff, e *event) (string, error) {
	why := ""
	if !router.IsNo(m.Text) {
		var err error
		if why, err = s.numberBarred(n); err != nil {
			return "", err
		}
	}
	delete(s.numbers.asked, t.IdentityID)
	s.w.numbers = append(s.w.numbers, n)
	n.AgreedMessage = e.Event.ID
	s.touch(e.WorkspaceID, "contact", t.ContactID)
	if why != "" { // since they were asked; nothing is agreed to that will not be done
		n.State, n.Reason = "refused", why
		s.waits(v, m.At)
		return "for a person: " + why, nil
	}
	if router.IsNo(m.Text) {
		n.State, n.Reason = "refused", "answered no"
		s.w.consent = append(s.w.consent, s.numberEntry(t, n, consent.Refuse, m.Text, e))
		s.waits(v, m.At)
		return "does not want to be written to on WhatsApp: the conversation goes on here, for a person", nil
	}
	at := e.Event.Time
	n.State, n.AgreedAt = "agreed", &at
	s.numbers.agreed[t.IdentityID] = n
	s.w.consent = append(s.w.consent, s.numberEntry(t, n, consent.Grant, m.Text, e))
	s.changedConversation(v)
	return "agreed to be written to on WhatsApp: the template goes to the number; it is tied to nobody until somebody answers there", nil
}

// answeredNumber is the first word from a number that was left. Only a clear yes, or a tap that says it,
// makes the two one person: a number with a slip in it belongs to a stranger. A form's number is its
// writer's with whatever they answer, because the message asked them by name.
func (s *scene) answeredNumber(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, e *event) (denied bool) {
	n := s.numbers.sent[sentKey(e.WorkspaceID, e.Phone)]
	if n == nil || e.Source == "backfill" || n.State != "sent" || t.Channel != string(channels.WhatsApp) {
		return false
	}
	yes, no := template.NumberAnswer(e.payload(), m.Text)
	yes, no = yes || router.IsYes(m.Text), no || router.IsNo(m.Text)
	switch {
	case no:
		n.State, n.Reason = "denied", "whoever has the number says that it was not them"
		s.w.consent = append(s.w.consent, consent.Entry{WorkspaceID: n.WorkspaceID, At: e.Event.Time, Brand: s.spaces[n.WorkspaceID].BrandName(), Channel: string(channels.WhatsApp),
			Purpose: n.Purpose, Act: consent.Expire, Kind: consent.None, How: "wrong_number", Actor: "contact", Evidence: consent.Evidence{"event": fmt.Sprint(e.ID), "message": e.Event.ID},
			Personal: consent.Personal{ContactID: t.ContactID, IdentityID: t.IdentityID, Address: consent.PhoneAddress(n.Phone)}})
		v.Labels = addLabel(v.Labels, "wrong number")
	case yes || n.Source == "lead":
		n.State = "confirmed"
		s.joinNumber(t, v, n, e)
		if n.Label != "" {
			v.Labels = addLabel(v.Labels, n.Label)
		}
	default:
		return false
	}
	s.w.numbers = append(s.w.numbers, n)
	s.changedConversation(v)
	return n.State == "denied"
}

// joinNumber makes the number's identity and whoever gave it one contact.
func (s *scene) joinNumber(t *inbox.Thread, v *inbox.Conversation, n *numberHandoff, e *event) {
	wa := s.people.Identity(t.IdentityID)
	if wa == nil || wa.ContactID == n.ContactID {
		return
	}
	j := inbox.Join{WorkspaceID: e.WorkspaceID, How: "number", Actor: "system", Evidence: map[string]any{"number_handoff": n.ID, "event_id": e.ID, "message": e.Event.ID}}
	from := wa
	if n.IdentityID != nil {
		from = s.people.Identity(*n.IdentityID)
	}
	fresh := t.LastInAt == nil || s.lastAt[t.ID].IsZero() // nobody wrote from this number before
	switch {
	case fresh || n.IdentityID == nil:
		j.IdentityID, j.From, j.To = wa.ID, wa.ContactID, n.ContactID
	case from == nil || from.ContactID != n.ContactID:
		return // whoever gave it is somebody else by now
	default:
		j.IdentityID, j.From, j.To = from.ID, from.ContactID, wa.ContactID
	}
	s.w.joins = append(s.w.joins, j)
	s.people.Identity(j.IdentityID).ContactID = j.To
	for _, th := range s.threads {
		if th.IdentityID == j.IdentityID {
			th.ContactID = j.To
		}
	}
	v.ContactID = t.ContactID
	s.touch(e.WorkspaceID, "contact", j.To)
}

// writeNumbers writes what the batch decided about numbers.
func (s *scene) writeNumbers(ctx context.Context, tx *sqlx.Tx) error {
	for _, n := range s.w.numbers {
		if n.ID != 0 {
			if _, err := tx.ExecContext(ctx, sqlMoveNumber, n.WorkspaceID, n.ID, n.State, n.Reason, n.AgreedMessage, n.AgreedAt); err != nil {
				return fmt.Errorf("move a number: %w", err)
			}
			continue
		}
		if err := saveNumber(ctx, tx, n); err != nil {
			return err
		}
	}
	return nil
}

func saveNumber(ctx context.Context, tx *sqlx.Tx, n *numberHandoff) error {
	err := tx.GetContext(ctx, &n.ID, sqlInsertNumber, n.WorkspaceID, n.Source, n.ContactID, n.IdentityID, n.ConversationID, n.AccountID, n.Phone, n.Language, n.Template, n.WordingID, n.Purpose,
		n.Label, n.NumberMessage, n.AskedAction, n.AgreedMessage, n.AgreedAt, n.State, n.Reason, n.LeadID, n.OptInID)
	if err != nil {
		return fmt.Errorf("keep a number: %w", err)
	}
	return nil
}

const (
	sqlMoveNumber   = `UPDATE number_handoffs SET state = $3, reason = $4, agreed_message = $5, agreed_at = $6, try_after = coalesce($6, now()) WHERE workspace_id = $1 AND id = $2`
	sqlInsertNumber = `
INSERT INTO number_handoffs (workspace_id, source, contact_id, identity_id, conversation_id, account_id, phone, language, template, wording_id, purpose, label, number_message, asked_action,
    agreed_message, agreed_at, state, reason, lead_id, opt_in_id, try_after)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, coalesce($16, now())) RETURNING id`
)
