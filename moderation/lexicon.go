package moderation

import (
	"cmp"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// lexicon knows by hash which words public lists call crude, and in which language. It is a signal among
// others: a list alone finds a third of what people mark as offensive, and much that they do not.
type lexicon struct {
	keys   []uint32 // sorted
	strong []uint8  // a bit a language
	mild   []uint8
}

var lexiconLanguages = []string{"en", "it", "fr", "es", "de", "pt"}

func lexiconBit(language string) uint8 {
	for i, l := range lexiconLanguages {
		if l == language {
			return 1 << i
		}
	}
	return 0
}

func (l *lexicon) covers(language string) bool { return len(l.keys) > 0 && lexiconBit(language) != 0 }

// level is 2 for a word that is surely crude in the language, 1 for one that may be.
func (l *lexicon) level(key uint32, language string) int {
	i, ok := slices.BinarySearch(l.keys, key)
	if !ok {
		return 0
	}
	bit := lexiconBit(language)
	switch {
	case l.strong[i]&bit != 0:
		return 2
	case l.mild[i]&bit != 0:
		return 1
	}
	return 0
}

// has reports whether a text holds a surely crude word: the plain word list that figures are compared with.
func (l *lexicon) has(folded, language string) bool {
	var last uint32
	for word := range strings.FieldsSeq(folded) {
		w := wordHash(word)
		if l.level(w, language) == 2 || last != 0 && l.level(mix(last*31+w), language) == 2 {
			return true
		}
		last = w
	}
	return false
}

// readLexicon reads the public lists of a data folder; without the folder there is none.
func readLexicon(dir string) (lexicon, int, error) {
	type levels struct{ strong, mild uint8 }
	found := map[uint32]levels{}
	words := 0
	note := func(word, language string, level int) {
		fields := strings.Fields(fold(word))
		if len(fields) == 0 || len(fields) > 2 || level == 0 {
			return
		}
		key := wordHash(fields[0])
		if len(fields) == 2 {
			key = mix(key*31 + wordHash(fields[1]))
		}
		v := found[key]
		if level == 2 {
			v.strong |= lexiconBit(language)
		} else {
			v.mild |= lexiconBit(language)
		}
		found[key] = v
		words++
	}
	for _, language := range lexiconLanguages {
		for _, line := range linesOf(filepath.Join(dir, "ldnoobw-"+language+".txt")) {
			note(line, language, 2)
		}
		for _, line := range linesOf(filepath.Join(dir, "cuss-"+language+".tsv")) {
			if word, sure, ok := strings.Cut(line, "\t"); ok {
				note(word, language, map[string]int{"1": 1, "2": 2}[strings.TrimSpace(sure)])
			}
		}
	}
	for i, line := range linesOf(filepath.Join(dir, "surge-profanity-en.csv")) {
		if word, _, ok := strings.Cut(line, ","); ok && i > 0 {
			note(word, "en", 2)
		}
	}
	if words == 0 {
		return lexicon{}, 0, errors.New(dir + " holds no word lists")
	}
	var l lexicon
	for key := range found {
		l.keys = append(l.keys, key)
	}
	slices.SortFunc(l.keys, cmp.Compare)
	for _, key := range l.keys {
		l.strong, l.mild = append(l.strong, found[key].strong), append(l.mild, found[key].mild)
	}
	return l, words, nil
}

func linesOf(path string) []string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSpace(string(raw)), "\n")
}

func (l *lexicon) bytes() []byte {
	out := make([]byte, 0, len(l.keys)*6)
	for i, key := range l.keys {
		out = append(binary.BigEndian.AppendUint32(out, key), l.strong[i], l.mild[i])
	}
	return out
}

func lexiconFrom(raw []byte) lexicon {
	var l lexicon
	for ; len(raw) >= 6; raw = raw[6:] {
		l.keys = append(l.keys, binary.BigEndian.Uint32(raw))
		l.strong, l.mild = append(l.strong, raw[4]), append(l.mild, raw[5])
	}
	return l
}
