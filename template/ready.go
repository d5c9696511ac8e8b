package template

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/gate"
	"ponte/inbox"
)

//go:embed ready/ready.json
var readyFile []byte

// ReadyTemplate is a template that ships with the product, for one playbook, in several languages.
type ReadyTemplate struct {
	Key       string
	Playbook  string
	Category  string
	OnlyOpen  bool // asks for consent to offers: never out of the blue, only where a conversation is open
	Intents   []string
	Languages map[string]Definition // with the brand in place
}

// ReadyLanguages are the languages the ready-made templates come in.
var ReadyLanguages = []string{"en", "it", "fr", "ro"}

// NumberCheck is the key, and the name, of the template that asks a number whether it was given by its
// owner.
const NumberCheck = "number_check"

// LeadWelcome is the key of the first message to somebody who sent in a form.
const LeadWelcome = "lead_welcome"

type readyText struct {
	Header    string   `json:"header"`
	Body      string   `json:"body"`
	Footer    string   `json:"footer"`
	Buttons   []string `json:"buttons"`
	Examples  []string `json:"examples"`
	Fallbacks []string `json:"fallbacks"`
}

type readySource struct {
	Key       string               `json:"key"`
	Playbook  string               `json:"playbook"`
	Category  string               `json:"category"`
	OnlyOpen  bool                 `json:"only_open"`
	Intents   []string             `json:"intents"`
	Values    []Variable           `json:"values"`
	Buttons   []Button             `json:"buttons"`
	Languages map[string]readyText `json:"languages"`
}

var readySources = sync.OnceValues(func() ([]readySource, error) {
	var out []readySource
	if err := json.Unmarshal(readyFile, &out); err != nil {
		return nil, fmt.Errorf("read the ready-made templates: %w", err)
	}
	return out, nil
})

// Ready returns the templates that ship with the product, with the brand's name in them.
func Ready(brand string) ([]ReadyTemplate, error) {
	sources, err := readySources()
	if err != nil {
		return nil, err
	}
	var out []ReadyTemplate
	for _, s := range sources {
		r := ReadyTemplate{Key: s.Key, Playbook: s.Playbook, Category: s.Category, OnlyOpen: s.OnlyOpen, Intents: s.Intents, Languages: map[string]Definition{}}
		for language, text := range s.Languages {
			d, err := s.definition(text, brand)
			if err != nil {
				return nil, fmt.Errorf("ready-made template %s in %s: %w", s.Key, language, err)
			}
			r.Languages[language] = d
		}
		out = append(out, r)
	}
	return out, nil
}

func (s readySource) definition(t readyText, brand string) (Definition, error) {
	if len(t.Examples) != len(s.Values) || len(t.Fallbacks) != len(s.Values) || len(t.Buttons) != len(s.Buttons) {
		return Definition{}, fmt.Errorf("it needs %d examples, %d fallbacks and %d buttons", len(s.Values), len(s.Values), len(s.Buttons))
	}
	named := func(text string) string { return strings.ReplaceAll(text, "{brand}", brand) }
	d := Definition{Category: s.Category, Body: named(t.Body), Footer: footer(named(t.Footer)), Buttons: slices.Clone(s.Buttons), Variables: slices.Clone(s.Values)}
	if t.Header != "" {
		d.Header = &Header{Format: "TEXT", Text: named(t.Header)}
	}
	for i := range d.Buttons {
		d.Buttons[i].Text = t.Buttons[i]
	}
	for i := range d.Variables {
		d.Variables[i].Example, d.Variables[i].Fallback = t.Examples[i], t.Fallbacks[i]
	}
	return d, nil
}

// footer keeps to Meta's length with a brand of any length: what tells how to stop stays, the brand gives
// way, because the body names it too.
func footer(text string) string {
	if len([]rune(text)) <= maxFooter {
		return text
	}
	if _, rest, ok := strings.Cut(text, " · "); ok {
		return rest
	}
	return string([]rune(text)[:maxFooter-1]) + "…"
}

// ReadyWish says which ready-made templates to add; empty lists mean all.
type ReadyWish struct {
	AccountID int64
	Keys      []string
	Languages []string
}

// AddedReady is a ready-made template as it was added, or why not.
type AddedReady struct {
	Key      string `json:"key"`
	Language string `json:"language"`
	DraftID  int64  `json:"draft_id"`
	Had      bool   `json:"had" doc:"It was there already and was left alone"`
}

// AddReady makes drafts of ready-made templates. What is there already is left alone, whatever it says.
func AddReady(ctx context.Context, tx sqlx.ExtContext, workspace int64, wish ReadyWish, actor string) ([]AddedReady, error) {
	w, err := inbox.LoadWorkspace(ctx, tx, workspace)
	if err != nil {
		return nil, err
	}
	all, err := Ready(w.BrandName())
	if err != nil {
		return nil, err
	}
	if err := knownReady(all, wish); err != nil {
		return nil, err
	}
	account, err := ownAccount(ctx, tx, workspace, wish.AccountID)
	if err != nil {
		return nil, err
	}
	drafts, err := Drafts(ctx, tx, workspace)
	if err != nil {
		return nil, err
	}
	var out []AddedReady
	for _, r := range all {
		if len(wish.Keys) > 0 && !slices.Contains(wish.Keys, r.Key) {
			continue
		}
		for _, l := range ReadyLanguages {
			d, ok := r.Languages[l]
			if !ok || len(wish.Languages) > 0 && !slices.Contains(wish.Languages, l) {
				continue
			}
			a := AddedReady{Key: r.Key, Language: l}
			if i := slices.IndexFunc(drafts, func(x Draft) bool { return x.AccountID == account && x.Name == r.Key && x.Language == l }); i >= 0 {
				a.DraftID, a.Had = drafts[i].ID, true
			} else if a.DraftID, err = Add(ctx, tx, workspace, NewDraft{account, r.Key, l, r.Key, d}, actor); err != nil {
				return nil, err
			}
			out = append(out, a)
		}
	}
	return out, nil
}

func knownReady(all []ReadyTemplate, wish ReadyWish) error {
	for _, k := range wish.Keys {
		if !slices.ContainsFunc(all, func(r ReadyTemplate) bool { return r.Key == k }) {
			return fault.Field("keys", "there is no ready-made template %q", k)
		}
	}
	for _, l := range wish.Languages {
		if !slices.Contains(ReadyLanguages, l) {
			return fault.Field("languages", "the ready-made templates come in %s, not in %q", strings.Join(ReadyLanguages, ", "), l)
		}
	}
	return nil
}

// readyMapping is what the ready-made template of this name fills its variables from, for one that came to
// Meta another way than by a draft of ours, as long as it has the same variables.
func (l Listed) readyMapping() (Definition, bool) {
	s := readyKey(l)
	text, ok := s.Languages[Base(l.Language)]
	if !ok {
		return Definition{}, false
	}
	d, err := s.definition(text, "")
	return d, err == nil && len(d.Uses()) == len(l.Definition.Uses())
}

// NumberAnswer says whether a tap or a text is the answer to the question whether a number was left by its
// owner. A template that was made elsewhere sends its buttons' words instead of our payload.
func NumberAnswer(payload, text string) (yes, no bool) {
	return buttonAnswer(NumberCheck, payload, text)
}

// OffersAnswer says the same of the question whether offers are welcome.
func OffersAnswer(payload, text string) (yes, no bool) {
	return buttonAnswer(gate.ConsentQuestion, payload, text)
}

// OptInAnswer says the same of the question that confirms an opt-in.
func OptInAnswer(payload, text string) (yes, no bool) {
	return buttonAnswer(gate.OptInQuestion, payload, text)
}

// buttonAnswer says which of the two buttons of a ready-made question was tapped, or written out.
func buttonAnswer(key, payload, text string) (yes, no bool) {
	sources, err := readySources()
	if err != nil {
		return false, false
	}
	for _, s := range sources {
		if s.Key != key {
			continue
		}
		for i, b := range s.Buttons {
			hit := payload != "" && payload == b.Payload
			for _, l := range s.Languages {
				hit = hit || strings.EqualFold(strings.TrimSpace(text), l.Buttons[i]) || strings.EqualFold(payload, l.Buttons[i])
			}
			if hit {
				return i == 0, i == 1
			}
		}
	}
	return false, false
}
