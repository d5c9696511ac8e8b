package api_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"

	"ponte/api"
	"ponte/auth"
	"ponte/review"
)

// queued puts a comment before people that the machine has decided.
func (s *scene) queued(name, text, decision, why string, priority float64) (comment, item int64) {
	s.t.Helper()
	state := map[bool]string{true: "hidden", false: "visible"}[decision == "hide"]
	comment = s.id(`INSERT INTO comments (workspace_id, account_id, channel, external_id, root_external_id, text, state, decision, commented_at) VALUES ($1, $2, 'facebook', $3, $3, $4, $5, $6, now()) RETURNING id`,
		s.home.id, s.home.facebook, name, text, state, decision)
	v := s.id(`INSERT INTO verdicts (workspace_id, subject, subject_id, decision, tier, verdict, input) VALUES ($1, 'comment', $2, $3, 'rules', $4, '{"subject":"comment","text":"x"}') RETURNING id`, s.home.id, comment, decision,
		`{"decision":"`+decision+`","tier":"rules","normalised":"`+text+`","language":"en","harm":0.9,"category":"harassment","scores":{},"reasons":[{"code":"rule:x","text":"x"}],"rules_version":"r1","tiers":{"rules":[{"rule":"x","category":"harassment","decision":"hide","score":0.9}]}}`)
	s.exec(`UPDATE comments SET verdict_id = $1 WHERE id = $2`, v, comment)
	tx := s.db.MustBegin()
	defer tx.Rollback()
	sum := sha256.Sum256([]byte(text))
	if err := review.Place(context.Background(), tx, []review.Placing{{WorkspaceID: s.home.id, CommentID: comment, VerdictID: v, Why: why, Kind: "verdict", Harm: priority, Alike: sum[:]}}); err != nil {
		s.t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		s.t.Fatal(err)
	}
	item = s.id(`SELECT id FROM review_items WHERE comment_id = $1 AND state = 'open' UNION ALL SELECT item_id FROM review_members WHERE comment_id = $1 AND state = 'open'`, comment)
	return comment, item
}

func (s *scene) reviewSettings(settings string) {
	s.t.Helper()
	s.exec(`UPDATE workspaces SET settings = jsonb_build_object('review', $2::jsonb) WHERE id = $1`, s.home.id, settings)
}

// queue is what a role sees, by comment.
func (s *scene) queue(role auth.Role) map[int64]api.Comment {
	s.t.Helper()
	var page api.Page[api.Comment]
	s.must(200, "GET", "/api/v1/comments?queue=open&limit=200", s.cookie[role], nil, &page)
	out := map[int64]api.Comment{}
	for _, c := range page.Items {
		out[c.ID] = c
	}
	return out
}

func (s *scene) decide(status int, role auth.Role, comment, item int64, verb string) api.Comment {
	s.t.Helper()
	var c api.Comment
	body := map[string]any{}
	if item != 0 {
		body["review_id"] = item
	}
	if status != 200 {
		s.must(status, "POST", s.onComment(verb, comment), s.cookie[role], body, nil)
		return c
	}
	s.must(status, "POST", s.onComment(verb, comment), s.cookie[role], body, &c)
	return c
}

// effects is everything by which something could happen outside, or to the comment.
func (s *scene) effects() string {
	s.t.Helper()
	out := ""
	for _, table := range []string{"actions", "verdicts", "comments", "events"} {
		out += s.text(`SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM ` + table + ` t`)
	}
	return out
}

func TestASecondLookIsBlindAndActsNever(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.reviewSettings(`{"second":1,"gold_every":0}`)
	comment, item := s.queued("one", "you clowns", "hide", "hidden", 0.9)
	s.decide(200, auth.Moderator, comment, item, "approve")
	second := s.id(`SELECT id FROM review_items WHERE kind = 'second' AND first_id = $1`, item)
	if _, ok := s.queue(auth.Moderator)[comment]; ok {
		t.Error("the first reviewer is shown the second look")
	}
	s.must(409, "POST", fmt.Sprintf("/api/v1/reviews/%d/claim", second), s.cookie[auth.Moderator], nil, nil)
	s.decide(409, auth.Moderator, comment, second, "hide")
	seen, ok := s.queue(auth.Admin)[comment]
	if !ok || seen.Review.ID != second || seen.Decision != "hide" || seen.State != "hidden" || seen.Verdict.Tier != "rules" || len(seen.Actions) > 0 || seen.Review.Why != "hidden" {
		t.Errorf("the second look shows %+v", seen)
	}
	var detail api.CommentDetail
	raw := s.must(200, "GET", fmt.Sprintf("/api/v1/comments/%d", comment), s.cookie[auth.Admin], nil, &detail)
	if len(detail.Log) > 0 || len(detail.History.Verdicts) != 1 || strings.Contains(raw, "a person") || strings.Contains(raw, "unhide") || detail.Thread[0].Decision != "hide" {
		t.Errorf("the detail tells what the first decided: %s", raw)
	}
	s.must(200, "POST", fmt.Sprintf("/api/v1/reviews/%d/claim", second), s.cookie[auth.Admin], nil, nil)
	s.decide(409, auth.Supervisor, comment, second, "hide") // somebody holds it
	before := s.effects()
	if c := s.decide(200, auth.Admin, comment, second, "hide"); c.Decision != "hide" || c.Review != nil {
		t.Errorf("the answer to a second look is %s, %v", c.Decision, c.Review)
	}
	if s.effects() != before {
		t.Error("a second look did something")
	}
	if n := s.id(`SELECT count(*) FROM audit_log WHERE verb = 'review.hide' AND object = $1`, fmt.Sprint("review:", second)); n != 1 {
		t.Errorf("%d lines of the audit log", n)
	}
	// They disagree: a supervisor decides, moderators do not see it.
	if _, ok := s.queue(auth.Moderator)[comment]; ok {
		t.Error("a disagreement is before moderators")
	}
	open, ok := s.queue(auth.Supervisor)[comment]
	if !ok || open.Review.Why != "disagreement" || open.Decision != "allow" {
		t.Fatalf("before supervisors: %+v", open.Review)
	}
	s.decide(409, auth.Moderator, comment, open.Review.ID, "hide")
	s.must(200, "POST", fmt.Sprintf("/api/v1/comments/%d/undo", comment), s.cookie[auth.Admin], nil, nil)
	if got := s.text(`SELECT state || ' ' || (SELECT outcome FROM review_items WHERE id = $2) FROM review_items WHERE id = $1`, second, open.Review.ID); got != "open superseded" {
		t.Errorf("after the second's undo: %s", got)
	}
	if s.effects() != before {
		t.Error("undoing a second look did something")
	}
	s.decide(200, auth.Admin, comment, second, "approve")
	var a review.Agreement
	s.must(200, "GET", "/api/v1/review-agreement", s.cookie[auth.Supervisor], nil, &a)
	if a.Items != 1 || *a.Agreement != 1 || len(a.Pairs) != 1 {
		t.Errorf("%+v", a)
	}
}

func TestASecondLookEndsWithTheFirstDecision(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.reviewSettings(`{"second":1}`)
	comment, item := s.queued("one", "you clowns", "hide", "hidden", 0.9)
	s.decide(200, auth.Moderator, comment, item, "approve")
	s.must(200, "POST", fmt.Sprintf("/api/v1/comments/%d/undo", comment), s.cookie[auth.Moderator], nil, nil)
	if got := s.text(`SELECT string_agg(kind || ' ' || state, ', ' ORDER BY id) FROM review_items WHERE comment_id = $1`, comment); got != "verdict open, second decided" {
		t.Errorf("after the undo: %s", got)
	}
	s.decide(200, auth.Moderator, comment, item, "delete")
	if got := s.text(`SELECT string_agg(kind || ' ' || state, ', ' ORDER BY id) FROM review_items WHERE comment_id = $1`, comment); got != "verdict decided, second open" {
		t.Errorf("decided again: %s", got)
	}
}

func TestKnownAnswersLookLikeOthersAndActNever(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.reviewSettings(`{"second":0,"gold_every":2}`)
	known, item := s.queued("known", "clear insult", "hide", "hidden", 0.9)
	s.must(409, "POST", fmt.Sprintf("/api/v1/comments/%d/gold", known), s.cookie[auth.Supervisor], map[string]any{"answer": "hide"}, nil) // still in the queue
	s.decide(200, auth.Admin, known, item, "hide")
	s.must(200, "POST", fmt.Sprintf("/api/v1/comments/%d/gold", known), s.cookie[auth.Supervisor], map[string]any{"answer": "hide"}, nil)
	s.must(409, "POST", fmt.Sprintf("/api/v1/comments/%d/gold", known), s.cookie[auth.Supervisor], map[string]any{"answer": "allow"}, nil) // twice
	for i, role := range []auth.Role{auth.Moderator, auth.Moderator, auth.Supervisor, auth.Supervisor, auth.Admin, auth.Admin} {
		if _, early := s.queue(auth.Moderator)[known]; early && i < 2 {
			t.Errorf("a known answer after %d decisions", i)
		}
		c, it := s.queued(fmt.Sprint("work", i), fmt.Sprint("text ", i), "review", "review", 0.5)
		s.decide(200, role, c, it, "approve")
	}
	for _, role := range []auth.Role{auth.Supervisor, auth.Admin, auth.Owner} { // added it, decided it, has not worked
		if _, ok := s.queue(role)[known]; ok {
			t.Errorf("%s is asked for a known answer", role)
		}
	}
	gold, ok := s.queue(auth.Moderator)[known]
	if !ok || gold.Review.Why != "hidden" || gold.Decision != "hide" || gold.Verdict.Tier != "rules" || len(gold.Actions) > 0 {
		t.Fatalf("the known answer shows as %+v", gold)
	}
	raw := s.must(200, "GET", fmt.Sprintf("/api/v1/comments/%d", known), s.cookie[auth.Moderator], nil, nil)
	if strings.Contains(raw, "gold") || strings.Contains(raw, "a person hid") {
		t.Errorf("it can be told from others: %s", raw)
	}
	before := s.effects()
	for _, verb := range []string{"approve", "unhide", "delete", "hide"} { // with the item's number, and without
		s.decide(200, auth.Moderator, known, map[bool]int64{true: gold.Review.ID, false: 0}[verb == "delete"], verb)
		s.must(200, "POST", fmt.Sprintf("/api/v1/comments/%d/undo", known), s.cookie[auth.Moderator], nil, nil)
		if s.effects() != before {
			t.Fatalf("%s of a known answer did something", verb)
		}
	}
	s.must(200, "POST", fmt.Sprintf("/api/v1/comments/%d/undo", known), s.cookie[auth.Moderator], nil, nil) // "show it" is an answer too: a wrong one
	if s.effects() != before {
		t.Fatal("showing a known answer did something")
	}
	var a review.Agreement
	s.must(200, "GET", "/api/v1/review-agreement", s.cookie[auth.Owner], nil, &a)
	if len(a.Gold) != 1 || a.Gold[0].UserID != s.user[auth.Moderator] || a.Gold[0].Items != 1 || a.Gold[0].Right != 0 {
		t.Errorf("the known answers say %+v", a.Gold)
	}
	var list api.Page[api.Gold]
	s.must(200, "GET", "/api/v1/gold", s.cookie[auth.Supervisor], nil, &list)
	if list.Items[0].CommentID != known || list.Items[0].Shown != 1 || list.Items[0].Right != 0 {
		t.Errorf("listed as %+v", list.Items[0])
	}
	s.must(204, "DELETE", fmt.Sprintf("/api/v1/gold/%d", list.Items[0].ID), s.cookie[auth.Supervisor], nil, nil)
	s.must(404, "DELETE", fmt.Sprintf("/api/v1/gold/%d", list.Items[0].ID), s.cookie[auth.Supervisor], nil, nil)
}

// TestAKnownAnswerCannotBeToldByWhatWasDone: it shows what the machine did, as the others do, and nothing of what people
// did since; one that waits before somebody who left does not keep it from the others.
func TestAKnownAnswerCannotBeToldByWhatWasDone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.reviewSettings(`{"second":0,"gold_every":1}`)
	act := func(comment int64, kind, origin, key, state string) {
		s.exec(`INSERT INTO actions (workspace_id, account_id, kind, purpose, origin, actor, dedupe, token, comment_id, call, state, reason, meaning, not_before, valid_until, done_at)
SELECT workspace_id, account_id, $2, 'moderation', $3, 'x', $4, $4, id, '{}', $5, 'r', 'm', now(), now() + interval '7 days', now() FROM comments WHERE id = $1`, comment, kind, origin, key, state)
	}
	known, item := s.queued("known", "clear insult", "hide", "hidden", 0.9)
	verdict := s.id(`SELECT verdict_id FROM comments WHERE id = $1`, known)
	act(known, "comment.hide", "policy", fmt.Sprintf("comment.hide:%d:%d", known, verdict), "done")
	s.decide(200, auth.Admin, known, item, "approve")
	s.must(200, "POST", fmt.Sprintf("/api/v1/comments/%d/gold", known), s.cookie[auth.Owner], map[string]any{"answer": "allow"}, nil)
	for _, role := range []auth.Role{auth.Moderator, auth.Supervisor} {
		c, it := s.queued("work"+string(role), "text "+string(role), "review", "review", 0.5)
		s.decide(200, role, c, it, "approve")
	}
	other, _ := s.queued("other", "another insult", "hide", "hidden", 0.9)
	act(other, "comment.hide", "policy", fmt.Sprintf("comment.hide:%d:%d", other, s.id(`SELECT verdict_id FROM comments WHERE id = $1`, other)), "done")
	s.exec(`UPDATE actions SET reason = '', meaning = '' WHERE comment_id = $1`, other)
	for _, role := range []auth.Role{auth.Moderator, auth.Supervisor} { // the first has not answered when the second is asked
		queue := s.queue(role)
		gold, plain := queue[known], queue[other]
		if gold.Review == nil || len(gold.Actions) != 1 || len(plain.Actions) != 1 {
			t.Fatalf("%s: %+v beside %+v", role, gold, plain)
		}
		a, b := gold.Actions[0], plain.Actions[0]
		if a.Kind != b.Kind || a.State != b.State || a.Reason != b.Reason || a.Meaning != b.Meaning || gold.State != plain.State || gold.StateBy != "policy" {
			t.Errorf("%s: it can be told: %+v beside %+v", role, a, b)
		}
	}
}

// TestAReviewerSaysWhatItIs: what the machine let pass teaches a model only if somebody says what it is.
func TestAReviewerSaysWhatItIs(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.reviewSettings(`{"second":0,"gold_every":0}`)
	category := func(comment int64) string {
		return s.text(`SELECT coalesce(v.verdict->>'category', '') FROM verdicts v JOIN comments c ON c.verdict_id = v.id WHERE c.id = $1`, comment)
	}
	missed, _ := s.queued("missed", "go back where you came from", "allow", "sample", 0.1)
	s.exec(`UPDATE verdicts SET verdict = verdict - 'category' WHERE subject_id = $1`, missed)
	s.must(422, "POST", s.onComment("hide", missed), s.cookie[auth.Moderator], map[string]any{"category": "boring"}, nil)
	s.must(422, "POST", s.onComment("approve", missed), s.cookie[auth.Moderator], map[string]any{"category": "hate"}, nil)
	s.must(200, "POST", s.onComment("hide", missed), s.cookie[auth.Moderator], map[string]any{"category": "hate"}, nil)
	if got := category(missed); got != "hate" {
		t.Errorf("the missed one is %q", got)
	}
	rows, err := review.TrainingRows(t.Context(), s.db, s.home.id)
	if err != nil || len(rows["harm"]) != 1 || rows["harm"][0].Label != "hate" || len(rows["spam"]) != 0 {
		t.Errorf("it teaches %+v: %v", rows, err)
	}
	plain, _ := s.queued("plain", "you clowns", "hide", "hidden", 0.9)
	s.must(200, "POST", s.onComment("hide", plain), s.cookie[auth.Moderator], map[string]any{}, nil)
	if got := category(plain); got != "harassment" {
		t.Errorf("what the machine said is %q now", got)
	}
	s.must(200, "POST", s.onComment("undo", missed), s.cookie[auth.Moderator], nil, nil)
	unnamed, _ := s.queued("unnamed", "and you too", "allow", "sample", 0.1)
	s.exec(`UPDATE verdicts SET verdict = verdict - 'category' WHERE subject_id = $1`, unnamed)
	s.must(200, "POST", s.onComment("hide", unnamed), s.cookie[auth.Moderator], map[string]any{}, nil)
	if n, err := review.Unnamed(t.Context(), s.db, s.home.id); err != nil || n != 1 {
		t.Errorf("%d removed texts without a category, want 1: %v", n, err)
	}
}

// TestWhatWasEscalatedComesBack: by whoever passed it on, or by a supervisor; not by others, and not what two
// reviewers disagree about.
func TestWhatWasEscalatedComesBack(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.reviewSettings(`{"second":0,"gold_every":0}`)
	comment, item := s.queued("one", "is this fair?", "review", "review", 0.5)
	up, down := fmt.Sprintf("/api/v1/reviews/%d/escalate", item), fmt.Sprintf("/api/v1/reviews/%d/unescalate", item)
	s.must(409, "POST", down, s.cookie[auth.Moderator], nil, nil) // it is everybody's
	for i, role := range []auth.Role{auth.Moderator, auth.Supervisor} {
		s.must(204, "POST", up, s.cookie[auth.Moderator], map[string]any{"reason": "not mine"}, nil)
		if _, seen := s.queue(auth.Moderator)[comment]; seen {
			t.Fatalf("%d: it is before everybody still", i)
		}
		s.must(204, "POST", down, s.cookie[role], nil, nil)
		c, seen := s.queue(auth.Moderator)[comment]
		if !seen || c.Review.EscalatedAt != nil || c.Review.Escalation != "" {
			t.Fatalf("%s gave it back: %+v", role, c.Review)
		}
	}
	s.must(204, "POST", up, s.cookie[auth.Supervisor], map[string]any{"reason": "mine"}, nil)
	s.must(409, "POST", down, s.cookie[auth.Moderator], nil, nil)
	s.exec(`UPDATE review_items SET why = 'disagreement' WHERE id = $1`, item)
	s.must(409, "POST", down, s.cookie[auth.Supervisor], nil, nil)
	s.must(404, "POST", "/api/v1/reviews/999999/unescalate", s.cookie[auth.Supervisor], nil, nil)
	if n := s.id(`SELECT count(*) FROM audit_log WHERE verb = 'review.unescalate'`); n != 2 {
		t.Errorf("%d of 2 lines in the audit log", n)
	}
}

func TestOneOfManyGetsTheItem(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	_, item := s.queued("one", "x", "review", "review", 0.9)
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := map[int]int{}
	for _, role := range []auth.Role{auth.Owner, auth.Admin, auth.Supervisor, auth.Moderator} {
		for range 3 {
			wg.Go(func() {
				res := s.do("POST", fmt.Sprintf("/api/v1/reviews/%d/claim", item), s.cookie[role], nil)
				mu.Lock()
				defer mu.Unlock()
				got[res.status]++
			})
		}
	}
	wg.Wait()
	if got[200] != 3 || got[409] != 9 { // one member, three times
		t.Errorf("claims: %v", got)
	}
	if n := s.id(`SELECT count(*) FROM audit_log WHERE verb = 'review.claim'`); n != 1 {
		t.Errorf("%d lines of the audit log: prolonging a claim is no event", n)
	}
}

func TestEscalating(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	comment, item := s.queued("one", "x", "review", "review", 0.9)
	path := fmt.Sprintf("/api/v1/reviews/%d/escalate", item)
	s.must(422, "POST", path, s.cookie[auth.Moderator], map[string]any{"reason": ""}, nil)
	s.must(200, "POST", fmt.Sprintf("/api/v1/reviews/%d/claim", item), s.cookie[auth.Moderator], nil, nil)
	if r := s.queue(auth.Owner)[comment].Review; r.ClaimedBy == nil || r.ClaimedName == "" || r.ClaimedName != s.text(`SELECT coalesce(nullif(name, ''), email) FROM users WHERE id = $1`, *r.ClaimedBy) {
		t.Errorf("others are not told who has it: %+v", r)
	}
	s.must(409, "POST", path, s.cookie[auth.Owner], map[string]any{"reason": "theirs"}, nil)
	s.must(204, "POST", path, s.cookie[auth.Moderator], map[string]any{"reason": "not mine to say"}, nil)
	if _, ok := s.queue(auth.Moderator)[comment]; ok {
		t.Error("moderators still have it")
	}
	c, ok := s.queue(auth.Supervisor)[comment]
	if !ok || c.Review.Escalation != "not mine to say" || c.Review.ClaimedBy != nil {
		t.Fatalf("supervisors have %+v", c.Review)
	}
	s.decide(409, auth.Moderator, comment, item, "hide")
	s.decide(200, auth.Supervisor, comment, item, "hide")
	if n := s.id(`SELECT count(*) FROM audit_log WHERE verb = 'review.escalate' AND actor = $1`, fmt.Sprint("user:", s.user[auth.Moderator])); n != 1 {
		t.Errorf("%d lines of the audit log", n)
	}
}

func (s *scene) inTx(_ context.Context, do func(tx *sqlx.Tx) error) error {
	tx := s.db.MustBegin()
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func TestTheQueueGrowsMoreUrgentWithAge(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`DELETE FROM review_items WHERE workspace_id = $1`, s.home.id)
	for name, c := range map[string]struct{ priority, hours float64 }{"fresh": {0.9, 0}, "a day old": {0.5, 24}, "three days": {0.3, 72}, "a month": {0.3, 720}} {
		_, it := s.queued(name, name, "review", "review", c.priority)
		s.exec(`UPDATE review_items SET created_at = now() - make_interval(hours => $2::int) WHERE id = $1`, it, c.hours)
	}
	for name, want := range map[string]float64{"fresh": 0.9, "a day old": 1, "three days": 1.2, "a month": 1.2} {
		found := false
		for _, c := range s.queue(auth.Moderator) {
			if c.Text == name {
				found = math.Abs(c.Review.Priority-want) < 0.001
			}
		}
		if !found {
			t.Errorf("%s does not stand at %.1f", name, want)
		}
	}
}

func TestStatisticsOfRulesAndSamples(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.reviewSettings(`{"second":0,"gold_every":0}`)
	for i, verb := range []string{"approve", "hide", "", "approve"} {
		c, it := s.queued(fmt.Sprint("c", i), fmt.Sprint("t", i), "hide", "hidden", 0.5)
		s.exec(`UPDATE review_items SET kind = 'sample' WHERE id = $1`, it)
		if verb != "" {
			s.decide(200, auth.Moderator, c, it, verb)
		}
	}
	var st review.Statistics
	s.must(200, "GET", "/api/v1/review-statistics", s.cookie[auth.Analyst], nil, &st)
	if len(st.Rules) != 1 || st.Rules[0] != (review.Fired{Name: "x", Version: "r1", Fired: 4, Removed: 4, Decided: 3, Overturned: 2, Restored: 2}) {
		t.Errorf("rules: %+v", st.Rules)
	}
	if len(st.Samples) != 1 || st.Samples[0] != (review.Sample{Decision: "hide", Language: "en", Drawn: 4, Decided: 3, Wrong: 2}) {
		t.Errorf("samples: %+v", st.Samples)
	}
	if len(st.Tiers) != 2 || st.Tiers[1].Name != "rules" || st.Tiers[1].Fired != 4 { // the scene's own comment is the model's
		t.Errorf("tiers: %+v", st.Tiers)
	}
}

func TestDecisionsTeachTheModel(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for i, verb := range []string{"approve", "hide", "delete", ""} {
		c, it := s.queued(fmt.Sprint("c", i), fmt.Sprint("words ", i), "hide", "hidden", 0.5)
		if verb != "" {
			s.decide(200, auth.Moderator, c, it, verb)
		}
	}
	s.exec(`UPDATE comments SET text = '' WHERE text = 'words 2'`) // erased
	rows, err := review.TrainingRows(context.Background(), s.db, s.home.id)
	if err != nil {
		t.Fatal(err)
	}
	if got := rows["harm"]; len(got) != 2 || got[0].Text != "words 0" || got[0].Label != "none" || got[1].Label != "harassment" || len(rows["spam"]) != 1 {
		t.Errorf("rows: %+v", rows)
	}
	if rows, err := review.TrainingRows(context.Background(), s.db, s.other.id); err != nil || len(rows) != 0 {
		t.Errorf("another workspace's decisions: %v, %v", rows, err)
	}
}
