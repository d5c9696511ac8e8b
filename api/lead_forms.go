package api

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/consent"
	"ponte/fault"
	"ponte/inbox"
	"ponte/router"
	"ponte/template"
)

// LeadForm says what the box of a lead form means; without an id it is a form that leads came by and
// nobody has told the meaning of.
type LeadForm struct {
	ID        int64  `json:"id" db:"id" doc:"0: nobody has told what its box means"`
	FormID    string `json:"form_id" db:"form_id"`
	Name      string `json:"name" db:"name"`
	AccountID int64  `json:"account_id" db:"account_id"`
	BoxKey    string `json:"box_key" db:"box_key"`
	Wording   string `json:"wording" db:"wording"`
	WordingID int64  `json:"wording_id" db:"wording_id"`
	Language  string `json:"language" db:"language"`
	Purpose   string `json:"purpose" db:"purpose" enum:"service,promotional"`
	Template  string `json:"template" db:"template"`
	Label     string `json:"label" db:"label"`
	Leads     int    `json:"leads" db:"leads"`
	Tasks     int    `json:"tasks" db:"tasks" doc:"Leads of it that wait for a person"`

	Unready string `json:"unready" db:"-" enum:"missing,not_approved,marketing," doc:"Why its first message could not be sent now: the number has no such template, none that may be sent in a language that suits, or it counts as an offer and the box does not. Its leads then wait for a person"`

	Boxes inbox.Strings `json:"boxes" db:"boxes" doc:"Keys of boxes as they came with the newest leads of a form nobody has told of"`
}

const sqlLeadForms = `
SELECT f.id, f.form_id, f.name, f.account_id, f.box_key, w.text AS wording, f.wording_id, f.language, f.purpose, f.template, f.label,
       (SELECT count(*) FROM leads l WHERE l.workspace_id = f.workspace_id AND l.form_id = f.form_id) AS leads,
       (SELECT count(*) FROM leads l WHERE l.workspace_id = f.workspace_id AND l.form_id = f.form_id AND l.task = 'open') AS tasks, '{}'::text[] AS boxes
FROM lead_forms f JOIN consent_wordings w ON w.workspace_id = f.workspace_id AND w.id = f.wording_id
WHERE f.workspace_id = $1 AND f.ended_at IS NULL`

// Forms that are not told of are known by their leads; the boxes by the newest of these.
const sqlUntoldForms = `
SELECT 0 AS id, l.form_id, '' AS name, 0 AS account_id, '' AS box_key, '' AS wording, 0 AS wording_id, '' AS language, 'service' AS purpose, '' AS template, '' AS label,
       count(*) AS leads, count(*) FILTER (WHERE l.task = 'open') AS tasks,
       ARRAY(SELECT DISTINCT k FROM (SELECT x.boxes FROM leads x WHERE x.workspace_id = $1 AND x.form_id = l.form_id ORDER BY x.submitted_at DESC LIMIT 20) y, jsonb_object_keys(y.boxes) k ORDER BY k) AS boxes
FROM leads l
WHERE l.workspace_id = $1 AND l.form_id <> '' AND NOT EXISTS (SELECT 1 FROM lead_forms f WHERE f.workspace_id = l.workspace_id AND f.form_id = l.form_id AND f.ended_at IS NULL)
GROUP BY l.form_id ORDER BY max(l.submitted_at) DESC LIMIT 100`

func (s *Server) listLeadForms(ctx context.Context, who *caller, _ *struct{}) (Page[LeadForm], error) {
	list := []LeadForm{}
	if err := s.DB.SelectContext(ctx, &list, sqlLeadForms+` ORDER BY f.id`, who.WorkspaceID); err != nil {
		return Page[LeadForm]{}, fmt.Errorf("list lead forms: %w", err)
	}
	untold := []LeadForm{}
	if err := s.DB.SelectContext(ctx, &untold, sqlUntoldForms, who.WorkspaceID); err != nil {
		return Page[LeadForm]{}, fmt.Errorf("list forms that nobody has told of: %w", err)
	}
	if err := s.readyForms(ctx, who.WorkspaceID, list); err != nil {
		return Page[LeadForm]{}, err
	}
	list = append(untold, list...)
	for i := range list {
		list[i].Boxes = listOf(list[i].Boxes)
	}
	return pageOf(list, ""), nil
}

type leadFormIn struct {
	Body struct {
		FormID    string `json:"form_id" minLength:"1" maxLength:"60" doc:"The network's id of the form"`
		Name      string `json:"name,omitempty" maxLength:"120"`
		AccountID int64  `json:"account_id" doc:"The WhatsApp number that writes first"`
		BoxKey    string `json:"box_key" minLength:"1" maxLength:"120" doc:"Key of the box in the form"`
		Wording   string `json:"wording" minLength:"10" maxLength:"2000" doc:"What stands beside the box, word for word"`
		Language  string `json:"language"`
		Purpose   string `json:"purpose" enum:"service,promotional"`
		Template  string `json:"template" minLength:"1" maxLength:"512" doc:"Name of the first message"`
		Label     string `json:"label,omitempty" maxLength:"60"`
	}
}

// setLeadForm tells what a form's box means; told again, it is the newer that counts for leads to come.
func (s *Server) setLeadForm(ctx context.Context, who *caller, in *leadFormIn) (LeadForm, error) {
	b := in.Body
	if !served(b.Language) {
		return LeadForm{}, notServed(b.Language)
	}
	var id int64
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		if err := ownWhatsApp(ctx, tx, who.WorkspaceID, b.AccountID); err != nil {
			return err
		}
		w, err := inbox.LoadWorkspace(ctx, tx, who.WorkspaceID)
		if err != nil {
			return err
		}
		if !strings.Contains(strings.ToLower(b.Wording), strings.ToLower(w.BrandName())) {
			return fault.Field("wording", "the words beside the box must name the brand, «%s»: a consent is to somebody", w.BrandName())
		}
		if id, err = saveLeadForm(ctx, tx, who, in); err != nil {
			return err
		}
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "lead_form.set", fmt.Sprintf("lead_form:%d", id), map[string]any{"form": b.FormID, "purpose": b.Purpose})
	})
	if err != nil {
		return LeadForm{}, err
	}
	var out LeadForm
	if err := s.DB.GetContext(ctx, &out, sqlLeadForms+` AND f.id = $2`, who.WorkspaceID, id); err != nil {
		return out, fmt.Errorf("load lead form %d: %w", id, err)
	}
	out.Boxes = listOf(out.Boxes)
	one := []LeadForm{out}
	err = s.readyForms(ctx, who.WorkspaceID, one)
	return one[0], err
}

// readyForms notes of each form whether its first message could be sent.
func (s *Server) readyForms(ctx context.Context, workspace int64, forms []LeadForm) error {
	if len(forms) == 0 {
		return nil
	}
	w, err := inbox.LoadWorkspace(ctx, s.DB, workspace)
	if err != nil {
		return err
	}
	lists := map[int64][]template.Listed{}
	for i := range forms {
		f := &forms[i]
		all, read := lists[f.AccountID]
		if !read {
			if all, err = template.List(ctx, s.DB, workspace, f.AccountID, false); err != nil {
				return err
			}
			lists[f.AccountID] = all
		}
		f.Unready = template.FirstMessage(all, f.Template, f.Language, w.Locale, f.Purpose == consent.Promotional)
	}
	return nil
}

func saveLeadForm(ctx context.Context, tx *sqlx.Tx, who *caller, in *leadFormIn) (int64, error) {
	b := in.Body
	wording, err := consent.AddFormWording(ctx, tx, who.WorkspaceID, b.FormID, b.Language, strings.TrimSpace(b.Wording), who.Actor())
	if err != nil {
		return 0, err
	}
	var id int64
	err = tx.GetContext(ctx, &id, `
INSERT INTO lead_forms (workspace_id, form_id, name, account_id, box_key, wording_id, language, purpose, template, label) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (workspace_id, form_id) WHERE ended_at IS NULL DO UPDATE SET name = excluded.name, account_id = excluded.account_id, box_key = excluded.box_key, wording_id = excluded.wording_id,
    language = excluded.language, purpose = excluded.purpose, template = excluded.template, label = excluded.label, updated_at = now() RETURNING id`,
		who.WorkspaceID, b.FormID, b.Name, b.AccountID, b.BoxKey, wording, b.Language, b.Purpose, b.Template, strings.TrimSpace(b.Label))
	if err != nil {
		return 0, fmt.Errorf("keep lead form %s: %w", b.FormID, err)
	}
	return id, nil
}

func (s *Server) removeLeadForm(ctx context.Context, who *caller, in *ByID) error {
	return s.end(ctx, who, "lead_form", "lead_forms", in.ID)
}

func served(language string) bool { return slices.Contains(router.Languages, language) }

func notServed(language string) error {
	return fault.Field("language", "%q is not one of the languages served: %v", language, router.Languages)
}

// end takes something out of use: what it did stays, with its name.
func (s *Server) end(ctx context.Context, who *caller, what, table string, id int64) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE `+table+` SET ended_at = now() WHERE workspace_id = $1 AND id = $2 AND ended_at IS NULL`, who.WorkspaceID, id)
		if err != nil {
			return fmt.Errorf("end %s %d: %w", what, id, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return fault.New(fault.NotFound, "%s %d does not exist in this workspace", what, id)
		}
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), what+".end", fmt.Sprintf("%s:%d", what, id), nil)
	})
}
