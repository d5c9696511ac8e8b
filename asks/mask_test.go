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

func TestNoPersonalDataLeaves(t *testing.T) {
	b := setup(t, `{}`)
	b.ask("I am anna@example.com, +61 412 345 678")
	b.once()
	if got := b.model.asked[0][0]; got != "I am [e-mail], [number]" {
		t.Errorf("the model was shown %q", got)
	}
}
