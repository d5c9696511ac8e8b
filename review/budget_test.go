package review

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/moderation"
	"ponte/testkit"
)

type lot struct {
	t      *testing.T
	db     *sqlx.DB
	ws, by int64
	n      int
}

func newLot(t *testing.T, policy string) *lot {
	t.Helper()
	t.Parallel()
	l := &lot{t: t, db: testkit.Database(t)}
	l.ws = l.id(`INSERT INTO workspaces (name, settings) VALUES ('w', jsonb_build_object('policy', $1::jsonb)) RETURNING id`, policy)
	l.by = l.id(`INSERT INTO users (email, password_hash) VALUES ('a@b.example', 'x') RETURNING id`)
	return l
}

func (l *lot) id(stmt string, args ...any) int64 {
	l.t.Helper()
	var id int64
	if err := l.db.Get(&id, stmt, args...); err != nil {
		l.t.Fatalf("%v\n%s", err, stmt)
	}
	return id
}

// draw makes hides of a score that were drawn by lot and decided.
func (l *lot) draw(n int, tier string, harm float64, outcome, kind string) {
	l.t.Helper()
	for range n {
		l.n++
		account := l.id(`INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed) VALUES ($1, 'facebook', $2, 'http://127.0.0.1:1', '')
			ON CONFLICT (channel, external_id) WHERE removed_at IS NULL DO UPDATE SET name = '' RETURNING id`, l.ws, fmt.Sprint("page", l.ws))
		comment := l.id(`INSERT INTO comments (workspace_id, account_id, channel, external_id, root_external_id, commented_at) VALUES ($1, $2, 'facebook', $3, $3, now()) RETURNING id`, l.ws, account, fmt.Sprint("c", l.ws, "-", l.n))
		verdict := l.id(`INSERT INTO verdicts (workspace_id, subject, subject_id, decision, tier, verdict) VALUES ($1, 'comment', $2, 'hide', $3, jsonb_build_object('category', 'harassment', 'language', 'en', 'harm', 1,
			'tiers', jsonb_build_object('model', jsonb_build_object('harm', $4::float8, 'spam', 0)))) RETURNING id`, l.ws, comment, tier, harm)
		l.id(`INSERT INTO review_items (workspace_id, comment_id, verdict_id, why, kind, state, outcome, decided_by, decided_at) VALUES ($1, $2, $3, 'hidden', $4, 'decided', $5, $6, now()) RETURNING id`,
			l.ws, comment, verdict, kind, outcome, l.by)
	}
}

func (l *lot) check() FalseHides {
	l.t.Helper()
	tx := l.db.MustBegin()
	defer tx.Rollback()
	f, err := CheckFalseHides(l.t.Context(), tx, l.ws, time.Now())
	if err != nil {
		l.t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		l.t.Fatal(err)
	}
	return f
}

func (l *lot) audited(verb string) int64 {
	l.t.Helper()
	return l.id(`SELECT count(*) FROM audit_log WHERE workspace_id = $1 AND actor = 'system' AND verb = $2`, l.ws, verb)
}

const oneInTwenty = `{"one_wrong_hide_in":20,"harm":{"en":0.8}}`

func TestTheBudgetIsHeldAgainstWhatWasDrawn(t *testing.T) {
	for name, c := range map[string]struct {
		right, wrong int
		tier, kind   string
		want         string
		reviewed     int
	}{
		"nothing drawn":            {0, 0, "model", "sample", BudgetUnknown, 0},
		"a few, all right":         {10, 0, "model", "sample", BudgetUnknown, 10},
		"enough, all right":        {60, 0, "model", "sample", BudgetWithin, 60},
		"one of many":              {120, 1, "model", "sample", BudgetWithin, 121},
		"one of few":               {9, 1, "model", "sample", BudgetUnknown, 10},
		"too many":                 {20, 8, "model", "sample", BudgetExceeded, 28},
		"too many by rules":        {20, 8, "rules", "sample", BudgetExceeded, 28},
		"chosen, not drawn by lot": {20, 8, "model", "verdict", BudgetUnknown, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLot(t, oneInTwenty)
			l.draw(c.right, c.tier, 0.95, "hide", c.kind)
			l.draw(c.wrong, c.tier, 0.85, "restore", c.kind)
			f := l.check()
			if f.State != c.want || f.Reviewed != c.reviewed || f.OneIn != 20 {
				t.Errorf("%+v, want %s of %d", f, c.want, c.reviewed)
			}
		})
	}
}

// Whoever sets the policy is told once a week that the budget is exceeded.
func TestAnExceededBudgetIsTold(t *testing.T) {
	l := newLot(t, oneInTwenty)
	l.draw(12, "rules", 0.95, "hide", "sample")
	l.draw(8, "rules", 0.9, "restore", "sample")
	if _, err := l.db.Exec(`INSERT INTO users (email, password_hash) VALUES ('owner@example.org', 'x')`); err != nil {
		t.Fatal(err)
	}
	if _, err := l.db.Exec(`INSERT INTO members (workspace_id, user_id, role) SELECT $1, id, 'owner' FROM users WHERE email = 'owner@example.org'`, l.ws); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, at := range []time.Time{now, now.Add(time.Minute), now.AddDate(0, 0, 7)} {
		if err := checkOne(t.Context(), l.db, l.ws, at, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
	}
	var told int
	if err := l.db.Get(&told, `SELECT count(*) FROM notifications WHERE workspace_id = $1 AND kind = 'budget.alarm'`, l.ws); err != nil || told != 2 {
		t.Errorf("told %d times in two weeks, %v", told, err)
	}
}

// The alarm is raised once, and thresholds follow: the wrong hides would not be repeated.
func TestTheAlarmRaisesThresholds(t *testing.T) {
	l := newLot(t, oneInTwenty)
	l.draw(40, "model", 0.95, "hide", "sample")
	l.draw(6, "model", 0.82, "restore", "sample")
	l.draw(3, "model", 0.90, "approve", "sample")
	if f := l.check(); f.State != BudgetExceeded || f.Wrong != 9 {
		t.Fatalf("%+v", f)
	}
	var doc []byte
	if err := l.db.Get(&doc, `SELECT settings->'policy' FROM workspaces WHERE id = $1`, l.ws); err != nil {
		t.Fatal(err)
	}
	p, err := moderation.ParsePolicy(doc)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Learned["harm"]["en"]; got <= 0.82 || got > 0.83 || p.Harm["en"] != 0.8 || p.OneWrongHideIn != 20 {
		t.Errorf("learned %v; want just above the wrong hides that exceed the budget", p.Learned)
	}
	if n := l.id(`SELECT count(*) FROM versions WHERE workspace_id = $1 AND kind = 'policy' AND state = 'live' AND document LIKE '%learned%'`, l.ws); n != 1 {
		t.Errorf("%d live versions hold what was learned", n)
	}
	if n := l.audited("policy.false_hides_exceeded"); n != 1 {
		t.Errorf("%d alarms", n)
	}
	f, err := ReadFalseHides(t.Context(), l.db, l.ws, time.Now())
	if err != nil || f.State == BudgetExceeded || f.Wrong != 3 || f.Reviewed != 43 {
		t.Errorf("under the raised threshold: %+v, %v", f, err)
	}
	l.check()
	l.check()
	if n := l.audited("policy.false_hides_exceeded"); n != 1 {
		t.Errorf("%d alarms after further checks", n)
	}
}

// While the budget is exceeded for what rules did, wrong hides of the model still raise its thresholds.
func TestThresholdsFollowWhileTheAlarmStands(t *testing.T) {
	l := newLot(t, oneInTwenty)
	l.draw(10, "rules", 0.1, "restore", "sample")
	l.check()
	l.draw(5, "model", 0.85, "restore", "sample")
	l.check()
	if n := l.id(`SELECT count(*) FROM workspaces WHERE (settings#>>'{policy,learned,harm,en}')::float8 > 0.85`); n != 1 {
		t.Error("the model goes on hiding what people took back")
	}
	if n := l.audited("policy.false_hides_exceeded"); n != 2 {
		t.Errorf("%d lines: one for the alarm, one for the threshold", n)
	}
	l.check()
	if n := l.audited("policy.false_hides_exceeded"); n != 2 {
		t.Errorf("%d lines after a check that found nothing new", n)
	}
}

// Where rules were wrong, no threshold helps: the alarm stands until a person acts, raised once.
func TestAnAlarmAboutRulesStands(t *testing.T) {
	l := newLot(t, oneInTwenty)
	l.draw(10, "rules", 0.1, "restore", "sample")
	for range 3 {
		if f := l.check(); f.State != BudgetExceeded || len(f.Groups) != 1 || f.Groups[0].Tier != "rules" {
			t.Fatalf("%+v", f)
		}
	}
	if n := l.audited("policy.false_hides_exceeded"); n != 1 {
		t.Errorf("%d alarms", n)
	}
	if n := l.id(`SELECT count(*) FROM workspaces WHERE settings->'policy' ? 'learned'`); n != 0 {
		t.Error("a threshold was raised for what rules did")
	}
	f, err := ReadFalseHides(t.Context(), l.db, l.ws, time.Now())
	if err != nil || f.Since == nil {
		t.Errorf("since when is not told: %+v, %v", f, err)
	}
}
