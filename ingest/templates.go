package ingest

import (
	"cmp"
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
	"ponte/outbox"
)

// templateChanged keeps news of a template; they are written in the order of their time, whatever order
// they came in.
func (s *scene) templateChanged(e *event) string {
	t := e.Template
	s.w.templates = append(s.w.templates, inbox.TemplateNews{WorkspaceID: e.WorkspaceID, AccountID: e.AccountID, ExternalID: t.ID, Name: t.Name, Language: t.Language,
		Field: t.Field, Value: t.Event, Previous: t.Previous, Reason: t.Reason, At: e.Event.Time, Source: "webhook"})
	switch t.Field {
	case "category":
		return fmt.Sprintf("template «%s»: Meta files it under %s now, it was %s", t.Name, t.Event, cmp.Or(t.Previous, "another category"))
	case "category_notice":
		return fmt.Sprintf("template «%s»: Meta will file it under %s in a day", t.Name, t.Event)
	case "components":
		return "template «" + t.Name + "»: its text was changed outside ponte; read the templates again to see it"
	}
	return "template «" + t.Name + "»: " + t.Field + " is now " + t.Event
}

func (s *scene) writeTemplateNews(ctx context.Context, tx *sqlx.Tx) error {
	if _, err := inbox.ApplyTemplateNews(ctx, tx, s.w.templates); err != nil {
		return err
	}
	done := map[int64]bool{} // what waits for a template is looked at again at once
	for _, n := range s.w.templates {
		if (n.Field == "status" || n.Field == "quality") && !done[n.WorkspaceID] {
			done[n.WorkspaceID] = true
			if err := outbox.Reconsider(ctx, tx, n.WorkspaceID, outbox.PauseReasons...); err != nil {
				return err
			}
		}
	}
	return nil
}
