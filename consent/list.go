package consent

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
)

// Entries lists entries of a workspace before a number (0: the newest), the newest first. With a
// contact, those that concern this person through any address they were known by.
func (l *Ledger) Entries(ctx context.Context, q sqlx.QueryerContext, workspace, contactID, before int64, limit int) ([]Entry, error) {
	if contactID != 0 {
		return l.entriesOf(ctx, q, Key{workspace, contactID}, before, limit)
	}
	var rows []entryRow
	err := sqlx.SelectContext(ctx, q, &rows, sqlSelectEntries+` WHERE e.workspace_id = $1 AND ($2::bigint = 0 OR e.seq < $2) ORDER BY e.seq DESC LIMIT $3`, workspace, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list consent entries: %w", err)
	}
	out := make([]Entry, 0, len(rows))
	for _, r := range rows {
		e, err := r.entry()
		if err != nil {
			return nil, fmt.Errorf("read consent entry %d: %w", r.Seq, err)
		}
		out = append(out, e)
	}
	return out, nil
}

func (l *Ledger) entriesOf(ctx context.Context, q sqlx.QueryerContext, k Key, before int64, limit int) ([]Entry, error) {
	all, err := l.Histories(ctx, q, []Key{k})
	if err != nil {
		return nil, err
	}
	var out []Entry
	for _, e := range all[k].Entries {
		if before == 0 || e.Seq < before {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b Entry) int { return int(b.Seq - a.Seq) })
	return out[:min(limit, len(out))], nil
}
