package moderation

import (
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Rules see a text through their own folding, which is not the model's: a rule must find what is meant
// and stay the same when the model is trained anew.

// class says what a rune is to rules.
type class uint8

const (
	dropped class = iota // invisible, or a mark over a letter
	space
	letter
	digit
	sign
	emoji
	ideograph // of a script written without spaces: a word by itself
	regional  // one of the letters flags are made of
)

// cell is one rune as rules see it.
type cell struct {
	r     rune // lower case, without marks, of the plain alphabet
	look  rune // the Latin letter it looks like, where it is of another script; 0: none
	is    class
	upper bool
	style bool // of the mathematical or enclosed alphabets
}

// folding is what one rune becomes: usually one cell, sometimes more ("ß", "㎏"), or none.
type folding struct {
	first  cell
	rest   []cell
	styled bool // of the mathematical or enclosed alphabets
	hidden bool // invisible, and no part of an emoji
}

// lookalikes are letters of other scripts that look like Latin ones: our own table, made by looking at
// the alphabets beside each other.
var lookalikes = map[rune]rune{
	// Cyrillic
	'а': 'a', 'в': 'b', 'с': 'c', 'ԁ': 'd', 'е': 'e', 'ғ': 'f', 'һ': 'h', 'н': 'h', 'і': 'i', 'ј': 'j', 'к': 'k', 'ӏ': 'l', 'м': 'm', 'п': 'n', 'о': 'o', 'р': 'p',
	'ԛ': 'q', 'г': 'r', 'ѕ': 's', 'т': 't', 'и': 'u', 'ц': 'u', 'ѵ': 'v', 'ԝ': 'w', 'ш': 'w', 'х': 'x', 'у': 'y', 'ү': 'y', 'з': 'e', 'э': 'e', 'є': 'e', 'ё': 'e', 'ї': 'i', 'ь': 'b', 'б': 'b', 'ч': 'y', 'я': 'r', 'л': 'n', 'ӕ': 'a', 'ө': 'o', 'ҳ': 'x', 'ҝ': 'k', 'қ': 'k', 'ң': 'h',
	// Greek
	'α': 'a', 'β': 'b', 'γ': 'y', 'δ': 'd', 'ε': 'e', 'ζ': 'z', 'η': 'n', 'θ': 'o', 'ι': 'i', 'κ': 'k', 'λ': 'a', 'μ': 'u', 'ν': 'v', 'ξ': 'e', 'ο': 'o', 'π': 'n', 'ρ': 'p', 'σ': 'o', 'ς': 's', 'τ': 't', 'υ': 'u', 'χ': 'x', 'ω': 'w', 'ϲ': 'c', 'ϳ': 'j', 'ϝ': 'f',
	// Armenian, Georgian, Hebrew, Cherokee, Lisu, Coptic and others
	'ա': 'w', 'զ': 'q', 'հ': 'h', 'ո': 'n', 'ռ': 'n', 'ս': 'u', 'ց': 'g', 'օ': 'o', 'յ': 'j', 'ք': 'p', 'ɡ': 'g', 'ყ': 'y', 'ი': 'o', 'თ': 'o', 'ס': 'o', 'ו': 'i', 'ן': 'i', 'ט': 'u',
	'Ꭰ': 'd', 'Ꭱ': 'r', 'Ꭲ': 't', 'Ꭺ': 'a', 'Ꭻ': 'j', 'Ꭼ': 'e', 'Ꮃ': 'w', 'Ꮇ': 'm', 'Ꮋ': 'h', 'Ꮐ': 'g', 'Ꮓ': 'z', 'Ꮖ': 'i', 'Ꮞ': '4', 'Ꮢ': 'r', 'Ꮤ': 'w', 'Ꮥ': 's', 'Ꮩ': 'v', 'Ꮪ': 's', 'Ꮮ': 'l', 'Ꮯ': 'c', 'Ꮲ': 'p', 'Ꮶ': 'k', 'Ᏸ': 'b', 'Ᏼ': 'b',
	'ꓐ': 'b', 'ꓑ': 'p', 'ꓒ': 'd', 'ꓓ': 'd', 'ꓔ': 't', 'ꓖ': 'g', 'ꓗ': 'k', 'ꓙ': 'j', 'ꓚ': 'c', 'ꓜ': 'z', 'ꓝ': 'f', 'ꓠ': 'n', 'ꓡ': 'l', 'ꓢ': 's', 'ꓣ': 'r', 'ꓦ': 'v', 'ꓧ': 'h', 'ꓪ': 'w', 'ꓫ': 'x', 'ꓬ': 'y', 'ꓮ': 'a', 'ꓰ': 'e', 'ꓲ': 'i', 'ꓳ': 'o', 'ꓴ': 'u',
	'ⲁ': 'a', 'ⲃ': 'b', 'ⲉ': 'e', 'ⲓ': 'i', 'ⲕ': 'k', 'ⲙ': 'm', 'ⲛ': 'n', 'ⲟ': 'o', 'ⲣ': 'p', 'ⲥ': 'c', 'ⲧ': 't', 'ⲩ': 'y', 'ⲭ': 'x',
	'𐐪': 'a', '𐐬': 'o', '𐑈': 's', '০': 'o', '੦': 'o', '൦': 'o', 'ഠ': 'o', 'ര': 'o',
}

// oddLetters are hardly ever written but for their looks.
var oddLetters = map[rune]bool{'ѕ': true, 'ԁ': true, 'һ': true, 'ԛ': true, 'ԝ': true, 'ӏ': true, 'ѵ': true, 'ϲ': true, 'ϳ': true, 'ғ': true, 'օ': true}

// latinLetters are letters that no decomposition leads back to the plain alphabet.
var latinLetters = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ħ': "h", 'ŧ': "t", 'ı': "i", 'ȷ': "j", 'ĸ': "k", 'ŋ': "n", 'ƒ': "f", 'ƙ': "k", 'ƞ': "n", 'ɑ': "a", 'ɐ': "a", 'ɓ': "b", 'ƀ': "b", 'ɔ': "c", 'ɕ': "c", 'ɖ': "d", 'ɗ': "d", 'ə': "e", 'ǝ': "e", 'ɛ': "e", 'ɘ': "e", 'ɜ': "e", 'ɠ': "g", 'ɡ': "g", 'ɢ': "g", 'ɣ': "y", 'ɦ': "h", 'ɥ': "h", 'ɪ': "i", 'ɩ': "i", 'ɨ': "i", 'ʝ': "j", 'ɭ': "l", 'ɬ': "l", 'ʟ': "l", 'ɯ': "m", 'ɱ': "m", 'ɲ': "n", 'ɳ': "n", 'ɴ': "n", 'ɵ': "o", 'ʀ': "r", 'ɾ': "r", 'ɹ': "r", 'ɼ': "r", 'ʁ': "r", 'ʂ': "s", 'ʃ': "s", 'ʇ': "t", 'ʈ': "t", 'ʉ': "u", 'ʋ': "v", 'ʌ': "v", 'ʍ': "m", 'ʎ': "y", 'ʏ': "y", 'ʐ': "z", 'ʑ': "z", 'ƶ': "z",
	'ᴀ': "a", 'ʙ': "b", 'ᴄ': "c", 'ᴅ': "d", 'ᴇ': "e", 'ꜰ': "f", 'ʜ': "h", 'ᴊ': "j", 'ᴋ': "k", 'ᴍ': "m", 'ᴏ': "o", 'ᴘ': "p", 'ꞯ': "q", 'ꜱ': "s", 'ᴛ': "t", 'ᴜ': "u", 'ᴠ': "v", 'ᴡ': "w", 'ᴢ': "z", 'ᵷ': "g", '℮': "e", '⍺': "a", '⍵': "w", 'ꝑ': "p", 'ꝓ': "p", 'ꝛ': "r", 'ᵻ': "i", 'ᵾ': "u",
}

var quotes = map[rune]rune{'’': '\'', '‘': '\'', 'ʼ': '\'', '´': '\'', '`': '\'', '′': '\'', '‛': '\'', '‐': '-', '‑': '-', '‒': '-', '–': '-', '—': '-', '―': '-', '−': '-', '﹣': '-', '。': '.', '｡': '.', '·': '.', '•': '.', '∙': '.', '⋅': '.', '․': '.', '💲': '$', '¡': '!', '❗': '!', '❕': '!'}

var asciiFolds = func() (t [utf8.RuneSelf]folding) {
	for r := range rune(utf8.RuneSelf) {
		t[r] = foldRune(r)
	}
	return t
}()

// foldPages are the foldings of the first two planes, a page of 256 runes at a time, made when the first
// of its runes is met.
var foldPages [0x200]atomic.Pointer[[256]folding]

// foldingOf is what a rune becomes. It allocates only when it meets a page for the first time.
func foldingOf(r rune) *folding {
	if r < utf8.RuneSelf {
		return &asciiFolds[r]
	}
	if int(r>>8) >= len(foldPages) {
		if r >= 0xe0000 && r <= 0xe0fff {
			return &invisible
		}
		return &elsewhere
	}
	page := foldPages[r>>8].Load()
	if page == nil {
		page = new([256]folding)
		for i := range page {
			page[i] = foldRune(r&^0xff | rune(i))
		}
		foldPages[r>>8].Store(page)
	}
	return &page[r&0xff]
}

// What lies beyond the pages: tags that do not show, and signs of rare scripts.
var (
	invisible = folding{first: cell{is: dropped}, hidden: true}
	elsewhere = folding{first: cell{r: '?', is: sign}}
)

func foldRune(r rune) folding {
	switch {
	case r == utf8.RuneError || r >= 0xd800 && r <= 0xdfff:
		return folding{first: cell{r: ' ', is: space}}
	case r >= 0xfe00 && r <= 0xfe0f || r == 0x200d || r >= 0x1f3fb && r <= 0x1f3ff:
		return folding{first: cell{is: dropped}} // parts of emoji
	case ignorable(r) || r == 0x180e || r == 0x17b4 || r == 0x17b5:
		return folding{first: cell{is: dropped}, hidden: true}
	case unicode.IsSpace(r) || unicode.IsControl(r) || r == 0x2800 || r == 0x3164:
		return folding{first: cell{r: ' ', is: space}}
	case unicode.Is(unicode.M, r):
		return folding{first: cell{is: dropped}}
	case r >= 0x1f1e6 && r <= 0x1f1ff:
		return folding{first: cell{r: 'a' + r - 0x1f1e6, is: regional}}
	case quotes[r] != 0:
		return folding{first: cell{r: quotes[r], is: sign}}
	}
	for _, from := range []rune{0x1f150, 0x1f170} { // negative circled and squared letters have no decomposition
		if r >= from && r < from+26 {
			return folding{first: cell{r: 'a' + r - from, is: letter}, styled: true}
		}
	}
	if isEmoji(r) && !styledLetter(r) {
		return folding{first: cell{r: r, is: emoji}}
	}
	if unspaced(r) || unicode.Is(unicode.Hangul, r) {
		is := letter
		if unspaced(r) {
			is = ideograph
		}
		return folding{first: cell{r: r, is: is}}
	}
	return decompose(r)
}

// unspaced says whether a rune is of a script that puts no spaces between words.
func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan)
}

func decompose(r rune) folding {
	f := folding{styled: styledLetter(r)}
	for _, d := range norm.NFKD.String(string(r)) {
		low := unicode.ToLower(d)
		c := cell{r: low, is: sign, upper: low != d}
		switch {
		case unicode.Is(unicode.M, d):
			continue
		case quotes[d] != 0:
			c.r = quotes[d]
		case latinLetters[low] != "":
			for _, l := range latinLetters[low] {
				f.put(cell{r: l, is: letter, upper: c.upper})
			}
			continue
		case unicode.IsLetter(d):
			c.is, c.look = letter, lookalikes[low]
			if c.look == 0 {
				c.look = lookalikes[d]
			}
			if unspaced(d) {
				c.is = ideograph
			}
		case unicode.IsDigit(d):
			c.is = digit
			c.r = '0' + rune(digitValue(d))
		case unicode.IsSpace(d):
			c = cell{r: ' ', is: space}
		}
		f.put(c)
	}
	if f.styled { // "⒜" is a letter in brackets: the brackets are its style
		f.onlyLetters()
	}
	return f
}

// digitValue is the value of a decimal digit of any script: they stand in tens, the zero first.
func digitValue(d rune) int {
	v := 0
	for v < 9 && unicode.IsDigit(d-1) && (d-1)>>4 == d>>4 {
		d--
		v++
	}
	return v
}

func (f *folding) put(c cell) {
	if f.first.is == dropped {
		f.first = c
		return
	}
	f.rest = append(f.rest, c)
}

func (f *folding) onlyLetters() {
	all := append([]cell{f.first}, f.rest...)
	*f = folding{styled: true}
	for _, c := range all {
		if c.is == letter || c.is == digit {
			f.put(c)
		}
	}
}

// leetLetter is the letter a digit or sign stands for in "fr33 m0n€y"; 0: none. What may be an i or an
// l is an i here; both are tried.
func leetLetter(r rune) rune {
	switch r {
	case '0':
		return 'o'
	case '1', '!', '|':
		return 'i'
	case '3', '€', '£':
		return 'e'
	case '4', '@':
		return 'a'
	case '5', '$', '§':
		return 's'
	case '6', '9':
		return 'g'
	case '7', '+', '†':
		return 't'
	case '8':
		return 'b'
	case '2':
		return 'z'
	case '¢', '(', '©':
		return 'c'
	}
	return 0
}
