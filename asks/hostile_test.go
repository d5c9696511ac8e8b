package asks

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"ponte/llm"
	"ponte/prompts"
)

// listener stands in for a language model that keeps what it was asked.
type listener struct {
	model
	heard []llm.Request
}

func (l *listener) Complete(ctx context.Context, r llm.Request) (llm.Response, error) {
	l.mu.Lock()
	l.heard = append(l.heard, r)
	l.mu.Unlock()
	return l.model.Complete(ctx, r)
}

var fenceMark = regexp.MustCompile(`DATA-[0-9a-f]{16}`)

// Whatever a text holds, it stands between marks it could not know, and nowhere else.
func TestHostileTextsStayFenced(t *testing.T) {
	b := setup(t, `{}`)
	l := &listener{model: model{name: "small", state: llm.OK, answer: spam}}
	b.runner.Model = l
	f, err := os.Open("../moderation/testdata/hostile.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var texts []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var h struct {
			Text   string
			Repeat int
		}
		if err := json.Unmarshal(lines.Bytes(), &h); err != nil {
			t.Fatal(err)
		}
		if h.Repeat == 0 && !strings.Contains(h.Text, "\x00") { // the database keeps no NUL, so none is asked about
			texts = append(texts, h.Text)
			b.ask(h.Text)
		}
	}
	for range 50 {
		if n, err := b.runner.Once(context.Background()); err != nil {
			t.Fatal(err)
		} else if n == 0 {
			break
		}
	}
	told, err := prompts.Text(prompts.Moderate)
	if err != nil {
		t.Fatal(err)
	}
	rest, asked := "", 0
	for _, r := range l.heard {
		marks := fenceMark.FindAllString(r.System, -1)
		if len(marks) == 0 {
			t.Fatal("the prompt names no mark")
		}
		mark := marks[0]
		block := regexp.MustCompile(`(?s)<` + mark + `>\n.*?\n</` + mark + `>`)
		asked += len(block.FindAllString(r.User, -1))
		outside := block.ReplaceAllString(r.User, "")
		if strings.Contains(outside, mark) {
			t.Errorf("a mark stands alone, so that a text is not fenced:\n%.300s", outside)
		}
		rest += outside
		for _, text := range texts {
			if len(text) > 12 && strings.Contains(r.System, text) && !strings.Contains(told, text) {
				t.Errorf("%.60q stands in the system's prompt", text)
			}
		}
	}
	if asked < 100 {
		t.Fatalf("%d texts were put to the model, want more than 100", asked)
	}
	if left := regexp.MustCompile(`Item \d+, a (comment|message):|\s`).ReplaceAllString(rest, ""); left != "" {
		t.Errorf("outside the marks stands %.200q", left)
	}
}
