package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/auth"
	"ponte/inbox"
)

// seedCmd fills a workspace with made-up conversations, to try screens and speed on. Nothing of it can be
// sent: its accounts are not connected.
type seedCmd struct {
	Conversations int    `default:"100000" help:"How many; about twenty messages each, and five with five thousand."`
	Workspace     string `default:"seed" help:"Workspace; made if there is none. One that has accounts of its own is refused."`
	Email         string `help:"Make this person its owner; the password is read from standard input."`
}

const seedChunk = 2000 // conversations a transaction

// Run makes what is missing: a second run, or one after an interruption, adds nothing twice.
func (d seedCmd) Run(ctx context.Context, c *config) error {
	if d.Conversations < 1 || d.Conversations > 10_000_000 {
		return usageError{errors.New("--conversations must be between 1 and 10000000")}
	}
	return c.with(ctx, d.Workspace, func(s *store, w inbox.Workspace) error {
		if d.Email != "" {
			if err := (userAddCmd{Email: d.Email, Name: "Seed", Role: string(auth.Owner), Workspace: d.Workspace}).Run(ctx, c); err != nil {
				return err
			}
		}
		accounts, err := seedAccounts(ctx, s, w.ID)
		if err != nil {
			return err
		}
		began := time.Now()
		for from := 0; from < d.Conversations; from += seedChunk {
			if err := s.seed(ctx, w.ID, accounts, from, min(from+seedChunk, d.Conversations)); err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "\r%d of %d conversations, %s ", min(from+seedChunk, d.Conversations), d.Conversations, time.Since(began).Round(time.Second))
		}
		fmt.Fprintln(os.Stderr)
		if _, err := s.DB.ExecContext(ctx, `ANALYZE contacts, identities, threads, conversations, messages`); err != nil {
			return fmt.Errorf("measure the tables: %w", err)
		}
		var n struct {
			Conversations int64 `db:"conversations" json:"conversations"`
			Messages      int64 `db:"messages" json:"messages"`
			Contacts      int64 `db:"contacts" json:"contacts"`
			Longest       int64 `db:"longest" json:"longest"` // the conversation with the most messages
			LongestHas    int64 `db:"longest_has" json:"longest_messages"`
		}
		if err := s.DB.GetContext(ctx, &n, sqlSeeded, w.ID); err != nil {
			return fmt.Errorf("count what was made: %w", err)
		}
		if err := s.DB.GetContext(ctx, &n, sqlLongest, w.ID); err != nil {
			return fmt.Errorf("find the longest conversation: %w", err)
		}
		printJSON(n)
		return nil
	})
}

const sqlSeeded = `
SELECT (SELECT count(*) FROM conversations WHERE workspace_id = $1) AS conversations, (SELECT count(*) FROM messages WHERE workspace_id = $1) AS messages,
       (SELECT count(*) FROM contacts WHERE workspace_id = $1) AS contacts`

const sqlLongest = `SELECT conversation_id AS longest, count(*) AS longest_has FROM messages WHERE workspace_id = $1 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1`

// seedAccounts makes the three accounts that the conversations hang on, unable to send.
func seedAccounts(ctx context.Context, s *store, workspace int64) ([]int64, error) {
	var own int
	if err := s.DB.GetContext(ctx, &own, `SELECT count(*) FROM accounts WHERE workspace_id = $1 AND external_id NOT LIKE 'seed-%'`, workspace); err != nil {
		return nil, fmt.Errorf("look for accounts: %w", err)
	}
	if own > 0 {
		return nil, usageError{errors.New("this workspace has accounts of its own: seed another one, with --workspace")}
	}
	var ids []int64
	for _, channel := range []string{"whatsapp", "instagram", "facebook"} {
		var id int64
		if err := s.DB.GetContext(ctx, &id, sqlSeedAccount, workspace, channel, fmt.Sprintf("seed-%s-%d", channel, workspace)); err != nil {
			return nil, fmt.Errorf("make an account: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

const sqlSeedAccount = `
INSERT INTO accounts (workspace_id, channel, external_id, name, base_url, token_sealed, waba_id, phone, state, state_reason, sending)
VALUES ($1, $2, $3, 'Seed ' || $2, 'http://127.0.0.1:9', '', CASE WHEN $2 = 'whatsapp' THEN $3 ELSE '' END, CASE WHEN $2 = 'whatsapp' THEN '0000' ELSE '' END,
        'needs_reauthorisation', 'made by ponte seed: nothing is sent from here', false)
ON CONFLICT (channel, external_id) WHERE removed_at IS NULL DO UPDATE SET name = excluded.name RETURNING id`

// seed makes one chunk, whole or not at all.
func (s *store) seed(ctx context.Context, workspace int64, accounts []int64, from, to int) error {
	return s.inTx(ctx, func(tx *sqlx.Tx) error {
		var there bool
		if err := tx.GetContext(ctx, &there, `SELECT EXISTS (SELECT 1 FROM identities WHERE workspace_id = $1 AND external_id = 'seed-' || $2::bigint)`, workspace, from); err != nil {
			return fmt.Errorf("look for the chunk: %w", err)
		}
		if there {
			return nil
		}
		var members []int64
		if err := tx.SelectContext(ctx, &members, `SELECT user_id FROM members WHERE workspace_id = $1 ORDER BY 1`, workspace); err != nil {
			return fmt.Errorf("list members: %w", err)
		}
		p := newPhrases()
		for _, step := range []struct {
			what, stmt string
			args       []any
		}{
			{"draw", sqlSeedRows, []any{from, to - 1, pq.Array(accounts), pq.Array(members), pq.Array(p.languages)}},
			{"contacts", sqlSeedContacts, []any{workspace, pq.Array(p.first), pq.Array(p.last)}},
			{"identities", sqlSeedIdentities, []any{workspace}},
			{"threads", sqlSeedThreads, []any{workspace}},
			{"conversations", sqlSeedConversations, []any{workspace, pq.Array(p.asks), len(p.asks) / len(p.languages), pq.Array(p.languages), pq.Array(p.things)}},
			{"messages", sqlSeedMessages, []any{workspace, pq.Array(p.asks), len(p.asks) / len(p.languages), pq.Array(p.languages), pq.Array(p.things), pq.Array(p.answers), len(p.answers) / len(p.languages)}},
		} {
			if _, err := tx.ExecContext(ctx, step.stmt, step.args...); err != nil {
				return fmt.Errorf("make %s: %w", step.what, err)
			}
		}
		return nil
	})
}

// A draw is the same for ever: a hash of the number and of what is drawn.
func seedDraw(salt int) string {
	return fmt.Sprintf("((hashint8extended(j, %d) & 1048575) / 1048576.0)", salt)
}

// One row a conversation: who, where, when and how long. Ages lean to the recent; a tenth of the recent
// ones wait for an answer; most have about twenty messages, five of a hundred thousand have 5,000.
var sqlSeedRows = `
CREATE TEMPORARY TABLE seed_rows ON COMMIT DROP AS
SELECT j, nextval(pg_get_serial_sequence('contacts', 'id')) AS contact, nextval(pg_get_serial_sequence('identities', 'id')) AS identity,
       nextval(pg_get_serial_sequence('threads', 'id')) AS thread, nextval(pg_get_serial_sequence('conversations', 'id')) AS conversation,
       CASE WHEN ` + seedDraw(1) + ` < 0.5 THEN 'whatsapp' WHEN ` + seedDraw(1) + ` < 0.8 THEN 'instagram' ELSE 'messenger' END AS channel,
       ($3::bigint[])[CASE WHEN ` + seedDraw(1) + ` < 0.5 THEN 1 WHEN ` + seedDraw(1) + ` < 0.8 THEN 2 ELSE 3 END] AS account,
       ($5::text[])[CASE WHEN ` + seedDraw(2) + ` < 0.4 THEN 1 WHEN ` + seedDraw(2) + ` < 0.6 THEN 2 WHEN ` + seedDraw(2) + ` < 0.75 THEN 3 WHEN ` + seedDraw(2) + ` < 0.85 THEN 4 WHEN ` + seedDraw(2) + ` < 0.92 THEN 5 WHEN ` + seedDraw(2) + ` < 0.97 THEN 6 ELSE 7 END] AS language,
       date_trunc('second', now() - interval '400 days' * power(` + seedDraw(3) + `, 3) - interval '30 seconds') AS last_at,
       CASE WHEN j % 20000 = 77 THEN 5000 ELSE 2 + floor(-18 * ln(1 - ` + seedDraw(4) + `))::int END AS messages,
       ` + seedDraw(5) + ` AS state_draw, ` + seedDraw(6) + ` AS hand_draw, ` + seedDraw(7) + ` AS team_draw,
       CASE WHEN cardinality($4::bigint[]) > 0 AND ` + seedDraw(8) + ` < 0.6 THEN ($4::bigint[])[1 + (hashint8extended(j, 9) & 1048575) % cardinality($4::bigint[])] END AS assignee
FROM generate_series($1::bigint, $2::bigint) j`

const sqlSeedContacts = `
INSERT INTO contacts (workspace_id, id, name, language, labels, created_at) OVERRIDING SYSTEM VALUE
SELECT $1, contact, ($2::text[])[1 + (hashint8extended(j, 10) & 1048575) % cardinality($2::text[])] || ' ' || ($3::text[])[1 + (hashint8extended(j, 11) & 1048575) % cardinality($3::text[])],
       language, CASE WHEN j % 50 = 0 THEN '{vip}'::text[] ELSE '{}' END, last_at - interval '30 days' FROM seed_rows`

// No number and no id that a network knows: nothing can reach anybody by them.
const sqlSeedIdentities = `
INSERT INTO identities (workspace_id, id, contact_id, channel, scope, external_id, username) OVERRIDING SYSTEM VALUE
SELECT $1, identity, contact, channel, CASE WHEN channel = 'whatsapp' THEN 0 ELSE account END, 'seed-' || j, CASE WHEN channel = 'instagram' THEN 'seed_' || j ELSE '' END FROM seed_rows`

const sqlSeedThreads = `
INSERT INTO threads (workspace_id, id, account_id, channel, identity_id, contact_id, last_in_at, last_out_at) OVERRIDING SYSTEM VALUE
SELECT $1, thread, account, channel, identity, contact, last_at, last_at - interval '1 minute' FROM seed_rows`

const sqlSeedConversations = `
INSERT INTO conversations (workspace_id, id, account_id, channel, thread_id, contact_id, state, resolved_at, spam, handler, assignee_id, team, labels, language, preview, unread,
    opened_at, last_message_at, waiting_since, due_for, due_at, overdue_at, queue_at, escalated_at, first_bot_answer_at, revision) OVERRIDING SYSTEM VALUE
SELECT $1, conversation, account, channel, thread, contact, state, CASE WHEN state = 'resolved' THEN last_at END, state_draw > 0.98,
       CASE WHEN hand_draw < 0.5 THEN 'bot' ELSE 'human' END, CASE WHEN hand_draw >= 0.5 THEN assignee END, CASE WHEN team_draw < 0.2 THEN 'Hire' WHEN team_draw < 0.3 THEN 'Courses' ELSE '' END,
       CASE WHEN j % 9 = 0 THEN '{booking}'::text[] WHEN j % 31 = 0 THEN '{complaint,refund}'::text[] ELSE '{}' END, language,
       format(($2::text[])[(array_position($4::text[], language) - 1) * $3 + 1 + (hashint8extended(j, 12) & 1048575) % $3], ($5::text[])[1 + (hashint8extended(j, 13) & 1048575) % cardinality($5::text[])], j),
       CASE WHEN waits THEN 1 + (j % 4)::int ELSE 0 END, last_at - messages * interval '7 minutes', last_at, CASE WHEN waits THEN last_at END, CASE WHEN waits THEN last_at END,
       CASE WHEN waits THEN last_at + interval '15 minutes' END, CASE WHEN waits THEN last_at + interval '2 hours' END, CASE WHEN waits THEN last_at + interval '15 minutes' END,
       CASE WHEN waits THEN last_at END, last_at - messages * interval '6 minutes', messages
FROM (SELECT r.*, CASE WHEN last_at > now() - interval '14 days' AND state_draw < 0.6 OR state_draw < 0.02 THEN 'open' ELSE 'resolved' END AS state,
             state_draw < 0.2 AND last_at > now() - interval '14 days' AS waits FROM seed_rows r) x`

// The last word of who waits is their own; before it, question and answer alternate.
const sqlSeedMessages = `
INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, external_id, text, receipt, at, created_at)
SELECT $1, account, thread, conversation, CASE WHEN inward THEN 'in' ELSE 'out' END, CASE WHEN inward THEN 'contact' WHEN n < 4 THEN 'bot' ELSE 'other_tool' END, 'seed-' || conversation || '-' || n,
       CASE WHEN inward THEN format(($2::text[])[(array_position($4::text[], language) - 1) * $3 + 1 + (hashint8extended(j * 7919 + n, 14) & 1048575) % $3], ($5::text[])[1 + (hashint8extended(j * 31 + n, 15) & 1048575) % cardinality($5::text[])], j * 10 + n)
            ELSE format(($6::text[])[(array_position($4::text[], language) - 1) * $7 + 1 + (hashint8extended(j * 7919 + n, 16) & 1048575) % $7], ($5::text[])[1 + (hashint8extended(j * 31 + n, 17) & 1048575) % cardinality($5::text[])], j * 10 + n) END,
       CASE WHEN inward THEN NULL WHEN n % 3 = 0 THEN 'delivered' ELSE 'read' END, last_at - (messages - n) * interval '7 minutes', last_at - (messages - n) * interval '7 minutes'
FROM (SELECT r.*, n, (messages - n) % 2 = 0 AS inward FROM seed_rows r CROSS JOIN LATERAL generate_series(1, r.messages) n) x`
