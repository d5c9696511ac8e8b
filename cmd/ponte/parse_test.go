package main

import (
	"bytes"
	"encoding/json"
	"testing"
)

// What is printed of a comment that changed has the comment's own time, and says beside it when the change came.
func TestParsePrintsTheItemsOwnTime(t *testing.T) {
	const body = `{"object":"page","entry":[{"id":"11","time":1758700000,"changes":[{"field":"feed","value":{"item":"comment","verb":"%s","comment_id":"30_41","post_id":"11_30","from":{"id":"5"},"message":"x","created_time":1758690000}}]}]}`
	for verb, changed := range map[string]string{"add": "", "edited": "2025-09-24T07:46:40Z", "hide": "2025-09-24T07:46:40Z", "unhide": "2025-09-24T07:46:40Z", "remove": "2025-09-24T07:46:40Z"} {
		var out bytes.Buffer
		if err := printEvents(&out, bytes.ReplaceAll([]byte(body), []byte("%s"), []byte(verb))); err != nil {
			t.Fatal(err)
		}
		var line struct {
			Time      string `json:"time"`
			ChangedAt string `json:"changed_at"`
		}
		if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Time != "2025-09-24T05:00:00Z" || line.ChangedAt != changed {
			t.Errorf("%s: %s, %v", verb, out.String(), err)
		}
	}
}
