package network

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"ponte/channels"
	"ponte/channels/meta"
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

// usefulFields are what ponte also understands; a permission that an app lacks must not cost the others.
func usefulFields(c channels.Channel) []string {
	switch c {
	case channels.Facebook:
		return []string{"mention", "leadgen", "message_edits", "messaging_optins", "messaging_handovers", "messaging_policy_enforcement", "standby"}
	case channels.Instagram:
		return []string{"live_comments", "messaging_referral", "message_edit", "standby"}
	}
	return nil
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
		if f := new(channels.Failure); errors.As(err, &f) {
			if h.Failure = f; f.HTTP == 0 && f.Code == 0 {
				h.Unreachable = f.Meaning
				return h
			}
		}
	} else {
		h.TokenValid, h.Name, h.Quality, h.Mode = true, cmp.Or(me.Name, me.Username, me.Verified), me.Quality, me.Mode
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
	if err := n.Client.Get(ctx, a, subscriber(a)+"/subscribed_apps", nil, &subs); err != nil {
		miss("subscriptions", err)
		h.NotRead = err.Error()
		return h
	}
	for _, s := range subs.Data {
		h.Fields = append(h.Fields, s.Fields...)
	}
	if len(subs.Data) > 0 && (a.Channel == channels.WhatsApp || desk(a) != a.ID) {
		h.Fields = WantedFields(a.Channel) // these fields are chosen in the app's dashboard and not told here
	}
	return h
}

// subscriber is the node whose subscription brings an account's webhooks.
func subscriber(a channels.Account) string {
	if a.Channel == channels.WhatsApp {
		return a.WABA
	}
	return desk(a)
}

func (n *Network) lookIntoToken(ctx context.Context, a channels.Account, appID, appSecret string, h *channels.Health) {
	if u, err := url.Parse(a.BaseURL); err == nil && u.Host == "graph.instagram.com" {
		h.Missing = append(h.Missing, "token: Instagram Login does not tell what a token may do")
		return
	}
	asApp := a
	asApp.Token, asApp.AppSecret = appID+"|"+appSecret, ""
	var out struct {
		Data struct {
			Valid   bool     `json:"is_valid"`
			Expires int64    `json:"expires_at"`
			Access  int64    `json:"data_access_expires_at"`
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
	if out.Data.Access > 0 {
		h.AccessExpires = time.Unix(out.Data.Access, 0).UTC()
	}
}

// Subscribe subscribes the app to the account's webhooks: to all fields that ponte understands or, where
// the app lacks a permission for one of them, to those it needs.
func (n *Network) Subscribe(ctx context.Context, a channels.Account) error {
	at := subscriber(a) + "/subscribed_apps"
	if a.Channel == channels.WhatsApp {
		return n.Client.Post(ctx, a, at, nil, nil, &meta.Success{})
	}
	if desk(a) != a.ID { // Instagram through its Page: any field of the Page will do
		return n.Client.Post(ctx, a, at, url.Values{"subscribed_fields": {"feed"}}, nil, &meta.Success{})
	}
	needed := WantedFields(a.Channel)
	all := append(slices.Clone(needed), usefulFields(a.Channel)...)
	err := n.Client.Post(ctx, a, at, url.Values{"subscribed_fields": {strings.Join(all, ",")}}, nil, &meta.Success{})
	var f *channels.Failure
	if errors.As(err, &f) && (f.Reason == "bad_request" || f.Reason == "permission_missing") {
		err = n.Client.Post(ctx, a, at, url.Values{"subscribed_fields": {strings.Join(needed, ",")}}, nil, &meta.Success{})
	}
	return err
}

// Unsubscribe ends the webhooks of an account that is disconnected.
func (n *Network) Unsubscribe(ctx context.Context, a channels.Account) error {
	return n.Client.Do(ctx, a, meta.Request{Method: http.MethodDelete, Path: subscriber(a) + "/subscribed_apps"}, &meta.Success{})
}
