package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"ponte/api"
)

func TestOpenAPINeedsNoDatabaseAndHoldsEveryTypedRoute(t *testing.T) {
	t.Parallel()
	raw, err := api.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		OpenAPI string                               `json:"openapi"`
		Paths   map[string]map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("openapi = %q, want 3.1", doc.OpenAPI)
	}
	ids := map[string]bool{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			id, _ := op["operationId"].(string)
			if id == "" || ids[id] {
				t.Errorf("%s %s: operation id %q is empty or used twice", method, path, id)
			}
			ids[id] = true
		}
	}
	for _, r := range api.Routes() {
		_, there := doc.Paths[r.Path][strings.ToLower(r.Method)]
		if r.Typed && !there {
			t.Errorf("%s %s is missing in the document", r.Method, r.Path)
		}
	}
}
