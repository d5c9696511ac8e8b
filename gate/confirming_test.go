package gate

import (
	"math/rand/v2"
	"testing"
	"time"

	"ponte/channels"
	"ponte/consent"
)

func confirming(t testing.TB) Facts {
	f := promotional(t)
	f.Origin, f.Purpose = FromSystem, Service
	f.Call.Template = &channels.TemplateSend{Name: OptInQuestion, Language: "en"}
	f.Template = &TemplateFacts{Status: "APPROVED", Category: "UTILITY", Confirms: true, Text: "Hello, this is Bondi Kayaks. This number was given to us with a request for our offers and news, up to 4 messages a month. Was that you?\nReply STOP to opt out\nYes\nNo"}
	f.Consent, f.LastIn, f.Requested = consent.State{Status: consent.Unknown}, nil, true
	return f
}

func TestAnOptInIsAskedAboutOnceAndOfItsNumberOnly(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) *time.Time { v := noon.Add(-d); return &v }
	decides(t, confirming, map[string]decided{
		"of a number that was given":    {func(*Facts) {}, Allow, "", Service},
		"at night, at the counter":      {func(f *Facts) { f.Now = noon.Add(12 * time.Hour) }, Allow, "", Service},
		"whose consent ended":           {func(f *Facts) { f.Consent.Status = consent.Expired }, Allow, "", Service},
		"nobody gave it":                {func(f *Facts) { f.Requested = false }, Refuse, "not_requested", Promotional},
		"by a member, out of the blue":  {func(f *Facts) { f.Requested, f.Origin = false, FromMember }, Refuse, "not_requested", Promotional},
		"by a campaign":                 {func(f *Facts) { f.Requested, f.Origin = false, FromAPI }, Refuse, "not_requested", Promotional},
		"asked last week":               {func(f *Facts) { f.Asked = ago(7 * 24 * time.Hour) }, Refuse, "asked_already", Promotional},
		"they said no":                  {func(f *Facts) { f.Consent.Status = consent.Refused }, Refuse, "opted_out", Promotional},
		"they withdrew":                 {func(f *Facts) { f.Consent.Status = consent.Withdrawn }, Refuse, "opted_out", Promotional},
		"in doubt":                      {func(f *Facts) { f.Consent.Status = consent.Doubtful }, Refuse, "doubt", Promotional},
		"no messages at all":            {func(f *Facts) { f.AllStop = true }, Refuse, "opted_out", Service},
		"the network calls it an offer": {func(f *Facts) { f.Template.Category = "MARKETING" }, Refuse, "not_requested", Promotional},
		"with an offer in it":           {func(f *Facts) { f.Template.Text += "\n20% off for you" }, Refuse, "not_requested", Promotional},
		"with a shop link":              {func(f *Facts) { f.Template.Text += "\nhttps://bondikayaks.example/shop" }, Refuse, "not_requested", Promotional},
		"of nobody":                     {func(f *Facts) { f.Brand = "Another Brand" }, Refuse, "not_requested", Promotional},
		"without a way out":             {func(f *Facts) { f.Template.Text = "This is Bondi Kayaks. Was that you?" }, Refuse, "not_requested", Promotional},
		"not approved":                  {func(f *Facts) { f.Template.Status = "PENDING" }, Refuse, "template_not_approved", Service},
		"paused":                        {func(f *Facts) { f.Template.Status = "PAUSED" }, Hold, "template_paused", Service},
	})
}

// Whatever else holds: the question leaves as what it is only for a number that was given and is undecided, and
// otherwise as the offer it is then, with a consent that stands.
func TestTheConfirmationOverRandomFacts(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(51, 3))
	statuses := []consent.Status{consent.Unknown, consent.Expired, consent.Granted, consent.Withdrawn, consent.Refused, consent.Doubtful}
	went := 0
	for range 20000 {
		f := confirming(t)
		f.Consent.Status = statuses[rng.IntN(len(statuses))]
		f.Requested, f.AllStop = rng.IntN(2) == 0, rng.IntN(5) == 0
		f.Origin = []Origin{FromMember, FromSystem, FromAPI, FromTrigger, FromBot}[rng.IntN(5)]
		f.Purpose = []Purpose{Promotional, Service, Answer}[rng.IntN(3)]
		if rng.IntN(3) == 0 {
			at := f.Now.Add(-time.Duration(rng.IntN(60*24)) * time.Hour)
			f.Asked = &at
		}
		if rng.IntN(4) == 0 {
			f.Template.Category = "MARKETING"
		}
		if d := Decide(f); d.Verb == Allow {
			undecided := f.Consent.Status == consent.Unknown || f.Consent.Status == consent.Expired
			fresh := f.Asked == nil || f.Now.Sub(*f.Asked) >= askAgain
			switch {
			case d.Purpose == Service && (!f.Requested || !undecided || !fresh || f.AllStop || f.Template.Category != "UTILITY"):
				t.Fatalf("it went: %+v", f)
			case d.Purpose != Service && f.Consent.Status != consent.Granted:
				t.Fatalf("as an offer, without consent: %+v", f)
			}
			if d.Purpose == Service {
				went++
			}
		}
	}
	if went == 0 {
		t.Error("it never went")
	}
}
