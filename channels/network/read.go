package network

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ponte/channels"
	"ponte/channels/meta"
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
	out := channels.Post{ID: p.ID, Caption: meta.Clean(p.Caption + p.Message), Permalink: p.Permalink + p.PermalinkURL, MediaURL: p.MediaURL + p.Picture, MediaType: p.MediaType + p.StatusType,
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
	return channels.Profile{Name: meta.Clean(name), Username: meta.Clean(out.Username), PictureURL: out.Picture}, nil
}

// ReadLead reads the answers of a lead form. A ticked box of the form is one that the person ticked.
func (n *Network) ReadLead(ctx context.Context, a channels.Account, id string) (channels.LeadFields, error) {
	var out struct {
		ID      string `json:"id"`
		FormID  string `json:"form_id"`
		AdID    string `json:"ad_id"`
		Created stamp  `json:"created_time"`
		Fields  []struct {
			Name   string   `json:"name"`
			Values []string `json:"values"`
		} `json:"field_data"`
		Boxes []struct {
			Key     string `json:"checkbox_key"`
			Checked any    `json:"is_checked"` // "1", true
		} `json:"custom_disclaimer_responses"`
	}
	fields := "id,created_time,ad_id,form_id,field_data,custom_disclaimer_responses"
	if err := n.Client.Get(ctx, a, id, url.Values{"fields": {fields}}, &out); err != nil {
		return channels.LeadFields{}, err
	}
	lead := channels.LeadFields{ID: out.ID, FormID: out.FormID, AdID: out.AdID, Time: out.Created.Time, Fields: map[string][]string{}, Checkboxes: map[string]bool{}}
	for _, f := range out.Fields {
		for _, v := range f.Values {
			lead.Fields[meta.Clean(f.Name)] = append(lead.Fields[meta.Clean(f.Name)], meta.Clean(v))
		}
	}
	for _, b := range out.Boxes {
		ticked := fmt.Sprint(b.Checked)
		lead.Checkboxes[meta.Clean(b.Key)] = ticked == "1" || ticked == "true"
	}
	return lead, nil
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
