package main

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"testing"

	"ponte/template"
)

// In the demo the shipped booking flow can be played to its end: the reminders and the confirmation that it sends are
// approved there, in the words of the ready-made ones. The rehearsal shares no code with us, so its copy is compared.
func TestTheDemoHasTheTemplatesOfTheBookingFlow(t *testing.T) {
	read := func(path string) []byte {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	var demo struct {
		Templates []struct {
			Name, Language, Category string
			Components               any
		}
	}
	if err := json.Unmarshal(read("../../rehearsal/demo.json"), &demo); err != nil {
		t.Fatal(err)
	}
	ready, err := template.Ready("Bondi Kayaks")
	if err != nil {
		t.Fatal(err)
	}
	sent := regexp.MustCompile(`"template": "(\w+)"`).FindAllStringSubmatch(string(read("../../flow/library/booking.json")), -1)
	if len(sent) < 3 {
		t.Fatalf("the flow sends %d templates", len(sent))
	}
	for _, name := range sent {
		for _, r := range ready {
			if r.Key != name[1] {
				continue
			}
			for language, d := range r.Languages {
				raw, err := d.Wire(r.Key, language)
				if err != nil {
					t.Fatal(err)
				}
				var want struct{ Components any }
				if err := json.Unmarshal(raw, &want); err != nil {
					t.Fatal(err)
				}
				found := false
				for _, d := range demo.Templates {
					found = found || d.Name == r.Key && d.Language == language && d.Category == r.Category && reflect.DeepEqual(d.Components, want.Components)
				}
				if !found {
					t.Errorf("the demo has no %s in %q as it is shipped", r.Key, language)
				}
			}
		}
	}
}
