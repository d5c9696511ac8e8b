package consent

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
)

const howErasure = "erasure"

// Erase deletes the personal values of a contact's entries and keeps the proof: what was agreed or
// withdrawn, when, under which wording, and a keyed hash of the address. The erasure itself ends every
// consent, so that the same address imported again is not written to. It must run while the contact's
// identities still stand.
func (l *Ledger) Erase(ctx context.Context, tx sqlx.ExtContext, workspace, contactID int64) error {
	k := Key{workspace, contactID}
	all, err := l.Histories(ctx, tx, []Key{k})
	if err != nil {
		return err
	}
	h := all[k]
	var entries []Entry
	for _, a := range h.addresses(contactID) {
		entries = append(entries, Entry{
			WorkspaceID: workspace, At: l.now(), Brand: h.Brand, Channel: All, Purpose: All, Act: Withdraw, Kind: None,
			How: howErasure, Actor: "system", Personal: Personal{Address: a},
		})
	}
	if err := l.Append(ctx, tx, entries); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, sqlErasePersonal, workspace, contactID); err != nil {
		return fmt.Errorf("erase the personal values of consent: %w", err)
	}
	return nil
}

// addresses lists all that the contact was ever known by, also through identities that moved away.
func (h *History) addresses(contactID int64) []string {
	var out []string
	for _, i := range h.Identities {
		out = append(out, Addresses(i)...)
	}
	for _, e := range h.Entries {
		if e.Personal.ContactID == contactID && e.Personal.Address != "" {
			out = append(out, e.Personal.Address)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

const sqlErasePersonal = `DELETE FROM consent_personal WHERE workspace_id = $1 AND contact_id = $2`

// evidenceEntry is one entry as it is shown to a regulator or to the person.
type evidenceEntry struct {
	Seq        int64      `json:"seq"`
	At         time.Time  `json:"at"`
	RecordedAt time.Time  `json:"recorded_at"`
	Brand      string     `json:"brand"`
	Channel    string     `json:"channel"`
	Purpose    string     `json:"purpose"`
	Act        Act        `json:"act"`
	Kind       Kind       `json:"kind"`
	How        string     `json:"how"`
	Actor      string     `json:"actor"`
	Evidence   Evidence   `json:"evidence,omitempty"`
	ValidUntil *time.Time `json:"valid_until,omitempty"`
	Wording    *Wording   `json:"wording,omitempty"`
	Personal   *Personal  `json:"personal,omitempty"` // absent: erased
	Subject    string     `json:"subject"`
	Commitment string     `json:"commitment"`
	PrevHash   string     `json:"prev_hash"`
	Hash       string     `json:"hash"`
}

type evidenceState struct {
	IdentityID int64     `json:"identity_id"`
	Channel    string    `json:"channel"`
	Purpose    string    `json:"purpose"`
	Status     Status    `json:"status"`
	Since      time.Time `json:"since"`
	Seq        int64     `json:"seq"`
}

// Evidence returns everything the ledger can show of one contact, as JSON: the entries with their
// wordings and hashes, where consent stands now, and the head of the chain.
func (l *Ledger) Evidence(ctx context.Context, q sqlx.QueryerContext, workspace, contactID int64) (json.RawMessage, error) {
	k := Key{workspace, contactID}
	all, err := l.Histories(ctx, q, []Key{k})
	if err != nil {
		return nil, err
	}
	h := all[k]
	wordings, err := wordingsByID(ctx, q, workspace)
	if err != nil {
		return nil, err
	}
	head, err := l.ExportHead(ctx, q, workspace)
	if err != nil {
		return nil, err
	}
	out := struct {
		Made      time.Time       `json:"made_at"`
		Workspace int64           `json:"workspace"`
		Contact   int64           `json:"contact"`
		Standing  []evidenceState `json:"standing"`
		Entries   []evidenceEntry `json:"entries"`
		Head      Head            `json:"head"`
	}{Made: l.now().UTC(), Workspace: workspace, Contact: contactID, Standing: []evidenceState{}, Entries: []evidenceEntry{}, Head: head}
	for _, s := range h.Standing(l.now()) {
		out.Standing = append(out.Standing, evidenceState{s.IdentityID, s.Channel, s.Purpose, s.Status, s.Since, s.Seq})
	}
	for _, e := range h.Entries {
		out.Entries = append(out.Entries, shown(e, wordings))
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("encode consent evidence: %w", err)
	}
	return b, nil
}

func shown(e Entry, wordings map[int64]*Wording) evidenceEntry {
	v := evidenceEntry{
		Seq: e.Seq, At: e.At.UTC(), RecordedAt: e.RecordedAt.UTC(), Brand: e.Brand, Channel: e.Channel, Purpose: e.Purpose, Act: e.Act,
		Kind: e.Kind, How: e.How, Actor: e.Actor, Evidence: e.Evidence, ValidUntil: e.ValidUntil,
		Subject: hex.EncodeToString(e.Subject), Commitment: hex.EncodeToString(e.Commitment),
		PrevHash: hex.EncodeToString(e.PrevHash), Hash: hex.EncodeToString(e.Hash),
	}
	if e.WordingID != nil {
		v.Wording = wordings[*e.WordingID]
	}
	if e.Personal.Address != "" {
		v.Personal = &e.Personal
	}
	return v
}

func wordingsByID(ctx context.Context, q sqlx.QueryerContext, workspace int64) (map[int64]*Wording, error) {
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
