package consent

import (
	"strings"
	"sync"

	"ponte/router"
)

// Complaint is a sign in a text that owner or admin must answer within days.
type Complaint struct {
	Kind string // authority, lawyer, erasure, access, complaint
	Sign string // the words that were recognised, out of the lists below: never the person's own
}

// The signs, the gravest first. They are compared without case, accents and punctuation, as whole words
// (router.Fold), so an apostrophe must be written; small words that stand between theirs are passed over.
// They send something to a person to look at and do nothing else, so they may be generous.
var signs = []struct {
	kind  string
	words []string
}{
	{"authority", []string{
		"acma", "oaic", "cnil", "anspdcp", "aepd", "bfdi", "cnpd", "dnsc", "information commissioner", "data protection authority", "privacy commissioner", "consumer affairs", "accc", "spam act", "ombudsman", "scamwatch", "do not call register", "to the ico", "with the ico", "ico complaint", "trading standards",
		"garante privacy", "garante della privacy", "garante per la privacy", "al garante", "autorita garante", "agcom", "agcm", "polizia postale", "registro delle opposizioni", "registro pubblico delle opposizioni",
		"signal conso", "repression des fraudes", "dgccrf", "au 33700", "le 33700", "bloctel", "defenseur des droits",
		"protectia datelor", "autoritatea nationala de supraveghere", "anpc",
		"agencia de proteccion de datos", "agencia espanola de proteccion de datos", "facua", "la ocu", "lista robinson", "oficina de consumo", "omic",
		"datenschutzbehorde", "datenschutzbehoerde", "datenschutzbeauftragten", "datenschutzbeauftragte", "verbraucherzentrale", "bundesnetzagentur", "wettbewerbszentrale", "robinsonliste",
		"comissao nacional de protecao de dados", "anpd", "asae", "reclame aqui", "portal da queixa", "deco proteste",
	}},
	{"lawyer", []string{
		"my lawyer", "our lawyer", "my solicitor", "my attorney", "legal action", "take you to court", "see you in court", "i will sue", "i'll sue", "going to sue",
		"mio avvocato", "nostro avvocato", "vie legali", "azione legale", "vi denuncio", "ti denuncio", "vi querelo",
		"mon avocat", "notre avocat", "porter plainte", "je porte plainte", "porte plainte", "depose plainte", "deposer plainte", "depose une plainte", "action en justice", "poursuites judiciaires",
		"avocatul meu", "va dau in judecata", "actiune in instanta", "plangere penala", "plangere la politie",
		"mi abogado", "mi abogada", "acciones legales", "les demandare", "los voy a denunciar", "voy a denunciar", "puse una denuncia", "puesto una denuncia", "poner una denuncia", "presentado una denuncia", "presentar una denuncia",
		"mein anwalt", "meinen anwalt", "anwalt einschalten", "meinem anwalt", "meine anwaltin", "rechtsanwalt", "rechtliche schritte", "anzeige erstatten", "anzeige erstattet", "strafanzeige", "ich zeige sie an", "abmahnung",
		"meu advogado", "minha advogada", "acao judicial", "vou processar", "medidas legais",
	}},
	{"erasure", []string{
		"delete my data", "erase my data", "remove my data", "delete my number", "delete all my data", "right to be forgotten", "delete my information", "delete everything you have about me", "delete data you have about me", "delete data you hold about me", "erase everything you have about me",
		"cancellate i miei dati", "cancella i miei dati", "cancellare i miei dati", "eliminare i miei dati", "eliminate i miei dati", "diritto all'oblio", "cancellazione dei miei dati",
		"supprimez mes donnees", "supprimer mes donnees", "effacez mes donnees", "droit a l'oubli", "effacement de mes donnees",
		"stergeti datele mele", "stergeti mi datele", "sterge mi datele", "stergeti mi numarul", "sterge datele mele", "stergerea datelor", "dreptul de a fi uitat",
		"borren mis datos", "borra mis datos", "borrad mis datos", "borre mis datos", "borrar mis datos", "eliminen mis datos", "derecho al olvido",
		"loschen sie meine daten", "loscht meine daten", "daten loschen", "loschen sie meine nummer", "losch meine daten", "loeschen sie meine daten", "recht auf vergessenwerden",
		"apaguem os meus dados", "apagar os meus dados", "apague os meus dados", "apaguem meus dados", "apague meus dados", "eliminar os meus dados", "eliminem os meus dados", "excluam meus dados", "direito ao esquecimento",
	}},
	{"access", []string{
		"copy of my data", "what data do you have", "what information do you have about me", "data you hold about me", "subject access request",
		"copia dei miei dati", "quali dati avete", "che dati avete su di me",
		"copie de mes donnees", "quelles donnees avez vous", "droit d'acces",
		"copie a datelor mele", "ce date aveti despre mine",
		"copia de mis datos", "que datos tienen", "derecho de acceso",
		"kopie meiner daten", "welche daten haben sie", "auskunft nach art", "datenauskunft",
		"copia dos meus dados", "que dados tem sobre mim", "que dados voces tem",
	}},
	{"complaint", []string{
		"report you", "make a complaint", "made a complaint", "lodge a complaint", "lodged a complaint", "lodging a complaint", "filed a complaint", "filing a complaint", "reported you", "complaint about you", "complaint about your messages", "complaint about these messages", "never signed up for these", "never signed up for this", "never signed up for your messages", "never agreed to", "did not agree to", "didn't agree to", "didn't consent", "never gave consent", "never gave you consent", "never gave my consent", "breaking privacy law", "breaking privacy laws", "against privacy law", "breach of data protection", "reporting you", "privacy violation", "violation of privacy", "violating my privacy", "breach of privacy", "privacy breach", "invasion of privacy", "who gave you my number", "where did you get my number", "how did you get my number", "never gave you my number", "did not consent", "didnt consent", "never consented", "gdpr", "file a complaint", "formal complaint", "harassing me", "harassment",
		"vi segnalo", "fare reclamo", "fare un reclamo", "presentare reclamo", "sporgere reclamo", "fatto reclamo", "fatto un reclamo", "presentato reclamo", "presentato un reclamo", "vi ho segnalato", "vi ho segnalati", "sporto denuncia", "sporgere denuncia", "fatto denuncia", "mai acconsentito", "non ho acconsentito", "ti segnalo", "violazione della privacy", "violate la privacy", "chi vi ha dato il mio numero", "chi ti ha dato il mio numero", "dove avete preso il mio numero", "come avete avuto il mio numero", "mai dato il consenso", "non ho dato il consenso", "reclamo formale",
		"vous signaler", "faire une reclamation", "deposer une reclamation", "fait une reclamation", "depose une reclamation", "vous ai signale", "vous ai signales", "pas donne mon consentement", "jamais consenti", "jamais accepte de recevoir", "je vous signale", "violation de la vie privee", "atteinte a la vie privee", "qui vous a donne mon numero", "comment avez vous eu mon numero", "ou avez vous eu mon numero", "jamais donne mon consentement", "rgpd", "harcelement",
		"va reclam", "o plangere oficiala", "fac o reclamatie", "depun o reclamatie", "depune o reclamatie", "am depus o reclamatie", "am facut o reclamatie", "am depus o plangere", "am depus plangere", "depun o plangere", "depun plangere", "v am reclamat", "v am raportat", "va raportez", "incalcarea confidentialitatii", "incalcati confidentialitatea", "cine v a dat numarul meu", "cine ti a dat numarul meu", "de unde aveti numarul meu", "nu mi am dat acordul", "nu mi am dat consimtamantul", "hartuire",
		"los voy a reportar", "poner una reclamacion", "presentar una reclamacion", "poner una queja", "presentar una queja", "puesto una reclamacion", "puse una reclamacion", "presentado una reclamacion", "presente una queja", "puse una queja", "los he denunciado", "les he denunciado", "os he denunciado", "hoja de reclamaciones", "nunca acepte recibir", "les voy a denunciar", "violacion de la privacidad", "violacion de privacidad", "quien les dio mi numero", "quien os ha dado mi numero", "quien te dio mi numero", "de donde sacaron mi numero", "nunca di mi consentimiento", "no di mi consentimiento", "acoso",
		"ich melde sie", "beschwerde einreichen", "beschwerde einlegen", "beschwerde eingereicht", "beschwerde eingelegt", "offizielle beschwerde", "nicht zugestimmt", "nicht eingewilligt", "ich melde euch", "melde ich sie", "datenschutzverletzung", "verstoss gegen den datenschutz", "verletzung der privatsphare", "woher haben sie meine nummer", "woher habt ihr meine nummer", "wer hat ihnen meine nummer gegeben", "nie zugestimmt", "keine einwilligung", "dsgvo", "belastigung",
		"vou denunciar", "fazer uma reclamacao", "apresentar uma reclamacao", "abrir uma reclamacao", "fiz uma reclamacao", "apresentei uma reclamacao", "abri uma reclamacao", "fiz queixa", "apresentei queixa", "fazer queixa", "fiz uma denuncia", "denunciei", "livro de reclamacoes", "procon", "como conseguiram meu numero", "como arranjaram meu numero", "como obtiveram meu numero", "onde arranjaram meu numero", "quem vos deu meu numero", "vou reportar", "violacao da privacidade", "violacao de privacidade", "quem vos deu o meu numero", "quem te deu meu numero", "quem deu meu numero", "onde arranjaram o meu numero", "nunca dei consentimento", "nunca dei meu consentimento", "nao dei meu consentimento", "nao dei consentimento", "lgpd", "assedio",
	}},
}

// sign is one of the lists' entries; rank is its place among all, the gravest first.
type sign struct {
	rank                int
	kind, words, folded string
}

// signsByWord finds the signs that begin with a word, so that a text is looked through once and not once
// for each sign.
var signsByWord = sync.OnceValue(func() map[string][]sign {
	byWord, rank := map[string][]sign{}, 0
	for _, s := range signs {
		for _, w := range s.words {
			folded := router.Fold(w)
			first, _, _ := strings.Cut(folded, " ")
			byWord[first] = append(byWord[first], sign{rank, s.kind, w, folded})
			rank++
		}
	}
	return byWord
})

// FindComplaint recognises a complaint in seven languages, or nothing. Of several signs the gravest counts.
func FindComplaint(text string) (Complaint, bool) {
	var found *sign
	for rest := router.Fold(text); rest != ""; {
		word, after, _ := strings.Cut(rest, " ")
		for _, s := range signsByWord()[word] {
			if (found == nil || s.rank < found.rank) && begins(rest, s.folded) {
				found = &s
			}
		}
		rest = after
	}
	if found == nil {
		return Complaint{}, false
	}
	return Complaint{found.kind, found.words}, true
}

// small are words that people put between those of a sign, and that change nothing: delete *all the* data, i *tutti*
// miei dati, *o* meu numero. Three may stand in one place.
var small = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(`all the any of ever actually personal phone mobile please now
		tutti tutte i il le subito per favore telefono di
		toutes tous les l le de bien personnelles immediatement telephone
		toate tot de imediat telefon personale va rog
		todos todas los las mi ya personales telefono por favor inmediatamente
		alle alles bitte sofort personlichen auch das
		os as o a todos todas ja telemovel telefone pessoais`) {
		out[w] = true
	}
	return out
}()

// begins says whether a folded text begins with the words of a sign.
func begins(text, words string) bool {
	for passed := 0; ; {
		word, rest, more := strings.Cut(text, " ")
		want, further, left := strings.Cut(words, " ")
		switch {
		case word == want && !left:
			return true
		case word == want:
			words, passed = further, 0
		case passed < 3 && small[word]:
			passed++
		default:
			return false
		}
		if text = rest; !more {
			return false
		}
	}
}
