package suggest

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"unicode/utf8"
)

// heard is what a reader handed on: the text of each reply, and which ended with what object.
type heard struct {
	texts map[int]string
	ended map[int]string
	overs int
}

// listen reads an answer in pieces that end at the given places.
func listen(answer string, cuts func(i int) bool) heard {
	h := heard{map[int]string{}, map[int]string{}, 0}
	r := reader{
		text: func(n int, s string) { h.texts[n] += s },
		end:  func(n int, object []byte) { h.ended[n] = string(object) },
		over: func() { clear(h.texts); clear(h.ended); h.overs++ },
	}
	from := 0
	for i := range len(answer) {
		if cuts(i) {
			r.feed(answer[from:i])
			from = i
		}
	}
	r.feed(answer[from:])
	return h
}

func everywhere(int) bool { return true }
func nowhere(int) bool    { return false }

func TestReaderFollowsAnAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		texts  map[int]string
		ends   int
		overs  int
	}{
		"as asked for":          {`{"replies":[{"text":"Hello","sources":[1]},{"text":"Hi","sources":[2,1]}]}`, map[int]string{0: "Hello", 1: "Hi"}, 2, 0},
		"sources first":         {`{"replies":[{"sources":[1],"text":"Hello"}]}`, map[int]string{0: "Hello"}, 1, 0},
		"unfinished":            {`{"replies":[{"text":"Hello the`, map[int]string{0: "Hello the"}, 0, 0},
		"escapes":               {`{"replies":[{"text":"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude42\ud83d!\ude42"}]}`, map[int]string{0: "a\"\\/\b\f\n\r\té🙂\ufffd!\ufffd"}, 1, 0},
		"an escape, unfinished": {`{"replies":[{"text":"a\ud83d\ude`, map[int]string{0: "a"}, 0, 0},
		"letters of many bytes": {`{"replies":[{"text":"să vă așteptăm 🙂 שלום"}]}`, map[int]string{0: "să vă așteptăm 🙂 שלום"}, 1, 0},
		"in a fence":            {"Sure!\n```json\n{ \"replies\" : [ { \"text\" : \"Hello\" } ] }\n```", map[int]string{0: "Hello"}, 1, 0},
		"after thoughts":        {`<think>{"replies":[{"text":"draft"}]}</think>{"replies":[{"text":"Hello"}]}`, map[int]string{0: "Hello"}, 1, 0},
		"thoughts without end":  {`<reasoning>{"replies":[{"text":"draft"}]}`, map[int]string{}, 0, 0},
		"after other objects":   {`{"a":{"text":"no"}} {"replies":[{"text":"Hello"}]}`, map[int]string{0: "Hello"}, 1, 0},
		"after prose":           {`I use {curly} words {"no": yes!} and {"replies":[{"text":"Hello"}]}`, map[int]string{0: "Hello"}, 1, 0},
		"a second thought":      {`{"replies":[{"text":"No"}]} {"replies":[{"text":"Hello"}]}`, map[int]string{0: "Hello"}, 1, 1},
		"broken, then again":    {`{"replies":[{"text":"No` + "\n" + `{"replies":[{"text":"Hello"}]}`, map[int]string{0: "Hello"}, 1, 1},
		"said twice":            {`{"replies":[{"text":"No","text":"Hello"}]}`, map[int]string{0: "Hello"}, 1, 1},
		"other fields":          {`{"x":[{"text":"no"}],"replies":[{"text":"Hello","more":{"text":"no"},"n":-1.5e3,"ok":true,"none":null,"list":[{"text":"no"}]}]}`, map[int]string{0: "Hello"}, 1, 0},
		"no list":               {`{"replies":{"text":"no"}}`, map[int]string{}, 0, 0},
		"strings in the list":   {`{"replies":["no",{"text":"Hello"}]}`, map[int]string{1: "Hello"}, 1, 0},
		"an empty list":         {`{"replies":[]}`, map[int]string{}, 0, 0},
		"too deep":              {`{"replies":[{"text":"No","x":` + strings.Repeat("[", 40), map[int]string{}, 0, 1},
		"too long":              {`{"replies":[{"text":"` + strings.Repeat("a", longest), map[int]string{}, 0, 1},
		"nothing":               {``, map[int]string{}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, cuts := range []func(int) bool{everywhere, nowhere, func(i int) bool { return i%7 == 0 }} {
				if len(c.answer) > 1000 {
					cuts = nowhere
				}
				h := listen(c.answer, cuts)
				if !maps.Equal(h.texts, c.texts) || len(h.ended) != c.ends || h.overs != c.overs && c.overs == 0 {
					t.Errorf("%v, %d ended, %d times over\nwant %v, %d, %d", h.texts, len(h.ended), h.overs, c.texts, c.ends, c.overs)
				}
			}
		})
	}
}

// Whatever comes in whatever pieces: what is handed on does not depend on the cuts, is whole letters, and
// for an answer that is a document it is what the document says.
func FuzzReader(f *testing.F) {
	for _, s := range []string{
		`{"replies":[{"text":"Hello \ud83d\ude42","sources":[1]}]}`, `<think>{</think>{"replies":[{"text":"a\n"},{"text":"b"}]}`,
		`{"replies":[{"text":"a","text":"b"}]}`, `{{"replies":[{"text":"ă"`, `{"a":[[],{}],"replies":[{"x":{"text":"c"},"text":"\u00"`, "{\"replies\":[{\"text\":\"\xc4\xff\"}]}",
	} {
		f.Add(s, uint(3))
	}
	f.Fuzz(func(t *testing.T, answer string, every uint) {
		every = every%13 + 1
		cut, whole := listen(answer, func(i int) bool { return uint(i)%every == 0 }), listen(answer, nowhere)
		if !maps.Equal(cut.texts, whole.texts) || !maps.Equal(cut.ended, whole.ended) {
			t.Fatalf("cut: %v %v\nwhole: %v %v", cut.texts, cut.ended, whole.texts, whole.ended)
		}
		for n, s := range whole.texts {
			if !utf8.ValidString(s) || n < 0 {
				t.Fatalf("reply %d is %q", n, s)
			}
		}
		var doc map[string]any
		if !strings.HasPrefix(answer, "{") || !json.Valid([]byte(answer)) || json.Unmarshal([]byte(answer), &doc) != nil || strings.Count(answer, "replies") > 1 || strings.Count(answer, "[")+strings.Count(answer, "{") > deepest || len(answer) > longest {
			return
		}
		list, _ := doc["replies"].([]any)
		for n, item := range list {
			o, _ := item.(map[string]any)
			if want, ok := o["text"].(string); ok && whole.texts[n] != want {
				t.Fatalf("reply %d is %q, want %q", n, whole.texts[n], want)
			}
		}
	})
}
