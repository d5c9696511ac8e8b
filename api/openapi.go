package api

import (
	"encoding/json"
	"log/slog"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// OpenAPI returns the document of the typed API; it needs no database.
func OpenAPI() ([]byte, error) {
	s := New(Deps{Log: slog.New(slog.DiscardHandler)})
	defer s.stop()
	return document(s.api)
}

func document(api huma.API) ([]byte, error) {
	b, err := json.MarshalIndent(api.OpenAPI(), "", "  ")
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}

const schemaPrefix = "#/components/schemas/"

// schemaName names a type in the document. Those of a template carry its name, because its Button and its
// Definition are not a flow's.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.PkgPath() != "ponte/template" {
		return name
	}
	return "Template" + name
}

// nullObjects says of each field that is a pointer to an object that it may be null. The library says so
// of pointers to plain values only; without it a generated client believes that the object is always there.
func nullObjects(r huma.Registry) {
	for name, schema := range r.Map() {
		t := r.TypeFromRef(schemaPrefix + name)
		if t == nil { // see creating
			t = r.TypeFromRef(schemaPrefix + strings.TrimPrefix(name, "New"))
		}
		for t != nil && t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t == nil || t.Kind() != reflect.Struct {
			continue
		}
		for _, f := range reflect.VisibleFields(t) {
			key, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
			p := schema.Properties[key]
			if f.Anonymous || f.Type.Kind() != reflect.Pointer || p == nil || p.Ref == "" || strings.Contains(rest, "omitempty") {
				continue
			}
			either := &huma.Schema{AnyOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}, Description: p.Description}
			either.PrecomputeMessages()
			schema.Properties[key] = either
		}
	}
}
