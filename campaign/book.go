package campaign

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/inbox"
	"ponte/router"
	"ponte/wall"
)

// Ledger is a workspace's book for a batch: what its triggers have done for the people and at the places
// concerned, and the places it takes under their ceilings. It lives as long as the batch's transaction.
type Ledger struct {
	*router.Book
	ctx   context.Context
	tx    *sqlx.Tx
	ws    int64
	zone  *time.Location
	spans map[spanKey]*span
	taken []slotRow

	queued bool // it is this batch's turn at the ceilings that are nearly reached
}

// OpenLedger reads the book of a workspace. The contacts of the people are locked by the caller, so that
// nobody else answers them meanwhile.
func OpenLedger(ctx context.Context, tx *sqlx.Tx, w inbox.Workspace, set *router.Set, people, posts []int64) (*Ledger, error) {
	zone, err := Zone(w.TimeZone)
	if err != nil {
		return nil, err
	}
	l := &Ledger{Book: router.NewBook(), ctx: ctx, tx: tx, ws: w.ID, zone: zone, spans: map[spanKey]*span{}}
	l.Room = l.room
	if len(set.Triggers()) == 0 {
		return l, nil
	}
	if err := l.readRuns(people); err != nil {
		return nil, err
	}
	return l, l.readLast(set, posts)
}

func (l *Ledger) readRuns(people []int64) error {
	if len(people) == 0 {
		return nil
	}
	var rows []struct {
		Trigger  int64  `db:"trigger_id"`
		Identity int64  `db:"identity_id"`
		Contact  int64  `db:"contact_id"`
		Scope    string `db:"scope"`
	}
	if err := l.tx.SelectContext(l.ctx, &rows, sqlRunsOf, l.ws, pq.Array(people)); err != nil {
		return fmt.Errorf("load trigger runs: %w", err)
	}
	for _, r := range rows {
		l.Keep(router.Run{TriggerID: r.Trigger, PersonID: r.Identity, Scope: r.Scope}, r.Contact)
	}
	return nil
}

// A person who was joined out of several has been answered where any of theirs was. Each step goes by its own key,
// and the workspace is asked for beside it: the planner takes a table that was empty when it last looked for one where
// the workspace alone finds a row.
const sqlRunsOf = `
SELECT r.trigger_id, r.identity_id, c.contact_id, r.scope FROM unnest($2::bigint[]) AS p (id)
CROSS JOIN LATERAL (SELECT workspace_id, contact_id FROM identities WHERE id = p.id OFFSET 0) c
CROSS JOIN LATERAL (SELECT workspace_id, id FROM identities WHERE contact_id = c.contact_id OFFSET 0) i
CROSS JOIN LATERAL (SELECT workspace_id, trigger_id, identity_id, scope FROM trigger_runs WHERE identity_id = i.id OFFSET 0) r
WHERE c.workspace_id = $1 AND i.workspace_id = $1 AND r.workspace_id = $1`

// readLast finds the variant that was given last at each place where there is a choice.
func (l *Ledger) readLast(set *router.Set, posts []int64) error {
	places := inbox.NewRows("bigint", "bigint")
	for _, t := range set.Triggers() {
		if !varies(t) {
			continue
		}
		for _, p := range posts {
			if len(t.PostIDs) == 0 || slices.Contains(t.PostIDs, p) {
				places.Add(t.ID, p)
			}
		}
	}
	if places.Len() == 0 {
		return nil
	}
	var rows []struct {
		Trigger  int64  `db:"trigger_id"`
		Post     int64  `db:"post_id"`
		Variant  int    `db:"variant"`
		Language string `db:"language"`
	}
	if err := l.tx.SelectContext(l.ctx, &rows, fmt.Sprintf(sqlLastVariants, places.SQL()), places.Args()...); err != nil {
		return fmt.Errorf("load the variants given last: %w", err)
	}
	for _, r := range rows {
		l.Last[router.Place{TriggerID: r.Trigger, PostID: r.Post}] = router.Said{Language: r.Language, Variant: r.Variant}
	}
	return nil
}

func varies(t router.Trigger) bool {
	for _, list := range t.PublicReplies {
		if len(list) > 1 {
			return true
		}
	}
	return false
}

const sqlLastVariants = `
SELECT k.trigger_id, k.post_id, r.variant, r.language
FROM (%s) AS k (trigger_id, post_id)
CROSS JOIN LATERAL (SELECT variant, language FROM trigger_runs r WHERE r.trigger_id = k.trigger_id AND r.post_id = k.post_id AND r.public ORDER BY r.id DESC LIMIT 1) r`

// Hour and Day are the spans of ceilings, on the workspace's clock.
const (
	Hour = "hour"
	Day  = "day"
)

// Begin is when the hour or day of an instant begins on the zone's clock. An hour that comes twice is two.
func Begin(what string, at time.Time, zone *time.Location) time.Time {
	t := at.In(zone)
	if what == Day {
		return wall.At(wall.Day(at, zone, 0), 0, zone).UTC()
	}
	return t.Add(-time.Duration(t.Minute())*time.Minute - time.Duration(t.Second())*time.Second - time.Duration(t.Nanosecond())).UTC()
}

type spanKey struct {
	trigger int64
	what    string
	begins  time.Time
}

// span is what this batch holds of a ceiling: numbers nobody else can take until it ends.
type span struct {
	ceiling int
	mine    []int
	used    map[int]bool
	full    bool
	dense   bool // so many that drawing would mostly miss
}

type slotRow struct {
	spanKey
	slot int
}

// grab is how many numbers are taken hold of at a time: the locks lie in memory that all share.
const grab = 16

// ceiling is the most answers of a trigger in an hour or a day.
type ceiling struct {
	what string
	most int
}

func ceilings(t *router.Trigger) []ceiling {
	return slices.DeleteFunc([]ceiling{{Hour, t.PerHour}, {Day, t.PerDay}}, func(c ceiling) bool { return c.most == 0 })
}

// room takes one place in the hour and one in the day, or none.
func (l *Ledger) room(t *router.Trigger, at time.Time) (string, error) {
	var got []slotRow
	for _, c := range ceilings(t) {
		key := spanKey{t.ID, c.what, Begin(c.what, at, l.zone)}
		slot, err := l.take(key, c.most)
		if err != nil {
			return "", err
		}
		if slot == 0 {
			for _, g := range got { // the hour's place goes back: this answer is not given
				s := l.spans[g.spanKey]
				s.mine = append(s.mine, g.slot)
			}
			return c.what, nil
		}
		got = append(got, slotRow{key, slot})
	}
	l.taken = append(l.taken, got...)
	return "", nil
}

// take returns a number under the ceiling that is this batch's, or zero where all are taken. Numbers are
// held by locks that end with the transaction, so that batches side by side take different ones without
// waiting; where few are left they take turns.
func (l *Ledger) take(key spanKey, ceiling int) (int, error) {
	s := l.spans[key]
	if s == nil {
		s = &span{ceiling: ceiling, used: map[int]bool{}}
		l.spans[key] = s
		if err := l.queue(key, s); err != nil {
			return 0, err
		}
	}
	if len(s.mine) == 0 && !s.full && ceiling >= sparse {
		if err := l.sample(key, s); err != nil {
			return 0, err
		}
	}
	for len(s.mine) == 0 && !s.full {
		free, err := l.free(key, s)
		if err != nil {
			return 0, err
		}
		if len(free) == 0 {
			s.full = true
			break
		}
		rand.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
		held, err := l.hold(key, free[:min(grab, (len(free)+1)/2)])
		if err != nil {
			return 0, err
		}
		if s.mine, err = l.stillFree(key, held); err != nil {
			return 0, err
		}
	}
	if len(s.mine) == 0 {
		return 0, nil
	}
	slot := s.mine[len(s.mine)-1]
	s.mine = s.mine[:len(s.mine)-1]
	s.used[slot] = true
	return slot, nil
}

// sparse is the ceiling from which on numbers are drawn before those that are taken are read: reading
// them all for every few answers would cost more the more were given.
const sparse = 200

// sample draws numbers and keeps those that nobody has. Nearly full, it finds none, and all are read.
func (l *Ledger) sample(key spanKey, s *span) error {
	if s.dense {
		return nil
	}
	drawn := map[int]bool{}
	numbers := make([]int64, 0, grab)
	for range grab {
		if n := 1 + rand.IntN(s.ceiling); !drawn[n] && !s.used[n] {
			drawn[n] = true
			numbers = append(numbers, int64(n))
		}
	}
	held, err := l.tryHold(key, numbers)
	if err != nil || len(held) == 0 {
		return err
	}
	s.mine, err = l.stillFree(key, held)
	return err
}

func (l *Ledger) free(key spanKey, s *span) ([]int, error) {
	var taken []int
	if err := l.tx.SelectContext(l.ctx, &taken, `SELECT slot FROM trigger_slots WHERE trigger_id = $1 AND span = $2 AND begins = $3`, key.trigger, key.what, key.begins); err != nil {
		return nil, fmt.Errorf("look for room under the ceiling of trigger %d: %w", key.trigger, err)
	}
	gone := make([]bool, s.ceiling+1)
	for _, n := range taken {
		if n <= s.ceiling {
			gone[n] = true
		}
	}
	if over := len(taken) - s.ceiling; over >= 0 {
		return nil, nil // the ceiling was lowered meanwhile, or is reached
	}
	var out []int
	for n := 1; n <= s.ceiling && len(out) < s.ceiling-len(taken)-len(s.used); n++ {
		if !gone[n] && !s.used[n] {
			out = append(out, n)
		}
	}
	return out, nil
}

// hold locks numbers without waiting; where none can be had it waits for one.
func (l *Ledger) hold(key spanKey, want []int) ([]int, error) {
	numbers := make([]int64, len(want))
	for i, n := range want {
		numbers[i] = int64(n)
	}
	held, err := l.tryHold(key, numbers)
	if err != nil || len(held) > 0 {
		return held, err
	}
	if _, err := l.tx.ExecContext(l.ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1 || $2::bigint, 17))`, key.name(), numbers[0]); err != nil {
		return nil, fmt.Errorf("wait for room under the ceiling of trigger %d: %w", key.trigger, err)
	}
	return want[:1], nil
}

func (k spanKey) name() string { return fmt.Sprintf("%d/%s/%d/", k.trigger, k.what, k.begins.Unix()) }

func (l *Ledger) tryHold(key spanKey, numbers []int64) ([]int, error) {
	var held []int
	if err := l.tx.SelectContext(l.ctx, &held, `SELECT n FROM unnest($2::bigint[]) AS n WHERE pg_try_advisory_xact_lock(hashtextextended($1 || n, 17))`, key.name(), pq.Array(numbers)); err != nil {
		return nil, fmt.Errorf("take room under the ceiling of trigger %d: %w", key.trigger, err)
	}
	return held, nil
}

// stillFree looks again, now that nobody can take them: another batch may have ended in between.
func (l *Ledger) stillFree(key spanKey, held []int) ([]int, error) {
	numbers := make([]int64, len(held))
	for i, n := range held {
		numbers[i] = int64(n)
	}
	var out []int
	if err := l.tx.SelectContext(l.ctx, &out, `
SELECT n FROM unnest($4::bigint[]) AS n WHERE NOT EXISTS (SELECT 1 FROM trigger_slots s WHERE s.trigger_id = $1 AND s.span = $2 AND s.begins = $3 AND s.slot = n)`,
		key.trigger, key.what, key.begins, pq.Array(numbers)); err != nil {
		return nil, fmt.Errorf("look again for room under the ceiling of trigger %d: %w", key.trigger, err)
	}
	return out, nil
}

// Took is an answer that was given: its run, and the event that led to it.
type Took struct {
	router.Run
	EventID   int64
	PostID    int64
	CommentID *int64
	Campaign  *int64
	Window    *router.Window
	Variant   int
	Language  string
	Public    bool
}

// Write keeps the runs, and the places taken under ceilings.
func (l *Ledger) Write(runs []Took) error {
	if len(runs) == 0 {
		return nil
	}
	rows := inbox.NewRows("bigint", "bigint", "bigint", "bigint", "bigint", "bigint", "smallint", "text", "text", "boolean", "bigint", "bigint")
	for _, r := range runs {
		var window *int64
		if r.Window != nil {
			window = &r.Window.ID
		}
		rows.Add(l.ws, r.TriggerID, r.PersonID, r.PostID, r.EventID, r.CommentID, r.Variant, r.Scope, r.Language, r.Public, window, r.Campaign)
	}
	if _, err := l.tx.ExecContext(l.ctx, sqlInsertRuns+rows.SQL(), rows.Args()...); err != nil {
		return fmt.Errorf("keep trigger runs: %w", err)
	}
	if len(l.taken) == 0 {
		return nil
	}
	rows = inbox.NewRows("bigint", "bigint", "text", "timestamptz", "integer")
	for _, s := range l.taken {
		rows.Add(l.ws, s.trigger, s.what, s.begins, s.slot)
	}
	if _, err := l.tx.ExecContext(l.ctx, `INSERT INTO trigger_slots (workspace_id, trigger_id, span, begins, slot) `+rows.SQL(), rows.Args()...); err != nil {
		return fmt.Errorf("keep what was taken under ceilings: %w", err)
	}
	return nil
}

const sqlInsertRuns = `
INSERT INTO trigger_runs (workspace_id, trigger_id, identity_id, post_id, event_id, comment_id, variant, scope, language, public, window_id, campaign_id) `
