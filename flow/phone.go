package flow

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

var phoneCandidate = regexp.MustCompile(`\+?\(?\d[\d\s().\-/\x{00a0}]{5,24}\d`)

// plainPhone writes dots between the groups of a number as spaces.
func plainPhone(text string) string {
	return strings.NewReplacer("·", " ", "•", " ", "∙", " ").Replace(plainDigits(text))
}

// FindPhone returns the one phone number in a text that WhatsApp could run on, as E.164; ok is false where
// there is none, or more than one. The country says how a number without a country code is meant.
func FindPhone(text, country string) (e164 string, ok bool) {
	var found []string
	for _, c := range phoneCandidate.FindAllString(plainPhone(text), 5) {
		number, valid := Phone(c, country)
		if valid && !slices.Contains(found, number) {
			found = append(found, number)
		}
	}
	if len(found) != 1 {
		return "", false
	}
	return found[0], true
}

// Phone reads a field that holds a phone number: valid, and of a kind that receives messages.
func Phone(text, country string) (e164 string, ok bool) {
	number, valid := parsePhone(text, country)
	if !valid {
		return "", false
	}
	n, err := phonenumbers.Parse(number, "")
	if err != nil {
		return "", false
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.PERSONAL_NUMBER:
		return number, true
	}
	return "", false
}

// SpellPhone writes a number the way people read it.
func SpellPhone(e164 string) string {
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return e164
	}
	return phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
}

// homes are the countries where a language that ponte serves is at home, so that a number without a country code
// can be understood from somebody who writes from abroad. English is at home in too many to say anything.
var homes = map[string][]string{"it": {"IT", "CH"}, "fr": {"FR", "BE", "CH"}, "de": {"DE", "AT", "CH"}, "ro": {"RO", "MD"}, "es": {"ES"}, "pt": {"PT", "BR"}}

// AtHome reports whether a language is at home where a number is from.
func AtHome(language, e164 string) bool {
	n, err := phonenumbers.Parse(e164, "")
	return err == nil && slices.Contains(homes[language], phonenumbers.GetRegionCodeForNumber(n))
}

// FindPhoneFrom is FindPhone for somebody who writes in a language: a number that does not exist in the brand's
// country may be one of theirs. Where it could be of two countries it is none.
func FindPhoneFrom(text, country, language string) (e164 string, ok bool) {
	if e164, ok = FindPhone(text, country); ok {
		return e164, ok
	}
	for _, home := range homes[language] {
		other, found := FindPhone(text, home)
		switch {
		case !found || other == e164:
		case e164 != "":
			return "", false
		default:
			e164 = other
		}
	}
	return e164, e164 != ""
}

// CutEmail takes the one e-mail address out of a message in which somebody leaves it.
func CutEmail(text string) (rest string, ok bool) {
	all := emailPattern.FindAllStringIndex(text, 2)
	if len(all) != 1 {
		return text, false
	}
	rest = strings.TrimSpace(text[:all[0][0]] + text[all[0][1]:])
	if strings.IndexFunc(rest, unicode.IsLetter) < 0 {
		return "", true
	}
	return rest, true
}

// CutPhone takes the one phone number out of a message in which somebody leaves their own: one of their
// country, or nothing but a number. Another's number is part of what is said.
func CutPhone(text, country, language string) (rest string, ok bool) {
	plain := plainPhone(text)
	all := phoneCandidate.FindAllStringIndex(plain, 2)
	if len(all) != 1 {
		return text, false
	}
	rest = strings.TrimSpace(plain[:all[0][0]] + plain[all[0][1]:])
	if strings.IndexFunc(rest, unicode.IsLetter) < 0 {
		return "", true
	}
	number, found := FindPhoneFrom(plain, country, language)
	if !found {
		return text, false
	}
	n, err := phonenumbers.Parse(number, "")
	region := phonenumbers.GetRegionCodeForNumber(n)
	if err != nil || region != country && !slices.Contains(homes[language], region) {
		return text, false
	}
	return rest, true
}
