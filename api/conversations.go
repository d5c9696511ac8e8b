package api

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ponte/channels"
	"ponte/consent"
	"ponte/inbox"
	"ponte/router"
)

// Conversation is an episode with one person on one channel.
type Conversation struct {
	ID            int64        `json:"id"`
	AccountID     int64        `json:"account_id"`
	Channel       string       `json:"channel" enum:"facebook,instagram,messenger,whatsapp"`
	Contact       ContactBrief `json:"contact"`
	State         string       `json:"state" enum:"open,resolved"`
	Spam          bool         `json:"spam"`
	Handler       string       `json:"handler" enum:"bot,human"`
	HandlerReason string       `json:"handler_reason"`
	Assignee      *MemberBrief `json:"assignee"`
	Team          string       `json:"team"`
	Labels        []string     `json:"labels"`
	Language      string       `json:"language"`
	Preview       string       `json:"preview"`
	PreviewHarm   float64      `json:"preview_harm" doc:"Of what the preview shows, as it was judged: 0 to 1"`
	Unread        int          `json:"unread"`
	OpenedAt      time.Time    `json:"opened_at"`
	LastMessageAt time.Time    `json:"last_message_at"`
	WaitingSince  *time.Time   `json:"waiting_since"`
	Overdue       bool         `json:"overdue"`
	Origin        *Origin      `json:"origin"`
	Revision      int64        `json:"revision"`
	Desk          DeskState    `json:"desk"`
	CareWindow    CareWindow   `json:"care_window"`
}

// ContactBrief names a person.
type ContactBrief struct {
	ID       int64    `json:"id"`
	Name     string   `json:"name"`
	Erased   bool     `json:"erased" doc:"Their data was erased"`
	Known    *Known   `json:"known" doc:"By what to tell who has no name; null where there is one"`
	Language string   `json:"language"`
	Labels   []string `json:"labels"`
}

// Known is an id of a person whom no network has named.
type Known struct {
	Channel string `json:"channel"`
	ID      string `json:"id" doc:"A number, masked by role, or the last digits of the network's id"`
}

func showKnown(name string, k inbox.KnownAs, who *caller) *Known {
	if name != "" || k.Phone == "" && k.Ending == "" {
		return nil
	}
	if k.Phone != "" {
		return &Known{k.Channel, showPhone(k.Phone, who.Role.SeesPhones())}
	}
	return &Known{k.Channel, "…" + k.Ending}
}

// MemberBrief names a member.
type MemberBrief struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// Origin says where a conversation came from.
type Origin struct {
	Text      string `json:"text"`
	PostID    int64  `json:"post_id,omitempty"`
	CommentID int64  `json:"comment_id,omitempty"`
	TriggerID int64  `json:"trigger_id,omitempty"`
	HandoffID int64  `json:"handoff_id,omitempty"`
	LinkID    int64  `json:"link_id,omitempty" doc:"A poster's link"`

	Referral OriginReferral `json:"referral,omitzero" doc:"The advertisement or post that was tapped"`
}

// OriginReferral is the advertisement or post that somebody tapped to write.
type OriginReferral struct {
	Source   string `json:"source,omitempty" doc:"ad, post, ADS, SHORTLINK …"`
	SourceID string `json:"source_id,omitempty"`
	AdID     string `json:"ad_id,omitempty"`
	Type     string `json:"type,omitempty"`
	Headline string `json:"headline,omitempty"`
	URL      string `json:"url,omitempty"`
	ClickID  string `json:"click_id,omitempty" doc:"ctwa_clid"`
}

// CareWindow says how long free-form answers may go out.
type CareWindow struct {
	Open       bool       `json:"open"`
	Until      *time.Time `json:"until"`
	HumanUntil *time.Time `json:"human_until" doc:"Messenger and Instagram: until when a person may still answer"`
}

// ConversationDetail is a conversation with the person beside it.
type ConversationDetail struct {
	Conversation
	Person     Person           `json:"person"`
	CameFrom   *Provenance      `json:"came_from" doc:"Where the conversation began, where it came from a comment"`
	Consent    []ConsentState   `json:"consent"`
	Identities []IdentityPanel  `json:"identities"`
	Journey    []Step           `json:"journey"`
	Earlier    []Earlier        `json:"earlier"`
	Cost       ConversationCost `json:"cost"`
	Files      []FileLimit      `json:"files" doc:"What may be sent as a file; empty where none may"`
}

// ConsentState is where a consent stands on a channel.
type ConsentState struct {
	Channel string     `json:"channel" enum:"facebook,instagram,messenger,whatsapp"`
	Purpose string     `json:"purpose"`
	State   string     `json:"state" enum:"granted,refused,withdrawn,doubt,none"`
	Since   *time.Time `json:"since"`
	Wording string     `json:"wording"`
	How     string     `json:"how"`
	Seq     int64      `json:"seq"`
}

// Step is one step of a person's way.
type Step struct {
	At      time.Time `json:"at"`
	What    string    `json:"what"`
	Channel string    `json:"channel" enum:"facebook,instagram,messenger,whatsapp"`
	Ref     string    `json:"ref"`
}

// Earlier is another conversation of the same person.
type Earlier struct {
	ID          int64      `json:"id"`
	Channel     string     `json:"channel" enum:"facebook,instagram,messenger,whatsapp"`
	OpenedAt    time.Time  `json:"opened_at"`
	ResolvedAt  *time.Time `json:"resolved_at"`
	Preview     string     `json:"preview"`
	PreviewHarm float64    `json:"preview_harm" doc:"Of what the preview shows, as it was judged: 0 to 1"`
}

type conversationsIn struct {
	View      string `query:"view" enum:"mine,team,unassigned,waiting,overdue,snoozed,spam,all" default:"all"`
	State     string `query:"state" enum:"open,resolved,"`
	Channel   string `query:"channel"`
	Team      string `query:"team" maxLength:"60"`
	Label     string `query:"label" maxLength:"60"`
	Q         string `query:"q" maxLength:"200"`
	ContactID int64  `query:"contact_id"`
	Paging
}

func (s *Server) listConversations(ctx context.Context, who *caller, in *conversationsIn) (Page[Conversation], error) {
	overdue, err := s.overdueSince(ctx, who.WorkspaceID)
	if err != nil {
		return Page[Conversation]{}, err
	}
	rows, next, err := inbox.ListConversations(ctx, s.DB, who.WorkspaceID, inbox.ConversationFilter{View: in.View, State: in.State, Channel: in.Channel, Team: in.Team, Label: in.Label, Words: in.Q, ContactID: in.ContactID,
		Member: who.UserID, Overdue: overdue, Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return Page[Conversation]{}, err
	}
	return pageOf(each(rows, func(v inbox.ConversationView) Conversation { return s.showConversation(v, who, overdue) }), next), nil
}

// overdueSince is the instant before which a waiting person has waited too long.
func (s *Server) overdueSince(ctx context.Context, workspace int64) (time.Time, error) {
	w, err := inbox.LoadWorkspace(ctx, s.DB, workspace)
	if err != nil {
		return time.Time{}, err
	}
	settings, err := inbox.ParseSettings(w.Settings)
	return s.Now().Add(-time.Duration(settings.OverdueMinutes) * time.Minute), err
}

func (s *Server) shownConversation(ctx context.Context, who *caller, id int64) (Conversation, error) {
	v, err := inbox.ViewConversation(ctx, s.DB, who.WorkspaceID, id)
	if err != nil {
		return Conversation{}, err
	}
	overdue, err := s.overdueSince(ctx, who.WorkspaceID)
	return s.showConversation(v, who, overdue), err
}

func (s *Server) showConversation(v inbox.ConversationView, who *caller, overdue time.Time) Conversation {
	c := Conversation{ID: v.ID, AccountID: v.AccountID, Channel: v.Channel, State: v.State, Spam: v.Spam, Handler: v.Handler, HandlerReason: v.HandlerReason, Team: v.Team,
		Contact: ContactBrief{ID: v.ContactID, Name: v.ContactName, Erased: v.ContactErased, Known: showKnown(v.ContactName, v.ContactKnown, who), Language: v.ContactLang, Labels: listOf(v.ContactLabels)}, Labels: listOf(v.Labels), Language: v.Language,
		Preview: router.HideReferences(v.Preview), PreviewHarm: v.PreviewHarm, Unread: v.Unread, OpenedAt: v.OpenedAt.UTC(), LastMessageAt: v.LastMessageAt.UTC(), WaitingSince: utc(v.WaitingSince), Revision: v.Revision,
		Desk: showDesk(v.DeskView), CareWindow: windowOf(v.Channel, v.LastInAt, s.Now())}
	c.Overdue = v.WaitingSince != nil && v.WaitingSince.Before(overdue)
	if v.OverdueAt != nil { // in opening hours
		c.Overdue = !v.OverdueAt.After(s.Now())
	}
	if v.AssigneeID != nil {
		c.Assignee = &MemberBrief{*v.AssigneeID, deref(v.AssigneeName)}
	}
	var o Origin
	if json.Unmarshal(v.Origin, &o) == nil && o != (Origin{}) {
		if o.Text == "" && o.CommentID != 0 {
			o.Text = "an automatic reply to a comment"
		}
		c.Origin = &o
	}
	return c
}

func listOf(s inbox.Strings) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// windowOf says until when free-form answers may go out. A comment thread has no window.
func windowOf(channel string, lastIn *time.Time, now time.Time) CareWindow {
	if lastIn == nil {
		return CareWindow{}
	}
	until := lastIn.Add(inbox.CareWindow).UTC()
	w := CareWindow{Open: until.After(now), Until: &until}
	if channel == string(channels.Messenger) || channel == string(channels.Instagram) {
		human := lastIn.Add(inbox.HumanWindow).UTC()
		w.HumanUntil = &human
	}
	return w
}

func (s *Server) getConversation(ctx context.Context, who *caller, in *ByID) (ConversationDetail, error) {
	v, err := inbox.ViewConversation(ctx, s.DB, who.WorkspaceID, in.ID)
	if err != nil {
		return ConversationDetail{}, err
	}
	overdue, err := s.overdueSince(ctx, who.WorkspaceID)
	if err != nil {
		return ConversationDetail{}, err
	}
	c := s.showConversation(v, who, overdue)
	person, err := inbox.ViewContact(ctx, s.DB, who.WorkspaceID, c.Contact.ID)
	if err != nil {
		return ConversationDetail{}, err
	}
	out := ConversationDetail{Conversation: c, Person: showPerson(person, who), Files: fileLimits(v)}
	if out.Consent, err = s.consentOf(ctx, who.WorkspaceID, c.Contact.ID); err != nil {
		return out, err
	}
	if out.Identities, err = s.identitiesOf(ctx, who, c.Contact.ID); err != nil {
		return out, err
	}
	if out.CameFrom, err = s.provenance(ctx, who.WorkspaceID, c.Origin); err != nil {
		return out, err
	}
	if out.Journey, err = s.journeyOf(ctx, who.WorkspaceID, c.Contact.ID); err != nil {
		return out, err
	}
	if out.Cost, err = s.costOfConversation(ctx, who.WorkspaceID, c.ID); err != nil {
		return out, err
	}
	earlier, err := inbox.EarlierConversations(ctx, s.DB, who.WorkspaceID, c.Contact.ID, c.ID)
	out.Earlier = each(earlier, func(e inbox.Earlier) Earlier {
		return Earlier{e.ID, e.Channel, e.OpenedAt.UTC(), utc(e.ResolvedAt), router.HideReferences(e.Preview), e.Harm}
	})
	return out, err
}

func (s *Server) journeyOf(ctx context.Context, workspace, contact int64) ([]Step, error) {
	steps, err := inbox.Journey(ctx, s.DB, workspace, contact)
	return each(steps, func(j inbox.Step) Step { return Step{j.At.UTC(), j.What, j.Channel, j.Ref} }), err
}

func (s *Server) consentOf(ctx context.Context, workspace, contact int64) ([]ConsentState, error) {
	states, err := s.Ledger.Standing(ctx, s.DB, workspace, contact)
	if err != nil {
		return nil, err
	}
	out := []ConsentState{}
	for _, st := range states {
		c := ConsentState{Channel: st.Channel, Purpose: st.Purpose, State: "none", How: st.How, Seq: st.Seq}
		switch st.Status {
		case consent.Granted:
			c.State = "granted"
		case consent.Withdrawn:
			c.State = "withdrawn"
		case consent.Refused:
			c.State = "refused"
		case consent.Doubtful:
			c.State = "doubt"
		}
		if !st.Since.IsZero() {
			c.Since = utc(&st.Since)
		}
		if st.WordingID != nil {
			if err := s.DB.GetContext(ctx, &c.Wording, `SELECT text FROM consent_wordings WHERE workspace_id = $1 AND id = $2`, workspace, *st.WordingID); err != nil {
				return nil, fmt.Errorf("load wording %d: %w", *st.WordingID, err)
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// showPhone writes a number with its country code, and hides its middle from roles that do not call.
func showPhone(digits string, whole bool) string {
	if digits == "" {
		return ""
	}
	if whole {
		return "+" + digits
	}
	if len(digits) < 8 {
		return "••••"
	}
	hidden := len(digits) - 6
	return "+" + digits[:2] + " " + digits[2:3] + strings.Repeat("•", hidden) + " " + digits[len(digits)-3:]
}
