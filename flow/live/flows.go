// Package live keeps bot flows and the people inside them: drafts, published versions, when a flow begins,
// runs with their timers, and signed calls to other systems. Package flow says what happens in a flow; this
// package remembers it. Runs are led by ingest, in the lane of the person.
package live

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/flow"
	"ponte/inbox"
)

// Flow is a flow with its draft.
type Flow struct {
	WorkspaceID int64      `db:"workspace_id"`
	ID          int64      `db:"id"`
	Key         string     `db:"key"`
	Name        string     `db:"name"`
	Draft       string     `db:"draft"`
	Revision    int        `db:"revision"`
	LiveVersion *int64     `db:"live_version"`
	LiveNumber  *int       `db:"live_number"`
	LastNumber  int        `db:"last_number"`
	Inside      int        `db:"inside"` // people in it now
	ArchivedAt  *time.Time `db:"archived_at"`
	CreatedAt   time.Time  `db:"created_at"`
	UpdatedAt   time.Time  `db:"updated_at"`
}

const sqlFlows = `
SELECT f.workspace_id, f.id, f.key, f.name, f.draft, f.revision, f.live_version, f.archived_at, f.created_at, f.updated_at, v.number AS live_number,
       (SELECT coalesce(max(number), 0) FROM flow_versions n WHERE n.workspace_id = f.workspace_id AND n.flow_id = f.id) AS last_number,
       (SELECT count(*) FROM flow_runs r WHERE r.workspace_id = f.workspace_id AND r.flow_id = f.id AND r.ended_at IS NULL) AS inside
FROM flows f LEFT JOIN flow_versions v ON v.workspace_id = f.workspace_id AND v.id = f.live_version
WHERE f.workspace_id = $1`

// List returns a workspace's flows; archived ones are left out.
func List(ctx context.Context, q sqlx.QueryerContext, workspace int64) ([]Flow, error) {
	var out []Flow
	if err := sqlx.SelectContext(ctx, q, &out, sqlFlows+` AND f.archived_at IS NULL ORDER BY f.name, f.id`, workspace); err != nil {
		return nil, fmt.Errorf("list flows: %w", err)
	}
	return out, nil
}

// Get returns one flow; with lock, until the transaction ends nobody else changes it.
func Get(ctx context.Context, q sqlx.QueryerContext, workspace, id int64, lock bool) (Flow, error) {
	stmt := sqlFlows + ` AND f.id = $2`
	if lock {
		stmt += ` FOR UPDATE OF f`
	}
	var f Flow
	err := sqlx.GetContext(ctx, q, &f, stmt, workspace, id)
	if errors.Is(err, sql.ErrNoRows) {
		return f, fault.New(fault.NotFound, "flow %d does not exist in this workspace", id)
	}
	if err != nil {
		return f, fmt.Errorf("load flow %d: %w", id, err)
	}
	return f, nil
}

var keyPattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)

// head is what a draft must say, however unfinished it is.
func head(document string) (key, name string, err error) {
	if err := flow.NotJSON([]byte(document)); err != nil {
		return "", "", fault.Field("document", "the document cannot be kept: %s", err)
	}
	if strings.Contains(document, "\x00") { // PostgreSQL keeps none
		return "", "", fault.Field("document", "the document cannot be kept: it has a NUL character")
	}
	var d struct {
		ID   any `json:"id"`
		Name any `json:"name"`
	}
	if json.Unmarshal([]byte(strings.TrimPrefix(document, "\ufeff")), &d) != nil { // some editors begin with a mark
		return "", "", fault.Field("document", "a flow is a JSON object, as {\"format\": 1, \"id\": …}")
	}
	key, _ = d.ID.(string)
	if name, _ = d.Name.(string); strings.TrimSpace(name) == "" {
		name = key
	}
	if !keyPattern.MatchString(key) {
		return "", "", fault.Field("document", "\"id\" must be a small letter, then small letters, digits, _ or -, at most 40 characters")
	}
	if r := []rune(name); len(r) > 80 {
		name = string(r[:80])
	}
	return key, name, nil
}

// MaxDocument is the largest document that is kept.
const MaxDocument = 512 << 10

// Add keeps a new flow's draft. A draft may have faults; it is not used before it is published.
func Add(ctx context.Context, tx sqlx.ExtContext, workspace int64, document string, by *int64) (int64, error) {
	if len(document) > MaxDocument {
		return 0, fault.Field("document", "the document is larger than 512 KiB")
	}
	key, name, err := head(document)
	if err != nil {
		return 0, err
	}
	var id int64
	err = sqlx.GetContext(ctx, tx, &id, sqlInsertFlow, workspace, key, name, document, by)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fault.New(fault.Conflict, "there is a flow with the id %q already; give this one another id", key)
	}
	if err != nil {
		return 0, fmt.Errorf("keep a flow: %w", err)
	}
	return id, nil
}

const sqlInsertFlow = `
INSERT INTO flows (workspace_id, key, name, draft, created_by) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workspace_id, key) WHERE archived_at IS NULL DO NOTHING RETURNING id`

// SetDraft changes the draft, where nobody else has changed it since the revision that was read.
func SetDraft(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, revision int, document string) error {
	if len(document) > MaxDocument {
		return fault.Field("document", "the document is larger than 512 KiB")
	}
	f, err := Get(ctx, tx, workspace, id, true)
	if err != nil {
		return err
	}
	key, name, err := head(document)
	switch {
	case err != nil:
		return err
	case f.ArchivedAt != nil:
		return fault.New(fault.Conflict, "the flow is archived")
	case key != f.Key:
		return fault.Field("document", "\"id\" is %q, and this flow is %q: a flow keeps its id; make another flow for another id", key, f.Key)
	case f.Revision != revision:
		return fault.New(fault.Conflict, "somebody else has changed this draft since you opened it; open it again and bring your changes in")
	}
	if _, err := tx.ExecContext(ctx, `UPDATE flows SET draft = $3, name = $4, revision = revision + 1, updated_at = now() WHERE workspace_id = $1 AND id = $2`, workspace, id, document, name); err != nil {
		return fmt.Errorf("keep the draft of flow %d: %w", id, err)
	}
	return nil
}

// Archive takes a flow out of use. Who is inside finishes.
func Archive(ctx context.Context, tx sqlx.ExtContext, workspace, id int64) error {
	if _, err := Get(ctx, tx, workspace, id, true); err != nil {
		return err
	}
	if err := mayEnd(ctx, tx, workspace, id); err != nil {
		return err
	}
	for _, stmt := range []string{`DELETE FROM flow_starts WHERE workspace_id = $1 AND flow_id = $2`,
		`UPDATE flows SET archived_at = coalesce(archived_at, now()), live_version = NULL, updated_at = now() WHERE workspace_id = $1 AND id = $2`} {
		if _, err := tx.ExecContext(ctx, stmt, workspace, id); err != nil {
			return fmt.Errorf("archive flow %d: %w", id, err)
		}
	}
	return nil
}

// mayEnd refuses to end the flow that welcomes everybody else: people would get the built-in conversation from one
// message to the next, and nobody would be told. The lock keeps the setting while it is looked at.
func mayEnd(ctx context.Context, tx sqlx.ExtContext, workspace, id int64) error {
	var welcomes bool
	if err := sqlx.GetContext(ctx, tx, &welcomes, `SELECT coalesce(settings->>'default_flow' = $2::text, false) FROM workspaces WHERE id = $1 FOR NO KEY UPDATE`, workspace, fmt.Sprint(id)); err != nil {
		return fmt.Errorf("look whether flow %d is the workspace's default: %w", id, err)
	}
	if welcomes {
		return fault.New(fault.Conflict, "this flow welcomes whoever begins no other; choose another one for that in the settings first").Coded("default_flow")
	}
	return nil
}

// SetLive says which version new people begin; zero: none.
func SetLive(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, number int) error {
	f, err := Get(ctx, tx, workspace, id, true)
	if err != nil {
		return err
	}
	if f.ArchivedAt != nil {
		return fault.New(fault.Conflict, "the flow is archived")
	}
	var version *int64
	if number != 0 {
		v, err := ViewVersion(ctx, tx, workspace, id, number)
		if err != nil {
			return err
		}
		version = &v.ID
	} else if err := mayEnd(ctx, tx, workspace, id); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE flows SET live_version = $3, updated_at = now() WHERE workspace_id = $1 AND id = $2`, workspace, id, version); err != nil {
		return fmt.Errorf("set the live version of flow %d: %w", id, err)
	}
	return nil
}

// Version is a published version.
type Version struct {
	WorkspaceID int64     `db:"workspace_id"`
	ID          int64     `db:"id"`
	FlowID      int64     `db:"flow_id"`
	Number      int       `db:"number"`
	Document    string    `db:"document"`
	Note        string    `db:"note"`
	PublishedBy string    `db:"published_by"` // a name
	PublishedAt time.Time `db:"published_at"`
	Began       int       `db:"began"`
	Inside      int       `db:"inside"`
}

const sqlVersions = `
SELECT v.workspace_id, v.id, v.flow_id, v.number, v.document, v.note, coalesce(u.name, '') AS published_by, v.published_at,
       (SELECT count(*) FROM flow_runs r WHERE r.workspace_id = v.workspace_id AND r.version_id = v.id) AS began,
       (SELECT count(*) FROM flow_runs r WHERE r.workspace_id = v.workspace_id AND r.version_id = v.id AND r.ended_at IS NULL) AS inside
FROM flow_versions v LEFT JOIN users u ON u.id = v.published_by WHERE v.workspace_id = $1 AND v.flow_id = $2`

// Versions returns the published versions of a flow, the newest first.
func Versions(ctx context.Context, q sqlx.QueryerContext, workspace, id int64) ([]Version, error) {
	var out []Version
	if err := sqlx.SelectContext(ctx, q, &out, sqlVersions+` ORDER BY v.number DESC`, workspace, id); err != nil {
		return nil, fmt.Errorf("list the versions of flow %d: %w", id, err)
	}
	return out, nil
}

// ViewVersion returns one version by its number.
func ViewVersion(ctx context.Context, q sqlx.QueryerContext, workspace, id int64, number int) (Version, error) {
	var v Version
	err := sqlx.GetContext(ctx, q, &v, sqlVersions+` AND v.number = $3`, workspace, id, number)
	if errors.Is(err, sql.ErrNoRows) {
		return v, fault.New(fault.NotFound, "flow %d has no version %d", id, number)
	}
	if err != nil {
		return v, fmt.Errorf("load version %d of flow %d: %w", number, id, err)
	}
	return v, nil
}

// Publish makes a version of the draft, which new people begin from now on. The error is flow.Faults where
// the draft cannot be used.
func Publish(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, revision int, note string, by *int64) (Version, error) {
	f, err := Get(ctx, tx, workspace, id, true)
	switch {
	case err != nil:
		return Version{}, err
	case f.ArchivedAt != nil:
		return Version{}, fault.New(fault.Conflict, "the flow is archived")
	case f.Revision != revision:
		return Version{}, fault.New(fault.Conflict, "somebody else has changed this draft since you read it; look at it again before it is published")
	}
	number := f.LastNumber + 1
	document := Numbered(f.Draft, number)
	parsed, err := flow.Parse([]byte(document))
	if err != nil {
		return Version{}, err
	}
	if faults, err := CheckSecrets(ctx, tx, workspace, parsed); err != nil || len(faults) > 0 {
		flow.Locate([]byte(document), faults)
		return Version{}, errors.Join(err, faultsOrNil(faults))
	}
	var version int64
	if err := sqlx.GetContext(ctx, tx, &version, `INSERT INTO flow_versions (workspace_id, flow_id, number, document, note, published_by) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
		workspace, id, number, document, note, by); err != nil {
		return Version{}, fmt.Errorf("publish flow %d: %w", id, err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE flows SET live_version = $3, draft = $4, revision = revision + 1, updated_at = now() WHERE workspace_id = $1 AND id = $2`, workspace, id, version, document); err != nil {
		return Version{}, fmt.Errorf("publish flow %d: %w", id, err)
	}
	return ViewVersion(ctx, tx, workspace, id, number)
}

func faultsOrNil(f flow.Faults) error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// Numbered writes a version's number into a document, and leaves every other character as it is.
func Numbered(document string, number int) string {
	dec := json.NewDecoder(strings.NewReader(document))
	dec.UseNumber()
	depth, key := 0, true
	for {
		t, err := dec.Token()
		if err != nil {
			return document
		}
		switch d := t.(type) {
		case json.Delim:
			if d == '{' || d == '[' {
				depth++
			} else {
				depth--
			}
			key = true
			continue
		case string:
			if depth == 1 && key && d == "version" {
				before := dec.InputOffset()
				v, err := dec.Token()
				n, isNumber := v.(json.Number)
				if err != nil || !isNumber {
					return document
				}
				at := int(dec.InputOffset()) - len(n)
				if at < int(before) {
					return document
				}
				return document[:at] + strconv.Itoa(number) + document[at+len(n):]
			}
		}
		if depth == 1 {
			key = !key
		}
	}
}

// Touch tells open pages that a flow has changed.
func Touch(ctx context.Context, tx sqlx.ExtContext, workspace, id int64) error {
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspace, Topic: "flow", ObjectID: id})
}
