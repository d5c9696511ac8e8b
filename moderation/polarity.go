package moderation

import (
	_ "embed" // the words
	"strings"
	"sync"
)

//go:embed polarity.txt
var polarityWords string

// polar says for which languages a word praises, blames or turns what follows round: a bit a language.
type polar struct{ praise, blame, turn uint8 }

func (p polar) or(q polar) polar {
	return polar{p.praise | q.praise, p.blame | q.blame, p.turn | q.turn}
}

// polarity finds by hash what a word, its beginning or a pair of words says.
var polarity = sync.OnceValue(func() map[uint32]polar {
	out := map[uint32]polar{}
	tongue := uint8(0)
	for line := range strings.Lines(polarityWords) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			tongue = 1 << indexOf(Languages, strings.TrimSuffix(name, "]"))
			continue
		}
		kind, words, ok := strings.Cut(line, " = ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		var p polar
		switch kind {
		case "praise":
			p.praise = tongue
		case "blame":
			p.blame = tongue
		case "turn":
			p.turn = tongue
		default:
			panic("polarity.txt: " + kind + " is none of praise, blame, turn")
		}
		for word := range strings.FieldsSeq(words) {
			key := conceptKey(word)
			out[key] = out[key].or(p)
		}
	}
	return out
})

// turnsFor is how many words after one like "not" are turned round.
const turnsFor = 3

// mood counts what a text says for and against, what is turned round apart.
type mood struct{ praise, blame, notPraise, notBlame int }

// sum is above zero where more is said for than against.
func (m mood) sum() int { return m.praise + m.notBlame - m.blame - m.notPraise }

// moodOf reads a folded text as one of a language, or with a mask of all as one of any.
func moodOf(folded string, tongues uint8) mood {
	var m mood
	known, last, turned := polarity(), uint32(0), 0
	for word := range strings.SplitSeq(folded, " ") {
		if word == "" {
			continue
		}
		w := wordHash(word)
		p := known[w]
		if last != 0 {
			p = p.or(known[mix(last*31+w)])
		}
		h, n := fnvStart, 0
		for _, r := range word {
			h = (h ^ uint32(r)) * fnvPrime
			if n++; n >= 3 {
				p = p.or(known[mix(h^stemSalt)])
			}
			if n == 14 {
				break
			}
		}
		switch praise, blame := p.praise&tongues != 0, p.blame&tongues != 0; {
		case praise && turned > 0:
			m.notPraise++
		case praise:
			m.praise++
		case blame && turned > 0:
			m.notBlame++
		case blame:
			m.blame++
		}
		turned = max(0, turned-1)
		if p.turn&tongues != 0 {
			turned = turnsFor
		}
		last = w
	}
	return m
}

// moodFeatures say whether a text praises or blames: in its own language loudly, in any other a little.
func (s *scratch) moodFeatures(folded, language string) {
	tongues := uint8(1<<len(Languages) - 1)
	if m := moodOf(folded, tongues); m != (mood{}) {
		s.add(mix(0x6d6f6f64 + uint32(8+max(-3, min(3, m.sum())))))
	}
	for i, l := range Languages {
		if l == language {
			tongues = 1 << i
		}
	}
	m := moodOf(folded, tongues)
	s.loud(60, min(m.praise, 3))
	s.loud(61, min(m.blame, 3))
	s.loud(62, min(m.notPraise, 2))
	s.loud(63, min(m.notBlame, 2))
	s.loud(64, 3+max(-3, min(3, m.sum())))
}
