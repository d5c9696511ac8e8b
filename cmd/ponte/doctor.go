package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"ponte/api"
	"ponte/channels"
	"ponte/fault"
	"ponte/inbox"
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
	v := &service{store: s, c: c, log: c.logger(), network: c.network(15 * time.Second)}
	bad := 0
	show := func(subject string, checks []api.Check) {
		for _, k := range checks {
			if !k.OK {
				bad++
			}
			if d.JSON {
				printJSON(map[string]any{"subject": subject, "name": k.Name, "ok": k.OK, "code": k.Code, "params": k.Params, "detail": k.Detail, "fix": k.Fix})
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
	behind, err := migrations.Behind(ctx, s.DB.DB)
	if err == nil && behind > 0 { // the accounts may not even have their table yet
		return errors.Join(fmt.Errorf("%d check(s) failed; the accounts are examined once the schema is up to date", bad), s.close())
	}
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

// leastRoom is what a private PostgreSQL's own log may take within minutes on a busy day.
const leastRoom = 256 << 20

// room is how many bytes are free where a folder lies.
func room(dir string) (int64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, err
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil
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
	if behind == 0 && err == nil {
		_, same, err := v.compareKey(ctx)
		add(err == nil && same, "secret key", map[bool]string{true: "the one this database was made with", false: "not the one this database was made with"}[same], "set the key from before")
	}
	if err := v.c.check(); err != nil {
		add(false, "configuration", strings.ReplaceAll(err.Error(), "\n  - ", " | "), "set what is missing")
	} else {
		add(true, "configuration", "complete", "")
	}
	if wrong := v.c.unsealed(); wrong != "" {
		add(false, "public address", wrong, "give the https address of the proxy in front")
	}
	if free, err := room(v.c.DataDir); err == nil {
		add(free >= leastRoom, "disk", fmt.Sprintf("%d MB are free in the data directory", free>>20), "make room: on a full disk webhooks are refused, and Meta sends them again for some time only")
	}
	add(len(v.c.appSecrets()) > 0, "app secret", fmt.Sprintf("webhooks are verified with %d", len(v.c.appSecrets())), "set PONTE_META_APP_SECRETS")
	if behind == 0 && err == nil {
		// A serving process shows in this whether it can write there; the command beside it only looks.
		if v.epoch != nil {
			err = v.epoch.Renew(ctx)
		}
		if err == nil {
			var may bool
			may, err = outbox.MaySend(ctx, v.DB, v.c.epochPath())
			if err == nil {
				add(may, "send epoch", map[bool]string{true: "this database may send", false: "this looks like a restored copy: sending is held"}[may], "ponte send release")
			}
		}
		if err != nil {
			add(false, "send epoch", "it could not be read or renewed: "+err.Error(), "check the data directory")
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
	var out findings
	open, err := a.Callable(v.Keys, v.c.firstAppSecret())
	if err != nil {
		out.add(false, "token", "token_unsealed", nil, "the stored token cannot be opened: PONTE_SECRET_KEY differs from the one that sealed it", "connect the account again, or restore the key")
		return out, nil
	}
	h := v.network.Health(ctx, open, v.c.MetaAppID, v.c.MetaAppSecrets...)
	if h.Unreachable != "" {
		out.add(false, "network", "unreachable", said{"url": a.BaseURL, "why": h.Unreachable}, a.BaseURL+" does not answer: "+h.Unreachable, "check the address of this account, the firewall and the proxy; nothing else could be examined")
		return out, nil
	}
	if err := inbox.NameAccount(ctx, v.DB, workspaceID, accountID, h.Name); err != nil {
		return nil, err
	}
	out.token(h)
	out.granted(a, h)
	if a.Channel == string(channels.WhatsApp) {
		out.add(h.Quality != "RED", "quality", "quality", said{"rating": orNothing(h.Quality, "–"), "tier": h.Tier}, orNothing(h.Quality, "not told")+" "+h.Tier, "send less, and only to people who asked")
		v.examineTemplates(ctx, a, open, h.TokenValid, &out)
	}
	if h.Mode != "" {
		out.add(h.Mode != "SANDBOX", "mode", "mode", said{"mode": h.Mode}, h.Mode, "move the number out of the sandbox")
	}
	if err := v.examineSignatures(ctx, a, &out); err != nil {
		return nil, err
	}
	v.examineSweep(a, &out)
	if a.State == "connected" {
		out.add(true, "state", "connected", nil, "connected", "")
	} else {
		out.add(false, "state", "not_connected", said{"why": a.StateReason}, a.State+" "+a.StateReason, "connect the account again")
	}
	if a.Sending {
		out.add(true, "sending", "sending_on", nil, "on", "")
	} else {
		out.add(false, "sending", "sending_off", nil, "switched off for this account", "switch it on")
	}
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

func without(want, have []string) []string {
	var out []string
	for _, w := range want {
		if !slices.Contains(have, w) {
			out = append(out, w)
		}
	}
	return out
}

func orNothing(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
