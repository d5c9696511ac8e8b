package consent

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
)

// Status is where a consent stands.
type Status string

// The statuses. Everything but Granted stops promotional messages.
const (
	Granted   Status = "granted"
	Withdrawn Status = "withdrawn" // taken back, refused after a grant, or erased
	Refused   Status = "refused"   // asked and answered no, never granted
	Doubtful  Status = "doubt"
	Expired   Status = "expired"
	Unknown   Status = "none"
)

// State is the standing of one identity for one purpose.
type State struct {
	IdentityID int64
	Channel    string
	Purpose    string
	Status     Status
	Kind       Kind      // of the grant that decides; inferred is shown apart
	Since      time.Time // of the entry that decides
	Seq        int64     // of the entry that decides; 0 where there is none
	WordingID  *int64    // of the grant
	How        string
	ValidUntil *time.Time
}

// Live says whether the consent stands.
func (s State) Live() bool { return s.Status == Granted }

// History is everything the ledger says about one contact: its identities and the entries about any
// of their addresses, now or earlier, in order of the time at which the person acted.
type History struct {
	Brand      string
	Inferred   bool      // the owner lets inferred consent count for campaigns
	Silent     int       // months without a message after which an inferred one ends; 0: never
	LastIn     time.Time // when they last wrote, where Silent needs it
	Identities []inbox.Identity
	Entries    []Entry
	subjects   map[int64][][]byte // by identity
}

// Key names a contact.
type Key struct{ WorkspaceID, ContactID int64 }

// Histories loads the histories of many contacts with three statements.
func (l *Ledger) Histories(ctx context.Context, q sqlx.QueryerContext, keys []Key) (map[Key]*History, error) {
	out := make(map[Key]*History, len(keys))
	wanted := inbox.NewRows("bigint", "bigint")
	for _, k := range keys {
		if out[k] == nil {
			out[k] = &History{subjects: map[int64][][]byte{}}
			wanted.Add(k.WorkspaceID, k.ContactID)
		}
	}
	if wanted.Len() == 0 {
		return out, nil
	}
	owners, err := l.loadSubjects(ctx, q, out, wanted)
	if err != nil {
		return nil, err
	}
	if err := l.loadEntries(ctx, q, out, wanted, owners); err != nil {
		return nil, err
	}
	return out, loadSilence(ctx, q, out)
}

type subjectKey struct {
	workspace int64
	subject   string
}

func (l *Ledger) loadSubjects(ctx context.Context, q sqlx.QueryerContext, out map[Key]*History, wanted *inbox.Rows) (map[subjectKey][]Key, error) {
	var ids []struct {
		inbox.Identity
		Brand    string          `db:"brand"`
		Settings json.RawMessage `db:"settings"`
	}
	if err := sqlx.SelectContext(ctx, q, &ids, fmt.Sprintf(sqlSelectIdentities, wanted.SQL()), wanted.Args()...); err != nil {
		return nil, fmt.Errorf("load the identities of a consent: %w", err)
	}
	owners := map[subjectKey][]Key{}
	rules := map[int64]Rules{}
	for _, i := range ids {
		if _, known := rules[i.WorkspaceID]; !known {
			rules[i.WorkspaceID] = rulesOrStrict(i.Settings)
		}
		k := Key{i.WorkspaceID, i.ContactID}
		h := out[k]
		h.Brand, h.Inferred, h.Silent = i.Brand, rules[i.WorkspaceID].Inferred, rules[i.WorkspaceID].SilentMonths
		h.Identities = append(h.Identities, i.Identity)
		for _, a := range Addresses(i.Identity) {
			s := l.subject(i.WorkspaceID, a)
			h.subjects[i.ID] = append(h.subjects[i.ID], s)
			sk := subjectKey{i.WorkspaceID, string(s)}
			if !slices.Contains(owners[sk], k) {
				owners[sk] = append(owners[sk], k)
			}
		}
	}
	return owners, nil
}

// Identities that the network replaced count as well: a withdrawal under the old id still holds.
const sqlSelectIdentities = `
SELECT i.workspace_id, i.id, i.contact_id, i.channel, i.scope, i.external_id, i.phone, i.username, i.name,
       CASE WHEN w.brand <> '' THEN w.brand ELSE w.name END AS brand,
       jsonb_build_object('consent', w.settings -> 'consent') AS settings
FROM identities i
JOIN workspaces w ON w.id = i.workspace_id
JOIN (%s) AS k (workspace_id, contact_id) ON i.workspace_id = k.workspace_id AND i.contact_id = k.contact_id
ORDER BY i.id`

func (l *Ledger) loadEntries(ctx context.Context, q sqlx.QueryerContext, out map[Key]*History, wanted *inbox.Rows, owners map[subjectKey][]Key) error {
	subjects := inbox.NewRows("bigint", "bytea")
	for sk := range owners {
		subjects.Add(sk.workspace, []byte(sk.subject))
	}
	var rows []entryRow
	if subjects.Len() > 0 {
		stmt := sqlSelectEntries + ` JOIN (` + subjects.SQL() + `) AS k (workspace_id, subject) ON e.workspace_id = k.workspace_id AND e.subject = k.subject`
		if err := sqlx.SelectContext(ctx, q, &rows, stmt, subjects.Args()...); err != nil {
			return fmt.Errorf("load consent entries: %w", err)
		}
	}
	// Entries written about this contact through an address that has moved elsewhere since.
	var moved []entryRow
	stmt := sqlSelectEntries + ` JOIN (` + wanted.SQL() + `) AS k (workspace_id, contact_id) ON p.workspace_id = k.workspace_id AND p.contact_id = k.contact_id`
	if err := sqlx.SelectContext(ctx, q, &moved, stmt, wanted.Args()...); err != nil {
		return fmt.Errorf("load consent entries: %w", err)
	}
	for _, r := range append(rows, moved...) {
		e, err := r.entry()
		if err != nil {
			return fmt.Errorf("read consent entry %d: %w", r.Seq, err)
		}
		to := owners[subjectKey{r.WorkspaceID, string(r.Subject)}]
		if k := (Key{r.WorkspaceID, e.Personal.ContactID}); out[k] != nil && !slices.Contains(to, k) {
			to = append(slices.Clone(to), k)
		}
		for _, k := range to {
			out[k].add(e)
		}
	}
	for _, h := range out {
		sortEntries(h)
	}
	return nil
}

func sortEntries(h *History) { slices.SortFunc(h.Entries, byTime) }

func (h *History) add(e Entry) {
	for _, have := range h.Entries {
		if have.Seq == e.Seq {
			return
		}
	}
	h.Entries = append(h.Entries, e)
}

// byTime orders by the instant of the act. Networks tell it in whole seconds: at the same instant an
// act that stops comes last, so that it wins.
// Among acts of one kind the one recorded first comes first.
func byTime(a, b Entry) int {
	if c := a.At.Compare(b.At); c != 0 {
		return c
	}
	if sa, sb := a.stops(), b.stops(); sa != sb {
		if sa {
			return 1
		}
		return -1
	}
	return int(a.Seq - b.Seq)
}

func (e Entry) stops() bool {
	switch e.Act {
	case Withdraw, Refuse, Expire, Doubt:
		return true
	}
	return false
}

// State computes where the purpose stands for one identity at an instant. A grant counts only for the
// address, brand and channel it was given for; whatever stops counts for the whole person. It fails
// closed: an act that stops counts even when the network dates it in the future.
func (h *History) State(identityID int64, channel, purpose string, at time.Time) State {
	s := State{IdentityID: identityID, Channel: channel, Purpose: purpose, Status: Unknown}
	var grant, imported, doubt *Entry
	ended := func(e *Entry, status Status) {
		if e.Act == Refuse && grant == nil && s.Status != Withdrawn {
			status = Refused
		}
		grant, imported, doubt = nil, nil, nil
		s.decide(e, status)
	}
	for i := range h.Entries {
		e := &h.Entries[i]
		if e.stops() && e.concerns(purpose) {
			switch e.Act {
			case Expire:
				if e.How == howSilence && (grant == nil || grant.Kind != Inferred) {
					continue // it ends what was inferred, nothing that was said
				}
				ended(e, Expired)
			case Doubt:
				doubt = e
			default:
				ended(e, Withdrawn)
			}
			continue
		}
		if e.At.After(at) || !h.covers(e, identityID, channel, purpose) {
			continue
		}
		switch e.Act {
		case Grant:
			grant, doubt = e, nil
		case Import:
			imported = e
		case Confirm:
			if imported != nil {
				grant, imported = e, nil
			}
			doubt = nil
		}
	}
	return s.settle(grant, doubt, h.until(grant), at)
}

func (s State) settle(grant, doubt *Entry, until *time.Time, at time.Time) State {
	switch {
	case grant == nil && doubt != nil:
		if s.Status == Unknown {
			s.decide(doubt, Doubtful)
		}
	case grant == nil:
	case doubt != nil:
		s.decide(doubt, Doubtful)
	case until != nil && !until.After(at):
		s.decide(grant, Expired)
		s.Since = *until
	default:
		s.decide(grant, Granted)
	}
	if grant != nil {
		s.Kind = grant.Kind
		s.WordingID, s.ValidUntil = grant.WordingID, until
	}
	return s
}

func (s *State) decide(e *Entry, status Status) {
	s.Status, s.Since, s.Seq, s.How = status, e.At, e.Seq, e.How
}

func (e Entry) concerns(purpose string) bool { return e.Purpose == purpose || e.Purpose == All }

// covers says whether an entry that allows is about exactly this identity, channel, purpose and brand,
// and rests on more than inference, unless the owner has switched inferred consent on.
func (h *History) covers(e *Entry, identityID int64, channel, purpose string) bool {
	if e.Purpose != purpose || e.Kind != Express && (e.Kind != Inferred || !h.Inferred) {
		return false
	}
	if e.Channel != channel && e.Channel != All {
		return false
	}
	if !strings.EqualFold(strings.Join(strings.Fields(e.Brand), " "), strings.Join(strings.Fields(h.Brand), " ")) {
		return false
	}
	return slices.ContainsFunc(h.subjects[identityID], func(s []byte) bool { return bytes.Equal(s, e.Subject) })
}

// Standing returns where each identity of the contact stands for promotional messages on its channel.
func (h *History) Standing(at time.Time) []State {
	var out []State
	for _, i := range h.Identities {
		if i.Channel != "facebook" { // the public side: nothing private goes there
			out = append(out, h.State(i.ID, i.Channel, Promotional, at))
		}
	}
	return out
}

// Standing returns where each identity of a contact stands for promotional messages.
func (l *Ledger) Standing(ctx context.Context, q sqlx.QueryerContext, workspace, contactID int64) ([]State, error) {
	all, err := l.Histories(ctx, q, []Key{{workspace, contactID}})
	if err != nil {
		return nil, err
	}
	return all[Key{workspace, contactID}].Standing(l.now()), nil
}

// Live returns whether a consent of that purpose stands for the identity on the channel at the
// instant. The caller holds the lock on the contact, so that no withdrawal slips in behind it.
func (l *Ledger) Live(ctx context.Context, tx sqlx.QueryerContext, workspace, contactID, identityID int64, channel, purpose string, at time.Time) (State, error) {
	k := Key{workspace, contactID}
	all, err := l.Histories(ctx, tx, []Key{k})
	if err != nil {
		return State{}, err
	}
	return all[k].State(identityID, channel, purpose, at), nil
}

type entryRow struct {
	WorkspaceID int64      `db:"workspace_id"`
	Seq         int64      `db:"seq"`
	At          time.Time  `db:"at"`
	RecordedAt  time.Time  `db:"recorded_at"`
	Subject     []byte     `db:"subject"`
	Brand       string     `db:"brand"`
	Channel     string     `db:"channel"`
	Purpose     string     `db:"purpose"`
	Act         string     `db:"act"`
	Kind        string     `db:"kind"`
	WordingID   *int64     `db:"wording_id"`
	How         string     `db:"how"`
	Evidence    []byte     `db:"evidence"`
	ValidUntil  *time.Time `db:"valid_until"`
	Actor       string     `db:"actor"`
	Commitment  []byte     `db:"commitment"`
	PrevHash    []byte     `db:"prev_hash"`
	Hash        []byte     `db:"hash"`
	Format      int        `db:"format"`
	LegalName   string     `db:"legal_name"`
	ContactID   *int64     `db:"contact_id"`
	Salt        []byte     `db:"salt"`
	Personal    []byte     `db:"personal"`
}

const sqlSelectEntries = `
SELECT e.workspace_id, e.seq, e.at, e.recorded_at, e.subject, e.brand, e.channel, e.purpose, e.act, e.kind, e.wording_id,
       e.how, e.evidence, e.valid_until, e.actor, e.commitment, e.prev_hash, e.hash, e.format, e.legal_name, p.contact_id, p.salt, p.personal
FROM consent_entries e LEFT JOIN consent_personal p ON p.workspace_id = e.workspace_id AND p.seq = e.seq`

func (r entryRow) entry() (Entry, error) {
	e := Entry{
		WorkspaceID: r.WorkspaceID, Seq: r.Seq, At: r.At, RecordedAt: r.RecordedAt, Subject: r.Subject, Brand: r.Brand,
		Channel: r.Channel, Purpose: r.Purpose, Act: Act(r.Act), Kind: Kind(r.Kind), WordingID: r.WordingID, How: r.How,
		ValidUntil: r.ValidUntil, Actor: r.Actor, Commitment: r.Commitment, PrevHash: r.PrevHash, Hash: r.Hash,
		Format: r.Format, LegalName: r.LegalName,
	}
	if err := json.Unmarshal(r.Evidence, &e.Evidence); err != nil {
		return e, fmt.Errorf("its evidence is not a list of ids: %w", err)
	}
	if r.Personal != nil {
		if err := json.Unmarshal(r.Personal, &e.Personal); err != nil {
			return e, fmt.Errorf("its personal values are damaged: %w", err)
		}
	}
	if r.ContactID != nil {
		e.Personal.ContactID = *r.ContactID
	}
	return e, nil
}
