package rehearsal

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"testing"
)

// upload posts a file as the networks want it.
func (s *stage) upload(path, token, field, mime, content string, fields map[string]string) map[string]any {
	s.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, v := range fields {
		_ = w.WriteField(k, v)
	}
	part, err := w.CreatePart(textproto.MIMEHeader{"Content-Type": {mime}, "Content-Disposition": {`form-data; name="` + field + `"; filename="menu"`}})
	if err != nil {
		s.t.Fatal(err)
	}
	_, _ = part.Write([]byte(content))
	_ = w.Close()
	req, _ := http.NewRequest("POST", s.http.URL+path, &b)
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	var out map[string]any
	_ = json.NewDecoder(res.Body).Decode(&out)
	return out
}

func TestFilesAreUploadedAndShownByTheAccountThatDid(t *testing.T) {
	s := newStage(t)
	const png = "\x89PNG\r\n\x1a\n"
	wa := map[string]string{"messaging_product": "whatsapp", "type": "image/png"}
	if code, _ := s.code(s.upload("/v25.0/"+DemoNumber+"/media", "rehearsal-whatsapp", "file", "image/png", "<html>", wa)); code != 100 {
		t.Error("a page called a picture is taken")
	}
	if code, _ := s.code(s.upload("/v25.0/"+DemoNumber+"/media", "rehearsal-whatsapp", "file", "image/png", png+string(make([]byte, 5<<20)), wa)); code != 131053 {
		t.Error("a picture of more than 5 MB is taken")
	}
	out := s.upload("/v25.0/"+DemoNumber+"/media", "rehearsal-whatsapp", "file", "image/png", png, wa)
	id, _ := out["id"].(string)
	if id == "" {
		t.Fatal(out)
	}
	s.call("POST", "/control/whatsapp", "", map[string]any{"account": DemoNumber, "person": "0000000002", "text": "hello"})
	person := s.st.people["0000000002"]
	send := func(media string) map[string]any {
		_, out := s.call("POST", "/v25.0/"+DemoNumber+"/messages", "rehearsal-whatsapp", map[string]any{"messaging_product": "whatsapp", "to": "+" + person.Phone, "type": "image", "image": map[string]any{"id": media, "caption": "our menu"}})
		return out
	}
	if code, _ := s.code(send("31000-not-there")); code != 131009 {
		t.Error("an id that nobody uploaded is taken")
	}
	if out := send(id); out["messages"] == nil {
		t.Error(out)
	}
	var shown bool
	for _, m := range s.st.messages {
		shown = shown || m.FromUs && m.Type == "image" && m.File == "menu" && m.Text == "our menu"
	}
	if !shown {
		t.Error("the customer sees no file")
	}
	page := s.upload("/v25.0/"+DemoPage+"/message_attachments", "rehearsal-page", "filedata", "image/png", png, map[string]string{"message": `{"attachment":{"type":"image","payload":{}}}`})
	if page["attachment_id"] == nil {
		t.Error(page)
	}
}
