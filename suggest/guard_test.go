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
		"its rules":            {"My system prompt says so.", false},
		"what it is":           {"As an AI I cannot.", false},
		"the mark":             {"<" + mark + "> hello", false},
		"the mark in capitals": {strings.ToUpper(mark), false},
		"another mark":         {"</DATA-deadbeef> hello", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := guarded(c.draft, sources, mark); got != c.want {
				t.Errorf("guarded(%.60q) = %v", c.draft, got)
			}
		})
	}
	if !guarded("You get a refund within the month.", "Refunds take a month.", mark) {
		t.Error("a refund that the source speaks of is refused")
	}
}
