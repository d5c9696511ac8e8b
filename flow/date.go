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
	isoDate = regexp.MustCompile(`\b([0-9]{4})([./-])([0-9]{1,2})([./-])([0-9]{1,2})\b`)
	dayDate = regexp.MustCompile(`\b([0-9]{1,2})[./-]([0-9]{1,2})(?:[./-]([0-9]{4}|[0-9]{2}))?\b`)
)

// Words of days, folded, in the seven languages.
var (
	todayWords    = []string{"today", "oggi", "aujourdhui", "aujourd hui", "azi", "astazi", "hoy", "heute", "hoje", "tonight", "stasera", "ce soir", "diseara", "esta noche", "esta noite"}
	tomorrowWords = []string{"tomorrow", "domani", "demain", "maine", "manana", "morgen", "amanha"}
	afterTomorrow = []string{"the day after tomorrow", "day after tomorrow", "dopodomani", "dopo domani", "apres demain", "poimaine", "pasado manana", "ubermorgen", "uebermorgen", "depois de amanha"}
)

// weekdayWords are the days of the week by which a date may be told, the first Sunday.
var weekdayWords = [7][]string{
	{"sunday", "domenica", "dimanche", "duminica", "domingo", "sonntag", "sun", "dom", "dim"},
	{"monday", "lunedi", "lundi", "luni", "lunes", "montag", "segunda feira", "segunda", "mon", "lun"},
	{"tuesday", "martedi", "mardi", "marti", "martes", "dienstag", "terca feira", "terca", "tue", "tues"},
	{"wednesday", "mercoledi", "mercredi", "miercuri", "miercoles", "mittwoch", "quarta feira", "quarta", "wed", "mer", "mie"},
	{"thursday", "giovedi", "jeudi", "joi", "jueves", "donnerstag", "quinta feira", "quinta", "thu", "thur", "thurs", "gio", "jeu", "jue"},
	{"friday", "venerdi", "vendredi", "vineri", "viernes", "freitag", "sexta feira", "sexta", "fri", "ven", "vie"},
	{"saturday", "sabato", "samedi", "sambata", "sabado", "samstag", "sonnabend", "sat", "sab", "sam"},
}

// What a number of days is told with: "in 3 days", "fra una settimana", "dentro de dos semanas".
var (
	aheadWords = strings.Fields("in fra tra dans peste en dentro de em daqui a within de")
	daysWords  = [2][]string{
		strings.Fields("day days giorno giorni jour jours zi zile dia dias tag tage tagen"),
		strings.Fields("week weeks settimana settimane semaine semaines saptamana saptamani semana semanas woche wochen"),
	}
)

// besides are what people write around "tomorrow" or "Friday" without meaning another day: parts of the day,
// the hour, small words. Anything else beside them – "next", "not", another date – is asked about.
var besides = strings.Fields(`at in on the this please ok yes around about am pm h uhr um circa ca
 morning afternoon evening noon midday lunchtime night mattina mattino pomeriggio sera mezzogiorno alle ore verso per il lo la le questo questa di del va bene si grazie
 matin apres midi soir a vers heures heure ce cette le oui merci dimineata amiaza dupa pranz seara ora la pe acest aceasta da multumesc va rog
 por tarde noche mediodia las los el de este esta si gracias favor morgens fruh frueh vormittag mittag nachmittag abend nachmittags abends am diesen ja bitte danke
 manha noite as o sim obrigado obrigada na no pela`)

// months by their names in the seven languages, folded; three letters of one are enough.
var months = [12][]string{
	{"january", "gennaio", "janvier", "ianuarie", "enero", "januar", "janeiro", "jaenner"}, {"february", "febbraio", "fevrier", "februarie", "febrero", "februar", "fevereiro"},
	{"march", "marzo", "mars", "martie", "marz", "maerz", "mrz", "marco"}, {"april", "aprile", "avril", "aprilie", "abril"},
	{"may", "maggio", "mai", "mayo", "maio"}, {"june", "giugno", "juin", "iunie", "junio", "juni", "junho"},
	{"july", "luglio", "juillet", "iulie", "julio", "juli", "julho"}, {"august", "agosto", "aout"},
	{"september", "settembre", "septembre", "septembrie", "septiembre", "setembro"}, {"october", "ottobre", "octobre", "octombrie", "octubre", "oktober", "outubro"},
	{"november", "novembre", "noiembrie", "noviembre", "novembro"}, {"december", "dicembre", "decembre", "decembrie", "diciembre", "dezember", "dezembro"},
}

// parseDate reads a date, the day before the month; one without a year is the next there is.
func (a answer) parseDate(text string, now time.Time) (string, bool) {
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	d, ok := a.findDate(text, today)
	if !ok || !a.past && d.Before(today) || a.within > 0 && d.After(today.AddDate(0, 0, a.within)) {
		return "", false
	}
	return d.Format(time.DateOnly), true
}

// findDate takes the one date in a text; of two that differ neither is.
func (a answer) findDate(text string, today time.Time) (time.Time, bool) {
	words := strings.Fields(router.Fold(strings.NewReplacer("°", "", "º", "").Replace(text))) // "1° dicembre"
	var found []time.Time
	add := func(d time.Time, ok bool) {
		if ok && !slices.ContainsFunc(found, d.Equal) {
			found = append(found, d)
		}
	}
	for _, m := range isoDate.FindAllStringSubmatch(text, -1) {
		if m[2] == m[4] {
			add(day(atoi(m[1]), atoi(m[3]), atoi(m[5])))
		}
	}
	named, isNamed := a.wordDate(words, today)
	add(named, isNamed)
	if !isNamed { // "3-5 January" is a span of days and not the third of May
		for _, m := range dayDate.FindAllStringSubmatch(isoDate.ReplaceAllString(text, " "), -1) {
			add(a.inYear(m[3], atoi(m[2]), atoi(m[1]), today))
		}
	} else if dayDate.MatchString(text) {
		return time.Time{}, false
	}
	if len(found) == 0 && !isoDate.MatchString(text) && !dayDate.MatchString(text) {
		add(relativeDay(words, today))
	}
	if len(found) != 1 {
		return time.Time{}, false
	}
	return found[0], true
}

// namedDay finds the one day that a text asks about, whatever else it says: "have you got anything on Saturday?".
func namedDay(text string, today time.Time) (time.Time, bool) {
	if d, ok := (answer{}).findDate(text, today); ok {
		return d, true
	}
	var found []time.Time
	for _, w := range strings.Fields(inTheMorning.Replace(" " + router.Fold(text) + " ")) {
		if len(w) < 4 && w != "joi" { // "sun", "mar" and "do" are other words
			continue
		}
		if d, ok := relativeDay([]string{w}, today); ok && !slices.ContainsFunc(found, d.Equal) {
			found = append(found, d)
		}
	}
	if len(found) != 1 {
		return time.Time{}, false
	}
	return found[0], true
}

// In Spanish and German the word for tomorrow is the one for morning too.
var inTheMorning = strings.NewReplacer(" por la manana ", " ", " de la manana ", " ", " esta manana ", " ", " am morgen ", " ", " heute morgen ", " heute ")

// relativeDay reads "tomorrow at ten" and "Friday afternoon".
func relativeDay(words []string, today time.Time) (time.Time, bool) {
	rest := inTheMorning.Replace(" " + strings.Join(words, " ") + " ")
	take := func(list []string) bool {
		for _, w := range list {
			if before, after, ok := strings.Cut(rest, " "+w+" "); ok {
				rest = before + " " + after
				return true
			}
		}
		return false
	}
	days := -1
	switch {
	case take(afterTomorrow):
		days = 2
	case take(todayWords):
		days = 0
	case take(tomorrowWords):
		days = 1
	default:
		if n, other := daysAhead(strings.Fields(rest)); n > 0 {
			days, rest = n, strings.Join(other, " ")
			break
		}
		for i, list := range weekdayWords {
			if take(list) {
				if days = (i - int(today.Weekday()) + 7) % 7; days == 0 {
					return time.Time{}, false // on a Friday, "Friday" may be this one or the next
				}
				break
			}
		}
	}
	rest = strings.Replace(" "+rest+" ", " or so ", " ", 1)
	for _, w := range strings.Fields(rest) {
		if !slices.Contains(besides, w) && !slices.Contains(tomorrowWords, w) && strings.Trim(w, "0123456789hamp") != "" {
			return time.Time{}, false
		}
	}
	return today.AddDate(0, 0, days), days >= 0
}

// daysAhead reads "in 3 days" out of words, and returns the others.
func daysAhead(words []string) (days int, other []string) {
	for i := 1; i+1 < len(words); i++ {
		unit := slices.IndexFunc(daysWords[:], func(list []string) bool { return slices.Contains(list, words[i+1]) })
		n := position(words[i])
		if n < 0 {
			n = countIn(words[i])
		}
		if unit < 0 || n < 1 || n > 60 || !slices.Contains(aheadWords, words[i-1]) {
			continue
		}
		if unit == 0 && (n == 8 || n == 15) && words[i+1] != "days" {
			return 0, words // outside English eight days are often a week, and fifteen are two
		}
		from := i - 1
		for from > 0 && slices.Contains(aheadWords, words[from-1]) {
			from--
		}
		if !slices.ContainsFunc(words[from:i], func(w string) bool { return w != "de" && w != "a" }) { // "de 3 dias" is how long
			continue
		}
		if unit == 1 {
			n *= 7
		}
		return n, append(slices.Clone(words[:from]), words[i+2:]...)
	}
	return 0, words
}

// countIn is the count that a word is in any of the languages; 0: none.
func countIn(w string) int {
	if w == "a" { // a week
		return 1
	}
	return router.Cardinal(w, "")
}

// wordDate reads "3 march", "le 3 mai 2027", "3rd of march", "March 3": a day beside the name of a month.
func (a answer) wordDate(words []string, today time.Time) (time.Time, bool) {
	var before, after []time.Time // the day stands before the month's name, or after it
	for i, w := range words {
		month := monthNamed(w)
		if month == 0 {
			continue
		}
		if d := dayBefore(words[:i]); d > 0 {
			if t, ok := a.inYear(yearIn(words[i+1:], 0), month, d, today); ok {
				before = append(before, t)
			}
		} else if i+1 < len(words) {
			d, rest := dayIn(words[i+1]), 2
			if d == 0 && words[i+1] == "the" && i+2 < len(words) {
				d, rest = dayIn(words[i+2]), 3
			}
			if t, ok := a.inYear(yearIn(words[min(i+rest, len(words)):], 0), month, d, today); ok && d > 0 {
				after = append(after, t)
			}
		}
	}
	if len(before) == 0 { // "mar 5 avril": the Tuesday before is not March
		before = after
	}
	if len(before) != 1 {
		return time.Time{}, false
	}
	return before[0], true
}

// firstOfMonth is what the first day of a month is called.
var firstOfMonth = []string{"first", "primo", "premier", "intai", "primero", "ersten", "erster", "primeiro"}

// monthNamed is the month that a word names, whole or by its first letters; 0: none.
func monthNamed(w string) int {
	if len(w) < 3 || slices.ContainsFunc(weekdayWords[:], func(list []string) bool { return slices.Contains(list, w) }) {
		return 0
	}
	for i, names := range months {
		if slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, w) }) {
			return i + 1
		}
	}
	return 0
}

// dayBefore is the day of the month that words end with: "3", "3rd of", "3 de".
func dayBefore(words []string) int {
	for i := len(words) - 1; i >= 0 && i >= len(words)-3; i-- {
		if d := dayIn(words[i]); d > 0 {
			if i > 0 && slices.Contains([]string{"and", "or", "e", "o", "et", "ou", "si", "sau", "y", "und", "oder", "to", "al", "au", "bis", "a"}, words[i-1]) && i > 1 && dayIn(words[i-2]) > 0 {
				return 0 // two days are named
			}
			return d
		}
		if !slices.Contains([]string{"of", "the", "de", "di", "del", "da", "do"}, words[i]) {
			return 0
		}
	}
	return 0
}

func dayIn(w string) int {
	if slices.Contains(firstOfMonth, w) {
		return 1
	}
	digits := strings.TrimRight(w, "abcdefghijklmnopqrstuvwxyz")
	if n := position(digits); n >= 1 && n <= 31 && len(digits) <= 2 && slices.Contains([]string{"", "st", "nd", "rd", "th", "er", "o", "a", "te", "ten", "e"}, w[len(digits):]) {
		return n
	}
	return 0
}

// yearIn is the year that words begin with, after "de" or "of".
func yearIn(words []string, depth int) string {
	switch {
	case len(words) == 0 || depth > 1:
		return ""
	case slices.Contains([]string{"de", "del", "of", "din", "do"}, words[0]):
		return yearIn(words[1:], depth+1)
	case len(words[0]) == 4 && position(words[0]) >= 1900:
		return words[0]
	case len(words[0]) == 2 && len(words) == 1 && position(words[0]) > 0: // "5 May 27", with nothing behind that would make it an hour
		return words[0]
	}
	return ""
}

// inYear completes a date. Two digits are a year of this century, but for birthdays and the like: where the past
// is welcome, what would lie far ahead was in the last one.
func (a answer) inYear(year string, month, dayOf int, today time.Time) (time.Time, bool) {
	if year != "" {
		y := atoi(year)
		if y < 100 {
			if y += 2000; a.past && y > today.Year()+20 {
				y -= 100
			}
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
