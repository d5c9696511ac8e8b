package moderation

import "testing"

// The version must be the same whenever it is asked for, also by another process: nothing in it may hang
// on the order of a map or on an address.
func TestEngineVersionIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	first := fingerprint()
	if first <= 0 || first != EngineVersion() {
		t.Fatalf("version %08x, then %08x", EngineVersion(), first)
	}
	for range 3 {
		if again := fingerprint(); again != first {
			t.Fatalf("version %08x, then %08x", first, again)
		}
	}
	v := engine().Judge(Input{Subject: SubjectComment, Text: "What time do you open?"})
	if !engine().Made(v) {
		t.Error("a verdict of now is not taken for one of this program")
	}
	if v.EngineVersion++; engine().Made(v) {
		t.Error("a verdict of another program is taken for one of this")
	}
}
