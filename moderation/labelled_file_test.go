package moderation

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

// Packed lines are unpacked by their first bytes, whatever the file is called and from standard input too.
func TestPackedTextIsUnpacked(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("hello\n"))
	_ = z.Close()
	for name, in := range map[string]string{"packed": packed.String(), "plain": "hello\n"} {
		r, err := Unpacked(strings.NewReader(in))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := io.ReadAll(r); string(got) != "hello\n" || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if r, err := Unpacked(strings.NewReader("")); err != nil {
		t.Error(err)
	} else if got, err := io.ReadAll(r); len(got) != 0 || err != nil {
		t.Errorf("nothing: %q, %v", got, err)
	}
}
