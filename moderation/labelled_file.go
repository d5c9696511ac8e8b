package moderation

import (
	"bufio"
	"compress/gzip"
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
	in := bufio.NewReader(f)
	var r io.Reader = in
	if mark, err := in.Peek(2); err == nil && mark[0] == 0x1f && mark[1] == 0x8b { // by its bytes: names lie
		if r, err = gzip.NewReader(in); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", path, err)
		}
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
	for i, name := range strings.Split(line, "\t") {
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

// field takes a field out of its quotation marks.
func (c columns) field(s string) string {
	if !c.quoted || len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	return strings.ReplaceAll(s[1:len(s)-1], `""`, `"`)
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
	line := 2
	for ; sc.Scan(); line++ {
		parts := strings.Split(sc.Text(), "\t")
		if len(parts) <= max(c.text, c.label) {
			if strings.TrimSpace(sc.Text()) != "" {
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
