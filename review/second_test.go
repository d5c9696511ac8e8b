package review

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
)

func (l *lot) exec(stmt string, args ...any) {
	l.t.Helper()
	if _, err := l.db.Exec(stmt, args...); err != nil {
		l.t.Fatalf("%v\n%s", err, stmt)
	}
}

func (l *lot) inTx(do func(tx *sqlx.Tx) error) error {
	l.t.Helper()
	tx := l.db.MustBegin()
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func (l *lot) member(name, role string) int64 {
	l.t.Helper()
	user := l.id(`INSERT INTO users (email, password_hash) VALUES ($1, 'x') RETURNING id`, name+"@b.example")
	l.exec(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, $3)`, l.ws, user, role)
	return user
}

// A second look ends when nobody is left who may take it, says so, and can be asked for again when there is.
func TestSecondLooksThatNobodyMayTake(t *testing.T) {
	l := newLot(t, `{}`)
	l.exec(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'moderator')`, l.ws, l.by)
	l.draw(1, "model", 0.9, "hide", "verdict")
	item := l.id(`SELECT id FROM review_items`)
	comment := l.id(`SELECT comment_id FROM review_items`)
	who := auth.Who{UserID: l.by, WorkspaceID: l.ws, Role: auth.Moderator}
	ask := func() error {
		return l.inTx(func(tx *sqlx.Tx) error { return AskColleague(context.Background(), tx, who, comment) })
	}
	code := func(err error) string {
		var f *fault.Error
		if errors.As(err, &f) {
			return f.Code
		}
		return fmt.Sprint(err)
	}
	end := func() (n int) {
		t.Helper()
		if err := l.inTx(func(tx *sqlx.Tx) (err error) { n, err = EndSecondLooks(context.Background(), tx, l.ws); return err }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if got := code(ask()); got != "second_look_nobody" {
		t.Errorf("the only reviewer asked: %s", got)
	}
	l.member("analyst", "analyst")
	if got := code(ask()); got != "second_look_nobody" {
		t.Errorf("beside somebody who does not review: %s", got)
	}
	for _, c := range [][2]string{
		{"left the workspace", `DELETE FROM members WHERE user_id = $1`},
		{"was switched off", `UPDATE users SET disabled_at = now() WHERE id = $1`},
		{"has another role", `UPDATE members SET role = 'agent' WHERE user_id = $1`},
		{"decided it as well", `INSERT INTO review_items (workspace_id, comment_id, verdict_id, why, kind, state, outcome, decided_by, decided_at) SELECT workspace_id, comment_id, verdict_id, 'hidden', 'sample', 'decided', 'hide', $1, now() FROM review_items WHERE kind = 'verdict'`},
	} {
		name, leave := c[0], c[1]
		other := l.member(name, "moderator")
		if err := ask(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := code(ask()); got != "second_look_asked" {
			t.Errorf("%s, asked twice: %s", name, got)
		}
		if n := end(); n != 0 {
			t.Errorf("%s: %d ended while somebody may take it", name, n)
		}
		l.exec(leave, other)
		if n := end(); n != 1 {
			t.Errorf("%s: %d ended", name, n)
		}
		if n := l.id(`SELECT count(*) FROM review_items WHERE kind = 'second' AND first_id = $1 AND state = 'decided' AND outcome = 'superseded' AND reason <> '' AND decided_by IS NULL`, item); n != 1 {
			t.Errorf("%s: the item does not say why it ended", name)
		}
		if got := code(ask()); got != "second_look_nobody" {
			t.Errorf("%s, asked again: %s", name, got)
		}
		if a, err := ReadAgreement(t.Context(), l.db, l.ws, l.epoch()); err != nil || a.Ended != 1 || a.Items != 0 {
			t.Errorf("%s: the figures say %+v, %v", name, a, err)
		}
	}
	// What was passed to supervisors waits for one of them.
	other := l.member("another", "moderator")
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	l.exec(`UPDATE review_items SET escalated_at = now(), escalated_by = $1 WHERE kind = 'second'`, other)
	supervisor := l.member("supervisor", "supervisor")
	if n := end(); n != 0 {
		t.Error("ended although a supervisor may take it")
	}
	l.exec(`DELETE FROM members WHERE user_id = $1`, supervisor)
	if n := end(); n != 1 {
		t.Error("waits for a supervisor where there is none")
	}
}

// A decision made twice in a row is one reason.
func TestADecisionMadeTwiceIsSaidOnce(t *testing.T) {
	l := newLot(t, `{}`)
	l.exec(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'moderator')`, l.ws, l.by)
	l.draw(1, "model", 0.9, "hide", "verdict")
	comment := l.id(`SELECT comment_id FROM review_items`)
	who := auth.Who{UserID: l.by, WorkspaceID: l.ws, Role: auth.Moderator}
	reasons := func(verb Verb) int64 {
		t.Helper()
		if err := l.inTx(func(tx *sqlx.Tx) error {
			return Decide(context.Background(), tx, Decision{Who: who, CommentID: comment, Verb: verb, Reason: "fine", At: time.Now()})
		}); err != nil {
			t.Fatal(err)
		}
		return l.id(`SELECT count(*) FROM comments c JOIN verdicts v ON v.id = c.verdict_id, jsonb_array_elements(v.verdict->'reasons') r WHERE c.id = $1 AND r->>'code' = 'person'`, comment)
	}
	for i, step := range []struct {
		verb Verb
		want int64
	}{{Restore, 1}, {Restore, 1}, {Hide, 2}, {Restore, 3}} {
		if got := reasons(step.verb); got != step.want {
			t.Errorf("step %d, %s: %d reasons, want %d", i, step.verb, got, step.want)
		}
	}
}
