package rehearsal

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
)

// File is what was uploaded for a message; its bytes are not kept.
type File struct {
	ID      string `json:"id"`
	Account string `json:"account"`
	Type    string `json:"type"` // image, video, audio, file, as the network names them; WhatsApp: empty
	Name    string `json:"name"`
	MIME    string `json:"mime"`
	Size    int    `json:"size"`
}

// readForm takes a multipart body apart; the file itself is told by its type, name and size.
func readForm(c *call, r *http.Request, raw []byte) bool {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return false
	}
	parts := multipart.NewReader(bytes.NewReader(raw), params["boundary"])
	for {
		part, err := parts.NextPart()
		if err != nil {
			return true
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return true
		}
		if part.FileName() == "" {
			c.field(part.FormName(), string(content))
			continue
		}
		c.file = &File{Name: part.FileName(), MIME: part.Header.Get("Content-Type"), Size: len(content)}
		if seen := http.DetectContentType(content); strings.HasPrefix(c.file.MIME, "image/") && seen != c.file.MIME {
			c.file.MIME = seen // an image is looked into
		}
	}
}

// whatsAppFiles are the types that the Cloud API takes, with the largest size of each.
var whatsAppFiles = map[string]int{"image/jpeg": 5 << 20, "image/png": 5 << 20, "video/mp4": 16 << 20, "video/3gpp": 16 << 20,
	"audio/aac": 16 << 20, "audio/amr": 16 << 20, "audio/mpeg": 16 << 20, "audio/mp4": 16 << 20, "audio/ogg": 16 << 20, "application/pdf": 100 << 20, "text/plain": 100 << 20}

// keepMedia is POST /{phone number id}/media.
func (s *Server) keepMedia(c *call) (any, *graphError) {
	if c.account.Channel != "whatsapp" || c.str("messaging_product") != "whatsapp" {
		return nil, refuse(400, 100, 0, "Invalid parameter: messaging_product")
	}
	if c.file == nil {
		return nil, refuse(400, 100, 0, "Param file must be a file")
	}
	most, known := whatsAppFiles[c.file.MIME]
	if !known && !strings.Contains(c.file.MIME, "officedocument") && !strings.HasPrefix(c.file.MIME, "application/ms") && !strings.HasPrefix(c.file.MIME, "application/vnd.ms-") {
		return nil, refuse(400, 100, 0, "Param file must be a file with one of the following types; received file of type '%s'", c.file.MIME)
	}
	if known && c.file.Size > most {
		return nil, refuse(400, 131053, 0, "Media upload error: the file is too large")
	}
	return s.keepFile(c, "id")
}

// keepAttachment is POST /{page}/message_attachments.
func (s *Server) keepAttachment(c *call) (any, *graphError) {
	message, _ := c.body["message"].(map[string]any)
	attachment, _ := message["attachment"].(map[string]any)
	kind, _ := attachment["type"].(string)
	if c.account.Channel == "whatsapp" || c.file == nil || kind == "" {
		return nil, refuse(400, 100, 0, "(#100) Upload attachment failure: a type and filedata are needed")
	}
	if c.file.Size > 25<<20 || c.account.Channel == "instagram" && kind == "image" && c.file.Size > 8<<20 {
		return nil, refuse(400, 100, 2018047, "(#100) Upload attachment failure: the file is too large")
	}
	if kind == "image" && !strings.HasPrefix(c.file.MIME, "image/") {
		return nil, refuse(400, 100, 2018047, "(#100) Upload attachment failure: the file is no image")
	}
	c.file.Type = kind
	return s.keepFile(c, "attachment_id")
}

func (s *Server) keepFile(c *call, field string) (any, *graphError) {
	f := *c.file
	f.ID, f.Account = s.st.id("31000"), c.account.ID
	if err := s.do(entry{File: &f}); err != nil {
		return nil, refuse(500, 2, 0, "Service temporarily unavailable")
	}
	return map[string]any{field: f.ID}, nil
}

// shown finds an uploaded file for a message of an account; nil: it is not this account's, or not there.
func (s *Server) shown(account string, id any) *File {
	key, _ := id.(string)
	if f := s.st.files[key]; f != nil && f.Account == account {
		return f
	}
	return nil
}
