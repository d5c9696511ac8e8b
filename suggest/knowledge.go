// Package suggest drafts replies for agents: from quick replies and a knowledge base found by
// PostgreSQL's full-text search, and by a language model from those sources where one is configured. It
// never drafts from nothing.
package suggest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/inbox"
)

// QuickReply is a text that agents use again and again.
type QuickReply struct {
	WorkspaceID int64         `db:"workspace_id" json:"-"`
	ID          int64         `db:"id" json:"id"`
	Shortcut    string        `db:"shortcut" json:"shortcut"`
	Language    string        `db:"language" json:"language"`
	Title       string        `db:"title" json:"title"`
	Text        string        `db:"text" json:"text"`
	Intents     inbox.Strings `db:"intents" json:"intents"`
}

// Article is a piece of the knowledge base.
type Article struct {
	WorkspaceID int64  `db:"workspace_id" json:"-"`
	ID          int64  `db:"id" json:"id"`
	Title       string `db:"title" json:"title"`
	Text        string `db:"text" json:"text"`
	Language    string `db:"language" json:"language"`
	Source      string `db:"source" json:"source"`
}

// configurations are PostgreSQL's text search configurations by language.
var configurations = map[string]string{"en": "english", "it": "italian", "fr": "french", "ro": "romanian", "es": "spanish", "de": "german", "pt": "portuguese"}

func configuration(language string) string {
	if c, ok := configurations[language]; ok {
		return c
	}
	return "simple"
}

var shortcutForm = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)

// SaveQuickReply makes a quick reply (id 0) or changes one.
func SaveQuickReply(ctx context.Context, q sqlx.ExtContext, r QuickReply) (QuickReply, error) {
	switch {
	case !shortcutForm.MatchString(r.Shortcut):
		return r, fault.Field("shortcut", "%q must be 1 to 40 small letters, digits, - or _", r.Shortcut)
	case strings.TrimSpace(r.Text) == "":
		return r, fault.Field("text", "the reply is empty")
	case configurations[r.Language] == "":
		return r, fault.Field("language", "%q is not one of en, it, fr, ro, es, de, pt", r.Language)
	}
	stmt, args := sqlInsertQuickReply, []any{r.WorkspaceID, r.Shortcut, r.Language, r.Title, r.Text, r.Intents}
	if r.ID != 0 {
		stmt, args = sqlUpdateQuickReply, append(args, r.ID)
	}
	err := sqlx.GetContext(ctx, q, &r, stmt, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "quick reply %d does not exist", r.ID)
	}
	if err != nil && strings.Contains(err.Error(), "quick_replies_workspace_id_shortcut_language_key") {
		return r, fault.New(fault.Conflict, "/%s exists in %s already", r.Shortcut, r.Language)
	}
	if err != nil {
		return r, fmt.Errorf("save quick reply: %w", err)
	}
	return r, nil
}

const quickReplyColumns = `workspace_id, id, shortcut, language, title, text, intents`

const sqlInsertQuickReply = `
INSERT INTO quick_replies (workspace_id, shortcut, language, title, text, intents) VALUES ($1, $2, $3, $4, $5, $6)
RETURNING ` + quickReplyColumns

const sqlUpdateQuickReply = `
UPDATE quick_replies SET shortcut = $2, language = $3, title = $4, text = $5, intents = $6, updated_at = now()
WHERE workspace_id = $1 AND id = $7 RETURNING ` + quickReplyColumns

// QuickReplies lists them by shortcut.
func QuickReplies(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) ([]QuickReply, error) {
	out := []QuickReply{}
	if err := sqlx.SelectContext(ctx, q, &out, `SELECT `+quickReplyColumns+` FROM quick_replies WHERE workspace_id = $1 ORDER BY shortcut, language`, workspaceID); err != nil {
		return nil, fmt.Errorf("list quick replies: %w", err)
	}
	return out, nil
}

// DeleteQuickReply removes one.
func DeleteQuickReply(ctx context.Context, q sqlx.ExtContext, workspaceID, id int64) error {
	return deleted(ctx, q, `DELETE FROM quick_replies WHERE workspace_id = $1 AND id = $2`, workspaceID, id, "quick reply")
}

// SaveArticle makes an article of the knowledge base (id 0) or changes one.
func SaveArticle(ctx context.Context, q sqlx.ExtContext, a Article) (Article, error) {
	switch {
	case strings.TrimSpace(a.Title) == "":
		return a, fault.Field("title", "the article has no title")
	case strings.TrimSpace(a.Text) == "":
		return a, fault.Field("text", "the article is empty")
	case configurations[a.Language] == "":
		return a, fault.Field("language", "%q is not one of en, it, fr, ro, es, de, pt", a.Language)
	}
	stmt, args := sqlInsertArticle, []any{a.WorkspaceID, a.Title, a.Text, a.Language, a.Source, configuration(a.Language)}
	if a.ID != 0 {
		stmt, args = sqlUpdateArticle, append(args, a.ID)
	}
	err := sqlx.GetContext(ctx, q, &a, stmt, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return a, fault.New(fault.NotFound, "article %d does not exist", a.ID)
	}
	if err != nil {
		return a, fmt.Errorf("save article: %w", err)
	}
	return a, nil
}

const articleColumns = `workspace_id, id, title, text, language, source`

const sqlInsertArticle = `
INSERT INTO knowledge (workspace_id, title, text, language, source, tsv)
VALUES ($1, $2, $3, $4, $5, setweight(to_tsvector($6::regconfig, $2), 'A') || to_tsvector($6::regconfig, $3))
RETURNING ` + articleColumns

const sqlUpdateArticle = `
UPDATE knowledge SET title = $2, text = $3, language = $4, source = $5, updated_at = now(),
    tsv = setweight(to_tsvector($6::regconfig, $2), 'A') || to_tsvector($6::regconfig, $3)
WHERE workspace_id = $1 AND id = $7 RETURNING ` + articleColumns

// Articles lists the knowledge base by title.
func Articles(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) ([]Article, error) {
	out := []Article{}
	if err := sqlx.SelectContext(ctx, q, &out, `SELECT `+articleColumns+` FROM knowledge WHERE workspace_id = $1 ORDER BY title, id`, workspaceID); err != nil {
		return nil, fmt.Errorf("list knowledge: %w", err)
	}
	return out, nil
}

// DeleteArticle removes one.
func DeleteArticle(ctx context.Context, q sqlx.ExtContext, workspaceID, id int64) error {
	return deleted(ctx, q, `DELETE FROM knowledge WHERE workspace_id = $1 AND id = $2`, workspaceID, id, "article")
}

func deleted(ctx context.Context, q sqlx.ExtContext, stmt string, workspaceID, id int64, what string) error {
	res, err := q.ExecContext(ctx, stmt, workspaceID, id)
	if err != nil {
		return fmt.Errorf("delete %s: %w", what, err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return fault.New(fault.NotFound, "%s %d does not exist", what, id)
	}
	return nil
}

// found is a source with how well it fits.
type found struct {
	Kind     string  `db:"kind"`
	ID       int64   `db:"id"`
	Title    string  `db:"title"`
	Text     string  `db:"text"`
	Language string  `db:"language"`
	Rank     float64 `db:"rank"`
}

// search finds sources for a question: articles in the customer's language first, others after them,
// and quick replies of the intent or with words in common.
func search(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, question, language, intent string) ([]found, error) {
	var out []found
	if err := sqlx.SelectContext(ctx, q, &out, sqlSearch, workspaceID, question, language, intent, configuration(language)); err != nil {
		return nil, fmt.Errorf("search the knowledge base: %w", err)
	}
	return out, nil
}

// Words are joined with OR: people ask in half sentences. A match in the customer's own language counts
// twice; a quick reply of the intent counts as a good match. A question whose language is not known is
// read in the language of each source.
const sqlSearch = `
WITH words AS (
    SELECT l.language, c.config, replace(plainto_tsquery(c.config, $2)::text, '&', '|')::tsquery AS own
    FROM (VALUES ('en', 'english'), ('it', 'italian'), ('fr', 'french'), ('ro', 'romanian'), ('es', 'spanish'), ('de', 'german'), ('pt', 'portuguese')) l (language, config),
        LATERAL (SELECT (CASE WHEN $5 = 'simple' THEN l.config ELSE $5 END)::regconfig AS config) c
)
SELECT * FROM (
    SELECT 'knowledge' AS kind, k.id, k.title, k.text, k.language,
           ts_rank_cd(k.tsv, w.own) * CASE WHEN k.language = $3 THEN 2 ELSE 1 END AS rank
    FROM knowledge k JOIN words w USING (language) WHERE k.workspace_id = $1 AND k.tsv @@ w.own
    UNION ALL
    SELECT 'quick_reply', r.id, CASE WHEN r.title = '' THEN '/' || r.shortcut ELSE r.title END, r.text, r.language,
           (ts_rank_cd(r.tsv, r.own) + CASE WHEN r.fits THEN 0.5 ELSE 0 END) * CASE WHEN r.language = $3 THEN 2 ELSE 0.2 END
    FROM (
        SELECT q.*, w.own, to_tsvector(w.config, q.title || ' ' || q.text) AS tsv, $4 <> 'other' AND $4 = ANY (q.intents) AS fits
        FROM quick_replies q JOIN words w USING (language) WHERE q.workspace_id = $1
    ) r WHERE r.tsv @@ r.own OR r.fits
) s WHERE rank > 0 ORDER BY rank DESC, kind, id LIMIT 6`
