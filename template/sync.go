package template

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/fault"
	"ponte/inbox"
	"ponte/jobs"
	"ponte/outbox"
)

// Reading is what is known of the reading of a business account's templates.
type Reading struct {
	At        *time.Time `json:"at,omitempty"`      // last read to the end
	NextAt    *time.Time `json:"next_at,omitempty"` // read next
	Templates int        `json:"templates,omitempty"`
	Note      string     `json:"note,omitempty"` // why it could not be read the last time; empty: it could
}

// ReadingOf is how it stands with an account.
func ReadingOf(a inbox.Account) Reading {
	var r Reading
	_ = json.Unmarshal(a.Templates, &r) // what cannot be read counts as never read
	return r
}

// Syncer reads the templates of WhatsApp business accounts, each once an hour, whichever of its numbers is
// connected. Webhooks tell of most changes at once; a text that was changed in Meta's own manager, and what a
// lost webhook would have told, is found here. It takes a request for each hundred templates or so, of the 200
// an hour that Meta grants an app and business account.
type Syncer struct {
	DB   *sqlx.DB
	Open func(ctx context.Context, workspaceID, accountID int64) (channels.Account, error)
	List func(ctx context.Context, a channels.Account, cursor string) (channels.Page[channels.NetworkTemplate], error)
	Now  func() time.Time
	Log  *slog.Logger
	// Every is the time between two readings, 0: an hour. Up to a tenth is added, another share for each
	// account, so that they do not all come at once.
	Every time.Duration
}

// Run reads until the context ends. Several replicas share the work.
func (y *Syncer) Run(ctx context.Context) error {
	once := func(ctx context.Context) (bool, error) {
		more, err := y.Once(ctx)
		if more && err == nil {
			jobs.Pause(ctx, time.Second) // after a long stop all are due: one after the other
		}
		return more, err
	}
	return jobs.Loop{Once: once, Every: 30 * time.Second, Log: y.Log, Failed: "templates could not be read; they are tried again in an hour"}.Run(ctx)
}

// Once reads the business account whose turn it is, and says whether there was one.
func (y *Syncer) Once(ctx context.Context) (bool, error) {
	var due []inbox.Account
	// Put off before it is read, so that two replicas do not read at once.
	if err := y.DB.SelectContext(ctx, &due, sqlNextReading, y.Now().UTC(), y.every().Seconds()); err != nil {
		return false, fmt.Errorf("find whose templates to read: %w", err)
	}
	if len(due) == 0 {
		return false, nil
	}
	_, err := y.read(ctx, due[0])
	return true, err
}

func (y *Syncer) every() time.Duration {
	if y.Every == 0 {
		return time.Hour
	}
	return y.Every
}

// The lowest id that is connected reads for all numbers of its business account.
const sqlNextReading = `
WITH due AS (
  SELECT a.id, a.workspace_id, a.waba_id FROM accounts a
  WHERE a.channel = 'whatsapp' AND a.state = 'connected' AND a.removed_at IS NULL AND a.waba_id <> ''
    AND coalesce((a.templates->>'next_at')::timestamptz, '-infinity') <= $1
    AND NOT EXISTS (SELECT 1 FROM accounts o WHERE o.workspace_id = a.workspace_id AND o.waba_id = a.waba_id AND o.channel = 'whatsapp' AND o.state = 'connected' AND o.removed_at IS NULL AND o.id < a.id)
  ORDER BY coalesce((a.templates->>'next_at')::timestamptz, '-infinity'), a.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE accounts a SET templates = a.templates || jsonb_build_object('next_at', to_char(($1::timestamptz + make_interval(secs => $2::float8 * (1 + (due.id % 10) / 100.0))) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
FROM due WHERE a.id = due.id RETURNING a.workspace_id, a.id, a.channel, a.name, a.waba_id, a.state, a.templates`

// Workspace reads the templates of all business accounts of a workspace now, and says how many there are.
func (y *Syncer) Workspace(ctx context.Context, workspaceID int64) (int, error) {
	list, err := inbox.Accounts(ctx, y.DB, workspaceID)
	if err != nil {
		return 0, err
	}
	n, read := 0, map[string]bool{}
	for _, a := range list {
		if a.Channel != string(channels.WhatsApp) || read[a.WABAID] {
			continue
		}
		read[a.WABAID] = true
		found, err := y.read(ctx, a)
		if err != nil {
			return n, err
		}
		n += found
	}
	return n, nil
}

// read reads the whole list before it keeps any of it: what is missing from half a list is not deleted.
func (y *Syncer) read(ctx context.Context, a inbox.Account) (int, error) {
	all, at, err := y.list(ctx, a)
	if err != nil {
		var f *fault.Error
		note := "the account's token cannot be opened; connect the account again"
		if errors.As(err, &f) {
			note = f.Public
		}
		if _, noted := y.DB.ExecContext(ctx, sqlNoteReading, a.WorkspaceID, a.WABAID, note); noted != nil {
			return 0, fmt.Errorf("note why the templates of account %d could not be read: %w", a.ID, noted)
		}
		return 0, err
	}
	tx, err := y.DB.BeginTxx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if err := inbox.SaveTemplates(ctx, tx, a.WorkspaceID, a.ID, all, at); err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, sqlKeepReading, a.WorkspaceID, a.WABAID, at.UTC().Format(time.RFC3339), len(all)); err != nil {
		return 0, fmt.Errorf("keep when the templates of account %d were read: %w", a.ID, err)
	}
	// What waits for a template is looked at again at once.
	if err := outbox.Reconsider(ctx, tx, a.WorkspaceID, outbox.PauseReasons...); err != nil {
		return 0, err
	}
	if err := inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: a.WorkspaceID, Topic: "account", ObjectID: a.ID}); err != nil {
		return 0, err
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("keep the templates of account %d: %w", a.ID, err)
	}
	return len(all), nil
}

const (
	sqlKeepReading = `
UPDATE accounts SET templates = (templates - 'note') || jsonb_build_object('at', $3::text, 'templates', $4::int) WHERE workspace_id = $1 AND waba_id = $2 AND channel = 'whatsapp' AND removed_at IS NULL`
	sqlNoteReading = `
UPDATE accounts SET templates = templates || jsonb_build_object('note', $3::text) WHERE workspace_id = $1 AND waba_id = $2 AND channel = 'whatsapp' AND removed_at IS NULL`
)

func (y *Syncer) list(ctx context.Context, a inbox.Account) ([]channels.NetworkTemplate, time.Time, error) {
	at := y.Now()
	open, err := y.Open(ctx, a.WorkspaceID, a.ID)
	if err != nil {
		return nil, at, err
	}
	var all []channels.NetworkTemplate
	for cursor := ""; ; {
		page, err := y.List(ctx, open, cursor)
		if err != nil {
			return nil, at, fault.Wrap(fault.Unavailable, err, "the templates of %s could not be read: %v", cmp.Or(a.Name, a.ExternalID), err)
		}
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all, at, nil
		}
	}
}
