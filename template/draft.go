package template

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
)

// State is where the latest version of a draft stands in the team. What Meta makes of it is the status of
// the template.
type State string

// The states of a version; migrations/0019 CHECKs them.
const (
	Written   State = "draft"
	Asked     State = "asked"    // somebody else is asked to approve it
	Approved  State = "approved" // may be submitted
	Returned  State = "returned" // not like this; the note says why
	Submitted State = "submitted"
)

// Draft is one language of one name with its latest version, and what Meta says of it.
type Draft struct {
	WorkspaceID int64
	ID          int64
	AccountID   int64
	Name        string
	Language    string
	Ready       string
	Version     int
	State       State
	Note        string
	Author      string
	AskedBy     string
	DecidedBy   string
	ActionID    *int64
	Action      string // state of the call that submits it; empty: none
	ActionWhy   string
	Definition  Definition
	UpdatedAt   time.Time
	Template    *Standing // nil: Meta does not have it
}

// Standing is what Meta says of a template.
type Standing struct {
	ID       int64  `db:"template_id"`
	External string `db:"external_id"`
	Status   string `db:"status"`
	Category string `db:"category"`
	Quality  string `db:"quality"`
	Reason   string `db:"reason"`
	Asked    string `db:"category_asked"`
	Next     string `db:"category_next"`
	PausedBy string `db:"paused_by"`
	Deleted  bool   `db:"deleted"`
}

type draftRow struct {
	WorkspaceID int64           `db:"workspace_id"`
	ID          int64           `db:"id"`
	AccountID   int64           `db:"account_id"`
	Name        string          `db:"name"`
	Language    string          `db:"language"`
	Ready       string          `db:"ready"`
	Version     int             `db:"version"`
	State       State           `db:"state"`
	Note        string          `db:"note"`
	Author      string          `db:"author"`
	AskedBy     string          `db:"asked_by"`
	DecidedBy   string          `db:"decided_by"`
	ActionID    *int64          `db:"action_id"`
	Action      string          `db:"action_state"`
	ActionWhy   string          `db:"action_meaning"`
	Definition  json.RawMessage `db:"definition"`
	UpdatedAt   time.Time       `db:"updated_at"`
	Standing
}

// A template belongs to the business account: whichever of its numbers it was read by.
const sqlDrafts = `
SELECT d.workspace_id, d.id, d.account_id, d.name, d.language, d.ready, d.version, v.state, v.note, v.author, v.asked_by, v.decided_by, v.action_id,
       coalesce(a.state, '') AS action_state, coalesce(a.meaning, '') AS action_meaning, v.definition, d.updated_at,
       coalesce(t.id, 0) AS template_id, coalesce(t.external_id, '') AS external_id, coalesce(t.status, '') AS status, coalesce(t.category, '') AS category,
       coalesce(t.quality, '') AS quality, coalesce(t.reason, '') AS reason, coalesce(t.category_asked, '') AS category_asked,
       coalesce(t.category_next, '') AS category_next, coalesce(t.paused_by, '') AS paused_by, t.deleted_at IS NOT NULL AS deleted
FROM template_drafts d
JOIN template_versions v ON v.workspace_id = d.workspace_id AND v.draft_id = d.id AND v.version = d.version
JOIN accounts o ON o.workspace_id = d.workspace_id AND o.id = d.account_id
LEFT JOIN actions a ON a.workspace_id = v.workspace_id AND a.id = v.action_id
LEFT JOIN LATERAL (SELECT s.* FROM templates s JOIN accounts c ON c.workspace_id = s.workspace_id AND c.id = s.account_id
                   WHERE s.workspace_id = d.workspace_id AND c.waba_id = o.waba_id AND s.name = d.name AND s.language = d.language
                   ORDER BY s.deleted_at IS NOT NULL, s.synced_at DESC LIMIT 1) t ON true
WHERE d.workspace_id = $1 AND d.removed_at IS NULL`

func (r draftRow) draft() (Draft, error) {
	d := Draft{WorkspaceID: r.WorkspaceID, ID: r.ID, AccountID: r.AccountID, Name: r.Name, Language: r.Language, Ready: r.Ready, Version: r.Version, State: r.State,
		Note: r.Note, Author: r.Author, AskedBy: r.AskedBy, DecidedBy: r.DecidedBy, ActionID: r.ActionID, Action: r.Action, ActionWhy: r.ActionWhy, UpdatedAt: r.UpdatedAt}
	if r.Standing.ID != 0 {
		s := r.Standing
		d.Template = &s
	}
	if err := json.Unmarshal(r.Definition, &d.Definition); err != nil {
		return d, fmt.Errorf("read draft %d: %w", r.ID, err)
	}
	return d, nil
}

// Drafts lists the drafts of a workspace, by name and language.
func Drafts(ctx context.Context, q sqlx.QueryerContext, workspace int64) ([]Draft, error) {
	var rows []draftRow
	if err := sqlx.SelectContext(ctx, q, &rows, sqlDrafts+` ORDER BY d.name, d.language`, workspace); err != nil {
		return nil, fmt.Errorf("list template drafts: %w", err)
	}
	out := make([]Draft, len(rows))
	for i, r := range rows {
		d, err := r.draft()
		if err != nil {
			return nil, err
		}
		out[i] = d
	}
	return out, nil
}

// Load returns one draft.
func Load(ctx context.Context, q sqlx.QueryerContext, workspace, id int64) (Draft, error) {
	var r draftRow
	err := sqlx.GetContext(ctx, q, &r, sqlDrafts+` AND d.id = $2`, workspace, id)
	if errors.Is(err, sql.ErrNoRows) {
		return Draft{}, noDraft(id)
	}
	if err != nil {
		return Draft{}, fmt.Errorf("load template draft %d: %w", id, err)
	}
	return r.draft()
}

func noDraft(id int64) error {
	return fault.New(fault.NotFound, "template draft %d does not exist in this workspace", id)
}

// lock takes the draft for a change and returns it as it stands.
func lock(ctx context.Context, tx sqlx.ExtContext, workspace, id int64) (Draft, error) {
	var one int64
	err := sqlx.GetContext(ctx, tx, &one, `SELECT id FROM template_drafts WHERE workspace_id = $1 AND id = $2 AND removed_at IS NULL FOR NO KEY UPDATE`, workspace, id)
	if errors.Is(err, sql.ErrNoRows) {
		return Draft{}, noDraft(id)
	}
	if err != nil {
		return Draft{}, fmt.Errorf("lock template draft %d: %w", id, err)
	}
	return Load(ctx, tx, workspace, id)
}

// NewDraft is a draft to be made.
type NewDraft struct {
	AccountID  int64
	Name       string
	Language   string
	Ready      string
	Definition Definition
}

// Add makes a draft. It may be unfinished: what is wrong with it is said by Examine, and stops it where it
// is to be approved.
func Add(ctx context.Context, tx sqlx.ExtContext, workspace int64, n NewDraft, actor string) (int64, error) {
	n.Language = CleanLanguage(n.Language)
	if f := CheckName(n.Name, n.Language); len(f) > 0 {
		return 0, fault.Field(f[0].Field, "%s", f[0].Text)
	}
	account, err := ownAccount(ctx, tx, workspace, n.AccountID)
	if err != nil {
		return 0, err
	}
	var id int64
	err = sqlx.GetContext(ctx, tx, &id, `INSERT INTO template_drafts (workspace_id, account_id, name, language, ready, version) VALUES ($1, $2, $3, $4, $5, 1) RETURNING id`,
		workspace, account, n.Name, n.Language, n.Ready)
	var taken *pq.Error
	if errors.As(err, &taken) && taken.Code == "23505" {
		return 0, fault.Field("name", "«%s» is there in %s already: change that one, or take another name", n.Name, n.Language)
	}
	if err != nil {
		return 0, fmt.Errorf("add template draft: %w", err)
	}
	if err := addVersion(ctx, tx, workspace, id, 1, n.Definition.Tidy(), actor); err != nil {
		return 0, err
	}
	return id, note(ctx, tx, workspace, id, actor, "add", map[string]any{"name": n.Name, "language": n.Language})
}

// ownAccount is the account by which templates of the business account are kept: the oldest of its
// numbers, so that two numbers do not have two drafts of one template.
func ownAccount(ctx context.Context, tx sqlx.QueryerContext, workspace, account int64) (int64, error) {
	var id int64
	err := sqlx.GetContext(ctx, tx, &id, `
SELECT o.id FROM accounts a JOIN accounts o ON o.workspace_id = a.workspace_id AND o.waba_id = a.waba_id AND o.removed_at IS NULL
WHERE a.workspace_id = $1 AND a.id = $2 AND a.channel = 'whatsapp' AND a.removed_at IS NULL ORDER BY o.id LIMIT 1`, workspace, account)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fault.Field("account_id", "account %d is not a connected WhatsApp number of this workspace", account)
	}
	if err != nil {
		return 0, fmt.Errorf("find the WhatsApp account: %w", err)
	}
	return id, nil
}

func addVersion(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, version int, d Definition, actor string) error {
	raw, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode a template: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO template_versions (workspace_id, draft_id, version, definition, author) VALUES ($1, $2, $3, $4, $5)`, workspace, id, version, string(raw), actor); err != nil {
		return fmt.Errorf("keep version %d of template draft %d: %w", version, id, err)
	}
	return nil
}

// note writes the audit log and tells open pages.
func note(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, actor, verb string, detail any) error {
	if err := auth.Audit(ctx, tx, workspace, actor, "template."+verb, fmt.Sprintf("template_draft:%d", id), detail); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspace, Topic: "template", ObjectID: id})
}

// Rewrite writes the next version of a draft. seen is the version its author worked from: another one in
// between is a conflict. A text that is the same to the last sign is no new version.
func Rewrite(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, seen int, d Definition, actor string) error {
	have, err := lock(ctx, tx, workspace, id)
	if err != nil {
		return err
	}
	if seen != have.Version {
		return fault.New(fault.Conflict, "somebody wrote version %d of this template meanwhile; read it again before you change it", have.Version)
	}
	d = d.Tidy()
	if d.Same(have.Definition) {
		return nil
	}
	if have.State == Submitted && submitting(have.Action) {
		return fault.New(fault.Conflict, "version %d is being submitted at this moment; change it once Meta has answered", have.Version)
	}
	if err := addVersion(ctx, tx, workspace, id, have.Version+1, d, actor); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE template_drafts SET version = version + 1, updated_at = now() WHERE workspace_id = $1 AND id = $2`, workspace, id); err != nil {
		return fmt.Errorf("change template draft %d: %w", id, err)
	}
	return note(ctx, tx, workspace, id, actor, "change", map[string]any{"version": have.Version + 1})
}

// submitting says whether a call is still on its way.
func submitting(state string) bool {
	return slices.Contains([]string{"planned", "sending", "unknown", "held"}, state)
}

// Remove takes a draft away. One that Meta has is deleted there first.
func Remove(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, actor string) error {
	d, err := lock(ctx, tx, workspace, id)
	if err != nil {
		return err
	}
	if submitting(d.Action) || d.Template != nil && !d.Template.Deleted && d.Template.Status != "DELETED" {
		return fault.New(fault.Conflict, "Meta has this template, or is getting it: delete it there first, with DELETE on the template")
	}
	if _, err := tx.ExecContext(ctx, `UPDATE template_drafts SET removed_at = now() WHERE workspace_id = $1 AND id = $2`, workspace, id); err != nil {
		return fmt.Errorf("remove template draft %d: %w", id, err)
	}
	return note(ctx, tx, workspace, id, actor, "remove", nil)
}

// Versions lists the versions of a draft, the newest first.
func Versions(ctx context.Context, q sqlx.QueryerContext, workspace, id int64) ([]Version, error) {
	if _, err := Load(ctx, q, workspace, id); err != nil {
		return nil, err
	}
	var rows []struct {
		Version
		Raw json.RawMessage `db:"definition"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, sqlVersions, workspace, id); err != nil {
		return nil, fmt.Errorf("list the versions of template draft %d: %w", id, err)
	}
	out := make([]Version, len(rows))
	for i, r := range rows {
		out[i] = r.Version
		if err := json.Unmarshal(r.Raw, &out[i].Definition); err != nil {
			return nil, fmt.Errorf("read version %d of template draft %d: %w", r.Number, id, err)
		}
	}
	for i := range out {
		before := Definition{}
		if i+1 < len(out) {
			before = out[i+1].Definition
		}
		out[i].Changes = Diff(before, out[i].Definition)
	}
	return out, nil
}

const sqlVersions = `
SELECT v.version, v.definition, v.author, v.state, v.note, v.asked_by, v.asked_at, v.decided_by, v.decided_at, v.alone, v.submitted_by, v.submitted_at, v.created_at,
       coalesce(a.state, '') AS action_state, coalesce(a.meaning, '') AS action_meaning
FROM template_versions v LEFT JOIN actions a ON a.workspace_id = v.workspace_id AND a.id = v.action_id
WHERE v.workspace_id = $1 AND v.draft_id = $2 ORDER BY v.version DESC`

// Version is one text of a draft with what became of it, and what changed against the one before.
type Version struct {
	Number      int        `db:"version"`
	Author      string     `db:"author"`
	State       State      `db:"state"`
	Note        string     `db:"note"`
	AskedBy     string     `db:"asked_by"`
	AskedAt     *time.Time `db:"asked_at"`
	DecidedBy   string     `db:"decided_by"`
	DecidedAt   *time.Time `db:"decided_at"`
	Alone       bool       `db:"alone"`
	SubmittedBy string     `db:"submitted_by"`
	SubmittedAt *time.Time `db:"submitted_at"`
	CreatedAt   time.Time  `db:"created_at"`
	Action      string     `db:"action_state"`
	ActionWhy   string     `db:"action_meaning"`
	Definition  Definition `db:"-"`
	Changes     []Change   `db:"-"`
}

// siblings are the other languages of the draft's name.
func siblings(ctx context.Context, q sqlx.QueryerContext, d Draft) ([]Draft, error) {
	all, err := Drafts(ctx, q, d.WorkspaceID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(o Draft) bool { return o.ID == d.ID || o.AccountID != d.AccountID || o.Name != d.Name }), nil
}
