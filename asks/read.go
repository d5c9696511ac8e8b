package asks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ponte/llm"
	"ponte/moderation"
)

// given is one entry of an answer. How a number or a name is written does not matter; what it says does.
type given struct {
	ID       *number         `json:"id"`
	Category string          `json:"category"`
	Score    *amount         `json:"score"`
	Intent   any             `json:"intent"`
	Language any             `json:"language"`
	Reason   json.RawMessage `json:"reason"`
}

// read validates an answer item by item: what is not in the closed lists is as if it had not come, and so is an
// item that is answered twice, differently: a text may have talked the model into the second. Of an answer that counts
// from nought nothing is taken: its numbers are those of other items.
func read(res llm.Response, prompt string, digests []string) map[string]moderation.LLMAnswer {
	out, torn := map[string]moderation.LLMAnswer{}, []string{}
	list := readable(res.Text, len(digests) == 1)
	hundreds := ofAHundred(list)
	for _, it := range list {
		if *it.ID == 0 {
			return map[string]moderation.LLMAnswer{}
		}
		category := word(it.Category)
		if hundreds {
			it.Score = it.Score.share()
		}
		if it.Score == nil || *it.ID < 1 || int(*it.ID) > len(digests) || *it.Score < 0 || *it.Score > 1 || !slices.Contains(categories, category) {
			continue
		}
		a := moderation.LLMAnswer{Category: category, Score: float64(*it.Score), Reason: cutTo(Mask(said(it.Reason)), 160), Model: res.Model, Prompt: prompt}
		if intent := word(it.Intent); slices.Contains(moderation.Intents, intent) {
			a.Intent = intent
		}
		if language := word(it.Language); slices.Contains(languages, language) {
			a.Language = language
		}
		d := digests[int(*it.ID)-1]
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

// readable are the entries that say which item they are about; a bad one does not spoil the others. Where one item was
// asked about, a single entry is about it, also without a number or counted from nought.
func readable(text string, alone bool) (list []given) {
	all := entries(text)
	for _, raw := range all {
		var it given
		if twiceNamed(raw) || json.Unmarshal(raw, &it) != nil {
			continue
		}
		if alone && len(all) == 1 && (it.ID == nil || *it.ID == 0) {
			first := number(1)
			it.ID = &first
		}
		if it.ID != nil {
			list = append(list, it)
		}
	}
	return list
}

// ofAHundred says that an answer counts from 0 to 100, as some models do whatever they are asked: one of its scores is too
// large for any other scale in use, and none is a part of 1. One odd score among others of 1 spoils no more than itself.
func ofAHundred(list []given) bool {
	large := false
	for _, it := range list {
		if it.Score == nil {
			continue
		}
		if *it.Score > 0 && *it.Score < 1 {
			return false
		}
		large = large || *it.Score > 10 && *it.Score <= 100
	}
	return large
}

// share is a score of a hundred as one of 1. Up to 1 it may have been meant either way, and says nothing.
func (a *amount) share() *amount {
	if a == nil || *a > 0 && *a <= 1 {
		return nil
	}
	s := *a / 100
	return &s
}

// entries are those of an answer: a list, also one written as text; the same by the items' numbers; a single one may
// stand without a list.
func entries(text string) []json.RawMessage {
	var body struct {
		Items    json.RawMessage `json:"items"`
		ID       json.RawMessage `json:"id"`
		Category json.RawMessage `json:"category"`
	}
	if twiceNamed(json.RawMessage(text)) || json.Unmarshal([]byte(text), &body) != nil {
		return nil
	}
	if body.Items == nil {
		if body.Category != nil {
			return []json.RawMessage{json.RawMessage(text)}
		}
		return numbered(json.RawMessage(text))
	}
	items := body.Items
	if inner := said(items); inner != "" {
		items = json.RawMessage(inner)
	}
	var list []json.RawMessage
	if json.Unmarshal(items, &list) == nil {
		return list
	}
	return numbered(items)
}

// numbered are entries by the number of their item: {"1":{…},"2":{…}}. One that names another item itself is none.
func numbered(raw json.RawMessage) (list []json.RawMessage) {
	var by map[string]map[string]json.RawMessage
	if twiceNamed(raw) || json.Unmarshal(raw, &by) != nil {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(by)) {
		entry := by[key]
		var id, own number
		if id.read(key) != nil || entry == nil {
			return nil
		}
		if said, ok := entry["id"]; ok && (json.Unmarshal(said, &own) != nil || own != id) {
			continue
		}
		entry["id"] = json.RawMessage(strconv.Itoa(int(id)))
		b, err := json.Marshal(entry)
		if err != nil {
			return nil
		}
		list = append(list, b)
	}
	return list
}

// twiceNamed: an object has a name twice. Which of them counts is nobody's to say: a text that was quoted badly may have
// brought the second.
func twiceNamed(raw json.RawMessage) bool {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return false
	}
	names := map[string]bool{}
	for dec.More() {
		name, err := dec.Token()
		key, ok := name.(string)
		if key = strings.ToLower(key); err != nil || !ok || names[key] {
			return true
		}
		names[key] = true
		var skipped json.RawMessage
		if dec.Decode(&skipped) != nil {
			return true
		}
	}
	return false
}

// number is an item's, as models write it: 1, "1", "Item 1", "#1".
type number int

// UnmarshalJSON reads any of them.
func (n *number) UnmarshalJSON(raw []byte) error { return n.read(strings.Trim(string(raw), `"`)) }

func (n *number) read(text string) error {
	found := itemNumber.FindStringSubmatch(text)
	if found == nil {
		return fmt.Errorf("not the number of an item")
	}
	x, err := strconv.Atoi(found[1])
	*n = number(x)
	return err
}

var itemNumber = regexp.MustCompile(`^(?i)\s*(?:item)?[\s_-]*#?([0-9]{1,6})(?:\.0*)?:?\s*$`)

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
	return strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(strings.Trim(s, " \t\r\n.*`\"'")))
}

func said(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}
