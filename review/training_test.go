package review

import (
	"fmt"
	"strings"
	"testing"

	"ponte/moderation"
)

func TestTrainingRows(t *testing.T) {
	t.Parallel()
	rows := []decided{
		{"You clowns!", "you clowns", "en", "hide", "harassment"},
		{"you clowns", "you clowns", "en", "delete", "harassment"}, // the same, once
		{"lovely", "lovely", "it", "allow", "harassment"},
		{"both ways", "both ways", "en", "allow", ""},
		{"both ways", "both ways", "en", "hide", "spam"},
		{"buy", "buy", "xx", "hide", "spam"},
		{"why", "why", "en", "hide", ""},
		{"missed", "missed", "en", "hide", ""}, // one of many that are alike has the word for it
		{"missed", "missed", "en", "hide", "hate"},
		{"missed", "missed", "en", "hide", ""},
		{"torn", "torn", "en", "hide", ""},
		{"torn", "torn", "en", "allow", ""},
	}
	got := trainingRows(rows)
	show := func(list []moderation.Example) string {
		out := ""
		for _, e := range list {
			out += fmt.Sprintf("%s/%s/%s ", e.Text, e.Label, e.Lang)
		}
		return out
	}
	if h := show(got["harm"]); h != "You clowns!/harassment/en lovely/none/it missed/hate/en " {
		t.Errorf("harm: %s", h)
	}
	if s := show(got["spam"]); s != "lovely/none/it buy/spam/ " {
		t.Errorf("spam: %s", s)
	}
	aside := 0
	for i := range 5000 {
		text := fmt.Sprint("text ", i)
		first := setAside(text)
		if first {
			aside++
		}
		if setAside(strings.Clone(text)) != first {
			t.Fatal("a text changes its part")
		}
	}
	if aside < 900 || aside > 1100 {
		t.Errorf("%d of 5000 are set aside, want about a fifth", aside)
	}
}
