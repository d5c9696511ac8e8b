package network

import (
	"unicode/utf8"

	"ponte/channels"
)

// Limits as Meta states them. What is longer is refused rather than cut: a person must shorten it.
const (
	maxInstagramBytes   = 1000 // Instagram messaging: "1000 bytes"
	maxMessengerChars   = 2000
	maxButtonText       = 640 // Messenger and Instagram: the text above a link button
	maxQuickReplies     = 13
	maxPayload          = 1000 // of a quick reply
	maxWhatsAppChars    = 4096
	maxInteractiveBody  = 1024 // a WhatsApp message with buttons or a link
	maxCaption          = 1024
	maxWhatsAppButtons  = 3
	maxWhatsAppButtonID = 256
	maxRows             = 10
	maxRowID            = 200
	maxFacebookReply    = 8000
	maxInstagramReply   = 2200
)

// Titles are cut, not refused: they are ours, and a cut title still says what it does.
const (
	buttonTitle    = 20
	rowTitle       = 24
	rowDescription = 72
)

// check refuses what the network would refuse, in a clearer sentence, before anything leaves.
func check(a channels.Account, c channels.Call) *channels.Failure {
	switch c.Kind {
	case channels.ReplyToComment, channels.HideComment, channels.UnhideComment, channels.DeleteComment:
		return checkComment(a, c)
	case channels.PrivateReply, channels.SendMessage:
		if a.Channel == channels.WhatsApp {
			return checkWhatsApp(c)
		}
		return checkDM(a, c)
	case channels.SendTemplate:
		return checkTemplate(a, c)
	case channels.MarkRead, channels.Typing:
		if a.Channel == channels.WhatsApp && c.MessageID == "" || a.Channel != channels.WhatsApp && c.To == "" {
			return refuse("bad_request", "The call names neither a message nor a person.")
		}
	case channels.BlockUser, channels.UnblockUser:
		if c.To == "" && c.Phone == "" {
			return refuse("no_recipient", "The call names nobody.")
		}
	case channels.SubmitTemplate:
		if a.WABA == "" || len(c.Definition) == 0 {
			return refuse("bad_request", "A template needs a definition and a WhatsApp business account (WABA id).")
		}
	case channels.EditTemplate, channels.DeleteTemplate, channels.ResumeTemplate:
		if c.TemplateID == "" {
			return refuse("bad_request", "The call names no template of the network's: read the templates from Meta first.")
		}
	}
	return nil
}

func checkComment(a channels.Account, c channels.Call) *channels.Failure {
	n := utf8.RuneCountInString(c.Text)
	switch {
	case a.Channel == channels.WhatsApp:
		return refuse("not_possible", "There are no comments on WhatsApp.")
	case c.CommentID == "":
		return refuse("bad_request", "The call names no comment.")
	case c.Mention && c.Kind != channels.ReplyToComment:
		return refuse("mention_elsewhere", "It stands on somebody else's post, where only they can hide or delete it.")
	case c.Kind != channels.ReplyToComment:
		return nil
	case viaMention(a, c) && c.MediaID == "":
		return refuse("bad_request", "The call names no post on which the account is mentioned.")
	case n == 0:
		return refuse("empty", "There is nothing to say: the reply is empty.")
	case a.Channel == channels.Instagram && n > maxInstagramReply:
		return refuse("too_long", "The reply has %d characters; Instagram takes at most %d: shorten it.", n, maxInstagramReply)
	case n > maxFacebookReply:
		return refuse("too_long", "The reply has %d characters; Facebook takes at most %d: shorten it.", n, maxFacebookReply)
	}
	return nil
}

func checkDM(a channels.Account, c channels.Call) *channels.Failure {
	n := utf8.RuneCountInString(c.Text)
	switch {
	case c.Kind == channels.PrivateReply && c.CommentID == "":
		return refuse("bad_request", "The call names no comment.")
	case c.Kind == channels.SendMessage && c.To == "":
		return refuse("no_recipient", "The call names nobody.")
	case c.Text == "" && c.Media == nil:
		return refuse("empty", "There is nothing to say: the text is empty.")
	case c.Media != nil && (c.Text != "" || c.Link != nil):
		return refuse("two_messages", "Messenger and Instagram take either a text or a file in one message: send two.")
	case c.List != nil:
		return refuse("not_possible", "Lists are for WhatsApp: use quick replies.")
	case a.Channel == channels.Instagram && len(c.Text) > maxInstagramBytes:
		return refuse("too_long", "The text has %d bytes; Instagram takes at most %d: shorten it.", len(c.Text), maxInstagramBytes)
	case n > maxMessengerChars:
		return refuse("too_long", "The text has %d characters; Messenger takes at most %d: shorten it.", n, maxMessengerChars)
	case c.Link != nil && n > maxButtonText:
		return refuse("too_long", "The text has %d characters; above a button at most %d can stand: shorten it.", n, maxButtonText)
	case len(c.Buttons) > maxQuickReplies:
		return refuse("too_many_buttons", "At most %d quick replies can stand under a message.", maxQuickReplies)
	}
	if f := checkMedia(c.Media); f != nil {
		return f
	}
	return checkButtons(c.Buttons, maxPayload)
}

func checkWhatsApp(c channels.Call) *channels.Failure {
	n := utf8.RuneCountInString(c.Text)
	extras := 0
	for _, has := range []bool{len(c.Buttons) > 0, c.List != nil, c.Link != nil} {
		if has {
			extras++
		}
	}
	switch {
	case c.Kind == channels.PrivateReply:
		return refuse("not_possible", "Private replies are for comments on Facebook and Instagram.")
	case c.Text == "" && (c.Media == nil || extras > 0):
		return refuse("empty", "There is nothing to say: the text is empty.")
	case n > maxWhatsAppChars:
		return refuse("too_long", "The text has %d characters; WhatsApp takes at most %d: shorten it.", n, maxWhatsAppChars)
	case extras > 1:
		return refuse("bad_request", "A WhatsApp message has buttons, a list or a link, but only one of them.")
	case c.Media != nil && (c.List != nil || c.Link != nil):
		return refuse("bad_request", "A WhatsApp message with a list or a link takes no file: send two.")
	case c.Media != nil && c.Media.Type == "audio" && c.Text != "":
		return refuse("two_messages", "WhatsApp takes no text and no buttons beside audio: send two messages.")
	case (len(c.Buttons) > 0 || c.Link != nil) && n > maxInteractiveBody:
		return refuse("too_long", "The text has %d characters; WhatsApp takes at most %d beside buttons: shorten it.", n, maxInteractiveBody)
	case c.Media != nil && n > maxCaption:
		return refuse("too_long", "The text has %d characters; WhatsApp takes at most %d beside a file: shorten it.", n, maxCaption)
	case len(c.Buttons) > maxWhatsAppButtons:
		return refuse("too_many_buttons", "WhatsApp takes at most %d buttons: use a list.", maxWhatsAppButtons)
	}
	if f := checkMedia(c.Media); f != nil {
		return f
	}
	if f := checkList(c.List); f != nil {
		return f
	}
	return checkButtons(c.Buttons, maxWhatsAppButtonID)
}

func checkMedia(m *channels.Media) *channels.Failure {
	if m == nil {
		return nil
	}
	switch m.Type {
	case "image", "video", "audio", "document":
	default:
		return refuse("bad_media", "A file is an image, a video, audio or a document, not %q.", m.Type)
	}
	if m.URL == "" && m.ID == "" && len(m.Bytes) == 0 {
		return refuse("bad_media", "The file has neither an address nor an id.")
	}
	return nil
}

// checkButtons: the id comes back when the button is tapped, so it is never shortened.
func checkButtons(list []channels.Button, maxID int) *channels.Failure {
	seen := map[string]bool{}
	for _, b := range list {
		switch {
		case b.Title == "" || b.ID == "":
			return refuse("bad_button", "Every button needs a title and an id.")
		case len(b.ID) > maxID:
			return refuse("bad_button", "The id of a button has %d bytes; at most %d are possible.", len(b.ID), maxID)
		case seen[b.ID]:
			return refuse("bad_button", "Two buttons have the same id.")
		}
		seen[b.ID] = true
	}
	return nil
}

func checkList(l *channels.List) *channels.Failure {
	if l == nil {
		return nil
	}
	if len(l.Rows) == 0 || len(l.Rows) > maxRows || l.Button == "" {
		return refuse("bad_list", "A WhatsApp list has a button and one to %d rows.", maxRows)
	}
	rows := make([]channels.Button, len(l.Rows))
	for i, r := range l.Rows {
		rows[i] = channels.Button{ID: r.ID, Title: r.Title}
	}
	return checkButtons(rows, maxRowID)
}

func checkTemplate(a channels.Account, c channels.Call) *channels.Failure {
	switch {
	case a.Channel != channels.WhatsApp:
		return refuse("not_possible", "Templates are for WhatsApp.")
	case c.Template == nil || c.Template.Name == "" || c.Template.Language == "":
		return refuse("bad_request", "The call names no template, or no language.")
	}
	return nil
}

// cut shortens a title to n characters, at the boundary of one.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
