package network

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"ponte/channels"
	"ponte/channels/meta"
)

// resumes is how often an upload that broke off is gone on with.
const resumes = 3

// withSample uploads the file that Meta's reviewers are to see and puts the handle it gets into the definition.
// Nothing of the template exists before that, so whatever goes wrong is tried again from the beginning.
func (n *Network) withSample(ctx context.Context, a channels.Account, c channels.Call) (channels.Call, error) {
	if c.Media == nil {
		return c, nil
	}
	if n.AppID == "" {
		return c, refuse("no_app_id", "A file for a template's header is uploaded by the Meta app, whose id is not known here: set PONTE_META_APP_ID.")
	}
	if len(c.Media.Bytes) == 0 {
		return c, refuse("file_gone", "The file for the template's header is not there any more: upload it again.")
	}
	handle, err := n.uploadSample(ctx, a, *c.Media)
	if err != nil {
		return c, again(err)
	}
	definition, ok := putHandle(c.Definition, handle)
	if !ok {
		return c, refuse("bad_request", "The template's definition has no header for the file.")
	}
	c.Definition, c.Media = definition, nil
	return c, nil
}

// uploadSample opens a session of Meta's resumable upload and sends the bytes, from where Meta has got to if the
// line broke.
func (n *Network) uploadSample(ctx context.Context, a channels.Account, f channels.Media) (string, error) {
	name := f.Filename
	if name == "" {
		name = f.Type
	}
	var session struct {
		ID string `json:"id"`
	}
	q := url.Values{"file_name": {name}, "file_length": {strconv.Itoa(len(f.Bytes))}, "file_type": {f.MIME}}
	if err := n.Client.Post(ctx, a, n.AppID+"/uploads", q, nil, &session); err != nil {
		return "", err
	}
	path, query, _ := strings.Cut(session.ID, "?") // the id carries its own signature as a query
	signed, err := url.ParseQuery(query)
	if err != nil || !strings.HasPrefix(path, "upload:") {
		return "", noID()
	}
	offset := 0
	for try := 0; ; try++ {
		var out struct {
			Handle string `json:"h"`
		}
		err := n.Client.Do(ctx, a, meta.Request{Method: http.MethodPost, Path: path, Query: signed, Raw: f.Bytes[offset:], Type: f.MIME, OAuth: true,
			Header: http.Header{"file_offset": {strconv.Itoa(offset)}}}, &out)
		if err == nil && out.Handle != "" {
			return out.Handle, nil
		}
		if err == nil {
			return "", noID()
		}
		if try == resumes || ctx.Err() != nil || !broken(err) {
			return "", err
		}
		if offset, err = n.uploadedSoFar(ctx, a, path, signed); err != nil {
			return "", err
		}
		if offset < 0 || offset >= len(f.Bytes) {
			return "", noID()
		}
	}
}

// broken says whether an upload may be gone on with: the bytes did not all get there, or nobody knows.
func broken(err error) bool {
	f, ok := err.(*channels.Failure)
	return ok && (f.Class == channels.Unknown || f.Class == channels.Retry)
}

func (n *Network) uploadedSoFar(ctx context.Context, a channels.Account, path string, signed url.Values) (int, error) {
	var out struct {
		Offset int `json:"file_offset"`
	}
	err := n.Client.Do(ctx, a, meta.Request{Method: http.MethodGet, Path: path, Query: signed, OAuth: true}, &out)
	return out.Offset, err
}

// putHandle writes the handle of the uploaded file into the header of a definition.
func putHandle(definition json.RawMessage, handle string) (json.RawMessage, bool) {
	var d map[string]json.RawMessage
	var parts []map[string]any
	if json.Unmarshal(definition, &d) != nil || json.Unmarshal(d["components"], &parts) != nil {
		return nil, false
	}
	found := false
	for _, p := range parts {
		if p["type"] == "HEADER" {
			p["example"], found = map[string]any{"header_handle": []string{handle}}, true
		}
	}
	if !found {
		return nil, false
	}
	raw, err := json.Marshal(parts)
	if err != nil {
		return nil, false
	}
	d["components"] = raw
	out, err := json.Marshal(d)
	return out, err == nil
}

// withHeader uploads the file that a message's template shows above its text, and fills the header with its id.
func (n *Network) withHeader(ctx context.Context, a channels.Account, c channels.Call) (channels.Call, error) {
	if c.Template == nil || c.Template.Header == nil {
		return c, nil
	}
	up := c
	up.Media = c.Template.Header
	if len(up.Media.Bytes) == 0 {
		return c, refuse("file_gone", "The file for the template's header is not there any more: give another.")
	}
	up, err := n.upload(ctx, a, up)
	if err != nil {
		return c, err
	}
	file := map[string]any{"id": up.Media.ID}
	if up.Media.Type == "document" && up.Media.Filename != "" {
		file["filename"] = up.Media.Filename
	}
	parts := []any{map[string]any{"type": "header", "parameters": []any{map[string]any{"type": up.Media.Type, up.Media.Type: file}}}}
	var rest []any
	if len(c.Template.Components) > 0 && json.Unmarshal(c.Template.Components, &rest) != nil {
		return c, refuse("bad_request", "The template's values are not valid JSON.")
	}
	t := *c.Template
	t.Header = nil
	raw, err := json.Marshal(append(parts, rest...))
	if err != nil {
		return c, refuse("bad_request", "The template's values are not valid JSON.")
	}
	t.Components = raw
	c.Template = &t
	return c, nil
}
