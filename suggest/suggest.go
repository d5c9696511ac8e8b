package suggest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/asks"
	"ponte/fault"
	"ponte/inbox"
	"ponte/llm"
)

// Most is how many suggestions a conversation gets.
const Most = 3

// Suggestion is a draft with what it stands on.
type Suggestion struct {
	ID       int64    `json:"id"`
	Rank     int      `json:"rank"`
	Language string   `json:"language"`
	Text     string   `json:"text"`
	Sources  []Source `json:"sources"`
	MadeBy   string   `json:"made_by"` // quick_reply, knowledge, llm
}

// Source is a piece of the knowledge base or a quick reply.
type Source struct {
	Kind  string `json:"kind"`
	ID    int64  `json:"id"`
	Title string `json:"title"`
}

// List is what an agent is offered for a conversation as it stands.
type List struct {
	Items    []Suggestion `json:"items"`
	Revision int64        `json:"revision"`
	LLM      llm.State    `json:"llm_state"`
	Fault    string       `json:"fault"` // why the model wrote less than it was asked for; empty: it did not
}

// Suggester drafts replies.
type Suggester struct {
	DB    *sqlx.DB
	Model asks.Model // may be unconfigured
	Now   func() time.Time
	Log   *slog.Logger
	// Judge tells intent and language of a text.
	Judge func(text string) (intent, language string)
	// Written tells the language that a text is surely written in; empty: it does not say.
	Written func(text string) string

	jobs jobs
}

// Suggest returns up to three drafts for a conversation; they are made once for each state of it.
func (s *Suggester) Suggest(ctx context.Context, workspaceID, conversationID int64) (List, error) {
	return s.Follow(ctx, workspaceID, conversationID, func(Event) {})
}

// make drafts replies where none were made yet, and tells what the model writes while it writes it.
func (s *Suggester) make(ctx context.Context, workspaceID, conversationID int64, tell func(Event)) (List, error) {
	v, err := inbox.LoadConversation(ctx, s.DB, workspaceID, conversationID, false)
	if errors.Is(err, sql.ErrNoRows) {
		return List{}, fault.New(fault.NotFound, "conversation %d does not exist", conversationID)
	}
	if err != nil {
		return List{}, fmt.Errorf("load conversation: %w", err)
	}
	list := List{Items: []Suggestion{}, Revision: v.Revision, LLM: s.state(ctx, workspaceID)}
	made := false
	if list.Items, made, err = s.stored(ctx, v); err != nil || made {
		return list, err // decided on or not: they are made, and paid for, once
	}
	talk, err := s.talk(ctx, v)
	if err != nil || talk.question == "" {
		return list, err
	}
	intent, language := s.Judge(talk.question)
	if v.Language != "" {
		language = v.Language
	}
	sources, err := search(ctx, s.DB, workspaceID, talk.question, language, intent)
	if err != nil {
		return list, err
	}
	if len(sources) == 0 { // the sources are silent: nothing is made up
		return list, s.unanswered(ctx, v, language, intent)
	}
	w := &writing{s: s, v: v, talk: talk, sources: sources, language: language, intent: intent, tell: tell}
	if list.LLM == llm.OK {
		if err := w.byModel(ctx); err != nil {
			return list, err
		}
		list.Fault = w.fault
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second) // also where nobody listens any more: half a set would stay half
	defer cancel()
	if err := w.fill(ctx); err != nil {
		return list, err
	}
	list.Items, _, err = s.stored(ctx, v)
	return list, err
}

func (s *Suggester) state(ctx context.Context, workspaceID int64) llm.State {
	if s.Model == nil || !s.Model.Configured() {
		return llm.Off
	}
	if over, err := asks.OverBudget(ctx, s.DB, workspaceID, s.Now()); err == nil && over {
		return llm.OverBudget
	}
	return s.Model.State()
}

type talk struct {
	question string // what the customer said since the last answer
	lines    []string
}

func (s *Suggester) talk(ctx context.Context, v inbox.Conversation) (talk, error) {
	var rows []struct {
		Direction string `db:"direction"`
		Author    string `db:"author"`
		Text      string `db:"text"`
	}
	err := s.DB.SelectContext(ctx, &rows, `SELECT direction, author, text FROM messages WHERE workspace_id = $1 AND conversation_id = $2 AND deleted_at IS NULL AND text <> '' ORDER BY date_trunc('second', at) DESC, created_at DESC, at DESC, id DESC LIMIT 12`, v.WorkspaceID, v.ID)
	if err != nil {
		return talk{}, fmt.Errorf("read the conversation: %w", err)
	}
	if len(rows) == 0 && v.RootCommentID != nil {
		var text string
		if err := s.DB.GetContext(ctx, &text, `SELECT text FROM comments WHERE workspace_id = $1 AND id = $2`, v.WorkspaceID, *v.RootCommentID); err != nil {
			return talk{}, fmt.Errorf("read the comment: %w", err)
		}
		return talk{question: text, lines: []string{"Customer: " + asks.Mask(text)}}, nil
	}
	var t talk
	asking, answered := true, false
	for _, r := range rows {
		who := "Customer"
		switch {
		case r.Direction == "out":
			who, asking = "Brand", false
			answered = answered || r.Author != "bot"
		case asking:
			t.question = strings.TrimSpace(r.Text + " " + t.question)
		case t.question == "" && !answered: // only the bot spoke since: whoever takes over still needs an answer
			t.question = strings.TrimSpace(r.Text)
		}
		t.lines = append([]string{who + ": " + asks.Mask(r.Text)}, t.lines...)
	}
	return t, nil
}

// stored returns what is still offered for a conversation as it stands, and whether anything was made for it.
func (s *Suggester) stored(ctx context.Context, v inbox.Conversation) (offered []Suggestion, made bool, err error) {
	var rows []struct {
		ID       int64           `db:"id"`
		Rank     int             `db:"rank"`
		Language string          `db:"language"`
		Text     string          `db:"text"`
		Sources  json.RawMessage `db:"sources"`
		MadeBy   string          `db:"made_by"`
		State    string          `db:"state"`
	}
	if err := s.DB.SelectContext(ctx, &rows, `SELECT id, rank, language, text, sources, made_by, state FROM suggestions WHERE workspace_id = $1 AND conversation_id = $2 AND revision = $3 ORDER BY rank`, v.WorkspaceID, v.ID, v.Revision); err != nil {
		return nil, false, fmt.Errorf("load suggestions: %w", err)
	}
	out := []Suggestion{}
	for _, r := range rows {
		if r.State != "offered" {
			continue
		}
		sg := Suggestion{ID: r.ID, Rank: r.Rank, Language: r.Language, Text: r.Text, MadeBy: r.MadeBy}
		if err := json.Unmarshal(r.Sources, &sg.Sources); err != nil {
			return nil, false, fmt.Errorf("read a suggestion's sources: %w", err)
		}
		out = append(out, sg)
	}
	return out, len(rows) > 0, nil
}

// keep stores one draft. It is not kept where somebody else stored one in its place: then theirs counts.
func (s *Suggester) keep(ctx context.Context, v inbox.Conversation, intent string, rank int, d draft) (Suggestion, bool, error) {
	sources, err := json.Marshal(d.sources)
	if err != nil {
		return Suggestion{}, false, fmt.Errorf("encode a suggestion's sources: %w", err)
	}
	out := Suggestion{Rank: rank, Language: d.language, Text: d.text, Sources: d.sources, MadeBy: d.madeBy}
	err = s.DB.GetContext(ctx, &out.ID, sqlInsertSuggestion, v.WorkspaceID, v.ID, v.Revision, rank, d.language, d.text, string(sources), d.madeBy, intent)
	if errors.Is(err, sql.ErrNoRows) {
		return Suggestion{}, false, nil
	}
	if err != nil {
		return Suggestion{}, false, fmt.Errorf("keep a suggestion: %w", err)
	}
	return out, true, nil
}

const sqlInsertSuggestion = `
INSERT INTO suggestions (workspace_id, conversation_id, revision, rank, language, text, sources, made_by, intent)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING id`
