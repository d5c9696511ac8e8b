package api

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/inbox"
	"ponte/suggest"
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
	list, err := suggest.QuickReplies(ctx, s.DB, who.WorkspaceID)
	return pageOf(each(list, showQuickReply), ""), err
}

func showQuickReply(q suggest.QuickReply) QuickReply {
	return QuickReply{q.ID, QuickReplyInput{q.Shortcut, q.Language, q.Title, q.Text, listOf(q.Intents)}}
}

func (s *Server) addQuickReply(ctx context.Context, who *caller, in *newQuickReplyIn) (QuickReply, error) {
	return s.saveQuickReply(ctx, who, 0, in.Body)
}

func (s *Server) setQuickReply(ctx context.Context, who *caller, in *quickReplyIn) (QuickReply, error) {
	return s.saveQuickReply(ctx, who, in.ID, in.Body)
}

func (s *Server) saveQuickReply(ctx context.Context, who *caller, id int64, in QuickReplyInput) (QuickReply, error) {
	q := suggest.QuickReply{WorkspaceID: who.WorkspaceID, ID: id, Shortcut: in.Shortcut, Language: in.Language, Title: in.Title, Text: in.Text, Intents: in.Intents}
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		saved, err := suggest.SaveQuickReply(ctx, tx, q)
		if err != nil {
			return err
		}
		defer func() { q = saved }()
		return kept(ctx, tx, who, "quick_reply", addOrChange(id), saved.ID)
	})
	return showQuickReply(q), err
}

func addOrChange(id int64) string {
	if id == 0 {
		return "add"
	}
	return "change"
}

// kept records a change of the workspace's library and tells who looks at it.
func kept(ctx context.Context, tx *sqlx.Tx, who *caller, what, verb string, id int64) error {
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), what+"."+verb, fmt.Sprintf("%s:%d", what, id), nil); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: what, ObjectID: id})
}

func (s *Server) removeQuickReply(ctx context.Context, who *caller, in *ByID) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		if err := suggest.DeleteQuickReply(ctx, tx, who.WorkspaceID, in.ID); err != nil {
			return err
		}
		return kept(ctx, tx, who, "quick_reply", "remove", in.ID)
	})
}

func (s *Server) listKnowledge(ctx context.Context, who *caller, _ *struct{}) (Page[Knowledge], error) {
	list, err := suggest.Articles(ctx, s.DB, who.WorkspaceID)
	return pageOf(each(list, showKnowledge), ""), err
}

func showKnowledge(a suggest.Article) Knowledge {
	return Knowledge{a.ID, KnowledgeInput{a.Language, a.Title, a.Text, a.Source}}
}

func (s *Server) addKnowledge(ctx context.Context, who *caller, in *newKnowledgeIn) (Knowledge, error) {
	return s.saveKnowledge(ctx, who, 0, in.Body)
}

func (s *Server) setKnowledge(ctx context.Context, who *caller, in *knowledgeIn) (Knowledge, error) {
	return s.saveKnowledge(ctx, who, in.ID, in.Body)
}

func (s *Server) saveKnowledge(ctx context.Context, who *caller, id int64, in KnowledgeInput) (Knowledge, error) {
	a := suggest.Article{WorkspaceID: who.WorkspaceID, ID: id, Title: in.Title, Text: in.Text, Language: in.Language, Source: in.Source}
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		saved, err := suggest.SaveArticle(ctx, tx, a)
		if err != nil {
			return err
		}
		defer func() { a = saved }()
		return kept(ctx, tx, who, "knowledge", addOrChange(id), saved.ID)
	})
	return showKnowledge(a), err
}

func (s *Server) removeKnowledge(ctx context.Context, who *caller, in *ByID) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		if err := suggest.DeleteArticle(ctx, tx, who.WorkspaceID, in.ID); err != nil {
			return err
		}
		return kept(ctx, tx, who, "knowledge", "remove", in.ID)
	})
}
