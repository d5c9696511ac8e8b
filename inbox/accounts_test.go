package inbox

import (
	"testing"

	"ponte/testkit"
)

// Where an account's calls go when nobody says so: to where they went before, and Instagram without a Page to
// a host of its own.
func TestAnAccountHasAnAddressWithoutOneGiven(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	var ws, other int64
	for name, id := range map[string]*int64{"home": &ws, "other": &other} {
		if err := db.Get(id, `INSERT INTO workspaces (name) VALUES ($1) RETURNING id`, name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec(`INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed, removed_at) VALUES
		($1, 'facebook', '1', 'https://proxy.example', '', NULL), ($1, 'facebook', '2', 'https://gone.example', '', now()), ($2, 'facebook', '3', 'https://theirs.example', '', NULL)`, ws, other); err != nil {
		t.Fatal(err)
	}
	const graph = "https://graph.facebook.com/v26.0"
	for _, c := range []struct {
		a           NewAccount
		graph, want string
	}{
		{NewAccount{Channel: "facebook", ExternalID: "9"}, graph, graph},
		{NewAccount{Channel: "facebook", ExternalID: "9", BaseURL: "https://x.example"}, graph, "https://x.example"},
		{NewAccount{Channel: "facebook", ExternalID: "1"}, graph, "https://proxy.example"},
		{NewAccount{Channel: "facebook", ExternalID: "1", BaseURL: "https://x.example"}, graph, "https://x.example"},
		{NewAccount{Channel: "facebook", ExternalID: "2"}, graph, graph},
		{NewAccount{Channel: "facebook", ExternalID: "3"}, graph, graph},
		{NewAccount{Channel: "instagram", ExternalID: "9"}, graph, "https://graph.instagram.com/v26.0"},
		{NewAccount{Channel: "instagram", ExternalID: "9", PageID: "1"}, graph, graph},
		{NewAccount{Channel: "instagram", ExternalID: "9"}, "http://127.0.0.1:9", "http://127.0.0.1:9"},
	} {
		c.a.WorkspaceID = ws
		if got, err := c.a.Address(t.Context(), db, c.graph); err != nil || got != c.want {
			t.Errorf("%+v: %q, %v; want %q", c.a, got, err, c.want)
		}
	}
}
