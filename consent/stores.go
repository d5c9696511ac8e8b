package consent

import "ponte/privacy"

// PersonalData describes the tables of this package. The values beside the ledger are erased by
// Ledger.Erase, which adds what the erasure itself means.
func PersonalData() []privacy.Store {
	return []privacy.Store{
		{Table: "consent_personal", Follows: privacy.Stays},
		{Table: "opt_ins", Follows: privacy.ByContact, Rank: 40, Erase: []string{
			`UPDATE opt_ins o SET personal = '{}', contact_id = NULL, state = CASE WHEN o.state = 'waiting' THEN 'cancelled' ELSE o.state END,
    reason = CASE WHEN o.state = 'waiting' THEN 'erased' ELSE o.reason END, ended_at = coalesce(o.ended_at, now())
WHERE o.workspace_id = $1 AND (o.contact_id = $2 OR o.personal ->> 'phone' IN (SELECT phone FROM identities WHERE workspace_id = $1 AND contact_id = $2))`}},
		{Table: "consent_import_rows", Follows: privacy.Stays, Rank: 41, Erase: []string{
			`UPDATE consent_import_rows SET "values" = '{}', state = CASE WHEN state = 'waiting' THEN 'refused' ELSE state END,
    reason = CASE WHEN state = 'waiting' THEN 'erased' ELSE reason END
WHERE workspace_id = $1 AND (contact_id = $2 OR "values" ->> 'phone' IN (SELECT phone FROM identities WHERE workspace_id = $1 AND contact_id = $2))`}},
	}
}
