package ingest

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/consent"
	"ponte/flow"
	"ponte/inbox"
)

// leadForm says what the box of a form means; migrations/0040.
type leadForm struct {
	ID        int64  `db:"id"`
	AccountID int64  `db:"account_id"`
	BoxKey    string `db:"box_key"`
	WordingID int64  `db:"wording_id"`
	Language  string `db:"language"`
	Purpose   string `db:"purpose"`
	Template  string `db:"template"`
	Label     string `db:"label"`
	Country   string `db:"country"` // of the workspace: of numbers without a prefix
	Brand     string `db:"brand"`

	Settings []byte `db:"settings"` // of the workspace
	Known    bool   `db:"known"`    // somebody has said what its box means
	ByHand   bool   `db:"by_hand"`  // nothing is automatic: on the Page, on the number that would write, or at all
}

// number is the number that the form names, as the whole one where it can be told which that is.
func (f *leadForm) number(read channels.LeadFields) string {
	written := first(read.Fields, "phone_number", "phone", "whatsapp_number")
	if n, ok := flow.Phone(written, f.Country); ok {
		return n
	}
	return written
}

// leadFollows is what follows from a lead: a task for a person, or nothing that waits.
type leadFollows struct{ task, said string }

// followLead takes a ticked box whose words are known as the consent it is, and plans the first message.
// Without the tick, without a number that can be written to, or without words, it is a task for a person
// and nothing is sent.
func (f *Fetcher) followLead(ctx context.Context, tx *sqlx.Tx, l wantedLead, form *leadForm, read channels.LeadFields, contact int64) (leadFollows, error) {
	if !form.Known {
		return leadFollows{"open", "; for a person: nothing is known of this form's box, so nothing was sent"}, nil
	}
	ticked, there := read.Checkboxes[form.BoxKey]
	if !ticked {
		said := "; for a person: the box was not ticked, so nothing was sent"
		if !there {
			said = "; for a person: the form has no box «" + cut(form.BoxKey, 60) + "», so nothing was sent"
		}
		return leadFollows{"open", said}, nil
	}
	number, ok := flow.Phone(form.number(read), form.Country)
	if !ok {
		return leadFollows{"open", "; for a person: the box was ticked, but the number is not one that can be written to"}, nil
	}
	own, err := inbox.OwnNumbers(ctx, tx, l.WorkspaceID)
	if err != nil {
		return leadFollows{}, err
	}
	if own[inbox.Digits(number)] {
		return leadFollows{"open", "; for a person: the box was ticked, but the number is the brand's own"}, nil
	}
	at := read.Time
	if at.IsZero() {
		at = l.SubmittedAt
	}
	phone := strings.TrimPrefix(number, "+")
	asks := form.Purpose == consent.Promotional && form.confirms()
	if form.ByHand && asks {
		return leadFollows{"open", "; for a person: the box was ticked, but nothing is automatic here, so nobody was asked whether it was them"}, nil
	}
	if asks {
		return f.confirmLead(ctx, tx, l, read, form, contact, phone, at)
	}
	entry := consent.Entry{WorkspaceID: l.WorkspaceID, At: at, Brand: form.Brand, Channel: string(channels.WhatsApp), Purpose: form.Purpose, Act: consent.Grant, Kind: consent.Express,
		WordingID: &form.WordingID, How: "lead_box", Actor: "contact", Evidence: consent.Evidence{"lead": l.ExternalID, "form": cmp.Or(read.FormID, l.FormID), "box": form.BoxKey},
		Personal: consent.Personal{ContactID: contact, Address: consent.PhoneAddress(phone), Name: leadName(read)}}
	if err := f.Ledger.Append(ctx, tx, []consent.Entry{entry}); err != nil {
		return leadFollows{}, err
	}
	if form.ByHand {
		return leadFollows{"open", "; for a person: the box was ticked and the consent is kept, but nothing is automatic here, so nothing was sent"}, learnLead(ctx, tx, l.WorkspaceID, contact, form.Label, read)
	}
	n := &numberHandoff{WorkspaceID: l.WorkspaceID, Source: "lead", ContactID: contact, AccountID: form.AccountID, Phone: phone, Language: form.Language, Template: form.Template,
		WordingID: form.WordingID, Purpose: form.Purpose, Label: form.Label, AgreedAt: &at, State: "agreed", LeadID: &l.ID}
	if err := saveNumber(ctx, tx, n); err != nil {
		return leadFollows{}, err
	}
	if err := learnLead(ctx, tx, l.WorkspaceID, contact, form.Label, read); err != nil {
		return leadFollows{}, err
	}
	return leadFollows{"", "; the box was ticked: consent kept, the first message is planned"}, nil
}

// leadName is the name the form gives.
func leadName(read channels.LeadFields) string {
	return cut(cmp.Or(first(read.Fields, "full_name", "name"), strings.TrimSpace(first(read.Fields, "first_name")+" "+first(read.Fields, "last_name"))), 200)
}

// loadLeadForm reads what is known of the lead's form, and of the workspace where nothing is.
func loadLeadForm(ctx context.Context, tx *sqlx.Tx, l wantedLead, read channels.LeadFields) (*leadForm, error) {
	var out leadForm
	if err := tx.GetContext(ctx, &out, sqlLeadForm, l.WorkspaceID, cmp.Or(read.FormID, l.FormID), l.AccountID); err != nil {
		return nil, fmt.Errorf("load what is known of a lead form: %w", err)
	}
	return &out, nil
}

const sqlLeadForm = `
SELECT f.id IS NOT NULL AS known, coalesce(f.id, 0) AS id, coalesce(f.account_id, 0) AS account_id, coalesce(f.box_key, '') AS box_key, coalesce(f.wording_id, 0) AS wording_id,
       coalesce(f.language, '') AS language, coalesce(f.purpose, '') AS purpose, coalesce(f.template, '') AS template, coalesce(f.label, '') AS label, w.country,
       CASE WHEN w.brand <> '' THEN w.brand ELSE w.name END AS brand, w.settings,
       coalesce((w.settings->>'automate')::boolean, true) IS FALSE OR EXISTS (SELECT 1 FROM accounts b WHERE b.workspace_id = w.id AND b.id IN (f.account_id, $3) AND NOT b.automate) AS by_hand
FROM workspaces w
LEFT JOIN (SELECT f.* FROM lead_forms f JOIN accounts a ON a.workspace_id = f.workspace_id AND a.id = f.account_id AND a.removed_at IS NULL) f
       ON f.workspace_id = w.id AND f.form_id = $2 AND f.ended_at IS NULL
WHERE w.id = $1`

// learnLead labels the person and keeps the form's answers as fields, where a field of the name is free: a
// template can be filled with them, and nothing that a member wrote is overwritten.
func learnLead(ctx context.Context, tx *sqlx.Tx, workspace, contact int64, label string, read channels.LeadFields) error {
	for name, values := range read.Fields {
		if len(values) == 0 || values[0] == "" || len(name) > 50 || len(inbox.Digits(values[0])) >= 7 {
			continue // numbers stay in the lead itself
		}
		if _, err := tx.ExecContext(ctx, `UPDATE contacts SET fields = jsonb_build_object($3::text, $4::text) || fields WHERE workspace_id = $1 AND id = $2`, workspace, contact, name, cut(values[0], 200)); err != nil {
			return fmt.Errorf("keep the fields of contact %d: %w", contact, err)
		}
	}
	if label == "" {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `UPDATE contacts SET labels = array_append(labels, $3) WHERE workspace_id = $1 AND id = $2 AND NOT $3 = ANY (labels)`, workspace, contact, label); err != nil {
		return fmt.Errorf("label contact %d: %w", contact, err)
	}
	return nil
}
