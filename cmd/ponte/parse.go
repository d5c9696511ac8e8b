package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"ponte/channels"
	"ponte/channels/webhook"
	"ponte/moderation"
)

type parseCmd struct {
	File string `arg:"" help:"A webhook body, or several one after the other; - for standard input."`
}

// Run prints one JSON object a line; a body that is not JSON ends with status 2.
func (p parseCmd) Run() error {
	raw, err := readInput(p.File)
	if err != nil {
		return err
	}
	plain, err := moderation.Unpacked(bytes.NewReader(raw)) // captures come packed, and in the letters of some shells
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", p.File, err)}
	}
	body, err := io.ReadAll(plain)
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", p.File, err)}
	}
	if err := printEvents(os.Stdout, body); err != nil {
		return usageError{fmt.Errorf("%s: %w", p.File, err)}
	}
	return nil
}

// betweenBodies may stand around a body: editors of some systems put a byte order mark first.
const betweenBodies = " \t\r\n\ufeff"

// printEvents prints the events of every body of a file: of one, or of several one after the other, as captures
// hold them one a line. One that is not JSON is named by its line and does not keep the others back.
func printEvents(w io.Writer, file []byte) error {
	rest := bytes.TrimLeft(file, betweenBodies)
	if len(rest) == 0 {
		return webhook.ErrNotJSON
	}
	var first error
	for len(rest) > 0 {
		line := 1 + bytes.Count(file[:len(file)-len(rest)], []byte("\n"))
		one, behind := cutBody(rest)
		if err := printBody(w, one); err != nil && first == nil {
			if first = err; line > 1 {
				first = fmt.Errorf("line %d: %w", line, err)
			}
		}
		rest = bytes.TrimLeft(behind, betweenBodies)
	}
	return first
}

// cutBody parts the first body from what stands behind it. Where it is no JSON, the next line that begins an object
// is where the next body begins.
func cutBody(rest []byte) (body, behind []byte) {
	var one json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(rest))
	if dec.Decode(&one) == nil {
		end := dec.InputOffset()
		return rest[:end], rest[end:]
	}
	if next := bytes.Index(rest, []byte("\n{")); next >= 0 {
		return rest[:next], rest[next+1:]
	}
	return rest, nil
}

func printBody(w io.Writer, body []byte) error {
	events, err := webhook.Parse(body)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, e := range events {
		line := parsedEvent{Event: e, Person: e.Person, Time: timeOf(e.Time)}
		if !e.Written.IsZero() {
			line.Time, line.ChangedAt = timeOf(e.Written), timeOf(e.Time)
		}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

// parsedEvent is an event as it is printed: with the item's own time, and beside it when the change came that an
// item with an older time tells of. Its time is null where the body names none. A person nobody knows is empty and not left
// out: whoever reads a line finds the same names in every one.
type parsedEvent struct {
	channels.Event
	Person    string     `json:"person"`
	Time      *time.Time `json:"time"`
	ChangedAt *time.Time `json:"changed_at,omitempty"`
}

func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
