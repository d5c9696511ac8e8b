package llm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// unmasked gives an answer of status 200 that is an error – gateways in front of models send such – the
// status that it tells of, else 502: an outage must not be taken, and paid, for an empty answer.
func unmasked(res *http.Response) {
	if res.StatusCode != http.StatusOK {
		return
	}
	raw, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil { // told to whoever reads it, as if it had not been looked at
		res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(raw), failing{err}))
		return
	}
	var body struct {
		Error   json.RawMessage `json:"error"`
		Choices json.RawMessage `json:"choices"`
		Results json.RawMessage `json:"results"`
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if raw, err = gathered(raw); err != nil {
		res.StatusCode = statusOf(err)
		raw = nil
	}
	res.Body = io.NopCloser(bytes.NewReader(raw))
	if json.Unmarshal(raw, &body) != nil || said(body.Results) {
		return
	}
	if !said(body.Error) || said(body.Choices) {
		res.Body = io.NopCloser(bytes.NewReader(tidy(raw)))
		return
	}
	if res.StatusCode = toldStatus(body.Error); res.StatusCode == 0 {
		res.StatusCode = http.StatusBadGateway
	}
}

// toldStatus is the HTTP status that an error object tells of; 0: none.
func toldStatus(raw json.RawMessage) int {
	var told struct {
		Code   any `json:"code"`
		Status any `json:"status"`
	}
	if json.Unmarshal(raw, &told) != nil {
		return 0
	}
	for _, v := range []any{told.Code, told.Status} {
		if code, err := strconv.Atoi(fmt.Sprint(v)); err == nil && code >= 400 && code < 600 {
			return code
		}
	}
	return 0
}

// said: there is something, and it is not nothing in JSON.
func said(raw json.RawMessage) bool {
	switch string(raw) {
	case "", "null", "[]", "{}", `""`, "false":
		return false
	}
	return true
}

type failing struct{ err error }

// Read fails.
func (f failing) Read([]byte) (int, error) { return 0, f.err }
