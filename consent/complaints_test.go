package consent

import (
	"strings"
	"testing"
)

func TestAComplaintIsRecognisedByItsGravestSign(t *testing.T) {
	for _, c := range []struct{ text, kind, sign string }{
		{"I will report you to the ACMA!", "authority", "acma"}, // "report you" stands before it and is less
		{"Where did you get my number??", "complaint", "where did you get my number"},
		{"Próxima: VOY A DENUNCIAR", "lawyer", "voy a denunciar"},
		{"mi cancellate i miei dati per favore", "erasure", "cancellate i miei dati"},
		{"droit à l’oubli", "erasure", "droit a l'oubli"},
		{"I'll sue you", "lawyer", "i'll sue"},
		{"Quali dati avete su di me?", "access", "quali dati avete"},
		{"reporting your shop to my friends, they love it", "", ""}, // whole words: not "reporting you"
		{"acmas", "", ""},
		{"my lawyers", "", ""},
		{"what data do you", "", ""}, // the text ends before the sign does
		{"Please delete all the personal data you have about me", "erasure", "delete data you have about me"},
		{"Vorrei cancellare tutti i miei dati", "erasure", "cancellare i miei dati"},
		{"Effacez toutes mes données", "erasure", "effacez mes donnees"},
		{"Ștergeți-mi toate datele", "erasure", "stergeti mi datele"},
		{"Borren ya todos mis datos", "erasure", "borren mis datos"},
		{"Löschen Sie bitte sofort meine Daten!", "erasure", "loschen sie meine daten"},
		{"Apaguem todos os meus dados", "erasure", "apaguem os meus dados"},
		{"How did you get my phone number?", "complaint", "how did you get my number"},
		{"I didn't agree to any of this", "complaint", "didn't agree to"},
		{"Como conseguiram o meu número?", "complaint", "como conseguiram meu numero"},
		{"Nunca dei o meu consentimento", "complaint", "nunca dei meu consentimento"},
		{"Quiero poner una reclamación", "complaint", "poner una reclamacion"},
		{"Vreau să fac o reclamație", "complaint", "fac o reclamatie"},
		{"Voglio fare reclamo", "complaint", "fare reclamo"},
		{"Ich schalte meinen Anwalt ein", "lawyer", "meinen anwalt"},
		{"I didn't agree with the referee", "", ""},
		{"I never signed up for a tour before, is it hard?", "", ""},
		{"delete the photo of my data cable", "", ""}, // another word stands between
		{"how did you get the new number of the shop", "", ""},
		{"I have filed this with ACMA", "authority", "acma"},
		{"I've complained to the ICO", "authority", "to the ico"},
		{"I have already lodged a complaint", "complaint", "lodged a complaint"},
		{"Ho già sporto denuncia alla Polizia Postale", "authority", "polizia postale"},
		{"Numéro signalé au 33700", "authority", "au 33700"},
		{"J'ai déposé une plainte", "lawyer", "depose une plainte"},
		{"Am depus plângere la voi la sediu", "complaint", "am depus plangere"},
		{"Ya he presentado una denuncia", "lawyer", "presentado una denuncia"},
		{"Ich habe Strafanzeige gestellt", "lawyer", "strafanzeige"},
		{"Já fiz queixa de vocês", "complaint", "fiz queixa"},
		{"Reclamei no Reclame Aqui", "authority", "reclame aqui"},
		{"a kayak in art deco colours, order 33700", "", ""},
		{"is it nice to the eye?", "", ""},
		{"", "", ""},
	} {
		got, ok := FindComplaint(c.text)
		if got.Kind != c.kind || got.Sign != c.sign || ok != (c.kind != "") {
			t.Errorf("%q: %+v, %v; want %s %q", c.text, got, ok, c.kind, c.sign)
		}
	}
}

func TestEverySignIsFoundAsItIsWritten(t *testing.T) {
	for _, s := range signs {
		for _, w := range s.words {
			if _, ok := FindComplaint("so, " + w + " now"); !ok {
				t.Errorf("%q is in the list and is not found", w)
			}
			// A letter alone is what an apostrophe leaves where it is not written; "v a" and "nu mi am" are
			// what a hyphen leaves.
			for _, alone := range []string{"l", "d", "ll", "all", "dell", "qu", "j", "re", "ve"} {
				if strings.Contains(" "+w+" ", " "+alone+" ") && !strings.Contains(w, "delete all my") {
					t.Errorf("%q: write the apostrophe, people do", w)
				}
			}
		}
	}
}
