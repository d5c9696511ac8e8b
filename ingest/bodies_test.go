package ingest

type obj = map[string]any

// The bodies below have the shape in which Meta sends them.

func (b *rig) igEntry(field string, value obj) string {
	return b.encode(obj{"object": "instagram", "entry": []any{obj{"id": igID, "time": b.now.Unix(), "changes": []any{obj{"field": field, "value": value}}}}})
}

func (b *rig) igComment(id, person, text string) string {
	return b.igEntry("comments", obj{"id": id, "text": text, "from": obj{"id": person, "username": "u" + person}, "media": obj{"id": post, "media_product_type": "FEED"}})
}

func (b *rig) igReply(id, parent, person, text string) string {
	return b.igEntry("comments", obj{"id": id, "parent_id": parent, "text": text, "from": obj{"id": person, "username": "u" + person}, "media": obj{"id": post}})
}

func (b *rig) fbFeed(verb, id, person, text string) string {
	return b.fbComment(verb, fbID+"_30", id, person, text)
}

// fbUnder is an answer to a comment.
func (b *rig) fbUnder(parent, id, person, text string) string {
	return b.fbComment("add", parent, id, person, text)
}

func (b *rig) fbComment(verb, parent, id, person, text string) string {
	v := obj{"item": "comment", "verb": verb, "comment_id": id, "post_id": fbID + "_30", "parent_id": parent, "created_time": b.now.Unix(), "message": text}
	if person != "" {
		v["from"] = obj{"id": person, "name": "Ana Ruiz"}
	}
	return b.encode(obj{"object": "page", "entry": []any{obj{"id": fbID, "time": b.now.Unix(), "changes": []any{obj{"field": "feed", "value": v}}}}})
}

func (b *rig) igMessaging(fields obj) string {
	fields["timestamp"] = b.now.UnixMilli()
	return b.encode(obj{"object": "instagram", "entry": []any{obj{"id": igID, "time": b.now.UnixMilli(), "messaging": []any{fields}}}})
}

func (b *rig) igMessage(id, person, text string) string {
	return b.igMessaging(obj{"sender": obj{"id": person}, "recipient": obj{"id": igID}, "message": obj{"mid": id, "text": text}})
}

func (b *rig) igEcho(id, person, text string) string {
	return b.igMessaging(obj{"sender": obj{"id": igID}, "recipient": obj{"id": person}, "message": obj{"mid": id, "text": text, "is_echo": true}})
}

func (b *rig) igUnsend(id, person string) string {
	return b.igMessaging(obj{"sender": obj{"id": person}, "recipient": obj{"id": igID}, "message": obj{"mid": id, "is_deleted": true}})
}

func (b *rig) waMessage(id, phone string, fields obj) obj {
	m := obj{"from": phone, "from_user_id": "AU." + phone, "id": id, "timestamp": b.encode(b.now.Unix())}
	for k, v := range fields {
		m[k] = v
	}
	return m
}

func (b *rig) waBody(phone string, messages ...any) string {
	return b.waChange("messages", obj{"messaging_product": "whatsapp", "metadata": obj{"display_phone_number": "61400000000", "phone_number_id": waID},
		"contacts": []any{obj{"profile": obj{"name": "Giulia Rossi"}, "wa_id": phone, "user_id": "AU." + phone}}, "messages": messages})
}

func (b *rig) waChange(field string, value obj) string {
	return b.encode(obj{"object": "whatsapp_business_account", "entry": []any{obj{"id": "200", "time": b.now.Unix(), "changes": []any{obj{"field": field, "value": value}}}}})
}

func (b *rig) waText(id, phone, text string) string {
	return b.waBody(phone, b.waMessage(id, phone, obj{"type": "text", "text": obj{"body": text}}))
}

func (b *rig) waForwarded(id, phone, text string) string {
	return b.waBody(phone, b.waMessage(id, phone, obj{"type": "text", "text": obj{"body": text}, "context": obj{"forwarded": true}}))
}

func (b *rig) waButton(id, phone, payload, title string) string {
	return b.waBody(phone, b.waMessage(id, phone, obj{"type": "interactive", "interactive": obj{"type": "button_reply", "button_reply": obj{"id": payload, "title": title}}}))
}
