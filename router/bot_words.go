package router

import "slices"

// Words that count as an answer to the question just asked, and only then.
var (
	yesWords   = map[string][]string{"en": {"yes", "yes please", "yep", "yeah", "sure", "ok yes"}, "it": {"si", "si grazie", "certo"}, "fr": {"oui", "oui merci", "oui volontiers"}, "ro": {"da", "da multumesc", "sigur"}, "es": {"si", "si gracias", "claro"}, "de": {"ja", "ja gerne", "ja bitte"}, "pt": {"sim", "sim obrigado", "sim obrigada", "claro"}}
	noWords    = map[string][]string{"en": {"no", "no thanks", "no thank you", "nope"}, "it": {"no", "no grazie"}, "fr": {"non", "non merci"}, "ro": {"nu", "nu multumesc"}, "es": {"no", "no gracias"}, "de": {"nein", "nein danke"}, "pt": {"nao", "nao obrigado", "nao obrigada"}}
	startWords = []string{"start", "unstop", "subscribe", "subscribe me", "inizia", "iscrivimi", "commencer", "reprendre", "abonnez moi", "empezar", "alta", "suscribirme", "anmelden", "abonnieren", "iniciar", "assinar", "incepe", "abonare"}
	stopWords  = []string{"stop", "stopp"}
)

// isYes takes YES, SÌ, OUI, DA, SÍ, JA and SIM in whatever language they come: people mix. But only as
// the whole message.
func isYes(text, _ string) bool { return isWord(text, yesWords) }

func isNo(text, _ string) bool { return isWord(text, noWords) }

// IsYes reports whether a text, as a whole, says yes in one of the languages served.
func IsYes(text string) bool { return isWord(text, yesWords) }

// IsNo reports whether a text, as a whole, says no in one of the languages served.
func IsNo(text string) bool { return isWord(text, noWords) }

// LanguageOfAnswer is the language of a text that, as a whole, says yes or no: a word of two letters that is an answer in
// one language ("da", "ja") is a common word of others. Empty: it is an answer in several of them, and tells none.
func LanguageOfAnswer(text string) (language string, answer bool) {
	folded := Fold(text)
	for _, words := range []map[string][]string{yesWords, noWords} {
		for l, list := range words {
			switch {
			case !slices.Contains(list, folded):
			case answer && l != language:
				return "", true
			default:
				language, answer = l, true
			}
		}
	}
	return language, answer
}

// IsStart reports whether a text, as a whole, asks to come back.
func IsStart(text string) bool { return isStart(text) }

// isStart takes a word that asks to come back, as the whole message. It grants nothing but as the answer to
// the wording just shown; at any other time it has the wording shown.
func isStart(text string) bool { return slices.Contains(startWords, Fold(text)) }

// IsStop reports whether a text, as a whole, is the word that ends offers wherever it is written.
func IsStop(text string) bool { return isStop(text) }

func isStop(text string) bool { return slices.Contains(stopWords, Fold(text)) }

func isWord(text string, words map[string][]string) bool {
	folded := Fold(text)
	for _, list := range words {
		if slices.Contains(list, folded) {
			return true
		}
	}
	return false
}
