package ponte

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ponte/ingest"
	"ponte/moderation"
	"ponte/suggest"
)

// source is a file of ours, but for tests.
type source struct {
	dir  string
	text string
	tree *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && (d.Name() == "node_modules" || d.Name() == ".git") {
				return filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		tree, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
		out = append(out, source{filepath.ToSlash(filepath.Dir(path)), string(text), tree})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// literal is a string constant that stands as itself.
func literal(e ast.Expr) (string, bool) {
	b, ok := e.(*ast.BasicLit)
	if !ok || b.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(b.Value)
	return s, err == nil && s != ""
}

// called collects what stands first in the calls of a function or method.
func called(s source, names ...string) []string {
	var out []string
	ast.Inspect(s.tree, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if !ok || len(c.Args) == 0 {
			return true
		}
		name := ""
		switch f := c.Fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		if text, ok := literal(c.Args[0]); ok && slices.Contains(names, name) {
			out = append(out, text)
		}
		return true
	})
	return out
}

// fields collects what a field is given where values of a type are written out.
func fields(s source, typ, field string) []string {
	var out []string
	ast.Inspect(s.tree, func(n ast.Node) bool {
		c, ok := n.(*ast.CompositeLit)
		if !ok || c.Type == nil || types.ExprString(c.Type) != typ {
			return true
		}
		for _, e := range c.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok && types.ExprString(kv.Key) == field {
				if text, ok := literal(kv.Value); ok {
					out = append(out, text)
				}
			}
		}
		return true
	})
	return out
}

var (
	reasonInSQL   = regexp.MustCompile(`reason = '([a-z_0-9]+)'`)
	reasonInTable = regexp.MustCompile(`\{(?:retry|wait|reauth|giveUp|ask|channels\.\w+), \w+, "([a-z_0-9]+)"`)
	reasonSet     = regexp.MustCompile(`(?:reason\b.*?[=:] ?|reason, \w+\.meaning = |state, v\.reason = \w+, )"([a-z_0-9]+)"`)
)

// reasons are the codes of why an action waits, was refused, failed or was cancelled.
func reasons(list []source) []string {
	var out []string
	for _, s := range list {
		if s.dir == "gate" {
			out = append(out, called(s, "refuse", "later")...)
			out = append(out, fields(s, "Decision", "Code")...)
		}
		out = append(out, fields(s, "channels.Failure", "Reason")...)
		out = append(out, fields(s, "outbox.Cancellation", "Reason")...)
		switch s.dir {
		case "channels/meta":
			for _, m := range reasonInTable.FindAllStringSubmatch(s.text, -1) {
				out = append(out, m[1])
			}
		case "outbox":
			for _, re := range []*regexp.Regexp{reasonInSQL, reasonSet} {
				for _, m := range re.FindAllStringSubmatch(s.text, -1) {
					out = append(out, m[1])
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// refusals are the codes of what the API refuses, where it has one.
func refusals(list []source) []string {
	var out []string
	for _, s := range list {
		out = append(out, called(s, "Coded")...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// findings are the codes of what the doctor and the hourly look at accounts say, and those with advice.
func findings(list []source) (codes, advised, problems []string) {
	for _, s := range list {
		ast.Inspect(s.tree, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, _ := c.Fun.(*ast.SelectorExpr)
			id, _ := c.Fun.(*ast.Ident)
			switch {
			case s.dir == "cmd/ponte" && f != nil && f.Sel.Name == "add" && len(c.Args) == 6:
				if code, ok := literal(c.Args[2]); ok {
					codes = append(codes, code)
					if b, isText := c.Args[5].(*ast.BasicLit); !isText || b.Value != `""` {
						advised = append(advised, code)
					}
				}
			case s.dir == "cmd/ponte" && f != nil && f.Sel.Name == "unread" && len(c.Args) == 5:
				if code, ok := literal(c.Args[2]); ok {
					codes, advised = append(codes, code, code+"_waba"), append(advised, code, code+"_waba")
				}
			case s.dir == "ingest" && id != nil && id.Name == "add" && len(c.Args) == 4:
				if code, ok := literal(c.Args[0]); ok {
					problems = append(problems, code)
				}
			}
			return true
		})
		problems = append(problems, fields(s, "inbox.AccountProblem", "Code")...)
	}
	return codes, advised, problems
}

// TestEveryCodeHasASentence holds the codes that the server can give against the texts of the interface.
func TestEveryCodeHasASentence(t *testing.T) {
	list := sources(t)
	wanted := map[string][]string{"reason": reasons(list), "refusal": refusals(list), "draft_refused": suggest.Refusals, "llm_fault": suggest.Faults}
	wanted["doctor"], wanted["doctor_fix"], wanted["problem"] = findings(list)
	wanted["problem_fix"] = wanted["problem"]
	for group, least := range map[string]int{"reason": 60, "refusal": 20, "doctor": 25, "doctor_fix": 12, "problem": 7} { // fewer: they are not found where they are written
		if n := len(wanted[group]); n < least {
			t.Errorf("only %d codes found for %s", n, group)
		}
	}
	for _, language := range []string{"en", "it", "fr", "ro"} {
		texts := map[string]map[string]any{}
		files, err := filepath.Glob("web/src/i18n/*/" + language + ".json")
		if err != nil || len(files) < 10 {
			t.Fatalf("%s: %d files of words found (%v)", language, len(files), err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Base(filepath.Dir(file)) == "said" {
				continue // by their English: TestWhatComesOfEventsHasPhrases
			}
			var all map[string]map[string]any
			if err := json.Unmarshal(raw, &all); err != nil {
				t.Fatal(err)
			}
			for group, v := range all {
				if texts[group] == nil {
					texts[group] = map[string]any{}
				}
				maps.Copy(texts[group], v)
			}
		}
		for group, codes := range wanted {
			for _, code := range codes {
				if text, _ := texts[group][code].(string); text == "" {
					t.Errorf("%s: nothing is said for %s.%s", language, group, code)
				}
			}
		}
	}
}

// TestWhatComesOfEventsHasPhrases holds the sentences that events, verdicts and rules are explained with against
// the phrases that the interface knows in other languages.
func TestWhatComesOfEventsHasPhrases(t *testing.T) {
	raw, err := os.ReadFile("web/src/i18n/said/it.json")
	if err != nil {
		t.Fatal(err)
	}
	var phrases map[string]string
	if err := json.Unmarshal(raw, &phrases); err != nil {
		t.Fatal(err)
	}
	for _, r := range moderation.DefaultRules().Rules {
		if phrases[r.Text] == "" {
			t.Errorf("the shipped rule %s says %q, which has no phrase", r.Name, r.Text)
		}
	}
	value := regexp.MustCompile(`\{\{?\w+\}?\}`)
	known := map[string]bool{}
	for phrase := range phrases {
		known[value.ReplaceAllString(phrase, "{}")] = true
	}
	var tellable func(string) bool // whole, or as phrases one after another, as said.ts puts them together
	tellable = func(s string) bool {
		if known[s] || s == "{}" {
			return true
		}
		for i := range s {
			if i > 0 && (strings.HasPrefix(s[i:], "; ") || strings.HasPrefix(s[i:], ": ")) && tellable(s[:i]) && tellable(s[i+2:]) {
				return true
			}
		}
		return false
	}
	for code, english := range ingest.ReasonCodes() {
		if !tellable(value.ReplaceAllString(english, "{}")) {
			t.Errorf("%s: %q has no phrase in web/src/i18n/said", code, english)
		}
	}
}
