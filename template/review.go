package template

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// checkWords finds what Meta's reviewers refuse a text for whatever its form: links that hide where they lead, asking
// for what identifies somebody or opens their account, threats. It reads the seven languages served.
func (d Definition) checkWords(f *faults) {
	for _, p := range d.texts() {
		if !strings.HasSuffix(p.at, ".url") { // a button's address is checked with it
			for _, link := range linkPattern.FindAllString(p.text, -1) {
				checkHost(f, p.at, link)
			}
		}
		for _, sentence := range sentences(p.text) {
			if words := asksFor(sentence); words != "" {
				f.add(p.at, "asks_identifiers", "«%s» asks for what Meta lets no template ask for – a card or account number, an identity document, a password: take it out, or ask for the last four digits", words)
			}
			if words := threat.FindString(sentence); words != "" {
				f.add(p.at, "threat", "«%s» threatens: Meta refuses templates that threaten with courts, collectors or shame", strings.Trim(words, " ,"))
			}
		}
	}
}

type placed struct{ at, text string }

// texts are all words of a template, named as the form names them.
func (d Definition) texts() []placed {
	var out []placed
	if d.Header != nil {
		out = append(out, placed{"header.text", d.Header.Text})
	}
	out = append(out, placed{"body", d.Body}, placed{"footer", d.Footer})
	for i, b := range d.Buttons {
		at := "buttons[" + strconv.Itoa(i) + "]"
		out = append(out, placed{at + ".text", b.Text}, placed{at + ".url", b.URL})
	}
	return out
}

var linkPattern = regexp.MustCompile(`(?i)\b(?:https?://)?(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/[^\s<>"']*)?`)

var backToWhatsApp = []string{"wa.me", "wa.link", "api.whatsapp.com", "chat.whatsapp.com", "whatsapp.com"}

// Hosts under which anybody's links are short. Moderation knows more of them: there a page of links counts as well.
var shortened = []string{"adf.ly", "bit.do", "bit.ly", "bitly.com", "buff.ly", "cutt.ly", "cutt.us", "goo.gl", "goo.su", "is.gd", "j.mp", "kutt.it", "ow.ly", "qr.ae", "rb.gy", "rebrand.ly", "short.gy", "short.io", "shorturl.at", "snip.ly",
	"surl.li", "t.ly", "t2m.io", "tiny.cc", "tiny.one", "tinyurl.com", "trib.al", "u.to", "urlz.fr", "v.gd", "x.co"}

// checkHost refuses links that Meta does: short ones, which hide where they lead, and those back into WhatsApp.
func checkHost(f *faults, at, link string) {
	if !strings.Contains(link, "://") {
		link = "https://" + link
	}
	u, err := url.Parse(placePattern.ReplaceAllLiteralString(link, "x"))
	if err != nil {
		return
	}
	switch host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www."); {
	case slices.Contains(backToWhatsApp, host) && strings.HasPrefix(at, "buttons"):
		f.add(at, "whatsapp_link", "Meta refuses buttons that lead back to WhatsApp")
	case slices.Contains(backToWhatsApp, host):
		f.add(at, "whatsapp_link", "%s leads back to WhatsApp, where the person is already: Meta refuses that", host)
	case slices.Contains(shortened, host):
		f.add(at, "short_link", "%s hides where it leads, and Meta refuses it: write the whole address of your own site", host)
	}
}

// checkFilled holds a text with its examples against Meta's limits: a template is reviewed, and sent, with values.
func (d Definition) checkFilled(f *faults) {
	fill := func(in, text string) int {
		for _, name := range places(text) {
			if v, ok := d.variable(in, name); ok {
				text = strings.ReplaceAll(text, "{{"+name+"}}", v.Example)
			}
		}
		return utf8.RuneCountInString(text)
	}
	hold := func(at, in, text string, most int) {
		if bare := utf8.RuneCountInString(text); len(places(text)) == 0 || bare > most { // said already
			return
		}
		if n := fill(in, text); n > most {
			f.add(at, "example_too_long", "with its examples this has %d characters; Meta takes at most %d", n, most)
		}
	}
	if d.Header != nil && d.Header.Format == "TEXT" {
		hold("header.text", "header", d.Header.Text, maxHeader)
	}
	hold("body", "body", d.Body, maxBody)
	for i, b := range d.Buttons {
		if b.Type == "URL" {
			hold("buttons["+strconv.Itoa(i)+"].url", "button:"+strconv.Itoa(i), b.URL, maxURL)
		}
	}
}

// sentences are the folded sentences of a text: lower case, no accents.
func sentences(text string) []string {
	folded, _, err := transform.String(transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), text)
	if err != nil {
		folded = text
	}
	folded = strings.ToLower(strings.ReplaceAll(folded, "’", "'"))
	return strings.FieldsFunc(folded, func(r rune) bool { return strings.ContainsRune(".!?;\n", r) || r == 0x2026 })
}

// asksFor is the part of a sentence that asks for a sensitive identifier. "Never send us your card number" asks for
// nothing, nor does "the last four digits of your card"; "bring your passport" asks for nothing in the chat.
func asksFor(sentence string) string {
	for _, pattern := range []*regexp.Regexp{ask, whatIs} {
		at := pattern.FindStringIndex(sentence)
		if at == nil {
			continue
		}
		found := sentence[at[0]:at[1]]
		if lastDigits.MatchString(sentence) || never.MatchString(sentence) || inPerson.MatchString(sentence) {
			continue
		}
		return strings.Trim(found, " ,:'«»\"")
	}
	return ""
}

// Folded, whole words, one line a language where it matters: English, Italian, French, Romanian, Spanish, German,
// Portuguese.
const (
	wordStart = `(?:^|[^\pL\pN])`
	wordEnd   = `(?:$|[^\pL\pN])`
	between   = `[^\pL\pN](?:[^.!?;:]{0,45}[^\pL\pN])?`

	asking = `(?:send|reply with|respond with|answer with|enter|share|provide|confirm|verify|tell|text|give|upload|type|write|submit|fill in` +
		`|inviaci|invia|inviare|mandaci|manda|rispondi con|inserisci|inserire|comunicaci|comunica|conferma|confermaci|forniscici|fornisci|scrivici|scrivi|carica|indicaci|indica|verifica` +
		`|envoyez|envoie|repondez avec|saisissez|saisis|indiquez|indique|communiquez|confirmez|confirme|fournissez|donnez|ecrivez|telechargez|verifiez` +
		`|trimiteti|trimite|trimite-ne|trimiteti-ne|introduceti|introdu|comunicati|comunica-ne|confirmati|confirma|furnizati|scrieti|scrie|incarcati|spuneti|spune-ne` +
		`|envienos|envie|envia|envianos|responda con|responde con|introduzca|introduce|comparta|comparte|confirme|facilite|facilitenos|indiquenos|escriba|escribe|suba|diganos|dinos` +
		`|senden|sende|schicken|schicke|antworten sie mit|antworte mit|geben|gib|bestatigen|bestatige|teilen|nennen|nenne|schreiben|schreibe|laden` +
		`|envie-nos|responda com|introduza|insira|partilhe|compartilhe|forneca|informe|escreva|digite|carregue)`

	identifier = `(?:(?:credit |debit |payment |bank )?card (?:number|details|data)|cvv|cvc|security code|passports?(?: number| copy| photo| scan)?|identity (?:card|document)s?|id (?:card|document|number)s?|national id|driver'?s licen[cs]e|driving licen[cs]e|social security number|ssn|bank account(?: number| details)?|account number|iban|passwords?|(?:your|the) pin|pin (?:code|number)|tax file number` +
		`|numero (?:della |di )?(?:tua |sua |vostra )?carta(?: di credito| di debito)?|dati della (?:tua |sua )?carta|codice di sicurezza|passaporto|carta d'identita|documento d'identita|documento di identita|patente(?: di guida)?|codice fiscale|coordinate bancarie|conto corrente` +
		`|numero de (?:votre |ta |la )?carte(?: bancaire| de credit| bleue)?|cryptogramme|code de securite|passeport|carte d'identite|piece d'identite|permis de conduire|numero de securite sociale|coordonnees bancaires|votre rib|mot de passe|code secret` +
		`|numarul (?:de )?card(?:ului)?|numarul de pe card|datele (?:de pe )?card(?:ului)?|pasaport(?:ul|ului)?|cartea de identitate|copie dupa buletin|actul de identitate|permis(?:ul)? de conducere|cnp|cod(?:ul)? numeric personal|contul bancar|parola (?:ta|dumneavoastra|contului|de acces)|cod(?:ul)? pin` +
		`|numero de (?:su |tu |la )?tarjeta(?: de credito| de debito)?|datos de (?:su |tu |la )?tarjeta|codigo de seguridad|pasaporte|documento de identidad|dni|nie|permiso de conducir|carnet de conducir|cuenta bancaria|numero de cuenta|contrasena` +
		`|kartennummer|kreditkartennummer|kreditkartendaten|kartendaten|prufnummer|reisepass(?:es)?|personalausweis(?:es)?|ausweis(?:nummer|kopie)?|fuhrerschein|kontonummer|bankdaten|kontodaten|passwort|sozialversicherungsnummer` +
		`|numero d[oe] (?:seu |teu )?cartao(?: de credito| de debito)?|dados do (?:seu |teu )?cartao|passaporte|cartao de cidadao|bilhete de identidade|documento de identidade|carta de conducao|cpf|nif|conta bancaria|numero d[ae] (?:sua )?conta|palavra-passe|senha)`
)

var (
	ask    = regexp.MustCompile(wordStart + asking + between + identifier + wordEnd)
	whatIs = regexp.MustCompile(wordStart + `(?:what is|what's|what are|qual e|quali sono|quel est|quelle est|quels sont|care este|care e|cual es|cuales son|wie lautet|was ist|qual o)` + between + identifier + wordEnd)

	lastDigits = regexp.MustCompile(`(?:last|final|ultim[eio]|ultimele|ultimos|letzten|derniers) (?:4|four|quattro|quatre|patru|cuatro|vier|quatro)`)
	never      = regexp.MustCompile(wordStart + `(?:never|not|don't|won't|without|non|ne [^.]{0,40}(?:pas|jamais|plus)|n'[^.]{0,40}(?:pas|jamais|plus)|sans|nu|niciodata|fara|nunca|no|sin|nie|niemals|kein|keine|nicht|nao|sem)` + wordEnd)
	inPerson   = regexp.MustCompile(wordStart + `(?:bring|show|carry|about|regarding|porta|portare|mostra|presenta|riguardo|apportez|presentez|montrez|concernant|aduceti|adu|prezentati|despre|traiga|trae|muestre|presente|sobre|bringen|mitbringen|zeigen|vorlegen|uber|traga|apresente|mostre)` + wordEnd)

	threat = regexp.MustCompile(wordStart + `(?:(?:take|start|begin|initiate|pursue|face|forced to|further) (?:\pL+ ){0,2}legal (?:action|proceedings|steps)|we (?:will|shall) sue|sue you|take you to court|see you in court|debt collect(?:or|ors|ion)|report you to the police|(?:publish|post|expose) your (?:name|debt|photo)|name and shame` +
		`|(?:azioni?|vie|procedimenti?) legali?|azione giudiziaria|ti denunc(?:eremo|iamo)|la denunc(?:eremo|iamo)|citar(?:ti|la|vi) in giudizio|recupero crediti|pubblicheremo il (?:tuo|suo) nome` +
		`|poursuites (?:judiciaires|penales)|action en justice|voie judiciaire|vous poursuivr(?:e|ons)|huissier|recouvrement (?:de|force)|mise en demeure|publierons votre nom` +
		`|actiun(?:e|i) (?:in instanta|in justitie|legale)|da(?:m)? in judecata|executor(?:ul)? judecatoresc|recuperare (?:de )?creante|recuperatori(?:i|lor)?|publicam numele` +
		`|acciones (?:legales|judiciales)|(?:le|te) demandaremos|(?:le|te) denunciaremos|via judicial|cobro de (?:morosos|deudas)|publicaremos su nombre` +
		`|rechtliche schritte|gerichtliche schritte|vor gericht bringen|verklagen|inkasso\pL*|gerichtsvollzieher|anwalt einschalten` +
		`|a[cq]coes (?:legais|judiciais)|medidas (?:legais|judiciais)|processa-lo|processaremos voce|cobranca judicial)` + wordEnd)
)
