package suggest

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// reader follows an answer of the form {"replies":[{"text":"…","sources":[1]}]} while it is written, in
// pieces cut anywhere, and hands on the text of each reply and where the reply ends. What models write
// around it – thoughts, fences, excuses – is passed over; what turns out not to be JSON is given up, and
// the next object counts.
type reader struct {
	text func(n int, s string)      // more of reply n's text, whole letters only
	end  func(n int, object []byte) // reply n is complete: the object as it was written
	over func()                     // nothing of what was handed on counts any more

	stack  []frame
	state  state
	naming bool   // the string under way names a field
	said   []byte // the string under way, decoded, as far as it was not handed on
	high   rune   // the first half of a surrogate pair
	digits int    // of \uXXXX still to come
	code   rune
	object []byte // the reply under way
	begun  bool   // something was handed on for the document under way
	aside  string // the closing tag of thoughts under way
	tail   []byte // the last bytes outside the document
}

type frame struct {
	kind  byte   // { or [
	key   string // of the field under way
	items int    // of an array, the one under way included
	told  bool   // a field "text" was handed on already
}

type state int

const (
	outside  state = iota // before, between and after documents
	value                 // a value is due
	field                 // a field's name or the end is due
	colon                 // after a field's name
	after                 // after a value
	inString              // in a string, be it a value or a name
	escape                // after a backslash
	unicode4              // in \uXXXX
	bare                  // in a number, true, false or null
)

const (
	deepest    = 16      // nested values beyond it are not what was asked for
	longest    = 1 << 16 // bytes of one reply
	longestKey = 64      // no name that is looked for is longer
)

// feed takes the next piece.
func (r *reader) feed(piece string) {
	for i := 0; i < len(piece); i++ {
		r.take(piece[i])
	}
	r.hand(false)
}

func (r *reader) take(b byte) {
	if r.state == outside {
		r.pass(b)
		return
	}
	if r.inReply() {
		if r.object = append(r.object, b); len(r.object) > longest {
			r.giveUp(b)
			return
		}
	}
	switch r.state {
	case inString, escape, unicode4:
		r.letter(b)
	default:
		r.mark(b)
	}
}

var asides = []string{"think", "thinking", "reasoning"}

// pass looks for a document, and goes past what a model thinks aloud.
func (r *reader) pass(b byte) {
	if r.tail = append(r.tail, b); len(r.tail) > 16 {
		r.tail = r.tail[1:]
	}
	if r.aside != "" {
		if bytes.HasSuffix(r.tail, []byte(r.aside)) {
			r.aside, r.tail = "", r.tail[:0]
		}
		return
	}
	if b == '>' {
		for _, name := range asides {
			if bytes.HasSuffix(r.tail, []byte("<"+name+">")) {
				r.aside = "</" + name + ">"
			}
		}
	}
	if b != '{' {
		return
	}
	if r.begun { // a document after one that said something: the last one counts
		r.over()
		r.begun = false
	}
	r.tail = r.tail[:0]
	r.stack = append(r.stack[:0], frame{kind: '{'})
	r.state = field
}

// mark takes a byte between strings.
func (r *reader) mark(b byte) {
	if r.state == bare {
		if strings.IndexByte("+-.0123456789Eabcdefghijklmnopqrstuvwxyz", b) >= 0 {
			return
		}
		r.state = after
	}
	top := &r.stack[len(r.stack)-1]
	switch {
	case b == ' ' || b == '\t' || b == '\n' || b == '\r':
	case r.state == field && b == '"':
		r.begin(true)
	case r.state == colon && b == ':':
		r.state = value
	case r.state == value && b == '"':
		r.begin(false)
	case r.state == value && (b == '{' || b == '['):
		r.open(b)
	case (r.state == value || r.state == field) && (b == ']' || b == '}'), r.state == after && (b == ']' || b == '}'):
		r.close(b)
	case r.state == after && b == ',' && top.kind == '{':
		r.state = field
	case r.state == after && b == ',':
		top.items++
		r.state = value
	case r.state == value && strings.IndexByte("-0123456789tfn", b) >= 0:
		r.state = bare
	default:
		r.giveUp(b)
	}
}

func (r *reader) open(b byte) {
	if len(r.stack) == deepest {
		r.giveUp(b)
		return
	}
	f := frame{kind: b}
	r.state = field
	if b == '[' {
		f.items, r.state = 1, value
	}
	r.stack = append(r.stack, f)
	if r.inReply() && len(r.stack) == 3 {
		r.object = append(r.object[:0], b)
	}
}

func (r *reader) close(b byte) {
	if kind := r.stack[len(r.stack)-1].kind; kind == '{' && b != '}' || kind == '[' && b != ']' {
		r.giveUp(b)
		return
	}
	if r.inReply() && len(r.stack) == 3 {
		r.begun = true
		r.end(r.index(), r.object)
		r.object = nil
	}
	r.stack = r.stack[:len(r.stack)-1]
	r.state = after
	if len(r.stack) == 0 {
		r.state = outside
	}
}

// giveUp leaves what is no JSON, or not the one asked for. The byte may begin the next document.
func (r *reader) giveUp(b byte) {
	if r.begun {
		r.over()
	}
	r.begun, r.state, r.stack, r.object = false, outside, r.stack[:0], nil
	r.pass(b)
}

// inReply says whether what is read stands in an item of the list of replies.
func (r *reader) inReply() bool {
	return len(r.stack) >= 3 && r.stack[0].key == "replies" && r.stack[1].kind == '[' && r.stack[2].kind == '{'
}

// inText says whether a value that is read is the text of a reply.
func (r *reader) inText() bool {
	return len(r.stack) == 3 && r.inReply() && r.stack[2].key == "text"
}

func (r *reader) index() int { return r.stack[1].items - 1 }

// begin starts a string.
func (r *reader) begin(naming bool) {
	r.state, r.naming, r.said, r.high = inString, naming, r.said[:0], 0
	if naming || !r.inText() {
		return
	}
	if r.stack[2].told { // the field stands there twice: the last one counts
		r.over()
	}
	r.stack[2].told, r.begun = true, true
}

// letter takes a byte inside a string.
func (r *reader) letter(b byte) {
	switch {
	case r.state == unicode4:
		r.hex(b)
	case r.state == escape:
		r.escaped(b)
	case b == '\\':
		r.state = escape
	case b == '"':
		r.lone()
		r.hand(true)
		if r.state = after; r.naming {
			r.stack[len(r.stack)-1].key, r.state = string(r.said), colon
		}
	case b < 0x20:
		r.giveUp(b)
	default:
		r.lone()
		r.keep(b)
	}
}

// keep adds bytes of a string that somebody wants to know.
func (r *reader) keep(b ...byte) {
	if r.naming && len(r.said) <= longestKey || !r.naming && r.inText() {
		r.said = append(r.said, b...)
	}
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (r *reader) escaped(b byte) {
	if b == 'u' {
		r.state, r.digits, r.code = unicode4, 4, 0
		return
	}
	c, ok := escapes[b]
	if !ok {
		r.giveUp(b)
		return
	}
	r.lone()
	r.keep(c)
	r.state = inString
}

func (r *reader) hex(b byte) {
	d := strings.IndexByte("0123456789abcdefABCDEF", b)
	if d > 15 {
		d -= 6
	}
	if d < 0 {
		r.giveUp(b)
		return
	}
	r.code = r.code<<4 | rune(d)
	if r.digits--; r.digits > 0 {
		return
	}
	r.state = inString
	if r.high != 0 {
		if whole := utf16.DecodeRune(r.high, r.code); whole != utf8.RuneError {
			r.high = 0
			r.keep(utf8.AppendRune(nil, whole)...)
			return
		}
		r.lone()
	}
	if utf16.IsSurrogate(r.code) && r.code < 0xdc00 {
		r.high = r.code
		return
	}
	r.keep(utf8.AppendRune(nil, r.code)...) // a second half alone becomes the sign for what is broken
}

// lone settles a first half of a pair that was not followed by the second.
func (r *reader) lone() {
	if r.high != 0 {
		r.high = 0
		r.keep(utf8.AppendRune(nil, utf8.RuneError)...)
	}
}

// hand passes the text on that has come, but for the bytes of a letter that is not complete.
func (r *reader) hand(ended bool) {
	if r.naming || len(r.said) == 0 || r.state < inString || r.state == bare {
		return
	}
	var out []byte
	for len(r.said) > 0 && (ended || utf8.FullRune(r.said)) {
		c, n := utf8.DecodeRune(r.said)
		out, r.said = utf8.AppendRune(out, c), r.said[n:]
	}
	if len(out) > 0 {
		r.text(r.index(), string(out))
	}
}
