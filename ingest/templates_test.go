package ingest

import (
	"testing"
	"time"

	"ponte/channels"
	"ponte/inbox"
)

func (b *rig) template(name string) int64 {
	b.Helper()
	return b.id(`INSERT INTO templates (workspace_id, account_id, external_id, name, language, category, status, components, category_asked) VALUES ($1, $2, '77', $3, 'en_US', 'UTILITY', 'PENDING', '[]', 'UTILITY') RETURNING id`, b.ws, b.wa.ID, name)
}

// news is a body of account news that happened at an instant of its own.
func (b *rig) news(ago time.Duration, field string, value obj) string {
	now := b.now
	defer func() { b.now = now }()
	b.now = b.now.Add(-ago)
	return b.waChange(field, value)
}

// News of a template come in any order and hold in the order of their time; the history has them all.
func TestNewsOfATemplateHoldInTheOrderOfTheirTime(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.template("hello")
	about := func(more obj) obj {
		v := obj{"message_template_id": 77, "message_template_name": "hello", "message_template_language": "en-US"}
		for k, x := range more {
			v[k] = x
		}
		return v
	}
	status := func(ago time.Duration, event, reason string) string {
		return b.news(ago, "message_template_status_update", about(obj{"event": event, "reason": reason}))
	}
	b.feed(status(time.Minute, "PAUSED", "NONE"), status(time.Hour, "APPROVED", "NONE"))
	if got := b.text(`SELECT status FROM templates`); got != "PAUSED" {
		t.Errorf("the approval that came late made it %s", got)
	}
	b.feed(b.news(time.Minute, "message_template_quality_update", about(obj{"previous_quality_score": "GREEN", "new_quality_score": "RED"})),
		b.news(time.Hour, "message_template_quality_update", about(obj{"previous_quality_score": "UNKNOWN", "new_quality_score": "GREEN"})))
	b.feed(b.news(2*time.Hour, "template_category_update", about(obj{"correct_category": "MARKETING", "new_category": "UTILITY"})))
	if got := b.text(`SELECT quality || ' ' || category || ' ' || category_next FROM templates`); got != "RED UTILITY MARKETING" {
		t.Error(got)
	}
	b.feed(b.news(time.Second, "template_category_update", about(obj{"previous_category": "UTILITY", "new_category": "MARKETING"})))
	b.lastReason("Meta files it under MARKETING now, it was UTILITY")
	if got := b.text(`SELECT category || ' ' || category_asked || ' [' || category_next || ']' FROM templates`); got != "MARKETING UTILITY []" {
		t.Error(got)
	}
	if n := b.id(`SELECT count(*) FROM template_events`); n != 6 {
		t.Errorf("%d lines of history", n)
	}
	// Another template of the name that was deleted and made again is not this one.
	b.feed(b.news(0, "message_template_status_update", obj{"message_template_id": 78, "message_template_name": "hello", "message_template_language": "en_US", "event": "DISABLED", "reason": "NONE"}))
	if got := b.text(`SELECT status FROM templates`); got != "PAUSED" {
		t.Errorf("news of another template made it %s", got)
	}
}

// A read list is the truth of the instant it was read at, no earlier and no later.
func TestTheListOfTemplatesIsReadAgain(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.template("gone")
	save := func(at time.Time, list ...channels.NetworkTemplate) {
		t.Helper()
		tx := b.db.MustBegin()
		defer tx.Rollback()
		b.must(inbox.SaveTemplates(b.Context(), tx, b.ws, b.wa.ID, list, at))
		b.must(tx.Commit())
	}
	hello := channels.NetworkTemplate{ID: "80", Name: "hello", Language: "it", Status: "APPROVED", Category: "UTILITY", Components: []byte(`[{"type":"BODY","text":"Ciao"}]`)}
	save(b.now, hello)
	if got := b.text(`SELECT string_agg(name || ' ' || status, ', ' ORDER BY name) FROM templates`); got != "gone DELETED, hello APPROVED" {
		t.Error(got)
	}
	b.pass(time.Minute)
	b.feed(b.waChange("message_template_status_update", obj{"message_template_id": 80, "message_template_name": "hello", "message_template_language": "it", "event": "PAUSED", "reason": "NONE"}))
	save(b.now.Add(-30*time.Second), hello) // read before the pause, kept after it
	if got := b.text(`SELECT status FROM templates WHERE name = 'hello'`); got != "PAUSED" {
		t.Errorf("an older list made it %s", got)
	}
	save(b.now.Add(time.Minute), hello, channels.NetworkTemplate{ID: "81", Name: "gone", Language: "en_US", Status: "APPROVED", Category: "UTILITY", Components: []byte(`[]`)})
	if got := b.text(`SELECT string_agg(name || ' ' || status || ' ' || (deleted_at IS NULL), ', ' ORDER BY name) FROM templates`); got != "gone APPROVED true, hello APPROVED true" {
		t.Error(got)
	}
}
