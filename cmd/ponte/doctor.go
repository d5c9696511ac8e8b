package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ponte/api"
	"ponte/channels"
	"ponte/channels/network"
	"ponte/fault"
	"ponte/inbox"
	"ponte/ingest"
	"ponte/migrations"
	"ponte/outbox"
)

type doctorCmd struct {
	JSON      bool   `name:"json" help:"As JSON lines."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run examines the installation and every connected account; what is wrong is named, with what to do.
func (d doctorCmd) Run(ctx context.Context, c *config) error {
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	v := &service{store: s, c: c, log: c.logger(), network: network.New(15 * time.Second)}
	bad := 0
	show := func(subject string, checks []api.Check) {
		for _, k := range checks {
			if !k.OK {
				bad++
			}
			if d.JSON {
				printJSON(map[string]any{"subject": subject, "name": k.Name, "ok": k.OK, "detail": k.Detail, "fix": k.Fix})
				continue
			}
			mark := "ok  "
			if !k.OK {
				mark = "BAD "
			}
			fmt.Printf("%s %-28s %-14s %s", mark, subject, k.Name, strings.TrimSpace(k.Detail))
			if k.Fix != "" && !k.OK {
				fmt.Printf(" -> %s", k.Fix)
			}
			fmt.Println()
		}
	}
	show("installation", v.examineInstallation(ctx))
	list, err := inbox.Accounts(ctx, s.DB, 0)
	for _, a := range list {
		checks, e := v.examine(ctx, a.WorkspaceID, a.ID)
		err = errors.Join(err, e)
		show(a.Channel+" "+a.ExternalID, checks)
	}
	if len(list) == 0 && err == nil {
		show("accounts", []api.Check{{Name: "connected", Detail: "no account is connected", Fix: "ponte account add"}})
	}
	if err == nil && bad > 0 {
		err = fmt.Errorf("%d check(s) failed", bad)
	}
	return errors.Join(err, s.close())
}

func (v *service) examineInstallation(ctx context.Context) []api.Check {
	var out []api.Check
	add := func(ok bool, name, detail, fix string) {
		out = append(out, api.Check{Name: name, OK: ok, Detail: detail, Fix: fix})
	}
	behind, err := migrations.Behind(ctx, v.DB.DB)
	switch {
	case err != nil:
		add(false, "database", "the schema's version could not be read", "ponte migrate")
	case behind > 0:
		add(false, "database", fmt.Sprintf("%d migrations are missing", behind), "ponte migrate")
	default:
		add(true, "database", "the schema is up to date", "")
	}
	if err := v.c.check(); err != nil {
		add(false, "configuration", strings.ReplaceAll(err.Error(), "\n  - ", " | "), "set what is missing")
	} else {
		add(true, "configuration", "complete", "")
	}
	add(len(v.c.appSecrets()) > 0, "app secret", fmt.Sprintf("webhooks are verified with %d", len(v.c.appSecrets())), "set PONTE_META_APP_SECRETS")
	if behind == 0 && err == nil {
		epoch, err := outbox.OpenEpoch(ctx, v.DB, v.c.epochPath())
		if err == nil {
			var matches bool
			matches, err = epoch.Matches(ctx)
			add(err == nil && matches, "send epoch", map[bool]string{true: "this database may send", false: "this looks like a restored copy: sending is held"}[matches], "ponte send release")
		} else {
			add(false, "send epoch", "it could not be read", "check the data directory")
		}
	}
	return out
}

// examine checks one account against its own Graph address.
func (v *service) examine(ctx context.Context, workspaceID, accountID int64) ([]api.Check, error) {
	a, err := inbox.LoadAccount(ctx, v.DB, workspaceID, accountID)
	if err != nil {
		return nil, err
	}
	var out []api.Check
	add := func(ok bool, name, detail, fix string) {
		out = append(out, api.Check{Name: name, OK: ok, Detail: detail, Fix: fix})
	}
	open, err := v.openAccount(ctx, workspaceID, accountID)
	if err != nil {
		add(false, "token", "the stored token cannot be opened: PONTE_SECRET_KEY differs from the one that sealed it", "connect the account again, or restore the key")
		return out, nil
	}
	appSecret := ""
	if len(v.c.MetaAppSecrets) > 0 {
		appSecret = v.c.MetaAppSecrets[0]
	}
	h := v.network.Health(ctx, open, v.c.MetaAppID, appSecret)
	if h.Unreachable != "" {
		add(false, "network", a.BaseURL+" does not answer: "+h.Unreachable, "check the address of this account, the firewall and the proxy; nothing else could be examined")
		return out, nil
	}
	add(h.TokenValid, "token", map[bool]string{true: "valid, " + orNothing(h.Name, "without a name"), false: strings.Join(h.Missing, "; ")}[h.TokenValid], tokenFix(h.Failure))
	if !h.TokenExpires.IsZero() {
		left := time.Until(h.TokenExpires)
		add(left > ingest.TokenWarning, "token expiry", "expires on "+h.TokenExpires.Format(time.DateOnly), "connect the account again before that day")
	}
	if !h.AccessExpires.IsZero() {
		add(time.Until(h.AccessExpires) > ingest.TokenWarning, "data access", "ends on "+h.AccessExpires.Format(time.DateOnly), "let the person who gave the token sign in to the app again")
	}
	if len(h.Scopes) > 0 {
		missing := without(network.WantedScopes(channels.Channel(a.Channel)), h.Scopes)
		add(len(missing) == 0, "permissions", listOr(missing, "all there", "missing: "), "grant them and connect the account again")
	} else {
		add(true, "permissions", "not readable without PONTE_META_APP_ID and a matching app secret", "")
	}
	missing := without(network.WantedFields(channels.Channel(a.Channel)), h.Fields)
	if h.NotRead != "" {
		add(false, "webhooks", "the subscriptions could not be read: "+h.NotRead, lookAt(a))
	} else {
		add(len(missing) == 0, "webhooks", listOr(missing, "all fields are subscribed", "not subscribed: "), "subscribe the account to these fields in the app's dashboard, or connect it again")
	}
	if a.Channel == string(channels.WhatsApp) {
		add(h.Quality != "RED", "quality", orNothing(h.Quality, "not told")+" "+h.Tier, "send less, and only to people who asked")
		v.examineTemplates(ctx, a, open, add)
	}
	if h.Mode != "" {
		add(h.Mode != "SANDBOX", "mode", h.Mode, "move the number out of the sandbox")
	}
	v.examineSweep(a, add)
	add(a.State == "connected", "state", a.State+" "+a.StateReason, "connect the account again")
	add(a.Sending, "sending", map[bool]string{true: "on", false: "switched off for this account"}[a.Sending], "switch it on")
	return out, nil
}

// subscribe asks the network to send an account's webhooks here. Why it would not is said in words that a
// person can act on.
func (v *service) subscribe(ctx context.Context, workspaceID, accountID int64) error {
	open, err := v.openAccount(ctx, workspaceID, accountID)
	if err != nil {
		return err
	}
	err = v.network.Subscribe(ctx, open)
	var failure *channels.Failure
	if errors.As(err, &failure) && passes(failure) {
		return fault.New(fault.Unavailable, "the network is in trouble and did not subscribe the account: try again in some minutes")
	}
	if failure != nil {
		return fault.New(fault.Invalid, "the network did not subscribe the account: %s", failure.Meaning)
	}
	return err
}

// passes says that a failure is the network's own and goes by.
func passes(f *channels.Failure) bool {
	return f.Class == channels.Retry || f.Class == channels.Wait || f.Class == channels.Unknown
}

// tokenFix says what to do where the account could not be read.
func tokenFix(f *channels.Failure) string {
	if f != nil && passes(f) {
		return "the network is in trouble, and the token may be good: check again in some minutes"
	}
	return "connect the account again"
}

// lookAt says what may be wrong where the token is good and something beside the account cannot be read. A
// number's webhooks and templates belong to its business account, whose id is typed in by hand.
func lookAt(a inbox.Account) string {
	if a.Channel == string(channels.WhatsApp) {
		return "check that " + a.WABAID + " is the id of the WhatsApp Business account this number belongs to, then the token's permissions"
	}
	return "check the token's permissions"
}

// examineSweep says how much of what happens on the account is seen at once.
func (v *service) examineSweep(a inbox.Account, add func(bool, string, string, string)) {
	if a.Channel == string(channels.WhatsApp) {
		add(true, "coverage", "not measurable: WhatsApp cannot be read back", "")
		return
	}
	var s struct {
		At       time.Time `json:"at"`
		Coverage *float64  `json:"coverage"`
		Messages int       `json:"messages"`
		Told     int       `json:"messages_told"`
	}
	if json.Unmarshal(a.Sweep, &s) != nil || s.At.IsZero() {
		add(true, "coverage", "not measured yet", "")
		return
	}
	detail, late := "last read back "+s.At.UTC().Format("2006-01-02 15:04")+" UTC", time.Since(s.At) > 2*time.Hour
	if s.Coverage != nil {
		detail = fmt.Sprintf("%.1f %% of the comments of seven days came by webhook; ", *s.Coverage*100) + detail
	}
	messages := 1.0
	if s.Messages > 0 {
		messages = float64(s.Told) / float64(s.Messages)
		detail = fmt.Sprintf("%.1f %% of the messages, ", messages*100) + detail
	}
	add(!late && messages >= 0.95 && (s.Coverage == nil || *s.Coverage >= 0.95), "coverage", detail, "look at the webhooks above and at what the server logs; what webhooks leave out is read back late")
}

func (v *service) examineTemplates(ctx context.Context, a inbox.Account, open channels.Account, add func(bool, string, string, string)) {
	page, err := v.network.ListTemplates(ctx, open, "")
	if err != nil {
		add(false, "templates", "they could not be read: "+err.Error(), lookAt(a))
		return
	}
	approved, bad := 0, []string{}
	for _, t := range page.Items {
		switch t.Status {
		case "APPROVED":
			approved++
		case "REJECTED", "PAUSED", "DISABLED":
			bad = append(bad, t.Name+" ("+t.Language+") "+t.Status)
		}
	}
	add(len(bad) == 0, "templates", fmt.Sprintf("%d approved; %s", approved, listOr(bad, "none paused or refused", "")), "edit or replace them")
}

func without(want, have []string) []string {
	var out []string
	for _, w := range want {
		if !slices.Contains(have, w) {
			out = append(out, w)
		}
	}
	return out
}

func listOr(list []string, none, before string) string {
	if len(list) == 0 {
		return none
	}
	return before + strings.Join(list, ", ")
}

func orNothing(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
