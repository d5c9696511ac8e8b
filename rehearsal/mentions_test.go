package rehearsal

import (
	"net/url"
	"strings"
	"testing"
)

func TestTheBrandIsMentioned(t *testing.T) {
	s := newStage(t)
	const token, account = "rehearsal-instagram", "/" + DemoInstagram
	read := func(fields string) (int, map[string]any) {
		return s.call("GET", account+"?fields="+url.QueryEscape(fields), token, nil)
	}
	_, out := s.call("POST", "/control/mention", "", map[string]any{"person": "0000000001", "text": "look @bondikayaks, info?", "caption": "by the #sea"})
	comment, post := out["id"].(string), out["post"].(string)
	if hook := s.hooks(1)[0]; strings.Contains(hook, "info") || !strings.Contains(hook, `"field":"mentions"`) || !strings.Contains(hook, comment) || !strings.Contains(hook, post) {
		t.Errorf("the webhook: %s", hook)
	}
	_, out = read("mentioned_comment.comment_id(" + comment + "){id,text,timestamp,username,media{id,caption}}")
	k := out["mentioned_comment"].(map[string]any)
	if k["text"] != "look bondikayaks, info?" || k["username"] != s.st.people["0000000001"].Username || k["media"].(map[string]any)["caption"] != "by the #sea" || k["timestamp"] == nil || k["like_count"] != nil {
		t.Errorf("read as %v", k)
	}
	for _, fields := range []string{"mentioned_comment.comment_id(" + comment + "){id,from}", "mentioned_media.media_id(" + post + "){caption}", "mentioned_comment.comment_id(1){id}"} {
		if status, _ := read(fields); status != 400 {
			t.Errorf("%s: status %d", fields, status)
		}
	}
	for _, refused := range []string{"GET /" + comment, "GET /" + post, "GET /" + post + "/comments", "POST /" + comment + "/replies", "POST /" + comment + "?hide=true", "DELETE /" + comment} {
		method, path, _ := strings.Cut(refused, " ")
		if status, out := s.call(method, path, token, map[string]any{"message": "x"}); status != 400 {
			t.Errorf("%s: status %d, %v", refused, status, out)
		}
	}
	if status, out := s.call("POST", account+"/mentions", token, map[string]any{"media_id": post, "message": "x"}); status != 400 {
		t.Errorf("the caption mentions nobody, and was answered: %v", out)
	}
	status, out := s.call("POST", account+"/mentions", token, map[string]any{"media_id": post, "comment_id": comment, "message": "Hello"})
	if reply := s.st.comments[out["id"].(string)]; status != 200 || reply.Parent != comment || reply.Text != "Hello" || reply.Person != "" {
		t.Errorf("answered with %d %v", status, out)
	}

	_, out = s.call("POST", "/control/mention", "", map[string]any{"person": "0000000002", "caption": "@bondikayaks rock"})
	post = out["post"].(string)
	if hook := s.hooks(2)[1]; strings.Contains(hook, "comment_id") || !strings.Contains(hook, post) {
		t.Errorf("the webhook of a caption: %s", hook)
	}
	if status, _ := s.call("POST", account+"/mentions", token, map[string]any{"media_id": post, "message": "Thanks"}); status != 200 {
		t.Errorf("status %d for the answer to a caption", status)
	}
	_, out = read("mentioned_media.media_id(" + post + "){id,caption,comments{id,text,username}}")
	m := out["mentioned_media"].(map[string]any)
	list := m["comments"].(map[string]any)["data"].([]any)
	if first := list[0].(map[string]any); m["caption"] != "bondikayaks rock" || len(list) != 1 || first["text"] != "Thanks" || first["username"] != "bondikayaks" {
		t.Errorf("read as %v", m)
	}
	if status, _ := s.call("POST", "/control/remove", "", map[string]any{"comment": comment}); status != 200 {
		t.Errorf("status %d when a mention is taken back", status)
	}
	if status, _ := read("mentioned_comment.comment_id(" + comment + "){id}"); status != 400 {
		t.Errorf("status %d for a mention that was taken back", status)
	}
}
