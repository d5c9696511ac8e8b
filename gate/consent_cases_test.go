package gate

import (
	"testing"
	"time"

	"ponte/channels"
	"ponte/consent"
)

// The numbered cases about consent that the gate decides. The others are in consent, outbox, ingest and api,
// under the same names.

// A utility template that links to the shop is found while it is written, and where it was approved all the
// same it counts as an offer: without consent it does not go.
func TestCase8UtilityTemplateWithAShopLink(t *testing.T) {
	t.Parallel()
	for link, found := range map[string]bool{
		"https://bondikayaks.example/shop": true, "https://www.bondikayaks.example": true, "bondikayaks.com": true, "https://bondikayaks.example/{{2}}": true,
		"https://bondikayaks.example/orders/{{2}}": false, "https://wa.me/61255500101": false, "https://m.me/bondikayaks": false,
	} {
		body := "Hello {{1}}, your booking is confirmed. More at " + link + " whenever you like."
		hit := false
		for _, f := range Lint("UTILITY", "Bondi Kayaks", []Part{{"body", body}}) {
			hit = hit || f.Kind == "shop_link"
		}
		if hit != found {
			t.Errorf("lint of %s: %v, want %v", link, hit, found)
		}
		f := promotional(t)
		f.Purpose, f.Origin, f.Consent = Service, FromSystem, consent.State{Status: consent.Unknown}
		f.Template = &TemplateFacts{Status: "APPROVED", Category: "UTILITY", Text: body}
		want := ""
		if found {
			want = "no_consent"
		}
		if d := Decide(f); d.Code != want {
			t.Errorf("sending with %s: %s %q, want %q", link, d.Verb, d.Code, want)
		}
	}
}

// A campaign planned for nine in the morning of Sydney reaches somebody in Perth at nine of theirs: in summer
// that is noon in Sydney.
func TestCase9RecipientInPerthCampaignAtNineInSydney(t *testing.T) {
	sydney := zone(t, "Australia/Sydney")
	for name, c := range map[string]struct {
		zone, phone string
		at, until   string
	}{
		"the zone is known, summer":   {"Australia/Perth", "39333000001", "2026-11-18 09:00", "2026-11-18 12:00"},
		"the zone is known, winter":   {"Australia/Perth", "39333000001", "2026-07-15 09:00", "2026-07-15 11:00"},
		"only the country is known":   {"", "61491570156", "2026-11-18 09:00", "2026-11-18 12:00"},
		"in Sydney it goes at once":   {"Australia/Sydney", "61491570156", "2026-11-18 09:00", ""},
		"after eight it waits a day":  {"Australia/Perth", "39333000001", "2026-11-18 23:30", "2026-11-19 12:00"},
		"Saturday evening to Monday":  {"Australia/Perth", "39333000001", "2026-11-21 21:00", "2026-11-23 12:00"},
		"the last minute still opens": {"Australia/Perth", "39333000001", "2026-11-18 22:59", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			at, err := time.ParseInLocation("2006-01-02 15:04", c.at, sydney)
			if err != nil {
				t.Fatal(err)
			}
			b.now = at
			b.exec(`UPDATE workspaces SET time_zone = 'Australia/Sydney', country = 'AU' WHERE id = $1`, b.ws)
			b.exec(`UPDATE contacts SET time_zone = $2 WHERE id = $1`, b.contact, c.zone)
			d, err := b.g.Check(t.Context(), b.db, b.offerTo(c.phone), at)
			if err != nil {
				t.Fatal(err)
			}
			if c.until == "" {
				if d.Verb != Allow {
					t.Errorf("%s %s: %s", d.Verb, d.Code, d.Meaning)
				}
				return
			}
			if got := d.Until.In(sydney).Format("2006-01-02 15:04"); d.Verb != Defer || d.Code != "quiet_hours" || got != c.until {
				t.Errorf("%s %s until %s, want quiet_hours until %s", d.Verb, d.Code, got, c.until)
			}
		})
	}
}

// offerTo is a campaign's template to somebody on WhatsApp who agreed to offers a week ago.
func (b *bench) offerTo(phone string) Request {
	b.t.Helper()
	if err := consent.EnsureWordings(b.t.Context(), b.db, b.ws, "Bondi Kayaks"); err != nil {
		b.t.Fatal(err)
	}
	wording := b.id(`SELECT id FROM consent_wordings WHERE workspace_id = $1 AND name = 'offers' AND language = 'en'`, b.ws)
	who := b.id(`INSERT INTO identities (workspace_id, contact_id, channel, phone) VALUES ($1, $2, 'whatsapp', $3) RETURNING id`, b.ws, b.contact, phone)
	b.exec(`INSERT INTO templates (workspace_id, account_id, name, language, category, status, components)
		VALUES ($1, $2, 'summer', 'en', 'MARKETING', 'APPROVED', '[{"type":"BODY","text":"Bondi Kayaks: new boats. Reply STOP to opt out."}]')`, b.ws, b.wa)
	err := b.g.Ledger.Append(b.t.Context(), b.db, []consent.Entry{{WorkspaceID: b.ws, At: b.now.AddDate(0, 0, -7), Brand: "Bondi Kayaks", Channel: "whatsapp", Purpose: consent.Promotional, Act: consent.Grant, Kind: consent.Express,
		WordingID: &wording, How: "keyword_reply", Evidence: consent.Evidence{"message": "w1"}, Actor: "contact", Personal: consent.Personal{ContactID: b.contact, IdentityID: who, Address: consent.PhoneAddress(phone)}}})
	if err != nil {
		b.t.Fatal(err)
	}
	return Request{WorkspaceID: b.ws, ActionID: 9, AccountID: b.wa, ContactID: b.contact, IdentityID: who, Purpose: Promotional, Origin: FromAPI, NotBefore: b.now, ValidUntil: b.now.AddDate(0, 0, 5),
		Call: channels.Call{Kind: channels.SendTemplate, Channel: channels.WhatsApp, Phone: phone, Template: &channels.TemplateSend{Name: "summer", Language: "en"}}}
}

// Easter moves: its Friday and Monday are computed, for any year.
func TestCase10GoodFridayAndEasterMondayOfTheYear(t *testing.T) {
	t.Parallel()
	// Easter Sundays as the almanacs have them.
	for _, sunday := range []string{"1961-04-02", "1981-04-19", "2000-04-23", "2008-03-23", "2011-04-24", "2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2028-04-16", "2029-04-01", "2030-04-21",
		"2038-04-25", "2049-04-18", "2076-04-19", "2285-03-22"} {
		easter, err := time.Parse(time.DateOnly, sunday)
		if err != nil {
			t.Fatal(err)
		}
		for days, want := range map[int]bool{-3: false, -2: true, 1: true, 2: false} {
			day := easter.AddDate(0, 0, days)
			fixed := map[string]bool{"01-01": true, "01-26": true, "04-25": true, "12-25": true, "12-26": true}[day.Format("01-02")]
			if got := nationalHoliday(day); got != (want || fixed) {
				t.Errorf("%s (Easter %s): holiday is %v", day.Format("Mon 2006-01-02"), sunday, got)
			}
		}
	}
	f := promotional(t)
	f.Now = time.Date(2027, 3, 26, 2, 0, 0, 0, time.UTC) // Good Friday, 13:00 in Sydney
	f.ValidUntil = f.Now.AddDate(0, 0, 6)
	d := Decide(f)
	if next := time.Date(2027, 3, 27, 1, 0, 0, 0, time.UTC); d.Verb != Defer || d.Code != "quiet_hours" || !d.Until.Equal(next) {
		t.Errorf("on Good Friday: %s %s until %v, want Saturday noon", d.Verb, d.Code, d.Until)
	}
	f.Now = time.Date(2027, 3, 27, 7, 0, 0, 0, time.UTC) // Saturday, 18:00: over Sunday and Easter Monday
	if d, next := Decide(f), time.Date(2027, 3, 30, 1, 0, 0, 0, time.UTC); d.Verb != Defer || !d.Until.Equal(next) {
		t.Errorf("before Easter Monday: %s until %v, want Tuesday noon", d.Verb, d.Until)
	}
}
