package asks

import "testing"

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"":                                     "",
		"Nice kayak, 25 euro? In 2026!":        "Nice kayak, 25 euro? In 2026!",
		"write to anna.b+x@mail.example.com!":  "write to [e-mail]!",
		"call +39 333 123-4567 now":            "call [number] now",
		"(02) 9999 1234":                       "[number]",
		"card 4111 1111 1111 1111 thanks":      "card [card number] thanks",
		"4111111111111111":                     "[card number]",
		"IBAN IT60 X054 2811 1010 0000 0123 4": "IBAN [account number]",
		"DE89370400440532013000 please":        "[account number] please",
		"ask @anna_b or @carl.d, please":       "ask [handle] or [handle], please",
		"thanks @anna.":                        "thanks [handle].",
		"a@b.co, 0412345678 and @me":           "[e-mail], [number] and [handle]",
		"@ 5 o'clock":                          "@ 5 o'clock",
	} {
		if got := Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
}

// As people write them in seven languages, with the signs that keyboards and those who hide put between.
func TestMaskInSevenLanguages(t *testing.T) {
	for in, want := range map[string]string{
		"ruf mich an 0171/2345678":                    "ruf mich an [number]",
		"0664/123 45 67":                              "[number]",
		"12/10/2026 für 2":                            "12/10/2026 für 2",
		"le 06\u00a012\u00a034\u00a056\u00a078 merci": "le [number] merci",
		"0721‑123‑456":                                "[number]",
		"0\u200d7\u200c2\u200e1\u034f1 23 456":        "[number]",
		"0\ufe0f\u20e37\ufe0f\u20e32\ufe0f\u20e31\ufe0f\u20e31\ufe0f\u20e32\ufe0f\u20e33\ufe0f\u20e34\ufe0f\u20e3": "[number]",
		"@maría.lópez hola":                       "[handle] hola",
		"@Ștefan Popescu vino":                    "[handle] vino",
		"@Jürgen Müller schau":                    "[handle] schau",
		"＠anna":                                   "[handle]",
		"@Zoë look":                               "[handle] look",
		"@Jose\u0301 Garci\u0301a ven":            "[handle] ven",
		"maria (at) gmail (dot) com":              "[e-mail]",
		"maria at gmail dot com":                  "[e-mail]",
		"maria chiocciola libero punto it":        "[e-mail]",
		"maria arroba hotmail.com":                "[e-mail]",
		"look at brand.com":                       "look at brand.com",
		"meet at noon. Bring it":                  "meet at noon. Bring it",
		"anna＠example.com":                        "[e-mail]",
		"RO49 AAAA 1B31 0075 9384 0000 call mama": "[account number] call mama",
		"gb29-nwbk-6016-1331-9268-19 pls":         "[account number] pls",
		"ro49aaaa1b31007593840000":                "[account number]",
		"RSSMRA85T10A562S":                        "[document]",
		"12345678Z dni":                           "[document] dni",
		"abito in via Garibaldi 12":               "abito in [address]",
		"via dei Mille, 5/b Roma":                 "[address] Roma",
		"calle Mayor 3":                           "[address]",
		"12 bis avenue Foch":                      "[address]",
		"Hauptstraße 7a":                          "[address]",
		"strada Lalelelor nr. 5":                  "[address]",
		"rua das Flores, nº 12":                   "[address]",
		"221B Baker St":                           "[address]",
		"via whatsapp 5":                          "via whatsapp 5",
		"we loved it via the link 2":              "we loved it via the link 2",
		"corso di cucina per 4":                   "corso di cucina per 4",
		"avenue for 2":                            "avenue for 2",
		"Piazza Navona is lovely":                 "Piazza Navona is lovely",
		"table for 4 at 10:30":                    "table for 4 at 10:30",
		"👨\u200d👩\u200d👧 ❤️":                      "👨\u200d👩\u200d👧 ❤️",
		"V\U000e0149i":                            "Vi",
		"a\x00b\x1b[0m":                           "ab[0m",
	} {
		if got := Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNoPersonalDataLeaves(t *testing.T) {
	b := setup(t, `{}`)
	b.ask("I am anna@example.com, +61 412 345 678")
	b.once()
	if got := b.model.asked[0][0]; got != "I am [e-mail], [number]" {
		t.Errorf("the model was shown %q", got)
	}
}
