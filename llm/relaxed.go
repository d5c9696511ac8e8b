package llm

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"
)

// relaxed reads one object or list at the start of a text as models write it who were shown Python or JavaScript: quotes of
// either kind, names without any, None and True, NaN, commas too many, comments, line ends inside strings. It gives the
// same as JSON, and how many bytes it took; what can be read in two ways is not read. read counts what was looked at.
func relaxed(s string) (raw json.RawMessage, length, read int) {
	r := relaxing{s: s}
	if !r.value(0) {
		return nil, 0, r.at
	}
	return r.out.Bytes(), r.at, r.at
}

type relaxing struct {
	s   string
	at  int
	out bytes.Buffer
}

// deepestRelaxed bounds how far values are nested.
const deepestRelaxed = 32

func (r *relaxing) value(depth int) bool {
	if !r.space() || depth > deepestRelaxed {
		return false
	}
	switch c := r.s[r.at]; c {
	case '{':
		return r.all('{', '}', func() bool {
			return r.name() && r.sign(':') && r.value(depth+1)
		})
	case '[':
		return r.all('[', ']', func() bool { return r.value(depth + 1) })
	case '"', '\'':
		return r.text(c)
	}
	return r.bare()
}

// all reads what stands between two brackets, with commas between; one too many at the end is none.
func (r *relaxing) all(from, to byte, one func() bool) bool {
	r.at++
	r.out.WriteByte(from)
	for n := 0; r.space(); n++ {
		if r.s[r.at] == to {
			r.at++
			r.out.WriteByte(to)
			return true
		}
		if n > 0 {
			r.out.WriteByte(',')
		}
		if !one() || !r.space() {
			return false
		}
		if r.s[r.at] == ',' {
			r.at++
		} else if r.s[r.at] != to {
			return false
		}
	}
	return false
}

// sign reads one byte that has to stand there.
func (r *relaxing) sign(b byte) bool {
	if !r.space() || r.s[r.at] != b {
		return false
	}
	r.at++
	r.out.WriteByte(b)
	return true
}

// space goes past space and comments; it says whether anything follows.
func (r *relaxing) space() bool {
	for r.at < len(r.s) {
		rest := r.s[r.at:]
		switch {
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			r.at++
		case strings.HasPrefix(rest, "//"):
			r.past(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			r.past(rest, "*/")
		default:
			return true
		}
	}
	return false
}

func (r *relaxing) past(rest, end string) {
	if n := strings.Index(rest, end); n >= 0 {
		r.at += n + len(end)
		return
	}
	r.at = len(r.s)
}

var bareName = regexp.MustCompile(`^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]{1,4})`)

// name reads the name of a field; Python's numbers are names too.
func (r *relaxing) name() bool {
	if !r.space() {
		return false
	}
	if c := r.s[r.at]; c == '"' || c == '\'' {
		return r.text(c)
	}
	found := bareName.FindString(r.s[r.at:])
	r.at += len(found)
	r.out.WriteString(`"` + found + `"`)
	return found != ""
}

// text reads a string up to the same quote. A quote inside that was not marked ends it, and what follows is then no JSON:
// where a string ends is never guessed.
func (r *relaxing) text(quote byte) bool {
	var said []byte
	for r.at++; r.at < len(r.s); r.at++ {
		switch c := r.s[r.at]; {
		case c == quote:
			r.at++
			b, err := json.Marshal(string(said))
			r.out.Write(b)
			return err == nil
		case c == '\\':
			if r.at++; !r.marked(&said) {
				return false
			}
		default:
			said = append(said, c)
		}
	}
	return false
}

// marked reads what stands behind a backslash.
func (r *relaxing) marked(said *[]byte) bool {
	if r.at >= len(r.s) {
		return false
	}
	c := r.s[r.at]
	if i := strings.IndexByte("bfnrt", c); i >= 0 {
		*said = append(*said, "\b\f\n\r\t"[i])
		return true
	}
	if c != 'u' {
		*said = append(*said, c)
		return true
	}
	for _, long := range []int{11, 5} { // the two halves of a pair belong together
		var letters string
		end := min(r.at+long, len(r.s))
		err := json.Unmarshal([]byte(`"\`+r.s[r.at:end]+`"`), &letters)
		if err != nil || long == 11 && utf8.RuneCountInString(letters) != 1 {
			continue
		}
		*said = append(*said, letters...)
		r.at = end - 1
		return true
	}
	return false
}

var (
	bareWord   = regexp.MustCompile(`^[-+]?[A-Za-z0-9_.+-]+`)
	bareNumber = regexp.MustCompile(`^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$`)
)

var bareWords = map[string]string{"true": "true", "True": "true", "false": "false", "False": "false", "null": "null", "None": "null", "undefined": "null",
	"NaN": "null", "nan": "null", "Infinity": "null", "-Infinity": "null", "inf": "null", "-inf": "null"}

// bare reads a number, or one of the few words that stand without quotes.
func (r *relaxing) bare() bool {
	found := bareWord.FindString(r.s[r.at:])
	r.at += len(found)
	if word, ok := bareWords[found]; ok {
		r.out.WriteString(word)
		return true
	}
	if !bareNumber.MatchString(found) {
		return false
	}
	number := strings.TrimPrefix(found, "+")
	if !json.Valid([]byte(number)) { // .9, 1. and 01
		b, err := json.Marshal(number)
		r.out.Write(b)
		return err == nil
	}
	r.out.WriteString(number)
	return true
}
