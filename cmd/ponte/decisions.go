package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"ponte/decisions"
	"ponte/inbox"
	"ponte/moderation"
)

type decisionsCmd struct {
	Replay decisionsReplayCmd `cmd:"" help:"Judge recorded inputs again by the versions that judged them, and compare the bytes."`
	Diff   decisionsDiffCmd   `cmd:"" help:"What another policy or other rules would have decided; nobody is asked, nothing is changed."`
}

type decisionsReplayCmd struct {
	ID        int64  `arg:"" optional:"" help:"One verdict; none: the newest ones."`
	Most      int    `default:"100" help:"How many."`
	Bytes     bool   `help:"Print the verdict as it is judged now, and nothing else."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run replays: the same versions give the same bytes. An answer of a language model is taken from the
// record; another version, or an erased input, is said.
func (d decisionsReplayCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, d.Workspace, func(s *store, w inbox.Workspace) error {
		rows, err := decisions.Recorded(ctx, s.DB, w.ID, d.ID, d.Most)
		if err != nil {
			return err
		}
		if d.ID != 0 && len(rows) == 0 {
			return usageError{fmt.Errorf("there is no verdict %d in this workspace", d.ID)}
		}
		archive := decisions.NewArchive(s.DB)
		differ := 0
		for _, r := range rows {
			out, err := archive.Replay(ctx, w.ID, r)
			if err != nil {
				return err
			}
			if out.Outcome == decisions.Differs {
				differ++
			}
			if !d.Bytes {
				printJSON(out)
			} else if out.Bytes != nil {
				fmt.Println(string(out.Bytes))
			}
		}
		if differ > 0 {
			return errors.New("some decisions came out otherwise under the same versions")
		}
		return nil
	})
}

type decisionsDiffCmd struct {
	Policy    string `help:"A policy document; without it the live one." type:"existingfile"`
	Rules     string `help:"A list of rules; without it the live ones." type:"existingfile"`
	Since     string `help:"Only what was judged since: a date such as 2026-03-01, or a time such as 720h."`
	Limit     int    `default:"100000" help:"The newest so many texts."`
	Examples  int    `default:"5" help:"Examples of each change, by id."`
	JSON      bool   `name:"json" help:"Print the whole report as JSON."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run judges stored history by another policy or other rules and prints what would change.
func (d decisionsDiffCmd) Run(ctx context.Context, c *config) error {
	if d.Policy == "" && d.Rules == "" {
		return usageError{errors.New("name a policy (--policy FILE), rules (--rules FILE), or both")}
	}
	if d.Limit <= 0 {
		return usageError{errors.New("--limit must be positive")}
	}
	since, err := parseSince(d.Since, time.Now())
	if err != nil {
		return usageError{err}
	}
	return c.with(ctx, d.Workspace, func(s *store, w inbox.Workspace) error {
		settings, err := inbox.ParseSettings(w.Settings)
		if err != nil {
			return err
		}
		policy, err := documentOr(d.Policy, settings.Policy)
		if err != nil {
			return err
		}
		own, err := inbox.RulesDocument(ctx, s.DB, w.ID)
		if err != nil {
			return err
		}
		rules, err := documentOr(d.Rules, own)
		if err != nil {
			return err
		}
		if _, err := moderation.ParsePolicy(policy); err != nil {
			return usageError{err}
		}
		engine, err := moderation.EngineFor(policy, rules)
		if err != nil {
			return usageError{err}
		}
		report, err := decisions.Diff(ctx, s.DB, w.ID, engine, decisions.DiffOptions{Since: since, Until: time.Now(), Most: d.Limit, Examples: d.Examples})
		if err != nil {
			return err
		}
		if d.JSON {
			return json.NewEncoder(os.Stdout).Encode(report)
		}
		printCounts(report.Counts)
		for _, e := range report.Examples {
			fmt.Printf("  %s → %s: %s %d (verdict %d)%s\n", e.Was, e.Now, e.Subject, e.SubjectID, e.VerdictID, bySince(e.Person))
		}
		return nil
	})
}

func bySince(person string) string {
	if person == "" {
		return ""
	}
	return ", a person has since decided " + person
}

func printCounts(c decisions.Counts) {
	fmt.Printf("%d texts judged again, %d decided otherwise; %d erased and left out\n", c.Items, c.Changed, c.Erased)
	fmt.Printf("would have hidden %d; %d were later restored by a person, %d confirmed; %d that a person hid would have stayed\n", c.Hides, c.Restored, c.Confirmed, c.Missed)
	if c.Spam > 0 {
		fmt.Printf("would have put %d messages into the spam folder\n", c.Spam)
	}
	if c.NeedsLLM > 0 {
		fmt.Printf("%d would be put to a language model; %d of them have no recorded answer and count as they stand without one\n", c.NeedsLLM, c.Unanswered)
	}
	for _, p := range c.Pairs {
		fmt.Printf("  %-7s → %-7s %8d\n", p.Was, p.Now, p.Count)
	}
}

func documentOr(path string, live json.RawMessage) (json.RawMessage, error) {
	if path == "" {
		return live, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, usageError{err}
	}
	if !json.Valid(b) {
		return nil, usageError{fmt.Errorf("%s is not JSON", path)}
	}
	return b, nil
}

// parseSince reads a date or a time before now; empty means no bound.
func parseSince(s string, now time.Time) (*time.Time, error) {
	if s == "" {
		return nil, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		at := now.Add(-d)
		return &at, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil {
			return &at, nil
		}
	}
	return nil, fmt.Errorf("--since %q is neither a date such as 2026-03-01 nor a time such as 720h", s)
}
