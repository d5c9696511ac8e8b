package api

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/auth"
	"ponte/desk"
	"ponte/fault"
	"ponte/inbox"
)

// Merge is two contacts that a member said are one person.
type Merge struct {
	ID       int64      `json:"id"`
	FromID   int64      `json:"from_id"`
	FromName string     `json:"from_name" doc:"Of the contact that became part of this one: its own, else an identity's"`
	IntoID   int64      `json:"into_id"`
	Reason   string     `json:"reason"`
	By       string     `json:"by"`
	At       time.Time  `json:"at"`
	UndoneAt *time.Time `json:"undone_at"`
	UndoneBy string     `json:"undone_by"`
	Lost     []string   `json:"lost" doc:"Fields in which both said something and the other's value was set aside; parting them brings it back"`
}

type mergeIn struct {
	ByID
	Body struct {
		FromID int64  `json:"from_id" minimum:"1" doc:"The contact that becomes part of this one"`
		Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Why they are one person"`
	}
}

// mergeContacts makes another contact part of this one. Consent stands by address and is not moved: nobody
// may be written to afterwards who could not be before.
func (s *Server) mergeContacts(ctx context.Context, who *caller, in *mergeIn) (ContactDetail, error) {
	reason, err := cleanText(in.Body.Reason)
	if err != nil {
		return ContactDetail{}, fault.Field("reason", "say why they are one person")
	}
	if in.Body.FromID == in.ID {
		return ContactDetail{}, fault.Field("from_id", "a contact cannot be merged with itself")
	}
	err = s.change(ctx, func(tx *sqlx.Tx) error {
		if err := lockContacts(ctx, tx, who.WorkspaceID, in.ID, in.Body.FromID); err != nil {
			return err
		}
		id, err := inbox.MergeContacts(ctx, tx, inbox.Merge{WorkspaceID: who.WorkspaceID, From: in.Body.FromID, Into: in.ID, Reason: reason, Actor: who.Actor()})
		if err != nil {
			return err
		}
		if err := desk.Merged(ctx, tx, who.WorkspaceID, in.ID); err != nil {
			return err
		}
		return s.mergeChanged(ctx, tx, who, "contact.merge", in.Body.FromID, in.ID, id)
	})
	if err != nil {
		return ContactDetail{}, err
	}
	return s.getContact(ctx, who, &in.ByID)
}

// undoMerge parts two contacts again.
func (s *Server) undoMerge(ctx context.Context, who *caller, in *emptyIn) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		var m struct {
			From int64 `db:"from_contact"`
			Into int64 `db:"into_contact"`
		}
		if err := tx.GetContext(ctx, &m, `SELECT from_contact, into_contact FROM contact_merges WHERE workspace_id = $1 AND id = $2`, who.WorkspaceID, in.ID); err != nil {
			if errors.Is(err, sql.ErrNoRows) {
				return fault.New(fault.NotFound, "merge %d does not exist in this workspace", in.ID)
			}
			return fmt.Errorf("load merge %d: %w", in.ID, err)
		}
		if err := lockContacts(ctx, tx, who.WorkspaceID, m.From, m.Into); err != nil {
			return err
		}
		from, into, err := inbox.UndoMerge(ctx, tx, who.WorkspaceID, in.ID, who.Actor())
		if err != nil {
			return err
		}
		return s.mergeChanged(ctx, tx, who, "contact.unmerge", from, into, in.ID)
	})
}

// lockContacts locks two people, the lower id first as decide does.
func lockContacts(ctx context.Context, tx *sqlx.Tx, workspace, a, b int64) error {
	var found []int64
	if err := tx.SelectContext(ctx, &found, `SELECT id FROM contacts WHERE workspace_id = $1 AND id IN ($2, $3) ORDER BY id FOR UPDATE`, workspace, a, b); err != nil {
		return fmt.Errorf("lock contacts %d and %d: %w", a, b, err)
	}
	if len(found) < 2 {
		return fault.New(fault.NotFound, "contacts %d and %d are not both in this workspace", a, b)
	}
	return nil
}

func (s *Server) mergeChanged(ctx context.Context, tx *sqlx.Tx, who *caller, verb string, from, into, merge int64) error {
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), verb, fmt.Sprintf("contact:%d", into), map[string]any{"from": from, "merge": merge}); err != nil {
		return err
	}
	var changes []inbox.Change
	for _, id := range []int64{from, into} {
		changes = append(changes, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "contact", ObjectID: id})
	}
	var talks []int64
	if err := tx.SelectContext(ctx, &talks, `SELECT id FROM conversations WHERE workspace_id = $1 AND contact_id = ANY($2) ORDER BY id DESC LIMIT 50`, who.WorkspaceID, pq.Array([]int64{from, into})); err != nil {
		return fmt.Errorf("list the conversations of merged contacts: %w", err)
	}
	for _, id := range talks {
		changes = append(changes, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "conversation", ObjectID: id})
	}
	return inbox.Touch(ctx, tx, changes...)
}

// listMerges tells what was merged into a contact, also what was taken back.
func (s *Server) listMerges(ctx context.Context, who *caller, in *ByID) (Page[Merge], error) {
	if _, err := inbox.ViewContact(ctx, s.DB, who.WorkspaceID, in.ID); err != nil {
		return Page[Merge]{}, err
	}
	names, err := s.actorNames(ctx, who.WorkspaceID)
	if err != nil {
		return Page[Merge]{}, err
	}
	var rows []mergeRow
	if err := s.DB.SelectContext(ctx, &rows, sqlMerges, who.WorkspaceID, in.ID); err != nil {
		return Page[Merge]{}, fmt.Errorf("list the merges of contact %d: %w", in.ID, err)
	}
	out := make([]Merge, 0, len(rows))
	for _, r := range rows {
		m, err := r.show(names)
		if err != nil {
			return Page[Merge]{}, err
		}
		out = append(out, m)
	}
	return pageOf(out, ""), nil
}

type mergeRow struct {
	ID       int64      `db:"id"`
	From     int64      `db:"from_contact"`
	Into     int64      `db:"into_contact"`
	Name     string     `db:"name"`
	Reason   string     `db:"reason"`
	Before   []byte     `db:"before"`
	Actor    string     `db:"actor"`
	At       time.Time  `db:"at"`
	UndoneAt *time.Time `db:"undone_at"`
	UndoneBy *string    `db:"undone_by"`
}

const sqlMerges = `
SELECT id, from_contact, into_contact, reason, before, actor, at, undone_at, undone_by,
    coalesce((SELECT coalesce(nullif(i.name, ''), i.username) FROM identities i
        WHERE i.workspace_id = m.workspace_id AND i.id IN (SELECT v::bigint FROM jsonb_array_elements_text(m.moved->'identities') v) ORDER BY i.id LIMIT 1), '') AS name
FROM contact_merges m WHERE workspace_id = $1 AND (into_contact = $2 OR from_contact = $2) ORDER BY id DESC LIMIT 50`

func (r mergeRow) show(names map[string]string) (Merge, error) {
	m := Merge{ID: r.ID, FromID: r.From, IntoID: r.Into, Reason: r.Reason, By: nameOr(names, r.Actor), At: r.At.UTC(), UndoneAt: utc(r.UndoneAt), UndoneBy: nameOr(names, deref(r.UndoneBy)), Lost: []string{}}
	var before struct{ From, Into inbox.Attributes }
	if err := json.Unmarshal(r.Before, &before); err != nil {
		return m, fmt.Errorf("read merge %d: %w", r.ID, err)
	}
	if m.FromName = before.From.Name; m.FromName == "" {
		m.FromName = r.Name // as the contact is called everywhere: by an identity of its own
	}
	both := func(field, a, b string) {
		if a != "" && b != "" && a != b {
			m.Lost = append(m.Lost, field)
		}
	}
	both("name", before.From.Name, before.Into.Name)
	both("language", before.From.Language, before.Into.Language)
	both("time_zone", before.From.TimeZone, before.Into.TimeZone)
	both("country", before.From.Country, before.Into.Country)
	for k, v := range before.From.Fields {
		if w, ok := before.Into.Fields[k]; ok && fmt.Sprint(v) != fmt.Sprint(w) {
			m.Lost = append(m.Lost, k)
		}
	}
	return m, nil
}

// Duplicate is two contacts that may be one person. Nothing is ever merged by itself.
type Duplicate struct {
	A    ContactBrief `json:"a"`
	B    ContactBrief `json:"b"`
	Same []string     `json:"same" doc:"What both have: phone, email"`
}

type duplicatesIn struct {
	ContactID int64 `query:"contact_id" doc:"Only those of one contact"`
	Limit     int   `query:"limit" default:"50" minimum:"1" maximum:"200"`
}

// listDuplicates suggests contacts that share a number or an e-mail address: on WhatsApp, in a field, or in
// what they filled into a form.
func (s *Server) listDuplicates(ctx context.Context, who *caller, in *duplicatesIn) (Page[Duplicate], error) {
	var rows []struct {
		A    int64         `db:"a"`
		B    int64         `db:"b"`
		Same inbox.Strings `db:"same"`
	}
	if err := s.DB.SelectContext(ctx, &rows, sqlDuplicates, who.WorkspaceID, in.ContactID, in.Limit); err != nil {
		return Page[Duplicate]{}, fmt.Errorf("look for duplicates: %w", err)
	}
	out := make([]Duplicate, 0, len(rows))
	for _, r := range rows {
		a, err := inbox.ViewContact(ctx, s.DB, who.WorkspaceID, r.A)
		if err != nil {
			return Page[Duplicate]{}, err
		}
		b, err := inbox.ViewContact(ctx, s.DB, who.WorkspaceID, r.B)
		if err != nil {
			return Page[Duplicate]{}, err
		}
		out = append(out, Duplicate{showContact(a, who).ContactBrief, showContact(b, who).ContactBrief, r.Same})
	}
	return pageOf(out, ""), nil
}

// A number that changed hands is not the same person: identities that were replaced do not count. Nor do the brand's own
// numbers, which people quote.
const sqlDuplicates = `
WITH said AS (
    SELECT c.id AS contact_id, f.key AS field, f.value #>> '{}' AS value FROM contacts c, jsonb_each(c.fields) f WHERE c.workspace_id = $1 AND c.merged_into IS NULL AND jsonb_typeof(f.value) IN ('string','number')
    UNION ALL
    SELECT l.contact_id, f.key, v FROM leads l, jsonb_each(l.answers) f, jsonb_array_elements_text(CASE WHEN jsonb_typeof(f.value) = 'array' THEN f.value ELSE '[]' END) v
    WHERE l.workspace_id = $1 AND l.contact_id IS NOT NULL),
keys AS (
    SELECT contact_id, 'phone' AS kind, phone AS key FROM identities WHERE workspace_id = $1 AND phone IS NOT NULL AND replaced_at IS NULL
    UNION SELECT contact_id, 'phone', regexp_replace(value, '\D', '', 'g') FROM said WHERE field ~* '(phone|mobile|whatsapp|telefon|tel)' AND value ~ '^\s*\+[0-9 ().-]{8,20}\s*$'
    UNION SELECT contact_id, 'email', lower(btrim(value)) FROM said WHERE value ~ '^\s*[^@\s]+@[^@\s]+\.[^@\s]+\s*$')
SELECT a.contact_id AS a, b.contact_id AS b, array_agg(DISTINCT a.kind) AS same
FROM keys a JOIN keys b ON b.kind = a.kind AND b.key = a.key AND a.contact_id < b.contact_id
    AND (a.kind <> 'phone' OR a.key NOT IN (SELECT regexp_replace(phone, '\D', '', 'g') FROM accounts WHERE workspace_id = $1 AND removed_at IS NULL))
WHERE $2::bigint IN (0, a.contact_id, b.contact_id)
GROUP BY 1, 2 ORDER BY count(DISTINCT a.kind) DESC, 2 DESC LIMIT $3`
