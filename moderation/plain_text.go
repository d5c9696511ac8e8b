package moderation

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

var errNoText = errors.New("it is no text: give lines of text, as UTF-8 or as UTF-16 with its mark")

// Unpacked reads a file of lines, whatever system wrote it: what gzip packed, known by its first bytes because names
// lie, UTF-16 with its mark, and lines that end as those of old Macs do. It waits for no more than the first bytes.
func Unpacked(r io.Reader) (io.Reader, error) {
	in := bufio.NewReader(r)
	mark, err := in.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case len(mark) < 2:
	case mark[0] == 0x1f && mark[1] == 0x8b:
		packed, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = bufio.NewReader(packed)
		if mark, err = in.Peek(2); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
	}
	if string(mark) == "\xff\xfe" || string(mark) == "\xfe\xff" {
		_, _ = in.Discard(2)
		return &lineEnds{in: &wide{in: in, big: mark[0] == 0xfe}}, nil
	}
	if first, _ := in.Peek(in.Buffered()); bytes.IndexByte(first, 0) >= 0 && !utf8.Valid(cutLetter(first)) {
		return nil, errNoText
	}
	return &lineEnds{in: in}, nil
}

// cutLetter leaves out a letter of which only the beginning has been read.
func cutLetter(b []byte) []byte {
	for i := len(b) - 1; i >= 0 && i >= len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				return b[:i]
			}
			break
		}
	}
	return b
}

// lineEnds turns the line ends of old Macs into ours. How the first line ends says how all do; in a file of other line
// ends a carriage return is text.
type lineEnds struct {
	in     io.Reader
	known  bool
	mac    bool
	ahead  bool // the first line may end here, or with the byte after
	behind []byte
}

// Read gives the next bytes.
func (l *lineEnds) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(l.behind) > 0 {
		n := copy(p, l.behind)
		l.behind = l.behind[n:]
		return n, nil
	}
	for {
		n, err := l.in.Read(p)
		got := p[:n]
		switch {
		case l.ahead && n > 0:
			l.ahead, l.known, l.mac = false, true, got[0] != '\n'
			l.behind = l.ours(append([]byte{'\r'}, got...))
			return l.Read(p) // an error that came along comes again
		case l.ahead && errors.Is(err, io.EOF):
			l.ahead, l.behind = false, []byte{'\n'}
			return l.Read(p)
		case !l.known:
			end := bytes.IndexAny(got, "\r\n")
			switch {
			case end < 0:
			case got[end] == '\n':
				l.known = true
			case end == n-1:
				l.ahead, n = true, n-1
			default:
				l.known, l.mac = true, got[end+1] != '\n'
			}
		}
		if n = len(l.ours(p[:n])); n > 0 || err != nil {
			return n, err
		}
	}
}

func (l *lineEnds) ours(b []byte) []byte {
	if l.mac {
		for i := range b {
			if b[i] == '\r' {
				b[i] = '\n'
			}
		}
	}
	return b
}

// wide reads UTF-16 as UTF-8.
type wide struct {
	in  *bufio.Reader
	big bool
	out []byte
}

// Read gives the next bytes.
func (w *wide) Read(p []byte) (int, error) {
	for len(w.out) == 0 {
		unit, err := w.unit()
		if err != nil {
			return 0, err
		}
		r := rune(unit)
		if utf16.IsSurrogate(r) {
			second, err := w.unit()
			if err != nil && !errors.Is(err, io.EOF) {
				return 0, err
			}
			r = utf16.DecodeRune(r, rune(second))
		}
		w.out = utf8.AppendRune(w.out, r)
		for w.in.Buffered() >= 4 && len(w.out) < 4096 { // what is there already
			next, err := w.in.Peek(2)
			if err != nil || utf16.IsSurrogate(rune(w.join(next))) {
				break
			}
			_, _ = w.in.Discard(2)
			w.out = utf8.AppendRune(w.out, rune(w.join(next)))
		}
	}
	n := copy(p, w.out)
	w.out = w.out[n:]
	return n, nil
}

func (w *wide) unit() (uint16, error) {
	var b [2]byte
	if _, err := io.ReadFull(w.in, b[:]); err != nil {
		return 0, io.EOF
	}
	return w.join(b[:]), nil
}

func (w *wide) join(b []byte) uint16 {
	if w.big {
		return uint16(b[0])<<8 | uint16(b[1])
	}
	return uint16(b[1])<<8 | uint16(b[0])
}
