package network

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ponte/channels"
)

// graphTime is Meta's date form: no colon in the offset.
const graphTime = "2006-01-02T15:04:05-0700"

type stamp struct{ time.Time }

func (s *stamp) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	for _, layout := range []string{graphTime, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			s.Time = at.UTC()
			return nil
		}
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		s.Time = time.Unix(n, 0).UTC()
	}
	return nil
}

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
		Data []commentNode `json:"data"`
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
	var f *channels.Failure
	if errors.As(err, &f) && f.Reason == "gone" {
		return CommentState{}, nil
	}
	if err != nil {
		return CommentState{}, err
	}
	return CommentState{Exists: true, Hidden: c.IsHidden || c.Hidden, Text: c.text(), Time: c.at()}, nil
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

type paging struct {
	Cursors struct {
		After string `json:"after"`
	} `json:"cursors"`
	Next string `json:"next"`
}

// after is the cursor of the next page; a list ends when next is missing, not when data is short.
func (p paging) after() string {
	if p.Next == "" {
		return ""
	}
	if p.Cursors.After != "" {
		return p.Cursors.After
	}
	if u, err := url.Parse(p.Next); err == nil {
		return u.Query().Get("after")
	}
	return ""
}

// ReadPost reads a post's caption and picture.
func (n *Network) ReadPost(ctx context.Context, a channels.Account, id string) (channels.Post, error) {
	var p postNode
	if err := n.Client.Get(ctx, a, id, url.Values{"fields": {postFields(a)}}, &p); err != nil {
		return channels.Post{}, err
	}
	return p.neutral(), nil
}

func postFields(a channels.Account) string {
	if a.Channel == channels.Instagram {
		return "id,caption,permalink,media_url,thumbnail_url,media_type,media_product_type,timestamp"
	}
	return "id,message,permalink_url,full_picture,created_time,status_type"
}

type postNode struct {
	ID           string `json:"id"`
	Caption      string `json:"caption"`
	Message      string `json:"message"`
	Permalink    string `json:"permalink"`
	PermalinkURL string `json:"permalink_url"`
	MediaURL     string `json:"media_url"`
	Thumbnail    string `json:"thumbnail_url"`
	Picture      string `json:"full_picture"`
	MediaType    string `json:"media_type"`
	StatusType   string `json:"status_type"`
	ProductType  string `json:"media_product_type"`
	Created      stamp  `json:"created_time"`
	Timestamp    stamp  `json:"timestamp"`
}

func (p postNode) neutral() channels.Post {
	out := channels.Post{ID: p.ID, Caption: p.Caption + p.Message, Permalink: p.Permalink + p.PermalinkURL, MediaURL: p.MediaURL + p.Picture, MediaType: p.MediaType + p.StatusType,
		ProductType: p.ProductType, Time: p.Created.Time}
	if p.Thumbnail != "" {
		out.MediaURL = p.Thumbnail
	}
	if out.Time.IsZero() {
		out.Time = p.Timestamp.Time
	}
	return out
}

// ListPosts lists an account's posts, newest first.
func (n *Network) ListPosts(ctx context.Context, a channels.Account, cursor string) (channels.Page[channels.Post], error) {
	edge := "/posts"
	if a.Channel == channels.Instagram {
		edge = "/media"
	}
	q := url.Values{"fields": {postFields(a)}, "limit": {"25"}}
	if cursor != "" {
		q.Set("after", cursor)
	}
	var out struct {
		Data   []postNode `json:"data"`
		Paging paging     `json:"paging"`
	}
	if err := n.Client.Get(ctx, a, a.ID+edge, q, &out); err != nil {
		return channels.Page[channels.Post]{}, err
	}
	page := channels.Page[channels.Post]{Next: out.Paging.after()}
	for _, p := range out.Data {
		page.Items = append(page.Items, p.neutral())
	}
	return page, nil
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
	for _, c := range out.Data {
		changes = append(changes, asWebhook(a, postID, c, ""))
		if c.Replies != nil {
			for _, r := range c.Replies.Data {
				changes = append(changes, asWebhook(a, postID, r, c.ID))
			}
		}
	}
	if len(changes) == 0 {
		return nil, 0, out.Paging.after(), nil
	}
	object := "page"
	if a.Channel == channels.Instagram {
		object = "instagram"
	}
	body, err = json.Marshal(map[string]any{"object": object, "entry": []any{map[string]any{"id": a.ID, "changes": changes}}})
	return body, len(changes), out.Paging.after(), err
}

// asWebhook is a comment that was read, in the shape in which Meta would have announced it.
func asWebhook(a channels.Account, postID string, c commentNode, parent string) map[string]any {
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
		v := map[string]any{"id": c.ID, "text": c.text(), "media": map[string]any{"id": postID}, "timestamp": c.at().Format(graphTime)}
		if c.Username != "" && from["username"] == nil {
			from["username"] = c.Username
		}
		if from["id"] != nil {
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

// Profile reads a person's name; it fails where the person has not written yet.
func (n *Network) Profile(ctx context.Context, a channels.Account, id string) (channels.Profile, error) {
	var out struct {
		Name     string `json:"name"`
		First    string `json:"first_name"`
		Last     string `json:"last_name"`
		Username string `json:"username"`
		Picture  string `json:"profile_pic"`
	}
	fields := "first_name,last_name,profile_pic"
	if a.Channel == channels.Instagram {
		fields = "name,username,profile_pic"
	}
	if err := n.Client.Get(ctx, a, id, url.Values{"fields": {fields}}, &out); err != nil {
		return channels.Profile{}, err
	}
	name := out.Name
	if name == "" {
		name = strings.TrimSpace(out.First + " " + out.Last)
	}
	return channels.Profile{Name: name, Username: out.Username, PictureURL: out.Picture}, nil
}

// ListTemplates lists the templates of a WhatsApp account.
func (n *Network) ListTemplates(ctx context.Context, a channels.Account, cursor string) (channels.Page[channels.NetworkTemplate], error) {
	q := url.Values{"fields": {"name,status,category,language,components,quality_score,rejected_reason"}, "limit": {"100"}}
	if cursor != "" {
		q.Set("after", cursor)
	}
	var out struct {
		Data []struct {
			channels.NetworkTemplate
			Quality *struct {
				Score string `json:"score"`
			} `json:"quality_score"`
			Rejected string `json:"rejected_reason"`
		} `json:"data"`
		Paging paging `json:"paging"`
	}
	if err := n.Client.Get(ctx, a, a.WABA+"/message_templates", q, &out); err != nil {
		return channels.Page[channels.NetworkTemplate]{}, err
	}
	page := channels.Page[channels.NetworkTemplate]{Next: out.Paging.after()}
	for _, t := range out.Data {
		if t.Quality != nil {
			t.NetworkTemplate.Quality = t.Quality.Score
		}
		t.Reason = t.Rejected
		page.Items = append(page.Items, t.NetworkTemplate)
	}
	return page, nil
}

// maxMedia bounds a picture that is fetched to be shown.
const maxMedia = 10 << 20

// FetchMedia downloads a picture. The token goes along only to Meta's own media host of WhatsApp and
// to the account's own server, never to a CDN.
func (n *Network) FetchMedia(ctx context.Context, a channels.Account, address string) (mime string, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil || (req.URL.Scheme != "http" && req.URL.Scheme != "https") {
		return "", nil, refuse("bad_address", "The picture's address is not one.")
	}
	base, _ := url.Parse(a.BaseURL)
	if req.URL.Host == "lookaside.fbsbx.com" && a.Channel == channels.WhatsApp || base != nil && req.URL.Host == base.Host {
		req.Header.Set("Authorization", "Bearer "+a.Token)
	}
	res, err := n.Client.HTTP.Do(req)
	if err != nil {
		return "", nil, &channels.Failure{Class: channels.Retry, Scope: channels.ScopeCall, Reason: "unreachable", Meaning: "The picture could not be fetched; it is tried again.", After: time.Minute}
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return "", nil, &channels.Failure{Class: channels.GiveUp, Scope: channels.ScopeCall, HTTP: res.StatusCode, Reason: "gone", Meaning: "The picture is not there any more."}
	}
	body, err = io.ReadAll(io.LimitReader(res.Body, maxMedia+1))
	if err != nil || len(body) > maxMedia {
		return "", nil, &channels.Failure{Class: channels.GiveUp, Scope: channels.ScopeCall, Reason: "too_large", Meaning: "The picture is too large or broke off."}
	}
	return http.DetectContentType(body), body, nil
}
