package gate

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"ponte/channels"
	"ponte/consent"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// noon is a Wednesday, 12:00 in Sydney and 9:00 in Perth.
var noon = time.Date(2026, 11, 18, 1, 0, 0, 0, time.UTC)

func allowed(t testing.TB) Facts {
	in := noon.Add(-time.Hour)
	return Facts{
		Now: noon, ValidUntil: noon.Add(24 * time.Hour), NotBefore: noon.Add(-time.Minute), Purpose: Answer, Origin: FromBot,
		Call:             channels.Call{Kind: channels.SendMessage, Channel: channels.WhatsApp, Text: "We are open until six."},
		WorkspaceSending: true, AccountSending: true, AccountState: "connected", Brand: "Bondi Kayaks", Person: true,
		Answers: &Answered{Inbound: true, Same: true, At: in}, LastIn: &in,
		CapDay: 1, CapMonth: 4, Hours: hoursFor(), Zones: []*time.Location{zone(t, "Australia/Perth"), zone(t, "Australia/Sydney")},
	}
}

func hoursFor() Hours {
	return Hours{Weekday: Span{9 * 60, 20 * 60}, Saturday: Span{9 * 60, 17 * 60}, National: true}
}

func promotional(t testing.TB) Facts {
	f := allowed(t)
	f.Purpose, f.Origin, f.Answers = Promotional, FromAPI, nil
	f.Call = channels.Call{Kind: channels.SendTemplate, Channel: channels.WhatsApp, Template: &channels.TemplateSend{Name: "summer", Language: "en"}}
	f.Template = &TemplateFacts{Status: "APPROVED", Category: "MARKETING", Text: "Bondi Kayaks: 20% off this week. Reply STOP to opt out."}
	f.Consent = consent.State{Status: consent.Granted}
	return f
}

func privateReply(t testing.TB) Facts {
	f := allowed(t)
	f.Origin = FromTrigger
	f.Call = channels.Call{Kind: channels.PrivateReply, Channel: channels.Instagram, Text: "Hi! Let us continue here: https://wa.me/61400000000?text=Hi"}
	f.Comment = &CommentFacts{State: "visible", Decision: "allow", At: noon.Add(-time.Minute)}
	f.Answers = &Answered{Inbound: true, Same: true, Comment: true, At: noon.Add(-time.Minute)}
	f.LastIn = nil
	return f
}

func TestDecide(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) *time.Time { v := noon.Add(-d); return &v }
	cases := []struct {
		name string
		from func(testing.TB) Facts
		mod  func(*Facts)
		verb Verb
		code string
	}{
		{"an answer", allowed, nil, Allow, ""},
		{"a promotional template", promotional, nil, Allow, ""},
		{"a private reply", privateReply, nil, Allow, ""},
		{"too late", allowed, func(f *Facts) { f.ValidUntil = noon }, Expire, "expired"},
		{"too early", allowed, func(f *Facts) { f.NotBefore = noon.Add(time.Hour) }, Defer, "not_yet"},
		{"workspace switched off", allowed, func(f *Facts) { f.WorkspaceSending = false }, Hold, "workspace_off"},
		{"account switched off", allowed, func(f *Facts) { f.AccountSending = false }, Hold, "account_off"},
		{"token gone", allowed, func(f *Facts) { f.AccountState = "needs_reauthorisation" }, Hold, "account_off"},
		{"account removed", allowed, func(f *Facts) { f.AccountState = "removed" }, Refuse, "account_removed"},
		{"account unknown", allowed, func(f *Facts) { f.AccountState = "" }, Hold, "account_off"},
		{"blocked", allowed, func(f *Facts) { f.Blocked = true }, Refuse, "blocked"},
		{"the brand's own number", allowed, func(f *Facts) { f.Own = true }, Refuse, "own_number"},
		{"a member tries who answers at the brand's own number", allowed, func(f *Facts) { f.Own, f.Origin = true, FromMember }, Allow, ""},
		{"nobody", allowed, func(f *Facts) { f.Person = false }, Refuse, "no_person"},

		{"window shut", allowed, func(f *Facts) { f.LastIn = ago(24 * time.Hour); f.Origin = FromMember }, Refuse, "window_closed"},
		{"window about to shut", allowed, func(f *Facts) { f.LastIn = ago(24*time.Hour - 5*time.Second); f.Origin = FromMember }, Refuse, "window_closed"},
		{"window still open", allowed, func(f *Facts) { f.LastIn = ago(24*time.Hour - time.Minute); f.Origin = FromMember }, Allow, ""},
		{"window never opened", allowed, func(f *Facts) { f.LastIn = nil; f.Origin = FromMember }, Refuse, "window_closed"},
		{"a person on Messenger after a day", allowed, func(f *Facts) {
			f.LastIn, f.Origin, f.Call.Channel, f.Call.HumanAgent = ago(6*24*time.Hour), FromMember, channels.Messenger, true
		}, Allow, ""},
		{"a person on Messenger after a week", allowed, func(f *Facts) {
			f.LastIn, f.Origin, f.Call.Channel, f.Call.HumanAgent = ago(7*24*time.Hour), FromMember, channels.Messenger, true
		}, Refuse, "window_closed"},
		{"a person on WhatsApp after a day", allowed, func(f *Facts) {
			f.LastIn, f.Origin, f.Call.HumanAgent = ago(2*24*time.Hour), FromMember, true
		}, Refuse, "window_closed"},
		{"a bot that claims to be a person", allowed, func(f *Facts) { f.Call.Channel, f.Call.HumanAgent = channels.Messenger, true }, Refuse, "human_agent_only"},

		{"comment removed", privateReply, func(f *Facts) { f.Comment.State = "removed" }, Refuse, "comment_gone"},
		{"comment unknown", privateReply, func(f *Facts) { f.Comment = nil }, Refuse, "comment_gone"},
		{"comment hidden", privateReply, func(f *Facts) { f.Comment.State = "hidden" }, Refuse, "comment_hidden"},
		{"comment judged harmful", privateReply, func(f *Facts) { f.Comment.Decision = "hide" }, Refuse, "comment_hidden"},
		{"own comment", privateReply, func(f *Facts) { f.Comment.Own = true }, Refuse, "own_comment"},
		{"second private reply", privateReply, func(f *Facts) { f.Comment.Replied = true }, Refuse, "already_replied"},
		{"comment too old", privateReply, func(f *Facts) { f.Comment.At = noon.Add(-7 * 24 * time.Hour); f.Origin = FromMember }, Refuse, "window_closed"},
		{"live comment after the broadcast", privateReply, func(f *Facts) { f.Comment.Live, f.Comment.At = true, noon.Add(-5*time.Hour) }, Refuse, "window_closed"},
		{"a private reply to a mention", privateReply, func(f *Facts) { f.Comment.Mention, f.Origin = true, FromMember }, Refuse, "mention_elsewhere"},
		{"hiding a mention", privateReply, func(f *Facts) { f.Comment.Mention, f.Call.Kind = true, channels.HideComment }, Refuse, "mention_elsewhere"},
		{"deleting a mention", privateReply, func(f *Facts) { f.Comment.Mention, f.Call.Kind = true, channels.DeleteComment }, Refuse, "mention_elsewhere"},
		{"answering a mention", privateReply, func(f *Facts) { f.Comment.Mention, f.Call.Kind = true, channels.ReplyToComment }, Allow, ""},
		{"hiding needs nothing", privateReply, func(f *Facts) { f.Call.Kind, f.Blocked, f.Person = channels.HideComment, true, false }, Allow, ""},
		{"hiding what is gone", privateReply, func(f *Facts) { f.Call.Kind, f.Comment.State = channels.HideComment, "removed" }, Refuse, "comment_gone"},

		{"a private reply that offers", privateReply, func(f *Facts) { f.Call.Text += " 10% off!" }, Refuse, "no_consent"},
		{"a private reply with a shop link", privateReply, func(f *Facts) { f.Call.Text += " https://bondikayaks.example/shop" }, Refuse, "no_consent"},
		{"an answer to nobody", allowed, func(f *Facts) { f.Answers = nil }, Refuse, "no_consent"},
		{"an answer to somebody else", allowed, func(f *Facts) { f.Answers.Same = false }, Refuse, "no_consent"},
		{"an answer to our own echo", allowed, func(f *Facts) { f.Answers.Inbound = false }, Refuse, "no_consent"},
		{"an answer to last week", allowed, func(f *Facts) { f.Answers.At = noon.Add(-8 * 24 * time.Hour) }, Refuse, "no_consent"},
		{"the answer to STOP goes out", allowed, func(f *Facts) { f.Consent.Status, f.AllStop = consent.Withdrawn, true }, Allow, ""},

		{"no consent", promotional, func(f *Facts) { f.Consent.Status = consent.Unknown }, Refuse, "no_consent"},
		{"zero consent", promotional, func(f *Facts) { f.Consent = consent.State{} }, Refuse, "no_consent"},
		{"withdrawn", promotional, func(f *Facts) { f.Consent.Status = consent.Withdrawn }, Refuse, "opted_out"},
		{"refused", promotional, func(f *Facts) { f.Consent.Status = consent.Refused }, Refuse, "opted_out"},
		{"doubt", promotional, func(f *Facts) { f.Consent.Status = consent.Doubtful }, Refuse, "doubt"},
		{"expired consent", promotional, func(f *Facts) { f.Consent.Status = consent.Expired }, Refuse, "no_consent"},
		{"wished to be service", promotional, func(f *Facts) { f.Purpose, f.Consent.Status = Service, consent.Unknown }, Refuse, "no_consent"},
		{"wished to be an answer by a member", promotional, func(f *Facts) {
			f.Purpose, f.Origin, f.Consent.Status = Answer, FromMember, consent.Unknown
		}, Refuse, "no_consent"},
		{"a utility template", promotional, func(f *Facts) {
			f.Purpose, f.Template.Category, f.Template.Text, f.Consent.Status = Service, "UTILITY", "Your booking is at nine.", consent.Unknown
		}, Allow, ""},
		{"a utility template with a discount", promotional, func(f *Facts) {
			f.Purpose, f.Template.Category, f.Template.Text, f.Consent.Status = Service, "UTILITY", "Your booking is at nine. 10 % off next time!", consent.Unknown
		}, Refuse, "no_consent"},
		{"a utility template to somebody who stopped everything", promotional, func(f *Facts) {
			f.Purpose, f.Template.Category, f.Template.Text, f.AllStop = Service, "UTILITY", "Your booking is at nine.", true
		}, Refuse, "opted_out"},
		{"template paused", promotional, func(f *Facts) { f.Template.Status = "PAUSED" }, Hold, "template_paused"},
		{"template rejected", promotional, func(f *Facts) { f.Template.Status = "REJECTED" }, Refuse, "template_not_approved"},
		{"campaign over", promotional, func(f *Facts) { f.CampaignState, f.CampaignEnds = "live", new(f.Now) }, Refuse, "campaign_over"},
		{"campaign over in a moment", promotional, func(f *Facts) { f.CampaignEnds = new(f.Now.Add(time.Second)) }, Allow, ""},
		{"campaign over, by hand", promotional, func(f *Facts) { f.CampaignEnds, f.Origin = new(f.Now), FromMember }, Allow, ""},
		{"campaign archived", promotional, func(f *Facts) { f.CampaignState = "archived" }, Refuse, "campaign_ended"},
		{"a member in an archived campaign", promotional, func(f *Facts) { f.CampaignState, f.Origin = "archived", FromMember }, Allow, ""},
		{"campaign paused", promotional, func(f *Facts) { f.CampaignState = "paused" }, Hold, "campaign_paused"},
		{"a person, though the campaign is paused", promotional, func(f *Facts) { f.CampaignState, f.Origin = "paused", FromMember }, Allow, ""},
		{"trigger archived", promotional, func(f *Facts) { f.TriggerState, f.Origin = "archived", FromTrigger }, Refuse, "trigger_ended"},
		{"trigger paused", promotional, func(f *Facts) { f.TriggerState, f.Origin = "paused", FromTrigger }, Hold, "trigger_paused"},
		{"a flow that a paused trigger led to", promotional, func(f *Facts) { f.TriggerState, f.Origin = "paused", FromBot }, Allow, ""},
		{"template unknown", promotional, func(f *Facts) { f.Template = nil }, Refuse, "template_not_approved"},
		{"template without the brand", promotional, func(f *Facts) { f.Template.Text = "20% off. Reply STOP to opt out." }, Refuse, "identification_missing"},
		{"template without a way out", promotional, func(f *Facts) { f.Template.Text = "Bondi Kayaks: 20% off." }, Refuse, "opt_out_missing"},

		{"an offer with a template rated RED", promotional, func(f *Facts) { f.Template.Quality = "RED" }, Hold, "template_quality"},
		{"a fact with a template rated RED", promotional, func(f *Facts) {
			f.Purpose, f.Template.Category, f.Template.Text, f.Template.Quality = Service, "UTILITY", "Your booking is at nine.", "RED"
		}, Allow, ""},
		{"an offer with a template that is held back", promotional, func(f *Facts) { f.Template.Paced = true }, Hold, "template_pacing"},

		{"a first reminder", allowed, func(f *Facts) { f.Sequence = &SequenceFacts{Gap: 24 * time.Hour} }, Allow, ""},
		{"a reminder after an answer", allowed, func(f *Facts) { f.Sequence = &SequenceFacts{Gap: 24 * time.Hour, Replied: true} }, Refuse, "sequence_replied"},
		{"a reminder after a purchase", allowed, func(f *Facts) { f.Sequence = &SequenceFacts{Gap: 24 * time.Hour, Goal: "purchase"} }, Refuse, "sequence_goal"},
		{"a fourth reminder", allowed, func(f *Facts) {
			f.Sequence = &SequenceFacts{Gap: 24 * time.Hour, Sent: []time.Time{*ago(200 * time.Hour), *ago(150 * time.Hour), *ago(100 * time.Hour)}}
		}, Refuse, "sequence_full"},
		{"a reminder too soon", allowed, func(f *Facts) {
			f.Sequence, f.ValidUntil = &SequenceFacts{Gap: 48 * time.Hour, Sent: []time.Time{*ago(47 * time.Hour), *ago(100 * time.Hour)}}, noon.Add(48*time.Hour)
		}, Defer, "sequence_spacing"},
		{"a reminder too soon that is not valid later", allowed, func(f *Facts) {
			f.Sequence, f.ValidUntil = &SequenceFacts{Gap: 48 * time.Hour, Sent: []time.Time{*ago(10 * time.Hour)}}, noon.Add(time.Hour)
		}, Refuse, "sequence_spacing"},
		{"a reminder in time", allowed, func(f *Facts) {
			f.Sequence = &SequenceFacts{Gap: 24 * time.Hour, Sent: []time.Time{*ago(24 * time.Hour)}}
		}, Allow, ""},

		{"what is free needs no budget", promotional, func(f *Facts) { f.Cost = Cost{State: CostFree}; f.Budgets = []Budget{{Code: "budget_day"}} }, Allow, ""},
		{"an unknown price without a budget", promotional, func(f *Facts) { f.Cost = Cost{State: CostUnknown} }, Allow, ""},
		{"an unknown price with a budget", promotional, func(f *Facts) {
			f.Cost = Cost{State: CostUnknown}
			f.Budgets = []Budget{{Code: "budget_day", Limit: 1 << 40}}
		}, Hold, "price_unknown"},
		{"a price in another currency", promotional, func(f *Facts) {
			f.Cost = Cost{State: CostEstimated, Micros: 1, Currency: "EUR"}
			f.Budgets = []Budget{{Code: "budget_day", Limit: 1 << 40, Currency: "AUD"}}
		}, Hold, "price_unknown"},
		{"the last of a budget", promotional, func(f *Facts) {
			f.Cost = Cost{State: CostEstimated, Micros: 5, Currency: "EUR"}
			f.Budgets = []Budget{{Code: "budget_day", Limit: 10, Spent: 5, Currency: "EUR"}}
		}, Allow, ""},
		{"beyond a budget", promotional, func(f *Facts) {
			f.Cost = Cost{State: CostEstimated, Micros: 6, Currency: "EUR"}
			f.Budgets = []Budget{{Code: "budget_day", Limit: 100, Spent: 5, Currency: "EUR"}, {Code: "budget_campaign", Limit: 10, Spent: 5, Currency: "EUR"}}
		}, Hold, "budget_campaign"},
		{"a budget of nothing", promotional, func(f *Facts) {
			f.Cost, f.Budgets = Cost{State: CostEstimated, Micros: 1, Currency: "EUR"}, []Budget{{Code: "budget_month", Currency: "EUR"}}
		}, Hold, "budget_month"},

		{"a second one today", promotional, func(f *Facts) {
			f.Sent = []time.Time{noon.Add(-23 * time.Hour)}
			f.ValidUntil = noon.Add(48 * time.Hour)
		}, Defer, "cap_24h"},
		{"a second one today, valid today", promotional, func(f *Facts) { f.Sent = []time.Time{noon.Add(-time.Hour)}; f.ValidUntil = noon.Add(time.Hour) }, Refuse, "cap_24h"},
		{"yesterday's does not count", promotional, func(f *Facts) { f.Sent = []time.Time{noon.Add(-24 * time.Hour)} }, Allow, ""},
		{"a fifth in thirty days", promotional, func(f *Facts) {
			f.Sent = []time.Time{noon.Add(-50 * time.Hour), noon.Add(-100 * time.Hour), noon.Add(-150 * time.Hour), noon.Add(-200 * time.Hour)}
		}, Refuse, "cap_30d"},
		{"a fifth although the owner allows ten", promotional, func(f *Facts) {
			f.CapMonth = 10
			f.Sent = []time.Time{noon.Add(-50 * time.Hour), noon.Add(-100 * time.Hour), noon.Add(-150 * time.Hour), noon.Add(-200 * time.Hour)}
		}, Refuse, "cap_30d"},
		{"caps do not concern answers", allowed, func(f *Facts) { f.Sent = []time.Time{noon} }, Allow, ""},
		{"nine in Sydney, too early in Perth", promotional, func(f *Facts) { f.Now, f.NotBefore = noon.Add(-3*time.Hour), time.Time{} }, Defer, "quiet_hours"},
		{"an answer at night", allowed, func(f *Facts) {
			f.Now = noon.Add(15 * time.Hour)
			f.Answers.At = f.Now
			f.LastIn = &f.Now
		}, Allow, ""},
	}
	for _, c := range cases {
		f := c.from(t)
		if c.mod != nil {
			c.mod(&f)
		}
		d := Decide(f)
		if d.Verb != c.verb || d.Code != c.code {
			t.Errorf("%s: %s %q (%s), want %s %q", c.name, d.Verb, d.Code, d.Meaning, c.verb, c.code)
		}
		if d.Verb != Allow && d.Meaning == "" {
			t.Errorf("%s: no meaning for the reader", c.name)
		}
		if d.Verb == Defer && !d.Until.After(f.Now) {
			t.Errorf("%s: deferred to the past", c.name)
		}
	}
}

// Over random facts: whatever is allowed keeps every rule, checked one by one and independently of the
// order in Decide.
func TestDecideOverRandomFacts(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 9))
	pick := func(n int) bool { return rng.IntN(n) == 0 }
	allows := map[channels.CallKind]int{}
	for range 60000 {
		f := []func(testing.TB) Facts{allowed, promotional, privateReply}[rng.IntN(3)](t)
		f.Now = noon.Add(time.Duration(rng.IntN(20*24*60)) * time.Minute)
		f.NotBefore, f.ValidUntil = f.Now.Add(-time.Hour), f.Now.Add(time.Duration(rng.IntN(40)-1)*time.Hour)
		in := f.Now.Add(-time.Duration(rng.IntN(40)) * time.Hour)
		f.LastIn = &in
		if f.Answers != nil {
			f.Answers.At = f.Now.Add(-time.Duration(rng.IntN(200)) * time.Hour)
			f.Answers.Same = !pick(5)
		}
		if f.Comment != nil {
			f.Comment.At, f.Comment.Replied = f.Now.Add(-time.Duration(rng.IntN(200))*time.Hour), pick(5)
		}
		f.Purpose = []Purpose{Answer, Service, Promotional}[rng.IntN(3)]
		f.Origin = []Origin{FromBot, FromTrigger, FromMember, FromAPI, FromSystem}[rng.IntN(5)]
		f.Consent.Status = []consent.Status{consent.Granted, consent.Granted, consent.Withdrawn, consent.Doubtful, consent.Unknown}[rng.IntN(5)]
		if pick(3) {
			f.Call.Text += " Special offer: 10% off"
		}
		for range rng.IntN(4) {
			f.Sent = append(f.Sent, f.Now.Add(-time.Duration(rng.IntN(60*24))*time.Hour))
		}
		d := Decide(f)
		if d.Verb != Allow {
			continue
		}
		allows[f.Call.Kind]++
		if !f.Now.Before(f.ValidUntil) {
			t.Fatalf("expired: %+v", f)
		}
		if f.Call.Kind == channels.SendMessage && f.Now.Sub(in) >= 24*time.Hour {
			t.Fatalf("outside the window: %+v", f)
		}
		if f.Call.Kind == channels.PrivateReply && (f.Comment.Replied || f.Now.Sub(f.Comment.At) >= 7*24*time.Hour) {
			t.Fatalf("a private reply out of order: %+v", f)
		}
		offers := f.Call.Kind == channels.SendTemplate || f.Call.Kind != channels.SendMessage && Promotes(f.Call.Text, true) && f.Origin != FromMember
		if offers && d.Purpose != Promotional {
			t.Fatalf("an offer went out as %s: %+v", d.Purpose, f)
		}
		if d.Purpose != Promotional {
			continue
		}
		if f.Consent.Status != consent.Granted {
			t.Fatalf("promotional without consent: %+v", f)
		}
		for _, s := range f.Sent {
			if s.After(f.Now.Add(-24 * time.Hour)) {
				t.Fatalf("over the daily cap: %+v", f)
			}
		}
		for _, z := range f.Zones {
			l := f.Now.In(z)
			if l.Weekday() == time.Sunday || l.Hour() < 9 || l.Hour() >= 20 || l.Weekday() == time.Saturday && l.Hour() >= 17 {
				t.Fatalf("promotional at %s", l)
			}
		}
	}
	for _, k := range []channels.CallKind{channels.SendMessage, channels.SendTemplate, channels.PrivateReply} {
		if allows[k] < 100 {
			t.Errorf("only %d of %s were allowed: the test proves little", allows[k], k)
		}
	}
}

func TestPromotes(t *testing.T) {
	t.Parallel()
	yes := []string{"10% off today", "Sconto del 20 % per te", "Livraison gratuite dès 50 €", "Reduceri de vară", "¡Descuento especial!", "Jetzt kaufen und sparen",
		"Frete grátis", "Visit our shop: bondikayaks.com.au", "https://shop.example/x", "Buy now!", "Código promocional: MAR10"}
	no := []string{"Hi Giulia, let us continue on WhatsApp: https://wa.me/61400000000?text=Ref%3A%20ABC", "We are open from 9 to 17.", "The tour takes two hours and costs $95.",
		"You will not get any more offers from Bondi Kayaks. Send START to come back.", "Non riceverai più offerte da Bondi Kayaks.", "Grazie! Ti scriviamo subito.",
		"Welche Frage können wir beantworten?", "m.me/bondikayaks"}
	for _, s := range yes {
		if !Promotes(s, false) {
			t.Errorf("%q passes as not promotional", s)
		}
	}
	for _, s := range no {
		if Promotes(s, false) {
			t.Errorf("%q counts as promotional", s)
		}
	}
	if OfTexts("Grazie!", "Ask us about our offers") != Promotional || OfTexts("Hi! Write to us: {{link}}", "Grazie, ti scriviamo!") != Answer {
		t.Error("a trigger that speaks of offers is promotional, one that invites to a chat is not")
	}
}

func TestPurposeOf(t *testing.T) {
	t.Parallel()
	msg := func(text string) channels.Call { return channels.Call{Kind: channels.SendMessage, Text: text} }
	tpl := channels.Call{Kind: channels.SendTemplate, Template: &channels.TemplateSend{Components: json.RawMessage(`[{"type":"body","parameters":[{"type":"text","text":"50% off"}]}]`)}}
	cases := []struct {
		name string
		d    Draft
		want Purpose
	}{
		{"answer", Draft{Call: msg("hello"), Origin: FromBot, Wish: Answer, Event: true}, Answer},
		{"answer without event", Draft{Call: msg("hello"), Origin: FromBot, Wish: Answer}, Promotional},
		{"a list's button", Draft{Call: channels.Call{Kind: channels.SendMessage, Text: "hello", List: &channels.List{Button: "10% off"}}, Origin: FromBot, Wish: Answer, Event: true}, Promotional},
		{"no wish", Draft{Call: msg("hello"), Origin: FromBot, Event: true}, Promotional},
		{"member", Draft{Call: msg("hello, 10% off"), Origin: FromMember, Wish: Answer}, Answer},
		{"trigger's service", Draft{Call: msg("hello"), Origin: FromTrigger, Wish: Service, Event: true}, Promotional},
		{"the wish to be stricter", Draft{Call: msg("hello"), Origin: FromBot, Wish: Promotional, Event: true}, Promotional},
		{"utility with an offer in a parameter", Draft{Call: tpl, Origin: FromAPI, Wish: Service, Category: "UTILITY"}, Promotional},
		{"category unknown", Draft{Call: channels.Call{Kind: channels.SendTemplate}, Origin: FromAPI, Wish: Service}, Promotional},
		{"hide", Draft{Call: channels.Call{Kind: channels.HideComment}, Wish: Promotional}, Moderation},
		{"typing", Draft{Call: channels.Call{Kind: channels.Typing}}, Technical},
		{"offer behind a button", Draft{Call: channels.Call{Kind: channels.SendMessage, Text: "hello", Link: &channels.Link{Title: "Open", URL: "https://shop.example"}}, Origin: FromBot, Wish: Answer, Event: true}, Promotional},
	}
	for _, c := range cases {
		if got := PurposeOf(c.d); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestHours(t *testing.T) {
	t.Parallel()
	h := hoursFor()
	au := []*time.Location{zone(t, "Australia/Perth"), zone(t, "Australia/Sydney")}
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, zone(t, "Australia/Sydney"))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	open := map[string]bool{
		"2026-11-18 11:59": false, "2026-11-18 12:00": true, "2026-11-18 19:59": true, "2026-11-18 20:00": false, // Wednesday, summer time
		"2026-07-15 10:59": false, "2026-07-15 11:00": true, // winter: two hours apart
		"2026-11-21 12:00": true, "2026-11-21 17:00": false, "2026-11-22 13:00": false, // Saturday, Sunday
		"2026-04-03 13:00": false, "2026-04-06 13:00": false, "2026-04-07 13:00": true, // Good Friday, Easter Monday, Tuesday
		"2027-03-26 13:00": false, "2027-03-29 13:00": false,
		"2026-12-25 13:00": false, "2026-12-28 13:00": true, "2027-01-26 13:00": false, "2028-04-25 13:00": false,
	}
	for s, want := range open {
		if h.Open(at(s), au) != want {
			t.Errorf("%s: open is %v", s, !want)
		}
	}
	next := map[string]string{"2026-11-18 09:00": "2026-11-18 12:00", "2026-11-21 17:00": "2026-11-23 12:00", "2026-04-02 20:00": "2026-04-04 12:00", "2026-12-24 21:00": "2026-12-28 12:00"}
	for s, want := range next {
		if got, ok := h.Next(at(s), au); !ok || !got.Equal(at(want)) {
			t.Errorf("after %s: %v, want %s", s, got.In(au[1]), want)
		}
	}
	santiago := zone(t, "America/Santiago") // the night to Sunday 6 September has no midnight
	every := Hours{Weekday: Span{540, 1200}, Saturday: Span{540, 1020}, Sundays: true}
	if got, ok := every.Next(time.Date(2026, 9, 5, 18, 0, 0, 0, santiago), []*time.Location{santiago}); !ok || !got.Equal(time.Date(2026, 9, 6, 9, 0, 0, 0, santiago)) {
		t.Errorf("in Santiago the next good hour is %v", got)
	}
	if _, ok := (Hours{}).Next(noon, au); ok {
		t.Error("hours that never open have a next opening")
	}
	for _, c := range Countries() {
		if zones, _ := (Place{Country: c}).Zones(); len(zones) == 0 {
			t.Errorf("%s has no zone", c)
		}
	}
	zones, country := Place{Phone: "61491570156", Workspace: "Europe/Rome"}.Zones()
	if country != "AU" || len(zones) != 2 {
		t.Errorf("+61: %s %v", country, zones)
	}
	zones, _ = Place{Phone: "61491570156", TimeZone: "Australia/Hobart"}.Zones()
	if len(zones) != 1 || zones[0].String() != "Australia/Hobart" {
		t.Errorf("a stated zone: %v", zones)
	}
}

// What a member writes is an answer, and the care window its limit. An offer to somebody who took consent back, said no or
// may have, and has said nothing since, answers nothing.
func TestAMembersOfferAfterAWithdrawal(t *testing.T) {
	t.Parallel()
	const offer = "Spring sale: 20% off, shop now at https://shop.bondikayaks.example"
	stop := noon.Add(-time.Hour)
	for name, c := range map[string]struct {
		mod  func(*Facts)
		verb Verb
		code string
	}{
		"the STOP was said last":              {func(*Facts) {}, Refuse, "opted_out"},
		"withdrawn on another way since":      {func(f *Facts) { f.Consent.Since = noon.Add(-time.Minute) }, Refuse, "opted_out"},
		"they said no to the wording":         {func(f *Facts) { f.Consent.Status = consent.Refused }, Refuse, "opted_out"},
		"they may want to stop":               {func(f *Facts) { f.Consent.Status = consent.Doubtful }, Refuse, "doubt"},
		"no offer":                            {func(f *Facts) { f.Call.Text = "You will not hear from us again. Your booking stands." }, Allow, ""},
		"they asked since":                    {func(f *Facts) { f.LastIn = new(stop.Add(time.Minute)) }, Allow, ""},
		"nobody ever asked them about offers": {func(f *Facts) { f.Consent = consent.State{Status: consent.Unknown} }, Allow, ""},
		"with consent":                        {func(f *Facts) { f.Consent.Status = consent.Granted }, Allow, ""},
		"privately, to an older comment": {func(f *Facts) {
			f.Call.Kind, f.Comment, f.LastIn = channels.PrivateReply, &CommentFacts{State: "visible", Decision: "allow", At: stop.Add(-time.Hour)}, nil
		}, Refuse, "opted_out"},
		"privately, to a later comment": {func(f *Facts) {
			f.Call.Kind, f.Comment, f.LastIn = channels.PrivateReply, &CommentFacts{State: "visible", Decision: "allow", At: stop.Add(time.Minute)}, nil
		}, Allow, ""},
	} {
		f := allowed(t)
		f.Origin, f.Answers, f.Call.Text, f.LastIn = FromMember, nil, offer, &stop
		f.Consent = consent.State{Status: consent.Withdrawn, Since: stop}
		c.mod(&f)
		if d := Decide(f); d.Verb != c.verb || d.Code != c.code {
			t.Errorf("%s: %s %s, want %s %s", name, d.Verb, d.Code, c.verb, c.code)
		}
	}
}
