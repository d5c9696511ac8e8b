package router

import (
	"slices"
	"strconv"
	"strings"
)

// Numbers in words, folded, by language: from one on, and places from the first on.
var cardinals, ordinals = map[string][][]string{}, map[string][][]string{}

func init() {
	for lang, words := range map[string]string{
		"en": "one two three four five six seven eight nine ten eleven twelve",
		"it": "uno|una|un due tre quattro cinque sei sette otto nove dieci undici dodici",
		"fr": "un|une deux trois quatre cinq six sept huit neuf dix onze douze",
		"ro": "unu|una|un|o doi|doua trei patru cinci sase sapte opt noua zece unsprezece doisprezece|douasprezece",
		"es": "uno|una|un dos tres cuatro cinco seis siete ocho nueve diez once doce",
		"de": "eins|ein|eine|einen|einer zwei|zwo drei vier funf|fuenf sechs sieben acht neun zehn elf zwolf|zwoelf",
		"pt": "um|uma dois|duas tres quatro cinco seis sete oito nove dez onze doze",
	} {
		cardinals[lang] = spelled(words)
	}
	for lang, words := range map[string]string{
		"en": "first second third fourth fifth sixth seventh eighth ninth tenth",
		"it": "primo|prima secondo|seconda terzo|terza quarto|quarta quinto|quinta sesto|sesta settimo|settima ottavo|ottava nono|nona decimo|decima",
		"fr": "premier|premiere deuxieme|second|seconde troisieme quatrieme cinquieme sixieme septieme huitieme neuvieme dixieme",
		"ro": "primul|prima doilea|doua treilea|treia patrulea|patra cincilea|cincea saselea|sasea saptelea|saptea optulea|opta noualea|noua zecelea|zecea",
		"es": "primero|primera|primer segundo|segunda tercero|tercera|tercer cuarto|cuarta quinto|quinta sexto|sexta septimo|septima octavo|octava noveno|novena decimo|decima",
		"de": "erste|ersten|erster|erstes zweite|zweiten|zweiter|zweites dritte|dritten|dritter|drittes vierte|vierten|vierter|viertes funfte|funften|fuenfte|fuenften " +
			"sechste|sechsten siebte|siebten achte|achten neunte|neunten zehnte|zehnten",
		"pt": "primeiro|primeira segundo|segunda terceiro|terceira quarto|quarta quinto|quinta sexto|sexta setimo|setima oitavo|oitava nono|nona decimo|decima",
	} {
		ordinals[lang] = spelled(words)
	}
}

func spelled(words string) (out [][]string) {
	for _, w := range strings.Fields(words) {
		out = append(out, strings.Split(w, "|"))
	}
	return out
}

var (
	lastWords = []string{"last", "ultimo", "ultima", "dernier", "derniere", "ultimul", "letzte", "letzten", "letzter", "letztes"}
	// AroundChoices stands around a choice without meaning another.
	AroundChoices = strings.Fields(`the number nr option choice please pls plz thanks i il lo la le l numero opzione scelta per favore grazie choix svp s vous plait merci
 optiunea varianta numarul cel cea al a va rog multumesc el opcion por favor gracias der die das den nummer bitte danke o opcao obrigado obrigada`)
)

// numberIn is the number that a word stands for in a language, or in English; 0: none.
func numberIn(lists map[string][][]string, lang, word string) int {
	for _, l := range []string{lang, "en"} {
		if i := slices.IndexFunc(lists[l], func(forms []string) bool { return slices.Contains(forms, word) }); i >= 0 {
			return i + 1
		}
	}
	return 0
}

// Besides are the words of a folded text without those that mean nothing beside a choice or a count.
func Besides(folded string, around []string) []string {
	return slices.DeleteFunc(strings.Fields(folded), func(w string) bool { return slices.Contains(around, w) })
}

// PlaceIn reads which of so many is meant by its place: "2", "option 2", "two", "the second one", "2nd", "the last".
// Of a place in words alone, ordinal says that it cannot be a count.
func PlaceIn(folded, lang string, of int) (n int, ordinal bool) {
	words := Besides(folded, AroundChoices)
	if len(words) == 2 && slices.Contains([]string{"one", "choice"}, words[1]) { // "the second one"
		words = words[:1]
		ordinal = true
	}
	if len(words) != 1 {
		return 0, false
	}
	w := words[0]
	if n := numberIn(ordinals, lang, w); n > 0 {
		return inRange(n, of), numberIn(cardinals, lang, w) == 0
	}
	if slices.Contains(lastWords, w) {
		return of, true
	}
	if ordinal { // "two one" is none
		return 0, false
	}
	digits := strings.TrimRight(w, "abcdefghijklmnopqrstuvwxyz")
	switch end := w[len(digits):]; {
	case end == "":
		return inRange(digitsOf(w), of), false
	case digits != "":
		if !slices.Contains([]string{"st", "nd", "rd", "th", "er", "ere", "e", "eme", "o", "a", "lea"}, end) {
			return 0, false
		}
		return inRange(digitsOf(digits), of), true
	}
	return inRange(numberIn(cardinals, lang, w), of), false
}

func inRange(n, of int) int {
	if n < 1 || n > of {
		return 0
	}
	return n
}

// HasNumber says whether a title has a number in it, in digits or in words: then a number that is written may be what is
// called so, and not the place.
func HasNumber(title, lang string) bool {
	return slices.ContainsFunc(strings.Fields(Fold(title)), func(w string) bool { return digitsOf(w) >= 0 || numberIn(cardinals, lang, w) > 1 })
}

// Cardinal is the number that a folded word stands for in a language, or in English; 0: none. In no language: in any.
func Cardinal(word, lang string) int {
	if lang != "" {
		return numberIn(cardinals, lang, word)
	}
	for l := range cardinals {
		if n := numberIn(cardinals, l, word); n > 0 {
			return n
		}
	}
	return 0
}

// digitsOf is a number of at most four digits; -1: it is none.
func digitsOf(s string) int {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || len(s) > 4 {
		return -1
	}
	return int(n)
}
