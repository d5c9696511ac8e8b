package main

// phrases are what made-up people say, in the languages served. Each takes a thing and a number.
type phrases struct {
	languages, first, last, things []string
	asks, answers                  []string // as many for each language, in the order of languages
}

func newPhrases() phrases {
	p := phrases{
		languages: []string{"en", "it", "fr", "ro", "es", "de", "pt"},
		first:     []string{"Ada", "Bruno", "Chiara", "Dan", "Elena", "Franco", "Giulia", "Horia", "Ines", "Jonas", "Klara", "Luca", "Mara", "Nadia", "Otto", "Paula", "Radu", "Sofia", "Tom", "Vera"},
		last:      []string{"Albu", "Bianchi", "Costa", "Dupont", "Esposito", "Fischer", "Garcia", "Haas", "Ionescu", "Jensen", "Klein", "Lopes", "Moreau", "Novak", "Orsini", "Pop", "Rossi", "Silva", "Torres", "Weber"},
		things:    []string{"kayak", "paddle", "sunrise tour", "voucher", "life jacket", "double kayak", "course", "booking", "refund", "wetsuit", "group trip", "parking", "beginner lesson", "helmet", "dry bag"},
	}
	byLanguage := []struct{ asks, answers []string }{
		{[]string{"Hello, what does the %s cost for two people? Order %s", "Is the %s still free on Saturday? Reference %s", "I have not got my %s yet, number %s", "Can I move the %s to Sunday? It is %s"},
			[]string{"The %s is ready for you, see number %s.", "We have put the %s aside for you under %s.", "Thank you, the %s is confirmed: %s."}},
		{[]string{"Buongiorno, quanto costa il %s per due persone? Ordine %s", "Il %s è ancora libero sabato? Riferimento %s", "Non ho ancora ricevuto il %s, numero %s", "Posso spostare il %s a domenica? È il %s"},
			[]string{"Il %s è pronto, vedi il numero %s.", "Abbiamo messo da parte il %s con il numero %s.", "Grazie, il %s è confermato: %s."}},
		{[]string{"Bonjour, combien coûte le %s pour deux personnes ? Commande %s", "Le %s est-il encore libre samedi ? Référence %s", "Je n’ai pas encore reçu le %s, numéro %s", "Puis-je déplacer le %s à dimanche ? C’est le %s"},
			[]string{"Le %s est prêt, voir le numéro %s.", "Nous avons gardé le %s sous le numéro %s.", "Merci, le %s est confirmé : %s."}},
		{[]string{"Bună ziua, cât costă %s pentru două persoane? Comanda %s", "Mai este liber %s sâmbătă? Referința %s", "Nu am primit încă %s, numărul %s", "Pot muta %s duminică? Este %s"},
			[]string{"%s este gata, vezi numărul %s.", "Am păstrat %s cu numărul %s.", "Mulțumim, %s este confirmat: %s."}},
		{[]string{"Hola, ¿cuánto cuesta el %s para dos personas? Pedido %s", "¿Sigue libre el %s el sábado? Referencia %s", "Aún no he recibido el %s, número %s", "¿Puedo mover el %s al domingo? Es el %s"},
			[]string{"El %s está listo, mira el número %s.", "Hemos guardado el %s con el número %s.", "Gracias, el %s está confirmado: %s."}},
		{[]string{"Guten Tag, was kostet %s für zwei Personen? Bestellung %s", "Ist %s am Samstag noch frei? Zeichen %s", "Ich habe %s noch nicht bekommen, Nummer %s", "Kann ich %s auf Sonntag legen? Es ist %s"},
			[]string{"%s liegt bereit, siehe Nummer %s.", "Wir haben %s unter der Nummer %s zurückgelegt.", "Danke, %s ist bestätigt: %s."}},
		{[]string{"Olá, quanto custa o %s para duas pessoas? Encomenda %s", "O %s ainda está livre no sábado? Referência %s", "Ainda não recebi o %s, número %s", "Posso mudar o %s para domingo? É o %s"},
			[]string{"O %s está pronto, veja o número %s.", "Guardámos o %s com o número %s.", "Obrigado, o %s está confirmado: %s."}},
	}
	for _, l := range byLanguage {
		p.asks, p.answers = append(p.asks, l.asks...), append(p.answers, l.answers...)
	}
	return p
}
