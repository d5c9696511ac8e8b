package webhook

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"ponte/channels/meta"
)

// maxText bounds one text of an event: no network lets people write a quarter of it, and each is judged, held against what its
// author wrote before, and kept. The delivery has the whole of it.
const maxText = 64 << 10

// text is a string that PostgreSQL can store: valid UTF-8 without NUL, cut where it is out of all proportion. It takes numbers as well,
// because ids come as either; they never pass through a float.
type text string

// UnmarshalJSON takes a string, a number or a boolean; null and anything else are the empty text, so
// that one odd field never costs the whole item.
func (t *text) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	switch {
	case len(b) == 0 || b[0] == 'n' || b[0] == '{' || b[0] == '[':
		*t = ""
	case b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = text(bounded(meta.Clean(s)))
	default:
		*t = text(b)
	}
	return nil
}

func bounded(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "…"
}

// id is an identifier: a string or a number. Zero as a number means "none" (organic leads have ad_id 0).
type id string

func (i *id) UnmarshalJSON(b []byte) error {
	var t text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	if t == "0" && len(bytes.TrimSpace(b)) == 1 {
		t = ""
	}
	*i = id(t)
	return nil
}

// instant is a time in any unit Meta uses: seconds, milliseconds, either as text, or ISO 8601.
type instant struct{ time.Time }

// Above this a number cannot be seconds (they would name the year 5138), so it is milliseconds.
const secondsLimit = 100_000_000_000

var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05"}

func (i *instant) UnmarshalJSON(b []byte) error {
	var t text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	i.Time = parseInstant(string(t))
	return nil
}

func parseInstant(s string) time.Time {
	s = strings.TrimSpace(s)
	if s == "" {
		return time.Time{}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return fromNumber(n)
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && f > 0 && f < 1e15 {
		return fromNumber(int64(f))
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, s); err == nil && storable(at) {
			return at.UTC()
		}
	}
	return time.Time{}
}

func fromNumber(n int64) time.Time {
	var at time.Time
	switch {
	case n <= 0:
		return time.Time{}
	case n > secondsLimit*1_000_000: // nanoseconds or nonsense
		return time.Time{}
	case n > secondsLimit*1000: // microseconds
		at = time.UnixMicro(n)
	case n > secondsLimit:
		at = time.UnixMilli(n)
	default:
		at = time.Unix(n, 0)
	}
	if !storable(at) {
		return time.Time{}
	}
	return at.UTC()
}

// storable keeps years that PostgreSQL and JSON both take.
func storable(t time.Time) bool { return t.Year() >= 1970 && t.Year() < 9999 }

// flag is a boolean that may come as text or number.
type flag bool

func (f *flag) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(bytes.TrimSpace(b)), `"`)
	*f = s == "true" || s == "1"
	return nil
}

// number is an integer that may come as text; what is none is zero.
type number int

func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.Atoi(strings.Trim(string(bytes.TrimSpace(b)), `"`))
	if err == nil {
		*n = number(v)
	}
	return nil
}

// decimal is a coordinate; what is none is zero.
type decimal float64

func (d *decimal) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseFloat(strings.Trim(string(bytes.TrimSpace(b)), `"`), 64)
	if err == nil && v > -1e6 && v < 1e6 {
		*d = decimal(v)
	}
	return nil
}

// list takes an array, or one item standing alone; items that do not decode are left out.
type list[T any] []T

func (l *list[T]) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	if len(b) == 0 || b[0] == 'n' {
		return nil
	}
	if b[0] != '[' {
		var one T
		if json.Unmarshal(b, &one) == nil {
			*l = list[T]{one}
		}
		return nil
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	for _, r := range raw {
		var one T
		if json.Unmarshal(r, &one) == nil {
			*l = append(*l, one)
		}
	}
	return nil
}

// items is an array taken apart but not decoded, so that a bad element spoils only itself. What stands
// alone counts as an array of one.
type items []json.RawMessage

// UnmarshalJSON takes an array or any other value but null.
func (l *items) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	switch {
	case len(b) == 0 || b[0] == 'n':
		return nil
	case b[0] == '[':
		return json.Unmarshal(b, (*[]json.RawMessage)(l))
	}
	*l = items{bytes.Clone(b)}
	return nil
}

// object is a struct that may be absent or of another type altogether; then it stays nil.
type object[T any] struct{ V *T }

func (o *object[T]) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	if len(b) == 0 || b[0] != '{' {
		return nil
	}
	var v T
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	o.V = &v
	return nil
}
