package desk

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
	"ponte/notify"
)

// Worker keeps the queue: deadlines, assignment, what is taken back, escalated, breached, woken. Every replica
// runs one; what they decide is decided once.
type Worker struct {
	DB   *sqlx.DB
	Now  func() time.Time
	Log  *slog.Logger
	Wake <-chan struct{} // rung when something changed
}

const (
	poll  = 2 * time.Second
	pause = 300 * time.Millisecond // between two passes, however often the bell rings
)

// Run works until the context ends.
func (w *Worker) Run(ctx context.Context) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if err := w.Pass(ctx); err != nil && ctx.Err() == nil {
			w.Log.Error("the desk's queue could not be kept; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		select {
		case <-ctx.Done():
			return nil
		case <-w.Wake:
		case <-tick.C:
		}
	}
}

// space is one workspace as a pass needs it.
type space struct {
	id          int64
	settings    inbox.Settings
	clocks      clocks
	escalations map[string]string  // team to the team it escalates to
	teamMembers map[string][]int64 // of teams that are escalated to
}

// Pass does once whatever is to be done now in every workspace. A workspace that fails does not keep the
// others waiting.
func (w *Worker) Pass(ctx context.Context) error {
	spaces, err := inbox.Workspaces(ctx, w.DB)
	if err != nil {
		return err
	}
	var failed error
	for _, ws := range spaces {
		if err := w.keep(ctx, ws); err != nil && ctx.Err() == nil {
			failed = fmt.Errorf("workspace %d: %w", ws.ID, err)
			w.Log.Error("a workspace's queue could not be kept", "workspace", ws.ID, "error", err)
		}
	}
	if _, err := w.DB.ExecContext(ctx, `DELETE FROM presence WHERE seen_at < $1`, w.Now().Add(-time.Hour)); err != nil {
		return fmt.Errorf("forget who was there: %w", err)
	}
	return failed
}

func (w *Worker) keep(ctx context.Context, ws inbox.Workspace) error {
	sp, err := w.load(ctx, ws)
	if err != nil {
		return err
	}
	for { // new waits first: everything else looks at their deadlines
		n, err := w.stamp(ctx, sp)
		if err != nil {
			return err
		}
		if n < stampAtOnce {
			break
		}
	}
	for _, step := range []func(context.Context, space) (int, error){w.wakeSnoozed, w.strays, w.plannedOfGone, w.unsent, w.watch, w.takeFromAbsent, w.takeBack, w.escalate} {
		if _, err := step(ctx, sp); err != nil {
			return err
		}
	}
	if _, err := w.stamp(ctx, sp); err != nil { // what was escalated has another place
		return err
	}
	_, err = w.assign(ctx, sp)
	return err
}

func (w *Worker) load(ctx context.Context, ws inbox.Workspace) (space, error) {
	sp := space{id: ws.ID, escalations: map[string]string{}, teamMembers: map[string][]int64{}}
	var err error
	if sp.settings, err = inbox.ParseSettings(ws.Settings); err != nil {
		return sp, err
	}
	if sp.clocks, err = loadClocks(ctx, w.DB, ws.ID, sp.settings); err != nil {
		return sp, err
	}
	var rows []struct {
		Name string `db:"name"`
		To   string `db:"escalate_to"`
	}
	if err := w.DB.SelectContext(ctx, &rows, `SELECT name, escalate_to FROM teams WHERE workspace_id = $1 AND archived_at IS NULL AND escalate_to <> ''`, ws.ID); err != nil {
		return sp, fmt.Errorf("load who escalates to whom: %w", err)
	}
	for _, r := range rows {
		sp.escalations[r.Name] = r.To
		var ids []int64
		if err := w.DB.SelectContext(ctx, &ids, `SELECT m.user_id FROM team_members m JOIN teams t ON t.workspace_id = m.workspace_id AND t.id = m.team_id AND t.archived_at IS NULL WHERE t.workspace_id = $1 AND t.name = $2`, ws.ID, r.To); err != nil {
			return sp, fmt.Errorf("load the members of team %q: %w", r.To, err)
		}
		sp.teamMembers[r.To] = ids
	}
	return sp, nil
}

// wakeSnoozed brings conversations back whose time has come.
func (w *Worker) wakeSnoozed(ctx context.Context, sp space) (int, error) {
	n := 0
	err := inbox.InTx(ctx, w.DB, func(tx *sqlx.Tx) error {
		var list []late
		err := tx.SelectContext(ctx, &list, `
WITH due AS (SELECT id FROM conversations WHERE workspace_id = $1 AND snoozed_at IS NOT NULL AND snoozed_until <= $2 ORDER BY id LIMIT 200 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE conversations v SET snoozed_at = NULL, snoozed_until = NULL FROM due WHERE v.workspace_id = $1 AND v.id = due.id RETURNING v.id, v.assignee_id`, sp.id, w.Now())
		if err != nil {
			return fmt.Errorf("wake what was snoozed: %w", err)
		}
		if n = len(list); n == 0 {
			return nil
		}
		var ids []int64
		var steps []Step
		var events []notify.Event
		for _, v := range list {
			ids = append(ids, v.ID)
			steps = append(steps, Step{WorkspaceID: sp.id, ConversationID: v.ID, Actor: "system", What: "woken", Detail: map[string]any{"why": "time"}})
			e := notify.Event{WorkspaceID: sp.id, Kind: notify.Woken, ConversationID: v.ID, Members: []int64{}, At: w.Now(), Dedupe: fmt.Sprintf("woken:%d:%d", v.ID, w.Now().UnixMilli())}
			if v.AssigneeID != nil {
				e.Members = append(e.Members, *v.AssigneeID)
			}
			events = append(events, e)
		}
		return w.tell(ctx, tx, sp.id, ids, steps, events)
	})
	return n, err
}
