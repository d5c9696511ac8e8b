package router

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
)

// A reference is the one-time code in the text that the customer sends on WhatsApp. It has 80 random
// bits in Crockford's base 32 (no I, L, O, U), grouped for the eye: PNT-7K3M-9QWT-X2VB-04HD. Only its hash is kept.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const referencePrefix = "PNT"

var referenceEncoding = base32.NewEncoding(crockford).WithPadding(base32.NoPadding)

// NewReference draws a reference and returns it with the hash to keep.
//
// It is derived from a number drawn for it with a key that is not in the database, so that neither the
// handoff nor the message that waits in the outbox has to hold it: the outbox keeps ReferencePlace,
// and the code is put in at the instant of sending.
func NewReference(key []byte, number int64) (code string, hash []byte) {
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "handoff %d", number)
	s := referenceEncoding.EncodeToString(mac.Sum(nil)[:10])
	code = strings.Join([]string{referencePrefix, s[0:4], s[4:8], s[8:12], s[12:16]}, "-")
	return code, HashReference(code)
}

// ReferencePlace stands for a handoff's reference in a text that waits to be sent.
func ReferencePlace(number int64) string { return fmt.Sprintf("%s%d~", placePrefix, number) }

const placePrefix = "~ref:"

// ExpandReferences puts the references in; a text without places is returned as it is.
func ExpandReferences(key []byte, text string) string {
	for {
		i := strings.Index(text, placePrefix)
		if i < 0 {
			return text
		}
		rest := text[i+len(placePrefix):]
		end := strings.IndexByte(rest, '~')
		if end < 0 {
			return text
		}
		id, err := strconv.ParseInt(rest[:end], 10, 64)
		if err != nil {
			return text
		}
		code, _ := NewReference(key, id)
		text = text[:i] + code + rest[end+1:]
	}
}

// HiddenReference stands where a reference was in a text that people look at: the code itself lets its
// holder become somebody, and is kept nowhere.
const HiddenReference = "PNT-••••-••••-••••-••••"

// A text that was cut for a preview may end inside a place.
var referencePlace = regexp.MustCompile(regexp.QuoteMeta(placePrefix) + `\d*(?:~|$)`)

// HideReferences shows a text that holds places as the person got it, without the codes.
func HideReferences(text string) string {
	return referencePlace.ReplaceAllLiteralString(text, HiddenReference)
}

// People edit what they send: case, dashes, spaces and look-alike letters may differ.
var referencePattern = regexp.MustCompile(`(?i)\bPNT[\s\-–—_.:]*((?:[0-9A-Z][\s\-–—_.]*){15}[0-9A-Z])(?:[^0-9A-Za-z]|$)`)

// FindReference returns the reference in a text, in its canonical form.
func FindReference(text string) (code string, ok bool) {
	m := referencePattern.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	code = canonical(m[1])
	return code, len(code) == len("PNT-0000-0000-0000-0000")
}

// CutReference takes a reference out of a text, whole or what was left of it, and the sentence that our link put there with
// it, so that what is left is judged as the customer's own words: a code of letters and digits looks like something that
// hides from a filter, and what we wrote ourselves says nothing of what they want.
func CutReference(text string) string {
	lower, own := strings.ToLower(text), text
	for _, p := range prefilledPatterns() {
		if p.mayStandIn(lower) {
			own = strings.TrimSpace(p.re.ReplaceAllString(own, " "))
		}
	}
	if strings.Contains(lower, "pnt") {
		own = strings.TrimSpace(referencePattern.ReplaceAllString(own, " "))
		own = strings.TrimSpace(brokenReference.ReplaceAllString(own, " "))
	}
	return own
}

// brokenReference finds what is left of a reference that was cut or changed.
var brokenReference = regexp.MustCompile(`(?i)(?:\b(?:Ref|Rif|Réf)[\s\p{Z}]*:[\s\p{Z}]*)?\bPNT[\-–—_][0-9A-Z\-–—_]*`)

// prefilledPattern finds the link's sentence in one language. Its words let most texts be passed over without it: every
// message is looked at.
type prefilledPattern struct {
	words []string // in lower case
	re    *regexp.Regexp
}

func (p prefilledPattern) mayStandIn(lower string) bool {
	for _, w := range p.words {
		if !strings.Contains(lower, w) {
			return false
		}
	}
	return true
}

// prefilledPatterns find the link's sentence in any language and however spaced, with its reference, with one that was
// changed, and with none: people take out what they do not understand.
var prefilledPatterns = sync.OnceValue(func() []prefilledPattern {
	const mark, space = "PONTEREFERENCE", `[\s\p{Z}]`
	var all []prefilledPattern
	for language := range All("handoff.prefilled") {
		before, _, _ := strings.Cut(Prefilled(language, mark), mark)
		end := strings.LastIndex(before, ".")
		p := prefilledPattern{words: strings.Fields(strings.ToLower(before[:end]))}
		words := strings.Fields(before[:end])
		for i, w := range words {
			words[i] = regexp.QuoteMeta(w)
		}
		label := regexp.QuoteMeta(strings.Trim(before[end+1:], ": "))
		p.re = regexp.MustCompile("(?i)" + strings.Join(words, space+"+") + `(?:[^\p{L}\p{N}]|$)` +
			"(?:" + space + "*" + label + space + "*:?" + space + `*(?:` + referencePattern.String() + `|PNT[0-9A-Z\-–—_.:]*|(?:[^\p{L}\p{N}]|$)))?`)
		all = append(all, p)
	}
	return all
})

func canonical(s string) string {
	var b strings.Builder
	b.WriteString(referencePrefix)
	n := 0
	for _, r := range strings.ToUpper(s) {
		switch {
		case r == '\u212a': // the Kelvin sign, which matching without case takes for a K
			r = 'K'
		case r == 'O':
			r = '0'
		case r == 'I' || r == 'L':
			r = '1'
		case r == 'U':
			r = 'V'
		}
		if !strings.ContainsRune(crockford, r) {
			continue
		}
		if n%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// HashReference is what the database keeps of a reference.
func HashReference(code string) []byte {
	sum := sha256.Sum256([]byte("ponte handoff " + code))
	return sum[:]
}

// Handoff is what is known of a reference that somebody presents.
type Handoff struct {
	ID         int64
	AccountID  int64 // the WhatsApp account it leads to
	ContactID  int64 // whom it was given to
	IdentityID int64
	ExpiresAt  time.Time
	RevokedAt  *time.Time
	UsedBy     *int64 // identity that used it first
}

// Outcome says what a presented reference is worth.
type Outcome string

// The outcomes. Whoever writes is welcomed whatever the outcome; only Valid joins the two identities.
const (
	NoReference  Outcome = ""
	Valid        Outcome = "valid"
	UsedBefore   Outcome = "used_by_same"  // the same person sends it again
	UsedByOther  Outcome = "used_by_other" // forwarded: a stranger inherits nothing
	Expired      Outcome = "expired"
	Revoked      Outcome = "revoked" // comment removed, join taken back
	UnknownCode  Outcome = "unknown" // edited or invented
	WrongAccount Outcome = "wrong_account"
	SharedLink   Outcome = "shared_link" // of a poster: everybody has it, so it joins nobody
	Forwarded    Outcome = "forwarded"   // the message was passed on: whoever sends it may be a stranger
)

// Present judges a reference presented by an identity on a WhatsApp account. h is nil where no such
// hash is kept.
func Present(h *Handoff, accountID, identityID int64, at time.Time) Outcome {
	switch {
	case h == nil:
		return UnknownCode
	case h.UsedBy != nil && *h.UsedBy == identityID:
		return UsedBefore
	case h.UsedBy != nil:
		return UsedByOther
	case h.RevokedAt != nil:
		return Revoked
	case !at.Before(h.ExpiresAt):
		return Expired
	case h.AccountID != accountID:
		return WrongAccount
	}
	return Valid
}

// Explain says the outcome for the event's record.
func (o Outcome) Explain() string {
	switch o {
	case Valid:
		return "the reference was valid: the two identities are one contact now"
	case UsedBefore:
		return "the reference had been used by the same person"
	case UsedByOther:
		return "the reference had been used by somebody else: welcomed as a new contact"
	case Expired:
		return "the reference had expired: welcomed as a new contact"
	case Revoked:
		return "the reference had been withdrawn: welcomed as a new contact"
	case UnknownCode:
		return "the reference is not one of ours: welcomed as a new contact"
	case Forwarded:
		return "the message with the reference had been forwarded: welcomed as a new contact"
	case SharedLink:
		return "the reference is a poster's: where they came from is kept, nobody is joined"
	case WrongAccount:
		return "the reference leads to another number: welcomed as a new contact"
	}
	return "no reference"
}

// Link returns the click-to-chat link with the prefilled text (Meta: wa.me/<digits>?text=, spaces as %20).
func Link(phone, text string) string {
	return "https://wa.me/" + phone + "?text=" + strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}

// Prefilled is the text that the customer sends with one tap.
func Prefilled(language, code string) string {
	return Say(language, "handoff.prefilled", "code", code)
}

// IsPrefilled reports whether a text is the one our link put there, with nothing of the customer's own, also where the
// reference was taken out or changed: such a text says only that they came.
func IsPrefilled(text string) bool {
	lower := strings.ToLower(text)
	for _, p := range prefilledPatterns() {
		if p.mayStandIn(lower) && p.re.MatchString(text) && !strings.ContainsFunc(CutReference(text), isWritten) {
			return true
		}
	}
	return IsPrefilledOptIn(text, "")
}

func isWritten(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// PrefilledOptIn is the text with which a person confirms, from their own WhatsApp, what they ticked.
func PrefilledOptIn(language, brand, code string) string {
	return Say(language, "optin.prefilled", "brand", brand, "code", code)
}

// IsPrefilledOptIn reports whether a text is the one an opt-in's link put there, for the brand (empty: for
// any), or nothing but the code. A text that was changed may say something else and confirms nothing.
func IsPrefilledOptIn(text, brand string) bool {
	code, ok := FindReference(text)
	if !ok {
		return false
	}
	folded := Fold(text)
	if folded == Fold(code) {
		return true
	}
	const mark = "pontebrand"
	named := brand
	if named == "" {
		named = mark
	}
	for language := range All("optin.prefilled") {
		want := Fold(PrefilledOptIn(language, named, code))
		if before, after, found := strings.Cut(want, mark); brand == "" && found {
			if strings.HasPrefix(folded, before) && strings.HasSuffix(folded, after) && len(folded) < len(want)+200 {
				return true
			}
		} else if folded == want {
			return true
		}
	}
	return false
}

// PutLink replaces the link's place in a private reply with the click-to-chat link of a handoff; the
// reference in it is still a place, to be expanded at the instant of sending.
func PutLink(text, phone, language string, handoffID int64) string {
	const mark = "PONTEREFERENCE" // letters only, so that the URL's encoding leaves it alone
	link := Link(phone, Prefilled(language, mark))
	return strings.ReplaceAll(text, LinkPlace, strings.ReplaceAll(link, mark, ReferencePlace(handoffID)))
}
