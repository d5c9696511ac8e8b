package template

import (
	"encoding/json"
	"testing"

	"ponte/flow"
)

// The templates that a shipped flow names are ready-made ones, in its languages and with as many places as it fills:
// whoever adds both has a booking that is confirmed and reminded of.
func TestShippedFlowsNameReadyMadeTemplates(t *testing.T) {
	t.Parallel()
	ready, err := Ready("Bondi Kayaks")
	if err != nil {
		t.Fatal(err)
	}
	byKey := map[string]ReadyTemplate{}
	for _, r := range ready {
		byKey[r.Key] = r
	}
	type named struct {
		Template  string   `json:"template"`
		Variables []string `json:"variables"`
	}
	for _, id := range flow.Library() {
		raw, _, err := flow.Shipped(id)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Languages []string `json:"languages"`
			Services  []struct {
				Reminders []named `json:"reminders"`
			} `json:"services"`
			Steps []named `json:"steps"`
		}
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		all := doc.Steps
		for _, s := range doc.Services {
			all = append(all, s.Reminders...)
		}
		for _, n := range all {
			for _, l := range doc.Languages {
				d, ok := byKey[n.Template].Languages[l]
				if n.Template != "" && !ok {
					t.Errorf("%s names the template %q, which is not shipped in %s", id, n.Template, l)
				}
				if uses := d.Uses(); ok && len(n.Variables) > 0 && len(n.Variables) != len(uses) {
					t.Errorf("%s fills %d places of %q, which has %d in %s", id, len(n.Variables), n.Template, len(uses), l)
				}
			}
		}
	}
}
