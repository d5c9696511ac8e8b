package inbox

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
)

// People are the identities and contacts of one batch, found or made, with the contacts locked.
type People struct {
	byKey    map[PersonKey]*Identity
	byID     map[int64]*Identity
	Contacts map[int64]*Contact
	Released []Identity // gave up their phone, because it came with another user id
}

// Find returns the identity of the key, or nil.
func (p *People) Find(key PersonKey) *Identity { return p.byKey[key] }

// Identity returns a loaded identity by id, or nil.
func (p *People) Identity(id int64) *Identity { return p.byID[id] }

// Contact returns the contact an identity belongs to.
func (p *People) Contact(i *Identity) *Contact { return p.Contacts[i.ContactID] }

// MeetPeople finds the identity of each person, makes contact and identity where there is none, and
// locks all contacts concerned (ids sorted), together with the extra identities and contacts given, so
// that one person is handled in order across channels and accounts.
func MeetPeople(ctx context.Context, tx sqlx.ExtContext, people []Person, extraIdentities, extraContacts []int64) (*People, error) {
	p := &People{byKey: make(map[PersonKey]*Identity, len(people)), byID: map[int64]*Identity{}, Contacts: map[int64]*Contact{}}
	people = uniquePeople(people)
	if err := p.find(ctx, tx, people); err != nil {
		return nil, err
	}
	if err := p.reconcileWhatsApp(ctx, tx, people); err != nil {
		return nil, err
	}
	if err := p.reconcileNames(ctx, tx, people); err != nil {
		return nil, err
	}
	for attempt := 0; ; attempt++ {
		missing := p.missing(people)
		if len(missing) == 0 {
			break
		}
		if attempt == 3 {
			return nil, fmt.Errorf("make %d identities: others keep making the same ones", len(missing))
		}
		if err := p.make(ctx, tx, missing); err != nil {
			return nil, err
		}
		if err := p.find(ctx, tx, missing); err != nil {
			return nil, err
		}
	}
	if err := p.loadIdentities(ctx, tx, extraIdentities); err != nil {
		return nil, err
	}
	if err := p.lock(ctx, tx, extraContacts); err != nil {
		return nil, err
	}
	return p, p.learnNames(ctx, tx, people)
}

func uniquePeople(people []Person) []Person {
	seen := make(map[PersonKey]int, len(people))
	out := people[:0:0]
	for _, q := range people {
		if at, ok := seen[q.PersonKey]; ok {
			if q.Name != "" {
				out[at].Name = q.Name
			}
			if q.Username != "" {
				out[at].Username = q.Username
			}
			continue
		}
		seen[q.PersonKey] = len(out)
		out = append(out, q)
	}
	// Two batches that meet the same new people in another order would deadlock on the unique index.
	slices.SortFunc(out, func(a, b Person) int {
		return strings.Compare(fmt.Sprint(a.PersonKey), fmt.Sprint(b.PersonKey))
	})
	return out
}

func (p *People) missing(people []Person) []Person {
	var out []Person
	for _, q := range people {
		if p.byKey[q.PersonKey] == nil {
			out = append(out, q)
		}
	}
	return out
}

const identityColumns = `i.workspace_id, i.id, i.contact_id, i.channel, i.scope, i.external_id, i.phone, i.username, i.name`

func (p *People) find(ctx context.Context, tx sqlx.ExtContext, people []Person) error {
	byExternal := NewRows("bigint", "text", "bigint", "text")
	byPhone := NewRows("bigint", "text")
	for _, q := range people {
		if q.ExternalID != "" {
			byExternal.Add(q.WorkspaceID, string(q.Channel), q.Scope, q.ExternalID)
		}
		if q.Phone != "" {
			byPhone.Add(q.WorkspaceID, q.Phone)
		}
	}
	var found []Identity
	if byExternal.Len() > 0 {
		if err := sqlx.SelectContext(ctx, tx, &found, fmt.Sprintf(sqlFindIdentitiesByExternal, byExternal.SQL()), byExternal.Args()...); err != nil {
			return fmt.Errorf("find identities: %w", err)
		}
	}
	if byPhone.Len() > 0 {
		var more []Identity
		if err := sqlx.SelectContext(ctx, tx, &more, fmt.Sprintf(sqlFindIdentitiesByPhone, byPhone.SQL()), byPhone.Args()...); err != nil {
			return fmt.Errorf("find identities by phone: %w", err)
		}
		found = append(found, more...)
	}
	external, phones := map[PersonKey]*Identity{}, map[PersonKey]*Identity{}
	for i := range found {
		id := p.remember(&found[i])
		if id.ExternalID != nil {
			external[PersonKey{id.WorkspaceID, channels.Channel(id.Channel), id.Scope, *id.ExternalID, ""}] = id
		}
		if id.Phone != nil {
			phones[PersonKey{id.WorkspaceID, channels.WhatsApp, 0, "", *id.Phone}] = id
		}
	}
	for _, q := range people {
		byExt := external[PersonKey{q.WorkspaceID, q.Channel, q.Scope, q.ExternalID, ""}]
		byPh := phones[PersonKey{q.WorkspaceID, channels.WhatsApp, 0, "", q.Phone}]
		switch {
		case q.ExternalID != "" && byExt != nil:
			p.byKey[q.PersonKey] = byExt
		case q.ExternalID == "" && q.Phone != "" && byPh != nil:
			p.byKey[q.PersonKey] = byPh
		case byPh != nil && byPh.ExternalID == nil:
			p.byKey[q.PersonKey] = byPh // known by phone only so far; the user id is learnt below
		}
	}
	return nil
}

const sqlFindIdentitiesByExternal = `
SELECT ` + identityColumns + ` FROM (%s) AS k (workspace_id, channel, scope, external_id)
CROSS JOIN LATERAL (SELECT * FROM identities i
    WHERE i.workspace_id = k.workspace_id AND i.channel = k.channel AND i.scope = k.scope AND i.external_id = k.external_id OFFSET 0) i`

const sqlFindIdentitiesByPhone = `
SELECT ` + identityColumns + ` FROM (%s) AS k (workspace_id, phone)
CROSS JOIN LATERAL (SELECT * FROM identities i
    WHERE i.workspace_id = k.workspace_id AND i.channel = 'whatsapp' AND i.phone = k.phone AND i.replaced_at IS NULL OFFSET 0) i`

// remember keeps one copy of each identity, so that a change shows wherever it is held.
func (p *People) remember(i *Identity) *Identity {
	if have := p.byID[i.ID]; have != nil {
		*have = *i
		return have
	}
	p.byID[i.ID] = i
	return i
}

// reconcileWhatsApp brings phone and business-scoped user id of one person together. A phone that
// comes with another user id than before has changed hands (or its owner changed accounts): the old
// identity keeps its history and gives up the phone, so that a stranger inherits nothing.
func (p *People) reconcileWhatsApp(ctx context.Context, tx sqlx.ExtContext, people []Person) error {
	for _, q := range people {
		if q.Channel != channels.WhatsApp || q.ExternalID == "" || q.Phone == "" {
			continue
		}
		id := p.byKey[q.PersonKey]
		if id != nil && id.ExternalID != nil && id.Phone != nil && *id.Phone == q.Phone {
			continue
		}
		var keep int64
		if id != nil {
			keep = id.ID
		}
		var released []Identity // into a slice of its own: Select empties the one it is given
		if err := sqlx.SelectContext(ctx, tx, &released, sqlReleasePhone, q.WorkspaceID, q.Phone, keep); err != nil {
			return fmt.Errorf("release a phone that changed hands: %w", err)
		}
		p.Released = append(p.Released, released...)
		if id == nil {
			continue
		}
		var now Identity
		if err := sqlx.GetContext(ctx, tx, &now, sqlLearnWhatsApp, id.WorkspaceID, id.ID, q.ExternalID, q.Phone); err != nil {
			return fmt.Errorf("learn a WhatsApp user's id: %w", err)
		}
		*id = now
	}
	return nil
}

const sqlReleasePhone = `
UPDATE identities i SET replaced_at = now()
WHERE workspace_id = $1 AND channel = 'whatsapp' AND phone = $2 AND id <> $3 AND replaced_at IS NULL RETURNING ` + identityColumns

const sqlLearnWhatsApp = `
UPDATE identities i SET external_id = $3, phone = $4 WHERE workspace_id = $1 AND id = $2
RETURNING ` + identityColumns

func (p *People) make(ctx context.Context, tx sqlx.ExtContext, people []Person) error {
	contacts := NewRows("bigint", "text", "text")
	for _, q := range people {
		contacts.Add(q.WorkspaceID, q.Name, q.Language)
	}
	// RETURNING of a plain multi-row INSERT comes in the order of VALUES; ids of one workspace are
	// interchangeable here in any case, because new contacts differ only by the name set with them.
	var made []struct {
		WorkspaceID int64  `db:"workspace_id"`
		ID          int64  `db:"id"`
		Name        string `db:"name"`
	}
	if err := sqlx.SelectContext(ctx, tx, &made, `INSERT INTO contacts (workspace_id, name, language) `+contacts.SQL()+` RETURNING workspace_id, id, name`, contacts.Args()...); err != nil {
		return fmt.Errorf("make contacts: %w", err)
	}
	rows := NewRows("bigint", "bigint", "text", "bigint", "text", "text", "text", "text")
	for i, q := range people {
		rows.Add(q.WorkspaceID, made[i].ID, string(q.Channel), q.Scope, nullable(q.ExternalID), nullable(q.Phone), q.Username, q.Name)
	}
	var kept []int64
	if err := sqlx.SelectContext(ctx, tx, &kept, `INSERT INTO identities (workspace_id, contact_id, channel, scope, external_id, phone, username, name) `+rows.SQL()+` ON CONFLICT DO NOTHING RETURNING contact_id`, rows.Args()...); err != nil {
		return fmt.Errorf("make identities: %w", err)
	}
	if len(kept) == len(made) {
		return nil
	}
	var orphans []int64
	for _, m := range made {
		if !slices.Contains(kept, m.ID) {
			orphans = append(orphans, m.ID)
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM contacts WHERE id = ANY($1)`, pq.Array(orphans)); err != nil {
		return fmt.Errorf("drop contacts another worker made first: %w", err)
	}
	return nil
}

func (p *People) loadIdentities(ctx context.Context, tx sqlx.ExtContext, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	var found []Identity
	if err := sqlx.SelectContext(ctx, tx, &found, `SELECT `+identityColumns+` FROM identities i WHERE i.id = ANY($1)`, pq.Array(ids)); err != nil {
		return fmt.Errorf("load identities: %w", err)
	}
	for i := range found {
		p.remember(&found[i])
	}
	return nil
}

// lock locks the contacts of all loaded identities and reads the identities again, because a join by
// another worker may have moved one while we waited.
func (p *People) lock(ctx context.Context, tx sqlx.ExtContext, extra []int64) error {
	for {
		ids := slices.Clone(extra)
		for _, i := range p.byID {
			ids = append(ids, i.ContactID)
		}
		slices.Sort(ids)
		ids = slices.Compact(ids)
		if len(ids) == 0 {
			return nil
		}
		var locked []Contact
		if err := sqlx.SelectContext(ctx, tx, &locked, sqlLockContacts, pq.Array(ids)); err != nil {
			return fmt.Errorf("lock contacts: %w", err)
		}
		for i := range locked {
			p.Contacts[locked[i].ID] = &locked[i]
		}
		moved, err := p.reread(ctx, tx)
		if err != nil || !moved {
			return err
		}
	}
}

const sqlLockContacts = `
SELECT workspace_id, id, name, language, time_zone, country, blocked_at, merged_into
FROM contacts WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE`

func (p *People) reread(ctx context.Context, tx sqlx.ExtContext) (moved bool, err error) {
	ids := make([]int64, 0, len(p.byID))
	for id := range p.byID {
		ids = append(ids, id)
	}
	rows, err := tx.QueryxContext(ctx, `SELECT id, contact_id FROM identities WHERE id = ANY($1)`, pq.Array(ids))
	if err != nil {
		return false, fmt.Errorf("read identities again: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, contact int64
		if err := rows.Scan(&id, &contact); err != nil {
			return false, fmt.Errorf("read identities again: %w", err)
		}
		p.byID[id].ContactID = contact
		if p.Contacts[contact] == nil {
			moved = true
		}
	}
	return moved, rows.Err()
}

func (p *People) learnNames(ctx context.Context, tx sqlx.ExtContext, people []Person) error {
	rows := NewRows("bigint", "text", "text")
	for _, q := range people {
		id := p.byKey[q.PersonKey]
		name, user := orElse(q.Name, id.Name), orElse(q.Username, id.Username)
		if name == id.Name && user == id.Username {
			continue
		}
		id.Name, id.Username = name, user
		rows.Add(id.ID, name, user)
	}
	if rows.Len() == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `UPDATE identities i SET name = k.name, username = k.username FROM (`+rows.SQL()+`) AS k (id, name, username) WHERE i.id = k.id`, rows.Args()...); err != nil {
		return fmt.Errorf("learn names: %w", err)
	}
	return nil
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
