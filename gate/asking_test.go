package gate

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"ponte/channels"
	"ponte/consent"
)

func question(t testing.TB) Facts {
	f := promotional(t)
	f.Call.Template = &channels.TemplateSend{Name: ConsentQuestion, Language: "en"}
	f.Template = &TemplateFacts{Status: "APPROVED", Category: "MARKETING", Asks: true, Text: "Hello {{1}}, may Bondi Kayaks send you offers and news here on WhatsApp, up to 4 messages a month?\nReply STOP to opt out\nYes\nNo"}
	f.Consent = consent.State{Status: consent.Unknown}
	return f
}

// decided is a change to the facts, and what the gate says then.
type decided struct {
	mod     func(*Facts)
	verb    Verb
	code    string
	purpose Purpose
}

// decides holds the gate to a table, whatever purpose was wished for.
func decides(t *testing.T, facts func(testing.TB) Facts, table map[string]decided) {
	t.Helper()
	for name, c := range table {
		for _, wish := range []Purpose{Promotional, Service, Answer} {
			f := facts(t)
			f.Purpose = wish
			c.mod(&f)
			f.ValidUntil = f.Now.Add(24 * time.Hour)
			if d := Decide(f); d.Verb != c.verb || d.Code != c.code || d.Purpose != c.purpose {
				t.Errorf("%s, wished %s: %s %q as %s (%s), want %s %q as %s", name, wish, d.Verb, d.Code, d.Purpose, d.Meaning, c.verb, c.code, c.purpose)
			}
		}
	}
}

func TestConsentIsAskedForOnlyInsideAnOpenConversation(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) *time.Time { v := noon.Add(-d); return &v }
	decides(t, question, map[string]decided{
		"in an open conversation":            {func(*Facts) {}, Allow, "", Service},
		"at night, to whom just wrote":       {func(f *Facts) { f.Now, f.LastIn = noon.Add(13*time.Hour), ago(-13*time.Hour+time.Minute) }, Allow, "", Service},
		"above the cap of offers":            {func(f *Facts) { f.Sent = []time.Time{noon.Add(-time.Hour)} }, Allow, "", Service},
		"by a campaign":                      {func(f *Facts) { f.Origin = FromAPI }, Allow, "", Service},
		"the window is shut":                 {func(f *Facts) { f.LastIn = ago(24 * time.Hour) }, Refuse, "window_closed", Promotional},
		"the window is about to shut":        {func(f *Facts) { f.LastIn = ago(24*time.Hour - 5*time.Second) }, Refuse, "window_closed", Promotional},
		"they never wrote":                   {func(f *Facts) { f.LastIn = nil }, Refuse, "window_closed", Promotional},
		"a person may write for seven days":  {func(f *Facts) { f.LastIn, f.Origin, f.Call.HumanAgent = ago(48*time.Hour), FromMember, true }, Refuse, "window_closed", Promotional},
		"they said no":                       {func(f *Facts) { f.Consent.Status = consent.Refused }, Refuse, "opted_out", Promotional},
		"they withdrew":                      {func(f *Facts) { f.Consent.Status = consent.Withdrawn }, Refuse, "opted_out", Promotional},
		"in doubt":                           {func(f *Facts) { f.Consent.Status = consent.Doubtful }, Refuse, "doubt", Promotional},
		"it ended":                           {func(f *Facts) { f.Consent.Status = consent.Expired }, Allow, "", Service},
		"no messages at all":                 {func(f *Facts) { f.AllStop = true }, Refuse, "opted_out", Service},
		"they agreed: an offer like another": {func(f *Facts) { f.Consent.Status = consent.Granted }, Allow, "", Promotional},
		"asked last week":                    {func(f *Facts) { f.Asked = ago(7 * 24 * time.Hour) }, Refuse, "asked_already", Promotional},
		"asked last year":                    {func(f *Facts) { f.Asked = ago(365 * 24 * time.Hour) }, Allow, "", Service},
		"with an offer in it":                {func(f *Facts) { f.Template.Text += "\n20% off for you" }, Refuse, "no_consent", Promotional},
		"with a price":                       {func(f *Facts) { f.Template.Text += "\nonly $20" }, Refuse, "no_consent", Promotional},
		"with a shop link":                   {func(f *Facts) { f.Template.Text += "\nhttps://bondikayaks.example/shop" }, Refuse, "no_consent", Promotional},
		"with an offer for a name": {func(f *Facts) {
			f.Call.Template.Components = json.RawMessage(`[{"type":"body","parameters":[{"type":"text","text":"friend, 20% off today"}]}]`)
		}, Refuse, "no_consent", Promotional},
		"of nobody":         {func(f *Facts) { f.Brand = "Another Brand" }, Refuse, "no_consent", Promotional},
		"without a way out": {func(f *Facts) { f.Template.Text = "May Bondi Kayaks send you offers?" }, Refuse, "no_consent", Promotional},
		"another template":  {func(f *Facts) { f.Template.Asks = false }, Refuse, "no_consent", Promotional},
		"not approved":      {func(f *Facts) { f.Template.Status = "PENDING" }, Refuse, "template_not_approved", Service},
	})
}

// Whatever else holds: without consent the question goes to nobody outside their window, to nobody who said
// no, and not twice.
func TestTheQuestionOverRandomFacts(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 2))
	went := 0
	for range 30000 {
		f := question(t)
		f.Now = noon.Add(time.Duration(rng.IntN(20*24*60)) * time.Minute)
		f.NotBefore, f.ValidUntil = f.Now.Add(-time.Hour), f.Now.Add(24*time.Hour)
		in := f.Now.Add(-time.Duration(rng.IntN(48*60)) * time.Minute)
		f.LastIn = &in
		f.Purpose = []Purpose{Answer, Service, Promotional}[rng.IntN(3)]
		f.Origin = []Origin{FromBot, FromTrigger, FromMember, FromAPI, FromSystem}[rng.IntN(5)]
		f.Call.HumanAgent = f.Origin == FromMember && rng.IntN(2) == 0
		f.Consent.Status = []consent.Status{consent.Withdrawn, consent.Refused, consent.Doubtful, consent.Unknown, consent.Unknown, consent.Expired}[rng.IntN(6)]
		if rng.IntN(3) == 0 {
			at := f.Now.Add(-time.Duration(rng.IntN(60*24)) * time.Hour)
			f.Asked = &at
		}
		d := Decide(f)
		if d.Verb != Allow {
			continue
		}
		went++
		switch {
		case f.Now.Sub(in) >= 24*time.Hour:
			t.Fatalf("asked %s after they last wrote", f.Now.Sub(in))
		case f.Consent.Status != consent.Unknown && f.Consent.Status != consent.Expired:
			t.Fatalf("asked somebody who stands at %s", f.Consent.Status)
		case f.Asked != nil && f.Now.Sub(*f.Asked) < askAgain:
			t.Fatalf("asked again after %s", f.Now.Sub(*f.Asked))
		case d.Purpose != Service:
			t.Fatalf("as %s", d.Purpose)
		}
	}
	if went < 1000 {
		t.Errorf("only %d went: the test proves little", went)
	}
}

// The facts are read from the database: which template asks, and who was asked before.
func TestWhoWasAskedIsReadFromWhatWasSent(t *testing.T) {
	b := setup(t)
	r := b.offerTo("39333000001")
	b.exec(`DELETE FROM templates`)
	b.exec(`INSERT INTO templates (workspace_id, account_id, name, language, category, status, components)
		VALUES ($1, $2, 'offers_opt_in', 'en', 'MARKETING', 'APPROVED', '[{"type":"BODY","text":"May Bondi Kayaks send you offers? Reply STOP to opt out."}]')`, b.ws, b.wa)
	other := b.id(`INSERT INTO contacts (workspace_id) VALUES ($1) RETURNING id`, b.ws)
	who := b.id(`INSERT INTO identities (workspace_id, contact_id, channel, phone) VALUES ($1, $2, 'whatsapp', '39333000002') RETURNING id`, b.ws, other)
	r.ContactID, r.IdentityID, r.Call.Phone, r.Call.Template = other, who, "39333000002", &channels.TemplateSend{Name: "offers_opt_in", Language: "en"}
	b.want("they never wrote", r, Refuse, "window_closed")
	b.exec(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id, last_in_at) VALUES ($1, $2, 'whatsapp', $3, $4, $5)`, b.ws, b.wa, who, other, b.now.Add(-time.Hour))
	b.want("in a conversation", r, Allow, "")
	second := r
	second.ActionID = 10
	all, err := b.g.CheckAll(t.Context(), b.db, []Request{r, second}, b.now)
	if err != nil || all[0].Verb != Allow || all[1].Code != "asked_already" {
		t.Errorf("twice in one batch: %+v %v", all, err)
	}
	b.exec(`INSERT INTO actions (workspace_id, account_id, contact_id, identity_id, kind, purpose, origin, call, token, dedupe, not_before, valid_until, state, sent_at)
		VALUES ($1, $2, $3, $4, 'template.send', 'service', 'api', '{"template":{"name":"offers_opt_in","language":"en"}}', 'tok', 'dd', now(), now(), 'unknown', $5)`, b.ws, b.wa, other, who, b.now.Add(-48*time.Hour))
	b.want("asked two days ago, perhaps", r, Refuse, "asked_already")
	b.exec(`UPDATE templates SET name = 'our_question'`)
	r.Call.Template = &channels.TemplateSend{Name: "our_question", Language: "en"}
	b.want("a name of the brand's own", r, Refuse, "no_consent")
	b.exec(`INSERT INTO template_drafts (workspace_id, account_id, name, language, ready, version) VALUES ($1, $2, 'our_question', 'en', 'offers_opt_in', 1)`, b.ws, b.wa2)
	b.want("that began as the ready-made one, and was asked by its other name two days ago", r, Refuse, "asked_already")
	b.exec(`UPDATE actions SET sent_at = $1 WHERE token = 'tok'`, b.now.Add(-40*24*time.Hour))
	b.want("that began as the ready-made one", r, Allow, "")
	b.exec(`UPDATE actions SET sent_at = $1, call = '{"template":{"name":"our_question","language":"en"}}' WHERE token = 'tok'`, b.now.Add(-48*time.Hour))
	b.exec(`UPDATE templates SET name = 'offers_opt_in'`)
	r.Call.Template = &channels.TemplateSend{Name: "offers_opt_in", Language: "en"}
	b.want("asked two days ago by the brand's own name", r, Refuse, "asked_already")
}
