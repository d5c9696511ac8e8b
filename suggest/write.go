package suggest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ponte/asks"
	"ponte/fault"
	"ponte/inbox"
	"ponte/llm"
	"ponte/prompts"
)

// streamer is a model that hands on what it writes while it writes it.
type streamer interface {
	Stream(ctx context.Context, r llm.Request, piece func(text string)) (llm.Response, error)
}

// Faults lists why a model wrote less than it was asked for.
var Faults = []string{"down", "busy", "cut", "refused", "truncated", "unusable"}

func faultOf(err error) string {
	var busy *llm.BusyError
	switch {
	case errors.As(err, &busy):
		return "busy"
	case errors.Is(err, llm.ErrCut):
		return "cut"
	case errors.Is(err, llm.ErrRefused):
		return "refused"
	case errors.Is(err, llm.ErrTruncated):
		return "truncated"
	case errors.Is(err, llm.ErrEmpty):
		return "unusable"
	}
	return "down"
}

// errMoved is the refusal of drafts for a conversation in which something was said since.
var errMoved = fault.New(fault.Conflict, "the conversation moved on while an answer was drafted; look at what was said since").Coded("moved_on")

// watchEvery is how often it is asked whether the conversation moved on.
const watchEvery = time.Second

type draft struct {
	text, language, madeBy string
	sources                []Source
}

// writing is the drafts for one state of a conversation as they come.
type writing struct {
	s                *Suggester
	v                inbox.Conversation
	talk             talk
	sources          []found
	language, intent string
	tell             func(Event)

	ctx    context.Context
	stop   context.CancelCauseFunc
	mark   string // of the fence around what others wrote
	all    string // every source, for what can be judged before a draft names its own
	base   int    // number of the first draft of the document under way
	cards  map[int]*card
	drafts []draft // judged and stored
	fault  string
}

// card is a draft under way.
type card struct {
	text    strings.Builder
	told    int // letters that were told
	settled bool
}

var replySchema = json.RawMessage(`{"type":"object","additionalProperties":false,"required":["replies"],"properties":{"replies":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["text","sources"],"properties":{"text":{"type":"string"},"sources":{"type":"array","items":{"type":"integer"}}}}}}}`)

var languageNames = map[string]string{"en": "English", "it": "Italian", "fr": "French", "ro": "Romanian", "es": "Spanish", "de": "German", "pt": "Portuguese"}

// byModel lets the model write from the sources. What it writes beyond them is thrown away; what went
// wrong with it is no error of ours, but for a conversation that moved on meanwhile.
func (w *writing) byModel(ctx context.Context) error {
	req, err := w.question(ctx)
	if err != nil {
		return err
	}
	w.ctx, w.stop = context.WithCancelCause(ctx)
	defer w.stop(nil)
	go w.watch()
	r := w.reader()
	budget, err := asks.Reserve(ctx, w.s.DB, w.v.WorkspaceID, w.s.Now(), "suggest", w.s.Model.Most(req))
	if errors.Is(err, asks.ErrSpent) || errors.Is(err, asks.ErrHeld) {
		w.fault = "busy" // the questions under way may leave some of the budget
		w.tell(Event{Kind: Again, N: w.base})
		return nil
	}
	if err != nil {
		return err
	}
	res, err := w.ask(req, r.feed)
	if err := budget.Settle(ctx, res); err != nil {
		return err
	}
	if c := context.Cause(w.ctx); c != nil && !errors.Is(c, context.Canceled) {
		return c
	}
	if err == nil && len(w.cards) == 0 { // a document that could not be followed while it came
		w.reader().feed(res.Text)
	}
	if c := context.Cause(w.ctx); c != nil && !errors.Is(c, context.Canceled) {
		return c
	}
	switch {
	case ctx.Err() != nil && len(w.drafts) == 0: // nobody listens any more, and nothing was stored
		return ctx.Err()
	case ctx.Err() != nil:
		return nil
	case err != nil:
		w.fault = faultOf(err)
		w.tell(Event{Kind: Again, N: w.base})
		w.s.Log.Warn("the model drafted no reply, or not all; the sources are offered as they are", "conversation", w.v.ID, "error", err)
	}
	return nil
}

func (w *writing) ask(req llm.Request, piece func(string)) (llm.Response, error) {
	if m, ok := w.s.Model.(streamer); ok {
		return m.Stream(w.ctx, req, piece)
	}
	res, err := w.s.Model.Complete(w.ctx, req)
	if err == nil {
		piece(res.Text)
	}
	return res, err
}

func (w *writing) question(ctx context.Context) (llm.Request, error) {
	brand, err := inbox.LoadWorkspace(ctx, w.s.DB, w.v.WorkspaceID)
	if err != nil {
		return llm.Request{}, err
	}
	w.mark = prompts.NewFence()
	var b, all strings.Builder
	for i, f := range w.sources {
		fmt.Fprintf(&b, "%d. %s\n", i+1, prompts.Fence(w.mark, f.Title+"\n"+f.Text))
		all.WriteString(f.Title + "\n" + f.Text + "\n")
	}
	w.all = all.String()
	name := languageNames[w.language]
	if name == "" {
		name = "the customer's language"
	}
	system, err := prompts.Render(prompts.Suggest, "brand", brand.BrandName(), "language", name, "fence", w.mark, "most", fmt.Sprint(Most),
		"sources", b.String(), "conversation", prompts.Fence(w.mark, strings.Join(w.talk.lines, "\n")))
	return llm.Request{System: system, User: "Draft the replies now.", SchemaName: "replies", Schema: replySchema, MaxTokens: 900}, err
}

// watch ends the writing when the conversation moves on.
func (w *writing) watch() {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-w.ctx.Done():
			return
		case <-tick.C:
			if moved, err := w.moved(); err == nil && moved {
				w.stop(errMoved)
			}
		}
	}
}

func (w *writing) moved() (bool, error) {
	var revision int64
	err := w.s.DB.GetContext(w.ctx, &revision, `SELECT revision FROM conversations WHERE workspace_id = $1 AND id = $2`, w.v.WorkspaceID, w.v.ID)
	return revision != w.v.Revision, err
}

func (w *writing) reader() *reader {
	w.cards = map[int]*card{}
	return &reader{text: w.more, end: w.ended, over: w.anew}
}

// card is the one of a number, as long as there is room for it.
func (w *writing) card(n int) *card {
	if len(w.drafts) >= Most || n >= 2*Most {
		return nil
	}
	c := w.cards[n]
	if c == nil {
		c = &card{}
		w.cards[n] = c
	}
	return c
}

// more takes a piece of a draft. Only whole words are told, and none of a draft that is sure to be refused.
func (w *writing) more(n int, s string) {
	c := w.card(n)
	if c == nil || c.settled {
		return
	}
	c.text.WriteString(s)
	text := c.text.String()
	end := shown(text)
	if end <= c.told && len(text) <= mostLetters {
		return
	}
	why := refusedLong
	if len(text) <= mostLetters {
		why = refuse(text[:end], w.all, w.mark)
	}
	if why != "" {
		c.settled = true
		w.tell(Event{Kind: Refused, N: w.base + n, Reason: why})
		return
	}
	w.tell(Event{Kind: Writing, N: w.base + n, Text: text[c.told:end]})
	c.told = end
}

// ended judges a whole draft against the sources that it names, and stores it.
func (w *writing) ended(n int, object []byte) {
	c := w.card(n)
	if c == nil || c.settled {
		return
	}
	c.settled = true
	d, why := w.judge(object)
	if why != "" {
		w.tell(Event{Kind: Refused, N: w.base + n, Reason: why})
		return
	}
	moved, err := w.moved()
	switch {
	case err != nil:
		w.stop(fmt.Errorf("read the conversation: %w", err))
		return
	case moved:
		w.stop(errMoved)
		return
	}
	made, kept, err := w.s.keep(w.ctx, w.v, w.intent, len(w.drafts)+1, d)
	if err != nil {
		w.stop(err)
		return
	}
	if !kept { // another process wrote drafts for the same state: theirs count
		w.drafts = append(w.drafts, draft{})
		return
	}
	w.drafts = append(w.drafts, d)
	w.tell(Event{Kind: Ready, N: w.base + n, Suggestion: &made})
}

func (w *writing) judge(object []byte) (draft, string) {
	var r struct {
		Text    string `json:"text"`
		Sources []int  `json:"sources"`
	}
	if json.Unmarshal(object, &r) != nil {
		return draft{}, refusedNoSource
	}
	d := draft{text: strings.TrimSpace(r.Text), madeBy: "llm"}
	d.language = cmp.Or(w.s.Written(d.text), w.language) // models slip into another one than they were asked for
	var given strings.Builder
	for _, n := range r.Sources {
		if n >= 1 && n <= len(w.sources) {
			f := w.sources[n-1]
			d.sources = append(d.sources, Source{f.Kind, f.ID, f.Title})
			given.WriteString(f.Title + "\n" + f.Text + "\n")
		}
	}
	if len(d.sources) == 0 {
		return d, refusedNoSource
	}
	if w.says(d.text) {
		return d, refusedRepeats
	}
	return d, refuse(d.text, given.String(), w.mark)
}

// says reports whether a draft is the same, letter for letter.
func (w *writing) says(text string) bool {
	return slices.ContainsFunc(w.drafts, func(d draft) bool { return d.text == text })
}

// anew forgets what was begun and is not stored: the model began again.
func (w *writing) anew() {
	w.tell(Event{Kind: Again, N: w.base})
	next := w.base
	for n := range w.cards {
		next = max(next, w.base+n+1)
	}
	w.base, w.cards = next, map[int]*card{}
}

// fill offers the sources themselves where the model wrote too little, the customer's language first.
func (w *writing) fill(ctx context.Context) error {
	sources := slices.Clone(w.sources)
	slices.SortStableFunc(sources, func(a, b found) int { return foreign(a, w.language) - foreign(b, w.language) })
	for _, f := range sources {
		if len(w.drafts) >= Most {
			break
		}
		if f.Language != w.language && len(w.drafts) > 0 || w.says(f.Text) {
			continue // another language only when there is nothing better
		}
		d := draft{text: f.Text, language: f.Language, madeBy: f.Kind, sources: []Source{{f.Kind, f.ID, f.Title}}}
		if _, _, err := w.s.keep(ctx, w.v, w.intent, len(w.drafts)+1, d); err != nil {
			return err
		}
		w.drafts = append(w.drafts, d)
	}
	return nil
}

// foreign puts the customer's language first, whatever ranks higher in another one.
func foreign(f found, language string) int {
	if f.Language == language {
		return 0
	}
	return 1
}
