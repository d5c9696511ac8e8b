package ingest

import (
	"regexp"
	"strings"
)

// ReasonPart is one statement of a reason: a stable code, the values in it, and the same in English.
type ReasonPart struct {
	Code   string            `json:"code"`
	Values map[string]string `json:"values"`
	Text   string            `json:"text"`
}

// ReasonOther is the code of what has none of its own: words of a reviewer, of a rule, or of the network.
const ReasonOther = "other"

// ReasonParts takes the reason of an event or lead apart, so that it can be told in another language. A reason
// is a sentence that is made where something is decided, and kept as it was; its statements follow each other
// after "; ", or after ": " where the first says what the second is about.
func ReasonParts(reason string) []ReasonPart {
	out := []ReasonPart{}
	for rest := strings.TrimSpace(reason); rest != ""; {
		part, used := reasonPart(rest)
		out = append(out, part)
		rest = strings.TrimSpace(rest[used:])
	}
	return out
}

// reasonPart reads the first statement: the longest that is known.
func reasonPart(text string) (best ReasonPart, used int) {
	most := 0
	for _, p := range reasonPatterns {
		m := p.form.FindStringSubmatchIndex(text)
		if m == nil || m[3] <= most {
			continue
		}
		most, used = m[3], m[1]
		best = ReasonPart{Code: p.code, Values: map[string]string{}, Text: text[:m[3]]}
		for i, name := range p.form.SubexpNames() {
			if name != "" {
				best.Values[name] = text[m[2*i]:m[2*i+1]]
			}
		}
	}
	if most > 0 {
		return best, used
	}
	first, _, more := strings.Cut(text, "; ")
	if used = len(first); more {
		used += 2
	}
	return ReasonPart{Code: ReasonOther, Values: map[string]string{}, Text: first}, used
}

type reasonPattern struct {
	code string
	form *regexp.Regexp
}

var reasonPatterns = readReasons(reasonList)

var valuePlace = regexp.MustCompile(`\\\{([a-z]+)\\\}`)

// readReasons makes patterns of a list with a code and a sentence a line. {name} is a value; between « and » it
// is whatever stands there, elsewhere it ends where the statement does.
func readReasons(list string) []reasonPattern {
	var out []reasonPattern
	for line := range strings.Lines(list) {
		code, sentence, ok := strings.Cut(strings.TrimSpace(line), " | ")
		if !ok {
			continue
		}
		form := valuePlace.ReplaceAllString(regexp.QuoteMeta(sentence), `(?P<$1>.+?)`)
		form = regexp.MustCompile(`«\(\?P<([a-z]+)>\.\+\?\)»`).ReplaceAllString(form, `«(?P<$1>[^»]*)»`)
		out = append(out, reasonPattern{code, regexp.MustCompile(`(?s)^(` + form + `)(?:; |: |$)`)})
	}
	return out
}

// ReasonCodes are all codes with their English sentences, for those who translate them.
func ReasonCodes() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(reasonList) {
		if code, sentence, ok := strings.Cut(strings.TrimSpace(line), " | "); ok && out[code] == "" {
			out[code] = sentence
		}
	}
	return out
}
