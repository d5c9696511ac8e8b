package api

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/channels"
	"ponte/decisions"
	"ponte/fault"
	"ponte/inbox"
	"ponte/outbox"
)

// ContactStrikes are what of a person's comments stands hidden or deleted, and what follows from it.
type ContactStrikes struct {
	Count       int             `json:"count"`
	Days        int             `json:"days" doc:"A strike expires after so many days; 0: strikes lead to nothing"`
	ReviewFrom  int             `json:"review_from"`
	BlockFrom   int             `json:"block_from"`
	Consequence string          `json:"consequence" enum:"none,review,block_proposed"`
	Comments    []StruckComment `json:"comments" doc:"The newest first, at most 20; taking one back takes its strike back"`
}

// StruckComment is a comment that counts as a strike.
type StruckComment struct {
	CommentID   int64     `json:"comment_id" db:"id"`
	Decision    string    `json:"decision" db:"decision" enum:"hide,delete"`
	CommentedAt time.Time `json:"commented_at" db:"commented_at"`
}

// strikesOf counts as ingest counts: by the live policy, at this instant.
func (s *Server) strikesOf(ctx context.Context, workspace, contact int64) (ContactStrikes, error) {
	e, err := decisions.LiveEngine(ctx, s.DB, workspace)
	if err != nil {
		return ContactStrikes{}, err
	}
	p := e.Policy().Strikes
	out := ContactStrikes{Days: p.Days, ReviewFrom: p.Review, BlockFrom: p.Block, Consequence: "none", Comments: []StruckComment{}}
	if p.Days == 0 {
		return out, nil
	}
	var list []StruckComment
	err = s.DB.SelectContext(ctx, &list, `SELECT id, decision, commented_at FROM comments
WHERE workspace_id = $1 AND contact_id = $2 AND commented_at > $3 AND decision IN ('hide','delete') AND NOT own ORDER BY commented_at DESC, id DESC`,
		workspace, contact, s.Now().AddDate(0, 0, -p.Days))
	if err != nil {
		return out, fmt.Errorf("count the strikes of contact %d: %w", contact, err)
	}
	out.Count = len(list)
	switch {
	case p.Block > 0 && out.Count >= p.Block:
		out.Consequence = "block_proposed"
	case p.Review > 0 && out.Count >= p.Review:
		out.Consequence = "review"
	}
	for _, c := range list[:min(len(list), 20)] {
		c.CommentedAt = c.CommentedAt.UTC()
		out.Comments = append(out.Comments, c)
	}
	return out, nil
}

type blockIn struct {
	ByID
	Body *struct {
		Reason string `json:"reason,omitempty" maxLength:"500"`
	}
}

func (in *blockIn) reason() string {
	if in.Body == nil {
		return ""
	}
	return in.Body.Reason
}

// door is one place where a person can be blocked on a network.
type door struct {
	AccountID  int64   `db:"account_id"`
	Channel    string  `db:"channel"`
	IdentityID int64   `db:"identity_id"`
	ExternalID *string `db:"external_id"`
	Phone      *string `db:"phone"`
	Under      *int64  `db:"under"` // the block that an unblock undoes
}

// blockContact blocks a person: nothing goes to them from now on, and the networks that offer it are
// told after the grace period. Instagram offers apps no way to.
func (s *Server) blockContact(ctx context.Context, who *caller, in *blockIn) (ContactDetail, error) {
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		c, _, w, err := s.lockPerson(ctx, tx, who.WorkspaceID, in.ID)
		if err != nil {
			return err
		}
		settings, err := inbox.ParseSettings(w.Settings)
		if err != nil {
			return err
		}
		if c.BlockedAt != nil {
			return fault.New(fault.Conflict, "this person is blocked already").Coded("blocked_already")
		}
		grace := time.Duration(settings.DeleteGraceMinutes) * time.Minute
		var doors []door
		if err := tx.SelectContext(ctx, &doors, sqlDoors, who.WorkspaceID, in.ID); err != nil {
			return fmt.Errorf("find where contact %d can be blocked: %w", in.ID, err)
		}
		if err := s.knock(ctx, tx, who, in.ID, channels.BlockUser, doors, s.Now().Add(grace)); err != nil {
			return err
		}
		return s.markBlocked(ctx, tx, who, in.ID, "block", in.reason(), true)
	})
	if err != nil {
		return ContactDetail{}, err
	}
	return s.getContact(ctx, who, &in.ByID)
}

// A person is blocked where they have written to: on a Page by its own id of them, on WhatsApp by number
// or id.
const sqlDoors = `
SELECT DISTINCT ON (a.id, i.id) a.id AS account_id, i.channel, i.id AS identity_id, i.external_id, i.phone, NULL::bigint AS under
FROM identities i JOIN accounts a ON a.workspace_id = i.workspace_id AND a.removed_at IS NULL
WHERE i.workspace_id = $1 AND i.contact_id = $2 AND i.replaced_at IS NULL
  AND (i.channel IN ('facebook','messenger') AND a.channel = 'facebook' AND a.id = i.scope
    OR i.channel = 'whatsapp' AND a.channel = 'whatsapp' AND EXISTS (SELECT 1 FROM threads t WHERE t.workspace_id = i.workspace_id AND t.account_id = a.id AND t.identity_id = i.id))
ORDER BY a.id, i.id`

// unblockContact takes a block back: what was not told to a network yet is not, the rest is undone.
func (s *Server) unblockContact(ctx context.Context, who *caller, in *blockIn) (ContactDetail, error) {
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		c, _, _, err := s.lockPerson(ctx, tx, who.WorkspaceID, in.ID)
		if err != nil {
			return err
		}
		stopped, err := outbox.Cancel(ctx, tx, outbox.Cancellation{WorkspaceID: who.WorkspaceID, ContactID: in.ID, Kinds: []channels.CallKind{channels.BlockUser},
			Reason: "person_decided", Meaning: "a person took the block back"})
		if err != nil {
			return err
		}
		if c.BlockedAt == nil && len(stopped) == 0 {
			return fault.New(fault.Conflict, "this person is not blocked").Coded("not_blocked")
		}
		var doors []door
		if err := tx.SelectContext(ctx, &doors, sqlBlockedDoors, who.WorkspaceID, in.ID); err != nil {
			return fmt.Errorf("find where contact %d is blocked: %w", in.ID, err)
		}
		if err := s.knock(ctx, tx, who, in.ID, channels.UnblockUser, doors, s.Now()); err != nil {
			return err
		}
		return s.markBlocked(ctx, tx, who, in.ID, "unblock", in.reason(), false)
	})
	if err != nil {
		return ContactDetail{}, err
	}
	return s.getContact(ctx, who, &in.ByID)
}

const sqlBlockedDoors = `
SELECT l.account_id, l.call->>'channel' AS channel, l.identity_id, i.external_id, i.phone, CASE WHEN l.state <> 'done' THEN l.id END AS under
FROM (SELECT DISTINCT ON (account_id, identity_id) * FROM actions WHERE workspace_id = $1 AND contact_id = $2
      AND kind IN ('person.block','person.unblock') AND state IN ('done','sending','unknown') ORDER BY account_id, identity_id, id DESC) l
JOIN identities i ON i.workspace_id = l.workspace_id AND i.id = l.identity_id
WHERE l.kind = 'person.block'`

// knock plans the calls.
func (s *Server) knock(ctx context.Context, tx *sqlx.Tx, who *caller, contact int64, kind channels.CallKind, doors []door, at time.Time) error {
	var plan []outbox.Action
	for _, d := range doors {
		call := channels.Call{Kind: kind, Channel: channels.Channel(d.Channel), To: deref(d.ExternalID)}
		if d.Channel == string(channels.WhatsApp) {
			call.Phone = deref(d.Phone)
		}
		plan = append(plan, outbox.Action{WorkspaceID: who.WorkspaceID, AccountID: d.AccountID, Purpose: "moderation", Origin: "member", Actor: who.Actor(),
			Dedupe: fmt.Sprintf("%s:%d:%d:%d", kind, d.AccountID, d.IdentityID, s.Now().UnixNano()), ContactID: &contact, IdentityID: &d.IdentityID, WaitsFor: d.Under, Call: call,
			NotBefore: at, ValidUntil: s.Now().Add(7 * 24 * time.Hour)})
	}
	added, err := outbox.Add(ctx, tx, plan)
	if err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, each(added, func(a outbox.Action) inbox.Change {
		return inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "action", ObjectID: a.ID}
	})...)
}

func (s *Server) markBlocked(ctx context.Context, tx *sqlx.Tx, who *caller, contact int64, verb, reason string, blocked bool) error {
	if _, err := tx.ExecContext(ctx, `UPDATE contacts SET blocked_at = CASE WHEN $3 THEN $4::timestamptz END WHERE workspace_id = $1 AND id = $2`, who.WorkspaceID, contact, blocked, s.Now()); err != nil {
		return fmt.Errorf("%s contact %d: %w", verb, contact, err)
	}
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "contact."+verb, fmt.Sprintf("contact:%d", contact), map[string]any{"reason": reason}); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "contact", ObjectID: contact})
}
