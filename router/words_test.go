package router

import "testing"

func TestWordsFoldAsTheirLanguageWrites(t *testing.T) {
	for name, c := range map[string]struct {
		language, word, text string
		met                  bool
	}{
		"ß as ss":                          {"de", "Größe", "welche GROESSE?", true},
		"ss as ß":                          {"de", "strasse", "Straße", true},
		"ü as ue":                          {"de", "für", "preis fuer zwei", true},
		"ü is not u":                       {"de", "schön", "schon da", false},
		"ü taken apart by the keyboard":    {"de", "für", "fu\u0308r", true},
		"ü in any language":                {"", "für", "preis fuer zwei", true},
		"ü typed without dots, any":        {"", "für", "fur", true},
		"Romanian comma and cedilla":       {"ro", "preț și stoc", "preţ şi stoc", true},
		"Romanian without marks":           {"ro", "preț", "PRET?", true},
		"French article":                   {"fr", "offre", "je veux l'offre", true},
		"an accent for an apostrophe":      {"fr", "offre", "je veux l´offre", true},
		"the other apostrophe":             {"en", "don't", "i don‘t know", true},
		"an accent for an English one":     {"en", "don't", "i don´t know", true},
		"a soft hyphen":                    {"en", "info", "in\u00adfo", true},
		"a word joiner":                    {"en", "info", "in\u2060fo please", true},
		"somebody is called over":          {"en", "price", "@price.hunter have a look", false},
		"called over beside the word":      {"en", "price", "@price.hunter what price?", true},
		"a handle as the keyword":          {"en", "@price.hunter", "hey @Price.Hunter", true},
		"in an address":                    {"en", "info", "write to info@shop.example", false},
		"in a link":                        {"en", "info", "https://shop.example/info?x=1", false},
		"in a link without a scheme":       {"en", "shop", "see www.shop.example", false},
		"behind a link":                    {"en", "info", "https://shop.example/x info", true},
		"an at sign for a price":           {"en", "kayak", "kayak @ 500?", true},
		"a flag":                           {"", "🇮🇹", "I ❤️ 🇮🇹!", true},
		"two flags hold no third":          {"", "🇹🇷", "🇮🇹🇷🇴", false},
		"the second of two flags":          {"", "🇷🇴", "🇮🇹🇷🇴", true},
		"a forbidden word in a handle":     {"en", "info", "@no.thanks info", true},
		"French, another apostrophe":       {"fr", "offre", "je veux l’offre", true},
		"French œ":                         {"fr", "cœur", "coeur", true},
		"French within a word":             {"fr", "aujourd'hui", "c'est aujourd’hui", true},
		"Italian article":                  {"it", "offerta", "dell'offerta", true},
		"Italian accent":                   {"it", "perché", "PERCHE", true},
		"English joins":                    {"en", "dont", "I don't know", true},
		"English does not part":            {"en", "don", "I don't know", false},
		"any language parts":               {"", "info", "l'info", true},
		"any language joins":               {"", "dont", "don't", true},
		"Turkish İ":                        {"", "info", "İNFO", true},
		"Turkish ı":                        {"", "info", "ınfo", true},
		"no Turkish casing":                {"", "INFO", "info", true},
		"within a word":                    {"", "kit", "kitchen", false},
		"a word of another language's set": {"it", "info", "info", true},
	} {
		t.Run(name, func(t *testing.T) {
			trigger := live(1, "a", func(t *Trigger) { t.Keywords = []KeywordSet{{Language: c.language, Words: []string{c.word}}} })
			match, why := Choose([]Trigger{trigger}, Occasion{Source: SourceComment, Text: c.text, Language: c.language})
			if (match != nil) != c.met {
				t.Errorf("%q (%s) in %q: met %v (%s), want %v", c.word, c.language, c.text, match != nil, why, c.met)
			}
			forbidding := live(1, "a", func(t *Trigger) {
				t.Keywords = []KeywordSet{{Language: c.language, Words: []string{"xyzzy"}, Not: []string{c.word}}}
			})
			if match, _ := Choose([]Trigger{forbidding}, Occasion{Source: SourceComment, Text: c.text + " xyzzy", Language: c.language}); (match == nil) != c.met {
				t.Errorf("%q (%s) forbids %q: %v, want %v", c.word, c.language, c.text, match == nil, c.met)
			}
		})
	}
}

func TestHashtags(t *testing.T) {
	for caption, want := range map[string]bool{
		"":                         false,
		"surf":                     false,
		"#surf":                    true,
		"come #Surf!":              true,
		"#surfing":                 false,
		"#surf_now":                false,
		"a#surf":                   true,
		"#beach #SÚRF":             true,
		"＃surf":                    true,
		"##surf":                   true,
		"# surf":                   false,
		"#sea\n#surf":              true,
		"half price, like #surf's": true,
	} {
		trigger := live(1, "a", func(t *Trigger) { t.Hashtags = []string{"#surf"} })
		match, why := Choose([]Trigger{trigger}, Occasion{Source: SourceComment, Text: "info", PostID: 1, Caption: caption, Captioned: true})
		if (match != nil) != want {
			t.Errorf("caption %q: %v (%s), want %v", caption, match != nil, why, want)
		}
	}
}

// Under one post no variant follows itself, whatever the comments' ids are, and all of them are used.
func TestRotationUsesAllAndRepeatsNone(t *testing.T) {
	trigger := live(1, "a", func(t *Trigger) {
		t.PublicReplies = map[string][]string{"en": {"a", "b", "c", "d"}, "it": {"x", "y"}}
	})
	set, book := NewSet([]Trigger{trigger}), NewBook()
	last, used := "", map[string]int{}
	for i := range 400 {
		o := Occasion{Source: SourceComment, Text: "info", PostID: 7, PersonID: int64(i), Key: string(rune('a'+i%26)) + string(rune('0'+i/26)), Language: []string{"en", "it"}[i%3/2]}
		a, err := book.Answer(set, o, "en")
		if err != nil || a.Code != Answered {
			t.Fatalf("%+v, %v", a, err)
		}
		if a.Public == last {
			t.Fatalf("%q twice in a row", last)
		}
		last = a.Public
		used[a.Public]++
	}
	for _, v := range []string{"a", "b", "c", "d", "x", "y"} {
		if used[v] < 20 {
			t.Errorf("variant %s was used %d times of 400", v, used[v])
		}
	}
}
