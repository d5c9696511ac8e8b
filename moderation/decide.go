package moderation

import (
	"fmt"
	"slices"
)

// decide applies the policy; what it may decide is a closed list whatever the text says. The order:
// self-harm before everything; then, of what the table's lines, the rules and the model say, the
// strongest; then strikes; and last, a deletion or block without its second condition becomes what can
// be undone.
func (p *Policy) decide(v *Verdict, in Input, hits []hit, pr Prediction) {
	v.Decision, v.Tier = Allow, TierModel
	if len(hits) > 0 {
		v.Tier = TierRules
	}
	var done covered
	for _, h := range hits {
		v.Reasons = append(v.Reasons, Reason{Code: "rule:" + h.Rule, Text: h.Text, Rule: h.Rule})
	}
	// Whatever else stands in the text: somebody who may be in danger is never hidden silently.
	if slices.ContainsFunc(hits, func(h hit) bool { return h.Category == "self_harm" }) {
		v.Category, v.Decision, v.Tier = "self_harm", Review, TierPolicy
		return
	}
	for _, h := range hits {
		if h.Decision == Allow { // the workspace's own word: neither table nor model has one about it
			done |= takenIn(h.Category)
		}
	}
	tabled := Allow
	if len(p.Table) > 0 {
		done = p.byTable(v, in, pr, done)
		tabled = v.Decision
	}
	for _, h := range hits {
		if done.has(h.Category) {
			continue
		}
		if d := p.most(h.Category, h.Decision); stronger(d, v.Decision) {
			v.Decision, v.Category, v.Tier = d, h.Category, TierRules
		}
	}
	p.decideByModel(v, pr, len(hits) > 0, done)
	if tabled == Allow || stronger(v.Decision, tabled) { // a line says itself what follows for a message
		p.forMessage(v, in)
	}
	p.strike(v, in)
	p.second(v, in)
}

// covered is the set of categories and groups a line of the table has decided: bits of their places.
type covered uint32

func placeOf(category string) int {
	if i := slices.Index(HarmCategories, category); i >= 0 {
		return i
	}
	if i := slices.Index(SpamCategories, category); i >= 0 {
		return len(HarmCategories) + i
	}
	if category == "harm" {
		return 30
	}
	return 31 // the group spam
}

func (c covered) has(category string) bool { return c>>placeOf(category)&1 == 1 }

// takenIn is what a rule allows: a category, a group with all of its categories, or everything.
func takenIn(allowed string) covered {
	var c covered
	for _, category := range append(append([]string{}, HarmCategories...), SpamCategories...) {
		if category != "self_harm" && allows(allowed, category) {
			c |= 1 << placeOf(category)
		}
	}
	for _, group := range []string{"harm", "spam"} {
		if allowed == "" || allowed == group {
			c |= 1 << placeOf(group)
		}
	}
	return c
}

// byTable applies the first fitting line to every category that has a score and to the two groups, but
// not to what a rule allows.
func (p *Policy) byTable(v *Verdict, in Input, pr Prediction, done covered) covered {
	try := func(category, group string, score float64) {
		if done.has(category) {
			return
		}
		i := p.line(category, group, score, in, v.Language)
		if i < 0 {
			return
		}
		done |= 1 << placeOf(category)
		d := p.Table[i].decision(in.Subject)
		if !stronger(d, v.Decision) {
			return
		}
		v.Decision, v.Tier, v.Category = d, TierPolicy, category
		if category == "harm" || category == "spam" {
			v.Category = ofGroup(category)
		}
		v.Reasons = append(v.Reasons, Reason{Code: "policy:table", Text: fmt.Sprintf("line %d of the policy: %s %.2f, from %.2f", i+1, category, score, p.Table[i].From)})
	}
	for _, list := range []struct {
		group      string
		categories []string
		score      float64
	}{{"harm", HarmCategories, pr.Harm}, {"spam", SpamCategories, pr.Spam}} {
		for _, c := range list.categories {
			if s := v.Scores[c]; s != nil {
				try(c, list.group, *s)
			}
		}
		try(list.group, list.group, list.score)
	}
	return done
}

// line finds the first line that fits; -1: none does.
func (p *Policy) line(category, group string, score float64, in Input, language string) int {
	return slices.IndexFunc(p.Table, func(l Line) bool {
		return (l.Category == category || l.Category == group || l.Category == "any") && score >= l.From && l.decision(in.Subject) != "" &&
			(len(l.Languages) == 0 || slices.Contains(l.Languages, language)) && (len(l.Accounts) == 0 || slices.Contains(l.Accounts, in.AccountID))
	})
}

func (l Line) decision(s Subject) Decision {
	if s == SubjectMessage {
		return l.Message
	}
	return l.Comment
}

func ofGroup(group string) string {
	if group == "harm" {
		return "harassment"
	}
	return group
}

func (p *Policy) decideByModel(v *Verdict, pr Prediction, ruled bool, done covered) {
	harmAt, spamAt := p.hideFrom("harm", p.Harm, v.Language, pr.HarmHide), p.hideFrom("spam", p.Spam, v.Language, pr.SpamHide)
	harm, spam := !done.has("harm"), !done.has("spam")
	switch {
	case strength[v.Decision] >= strength[Hide]:
	case p.HideHarm && harm && pr.Harm >= harmAt:
		p.byModel(v, Hide, "harm", fmt.Sprintf("the model is sure it is harmful (%.2f, hides from %.2f)", pr.Harm, harmAt))
	case p.HideSpam && spam && pr.Spam >= spamAt:
		p.byModel(v, Hide, "spam", fmt.Sprintf("the model is sure it is spam (%.2f, hides from %.2f)", pr.Spam, spamAt))
	case harm && v.Harm >= p.ReviewHarm || spam && v.SpamScore >= p.ReviewSpam:
		if v.Decision == Allow {
			group, score := "harm", v.Harm
			if v.SpamScore > v.Harm && spam || !harm {
				group, score = "spam", v.SpamScore
			}
			p.byModel(v, Review, group, fmt.Sprintf("the model is not sure about %s (%.2f)", group, score))
		}
		v.NeedsLLM = true
	case p.PassUnasked > 0 && v.Decision == Allow && v.Subject != SubjectMessage && pr.Concern >= p.asks && (harm && (spam || pr.Harm >= pr.Spam) || spam && pr.Spam >= pr.Harm):
		v.NeedsLLM = true
		v.Reasons = append(v.Reasons, Reason{Code: "policy:pass_unasked", Text: fmt.Sprintf("asked about so that at most %g %% of violations pass unasked (harm %.2f, spam %.2f)", 100*p.PassUnasked, pr.Harm, pr.Spam)})
	}
	if danger, threat := pr.danger(); v.Decision == Allow && !v.NeedsLLM && done == 0 && danger >= askedFrom(v.Subject) && danger > threat {
		v.NeedsLLM = true
		v.Reasons = append(v.Reasons, Reason{Code: "policy:maybe_in_danger", Text: fmt.Sprintf("asked about because the writer may be in danger (%.2f)", danger)})
	}
	if v.Decision == Review && ruled {
		v.NeedsLLM = true
	}
	if v.Exposes() && pr.Harm < p.ReviewHarm && pr.Spam < p.ReviewSpam {
		v.NeedsLLM = false // the number stands there, and nothing else is in doubt
	}
}

// hideFrom is the score from which a group is hidden in a language: the policy's own threshold, else
// what the false-hide budget asks for, else the card's; never below what reviews taught.
func (p *Policy) hideFrom(group string, own map[string]float64, language string, card float64) float64 {
	at := card
	if t := own[language]; t > 0 {
		at = t
	} else if t, ok := p.limits[group][language]; ok {
		at = t
	} else if t, ok := p.limits[group][""]; ok {
		at = t
	}
	return max(at, p.Learned[group][language])
}

func (p *Policy) byModel(v *Verdict, d Decision, group, text string) {
	v.Decision, v.Tier = d, TierModel
	if v.Category == "" {
		v.Category = ofGroup(group)
	}
	v.Reasons = append(v.Reasons, Reason{Code: "model:" + group, Text: text})
}

// forMessage maps a comment's decisions to a message's: what would be hidden goes to the spam folder
// if it is spam, and to a person otherwise; people in a private conversation are never cut off by a
// machine alone.
func (p *Policy) forMessage(v *Verdict, in Input) {
	if in.Subject != SubjectMessage {
		return
	}
	switch v.Decision {
	case Hide, Delete:
		v.Decision = undoable(in.Subject, v.Category)
	}
}

// undoable is the strongest decision about a text that can be taken back.
func undoable(s Subject, category string) Decision {
	switch {
	case s != SubjectMessage:
		return Hide
	case isHarm(category):
		return Review
	}
	return Spam
}

// strike sends everything of an author who has had enough hidden to a person.
func (p *Policy) strike(v *Verdict, in Input) {
	if p.Strikes.Days == 0 || p.Strikes.Review == 0 || in.Strikes < p.Strikes.Review || v.Decision != Allow {
		return
	}
	v.Decision, v.Tier = Review, TierPolicy
	v.Reasons = append([]Reason{{Code: "policy:strikes", Text: fmt.Sprintf("%d of this author's texts were hidden within %d days: a person looks at everything they write", in.Strikes, p.Strikes.Days)}}, v.Reasons...)
}

// second lets a deletion or block stand only with a second condition; without it, what can be undone
// is done, and the rest waits for the LLM's agreement or a person.
func (p *Policy) second(v *Verdict, in Input) {
	if v.Decision != Delete && v.Decision != Block {
		return
	}
	if p.accepts(SecondRepeat) && p.Strikes.Days > 0 && in.Strikes > 0 {
		v.Reasons = append(v.Reasons, Reason{Code: "policy:repeat", Text: fmt.Sprintf("second condition: %d of this author's texts were hidden within %d days", in.Strikes, p.Strikes.Days)})
		return
	}
	v.Wants, v.Decision = v.Decision, undoable(in.Subject, v.Category)
	waits := "a person"
	if p.accepts(SecondLLM) {
		v.NeedsLLM, waits = true, "the language model's agreement or a person"
	}
	v.Reasons = append(v.Reasons, Reason{Code: "policy:second_condition", Text: fmt.Sprintf("to %s it takes a second condition: waits for %s", v.Wants, waits)})
}

// agree lets a waiting deletion or block happen when the LLM names a category of the same group and is
// sure; otherwise what was done stands and a person decides about the rest.
func (p *Policy) agree(v Verdict, a LLMAnswer) Verdict {
	if a.Category != "none" && isHarm(a.Category) == isHarm(v.Category) && a.Score >= p.LLMHide {
		v.Decision, v.Wants, v.Tier = v.Wants, "", TierLLM
		return v
	}
	v.Reasons = append(v.Reasons, Reason{Code: "policy:second_condition", Text: fmt.Sprintf("the language model does not agree: to %s it takes a person", v.Wants)})
	return v
}

// secondToLLM looks for what must stand beside the LLM's answer before something is deleted or blocked.
func (p *Policy) secondToLLM(v *Verdict, in Input, ruled bool) {
	switch {
	case ruled && p.accepts(SecondLLM):
		v.Reasons = append(v.Reasons, Reason{Code: "policy:second_condition", Text: "rules and the language model agree"})
	case p.accepts(SecondRepeat) && p.Strikes.Days > 0 && in.Strikes > 0:
		v.Reasons = append(v.Reasons, Reason{Code: "policy:repeat", Text: fmt.Sprintf("second condition: %d of this author's texts were hidden within %d days", in.Strikes, p.Strikes.Days)})
	default:
		v.Reasons = append(v.Reasons, Reason{Code: "policy:second_condition", Text: fmt.Sprintf("to %s it takes a person", v.Wants)})
		return
	}
	v.Decision, v.Wants = v.Wants, ""
}

func (p *Policy) most(category string, d Decision) Decision {
	if limit := Decision(p.Categories[category]); limit != "" && stronger(d, limit) {
		return limit
	}
	return d
}

// fromLLM is what the policy does with the LLM's answer alone. It never deletes or blocks: that takes
// another tier beside it.
func (p *Policy) fromLLM(v *Verdict, in Input, a LLMAnswer) Decision {
	if a.Category == "self_harm" {
		return Review
	}
	group := "spam"
	if isHarm(a.Category) {
		group = "harm"
	}
	if i := p.line(a.Category, group, a.Score, in, v.Language); i >= 0 {
		d := p.Table[i].decision(in.Subject)
		if d == Delete || d == Block {
			v.Wants = d
			d = undoable(in.Subject, a.Category)
		}
		return d
	}
	d := Review
	if a.Score >= p.LLMHide {
		d = p.most(a.Category, Hide)
	} else if a.Score < 0.3 {
		d = Allow
	}
	if d == Hide || d == Delete {
		return undoable(in.Subject, a.Category)
	}
	return d
}

var strength = map[Decision]int{Allow: 0, Review: 1, Spam: 2, Hide: 2, Block: 3, Delete: 3}

func stronger(a, b Decision) bool { return strength[a] > strength[b] }
