package asks

import (
	"errors"
	"maps"

	"ponte/llm"
	"ponte/moderation"
)

// portions puts questions to a model: all at once, and where nothing of the answer can be used, in parts. One text
// must not cost the others their answer; and a server of whose answers nothing can be used must not be paid for
// finding that out text by text.
type portions struct {
	// ask puts some; so many times at the most.
	ask func(list []string, times int) (map[string]moderation.LLMAnswer, error)

	answers map[string]moderation.LLMAnswer
	faults  map[string]error // why a question that was put has no answer
	unasked []string         // were not put, because of err
	err     error
}

var (
	errLeftOut  = errors.New("the model's answer left it out or was not one of those allowed")
	errTogether = errors.New("the model answered none of several texts")
)

// fruitless is how many texts in a row are put by themselves without a usable answer before the others are not.
const fruitless = 3

// together puts all in one request, and halves it for as long as one of the halves is answered: then a text in the
// other is at fault.
func (p *portions) together(list []string) {
	found, err := p.ask(list, 2)
	if about(err) && len(list) > 1 {
		p.halves(list)
		return
	}
	p.take(list, found, err)
}

func (p *portions) halves(list []string) {
	first, second := list[:len(list)/2], list[len(list)/2:]
	found1, err1 := p.ask(first, 1)
	if err1 != nil && !about(err1) {
		p.take(list, nil, err1)
		return
	}
	found2, err2 := p.ask(second, 1)
	if len(list) > 2 && about(err1) && about(err2) {
		for _, d := range list {
			p.faults[d] = errTogether
		}
		return
	}
	p.half(first, found1, err1)
	p.half(second, found2, err2)
}

func (p *portions) half(list []string, found map[string]moderation.LLMAnswer, err error) {
	if about(err) && len(list) > 1 && p.err == nil {
		p.halves(list)
		return
	}
	p.take(list, found, err)
}

// alone puts each by itself.
func (p *portions) alone(list []string) {
	vain, answered := 0, false
	for i, d := range list {
		found, err := p.ask([]string{d}, 2)
		if p.take([]string{d}, found, err); p.err != nil {
			p.unasked = append(p.unasked, list[i+1:]...)
			return
		}
		switch {
		case len(found) > 0:
			vain, answered = 0, true
		case !errors.Is(err, llm.ErrRefused): // which costs little, and says what is wrong with it
			vain++
		}
		if vain == fruitless && !answered {
			for _, rest := range list[i+1:] {
				p.faults[rest] = errTogether
			}
			return
		}
	}
}

func (p *portions) take(list []string, found map[string]moderation.LLMAnswer, err error) {
	if err != nil && !about(err) {
		p.err, p.unasked = err, append(p.unasked, list...)
		return
	}
	maps.Copy(p.answers, found)
	for _, d := range list {
		if _, ok := found[d]; ok {
			delete(p.faults, d)
			continue
		}
		if p.faults[d] = err; err == nil {
			p.faults[d] = errLeftOut
		}
	}
}

// about says whether an error is about the question and not about the server.
func about(err error) bool {
	return errors.Is(err, llm.ErrRefused) || errors.Is(err, llm.ErrEmpty) || errors.Is(err, llm.ErrTruncated)
}
