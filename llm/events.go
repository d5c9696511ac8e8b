package llm

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	openai "github.com/sashabaranov/go-openai"
)

// events reads a stream as its server wrote it – comments between the events, an event over several lines or without
// an empty line behind it, a last one without an end – and gives it as the library reads it: one tidy piece a line.
type events struct {
	in      *bufio.Reader
	closing io.Closer
	out     []byte
	data    []byte // of the event under way
	failing bool   // the event under way is called an error
	err     error
}

var errTold = errors.New("the server told of an error in the middle of its stream")

// Read gives the next bytes.
func (e *events) Read(p []byte) (int, error) {
	for len(e.out) == 0 {
		if e.err != nil {
			return 0, e.err
		}
		line, err := e.in.ReadBytes('\n')
		e.line(bytes.TrimRight(line, "\r\n"))
		if e.err == nil && err != nil {
			e.err = err
		}
	}
	n := copy(p, e.out)
	e.out = e.out[n:]
	return n, nil
}

// Close ends the stream.
func (e *events) Close() error { return e.closing.Close() }

func (e *events) line(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	switch string(name) {
	case "event":
		e.failing = string(bytes.TrimSpace(value)) == "error"
	case "data":
		if e.data = append(append(e.data, value...), '\n'); e.whole() {
			e.event()
		}
	default:
		if len(line) == 0 {
			e.data, e.failing = nil, false // what came is no JSON
		}
	}
}

func (e *events) whole() bool {
	return string(bytes.TrimSpace(e.data)) == "[DONE]" || json.Valid(e.data)
}

// event hands one on.
func (e *events) event() {
	data := bytes.TrimSpace(e.data)
	failing := e.failing
	e.data, e.failing = nil, false
	if string(data) == "[DONE]" {
		e.out = []byte("data: [DONE]\n\n")
		return
	}
	var body struct {
		Error   json.RawMessage `json:"error"`
		Choices json.RawMessage `json:"choices"`
	}
	if json.Unmarshal(data, &body) != nil {
		return
	}
	if failing || said(body.Error) && !said(body.Choices) {
		status := toldStatus(body.Error)
		if status == 0 {
			status = http.StatusBadGateway
		}
		e.err = &openai.RequestError{HTTPStatusCode: status, Err: errTold}
		return
	}
	e.out = append(append([]byte("data: "), tidy(data)...), "\n\n"...)
}

// gathered is the answer of a stream that nobody asked for; what is no stream stays as it is. The error is one that the
// server told of in it, or of one without an end.
func gathered(raw []byte) ([]byte, error) {
	start := bytes.TrimLeft(raw, " \t\r\n")
	if !bytes.HasPrefix(start, []byte("data:")) && !bytes.HasPrefix(start, []byte("event:")) && !bytes.HasPrefix(start, []byte(":")) {
		return raw, nil
	}
	tidied, err := io.ReadAll(&events{in: bufio.NewReader(bytes.NewReader(raw)), closing: io.NopCloser(nil)})
	if err != nil {
		return nil, err
	}
	whole := tidyAnswer{}
	said, end := tidyMessage{}, ""
	for line := range bytes.Lines(tidied) {
		var piece tidyAnswer
		if json.Unmarshal(bytes.TrimPrefix(line, []byte("data: ")), &piece) != nil {
			continue
		}
		if whole.Model = cmp.Or(piece.Model, whole.Model); piece.Usage != nil {
			whole.Usage = piece.Usage
		}
		for _, c := range piece.Choices {
			if m := cmp.Or(c.Delta, c.Message); m != nil && c.Index == 0 {
				said = tidyMessage{said.Content + m.Content, said.Refusal + m.Refusal, said.Reasoning + m.Reasoning}
			}
			end = cmp.Or(c.Finish, end)
		}
	}
	if end == "" && !bytes.Contains(tidied, []byte("\ndata: [DONE]")) { // it was cut off
		return nil, &openai.RequestError{HTTPStatusCode: http.StatusBadGateway, Err: io.ErrUnexpectedEOF}
	}
	if said != (tidyMessage{}) {
		whole.Choices = []tidyChoice{{Message: &said, Finish: end}}
	}
	return json.Marshal(whole)
}
