package review

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
	"ponte/jobs"
)

// Channel is the NOTIFY channel on which decisions about many comments are announced.
const Channel = "ponte_reviews"

// Spreader carries decisions about storms to their members: comment by comment, each a transaction, so
// that it goes on where it stopped whatever is killed. Several replicas may run one each.
type Spreader struct {
	DB     *sqlx.DB
	Change Change // runs a transaction, again where it lost a race
	Now    func() time.Time
	Log    *slog.Logger
	Wake   <-chan struct{}
}

// Run works until the context ends.
func (s *Spreader) Run(ctx context.Context) error {
	once := func(ctx context.Context) (bool, error) {
		n, err := s.Once(ctx)
		return n > 0, err
	}
	return jobs.Loop{Once: once, Every: 5 * time.Second, Wake: s.Wake, Log: s.Log, Failed: "a decision about many comments could not be carried on; trying again"}.Run(ctx)
}

// spreadPage is how many members are worked before others have their turn.
const spreadPage = 100

// Once carries the decisions that are under way a little further and says how many comments followed.
func (s *Spreader) Once(ctx context.Context) (int, error) {
	var items []struct {
		WorkspaceID int64 `db:"workspace_id"`
		ID          int64 `db:"id"`
	}
	if err := s.DB.SelectContext(ctx, &items, `SELECT workspace_id, id FROM review_items WHERE spreading ORDER BY id LIMIT 50`); err != nil {
		return 0, fmt.Errorf("look for decisions under way: %w", err)
	}
	n := 0
	for _, it := range items {
		var b Batch
		err := spread(ctx, s.DB, s.Change, it.WorkspaceID, it.ID, s.Now(), spreadPage, &b)
		n += b.Done + b.Skipped
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// spread lets so many members of an item follow what was decided about it, or taken back.
func spread(ctx context.Context, db *sqlx.DB, change Change, workspace, item int64, at time.Time, most int, out *Batch) error {
	var members []int64
	if err := db.SelectContext(ctx, &members, `SELECT id FROM review_members m WHERE workspace_id = $1 AND item_id = $2 AND `+sqlBehind+` ORDER BY id LIMIT $3`, workspace, item, most); err != nil {
		return fmt.Errorf("find who is to follow review item %d: %w", item, err)
	}
	for _, m := range members {
		var followed followed
		err := change(ctx, func(tx *sqlx.Tx) (err error) {
			followed, err = followOne(ctx, tx, workspace, item, m, at)
			return err
		})
		switch {
		case err != nil:
			return err
		case followed == went:
			out.Done++
		case followed == stayed:
			out.Skipped++
		}
	}
	if err := db.GetContext(ctx, &out.Left, `SELECT count(*) FROM review_members m WHERE workspace_id = $1 AND item_id = $2 AND `+sqlBehind, workspace, item); err != nil {
		return fmt.Errorf("count who is to follow review item %d: %w", item, err)
	}
	if out.Left > 0 {
		return nil
	}
	return change(ctx, func(tx *sqlx.Tx) error {
		// The lock waits for whoever joins the item at this moment.
		if _, err := tx.ExecContext(ctx, `SELECT 1 FROM review_items WHERE workspace_id = $1 AND id = $2 FOR UPDATE`, workspace, item); err != nil {
			return fmt.Errorf("lock review item %d: %w", item, err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE review_items SET spreading = EXISTS (SELECT 1 FROM review_members m WHERE m.workspace_id = $1 AND m.item_id = $2 AND `+sqlBehind+`) WHERE workspace_id = $1 AND id = $2 AND spreading`, workspace, item); err != nil {
			return fmt.Errorf("end the spreading of review item %d: %w", item, err)
		}
		return nil
	})
}

// sqlBehind says that member m has not followed its item yet.
const sqlBehind = `m.state = (SELECT CASE WHEN i.state = 'open' THEN 'decided' ELSE 'open' END FROM review_items i WHERE i.workspace_id = m.workspace_id AND i.id = m.item_id AND i.spreading)`

type followed int

const (
	gone followed = iota // another was quicker
	went
	stayed // it could not follow
)

// leader is the item as a member follows it.
type leader struct {
	State   string `db:"state"`
	Outcome string `db:"outcome"`
	Reason  string `db:"reason"`
	By      string `db:"spread_by"`
	UserID  *int64 `db:"decided_by"`
	Batch   int64  `db:"batch"`
}

// followOne lets one member follow. The order of locks is that of every decision: the person, the
// comment, then the queue.
func followOne(ctx context.Context, tx *sqlx.Tx, workspace, item, member int64, at time.Time) (followed, error) {
	var comment int64
	err := tx.GetContext(ctx, &comment, `SELECT comment_id FROM review_members WHERE workspace_id = $1 AND id = $2`, workspace, member)
	if errors.Is(err, sql.ErrNoRows) {
		return gone, nil
	}
	if err != nil {
		return gone, fmt.Errorf("find member %d: %w", member, err)
	}
	c, err := inbox.LockComment(ctx, tx, workspace, comment)
	if err != nil {
		return gone, err
	}
	var l leader
	err = tx.GetContext(ctx, &l, `
SELECT i.state, coalesce(i.outcome, '') AS outcome, i.reason, i.spread_by, i.decided_by, coalesce(i.batch, 0) AS batch FROM review_members m JOIN review_items i ON i.workspace_id = m.workspace_id AND i.id = m.item_id
WHERE m.workspace_id = $1 AND m.id = $2 AND i.id = $3 AND `+sqlBehind+` FOR UPDATE OF m FOR KEY SHARE OF i`, workspace, member, item)
	if errors.Is(err, sql.ErrNoRows) {
		return gone, nil
	}
	if err != nil {
		return gone, fmt.Errorf("lock member %d: %w", member, err)
	}
	who, err := actor(workspace, l.By)
	if err != nil {
		return gone, err
	}
	ok, state := false, "decided"
	if l.State == "open" {
		state = "open"
		ok, err = l.takeBack(ctx, tx, c, who, at)
	} else {
		ok, err = l.decide(ctx, tx, c, who, at)
	}
	if err != nil {
		return gone, err
	}
	if !ok {
		state = "apart"
	}
	if err := setMember(ctx, tx, workspace, item, member, c.ID, state); err != nil {
		return gone, err
	}
	if !ok {
		return stayed, nil
	}
	return went, nil
}

// setMember says where a member stands; one that stands for the item now is no member beside it.
func setMember(ctx context.Context, tx *sqlx.Tx, workspace, item, member, comment int64, state string) error {
	if state == "open" {
		res, err := tx.ExecContext(ctx, `DELETE FROM review_members WHERE workspace_id = $1 AND id = $2 AND EXISTS (SELECT 1 FROM review_items WHERE workspace_id = $1 AND id = $3 AND comment_id = $4)`, workspace, member, item, comment)
		if err != nil {
			return fmt.Errorf("let member %d stand for its item: %w", member, err)
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE review_members SET state = $3 WHERE workspace_id = $1 AND id = $2`, workspace, member, state); err != nil {
		return fmt.Errorf("move member %d: %w", member, err)
	}
	return nil
}

// decide does to a member what was decided about its item, unless it is gone or a person has spoken.
func (l leader) decide(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, who auth.Who, at time.Time) (bool, error) {
	verb := Held{Outcome: l.Outcome}.Verb()
	if c.State == "removed" || c.Own || c.VerdictID == nil || !verb.Valid() {
		return false, nil
	}
	var spoken bool
	if err := tx.GetContext(ctx, &spoken, `SELECT tier = 'person' FROM verdicts WHERE workspace_id = $1 AND id = $2`, c.WorkspaceID, *c.VerdictID); err != nil {
		return false, fmt.Errorf("look who decided comment %d: %w", c.ID, err)
	}
	if spoken {
		return false, nil
	}
	d := Decision{Who: who, CommentID: c.ID, Verb: verb, Reason: l.Reason, Batch: l.Batch, At: at}
	return true, carry(ctx, tx, c, d)
}

// takeBack undoes a member if its last word is that of the item.
func (l leader) takeBack(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, who auth.Who, at time.Time) (bool, error) {
	last, err := ofBatch(ctx, tx, c, l.Batch)
	if err != nil || !last || c.State == "removed" {
		return false, err
	}
	return true, takeBackOne(ctx, tx, c, who, at)
}

// actor is who an audit line names: what is needed to write one in their name.
func actor(workspace int64, name string) (auth.Who, error) {
	who := auth.Who{WorkspaceID: workspace}
	if _, err := fmt.Sscanf(name, "user:%d", &who.UserID); err == nil {
		return who, nil
	}
	if _, err := fmt.Sscanf(name, "token:%d", &who.TokenID); err == nil {
		return who, nil
	}
	return who, fault.New(fault.Internal, "%q decided about many comments, and is neither a member nor a token", name)
}
