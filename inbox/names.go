package inbox

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
)

// ByName is the id of somebody on Instagram of whom the network told the name alone, as of whoever mentions the brand.
// No id of the network's own begins like it.
func ByName(username string) string {
	if username == "" {
		return ""
	}
	return "@" + strings.ToLower(username)
}

// reconcileNames brings together who is known by name alone and who is known by id under the same name: one person is
// answered once, however they were met. An identity by name gets the id as soon as it is told.
func (p *People) reconcileNames(ctx context.Context, tx sqlx.ExtContext, people []Person) error {
	named, fresh := NewRows("bigint", "bigint", "text"), NewRows("bigint", "bigint", "text", "text")
	for _, q := range people {
		switch {
		case q.Channel != channels.Instagram || q.Username == "":
		case q.ExternalID == ByName(q.Username):
			named.Add(q.WorkspaceID, q.Scope, strings.ToLower(q.Username))
		case q.ExternalID != "" && p.byKey[q.PersonKey] == nil:
			fresh.Add(q.WorkspaceID, q.Scope, q.ExternalID, ByName(q.Username))
		}
	}
	var found []Identity
	for _, step := range []struct {
		stmt string
		rows *Rows
	}{{sqlFindByName, named}, {sqlLearnID, fresh}} {
		if step.rows.Len() == 0 {
			continue
		}
		var list []Identity
		if err := sqlx.SelectContext(ctx, tx, &list, fmt.Sprintf(step.stmt, step.rows.SQL()), step.rows.Args()...); err != nil {
			return fmt.Errorf("find identities by name: %w", err)
		}
		found = append(found, list...)
	}
	for i := range found {
		id := p.remember(&found[i])
		for _, q := range people {
			same := q.WorkspaceID == id.WorkspaceID && q.Channel == channels.Instagram && q.Scope == id.Scope
			if same && (q.ExternalID == *id.ExternalID || q.ExternalID == ByName(id.Username)) {
				p.byKey[q.PersonKey] = id
			}
		}
	}
	return nil
}

// Names change hands: who was seen under it last has it.
const sqlFindByName = `
SELECT DISTINCT ON (i.workspace_id, i.scope, lower(i.username)) ` + identityColumns + `
FROM (%s) AS k (workspace_id, scope, name)
JOIN identities i ON i.channel = 'instagram' AND i.username <> '' AND i.workspace_id = k.workspace_id AND i.scope = k.scope AND lower(i.username) = k.name
WHERE i.external_id NOT LIKE '@%%'
ORDER BY i.workspace_id, i.scope, lower(i.username), i.id DESC`

const sqlLearnID = `
UPDATE identities i SET external_id = k.external_id FROM (%s) AS k (workspace_id, scope, external_id, by_name)
WHERE i.workspace_id = k.workspace_id AND i.channel = 'instagram' AND i.scope = k.scope AND i.external_id = k.by_name
RETURNING ` + identityColumns
