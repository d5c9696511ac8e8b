package flow

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"ponte/router"
)

// question asks for one thing and checks what comes.
type question struct {
	text, retry     Texts
	answer          answer
	save, field     string
	retries         int
	next, otherwise string
	timeout         time.Duration
	onTimeout       string
}

// choice is one of the answers of a choice question.
type choice struct {
	id                 string
	title, description Texts
	label, next        string
}

func readQuestion(o *object) body {
	q := &question{}
	q.answer = readAnswer(o.r.object(o.get("answer"), o.at("answer"), "an answer"))
	if !o.has("answer") {
		o.missing("answer", `what is asked for, as {"kind": "email"}`)
	}
	q.text = o.texts("text", bodyLimit(q.answer), "a text: the question")
	q.retry = o.texts("retry", 1024, "")
	q.save = o.id("save", "")
	if q.save == "" {
		q.save = strings.ReplaceAll(o.r.step, "-", "_")
	}
	o.r.saves(o.at("save"), o.n, q.save, q.answer.kind, q.answer)
	if q.field = o.text("contact", 40, ""); q.field != "" {
		o.r.settable(o.at("contact"), o.get("contact"), q.field)
	}
	q.retries = o.whole("retries", 0, 5, 2)
	q.next, q.otherwise = o.goTo("next", "a step to go on with"), o.goTo("otherwise", "")
	q.timeout = o.duration("timeout", time.Minute, 7*24*time.Hour, 0, "")
	if q.onTimeout = o.goTo("on_timeout", ""); (q.timeout == 0) != (q.onTimeout == "") {
		o.r.fault(o.at("timeout"), o.n, "timeout and on_timeout belong together: how long, and where to then")
	}
	return q
}

// bodyLimit is how long a question can be: a message with buttons has room for less.
func bodyLimit(a answer) int {
	if len(a.choices) > 0 && !a.list {
		return 1024
	}
	return 4096
}

func (q *question) edges() []edge {
	out := []edge{{key: "next", to: q.next, person: true, sets: []string{q.save}}, {key: "otherwise", to: q.otherwise, person: true}, {key: "on_timeout", to: q.onTimeout}}
	for i, c := range q.answer.choices {
		out = append(out, edge{key: fmt.Sprintf("answer.choices[%d].next", i), to: c.next, person: true, sets: []string{q.save}})
	}
	return out
}

func (q *question) enter(r *run) string {
	r.asked()
	q.ask(r, "")
	r.note("asked «" + r.s.Step + "»")
	return ""
}

func (q *question) again(r *run) { q.ask(r, "") }

func (q *question) ask(r *run, before string) {
	e := r.text(q.text)
	if before != "" {
		e.Text = before + "\n" + e.Text
	}
	if options := q.options(r); q.answer.list {
		e.List = &List{Button: cut(router.Say(r.speaks(), "list.open"), 20), Rows: options}
	} else {
		e.Buttons = options
	}
	r.say(e)
	r.timer(ForAnswer, q.timeout)
}

// timer makes the flow wait, for so long at most; no time: for ever.
func (r *run) timer(w Waiting, d time.Duration) {
	seq := r.wait(w)
	r.s.Due = time.Time{}
	if d > 0 {
		r.s.Due = r.ctx.Now.Add(d)
		r.emit(Effect{Kind: StartTimer, Seq: seq, At: r.s.Due})
	}
}

func (q *question) options(r *run) []Option {
	var out []Option
	for _, c := range q.answer.choices {
		title, _ := c.title.in(r.ctx.Language, r.f.Default)
		about, _ := c.description.in(r.ctx.Language, r.f.Default)
		out = append(out, Option{ID: q.payload(r, c), Title: title, Description: about})
	}
	return out
}

func (q *question) payload(r *run, c choice) string { return "f:" + r.s.Step + ":" + c.id }

func (q *question) resume(r *run, in arrival) string {
	if in.timeout {
		r.note("no answer to «" + r.s.Step + "» within " + span(q.timeout))
		return q.onTimeout
	}
	value, chosen, ok := q.understand(r, in.messages)
	if ok {
		r.save(q.save, value)
		if q.field != "" {
			r.set(map[string]string{q.field: value})
		}
		r.note("answered «" + r.s.Step + "»")
		if chosen == nil {
			return q.next
		}
		if chosen.label != "" {
			r.label([]string{chosen.label}, nil)
		}
		if chosen.next != "" {
			return chosen.next
		}
		return q.next
	}
	if r.s.Retries++; r.s.Retries > q.retries {
		r.note("no usable answer to «" + r.s.Step + "» after " + strconv.Itoa(r.s.Retries) + " tries")
		if q.otherwise == "" {
			r.handOver("unclear_answers", "", "", "human.unclear")
		}
		return q.otherwise
	}
	hint := r.sentence("retry." + q.answer.kind)
	if len(q.retry) > 0 {
		hint = r.text(q.retry).Text
	}
	q.ask(r, hint)
	r.note("the answer to «" + r.s.Step + "» was not usable; asked again")
	return ""
}

// understand takes the answer out of what was written at once: the last that fits, and of free text all.
func (q *question) understand(r *run, messages []Input) (string, *choice, bool) {
	if q.answer.kind == "text" {
		var all []string
		for _, m := range messages {
			if t := strings.TrimSpace(m.Text); t != "" && m.Payload == "" {
				all = append(all, t)
			}
		}
		text := strings.Join(all, " ")
		n := utf8.RuneCountInString(text)
		return text, nil, n >= q.answer.least && n <= q.answer.most
	}
	for _, m := range slices.Backward(messages) {
		if q.answer.kind == "choice" {
			if c := q.choose(r, m); c != nil {
				return c.id, c, true
			}
		} else if m.Payload == "" {
			if v, ok := q.answer.parse(cut(m.Text, 500), r.ctx.Language, r.written(m)); ok {
				return v, nil, true
			}
		}
	}
	return "", nil, false
}

// choose finds the choice meant: by tap, by its place, or by its words, or some of them, in any language.
func (q *question) choose(r *run, m Input) *choice {
	if c := q.named(r, m); c != nil || m.Payload != "" {
		return c
	}
	return q.abridged(router.Fold(m.Text))
}

// named finds the choice that a message taps or names in full.
func (q *question) named(r *run, m Input) *choice {
	all := q.answer.choices
	if m.Payload != "" {
		for i := range all {
			if m.Payload == q.payload(r, all[i]) {
				return &all[i]
			}
		}
		return nil
	}
	text := router.Fold(m.Text)
	counted := false // where choices are called by numbers, "4" is the one that is called so and not the fourth
	for i := range all {
		for lang, title := range all[i].title {
			if text != "" && router.Fold(title) == text {
				return &all[i]
			}
			counted = counted || router.HasNumber(title, lang)
		}
	}
	if n, ordinal := router.PlaceIn(text, r.ctx.Language, len(all)); n > 0 && (ordinal || !counted) {
		return &all[n-1]
	}
	var found *choice
	for i := range all {
		for _, title := range all[i].title {
			t := router.Fold(title)
			if t == "" || !strings.Contains(" "+text+" ", " "+t+" ") {
				continue
			}
			if found != nil && found != &all[i] {
				return nil // two are named
			}
			if rest := strings.Replace(" "+text+" ", " "+t+" ", " ", 1); denied(rest) || q.also(rest, &all[i]) {
				return nil
			}
			found = &all[i]
		}
	}
	return found
}

// denied says whether words beside a choice speak against it: "not prices".
func denied(rest string) bool {
	return slices.ContainsFunc(strings.Fields(rest), func(w string) bool { return slices.Contains(notWords, w) })
}

// also says whether what stands beside a choice names another by a part of its title: "prices and hours".
func (q *question) also(rest string, than *choice) bool {
	other := q.abridged(strings.Join(router.Besides(rest, andWords), " "))
	return other != nil && other != than
}

// abridged finds the one choice that a part of its title names: "yes" for "Yes, cancel it", "hours" for "Opening hours".
func (q *question) abridged(text string) (found *choice) {
	all, words := q.answer.choices, router.Besides(text, router.AroundChoices)
	for i := range all {
		for _, title := range all[i].title {
			parts := strings.Fields(router.Fold(title))
			if len(words) == 0 || slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(parts, w) }) {
				continue
			}
			if found != nil && found != &all[i] {
				return nil // it stands in two
			}
			found = &all[i]
		}
	}
	return found
}
