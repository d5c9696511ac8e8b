package outbox

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/inbox"
)

// Epoch keeps a restored copy from sending. A secret stands in a file outside the database and its
// hash inside; it is drawn anew at every start and now and then, so that an older copy of the database
// no longer matches. On a mismatch everything is held until a person releases it.
//
// Replicas share the file.
type Epoch struct {
	path string
	db   *sqlx.DB
	now  func() time.Time
}

// epochLife is how often a running sender draws the epoch anew: a backup older than this shows.
const epochLife = time.Hour

const (
	epochKey  = "send_epoch"
	gapKey    = "send_gap"
	epochLock = 7041777 // advisory lock of the epoch's writers
)

// gap is the time between a backup and its restoring: what was done in it is not in the copy.
type gap struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Epoch string    `json:"epoch"` // the copy's own, so that a second start does not move the gap
}

// OpenEpoch reads or makes the send epoch at path and renews it where it matches. A mismatch is no
// error: it shows in Matches, and nothing is sent. It must run before anything new is taken in, so that
// the end of the backup is seen. It is for whoever sends: MaySend only looks.
func OpenEpoch(ctx context.Context, db *sqlx.DB, path string) (*Epoch, error) {
	e := &Epoch{path: path, db: db, now: time.Now}
	return e, e.Renew(ctx)
}

// MaySend says whether a process that starts with this file may send. It changes nothing, so that a look from
// beside a serving process, by another user or with another data directory, harms nobody.
func MaySend(ctx context.Context, db *sqlx.DB, path string) (bool, error) {
	tx, err := db.BeginTxx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return false, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	// Whoever draws it anew writes file and database one after the other.
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock_shared($1)`, epochLock); err != nil {
		return false, fmt.Errorf("lock the send epoch: %w", err)
	}
	err = (&Epoch{path: path, db: db}).fits(ctx, tx)
	if errors.Is(err, errMismatch) {
		return false, nil
	}
	return err == nil, err
}

// Renew draws a new epoch where the present one matches.
func (e *Epoch) Renew(ctx context.Context) error {
	return e.locked(ctx, func(tx *sqlx.Tx) error { return e.fits(ctx, tx) })
}

// fits returns nil where file and database belong together, errMismatch where they do not.
func (e *Epoch) fits(ctx context.Context, tx *sqlx.Tx) error {
	stored, err := storedEpoch(ctx, tx)
	if err != nil {
		return err
	}
	have, err := e.read()
	if err != nil {
		return err
	}
	if stored == "" && len(have) == 0 || slices.ContainsFunc(have, func(s string) bool { return digest(s) == stored }) {
		return nil
	}
	if stored == "" { // the first start was killed between the file and the database
		return unused(ctx, tx)
	}
	return errMismatch
}

// unused returns nil where the database has never had anything to send: such a one is no copy.
func unused(ctx context.Context, tx *sqlx.Tx) error {
	var used bool
	if err := tx.GetContext(ctx, &used, `SELECT EXISTS (SELECT FROM actions)`); err != nil {
		return fmt.Errorf("look whether the database is new: %w", err)
	}
	if used {
		return errMismatch
	}
	return nil
}

var errMismatch = errors.New("the send epoch does not match")

// locked runs check and, where it returns, draws a new epoch. The file names the old and the new one
// until the database has the new one, so that a crash in between is no mismatch.
func (e *Epoch) locked(ctx context.Context, check func(*sqlx.Tx) error) error {
	tx, err := e.db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, epochLock); err != nil {
		return fmt.Errorf("lock the send epoch: %w", err)
	}
	if err := check(tx); errors.Is(err, errMismatch) {
		if err := e.noteGap(ctx, tx); err != nil {
			return err
		}
		return tx.Commit()
	} else if err != nil {
		return err
	}
	have, err := e.read()
	if err != nil {
		return err
	}
	var raw [16]byte
	_, _ = rand.Read(raw[:])
	next := hex.EncodeToString(raw[:])
	if err := e.write(append(have, next)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, sqlSetInstallation, epochKey, digest(next)); err != nil {
		return fmt.Errorf("save the send epoch: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("save the send epoch: %w", err)
	}
	return e.write([]string{next})
}

const sqlSetInstallation = `
INSERT INTO installation (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`

func storedEpoch(ctx context.Context, q sqlx.QueryerContext) (string, error) {
	var v string
	err := sqlx.GetContext(ctx, q, &v, `SELECT value FROM installation WHERE key = $1`, epochKey)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the send epoch: %w", err)
	}
	return v, nil
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte("ponte send epoch " + secret))
	return hex.EncodeToString(sum[:])
}

func (e *Epoch) read() ([]string, error) {
	b, err := os.ReadFile(e.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the send epoch's file: %w", err)
	}
	return strings.Fields(string(b)), nil
}

func (e *Epoch) write(secrets []string) error {
	tmp, err := os.CreateTemp(filepath.Dir(e.path), ".send-epoch-*")
	if err != nil {
		return fmt.Errorf("write the send epoch's file: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(strings.Join(secrets, "\n") + "\n")
	err = errors.Join(err, ownAsFolder(tmp), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), e.path)
	}
	if err != nil {
		return fmt.Errorf("write the send epoch's file: %w", err)
	}
	return nil
}

// ownAsFolder gives a file that root writes to the owner of its folder: "ponte send release" is often root's,
// and the service that must read the file is not.
func ownAsFolder(f *os.File) error {
	if os.Geteuid() != 0 {
		return nil
	}
	folder, err := os.Stat(filepath.Dir(f.Name()))
	if err != nil {
		return err
	}
	owner, ok := folder.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	if err := f.Chown(int(owner.Uid), int(owner.Gid)); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil // where even root may not give files away, nobody else reads them
}

// Matches says whether this database is the one that may send.
func (e *Epoch) Matches(ctx context.Context) (bool, error) { return e.verify(ctx, e.db) }

func (e *Epoch) verify(ctx context.Context, q sqlx.QueryerContext) (bool, error) {
	if e == nil {
		return true, nil
	}
	ok, err := e.compare(ctx, q)
	if err != nil || ok {
		return ok, err
	}
	// Between the two readings it may have been drawn anew: while nobody can, it is looked at again.
	tx, err := e.db.BeginTxx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock_shared($1)`, epochLock); err != nil {
		return false, fmt.Errorf("lock the send epoch: %w", err)
	}
	return e.compare(ctx, tx)
}

func (e *Epoch) compare(ctx context.Context, q sqlx.QueryerContext) (bool, error) {
	stored, err := storedEpoch(ctx, q)
	if err != nil {
		return false, err
	}
	have, err := e.read()
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(have, func(s string) bool { return digest(s) == stored }), nil
}

// noteGap holds what waits and keeps the time between the last thing the copy knows and now.
func (e *Epoch) noteGap(ctx context.Context, tx *sqlx.Tx) error {
	if err := hold(ctx, tx); err != nil {
		return err
	}
	stored, err := storedEpoch(ctx, tx)
	if err != nil {
		return err
	}
	g, err := loadGap(ctx, tx)
	if err != nil || g != nil && g.Epoch == stored {
		return err
	}
	g = &gap{To: e.now().UTC(), Epoch: stored}
	if err := tx.GetContext(ctx, &g.From, sqlLastKnown); err != nil {
		return fmt.Errorf("find the end of the backup: %w", err)
	}
	b, err := json.Marshal(g)
	if err != nil {
		return fmt.Errorf("encode the gap after the backup: %w", err)
	}
	if _, err := tx.ExecContext(ctx, sqlSetInstallation, gapKey, string(b)); err != nil {
		return fmt.Errorf("save the gap after the backup: %w", err)
	}
	return nil
}

const sqlLastKnown = `
SELECT greatest((SELECT max(received_at) FROM deliveries), (SELECT max(created_at) FROM events),
                (SELECT max(greatest(created_at, sent_at, done_at)) FROM actions), to_timestamp(0))`

func loadGap(ctx context.Context, q sqlx.QueryerContext) (*gap, error) {
	var raw string
	err := sqlx.GetContext(ctx, q, &raw, `SELECT value FROM installation WHERE key = $1`, gapKey)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	var g gap
	if err == nil {
		err = json.Unmarshal([]byte(raw), &g)
	}
	if err != nil {
		return nil, fmt.Errorf("read the gap after the backup: %w", err)
	}
	return &g, nil
}

// hold marks everything that waits, so that it can be seen.
func hold(ctx context.Context, tx sqlx.ExtContext) error {
	if _, err := tx.ExecContext(ctx, sqlHoldRestored); err != nil {
		return fmt.Errorf("hold the actions of a restored copy: %w", err)
	}
	return nil
}

const sqlHoldRestored = `
UPDATE actions SET state = 'held', reason = 'restored_copy',
    meaning = 'this database is a restored copy: what it would send may have been sent before; release sending once you are sure that no other copy runs'
WHERE state IN ('planned','sending')`

// Release lets a restored copy send. What waited in it may have gone out after the backup, so it is
// looked for first; so is whatever answers something said between the backup and now.
func (e *Epoch) Release(ctx context.Context) error {
	if ok, err := e.Matches(ctx); err != nil || ok {
		return err
	}
	return e.locked(ctx, func(tx *sqlx.Tx) error {
		if err := e.noteGap(ctx, tx); err != nil {
			return err
		}
		g, err := loadGap(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, sqlReleaseRestored, pq.Array(repeatable()), g.From); err != nil {
			return fmt.Errorf("release sending: %w", err)
		}
		return inbox.Wake(ctx, tx, Channel)
	})
}

// What was in the backup may have gone out since; what came in after the restore has not.
const sqlReleaseRestored = `
UPDATE actions SET looks = 0, not_before = greatest(not_before, now()),
    state = CASE WHEN kind = ANY($1) OR created_at > $2 THEN 'planned' ELSE 'unknown' END,
    sent_at = CASE WHEN created_at <= $2 THEN coalesce(sent_at, created_at) END
WHERE state = 'held' AND reason = 'restored_copy'`

// doubtful names the actions that may have been carried out between the backup and the making of this copy, and says from
// when on they are looked for: what waited in the backup for whatever reason, what answers something said in the gap, and
// what the program itself raises in the first time after the restore – a reminder that was due in the gap went out of the
// original already. What somebody asks for now, and the answer to what is said now, is new.
func (e *Epoch) doubtful(ctx context.Context, tx sqlx.QueryerContext, actions []work) (map[int64]bool, time.Time, error) {
	if e == nil {
		return nil, time.Time{}, nil
	}
	g, err := loadGap(ctx, tx)
	if err != nil || g == nil {
		return nil, time.Time{}, err
	}
	var ids []int64
	for _, a := range actions {
		if !slices.Contains(repeatable(), string(a.Call.Kind)) {
			ids = append(ids, a.ID)
		}
	}
	var found []int64
	if err := sqlx.SelectContext(ctx, tx, &found, sqlDoubtful, pq.Array(ids), g.From, g.To, g.Epoch, g.To.Add(raisedAnew)); err != nil {
		return nil, time.Time{}, fmt.Errorf("look for actions of the gap: %w", err)
	}
	out := map[int64]bool{}
	for _, id := range found {
		out[id] = true
	}
	return out, g.From, nil
}

// raisedAnew is how long after a restore the program still comes upon what was due before it.
const raisedAnew = time.Hour

const (
	sqlDoubtful = `
SELECT a.id FROM actions a
LEFT JOIN events e ON e.id = a.answers_event
LEFT JOIN comments c ON c.workspace_id = a.workspace_id AND c.id = a.comment_id
WHERE a.id = ANY($1) AND a.gap_cleared <> $4 AND (
    coalesce(e.occurred_at, c.commented_at, a.created_at) BETWEEN $2 AND $3
    OR a.created_at <= $2
    OR a.created_at <= $5 AND a.origin NOT IN ('member','api') AND coalesce(e.occurred_at, c.commented_at, '-infinity') <= $3)`

	sqlThisGap = `coalesce((SELECT value::jsonb->>'epoch' FROM installation WHERE key = '` + gapKey + `'), '')`
)

// repeatable lists the calls that do no harm when made twice.
func repeatable() []string {
	return texts([]channels.CallKind{channels.HideComment, channels.UnhideComment, channels.DeleteComment, channels.MarkRead,
		channels.Typing, channels.BlockUser, channels.UnblockUser, channels.ResumeTemplate})
}
