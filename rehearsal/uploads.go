package rehearsal

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Upload is a session of the resumable upload: the file for a template's header. Its bytes are not kept.
type Upload struct {
	ID       string `json:"id"` // upload:…
	Sig      string `json:"sig"`
	Account  string `json:"account"`
	Name     string `json:"name"`
	MIME     string `json:"mime"`
	Length   int    `json:"length"`
	Received int    `json:"received"`
	Handle   string `json:"handle,omitempty"` // once all of it is there
}

// sampleFiles are the types that the resumable upload takes for templates, with the largest size of each and the
// format of a header that shows one.
var sampleFiles = map[string]struct {
	most   int
	format string
}{"image/jpeg": {5 << 20, "IMAGE"}, "image/jpg": {5 << 20, "IMAGE"}, "image/png": {5 << 20, "IMAGE"}, "video/mp4": {16 << 20, "VIDEO"}, "application/pdf": {100 << 20, "DOCUMENT"}}

// openUpload is POST /{app}/uploads.
func (s *Server) openUpload(c *call) (any, *graphError) {
	length, err := strconv.Atoi(c.str("file_length"))
	kind, known := sampleFiles[c.str("file_type")]
	switch {
	case err != nil || length <= 0:
		return nil, refuse(400, 100, 0, "The parameter file_length is required")
	case !known:
		return nil, refuse(400, 100, 0, "Param file_type must be one of application/pdf, image/jpeg, image/jpg, image/png, video/mp4")
	case length > kind.most:
		return nil, refuse(400, 100, 0, "The file is too large for its type")
	}
	n := s.st.id("7")
	u := Upload{ID: "upload:" + base64.URLEncoding.EncodeToString([]byte("session "+n)), Sig: "AR" + n, Account: c.account.ID, Name: c.str("file_name"), MIME: c.str("file_type"), Length: length}
	if err := s.do(entry{Upload: &u}); err != nil {
		return nil, refuse(500, 2, 0, "Service temporarily unavailable")
	}
	return map[string]any{"id": u.ID + "?sig=" + u.Sig}, nil
}

// onUpload is a call on a session: POST with bytes from an offset on, or GET to learn how far it has got.
func (s *Server) onUpload(c *call, u *Upload) (any, *graphError) {
	if !c.oauth {
		return nil, refuse(401, 190, 0, "An upload session wants the header Authorization: OAuth")
	}
	if u.Account != c.account.ID || u.Sig != c.query["sig"] {
		return nil, gone
	}
	if c.method == http.MethodGet {
		return map[string]any{"id": u.ID, "file_offset": u.Received}, nil
	}
	offset, err := strconv.Atoi(c.offset)
	switch {
	case c.method != http.MethodPost || err != nil || offset != u.Received || u.Handle != "":
		return nil, refuse(400, 100, 0, "file_offset must be %d, where the upload has got to", u.Received)
	case len(c.raw) == 0 || offset+len(c.raw) > u.Length:
		return nil, refuse(400, 100, 0, "The session was opened for a file of %d bytes", u.Length)
	}
	if offset == 0 && !strings.HasPrefix(http.DetectContentType(c.raw), strings.Replace(u.MIME, "image/jpg", "image/jpeg", 1)) {
		return nil, refuse(400, 100, 0, "The file is not of the type %s", u.MIME)
	}
	n := *u
	if n.Received += len(c.raw); n.Received == n.Length {
		n.Handle = fmt.Sprintf("4::%s:%s", base64.RawURLEncoding.EncodeToString([]byte(n.MIME)), n.Sig)
	}
	if err := s.do(entry{Upload: &n}); err != nil {
		return nil, refuse(500, 2, 0, "Service temporarily unavailable")
	}
	if n.Handle == "" {
		return nil, refuse(400, 100, 0, "The upload is not complete: %d of %d bytes", n.Received, n.Length)
	}
	return map[string]any{"h": n.Handle}, nil
}

// checkSample wants an uploaded file for a header that shows one, and of its format.
func (s *Server) checkSample(c *call) *graphError {
	list, _ := c.body["components"].([]any)
	for _, comp := range list {
		part, _ := comp.(map[string]any)
		format, _ := part["format"].(string)
		if part["type"] != "HEADER" || format == "TEXT" || format == "LOCATION" {
			continue
		}
		example, _ := part["example"].(map[string]any)
		handles, _ := example["header_handle"].([]any)
		if len(handles) != 1 {
			return refuse(400, 100, 0, "A header of the format %s needs example.header_handle", format)
		}
		found := false
		for _, u := range s.st.uploads {
			found = found || u.Handle != "" && u.Handle == handles[0] && u.Account == c.account.ID && sampleFiles[u.MIME].format == format
		}
		if !found {
			return refuse(400, 100, 0, "The header handle is not valid for a header of the format %s", format)
		}
	}
	return nil
}

// checkHeader holds the file of a message's header against its template.
func (s *Server) checkHeader(account string, t *Template, sent []any, m *Message) *graphError {
	format := ""
	for _, comp := range asList(t.Components) {
		if part, _ := comp.(map[string]any); part["type"] == "HEADER" {
			format, _ = part["format"].(string)
		}
	}
	if format != "IMAGE" && format != "VIDEO" && format != "DOCUMENT" {
		return nil
	}
	kind := strings.ToLower(format)
	for _, comp := range sent {
		part, _ := comp.(map[string]any)
		params := asList(part["parameters"])
		if part["type"] != "header" || len(params) != 1 {
			continue
		}
		param, _ := params[0].(map[string]any)
		file, _ := param[kind].(map[string]any)
		if param["type"] != kind || file == nil {
			break
		}
		if link, _ := file["link"].(string); link != "" {
			m.File = link
			return nil
		}
		if f := s.shown(account, file["id"]); f != nil && sampleFiles[f.MIME].format == format {
			m.File = f.Name
			return nil
		}
		return refuse(400, 131009, 0, "Parameter value is not valid: %s.id", kind)
	}
	return refuse(400, 132012, 0, "Parameter format does not match format in the created template: header: Format mismatch, expected %s", format)
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}
