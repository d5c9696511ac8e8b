package gate

import (
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones must be there on a bare machine

	"ponte/fault"
	"ponte/inbox"
	"ponte/prices"
	"ponte/wall"
)

// Hours are the times of day at which promotional messages may arrive, on the recipient's clock.
type Hours struct {
	Weekday, Saturday Span
	Sundays           bool
	Holidays          map[string]bool // ISO dates beyond the national ones
	National          bool            // the national public holidays of Australia count
}

// Span is a part of a day in minutes since midnight; an empty one is never open.
type Span struct{ From, To int }

// HoursOf reads the hours out of a workspace's settings.
func HoursOf(s inbox.Settings) (Hours, error) {
	h := Hours{Sundays: s.Sundays, Holidays: map[string]bool{}}
	for _, d := range s.Holidays {
		h.Holidays[d] = true
	}
	var err error
	if h.Weekday, err = span(s.QuietFrom, s.QuietTo); err != nil {
		return h, err
	}
	h.Saturday, err = span(s.SaturdayFrom, s.SaturdayTo)
	return h, err
}

func span(from, to string) (Span, error) {
	a, err := minutes(from)
	if err != nil {
		return Span{}, err
	}
	b, err := minutes(to)
	return Span{a, b}, err
}

func minutes(s string) (int, error) {
	if s == "24:00" {
		return 24 * 60, nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, fault.Field("quiet_from", "%q is not a time of day like 09:00", s)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// Open says whether it is a good hour in every one of the zones: where only the country is known, the
// person may be in any of them.
func (h Hours) Open(at time.Time, zones []*time.Location) bool {
	for _, z := range zones {
		local := at.In(z)
		s := h.day(local)
		if m := local.Hour()*60 + local.Minute(); m < s.From || m >= s.To {
			return false
		}
	}
	return len(zones) > 0
}

func (h Hours) day(local time.Time) Span {
	if h.Holidays[local.Format(time.DateOnly)] || h.National && nationalHoliday(local) {
		return Span{}
	}
	switch local.Weekday() {
	case time.Sunday:
		if !h.Sundays {
			return Span{}
		}
		return h.Saturday
	case time.Saturday:
		return h.Saturday
	}
	return h.Weekday
}

// Next returns the first instant after at which is open, and false where none is within three weeks.
// A common opening begins when one of the zones opens, so only those instants are tried.
func (h Hours) Next(at time.Time, zones []*time.Location) (time.Time, bool) {
	var best time.Time
	for _, z := range zones {
		for on := range 21 {
			day := wall.Day(at, z, on)
			s := h.day(day)
			open := wall.At(day, s.From, z)
			if s.To > s.From && open.After(at) && (best.IsZero() || open.Before(best)) && h.Open(open, zones) {
				best = open
			}
		}
	}
	return best, !best.IsZero()
}

// nationalHoliday says whether the local date is one of Australia's national public holidays.
func nationalHoliday(local time.Time) bool {
	switch local.Format("01-02") {
	case "01-01", "01-26", "04-25", "12-25", "12-26":
		return true
	}
	easter := easterSunday(local.Year())
	day := local.YearDay()
	return day == easter.YearDay()-2 || day == easter.YearDay()+1
}

// easterSunday is the Gregorian computus (Meeus, Jones, Butcher).
func easterSunday(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	month := (h + l - 7*m + 114) / 31
	day := (h+l-7*m+114)%31 + 1
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}

// Place is what is known of where a person is.
type Place struct {
	TimeZone  string // stated or from another system
	Country   string // ISO code
	Phone     string // digits; gives the country only
	Workspace string // the brand's own zone, when nothing else is known
	Home      string // the brand's country
}

// Zones returns the zones the person may be in, and the country. Without any, no hour is open.
func (p Place) Zones() ([]*time.Location, string) {
	country := strings.ToUpper(p.Country)
	if country == "" {
		country = countryOf(p.Phone)
	}
	names := edges[country]
	if names == nil && country != "" {
		names = prices.TimeZones(country)
	}
	if p.TimeZone != "" {
		if z, err := time.LoadLocation(p.TimeZone); err == nil {
			if country == "" && strings.HasPrefix(p.TimeZone, "Australia/") {
				country = "AU"
			}
			return []*time.Location{z}, orHome(country, p.Home)
		}
	}
	if len(names) == 0 {
		names = []string{p.Workspace}
	}
	var out []*time.Location
	for _, n := range names {
		z, err := time.LoadLocation(n)
		if err != nil {
			return nil, country
		}
		out = append(out, z)
	}
	return out, orHome(country, p.Home)
}

func orHome(country, home string) string {
	if country == "" {
		return strings.ToUpper(home)
	}
	return country
}

// edges are the westernmost and easternmost zones where most of a country's people live: hours that
// are good in both are good between them.
var edges = map[string][]string{
	"AU": {"Australia/Perth", "Australia/Sydney"}, "NZ": {"Pacific/Auckland"},
	"IT": {"Europe/Rome"}, "FR": {"Europe/Paris"}, "RO": {"Europe/Bucharest"}, "MD": {"Europe/Chisinau"},
	"ES": {"Atlantic/Canary", "Europe/Madrid"}, "DE": {"Europe/Berlin"}, "AT": {"Europe/Vienna"}, "CH": {"Europe/Zurich"},
	"BE": {"Europe/Brussels"}, "NL": {"Europe/Amsterdam"}, "PT": {"Atlantic/Azores", "Europe/Lisbon"},
	"GB": {"Europe/London"}, "IE": {"Europe/Dublin"}, "BR": {"America/Rio_Branco", "America/Sao_Paulo"},
	"MX": {"America/Tijuana", "America/Cancun"}, "AR": {"America/Argentina/Buenos_Aires"}, "CO": {"America/Bogota"},
	"CL": {"America/Santiago"}, "PE": {"America/Lima"}, "SG": {"Asia/Singapore"}, "IN": {"Asia/Kolkata"},
	"US": {"Pacific/Honolulu", "America/New_York"}, "CA": {"America/Vancouver", "America/St_Johns"},
	"RU": {"Europe/Kaliningrad", "Asia/Vladivostok"}, "KZ": {"Asia/Aqtobe", "Asia/Almaty"},
	sharedCode: {"Pacific/Honolulu", "America/St_Johns"},
}

// sharedCode stands for a number of North America of which is not known in which country it is.
const sharedCode = "+1"

// callingCodes are those of one country each; the others are looked up.
var callingCodes = map[string]string{
	"61": "AU", "64": "NZ", "39": "IT", "33": "FR", "40": "RO", "373": "MD", "34": "ES", "49": "DE", "43": "AT", "41": "CH",
	"32": "BE", "31": "NL", "351": "PT", "44": "GB", "353": "IE", "55": "BR", "52": "MX", "54": "AR", "57": "CO", "56": "CL",
	"51": "PE", "65": "SG", "91": "IN",
}

func countryOf(phone string) string {
	if phone == "" {
		return ""
	}
	for n := min(3, len(phone)); n > 0; n-- {
		if c, ok := callingCodes[phone[:n]]; ok {
			return c
		}
	}
	if c := prices.CountryOf(phone, ""); c != "" || !strings.HasPrefix(phone, "1") {
		return c
	}
	return sharedCode
}

// Countries lists the countries whose zones are known.
func Countries() []string {
	out := make([]string, 0, len(edges))
	for c := range edges {
		if c != sharedCode {
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return out
}
