package flow

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ponte/router"
)

var (
	isoDate = regexp.MustCompile(`\b([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})\b`)
	dayDate = regexp.MustCompile(`\b([0-9]{1,2})[./-]([0-9]{1,2})(?:[./-]([0-9]{4}|[0-9]{2}))?\b`)
)

// Words of days, folded, in the seven languages.
var (
	todayWords    = []string{"today", "oggi", "aujourdhui", "aujourd hui", "azi", "astazi", "hoy", "heute", "hoje"}
	tomorrowWords = []string{"tomorrow", "domani", "demain", "maine", "manana", "morgen", "amanha"}
)

// months are the beginnings by which a month is known in any of the seven languages, folded. Longer ones
// come first where one begins like another.
var months = []struct {
	begin string
	month time.Month
}{
	{"jan", 1}, {"gen", 1}, {"ian", 1}, {"ene", 1}, {"janv", 1}, {"feb", 2}, {"fev", 2}, {"mar", 3}, {"maerz", 3}, {"apr", 4}, {"avr", 4}, {"abr", 4},
	{"mai", 5}, {"may", 5}, {"mag", 5}, {"juin", 6}, {"jun", 6}, {"giu", 6}, {"iun", 6}, {"juil", 7}, {"jul", 7}, {"lug", 7}, {"iul", 7},
	{"aug", 8}, {"ago", 8}, {"aou", 8}, {"set", 9}, {"sep", 9}, {"oct", 10}, {"okt", 10}, {"ott", 10}, {"out", 10}, {"nov", 11}, {"noi", 11}, {"dec", 12}, {"dic", 12}, {"dez", 12},
}

// parseDate reads a date, the day before the month; one without a year is the next there is.
func (a answer) parseDate(text string, now time.Time) (string, bool) {
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	d, ok := findDate(text, today)
	if !ok || !a.past && d.Before(today) || a.within > 0 && d.After(today.AddDate(0, 0, a.within)) {
		return "", false
	}
	return d.Format(time.DateOnly), true
}

func findDate(text string, today time.Time) (time.Time, bool) {
	if m := isoDate.FindStringSubmatch(text); m != nil {
		return day(atoi(m[1]), atoi(m[2]), atoi(m[3]))
	}
	if m := dayDate.FindStringSubmatch(text); m != nil {
		return inYear(m[3], atoi(m[2]), atoi(m[1]), today)
	}
	words := strings.Fields(router.Fold(text))
	folded := strings.Join(words, " ")
	switch {
	case slices.Contains(todayWords, folded):
		return today, true
	case slices.Contains(tomorrowWords, folded):
		return today.AddDate(0, 0, 1), true
	}
	return wordDate(words, today)
}

// wordDate reads "3 march", "le 3 mai 2027", "3rd of march".
func wordDate(words []string, today time.Time) (time.Time, bool) {
	month, at := 0, -1
	for i, w := range words {
		for _, m := range months {
			if strings.HasPrefix(w, m.begin) && len(w) < 12 {
				month, at = int(m.month), i
			}
		}
		if month > 0 {
			break
		}
	}
	if month == 0 {
		return time.Time{}, false
	}
	dayOf, year := 0, ""
	for i, w := range words {
		digits := strings.TrimRight(w, "abcdefghijklmnopqrstuvwxyz")
		switch n := position(digits); {
		case n >= 1 && n <= 31 && dayOf == 0 && len(digits) <= 2 && (i < at || i == at+1):
			dayOf = n
		case n >= 1900 && i > at:
			year = digits
		}
	}
	if dayOf == 0 {
		return time.Time{}, false
	}
	return inYear(year, month, dayOf, today)
}

func inYear(year string, month, dayOf int, today time.Time) (time.Time, bool) {
	if year != "" {
		y := atoi(year)
		if y < 100 {
			y += 2000
		}
		return day(y, month, dayOf)
	}
	for y := today.Year(); y < today.Year()+9; y++ { // the 29th of February may be far
		if d, ok := day(y, month, dayOf); ok && !d.Before(today) {
			return d, true
		}
	}
	return time.Time{}, false
}

// day makes a date that exists: not the 31st of April.
func day(y, m, d int) (time.Time, bool) {
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return t, y >= 1900 && y < 2200 && t.Day() == d && int(t.Month()) == m
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
