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

	"ponte/moderation"
	"ponte/said"
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
			if strings.HasPrefix(filepath.Base(filepath.Dir(file)), "said") {
				continue // statements: TestEveryStatementIsToldInEveryLanguage
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

// sections are the folders of the interface's words that tell the sentences of each list.
var sections = map[string]string{"events": "said", "verdicts": "said", "flows": "said_flows", "templates": "said_templates", "refusals": "said_refusals"}

var plural = regexp.MustCompile(`_(one|few|other)$`)

// TestEveryStatementIsToldInEveryLanguage holds the lists of package said against the words of the interface: each
// code is there in each language, with the values it has, and nothing else is there.
func TestEveryStatementIsToldInEveryLanguage(t *testing.T) {
	place, shown := regexp.MustCompile(`\{([a-z]+)\*?\}`), regexp.MustCompile(`\{\{([a-z]+)\}\}`)
	namesIn := func(value *regexp.Regexp, text string) []string {
		var out []string
		for _, m := range value.FindAllStringSubmatch(text, -1) {
			out = append(out, m[1])
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	english := said.Codes()
	for _, language := range []string{"it", "fr", "ro"} {
		have := map[string]map[string]string{}
		for list, codes := range said.Lists() {
			folder := sections[list]
			if have[folder] == nil {
				raw, err := os.ReadFile("web/src/i18n/" + folder + "/" + language + ".json")
				if err != nil {
					t.Fatalf("the list %s has no words: %v", list, err)
				}
				if err := json.Unmarshal(raw, ptr(have, folder)); err != nil {
					t.Fatal(err)
				}
			}
			for _, code := range codes {
				if have[folder][code] == "" && have[folder][code+"_other"] == "" {
					t.Errorf("%s: web/src/i18n/%s says nothing for %s: %q", language, folder, code, english[code])
				}
			}
		}
		for folder, words := range have {
			for key, text := range words {
				code := key
				if english[code] == "" {
					code = plural.ReplaceAllString(key, "")
				}
				if sections[listOf(code)] != folder {
					t.Errorf("%s: %s in web/src/i18n/%s is a code of no list", language, key, folder)
				} else if want, got := namesIn(place, english[code]), namesIn(shown, text); !slices.Equal(want, got) && !(strings.HasSuffix(key, "_one") && slices.Equal(without(want, "count"), got)) {
					t.Errorf("%s: %s has the values %v, its words %v", language, key, want, got)
				}
			}
		}
	}
}

// without leaves the count out of what a singular says: it may be said in words.
func without(names []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name })
}

func ptr(m map[string]map[string]string, key string) *map[string]string {
	words := map[string]string{}
	m[key] = words
	return &words
}

func listOf(code string) string {
	for list, codes := range said.Lists() {
		if slices.Contains(codes, code) {
			return list
		}
	}
	return ""
}

// TestShippedRulesAreStatements: what a rule that came with the program is about is told in every language.
func TestShippedRulesAreStatements(t *testing.T) {
	for _, r := range moderation.DefaultRules().Rules {
		if parts := said.Read(r.Text); len(parts) != 1 || parts[0].Code == said.Other || said.Codes()["rule_"+r.Name] != r.Text {
			t.Errorf("the shipped rule %s says %q; no list of said has that under rule_%s", r.Name, r.Text, r.Name)
		}
	}
}

// TestWhatExplainsVerdictsHasACode: what verdicts, models, people and webhooks are explained with is a statement,
// by the sources that write it.
func TestWhatExplainsVerdictsHasACode(t *testing.T) {
	for pattern, files := range map[string][]string{
		`Text: (?:fmt\.Sprintf\()?"((?:[^"\\]|\\.)+)"`:                                        {"moderation/judge.go", "moderation/decide.go", "moderation/signals.go"},
		`(?:return|why =|Note:|WithoutLLM\(v,|why \+|Sprintf\() ?"((?:[a-z]|: )[^"]* [^"]*)"`: {"moderation/judge.go", "asks/answer.go", "asks/pictures.go", "asks/signals.go"},
		`"(the (?:address|endpoint|name|certificate)[^"]+)"`:                                  {"notify/send.go"},
		`"(a person (?:allowed|hid|wants) it[^"]*)"`:                                          {"review/decide.go"},
	} {
		found := 0
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(raw), -1) {
				text := strings.TrimPrefix(m[1], ": ")
				if strings.HasSuffix(text, " ") {
					continue // what a category follows: the statements themselves are in the list
				}
				if found++; !said.Has(strings.Replace(text, "waits for %s", "waits for a person", 1)) {
					t.Errorf("%s says %q, which no list of said names", file, text)
				}
			}
		}
		if found < 3 {
			t.Errorf("only %d sentences found by %s", found, pattern)
		}
	}
}

// TestFaultsHaveCodes: what is wrong with a flow, a template, a trigger, a price file, an import, a wording or a quick
// reply is a statement. What does not exist, and our own faults, are told by their kind.
func TestFaultsHaveCodes(t *testing.T) {
	found := map[string]int{}
	for _, s := range sources(t) {
		ast.Inspect(s.tree, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if format := faultOf(s.dir, c); format != "" && strings.Trim(format, "%sv") != "" {
				if found[s.dir]++; !said.Has(format) {
					t.Errorf("%s: %q has no code in said/lists", s.dir, format)
				}
			}
			return true
		})
	}
	for dir, least := range map[string]int{"flow": 90, "template": 60, "router": 25, "prices": 8, "consent": 25, "suggest": 15, "campaign": 6} {
		if found[dir] < least {
			t.Errorf("only %d faults were found in %s", found[dir], dir)
		}
	}
}

// faultOf is the format of a fault in the packages whose faults people read as they type or import.
func faultOf(dir string, c *ast.CallExpr) string {
	at := func(i int) string {
		if i >= len(c.Args) {
			return ""
		}
		text, _ := literal(c.Args[i])
		return text
	}
	name := types.ExprString(c.Fun)
	_, last, _ := strings.Cut(name, ".")
	last = last[strings.LastIndex(last, ".")+1:]
	switch {
	case dir == "flow" && (last == "fault" || last == "warn" || name == "NewFault"):
		return at(2)
	case dir == "flow" && last == "missing":
		return at(1)
	case dir == "template" && last == "add" && len(c.Args) > 2:
		return at(2)
	case !slices.Contains([]string{"router", "prices", "consent", "suggest", "campaign"}, dir):
		return ""
	case name == "fault.Field":
		return at(1)
	case name == "fault.New" && slices.Contains([]string{"fault.Invalid", "fault.Conflict"}, types.ExprString(c.Args[0])):
		return at(1)
	case dir == "prices" && last == "bad":
		return "line %d " + at(1)
	case name == "add" && (dir == "router" || dir == "campaign"):
		return at(1)
	}
	return ""
}
