package api

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"ponte/auth"
	"ponte/decisions"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/said"
)

// Page is one page of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next" doc:"Cursor of the next page; empty on the last"`
}

func pageOf[T any](items []T, next string) Page[T] {
	if items == nil {
		items = []T{}
	}
	return Page[T]{items, next}
}

func each[A, B any](list []A, f func(A) B) []B {
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = f(a)
	}
	return out
}

// Comment is a public comment with its verdict, review item and actions.
type Comment struct {
	ID               int64               `json:"id"`
	AccountID        int64               `json:"account_id"`
	Channel          string              `json:"channel" enum:"facebook,instagram,messenger,whatsapp"`
	Post             *CommentPost        `json:"post"`
	Author           CommentAuthor       `json:"author"`
	Own              bool                `json:"own"`
	Mention          bool                `json:"mention" doc:"The brand was mentioned under somebody else's post: it can be answered in public alone"`
	Text             string              `json:"text"`
	Attachments      []Attachment        `json:"attachments"`
	Language         string              `json:"language"`
	State            string              `json:"state" enum:"visible,hidden,removed"`
	StateBy          string              `json:"state_by"`
	Decision         string              `json:"decision" enum:"allow,review,hide,delete,spam,block,"`
	CommentedAt      time.Time           `json:"commented_at"`
	EditedAt         *time.Time          `json:"edited_at"`
	ParentExternalID string              `json:"parent_external_id"`
	ExternalID       string              `json:"external_id"`
	Permalink        string              `json:"permalink"`
	Verdict          *Verdict            `json:"verdict"`
	Review           *Review             `json:"review"`
	Actions          []inbox.ActionBrief `json:"actions"`
	EventReason      string              `json:"event_reason"`
	EventParts       []said.Statement    `json:"event_reason_parts" doc:"The reason as statements with stable codes"`
}

// CommentPost is the post a comment stands under.
type CommentPost struct {
	ID        int64  `json:"id"`
	Caption   string `json:"caption"`
	Permalink string `json:"permalink"`
	Picture   string `json:"picture"`
}

// CommentAuthor is who wrote it; zero ids where the network withheld them.
type CommentAuthor struct {
	IdentityID int64  `json:"identity_id"`
	ContactID  int64  `json:"contact_id"`
	Name       string `json:"name"`
	Erased     bool   `json:"erased" doc:"Their data was erased"`
}

// Attachment is a picture, clip or file.
type Attachment struct {
	Type string `json:"type"`
	URL  string `json:"url,omitempty" doc:"Where this server keeps the file; empty while it is being fetched and where it could not be"`
	Name string `json:"name,omitempty"`
	Note string `json:"note,omitempty" doc:"Why the file cannot be shown"`
}

// Verdict is what moderation said.
type Verdict struct {
	ID            int64               `json:"id"`
	Decision      string              `json:"decision" enum:"allow,review,hide,delete,spam,block"`
	Tier          string              `json:"tier" enum:"rules,model,llm,policy,person"`
	Provisional   bool                `json:"provisional"`
	Harm          float64             `json:"harm"`
	Spam          float64             `json:"spam"`
	Media         string              `json:"media" enum:"looked_at,not_looked_at," doc:"Whether a model has looked at its picture or film; empty: it has none, or a person decided"`
	Scores        map[string]*float64 `json:"scores"`
	Intent        string              `json:"intent"`
	Sentiment     string              `json:"sentiment"`
	Reasons       []VerdictReason     `json:"reasons"`
	ModelVersion  string              `json:"model_version"`
	RulesVersion  string              `json:"rules_version"`
	PolicyVersion string              `json:"policy_version"`
	PromptVersion string              `json:"prompt_version"`
	CreatedAt     time.Time           `json:"created_at"`
}

// VerdictReason says why.
type VerdictReason struct {
	Code  string           `json:"code"`
	Text  string           `json:"text"`
	Parts []said.Statement `json:"parts" doc:"The text as statements with stable codes"`
}

// Review is an open review item.
type Review struct {
	ID           int64      `json:"id"`
	Why          string     `json:"why"`
	Priority     float64    `json:"priority"`
	ClaimedBy    *int64     `json:"claimed_by"`
	ClaimedName  string     `json:"claimed_name" doc:"Who has it now"`
	ClaimedUntil *time.Time `json:"claimed_until"`
	Alike        int        `json:"alike" doc:"Other open items with the same text"`
	Escalation   string     `json:"escalation" doc:"Why it was passed to supervisors"`
	EscalatedAt  *time.Time `json:"escalated_at"`
}

// CommentDetail is a comment with its thread and history.
type CommentDetail struct {
	Comment
	Thread  []Comment      `json:"thread"`
	History CommentHistory `json:"history"`
	Log     []LogLine      `json:"log"`
}

// CommentHistory is what was judged before, and how the author behaves.
type CommentHistory struct {
	Verdicts       []Verdict `json:"verdicts"`
	AuthorComments int       `json:"author_comments"`
	AuthorHidden   int       `json:"author_hidden"`
	AuthorStrikes  int       `json:"author_strikes" doc:"Hidden or deleted within the days that the policy counts"`
	StrikeDays     int       `json:"strike_days"`
	AuthorMessages int       `json:"author_messages" doc:"Direct messages with this person"`
	ConversationID int64     `json:"conversation_id" doc:"The newest conversation with this person; 0: there is none"`
}

// LogLine is one line of a thing's history.
type LogLine struct {
	At    time.Time `json:"at"`
	Actor string    `json:"actor"`
	What  string    `json:"what"`
}

type commentsIn struct {
	State     string `query:"state"`
	Decision  string `query:"decision"`
	AccountID int64  `query:"account_id"`
	PostID    int64  `query:"post_id"`
	Language  string `query:"language"`
	ContactID int64  `query:"contact_id"`
	Queue     string `query:"queue" enum:"open,all" default:"all"`
	Tier      string `query:"tier" enum:"rules,model,llm,policy,person," doc:"That decided"`
	Category  string `query:"category" maxLength:"40"`
	Sure      string `query:"confidence" enum:"low,high," doc:"high: a score of at least 0.9"`
	By        string `query:"by" enum:"machine,person," doc:"machine: it hid or deleted it, whatever people did since"`

	After  time.Time `query:"after" doc:"Written since"`
	Before time.Time `query:"before" doc:"Written earlier than"`
	Q      string    `query:"q" maxLength:"200"`
	Paging
}

// Paging asks for one page of a list.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"100"`
}

// ByID names the thing a route is about.
type ByID struct {
	ID int64 `path:"id" minimum:"1"`
}

func (s *Server) listComments(ctx context.Context, who *caller, in *commentsIn) (Page[Comment], error) {
	viewer := inbox.Viewer{Supervises: true} // the list shows what is; the queue what is to be decided
	if in.Queue == "open" {
		viewer = who.viewer()
	}
	rows, next, err := inbox.ListComments(ctx, s.DB, who.WorkspaceID, viewer, inbox.CommentFilter{State: in.State, Decision: in.Decision, AccountID: in.AccountID, PostID: in.PostID,
		Language: in.Language, ContactID: in.ContactID, Queue: in.Queue == "open", Words: in.Q,
		Tier: in.Tier, Category: in.Category, Confidence: in.Sure, By: in.By, After: in.After, Before: in.Before, Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return Page[Comment]{}, err
	}
	items, err := showComments(rows)
	return pageOf(items, next), err
}

type commentIn struct {
	ByID
	Blind bool `query:"blind" default:"true" doc:"false: as it is, also where the caller has a second look at it to decide"`
}

func (s *Server) getComment(ctx context.Context, who *caller, in *commentIn) (CommentDetail, error) {
	viewer := who.viewer()
	if !in.Blind {
		viewer = inbox.Viewer{Supervises: viewer.Supervises}
	}
	v, err := inbox.ViewComment(ctx, s.DB, who.WorkspaceID, viewer, in.ID)
	if err != nil {
		return CommentDetail{}, err
	}
	c, err := showComment(v)
	if err != nil {
		return CommentDetail{}, err
	}
	out := CommentDetail{Comment: c, Thread: []Comment{}, Log: []LogLine{}}
	thread, _, err := inbox.ListComments(ctx, s.DB, who.WorkspaceID, viewer, inbox.CommentFilter{AccountID: v.AccountID, Root: v.RootID, Limit: 200})
	if err != nil {
		return out, err
	}
	if out.Thread, err = showComments(thread); err != nil {
		return out, err
	}
	if out.History, err = s.historyOf(ctx, v); err != nil || v.Blind {
		return out, err // the log would tell what a first reviewer decided
	}
	out.Log, err = s.logOf(ctx, who.WorkspaceID, fmt.Sprintf("comment:%d", in.ID))
	return out, err
}

// historyOf is what was judged before and how the author behaves; to somebody who decides blind, only
// what the machine said of this comment.
func (s *Server) historyOf(ctx context.Context, v inbox.CommentView) (CommentHistory, error) {
	out := CommentHistory{Verdicts: []Verdict{}}
	verdicts, err := inbox.Verdicts(ctx, s.DB, v.WorkspaceID, "comment", v.ID)
	if err != nil {
		return out, err
	}
	for _, vv := range verdicts {
		if v.Blind && vv.ID != *v.VerdictID {
			continue
		}
		shown, err := showVerdict(vv)
		if err != nil {
			return out, err
		}
		out.Verdicts = append(out.Verdicts, *shown)
	}
	if out.AuthorComments, out.AuthorHidden, err = inbox.AuthorCounts(ctx, s.DB, v.WorkspaceID, v.ContactID); err != nil || v.ContactID == nil {
		return out, err
	}
	engine, err := decisions.LiveEngine(ctx, s.DB, v.WorkspaceID)
	if err != nil {
		return out, err
	}
	out.StrikeDays = engine.Policy().Strikes.Days
	out.AuthorStrikes, out.AuthorMessages, out.ConversationID, err = inbox.AuthorRecord(ctx, s.DB, v.WorkspaceID, *v.ContactID, s.Now().AddDate(0, 0, -out.StrikeDays))
	return out, err
}

// logOf is the audit log of one thing, with the names of the members.
func (s *Server) logOf(ctx context.Context, workspace int64, object string) ([]LogLine, error) {
	lines, err := auth.ReadAudit(ctx, s.DB, workspace, 0, object, 100)
	if err != nil {
		return nil, err
	}
	names, err := s.actorNames(ctx, workspace)
	if err != nil {
		return nil, err
	}
	return each(lines, func(r auth.Record) LogLine { return LogLine{r.At, nameOr(names, r.Actor), r.Verb} }), nil
}

func nameOr(names map[string]string, actor string) string {
	if n := names[actor]; n != "" {
		return n
	}
	return actor
}

// actorNames are the names of members, also of who has left: what they did stays theirs.
func (s *Server) actorNames(ctx context.Context, workspace int64) (map[string]string, error) {
	return auth.ActorNames(ctx, s.DB, workspace)
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

func showComments(rows []inbox.CommentView) ([]Comment, error) {
	out := make([]Comment, 0, len(rows))
	for _, r := range rows {
		c, err := showComment(r)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func showComment(v inbox.CommentView) (Comment, error) {
	c := Comment{ID: v.ID, AccountID: v.AccountID, Channel: v.Channel, Own: v.Own, Mention: v.Mention, Text: v.Text, Attachments: []Attachment{}, Language: v.Language, State: v.State, StateBy: v.StateBy,
		Author: CommentAuthor{Name: v.AuthorName, Erased: v.AuthorErased}, CommentedAt: v.CommentedAt.UTC(), EditedAt: utc(v.EditedAt), ParentExternalID: v.ParentID, ExternalID: v.ExternalID,
		Permalink: v.Permalink, EventReason: v.EventReason, EventParts: said.Read(v.EventReason), Actions: []inbox.ActionBrief{}}
	if v.IdentityID != nil {
		c.Author.IdentityID = *v.IdentityID
	}
	if v.ContactID != nil {
		c.Author.ContactID = *v.ContactID
	}
	if v.Decision != nil {
		c.Decision = *v.Decision
	}
	if v.PostID != nil {
		c.Post = &CommentPost{ID: *v.PostID, Caption: deref(v.PostCaption), Permalink: deref(v.PostPermalink), Picture: mediaURL(v.WorkspaceID, deref(v.PostMedia))}
	}
	if err := decode(v.Attachments, &c.Attachments); err != nil {
		return c, fmt.Errorf("read the attachments of comment %d: %w", v.ID, err)
	}
	if err := decode(v.Actions, &c.Actions); err != nil {
		return c, fmt.Errorf("read the actions of comment %d: %w", v.ID, err)
	}
	var review *inbox.ReviewView
	var verdict *inbox.VerdictView
	if err := decode(v.Review, &review); err != nil {
		return c, fmt.Errorf("read the review item of comment %d: %w", v.ID, err)
	}
	if err := decode(v.Verdict, &verdict); err != nil {
		return c, fmt.Errorf("read the verdict of comment %d: %w", v.ID, err)
	}
	if review != nil {
		c.Review = &Review{review.ID, review.Why, review.Priority, review.ClaimedBy, review.ClaimedName, utc(review.ClaimedUntil), review.Alike, review.Escalation, utc(review.EscalatedAt)}
	}
	if verdict == nil {
		return c, nil
	}
	var err error
	c.Verdict, err = showVerdict(*verdict)
	return c, err
}

func showVerdict(v inbox.VerdictView) (*Verdict, error) {
	var m moderation.Verdict
	if err := decode(v.Verdict, &m); err != nil {
		return nil, fmt.Errorf("read verdict %d: %w", v.ID, err)
	}
	out := &Verdict{ID: v.ID, Decision: v.Decision, Tier: v.Tier, Provisional: v.Provisional, Harm: m.Harm, Spam: m.SpamScore, Media: m.Media, Scores: m.Scores, Intent: m.Intent, Sentiment: m.Sentiment,
		Reasons: []VerdictReason{}, ModelVersion: m.ModelVersion, RulesVersion: m.RulesVersion, PolicyVersion: m.PolicyVersion, PromptVersion: m.PromptVersion, CreatedAt: v.CreatedAt.UTC()}
	if out.Scores == nil {
		out.Scores = map[string]*float64{}
	}
	for _, r := range m.Reasons {
		out.Reasons = append(out.Reasons, VerdictReason{r.Code, r.Text, said.Read(r.Text)})
	}
	return out, nil
}

func decode(raw json.RawMessage, into any) error {
	if len(raw) == 0 {
		return nil
	}
	return json.Unmarshal(raw, into)
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
