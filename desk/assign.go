package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/inbox"
	"ponte/notify"
)

// waiting is a conversation in the queue that nobody has.
type waiting struct {
	ID        int64         `db:"id"`
	Team      string        `db:"team"`
	Skill     string        `db:"skill"`
	Language  string        `db:"language"`
	DueAt     *time.Time    `db:"due_at"`
	QueueAt   time.Time     `db:"queue_at"`
	RefusedBy pq.Int64Array `db:"refused_by"`
}

// choose finds who gets a conversation, or says why nobody does. Team and skill hold where anybody has them;
// the language holds until the deadline has passed, because then any answer is better than none. Of those who
// fit, the one with the most room gets it, then the one who has waited longest.
func choose(v waiting, teams map[string]Team, all []*Agent, now time.Time) (*Agent, string) {
	pool := slices.DeleteFunc(slices.Clone(all), func(a *Agent) bool { return !a.takes() })
	narrow := func(has func(*Agent) bool) {
		if slices.ContainsFunc(pool, has) {
			pool = slices.DeleteFunc(pool, func(a *Agent) bool { return !has(a) })
		}
	}
	language := v.Language
	if t, ok := teams[v.Team]; ok && v.Team != "" {
		pool = slices.DeleteFunc(pool, func(a *Agent) bool { return !slices.Contains(a.Teams, v.Team) })
		if len(t.Languages) > 0 && !slices.Contains(t.Languages, language) {
			language = ""
		}
	} else if v.Team != "" { // a name that a bot routes to and nobody has made a team of
		narrow(func(a *Agent) bool { return slices.Contains(a.Skills, v.Team) })
	}
	if v.Skill != "" {
		narrow(func(a *Agent) bool {
			return slices.Contains(a.Skills, v.Skill) || slices.ContainsFunc(a.Teams, func(name string) bool { return slices.Contains(teams[name].Skills, v.Skill) })
		})
	}
	if language != "" && (v.DueAt == nil || v.DueAt.After(now)) {
		narrow(func(a *Agent) bool { return slices.Contains(a.Languages, language) })
	}
	narrow(func(a *Agent) bool { return !slices.Contains(v.RefusedBy, a.UserID) })
	if len(pool) == 0 {
		return nil, "nobody is there for it"
	}
	pool = slices.DeleteFunc(pool, func(a *Agent) bool { return !a.Present(now) })
	if len(pool) == 0 {
		return nil, "nobody who fits is present"
	}
	pool = slices.DeleteFunc(pool, func(a *Agent) bool { return a.Open >= a.Capacity })
	if len(pool) == 0 {
		return nil, "everybody who fits has as much as they can take"
	}
	return slices.MinFunc(pool, freer), ""
}

// freer orders agents: the smaller share of their capacity used, then who was given something longest ago.
func freer(a, b *Agent) int {
	if x := a.Open*b.Capacity - b.Open*a.Capacity; x != 0 {
		return x
	}
	switch {
	case a.LastGivenAt == nil && b.LastGivenAt != nil:
		return -1
	case a.LastGivenAt != nil && b.LastGivenAt == nil:
		return 1
	case a.LastGivenAt != nil && !a.LastGivenAt.Equal(*b.LastGivenAt):
		return a.LastGivenAt.Compare(*b.LastGivenAt)
	}
	return int(a.UserID - b.UserID)
}

// given is one assignment that was decided.
type given struct {
	conversation int64
	user         int64
	due          *time.Time
}

// assign gives waiting conversations to members, in one transaction: the members are locked first, so that
// replicas decide one after the other and each counts what the other gave; the conversations are locked while
// they wait for nobody else.
func (w *Worker) assign(ctx context.Context, sp space) (int, error) {
	if !sp.settings.Desk.AutoAssign {
		return 0, nil
	}
	n := 0
	err := inbox.InTx(ctx, w.DB, func(tx *sqlx.Tx) error {
		if idle, err := nothingToAssign(ctx, tx, sp.id); err != nil || idle {
			return err
		}
		if _, err := tx.ExecContext(ctx, `SELECT 1 FROM members WHERE workspace_id = $1 ORDER BY user_id FOR NO KEY UPDATE`, sp.id); err != nil {
			return fmt.Errorf("lock the members: %w", err)
		}
		list, err := w.decide(ctx, tx, sp)
		if err != nil {
			return err
		}
		n = len(list)
		return give(ctx, tx, sp.id, list, w.Now())
	})
	return n, err
}

// Whoever waits, waits for a person: also where the bot still listens, because no trigger and no flow knew an answer.
const sqlInQueue = `v.workspace_id = $1 AND v.state = 'open' AND v.waiting_since IS NOT NULL AND v.assignee_id IS NULL AND NOT v.spam
  AND v.snoozed_at IS NULL AND v.queue_at IS NOT NULL AND v.due_for = v.waiting_since`

// nothingToAssign spares the lock when the queue is empty.
func nothingToAssign(ctx context.Context, tx *sqlx.Tx, workspaceID int64) (bool, error) {
	var some bool
	if err := tx.GetContext(ctx, &some, `SELECT EXISTS (SELECT 1 FROM conversations v WHERE `+sqlInQueue+`)`, workspaceID); err != nil {
		return false, fmt.Errorf("look at the queue: %w", err)
	}
	return !some, nil
}

// queuePage is how many waiting conversations are looked at in one go.
const queuePage = 200

func (w *Worker) decide(ctx context.Context, tx *sqlx.Tx, sp space) ([]given, error) {
	list, err := Agents(ctx, tx, sp.id, sp.settings.Desk)
	if err != nil {
		return nil, err
	}
	agents := make([]*Agent, len(list))
	for i := range list {
		agents[i] = &list[i]
	}
	named, err := Teams(ctx, tx, sp.id)
	if err != nil {
		return nil, err
	}
	teams := make(map[string]Team, len(named))
	for _, t := range named {
		teams[t.Name] = t
	}
	var out []given
	now := w.Now()
	for after, last := (time.Time{}), int64(0); room(agents, now); {
		var page []waiting
		if err := tx.SelectContext(ctx, &page, sqlQueue, sp.id, after, last, queuePage); err != nil {
			return nil, fmt.Errorf("read the queue: %w", err)
		}
		for _, v := range page {
			after, last = v.QueueAt, v.ID
			if a, _ := choose(v, teams, agents, now); a != nil {
				a.Open++
				a.LastGivenAt = &now
				out = append(out, given{v.ID, a.UserID, v.DueAt})
			}
		}
		if len(page) < queuePage {
			break
		}
	}
	return out, nil
}

func room(agents []*Agent, now time.Time) bool {
	return slices.ContainsFunc(agents, func(a *Agent) bool { return a.takes() && a.Present(now) && a.Open < a.Capacity })
}

// The language is the conversation's, else the person's.
const sqlQueue = `
SELECT v.id, v.team, v.skill, coalesce(nullif(v.language, ''), c.language) AS language, v.due_at, v.queue_at, v.refused_by
FROM conversations v JOIN contacts c ON c.workspace_id = v.workspace_id AND c.id = v.contact_id
WHERE ` + sqlInQueue + ` AND (v.queue_at, v.id) > ($2::timestamptz, $3::bigint)
ORDER BY v.queue_at, v.id LIMIT $4 FOR NO KEY UPDATE OF v SKIP LOCKED`

func give(ctx context.Context, tx *sqlx.Tx, workspaceID int64, list []given, now time.Time) error {
	if len(list) == 0 {
		return nil
	}
	rows := inbox.NewRows("bigint", "bigint", "bigint")
	var steps []Step
	var changes []inbox.Change
	var events []notify.Event
	for _, g := range list {
		rows.Add(workspaceID, g.conversation, g.user)
		steps = append(steps, Step{WorkspaceID: workspaceID, ConversationID: g.conversation, Actor: "system", What: "assigned", UserID: &g.user})
		changes = append(changes, inbox.Change{WorkspaceID: workspaceID, Topic: "conversation", ObjectID: g.conversation})
		events = append(events, notify.Event{WorkspaceID: workspaceID, Kind: notify.Assigned, Members: []int64{g.user}, ConversationID: g.conversation, At: now,
			Data: map[string]any{"due_at": g.due, "user_id": g.user}, Dedupe: fmt.Sprintf("assigned:%d:%d:%d", g.conversation, g.user, now.UnixMilli())})
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(sqlGive, rows.SQL(), len(rows.Args())+1), append(rows.Args(), now)...); err != nil {
		return fmt.Errorf("assign conversations: %w", err)
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(sqlGiven, rows.SQL(), len(rows.Args())+1), append(rows.Args(), now)...); err != nil {
		return fmt.Errorf("note who was given something: %w", err)
	}
	if err := Note(ctx, tx, steps...); err != nil {
		return err
	}
	if err := notify.Raise(ctx, tx, events); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, changes...)
}

const sqlGive = `
UPDATE conversations v SET assignee_id = k.user_id, assigned_at = $%[2]d::timestamptz, assigned_how = 'auto'
FROM (%[1]s) AS k (workspace_id, id, user_id) WHERE v.workspace_id = k.workspace_id AND v.id = k.id`

const sqlGiven = `
INSERT INTO agents (workspace_id, user_id, last_given_at) SELECT DISTINCT k.workspace_id, k.user_id, $%[2]d::timestamptz FROM (%[1]s) AS k (workspace_id, id, user_id)
ON CONFLICT (workspace_id, user_id) DO UPDATE SET last_given_at = excluded.last_given_at`
