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
}

// ParseImport reads a list from another system. A fault is about the file as a whole; what is wrong with
// a row is said in the row. Numbers are read by phone, which returns digits with country code.
func ParseImport(file []byte, now time.Time, phone func(string) (string, bool)) ([]ImportRow, error) {
	file = bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(file) || bytes.IndexByte(file, 0) >= 0 {
		return nil, fault.New(fault.Invalid, "the file is not text in UTF-8; save it as \"CSV UTF-8\"")
	}
	r := csv.NewReader(bytes.NewReader(file))
	first, _, _ := bytes.Cut(file, []byte("\n"))
	for _, c := range []rune{';', '\t'} { // as spreadsheets save them where the comma parts decimals
		if bytes.Count(first, []byte(string(c))) > bytes.Count(first, []byte(string(r.Comma))) {
			r.Comma = c
		}
	}
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		return nil, fault.New(fault.Invalid, "the file has no header line; it needs the columns %s", strings.Join(importColumns, ", "))
	}
	names, err := importHeader(header)
	if err != nil {
		return nil, err
	}
	var out []ImportRow
	seen := map[string]int{}
	for {
		rec, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, "the file cannot be read further: %v", err)
		}
		line, _ := r.FieldPos(0)
		if len(out) == maxImportRows {
			return nil, fault.New(fault.Invalid, "the file has more than %d rows: split it", maxImportRows)
		}
		row := importRow(line, names, rec)
		row.Reason = checkImportRow(row.Values, now, phone)
		if had, twice := seen[row.Values["phone"]]; twice && row.Reason == "" && row.Values["act"] != "withdraw" {
			row.Reason = fmt.Sprintf("the number stands on line %d already", had)
		} else if row.Reason == "" {
			seen[row.Values["phone"]] = line
		}
		out = append(out, row)
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "the file has no rows below its header")
	}
	return out, nil
}

func importHeader(header []string) ([]string, error) {
	names := make([]string, len(header))
	for i, h := range header {
		names[i] = strings.ToLower(strings.TrimSpace(h))
		if names[i] != "" && slices.Contains(importColumns, names[i]) && slices.Index(names, names[i]) != i {
			return nil, fault.New(fault.Invalid, "the column %s stands twice in the header", names[i])
		}
	}
	for _, need := range importColumns[:5] {
		if !slices.Contains(names, need) {
			return nil, fault.New(fault.Invalid, "the column %s is missing; every consent needs %s", need, strings.Join(importColumns[:5], ", "))
		}
	}
	return names, nil
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

// What goes into evidence is an id of something elsewhere; it must not be a way for personal data to get
// where it cannot be erased.
var evidenceForm = regexp.MustCompile(`^[\pL\pN][\pL\pN _.:/#-]{0,79}$`)

var longNumber = regexp.MustCompile(`^\+?[0-9 ().-]{9,}$`)

func checkImportRow(v map[string]string, now time.Time, phone func(string) (string, bool)) string {
	for name, value := range v {
		if len(value) > maxImportField {
			return fmt.Sprintf("%s is longer than %d bytes", name, maxImportField)
		}
	}
	digits, ok := phone(v["phone"])
	if !ok {
		return "phone is not a phone number with country code"
	}
	v["phone"] = digits
	at, err := time.Parse(time.RFC3339, v["consent_at"])
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
	switch v["act"] {
	case "", "grant":
		v["act"] = "grant"
	case "withdraw":
		return "" // a withdrawal needs no proof
	default:
		return "act is neither grant nor withdraw"
	}
	for _, name := range []string{"source", "wording_version", "evidence_id"} {
		switch {
		case v[name] == "":
			return name + " is missing: without it nothing is proved"
		case !evidenceForm.MatchString(v[name]) || longNumber.MatchString(v[name]) && name != "evidence_id":
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
