package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// follower is a table whose rows go where their person goes.
type follower struct {
	table string
	// came is the condition under which a row came by the identities $2, and so goes with them wherever they go.
	came string
	// person says that rows which no identity brought belong to the person: they go along when the person has
	// no identity left where they were, and are noted by id, so that they can go back.
	person bool
	// unless keeps a row where it is.
	unless string
}

const (
	byIdentity     = `identity_id = ANY($2)`
	byThread       = `thread_id IN (SELECT id FROM threads WHERE workspace_id = $1 AND contact_id = $3 AND identity_id = ANY($2))`
	byConversation = `conversation_id IN (SELECT v.id FROM conversations v JOIN threads t ON t.workspace_id = v.workspace_id AND t.id = v.thread_id
        WHERE t.workspace_id = $1 AND t.contact_id = $3 AND t.identity_id = ANY($2))`
)

// followers are all of them. A person has one open matter of a kind: where both have one, each keeps its own.
var followers = []follower{
	{table: "actions", came: byIdentity},
	{table: "handoffs", came: byIdentity},
	{table: "number_handoffs", came: byIdentity, person: true},
	{table: "bookings", came: byThread, person: true},
	{table: "goals", came: byConversation, person: true},
	{table: "leads", person: true},
	{table: "opt_ins", person: true},
	{table: "compliance_items", came: byConversation, person: true,
		unless: `r.state = 'open' AND EXISTS (SELECT 1 FROM compliance_items o WHERE o.workspace_id = $1 AND o.contact_id = $4 AND o.kind = r.kind AND o.state = 'open')`},
}

// Followers lists the tables whose rows go with a person: true where also what no identity brought.
func Followers() map[string]bool {
	out := map[string]bool{}
	for _, f := range followers {
		out[f.table] = f.person
	}
	return out
}

// sqlFollow moves the rows of all followers in one statement: the workspace is $1, the identities $2, from whom
// $3, to whom $4; $5 is whether what no identity brought may go too; $6 are rows to be given back.
var sqlFollow = buildFollow()

func buildFollow() string {
	var with, gone []string
	for _, f := range followers {
		var any []string
		if f.came != "" {
			any = append(any, "r."+f.came)
		}
		if f.person {
			any = append(any, `$5 AND NOT EXISTS (SELECT 1 FROM identities i WHERE i.workspace_id = $1 AND i.contact_id = $3 AND i.id <> ALL($2))`,
				`r.id IN (SELECT jsonb_array_elements_text($6::jsonb -> '`+f.table+`')::bigint)`)
			gone = append(gone, `SELECT '`+f.table+`' AS name, id FROM moved_`+f.table)
		}
		stmt := `moved_` + f.table + ` AS (UPDATE ` + f.table + ` r SET contact_id = $4 WHERE r.workspace_id = $1 AND r.contact_id = $3 AND (` + strings.Join(any, ` OR `) + `)`
		if f.unless != "" {
			stmt += ` AND NOT (` + f.unless + `)`
		}
		with = append(with, stmt+` RETURNING r.id)`)
	}
	return `WITH ` + strings.Join(with, ",\n") + "\n" + strings.Join(gone, ` UNION ALL `)
}

// move is identities that go from one person to another.
type move struct {
	workspace  int64
	identities []int64
	from, to   int64
	whole      bool               // what no identity brought goes too, if nobody is left there
	back       map[string][]int64 // rows that an earlier move had brought
}

// do moves the identities with their threads, conversations and comments, and what follows the person. It
// returns the rows that know the person alone: those that are noted.
func (m move) do(ctx context.Context, tx sqlx.ExtContext) (map[string][]int64, error) {
	rows := map[string][]int64{}
	if m.from == m.to {
		return rows, nil
	}
	back, err := json.Marshal(m.back)
	if err != nil {
		return nil, fmt.Errorf("encode the rows that go back: %w", err)
	}
	var list []struct {
		Table string `db:"name"`
		ID    int64  `db:"id"`
	}
	if err := sqlx.SelectContext(ctx, tx, &list, sqlFollow, m.workspace, pq.Array(m.identities), m.from, m.to, m.whole, string(back)); err != nil {
		return nil, fmt.Errorf("move what belongs to contact %d: %w", m.from, err)
	}
	for _, r := range list {
		rows[r.Table] = append(rows[r.Table], r.ID)
	}
	for _, stmt := range []string{sqlMoveIdentities, sqlMoveConversations, sqlMoveThreads, sqlMoveComments} {
		if _, err := tx.ExecContext(ctx, stmt, m.workspace, pq.Array(m.identities), m.from, m.to); err != nil {
			return nil, fmt.Errorf("move identities to contact %d: %w", m.to, err)
		}
	}
	return rows, nil
}

// What an identity brought stands with its person, by whom it is found.
const (
	sqlMoveIdentities    = `UPDATE identities SET contact_id = $4 WHERE workspace_id = $1 AND id = ANY($2) AND contact_id = $3`
	sqlMoveThreads       = `UPDATE threads SET contact_id = $4 WHERE workspace_id = $1 AND contact_id = $3 AND identity_id = ANY($2)`
	sqlMoveConversations = `
UPDATE conversations c SET contact_id = $4 FROM threads t
WHERE c.workspace_id = $1 AND t.workspace_id = c.workspace_id AND t.id = c.thread_id AND t.contact_id = $3 AND t.identity_id = ANY($2)`
	sqlMoveComments = `UPDATE comments SET contact_id = $4 WHERE workspace_id = $1 AND contact_id = $3 AND identity_id = ANY($2)`
)
