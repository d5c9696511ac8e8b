package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
)

// Agent is a member as conversations find them.
type Agent struct {
	UserID      int64         `db:"user_id"`
	Role        auth.Role     `db:"role"`
	Languages   inbox.Strings `db:"languages"`
	Skills      inbox.Strings `db:"skills"`
	Teams       inbox.Strings `db:"teams"`
	OwnCapacity *int          `db:"capacity"` // nil: the workspace's
	AwaySince   *time.Time    `db:"away_since"`
	AwayUntil   *time.Time    `db:"away_until"`
	AwayNote    string        `db:"away_note"`
	SeenAt      *time.Time    `db:"seen_at"`
	LastGivenAt *time.Time    `db:"last_given_at"`
	Open        int           `db:"open"` // open conversations assigned, snoozed ones apart
	Capacity    int           `db:"-"`
}

// Away says whether the member has said that they are away.
func (a Agent) Away(now time.Time) bool {
	return a.AwaySince != nil && (a.AwayUntil == nil || a.AwayUntil.After(now))
}

// Present says whether the member has shown life lately and is not away.
func (a Agent) Present(now time.Time) bool {
	return !a.Away(now) && a.SeenAt != nil && now.Sub(*a.SeenAt) < PresentFor
}

// takes says whether conversations are given to the member by themselves: agents, whoever is in a team, and
// whoever has been given a capacity of their own. An owner who looks in is not suddenly on duty.
func (a Agent) takes() bool {
	return a.Role.Can(auth.Converse) && (a.Role == auth.Agent || len(a.Teams) > 0 || a.OwnCapacity != nil)
}

const sqlAgents = `
SELECT m.user_id, m.role, m.languages, coalesce(a.skills, '{}') AS skills, a.capacity, a.away_since, a.away_until, coalesce(a.away_note, '') AS away_note, a.last_given_at,
       ARRAY(SELECT t.name FROM team_members x JOIN teams t ON t.workspace_id = x.workspace_id AND t.id = x.team_id AND t.archived_at IS NULL WHERE x.workspace_id = m.workspace_id AND x.user_id = m.user_id ORDER BY 1) AS teams,
       (SELECT max(p.seen_at) FROM presence p WHERE p.workspace_id = m.workspace_id AND p.user_id = m.user_id) AS seen_at,
       (SELECT count(*) FROM conversations v WHERE v.workspace_id = m.workspace_id AND v.assignee_id = m.user_id AND v.state = 'open' AND v.snoozed_at IS NULL) AS open
FROM members m JOIN users u ON u.id = m.user_id AND u.disabled_at IS NULL
LEFT JOIN agents a ON a.workspace_id = m.workspace_id AND a.user_id = m.user_id
WHERE m.workspace_id = $1 ORDER BY m.user_id`

// Agents lists the members of a workspace with what they can take.
func Agents(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, d inbox.DeskSettings) ([]Agent, error) {
	var out []Agent
	if err := sqlx.SelectContext(ctx, q, &out, sqlAgents, workspaceID); err != nil {
		return nil, fmt.Errorf("list agents: %w", err)
	}
	for i := range out {
		out[i].Capacity = d.Capacity
		if out[i].OwnCapacity != nil {
			out[i].Capacity = *out[i].OwnCapacity
		}
	}
	return out, nil
}

// MayHave refuses to give a conversation to somebody who cannot answer it: nobody of the workspace, a member whose
// role does not converse, one whose user is switched off. Who is away may be given one by hand.
func MayHave(ctx context.Context, q sqlx.QueryerContext, workspaceID, userID int64) error {
	var found []struct {
		Role auth.Role `db:"role"`
		Off  bool      `db:"off"`
	}
	err := sqlx.SelectContext(ctx, q, &found, `SELECT m.role, u.disabled_at IS NOT NULL AS off FROM members m JOIN users u ON u.id = m.user_id WHERE m.workspace_id = $1 AND m.user_id = $2`, workspaceID, userID)
	switch {
	case err != nil:
		return fmt.Errorf("look for member %d: %w", userID, err)
	case len(found) == 0 || !found[0].Role.Can(auth.Converse):
		return fault.Field("user_id", "that is nobody of this workspace who answers conversations")
	case found[0].Off:
		return fault.Field("user_id", "that member's sign-in is switched off; choose somebody who is there")
	}
	return nil
}

// MayGo refuses a team that is gone, and a name that is none: a conversation put there waits for nobody. A name that
// a bot routes to and nobody has made a team of is known by the conversations that carry it.
func MayGo(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, team string) error {
	var ok bool
	if err := sqlx.GetContext(ctx, q, &ok, sqlTeamKnown, workspaceID, team); err != nil {
		return fmt.Errorf("look for team %q: %w", team, err)
	}
	if !ok {
		return fault.Field("team", "there is no team «%s»; it may have been archived", team)
	}
	return nil
}

const sqlTeamKnown = `
SELECT EXISTS (SELECT 1 FROM teams WHERE workspace_id = $1 AND name = $2 AND archived_at IS NULL)
    OR NOT EXISTS (SELECT 1 FROM teams WHERE workspace_id = $1 AND name = $2) AND EXISTS (SELECT 1 FROM conversations WHERE workspace_id = $1 AND team = $2)`

// AgentInput is what an admin sets of a member.
type AgentInput struct {
	Capacity  *int
	Skills    []string
	Languages []string
}

// SetAgent writes capacity, skills and languages of a member.
func SetAgent(ctx context.Context, tx sqlx.ExtContext, who auth.Who, userID int64, in AgentInput) error {
	if in.Capacity != nil && (*in.Capacity < 0 || *in.Capacity > 500) {
		return fault.Field("capacity", "a capacity is between 0 and 500")
	}
	if err := auth.SetLanguages(ctx, tx, who, userID, in.Languages); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `
INSERT INTO agents (workspace_id, user_id, capacity, skills) VALUES ($1, $2, $3, $4)
ON CONFLICT (workspace_id, user_id) DO UPDATE SET capacity = excluded.capacity, skills = excluded.skills`, who.WorkspaceID, userID, in.Capacity, inbox.Strings(in.Skills)); err != nil {
		return fmt.Errorf("set what member %d can take: %w", userID, err)
	}
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "member.capacity", fmt.Sprintf("user:%d", userID), map[string]any{"capacity": in.Capacity}); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "member", ObjectID: userID})
}

// SetAway notes that a member is away or back. Who is away gets nothing new; with giveBack, what waits for
// their answer goes back to the queue at once.
func SetAway(ctx context.Context, tx sqlx.ExtContext, who auth.Who, userID int64, away bool, until *time.Time, note string, giveBack bool, now time.Time) error {
	if until != nil && !until.After(now) {
		return fault.Field("until", "that time has passed already")
	}
	var since *time.Time
	if away {
		since = &now
	} else {
		until, note = nil, ""
	}
	res, err := tx.ExecContext(ctx, `
INSERT INTO agents (workspace_id, user_id, away_since, away_until, away_note) SELECT workspace_id, user_id, $3, $4, $5 FROM members WHERE workspace_id = $1 AND user_id = $2
ON CONFLICT (workspace_id, user_id) DO UPDATE SET away_since = excluded.away_since, away_until = excluded.away_until, away_note = excluded.away_note`, who.WorkspaceID, userID, since, until, clean(note))
	if err != nil {
		return fmt.Errorf("set member %d away: %w", userID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.NotFound, "user %d is not a member of this workspace", userID)
	}
	if away && giveBack {
		if err := giveAllBack(ctx, tx, who, userID); err != nil {
			return err
		}
	}
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "member.away", fmt.Sprintf("user:%d", userID), map[string]any{"away": away}); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "member", ObjectID: userID})
}

func giveAllBack(ctx context.Context, tx sqlx.ExtContext, who auth.Who, userID int64) error {
	var ids []int64
	// Rows that another transaction holds stay with the member: the take-back timer finds them.
	if err := sqlx.SelectContext(ctx, tx, &ids, `
WITH mine AS (SELECT id FROM conversations WHERE workspace_id = $1 AND assignee_id = $2 AND state = 'open' AND waiting_since IS NOT NULL ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
UPDATE conversations v SET assignee_id = NULL FROM mine WHERE v.workspace_id = $1 AND v.id = mine.id RETURNING v.id`, who.WorkspaceID, userID); err != nil {
		return fmt.Errorf("give back what member %d had: %w", userID, err)
	}
	steps := make([]Step, len(ids))
	changes := make([]inbox.Change, len(ids))
	for i, id := range ids {
		steps[i] = Step{WorkspaceID: who.WorkspaceID, ConversationID: id, Actor: who.Actor(), What: "unassigned", UserID: &userID, Detail: map[string]any{"why": "away"}}
		changes[i] = inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "conversation", ObjectID: id}
	}
	if err := Note(ctx, tx, steps...); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, changes...)
}
