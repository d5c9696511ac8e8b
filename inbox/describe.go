package inbox

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
)

// Description is what a member changes of a person. What is nil stays; of the fields, those that are named
// change, and an empty value takes one away.
type Description struct {
	Name     *string // at most 200 characters; empty: what the networks call them
	Language *string // one that is served, or empty: not known
	TimeZone *string // as Europe/Rome; empty: from the country, where the gate needs one
	Country  *string // two letters of ISO 3166; empty: not known
	Labels   *[]string
	Fields   map[string]string
}

// The limits of what describes a person.
const (
	maxName       = 200
	maxFields     = 60
	maxFieldValue = 500
	maxLabels     = 20
	maxLabel      = 60 // bytes
)

var (
	fieldName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)
	// ownColumns are names of fields that stand in columns of their own.
	ownColumns = []string{"name", "language", "time_zone", "labels"}
)

// Describe changes what is known of a person, and names what it changed. Bad input changes nothing. The caller
// holds the lock on the contact.
func Describe(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64, d Description, languages []string) ([]string, error) {
	was, err := attributesOf(ctx, tx, workspaceID, id)
	if err != nil {
		return nil, err
	}
	now := was
	now.Fields = maps.Clone(was.Fields)
	if d.Name != nil {
		if now.Name = line(*d.Name); utf8.RuneCountInString(now.Name) > maxName {
			return nil, fault.Field("name", "a person's name has at most %d characters", maxName)
		}
	}
	if d.Language != nil {
		if now.Language = *d.Language; now.Language != "" && !slices.Contains(languages, now.Language) {
			return nil, fault.Field("language", "%q is none of %s", now.Language, strings.Join(languages, ", "))
		}
	}
	if d.TimeZone != nil {
		if now.TimeZone = strings.TrimSpace(*d.TimeZone); now.TimeZone != "" && !isZone(now.TimeZone) {
			return nil, fault.Field("time_zone", "%q is not a time zone such as Australia/Sydney", now.TimeZone)
		}
	}
	if d.Country != nil {
		if now.Country = strings.ToUpper(strings.TrimSpace(*d.Country)); now.Country != "" && !isCountry(now.Country) {
			return nil, fault.Field("country", "%q is not a country of two letters, such as IT", now.Country)
		}
	}
	if d.Labels != nil {
		if now.Labels, err = CleanLabels(*d.Labels); err != nil {
			return nil, err
		}
	}
	if err := describeFields(now.Fields, d.Fields); err != nil {
		return nil, err
	}
	changed := differences(was, now)
	if len(changed) == 0 {
		return nil, nil
	}
	return changed, setAttributes(ctx, tx, workspaceID, id, now)
}

func describeFields(fields map[string]any, changes map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(changes)) {
		value := line(changes[key])
		_, had := fields[key]
		switch {
		case value == "":
			delete(fields, key)
		case slices.Contains(ownColumns, key):
			return fault.Field("fields."+key, "%q has its own place; change it there", key)
		case !had && !fieldName.MatchString(key):
			return fault.Field("fields."+key, "a field's name is a small letter, then small letters, digits, _ or -, at most 40 characters")
		case utf8.RuneCountInString(value) > maxFieldValue:
			return fault.Field("fields."+key, "a field's value has at most %d characters", maxFieldValue)
		default:
			fields[key] = value
		}
	}
	if len(fields) > maxFields {
		return fault.Field("fields", "a person has at most %d fields", maxFields)
	}
	return nil
}

// CleanLabels are labels as they are kept: each once, without space around.
func CleanLabels(list []string) ([]string, error) {
	out := []string{}
	for _, l := range list {
		if l = line(l); l == "" || len(l) > maxLabel {
			return nil, fault.Field("labels", "a label has 1 to 60 bytes")
		}
		if !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	if len(out) > maxLabels {
		return nil, fault.Field("labels", "there are at most %d labels", maxLabels)
	}
	return out, nil
}

// line is a value of one line: NUL and broken UTF-8 cannot be stored.
func line(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "")), " ")
}

func isZone(name string) bool {
	if name == "Local" {
		return false // the server's
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

func isCountry(code string) bool {
	return len(code) == 2 && code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z'
}

// differences names what differs, fields by "fields.<name>".
func differences(was, now Attributes) []string {
	var out []string
	for _, p := range []struct {
		name    string
		differs bool
	}{{"name", was.Name != now.Name}, {"language", was.Language != now.Language}, {"time_zone", was.TimeZone != now.TimeZone}, {"country", was.Country != now.Country}, {"labels", !slices.Equal(was.Labels, now.Labels)}} {
		if p.differs {
			out = append(out, p.name)
		}
	}
	keys := maps.Clone(was.Fields)
	maps.Copy(keys, now.Fields)
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		a, had := was.Fields[k]
		b, has := now.Fields[k]
		if had != has || fmt.Sprint(a) != fmt.Sprint(b) {
			out = append(out, "fields."+k)
		}
	}
	return out
}
