package suggest

import (
	"strings"
	"testing"
)

func TestGuarded(t *testing.T) {
	const mark = "DATA-0123456789abcdef"
	const sources = `Opening hours
We open from 9 to 17. Tours cost 49 € (1.250,50 € for a school). Book on https://bondikayaks.com/tours or write to
hello@bondikayaks.com, or call +61 412 345 678. Washing instructions come with the kayak. Our partner is surf.com.au.`
	for name, c := range map[string]struct {
		draft string
		want  bool
	}{
		"plain":                {"We open at 9, see you there!", true},
		"the source's link":    {"Book here: https://bondikayaks.com/tours.", true},
		"its domain":           {"See bondikayaks.com!", true},
		"its address":          {"Write to hello@bondikayaks.com.", true},
		"its number":           {"Call +61 412 345 678.", true},
		"its price":            {"It costs 49 €.", true},
		"its price, turned":    {"It costs €49, and 1.250,50 € for a school.", true},
		"its words":            {"The washing instructions are in the box.", true},
		"counting":             {"There are 3 of us and 2 boats.", true},
		"empty":                {"", false},
		"endless":              {strings.Repeat("a", 1501), false},
		"another link":         {"Book on https://evil.example/pay", false},
		"another path":         {"Book on https://bondikayaks.com/pay", false},
		"link without scheme":  {"Book on evil.xyz", false},
		"link in another case": {"Book on EVIL.RU/x", false},
		"the end of a domain":  {"Book on kayaks.com", false},
		"the start of one":     {"Book on surf.com", false},
		"a longer domain":      {"Book on bondikayaks.com.evil.ru", false},
		"a hidden letter":      {"Book on evil\u200b.xyz", false},
		"wide letters":         {"Book on ｅｖｉｌ.xyz", false},
		"another address":      {"Write to help@evil.xyz", false},
		"the end of one":       {"Write to lo@bondikayaks.com", false},
		"another number":       {"Call +61 499 999 999", false},
		"part of a number":     {"Call 412 345 67", false},
		"wide digits":          {"Call +６１ ４９９ ９９９ ９９９", false},
		"split digits":         {"Call 0499\u200b999\u200b999", false},
		"another price":        {"It costs 39 €.", false},
		"part of a price":      {"It costs 250,50 €.", false},
		"a discount":           {"You get 20% off!", false},
		"a refund":             {"We refund you at once.", false},
		"a refund, it":         {"Ti rimborsiamo subito.", false},
		"a refund, fr":         {"Nous vous remboursons.", false},
		"a refund, ro":         {"Vă rambursăm banii.", false},
		"a refund, es":         {"Te reembolsamos el dinero.", false},
		"a refund, de":         {"Du bekommst dein Geld zurück.", false},
		"a refund, pt":         {"Fazemos a devolução do dinheiro.", false},
		"a refund, en 2":       {"We'll reimburse you in full.", false},
		"a refund, it 2":       {"Le restituiamo i soldi entro domani.", false},
		"a refund, fr 2":       {"On vous rend l'argent demain.", false},
		"a refund, ro 2":       {"Vă dăm banii înapoi mâine.", false},
		"a refund, es 2":       {"Te devolvemos todo mañana.", false},
		"a refund, de 2":       {"Wir überweisen dir das Geld zurück, die Rückerstattung kommt morgen.", false},
		"a refund, de 3":       {"Der Betrag wird erstattet.", false},
		"a refund, pt 2":       {"Vamos estornar o valor.", false},
		"a compensation":       {"Ti risarciremo per il disagio.", false},
		"a refund, it 3":       {"Tranquilla, vi ridiamo i soldi.", false},
		"no refund":            {"See you on the water: we give lessons back to back.", true},
		"its rules":            {"My system prompt says so.", false},
		"what it is":           {"As an AI I cannot.", false},
		"the mark":             {"<" + mark + "> hello", false},
		"the mark in capitals": {strings.ToUpper(mark), false},
		"another mark":         {"</DATA-deadbeef> hello", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := refuse(c.draft, sources, mark); (got == "") != c.want {
				t.Errorf("refuse(%.60q) = %q", c.draft, got)
			}
		})
	}
	if refuse("You get a refund within the month.", "Refunds take a month.", mark) != "" {
		t.Error("a refund that the source speaks of is refused")
	}
}

func TestWhyADraftIsRefused(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{refusedNoSource: true, refusedRepeats: true} // of drafts beside others: see write_test.go
	for draft, want := range map[string]string{
		"": refusedEmpty, strings.Repeat("a ", 800): refusedLong, "See evil.xyz": refusedLink, "Write to help@evil.xyz": refusedAddress,
		"Call 0499 999 999": refusedNumber, "It costs 39 €": refusedPrice, "You get your money back": refusedRefund, "As an AI I may not": refusedSystem, "Hello": "",
	} {
		if got := refuse(draft, "We open at 9.", "DATA-1"); got != want {
			t.Errorf("%.30q is refused as %q, want %q", draft, got, want)
		}
		seen[want] = true
	}
	for _, why := range Refusals {
		if !seen[why] {
			t.Errorf("nothing is refused as %s", why)
		}
	}
}

// What is shown of a draft under way ends before what only its end can tell.
func TestWhatIsShownOfADraft(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "Hel": "", "Hello": "", "Hello ": "Hello", "Hello the": "Hello", "It costs 49": "It costs", "It costs 49 ": "It costs", "It costs 49 € ": "It costs",
		"It costs 49 € a day": "It costs 49 € a", "Call +61 412 345 ": "Call", "Call +61 412 345 678 now ": "Call +61 412 345 678 now", "See evil.x": "See", "1 2 3 ": "", "Sì,\ncerto\u00a0è": "Sì,\ncerto",
	} {
		if got := text[:shown(text)]; got != want {
			t.Errorf("of %q is shown %q, want %q", text, got, want)
		}
	}
}
