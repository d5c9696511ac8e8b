package llm

import (
	"bufio"
	"bytes"
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
