package moderation

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// checkPattern says what is wrong with a regular expression. RE2 never backtracks, so its time is linear in the
// text; its size is bounded here, so that the factor is too.
func checkPattern(pattern string) error {
	if len(pattern) > maxPattern {
		return fmt.Errorf("the expression has %d characters, at most %d are taken", len(pattern), maxPattern)
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return unreadable(err)
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return fmt.Errorf("the expression cannot be used: %w", err)
	}
	if n := len(prog.Inst); n > maxProgram {
		return fmt.Errorf("the expression is too large: %d steps, at most %d are taken; repeat less", n, maxProgram)
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return unreadable(err)
	}
	if re.MatchString("") {
		return fmt.Errorf("the expression matches every text")
	}
	return nil
}

func unreadable(err error) error {
	return fmt.Errorf("the expression cannot be read: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
}

// patternWay is one of the ways a pattern may match, with its number among the ways of all patterns.
type patternWay struct {
	re     *regexp.Regexp
	number int
}

const maxWays = 64

// ways are the alternatives of an expression: it matches where one of them does. Each has literals of its own, so
// that a word of one language does not set a whole expression for seven languages to work. Expressions with flags
// or quoted parts, which reach past a bar, stay whole.
func ways(pattern string) []string {
	if strings.Contains(strings.ReplaceAll(pattern, "(?:", "("), "(?") || strings.Contains(pattern, `\Q`) {
		return []string{pattern}
	}
	var list []string
	depth, class, from := 0, -1, 0
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\':
			i++
		case class >= 0: // a bracket that comes first in a class stands for itself
			if c == '[' && strings.HasPrefix(pattern[i:], "[:") {
				if end := strings.Index(pattern[i:], ":]"); end > 0 {
					i += end + 1
				}
			} else if c == ']' && i > class {
				class = -1
			}
		case c == '[':
			class = i + 1
			if strings.HasPrefix(pattern[class:], "^") {
				class++
			}
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '|' && depth == 0:
			list, from = append(list, pattern[from:i]), i+1
		}
	}
	if list = append(list, pattern[from:]); len(list) > maxWays {
		return []string{pattern}
	}
	return list
}

// literals are pieces of text of which one stands in whatever an expression matches; nil: none are
// known. They let most expressions be passed over without being run.
func literals(pattern string) []string {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil
	}
	list := needed(parsed.Simplify())
	for _, l := range list {
		if len(l) < 2 || strings.ContainsFunc(l, func(r rune) bool { return alphabet(byte(min(r, 0x7f))) == 0 || r >= 0x80 }) {
			return nil
		}
	}
	if len(list) > 500 {
		return nil
	}
	return list
}

func needed(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 {
			return nil
		}
		return []string{string(re.Rune)}
	case syntax.OpCapture, syntax.OpPlus:
		return needed(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return needed(re.Sub[0])
		}
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			one := needed(sub)
			if one == nil {
				return nil
			}
			all = append(all, one...)
		}
		return all
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			if one := needed(sub); one != nil && (best == nil || shortest(one) > shortest(best)) {
				best = one
			}
		}
		return best
	}
	return nil
}

func shortest(list []string) int {
	n := len(list[0])
	for _, l := range list[1:] {
		n = min(n, len(l))
	}
	return n
}

// literalIndex finds the literals of all patterns in one pass (Aho and Corasick).
type literalIndex struct {
	next   [][alphabetSize]int32
	out    [][]uint16 // by state: the patterns whose literal ends here
	always []uint16   // patterns without literals
}

const alphabetSize = 39

// alphabet is the letter's number in the index; 0: it stands in no literal.
func alphabet(b byte) int {
	switch {
	case b >= 'a' && b <= 'z':
		return int(b-'a') + 1
	case b >= '0' && b <= '9':
		return int(b-'0') + 27
	case b == ' ':
		return 37
	case b == '@':
		return 38
	}
	return 0
}

var alphabetOf = func() (t [256]uint8) {
	for b := range 256 {
		t[b] = uint8(alphabet(byte(b)))
	}
	return t
}()

func newLiteralIndex(patterns []string) *literalIndex {
	x := &literalIndex{next: make([][alphabetSize]int32, 1), out: make([][]uint16, 1)}
	for i, p := range patterns {
		list := literals(p)
		if list == nil {
			x.always = append(x.always, uint16(i))
		}
		for _, l := range list {
			state := int32(0)
			for _, b := range []byte(l) {
				a := alphabetOf[b]
				if x.next[state][a] == 0 {
					x.next = append(x.next, [alphabetSize]int32{})
					x.out = append(x.out, nil)
					x.next[state][a] = int32(len(x.next) - 1)
				}
				state = x.next[state][a]
			}
			x.out[state] = append(x.out[state], uint16(i))
		}
	}
	x.link()
	return x
}

// link completes the automaton breadth first: where a literal does not go on, its longest ending that
// begins another does.
func (x *literalIndex) link() {
	fail := make([]int32, len(x.next))
	var queue []int32
	for _, n := range x.next[0] {
		if n != 0 {
			queue = append(queue, n)
		}
	}
	for len(queue) > 0 {
		state := queue[0]
		queue = queue[1:]
		for a, n := range x.next[state] {
			other := x.next[fail[state]][a]
			if n == 0 {
				x.next[state][a] = other
				continue
			}
			fail[n] = other
			x.out[n] = append(x.out[n], x.out[other]...)
			queue = append(queue, n)
		}
	}
}

// find marks the patterns that may match.
func (x *literalIndex) find(s *sight, patterns int) {
	s.seen = s.seen[:0]
	for range (patterns + 63) / 64 {
		s.seen = append(s.seen, 0)
	}
	for _, p := range x.always {
		s.seen[p>>6] |= 1 << (p & 63)
	}
	if len(x.next) == 1 {
		return
	}
	state := int32(0)
	for _, b := range s.flat {
		state = x.next[state][alphabetOf[b]]
		for _, p := range x.out[state] {
			s.seen[p>>6] |= 1 << (p & 63)
		}
	}
}
