package webhook

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ponte/channels"
)

type author struct {
	ID       id   `json:"id"`
	Name     text `json:"name"`
	Username text `json:"username"`
	Self     id   `json:"self_ig_scoped_id"` // Instagram: the account's owner wrote it
}

type feedValue struct {
	Item         text           `json:"item"`
	Verb         text           `json:"verb"`
	CommentID    id             `json:"comment_id"`
	PostID       id             `json:"post_id"`
	ParentID     id             `json:"parent_id"`
	From         object[author] `json:"from"`
	SenderID     id             `json:"sender_id"` // before v2.11
	SenderName   text           `json:"sender_name"`
	Message      text           `json:"message"`
	Created      instant        `json:"created_time"`
	Photo        text           `json:"photo"`
	Video        text           `json:"video"`
	Link         text           `json:"link"`
	ReactionType text           `json:"reaction_type"`
	Post         object[struct {
		ID        id    `json:"id"`
		Permalink text  `json:"permalink_url"`
		Published *flag `json:"is_published"`
	}] `json:"post"`
}

func (v feedValue) author() (personID, name string) {
	if v.From.V != nil {
		return string(v.From.V.ID), string(v.From.V.Name)
	}
	return string(v.SenderID), string(v.SenderName)
}

func (p *parser) pageChange(c change) {
	switch c.Field {
	case "feed":
		p.feed(c)
	case "mention":
		p.pageMention(c)
	case "leadgen":
		p.lead(c)
	case "messages", "message_echoes", "messaging_postbacks", "message_edits", "message_reactions", "message_reads", "message_deliveries", "messaging_referrals", "messaging_optins",
		"messaging_handovers", "messaging_policy_enforcement", "standby":
		p.messaging(c.Value, c.Field == "standby") // the dashboard's test button sends them as changes
	default:
		p.unsupported(string(c.Field), c.Value, fmt.Sprintf("page field %q is not one that ponte uses", short(string(c.Field))))
	}
}

func (p *parser) feed(c change) {
	var v feedValue
	if err := json.Unmarshal(c.Value, &v); err != nil {
		p.unsupported("feed", c.Value, "a feed change is not as Meta sends it")
		return
	}
	switch v.Item {
	case "comment":
		p.pageComment(v, c.Value)
	case "like", "reaction":
		p.unsupported("feed", c.Value, "reactions to posts and comments are not used")
	case "mention":
		p.pageMention(c)
	case "":
		p.unsupported("feed", c.Value, "a feed change names no item")
	default:
		p.postChange(v, c.Value)
	}
}

func (p *parser) pageComment(v feedValue, raw json.RawMessage) {
	kinds := map[text]channels.Kind{"add": channels.CommentAdded, "edited": channels.CommentEdited, "edit": channels.CommentEdited, "update": channels.CommentEdited,
		"remove": channels.CommentRemoved, "delete": channels.CommentRemoved, "hide": channels.CommentHidden, "unhide": channels.CommentUnhidden}
	kind, ok := kinds[v.Verb]
	if !ok || v.CommentID == "" {
		p.unsupported("feed", raw, fmt.Sprintf("a comment with verb %q and id %q is not understood", short(string(v.Verb)), short(string(v.CommentID))))
		return
	}
	person, name := v.author()
	e := channels.Event{Kind: kind, Channel: channels.Facebook, ID: string(v.CommentID), Time: v.Created.Time, Person: person, Name: name, Text: string(v.Message),
		Own: person != "" && person == string(p.entry.ID), Comment: &channels.Comment{PostID: string(v.PostID)}}
	if at := p.entry.Time.Time; kind != channels.CommentAdded && !at.IsZero() {
		e.Time, e.Written = at, v.Created.Time // created_time is the comment's, not the change's
	}
	if v.Post.V != nil {
		e.Comment.PostID, e.Comment.Permalink = firstOf(v.PostID, v.Post.V.ID), string(v.Post.V.Permalink)
		if shown := v.Post.V.Published; shown != nil && !*shown { // people meet it nowhere but as an advertisement
			e.Comment.ProductType = "AD"
		}
	}
	root := string(v.CommentID)
	if isReply(v) {
		e.Comment.ParentID, root = string(v.ParentID), string(v.ParentID)
	}
	e.Comment.RootID = root
	for kind, url := range map[string]text{"photo": v.Photo, "video": v.Video, "link": v.Link} {
		if url != "" {
			e.Comment.Attachments = append(e.Comment.Attachments, channels.Attachment{Type: kind, URL: string(url)})
		}
	}
	sortAttachments(e.Comment.Attachments)
	switch kind {
	case channels.CommentEdited:
		// Who edits to and fro ends with words that stood there before: the instant tells the changes apart, and
		// the same words come again change nothing.
		e.Key = fmt.Sprintf("comment:%s:edited:%s:%d", e.ID, hash(e.Text), e.Time.Unix())
	case channels.CommentHidden, channels.CommentUnhidden:
		// A comment may be hidden, shown and hidden again: the instant tells the changes apart.
		e.Key = fmt.Sprintf("comment:%s:%s:%d", e.ID, v.Verb, e.Time.Unix())
	case channels.CommentRemoved:
		e.Key = "comment:" + e.ID + ":removed"
	default:
		e.Key = "comment:" + e.ID + ":added"
	}
	e.Lane = "c:" + root
	p.add(e)
}

// isReply reports whether the parent is a comment. A top-level comment names its post there, which may
// be written in another form than post_id: a comment {post}_{comment} hangs on {page}_{post} or {post}.
func isReply(v feedValue) bool {
	post, _, full := strings.Cut(string(v.CommentID), "_")
	switch {
	case v.ParentID == "" || v.ParentID == v.PostID || v.ParentID == v.CommentID:
		return false
	case v.Post.V != nil && v.ParentID == v.Post.V.ID:
		return false
	case full && (string(v.ParentID) == post || strings.HasSuffix(string(v.ParentID), "_"+post)):
		return false
	}
	return true
}

func sortAttachments(list []channels.Attachment) {
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && list[j].Type < list[j-1].Type; j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
}

func (p *parser) postChange(v feedValue, raw json.RawMessage) {
	person, name := v.author()
	post := firstOf(v.PostID, v.CommentID)
	if v.Post.V != nil && post == "" {
		post = string(v.Post.V.ID)
	}
	if post == "" {
		p.unsupported("feed", raw, fmt.Sprintf("a feed change of item %q names no post", short(string(v.Item))))
		return
	}
	at, written := v.Created.Time, time.Time{}
	key := fmt.Sprintf("post:%s:%s:%s:%s", post, v.Item, v.Verb, digest(raw))
	if changed := p.entry.Time.Time; v.Verb != "add" && !changed.IsZero() {
		at, written = changed, at
		key += fmt.Sprintf(":%d", changed.Unix()) // a post may be hidden, shown and hidden again
	}
	p.add(channels.Event{Kind: channels.PostChanged, Channel: channels.Facebook, ID: post, Time: at, Written: written, Person: person, Name: name, Text: string(v.Message),
		Own: person != "" && person == string(p.entry.ID), Change: &channels.Change{Field: string(v.Item), Value: string(v.Verb)}, Comment: &channels.Comment{PostID: post},
		Key: key, Lane: "post:" + post})
}

func (p *parser) pageMention(c change) {
	var v feedValue
	if err := json.Unmarshal(c.Value, &v); err != nil || firstOf(v.CommentID, v.PostID) == "" {
		p.unsupported("mention", c.Value, "a mention names no post and no comment")
		return
	}
	if v.CommentID != "" && strings.HasPrefix(string(v.PostID), string(p.entry.ID)+"_") {
		p.pageComment(v, c.Value) // under the Page's own post it is a comment like others, which feed tells as well
		return
	}
	person, name := v.author()
	thing := firstOf(v.CommentID, v.PostID)
	key := "mention:" + thing
	switch v.Verb {
	case "remove", "delete":
		p.unsupported("mention", c.Value, "a mention was taken back: nothing hangs on it")
		return
	case "edit", "edited", "update": // the edit may have brought the mention
		key += ":edited:" + hash(string(v.Message))
	}
	p.add(channels.Event{Kind: channels.MentionAdded, Channel: channels.Facebook, ID: thing, Time: v.Created.Time, Person: person, Name: name, Text: string(v.Message),
		Own: person != "" && person == string(p.entry.ID), Comment: &channels.Comment{PostID: string(v.PostID), RootID: thing}, Key: key, Lane: "c:" + thing})
}

func (p *parser) lead(c change) {
	var v struct {
		LeadID  id      `json:"leadgen_id"`
		PageID  id      `json:"page_id"`
		FormID  id      `json:"form_id"`
		AdID    id      `json:"ad_id"` // 0 for organic and test leads
		Created instant `json:"created_time"`
	}
	if err := json.Unmarshal(c.Value, &v); err != nil || v.LeadID == "" {
		p.unsupported("leadgen", c.Value, "a lead has no id")
		return
	}
	if v.AdID == "0" {
		v.AdID = ""
	}
	p.add(channels.Event{Kind: channels.LeadSubmitted, Channel: channels.Facebook, ID: string(v.LeadID), Time: v.Created.Time,
		Lead: &channels.Lead{FormID: string(v.FormID), AdID: string(v.AdID), PageID: string(v.PageID)}, Key: "lead:" + string(v.LeadID), Lane: "lead:" + string(v.LeadID)})
}
