package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"ponte/desk"
	"ponte/inbox"
)

// LabelInput is what a supervisor sets of a label.
type LabelInput struct {
	Name        string `json:"name" minLength:"1" maxLength:"60"`
	Color       string `json:"color" enum:"gray,red,orange,yellow,green,teal,blue,violet,pink"`
	Description string `json:"description" maxLength:"200"`
}

// Label is a label that the workspace keeps, with what carries it. One without an id is only a word that
// something carries, and nobody keeps it yet.
type Label struct {
	ID int64 `json:"id"`
	LabelInput
	Open          int `json:"open" doc:"Open conversations that carry it"`
	Conversations int `json:"conversations" doc:"All conversations that carry it"`
	Contacts      int `json:"contacts" doc:"People who carry it"`
}

func showLabel(l desk.Label) Label {
	return Label{l.ID, LabelInput{l.Name, l.Color, l.Description}, l.Open, l.Conversations, l.Contacts}
}

type labelListIn struct {
	Counts string `query:"counts" enum:"all,none" default:"all" doc:"none: to choose from, without reading every conversation: counts are 0, and of the words that nobody keeps there are those of the newest conversations"`
}

func (s *Server) listLabels(ctx context.Context, who *caller, in *labelListIn) (Page[Label], error) {
	read := desk.Labels
	if in.Counts == "none" {
		read = desk.LabelNames
	}
	list, err := read(ctx, s.DB, who.WorkspaceID)
	return pageOf(each(list, showLabel), ""), err
}

type newLabelIn struct{ Body LabelInput }

type labelIn struct {
	ByID
	Body LabelInput
}

func (s *Server) addLabel(ctx context.Context, who *caller, in *newLabelIn) (Label, error) {
	label := in.Body
	label.Color = cmp.Or(label.Color, "gray")
	return s.saveLabel(ctx, who, 0, label)
}

func (s *Server) setLabel(ctx context.Context, who *caller, in *labelIn) (Label, error) {
	return s.saveLabel(ctx, who, in.ID, in.Body)
}

func (s *Server) saveLabel(ctx context.Context, who *caller, id int64, in LabelInput) (Label, error) {
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		was, name, err := "", "", error(nil)
		if id != 0 {
			before, err := desk.LoadLabel(ctx, tx, who.WorkspaceID, id)
			if err != nil {
				return err
			}
			was = before.Name
		}
		if id, name, err = desk.SaveLabel(ctx, tx, who.Who, desk.Label{ID: id, Name: in.Name, Color: in.Color, Description: in.Description}); err != nil {
			return err
		}
		return renameInSettings(ctx, tx, who.WorkspaceID, was, name)
	})
	if err != nil {
		return Label{}, err
	}
	l, err := desk.LoadLabel(ctx, s.DB, who.WorkspaceID, id)
	return showLabel(l), err
}

type mergeLabelIn struct {
	ByID
	Body struct {
		IntoID int64 `json:"into_id" minimum:"1" doc:"The label that stays"`
	}
}

// mergeLabel makes two labels one: what carries this one carries the other afterwards.
func (s *Server) mergeLabel(ctx context.Context, who *caller, in *mergeLabelIn) (Label, error) {
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		from, into, err := desk.MergeLabels(ctx, tx, who.Who, in.ID, in.Body.IntoID)
		if err != nil {
			return err
		}
		return renameInSettings(ctx, tx, who.WorkspaceID, from, into)
	})
	if err != nil {
		return Label{}, err
	}
	l, err := desk.LoadLabel(ctx, s.DB, who.WorkspaceID, in.Body.IntoID)
	return showLabel(l), err
}

type removeLabelIn struct {
	ByID
	Everywhere bool `query:"everywhere" doc:"Take it off all that carries it, too; else they keep it as a free word"`
}

func (s *Server) removeLabel(ctx context.Context, who *caller, in *removeLabelIn) error {
	return s.change(ctx, func(tx *sqlx.Tx) error { return desk.RemoveLabel(ctx, tx, who.Who, in.ID, in.Everywhere) })
}

// renameInSettings carries a label's new name to where settings name it: labels that make a customer
// valuable, lead forms that give one, and numbers that wait for their owner's word. What flows say is looked up.
func renameInSettings(ctx context.Context, tx *sqlx.Tx, workspace int64, from, to string) error {
	if from == "" || from == to {
		return nil
	}
	for _, stmt := range []string{
		`UPDATE lead_forms SET label = $3 WHERE workspace_id = $1 AND label = $2 AND ended_at IS NULL`,
		`UPDATE number_handoffs SET label = $3 WHERE workspace_id = $1 AND label = $2 AND state IN ('asked','agreed','sent')`,
	} {
		if _, err := tx.ExecContext(ctx, stmt, workspace, from, to); err != nil {
			return fmt.Errorf("rename the label that forms and numbers give: %w", err)
		}
	}
	var raw json.RawMessage
	if err := tx.GetContext(ctx, &raw, `SELECT settings FROM workspaces WHERE id = $1 FOR UPDATE`, workspace); err != nil {
		return fmt.Errorf("load the settings: %w", err)
	}
	settings, err := inbox.ParseSettings(raw)
	if err != nil {
		return err
	}
	at := slices.Index(settings.Desk.VIPLabels, from)
	if at < 0 {
		return nil
	}
	if settings.Desk.VIPLabels[at] = to; slices.Index(settings.Desk.VIPLabels, to) != at || slices.Contains(settings.Desk.VIPLabels[at+1:], to) {
		settings.Desk.VIPLabels = slices.Delete(settings.Desk.VIPLabels, at, at+1)
	}
	next, err := json.Marshal(settings.Desk)
	if err != nil {
		return fmt.Errorf("encode the settings: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE workspaces SET settings = jsonb_set(settings, '{desk}', $2::jsonb) WHERE id = $1`, workspace, string(next)); err != nil {
		return fmt.Errorf("rename a label in the settings: %w", err)
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspace, Topic: "workspace", ObjectID: workspace})
}
