package moderation

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// LoadTSV reads a labelled file with a header that names text, label and perhaps lang and id; path may
// be given without the .gz it has.
func LoadTSV(path string) ([]Example, error) {
	rows, _, err := loadRows(path)
	return rows, err
}

// loadRows also counts the lines that hold too few columns to have a text and a label.
func loadRows(path string) (rows []Example, short int, err error) {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		if packed, alone := os.Open(path + ".gz"); alone == nil {
			f, err = packed, nil
		}
	}
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	r, err := Unpacked(f)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	return readTSV(path, r)
}

// columns are where a file has what is read of it; -1: nowhere.
type columns struct {
	text, label, lang, fine, id int
	quoted                      bool // fields stand in quotation marks, as some programs write them
}

func readHeader(path, line string) (columns, error) {
	line = strings.TrimPrefix(line, "\ufeff")
	c := columns{-1, -1, -1, -1, -1, strings.HasPrefix(line, `"`)}
	names, _ := c.split(line)
	for i, name := range names {
		at, ok := map[string]*int{"text": &c.text, "label": &c.label, "lang": &c.lang, "fine": &c.fine, "id": &c.id}[strings.ToLower(strings.TrimSpace(c.field(name)))]
		switch {
		case ok && *at >= 0:
			return c, fmt.Errorf("%s: its first line names the column %s twice", path, c.field(name))
		case ok:
			*at = i
		}
	}
	if c.text < 0 || c.label < 0 {
		return c, fmt.Errorf("%s: its first line must name the columns text and label, tab-separated", path)
	}
	return c, nil
}

// split parts a row into its fields. In a file that quotes its fields, one that begins with a quotation mark ends at
// the next that is not doubled: tabs before it are text, and where it has not come the field goes on in the next line.
func (c columns) split(row string) (fields []string, open bool) {
	if !c.quoted {
		return strings.Split(row, "\t"), false
	}
	for {
		end := strings.IndexByte(row, '\t')
		if strings.HasPrefix(row, `"`) {
			if end, open = closing(row); open {
				return append(fields, row), true
			}
		}
		if end < 0 {
			return append(fields, row), false
		}
		fields, row = append(fields, row[:end]), row[end+1:]
	}
}

// closing finds the tab behind a field in quotation marks; -1: it is the last.
func closing(row string) (end int, open bool) {
	for i := 1; i < len(row); i++ {
		if row[i] != '"' {
			continue
		}
		if i+1 < len(row) && row[i+1] == '"' {
			i++
			continue
		}
		if tab := strings.IndexByte(row[i:], '\t'); tab >= 0 {
			return i + tab, false
		}
		return -1, false
	}
	return 0, true
}

// field takes a field out of its quotation marks.
func (c columns) field(s string) string {
	if !c.quoted || len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	return strings.ReplaceAll(s[1:len(s)-1], `""`, `"`)
}

// lines gives the rows of a file.
type lines struct {
	sc    *bufio.Scanner
	ahead []string // read in search of a closing mark that never came: lines of their own
	at    int      // the number of the line that was given last
}

func (l *lines) next() (string, bool) {
	if len(l.ahead) > 0 {
		line := l.ahead[0]
		l.ahead = l.ahead[1:]
		l.at++
		return line, true
	}
	if !l.sc.Scan() {
		return "", false
	}
	l.at++
	return l.sc.Text(), true
}

// maxRow bounds how far the end of a field is looked for; a mark that is never closed is text.
const maxRow = 64 << 10

// row is the next row in its fields, with the line it begins in.
func (l *lines) row(c columns) (parts []string, first int, ok bool) {
	line, ok := l.next()
	if !ok {
		return nil, l.at + 1, false
	}
	first = l.at
	parts, open := c.split(line)
	var taken []string
	for row := line; open && len(row) < maxRow; parts, open = c.split(row) {
		more, ok := l.next()
		if !ok {
			break
		}
		taken = append(taken, more)
		row += "\n" + more
	}
	if open {
		l.ahead, l.at = append(taken, l.ahead...), first
		parts = strings.Split(line, "\t")
	}
	return parts, first, true
}

func readTSV(path string, r io.Reader) (out []Example, short int, err error) {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 1<<20), 16<<20)
	if !sc.Scan() {
		if err := sc.Err(); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", path, err)
		}
		return nil, 0, fmt.Errorf("%s is empty: its first line must name the columns", path)
	}
	c, err := readHeader(path, sc.Text())
	if err != nil {
		return nil, 0, err
	}
	set := filepath.Base(filepath.Dir(path))
	l := &lines{sc: sc, at: 1}
	parts, line, ok := l.row(c)
	for ; ok; parts, line, ok = l.row(c) {
		if len(parts) <= max(c.text, c.label) {
			if strings.TrimSpace(strings.Join(parts, "")) != "" {
				short++
			}
			continue
		}
		at := func(i int) string {
			if i < 0 || i >= len(parts) {
				return ""
			}
			return c.field(parts[i])
		}
		out = append(out, Example{ID: at(c.id), Text: at(c.text), Label: at(c.label), Fine: at(c.fine), Lang: at(c.lang), Set: set, Line: line})
	}
	if err := sc.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, 0, fmt.Errorf("%s, line %d: longer than 16 MB", path, line)
	} else if err != nil {
		return nil, 0, fmt.Errorf("%s, line %d: %w", path, line, err)
	}
	return out, short, nil
}
