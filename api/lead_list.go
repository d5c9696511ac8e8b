package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
	"ponte/said"
)

// ReceivedLead is a lead with what became of it.
type ReceivedLead struct {
	Lead
	FormName       string `json:"form_name"`
	ContactID      *int64 `json:"contact_id" doc:"None until its answers are read"`
	Name           string `json:"name" doc:"Of the person"`
	Erased         bool   `json:"erased" doc:"Their data was erased"`
	Known          *Known `json:"known" doc:"By what to tell who has no name; null where there is one"`
	ConversationID *int64 `json:"conversation_id" doc:"The newest with this person"`
	State          string `json:"state" enum:"wanted,kept,failed" doc:"wanted: its answers are still to be read"`
	Task           string `json:"task" enum:"open,done," doc:"Whether a person should look, because nothing may be sent by itself"`
	TaskBy         string `json:"task_by" doc:"The member who has looked"`
	Number         string `json:"number" enum:"asked,agreed,refused,replaced,sent,confirmed,denied,failed," doc:"Where the first message to the number stands"`
}

type leadRow struct {
	ID             int64           `db:"id"`
	FormID         string          `db:"form_id"`
	AdID           string          `db:"ad_id"`
	SubmittedAt    time.Time       `db:"submitted_at"`
	Reason         string          `db:"reason"`
	Answers        json.RawMessage `db:"answers"`
	Boxes          json.RawMessage `db:"boxes"`
	FormName       string          `db:"form_name"`
	ContactID      *int64          `db:"contact_id"`
	Name           string          `db:"name"`
	Erased         bool            `db:"erased"`
	Known          inbox.KnownAs   `db:"known"`
	ConversationID *int64          `db:"conversation_id"`
	State          string          `db:"state"`
	Task           string          `db:"task"`
	TaskBy         string          `db:"task_by"`
	Number         string          `db:"number"`
}

const sqlReceivedLeads = `
SELECT l.id, l.form_id, l.ad_id, l.submitted_at, l.reason, l.answers, l.boxes, l.contact_id, l.state, l.task, l.task_by, CASE WHEN c.id IS NULL THEN '' ELSE ` + inbox.NameOfContactSQL + ` END AS name, ` + inbox.ErasedContactSQL + ` AS erased, ` + inbox.KnownContactSQL + ` AS known, coalesce(f.name, '') AS form_name, coalesce(n.state, '') AS number,
       (SELECT v.id FROM conversations v WHERE v.workspace_id = l.workspace_id AND v.contact_id = l.contact_id ORDER BY v.last_message_at DESC, v.id DESC LIMIT 1) AS conversation_id
FROM leads l
LEFT JOIN contacts c ON c.workspace_id = l.workspace_id AND c.id = l.contact_id
LEFT JOIN lead_forms f ON f.workspace_id = l.workspace_id AND f.form_id = l.form_id AND f.ended_at IS NULL
LEFT JOIN number_handoffs n ON n.workspace_id = l.workspace_id AND n.lead_id = l.id
WHERE l.workspace_id = $1`

type leadsIn struct {
	Task   string `query:"task" enum:"open,done,all" default:"open" doc:"all: also those that no person has to look at"`
	FormID string `query:"form_id" maxLength:"60"`
	Paging
}

// listLeads lists leads by when they were sent in, the newest first.
func (s *Server) listLeads(ctx context.Context, who *caller, in *leadsIn) (Page[ReceivedLead], error) {
	w := &inbox.Where{Args: []any{who.WorkspaceID}}
	if in.Task != "all" {
		w.Add("l.task = ?", in.Task)
	}
	if in.FormID != "" {
		w.Add("l.form_id = ?", in.FormID)
	}
	if in.Cursor != "" {
		at, id, err := inbox.ParseTimeCursor(in.Cursor)
		if err != nil {
			return Page[ReceivedLead]{}, err
		}
		w.Add("(l.submitted_at, l.id) < (?::timestamptz, ?::bigint)", at, id)
	}
	var rows []leadRow
	if err := s.DB.SelectContext(ctx, &rows, sqlReceivedLeads+w.SQL.String()+fmt.Sprintf(` ORDER BY l.submitted_at DESC, l.id DESC LIMIT %d`, in.Limit+1), w.Args...); err != nil {
		return Page[ReceivedLead]{}, fmt.Errorf("list leads: %w", err)
	}
	next := ""
	if len(rows) > in.Limit {
		rows = rows[:in.Limit]
		last := rows[in.Limit-1]
		next = inbox.TimeCursor(last.SubmittedAt, last.ID)
	}
	names, err := s.actorNames(ctx, who.WorkspaceID)
	if err != nil {
		return Page[ReceivedLead]{}, err
	}
	out := make([]ReceivedLead, 0, len(rows))
	for _, r := range rows {
		l, err := showLead(r, who.Role.SeesPhones())
		if err != nil {
			return Page[ReceivedLead]{}, err
		}
		out = append(out, ReceivedLead{l, r.FormName, r.ContactID, r.Name, r.Erased, showKnown(r.Name, r.Known, who), r.ConversationID, r.State, r.Task, names[r.TaskBy], r.Number})
	}
	return pageOf(out, next), nil
}

// showLead reads a form's answers and boxes; who does not see whole numbers sees the digits of answers masked.
func showLead(r leadRow, phones bool) (Lead, error) {
	var answers map[string][]string
	var boxes map[string]bool
	if err := decode(r.Answers, &answers); err != nil {
		return Lead{}, fmt.Errorf("read the answers of lead %d: %w", r.ID, err)
	}
	if err := decode(r.Boxes, &boxes); err != nil {
		return Lead{}, fmt.Errorf("read the boxes of lead %d: %w", r.ID, err)
	}
	l := Lead{ID: r.ID, FormID: r.FormID, AdID: r.AdID, SubmittedAt: r.SubmittedAt.UTC(), Reason: r.Reason, Parts: said.Read(r.Reason), Answers: []LeadAnswer{}, Boxes: []LeadBox{}}
	for field, values := range answers {
		if !phones {
			values = each(values, maskNumbers)
		}
		l.Answers = append(l.Answers, LeadAnswer{field, values})
	}
	for name, ticked := range boxes {
		l.Boxes = append(l.Boxes, LeadBox{name, ticked})
	}
	slices.SortFunc(l.Answers, func(a, b LeadAnswer) int { return strings.Compare(a.Field, b.Field) })
	slices.SortFunc(l.Boxes, func(a, b LeadBox) int { return strings.Compare(a.Name, b.Name) })
	return l, nil
}

func (s *Server) leadDone(ctx context.Context, who *caller, in *emptyIn) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		var contact []*int64
		if err := tx.SelectContext(ctx, &contact, `UPDATE leads SET task = 'done', task_by = $3 WHERE workspace_id = $1 AND id = $2 AND task <> '' RETURNING contact_id`, who.WorkspaceID, in.ID, who.Actor()); err != nil {
			return fmt.Errorf("finish lead %d: %w", in.ID, err)
		}
		if len(contact) == 0 {
			return fault.New(fault.NotFound, "lead %d does not wait for a person in this workspace", in.ID)
		}
		if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "lead.done", fmt.Sprintf("lead:%d", in.ID), nil); err != nil {
			return err
		}
		changes := []inbox.Change{{WorkspaceID: who.WorkspaceID, Topic: "lead", ObjectID: in.ID}}
		if contact[0] != nil {
			changes = append(changes, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "contact", ObjectID: *contact[0]})
		}
		return inbox.Touch(ctx, tx, changes...)
	})
}
