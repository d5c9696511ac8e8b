package suggest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/asks"
	"ponte/fault"
	"ponte/inbox"
	"ponte/llm"
	"ponte/prompts"
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
}

// Suggester drafts replies.
type Suggester struct {
	DB    *sqlx.DB
	Model asks.Model // may be unconfigured
	Now   func() time.Time
	Log   *slog.Logger
	// Judge tells intent and language of a text.
	Judge func(text string) (intent, language string)
}

// Suggest returns up to three drafts for a conversation; they are made once for each state of it.
func (s *Suggester) Suggest(ctx context.Context, workspaceID, conversationID int64) (List, error) {
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
	drafts := s.draft(ctx, v, talk, sources, language, list.LLM)
	list.Items, err = s.store(ctx, v, intent, drafts)
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

type draft struct {
	text, language, madeBy string
	sources                []Source
}

// draft lets the model write from the sources where it may; what it writes beyond them is thrown away,
// and the sources themselves fill the rest.
func (s *Suggester) draft(ctx context.Context, v inbox.Conversation, t talk, sources []found, language string, state llm.State) []draft {
	var out []draft
	if state == llm.OK {
		drafts, err := s.byModel(ctx, v, t, sources, language)
		if err != nil {
			s.Log.Warn("the model drafted no reply; the sources are offered as they are", "conversation", v.ID, "error", err)
		}
		out = drafts
	}
	sources = slices.Clone(sources)
	slices.SortStableFunc(sources, func(a, b found) int { return foreign(a, language) - foreign(b, language) })
	for _, f := range sources {
		if len(out) >= Most {
			break
		}
		if f.Language != language && len(out) > 0 {
			continue // another language only when there is nothing better
		}
		out = append(out, draft{text: f.Text, language: f.Language, madeBy: f.Kind, sources: []Source{{f.Kind, f.ID, f.Title}}})
	}
	return out
}

// foreign puts the customer's language first, whatever ranks higher in another one.
func foreign(f found, language string) int {
	if f.Language == language {
		return 0
	}
	return 1
}

var replySchema = json.RawMessage(`{"type":"object","additionalProperties":false,"required":["replies"],"properties":{"replies":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["text","sources"],"properties":{"text":{"type":"string"},"sources":{"type":"array","items":{"type":"integer"}}}}}}}`)

var languageNames = map[string]string{"en": "English", "it": "Italian", "fr": "French", "ro": "Romanian", "es": "Spanish", "de": "German", "pt": "Portuguese"}

func (s *Suggester) byModel(ctx context.Context, v inbox.Conversation, t talk, sources []found, language string) ([]draft, error) {
	w, err := inbox.LoadWorkspace(ctx, s.DB, v.WorkspaceID)
	if err != nil {
		return nil, err
	}
	mark := prompts.NewFence()
	var b strings.Builder
	for i, f := range sources {
		fmt.Fprintf(&b, "%d. %s\n", i+1, prompts.Fence(mark, f.Title+"\n"+f.Text))
	}
	name := languageNames[language]
	if name == "" {
		name = "the customer's language"
	}
	system, err := prompts.Render(prompts.Suggest, "brand", w.BrandName(), "language", name, "fence", mark, "most", fmt.Sprint(Most),
		"sources", b.String(), "conversation", prompts.Fence(mark, strings.Join(t.lines, "\n")))
	if err != nil {
		return nil, err
	}
	res, err := s.Model.Complete(ctx, llm.Request{System: system, User: "Draft the replies now.", SchemaName: "replies", Schema: replySchema, MaxTokens: 900})
	if res.Model != "" {
		if err := asks.Spend(ctx, s.DB, v.WorkspaceID, "suggest", res); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	var body struct {
		Replies []struct {
			Text    string `json:"text"`
			Sources []int  `json:"sources"`
		} `json:"replies"`
	}
	if err := json.Unmarshal([]byte(res.Text), &body); err != nil {
		return nil, llm.ErrEmpty
	}
	var out []draft
	for _, r := range body.Replies {
		d := draft{text: strings.TrimSpace(r.Text), language: language, madeBy: "llm"}
		var given strings.Builder
		for _, n := range r.Sources {
			if n >= 1 && n <= len(sources) {
				f := sources[n-1]
				d.sources = append(d.sources, Source{f.Kind, f.ID, f.Title})
				given.WriteString(f.Title + "\n" + f.Text + "\n")
			}
		}
		if len(d.sources) == 0 || !guarded(d.text, given.String(), mark) || len(out) == Most {
			continue
		}
		out = append(out, d)
	}
	return out, nil
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

func (s *Suggester) store(ctx context.Context, v inbox.Conversation, intent string, drafts []draft) ([]Suggestion, error) {
	for i, d := range drafts {
		sources, err := json.Marshal(d.sources)
		if err != nil {
			return nil, fmt.Errorf("encode a suggestion's sources: %w", err)
		}
		if _, err := s.DB.ExecContext(ctx, sqlInsertSuggestion, v.WorkspaceID, v.ID, v.Revision, i+1, d.language, d.text, string(sources), d.madeBy, intent); err != nil {
			return nil, fmt.Errorf("keep a suggestion: %w", err)
		}
	}
	offered, _, err := s.stored(ctx, v)
	return offered, err
}

const sqlInsertSuggestion = `
INSERT INTO suggestions (workspace_id, conversation_id, revision, rank, language, text, sources, made_by, intent)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`
