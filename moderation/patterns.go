package moderation

import (
	"math/bits"
	"slices"
	"strings"
)

// step is a class to be met, after no more than so many words.
type step struct {
	class wordClass
	gap   int
	tight bool // not across a comma
}

// wishSign is what classes next to each other say. None reaches over the end of a sentence.
type wishSign struct {
	name  string
	kind  signKind
	steps []step
}

type signKind uint8

const (
	signHint    signKind = iota // speaks for a withdrawal, or of messages at least
	signClear                   // says it in so many words
	signAgainst                 // says that it goes on, or cannot stop
	signBooked                  // is about a booking
	signJoin                    // wants to be sent something
	signAsks                    // speaks for asking for a person
)

// signs are written as classes with, after a tilde, how many words may stand before the next; an
// exclamation mark keeps two on one side of a comma.
var wishSigns = []wishSign{
	named("stop sending", signClear, "stop ~3 contact"),
	named("stop messages", signClear, "stop ~4 msg"),
	named("enough of sending", signHint, "weak ~2 contact"),
	named("enough messages", signHint, "weak ~3 msg"),
	named("do not send me", signClear, "neg ~2! contact ~2 me|more"),
	named("not me send", signClear, "neg ~1! me ~2 contact"),
	named("no more send", signClear, "neg ~2! more ~2 contact"),
	named("send not", signHint, "contact ~3! neg"),
	named("send me not", signClear, "contact ~1! me ~2 neg"),
	named("send nothing more", signClear, "contact ~2! neg ~1 more"),
	named("me send not", signClear, "me ~1! contact ~1 neg"),
	named("not send", signHint, "neg ~2! contact"),
	named("do not want to get", signClear, "neg ~2! want ~4 recv|contact|msg"),
	named("want no", signClear, "want ~3! neg ~3 recv|contact|msg"),
	named("do not want more", signHint, "neg ~2! want ~2 more"),
	named("want no more", signHint, "want ~2! neg ~1 more"),
	named("no messages", signHint, "neg ~1! msg"),
	named("no more messages", signClear, "neg ~1! more ~2 msg"),
	named("not get messages", signHint, "neg ~2! recv ~3 msg"),
	named("remove me", signClear, "remove ~1 me"),
	named("me remove", signClear, "me ~1 remove"),
	named("remove number", signClear, "remove ~3 num"),
	named("remove from list", signClear, "remove ~5 list"),
	named("off the list", signClear, "off ~2 list"),
	named("me off", signHint, "me ~1 off"),
	named("remove me off", signClear, "remove ~2 me ~3 off"),
	named("remove me in", signJoin, "remove ~2 me ~4 join"),
	named("leave me alone", signClear, "leave ~3 alone"),
	named("unsubscribe", signClear, "unsub"),
	named("withdraw consent", signClear, "withdraw ~3 consent"),
	named("no consent", signHint, "neg ~2! consent"),
	named("object", signHint, "object"),
	named("tired of messages", signHint, "tired ~5 msg"),
	named("too many messages", signHint, "toomany ~2 msg"),
	named("cancel subscription", signClear, "disable ~3 sub"),
	named("disable messages", signHint, "disable ~3 msg"),
	named("wrong number", signHint, "wrong"),
	named("how to end it", signHint, "how ~4 stop|remove|disable|unsub"),
	named("messages", signHint, "msg"),
	named("send", signHint, "contact"),
	named("stops", signHint, "stop"),
	named("perhaps stops", signHint, "weak"),
	named("removes", signHint, "remove"),
	named("more", signHint, "neg ~2 more"),
	named("last message", signHint, "last ~2 msg|contact"),
	named("threat", signHint, "threat"),
	named("message or threat", signHint, "msg|contact ~6 threat|stop"),
	named("threat of message", signHint, "threat ~6 msg|contact"),
	named("not on a list", signHint, "neg ~4 list"),
	named("list not", signHint, "list ~5 neg"),
	named("want out", signClear, "want ~2 word|unsub|off"),
	named("word", signHint, "word"),
	named("do not use number", signClear, "neg ~2! use ~3 num"),
	named("number removed", signHint, "num ~4 remove|off"),
	named("no consent given", signHint, "neg ~3! join"),
	named("sends still", signHint, "keep ~2 contact"),
	named("tired", signHint, "tired"),
	named("object to messages", signClear, "object ~5 msg|contact|use|num"),

	named("messages disabled", signHint, "msg|sub ~4! disable"),
	named("from the list removed", signClear, "list ~3! remove"),
	named("consent taken back", signClear, "remove ~2 consent"),
	named("do not call me", signClear, "neg ~1! call ~3 contact ~1 me"),

	named("goodbye", signHint, "bye"),
	named("goodbye to messages", signHint, "bye ~3 msg|sub|list"),
	named("does without", signHint, "spare"),
	named("does without messages", signClear, "spare ~4 msg|sub|recv"),
	named("messages unwanted", signClear, "msg|sub ~3! spare"),
	named("by the law", signHint, "law"),
	named("the law and what for", signHint, "law ~6 remove|stop|contact|num"),
	named("consent withdrawn", signClear, "consent ~3! withdraw"),
	named("consent not given", signHint, "consent ~2! neg"),
	named("sends too much", signHint, "contact ~3 tired|toomany"),
	named("messages mute", signHint, "disable ~3 num|me"),

	named("joins", signJoin, "join"),
	named("joins the list", signJoin, "join ~4 list|msg|sub|me|num|consent"),
	named("wants messages", signJoin, "want ~3 recv|msg"),

	named("do not stop", signAgainst, "neg ~1! stop|weak"),
	named("stop not off", signAgainst, "stop|weak ~2! neg ~1 off"),
	named("do not remove", signAgainst, "neg ~2! remove ~0 me"),
	named("not me remove", signAgainst, "neg ~1! me ~1 remove"),
	named("do not want out", signAgainst, "neg ~1! want ~3 unsub|remove|stop"),
	named("do not unsubscribe", signAgainst, "neg ~2! unsub"),
	named("cannot stop", signAgainst, "cant ~1 stop"),
	named("why not", signAgainst, "why ~5 neg"),
	named("keep me", signAgainst, "keep ~2 me|contact|msg"),
	named("write instead of calling", signAgainst, "call ~3 contact"),
	named("booking", signBooked, "booking"),
	named("cancel booking", signBooked, "doubt|stop|weak|remove|disable ~5 booking"),

	named("talk to a person", signAsks, "talk ~4 person"),
	named("person to talk", signAsks, "person ~3 talk"),
	named("anyone there", signAsks, "there ~1 anyone"),
	named("there anyone", signAsks, "anyone ~1 there"),
	named("are you a bot", signAsks, "you ~3 bot"),
	named("not a bot", signAsks, "bad ~4 bot"),
	named("bot is bad", signAsks, "bot ~3 bad"),
	named("call me", signAsks, "call ~1 me"),
	named("me call", signAsks, "me ~2 call"),
	named("transfer me", signAsks, "transfer"),
	named("anyone answers", signAsks, "anyone ~3 reply"),
	named("who can help", signAsks, "who ~3 talk|reply"),
	named("operator", signAsks, "strong"),
	named("talk to the office", signAsks, "talk ~3 role"),
	named("the office to talk", signAsks, "role ~3 talk|call|reply"),
	named("voice", signAsks, "talk|want ~4 voice"),
	named("person of flesh", signAsks, "person ~2 voice|bot"),
	named("person of flesh too", signAsks, "voice ~1 person"),
	named("role", signAsks, "role"),
	named("calls", signAsks, "call"),
	named("bot", signAsks, "bot"),
	named("person", signAsks, "person"),
	named("who is it", signAsks, "who ~3 role|strong"),
}

// named reads a sign from its classes.
func named(name string, kind signKind, classes string) wishSign {
	g := wishSign{name: name, kind: kind}
	next := step{}
	for _, word := range strings.Fields(classes) {
		if gap, ok := strings.CutPrefix(word, "~"); ok {
			gap, next.tight = strings.CutSuffix(gap, "!")
			next.gap = int(gap[0] - '0')
			continue
		}
		for _, c := range strings.Split(word, "|") {
			next.class |= classOf(c)
		}
		g.steps = append(g.steps, next)
		next = step{}
	}
	return g
}

// found is a set of signs by their places in the list.
type found [2]uint64

// unsubscribes is the sign of the words that can mean nothing else, whatever is wanted beside them.
var unsubscribes = slices.IndexFunc(wishSigns, func(g wishSign) bool { return g.name == "unsubscribe" })

func (f *found) add(i int)     { f[i/64] |= 1 << (i % 64) }
func (f found) has(i int) bool { return f[i/64]>>(i%64)&1 == 1 }

func (f found) of(kind signKind) int {
	k := ofKind[kind]
	return bits.OnesCount64(f[0]&k[0]) + bits.OnesCount64(f[1]&k[1])
}

// ofKind are the signs of each kind.
var ofKind = func() (kinds [6]found) {
	for i, g := range wishSigns { // more than a set has room for: an index out of range
		kinds[g.kind].add(i)
	}
	return kinds
}()

// signsIn finds the signs of a text read in one language, with English beside it, which people mix in.
func (t *sentence) signsIn(tongue int) found {
	var all wordClass
	for i := range t.tokens {
		all |= t.tokens[i].at[tongue] | t.tokens[i].at[0]
	}
	var f found
	for i := range wishSigns {
		if t.shows(&wishSigns[i], tongue, all) {
			f.add(i)
		}
	}
	return f
}

func (t *sentence) shows(g *wishSign, tongue int, all wordClass) bool {
	for _, s := range g.steps {
		if s.class&all == 0 {
			return false
		}
	}
	for i := range t.tokens {
		if (t.tokens[i].at[tongue]|t.tokens[i].at[0])&g.steps[0].class != 0 && t.follows(g.steps[1:], i, tongue) {
			return true
		}
	}
	return false
}

func (t *sentence) follows(steps []step, at, tongue int) bool {
	if len(steps) == 0 {
		return true
	}
	s := steps[0]
	for i := at + 1; i < len(t.tokens) && i <= at+1+s.gap; i++ {
		if b := t.tokens[i-1].brk; b == fullStop || b == comma && s.tight {
			return false
		}
		if (t.tokens[i].at[tongue]|t.tokens[i].at[0])&s.class != 0 && t.follows(steps[1:], i, tongue) {
			return true
		}
	}
	return false
}

// whole is what a text says by single words: all of it, or a sentence of its own.
type whole struct{ word, first, last, doubt, operator bool }

var (
	classWord   = classOf("word")
	classDoubt  = classOf("doubt")
	classFill   = classOf("fill")
	classStrong = classOf("strong")
	classPerson = classOf("person") | classOf("role") | classOf("voice")
	classNeg    = classOf("neg")
	classBeside = classOf("me") | classOf("msg") | classOf("more")
)

// wholeIn looks for sentences that are one word and what is polite around it.
func (t *sentence) wholeIn(tongue int) whole {
	var w whole
	n, sentences := len(t.tokens), 0
	wordy, doubtful, operators := 0, 0, 0
	for from := 0; from < n; {
		to := from
		var said, open, rest, strong int
		for ; to < n; to++ {
			c := t.tokens[to].at[tongue] | t.tokens[to].at[0]
			switch {
			case c&classWord != 0:
				said++
			case c&classNeg != 0: // "no paren" goes on
				rest++
			case c&classDoubt != 0:
				open++
			case c&(classStrong|classPerson) != 0:
				if c&classStrong != 0 {
					strong++
				}
				rest++
			case c&classFill != 0 || c&classBeside != 0 && said+open > 0:
			default:
				rest++
			}
			if c&(classStrong|classPerson) != 0 && c&(classWord|classDoubt) == 0 {
				operators++
			} else if c&classFill == 0 {
				operators -= 100
			}
			if t.tokens[to].brk != noBreak {
				to++
				break
			}
		}
		alone := said > 0 && rest == 0 && open == 0
		if alone {
			w.first = w.first || sentences == 0
			w.last = w.last || to >= n
		}
		if said > 0 && rest == 0 {
			wordy++
		}
		if open > 0 && rest == 0 {
			doubtful++
		}
		if rest > 0 {
			wordy -= 1000
			doubtful -= 1000
		}
		sentences++
		from = to
	}
	w.word = wordy > 0 && doubtful <= 0
	w.doubt = doubtful > 0
	w.operator = operators > 0
	return w
}

// classPairs is a set of ordered pairs of word classes, a bit each.
type classPairs [(maxClasses*maxClasses + 63) / 64]uint64

func (p *classPairs) add(a, b int) {
	i := a*maxClasses + b
	p[i/64] |= 1 << (i % 64)
}

// reading is what the grammar finds in a text.
type reading struct {
	found found
	whole whole
	words int
	// The classes that stand there at all, and those one of which follows the other: closely, and further
	// on in the same sentence. They let the heads learn what no sign was written for, in all languages at once.
	has       wordClass
	near, far classPairs

	goesOn, alive   bool // asks not to stop, or for more; asks whether somebody is there
	listed, cancels bool // is nothing but listedAlone, or one of cancelsAlone
}

// How many words on a class still follows closely, and at all.
const (
	closely = 2
	afar    = 5
)

// classUnknown stands for words without a class: what is to stop, if it is no message, is one of them.
const classUnknown wordClass = 1 << (maxClasses - 1)

// pairsIn notes which classes follow which.
func (t *sentence) pairsIn(tongue int, r *reading) {
	of := func(i int) wordClass {
		c := t.tokens[i].at[tongue] | t.tokens[i].at[0]
		if c == 0 {
			return classUnknown
		}
		return c &^ classFill
	}
	for i := range t.tokens {
		here := of(i)
		r.has |= here
		if here == 0 {
			continue
		}
		for j := i + 1; j < len(t.tokens) && j <= i+afar && t.tokens[j-1].brk != fullStop; j++ {
			to := &r.near
			if j > i+closely {
				to = &r.far
			}
			for a := here; a != 0; a &= a - 1 {
				for b := of(j); b != 0; b &= b - 1 {
					to.add(bits.TrailingZeros64(uint64(a)), bits.TrailingZeros64(uint64(b)))
				}
			}
		}
	}
}

// wishesIn reads a text.
func (t *sentence) wishesIn(lower []rune, language string) reading {
	t.read(lower)
	r := reading{words: len(t.tokens)}
	tongues := t.tongues(language)
	r.goesOn, r.alive = t.plainIn(tongues)
	if len(t.tokens) == 1 {
		only := string(t.letters[t.tokens[0].from:t.tokens[0].to])
		r.listed, r.cancels = only == listedAlone, slices.Contains(cancelsAlone, only)
	}
	for set := tongues; set != 0; set &= set - 1 {
		l := bits.TrailingZeros8(set)
		f := t.signsIn(l)
		r.found[0], r.found[1] = r.found[0]|f[0], r.found[1]|f[1]
		w := t.wholeIn(l)
		r.whole.word, r.whole.first, r.whole.last = r.whole.word || w.word, r.whole.first || w.first, r.whole.last || w.last
		r.whole.doubt, r.whole.operator = r.whole.doubt || w.doubt, r.whole.operator || w.operator
		t.pairsIn(l, &r)
	}
	return r
}

// onlyStops reports whether the text is nothing but a word or two of the list of withdrawing words: "no more" says nothing
// of its writer's mind.
func (r *reading) onlyStops() bool { return r.whole.word && r.words <= 2 }

// plainlyStops says that a withdrawal is said in so many words.
func (r *reading) plainlyStops() bool { return r.listed || r.whole.word || r.says(signClear) }

func (r *reading) says(kind signKind) bool { return r.found.of(kind) > 0 }
