package router

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var place = regexp.MustCompile(`\{[^}]*\}`)

func TestEveryTextSpeaksEveryLanguage(t *testing.T) {
	known := []string{"{name}", "{brand}", "{origin}", "{code}"}
	for key, all := range texts {
		if len(all) != len(Languages) {
			t.Errorf("%s has %d languages, want %d", key, len(all), len(Languages))
		}
		want := places(all["en"])
		for _, p := range want {
			if !slices.Contains(known, p) {
				t.Errorf("%s has the place %s, which nobody fills", key, p)
			}
		}
		for _, lang := range Languages {
			text := all[lang]
			if strings.TrimSpace(text) == "" || text != strings.TrimSpace(text) {
				t.Errorf("%s in %s is empty or has blanks around it: %q", key, lang, text)
			}
			if got := places(text); !slices.Equal(got, want) {
				t.Errorf("%s in %s has the places %v, in English %v", key, lang, got, want)
			}
			if isTitle(key) && len([]rune(text)) > maxButtonTitle {
				t.Errorf("%s in %s has %d characters, a button takes %d", key, lang, len([]rune(text)), maxButtonTitle)
			}
		}
	}
}

func places(text string) []string {
	found := place.FindAllString(text, -1)
	slices.Sort(found)
	return found
}

func isTitle(key string) bool {
	return strings.HasPrefix(key, "topic.") || slices.Contains([]string{"consent.yes", "consent.no", "stop.yes", "stop.keep", "list.open"}, key)
}

// The bot asks for these by name; a key that does not exist would be said as nothing.
func TestEveryKeyInUseExists(t *testing.T) {
	for _, key := range []string{"handoff.prefilled", "welcome.joined", "welcome.plain", "welcome.stale", "qualify.topic", "qualify.retry", "route.thanks", "human.ok",
		"human.unclear", "consent.yes", "consent.no", "consent.thanks", "consent.refused", "stop.confirmed", "stop.doubt", "stop.yes", "stop.keep", "stop.kept", "list.open", "optin.prefilled", "optin.done", "optin.void"} {
		if Say("en", key) == "" {
			t.Errorf("there is no text %s", key)
		}
	}
}

func TestSay(t *testing.T) {
	for name, c := range map[string]struct {
		lang  string
		pairs []string
		want  string
	}{
		"filled":          {"en", []string{"name", "Ana", "brand", "Bondi"}, "Hi Ana, welcome to Bondi on WhatsApp! 👋"},
		"without a name":  {"en", []string{"name", " ", "brand", "Bondi"}, "Hi, welcome to Bondi on WhatsApp! 👋"},
		"other language":  {"fr", []string{"name", "Ana", "brand", "Bondi"}, "Bonjour Ana, bienvenue chez Bondi sur WhatsApp ! 👋"},
		"unknown: Hindi":  {"hi", []string{"name", "Ana", "brand", "Bondi"}, "Hi Ana, welcome to Bondi on WhatsApp! 👋"},
		"place in a name": {"en", []string{"name", "{brand}", "brand", "Bondi"}, "Hi {brand}, welcome to Bondi on WhatsApp! 👋"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Say(c.lang, "welcome.plain", c.pairs...); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// Somebody who calls themselves after the place of a reference must not be handed that reference.
func TestANameHoldsNoReference(t *testing.T) {
	said := Say("en", "welcome.joined", "name", ReferencePlace(12), "brand", "Bondi", "origin", ReferencePlace(13))
	if code, ok := FindReference(ExpandReferences(testKey, said)); ok {
		t.Errorf("the welcome gives away %s: %q", code, said)
	}
}
