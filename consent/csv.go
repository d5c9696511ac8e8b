package consent

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"ponte/fault"
)

// Limits of one file.
const (
	maxImportRows  = 50_000
	maxImportField = 500
)

// importColumns are the columns that are read; the first five are needed in every row that claims a consent.
var importColumns = []string{"phone", "consent_at", "source", "wording_version", "evidence_id", "name", "language", "kind", "act"}

// ImportRow is one row of a file, as it stood there.
type ImportRow struct {
	Line   int
	Values map[string]string
	Reason string // why it is refused; empty: it may wait for the owner's word

	shifted bool // its values may stand in other columns
}

// ParseImport reads a list from another system. A fault is about the file as a whole; what is wrong with
// a row is said in the row. Numbers are read by phone, which returns digits with country code.
func ParseImport(file []byte, now time.Time, phone func(string) (string, bool)) ([]ImportRow, error) {
	file = bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(file) || bytes.IndexByte(file, 0) >= 0 {
		return nil, fault.Field("text", "the file is not text in UTF-8; save it as \"CSV UTF-8\"")
	}
	file = lines(file)
	r := csv.NewReader(bytes.NewReader(file))
	first, _, _ := bytes.Cut(bytes.TrimLeft(file, "\r\n"), []byte("\n"))
	for _, c := range []rune{';', '\t'} { // as spreadsheets save them where the comma parts decimals
		if bytes.Count(first, []byte(string(c))) > bytes.Count(first, []byte(string(r.Comma))) {
			r.Comma = c
		}
	}
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		return nil, fault.Field("text", "the file has no header line; it needs the columns %s", strings.Join(importColumns, ", "))
	}
	names, err := importHeader(header)
	if err != nil {
		return nil, err
	}
	var out []ImportRow
	seen, unclear := map[string]int{}, map[string]int{} // rows by number; lines by number
	for {
		rec, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fault.Field("text", "the file cannot be read further: %v", err)
		}
		line, _ := r.FieldPos(0)
		if !slices.ContainsFunc(rec, func(v string) bool { return strings.TrimSpace(v) != "" }) {
			continue // a row that a spreadsheet left empty
		}
		if len(out) == maxImportRows {
			return nil, fault.Field("text", "the file has more than %d rows: split it", maxImportRows)
		}
		row := importRow(line, names, rec)
		number, readable := phone(row.Values["phone"])
		if row.Reason = overlong(names, rec); row.Reason != "" {
			row.shifted = true
		} else {
			row.Reason = checkImportRow(row.Values, now, phone)
		}
		if readable && row.Reason != "" && !claimsConsent(row) {
			unclear[number] = line
		}
		if at, twice := seen[row.Values["phone"]]; row.Reason == "" && twice {
			switch had := &out[at]; {
			case row.Values["act"] != "withdraw":
				row.Reason = fmt.Sprintf("the number stands on line %d already", had.Line)
			case had.Reason == "" && had.Values["act"] != "withdraw": // in whatever order a file tells it
				had.Reason = fmt.Sprintf("line %d takes this consent back", line)
			}
		}
		if row.Reason == "" {
			seen[row.Values["phone"]] = len(out)
		}
		out = append(out, row)
	}
	if len(out) == 0 {
		return nil, fault.Field("text", "the file has no rows below its header")
	}
	for i, row := range out {
		if line, ok := unclear[row.Values["phone"]]; ok && row.Reason == "" && row.Values["act"] != "withdraw" {
			out[i].Reason = fmt.Sprintf("line %d says something of this number that cannot be read, and may take the consent back", line)
		}
	}
	return out, nil
}

// ownNumber is why a number of the brand itself is not taken from a list.
const ownNumber = "the number is the brand's own WhatsApp number, not a customer's"

// RefuseOwn refuses the rows of a list that name a number of the brand itself.
func RefuseOwn(rows []ImportRow, own map[string]bool) {
	for i, r := range rows {
		if r.Reason == "" && own[r.Values["phone"]] {
			rows[i].Reason = ownNumber
		}
	}
}

// claimsConsent says of a row that is refused that it would have been a consent: anything else may be a no.
func claimsConsent(row ImportRow) bool {
	return !row.shifted && (row.Values["act"] == "" || row.Values["act"] == "grant")
}

// lines takes out what is no row: the separator that a spreadsheet is told in a first line; and outside quotation marks
// a carriage return alone ends a line too, also in a file whose other lines end otherwise: read as part of a value it
// would swallow the row behind it, and with that perhaps a withdrawal.
func lines(file []byte) []byte {
	if bytes.IndexByte(file, '\r') >= 0 {
		file = bytes.Clone(file)
		quoted := false
		for i, c := range file {
			switch {
			case c == '"':
				quoted = !quoted
			case c == '\r' && !quoted && (i+1 == len(file) || file[i+1] != '\n'):
				file[i] = '\n'
			}
		}
	}
	if first, rest, ok := bytes.Cut(file, []byte("\n")); ok && separatorLine.Match(first) {
		// an empty line in its place, so that lines keep their numbers
		return append([]byte("\n"), rest...)
	}
	return file
}

var separatorLine = regexp.MustCompile(`^"?sep=[,;\t]"?\r?$`)

func importHeader(header []string) ([]string, error) {
	names := make([]string, len(header))
	for i, h := range header {
		names[i] = strings.ToLower(strings.TrimSpace(h))
		if names[i] != "" && slices.Contains(importColumns, names[i]) && slices.Index(names, names[i]) != i {
			return nil, fault.Field("text", "the column %s stands twice in the header", names[i])
		}
	}
	for _, need := range importColumns[:5] {
		if !slices.Contains(names, need) {
			return nil, fault.Field("text", "the column %s is missing; every consent needs %s", need, strings.Join(importColumns[:5], ", "))
		}
	}
	return names, nil
}

// overlong refuses a row with more values than the header has columns: where a comma stands in a name without quotation
// marks, every value behind it is another column's, and a withdrawal would be read as a consent.
func overlong(names, rec []string) string {
	if len(rec) > len(names) && slices.ContainsFunc(rec[len(names):], func(v string) bool { return strings.TrimSpace(v) != "" }) {
		return fmt.Sprintf("the row has %d values and the header %d columns: a value with a separator in it must stand in quotation marks", len(rec), len(names))
	}
	return ""
}

func importRow(line int, names, rec []string) ImportRow {
	row := ImportRow{Line: line, Values: map[string]string{}}
	for i, name := range names {
		if i < len(rec) && slices.Contains(importColumns, name) {
			if v := strings.TrimSpace(rec[i]); v != "" {
				row.Values[name] = strings.TrimPrefix(v, "'") // our own error files have it before what could be a formula
			}
		}
	}
	return row
}

// importTime reads an instant as systems write it, always with its zone.
func importTime(v string) (at time.Time, err error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05 Z0700", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05 MST"} {
		if at, err = time.Parse(layout, v); err == nil && (layout[len(layout)-1] != 'T' || strings.HasSuffix(v, " UTC") || strings.HasSuffix(v, " GMT")) {
			return at, nil
		}
	}
	return at, fmt.Errorf("%q is no time with its zone", "consent_at")
}

// What goes into evidence is an id of something elsewhere; it must not be a way for personal data to get
// where it cannot be erased.
var evidenceForm = regexp.MustCompile(`^[\pL\pN][\pL\pN _.:/#-]{0,79}$`)

var longNumber = regexp.MustCompile(`^\+?[0-9 ().-]{9,}$`)

func mayBeEvidence(name, value string) bool {
	return evidenceForm.MatchString(value) && (name == "evidence_id" || !longNumber.MatchString(value))
}

func checkImportRow(v map[string]string, now time.Time, phone func(string) (string, bool)) string {
	v["act"], v["kind"] = strings.ToLower(v["act"]), strings.ToLower(v["kind"])
	for name, value := range v {
		switch {
		case len(value) <= maxImportField:
		case v["act"] == "withdraw" && name != "phone": // a no counts without it
			delete(v, name)
		default:
			return fmt.Sprintf("%s is longer than %d bytes", name, maxImportField)
		}
	}
	digits, ok := phone(v["phone"])
	if !ok {
		return "phone is not a phone number with country code"
	}
	v["phone"] = digits
	at, err := importTime(v["consent_at"])
	if v["act"] == "withdraw" && (err != nil || at.After(now) || at.Year() < 2009) {
		at, err = now.UTC(), nil // a no whose time cannot be told holds from now on
		v["consent_at"] = at.Format(time.RFC3339)
	}
	switch {
	case v["consent_at"] == "":
		return "consent_at is missing: when did the person say so?"
	case err != nil:
		return "consent_at is not a time with its zone such as 2026-03-01T10:00:00+11:00"
	case at.After(now):
		return "consent_at is in the future"
	case at.Year() < 2009:
		return "consent_at is from before WhatsApp"
	}
	v["consent_at"] = at.Format(time.RFC3339)
	switch v["act"] {
	case "", "grant":
		v["act"] = "grant"
	case "withdraw":
		for _, name := range []string{"source", "wording_version", "evidence_id"} { // a withdrawal needs no proof, and none that could not be erased
			if !mayBeEvidence(name, v[name]) {
				delete(v, name)
			}
		}
		return ""
	default:
		return "act is neither grant nor withdraw"
	}
	for _, name := range []string{"source", "wording_version", "evidence_id"} {
		switch {
		case v[name] == "":
			return name + " is missing: without it nothing is proved"
		case !mayBeEvidence(name, v[name]):
			return name + " must be a short id without personal data"
		}
	}
	switch v["kind"] {
	case "":
		v["kind"] = string(Express)
	case string(Express), string(Inferred):
	default:
		return "kind is neither express nor inferred"
	}
	if l := v["language"]; l != "" && !slices.Contains(Languages(), l) {
		delete(v, "language")
	}
	return ""
}

// Cell makes a value safe for a spreadsheet, which would run what begins like a formula.
func Cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n|", rune(s[0])) {
		return "'" + s
	}
	return s
}
