package webhook

import (
	"encoding/json"
	"fmt"

	"ponte/channels"
)

type igMedia struct {
	ID              id   `json:"id"`
	ProductType     text `json:"media_product_type"`
	AdID            id   `json:"ad_id"`
	AdTitle         text `json:"ad_title"`
	OriginalMediaID id   `json:"original_media_id"`
}

type igComment struct {
	ID              id              `json:"id"`
	CommentID       id              `json:"comment_id"` // Facebook Login's documentation
	ParentID        id              `json:"parent_id"`
	Text            text            `json:"text"`
	From            object[author]  `json:"from"`
	Media           object[igMedia] `json:"media"`
	MediaID         id              `json:"media_id"`
	Created         instant         `json:"created_time"`
	Timestamp       instant         `json:"timestamp"`
	AdID            id              `json:"ad_id"`
	AdTitle         text            `json:"ad_title"`
	OriginalMediaID id              `json:"original_media_id"`
	Self            id              `json:"self_ig_scoped_id"`
}

func (p *parser) instagramChange(c change) {
	switch c.Field {
	case "comments", "live_comments":
		p.instagramComment(c)
	case "mentions":
		p.instagramMention(c)
	case "story_insights":
		p.unsupported("story_insights", c.Value, "story figures are not used")
	case "messages", "messaging_postbacks", "messaging_seen", "message_reactions", "messaging_referral", "messaging_referrals", "messaging_optins", "message_edit", "message_edits", "message_echoes",
		"message_reads", "message_deliveries", "messaging_handover", "messaging_handovers", "messaging_policy_enforcement", "standby":
		p.messaging(c.Value, c.Field == "standby")
	default:
		p.unsupported(string(c.Field), c.Value, fmt.Sprintf("instagram field %q is not one that ponte uses", short(string(c.Field))))
	}
}

func (p *parser) instagramComment(c change) {
	var v igComment
	if err := json.Unmarshal(c.Value, &v); err != nil || firstOf(v.ID, v.CommentID) == "" {
		p.unsupported(string(c.Field), c.Value, "an Instagram comment has no id")
		return
	}
	comment := firstOf(v.ID, v.CommentID)
	e := channels.Event{Kind: channels.CommentAdded, Channel: channels.Instagram, ID: comment, Text: string(v.Text), Key: "comment:" + comment + ":added"}
	if e.Time = v.Created.Time; e.Time.IsZero() {
		e.Time = v.Timestamp.Time
	}
	in := &channels.Comment{ParentID: string(v.ParentID), PostID: string(v.MediaID), AdID: string(v.AdID), AdTitle: string(v.AdTitle),
		OriginalMediaID: string(v.OriginalMediaID), Live: c.Field == "live_comments", RootID: firstOf(string(v.ParentID), comment)}
	if m := v.Media.V; m != nil {
		in.PostID, in.ProductType = firstOf(m.ID, v.MediaID), string(m.ProductType)
		in.AdID, in.AdTitle, in.OriginalMediaID = firstOf(m.AdID, v.AdID), firstOf(m.AdTitle, v.AdTitle), firstOf(m.OriginalMediaID, v.OriginalMediaID)
	}
	if in.OriginalMediaID != "" { // under an ad made of a post: whoever chooses the post means it, and its caption can be read
		in.PostID = in.OriginalMediaID
	}
	if v.From.V != nil {
		e.Person, e.User, e.Name = string(v.From.V.ID), string(v.From.V.Username), string(v.From.V.Name)
		e.Own = v.From.V.Self != "" || e.Person == string(p.entry.ID)
	}
	e.Own = e.Own || v.Self != ""
	e.Comment, e.Lane = in, "c:"+in.RootID
	p.add(e)
}

// instagramMention: Facebook Login only, and without its words. Read afterwards it comes once more with them, as an
// event of its own.
func (p *parser) instagramMention(c change) {
	var v struct {
		CommentID id             `json:"comment_id"`
		MediaID   id             `json:"media_id"`
		Text      *text          `json:"text"`
		From      object[author] `json:"from"`
		Timestamp instant        `json:"timestamp"`
	}
	if err := json.Unmarshal(c.Value, &v); err != nil || firstOf(v.CommentID, v.MediaID) == "" {
		p.unsupported("mentions", c.Value, "a mention names no media and no comment")
		return
	}
	thing := firstOf(v.CommentID, v.MediaID)
	e := channels.Event{Kind: channels.MentionAdded, Channel: channels.Instagram, ID: thing, Time: v.Timestamp.Time,
		Comment: &channels.Comment{PostID: string(v.MediaID), RootID: thing}, Key: "mention:" + thing, Lane: "c:" + thing}
	if v.Text != nil {
		e.Text, e.Comment.Read, e.Key = string(*v.Text), true, e.Key+":read"
	}
	if v.From.V != nil {
		e.Person, e.User, e.Name = string(v.From.V.ID), string(v.From.V.Username), string(v.From.V.Name)
		e.Own = v.From.V.Self != "" || e.Person != "" && e.Person == string(p.entry.ID)
	}
	p.add(e)
}
