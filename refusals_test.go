package ponte

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ponte/fault"
	"ponte/moderation"
	"ponte/said"
)

// Every refusal that somebody at the interface can meet in these packages is said in their language: it has a name
// of its own, or its sentence stands in a list.
func TestEveryRefusalHasACode(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, dir := range []string{"moderation", "review", "booking", "notify", "template", "inbox", "desk"} {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, format := range refusalsIn(tree) {
				seen++
				args := make([]any, len(anyVerb.FindAllString(format, -1)))
				for i := range args {
					args[i] = 9
				}
				for _, p := range said.Of(format, args...) {
					if p.Code == said.Other && !slices.ContainsFunc(unsaid, func(s string) bool { return strings.Contains(format, s) }) {
						t.Errorf("%s: %q has no code in a list of said/lists", file, format)
					}
				}
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d refusals were found: the test looks in the wrong places", seen)
	}
}

var anyVerb = regexp.MustCompile(`%(\[\d\])?[-+#0-9.]*[a-z]`)

// unsaid are refusals that only programs meet: tokens without a person, calls that no screen makes.
var unsaid = []string{"API token", "{{", "the cursor is not one of ours", "name the one you mean", "are not valid JSON", "cannot be read: %v", "mail server", "the sender", "%s%s"}

// refusalsIn are the formats of invalid and conflict faults that have no code of their own.
func refusalsIn(tree *ast.File) []string {
	var out []string
	coded := map[ast.Expr]bool{}
	ast.Inspect(tree, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if sel.Sel.Name == "Coded" {
			coded[sel.X] = true // its own call comes later in the walk
		}
		at := map[string]int{"Field": 1, "New": 1, "Wrap": 2}[sel.Sel.Name]
		if x, ok := sel.X.(*ast.Ident); !ok || x.Name != "fault" || at == 0 || len(call.Args) <= at || coded[call] {
			return true
		}
		if sel.Sel.Name != "Field" {
			kind, ok := call.Args[0].(*ast.SelectorExpr)
			if !ok || kind.Sel.Name != "Invalid" && kind.Sel.Name != "Conflict" {
				return true
			}
		}
		if lit, ok := call.Args[at].(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil && s != "%s" {
				out = append(out, s)
			}
		}
		return true
	})
	return out
}

// What is wrong with a rule is said with the rule that it is wrong with.
func TestAFaultOfARuleIsSaidWhole(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		`[{"name": "sales", "text": "sells things", "decision": "hide", "category": "spam"}]`,
		`[{"name": "sales", "text": "sells things", "decision": "hide", "category": "spam", "words": [""]}]`,
		`[{"name": "sales", "text": "sells things", "decision": "hide", "category": "spam", "pattern": "a("}]`,
		`[{"name": "sales", "text": "sells things", "decision": "hide", "category": "spam", "score": 2}]`,
		`[{"name": "sales", "text": "sells things", "decision": "shout", "category": "spam"}]`,
		`[{"name": "sales", "text": "sells things", "decision": "hide", "category": "spam", "domains": ["@chat"]}]`,
	} {
		_, err := moderation.ParseRules([]byte(raw))
		var f *fault.Error
		if !errors.As(err, &f) {
			t.Errorf("%s is taken: %v", raw, err)
			continue
		}
		parts := said.Of(f.Format, f.Args...)
		if len(parts) != 1 || len(parts[0].Within["what"]) == 0 || parts[0].Within["what"][0].Code == said.Other {
			t.Errorf("%q has no code: %+v", f.Public, parts)
		}
	}
}
