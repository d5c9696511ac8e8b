package network

import (
	"context"
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"ponte/channels"
)

func asksFor(fields string) string {
	return "GET /v25.0/" + igID + "?" + url.Values{"fields": {fields}}.Encode()
}

// A mention is read through the mentioned account, and comes through the door of webhooks with its words.
func TestMentionsAreReadThroughTheAccount(t *testing.T) {
	ctx := context.Background()
	at := time.Date(2026, 9, 24, 7, 6, 38, 0, time.UTC)
	for name, c := range map[string]struct {
		media, comment string
		answers        map[string]string
		text, user     string
		own            bool
		caption        string
	}{
		"a comment": {"179002", "179020", map[string]string{asksFor("mentioned_comment.comment_id(179020){id,text,timestamp,username,media{id,caption}}"): `{"mentioned_comment":{"id":"179020","text":"kayaks info?","timestamp":"2026-09-24T07:06:38+0000","username":"ana","media":{"id":"179002","caption":"by the sea"}},"id":"` + igID + `"}`,
			asksFor("username"): `{"username":"kayaks"}`}, "kayaks info?", "ana", false, "by the sea"},
		"a caption": {"179003", "", map[string]string{asksFor("mentioned_media.media_id(179003){id,caption,timestamp,username}"): `{"mentioned_media":{"id":"179003","caption":"kayaks!","timestamp":"2026-09-24T07:06:38+0000","username":"ana"}}`,
			asksFor("username"): `{"username":"kayaks"}`}, "kayaks!", "ana", false, "kayaks!"},
		"fields that are not known": {"179002", "179020", map[string]string{asksFor("mentioned_comment.comment_id(179020){id,text,timestamp,username,media{id,caption}}"): `400 {"error":{"code":100,"message":"nonexisting field"}}`,
			asksFor("mentioned_comment.comment_id(179020){id,text,timestamp,username}"): `400 {"error":{"code":100,"message":"nonexisting field"}}`,
			asksFor("mentioned_comment.comment_id(179020){id,text,timestamp}"):          `{"mentioned_comment":{"id":"179020","text":"kayaks info?","timestamp":"2026-09-24T07:06:38+0000"}}`}, "kayaks info?", "", false, ""},
		"by the brand itself": {"179002", "179020", map[string]string{asksFor("mentioned_comment.comment_id(179020){id,text,timestamp,username,media{id,caption}}"): `{"mentioned_comment":{"id":"179020","text":"kayaks here","timestamp":"2026-09-24T07:06:38+0000","username":"kayaks"}}`,
			asksFor("username"): `{"username":"kayaks"}`}, "kayaks here", "kayaks", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGraph(t, c.answers)
			body, post, err := newNetwork().ReadMention(ctx, accounts(g.URL)["instagram"], c.media, c.comment)
			if err != nil {
				t.Fatalf("%v; asked %v", err, g.lines())
			}
			e := parse(t, body)[0]
			id := c.comment
			if id == "" {
				id = c.media
			}
			if e.Kind != channels.MentionAdded || e.Key != "mention:"+id+":read" || !e.Comment.Read || e.Lane != "c:"+id || e.Comment.PostID != c.media || e.Text != c.text || e.User != c.user || e.Own != c.own || !e.Time.Equal(at) {
				t.Errorf("%+v %+v", e, e.Comment)
			}
			if post.ID != c.media || post.Caption != c.caption {
				t.Errorf("the post: %+v", post)
			}
		})
	}
	for name, answer := range map[string]string{"deleted": `400 {"error":{"code":100,"error_subcode":33}}`, "not shown": `{"id":"` + igID + `"}`} {
		g := newGraph(t, map[string]string{"GET /v25.0/" + igID: answer})
		if _, _, err := newNetwork().ReadMention(ctx, accounts(g.URL)["instagram"], "179002", "179020"); !gone(err) || len(g.lines()) != 1 {
			t.Errorf("%s: %v; asked %v", name, err, g.lines())
		}
		is, err := newNetwork().LookAt(ctx, accounts(g.URL)["instagram"], channels.Call{Kind: channels.ReplyToComment, Mention: true, CommentID: "179020", MediaID: "179002"})
		if err != nil || is.Exists {
			t.Errorf("%s: looked at %+v %v", name, is, err)
		}
	}
	if _, _, err := newNetwork().ReadMention(ctx, accounts("http://127.0.0.1:1")["instagram"], "179002", "1){id},me{id"); err == nil || gone(err) {
		t.Errorf("an id that is none was asked for: %v", err)
	}
}

func TestMentionsAreAnsweredThroughTheAccount(t *testing.T) {
	ctx := context.Background()
	call := channels.Call{Kind: channels.ReplyToComment, Mention: true, CommentID: "179020", MediaID: "179002", Text: "Ciao"}
	caption := call
	caption.CommentID = call.MediaID
	page := channels.Call{Kind: channels.ReplyToComment, Mention: true, CommentID: "9_2", Text: "Ciao"}
	for name, c := range map[string]struct {
		account, line, body string
		call                channels.Call
	}{
		"a comment":   {"instagram", "POST /v25.0/" + igID + "/mentions", `{"comment_id":"179020","media_id":"179002","message":"Ciao"}`, call},
		"a caption":   {"instagram", "POST /v25.0/" + igID + "/mentions", `{"media_id":"179002","message":"Ciao"}`, caption},
		"on Facebook": {"facebook", "POST /v25.0/9_2/comments", `{"message":"Ciao"}`, page},
	} {
		g := newGraph(t, map[string]string{c.line: `{"id":"1791"}`})
		result, err := newNetwork().Do(ctx, accounts(g.URL)[c.account], c.call)
		if err != nil || result.ID != "1791" || g.asked[0].line != c.line || g.asked[0].body != c.body {
			t.Errorf("%s: %+v %v, asked %+v", name, result, err, g.asked)
		}
	}
	for _, kind := range []channels.CallKind{channels.HideComment, channels.UnhideComment, channels.DeleteComment} {
		c := call
		c.Kind = kind
		if _, err := newNetwork().Do(ctx, accounts("http://127.0.0.1:1")["instagram"], c); err == nil {
			t.Errorf("%s on somebody else's post was tried", kind)
		}
	}
	call.MediaID = ""
	if _, err := newNetwork().Do(ctx, accounts("http://127.0.0.1:1")["instagram"], call); err == nil {
		t.Error("an answer to a mention without its post was tried")
	}
}

// Whether an answer arrived is seen under a caption that mentions the account, and under a comment by a person alone.
func TestSettleAMention(t *testing.T) {
	since := time.Date(2026, 9, 24, 7, 0, 0, 0, time.UTC)
	caption := channels.Call{Kind: channels.ReplyToComment, Mention: true, CommentID: "179003", MediaID: "179003", Text: "Ciao"}
	comment := caption
	comment.CommentID = "179020"
	list := func(comments ...map[string]string) string {
		b, _ := json.Marshal(map[string]any{"mentioned_media": map[string]any{"id": "179003", "comments": map[string]any{"data": comments}}})
		return string(b)
	}
	ours := map[string]string{"id": "1791", "text": "Ciao", "username": "kayaks", "timestamp": "2026-09-24T07:00:05+0000"}
	hers := map[string]string{"id": "1792", "text": "Ciao", "username": "ana", "timestamp": "2026-09-24T07:00:05+0000"}
	whose := map[string]string{"id": "1793", "text": "Ciao", "timestamp": "2026-09-24T07:00:05+0000"}
	for name, c := range map[string]struct {
		call    channels.Call
		answer  string
		want    channels.Settled
		answers int
	}{
		"arrived":             {caption, list(hers, ours), channels.Settled{Happened: true, Certain: true, Result: channels.Result{ID: "1791"}}, 1},
		"did not arrive":      {caption, list(hers), channels.Settled{Certain: true}, 1},
		"nobody says whose":   {caption, list(hers, whose), channels.Settled{}, 1},
		"the post is gone":    {caption, `400 {"error":{"code":100,"error_subcode":33}}`, channels.Settled{Certain: true}, 1},
		"answers to comments": {comment, "", channels.Settled{}, 0},
	} {
		answers := map[string]string{asksFor("username"): `{"username":"kayaks"}`}
		if c.answers > 0 {
			answers[asksFor("mentioned_media.media_id(179003){id,comments{id,text,username,timestamp}}")] = c.answer
		}
		g := newGraph(t, answers)
		got, err := newNetwork().Settle(context.Background(), accounts(g.URL)["instagram"], c.call, since)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v %v, want %+v", name, got, err, c.want)
		}
	}
}
