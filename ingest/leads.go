package ingest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/inbox"
)

// leadSubmitted keeps that a form was sent in; the webhook names the lead alone, so its answers are read
// beside the lanes.
func (s *scene) leadSubmitted(e *event) string {
	s.w.leads = append(s.w.leads, e)
	return "a lead form was submitted: its answers are being read, and kept with the person"
}

func (s *scene) writeLeads(ctx context.Context, tx *sqlx.Tx) error {
	rows := inbox.NewRows("bigint", "bigint", "text", "text", "text", "timestamptz")
	for _, e := range s.w.leads {
		var form, ad string
		if e.Lead != nil {
			form, ad = e.Lead.FormID, e.Lead.AdID
		}
		rows.Add(e.WorkspaceID, e.AccountID, e.Event.ID, form, ad, e.Event.Time)
	}
	if rows.Len() == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, sqlWantLeads+rows.SQL()+` ON CONFLICT DO NOTHING`, rows.Args()...); err != nil {
		return fmt.Errorf("note leads to read: %w", err)
	}
	return nil
}

const sqlWantLeads = `INSERT INTO leads (workspace_id, account_id, external_id, form_id, ad_id, submitted_at) `

type wantedLead struct {
	WorkspaceID int64  `db:"workspace_id"`
	ID          int64  `db:"id"`
	AccountID   int64  `db:"account_id"`
	ExternalID  string `db:"external_id"`
	FormID      string `db:"form_id"`
	Attempts    int    `db:"attempts"`

	SubmittedAt time.Time `db:"submitted_at"`
}

// leadPatience is how long a lead is asked for: Meta keeps one for about ninety days, so that an outage, a limit
// or a token that has run out loses nobody.
const leadPatience = 85 * 24 * time.Hour

// leads reads the answers of lead forms, a few at a time.
func (f *Fetcher) leads(ctx context.Context) (int, error) {
	var list []wantedLead
	if err := f.DB.SelectContext(ctx, &list, sqlWantedLeads); err != nil {
		return 0, fmt.Errorf("find leads to read: %w", err)
	}
	var failed []error // one that cannot be read does not keep the others waiting
	for _, l := range list {
		if err := f.lead(ctx, l); err != nil {
			failed = append(failed, err)
		}
	}
	return len(list), errors.Join(failed...)
}

// The row is put off before it is read, so that two replicas do not read it at once.
const sqlWantedLeads = `
UPDATE leads l SET attempts = l.attempts + 1, fetch_after = now() + make_interval(mins => least(60, 1 + 5 * l.attempts))
FROM (SELECT w.workspace_id, w.id FROM leads w JOIN accounts a ON a.workspace_id = w.workspace_id AND a.id = w.account_id
      WHERE w.state = 'wanted' AND w.fetch_after <= now() AND a.removed_at IS NULL AND a.state = 'connected'
      ORDER BY w.fetch_after LIMIT 10 FOR UPDATE OF w SKIP LOCKED) d
WHERE l.workspace_id = d.workspace_id AND l.id = d.id
RETURNING l.workspace_id, l.id, l.account_id, l.external_id, l.form_id, l.attempts, l.submitted_at`

func (f *Fetcher) lead(ctx context.Context, l wantedLead) error {
	account, err := f.Open(ctx, l.WorkspaceID, l.AccountID)
	if err != nil {
		return err
	}
	read, err := f.Network.ReadLead(ctx, account, l.ExternalID)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		return f.keepLead(ctx, l, read)
	}
	var failure *channels.Failure
	errors.As(err, &failure)
	if failure != nil && passes(failure) && f.Now().Before(l.SubmittedAt.Add(leadPatience)) {
		_, err = f.DB.ExecContext(ctx, `UPDATE leads SET reason = $3, fetch_after = greatest(fetch_after, $4) WHERE workspace_id = $1 AND id = $2 AND state = 'wanted'`,
			l.WorkspaceID, l.ID, failure.Meaning, f.Now().Add(failure.After))
		return err
	}
	_, err = f.DB.ExecContext(ctx, `UPDATE leads SET state = 'failed', reason = $3, task = 'open' WHERE workspace_id = $1 AND id = $2 AND state = 'wanted'`,
		l.WorkspaceID, l.ID, "its answers could not be read: "+publicFailure(err))
	return err
}

// passes says whether what failed may succeed later: also once somebody has connected the account again, or has
// put right at Meta what concerns the account as a whole.
func passes(f *channels.Failure) bool {
	switch f.Class {
	case channels.Retry, channels.Wait, channels.Unknown, channels.Reauthorise:
		return true
	case channels.AskPerson:
		return f.Scope == channels.ScopeAccount || f.Scope == channels.ScopeApp
	}
	return false
}

// keepLead writes the answers to the person whose number they name, or to a new one. A number typed into a
// form proves nothing: no identity is made of it. What follows is told by the form's own row; followLead.
func (f *Fetcher) keepLead(ctx context.Context, l wantedLead, read channels.LeadFields) error {
	answers, err := json.Marshal(read.Fields)
	if err != nil {
		return fmt.Errorf("encode the answers of lead %d: %w", l.ID, err)
	}
	boxes, err := json.Marshal(read.Checkboxes)
	if err != nil {
		return fmt.Errorf("encode the boxes of lead %d: %w", l.ID, err)
	}
	tx, err := f.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	var wanted bool // another replica may have read it while this one did
	if err := tx.GetContext(ctx, &wanted, `SELECT state = 'wanted' FROM leads WHERE workspace_id = $1 AND id = $2 FOR UPDATE`, l.WorkspaceID, l.ID); err != nil || !wanted {
		return err
	}
	form, err := loadLeadForm(ctx, tx, l, read)
	if err != nil {
		return err
	}
	reason := "kept with the person who has the number that the form names"
	contact, err := contactByPhone(ctx, tx, l.WorkspaceID, form.number(read))
	if err == nil && contact == 0 {
		reason = "kept with a new person: nobody is known by the number that the form names"
		err = tx.GetContext(ctx, &contact, `INSERT INTO contacts (workspace_id, name) VALUES ($1, $2) RETURNING id`, l.WorkspaceID, leadName(read))
	}
	if err != nil {
		return fmt.Errorf("find the person of lead %d: %w", l.ID, err)
	}
	follow, err := f.followLead(ctx, tx, l, form, read, contact)
	if err != nil {
		return err
	}
	reason += follow.said
	if _, err := tx.ExecContext(ctx, sqlKeepLead, l.WorkspaceID, l.ID, contact, string(answers), string(boxes), read.FormID, read.AdID, reason, follow.task); err != nil {
		return fmt.Errorf("keep lead %d: %w", l.ID, err)
	}
	if err := inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: l.WorkspaceID, Topic: "contact", ObjectID: contact}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("keep lead %d: %w", l.ID, err)
	}
	return nil
}

const sqlKeepLead = `
UPDATE leads SET state = 'kept', contact_id = $3, answers = $4, boxes = $5, form_id = CASE WHEN $6 <> '' THEN $6 ELSE form_id END,
    ad_id = CASE WHEN $7 <> '' THEN $7 ELSE ad_id END, reason = $8, task = $9
WHERE workspace_id = $1 AND id = $2`

// contactByPhone locks and returns the person with a WhatsApp number, or 0.
func contactByPhone(ctx context.Context, tx *sqlx.Tx, workspace int64, phone string) (int64, error) {
	digits := inbox.Digits(phone)
	if len(digits) < 8 {
		return 0, nil
	}
	var id int64
	err := tx.GetContext(ctx, &id, sqlContactByPhone, workspace, digits)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

const sqlContactByPhone = `
SELECT c.id FROM contacts c JOIN identities i ON i.workspace_id = c.workspace_id AND i.contact_id = c.id
WHERE i.workspace_id = $1 AND i.channel = 'whatsapp' AND i.phone = $2 AND i.replaced_at IS NULL FOR NO KEY UPDATE OF c`

// first returns the first answer among fields of these names.
func first(fields map[string][]string, names ...string) string {
	for _, n := range names {
		if v := fields[n]; len(v) > 0 && v[0] != "" {
			return v[0]
		}
	}
	return ""
}
