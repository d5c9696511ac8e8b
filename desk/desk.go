// Package desk leads every conversation to somebody who answers it in time: teams, what members can take, the
// queue, assignment, deadlines and their breaches; and what members do among themselves – notes, snoozes,
// drafts, who is looking at what.
//
// It owns teams, team_members, agents, presence, conversation_steps, sla_events, notes, drafts,
// scheduled_replies, labels and desk_clocks, and the columns of conversations that migration 0022 added.
//
//	waiting ─▶ stamped (deadlines, place in the queue) ─▶ assigned ─▶ answered
//	   ▲                                                    │
//	   └────────────── taken back, unanswered ◀─────────────┘ ─▶ escalated
package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
)

// PresentFor is how long after a sign of life a member counts as present and gets conversations.
const PresentFor = 3 * time.Minute

// Team is a group of members that conversations are routed to by its name.
type Team struct {
	WorkspaceID int64           `db:"workspace_id"`
	ID          int64           `db:"id"`
	Name        string          `db:"name"`
	Skills      inbox.Strings   `db:"skills"`
	Languages   inbox.Strings   `db:"languages"`
	Hours       json.RawMessage `db:"hours"` // null: the workspace's
	EscalateTo  string          `db:"escalate_to"`
	Members     pq.Int64Array   `db:"members"`
	Open        int             `db:"open"`
	Waiting     int             `db:"waiting"`
}

const sqlTeams = `
SELECT t.workspace_id, t.id, t.name, t.skills, t.languages, coalesce(t.hours, 'null'::jsonb) AS hours, t.escalate_to,
       ARRAY(SELECT m.user_id FROM team_members m WHERE m.workspace_id = t.workspace_id AND m.team_id = t.id ORDER BY m.user_id) AS members,
       coalesce(v.open, 0) AS open, coalesce(v.waiting, 0) AS waiting
FROM teams t
LEFT JOIN (SELECT team, count(*) AS open, count(*) FILTER (WHERE waiting_since IS NOT NULL) AS waiting FROM conversations
           WHERE workspace_id = $1 AND state = 'open' AND team <> '' AND NOT spam GROUP BY team) v ON v.team = t.name
WHERE t.workspace_id = $1 AND t.archived_at IS NULL`

// Teams lists the teams of a workspace by name.
func Teams(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) ([]Team, error) {
	var out []Team
	if err := sqlx.SelectContext(ctx, q, &out, sqlTeams+` ORDER BY t.name`, workspaceID); err != nil {
		return nil, fmt.Errorf("list teams: %w", err)
	}
	return out, nil
}

// LoadTeam returns one team.
func LoadTeam(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (Team, error) {
	var out []Team
	if err := sqlx.SelectContext(ctx, q, &out, sqlTeams+` AND t.id = $2`, workspaceID, id); err != nil {
		return Team{}, fmt.Errorf("load team %d: %w", id, err)
	}
	if len(out) == 0 {
		return Team{}, fault.New(fault.NotFound, "team %d does not exist in this workspace", id)
	}
	return out[0], nil
}

// SaveTeam writes a team; one without an id is made. A team that is renamed takes its conversations with it.
func SaveTeam(ctx context.Context, tx sqlx.ExtContext, who auth.Who, t Team) (int64, error) {
	if err := t.check(ctx, tx); err != nil {
		return 0, err
	}
	hours := any(nil)
	if len(t.Hours) > 0 && string(t.Hours) != "null" {
		hours = string(t.Hours)
	}
	verb, was := "team.change", ""
	var err error
	if t.ID == 0 {
		verb = "team.add"
		err = sqlx.GetContext(ctx, tx, &t.ID, `INSERT INTO teams (workspace_id, name, skills, languages, hours, escalate_to) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`, t.WorkspaceID, t.Name, t.Skills, t.Languages, hours, t.EscalateTo)
	} else {
		before, lerr := LoadTeam(ctx, tx, t.WorkspaceID, t.ID)
		if lerr != nil {
			return 0, lerr
		}
		was = before.Name
		_, err = tx.ExecContext(ctx, `UPDATE teams SET name = $3, skills = $4, languages = $5, hours = $6, escalate_to = $7 WHERE workspace_id = $1 AND id = $2`, t.WorkspaceID, t.ID, t.Name, t.Skills, t.Languages, hours, t.EscalateTo)
	}
	if taken(err) {
		return 0, fault.Field("name", "there is a team «%s» already", t.Name)
	}
	if err != nil {
		return 0, fmt.Errorf("save team: %w", err)
	}
	if was != "" && was != t.Name {
		for _, stmt := range []string{`UPDATE conversations SET team = $3 WHERE workspace_id = $1 AND team = $2`, `UPDATE teams SET escalate_to = $3 WHERE workspace_id = $1 AND escalate_to = $2`} {
			if _, err := tx.ExecContext(ctx, stmt, t.WorkspaceID, was, t.Name); err != nil {
				return 0, fmt.Errorf("rename team %d: %w", t.ID, err)
			}
		}
	}
	if err := rename(ctx, tx, t.WorkspaceID, aTeam, was, t.Name); err != nil {
		return 0, err
	}
	if err := setTeamMembers(ctx, tx, t); err != nil {
		return 0, err
	}
	if err := auth.Audit(ctx, tx, t.WorkspaceID, who.Actor(), verb, fmt.Sprintf("team:%d", t.ID), map[string]any{"members": []int64(t.Members)}); err != nil {
		return 0, err
	}
	return t.ID, inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: t.WorkspaceID, Topic: "team", ObjectID: t.ID})
}

func (t *Team) check(ctx context.Context, q sqlx.QueryerContext) error {
	t.Name = clean(t.Name)
	if t.Name == "" || len([]rune(t.Name)) > 60 {
		return fault.Field("name", "a team's name has 1 to 60 characters")
	}
	if err := checkHours(t.Hours); err != nil {
		return err
	}
	if t.EscalateTo == "" {
		return nil
	}
	var n int
	if err := sqlx.GetContext(ctx, q, &n, `SELECT count(*) FROM teams WHERE workspace_id = $1 AND name = $2 AND id <> $3 AND archived_at IS NULL`, t.WorkspaceID, t.EscalateTo, t.ID); err != nil {
		return fmt.Errorf("look for team %q: %w", t.EscalateTo, err)
	}
	if n == 0 {
		return fault.Field("escalate_to", "there is no other team of that name")
	}
	return nil
}

func setTeamMembers(ctx context.Context, tx sqlx.ExtContext, t Team) error {
	ids := pq.Array(append([]int64{}, t.Members...)) // an empty list, not NULL
	if _, err := tx.ExecContext(ctx, `DELETE FROM team_members WHERE workspace_id = $1 AND team_id = $2 AND user_id <> ALL($3)`, t.WorkspaceID, t.ID, ids); err != nil {
		return fmt.Errorf("take members out of team %d: %w", t.ID, err)
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO team_members (workspace_id, team_id, user_id) SELECT workspace_id, $2, user_id FROM members WHERE workspace_id = $1 AND user_id = ANY($3)
ON CONFLICT (workspace_id, team_id, user_id) DO UPDATE SET user_id = excluded.user_id`, t.WorkspaceID, t.ID, ids)
	if err != nil {
		return fmt.Errorf("put members into team %d: %w", t.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || int(n) != len(distinct(t.Members)) {
		return fault.Field("member_ids", "somebody on the list is not a member of this workspace")
	}
	return nil
}

// ArchiveTeam ends a team; its conversations wait without one, by the hours of all, and say so.
func ArchiveTeam(ctx context.Context, tx sqlx.ExtContext, who auth.Who, id int64) error {
	t, err := LoadTeam(ctx, tx, who.WorkspaceID, id)
	if err != nil {
		return err
	}
	var open []int64
	if err := sqlx.SelectContext(ctx, tx, &open, sqlTeamEnds, who.WorkspaceID, t.Name); err != nil {
		return fmt.Errorf("take the conversations of team %d out of it: %w", id, err)
	}
	for _, stmt := range []string{
		`UPDATE teams SET archived_at = now() WHERE workspace_id = $1 AND name = $2 AND archived_at IS NULL`,
		`UPDATE teams SET escalate_to = '' WHERE workspace_id = $1 AND escalate_to = $2`,
	} {
		if _, err := tx.ExecContext(ctx, stmt, who.WorkspaceID, t.Name); err != nil {
			return fmt.Errorf("end team %d: %w", id, err)
		}
	}
	steps, changes := make([]Step, len(open)), make([]inbox.Change, len(open))
	for i, v := range open {
		steps[i] = Step{WorkspaceID: who.WorkspaceID, ConversationID: v, Actor: who.Actor(), What: "team", Detail: map[string]any{"why": "team_ended", "from_team": t.Name}}
		changes[i] = inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "conversation", ObjectID: v}
	}
	if err := Note(ctx, tx, steps...); err != nil {
		return err
	}
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "team.archive", fmt.Sprintf("team:%d", id), map[string]any{"conversations": len(open)}); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, append(changes, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "team", ObjectID: id})...)
}

// Who was passed over in the team may get it now, and its deadlines are counted anew.
const sqlTeamEnds = `
WITH theirs AS (SELECT id FROM conversations WHERE workspace_id = $1 AND team = $2 AND state = 'open' ORDER BY id FOR NO KEY UPDATE)
UPDATE conversations v SET team = '', due_for = NULL, refused_by = '{}' FROM theirs k WHERE v.workspace_id = $1 AND v.id = k.id RETURNING v.id`

func taken(err error) bool {
	var p *pq.Error
	return errors.As(err, &p) && p.Code == "23505"
}

func clean(text string) string {
	return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), ""))
}

func distinct(ids []int64) map[int64]bool {
	out := make(map[int64]bool, len(ids))
	for _, id := range ids {
		out[id] = true
	}
	return out
}
