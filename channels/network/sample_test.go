package network

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"ponte/channels"
)

// sessions plays Meta's resumable upload: it takes keep bytes of the first try and then breaks off.
type sessions struct {
	keep     int
	got      []byte
	starts   []string
	template string
	bad      []string
}

func (s *sessions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	switch {
	case r.Method == "POST" && r.URL.Path == "/v25.0/900/uploads":
		s.starts = append(s.starts, r.URL.RawQuery)
		fmt.Fprint(w, `{"id":"upload:MTphYg==?sig=ARx"}`)
	case r.URL.Path == "/v25.0/upload:MTphYg==" && r.URL.Query().Get("sig") == "ARx":
		if r.Header.Get("Authorization") != "OAuth tok" {
			s.bad = append(s.bad, r.Header.Get("Authorization"))
		}
		if r.Method == "GET" {
			fmt.Fprintf(w, `{"id":"upload:MTphYg==","file_offset":%d}`, len(s.got))
			return
		}
		if at := r.Header["File_offset"]; len(at) != 1 || at[0] != strconv.Itoa(len(s.got)) {
			s.bad = append(s.bad, fmt.Sprint(at))
		}
		if s.keep > 0 {
			s.got, s.keep = append(s.got, body[:s.keep]...), 0
			panic(http.ErrAbortHandler) // the line breaks
		}
		s.got = append(s.got, body...)
		fmt.Fprint(w, `{"h":"4::handle"}`)
	case r.Method == "POST" && strings.HasSuffix(r.URL.Path, "/message_templates"):
		s.template = string(body)
		fmt.Fprint(w, `{"id":"81","status":"PENDING","category":"UTILITY"}`)
	default:
		s.bad = append(s.bad, r.Method+" "+r.URL.Path)
		w.WriteHeader(404)
	}
}

func submission(content string) channels.Call {
	return channels.Call{Kind: channels.SubmitTemplate, Channel: channels.WhatsApp, Media: &channels.Media{Type: "image", Filename: "menu.png", MIME: "image/png", Hash: "ab", Bytes: []byte(content)},
		Definition: json.RawMessage(`{"name":"menu","language":"en","category":"UTILITY","components":[{"type":"HEADER","format":"IMAGE","example":{"header_handle":[]}},{"type":"BODY","text":"Here it is."}]}`)}
}

func TestTheSampleOfAHeaderIsUploadedAndGoneOnWith(t *testing.T) {
	t.Parallel()
	for _, keep := range []int{0, 5} {
		s := &sessions{keep: keep}
		server := httptest.NewServer(s)
		n := newNetwork()
		n.AppID = "900"
		r, err := n.Do(context.Background(), accounts(server.URL)["whatsapp"], submission("the picture itself"))
		server.Close()
		if err != nil || r.ID != "81" || len(s.bad) > 0 {
			t.Fatalf("broken after %d: %+v %v; %v", keep, r, err, s.bad)
		}
		if string(s.got) != "the picture itself" || len(s.starts) != 1 || !strings.Contains(s.starts[0], "file_length=18") || !strings.Contains(s.starts[0], "file_type=image%2Fpng") || !strings.Contains(s.starts[0], "file_name=menu.png") {
			t.Errorf("broken after %d: %q by %v", keep, s.got, s.starts)
		}
		if !strings.Contains(s.template, `"header_handle":["4::handle"]`) || !strings.Contains(s.template, `"text":"Here it is."`) {
			t.Errorf("submitted %s", s.template)
		}
	}
}

func TestWithoutAnAppOrAFileNothingIsSubmitted(t *testing.T) {
	t.Parallel()
	s := &sessions{}
	server := httptest.NewServer(s)
	defer server.Close()
	n := newNetwork()
	if _, err := n.Do(context.Background(), accounts(server.URL)["whatsapp"], submission("x")); err == nil || !strings.Contains(err.Error(), "PONTE_META_APP_ID") {
		t.Errorf("no app: %v", err)
	}
	n.AppID = "900"
	if _, err := n.Do(context.Background(), accounts(server.URL)["whatsapp"], submission("")); err == nil {
		t.Error("submitted without its file")
	}
	if s.template != "" || len(s.starts) != 0 {
		t.Errorf("%q %v", s.template, s.starts)
	}
}

func TestAMessageShowsTheFileOfItsTemplate(t *testing.T) {
	t.Parallel()
	g := newGraph(t, map[string]string{"POST /v25.0/" + phoneID + "/media": `{"id":"310000000000001"}`, "POST /v25.0/" + phoneID + "/messages": `{"messages":[{"id":"wamid.9"}]}`})
	call := channels.Call{Kind: channels.SendTemplate, Channel: channels.WhatsApp, Phone: "34600000001", Token: "our-token", Template: &channels.TemplateSend{Name: "menu", Language: "en",
		Components: json.RawMessage(`[{"type":"body","parameters":[{"type":"text","text":"Alice"}]}]`), Header: &channels.Media{Type: "document", Filename: "menu.pdf", MIME: "application/pdf", Hash: "ab", Bytes: []byte("%PDF-1.7")}}}
	if _, err := newNetwork().Do(context.Background(), accounts(g.URL)["whatsapp"], call); err != nil {
		t.Fatal(err)
	}
	if got := g.asked[1].body; !strings.Contains(got, `"components":[{"parameters":[{"document":{"filename":"menu.pdf","id":"310000000000001"},"type":"document"}],"type":"header"},{"parameters":[{"text":"Alice"`) {
		t.Errorf("the message is %s", got)
	}
	if call.Template.Header == nil {
		t.Error("the caller's call was changed")
	}
}
