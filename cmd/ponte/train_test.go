package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/decisions"
	"ponte/moderation"
	"ponte/review"
	"ponte/testkit"
)

type trainRoom struct {
	*testing.T
	db  *sqlx.DB
	ws  int64
	acc int64
	who auth.Who
}

func (r trainRoom) id(stmt string, args ...any) int64 {
	r.Helper()
	var id int64
	if err := r.db.Get(&id, stmt, args...); err != nil {
		r.Fatalf("%v\n%s", err, stmt)
	}
	return id
}

func (r trainRoom) inTx(do func(tx *sqlx.Tx) error) {
	r.Helper()
	tx := r.db.MustBegin()
	defer tx.Rollback()
	if err := do(tx); err != nil {
		r.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		r.Fatal(err)
	}
}

// judged is a comment as the pipeline leaves it: judged by the live engine, with its input.
func (r trainRoom) judged(e *moderation.Engine, n int, text string) int64 {
	r.Helper()
	in := moderation.Input{Subject: moderation.SubjectComment, Channel: "facebook", Text: text}
	v := e.Judge(in)
	v.Category = "harassment" // what the word list of the team calls it
	raw, err := v.Canonical()
	if err != nil {
		r.Fatal(err)
	}
	input, err := json.Marshal(in)
	if err != nil {
		r.Fatal(err)
	}
	contact := r.id(`INSERT INTO contacts (workspace_id) VALUES ($1) RETURNING id`, r.ws)
	c := r.id(`INSERT INTO comments (workspace_id, account_id, channel, external_id, root_external_id, text, language, contact_id, decision, commented_at) VALUES ($1, $2, 'facebook', $3, $3, $4, 'en', $5, $6, now()) RETURNING id`,
		r.ws, r.acc, fmt.Sprint("c", n), text, contact, string(v.Decision))
	vid := r.id(`INSERT INTO verdicts (workspace_id, subject, subject_id, decision, tier, verdict, input) VALUES ($1, 'comment', $2, $3, $4, $5, $6) RETURNING id`, r.ws, c, string(v.Decision), string(v.Tier), string(raw), string(input))
	r.db.MustExec(`UPDATE comments SET verdict_id = $2 WHERE id = $1`, c, vid)
	return c
}

// TestTrainingFromDecisionsToShadow walks the whole way: people decide, the model learns a word that no
// seed knows, is kept by its hash, is held against history, judges in shadow, and never in the place of
// the shipped one. What erased people wrote is not among what it learns from.
func TestTrainingFromDecisionsToShadow(t *testing.T) {
	t.Parallel()
	address := testkit.DatabaseURL(t)
	db := sqlx.MustOpen("postgres", address)
	defer db.Close()
	r := trainRoom{T: t, db: db}
	r.ws = r.id(`INSERT INTO workspaces (name, settings) VALUES ('main', '{"review":{"second":0,"gold_every":0}}') RETURNING id`)
	r.acc = r.id(`INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed) VALUES ($1, 'facebook', 'p', 'http://127.0.0.1:1', '') RETURNING id`, r.ws)
	user := r.id(`INSERT INTO users (email, password_hash) VALUES ('a@example.org', 'x') RETURNING id`)
	r.who = auth.Who{UserID: user, WorkspaceID: r.ws, Role: auth.Moderator}
	live, err := decisions.LiveEngine(t.Context(), db, r.ws)
	if err != nil {
		t.Fatal(err)
	}
	decide := func(n int, text string, verb review.Verb) int64 {
		c := r.judged(live, n, text)
		r.inTx(func(tx *sqlx.Tx) error {
			return review.Decide(context.Background(), tx, review.Decision{Who: r.who, CommentID: c, Verb: verb, At: time.Now()})
		})
		return c
	}
	who := []string{"you", "he is", "she is", "they are", "what a", "such a", "typical", "shut up", "go away", "another"}
	n := 0
	for i := range 120 {
		decide(n, fmt.Sprintf("%s grumblefex %s %d", who[i%len(who)], who[(i/len(who)+3)%len(who)], i), review.Hide)
		decide(n+1, fmt.Sprintf("the kayak number %d was %s lovely morning on the water", i, who[i%len(who)]), review.Approve)
		n += 2
	}
	erased := decide(n, "an erased person's grumblefex", review.Hide)
	db.MustExec(`UPDATE comments SET text = '' WHERE id = $1`, erased)
	db.MustExec(`UPDATE verdicts SET input = '{}', verdict = verdict - 'normalised' WHERE subject_id = $1`, erased)

	conf := &config{DatabaseURL: address, DataDir: t.TempDir(), SecretKey: strings.Repeat("k", 40)}
	cmd := trainCmd{FromDecisions: true, Workspace: "main", Date: "2026-01-01"}
	if err := cmd.Run(t.Context(), conf); err != nil {
		t.Fatal(err)
	}
	rows, err := review.TrainingRows(t.Context(), db, r.ws)
	if err != nil || len(rows["harm"]) != 240 {
		t.Errorf("%d rows were learnt from, want those of people who are there: %v", len(rows["harm"]), err)
	}
	list, err := decisions.ListVersions(t.Context(), db, r.ws, decisions.KindModel, "", 0, 10)
	if err != nil || len(list) != 1 || list[0].State != "backtest" {
		t.Fatalf("kept: %+v, %v", list, err)
	}
	v := list[0]
	if n := r.id(`SELECT count(*) FROM model_artefacts WHERE version = $1 AND sha256 = sha256(bytes) AND workspace_id = $2`, v.Version, r.ws); n != 1 {
		t.Error("the model is not kept by its hash")
	}
	if err := v.Fetch(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	candidate, err := v.Engine(live)
	if err != nil {
		t.Fatal(err)
	}
	probe := moderation.Input{Subject: moderation.SubjectComment, Text: "what a grumblefex"}
	if was, is := live.Judge(probe).Harm, candidate.Judge(probe).Harm; is < was+0.2 {
		t.Errorf("the word that people hid scores %.2f, and %.2f with what was learnt", was, is)
	}

	r.inTx(func(tx *sqlx.Tx) error {
		_, err := decisions.AddBacktest(t.Context(), tx, r.ws, v.ID, nil, 0, "cli")
		return err
	})
	worker := &decisions.Worker{DB: db, Name: "test", Log: slog.New(slog.DiscardHandler), Rest: func(context.Context, time.Duration) {}}
	if _, err := worker.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	tests, err := decisions.Backtests(t.Context(), db, r.ws, v.ID)
	if err != nil || len(tests) != 1 || tests[0].State != "done" {
		t.Fatalf("backtests: %+v, %v", tests, err)
	}
	counts, err := tests[0].Result()
	if err != nil || counts.Items != 240 || counts.Erased != 1 || counts.Changed == 0 {
		t.Errorf("the backtest says %+v, %v", counts, err)
	}
	r.inTx(func(tx *sqlx.Tx) error {
		_, err := decisions.Move(t.Context(), tx, r.ws, v.ID, "shadow", "", "cli")
		return err
	})
	shadows, err := decisions.InShadow(t.Context(), db, []int64{r.ws})
	if err != nil || len(shadows) != 1 {
		t.Fatalf("in shadow: %v, %v", shadows, err)
	}
	e, err := shadows[0].Engine(live)
	if err != nil || e.ModelVersion() != v.Version {
		t.Errorf("in shadow judges %v, %v", e, err)
	}
	tx := db.MustBegin()
	defer tx.Rollback()
	if _, err := decisions.Move(t.Context(), tx, r.ws, v.ID, "live", "I am quite sure of it", "cli"); err == nil {
		t.Error("a model that was trained here went live")
	}
}
