package decisions_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/decisions"
	"ponte/moderation"
	"ponte/testkit"
)

// room is a workspace with a history of decisions.
type room struct {
	testing.TB
	db      *sqlx.DB
	ws      int64
	account int64
	n       int
	at      time.Time
}

func newRoom(t testing.TB) *room {
	t.Helper()
	r := &room{TB: t, db: testkit.Database(t), at: time.Now().UTC().Add(-48 * time.Hour).Truncate(time.Second)}
	r.ws = r.id(`INSERT INTO workspaces (name) VALUES ('home') RETURNING id`)
	r.account = r.id(`INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed) VALUES ($1, 'facebook', 'page', 'http://127.0.0.1:1', '') RETURNING id`, r.ws)
	r.must(decisions.KeepModel(context.Background(), r.db))
	r.keep(engine(r, "", ""))
	return r
}

func engine(t testing.TB, policy, rules string) *moderation.Engine {
	t.Helper()
	e, err := moderation.EngineFor(json.RawMessage(policy), json.RawMessage(rules))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (r *room) keep(e *moderation.Engine) {
	r.Helper()
	r.must(decisions.KeepLive(context.Background(), r.db, r.ws, e))
}

func (r *room) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *room) id(stmt string, args ...any) int64 {
	r.Helper()
	var id int64
	r.must(r.db.Get(&id, stmt, args...))
	return id
}

func (r *room) text(stmt string, args ...any) string {
	r.Helper()
	var s string
	r.must(r.db.Get(&s, stmt, args...))
	return s
}

func (r *room) exec(stmt string, args ...any) {
	r.Helper()
	_, err := r.db.Exec(stmt, args...)
	r.must(err)
}

// tx runs in a transaction.
func (r *room) tx(do func(tx *sqlx.Tx) error) error {
	r.Helper()
	tx, err := r.db.Beginx()
	r.must(err)
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// comment keeps a comment.
func (r *room) comment(text string) int64 {
	r.Helper()
	r.n++
	return r.id(`INSERT INTO comments (workspace_id, account_id, channel, external_id, root_external_id, text, commented_at) VALUES ($1, $2, 'facebook', $3, $3, $4, now()) RETURNING id`,
		r.ws, r.account, fmt.Sprint("c", r.n), text)
}

func (r *room) in(text string) moderation.Input {
	return moderation.Input{Subject: moderation.SubjectComment, Channel: "facebook", Text: text, AccountID: r.account}
}

// verdict keeps what was said of a subject, a second later each time.
func (r *room) verdict(subject string, id int64, in moderation.Input, v moderation.Verdict, provisional bool) int64 {
	r.Helper()
	raw, err := v.Canonical()
	r.must(err)
	sum := sha256.Sum256(raw)
	input, err := json.Marshal(in)
	r.must(err)
	r.at = r.at.Add(time.Second)
	return r.id(`INSERT INTO verdicts (workspace_id, subject, subject_id, decision, tier, provisional, verdict, input, digest, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id`,
		r.ws, subject, id, string(v.Decision), string(v.Tier), provisional, string(raw), string(input), sum[:], r.at)
}

// judged keeps a comment with the engine's verdict as its current one.
func (r *room) judged(e *moderation.Engine, text string) (comment, verdict int64) {
	r.Helper()
	comment = r.comment(text)
	in := r.in(text)
	verdict = r.verdict("comment", comment, in, e.Judge(in), false)
	r.exec(`UPDATE comments SET verdict_id = $2, decision = (SELECT decision FROM verdicts WHERE id = $2) WHERE id = $1`, comment, verdict)
	return comment, verdict
}

// person overrules: the person's verdict is the comment's current one.
func (r *room) person(comment int64, decision string) {
	r.Helper()
	r.at = r.at.Add(time.Second)
	id := r.id(`INSERT INTO verdicts (workspace_id, subject, subject_id, decision, tier, verdict, input, created_at) VALUES ($1, 'comment', $2, $3, 'person', '{}', '{}', $4) RETURNING id`, r.ws, comment, decision, r.at)
	r.exec(`UPDATE comments SET verdict_id = $2, decision = $3 WHERE id = $1`, comment, id, decision)
}

func (r *room) add(kind, document string) decisions.Version {
	r.Helper()
	var v decisions.Version
	r.must(r.tx(func(tx *sqlx.Tx) (err error) {
		v, err = decisions.AddVersion(context.Background(), tx, r.ws, decisions.NewVersion{Kind: kind, Document: json.RawMessage(document)}, "user:1")
		return err
	}))
	return v
}

func (r *room) move(v decisions.Version, to, reason string) (decisions.Version, error) {
	r.Helper()
	var out decisions.Version
	err := r.tx(func(tx *sqlx.Tx) (err error) {
		out, err = decisions.Move(context.Background(), tx, r.ws, v.ID, to, reason, "user:1")
		return err
	})
	return out, err
}

func (r *room) backtest(v decisions.Version, since *time.Time, most int) decisions.Backtest {
	r.Helper()
	var b decisions.Backtest
	r.must(r.tx(func(tx *sqlx.Tx) (err error) {
		b, err = decisions.AddBacktest(context.Background(), tx, r.ws, v.ID, since, most, "user:1")
		return err
	}))
	return b
}

func (r *room) worker(name string) *decisions.Worker {
	return &decisions.Worker{DB: r.db, Name: name, Log: slog.New(slog.DiscardHandler), Page: 7, Rest: func(context.Context, time.Duration) {}}
}

func (r *room) read(b decisions.Backtest) (decisions.Backtest, decisions.Counts) {
	r.Helper()
	now, err := decisions.LoadBacktest(context.Background(), r.db, r.ws, b.ID)
	r.must(err)
	counts, err := now.Result()
	r.must(err)
	return now, counts
}

// rule is a rule that hides a word.
func rule(name, word, decision string) string {
	return fmt.Sprintf(`{"name":%q,"text":"says %s","category":"spam","decision":%q,"score":0.9,"words":[%q]}`, name, word, decision, word)
}
