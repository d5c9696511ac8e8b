package ingest

import "testing"

// A template that is not there leaves nobody in silence: what was planned is refused where people see it, the person
// is told that somebody comes, and waits for them.
func TestATemplateThatIsNotThereBringsAPerson(t *testing.T) {
	t.Parallel()
	for name, document := range map[string]string{
		"and the flow would end": `{"format":1,"id":"ship","version":1,"name":"Ship","languages":["en"],"steps":[
 {"id":"tell","type":"template","template":"shipped","next":"bye"},{"id":"bye","type":"end","resolve":true}]}`,
		"and the flow would ask": `{"format":1,"id":"ship","version":1,"name":"Ship","languages":["en"],"steps":[
 {"id":"tell","type":"template","template":"shipped","next":"ask"},{"id":"ask","type":"question","text":{"en":"Anything else?"},"answer":{"kind":"text"},"next":"bye"},{"id":"bye","type":"end"}]}`,
	} {
		for _, status := range []string{"", "PENDING", "APPROVED"} {
			t.Run(name+" "+status, func(t *testing.T) {
				t.Parallel()
				b := newRig(t)
				if status != "" {
					b.exec(`INSERT INTO templates (workspace_id, account_id, name, language, category, status, components) VALUES ($1, $2, 'shipped', 'en', 'UTILITY', $3, '[{"type":"BODY","text":"Your parcel has left."}]')`, b.ws, b.wa.ID, status)
				}
				b.publish(document)
				b.feed(b.waText("m1", customer, "hello"))
				got := b.text(`SELECT state || ' ' || handler || ' ' || handler_reason || ' ' || (waiting_since IS NOT NULL) FROM conversations`)
				if n := b.id(`SELECT count(*) FROM actions WHERE kind = 'template.send'`); n != 1 {
					t.Errorf("%d templates were planned", n)
				}
				if status == "APPROVED" {
					if got != "open bot flow false" && got != "resolved bot flow false" {
						t.Errorf("with the template: %s", got)
					}
					return
				}
				if got != "open human no_template true" {
					t.Errorf("without the template: %s", got)
				}
				b.lastReason("the template «shipped» cannot be sent: a person takes over")
				b.lastSaid("Let me bring in a person from Bondi Kayaks: they will answer you here.")
				if n := b.id(`SELECT count(*) FROM actions a JOIN actions w ON w.id = a.waits_for WHERE w.kind = 'template.send'`); n != 0 {
					t.Errorf("%d messages wait for the template, which never leaves", n)
				}
				if n := b.id(`SELECT count(*) FROM flow_runs WHERE ended_at IS NULL`); n != 0 {
					t.Error("the flow goes on")
				}
			})
		}
	}
}
