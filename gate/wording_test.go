package gate

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTheWayOutInSevenLanguages(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"Reply STOP to opt out.", "Send stop to end this.", "To unsubscribe, tell us.", `Answer "STOP".`, "Txt STOP 2 end", "text STOP.",
		"Rispondi STOP per non riceverne più.", "Per disiscriverti scrivi «stop».", "Puoi annullare l’iscrizione quando vuoi.", "Disiscriviti qui sotto.",
		"Répondez STOP pour ne plus recevoir nos offres.", "Envoyez stop.", "Pour vous désabonner, écrivez-nous.", "Désinscription : ARRÊT",
		"Răspundeți STOP pentru dezabonare.", "Scrie STOP.", "Te poți dezabona? Scrie stop", "Trimite OPREȘTE.",
		"Responde STOP para darte de baja.", "Escribe BAJA.", "Para no recibir más, dilo.", "Envía stop",
		"Antworten Sie mit STOPP.", "Mit STOP abmelden.", "Schreiben Sie einfach stopp.", "Keine Angebote mehr? Sagen Sie es.",
		"Rispondi BASTA.", "Scrivi «ferma».", "Odpowiedz STOP.", "Don't stop now? Reply STOP.", "Responda SAIR para deixar de receber.", "Envie PARAR.", "Para cancelar a subscrição, diga.",
	} {
		if !tellsHowToStop("Bondi Kayaks: -20 %! " + s) {
			t.Errorf("the way out is not seen in %q", s)
		}
	}
	for _, s := range []string{"Non-stop fun all summer.", "Don't stop now!", "See you at the bus stop.", "One-stop shop for kayaks.", "NON-STOP SALE", "NON STOP FUN", "YOUR ONE STOP SHOP", "DON’T STOP NOW", "CAN'T STOP!", "BUS STOP 12", "ARRÊT DE BUS", "BAJA CALIFORNIA TOURS", "STOP & GO", "SEM PARAR!", "HORA DE SAIR DE CASA", "Stop wasting money on rentals.", "Stop by our shop.",
		"Senza stop fino a sera.", "Un été sans arrêt.", "Vara nu se oprește.", "Sin parar.", "Sem parar!", "Ende August ist Schluss.", ""} {
		if tellsHowToStop("Bondi Kayaks: -20 %! " + s) {
			t.Errorf("%q was taken for a way out", s)
		}
	}
}

// A brand stands in a text as words of its own, however it is written.
func TestSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, brand string
		want        bool
	}{
		{"A banana for everybody", "Ana", false}, {"Anastasia waits for you", "Ana", false}, {"Banana split at ANA’s", "Ana", true}, {"(Ana)", "Ana", true}, {"Ànà: new boats", "Ana", true},
		{"bondi\n KAYAKS!", "Bondi  Kayaks", true}, {"Bondi Kayaksport", "Bondi Kayaks", false}, {"https://ana.example.com", "Ana", true},
		{"欢迎来到小船店里", "小船", true}, {"Rock & Roll! tonight", "Rock & Roll!", true}, {"3000 boats", "300", false}, {"", "Ana", false}, {"Ana", "", false},
	} {
		if got := says(c.text, c.brand); got != c.want {
			t.Errorf("%q in %q: %v, want %v", c.brand, c.text, got, c.want)
		}
	}
}

func TestTheWayOutAsAButton(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		button string
		want   bool
	}{{"Stop promotions", true}, {"STOP", true}, {"Basta offerte", true}, {"Stop", true}, {"Arrêter", true}, {"Keine Werbung mehr", true}, {"Nu mai trimite oferte", true}, {"Stop offers", true}, {"Shop now", false}, {"Non-stop", false}} {
		raw, err := json.Marshal([]any{map[string]any{"type": "BODY", "text": "Bondi Kayaks: 20% off"}, map[string]any{"type": "BUTTONS", "buttons": []any{map[string]any{"type": "QUICK_REPLY", "text": c.button}}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := tellsHowToStop(strings.Join(componentTexts(raw), "\n")); got != c.want {
			t.Errorf("a button %q: %v, want %v", c.button, got, c.want)
		}
	}
}
