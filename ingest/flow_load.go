package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/booking"
	"ponte/desk"
	"ponte/flow"
	"ponte/flow/live"
	"ponte/inbox"
)

// flowScene is what a batch knows of bot flows and bookings, and what it decided of them.
type flowScene struct {
	starts   map[int64][]live.Start // by workspace
	runs     map[int64]*live.Run    // that go on, by conversation
	byRun    map[int64]*live.Run
	services map[int64][]booking.Service // by workspace, read when first needed
	names    map[int64]desk.Names        // too
	contacts map[int64]map[string]string // contact fields as they are after what was decided
	carried  map[int64][]string          // labels of people

	changed []*live.Run
	calls   []live.Asked
	goals   []goalRow
	fields  map[int64]map[string]string // contact fields to be written
	skills  map[int64]string            // what is asked for in who answers, by conversation
	events  []inbox.InternalEvent
}

type goalRow struct {
	workspace, contact, conversation int64
	campaign, trigger                *int64
	name, currency, source, dedupe   string
	value                            *int64
}

func (f *flowScene) init() {
	f.starts, f.runs, f.byRun = map[int64][]live.Start{}, map[int64]*live.Run{}, map[int64]*live.Run{}
	f.skills, f.names = map[int64]string{}, map[int64]desk.Names{}
	f.services, f.contacts, f.fields, f.carried = map[int64][]booking.Service{}, map[int64]map[string]string{}, map[int64]map[string]string{}, map[int64][]string{}
}

// touch marks a run to be written.
func (f *flowScene) touch(r *live.Run) {
	for _, have := range f.changed {
		if have == r {
			return
		}
	}
	f.changed = append(f.changed, r)
}

// loadStarts reads when the published flows of the workspaces begin.
func (s *scene) loadStarts(ctx context.Context, tx *sqlx.Tx, workspaces []int64) error {
	list, err := live.Starts(ctx, tx, workspaces)
	for _, st := range list {
		s.flows.starts[st.WorkspaceID] = append(s.flows.starts[st.WorkspaceID], st)
	}
	return err
}

// runThreads reads the threads that internal events of flows and bookings are about.
func (s *scene) runThreads(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	runs, notices := flowEvents(events)
	if len(runs)+len(notices) == 0 {
		return nil
	}
	var ids []int64
	if err := tx.SelectContext(ctx, &ids, sqlRunThreads, pq.Array(runs), pq.Array(notices)); err != nil {
		return fmt.Errorf("find the threads of flows: %w", err)
	}
	list, err := inbox.ThreadsByID(ctx, tx, ids)
	if err != nil {
		return err
	}
	for i := range list {
		t := &list[i]
		key := inbox.ThreadKey{AccountID: t.AccountID, Channel: t.Channel, IdentityID: t.IdentityID}
		if s.threads[key] == nil {
			s.threads[key] = t
		}
	}
	return nil
}

const sqlRunThreads = `
SELECT thread_id FROM flow_runs WHERE id = ANY($1)
UNION SELECT b.thread_id FROM booking_notices n JOIN bookings b ON b.workspace_id = n.workspace_id AND b.id = n.booking_id WHERE n.id = ANY($2) AND b.thread_id IS NOT NULL`

// flowEvents returns the runs and the notices that internal events are about.
func flowEvents(events []*event) (runs, notices []int64) {
	return collect(events, func(e *event) (int64, bool) { return e.internal.RunID, e.internal.RunID != 0 }),
		collect(events, func(e *event) (int64, bool) { return e.internal.NoticeID, e.internal.NoticeID != 0 })
}

// loadFlows reads the runs that the batch may lead on, with the messages they wait with and the wordings that
// they have shown.
func (s *scene) loadFlows(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	var conversations []int64
	for _, v := range s.open {
		conversations = append(conversations, v.ID)
	}
	runs, _ := flowEvents(events)
	list, err := live.OpenRuns(ctx, tx, conversations, runs)
	if err != nil || len(list) == 0 {
		return err
	}
	var messages, asked []int64
	for _, r := range list {
		s.flows.byRun[r.ID] = r
		if r.EndedAt == nil {
			s.flows.runs[r.ConversationID] = r
		}
		for _, h := range r.Pending {
			messages = append(messages, h.Message)
		}
		if r.State.AskedAction != 0 {
			asked = append(asked, r.State.AskedAction)
		}
	}
	if len(messages) > 0 {
		waiting, err := inbox.MessagesByID(ctx, tx, messages)
		if err != nil {
			return err
		}
		for i := range waiting {
			if s.byMessage[waiting[i].ID] == nil {
				s.byMessage[waiting[i].ID] = &waiting[i]
			}
		}
	}
	return s.loadShown(ctx, tx, asked)
}

// servicesOf returns what can be booked in a workspace.
func (s *scene) servicesOf(workspace int64) ([]booking.Service, error) {
	if list, ok := s.flows.services[workspace]; ok {
		return list, nil
	}
	list, err := booking.Services(s.ctx, s.tx, workspace)
	if err != nil {
		return nil, err
	}
	s.flows.services[workspace] = list
	return list, nil
}

// names tells what labels and teams are called today: flows and settings name them as they were called.
func (s *scene) names(workspace int64) (desk.Names, error) {
	if n, ok := s.flows.names[workspace]; ok {
		return n, nil
	}
	n, err := desk.LoadNames(s.ctx, s.tx, workspace)
	if err == nil {
		s.flows.names[workspace] = n
	}
	return n, err
}

// contactFields returns what is known of a person, by the names that flows use.
func (s *scene) contactFields(workspace, contact int64, who *inbox.Identity) (map[string]string, error) {
	if f := s.flows.contacts[contact]; f != nil {
		return f, nil
	}
	var row struct {
		Name     string        `db:"name"`
		Language string        `db:"language"`
		Country  string        `db:"country"`
		Labels   inbox.Strings `db:"labels"`
		Fields   inbox.Fields  `db:"fields"`
	}
	if err := s.tx.GetContext(s.ctx, &row, `SELECT name, language, country, labels, fields FROM contacts WHERE workspace_id = $1 AND id = $2`, workspace, contact); err != nil {
		return nil, fmt.Errorf("load the fields of contact %d: %w", contact, err)
	}
	out := map[string]string(row.Fields)
	for k, v := range map[string]string{"name": cmp.Or(row.Name, who.Name), "language": row.Language, "country": row.Country} {
		if v != "" {
			out[k] = v
		}
	}
	if out["phone"] == "" && who.Phone != nil && *who.Phone != "" {
		out["phone"] = "+" + *who.Phone
	}
	s.flows.contacts[contact], s.flows.carried[contact] = out, row.Labels
	return out, nil
}

// writeFlows writes what became of flows: runs, calls, goals, contact fields, and what is to be heard later.
func (s *scene) writeFlows(ctx context.Context, tx *sqlx.Tx) error {
	if err := live.SaveRuns(ctx, tx, s.flows.changed); err != nil {
		return err
	}
	if err := live.AddCalls(ctx, tx, s.flows.calls); err != nil {
		return err
	}
	for _, g := range s.flows.goals {
		if _, err := tx.ExecContext(ctx, sqlInsertGoal, g.workspace, g.name, g.contact, g.conversation, g.campaign, g.trigger, g.value, g.currency, g.source, g.dedupe, s.now); err != nil {
			return fmt.Errorf("count a goal: %w", err)
		}
	}
	for contact, values := range s.flows.fields {
		if err := setFields(ctx, tx, contact, values); err != nil {
			return err
		}
	}
	for conversation, skill := range s.flows.skills {
		if _, err := tx.ExecContext(ctx, `UPDATE conversations SET skill = $2 WHERE id = $1 AND skill <> $2`, conversation, skill); err != nil {
			return fmt.Errorf("keep which skill conversation %d needs: %w", conversation, err)
		}
	}
	for _, r := range s.flows.changed {
		if r.FlowID != nil && (r.New || r.EndedAt != nil) {
			s.touch(r.WorkspaceID, "flow", *r.FlowID)
		}
	}
	if len(s.flows.events) == 0 {
		return nil
	}
	return inbox.Raise(ctx, tx, s.flows.events...)
}

const sqlInsertGoal = `
INSERT INTO goals (workspace_id, name, contact_id, conversation_id, campaign_id, trigger_id, value_micros, currency, source, dedupe, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (workspace_id, dedupe) DO NOTHING`

// setFields writes contact fields; name, language and country have columns of their own.
func setFields(ctx context.Context, tx *sqlx.Tx, contact int64, values map[string]string) error {
	name, language, country := values["name"], values["language"], values["country"]
	if !served(language) {
		language = ""
	}
	rest := map[string]string{}
	for k, v := range values {
		if k != "name" && k != "language" && (k != "country" || len(v) != 2) {
			rest[k] = v
		}
	}
	if len(country) != 2 {
		country = ""
	}
	raw, err := json.Marshal(rest)
	if err != nil {
		return fmt.Errorf("encode contact fields: %w", err)
	}
	if _, err := tx.ExecContext(ctx, sqlSetFields, contact, name, language, country, string(raw)); err != nil {
		return fmt.Errorf("set the fields of contact %d: %w", contact, err)
	}
	return nil
}

const sqlSetFields = `
UPDATE contacts SET fields = fields || $5::jsonb, name = CASE WHEN $2 <> '' THEN $2 ELSE name END,
    language = CASE WHEN $3 <> '' THEN $3 ELSE language END, country = CASE WHEN $4 <> '' THEN $4 ELSE country END WHERE id = $1`

// heard turns the messages that a run waits with into the inputs of one turn.
func (s *scene) heard(run *live.Run) []flow.Input {
	var out []flow.Input
	for _, h := range run.Pending {
		m := s.byMessage[h.Message]
		if m == nil || m.DeletedAt != nil {
			continue // taken back before it was answered
		}
		var detail messageDetail
		_ = json.Unmarshal(m.Detail, &detail) // without it there was no button
		shown, ok := s.asked[run.State.AskedAction]
		in := flow.Input{Kind: flow.Message, At: m.At, Text: m.Text, Payload: detail.Payload, Wish: h.Wish, Early: !ok || m.At.Before(shown)}
		out = append(out, in)
	}
	return out
}
