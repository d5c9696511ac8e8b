// Package privacy says of every table that holds something of a person what it is, how its rows follow the
// person when contacts are merged, and what erasing the person does to it.
//
// The package that owns a table describes it; api gathers the descriptions. A test holds them against the
// schema: a table with a contact or an identity in it that nobody described fails.
package privacy

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
)

// Follow says how the rows of a table come to belong to a contact.
type Follow string

// The ways in which rows follow a person.
const (
	ByIdentity Follow = "identity" // has contact_id and identity_id: moves with the identity
	ByContact  Follow = "contact"  // has contact_id and id: moves with the contact, noted by id so that it can go back
	Stays      Follow = "stays"    // proof of what was: it keeps the contact it was written for
	InOwnWay   Follow = "own"      // moved by what moves identities: threads, conversations, comments
)

// Store describes one table.
type Store struct {
	Table   string
	Follows Follow
	Rank    int      // erasing begins with the lowest; what finds a row by another comes before that one is emptied
	Erase   []string // statements with the workspace as $1 and the contact as $2; none: it stays as it is
}

// Sorted returns the stores in the order in which they are erased.
func Sorted(lists ...[]Store) []Store {
	out := slices.Concat(lists...)
	slices.SortStableFunc(out, func(a, b Store) int { return cmp.Compare(a.Rank, b.Rank) })
	return out
}

// Erase empties the stores of one contact in the caller's transaction.
func Erase(ctx context.Context, tx sqlx.ExtContext, stores []Store, workspaceID, contactID int64) error {
	for _, s := range stores {
		for _, stmt := range s.Erase {
			if _, err := tx.ExecContext(ctx, stmt, workspaceID, contactID); err != nil {
				return fmt.Errorf("erase contact %d from %s: %w", contactID, s.Table, err)
			}
		}
	}
	return nil
}
