package template

import (
	"strings"
	"testing"
)

// What Meta's reviewers refuse for its words, in the languages served, and what only looks like it.
func TestCheckWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Please send us your credit card number to keep the booking.":        "body asks_identifiers",
		"To verify it is you, reply with a photo of your passport.":          "body asks_identifiers",
		"Hello. What is your bank account number? We need it.":               "body asks_identifiers",
		"Enter your password to see the offer, it takes a minute.":           "body asks_identifiers",
		"Inviaci il numero della tua carta di credito per confermare.":       "body asks_identifiers",
		"Scrivici il tuo codice fiscale e il resto lo facciamo noi.":         "body asks_identifiers",
		"Envoyez une photo de votre pièce d’identité pour valider.":          "body asks_identifiers",
		"Quel est le numéro de votre carte bancaire ?":                       "body asks_identifiers",
		"Trimiteți-ne numărul cardului pentru rezervare, vă rugăm.":          "body asks_identifiers",
		"Envíanos tu DNI para terminar la reserva, por favor.":               "body asks_identifiers",
		"Bitte senden Sie uns Ihre Kreditkartennummer für die Buchung.":      "body asks_identifiers",
		"Envie-nos uma foto do seu passaporte para continuar a reserva.":     "body asks_identifiers",
		"Pay today or we will take legal action against you.":                "body threat",
		"Ultimo avviso: passeremo alle vie legali senza altro preavviso.":    "body threat",
		"Sans paiement, nous confierons le dossier à un huissier demain.":    "body threat",
		"Dacă nu plătiți, vă dăm în judecată săptămâna viitoare.":            "body threat",
		"Ohne Zahlung leiten wir rechtliche Schritte ein, leider.":           "body threat",
		"Your parcel: https://bit.ly/3abCdEf is where it is now.":            "body short_link",
		"Your parcel: tinyurl.com/kayak is where it is right now.":           "body short_link",
		"Write to us here: https://wa.me/61255500101 whenever you like.":     "body whatsapp_link",
		"Follow it at https://kayaks.example.com/track/1 whenever you like.": "",

		"We will never ask you to send us your card number.":                      "",
		"Your card ending in 4242 was charged today. Thank you.":                  "",
		"Reply with the last four digits of your card number, please.":            "",
		"Please confirm your booking and bring your passport with you.":           "",
		"Your identity card is ready. Send us a message to fix a time.":           "",
		"Scrivi la parola STOP per non ricevere altri messaggi da noi.":           "",
		"Non inviarci mai la tua password: non la chiediamo.":                     "",
		"N’envoyez jamais votre mot de passe à personne, même à nous.":            "",
		"Share your location pin and we will find you on the beach.":              "",
		"Your tennis court is booked for Friday. See you there!":                  "",
		"Present: your photo card. Tell a friend, or share a rib platter with us": "",
		"Nu trimiteți parola dumneavoastră nimănui, nici măcar nouă.":             "",
	} {
		if got := codes(body(text).Check()); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	short := with(body("Your parcel is on its way to you."), Button{Type: "URL", Text: "Track", URL: "https://bit.ly/{{1}}"})
	short.Variables = []Variable{{In: "button:0", Name: "1", Example: "x"}}
	if got := codes(short.Check()); got != "buttons[0].url short_link" {
		t.Errorf("a short link behind a button: %q", got)
	}
}

// A template is read, and sent, with values: what fits only while it is empty does not fit.
func TestExamplesFitTheLimits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 60)
	d := body("Hello {{1}}, "+strings.Repeat("é", 900)+" and goodbye to you.", "1")
	d.Header = &Header{Format: "TEXT", Text: "For {{1}} today"}
	d.Variables = append(d.Variables, Variable{In: "header", Name: "1", Example: "x"})
	if got := codes(d.Check()); got != "" {
		t.Errorf("short examples: %q", got)
	}
	d.Variables[1].Example, d.Variables[0].Example = long, strings.Repeat("y", 200)
	if got := codes(d.Check()); got != "header.text example_too_long; body example_too_long" {
		t.Errorf("long examples: %q", got)
	}
}
