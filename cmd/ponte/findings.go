package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ponte/api"
	"ponte/channels"
	"ponte/channels/network"
	"ponte/inbox"
	"ponte/ingest"
)

// findings are what the doctor says of an account: in English, and by a code with values, from which the
// interface makes a sentence in its reader's language.
type findings []api.Check

// said are the values of a finding.
type said = map[string]string

func (f *findings) add(ok bool, name, code string, values said, detail, fix string) {
	if values == nil {
		values = said{}
	}
	*f = append(*f, api.Check{Name: name, OK: ok, Code: code, Params: values, Detail: detail, Fix: fix})
}

// token says whether the network takes the token, and for how long.
func (f *findings) token(h channels.Health) {
	if h.SecretRefused {
		f.add(false, "app secret", "app_refused", nil, "Meta does not take it for the app this account's token belongs to", "compare PONTE_META_APP_ID and the first of PONTE_META_APP_SECRETS with the app's dashboard (App settings, Basic)")
	}
	switch {
	case h.TokenValid && h.Failure != nil && !passes(h.Failure):
		f.add(false, "token", "token_elsewhere", said{"why": strings.Join(h.Missing, "; ")}, "valid, but the account cannot be read with it: "+strings.Join(h.Missing, "; "), "check that the account's id is right, and that the token is one for this account")
	case h.TokenValid && h.Name == "":
		f.add(true, "token", "token_valid", nil, "valid, without a name", "")
	case h.TokenValid:
		f.add(true, "token", "token_valid_for", said{"name": h.Name}, "valid, "+h.Name, "")
	case h.SecretRefused && h.Failure != nil && h.Failure.Code == 100:
		f.add(true, "token", "token_unread", nil, "cannot be examined before the app's secret is right", "")
	case h.Failure != nil && passes(h.Failure):
		f.add(false, "token", "token_unsure", said{"why": strings.Join(h.Missing, "; ")}, strings.Join(h.Missing, "; "), "the network is in trouble, and the token may be good: check again in some minutes")
	default:
		f.add(false, "token", "token_refused", said{"why": strings.Join(h.Missing, "; ")}, strings.Join(h.Missing, "; "), "connect the account again")
	}
	if !h.TokenExpires.IsZero() && (h.TokenValid || time.Until(h.TokenExpires) > 0) { // that it has ended is said above
		day := h.TokenExpires.Format(time.DateOnly)
		f.add(time.Until(h.TokenExpires) > ingest.TokenWarning, "token expiry", "token_expires", said{"date": day}, "expires on "+day, "connect the account again before that day")
	}
	if !h.AccessExpires.IsZero() {
		day := h.AccessExpires.Format(time.DateOnly)
		f.add(time.Until(h.AccessExpires) > ingest.TokenWarning, "data access", "access_ends", said{"date": day}, "ends on "+day, "let the person who gave the token sign in to the app again")
	}
}

// granted says what of the wanted permissions and webhooks the account has.
func (f *findings) granted(a inbox.Account, h channels.Health) {
	missing := without(network.WantedScopes(channels.Channel(a.Channel)), h.Scopes)
	switch list := strings.Join(missing, ", "); {
	case len(h.Scopes) == 0 && channels.Account{Channel: channels.Channel(a.Channel), BaseURL: a.BaseURL, Page: a.PageID}.InstagramLogin():
		f.add(true, "permissions", "permissions_untold", nil, "Instagram Login does not tell them; a call that lacks one is refused and says so", "")
	case len(h.Scopes) == 0:
		f.add(true, "permissions", "permissions_unread", nil, "not readable without PONTE_META_APP_ID and a matching app secret", "")
	case len(missing) > 0:
		f.add(false, "permissions", "permissions_missing", said{"list": list}, "missing: "+list, "grant them and connect the account again")
	default:
		f.add(true, "permissions", "permissions_complete", nil, "all there", "")
	}
	missing = without(network.WantedFields(channels.Channel(a.Channel)), h.Fields)
	switch list := strings.Join(missing, ", "); {
	case h.NotRead != "":
		f.unread(a, "webhooks", "webhooks_unread", h.NotRead, "the subscriptions could not be read: ", h.TokenValid)
	case len(missing) > 0:
		f.add(false, "webhooks", "webhooks_missing", said{"list": list}, "not subscribed: "+list, "subscribe the account to these fields in the app's dashboard, or connect it again")
	default:
		f.add(true, "webhooks", "webhooks_complete", nil, "all fields are subscribed", "")
	}
}

// unread says what may be wrong where the token is good and something beside the account cannot be read. A
// number's webhooks and templates belong to its business account, whose id is typed in by hand.
func (f *findings) unread(a inbox.Account, name, code, why, detail string, tokenValid bool) {
	if !tokenValid {
		f.add(false, name, code, said{"why": why}, detail+why, "see the token above")
		return
	}
	if a.Channel == string(channels.WhatsApp) {
		f.add(false, name, code+"_waba", said{"why": why, "id": a.WABAID}, detail+why, "check that "+a.WABAID+" is the id of the WhatsApp Business account this number belongs to, then the token's permissions")
		return
	}
	f.add(false, name, code, said{"why": why}, detail+why, "check the token's permissions")
}

// examineSignatures says whether webhooks for the account are refused, which the network does not tell.
func (v *service) examineSignatures(ctx context.Context, a inbox.Account, out *findings) error {
	at, err := inbox.SignatureRefused(ctx, v.DB, a.WorkspaceID, a.ID, time.Now())
	if err != nil {
		return err
	}
	if at == nil {
		out.add(true, "signatures", "signatures_fine", nil, "no webhook was refused in the last day, or signed ones came after it", "")
		return nil
	}
	when := at.UTC().Format("2006-01-02 15:04") + " UTC"
	out.add(false, "signatures", "signatures_refused", said{"at": when}, "webhooks come with a signature that none of the app's secrets makes, last "+when,
		"compare PONTE_META_APP_SECRETS, for Instagram Login PONTE_INSTAGRAM_APP_SECRETS, with the app's dashboard; where they are right, somebody else sent them")
	return nil
}

// examineSweep says how much of what happens on the account is seen at once.
func (v *service) examineSweep(a inbox.Account, out *findings) {
	if a.Channel == string(channels.WhatsApp) {
		out.add(true, "coverage", "coverage_none", nil, "not measurable: WhatsApp cannot be read back", "")
		return
	}
	var s struct {
		At       time.Time `json:"at"`
		Coverage *float64  `json:"coverage"`
		Messages int       `json:"messages"`
		Told     int       `json:"messages_told"`
	}
	if json.Unmarshal(a.Sweep, &s) != nil || s.At.IsZero() {
		out.add(true, "coverage", "coverage_unmeasured", nil, "not measured yet", "")
		return
	}
	at := s.At.UTC().Format("2006-01-02 15:04") + " UTC"
	const fix = "look at the webhooks above and at what the server logs; what webhooks leave out is read back late"
	ok, values, comments, messages := time.Since(s.At) <= 2*time.Hour, said{"at": at}, "", ""
	if s.Coverage != nil {
		comments = fmt.Sprintf("%.1f", *s.Coverage*100)
		ok, values["share"] = ok && *s.Coverage >= 0.95, comments
	}
	if s.Messages > 0 {
		share := float64(s.Told) / float64(s.Messages)
		messages = fmt.Sprintf("%.1f", share*100)
		ok, values["messages"] = ok && share >= 0.95, messages
	}
	switch {
	case comments != "" && messages != "":
		out.add(ok, "coverage", "coverage_both", values, messages+" % of the messages, "+comments+" % of the comments of seven days came by webhook; last read back "+at, fix)
	case comments != "":
		out.add(ok, "coverage", "coverage", values, comments+" % of the comments of seven days came by webhook; last read back "+at, fix)
	case messages != "":
		out.add(ok, "coverage", "coverage_messages", values, messages+" % of the messages of seven days came by webhook; last read back "+at, fix)
	default:
		out.add(ok, "coverage", "coverage_read", values, "last read back "+at, fix)
	}
}

// maxTemplatePages is more than the 6000 templates that Meta lets an account have, a hundred to a page.
const maxTemplatePages = 100

func (v *service) examineTemplates(ctx context.Context, a inbox.Account, open channels.Account, tokenValid bool, out *findings) {
	approved, bad := 0, []string{}
	for cursor, pages := "", 0; pages == 0 || cursor != "" && pages < maxTemplatePages; pages++ {
		page, err := v.network.ListTemplates(ctx, open, cursor)
		if err != nil {
			out.unread(a, "templates", "templates_unread", err.Error(), "they could not be read: ", tokenValid)
			return
		}
		for _, t := range page.Items {
			switch t.Status {
			case "APPROVED":
				approved++
			case "REJECTED", "PAUSED", "DISABLED":
				bad = append(bad, t.Name+" ("+t.Language+") "+t.Status)
			}
		}
		cursor = page.Next
	}
	n, list := fmt.Sprint(approved), strings.Join(bad, ", ")
	if len(bad) > 0 {
		out.add(false, "templates", "templates_bad", said{"approved": n, "list": list}, n+" approved; "+list, "edit or replace them")
		return
	}
	out.add(true, "templates", "templates", said{"approved": n}, n+" approved; none paused or refused", "")
}
