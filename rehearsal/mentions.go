package rehearsal

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Mentions of the Instagram account stand on posts of other people. Nothing there can be reached by its own id: it is
// read through the mentioned account, which may answer and nothing else.

// mentionDoor is a field expansion by which a mention is read.
var mentionDoor = regexp.MustCompile(`^(mentioned_comment\.comment_id|mentioned_media\.media_id)\((\d+)\)(?:\{(.*)\})?$`)

// mentionedNode answers GET /{account}?fields=mentioned_comment.comment_id(…){…}; ok is false for any other field.
func (s *Server) mentionedNode(c *call) (answer any, ok bool, failure *graphError) {
	m := mentionDoor.FindStringSubmatch(c.query["fields"])
	if m == nil || c.account.Channel != "instagram" {
		return nil, false, nil
	}
	fields := splitFields(m[3])
	var node map[string]any
	if m[1] == "mentioned_comment.comment_id" {
		k := s.st.comments[m[2]]
		if k == nil || k.Deleted || k.Mentions != c.account.ID {
			return nil, true, gone
		}
		node, failure = pick(s.mentionedComment(k), fields)
		return map[string]any{"mentioned_comment": node, "id": c.account.ID}, true, failure
	}
	p := s.st.posts[m[2]]
	if p == nil || p.Mentions != c.account.ID {
		return nil, true, gone
	}
	node, failure = pick(s.mentionedMedia(p), fields)
	return map[string]any{"mentioned_media": node, "id": c.account.ID}, true, failure
}

// Words that mention the account are given without the @ before its name.
func withoutAt(text string) string { return strings.ReplaceAll(text, "@"+demoUsername, demoUsername) }

const demoUsername = "bondikayaks"

func (s *Server) author(person string) string {
	if p := s.st.people[person]; p != nil {
		return p.Username
	}
	return demoUsername
}

func (s *Server) mentionedComment(k *Comment) map[string]any {
	media := map[string]any{"id": k.Post}
	if p := s.st.posts[k.Post]; p != nil {
		media = s.mentionedMedia(p)
	}
	return map[string]any{"id": k.ID, "text": withoutAt(k.Text), "timestamp": k.At.Format(graphTime), "username": s.author(k.Person), "like_count": 0, "media": media}
}

func (s *Server) mentionedMedia(p *Post) map[string]any {
	list := []any{}
	for _, k := range sorted(s.st.comments, func(k *Comment) bool { return k.Post == p.ID && !k.Deleted }, func(x, y *Comment) bool { return x.At.After(y.At) }) {
		list = append(list, map[string]any{"id": k.ID, "text": withoutAt(k.Text), "timestamp": k.At.Format(graphTime), "username": s.author(k.Person)})
	}
	return map[string]any{"id": p.ID, "caption": withoutAt(p.Caption), "timestamp": p.At.Format(graphTime), "username": s.author(p.Person), "media_type": "IMAGE", "comments": map[string]any{"data": list}}
}

// pick leaves of a node what was asked for; what the network does not know is refused. The id is always there.
func pick(node map[string]any, fields []string) (map[string]any, *graphError) {
	out := map[string]any{"id": node["id"]}
	for _, f := range fields {
		name, rest, deep := strings.Cut(f, "{")
		v, ok := node[name]
		if !ok {
			return nil, refuse(400, 100, 0, "Tried accessing nonexisting field (%s)", name)
		}
		inner := splitFields(strings.TrimSuffix(rest, "}"))
		if !deep {
			inner = nil
		}
		switch v := v.(type) {
		case map[string]any:
			list, isList := v["data"].([]any)
			if !isList {
				sub, failure := pick(v, inner)
				if failure != nil {
					return nil, failure
				}
				out[name] = sub
				continue
			}
			picked := []any{}
			for _, one := range list {
				sub, failure := pick(one.(map[string]any), inner)
				if failure != nil {
					return nil, failure
				}
				picked = append(picked, sub)
			}
			out[name] = map[string]any{"data": picked}
		default:
			out[name] = v
		}
	}
	return out, nil
}

// splitFields splits at the commas that stand outside of braces.
func splitFields(s string) []string {
	var out []string
	depth, from := 0, 0
	for i, r := range s + "," {
		switch r {
		case '{':
			depth++
		case '}':
			depth--
		case ',':
			if depth == 0 {
				if f := strings.TrimSpace(s[from:min(i, len(s))]); f != "" {
					out = append(out, f)
				}
				from = i + 1
			}
		}
	}
	return out
}

// answerMention is POST /{account}/mentions.
func (s *Server) answerMention(c *call) (any, *graphError) {
	post, text := s.st.posts[c.str("media_id")], c.str("message")
	if text == "" || c.str("media_id") == "" {
		return nil, refuse(400, 100, 0, "The parameters media_id and message are required")
	}
	if post == nil || post.Account != "" {
		return nil, gone
	}
	n := Comment{ID: s.commentID(post.ID), Post: post.ID, Text: text, At: s.now().UTC().Truncate(time.Second)}
	if id := c.str("comment_id"); id != "" {
		k := s.st.comments[id]
		if k == nil || k.Deleted || k.Post != post.ID || k.Mentions != c.account.ID {
			return nil, gone
		}
		n.Parent = k.ID
	} else if post.Mentions != c.account.ID {
		return nil, gone
	}
	if err := s.do(entry{Comment: &n}); err != nil {
		return nil, refuse(500, 2, 0, "Service temporarily unavailable")
	}
	return map[string]any{"id": n.ID}, nil
}

// playMention lets a customer mention the brand: in a comment on a post of their own, or in its caption.
func (s *Server) playMention(in input) (map[string]any, error) {
	a, p, err := s.who(in, "instagram")
	if err != nil {
		return nil, err
	}
	if a.Channel != "instagram" {
		return nil, fmt.Errorf("only the Instagram account is mentioned")
	}
	at := s.now().UTC().Truncate(time.Second)
	post := s.st.posts[in.Post]
	if post == nil || post.Account != "" {
		post = &Post{ID: s.st.id("17911"), Person: p.ID, Caption: in.Caption, Picture: "1.png", Type: "FEED", At: at}
		value := map[string]any{"media_id": post.ID}
		if in.Text == "" {
			post.Mentions = a.ID
			return map[string]any{"post": post.ID}, s.do(entry{Post: post, Webhook: s.st.mentionWebhook(a.ID, value, at)})
		}
		if err := s.do(entry{Post: post}); err != nil {
			return nil, err
		}
	}
	k := Comment{ID: s.commentID(post.ID), Post: post.ID, Person: p.ID, Text: in.Text, Mentions: a.ID, At: at}
	hook := s.st.mentionWebhook(a.ID, map[string]any{"comment_id": k.ID, "media_id": post.ID}, at)
	return map[string]any{"id": k.ID, "post": post.ID}, s.do(entry{Comment: &k, Webhook: hook})
}

func (st *state) mentionWebhook(account string, value map[string]any, at time.Time) *Webhook {
	return st.webhook("instagram", account, at, map[string]any{"changes": []any{map[string]any{"field": "mentions", "value": value}}})
}
