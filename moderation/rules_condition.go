package moderation

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Condition says when a rule fires. All that stands in it must hold; in a list, any of it. All, Any and
// Not hold conditions in turn.
type Condition struct {
	Words     []string `json:"words,omitempty"`     // one of these words or phrases is there, found through evasion; * at an end of a word: the rest is free
	Exact     bool     `json:"exact,omitempty"`     // words are taken as they are written: case and accents aside, no evasion
	Caption   []string `json:"caption,omitempty"`   // one of these stands in the post's caption
	Pattern   string   `json:"pattern,omitempty"`   // regular expression on the folded words, linear time (RE2)
	Languages []string `json:"languages,omitempty"` // the text is in one of these

	Links        *int     `json:"links,omitempty"`         // at least so many links
	Disguised    *int     `json:"disguised,omitempty"`     // at least so many of them hidden from machines: "brand dot com"
	Domains      []string `json:"domains,omitempty"`       // one of these is linked, or a domain below it; @shorteners and @chats are lists
	OtherDomains []string `json:"other_domains,omitempty"` // something else than these is linked
	Phone        *bool    `json:"phone,omitempty"`
	Email        *bool    `json:"email,omitempty"`
	Personal     *int     `json:"personal,omitempty"` // at least so many numbers of cards, bank accounts or persons, by their check digits
	Mentions     *int     `json:"mentions,omitempty"`
	Hashtags     *int     `json:"hashtags,omitempty"`
	Emoji        *int     `json:"emoji,omitempty"`
	Styled       *int     `json:"styled,omitempty"`  // letters of mathematical or enclosed alphabets
	Hidden       *int     `json:"hidden,omitempty"`  // invisible characters inside words
	Masked       *int     `json:"masked,omitempty"`  // words of two scripts' look-alikes, or of styled letters and digits
	Doubled      *int     `json:"doubled,omitempty"` // words with letters doubled in two places, "puunyaaii", and one word in eight is such
	Dressed      *int     `json:"dressed,omitempty"` // words with lines through their letters, or signs on letters that no language puts together, and one word in eight is such
	Capitals     *float64 `json:"capitals,omitempty"`
	Length       *Range   `json:"length,omitempty"` // characters
	Media        *bool    `json:"media,omitempty"`  // media without text

	Posts    []int64  `json:"posts,omitempty"`
	Accounts []int64  `json:"accounts,omitempty"`
	Subjects []string `json:"subjects,omitempty"`
	Channels []string `json:"channels,omitempty"`
	Live     *bool    `json:"live,omitempty"`  // under a live broadcast
	Reply    *bool    `json:"reply,omitempty"` // it answers another comment

	Author *AuthorCondition `json:"author,omitempty"`

	All []Condition `json:"all,omitempty"`
	Any []Condition `json:"any,omitempty"`
	Not *Condition  `json:"not,omitempty"`

	made compiled
}

// Range is a number from least to most; 0 leaves an end open.
type Range struct {
	Least int `json:"least,omitempty"`
	Most  int `json:"most,omitempty"`
}

// compiled is what a condition is made into.
type compiled struct {
	list, caption int          // of phrases; -1: none
	ways          []patternWay // of the pattern; none: there is no pattern
	domains       map[string]bool
	others        map[string]bool
}

// The limits of conditions.
const (
	maxDepth      = 8
	maxConditions = 200
	maxList       = 50_000
	maxPattern    = 4000
	maxProgram    = 8000 // steps of a compiled pattern
	maxDomains    = 5000
)

// setup gives the condition's phrases and patterns their numbers; it names the first fault with where it
// stands.
func (c *Condition) setup(rs *RuleSet, at string, depth int, count *int) error {
	if *count++; *count > maxConditions {
		return faultAt(at, "a rule has at most %d conditions", maxConditions)
	}
	if depth > maxDepth {
		return faultAt(at, "conditions are nested more than %d deep", maxDepth)
	}
	if c.empty() && (depth == 0 || len(c.Subjects) == 0) {
		return faultAt(at, "it has no condition and would match everything")
	}
	c.made = compiled{list: -1, caption: -1}
	for _, step := range []func(*RuleSet, string) error{c.setupWords, c.setupPattern, c.setupDomains, c.checkValues, c.checkLists} {
		if err := step(rs, at); err != nil {
			return err
		}
	}
	for i := range c.All {
		if err := c.All[i].setup(rs, fmt.Sprintf("%sall[%d]", dotted(at), i), depth+1, count); err != nil {
			return err
		}
	}
	for i := range c.Any {
		if err := c.Any[i].setup(rs, fmt.Sprintf("%sany[%d]", dotted(at), i), depth+1, count); err != nil {
			return err
		}
	}
	if c.Not != nil {
		return c.Not.setup(rs, dotted(at)+"not", depth+1, count)
	}
	return nil
}

func dotted(at string) string {
	if at == "" {
		return ""
	}
	return at + "."
}

func (c *Condition) empty() bool {
	return len(c.Words)+len(c.Caption)+len(c.Domains)+len(c.OtherDomains)+len(c.Posts)+len(c.Accounts)+len(c.Languages)+len(c.Channels)+len(c.All)+len(c.Any)+len(c.Pattern) == 0 &&
		c.Links == nil && c.Disguised == nil && c.Phone == nil && c.Email == nil && c.Personal == nil && c.Mentions == nil && c.Hashtags == nil && c.Emoji == nil && c.Styled == nil && c.Hidden == nil && c.Masked == nil && c.Doubled == nil && c.Dressed == nil && c.Capitals == nil &&
		c.Length == nil && c.Media == nil && c.Live == nil && c.Reply == nil && c.Author == nil && c.Not == nil
}

func (c *Condition) setupWords(rs *RuleSet, at string) error {
	if len(c.Words) > maxList || len(c.Caption) > maxList {
		return faultAt(dotted(at)+"words", "a list has at most %d phrases", maxList)
	}
	if rs.phrases += len(c.Words) + len(c.Caption); rs.phrases > maxPhrases {
		return faultAt(dotted(at)+"words", "all rules together have at most %d phrases", maxPhrases)
	}
	for _, l := range []struct {
		name  string
		words []string
		index *phraseIndex
		lists *int
		into  *int
	}{{"words", c.Words, rs.texts, &rs.textLists, &c.made.list}, {"caption", c.Caption, rs.captions, &rs.captionLists, &c.made.caption}} {
		if len(l.words) == 0 {
			continue
		}
		*l.into = *l.lists
		if *l.lists++; *l.lists > 1<<15 {
			return faultAt(dotted(at)+l.name, "the rules have too many lists of words")
		}
		for i, w := range l.words {
			if err := l.index.add(w, uint16(*l.into), c.Exact); err != nil {
				return faultAt(fmt.Sprintf("%s%s[%d]", dotted(at), l.name, i), "%v", err)
			}
		}
	}
	return nil
}

func (c *Condition) setupPattern(rs *RuleSet, at string) error {
	if c.Pattern == "" {
		return nil
	}
	if err := checkPattern(c.Pattern); err != nil {
		return faultAt(dotted(at)+"pattern", "%v", err)
	}
	if rs.patterned++; rs.patterned > maxPatterns {
		return faultAt(dotted(at)+"pattern", "all rules together have at most %d patterns", maxPatterns)
	}
	for _, way := range ways(c.Pattern) {
		re, err := regexp.Compile(way)
		if err != nil {
			return faultAt(dotted(at)+"pattern", "%v", unreadable(err))
		}
		c.made.ways = append(c.made.ways, patternWay{re, len(rs.patterns)})
		rs.patterns = append(rs.patterns, way)
	}
	return nil
}

func (c *Condition) setupDomains(_ *RuleSet, at string) error {
	for _, d := range []struct {
		name string
		list []string
		into *map[string]bool
	}{{"domains", c.Domains, &c.made.domains}, {"other_domains", c.OtherDomains, &c.made.others}} {
		if len(d.list) == 0 {
			continue
		}
		if len(d.list) > maxDomains {
			return faultAt(dotted(at)+d.name, "a list has at most %d domains", maxDomains)
		}
		set := make(map[string]bool, len(d.list))
		for i, name := range d.list {
			where := fmt.Sprintf("%s%s[%d]", dotted(at), d.name, i)
			if strings.HasPrefix(name, "@") {
				list := namedDomains[name]
				if list == nil {
					return faultAt(where, "%q is not a list of domains; there are @shorteners and @chats", name)
				}
				for _, n := range list {
					set[n] = true
				}
				continue
			}
			if !isDomain(name) {
				return faultAt(where, "%q is not a domain such as example.com", name)
			}
			set[strings.TrimPrefix(strings.ToLower(name), "www.")] = true
		}
		*d.into = set
	}
	return nil
}

func isDomain(name string) bool {
	return len(name) > 3 && len(name) < 254 && strings.Contains(strings.Trim(name, "."), ".") && !strings.HasPrefix(name, ".") && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || strings.ContainsRune("/:?#@*()[]{}\"'<>\\,;", r)
	})
}

func (c *Condition) checkValues(_ *RuleSet, at string) error {
	for _, n := range []struct {
		name string
		v    *int
	}{{"links", c.Links}, {"disguised", c.Disguised}, {"mentions", c.Mentions}, {"hashtags", c.Hashtags}, {"emoji", c.Emoji}, {"styled", c.Styled}, {"hidden", c.Hidden}, {"masked", c.Masked}, {"doubled", c.Doubled}, {"dressed", c.Dressed}, {"personal", c.Personal}} {
		if n.v != nil && (*n.v < 1 || *n.v > 10_000) {
			return faultAt(dotted(at)+n.name, "%d is not between 1 and 10000", *n.v)
		}
	}
	if c.Capitals != nil && (!share(*c.Capitals) || *c.Capitals == 0) {
		return faultAt(dotted(at)+"capitals", "%g is not a share above 0 and up to 1", *c.Capitals)
	}
	if l := c.Length; l != nil && (l.Least < 0 || l.Most < 0 || l.Least == 0 && l.Most == 0 || l.Most > 0 && l.Most < l.Least) {
		return faultAt(dotted(at)+"length", "a length has least, most or both, and least is not above most")
	}
	if c.Exact && len(c.Words)+len(c.Caption) == 0 {
		return faultAt(dotted(at)+"exact", "it says how words are compared, but there are no words")
	}
	if c.Author != nil {
		return c.Author.check(dotted(at) + "author")
	}
	return nil
}

func (c *Condition) checkLists(_ *RuleSet, at string) error {
	for _, l := range []struct {
		name    string
		values  []string
		allowed []string
	}{{"languages", c.Languages, policyLanguages}, {"subjects", c.Subjects, []string{string(SubjectComment), string(SubjectMessage)}},
		{"channels", c.Channels, []string{"facebook", "instagram", "messenger", "whatsapp"}}} {
		for _, v := range l.values {
			if !slices.Contains(l.allowed, v) {
				return faultAt(dotted(at)+l.name, "%q is none of %s", v, strings.Join(l.allowed, ", "))
			}
		}
	}
	for _, l := range []struct {
		name string
		ids  []int64
	}{{"posts", c.Posts}, {"accounts", c.Accounts}} {
		if len(l.ids) > 1000 {
			return faultAt(dotted(at)+l.name, "a list has at most 1000 entries")
		}
		for _, id := range l.ids {
			if id <= 0 {
				return faultAt(dotted(at)+l.name, "%d is not the number of one", id)
			}
		}
	}
	return nil
}

// look is what conditions are held against.
type look struct {
	*sight
	in       *Input
	language string
	caption  *sight
	plainOf  []byte // the words for patterns; empty until one asks
}

// holds says whether a condition is met. What costs least is asked first.
func (c *Condition) holds(l *look) bool {
	if c.made.list >= 0 && l.found[c.made.list>>6]>>(c.made.list&63)&1 == 0 {
		return false
	}
	if !c.looksHold(l) || !c.contextHolds(l) || !c.linksHold(l) {
		return false
	}
	for i := range c.All {
		if !c.All[i].holds(l) {
			return false
		}
	}
	if len(c.Any) > 0 {
		any := false
		for i := range c.Any {
			if c.Any[i].holds(l) {
				any = true
				break
			}
		}
		if !any {
			return false
		}
	}
	if c.Not != nil && c.Not.holds(l) {
		return false
	}
	return len(c.made.ways) == 0 || l.matches(c)
}

func (c *Condition) looksHold(l *look) bool {
	k := &l.looks
	switch {
	case c.Links != nil && k.links < *c.Links,
		c.Disguised != nil && k.disguised < *c.Disguised,
		c.Phone != nil && k.phone != *c.Phone,
		c.Email != nil && k.email != *c.Email,
		c.Mentions != nil && k.mentions < *c.Mentions,
		c.Hashtags != nil && k.hashtags < *c.Hashtags,
		c.Emoji != nil && k.emoji < *c.Emoji,
		c.Styled != nil && k.styled < *c.Styled,
		c.Hidden != nil && k.hidden < *c.Hidden,
		c.Masked != nil && k.masked < *c.Masked,
		c.Doubled != nil && (k.doubled < *c.Doubled || 8*k.doubled < k.lettered),
		c.Dressed != nil && (k.dressed < *c.Dressed || 8*k.dressed < k.lettered),
		c.Capitals != nil && (k.letters == 0 || float64(k.upper) < *c.Capitals*float64(k.letters)),
		c.Length != nil && (k.runes < c.Length.Least || c.Length.Most > 0 && k.runes > c.Length.Most),
		c.Media != nil && (l.in.HasMedia && len(l.words) == 0) != *c.Media:
		return false
	}
	return c.Personal == nil || personalNumbers(l.in.Text) >= *c.Personal
}

func (c *Condition) contextHolds(l *look) bool {
	in := l.in
	switch {
	case len(c.Subjects) > 0 && !inList(c.Subjects, string(in.Subject)),
		len(c.Channels) > 0 && !inList(c.Channels, in.Channel),
		len(c.Languages) > 0 && !inList(c.Languages, l.language),
		len(c.Posts) > 0 && !inList(c.Posts, in.PostID),
		len(c.Accounts) > 0 && !inList(c.Accounts, in.AccountID),
		c.Live != nil && in.Live != *c.Live,
		c.Reply != nil && (in.Parent != "") != *c.Reply,
		c.Author != nil && !c.Author.holds(in.Author),
		c.made.caption >= 0 && (l.caption == nil || l.caption.found[c.made.caption>>6]>>(c.made.caption&63)&1 == 0):
		return false
	}
	return true
}

func (c *Condition) linksHold(l *look) bool {
	if c.made.domains == nil && c.made.others == nil {
		return true
	}
	hit, other := false, false
	for _, h := range l.hosts[:l.looks.hosts] {
		host := l.host[h.from:h.to]
		hit = hit || below(host, c.made.domains)
		other = other || !below(host, c.made.others)
	}
	return (c.made.domains == nil || hit) && (c.made.others == nil || other)
}

// below says whether a host is one of the domains or stands below one.
func below(host []byte, domains map[string]bool) bool {
	for {
		if domains[string(host)] {
			return true
		}
		dot := slices.Index(host, '.')
		if dot < 0 {
			return false
		}
		host = host[dot+1:]
	}
}

func (l *look) matches(c *Condition) bool {
	for _, w := range c.made.ways {
		if l.seen[w.number>>6]>>(w.number&63)&1 != 0 && w.re.Match(l.plainOf) {
			return true
		}
	}
	return false
}
