package api

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
	"ponte/router"
)

// QuickReplyInput is a prepared answer.
type QuickReplyInput struct {
	Shortcut string   `json:"shortcut" pattern:"^[a-z0-9_-]{1,40}$"`
	Language string   `json:"language"`
	Title    string   `json:"title" maxLength:"200"`
	Text     string   `json:"text" minLength:"1" maxLength:"4096"`
	Intents  []string `json:"intents"`
}

// QuickReply is a prepared answer with its id.
type QuickReply struct {
	ID int64 `json:"id"`
	QuickReplyInput
}

// KnowledgeInput is one piece of what the brand knows.
type KnowledgeInput struct {
	Language string `json:"language"`
	Title    string `json:"title" minLength:"1" maxLength:"300"`
	Text     string `json:"text" minLength:"1" maxLength:"20000"`
	Source   string `json:"source" maxLength:"500"`
}

// Knowledge is one piece of what the brand knows, with its id.
type Knowledge struct {
	ID int64 `json:"id"`
	KnowledgeInput
}

type (
	newQuickReplyIn struct{ Body QuickReplyInput }
	quickReplyIn    struct {
		ByID
		Body QuickReplyInput
	}
	newKnowledgeIn struct{ Body KnowledgeInput }
	knowledgeIn    struct {
		ByID
		Body KnowledgeInput
	}
)

func (s *Server) listQuickReplies(ctx context.Context, who *caller, _ *struct{}) (Page[QuickReply], error) {
	var rows []struct {
		ID       int64         `db:"id"`
		Shortcut string        `db:"shortcut"`
		Language string        `db:"language"`
		Title    string        `db:"title"`
		Text     string        `db:"text"`
		Intents  inbox.Strings `db:"intents"`
	}
	if err := s.DB.SelectContext(ctx, &rows, `SELECT id, shortcut, language, title, text, intents FROM quick_replies WHERE workspace_id = $1 ORDER BY shortcut, language`, who.WorkspaceID); err != nil {
		return Page[QuickReply]{}, fmt.Errorf("list quick replies: %w", err)
	}
	out := []QuickReply{}
	for _, r := range rows {
		out = append(out, QuickReply{r.ID, QuickReplyInput{r.Shortcut, r.Language, r.Title, r.Text, listOf(r.Intents)}})
	}
	return pageOf(out, ""), nil
}

func (s *Server) addQuickReply(ctx context.Context, who *caller, in *newQuickReplyIn) (QuickReply, error) {
	return s.saveQuickReply(ctx, who, 0, in.Body)
}

func (s *Server) setQuickReply(ctx context.Context, who *caller, in *quickReplyIn) (QuickReply, error) {
	return s.saveQuickReply(ctx, who, in.ID, in.Body)
}

func (s *Server) saveQuickReply(ctx context.Context, who *caller, id int64, q QuickReplyInput) (QuickReply, error) {
	if !slices.Contains(router.Languages, q.Language) {
		return QuickReply{}, noLanguage(q.Language)
	}
	args := []any{who.WorkspaceID, q.Shortcut, q.Language, q.Title, q.Text, inbox.Strings(q.Intents)}
	id, err := s.saveRow(ctx, who, "quick_reply", id,
		`INSERT INTO quick_replies (workspace_id, shortcut, language, title, text, intents) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
		`UPDATE quick_replies SET shortcut = $2, language = $3, title = $4, text = $5, intents = $6, updated_at = now() WHERE workspace_id = $1 AND id = $7 RETURNING id`, args)
	if q.Intents == nil {
		q.Intents = []string{}
	}
	return QuickReply{id, q}, err
}

func noLanguage(l string) error {
	return fault.Field("language", "%q is not one of the languages served: %v", l, router.Languages)
}

// saveRow writes a row of the workspace's library, new where the id is 0.
func (s *Server) saveRow(ctx context.Context, who *caller, what string, id int64, insert, update string, args []any) (int64, error) {
	verb, stmt := what+".change", update
	if id == 0 {
		verb, stmt = what+".add", insert
	} else {
		args = append(args, id)
	}
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		err := tx.GetContext(ctx, &id, stmt, args...)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return fault.New(fault.NotFound, "%s %d does not exist in this workspace", what, id)
		case taken(err):
			return fault.Field("shortcut", "there is one with this shortcut in this language already")
		case err != nil:
			return fmt.Errorf("save a %s: %w", what, err)
		}
		if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), verb, fmt.Sprintf("%s:%d", what, id), nil); err != nil {
			return err
		}
		return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: what, ObjectID: id})
	})
	return id, err
}

// taken says whether something unique is there already.
func taken(err error) bool {
	var p *pq.Error
	return errors.As(err, &p) && p.Code == "23505"
}

func (s *Server) removeQuickReply(ctx context.Context, who *caller, in *ByID) error {
	return s.removeRow(ctx, who, "quick_reply", `DELETE FROM quick_replies WHERE workspace_id = $1 AND id = $2`, in.ID)
}

func (s *Server) removeRow(ctx context.Context, who *caller, what, stmt string, id int64) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, stmt, who.WorkspaceID, id)
		if err != nil {
			return fmt.Errorf("remove a %s: %w", what, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return fault.New(fault.NotFound, "%s %d does not exist in this workspace", what, id)
		}
		if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), what+".remove", fmt.Sprintf("%s:%d", what, id), nil); err != nil {
			return err
		}
		return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: what, ObjectID: id})
	})
}

func (s *Server) listKnowledge(ctx context.Context, who *caller, _ *struct{}) (Page[Knowledge], error) {
	var rows []struct {
		ID       int64  `db:"id"`
		Language string `db:"language"`
		Title    string `db:"title"`
		Text     string `db:"text"`
		Source   string `db:"source"`
	}
	if err := s.DB.SelectContext(ctx, &rows, `SELECT id, language, title, text, source FROM knowledge WHERE workspace_id = $1 ORDER BY language, title, id`, who.WorkspaceID); err != nil {
		return Page[Knowledge]{}, fmt.Errorf("list knowledge: %w", err)
	}
	out := []Knowledge{}
	for _, r := range rows {
		out = append(out, Knowledge{r.ID, KnowledgeInput{r.Language, r.Title, r.Text, r.Source}})
	}
	return pageOf(out, ""), nil
}

func (s *Server) addKnowledge(ctx context.Context, who *caller, in *newKnowledgeIn) (Knowledge, error) {
	return s.saveKnowledge(ctx, who, 0, in.Body)
}

func (s *Server) setKnowledge(ctx context.Context, who *caller, in *knowledgeIn) (Knowledge, error) {
	return s.saveKnowledge(ctx, who, in.ID, in.Body)
}

// searchConfigs are PostgreSQL's configurations for the languages served.
var searchConfigs = map[string]string{"en": "english", "it": "italian", "fr": "french", "ro": "romanian", "es": "spanish", "de": "german", "pt": "portuguese"}

func (s *Server) saveKnowledge(ctx context.Context, who *caller, id int64, k KnowledgeInput) (Knowledge, error) {
	config := searchConfigs[k.Language]
	if config == "" {
		return Knowledge{}, noLanguage(k.Language)
	}
	id, err := s.saveRow(ctx, who, "knowledge", id,
		`INSERT INTO knowledge (workspace_id, language, title, text, source, tsv) VALUES ($1, $2, $3, $4, $5, setweight(to_tsvector($6::regconfig, $3), 'A') || to_tsvector($6::regconfig, $4)) RETURNING id`,
		`UPDATE knowledge SET language = $2, title = $3, text = $4, source = $5, tsv = setweight(to_tsvector($6::regconfig, $3), 'A') || to_tsvector($6::regconfig, $4), updated_at = now() WHERE workspace_id = $1 AND id = $7 RETURNING id`,
		[]any{who.WorkspaceID, k.Language, k.Title, k.Text, k.Source, config})
	return Knowledge{id, k}, err
}

func (s *Server) removeKnowledge(ctx context.Context, who *caller, in *ByID) error {
	return s.removeRow(ctx, who, "knowledge", `DELETE FROM knowledge WHERE workspace_id = $1 AND id = $2`, in.ID)
}
