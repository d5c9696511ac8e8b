package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
	"ponte/ingest"
)

type backupCmd struct {
	File string `arg:"" help:"Where to write the backup (PostgreSQL's custom format)."`
}

// Run writes a consistent backup while the server runs.
func (b backupCmd) Run(ctx context.Context, c *config) error {
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	if err = s.dump(ctx, b.File); err == nil {
		fmt.Printf("written to %s; keep PONTE_SECRET_KEY apart from it: without the key the tokens and the ledger's chain are lost\n", b.File)
	}
	return errors.Join(err, s.close())
}

// dump writes the backup beside its place first: one that was cut off never stands under its name. It holds what
// people wrote, so it is its owner's alone.
func (s *store) dump(ctx context.Context, file string) error {
	part := file + ".part"
	_ = os.Remove(part)
	f, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return usageError{err}
	}
	err = f.Close()
	address, password := withoutPassword(s.URL)
	if err == nil {
		err = s.tool(ctx, "pg_dump", password, "--format=custom", "--no-owner", "--file="+part, "--dbname="+address)
	}
	if err == nil {
		err = os.Rename(part, file)
	}
	if err != nil {
		_ = os.Remove(part)
	}
	return err
}

type restoreCmd struct {
	File string `arg:"" help:"A backup written by 'ponte backup'."`
	Yes  bool   `help:"Replace what the database holds now."`
}

// Run puts a backup back. The copy does not send until a person says so: what happened after the backup
// is not in it.
func (r restoreCmd) Run(ctx context.Context, c *config) error {
	if !r.Yes {
		return usageError{errors.New("a restore replaces what the database holds now: stop the server and say --yes")}
	}
	if _, err := os.Stat(r.File); err != nil {
		return usageError{err}
	}
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	if err = s.unserved(ctx); err == nil {
		err = s.restore(ctx, r.File, c.epochPath())
	}
	if err == nil {
		fmt.Println("restored; nothing is sent until 'ponte send release', and what may have been sent after the backup waits for a person")
	}
	return errors.Join(err, s.close())
}

// unserved refuses while a server works on the database: it would go on with what it remembers of the rows that
// are replaced under it.
func (s *store) unserved(ctx context.Context) error {
	var there bool
	if err := s.DB.GetContext(ctx, &there, `SELECT to_regclass('lanes') IS NOT NULL`); err != nil || !there {
		return err
	}
	var holders []string
	if err := s.DB.SelectContext(ctx, &holders, `SELECT DISTINCT holder FROM lanes WHERE expires_at > now() ORDER BY 1`); err != nil {
		return fmt.Errorf("look whether a server runs: %w", err)
	}
	if len(holders) > 0 {
		return fmt.Errorf("a server works on this database (%s): stop it, and every replica, before restoring; one that was killed is forgotten within ten seconds", strings.Join(holders, ", "))
	}
	return nil
}

// restore puts the backup in the place of what is there. A copy restored in place carries the epoch it was made
// under, which may still be the present one: so the epoch's file goes first, and comes back only where nothing was
// restored. Whatever is killed in between, the copy does not send.
func (s *store) restore(ctx context.Context, file, epoch string) error {
	aside := epoch + ".restoring"
	if err := os.Rename(epoch, aside); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("put the send epoch aside: %w", err)
	}
	address, password := withoutPassword(s.URL)
	if err := s.tool(ctx, "pg_restore", password, "--clean", "--if-exists", "--no-owner", "--single-transaction", "--dbname="+address, file); err != nil {
		if back := os.Rename(aside, epoch); back != nil && !errors.Is(back, os.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("put the send epoch back: %w", back))
		}
		return err
	}
	if _, err := s.DB.ExecContext(ctx, `UPDATE installation SET value = 'restored' WHERE key = 'send_epoch'`); err != nil {
		return fmt.Errorf("mark the copy as restored: %w", err)
	}
	if err := os.Remove(aside); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the send epoch from before: %w", err)
	}
	return nil
}

// tool runs one of PostgreSQL's programs, from the private server's folder or from PATH.
func (s *store) tool(ctx context.Context, name, password string, args ...string) error {
	path := name
	if s.cluster != nil {
		path = filepath.Join(s.cluster.Bin, name)
	} else if found, err := exec.LookPath(name); err == nil {
		path = found
	} else {
		return fmt.Errorf("%s is not installed (Debian: apt-get install postgresql-client)", name)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s failed: %w: %s", name, err, out)
	}
	return nil
}

var passwordWord = regexp.MustCompile(`(?:^|\s)password\s*=\s*('(?:[^'\\]|\\.)*'|\S*)`)

// withoutPassword takes the password out of a database address: arguments of a process can be read by
// everybody on the machine, its environment cannot.
func withoutPassword(address string) (clean, password string) {
	if u, err := url.Parse(address); err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") {
		q := u.Query()
		password = q.Get("password")
		q.Del("password")
		q.Del("binary_parameters") // lib/pq's own
		u.RawQuery = q.Encode()
		if p, ok := u.User.Password(); ok {
			password = p
			u.User = url.User(u.User.Username())
		}
		return u.String(), password
	}
	if m := passwordWord.FindStringSubmatch(address); m != nil {
		password = strings.NewReplacer(`\\`, `\`, `\'`, `'`).Replace(strings.Trim(m[1], "'"))
	}
	return strings.TrimSpace(passwordWord.ReplaceAllString(address, "")), password
}

type backfillCmd struct {
	ID        string `arg:"" help:"The account's id on its network."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run asks the running server to read an account's history.
func (b backfillCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, b.Workspace, func(s *store, w inbox.Workspace) error {
		list, err := inbox.Accounts(ctx, s.DB, w.ID)
		if err != nil {
			return err
		}
		for _, a := range list {
			if a.ExternalID == b.ID {
				return s.inTx(ctx, func(tx *sqlx.Tx) error { return ingest.WantBackfill(ctx, tx, w.ID, a.ID) })
			}
		}
		return usageError{fmt.Errorf("no connected account has the id %s", b.ID)}
	})
}
