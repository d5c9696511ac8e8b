package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
	"ponte/template"
)

type templateCmd struct {
	List     templateListCmd     `cmd:"" help:"Drafts, and what Meta says of each."`
	AddReady templateAddReadyCmd `cmd:"" help:"Make drafts of the ready-made templates, all of them or some."`
	Check    templateCheckCmd    `cmd:"" help:"Say what Meta would refuse a definition for."`
}

type templateListCmd struct {
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run lists the drafts.
func (l templateListCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, l.Workspace, func(s *store, w inbox.Workspace) error {
		list, err := template.Drafts(ctx, s.DB, w.ID)
		for _, d := range list {
			line := map[string]any{"id": d.ID, "name": d.Name, "language": d.Language, "version": d.Version, "state": d.State, "category": d.Definition.Category,
				"faults": template.Examine(d.Name, d.Language, d.Definition, w.BrandName())}
			if d.Template != nil {
				line["meta"] = map[string]any{"status": d.Template.Status, "category": d.Template.Category, "quality": d.Template.Quality, "reason": d.Template.Reason}
			}
			printJSON(line)
		}
		return err
	})
}

type templateAddReadyCmd struct {
	Account   int64    `required:"" help:"Id of a connected WhatsApp number (ponte account list)."`
	Key       []string `help:"Only these, as booking_confirmed."`
	Language  []string `help:"Only these, of en, it, fr, ro."`
	Workspace string   `help:"Workspace; the only one if empty."`
}

// Run makes drafts of ready-made templates.
func (a templateAddReadyCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, a.Workspace, func(s *store, w inbox.Workspace) error {
		return s.inTx(ctx, func(tx *sqlx.Tx) error {
			added, err := template.AddReady(ctx, tx, w.ID, template.ReadyWish{AccountID: a.Account, Keys: a.Key, Languages: a.Language}, "cli")
			for _, x := range added {
				printJSON(x)
			}
			return err
		})
	})
}

type templateCheckCmd struct {
	File     string `arg:"" help:"A JSON definition, as the API takes it."`
	Name     string `default:"template" help:"Name of the template."`
	Language string `default:"en" help:"Language code."`
	Brand    string `required:"" help:"The brand's name, which a marketing template must carry."`
}

// Run checks a definition from a file; it needs no database.
func (k templateCheckCmd) Run() error {
	raw, err := os.ReadFile(k.File)
	if err != nil {
		return fmt.Errorf("read %s: %w", k.File, err)
	}
	var d template.Definition
	if err := json.Unmarshal(raw, &d); err != nil {
		return fmt.Errorf("%s is not a definition: %w", k.File, err)
	}
	faults := template.Examine(k.Name, k.Language, d.Tidy(), k.Brand)
	for _, f := range faults {
		printJSON(f)
	}
	if len(faults) > 0 {
		return errors.New("Meta would refuse it")
	}
	return nil
}
