package asks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

	"ponte/llm"
	"ponte/moderation"
)

// answer puts one request's questions to the moderation endpoint and the model and settles what they
// say. What cannot be asked now waits or is given up, with the reason.
func (w *round) answer(ctx context.Context, digests []string) error {
	if err := w.renew(ctx, digests); err != nil {
		return err
	}
	signals, err := w.signals(ctx, digests)
	if err != nil {
		return err
	}
	reason, wait, err := w.closed(ctx)
	if err != nil {
		return err
	}
	if reason != "" {
		return w.wait(ctx, digests, signals, reason, wait)
	}
	return w.put(ctx, digests, signals)
}

// put asks the model, what was put before in vain text by text, and settles what came of it.
func (w *round) put(ctx context.Context, digests []string, signals map[string]moderation.Signals) error {
	p := &portions{answers: map[string]moderation.LLMAnswer{}, faults: map[string]error{},
		ask: func(list []string, times int) (map[string]moderation.LLMAnswer, error) {
			return w.ask(ctx, list, times)
		}}
	var fresh, again []string
	for _, d := range digests {
		if w.groups[d][0].Attempts > 0 {
			again = append(again, d)
			continue
		}
		fresh = append(fresh, d)
	}
	if len(fresh) > 0 {
		p.together(fresh)
	}
	if p.err == nil {
		p.alone(again)
	} else {
		p.unasked = append(p.unasked, again...)
	}
	for _, d := range digests {
		a, answered := p.answers[d]
		switch {
		case answered:
			if err := w.settle(ctx, d, outcome{answer: &a, signals: signalOf(signals, d), remember: true}); err != nil {
				return err
			}
		case p.faults[d] != nil:
			if err := w.later(ctx, d, signals, p.faults[d]); err != nil {
				return err
			}
		}
	}
	var busy *llm.BusyError
	switch err := p.err; {
	case errors.Is(err, ErrSpent):
		return w.wait(ctx, p.unasked, signals, ErrSpent.Error(), 0)
	case errors.Is(err, ErrHeld):
		return w.wait(ctx, p.unasked, signals, ErrSpent.Error(), 2*time.Second)
	case errors.As(err, &busy):
		return w.wait(ctx, p.unasked, signals, publicReason(err), busy.Wait)
	case errors.Is(err, llm.ErrDown), errors.Is(err, llm.ErrOff):
		return w.wait(ctx, p.unasked, signals, publicReason(err), 5*time.Second)
	default:
		return err
	}
}

// closed says why the model may not be asked now: switched off, down, or over the day's budget; and
// how long it is worth waiting for.
func (w *round) closed(ctx context.Context) (string, time.Duration, error) {
	switch w.Model.State() {
	case llm.Off:
		return "no language model is configured", 0, nil
	case llm.Down:
		return "the language model is not answering", 10 * time.Second, nil
	}
	over, err := OverBudget(ctx, w.DB, w.workspace, w.Now())
	if over {
		return ErrSpent.Error(), 0, err
	}
	return "", 0, err
}

// wait puts questions off that were not asked, for as long as people would wait; then a person decides.
func (w *round) wait(ctx context.Context, digests []string, signals map[string]moderation.Signals, reason string, long time.Duration) error {
	for _, d := range digests {
		age := w.Now().Sub(w.groups[d][0].CreatedAt)
		if long == 0 || age+min(long, patience) > patience {
			if err := w.settle(ctx, d, outcome{failed: reason, signals: signalOf(signals, d)}); err != nil {
				return err
			}
			continue
		}
		if err := w.putOff(ctx, d, reason, long, 0); err != nil {
			return err
		}
	}
	return nil
}

// later puts a question off that got no usable answer, and gives it up after the last try. A refusal
// is not repeated: the same words are refused again.
func (w *round) later(ctx context.Context, digest string, signals map[string]moderation.Signals, cause error) error {
	if w.groups[digest][0].Attempts+1 >= maxTries || errors.Is(cause, llm.ErrRefused) {
		return w.settle(ctx, digest, outcome{failed: publicReason(cause), signals: signalOf(signals, digest)})
	}
	return w.putOff(ctx, digest, publicReason(cause), 3*time.Second, 1)
}

func (w *round) putOff(ctx context.Context, digest, reason string, long time.Duration, tries int) error {
	if _, err := w.DB.ExecContext(ctx, `UPDATE asks a SET state = 'pending', attempts = attempts + $4, not_before = now() + make_interval(secs => $3), reason = $5`+sqlHeld,
		w.workspace, pq.Array(w.ids([]string{digest})), long.Seconds(), tries, reason); err != nil {
		return fmt.Errorf("put questions off: %w", err)
	}
	return nil
}

func (w *round) giveUp(ctx context.Context, digests []string, reason string) error {
	for _, d := range digests {
		if err := w.settle(ctx, d, outcome{failed: reason}); err != nil {
			return err
		}
	}
	return nil
}

func publicReason(err error) string {
	var busy *llm.BusyError
	switch {
	case errors.Is(err, ErrSpent), errors.Is(err, ErrHeld):
		return ErrSpent.Error()
	case errors.Is(err, llm.ErrRefused):
		return "the language model refused to answer"
	case errors.Is(err, llm.ErrTruncated):
		return "the language model's answer was cut off"
	case errors.Is(err, llm.ErrEmpty):
		return "the language model gave no usable answer"
	case errors.As(err, &busy):
		return "the language model is too busy to answer"
	case errors.Is(err, llm.ErrDown), errors.Is(err, llm.ErrOff):
		return "the language model is not answering"
	}
	return "the language model gave no answer that can be used"
}
