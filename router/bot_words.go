package router

import (
	"slices"
	"strings"
	"unicode"
)

// Words that count as an answer to the question just asked, and only then.
var (
	yesWords   = map[string][]string{"en": {"yes", "yes please", "yep", "yeah", "sure", "ok yes"}, "it": {"si", "si grazie", "certo"}, "fr": {"oui", "oui merci", "oui volontiers"}, "ro": {"da", "da multumesc", "sigur"}, "es": {"si", "si gracias", "claro"}, "de": {"ja", "ja gerne", "ja bitte"}, "pt": {"sim", "sim obrigado", "sim obrigada", "claro"}}
	noWords    = map[string][]string{"en": {"no", "no thanks", "no thank you", "nope"}, "it": {"no", "no grazie"}, "fr": {"non", "non merci"}, "ro": {"nu", "nu multumesc"}, "es": {"no", "no gracias"}, "de": {"nein", "nein danke"}, "pt": {"nao", "nao obrigado", "nao obrigada"}}
	startWords = []string{"start", "unstop", "subscribe", "subscribe me", "inizia", "iscrivimi", "commencer", "reprendre", "abonnez moi", "empezar", "alta", "suscribirme", "anmelden", "abonnieren", "iniciar", "assinar", "incepe", "abonare"}
	stopWords  = []string{"stop", "stopp"}
)

// isYes takes YES, SÌ, OUI, DA, SÍ, JA and SIM in whatever language they come: people mix. But only as
// the whole message.
func isYes(text, _ string) bool { return IsYes(text) }

func isNo(text, _ string) bool { return IsNo(text) }

// IsYes reports whether a text, as a whole, says yes in one of the languages served.
func IsYes(text string) bool { return isWord(text, yesWords) || onlySays(text, yesWords, besideYes) }

// IsNo reports whether a text, as a whole, says no in one of the languages served.
func IsNo(text string) bool { return isWord(text, noWords) || onlySays(text, noWords, besideNo) }

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

// sharedGreetings are said in several languages, so that they tell none by themselves.
var sharedGreetings = map[string][]string{"salut": {"fr", "ro"}, "ciao": {"it", "ro", "de"}, "servus": {"de", "ro"}, "alo": {"ro", "fr", "pt"}}

// LanguagesOfGreeting are those of a text that, as a whole, greets in several languages; none: it is no such greeting.
func LanguagesOfGreeting(text string) []string { return sharedGreetings[Fold(text)] }

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

// What may stand beside a yes or a no without taking any of it back: politeness, and more of the same. None of it is a
// yes by itself where the list above does not say so: "ok" may only mean that it was read.
var (
	polite    = ` please pls thanks thank you grazie mille per favore merci beaucoup svp s il vous plait multumesc mersi va te rog frumos gracias muchas por favor bitte danke schon sehr obrigado obrigada muito`
	besideYes = strings.Fields(`ok okay fine that s thats is of course go ahead absolutely definitely perfect great va bene certo certamente perfetto volentieri bien sur volontiers d accord daccord avec plaisir parfait sigur desigur bine cu drag placere
 claro vale por supuesto perfecto de acuerdo gerne klar naturlich na passt pode ser com certeza perfeito gern` + polite)
	besideNo = strings.Fields(`its it s ok okay fine im i m good all right va bene cosi ca va e bine asa esta bien schon gut esta bem assim` + polite)
)

// onlySays reports whether a text is one of the words with nothing beside it that could mean something else.
func onlySays(text string, words map[string][]string, beside []string) bool {
	all := strings.FieldsFunc(Fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(all) == 0 || len(all) > mostBeside {
		return false
	}
	said := false
	for _, w := range all {
		if isWord(w, words) {
			said = true
		} else if !slices.Contains(beside, w) {
			return false
		}
	}
	return said
}

const mostBeside = 6

// Goodbyes by which a talk that is over ends once more: thanks, a farewell, that all is well.
var (
	farewells = strings.Fields(`thanks thank thx ty cheers grazie merci multumesc mersi gracias danke dank dankeschon obrigado obrigada valeu bye goodbye byebye arrivederci revoir revedere adios tschuss tschuess adeus
 ok okay perfect perfetto parfait perfecto perfeito perfekt super great cool nice top awesome lovely brilliant`)
	besideFarewell = strings.Fields(`so much very a lot many again see then you soon later have day evening weekend good nice too all the best bye ciao a presto buona giornata serata a tutto bonne journee soiree au revoir bientot
 o zi seara buna frumoasa la pa ne vedem hasta luego pronto buen dia tarde vielen tausend lieben schonen tag abend noch bis bald dann ate logo breve bom um boa um abraco saluti va bene d accord daccord vale alles klar e bine ok` + polite)
	fondEmoji = "👍👌🙏😊🙂😀😁😃😄😍🥰😘🤗🤩💙💚💛💜❤♥🧡💪🎉✨👋😉☺🫶💯🏻🏼🏽🏾🏿\ufe0f\u200d"
)

// IsFarewell reports whether a text says nothing but thanks, goodbye or that all is well, or is a fond emoji: where a talk
// is over, it wants no answer.
func IsFarewell(text string) bool {
	words := strings.FieldsFunc(Fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 {
		return strings.ContainsAny(text, fondEmoji) && strings.Trim(text, fondEmoji+" !.") == ""
	}
	if len(words) > longestFarewell || strings.Contains(text, "?") {
		return false
	}
	said := false
	for _, w := range words {
		switch {
		case slices.Contains(farewells, w):
			said = true
		case !slices.Contains(besideFarewell, w):
			return false
		}
	}
	return said
}

const longestFarewell = 8
