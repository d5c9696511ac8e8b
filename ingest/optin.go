package ingest

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/jmoiron/sqlx"

	"ponte/consent"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/router"
)

// optInRow is an opt-in that a message confirmed; the entry stands at its place in the batch's entries.
type optInRow struct {
	optIn   consent.OptIn
	contact int64
	entry   int
}

// loadOptIns finds the opt-ins whose codes WhatsApp messages present, among the codes that are of no
// handoff. The rows are locked: a code counts once.
func (s *scene) loadOptIns(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	var hashes [][]byte
	for _, e := range events {
		if code, ok := e.reference(); ok && s.handoff(e.WorkspaceID, code) == nil {
			hashes = append(hashes, router.HashReference(code))
		}
	}
	s.optIns = map[string]*consent.OptIn{}
	if len(hashes) == 0 {
		return nil
	}
	list, err := consent.OptIns(ctx, tx, hashes)
	if err != nil {
		return err
	}
	for i := range list {
		s.optIns[fmt.Sprintf("%d/%s", list[i].WorkspaceID, hex.EncodeToString(list[i].CodeHash))] = &list[i]
	}
	return nil
}

// optIn is the request whose code the event presents, or nil. Who withdraws in the same breath confirms
// nothing.
func (s *scene) optIn(e *event, verdict moderation.Verdict) *consent.OptIn {
	code, ok := e.reference()
	if !ok || verdict.OptOut != moderation.NoOptOut {
		return nil
	}
	return s.optIns[fmt.Sprintf("%d/%s", e.WorkspaceID, hex.EncodeToString(router.HashReference(code)))]
}

// confirmOptIn makes a consent of a request that waited: the person wrote first, from their own number.
// Whatever it comes to, they are answered once and the conversation goes on.
func (s *scene) confirmOptIn(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, o *consent.OptIn, e *event) (string, error) {
	who, sp := s.people.Identity(t.IdentityID), s.spaces[e.WorkspaceID]
	p := consent.Presented{AccountID: e.AccountID, ContactID: t.ContactID, IdentityID: t.IdentityID, Address: consent.AddressOf(*who), Name: who.Name, Text: m.Text, Brand: sp.BrandName(),
		Forwarded: e.Message != nil && e.Message.Forwarded, At: e.Event.Time, Evidence: consent.Evidence{"event": fmt.Sprint(e.ID), "message": e.Event.ID}}
	if who.Phone != nil {
		p.Phone = *who.Phone
	}
	if v.Language == "" {
		v.Language = o.Language
	}
	key, said := "optin.done", "confirmed the opt-in: offers are welcome, with the wording that was shown"
	entry, why := s.d.Ledger.Confirm(*o, p)
	switch {
	case why != "" && s.confirmedByThem(t, o): // the link was tapped twice
		key, said = "optin.done", why
	case why != "":
		key, said = "optin.void", why+": nothing granted"
	default:
		s.w.optIns = append(s.w.optIns, optInRow{*o, t.ContactID, len(s.w.consent)})
		s.w.consent = append(s.w.consent, entry)
		o.State, o.ContactID = "confirmed", &t.ContactID // also for what follows in this batch
	}
	s.touch(e.WorkspaceID, "contact", t.ContactID)
	s.lastAt[t.ID] = m.At
	if !sp.automates(e.AccountID) || v.Handler == "human" {
		s.waits(v, m.At)
		return said, nil
	}
	language := s.language(v, sp)
	if _, _, err := s.utter(t, v, router.Utterance{Key: key, Text: router.Say(language, key, "brand", sp.BrandName())}, language, 0, nil, e); err != nil {
		return "", err
	}
	if v.FirstBotAt == nil {
		now := s.now
		v.FirstBotAt = &now
	}
	s.markRead(t, v, e)
	s.changedConversation(v)
	return said, nil
}

// confirmedByThem says that whoever presents a code confirmed with it before and has taken nothing back since: they are
// told where they stand, not that nothing was recorded.
func (s *scene) confirmedByThem(t *inbox.Thread, o *consent.OptIn) bool {
	if o.State != "confirmed" || o.ContactID == nil || *o.ContactID != t.ContactID {
		return false
	}
	for i := len(s.w.consent) - 1; i >= 0; i-- {
		if e := s.w.consent[i]; e.WorkspaceID == t.WorkspaceID && e.Personal.ContactID == t.ContactID {
			return e.Act == consent.Grant
		}
	}
	h := s.histories[consent.Key{WorkspaceID: t.WorkspaceID, ContactID: t.ContactID}]
	return h != nil && h.State(t.IdentityID, t.Channel, consent.Promotional, s.now).Status == consent.Granted
}

// writeOptIns notes which entries the confirmed requests became; the entries were written just before.
func (s *scene) writeOptIns(ctx context.Context, tx *sqlx.Tx) error {
	for _, r := range s.w.optIns {
		if err := consent.Confirmed(ctx, tx, r.optIn, r.contact, s.w.consent[r.entry].Seq, s.w.consent[r.entry].At); err != nil {
			return err
		}
	}
	for _, o := range s.w.refusedOptIns {
		if err := consent.CancelOptIn(ctx, tx, o.WorkspaceID, o.ID, "whoever has the number said no"); err != nil {
			return err
		}
	}
	return nil
}
