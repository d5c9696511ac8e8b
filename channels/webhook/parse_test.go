package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	stdflag "flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"ponte/channels"
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
		if e.Kind == "" || e.Channel == "" || e.Key == "" || e.Lane == "" {
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
		if y := e.Time.Year(); y < 1970 || y > 9999 {
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
	for _, body := range []string{"{}", "null", "5", `"x"`, `{"object":1,"entry":{}}`, `{"object":"page","entry":[null]}`, `[[]]`} {
		events, err := Parse([]byte(body))
		if err != nil || len(events) == 0 && body != "[]" {
			t.Errorf("%s: %d events, %v; want one unsupported event", body, len(events), err)
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
			if strings.ContainsRune(e.Text+e.ID+e.Person+e.Key, 0) || !utf8.ValidString(e.Text+e.ID+e.Person+e.Key) {
				t.Fatalf("a text cannot be stored: %+v", e)
			}
			if _, err := json.Marshal(e); err != nil {
				t.Fatalf("an event cannot be kept as JSON: %v", err)
			}
		}
	})
}

func BenchmarkParseComment(b *testing.B) {
	body, err := os.ReadFile("testdata/page_feed_add.json")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(body); err != nil {
			b.Fatal(err)
		}
	}
}
