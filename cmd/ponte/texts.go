package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"ponte/channels/webhook"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/review"
)

// The commands here read files and need neither database nor configuration.

type parseCmd struct {
	File string `arg:"" help:"A webhook body; - for standard input."`
}

// Run prints one JSON object a line; a body that is not JSON ends with status 2.
func (p parseCmd) Run() error {
	body, err := readInput(p.File)
	if err != nil {
		return err
	}
	events, err := webhook.Parse(body)
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", p.File, err)}
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	for _, e := range events {
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	return nil
}

func readInput(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(os.Stdin)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, usageError{err}
	}
	return b, nil
}

type classifyCmd struct {
	Tiers string   `help:"Which tiers take part: rules,model." default:"rules,model"`
	Files []string `arg:"" optional:"" help:"Files of lines; none: standard input."`
}

// Run judges line by line, in order.
func (c classifyCmd) Run() error {
	tiers, err := moderation.ParseTiers(c.Tiers)
	if err != nil {
		return usageError{err}
	}
	engine := moderation.NewEngine(nil, nil, moderation.DefaultPolicy())
	if len(c.Files) == 0 {
		return engine.ClassifyLines(os.Stdin, os.Stdout, tiers)
	}
	for _, path := range c.Files {
		in := io.Reader(os.Stdin)
		if path != "-" {
			f, err := os.Open(path)
			if err != nil {
				return usageError{err}
			}
			defer f.Close()
			in = f
		}
		if err := engine.ClassifyLines(in, os.Stdout, tiers); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

type evalCmd struct {
	Task  string   `required:"" help:"harm, spam, intent, language, sentiment or optout."`
	Tiers string   `help:"Which tiers take part: rules,model." default:"rules,model"`
	Mix   float64  `help:"Resample to this share of violations, e.g. 0.04."`
	JSON  bool     `name:"json" help:"Print the whole report as JSON."`
	Files []string `arg:"" help:"Tab-separated files (.tsv or .tsv.gz) whose header names text and label."`
}

// Run measures and prints the report.
func (e evalCmd) Run() error {
	tiers, err := moderation.ParseTiers(e.Tiers)
	if err != nil {
		return usageError{err}
	}
	engine := moderation.NewEngine(nil, nil, moderation.DefaultPolicy())
	report, err := engine.Eval(moderation.EvalOptions{Task: e.Task, Tiers: tiers, Mix: e.Mix}, e.Files)
	if err != nil {
		return usageError{err}
	}
	if e.JSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(report)
	}
	printReport(os.Stdout, report)
	return nil
}

func printReport(w io.Writer, r moderation.Report) {
	fmt.Fprintf(w, "task %s, n %d, model %s, rules %s\n", r.Task, r.N, r.Model, r.Rules)
	fmt.Fprintf(w, "%-10s %7s %9s %9s %9s %9s %9s %17s %9s %9s %9s\n", "slice", "n", "precision", "recall", "f1", "macro-f1", "auc", "95 %", "ap", "ece", "accuracy")
	for _, m := range append([]moderation.Measure{r.Overall}, append(r.Languages, r.Labels...)...) {
		auc, ap, ece, span := "-", "-", "-", "-"
		if m.AUC != nil {
			auc, ap, ece = fmt.Sprintf("%.3f", *m.AUC), fmt.Sprintf("%.3f", *m.AP), fmt.Sprintf("%.3f", *m.ECE)
			span = fmt.Sprintf("[%.3f, %.3f]", m.AUCRange[0], m.AUCRange[1])
		} else if m.AccuracyRange != nil {
			span = fmt.Sprintf("[%.3f, %.3f]", m.AccuracyRange[0], m.AccuracyRange[1])
		}
		fmt.Fprintf(w, "%-10s %7d %9.3f %9.3f %9.3f %9.3f %9s %17s %9s %9s %9.3f\n", m.Name, m.N, m.Precision, m.Recall, m.F1, m.MacroF1, auc, span, ap, ece, m.Accuracy)
	}
	var tiers []string
	for _, t := range []string{"rules", "model", "policy"} {
		tiers = append(tiers, fmt.Sprintf("%s %.3f", t, r.Tiers[t]))
	}
	fmt.Fprintf(w, "decided by: %s; would be put to an LLM: %.3f; harmless hidden: %.4f; %.1f ms per 1,000 texts, no cost\n",
		strings.Join(tiers, ", "), r.NeedsLLM, r.Overall.FalseHides, float64(r.MicrosPer1000)/1000)
}

type trainCmd struct {
	Seeds string `default:"moderation/seeds" help:"Folder with our own sentences."`
	Data  string `help:"Folder with public sets; without it the model learns from our own sentences alone."`
	Out   string `default:"moderation/artefact/model.bin.gz" help:"Where to write the model."`
	Date  string `help:"Date on the card; today's if empty."`

	FromDecisions bool   `help:"Learn also from what reviewers decided, read from the database; such a model is for this installation alone."`
	Workspace     string `help:"Workspace for --from-decisions; the only one if empty."`
}

// decided reads what reviewers decided.
func (t trainCmd) decided(ctx context.Context, c *config) (rows map[string][]moderation.Example, err error) {
	if !t.FromDecisions {
		return nil, nil
	}
	err = c.with(ctx, t.Workspace, func(s *store, w inbox.Workspace) error {
		rows, err = review.TrainingRows(ctx, s.DB, w.ID)
		return err
	})
	if err == nil && len(rows) == 0 {
		err = usageError{errors.New("nobody has decided anything yet that could be learnt from")}
	}
	for group, list := range rows {
		fmt.Fprintf(os.Stderr, "%s: %d decisions of reviewers\n", group, len(list))
	}
	return rows, err
}

// Run trains and writes the model.
func (t trainCmd) Run(ctx context.Context, c *config) error {
	decided, err := t.decided(ctx, c)
	if err != nil {
		return err
	}
	if t.Data != "" {
		if st, err := os.Stat(t.Data); err != nil || !st.IsDir() {
			return usageError{fmt.Errorf("%s is not a folder", t.Data)}
		}
	}
	if t.Date == "" {
		t.Date = time.Now().UTC().Format(time.DateOnly)
	}
	m, err := moderation.Train(moderation.TrainOptions{Seeds: os.DirFS(t.Seeds), Data: t.Data, Date: t.Date, Decided: decided, Log: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }})
	if err != nil {
		return err
	}
	f, err := os.Create(t.Out)
	if err != nil {
		return err
	}
	if err := errors.Join(m.Write(f), f.Close()); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "written to %s; build again to ship it\n", t.Out)
	return nil
}

type modelCmd struct {
	JSON bool `name:"json" help:"As JSON."`
}

// Run prints the model card of the model in this binary.
func (c modelCmd) Run() error {
	m := moderation.Shipped()
	if c.JSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(m)
	}
	fmt.Printf("model %s, trained %s\n%s\n\nsources\n", m.Version, m.Card.Trained, m.Card.Method)
	for _, s := range m.Card.Sources {
		fmt.Printf("  %-10s %-28s %6d rows  %s\n", s.Head, s.Name, s.Rows, s.Licence)
	}
	fmt.Println("\nthresholds")
	for _, f := range m.Card.Thresholds {
		fmt.Printf("  %-18s %-4s n=%-6d %.3f  %s\n", f.Name, f.Language, f.N, f.Value, f.Note)
	}
	fmt.Println("\nfigures")
	for _, f := range m.Card.Figures {
		fmt.Printf("  %-28s %-22s %-4s n=%-6d %.3f  %s\n", f.Name, f.Set, f.Language, f.N, f.Value, f.Note)
	}
	return nil
}
