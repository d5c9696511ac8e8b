package api_test

import (
	"context"
	"fmt"
	"testing"

	"ponte/api"
	"ponte/auth"
	"ponte/fault"
	"ponte/moderation"
	"ponte/review"
)

// TestDisagreementsWithTheMachineAndBetweenReviewers: what people overturned, with the machine's reason, and
// where two said the opposite; what was confirmed, or undone, is on neither list.
func TestDisagreementsWithTheMachineAndBetweenReviewers(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.reviewSettings(`{"second":0,"gold_every":0}`)
	wrong, item := s.queued("wrong", "you clowns", "hide", "hidden", 0.9)
	s.decide(200, auth.Moderator, wrong, item, "approve")
	right, item2 := s.queued("right", "you fools", "hide", "hidden", 0.9)
	s.decide(200, auth.Moderator, right, item2, "hide")
	back, item3 := s.queued("back", "you jokers", "hide", "hidden", 0.9)
	s.decide(200, auth.Moderator, back, item3, "approve")
	s.must(200, "POST", s.onComment("undo", back), s.cookie[auth.Moderator], nil, nil)
	open, item4 := s.queued("open", "is this fair?", "review", "review", 0.5)
	s.decide(200, auth.Moderator, open, item4, "hide") // the machine had said nothing

	var list api.Page[review.Disagreement]
	s.must(200, "GET", "/api/v1/review-disagreements", s.cookie[auth.Supervisor], nil, &list)
	if len(list.Items) != 1 || list.Items[0].CommentID != wrong || list.Items[0].First != "hide" || list.Items[0].FirstBy != "rules" || list.Items[0].Rule != "x" || list.Items[0].Version != "r1" ||
		list.Items[0].Second != "allow" || list.Items[0].SecondBy != "moderator@home.example" {
		t.Errorf("against the machine: %+v", list.Items)
	}

	look := func(id int64) string { return fmt.Sprintf("/api/v1/comments/%d/second-look", id) }
	s.must(409, "POST", look(back), s.cookie[auth.Moderator], nil, nil) // not decided
	s.must(204, "POST", look(wrong), s.cookie[auth.Moderator], nil, nil)
	s.must(409, "POST", look(wrong), s.cookie[auth.Moderator], nil, nil) // asked for already
	s.must(204, "POST", look(right), s.cookie[auth.Moderator], nil, nil)
	seen := s.queue(auth.Admin)
	s.decide(200, auth.Admin, wrong, seen[wrong].Review.ID, "hide")
	s.decide(200, auth.Admin, right, seen[right].Review.ID, "hide")
	s.must(200, "GET", "/api/v1/review-disagreements?with=reviewers", s.cookie[auth.Supervisor], nil, &list)
	if len(list.Items) != 1 || list.Items[0].CommentID != wrong || list.Items[0].First != "allow" || list.Items[0].Second != "hide" || list.Items[0].Settled != "" {
		t.Fatalf("between reviewers: %+v", list.Items)
	}
	s.decide(200, auth.Supervisor, wrong, s.queue(auth.Supervisor)[wrong].Review.ID, "hide")
	s.must(200, "GET", "/api/v1/review-disagreements?with=reviewers", s.cookie[auth.Supervisor], nil, &list)
	if len(list.Items) != 1 || list.Items[0].Settled != "hide" {
		t.Errorf("settled: %+v", list.Items)
	}
	s.must(403, "GET", "/api/v1/review-disagreements", s.cookie[auth.Moderator], nil, nil)
}

// TestAnOpinionChangesNothing: the model is asked with what it was judged with, and only its word comes back.
func TestAnOpinionChangesNothing(t *testing.T) {
	t.Parallel()
	var asked moderation.Input
	answer, failure := moderation.LLMAnswer{Category: "harassment", Score: 0.8, Reason: "an insult", Model: "m", Prompt: "p"}, error(nil)
	s := newScene(t, func(d *api.Deps) {
		d.Opine = func(_ context.Context, _ int64, in moderation.Input) (moderation.LLMAnswer, error) {
			asked = in
			return answer, failure
		}
	})
	comment, _ := s.queued("one", "you clowns", "hide", "hidden", 0.9)
	before := s.effects()
	path := fmt.Sprintf("/api/v1/comments/%d/opinion", comment)
	var o api.Opinion
	s.must(200, "POST", path, s.cookie[auth.Moderator], nil, &o)
	if o.Category != "harassment" || !o.Agrees || asked.Text != "you clowns" {
		t.Errorf("%+v of %+v", o, asked)
	}
	answer.Category = "none"
	s.must(200, "POST", path, s.cookie[auth.Moderator], nil, &o)
	if o.Agrees {
		t.Error("it agrees with a hide and finds nothing")
	}
	failure = fault.New(fault.Unavailable, "the day's budget for the language model is spent")
	s.must(503, "POST", path, s.cookie[auth.Moderator], nil, nil)
	if s.effects() != before {
		t.Error("an opinion did something")
	}
}

// TestARuleIsSwitched: a shipped one rests and comes back as it was; one's own too; and what was drawn up
// in the switch's name is no trace in the list.
func TestARuleIsSwitched(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	rule := func(name string) (found api.RuleDetail) {
		t.Helper()
		var page api.Page[api.RuleDetail]
		s.must(200, "GET", "/api/v1/rules?full=true", s.cookie[auth.Owner], nil, &page)
		for _, r := range page.Items {
			if r.Name == name {
				found = r
			}
		}
		return found
	}
	flip := func(name string, on bool) {
		t.Helper()
		s.must(200, "POST", "/api/v1/rules/switch", s.cookie[auth.Owner], map[string]any{"name": name, "on": on}, nil)
	}
	was := rule("sells_followers")
	flip("sells_followers", false)
	if r := rule("sells_followers"); !r.Off || !r.Replaces || len(r.Document.Words) != len(was.Document.Words) {
		t.Errorf("switched off: %+v", r.Rule)
	}
	flip("sells_followers", true)
	if r := rule("sells_followers"); r.Off || r.Replaces || !r.Shipped || r.ID != 0 {
		t.Errorf("switched on again: %+v", r.Rule)
	}
	s.must(200, "POST", "/api/v1/rules", s.cookie[auth.Owner], map[string]any{"name": "mine", "text": "t", "category": "spam", "decision": "hide", "words": []string{"zorblax"}}, nil)
	flip("mine", false)
	flip("mine", false)
	if r := rule("mine"); !r.Off || r.ID == 0 {
		t.Errorf("one's own, switched off: %+v", r.Rule)
	}
	flip("mine", true)
	if r := rule("mine"); r.Off || r.Document.Words[0] != "zorblax" {
		t.Errorf("one's own, switched on again: %+v", r.Rule)
	}
	s.must(404, "POST", "/api/v1/rules/switch", s.cookie[auth.Owner], map[string]any{"name": "nobody's", "on": false}, nil)
}

func TestCommentsAreNarrowedByWhatDecided(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	a, item := s.queued("a", "first words", "hide", "hidden", 0.9)
	b, _ := s.queued("b", "other words", "review", "review", 0.4)
	s.exec(`UPDATE verdicts SET tier = 'model', verdict = verdict || '{"harm":0.6,"category":"spam"}' WHERE subject_id = $1`, b)
	s.exec(`UPDATE comments SET commented_at = now() - interval '3 days' WHERE id = $1`, b)
	for query, want := range map[string][]int64{
		"tier=rules": {a}, "tier=model&category=spam": {b}, "confidence=high&tier=rules": {a}, "confidence=low": {b}, "category=harassment": {a},
		"before=2020-01-01T00:00:00Z": {}, "by=machine&tier=rules": {a},
	} {
		for _, queue := range []string{"open", "all"} {
			var page api.Page[api.Comment]
			s.must(200, "GET", "/api/v1/comments?queue="+queue+"&"+query, s.cookie[auth.Moderator], nil, &page)
			var got []int64
			for _, c := range page.Items {
				if c.ID == a || c.ID == b {
					got = append(got, c.ID)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s in %s: %v, want %v", query, queue, got, want)
			}
		}
	}
	s.decide(200, auth.Moderator, a, item, "approve")
	var page api.Page[api.Comment]
	s.must(200, "GET", "/api/v1/comments?by=machine&tier=person", s.cookie[auth.Moderator], nil, &page)
	if len(page.Items) != 1 || page.Items[0].ID != a {
		t.Errorf("what the machine hid and a person restored: %+v", page.Items)
	}
}
