package api

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
)

// IdentityPanel is one of a person's identities.
type IdentityPanel struct {
	ID       int64   `json:"id"`
	Channel  string  `json:"channel" enum:"facebook,instagram,messenger,whatsapp"`
	Username string  `json:"username"`
	Name     string  `json:"name"`
	Phone    string  `json:"phone"`
	Join     *Join   `json:"join" doc:"Why it counts as this person, where it was found to"`
	Parted   *Parted `json:"parted" doc:"The last join that a member took back, where none stands"`
}

// Join says why two identities count as one person.
type Join struct {
	ID    int64      `json:"id"`
	How   string     `json:"how" enum:"handoff,private_reply,member,network,number"`
	At    time.Time  `json:"at"`
	By    string     `json:"by" doc:"The member who did it; empty where the service did"`
	Proof *JoinProof `json:"proof" doc:"The reference that was used; of a join by other means there is none"`
}

// JoinProof is the reference that a person carried from one network to another. The code itself is kept
// nowhere.
type JoinProof struct {
	Provenance
	HandoffID int64      `json:"handoff_id"`
	GivenTo   string     `json:"given_to" doc:"How the person is called where the reference was given"`
	Channel   string     `json:"channel" enum:"facebook,instagram,messenger,whatsapp"`
	GivenAt   time.Time  `json:"given_at"`
	UsedAt    *time.Time `json:"used_at"`
}

// Parted is a join that was taken back.
type Parted struct {
	JoinID    int64     `json:"join_id"`
	ContactID int64     `json:"contact_id" doc:"The person it was parted from"`
	Name      string    `json:"name"`
	At        time.Time `json:"at"`
	By        string    `json:"by"`
}

// Provenance is where something began.
type Provenance struct {
	Comment *Named `json:"comment"`
	Post    *Named `json:"post"`
	Trigger *Named `json:"trigger"`
}

// Named is a thing with what it is recognised by: a comment's words, a post's caption, a trigger's name.
type Named struct {
	ID   int64   `json:"id"`
	Text string  `json:"text"`
	Harm float64 `json:"harm" doc:"Of a comment, as it was judged: 0 to 1"`
}

func named(id *int64, text string, harm float64) *Named {
	if id == nil {
		return nil
	}
	return &Named{*id, text, harm}
}

// provenance tells in names what a conversation's origin holds as numbers.
func (s *Server) provenance(ctx context.Context, workspace int64, o *Origin) (*Provenance, error) {
	if o == nil || o.CommentID == 0 && o.PostID == 0 && o.TriggerID == 0 {
		return nil, nil
	}
	v, err := inbox.Came(ctx, s.DB, workspace, o.CommentID, o.PostID, o.TriggerID)
	if err != nil {
		return nil, err
	}
	return &Provenance{named(v.CommentID, v.Comment, v.Harm), named(v.PostID, v.Post, 0), named(v.TriggerID, v.Trigger, 0)}, nil
}

func (s *Server) identitiesOf(ctx context.Context, who *caller, contact int64) ([]IdentityPanel, error) {
	rows, err := inbox.ContactIdentities(ctx, s.DB, who.WorkspaceID, contact)
	if err != nil {
		return nil, err
	}
	names, err := s.actorNames(ctx, who.WorkspaceID)
	if err != nil {
		return nil, err
	}
	out := make([]IdentityPanel, 0, len(rows))
	for _, i := range rows {
		p := IdentityPanel{ID: i.ID, Channel: i.Channel, Username: i.Username, Name: i.Name, Phone: showPhone(deref(i.Phone), who.Role.SeesPhones())}
		switch {
		case i.JoinID != nil && i.UndoneAt == nil:
			if p.Join, err = s.joinOf(ctx, who.WorkspaceID, i, names); err != nil {
				return nil, err
			}
		case i.JoinID != nil:
			p.Parted = &Parted{*i.JoinID, deref(i.OtherID), deref(i.OtherName), i.UndoneAt.UTC(), names[deref(i.UndoneBy)]}
		}
		out = append(out, p)
	}
	return out, nil
}

func (s *Server) joinOf(ctx context.Context, workspace int64, i inbox.IdentityView, names map[string]string) (*Join, error) {
	j := &Join{ID: *i.JoinID, How: deref(i.JoinHow), At: i.JoinAt.UTC(), By: names[deref(i.JoinActor)]}
	var evidence struct {
		HandoffID int64 `json:"handoff_id"`
	}
	if err := json.Unmarshal(i.JoinEvidence, &evidence); err != nil {
		return nil, fmt.Errorf("read the evidence of join %d: %w", j.ID, err)
	}
	if evidence.HandoffID == 0 {
		return j, nil
	}
	h, err := inbox.HandoffEvidence(ctx, s.DB, workspace, evidence.HandoffID)
	if err != nil {
		return nil, err
	}
	j.Proof = &JoinProof{Provenance{named(h.CommentID, h.Comment, h.Harm), named(h.PostID, h.Post, 0), named(h.TriggerID, h.Trigger, 0)}, evidence.HandoffID, h.GivenTo, h.Channel, h.GivenAt.UTC(), utc(h.UsedAt)}
	return j, nil
}

type unjoinIn struct {
	ByID
	Body struct {
		JoinID int64 `json:"join_id" minimum:"1"`
	}
}

// unjoin takes back that two identities are one person.
func (s *Server) unjoin(ctx context.Context, who *caller, in *unjoinIn) error {
	return s.changeJoin(ctx, who, in, "identity.unjoin", func(tx *sqlx.Tx, standing bool) error {
		if !standing {
			return fault.New(fault.NotFound, "identity %d has no join %d that stands", in.ID, in.Body.JoinID)
		}
		return inbox.UnjoinIdentity(ctx, tx, who.WorkspaceID, in.Body.JoinID, who.Actor())
	})
}

// rejoin takes an unjoin back.
func (s *Server) rejoin(ctx context.Context, who *caller, in *unjoinIn) error {
	return s.changeJoin(ctx, who, in, "identity.rejoin", func(tx *sqlx.Tx, standing bool) error {
		if standing {
			return fault.New(fault.Conflict, "join %d stands; there is nothing to take back", in.Body.JoinID)
		}
		return inbox.RejoinIdentity(ctx, tx, who.WorkspaceID, in.Body.JoinID, who.Actor())
	})
}

// changeJoin locks both people of a join, the lower id first as decide does.
func (s *Server) changeJoin(ctx context.Context, who *caller, in *unjoinIn, verb string, do func(tx *sqlx.Tx, standing bool) error) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		var contacts []int64
		err := tx.SelectContext(ctx, &contacts, `SELECT id FROM contacts WHERE workspace_id = $1 AND id IN (
    SELECT unnest(ARRAY[from_contact, to_contact]) FROM identity_joins WHERE workspace_id = $1 AND id = $2 AND identity_id = $3) ORDER BY id FOR UPDATE`,
			who.WorkspaceID, in.Body.JoinID, in.ID)
		if err != nil {
			return fmt.Errorf("lock the contacts of join %d: %w", in.Body.JoinID, err)
		}
		if len(contacts) == 0 {
			return fault.New(fault.NotFound, "identity %d has no join %d", in.ID, in.Body.JoinID)
		}
		var standing bool
		if err := tx.GetContext(ctx, &standing, `SELECT undone_at IS NULL FROM identity_joins WHERE workspace_id = $1 AND id = $2`, who.WorkspaceID, in.Body.JoinID); err != nil {
			return fmt.Errorf("look whether join %d stands: %w", in.Body.JoinID, err)
		}
		if err := do(tx, standing); err != nil {
			return err
		}
		changes := each(contacts, func(id int64) inbox.Change {
			return inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "contact", ObjectID: id}
		})
		if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), verb, fmt.Sprintf("identity:%d", in.ID), map[string]any{"join": in.Body.JoinID}); err != nil {
			return err
		}
		return inbox.Touch(ctx, tx, changes...)
	})
}
