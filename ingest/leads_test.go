package ingest

import (
	"context"
	"errors"
	"testing"
	"time"

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

// What may pass is waited for: an outage, a limit, a token that has run out, an app that must be approved. What
// is gone is a task for a person.
func TestALeadThatCannotBeReadWaitsOrSaysWhy(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	f := b.fetcher(nil)
	f.Now = func() time.Time { return time.Unix(1758699999, 0).Add(time.Hour) }
	network := &forms{}
	f.Network = network
	read := func(failure channels.Failure) string {
		t.Helper()
		failure.Meaning = "The network says so."
		network.failure = &failure
		b.exec(`UPDATE leads SET state = 'wanted', task = '', reason = '', fetch_after = now(), attempts = 60`)
		if _, err := f.leads(t.Context()); err != nil {
			t.Fatal(err)
		}
		return b.text(`SELECT state || ' ' || task || ': ' || reason FROM leads WHERE external_id = '883'`)
	}
	b.feed(leadBody("883"))
	const waits, ended = "wanted : The network says so.", "failed open: its answers could not be read: The network says so."
	for what, c := range map[string]struct {
		failure channels.Failure
		want    string
	}{
		"an outage":               {channels.Failure{Class: channels.Retry, Scope: channels.ScopeCall}, waits},
		"a limit":                 {channels.Failure{Class: channels.Wait, Scope: channels.ScopeAccount, After: time.Minute}, waits},
		"no clear answer":         {channels.Failure{Class: channels.Unknown, Scope: channels.ScopeCall}, waits},
		"a token that ran out":    {channels.Failure{Class: channels.Reauthorise, Scope: channels.ScopeAccount}, waits},
		"a permission is missing": {channels.Failure{Class: channels.Reauthorise, Scope: channels.ScopeAccount}, waits},
		"the app is not live":     {channels.Failure{Class: channels.AskPerson, Scope: channels.ScopeAccount}, waits},
		"it was deleted":          {channels.Failure{Class: channels.GiveUp, Scope: channels.ScopeCall}, ended},
		"a wrong call":            {channels.Failure{Class: channels.AskPerson, Scope: channels.ScopeCall}, ended},
	} {
		if got := read(c.failure); got != c.want {
			t.Errorf("%s: %s", what, got)
		}
	}
	f.Now = func() time.Time { return time.Unix(1758699999, 0).Add(86 * 24 * time.Hour) }
	if got := read(channels.Failure{Class: channels.Reauthorise, Scope: channels.ScopeAccount}); got != ended {
		t.Errorf("when Meta has let go of it: %s", got)
	}
}

// One whose account cannot be opened does not keep the others of a batch waiting.
func TestALeadThatCannotBeOpenedHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(leadBody("884"), leadBody("885"), leadBody("886"))
	f := b.fetcher(nil)
	f.Network = &forms{leads: map[string]channels.LeadFields{}}
	opened := 0
	f.Open = func(context.Context, int64, int64) (channels.Account, error) {
		if opened++; opened == 1 {
			return channels.Account{}, errors.New("the token cannot be opened")
		}
		return channels.Account{}, nil
	}
	if _, err := f.leads(t.Context()); err == nil {
		t.Error("the failure is not told")
	}
	if got := b.text(`SELECT string_agg(state, ' ' ORDER BY state) FROM leads`); got != "kept kept wanted" {
		t.Errorf("leads: %s", got)
	}
}

// A number without its country is that of the brand's own: the person who has it is known.
func TestALeadWithoutCountryIsThePersonWhoHasTheNumber(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.exec(`UPDATE workspaces SET country = 'AU'`)
	b.feed(b.waText("m1", leftNumber, "hello"), leadBody("887"))
	known := b.id(`SELECT contact_id FROM identities WHERE channel = 'whatsapp' AND phone = $1`, leftNumber)
	f := b.fetcher(nil)
	f.Network = &forms{leads: map[string]channels.LeadFields{"887": {FormID: "990", Fields: map[string][]string{"phone_number": {"0491 570 159"}}}}}
	if _, err := f.leads(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := b.id(`SELECT contact_id FROM leads`); got != known {
		t.Errorf("kept with contact %d, want %d", got, known)
	}
}
