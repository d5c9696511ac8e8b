package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ponte/flow"
)

// What a command ends with decides the program's status: 2 for a document that cannot be used, 1 for a
// conversation that did not go as expected.
func TestFlowCommands(t *testing.T) {
	dir := t.TempDir()
	keep := func(name string, raw []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	document, turns, err := flow.Shipped("booking")
	if err != nil {
		t.Fatal(err)
	}
	sound, played := keep("flow.json", document), keep("turns.json", turns)
	broken := keep("broken.json", []byte(strings.Replace(string(document), `"do": "confirm"`, `"do": "approve"`, 1)))
	slower := keep("other.json", []byte(strings.Replace(string(document), `"minutes": 60`, `"minutes": 120`, 1)))
	rows := []struct {
		name   string
		run    func() error
		status int
	}{
		{"check a sound one", flowCheckCmd{Files: []string{sound}}.Run, 0},
		{"check a broken one beside it", flowCheckCmd{Files: []string{sound, broken}}.Run, 2},
		{"check none", flowCheckCmd{Files: []string{filepath.Join(dir, "none.json")}}.Run, 2},
		{"test a sound one", flowTestCmd{Flow: sound, Turns: played}.Run, 0},
		{"test a changed one", flowTestCmd{Flow: slower, Turns: played, JSON: true}.Run, 1},
		{"test a broken one", flowTestCmd{Flow: broken, Turns: played}.Run, 2},
		{"test with a flow for turns", flowTestCmd{Flow: sound, Turns: sound}.Run, 2},
		{"print a shipped one", flowLibraryCmd{ID: "booking", Turns: true}.Run, 0},
		{"print one that is not shipped", flowLibraryCmd{ID: "none"}.Run, 2},
	}
	for _, row := range rows {
		err, status := row.run(), 0
		var usage usageError
		if errors.As(err, &usage) {
			status = 2
		} else if err != nil {
			status = 1
		}
		if status != row.status {
			t.Errorf("%s: status %d, want %d: %v", row.name, status, row.status, err)
		}
	}
}
