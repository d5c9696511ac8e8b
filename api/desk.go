package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/desk"
	"ponte/fault"
	"ponte/inbox"
)

// DeskState is a conversation's way to somebody who answers. Deadlines are those of the wait that is on.
type DeskState struct {
	Priority      string     `json:"priority" enum:"low,normal,high,urgent,danger" doc:"danger: the customer may harm themselves; first of all"`
	VIP           bool       `json:"vip" doc:"The customer is valuable, by the workspace's rule"`
	AssignedAt    *time.Time `json:"assigned_at"`
	AssignedHow   string     `json:"assigned_how" enum:"auto,member,"`
	TakenBack     int        `json:"taken_back" doc:"How often it came back unanswered in this wait"`
	EscalatedAt   *time.Time `json:"escalated_at"`
	Snoozed       bool       `json:"snoozed"`
	SnoozedUntil  *time.Time `json:"snoozed_until" doc:"Null while snoozed: until the customer writes"`
	AnswerDueAt   *time.Time `json:"answer_due_at" doc:"The first answer, by anybody"`
	HandoverDueAt *time.Time `json:"handover_due_at" doc:"A person's first answer after the bot handed over"`
	OverdueAt     *time.Time `json:"overdue_at"`
	DueAt         *time.Time `json:"due_at" doc:"The soonest of them"`
}

var priorities = []string{"low", "normal", "high", "urgent", "danger"} // from -1

func showDesk(d inbox.DeskView) DeskState {
	return DeskState{Priority: priorities[d.Priority+1], VIP: d.VIP, AssignedAt: utc(d.AssignedAt), AssignedHow: d.AssignedHow, TakenBack: d.TakenBack, EscalatedAt: utc(d.EscalatedAt),
		Snoozed: d.SnoozedAt != nil, SnoozedUntil: utc(d.SnoozedUntil), AnswerDueAt: utc(d.AnswerDueAt), HandoverDueAt: utc(d.HandoverDueAt), OverdueAt: utc(d.OverdueAt), DueAt: utc(d.DueAt)}
}

func (s *Server) countConversations(ctx context.Context, who *caller, _ *struct{}) (inbox.ViewCounts, error) {
	overdue, err := s.overdueSince(ctx, who.WorkspaceID)
	if err != nil {
		return inbox.ViewCounts{}, err
	}
	return inbox.CountViews(ctx, s.DB, who.WorkspaceID, who.UserID, overdue)
}

type priorityIn struct {
	ByID
	Body struct {
		Priority string `json:"priority" enum:"low,normal,high,urgent,danger"`
	}
}

func (s *Server) setPriority(ctx context.Context, who *caller, in *priorityIn) (Conversation, error) {
	return s.onDesk(ctx, who, in.ID, "priority", func(tx *sqlx.Tx, _ inbox.Conversation) error {
		for i, p := range priorities {
			if p == in.Body.Priority {
				return desk.SetPriority(ctx, tx, who.Who, in.ID, i-1)
			}
		}
		return fault.Field("priority", "%q is no priority", in.Body.Priority)
	})
}

type snoozeIn struct {
	ByID
	Body struct {
		Until *time.Time `json:"until" doc:"Null: until the customer writes. Their message wakes it in any case"`
	}
}

func (s *Server) snooze(ctx context.Context, who *caller, in *snoozeIn) (Conversation, error) {
	return s.onDesk(ctx, who, in.ID, "snooze", func(tx *sqlx.Tx, _ inbox.Conversation) error {
		return desk.Snooze(ctx, tx, who.Who, in.ID, in.Body.Until, s.Now())
	})
}

func (s *Server) unsnooze(ctx context.Context, who *caller, in *emptyIn) (Conversation, error) {
	return s.onDesk(ctx, who, in.ID, "unsnooze", func(tx *sqlx.Tx, _ inbox.Conversation) error {
		return desk.Unsnooze(ctx, tx, who.Who, in.ID)
	})
}

// onDesk changes the desk's side of one conversation under lock, and says so.
func (s *Server) onDesk(ctx context.Context, who *caller, id int64, verb string, do func(tx *sqlx.Tx, v inbox.Conversation) error) (Conversation, error) {
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		v, err := inbox.LockConversation(ctx, tx, who.WorkspaceID, id)
		if err != nil {
			return err
		}
		if err := do(tx, v); err != nil {
			return err
		}
		if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "conversation."+verb, fmt.Sprintf("conversation:%d", id), nil); err != nil {
			return err
		}
		return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "conversation", ObjectID: id})
	})
	if err != nil {
		return Conversation{}, err
	}
	return s.shownConversation(ctx, who, id)
}

// ConversationStep is something that happened to a conversation beside what was said.
type ConversationStep struct {
	ID     int64           `json:"id"`
	At     time.Time       `json:"at"`
	What   string          `json:"what" enum:"assigned,unassigned,taken_back,escalated,transferred,team,priority,snoozed,woken,resolved,reopened,taken_over,returned_to_bot,breached,scheduled_cancelled,scheduled_not_sent,filed_as_spam,not_spam"`
	By     string          `json:"by" doc:"A member's name; empty: by itself"`
	Member *MemberBrief    `json:"member" doc:"To whom, or from whom"`
	Team   string          `json:"team"`
	Note   string          `json:"note"`
	Detail json.RawMessage `json:"detail"`
}

func (s *Server) listSteps(ctx context.Context, who *caller, in *ByID) (Page[ConversationStep], error) {
	if _, err := inbox.ViewConversation(ctx, s.DB, who.WorkspaceID, in.ID); err != nil {
		return Page[ConversationStep]{}, err
	}
	list, err := desk.Steps(ctx, s.DB, who.WorkspaceID, in.ID, 500)
	return pageOf(each(list, func(v desk.StepView) ConversationStep {
		out := ConversationStep{ID: v.ID, At: v.At.UTC(), What: v.What, By: v.ActorName, Team: v.Team, Note: v.Note, Detail: v.Detail}
		if out.By == "" && strings.HasPrefix(v.Actor, "token:") {
			out.By = "API"
		}
		if v.UserID != nil {
			out.Member = &MemberBrief{*v.UserID, v.UserName}
		}
		return out
	}), ""), err
}

// ConversationNote is what a member wrote about a conversation for the others.
type ConversationNote struct {
	ID        int64        `json:"id"`
	Author    *MemberBrief `json:"author"`
	Text      string       `json:"text"`
	Mentions  []int64      `json:"mentions"`
	CreatedAt time.Time    `json:"created_at"`
	EditedAt  *time.Time   `json:"edited_at"`
}

func showNote(n desk.NoteView) ConversationNote {
	out := ConversationNote{ID: n.ID, Text: n.Text, Mentions: append([]int64{}, n.Mentions...), CreatedAt: n.CreatedAt.UTC(), EditedAt: utc(n.EditedAt)}
	if n.AuthorID != nil {
		out.Author = &MemberBrief{*n.AuthorID, n.AuthorName}
	}
	return out
}

func (s *Server) listNotes(ctx context.Context, who *caller, in *ByID) (Page[ConversationNote], error) {
	if _, err := inbox.ViewConversation(ctx, s.DB, who.WorkspaceID, in.ID); err != nil {
		return Page[ConversationNote]{}, err
	}
	list, err := desk.Notes(ctx, s.DB, who.WorkspaceID, in.ID)
	return pageOf(each(list, showNote), ""), err
}

type noteIn struct {
	ByID
	Body struct {
		Text     string  `json:"text" minLength:"1" maxLength:"4000"`
		Mentions []int64 `json:"mentions,omitempty" maxItems:"20" doc:"Members who are to hear of it"`
	}
}

func (s *Server) addNote(ctx context.Context, who *caller, in *noteIn) (ConversationNote, error) {
	var id int64
	err := s.change(ctx, func(tx *sqlx.Tx) (err error) {
		id, err = desk.AddNote(ctx, tx, who.Who, in.ID, in.Body.Text, in.Body.Mentions, s.Now())
		return err
	})
	if err != nil {
		return ConversationNote{}, err
	}
	n, err := desk.LoadNote(ctx, s.DB, who.WorkspaceID, id)
	return showNote(n), err
}

func (s *Server) setNote(ctx context.Context, who *caller, in *noteIn) (ConversationNote, error) {
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		return desk.EditNote(ctx, tx, who.Who, in.ID, in.Body.Text, in.Body.Mentions, s.Now())
	})
	if err != nil {
		return ConversationNote{}, err
	}
	n, err := desk.LoadNote(ctx, s.DB, who.WorkspaceID, in.ID)
	return showNote(n), err
}

func (s *Server) removeNote(ctx context.Context, who *caller, in *ByID) error {
	return s.change(ctx, func(tx *sqlx.Tx) error { return desk.RemoveNote(ctx, tx, who.Who, in.ID, s.Now()) })
}

// ReplyDraft is a member's unfinished answer.
type ReplyDraft struct {
	Text      string     `json:"text" maxLength:"4096"`
	UpdatedAt *time.Time `json:"updated_at" readOnly:"true"`
}

func (s *Server) getReplyDraft(ctx context.Context, who *caller, in *ByID) (ReplyDraft, error) {
	if _, err := inbox.ViewConversation(ctx, s.DB, who.WorkspaceID, in.ID); err != nil {
		return ReplyDraft{}, err
	}
	text, at, err := desk.Draft(ctx, s.DB, who.WorkspaceID, in.ID, who.UserID)
	if text == "" {
		return ReplyDraft{}, err
	}
	return ReplyDraft{text, utc(&at)}, err
}

type replyDraftIn struct {
	ByID
	Body struct {
		Text string `json:"text" maxLength:"4096" doc:"Empty: forget it"`
	}
}

func (s *Server) setReplyDraft(ctx context.Context, who *caller, in *replyDraftIn) error {
	if _, err := inbox.ViewConversation(ctx, s.DB, who.WorkspaceID, in.ID); err != nil {
		return err
	}
	return s.change(ctx, func(tx *sqlx.Tx) error {
		return desk.SaveDraft(ctx, tx, who.Who, in.ID, strings.ToValidUTF8(strings.ReplaceAll(in.Body.Text, "\x00", ""), ""), s.Now())
	})
}

// Viewer is another member who has a conversation open.
type Viewer struct {
	Member MemberBrief `json:"member"`
	Typing bool        `json:"typing"`
}

type presenceIn struct {
	ByID
	Body struct {
		Typing bool `json:"typing"`
	}
}

func (s *Server) see(ctx context.Context, who *caller, in *presenceIn) (Page[Viewer], error) {
	if _, err := inbox.ViewConversation(ctx, s.DB, who.WorkspaceID, in.ID); err != nil {
		return Page[Viewer]{}, err
	}
	var list []desk.Viewer
	err := s.change(ctx, func(tx *sqlx.Tx) (err error) {
		list, err = desk.See(ctx, tx, who.Who, in.ID, in.Body.Typing, s.Now())
		return err
	})
	return pageOf(each(list, func(v desk.Viewer) Viewer { return Viewer{MemberBrief{v.UserID, v.Name}, v.Typing} }), ""), err
}

func (s *Server) leave(ctx context.Context, who *caller, in *ByID) error {
	if _, err := inbox.ViewConversation(ctx, s.DB, who.WorkspaceID, in.ID); err != nil {
		return err
	}
	return s.change(ctx, func(tx *sqlx.Tx) error { return desk.Leave(ctx, tx, who.Who, in.ID) })
}

// present notes that the member has the interface open: who is present is given conversations.
func (s *Server) present(ctx context.Context, who *caller, _ *struct{}) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		_, err := desk.See(ctx, tx, who.Who, 0, false, s.Now())
		return err
	})
}

// ScheduledReply is a reply that waits for its time.
type ScheduledReply struct {
	ID            int64     `json:"id"`
	SendAt        time.Time `json:"send_at"`
	UnlessWritten bool      `json:"unless_written" doc:"Cancelled when the customer writes first"`
	Member        string    `json:"member"`
	Text          string    `json:"text"`
	State         string    `json:"state" enum:"planned,held"`
}

func (s *Server) listScheduled(ctx context.Context, who *caller, in *ByID) (Page[ScheduledReply], error) {
	if _, err := inbox.ViewConversation(ctx, s.DB, who.WorkspaceID, in.ID); err != nil {
		return Page[ScheduledReply]{}, err
	}
	list, err := desk.ScheduledOf(ctx, s.DB, who.WorkspaceID, in.ID)
	return pageOf(each(list, func(r desk.Scheduled) ScheduledReply {
		return ScheduledReply{r.ActionID, r.SendAt.UTC(), r.UnlessWritten, r.MemberName, r.Text, r.State}
	}), ""), err
}

func (s *Server) cancelScheduled(ctx context.Context, who *caller, in *emptyIn) error {
	return s.change(ctx, func(tx *sqlx.Tx) error { return desk.CancelScheduled(ctx, tx, who.Who, in.ID) })
}

// checkSendAt refuses times that make no sense for a later reply.
func (s *Server) checkSendAt(v inbox.Conversation, body SendMessage) error {
	switch {
	case body.SendAt == nil:
		return nil
	case v.RootCommentID != nil:
		return fault.Field("send_at", "replies to comments are sent at once; only messages can wait for a time")
	case !body.SendAt.After(s.Now()):
		return fault.Field("send_at", "that time has passed already")
	case body.SendAt.Sub(s.Now()) > 60*24*time.Hour:
		return fault.Field("send_at", "a reply can wait for sixty days at most")
	}
	return nil
}

// scheduled notes a reply for later. Nothing is answered yet: who waits goes on waiting.
func (s *Server) scheduled(ctx context.Context, tx *sqlx.Tx, who *caller, v inbox.Conversation, action int64, body SendMessage) error {
	if action == 0 {
		return errors.New("a scheduled reply has no action")
	}
	if err := desk.Schedule(ctx, tx, who.Who, desk.Scheduled{ActionID: action, ConversationID: v.ID, SendAt: *body.SendAt, UnlessWritten: body.UnlessWritten}); err != nil {
		return err
	}
	if err := desk.SaveDraft(ctx, tx, who.Who, v.ID, "", s.Now()); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: v.WorkspaceID, Topic: "conversation", ObjectID: v.ID}, inbox.Change{WorkspaceID: v.WorkspaceID, Topic: "message", ObjectID: v.ID})
}
