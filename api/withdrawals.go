package api

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/channels"
	"ponte/consent"
	"ponte/fault"
	"ponte/flow"
	"ponte/inbox"
)

type withdrawalIn struct {
	Body struct {
		Phone      string    `json:"phone" minLength:"6" maxLength:"30"`
		Purpose    string    `json:"purpose" enum:"promotional,service,research,profiling,all"`
		At         time.Time `json:"at" doc:"When the person said so: entries are ordered by it"`
		Source     string    `json:"source" pattern:"^[A-Za-z0-9][A-Za-z0-9 _.-]{0,59}$" doc:"The system or desk where they said so: crm, email, hotline"`
		EvidenceID string    `json:"evidence_id" pattern:"^[A-Za-z0-9][A-Za-z0-9 _.:/#-]{0,79}$" doc:"What proves it there: a ticket, a message id"`
	}
}

// recordWithdrawal takes a withdrawal from another system, by the number. Of a number nobody knows here,
// only its keyed hash is kept, so that it is recognised when it is imported.
func (s *Server) recordWithdrawal(ctx context.Context, who *caller, in *withdrawalIn) error {
	b := in.Body
	w, err := inbox.LoadWorkspace(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return err
	}
	phone, ok := flow.Number(b.Phone, w.Country)
	if !ok {
		return fault.Field("phone", "this is not a phone number with country code")
	}
	if b.At.IsZero() || b.At.After(s.Now().Add(time.Minute)) {
		return fault.Field("at", "the time at which the person said so, not in the future")
	}
	return s.change(ctx, func(tx *sqlx.Tx) error {
		e := consent.Entry{WorkspaceID: who.WorkspaceID, At: b.At, Brand: w.BrandName(), Channel: consent.All, Purpose: b.Purpose, Act: consent.Withdraw, Kind: consent.Express, How: "other_system", Actor: who.Actor(),
			Evidence: consent.Evidence{"source": b.Source, "evidence_id": b.EvidenceID}, Personal: consent.Personal{Address: consent.PhoneAddress(phone)}}
		var known []inbox.Identity
		err := tx.SelectContext(ctx, &known, `SELECT workspace_id, id, contact_id, channel, scope, external_id, phone, username, name FROM identities WHERE workspace_id = $1 AND channel = $2 AND phone = $3 AND replaced_at IS NULL`,
			who.WorkspaceID, string(channels.WhatsApp), phone)
		if err != nil {
			return err
		}
		for _, i := range known {
			if _, _, _, err := s.lockPerson(ctx, tx, who.WorkspaceID, i.ContactID); err != nil {
				return err
			}
			e.Personal.ContactID, e.Personal.IdentityID, e.Personal.Name = i.ContactID, i.ID, i.Name
		}
		if err := s.Ledger.Append(ctx, tx, []consent.Entry{e}); err != nil {
			return err
		}
		if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "consent.withdraw", "", map[string]any{"source": b.Source, "purpose": b.Purpose}); err != nil {
			return err
		}
		return s.offersAfter(ctx, tx, who.WorkspaceID, known, b.Purpose)
	})
}

// offersAfter cancels a person's offers that wait, unless something newer than the withdrawal lets them out.
func (s *Server) offersAfter(ctx context.Context, tx *sqlx.Tx, workspace int64, ids []inbox.Identity, purpose string) error {
	if len(ids) == 0 {
		return nil
	}
	contact := ids[0].ContactID
	for _, i := range ids {
		state, err := s.Ledger.Live(ctx, tx, workspace, contact, i.ID, i.Channel, consent.Promotional, s.Now())
		if err != nil || state.Live() {
			return err
		}
	}
	if err := stopOffers(ctx, tx, workspace, contact, purpose); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspace, Topic: "contact", ObjectID: contact})
}
