package flow

import "strings"

// Number reads a phone number as people write it and returns its digits with country code, without a plus.
// The country (ISO code) is assumed where the number begins without one.
func Number(text, country string) (string, bool) {
	e164, ok := parsePhone(text, country)
	return strings.TrimPrefix(e164, "+"), ok
}
