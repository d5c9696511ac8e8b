package moderation

import (
	"bufio"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"
)

// hostileText is a text of testdata/hostile.jsonl: our own sentences, written to break what reads them.
type hostileText struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Text    string `json:"text"`
	Repeat  int    `json:"repeat"`
	Caption string `json:"caption"`
	Parent  string `json:"parent"`
	Media   bool   `json:"media"`
}

func (h hostileText) input(s Subject) Input {
	return Input{Subject: s, Text: h.Text, Caption: h.Caption, Parent: h.Parent, HasMedia: h.Media}
}

// hostile reads the corpus, and adds what JSON cannot hold.
func hostile(t testing.TB) []hostileText {
	t.Helper()
	f, err := os.Open("testdata/hostile.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []hostileText
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var h hostileText
		if err := json.Unmarshal(lines.Bytes(), &h); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		if h.Repeat > 0 {
			h.Text = strings.Repeat(h.Text, h.Repeat)
		}
		all = append(all, h)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("%d texts, the corpus has at least 100", len(all))
	}
	for _, bytes := range []string{"\xff\xfe\xfd", "caf\xe9", "\xc0\x80", "\xed\xa0\x80", "ok\xf0\x9f\x98"} {
		all = append(all, hostileText{Name: "broken bytes", Kind: "bytes", Text: bytes})
	}
	return all
}

var modelReason = regexp.MustCompile(`^the model is (sure it is (harmful|spam) \(\d\.\d\d, hides from \d\.\d\d\)|not sure about (harm|spam) \(\d\.\d\d\))$`)

// wantInside checks that a verdict stays inside the closed lists and says nothing but what a rule or a
// tier has to say: no word of the text, no expression, no path, no trace.
func wantInside(t *testing.T, name string, v Verdict) {
	t.Helper()
	allowed := commentDecisions
	if v.Subject == SubjectMessage {
		allowed = messageDecisions
	}
	if !inList(allowed, v.Decision) || !inList(Intents, v.Intent) || !inList(policyLanguages, v.Language) || !share(v.Harm) || !share(v.SpamScore) || v.Category != "" && !known(v.Category) {
		t.Errorf("%s: %s %s %s %g %g %q is outside the lists", name, v.Decision, v.Intent, v.Language, v.Harm, v.SpamScore, v.Category)
	}
	for c, s := range v.Scores {
		if !known(c) || s != nil && !share(*s) {
			t.Errorf("%s: a score of %q", name, c)
		}
	}
	for _, r := range v.Reasons {
		code, rule, _ := strings.Cut(r.Code, ":")
		switch code {
		case "rule":
			if rule == "model" { // the model, where it speaks like a rule
				continue
			}
			i := slices.IndexFunc(DefaultRules().Rules, func(x *Rule) bool { return x.Name == rule })
			if i < 0 || DefaultRules().Rules[i].Text != r.Text {
				t.Errorf("%s: the reason %+v is no rule's", name, r)
			}
		case "model":
			if !modelReason.MatchString(r.Text) {
				t.Errorf("%s: the reason %q is not one of the model's", name, r.Text)
			}
		case "media", "policy", "signals", "llm":
			if len(r.Text) > 200 || strings.ContainsAny(r.Text, "\\{}<>\n") {
				t.Errorf("%s: the reason %q", name, r.Text)
			}
		default:
			t.Errorf("%s: a reason of the kind %q", name, r.Code)
		}
	}
	raw, err := json.Marshal(v)
	if err != nil || !utf8.Valid(raw) || strings.Contains(v.Normalised, "\x00") {
		t.Errorf("%s: the verdict cannot be kept: %v", name, err)
	}
}

// What strangers write can never widen what may come out, nor take a threat beside it away.
func TestHostileTextsStayInside(t *testing.T) {
	t.Parallel()
	e := engine()
	const threat = " i will kill you "
	for _, h := range hostile(t) {
		for _, s := range []Subject{SubjectComment, SubjectMessage} {
			wantInside(t, h.Name, e.Judge(h.input(s)))
		}
		for where, text := range map[string]string{"before": h.Text + threat, "after": threat + h.Text, "between": h.Text + "\n" + threat + "\n" + h.Text} {
			in := h.input(SubjectComment)
			in.Text = text
			v := e.Judge(in)
			wantInside(t, h.Name+" "+where, v)
			if v.Decision == Allow {
				t.Errorf("%s: a threat is allowed because of what stands %s it", h.Name, where)
			}
		}
	}
}

// What the LLM answers about such a text, and be it the text itself, stays inside too.
func TestHostileAnswersStayInside(t *testing.T) {
	t.Parallel()
	e := engine()
	for _, h := range hostile(t) {
		in := h.input(SubjectComment)
		v := e.Judge(in)
		for _, a := range []LLMAnswer{{Category: h.Text, Score: 1}, {Category: "none", Score: 1, Intent: h.Text, Language: h.Text}, {Category: "hate", Score: 1e300}} {
			got := e.WithLLM(v, in, a)
			if !inList(commentDecisions, got.Decision) || !inList(Intents, got.Intent) || !inList(policyLanguages, got.Language) {
				t.Errorf("%s: the answer %.40q makes it %s %.40q %.40q", h.Name, a.Category, got.Decision, got.Intent, got.Language)
			}
		}
	}
}

// Time grows with the length and not with its square, whatever is written: four times as much takes some four
// times as long. Both are the quickest of a few and the processor's own, because a busy machine stops a test for as
// long as it likes.
func TestHostileTextsTakeTimeByTheirLength(t *testing.T) {
	rs := phraseRules(t, 2000)
	texts := []string{"a", "a ", "@", "@a", "a.", ".com", "x.com ", "(", "[.]", "$", "a$", "1", "1 ", "1.", "12-", "+1 ", "😀a ", "é", "ѕ", "aa ", "aaab", "http://", "a-", "'", "!", "0o", "ba ne ", "RO49AAAA", "a@", "4111 "}
	for _, h := range hostile(t) {
		texts = append(texts, h.Text)
	}
	texts = append(texts, "🎰", "🎰🔥", "sun ", "sun 🎰 ")
	repeats, err := ParseRules([]byte(`[{"name":"repeats","text":"on our list","category":"spam","decision":"review","words":["🎰🎰🎰🎰🎰🎰","🎰 sun 🎰 sun 🔥","sun sun sun sun sun sun rise","sun* sun* sun*"]}]`))
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range []*RuleSet{rs, DefaultRules(), repeats} {
		for _, s := range texts {
			const length, times, allowed = 10_000, 4, 9
			quickest := func(n int, before time.Duration) time.Duration {
				in := Input{Subject: SubjectComment, Text: strings.Repeat(s, max(1, n/max(1, len(s))))}
				start := processorTime(t)
				set.match(&in, "en")
				return min(before, processorTime(t)-start)
			}
			short, long := time.Hour, time.Hour
			for try := 0; try < 12 && (try == 0 || long > allowed*short); try++ {
				short, long = quickest(length, short), quickest(times*length, long)
			}
			if long > allowed*short && long > 20*time.Millisecond {
				t.Errorf("many of %.60q: %s, and %d times as many %s", s, short, times, long)
			}
		}
	}
}

// processorTime is how long this process has been computing.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// A harmless text is not taken for harm because rules look closely: everyday words with bad ones inside,
// exaggeration, and names of groups in praise, in seven languages.
func TestHarmlessTalkMeetsNoRule(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"this price is killing me", "I believe you, it was a great class", "the Scunthorpe and Essex clubs rented six boats", "sick colours, killer boat!", "I would die for that view", "you guys are killing it 🔥",
		"my grandmother is Jewish and loved every minute", "proud gay couple here, best day ever", "as a Muslim family we felt so welcome", "the black one is sold out?", "kill the engine before you dock", "shoot me a message when it is back",
		"Is it free on Sunday? Free parking too?", "I won your giveaway last year, still happy!", "my account shows two orders, can you check?", "the parcel came today, thank you", "can I pay the fee on delivery?",
		"questi prezzi mi uccidono", "finito.it era bello però", "la comunità rom del quartiere vi ringrazia", "grazie.in bocca al lupo", "ho ammazzato il tempo guardando le vostre foto", "quanto costa la canoa nera?",
		"ce prix me tue", "c'est une tuerie cette glace", "nos amis arabes ont adoré", "je meurs de rire", "as-tu reçu mon colis ?", "le marabout est un bel oiseau de la réserve",
		"prețurile astea mă omoară", "mor de râs", "prietenii noștri evrei au fost încântați", "cât costă caiacul negru?", "am câștigat la tombola voastră, mulțumesc!",
		"este precio me mata", "me muero de la risa", "mis amigas musulmanas volverán", "la cuenta, por favor", "gané vuestro sorteo, gracias",
		"der Preis bringt mich um", "zum Totlachen", "unsere jüdischen Nachbarn waren begeistert", "das Konto stimmt, danke", "der Kasino-Kajak war lustig",
		"esse preço me mata de rir", "morri de rir com o vídeo", "a comunidade cigana agradece", "a conta chegou certa, obrigado", "ganhei o vosso sorteio!",
		"call me at 5, I mean my dog", "2 kayaks 4 saturday pls", "B2B or B2C?", "the 5th one, size 10s", "10/10 would go again!!!", "@anna @bob @carla look at this", "❤️❤️❤️❤️❤️", "soooo goooood", "L I V E now?", "A B C",
	} {
		in := Input{Subject: SubjectComment, Text: text}
		for _, h := range DefaultRules().match(&in, "en") {
			if h.Decision != Review || h.Category != "self_harm" && h.Category != "violence" {
				t.Errorf("%q meets %s (%s)", text, h.Rule, h.Decision)
			}
			t.Logf("%q goes to a person by %s", text, h.Rule)
		}
	}
}

// Jests among friends and reports of a threat are never hidden by a rule; the threat itself is, whatever
// laughs beside it goes to a person.
func TestThreatsJestsAndReports(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Decision{
		"I will kill you": Hide, "ti ammazzo": Hide, "k1ll yourself": Hide, "I  w i l l  k i l l  y o u": Hide, "te voy a m@tar": Hide, "je vais te tuer": Hide, "vou te matar": Hide, "ich bring dich um": Hide, "te omor": Hide,
		"I will kill you haha": Review, "te voy a matar a besos": Review, "ti ammazzo di coccole": Review, "vou te matar amiga kkkkk": Review, "ich bring dich um 😂": Review,
		"someone wrote \"I will kill you\" here, reported": Allow, "jemand hat geschrieben: ich bring dich um, bitte melden": Allow, "alguien escribió te voy a matar, denuncien": Allow,
	} {
		got := Allow
		for _, h := range DefaultRules().match(&Input{Subject: SubjectComment, Text: text}, "en") {
			if stronger(h.Decision, got) {
				got = h.Decision
			}
		}
		if got != want {
			t.Errorf("%q: the rules say %s, want %s", text, got, want)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	for _, h := range hostile(f) {
		f.Add(h.Text)
	}
	e := engine()
	f.Fuzz(func(t *testing.T, text string) {
		v := e.Judge(Input{Subject: SubjectComment, Text: text})
		wantInside(t, "fuzzed", v)
	})
}

// FuzzMatch: a phrase is found in itself, between other words, in capitals and spelt apart; and no text
// breaks the search.
func FuzzMatch(f *testing.F) {
	for i, h := range hostile(f) {
		if len(h.Text) < 200 {
			f.Add([]string{"lie", "free followers", "don't", "价格", "🍆"}[i%5], h.Text)
			f.Add(h.Text, "nice "+h.Text+" boat")
		}
	}
	f.Fuzz(func(t *testing.T, phrase, text string) {
		list, err := json.Marshal([]string{phrase})
		if err != nil {
			t.Skip()
		}
		rs, err := ParseRules([]byte(`[{"name":"r","text":"t","category":"spam","decision":"hide","words":` + string(list) + `}]`))
		if err != nil {
			return
		}
		rs.match(&Input{Text: text}, "en")
		if strings.Contains(phrase, "*") || !utf8.ValidString(phrase) {
			return
		}
		for _, within := range []string{phrase, "well, " + phrase + " again", "…" + phrase + "…"} {
			if !fires(rs, Input{Text: within}) {
				t.Fatalf("%q is not found in %q", phrase, within)
			}
		}
	})
}

func FuzzParseRules(f *testing.F) {
	f.Add(defaultRules)
	for _, c := range []string{`"links":1`, `"words":["a*","b c"],"exact":true`, `"pattern":"a(b|c)+"`, `"any":[{"phone":true},{"not":{"author":{"first":true}}}]`, `"domains":["@chats","a.b"]`, `"length":{"least":1}`, `"author":{"rate":{"least":2,"minutes":5}}`} {
		f.Add([]byte(`[{"name":"x","text":"t","category":"spam","decision":"hide",` + c + `}]`))
	}
	in := Input{Subject: SubjectComment, Text: "Some words, a link brand.com and +39 333 1234567 😀", Author: &AuthorFacts{Earlier: 2}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		rs, err := ParseRules(raw)
		if err != nil {
			return
		}
		for _, h := range rs.match(&in, "en") {
			if !inList(commentDecisions, h.Decision) || h.Decision != Allow && !known(h.Category) || h.Category == "self_harm" && h.Decision != Review {
				t.Fatalf("a rule leads to %+v", h)
			}
		}
		own, err := OwnRules(raw)
		if err != nil {
			t.Fatalf("rules that can be read cannot be kept: %v", err)
		}
		list := make([]json.RawMessage, len(own))
		for i, r := range own {
			list[i] = r.Document
		}
		again, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		over, err := LayOver(again)
		if err != nil && len(rs.Rules)+len(DefaultRules().Rules) <= maxRules {
			t.Fatalf("rules that can be read cannot be laid over the shipped ones: %v", err)
		}
		if err == nil {
			if twice, err := LayOver(over.raw); err != nil || twice.Version != over.Version {
				t.Fatalf("laid over twice they are another set: %v", err)
			}
		}
	})
}
