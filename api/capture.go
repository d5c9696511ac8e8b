package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/channels"
	"ponte/consent"
	"ponte/fault"
	"ponte/flow"
	"ponte/inbox"
	"ponte/ingest"
	"ponte/router"
	"ponte/said"
)

// Wording is the exact text of a question for consent.
type Wording struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name" doc:"offers, web_offers, store_offers; number: asks for a number; lead:… and template:… are the words of a form or a template"`
	Version   int       `json:"version"`
	Language  string    `json:"language"`
	Text      string    `json:"text"`
	Draft     string    `json:"draft" doc:"The same with {brand} in its place, to write the next version from"`
	Confirm   bool      `json:"confirm" doc:"Double opt-in: it counts only once the person confirmed"`
	ValidDays *int      `json:"valid_days" doc:"After so many days the consent ends; null: until withdrawn"`
	Own       bool      `json:"own" doc:"The brand's own text; else it came with the program"`
	CreatedBy string    `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
}

type wordingsIn struct {
	History bool `query:"history" doc:"Every version, the newest first; else those in force"`
}

func (s *Server) listWordings(ctx context.Context, who *caller, in *wordingsIn) (Page[Wording], error) {
	read := consent.Wordings
	if in.History {
		read = consent.AllWordings
	}
	list, err := read(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Page[Wording]{}, err
	}
	space, err := inbox.LoadWorkspace(ctx, s.DB, who.WorkspaceID)
	return pageOf(each(list, func(w consent.Wording) Wording { return showWording(w, space.BrandName()) }), ""), err
}

func showWording(w consent.Wording, brand string) Wording {
	draft := w.Source
	if draft == "" {
		draft = strings.ReplaceAll(w.Text, brand, "{brand}")
	}
	return Wording{w.ID, w.Name, w.Version, w.Language, w.Text, draft, w.Confirm, w.ValidDays, w.Source != "", w.CreatedBy, w.CreatedAt.UTC()}
}

type wordingIn struct {
	Body struct {
		Name      string `json:"name" enum:"offers,web_offers,store_offers"`
		Language  string `json:"language" enum:"en,it,fr,ro,es,de,pt"`
		Text      string `json:"text" minLength:"20" maxLength:"1024" doc:"With {brand} in it, and {legal_name} where wanted; names WhatsApp, how often, and STOP"`
		Confirm   bool   `json:"confirm"`
		ValidDays *int   `json:"valid_days,omitempty"`
	}
}

// addWording keeps a new version of a wording; what people saw before stays.
func (s *Server) addWording(ctx context.Context, who *caller, in *wordingIn) (Wording, error) {
	text, err := cleanText(in.Body.Text)
	if err != nil {
		return Wording{}, fault.Field("text", "the wording cannot be stored as it is")
	}
	var w consent.Wording
	var brand string
	err = s.change(ctx, func(tx *sqlx.Tx) error {
		space, err := inbox.LoadWorkspace(ctx, tx, who.WorkspaceID)
		if err != nil {
			return err
		}
		brand = space.BrandName()
		w, err = consent.AddWording(ctx, tx, who.WorkspaceID, space.BrandName(), consent.NewWording{Name: in.Body.Name, Language: in.Body.Language, Text: text, Confirm: in.Body.Confirm, ValidDays: in.Body.ValidDays, Actor: who.Actor()})
		if err != nil {
			return err
		}
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "wording.add", fmt.Sprintf("wording:%d", w.ID), map[string]any{"name": w.Name, "language": w.Language, "version": w.Version})
	})
	return showWording(w, brand), err
}

// OptIn is an opt-in that waits for the person's own confirmation, or what became of it.
type OptIn struct {
	ID         int64            `json:"id" db:"id"`
	Source     string           `json:"source" db:"source" enum:"web_box,paper_form,in_store,phone,lead_box"`
	State      string           `json:"state" db:"state" enum:"waiting,confirmed,expired,cancelled"`
	Reason     string           `json:"reason" db:"reason"`
	Parts      []said.Statement `json:"reason_parts" db:"-" doc:"The reason as statements with stable codes"`
	WordingID  int64            `json:"wording_id" db:"wording_id"`
	Language   string           `json:"language" db:"language"`
	ContactID  *int64           `json:"contact_id" db:"contact_id"`
	Phone      string           `json:"phone" db:"phone" doc:"As it was named, masked where the role need not see it; empty once it ended"`
	Actor      string           `json:"actor" db:"actor"`
	At         time.Time        `json:"at" db:"at"`
	ExpiresAt  time.Time        `json:"expires_at" db:"expires_at"`
	EndedAt    *time.Time       `json:"ended_at" db:"ended_at"`
	Seq        *int64           `json:"seq" db:"seq" doc:"The entry of the ledger that it became"`
	Asked      string           `json:"asked" db:"asked" enum:"no,planned,asked,answered,not_asked" doc:"The question to the number by template: no: none is asked for this one; planned: it waits for its template or its turn; not_asked: it did not go out, asked_reason says why"`
	AskedAt    *time.Time       `json:"asked_at" db:"asked_at"`
	AskedWhy   string           `json:"asked_reason" db:"asked_reason"`
	AskedCode  string           `json:"asked_reason_code" db:"asked_code" doc:"Why the question did not go out, as of any action"`
	AskedParts []said.Statement `json:"asked_reason_parts" db:"-"`
	Link       string           `json:"link" db:"link" doc:"Only in the answer that makes it: the person opens it and sends what it holds"`
}

// say names the reasons by codes.
func (o *OptIn) say() { o.Parts, o.AskedParts = said.Read(o.Reason), said.Read(o.AskedWhy) }

type optInsIn struct {
	State string `query:"state" enum:"waiting,confirmed,expired,cancelled"`
	Paging
}

func (s *Server) listOptIns(ctx context.Context, who *caller, in *optInsIn) (Page[OptIn], error) {
	before, err := idCursor(in.Cursor)
	if err != nil {
		return Page[OptIn]{}, err
	}
	var rows []OptIn
	if err := s.DB.SelectContext(ctx, &rows, sqlOptIns, who.WorkspaceID, in.State, before, in.Limit+1); err != nil {
		return Page[OptIn]{}, fmt.Errorf("list opt-ins: %w", err)
	}
	for i := range rows {
		o := &rows[i]
		o.say()
		o.Phone = showPhone(o.Phone, who.Role.SeesPhones())
		o.At, o.ExpiresAt, o.EndedAt, o.AskedAt = o.At.UTC(), o.ExpiresAt.UTC(), utc(o.EndedAt), utc(o.AskedAt)
	}
	return pageByID(rows, in.Limit, func(o OptIn) int64 { return o.ID }), nil
}

const sqlOptIns = `
SELECT o.id, o.source, o.state, o.reason, o.wording_id, o.language, o.contact_id, coalesce(o.personal ->> 'phone', '') AS phone, o.actor, o.at, o.expires_at, o.ended_at, o.seq, '' AS link,
       CASE WHEN n.id IS NULL THEN 'no' WHEN n.state = 'agreed' THEN 'planned' WHEN n.state IN ('confirmed','denied') THEN 'answered'
            WHEN n.state <> 'sent' OR a.state IN ('refused','failed','expired','cancelled') THEN 'not_asked' WHEN a.state = 'done' THEN 'asked' ELSE 'planned' END AS asked,
       CASE WHEN a.state = 'done' THEN a.sent_at END AS asked_at,
       CASE WHEN n.state IN ('confirmed','denied') THEN '' WHEN a.state IN ('refused','failed','expired','cancelled') THEN coalesce(a.meaning, '') ELSE coalesce(n.reason, '') END AS asked_reason,
       CASE WHEN n.state NOT IN ('confirmed','denied') AND a.state IN ('refused','failed','expired','cancelled') THEN coalesce(a.reason, '') ELSE '' END AS asked_code
FROM opt_ins o LEFT JOIN number_handoffs n ON n.workspace_id = o.workspace_id AND n.opt_in_id = o.id
LEFT JOIN actions a ON a.workspace_id = n.workspace_id AND a.id = n.action_id
WHERE o.workspace_id = $1 AND ($2 = '' OR o.state = $2) AND ($3::bigint = 0 OR o.id < $3) ORDER BY o.id DESC LIMIT $4`

type captureIn struct {
	Body struct {
		Source    string     `json:"source" enum:"in_store,paper_form,phone"`
		Phone     string     `json:"phone" minLength:"6" maxLength:"30"`
		Name      string     `json:"name,omitempty" maxLength:"200"`
		WordingID int64      `json:"wording_id" minimum:"1" doc:"The version of the statement that was shown or read out before the number was taken"`
		Staff     string     `json:"staff" minLength:"1" maxLength:"60" doc:"Who took it: the employee's number or sign, not a name"`
		Proof     string     `json:"proof" pattern:"^([0-9a-f]{64}|[A-Za-z0-9._:-]{1,80})$" doc:"SHA-256 of the signature or scan; of a call, the recording's number"`
		AgreedAt  *time.Time `json:"agreed_at,omitempty" doc:"When the person agreed; left out: now"`
	}
}

// captureOptIn keeps what staff took down. By default it waits until the person sends the code from their
// own WhatsApp; the owner may let a signed statement count at once, but never against a withdrawal.
func (s *Server) captureOptIn(ctx context.Context, who *caller, in *captureIn) (OptIn, error) {
	b := in.Body
	space, err := inbox.LoadWorkspace(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return OptIn{}, err
	}
	rules, err := consent.ParseRules(space.Settings)
	if err != nil {
		return OptIn{}, err
	}
	phone, ok := flow.Number(b.Phone, space.Country)
	if !ok {
		return OptIn{}, fault.Field("phone", "this is not a phone number with country code")
	}
	own, err := inbox.OwnNumbers(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return OptIn{}, err
	}
	if own[phone] {
		return OptIn{}, fault.Field("phone", "this is the brand's own WhatsApp number, not a customer's")
	}
	w, err := s.wordingOf(ctx, who.WorkspaceID, b.WordingID, consent.StoreOffers, consent.Offers)
	if err != nil {
		return OptIn{}, err
	}
	at := s.Now()
	if b.AgreedAt != nil {
		at = *b.AgreedAt
	}
	if at.After(s.Now().Add(time.Minute)) || at.Before(w.CreatedAt.Add(-time.Minute)) {
		return OptIn{}, fault.Field("agreed_at", "the person agreed after the wording was made and not in the future")
	}
	d := site{space, rules}
	account, err := s.siteAccount(ctx, d)
	if err != nil {
		return OptIn{}, err
	}
	c := capture{site: d, wording: w, phone: phone, at: at, request: consent.Request{WorkspaceID: who.WorkspaceID, Source: b.Source, AccountID: account.ID, WordingID: w.ID, Language: w.Language, Phone: phone, Name: b.Name,
		Actor: who.Actor(), At: at, Hours: rules.OptInHours, Trace: "taken by " + who.Actor(), Evidence: consent.Evidence{"staff": b.Staff, "proof": b.Proof, "entered_by": who.Actor()}}}
	var out OptIn
	err = s.change(ctx, func(tx *sqlx.Tx) error {
		out, err = s.capture(ctx, tx, c, account)
		if err != nil {
			return err
		}
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "consent.capture", fmt.Sprintf("opt_in:%d", out.ID), map[string]any{"source": b.Source, "state": out.State})
	})
	return out, err
}

type capture struct {
	site
	wording consent.Wording
	phone   string
	at      time.Time
	request consent.Request
}

func (s *Server) capture(ctx context.Context, tx *sqlx.Tx, c capture, account siteAccount) (OptIn, error) {
	id, code, expires, err := s.Ledger.RequestOptIn(ctx, tx, c.request)
	if err != nil {
		return OptIn{}, err
	}
	out := OptIn{ID: id, Source: c.request.Source, State: "waiting", Asked: "no", WordingID: c.wording.ID, Language: c.wording.Language, Phone: c.phone, Actor: c.request.Actor, At: c.at.UTC(), ExpiresAt: expires, Parts: []said.Statement{}, AskedParts: []said.Statement{},
		Link: router.Link(account.Phone, router.PrefilledOptIn(c.wording.Language, c.BrandName(), code))}
	if !c.rules.ConfirmByTemplate && (c.rules.ConfirmInStore == nil || *c.rules.ConfirmInStore) {
		return out, nil
	}
	key := inbox.PersonKey{WorkspaceID: c.ID, Channel: channels.WhatsApp, Phone: c.phone}
	people, err := inbox.MeetPeople(ctx, tx, []inbox.Person{{PersonKey: key, Name: c.request.Name}}, nil, nil)
	if err != nil {
		return out, err
	}
	i := people.Find(key)
	if c.rules.ConfirmByTemplate { // only their own yes counts
		out.Asked = "planned"
		return out, ingest.ConfirmOptIn(ctx, tx, s.Ledger, id, i.ContactID, c.phone, c.BrandName(), c.request.Name, nil, "", s.Now())
	}
	state, err := s.Ledger.Live(ctx, tx, c.ID, i.ContactID, i.ID, "whatsapp", consent.Promotional, s.Now())
	if err != nil || state.Status != consent.Unknown && state.Status != consent.Granted && state.Status != consent.Expired {
		return out, err // who said no, or may have, says yes themselves
	}
	entries := []consent.Entry{{WorkspaceID: c.ID, At: c.at, Brand: c.BrandName(), Channel: "whatsapp", Purpose: consent.Promotional, Act: consent.Grant, Kind: consent.Express, WordingID: &c.wording.ID,
		How: c.request.Source, Evidence: c.request.Evidence, Actor: c.request.Actor, Personal: consent.Personal{ContactID: i.ContactID, IdentityID: i.ID, Address: consent.AddressOf(*i), Name: c.request.Name, Words: "signed statement"}}}
	if err := s.Ledger.Append(ctx, tx, entries); err != nil {
		return out, err
	}
	out.State, out.ContactID, out.Seq, out.Link = "confirmed", &i.ContactID, &entries[0].Seq, ""
	if err := consent.Confirmed(ctx, tx, consent.OptIn{WorkspaceID: c.ID, ID: id}, i.ContactID, entries[0].Seq, s.Now()); err != nil {
		return out, err
	}
	return out, inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: c.ID, Topic: "contact", ObjectID: i.ContactID})
}

// renewOptIn shows the link of an opt-in again, for another term: the customer had no phone at hand.
func (s *Server) renewOptIn(ctx context.Context, who *caller, in *emptyIn) (OptIn, error) {
	space, err := inbox.LoadWorkspace(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return OptIn{}, err
	}
	rules, err := consent.ParseRules(space.Settings)
	if err != nil {
		return OptIn{}, err
	}
	var out OptIn
	err = s.change(ctx, func(tx *sqlx.Tx) error {
		o, code, err := s.Ledger.RenewOptIn(ctx, tx, who.WorkspaceID, in.ID, rules.OptInHours)
		if err != nil {
			return err
		}
		a, err := inbox.LoadAccount(ctx, tx, who.WorkspaceID, o.AccountID)
		if err != nil {
			return err
		}
		if a.RemovedAt != nil {
			return fault.New(fault.Conflict, "the WhatsApp number that this opt-in leads to was removed: take it down again")
		}
		out = OptIn{ID: o.ID, Source: o.Source, State: o.State, Asked: "no", WordingID: o.WordingID, Language: o.Language, ContactID: o.ContactID, Actor: o.Actor, At: o.At.UTC(), ExpiresAt: o.ExpiresAt.UTC(),
			Link: router.Link(a.Phone, router.PrefilledOptIn(o.Language, space.BrandName(), code))}
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "consent.opt_in_renew", fmt.Sprintf("opt_in:%d", in.ID), nil)
	})
	return out, err
}

func (s *Server) cancelOptIn(ctx context.Context, who *caller, in *emptyIn) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		if err := consent.CancelOptIn(ctx, tx, who.WorkspaceID, in.ID, "cancelled by a member"); err != nil {
			return err
		}
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "consent.opt_in_cancel", fmt.Sprintf("opt_in:%d", in.ID), nil)
	})
}
