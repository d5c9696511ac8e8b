package consent

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
)

// Clerk does what the ledger needs done by the clock: imports row by row, alarms of the compliance queue,
// opt-ins that nobody confirmed, numbers and Pages that people were told to answer and that stopped working,
// and values whose time of keeping is over.
type Clerk struct {
	DB     *sqlx.DB
	Ledger *Ledger
	Log    *slog.Logger
	// Business counts business days on a workspace's own calendar.
	Business BusinessDays
}

// Run works until the context ends. Several replicas may run it: rows are taken under lock.
func (c *Clerk) Run(ctx context.Context) error {
	imports, alarms, tidy := time.NewTicker(2*time.Second), time.NewTicker(30*time.Second), time.NewTicker(10*time.Minute)
	defer imports.Stop()
	defer alarms.Stop()
	defer tidy.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-imports.C:
			c.run(ctx, "import", func() error {
				for {
					if more, err := c.Ledger.StepImport(ctx, c.DB); err != nil || !more {
						return err
					}
				}
			})
		case <-alarms.C:
			c.run(ctx, "silence", func() error { return c.Ledger.EndBySilence(ctx, c.DB) })
			c.run(ctx, "alarm", func() error {
				n, err := c.Ledger.Alarm(ctx, c.DB)
				if n > 0 {
					c.Log.Warn("consent: compliance items are due", "count", n)
				}
				return err
			})
		case <-tidy.C:
			c.run(ctx, "tidy", func() error { return c.Ledger.Tidy(ctx, c.DB) })
			c.run(ctx, "reach", func() error { return c.Ledger.WatchReach(ctx, c.DB, c.Business) })
		}
	}
}

func (c *Clerk) run(ctx context.Context, what string, do func() error) {
	if err := do(); err != nil && ctx.Err() == nil {
		c.Log.Error("consent: work by the clock failed; it is tried again", "what", what, "error", err)
	}
}

// Tidy ends what waited too long and forgets what need not be kept.
func (l *Ledger) Tidy(ctx context.Context, db *sqlx.DB) error {
	now := l.now()
	for what, stmt := range map[string]string{
		"end opt-ins that nobody confirmed":      `UPDATE opt_ins SET state = 'expired', ended_at = $1::timestamptz, reason = 'nobody confirmed it in time', personal = '{}' WHERE state = 'waiting' AND expires_at <= $1::timestamptz`,
		"forget ticks that gave their places up": `DELETE FROM opt_ins WHERE state = 'cancelled' AND reason = '` + crowdedOut + `' AND ended_at < $1::timestamptz - interval '2 days'`,
		"forget attempts":                        `DELETE FROM opt_in_attempts WHERE at < $1::timestamptz - interval '2 days'`,
		"forget rows of imports": `UPDATE consent_import_rows r SET "values" = '{}' FROM consent_imports i
WHERE i.workspace_id = r.workspace_id AND i.id = r.import_id AND i.ended_at < $1::timestamptz - interval '30 days' AND r."values" <> '{}'`,
		"forget imports that nobody confirmed": `UPDATE consent_imports SET state = 'cancelled', ended_at = $1::timestamptz WHERE state = 'checked' AND created_at < $1::timestamptz - interval '30 days'`,
	} {
		if _, err := db.ExecContext(ctx, stmt, now); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return l.retire(ctx, db, now)
}

// retire erases the values beside entries of people whose consent ended longer ago than the workspace
// keeps them. The entries and their keyed hashes stay: a withdrawn address is recognised for ever.
func (l *Ledger) retire(ctx context.Context, db *sqlx.DB, now time.Time) error {
	var spaces []workspaceFacts
	if err := db.SelectContext(ctx, &spaces, `SELECT id, legal_name, time_zone, settings FROM workspaces ORDER BY id`); err != nil {
		return fmt.Errorf("list workspaces: %w", err)
	}
	for _, w := range spaces {
		years := max(rulesOrStrict(w.Settings).RetentionYears, RetentionFloor)
		before := now.AddDate(-years, 0, 0)
		err := eachContact(ctx, db, sqlOldContacts, w.ID, before, func(contact int64) error { return l.retireContact(ctx, db, Key{w.ID, contact}, before) })
		if err != nil {
			return fmt.Errorf("let consents go whose time is over: %w", err)
		}
	}
	return nil
}

// contactPage is how many people are looked at with one statement.
const contactPage = 500

// eachContact goes through all people a statement finds, page by page: of many nothing follows, as of those whose
// consent still lives, and they stay where they are found; stopping behind the first page would leave all others
// for ever.
func eachContact(ctx context.Context, db *sqlx.DB, stmt string, workspace int64, before time.Time, do func(contact int64) error) error {
	for after := int64(0); ; {
		var page []int64
		if err := db.SelectContext(ctx, &page, stmt, workspace, before, after, contactPage); err != nil {
			return err
		}
		for _, contact := range page {
			if err := do(contact); err != nil {
				return err
			}
			after = contact
		}
		if len(page) < contactPage {
			return ctx.Err()
		}
	}
}

// Only people of whom nothing was entered since; whether a consent still lives is asked of the ledger.
const sqlOldContacts = `
SELECT p.contact_id FROM consent_personal p JOIN consent_entries e ON e.workspace_id = p.workspace_id AND e.seq = p.seq
WHERE p.workspace_id = $1 AND p.contact_id > $3 GROUP BY p.contact_id HAVING max(greatest(e.at, e.recorded_at)) < $2 ORDER BY 1 LIMIT $4`

func (l *Ledger) retireContact(ctx context.Context, db *sqlx.DB, k Key, before time.Time) error {
	return inbox.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `SELECT 1 FROM contacts WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE`, k.WorkspaceID, k.ContactID); err != nil {
			return fmt.Errorf("lock contact %d: %w", k.ContactID, err)
		}
		if kept, err := l.stillProves(ctx, tx, k, before); err != nil || kept {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM consent_personal WHERE workspace_id = $1 AND contact_id = $2`, k.WorkspaceID, k.ContactID); err != nil {
			return fmt.Errorf("erase values whose time of keeping is over: %w", err)
		}
		return nil
	})
}

// stillProves says whether a consent that the values of a contact prove lives, or ended after that instant. Values stay
// with the contact they were written for, whose identities may be another's since: it is asked of the addresses.
func (l *Ledger) stillProves(ctx context.Context, q sqlx.QueryerContext, k Key, before time.Time) (bool, error) {
	all, err := l.Histories(ctx, q, []Key{k})
	if err != nil {
		return false, err
	}
	h := all[k]
	w, err := inbox.LoadWorkspace(ctx, q, k.WorkspaceID)
	if err != nil {
		return false, err
	}
	h.Brand, h.Inferred, h.Silent = w.BrandName(), rulesOrStrict(w.Settings).Inferred, 0 // when somebody elsewhere last wrote is not known here; the date it was given ends it
	const address = 0
	subjects, channels := inbox.NewRows("bigint", "bytea"), map[string]bool{"whatsapp": true}
	for _, e := range h.Entries {
		subjects.Add(k.WorkspaceID, e.Subject)
		h.subjects[address] = append(h.subjects[address], e.Subject)
		if e.Channel != All {
			channels[e.Channel] = true
		}
	}
	if subjects.Len() == 0 {
		return false, nil
	}
	var rows []entryRow
	if err := sqlx.SelectContext(ctx, q, &rows, sqlSelectEntries+` JOIN (SELECT DISTINCT * FROM (`+subjects.SQL()+`) AS s (workspace_id, subject)) AS k ON e.workspace_id = k.workspace_id AND e.subject = k.subject`, subjects.Args()...); err != nil {
		return false, fmt.Errorf("load consent entries: %w", err)
	}
	for _, r := range rows {
		e, err := r.entry()
		if err != nil {
			return false, fmt.Errorf("read consent entry %d: %w", r.Seq, err)
		}
		h.add(e)
	}
	sortEntries(h)
	for channel := range channels {
		for _, purpose := range []string{Promotional, Service, Research, Profiling} {
			s := h.State(address, channel, purpose, l.now())
			if s.Live() || s.ValidUntil != nil && s.ValidUntil.After(before) || s.Seq != 0 && s.Since.After(before) {
				return true, nil
			}
		}
	}
	return false, nil
}
