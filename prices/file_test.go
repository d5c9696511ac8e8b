package prices

import (
	"strings"
	"testing"
	"time"
)

const head = "country,category,effective_from,currency,price\n"

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := Parse([]byte("\xef\xbb\xbfCurrency;Price;Country;note;effective_from;category\r\nEUR;0.0625;it;x;2026-10-01;Marketing\r\n\r\nUSD;12;*;;2026-07-01;authentication-international\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Price{{"IT", "marketing", time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), "EUR", 62_500}, {"*", "authentication_international", time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), "USD", 12_000_000}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%+v", got)
	}
}

// A spreadsheet says how it parts values, and leaves rows empty.
func TestParseAsSpreadsheetsWrite(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"a line for the separator": "\xef\xbb\xbfsep=;\r\ncountry;category;effective_from;currency;price\r\nIT;marketing;2026-10-01;EUR;0.0625\r\n",
		"empty rows":               "country;category;effective_from;currency;price\r\n;;;;\r\nIT;marketing;2026-10-01;EUR;0.0625\r\n ; ; ; ; \r\n",
		"empty lines first":        "\r\n\r\ncountry;category;effective_from;currency;price\r\nIT;marketing;2026-10-01;EUR;0.0625\r\n",
		"empty columns behind":     "country;category;effective_from;currency;price\r\nIT;marketing;2026-10-01;EUR;0.0625;;\r\n",
	} {
		if got, err := Parse([]byte(file)); err != nil || len(got) != 1 || got[0].Micros != 62_500 {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, says string }{
		"nothing":           {"", "empty"},
		"a head alone":      {head, "names no price"},
		"a missing column":  {"country,category,currency,price\nIT,utility,EUR,1\n", "effective_from"},
		"a day":             {head + "IT,utility,1.10.2026,EUR,0.03\n", `line 2 has the day "1.10.2026"`},
		"a country":         {head + "Italy,utility,2026-10-01,EUR,0.03\n", `line 2 has the country "Italy"`},
		"no such country":   {head + "XX,utility,2026-10-01,EUR,0.03\n", "line 2 has the country"},
		"a category":        {head + "IT,promo,2026-10-01,EUR,0.03\n", "line 2 has the category"},
		"a currency":        {head + "IT,utility,2026-10-01,€,0.03\n", "line 2 has the currency"},
		"a comma for price": {head + "IT,utility,2026-10-01,EUR,\"0,03\"\n", "line 2 has the price"},
		"a negative price":  {head + "IT,utility,2026-10-01,EUR,-1\n", "line 2 has the price"},
		"no price":          {head + "IT,utility,2026-10-01,EUR,\n", "line 2 has the price"},
		"seven places":      {head + "IT,utility,2026-10-01,EUR,0.0000001\n", "line 2 has the price"},
		"a decimal comma":   {head + "IT,utility,2026-10-01,EUR,0,0625\n", "line 2 has 6 values for 5 columns"},
		"two prices":        {"country,category,effective_from,currency,price,Price\nIT,utility,2026-10-01,EUR,0.03,0.04\n", "price twice"},
		"a short line":      {head + "IT,utility\n", "line 2 has no effective_from"},
		"a repeat":          {head + "IT,utility,2026-10-01,EUR,0.03\nit,Utility,2026-10-01,eur,0.04\n", "line 3 repeats line 2"},
		"all at once":       {head + "IT,x,2026-10-01,EUR,1\nIT,y,2026-10-01,EUR,1\n", "; line 3"},
		"a broken quote":    {head + "IT,\"utility,2026-10-01,EUR,0.03\n", "is not CSV"},
	} {
		if _, err := Parse([]byte(c.file)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(head + "IT,utility,2026-10-01,EUR,0.03\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := Parse(body)
		if err != nil {
			return
		}
		for _, p := range list {
			if back, err := Micros(Amount(p.Micros)); err != nil || back != p.Micros || p.Micros < 0 {
				t.Errorf("%d → %s → %d, %v", p.Micros, Amount(p.Micros), back, err)
			}
		}
	})
}

func TestCountryOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ phone, id, want string }{
		{"39333000001", "", "IT"}, {"61491570156", "", "AU"}, {"16045550123", "", "CA"}, {"12025550123", "", "US"}, {"447911123456", "", "GB"}, {"77015550123", "", "KZ"},
		{"+40721234567", "", "RO"}, {"", "ES.10000000000000000001", "ES"}, {"", "psid-7", ""}, {"", "", ""}, {"000", "", ""}, {"39333000001", "ES.1", "IT"}, {"", "XQ.1", ""},
	} {
		if got := CountryOf(c.phone, c.id); got != c.want {
			t.Errorf("CountryOf(%q, %q) = %q, want %q", c.phone, c.id, got, c.want)
		}
	}
}

// A budget's day lasts from midnight to midnight, also where there is none: what is held for tomorrow is not held
// for an hour ago.
func TestDaysAndMonths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, at, day, next, month, after string }{
		{"Europe/Rome", "2026-10-25T00:30:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"},
		{"America/Santiago", "2026-09-06T03:30:00Z", "2026-09-05T04:00:00Z", "2026-09-06T04:00:00Z", "2026-09-01T04:00:00Z", "2026-10-01T03:00:00Z"},
		{"America/Santiago", "2026-09-06T04:00:00Z", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z", "2026-09-01T04:00:00Z", "2026-10-01T03:00:00Z"},
		{"Australia/Sydney", "2026-12-31T13:00:00Z", "2026-12-31T13:00:00Z", "2027-01-01T13:00:00Z", "2026-12-31T13:00:00Z", "2027-01-31T13:00:00Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range []time.Time{DayStart(at, zone), NextDay(at, zone), MonthStart(at, zone), NextMonth(at, zone)} {
			if want := []string{c.day, c.next, c.month, c.after}[i]; got.UTC().Format(time.RFC3339) != want {
				t.Errorf("%s %s: %s, want %s", c.zone, c.at, got.UTC().Format(time.RFC3339), want)
			}
		}
	}
}

// A file that is broken in whatever place is said to be, by its line.
func TestABrokenFileIsSaidToBe(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		head + "I\"T,marketing,2026-01-01,EUR,0.06\n": "line 2 is not CSV",
		head + "\"\n": "line 2 is not CSV",
		head + "IT,marketing,2026-01-01,EUR,0.06\n\"\"\"":                                         "line 3 is not CSV",
		head + "IT,marketing,0000-01-01,EUR,0.06\n":                                               "line 2 has the day",
		"country,category,effective_from,currency,price,note; x\nIT,marketing,2026-01-01,EUR,,\n": "line 2 has the price",
	} {
		if _, err := Parse([]byte(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", body, err, want)
		}
	}
}
