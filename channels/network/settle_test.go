package network

import (
	"context"
	"testing"
	"time"

	"ponte/channels"
)

func TestSettle(t *testing.T) {
	since := time.Date(2026, 9, 24, 7, 0, 0, 0, time.UTC)
	const (
		before = "2026-09-24T06:00:00+0000"
		after  = "2026-09-24T07:00:05+0000"
	)
	conv := func(person, from, text, at string) string {
		return `{"data":[{"id":"t_1","updated_time":"` + at + `","participants":{"data":[{"id":"` + person + `"},{"id":"` + pageID + `"}]},"messages":{"data":[{"id":"m_9","message":"` + text + `","from":{"id":"` + from + `"},"created_time":"` + at + `"}]}}]}`
	}
	comments := func(from, text, at string) string {
		return `{"data":[{"id":"30_42","message":"` + text + `","from":{"id":"` + from + `"},"created_time":"` + at + `"}]}`
	}
	reply := channels.Call{Kind: channels.ReplyToComment, CommentID: "30_41", Text: "Ciao  Ana "}
	dm := channels.Call{Kind: channels.SendMessage, To: "66", Text: "Ciao"}
	file := channels.Call{Kind: channels.SendMessage, To: "66", Media: &channels.Media{Type: "image", URL: "u"}}
	private := channels.Call{Kind: channels.PrivateReply, CommentID: "30_41", Text: "Ciao"}
	const convs = "GET /v25.0/" + pageID + "/conversations"
	yes := func(id, recipient string) channels.Settled {
		return channels.Settled{Happened: true, Certain: true, Result: channels.Result{ID: id, Recipient: recipient}}
	}
	no, open := channels.Settled{Certain: true}, channels.Settled{}
	const templates = "GET /v25.0/" + wabaID + "/message_templates"
	edit := channels.Call{Kind: channels.EditTemplate, TemplateID: "12", Definition: []byte(`{"name":"hello","language":"es","category":"UTILITY","components":[{"type":"BODY","text":"Hola {{1}} aqui","example":{"body_text":[["Ana"]]}}]}`)}
	drop := channels.Call{Kind: channels.DeleteTemplate, TemplateID: "12", Definition: []byte(`{"name":"hello","language":"es"}`)}
	gone := channels.Result{ID: "12", Status: "DELETED"}
	cases := []struct {
		name, account string
		call          channels.Call
		answers       map[string]string
		want          channels.Settled
	}{
		{"hidden", "facebook", channels.Call{Kind: channels.HideComment, CommentID: "30_41"}, map[string]string{"GET /v25.0/30_41": `{"id":"30_41","is_hidden":true}`}, yes("", "")},
		{"not hidden", "instagram", channels.Call{Kind: channels.HideComment, CommentID: "30_41"}, map[string]string{"GET /v25.0/30_41": `{"id":"30_41","hidden":false}`}, no},
		{"shown again", "facebook", channels.Call{Kind: channels.UnhideComment, CommentID: "30_41"}, map[string]string{"GET /v25.0/30_41": `{"id":"30_41","is_hidden":false}`}, yes("", "")},
		{"deleted", "facebook", channels.Call{Kind: channels.DeleteComment, CommentID: "30_41"}, nil, yes("", "")},
		{"not deleted", "facebook", channels.Call{Kind: channels.DeleteComment, CommentID: "30_41"}, map[string]string{"GET /v25.0/30_41": `{"id":"30_41"}`}, no},
		{"reply found", "facebook", reply, map[string]string{"GET /v25.0/30_41/comments": comments(pageID, "Ciao Ana", after)}, yes("30_42", "")},
		{"the same words, but earlier", "facebook", reply, map[string]string{"GET /v25.0/30_41/comments": comments(pageID, "Ciao Ana", before)}, no},
		{"the same words by a customer", "facebook", reply, map[string]string{"GET /v25.0/30_41/comments": comments("5", "Ciao Ana", after)}, no},
		{"other words", "facebook", reply, map[string]string{"GET /v25.0/30_41/comments": comments(pageID, "Salve", after)}, no},
		{"reply on the second page", "facebook", reply, map[string]string{
			"GET /v25.0/30_41/comments": `{"data":[],"paging":{"next":"x","cursors":{"after":"c2"}}}`,
			"GET /v25.0/30_41/comments?after=c2&fields=id%2Cmessage%2Cfrom%2Ccreated_time%2Cparent%2Cis_hidden%2Cpermalink_url&limit=50": comments(pageID, "Ciao Ana", after)}, yes("30_42", "")},
		{"reply on Instagram, known by username", "instagram", reply, map[string]string{
			"GET /v25.0/30_41/replies": `{"data":[{"id":"1791","text":"Ciao Ana","username":"kayaks","timestamp":"` + after + `"}]}`, "GET /v25.0/" + igID: `{"username":"kayaks"}`}, yes("1791", "")},
		{"the customer says the same on Instagram", "instagram", reply, map[string]string{
			"GET /v25.0/30_41/replies": `{"data":[{"id":"1791","text":"Ciao Ana","username":"ana","timestamp":"` + after + `"}]}`, "GET /v25.0/" + igID: `{"username":"kayaks"}`}, no},
		{"the comment is gone", "facebook", reply, nil, no},
		{"message found", "facebook", dm, map[string]string{convs: conv("66", pageID, "Ciao", after)}, yes("m_9", "66")},
		{"message of the customer", "facebook", dm, map[string]string{convs: conv("66", "66", "Ciao", after)}, no},
		{"message to somebody else", "facebook", dm, map[string]string{convs: conv("67", pageID, "Ciao", after)}, no},
		{"earlier message", "facebook", dm, map[string]string{convs: conv("66", pageID, "Ciao", before)}, no},
		{"message on Instagram through its Page", "instagram/page", dm, map[string]string{convs: conv("66", igID, "Ciao", after)}, yes("m_9", "66")},
		{"a file since then", "facebook", file, map[string]string{convs: conv("66", pageID, "", after)}, open},
		{"no file since then", "facebook", file, map[string]string{convs: conv("66", pageID, "", before)}, no},
		{"private reply, the comment tells", "facebook", private, map[string]string{"GET /v25.0/30_41": `{"id":"30_41","private_reply_conversation":{"id":"t_1"}}`}, yes("", "")},
		{"private reply, found at the commenter", "facebook", private, map[string]string{"GET /v25.0/30_41": `{"id":"30_41","from":{"id":"66"}}`, convs: conv("66", pageID, "Ciao", after)}, yes("m_9", "66")},
		{"the same private reply to somebody else", "facebook", private, map[string]string{"GET /v25.0/30_41": `{"id":"30_41"}`, convs: conv("67", pageID, "Ciao", after)}, no},
		{"the commenter's id is not one of the private side", "facebook", private, map[string]string{"GET /v25.0/30_41": `{"id":"30_41","from":{"id":"5"}}`, convs: `400 {"error":{"code":100,"error_subcode":2018001}}`}, no},
		{"WhatsApp cannot be read back", "whatsapp", dm, nil, open},
		{"template submitted", "whatsapp", channels.Call{Kind: channels.SubmitTemplate, Definition: []byte(`{"name":"hello","language":"es"}`)},
			map[string]string{"GET /v25.0/" + wabaID + "/message_templates": `{"data":[{"id":"11","name":"hello","language":"it"},{"id":"12","name":"hello","language":"es","status":"PENDING"}]}`},
			channels.Settled{Happened: true, Certain: true, Result: channels.Result{ID: "12", Status: "PENDING"}}},
		{"template not submitted", "whatsapp", channels.Call{Kind: channels.SubmitTemplate, Definition: []byte(`{"name":"hello","language":"es"}`)},
			map[string]string{"GET /v25.0/" + wabaID + "/message_templates": `{"data":[]}`}, no},
		{"template submitted, on the second page of longer names", "whatsapp", channels.Call{Kind: channels.SubmitTemplate, Definition: []byte(`{"name":"hello","language":"es_MX"}`)},
			map[string]string{templates: `{"data":[{"id":"1","name":"hello_again","language":"es_MX"}],"paging":{"next":"x","cursors":{"after":"c2"}}}`,
				templates + "?after=c2&fields=name%2Clanguage%2Cstatus%2Ccategory%2Ccomponents&limit=100&name=hello": `{"data":[{"id":"2","name":"hello","language":"es-MX","status":"APPROVED","category":"MARKETING"}]}`},
			channels.Settled{Happened: true, Certain: true, Result: channels.Result{ID: "2", Status: "APPROVED", Category: "MARKETING"}}},
		{"template edited", "whatsapp", edit, map[string]string{templates: `{"data":[{"id":"12","name":"hello","language":"es","status":"PENDING","category":"UTILITY","components":[{"text":"Hola {{1}} aqui","type":"BODY"}]}]}`},
			channels.Settled{Happened: true, Certain: true, Result: channels.Result{ID: "12", Status: "PENDING", Category: "UTILITY"}}},
		{"template not edited", "whatsapp", edit, map[string]string{templates: `{"data":[{"id":"12","name":"hello","language":"es","status":"APPROVED","components":[{"type":"BODY","text":"old"}]}]}`},
			channels.Settled{Certain: true, Result: channels.Result{ID: "12", Status: "APPROVED"}}},
		{"edited template not listed", "whatsapp", edit, map[string]string{templates: `{"data":[]}`}, open},
		{"template deleted", "whatsapp", drop, map[string]string{templates: `{"data":[{"id":"13","name":"hello","language":"it"}]}`}, channels.Settled{Happened: true, Certain: true, Result: gone}},
		{"template not deleted", "whatsapp", drop, map[string]string{templates: `{"data":[{"id":"12","name":"hello","language":"es","status":"APPROVED"}]}`}, channels.Settled{Certain: true, Result: gone}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := newGraph(t, c.answers)
			got, err := newNetwork().Settle(context.Background(), accounts(g.URL)[c.account], c.call, since)
			if err != nil || got != c.want {
				t.Errorf("%+v, %v; want %+v; asked %v", got, err, c.want, g.lines())
			}
		})
	}
}

// A look that fails must not pass for "it did not happen".
func TestSettleFails(t *testing.T) {
	dead := `400 {"error":{"code":190,"error_subcode":463}}`
	for _, call := range []channels.Call{
		{Kind: channels.HideComment, CommentID: "30_41"}, {Kind: channels.ReplyToComment, CommentID: "30_41", Text: "x"},
		{Kind: channels.PrivateReply, CommentID: "30_41", Text: "x"}, {Kind: channels.SendMessage, To: "66", Text: "x"},
	} {
		g := newGraph(t, map[string]string{"GET /v25.0/30_41": dead, "GET /v25.0/30_41/comments": dead, "GET /v25.0/" + pageID + "/conversations": dead})
		got, err := newNetwork().Settle(context.Background(), accounts(g.URL)["facebook"], call, time.Now())
		if err == nil || got.Certain {
			t.Errorf("%s: %+v, %v", call.Kind, got, err)
		}
	}
}
