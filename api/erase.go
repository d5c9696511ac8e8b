package api

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/gate"
	"ponte/inbox"
	"ponte/outbox"
	"ponte/privacy"
)

var promotional = []gate.Purpose{gate.Promotional}

func (s *Server) eraseContact(ctx context.Context, who *caller, in *emptyIn) error {
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		return s.erase(ctx, tx, who.WorkspaceID, in.ID, who.Actor())
	})
	if err == nil {
		s.finishNow(ctx, who.WorkspaceID, in.ID)
	}
	return err
}

// Erasure says what erasing a person would empty, and what stays to be provable.
type Erasure struct {
	Identities    int `json:"identities" db:"identities"`
	Comments      int `json:"comments" db:"comments"`
	Messages      int `json:"messages" db:"messages"`
	Conversations int `json:"conversations" db:"conversations"`
	Waiting       int `json:"waiting" db:"waiting" doc:"Actions that would be cancelled"`
	Consent       int `json:"consent" db:"consent" doc:"Entries of the ledger that stay, without who it was and what they said"`
	Actions       int `json:"actions" db:"actions" doc:"Actions that stay, without their words"`

	UnderWay bool `json:"under_way" db:"under_way" doc:"They were erased, and what names them in what others sent, or was under way, is still being emptied"`
}

// erasure counts what eraseContact would touch, so that a member sees it before.
func (s *Server) erasure(ctx context.Context, who *caller, in *ByID) (Erasure, error) {
	var out Erasure
	if _, err := inbox.ViewContact(ctx, s.DB, who.WorkspaceID, in.ID); err != nil {
		return out, err
	}
	if err := s.DB.GetContext(ctx, &out, sqlErasure, who.WorkspaceID, in.ID); err != nil {
		return out, fmt.Errorf("count what erasing contact %d would empty: %w", in.ID, err)
	}
	return out, nil
}

const sqlErasure = `
SELECT (SELECT count(*) FROM identities WHERE workspace_id = $1 AND contact_id = $2) AS identities,
       (SELECT count(*) FROM comments WHERE workspace_id = $1 AND contact_id = $2) AS comments,
       (SELECT count(*) FROM messages m JOIN threads t ON t.workspace_id = m.workspace_id AND t.id = m.thread_id WHERE t.workspace_id = $1 AND t.contact_id = $2) AS messages,
       (SELECT count(*) FROM conversations WHERE workspace_id = $1 AND contact_id = $2) AS conversations,
       (SELECT count(*) FROM actions WHERE workspace_id = $1 AND contact_id = $2 AND state IN ('planned','held')) AS waiting,
       (SELECT count(*) FROM consent_personal WHERE workspace_id = $1 AND contact_id = $2) AS consent,
       (SELECT count(*) FROM actions WHERE workspace_id = $1 AND contact_id = $2 AND state NOT IN ('planned','held')) AS actions,
       EXISTS (SELECT 1 FROM erasures WHERE workspace_id = $1 AND contact_id = $2 AND done_at IS NULL) AS under_way`

// erase removes what is personal about one contact and keeps what must be provable: consent entries
// without their values, actions without their words, and that the erasure took place.
func (s *Server) erase(ctx context.Context, tx *sqlx.Tx, workspace, id int64, actor string) error {
	if _, _, _, err := s.lockPerson(ctx, tx, workspace, id); err != nil {
		return err
	}
	var into *int64
	if err := tx.GetContext(ctx, &into, `SELECT merged_into FROM contacts WHERE workspace_id = $1 AND id = $2`, workspace, id); err != nil {
		return fmt.Errorf("look whether contact %d was merged: %w", id, err)
	}
	if into != nil {
		return fault.New(fault.Conflict, "contact %d was merged into contact %d; erase that one", id, *into)
	}
	all, err := inbox.MergedInto(ctx, tx, workspace, id)
	if err != nil {
		return err
	}
	if err := noteErasure(ctx, tx, workspace, id, all); err != nil {
		return err
	}
	if err := s.empty(ctx, tx, workspace, all); err != nil {
		return err
	}
	if err := auth.Audit(ctx, tx, workspace, actor, "contact.erase", fmt.Sprintf("contact:%d", id), nil); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspace, Topic: "contact", ObjectID: id})
}

// empty takes what is theirs by a key from all of the contacts: who was merged into a person is that person.
func (s *Server) empty(ctx context.Context, tx *sqlx.Tx, workspace int64, all []int64) error {
	for _, one := range all {
		if err := outbox.CancelErased(ctx, tx, workspace, one); err != nil {
			return err
		}
		if err := privacy.Erase(ctx, tx, storesWhere(func(p privacy.Store) bool { return p.Rank < lockedLast }), workspace, one); err != nil {
			return err
		}
	}
	for _, one := range all {
		if err := s.Ledger.Erase(ctx, tx, workspace, one); err != nil {
			return err
		}
		if err := privacy.Erase(ctx, tx, storesWhere(func(p privacy.Store) bool { return p.Rank >= lockedLast }), workspace, one); err != nil {
			return err
		}
	}
	return nil
}

func storesWhere(is func(privacy.Store) bool) []privacy.Store {
	return slices.DeleteFunc(slices.Clone(stores), func(p privacy.Store) bool { return !is(p) })
}

// eraseEverywhere erases the person with this id at the network in every workspace.
func (s *Server) eraseEverywhere(ctx context.Context, externalID string) (int, error) {
	var found []struct {
		WorkspaceID int64 `db:"workspace_id"`
		ContactID   int64 `db:"contact_id"`
	}
	err := s.DB.SelectContext(ctx, &found, `SELECT DISTINCT workspace_id, contact_id FROM identities WHERE external_id = $1 AND channel IN ('facebook','instagram','messenger') ORDER BY 1, 2`, externalID)
	if err != nil {
		return 0, fmt.Errorf("look for the person to erase: %w", err)
	}
	for _, f := range found {
		if err := s.change(ctx, func(tx *sqlx.Tx) error { return s.erase(ctx, tx, f.WorkspaceID, f.ContactID, "meta") }); err != nil {
			return 0, err
		}
		s.finishNow(ctx, f.WorkspaceID, f.ContactID)
	}
	return len(found), nil
}
