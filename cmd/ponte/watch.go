package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"

	"ponte/channels"
	"ponte/channels/network"
	"ponte/inbox"
	"ponte/ingest"
	"ponte/notify"
)

// newWatcher looks at every account once an hour, as the doctor does when asked.
func (v *service) newWatcher() *ingest.Watcher {
	return &ingest.Watcher{
		DB: v.DB, Open: v.openAccount, Now: time.Now, Log: v.log,
		Health: func(ctx context.Context, a channels.Account) channels.Health {
			return v.network.Health(ctx, a, v.c.MetaAppID, v.c.MetaAppSecrets...)
		},
		Wants: func(c channels.Channel) (scopes, fields []string) {
			return network.WantedScopes(c), network.WantedFields(c)
		},
		Notify: func(ctx context.Context, tx *sqlx.Tx, a inbox.Account, p inbox.AccountProblem) error {
			now := time.Now()
			return notify.Raise(ctx, tx, []notify.Event{{WorkspaceID: a.WorkspaceID, Kind: notify.AccountTrouble, Object: fmt.Sprintf("account:%d", a.ID),
				Data: map[string]any{"account": a.ID, "channel": a.Channel, "problem": p.Code}, At: now, Dedupe: fmt.Sprintf("account:%d:%s:%d", a.ID, p.Code, now.Unix())}})
		},
	}
}

func (c *config) firstAppSecret() string {
	if len(c.MetaAppSecrets) == 0 {
		return ""
	}
	return c.MetaAppSecrets[0]
}

// accountFigures reports what is wrong with accounts, as it was last seen.
type accountFigures struct {
	db                                    *sqlx.DB
	problems, expires, coverage, messages *prometheus.Desc
}

func newAccountFigures(db *sqlx.DB) *accountFigures {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("ponte_"+name, help, labels, nil)
	}
	return &accountFigures{db,
		d("account_problems", "Connected accounts with a problem, by problem.", "problem"),
		d("token_expires_seconds", "Seconds until an account's token ends, as last told; missing where it does not end.", "account"),
		d("sweep_coverage", "Share of an account's comments of seven days that had come by webhook; WhatsApp cannot be measured.", "account"),
		d("sweep_coverage_messages", "Share of customers' Instagram and Messenger messages of seven days that had come by webhook; WhatsApp cannot be measured.", "account")}
}

// Describe sends the descriptions.
func (f *accountFigures) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{f.problems, f.expires, f.coverage, f.messages} {
		ch <- d
	}
}

// Collect counts; when the database does not answer, the figures are missing rather than wrong.
func (f *accountFigures) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for _, q := range []struct {
		desc *prometheus.Desc
		stmt string
	}{
		{f.problems, sqlProblemFigures}, {f.expires, sqlTokenFigures}, {f.coverage, sqlCoverageFigures}, {f.messages, sqlMessageCoverage},
	} {
		var rows []struct {
			Label string  `db:"label"`
			N     float64 `db:"n"`
		}
		if f.db.SelectContext(ctx, &rows, q.stmt) != nil {
			continue
		}
		for _, r := range rows {
			ch <- prometheus.MustNewConstMetric(q.desc, prometheus.GaugeValue, r.N, r.Label)
		}
	}
}

const sqlProblemFigures = `
SELECT p->>'code' AS label, count(*) AS n FROM accounts a, jsonb_array_elements(coalesce(a.health->'problems', '[]')) p
WHERE a.removed_at IS NULL GROUP BY 1`

const sqlTokenFigures = `
SELECT external_id AS label, extract(epoch FROM (health->>'token_expires')::timestamptz - now()) AS n FROM accounts
WHERE removed_at IS NULL AND health ? 'token_expires'`

const sqlMessageCoverage = `
SELECT external_id AS label, (sweep->>'messages_told')::float8 / (sweep->>'messages')::float8 AS n FROM accounts
WHERE removed_at IS NULL AND jsonb_typeof(sweep->'messages') = 'number' AND sweep->>'messages' <> '0'`

const sqlCoverageFigures = `
SELECT external_id AS label, (sweep->>'coverage')::float8 AS n FROM accounts WHERE removed_at IS NULL AND jsonb_typeof(sweep->'coverage') = 'number'`
