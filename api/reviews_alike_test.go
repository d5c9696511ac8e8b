package api_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/lib/pq"

	"ponte/api"
	"ponte/auth"
	"ponte/review"
)

// storm is so many comments with the same words in the queue, which are one item.
func (s *scene) storm(n int) (comments []int64, item int64) {
	s.t.Helper()
	s.reviewSettings(`{"second":0,"gold_every":0}`)
	for i := range n {
		c, it := s.queued(fmt.Sprint("storm", i), "buy followers", "review", "review", 0.5)
		if item != 0 && it != item {
			s.t.Errorf("the same words make items %d and %d", item, it)
		}
		comments, item = append(comments, c), it
	}
	return comments, item
}

func TestDecidingAllThatIsAlike(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	comments, item := s.storm(6)
	other, _ := s.queued("other", "something else", "review", "review", 0.4)
	shown := s.queue(auth.Moderator)
	if c, ok := shown[comments[0]]; !ok || c.Review.Alike != 5 || len(shown) != 3 { // the storm once, the other, the scene's own
		t.Errorf("the queue shows %d entries, the storm as %+v", len(shown), c.Review)
	}
	if got, want := shown[comments[0]].Review.Priority, 0.5*(1+math.Log10(6)); math.Abs(got-want) > 0.001 { // reach grows with the count
		t.Errorf("the storm stands at %.3f, want %.3f", got, want)
	}
	one := s.decide(200, auth.Supervisor, comments[3], item, "approve") // one of them by itself
	if one.Decision != "allow" || one.Review != nil {
		t.Errorf("decided by itself: %+v", one)
	}
	var alike api.Page[api.Comment]
	s.must(200, "GET", fmt.Sprintf("/api/v1/reviews/%d/alike", item), s.cookie[auth.Moderator], nil, &alike)
	if len(alike.Items) != 5 {
		t.Errorf("%d are alike, want 5", len(alike.Items))
	}
	path := fmt.Sprintf("/api/v1/reviews/%d/alike", item)
	s.must(200, "POST", fmt.Sprintf("/api/v1/reviews/%d/claim", item), s.cookie[auth.Admin], nil, nil)
	s.must(409, "POST", path, s.cookie[auth.Moderator], map[string]any{"verb": "hide"}, nil)
	s.must(204, "POST", fmt.Sprintf("/api/v1/reviews/%d/release", item), s.cookie[auth.Admin], nil, nil)
	var b review.Batch
	s.must(200, "POST", path, s.cookie[auth.Moderator], map[string]any{"verb": "hide", "reason": "spam", "hours": 2}, &b)
	if b.Done != 5 || b.Left != 0 || b.Skipped != 0 {
		t.Errorf("%+v, want all that was left", b)
	}
	counts := func() string {
		return s.text(`SELECT concat_ws(' ', (SELECT count(*) FROM comments WHERE text = 'buy followers' AND decision = 'hide'), (SELECT count(*) FROM actions WHERE kind = 'comment.hide' AND state = 'planned'),
(SELECT count(*) FROM audit_log WHERE verb = 'comment.hide'), (SELECT count(*) FROM review_items WHERE state = 'open' AND workspace_id = $1), (SELECT decision FROM comments WHERE id = $2))`, s.home.id, other)
	}
	if got := counts(); got != "5 5 5 2 review" {
		t.Errorf("hidden, planned, audited, open, the other: %s", got)
	}
	var holds api.Page[review.Hold]
	s.must(200, "GET", "/api/v1/review-holds", s.cookie[auth.Analyst], nil, &holds)
	if len(holds.Items) != 2 || holds.Items[0].Comments != 5 || holds.Items[0].Batch != b.ID || holds.Items[0].Outcome != "hide" {
		t.Errorf("what holds: %+v", holds.Items)
	}
	s.must(204, "DELETE", fmt.Sprintf("/api/v1/review-holds/%d", item), s.cookie[auth.Moderator], nil, nil)
	s.must(404, "DELETE", fmt.Sprintf("/api/v1/review-holds/%d", item), s.cookie[auth.Moderator], nil, nil)
	s.decide(200, auth.Owner, comments[0], 0, "approve") // decided otherwise since: it stands for the others no longer
	s.decide(200, auth.Owner, comments[1], 0, "approve")
	var u review.Batch
	s.must(200, "POST", fmt.Sprintf("/api/v1/review-batches/%d/undo", b.ID), s.cookie[auth.Moderator], nil, &u)
	if u.Done != 3 || u.Skipped != 2 {
		t.Errorf("taken back: %+v", u)
	}
	if got := counts(); got != "0 0 5 3 review" {
		t.Errorf("after taking it back: %s", got)
	}
	if c := s.queue(auth.Moderator)[comments[2]]; c.Review == nil || c.Review.ID != item || c.Review.Alike != 2 {
		t.Errorf("back in the queue: %+v", c.Review)
	}
	s.must(404, "POST", fmt.Sprintf("/api/v1/review-batches/%d/undo", b.ID), s.cookie[auth.Moderator], nil, nil)
	s.must(422, "POST", path, s.cookie[auth.Moderator], map[string]any{"verb": "shrug"}, nil)
	s.must(422, "POST", path, s.cookie[auth.Moderator], map[string]any{"verb": "hide", "hours": 169}, nil)
}

// TestUndoingOneOfAStormLeavesTheOthers: also where it is the one that stands for them.
func TestUndoingOneOfAStormLeavesTheOthers(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	comments, item := s.storm(3)
	s.must(200, "POST", fmt.Sprintf("/api/v1/reviews/%d/alike", item), s.cookie[auth.Moderator], map[string]any{"verb": "hide"}, nil)
	for _, c := range comments[:2] {
		s.must(200, "POST", fmt.Sprintf("/api/v1/comments/%d/undo", c), s.cookie[auth.Moderator], nil, nil)
		if own := s.queue(auth.Moderator)[c]; own.Review == nil || own.Review.ID == item || own.Review.Alike != 0 {
			t.Errorf("taken back by itself: %+v", own.Review)
		}
	}
	worker := &review.Spreader{DB: s.db, Change: s.inTx, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	if _, err := worker.Once(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := s.text(`SELECT string_agg(decision, ' ' ORDER BY id) FROM comments WHERE id = ANY($1)`, pq.Array(comments)); got != "review review hide" {
		t.Errorf("after taking two back: %s", got)
	}
}
