package testkit

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// Seeds are what a test over random histories runs with: the fixed ones, so that a change is judged by what
// it does and not by luck. PONTE_SEED=N repeats a history that failed, PONTE_SEED=new plays one that nobody
// has seen; make soak plays many.
func Seeds(t testing.TB, fixed ...uint64) []uint64 {
	t.Helper()
	given := os.Getenv("PONTE_SEED")
	if given == "" {
		return fixed
	}
	seed := rand.Uint64()
	if given != "new" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("PONTE_SEED is %q: a number, or new", given)
		}
	}
	t.Logf("PONTE_SEED=%d", seed)
	return []uint64{seed}
}
