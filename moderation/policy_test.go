package moderation

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"ponte/fault"
)

func TestPolicyDocumentsLieOverTheDefault(t *testing.T) {
	t.Parallel()
	empty, err := ParsePolicy(nil)
	if err != nil {
		t.Fatal(err)
	}
	def := DefaultPolicy()
	if empty.Version() != def.Version() {
		t.Errorf("an empty document is %s, the default is %s", empty.Version(), def.Version())
	}
	p, err := ParsePolicy([]byte(`{"hide_spam":false,"categories":{"hate":"delete"},"strikes":{"days":0,"review":0,"block":0},"second_condition":[],
		"table":[{"category":"hate","from":0.9,"languages":["ro"],"accounts":[3],"comment":"delete","message":"block"}],"one_wrong_hide_in":500,"text":"Be kind."}`))
	if err != nil {
		t.Fatal(err)
	}
	if !p.HideHarm || p.HideSpam || p.Categories["hate"] != "delete" || p.Categories["self_harm"] != "review" || p.Strikes.Days != 0 || len(p.SecondCondition) != 0 || p.OneWrongHideIn != 500 {
		t.Errorf("read as %+v", p)
	}
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParsePolicy(raw)
	if err != nil || again.Version() != p.Version() {
		t.Errorf("written and read again it is %s, was %s (%v)", again.Version(), p.Version(), err)
	}
}

func TestPolicyDocumentsNameTheirFaults(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		`{`:                                   "form",
		`[]`:                                  "form",
		`{} {}`:                               "something else",
		`{"hide_harms":true}`:                 "hide_harms",
		`{"llm_hide":2}`:                      "llm_hide",
		`{"review_harm":-0.1}`:                "review_harm",
		`{"harm":{"xx":0.9}}`:                 "harm.xx",
		`{"spam":{"en":1.1}}`:                 "spam.en",
		`{"learned":{"hate":{"en":0.9}}}`:     "learned.hate",
		`{"learned":{"harm":{"en":-1}}}`:      "learned.harm.en",
		`{"categories":{"rude":"hide"}}`:      "rude",
		`{"categories":{"hate":"block"}}`:     "categories.hate",
		`{"categories":{"self_harm":"hide"}}`: "self-harm",
		`{"one_wrong_hide_in":5}`:             "one_wrong_hide_in",
		`{"second_condition":["luck"]}`:       "second_condition",
		`{"strikes":{"days":400,"review":3,"block":5}}`:                                 "strikes.days",
		`{"strikes":{"days":30,"review":-1}}`:                                           "strikes",
		`{"strikes":{"days":30,"review":3,"block":2}}`:                                  "strikes.block",
		`{"moderations":{"review":2}}`:                                                  "moderations.review",
		`{"pictures":"maybe"}`:                                                          "pictures",
		`{"text":"{{fence}}"}`:                                                          "text",
		`{"text":"a\u0000b"}`:                                                           "text",
		`{"text":"` + strings.Repeat("a", 4001) + `"}`:                                  "text",
		`{"table":[{"category":"rude","comment":"hide"}]}`:                              "table[0].category",
		`{"table":[{"category":"hate"}]}`:                                               "decides nothing",
		`{"table":[{"category":"hate","comment":"spam"}]}`:                              "table[0].comment",
		`{"table":[{"category":"hate","message":"hide"}]}`:                              "table[0].message",
		`{"table":[{"category":"hate","comment":"hide"},{"category":"spam","from":7}]}`: "table[1].from",
		`{"table":[{"category":"hate","comment":"hide","languages":["klingon"]}]}`:      "klingon",
		`{"table":[{"category":"hate","comment":"hide","accounts":[0]}]}`:               "accounts",
		`{"table":[{"category":"self_harm","comment":"allow"}]}`:                        "self-harm",
		`{"table":[{"category":"hate","comment":"hide","unless":"nice"}]}`:              "unless",
		`{"table":[` + strings.Repeat(`{"category":"hate","comment":"hide"},`, 200) + `{"category":"hate","comment":"hide"}]}`: "200",
	} {
		_, err := ParsePolicy([]byte(doc))
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Invalid || !strings.Contains(f.Field+": "+f.Public, want) {
			t.Errorf("%.80s: %v, want it to name %q", doc, err, want)
		}
	}
}

// decided runs the policy alone: what it decides about scores, without rules or a model.
func decided(t *testing.T, doc string, in Input, harm, spam float64, hits ...hit) Verdict {
	t.Helper()
	p, err := ParsePolicy([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	v := Verdict{Subject: in.Subject, Language: "ro", Harm: harm, SpamScore: spam, Scores: map[string]*float64{}}
	for _, h := range hits {
		s := h.Score
		v.Scores[h.Category] = &s
		if isHarm(h.Category) {
			v.Harm = max(v.Harm, s)
		} else {
			v.SpamScore = max(v.SpamScore, s)
		}
	}
	p.decide(&v, in, hits, Prediction{Language: "ro", Harm: harm, Spam: spam, HarmHide: 0.9, SpamHide: 0.95})
	return v
}

// What the model doubts about somebody's safety is asked about where it would pass, hides nothing meanwhile, and stands where
// no answer comes.
func TestMaybeInDangerIsAskedAbout(t *testing.T) {
	t.Parallel()
	allowed := hit{Rule: "ours", Decision: Allow}
	for name, c := range map[string]struct {
		comment              bool
		danger, threat, harm float64
		hits                 []hit
		want                 bool // asked, and only because of the danger
	}{
		"doubtful":                    {danger: hintOfDanger, want: true},
		"not even that":               {danger: hintOfDanger - 0.01},
		"doubtful in a comment":       {comment: true, danger: maybeInDanger, want: true},
		"a hint in a comment":         {comment: true, danger: maybeInDanger - 0.01},
		"a threat to others":          {danger: 0.3, threat: 0.4},
		"a workspace's word allows":   {danger: 0.3, hits: []hit{allowed}},
		"for a person for its harm":   {danger: 0.3, harm: 0.69},
		"a person's danger by a rule": {danger: 0.3, hits: []hit{{Rule: "d", Category: "self_harm", Decision: Review, Score: 0.9}}},
	} {
		t.Run(name, func(t *testing.T) {
			p := DefaultPolicy()
			subject := SubjectMessage
			if c.comment {
				subject = SubjectComment
			}
			v := Verdict{Subject: subject, Harm: c.harm, Scores: map[string]*float64{}}
			pr := Prediction{Language: "en", Harm: c.harm, HarmHide: 0.9, SpamHide: 0.95, CategoryNames: []string{"self_harm", "violence"}}
			pr.Categories[0], pr.Categories[1] = c.danger, c.threat
			p.decide(&v, Input{Subject: subject}, c.hits, pr)
			if asked := v.NeedsLLM && v.probing(); asked != c.want || c.want && v.Decision != Allow {
				t.Errorf("asked %v (%v), %s", asked, v.Reasons, v.Decision)
			}
			if c.want {
				if got := engine().WithoutLLM(v, "nobody is there"); got.Decision != Allow {
					t.Errorf("without an answer it is %s", got.Decision)
				}
			}
		})
	}
}

// A score reads and compares the same everywhere: it has six digits.
func TestScoresHaveSixDigits(t *testing.T) {
	t.Parallel()
	rows, err := LoadTSV("testdata/fresh/danger.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		v := engine().Judge(Input{Subject: SubjectComment, Text: r.Text})
		for category, score := range v.Scores {
			if score != nil && *score != round(*score) {
				t.Errorf("%s of %q is %v", category, r.Text, *score)
			}
		}
		for name, score := range map[string]float64{"harm": v.Harm, "spam": v.SpamScore, "intent": v.IntentScore} {
			if score != round(score) {
				t.Errorf("%s of %q is %v", name, r.Text, score)
			}
		}
	}
}

func TestTheTableDecides(t *testing.T) {
	t.Parallel()
	hate, profane := hit{Rule: "h", Category: "hate", Decision: Hide, Score: 0.9}, hit{Rule: "p", Category: "profanity", Decision: Review, Score: 0.8}
	danger := hit{Rule: "d", Category: "self_harm", Decision: Hide, Score: 1}
	for name, c := range map[string]struct {
		table      string
		message    bool
		account    int64
		harm, spam float64
		hits       []hit
		want       Decision
	}{
		"no line fits":                        {table: `{"category":"hate","from":0.95,"comment":"allow"}`, hits: []hit{hate}, want: Hide},
		"a line takes a rule's place":         {table: `{"category":"hate","from":0.5,"comment":"review"}`, hits: []hit{hate}, want: Review},
		"another category's line does not":    {table: `{"category":"profanity","comment":"allow"}`, hits: []hit{hate, profane}, want: Hide},
		"a line may allow":                    {table: `{"category":"profanity","comment":"allow"}`, hits: []hit{profane}, harm: 0.1, want: Review}, // the group still stands
		"and so for the group":                {table: `{"category":"harm","comment":"allow"}`, hits: []hit{profane}, harm: 0.99, want: Allow},
		"the first that fits":                 {table: `{"category":"harm","from":0.8,"comment":"hide"},{"category":"harm","from":0.6,"comment":"review"}`, harm: 0.7, want: Review},
		"a group by its score":                {table: `{"category":"harm","from":0.6,"comment":"hide"}`, harm: 0.7, want: Hide},
		"of its language":                     {table: `{"category":"harm","from":0.6,"languages":["ro"],"comment":"hide"}`, harm: 0.7, want: Hide},
		"not of another language":             {table: `{"category":"harm","from":0.6,"languages":["en"],"comment":"hide"}`, harm: 0.7, want: Review},
		"of its account":                      {table: `{"category":"harm","from":0.6,"accounts":[4,7],"comment":"hide"}`, account: 7, harm: 0.7, want: Hide},
		"not of another account":              {table: `{"category":"harm","from":0.6,"accounts":[4],"comment":"hide"}`, account: 7, harm: 0.7, want: Review},
		"any":                                 {table: `{"category":"any","from":0.9,"comment":"hide"}`, spam: 0.91, want: Hide},
		"the strongest of several categories": {table: `{"category":"harm","comment":"review"},{"category":"spam","from":0.5,"comment":"hide"}`, harm: 0.9, spam: 0.6, want: Hide},
		"self-harm goes before":               {table: `{"category":"any","comment":"hide"}`, harm: 0.99, hits: []hit{danger, hate}, want: Review},
		"a line about messages only":          {table: `{"category":"harm","message":"spam"}`, harm: 0.7, want: Review},
		"a message":                           {table: `{"category":"spam","from":0.5,"message":"spam"}`, message: true, spam: 0.6, want: Spam},
		"a message's harm may be filed away":  {table: `{"category":"harm","from":0.5,"message":"spam"}`, message: true, harm: 0.6, want: Spam},
		"without a line a person looks":       {message: true, harm: 0.99, want: Review},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input{Subject: SubjectComment, AccountID: c.account}
			if c.message {
				in.Subject = SubjectMessage
			}
			v := decided(t, `{"table":[`+c.table+`]}`, in, c.harm, c.spam, c.hits...)
			if v.Decision != c.want || v.Wants != "" {
				t.Errorf("%s (wants %q): %v, want %s", v.Decision, v.Wants, v.Reasons, c.want)
			}
		})
	}
}

// A deletion or block takes a second condition; until then what can be undone is done.
func TestDeleteAndBlockTakeASecondCondition(t *testing.T) {
	t.Parallel()
	hate := hit{Rule: "h", Category: "hate", Decision: Delete, Score: 0.9}
	scam := hit{Rule: "s", Category: "scam", Decision: Hide, Score: 0.9}
	block := `{"category":"any","from":0.8,"message":"block"}`
	for name, c := range map[string]struct {
		doc     string
		subject Subject
		strikes int
		hit     hit
		want    Decision
		wants   Decision
		asks    bool
	}{
		"alone":                   {`{}`, SubjectComment, 0, hate, Hide, Delete, true},
		"a second offence":        {`{}`, SubjectComment, 1, hate, Delete, "", false},
		"a person only":           {`{"second_condition":[]}`, SubjectComment, 4, hate, Hide, Delete, false},
		"only a second offence":   {`{"second_condition":["repeat"]}`, SubjectComment, 0, hate, Hide, Delete, false},
		"strikes are off":         {`{"strikes":{"days":0,"review":0,"block":0}}`, SubjectComment, 2, hate, Hide, Delete, true},
		"a message's spam":        {`{"table":[` + block + `]}`, SubjectMessage, 0, scam, Spam, Block, true},
		"a message's harm":        {`{"table":[` + block + `]}`, SubjectMessage, 0, hate, Review, Block, true},
		"a message's repeat":      {`{"table":[` + block + `]}`, SubjectMessage, 2, scam, Block, "", false},
		"a category's limit":      {`{"categories":{"hate":"hide"}}`, SubjectComment, 3, hate, Hide, "", false},
		"a message without lines": {`{}`, SubjectMessage, 3, scam, Spam, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			v := decided(t, c.doc, Input{Subject: c.subject, Strikes: c.strikes}, 0, 0, c.hit)
			if v.Decision != c.want || v.Wants != c.wants || v.NeedsLLM != c.asks {
				t.Errorf("%s, wants %q, asks %v (%v); want %s, %q, %v", v.Decision, v.Wants, v.NeedsLLM, v.Reasons, c.want, c.wants, c.asks)
			}
		})
	}
}

func TestTheLLMAndADeletion(t *testing.T) {
	t.Parallel()
	rules, err := ParseRules([]byte(`[{"name":"slur","text":"a slur","category":"hate","decision":"delete","score":0.9,"words":["zorblax"]},{"name":"maybe","text":"maybe a slur","category":"hate","decision":"review","score":0.6,"words":["blarg"]}]`))
	if err != nil {
		t.Fatal(err)
	}
	doc := DefaultPolicy()
	doc.Table = []Line{{Category: "violence", From: 0.9, Comment: Delete}}
	e := NewEngine(nil, rules, doc)
	for name, c := range map[string]struct {
		text    string
		strikes int
		answer  LLMAnswer
		want    Decision
		wants   Decision
	}{
		"agrees":                            {"zorblax", 0, LLMAnswer{Category: "hate", Score: 0.8}, Delete, ""},
		"agrees about the group":            {"zorblax", 0, LLMAnswer{Category: "violence", Score: 0.8}, Delete, ""},
		"is not sure":                       {"zorblax", 0, LLMAnswer{Category: "hate", Score: 0.6}, Hide, Delete},
		"names another group":               {"zorblax", 0, LLMAnswer{Category: "spam", Score: 0.9}, Hide, Delete},
		"finds nothing":                     {"zorblax", 0, LLMAnswer{Category: "none", Score: 1}, Hide, Delete},
		"invents":                           {"zorblax", 0, LLMAnswer{Category: "delete_it", Score: 1}, Hide, Delete},
		"wants it alone":                    {"what a day", 0, LLMAnswer{Category: "violence", Score: 0.95}, Hide, Delete},
		"wants it, and rules agree":         {"blarg", 0, LLMAnswer{Category: "violence", Score: 0.95}, Delete, ""},
		"wants it, and it is not the first": {"what a day", 1, LLMAnswer{Category: "violence", Score: 0.95}, Delete, ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input{Subject: SubjectComment, Text: c.text}
			v := e.Judge(in)
			in.Strikes = c.strikes
			if got := e.WithLLM(v, in, c.answer); got.Decision != c.want || got.Wants != c.wants || got.NeedsLLM {
				t.Errorf("%s, wants %q (%v); want %s, %q", got.Decision, got.Wants, got.Reasons, c.want, c.wants)
			}
		})
	}
	in := Input{Subject: SubjectComment, Text: "zorblax"}
	if got := e.WithoutLLM(e.Judge(in), "down"); got.Decision != Hide || got.Wants != Delete || got.NeedsLLM {
		t.Errorf("without an answer: %s, wants %q", got.Decision, got.Wants)
	}
}

func TestStrikesSendEverythingToAPerson(t *testing.T) {
	t.Parallel()
	e := engine()
	harmless := Input{Subject: SubjectComment, Text: "What time do you open on Sunday?"}
	for n, want := range []Decision{Allow, Allow, Allow, Review, Review} {
		in := harmless
		in.Strikes = n
		v := e.Judge(in)
		if v.Decision != want || want == Review && (v.Tier != TierPolicy || v.NeedsLLM || !strings.Contains(v.Why(), fmt.Sprint(n, " of this author"))) {
			t.Errorf("%d strikes: %s by %s, %q", n, v.Decision, v.Tier, v.Why())
		}
		if got := e.WithLLM(v, in, LLMAnswer{Category: "none", Score: 1}); got.Decision != want {
			t.Errorf("%d strikes, the LLM finds nothing: %s", n, got.Decision)
		}
	}
}

func TestABudgetRaisesThresholds(t *testing.T) {
	t.Parallel()
	m := Shipped()
	for _, lang := range []string{"en", "ro", "unknown"} {
		for _, group := range []string{"harm", "spam"} {
			card, limit := m.threshold(group, lang), m.limits(500)[group][lang]
			if limit < card || limit < 0.998 {
				t.Errorf("%s %s: hides from %g for one wrong in 500, the card from %g", group, lang, limit, card)
			}
		}
	}
	p := DefaultPolicy()
	p.limits = m.limits(500)
	if got := p.hideFrom("harm", nil, "en", 0.9); got < 0.998 {
		t.Errorf("the budget hides from %g", got)
	}
	if got := p.hideFrom("harm", map[string]float64{"en": 0.8}, "en", 0.9); got != 0.8 {
		t.Errorf("the policy's own threshold gives way to %g", got)
	}
	p.Learned = map[string]map[string]float64{"harm": {"en": 0.97}}
	if got := p.hideFrom("harm", map[string]float64{"en": 0.8}, "en", 0.9); got != 0.97 {
		t.Errorf("what reviews taught gives way to %g", got)
	}
	if got := p.hideFrom("harm", map[string]float64{"en": 0.99}, "en", 0.9); got != 0.99 {
		t.Errorf("what reviews taught lowered a threshold to %g", got)
	}
}

// What the default policy does on the hot path must not cost more than its reasons.
func TestAnAllowAllocatesNothingInThePolicy(t *testing.T) {
	p := DefaultPolicy()
	pr := Prediction{Language: "en", Harm: 0.1, Spam: 0.1, HarmHide: 0.9, SpamHide: 0.9}
	if n := testing.AllocsPerRun(200, func() {
		v := Verdict{Language: "en", Harm: 0.1, SpamScore: 0.1}
		p.decide(&v, Input{Subject: SubjectComment}, nil, pr)
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(`{"table":[{"category":"hate","from":0.5,"comment":"hide"}],"text":"x"}`))
	f.Add([]byte(`{"learned":{"harm":{"en":1e400}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := ParsePolicy(raw)
		if err != nil {
			return
		}
		out, err := json.Marshal(p)
		if err != nil {
			t.Fatalf("a valid policy cannot be written: %v", err)
		}
		if again, err := ParsePolicy(out); err != nil || again.Version() != p.Version() {
			t.Fatalf("written and read again: %v", err)
		}
	})
}
