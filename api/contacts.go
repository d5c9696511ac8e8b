package api

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/consent"
	"ponte/fault"
	"ponte/inbox"
	"ponte/outbox"
	"ponte/router"
)

// Contact is a person.
type Contact struct {
	ContactBrief
	Country   string     `json:"country"`
	Channels  []string   `json:"channels" doc:"On which they are known"`
	BlockedAt *time.Time `json:"blocked_at"`
	CreatedAt time.Time  `json:"created_at"`
}

// Person is a person with all that is noted of them.
type Person struct {
	Contact
	OwnLanguage string            `json:"own_language" doc:"The language that was set; empty: language is the one they last wrote in"`
	OwnName     string            `json:"own_name" doc:"The name that was set here; empty: name is what a network calls them"`
	TimeZone    string            `json:"time_zone" doc:"Empty: from the country or the number"`
	Fields      map[string]string `json:"fields" doc:"What flows, forms, imports and members noted; digits of numbers are masked by role"`
}

// ContactDetail is a person with identities, consent and history.
type ContactDetail struct {
	Person
	Identities    []IdentityPanel `json:"identities"`
	Consent       []ConsentState  `json:"consent"`
	Leads         []Lead          `json:"leads"`
	Journey       []Step          `json:"journey"`
	Conversations []Earlier       `json:"conversations"`
	Strikes       ContactStrikes  `json:"strikes"`
}

type contactsIn struct {
	Q        string `query:"q" maxLength:"200"`
	Label    string `query:"label" maxLength:"60"`
	Language string `query:"language" maxLength:"10"`
	Channel  string `query:"channel" enum:"facebook,instagram,messenger,whatsapp"`
	Consent  string `query:"consent" enum:"granted,withdrawn,refused,doubt,expired,none" doc:"Where offers stand on any channel; none: on no channel is there anything"`
	Paging
}

func showContact(c inbox.ContactView, who *caller) Contact {
	return Contact{ContactBrief{c.ID, c.Name, c.Erased, showKnown(c.Name, c.Known, who), c.Language, listOf(c.Labels)}, c.Country, listOf(c.Channels), utc(c.BlockedAt), c.CreatedAt.UTC()}
}

func (s *Server) listContacts(ctx context.Context, who *caller, in *contactsIn) (Page[Contact], error) {
	before, err := idCursor(in.Cursor)
	if err != nil {
		return Page[Contact]{}, err
	}
	f := inbox.ContactFilter{Words: in.Q, Whole: who.Role.SeesPhones(), Label: in.Label, Language: in.Language, Channel: in.Channel}
	if in.Consent != "" {
		return s.contactsStanding(ctx, who, f, consent.Status(in.Consent), before, in.Limit)
	}
	rows, err := inbox.ListContacts(ctx, s.DB, who.WorkspaceID, f, before, in.Limit+1)
	if err != nil {
		return Page[Contact]{}, err
	}
	return pageByID(each(rows, func(c inbox.ContactView) Contact { return showContact(c, who) }), in.Limit, func(c Contact) int64 { return c.ID }), nil
}

// contactsStanding lists people by where their offers stand, which only the ledger can say: it asks for
// some hundreds at a time. A page may end early and still have a next one.
func (s *Server) contactsStanding(ctx context.Context, who *caller, f inbox.ContactFilter, want consent.Status, before int64, limit int) (Page[Contact], error) {
	const step, most = 400, 4000
	workspace, out := who.WorkspaceID, []Contact{}
	for seen := 0; ; seen += step {
		rows, err := inbox.ListContacts(ctx, s.DB, workspace, f, before, step)
		if err != nil {
			return Page[Contact]{}, err
		}
		keys := each(rows, func(c inbox.ContactView) consent.Key { return consent.Key{WorkspaceID: workspace, ContactID: c.ID} })
		histories, err := s.Ledger.Histories(ctx, s.DB, keys)
		if err != nil {
			return Page[Contact]{}, err
		}
		for _, c := range rows {
			before = c.ID
			if !stands(histories[consent.Key{WorkspaceID: workspace, ContactID: c.ID}].Standing(s.Now()), want) {
				continue
			}
			if out = append(out, showContact(c, who)); len(out) == limit {
				return pageOf(out, strconv.FormatInt(before, 10)), nil
			}
		}
		if len(rows) < step {
			return pageOf(out, ""), nil
		}
		if seen+step >= most {
			return pageOf(out, strconv.FormatInt(before, 10)), nil
		}
	}
}

// stands says whether any identity stands there; "none" is said of who stands nowhere.
func stands(list []consent.State, want consent.Status) bool {
	for _, s := range list {
		if want == consent.Unknown && s.Status != consent.Unknown {
			return false
		}
		if want != consent.Unknown && s.Status == want {
			return true
		}
	}
	return want == consent.Unknown
}

func idCursor(cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	id, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil || id <= 0 {
		return 0, fault.Field("cursor", "the cursor is not one of ours; start from the first page")
	}
	return id, nil
}

// pageByID cuts a list that was read with one item too many, ordered by falling id.
func pageByID[T any](items []T, limit int, id func(T) int64) Page[T] {
	if len(items) <= limit {
		return pageOf(items, "")
	}
	return pageOf(items[:limit], strconv.FormatInt(id(items[limit-1]), 10))
}

func (s *Server) getContact(ctx context.Context, who *caller, in *ByID) (ContactDetail, error) {
	c, err := inbox.ViewContact(ctx, s.DB, who.WorkspaceID, in.ID)
	if err != nil {
		return ContactDetail{}, err
	}
	out := ContactDetail{Person: showPerson(c, who)}
	if out.Identities, err = s.identitiesOf(ctx, who, in.ID); err != nil {
		return out, err
	}
	if out.Consent, err = s.consentOf(ctx, who.WorkspaceID, in.ID); err != nil {
		return out, err
	}
	if out.Leads, err = s.leadsOf(ctx, who, in.ID); err != nil {
		return out, err
	}
	if out.Journey, err = s.journeyOf(ctx, who.WorkspaceID, in.ID); err != nil {
		return out, err
	}
	if out.Strikes, err = s.strikesOf(ctx, who.WorkspaceID, in.ID); err != nil {
		return out, err
	}
	list, err := inbox.EarlierConversations(ctx, s.DB, who.WorkspaceID, in.ID, 0)
	out.Conversations = each(list, func(e inbox.Earlier) Earlier {
		return Earlier{e.ID, e.Channel, e.OpenedAt.UTC(), utc(e.ResolvedAt), router.HideReferences(e.Preview), e.Harm}
	})
	return out, err
}

type consentIn struct {
	ByID
	Body struct {
		Act          string     `json:"act" enum:"grant,withdraw,confirm" doc:"confirm lifts a doubt: the person said that they go on"`
		Channel      string     `json:"channel" enum:"whatsapp,messenger,instagram,all"`
		Purpose      string     `json:"purpose" enum:"promotional,service,research,profiling,all"`
		How          string     `json:"how" maxLength:"60" doc:"How the person said it: phone, in_store, letter …"`
		EvidenceText string     `json:"evidence_text" maxLength:"2000" doc:"What proves it: where and when, which form"`
		At           *time.Time `json:"at,omitempty" doc:"When the person said so; left out: now. Entries are ordered by it"`
		WordingID    *int64     `json:"wording_id,omitempty" doc:"The version that was read out; left out: the latest in the person's language"`
	}
}

// recordConsent writes what a person told a member. A withdrawal holds on all channels of the brand; a
// grant is for one channel, one purpose, and the wording that the member read out.
func (s *Server) recordConsent(ctx context.Context, who *caller, in *consentIn) error {
	b := in.Body
	how, err := cleanText(b.How)
	if err != nil {
		return fault.Field("how", "say how the person told you")
	}
	words, err := cleanText(b.EvidenceText)
	if err != nil {
		return fault.Field("evidence_text", "say what proves it: where and when the person said so")
	}
	at := s.Now()
	if b.At != nil {
		at = *b.At
	}
	if at.After(s.Now().Add(time.Minute)) {
		return fault.Field("at", "that is in the future")
	}
	if b.Act == "confirm" && b.Purpose == consent.All {
		return fault.Field("purpose", "name the purpose that goes on")
	}
	if b.Act == "grant" && b.Channel == "all" {
		return fault.Field("channel", "a grant names one channel")
	}
	return s.change(ctx, func(tx *sqlx.Tx) error {
		c, ids, w, err := s.lockPerson(ctx, tx, who.WorkspaceID, in.ID)
		if err != nil {
			return err
		}
		var entries []consent.Entry
		for _, i := range ids {
			if i.Channel == "facebook" || b.Act == "grant" && i.Channel != b.Channel {
				continue
			}
			e := consent.Entry{WorkspaceID: who.WorkspaceID, At: at, Brand: w.BrandName(), Channel: b.Channel, Purpose: b.Purpose, Act: consent.Act(b.Act), Kind: consent.Express,
				How: "member", Actor: who.Actor(), Evidence: consent.Evidence{"member": who.Actor()},
				Personal: consent.Personal{ContactID: in.ID, IdentityID: i.ID, Address: consent.AddressOf(i), Name: c.Name, Words: how + ": " + words}}
			switch {
			case b.Act == "withdraw":
				e.Channel = consent.All
			case b.Act == "confirm":
				e.Channel = i.Channel
			case b.Purpose == consent.Promotional:
				if e.WordingID, err = s.readOut(ctx, tx, who.WorkspaceID, b.WordingID, firstOf(c.Language, w.Locale)); err != nil {
					return err
				}
			}
			entries = append(entries, e)
		}
		if len(entries) == 0 {
			return fault.Field("channel", "this person has no identity on that channel")
		}
		if err := s.Ledger.Append(ctx, tx, entries); err != nil {
			return err
		}
		if b.Act == "withdraw" {
			if err := s.offersAfter(ctx, tx, who.WorkspaceID, ids, b.Purpose); err != nil {
				return err
			}
		}
		if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "consent."+b.Act, fmt.Sprintf("contact:%d", in.ID), map[string]any{"channel": b.Channel, "purpose": b.Purpose}); err != nil {
			return err
		}
		return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "contact", ObjectID: in.ID})
	})
}

// readOut is the wording that a member read out to a person.
func (s *Server) readOut(ctx context.Context, tx *sqlx.Tx, workspace int64, id *int64, language string) (*int64, error) {
	if id != nil {
		w, err := s.wordingOf(ctx, workspace, *id)
		return &w.ID, err
	}
	w, err := consent.LatestWording(ctx, tx, workspace, consent.Offers, language)
	return &w.ID, err
}

func stopOffers(ctx context.Context, tx *sqlx.Tx, workspace, contact int64, purpose string) error {
	if purpose != consent.Promotional && purpose != consent.All {
		return nil
	}
	_, err := outbox.Cancel(ctx, tx, outbox.Cancellation{WorkspaceID: workspace, ContactID: contact, Purposes: promotional, Reason: "opted_out", Meaning: "the person withdrew their consent"})
	return err
}

func (s *Server) lockPerson(ctx context.Context, tx *sqlx.Tx, workspace, id int64) (inbox.ContactView, []inbox.Identity, inbox.Workspace, error) {
	if _, err := tx.ExecContext(ctx, `SELECT 1 FROM contacts WHERE workspace_id = $1 AND id = $2 FOR UPDATE`, workspace, id); err != nil {
		return inbox.ContactView{}, nil, inbox.Workspace{}, fmt.Errorf("lock contact %d: %w", id, err)
	}
	c, err := inbox.ViewContact(ctx, tx, workspace, id)
	if err != nil {
		return c, nil, inbox.Workspace{}, err
	}
	var ids []inbox.Identity
	err = tx.SelectContext(ctx, &ids, `SELECT workspace_id, id, contact_id, channel, scope, external_id, phone, username, name FROM identities WHERE workspace_id = $1 AND contact_id = $2 ORDER BY id`, workspace, id)
	if err != nil {
		return c, nil, inbox.Workspace{}, fmt.Errorf("load the identities of contact %d: %w", id, err)
	}
	w, err := inbox.LoadWorkspace(ctx, tx, workspace)
	return c, ids, w, err
}
