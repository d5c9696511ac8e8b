package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/inbox"
	"ponte/outbox"
	"ponte/prices"
)

type pricesCmd struct {
	Import   pricesImportCmd   `cmd:"" help:"Import a price file (CSV: country, category, effective_from, currency, price) as the next version."`
	List     pricesListCmd     `cmd:"" help:"List the imported versions."`
	Withdraw pricesWithdrawCmd `cmd:"" help:"Take a version out; the prices of the versions before hold again."`
}

type pricesImportCmd struct {
	File      string `arg:"" help:"The file; - reads standard input."`
	Name      string `help:"What it is called; the file's name if empty."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run imports a price file.
func (p pricesImportCmd) Run(ctx context.Context, c *config) error {
	body, err := readInput(p.File)
	if err != nil {
		return err
	}
	if p.Name == "" {
		p.Name = filepath.Base(p.File)
	}
	return onPrices(ctx, c, p.Workspace, "import", func(tx *sqlx.Tx, workspace int64) (prices.File, error) {
		return prices.Import(ctx, tx, workspace, p.Name, "cli", body)
	})
}

type pricesWithdrawCmd struct {
	Version   int    `arg:"" help:"The version, as 'ponte prices list' shows it."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run takes a version out.
func (p pricesWithdrawCmd) Run(ctx context.Context, c *config) error {
	return onPrices(ctx, c, p.Workspace, "withdraw", func(tx *sqlx.Tx, workspace int64) (prices.File, error) {
		list, err := prices.Files(ctx, tx, workspace)
		if err != nil {
			return prices.File{}, err
		}
		for _, f := range list {
			if f.Version == p.Version {
				return prices.Withdraw(ctx, tx, workspace, f.ID, "cli")
			}
		}
		return prices.File{}, usageError{fmt.Errorf("there is no version %d", p.Version)}
	})
}

// onPrices changes the price files; what waits for a price or a budget is judged again.
func onPrices(ctx context.Context, c *config, workspace, verb string, do func(tx *sqlx.Tx, workspace int64) (prices.File, error)) error {
	return c.with(ctx, workspace, func(s *store, w inbox.Workspace) error {
		return s.inTx(ctx, func(tx *sqlx.Tx) error {
			f, err := do(tx, w.ID)
			if err != nil {
				return err
			}
			if err := auth.Audit(ctx, tx, w.ID, "cli", "prices."+verb, fmt.Sprintf("price_file:%d", f.ID), map[string]any{"version": f.Version, "rows": f.Rows}); err != nil {
				return err
			}
			if err := outbox.Reconsider(ctx, tx, w.ID, outbox.MoneyReasons...); err != nil {
				return err
			}
			printPrices(f)
			return nil
		})
	})
}

type pricesListCmd struct {
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run prints the versions, one JSON object a line.
func (p pricesListCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, p.Workspace, func(s *store, w inbox.Workspace) error {
		list, err := prices.Files(ctx, s.DB, w.ID)
		for _, f := range list {
			printPrices(f)
		}
		return err
	})
}

func printPrices(f prices.File) {
	printJSON(map[string]any{"version": f.Version, "name": f.Name, "rows": f.Rows, "currencies": f.Currencies, "from": f.From.Format("2006-01-02"), "to": f.To.Format("2006-01-02"),
		"imported_at": f.ImportedAt.UTC(), "imported_by": f.ImportedBy, "withdrawn_at": f.WithdrawnAt})
}
