package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ponte/channels"
	"ponte/channels/meta"
)

// A mention of an Instagram account stands on somebody else's post. Its node cannot be read, answered or hidden:
// Instagram shows it and takes an answer through the mentioned account alone.

// mentionNode is a comment or a post that mentions the account.
type mentionNode struct {
	commentNode
	Caption string `json:"caption"`
	Post    *struct {
		ID      string `json:"id"`
		Caption string `json:"caption"`
	} `json:"media"`
	Comments *struct {
		Data   []commentNode `json:"data"`
		Paging paging        `json:"paging"`
	} `json:"comments"`
}

// What is asked of a mention: less, where the network does not know a field there. The documentation of a comment's
// fields names neither its author nor fields of its post; both are given.
var (
	mentionedCommentFields = []string{"id,text,timestamp,username,media{id,caption}", "id,text,timestamp,username", "id,text,timestamp"}
	mentionedMediaFields   = []string{"id,caption,timestamp,username", "id,caption,timestamp"}
)

// readMention reads the comment of a mention, or where there is none the post whose caption it is.
func (n *Network) readMention(ctx context.Context, a channels.Account, mediaID, commentID string) (mentionNode, error) {
	if commentID != "" && commentID != mediaID {
		return n.mentioned(ctx, a, "mentioned_comment.comment_id", commentID, mentionedCommentFields)
	}
	return n.mentioned(ctx, a, "mentioned_media.media_id", mediaID, mentionedMediaFields)
}

func (n *Network) mentioned(ctx context.Context, a channels.Account, door, id string, fields []string) (mentionNode, error) {
	if id == "" || strings.Trim(id, "0123456789") != "" {
		return mentionNode{}, refuse("bad_request", "The call names no mention.")
	}
	var err error
	for _, f := range fields {
		var out struct {
			Comment *mentionNode `json:"mentioned_comment"`
			Media   *mentionNode `json:"mentioned_media"`
		}
		if err = n.Client.Get(ctx, a, a.ID, url.Values{"fields": {fmt.Sprintf("%s(%s){%s}", door, id, f)}}, &out); err == nil {
			switch {
			case out.Comment != nil:
				return *out.Comment, nil
			case out.Media != nil:
				return *out.Media, nil
			}
			return mentionNode{}, meta.Classify(100, 33, http.StatusBadRequest) // answered, but not shown
		}
		if failure := new(channels.Failure); !errors.As(err, &failure) || failure.Reason != "bad_request" {
			return mentionNode{}, err
		}
	}
	return mentionNode{}, err
}

// ReadMention reads what a mention says, as the webhook that would have told it with its words, and the post it is on.
func (n *Network) ReadMention(ctx context.Context, a channels.Account, mediaID, commentID string) (body []byte, post channels.Post, err error) {
	m, err := n.readMention(ctx, a, mediaID, commentID)
	if err != nil {
		return nil, channels.Post{}, err
	}
	v := map[string]any{"media_id": mediaID, "text": m.text() + m.Caption}
	post = channels.Post{ID: mediaID, Caption: meta.Clean(m.Caption)}
	if commentID != "" {
		v["comment_id"] = commentID
	} else {
		post.Time = m.at()
	}
	if m.Post != nil {
		post.Caption = meta.Clean(m.Post.Caption)
		if post.ID == "" {
			post.ID = m.Post.ID
			v["media_id"] = m.Post.ID
		}
	}
	if at := m.at(); !at.IsZero() {
		v["timestamp"] = at.Format(graphTime)
	}
	if m.Username != "" {
		from := map[string]any{"username": m.Username}
		if n.isOwn(ctx, a, m.commentNode) {
			from["self_ig_scoped_id"] = a.ID
		}
		v["from"] = from
	}
	body, err = json.Marshal(map[string]any{"object": object(a), "entry": []any{map[string]any{"id": a.ID, "changes": []any{map[string]any{"field": "mentions", "value": v}}}}})
	return body, post, err
}

// LookAt reads back what a call on a comment is about; what is gone is no error.
func (n *Network) LookAt(ctx context.Context, a channels.Account, c channels.Call) (CommentState, error) {
	if !viaMention(a, c) {
		return n.ReadComment(ctx, a, c.CommentID)
	}
	m, err := n.readMention(ctx, a, c.MediaID, c.CommentID)
	if gone(err) {
		return CommentState{}, nil
	}
	if err != nil {
		return CommentState{}, err
	}
	return CommentState{Exists: true, Text: meta.Clean(m.text() + m.Caption), Time: m.at()}, nil
}

// viaMention says that a call goes through the mentioned account rather than to the comment.
func viaMention(a channels.Account, c channels.Call) bool {
	return c.Mention && a.Channel == channels.Instagram
}

// answerMention: POST /{account}/mentions; without a comment it answers the post's caption.
func (n *Network) answerMention(ctx context.Context, a channels.Account, c channels.Call) (channels.Result, error) {
	body := map[string]string{"media_id": c.MediaID, "message": c.Text}
	if c.CommentID != c.MediaID {
		body["comment_id"] = c.CommentID
	}
	var out idAnswer
	if err := n.Client.Post(ctx, a, a.ID+"/mentions", nil, body, &out); err != nil {
		return channels.Result{}, err
	}
	if out.ID == "" {
		return channels.Result{}, noID()
	}
	return channels.Result{ID: out.ID}, nil
}

// settleMention looks among the comments of a post whose caption mentions the account: Instagram lists them. Of the
// answers to a comment it shows none, so whether one is there a person must see.
func (n *Network) settleMention(ctx context.Context, a channels.Account, c channels.Call, since time.Time) (channels.Settled, error) {
	if c.CommentID != c.MediaID {
		return channels.Settled{}, nil
	}
	m, err := n.mentioned(ctx, a, "mentioned_media.media_id", c.MediaID, []string{"id,comments{id,text,username,timestamp}"})
	if gone(err) {
		return channels.Settled{Certain: true}, nil
	}
	if err != nil || m.Comments == nil {
		return channels.Settled{}, err
	}
	complete := m.Comments.Paging.after() == ""
	for _, k := range m.Comments.Data {
		if k.Username == "" && k.From == nil {
			complete = false // it may be ours
			continue
		}
		if n.isOwn(ctx, a, k) && same(k.text(), c.Text) && !k.at().Before(since) {
			return channels.Settled{Happened: true, Certain: true, Result: channels.Result{ID: k.ID}}, nil
		}
	}
	return channels.Settled{Certain: complete}, nil
}
