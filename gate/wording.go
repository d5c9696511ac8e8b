package gate

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
)

// says finds a brand's name however it is written.
func says(text, brand string) bool {
	want := strings.Join(strings.Fields(fold(brand)), " ")
	return want != "" && strings.Contains(strings.Join(strings.Fields(fold(text)), " "), want)
}

// The word to answer with, or the sentence about it, in the languages served.
var stopWords = regexp.MustCompile(`(^|[^\pL\pN])(stop|opt[ -]?out|unsubscribe|disiscriviti|desabonner|dezabonare|dezabonezi|darse de baja|darte de baja|abmelden|abbestellen|cancelar a subscricao|sair)($|[^\pL\pN])`)

func tellsHowToStop(text string) bool { return stopWords.MatchString(fold(text)) }

// componentTexts collects every text and link of a template's components, whatever their shape.
func componentTexts(raw json.RawMessage) []string {
	if len(raw) == 0 {
		return nil
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil
	}
	var out []string
	collect(v, "", &out)
	return out
}

func collect(v any, key string, out *[]string) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			collect(x, key, out)
		}
	case map[string]any:
		for k, x := range v {
			if k != "example" {
				collect(x, k, out)
			}
		}
	case string:
		if key == "text" || key == "url" {
			*out = append(*out, v)
		}
	}
}

func sortTimes(t []time.Time) { slices.SortFunc(t, time.Time.Compare) }
