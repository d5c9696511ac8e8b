package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"ponte/booking"
	"ponte/fault"
	"ponte/flow"
	"ponte/flow/live"
	"ponte/inbox"
	"ponte/moderation"
)

// PlayMove is what somebody who rehearses a flow does: one of text, payload, silent, outcome.
type PlayMove struct {
	Text         string       `json:"text,omitempty" maxLength:"4096"`
	Payload      string       `json:"payload,omitempty" maxLength:"256" doc:"Of the button or row that is tapped"`
	Silent       bool         `json:"silent,omitempty" doc:"Nothing is written until the time runs out"`
	Outcome      *PlayOutcome `json:"outcome,omitempty" doc:"What a call comes back with"`
	AfterMinutes int          `json:"after_minutes,omitempty" minimum:"0" maximum:"100000"`
}

// PlayOutcome stands for the answer of another system.
type PlayOutcome struct {
	Status  int    `json:"status" minimum:"0" maximum:"599"`
	Body    string `json:"body,omitempty" maxLength:"65536"`
	Failure string `json:"failure,omitempty" maxLength:"40"`
}

type playIn struct {
	ByID
	Body struct {
		Document string            `json:"document,omitempty" maxLength:"524288" doc:"Left out: the draft as it is kept"`
		Language string            `json:"language,omitempty" maxLength:"5"`
		Contact  map[string]string `json:"contact,omitempty" doc:"Contact fields, as {\"name\": \"Ada Byrne\"}"`
		Now      *time.Time        `json:"now,omitempty" doc:"When it is played; left out: now"`
		Moves    []PlayMove        `json:"moves" maxItems:"200"`
	}
}

// Played is a rehearsal: what would be said and done, and where the flow is.
type Played struct {
	Turns []PlayedTurn `json:"turns" doc:"The first is the beginning; then one for each move"`
}

// PlayedTurn is what follows from one move.
type PlayedTurn struct {
	Says    []PlayedSay       `json:"says"`
	Does    []PlayedDeed      `json:"does"`
	Note    string            `json:"note"`
	Step    string            `json:"step"`
	Waiting string            `json:"waiting" doc:"answer, consent, message, outcome, ended"`
	Why     string            `json:"why" doc:"How it ended"`
	Due     *time.Time        `json:"due" doc:"When the time runs out that it waits for"`
	Answers map[string]string `json:"answers"`
	At      time.Time         `json:"at"`
}

// PlayedSay is a message as the person would see it.
type PlayedSay struct {
	Kind        string         `json:"kind" enum:"say,ask_consent,template"`
	Text        string         `json:"text"`
	Language    string         `json:"language"`
	Wanted      string         `json:"wanted" doc:"The person's language, where the text lacks it"`
	Options     []PlayedOption `json:"options" doc:"Buttons, or the rows of a list"`
	ListButton  string         `json:"list_button" doc:"What opens the list; empty: they are buttons"`
	LinkTitle   string         `json:"link_title"`
	LinkURL     string         `json:"link_url"`
	Media       string         `json:"media" doc:"Kind and address of a picture or file"`
	Promotional bool           `json:"promotional"`
	Step        string         `json:"step"`
}

// PlayedOption can be tapped.
type PlayedOption struct {
	Payload     string `json:"payload"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

// PlayedDeed is something beside words: labels, a team, a call, a goal.
type PlayedDeed struct {
	Kind   string `json:"kind"`
	Detail string `json:"detail"`
	Step   string `json:"step"`
}

func (s *Server) playFlow(ctx context.Context, who *caller, in *playIn) (Played, error) {
	f, err := live.Get(ctx, s.DB, who.WorkspaceID, in.ID, false)
	if err != nil {
		return Played{}, err
	}
	document := f.Draft
	if in.Body.Document != "" {
		document = in.Body.Document
	}
	parsed, err := flow.Parse([]byte(document))
	var bad flow.Faults
	if errors.As(err, &bad) {
		return Played{}, fault.Field("document", "it cannot be played yet: %s", bad[0])
	}
	if err != nil {
		return Played{}, err
	}
	parsed, scene, err := s.playScene(ctx, who.WorkspaceID, parsed, in)
	if err != nil {
		return Played{}, err
	}
	moves := make([]flow.Move, len(in.Body.Moves))
	for i, m := range in.Body.Moves {
		moves[i] = flow.Move{After: time.Duration(m.AfterMinutes) * time.Minute, Text: m.Text, Payload: m.Payload, Silent: m.Silent, Wish: wishIn(m.Text)}
		if m.Outcome != nil {
			moves[i].Outcome = &flow.Input{Status: m.Outcome.Status, Body: m.Outcome.Body, Failure: m.Outcome.Failure}
		}
	}
	replies, err := flow.Rehearse(parsed, scene, moves)
	if errors.Is(err, flow.ErrNoTimer) {
		return Played{}, fault.Field(fmt.Sprintf("moves[%d].silent", len(replies)-1), "%v", err)
	}
	if err != nil {
		return Played{}, err
	}
	wordings, err := s.offersWording(ctx, who.WorkspaceID)
	if err != nil {
		return Played{}, err
	}
	return Played{each(replies, func(r flow.Reply) PlayedTurn { return showReply(r, wordings) })}, nil
}

// playScene is the person and the moment of a rehearsal, with the calendar as it is.
func (s *Server) playScene(ctx context.Context, workspace int64, f *flow.Flow, in *playIn) (*flow.Flow, flow.Context, error) {
	w, err := inbox.LoadWorkspace(ctx, s.DB, workspace)
	if err != nil {
		return nil, flow.Context{}, err
	}
	services, err := booking.Services(ctx, s.DB, workspace)
	if err != nil {
		return nil, flow.Context{}, err
	}
	now := s.Now().UTC()
	if in.Body.Now != nil {
		now = in.Body.Now.UTC()
	}
	language := in.Body.Language
	if language == "" {
		language = f.Default
	}
	contact := map[string]string{"name": "Ada Byrne"}
	for k, v := range in.Body.Contact {
		contact[k] = v
	}
	free := &playCalendar{db: booking.Calendar{Ctx: ctx, Q: s.DB, Services: services, Now: now}, own: flow.Calendar{Hours: f.Hours, Now: now}}
	out := flow.Context{Now: now, Zone: w.Zone(), Language: language, Brand: w.BrandName(), Contact: contact, Slots: free}
	return f.With(each(services, booking.Service.ForFlow)), out, nil
}

// playCalendar offers the times of the services that there are, and of those that publishing would make.
type playCalendar struct {
	db  booking.Calendar
	own flow.Calendar
}

// Free returns free starts.
func (c *playCalendar) Free(sv flow.Service, after time.Time, most int) []time.Time {
	if slices.ContainsFunc(c.db.Services, func(have booking.Service) bool { return have.Key == sv.ID }) {
		return c.db.Free(sv, after, most)
	}
	return c.own.Free(sv, after, most)
}

// wishIn asks the recogniser that hears real messages.
func wishIn(text string) flow.Wish {
	if text == "" {
		return flow.NoWish
	}
	return live.WishOf(playEngine().Judge(moderation.Input{Subject: moderation.SubjectMessage, Channel: "whatsapp", Text: text, Booking: true}))
}

// offersWording returns the workspace's wording for offers by language, the newest of each.
func (s *Server) offersWording(ctx context.Context, workspace int64) (map[string]string, error) {
	var rows []struct {
		Language string `db:"language"`
		Text     string `db:"text"`
	}
	if err := s.DB.SelectContext(ctx, &rows, `SELECT DISTINCT ON (language) language, text FROM consent_wordings WHERE workspace_id = $1 AND name = 'offers' ORDER BY language, version DESC`, workspace); err != nil {
		return nil, fmt.Errorf("load the wordings: %w", err)
	}
	out := map[string]string{}
	for _, r := range rows {
		out[r.Language] = r.Text
	}
	return out, nil
}

func showReply(r flow.Reply, wordings map[string]string) PlayedTurn {
	out := PlayedTurn{Says: []PlayedSay{}, Does: []PlayedDeed{}, Note: r.Note, Step: r.State.Step, Waiting: string(r.State.Waiting), Why: r.State.Why, Answers: r.State.Answers, At: r.At.UTC()}
	if out.Answers == nil {
		out.Answers = map[string]string{}
	}
	if !r.State.Due.IsZero() {
		out.Due = utc(&r.State.Due)
	}
	for _, e := range r.Effects {
		switch e.Kind {
		case flow.Say, flow.AskConsent, flow.SendTemplate:
			out.Says = append(out.Says, showSay(e, wordings))
		case flow.Note, flow.StartTimer:
		default:
			out.Does = append(out.Does, PlayedDeed{string(e.Kind), deed(e), e.Step})
		}
	}
	return out
}

func showSay(e flow.Effect, wordings map[string]string) PlayedSay {
	out := PlayedSay{Kind: string(e.Kind), Text: e.Text, Language: e.Language, Wanted: e.Wanted, Options: []PlayedOption{}, Promotional: e.Promotional, Step: e.Step}
	options := e.Buttons
	if e.List != nil {
		out.ListButton, options = e.List.Button, e.List.Rows
	}
	for _, o := range options {
		out.Options = append(out.Options, PlayedOption{o.ID, o.Title, o.Description})
	}
	if e.Link != nil {
		out.LinkTitle, out.LinkURL = e.Link.Title, e.Link.URL
	}
	if e.Media != nil {
		out.Media = e.Media.Type + " " + e.Media.URL
	}
	switch e.Kind {
	case flow.AskConsent:
		if out.Text = wordings[e.Language]; out.Text == "" {
			out.Text = wordings["en"]
		}
	case flow.SendTemplate:
		out.Text = e.Template + ": " + strings.Join(e.Variables, " · ")
	}
	return out
}

// deed says in a few words what would be done.
func deed(e flow.Effect) string {
	switch e.Kind {
	case flow.Labels:
		var parts []string
		for _, l := range e.Add {
			parts = append(parts, "+"+l)
		}
		for _, l := range e.Remove {
			parts = append(parts, "−"+l)
		}
		return strings.Join(parts, " ")
	case flow.SetFields:
		b, _ := json.Marshal(e.Fields) // a map of texts
		return string(b)
	case flow.Assign, flow.HandOver:
		return strings.TrimSpace(strings.Join([]string{e.Team, e.Skill, e.Reason}, " "))
	case flow.ConsentGiven:
		return e.Act + " " + e.Purpose
	case flow.Request:
		return e.Call.Method + " " + e.Call.URL
	case flow.Goal:
		if e.Goal.Currency != "" {
			return fmt.Sprintf("%s %g %s", e.Goal.Name, e.Goal.Value, e.Goal.Currency)
		}
		return e.Goal.Name
	case flow.BookingDo:
		return e.Book.Do + " " + e.Book.Service + " " + e.Book.Start.UTC().Format(time.RFC3339)
	}
	return ""
}

// playEngine recognises wishes as the shipped rules and model do.
var playEngine = sync.OnceValue(func() *moderation.Engine {
	e, err := moderation.EngineFor(nil, nil)
	if err != nil {
		panic(err) // what is shipped is read by every test
	}
	return e
})
