package api

import (
	"context"
	"fmt"
	"time"

	"ponte/inbox"
	"ponte/router"
)

// TimelineEntry is one thing that a person did, that was said to them, or that happened around them.
type TimelineEntry struct {
	Key            string            `json:"key" doc:"Names the entry for ever"`
	Kind           string            `json:"kind" enum:"comment,public_reply,private_reply,message,note,step,opened,resolved,invited,arrived,joined,merged,consent,booked,booking_cancelled,lead,number"`
	At             time.Time         `json:"at"`
	Channel        string            `json:"channel" doc:"facebook, instagram, messenger, whatsapp; for consent also sms, email, all; empty where there is none"`
	By             string            `json:"by" enum:"customer,bot,member,other_tool,system"`
	Name           string            `json:"name" doc:"Of the member, or as the customer called themselves there"`
	Text           string            `json:"text" doc:"What was said or noted; of an invitation the trigger, of a lead the form"`
	Deleted        bool              `json:"deleted"`
	State          string            `json:"state" doc:"Of a comment, an answer's sending, an invitation, a booking, a lead, a number"`
	What           string            `json:"what" doc:"The step, the act of consent, how identities were joined, a booking's reference, a message's type"`
	Reason         string            `json:"reason" doc:"Why an answer stands where it stands"`
	Meaning        string            `json:"meaning" doc:"The same for a reader"`
	To             string            `json:"to" doc:"The member a conversation was given to, or taken from"`
	Team           string            `json:"team"`
	Files          []string          `json:"files" doc:"Types of what is attached"`
	Harm           float64           `json:"harm" doc:"As it was judged, 0 to 1"`
	On             string            `json:"on" doc:"Caption of the post that a comment stands under"`
	Purpose        string            `json:"purpose"`
	How            string            `json:"how"`
	StartsAt       *time.Time        `json:"starts_at" doc:"Of a booking"`
	Service        map[string]string `json:"service" doc:"What is booked, by language"`
	Detail         map[string]any    `json:"detail" doc:"Of a step: minutes, reasons"`
	ConversationID *int64            `json:"conversation_id"`
	MessageID      *int64            `json:"message_id"`
	CommentID      *int64            `json:"comment_id" doc:"What it is, or answers"`
}

type timelineIn struct {
	ByID
	Only string `query:"only" enum:"said," doc:"said: comments, replies and messages alone"`
	Paging
}

// contactTimeline tells everything about a person over all their channels, the newest first. What it shows
// each role may also read where it stands: numbers are no part of it.
func (s *Server) contactTimeline(ctx context.Context, who *caller, in *timelineIn) (Page[TimelineEntry], error) {
	if _, err := inbox.ViewContact(ctx, s.DB, who.WorkspaceID, in.ID); err != nil {
		return Page[TimelineEntry]{}, err
	}
	rows, next, err := inbox.Timeline(ctx, s.DB, who.WorkspaceID, in.ID, inbox.TimelineFilter{Said: in.Only == "said", Limit: in.Limit, Cursor: in.Cursor})
	return pageOf(each(rows, showTimelineEntry), next), err
}

func showTimelineEntry(e inbox.TimelineEntry) TimelineEntry {
	a := e.About
	out := TimelineEntry{Key: fmt.Sprintf("%s:%d:%d", e.Kind, e.Rank, e.ID), Kind: e.Kind, At: e.At.UTC(), Channel: e.Channel, By: e.By, Name: e.Name, Text: router.HideReferences(e.Text), State: e.State, What: e.What,
		Reason: a.Reason, Meaning: a.Meaning, To: e.To, Team: e.Team, Files: a.Files, Harm: a.Harm, On: a.On, Purpose: a.Purpose, How: a.How, StartsAt: utc(a.StartsAt), Service: a.Service, Detail: a.Detail,
		ConversationID: e.ConversationID, MessageID: e.MessageID, CommentID: e.CommentID}
	if out.Files == nil {
		out.Files = []string{}
	}
	if out.Service == nil {
		out.Service = map[string]string{}
	}
	if out.Detail == nil {
		out.Detail = map[string]any{}
	}
	if e.Kind == "message" || e.Kind == "private_reply" {
		out.Deleted = e.State == "deleted" || e.State == "erased"
	}
	return out
}
