package network

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"time"

	"ponte/channels"
	"ponte/channels/meta"
)

// commentNode is a comment as either network gives it.
type commentNode struct {
	ID        string `json:"id"`
	Message   string `json:"message"`
	Text      string `json:"text"`
	Username  string `json:"username"`
	Created   stamp  `json:"created_time"`
	Timestamp stamp  `json:"timestamp"`
	IsHidden  bool   `json:"is_hidden"`
	Hidden    bool   `json:"hidden"`
	ParentID  string `json:"parent_id"`
	Permalink string `json:"permalink_url"`
	Parent    *struct {
		ID string `json:"id"`
	} `json:"parent"`
	From *struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		Username string `json:"username"`
	} `json:"from"`
	Media *struct {
		ID          string `json:"id"`
		ProductType string `json:"media_product_type"`
	} `json:"media"`
	Replies *struct {
		Data   []commentNode `json:"data"`
		Paging paging        `json:"paging"`
	} `json:"replies"`
}

func (c commentNode) text() string {
	if c.Text != "" {
		return c.Text
	}
	return c.Message
}

func (c commentNode) at() time.Time {
	if !c.Created.IsZero() {
		return c.Created.Time
	}
	return c.Timestamp.Time
}

const (
	facebookCommentFields  = "id,message,from,created_time,parent,is_hidden,permalink_url"
	instagramCommentFields = "id,text,username,from,timestamp,parent_id,hidden,media{id,media_product_type}"
)

// CommentState is a comment read back.
type CommentState struct {
	Exists bool
	Hidden bool
	Text   string
	Time   time.Time
}

// ReadComment reads a comment back; one that is gone is no error.
func (n *Network) ReadComment(ctx context.Context, a channels.Account, id string) (CommentState, error) {
	c, err := n.readComment(ctx, a, id)
	if gone(err) {
		return CommentState{}, nil
	}
	if err != nil {
		return CommentState{}, err
	}
	return CommentState{Exists: true, Hidden: c.IsHidden || c.Hidden, Text: meta.Clean(c.text()), Time: c.at()}, nil
}

func (n *Network) readComment(ctx context.Context, a channels.Account, id string) (commentNode, error) {
	fields := facebookCommentFields
	if a.Channel == channels.Instagram {
		fields = instagramCommentFields
	}
	var c commentNode
	err := n.Client.Get(ctx, a, id, url.Values{"fields": {fields}}, &c)
	return c, err
}

// ListComments lists a post's comments with their replies as a webhook body of the same account, so
// that the sweep and the backfill go through the same door as Meta's own webhooks.
func (n *Network) ListComments(ctx context.Context, a channels.Account, postID, cursor string) (body []byte, count int, next string, err error) {
	q := url.Values{"limit": {"50"}}
	if a.Channel == channels.Instagram {
		q.Set("fields", instagramCommentFields+",replies{"+instagramCommentFields+"}")
	} else {
		q.Set("fields", facebookCommentFields)
		q.Set("filter", "stream")
		q.Set("order", "reverse_chronological")
	}
	if cursor != "" {
		q.Set("after", cursor)
	}
	var out struct {
		Data   []commentNode `json:"data"`
		Paging paging        `json:"paging"`
	}
	if err := n.Client.Get(ctx, a, postID+"/comments", q, &out); err != nil {
		return nil, 0, "", err
	}
	var changes []any
	for _, c := range slices.Backward(out.Data) { // oldest first, as they were written
		changes = append(changes, n.asWebhook(ctx, a, postID, c, ""))
		replies, err := n.repliesOf(ctx, a, c)
		if err != nil {
			return nil, 0, "", err
		}
		for _, r := range replies {
			changes = append(changes, n.asWebhook(ctx, a, postID, r, c.ID))
		}
	}
	if len(changes) == 0 {
		return nil, 0, out.Paging.after(), nil
	}
	body, err = json.Marshal(map[string]any{"object": object(a), "entry": []any{map[string]any{"id": a.ID, "changes": changes}}})
	return body, len(changes), out.Paging.after(), err
}

// repliesOf returns the replies that came with a comment, and the further ones of a long thread.
func (n *Network) repliesOf(ctx context.Context, a channels.Account, c commentNode) ([]commentNode, error) {
	if c.Replies == nil {
		return nil, nil
	}
	list, next := c.Replies.Data, c.Replies.Paging.after()
	for range maxLooks {
		if next == "" {
			break
		}
		var out struct {
			Data   []commentNode `json:"data"`
			Paging paging        `json:"paging"`
		}
		if err := n.Client.Get(ctx, a, c.ID+"/replies", url.Values{"fields": {instagramCommentFields}, "limit": {"50"}, "after": {next}}, &out); err != nil {
			return nil, err
		}
		list, next = append(list, out.Data...), out.Paging.after()
	}
	return list, nil
}

// isOwn reports whether the account wrote a comment. Instagram may name itself by username only.
func (n *Network) isOwn(ctx context.Context, a channels.Account, c commentNode) bool {
	if c.From != nil && isAccount(a, c.From.ID) {
		return true
	}
	if a.Channel != channels.Instagram {
		return c.From == nil // a Page may read its own name only with more permissions
	}
	name := c.Username
	if name == "" && c.From != nil {
		name = c.From.Username
	}
	return name != "" && name == n.username(ctx, a)
}

// username is the account's own, asked for once; empty where it cannot be read now.
func (n *Network) username(ctx context.Context, a channels.Account) string {
	if known, ok := n.names.Load(a.ID); ok {
		return known.(string)
	}
	var me struct {
		Username string `json:"username"`
	}
	if err := n.Client.Get(ctx, a, a.ID, url.Values{"fields": {"username"}}, &me); err != nil || me.Username == "" {
		return ""
	}
	n.names.Store(a.ID, me.Username)
	return me.Username
}

// asWebhook is a comment that was read, in the shape in which Meta would have announced it.
func (n *Network) asWebhook(ctx context.Context, a channels.Account, postID string, c commentNode, parent string) map[string]any {
	if c.Parent != nil {
		parent = c.Parent.ID
	}
	if c.ParentID != "" {
		parent = c.ParentID
	}
	from := map[string]any{}
	if c.From != nil {
		from["id"], from["name"], from["username"] = c.From.ID, c.From.Name, c.From.Username
	}
	if a.Channel == channels.Instagram {
		v := map[string]any{"id": c.ID, "text": c.text(), "media": c.media(postID), "timestamp": c.at().Format(graphTime)}
		if c.Username != "" && (from["username"] == nil || from["username"] == "") {
			from["username"] = c.Username
		}
		if n.isOwn(ctx, a, c) {
			from["self_ig_scoped_id"] = a.ID
		}
		if len(from) > 0 {
			v["from"] = from
		}
		if parent != "" {
			v["parent_id"] = parent
		}
		return map[string]any{"field": "comments", "value": v}
	}
	v := map[string]any{"item": "comment", "verb": "add", "comment_id": c.ID, "post_id": postID, "message": c.text(), "created_time": c.at().Unix()}
	if parent == "" {
		parent = postID
	}
	v["parent_id"] = parent
	if from["id"] != nil {
		v["from"] = from
	}
	return map[string]any{"field": "feed", "value": v}
}

func (c commentNode) media(postID string) map[string]any {
	m := map[string]any{"id": postID}
	if c.Media != nil && c.Media.ProductType != "" {
		m["media_product_type"] = c.Media.ProductType
	}
	return m
}
