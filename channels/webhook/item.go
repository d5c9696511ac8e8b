package webhook

import "encoding/json"

type party struct {
	ID      id `json:"id"`
	UserRef id `json:"user_ref"`
}

// item is one element of messaging[] or standby[]. Exactly one of its objects says what happened.
type item struct {
	Sender    object[party] `json:"sender"`
	Recipient object[party] `json:"recipient"`
	Timestamp instant       `json:"timestamp"`

	Message   object[dm]            `json:"message"`
	Edit      object[dmEdit]        `json:"message_edit"`
	Postback  object[dmPostback]    `json:"postback"`
	Reaction  object[dmReaction]    `json:"reaction"`
	Read      object[dmSeen]        `json:"read"`
	Delivery  object[dmSeen]        `json:"delivery"`
	Referral  object[dmReferral]    `json:"referral"`
	Optin     object[dmOptin]       `json:"optin"`
	Policy    object[dmPolicy]      `json:"policy_enforcement"`
	PolicyOld object[dmPolicy]      `json:"policy-enforcement"`
	Pass      object[dmThreadOwner] `json:"pass_thread_control"`
	Take      object[dmThreadOwner] `json:"take_thread_control"`
	Request   object[dmThreadOwner] `json:"request_thread_control"`
	AppRoles  json.RawMessage       `json:"app_roles"`
}

// saysNothing is an item whose object is there and holds nothing that anybody could act on or look up.
func (it item) saysNothing() bool {
	switch m, edit, tap := it.Message.V, it.Edit.V, it.Postback.V; {
	case m != nil:
		return m.Mid == "" && m.Text == "" && len(m.Attachments) == 0 && m.Referral.V == nil && m.QuickReply.V == nil
	case edit != nil:
		return edit.Mid == ""
	case tap != nil:
		return tap.Mid == "" && tap.Payload == "" && tap.Title == "" && tap.Referral.V == nil
	case it.Reaction.V != nil:
		return it.Reaction.V.Mid == ""
	case it.Read.V != nil:
		return it.Read.V.empty()
	case it.Delivery.V != nil:
		return it.Delivery.V.empty()
	case it.Referral.V != nil:
		return *it.Referral.V == dmReferral{}
	case it.Optin.V != nil:
		return *it.Optin.V == dmOptin{}
	}
	return false
}

func (s dmSeen) empty() bool { return s.Mid == "" && len(s.Mids) == 0 && s.Watermark.IsZero() }

type dm struct {
	Mid         text               `json:"mid"`
	Text        text               `json:"text"`
	IsEcho      flag               `json:"is_echo"`
	IsDeleted   flag               `json:"is_deleted"`
	Unsupported flag               `json:"is_unsupported"`
	IsSelf      flag               `json:"is_self"`
	AppID       id                 `json:"app_id"`
	Metadata    text               `json:"metadata"`
	Attachments list[dmAttachment] `json:"attachments"`
	QuickReply  object[struct {
		Payload text `json:"payload"`
	}] `json:"quick_reply"`
	ReplyTo object[struct {
		Mid   text `json:"mid"`
		Story object[struct {
			ID  id   `json:"id"`
			URL text `json:"url"`
		}] `json:"story"`
	}] `json:"reply_to"`
	Referral object[dmReferral] `json:"referral"`
}

type dmAttachment struct {
	Type    text `json:"type"`
	Payload object[struct {
		URL         text `json:"url"`
		Title       text `json:"title"`
		Text        text `json:"text"` // what a button template says, in echoes
		StickerID   id   `json:"sticker_id"`
		PostID      id   `json:"ig_post_media_id"`
		ReelID      id   `json:"reel_video_id"`
		ID          id   `json:"id"`
		Coordinates object[struct {
			Lat  decimal `json:"lat"`
			Long decimal `json:"long"`
		}] `json:"coordinates"`
	}] `json:"payload"`
	URL   text `json:"url"`
	Title text `json:"title"`
}

type dmEdit struct {
	Mid     text    `json:"mid"`
	Text    text    `json:"text"`
	NumEdit *number `json:"num_edit"`
}

type dmPostback struct {
	Mid      text               `json:"mid"`
	Title    text               `json:"title"`
	Payload  text               `json:"payload"`
	Referral object[dmReferral] `json:"referral"`
}

type dmReaction struct {
	Mid      text `json:"mid"`
	Action   text `json:"action"`
	Reaction text `json:"reaction"`
	Emoji    text `json:"emoji"`
}

type dmSeen struct {
	Mid       text       `json:"mid"` // Instagram names the message
	Mids      list[text] `json:"mids"`
	Watermark instant    `json:"watermark"` // Messenger: all at or before
}

type dmReferral struct {
	Ref     text `json:"ref"`
	Source  text `json:"source"`
	Type    text `json:"type"`
	AdID    id   `json:"ad_id"`
	Product object[struct {
		ID id `json:"id"`
	}] `json:"product"`
	Context object[struct {
		Title    text `json:"ad_title"`
		PhotoURL text `json:"photo_url"`
		VideoURL text `json:"video_url"`
		PostID   id   `json:"post_id"`
	}] `json:"ads_context_data"`
}

type dmOptin struct {
	Type    text `json:"type"`
	Ref     text `json:"ref"`
	Payload text `json:"payload"`
	Title   text `json:"title"`
	UserRef id   `json:"user_ref"`
	Status  text `json:"notification_messages_status"`
}

type dmPolicy struct {
	Action text `json:"action"`
	Reason text `json:"reason"`
}

type dmThreadOwner struct {
	New      id   `json:"new_owner_app_id"`
	Previous id   `json:"previous_owner_app_id"`
	Request  id   `json:"requested_owner_app_id"`
	Metadata text `json:"metadata"`
}
