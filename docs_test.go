package ponte

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	linkPattern    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	codePattern    = regexp.MustCompile("`([^`\n]+)`")
	pathPattern    = regexp.MustCompile(`^\.?[\w-]+(\.[\w-]+)*(/[\w.-]+)*/?$`)
	headingPattern = regexp.MustCompile(`(?m)^#{1,6} +(.+)$`)
	envPattern     = regexp.MustCompile(`PONTE_[A-Z_]*[A-Z]`)
	envTagPattern  = regexp.MustCompile(`env:"(PONTE_[A-Z_]+)"`)
	targetPattern  = regexp.MustCompile("`make ([a-z-]+)")
	commandPattern = regexp.MustCompile("`(?:bin/)?ponte ([a-z]+)")
	fencePattern   = regexp.MustCompile("(?s)```.*?```")
	reasonPattern  = regexp.MustCompile(`(?:refuse|later)\("([a-z0-9_]+)"|Code: +"([a-z0-9_]+)"`)
	tablePattern   = regexp.MustCompile(`(?m)^CREATE TABLE (?:IF NOT EXISTS )?([a-z_]+)`)
	routePattern   = regexp.MustCompile(`(?m)^\t\{"([A-Z]+)", (v1 \+ )?("[^"]+"|oidcCallback), `)
	asksPattern    = regexp.MustCompile("`(GET|POST|PUT|DELETE|OPTIONS) (/[^` ?]+)`")
	auditPattern   = regexp.MustCompile(`\bAudit\([^"\n]*(?:"[a-z]+")?[^"\n]*"([a-z_]+)\.([a-z_]+)"[,)]`)
	fieldPattern   = regexp.MustCompile(`(?m)^\t([A-Z][a-z]+) +\w+Cmd +.*cmd:""`)
)

// made are the paths that exist only once something has been built or started.
var made = []string{"bin/ponte", "data", "web/dist", "web/node_modules"}

// documents returns README, CONTRIBUTING, CHANGELOG and everything under docs.
func documents(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	add := func(path string) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.ToSlash(path)] = string(b)
	}
	for _, path := range []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"} {
		add(path)
	}
	err := filepath.WalkDir("docs", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".md") {
			add(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLinksInDocuments(t *testing.T) {
	all := documents(t)
	for doc, text := range all {
		for _, m := range linkPattern.FindAllStringSubmatch(fencePattern.ReplaceAllString(text, ""), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			path := doc
			if target != "" {
				path = filepath.ToSlash(filepath.Join(filepath.Dir(doc), target))
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s links to %s, which does not exist", doc, m[1])
				continue
			}
			if anchor != "" && !slices.Contains(anchors(all[path]), anchor) {
				t.Errorf("%s links to %s, but %s has no such heading", doc, m[1], path)
			}
		}
	}
}

// anchors are the addresses of a document's headings.
func anchors(text string) []string {
	var out []string
	for _, m := range headingPattern.FindAllStringSubmatch(fencePattern.ReplaceAllString(text, ""), -1) {
		slug := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z':
				return r
			}
			return -1
		}, strings.ToLower(strings.TrimSpace(m[1])))
		out = append(out, slug)
	}
	return out
}

// A word in code quotes with a slash in it, or with the ending of a file, is a path of this tree.
func TestPathsInDocuments(t *testing.T) {
	endings := []string{".go", ".md", ".sql", ".yaml", ".yml", ".service", ".ts", ".tsx", ".sh", ".mod"}
	for doc, text := range documents(t) {
		for _, m := range codePattern.FindAllStringSubmatch(fencePattern.ReplaceAllString(text, ""), -1) {
			word := m[1]
			if !pathPattern.MatchString(word) || !strings.Contains(word, "/") && !slices.Contains(endings, filepath.Ext(word)) {
				continue
			}
			path := strings.TrimSuffix(word, "/")
			if slices.ContainsFunc(made, func(m string) bool { return path == m || strings.HasPrefix(path, m+"/") }) {
				continue
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s names %s, which does not exist", doc, word)
			}
		}
	}
}

// The configuration is written down in README and read in cmd: the two must tell of the same variables.
func TestConfigurationInDocuments(t *testing.T) {
	source, err := os.ReadFile("cmd/ponte/config.go")
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, m := range envTagPattern.FindAllStringSubmatch(string(source), -1) {
		known = append(known, m[1])
	}
	if len(known) == 0 {
		t.Fatal("no variable was found in cmd/ponte/config.go")
	}
	all := documents(t)
	for _, name := range known {
		if !strings.Contains(all["README.md"], "`"+name+"`") {
			t.Errorf("README.md does not tell of %s", name)
		}
	}
	// Read by tests and scripts, not by the program.
	known = append(known, "PONTE_TEST_DATABASE_URL", "PONTE_TEST_DATA_DIR", "PONTE_EVAL_DATA", "PONTE_CHROMIUM", "PONTE_WEB_BACKEND", "PONTE_E2E_URL")
	for doc, text := range all {
		for _, name := range envPattern.FindAllString(text, -1) {
			if !slices.Contains(known, strings.TrimSuffix(name, "_FILE")) {
				t.Errorf("%s names %s, which nothing reads", doc, name)
			}
		}
	}
}

// What a document tells people to type exists.
func TestCommandsInDocuments(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("cmd/ponte/main.go")
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, m := range fieldPattern.FindAllStringSubmatch(string(source), -1) {
		commands = append(commands, strings.ToLower(m[1]))
	}
	if len(commands) == 0 {
		t.Fatal("no command was found in cmd/ponte/main.go")
	}
	for doc, text := range documents(t) {
		for _, m := range targetPattern.FindAllStringSubmatch(text, -1) {
			if !strings.Contains("\n"+string(makefile), "\n"+m[1]+":") {
				t.Errorf("%s says make %s, but the Makefile has no such target", doc, m[1])
			}
		}
		for _, m := range commandPattern.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(commands, m[1]) {
				t.Errorf("%s says ponte %s, but there is no such command", doc, m[1])
			}
		}
	}
}

// Whoever sees a code on an action finds it in docs/operating.md.
func TestReasonCodesInDocuments(t *testing.T) {
	operating := documents(t)["docs/operating.md"]
	sources, err := filepath.Glob("gate/*.go")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no source of the gate was found: %v", err)
	}
	found := 0
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range reasonPattern.FindAllStringSubmatch(string(b), -1) {
			code := m[1] + m[2]
			found++
			if !strings.Contains(operating, "`"+code+"`") {
				t.Errorf("%s refuses or waits with %s, which docs/operating.md does not explain", path, code)
			}
		}
	}
	if found == 0 {
		t.Fatal("no code was found in the gate")
	}
}

// docs/api.md names every route, and no route that there is not.
func TestRoutesInDocuments(t *testing.T) {
	source, err := os.ReadFile("api/routes.go")
	if err != nil {
		t.Fatal(err)
	}
	doc := documents(t)["docs/api.md"]
	known := map[string]bool{}
	for _, m := range routePattern.FindAllStringSubmatch(string(source), -1) {
		path := strings.Trim(m[3], `"`)
		if path == "oidcCallback" {
			path = "/auth/oidc/callback"
		}
		known[m[1]+" "+path] = true
		// In full, with or without /api/v1, and not as the beginning of a longer one.
		if !regexp.MustCompile("[` 1]" + regexp.QuoteMeta(path) + "[`? )]").MatchString(doc) {
			t.Errorf("docs/api.md does not tell of %s %s", m[1], path)
		}
	}
	if len(known) < 200 {
		t.Fatalf("%d routes were found in api/routes.go", len(known))
	}
	for _, m := range asksPattern.FindAllStringSubmatch(doc, -1) {
		if path := strings.TrimPrefix(m[2], "/api/v1"); !known[m[1]+" "+path] {
			t.Errorf("docs/api.md tells of %s %s, which does not exist", m[1], m[2])
		}
	}
}

// The audit log is read by people: what is written into it has a name in the interface.
func TestAuditVerbsHaveNames(t *testing.T) {
	raw, err := os.ReadFile("web/src/i18n/audit/en.json")
	if err != nil {
		t.Fatal(err)
	}
	var words struct {
		Verbs map[string]map[string]string `json:"audit_verb"`
	}
	if err := json.Unmarshal(raw, &words); err != nil {
		t.Fatal(err)
	}
	found := 0
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range auditPattern.FindAllStringSubmatch(string(source), -1) {
			found++
			if words.Verbs[m[1]][m[2]] == "" {
				t.Errorf("%s writes %s.%s into the audit log, which has no name in web/src/i18n/audit", path, m[1], m[2])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found == 0 {
		t.Fatal("nothing that writes into the audit log was found")
	}
}

// A table that is added is looked at for personal data: docs/privacy.md names every one.
func TestTablesInDocuments(t *testing.T) {
	privacy := documents(t)["docs/privacy.md"]
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migration was found: %v", err)
	}
	var dropped strings.Builder
	for _, path := range slices.Backward(files) { // the last first: what was dropped later holds nothing
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		dropped.Write(b)
		for _, m := range tablePattern.FindAllStringSubmatch(string(b), -1) {
			if !strings.Contains(dropped.String(), "DROP TABLE "+m[1]+";") && !strings.Contains(privacy, "`"+m[1]+"`") {
				t.Errorf("%s makes the table %s, which docs/privacy.md does not name", path, m[1])
			}
		}
	}
}
