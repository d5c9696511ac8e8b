package inbox

import (
	"encoding/json"
	"fmt"
)

// erasedContact says of a contact c whether the person was erased: what erasing leaves of an identity is its
// own number. Who writes again afterwards is somebody new.
const erasedContact = `EXISTS (SELECT 1 FROM identities i WHERE i.workspace_id = c.workspace_id AND i.contact_id = c.id AND i.external_id = 'erased:' || i.id)`

// knownAs is by what a contact c can be told from others while no network has told a name: an id of theirs, the
// newest first, of which a network's own is shown in its last digits alone.
const knownAs = `(SELECT jsonb_build_object('channel', i.channel, 'phone', coalesce(i.phone, ''), 'ending', CASE WHEN i.external_id LIKE 'erased:%' THEN '' ELSE coalesce(right(i.external_id, 4), '') END)
        FROM identities i WHERE i.workspace_id = c.workspace_id AND i.contact_id = c.id AND i.replaced_at IS NULL AND c.name = '' ORDER BY i.phone IS NULL, i.id DESC LIMIT 1)`

// What is said of a contact c wherever it is named, for the readers in packages above.
const (
	NameOfContactSQL = nameOfContact
	ErasedContactSQL = erasedContact
	KnownContactSQL  = knownAs
)

// KnownAs is an id of a person, as much of it as a list needs.
type KnownAs struct {
	Channel string `json:"channel"`
	Phone   string `json:"phone"`
	Ending  string `json:"ending"` // of the network's id
}

// Scan reads what knownAs selects; nobody has an id where it is NULL.
func (k *KnownAs) Scan(src any) error {
	if src == nil {
		*k = KnownAs{}
		return nil
	}
	raw, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("an id is %T, not JSON", src)
	}
	return json.Unmarshal(raw, k)
}
