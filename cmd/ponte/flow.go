package main

import (
	"errors"
	"fmt"
	"os"

	"ponte/flow"
)

type flowCmd struct {
	Check   flowCheckCmd   `cmd:"" help:"Check flow documents; says every fault with its place."`
	Test    flowTestCmd    `cmd:"" help:"Play a file of expected turns against a flow."`
	Library flowLibraryCmd `cmd:"" help:"List the flows that are shipped, or print one to begin from."`
}

type flowCheckCmd struct {
	Files []string `arg:"" help:"Flow documents; - for standard input."`
}

// Run checks every file; faults end with status 2, warnings do not.
func (c flowCheckCmd) Run() error {
	bad := 0
	for _, path := range c.Files {
		f, err := readFlow(path)
		if err != nil {
			bad++
			fmt.Println(err)
			continue
		}
		for _, w := range f.Warnings {
			fmt.Printf("%s: warning: %s\n", path, w)
		}
		fmt.Printf("%s: ok, flow %s version %d, %d steps, %d warnings\n", path, f.ID, f.Version, len(f.Steps), len(f.Warnings))
	}
	if bad > 0 {
		return usageError{fmt.Errorf("%d of %d documents cannot be used", bad, len(c.Files))}
	}
	return nil
}

func readFlow(path string) (*flow.Flow, error) {
	raw, err := readInput(path)
	if err != nil {
		return nil, err
	}
	f, err := flow.Parse(raw)
	var faults flow.Faults
	if errors.As(err, &faults) {
		var lines []error
		for _, one := range faults {
			lines = append(lines, fmt.Errorf("%s: %s", path, one))
		}
		return nil, errors.Join(lines...)
	}
	return f, err
}

type flowTestCmd struct {
	Flow  string `arg:"" help:"The flow document."`
	Turns string `arg:"" help:"The file of expected turns."`
	JSON  bool   `name:"json" help:"One JSON object a case."`
}

// Run plays every case; one that does not go as expected ends with status 1.
func (c flowTestCmd) Run() error {
	f, err := readFlow(c.Flow)
	if err != nil {
		return usageError{err}
	}
	raw, err := readInput(c.Turns)
	if err != nil {
		return err
	}
	script, err := flow.ParseScript(raw)
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", c.Turns, err)}
	}
	failed, all := 0, script.Play(f)
	for _, p := range all {
		if len(p.Problems) > 0 {
			failed++
		}
		if c.JSON {
			printJSON(p)
			continue
		}
		word := "ok  "
		if len(p.Problems) > 0 {
			word = "FAIL"
		}
		fmt.Printf("%s %s (%d turns)\n", word, p.Case, p.Turns)
		for _, bad := range p.Problems {
			fmt.Println("     " + bad)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d cases did not go as expected", failed, len(all))
	}
	return nil
}

type flowLibraryCmd struct {
	ID    string `arg:"" optional:"" help:"The flow to print; none: the list."`
	Turns bool   `help:"Print its file of turns instead."`
}

// Run prints what is shipped.
func (c flowLibraryCmd) Run() error {
	if c.ID == "" {
		for _, id := range flow.Library() {
			fmt.Println(id)
		}
		return nil
	}
	document, turns, err := flow.Shipped(c.ID)
	if err != nil {
		return usageError{err}
	}
	if c.Turns {
		document = turns
	}
	_, err = os.Stdout.Write(document)
	return err
}
