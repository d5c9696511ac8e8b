package moderation

import "testing"

// firedBy are the names of the shipped rules that hold for a comment.
func firedBy(text string) map[string]bool {
	names := map[string]bool{}
	in := Input{Subject: SubjectComment, Text: text}
	for _, m := range DefaultRules().match(&in, "en") {
		names[m.Rule] = true
	}
	return names
}

// What shipped rules see that labelled data carries in some languages only: open contempt, threats, advances, and the
// commonest offers under posts.
func TestShippedRulesKnowWhatDataLacks(t *testing.T) {
	t.Parallel()
	for rule, texts := range map[string][]string{
		"dehumanises": {
			"the staff here are rats", "Your waiters are all scum!", "you people are just animals", "What a waste of oxygen she is",
			"siete tutti parassiti", "sei un verme", "vous êtes des cafards", "t'es un déchet", "sois todos escoria", "eres una rata",
			"ihr seid alle ungeziefer", "du bist abschaum", "sunteți niște șobolani", "ești un gunoi", "vocês são uns vermes",
			"refugees are a plague", "gli immigrati sono una piaga", "les gitans sont la peste", "die Flüchtlinge sind eine Seuche", "musulmanii sunt o ciumă", "os imigrantes são a praga do país",
		},
		"threat_of_hurt": {
			"i'll come over and break your legs", "we will find you and hurt you", "somebody should burn down your shop, i will torch your car",
			"ti spacco la faccia", "vi do fuoco", "je vais te casser la gueule", "on va mettre le feu à ton magasin",
			"te voy a partir la cara", "voy a quemar vuestro local", "ich brech dir die Beine", "dir die Fresse polieren", "ich fackel euch den Laden ab",
			"îți rup picioarele", "vă dau foc la casă", "vou quebrar a sua cara", "vou botar fogo na loja",
		},
		"wants_dead": {
			"exterminate them all", "send the refugees home in body bags", "he deserves a bullet", "bruciateli tutti", "i nomadi, sterminarli tutti",
			"les arabes, tous au four", "il mérite une balle", "mataros no, matarlos a todos", "mereces morir", "vergast euch alle", "hoffentlich stirbst du bald, ich hoffe dass du stirbst",
			"toți la zid", "trebuie exterminați", "deviam todos morrer", "merece um tiro",
		},
		"sexual_advance": {
			"send me nudes", "show ur tits", "i wanna fuck you", "mandami una foto nuda", "envoie tes nudes", "pásame el pack", "manda nudes", "schick mir nacktbilder", "trimite poze nude",
		},
		"follow_for_follow": {"Me segue que eu sigo de volta", "Urmărește-mă și te urmăresc și eu", "Sígueme y te sigo", "F4F??", "folg mir, ich folge zurück"},
		"earn_from_home":    {"Who else wants to earn from home? Message me", "guadagna da casa 300 euro al giorno", "renda extra na bio", "Geld von zuhause verdienen"},
		"spell_caster":      {"Trago a pessoa amada em 3 dias"},
	} {
		for _, text := range texts {
			if !firedBy(text)[rule] {
				t.Errorf("%s does not hold for %q", rule, text)
			}
		}
	}
	for _, text := range []string{
		"your prices are killing me", "the rats in the pantomime are great", "i'll break my neck on those steps", "you'll break your neck on those steps one day",
		"my parcel was sent back in boxes", "it needs a bullet journal", "i'd smash that burger", "sei una bestia in cucina!", "siete delle bestie, che concerto",
		"le verdure nei forni a legna", "on met tous les légumes au four", "centrală la gaz cu condensare", "el domingo a la hoguera de San Juan", "die Regale an die Wand stellen",
		"sich den Kopf zerbrechen", "vai pro forno a 180 graus", "que mono eres", "te voy a comer a besos", "envoie-moi une photo de la robe", "manda foto do vestido vermelho",
		"show me your new boots", "zeig mir deine neuen Schuhe", "these boots are a pest to clean", "do you follow back on the emails?", "posso lavorare da casa?", "las ratas de biblioteca somos felices",
	} {
		for _, rule := range []string{"dehumanises", "threat_of_hurt", "wants_dead", "sexual_advance", "follow_for_follow", "earn_from_home"} {
			if firedBy(text)[rule] {
				t.Errorf("%s holds for the harmless %q", rule, text)
			}
		}
	}
}
