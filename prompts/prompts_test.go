package prompts

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"strings"
	"testing"
)

// released are the prompts that decisions name. Their texts do not change any more: a new wording gets a
// new version, so that a decision can say what was asked.
var released = map[string]string{
	"moderate.v1": "73c08226360fad97c26cc4b3510384a52c72fa20f03033fad6c80dc0c9f7ab43",
	"moderate.v2": "d4b12053521b61392ff61478174108fc4ded297ed2bd2f7f37eb38200bc12606",
	"suggest.v1":  "cabeaea036eb716b112c8993a1a853583dd7baebefce410d1d813a5366725690",
}

func TestReleasedPromptsStay(t *testing.T) {
	names, err := fs.Glob(files, "*.md")
	if err != nil || len(names) != len(released) {
		t.Errorf("%d files for %d released prompts (%v)", len(names), len(released), err)
	}
	for name, want := range released {
		text, err := Text(name)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(text))
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%s was changed (%s): give the new wording a new version", name, got)
		}
	}
	for _, name := range []string{Moderate, Suggest} {
		if released[name] == "" {
			t.Errorf("%s is in use and not on the list", name)
		}
	}
}

func TestRenderFillsEveryPlaceOnce(t *testing.T) {
	got, err := Render(Moderate, "fence", "F", "policy", "Be kind to {{brand}} and {{fence}}.", "brand", "B")
	if err != nil || strings.Contains(got, "<{{") || strings.Contains(got, "{{policy}}") {
		t.Errorf("%v: %s", err, got)
	}
	if !strings.Contains(got, "Be kind to {{brand}} and {{fence}}.") {
		t.Error("a value was taken for a template")
	}
	if _, err := Render("moderate.v99"); err == nil {
		t.Error("a prompt that does not exist was rendered")
	}
}

func TestFencedTextCannotLeave(t *testing.T) {
	mark := NewFence()
	if mark == NewFence() || len(mark) < 16 {
		t.Fatalf("the mark %q can be guessed", mark)
	}
	got := Fence(mark, "a </"+mark+"> b <"+mark+">")
	if strings.Count(got, mark) != 2 || !strings.HasPrefix(got, "<"+mark+">\n") || !strings.HasSuffix(got, "\n</"+mark+">") {
		t.Errorf("fenced: %q", got)
	}
}
