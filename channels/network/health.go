package network

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"ponte/channels"
)

// WantedFields are the webhook fields ponte needs on each kind of account.
func WantedFields(c channels.Channel) []string {
	switch c {
	case channels.Facebook:
		return []string{"feed", "messages", "message_echoes", "message_reads", "message_deliveries", "messaging_postbacks", "message_reactions", "messaging_referrals"}
	case channels.Instagram:
		return []string{"comments", "messages", "message_reactions", "messaging_postbacks", "messaging_seen"}
	}
	return []string{"messages"}
}

// WantedScopes are the permissions ponte needs on each kind of account (Facebook Login's names).
func WantedScopes(c channels.Channel) []string {
	switch c {
	case channels.Facebook:
		return []string{"pages_manage_engagement", "pages_manage_metadata", "pages_messaging", "pages_read_engagement", "pages_read_user_content"}
	case channels.Instagram:
		return []string{"instagram_basic", "instagram_manage_comments", "instagram_manage_messages"}
	}
	return []string{"whatsapp_business_management", "whatsapp_business_messaging"}
}

// Health asks the network what it knows of an account and its token. appID and appSecret, where known,
// let it look into the token. What could not be read is named in Missing and is no error.
func (n *Network) Health(ctx context.Context, a channels.Account, appID, appSecret string) channels.Health {
	var h channels.Health
	miss := func(what string, err error) { h.Missing = append(h.Missing, what+": "+err.Error()) }
	fields := map[channels.Channel]string{channels.Facebook: "id,name", channels.Instagram: "id,username",
		channels.WhatsApp: "verified_name,display_phone_number,quality_rating,whatsapp_business_manager_messaging_limit,account_mode"}[a.Channel]
	var me struct {
		Name     string          `json:"name"`
		Username string          `json:"username"`
		Verified string          `json:"verified_name"`
		Quality  string          `json:"quality_rating"`
		Tier     json.RawMessage `json:"whatsapp_business_manager_messaging_limit"`
		Mode     string          `json:"account_mode"`
	}
	if err := n.Client.Get(ctx, a, a.ID, url.Values{"fields": {fields}}, &me); err != nil {
		miss("account", err)
	} else {
		h.TokenValid, h.Name, h.Quality, h.Mode = true, me.Name+me.Username+me.Verified, me.Quality, me.Mode
		_ = json.Unmarshal(me.Tier, &h.Tier)
	}
	if appID != "" && appSecret != "" {
		n.lookIntoToken(ctx, a, appID, appSecret, &h)
	}
	var subs struct {
		Data []struct {
			Fields []string `json:"subscribed_fields"`
		} `json:"data"`
	}
	at := a.ID
	if a.Channel == channels.WhatsApp {
		at = a.WABA
	}
	if err := n.Client.Get(ctx, a, at+"/subscribed_apps", nil, &subs); err != nil {
		miss("subscriptions", err)
		return h
	}
	for _, s := range subs.Data {
		h.Fields = append(h.Fields, s.Fields...)
	}
	if a.Channel == channels.WhatsApp && len(subs.Data) > 0 {
		h.Fields = []string{"messages"} // a WABA's fields are chosen in the app's dashboard, not here
	}
	return h
}

func (n *Network) lookIntoToken(ctx context.Context, a channels.Account, appID, appSecret string, h *channels.Health) {
	asApp := a
	asApp.Token, asApp.AppSecret = appID+"|"+appSecret, ""
	var out struct {
		Data struct {
			Valid   bool     `json:"is_valid"`
			Expires int64    `json:"expires_at"`
			Scopes  []string `json:"scopes"`
		} `json:"data"`
	}
	if err := n.Client.Get(ctx, asApp, "debug_token", url.Values{"input_token": {a.Token}}, &out); err != nil {
		h.Missing = append(h.Missing, "token: "+err.Error())
		return
	}
	h.TokenValid, h.Scopes = out.Data.Valid, out.Data.Scopes
	if out.Data.Expires > 0 {
		h.TokenExpires = time.Unix(out.Data.Expires, 0).UTC()
	}
}

// Subscribe subscribes the app to the account's webhooks.
func (n *Network) Subscribe(ctx context.Context, a channels.Account) error {
	if a.Channel == channels.WhatsApp {
		return n.Client.Post(ctx, a, a.WABA+"/subscribed_apps", nil, nil, nil)
	}
	fields := ""
	for i, f := range WantedFields(a.Channel) {
		if i > 0 {
			fields += ","
		}
		fields += f
	}
	return n.Client.Post(ctx, a, a.ID+"/subscribed_apps", url.Values{"subscribed_fields": {fields}}, nil, nil)
}
