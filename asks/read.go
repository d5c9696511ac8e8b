package asks

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"ponte/llm"
	"ponte/moderation"
)

// given is one entry of an answer. How a number or a name is written does not matter; what it says does.
type given struct {
	ID       *amount         `json:"id"`
	Category string          `json:"category"`
	Score    *amount         `json:"score"`
	Intent   any             `json:"intent"`
	Language any             `json:"language"`
	Reason   json.RawMessage `json:"reason"`
}

// read validates an answer item by item: what is not in the closed lists is as if it had not come, and so is an
// item that is answered twice, differently: a text may have talked the model into the second.
func read(res llm.Response, prompt string, digests []string) map[string]moderation.LLMAnswer {
	out, torn := map[string]moderation.LLMAnswer{}, []string{}
	for _, raw := range entries(res.Text) {
		var it given
		if json.Unmarshal(raw, &it) != nil || it.ID == nil || it.Score == nil { // one bad entry does not spoil the others
			continue
		}
		n, score, category := float64(*it.ID), float64(*it.Score), word(it.Category)
		if n != math.Trunc(n) || n < 1 || n > float64(len(digests)) || score < 0 || score > 1 || !slices.Contains(categories, category) {
			continue
		}
		a := moderation.LLMAnswer{Category: category, Score: score, Reason: cutTo(Mask(said(it.Reason)), 160), Model: res.Model, Prompt: prompt}
		if intent := word(it.Intent); slices.Contains(moderation.Intents, intent) {
			a.Intent = intent
		}
		if language := word(it.Language); slices.Contains(languages, language) {
			a.Language = language
		}
		d := digests[int(n)-1]
		if before, twice := out[d]; twice && before.Category != a.Category {
			torn = append(torn, d)
		} else if !twice {
			out[d] = a
		}
	}
	for _, d := range torn {
		delete(out, d)
	}
	return out
}

// entries are those of an answer; a single one may stand without the list.
func entries(text string) []json.RawMessage {
	var body struct {
		Items    []json.RawMessage `json:"items"`
		ID       json.RawMessage   `json:"id"`
		Category json.RawMessage   `json:"category"`
	}
	if json.Unmarshal([]byte(text), &body) != nil {
		return nil
	}
	if body.Items == nil && body.ID != nil && body.Category != nil {
		return []json.RawMessage{json.RawMessage(text)}
	}
	return body.Items
}

// amount is a number, also one that was written as text.
type amount float64

// UnmarshalJSON reads either, also with a comma, and a share of a hundred that says so.
func (a *amount) UnmarshalJSON(raw []byte) error {
	said := strings.TrimSpace(strings.Trim(string(raw), `"`))
	digits, percent := strings.CutSuffix(said, "%")
	if !strings.Contains(digits, ".") {
		digits = strings.Replace(digits, ",", ".", 1)
	}
	x, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if err != nil || math.IsNaN(x) {
		return fmt.Errorf("not a number")
	}
	if percent {
		x /= 100
	}
	*a = amount(x)
	return nil
}

// word is a name as the lists have it: models write them with capitals and hyphens.
func word(said any) string {
	s, _ := said.(string)
	return strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(strings.TrimSpace(s)))
}

func said(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}
