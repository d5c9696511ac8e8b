package network

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"ponte/channels"
	"ponte/channels/meta"
)

type idAnswer struct {
	ID string `json:"id"`
}

// replyToComment: Facebook POST /{comment}/comments, Instagram POST /{comment}/replies. A mention on Facebook is
// answered where it stands; on Instagram it has a door of its own.
func (n *Network) replyToComment(ctx context.Context, a channels.Account, c channels.Call) (channels.Result, error) {
	if viaMention(a, c) {
		return n.answerMention(ctx, a, c)
	}
	edge := "comments"
	if a.Channel == channels.Instagram {
		edge = "replies"
	}
	var out idAnswer
	if err := n.Client.Post(ctx, a, c.CommentID+"/"+edge, nil, map[string]string{"message": c.Text}, &out); err != nil {
		return channels.Result{}, err
	}
	if out.ID == "" {
		return channels.Result{}, noID()
	}
	return channels.Result{ID: out.ID}, nil
}

// setHidden: Facebook POST /{comment} is_hidden=…, Instagram POST /{comment}?hide=… (query string).
func (n *Network) setHidden(ctx context.Context, a channels.Account, c channels.Call) error {
	hide := c.Kind == channels.HideComment
	if a.Channel == channels.Instagram {
		return n.Client.Post(ctx, a, c.CommentID, url.Values{"hide": {strconv.FormatBool(hide)}}, nil, &meta.Success{})
	}
	return n.Client.Post(ctx, a, c.CommentID, nil, map[string]bool{"is_hidden": hide}, &meta.Success{})
}

// deleteComment counts a comment that is gone already as deleted.
func (n *Network) deleteComment(ctx context.Context, a channels.Account, c channels.Call) error {
	err := n.Client.Do(ctx, a, meta.Request{Method: http.MethodDelete, Path: c.CommentID}, &meta.Success{})
	var f *channels.Failure
	if errors.As(err, &f) && f.Reason == "gone" {
		f.Done = true
	}
	return err
}
