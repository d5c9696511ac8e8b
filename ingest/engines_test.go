package ingest

import (
	"encoding/json"
	"testing"

	"ponte/moderation"
)

// Rules are read and compiled when they have changed, and not with every batch.
func TestAnEngineIsMadeAnewOnlyWhenRulesChange(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	made := 0
	b.decider.Engines.New = func(policy, rules json.RawMessage) (*moderation.Engine, error) {
		made++
		return moderation.EngineFor(policy, rules)
	}
	for i, step := range []struct {
		change func()
		text   string
		want   string
		made   int
	}{
		{func() {}, "zorblax one", "allow", 1},
		{func() {}, "zorblax two", "allow", 1},
		{func() {
			b.rules(`[{"name":"z","text":"t","category":"spam","decision":"hide","words":["zorblax"]}]`)
		}, "zorblax three", "hide", 2},
		{func() { b.exec(`UPDATE workspaces SET settings = '{"cap_day":2}'`) }, "zorblax four", "hide", 2},
		{func() { b.exec(`UPDATE workspaces SET settings = '{"policy":{"categories":{"spam":"review"}}}'`) }, "zorblax five", "review", 3},
		{func() { b.rules(`[]`) }, "zorblax six", "allow", 4},
	} {
		step.change()
		b.feed(b.igComment(b.next("c"), b.next("7"), step.text))
		if got := b.text(`SELECT decision FROM comments ORDER BY id DESC LIMIT 1`); got != step.want || made != step.made {
			t.Errorf("step %d: %s with %d engines made, want %s with %d", i, got, made, step.want, step.made)
		}
	}
}
