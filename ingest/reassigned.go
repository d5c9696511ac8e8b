package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/consent"
	"ponte/inbox"
)

// A number that has another owner carries no consent along: what its earlier owner agreed to ends, on
// every channel, and the newcomer is asked anew.

// changingIdentities finds the identities that news of a changed number or security code is about, so
// that their contacts are locked with the others of the batch.
func (s *scene) changingIdentities(ctx context.Context, tx *sqlx.Tx, events []*event) ([]int64, error) {
	var out []int64
	for _, e := range events {
		if channels.Kind(e.Kind) != channels.IdentityChanged || e.Change == nil {
			continue
		}
		e.changing = nil
		err := tx.SelectContext(ctx, &e.changing, `SELECT id FROM identities WHERE workspace_id = $1 AND channel = 'whatsapp' AND replaced_at IS NULL AND (phone <> '' AND phone IN ($2, $3) OR external_id <> '' AND external_id IN ($2, $4)) ORDER BY id`,
			e.WorkspaceID, e.Change.Previous, e.Phone, e.Person)
		if err != nil {
			return nil, fmt.Errorf("find whose number changed: %w", err)
		}
		out = append(out, e.changing...)
	}
	return out, nil
}

// identityChanged: another number ends the consents of the old one; a new security code alone may mean
// another owner, and suspends them until the person answers; a new user id of the same number changes
// nothing about who it is.
func (s *scene) identityChanged(e *event) string {
	s.w.identities = append(s.w.identities, e)
	if e.Change == nil {
		return "the network tells of a changed identity without saying which: kept"
	}
	said := "the network gave this person a new id: history kept, consent stays with the old address"
	for _, id := range e.changing {
		who := s.people.Identity(id)
		switch {
		case who == nil:
		case e.Change.Previous == "" || e.Change.Value == "":
			s.doubt(who, "identity_changed", e)
			said = "the person's security code changed: offers are suspended until they answer"
		case who.Phone != nil && *who.Phone == e.Change.Previous:
			s.reassigned(e.WorkspaceID, *who, *who.Phone, e.Event.Time, consent.Evidence{"event": fmt.Sprint(e.ID)})
			said = "the person has another number: what the old one had agreed to has ended"
		}
	}
	return said
}

// takenOver ends the consents of numbers that came with another user id than before.
func (s *scene) takenOver(events []*event) {
	for _, r := range s.people.Released {
		at, proof := s.now, consent.Evidence{"released_identity": fmt.Sprint(r.ID)}
		for _, e := range events {
			if e.WorkspaceID == r.WorkspaceID && r.Phone != nil && e.Phone == *r.Phone && e.Event.Time.Before(at) {
				at, proof = e.Event.Time, consent.Evidence{"event": fmt.Sprint(e.ID)}
			}
		}
		// Networks tell whole seconds, and at the same instant what stops wins: what the newcomer agrees to
		// in their first message comes after the end of what the earlier owner had agreed to.
		s.reassigned(r.WorkspaceID, r, *r.Phone, at.Add(-time.Second), proof)
	}
}

func (s *scene) reassigned(workspace int64, who inbox.Identity, phone string, at time.Time, proof consent.Evidence) {
	s.w.consent = append(s.w.consent, consent.Entry{WorkspaceID: workspace, At: at, Brand: s.spaces[workspace].BrandName(), Channel: consent.All, Purpose: consent.All, Act: consent.Expire, Kind: consent.None,
		How: "number_reassigned", Actor: "network", Evidence: proof, Personal: consent.Personal{ContactID: who.ContactID, IdentityID: who.ID, Address: consent.PhoneAddress(phone), Name: who.Name}})
	s.touch(workspace, "contact", who.ContactID)
}
