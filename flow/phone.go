package flow

import (
	"regexp"
	"slices"

	"github.com/nyaruka/phonenumbers"
)

var phoneCandidate = regexp.MustCompile(`\+?\(?\d[\d\s().\-/\x{00a0}]{5,24}\d`)

// FindPhone returns the one phone number in a text that WhatsApp could run on, as E.164; ok is false where
// there is none, or more than one. The country says how a number without a country code is meant.
func FindPhone(text, country string) (e164 string, ok bool) {
	var found []string
	for _, c := range phoneCandidate.FindAllString(plainDigits(text), 5) {
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
