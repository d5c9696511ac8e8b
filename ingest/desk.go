package ingest

import (
	"context"

	"github.com/jmoiron/sqlx"

	"ponte/desk"
	"ponte/inbox"
)

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
