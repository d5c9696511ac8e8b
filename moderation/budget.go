package moderation

// limits are the thresholds of hiding that a false-hide budget asks for, by group and language. Scores
// are calibrated: of texts that score t or more, at most 1−t are expected to be harmless. So "at most
// one wrong hide in n" holds from 1−1/n on, and never below the card's own threshold. 0: no budget.
func (m *Model) limits(oneIn int) map[string]map[string]float64 {
	if oneIn == 0 {
		return nil
	}
	at := 1 - 1/float64(oneIn)
	out := map[string]map[string]float64{}
	for _, group := range []string{"harm", "spam"} {
		out[group] = map[string]float64{}
		for _, lang := range append([]string{""}, policyLanguages...) {
			out[group][lang] = max(at, m.threshold(group, lang))
		}
	}
	return out
}

// GroupOf is the group of a category: harm or spam.
func GroupOf(category string) string {
	if inList(SpamCategories, category) {
		return "spam"
	}
	return "harm"
}

// CardOneIn is the budget where the policy states none: the precision of a hide that the model card's
// thresholds are held to.
const CardOneIn = 10

// Budget is how many hides one may be wrong in.
func (p *Policy) Budget() int {
	if p.OneWrongHideIn > 0 {
		return p.OneWrongHideIn
	}
	return CardOneIn
}

// HideFrom is the score from which the embedded model hides a group in a language under this policy.
func (e *Engine) HideFrom(group, language string) float64 {
	own := e.policy.Harm
	if group == "spam" {
		own = e.policy.Spam
	}
	return e.policy.hideFrom(group, own, language, e.model.threshold(group, language))
}
