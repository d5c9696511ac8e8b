package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/consent"
	"ponte/inbox"
)

// Request is an action that asks to go out. Ids that are zero are not known.
type Request struct {
	WorkspaceID  int64
	ActionID     int64
	AccountID    int64
	ContactID    int64
	IdentityID   int64
	CommentID    int64
	AnswersEvent int64
	CampaignID   int64
	TriggerID    int64
	Sequence     string
	Purpose      Purpose
	Origin       Origin
	Call         channels.Call
	NotBefore    time.Time
	ValidUntil   time.Time
}

// Gate reads the facts and decides.
type Gate struct {
	Ledger *consent.Ledger
}

// Check judges one action; see CheckAll.
func (g *Gate) Check(ctx context.Context, tx sqlx.QueryerContext, r Request, now time.Time) (Decision, error) {
	all, err := g.CheckAll(ctx, tx, []Request{r}, now)
	if err != nil {
		return Decision{}, err
	}
	return all[0], nil
}

// CheckAll judges many actions with about a dozen statements. The caller holds the locks on the
// contacts concerned, so that nothing changes between the judgement and its commit. An action allowed
// earlier in the list counts against the later ones.
func (g *Gate) CheckAll(ctx context.Context, tx sqlx.QueryerContext, requests []Request, now time.Time) ([]Decision, error) {
	b := &batch{ctx: ctx, q: tx, now: now, requests: requests}
	facts, err := b.load(g.Ledger)
	if err != nil {
		return nil, err
	}
	out := make([]Decision, len(requests))
	for i := range facts {
		f, broken, err := b.complete(i, facts[i])
		if err != nil {
			return nil, err
		}
		if broken != nil {
			out[i] = *broken
			continue
		}
		out[i] = Decide(f)
		if out[i].Verb == Allow {
			b.note(requests[i], f, out[i])
		}
	}
	return out, nil
}

// complete adds to the facts what earlier ones of the list may have changed.
func (b *batch) complete(i int, f Facts) (Facts, *Decision, error) {
	r := b.requests[i]
	if err := b.broken[r.WorkspaceID]; err != nil {
		return f, &Decision{Verb: Hold, Code: "settings_invalid", Purpose: r.Purpose, Until: b.now.Add(recheck / 12),
			Meaning: "the workspace's settings cannot be read, so nothing goes out until they are corrected: " + err.Error()}, nil
	}
	person := contactKey{WorkspaceID: r.WorkspaceID, ContactID: r.ContactID}
	f.Sent = b.sent[person]
	if at, ok := b.asked[person]; ok {
		f.Asked = &at
	}
	f.Sequence = b.sequences[r.sequence()]
	if f.Comment != nil && b.replied[r.CommentID] != 0 && b.replied[r.CommentID] != r.ActionID {
		f.Comment.Replied = true
	}
	budgets, err := b.budgetsOf(r, f.Cost)
	for _, l := range budgets {
		f.Budgets = append(f.Budgets, *l)
	}
	return f, nil, err
}

// note counts an action that may go against those after it.
func (b *batch) note(r Request, f Facts, d Decision) {
	if d.Purpose == Promotional && f.message() {
		person := contactKey{WorkspaceID: r.WorkspaceID, ContactID: r.ContactID}
		b.sent[person] = append(b.sent[person], b.now)
	}
	if r.Call.Kind == channels.PrivateReply {
		b.replied[r.CommentID] = r.ActionID
	}
	if f.question() || f.Template != nil && f.Template.Confirms {
		b.asked[contactKey{WorkspaceID: r.WorkspaceID, ContactID: r.ContactID}] = b.now
	}
	if s := b.sequences[r.sequence()]; s != nil {
		s.Sent = append(s.Sent, b.now)
	}
	budgets, _ := b.budgetsOf(r, f.Cost) // all are loaded by now
	for _, l := range budgets {
		l.Spent += f.Cost.Micros
	}
}

type contactKey = consent.Key

type batch struct {
	ctx      context.Context
	q        sqlx.QueryerContext
	now      time.Time
	requests []Request

	workspaces map[int64]workspaceFacts
	own        map[int64]map[string]bool // by workspace: the numbers of the brand itself
	broken     map[int64]error           // workspaces whose settings make no sense: they hold, others go on
	accounts   map[int64]accountFacts
	contacts   map[contactKey]contactFacts
	numbers    map[int64]string // by WhatsApp identity: the number it has now; empty: somebody else has it
	threads    map[threadKey]time.Time
	comments   map[int64]commentRow
	events     map[int64]eventRow
	templates  map[templateKey]TemplateFacts
	histories  map[contactKey]*consent.History
	sent       map[contactKey][]time.Time
	replied    map[int64]int64          // comment → action
	asked      map[contactKey]time.Time // for consent to offers, by template
	requested  map[int64]bool           // actions that ask whether an opt-in was its number's owner
	campaigns  map[int64]campaignRow
	triggers   map[int64]triggerRow
	sequences  map[sequenceKey]*SequenceFacts
	free       map[threadKey]bool // free entry points that are open
	currencies map[int64]string   // by workspace
	budgets    map[budgetKey]*Budget
}

type workspaceFacts struct {
	inbox.Workspace
	settings inbox.Settings
	hours    Hours
}

// zone is the workspace's own; one that is unknown makes the workspace hold everything.
func (w workspaceFacts) zone() *time.Location {
	z, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		return time.UTC
	}
	return z
}

type accountFacts struct {
	ID      int64  `db:"id"`
	State   string `db:"state"`
	Reason  string `db:"state_reason"`
	Sending bool   `db:"sending"`
}

type contactFacts struct {
	WorkspaceID int64      `db:"workspace_id"`
	ID          int64      `db:"id"`
	TimeZone    string     `db:"time_zone"`
	Country     string     `db:"country"`
	BlockedAt   *time.Time `db:"blocked_at"`
	Phones      string     `db:"phones"` // of the person's identities, with a space between
}

// zones are where the person may be when this goes to them: where the number it goes to is from; a message
// to no number, where any number is from that we know of the person.
func (c contactFacts) zones(w workspaceFacts, phone string) (zones []*time.Location, national bool) {
	phones := []string{phone}
	if known := strings.Fields(c.Phones); phone == "" && len(known) > 0 {
		phones = known
	}
	for _, p := range phones {
		some, country := Place{TimeZone: c.TimeZone, Country: c.Country, Phone: p, Workspace: w.TimeZone, Home: w.Country}.Zones()
		if len(some) == 0 {
			return nil, national // a zone that is not known: no hour is open
		}
		for _, z := range some {
			if !slices.ContainsFunc(zones, func(have *time.Location) bool { return have.String() == z.String() }) {
				zones = append(zones, z)
			}
		}
		national = national || country == "AU"
	}
	return zones, national
}

type threadKey struct {
	account  int64
	channel  string
	identity int64
}

type templateKey struct {
	account        int64
	name, language string
}

func (b *batch) load(ledger *consent.Ledger) ([]Facts, error) {
	for _, step := range []func() error{b.loadWorkspaces, b.loadAccounts, b.loadContacts, b.loadNumbers, b.loadThreads, b.loadComments,
		b.loadEvents, b.loadTemplates, b.loadAsked, b.loadRequested, b.loadReplied, b.loadSent, b.loadCampaigns, b.loadTriggers, b.loadSequences, b.loadFree} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	var people []contactKey
	for _, r := range b.requests {
		if r.ContactID != 0 && speaks(r.Call.Kind) {
			people = append(people, contactKey{WorkspaceID: r.WorkspaceID, ContactID: r.ContactID})
		}
	}
	var err error
	if b.histories, err = ledger.Histories(b.ctx, b.q, people); err != nil {
		return nil, err
	}
	out := make([]Facts, len(b.requests))
	b.currencies, b.budgets = map[int64]string{}, map[budgetKey]*Budget{}
	for i, r := range b.requests {
		out[i] = b.facts(r)
		out[i].Cost = b.charge(r, out[i])
	}
	return out, b.price(out)
}

func speaks(k channels.CallKind) bool {
	return k == channels.PrivateReply || k == channels.SendMessage || k == channels.SendTemplate
}

func (b *batch) facts(r Request) Facts {
	w, account := b.workspaces[r.WorkspaceID], b.accounts[r.AccountID]
	f := Facts{
		Now: b.now, Call: r.Call, Purpose: r.Purpose, Origin: r.Origin, NotBefore: r.NotBefore, ValidUntil: r.ValidUntil,
		WorkspaceSending: w.settings.Sending == nil || *w.settings.Sending, Brand: w.BrandName(),
		AccountSending: account.Sending, AccountState: account.State, AccountReason: account.Reason,
		CapDay: w.settings.CapDay, CapMonth: w.settings.CapMonth, Hours: w.hours,
	}
	if c, ok := b.campaigns[r.CampaignID]; ok && c.WorkspaceID == r.WorkspaceID {
		f.CampaignState, f.CampaignEnds = c.State, c.EndsAt
	}
	if t, ok := b.triggers[r.TriggerID]; ok && t.WorkspaceID == r.WorkspaceID {
		f.TriggerState = t.State
	}
	if c, ok := b.comments[r.CommentID]; ok && c.WorkspaceID == r.WorkspaceID {
		f.Comment = c.facts()
	}
	if !speaks(r.Call.Kind) {
		return f
	}
	person := contactKey{WorkspaceID: r.WorkspaceID, ContactID: r.ContactID}
	contact, known := b.contacts[person]
	f.Person, f.Blocked = known, contact.BlockedAt != nil
	f.Answers, f.Requested = b.answered(r), b.requested[r.ActionID]
	f.Own = r.Call.Channel == channels.WhatsApp && b.own[r.WorkspaceID][inbox.Digits(r.Call.Phone)]
	if now, known := b.numbers[r.IdentityID]; known && r.Call.Channel == channels.WhatsApp && r.Call.Phone != "" {
		f.Moved = now != inbox.Digits(r.Call.Phone)
	}
	if at, ok := b.threads[threadKey{r.AccountID, string(r.Call.Channel), r.IdentityID}]; ok {
		f.LastIn = &at
	}
	if r.Call.Template != nil {
		if t, ok := b.templates[templateKey{r.AccountID, r.Call.Template.Name, r.Call.Template.Language}]; ok {
			f.Template = &t
		}
	}
	if h := b.histories[person]; h != nil {
		f.Consent = h.State(r.IdentityID, privateSide(r.Call.Channel), consent.Promotional, b.now)
		service := h.State(r.IdentityID, privateSide(r.Call.Channel), consent.Service, b.now)
		f.AllStop = service.Status == consent.Withdrawn || service.Status == consent.Doubtful
	}
	if number := inbox.Digits(r.Call.Phone); number == "" && contact.Country == "" && contact.Phones == "" && r.Call.Channel == channels.WhatsApp {
		contact.Country = b.country(r) // who keeps their number to themselves has their country in the network's id
	}
	f.Zones, f.Hours.National = contact.zones(w, inbox.Digits(r.Call.Phone))
	return f
}

// privateSide is the channel that messages to a commenter travel on.
func privateSide(c channels.Channel) string {
	if c == channels.Facebook {
		c = channels.Messenger
	}
	return string(c)
}

func (b *batch) ids(of func(Request) int64) pq.Int64Array {
	seen := map[int64]bool{}
	var out []int64
	for _, r := range b.requests {
		if id := of(r); id != 0 && !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

// read reads what belongs to ids, the query's first value; where there are none it asks nothing.
func (b *batch) read(rows any, what, query string, ids pq.Int64Array, more ...any) error {
	if len(ids) == 0 {
		return nil
	}
	if err := sqlx.SelectContext(b.ctx, b.q, rows, query, append([]any{ids}, more...)...); err != nil {
		return fmt.Errorf("load %s for the gate: %w", what, err)
	}
	return nil
}

func (b *batch) loadWorkspaces() error {
	var rows []inbox.Workspace
	if err := b.read(&rows, "workspaces", sqlGateWorkspaces, b.ids(func(r Request) int64 { return r.WorkspaceID })); err != nil {
		return err
	}
	b.workspaces, b.broken = map[int64]workspaceFacts{}, map[int64]error{}
	for _, w := range rows {
		s, err := inbox.ParseSettings(w.Settings)
		h, wrong := HoursOf(s)
		_, unknown := time.LoadLocation(w.TimeZone)
		if err := errors.Join(err, wrong, unknown); err != nil {
			b.broken[w.ID] = err
		}
		b.workspaces[w.ID] = workspaceFacts{w, s, h}
	}
	return b.loadOwn()
}

// loadOwn reads the brand's own numbers, where a message could go to one.
func (b *batch) loadOwn() error {
	b.own = map[int64]map[string]bool{}
	for _, r := range b.requests {
		if r.Call.Channel != channels.WhatsApp || b.own[r.WorkspaceID] != nil {
			continue
		}
		own, err := inbox.OwnNumbers(b.ctx, b.q, r.WorkspaceID)
		if err != nil {
			return err
		}
		b.own[r.WorkspaceID] = own
	}
	return nil
}

const sqlGateWorkspaces = `SELECT id, name, brand, time_zone, country, settings FROM workspaces WHERE id = ANY($1)`

func (b *batch) loadAccounts() error {
	var rows []accountFacts
	if err := b.read(&rows, "accounts", sqlGateAccounts, b.ids(func(r Request) int64 { return r.AccountID })); err != nil {
		return err
	}
	b.accounts = map[int64]accountFacts{}
	for _, a := range rows {
		b.accounts[a.ID] = a
	}
	return nil
}

const sqlGateAccounts = `SELECT id, state, state_reason, sending FROM accounts WHERE id = ANY($1)`

func (b *batch) loadContacts() error {
	var rows []contactFacts
	if err := b.read(&rows, "contacts", sqlGateContacts, b.ids(func(r Request) int64 { return r.ContactID })); err != nil {
		return err
	}
	b.contacts = map[contactKey]contactFacts{}
	for _, c := range rows {
		b.contacts[contactKey{WorkspaceID: c.WorkspaceID, ContactID: c.ID}] = c
	}
	return nil
}

const sqlGateContacts = `
SELECT c.workspace_id, c.id, c.time_zone, c.country, c.blocked_at,
       coalesce((SELECT string_agg(i.phone, ' ' ORDER BY i.phone) FROM identities i WHERE i.workspace_id = c.workspace_id AND i.contact_id = c.id AND i.phone IS NOT NULL), '') AS phones
FROM contacts c WHERE c.id = ANY($1)`

// loadNumbers reads which numbers people have now: an action holds the one they had when it was planned, which the
// network may have given to somebody else since.
func (b *batch) loadNumbers() error {
	b.numbers = map[int64]string{}
	var rows []struct {
		ID    int64  `db:"id"`
		Phone string `db:"phone"`
	}
	err := b.read(&rows, "numbers", sqlGateNumbers, b.ids(func(r Request) int64 {
		if speaks(r.Call.Kind) && r.Call.Channel == channels.WhatsApp && r.Call.Phone != "" {
			return r.IdentityID
		}
		return 0
	}))
	for _, r := range rows {
		b.numbers[r.ID] = inbox.Digits(r.Phone)
	}
	return err
}

const sqlGateNumbers = `
SELECT id, CASE WHEN replaced_at IS NULL THEN phone ELSE '' END AS phone FROM identities WHERE id = ANY($1) AND phone IS NOT NULL`

func (b *batch) loadThreads() error {
	var rows []struct {
		AccountID  int64     `db:"account_id"`
		Channel    string    `db:"channel"`
		IdentityID int64     `db:"identity_id"`
		LastInAt   time.Time `db:"last_in_at"`
	}
	if err := b.read(&rows, "threads", sqlGateThreads, b.ids(func(r Request) int64 { return r.IdentityID }), b.ids(func(r Request) int64 { return r.AccountID })); err != nil {
		return err
	}
	b.threads = map[threadKey]time.Time{}
	for _, t := range rows {
		b.threads[threadKey{t.AccountID, t.Channel, t.IdentityID}] = t.LastInAt
	}
	return nil
}

const sqlGateThreads = `
SELECT account_id, channel, identity_id, last_in_at FROM threads
WHERE account_id = ANY($2) AND channel IN ('instagram','messenger','whatsapp') AND identity_id = ANY($1) AND last_in_at IS NOT NULL`

func (b *batch) loadSent() error {
	b.sent = map[contactKey][]time.Time{}
	ids := b.ids(func(r Request) int64 {
		if speaks(r.Call.Kind) {
			return r.ContactID
		}
		return 0
	})
	var rows []struct {
		WorkspaceID int64     `db:"workspace_id"`
		ContactID   int64     `db:"contact_id"`
		SentAt      time.Time `db:"sent_at"`
	}
	if err := b.read(&rows, "promotional messages", sqlGateSent, ids, b.now.Add(-30*24*time.Hour)); err != nil {
		return err
	}
	for _, r := range rows {
		k := contactKey{WorkspaceID: r.WorkspaceID, ContactID: r.ContactID}
		b.sent[k] = append(b.sent[k], r.SentAt)
	}
	return nil
}

// What went to an identity counts for the person it belongs to now, whoever that was then; what names no
// identity counts for the contact it was written to. An unknown outcome counts: it may have arrived.
const sqlGateSent = `
SELECT i.workspace_id, i.contact_id, a.sent_at FROM identities i
JOIN actions a ON a.workspace_id = i.workspace_id AND a.identity_id = i.id
WHERE i.contact_id = ANY($1) AND a.purpose = 'promotional' AND a.state IN ('sending','done','unknown') AND a.sent_at > $2
  AND a.kind IN ('private_reply.send','message.send','template.send')
UNION ALL
SELECT c.workspace_id, c.id, a.sent_at FROM contacts c
JOIN actions a ON a.workspace_id = c.workspace_id AND a.contact_id = c.id AND a.identity_id IS NULL
WHERE c.id = ANY($1) AND a.purpose = 'promotional' AND a.state IN ('sending','done','unknown') AND a.sent_at > $2
  AND a.kind IN ('private_reply.send','message.send','template.send')`
