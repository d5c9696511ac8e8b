package ponte

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// levels is the order of the packages: each imports only from lines above its own. A new package is
// added here in the change that makes it.
var levels = [][]string{
	{"fault", "said", "outward", "privacy", "secret", "prompts", "migrations", "cluster", "web", "rehearsal", "channels", "qr", "wall"},
	{"jobs", "llm", "auth", "testkit", "moderation", "router", "channels/meta"},
	{"channels/webhook", "inbox", "flow"},
	{"notify"},
	{"channels/network", "consent", "decisions", "prices", "flow/live", "booking"},
	{"gate"},
	{"outbox"},
	{"asks", "review", "campaign", "template", "desk"},
	{"suggest"},
	{"ingest"},
	{"api"},
	{"cmd/ponte"},
}

// doors names the packages, ours or not, that only a few may open. So nothing reaches a network but
// through the outbox, which asks the gate; and nothing below the API knows of HTTP frameworks.
var doors = []struct {
	into string
	from []string
	why  string
}{
	{"ponte/channels/network", []string{"cmd/ponte"}, "calls to a network are made by the outbox alone, which is handed the network in cmd"},
	{"ponte/channels/webhook", []string{"cmd/ponte"}, "ingest is handed the parser in cmd"},
	{"ponte/channels/meta", []string{"channels/network", "channels/webhook", "outbox", "cmd/ponte"}, "signatures and the error table belong to the edge"},
	{"ponte/gate", []string{"outbox", "template", "ingest", "api", "cmd/ponte"}, "the outbox asks the gate for every action; ingest asks it for business days, and cmd hands them to the clerk; templates are held against its words; the API asks it for the purpose of a trigger and before a template is offered"},
	{"ponte/llm", []string{"asks", "suggest", "cmd/ponte"}, "a model is asked beside the lanes only"},
	{"ponte/rehearsal", []string{"cmd/ponte"}, "the stand-in is a process of its own"},
	{"ponte/cluster", []string{"testkit", "cmd/ponte"}, "packages are handed a database"},
	{"ponte/migrations", []string{"testkit", "cmd/ponte"}, "packages are handed a database with its tables"},
	{"github.com/sashabaranov/go-openai", []string{"llm"}, "one package speaks to the model"},
	{"github.com/gofiber/fiber/v2", []string{"api", "cmd/ponte"}, "HTTP types stay in the API"},
	{"github.com/danielgtaylor/huma/v2", []string{"api"}, "HTTP types stay in the API"},
	{"github.com/nyaruka/phonenumbers", []string{"flow", "prices"}, "what a phone number is, is asked in few places"},
	{"github.com/alecthomas/kong", []string{"cmd/ponte"}, "only the command reads flags and the environment"},
}

type importOf struct{ pkg, file, path string }

func TestPackagesImportOnlyFromLowerLevels(t *testing.T) {
	level := map[string]int{}
	for i, line := range levels {
		for _, p := range line {
			level[p] = i
		}
	}
	seen := map[string]bool{}
	for _, im := range imports(t) {
		own, known := level[im.pkg]
		if !known {
			t.Errorf("package %s is on no line of the levels in arch_test.go", im.pkg)
			level[im.pkg] = len(levels) // said once
			continue
		}
		seen[im.pkg] = true
		target, ours := strings.CutPrefix(im.path, "ponte/")
		if !ours || strings.HasSuffix(im.file, "_test.go") && (target == "testkit" || target == im.pkg) {
			continue
		}
		to, known := level[target]
		switch {
		case !known:
			t.Errorf("%s imports %s, which is on no line of the levels in arch_test.go", im.file, im.path)
		case to >= own:
			t.Errorf("%s imports %s: %s stands on line %d, so it imports from the lines above only, and %s stands on line %d",
				im.file, im.path, im.pkg, own+1, target, to+1)
		}
	}
	for p := range level {
		if !seen[p] {
			t.Errorf("the levels name %s, but there is no such package with an import", p)
		}
	}
}

func TestNarrowDoors(t *testing.T) {
	for _, im := range imports(t) {
		if strings.HasSuffix(im.file, "_test.go") {
			continue
		}
		for _, d := range doors {
			inside := im.path == d.into || strings.HasPrefix(im.path, d.into+"/")
			if inside && !slices.Contains(d.from, im.pkg) {
				t.Errorf("%s imports %s, which only %s may: %s", im.file, im.path, strings.Join(d.from, ", "), d.why)
			}
		}
		if im.path == "ponte/testkit" {
			t.Errorf("%s imports testkit, which is for tests only", im.file)
		}
	}
}

func TestForbiddenNames(t *testing.T) {
	for _, im := range imports(t) {
		switch filepath.Base(im.pkg) {
		case "utils", "util", "common", "helpers", "models", "types":
			t.Errorf("package %s is named after nothing: name it after the thing in it", im.pkg)
		}
	}
}

// docs/architecture.md shows the same order to people.
func TestArchitectureShowsTheLevels(t *testing.T) {
	b, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range levels {
		row := fmt.Sprintf("| %d | `%s` |", i+1, strings.Join(line, "` `"))
		if !strings.Contains(string(b), row) {
			t.Errorf("docs/architecture.md lacks the row %s", row)
		}
	}
}

// imports reads every import of every Go file in the tree. It parses instead of running a command, whose
// result the test cache would keep.
func imports(t *testing.T) []importOf {
	t.Helper()
	var out []importOf
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || d.Name() == "testdata" || d.Name() == "bin" || path == "data") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || filepath.Dir(path) == "." {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			out = append(out, importOf{filepath.ToSlash(filepath.Dir(path)), path, target})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) == 0 {
		t.Fatal("no Go file was found: the test looks in the wrong folder")
	}
	return out
}

var untyped = regexp.MustCompile(`\$[0-9]+ (=|<>) 0\b`)

// A statement of many rows has one text, whatever their number: a text of its own for each number is planned each time, and
// kept once for each on every connection (docs/decisions/0012-plans-made-once.md).
// And a value whose first use is beside a bare number takes that number's type.
func TestRowsOfStatementsHaveTypes(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "node_modules":
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(filepath.Base(path), "bench_") {
			return nil
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte("NewRows()")) {
			t.Errorf("%s: rows without types", path)
		}
		if found := untyped.Find(b); found != nil {
			t.Errorf("%s: %q makes the value an integer of four bytes, and ids have eight: write $n::bigint", path, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A connection to PostgreSQL that is lost in silence must fail soon, wherever it was opened.
func TestConnectionsAreOpenedInOnePlace(t *testing.T) {
	read := map[string]bool{}
	for _, im := range imports(t) {
		f := im.file
		if read[f] || strings.HasPrefix(f, "cluster/") || strings.HasPrefix(f, "testkit/") || f == "cmd/ponte/bench_receive.go" /* what the rest is measured against */ || strings.HasSuffix(f, "_test.go") {
			continue
		}
		read[f] = true
		source, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range []string{"pq.NewListener(", "pq.NewDialListener(", "pq.NewConnector", "pq.Open(", `sql.Open(`, "sqlx.Open(", "sqlx.Connect("} {
			if bytes.Contains(source, []byte(call)) {
				t.Errorf("%s calls %s…): cluster opens connections, so that every one is bounded alike", f, call)
			}
		}
	}
}
