package router

import (
	"embed"
	"encoding/json"
	"strings"
)

//go:embed texts.json
var textFiles embed.FS

var texts = func() map[string]map[string]string {
	raw, err := textFiles.ReadFile("texts.json")
	if err != nil {
		panic(err)
	}
	var t map[string]map[string]string
	if err := json.Unmarshal(raw, &t); err != nil {
		panic(err)
	}
	return t
}()

// Say returns the bot's sentence of the key in the language (English where it does not speak it), with
// {name} places filled from pairs. An empty name takes its comma and space with it. A value is data: it
// is never filled in again, and what would stand for a reference in it is taken out, so that nobody is
// handed somebody else's reference because of the name they chose.
func Say(language, key string, pairs ...string) string {
	t := texts[key]
	s, ok := t[language]
	if !ok {
		s = t["en"]
	}
	var fill []string
	for i := 0; i+1 < len(pairs); i += 2 {
		value := strings.TrimSpace(strings.ReplaceAll(pairs[i+1], "~", ""))
		if value == "" {
			fill = append(fill, " {"+pairs[i]+"}", "")
		}
		fill = append(fill, "{"+pairs[i]+"}", value)
	}
	return strings.NewReplacer(fill...).Replace(s)
}

// All returns the sentence of the key in every language.
func All(key string) map[string]string { return texts[key] }
