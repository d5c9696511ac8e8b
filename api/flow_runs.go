package api

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/flow/live"
)

// FlowRun is a person inside a flow, or who was.
type FlowRun struct {
	ID             int64             `json:"id"`
	FlowID         *int64            `json:"flow_id"`
	FlowKey        string            `json:"flow_key"`
	Number         *int              `json:"number" doc:"The version; null: a flow that is shipped"`
	ConversationID int64             `json:"conversation_id"`
	ContactID      int64             `json:"contact_id"`
	Person         string            `json:"person"`
	BeganWith      string            `json:"began_with" enum:"keyword,handoff,conversation,booking"`
	Step           string            `json:"step"`
	Waiting        string            `json:"waiting"`
	Answers        map[string]string `json:"answers"`
	StartedAt      time.Time         `json:"started_at"`
	UpdatedAt      time.Time         `json:"updated_at"`
	EndedAt        *time.Time        `json:"ended_at"`
	Why            string            `json:"why"`
}

type runsIn struct {
	FlowID         int64  `query:"flow_id" minimum:"0"`
	Flow           string `query:"flow" maxLength:"64" doc:"Key of a flow, also of a shipped one"`
	Why            string `query:"why" maxLength:"60" doc:"How they ended"`
	ConversationID int64  `query:"conversation_id" minimum:"0"`
	State          string `query:"state" enum:"open,ended"`
	Before         int64  `query:"before" minimum:"0" doc:"Runs with a smaller id"`
	Limit          int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (s *Server) listRuns(ctx context.Context, who *caller, in *runsIn) (Page[FlowRun], error) {
	f := live.RunFilter{FlowID: in.FlowID, Flow: in.Flow, Why: in.Why, Conversation: in.ConversationID, Before: in.Before, Limit: in.Limit}
	if in.State != "" {
		open := in.State == "open"
		f.Open = &open
	}
	list, err := live.Runs(ctx, s.DB, who.WorkspaceID, f)
	if err != nil {
		return Page[FlowRun]{}, err
	}
	next := ""
	if len(list) == in.Limit {
		next = fmt.Sprint(list[len(list)-1].ID)
	}
	return pageOf(each(list, func(r live.RunView) FlowRun {
		answers := r.State.Answers
		if answers == nil {
			answers = map[string]string{}
		}
		return FlowRun{r.ID, r.FlowID, r.FlowKey, r.Number, r.ConversationID, r.Contact, r.Person, r.BeganWith, r.State.Step, string(r.State.Waiting), answers, r.StartedAt.UTC(), r.UpdatedAt.UTC(), utc(r.EndedAt), r.Why}
	}), next), nil
}

// endRun leads a person out of a flow; the bot's other rules and people answer from then on.
func (s *Server) endRun(ctx context.Context, who *caller, in *emptyIn) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		if err := live.EndByHand(ctx, tx, who.WorkspaceID, in.ID, s.Now()); err != nil {
			return err
		}
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "flow_run.end", fmt.Sprintf("flow_run:%d", in.ID), nil)
	})
}

// FlowSecret is a secret by its name; the secret itself is never shown.
type FlowSecret struct {
	Name      string     `json:"name"`
	Hosts     []string   `json:"hosts"`
	UpdatedAt time.Time  `json:"updated_at"`
	UsedAt    *time.Time `json:"used_at"`
}

func (s *Server) listSecrets(ctx context.Context, who *caller, _ *struct{}) (Page[FlowSecret], error) {
	list, err := live.Secrets(ctx, s.DB, who.WorkspaceID)
	return pageOf(each(list, func(x live.Secret) FlowSecret {
		return FlowSecret{x.Name, listOf(x.Hosts), x.UpdatedAt.UTC(), utc(x.UsedAt)}
	}), ""), err
}

type secretIn struct {
	Body struct {
		Name  string   `json:"name" maxLength:"64"`
		Value string   `json:"value,omitempty" maxLength:"1000" doc:"Left out: the value stays, the hosts change"`
		Hosts []string `json:"hosts" maxItems:"20" doc:"Where calls that it signs may go"`
	}
}

func (s *Server) setSecret(ctx context.Context, who *caller, in *secretIn) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		if err := live.SetSecret(ctx, tx, s.Keys, who.WorkspaceID, in.Body.Name, in.Body.Value, in.Body.Hosts, who.User()); err != nil {
			return err
		}
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "flow_secret.set", "flow_secret:"+in.Body.Name, map[string]any{"hosts": in.Body.Hosts, "value": in.Body.Value != ""})
	})
}

type secretNameIn struct {
	Body struct {
		Name string `json:"name" maxLength:"64"`
	}
}

func (s *Server) removeSecret(ctx context.Context, who *caller, in *secretNameIn) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		if err := live.RemoveSecret(ctx, tx, who.WorkspaceID, in.Body.Name); err != nil {
			return err
		}
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "flow_secret.remove", "flow_secret:"+in.Body.Name, nil)
	})
}
