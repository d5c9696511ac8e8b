package review

import (
	"fmt"
	"math"
	"testing"
	"time"
)

func (l *lot) epoch() time.Time { return time.Unix(0, 0) }

// The order of the queue follows posts that grow: the reach is what placing the item now would give, written only
// where it moved.
func TestReachFollowsThePost(t *testing.T) {
	l := newLot(t, `{}`)
	l.draw(1, "model", 0.9, "hide", "verdict") // makes the account
	account := l.id(`SELECT id FROM accounts`)
	post := func(name string) int64 {
		return l.id(`INSERT INTO posts (workspace_id, account_id, external_id) VALUES ($1, $2, $3) RETURNING id`, l.ws, account, name)
	}
	grow := func(post int64, n int, what string) {
		l.exec(`INSERT INTO comments (workspace_id, account_id, channel, external_id, root_external_id, post_id, commented_at)
			SELECT $1, $2, 'facebook', $4 || n, $4 || n, $3, now() FROM generate_series(1, $5::int) n`, l.ws, account, post, what, n)
	}
	waiting := func(post int64, name string, live bool, harm float64) int64 {
		comment := l.id(`INSERT INTO comments (workspace_id, account_id, channel, external_id, root_external_id, post_id, live, commented_at) VALUES ($1, $2, 'facebook', $3, $3, $4, $5, now()) RETURNING id`, l.ws, account, name, post, live)
		verdict := l.id(`INSERT INTO verdicts (workspace_id, subject, subject_id, decision, tier, verdict) VALUES ($1, 'comment', $2, 'review', 'model', '{}') RETURNING id`, l.ws, comment)
		tx := l.db.MustBegin()
		defer tx.Rollback()
		if err := Place(t.Context(), tx, []Placing{{WorkspaceID: l.ws, CommentID: comment, VerdictID: verdict, Why: "review", Kind: "verdict", Harm: harm}}); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		return l.id(`SELECT id FROM review_items WHERE comment_id = $1`, comment)
	}
	viral, quiet := post("viral"), post("quiet")
	first, second := waiting(viral, "first", false, 0.5), waiting(quiet, "second", false, 0.6)
	live := waiting(viral, "live", true, 0.1)
	order := func() string {
		var ids []int64
		if err := l.db.Select(&ids, `SELECT id FROM review_items WHERE state = 'open' ORDER BY priority DESC`); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(ids)
	}
	if got := order(); got != fmt.Sprint([]int64{second, first, live}) {
		t.Errorf("at first: %s", got)
	}
	refresh := func() int64 {
		n, err := RefreshReach(t.Context(), l.db, l.ws)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	refresh()
	for _, n := range []int{98, 2000} {
		grow(viral, n, fmt.Sprint("g", n, "-"))
		if moved := refresh(); moved != 2 {
			t.Errorf("%d items moved, want the two under the post that grew", moved)
		}
		var reach float64
		others := math.Min(999, float64(l.id(`SELECT count(*) FROM comments WHERE post_id = $1`, viral))-1)
		if err := l.db.Get(&reach, `SELECT reach FROM review_items WHERE id = $1`, first); err != nil || math.Abs(reach-1-math.Log10(1+others)) > 1e-4 {
			t.Errorf("reach %v with %v others, %v", reach, others, err)
		}
		if err := l.db.Get(&reach, `SELECT reach FROM review_items WHERE id = $1`, live); err != nil || math.Abs(reach-2-math.Log10(1+others)) > 1e-4 {
			t.Errorf("live: reach %v with %v others, %v", reach, others, err)
		}
	}
	if got := order(); got != fmt.Sprint([]int64{first, second, live}) {
		t.Errorf("after the post grew: %s", got)
	}
	if moved := refresh(); moved != 0 {
		t.Errorf("%d items were written again for nothing", moved)
	}
	l.exec(`UPDATE review_items SET state = 'decided', outcome = 'approve', decided_at = now() WHERE id = $1`, first)
	grow(quiet, 50, "q")
	if moved := refresh(); moved != 1 || l.id(`SELECT count(*) FROM review_items WHERE id = $1 AND priority > 0.6`, second) != 1 {
		t.Errorf("%d moved", moved)
	}
}
