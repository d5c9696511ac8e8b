package moderation

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"ponte/fault"
)

// oneRule makes a set of one hiding rule with the condition.
func oneRule(t testing.TB, condition string) *RuleSet {
	t.Helper()
	rs, err := ParseRules([]byte(`[{"name":"r","text":"found","category":"spam","decision":"hide",` + strings.TrimPrefix(condition, "{") + `]`))
	if err != nil {
		t.Fatalf("%s: %v", condition, err)
	}
	return rs
}

func fires(rs *RuleSet, in Input) bool { return len(rs.match(&in, "en")) > 0 }

func words(list ...string) string {
	b, _ := json.Marshal(map[string]any{"words": list})
	return string(b)
}

func TestWordsAreFoundThroughEvasion(t *testing.T) {
	t.Parallel()
	for phrase, texts := range map[string][]string{
		"like":           {"like", "LIKE", "Like!", "l-i-k-e", "l i k e", "l.i.k.e", "l_i_k_e", "please l i k e this", "l*i*k*e", "l - i - k - e", "liiiike", "l1k3", "l!ke", "líkê", "lіkе", "l\u200bi\u200bk\u200be", "l\u00adike", "ⓛⓘⓚⓔ", "𝓵𝓲𝓴𝓮", "🅻🅸🅺🅴", "🇱🇮🇰🇪", "ｌｉｋｅ", "l🔥i🔥k🔥e", "l̷i̸k̶e̵", "#like", "@like", "ʟɪᴋᴇ", "ƖIKE LIKE", "li.ke", "li-ke", "l|ke", "(like)"},
		"free followers": {"FREE followers", "frée fóllowers", "f r e e  f o l l o w e r s", "f r e e f o l l o w e r s", "fr33 f0ll0w3rs", "frее followers", "fre\u200be followers", "#freefollowers", "free, followers", "freeeee followersss", "f-r-e-e f-o-l-l-o-w-e-r-s", "ꜰʀᴇᴇ ꜰᴏʟʟᴏᴡᴇʀꜱ", "free fol-lowers", "get f r e e followers now"},
		"shit":           {"sh!t", "$hit", "sh1t", "5hit", "s.h.i.t", "shiiiit", "ѕһіт", "sh!t!", "(sh!t)", "sh¡t", "SHIT", "ＳＨＩＴ", "SSHHIITT", "shi+", "that is sh!t.", "🆂🅷🅸🆃"},
		"idiot":          {"i d i o t", "you i d i o t", "y o u  i d i o t", "id10t", "l'idiot", "IDIOT😂", "idiot.", "…idiot…", "iiidiot", "stop!idiot"},
		"idiota":         {"l'idiota", "idiotà", "ídíòtá", "1d10ta"},
		"ass":            {"a$$", "@ss", "asssss", "a55", "@$$", "Äss"},
		"don't pay":      {"don't pay", "dont pay", "don’t pay", "DON'T PAY!", "don`t pay"},
		"scheiße":        {"scheisse", "SCHEISSE", "scheiße", "sch3iße", "scheißßße"},
		"价格":             {"请问价格多少", "价格"},
		"🍆":              {"nice 🍆🍆", "🍆"},
		"дурак":          {"ты дурак", "ДУРАК!", "д у р а к"},
		"spam":           {"ѕрам", "sраm", "s p a m", "spaaaam", "ssppaamm", "5p4m", "$pam", "s🙂p🙂a🙂m", "SPÄM"},
	} {
		rs := oneRule(t, words(phrase))
		for _, text := range texts {
			if !fires(rs, Input{Text: text}) {
				t.Errorf("%q is not found in %q", phrase, text)
			}
		}
	}
}

// What evades word by word: every letter repeated, doubles among them; flags with gaps, letters on their heads, emoji
// between words, umlauts without dots, more digits than letters.
func TestWordsAreFoundThroughMoreEvasion(t *testing.T) {
	t.Parallel()
	rules := oneRule(t, words("biscotto", "lizard", "buy now", "überfall", "pussycat"))
	for text, want := range map[string]bool{
		"bbbiiissscccooottttttooo": true, "ppppuuuussssssssyyyyccccaaaatttt": true, "lliizzaarrdd": true, "biscottto": true,
		"🇱 🇮 🇿 🇦 🇷 🇩": true, "🇱🇮🇿🇦🇷🇩": true, "🇮🇹 🇫🇷 🇩🇪": false, "a pıɐzɐɹd": false, "lizɐɹd": true, "übǝɹfɐll": true,
		"buy 🔥 now": true, "buy 🔥🔥 👉 now": true, "buy 🔥 it now": false, "ueberfall": true, "uberfall": true, "b15c0770": true, "A320 B737": false,
		"l1z4rd5": false, "biscuit": false,
	} {
		if got := fires(rules, Input{Text: text}); got != want {
			t.Errorf("%q: found %v, want %v", text, got, want)
		}
	}
}

func TestWordsAreWholeWords(t *testing.T) {
	t.Parallel()
	for phrase, texts := range map[string][]string{
		"lie":            {"I believe you", "relief", "client", "lies", "Liege", "l i s t e n", "li", "ie", "alie"},
		"free followers": {"followers are free", "free of followers", "free new followers", "freed followers"},
		"ass":            {"class", "assess this", "as soon as", "bass", "a s a p", "as", "passé", "as s", "A+", "asso"},
		"ben":            {"been there", "bend", "B E N D E R"},
		"cum":            {"circumstances", "document"},
		"scunthorpe":     {"S c u n"},
		"cunt":           {"Scunthorpe United", "country", "account"},
		"tit":            {"title", "Titanic", "constitution", "competitive"},
		"sex":            {"Essex", "Sussex", "sextant", "unisex toilets"},
		"art":            {"p a r t y", "start", "party"},
		"die":            {"diet", "soldier", "Diesel", "Studie"},
		"455":            {"ass"},
		"ios":            {"10s", "105"},
		"gg":             {"66", "99", "69"},
		"pot":            {"рот и нос очень красивые", "открой рот"},
		"it":             {"love from 🇮🇹🇷🇴"},
		"sos":            {"505", "5 0 5"},
		"hell":           {"hello", "shell"}, // "he'll" put together is the word: the price of finding what was taken apart
		"kill":           {"skill", "killing", "Kilkenny"},
		"fag":            {"Fagott", "fagioli"},
	} {
		rs := oneRule(t, words(phrase))
		for _, text := range texts {
			if fires(rs, Input{Text: text}) {
				t.Errorf("%q is found in %q", phrase, text)
			}
		}
	}
}

func TestWildcardsAndExactWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		condition string
		yes, no   []string
	}{
		{words("verific*"), []string{"verificare", "VERIFICA", "v3rifica", "verific"}, []string{"averifica", "verifi"}},
		{words("*hure"), []string{"Drecksau und Drecksbühure", "hure", "Nhure"}, []string{"huren"}},
		{words("*casino*"), []string{"supercasinos", "casino", "ca$ino", "c4sin0bonus"}, []string{"cas ino", "casi no"}},
		{words("buy follow*"), []string{"buy followers", "BUY following"}, []string{"buy a follow", "follow buy"}},
		{words("win* now"), []string{"winner now", "win now"}, []string{"win it now"}},
		{`{"words":["sos"],"exact":true}`, []string{"SOS", "sós", "s.o.s sos"}, []string{"s0s", "s o s", "sooos", "s.o.s", "ѕоѕ"}},
	} {
		rs := oneRule(t, c.condition)
		for _, text := range c.yes {
			if !fires(rs, Input{Text: text}) {
				t.Errorf("%s does not fire on %q", c.condition, text)
			}
		}
		for _, text := range c.no {
			if fires(rs, Input{Text: text}) {
				t.Errorf("%s fires on %q", c.condition, text)
			}
		}
	}
}

func TestWhatATextLooksLike(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		condition string
		yes, no   []string
	}{
		{`{"links":1}`, []string{"https://a.example/x", "see www.brand.it", "brand.com", "go to my-shop.it", "BRAND.COM/sale", "(brand.com)", "bit.ly/3abc", "brand．com", "shop.brand.it", "brand[.]com", "brand(dot)com", "hxxps://brand.com", "http://192.168.0.1/a", "brand dot com", "brand . com", "brаnd.com"},
			[]string{"ok.thanks", "grazie.it è bello", "e.g. this", "p.m.", "12.50", "1.000.000", "...", "ciao.come stai", "me@brand.com", "danke.in Ordnung", "well...done", "3.5 stars", "a.m", "St. Ives", "come to us. Net profit", "v1.2.3", "@brand.official"}},
		{`{"links":2}`, []string{"brand.com and other.net/x"}, []string{"brand.com", "me@brand.com you@other.com"}},
		{`{"disguised":1}`, []string{"brand dot com", "brand[.]com", "hxxp://brand.com/a", "brаnd.com", "sito punto com"}, []string{"brand.com", "https://brand.com", "dot com"}},
		{`{"domains":["brand.com"]}`, []string{"brand.com", "www.brand.com", "https://shop.brand.com/x?y", "BRAND.COM", "http://brand.com:8080/"}, []string{"notbrand.com", "brand.com.evil.net", "brand.co"}},
		{`{"domains":["@shorteners"]}`, []string{"bit.ly/abc", "https://tinyurl.com/x", "cutt.ly/z"}, []string{"brand.com", "habit.ly.example.com"}},
		{`{"domains":["@chats"]}`, []string{"wa.me/39333", "t.me/x"}, []string{"brand.com"}},
		{`{"other_domains":["brand.com","@chats"]}`, []string{"evil.net", "brand.com evil.net", "brand.com.evil.net"}, []string{"shop.brand.com", "wa.me/1", "no link"}},
		{`{"phone":true}`, []string{"+39 333 1234567", "call 333 123 4567", "0039333123456", "06 12 34 56 78", "(02) 9999 1234", "3331234567", "+40-722-123-456"}, []string{"1.000.000", "€ 12,50", "21.11.2026 09:30", "2026-11-21 10:00", "order 4200001234567", "10 20 30", "in 1999 and 2004", "100 000 000€", "1 2 3 4 5 6 7 8 9"}},
		{`{"email":true}`, []string{"write me@brand.com", "ME@BRAND.CO.UK!"}, []string{"@brand", "me@home", "a @ b.com"}},
		{`{"mentions":2}`, []string{"@a.b and @c_d", "@anna @bob"}, []string{"@anna", "me@brand.com you@brand.com", "@ @"}},
		{`{"hashtags":3}`, []string{"#a #b #c"}, []string{"# # #", "#a #b"}},
		{`{"emoji":5}`, []string{"😀😀😀😀😀", "🔥 🔥 🔥 🔥 🔥 wow"}, []string{"😀😀😀😀", "👍🏽👍🏽", "👨‍👩‍👧‍👦"}},
		{`{"styled":4}`, []string{"𝗳𝗿𝗲𝗲", "ⓕⓡⓔⓔ"}, []string{"free", "𝗳𝗿e"}},
		{`{"hidden":2}`, []string{"a\u200bb\u200bc"}, []string{"abc", "👨‍👩‍👧‍👦", "❤️❤️"}},
		{`{"masked":1}`, []string{"play at 𝐌𝐎𝐍𝐀𝟒𝐃 now", "win at 🄰🄻🄰🄽🄰𝟪𝟪", "get frее boats", "my vіdео is good"}, []string{"𝓵𝓸𝓿𝓮 𝓽𝓱𝓲𝓼 𝓫𝓸𝓪𝓽", "𝟏𝟎/𝟏𝟎", "𝟏𝟎𝐤𝐦 by boat", "MONA4D", "купил новый iPhoneом и доволен, очень хороший", "цена", "5µm", "H₂O and m²", "comentarΣ(゜゜)", "①②③ steps"}},
		{`{"personal":1}`, []string{"my card is 4111 1111 1111 1111 exp 12/27", "4111-1111-1111-1111", "５５５５５５５５５５５５４４４４", "378282246310005", "IT60 X054 2811 1010 0000 0123 456", "de89370400440532013000", "RSSMRA85T10A562S", "dni 12345678z", "X-1234567-L", "111.444.777-35", "CNP 1800105123451", "n° sécu 1 85 05 75 112 005 78", "sin 11 4111.1111.1111.1111!"},
			[]string{"4111 1111 1111 1112", "order 4200001234567", "0412 345 678", "+39 333 1234567", "https://instagram.com/p/4111111111111111", "@4111111111111111", "a4111111111111111", "1111.1111.1111.1111", "RSSMRA85T10A562T", "12345678A", "111.111.111-11", "111.444.777-36", "1801305123451", "ref PNT-7K3M-41X2", "10 20 30 40 50 60 70", "2026-11-22 10:00 to 2026-11-23 18:00", "IT60 X054 2811 1010 0000 0123 457", ""}},
		{`{"personal":2}`, []string{"4111 1111 1111 1111, 5555 5555 5555 4444"}, []string{"4111 1111 1111 1111"}},
		{`{"dressed":4}`, []string{"Kürang PD? kãrna têmen-têmen lebîh tinggi! Måkånnya Õrder jugå", "Y̲a̲n̲g̲ n̲g̲e̲r̲a̲s̲a̲ b̲a̲d̲a̲n̲n̲y̲a̲ k̲u̲r̲a̲n̲g̲"},
			[]string{"Zoë and François went to Århus", "où êtes-vous, ça a l’air génial, naïf, à côté", "não, à tarde é ótimo, você começa amanhã", "mâine văd țara și îmi place așa", "schöne Grüße aus München, können wir später", "o̶l̶d̶ price", "tôi không biết đường đến đó ở đâu"}},
		{`{"doubled":3}`, []string{"Meempuunyaaii tuubuuh ideeaal yaang laangsiing", "sleeepp beeetter with ouur miiraaclee piilloow", "Buuyy fooolloowers nooww cheeaapp"},
			[]string{"sooo happyyy omggg loveeee this yesss", "the committee will soon need good coffee and see the books", "maanantaina tuulee ja sataa, kiitos kuitenkin kaikille", "succede che l'addetto della bottega sottoscrisse le bozze", "Meempuunyaaii tuubuuh",
				"Schifffahrt, Zoo und Moor sind offen, aber leer"}},
		{`{"capitals":0.8}`, []string{"WHY DID YOU", "WOW!!!"}, []string{"Why", "123", ""}},
		{`{"length":{"least":5,"most":8}}`, []string{"hello", "héllo wo"}, []string{"hi", "hello world"}},
		{`{"length":{"most":3}}`, []string{"", "abc"}, []string{"abcd"}},
		{`{"pattern":"\\bfree (gift|prize)s?\\b"}`, []string{"FREE gifts!", "frée-prize"}, []string{"free the gift"}},
		{`{"pattern":"(?i)contact @\\w+"}`, []string{"contact @dana"}, []string{"contact dana"}},
	} {
		rs := oneRule(t, c.condition)
		for _, text := range c.yes {
			if !fires(rs, Input{Text: text}) {
				t.Errorf("%s does not fire on %q", c.condition, text)
			}
		}
		for _, text := range c.no {
			if fires(rs, Input{Text: text}) {
				t.Errorf("%s fires on %q", c.condition, text)
			}
		}
	}
}

func TestWhereATextStands(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		condition string
		in        Input
		want      bool
	}{
		{`{"media":true}`, Input{HasMedia: true}, true},
		{`{"media":true}`, Input{HasMedia: true, Text: " \u200b"}, true},
		{`{"media":true}`, Input{HasMedia: true, Text: "look"}, false},
		{`{"media":true}`, Input{}, false},
		{`{"posts":[7,8]}`, Input{PostID: 8}, true},
		{`{"posts":[7,8]}`, Input{PostID: 9}, false},
		{`{"accounts":[3]}`, Input{AccountID: 3}, true},
		{`{"accounts":[3]}`, Input{AccountID: 4}, false},
		{`{"channels":["instagram"],"length":{"most":9}}`, Input{Channel: "instagram"}, true},
		{`{"channels":["instagram"],"length":{"most":9}}`, Input{Channel: "facebook"}, false},
		{`{"subjects":["message"],"length":{"most":9}}`, Input{Subject: SubjectMessage}, true},
		{`{"subjects":["message"],"length":{"most":9}}`, Input{Subject: SubjectComment}, false},
		{`{"languages":["en"]}`, Input{}, true},
		{`{"languages":["it","fr"]}`, Input{}, false},
		{`{"live":true}`, Input{Live: true}, true},
		{`{"live":false}`, Input{Live: true}, false},
		{`{"reply":true}`, Input{Parent: "x"}, true},
		{`{"reply":true}`, Input{}, false},
		{`{"caption":["giveaway"],"words":["me"]}`, Input{Caption: "Our G1VEAWAY!", Text: "me"}, true},
		{`{"caption":["giveaway"],"words":["me"]}`, Input{Caption: "Our boats", Text: "me giveaway"}, false},
		{`{"caption":["giveaway"],"words":["me"]}`, Input{Text: "me giveaway"}, false},
	} {
		if got := fires(oneRule(t, c.condition), c.in); got != c.want {
			t.Errorf("%s on %+v: %v", c.condition, c.in, got)
		}
	}
}

func TestWhoWroteIt(t *testing.T) {
	t.Parallel()
	busy := &AuthorFacts{Earlier: 40, Hidden: 3, Lately: Lately{2, 4, 4, 9, 30}, Repeats: 2}
	for _, c := range []struct {
		condition string
		author    *AuthorFacts
		want      bool
	}{
		{`{"first":true}`, &AuthorFacts{}, true},
		{`{"first":true}`, busy, false},
		{`{"first":false}`, busy, true},
		{`{"first":true}`, nil, false},
		{`{"first":false}`, nil, false},
		{`{"earlier_most":3}`, &AuthorFacts{Earlier: 3}, true},
		{`{"earlier_most":3}`, &AuthorFacts{Earlier: 4}, false},
		{`{"earlier_least":40}`, busy, true},
		{`{"earlier_least":41}`, busy, false},
		{`{"hidden_least":3}`, busy, true},
		{`{"hidden_least":4}`, busy, false},
		{`{"repeats":2}`, busy, true},
		{`{"repeats":3}`, busy, false},
		{`{"brand":true}`, &AuthorFacts{Brand: true}, true},
		{`{"brand":true}`, busy, false},
		{`{"rate":{"least":3,"minutes":1}}`, busy, true},
		{`{"rate":{"least":4,"minutes":1}}`, busy, false},
		{`{"rate":{"least":5,"minutes":10}}`, busy, true},
		{`{"rate":{"least":31,"minutes":1440}}`, busy, true},
		{`{"rate":{"least":32,"minutes":1440}}`, busy, false},
	} {
		if got := fires(oneRule(t, `{"author":`+c.condition+`}`), Input{Text: "hi", Author: c.author}); got != c.want {
			t.Errorf("%s on %+v: %v", c.condition, c.author, got)
		}
	}
}

func TestConditionsCombine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		condition string
		yes, no   []string
	}{
		{`{"all":[{"words":["a1"]},{"words":["b1"]}]}`, []string{"a1 b1", "b1 a1"}, []string{"a1", "b1", ""}},
		{`{"any":[{"words":["a1"]},{"words":["b1"]}]}`, []string{"a1", "b1"}, []string{"c1"}},
		{`{"words":["a1"],"not":{"words":["b1"]}}`, []string{"a1"}, []string{"a1 b1", "c1"}},
		{`{"not":{"words":["b1"]}}`, []string{"", "a1"}, []string{"b1"}},
		{`{"words":["a1"],"any":[{"links":1},{"all":[{"phone":true},{"not":{"words":["shop"]}}]}]}`, []string{"a1 brand.com", "a1 3331234567"}, []string{"a1", "a1 3331234567 shop", "brand.com"}},
		{`{"not":{"any":[{"words":["a1"]},{"not":{"words":["b1"]}}]}}`, []string{"b1"}, []string{"a1 b1", "c1", "a1"}},
		{`{"words":["a1"],"links":1,"emoji":1}`, []string{"a1 brand.com 🔥"}, []string{"a1 brand.com", "a1 🔥"}},
	} {
		rs := oneRule(t, c.condition)
		for _, text := range c.yes {
			if !fires(rs, Input{Text: text}) {
				t.Errorf("%s does not fire on %q", c.condition, text)
			}
		}
		for _, text := range c.no {
			if fires(rs, Input{Text: text}) {
				t.Errorf("%s fires on %q", c.condition, text)
			}
		}
	}
}

// The order of conflict, as docs/moderation.md states it.
func TestTheOrderOfConflict(t *testing.T) {
	t.Parallel()
	const (
		hideSpam     = `{"name":"hide_spam","text":"t","category":"spam","decision":"hide","words":["x1"]}`
		hideHate     = `{"name":"hide_hate","text":"t","category":"hate","decision":"hide","words":["x1"]}`
		reviewSpam   = `{"name":"review_spam","text":"t","category":"spam","decision":"review","words":["x1"]}`
		shippedHide  = `{"name":"shipped_hide","text":"t","category":"spam","decision":"hide","shipped":true,"score":1,"words":["x1"]}`
		shippedAllow = `{"name":"shipped_allow","text":"t","decision":"allow","shipped":true,"words":["x1"]}`
		allow        = `{"name":"allow","text":"t","decision":"allow","words":["x1"]}`
		allowSpam    = `{"name":"allow_spam","text":"t","category":"spam","decision":"allow","words":["x1"]}`
		allowScam    = `{"name":"allow_scam","text":"t","category":"scam","decision":"allow","words":["x1"]}`
		danger       = `{"name":"danger","text":"t","category":"self_harm","decision":"review","words":["x1"]}`
		high         = `{"name":"high","text":"t","category":"hate","decision":"hide","score":0.99,"words":["x1"]}`
		off          = `{"name":"off","text":"t","category":"hate","decision":"hide","off":true,"words":["x1"]}`
	)
	for _, c := range []struct{ rules, want string }{
		{hideSpam, "hide_spam"},
		{reviewSpam + "," + hideSpam, "hide_spam review_spam"},
		{reviewSpam + "," + shippedHide, "shipped_hide review_spam"}, // a review does not weaken what is shipped
		{shippedHide + "," + hideSpam, "hide_spam shipped_hide"},     // the workspace's own first, whatever the score
		{hideSpam + "," + high, "high hide_spam"},
		{hideSpam + "," + hideHate, "hide_spam hide_hate"},
		{hideSpam + "," + allow + "," + shippedHide + "," + hideHate, "allow"},
		{hideSpam + "," + allowSpam + "," + hideHate + "," + shippedHide, "hide_hate allow_spam"},
		{hideSpam + "," + allowScam, "hide_spam allow_scam"},
		{allow + "," + danger + "," + hideSpam, "danger allow"},
		{shippedAllow + "," + shippedHide, ""},
		{shippedAllow + "," + shippedHide + "," + hideSpam, "hide_spam"},
		{allow + "," + shippedAllow, "allow"},
		{off + "," + reviewSpam, "review_spam"},
	} {
		rs, err := ParseRules([]byte("[" + c.rules + "]"))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, h := range rs.match(&Input{Text: "x1"}, "en") {
			names = append(names, h.Rule)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s\ngives %q, want %q", c.rules, got, c.want)
		}
	}
}

// A workspace's word that something may stay goes before table, model and language model.
func TestWhatAWorkspaceAllowsStays(t *testing.T) {
	t.Parallel()
	const threat = "I am going to kill you, zorblax"
	judge := func(rules string, p Policy) (*Engine, Verdict) {
		rs, err := LayOver([]byte("[" + rules + "]"))
		if err != nil {
			t.Fatal(err)
		}
		e := NewEngine(nil, rs, p)
		return e, e.Judge(Input{Subject: SubjectComment, Text: threat})
	}
	if _, v := judge("", DefaultPolicy()); v.Decision != Hide {
		t.Fatalf("without a rule: %s", v.Decision)
	}
	e, v := judge(`{"name":"ok","text":"our film's line","decision":"allow","words":["zorblax"]}`, DefaultPolicy())
	if v.Decision != Allow || v.NeedsLLM || v.Tier != TierRules || v.Why() != "our film's line" {
		t.Errorf("allowed: %s by %s, asks %v: %v", v.Decision, v.Tier, v.NeedsLLM, v.Reasons)
	}
	in := Input{Subject: SubjectComment, Text: threat}
	if got := e.WithLLM(v, in, LLMAnswer{Category: "violence", Score: 0.99}); got.Decision != Allow {
		t.Errorf("the language model's word goes before the workspace's: %s", got.Decision)
	}
	if got := e.WithLLM(v, in, LLMAnswer{Category: "self_harm", Score: 0.99}); got.Decision != Review {
		t.Errorf("somebody may be in danger, and it is %s", got.Decision)
	}
	table := DefaultPolicy()
	table.Table = []Line{{Category: "any", From: 0.5, Comment: Hide}}
	if _, v := judge(`{"name":"ok","text":"our film's line","category":"harm","decision":"allow","words":["zorblax"]}`, table); v.Decision != Allow {
		t.Errorf("the policy's table goes before the workspace's rule: %s %v", v.Decision, v.Reasons)
	}
	if _, v := judge(`{"name":"ok","text":"our shop","category":"spam","decision":"allow","words":["zorblax"]}`, DefaultPolicy()); v.Decision != Hide {
		t.Errorf("a rule that allows spam lets a threat stand: %s", v.Decision)
	}
	struck := Input{Subject: SubjectComment, Text: "zorblax", Strikes: 9}
	if v := e.Judge(struck); v.Decision != Review {
		t.Errorf("strikes do not reach what is allowed: %s", v.Decision)
	}
}

func TestOwnRulesLieOverTheShippedOnes(t *testing.T) {
	t.Parallel()
	same, err := LayOver([]byte(`[]`))
	if err != nil || same != DefaultRules() {
		t.Fatalf("no own rules make another set: %v", err)
	}
	rs, err := LayOver([]byte(`[{"name":"mine","text":"t","category":"spam","decision":"hide","words":["zorblax"]},{"name":"casino","text":"t","category":"spam","decision":"review","off":true,"words":["casino"]}]`))
	if err != nil {
		t.Fatal(err)
	}
	if len(rs.Rules) != len(DefaultRules().Rules)+1 || rs.Version == DefaultRules().Version {
		t.Errorf("%d rules of version %s", len(rs.Rules), rs.Version)
	}
	if fires(rs, Input{Text: "casino bonus at bet365.com join"}) || !fires(DefaultRules(), Input{Text: "casino bonus at bet365.com join"}) {
		t.Error("a shipped rule that was switched off fires, or it never did")
	}
	if !fires(rs, Input{Text: "zorblax"}) {
		t.Error("the workspace's own rule does not fire")
	}
	// The whole document, kept under its version, makes the same set again, by itself and laid over.
	for name, again := range map[string]func([]byte) (*RuleSet, error){"read": ParseRules, "laid over": LayOver} {
		if rs2, err := again(rs.raw); err != nil || rs2.Version != rs.Version {
			t.Errorf("%s again it is %v (%v)", name, rs2, err)
		}
	}
	for _, r := range DefaultRules().Rules {
		if !r.Shipped {
			t.Errorf("the shipped rule %s does not say that it is", r.Name)
		}
	}
}

func TestRulesNameTheirFaults(t *testing.T) {
	t.Parallel()
	rule := func(rest string) string {
		return `[{"name":"x","text":"t","category":"spam","decision":"hide",` + rest + `}]`
	}
	onlySubject := `"subjects":["message"]`
	deep := strings.Repeat(`{"not":`, 10) + `{"links":1}` + strings.Repeat(`}`, 10)
	many := strings.TrimSuffix(strings.Repeat(`{"links":1},`, 300), ",")
	for raw, want := range map[string]string{
		`{`:                         "not a JSON list",
		`{}`:                        "not a JSON list",
		`[null]`:                    "null",
		`[]}`:                       "something else",
		`[] []`:                     "something else",
		`[{"name":"x","text":"t"}]`: "decision",
		`[{"text":"t","category":"spam","decision":"hide","links":1}]`:                                                                                  "name",
		`[{"name":"a\nb","text":"t","category":"spam","decision":"hide","links":1}]`:                                                                    "name",
		`[{"name":"x","text":"","category":"spam","decision":"hide","links":1}]`:                                                                        "text",
		`[{"name":"x","text":"a\nb","category":"spam","decision":"hide","links":1}]`:                                                                    "text",
		`[{"name":"x","text":"t","category":"nonsense","decision":"hide","links":1}]`:                                                                   "category",
		`[{"name":"x","text":"t","category":"nonsense","decision":"allow","links":1}]`:                                                                  "category",
		`[{"name":"x","text":"t","category":"self_harm","decision":"hide","links":1}]`:                                                                  "self-harm",
		`[{"name":"x","text":"t","category":"spam","decision":"spam","links":1}]`:                                                                       "decision",
		`[{"name":"x","text":"t","category":"spam","decision":"block","links":1}]`:                                                                      "decision",
		`[{"name":"x","text":"t","category":"spam","decision":"hide","score":2,"links":1}]`:                                                             "score",
		`[{"name":"x","text":"t","category":"spam","decision":"hide","links":1},{"name":"x","text":"t","category":"spam","decision":"hide","links":1}]`: "another rule",
		`[{"name":"x","text":"t","category":"spam","decision":"hide"}]`:                                                                                 "no condition",
		rule(onlySubject):                                    "no condition",
		rule(`"worms":["a"]`):                                "worms",
		rule(`"all":[{}]`):                                   "all[0]",
		rule(`"any":[{"links":1},{"links":0}]`):              "any[1].links",
		rule(`"not":` + deep):                                "nested",
		rule(`"all":[` + many + `]`):                         "conditions",
		rule(`"words":[" "]`):                                "words[0]",
		rule(`"words":["ok","..."]`):                         "words[1]",
		rule(`"words":["a*"]`):                               "between 3",
		rule(`"words":["` + strings.Repeat("a", 101) + `"]`): "characters",
		rule(`"words":["` + strings.Repeat("a ", 11) + `"]`): "words",
		rule(`"exact":true,"links":1`):                       "exact",
		rule(`"pattern":"("`):                                "pattern",
		rule(`"pattern":"a(?=b)"`):                           "pattern",
		rule(`"pattern":"(a)\\1"`):                           "pattern",
		rule(`"pattern":"x*"`):                               "matches every text",
		rule(`"pattern":"(x{900}y){900}"`):                   "pattern",
		rule(`"pattern":"a{900}b{900}c{900}d{900}e{900}f{900}g{900}h{900}i{900}"`): "too large",
		rule(`"pattern":"` + strings.Repeat("a", 4001) + `"`):                      "4000",
		rule(`"domains":["nodot"]`):                                                "domains[0]",
		rule(`"domains":["https://a.com/x"]`):                                      "domains[0]",
		rule(`"other_domains":["@mine"]`):                                          "@shorteners",
		rule(`"languages":["xx"]`):                                                 "languages",
		rule(`"links":1,"subjects":["post"]`):                                      "subjects",
		rule(`"channels":["fax"]`):                                                 "channels",
		rule(`"posts":[0]`):                                                        "posts",
		rule(`"capitals":1.5`):                                                     "capitals",
		rule(`"length":{}`):                                                        "length",
		rule(`"length":{"least":5,"most":3}`):                                      "length",
		rule(`"author":{}`):                                                        "author",
		rule(`"author":{"rate":{"least":5,"minutes":7}}`):                          "author.rate.minutes",
		rule(`"author":{"rate":{"least":1,"minutes":10}}`):                         "author.rate.least",
		rule(`"author":{"hidden_least":0}`):                                        "author.hidden_least",
	} {
		_, err := ParseRules([]byte(raw))
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Invalid || !strings.Contains(f.Public, want) {
			t.Errorf("%.120s: %v, want it to name %q", raw, err, want)
		}
	}
}

func TestTooManyRulesAndPhrasesAreRefused(t *testing.T) {
	t.Parallel()
	rule := func(i int, words string) string {
		return fmt.Sprintf(`{"name":"r%d","text":"t","category":"spam","decision":"hide",%s}`, i, words)
	}
	var rules []string
	for i := range maxRules + 1 {
		rules = append(rules, rule(i, `"links":1`))
	}
	if _, err := ParseRules([]byte("[" + strings.Join(rules, ",") + "]")); err == nil || !strings.Contains(err.Error(), "at most 2000") {
		t.Errorf("%d rules: %v", len(rules), err)
	}
	list := `"words":["` + strings.Repeat(`w","`, maxList) + `w"]`
	if _, err := ParseRules([]byte("[" + rule(1, list) + "]")); err == nil || !strings.Contains(err.Error(), "50000") {
		t.Errorf("a list beyond the limit: %v", err)
	}
}
