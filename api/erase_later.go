package api

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/inbox"
	"ponte/jobs"
	"ponte/outbox"
	"ponte/privacy"
)

// noteErasure keeps by what the person is found in what others sent, until that is done.
func noteErasure(ctx context.Context, tx *sqlx.Tx, workspace, id int64, all []int64) error {
	names, err := namesOf(ctx, tx, workspace, all)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, sqlNoteErasure, workspace, id, pq.Array(names)); err != nil {
		return fmt.Errorf("note the erasure of contact %d: %w", id, err)
	}
	return nil
}

const sqlNoteErasure = `
INSERT INTO erasures AS e (workspace_id, contact_id, names, newest) VALUES ($1, $2, $3, (SELECT coalesce(max(id), 0) FROM events))
ON CONFLICT (workspace_id, contact_id) DO UPDATE SET asked_at = now(), names = e.names || excluded.names, newest = excluded.newest, seen = 0, look_at = now(), done_at = NULL`

func namesOf(ctx context.Context, tx *sqlx.Tx, workspace int64, contacts []int64) ([]string, error) {
	names := []string{}
	if err := tx.SelectContext(ctx, &names, sqlNamesOf, workspace, pq.Array(contacts)); err != nil {
		return nil, fmt.Errorf("list by what somebody is known: %w", err)
	}
	return names, nil
}

const sqlNamesOf = `
SELECT DISTINCT n FROM identities i CROSS JOIN LATERAL (VALUES (i.external_id), (i.phone)) AS v (n)
WHERE i.workspace_id = $1 AND i.contact_id = ANY($2) AND n <> '' AND n <> 'erased:' || i.id`

// FinishErasures does, until the context ends, what an erasure leaves for later: it looks through all events of the
// workspace, a step at a time, for what names the person, and empties what was under way when it has ended.
func (s *Server) FinishErasures(ctx context.Context) error {
	return jobs.Loop{Once: s.FinishErasure, Every: 10 * time.Second, Log: s.Log, Failed: "an erasure could not be finished; trying again"}.Run(ctx)
}

type erasureRow struct {
	WorkspaceID int64          `db:"workspace_id"`
	ContactID   int64          `db:"contact_id"`
	AskedAt     time.Time      `db:"asked_at"`
	Names       pq.StringArray `db:"names"`
	Newest      int64          `db:"newest"`
	Seen        int64          `db:"seen"`
}

const erasureColumns = `workspace_id, contact_id, asked_at, names, newest, seen`

// FinishErasure takes one step of one erasure and says whether there was one to take.
func (s *Server) FinishErasure(ctx context.Context) (bool, error) {
	return s.erasureStep(ctx, `SELECT `+erasureColumns+` FROM erasures WHERE done_at IS NULL AND look_at <= now() ORDER BY look_at LIMIT 1 FOR UPDATE SKIP LOCKED`)
}

// finishNow goes on with an erasure for as long as somebody may be kept waiting for the answer: where there are few
// events, nothing but what is under way is left for later. A failure leaves the rest for FinishErasures.
func (s *Server) finishNow(ctx context.Context, workspace, id int64) {
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
		more, err := s.erasureStep(ctx, `SELECT `+erasureColumns+` FROM erasures WHERE done_at IS NULL AND look_at <= now() AND workspace_id = $1 AND contact_id = $2 FOR UPDATE SKIP LOCKED`, workspace, id)
		if err != nil {
			s.Log.Error("an erasure could not be finished at once; it goes on in the background", "contact", id, "error", err)
		}
		if !more || err != nil {
			return
		}
	}
}

func (s *Server) erasureStep(ctx context.Context, next string, args ...any) (bool, error) {
	var e erasureRow
	var last int64
	err := inbox.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		if err := tx.GetContext(ctx, &e, next, args...); err != nil || len(e.Names) == 0 {
			return err
		}
		if err := tx.GetContext(ctx, &last, sqlEraseStep, e.WorkspaceID, e.Seen, eraseStep, e.Names, e.Newest, e.AskedAt); err != nil || last == 0 {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE erasures SET seen = $3 WHERE workspace_id = $1 AND contact_id = $2`, e.WorkspaceID, e.ContactID, last)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for what names contact %d, who is erased: %w", e.ContactID, err)
	}
	if last > 0 {
		return true, nil
	}
	return true, s.change(ctx, func(tx *sqlx.Tx) error { return s.endErasure(ctx, tx, e.WorkspaceID, e.ContactID) })
}

// eraseStep is how many events are looked through at once: some hundredths of a second.
const eraseStep = 2000

// What the person sends after the erasure is theirs anew. A key may hold a name as well.
const sqlEraseStep = `
WITH step AS (SELECT id FROM events WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3),
gone AS (UPDATE events e SET payload = '{"erased":true}', state = CASE WHEN e.state = 'pending' THEN 'done' ELSE e.state END,
    reason = CASE WHEN e.state = 'pending' THEN 'erased' ELSE e.reason END, done_at = CASE WHEN e.state = 'pending' THEN now() ELSE e.done_at END,
    key = CASE WHEN string_to_array(e.key, ':') && $4::text[] THEN 'erased:' || e.id ELSE e.key END
    WHERE e.id IN (SELECT id FROM step) AND (e.id <= $5 OR e.occurred_at <= $6)
      AND (string_to_array(e.key, ':') && $4::text[] OR EXISTS (SELECT 1 FROM unnest($4::text[]) n WHERE strpos(e.payload::text, '"' || n || '"') > 0)) RETURNING delivery_id),
bodies AS (UPDATE deliveries SET body = ''::bytea, reason = 'erased' WHERE state = 'split' AND id IN (SELECT delivery_id FROM gone))
SELECT coalesce(max(id), 0) FROM step`

// endErasure empties what has ended meanwhile. While something is under way it looks again later; then everything is
// emptied once more, because what was decided or sent at the moment of the erasure may have written words behind it.
func (s *Server) endErasure(ctx context.Context, tx *sqlx.Tx, workspace, id int64) error {
	if _, _, _, err := s.lockPerson(ctx, tx, workspace, id); err != nil {
		return err
	}
	all, err := inbox.MergedInto(ctx, tx, workspace, id)
	if err != nil {
		return err
	}
	for _, one := range all {
		if err := outbox.CancelErased(ctx, tx, workspace, one); err != nil {
			return err
		}
		if err := privacy.Erase(ctx, tx, storesWhere(func(p privacy.Store) bool { return p.Table == "actions" || p.Table == "asks" }), workspace, one); err != nil {
			return err
		}
	}
	var open bool
	if err := tx.GetContext(ctx, &open, sqlStillOpen, workspace, id, pq.Array(all)); err != nil {
		return fmt.Errorf("look what is under way for contact %d, who is erased: %w", id, err)
	}
	if open {
		_, err := tx.ExecContext(ctx, sqlLookLater, workspace, id)
		return err
	}
	names, err := namesOf(ctx, tx, workspace, all) // on Messenger a private reply tells under which id its reader writes
	if err != nil {
		return err
	}
	if err := s.empty(ctx, tx, workspace, all); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, sqlEndErasure, workspace, id, pq.Array(names)); err != nil {
		return fmt.Errorf("end the erasure of contact %d: %w", id, err)
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspace, Topic: "contact", ObjectID: id})
}

// The names are kept no longer than a webhook from before the erasure may still become events.
const sqlLookLater = `
UPDATE erasures e SET look_at = now() + interval '20 seconds',
    names = CASE WHEN EXISTS (SELECT 1 FROM deliveries d WHERE d.state = 'pending' AND d.received_at <= e.asked_at) THEN e.names ELSE '{}' END
WHERE workspace_id = $1 AND contact_id = $2`

// A transaction that began before the erasure is over after two minutes.
const sqlStillOpen = `
SELECT EXISTS (SELECT 1 FROM erasures WHERE workspace_id = $1 AND contact_id = $2 AND asked_at > now() - interval '2 minutes')
    OR EXISTS (SELECT 1 FROM actions WHERE workspace_id = $1 AND contact_id = ANY($3) AND (state IN ('planned','held','sending','unknown') OR state = 'done' AND reason = 'seen'))
    OR EXISTS (SELECT 1 FROM asks WHERE workspace_id = $1 AND state IN ('pending','asking') AND (
        subject = 'comment' AND subject_id IN (SELECT id FROM comments WHERE workspace_id = $1 AND contact_id = ANY($3))
     OR subject = 'message' AND subject_id IN (SELECT m.id FROM messages m JOIN threads t ON t.workspace_id = m.workspace_id AND t.id = m.thread_id WHERE t.workspace_id = $1 AND t.contact_id = ANY($3))))`

const sqlEndErasure = `
UPDATE erasures SET names = $3, seen = 0, done_at = CASE WHEN cardinality($3::text[]) = 0 THEN now() END WHERE workspace_id = $1 AND contact_id = $2`
