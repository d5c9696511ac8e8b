package consent

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
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
	if h.Brand == "" { // of somebody who has a consent and no identity, as a lead has before their number is met
		w, err := inbox.LoadWorkspace(ctx, tx, workspace)
		if err != nil {
			return err
		}
		h.Brand = w.BrandName()
	}
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

// An entry may have been written while its identity belonged to another contact.
const sqlErasePersonal = `
DELETE FROM consent_personal p WHERE p.workspace_id = $1 AND (p.contact_id = $2
   OR (p.personal ->> 'identity_id')::bigint IN (SELECT id FROM identities WHERE workspace_id = $1 AND contact_id = $2))`

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
	return slices.DeleteFunc(slices.Compact(out), func(a string) bool { return KnownBy(a) == inbox.KnownAs{} }) // erased before
}
