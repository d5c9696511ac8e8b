package ingest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/consent"
	"ponte/gate"
	"ponte/inbox"
)

// ConfirmOptIn plans the one question to a number that was given to staff or in a form: whether its owner wants
// offers. The first step is kept as what it is, words that were shown and a number that was given; it allows
// nothing. Only the answer to the question does, and nobody is asked twice.
func ConfirmOptIn(ctx context.Context, tx *sqlx.Tx, ledger *consent.Ledger, optIn, contact int64, phone, brand, name string, lead *int64, label string, now time.Time) error {
	found, err := consent.OptInsByID(ctx, tx, []int64{optIn})
	if err != nil {
		return err
	}
	o := found[optIn]
	if o == nil || o.Source == "web_box" {
		return fmt.Errorf("opt-in %d cannot be asked about: whoever ticks the box of a website writes first", optIn)
	}
	if err := consent.OfContact(ctx, tx, o.WorkspaceID, optIn, contact); err != nil {
		return err
	}
	if err := ledger.Append(ctx, tx, []consent.Entry{o.Given(brand, consent.Personal{ContactID: contact, Address: consent.PhoneAddress(phone), Name: name})}); err != nil {
		return err
	}
	return saveNumber(ctx, tx, &numberHandoff{WorkspaceID: o.WorkspaceID, Source: "opt_in", ContactID: contact, AccountID: o.AccountID, Phone: phone, Language: o.Language,
		Template: gate.OptInQuestion, WordingID: o.WordingID, Purpose: consent.Service, Label: label, AgreedAt: &now, State: "agreed", LeadID: lead, OptInID: &optIn})
}

// confirms says whether the workspace wants the yes of a number's owner before offers go to it.
func (f leadForm) confirms() bool {
	rules, err := consent.ParseRules(f.Settings)
	return err != nil || rules.ConfirmByTemplate // what cannot be read lets no more through
}

// confirmLead keeps a ticked box as a request that its writer confirms on WhatsApp.
func (f *Fetcher) confirmLead(ctx context.Context, tx *sqlx.Tx, l wantedLead, read channels.LeadFields, form *leadForm, contact int64, phone string, at time.Time) (leadFollows, error) {
	rules, err := consent.ParseRules(form.Settings)
	if err != nil {
		return leadFollows{"open", "; for a person: the consent rules in the settings cannot be read, so nothing was sent"}, nil
	}
	id, _, _, err := f.Ledger.RequestOptIn(ctx, tx, consent.Request{WorkspaceID: l.WorkspaceID, Source: "lead_box", AccountID: form.AccountID, WordingID: form.WordingID, Language: form.Language, Phone: phone,
		Name: leadName(read), ContactID: &contact, Evidence: consent.Evidence{"lead": l.ExternalID, "form": cmp.Or(read.FormID, l.FormID), "box": form.BoxKey}, Actor: "contact", At: at, Hours: rules.OptInHours})
	if err != nil {
		return leadFollows{}, err
	}
	if err := ConfirmOptIn(ctx, tx, f.Ledger, id, contact, phone, form.Brand, leadName(read), &l.ID, form.Label, f.Now()); err != nil {
		return leadFollows{}, err
	}
	if err := learnLead(ctx, tx, l.WorkspaceID, contact, form.Label, read); err != nil {
		return leadFollows{}, err
	}
	return leadFollows{"", "; the box was ticked: asked on WhatsApp whether it was them, and no offers before their yes"}, nil
}

// mayConfirm says why a number is not asked after all; empty: it may be.
func (f *Fetcher) mayConfirm(ctx context.Context, tx *sqlx.Tx, n numberHandoff, who *inbox.Identity) (string, error) {
	found, err := consent.OptInsByID(ctx, tx, []int64{*n.OptInID})
	if err != nil {
		return "", err
	}
	o := found[*n.OptInID]
	switch {
	case o == nil || o.Source == "web_box":
		return "whoever ticks the box of a website writes first", nil
	case o.State == "confirmed":
		return "confirmed by the link before anybody was asked", nil
	case o.State != "waiting" || !f.Now().Before(o.ExpiresAt):
		return "the opt-in had ended", nil
	}
	state, err := f.Ledger.Live(ctx, tx, n.WorkspaceID, who.ContactID, who.ID, string(channels.WhatsApp), consent.Promotional, f.Now())
	if err != nil {
		return "", err
	}
	switch state.Status {
	case consent.Unknown, consent.Expired:
		return "", nil
	case consent.Granted:
		return "the number's owner has agreed to offers before", nil
	}
	return "the number's owner said no or may have: they are not asked, and can confirm by the link", nil
}

// loadRequests ties the questions that confirm opt-ins to what they confirm.
func loadRequests(ctx context.Context, tx *sqlx.Tx, list []*offerQuestion) error {
	var ids []int64
	for _, q := range list {
		if q.OptInID != nil {
			ids = append(ids, *q.OptInID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := consent.OptInsByID(ctx, tx, ids)
	if err != nil {
		return err
	}
	for _, q := range list {
		if q.OptInID != nil {
			q.optIn = found[*q.OptInID]
		}
	}
	return nil
}

// optInOver answers somebody who says yes or no to a question whose request has ended.
func (s *scene) optInOver(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, q *offerQuestion, e *event) (string, bool, error) {
	if q.optIn.State == "confirmed" {
		return "the opt-in was confirmed before", true, s.thank(t, v, m, "optin.done", e)
	}
	return "the opt-in had ended: nothing granted", true, s.thank(t, v, m, "optin.void", e)
}

// giverOf makes the number's owner, who has just said that it was them, one person with whoever gave it.
func (s *scene) giverOf(t *inbox.Thread, v *inbox.Conversation, e *event) {
	n := s.numbers.optIn[sentKey(e.WorkspaceID, e.Phone)]
	if n == nil || n.WAIdentityID == nil || *n.WAIdentityID != t.IdentityID {
		return
	}
	s.joinNumber(t, v, n, e)
	if n.Label != "" {
		v.Labels = addLabel(v.Labels, n.Label)
	}
}

// optInAnswered is the second step: the entry names the first, and the request ends with it. What a lead's form
// has to say first goes out after the yes.
func (s *scene) optInAnswered(q *offerQuestion, entry *consent.Entry, yes bool, e *event) (said, key string) {
	proof := q.optIn.Evidence()
	maps.Copy(proof, entry.Evidence)
	entry.Evidence = proof
	n := s.numbers.optIn[sentKey(e.WorkspaceID, e.Phone)]
	if n != nil && (n.OptInID == nil || *n.OptInID != q.optIn.ID) {
		n = nil
	}
	if n != nil {
		n.AgreedMessage = e.Event.ID
		s.w.numbers = append(s.w.numbers, n)
	}
	if !yes {
		q.optIn.State = "cancelled" // also for what follows in this batch
		s.w.refusedOptIns = append(s.w.refusedOptIns, *q.optIn)
		if n != nil {
			n.State, n.Reason = "denied", "whoever has the number said no"
		}
		return "said no to offers: the opt-in was not theirs, or they changed their mind", "consent.refused"
	}
	s.w.optIns = append(s.w.optIns, optInRow{*q.optIn, entry.Personal.ContactID, len(s.w.consent) + 1}) // behind the entry that says it was asked
	q.optIn.State = "confirmed"
	if n != nil {
		n.State = "confirmed"
		if q.Then != "" {
			now := s.now
			s.w.numbers = append(s.w.numbers, &numberHandoff{WorkspaceID: n.WorkspaceID, Source: "lead", ContactID: entry.Personal.ContactID, AccountID: n.AccountID, Phone: n.Phone, Language: n.Language,
				Template: q.Then, WordingID: q.wording, Purpose: consent.Service, Label: n.Label, AgreedAt: &now, State: "agreed", LeadID: n.LeadID})
		}
	}
	return "confirmed the opt-in: offers are welcome, as the answer to the question just shown", "optin.done"
}
