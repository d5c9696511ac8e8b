package api

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
	"ponte/template"
)

// TemplateDraft is one language of a template as it is written here.
type TemplateDraft struct {
	ID            int64               `json:"id"`
	AccountID     int64               `json:"account_id"`
	Name          string              `json:"name"`
	Language      string              `json:"language"`
	Ready         string              `json:"ready" doc:"Key of the ready-made one it began as"`
	Version       int                 `json:"version"`
	State         string              `json:"state" enum:"draft,asked,approved,returned,submitted"`
	Note          string              `json:"note" doc:"Why it was returned"`
	AuthorName    string              `json:"author_name"`
	Mine          bool                `json:"mine" doc:"The caller wrote the latest version"`
	DecidedByName string              `json:"decided_by_name"`
	ActionID      int64               `json:"action_id"`
	ActionState   string              `json:"action_state" doc:"Of the call that submits it; empty: none"`
	ActionMeaning string              `json:"action_meaning"`
	Definition    template.Definition `json:"definition"`
	Preview       template.Preview    `json:"preview"`
	UpdatedAt     time.Time           `json:"updated_at"`
	Template      *TemplateStanding   `json:"template" doc:"What Meta says of it; null: Meta does not have it"`
	Faults        []template.Fault    `json:"faults" doc:"What stands in the way of submitting it"`
}

// TemplateStanding is what Meta says of a template.
type TemplateStanding struct {
	ID            int64  `json:"id"`
	Status        string `json:"status"`
	Category      string `json:"category"`
	CategoryAsked string `json:"category_asked"`
	CategoryNext  string `json:"category_next"`
	Quality       string `json:"quality"`
	Reason        string `json:"reason"`
	Paused        bool   `json:"paused"`
	Deleted       bool   `json:"deleted"`
}

func showDraft(d template.Draft, faults []template.Fault, who *caller, names map[string]string) TemplateDraft {
	out := TemplateDraft{ID: d.ID, AccountID: d.AccountID, Name: d.Name, Language: d.Language, Ready: d.Ready, Version: d.Version, State: string(d.State), Note: d.Note,
		AuthorName: nameOr(names, d.Author), Mine: d.Author == who.Actor(), DecidedByName: nameOr(names, d.DecidedBy), ActionID: deref(d.ActionID), ActionState: d.Action, ActionMeaning: d.ActionWhy,
		Definition: d.Definition, Preview: d.Definition.Show(d.Definition.Examples()), UpdatedAt: d.UpdatedAt.UTC(), Faults: faults}
	if t := d.Template; t != nil {
		out.Template = &TemplateStanding{t.ID, t.Status, t.Category, t.Asked, t.Next, t.Quality, t.Reason, t.PausedBy != "", t.Deleted}
	}
	if out.Faults == nil {
		out.Faults = []template.Fault{}
	}
	return out
}

func (s *Server) listDrafts(ctx context.Context, who *caller, _ *struct{}) (Page[TemplateDraft], error) {
	list, err := template.Drafts(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Page[TemplateDraft]{}, err
	}
	w, err := inbox.LoadWorkspace(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Page[TemplateDraft]{}, err
	}
	names, err := s.actorNames(ctx, who.WorkspaceID)
	if err != nil {
		return Page[TemplateDraft]{}, err
	}
	return pageOf(each(list, func(d template.Draft) TemplateDraft {
		return showDraft(d, template.Examine(d.Name, d.Language, d.Definition, w.BrandName()), who, names)
	}), ""), nil
}

func (s *Server) getDraft(ctx context.Context, who *caller, in *ByID) (TemplateDraft, error) {
	return s.shownDraft(ctx, who, in.ID)
}

func (s *Server) shownDraft(ctx context.Context, who *caller, id int64) (TemplateDraft, error) {
	d, err := template.Load(ctx, s.DB, who.WorkspaceID, id)
	if err != nil {
		return TemplateDraft{}, err
	}
	faults, err := template.Faults(ctx, s.DB, d)
	if err != nil {
		return TemplateDraft{}, err
	}
	names, err := s.actorNames(ctx, who.WorkspaceID)
	return showDraft(d, faults, who, names), err
}

// NewTemplateDraft is a draft to be made.
type NewTemplateDraft struct {
	AccountID  int64               `json:"account_id"`
	Name       string              `json:"name" maxLength:"600"`
	Language   string              `json:"language" maxLength:"20"`
	Definition template.Definition `json:"definition"`
}

type newDraftIn struct{ Body NewTemplateDraft }

func (s *Server) addDraft(ctx context.Context, who *caller, in *newDraftIn) (TemplateDraft, error) {
	var id int64
	err := s.change(ctx, func(tx *sqlx.Tx) (err error) {
		b := in.Body
		id, err = template.Add(ctx, tx, who.WorkspaceID, template.NewDraft{AccountID: b.AccountID, Name: b.Name, Language: b.Language, Definition: b.Definition}, who.Actor())
		return err
	})
	if err != nil {
		return TemplateDraft{}, err
	}
	return s.shownDraft(ctx, who, id)
}

type draftIn struct {
	ByID
	Body struct {
		Version    int                 `json:"version" doc:"The version the change was made from"`
		Definition template.Definition `json:"definition"`
	}
}

func (s *Server) setDraft(ctx context.Context, who *caller, in *draftIn) (TemplateDraft, error) {
	return s.onDraft(ctx, who, in.ID, func(tx *sqlx.Tx) error {
		return template.Rewrite(ctx, tx, who.WorkspaceID, in.ID, in.Body.Version, in.Body.Definition, who.Actor())
	})
}

func (s *Server) onDraft(ctx context.Context, who *caller, id int64, do func(*sqlx.Tx) error) (TemplateDraft, error) {
	if err := s.change(ctx, do); err != nil {
		return TemplateDraft{}, err
	}
	return s.shownDraft(ctx, who, id)
}

func (s *Server) removeDraft(ctx context.Context, who *caller, in *ByID) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		return template.Remove(ctx, tx, who.WorkspaceID, in.ID, who.Actor())
	})
}

type draftVersionIn struct {
	ByID
	Body struct {
		Version int    `json:"version" doc:"The version that was looked at"`
		Reason  string `json:"reason,omitempty" maxLength:"1000"`
	}
}

func (s *Server) askDraft(ctx context.Context, who *caller, in *draftVersionIn) (TemplateDraft, error) {
	return s.onDraft(ctx, who, in.ID, func(tx *sqlx.Tx) error {
		return template.Ask(ctx, tx, who.WorkspaceID, in.ID, in.Body.Version, who.asWho())
	})
}

func (s *Server) approveDraft(ctx context.Context, who *caller, in *draftVersionIn) (TemplateDraft, error) {
	return s.onDraft(ctx, who, in.ID, func(tx *sqlx.Tx) error {
		return template.Approve(ctx, tx, who.WorkspaceID, in.ID, in.Body.Version, who.asWho())
	})
}

func (s *Server) returnDraft(ctx context.Context, who *caller, in *draftVersionIn) (TemplateDraft, error) {
	return s.onDraft(ctx, who, in.ID, func(tx *sqlx.Tx) error {
		return template.Return(ctx, tx, who.WorkspaceID, in.ID, in.Body.Version, in.Body.Reason, who.asWho())
	})
}

func (s *Server) submitDraft(ctx context.Context, who *caller, in *draftVersionIn) (TemplateDraft, error) {
	return s.onDraft(ctx, who, in.ID, func(tx *sqlx.Tx) error {
		_, err := template.Submit(ctx, tx, who.WorkspaceID, in.ID, in.Body.Version, s.Now(), who.asWho())
		return err
	})
}

// TemplateVersion is one text of a draft, what changed in it, and what became of it.
type TemplateVersion struct {
	Version         int                 `json:"version"`
	State           string              `json:"state" enum:"draft,asked,approved,returned,submitted"`
	Note            string              `json:"note"`
	AuthorName      string              `json:"author_name"`
	CreatedAt       time.Time           `json:"created_at"`
	DecidedByName   string              `json:"decided_by_name"`
	DecidedAt       *time.Time          `json:"decided_at"`
	Alone           bool                `json:"alone" doc:"Approved by its author, because nobody else could"`
	SubmittedByName string              `json:"submitted_by_name"`
	SubmittedAt     *time.Time          `json:"submitted_at"`
	ActionState     string              `json:"action_state"`
	ActionMeaning   string              `json:"action_meaning"`
	Definition      template.Definition `json:"definition"`
	Changes         []template.Change   `json:"changes" doc:"Against the version before"`
}

func (s *Server) draftVersions(ctx context.Context, who *caller, in *ByID) (Page[TemplateVersion], error) {
	list, err := template.Versions(ctx, s.DB, who.WorkspaceID, in.ID)
	if err != nil {
		return Page[TemplateVersion]{}, err
	}
	names, err := s.actorNames(ctx, who.WorkspaceID)
	if err != nil {
		return Page[TemplateVersion]{}, err
	}
	return pageOf(each(list, func(v template.Version) TemplateVersion {
		return TemplateVersion{v.Number, string(v.State), v.Note, nameOr(names, v.Author), v.CreatedAt.UTC(), nameOr(names, v.DecidedBy), utc(v.DecidedAt), v.Alone, nameOr(names, v.SubmittedBy), utc(v.SubmittedAt),
			v.Action, v.ActionWhy, v.Definition, v.Changes}
	}), ""), nil
}

type checkIn struct {
	Body struct {
		Name       string              `json:"name" maxLength:"600"`
		Language   string              `json:"language" maxLength:"20"`
		Definition template.Definition `json:"definition"`
	}
}

// TemplateCheck says what Meta would refuse a text for, and how a phone shows it.
type TemplateCheck struct {
	Faults    []template.Fault    `json:"faults"`
	Preview   template.Preview    `json:"preview" doc:"With the examples in place of the variables"`
	Variables []template.Variable `json:"variables" doc:"Those of the text, with what is known of each"`
}

func (s *Server) checkTemplate(ctx context.Context, who *caller, in *checkIn) (TemplateCheck, error) {
	w, err := inbox.LoadWorkspace(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return TemplateCheck{}, err
	}
	d := in.Body.Definition.Tidy()
	out := TemplateCheck{Faults: template.Examine(in.Body.Name, template.CleanLanguage(in.Body.Language), d, w.BrandName()), Preview: d.Show(d.Examples()), Variables: d.Variables}
	if out.Variables == nil {
		out.Variables = []template.Variable{}
	}
	return out, nil
}

// ReadyTemplate is a template that ships with the product.
type ReadyTemplate struct {
	Key       string          `json:"key"`
	Playbook  string          `json:"playbook"`
	Category  string          `json:"category" enum:"MARKETING,UTILITY"`
	OnlyOpen  bool            `json:"only_open" doc:"Asks for consent to offers: only where a conversation is open"`
	Languages []ReadyLanguage `json:"languages"`
}

// ReadyLanguage is a ready-made template in one language.
type ReadyLanguage struct {
	Language   string              `json:"language"`
	Definition template.Definition `json:"definition"`
	Preview    template.Preview    `json:"preview"`
}

func (s *Server) listReady(ctx context.Context, who *caller, _ *struct{}) (Page[ReadyTemplate], error) {
	w, err := inbox.LoadWorkspace(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Page[ReadyTemplate]{}, err
	}
	list, err := template.Ready(w.BrandName())
	if err != nil {
		return Page[ReadyTemplate]{}, err
	}
	return pageOf(each(list, func(r template.ReadyTemplate) ReadyTemplate {
		out := ReadyTemplate{r.Key, r.Playbook, r.Category, r.OnlyOpen, []ReadyLanguage{}}
		for _, l := range template.ReadyLanguages {
			if d, ok := r.Languages[l]; ok {
				out.Languages = append(out.Languages, ReadyLanguage{l, d, d.Show(d.Examples())})
			}
		}
		return out
	}), ""), nil
}

type addReadyIn struct {
	Body struct {
		AccountID int64    `json:"account_id"`
		Keys      []string `json:"keys,omitempty" maxItems:"100" doc:"None: all"`
		Languages []string `json:"languages,omitempty" maxItems:"20" doc:"None: all"`
	}
}

func (s *Server) addReady(ctx context.Context, who *caller, in *addReadyIn) (Page[template.AddedReady], error) {
	var out []template.AddedReady
	err := s.change(ctx, func(tx *sqlx.Tx) (err error) {
		out, err = template.AddReady(ctx, tx, who.WorkspaceID, template.ReadyWish{AccountID: in.Body.AccountID, Keys: in.Body.Keys, Languages: in.Body.Languages}, who.Actor())
		return err
	})
	return pageOf(out, ""), err
}
