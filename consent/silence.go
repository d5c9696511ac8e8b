package consent

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
)

// howSilence marks the end of an inferred consent because nothing was heard for too long.
const howSilence = "silence"

// until is when a grant ends: at the date it was given, or for what was only inferred, when the person has not
// written for as long as the owner allows, whichever is first.
func (h *History) until(grant *Entry) *time.Time {
	if grant == nil || grant.Kind != Inferred || h.Silent == 0 {
		if grant == nil {
			return nil
		}
		return grant.ValidUntil
	}
	last := grant.At
	if h.LastIn.After(last) {
		last = h.LastIn
	}
	end := last.AddDate(0, h.Silent, 0)
	if grant.ValidUntil != nil && grant.ValidUntil.Before(end) {
		return grant.ValidUntil
	}
	return &end
}

// Lapsed returns the entries by which inferred consents end that silence has ended by that instant. Until they
// are written a later message would seem to prolong what is over.
func (h *History) Lapsed(k Key, at time.Time) []Entry {
	if h.Silent == 0 || h.LastIn.After(at) {
		return nil
	}
	var out []Entry
	for _, i := range h.Identities {
		s := h.State(i.ID, i.Channel, Promotional, at)
		if s.Status != Expired || s.Kind != Inferred || s.ValidUntil == nil || AddressOf(i) == "" {
			continue
		}
		out = append(out, Entry{WorkspaceID: k.WorkspaceID, At: *s.ValidUntil, Brand: h.Brand, Channel: i.Channel, Purpose: Promotional, Act: Expire, Kind: None,
			How: howSilence, Actor: "system", Evidence: Evidence{"entry": fmt.Sprint(s.Seq)}, Personal: Personal{ContactID: k.ContactID, IdentityID: i.ID, Address: AddressOf(i), Name: i.Name}})
	}
	return out
}

// Lapse is Lapsed for whoever writes at that instant: the history knows of both from here on.
func (h *History) Lapse(k Key, at time.Time) []Entry {
	out := h.Lapsed(k, at)
	h.Entries = append(h.Entries, out...)
	sortEntries(h)
	if at.After(h.LastIn) {
		h.LastIn = at
	}
	return out
}

// loadSilence reads when people last wrote, of those whose inferred consent may end by silence. Where no owner
// has set that, nothing is read.
func loadSilence(ctx context.Context, q sqlx.QueryerContext, all map[Key]*History) error {
	wanted := inbox.NewRows("bigint", "bigint")
	for k, h := range all {
		if h.Silent == 0 || !h.Inferred {
			continue
		}
		for _, e := range h.Entries {
			if e.Kind == Inferred {
				wanted.Add(k.WorkspaceID, k.ContactID)
				break
			}
		}
	}
	if wanted.Len() == 0 {
		return nil
	}
	var rows []struct {
		WorkspaceID int64     `db:"workspace_id"`
		ContactID   int64     `db:"contact_id"`
		LastIn      time.Time `db:"last_in"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, fmt.Sprintf(sqlLastWrote, wanted.SQL()), wanted.Args()...); err != nil {
		return fmt.Errorf("look when people last wrote: %w", err)
	}
	for _, r := range rows {
		all[Key{r.WorkspaceID, r.ContactID}].LastIn = r.LastIn
	}
	return nil
}

const sqlLastWrote = `
SELECT t.workspace_id, t.contact_id, max(t.last_in_at) AS last_in FROM threads t
JOIN (%s) AS k (workspace_id, contact_id) ON t.contact_id = k.contact_id AND t.workspace_id = k.workspace_id
WHERE t.last_in_at IS NOT NULL GROUP BY t.workspace_id, t.contact_id`

// EndBySilence enters the end of inferred consents of people who have not written for as long as their
// workspace allows. The gate sees the end by itself; the entry keeps it so.
func (l *Ledger) EndBySilence(ctx context.Context, db *sqlx.DB) error {
	var spaces []workspaceFacts
	if err := db.SelectContext(ctx, &spaces, `SELECT id, legal_name, time_zone, settings FROM workspaces WHERE settings->'consent' ? 'inferred_silent_months' ORDER BY id`); err != nil {
		return fmt.Errorf("list workspaces: %w", err)
	}
	for _, w := range spaces {
		months := rulesOrStrict(w.Settings).SilentMonths
		if months == 0 {
			continue
		}
		err := eachContact(ctx, db, sqlSilentContacts, w.ID, l.now().AddDate(0, -months, 0), func(contact int64) error {
			return inbox.InTx(ctx, db, func(tx *sqlx.Tx) error { return l.lapse(ctx, tx, Key{w.ID, contact}) })
		})
		if err != nil {
			return fmt.Errorf("end the consents of people who have not written for long: %w", err)
		}
	}
	return nil
}

func (l *Ledger) lapse(ctx context.Context, tx *sqlx.Tx, k Key) error {
	if _, err := tx.ExecContext(ctx, `SELECT 1 FROM contacts WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE`, k.WorkspaceID, k.ContactID); err != nil {
		return fmt.Errorf("lock contact %d: %w", k.ContactID, err)
	}
	all, err := l.Histories(ctx, tx, []Key{k})
	if err != nil {
		return err
	}
	ends := all[k].Lapsed(k, l.now())
	if err := l.Append(ctx, tx, ends); err != nil || len(ends) == 0 {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: k.WorkspaceID, Topic: "contact", ObjectID: k.ContactID})
}

// Months are added in SQL and in Go alike; a day's difference at a month's end only means a later look.
const sqlSilentContacts = `
SELECT DISTINCT p.contact_id FROM consent_entries e JOIN consent_personal p ON p.workspace_id = e.workspace_id AND p.seq = e.seq
WHERE e.workspace_id = $1 AND e.kind = 'inferred' AND e.act IN ('grant','confirm') AND e.purpose = 'promotional' AND e.at <= $2 AND p.contact_id > $3
  AND NOT EXISTS (SELECT 1 FROM threads t WHERE t.contact_id = p.contact_id AND t.workspace_id = $1 AND t.last_in_at > $2)
  AND NOT EXISTS (SELECT 1 FROM consent_entries x WHERE x.workspace_id = $1 AND x.subject = e.subject AND x.act = 'expire' AND x.how = 'silence' AND x.at >= e.at)
ORDER BY 1 LIMIT $4`
