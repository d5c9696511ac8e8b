package moderation

import "testing"

func TestCodesAreLeftOut(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"hello (ref: 7KQ2-MX4P)":               "hello ",
		"Ref: PNT-7K30-9QWT-X2V1-04HD":         "",
		"pnt-7k30-9qwt-x2v1-04hd please":       " please",
		"order 20498-AX, has it left?":         ", has it left?",
		"réf ABCD-EFGH svp":                    " svp",
		"RR123456785GB is at the depot":        " is at the depot",
		"two: HX7-22Q9 and [ref 4HJK-9PLM] ok": "two:  and  ok",
		// Words, prices, links, names, brands and telephone numbers stay.
		"t-shirt in X-LARGE":             "t-shirt in X-LARGE",
		"SLOT-777 and WIN88":             "SLOT-777 and WIN88",
		"S-T-O-P":                        "S-T-O-P",
		"BUY-FOLLOWERS-NOW":              "BUY-FOLLOWERS-NOW",
		"+44 20-7946-0018 or 06-1234567": "+44 20-7946-0018 or 06-1234567",
		"bit.ly/AB12-CD34EF":             "bit.ly/AB12-CD34EF",
		"@shop_99 and a@HX72-22Q9.com":   "@shop_99 and a@HX72-22Q9.com",
		"f0ll0w3rs f-r-e-e":              "f0ll0w3rs f-r-e-e",
		"2024-11-21 10:00":               "2024-11-21 10:00",
		"Ü-7K30-9QWT":                    "Ü-7K30-9QWT",
		"":                               "",
	} {
		if got := withoutCodes(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// A code lends no cover: what advertises does so with one too.
func TestACodeHidesNoSpam(t *testing.T) {
	t.Parallel()
	e := engine()
	for _, text := range []string{"Buy 10k real followers cheap www.boostgram.shop (ref: 7KQ2-MX4P)", "I made $4,000 last week with bitcoin trading, guaranteed profit, message my mentor @dana on WhatsApp, code PNT-7K30-9QWT-X2V1-04HD"} {
		if v := e.Judge(Input{Subject: SubjectComment, Text: text}); v.Decision != Hide {
			t.Errorf("%q: %s", text, v.Decision)
		}
	}
}

// Reproaches, threats and conditions hold the same words as asking to go on, and mean the opposite.
func TestNotStoppingMayBeAReproach(t *testing.T) {
	t.Parallel()
	for language, texts := range map[string][]string{
		"en": {"you never stop sending me this, remove me", "why don't you stop texting me", "if you don't stop I will report you", "don't leave me voicemails", "don't stop at one: delete my number and stop texting", "you still have not removed me from your list", "don't text me anymore"},
		"it": {"se non smettete di scrivermi vi denuncio", "non mi avete ancora tolto dalla lista", "non smettete mai di scrivermi, cancellatemi", "perché non smettete di scrivermi?", "non mandatemi più nulla", "voi non smettete di scrivermi"},
		"fr": {"vous n'arrêtez pas de m'écrire, stop", "vous ne m'avez pas retiré de la liste", "pourquoi vous n'arrêtez pas", "ne m'écrivez plus", "si vous n'arrêtez pas je porte plainte"},
		"ro": {"dacă nu încetați vă reclam", "nu m-ați scos de pe listă", "nu-mi mai scrieți", "de ce nu vă opriți"},
		"es": {"si no dejan de escribirme los denuncio", "no me han sacado de la lista", "¿por qué no paran?", "no me manden más nada", "ustedes no dejen de escribirme… bórrenme ya"},
		"de": {"ihr hört nicht auf mir zu schreiben", "warum hört ihr nicht auf", "habt ihr mich immer noch nicht von der Liste genommen", "meldet euch nicht mehr bei mir", "wenn ihr nicht aufhört zu schreiben gehe ich zum Anwalt", "schreibt mir nicht mehr"},
		"pt": {"vocês não param de me mandar mensagem, me tirem daí", "se não pararem eu denuncio", "ainda não me tiraram da lista, parem", "não me mandem mais nada"},
	} {
		for _, text := range texts {
			var s sentence
			n := normalise(text)
			if s.wishesIn(n.lower, language).goesOn {
				t.Errorf("%s, %q is taken for asking to go on", language, text)
			}
		}
	}
}

// Who misses what no longer arrives, or is not on the list yet, asks for more of it; with a no before it, a threat or a
// wish to leave beside it the same words mean the opposite.
func TestAskingForItAgain(t *testing.T) {
	t.Parallel()
	for language, texts := range map[string]struct{ more, not []string }{
		"en": {[]string{"resend me the newsletter, I don't get it any more", "please send it again, it never arrived", "I'm not subscribed yet, how do I get the updates?"},
			[]string{"resend it again and I'll report you", "you keep resending this, take me off", "don't send it again", "don't resend it, I never get anything useful", "I'm not signed up yet and still get ads"}},
		"it": {[]string{"rimandatemi la newsletter, non mi arriva più", "mandatemela di nuovo, non è arrivata", "non sono ancora iscritto, come faccio?", "non sono ancora registrata alla newsletter, mi aggiungete?"},
			[]string{"non rimandatemi più niente", "non sono ancora stato tolto dalla lista", "non sono ancora disiscritto", "non sono ancora iscritto e mi scrivete, basta"}},
		"fr": {[]string{"renvoyez-moi la newsletter, je ne la reçois plus", "je ne suis pas encore inscrite, comment faire ?"}, []string{"ne me renvoyez plus rien", "je ne suis pas encore désinscrit"}},
		"ro": {[]string{"trimiteți-mi din nou newsletterul, nu mai ajunge", "nu sunt încă abonată, cum fac?"}, []string{"nu mai retrimiteți nimic, nu vreau să primesc"}},
		"es": {[]string{"reenviadme la newsletter, que ya no me llega", "todavía no estoy suscrita, ¿cómo lo hago?"}, []string{"no me reenvíen más nada, ya no lo quiero recibir"}},
		"de": {[]string{"schickt mir den Newsletter nochmal, er kommt nicht mehr an", "ich bin noch nicht angemeldet, wie geht das?"},
			[]string{"schickt mir nicht nochmal so was", "schick mir das nochmal und ich zeige dich an, ich bekomme nichts als Müll", "ich bin noch nicht angemeldet und bekomme trotzdem Werbung, streicht mich"}},
		"pt": {[]string{"reenviem-me a newsletter, já não chega", "ainda não estou inscrita, como faço?"}, []string{"não me reenviem nada, já não quero receber"}},
	} {
		for i, list := range [][]string{texts.more, texts.not} {
			for _, text := range list {
				var s sentence
				n := normalise(text)
				if more := s.wishesIn(n.lower, language).goesOn; more != (i == 0) {
					t.Errorf("%s, %q is taken for asking for more: %v", language, text, more)
				}
			}
		}
	}
}

// Who has no address or channel to be written to takes nothing back; "no emails" may.
func TestHavingNoneIsNoWithdrawal(t *testing.T) {
	t.Parallel()
	e := engine()
	for text, withdraws := range map[string]bool{
		"nu am mail": false, "n-am mail": false, "I don't have an email": false, "I have no email": false, "non ho la mail": false, "non ho mail": false, "je n'ai pas de mail": false, "no tengo correo": false,
		"ich habe keine Mail": false, "ich habe kein WhatsApp": false, "não tenho email": false, "I have no WhatsApp, sorry": false, "non ho whatsapp": false, "n-am whatsapp": false,
		"no more emails": true, "keine Mails mehr": true, "I have not asked for your emails, stop": true, "non ho chiesto le vostre mail, basta": true, "ich habe genug von euren Mails": true, "je ne veux plus de mails": true,
	} {
		if v := e.Judge(Input{Subject: SubjectMessage, Text: text}); (v.OptOut != NoOptOut) != withdraws {
			t.Errorf("%q: %q", text, v.OptOut)
		}
	}
}
