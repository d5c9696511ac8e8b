package gate

import "testing"

func TestAMailboxIsNoShop(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"That is no e-mail address: it looks like name@example.com.": false,
		"We write to ada@example.com, right?":                        false,
		"Have a look at example.com":                                 true,
		"ada@example.com or www.example.com/shop":                    true,
		"https://x@example.com/offers":                               true,
		"a@b.com/sale":                                               true,
	} {
		if got := Promotes(text, false); got != want {
			t.Errorf("Promotes(%q) = %v", text, got)
		}
	}
}
