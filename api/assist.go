package api

import (
	"context"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/said"
	"ponte/suggest"
)

// Imported says what a file brought. With faults nothing of it was kept.
type Imported struct {
	Added   int             `json:"added"`
	Changed int             `json:"changed"`
	Faults  []ImportedFault `json:"faults"`
	Kept    bool            `json:"kept"`
}

// ImportedFault is what is wrong with one row.
type ImportedFault struct {
	Line   int              `json:"line" doc:"The line the row begins on"`
	Detail string           `json:"detail"`
	Parts  []said.Statement `json:"detail_parts" doc:"The detail as statements with stable codes"`
}

type importIn struct {
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"1000000" doc:"CSV with a header: shortcut, language, text, and where wanted title and intents"`
		Try  bool   `json:"try,omitempty" doc:"Say what it would bring, and keep nothing"`
	}
}

func (s *Server) importQuickReplies(ctx context.Context, who *caller, in *importIn) (Imported, error) {
	return s.importLibrary(ctx, who, "quick_reply", in.Body.Try, func(tx *sqlx.Tx) (suggest.Imported, error) {
		return suggest.ImportQuickReplies(ctx, tx, who.WorkspaceID, in.Body.Text)
	})
}

type importKnowledgeIn struct {
	Body struct {
		Form     string `json:"form" enum:"csv,text" doc:"csv: a header with title, language, text and where wanted source; text: each heading (# …) begins an article"`
		Text     string `json:"text" minLength:"1" maxLength:"1000000"`
		Language string `json:"language,omitempty" doc:"Of a text"`
		Source   string `json:"source,omitempty" maxLength:"500" doc:"Of a text: where it comes from"`
		Try      bool   `json:"try,omitempty" doc:"Say what it would bring, and keep nothing"`
	}
}

func (s *Server) importKnowledge(ctx context.Context, who *caller, in *importKnowledgeIn) (Imported, error) {
	return s.importLibrary(ctx, who, "knowledge", in.Body.Try, func(tx *sqlx.Tx) (suggest.Imported, error) {
		if in.Body.Form == "csv" {
			return suggest.ImportArticles(ctx, tx, who.WorkspaceID, in.Body.Text)
		}
		return suggest.ImportText(ctx, tx, who.WorkspaceID, in.Body.Text, in.Body.Language, in.Body.Source)
	})
}

// errTried rolls an import back that was tried only, or has faults.
var errTried = fault.New(fault.Conflict, "tried")

func (s *Server) importLibrary(ctx context.Context, who *caller, what string, try bool, do func(*sqlx.Tx) (suggest.Imported, error)) (Imported, error) {
	var got suggest.Imported
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		var err error
		if got, err = do(tx); err != nil {
			return err
		}
		if try || len(got.Faults) > 0 {
			return errTried
		}
		return kept(ctx, tx, who, what, "import", 0)
	})
	out := Imported{got.Added, got.Changed, each(got.Faults, func(f suggest.RowFault) ImportedFault { return ImportedFault{f.Line, f.Text, f.Parts} }), err == nil}
	if err == errTried {
		err = nil
	}
	return out, err
}

// Question is one that quick replies and knowledge could not answer.
type Question struct {
	ID             int64     `json:"id"`
	ConversationID int64     `json:"conversation_id"`
	Language       string    `json:"language"`
	Intent         string    `json:"intent"`
	Text           string    `json:"text" doc:"Empty: taken back or erased since"`
	Harm           float64   `json:"harm" doc:"Of the text as it was judged: 0 to 1"`
	At             time.Time `json:"at"`
}

type questionsIn struct {
	Before int64 `query:"before" minimum:"0"`
	Limit  int   `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (s *Server) listQuestions(ctx context.Context, who *caller, in *questionsIn) (Page[Question], error) {
	list, err := suggest.Questions(ctx, s.DB, who.WorkspaceID, in.Before, in.Limit)
	next := ""
	if len(list) == in.Limit {
		next = strconv.FormatInt(list[len(list)-1].ID, 10)
	}
	return pageOf(each(list, func(q suggest.Question) Question {
		return Question{q.ID, q.ConversationID, q.Language, q.Intent, q.Text, q.Harm, q.At.UTC()}
	}), next), err
}

func (s *Server) closeQuestion(ctx context.Context, who *caller, in *emptyIn) error {
	return suggest.Settle(ctx, s.DB, who.WorkspaceID, in.ID, who.User())
}

// AssistFigure is how suggestions did for one language and intent. A set is what was offered for one
// state of a conversation.
type AssistFigure struct {
	Language      string   `json:"language"`
	Intent        string   `json:"intent"`
	Sets          int      `json:"sets"`
	Accepted      int      `json:"accepted" doc:"One was sent as it was"`
	Edited        int      `json:"edited"`
	Ignored       int      `json:"ignored" doc:"Something else was sent"`
	Dismissed     int      `json:"dismissed"`
	Changed       *float64 `json:"changed" doc:"Mean share of letters changed in used ones, 0 to 1"`
	SecondsUsed   *float64 `json:"seconds_used" doc:"Median time from offer to answer where one was used"`
	SecondsByHand *float64 `json:"seconds_by_hand" doc:"… and where the answer was typed; what was saved is the difference"`
}

type figuresIn struct {
	Days int `query:"days" minimum:"1" maximum:"366" default:"30"`
}

func (s *Server) assistFigures(ctx context.Context, who *caller, in *figuresIn) (Page[AssistFigure], error) {
	list, err := suggest.Figures(ctx, s.DB, who.WorkspaceID, in.Days)
	return pageOf(each(list, func(f suggest.Figure) AssistFigure {
		return AssistFigure{f.Language, f.Intent, f.Sets, f.Accepted, f.Edited, f.Ignored, f.Dismissed, f.Changed, f.Used, f.ByHand}
	}), ""), err
}
