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
// (router.Fold), so an apostrophe must be written.
// They send something to a person to look at and do nothing else, so they may be generous.
var signs = []struct {
	kind  string
	words []string
}{
	{"authority", []string{
		"acma", "oaic", "cnil", "anspdcp", "aepd", "bfdi", "cnpd", "dnsc", "information commissioner", "data protection authority", "privacy commissioner", "consumer affairs", "accc", "spam act",
		"garante privacy", "garante della privacy", "garante per la privacy", "al garante", "autorita garante", "agcom",
		"signal conso", "repression des fraudes", "dgccrf",
		"protectia datelor", "autoritatea nationala de supraveghere", "anpc",
		"agencia de proteccion de datos", "agencia espanola de proteccion de datos", "facua",
		"datenschutzbehorde", "datenschutzbehoerde", "datenschutzbeauftragten", "datenschutzbeauftragte", "verbraucherzentrale", "bundesnetzagentur", "wettbewerbszentrale",
		"comissao nacional de protecao de dados", "anpd", "asae",
	}},
	{"lawyer", []string{
		"my lawyer", "our lawyer", "my solicitor", "my attorney", "legal action", "take you to court", "see you in court", "i will sue", "i'll sue", "going to sue",
		"mio avvocato", "nostro avvocato", "vie legali", "azione legale", "vi denuncio", "ti denuncio", "vi querelo",
		"mon avocat", "notre avocat", "porter plainte", "je porte plainte", "action en justice", "poursuites judiciaires",
		"avocatul meu", "va dau in judecata", "actiune in instanta", "plangere penala",
		"mi abogado", "mi abogada", "acciones legales", "les demandare", "los voy a denunciar", "voy a denunciar",
		"mein anwalt", "meinem anwalt", "meine anwaltin", "rechtsanwalt", "rechtliche schritte", "anzeige erstatten", "ich zeige sie an", "abmahnung",
		"meu advogado", "minha advogada", "acao judicial", "vou processar", "medidas legais",
	}},
	{"erasure", []string{
		"delete my data", "erase my data", "remove my data", "delete my number", "delete all my data", "right to be forgotten", "delete my information",
		"cancellate i miei dati", "cancella i miei dati", "eliminate i miei dati", "diritto all'oblio", "cancellazione dei miei dati",
		"supprimez mes donnees", "supprimer mes donnees", "effacez mes donnees", "droit a l'oubli", "effacement de mes donnees",
		"stergeti datele mele", "sterge datele mele", "stergerea datelor", "dreptul de a fi uitat",
		"borren mis datos", "borra mis datos", "eliminen mis datos", "derecho al olvido",
		"loschen sie meine daten", "loscht meine daten", "daten loschen", "loeschen sie meine daten", "recht auf vergessenwerden",
		"apaguem os meus dados", "apagar os meus dados", "eliminem os meus dados", "excluam meus dados", "direito ao esquecimento",
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
		"report you", "reporting you", "privacy violation", "violation of privacy", "violating my privacy", "breach of privacy", "privacy breach", "invasion of privacy", "who gave you my number", "where did you get my number", "how did you get my number", "never gave you my number", "did not consent", "didnt consent", "never consented", "gdpr", "file a complaint", "formal complaint", "harassing me", "harassment",
		"vi segnalo", "ti segnalo", "violazione della privacy", "violate la privacy", "chi vi ha dato il mio numero", "chi ti ha dato il mio numero", "dove avete preso il mio numero", "come avete avuto il mio numero", "mai dato il consenso", "non ho dato il consenso", "reclamo formale",
		"vous signaler", "je vous signale", "violation de la vie privee", "atteinte a la vie privee", "qui vous a donne mon numero", "comment avez vous eu mon numero", "ou avez vous eu mon numero", "jamais donne mon consentement", "rgpd", "harcelement",
		"va reclam", "va raportez", "incalcarea confidentialitatii", "incalcati confidentialitatea", "cine v a dat numarul meu", "cine ti a dat numarul meu", "de unde aveti numarul meu", "nu mi am dat acordul", "nu mi am dat consimtamantul", "hartuire",
		"los voy a reportar", "les voy a denunciar", "violacion de la privacidad", "violacion de privacidad", "quien les dio mi numero", "quien os ha dado mi numero", "quien te dio mi numero", "de donde sacaron mi numero", "nunca di mi consentimiento", "no di mi consentimiento", "acoso",
		"ich melde sie", "ich melde euch", "melde ich sie", "datenschutzverletzung", "verstoss gegen den datenschutz", "verletzung der privatsphare", "woher haben sie meine nummer", "woher habt ihr meine nummer", "wer hat ihnen meine nummer gegeben", "nie zugestimmt", "keine einwilligung", "dsgvo", "belastigung",
		"vou denunciar", "vou reportar", "violacao da privacidade", "violacao de privacidade", "quem vos deu o meu numero", "quem te deu meu numero", "quem deu meu numero", "onde arranjaram o meu numero", "nunca dei consentimento", "nao dei consentimento", "lgpd", "assedio",
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
			if tail, ok := strings.CutPrefix(rest, s.folded); ok && (tail == "" || tail[0] == ' ') && (found == nil || s.rank < found.rank) {
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
