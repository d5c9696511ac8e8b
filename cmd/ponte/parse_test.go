package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"ponte/channels/webhook"
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

// Captures hold several bodies, most often one a line; one that was cut off is named and the others are printed.
func TestParseTakesSeveralBodies(t *testing.T) {
	comment := func(id int) string {
		return fmt.Sprintf(`{"object":"page","entry":[{"id":"11","time":1758700000,"changes":[{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"30_%d","post_id":"11_30","from":{"id":"5"},"message":"x","created_time":1758690000}}]}]}`, id)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(comment(2)), "", "  "); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file  string
		ids   string
		fault string
	}{
		"one":                     {comment(1), "30_1", ""},
		"one on several lines":    {pretty.String(), "30_2", ""},
		"one a line":              {comment(1) + "\n" + comment(2) + "\n\n", "30_1 30_2", ""},
		"lines of another system": {"\ufeff" + comment(1) + "\r\n" + comment(2) + "\r\n", "30_1 30_2", ""},
		"several lines each":      {pretty.String() + "\n" + pretty.String(), "30_2 30_2", ""},
		"an array":                {"[" + comment(1) + "," + comment(2) + "]", "30_1 30_2", ""},
		"cut off":                 {comment(1)[:90], "", "the body is not JSON"},
		"nothing":                 {" \n", "", "the body is not JSON"},
		"one of three cut off":    {comment(1) + "\n" + comment(2)[:90] + "\n" + comment(3), "30_1 30_3", "line 2: the body is not JSON"},
		"something behind":        {comment(1) + "\n}", "30_1", "line 2: the body is not JSON"},
	} {
		var out bytes.Buffer
		err := printEvents(&out, []byte(c.file))
		if got := fmt.Sprint(err); c.fault == "" && err != nil || c.fault != "" && (got != c.fault || !errors.Is(err, webhook.ErrNotJSON)) {
			t.Errorf("%s: %v, expected %q", name, err, c.fault)
		}
		var ids []string
		for dec := json.NewDecoder(&out); dec.More(); {
			var line struct{ ID string }
			if err := dec.Decode(&line); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			ids = append(ids, line.ID)
		}
		if got := strings.Join(ids, " "); got != c.ids {
			t.Errorf("%s: %s, expected %s", name, got, c.ids)
		}
	}
}

// A time that the body does not name is null: nobody looks for a comment of 1970.
func TestParsePrintsNoTimeThatNobodyNamed(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"entry":[{"id":"7"}]}`: `{"kind":"unsupported","channel":"","account":"7","id":"","text":"","reason":"the body names no object, so nothing says which network it is about","time":null}`,
		`{"object":"page","entry":[{"id":"7","time":1758700000,"changes":[{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"1_2","post_id":"7_1","message":"x"}}]}]}`: `{"kind":"comment.added","channel":"facebook","account":"7","id":"1_2","text":"x","reason":"","time":"2025-09-24T07:46:40Z"}`,
	} {
		var out bytes.Buffer
		if err := printEvents(&out, []byte(body)); err != nil {
			t.Fatal(err)
		}
		var line struct {
			Kind    string  `json:"kind"`
			Channel string  `json:"channel"`
			Account string  `json:"account"`
			ID      string  `json:"id"`
			Text    string  `json:"text"`
			Reason  string  `json:"reason"`
			Time    *string `json:"time"`
		}
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", out.Bytes(), err)
		}
		if got, _ := json.Marshal(line); string(got) != want {
			t.Errorf("%s\n is   %s\n want %s", body, got, want)
		}
	}
}

// Whoever reads a line finds the same names in every one, also where nobody knows who wrote.
func TestParsePrintsAPersonNobodyKnows(t *testing.T) {
	var out bytes.Buffer
	if err := printEvents(&out, []byte(`{"object":"instagram","entry":[{"id":"17","time":1758700000,"changes":[{"field":"live_comments","value":{"id":"1","text":"x"}}]}]}`)); err != nil {
		t.Fatal(err)
	}
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kind", "channel", "account", "id", "time", "person", "text"} {
		if _, there := line[name]; !there {
			t.Errorf("%q is missing in %s", name, out.String())
		}
	}
}
