package api_test

import (
	"fmt"
	"slices"
	"testing"

	"ponte/auth"
)

type shown struct {
	State    string `json:"state"`
	Decision string `json:"decision"`
	Review   *struct {
		ID int64 `json:"id"`
	} `json:"review"`
	Verdict *struct {
		Tier string `json:"tier"`
	} `json:"verdict"`
	Actions []struct {
		Kind  string `json:"kind"`
		State string `json:"state"`
	} `json:"actions"`
}

func (c shown) waiting() []string {
	var out []string
	for _, a := range c.Actions {
		if a.State == "planned" {
			out = append(out, a.Kind)
		}
	}
	slices.Sort(out)
	return out
}

// TestDecisionsAndUndosLeadBackStepByStep: each step is what a moderator does next; the outbox does not
// run, so what waits is exactly what the decisions want.
func TestDecisionsAndUndosLeadBackStepByStep(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	who := s.cookie[auth.Moderator]
	for i, step := range []struct {
		do       string
		status   int
		decision string
		tier     string
		open     bool // the review item
		waiting  []string
	}{
		// The machine hid it: the comment stands hidden, its item open.
		{"delete", 200, "delete", "person", false, []string{"comment.delete"}},
		{"undo", 200, "hide", "model", true, nil},
		{"approve", 200, "allow", "person", false, []string{"comment.unhide"}},
		{"delete", 200, "delete", "person", false, []string{"comment.delete"}},
		{"undo", 200, "allow", "person", false, []string{"comment.unhide"}},
		{"undo", 200, "hide", "model", true, nil}, // not the delete that was undone before
		{"undo", 200, "allow", "person", false, []string{"comment.unhide"}},
	} {
		var c shown
		s.must(step.status, "POST", fmt.Sprintf("/api/v1/comments/%d/%s", s.home.comment, step.do), who, map[string]any{}, &c)
		if c.Decision != step.decision || c.Verdict.Tier != step.tier || (c.Review != nil) != step.open || !slices.Equal(c.waiting(), step.waiting) {
			t.Fatalf("step %d, %s: decision %s by %s, item open %t, waiting %v; want %s by %s, %t, %v", i, step.do, c.Decision, c.Verdict.Tier, c.Review != nil, c.waiting(),
				step.decision, step.tier, step.open, step.waiting)
		}
	}
	if n := s.id(`SELECT count(*) FROM events WHERE kind = 'comment.approved' AND workspace_id = $1`, s.home.id); n != 2 {
		t.Errorf("%d approvals were raised for the triggers, want 2", n)
	}
	if n := s.id(`SELECT count(*) FROM audit_log WHERE object = $1`, fmt.Sprintf("comment:%d", s.home.comment)); n != 7 {
		t.Errorf("%d lines in the audit log, want one for each of 7 steps", n)
	}
}

// TestUndoingTheMachineLeavesTheOthersInTheQueue: what it hid is shown again for one of many that are alike; the others
// still wait for a person.
func TestUndoingTheMachineLeavesTheOthersInTheQueue(t *testing.T) {
	t.Parallel()
	for _, of := range []int{0, 1} {
		s := newScene(t)
		s.reviewSettings(`{"second":0,"gold_every":0}`)
		var comments []int64
		for i := range 3 {
			c, _ := s.queued(fmt.Sprint("storm", i), "you clowns", "hide", "hidden", 0.9)
			comments = append(comments, c)
		}
		s.must(200, "POST", s.onComment("undo", comments[of]), s.cookie[auth.Moderator], nil, nil)
		if n := s.id(`SELECT count(*) FROM review_members m JOIN review_items i ON i.id = m.item_id WHERE m.state = 'open' AND i.state <> 'open'`); n != 0 {
			t.Errorf("%d comments wait in an item that is closed", n)
		}
		left := 0
		for id, c := range s.queue(auth.Moderator) {
			if slices.Contains(comments, id) {
				left += 1 + c.Review.Alike
			}
		}
		if left != 2 || s.text(`SELECT decision FROM comments WHERE id = $1`, comments[of]) != "allow" {
			t.Errorf("undoing number %d leaves %d of 2 before people", of, left)
		}
	}
}

func TestACommentWithoutVerdictOrReviewIsListed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`DELETE FROM review_items WHERE id = $1`, s.home.review)
	s.exec(`UPDATE comments SET verdict_id = NULL, decision = NULL, post_id = NULL, identity_id = NULL, contact_id = NULL WHERE id = $1`, s.home.comment)
	var page struct {
		Items []map[string]any `json:"items"`
	}
	s.must(200, "GET", "/api/v1/comments", s.cookie[auth.Analyst], nil, &page)
	if len(page.Items) != 1 || page.Items[0]["verdict"] != nil || page.Items[0]["review"] != nil || page.Items[0]["post"] != nil || page.Items[0]["decision"] != "" {
		t.Errorf("items = %v, want the one comment with nothing decided", page.Items)
	}
	if res := s.do("POST", fmt.Sprintf("/api/v1/comments/%d/undo", s.home.comment), s.cookie[auth.Moderator], map[string]any{}); res.status != 409 {
		t.Errorf("undo of nothing: %d, want 409", res.status)
	}
}

func TestAReviewItemIsOneModeratorsAtATime(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	claim, approve := fmt.Sprintf("/api/v1/reviews/%d/claim", s.home.review), fmt.Sprintf("/api/v1/comments/%d/approve", s.home.comment)
	s.must(200, "POST", claim, s.cookie[auth.Moderator], map[string]any{}, nil)
	s.must(409, "POST", claim, s.cookie[auth.Supervisor], map[string]any{}, nil)
	s.must(409, "POST", approve, s.cookie[auth.Supervisor], map[string]any{"review_id": s.home.review}, nil)
	if got := s.text(`SELECT decision FROM comments WHERE id = $1`, s.home.comment); got != "hide" {
		t.Errorf("a refused decision changed the comment to %s", got)
	}
	s.exec(`UPDATE review_items SET claimed_until = now() - interval '1 second' WHERE id = $1`, s.home.review)
	s.must(200, "POST", approve, s.cookie[auth.Supervisor], map[string]any{"review_id": s.home.review}, nil)
	s.must(409, "POST", approve, s.cookie[auth.Moderator], map[string]any{"review_id": s.home.review}, nil)
}
