// Package prices knows what messages cost by the price files a workspace imported, and what was spent.
//
// A price stands for a country, a category as Meta charges it, and the day from which it holds. What no
// file says is unknown, and unknown is never zero: with a budget set, nothing is sent at an unknown price.
package prices

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"

	"ponte/fault"
)

// Everywhere stands for all countries that a file does not name.
const Everywhere = "*"

// Categories are what Meta charges by.
var Categories = []string{"marketing", "utility", "authentication", "authentication_international", "service"}

// Price is one line of a price file.
type Price struct {
	Country  string    `db:"country"`
	Category string    `db:"category"`
	From     time.Time `db:"effective_from"` // a day, midnight UTC
	Currency string    `db:"currency"`
	Micros   int64     `db:"price_micros"` // millionths of the currency, for one message
}

// The limits of a file: far above every rate card, far below what would hurt.
const (
	maxRows  = 50_000
	maxFault = 20
)

var columns = []string{"country", "category", "effective_from", "currency", "price"}

// Parse reads a price file: CSV with a head line that names the columns country, category,
// effective_from, currency and price, in any order, parted by comma, semicolon or tab. All faults are
// reported together, by line.
func Parse(body []byte) ([]Price, error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if first, rest, ok := bytes.Cut(body, []byte("\n")); ok && separatorLine.Match(first) {
		body = append([]byte("\n"), rest...) // an empty line in its place, so that lines keep their numbers
	}
	head, _, _ := bytes.Cut(bytes.TrimLeft(body, "\r\n"), []byte("\n"))
	r := csv.NewReader(bytes.NewReader(body))
	r.Comma, r.FieldsPerRecord, r.TrimLeadingSpace = separator(head), -1, true
	first, err := r.Read()
	if err != nil {
		return nil, fault.Field("text", "the price file is empty or no CSV; its first line must name the columns %s", strings.Join(columns, ", "))
	}
	at, err := columnsOf(first)
	if err != nil {
		return nil, err
	}
	p := parsing{at: at, wide: len(first), seen: map[string]int{}}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			p.bad(broken.Line, "is not CSV")
			break // where one line is broken, those after it cannot be told apart
		}
		if err != nil {
			return nil, fmt.Errorf("read a price file: %w", err)
		}
		line, _ := r.FieldPos(0)
		if p.line(line, record); len(p.out) > maxRows {
			return nil, fault.Field("text", "the price file has more than %d lines", maxRows)
		}
	}
	switch {
	case len(p.faults) > 0:
		return nil, fault.Field("text", "the price file is not imported: %s", strings.Join(p.faults, "; "))
	case len(p.out) == 0:
		return nil, fault.Field("text", "the price file names no price")
	}
	return p.out, nil
}

// separatorLine is what spreadsheets are told in a first line.
var separatorLine = regexp.MustCompile(`^"?sep=[,;\t]"?\r?$`)

func separator(head []byte) rune {
	best := ','
	for _, c := range []rune{';', '\t'} {
		if bytes.Count(head, []byte(string(c))) > bytes.Count(head, []byte(string(best))) {
			best = c
		}
	}
	return best
}

func columnsOf(head []string) (map[string]int, error) {
	at := map[string]int{}
	for i, h := range head {
		name := strings.ToLower(strings.TrimSpace(h))
		if _, twice := at[name]; twice && slices.Contains(columns, name) {
			return nil, fault.Field("text", "the price file's first line names the column %s twice", name)
		}
		at[name] = i
	}
	var missing []string
	for _, c := range columns {
		if _, ok := at[c]; !ok {
			missing = append(missing, c)
		}
	}
	if len(missing) > 0 {
		return nil, fault.Field("text", "the price file's first line does not name the column %s", strings.Join(missing, ", "))
	}
	return at, nil
}

type parsing struct {
	at     map[string]int
	wide   int // columns of the head
	out    []Price
	seen   map[string]int // key → line
	faults []string
}

func (p *parsing) bad(line int, what string, args ...any) {
	if len(p.faults) == maxFault {
		p.faults = append(p.faults, "and more")
	}
	if len(p.faults) < maxFault {
		p.faults = append(p.faults, fmt.Sprintf("line %d "+what, append([]any{line}, args...)...))
	}
}

func (p *parsing) line(line int, record []string) {
	said := func(v string) bool { return strings.TrimSpace(v) != "" }
	if !slices.ContainsFunc(record, said) {
		return // a row that a spreadsheet left empty
	}
	if len(record) > p.wide && slices.ContainsFunc(record[p.wide:], said) { // a price of 0,0625 would be read as 0
		p.bad(line, "has %d values for %d columns; a value with a separator in it must stand in quotation marks", len(record), p.wide)
		return
	}
	field := map[string]string{}
	for _, c := range columns {
		if p.at[c] >= len(record) {
			p.bad(line, "has no %s", c)
			return
		}
		field[c] = strings.TrimSpace(record[p.at[c]])
	}
	out := Price{Country: strings.ToUpper(field["country"]), Category: strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(field["category"])), Currency: strings.ToUpper(field["currency"])}
	var err error
	switch out.From, err = time.Parse(time.DateOnly, field["effective_from"]); {
	case err != nil || out.From.Year() < 2000 || out.From.Year() > 2199:
		p.bad(line, "has the day %q; it must be like 2026-10-01", field["effective_from"])
		return
	case out.Country != Everywhere && !phonenumbers.GetSupportedRegions()[out.Country]:
		p.bad(line, "has the country %q; it must be an ISO code of two letters, or * for all others", field["country"])
		return
	case !slices.Contains(Categories, out.Category):
		p.bad(line, "has the category %q; it must be one of %s", field["category"], strings.Join(Categories, ", "))
		return
	case !currency(out.Currency):
		p.bad(line, "has the currency %q; it must be a code of three letters", field["currency"])
		return
	}
	if out.Micros, err = Micros(field["price"]); err != nil {
		p.bad(line, "has the price %q; it must be like 0.0625, with at most six places and a point", field["price"])
		return
	}
	key := fmt.Sprint(out.Country, out.Category, field["effective_from"], out.Currency)
	if before, twice := p.seen[key]; twice {
		p.bad(line, "repeats line %d", before)
		return
	}
	p.seen[key] = line
	p.out = append(p.out, out)
}

func currency(s string) bool {
	return len(s) == 3 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// Micros reads an amount such as 0.0625 exactly, as millionths.
func Micros(s string) (int64, error) {
	whole, part, _ := strings.Cut(s, ".")
	digits := func(s string) bool { return strings.Trim(s, "0123456789") == "" }
	if whole == "" || len(whole) > 9 || len(part) > 6 || !digits(whole) || !digits(part) {
		return 0, fault.New(fault.Invalid, "%q is no amount", s)
	}
	n, err := strconv.ParseInt(whole+part+strings.Repeat("0", 6-len(part)), 10, 64)
	if err != nil {
		return 0, fault.New(fault.Invalid, "%q is no amount", s)
	}
	return n, nil
}

// Amount writes millionths as an amount, with at least two places.
func Amount(micros int64) string {
	s := fmt.Sprintf("%d.%06d", micros/1_000_000, micros%1_000_000)
	for strings.HasSuffix(s, "0") && len(s)-strings.Index(s, ".") > 3 {
		s = s[:len(s)-1]
	}
	return s
}

// CountryOf is the country by which a message to a person is charged: the one that the number's calling
// code belongs to – told apart where several share it, as in North America – else the one before the
// point of a business-scoped user id. Empty: not known.
func CountryOf(phone, userID string) string {
	if phone != "" {
		if n, err := phonenumbers.Parse("+"+strings.TrimLeft(phone, "+"), ""); err == nil {
			code := int(n.GetCountryCode())
			c := phonenumbers.GetRegionCodeForCountryCode(code)
			if code == 1 || code == 7 {
				c = phonenumbers.GetRegionCodeForNumber(n)
			}
			if len(c) == 2 && c != "ZZ" {
				return c
			}
		}
	}
	if c, rest, ok := strings.Cut(userID, "."); ok && len(c) == 2 && rest != "" && phonenumbers.GetSupportedRegions()[c] {
		return c
	}
	return ""
}
