package router

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// KeywordSet holds the words of one language; an empty language means any.
type KeywordSet struct {
	Language string   `json:"language"`
	Words    []string `json:"words"`   // a whole word
	Phrases  []string `json:"phrases"` // words in a row
	Not      []string `json:"not"`     // a word or phrase that forbids the match
}

// wordSet is a KeywordSet whose words are folded as its language writes.
type wordSet struct {
	language string
	say, not []foldedWord
}

type foldedWord struct {
	as    string // as it was written
	forms []form
	whole bool // a handle or a link: looked for in the whole text
}

type form struct {
	way  folding
	text string
}

// folding is a way to make texts comparable. French and Italian part a word from its article by the
// apostrophe, English joins with it; German writes ü as ue, where u alone is another word.
type folding int

const (
	joined folding = iota // don't → dont
	parted                // l'info → l info
	german                // schön → schoen
	foldings
)

// ways are the foldings of a language; a set for any language tries them all.
func ways(language, word string) []folding {
	switch language {
	case "fr", "it", "pt":
		return []folding{parted}
	case "de":
		return []folding{german}
	case "":
		if strings.ContainsAny(norm.NFC.String(strings.ToLower(word)), "äöü") {
			return []folding{joined, parted, german}
		}
		return []folding{joined, parted}
	}
	return []folding{joined}
}

func (t *Trigger) compile() {
	t.sets = make([]wordSet, 0, len(t.Keywords))
	for _, k := range t.Keywords {
		set := wordSet{language: k.Language}
		for _, w := range k.Words {
			set.say = append(set.say, foldWord(k.Language, w))
		}
		for _, w := range k.Phrases {
			set.say = append(set.say, foldWord(k.Language, w))
		}
		for _, w := range k.Not {
			set.not = append(set.not, foldWord(k.Language, w))
		}
		t.sets = append(t.sets, set)
	}
	t.tags = nil
	for _, tag := range t.Hashtags {
		t.tags = append(t.tags, foldTag(tag))
	}
}

func foldWord(language, word string) foldedWord {
	out := foldedWord{as: word, whole: aside.MatchString(word)}
	for _, way := range ways(language, word) {
		if f := (form{way, fold(word, way)}); !slices.Contains(out.forms, f) {
			out.forms = append(out.forms, f)
		}
	}
	return out
}

func (s *wordSet) speaks(language string) bool {
	return s.language == "" || language == "" || language == "unknown" || language == "other" || s.language == language
}

func (s *wordSet) excluded(text *folded) string { return text.first(s.not) }

func (s *wordSet) find(text *folded) string { return text.first(s.say) }

// folded is a text in every folding that was asked for: what its writer says in words, and the whole of it.
type folded struct {
	text  [2]string
	ready [2][foldings]bool
	forms [2][foldings]string
}

// newFolded keeps what the writer says in words apart from whom they call over and where a link leads.
func newFolded(text string) *folded {
	return &folded{text: [2]string{aside.ReplaceAllString(text, "$1 "), text}}
}

// aside is a handle (@price.hunter), a link or an e-mail address.
var aside = regexp.MustCompile(`(?i)(^|[^\pL\pN_.@])(?:@[\pL\pN_][\pL\pN_.]*|https?://\S+|www\.\S+|[\pL\pN_.+-]+@[\pL\pN_-]+\.[\pL\pN_.-]+)`)

func (f *folded) as(way folding, whole bool) string {
	part := 0
	if whole {
		part = 1
	}
	if !f.ready[part][way] {
		f.forms[part][way], f.ready[part][way] = fold(f.text[part], way), true
	}
	return f.forms[part][way]
}

func (f *folded) first(words []foldedWord) string {
	for _, w := range words {
		for _, form := range w.forms {
			if containsWords(f.as(form.way, w.whole), form.text) {
				return w.as
			}
		}
	}
	return ""
}

// Fold makes texts comparable: lower case, no accents, letters and digits as words, one space between
// them; emoji and other symbols stay as words of their own, so that they can be keywords.
func Fold(text string) string { return fold(text, joined) }

var umlauts = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "AE", "Ö", "OE", "Ü", "UE")

// letters that Unicode does not take apart, as people type them without their own keyboard. A Turkish
// dotless ı is an i: nobody's text is folded by Turkish rules, where I is another letter.
var letters = map[rune]string{'ß': "ss", 'ł': "l", 'ø': "o", 'æ': "ae", 'œ': "oe", 'đ': "d", 'ı': "i"}

func fold(text string, way folding) string {
	text = marks.Replace(strings.ToValidUTF8(text, " "))
	if way == german {
		text = umlauts.Replace(norm.NFKC.String(text))
	}
	var b strings.Builder
	b.Grow(len(text))
	gap, flag := true, false
	word := func() {
		if !gap {
			b.WriteByte(' ')
			gap = true
		}
	}
	for _, r := range norm.NFKD.String(text) {
		if flag && !regional(r) {
			word()
			flag = false
		}
		switch {
		case way == parted && apostrophe(r):
			word()
		case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Cf, r), apostrophe(r):
			// marks, what cannot be seen, and apostrophes are part of what stands before them
		case regional(r): // two letters are one flag: 🇮🇹🇷🇴 holds no 🇹🇷
			if !flag {
				word()
			}
			b.WriteRune(r)
			gap = false
			if flag {
				word()
			}
			flag = !flag
		case unicode.IsLetter(r), unicode.IsDigit(r):
			r = unicode.ToLower(r)
			if plain, ok := letters[r]; ok {
				b.WriteString(plain)
			} else {
				b.WriteRune(r)
			}
			gap = false
		case unicode.Is(unicode.So, r), unicode.Is(unicode.Sk, r) && r > 0x1f000:
			word()
			b.WriteRune(r)
			gap = false
			word()
		default:
			word()
		}
	}
	return strings.TrimSpace(b.String())
}

func regional(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

// marks that keyboards put where an apostrophe belongs; the acute accent would be taken apart into a space.
var marks = strings.NewReplacer("´", "'", "`", "'", "‘", "'", "′", "'", "＇", "'")

func apostrophe(r rune) bool { return r == '\'' || r == '’' || r == 'ʼ' }

// containsWords reports whether needle stands in text as whole words; both are folded.
func containsWords(text, needle string) bool {
	if needle == "" {
		return false
	}
	for from := 0; ; {
		i := strings.Index(text[from:], needle)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(needle)
		if (start == 0 || text[start-1] == ' ') && (end == len(text) || text[end] == ' ') {
			return true
		}
		from = start + 1
	}
}

// foldTag makes a hashtag comparable: networks ignore case, people accents.
func foldTag(tag string) string {
	return strings.ReplaceAll(Fold(strings.TrimLeft(strings.TrimSpace(tag), "#＃")), " ", "")
}

// tagged says whether a caption has one of the hashtags, folded. A hashtag ends where a letter, digit
// or underscore does not follow.
func tagged(caption string, tags []string) bool {
	for rest := norm.NFKC.String(caption); ; {
		_, after, found := strings.Cut(rest, "#")
		if !found {
			return false
		}
		end := strings.IndexFunc(after, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) && r != '_'
		})
		if end < 0 {
			end = len(after)
		}
		if slices.Contains(tags, foldTag(after[:end])) {
			return true
		}
		rest = after[end:]
	}
}
