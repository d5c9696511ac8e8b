package ingest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"ponte/channels"
	"ponte/flow"
	"ponte/outbox"
)

// templateRow is a template of a WhatsApp account in one language.
type templateRow struct {
	Name       string          `db:"name"`
	Language   string          `db:"language"`
	Status     string          `db:"status"`
	Components json.RawMessage `db:"components"`
}

// templateFor returns the template of a name in the language that suits best: an approved one before others,
// the person's language before the workspace's, that before English.
func (s *scene) templateFor(account int64, name, language, locale string) (*templateRow, error) {
	var list []templateRow
	if err := s.tx.SelectContext(s.ctx, &list, sqlTemplatesNamed, account, name); err != nil {
		return nil, fmt.Errorf("find template %s: %w", name, err)
	}
	var best *templateRow
	most := -1
	for i := range list {
		r, n := &list[i], 0
		short, _, _ := strings.Cut(r.Language, "_")
		switch {
		case r.Language == language || short == language:
			n = 3
		case short == locale:
			n = 2
		case short == "en":
			n = 1
		}
		if r.Status == "APPROVED" {
			n += 10
		}
		if n > most {
			best, most = r, n
		}
	}
	return best, nil
}

const sqlTemplatesNamed = `
SELECT t.name, t.language, t.status, t.components FROM templates t JOIN accounts o ON o.workspace_id = t.workspace_id AND o.id = t.account_id
JOIN accounts a ON a.workspace_id = o.workspace_id AND a.waba_id = o.waba_id WHERE a.id = $1 AND t.name = $2 ORDER BY t.language`

var templatePlace = regexp.MustCompile(`\{\{\s*[A-Za-z0-9_]+\s*\}\}`)

// fill puts values into the places of a template's body, in their order, and returns the call with the text
// as it will read. Values beyond the places are left out; a place beyond the values gets a dash, which a
// template with an empty place would be refused for.
func (r templateRow) fill(values []string) (*channels.TemplateSend, string, error) {
	var parts []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	_ = json.Unmarshal(r.Components, &parts) // a template without readable parts is sent as it is
	body := ""
	for _, p := range parts {
		if strings.EqualFold(p.Type, "BODY") {
			body = p.Text
		}
	}
	send := &channels.TemplateSend{Name: r.Name, Language: r.Language}
	n := 0
	var params []map[string]string
	text := templatePlace.ReplaceAllStringFunc(body, func(place string) string {
		value := "–"
		if n < len(values) && strings.TrimSpace(values[n]) != "" {
			value = values[n]
		}
		n++
		param := map[string]string{"type": "text", "text": value}
		if name := strings.Trim(place, "{} "); !isDigits(name) {
			param["parameter_name"] = name
		}
		params = append(params, param)
		return value
	})
	if len(params) > 0 {
		raw, err := json.Marshal([]any{map[string]any{"type": "body", "parameters": params}})
		if err != nil {
			return nil, "", fmt.Errorf("encode template parameters: %w", err)
		}
		send.Components = raw
	}
	return send, firstOf(text, "["+r.Name+"]"), nil
}

func isDigits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}

// template plans an approved template. One that the account does not have is planned all the same: the gate
// refuses it with the reason, where people see it.
func (x *flowTurn) template(e flow.Effect) error {
	if x.t.Channel != string(channels.WhatsApp) {
		return nil // only WhatsApp has templates; the note in the docs says so
	}
	sp := x.s.spaces[x.v.WorkspaceID]
	row, err := x.s.templateFor(x.t.AccountID, e.Template, e.Language, sp.Locale)
	if err != nil {
		return err
	}
	if row == nil {
		row = &templateRow{Name: e.Template, Language: e.Language}
	}
	a, err := x.action(channels.SendTemplate)
	if err != nil {
		return err
	}
	send, text, err := row.fill(e.Variables)
	if err != nil {
		return err
	}
	a.Call.Template, a.Purpose = send, "service"
	if e.Promotional {
		a.Purpose = "promotional"
	}
	a.Bubble = &outbox.Bubble{Author: "bot", Type: "template", Text: text}
	x.plan(a)
	return nil
}
