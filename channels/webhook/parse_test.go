package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	stdflag "flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"ponte/channels"
	"ponte/channels/meta"
)

var update = stdflag.Bool("update", false, "write the golden files anew")

// Each testdata/<case>.json is a body as Meta sends it; <case>.golden holds its events, one a line.
func TestParseGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("found %d cases, %v", len(files), err)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			body, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			events, err := Parse(body)
			if err != nil {
				t.Fatal(err)
			}
			checkEvents(t, events)
			var got bytes.Buffer
			enc := json.NewEncoder(&got)
			enc.SetEscapeHTML(false)
			for _, e := range events {
				if err := enc.Encode(e); err != nil {
					t.Fatal(err)
				}
			}
			golden := strings.TrimSuffix(f, ".json") + ".golden"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("events differ from %s (go test ./channels/webhook -update writes it anew)\ngot:\n%s\nwant:\n%s", golden, got.Bytes(), want)
			}
		})
	}
}

// checkEvents holds for every event of every body.
func checkEvents(t *testing.T, events []channels.Event) {
	t.Helper()
	if len(events) == 0 {
		t.Fatal("a body gave no event at all: nothing may vanish")
	}
	for _, e := range events {
		if e.Kind == "" || e.Key == "" || e.Lane == "" || e.Channel == "" && e.Kind != channels.Unsupported {
			t.Errorf("an event lacks kind, channel, key or lane: %+v", e)
		}
		if e.Kind == channels.Unsupported && e.Reason == "" {
			t.Errorf("unsupported without a reason: %+v", e)
		}
		for _, s := range []string{e.Text, e.ID, e.Person, e.Name, e.Key, e.Account} {
			if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
				t.Errorf("a text cannot be stored: %q", s)
			}
		}
		if y := e.Time.Year(); !e.Time.IsZero() && (y < 1970 || y > 9999) {
			t.Errorf("time %v cannot be stored", e.Time)
		}
	}
}

func TestParseRefusesOnlyWhatIsNotJSON(t *testing.T) {
	for _, body := range []string{"", "hello", "{", `{"a":1}x`, "\xff\xfe", strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)} {
		if _, err := Parse([]byte(body)); !errors.Is(err, ErrNotJSON) {
			t.Errorf("%.20q: %v, want ErrNotJSON", body, err)
		}
	}
	for _, body := range []string{"{}", "null", "5", `"x"`, `{"object":1,"entry":{}}`, `{"object":"page","entry":[null]}`, `[[]]`, `[]`, `[{}]`, `{"object":"page","entry":[]}`} {
		events, err := Parse([]byte(body))
		if err != nil || len(events) == 0 {
			t.Errorf("%s: %d events, %v; want one unsupported event", body, len(events), err)
		}
	}
}

// A network or a time that nobody named is not made up.
func TestNothingIsInvented(t *testing.T) {
	for body, want := range map[string]struct {
		channel channels.Channel
		account string
		at      int64 // seconds; 0: none
	}{
		`{}`: {},
		`{"entry":[{"id":"7","time":1758700000,"changes":[{"field":"feed","value":{"item":"comment"}}]}]}`: {account: "7", at: 1758700000},
		`{"object":"user","entry":[{"id":"7"}]}`:                                                           {account: "7"},
		`{"object":"page"}`:                                                                                {channel: channels.Facebook},
		`{"object":"whatsapp_business_account","entry":[{"id":"7","changes":[{"field":"account_review_update","value":{"decision":"APPROVED"}}]}]}`: {channel: channels.WhatsApp, account: "7"},
	} {
		events, err := Parse([]byte(body))
		if err != nil || len(events) != 1 {
			t.Fatalf("%s: %d events, %v", body, len(events), err)
		}
		e := events[0]
		if e.Channel != want.channel || e.Account != want.account || want.at == 0 != e.Time.IsZero() || want.at != 0 && e.Time.Unix() != want.at {
			t.Errorf("%s: channel %q, account %q, time %v; want %+v", body, e.Channel, e.Account, e.Time, want)
		}
	}
}

func TestTimesInEveryUnit(t *testing.T) {
	want := parseInstant("1758700000")
	for _, s := range []string{"1758700000000", "2025-09-24T07:46:40+0000", "2025-09-24T07:46:40Z", "1758700000.0", " 1758700000 "} {
		if got := parseInstant(s); !got.Equal(want) {
			t.Errorf("%q = %v, want %v", s, got, want)
		}
	}
	for _, s := range []string{"", "soon", "-5", "0", "99999999999999999999", "1e300", "NaN"} {
		if got := parseInstant(s); !got.IsZero() {
			t.Errorf("%q = %v, want no time", s, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.json")
	for _, file := range files {
		b, _ := os.ReadFile(file)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := Parse(body)
		if err != nil {
			return
		}
		again, _ := Parse(body)
		if len(again) != len(events) {
			t.Fatal("parsing twice gave another number of events")
		}
		for i, e := range events {
			if e.Key != again[i].Key || e.Key == "" || e.Lane == "" {
				t.Fatalf("keys are not stable: %q %q", e.Key, again[i].Key)
			}
			if strings.ContainsRune(e.Text+e.ID+e.Person+e.Key, 0) || len(e.Key) > maxKey || len(e.ID)+len(e.Person) > 2*maxID {
				t.Fatalf("an event cannot be stored: %+v", e)
			}
			b, err := json.Marshal(e)
			if err != nil || !utf8.Valid(b) {
				t.Fatalf("an event cannot be kept as JSON: %v", err)
			}
			if e.Raw != nil && !bytes.Equal(meta.CleanJSON(e.Raw), e.Raw) {
				t.Fatalf("raw is not clean: %q", e.Raw)
			}
		}
	})
}

// One bad item of a batch must not cost the others, whatever it is and wherever it stands.
func TestABadItemStopsNoOther(t *testing.T) {
	good := map[string]string{
		"page":                      `{"id":"1","changes":[%s,{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"good","post_id":"p","message":"x"}}]}`,
		"instagram":                 `{"id":"1","messaging":[%s,{"sender":{"id":"5"},"message":{"mid":"good","text":"x"}}]}`,
		"whatsapp_business_account": `{"id":"1","changes":[{"field":"messages","value":{"messages":[%s,{"from":"34600000001","id":"good","type":"text","text":{"body":"x"}}]}}]}`,
	}
	for _, bad := range []string{`null`, `5`, `"x"`, `[]`, `{}`, `[[[]]]`, `{"id":{}}`, `{"field":"feed"}`, `{"field":"feed","value":null}`, `{"sender":7,"message":{"mid":[1]}}`, `true`, `1e999`} {
		for object, entry := range good {
			body := fmt.Sprintf(`{"object":%q,"entry":[%s,`+entry+`,{"id":"2"}]}`, object, bad, bad)
			events, err := Parse([]byte(body))
			if err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			found := false
			for _, e := range events {
				found = found || e.ID == "good"
			}
			if !found || len(events) < 4 {
				t.Errorf("%s: %d events, the good one found: %v", body, len(events), found)
			}
		}
	}
}

// What is delivered again, alone or in another batch, has the same keys.
func TestKeysSurviveAnotherBatch(t *testing.T) {
	item := `{"field":"feed","value":{"item":"comment","verb":%q,"comment_id":"30_41","post_id":"11_30","message":"hi","from":{"id":"5"}}}`
	for _, verb := range []string{"add", "remove"} {
		change := fmt.Sprintf(item, verb)
		a, _ := Parse([]byte(`{"object":"page","entry":[{"id":"11","time":1758700000,"changes":[` + change + `]}]}`))
		b, _ := Parse([]byte(`{"object":"page","entry":[{"id":"11","time":1758799999,"changes":[{"field":"x","value":1},` + change + `]}]}`))
		if len(a) != 1 || len(b) != 2 || a[0].Key != b[1].Key {
			t.Errorf("%s: keys differ between batches: %v %v", verb, a, b)
		}
	}
}

// What may become again what it was before is told apart by its instant, also where nothing else differs.
func TestChangesToAndFroAreAllKept(t *testing.T) {
	for name, body := range map[string]string{
		"comment edited":    `{"object":"page","entry":[{"id":"11","time":%d,"changes":[{"field":"feed","value":{"item":"comment","verb":"edited","comment_id":"30_41","message":"hi","created_time":1758600000}}]}]}`,
		"comment hidden":    `{"object":"page","entry":[{"id":"11","time":%d,"changes":[{"field":"feed","value":{"item":"comment","verb":"hide","comment_id":"30_41"}}]}]}`,
		"post hidden":       `{"object":"page","entry":[{"id":"11","time":%d,"changes":[{"field":"feed","value":{"item":"status","verb":"hide","post_id":"11_30"}}]}]}`,
		"message edited":    `{"object":"page","entry":[{"id":"11","messaging":[{"sender":{"id":"5"},"recipient":{"id":"11"},"timestamp":%d,"message_edit":{"mid":"m","text":"hi","num_edit":2}}]}]}`,
		"reaction":          `{"object":"instagram","entry":[{"id":"11","messaging":[{"sender":{"id":"5"},"recipient":{"id":"11"},"timestamp":%d,"reaction":{"mid":"m","action":"react","emoji":"x"}}]}]}`,
		"marketing stopped": `{"object":"whatsapp_business_account","entry":[{"id":"11","time":%d,"changes":[{"field":"user_preferences","value":{"user_preferences":[{"wa_id":"34600000001","value":"stop"}]}}]}]}`,
	} {
		var keys []string
		for _, at := range []int{1758700000, 1758700000, 1758700001} {
			events, err := Parse(fmt.Appendf(nil, body, at))
			if err != nil || len(events) != 1 || events[0].Kind == channels.Unsupported {
				t.Fatalf("%s: %v %v", name, events, err)
			}
			keys = append(keys, events[0].Key)
		}
		if keys[0] != keys[1] || keys[1] == keys[2] {
			t.Errorf("%s: keys %v", name, keys)
		}
	}
}

// An object that is there and empty is no message, no tap and no receipt.
func TestItemsThatSayNothing(t *testing.T) {
	for _, object := range []string{"message", "message_edit", "postback", "reaction", "read", "delivery", "referral", "optin"} {
		for _, body := range []string{
			`{"object":"instagram","entry":[{"id":"11","time":1758700000,"messaging":[{"sender":{"id":"5"},"recipient":{"id":"11"},"timestamp":1758700000123,"` + object + `":{}},{"sender":{"id":"5"},"recipient":{"id":"11"},"message":{"mid":"m","text":"hi"}}]}]}`,
			`{"object":"page","entry":[{"id":"11","time":1758700000,"messaging":[{"sender":{"id":"5"},"recipient":{"id":"11"},"` + object + `":{"brand_new":1}},{"sender":{"id":"5"},"recipient":{"id":"11"},"message":{"mid":"m","text":"hi"}}]}]}`,
		} {
			events, err := Parse([]byte(body))
			if err != nil || len(events) != 2 || events[0].Kind != channels.Unsupported || events[0].Reason == "" || events[1].ID != "m" {
				t.Errorf("%s: %v %v", object, events, err)
			}
		}
	}
}

func TestLongItemsKeepTheirPlace(t *testing.T) {
	long := strings.Repeat("ñ", 10_000)
	events, err := Parse([]byte(`{"object":"page","entry":[{"id":"11","time":1758700000,"changes":[{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"c","message":"` + long + `"}}]}]}`))
	if err != nil || len(events) != 1 || events[0].Text != long {
		t.Fatal("a comment of 10,000 characters was not kept whole")
	}
	huge := `{"object":"page","entry":[{"id":"11","changes":[{"field":"brand_new","value":"` + strings.Repeat("x", maxRaw) + `"}]}]}`
	events, err = Parse([]byte(huge))
	if err != nil || len(events) != 1 || events[0].Raw != nil || !strings.Contains(events[0].Reason, "in the delivery") {
		t.Fatalf("a huge unknown item: %v %v", err, events)
	}
}

func TestABodyOfNothingButBracesIsBounded(t *testing.T) {
	body := []byte(`{"object":"page","entry":[` + strings.Repeat(`{},`, 500_000) + `{}]}`)
	events, err := Parse(body)
	if err != nil || len(events) != maxEvents+1 {
		t.Fatalf("%d events, %v", len(events), err)
	}
	if last := events[maxEvents]; last.Kind != channels.Unsupported || !strings.Contains(last.Reason, "475001 more") {
		t.Errorf("the rest is not named: %+v", last)
	}
}

func FuzzCleanJSON(f *testing.F) {
	for _, s := range []string{`"\u0000"`, `"\\u0000"`, `"\ud83d\ude4f"`, `"\ud83d"`, `{"a":"\udc00\ud83dx"}`, "\"\xff\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		out := meta.CleanJSON(raw)
		if !json.Valid(raw) {
			if out != nil {
				t.Fatal("something came of what is not JSON")
			}
			return
		}
		var v any
		if !json.Valid(out) || !utf8.Valid(out) || json.Unmarshal(out, &v) == nil && strings.ContainsRune(fmt.Sprint(v), 0) {
			t.Fatalf("%q became %q", raw, out)
		}
	})
}

// A batch as large as Meta sends: 1,000 comments in one body.
func BenchmarkParseBatch(b *testing.B) {
	change := `{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"30_%d","post_id":"11_30","parent_id":"11_30","from":{"id":"5","name":"Ana Ruiz"},"message":"\u00bfPrecio? \ud83d\ude4f","created_time":1758699998}}`
	var changes []string
	for i := range 1000 {
		changes = append(changes, fmt.Sprintf(change, i))
	}
	body := []byte(`{"object":"page","entry":[{"id":"11","time":1758700000,"changes":[` + strings.Join(changes, ",") + `]}]}`)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		events, err := Parse(body)
		if err != nil || len(events) != 1000 {
			b.Fatal(len(events), err)
		}
		n += len(events)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"page_feed_add", "instagram_comments", "whatsapp_messages", "whatsapp_statuses", "messenger"} {
		b.Run(name, func(b *testing.B) {
			body, err := os.ReadFile("testdata/" + name + ".json")
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				events, err := Parse(body)
				if err != nil {
					b.Fatal(err)
				}
				n += len(events)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// A text of megabytes is kept in its delivery; what is judged and kept of it is bounded, and whole letters.
func TestATextOutOfAllProportionIsCut(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]int{strings.Repeat("x", 10_000): 10_000, strings.Repeat("😀", 10_000): 40_000, strings.Repeat("é", 2<<20): maxText + 3} {
		body := fmt.Sprintf(`{"object":"page","entry":[{"id":"11","time":1,"changes":[{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"1_2","post_id":"11_1","from":{"id":"5","name":%[1]q},"message":%[1]q}}]}]}`, words)
		events, err := Parse([]byte(body))
		if err != nil || len(events) != 1 || len(events[0].Text) != want || len(events[0].Name) != want || !utf8.ValidString(events[0].Text) || events[0].Kind != channels.CommentAdded {
			t.Errorf("of %d bytes %d are kept: %v", len(words), len(events[0].Text), err)
		}
	}
}
