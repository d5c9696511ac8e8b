package network

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"ponte/channels"
	"ponte/channels/webhook"
)

func parse(t *testing.T, body []byte) []channels.Event {
	t.Helper()
	events, err := webhook.Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// What is read back has the keys of the webhooks that announced it: the sweep doubles nothing.
func TestCommentsReadBackAreTheSameEvents(t *testing.T) {
	g := newGraph(t, map[string]string{
		"GET /v25.0/11_30/comments": `{"data":[
			{"id":"30_42","message":"reply","from":{"id":"` + pageID + `","name":"Kayaks"},"created_time":"2026-09-24T07:06:40+0000","parent":{"id":"30_41"}},
			{"id":"30_41","message":"Precio?","from":{"id":"5","name":"Ana"},"created_time":"2026-09-24T07:06:38+0000"}],"paging":{"cursors":{"after":"c2"},"next":"https://example.org"}}`})
	body, count, next, err := newNetwork().ListComments(context.Background(), accounts(g.URL)["facebook"], "11_30", "")
	if err != nil || count != 2 || next != "c2" {
		t.Fatalf("%d %q %v", count, next, err)
	}
	read := parse(t, body)
	told := parse(t, []byte(`{"object":"page","entry":[{"id":"`+pageID+`","time":1790233600,"changes":[
		{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"30_41","post_id":"11_30","parent_id":"11_30","from":{"id":"5","name":"Ana"},"message":"Precio?","created_time":1790233598}},
		{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"30_42","post_id":"11_30","parent_id":"30_41","from":{"id":"`+pageID+`","name":"Kayaks"},"message":"reply","created_time":1790233600}}]}]}`))
	if !reflect.DeepEqual(read, told) {
		t.Errorf("read back:\n%+v\ntold:\n%+v", read, told)
	}
}

func TestInstagramCommentsReadBack(t *testing.T) {
	replies := "GET /v25.0/1790/replies?" + url.Values{"fields": {instagramCommentFields}, "limit": {"50"}, "after": {"r2"}}.Encode()
	g := newGraph(t, map[string]string{
		"GET /v25.0/" + igID: `{"username":"kayaks"}`,
		"GET /v25.0/179/comments": `{"data":[{"id":"1790","text":"quanto costa?","username":"ana","from":{"id":"77","username":"ana"},"timestamp":"2026-09-24T07:06:38+0000","media":{"id":"179","media_product_type":"AD"},
			"replies":{"data":[{"id":"1791","text":"29 €","username":"kayaks","timestamp":"2026-09-24T07:07:38+0000"}],"paging":{"cursors":{"after":"r2"},"next":"n"}}}]}`,
		replies: `{"data":[{"id":"1792","text":"grazie","username":"ana","timestamp":"2026-09-24T07:08:38+0000"}]}`,
	})
	body, count, next, err := newNetwork().ListComments(context.Background(), accounts(g.URL)["instagram"], "179", "")
	if err != nil || count != 3 || next != "" {
		t.Fatalf("%d %q %v; asked %v", count, next, err, g.lines())
	}
	events := parse(t, body)
	first, own, later := events[0], events[1], events[2]
	if first.Key != "comment:1790:added" || first.Person != "77" || first.User != "ana" || first.Own || first.Comment.ProductType != "AD" || !first.Time.Equal(time.Date(2026, 9, 24, 7, 6, 38, 0, time.UTC)) {
		t.Errorf("the comment: %+v %+v", first, first.Comment)
	}
	if !own.Own || own.Comment.ParentID != "1790" || own.Lane != first.Lane {
		t.Errorf("the account's own reply: %+v", own)
	}
	if later.Own || later.ID != "1792" || later.User != "ana" {
		t.Errorf("a reply of the second page: %+v", later)
	}
}

func TestMessagesReadBackAreTheSameEvents(t *testing.T) {
	g := newGraph(t, map[string]string{"GET /v25.0/" + pageID + "/conversations": `{"data":[
		{"id":"t_1","updated_time":"2026-09-24T07:06:40+0000","participants":{"data":[{"id":"66"},{"id":"` + pageID + `"}]},"messages":{"data":[
			{"id":"m_3","from":{"id":"66"},"created_time":"2026-09-24T07:06:41+0000","attachments":{"data":[{"mime_type":"image/jpeg","name":"i.jpg","image_data":{"url":"https://scontent.fbcdn.net/i.jpg"}}]}},
			{"id":"m_2","message":"Hola Ana","from":{"id":"` + pageID + `"},"created_time":"2026-09-24T07:06:40+0000"},
			{"id":"m_1","message":"Hola","from":{"id":"66"},"created_time":"2026-09-24T07:06:38+0000"},
			{"id":"m_0","message":"older","from":{"id":"66"},"created_time":"2026-09-20T07:06:38+0000"}]}},
		{"id":"t_0","updated_time":"2026-09-01T07:06:40+0000","participants":{"data":[{"id":"67"}]},"messages":{"data":[{"id":"m_x","message":"old","from":{"id":"67"},"created_time":"2026-09-01T07:06:40+0000"}]}}],
		"paging":{"cursors":{"after":"c2"},"next":"n"}}`})
	since := time.Date(2026, 9, 24, 0, 0, 0, 0, time.UTC)
	body, count, next, err := newNetwork().ListMessages(context.Background(), accounts(g.URL)["facebook"], since, "")
	if err != nil || count != 3 || next != "" {
		t.Fatalf("%d %q %v: what is older than the limit is not read", count, next, err)
	}
	events := parse(t, body)
	want := []struct {
		key, person, kind, lane string
	}{{"message:m_1", "66", "message.received", "p:messenger:66"}, {"message:m_2", pageID, "message.echo", "p:messenger:66"}, {"message:m_3", "66", "message.received", "p:messenger:66"}}
	for i, w := range want {
		e := events[i]
		if e.Key != w.key || e.Person != w.person || string(e.Kind) != w.kind || e.Lane != w.lane {
			t.Errorf("event %d: %+v, want %+v", i, e, w)
		}
	}
	if events[1].Message.Recipient != "66" || events[2].Message.Type != "image" || len(events[2].Message.Attachments) != 1 {
		t.Errorf("%+v %+v", events[1].Message, events[2].Message)
	}
	if _, _, _, err := newNetwork().ListMessages(context.Background(), accounts(g.URL)["whatsapp"], since, ""); err == nil {
		t.Error("WhatsApp cannot be read back")
	}
}

func TestReadPostsAndPeople(t *testing.T) {
	ctx := context.Background()
	g := newGraph(t, map[string]string{
		"GET /v25.0/179":                  `{"id":"179","caption":"Kayak\u0000 day","permalink":"https://www.instagram.com/p/x","media_type":"VIDEO","media_url":"https://x/v.mp4","thumbnail_url":"https://x/t.jpg","media_product_type":"REELS","timestamp":"2026-09-24T07:06:38+0000"}`,
		"GET /v25.0/11_30":                `{"id":"11_30","message":"Kayak day","permalink_url":"https://www.facebook.com/x","full_picture":"https://x/p.jpg","created_time":"2026-09-24T07:06:38+0000","status_type":"added_photos"}`,
		"GET /v25.0/" + pageID + "/posts": `{"data":[{"id":"11_30"},{"id":"11_31"}],"paging":{"cursors":{"after":"c2"}}}`,
		"GET /v25.0/66":                   `{"first_name":"Ana","last_name":"Ruiz","profile_pic":"https://x/a.jpg"}`,
		"GET /v25.0/880": `{"id":"880","created_time":"2026-09-24T07:06:39+0000","form_id":"990","field_data":[{"name":"full_name","values":["Ana"]},{"name":"phone_number","values":["+34600000001"]}],
			"custom_disclaimer_responses":[{"checkbox_key":"wa_optin","is_checked":"1"},{"checkbox_key":"news","is_checked":""}]}`,
	})
	n, a := newNetwork(), accounts(g.URL)
	at := time.Date(2026, 9, 24, 7, 6, 38, 0, time.UTC)
	p, err := n.ReadPost(ctx, a["instagram"], "179")
	if want := (channels.Post{ID: "179", Caption: "Kayak\ufffd day", Permalink: "https://www.instagram.com/p/x", MediaURL: "https://x/t.jpg", MediaType: "VIDEO", ProductType: "REELS", Time: at}); err != nil || p != want {
		t.Errorf("%+v, %v", p, err)
	}
	p, err = n.ReadPost(ctx, a["facebook"], "11_30")
	if want := (channels.Post{ID: "11_30", Caption: "Kayak day", Permalink: "https://www.facebook.com/x", MediaURL: "https://x/p.jpg", MediaType: "added_photos", Time: at}); err != nil || p != want {
		t.Errorf("%+v, %v", p, err)
	}
	page, err := n.ListPosts(ctx, a["facebook"], "")
	if err != nil || len(page.Items) != 2 || page.Next != "" {
		t.Errorf("%+v, %v: a list ends where next is missing", page, err)
	}
	who, err := n.Profile(ctx, a["facebook"], "66")
	if err != nil || who.Name != "Ana Ruiz" {
		t.Errorf("%+v, %v", who, err)
	}
	lead, err := n.ReadLead(ctx, a["facebook"], "880")
	if err != nil || lead.FormID != "990" || lead.Fields["phone_number"][0] != "+34600000001" || !lead.Checkboxes["wa_optin"] || lead.Checkboxes["news"] {
		t.Errorf("%+v, %v", lead, err)
	}
}

func TestFetchMedia(t *testing.T) {
	ctx := context.Background()
	png := "\x89PNG\r\n\x1a\n0000"
	g := newGraph(t, map[string]string{"GET /media/1": png, "GET /big": strings.Repeat("x", maxMedia+1)})
	g.answers["GET /v25.0/310"] = `{"url":"` + g.URL + `/media/1","mime_type":"image/png"}`
	n, a := newNetwork(), accounts(g.URL)
	mime, body, err := n.FetchMedia(ctx, a["whatsapp"], "310")
	if err != nil || mime != "image/png" || string(body) != png {
		t.Errorf("%s %q %v", mime, body, err)
	}
	if last := g.asked[len(g.asked)-1]; last.auth != "Bearer tok" || g.asked[0].line != "GET /v25.0/310?phone_number_id="+phoneID {
		t.Errorf("asked %+v", g.asked)
	}
	var f *channels.Failure
	if _, _, err := n.FetchMedia(ctx, a["whatsapp"], g.URL+"/big"); !errors.As(err, &f) || f.Reason != "too_large" {
		t.Errorf("a file too large: %v", err)
	}
	for _, address := range []string{"https://example.org/x.jpg", "http://169.254.169.254/latest/meta-data", "http://localhost:5432/", "file:///etc/passwd", "https://fbcdn.net.example.org/x", "https://notfbcdn.net/x", "http://scontent.fbcdn.net/x", "", "https://"} {
		if _, _, err := n.FetchMedia(ctx, a["facebook"], address); !errors.As(err, &f) || f.Reason != "bad_address" {
			t.Errorf("%q: %v, want it refused", address, err)
		}
	}
	base, _ := url.Parse("https://graph.facebook.com/v25.0")
	for _, address := range []string{"https://scontent-mxp1-1.xx.fbcdn.net/v/x.jpg", "https://scontent.cdninstagram.com/x", "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1"} {
		if u, _ := url.Parse(address); !mayFetch(u, base) {
			t.Errorf("%s is one of Meta's", address)
		}
	}
}

func TestHealthAndSubscriptions(t *testing.T) {
	ctx := context.Background()
	g := newGraph(t, map[string]string{
		"GET /v25.0/" + pageID:                        `{"id":"` + pageID + `","name":"Kayaks"}`,
		"GET /v25.0/" + phoneID:                       `{"verified_name":"Kayaks","quality_rating":"GREEN","whatsapp_business_manager_messaging_limit":"TIER_2K","account_mode":"LIVE"}`,
		"GET /v25.0/" + pageID + "/subscribed_apps":   `{"data":[{"id":"1","subscribed_fields":["feed","messages"]}]}`,
		"GET /v25.0/" + wabaID + "/subscribed_apps":   `{"data":[{"whatsapp_business_api_data":{"id":"1"}}]}`,
		"GET /v25.0/debug_token?input_token=tok":      `{"data":{"is_valid":true,"expires_at":1790233598,"scopes":["pages_messaging"]}}`,
		"POST /v25.0/" + pageID + "/subscribed_apps":  `{"success":true}`,
		"POST /v25.0/" + wabaID + "/subscribed_apps":  `{"success":true}`,
		"GET /v25.0/" + wabaID + "/message_templates": `{"data":[{"id":"12","name":"hello","language":"es","status":"REJECTED","category":"UTILITY","components":[{"type":"BODY"}],"quality_score":{"score":"GREEN"},"rejected_reason":"INVALID_FORMAT"}]}`,
	})
	n, a := newNetwork(), accounts(g.URL)
	h := n.Health(ctx, a["facebook"], "app", secretForTest)
	if !h.TokenValid || h.Name != "Kayaks" || h.TokenExpires.Unix() != 1790233598 || !reflect.DeepEqual(h.Scopes, []string{"pages_messaging"}) || !reflect.DeepEqual(h.Fields, []string{"feed", "messages"}) || h.Missing != nil {
		t.Errorf("%+v; asked %v", h, g.lines())
	}
	h = n.Health(ctx, a["whatsapp"], "", "")
	if !h.TokenValid || h.Quality != "GREEN" || h.Tier != "TIER_2K" || h.Mode != "LIVE" || !reflect.DeepEqual(h.Fields, []string{"messages"}) {
		t.Errorf("%+v", h)
	}
	if h = n.Health(ctx, a["instagram"], "", ""); h.TokenValid || len(h.Missing) == 0 {
		t.Errorf("%+v: what cannot be read is named", h)
	}
	for _, name := range []string{"facebook", "instagram/page", "whatsapp"} {
		if err := n.Subscribe(ctx, a[name]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	narrow := newGraph(t, map[string]string{
		"POST /v25.0/" + pageID + "/subscribed_apps": `400 {"error":{"code":200}}`,
		"POST /v25.0/" + pageID + "/subscribed_apps?" + url.Values{"subscribed_fields": {strings.Join(WantedFields(channels.Facebook), ",")}}.Encode(): `{"success":true}`,
		"DELETE /v25.0/" + pageID + "/subscribed_apps": `{"success":true}`,
	})
	if err := n.Subscribe(ctx, accounts(narrow.URL)["facebook"]); err != nil || len(narrow.asked) != 3 {
		t.Errorf("a missing permission costs all fields: %v; asked %v", err, narrow.lines())
	}
	if err := n.Unsubscribe(ctx, accounts(narrow.URL)["facebook"]); err != nil {
		t.Error(err)
	}
	list, err := n.ListTemplates(ctx, a["whatsapp"], "")
	want := channels.NetworkTemplate{ID: "12", Name: "hello", Language: "es", Status: "REJECTED", Category: "UTILITY", Quality: "GREEN", Reason: "INVALID_FORMAT", Components: json.RawMessage(`[{"type":"BODY"}]`)}
	if err != nil || len(list.Items) != 1 || !reflect.DeepEqual(list.Items[0], want) {
		t.Errorf("%+v, %v", list, err)
	}
}

const secretForTest = "s3cr3t"

// A subscription takes the place of the one before it, and one Page carries two accounts of ours.
func TestSubscribingKeepsWhatIsSubscribed(t *testing.T) {
	ctx := context.Background()
	at := "/v25.0/" + pageID + "/subscribed_apps"
	g := newGraph(t, map[string]string{
		"GET " + at:  `{"data":[{"id":"1","subscribed_fields":["feed","messages","invoice_access_invoice_change"]}]}`,
		"POST " + at: `{"success":true}`,
	})
	n, a := newNetwork(), accounts(g.URL)
	if err := n.Subscribe(ctx, a["instagram/page"]); err != nil || len(g.lines()) != 1 {
		t.Errorf("Instagram narrows its Page's subscription: %v; asked %v", err, g.lines())
	}
	if err := n.Subscribe(ctx, a["facebook"]); err != nil {
		t.Fatal(err)
	}
	asked, _ := url.QueryUnescape(g.lines()[len(g.lines())-1])
	for _, want := range append(WantedFields(channels.Facebook), "leadgen", "invoice_access_invoice_change") {
		if !strings.Contains(asked, want) {
			t.Errorf("%s is not asked for: %s", want, asked)
		}
	}
	bare := newGraph(t, map[string]string{"GET " + at: `{"data":[]}`, "POST " + at + "?subscribed_fields=feed": `{"success":true}`})
	if err := n.Subscribe(ctx, accounts(bare.URL)["instagram/page"]); err != nil {
		t.Errorf("%v; asked %v", err, bare.lines())
	}
}

func TestWhatGoesToOtherAppsDoesNotComeHere(t *testing.T) {
	g := newGraph(t, map[string]string{
		"GET /v25.0/" + phoneID:                     `{"verified_name":"Kayaks"}`,
		"GET /v25.0/" + wabaID + "/subscribed_apps": `{"data":[{"whatsapp_business_api_data":{"id":"999","name":"another"}}]}`,
		"GET /v25.0/" + pageID:                      `{"id":"` + pageID + `","name":"Kayaks"}`,
		"GET /v25.0/" + pageID + "/subscribed_apps": `{"data":[{"id":"999","name":"another","subscribed_fields":["feed"]}]}`,
	})
	for app, want := range map[string]int{"": 1, "999": 1, "77": 0} {
		n := newNetwork()
		n.AppID = app
		for _, name := range []string{"whatsapp", "facebook"} {
			if h := n.Health(context.Background(), accounts(g.URL)[name], ""); len(h.Fields) != want {
				t.Errorf("%s as app %q: subscribed to %v", name, app, h.Fields)
			}
		}
	}
}

// Meta answers a wrong appsecret_proof like any wrong parameter: the doctor must not blame the token.
func TestAWrongAppSecretIsToldFromAWrongToken(t *testing.T) {
	ctx := context.Background()
	refused := `400 {"error":{"code":100,"message":"Invalid appsecret_proof"}}`
	fields := "/v25.0/" + pageID + "?fields=id%2Cname"
	g := newGraph(t, map[string]string{
		"GET /v25.0/" + pageID:                      refused,
		"GET " + fields:                             `{"id":"` + pageID + `","name":"Kayaks"}`,
		"GET /v25.0/" + pageID + "/subscribed_apps": `{"data":[{"id":"1","subscribed_fields":["feed"]}]}`,
		"GET /v25.0/debug_token":                    `400 {"error":{"code":190}}`,
		"GET /v25.0/debug_token?input_token=tok":    `400 {"error":{"code":190}}`,
		"GET /v25.0/" + pageID + "/subscribed_apps?appsecret_proof=ignored": refused,
	})
	a := accounts(g.URL)["facebook"]
	a.AppSecret = "wrong"
	if h := newNetwork().Health(ctx, a, "", ""); !h.SecretRefused || !h.TokenValid || h.Name != "Kayaks" || h.NotRead != "" {
		t.Errorf("without the app's id: %+v; asked %v", h, g.lines())
	}
	if h := newNetwork().Health(ctx, accounts(g.URL)["facebook"], "app", "old", "older"); !h.SecretRefused || !h.TokenValid {
		t.Errorf("with the app's id: %+v; asked %v", h, g.lines())
	}
}

// A token can be good in itself and none for the account.
func TestATokenOfSomebodyElse(t *testing.T) {
	for answer, valid := range map[string]bool{`400 {"error":{"code":190,"error_subcode":463}}`: false, `400 {"error":{"code":100,"error_subcode":33}}`: true, `403 {"error":{"code":10}}`: true, `403 {"error":{"code":200}}`: true} {
		g := newGraph(t, map[string]string{"GET /v25.0/" + pageID: answer, "GET /v25.0/debug_token": `{"data":{"is_valid":true}}`})
		h := newNetwork().Health(context.Background(), accounts(g.URL)["facebook"], "app", "secret")
		if h.TokenValid != valid || h.Failure == nil {
			t.Errorf("%s: %+v", answer, h)
		}
	}
}

// A server that answers the question about the token with something else has not refused the token.
func TestAServerThatKnowsNothingOfTheToken(t *testing.T) {
	for _, answer := range []string{`{}`, `{"data":[]}`, `{"data":{}}`, `{"id":"debug_token"}`} {
		g := newGraph(t, map[string]string{"GET /v25.0/" + pageID: `{"id":"` + pageID + `","name":"Kayaks"}`, "GET /v25.0/debug_token": answer})
		h := newNetwork().Health(context.Background(), accounts(g.URL)["facebook"], "app", "secret")
		if !h.TokenValid || h.SecretRefused || len(h.Missing) == 0 {
			t.Errorf("%s: %+v", answer, h)
		}
	}
}
