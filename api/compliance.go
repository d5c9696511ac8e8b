package api

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/consent"
	"ponte/fault"
	"ponte/gate"
	"ponte/inbox"
)

// ComplianceItem is a complaint or request that owner or admin must answer by a deadline.
type ComplianceItem struct {
	ID             int64      `json:"id"`
	Kind           string     `json:"kind" enum:"complaint,authority,lawyer,access,erasure,import,unreachable"`
	ContactID      *int64     `json:"contact_id" doc:"null: the network withheld the author, or it is about the brand itself"`
	ContactName    string     `json:"contact_name"`
	ContactErased  bool       `json:"contact_erased"`
	ConversationID *int64     `json:"conversation_id"`
	MessageID      *int64     `json:"message_id"`
	CommentID      *int64     `json:"comment_id" doc:"Said in public, under a post"`
	AccountID      *int64     `json:"account_id" doc:"Of unreachable: the account that people can no longer answer; null: the brand's contact"`
	AccountName    string     `json:"account_name"`
	Detail         string     `json:"detail" doc:"Of unreachable: the contact as people were told it"`
	Until          *time.Time `json:"until" doc:"Of unreachable: whoever was written to must be able to answer until then"`
	Channel        string     `json:"channel"`
	Matched        string     `json:"matched" doc:"The sign that was recognised, or how a member heard of it"`
	OpenedAt       time.Time  `json:"opened_at"`
	DueAt          time.Time  `json:"due_at" doc:"One business day: then it alarms"`
	BreachAt       time.Time  `json:"breach_at" doc:"Four business days: then a promise is broken"`
	Level          string     `json:"level" enum:"waiting,alarm,breach,resolved"`
	Resolution     string     `json:"resolution"`
	ResolvedBy     string     `json:"resolved_by"`
	ResolvedAt     *time.Time `json:"resolved_at"`
}

type complianceIn struct {
	State string `query:"state" enum:"open,resolved" default:"open"`
	Limit int    `query:"limit" default:"100" minimum:"1" maximum:"500"`
}

func (s *Server) listCompliance(ctx context.Context, who *caller, in *complianceIn) (Page[ComplianceItem], error) {
	list, err := consent.Items(ctx, s.DB, who.WorkspaceID, in.State, in.Limit)
	if err != nil {
		return Page[ComplianceItem]{}, err
	}
	actors, err := s.actorNames(ctx, who.WorkspaceID)
	if err != nil {
		return Page[ComplianceItem]{}, err
	}
	now := s.Now()
	out := make([]ComplianceItem, 0, len(list))
	for _, i := range list {
		v := ComplianceItem{ID: i.ID, Kind: i.Kind, ContactID: i.ContactID, ConversationID: i.ConversationID, MessageID: i.MessageID, CommentID: i.CommentID, Channel: i.Channel, Matched: i.Matched,
			AccountID: i.AccountID, Detail: i.Detail, Until: utc(i.Until),
			OpenedAt: i.OpenedAt.UTC(), DueAt: i.DueAt.UTC(), BreachAt: i.BreachAt.UTC(), Level: "waiting", Resolution: i.Resolution, ResolvedBy: actors[deref(i.ResolvedBy)], ResolvedAt: utc(i.ResolvedAt)}
		if err := s.nameSubject(ctx, who.WorkspaceID, &v); err != nil {
			return Page[ComplianceItem]{}, err
		}
		switch {
		case i.State == "resolved":
			v.Level = "resolved"
		case !now.Before(i.BreachAt):
			v.Level = "breach"
		case !now.Before(i.DueAt):
			v.Level = "alarm"
		}
		out = append(out, v)
	}
	return pageOf(out, ""), nil
}

// nameSubject puts the names of the person and the account there that an item is about.
func (s *Server) nameSubject(ctx context.Context, workspace int64, v *ComplianceItem) error {
	if v.ContactID != nil {
		c, err := inbox.ViewContact(ctx, s.DB, workspace, *v.ContactID)
		if err != nil {
			return err
		}
		v.ContactName, v.ContactErased = c.Name, c.Erased
	}
	if v.AccountID != nil {
		a, err := inbox.LoadAccount(ctx, s.DB, workspace, *v.AccountID)
		if err != nil {
			return err
		}
		v.AccountName = firstOf(a.Name, a.ExternalID)
	}
	return nil
}

type complaintIn struct {
	Body struct {
		Kind      string     `json:"kind" enum:"complaint,authority,lawyer,access,erasure"`
		ContactID int64      `json:"contact_id" minimum:"1"`
		How       string     `json:"how" pattern:"^[a-z_ -]{2,40}$" doc:"How it was heard of: e-mail, phone, letter, in the store"`
		At        *time.Time `json:"at,omitempty" doc:"When the person said so; left out: now"`
	}
}

// addCompliance opens an item for what came another way: by e-mail, by letter, at the counter.
func (s *Server) addCompliance(ctx context.Context, who *caller, in *complaintIn) error {
	at := s.Now()
	if in.Body.At != nil {
		at = *in.Body.At
	}
	if at.After(s.Now().Add(time.Minute)) {
		return fault.Field("at", "that is in the future")
	}
	if _, err := inbox.ViewContact(ctx, s.DB, who.WorkspaceID, in.Body.ContactID); err != nil {
		return err
	}
	w, err := inbox.LoadWorkspace(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return err
	}
	i := consent.Item{WorkspaceID: who.WorkspaceID, Kind: in.Body.Kind, ContactID: &in.Body.ContactID, Matched: in.Body.How, OpenedAt: at}
	if i.DueAt, err = gate.AddBusinessDays(w, at, consent.AlarmDays); err != nil {
		return err
	}
	if i.BreachAt, err = gate.AddBusinessDays(w, at, consent.BreachDays); err != nil {
		return err
	}
	return s.change(ctx, func(tx *sqlx.Tx) error {
		c, ids, w, err := s.lockPerson(ctx, tx, who.WorkspaceID, in.Body.ContactID)
		if err != nil {
			return err
		}
		if err := consent.OpenItem(ctx, tx, i); err != nil {
			return err
		}
		var doubts []consent.Entry // offers wait until it is settled, as after a complaint in a message
		for _, id := range ids {
			if id.Channel != "facebook" && consent.AddressOf(id) != "" {
				doubts = append(doubts, consent.Entry{WorkspaceID: who.WorkspaceID, At: at, Brand: w.BrandName(), Channel: consent.All, Purpose: consent.Promotional, Act: consent.Doubt, Kind: consent.None, How: "complaint", Actor: who.Actor(),
					Evidence: consent.Evidence{"member": who.Actor(), "heard_by": i.Matched}, Personal: consent.Personal{ContactID: in.Body.ContactID, IdentityID: id.ID, Address: consent.AddressOf(id), Name: c.Name}})
			}
		}
		if err := s.Ledger.Append(ctx, tx, doubts); err != nil {
			return err
		}
		if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "compliance.open", fmt.Sprintf("contact:%d", in.Body.ContactID), map[string]any{"kind": i.Kind}); err != nil {
			return err
		}
		return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "contact", ObjectID: in.Body.ContactID})
	})
}

type resolveIn struct {
	ByID
	Body struct {
		Resolution string `json:"resolution" minLength:"3" maxLength:"1000" doc:"What was done, without personal data"`
	}
}

func (s *Server) resolveCompliance(ctx context.Context, who *caller, in *resolveIn) error {
	text, err := cleanText(in.Body.Resolution)
	if err != nil {
		return fault.Field("resolution", "say what was done")
	}
	return s.change(ctx, func(tx *sqlx.Tx) error {
		return consent.ResolveItem(ctx, tx, who.WorkspaceID, in.ID, text, who.Actor())
	})
}
