package consent

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/inbox"
)

// Proof is one entry as it is shown to a regulator or to the person.
type Proof struct {
	Seq        int64      `json:"seq"`
	Format     int        `json:"format"`
	At         time.Time  `json:"at"`
	LocalTime  string     `json:"local_time"` // on the person's clock, as far as it is known, else on the brand's; empty once erased
	RecordedAt time.Time  `json:"recorded_at"`
	Brand      string     `json:"brand"`
	LegalName  string     `json:"legal_name"`
	Channel    string     `json:"channel"`
	Purpose    string     `json:"purpose"`
	Act        Act        `json:"act"`
	Kind       Kind       `json:"kind"`
	How        string     `json:"how"`
	Actor      string     `json:"actor"`
	ActorName  string     `json:"actor_name"` // of a member or API token as they are called now; no part of what the hash covers
	Evidence   Evidence   `json:"evidence"`
	ValidUntil *time.Time `json:"valid_until"`
	Wording    *Wording   `json:"wording"`
	Personal   *Personal  `json:"personal"` // null: erased
	Subject    string     `json:"subject"`
	Commitment string     `json:"commitment"`
	PrevHash   string     `json:"prev_hash"`
	Hash       string     `json:"hash"`
}

// Standing is where one identity stands for promotional messages.
type Standing struct {
	IdentityID int64      `json:"identity_id"`
	Channel    string     `json:"channel"`
	Purpose    string     `json:"purpose"`
	Status     Status     `json:"status"`
	Kind       Kind       `json:"kind"`
	Since      *time.Time `json:"since"`
	Seq        int64      `json:"seq"`
	ValidUntil *time.Time `json:"valid_until"`
}

// Bundle is everything the ledger can show of one contact: the entries with their wordings and hashes,
// where consent stands, and the head of the chain.
type Bundle struct {
	MadeAt    time.Time  `json:"made_at"`
	Workspace int64      `json:"workspace"`
	Contact   int64      `json:"contact"`
	Brand     string     `json:"brand"`
	LegalName string     `json:"legal_name"`
	Standing  []Standing `json:"standing"`
	Entries   []Proof    `json:"entries"`
	Head      Head       `json:"head"`

	// People are the names, as they are now, of those whom entries and their evidence name: user:7. The entries
	// themselves stay as they were written.
	People map[string]string `json:"people"`
}

// Bundle collects the evidence about one contact.
func (l *Ledger) Bundle(ctx context.Context, q sqlx.QueryerContext, workspace, contactID int64) (Bundle, error) {
	k := Key{workspace, contactID}
	all, err := l.Histories(ctx, q, []Key{k})
	if err != nil {
		return Bundle{}, err
	}
	h := all[k]
	out, err := l.bundle(ctx, q, workspace, h.Entries)
	out.Contact = contactID
	for _, s := range h.Standing(l.now()) {
		out.Standing = append(out.Standing, showStanding(s))
	}
	return out, err
}

// BundleOfNumber collects what the ledger holds of a number that somebody names. Entries of whoever was erased are found
// by its keyed hash alone, so that they can be shown to a person who asks by what right they were written to.
func (l *Ledger) BundleOfNumber(ctx context.Context, q sqlx.QueryerContext, workspace int64, phone string) (Bundle, error) {
	subject := l.subject(workspace, PhoneAddress(phone))
	var rows []entryRow
	if err := sqlx.SelectContext(ctx, q, &rows, sqlSelectEntries+` WHERE e.workspace_id = $1 AND e.subject = $2`, workspace, subject); err != nil {
		return Bundle{}, fmt.Errorf("load consent entries: %w", err)
	}
	h := &History{}
	for _, r := range rows {
		e, err := r.entry()
		if err != nil {
			return Bundle{}, fmt.Errorf("read consent entry %d: %w", r.Seq, err)
		}
		h.add(e)
	}
	sortEntries(h)
	return l.bundle(ctx, q, workspace, h.Entries)
}

// bundle shows entries with their wordings, the head of the chain, and whose ledger it is.
func (l *Ledger) bundle(ctx context.Context, q sqlx.QueryerContext, workspace int64, entries []Entry) (Bundle, error) {
	out := Bundle{MadeAt: l.now().UTC(), Workspace: workspace, Standing: []Standing{}, Entries: []Proof{}}
	wordings, err := WordingsByID(ctx, q, workspace)
	if err != nil {
		return out, err
	}
	if out.Head, err = l.ExportHead(ctx, q, workspace); err != nil {
		return out, err
	}
	w, err := inbox.LoadWorkspace(ctx, q, workspace)
	if err != nil {
		return out, err
	}
	out.Brand, out.LegalName = w.BrandName(), w.LegalName
	for _, e := range entries {
		out.Entries = append(out.Entries, Show(e, wordings))
	}
	return out, out.name(ctx, q)
}

// byMembers are the keys of evidence that name a member; the others hold ids of all kinds, also of other systems.
var byMembers = []string{"member", "entered_by"}

// name finds who the members and API tokens are that entries name.
func (b *Bundle) name(ctx context.Context, q sqlx.QueryerContext) (err error) {
	var who []string
	for _, e := range b.Entries {
		who = append(who, e.Actor)
		for _, key := range byMembers {
			who = append(who, e.Evidence[key])
		}
	}
	if b.People, err = auth.NamesOfActors(ctx, q, b.Workspace, who); err != nil {
		return err
	}
	for i, e := range b.Entries {
		b.Entries[i].ActorName = b.People[e.Actor]
	}
	return nil
}

// called is how paper says who did something: by name where they have one, and as the entry holds it.
func (b Bundle) called(who string) string {
	if name := b.People[who]; name != "" {
		return name + " (" + who + ")"
	}
	return who
}

func showStanding(s State) Standing {
	v := Standing{IdentityID: s.IdentityID, Channel: s.Channel, Purpose: s.Purpose, Status: s.Status, Kind: s.Kind, Seq: s.Seq, ValidUntil: utc(s.ValidUntil)}
	if s.Seq != 0 {
		v.Since = utc(&s.Since)
	}
	return v
}

// Evidence returns the bundle of one contact as JSON.
func (l *Ledger) Evidence(ctx context.Context, q sqlx.QueryerContext, workspace, contactID int64) (json.RawMessage, error) {
	b, err := l.Bundle(ctx, q, workspace, contactID)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("encode consent evidence: %w", err)
	}
	return raw, nil
}

// Show makes the proof of an entry, with the wording it names.
func Show(e Entry, wordings map[int64]*Wording) Proof {
	v := Proof{
		Seq: e.Seq, Format: e.Format, At: e.At.UTC(), RecordedAt: e.RecordedAt.UTC(), Brand: e.Brand, LegalName: e.LegalName, Channel: e.Channel, Purpose: e.Purpose, Act: e.Act,
		Kind: e.Kind, How: e.How, Actor: e.Actor, Evidence: e.Evidence, ValidUntil: utc(e.ValidUntil),
		Subject: hex.EncodeToString(e.Subject), Commitment: hex.EncodeToString(e.Commitment),
		PrevHash: hex.EncodeToString(e.PrevHash), Hash: hex.EncodeToString(e.Hash),
	}
	if v.Evidence == nil {
		v.Evidence = Evidence{}
	}
	if e.WordingID != nil {
		v.Wording = wordings[*e.WordingID]
	}
	if e.Personal.Address == "" {
		return v
	}
	v.Personal = &e.Personal
	if z, err := time.LoadLocation(e.Personal.TimeZone); err == nil && e.Personal.TimeZone != "" {
		v.LocalTime = e.At.In(z).Format("2006-01-02 15:04:05 -0700 MST")
	}
	return v
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// WordingsByID returns every version of every wording of the workspace.
func WordingsByID(ctx context.Context, q sqlx.QueryerContext, workspace int64) (map[int64]*Wording, error) {
	var list []Wording
	if err := sqlx.SelectContext(ctx, q, &list, sqlSelectWordings+` WHERE workspace_id = $1`, workspace); err != nil {
		return nil, fmt.Errorf("load consent wordings: %w", err)
	}
	out := make(map[int64]*Wording, len(list))
	for i := range list {
		out[list[i].ID] = &list[i]
	}
	return out, nil
}
