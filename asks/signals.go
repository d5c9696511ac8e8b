package asks

import (
	"context"
	"encoding/json"

	"ponte/moderation"
)

// signals asks the moderation endpoint, where there is one, about texts as they are masked for the
// model. What it said before is remembered; where it does not answer, that is said and nobody waits.
func (w *round) signals(ctx context.Context, digests []string) (map[string]moderation.Signals, error) {
	if w.Signals == nil || !w.Signals.Configured() {
		return nil, nil
	}
	out := make(map[string]moderation.Signals, len(digests))
	keys := make([][]byte, len(digests))
	for i, d := range digests {
		keys[i] = w.signalKey(d)
	}
	found, err := w.recall(ctx, keys)
	if err != nil {
		return nil, err
	}
	var fresh, texts []string
	for _, d := range digests {
		var s moderation.Signals
		if raw := found[string(w.signalKey(d))]; raw != nil && json.Unmarshal(raw, &s) == nil {
			s.Remembered = true
			out[d] = s
			continue
		}
		fresh, texts = append(fresh, d), append(texts, cutTo(Mask(w.input(d).Text), maxText))
	}
	if len(fresh) == 0 {
		return out, nil
	}
	scores, err := w.Signals.Moderate(ctx, texts)
	if err != nil || len(scores) != len(fresh) {
		w.Log.Warn("the moderation endpoint did not answer", "texts", len(fresh), "error", err)
		for _, d := range fresh {
			out[d] = moderation.Signals{Model: w.Signals.Model(), Note: "the moderation endpoint did not answer"}
		}
		return out, ctx.Err()
	}
	for i, d := range fresh {
		out[d] = moderation.SignalsFrom(w.Signals.Model(), scores[i])
		if err := w.remember(ctx, w.DB, w.signalKey(d), out[d]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (w *round) signalKey(digest string) []byte {
	return []byte(digest + "/moderations/" + w.Signals.Model())
}

func signalOf(all map[string]moderation.Signals, digest string) *moderation.Signals {
	if s, ok := all[digest]; ok {
		return &s
	}
	return nil
}
