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

// Health asks the network what it knows of an account and its token. appID and one of the app's secrets, where
// known, let it look into the token. What could not be read is named in Missing and is no error.
func (n *Network) Health(ctx context.Context, a channels.Account, appID string, appSecrets ...string) channels.Health {
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
	err := n.Client.Get(ctx, a, a.ID, url.Values{"fields": {fields}}, &me)
	if plain := a; proofRefused(a, err) {
		plain.AppSecret = ""
		if again := n.Client.Get(ctx, plain, a.ID, url.Values{"fields": {fields}}, &me); again == nil {
			h.SecretRefused, a, err = true, plain, nil
		}
	}
	if err != nil {
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
	n.lookIntoToken(ctx, a, appID, appSecrets, &h)
	subs, err := n.subscriptions(ctx, a)
	if err != nil {
		miss("subscriptions", err)
		h.NotRead = err.Error()
		return h
	}
	for _, s := range subs {
		h.Fields = append(h.Fields, s.Fields...)
	}
	if len(subs) > 0 && (a.Channel == channels.WhatsApp || desk(a) != a.ID) {
		h.Fields = WantedFields(a.Channel) // these fields are chosen in the app's dashboard and not told here
	}
	return h
}

// proofRefused says that a call may have been refused for its appsecret_proof: Meta answers a wrong one as it
// answers any wrong parameter, in the words of the viewer's language.
func proofRefused(a channels.Account, err error) bool {
	f := new(channels.Failure)
	return a.AppSecret != "" && !a.InstagramLogin() && errors.As(err, &f) && f.Code == 100 && f.Subcode == 0
}

// subscription is one app that gets an account's webhooks.
type subscription struct {
	ID     json.RawMessage `json:"id"`
	Fields []string        `json:"subscribed_fields"`
	App    struct {
		ID json.RawMessage `json:"id"`
	} `json:"whatsapp_business_api_data"`
}

// app is the id of the app that is subscribed; empty where the network does not tell it, or tells it (Instagram Login)
// by another number than the app's own.
func (s subscription) app(a channels.Account) string {
	id := s.App.ID
	if len(id) == 0 && !a.InstagramLogin() {
		id = s.ID
	}
	return strings.Trim(string(id), `"`)
}

// subscriptions reads which apps get an account's webhooks. Pages and WhatsApp business accounts list the apps of
// others too, and what goes to them does not come here.
func (n *Network) subscriptions(ctx context.Context, a channels.Account) ([]subscription, error) {
	var subs struct {
		Data []subscription `json:"data"`
	}
	err := n.Client.Get(ctx, a, subscriber(a)+"/subscribed_apps", nil, &subs)
	return slices.DeleteFunc(subs.Data, func(s subscription) bool {
		id := s.app(a)
		return n.AppID != "" && id != "" && id != n.AppID
	}), err
}

// subscriber is the node whose subscription brings an account's webhooks.
func subscriber(a channels.Account) string {
	if a.Channel == channels.WhatsApp {
		return a.WABA
	}
	return desk(a)
}

func (n *Network) lookIntoToken(ctx context.Context, a channels.Account, appID string, appSecrets []string, h *channels.Health) {
	if appID == "" || len(appSecrets) == 0 {
		return
	}
	if a.InstagramLogin() {
		h.Missing = append(h.Missing, "token: Instagram Login does not tell what a token may do")
		return
	}
	var out struct {
		Data struct {
			Valid   *bool    `json:"is_valid"`
			Expires int64    `json:"expires_at"`
			Access  int64    `json:"data_access_expires_at"`
			Scopes  []string `json:"scopes"`
		} `json:"data"`
	}
	var err error
	for _, secret := range appSecrets { // during a rotation Meta takes only one of them
		asApp := a
		asApp.Token, asApp.AppSecret = appID+"|"+secret, ""
		if err = n.Client.Get(ctx, asApp, "debug_token", url.Values{"input_token": {a.Token}}, &out); err == nil {
			break
		}
	}
	if f := new(channels.Failure); errors.As(err, &f) && f.Class == channels.Reauthorise {
		h.SecretRefused = true // the token that was refused is the app's own: its id with its secret
		h.Missing = append(h.Missing, "token: the app's id and secret do not belong together")
		return
	}
	if err != nil {
		h.Missing = append(h.Missing, "token: "+err.Error())
		return
	}
	if out.Data.Valid == nil { // not every server knows the call; the account was read with the token all the same
		h.Missing = append(h.Missing, "token: the server does not tell what it may do")
		return
	}
	// A token that is good in itself is none for this account where its own call was refused, unless for a permission.
	refused := h.Failure != nil && h.Failure.Class == channels.Reauthorise && h.Failure.Reason != "permission_missing"
	h.TokenValid, h.Scopes = *out.Data.Valid && !refused, out.Data.Scopes
	if out.Data.Expires > 0 {
		h.TokenExpires = time.Unix(out.Data.Expires, 0).UTC()
	}
	if out.Data.Access > 0 {
		h.AccessExpires = time.Unix(out.Data.Access, 0).UTC()
	}
}

// Subscribe subscribes the app to the account's webhooks: to all fields that ponte understands or, where
// the app lacks a permission for one of them, to those it needs. A subscription takes the place of the one
// before, so what is subscribed already is asked for again.
func (n *Network) Subscribe(ctx context.Context, a channels.Account) error {
	at := subscriber(a) + "/subscribed_apps"
	if a.Channel == channels.WhatsApp {
		return n.Client.Post(ctx, a, at, nil, nil, &meta.Success{})
	}
	var have []string
	subs, err := n.subscriptions(ctx, a)
	for _, s := range subs {
		have = append(have, s.Fields...)
	}
	ask := func(fields []string) error {
		return n.Client.Post(ctx, a, at, url.Values{"subscribed_fields": {strings.Join(fields, ",")}}, nil, &meta.Success{})
	}
	if desk(a) != a.ID { // Instagram through its Page: any field of the Page will do
		if err == nil && len(have) > 0 {
			return nil
		}
		return ask([]string{"feed"})
	}
	needed := union(WantedFields(a.Channel), have)
	err = ask(union(needed, usefulFields(a.Channel)))
	var f *channels.Failure
	if errors.As(err, &f) && (f.Reason == "bad_request" || f.Reason == "permission_missing") {
		err = ask(needed)
	}
	return err
}

// union is a with what of b is not in it.
func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, x := range b {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// Unsubscribe ends the webhooks of an account that is disconnected.
func (n *Network) Unsubscribe(ctx context.Context, a channels.Account) error {
	return n.Client.Do(ctx, a, meta.Request{Method: http.MethodDelete, Path: subscriber(a) + "/subscribed_apps"}, &meta.Success{})
}
