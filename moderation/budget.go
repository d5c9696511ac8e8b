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
