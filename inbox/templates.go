package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
)

// TemplateNews is what the network told about a template. It belongs to the business account, whichever of
// its numbers the news came by.
type TemplateNews struct {
	WorkspaceID int64
	AccountID   int64 // any account of the business account
	ExternalID  string
	Name        string
	Language    string // as the network writes it: en_US or en-US; empty: every language
	Field       string // status, quality, category, category_notice, components
	Value       string
	Previous    string
	Reason      string
	At          time.Time
	Source      string // webhook, sync, answer
}

// categories are those that the table takes.
var categories = []string{"MARKETING", "UTILITY", "AUTHENTICATION"}

// ApplyTemplateNews keeps news in the order of their time: what is older than what is known goes into the
// history and changes nothing. It returns for each how many templates it is about.
func ApplyTemplateNews(ctx context.Context, tx sqlx.ExtContext, news []TemplateNews) ([]int, error) {
	counts := make([]int, len(news))
	for i, n := range news {
		var known []templateFacts
		if err := sqlx.SelectContext(ctx, tx, &known, sqlLockTemplates, n.AccountID, n.Name, strings.ReplaceAll(n.Language, "-", "_"), n.ExternalID); err != nil {
			return nil, fmt.Errorf("find the template of a piece of news: %w", err)
		}
		counts[i] = len(known)
		for _, t := range known {
			if err := t.apply(ctx, tx, n); err != nil {
				return nil, err
			}
		}
	}
	return counts, nil
}

type templateFacts struct {
	WorkspaceID int64      `db:"workspace_id"`
	ID          int64      `db:"id"`
	Status      string     `db:"status"`
	Quality     string     `db:"quality"`
	Category    string     `db:"category"`
	StatusAt    *time.Time `db:"status_at"`
	QualityAt   *time.Time `db:"quality_at"`
	CategoryAt  *time.Time `db:"category_at"`
}

const sqlLockTemplates = `
SELECT t.workspace_id, t.id, t.status, t.quality, t.category, t.status_at, t.quality_at, t.category_at FROM templates t
JOIN accounts a ON a.workspace_id = t.workspace_id AND a.id = t.account_id
JOIN accounts mine ON mine.workspace_id = a.workspace_id AND mine.waba_id = a.waba_id
WHERE mine.id = $1 AND t.name = $2 AND ($3 = '' OR t.language = $3) AND ($4 = '' OR t.external_id IN ('', $4))
ORDER BY t.id FOR NO KEY UPDATE OF t`

// apply writes one piece of news about one template.
func (t templateFacts) apply(ctx context.Context, tx sqlx.ExtContext, n TemplateNews) error {
	// Webhooks tell seconds: within the same one, what the network sent by itself is the later word.
	late := func(at *time.Time) bool {
		if at == nil {
			return false
		}
		told, known := n.At.Truncate(time.Second), at.Truncate(time.Second)
		return told.Before(known) || told.Equal(known) && n.Source != "webhook"
	}
	stmt, stale, previous := "", false, n.Previous
	switch n.Field {
	case "status":
		stmt, stale, previous = sqlTemplateStatus, late(t.StatusAt), t.Status
	case "quality":
		stmt, stale, previous = sqlTemplateQuality, late(t.QualityAt), t.Quality
	case "category":
		if !slices.Contains(categories, n.Value) {
			return nil // a category that nobody here knows decides nothing
		}
		stmt, stale, previous = sqlTemplateCategory, late(t.CategoryAt), t.Category
	case "category_notice":
		stmt, stale = sqlTemplateNotice, late(t.CategoryAt)
	}
	if stmt != "" && !stale {
		args := []any{t.WorkspaceID, t.ID, n.Value, n.At}
		if n.Field == "status" {
			args = append(args, n.Reason, n.ExternalID)
		}
		if _, err := tx.ExecContext(ctx, stmt, args...); err != nil {
			return fmt.Errorf("keep news of template %d: %w", t.ID, err)
		}
	}
	if n.Value == previous && n.Source == "sync" {
		return nil // read again, nothing new
	}
	if _, err := tx.ExecContext(ctx, sqlTemplateEvent, t.WorkspaceID, t.ID, n.At, n.Field, n.Value, previous, n.Reason, n.Source, "network"); err != nil {
		return fmt.Errorf("keep the history of template %d: %w", t.ID, err)
	}
	return Touch(ctx, tx, Change{t.WorkspaceID, "template", t.ID})
}

// A template that comes back under its name is not deleted any more.
const (
	sqlTemplateStatus = `
UPDATE templates SET status = $3, status_at = $4, reason = $5, external_id = CASE WHEN $6 <> '' THEN $6 ELSE external_id END,
    deleted_at = CASE WHEN $3 IN ('DELETED', 'PENDING_DELETION') THEN coalesce(deleted_at, $4) END
WHERE workspace_id = $1 AND id = $2`
	sqlTemplateQuality  = `UPDATE templates SET quality = $3, quality_at = $4 WHERE workspace_id = $1 AND id = $2`
	sqlTemplateCategory = `
UPDATE templates SET category = $3, category_at = $4, category_next = '', category_next_at = NULL WHERE workspace_id = $1 AND id = $2`
	sqlTemplateNotice = `UPDATE templates SET category_next = $3, category_next_at = $4 WHERE workspace_id = $1 AND id = $2`
	sqlTemplateEvent  = `
INSERT INTO template_events (workspace_id, template_id, at, field, value, previous, reason, source, actor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
)

// NoteTemplate keeps in a template's history what a member did to it.
func NoteTemplate(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, field, value, reason, actor string, at time.Time) error {
	if _, err := tx.ExecContext(ctx, sqlTemplateEvent, workspace, id, at, field, value, "", reason, "member", actor); err != nil {
		return fmt.Errorf("keep the history of template %d: %w", id, err)
	}
	return Touch(ctx, tx, Change{workspace, "template", id})
}

// SaveTemplates keeps the whole list of a business account as it was read at an instant. A template that
// is not in it any more is deleted there.
func SaveTemplates(ctx context.Context, tx sqlx.ExtContext, workspace, account int64, list []channels.NetworkTemplate, readAt time.Time) error {
	names, languages := []string{}, []string{}
	for _, n := range list {
		n.Language = strings.ReplaceAll(n.Language, "-", "_")
		if !slices.Contains(categories, n.Category) {
			continue // of a kind that is not sent from here
		}
		names, languages = append(names, n.Name), append(languages, n.Language)
		if _, err := tx.ExecContext(ctx, sqlMeetTemplate, workspace, account, n.ID, n.Name, n.Language, n.Category, n.Status, n.Quality, n.Reason, orElse(string(n.Components), "[]"), readAt); err != nil {
			return fmt.Errorf("keep template %s: %w", n.Name, err)
		}
		base := TemplateNews{WorkspaceID: workspace, AccountID: account, Name: n.Name, Language: n.Language, At: readAt, Source: "sync"}
		status, quality, category := base, base, base
		status.Field, status.Value, status.Reason, status.ExternalID = "status", n.Status, n.Reason, ""
		quality.Field, quality.Value = "quality", n.Quality
		category.Field, category.Value = "category", n.Category
		if _, err := ApplyTemplateNews(ctx, tx, []TemplateNews{status, quality, category}); err != nil {
			return err
		}
	}
	var gone []TemplateNews
	if err := sqlx.SelectContext(ctx, tx, &gone, sqlUnlistedTemplates, workspace, account, pq.Array(names), pq.Array(languages), readAt); err != nil {
		return fmt.Errorf("find templates that are not listed any more: %w", err)
	}
	for i := range gone {
		gone[i].WorkspaceID, gone[i].AccountID, gone[i].At = workspace, account, readAt
		gone[i].Field, gone[i].Value, gone[i].Source = "status", "DELETED", "sync"
	}
	_, err := ApplyTemplateNews(ctx, tx, gone)
	return err
}

// sqlTemplateOwner is the account that a template of the business account is kept by: the one it was met by first,
// whichever number reads or submits it now.
const sqlTemplateOwner = `coalesce((SELECT o.account_id FROM accounts mine JOIN accounts a ON a.workspace_id = mine.workspace_id AND a.waba_id = mine.waba_id
    JOIN templates o ON o.workspace_id = a.workspace_id AND o.account_id = a.id AND o.name = $4 AND o.language = $5
    WHERE mine.workspace_id = $1 AND mine.id = $2 AND mine.waba_id <> '' ORDER BY o.synced_at DESC, o.id LIMIT 1), $2)`

// What stands is left to the news that follow, in the order of their time; only the text is taken over.
const sqlMeetTemplate = `
INSERT INTO templates (workspace_id, account_id, external_id, name, language, category, status, quality, reason, components, status_at, quality_at, category_at)
VALUES ($1, ` + sqlTemplateOwner + `, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11, $11, $11)
ON CONFLICT (workspace_id, account_id, name, language) DO UPDATE SET external_id = excluded.external_id, components = excluded.components, synced_at = now()`

// One that was submitted after the list was read cannot be in it.
const sqlUnlistedTemplates = `
SELECT DISTINCT t.name, t.language FROM templates t
JOIN accounts a ON a.workspace_id = t.workspace_id AND a.id = t.account_id
JOIN accounts mine ON mine.workspace_id = a.workspace_id AND mine.waba_id = a.waba_id AND mine.id = $2
WHERE t.workspace_id = $1 AND t.deleted_at IS NULL AND t.status <> 'DELETED' AND (t.status_at IS NULL OR t.status_at < $5)
  AND NOT EXISTS (SELECT 1 FROM unnest($3::text[], $4::text[]) AS k (name, language) WHERE k.name = t.name AND k.language = t.language)`

// RecordTemplateCall keeps what the network answered to a call about a template.
func RecordTemplateCall(ctx context.Context, tx sqlx.ExtContext, workspace, account int64, call channels.Call, result channels.Result, at time.Time) error {
	var def struct {
		Name       string          `json:"name"`
		Language   string          `json:"language"`
		Category   string          `json:"category"`
		Components json.RawMessage `json:"components"`
	}
	if err := json.Unmarshal(call.Definition, &def); err != nil || def.Name == "" {
		return fmt.Errorf("read the definition of a %s: it names no template", call.Kind)
	}
	if call.Kind == channels.SubmitTemplate || call.Kind == channels.EditTemplate {
		category := orElse(result.Category, def.Category)
		if _, err := tx.ExecContext(ctx, sqlSubmittedTemplate, workspace, account, result.ID, def.Name, def.Language, category, orElse(result.Status, "PENDING"), string(def.Components), def.Category, at); err != nil {
			return fmt.Errorf("keep submitted template %s: %w", def.Name, err)
		}
	}
	news := TemplateNews{WorkspaceID: workspace, AccountID: account, ExternalID: result.ID, Name: def.Name, Language: def.Language, At: at, Source: "answer",
		Field: "status", Value: orElse(result.Status, "PENDING")}
	list := []TemplateNews{news}
	if result.Category != "" && result.Category != def.Category {
		moved := news
		moved.Field, moved.Value, moved.Reason = "category", result.Category, "asked for "+def.Category
		list = append(list, moved)
	}
	_, err := ApplyTemplateNews(ctx, tx, list)
	return err
}

// The webhook may have been quicker than the answer: a status that was told already stays.
const sqlSubmittedTemplate = `
INSERT INTO templates (workspace_id, account_id, external_id, name, language, category, status, components, category_asked, status_at, category_at)
VALUES ($1, ` + sqlTemplateOwner + `, $3, $4, $5, $6, $7, $8::jsonb, $9, $10, $10)
ON CONFLICT (workspace_id, account_id, name, language) DO UPDATE SET
    external_id = CASE WHEN excluded.external_id <> '' THEN excluded.external_id ELSE templates.external_id END,
    components = excluded.components, category_asked = excluded.category_asked, synced_at = now()`
