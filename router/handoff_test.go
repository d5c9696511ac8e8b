package router

import (
	"bytes"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	testKey       = []byte("a key that is only used in tests")
	canonicalForm = regexp.MustCompile(`^PNT(-[0-9A-HJKMNP-TV-Z]{4}){4}$`)
)

func TestReferencesAreDistinctAndOnlyTheKeyMakesThem(t *testing.T) {
	seen := map[string]bool{}
	for id := range int64(2000) {
		code, hash := NewReference(testKey, id)
		if !canonicalForm.MatchString(code) || seen[code] {
			t.Fatalf("reference %d is %q (seen before: %v)", id, code, seen[code])
		}
		seen[code] = true
		if !bytes.Equal(hash, HashReference(code)) || bytes.Contains(hash, []byte(code[4:8])) {
			t.Fatalf("the hash of %s does not follow from it alone", code)
		}
		if other, _ := NewReference([]byte("another key"), id); other == code {
			t.Fatalf("reference %d does not depend on the key", id)
		}
	}
}

func TestFindReference(t *testing.T) {
	const code = "PNT-7K30-9QWT-X2V1-04HD"
	for name, c := range map[string]struct {
		text string
		want string // "": none
	}{
		"as sent":              {"Ciao! Rif: " + code, code},
		"alone":                {code, code},
		"lower case":           {strings.ToLower(code), code},
		"spaces for dashes":    {"pnt 7k30 9qwt x2v1 04hd", code},
		"no separators":        {"ref PNT7K309QWTX2V104HD ok", code},
		"long dashes":          {"PNT–7K30—9QWT-X2V1_04HD", code},
		"broken lines":         {"PNT-7K30-\n9QWT-X2V1-\n04HD", code},
		"words after":          {code + " grazie mille", code},
		"punctuation after":    {"(" + code + ").", code},
		"letter O for zero":    {"PNT-7K3O-9QWT-X2V1-O4HD", code},
		"letters I and L":      {"PNT-7K30-9QWT-X2VI-04HD", code},
		"small l":              {"PNT-7K30-9QWT-X2Vl-04HD", code},
		"letter U for V":       {"PNT-7K30-9QWT-X2U1-04HD", code},
		"Kelvin sign for K":    {"PNT-7\u212a30-9QWT-X2V1-04HD", code},
		"quoted by a forward":  {"> Hi! Ref: " + code + "\nthat is what I got", code},
		"a pasted link":        {"https://wa.me/1?text=Ref%3A%20" + code, ""},
		"too short":            {"PNT-7K30-9QWT-X2V1", ""},
		"too long":             {code + "9", ""},
		"another prefix":       {"ABC-7K30-9QWT-X2V1-04HD", ""},
		"inside another word":  {"XPNT-7K30-9QWT-X2V1-04HD", ""},
		"a long s":             {"PNT-7K30-9QWT-X2V1-04H\u017f", "PNT-7K30-9QWT-X2V1-04HS"},
		"only the prefix":      {"PNT", ""},
		"nothing":              {"", ""},
		"first of two":         {code + " " + "PNT-0000-0000-0000-0000", code},
		"place is no code":     {ReferencePlace(7), ""},
		"right to left around": {"\u200fمرحبا " + code + " شكرا", code},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := FindReference(c.text)
			if ok != (c.want != "") || ok && got != c.want {
				t.Errorf("%q, %v; want %q", got, ok, c.want)
			}
		})
	}
}

func FuzzFindReference(f *testing.F) {
	for _, s := range []string{"PNT-7K30-9QWT-X2V1-04HD", "pnt oooo iiii llll uuuu", "PNT\u212a\u017f", "\xffPNT-", "PNT PNT-7K30-9QWT-X2V1-04HD"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		code, ok := FindReference(s)
		if !ok {
			return
		}
		if !canonicalForm.MatchString(code) {
			t.Fatalf("FindReference(%q) = %q, which is no reference", s, code)
		}
		if again, ok := FindReference("x " + code + "."); !ok || again != code {
			t.Fatalf("%q is not found again: %q", code, again)
		}
	})
}

// What is sent is what comes back: a reference through link, tap and message, in every language.
func TestLinkRoundTrip(t *testing.T) {
	for _, lang := range Languages {
		const id = 4711
		code, _ := NewReference(testKey, id)
		at := PutLink("Prices → {{link}}", "61400000000", lang, id)
		if strings.Contains(at, code) || !strings.Contains(at, ReferencePlace(id)) {
			t.Fatalf("%s: what waits to be sent holds the reference itself: %s", lang, at)
		}
		sent := ExpandReferences(testKey, at)
		u, err := url.Parse(strings.TrimPrefix(sent, "Prices → "))
		if err != nil || u.Host != "wa.me" || u.Path != "/61400000000" || strings.Contains(sent, "+") {
			t.Fatalf("%s: %s is no click-to-chat link: %v", lang, sent, err)
		}
		text := u.Query().Get("text")
		if got, ok := FindReference(text); !ok || got != code {
			t.Errorf("%s: %q holds %q, want %q", lang, text, got, code)
		}
		if !IsPrefilled(text) || !IsPrefilled(strings.ToLower(text)+" ") {
			t.Errorf("%s: %q is not recognised as our own text", lang, text)
		}
		sentence, _, _ := strings.Cut(text, code)
		for _, edited := range []string{sentence, sentence[:strings.LastIndex(sentence, ".")], sentence[:strings.LastIndex(sentence, ".")+1] + " 👍", text[:len(text)-3], sentence + "PNT-XXXX"} {
			if !IsPrefilled(edited) {
				t.Errorf("%s: %q is not recognised as our own text with its reference taken out or changed", lang, edited)
			}
			if IsPrefilled(edited + " please refund me") {
				t.Errorf("%s: %q with the customer's own words passes as ours", lang, edited)
			}
		}
		if IsPrefilled(text + " I want a refund") {
			t.Errorf("%s: a text with the customer's own words passes as ours", lang)
		}
		if len(sent) > 1000-maxPrivateBytes+len("Prices → ") {
			t.Errorf("%s: the link has %d bytes, more than are kept free for it", lang, len(sent))
		}
	}
}

func TestExpandReferencesLeavesOtherTextsAlone(t *testing.T) {
	one, _ := NewReference(testKey, 1)
	for in, want := range map[string]string{
		"":                           "",
		"no place":                   "no place",
		"~ref:1~":                    one,
		"a ~ref:1~ b ~ref:1~ c":      "a " + one + " b " + one + " c",
		"~ref:x~":                    "~ref:x~",
		"~ref:1":                     "~ref:1",
		"~ref:99999999999999999999~": "~ref:99999999999999999999~",
	} {
		if got := ExpandReferences(testKey, in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestPresent(t *testing.T) {
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	me, other := int64(5), int64(6)
	fresh := func(change func(*Handoff)) *Handoff {
		h := &Handoff{ID: 1, AccountID: 2, ContactID: 3, IdentityID: 4, ExpiresAt: at.Add(time.Hour)}
		if change != nil {
			change(h)
		}
		return h
	}
	for name, c := range map[string]struct {
		h       *Handoff
		account int64
		want    Outcome
	}{
		"valid":                       {fresh(nil), 2, Valid},
		"not one of ours":             {nil, 2, UnknownCode},
		"last instant":                {fresh(func(h *Handoff) { h.ExpiresAt = at.Add(1) }), 2, Valid},
		"expired":                     {fresh(func(h *Handoff) { h.ExpiresAt = at }), 2, Expired},
		"revoked":                     {fresh(func(h *Handoff) { h.RevokedAt = &at }), 2, Revoked},
		"another number":              {fresh(nil), 9, WrongAccount},
		"used by the same":            {fresh(func(h *Handoff) { h.UsedBy = &me }), 2, UsedBefore},
		"used by the same, expired":   {fresh(func(h *Handoff) { h.UsedBy, h.ExpiresAt = &me, at }), 2, UsedBefore},
		"used by somebody else":       {fresh(func(h *Handoff) { h.UsedBy = &other }), 2, UsedByOther},
		"used by somebody, long gone": {fresh(func(h *Handoff) { h.UsedBy, h.ExpiresAt = &other, at }), 2, UsedByOther},
	} {
		t.Run(name, func(t *testing.T) {
			got := Present(c.h, c.account, me, at)
			if got != c.want || got.Explain() == NoReference.Explain() {
				t.Errorf("%q (%s), want %q", got, got.Explain(), c.want)
			}
		})
	}
}

func TestHideReferences(t *testing.T) {
	t.Parallel()
	link := "Write to us: https://wa.me/61255500101?text=Hi.%20Ref%3A%20"
	for name, c := range map[string]struct{ in, want string }{
		"no place":          {"Nothing ~here~ to hide", "Nothing ~here~ to hide"},
		"a link":            {link + ReferencePlace(12), link + HiddenReference},
		"words behind":      {ReferencePlace(3) + " is yours", HiddenReference + " is yours"},
		"two":               {ReferencePlace(3) + " " + ReferencePlace(44), HiddenReference + " " + HiddenReference},
		"cut in the number": {link + "~ref:1", link + HiddenReference},
		"cut before it":     {link + "~ref:", link + HiddenReference},
		"not a number":      {"~ref:x~", "~ref:x~"},
	} {
		if got := HideReferences(c.in); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if code, found := FindReference(HiddenReference); found {
		t.Errorf("what is shown instead counts as the reference %s", code)
	}
}

func TestCutReferenceLeavesTheCustomersWords(t *testing.T) {
	code, _ := NewReference([]byte("only used in tests: handoff"), 7)
	for text, want := range map[string]string{
		"hi " + code + " are you open?":      "hi  are you open?",
		code:                                 "",
		"my order A1B2-C3D4 has not arrived": "my order A1B2-C3D4 has not arrived",

		Prefilled("en", code) + " Are you open today?":                             "Are you open today?",
		"Buonasera! " + strings.ToLower(Prefilled("it", code)) + "\nsiete aperti?": "Buonasera!  siete aperti?",
		strings.ReplaceAll(Prefilled("fr", code), " ", "\u00a0") + " Merci":        "Merci",
		Prefilled("de", code): "",

		Prefilled("en", "") + "Are you open today?":                          "Are you open today?",
		Prefilled("it", "PNT-7K3M-9QW") + " siete aperti?":                   "siete aperti?",
		"Hi! I come from your post and would like to know more about tours.": "about tours.",
		"Hi! I come from your post and would like to know moreover":          "Hi! I come from your post and would like to know moreover",
		"Ref: PNT-AAAA": "",
		"Hi! I come from your post and would like to know more. Ref: PNT-7K3M STOP":          "STOP",
		"Hi! I come from your post and would like to know more. Refund my order, please":     "Refund my order, please",
		"Hi! I come from your post and would like to know more.\nRef PNT-7K3M-9QWT-X2VB-04H": "",
	} {
		if got := CutReference(text); got != want {
			t.Errorf("%q: %q is left, want %q", text, got, want)
		}
	}
}
