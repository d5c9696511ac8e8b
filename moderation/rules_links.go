package moderation

import "slices"

// shorteners hide where a link leads; rules name them as @shorteners. What wraps every link of a network
// by itself (t.co, fb.me) is none: its writer hides nothing.
var shorteners = []string{
	"adf.ly", "bit.do", "bit.ly", "bitly.com", "bl.ink", "buff.ly", "clck.ru", "cutt.ly", "cutt.us", "dlvr.it", "goo.gl", "goo.su", "gg.gg", "is.gd", "j.mp", "kutt.it", "linktr.ee", "lnkd.in", "lnk.bio", "msha.ke",
	"ow.ly", "qr.ae", "qrco.de", "rb.gy", "rebrand.ly", "s.id", "short.gy", "short.io", "shorturl.at", "shorte.st", "snip.ly", "soo.gd", "surl.li", "t.ly", "t2m.io", "tiny.cc", "tiny.one", "tinyurl.com", "trib.al", "u.to", "urlz.fr", "v.gd", "vk.cc", "x.co", "zpr.io",
}

// chats are places where a talk goes on unseen; rules name them as @chats.
var chats = []string{"wa.me", "wa.link", "api.whatsapp.com", "chat.whatsapp.com", "t.me", "telegram.me", "telegram.dog", "m.me", "discord.gg", "discord.com", "signal.me", "line.me", "snapchat.com"}

var namedDomains = map[string][]string{"@shorteners": shorteners, "@chats": chats}

// endings are what a name without http or www ends in to be a link. Those that are also words in our
// languages ask for more: "grazie.it" is a missing space.
var endings = func() map[string]bool {
	m := map[string]bool{}
	for _, e := range []string{"com", "net", "org", "info", "biz", "shop", "store", "online", "site", "xyz", "top", "club", "live", "link", "click", "app", "io", "ly", "gl", "gg", "gd", "tv", "cc", "ru", "cn", "tk", "ml", "ga", "cf", "gq", "vip", "win", "bet", "casino", "loan", "pro", "icu", "buzz", "fun", "space", "website", "tech", "dev", "page", "bio", "ee", "gy", "co", "fr", "ro", "pt", "br", "au", "uk", "eu", "ca", "nz", "ch", "nl", "pl", "ua", "mx", "ar", "cl", "pe", "gr", "hu", "cz", "sk", "bg", "jp", "kr", "su", "ws", "fm", "sh", "ai", "id", "mobi", "name", "promo", "sale", "deals", "market", "agency", "email", "support", "group", "world", "today", "life", "news", "media", "blog", "cloud", "digital", "ink", "lol", "monster", "quest", "rest", "sbs", "cfd", "bond", "cyou", "wiki", "porn", "xxx", "sex", "cam", "dating", "me", "art"} {
		m[e] = true
	}
	for _, e := range []string{"it", "es", "de", "in", "us", "so", "to", "is", "no", "be", "at", "my", "as", "am", "la", "se", "do", "ma", "al", "st", "ms", "eu"} {
		m[e] = false
	}
	return m
}()

// dots are words said for a dot: "example dot com".
var dots = map[string]bool{"dot": true, "punto": true, "ponto": true, "punct": true, "punkt": true, "point": true, "d0t": true}

var sureEndings = map[string]bool{"com": true, "net": true, "org": true, "ru": true, "xyz": true, "info": true, "shop": true, "online": true, "site": true, "club": true, "top": true, "io": true, "link": true, "store": true}

// readLinks finds links, e-mail addresses, mentions, hashtags and telephone numbers.
func (s *sight) readLinks() {
	for i := 0; i < len(s.cells); {
		if s.cells[i].is == space {
			i++
			continue
		}
		j, telling := i, false
		for j < len(s.cells) && s.cells[j].is != space {
			c := s.cells[j]
			if c.is == sign {
				telling = telling || c.r == '.' || c.r == '@' || c.r == ':' || c.r == '['
				before := j == i || s.cells[j-1].is != letter && s.cells[j-1].is != digit && s.cells[j-1].r != '.'
				named := before && j+1 < len(s.cells) && (s.cells[j+1].is == letter || s.cells[j+1].is == digit || s.cells[j+1].is == ideograph)
				if named && c.r == '@' {
					s.looks.mentions++
				} else if named && c.r == '#' {
					s.looks.hashtags++
				}
			}
			j++
		}
		if telling {
			s.readLink(i, j)
		}
		i = j
	}
	s.readSpokenLinks()
	s.looks.phone = s.hasPhone()
}

// readLink looks whether a chunk is a link or an e-mail address.
func (s *sight) readLink(i, j int) {
	start := len(s.host)
	for j > i && s.cells[j-1].is == sign && s.cells[j-1].r != '/' {
		j--
	}
	for i < j && s.cells[i].is == sign && s.cells[i].r != '@' {
		i++
	}
	scheme, disguised := false, false
	if at := s.schemeAt(i, j); at > i {
		scheme = true
		disguised = s.cells[i+1].r == 'x'
		i = at
	}
	path := false
	for k := i; k < j; k++ {
		c := s.cells[k]
		if n := s.bracketedDot(k, j); n > 0 {
			s.host, disguised = append(s.host, '.'), true
			k += n - 1
			continue
		}
		if c.r == '@' && c.is == sign {
			if len(s.host) > start { // what stood before is a person's name
				s.readAddress(start, k+1, j)
				return
			}
			s.host = s.host[:start]
			return
		}
		if c.is == sign && c.r != '.' && c.r != '-' && c.r != '_' {
			path = c.r == '/'
			break
		}
		if c.is == letter && c.look != 0 {
			c.r, disguised = c.look, true
		}
		s.host = appendRune(s.host, c.r)
	}
	s.keepHost(start, scheme, path, disguised)
}

// schemeAt returns where the host begins after a scheme, 0 where there is none.
func (s *sight) schemeAt(i, j int) int {
	for k := i; k+3 < j && k < i+9; k++ {
		if s.cells[k].r == ':' && s.cells[k+1].r == '/' && s.cells[k+2].r == '/' {
			return k + 3
		}
	}
	return 0
}

// bracketedDot returns the length of "(dot)", "[.]" and the like at a place; 0: there is none.
func (s *sight) bracketedDot(k, j int) int {
	if r := s.cells[k].r; r != '(' && r != '[' && r != '{' {
		return 0
	}
	var b [8]byte
	inner := b[:0]
	for n := k + 1; n < j && n < k+8; n++ {
		r := s.cells[n].r
		if r == ')' || r == ']' || r == '}' {
			if string(inner) == "." || dots[string(inner)] {
				return n - k + 1
			}
			return 0
		}
		if r >= 0x80 || len(inner) == len(b) {
			return 0
		}
		inner = append(inner, byte(r))
	}
	return 0
}

func (s *sight) readAddress(start, i, j int) {
	s.host = s.host[:start]
	for ; i < j && (s.cells[i].is != sign || s.cells[i].r == '.' || s.cells[i].r == '-'); i++ {
		s.host = appendRune(s.host, s.cells[i].r)
	}
	if _, ok := endingOf(s.host[start:]); ok {
		s.looks.email = true
	}
	s.host = s.host[:start]
}

// endingOf returns the last label of a host, and whether it is one that links end in.
func endingOf(host []byte) (ending []byte, ok bool) {
	dot := slices.Index(host, '.')
	if dot <= 0 || host[len(host)-1] == '.' {
		return nil, false
	}
	last := len(host) - 1
	for host[last] != '.' {
		last--
	}
	ending = host[last+1:]
	_, ok = endings[string(ending)]
	return ending, ok
}

func (s *sight) keepHost(start int, scheme, path, disguised bool) {
	host := s.host[start:]
	for len(host) > 0 && (host[len(host)-1] == '.' || host[len(host)-1] == '-') {
		host = host[:len(host)-1]
	}
	s.host = s.host[:start+len(host)]
	if len(host) > 4 && string(host[:4]) == "www." {
		scheme = true
	}
	ending, ok := endingOf(host)
	switch {
	case len(host) < 4 || slices.Index(host, '.') <= 0 || len(host) > 253:
		ok = false
	case scheme:
		ok = true
	case ok && !endings[string(ending)]:
		ok = path || sureName(host)
	}
	if !ok {
		s.host = s.host[:start]
		return
	}
	s.addHost(start, disguised)
}

// sureName says whether a name is hardly two words with a missing space: "my-shop.it", "shop.brand.it".
func sureName(host []byte) bool {
	labels := 1
	for _, b := range host {
		switch {
		case b == '.':
			labels++
		case b == '-' || b >= '0' && b <= '9':
			return true
		}
	}
	return labels > 2 || len(host) > 16
}

func (s *sight) addHost(start int, disguised bool) {
	s.looks.links++
	if disguised {
		s.looks.disguised++
	}
	if s.looks.hosts < maxHosts {
		s.hosts[s.looks.hosts] = span{int32(start), int32(len(s.host))}
		s.looks.hosts++
	}
}

// readSpokenLinks finds "example dot com" and "example . com".
func (s *sight) readSpokenLinks() {
	for k := 1; k+1 < len(s.words); k++ {
		if s.isOneOf(s.words[k].span, dots) && s.isOneOf(s.words[k+1].span, sureEndings) && s.words[k-1].plain {
			s.spokenHost(s.words[k-1].span, s.words[k+1].span)
		}
	}
	for k := 0; k+1 < len(s.words); k++ {
		a, b := s.words[k], s.words[k+1]
		if end := a.cell + a.to - a.from; a.plain && b.cell-end == 3 && s.cells[end+1].r == '.' && s.cells[end].is == space && s.cells[end+2].is == space && s.isOneOf(b.span, sureEndings) {
			s.spokenHost(a.span, b.span)
		}
	}
}

func (s *sight) spokenHost(name, ending span) {
	start := len(s.host)
	for _, r := range s.runes[name.from:name.to] {
		s.host = appendRune(s.host, r)
	}
	s.host = append(s.host, '.')
	for _, r := range s.runes[ending.from:ending.to] {
		s.host = appendRune(s.host, r)
	}
	s.addHost(start, true)
}

func (s *sight) isOneOf(w span, list map[string]bool) bool {
	if w.to-w.from > 8 {
		return false
	}
	var b [8]byte
	word := b[:0]
	for _, r := range s.runes[w.from:w.to] {
		if r >= 0x80 {
			return false
		}
		word = append(word, byte(r))
	}
	return list[string(word)]
}

// hasPhone looks for a telephone number: not a price, a date, or the number of an order.
func (s *sight) hasPhone() bool {
	for i := 0; i < len(s.cells); i++ {
		c := s.cells[i]
		if c.is != digit || i > 0 && (s.cells[i-1].is == digit || s.cells[i-1].is == letter) {
			continue
		}
		plus := i > 0 && s.cells[i-1].r == '+' || i > 1 && s.cells[i-1].r == '(' && s.cells[i-2].r == '+'
		if n, yes := s.phoneAt(i, plus); yes {
			return true
		} else if n > 1 {
			i += n - 1
		}
	}
	return false
}

// phoneAt reads groups of digits from a place on and returns how many cells they take.
func (s *sight) phoneAt(i int, plus bool) (int, bool) {
	var groups [10]int
	var seps [10]rune
	n, total, k := 0, 0, i
	for k < len(s.cells) && n < len(groups) {
		from := k
		for k < len(s.cells) && s.cells[k].is == digit {
			k++
		}
		groups[n] = k - from
		total += k - from
		n++
		gap := k
		for k < len(s.cells) && k < gap+3 && (s.cells[k].is == space || s.cells[k].is == sign && isPhoneSign(s.cells[k].r)) {
			k++
		}
		if k >= len(s.cells) || s.cells[k].is != digit || k == gap {
			k = gap
			break
		}
		seps[n-1] = s.cells[gap].r
	}
	if s.cells[i].r == '0' && i+1 < len(s.cells) && s.cells[i+1].r == '0' && groups[0] > 3 {
		plus = true
	}
	if k < len(s.cells) && (s.cells[k].is == letter || s.cells[k].r == '%' || s.cells[k].r == '€' || s.cells[k].r == '$') && !plus {
		return k - i, false
	}
	return k - i, isPhone(groups[:n], seps[:], total, plus)
}

func isPhoneSign(r rune) bool {
	return r == '-' || r == '.' || r == '(' || r == ')' || r == '/'
}

func isPhone(groups []int, seps []rune, total int, plus bool) bool {
	switch {
	case total < 8 || total > 15:
		return false
	case plus:
		return true
	case len(groups) == 1:
		return total >= 9 && total <= 11
	case total < 9 || total > 13 || slices.Max(groups) < 2:
		return false
	}
	if groups[0] <= 2 && groups[1] <= 2 && len(groups) > 2 && (groups[2] == 4 || groups[2] == 2 && seps[0] != ' ' && seps[0] == seps[1]) && len(groups) < 5 {
		return false // a date, perhaps with an hour
	}
	if groups[0] == 4 && groups[1] == 2 && len(groups) > 2 && groups[2] == 2 {
		return false
	}
	for _, g := range groups[1:] {
		if g != 3 || seps[0] != '.' {
			return true
		}
	}
	return false // thousands
}
