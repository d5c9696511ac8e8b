package moderation

import (
	"crypto/sha256"
	_ "embed" // the probes
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
)

// probes are texts of our own that show most of what the program looks for.
//
//go:embed probes.txt
var probes string

// EngineVersion stands for how this program judges with a given model, rules and policy. A verdict of
// another version cannot be replayed by this one, which then says so instead of calling the outcome a
// difference. Nobody counts it up: it is a hash of the program's own word lists and of what it makes of the
// probes, so that a change of how texts are read, matched, weighed or decided changes it, and a change of
// comments or names does not. Only integers go into it: it is the same on every processor.
var EngineVersion = sync.OnceValue(fingerprint)

func fingerprint() int {
	h := sha256.New()
	add := func(values ...any) { _, _ = fmt.Fprintln(h, values...) }
	add(conceptWords, wishWords, polarityWords, plainly, listedAlone, cancelsAlone, codeLabels, looksKnown, wordsUnknown, surelyKnown, offersNothing, surelyCrude, dangerOdds, hintOfDanger, maybeInDanger, inDanger, surelyInDanger, asksOdds, leastOfWord, leastUnsigned, leastIntended)
	blank, s, rules, policy := &Model{}, &scratch{}, DefaultRules(), DefaultPolicy()
	for line := range strings.Lines(probes) {
		text := strings.TrimSpace(line)
		n := normalise(text)
		add(n.folded, n.tight, string(n.lower), n.facts, n.bare().folded)
		for _, language := range []string{"other", "de"} {
			blank.textFeatures(s, &n, language)
			for _, f := range append(buckets(s.feats, language, headOptions{bits: 20, salted: true}), s.looks...) {
				_, _ = h.Write(binary.BigEndian.AppendUint32(nil, f))
			}
			add(s.offers)
			r := s.sentence.wishesIn(n.lower, language)
			add(r, r.signFeatures(nil, 1, 1, 0.5))
		}
		s.languageFeatures(n.lower)
		add(s.feats)
		for _, subject := range []Subject{SubjectComment, SubjectMessage} {
			in := Input{Subject: subject, Text: text}
			hits := rules.match(&in, "en")
			add(len(hits), aimed(hits), ofOneself(n.folded))
			for _, p := range []Prediction{{}, {Harm: 0.6}, {Harm: 1}, {Spam: 0.6}, {Spam: 1}, {Harm: 0.6, Spam: 1}} {
				p.HarmHide, p.SpamHide = 0.9, 0.9
				v := Verdict{Harm: p.Harm, SpamScore: p.Spam, Language: "en", Scores: map[string]*float64{}}
				policy.decide(&v, in, hits, p)
				add(v.Decision, v.Tier, v.Category, v.NeedsLLM, v.Wants, v.Reasons)
			}
		}
	}
	return int(binary.BigEndian.Uint32(h.Sum(nil)) >> 1)
}
