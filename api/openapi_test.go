package api_test

import (
	"encoding/json"
	"fmt"
	"slices"
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

// TestOpenAPISaysWhatMayBeNull: what a client is told must be what the answers hold, or generated types
// promise an object where there is none. Lists are never null.
func TestOpenAPISaysWhatMayBeNull(t *testing.T) {
	t.Parallel()
	raw, err := api.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Type  any    `json:"type"`
					Ref   string `json:"$ref"`
					AnyOf []struct {
						Type string `json:"type"`
						Ref  string `json:"$ref"`
					} `json:"anyOf"`
				} `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct{ object, field, ref string }{
		{"Comment", "post", "CommentPost"}, {"Comment", "review", "Review"}, {"Comment", "verdict", "Verdict"}, {"CommentDetail", "verdict", "Verdict"},
		{"Conversation", "assignee", "MemberBrief"}, {"ConversationDetail", "origin", "Origin"}, {"IdentityPanel", "join", "Join"}, {"Message", "action", "MessageAction"},
	} {
		p := doc.Components.Schemas[f.object].Properties[f.field]
		if len(p.AnyOf) != 2 || p.AnyOf[0].Ref != "#/components/schemas/"+f.ref || p.AnyOf[1].Type != "null" {
			t.Errorf("%s.%s = %+v, want %s or null", f.object, f.field, p, f.ref)
		}
	}
	plain := doc.Components.Schemas["Conversation"].Properties
	if got := fmt.Sprint(plain["waiting_since"].Type); got != "[string null]" {
		t.Errorf("Conversation.waiting_since has the type %s, want string or null", got)
	}
	if plain["contact"].Ref == "" {
		t.Errorf("Conversation.contact = %+v, want an object that is always there", plain["contact"])
	}
	for name, schema := range doc.Components.Schemas {
		for field, p := range schema.Properties {
			if list, ok := p.Type.([]any); ok && slices.Contains(list, any("array")) {
				t.Errorf("%s.%s may be null, but lists never are", name, field)
			}
		}
	}
}
