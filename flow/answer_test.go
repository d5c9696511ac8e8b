package flow

import (
	"strings"
	"testing"
	"time"
)

func TestAnswers(t *testing.T) {
	least, most := 1.0, 20.0
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	rows := []struct {
		a          answer
		lang, text string
		want       string // empty: refused
	}{
		{answer{kind: "email"}, "en", "ada@Example.COM", "ada@example.com"},
		{answer{kind: "email"}, "en", "it is ada.b+x@mail.example.co.uk, thanks", "ada.b+x@mail.example.co.uk"},
		{answer{kind: "email"}, "en", "ada@example", ""},
		{answer{kind: "email"}, "en", "a@example.com or b@example.com", ""},
		{answer{kind: "email"}, "en", "ada..b@example.com", ""},
		{answer{kind: "email"}, "en", "@example.com", ""},
		{answer{kind: "phone", country: "AU"}, "en", "0412 345 678", "+61412345678"},
		{answer{kind: "phone", country: "AU"}, "en", "my number: (02) 9374 4000", "+61293744000"},
		{answer{kind: "phone", country: "AU"}, "it", "+39 06 6982 1234", "+390669821234"},
		{answer{kind: "phone", country: "RO"}, "ro", "0721 234 567", "+40721234567"},
		{answer{kind: "phone", country: "AU"}, "en", "call me 0412 345 678 after 5", "+61412345678"},
		{answer{kind: "phone", country: "IT"}, "it", "chiamami allo 041 234 5678 dopo le 5", "+390412345678"},
		{answer{kind: "phone", country: "AU"}, "en", "it's 0412345678 ext 5", "+61412345678"},
		{answer{kind: "phone", country: "AU"}, "en", "0412 345 678 or 0498 765 432", ""},
		{answer{kind: "phone", country: "AU"}, "en", "0412,345,678", "+61412345678"},
		{answer{kind: "number"}, "en", "two", "2"},
		{answer{kind: "number"}, "it", "siamo in due", "2"},
		{answer{kind: "number"}, "de", "wir sind zu dritt", ""},
		{answer{kind: "number"}, "es", "somos cuatro personas, gracias", "4"},
		{answer{kind: "number"}, "en", "no one", ""},
		{answer{kind: "number"}, "en", "two or three", ""},
		{answer{kind: "email"}, "en", "*ada@example.com*", "ada@example.com"},
		{answer{kind: "email"}, "en", "'ada@example.com'", "ada@example.com"},
		{answer{kind: "email"}, "en", "_ada@example.com", "_ada@example.com"},
		{answer{kind: "phone", country: "AU"}, "en", "12345", ""},
		{answer{kind: "phone", country: "AU"}, "en", "no", ""},
		{answer{kind: "number"}, "en", "1,234.5", "1234.5"},
		{answer{kind: "number"}, "it", "1.234,5", "1234.5"},
		{answer{kind: "number"}, "it", "1.234", "1234"},
		{answer{kind: "number"}, "en", "1,234", "1234"},
		{answer{kind: "number"}, "fr", "12,5 kg", "12.5"},
		{answer{kind: "number"}, "en", "1.234.567", "1234567"},
		{answer{kind: "number"}, "en", "-3", "-3"},
		{answer{kind: "number"}, "en", "2 or 3", ""},
		{answer{kind: "number"}, "en", "many", ""},
		{answer{kind: "number", whole: true}, "en", "2.5", ""},
		{answer{kind: "number", low: &least, high: &most}, "en", "21", ""},
		{answer{kind: "number", low: &least, high: &most}, "en", "about 20 of them", "20"},
		{answer{kind: "date"}, "en", "3/12", "2026-12-03"},
		{answer{kind: "date"}, "en", "3/11", "2027-11-03"},
		{answer{kind: "date"}, "de", "3.12.27", "2027-12-03"},
		{answer{kind: "date"}, "en", "2027-02-28", "2027-02-28"},
		{answer{kind: "date"}, "en", "31/04/2027", ""},
		{answer{kind: "date"}, "en", "29/2", "2028-02-29"},
		{answer{kind: "date"}, "en", "March 3rd", "2027-03-03"},
		{answer{kind: "date"}, "it", "il 3 marzo 2028", "2028-03-03"},
		{answer{kind: "date"}, "fr", "le 14 août", "2027-08-14"},
		{answer{kind: "date"}, "ro", "mâine", "2026-11-25"},
		{answer{kind: "date"}, "fr", "aujourd'hui", "2026-11-24"},
		{answer{kind: "date"}, "it", "1° dicembre", "2026-12-01"},
		{answer{kind: "date"}, "it", "il primo dicembre", "2026-12-01"},
		{answer{kind: "date"}, "fr", "le 1er décembre", "2026-12-01"},
		{answer{kind: "date"}, "ro", "întâi decembrie", "2026-12-01"},
		{answer{kind: "date"}, "en", "fri", "2026-11-27"},
		{answer{kind: "date"}, "it", "ven sera", "2026-11-27"},
		{answer{kind: "date"}, "en", "Sat 5 Dec", "2026-12-05"},
		{answer{kind: "date"}, "it", "stasera", "2026-11-24"},
		{answer{kind: "date"}, "it", "dopo domani", "2026-11-26"},
		{answer{kind: "date"}, "fr", "mar 5 avril", "2027-04-05"},
		{answer{kind: "date"}, "en", "soon", ""},
		{answer{kind: "date"}, "en", "2026-11-01", ""},
		{answer{kind: "date", past: true}, "en", "1/2/1990", "1990-02-01"},
		{answer{kind: "date", within: 30}, "en", "2027-02-28", ""},
		{answer{kind: "email"}, "de", "müller@example.com", ""}, // not ller@example.com
		{answer{kind: "email"}, "ro", "ștefan@example.com", ""},
		{answer{kind: "email"}, "en", "a@example.com2", ""},
		{answer{kind: "email"}, "en", "<ada@example.com>", "ada@example.com"},
		{answer{kind: "phone", country: "AU"}, "it", "0039 333 123 4567", "+393331234567"},
		{answer{kind: "phone", country: "AU"}, "en", "０４１２ ３４５ ６７８", "+61412345678"},
		{answer{kind: "phone", country: "AU"}, "en", "00 61 412 345", ""},
		{answer{kind: "number"}, "en", "1.5.2", ""},
		{answer{kind: "number"}, "en", "12.03.2027", ""},
		{answer{kind: "number"}, "en", "1,2,3", ""},
		{answer{kind: "number"}, "en", "4 5", ""},
		{answer{kind: "number"}, "en", "3, 4", ""},
		{answer{kind: "number"}, "it", "0.500", "0.5"},
		{answer{kind: "number"}, "en", "0,500", "0.5"},
		{answer{kind: "number"}, "it", "1,234", "1.234"},
		{answer{kind: "number"}, "en", "1.234", "1.234"},
		{answer{kind: "number"}, "it", "1.234.567,50", "1234567.5"},
		{answer{kind: "number"}, "fr", "2\u202f500 €", "2500"},
		{answer{kind: "number"}, "fr", "2\u00a0500,75", "2500.75"},
		{answer{kind: "number"}, "de", "1’234.50", "1234.5"},
		{answer{kind: "number"}, "en", "1 2345", ""},
		{answer{kind: "number"}, "en", "−5", "-5"},
		{answer{kind: "number"}, "en", "table-5", "5"},
		{answer{kind: "number"}, "en", "20k", ""},
		{answer{kind: "number"}, "it", "20 mila", ""},
		{answer{kind: "number"}, "en", "20kg", "20"},
		{answer{kind: "date"}, "fr", "mardi 6 avril", "2027-04-06"}, // not the 6th of March
		{answer{kind: "date"}, "it", "martedì 6 aprile", "2027-04-06"},
		{answer{kind: "date"}, "ro", "marți 6 aprilie", "2027-04-06"},
		{answer{kind: "date"}, "es", "martes 6 de abril de 2028", "2028-04-06"},
		{answer{kind: "date"}, "fr", "mar. 6 avril", "2027-04-06"},
		{answer{kind: "date"}, "pt", "terça, 6 de abril", "2027-04-06"},
		{answer{kind: "date"}, "de", "Dienstag, 6. April", "2027-04-06"},
		{answer{kind: "date"}, "en", "at 3pm on 5 March", "2027-03-05"},
		{answer{kind: "date"}, "it", "alle 15 del 3 ottobre", "2027-10-03"},
		{answer{kind: "date"}, "it", "3 ottobre alle 15", "2027-10-03"},
		{answer{kind: "date"}, "en", "2027/11/05", "2027-11-05"}, // not the 11th of May
		{answer{kind: "date"}, "en", "2027.11.05", "2027-11-05"},
		{answer{kind: "date"}, "it", "3-5 gennaio", ""},
		{answer{kind: "date"}, "en", "3/5 or 4/5", ""},
		{answer{kind: "date"}, "en", "3 or 4 May", ""},
		{answer{kind: "date"}, "en", "maybe 5", ""},
		{answer{kind: "date"}, "fr", "maintenant 5", ""},
		{answer{kind: "date"}, "it", "dopodomani", "2026-11-26"},
		{answer{kind: "date"}, "de", "übermorgen", "2026-11-26"},
		{answer{kind: "date"}, "es", "pasado mañana", "2026-11-26"},
		{answer{kind: "date"}, "fr", "après-demain", "2026-11-26"},
		{answer{kind: "date"}, "ro", "poimâine", "2026-11-26"},
		{answer{kind: "date"}, "pt", "depois de amanhã", "2026-11-26"},
		{answer{kind: "date"}, "en", "tomorrow at 3pm", "2026-11-25"},
		{answer{kind: "date"}, "de", "morgen früh", "2026-11-25"},
		{answer{kind: "date"}, "de", "Guten Morgen", ""},
		{answer{kind: "date"}, "de", "heute Morgen", "2026-11-24"},
		{answer{kind: "date"}, "es", "mañana por la mañana", "2026-11-25"},
		{answer{kind: "date"}, "es", "por la mañana", ""},
		{answer{kind: "date"}, "en", "in 3 days", "2026-11-27"},
		{answer{kind: "date"}, "en", "in a week please", "2026-12-01"},
		{answer{kind: "date"}, "it", "fra tre giorni di mattina", "2026-11-27"},
		{answer{kind: "date"}, "it", "tra una settimana", "2026-12-01"},
		{answer{kind: "date"}, "fr", "dans deux semaines", "2026-12-08"},
		{answer{kind: "date"}, "fr", "dans huit jours", ""},
		{answer{kind: "date"}, "ro", "peste 2 zile", "2026-11-26"},
		{answer{kind: "date"}, "es", "dentro de dos semanas", "2026-12-08"},
		{answer{kind: "date"}, "es", "en quince días", ""},
		{answer{kind: "date"}, "de", "in einer Woche", "2026-12-01"},
		{answer{kind: "date"}, "de", "in 14 Tagen", "2026-12-08"},
		{answer{kind: "date"}, "pt", "daqui a três dias", "2026-11-27"},
		{answer{kind: "date"}, "en", "in 2 days or 3", ""},
		{answer{kind: "date"}, "en", "not in 3 days", ""},
		{answer{kind: "date"}, "en", "open 3 days", ""},
		{answer{kind: "date"}, "pt", "de 3 dias", ""},
		{answer{kind: "date"}, "de", "5. Mrz", "2027-03-05"},
		{answer{kind: "date"}, "en", "not tomorrow", ""},
		{answer{kind: "date"}, "en", "tomorrow or Friday", ""},
		{answer{kind: "date"}, "it", "venerdì", "2026-11-27"},
		{answer{kind: "date"}, "en", "Tuesday", ""}, // is it today or in a week?
		{answer{kind: "date"}, "en", "on Wednesday afternoon", "2026-11-25"},
		{answer{kind: "date"}, "pt", "segunda-feira", "2026-11-30"},
		{answer{kind: "date"}, "en", "next Friday", ""},
		{answer{kind: "date", past: true}, "en", "5/6/85", "1985-06-05"},
		{answer{kind: "date", past: true}, "en", "5/6/19", "2019-06-05"},
		{answer{kind: "postcode", country: "DE"}, "de", "D-10115 Berlin", "10115"},
		{answer{kind: "postcode", country: "CH"}, "de", "CH-8001", "8001"},
		{answer{kind: "postcode", country: "IT"}, "it", "CAP:00184", "00184"},
		{answer{kind: "postcode", country: "FR"}, "fr", "75 001", "75001"},
		{answer{kind: "postcode", country: "US"}, "en", "(90210)", "90210"},
		{answer{kind: "postcode", country: "PT"}, "pt", "1000-001 Lisboa", "1000-001"},
		{answer{kind: "postcode", country: "AU"}, "en", "Sydney 2000", "2000"},
		{answer{kind: "postcode", country: "AU"}, "en", "20000", ""},
		{answer{kind: "postcode", country: "IT"}, "it", "00184 Roma", "00184"},
		{answer{kind: "postcode", country: "RO"}, "ro", "010011", "010011"},
		{answer{kind: "postcode", country: "FR"}, "fr", "99000", ""},
		{answer{kind: "postcode", country: "GB"}, "en", "sw1a1aa", "SW1A 1AA"},
		{answer{kind: "postcode", country: "GB"}, "en", "it is EC1A 1BB.", "EC1A 1BB"},
		{answer{kind: "postcode", country: "PT"}, "pt", "1000 205", "1000-205"},
		{answer{kind: "postcode", country: "CA"}, "en", "k1a 0b1", "K1A 0B1"},
	}
	for _, row := range rows {
		got, ok := row.a.parse(row.text, row.lang, now)
		if got != row.want || ok != (row.want != "") {
			t.Errorf("%s %q (%s): got %q %v, want %q", row.a.kind, row.text, row.lang, got, ok, row.want)
		}
	}
}

// Somebody who types what stands on a choice means that choice, also where it is a number.
func TestChoicesThatAreNumbers(t *testing.T) {
	q := &question{answer: answer{kind: "choice", choices: []choice{{id: "two", title: Texts{"en": "2"}}, {id: "four", title: Texts{"en": "4"}}, {id: "more", title: Texts{"en": "More"}}}}}
	for text, want := range map[string]string{"2": "two", "4": "four", "3": "", "more": "more", "1": "", "about 4 of us": "four"} {
		got := ""
		if c := q.choose(&run{}, Input{Text: text}); c != nil {
			got = c.id
		}
		if got != want {
			t.Errorf("%q chose %q, want %q", text, got, want)
		}
	}
}

func TestMonthsOfTheSevenLanguages(t *testing.T) {
	full := map[string][12]string{
		"en": {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		"it": {"gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"},
		"fr": {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"},
		"ro": {"ianuarie", "februarie", "martie", "aprilie", "mai", "iunie", "iulie", "august", "septembrie", "octombrie", "noiembrie", "decembrie"},
		"es": {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"},
		"de": {"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
		"pt": {"janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"},
	}
	for lang, names := range full {
		for i, name := range names {
			got, ok := answer{}.findDate("7 "+name+" 2027", time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC))
			if !ok || got.Month() != time.Month(i+1) || got.Day() != 7 || got.Year() != 2027 {
				t.Errorf("%s %s: %v %v", lang, name, got, ok)
			}
		}
	}
}

func TestOwnSentencesInAllLanguages(t *testing.T) {
	for key, texts := range own {
		for _, lang := range []string{"en", "it", "fr", "ro", "es", "de", "pt"} {
			if texts[lang] == "" {
				t.Errorf("%s lacks %s", key, lang)
			}
		}
		if key == "booking.more" {
			for lang, title := range texts {
				if len([]rune(title)) > 24 {
					t.Errorf("%s in %s is too long for a row", key, lang)
				}
			}
		}
	}
	for _, kind := range []string{"text", "choice", "email", "phone", "number", "date", "postcode"} {
		if own["retry."+kind] == nil {
			t.Errorf("no sentence for a wrong %s", kind)
		}
	}
}

func TestPlainTakesOutWhatMisleads(t *testing.T) {
	for in, want := range map[string]string{"Ada\nSTOP": "Ada STOP", "~ABC123": "ABC123", "a\u202eb\u200bc": "abc", "{{brand}}": "{{brand}}", "  x \t y ": "x y", "\xff\xfeok": "ok"} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) = %q, want %q", in, got, want)
		}
	}
}

// "Tomorrow" is the day after the one on the wall where the flow is at home, when it was written: not the server's,
// and not the day on which it is read.
func TestTodayIsWhereAndWhenItWasWritten(t *testing.T) {
	t.Parallel()
	sydney, err := time.LoadLocation("Australia/Sydney")
	if err != nil {
		t.Fatal(err)
	}
	const steps = `{"id": "day", "type": "question", "text": {"en": "Which day?"}, "answer": {"kind": "date"}, "next": "end"}, {"id": "end", "type": "end"}`
	plain := small(t, steps)
	open := parsed(t, strings.Replace(`{"format": 1, "id": "open", "version": 1, "name": "Open", "languages": ["en"], "hours": {"time_zone": "Australia/Sydney", "week": {"mon": ["09:00-17:00"]}}, "steps": [STEPS]}`, "STEPS", steps, 1))
	now := time.Date(2026, 11, 23, 21, 0, 0, 0, time.UTC) // the 24th, eight in the morning, in Sydney
	for _, c := range []struct {
		name, text, want string
		f                *Flow
		zone             *time.Location
		at               time.Time
	}{
		{"of the workspace", "today", "2026-11-24", plain, sydney, now},
		{"of the workspace", "tomorrow", "2026-11-25", plain, sydney, now},
		{"of the flow's hours", "tomorrow", "2026-11-25", open, nil, now},
		{"read the day after", "tomorrow", "2026-11-24", plain, sydney, now.Add(-9 * time.Hour)},
		{"read at once", "tomorrow", "2026-11-25", plain, sydney, time.Time{}},
	} {
		s, _ := c.f.Start(Context{Now: now, Language: "en", Zone: c.zone})
		s, _ = c.f.Step(s, []Input{{Kind: Message, Text: c.text, At: c.at}}, Context{Now: now, Language: "en", Zone: c.zone})
		if got := s.Answers["day"]; got != c.want {
			t.Errorf("%s, %q: got %q, want %q", c.name, c.text, got, c.want)
		}
	}
}

func TestTimesAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	f := parsed(t, `{"format": 1, "id": "b", "version": 1, "name": "B", "languages": ["en"], "hours": {"time_zone": "Australia/Sydney", "week": {"tue": ["09:00-22:00"]}},
"services": [{"id": "cut", "name": {"en": "Cut"}, "minutes": 30, "every": 330}],
"steps": [{"id": "time", "type": "booking", "do": "reserve", "service": "cut", "text": {"en": "When?"}, "next": "e", "none": "e", "failed": "e"}, {"id": "e", "type": "end"}]}`)
	now := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	ctx := Context{Now: now, Language: "en", Slots: Calendar{Hours: f.Hours, Now: now}} // offered are 9:00, 14:30 and 20:00 of Tuesdays
	for text, want := range map[string]string{
		"Tuesday at 9:00": "24 09:00", "tomorrow 9am": "24 09:00", "tomorrow at 9.00 pm": "", "Tomorrow 8pm": "24 20:00", "24/11 2:30 pm": "24 14:30", "24/11 at 2.30 p.m.": "24 14:30",
		"24/11, 14h30": "24 14:30", "24/11 20h": "24 20:00", "24/11 8:00": "24 20:00", "24/11 12am": "", "1/12 14:30": "01 14:30", "14:30": "", "24/11 9:30 pm": "", "24/11 2pm": "", "5": "01 14:30",
		"the first one": "24 09:00", "the 2nd, please": "24 14:30", "the last": "08 20:00", "10 please": "", "the twelfth": "", "the first or second": "",
	} {
		s, _ := f.Start(ctx)
		_, effects := f.Step(s, []Input{{Kind: Message, Text: text}}, ctx)
		got := ""
		for _, e := range effects {
			if e.Kind == BookingDo {
				got = e.Book.Start.In(f.Hours.Zone).Format("02 15:04")
			}
		}
		if got != want {
			t.Errorf("%q takes %q, want %q", text, got, want)
		}
	}
}
