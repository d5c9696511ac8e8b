package inbox

import (
	"fmt"
	"testing"

	"ponte/testkit"
)

func TestWordsAreFoundInMessagesNamesAndLabels(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	id := func(stmt string, args ...any) int64 {
		t.Helper()
		var n int64
		if err := db.Get(&n, stmt, args...); err != nil {
			t.Fatalf("%v in %s", err, stmt)
		}
		return n
	}
	space := func(name string) (ws int64, conversation int64) {
		ws = id(`INSERT INTO workspaces (name) VALUES ($1) RETURNING id`, name)
		account := id(`INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed) VALUES ($1, 'instagram', $2, 'x', '') RETURNING id`, ws, name)
		contact := id(`INSERT INTO contacts (workspace_id, name) VALUES ($1, 'Giulia D''Orsini') RETURNING id`, ws)
		identity := id(`INSERT INTO identities (workspace_id, contact_id, channel, scope, external_id, username) VALUES ($1, $2, 'instagram', $3, 'x', 'giuli.fer') RETURNING id`, ws, contact, account)
		thread := id(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id) VALUES ($1, $2, 'instagram', $3, $4) RETURNING id`, ws, account, identity, contact)
		conversation = id(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, labels, preview, opened_at, last_message_at) VALUES ($1, $2, 'instagram', $3, $4, '{late refund}', 'preview', now(), now()) RETURNING id`, ws, account, thread, contact)
		id(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, text, at) VALUES ($1, $2, $3, $4, 'in', 'contact', 'Dov’è il mio kayak? Ordine #48213, è già Ottobre!', now()) RETURNING id`, ws, account, thread, conversation)
		return ws, conversation
	}
	ws, want := space("home")
	_, _ = space("other")
	for words, found := range map[string]bool{
		"kayak": true, "KAY": true, "48213": true, "#48213": true, "482": true, "kayak ordine": true, "kayak zebra": false, "zebra": false, "ottobre": true, "tobre": false,
		"giulia": true, "Giulia Orsini": true, "giuli.fer": true, "late refund": true, "refund": false, "!?": false, "': & | !(": false, "a & b": false, "kayak:*": true, "\\": false,
	} {
		list, _, err := ListConversations(t.Context(), db, ws, ConversationFilter{View: "all", Words: words, Limit: 10})
		if err != nil {
			t.Fatalf("%q: %v", words, err)
		}
		if got := len(list) == 1 && list[0].ID == want; got != found || len(list) > 1 {
			t.Errorf("%q: %d found, want %v", words, len(list), found)
		}
	}
	// Frequent words are walked for instead of listed: the same rows, by the other way.
	for words, found := range map[string]int{"kayak": 1, "zebra": 0, "giulia": 1, "late refund": 1} {
		w := &Where{Args: []any{ws}}
		NewSearch(words).walk(w)
		var n int
		if err := db.Get(&n, `SELECT count(*) FROM conversations v JOIN contacts c ON c.workspace_id = v.workspace_id AND c.id = v.contact_id WHERE v.workspace_id = $1`+w.SQL.String(), w.Args...); err != nil || n != found {
			t.Errorf("%q walked: %d, want %d, %v", words, n, found, err)
		}
	}
	if got := fmt.Sprint(NewSearch("O'Brien, Ștefan 12")); got != "{o:* & brien:* & ștefan:* & 12:* O'Brien, Ștefan 12}" {
		t.Error(got)
	}
}
