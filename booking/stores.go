package booking

import "ponte/privacy"

// PersonalData describes the tables of this package. What lies ahead of an erased person is cancelled.
func PersonalData() []privacy.Store {
	return []privacy.Store{
		{Table: "booking_notices", Follows: privacy.Stays, Rank: 27, Erase: []string{
			`DELETE FROM booking_notices n USING bookings b WHERE b.workspace_id = $1 AND b.contact_id = $2 AND n.workspace_id = b.workspace_id AND n.booking_id = b.id AND n.state IN ('planned','raised')`}},
		{Table: "bookings", Follows: privacy.ByContact, Rank: 28, Erase: []string{
			`UPDATE bookings SET name = '', note = '', state = CASE WHEN starts_at > now() THEN 'cancelled' ELSE state END, held_until = CASE WHEN starts_at > now() THEN NULL ELSE held_until END,
    cancelled_at = CASE WHEN starts_at > now() THEN coalesce(cancelled_at, now()) ELSE cancelled_at END, cancelled_by = CASE WHEN starts_at > now() AND cancelled_by = '' THEN 'erased' ELSE cancelled_by END
WHERE workspace_id = $1 AND contact_id = $2`}},
	}
}
