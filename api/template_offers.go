package api

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"ponte/channels"
	"ponte/fault"
	"ponte/gate"
	"ponte/template"
)

// TemplateOffer is a template that could go to this person now.
type TemplateOffer struct {
	TemplateID int64              `json:"template_id"`
	Name       string             `json:"name"`
	Language   string             `json:"language"`
	Why        string             `json:"why" enum:"exact,base,fallback" doc:"Why this language: the person's own, the same without or with another region, or the workspace's"`
	Category   string             `json:"category"`
	Quality    string             `json:"quality" doc:"The network's rating: RED says that people block or report it; a service message goes out with it all the same"`
	Fits       bool               `json:"fits" doc:"It is for what the person last wanted"`
	Variables  []template.Filled  `json:"variables" doc:"With what is known of this person"`
	NeedsMedia bool               `json:"needs_media"`
	Preview    template.Preview   `json:"preview"`
	Gate       TemplateOfferState `json:"gate"`
}

// TemplateOfferState is what the gate would say at this moment. It is asked again when the message goes.
type TemplateOfferState struct {
	Verb    string     `json:"verb" enum:"allow,refuse,defer,hold,expire"`
	Code    string     `json:"code"`
	Meaning string     `json:"meaning"`
	Until   *time.Time `json:"until"`
	Purpose string     `json:"purpose"`
}

// TemplateOffers are the templates for a conversation, the best first.
type TemplateOffers struct {
	Items  []TemplateOffer `json:"items"`
	Window CareWindow      `json:"window"`
	Note   string          `json:"note" doc:"Why there is none"`
}

// maxOffers bounds how many templates are asked about at the gate.
const maxOffers = 40

// offerTemplates lists what may be sent by template, with the gate's answer now. Nothing is claimed and
// nothing is written.
func (s *Server) offerTemplates(ctx context.Context, who *caller, in *ByID) (TemplateOffers, error) {
	out := TemplateOffers{Items: []TemplateOffer{}}
	talk, err := s.offerTalk(ctx, who.WorkspaceID, in.ID)
	if err != nil {
		return out, err
	}
	out.Window = windowOf(talk.Channel, talk.LastInAt, s.Now())
	if talk.Channel != string(channels.WhatsApp) || talk.ThreadID == 0 {
		out.Note = "templates are for WhatsApp only"
		return out, nil
	}
	list, err := template.List(ctx, s.DB, who.WorkspaceID, talk.AccountID, false)
	if err != nil {
		return out, err
	}
	person, sender, err := template.Facts(ctx, s.DB, who.WorkspaceID, talk.ContactID)
	if err != nil {
		return out, err
	}
	found := template.Candidates(list, template.Occasion{Language: talk.language(), Fallback: talk.Locale, Intent: talk.Intent, Open: out.Window.Open}, person, sender)
	if len(found) == 0 {
		out.Note = "no template is approved in this person's language or the workspace's"
		return out, nil
	}
	found = found[:min(len(found), maxOffers)]
	states, err := s.dryRun(ctx, who, talk, found)
	if err != nil {
		return out, err
	}
	byID := map[int64]TemplateOfferState{}
	for i := range found {
		found[i].Verb = states[i].Verb
		byID[found[i].ID] = states[i]
	}
	template.Rank(found)
	for _, c := range found {
		media := c.Definition.Header != nil && c.Definition.Header.Format != "TEXT" && c.Definition.Header.Sample == ""
		out.Items = append(out.Items, TemplateOffer{c.ID, c.Name, c.Language, c.Choice.Why, c.Category, c.Quality, c.Fits, c.Filled, media, c.Definition.Show(template.AsValues(c.Filled)), byID[c.ID]})
	}
	return out, nil
}

type offerTalk struct {
	AccountID  int64      `db:"account_id"`
	Channel    string     `db:"channel"`
	ThreadID   int64      `db:"thread_id"`
	ContactID  int64      `db:"contact_id"`
	IdentityID int64      `db:"identity_id"`
	External   string     `db:"external_id"`
	Phone      string     `db:"phone"`
	LastInAt   *time.Time `db:"last_in_at"`
	Language   string     `db:"language"`
	Person     string     `db:"person_language"`
	Locale     string     `db:"locale"`
	Intent     string     `db:"intent"`
}

func (t offerTalk) language() string {
	if t.Language != "" {
		return t.Language
	}
	return t.Person
}

func (s *Server) offerTalk(ctx context.Context, workspace, id int64) (offerTalk, error) {
	var t offerTalk
	err := s.DB.GetContext(ctx, &t, `
SELECT v.account_id, v.channel, coalesce(v.thread_id, 0) AS thread_id, v.contact_id, coalesce(h.identity_id, 0) AS identity_id, coalesce(i.external_id, '') AS external_id,
       coalesce(i.phone, '') AS phone, h.last_in_at, v.language, c.language AS person_language, w.locale,
       coalesce((SELECT d.verdict->>'intent' FROM messages m JOIN verdicts d ON d.workspace_id = m.workspace_id AND d.id = m.verdict_id
                 WHERE m.workspace_id = v.workspace_id AND m.conversation_id = v.id AND m.direction = 'in' ORDER BY m.at DESC, m.id DESC LIMIT 1), '') AS intent
FROM conversations v JOIN contacts c ON c.workspace_id = v.workspace_id AND c.id = v.contact_id JOIN workspaces w ON w.id = v.workspace_id
LEFT JOIN threads h ON h.workspace_id = v.workspace_id AND h.id = v.thread_id
LEFT JOIN identities i ON i.workspace_id = h.workspace_id AND i.id = h.identity_id
WHERE v.workspace_id = $1 AND v.id = $2`, workspace, id)
	if errors.Is(err, sql.ErrNoRows) {
		return t, fault.New(fault.NotFound, "conversation %d does not exist in this workspace", id)
	}
	if err != nil {
		return t, fmt.Errorf("load conversation %d: %w", id, err)
	}
	return t, nil
}

// dryRun asks about each candidate by itself, because one that is allowed would count against the caps of
// the next; those that promote nothing count against nothing and are asked together.
func (s *Server) dryRun(ctx context.Context, who *caller, t offerTalk, list []template.Candidate) ([]TemplateOfferState, error) {
	g := gate.Gate{Ledger: s.Ledger}
	now := s.Now()
	out := make([]TemplateOfferState, len(list))
	var plain []gate.Request
	var at []int
	for i, c := range list {
		values := template.AsValues(c.Filled)
		raw, err := c.Definition.Preliminary(values)
		if err != nil {
			return nil, err
		}
		r := gate.Request{WorkspaceID: who.WorkspaceID, AccountID: t.AccountID, ContactID: t.ContactID, IdentityID: t.IdentityID, Purpose: gate.Service, Origin: gate.Origin(origin(who)),
			Call:      channels.Call{Kind: channels.SendTemplate, Channel: channels.WhatsApp, To: t.External, Phone: t.Phone, Template: &channels.TemplateSend{Name: c.Name, Language: c.Language, Components: raw}},
			NotBefore: now, ValidUntil: now.Add(24 * time.Hour)}
		if c.Category == template.Utility {
			plain, at = append(plain, r), append(at, i)
			continue
		}
		d, err := g.Check(ctx, s.DB, r, now)
		if err != nil {
			return nil, err
		}
		out[i] = showGate(d)
	}
	all, err := g.CheckAll(ctx, s.DB, plain, now)
	if err != nil {
		return nil, err
	}
	for k, d := range all {
		out[at[k]] = showGate(d)
	}
	return out, nil
}

func showGate(d gate.Decision) TemplateOfferState {
	out := TemplateOfferState{Verb: string(d.Verb), Code: d.Code, Meaning: d.Meaning, Purpose: string(d.Purpose)}
	if !d.Until.IsZero() {
		until := d.Until.UTC()
		out.Until = &until
	}
	return out
}
