package flow

import (
	"errors"
	"strings"
	"testing"
)

// sound is a document in which every type of step stands once; the broken ones are made from it by one
// replacement each.
const sound = `{
"format": 1, "id": "all", "version": 2, "name": "All steps", "languages": ["en", "it"], "default_language": "en",
"fields": ["size"], "hosts": ["api.example.com"],
"hours": {"time_zone": "Europe/Rome", "week": {"mon": ["09:00-13:00", "14:00-18:00"]}, "closed": ["2026-12-25"]},
"services": [{"id": "cut", "name": {"en": "Haircut", "it": "Taglio"}, "minutes": 30, "capacity": 2, "reminders": [{"before": "48h", "template": "soon"}]}],
"steps": [
{"id": "hi", "type": "message", "text": {"en": "Hi {{contact.name|there}}", "it": "Ciao {{contact.name|a te}}"}, "next": "pic"},
{"id": "pic", "type": "message", "media": {"type": "image", "url": "https://cdn.example.com/a.jpg"}, "next": "shop"},
{"id": "shop", "type": "message", "text": {"en": "Look", "it": "Guarda"}, "link": {"title": {"en": "Open", "it": "Apri"}, "url": "https://example.com/"}, "promotional": true, "next": "which"},
{"id": "which", "type": "question", "text": {"en": "Which?", "it": "Quale?"}, "answer": {"kind": "choice", "as": "buttons", "choices": [
 {"id": "a", "title": {"en": "First", "it": "Primo"}, "label": "first"}, {"id": "b", "title": {"en": "Second", "it": "Secondo"}, "next": "pause"}]}, "retries": 1, "timeout": "24h", "on_timeout": "bye", "next": "mail"},
{"id": "mail", "type": "question", "text": {"en": "Mail?", "it": "Mail?"}, "answer": {"kind": "email"}, "contact": "email", "next": "count"},
{"id": "count", "type": "question", "text": {"en": "How many?", "it": "Quanti?"}, "answer": {"kind": "number", "min": 1, "max": 9, "whole": true}, "save": "many", "next": "area"},
{"id": "area", "type": "question", "text": {"en": "Postcode?", "it": "CAP?"}, "answer": {"kind": "postcode", "country": "IT"}, "next": "tel"},
{"id": "tel", "type": "question", "text": {"en": "Phone?", "it": "Telefono?"}, "answer": {"kind": "phone", "country": "IT"}, "next": "if"},
{"id": "if", "type": "condition", "cases": [{"if": {"all": [{"answer": "which", "is": "a"}, {"not": {"label": "vip"}}, {"any": [{"open": true}, {"answer": "many", "above": 3}]}]}, "next": "mark"}], "otherwise": "mark"},
{"id": "mark", "type": "labels", "add": ["seen"], "remove": ["new"], "next": "store"},
{"id": "store", "type": "set", "fields": {"size": "{{answers.many}}"}, "next": "team"},
{"id": "team", "type": "assign", "team": "sales", "next": "tpl"},
{"id": "tpl", "type": "template", "template": "hello", "variables": ["{{contact.name|friend}}"], "next": "ask"},
{"id": "ask", "type": "consent", "purpose": "promotional", "granted": "pause", "refused": "pause"},
{"id": "pause", "type": "wait", "for": "2h", "next": "api", "on_message": "api"},
{"id": "api", "type": "call", "method": "POST", "url": "https://api.example.com/leads/{{contact.phone|none}}", "body": {"mail": "{{contact.email}}"}, "secret": "crm", "timeout": "3s", "save": {"lead": "data.id"}, "next": "won", "failed": "won"},
{"id": "won", "type": "goal", "goal": "lead", "value": 12.5, "currency": "EUR", "next": "slot"},
{"id": "slot", "type": "booking", "do": "reserve", "service": "cut", "text": {"en": "When?", "it": "Quando?"}, "next": "fix", "none": "bye", "failed": "bye"},
{"id": "fix", "type": "booking", "do": "confirm", "next": "bye", "failed": "person"},
{"id": "person", "type": "hand_over", "team": "sales", "text": {"en": "A person comes.", "it": "Arriva una persona."}},
{"id": "bye", "type": "end", "resolve": true, "text": {"en": "Bye {{booking.date|soon}}", "it": "Ciao"}}
]}`

func TestTheSoundDocumentIsSound(t *testing.T) {
	f, err := Parse([]byte(sound))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Warnings) != 0 || len(f.Steps) != 21 {
		t.Errorf("%d steps, warnings %v", len(f.Steps), f.Warnings)
	}
	seen := map[string]bool{}
	for _, s := range f.Steps {
		seen[s.Type] = true
	}
	for _, k := range kinds {
		if !seen[k.name] {
			t.Errorf("no step of type %s is tried", k.name)
		}
	}
}

// Each row breaks one thing; the fault must name its place and say what is allowed.
func TestBrokenDocuments(t *testing.T) {
	rows := []struct{ name, old, new, want string }{
		{"another format", `"format": 1`, `"format": 2`, `line 2, format: must be 1, the only format`},
		{"no format", `"format": 1, `, ``, `format: is missing: a flow needs "format": 1`},
		{"no version", `"version": 2, `, ``, `version: is missing`},
		{"version as text", `"version": 2`, `"version": "2"`, `version: must be a whole number from 1 to 1000000`},
		{"id with capitals", `"id": "all"`, `"id": "All"`, `id: is "All"; an id is a small letter`},
		{"no name", `"name": "All steps", `, ``, `name: is missing: a flow needs a name`},
		{"unknown field of the flow", `"format": 1,`, `"format": 1, "colour": "red",`, `colour: is unknown; a flow has format, id, version, name`},
		{"key twice", `"format": 1,`, `"format": 1, "id": "all",`, `id: is written twice`},
		{"language not served", `["en", "it"]`, `["en", "it", "xx"]`, `languages[2]: is "xx"; ponte serves en, it`},
		{"language twice", `["en", "it"]`, `["en", "it", "it"]`, `languages[2]: "it" stands in the list twice`},
		{"default language not spoken", `"default_language": "en"`, `"default_language": "fr"`, `default_language: is "fr"; it must be one of the flow's languages en, it`},
		{"standard field declared", `["size"]`, `["email"]`, `fields[0]: "email" is a standard field`},
		{"host with a scheme", `["api.example.com"]`, `["https://api.example.com"]`, `hosts[0]: is "https://api.example.com"; a host is a public name`},
		{"host is an address", `["api.example.com"]`, `["127.0.0.1"]`, `hosts[0]: is "127.0.0.1"; a host is a public name`},
		{"host inside", `["api.example.com"]`, `["db.internal"]`, `hosts[0]: is "db.internal"`},
		{"no such zone", `"Europe/Rome"`, `"Europe/Atlantis"`, `hours.time_zone: "Europe/Atlantis" is no time zone`},
		{"hours backwards", `"09:00-13:00"`, `"13:00-09:00"`, `hours.week.mon[0]: is "13:00-09:00"; it must end after it begins`},
		{"hours overlap", `"14:00-18:00"`, `"12:00-18:00"`, `hours.week.mon[1]: "12:00-18:00" overlaps`},
		{"unknown weekday", `"mon": [`, `"monday": [`, `hours.week.monday: is unknown; a week has sun, mon`},
		{"closed day in words", `["2026-12-25"]`, `["Christmas"]`, `hours.closed[0]: is "Christmas"; a day is written as "2026-12-25"`},
		{"service without minutes", `"minutes": 30, `, ``, `services[0].minutes: is missing`},
		{"no capacity", `"capacity": 2`, `"capacity": 0`, `services[0].capacity: must be a whole number from 1 to 1000`},
		{"unknown type", `"type": "goal"`, `"type": "gaol"`, `steps[16].type: is "gaol"; allowed are message, question, condition`},
		{"id twice", `{"id": "won"`, `{"id": "hi"`, `steps[16].id: "hi" is the id of steps[0] already`},
		{"no such step", `"next": "won"`, `"next": "wom"`, `steps[15].next: there is no step "wom"; is won meant?`},
		{"next is missing", `"remove": ["new"], "next": "store"`, `"remove": ["new"]`, `steps[9].next: is missing: a labels step needs a step to go on with`},
		{"field of another step", `"team": "sales", "next": "tpl"`, `"team": "sales", "text": "x", "next": "tpl"`, `steps[11].text: is unknown; an assign step has id, type, team, skill, next`},
		{"text as a string", `"text": {"en": "Mail?", "it": "Mail?"}`, `"text": "Mail?"`, `steps[4].text: must be an object of language and text, as {"en": "…"}`},
		{"default text missing", `{"en": "Mail?", "it": "Mail?"}`, `{"it": "Mail?"}`, `steps[4].text: lacks "en", the default language`},
		{"text in an undeclared language", `{"en": "Mail?", "it": "Mail?"}`, `{"en": "Mail?", "it": "Mail?", "fr": "?"}`, `steps[4].text.fr: is not one of the flow's languages en, it`},
		{"empty text", `{"en": "Mail?", "it": "Mail?"}`, `{"en": " ", "it": "Mail?"}`, `steps[4].text.en: must be a text that is not empty`},
		{"text too long", `{"en": "Which?", "it"`, `{"en": "` + strings.Repeat("x", 1025) + `", "it"`, `steps[3].text.en: has 1025 characters, at most 1024 are allowed here`},
		{"unknown variable", `{{contact.name|there}}`, `{{name|there}}`, `steps[0].text.en: there is no variable "name"; there are contact.<field>, answers.<name>, brand`},
		{"unknown contact field", `{{contact.name|there}}`, `{{contact.nome|there}}`, `steps[0].text.en: there is no contact field "nome"; there are name, first_name`},
		{"unknown answer", `{{answers.many}}`, `{{answers.lots}}`, `steps[10].fields.size: nothing is saved as answer "lots"; the answers are area, lead, mail, many, tel, which`},
		{"variable left open", `{{contact.name|there}}`, `{{contact.name`, `steps[0].text.en: a variable is opened with {{ and never closed`},
		{"variable without a name", `{{contact.name|there}}`, `{{ |there}}`, `steps[0].text.en: {{ |there}} is no variable`},
		{"media without https", `https://cdn.example.com/a.jpg`, `http://cdn.example.com/a.jpg`, `steps[1].media.url: must be a plain address that begins with https://`},
		{"media of no kind", `"type": "image"`, `"type": "gif"`, `steps[1].media.type: is "gif"; allowed are image, video, audio, document`},
		{"document without a name", `"type": "image"`, `"type": "document"`, `steps[1].media.filename: is missing`},
		{"audio with words", `"media": {"type": "image"`, `"text": {"en": "x", "it": "x"}, "media": {"type": "audio"`, `steps[1].text: audio carries no caption`},
		{"link title too long", `{"en": "Open", "it": "Apri"}`, `{"en": "Open the shop of ours", "it": "Apri"}`, `steps[2].link.title.en: "Open the shop of ours" has 21 characters; a WhatsApp link button shows at most 20`},
		{"button title too long", `"en": "First"`, `"en": "The first of the two x"`, `steps[3].answer.choices[0].title.en: "The first of the two x" has 22 characters; a WhatsApp button shows at most 20`},
		{"row title too long", `"as": "buttons", "choices": [`, `"as": "list", "choices": [{"id": "z", "title": {"en": "A row of more than 24 sig", "it": "Z"}},`, `steps[3].answer.choices[0].title.en: "A row of more than 24 sig" has 25 characters; a WhatsApp list row shows at most 24`},
		{"four buttons", `"as": "buttons", "choices": [`, `"as": "buttons", "choices": [{"id": "x", "title": {"en": "X", "it": "X"}}, {"id": "y", "title": {"en": "Y", "it": "Y"}},`, `steps[3].answer.as: has 4 choices: WhatsApp shows at most 3 buttons; take "list"`},
		{"no choices", `"as": "buttons", "choices": [
 {"id": "a", "title": {"en": "First", "it": "Primo"}, "label": "first"}, {"id": "b", "title": {"en": "Second", "it": "Secondo"}, "next": "pause"}]`, `"choices": []`, `steps[3].answer.choices: has 0 entries; 1 to 10 are allowed`},
		{"choice id twice", `{"id": "b", "title"`, `{"id": "a", "title"`, `steps[3].answer.choices[1].id: "a" is the id of another choice already`},
		{"two titles alike", `"en": "Second"`, `"en": "first!"`, `steps[3].answer.choices[1].title.en: "first!" is the title of choice a already`},
		{"a title that is a global word", `"en": "Second"`, `"en": "Help"`, `steps[3].answer.choices[1].title.en: "Help" always means help or back`},
		{"a variable in a title", `"en": "Second"`, `"en": "{{brand}}"`, `steps[3].answer.choices[1].title.en: a title cannot hold variables`},
		{"a description on a button", `"label": "first"`, `"label": "first", "description": {"en": "x", "it": "x"}`, `steps[3].answer.choices[0].description: only rows of a list have a description`},
		{"answer of no kind", `{"kind": "email"}`, `{"kind": "mail"}`, `steps[4].answer.kind: is "mail"; allowed are text, choice, email, phone, number, date, postcode`},
		{"answer is missing", `"answer": {"kind": "email"}, `, ``, `steps[4].answer: is missing`},
		{"option of another kind", `{"kind": "email"}`, `{"kind": "email", "min": 3}`, `steps[4].answer.min: is unknown; an answer of kind email has kind`},
		{"min above max", `"min": 1, "max": 9`, `"min": 10, "max": 9`, `steps[5].answer.min: is above max`},
		{"number in quotes", `"min": 1`, `"min": "1"`, `steps[5].answer.min: must be a number, without quotes`},
		{"postcode of nowhere", `{"kind": "postcode", "country": "IT"}`, `{"kind": "postcode", "country": "XX"}`, `steps[6].answer.country: is "XX"; allowed are AT, AU`},
		{"phone without a country", `{"kind": "phone", "country": "IT"}`, `{"kind": "phone"}`, `steps[7].answer.country: is missing`},
		{"phone of nowhere", `{"kind": "phone", "country": "IT"}`, `{"kind": "phone", "country": "it"}`, `steps[7].answer.country: is "it"; it must be a country's two capital letters`},
		{"too many retries", `"retries": 1`, `"retries": 9`, `steps[3].retries: must be a whole number from 0 to 5`},
		{"timeout without a way", `, "on_timeout": "bye"`, ``, `steps[3].timeout: timeout and on_timeout belong together`},
		{"timeout in words", `"timeout": "24h"`, `"timeout": "one day"`, `steps[3].timeout: must be a time like "30m" (units s, m, h, d), from 1m to 7d`},
		{"unsettable field", `"contact": "email"`, `"contact": "shoe"`, `steps[4].contact: "shoe" cannot be set`},
		{"answer of two kinds", `"save": "many"`, `"save": "mail"`, `steps[5].save: answer "mail" is of kind email in another step, and number here`},
		{"two questions in one condition", `{"label": "vip"}`, `{"label": "vip", "open": true}`, `steps[8].cases[0].if.all[1].not: must ask exactly one of all, any, not`},
		{"no question in a condition", `{"label": "vip"}`, `{}`, `steps[8].cases[0].if.all[1].not: must ask exactly one of`},
		{"a comparison with nothing", `{"answer": "which", "is": "a"}`, `{"answer": "which"}`, `steps[8].cases[0].if.all[0]: compares with nothing`},
		{"no such choice", `{"answer": "which", "is": "a"}`, `{"answer": "which", "is": "c"}`, `steps[8].cases[0].if.all[0].is: "c" is no choice of which; there are a, b`},
		{"condition on an unknown answer", `{"answer": "which", "is": "a"}`, `{"answer": "what", "is": "a"}`, `steps[8].cases[0].if.all[0].answer: nothing is saved as answer "what"`},
		{"condition on no language", `{"label": "vip"}`, `{"language": "latin"}`, `not.language: is "latin"`},
		{"condition on a standing there is not", `{"label": "vip"}`, `{"consent": "promotional", "is": "maybe"}`, `not.is: is "maybe"; allowed are granted, withdrawn`},
		{"groups too deep", `{"label": "vip"}`, strings.Repeat(`{"not": `, 9) + `{"label": "vip"}` + strings.Repeat(`}`, 9), `is nested more than 6 levels deep`},
		{"label added and removed", `"remove": ["new"]`, `"remove": ["seen"]`, `steps[9].remove: "seen" is added and removed`},
		{"no labels", `"add": ["seen"], "remove": ["new"], `, ``, `steps[9].add: is missing`},
		{"a template with an empty variable", `"variables": ["{{contact.name|friend}}"]`, `"variables": ["{{contact.name}}"]`, `steps[12].variables[0]: {{contact.name}} needs a fallback`},
		{"consent for what is not asked for", `"purpose": "promotional"`, `"purpose": "anything"`, `steps[13].purpose: is "anything"; allowed are promotional`},
		{"a wording of one's own", `"granted": "pause"`, `"text": {"en": "OK?"}, "granted": "pause"`, `steps[13].text: is unknown; a consent step has id, type, purpose, wording`},
		{"a wait too long", `"for": "2h"`, `"for": "90d"`, `steps[14].for: must be a time like "30m" (units s, m, h, d), from 1m to 30d`},
		{"a host that is not allowed", `https://api.example.com/leads/`, `https://evil.example.org/leads/`, `steps[15].url: goes to "evil.example.org", which "hosts" does not allow; allowed are api.example.com`},
		{"a host from an answer", `https://api.example.com/leads/`, `https://{{answers.many}}/leads/`, `steps[15].url: has a variable in its host`},
		{"a user before the host", `https://api.example.com/leads/`, `https://api.example.com@evil.example.org/`, `steps[15].url: goes to "api.example.com@evil.example.org"`},
		{"a port", `https://api.example.com/leads/`, `https://api.example.com:22/leads/`, `steps[15].url: goes to "api.example.com:22"`},
		{"a call in the clear", `https://api.example.com/leads/`, `http://api.example.com/leads/`, `steps[15].url: must begin with https://`},
		{"a body with GET", `"method": "POST"`, `"method": "GET"`, `steps[15].body: GET has no body`},
		{"a secret in the document", `"secret": "crm"`, `"secret": "s3cr3t/+="`, `steps[15].secret: is no name of a secret`},
		{"a bad path in the answer", `"data.id"`, `"$.data[0]"`, `steps[15].save.lead: is "$.data[0]"; it must be a path in the response`},
		{"no way for a failure", `, "failed": "won"`, ``, `steps[15].failed: is missing`},
		{"a value without a currency", `, "currency": "EUR"`, ``, `steps[16].currency: is missing`},
		{"a currency in words", `"EUR"`, `"eur"`, `steps[16].currency: is "eur"; a currency is three capital letters`},
		{"no such service", `"service": "cut"`, `"service": "wash"`, `steps[17].service: there is no service "wash"; there are cut`},
		{"a service from an answer that is none", `"service": "cut"`, `"service_answer": "which"`, `steps[17].service_answer: the choice "a" of which is no service; there are cut`},
		{"booking does what it cannot", `"do": "confirm"`, `"do": "approve"`, `steps[18].do: is "approve"; allowed are reserve, confirm, move, cancel`},
		{"round without the person", `"next": "store"`, `"next": "if"`, `steps[9].next: goes round without the person: if → mark → if`},
		{"round by a timer", `"for": "2h", "next": "api"`, `"for": "2h", "next": "pause"`, `steps[14].next: goes round without the person: pause → pause`},
		{"round by a call", `"failed": "won"`, `"failed": "api"`, `steps[15].failed: goes round without the person: api → api`},
		{"steps is an object", `"steps": [`, `"steps": {}, "x": [`, `steps: must be a list, it is an object`},
		{"a step is a text", `{"id": "team", "type": "assign", "team": "sales", "next": "tpl"}`, `"team"`, `steps[11]: must be an object, it is a string`},
		{"cut off", "\n]}", "", `not JSON`},
		{"more after the end", "\n]}", "\n]} {}", `there is more after the end`},
		{"a comma too many", `"format": 1,`, `"format": 1,,`, `line 2: not JSON`},
	}
	if len(rows) < 40 {
		t.Fatalf("only %d documents", len(rows))
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if !strings.Contains(sound, row.old) {
				t.Fatalf("the sound document has no %s", row.old)
			}
			_, err := Parse([]byte(strings.Replace(sound, row.old, row.new, 1)))
			var faults Faults
			if !errors.As(err, &faults) {
				t.Fatalf("accepted, or an error of another kind: %v", err)
			}
			if !strings.Contains(err.Error(), row.want) {
				t.Errorf("want %s\ngot  %v", row.want, err)
			}
		})
	}
}

// Some editors write a byte order mark at the start; a fault of the whole document has no place.
func TestTheMarkAtTheStartIsNoFault(t *testing.T) {
	if _, err := Parse([]byte("\ufeff" + sound)); err != nil {
		t.Error(err)
	}
	var faults Faults
	if _, err := Parse([]byte("{")); !errors.As(err, &faults) || strings.HasPrefix(faults[0].String(), ":") {
		t.Errorf("%v", err)
	}
}

func TestAllFaultsAreToldAtOnce(t *testing.T) {
	broken := strings.NewReplacer(`"Europe/Rome"`, `"Nowhere"`, `"retries": 1`, `"retries": 99`, `"do": "confirm"`, `"do": "x"`).Replace(sound)
	_, err := Parse([]byte(broken))
	for _, want := range []string{"line 4, hours.time_zone", "line 11, steps[3].retries", "line 26, steps[18].do"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("lacks %s in\n%v", want, err)
		}
	}
}

func TestWarnings(t *testing.T) {
	rows := []struct{ name, old, new, want string }{
		{"a language is missing", `"Hi {{contact.name|there}}", "it": "Ciao {{contact.name|a te}}"`, `"Hi"`, `steps[0].text: has no "it": those people will read it in "en"`},
		{"a field may be empty", `{{contact.name|there}}`, `{{contact.name}}`, `steps[0].text.en: contact.name may be empty; give it a fallback`},
		{"an answer may not have been asked", `"Bye {{booking.date|soon}}"`, `"Bye {{answers.mail}}"`, `steps[20].text.en: answers.mail may not have been asked here`},
		{"a choice that ends offers", `"en": "Second"`, `"en": "Stop"`, `steps[3].answer.choices[1].title.en: "Stop" ends offers and the flow`},
		{"a size of a choice", `{"answer": "many", "above": 3}`, `{"answer": "which", "above": 3}`, `steps[8].cases[0].if.all[2].any[1]: compares sizes, and "which" is an answer of kind choice`},
		{"a template that cannot be", `"template": "hello"`, `"template": "Hello there"`, `steps[12].template: no template is called "Hello there"`},
		{"a reminder that cannot be", `"template": "soon"`, `"template": "soon!"`, `services[0].reminders[0].template: no template is called "soon!"`},
		{"longer than the hours", `"minutes": 30`, `"minutes": 300`, `services[0].minutes: no part of the opening hours is longer than 240 minutes`},
		{"sooner than it can be", `"minutes": 30`, `"minutes": 30, "notice": "20d", "ahead_days": 7`, `services[0].notice: is longer than the 7 days ahead`},
		{"a step is not reached", `"failed": "person"`, `"failed": "bye"`, `steps[19]: no way leads to step person`},
	}
	for _, row := range rows {
		f, err := Parse([]byte(strings.Replace(sound, row.old, row.new, 1)))
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		found := false
		for _, w := range f.Warnings {
			found = found || strings.Contains(w.String(), row.want)
		}
		if !found {
			t.Errorf("%s: want %s\ngot %v", row.name, row.want, f.Warnings)
		}
	}
	asked := strings.Replace(sound, `"en": "Postcode?"`, `"en": "Postcode, {{answers.many}}?"`, 1)
	if f, err := Parse([]byte(asked)); err != nil || len(f.Warnings) > 0 {
		t.Errorf("an answer that every way has asked for is warned of: %v %v", err, f)
	}
}
