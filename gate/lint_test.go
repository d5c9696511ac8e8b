package gate

import (
	"fmt"
	"testing"
)

func TestLint(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ category, body, want string }{
		{"UTILITY", "Hello {{1}}, your booking on {{2}} is confirmed.", "[]"},
		{"UTILITY", "Your order is on its way. Get 10 % off your next one!", "[{promotional_words body [10 %]}]"},
		{"UTILITY", "Il tuo ordine è partito. Scopri i saldi e l'offerta speciale", "[{promotional_words body [saldi offerta speciale]}]"},
		{"UTILITY", "Votre colis part. Livraison gratuite dès 50 € d'achat.", "[{promotional_words body [livraison gratuite]} {price body [50 €]}]"},
		{"UTILITY", "Comanda ta costă 120 lei și pleacă azi.", "[{price body [120 lei]}]"},
		{"UTILITY", "You paid {{1}} for order {{2}} today.", "[]"},
		{"UTILITY", "Follow your parcel: https://kayaks.example.com/track/{{1}}", "[]"},
		{"UTILITY", "Follow your parcel: https://kayaks.example.com/{{1}}", "[{shop_link body [https://kayaks.example.com/{{1}}]}]"},
		{"UTILITY", "See you at www.bondikayaks.com soon", "[{shop_link body [www.bondikayaks.com]}]"},
		{"UTILITY", "Write to us: https://wa.me/61255500101", "[]"},
		{"MARKETING", "Spring is here. Answer STOP to get no more of these.", "[{brand_missing  []}]"},
		{"MARKETING", "Bondi Kayaks has new boats.", "[{opt_out_missing  []}]"},
		{"MARKETING", "BONDI  kayaks: new boats. Répondez STOP pour ne plus rien recevoir.", "[]"},
	} {
		if got := fmt.Sprint(Lint(c.category, "Bondi Kayaks", []Part{{"body", c.body}})); got != c.want {
			t.Errorf("%s %q: %s, want %s", c.category, c.body, got, c.want)
		}
	}
}

// What the lint lets pass as a utility template does not count as promotional when it is sent.
func TestLintAndGateAgree(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"Follow your parcel: https://kayaks.example.com/track/{{1}}", "Hello {{1}}, your booking on {{2}} is confirmed.", "Buy now and save", "Write to info@bondikayaks.com or call.", "Shop at bondikayaks.com, info@bondikayaks.com", "See www.bondikayaks.com", "https://kayaks.example.com"} {
		clean := len(Lint("UTILITY", "Bondi Kayaks", []Part{{"body", body}})) == 0
		if clean == Promotes(body, false) {
			t.Errorf("%q: lint clean %v, promotes %v", body, clean, Promotes(body, false))
		}
	}
}
