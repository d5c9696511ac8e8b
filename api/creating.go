package api

import (
	"context"
	"fmt"
	"maps"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// needed is what somebody has to name who makes a thing, by the type of the request's body. What is left out is empty,
// null, false or nought, which narrows nothing and switches nothing on. Who changes a thing names all of it: what a
// change leaves out would be wiped.
var needed = map[string][]string{
	"CampaignInput":        {"name"},
	"WebhookEndpointInput": {"url"},
	"KeywordSet":           {},
	"KnowledgeInput":       {"language", "title", "text"},
	"LabelInput":           {"name"},
	"QuickReplyInput":      {"shortcut", "language", "text"},
	"ServiceInput":         {"key", "name", "minutes"},
	"TeamInput":            {"name"},
	"TriggerInput":         {"name", "sources"},
}

// creating makes a table entry of a handler that makes something: typed, with a body of which only that is required
// which nobody else could say (see needed).
func creating[I, T any](h func(*Server, context.Context, *caller, *I) (T, error)) func(*Server, huma.Operation) {
	return func(s *Server, op huma.Operation) {
		body, ok := reflect.TypeFor[I]().FieldByName("Body")
		if !ok {
			panic(fmt.Sprintf("%s makes something of no body", op.OperationID))
		}
		schemas := s.api.OpenAPI().Components.Schemas
		whole := schemas.Schema(body.Type, true, op.OperationID+"Request")
		if whole.Ref != "" && needed[whole.Ref[len(schemaPrefix):]] == nil { // what is made stands inside
			whole = schemas.SchemaFromRef(whole.Ref)
		}
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: lessOf(schemas, whole)}}}
		typed(h)(s, op)
	}
}

// lessOf is a schema in which the types of needed ask for what needed says, however deep they stand. It is kept beside
// the whole one, as New and its name.
func lessOf(schemas huma.Registry, whole *huma.Schema) *huma.Schema {
	if whole == nil {
		return nil
	}
	if whole.Ref != "" {
		name := whole.Ref[len(schemaPrefix):]
		known, ours := needed[name]
		if !ours {
			return whole
		}
		if schemas.Map()["New"+name] == nil {
			less := *schemas.Map()[name]
			less.Properties = maps.Clone(less.Properties)
			for key, p := range less.Properties {
				less.Properties[key] = lessOf(schemas, p)
			}
			less.Required = known
			less.PrecomputeMessages()
			schemas.Map()["New"+name] = &less
		}
		out := &huma.Schema{Ref: schemaPrefix + "New" + name, Description: whole.Description}
		out.PrecomputeMessages()
		return out
	}
	less := *whole
	less.Items = lessOf(schemas, whole.Items)
	less.Properties = maps.Clone(whole.Properties)
	for key, p := range less.Properties {
		less.Properties[key] = lessOf(schemas, p)
	}
	less.PrecomputeMessages()
	return &less
}
