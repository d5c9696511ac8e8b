package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/consent"
	"ponte/flow"
	"ponte/inbox"
	"ponte/ingest"
	"ponte/outbox"
)

type userCmd struct {
	Add      userAddCmd      `cmd:"" help:"Add a person, or give one a role in another workspace."`
	Password userPasswordCmd `cmd:"" help:"Set a person's password; their sessions end."`
	Disable  userDisableCmd  `cmd:"" help:"Switch a person's sign-in off in all workspaces; their sessions end, what they did stays."`
	Enable   userEnableCmd   `cmd:"" help:"Let a person sign in again, with the password they had."`
}

type userAddCmd struct {
	Email     string `arg:"" help:"E-mail address to sign in with."`
	Name      string `help:"Name."`
	Role      string `default:"owner" help:"owner, admin, supervisor, moderator, agent or analyst."`
	Password  string `help:"Password; better left out: a terminal asks for it and does not show it, a script gives it on standard input."`
	Workspace string `help:"Workspace; the only one if empty, made if there is none."`
}

// Run adds a person.
func (u userAddCmd) Run(ctx context.Context, c *config) error {
	if err := askPassword(ctx, &u.Password); err != nil {
		return err
	}
	return c.with(ctx, u.Workspace, func(s *store, w inbox.Workspace) error {
		return s.inTx(ctx, func(tx *sqlx.Tx) error {
			id, err := auth.AddUser(ctx, tx, auth.NewUser{WorkspaceID: w.ID, Email: u.Email, Name: u.Name, Role: auth.Role(u.Role), Password: u.Password, Actor: "cli"})
			if err == nil {
				printJSON(map[string]any{"id": id, "email": strings.ToLower(u.Email), "role": u.Role, "workspace": w.Name})
			}
			return err
		})
	})
}

type userPasswordCmd struct {
	Email           string `arg:"" help:"E-mail address they sign in with."`
	Password        string `help:"Password; better left out: a terminal asks for it and does not show it, a script gives it on standard input."`
	SecondFactorOff bool   `help:"Also take their second factor away, for a lost phone."`
}

// Run sets the password of a person, whatever workspaces they work in.
func (u userPasswordCmd) Run(ctx context.Context, c *config) error {
	if err := askPassword(ctx, &u.Password); err != nil {
		return err
	}
	s, err := c.openMigrated(ctx)
	if err != nil {
		return err
	}
	err = s.inTx(ctx, func(tx *sqlx.Tx) error {
		return auth.ResetPassword(ctx, tx, u.Email, u.Password, u.SecondFactorOff, "cli")
	})
	return errors.Join(err, s.close())
}

type userDisableCmd struct {
	Email string `arg:"" help:"E-mail address they sign in with."`
}

// Run switches the sign-in off and prints the API tokens that the person has seen the secret of.
func (u userDisableCmd) Run(ctx context.Context, c *config) error {
	s, err := c.openMigrated(ctx)
	if err != nil {
		return err
	}
	err = s.inTx(ctx, func(tx *sqlx.Tx) error {
		tokens, err := auth.Disable(ctx, tx, u.Email, "cli")
		if err == nil {
			printJSON(map[string]any{"email": strings.ToLower(strings.TrimSpace(u.Email)), "disabled": true, "tokens_they_made": tokens})
		}
		return err
	})
	return errors.Join(err, s.close())
}

type userEnableCmd struct {
	Email string `arg:"" help:"E-mail address they sign in with."`
}

// Run switches the sign-in on again.
func (u userEnableCmd) Run(ctx context.Context, c *config) error {
	s, err := c.openMigrated(ctx)
	if err != nil {
		return err
	}
	err = s.inTx(ctx, func(tx *sqlx.Tx) error {
		err := auth.Enable(ctx, tx, u.Email, "cli")
		if err == nil {
			printJSON(map[string]any{"email": strings.ToLower(strings.TrimSpace(u.Email)), "disabled": false})
		}
		return err
	})
	return errors.Join(err, s.close())
}

type tokenCmd struct {
	Add tokenAddCmd `cmd:"" help:"Make an API token; it is shown once."`
}

type tokenAddCmd struct {
	Name      string `arg:"" default:"api" help:"What it is for."`
	Role      string `default:"admin" help:"owner, admin, supervisor, moderator, agent or analyst."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run makes a token and prints it.
func (t tokenAddCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, t.Workspace, func(s *store, w inbox.Workspace) error {
		return s.inTx(ctx, func(tx *sqlx.Tx) error {
			tok, plain, err := auth.AddToken(ctx, tx, w.ID, t.Name, auth.Role(t.Role), nil, "cli")
			if err == nil {
				printJSON(map[string]any{"id": tok.ID, "name": t.Name, "role": t.Role, "token": plain, "workspace": w.Name})
			}
			return err
		})
	})
}

type accountCmd struct {
	Add    accountAddCmd    `cmd:"" help:"Connect an account, or renew its token."`
	List   accountListCmd   `cmd:"" help:"List connected accounts as JSON."`
	Remove accountRemoveCmd `cmd:"" help:"Disconnect an account; its history stays."`
}

// accountIn is an account as scripts give it, by flags or as JSON on standard input.
type accountIn struct {
	Channel   string `json:"channel" help:"facebook, instagram or whatsapp."`
	ID        string `json:"id" name:"id" help:"Page id, Instagram account id or phone number id."`
	Token     string `json:"token" help:"Access token; better given as JSON on standard input or with --token-file."`
	TokenFile string `json:"-" help:"File that holds the token."`
	BaseURL   string `json:"base_url" help:"Graph address of this account; default PONTE_GRAPH_URL, for Instagram without a Page graph.instagram.com."`
	WABA      string `json:"waba" name:"waba" help:"WhatsApp Business account id."`
	WABAID    string `json:"waba_id" hidden:""`
	Phone     string `json:"phone" help:"WhatsApp number that people write to, with country code."`
	Page      string `json:"page" help:"Instagram connected through Facebook Login: the id of its Page."`
	PageID    string `json:"page_id" hidden:""`
	Name      string `json:"name" help:"Name as the team knows it."`
	Workspace string `json:"workspace" help:"Workspace; the only one if empty, made if there is none."`
	Subscribe bool   `json:"-" kong:"-"`
}

type accountAddCmd struct {
	accountIn
	JSON      string `name:"json" help:"Read the account (or a list) as JSON from this file; - for standard input."`
	Subscribe bool   `default:"true" negatable:"" help:"Ask the network for the account's webhooks."`
}

// Run connects one account or a list of them.
func (a accountAddCmd) Run(ctx context.Context, c *config) error {
	list := []accountIn{a.accountIn}
	if a.JSON == "" && a.Channel == "" && a.ID == "" {
		a.JSON = "-"
	}
	if a.JSON != "" {
		var err error
		if list, err = readAccounts(a.JSON); err != nil {
			return err
		}
	}
	for i, in := range list {
		if in.TokenFile != "" {
			b, err := os.ReadFile(in.TokenFile)
			if err != nil {
				return usageError{err}
			}
			in.Token = strings.TrimSpace(string(b))
		}
		if in.Workspace == "" {
			in.Workspace = a.Workspace
		}
		in.Subscribe = a.Subscribe
		if err := in.connect(ctx, c); err != nil {
			if len(list) > 1 {
				return fmt.Errorf("account %d: %w", i+1, err)
			}
			return err
		}
	}
	return nil
}

func readAccounts(path string) ([]accountIn, error) {
	raw, err := readInput(path)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, usageError{errors.New("no account was given: use --channel, --id and --token-file, or give JSON on standard input")}
	}
	// Ids come as strings or as numbers, and numbers of their size lose digits as floats.
	var objects []map[string]any
	if !strings.HasPrefix(strings.TrimSpace(string(raw)), "[") {
		raw = []byte("[" + string(raw) + "]")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&objects); err != nil {
		return nil, usageError{fmt.Errorf("the account is not a JSON object or a list of them: %w", err)}
	}
	for _, o := range objects {
		for k, v := range o {
			if n, ok := v.(json.Number); ok {
				o[k] = n.String()
			}
		}
	}
	plain, err := json.Marshal(objects)
	if err != nil {
		return nil, fmt.Errorf("read the account: %w", err)
	}
	var list []accountIn
	if err := json.Unmarshal(plain, &list); err != nil {
		return nil, usageError{fmt.Errorf("the account cannot be read: %w", err)}
	}
	return list, nil
}

func (in accountIn) connect(ctx context.Context, c *config) error {
	if in.WABA == "" {
		in.WABA = in.WABAID
	}
	if in.Page == "" {
		in.Page = in.PageID
	}
	return c.with(ctx, in.Workspace, func(s *store, w inbox.Workspace) error {
		var acct inbox.Account
		if err := s.inTx(ctx, func(tx *sqlx.Tx) (err error) {
			n := inbox.NewAccount{WorkspaceID: w.ID, Channel: in.Channel, ExternalID: in.ID, Name: in.Name, BaseURL: in.BaseURL, Token: in.Token, WABAID: in.WABA, Phone: in.Phone, PageID: in.Page}
			if n.BaseURL, err = n.Address(ctx, tx, c.GraphURL); err != nil {
				return err
			}
			if acct, err = inbox.AddAccount(ctx, tx, s.Keys, n); err != nil {
				return err
			}
			return auth.Audit(ctx, tx, w.ID, "cli", "account.add", fmt.Sprintf("account:%d", acct.ID), map[string]string{"channel": acct.Channel, "external_id": acct.ExternalID})
		}); err != nil {
			return err
		}
		if !in.Subscribe {
			printJSON(accountOut(acct))
			return nil
		}
		webhooks, asked := c.subscribeNew(ctx, s, &acct)
		if asked != nil {
			sayUnsubscribed(os.Stderr, acct, asked)
		}
		out := accountOut(acct)
		out["webhooks"] = webhooks
		printJSON(out)
		return nil
	})
}

func accountOut(a inbox.Account) map[string]any {
	return map[string]any{"account_id": a.ID, "channel": a.Channel, "id": a.ExternalID, "name": a.Name, "base_url": a.BaseURL, "waba": a.WABAID, "phone": a.Phone, "page": a.PageID, "state": a.State, "sending": a.Sending}
}

type accountListCmd struct {
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run prints the connected accounts, one JSON object a line.
func (l accountListCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, l.Workspace, func(s *store, w inbox.Workspace) error {
		list, err := inbox.Accounts(ctx, s.DB, w.ID)
		for _, a := range list {
			printJSON(accountOut(a))
		}
		return err
	})
}

type accountRemoveCmd struct {
	ID        string `arg:"" help:"The account's id on its network."`
	Channel   string `help:"facebook, instagram or whatsapp, where the id alone is not enough."`
	Workspace string `help:"Workspace; the only one if empty."`
	Meant     bool   `help:"Remove it although people were written to from it within thirty days and must be able to answer."`
}

// Run disconnects an account.
func (r accountRemoveCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, r.Workspace, func(s *store, w inbox.Workspace) error {
		list, err := inbox.Accounts(ctx, s.DB, w.ID)
		if err != nil {
			return err
		}
		for _, a := range list {
			if a.ExternalID == r.ID && (r.Channel == "" || r.Channel == a.Channel) {
				err := s.inTx(ctx, func(tx *sqlx.Tx) error {
					sends, err := consent.RecentSends(ctx, tx, w.ID, a.ID, time.Now())
					if err != nil {
						return err
					}
					if sends.Count > 0 && !r.Meant {
						return fmt.Errorf("people were written to from this account within %d days, the last on %s: they must be able to answer it until %s; remove it after that day, or with --meant",
							consent.ReachDays, sends.Last.UTC().Format(time.DateOnly), sends.Until().UTC().Format(time.DateOnly))
					}
					if err := inbox.RemoveAccount(ctx, tx, w.ID, a.ID); err != nil {
						return err
					}
					return auth.Audit(ctx, tx, w.ID, "cli", "account.remove", fmt.Sprintf("account:%d", a.ID), nil)
				})
				if err != nil {
					return err
				}
				was := a
				a.State, a.Sending = "removed", false
				out := accountOut(a)
				if out["webhooks"], err = c.endWebhooks(ctx, s, was); err != nil {
					out["webhooks"] = "not ended: " + err.Error()
				}
				printJSON(out)
				return nil
			}
		}
		return usageError{fmt.Errorf("no connected account has the id %s", r.ID)}
	})
}

type consentCmd struct {
	Verify consentVerifyCmd `cmd:"" help:"Recompute the ledger's chain and say whether anything was changed, removed or cut."`
	Head   consentHeadCmd   `cmd:"" help:"Print the head of the chain, to be kept elsewhere."`
	Number consentNumberCmd `cmd:"" help:"Print what the ledger holds of a number, also of somebody who was erased; it is written to the audit log."`
}

type consentNumberCmd struct {
	Phone     string `arg:"" help:"Number with its country code, such as +61491570156, as the person names it."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run prints the entries of a number as JSON.
func (n consentNumberCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, n.Workspace, func(s *store, w inbox.Workspace) error {
		number, ok := flow.Phone(n.Phone, w.Country)
		if !ok {
			return usageError{errors.New("that is not a phone number with its country code")}
		}
		bundle, err := s.Ledger.BundleOfNumber(ctx, s.DB, w.ID, number)
		if err != nil {
			return err
		}
		if err := auth.Audit(ctx, s.DB, w.ID, "cli", "consent.evidence", "ledger", map[string]any{"entries": len(bundle.Entries)}); err != nil {
			return err
		}
		printJSON(bundle)
		return nil
	})
}

type consentVerifyCmd struct {
	Head      string `help:"A head exported earlier; a cut or recomputed chain shows against it."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run verifies the ledger; a fault ends with status 1.
func (v consentVerifyCmd) Run(ctx context.Context, c *config) error {
	var pinned *consent.Head
	if v.Head != "" {
		raw, err := readInput(v.Head)
		if err != nil {
			return err
		}
		pinned = new(consent.Head)
		if err := json.Unmarshal(raw, pinned); err != nil {
			return usageError{fmt.Errorf("%s is not an exported head: %w", v.Head, err)}
		}
	}
	return c.with(ctx, v.Workspace, func(s *store, w inbox.Workspace) error {
		report, err := s.Ledger.Verify(ctx, s.DB, w.ID, pinned)
		if err != nil {
			return err
		}
		printJSON(report)
		if !report.OK() {
			return errors.New("the consent ledger does not verify")
		}
		return nil
	})
}

type consentHeadCmd struct {
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run prints the head.
func (h consentHeadCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, h.Workspace, func(s *store, w inbox.Workspace) error {
		head, err := s.Ledger.ExportHead(ctx, s.DB, w.ID)
		if err == nil {
			printJSON(head)
		}
		return err
	})
}

type replayCmd struct {
	ID int64 `arg:"" optional:"" help:"One delivery; none: all parked ones."`
}

// Run puts parked deliveries back in line.
func (r replayCmd) Run(ctx context.Context, c *config) error {
	s, err := c.openMigrated(ctx)
	if err != nil {
		return err
	}
	err = s.inTx(ctx, func(tx *sqlx.Tx) error {
		n, err := ingest.Replay(ctx, tx, r.ID)
		if err == nil && n == 0 && r.ID != 0 {
			return usageError{fmt.Errorf("no parked delivery has the id %d", r.ID)}
		}
		if err == nil {
			fmt.Printf("%d deliveries put back in line; the running server splits them again\n", n)
		}
		return err
	})
	return errors.Join(err, s.close())
}

type sendCmd struct {
	Release sendReleaseCmd `cmd:"" help:"After a restore: let sending go on. Actions later than the backup stay unknown until a person settles them."`
}

type sendReleaseCmd struct{}

// Run releases sending.
func (sendReleaseCmd) Run(ctx context.Context, c *config) error {
	s, err := c.openMigrated(ctx)
	if err != nil {
		return err
	}
	epoch, err := outbox.OpenEpoch(ctx, s.DB, c.epochPath())
	if err == nil {
		err = epoch.Release(ctx)
	}
	if err == nil {
		fmt.Println("sending goes on")
	}
	return errors.Join(err, s.close())
}

func printJSON(v any) {
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}
