package template

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/channels"
	"ponte/fault"
	"ponte/inbox"
	"ponte/outbox"
)

// Listed is a template as Meta has it, with the values that its draft fills it from.
type Listed struct {
	WorkspaceID int64           `db:"workspace_id"`
	ID          int64           `db:"id"`
	AccountID   int64           `db:"account_id"`
	External    string          `db:"external_id"`
	Name        string          `db:"name"`
	Language    string          `db:"language"`
	Category    string          `db:"category"`
	Status      string          `db:"status"`
	Quality     string          `db:"quality"`
	Reason      string          `db:"reason"`
	Asked       string          `db:"category_asked"`
	Next        string          `db:"category_next"`
	NextAt      *time.Time      `db:"category_next_at"`
	PausedBy    string          `db:"paused_by"`
	PausedAt    *time.Time      `db:"paused_at"`
	StatusAt    *time.Time      `db:"status_at"`
	DeletedAt   *time.Time      `db:"deleted_at"`
	SyncedAt    time.Time       `db:"synced_at"`
	Components  json.RawMessage `db:"components"`
	DraftID     *int64          `db:"draft_id"`
	Ready       string          `db:"ready"`
	Mapping     []byte          `db:"mapping"`
	Definition  Definition      `db:"-"`
	Whole       bool            `db:"-"` // all of it can be written here

	beyond bool    // it takes values that Send does not write
	sample *Sample // of the header, where messages without another file show it
	File   []byte  `db:"file"`
}

// The values come from the last version that Meta took, not from one that is being written.
const sqlListed = `
SELECT t.workspace_id, t.id, t.account_id, t.external_id, t.name, t.language, t.category, t.status, t.quality, t.reason, t.category_asked, t.category_next, t.category_next_at,
       t.paused_by, t.paused_at, t.status_at, t.deleted_at, t.synced_at, t.components, d.id AS draft_id, coalesce(d.ready, '') AS ready, v.definition AS mapping,
       (SELECT jsonb_build_object('sample', f.hash, 'name', f.name, 'mime', f.mime, 'size', f.size) FROM template_samples f WHERE f.workspace_id = t.workspace_id AND f.hash = v.definition->'header'->>'sample') AS file
FROM templates t
JOIN accounts o ON o.workspace_id = t.workspace_id AND o.id = t.account_id
LEFT JOIN LATERAL (SELECT x.* FROM template_drafts x JOIN accounts c ON c.workspace_id = x.workspace_id AND c.id = x.account_id
    WHERE x.workspace_id = t.workspace_id AND c.waba_id = o.waba_id AND x.name = t.name AND x.language = t.language AND x.removed_at IS NULL ORDER BY x.id LIMIT 1) d ON true
LEFT JOIN LATERAL (SELECT y.definition FROM template_versions y JOIN actions a ON a.workspace_id = y.workspace_id AND a.id = y.action_id
    WHERE y.workspace_id = d.workspace_id AND y.draft_id = d.id AND a.state = 'done' ORDER BY y.version DESC LIMIT 1) v ON true
WHERE t.workspace_id = $1`

func (l *Listed) read() error {
	var err error
	if l.Definition, l.Whole, err = FromComponents(l.Category, l.Components); err != nil {
		return err
	}
	if l.beyond, err = beyond(l.Components); err != nil {
		return err
	}
	mine, ok := l.readyMapping()
	if len(l.Mapping) > 0 {
		if err := json.Unmarshal(l.Mapping, &mine); err != nil {
			return fmt.Errorf("read the draft of template %d: %w", l.ID, err)
		}
	} else if !ok {
		return nil
	}
	if err := l.readSample(mine.Header); err != nil {
		return err
	}
	for i, v := range l.Definition.Variables {
		if m, ok := mine.variable(v.In, v.Name); ok {
			l.Definition.Variables[i].From, l.Definition.Variables[i].Fallback = m.From, m.Fallback
		}
	}
	for i := range l.Definition.Buttons {
		if i < len(mine.Buttons) && mine.Buttons[i].Text == l.Definition.Buttons[i].Text {
			l.Definition.Buttons[i].Payload = mine.Buttons[i].Payload
		}
	}
	return nil
}

// readSample takes over the file that the template was submitted with, while its header is of the same kind.
func (l *Listed) readSample(mine *Header) error {
	h := l.Definition.Header
	if len(l.File) == 0 || !h.media() || mine == nil || mine.Format != h.Format {
		return nil
	}
	if err := json.Unmarshal(l.File, &l.sample); err != nil {
		return fmt.Errorf("read the file of template %d: %w", l.ID, err)
	}
	h.Sample = l.sample.Hash
	return nil
}

// List returns the templates of a workspace, or of the business account that one of its accounts belongs
// to; deleted ones only where they are asked for. One that was kept by two of its numbers is listed as it was read last,
// as the gate takes it.
func List(ctx context.Context, q sqlx.QueryerContext, workspace, account int64, deleted bool) ([]Listed, error) {
	var out []Listed
	err := sqlx.SelectContext(ctx, q, &out, sqlListed+` AND ($2::bigint = 0 OR o.waba_id = (SELECT waba_id FROM accounts WHERE workspace_id = $1 AND id = $2)) AND ($3 OR t.deleted_at IS NULL AND t.status <> 'DELETED')
  AND NOT EXISTS (SELECT 1 FROM accounts c JOIN templates n ON n.workspace_id = c.workspace_id AND n.account_id = c.id
      WHERE c.workspace_id = o.workspace_id AND c.waba_id = o.waba_id AND n.name = t.name AND n.language = t.language AND (n.synced_at, -n.id) > (t.synced_at, -t.id))
ORDER BY t.name, t.language, t.id`, workspace, account, deleted)
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	for i := range out {
		if err := out[i].read(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Find returns one template of Meta's list.
func Find(ctx context.Context, q sqlx.QueryerContext, workspace, id int64) (Listed, error) {
	var l Listed
	err := sqlx.GetContext(ctx, q, &l, sqlListed+` AND t.id = $2`, workspace, id)
	if errors.Is(err, sql.ErrNoRows) {
		return l, fault.New(fault.NotFound, "template %d does not exist in this workspace", id)
	}
	if err != nil {
		return l, fmt.Errorf("load template %d: %w", id, err)
	}
	return l, l.read()
}

// Of returns the template for a message by an account, or why it cannot be sent by it.
func Of(ctx context.Context, q sqlx.QueryerContext, workspace, account, id int64) (Listed, error) {
	all, err := List(ctx, q, workspace, account, true)
	if err != nil {
		return Listed{}, err
	}
	for _, l := range all {
		if l.ID == id {
			return l, l.Sendable()
		}
	}
	return Listed{}, fault.New(fault.NotFound, "template %d does not exist on this WhatsApp account", id)
}

// Sendable says why a template cannot be sent now, or nothing.
func (l Listed) Sendable() error {
	switch {
	case l.PausedBy != "":
		return fault.Field("template_id", "template «%s» was paused by a member; resume it first", l.Name)
	case l.beyond:
		return fault.Field("template_id", "template «%s» has parts that are not sent from here – a carousel, an offer that runs out, a one-time code, a list of products: use another one", l.Name)
	case l.Status != "APPROVED":
		return fault.Field("template_id", "template «%s» is %s; only an approved one can be sent", l.Name, l.Status)
	}
	return nil
}

// Named returns the template of a name in the language that suits the person, and why that one.
func Named(ctx context.Context, q sqlx.QueryerContext, workspace, account int64, name, wanted string) (Listed, Choice, error) {
	w, err := inbox.LoadWorkspace(ctx, q, workspace)
	if err != nil {
		return Listed{}, Choice{}, err
	}
	all, err := List(ctx, q, workspace, account, false)
	if err != nil {
		return Listed{}, Choice{}, err
	}
	have := map[string]Listed{}
	var codes []string
	for _, l := range all {
		if l.Name == name && l.Sendable() == nil {
			have[l.Language], codes = l, append(codes, l.Language)
		}
	}
	choice, err := ChooseLanguage(codes, wanted, w.Locale)
	if err != nil {
		return Listed{}, choice, fault.New(fault.Conflict, "template «%s» cannot be sent: %v", name, err)
	}
	return have[choice.Language], choice, nil
}

// Pause takes a template out of use here; Meta is not told, and what waits by it is held.
func Pause(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, why string, now time.Time, who Who) error {
	return setPaused(ctx, tx, workspace, id, true, strings.TrimSpace(why), now, who)
}

// Resume takes a template back into use.
func Resume(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, now time.Time, who Who) error {
	return setPaused(ctx, tx, workspace, id, false, "", now, who)
}

func setPaused(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, paused bool, why string, now time.Time, who Who) error {
	by, word := "", "resumed"
	if paused {
		by, word = who.Actor, "paused"
	}
	res, err := tx.ExecContext(ctx, `
UPDATE templates SET paused_by = $3, paused_at = CASE WHEN $3 <> '' THEN $4::timestamptz END WHERE workspace_id = $1 AND id = $2 AND (paused_by = '') = ($3 <> '')`, workspace, id, by, now)
	if err != nil {
		return fmt.Errorf("pause template %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		if _, err := Find(ctx, tx, workspace, id); err != nil {
			return err
		}
		return nil // it is so already
	}
	if err := outbox.Reconsider(ctx, tx, workspace, outbox.PauseReasons...); err != nil {
		return err
	}
	if err := inbox.NoteTemplate(ctx, tx, workspace, id, "paused", word, why, who.Actor, now); err != nil {
		return err
	}
	return auth.Audit(ctx, tx, workspace, who.Actor, "template."+word, fmt.Sprintf("template:%d", id), nil)
}

// Delete plans the call that deletes a template at Meta, in this language alone.
func Delete(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, now time.Time, who Who) (int64, error) {
	l, err := Find(ctx, tx, workspace, id)
	if err != nil {
		return 0, err
	}
	switch {
	case l.DeletedAt != nil || l.Status == "DELETED":
		return 0, fault.New(fault.Conflict, "Meta does not have «%s» any more", l.Name)
	case l.Status == "DISABLED":
		return 0, fault.New(fault.Conflict, "Meta has disabled «%s»; a disabled template cannot be deleted", l.Name)
	}
	return l.call(ctx, tx, channels.DeleteTemplate, "delete", now, who)
}

// Unpause plans the call that resumes a template which Meta paused by pacing; one that its quality paused
// resumes by itself.
func Unpause(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, now time.Time, who Who) (int64, error) {
	l, err := Find(ctx, tx, workspace, id)
	if err != nil {
		return 0, err
	}
	if l.Status != "PAUSED" {
		return 0, fault.New(fault.Conflict, "Meta has «%s» as %s; only a paused one can be resumed", l.Name, l.Status)
	}
	return l.call(ctx, tx, channels.ResumeTemplate, "unpause", now, who)
}

func (l Listed) call(ctx context.Context, tx sqlx.ExtContext, kind channels.CallKind, verb string, now time.Time, who Who) (int64, error) {
	if l.External == "" {
		return 0, fault.New(fault.Conflict, "the network's id of «%s» is not known: read the templates from Meta first", l.Name)
	}
	def, err := json.Marshal(map[string]string{"name": l.Name, "language": l.Language})
	if err != nil {
		return 0, fmt.Errorf("encode a template's name: %w", err)
	}
	var open []int64
	err = sqlx.SelectContext(ctx, tx, &open, `SELECT id FROM actions WHERE workspace_id = $1 AND kind = $2 AND call->>'template_id' = $3 AND state IN ('planned','sending','unknown','held')`, l.WorkspaceID, string(kind), l.External)
	if err != nil {
		return 0, fmt.Errorf("look for a call that is on its way: %w", err)
	}
	if len(open) > 0 {
		return open[0], nil
	}
	d := Draft{WorkspaceID: l.WorkspaceID, AccountID: l.AccountID}
	call := channels.Call{Kind: kind, Channel: channels.WhatsApp, TemplateID: l.External, Definition: def}
	action, err := plan(ctx, tx, d, call, fmt.Sprintf("template.%s:%d:%d", verb, l.ID, now.UnixMicro()), now, who)
	if err != nil {
		return 0, err
	}
	return action, auth.Audit(ctx, tx, l.WorkspaceID, who.Actor, "template."+verb, fmt.Sprintf("template:%d", l.ID), map[string]any{"action": action})
}

// Event is one line of a template's history.
type Event struct {
	At       time.Time `db:"at"`
	Field    string    `db:"field"`
	Value    string    `db:"value"`
	Previous string    `db:"previous"`
	Reason   string    `db:"reason"`
	Source   string    `db:"source"`
	Actor    string    `db:"actor"`
}

// History is what became of a template, the newest first.
func History(ctx context.Context, q sqlx.QueryerContext, workspace, id int64) ([]Event, error) {
	if _, err := Find(ctx, q, workspace, id); err != nil {
		return nil, err
	}
	var out []Event
	err := sqlx.SelectContext(ctx, q, &out, `
SELECT at, field, value, previous, reason, source, actor FROM template_events WHERE workspace_id = $1 AND template_id = $2 ORDER BY at DESC, id DESC LIMIT 200`, workspace, id)
	if err != nil {
		return nil, fmt.Errorf("read the history of template %d: %w", id, err)
	}
	return out, nil
}

// Import makes a draft of a template that was written elsewhere, so that it can be changed here.
func Import(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, actor string) (int64, error) {
	l, err := Find(ctx, tx, workspace, id)
	switch {
	case err != nil:
		return 0, err
	case l.DraftID != nil:
		return *l.DraftID, nil
	case !l.Whole:
		return 0, fault.New(fault.Conflict, "«%s» has parts that are not written here; change it in WhatsApp Manager", l.Name)
	}
	return Add(ctx, tx, workspace, NewDraft{AccountID: l.AccountID, Name: l.Name, Language: l.Language, Definition: l.Definition}, actor)
}

// Message is a template filled for a person: the action's call and what stands in the thread.
type Message struct {
	Call channels.TemplateSend
	Text string
}

// Compose fills a template for a person.
func (l Listed) Compose(given Values, media string, p Person, s Sender) (Message, []Filled, error) {
	filled := l.Definition.Fill(given, p, s)
	raw, err := l.Definition.Send(filled, media)
	if err != nil {
		return Message{}, filled, err
	}
	call := channels.TemplateSend{Name: l.Name, Language: l.Language, Components: raw}
	if h := l.Definition.Header; h.media() && media == "" && l.sample != nil {
		call.Header = l.sample.media(h.Format)
	}
	return Message{Call: call, Text: l.Definition.Show(AsValues(filled)).Plain()}, filled, nil
}

// Facts loads what is known of a person and of the brand, for filling.
func Facts(ctx context.Context, q sqlx.QueryerContext, workspace, contact int64) (Person, Sender, error) {
	var row struct {
		Name   string          `db:"name"`
		Fields json.RawMessage `db:"fields"`
		Brand  string          `db:"brand"`
		Reach  string          `db:"contact"`
	}
	err := sqlx.GetContext(ctx, q, &row, `
SELECT coalesce(nullif(c.name, ''), (SELECT i.name FROM identities i WHERE i.workspace_id = c.workspace_id AND i.contact_id = c.id AND i.name <> '' ORDER BY i.id DESC LIMIT 1), '') AS name,
       c.fields, CASE WHEN w.brand <> '' THEN w.brand ELSE w.name END AS brand, w.contact
FROM contacts c JOIN workspaces w ON w.id = c.workspace_id WHERE c.workspace_id = $1 AND c.id = $2`, workspace, contact)
	if err != nil {
		return Person{}, Sender{}, fmt.Errorf("load what is known of contact %d: %w", contact, err)
	}
	p := Person{Name: row.Name, Fields: map[string]any{}}
	if err := json.Unmarshal(row.Fields, &p.Fields); err != nil {
		return p, Sender{}, fmt.Errorf("read the fields of contact %d: %w", contact, err)
	}
	return p, Sender{row.Brand, row.Reach}, nil
}
