package ingest

import (
	"context"

	"github.com/jmoiron/sqlx"

	"ponte/desk"
	"ponte/inbox"
	"ponte/moderation"
)

// inDanger says that the writer of a message may harm themselves: by a rule, or where the model is sure enough to
// disturb a person (see mustBeRead).
func inDanger(v moderation.Verdict) bool {
	danger := v.Scores["self_harm"]
	return v.Decision == moderation.Review && v.SelfHarm() && (danger == nil || *danger >= sureDanger)
}

// helpFirst puts the conversation of somebody who may be in danger before all others, for a person: whoever had it, whatever
// else was decided, and out of the spam folder where no member put it there.
func (s *scene) helpFirst(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message) string {
	s.reopen(t, v)
	if v.Spam && v.HandlerReason != inbox.FiledAsSpam {
		v.Spam, v.HandlerReason = false, "judged"
	}
	if v.Handler == "bot" {
		v.Handler, v.HandlerReason = "human", "judged"
	}
	s.waits(v, m.At)
	s.w.danger[v.WorkspaceID] = append(s.w.danger[v.WorkspaceID], v.ID)
	return "; may be in danger, first in the queue"
}

func (s *scene) writeDanger(ctx context.Context, tx *sqlx.Tx) error {
	for workspace, list := range s.w.danger {
		if err := desk.DangerFirst(ctx, tx, workspace, list, s.now); err != nil {
			return err
		}
	}
	return nil
}

// customersWrote ends what a customer's message ends: snoozes, and replies that were to go only if they
// stayed silent. History that is read back ends nothing.
func (s *scene) customersWrote(ctx context.Context, tx *sqlx.Tx) error {
	var list []desk.Written
	for _, m := range s.w.newMessages {
		if m.Direction == "in" && s.now.Sub(m.At) < inbox.CareWindow {
			list = append(list, desk.Written{WorkspaceID: m.WorkspaceID, ConversationID: m.ConversationID})
		}
	}
	return desk.CustomerWrote(ctx, tx, list)
}
