package moderation

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func engine() *Engine { return NewEngine(nil, nil, DefaultPolicy()) }

func TestJudgeOnClearCases(t *testing.T) {
	t.Parallel()
	e := engine()
	for _, c := range []struct {
		text string
		want []Decision
	}{
		{"Quanto costa il kayak doppio?", []Decision{Allow}},
		{"this price is killing me 😂", []Decision{Allow}},
		{"sick colours!!", []Decision{Allow}},
		{"proud gay couple here, loved the service", []Decision{Allow}},
		{"I am going to kill you", []Decision{Hide, Delete}},
		{"kys", []Decision{Hide, Delete, Review}},
		{"I made $4,000 last week with bitcoin trading, guaranteed profit, message my mentor @dana on WhatsApp", []Decision{Hide}},
		{"Buy 10k real followers cheap www.boostgram.shop", []Decision{Hide}},
		{"I want to die, I can't go on", []Decision{Review}},
	} {
		v := e.Judge(Input{Subject: SubjectComment, Text: c.text})
		ok := false
		for _, w := range c.want {
			ok = ok || v.Decision == w
		}
		if !ok {
			t.Errorf("%q: %s (%v), want %v", c.text, v.Decision, v.Reasons, c.want)
		}
	}
}

func TestSelfHarmIsNeverHidden(t *testing.T) {
	t.Parallel()
	e := engine()
	for _, text := range []string{"I want to kill myself", "voglio morire", "envie de mourir", "vreau să mor", "quiero morir", "ich will sterben", "quero morrer"} {
		v := e.Judge(Input{Subject: SubjectComment, Text: text})
		if v.Decision != Review || !v.SelfHarm() {
			t.Errorf("%q: %s, category %s; want a person to look", text, v.Decision, v.Category)
		}
		for _, around := range []string{". I will kill you", " buy 10k followers cheap www.boostgram.shop"} {
			if v := e.Judge(Input{Subject: SubjectComment, Text: text + around}); v.Decision != Review {
				t.Errorf("%q: %s because of what stands around it", text+around, v.Decision)
			}
		}
	}
	seeds, err := LoadSeeds()
	if err != nil {
		t.Fatal(err)
	}
	hidden, n := 0, 0
	for _, x := range seeds["harm"] {
		if x.Label != "self_harm" {
			continue
		}
		n++
		if e.Judge(Input{Subject: SubjectComment, Text: x.Text}).Decision == Hide {
			hidden++
		}
	}
	if n < 100 || hidden*100 > n*6 { // some rows tell somebody else to die, which is a threat
		t.Errorf("%d of %d texts about harming oneself are hidden", hidden, n)
	}
}

func TestTheSameTextGetsTheSameBytes(t *testing.T) {
	t.Parallel()
	e := engine()
	in := Input{Subject: SubjectComment, Text: "Ciao! quanto costa spedire in Italia? 🙏 non vedo l'ora"}
	first, _ := json.Marshal(e.Judge(in))
	for range 50 {
		again, _ := json.Marshal(engine().Judge(in))
		if !bytes.Equal(first, again) {
			t.Fatalf("two judgements differ:\n%s\n%s", first, again)
		}
	}
}

func TestWithdrawals(t *testing.T) {
	t.Parallel()
	e := engine()
	for text, want := range map[string]OptOut{
		"STOP": OptOutClear, "Stop!!": OptOutClear, "STOP pls": OptOutClear, "S T O P": OptOutClear, "stoooop 🛑": OptOutClear, "unsubscirbe": OptOutClear, "baja": OptOutClear, "SAIR": OptOutClear, "Stopp bitte": OptOutClear,
		"abmelden": OptOutClear, "Gracias por todo. Baja": OptOutClear, "please don't text me anymore": OptOutClear, "non voglio più ricevere promozioni": OptOutClear, "ne m'écrivez plus": OptOutClear, "basta": OptOutClear, "BASTA!! 😡": OptOutClear, "basta, grazie": OptOutDoubtful, "due persone, e basta": NoOptOut, "Annulla": OptOutDoubtful, "cancella": OptOutClear, "CANCELAR!": OptOutClear, "cancella grazie": OptOutDoubtful, "cancelar por favor": OptOutDoubtful, "stornieren": OptOutDoubtful,
		"oprește": OptOutClear, "dezabonare": OptOutClear, "darme de baja": OptOutClear, "bitte keine Nachrichten mehr": OptOutClear, "não quero mais receber mensagens": OptOutClear, "take me off your list": OptOutClear,
		"please don't stop": NoOptOut, "don't unsubscribe me": NoOptOut, "non smettere": NoOptOut, "n'arrêtez pas": NoOptOut, "nu vă opriți": NoOptOut, "no paren": NoOptOut, "hört nicht auf": NoOptOut, "não parem": NoOptOut,
		"cancel my 3 o'clock": NoOptOut, "annullate la prenotazione di sabato": NoOptOut, "is there a bus stop near you?": NoOptOut, "I can't stop laughing": NoOptOut, "stop by tomorrow?": NoOptOut, "quanto costa?": NoOptOut,
		"para mañana hay sitio?": NoOptOut, "chega hoje?": NoOptOut, "Ende des Monats geöffnet?": NoOptOut, "demais!": NoOptOut, "Cancel 🙏": OptOutClear, "cancel it": OptOutDoubtful,
	} {
		if got := e.Judge(Input{Subject: SubjectMessage, Text: text}).OptOut; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestAWordOfWithdrawalIsNoDanger(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"no more": false, "No más": false, "stop": false, "no more, I want to die": true} {
		v := engine().Judge(Input{Subject: SubjectMessage, Text: text})
		if got := v.SelfHarm(); got != want {
			t.Errorf("%q: in danger %t, want %t: %v", text, got, want, v.Reasons)
		}
	}
}

func TestAsksForAPerson(t *testing.T) {
	t.Parallel()
	e := engine()
	for text, want := range map[string]bool{
		"is anyone real there?": true, "HUMAN!!!": true, "can I talk to a person": true, "voglio parlare con qualcuno": true, "operatore": true, "un conseiller svp": true, "y a quelqu'un ?": true,
		"pot vorbi cu un om?": true, "hay alguien ahí?": true, "quiero un asesor": true, "Mensch bitte": true, "kann ich mit jemandem sprechen": true, "quero falar com um atendente": true, "are you a bot?": true,
		"a table for four people": false, "pour une personne ou deux ?": false, "wie viele Personen passen rein?": false, "cât costă de persoană": false, "talk soon!": false,
	} {
		if got := e.Judge(Input{Subject: SubjectMessage, Text: text}); got.WantsHuman != want {
			t.Errorf("%q: %v, want %v", text, got.WantsHuman, want)
		}
	}
}

// What tells somebody to kill themselves is violence; who speaks of doing it, or was told so, goes to a person.
func TestIncitementIsNoCryForHelp(t *testing.T) {
	t.Parallel()
	e := engine()
	for text, want := range map[string]Decision{
		"kill yourself": Hide, "kys": Hide, "ammazzati": Hide, "suicide-toi": Hide, "omoară-te": Hide, "mátate": Hide, "bring dich um": Hide, "mata-te": Hide,
		"I want to kill myself": Review, "sometimes I think I should kill myself": Review, "voglio ammazzarmi": Review, "je veux me suicider": Review, "quero me matar": Review, "ich will mich umbringen": Review,
		"someone told me kill yourself and I can't stop thinking about it": Review, "mi ha detto ammazzati": Review,
	} {
		v := e.Judge(Input{Subject: SubjectComment, Text: text})
		if v.Decision != want || want == Review && !v.SelfHarm() || want == Hide && v.Category != "violence" {
			t.Errorf("%q: %s as %s, want %s", text, v.Decision, v.Category, want)
		}
	}
}

func TestGoBackWhereYouCameFrom(t *testing.T) {
	t.Parallel()
	e := engine()
	for text, want := range map[string]Decision{
		"go back to where you came from": Hide, "just go back to your country": Hide, "torna al tuo paese": Hide, "retourne dans ton pays": Hide, "du-te înapoi în țara ta": Hide, "vuelve a tu país": Hide,
		"geh zurück wo du hergekommen bist": Hide, "volta pra tua terra": Hide, "when do you go back to your country? safe travels": Review, "they told me to go back to your country": Review,
		"we go back to Lisbon on Sunday, any table?": Allow, "torno a casa alle otto, siete aperti?": Allow,
	} {
		if v := e.Judge(Input{Subject: SubjectComment, Text: text}); v.Decision != want {
			t.Errorf("%q: %s (%v), want %s", text, v.Decision, v.Reasons, want)
		}
	}
}

func TestNothingSaidIsNothingWrong(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", " ", "\n\t ", "\u200b", "...", "?!"} {
		if v := engine().Judge(Input{Subject: SubjectComment, Text: text}); v.Harm != 0 || v.SpamScore != 0 || v.Decision != Allow || v.OptOut != NoOptOut || v.WantsHuman || v.NeedsLLM {
			t.Errorf("%q: harm %g, spam %g, %s", text, v.Harm, v.SpamScore, v.Decision)
		}
	}
}

func TestAnAnswerOutsideTheListsGoesToAPerson(t *testing.T) {
	t.Parallel()
	e := engine()
	v := e.Judge(Input{Subject: SubjectComment, Text: "hmm"})
	for _, a := range []LLMAnswer{{Category: "approve_all", Score: 1}, {Category: "hate", Score: 7}, {Category: "", Score: 0.5}} {
		if got := e.WithLLM(v, Input{Subject: SubjectComment}, a); got.Decision != Review {
			t.Errorf("%+v: %s, want review", a, got.Decision)
		}
	}
	if got := e.WithLLM(v, Input{Subject: SubjectComment}, LLMAnswer{Category: "hate", Score: 0.95}); got.Decision != Hide || got.Tier != TierLLM {
		t.Errorf("a sure answer: %s by %s", got.Decision, got.Tier)
	}
	if got := e.WithLLM(v, Input{Subject: SubjectComment}, LLMAnswer{Category: "self_harm", Score: 0.99}); got.Decision != Review {
		t.Errorf("self-harm by the model: %s", got.Decision)
	}
}

func TestClassifyLinesKeepsOrderAndIDs(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	in := "hello\n{\"id\":\"x7\",\"text\":\"quanto costa?\"}\n{not json\n\n{\"text\":\"no id\"}"
	if next, err := engine().ClassifyLines(strings.NewReader(in), &out, 1, Tiers{Rules: true, Model: true}, nil); err != nil || next != 6 {
		t.Fatal(next, err)
	}
	var ids []string
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		var c Classified
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		ids = append(ids, string(c.ID))
	}
	if got := strings.Join(ids, ","); got != `"1","x7","3","4","5"` {
		t.Errorf("ids %s", got)
	}
}

// Scoring is the hot path: once its buffers have grown, a text costs no memory.
func TestScoringAllocatesNothing(t *testing.T) {
	m := Shipped()
	for _, text := range []string{"Hi, how much is the double kayak for a weekend? Do you ship to Perth as well? 😍", "quanto viene il tour per due persone sabato mattina?", "10k real followers cheap, visit boostgram.example 🔥🔥"} {
		n := normalise(text)
		m.Predict(n)
		if got := testing.AllocsPerRun(100, func() { m.Predict(n) }); got > 0 {
			t.Errorf("%q: %g allocations", text, got)
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	e := engine()
	b.ReportAllocs()
	for b.Loop() {
		e.Judge(Input{Subject: SubjectComment, Text: "Hi, how much is the double kayak for a weekend? Do you ship to Perth as well? 😍"})
	}
}
