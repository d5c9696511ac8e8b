package gate

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// says finds a brand's name however it is written, as words of their own: «Ana» does not stand in "banana". Scripts
// that part no words with spaces have it wherever it stands.
func says(text, brand string) bool {
	want, in := strings.Join(strings.Fields(fold(brand)), " "), strings.Join(strings.Fields(fold(text)), " ")
	for at := 0; want != ""; {
		i := strings.Index(in[at:], want)
		if i < 0 {
			return false
		}
		begin, end := at+i, at+i+len(want)
		before, _ := utf8.DecodeLastRuneInString(in[:begin])
		after, _ := utf8.DecodeRuneInString(in[end:])
		first, size := utf8.DecodeRuneInString(want)
		last, _ := utf8.DecodeLastRuneInString(want)
		if !(wordy(before) && wordy(first)) && !(wordy(last) && wordy(after)) {
			return true
		}
		at = begin + size
	}
	return false
}

// wordy says that a character beside another one makes one word of them.
func wordy(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// tellsHowToStop finds the way out in a message in the seven languages served: the word to answer with –
// in capitals, in quotes or after "reply" –, a sentence about unsubscribing, or a button that says it.
// "Non-stop fun" is no way out, nor is it in capitals.
func tellsHowToStop(text string) bool {
	text = noWayOut.ReplaceAllString(text, "$1 $4")
	return stopWord.MatchString(text) || stopSentence.MatchString(fold(text))
}

// noWayOut are the words of a way out where they are none.
var noWayOut = regexp.MustCompile(`(?i)(^|[^\pL\pN])((?:non|one|bus|tram|pit|full|can['’]?t|don['’]?t|won['’]?t|never|next|first|last|without|sans|senza|ohne|sin|sem)[ -]+(?:stop|stopp|arr[eê]t|parar)|arr[eê]t(s)? (?:de|du) (?:bus|tram)|stop ?& ?go|baja california|sair d[eao])($|[^\pL\pN])`)

var stopWord = regexp.MustCompile(`(^|[^\pL\pN-])(STOP|STOPP|ARRET|ARRÊT|BAJA|SAIR|PARAR|ABMELDEN|ABBESTELLEN|OPRESTE|OPREȘTE)($|[^\pL\pN-])`)

// Folded: lower case, no accents. One line a language where it matters.
var stopSentence = regexp.MustCompile(`(^|[^\pL\pN])(opt(ing)?[ -]?out|unsubscribe|stop (these|getting|receiving) (offers|messages|promotions)` +
	`|disiscri(viti|versi|vermi|vimi|zione)|annulla(re)? l.iscrizione|cancellar(ti|si) dalla lista` +
	`|desabonne(r|z|ment)|desinscri(re|vez|ption)|ne plus recevoir` +
	`|dezabon(are|ezi|eaza|ati|area)|nu mai (vrei|doriti|doresti) (sa primesti|sa primiti|oferte|mesaje)` +
	`|darse de baja|darte de baja|dar de baja|cancelar la suscripcion|no recibir mas` +
	`|abmeld(en|ung)|abbestell(en|ung)|keine (angebote|nachrichten|werbung) mehr` +
	`|cancelar a (subscricao|inscricao|assinatura)|deixar de receber|nao receber mais` +
	`|(reply|text|send|answer|write|type|tap|rispondi|scrivi|invia|manda|repond(s|ez|re)|envo(ie|yez)|ecri(s|vez|re)|raspund(e|eti)|scri(e|eti)|trimite(ti)?|respond(e|a|er)|escrib(e|a)|envi(a|e)|antworte[nt]?|sende[nt]?|schreibe[nt]?|escreva|digite)` +
	`[^\pL\pN]+((with|con|mit|cu|par|avec|a|by|sie|einfach|just|solo)[^\pL\pN]+){0,2}(stop|stopp|arret|arreter|baja|sair|parar|alto|opreste|ende|end|ferma|basta|quit|unsubscribe|abmelden|abbestellen|descadastrar|dezabonare|desabonner))($|[^\pL\pN])` +
	`|(^|\n)\s*(stop|stopp|basta|arreter|arretez|parar|no more|no mas|nu mai trimite)( (promotions?|promos?|offers?|offerte|promozioni|offres|oferte|promotii|ofertas|promociones|angebote|werbung|promocoes|marketing|messages|messaggi|mesaje|mensajes|mensagens|nachrichten))?\s*(\n|$)`)

// componentTexts collects every text and link of a template's components, whatever their shape.
func componentTexts(raw json.RawMessage) []string {
	if len(raw) == 0 {
		return nil
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil
	}
	var out []string
	collect(v, "", &out)
	return out
}

func collect(v any, key string, out *[]string) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			collect(x, key, out)
		}
	case map[string]any:
		for k, x := range v {
			if k != "example" {
				collect(x, k, out)
			}
		}
	case string:
		if key == "text" || key == "url" {
			*out = append(*out, v)
		}
	}
}

func sortTimes(t []time.Time) { slices.SortFunc(t, time.Time.Compare) }
