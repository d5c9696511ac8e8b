package inbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/fault"
)

// Attributes are what a contact is described by.
type Attributes struct {
	Name      string         `json:"name"`
	Language  string         `json:"language"`
	TimeZone  string         `json:"time_zone"`
	Country   string         `json:"country"`
	Labels    []string       `json:"labels"`
	Fields    map[string]any `json:"fields"`
	BlockedAt *time.Time     `json:"blocked_at"`
}

// Merge is two contacts that a member said are one.
type Merge struct {
	WorkspaceID int64
	From, Into  int64
	Reason      string
	Actor       string
}

type mergedBefore struct {
	From Attributes `json:"from"`
	Into Attributes `json:"into"`
}

// moved names what a merge moved: identities, and rows of tables that know the contact alone.
type moved struct {
	Identities []int64            `json:"identities"`
	Rows       map[string][]int64 `json:"rows"`
}

// MergeContacts makes one contact of two and keeps what is needed to part them again. Identities move with
// all that hangs on them; consent does not, because it stands by address: nobody may be written to
// afterwards who could not be before, and a withdrawal of either holds for both. The caller holds the lock
// on both contacts.
//
// Where both say something different, the one that stays wins; labels are united, fields of the other are
// taken where the one that stays has none, and a block of either stays.
func MergeContacts(ctx context.Context, tx sqlx.ExtContext, m Merge) (int64, error) {
	if m.From == m.Into {
		return 0, fault.New(fault.Invalid, "a contact cannot be merged with itself")
	}
	from, err := attributesOf(ctx, tx, m.WorkspaceID, m.From)
	if err != nil {
		return 0, err
	}
	into, err := attributesOf(ctx, tx, m.WorkspaceID, m.Into)
	if err != nil {
		return 0, err
	}
	after := unite(from, into)
	mv, err := moveContact(ctx, tx, m)
	if err != nil {
		return 0, err
	}
	if err := setAttributes(ctx, tx, m.WorkspaceID, m.Into, after); err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE contacts SET merged_into = $3 WHERE workspace_id = $1 AND id = $2`, m.WorkspaceID, m.From, m.Into); err != nil {
		return 0, fmt.Errorf("mark contact %d as merged: %w", m.From, err)
	}
	var docs [3][]byte
	for i, v := range []any{mergedBefore{from, into}, after, mv} {
		if docs[i], err = json.Marshal(v); err != nil {
			return 0, fmt.Errorf("encode a merge: %w", err)
		}
	}
	var id int64
	err = sqlx.GetContext(ctx, tx, &id, sqlInsertMerge, m.WorkspaceID, m.From, m.Into, m.Reason, string(docs[0]), string(docs[1]), string(docs[2]), m.Actor)
	if err != nil {
		return 0, fmt.Errorf("record a merge: %w", err)
	}
	return id, nil
}

const sqlInsertMerge = `
INSERT INTO contact_merges (workspace_id, from_contact, into_contact, reason, before, after, moved, actor)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`

func unite(from, into Attributes) Attributes {
	out := into
	out.Name, out.Language = orElse(into.Name, from.Name), orElse(into.Language, from.Language)
	out.TimeZone, out.Country = orElse(into.TimeZone, from.TimeZone), orElse(into.Country, from.Country)
	out.Labels = slices.Clone(into.Labels)
	for _, l := range from.Labels {
		if !slices.Contains(out.Labels, l) {
			out.Labels = append(out.Labels, l)
		}
	}
	out.Fields = maps.Clone(from.Fields)
	maps.Copy(out.Fields, into.Fields)
	if into.BlockedAt == nil || from.BlockedAt != nil && from.BlockedAt.Before(*into.BlockedAt) {
		out.BlockedAt = from.BlockedAt
	}
	return out
}

// moveContact gives the identities of one contact, and all that follows the person, to the other.
func moveContact(ctx context.Context, tx sqlx.ExtContext, m Merge) (moved, error) {
	mv := moved{Identities: []int64{}}
	if err := sqlx.SelectContext(ctx, tx, &mv.Identities, `SELECT id FROM identities WHERE workspace_id = $1 AND contact_id = $2 ORDER BY id`, m.WorkspaceID, m.From); err != nil {
		return mv, fmt.Errorf("list the identities of contact %d: %w", m.From, err)
	}
	var err error
	mv.Rows, err = move{workspace: m.WorkspaceID, identities: mv.Identities, from: m.From, to: m.Into, whole: true}.do(ctx, tx)
	return mv, err
}

// UndoMerge parts two contacts again: identities and rows that the merge moved go back, with what was
// said and done on them since. What a member changed on the merged contact since stays with the one that
// stayed; all else is as it was before. It returns both contacts.
func UndoMerge(ctx context.Context, tx sqlx.ExtContext, workspaceID, mergeID int64, actor string) (from, into int64, err error) {
	var r struct {
		From   int64  `db:"from_contact"`
		Into   int64  `db:"into_contact"`
		Before []byte `db:"before"`
		After  []byte `db:"after"`
		Moved  []byte `db:"moved"`
	}
	err = sqlx.GetContext(ctx, tx, &r, sqlUndoMerge, workspaceID, mergeID, actor)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, fault.New(fault.NotFound, "merge %d does not exist or was taken back already", mergeID)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("take back a merge: %w", err)
	}
	var before mergedBefore
	var after Attributes
	var mv moved
	for raw, v := range map[*[]byte]any{&r.Before: &before, &r.After: &after, &r.Moved: &mv} {
		if err := json.Unmarshal(*raw, v); err != nil {
			return 0, 0, fmt.Errorf("read merge %d: %w", mergeID, err)
		}
	}
	if before.Into.Labels == nil {
		return 0, 0, fault.New(fault.Conflict, "the person was erased since: there is nothing to restore")
	}
	if err := mayUndo(ctx, tx, workspaceID, r.Into); err != nil {
		return 0, 0, err
	}
	return r.From, r.Into, partContacts(ctx, tx, workspaceID, r.From, r.Into, before, after, mv)
}

const sqlUndoMerge = `
UPDATE contact_merges SET undone_at = now(), undone_by = $3 WHERE workspace_id = $1 AND id = $2 AND undone_at IS NULL
RETURNING from_contact, into_contact, before, after, moved`

func mayUndo(ctx context.Context, tx sqlx.ExtContext, workspaceID, into int64) error {
	var other *int64
	if err := sqlx.GetContext(ctx, tx, &other, `SELECT merged_into FROM contacts WHERE workspace_id = $1 AND id = $2`, workspaceID, into); err != nil {
		return fmt.Errorf("load contact %d: %w", into, err)
	}
	if other != nil {
		return fault.New(fault.Conflict, "contact %d was itself merged into contact %d since: take that back first", into, *other)
	}
	return nil
}

func partContacts(ctx context.Context, tx sqlx.ExtContext, workspaceID, from, into int64, before mergedBefore, after Attributes, mv moved) error {
	var still []int64 // an identity that a later join took elsewhere stays there
	err := sqlx.SelectContext(ctx, tx, &still, `SELECT id FROM identities WHERE workspace_id = $1 AND contact_id = $2 AND id = ANY($3) ORDER BY id`, workspaceID, into, pq.Array(mv.Identities))
	if err != nil {
		return fmt.Errorf("list the identities that go back: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE contacts SET merged_into = NULL WHERE workspace_id = $1 AND id = $2`, workspaceID, from); err != nil {
		return fmt.Errorf("part contact %d: %w", from, err)
	}
	if _, err := (move{workspace: workspaceID, identities: still, from: into, to: from, back: mv.Rows}).do(ctx, tx); err != nil {
		return err
	}
	now, err := attributesOf(ctx, tx, workspaceID, into)
	if err != nil {
		return err
	}
	if err := setAttributes(ctx, tx, workspaceID, into, restored(before.Into, after, now)); err != nil {
		return err
	}
	return setAttributes(ctx, tx, workspaceID, from, before.From)
}

// restored takes out of the merged contact what came by the merge, and leaves what was changed since.
func restored(before, after, now Attributes) Attributes {
	back := func(was, merged, is string) string {
		if is == merged {
			return was
		}
		return is
	}
	out := Attributes{Name: back(before.Name, after.Name, now.Name), Language: back(before.Language, after.Language, now.Language),
		TimeZone: back(before.TimeZone, after.TimeZone, now.TimeZone), Country: back(before.Country, after.Country, now.Country),
		Labels: []string{}, Fields: map[string]any{}, BlockedAt: now.BlockedAt}
	for _, l := range now.Labels {
		if slices.Contains(before.Labels, l) || !slices.Contains(after.Labels, l) {
			out.Labels = append(out.Labels, l)
		}
	}
	for k, v := range now.Fields {
		_, had := before.Fields[k]
		if merged, brought := after.Fields[k]; had || !brought || fmt.Sprint(merged) != fmt.Sprint(v) {
			out.Fields[k] = v
		}
	}
	if same(now.BlockedAt, after.BlockedAt) {
		out.BlockedAt = before.BlockedAt
	}
	return out
}

func same(a, b *time.Time) bool { return a == nil && b == nil || a != nil && b != nil && a.Equal(*b) }

func attributesOf(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (Attributes, error) {
	var r struct {
		Name       string     `db:"name"`
		Language   string     `db:"language"`
		TimeZone   string     `db:"time_zone"`
		Country    string     `db:"country"`
		Labels     Strings    `db:"labels"`
		Fields     []byte     `db:"fields"`
		BlockedAt  *time.Time `db:"blocked_at"`
		MergedInto *int64     `db:"merged_into"`
	}
	err := sqlx.GetContext(ctx, q, &r, `SELECT name, language, time_zone, country, labels, fields, blocked_at, merged_into FROM contacts WHERE workspace_id = $1 AND id = $2`, workspaceID, id)
	if err != nil {
		return Attributes{}, notFound(err, "contact", id)
	}
	if r.MergedInto != nil {
		return Attributes{}, fault.New(fault.Conflict, "contact %d was merged into contact %d already", id, *r.MergedInto)
	}
	a := Attributes{Name: r.Name, Language: r.Language, TimeZone: r.TimeZone, Country: r.Country, Labels: append([]string{}, r.Labels...), BlockedAt: r.BlockedAt}
	if err := json.Unmarshal(r.Fields, &a.Fields); err != nil {
		return a, fmt.Errorf("read the fields of contact %d: %w", id, err)
	}
	if a.Fields == nil {
		a.Fields = map[string]any{}
	}
	return a, nil
}

func setAttributes(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64, a Attributes) error {
	fields, err := json.Marshal(a.Fields)
	if err != nil {
		return fmt.Errorf("encode the fields of contact %d: %w", id, err)
	}
	_, err = tx.ExecContext(ctx, `UPDATE contacts SET name = $3, language = $4, time_zone = $5, country = $6, labels = $7, fields = $8, blocked_at = $9 WHERE workspace_id = $1 AND id = $2`,
		workspaceID, id, a.Name, a.Language, a.TimeZone, a.Country, Strings(a.Labels), string(fields), a.BlockedAt)
	if err != nil {
		return fmt.Errorf("describe contact %d: %w", id, err)
	}
	return nil
}

// MergedInto lists a contact with all that were merged into it, directly or not; the contact comes last.
func MergedInto(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) ([]int64, error) {
	var out []int64
	if err := sqlx.SelectContext(ctx, q, &out, sqlMergedInto, workspaceID, id); err != nil {
		return nil, fmt.Errorf("list what was merged into contact %d: %w", id, err)
	}
	return out, nil
}

const sqlMergedInto = `
WITH RECURSIVE m (id, depth) AS (
    SELECT $2::bigint, 0 UNION SELECT c.id, m.depth + 1 FROM contacts c JOIN m ON c.workspace_id = $1 AND c.merged_into = m.id)
SELECT id FROM m ORDER BY depth DESC, id`
