package network

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"ponte/channels"
	"ponte/channels/meta"
)

// submitTemplate: POST /{WABA}/message_templates. Meta may file it under another category at once.
func (n *Network) submitTemplate(ctx context.Context, a channels.Account, c channels.Call) (channels.Result, error) {
	c, err := n.withSample(ctx, a, c)
	if err != nil {
		return channels.Result{}, err
	}
	var out templateNode
	if err := n.Client.Post(ctx, a, a.WABA+"/message_templates", nil, json.RawMessage(c.Definition), &out); err != nil {
		return channels.Result{}, err
	}
	if out.ID == "" {
		return channels.Result{}, noID()
	}
	return channels.Result{ID: out.ID, Status: out.Status, Category: out.Category}, nil
}

// editTemplate: POST /{template}. Name and language cannot change and are not part of the body.
func (n *Network) editTemplate(ctx context.Context, a channels.Account, c channels.Call) (channels.Result, error) {
	c, err := n.withSample(ctx, a, c)
	if err != nil {
		return channels.Result{}, err
	}
	var body map[string]json.RawMessage
	if err := json.Unmarshal(c.Definition, &body); err != nil {
		return channels.Result{}, refuse("bad_request", "The template's definition is not valid JSON.")
	}
	for _, fixed := range []string{"name", "language", "parameter_format"} {
		delete(body, fixed)
	}
	if err := n.templateCall(ctx, a, c.TemplateID, body); err != nil {
		return channels.Result{}, err
	}
	return channels.Result{ID: c.TemplateID, Status: "PENDING"}, nil
}

// templateCall makes a call whose answer is {"success": true}.
func (n *Network) templateCall(ctx context.Context, a channels.Account, path string, body any) error {
	var out struct {
		Success bool `json:"success"`
	}
	if err := n.Client.Post(ctx, a, path, nil, body, &out); err != nil {
		return err
	}
	if !out.Success {
		return refuse("refused", "Meta did not say that the template was changed.")
	}
	return nil
}

func (n *Network) resumeTemplate(ctx context.Context, a channels.Account, c channels.Call) (channels.Result, error) {
	if err := n.templateCall(ctx, a, c.TemplateID+"/unpause", map[string]any{}); err != nil {
		return channels.Result{}, err
	}
	return channels.Result{ID: c.TemplateID, Status: "APPROVED"}, nil
}

// deleteTemplate: DELETE /{WABA}/message_templates with the id, so that the other languages of the name stay.
func (n *Network) deleteTemplate(ctx context.Context, a channels.Account, c channels.Call) (channels.Result, error) {
	want, err := wantedTemplate(c)
	if err != nil {
		return channels.Result{}, err
	}
	var out struct {
		Success bool `json:"success"`
	}
	if err := n.Client.Do(ctx, a, meta.Request{Method: http.MethodDelete, Path: a.WABA + "/message_templates", Query: url.Values{"name": {want.Name}, "hsm_id": {c.TemplateID}}}, &out); err != nil {
		return channels.Result{}, err
	}
	if !out.Success {
		return channels.Result{}, refuse("refused", "Meta did not say that the template was deleted.")
	}
	return channels.Result{ID: c.TemplateID, Status: "DELETED"}, nil
}

// templateNode is a template as the list shows it.
type templateNode struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Language   string          `json:"language"`
	Status     string          `json:"status"`
	Category   string          `json:"category"`
	Components json.RawMessage `json:"components"`
}

func wantedTemplate(c channels.Call) (templateNode, error) {
	var want templateNode
	if err := json.Unmarshal(c.Definition, &want); err != nil || want.Name == "" {
		return want, refuse("bad_request", "The template's definition names no template.")
	}
	return want, nil
}

// findTemplate reads the list for one language of a name; nil where it is not there. The name is a filter
// of Meta's that also finds longer names, so every page is read.
func (n *Network) findTemplate(ctx context.Context, a channels.Account, want templateNode) (*templateNode, error) {
	q := url.Values{"name": {want.Name}, "fields": {"name,language,status,category,components"}, "limit": {"100"}}
	for range maxLooks {
		var out struct {
			Data   []templateNode `json:"data"`
			Paging paging         `json:"paging"`
		}
		if err := n.Client.Get(ctx, a, a.WABA+"/message_templates", q, &out); err != nil {
			return nil, err
		}
		for _, t := range out.Data {
			if t.Name == want.Name && strings.ReplaceAll(t.Language, "-", "_") == want.Language {
				return &t, nil
			}
		}
		next := out.Paging.after()
		if next == "" {
			return nil, nil
		}
		q.Set("after", next)
	}
	return nil, &channels.Failure{Class: channels.Retry, Scope: channels.ScopeCall, Reason: "long_list", Meaning: "The list of templates did not end; it is read again."}
}

func (n *Network) settleTemplate(ctx context.Context, a channels.Account, c channels.Call) (channels.Settled, error) {
	want, err := wantedTemplate(c)
	if err != nil {
		return channels.Settled{}, nil // nothing to look for: for a person
	}
	found, err := n.findTemplate(ctx, a, want)
	if err != nil || found == nil {
		return channels.Settled{Certain: err == nil}, err
	}
	return channels.Settled{Happened: true, Certain: true, Result: channels.Result{ID: found.ID, Status: found.Status, Category: found.Category}}, nil
}

// settleEdit holds the listed components against the wanted ones. While Meta still shows the old text the
// edit may yet be on its way, but an edit that is made twice does no harm beyond one of the ten a month.
func (n *Network) settleEdit(ctx context.Context, a channels.Account, c channels.Call) (channels.Settled, error) {
	want, err := wantedTemplate(c)
	if err != nil {
		return channels.Settled{}, nil
	}
	found, err := n.findTemplate(ctx, a, want)
	if err != nil || found == nil {
		return channels.Settled{}, err
	}
	out := channels.Settled{Certain: true, Result: channels.Result{ID: found.ID, Status: found.Status, Category: found.Category}}
	out.Happened = sameComponents(found.Components, want.Components)
	return out, nil
}

func (n *Network) settleDelete(ctx context.Context, a channels.Account, c channels.Call) (channels.Settled, error) {
	want, err := wantedTemplate(c)
	if err != nil {
		return channels.Settled{}, nil
	}
	found, err := n.findTemplate(ctx, a, want)
	if err != nil {
		return channels.Settled{}, err
	}
	gone := found == nil || found.ID != c.TemplateID || slices.Contains([]string{"DELETED", "PENDING_DELETION"}, found.Status)
	return channels.Settled{Certain: true, Happened: gone, Result: channels.Result{ID: c.TemplateID, Status: "DELETED"}}, nil
}

// sameComponents compares what people read; Meta drops or rewrites the examples.
func sameComponents(a, b json.RawMessage) bool {
	x, errX := bareComponents(a)
	y, errY := bareComponents(b)
	return errX == nil && errY == nil && reflect.DeepEqual(x, y)
}

func bareComponents(raw json.RawMessage) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return bare(v), err
}

func bare(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = bare(v[i])
		}
	case map[string]any:
		delete(v, "example")
		for k := range v {
			v[k] = bare(v[k])
		}
	case json.Number:
		return v.String() // a flow's id is a number or a string
	}
	return v
}
