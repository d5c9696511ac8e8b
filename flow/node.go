package flow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// node is one value of a document, with the line it stands on. A tree is read instead of structs, so that
// every fault has its path and line, all are found at once, and a key written twice is seen.
type node struct {
	kind    nodeKind
	line    int
	text    string // of a string or number
	flag    bool
	items   []*node
	keys    []string
	members map[string]*node
}

type nodeKind string

const (
	isNull   nodeKind = "null"
	isBool   nodeKind = "a boolean"
	isNumber nodeKind = "a number"
	isString nodeKind = "a string"
	isList   nodeKind = "a list"
	isObject nodeKind = "an object"
)

// at is the line of a value; zero where there is none.
func (n *node) at() int {
	if n == nil {
		return 0
	}
	return n.line
}

// maxDepth bounds the recursion over what others wrote.
const maxDepth = 32

type treeReader struct {
	raw    []byte
	dec    *json.Decoder
	line   int
	offset int64
	twice  []Fault
}

// parseTree reads one JSON value and nothing after it. Keys written twice come back as faults.
func parseTree(raw []byte) (*node, []Fault, error) {
	raw = withoutMark(raw)
	t := &treeReader{raw: raw, dec: json.NewDecoder(bytes.NewReader(raw)), line: 1}
	t.dec.UseNumber()
	n, err := t.value("", 0)
	if err != nil {
		return nil, nil, t.explain(err)
	}
	if _, err := t.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("line %d: there is more after the end of the document", t.at())
	}
	return n, t.twice, nil
}

// NotJSON says in which line a document is no JSON, and why; nil where it is.
func NotJSON(document []byte) error {
	_, _, err := parseTree(document)
	return err
}

// withoutMark drops the byte order mark that some editors write at the start.
func withoutMark(raw []byte) []byte { return bytes.TrimPrefix(raw, []byte("\ufeff")) }

func (t *treeReader) explain(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: not JSON: %w", 1+bytes.Count(t.raw[:min(int(syntax.Offset), len(t.raw))], []byte("\n")), err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("not JSON: the document ends too early")
	}
	return fmt.Errorf("line %d: not JSON: %w", t.at(), err)
}

// at is the line of the token read last.
func (t *treeReader) at() int {
	now := min(t.dec.InputOffset(), int64(len(t.raw)))
	t.line += bytes.Count(t.raw[t.offset:now], []byte("\n"))
	t.offset = now
	return t.line
}

func (t *treeReader) value(path string, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("more than %d levels deep", maxDepth)
	}
	tok, err := t.dec.Token()
	if err != nil {
		return nil, err
	}
	n := &node{line: t.at()}
	switch v := tok.(type) {
	case json.Delim:
		if v == '{' {
			return n, t.object(n, path, depth)
		}
		return n, t.list(n, path, depth)
	case string:
		n.kind, n.text = isString, v
	case json.Number:
		n.kind, n.text = isNumber, v.String()
	case bool:
		n.kind, n.flag = isBool, v
	default:
		n.kind = isNull
	}
	return n, nil
}

func (t *treeReader) object(n *node, path string, depth int) error {
	n.kind, n.members = isObject, map[string]*node{}
	for t.dec.More() {
		tok, err := t.dec.Token()
		if err != nil {
			return err
		}
		key, _ := tok.(string)
		at := member(path, key)
		child, err := t.value(at, depth+1)
		if err != nil {
			return err
		}
		if n.members[key] != nil {
			t.twice = append(t.twice, NewFault(at, child.line, "is written twice; keep one of them"))
			continue
		}
		n.keys = append(n.keys, key)
		n.members[key] = child
	}
	_, err := t.dec.Token()
	return err
}

func (t *treeReader) list(n *node, path string, depth int) error {
	n.kind = isList
	for t.dec.More() {
		child, err := t.value(element(path, len(n.items)), depth+1)
		if err != nil {
			return err
		}
		n.items = append(n.items, child)
	}
	_, err := t.dec.Token()
	return err
}

func member(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func element(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// pick follows a path of names and list positions ("items.0.name") and returns the scalar there.
func (n *node) pick(path string) (string, bool) {
	for _, part := range strings.Split(path, ".") {
		switch {
		case n == nil:
			return "", false
		case n.kind == isObject:
			n = n.members[part]
		case n.kind == isList:
			i := position(part)
			if i < 0 || i >= len(n.items) {
				return "", false
			}
			n = n.items[i]
		default:
			return "", false
		}
	}
	switch {
	case n == nil:
		return "", false
	case n.kind == isString, n.kind == isNumber:
		return n.text, true
	case n.kind == isBool:
		return fmt.Sprint(n.flag), true
	}
	return "", false
}

// position reads a list position; -1 is none.
func position(s string) int {
	if s == "" || len(s) > 4 {
		return -1
	}
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}
