package inbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/fault"
	"ponte/secret"
)

// NewAccount is what connecting an account takes.
type NewAccount struct {
	WorkspaceID int64
	Channel     string // facebook, instagram, whatsapp
	ExternalID  string // Page id, Instagram account id, phone number id
	Name        string
	BaseURL     string
	Token       string
	WABAID      string // WhatsApp
	PageID      string // Instagram connected through Facebook Login: the Page's id; else empty
	Phone       string // WhatsApp: the number people write to
}

// Check names every fault of the input at once.
func (a NewAccount) Check() error {
	var faults []string
	switch a.Channel {
	case "facebook", "instagram", "whatsapp":
	case "messenger":
		faults = append(faults, "channel is messenger: Messenger comes with its Page, so connect that as facebook")
	default:
		faults = append(faults, fmt.Sprintf("channel %q is none of facebook, instagram, whatsapp", a.Channel))
	}
	if a.ExternalID == "" {
		faults = append(faults, "id is missing (the Page's, the Instagram account's or the phone number's id)")
	}
	if a.Token == "" {
		faults = append(faults, "token is missing")
	}
	if !strings.HasPrefix(a.BaseURL, "http://") && !strings.HasPrefix(a.BaseURL, "https://") {
		faults = append(faults, fmt.Sprintf("base URL %q does not begin with http:// or https://", a.BaseURL))
	}
	if a.Channel != "instagram" && a.PageID != "" {
		faults = append(faults, "page (the Page through which an Instagram account sends) belongs to instagram only")
	}
	if a.Channel == "whatsapp" && a.WABAID == "" {
		faults = append(faults, "waba (the WhatsApp Business account's id) is missing")
	}
	if a.Channel == "whatsapp" && Digits(a.Phone) == "" {
		faults = append(faults, "phone (the number people write to, with country code) is missing")
	}
	if len(faults) > 0 {
		return fault.New(fault.Invalid, "the account was not connected: %s", strings.Join(faults, "; "))
	}
	return nil
}

// Digits keeps the digits of a phone number, without a leading plus or zeros of the 00 prefix.
func Digits(phone string) string {
	var b strings.Builder
	for _, r := range phone {
		if r >= '0' && r <= '9' {
			b.WriteRune(r)
		}
	}
	return strings.TrimPrefix(b.String(), "00")
}

const accountColumns = `workspace_id, id, channel, external_id, name, base_url, token_sealed, waba_id, phone, page_id, state, state_reason, sending, automate,
       health, backfill, sweep, templates, created_at, removed_at`

// Address is the Graph address of the account: the one given, else the one it is connected with already, so that
// renewing a token moves nothing, else the installation's. Instagram without a Page has a host of its own.
func (a NewAccount) Address(ctx context.Context, q sqlx.QueryerContext, graphURL string) (string, error) {
	if a.BaseURL != "" {
		return a.BaseURL, nil
	}
	var known []string
	if err := sqlx.SelectContext(ctx, q, &known, sqlAccountAddress, a.WorkspaceID, a.Channel, a.ExternalID); err != nil {
		return "", fmt.Errorf("look for the account's address: %w", err)
	}
	if len(known) > 0 {
		return known[0], nil
	}
	if rest, is := strings.CutPrefix(graphURL, "https://graph.facebook.com"); is && a.Channel == string(channels.Instagram) && a.PageID == "" {
		return "https://graph.instagram.com" + rest, nil
	}
	return graphURL, nil
}

const sqlAccountAddress = `SELECT base_url FROM accounts WHERE workspace_id = $1 AND channel = $2 AND external_id = $3 AND removed_at IS NULL`

// AddAccount connects an account, or renews token and address of one that is connected to this
// workspace already. An account connected elsewhere is a conflict.
func AddAccount(ctx context.Context, tx sqlx.ExtContext, keys *secret.Keyring, a NewAccount) (Account, error) {
	if err := a.Check(); err != nil {
		return Account{}, err
	}
	sealed, err := keys.Seal(a.Token, sealContext(a.Channel, a.ExternalID))
	if err != nil {
		return Account{}, fmt.Errorf("seal the account's token: %w", err)
	}
	var out Account
	err = sqlx.GetContext(ctx, tx, &out, sqlUpsertAccount, a.WorkspaceID, a.Channel, a.ExternalID, a.Name, strings.TrimRight(a.BaseURL, "/"), sealed, a.WABAID, Digits(a.Phone), a.PageID)
	if errors.Is(err, sql.ErrNoRows) {
		return Account{}, fault.New(fault.Conflict, "%s account %s is connected to another workspace; remove it there first", a.Channel, a.ExternalID)
	}
	if err != nil {
		return Account{}, fmt.Errorf("connect account: %w", err)
	}
	if err := Touch(ctx, tx, Change{out.WorkspaceID, "account", out.ID}); err != nil {
		return Account{}, err
	}
	return out, Wake(ctx, tx, "ponte_accounts")
}

const sqlUpsertAccount = `
INSERT INTO accounts (workspace_id, channel, external_id, name, base_url, token_sealed, waba_id, phone, page_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (channel, external_id) WHERE removed_at IS NULL DO UPDATE
SET token_sealed = excluded.token_sealed, base_url = excluded.base_url, waba_id = excluded.waba_id, phone = excluded.phone, page_id = excluded.page_id,
    name = CASE WHEN excluded.name <> '' THEN excluded.name ELSE accounts.name END, state = 'connected', state_reason = '', health = '{}'
WHERE accounts.workspace_id = excluded.workspace_id
RETURNING ` + accountColumns

// AccountRefused marks an account whose token the network does not take: it must be connected again.
func AccountRefused(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64, why string) error {
	if _, err := tx.ExecContext(ctx, sqlAccountRefused, workspaceID, id, why); err != nil {
		return fmt.Errorf("mark account %d: %w", id, err)
	}
	return Touch(ctx, tx, Change{workspaceID, "account", id})
}

const sqlAccountRefused = `UPDATE accounts SET state = 'needs_reauthorisation', state_reason = $3 WHERE workspace_id = $1 AND id = $2 AND state = 'connected'`

// NameAccount gives an account that was connected without a name the one that its network knows it by; a name
// that a person gave stays.
func NameAccount(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64, name string) error {
	if name = strings.TrimSpace(name); name == "" {
		return nil
	}
	res, err := tx.ExecContext(ctx, sqlNameAccount, workspaceID, id, name)
	if err != nil {
		return fmt.Errorf("name account %d: %w", id, err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return nil
	}
	return Touch(ctx, tx, Change{workspaceID, "account", id})
}

const sqlNameAccount = `UPDATE accounts SET name = left($3, 200) WHERE workspace_id = $1 AND id = $2 AND name = '' AND removed_at IS NULL`

// RemoveAccount disconnects an account: nothing more is sent by it or taken from it; its history stays.
func RemoveAccount(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64) error {
	res, err := tx.ExecContext(ctx, sqlRemoveAccount, workspaceID, id)
	if err != nil {
		return fmt.Errorf("remove account: %w", err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return fault.New(fault.NotFound, "account %d does not exist in this workspace", id)
	}
	if err := Touch(ctx, tx, Change{workspaceID, "account", id}); err != nil {
		return err
	}
	return Wake(ctx, tx, "ponte_accounts")
}

// The token goes with the connection: a removed account keeps no secret.
const sqlRemoveAccount = `
UPDATE accounts SET removed_at = now(), state = 'removed', state_reason = 'removed by a member', token_sealed = '', sending = false
WHERE workspace_id = $1 AND id = $2 AND removed_at IS NULL`

// SharesWebhooks says that another connected account, of whichever workspace, gets its webhooks by the same
// subscription: numbers of one WhatsApp Business account do, and Instagram through Facebook Login with its Page.
func SharesWebhooks(ctx context.Context, q sqlx.QueryerContext, a Account) (bool, error) {
	var shared bool
	if err := sqlx.GetContext(ctx, q, &shared, sqlSharesWebhooks, a.WorkspaceID, a.ID); err != nil {
		return false, fmt.Errorf("see whose webhooks account %d shares: %w", a.ID, err)
	}
	return shared, nil
}

const sqlSharesWebhooks = `
WITH subscribed AS (SELECT workspace_id, id, removed_at, base_url, CASE channel WHEN 'whatsapp' THEN 'waba ' || waba_id ELSE coalesce(nullif(page_id, ''), external_id) END AS at FROM accounts)
SELECT EXISTS (SELECT 1 FROM subscribed a JOIN subscribed o ON o.at = a.at AND o.base_url = a.base_url AND o.id <> a.id AND o.removed_at IS NULL
    WHERE a.workspace_id = $1 AND a.id = $2)`

// Accounts lists the connected accounts of a workspace; workspace 0 means all of them.
func Accounts(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) ([]Account, error) {
	var out []Account
	err := sqlx.SelectContext(ctx, q, &out, `SELECT `+accountColumns+` FROM accounts WHERE removed_at IS NULL AND ($1::bigint = 0 OR workspace_id = $1) ORDER BY id`, workspaceID)
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return out, nil
}

// LoadAccount returns one account of the workspace, removed or not.
func LoadAccount(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (Account, error) {
	var a Account
	err := sqlx.GetContext(ctx, q, &a, `SELECT `+accountColumns+` FROM accounts WHERE workspace_id = $1 AND id = $2`, workspaceID, id)
	if errors.Is(err, sql.ErrNoRows) {
		return a, fault.New(fault.NotFound, "account %d does not exist in this workspace", id)
	}
	if err != nil {
		return a, fmt.Errorf("load account: %w", err)
	}
	return a, nil
}

// Callable opens the account's token for a call. The result must not be logged or stored.
func (a Account) Callable(keys *secret.Keyring, appSecret string) (channels.Account, error) {
	token, err := keys.Open(a.TokenSealed, sealContext(a.Channel, a.ExternalID))
	if err != nil {
		return channels.Account{}, fmt.Errorf("open the token of account %d: %w", a.ID, err)
	}
	return channels.Account{
		Row: a.ID, Channel: channels.Channel(a.Channel), ID: a.ExternalID, BaseURL: a.BaseURL, Token: token,
		AppSecret: appSecret, WABA: a.WABAID, Phone: a.Phone, Page: a.PageID,
	}, nil
}

func sealContext(channel, externalID string) string { return "account:" + channel + ":" + externalID }
