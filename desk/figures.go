package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Figures say how quickly customers were answered in a period, and who waits now.
type Figures struct {
	Opened        int      `db:"opened"`
	BotAnswered   int      `db:"bot_answered"`
	HumanAnswered int      `db:"human_answered"`
	BotMedian     *float64 `db:"bot_median"` // seconds from the opening to the bot's first answer
	BotP90        *float64 `db:"bot_p90"`
	HumanMedian   *float64 `db:"human_median"` // seconds from the handover, else the opening, to a person's first answer
	HumanP90      *float64 `db:"human_p90"`
	HandedOver    int      `db:"handed_over"`
	HandoverMed   *float64 `db:"handover_median"` // seconds from the handover to a person's first answer
	HandoverP90   *float64 `db:"handover_p90"`
	Waits         int      `db:"waits"`    // conversations of the period with a deadline, answered or run out
	Breached      int      `db:"breached"` // of them, those with a first answer or handover too late
	Overdue2h     int      `db:"red"`      // of them, those that went red
	TakenBack     int      `db:"taken_back"`
	Escalated     int      `db:"escalated"`

	WaitingNow    int        `db:"waiting_now"`
	UnassignedNow int        `db:"unassigned_now"`
	OverdueNow    int        `db:"overdue_now"`
	SnoozedNow    int        `db:"snoozed_now"`
	LongestSince  *time.Time `db:"longest_since"`
}

// ReadFigures counts conversations opened in [from, until). Times are by the clock on the wall; deadlines are
// in opening hours.
func ReadFigures(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, from, until time.Time) (Figures, error) {
	var f Figures
	if err := sqlx.GetContext(ctx, q, &f, sqlFigures, workspaceID, from, until); err != nil {
		return f, fmt.Errorf("read how quickly customers were answered: %w", err)
	}
	return f, nil
}

// What ran out is put beside the conversations and grouped with them, and steps look their conversation up: a
// join would go over all of one for each of the other where the planner has not counted what a burst brought.
const sqlFigures = `
WITH opened AS (
    SELECT id, extract(epoch FROM first_bot_answer_at - opened_at) AS bot,
           extract(epoch FROM first_human_answer_at - CASE WHEN handed_over_at <= first_human_answer_at THEN greatest(handed_over_at, opened_at) ELSE opened_at END) AS human,
           handed_over_at IS NOT NULL AS handed, extract(epoch FROM first_human_answer_at - handed_over_at) AS handover
    FROM conversations WHERE workspace_id = $1 AND opened_at >= $2 AND opened_at < $3 AND NOT spam
), v AS (
    SELECT id, max(bot) AS bot, max(human) AS human, bool_or(handed) AS handed, max(handover) AS handover, bool_or(missed) AS missed, bool_or(red) AS red
    FROM (SELECT id, bot, human, handed, handover, NULL::boolean AS missed, NULL::boolean AS red, true AS opened FROM opened
          UNION ALL SELECT conversation_id, NULL, NULL, NULL, NULL, kind IN ('answer','handover'), kind = 'overdue', NULL FROM sla_events WHERE workspace_id = $1 AND level = 'breach' AND at >= $2) x
    GROUP BY id HAVING bool_or(opened)
), s AS (
    SELECT count(*) FILTER (WHERE p.what = 'taken_back') AS taken_back, count(*) FILTER (WHERE p.what = 'escalated') AS escalated
    FROM conversation_steps p JOIN conversations c ON c.workspace_id = p.workspace_id AND c.id = p.conversation_id
    WHERE p.workspace_id = $1 AND p.what IN ('taken_back','escalated') AND c.opened_at >= $2 AND c.opened_at < $3 AND NOT c.spam
), now_ AS (
    SELECT count(*) AS waiting_now, count(*) FILTER (WHERE assignee_id IS NULL) AS unassigned_now, count(*) FILTER (WHERE due_for = waiting_since AND overdue_at <= now()) AS overdue_now, min(waiting_since) AS longest_since
    FROM conversations WHERE workspace_id = $1 AND state = 'open' AND waiting_since IS NOT NULL AND NOT spam
)
SELECT count(v.id) AS opened, count(v.bot) FILTER (WHERE v.bot >= 0) AS bot_answered, count(v.human) FILTER (WHERE v.human >= 0) AS human_answered,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY v.bot) FILTER (WHERE v.bot >= 0) AS bot_median, percentile_cont(0.9) WITHIN GROUP (ORDER BY v.bot) FILTER (WHERE v.bot >= 0) AS bot_p90,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY v.human) FILTER (WHERE v.human >= 0) AS human_median, percentile_cont(0.9) WITHIN GROUP (ORDER BY v.human) FILTER (WHERE v.human >= 0) AS human_p90,
       count(*) FILTER (WHERE v.handed) AS handed_over, percentile_cont(0.5) WITHIN GROUP (ORDER BY v.handover) FILTER (WHERE v.handover >= 0) AS handover_median,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY v.handover) FILTER (WHERE v.handover >= 0) AS handover_p90,
       count(*) FILTER (WHERE v.bot IS NOT NULL OR v.human IS NOT NULL OR v.missed IS NOT NULL) AS waits, count(*) FILTER (WHERE v.missed) AS breached, count(*) FILTER (WHERE v.red) AS red,
       (SELECT taken_back FROM s) AS taken_back, (SELECT escalated FROM s) AS escalated,
       (SELECT waiting_now FROM now_) AS waiting_now, (SELECT unassigned_now FROM now_) AS unassigned_now, (SELECT overdue_now FROM now_) AS overdue_now, (SELECT longest_since FROM now_) AS longest_since,
       (SELECT count(*) FROM conversations WHERE workspace_id = $1 AND state = 'open' AND snoozed_at IS NOT NULL) AS snoozed_now
FROM v`

// Slice is a part of the conversations of a period: those opened on one day, routed to one team, or assigned
// to one member.
type Slice struct {
	Day           *string  `db:"day"` // in the workspace's time zone
	Team          *string  `db:"team"`
	UserID        *int64   `db:"user_id"`
	Name          string   `db:"name"` // of the member
	Opened        int      `db:"opened"`
	BotAnswered   int      `db:"bot_answered"`
	HumanAnswered int      `db:"human_answered"`
	HandedOver    int      `db:"handed_over"`
	BotMedian     *float64 `db:"bot_median"`
	HumanMedian   *float64 `db:"human_median"`
	Waits         int      `db:"waits"`
	Breached      int      `db:"breached"`
}

// ReadSlices parts the figures of a period by day, by team and by member, in this order. Conversations
// without a team or a member are in no slice of that sort.
func ReadSlices(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, from, until time.Time) (days, teams, members []Slice, err error) {
	var all []Slice
	if err := sqlx.SelectContext(ctx, q, &all, sqlSlices, workspaceID, from, until); err != nil {
		return nil, nil, nil, fmt.Errorf("part how quickly customers were answered: %w", err)
	}
	for _, s := range all {
		switch {
		case s.Day != nil:
			days = append(days, s)
		case s.Team != nil:
			teams = append(teams, s)
		default:
			members = append(members, s)
		}
	}
	return days, teams, members, nil
}

const sqlSlices = `
WITH opened AS (
    SELECT c.id, to_char(c.opened_at AT TIME ZONE w.time_zone, 'YYYY-MM-DD') AS day, nullif(c.team, '') AS team, c.assignee_id AS user_id, c.handed_over_at IS NOT NULL AS handed,
           extract(epoch FROM first_bot_answer_at - opened_at) AS bot,
           extract(epoch FROM first_human_answer_at - CASE WHEN handed_over_at <= first_human_answer_at THEN greatest(handed_over_at, opened_at) ELSE opened_at END) AS human
    FROM conversations c JOIN workspaces w ON w.id = c.workspace_id WHERE c.workspace_id = $1 AND c.opened_at >= $2 AND c.opened_at < $3 AND NOT c.spam
), v AS (
    SELECT max(day) AS day, max(team) AS team, max(user_id) AS user_id, bool_or(handed) AS handed, max(bot) AS bot, max(human) AS human, coalesce(bool_or(missed), false) AS missed
    FROM (SELECT id, day, team, user_id, handed, bot, human, NULL::boolean AS missed, true AS opened FROM opened
          UNION ALL SELECT conversation_id, NULL, NULL, NULL, NULL, NULL, NULL, true, NULL FROM sla_events WHERE workspace_id = $1 AND level = 'breach' AND kind IN ('answer','handover') AND at >= $2) x
    GROUP BY id HAVING bool_or(opened)
), g AS (
    SELECT v.day, v.team, v.user_id, count(*) AS opened, count(v.bot) FILTER (WHERE v.bot >= 0) AS bot_answered, count(v.human) FILTER (WHERE v.human >= 0) AS human_answered, count(*) FILTER (WHERE v.handed) AS handed_over,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY v.bot) FILTER (WHERE v.bot >= 0) AS bot_median, percentile_cont(0.5) WITHIN GROUP (ORDER BY v.human) FILTER (WHERE v.human >= 0) AS human_median,
           count(*) FILTER (WHERE v.bot IS NOT NULL OR v.human IS NOT NULL OR v.missed) AS waits, count(*) FILTER (WHERE v.missed) AS breached
    FROM v GROUP BY GROUPING SETS ((v.day), (v.team), (v.user_id))
)
SELECT g.*, coalesce(nullif(u.name, ''), u.email, '') AS name FROM g LEFT JOIN users u ON u.id = g.user_id
WHERE num_nonnulls(g.day, g.team, g.user_id) = 1 ORDER BY g.day, g.opened DESC, g.team, g.user_id`
