package ingest

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/consent"
	"ponte/gate"
	"ponte/inbox"
	"ponte/outbox"
)

// complaint opens an item for owner and admin where a message complains or threatens, hands the
// conversation to a person, and lets nothing promotional out until that is settled.
func (s *scene) complaint(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, optedOut bool, e *event) (bool, error) {
	found, ok := consent.FindComplaint(m.Text)
	if !ok {
		return false, nil
	}
	i, err := s.item(e, &t.ContactID, found)
	if err != nil {
		return false, err
	}
	i.ConversationID, i.MessageID, i.Channel = &v.ID, &m.ID, t.Channel
	s.w.items = append(s.w.items, i)
	if !optedOut { // a withdrawal says it better
		s.doubt(s.people.Identity(t.IdentityID), "complaint", e)
	}
	return true, nil
}

// forCompliance leaves the conversation to a person, also where the bot answered a withdrawal just now.
func (s *scene) forCompliance(v *inbox.Conversation, m *inbox.Message) {
	if v.Handler == "bot" {
		v.Handler, v.HandlerReason = "human", "complaint"
	}
	s.waits(v, m.At)
}

// publicComplaint does the same for what is said under a post. Nothing automatic answers it there: whatever a
// program says to an accusation in public is read by everybody.
func (s *scene) publicComplaint(c *inbox.Comment, e *event) (said string, err error) {
	found, ok := consent.FindComplaint(c.Text)
	if !ok || c.Own || e.Source == "backfill" {
		return "", nil
	}
	i, err := s.item(e, c.ContactID, found)
	if err != nil {
		return "", err
	}
	i.CommentID, i.Channel = &c.ID, c.Channel
	s.w.items = append(s.w.items, i)
	s.cancel(outbox.Cancellation{WorkspaceID: c.WorkspaceID, CommentID: c.ID, Automatic: true, Kinds: []channels.CallKind{channels.ReplyToComment, channels.PrivateReply},
		Reason: "complaint", Meaning: "the comment complains: a person answers it"})
	if c.IdentityID != nil {
		if who := s.identity(e); who != nil {
			s.doubt(who, "complaint", e)
		}
	}
	return "; complains in public: an item for owner and admin", nil
}

// silence ends an inferred consent whose time without contact was over before this message came: writing again
// does not bring it back.
func (s *scene) silence(t *inbox.Thread, m *inbox.Message) {
	k := consent.Key{WorkspaceID: t.WorkspaceID, ContactID: t.ContactID}
	if h := s.histories[k]; h != nil {
		s.w.consent = append(s.w.consent, h.Lapse(k, m.At)...)
	}
}

func complains(text string) bool { _, ok := consent.FindComplaint(text); return ok }

func (s *scene) item(e *event, contact *int64, found consent.Complaint) (consent.Item, error) {
	w := s.spaces[e.WorkspaceID].Workspace
	i := consent.Item{WorkspaceID: e.WorkspaceID, Kind: found.Kind, ContactID: contact, Matched: found.Sign, OpenedAt: e.Event.Time}
	var err error
	if i.DueAt, err = gate.AddBusinessDays(w, i.OpenedAt, consent.AlarmDays); err != nil {
		return i, &decisionError{e.ID, err}
	}
	if i.BreachAt, err = gate.AddBusinessDays(w, i.OpenedAt, consent.BreachDays); err != nil {
		return i, &decisionError{e.ID, err}
	}
	return i, nil
}

// doubt suspends what an identity's person agreed to, until they say which.
func (s *scene) doubt(who *inbox.Identity, how string, e *event) {
	s.w.consent = append(s.w.consent, consent.Entry{WorkspaceID: e.WorkspaceID, At: e.Event.Time, Brand: s.spaces[e.WorkspaceID].BrandName(), Channel: consent.All, Purpose: consent.Promotional, Act: consent.Doubt, Kind: consent.None,
		How: how, Actor: "contact", Evidence: consent.Evidence{"event": fmt.Sprint(e.ID), "message": e.Event.ID},
		Personal: consent.Personal{ContactID: who.ContactID, IdentityID: who.ID, Address: consent.AddressOf(*who), Name: who.Name}})
	s.touch(e.WorkspaceID, "contact", who.ContactID)
}

func (s *scene) writeItems(ctx context.Context, tx *sqlx.Tx) error {
	for _, i := range s.w.items {
		if err := consent.OpenItem(ctx, tx, i); err != nil {
			return err
		}
	}
	return nil
}
