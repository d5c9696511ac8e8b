package meta

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Clean makes a text storable: PostgreSQL takes neither NUL nor invalid UTF-8, so both become U+FFFD.
func Clean(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

// CleanJSON compacts a JSON text and makes it storable as jsonb too: valid UTF-8, no escaped NUL, no
// half of a surrogate pair. It returns nil for what is not JSON.
func CleanJSON(raw []byte) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return nil
	}
	out := b.Bytes()
	if !utf8.Valid(out) {
		out = bytes.ToValidUTF8(out, []byte("\ufffd"))
	}
	if !bytes.Contains(out, []byte(`\u`)) {
		return out
	}
	return cleanEscapes(out)
}

// cleanEscapes replaces the \u escapes that stand for no character. A backslash occurs in JSON only
// inside strings, and json.Compact has checked that four hexadecimal digits follow every \u.
func cleanEscapes(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		switch {
		case b[i] != '\\':
			out = append(out, b[i])
			i++
		case b[i+1] != 'u':
			out = append(out, b[i], b[i+1])
			i += 2
		default:
			r := escaped(b[i:])
			size := 6
			switch {
			case r == 0 || utf16.IsSurrogate(r) && !isPair(r, b[i+6:]):
				out = append(out, `\ufffd`...)
			case utf16.IsSurrogate(r):
				size = 12
				out = append(out, b[i:i+size]...)
			default:
				out = append(out, b[i:i+size]...)
			}
			i += size
		}
	}
	return out
}

// escaped reads \uXXXX at the start of b.
func escaped(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 32)
	if err != nil {
		return -1
	}
	return rune(n)
}

func isPair(high rune, rest []byte) bool {
	return utf16.DecodeRune(high, escaped(rest)) != utf8.RuneError
}
