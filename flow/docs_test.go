package flow

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var fence = regexp.MustCompile("(?s)```(json|turns)\n(.*?)```")

// Every example of docs/flows.md is read, and together they show every type of step and kind of answer.
func TestExamplesOfTheDocumentation(t *testing.T) {
	raw, err := os.ReadFile("../docs/flows.md")
	if err != nil {
		t.Fatal(err)
	}
	const head = `{"format": 1, "id": "example", "version": 1, "name": "Example", "languages": ["en"], "hours": {"time_zone": "Europe/Rome", "week": {}}, "steps": `
	var first *Flow
	types, asked, played := map[string]bool{}, map[string]bool{}, 0
	for _, m := range fence.FindAllStringSubmatch(string(raw), -1) {
		example := m[2]
		switch {
		case m[1] == "turns":
			script, err := ParseScript([]byte(example))
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range script.Play(first) {
				played++
				for _, bad := range p.Problems {
					t.Errorf("%s: %s", p.Case, bad)
				}
			}
			continue
		case strings.HasPrefix(example, "["):
			example = head + example + "}"
		case strings.HasPrefix(example, `{"time_zone"`):
			example = strings.Replace(head, `{"time_zone": "Europe/Rome", "week": {}}`, example, 1) + `[{"id": "x", "type": "end"}]}`
		}
		f, err := Parse([]byte(example))
		if err != nil {
			t.Errorf("an example has faults: %v\n%.80s", err, m[2])
			continue
		}
		if first == nil {
			first = f
		}
		for _, s := range f.Steps {
			types[s.Type] = true
			if q, ok := s.body.(*question); ok {
				asked[q.answer.kind] = true
			}
		}
	}
	for _, k := range kinds {
		if !types[k.name] {
			t.Errorf("no example shows a %s step", k.name)
		}
	}
	for _, kind := range []string{"text", "choice", "email", "phone", "number", "date", "postcode"} {
		if !asked[kind] {
			t.Errorf("no example asks for a %s", kind)
		}
	}
	if played < 2 {
		t.Errorf("%d cases were played", played)
	}
	for _, effect := range everyKind {
		if !strings.Contains(string(raw), "`"+string(effect)+"`") {
			t.Errorf("the effect %s is not told of", effect)
		}
	}
}
