package ingest

import (
	"context"
	"testing"

	"ponte/channels"
)

// forms is a network that has leads, or answers with a failure.
type forms struct {
	Reader
	leads   map[string]channels.LeadFields
	failure *channels.Failure
	asked   int
}

func (f *forms) ReadLead(_ context.Context, _ channels.Account, id string) (channels.LeadFields, error) {
	f.asked++
	if f.failure != nil {
		return channels.LeadFields{}, f.failure
	}
	return f.leads[id], nil
}

func leadBody(id string) string {
	return `{"object":"page","entry":[{"id":"` + fbID + `","time":1758700000,"changes":[{"field":"leadgen","value":{"leadgen_id":` + id + `,"page_id":` + fbID + `,"form_id":990,"ad_id":0,"created_time":1758699999}}]}]}`
}

func TestLeadsAreReadOnceAndKeptWithThePerson(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.waText("m1", customer, "hello"), leadBody("881"), leadBody("881"), leadBody("882"))
	known := b.id(`SELECT contact_id FROM identities WHERE channel = 'whatsapp' AND phone = $1`, customer)
	before := b.id(`SELECT count(*) FROM consent_entries`)
	network := &forms{leads: map[string]channels.LeadFields{
		"881": {FormID: "990", Fields: map[string][]string{"phone_number": {"+" + customer}, "full_name": {"Somebody Else"}}, Checkboxes: map[string]bool{"offers": true}},
		"882": {FormID: "990", Fields: map[string][]string{"phone_number": {"+61 491 570 159"}, "first_name": {"Alice"}, "last_name": {"Moreau"}}},
	}}
	f := b.fetcher(nil)
	f.Network = network
	for range 2 {
		if _, err := f.leads(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if network.asked != 2 {
		t.Errorf("asked %d times for two leads", network.asked)
	}
	if got := b.id(`SELECT contact_id FROM leads WHERE external_id = '881' AND state = 'kept' AND boxes = '{"offers":true}'`); got != known {
		t.Errorf("kept with contact %d, not %d", got, known)
	}
	if name := b.text(`SELECT name FROM contacts WHERE id = $1`, known); name == "Somebody Else" {
		t.Error("a form renamed a known person")
	}
	if name := b.text(`SELECT c.name FROM leads l JOIN contacts c ON c.id = l.contact_id WHERE l.external_id = '882'`); name != "Alice Moreau" {
		t.Errorf("the new person is called %q", name)
	}
	if n := b.id(`SELECT count(*) FROM identities WHERE phone = '61491570159'`); n != 0 {
		t.Error("a number typed into a form became an identity")
	}
	if n := b.id(`SELECT count(*) FROM consent_entries`); n != before {
		t.Error("a ticked box became a consent")
	}
}

func TestALeadThatCannotBeReadSaysWhy(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(leadBody("883"))
	network := &forms{failure: &channels.Failure{Class: channels.Wait, Reason: "rate_limited", Meaning: "The limit is reached."}}
	f := b.fetcher(nil)
	f.Network = network
	read := func() string {
		t.Helper()
		if _, err := f.leads(t.Context()); err != nil {
			t.Fatal(err)
		}
		return b.text(`SELECT state || ': ' || reason FROM leads WHERE external_id = '883'`)
	}
	if got := read(); got != "wanted: The limit is reached." {
		t.Errorf("after a limit: %s", got)
	}
	b.exec(`UPDATE leads SET fetch_after = now()`)
	network.failure = &channels.Failure{Class: channels.Reauthorise, Meaning: "The token does not allow it."}
	if got := read(); got != "failed: its answers could not be read: The token does not allow it." {
		t.Errorf("after a refusal: %s", got)
	}
}
