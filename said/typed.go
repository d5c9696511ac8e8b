package said

import "time"

// instants are the values that are a day or a time, and how English writes them.
var instants = map[string][]string{
	"at":     {"2 January 2006 15:04 MST", "2 January 15:04 MST", "2 January 2006"},
	"until":  {"2 January 2006", "2 January 2006 15:04 MST"},
	"window": {"2 January 2006 15:04 MST"},
}

// typed writes a value in a form that does not depend on a language: days as 2006-01-02, times as RFC 3339.
func typed(name, value string) string {
	for _, layout := range instants[name] {
		t, err := time.Parse(layout, value)
		switch {
		case err != nil || t.Year() == 0:
			continue
		case layout == "2 January 2006":
			return t.Format(time.DateOnly)
		}
		return t.UTC().Format(time.RFC3339)
	}
	return value
}
