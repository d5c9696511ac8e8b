package inbox

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// DeskView is what a list shows of a conversation's way to somebody who answers. Deadlines are empty until
// the desk has written them for the wait that is on.
type DeskView struct {
	Priority      int        `db:"priority"`
	VIP           bool       `db:"vip"`
	AssignedAt    *time.Time `db:"assigned_at"`
	AssignedHow   string     `db:"assigned_how"`
	TakenBack     int        `db:"taken_back"`
	EscalatedAt   *time.Time `db:"escalated_at"`
	SnoozedAt     *time.Time `db:"snoozed_at"`
	SnoozedUntil  *time.Time `db:"snoozed_until"`
	AnswerDueAt   *time.Time `db:"answer_due_at"`
	HandoverDueAt *time.Time `db:"handover_due_at"`
	OverdueAt     *time.Time `db:"overdue_at"`
	DueAt         *time.Time `db:"due_at"`
	QueueAt       *time.Time `db:"queue_at"`
}

const deskColumns = `v.priority, v.vip, v.assigned_at, v.assigned_how, v.taken_back, v.escalated_at, v.snoozed_at, v.snoozed_until,
       CASE WHEN v.due_for = v.waiting_since THEN v.answer_due_at END AS answer_due_at, CASE WHEN v.due_for = v.waiting_since THEN v.handover_due_at END AS handover_due_at,
       CASE WHEN v.due_for = v.waiting_since THEN v.overdue_at END AS overdue_at, CASE WHEN v.due_for = v.waiting_since THEN v.due_at END AS due_at, ` + queuePlace + ` AS queue_at`

// queuePlace is where a waiting conversation stands, the soonest first; one whose deadlines are not written
// yet stands where its wait began.
const queuePlace = `coalesce(CASE WHEN v.due_for = v.waiting_since THEN v.queue_at END, v.waiting_since)`

// sqlOverdue says whether a conversation waits too long; ? is the instant before which a wait without a
// deadline of its own has been too long.
const sqlOverdue = `CASE WHEN v.due_for = v.waiting_since THEN v.overdue_at <= now() ELSE v.waiting_since < ? END`

// Views are the ways to look at the conversations of a workspace. What is snoozed is not shown where work is
// picked up, but when it is overdue: the customer waits all the same.
func (f ConversationFilter) view(w *Where) {
	switch f.View {
	case "mine":
		w.Add("v.assignee_id = ? AND (v.snoozed_at IS NULL OR v.state = 'resolved')", f.Member)
	case "team":
		w.Add(`v.team IN (SELECT t.name FROM teams t JOIN team_members x ON x.workspace_id = t.workspace_id AND x.team_id = t.id WHERE t.workspace_id = $1 AND t.archived_at IS NULL AND x.user_id = ?) AND NOT v.spam AND v.snoozed_at IS NULL`, f.Member)
	case "unassigned":
		w.Add("v.assignee_id IS NULL AND NOT v.spam AND v.snoozed_at IS NULL")
	case "waiting":
		w.Add("v.waiting_since IS NOT NULL AND NOT v.spam AND v.snoozed_at IS NULL")
	case "overdue":
		w.Add(sqlOverdue+" AND v.waiting_since IS NOT NULL AND NOT v.spam", f.Overdue)
	case "snoozed":
		w.Add("v.snoozed_at IS NOT NULL")
	case "spam":
		w.Add("v.spam")
	default:
		w.Add("(NOT v.spam OR ?::bigint <> 0)", f.ContactID)
	}
}

// queued says whether the view is a queue: who has to be answered soonest stands first.
func (f ConversationFilter) queued() bool { return f.View == "waiting" || f.View == "overdue" }

// ViewCounts are how many open conversations each view has.
type ViewCounts struct {
	Mine       int `db:"mine" json:"mine"`
	Team       int `db:"team" json:"team"`
	Unassigned int `db:"unassigned" json:"unassigned"`
	Waiting    int `db:"waiting" json:"waiting"`
	Overdue    int `db:"overdue" json:"overdue"`
	Snoozed    int `db:"snoozed" json:"snoozed"`
	Spam       int `db:"spam" json:"spam"`
	All        int `db:"all" json:"all"`
}

// CountViews counts the open conversations of each view as one member sees them.
func CountViews(ctx context.Context, q sqlx.QueryerContext, workspaceID, member int64, overdue time.Time) (ViewCounts, error) {
	var c ViewCounts
	if err := sqlx.GetContext(ctx, q, &c, sqlCountViews, workspaceID, member, overdue); err != nil {
		return c, fmt.Errorf("count conversations: %w", err)
	}
	return c, nil
}

const sqlCountViews = `
SELECT count(*) FILTER (WHERE v.assignee_id = $2 AND v.snoozed_at IS NULL) AS mine,
       count(*) FILTER (WHERE v.team <> '' AND v.team = ANY (mine.teams) AND NOT v.spam AND v.snoozed_at IS NULL) AS team,
       count(*) FILTER (WHERE v.assignee_id IS NULL AND NOT v.spam AND v.snoozed_at IS NULL) AS unassigned,
       count(*) FILTER (WHERE v.waiting_since IS NOT NULL AND NOT v.spam AND v.snoozed_at IS NULL) AS waiting,
       count(*) FILTER (WHERE v.waiting_since IS NOT NULL AND NOT v.spam AND CASE WHEN v.due_for = v.waiting_since THEN v.overdue_at <= now() ELSE v.waiting_since < $3 END) AS overdue,
       count(*) FILTER (WHERE v.snoozed_at IS NOT NULL) AS snoozed, count(*) FILTER (WHERE v.spam) AS spam, count(*) FILTER (WHERE NOT v.spam) AS all
FROM conversations v, (SELECT ARRAY(SELECT t.name FROM teams t JOIN team_members x ON x.workspace_id = t.workspace_id AND x.team_id = t.id
                                    WHERE t.workspace_id = $1 AND t.archived_at IS NULL AND x.user_id = $2) AS teams) mine
WHERE v.workspace_id = $1 AND v.state = 'open'`
