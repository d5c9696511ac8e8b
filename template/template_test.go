package template

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func body(text string, names ...string) Definition {
	d := Definition{Category: Utility, Body: text}
	for _, n := range names {
		d.Variables = append(d.Variables, Variable{In: "body", Name: n, Example: "x"})
	}
	return d
}

func with(d Definition, buttons ...Button) Definition { d.Buttons = buttons; return d }

func codes(list []Fault) string {
	var out []string
	for _, f := range list {
		out = append(out, f.Field+" "+f.Code)
	}
	return strings.Join(out, "; ")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	const plain = "Your parcel is on its way to you."
	quick, link := Button{Type: "QUICK_REPLY", Text: "Yes"}, Button{Type: "URL", Text: "Open", URL: "https://kayaks.example.com/o/1"}
	url := func(u string) Definition {
		d := with(Definition{Category: Utility, Body: plain}, Button{Type: "URL", Text: "Open", URL: u})
		d.Variables = []Variable{{In: "button:0", Name: "1", Example: "A-1"}}
		return d
	}
	named := func(d Definition) Definition {
		d.Body = "Hello {{first_name}}, your order left our house."
		d.Variables = append(d.Variables, Variable{In: "body", Name: "first_name", Example: "Alice"})
		return d
	}
	head := func(text string) Definition {
		return Definition{Category: Utility, Header: &Header{Format: "TEXT", Text: text}, Body: plain}
	}
	for _, c := range []struct {
		name string
		d    Definition
		want string
	}{
		{"plain", body(plain), ""},
		{"no body", body(" \n"), "body required"},
		{"body at the limit", body(strings.Repeat("é", 1024)), ""},
		{"body too long", body(strings.Repeat("é", 1025)), "body too_long"},
		{"line breaks", body("One\n\n\nTwo"), "body newlines"},
		{"spaces", body("One     two"), "body spaces"},
		{"numbers in order", body("Hello {{1}}, order {{2}} left our house this morning.", "1", "2"), ""},
		{"a gap", body("Hello {{1}}, order {{3}} left our house this morning.", "1", "3"), "body sequence"},
		{"from zero", body("Hello {{0}}, your order left our house.", "0"), "body variable_name"},
		{"out of order", body("Hello {{2}}, order {{1}} left our house this morning.", "1", "2"), "body sequence"},
		{"twice", body("Hello {{1}}, order {{1}} left our house this morning.", "1"), "body sequence"},
		{"names", body("Hello {{first_name}}, order {{order_id}} left our house this morning.", "first_name", "order_id"), ""},
		{"a name twice", body("Hello {{a}}, order {{a}} left our house this morning.", "a"), "body repeated"},
		{"mixed", body("Hello {{1}}, order {{order}} left our house this morning.", "1", "order"), "body mixed"},
		{"capital", body("Hello {{Name}}, your order left our house.", "Name"), "body variable_name"},
		{"special", body("Hello {{first-name}}, your order left our house.", "first-name"), "body variable_name"},
		{"braces open", body("Hello {{1}, your order left our house."), "body braces"},
		{"braces closed", body("Hello 1}}, your order left our house."), "body braces"},
		{"single braces", body("Hello {1}, your order left our house."), "body braces"},
		{"three braces", body("Hello {{{1}}}, your order left our house.", "1"), "body braces"},
		{"leading", body("{{1}} is your order number with us today", "1"), "body leading_variable"},
		{"trailing", body("Your order number with us today is {{1}}", "1"), "body trailing_variable"},
		{"trailing before a full stop", body("Your order comes to your house on {{1}}.", "1"), "body trailing_variable"},
		{"trailing in bold", body("Your order comes to your house on *{{1}}* !", "1"), "body trailing_variable"},
		{"leading in brackets", body("({{1}}) is your order number with us today", "1"), "body leading_variable"},
		{"leading behind an emoji", body("🎉 {{1}}, your order left our house today", "1"), ""},
		{"words that are none", body("Hi {{1}} - - - - {{2}} bye", "1", "2"), "body too_many_variables"},
		{"text turned round", body("Your order \u202eleft our house."), "body unseen_character"},
		{"a NUL", body("Your order\x00 left our house."), "body unseen_character"},
		{"nothing between letters", body("Your or\u200bder left our house."), "body unseen_character"},
		{"a filler of Hangul", body("Your order\u3164 left our house."), "body unseen_character"},
		{"a leading filler", body("Your order\u115f left our house."), "body unseen_character"},
		{"a filler between", body("Your order\u1160 left our house."), "body unseen_character"},
		{"a narrow filler", body("Your order\uffa0 left our house."), "body unseen_character"},
		{"Braille without a dot", body("Your order\u2800 left our house."), "body unseen_character"},
		{"a separator of Mongolian vowels", body("Your or\u180eder left our house."), "body unseen_character"},
		{"a joiner of graphemes", body("Your or\u034fder left our house."), "body unseen_character"},
		{"tags alone", body("Your order\U000e0041\U000e0042 left our house."), "body unseen_character"},
		{"tags behind a flag that never end", body("Your order 🏴\U000e0067\U000e0062 left our house."), "body unseen_character"},
		{"a tag of language", body("Your order\U000e0001 left our house."), "body unseen_character"},
		{"a sign of music that nobody sees", body("Your order\U0001d173 left our house."), "body unseen_character"},
		{"the flag of Scotland", body("Your order left our house 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f today."), ""},
		{"a sign of Arabic numbers", body("Your order \u0600\u0661 left our house."), ""},
		{"Korean", body("주문이 집을 떠났습니다 오늘 아침에."), ""},
		{"dots of Braille", body("Your order ⠓⠊ left our house."), ""},
		{"Arabic with its marks", body("\u200fطلبك رقم {{1}} في الطريق إليك الآن\u200f", "1"), ""},
		{"a family", body("Your order left our house 👨\u200d👩\u200d👧."), ""},
		{"a footer turned round", Definition{Category: Utility, Body: plain, Footer: "by\u2066us"}, "footer unseen_character"},
		{"a header turned round", head("by\u202eus"), "header.text unseen_character"},
		{"a button turned round", with(body(plain), Button{Type: "QUICK_REPLY", Text: "Y\u202ees", Payload: "a\x01"}), "buttons[0].text unseen_character; buttons[0].payload unseen_character"},
		{"an example turned round", Definition{Category: Utility, Body: "Hello {{1}}, your order left.", Variables: []Variable{{In: "body", Name: "1", Example: "A\u202eda"}}}, "variables[body:1].example unseen_character"},
		{"a header that is a variable", Definition{Category: Utility, Header: &Header{Format: "TEXT", Text: "{{1}}!"}, Body: plain, Variables: []Variable{{In: "header", Name: "1", Example: "x"}}}, "header.text only_variable"},
		{"side by side", body("Hello dear {{1}} {{2}}, your order left our house today.", "1", "2"), "body side_by_side"},
		{"too many for the length", body("Hi {{1}}, ok {{2}} bye", "1", "2"), "body too_many_variables"},
		{"just enough words", body("Hi {{1}}, it is {{2}} for you", "1", "2"), ""},
		{"no example", Definition{Category: Utility, Body: "Hello {{1}}, your order left."}, "variables[body:1].example required"},
		{"no fallback", Definition{Category: Utility, Body: "Hello {{1}}, your order left.", Variables: []Variable{{In: "body", Name: "1", Example: "x", From: FromName}}}, "variables[body:1].fallback required"},
		{"unknown source", Definition{Category: Utility, Body: "Hello {{1}}, your order left.", Variables: []Variable{{In: "body", Name: "1", Example: "x", From: "salary"}}}, "variables[body:1].from unknown"},
		{"header at the limit", head(strings.Repeat("x", 60)), ""},
		{"header too long", head(strings.Repeat("x", 61)), "header.text too_long"},
		{"header of two lines", head("a\nb"), "header.text newline"},
		{"header in bold", head("*a*"), "header.text formatting"},
		{"header with an emoji", head("Good news 🎉"), "header.text emoji"},
		{"header with a heart", head("For you ❤️"), "header.text emoji"},
		{"header with a sign", head("Bondi Kayaks ©"), ""},
		{"header with two variables", Definition{Category: Utility, Header: &Header{Format: "TEXT", Text: "For {{1}} on {{2}} now"}, Body: plain,
			Variables: []Variable{{In: "header", Name: "1", Example: "x"}, {In: "header", Name: "2", Example: "x"}}}, "header.text too_many_variables"},
		{"picture without example", Definition{Category: Utility, Header: &Header{Format: "IMAGE"}, Body: plain}, "header.example required"},
		{"picture", Definition{Category: Utility, Header: &Header{Format: "IMAGE", Example: "4::aW"}, Body: plain}, ""},
		{"footer too long", Definition{Category: Utility, Body: plain, Footer: strings.Repeat("x", 61)}, "footer too_long"},
		{"footer with a variable", Definition{Category: Utility, Body: plain, Footer: "for {{1}}"}, "footer variable"},
		{"authentication", Definition{Category: "AUTHENTICATION", Body: plain}, "category not_here"},
		{"eleven buttons", with(body(plain), manyReplies(11)...), "buttons too_many"},
		{"ten quick replies", with(body(plain), manyReplies(10)...), ""},
		{"label too long", with(body(plain), Button{Type: "QUICK_REPLY", Text: strings.Repeat("x", 26)}), "buttons[0].text too_long"},
		{"the same words twice", with(body(plain), quick, Button{Type: "QUICK_REPLY", Text: "YES"}), "buttons[1].text repeated"},
		{"mixed order", with(body(plain), quick, link, Button{Type: "QUICK_REPLY", Text: "No"}), "buttons order"},
		{"replies between links", with(body(plain), link, quick, Button{Type: "URL", Text: "B", URL: link.URL}), "buttons order"},
		{"link then replies", with(body(plain), link, quick, Button{Type: "QUICK_REPLY", Text: "No"}), ""},
		{"replies then link", with(body(plain), quick, link), ""},
		{"three links", with(body(plain), link, Button{Type: "URL", Text: "B", URL: link.URL}, Button{Type: "URL", Text: "C", URL: link.URL}), "buttons too_many"},
		{"two forms", with(body(plain), Button{Type: "FLOW", Text: "A", FlowID: "1"}, Button{Type: "FLOW", Text: "B", FlowID: "2"}), "buttons too_many"},
		{"form without id", with(body(plain), Button{Type: "FLOW", Text: "A"}), "buttons[0].flow_id required"},
		{"call", with(body(plain), Button{Type: "PHONE_NUMBER", Text: "Call", Phone: "+61255501234"}), ""},
		{"call a local number", with(body(plain), Button{Type: "PHONE_NUMBER", Text: "Call", Phone: "02 5550 1234"}), "buttons[0].phone pattern"},
		{"long code", with(body(plain), Button{Type: "COPY_CODE", Code: strings.Repeat("X", 16)}), "buttons[0].code too_long"},
		{"variable at the end of an address", url("https://kayaks.example.com/o/{{1}}"), ""},
		{"variable inside an address", url("https://kayaks.example.com/{{1}}/track"), "buttons[0].url variable_place"},
		{"variable in the host", url("https://kayaks.{{1}}"), "buttons[0].url variable_place"},
		{"variable in a query", url("https://kayaks.example.com?o={{1}}"), ""},
		{"variable behind the host", url("https://kayaks.example.com{{1}}"), "buttons[0].url variable_place"},
		{"an address beside names", named(url("https://kayaks.example.com/o/{{1}}")), ""},
		{"a name in an address", with(body(plain), Button{Type: "URL", Text: "Open", URL: "https://kayaks.example.com/o/{{order}}"}), "buttons[0].url variable_name; variables[button:0:order].example required"},
		{"no address", url("kayaks"), "buttons[0].url pattern"},
		{"back to WhatsApp", with(body(plain), Button{Type: "URL", Text: "Chat", URL: "https://wa.me/61255501234"}), "buttons[0].url whatsapp_link"},
		{"unknown button", with(body(plain), Button{Type: "OTP", Text: "x"}), "buttons[0].type unknown"},
	} {
		if got := codes(c.d.Check()); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func manyReplies(n int) []Button {
	var out []Button
	for i := range n {
		out = append(out, Button{Type: "QUICK_REPLY", Text: fmt.Sprint("Answer ", i)})
	}
	return out
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, language, want string }{
		{"order_shipped", "en_AU", ""}, {"", "en", "name required"}, {"Order shipped!", "en", "name pattern"}, {strings.Repeat("a", 513), "en", "name too_long"},
		{"a", "xx", "language unknown"}, {"ordine_è", "it", "name pattern"},
	} {
		if got := codes(CheckName(c.name, c.language)); got != c.want {
			t.Errorf("%q %q: %q, want %q", c.name, c.language, got, c.want)
		}
	}
	if f := CheckName("Order shipped!", "en"); !strings.Contains(f[0].Text, "«order_shipped»") {
		t.Errorf("no better name is offered: %s", f[0].Text)
	}
}

// Every ready-made template passes every check, with brands of any length, in all its languages; its
// values fill it.
func TestReadyMadePass(t *testing.T) {
	t.Parallel()
	for _, brand := range []string{"Bondi Kayaks", "O", "Società Cooperativa Agricola e Turistica del Litorale di Levante"} {
		all, err := Ready(brand)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) < 10 {
			t.Fatalf("%d ready-made templates", len(all))
		}
		for _, r := range all {
			for _, l := range ReadyLanguages {
				d, ok := r.Languages[l]
				if !ok {
					t.Errorf("%s is missing in %s", r.Key, l)
					continue
				}
				if f := Examine(r.Key, l, d, brand); len(f) > 0 {
					t.Errorf("%s in %s for %q: %+v", r.Key, l, brand, f)
				}
				filled := d.Fill(nil, Person{}, Sender{Brand: brand})
				if _, err := d.Send(filled, ""); err != nil {
					t.Errorf("%s in %s does not fill with what is known of nobody: %v", r.Key, l, err)
				}
				if p := d.Show(AsValues(filled)); strings.Contains(p.Plain(), "{") {
					t.Errorf("%s in %s leaves a place open: %s", r.Key, l, p.Plain())
				}
			}
		}
	}
}

// What is written is read back the same, through the form Meta keeps it in.
func TestWireAndBack(t *testing.T) {
	t.Parallel()
	all, err := Ready("Bondi Kayaks")
	if err != nil {
		t.Fatal(err)
	}
	list := []Definition{
		{Category: Marketing, Header: &Header{Format: "TEXT", Text: "For {{first_name}} only"}, Body: "Hello {{first_name}}, from {{brand}} today.", Footer: "STOP",
			Buttons:   []Button{{Type: "URL", Text: "Open", URL: "https://x.example.com/o/{{id}}"}, {Type: "PHONE_NUMBER", Text: "Call", Phone: "+61255501234"}, {Type: "COPY_CODE", Code: "SUN"}, {Type: "FLOW", Text: "Book", FlowID: "77", Screen: "START"}},
			Variables: []Variable{{In: "header", Name: "first_name", Example: "Ana"}, {In: "body", Name: "first_name", Example: "Ana"}, {In: "body", Name: "brand", Example: "B"}, {In: "button:0", Name: "id", Example: "A-1"}}},
		{Category: Utility, Header: &Header{Format: "DOCUMENT", Example: "4::h"}, Body: "Here is your bill {{1}} of today.", Variables: []Variable{{In: "body", Name: "1", Example: "77"}}},
	}
	for _, r := range all {
		for _, d := range r.Languages {
			list = append(list, d)
		}
	}
	for _, d := range list {
		raw, err := d.Wire("x", "en")
		if err != nil {
			t.Fatal(err)
		}
		var w struct {
			Category   string          `json:"category"`
			Components json.RawMessage `json:"components"`
		}
		if err := json.Unmarshal(raw, &w); err != nil {
			t.Fatal(err)
		}
		back, whole, err := FromComponents(w.Category, w.Components)
		if err != nil || !whole {
			t.Fatalf("%v, whole %v: %s", err, whole, raw)
		}
		for i := range d.Variables { // Meta is not told where values come from
			d.Variables[i].From, d.Variables[i].Fallback = "", ""
		}
		for i := range d.Buttons {
			d.Buttons[i].Payload = ""
		}
		if changes := Diff(d.Tidy(), back.Tidy()); len(changes) > 0 {
			t.Errorf("%+v", changes)
		}
	}
}

func TestChooseLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ have, wanted, fallback, want string }{
		{"en it fr", "it", "en", "it exact"}, {"en it fr", "it_IT", "en", "it base"}, {"en_AU it", "en", "it", "en_AU base"}, {"en_GB en_US", "en-us", "", "en_US exact"},
		{"en", "de", "en", "en fallback"}, {"en_AU", "de", "en", "en_AU fallback"}, {"fr", "de", "en", "error"}, {"", "en", "en", "error"}, {"it", "", "", "error"},
	} {
		got, err := ChooseLanguage(strings.Fields(c.have), c.wanted, c.fallback)
		said := got.Language + " " + got.Why
		if err != nil {
			said = "error"
		}
		if said != c.want {
			t.Errorf("%+v: %s", c, said)
		}
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	d := Definition{Category: Utility, Header: &Header{Format: "TEXT", Text: "Order {{1}} today"}, Body: "Hello {{1}}, {{2}} of {{3}} is *ready* for you.",
		Buttons: []Button{{Type: "QUICK_REPLY", Text: "Yes", Payload: "y"}, {Type: "URL", Text: "See", URL: "https://x.example.com/o/{{1}}"}},
		Variables: []Variable{{In: "header", Name: "1", From: "field:order"}, {In: "body", Name: "1", From: FromFirstName, Fallback: "there"}, {In: "body", Name: "2", From: FromSender},
			{In: "body", Name: "3", From: FromBrand}, {In: "button:1", Name: "1", From: "field:order"}}}
	person := Person{Name: " Alice  Moreau", Fields: map[string]any{"order": float64(1042)}}
	sender := Sender{Brand: "Bondi Kayaks"}
	filled := d.Fill(Values{"body:2": "your\nboat {{9}}"}, person, sender)
	raw, err := d.Send(filled, "")
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"parameters":[{"text":"1042","type":"text"}],"type":"header"},{"parameters":[{"text":"Alice","type":"text"},{"text":"your boat (9)","type":"text"},{"text":"Bondi Kayaks","type":"text"}],"type":"body"},` +
		`{"index":"0","parameters":[{"payload":"y","type":"payload"}],"sub_type":"quick_reply","type":"button"},{"index":"1","parameters":[{"text":"1042","type":"text"}],"sub_type":"url","type":"button"}]`
	if string(raw) != want {
		t.Errorf("sends\n%s\nwant\n%s", raw, want)
	}
	if got := d.Show(AsValues(filled)).Plain(); got != "Order 1042 today\nHello Alice, your boat (9) of Bondi Kayaks is *ready* for you." {
		t.Errorf("reads %q", got)
	}
	if got := d.Fill(nil, Person{}, sender)[1]; got.Value != "there" || got.Source != "fallback" {
		t.Errorf("nobody's name: %+v", got)
	}
	if _, err := d.Send(d.Fill(nil, person, sender), ""); err == nil {
		t.Error("a value was missing and it went out")
	}
	if _, err := d.Send(d.Fill(Values{"body:2": strings.Repeat("x", 1100)}, person, sender), ""); err == nil {
		t.Error("it is too long with its values and it went out")
	}
}

// In a template whose variables have names, that of an address stays {{1}}: Meta is told the form by the text, and gets the
// value of the address without a name.
func TestNamesDoNotReachAddresses(t *testing.T) {
	t.Parallel()
	d := Definition{Category: Utility, Body: "Hello {{first_name}}, your order left our house.", Buttons: []Button{{Type: "URL", Text: "Track", URL: "https://kayaks.example.com/o/{{1}}"}},
		Variables: []Variable{{In: "body", Name: "first_name", Example: "Alice"}, {In: "button:0", Name: "1", Example: "A-1"}}}
	wire, err := d.Wire("order_left", "en")
	if err != nil || !strings.Contains(string(wire), `"parameter_format":"NAMED"`) || !strings.Contains(string(wire), `"example":["https://kayaks.example.com/o/A-1"]`) {
		t.Errorf("%s %v", wire, err)
	}
	sent, err := d.Send(d.Fill(Values{"body:first_name": "Ada", "button:0:1": "A-42"}, Person{}, Sender{}), "")
	if want := `[{"parameters":[{"parameter_name":"first_name","text":"Ada","type":"text"}],"type":"body"},{"index":"0","parameters":[{"text":"A-42","type":"text"}],"sub_type":"url","type":"button"}]`; err != nil || string(sent) != want {
		t.Errorf("sent %s %v", sent, err)
	}
	d = Definition{Category: Utility, Header: &Header{Format: "TEXT", Text: "Order {{1}}"}, Body: "It left our house.", Variables: []Variable{{In: "header", Name: "1", Example: "A-1"}}}
	if _, err := d.Send(d.Fill(Values{"header:1": strings.Repeat("x", 55)}, Person{}, Sender{}), ""); err == nil || !strings.Contains(err.Error(), "header has 61 characters") {
		t.Errorf("a header that is too long with its value: %v", err)
	}
}

// A name somebody gave themselves does not turn round what stands behind it, nor does a letter's own mark go.
func TestValuesHoldNothingUnseen(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"Ada\u202e\u2066": "Ada", "A\x00\x07da\tLovelace\n": "Ada Lovelace", "\u200fعلي": "\u200fعلي", "\u200b\ufeff": "", "👨\u200d👩": "👨\u200d👩", "A\u3164da\u2800\U000e0041": "Ada", "\u3164": "",
		"Ada 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f": "Ada 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"} {
		if got := clean(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"plain", "plain"}, {"a *b* c", "a |b:b| c"}, {"2*3*4 snake_case_x", "2*3*4 snake_case_x"}, {"*a _b_ c*", "b:a |bi:b|b: c"}, {"~gone~, _it_!", "s:gone|, |i:it|!"},
		{"x ```y *z*``` w", "x |m:y *z*| w"}, {"never ```closed *a*", "never ```closed |b:a"}, {"* a *", "* a *"}, {"*a\nb*", "*a\nb*"}, {"Hi *{{1}}* there", "Hi |bo:{{1}}| there"}, {"**", "**"}, {"*", "*"},
	} {
		var out []string
		for _, s := range Format(c.text) {
			dress := ""
			for _, d := range []struct {
				on bool
				as string
			}{{s.Bold, "b"}, {s.Italic, "i"}, {s.Strike, "s"}, {s.Mono, "m"}, {s.Open, "o"}} {
				if d.on {
					dress += d.as
				}
			}
			if dress != "" {
				dress += ":"
			}
			out = append(out, dress+s.Text)
		}
		if got := strings.Join(out, "|"); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func FuzzFormat(f *testing.F) {
	f.Add("*a* _b_ ```c``` ~d~ {{1}}")
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		for _, s := range Format(text) {
			n += len(s.Text)
		}
		if n > len(text) {
			t.Errorf("%q grew to %d bytes", text, n)
		}
	})
}

func TestDiff(t *testing.T) {
	t.Parallel()
	a := Definition{Category: Utility, Body: "one", Footer: "f"}
	b := Definition{Category: Marketing, Body: "two", Buttons: []Button{{Type: "QUICK_REPLY", Text: "Yes"}}}
	if got := fmt.Sprint(Diff(a, b)); got != "[{category UTILITY MARKETING} {body one two} {footer f } {buttons[0]  QUICK_REPLY · Yes}]" {
		t.Error(got)
	}
	if len(Diff(a, a)) != 0 {
		t.Error("the same differs")
	}
}

// A language that several regions have is taken in the workspace's own.
func TestTheLanguageOfTheBrandsRegion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		have             []string
		wanted, fallback string
		want             Choice
	}{
		{[]string{"pt_BR", "pt_PT"}, "pt", "pt-PT", Choice{"pt_PT", "base"}},
		{[]string{"pt_BR", "pt_PT"}, "pt_BR", "pt-PT", Choice{"pt_BR", "exact"}},
		{[]string{"es_AR", "es_ES", "es"}, "es", "es_ES", Choice{"es", "exact"}},
		{[]string{"es_AR", "es_ES"}, "es_MX", "es_ES", Choice{"es_ES", "base"}},
		{[]string{"en_AU", "en_GB"}, "en", "it", Choice{"en_AU", "base"}},
		{[]string{"it", "en_GB"}, "fr", "en", Choice{"en_GB", "fallback"}},
	} {
		if got, err := ChooseLanguage(c.have, c.wanted, c.fallback); err != nil || got != c.want {
			t.Errorf("%+v: %+v, %v", c, got, err)
		}
	}
}

// An address in a button is one that can be opened, and says where it leads.
func TestAddressesOfButtons(t *testing.T) {
	t.Parallel()
	d := Definition{Category: Utility, Body: "Your booking at Bondi Kayaks is confirmed.", Variables: []Variable{{In: "button:0", Name: "1", Example: "x"}}}
	for address, good := range map[string]bool{
		"https://a.com/o/{{1}}": true, "https://a.com@evil.com/o/{{1}}": false, "https://a.com/x y/{{1}}": false, "https://a.com/\to/{{1}}": false,
	} {
		d.Buttons = []Button{{Type: "URL", Text: "Go", URL: address}}
		if list := d.Check(); (len(list) == 0) != good {
			t.Errorf("%q: %+v", address, list)
		}
	}
	d.Buttons[0].URL = "https://a.com/o/{{1}}"
	filled := d.Fill(Values{"button:0:1": "AB  12/ü"}, Person{}, Sender{})
	if shown := d.Show(AsValues(filled)); shown.Buttons[0].URL != "https://a.com/o/AB%2012/ü" {
		t.Errorf("a value with a space leads to %q", shown.Buttons[0].URL)
	}
	if d.Body = "a\rb\r\nc"; d.Tidy().Body != "a\nb\nc" {
		t.Errorf("%q", d.Tidy().Body)
	}
}

// A template that takes values which are not written here would be refused by the network message by message: it is not
// offered, and said so where it is asked for.
func TestWhatCannotBeFilledIsNotSent(t *testing.T) {
	t.Parallel()
	for components, sendable := range map[string]bool{
		`[{"type":"BODY","text":"Hi"}]`: true, `[{"type":"BODY","text":"Hi"},{"type":"BUTTONS","buttons":[{"type":"VOICE_CALL","text":"Call"}]}]`: true,
		`[{"type":"BODY","text":"Hi"},{"type":"CAROUSEL","cards":[]}]`: false, `[{"type":"limited_time_offer"},{"type":"BODY","text":"Hi"}]`: false,
		`[{"type":"HEADER","format":"LOCATION"},{"type":"BODY","text":"Hi"}]`: false, `[{"type":"BODY","text":"Hi"},{"type":"BUTTONS","buttons":[{"type":"OTP"}]}]`: false,
	} {
		l := Listed{Name: "t", Language: "en", Category: Utility, Status: "APPROVED", Components: []byte(components)}
		if err := l.read(); err != nil {
			t.Fatal(err)
		}
		offered := Candidates([]Listed{l}, Occasion{Language: "en", Open: true}, Person{}, Sender{})
		if (l.Sendable() == nil) != sendable || (len(offered) == 1) != sendable {
			t.Errorf("%s: %v, %d offered", components, l.Sendable(), len(offered))
		}
	}
}
