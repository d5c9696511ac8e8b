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
		"Responda SAIR para deixar de receber.", "Envie PARAR.", "Para cancelar a subscrição, diga.",
	} {
		if !tellsHowToStop("Bondi Kayaks: -20 %! " + s) {
			t.Errorf("the way out is not seen in %q", s)
		}
	}
	for _, s := range []string{"Non-stop fun all summer.", "Don't stop now!", "See you at the bus stop.", "One-stop shop for kayaks.", "NON-STOP SALE", "Stop wasting money on rentals.", "Stop by our shop.",
		"Senza stop fino a sera.", "Un été sans arrêt.", "Vara nu se oprește.", "Sin parar.", "Sem parar!", "Ende August ist Schluss.", ""} {
		if tellsHowToStop("Bondi Kayaks: -20 %! " + s) {
			t.Errorf("%q was taken for a way out", s)
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
