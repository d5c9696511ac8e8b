package gate

import "testing"

// What an offer says is seen in the seven languages served, also where the word "offer" does not stand there; so is
// an address, whatever it ends in.
func TestOffersInSevenLanguages(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"Get $20 off your next rental", "Get 20 dollars off", "10€ off everything", "A$15 off today", "Save 20 dollars", "Buy one, get one free", "2 for 1 this weekend", "3 for the price of 2",
		"A free gift for you", "A gift with every order", "BOGO!", "Lowest prices ever", "Our summer deals are here", "Deal of the day: kayaks", "Half-price tours", "dis\u00adcount", "dis\u200bcount", "a −20\u202f% day",
		"Kayak a metà prezzo", "2x1 su tutti i kayak", "Svendita totale", "Una pagaia in omaggio", "Prezzi ribassati", "Buono da 10 euro", "Risparmi 10 euro", "10 euro di sconto", "Offerta lampo", "Promozione estiva", "Prendi 3, paghi 2",
		"Moitié prix sur les kayaks", "Nos bons plans", "Offre flash", "Prix cassés", "Cadeau offert", "Deux pour le prix d’un", "Promotion d’été", "Économisez 10 euros", "Ventes privées", "10 € offerts",
		"Jumătate de preț", "Reducerea de vară", "Reducerile de vară", "Discountul tău", "Voucherul tău", "Cuponul tău", "Oferta zilei", "Promoția verii", "Prețuri mici", "Cadou la fiecare comandă", "Economisești 10 lei", "1+1 gratis",
		"A mitad de precio", "Oferta del día", "Promoción de verano", "2 por 1", "Ahorra 10 euros", "Te regalamos un remo", "10 € de descuento", "Precios bajos",
		"Sommerrabatt", "Rabattaktion", "Preisnachlass", "Zum halben Preis", "Gratisgeschenk", "Sparen Sie 10 Euro", "10 Euro günstiger", "Geschenkgutschein", "2 für 1", "Sommeraktion", "Tiefpreise",
		"Metade do preço", "Oferta do dia", "Promoção de verão", "Leve 2, pague 1", "Poupe 10 euros", "Preços baixos",
		"look: bondikayaks.surf", "kayaks.beer", "kayaks.at/summer", "café.fr", "bondikayaks.ch", "münchen.info", "kayaks.zone/a",
	} {
		if !Promotes(s, false) {
			t.Errorf("%q passes as no offer", s)
		}
	}
	for _, s := range []string{"Das Angebot gilt bis Sonntag", "Our offers wait", "Ofertele noastre", "Un regalo per te", "Ein Geschenk wartet", "Sommerferienaktion"} {
		if !Promotes(s, true) {
			t.Errorf("%q passes as no offer of a trigger", s)
		}
	}
	for _, s := range []string{
		"Your booking for 2 persons on 3 March is confirmed: kayak 3, 2 hours.", "Cancellation is free until 48 hours before.", "See you at 5.be on time", "It is off today, we meet at 10", "You paid 95 dollars, thank you.",
		"Please arrive 15 minutes early. Parking is free.", "Non riceverai più promozioni da Bondi Kayaks.", "La tua prenotazione per due è confermata. Costa 40 euro.", "Il parcheggio è gratuito.", "Hai pagato 40 euro, buona giornata.",
		"Vous ne recevrez plus de promotions de Bondi Kayaks.", "Vous avez payé 40 euros. Le parking est gratuit.", "Votre réservation pour deux est confirmée.", "Merci ! Nous vous écrivons tout de suite.", "Le bon de livraison est joint.",
		"Nu vei mai primi promoții de la Bondi Kayaks.", "Ai plătit 120 lei. Parcarea este gratuită.", "Rezervarea pentru două persoane este confirmată.", "Comanda ta a plecat azi.",
		"No recibirás más promociones de Bondi Kayaks.", "Has pagado 40 euros. Quedan menos de dos horas.", "Tu reserva para dos está confirmada.", "Envolvemos en papel de regalo.",
		"Sie bekommen keine Angebote mehr von Bondi Kayaks.", "Sie haben 40 Euro bezahlt.", "Ihre Buchung für 2 Personen ist bestätigt.", "Die Reaktion kam schnell.",
		"Não vai receber mais promoções da Bondi Kayaks.", "Pagou 40 euros. Obrigado!", "A sua reserva para dois está confirmada.", "write to info@bondikayaks.com", "Kayak 3, seat 2. Size 10.5 m", "version 1.2.3", "e.g. kayaks", "at 9 a.m.", "wa.me/61400000000",
	} {
		if Promotes(s, false) {
			t.Errorf("%q counts as an offer (%v)", s, matches(strongWords, s))
		}
	}
}

// A word that a marketer dresses up, so that a service message carries it, is read as people read it.
func TestOffersInDisguise(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"Friday d i s c o u n t", "your D.I.S.C.O.U.N.T", "a s-a-l-e on Friday", "Friday dіscоunt", "our ѕаle", "рromo", "ѕсonti", "r é d u c t i o n s", "R_A_B_A_T_T", "𝗱𝗶𝘀𝗰𝗼𝘂𝗻𝘁", "20 % ᴏꜰꜰ"} {
		if !Promotes(s, false) {
			t.Errorf("%q passes as no offer", s)
		}
		if len(Lint("UTILITY", "Bondi Kayaks", []Part{{"body", s}})) == 0 {
			t.Errorf("%q passes the lint of a service template", s)
		}
	}
	for _, s := range []string{"Seats A B C D and E are yours", "Ваш заказ готов", "Η κράτησή σας επιβεβαιώθηκε", "e. g. a kayak", "Piers A-B-C-D"} {
		if Promotes(s, false) || len(Lint("UTILITY", "Bondi Kayaks", []Part{{"body", s}})) > 0 {
			t.Errorf("%q counts as an offer", s)
		}
	}
}
