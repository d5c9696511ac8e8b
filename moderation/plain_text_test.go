package moderation

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

func wideText(s string, big bool) string {
	var b bytes.Buffer
	for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
		if big {
			b.Write([]byte{byte(u >> 8), byte(u)})
			continue
		}
		b.Write([]byte{byte(u), byte(u >> 8)})
	}
	return b.String()
}

// A file says the same whatever system wrote it, and however its bytes come.
func TestTextsOfAnySystem(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"ours":                     {"a\nbé\n", "a\nbé\n"},
		"Windows":                  {"a\r\nbé\r\n", "a\r\nbé\r\n"},
		"old Macs":                 {"a\rbé\r", "a\nbé\n"},
		"old Macs, no last end":    {"a\rb\r\rc", "a\nb\n\nc"},
		"one line of an old Mac":   {"a\r", "a\n"},
		"a return inside a line":   {"a\nb\rc\n", "a\nb\rc\n"},
		"a return in the second":   {"a\r\nb\rc\r\n", "a\r\nb\rc\r\n"},
		"little end first":         {wideText("a\r\né😀b\r\n", false), "a\r\né😀b\r\n"},
		"big end first":            {wideText("a\né😀😀\n", true), "a\né😀😀\n"},
		"wide, of an old Mac":      {wideText("a\rb\r", true), "a\nb\n"},
		"half a letter":            {wideText("a", false) + "x", "a"},
		"nothing":                  {"", ""},
		"one letter":               {"a", "a"},
		"a NUL in a text":          {"a\x00b\n", "a\x00b\n"},
		"longer than what is read": {strings.Repeat("é", 9000) + "\rb\r", strings.Repeat("é", 9000) + "\nb\n"},
	} {
		for how, r := range map[string]io.Reader{"at once": strings.NewReader(c.in), "by the byte": iotest.OneByteReader(strings.NewReader(c.in)), "with its end": iotest.DataErrReader(strings.NewReader(c.in))} {
			plain, err := Unpacked(r)
			if err != nil {
				t.Errorf("%s, %s: %v", name, how, err)
				continue
			}
			if got, err := io.ReadAll(plain); err != nil || string(got) != c.want {
				t.Errorf("%s, %s: %.60q, %v", name, how, got, err)
			}
		}
	}
	if _, err := Unpacked(strings.NewReader("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")); !errors.Is(err, errNoText) {
		t.Errorf("a picture: %v", err)
	}
	if _, err := Unpacked(iotest.ErrReader(errors.New("is a directory"))); err == nil {
		t.Error("a directory is read")
	}
}

func TestLabelledFilesOfOldMacs(t *testing.T) {
	for _, s := range []string{"text\tlabel\rhi\t0\rbuy now\t1\r", wideText("text\tlabel\r\nhi\t0\r\nbuy now\t1\r\n", false)} {
		plain, err := Unpacked(strings.NewReader(s))
		if err != nil {
			t.Fatal(err)
		}
		if rows, short, err := readTSV("x/a.tsv", plain); err != nil || short != 0 || len(rows) != 2 || rows[1].Text != "buy now" || rows[1].Label != "1" {
			t.Errorf("%+v, %d short, %v", rows, short, err)
		}
	}
}
