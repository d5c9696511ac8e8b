package network

import (
	"context"
	"errors"
	"strings"
	"testing"

	"ponte/channels"
)

func TestAFileIsUploadedAndThenShown(t *testing.T) {
	t.Parallel()
	const dm = `{"recipient_id":"66","message_id":"m_9"}`
	for name, c := range map[string]struct {
		account, upload, answer, send, result string
		parts                                 []string
		message                               string
	}{
		"WhatsApp": {"whatsapp", "POST /v25.0/" + phoneID + "/media", `{"id":"310000000000001"}`, "POST /v25.0/" + phoneID + "/messages", `{"messages":[{"id":"wamid.9"}]}`,
			[]string{`name="messaging_product"`, `name="file"; filename="a \"menu\".png"`, "Content-Type: image/png", "the bytes"}, `"image":{"id":"310000000000001"}`},
		"Messenger": {"facebook", "POST /v25.0/" + pageID + "/message_attachments", `{"attachment_id":"77"}`, "POST /v25.0/" + pageID + "/messages", dm,
			[]string{`name="message"`, `{"attachment":{"payload":{"is_reusable":false},"type":"image"}}`, `name="filedata"; filename=`, "the bytes"}, `"payload":{"attachment_id":"77"}`},
		"Instagram through a Page": {"instagram/page", "POST /v25.0/" + pageID + "/message_attachments", `{"attachment_id":"78"}`, "POST /v25.0/" + pageID + "/messages", dm,
			[]string{`name="platform"`, "instagram", "the bytes"}, `"payload":{"attachment_id":"78"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(t, map[string]string{c.upload: c.answer, c.send: c.result})
			call := channels.Call{Kind: channels.SendMessage, Channel: channels.Messenger, To: "66", Phone: "34600000001", Token: "our-token",
				Media: &channels.Media{Type: "image", Filename: `a "menu".png`, MIME: "image/png", Hash: "abc", Bytes: []byte("the bytes")}}
			if _, err := newNetwork().Do(context.Background(), accounts(g.URL)[c.account], call); err != nil {
				t.Fatal(err)
			}
			if got := g.lines(); len(got) != 2 || got[0] != c.upload || got[1] != c.send {
				t.Fatalf("asked %v", got)
			}
			for _, want := range c.parts {
				if !strings.Contains(g.asked[0].body, want) {
					t.Errorf("the upload has no %s", want)
				}
			}
			if !strings.HasSuffix(g.asked[0].body, "--\r\n") {
				t.Error("the upload has no end")
			}
			if g.asked[0].auth != "Bearer tok" || !strings.Contains(g.asked[1].body, c.message) {
				t.Errorf("the message is %s", g.asked[1].body)
			}
			if len(call.Media.Bytes) == 0 || call.Media.ID != "" {
				t.Error("the caller's call was changed")
			}
		})
	}
}

// TestAnUploadThatFailed sends nothing; what is not known of it is made again, because nobody saw it.
func TestAnUploadThatFailed(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]channels.Class{
		`{}`: channels.Retry, `not JSON`: channels.Retry, `400 {"error":{"code":131053,"message":"x"}}`: channels.AskPerson, `400 {"error":{"code":190,"message":"x"}}`: channels.Reauthorise,
	} {
		g := newGraph(t, map[string]string{"POST /v25.0/" + phoneID + "/media": answer, "POST /v25.0/" + phoneID + "/messages": `{"messages":[{"id":"wamid.9"}]}`})
		_, err := newNetwork().Do(context.Background(), accounts(g.URL)["whatsapp"], channels.Call{Kind: channels.SendMessage, Channel: channels.WhatsApp, Phone: "34600000001",
			Media: &channels.Media{Type: "image", MIME: "image/png", Bytes: []byte("x")}})
		var f *channels.Failure
		if !errors.As(err, &f) || f.Class != want {
			t.Errorf("%s: %v, want %s", answer, err, want)
		}
		if got := g.lines(); len(got) != 1 {
			t.Errorf("%s: asked %v", answer, got)
		}
	}
}
