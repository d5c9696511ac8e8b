package notify

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
	"ponte/outward"
	"ponte/secret"
)

// Endpoint is an address that webhooks of a workspace go to.
type Endpoint struct {
	WorkspaceID int64         `db:"workspace_id"`
	ID          int64         `db:"id"`
	URL         string        `db:"url"`
	Description string        `db:"description"`
	Kinds       inbox.Strings `db:"kinds"`
	State       string        `db:"state"`
	Reason      string        `db:"reason"`
	Failures    int           `db:"failures"`
	CreatedAt   time.Time     `db:"created_at"`
	LastAt      *time.Time    `db:"last_at"`
	LastStatus  *int          `db:"last_status"`
	Waiting     int           `db:"waiting"`
}

const sqlEndpoints = `
SELECT e.workspace_id, e.id, e.url, e.description, e.kinds, e.state, e.reason, e.failures, e.created_at, l.done_at AS last_at, l.status AS last_status,
       (SELECT count(*) FROM webhook_sends w WHERE w.workspace_id = e.workspace_id AND w.endpoint_id = e.id AND w.state IN ('planned','sending')) AS waiting
FROM webhook_endpoints e
LEFT JOIN LATERAL (SELECT done_at, status FROM webhook_sends s WHERE s.workspace_id = e.workspace_id AND s.endpoint_id = e.id AND s.done_at IS NOT NULL ORDER BY s.id DESC LIMIT 1) l ON true
WHERE e.workspace_id = $1 AND e.state <> 'removed'`

// Endpoints lists the endpoints of a workspace.
func Endpoints(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) ([]Endpoint, error) {
	var out []Endpoint
	if err := sqlx.SelectContext(ctx, q, &out, sqlEndpoints+` ORDER BY e.id`, workspaceID); err != nil {
		return nil, fmt.Errorf("list webhook endpoints: %w", err)
	}
	return out, nil
}

// LoadEndpoint returns one endpoint.
func LoadEndpoint(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (Endpoint, error) {
	var out []Endpoint
	if err := sqlx.SelectContext(ctx, q, &out, sqlEndpoints+` AND e.id = $2`, workspaceID, id); err != nil {
		return Endpoint{}, fmt.Errorf("load webhook endpoint %d: %w", id, err)
	}
	if len(out) == 0 {
		return Endpoint{}, fault.New(fault.NotFound, "webhook endpoint %d does not exist in this workspace", id)
	}
	return out[0], nil
}

// CheckURL says what is wrong with the address of an endpoint. Whether its name leads to a private address
// is looked at again at every call, because names change.
func CheckURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || len(raw) > 500:
		return fault.Field("url", "that is no address of a web server")
	case u.Scheme != "https":
		return fault.Field("url", "an endpoint has an https address, so that nobody reads along")
	case u.User != nil:
		return fault.Field("url", "no user name or password in the address; the signature says who we are")
	case u.Fragment != "":
		return fault.Field("url", "an address with a # part cannot be called")
	}
	host := strings.ToLower(u.Hostname())
	if a, err := netip.ParseAddr(host); err == nil && !outward.Public(a) || host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".internal") || strings.HasSuffix(host, ".local") {
		return fault.Field("url", "%s is an address of this machine or a private network; an endpoint must be reachable in public", host)
	}
	return nil
}

// EndpointInput is what a member sets of an endpoint.
type EndpointInput struct {
	URL         string
	Description string
	Kinds       []string
}

func (in EndpointInput) check() error {
	for _, k := range in.Kinds {
		if !Kind(k).Valid() {
			return fault.Field("kinds", "%q is no kind of event", k)
		}
	}
	return CheckURL(in.URL)
}

// AddEndpoint makes an endpoint and returns its id and its secret, which is shown this once.
func AddEndpoint(ctx context.Context, tx sqlx.ExtContext, keys *secret.Keyring, who auth.Who, in EndpointInput) (int64, string, error) {
	if err := in.check(); err != nil {
		return 0, "", err
	}
	var n int
	if err := sqlx.GetContext(ctx, tx, &n, `SELECT count(*) FROM webhook_endpoints WHERE workspace_id = $1 AND state <> 'removed'`, who.WorkspaceID); err != nil {
		return 0, "", fmt.Errorf("count webhook endpoints: %w", err)
	}
	if n >= maxEndpoints {
		return 0, "", fault.New(fault.Conflict, "a workspace has at most %d webhook endpoints; remove one first", maxEndpoints)
	}
	var id int64
	if err := sqlx.GetContext(ctx, tx, &id, `SELECT nextval(pg_get_serial_sequence('webhook_endpoints', 'id'))`); err != nil {
		return 0, "", fmt.Errorf("draw an id: %w", err)
	}
	plain := newSecret()
	sealed, err := keys.Seal(plain, sealContext(who.WorkspaceID, id))
	if err != nil {
		return 0, "", err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO webhook_endpoints (workspace_id, id, url, description, kinds, secret_sealed, created_by) OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		who.WorkspaceID, id, in.URL, in.Description, inbox.Strings(in.Kinds), sealed, who.User()); err != nil {
		return 0, "", fmt.Errorf("add a webhook endpoint: %w", err)
	}
	return id, plain, auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "webhook_endpoint.add", object(id), map[string]any{"url": in.URL})
}

const maxEndpoints = 20

func sealContext(workspace, id int64) string { return fmt.Sprintf("webhook:%d:%d", workspace, id) }

func object(id int64) string { return fmt.Sprintf("webhook_endpoint:%d", id) }

// ChangeEndpoint sets address, description and kinds.
func ChangeEndpoint(ctx context.Context, tx sqlx.ExtContext, who auth.Who, id int64, in EndpointInput) error {
	if err := in.check(); err != nil {
		return err
	}
	res, err := tx.ExecContext(ctx, `UPDATE webhook_endpoints SET url = $3, description = $4, kinds = $5 WHERE workspace_id = $1 AND id = $2 AND state <> 'removed'`, who.WorkspaceID, id, in.URL, in.Description, inbox.Strings(in.Kinds))
	return noted(ctx, tx, who, id, "change", res, err)
}

// PauseEndpoint stops sending to an endpoint, or goes on with what waited meanwhile.
func PauseEndpoint(ctx context.Context, tx sqlx.ExtContext, who auth.Who, id int64, pause bool) error {
	stmt, verb := `UPDATE webhook_endpoints SET state = 'active', reason = '', failures = 0 WHERE workspace_id = $1 AND id = $2 AND state <> 'removed'`, "resume"
	if pause {
		stmt, verb = `UPDATE webhook_endpoints SET state = 'paused', reason = '`+pausedByMember+`' WHERE workspace_id = $1 AND id = $2 AND state <> 'removed'`, "pause"
	}
	res, err := tx.ExecContext(ctx, stmt, who.WorkspaceID, id)
	if err := noted(ctx, tx, who, id, verb, res, err); err != nil {
		return err
	}
	return inbox.Wake(ctx, tx, Channel)
}

// RemoveEndpoint forgets the secret and ends what waits; the log stays until it is tidied.
func RemoveEndpoint(ctx context.Context, tx sqlx.ExtContext, who auth.Who, id int64) error {
	res, err := tx.ExecContext(ctx, `UPDATE webhook_endpoints SET state = 'removed', secret_sealed = '' WHERE workspace_id = $1 AND id = $2 AND state <> 'removed'`, who.WorkspaceID, id)
	if err := noted(ctx, tx, who, id, "remove", res, err); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE webhook_sends SET state = 'failed', error = 'the endpoint was removed', done_at = now() WHERE workspace_id = $1 AND endpoint_id = $2 AND state IN ('planned','sending')`, who.WorkspaceID, id)
	if err != nil {
		return fmt.Errorf("end what waits for webhook endpoint %d: %w", id, err)
	}
	return nil
}

// RotateSecret gives an endpoint a new secret, which is shown this once; the old one holds no longer.
func RotateSecret(ctx context.Context, tx sqlx.ExtContext, keys *secret.Keyring, who auth.Who, id int64) (string, error) {
	plain := newSecret()
	sealed, err := keys.Seal(plain, sealContext(who.WorkspaceID, id))
	if err != nil {
		return "", err
	}
	res, err := tx.ExecContext(ctx, `UPDATE webhook_endpoints SET secret_sealed = $3 WHERE workspace_id = $1 AND id = $2 AND state <> 'removed'`, who.WorkspaceID, id, sealed)
	return plain, noted(ctx, tx, who, id, "rotate", res, err)
}

func noted(ctx context.Context, tx sqlx.ExtContext, who auth.Who, id int64, verb string, res interface{ RowsAffected() (int64, error) }, err error) error {
	if err != nil {
		return fmt.Errorf("%s webhook endpoint %d: %w", verb, id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.NotFound, "webhook endpoint %d does not exist in this workspace", id)
	}
	return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "webhook_endpoint."+verb, object(id), nil)
}

// Send is one webhook as the log shows it.
type Send struct {
	ID         int64      `db:"id"`
	EndpointID int64      `db:"endpoint_id"`
	EventID    string     `db:"event_id"`
	Kind       string     `db:"kind"`
	Body       string     `db:"body"`
	ResentOf   *int64     `db:"resent_of"`
	State      string     `db:"state"`
	Attempts   int        `db:"attempts"`
	NotBefore  time.Time  `db:"not_before"`
	Status     int        `db:"status"`
	Error      string     `db:"error"`
	TookMs     int        `db:"took_ms"`
	CreatedAt  time.Time  `db:"created_at"`
	DoneAt     *time.Time `db:"done_at"`
}

const sendColumns = `id, endpoint_id, event_id, kind, body, resent_of, state, attempts, not_before, status, error, took_ms, created_at, done_at`

// Sends lists what was sent to an endpoint before an id (0: the newest), the newest first.
func Sends(ctx context.Context, q sqlx.QueryerContext, workspaceID, endpointID, before int64, limit int) ([]Send, error) {
	var out []Send
	if err := sqlx.SelectContext(ctx, q, &out, `SELECT `+sendColumns+` FROM webhook_sends WHERE workspace_id = $1 AND endpoint_id = $2 AND ($3::bigint = 0 OR id < $3) ORDER BY id DESC LIMIT $4`, workspaceID, endpointID, before, limit); err != nil {
		return nil, fmt.Errorf("list the webhooks of endpoint %d: %w", endpointID, err)
	}
	return out, nil
}

// Resend plans the same bytes once more, with a signature of its own time.
func Resend(ctx context.Context, tx sqlx.ExtContext, who auth.Who, id int64) (Send, error) {
	var out []Send
	err := sqlx.SelectContext(ctx, tx, &out, `
INSERT INTO webhook_sends (workspace_id, endpoint_id, event_id, kind, body, resent_of)
SELECT s.workspace_id, s.endpoint_id, s.event_id, s.kind, s.body, s.id FROM webhook_sends s
JOIN webhook_endpoints e ON e.workspace_id = s.workspace_id AND e.id = s.endpoint_id AND e.state <> 'removed'
WHERE s.workspace_id = $1 AND s.id = $2 RETURNING `+sendColumns, who.WorkspaceID, id)
	if err != nil {
		return Send{}, fmt.Errorf("send webhook %d again: %w", id, err)
	}
	if len(out) == 0 {
		return Send{}, fault.New(fault.NotFound, "webhook %d does not exist in this workspace", id)
	}
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "webhook.resend", fmt.Sprintf("webhook:%d", id), nil); err != nil {
		return Send{}, err
	}
	return out[0], inbox.Wake(ctx, tx, Channel)
}

// Test plans a webhook that says only that it is one.
func Test(ctx context.Context, tx sqlx.ExtContext, who auth.Who, endpointID int64, now time.Time) (Send, error) {
	e := Event{WorkspaceID: who.WorkspaceID, Kind: "test", Dedupe: fmt.Sprint(endpointID, "/", now.UnixNano()), At: now}
	body := fmt.Sprintf(`{"id":%q,"kind":"test","at":%q,"workspace_id":%d,"data":{}}`, eventID(e), now.UTC().Format(time.RFC3339Nano), who.WorkspaceID)
	var out []Send
	err := sqlx.SelectContext(ctx, tx, &out, `
INSERT INTO webhook_sends (workspace_id, endpoint_id, event_id, kind, body)
SELECT workspace_id, id, $3, 'test', $4 FROM webhook_endpoints WHERE workspace_id = $1 AND id = $2 AND state <> 'removed' RETURNING `+sendColumns, who.WorkspaceID, endpointID, eventID(e), body)
	if err != nil {
		return Send{}, fmt.Errorf("plan a test for endpoint %d: %w", endpointID, err)
	}
	if len(out) == 0 {
		return Send{}, fault.New(fault.NotFound, "webhook endpoint %d does not exist in this workspace", endpointID)
	}
	return out[0], inbox.Wake(ctx, tx, Channel)
}

// pausedByMember is the reason of a pause that somebody wanted; any other is of failed tries.
const pausedByMember = "by a member"

// PauseCode is why an endpoint rests, as a code; empty where it does not.
func PauseCode(e Endpoint) string {
	switch {
	case e.State != "paused":
		return ""
	case e.Reason == pausedByMember:
		return "by_member"
	}
	return "failing"
}
