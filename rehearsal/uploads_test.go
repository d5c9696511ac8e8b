package rehearsal

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// session makes a call on an upload session and returns the status and the answer.
func (s *stage) session(method, path, auth, offset, content string) (int, map[string]any) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.http.URL+path, strings.NewReader(content))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", auth)
	if offset != "" {
		req.Header["file_offset"] = []string{offset}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	var out map[string]any
	_ = json.NewDecoder(res.Body).Decode(&out)
	return res.StatusCode, out
}

func TestAFileForAHeaderIsCheckedAsMetaDoes(t *testing.T) {
	s := newStage(t)
	const token = "OAuth rehearsal-whatsapp"
	open := func(query string) (int, string) {
		status, out := s.session("POST", "/v25.0/900000000000001/uploads?"+query, token, "", "")
		id, _ := out["id"].(string)
		return status, id
	}
	for name, query := range map[string]string{"no length": "file_type=image/png", "no bytes": "file_type=image/png&file_length=0", "another type": "file_type=image/gif&file_length=9", "no type": "file_length=9",
		"too large": "file_type=image/png&file_length=5242881"} {
		if status, id := open(query); status != 400 || id != "" {
			t.Errorf("%s: %d %q", name, status, id)
		}
	}
	png := "\x89PNG\r\n\x1a\n rest"
	_, id := open("file_type=image/png&file_length=13&file_name=menu.png")
	if !strings.HasPrefix(id, "upload:") || !strings.Contains(id, "?sig=") {
		t.Fatalf("the session is %q", id)
	}
	for name, c := range map[string]struct{ path, auth, offset, content string }{
		"another session":    {"/v25.0/upload:xx?sig=1", token, "0", png},
		"no signature":       {"/v25.0/" + strings.Split(id, "?")[0], token, "0", png},
		"as a bearer":        {"/v25.0/" + id, "Bearer rehearsal-whatsapp", "0", png},
		"another account":    {"/v25.0/" + id, "OAuth rehearsal-page", "0", png},
		"no offset":          {"/v25.0/" + id, token, "", png},
		"from the middle":    {"/v25.0/" + id, token, "4", png[4:]},
		"more than was said": {"/v25.0/" + id, token, "0", png + "more"},
		"another file":       {"/v25.0/" + id, token, "0", "%PDF-1.7 rest"},
	} {
		if status, out := s.session("POST", c.path, c.auth, c.offset, c.content); status < 400 || out["h"] != nil {
			t.Errorf("%s: %d %v", name, status, out)
		}
	}
	if status, out := s.session("POST", "/v25.0/"+id, token, "0", png[:9]); status != 400 || out["h"] != nil {
		t.Errorf("half of it: %d %v", status, out)
	}
	if _, out := s.session("GET", "/v25.0/"+id, token, "", ""); out["file_offset"] != float64(9) {
		t.Errorf("it has got to %v", out)
	}
	_, out := s.session("POST", "/v25.0/"+id, token, "9", png[9:])
	handle, _ := out["h"].(string)
	if handle == "" {
		t.Fatalf("no handle: %v", out)
	}
	submit := func(name, format, handle string) int {
		status, _ := s.session("POST", "/v25.0/"+DemoWABA+"/message_templates", "Bearer rehearsal-whatsapp", "", `{"name":"`+name+`","language":"en","category":"UTILITY","components":[{"type":"HEADER","format":"`+format+`","example":{"header_handle":["`+handle+`"]}},{"type":"BODY","text":"Here it is for you."}]}`)
		return status
	}
	if got := []int{submit("a", "IMAGE", "4::invented"), submit("b", "VIDEO", handle), submit("c", "IMAGE", handle)}; got[0] != 400 || got[1] != 400 || got[2] != 200 {
		t.Errorf("invented, another format, right: %v", got)
	}
}
