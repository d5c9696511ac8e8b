package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/auth"
	"ponte/inbox"
	"ponte/notify"
)

// late is a waiting conversation that takeBack or escalate looks at.
type late struct {
	ID           int64      `db:"id"`
	AccountID    int64      `db:"account_id"`
	Team         string     `db:"team"`
	AssigneeID   *int64     `db:"assignee_id"`
	AssignedAt   *time.Time `db:"assigned_at"`
	WaitingSince time.Time  `db:"waiting_since"`
}

// takeBack puts what was assigned and not answered in time back into the queue, unless its assignee is
// writing at this moment, or has written and the answer is on its way. They are not given the same wait again while there is anybody else.
func (w *Worker) takeBack(ctx context.Context, sp space) (int, error) {
	minutes := sp.settings.Desk.TakeBackMinutes
	if minutes == 0 {
		return 0, nil
	}
	n := 0
	err := inbox.InTx(ctx, w.DB, func(tx *sqlx.Tx) error {
		now := w.Now()
		over := func(v late) bool {
			from := v.WaitingSince
			if v.AssignedAt.After(from) {
				from = *v.AssignedAt
			}
			return !sp.clocks.due(v.Team, v.AccountID, from, minutes).After(now)
		}
		list, err := sp.late(ctx, tx, sqlUnanswered, over, sp.id, now.Add(-time.Duration(minutes)*time.Minute), now.Add(-2*time.Minute), now)
		if err != nil {
			return fmt.Errorf("find what is assigned and not answered: %w", err)
		}
		var ids []int64
		var steps []Step
		var events []notify.Event
		for _, v := range list {
			ids = append(ids, v.ID)
			steps = append(steps, Step{WorkspaceID: sp.id, ConversationID: v.ID, Actor: "system", What: "taken_back", UserID: v.AssigneeID, Detail: map[string]any{"minutes": minutes}})
			events = append(events, notify.Event{WorkspaceID: sp.id, Kind: notify.TakenBack, Members: []int64{*v.AssigneeID}, ConversationID: v.ID, At: now,
				Data: map[string]any{"minutes": minutes, "user_id": *v.AssigneeID}, Dedupe: fmt.Sprintf("returned:%d:%d", v.ID, v.AssignedAt.UnixMilli())})
		}
		if n = len(ids); n == 0 {
			return nil
		}
		if _, err := tx.ExecContext(ctx, `UPDATE conversations SET refused_by = array_append(refused_by, assignee_id), taken_back = taken_back + 1, assignee_id = NULL WHERE workspace_id = $1 AND id = ANY($2)`, sp.id, pq.Array(ids)); err != nil {
			return fmt.Errorf("take conversations back: %w", err)
		}
		return w.tell(ctx, tx, sp.id, ids, steps, events)
	})
	return n, err
}

// takeFromAbsent puts back at once what waits for somebody who cannot answer: their sign-in is switched off, their role
// does not converse any more, or the customer wrote while they were away. What waited before they went is theirs to
// give back or to keep, and what was given to them by hand since then is theirs: the take-back timer looks after both.
func (w *Worker) takeFromAbsent(ctx context.Context, sp space) (int, error) {
	n := 0
	err := inbox.InTx(ctx, w.DB, func(tx *sqlx.Tx) error {
		var roles []string
		for _, r := range auth.Roles {
			if r.Can(auth.Converse) {
				roles = append(roles, string(r))
			}
		}
		var list []struct {
			ID     int64  `db:"id"`
			UserID int64  `db:"user_id"`
			Why    string `db:"why"`
		}
		if err := tx.SelectContext(ctx, &list, sqlTakeFromAbsent, sp.id, pq.Array(roles), sp.settings.Desk.TakeBackMinutes > 0, w.Now()); err != nil {
			return fmt.Errorf("take back what waits for somebody absent: %w", err)
		}
		if n = len(list); n == 0 {
			return nil
		}
		var ids []int64
		var steps []Step
		for _, v := range list {
			ids = append(ids, v.ID)
			steps = append(steps, Step{WorkspaceID: sp.id, ConversationID: v.ID, Actor: "system", What: "unassigned", UserID: &v.UserID, Detail: map[string]any{"why": v.Why}})
		}
		return w.tell(ctx, tx, sp.id, ids, steps, nil)
	})
	return n, err
}

const sqlTakeFromAbsent = `
WITH absent AS (
    SELECT m.user_id, CASE WHEN u.disabled_at IS NOT NULL THEN 'switched_off' WHEN m.role <> ALL($2::text[]) THEN 'role' ELSE 'away' END AS why, a.away_since
    FROM members m JOIN users u ON u.id = m.user_id LEFT JOIN agents a ON a.workspace_id = m.workspace_id AND a.user_id = m.user_id
    WHERE m.workspace_id = $1 AND (u.disabled_at IS NOT NULL OR m.role <> ALL($2::text[]) OR $3 AND a.away_since IS NOT NULL AND (a.away_until IS NULL OR a.away_until > $4))
), held AS (
    SELECT v.id, v.assignee_id, x.why FROM conversations v JOIN absent x ON x.user_id = v.assignee_id
    WHERE v.workspace_id = $1 AND v.state = 'open' AND v.waiting_since IS NOT NULL AND NOT v.spam AND v.snoozed_at IS NULL
      AND (x.why <> 'away' OR v.waiting_since > x.away_since AND v.assigned_at <= x.away_since)
      AND NOT EXISTS (SELECT 1 FROM actions a WHERE ` + onItsWay + ` AND a.not_before <= $4)
    ORDER BY v.id LIMIT 200 FOR NO KEY UPDATE OF v SKIP LOCKED)
UPDATE conversations v SET assignee_id = NULL FROM held WHERE v.workspace_id = $1 AND v.id = held.id RETURNING v.id, held.assignee_id AS user_id, held.why`

// onItsWay is an action a that answers the wait of conversation v and has not left yet.
const onItsWay = `a.workspace_id = v.workspace_id AND a.conversation_id = v.id AND a.state IN ('planned','sending','held','unknown') AND a.origin IN ('member','api')
                  AND a.kind IN ('message.send','template.send') AND a.created_at >= v.waiting_since`

// latePage is how many waiting conversations are read at a time.
const latePage = 200

// late finds those whose minutes are over and holds them. All that have waited long enough by the clock on the wall
// are looked at: in opening hours most of them may not have, and a team that is closed, with hundreds waiting, must
// not keep those of another out of sight.
func (sp space) late(ctx context.Context, tx *sqlx.Tx, stmt string, over func(late) bool, args ...any) ([]late, error) {
	var due []int64
	for after := int64(0); ; {
		var page []late
		if err := tx.SelectContext(ctx, &page, fmt.Sprintf(`%s AND v.id > $%d ORDER BY v.id LIMIT $%d`, stmt, len(args)+1, len(args)+2), append(args[:len(args):len(args)], after, latePage)...); err != nil {
			return nil, err
		}
		for _, v := range page {
			if after = v.ID; over(v) {
				due = append(due, v.ID)
			}
		}
		if len(page) < latePage || len(due) >= latePage { // the others are found in the next pass
			break
		}
	}
	if len(due) == 0 {
		return nil, nil
	}
	var held []late
	err := tx.SelectContext(ctx, &held, fmt.Sprintf(`%s AND v.id = ANY($%d) ORDER BY v.id FOR NO KEY UPDATE OF v SKIP LOCKED`, stmt, len(args)+1), append(args[:len(args):len(args)], pq.Array(due))...)
	return slices.DeleteFunc(held, func(v late) bool { return !over(v) }), err
}

const sqlUnanswered = `
SELECT v.id, v.account_id, v.team, v.assignee_id, v.assigned_at, v.waiting_since FROM conversations v
WHERE v.workspace_id = $1 AND v.state = 'open' AND v.assignee_id IS NOT NULL AND v.waiting_since IS NOT NULL AND NOT v.spam AND v.snoozed_at IS NULL
  AND v.assigned_at <= $2 AND v.waiting_since <= $2 AND v.taken_back < 10
  AND NOT EXISTS (SELECT 1 FROM presence p WHERE p.workspace_id = v.workspace_id AND p.conversation_id = v.id AND p.user_id = v.assignee_id AND p.typing_at > $3)
  AND NOT EXISTS (SELECT 1 FROM actions a WHERE ` + onItsWay + ` AND a.not_before <= $4)`

// escalate hands what waits too long to the team that its team names, else to the supervisors, and makes it
// high priority; once per wait.
func (w *Worker) escalate(ctx context.Context, sp space) (int, error) {
	minutes := sp.settings.Desk.EscalateMinutes
	if minutes == 0 {
		return 0, nil
	}
	n := 0
	err := inbox.InTx(ctx, w.DB, func(tx *sqlx.Tx) error {
		now := w.Now()
		over := func(v late) bool { return !sp.clocks.due(v.Team, v.AccountID, v.WaitingSince, minutes).After(now) }
		list, err := sp.late(ctx, tx, sqlTooLong, over, sp.id, now.Add(-time.Duration(minutes)*time.Minute))
		if err != nil {
			return fmt.Errorf("find what waits too long: %w", err)
		}
		var ids []int64
		var steps []Step
		var events []notify.Event
		for _, v := range list {
			to := sp.escalations[v.Team]
			if err := raiseIt(ctx, tx, sp.id, v.ID, to, now); err != nil {
				return err
			}
			e := notify.Event{WorkspaceID: sp.id, Kind: notify.Escalated, ConversationID: v.ID, At: now, Data: map[string]any{"minutes": minutes, "team": to}, Dedupe: fmt.Sprintf("escalated:%d:%d", v.ID, v.WaitingSince.UnixMilli())}
			if to != "" {
				e.Members = append([]int64{}, sp.teamMembers[to]...)
			}
			ids, events = append(ids, v.ID), append(events, e)
			steps = append(steps, Step{WorkspaceID: sp.id, ConversationID: v.ID, Actor: "system", What: "escalated", UserID: v.AssigneeID, Team: to, Detail: map[string]any{"minutes": minutes, "from_team": v.Team}})
		}
		if n = len(ids); n == 0 {
			return nil
		}
		return w.tell(ctx, tx, sp.id, ids, steps, events)
	})
	return n, err
}

const sqlTooLong = `
SELECT v.id, v.account_id, v.team, v.assignee_id, v.assigned_at, v.waiting_since FROM conversations v
WHERE v.workspace_id = $1 AND v.state = 'open' AND v.waiting_since <= $2 AND v.escalated_at IS NULL AND NOT v.spam AND v.due_for = v.waiting_since`

// raiseIt moves a conversation; due_for is emptied so that its place in the queue is counted anew.
func raiseIt(ctx context.Context, tx *sqlx.Tx, workspaceID, id int64, team string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `
UPDATE conversations SET escalated_at = $3, priority = greatest(priority, 1), due_for = NULL,
    team = CASE WHEN $4 <> '' THEN $4 ELSE team END, assignee_id = CASE WHEN $4 <> '' THEN NULL ELSE assignee_id END
WHERE workspace_id = $1 AND id = $2`, workspaceID, id, now, team)
	if err != nil {
		return fmt.Errorf("escalate conversation %d: %w", id, err)
	}
	return nil
}

// breach is a deadline that is near or has passed.
type breach struct {
	ConversationID int64     `db:"conversation_id"`
	Wait           time.Time `db:"wait"`
	Kind           string    `db:"kind"`
	Level          string    `db:"level"`
	DueAt          time.Time `db:"due_at"`
	AssigneeID     *int64    `db:"assignee_id"`
}

// watch raises near-breaches and breaches. The table's key makes each one told once, whatever restarts and
// however many replicas look.
func (w *Worker) watch(ctx context.Context, sp space) (int, error) {
	n := 0
	err := inbox.InTx(ctx, w.DB, func(tx *sqlx.Tx) error {
		now := w.Now()
		var list []breach
		if err := tx.SelectContext(ctx, &list, sqlBreaches, sp.id, now); err != nil {
			return fmt.Errorf("note deadlines that pass: %w", err)
		}
		if n = len(list); n == 0 {
			return nil
		}
		supervisors, err := membersWho(ctx, tx, sp.id, auth.Supervise)
		if err != nil {
			return err
		}
		var ids []int64
		var steps []Step
		var events []notify.Event
		for _, b := range list {
			ids = append(ids, b.ConversationID)
			e := notify.Event{WorkspaceID: sp.id, Kind: notify.SLANear, ConversationID: b.ConversationID, At: now, Data: map[string]any{"deadline": b.Kind, "due_at": b.DueAt.UTC()},
				Members: append([]int64{}, supervisors...), Dedupe: fmt.Sprintf("sla:%d:%s:%s:%d", b.ConversationID, b.Kind, b.Level, b.Wait.UnixMicro())}
			if b.Level == "breach" {
				e.Kind = notify.SLABreach
				steps = append(steps, Step{WorkspaceID: sp.id, ConversationID: b.ConversationID, Actor: "system", What: "breached", UserID: b.AssigneeID, Detail: map[string]any{"deadline": b.Kind, "due_at": b.DueAt.UTC()}})
			}
			if b.AssigneeID != nil {
				if b.Level == "near" { // the one who can still prevent it
					e.Members = nil
				}
				e.Members = append(e.Members, *b.AssigneeID)
			}
			events = append(events, e)
		}
		return w.tell(ctx, tx, sp.id, ids, steps, events)
	})
	return n, err
}

// A deadline that passed while nobody looked is told as passed, not as near as well. Two hours without an
// answer are told apart from the first answer's deadline.
const sqlBreaches = `
INSERT INTO sla_events (workspace_id, conversation_id, wait, kind, level, due_at, at)
SELECT v.workspace_id, v.id, v.waiting_since, d.kind, CASE WHEN d.due <= $2 THEN 'breach' ELSE 'near' END, d.due, $2
FROM conversations v, LATERAL (VALUES ('answer', v.answer_due_at, v.answer_near_at), ('handover', v.handover_due_at, v.handover_near_at), ('overdue', v.overdue_at, v.overdue_near_at)) AS d (kind, due, near)
WHERE v.workspace_id = $1 AND v.state = 'open' AND v.waiting_since IS NOT NULL AND NOT v.spam AND v.due_for = v.waiting_since AND v.near_at <= $2
  AND d.due IS NOT NULL AND d.near <= $2
  AND NOT EXISTS (SELECT 1 FROM sla_events e WHERE e.workspace_id = v.workspace_id AND e.conversation_id = v.id AND e.wait = v.waiting_since AND e.kind = d.kind
                  AND e.level = CASE WHEN d.due <= $2 THEN 'breach' ELSE 'near' END)
ORDER BY v.id LIMIT 500
ON CONFLICT (workspace_id, conversation_id, wait, kind, level) DO NOTHING
RETURNING conversation_id, wait, kind, level, due_at, (SELECT assignee_id FROM conversations c WHERE c.workspace_id = sla_events.workspace_id AND c.id = sla_events.conversation_id) AS assignee_id`

func membersWho(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, p auth.Permission) ([]int64, error) {
	var rows []struct {
		UserID int64     `db:"user_id"`
		Role   auth.Role `db:"role"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, `SELECT user_id, role FROM members WHERE workspace_id = $1 ORDER BY user_id`, workspaceID); err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	out := []int64{}
	for _, r := range rows {
		if r.Role.Can(p) {
			out = append(out, r.UserID)
		}
	}
	return out, nil
}

func (w *Worker) tell(ctx context.Context, tx *sqlx.Tx, workspaceID int64, ids []int64, steps []Step, events []notify.Event) error {
	if err := Note(ctx, tx, steps...); err != nil {
		return err
	}
	if err := notify.Raise(ctx, tx, events); err != nil {
		return err
	}
	changes := make([]inbox.Change, len(ids))
	for i, id := range ids {
		changes[i] = inbox.Change{WorkspaceID: workspaceID, Topic: "conversation", ObjectID: id}
	}
	return inbox.Touch(ctx, tx, changes...)
}
