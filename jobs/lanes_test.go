package jobs_test

import (
	"testing"

	"ponte/jobs"
	"ponte/testkit"
)

func TestLanesMoveOnAtOnceWhenTheirProcessDies(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	first := &jobs.Lanes{DB: db, Holder: "w", Life: &jobs.Life{DB: db, Process: "first"}}
	second := &jobs.Lanes{DB: db, Holder: "w", Life: &jobs.Life{DB: db, Process: "second"}}
	held, err := first.Acquire(t.Context())
	if err != nil || len(held) != 64 {
		t.Fatalf("%d lanes, %v", len(held), err)
	}
	if got, err := second.Acquire(t.Context()); err != nil || len(got) != 0 {
		t.Fatalf("a living process lost %d lanes, %v", len(got), err)
	}
	again, err := first.Acquire(t.Context())
	if err != nil || len(again) != 64 || again[0].Fence != held[0].Fence {
		t.Fatalf("renewing moved the fence: %v, %v", again[0], err)
	}
	first.Life.End() // as a killed process leaves it: the lock gone, the lease running
	got, err := second.Acquire(t.Context())
	if err != nil || len(got) != 64 {
		t.Fatalf("%d lanes of a dead process were taken over, %v", len(got), err)
	}
	tx := db.MustBegin()
	defer tx.Rollback()
	if err := first.Check(t.Context(), tx, held); err != jobs.ErrLost {
		t.Errorf("a late writer of the dead process: %v, want ErrLost", err)
	}
	second.Life.End()
}

func TestLanesWithoutALifeWaitForTheLease(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	dead := &jobs.Lanes{DB: db, Holder: "dead", Share: func(lane int16) bool { return lane < 8 }}
	if held, err := dead.Acquire(t.Context()); err != nil || len(held) != 8 {
		t.Fatalf("%d lanes, %v", len(held), err)
	}
	other := &jobs.Lanes{DB: db, Holder: "other", Life: &jobs.Life{DB: db, Process: "other"}}
	if got, err := other.Acquire(t.Context()); err != nil || len(got) != 56 {
		t.Fatalf("%d lanes, %v; want those that nobody holds", len(got), err)
	}
	if _, err := db.Exec(`UPDATE lanes SET expires_at = now() - interval '1 second' WHERE lane < 8`); err != nil {
		t.Fatal(err)
	}
	if got, err := other.Acquire(t.Context()); err != nil || len(got) != 64 {
		t.Fatalf("%d lanes after the lease, %v", len(got), err)
	}
	other.Life.End()
}
