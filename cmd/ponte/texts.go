package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/asks"
	"ponte/decisions"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/review"
)

// The commands here read files and need no database; the llm tier alone needs a configured server.

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
	Tiers string   `help:"Which tiers take part: rules,model,llm; llm asks the server of PONTE_LLM_URL what the others leave open." default:"rules,model"`
	Files []string `arg:"" optional:"" help:"Files of lines; none: standard input."`
}

// Run judges line by line, in order.
func (c classifyCmd) Run(ctx context.Context, conf *config) error {
	tiers, err := moderation.ParseTiers(c.Tiers)
	if err != nil {
		return usageError{err}
	}
	var ask moderation.Asked
	if tiers.LLM {
		if ask = conf.asked(ctx); ask == nil {
			sayNobodyAsked(os.Stderr)
		}
	}
	engine := moderation.NewEngine(nil, nil, moderation.DefaultPolicy())
	files := c.Files
	if len(files) == 0 {
		files = []string{"-"}
	}
	line := 1
	for _, path := range files {
		in := io.Reader(os.Stdin)
		if path != "-" {
			f, err := os.Open(path)
			if err != nil {
				return usageError{err}
			}
			defer f.Close()
			in = f
		}
		if in, err = moderation.Unpacked(in); err != nil {
			return usageError{fmt.Errorf("%s: %w", path, err)}
		}
		if line, err = engine.ClassifyLines(in, os.Stdout, line, tiers, ask); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// sayNobodyAsked keeps figures of two tiers from being read as those of three.
func sayNobodyAsked(w io.Writer) {
	fmt.Fprintln(w, "ponte: no language model is configured (PONTE_LLM_URL): the tier llm decides nothing")
}

// asked puts what is open to the configured language model, for the command line; nil without one.
func (c *config) asked(ctx context.Context) moderation.Asked {
	model := c.languageModel()
	if !model.Configured() {
		return nil
	}
	return func(list []moderation.Input) ([]*moderation.LLMAnswer, error) { return asks.Direct(ctx, model, list) }
}

type evalCmd struct {
	Task    string   `required:"" help:"harm, spam, intent, language, sentiment or optout."`
	Tiers   string   `help:"Which tiers take part: rules,model,llm." default:"rules,model"`
	Mix     float64  `help:"Resample to this share of violations, e.g. 0.04."`
	Answers string   `help:"File of recorded answers of a language model, joined by id, for the llm tier and the cascade."`
	Column  string   `help:"The column of the recorded answers: 1 a violation, 0 none."`
	JSON    bool     `name:"json" help:"Print the whole report as JSON."`
	Files   []string `arg:"" help:"Tab-separated files (.tsv or .tsv.gz) whose header names text and label."`
}

// Run measures and prints the report.
func (e evalCmd) Run(ctx context.Context, conf *config) error {
	tiers, err := moderation.ParseTiers(e.Tiers)
	if err != nil {
		return usageError{err}
	}
	if !(e.Mix >= 0 && e.Mix < 1) {
		return usageError{fmt.Errorf("--mix %g is not a share between 0 and 1", e.Mix)}
	}
	engine := moderation.NewEngine(nil, nil, moderation.DefaultPolicy())
	o := moderation.EvalOptions{Task: e.Task, Tiers: tiers, Mix: e.Mix}
	var answers map[string]string
	if e.Answers != "" {
		if answers, err = moderation.LoadAnswers(e.Answers, e.Column); err != nil {
			return usageError{err}
		}
		o.Ask = recorded(answers, e.Task, e.Column)
	} else if ask := conf.asked(ctx); tiers.LLM && ask == nil {
		sayNobodyAsked(os.Stderr)
	} else if tiers.LLM {
		o.Ask = func(rows []moderation.Example) ([]*moderation.LLMAnswer, error) {
			list := make([]moderation.Input, len(rows))
			for i, row := range rows {
				list[i] = moderation.Input{Subject: moderation.SubjectComment, Text: row.Text}
			}
			return ask(list)
		}
	}
	report, err := engine.Eval(o, e.Files)
	if err != nil {
		return usageError{err}
	}
	if answers != nil && e.Task == "harm" {
		if report.Cascade, err = engine.Cascade(tiers, e.Files, answers); err != nil {
			return usageError{err}
		}
	}
	if e.JSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(report)
	}
	printReport(os.Stdout, report)
	return nil
}

// recorded answers the llm tier from a file: a recording says yes or no, not which category.
func recorded(answers map[string]string, task, column string) func([]moderation.Example) ([]*moderation.LLMAnswer, error) {
	category := "harassment"
	if task == "spam" {
		category = "spam"
	}
	return func(rows []moderation.Example) ([]*moderation.LLMAnswer, error) {
		out := make([]*moderation.LLMAnswer, len(rows))
		for i, row := range rows {
			switch answers[row.ID] {
			case "1":
				out[i] = &moderation.LLMAnswer{Category: category, Score: 1, Model: column}
			case "0":
				out[i] = &moderation.LLMAnswer{Category: "none", Model: column}
			}
		}
		return out, nil
	}
}

func printReport(w io.Writer, r moderation.Report) {
	fmt.Fprintf(w, "task %s, n %d, model %s, rules %s\n", r.Task, r.N, r.Model, r.Rules)
	if r.LeftOut > 0 {
		fmt.Fprintf(w, "left out: %d rows labelled doubtful, which may be read either way\n", r.LeftOut)
	}
	if r.Short > 0 {
		fmt.Fprintf(w, "left out: %d lines with fewer columns than the first\n", r.Short)
	}
	for _, label := range slices.Sorted(maps.Keys(r.Unknown)) {
		fmt.Fprintf(w, "label %q: not known for %s, its %d rows count as wrong\n", label, r.Task, r.Unknown[label])
	}
	fmt.Fprintf(w, "%-14s %6s  %-21s %-21s %-21s %-21s %-21s %-21s %-21s %-21s\n", "slice", "n", "precision [95 %]", "recall [95 %]", "f1 [95 %]", "macro-f1 [95 %]", "auc [95 %]", "accuracy [95 %]", "ap [95 %]", "ece [95 %]")
	for _, m := range append([]moderation.Measure{r.Overall}, append(r.Languages, r.Labels...)...) {
		auc, ap, ece := optional(m.AUC, m.AUCRange), optional(m.AP, m.APRange), optional(m.ECE, m.ECERange)
		fmt.Fprintf(w, "%-14s %6d  %-21s %-21s %-21s %-21s %-21s %-21s %-21s %-21s\n", m.Name, m.N, span(m.Precision, m.PrecisionRange), span(m.Recall, m.RecallRange), span(m.F1, m.F1Range), span(m.MacroF1, m.MacroF1Range), auc, span(m.Accuracy, m.AccuracyRange), ap, ece)
	}
	var tiers []string
	for _, t := range []string{"rules", "model", "llm", "policy"} {
		tiers = append(tiers, fmt.Sprintf("%s %.3f", t, r.Tiers[t]))
	}
	fmt.Fprintf(w, "decided by: %s\nleft open for a language model: %.3f, answered %.3f; harmless hidden: %.4f; per 1,000 texts %.1f ms and %.4f\n",
		strings.Join(tiers, ", "), r.NeedsLLM, r.Answered, r.Overall.FalseHides, float64(r.MicrosPer1000)/1000, r.CostPer1000)
	if r.LLM != "" {
		fmt.Fprintln(w, r.LLM)
	}
	if m := r.Mix; m != nil {
		fmt.Fprintf(w, "%.1f %% violations, n %d (%d violations): the default policy asks about %.3f and lets %.3f of the violations pass unasked; pass_unasked 0.02 asks about %.3f [%.3f, %.3f] and lets %.3f [%.3f, %.3f] pass; at best, chosen on these very texts, it would be %.3f\n",
			100*m.Share, m.N, m.Violations, m.Asked, m.Lost, m.AskedAt2, m.AskedAt2In[0], m.AskedAt2In[1], m.LostAt2, m.LostAt2In[0], m.LostAt2In[1], m.LeastAt2)
	}
	if c := r.Cascade; c != nil {
		fmt.Fprintf(w, "recorded answers, n %d: language model alone %.3f, rules and model alone %.3f\n", c.N, c.LLM, c.Model)
		for _, p := range c.Points {
			fmt.Fprintf(w, "  at %.0f %% of its calls %.3f: %.3f lost [%.3f, %.3f]\n", 100*p.Calls, p.Accuracy, p.Lost, p.LostIn[0], p.LostIn[1])
		}
	}
}

func optional(x *float64, r *[2]float64) string {
	if x == nil {
		return "-"
	}
	return span(*x, r)
}

func span(x float64, r *[2]float64) string {
	if r == nil {
		return fmt.Sprintf("%.3f", x)
	}
	return fmt.Sprintf("%.3f [%.3f, %.3f]", x, r[0], r[1])
}

type trainCmd struct {
	Seeds string `default:"moderation/seeds" help:"Folder with our own sentences, to train anew from."`
	Data  string `help:"Folder with public sets; without it a model that is trained anew learns from our own sentences alone."`
	Out   string `help:"Where to write the model; moderation/artefact/model.bin.gz if empty, and nowhere with --from-decisions."`
	Date  string `help:"Date on the card; today's if empty."`

	FromDecisions bool   `help:"Adapt the model in the program to what reviewers decided, read from the database; with --data, train anew from everything. Such a model is for this installation alone: it is kept there as a version to backtest and to try in shadow."`
	Workspace     string `help:"Workspace for --from-decisions; the only one if empty."`
}

// decided reads what reviewers decided.
func (t trainCmd) decided(ctx context.Context, c *config) (rows map[string][]moderation.Example, err error) {
	if !t.FromDecisions {
		return nil, nil
	}
	unnamed := 0
	err = c.with(ctx, t.Workspace, func(s *store, w inbox.Workspace) error {
		if unnamed, err = review.Unnamed(ctx, s.DB, w.ID); err == nil {
			rows, err = review.TrainingRows(ctx, s.DB, w.ID)
		}
		return err
	})
	if unnamed > 0 {
		fmt.Fprintf(os.Stderr, "%d removed texts teach nothing: neither the reviewer nor the machine said what they are; a category can be said when hiding\n", unnamed)
	}
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
	m, err := t.made(decided)
	if err != nil {
		return err
	}
	var raw bytes.Buffer
	if err := m.Write(&raw); err != nil {
		return err
	}
	if t.FromDecisions {
		if err := t.keep(ctx, c, raw.Bytes(), decided); err != nil {
			return err
		}
	} else if t.Out == "" {
		t.Out = "moderation/artefact/model.bin.gz"
	}
	if t.Out == "" {
		return nil
	}
	if err := os.WriteFile(t.Out, raw.Bytes(), 0o644); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "written to %s; build again to ship it\n", t.Out)
	return nil
}

// made is the model: the shipped one moved by decisions where there are any, else one trained anew.
func (t trainCmd) made(decided map[string][]moderation.Example) (*moderation.Model, error) {
	say := func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	if !t.FromDecisions || t.Data != "" {
		return moderation.Train(moderation.TrainOptions{Seeds: os.DirFS(t.Seeds), Data: t.Data, Date: t.Date, Decided: decided, Log: say})
	}
	m, list, err := moderation.Adapt(moderation.AdaptOptions{From: moderation.Shipped(), Seeds: moderation.OwnSentences(), Decided: decided, Date: t.Date, Log: say})
	for _, c := range list {
		say("%s, %s, %d texts: log loss %.3f, now %.3f; AUC %.3f, now %.3f; of %d violations it hides %d, now %d; of the others %d, now %d",
			c.Group, c.Set, c.N, c.Before.LogLoss, c.After.LogLoss, c.Before.AUC, c.After.AUC, c.Before.Bad, c.Before.Right, c.After.Right, c.Before.Wrong, c.After.Wrong)
	}
	if errors.Is(err, moderation.ErrNotBetter) {
		err = usageError{fmt.Errorf("%w; the model in the program goes on as it is", err)}
	}
	return m, err
}

// keep keeps a model that learnt from decisions where they were made.
func (t trainCmd) keep(ctx context.Context, c *config, raw []byte, decided map[string][]moderation.Example) error {
	note := fmt.Sprintf("learnt from %d decisions about harm and %d about spam", len(decided["harm"]), len(decided["spam"]))
	return c.with(ctx, t.Workspace, func(s *store, w inbox.Workspace) error {
		return s.inTx(ctx, func(tx *sqlx.Tx) error {
			v, err := decisions.KeepCandidate(ctx, tx, w.ID, raw, note, "cli")
			if err != nil {
				return err
			}
			printJSON(shortVersion(v))
			fmt.Fprintf(os.Stderr, "kept as version %d; next: ponte policy backtest %d\n", v.ID, v.ID)
			return nil
		})
	})
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
		fmt.Printf("  %-24s %-44s %6d rows  %s\n", s.Head, s.Name, s.Rows, s.Licence)
	}
	fmt.Println("\ncategories with a score of the model, learnt from")
	for _, c := range append(append([]string{}, moderation.HarmCategories...), moderation.SpamCategories...) {
		if n := m.Card.Categories[c]; n > 0 {
			fmt.Printf("  %-16s %6d texts\n", c, n)
		} else {
			fmt.Printf("  %-16s      – no labelled data: no score\n", c)
		}
	}
	fmt.Println("\nthresholds")
	for _, f := range m.Card.Thresholds {
		if f.Value > 1 {
			fmt.Printf("  %-24s %-4s n=%-6d never  %s: no score was precise enough\n", f.Name, f.Language, f.N, f.Set)
			continue
		}
		fmt.Printf("  %-24s %-4s n=%-6d %.3f  %s; %s\n", f.Name, f.Language, f.N, f.Value, f.Set, f.Note)
	}
	fmt.Printf("\nfigures of the model alone; the last column but one is a plain word list, or the commonest label\n  %-36s %-34s %-4s %7s %7s %9s %9s  %s\n", "figure", "set", "lang", "n", "value", "threshold", "list", "note")
	for _, f := range m.Card.Figures {
		at := "-"
		if f.Threshold > 0 {
			at = fmt.Sprintf("%.3f", f.Threshold)
		}
		fmt.Printf("  %-36s %-34s %-4s %7d %7.3f %9s %9.3f  %s\n", f.Name, f.Set, f.Language, f.N, f.Value, at, f.Baseline, f.Note)
	}
	for _, n := range m.Card.Notes {
		fmt.Println("\n" + n)
	}
	return nil
}
