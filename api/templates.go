package api

import (
	"context"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/fault"
	"ponte/inbox"
	"ponte/outbox"
	"ponte/template"
)

// Template is a WhatsApp message template as Meta has it.
type Template struct {
	ID             int64               `json:"id"`
	Name           string              `json:"name"`
	Language       string              `json:"language"`
	Category       string              `json:"category"`
	Status         string              `json:"status"`
	Body           string              `json:"body"`
	Parameters     int                 `json:"parameters" doc:"Variables of the body"`
	AccountID      int64               `json:"account_id"`
	Quality        string              `json:"quality"`
	Reason         string              `json:"reason" doc:"Why the network rejected or paused it, where it said so"`
	SyncedAt       time.Time           `json:"synced_at"`
	StatusAt       *time.Time          `json:"status_at"`
	CategoryAsked  string              `json:"category_asked" doc:"What was submitted; another category is Meta's doing"`
	CategoryNext   string              `json:"category_next" doc:"What Meta announced to change it to"`
	CategoryNextAt *time.Time          `json:"category_next_at"`
	Paused         bool                `json:"paused" doc:"A member took it out of use here"`
	DraftID        int64               `json:"draft_id" doc:"0: written elsewhere"`
	Editable       bool                `json:"editable" doc:"All of it can be written here"`
	Definition     template.Definition `json:"definition"`
	Preview        template.Preview    `json:"preview"`
}

func showTemplate(l template.Listed) Template {
	params := 0
	for _, v := range l.Definition.Uses() {
		if v.In == "body" {
			params++
		}
	}
	return Template{ID: l.ID, Name: l.Name, Language: l.Language, Category: l.Category, Status: l.Status, Body: l.Definition.Body, Parameters: params, AccountID: l.AccountID,
		Quality: l.Quality, Reason: l.Reason, SyncedAt: l.SyncedAt.UTC(), StatusAt: utc(l.StatusAt), CategoryAsked: l.Asked, CategoryNext: l.Next, CategoryNextAt: utc(l.NextAt),
		Paused: l.PausedBy != "", DraftID: deref(l.DraftID), Editable: l.Whole, Definition: l.Definition, Preview: l.Definition.Show(l.Definition.Examples())}
}

type templatesIn struct {
	AccountID int64 `query:"account_id"`
	Deleted   bool  `query:"deleted" doc:"Those that Meta has no more as well"`
}

func (s *Server) listTemplates(ctx context.Context, who *caller, in *templatesIn) (Page[Template], error) {
	list, err := template.List(ctx, s.DB, who.WorkspaceID, in.AccountID, in.Deleted)
	if err != nil {
		return Page[Template]{}, err
	}
	return pageOf(each(list, showTemplate), ""), nil
}

// Synced says how many templates were read.
type Synced struct {
	Templates int `json:"templates"`
}

func (s *Server) syncTemplates(ctx context.Context, who *caller, _ *nothingIn) (Synced, error) {
	if s.SyncTemplates == nil {
		return Synced{}, fault.New(fault.Unavailable, "templates are not read in this process")
	}
	n, err := s.SyncTemplates(ctx, who.WorkspaceID)
	return Synced{n}, err
}

// TemplateEvent is one line of a template's history.
type TemplateEvent struct {
	At        time.Time `json:"at"`
	Field     string    `json:"field" enum:"status,quality,category,category_notice,components,paused"`
	Value     string    `json:"value"`
	Previous  string    `json:"previous"`
	Reason    string    `json:"reason"`
	Source    string    `json:"source" enum:"webhook,sync,answer,member"`
	ActorName string    `json:"actor_name"`
}

func (s *Server) templateHistory(ctx context.Context, who *caller, in *ByID) (Page[TemplateEvent], error) {
	list, err := template.History(ctx, s.DB, who.WorkspaceID, in.ID)
	if err != nil {
		return Page[TemplateEvent]{}, err
	}
	names, err := s.actorNames(ctx, who.WorkspaceID)
	if err != nil {
		return Page[TemplateEvent]{}, err
	}
	return pageOf(each(list, func(e template.Event) TemplateEvent {
		return TemplateEvent{e.At.UTC(), e.Field, e.Value, e.Previous, e.Reason, e.Source, nameOr(names, e.Actor)}
	}), ""), nil
}

func (w *caller) asWho() template.Who { return template.Who{Actor: w.Actor(), UserID: w.UserID} }

type reasonIn struct {
	ByID
	Body struct {
		Reason string `json:"reason,omitempty" maxLength:"500"`
	}
}

func (s *Server) pauseTemplate(ctx context.Context, who *caller, in *reasonIn) (Template, error) {
	return s.onTemplate(ctx, who, in.ID, func(tx *sqlx.Tx) error {
		return template.Pause(ctx, tx, who.WorkspaceID, in.ID, in.Body.Reason, s.Now(), who.asWho())
	})
}

func (s *Server) resumeTemplate(ctx context.Context, who *caller, in *emptyIn) (Template, error) {
	return s.onTemplate(ctx, who, in.ID, func(tx *sqlx.Tx) error {
		return template.Resume(ctx, tx, who.WorkspaceID, in.ID, s.Now(), who.asWho())
	})
}

func (s *Server) onTemplate(ctx context.Context, who *caller, id int64, do func(*sqlx.Tx) error) (Template, error) {
	if err := s.change(ctx, do); err != nil {
		return Template{}, err
	}
	l, err := template.Find(ctx, s.DB, who.WorkspaceID, id)
	return showTemplate(l), err
}

// Planned names the action that was planned.
type Planned struct {
	ActionID int64 `json:"action_id"`
}

func (s *Server) deleteTemplate(ctx context.Context, who *caller, in *ByID) (Planned, error) {
	return s.planned(ctx, func(tx *sqlx.Tx) (int64, error) {
		return template.Delete(ctx, tx, who.WorkspaceID, in.ID, s.Now(), who.asWho())
	})
}

func (s *Server) unpauseTemplate(ctx context.Context, who *caller, in *emptyIn) (Planned, error) {
	return s.planned(ctx, func(tx *sqlx.Tx) (int64, error) {
		return template.Unpause(ctx, tx, who.WorkspaceID, in.ID, s.Now(), who.asWho())
	})
}

func (s *Server) planned(ctx context.Context, do func(*sqlx.Tx) (int64, error)) (Planned, error) {
	var out Planned
	err := s.change(ctx, func(tx *sqlx.Tx) (err error) {
		out.ActionID, err = do(tx)
		return err
	})
	return out, err
}

// importTemplate makes a draft of a template that was written elsewhere.
func (s *Server) importTemplate(ctx context.Context, who *caller, in *emptyIn) (TemplateDraft, error) {
	var id int64
	err := s.change(ctx, func(tx *sqlx.Tx) (err error) {
		id, err = template.Import(ctx, tx, who.WorkspaceID, in.ID, who.Actor())
		return err
	})
	if err != nil {
		return TemplateDraft{}, err
	}
	return s.shownDraft(ctx, who, id)
}

// fillTemplate makes the message of a template: what the agent gave, else what is known of the person.
func (s *Server) fillTemplate(ctx context.Context, tx *sqlx.Tx, t inbox.Thread, body SendMessage, call *channels.Call, a *outbox.Action) error {
	if t.Channel != string(channels.WhatsApp) {
		return fault.Field("template_id", "templates are for WhatsApp only")
	}
	l, err := template.Of(ctx, tx, t.WorkspaceID, t.AccountID, body.TemplateID)
	if err != nil {
		return err
	}
	given, err := givenValues(l, body)
	if err != nil {
		return err
	}
	person, sender, err := template.Facts(ctx, tx, t.WorkspaceID, t.ContactID)
	if err != nil {
		return err
	}
	m, _, err := l.Compose(given, body.Media, person, sender)
	if err != nil {
		return err
	}
	a.Bubble.Text, a.Bubble.Type, a.Purpose = m.Text, "template", "service"
	a.ValidUntil = s.Now().Add(24 * time.Hour)
	call.Kind, call.Template = channels.SendTemplate, &m.Call
	return nil
}

// givenValues are the agent's values: by place, or those of the body in their order.
func givenValues(l template.Listed, body SendMessage) (template.Values, error) {
	given := template.Values{}
	var inBody []template.Variable
	known := map[string]bool{}
	for _, v := range l.Definition.Uses() {
		known[template.Key(v.In, v.Name)] = true
		if v.In == "body" {
			inBody = append(inBody, v)
		}
	}
	if len(body.Parameters) > 0 && len(body.Parameters) != len(inBody) {
		return nil, fault.Field("parameters", "template «%s» takes %d parameters, %d were given", l.Name, len(inBody), len(body.Parameters))
	}
	for i, p := range body.Parameters {
		given[template.Key("body", inBody[i].Name)] = p
	}
	for k, v := range body.Values {
		if !known[k] {
			return nil, fault.Field("values", "template «%s» has no variable %q", l.Name, k)
		}
		given[k] = v
	}
	if body.Media != "" && !strings.HasPrefix(body.Media, "https://") {
		return nil, fault.Field("media", "the file's address must begin with https://")
	}
	return given, nil
}
