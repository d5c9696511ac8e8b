package live

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/fault"
	"ponte/flow"
	"ponte/inbox"
)

// Heard is a message that waits for the end of its burst.
type Heard struct {
	Message int64     `json:"message"`
	Event   int64     `json:"event"`
	Wish    flow.Wish `json:"wish,omitempty"`
}

// Run is a person inside a flow.
type Run struct {
	WorkspaceID    int64      `db:"workspace_id"`
	ID             int64      `db:"id"`
	FlowID         *int64     `db:"flow_id"`
	VersionID      *int64     `db:"version_id"`
	Shipped        string     `db:"shipped"`
	ConversationID int64      `db:"conversation_id"`
	ThreadID       int64      `db:"thread_id"`
	AccountID      int64      `db:"account_id"`
	Lane           int16      `db:"lane"`
	RawState       []byte     `db:"state"`
	RawPending     []byte     `db:"pending"`
	AnswersEvent   *int64     `db:"answers_event"`
	BeganWith      string     `db:"began_with"`
	TriggerID      *int64     `db:"trigger_id"`
	CampaignID     *int64     `db:"campaign_id"`
	StartedAt      time.Time  `db:"started_at"`
	UpdatedAt      time.Time  `db:"updated_at"`
	EndedAt        *time.Time `db:"ended_at"`
	Why            string     `db:"why"`

	State   flow.State `db:"-"`
	Pending []Heard    `db:"-"`
	New     bool       `db:"-"` // not written yet
}

const runColumns = `r.workspace_id, r.id, r.flow_id, r.version_id, r.shipped, r.conversation_id, r.thread_id, r.account_id, r.lane, r.state, r.pending, r.answers_event,
       r.began_with, r.trigger_id, r.campaign_id, r.started_at, r.updated_at, r.ended_at, r.why`

// OpenRuns returns the runs that go on in conversations, and those with the ids given, locked.
func OpenRuns(ctx context.Context, tx sqlx.QueryerContext, conversations, ids []int64) ([]*Run, error) {
	if len(conversations)+len(ids) == 0 {
		return nil, nil
	}
	var out []*Run
	err := sqlx.SelectContext(ctx, tx, &out, `SELECT `+runColumns+` FROM flow_runs r WHERE r.conversation_id = ANY($1) AND r.ended_at IS NULL OR r.id = ANY($2) ORDER BY r.id FOR UPDATE`,
		pq.Array(conversations), pq.Array(ids))
	if err != nil {
		return nil, fmt.Errorf("load runs of flows: %w", err)
	}
	for _, r := range out {
		if err := r.decode(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *Run) decode() error {
	if err := json.Unmarshal(r.RawState, &r.State); err != nil {
		return fmt.Errorf("read the state of run %d: %w", r.ID, err)
	}
	if err := json.Unmarshal(r.RawPending, &r.Pending); err != nil {
		return fmt.Errorf("read what run %d waits with: %w", r.ID, err)
	}
	return nil
}

// End ends the run with a reason.
func (r *Run) End(why string, at time.Time) {
	if r.EndedAt == nil {
		r.EndedAt, r.Why, r.Pending = &at, why, nil
	}
}

// timer is when the run wants to hear that time has passed, and the number of that.
func (r *Run) timer() (*time.Time, int) {
	if r.EndedAt != nil || r.State.Due.IsZero() || r.State.Waiting == flow.Ended {
		return nil, r.State.Seq
	}
	due := r.State.Due
	return &due, r.State.Seq
}

// SaveRuns writes runs, new or changed.
func SaveRuns(ctx context.Context, tx sqlx.ExtContext, list []*Run) error {
	for _, r := range list {
		state, err := json.Marshal(r.State)
		if err != nil {
			return fmt.Errorf("encode the state of run %d: %w", r.ID, err)
		}
		pending := []byte("[]")
		if len(r.Pending) > 0 {
			if pending, err = json.Marshal(r.Pending); err != nil {
				return fmt.Errorf("encode what run %d waits with: %w", r.ID, err)
			}
		}
		due, seq := r.timer()
		if r.New {
			_, err = tx.ExecContext(ctx, sqlInsertRun, r.WorkspaceID, r.ID, r.FlowID, r.VersionID, r.Shipped, r.ConversationID, r.ThreadID, r.AccountID, r.Lane, string(state), string(pending),
				r.AnswersEvent, r.BeganWith, r.TriggerID, r.CampaignID, due, seq, r.StartedAt, r.UpdatedAt, r.EndedAt, r.Why)
		} else {
			_, err = tx.ExecContext(ctx, sqlUpdateRun, r.WorkspaceID, r.ID, string(state), string(pending), r.AnswersEvent, due, seq, r.UpdatedAt, r.EndedAt, r.Why)
		}
		if err != nil {
			return fmt.Errorf("keep run %d: %w", r.ID, err)
		}
	}
	return nil
}

const (
	sqlInsertRun = `
INSERT INTO flow_runs (workspace_id, id, flow_id, version_id, shipped, conversation_id, thread_id, account_id, lane, state, pending, answers_event, began_with, trigger_id, campaign_id,
    timer_at, timer_seq, started_at, updated_at, ended_at, why) OVERRIDING SYSTEM VALUE
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`
	sqlUpdateRun = `
UPDATE flow_runs SET state = $3, pending = $4, answers_event = $5, timer_at = $6, timer_seq = $7, updated_at = $8, ended_at = $9, why = $10 WHERE workspace_id = $1 AND id = $2`
)

// EndByHand leads a person out of a flow, as a member wishes. What it has planned to say already still goes out.
func EndByHand(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, at time.Time) error {
	var run struct {
		ConversationID int64 `db:"conversation_id"`
		Ended          bool  `db:"ended"`
	}
	err := sqlx.GetContext(ctx, tx, &run, `SELECT conversation_id, ended_at IS NOT NULL AS ended FROM flow_runs WHERE workspace_id = $1 AND id = $2 FOR UPDATE`, workspace, id)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "run %d of a flow does not exist in this workspace", id)
	}
	if err != nil {
		return fmt.Errorf("load run %d: %w", id, err)
	}
	if run.Ended {
		return fault.New(fault.Conflict, "this person has left the flow already")
	}
	_, err = tx.ExecContext(ctx, `UPDATE flow_runs SET ended_at = $3, why = 'by_hand', timer_at = NULL, pending = '[]', updated_at = $3 WHERE workspace_id = $1 AND id = $2`, workspace, id, at)
	if err != nil {
		return fmt.Errorf("end run %d: %w", id, err)
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspace, Topic: "flow_run", ObjectID: id}, inbox.Change{WorkspaceID: workspace, Topic: "conversation", ObjectID: run.ConversationID})
}

// EndResolved ends the runs of conversations that a person resolved or erased. It returns how many.
func EndResolved(ctx context.Context, q sqlx.ExtContext) (int64, error) {
	res, err := q.ExecContext(ctx, `
UPDATE flow_runs r SET ended_at = now(), why = 'resolved', timer_at = NULL, pending = '[]', updated_at = now()
FROM conversations v WHERE r.ended_at IS NULL AND v.workspace_id = r.workspace_id AND v.id = r.conversation_id AND v.state = 'resolved'`)
	if err != nil {
		return 0, fmt.Errorf("end runs of resolved conversations: %w", err)
	}
	return res.RowsAffected()
}

// Library keeps parsed versions: they never change, so each is read once.
type Library struct {
	mu      sync.Mutex
	parsed  map[int64]*flow.Flow
	shipped map[string]*flow.Flow
}

// maxParsed bounds what is kept; a version that was dropped is read again.
const maxParsed = 500

// Flow returns the flow a run is on.
func (l *Library) Flow(ctx context.Context, q sqlx.QueryerContext, r *Run) (*flow.Flow, error) {
	if r.Shipped != "" {
		return l.Shipped(r.Shipped)
	}
	return l.Version(ctx, q, r.WorkspaceID, *r.VersionID)
}

// Version returns a published version, ready to be played.
func (l *Library) Version(ctx context.Context, q sqlx.QueryerContext, workspace, id int64) (*flow.Flow, error) {
	l.mu.Lock()
	f := l.parsed[id]
	l.mu.Unlock()
	if f != nil {
		return f, nil
	}
	var document string
	if err := sqlx.GetContext(ctx, q, &document, `SELECT document FROM flow_versions WHERE workspace_id = $1 AND id = $2`, workspace, id); err != nil {
		return nil, fmt.Errorf("load version %d of a flow: %w", id, err)
	}
	f, err := flow.Parse([]byte(document))
	if err != nil {
		return nil, fmt.Errorf("version %d of a flow was published and cannot be read any more: %w", id, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.parsed == nil || len(l.parsed) >= maxParsed {
		l.parsed = map[int64]*flow.Flow{}
	}
	l.parsed[id] = f
	return f, nil
}

// Shipped returns a flow of the library that no workspace has to keep.
func (l *Library) Shipped(id string) (*flow.Flow, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.shipped[id]; f != nil {
		return f, nil
	}
	document, _, err := flow.Shipped(id)
	if err != nil {
		return nil, err
	}
	f, err := flow.Parse(document)
	if err != nil {
		return nil, err
	}
	if l.shipped == nil {
		l.shipped = map[string]*flow.Flow{}
	}
	l.shipped[id] = f
	return f, nil
}

// RunView is a run for people to read.
type RunView struct {
	Run
	Number  *int   `db:"number"`
	FlowKey string `db:"flow_key"`
	Person  string `db:"person"`
	Contact int64  `db:"contact_id"`
}

// RunFilter narrows a list of runs. Zero fields do not narrow.
type RunFilter struct {
	FlowID       int64
	Flow         string // key, also of a shipped one
	Why          string // how it ended
	Conversation int64
	Open         *bool
	Before       int64
	Limit        int
}

// Runs lists runs, the newest first.
func Runs(ctx context.Context, q sqlx.QueryerContext, workspace int64, f RunFilter) ([]RunView, error) {
	var out []RunView
	err := sqlx.SelectContext(ctx, q, &out, `SELECT `+runColumns+`, n.number, coalesce(w.key, r.shipped) AS flow_key, c.id AS contact_id, c.name AS person
FROM flow_runs r JOIN threads t ON t.workspace_id = r.workspace_id AND t.id = r.thread_id JOIN contacts c ON c.workspace_id = t.workspace_id AND c.id = t.contact_id
LEFT JOIN flow_versions n ON n.workspace_id = r.workspace_id AND n.id = r.version_id LEFT JOIN flows w ON w.workspace_id = r.workspace_id AND w.id = r.flow_id
WHERE r.workspace_id = $1 AND ($2::bigint = 0 OR r.flow_id = $2) AND ($3::bigint = 0 OR r.conversation_id = $3) AND ($4::boolean IS NULL OR (r.ended_at IS NULL) = $4) AND ($5::bigint = 0 OR r.id < $5)
  AND ($7 = '' OR coalesce(w.key, r.shipped) = $7) AND ($8 = '' OR r.why = $8)
ORDER BY r.id DESC LIMIT $6`, workspace, f.FlowID, f.Conversation, f.Open, f.Before, f.Limit, f.Flow, f.Why)
	if err != nil {
		return nil, fmt.Errorf("list runs of flows: %w", err)
	}
	for i := range out {
		if err := out[i].decode(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Kinds of internal events that runs wait for.
const (
	EventSettled = inbox.FlowSettled
	EventTimer   = inbox.FlowTimer
	EventCalled  = inbox.FlowCalled
)

// Payload is what an internal event of a run carries.
type Payload struct {
	RunID int64 `json:"run_id"`
	Seq   int   `json:"seq,omitempty"`
	Event int64 `json:"event,omitempty"` // settled: the message after which it was quiet
	Call  int64 `json:"call_id,omitempty"`
}
