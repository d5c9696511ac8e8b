package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/fault"
	"ponte/inbox"
)

// Progress is what accounts.backfill holds of an account's history that is read, or was.
type Progress struct {
	Wanted    bool       `json:"wanted,omitempty"`
	Started   time.Time  `json:"started,omitzero"`
	Posts     int        `json:"posts"`
	Comments  int        `json:"comments"`
	Cursor    string     `json:"cursor,omitempty"` // of the page of posts that is read
	Read      int        `json:"read,omitempty"`   // posts of that page that are done
	Done      bool       `json:"done"`
	Cancelled bool       `json:"cancelled,omitempty"`
	Ended     *time.Time `json:"ended,omitempty"`
	Note      string     `json:"note,omitempty"`  // what went wrong last
	Tries     int        `json:"tries,omitempty"` // in a row that failed
	Again     *time.Time `json:"again,omitempty"` // not before
}

// ReadProgress reads what an account's row holds; nothing, where no history was ever asked for.
func ReadProgress(a inbox.Account) Progress {
	var p Progress
	if json.Unmarshal(a.Backfill, &p) != nil {
		return Progress{}
	}
	return p
}

// WantBackfill asks for an account's history to be read, from its newest post on.
func WantBackfill(ctx context.Context, tx sqlx.ExtContext, workspaceID, accountID int64) error {
	if _, err := tx.ExecContext(ctx, `UPDATE accounts SET backfill = '{"wanted":true}' WHERE workspace_id = $1 AND id = $2 AND removed_at IS NULL`, workspaceID, accountID); err != nil {
		return fmt.Errorf("ask for a backfill: %w", err)
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspaceID, Topic: "account", ObjectID: accountID})
}

// CancelBackfill stops the reading of an account's history after the post that is read now. What was read stays.
func CancelBackfill(ctx context.Context, tx sqlx.ExtContext, workspaceID, accountID int64, at time.Time) error {
	res, err := tx.ExecContext(ctx, `UPDATE accounts SET backfill = backfill - 'wanted' - 'again' || jsonb_build_object('cancelled', true, 'ended', $3::timestamptz)
WHERE workspace_id = $1 AND id = $2 AND removed_at IS NULL AND backfill->>'wanted' = 'true'`, workspaceID, accountID, at)
	if err != nil {
		return fmt.Errorf("cancel the backfill of account %d: %w", accountID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.Conflict, "no history of account %d is being read", accountID)
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspaceID, Topic: "account", ObjectID: accountID})
}

// MaxBackfillPosts bounds a history.
const MaxBackfillPosts = 200

// maxBackfillTries is how often in a row a history is tried in vain.
const maxBackfillTries = 8

// backfills reads one page of one account's history.
func (f *Fetcher) backfills(ctx context.Context) error {
	var list []inbox.Account
	err := f.DB.SelectContext(ctx, &list, `SELECT workspace_id, id, channel, external_id, backfill FROM accounts
		WHERE removed_at IS NULL AND state = 'connected' AND channel <> 'whatsapp' AND backfill->>'wanted' = 'true'
		  AND coalesce((backfill->>'again')::timestamptz, $1) <= $1 ORDER BY id LIMIT 100`, f.Now())
	list = slices.DeleteFunc(list, func(a inbox.Account) bool { return f.throttled(a.ID) })
	if err != nil || len(list) == 0 {
		return err
	}
	a := list[0]
	h := &reading{f: f, account: a, p: ReadProgress(a), stored: ReadProgress(a).Started}
	if h.p.Started.IsZero() {
		h.p.Started = f.Now().UTC().Truncate(time.Microsecond)
	}
	h.p.Again = nil
	err = h.page(ctx)
	if errors.Is(err, errNotWanted) || err == nil || ctx.Err() != nil {
		return nil
	}
	return errors.Join(err, h.failed(ctx, err))
}

// reading is one account's history while a page of it is read.
type reading struct {
	f       *Fetcher
	account inbox.Account
	p       Progress
	stored  time.Time // start of the reading that the row holds
}

// errNotWanted: a person cancelled the reading, or asked for it from the beginning.
var errNotWanted = errors.New("the history is not wanted any more")

// page reads a page of posts with their comments. Progress is kept after every post, so that a person sees it
// move, a cancel holds at once, and a restart reads no post twice.
func (h *reading) page(ctx context.Context) error {
	account, err := h.f.Open(ctx, h.account.WorkspaceID, h.account.ID)
	if err != nil {
		return err
	}
	page, err := h.f.Network.ListPosts(ctx, account, h.p.Cursor)
	if err != nil {
		return err
	}
	for _, post := range page.Items[min(h.p.Read, len(page.Items)):] {
		if h.p.Posts >= MaxBackfillPosts {
			break
		}
		if err := h.f.savePost(ctx, h.account.WorkspaceID, h.account.ID, post, h.f.media(ctx, account, post.MediaURL)); err != nil {
			return err
		}
		n, err := h.f.comments(ctx, account, post.ID, "backfill", 20)
		if err != nil {
			return err
		}
		h.p.Posts, h.p.Comments, h.p.Read = h.p.Posts+1, h.p.Comments+n, h.p.Read+1
		h.p.Tries, h.p.Note = 0, ""
		if err := h.keep(ctx); err != nil {
			return err
		}
	}
	if h.p.Cursor, h.p.Read = page.Next, 0; h.p.Cursor == "" || h.p.Posts >= MaxBackfillPosts {
		at := h.f.Now().UTC()
		h.p.Wanted, h.p.Done, h.p.Ended, h.p.Cursor = false, true, &at, ""
	}
	return h.keep(ctx)
}

// failed notes why the reading stopped, and when it goes on: an account whose network is down must not keep
// the others' histories waiting.
func (h *reading) failed(ctx context.Context, why error) error {
	h.p.Note = publicFailure(why)
	now := h.f.Now().UTC()
	if h.p.Tries++; h.p.Tries >= maxBackfillTries || !mayPass(why) {
		h.p.Wanted, h.p.Ended = false, &now
	} else {
		again := now.Add(min(time.Hour, time.Minute<<(h.p.Tries-1)))
		h.p.Again = &again
	}
	if err := h.keep(ctx); !errors.Is(err, errNotWanted) {
		return err
	}
	return nil
}

// mayPass says that a failure may be over by itself.
func mayPass(err error) bool {
	var f *channels.Failure
	return !errors.As(err, &f) || f.Class == channels.Retry || f.Class == channels.Wait || f.Class == channels.Unknown
}

func publicFailure(err error) string {
	var f *channels.Failure
	if errors.As(err, &f) {
		return f.Meaning
	}
	return "it could not be read; the log says why"
}

// keep writes the progress, unless the row is no longer that of this reading.
func (h *reading) keep(ctx context.Context) error {
	b, err := json.Marshal(h.p)
	if err != nil {
		return err
	}
	tx, err := h.f.DB.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	stored := ""
	if !h.stored.IsZero() {
		stored = h.stored.Format(time.RFC3339Nano)
	}
	res, err := tx.ExecContext(ctx, `UPDATE accounts SET backfill = $3 WHERE workspace_id = $1 AND id = $2 AND backfill->>'wanted' = 'true' AND coalesce(backfill->>'started', '') = $4`,
		h.account.WorkspaceID, h.account.ID, string(b), stored)
	if err != nil {
		return fmt.Errorf("keep a backfill's progress: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errNotWanted)
	}
	if err := inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: h.account.WorkspaceID, Topic: "account", ObjectID: h.account.ID}); err != nil {
		return err
	}
	h.stored = h.p.Started
	return tx.Commit()
}
