package live

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/flow"
	"ponte/inbox"
	"ponte/secret"
)

// Secret is a name that calls are signed under, with the hosts it may sign for. The secret itself is sealed
// and never shown again.
type Secret struct {
	Name      string        `db:"name"`
	Hosts     inbox.Strings `db:"hosts"`
	UpdatedAt time.Time     `db:"updated_at"`
	UsedAt    *time.Time    `db:"used_at"`
}

// Secrets lists the secrets of a workspace.
func Secrets(ctx context.Context, q sqlx.QueryerContext, workspace int64) ([]Secret, error) {
	var out []Secret
	if err := sqlx.SelectContext(ctx, q, &out, `SELECT name, hosts, updated_at, used_at FROM flow_secrets WHERE workspace_id = $1 ORDER BY name`, workspace); err != nil {
		return nil, fmt.Errorf("list the secrets of flows: %w", err)
	}
	return out, nil
}

func sealedFor(workspace int64, name string) string {
	return fmt.Sprintf("flow-secret:%d:%s", workspace, name)
}

// SetSecret keeps a secret, in the place of one with the same name. An empty value keeps the one that is
// there and changes its hosts.
func SetSecret(ctx context.Context, tx sqlx.ExtContext, keys *secret.Keyring, workspace int64, name, value string, hosts []string, by *int64) error {
	if faults := flow.CheckSecretName(name); faults != "" {
		return fault.Field("name", "%s", faults)
	}
	if len(hosts) == 0 {
		return fault.Field("hosts", "name the hosts that calls with this secret may go to")
	}
	for i, h := range hosts {
		if !flow.PublicHost(h) {
			return fault.Field(fmt.Sprintf("hosts[%d]", i), "%q is no public host name, as \"api.example.com\"", h)
		}
	}
	if value == "" {
		res, err := tx.ExecContext(ctx, `UPDATE flow_secrets SET hosts = $3, updated_at = now() WHERE workspace_id = $1 AND name = $2`, workspace, name, inbox.Strings(hosts))
		if err != nil {
			return fmt.Errorf("change the hosts of a secret: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return fault.Field("value", "there is no secret %q yet: give it a value", name)
		}
		return nil
	}
	if len(value) < 16 || len(value) > 1000 {
		return fault.Field("value", "a secret has 16 to 1000 bytes; openssl rand -hex 32 makes a good one")
	}
	sealed, err := keys.Seal(value, sealedFor(workspace, name))
	if err != nil {
		return fmt.Errorf("seal a secret: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `
INSERT INTO flow_secrets (workspace_id, name, hosts, sealed, created_by) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workspace_id, name) DO UPDATE SET hosts = excluded.hosts, sealed = excluded.sealed, updated_at = now()`, workspace, name, inbox.Strings(hosts), sealed, by); err != nil {
		return fmt.Errorf("keep a secret: %w", err)
	}
	return nil
}

// RemoveSecret forgets a secret; calls that name it fail from now on.
func RemoveSecret(ctx context.Context, tx sqlx.ExtContext, workspace int64, name string) error {
	res, err := tx.ExecContext(ctx, `DELETE FROM flow_secrets WHERE workspace_id = $1 AND name = $2`, workspace, name)
	if err != nil {
		return fmt.Errorf("remove a secret: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.NotFound, "there is no secret %q in this workspace", name)
	}
	return nil
}

// CheckSecrets returns what keeps a flow's calls from being made: secrets that are missing, or that may not
// sign for the host.
func CheckSecrets(ctx context.Context, q sqlx.QueryerContext, workspace int64, f *flow.Flow) (flow.Faults, error) {
	calls := f.Calls()
	if len(calls) == 0 {
		return nil, nil
	}
	list, err := Secrets(ctx, q, workspace)
	if err != nil {
		return nil, err
	}
	var out flow.Faults
	for _, c := range calls {
		at := slices.IndexFunc(list, func(s Secret) bool { return s.Name == c.Secret })
		switch {
		case at < 0:
			out = append(out, flow.NewFault(fmt.Sprintf("steps[%d].secret", c.Position), 0, "there is no secret %q in this workspace; an admin adds it", c.Secret))
		case !slices.Contains(list[at].Hosts, c.Host):
			out = append(out, flow.NewFault(fmt.Sprintf("steps[%d].url", c.Position), 0, "the secret %q may not sign for %s; an admin allows the host", c.Secret, c.Host))
		}
	}
	return out, nil
}

// signWith opens a secret for one call, or says with a short word why not.
func (c *Caller) signWith(ctx context.Context, workspace int64, name, address string) (value, failure string, err error) {
	var row struct {
		Hosts  inbox.Strings `db:"hosts"`
		Sealed []byte        `db:"sealed"`
	}
	err = c.DB.GetContext(ctx, &row, `UPDATE flow_secrets SET used_at = now() WHERE workspace_id = $1 AND name = $2 RETURNING hosts, sealed`, workspace, name)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "no_secret", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("load a secret: %w", err)
	}
	if u, err := url.Parse(address); err != nil || !slices.Contains(row.Hosts, u.Hostname()) {
		return "", "host_not_allowed", nil
	}
	value, err = c.Keys.Open(row.Sealed, sealedFor(workspace, name))
	if err != nil {
		return "", "no_secret", nil
	}
	return value, "", nil
}
