package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/flow"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/outbox"
)

// opening is when somebody is there, with what is said to those who write.
type opening struct {
	hours         *flow.Hours
	welcome, away map[string]string
}

// loadHours reads the business hours of the workspaces.
func (s *scene) loadHours(ctx context.Context, tx *sqlx.Tx, workspaces []int64) error {
	var rows []struct {
		Workspace int64  `db:"workspace_id"`
		Account   int64  `db:"account_id"`
		Hours     []byte `db:"hours"`
		Welcome   []byte `db:"welcome"`
		Away      []byte `db:"away"`
	}
	if err := tx.SelectContext(ctx, &rows, `SELECT workspace_id, coalesce(account_id, 0) AS account_id, hours, welcome, away FROM business_hours WHERE workspace_id = ANY($1)`, pq.Array(workspaces)); err != nil {
		return fmt.Errorf("load business hours: %w", err)
	}
	for _, r := range rows {
		o := &opening{}
		var err error
		if o.hours, err = flow.ParseHours(r.Hours); err != nil {
			return fmt.Errorf("read the business hours of workspace %d: %w", r.Workspace, err)
		}
		if err := json.Unmarshal(r.Welcome, &o.welcome); err != nil {
			return fmt.Errorf("read the welcome of workspace %d: %w", r.Workspace, err)
		}
		if err := json.Unmarshal(r.Away, &o.away); err != nil {
			return fmt.Errorf("read the away message of workspace %d: %w", r.Workspace, err)
		}
		sp := s.spaces[r.Workspace]
		if sp.Hours == nil {
			sp.Hours = map[int64]*opening{}
		}
		sp.Hours[r.Account] = o
	}
	return nil
}

// opening returns what holds for an account: its own hours, else the workspace's, else nil.
func (s *space) opening(account int64) *opening {
	if o := s.Hours[account]; o != nil {
		return o
	}
	return s.Hours[0]
}

// greet says the welcome where a conversation begins and nothing else has answered, and the away message
// where a person is needed and nobody is there: once per conversation and closed period, because the action
// of a second one has the name of the first.
func (s *scene) greet(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, verdict moderation.Verdict, created bool, planned []outbox.Action, e *event) (string, error) {
	sp := s.spaces[e.WorkspaceID]
	o := sp.opening(e.AccountID)
	if o == nil || v.Spam || v.State != "open" || verdict.OptOut != moderation.NoOptOut || !sp.automates(e.AccountID) || s.now.Sub(m.At) > inbox.CareWindow {
		return "", nil
	}
	var before *int64
	for _, a := range planned {
		if a.Bubble != nil && a.ID != 0 {
			id := a.ID
			before = &id
		} else if a.Bubble != nil {
			before = new(int64) // something was said, which this need not wait for
		}
	}
	language := s.language(v, sp)
	since, closed := o.hours.ClosedSince(s.now)
	switch {
	case closed && v.Handler == "human" && v.WaitingSince != nil && len(o.away) > 0:
		text := inLanguage(o.away, language, sp.Locale)
		opens := ""
		if at, ok := o.hours.OpensNext(s.now); ok {
			at = at.In(o.hours.Zone)
			opens = flow.Day(language, at) + ", " + at.Format("15:04")
		}
		text = strings.ReplaceAll(text, "{{opens}}", opens)
		return "; away message", s.notice(t, v, text, fmt.Sprintf(inbox.AwayNotice+"%d:%d", v.ID, since.Unix()), before, e)
	case !closed && created && before == nil && s.flows.runs[v.ID] == nil && v.HandlerReason != "judged" && len(o.welcome) > 0:
		return "; welcome message", s.notice(t, v, inLanguage(o.welcome, language, sp.Locale), fmt.Sprintf(inbox.WelcomeNotice+"%d", v.ID), nil, e)
	}
	return "", nil
}

func inLanguage(texts map[string]string, wanted ...string) string {
	for _, l := range append(wanted, "en") {
		if texts[l] != "" {
			return texts[l]
		}
	}
	for _, text := range texts {
		return text
	}
	return ""
}

func (s *scene) notice(t *inbox.Thread, v *inbox.Conversation, text, dedupe string, before *int64, e *event) error {
	id, err := s.d.IDs.Take(s.ctx, "actions")
	if err != nil {
		return err
	}
	a := s.messageAction(t, v, text, e)
	a.ID, a.Dedupe = id, dedupe
	if before != nil && *before != 0 {
		a.WaitsFor = before
	}
	s.w.actions = append(s.w.actions, a)
	return nil
}
