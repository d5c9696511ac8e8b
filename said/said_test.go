package said_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ponte/said"
)

func TestRead(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{
		"": "",
		"allowed; no trigger matched: «Info; prices»: none of its words or intents; «B»: written outside its windows; and 2 more":   "allowed no_trigger_matched miss_trigger(trigger=Info; prices) miss_no_word miss_trigger(trigger=B) miss_outside_window and_more(count=2)",
		"edited: for review: the model is not sure about harm (0.54)":                                                               "edited for_review model_unsure_harm(score=0.54)",
		"the model is sure it is harmful (0.93, hides from 0.70)":                                                                   "model_sure_harm(limit=0.70,score=0.93)",
		"hidden: the model is sure it is spam (1.00, hides from 0.80)":                                                              "hidden model_sure_spam(limit=0.80,score=1.00)",
		"hidden: a rule of ours; «A» matched too but «B» is older":                                                                  "hidden other outranked_older(loser=A,trigger=B)",
		"allowed; «Info» matched (word «price»); «Sale» matched too but «Info» is of higher priority: public reply planned in 3m0s": "allowed matched(trigger=Info,why=word «price») outranked_priority(loser=Sale,trigger=Info) planned_public_in(wait=3m0s)",
		"flow «Lead»: began «lead»; asked «company»":                                                                                "flow(flow=Lead) flow_began(flow=lead) flow_asked(step=company)",
		"no trigger matched: «Info»: its window of 2 May 2026 10:00 UTC passed while it was not kept open; it is not made up for":   "no_trigger_matched miss_trigger(trigger=Info) miss_window_missed(window=2026-05-02T10:00:00Z)",
		"agreed to be written to on WhatsApp: the template goes to the number; it is tied to nobody until somebody answers there":   "number_agreed",
		"the text with the code was changed: it may say something else: nothing granted":                                            "optin_text_changed",
		"template «sale»: status is now PAUSED":                                                                                     "template_news(field=status,template=sale,value=PAUSED)",
		"not connected: facebook 1, instagram 2; connect the account and replay":                                                    "not_connected(accounts=facebook 1, instagram 2) connect_and_replay",
	} {
		var got []string
		text := ""
		for _, p := range said.Read(reason) {
			var values []string
			for k, v := range p.Values {
				values = append(values, k+"="+v)
			}
			slices.Sort(values)
			s := p.Code
			if len(values) > 0 {
				s += "(" + strings.Join(values, ",") + ")"
			}
			got, text = append(got, s), text+p.Text
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q\n is   %s\n want %s", reason, strings.Join(got, " "), want)
		}
		if squeeze(text) != squeeze(reason) {
			t.Errorf("%q lost words: %q", reason, text)
		}
	}
}

func squeeze(s string) string { return strings.NewReplacer(" ", "", ";", "", ":", "").Replace(s) }

// Every sentence that a handler, the triggers, the bot or a flow gives as its reason has a code.
func TestEveryReasonHasACode(t *testing.T) {
	t.Parallel()
	var files []string
	for _, dir := range []string{"../ingest", "../router", "../flow", "../campaign"} {
		list, err := filepath.Glob(dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, list...)
	}
	seen := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, raw, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range reasonsIn(tree) {
			seen++
			for _, p := range said.Read(s) {
				if p.Code == said.Other {
					t.Errorf("%s: %q has no code in a list of said/lists", file, p.Text)
				}
			}
		}
	}
	if seen < 120 {
		t.Errorf("only %d reasons were found: the test looks in the wrong places", seen)
	}
}

var (
	verb      = regexp.MustCompile(`%[a-z]`)
	statement = regexp.MustCompile(`^[a-zA-Z«%;][^\n]* [^\n]*$`)
)

// reasonsIn are the sentences that functions of the scene return, that triggers and the bot give as a Reason and
// that flows note. Pieces of a longer one are told by their ends.
func reasonsIn(tree *ast.File) []string {
	var out []string
	add := func(e ast.Expr) {
		if call, ok := e.(*ast.CallExpr); ok && len(call.Args) > 0 {
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Sprintf" {
				e = call.Args[0]
			}
		}
		b, ok := e.(*ast.BasicLit)
		if !ok || b.Kind != token.STRING {
			return
		}
		s, err := strconv.Unquote(b.Value)
		if err != nil || !statement.MatchString(s) {
			return
		}
		if strings.HasSuffix(s, "%s%s") { // pieces alone
			return
		}
		if before, ok := strings.CutSuffix(s, "%s"); ok && !strings.HasSuffix(before, " ") {
			s = before // who matched too
		}
		out = append(out, verb.ReplaceAllString(strings.TrimPrefix(s, "; "), "9"))
	}
	for _, d := range tree.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		ofScene := fn.Recv != nil && len(fn.Recv.List) == 1 && receiverIs(fn.Recv.List[0].Type, "scene", "Outcome")
		ast.Inspect(fn, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ReturnStmt:
				if ofScene && len(n.Results) > 0 {
					add(n.Results[0])
				}
			case *ast.AssignStmt:
				for i, l := range n.Lhs {
					if sel, ok := l.(*ast.SelectorExpr); ok && sel.Sel.Name == "Reason" && len(n.Lhs) == len(n.Rhs) && tree.Name.Name == "router" {
						add(n.Rhs[i])
					}
				}
			case *ast.KeyValueExpr:
				if k, ok := n.Key.(*ast.Ident); ok && k.Name == "Reason" && tree.Name.Name == "router" {
					add(n.Value)
				}
			case *ast.CallExpr:
				if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "note" && tree.Name.Name == "flow" && len(n.Args) == 1 {
					add(n.Args[0])
				}
			}
			return true
		})
	}
	return out
}

func receiverIs(e ast.Expr, names ...string) bool {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	id, ok := e.(*ast.Ident)
	return ok && slices.Contains(names, id.Name)
}
