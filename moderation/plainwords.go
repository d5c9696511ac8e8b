package moderation

import "math/bits"

// Three things are too plain to be left to weights: who says "do not stop" asks to go on, so does who asks to be sent
// again what no longer arrives or is not on the list yet, and "are you there?" asks for nobody in particular. They are
// read word by word, and only where nothing else in the text speaks against it.

// plainWords are the words of one language that these two readings need, folded.
type plainWords struct {
	not     map[string]bool // before what is not to be done
	after   map[string]bool // after it: "hört nicht auf", "arrêtez pas"
	between map[string]bool // may stand between the two
	unless  map[string]bool // reproaches, conditions, questions: the sentence may mean the opposite
	subject map[string]bool // "you never stop" reproaches, "never stop" asks
	hope    map[string]bool // "I hope you never stop"
	alive   map[string]bool // all that "are you there?" is made of, beside polite words
	core    map[string]bool // of these there must be one
	resend  map[string]bool // to send again, in one word
	again   map[string]bool // behind a word for sending: "schickt ihn nochmal"
	arrive  map[string]bool // what it does not do any more
	yet     map[string]bool // "not yet" …
	joined  map[string]bool // … "on the list"
}

var plainly = [7]plainWords{
	{not: plainSet("dont never donot dnt"), after: plainSet(""), between: plainSet("you u ever please pls dare even just to me us"), unless: plainSet("if unless until why how can cant could will would have has had havent hasnt did didnt"), subject: plainSet("you u ya they yall guys"), hope: plainSet("hope wish please pls"),
		alive: plainSet("are r you u ya guys there here still yet anybody anyone somebody read reads reading see sees this these it hello helo hallo hey yo online around"), core: plainSet("you u ya reads reading read hello helo hallo"),
		resend: plainSet("resend resending"), again: plainSet("again"), arrive: plainSet("arrive get getting receive receiving arrive arrives arrived arriving came come comes coming"), yet: plainSet("yet"), joined: plainSet("subscribed registered signed")},
	{not: plainSet("non nn mai"), after: plainSet(""), between: plainSet("mi ci vi ti mai dovete fatemi"), unless: plainSet("se perche come avete hai ha hanno potete puoi finche quando"), subject: plainSet("voi tu loro"), hope: plainSet("spero"),
		alive: plainSet("ci siete sei li la qui ancora ehi ehila pronto hello"), core: plainSet("siete sei pronto"),
		resend: plainSet("rimandatemi rimandate rimandami rimandarmi rimandarmela rimandatemela rispedite rispeditemi rispedirmi reinviate reinviatemi reinviami reinviarmi rinviatemi"), again: plainSet("nuovo nuovamente ancora"), arrive: plainSet("ricevo arriva arrivano arrivata arrivato ricevuta ricevuto"), yet: plainSet("ancora"), joined: plainSet("iscritto iscritta registrato registrata abbonato abbonata")},
	{not: plainSet("ne n"), after: plainSet("pas jamais"), between: plainSet("me m nous vous surtout jamais"), unless: plainSet("si pourquoi comment quand avez as a ont tant pouvez peux plus"), subject: plainSet("vous tu ils on"), hope: plainSet("espere"),
		alive: plainSet("vous tu t tes es etes la toujours encore allo coucou y hello"), core: plainSet("etes es tes allo"),
		resend: plainSet("renvoyez renvoie renvoies renvoyer reenvoyez reenvoyer"), again: plainSet("nouveau encore"), arrive: plainSet("recois recoit recevons arrive arrivent recu recue"), yet: plainSet("encore"), joined: plainSet("inscrit inscrite abonne abonnee enregistre")},
	{not: plainSet("nu n niciodata"), after: plainSet(""), between: plainSet("ma va mi te ne cumva"), unless: plainSet("daca cum ati ai mati au ce mai cand pana puteti poti"), subject: plainSet("voi tu ei"), hope: plainSet("sper"),
		alive: plainSet("sunteti esti acolo aici mai alo voi tu pe hello"), core: plainSet("sunteti esti alo"),
		resend: plainSet("retrimiteti retrimite retrimiti retrimitetimi retrimiteimi"), again: plainSet("nou iar iarasi"), arrive: plainSet("primesc primit ajunge ajung vine vin"), yet: plainSet("inca"), joined: plainSet("abonat abonata inscris inscrisa inregistrat inregistrata")},
	{not: plainSet("no nunca jamas"), after: plainSet(""), between: plainSet("me nos se os den des deis nunca"), unless: plainSet("si porque como han ha has habeis pueden puedes cuando hasta"), subject: plainSet("ustedes uds vosotros tu ellos"), hope: plainSet("espero ojala"),
		alive: plainSet("estan esta estas estais ahi aqui alli siguen sigues seguis todavia aun oigan oye hello por"), core: plainSet("estan estas estais siguen sigues seguis"),
		resend: plainSet("reenviad reenviadme reenvienme reenviame reenvien reenvie reenvia reenviar reenviarme reenviarmela reenviadmela reenvienmela"), again: plainSet("nuevo nuevamente vez"), arrive: plainSet("llega llegan recibo llego llegado recibido"), yet: plainSet("todavia aun"), joined: plainSet("suscrito suscrita apuntado apuntada registrado registrada inscrito inscrita")},
	{not: plainSet("nicht nie niemals ned net nich"), after: plainSet("nicht nie niemals ned net nich"), between: plainSet("bitte mich uns ja bloss wieder damit meine nummer"), unless: plainSet("wenn falls warum wieso weshalb wie habt hast haben hat euch dich sich mehr kann konnt konnen solange bis lasst lass nochmal"), subject: plainSet("ihr du"), hope: plainSet("hoffe hoffentlich"),
		alive: plainSet("seid ihr bist du sind sie da hier noch hallo hello"), core: plainSet("seid bist sind hallo da"),
		resend: plainSet(""), again: plainSet("nochmal nochmals erneut einmal wieder"), arrive: plainSet("erhalte bekomme kommt kam kommen angekommen"), yet: plainSet("noch"), joined: plainSet("angemeldet eingetragen abonniert registriert")},
	{not: plainSet("nao n nunca jamais"), after: plainSet(""), between: plainSet("me nos se nunca"), unless: plainSet("porque pq como quando ate podem pode tem"), subject: plainSet("voces voce vcs vc eles"), hope: plainSet("espero tomara"),
		alive: plainSet("voces voce vcs vc estao esta tao ta ai aqui ainda por alo hello"), core: plainSet("estao esta tao ta alo"),
		resend: plainSet("reenviem reenvie reenvia reenviar reenviarme reenviarem reenviamme"), again: plainSet("novo novamente vez"), arrive: plainSet("chega chegam recebo chegou recebi"), yet: plainSet("ainda"), joined: plainSet("inscrito inscrita subscrito subscrita registado registada registrado registrada cadastrado cadastrada")},
}

var (
	classEnds    = classOf("stop") | classOf("weak")
	classLeaves  = classOf("remove") | classOf("unsub") | classOf("disable")
	classLists   = classOf("list") | classOf("off") | classOf("sub") | classOf("unsub")
	classAgainst = classEnds | classLeaves | classOf("word") | classOf("doubt") | classOf("withdraw") | classOf("object") | classOf("threat") | classOf("tired")
	classNearing = classOf("join") | classOf("how") | classOf("want")
	classParting = classEnds | classLeaves | classOf("withdraw") | classOf("object") | classOf("threat") | classOf("tired")
	// Without a word of these classes a text with a telephone number in it takes nothing back: it leaves the number.
	classNoGiving = classAgainst | classNeg | classOf("wrong") | classOf("bye") | classOf("spare") | classOf("alone") | classOf("toomany")
	classContact  = classOf("contact") | classOf("msg") | classOf("want") | classOf("recv") | classOf("call")
	longestPlain  = 24 // words: longer texts say more than one thing
	gapAfterNot   = 2
	gapBeforeNot  = 2
	longestAlive  = 8
	frenchTongue  = indexOf(Languages, "fr")
	spanishTongue = indexOf(Languages, "es")
	portugueseIdx = indexOf(Languages, "pt")
)

// goesOn reports whether a text asks not to stop, and says nothing else of stopping.
func (t *sentence) goesOn(l int) bool {
	if len(t.tokens) < 2 || len(t.tokens) > longestPlain {
		return false
	}
	for i := range t.tokens {
		if from, to, ok := t.negated(l, i); ok && !t.otherwise(l, from, to) {
			return true
		}
	}
	return false
}

// sendsAgain reports whether a text asks to be sent once more what does not arrive any more, and says nothing of stopping:
// "reenviadme la newsletter, que ya no me llega".
func (t *sentence) sendsAgain(l int) bool {
	if len(t.tokens) > longestPlain {
		return false
	}
	p, asks, missing := &plainly[l], false, false
	for i := range t.tokens {
		c := t.classAt(l, i)
		switch {
		case t.in(p.resend, i) || c&classContact != 0 && c&classNeg == 0 && t.within(p.again, i, 1, 6) >= 0:
			if t.negBefore(l, i, 2) {
				return false
			}
			asks = true
		case t.in(p.arrive, i) && (t.negBefore(l, i, 3) || t.near(l, i, classNeg)):
			missing = true
		case c&classParting != 0 && !t.merelyFor(l, i):
			return false
		}
	}
	return asks && missing
}

// notYetOn reports whether somebody says that they are not on the list yet, and asks how, or to be put there.
func (t *sentence) notYetOn(l int) bool {
	p, off, asks := &plainly[l], false, false
	for i := range t.tokens {
		c := t.classAt(l, i)
		switch {
		case t.in(p.joined, i) && (t.within(p.yet, i, -1, 3) >= 0 || t.within(p.yet, i, 1, 1) >= 0) && (t.negBefore(l, i, 3) || t.near(l, i, classNeg)):
			off = true
		case c&classParting != 0 && !t.in(p.arrive, i) && !t.merelyFor(l, i):
			return false
		case c&classNearing != 0 && !t.in(p.joined, i):
			asks = true
		}
	}
	return off && asks && len(t.tokens) <= longestPlain
}

// hasNone reports whether a text says nothing but that its writer has no address or channel: "ich habe keine Mail".
func (t *sentence) hasNone(l int) bool {
	if len(t.tokens) < 2 || len(t.tokens) > longestAlive {
		return false
	}
	has, no, what := false, false, false
	for i := range t.tokens {
		switch {
		case t.in(haveWords, i):
			has = true
			no = no || t.classAt(l, i)&classNeg != 0 // "n'ai", "n-am"
		case t.in(wayWords, i):
			what = true
		case t.classAt(l, i)&classNeg != 0:
			no = true
		case !t.in(besideHave, i) && t.classAt(l, i)&classFill == 0:
			return false
		}
	}
	return has && no && what
}

// The words of "I have no e-mail", of all languages together: they are few, and nothing else is said with them alone.
var (
	haveWords  = plainSet("have havent got ho abbiamo ai nai avons navons am nam avem navem tengo tenemos habe hab haben tenho temos")
	wayWords   = plainSet("mail email emails e_mail address indirizzo adresse adresa correo correio direccion endereco whatsapp whats wapp telefono telefon telefone telephone phone mobile cellulare portable handy movil telemovel facebook instagram")
	besideHave = plainSet("i we ive do dont any an a it e io la il lo un una une de d j je nous on eu noi yo ich wir ein eine o um uma the electronico electronica elettronica electronique sorry")
)

// negBefore reports whether one of so many words before says not, in the same breath.
func (t *sentence) negBefore(l, at, reach int) bool {
	for k := at - 1; k >= 0 && k >= at-reach && t.tokens[k].brk == noBreak; k-- {
		if t.classAt(l, k)&classNeg != 0 {
			return true
		}
	}
	return false
}

// within returns where one of some words stands at most so many words after (step 1) or before (step -1), in the same
// sentence; -1: nowhere.
func (t *sentence) within(set map[string]bool, at, step, reach int) int {
	for k := at + step; k >= 0 && k < len(t.tokens) && (k-at)*step <= reach; k += step {
		if t.tokens[min(k, k-step)].brk == fullStop {
			break
		}
		if t.in(set, k) {
			return k
		}
	}
	return -1
}

func (t *sentence) classAt(l, i int) wordClass { return t.tokens[i].at[l] }

func (t *sentence) in(set map[string]bool, i int) bool { return set[string(t.word(i))] }

// negated finds what is not to be done at a place: where its words begin and end.
func (t *sentence) negated(l, i int) (from, to int, ok bool) {
	p, c := &plainly[l], t.classAt(l, i)
	if c&(classEnds|classLeaves) == 0 || t.in(p.between, i) || t.in(p.not, i) && c&classEnds == 0 {
		return 0, 0, false
	}
	from, to = -1, i+1
	if l == frenchTongue && c&classNeg != 0 && t.word(i)[0] == 'n' && len(t.word(i)) > 5 { // "n'arrêtez"
		from = i
	}
	for k := i - 1; from < 0 && k >= 0 && k >= i-1-gapAfterNot && t.tokens[k].brk == noBreak; k-- {
		if t.in(p.not, k) {
			from = k
		} else if l == 0 && k > 0 && string(t.word(k)) == "not" && string(t.word(k-1)) == "do" {
			from = k - 1
		} else if !t.in(p.between, k) && t.classAt(l, k)&classLeaves == 0 {
			break
		}
	}
	for k := i; k < len(t.tokens)-1 && k < i+gapBeforeNot+1 && t.tokens[k].brk == noBreak && from < 0; k++ {
		if t.in(p.after, k+1) {
			from, to = i, k+2
		} else if !t.in(p.between, k+1) {
			break
		}
	}
	if from < 0 || l == 0 && endsIn(t.word(i), "ed") {
		return 0, 0, false
	}
	for to < len(t.tokens) && to <= i+gapBeforeNot+1 && t.tokens[to-1].brk == noBreak && (t.classAt(l, to)&classNeg != 0 || t.classAt(l, to)&classLeaves != 0) {
		to++ // "ne me retirez pas", "no me den de baja"
	}
	return from, to, true
}

func endsIn(w []byte, end string) bool {
	return len(w) > len(end) && string(w[len(w)-len(end):]) == end
}

// otherwise reports whether the words around what is not to be done make another sense of it.
func (t *sentence) otherwise(l, from, to int) bool {
	p := &plainly[l]
	if from > 0 && t.tokens[from-1].brk == noBreak && t.in(p.subject, from-1) && !t.anyIn(p.hope, 0, from) {
		return true
	}
	ends, lists := false, false
	for i := range t.tokens {
		c, inside := t.classAt(l, i), i >= from && i < to
		if c&classFill == 0 { // the French "stp" is no stop
			c |= t.tokens[i].at[0] &^ classNeg
		}
		lists = lists || t.classAt(l, i)&classLists != 0
		if inside {
			ends = ends || t.classAt(l, i)&classEnds != 0
		}
		switch {
		case t.in(p.unless, i) && !(inside && t.in(p.between, i)):
			return true
		case inside || t.in(p.after, i) && i == to:
		case c&classAgainst != 0 && !t.merelyFor(l, i):
			return true
		case t.classAt(l, i)&classNeg != 0 && t.near(l, i, classContact):
			return true
		}
	}
	return !ends && !lists // what is to be left out must be a list, or we cannot know
}

// merelyFor reports the Spanish and Portuguese "para" before what something is for, and small words that mean
// to end only where they stand alone.
func (t *sentence) merelyFor(l, i int) bool {
	if l != spanishTongue && l != portugueseIdx || string(t.word(i)) != "para" {
		return false
	}
	return i+1 < len(t.tokens) && t.tokens[i].brk == noBreak
}

func (t *sentence) anyIn(set map[string]bool, from, to int) bool {
	for i := from; i < to; i++ {
		if t.in(set, i) {
			return true
		}
	}
	return false
}

// near reports whether one of the classes follows within three words of the same sentence.
func (t *sentence) near(l, at int, class wordClass) bool {
	for i := at + 1; i < len(t.tokens) && i <= at+3 && t.tokens[i-1].brk == noBreak; i++ {
		if t.classAt(l, i)&class != 0 {
			return true
		}
	}
	return false
}

// asksIfAlive reports whether a text asks whether somebody is there, and nothing else.
func (t *sentence) asksIfAlive(l int) bool {
	if len(t.tokens) == 0 || len(t.tokens) > longestAlive {
		return false
	}
	p, core, anybody, reads := &plainly[l], false, false, false
	for i := range t.tokens {
		if !t.in(p.alive, i) && t.classAt(l, i)&classFill == 0 {
			return false
		}
		core = core || t.in(p.core, i)
		switch string(t.word(i)) {
		case "anybody", "anyone", "somebody":
			anybody = true
		case "read", "reads", "reading", "see", "sees":
			reads = true
		}
	}
	return core && (reads || !anybody)
}

// plainIn reads a text for these, in the languages it may be of.
func (t *sentence) plainIn(tongues uint8) (goesOn, alive bool) {
	for set := tongues; set != 0; set &= set - 1 {
		l := bits.TrailingZeros8(set)
		goesOn = goesOn || t.goesOn(l) || t.sendsAgain(l) || t.notYetOn(l) || t.hasNone(l)
		alive = alive || t.asksIfAlive(l)
	}
	return goesOn, alive
}
