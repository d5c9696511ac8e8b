package meta

import (
	"strings"
	"testing"

	"ponte/channels"
)

// What Meta documents of each code must follow from the table: r retry, w wait, a re-authorise, g give
// up, p ask a person, u unknown.
func TestClassifyDocumentedCodes(t *testing.T) {
	classes := map[byte]channels.Class{'r': channels.Retry, 'w': channels.Wait, 'a': channels.Reauthorise, 'g': channels.GiveUp, 'p': channels.AskPerson, 'u': channels.Unknown}
	cases := []struct {
		code, subcode, http int
		class               byte
		reason              string
	}{
		{0, 0, 401, 'a', "token_invalid"}, {1, 0, 400, 'r', "unknown_error"}, {1, 99, 400, 'r', "access_level"}, {1, 1357046, 200, 'u', "maybe_done"}, {2, 0, 503, 'r', "outage"},
		{1200, 0, 400, 'r', "outage"}, {2, 2018344, 400, 'p', ""}, {3, 0, 500, 'p', ""}, {4, 0, 400, 'w', "rate_limited"}, {17, 0, 400, 'w', ""}, {32, 0, 400, 'w', ""},
		{4, 2018354, 400, 'w', ""}, {9, 2018352, 400, 'w', ""}, {10, 0, 403, 'a', "permission_missing"}, {10, 2018278, 400, 'g', "window_closed"}, {10, 2018065, 400, 'g', "window_closed"},
		{10, 2534022, 403, 'g', "window_closed"}, {10, 2018108, 400, 'g', ""}, {10, 1893063, 400, 'p', ""}, {10, 1404170, 400, 'p', ""}, {10, 1893015, 400, 'g', "opted_out"},
		{613, 1893016, 400, 'g', ""}, {10, 2534077, 400, 'p', ""}, {33, 0, 400, 'p', ""}, {100, 0, 400, 'p', "bad_request"}, {100, 33, 400, 'g', "gone"}, {100, 2018001, 400, 'g', ""},
		{100, 2018008, 400, 'p', ""}, {100, 2018047, 400, 'p', ""}, {100, 2018109, 400, 'p', ""}, {100, 2018294, 400, 'r', ""}, {100, 2018074, 400, 'p', ""}, {100, 2534013, 400, 'p', ""},
		{100, 2534014, 400, 'g', ""}, {100, 2534015, 400, 'p', ""}, {100, 2534025, 400, 'g', "private_reply_refused"}, {100, 2534029, 400, 'p', ""}, {100, 2534037, 400, 'w', ""},
		{100, 2018300, 400, 'w', ""}, {100, 2018321, 400, 'w', ""}, {100, 2018171, 400, 'w', ""}, {190, 0, 401, 'a', ""}, {190, 458, 401, 'a', ""}, {190, 459, 401, 'a', ""},
		{190, 460, 401, 'a', "token_expired"}, {190, 463, 401, 'a', "token_expired"}, {190, 464, 401, 'a', ""}, {190, 467, 401, 'a', ""}, {200, 0, 403, 'a', ""}, {230, 0, 403, 'a', "permission_missing"},
		{299, 0, 403, 'a', ""}, {200, 2018028, 400, 'p', ""}, {200, 2018027, 400, 'p', ""}, {200, 2534041, 400, 'p', ""}, {200, 1545041, 400, 'g', ""}, {551, 0, 400, 'g', ""}, {551, 1545041, 400, 'g', ""},
		{613, 0, 400, 'w', ""}, {613, 1996, 400, 'w', ""}, {613, 2534040, 400, 'w', ""}, {613, 2018338, 400, 'p', ""}, {2022, 0, 400, 'p', ""}, {2018218, 0, 400, 'g', ""}, {2018247, 0, 400, 'p', ""},
		{9000001, 0, 400, 'g', ""}, {10900, 0, 400, 'g', "already_replied"}, {10903, 0, 400, 'g', ""}, {80001, 0, 400, 'w', ""}, {80002, 0, 400, 'w', ""}, {80005, 0, 400, 'w', ""}, {80006, 0, 400, 'w', ""},
		{80007, 0, 400, 'w', ""}, {80008, 0, 400, 'w', ""}, {368, 0, 403, 'p', ""},
		{130429, 0, 400, 'w', ""}, {130472, 0, 400, 'g', ""}, {130497, 0, 403, 'g', ""}, {131000, 0, 500, 'r', ""}, {131005, 0, 403, 'a', ""}, {131008, 0, 400, 'p', ""}, {131009, 0, 400, 'p', ""},
		{131016, 0, 500, 'r', ""}, {131021, 0, 400, 'g', ""}, {131026, 0, 400, 'g', "not_on_whatsapp"}, {131030, 0, 400, 'p', ""}, {131031, 0, 403, 'p', ""}, {131037, 0, 400, 'p', ""},
		{131042, 0, 400, 'p', ""}, {131045, 0, 500, 'p', ""}, {131047, 0, 400, 'g', "window_closed"}, {131048, 0, 400, 'w', ""}, {131049, 0, 400, 'w', ""}, {131050, 0, 400, 'g', "opted_out"},
		{131051, 0, 400, 'p', ""}, {131052, 0, 400, 'g', ""}, {131053, 0, 400, 'p', ""}, {131055, 0, 400, 'p', ""}, {131056, 0, 400, 'w', ""}, {131057, 0, 500, 'w', ""}, {131062, 0, 400, 'p', ""},
		{131063, 0, 400, 'p', ""}, {131064, 0, 400, 'w', ""}, {132000, 0, 400, 'p', ""}, {132001, 0, 404, 'p', "template_missing"}, {132005, 0, 400, 'p', ""}, {132007, 0, 400, 'p', ""},
		{132008, 0, 400, 'p', ""}, {132012, 0, 400, 'p', ""}, {132015, 0, 400, 'w', "template_paused"}, {132016, 0, 400, 'g', ""}, {132068, 0, 400, 'p', ""}, {132069, 0, 400, 'w', ""},
		{133000, 0, 500, 'r', ""}, {133004, 0, 503, 'r', ""}, {133005, 0, 400, 'p', ""}, {133006, 0, 400, 'p', ""}, {133008, 0, 400, 'w', ""}, {133009, 0, 400, 'w', ""}, {133010, 0, 400, 'p', ""},
		{133015, 0, 400, 'w', ""}, {133016, 0, 400, 'w', ""}, {134011, 0, 400, 'p', ""}, {134100, 0, 400, 'p', ""}, {134101, 0, 400, 'w', ""}, {134102, 0, 500, 'p', ""}, {135000, 0, 400, 'p', ""},
		{137000, 0, 400, 'p', ""}, {139000, 0, 400, 'p', ""}, {139004, 0, 400, 'p', ""}, {139006, 0, 400, 'g', ""}, {139100, 0, 400, 'p', ""}, {139101, 0, 400, 'p', ""}, {139102, 0, 400, 'r', ""},
		{139103, 0, 400, 'r', ""}, {147001, 0, 400, 'p', ""}, {147005, 0, 400, 'p', ""}, {2388019, 0, 400, 'p', ""}, {2388047, 0, 400, 'p', ""}, {100, 2388047, 400, 'p', "template_invalid"},
		{100, 2388072, 400, 'p', "template_invalid"}, {2388293, 0, 400, 'p', ""}, {2494100, 0, 400, 'w', ""},
		// What no table holds follows from the HTTP status.
		{424242, 0, 503, 'r', "outage"}, {424242, 0, 429, 'w', ""}, {424242, 0, 401, 'a', ""}, {424242, 0, 400, 'p', "refused"}, {0, 0, 502, 'r', ""}, {0, 0, 404, 'p', "bad_address"}, {0, 0, 400, 'p', "refused"},
		{10, 999999, 403, 'a', "permission_missing"}, {100, 999999, 400, 'p', "bad_request"},
		// A status webhook knows no HTTP status.
		{131049, 0, 0, 'w', "marketing_cap"}, {424242, 0, 0, 'p', "refused"},
	}
	for _, c := range cases {
		f := Classify(c.code, c.subcode, c.http)
		if f.Class != classes[c.class] || c.reason != "" && f.Reason != c.reason {
			t.Errorf("%d/%d (HTTP %d): %s %s, want %s %s", c.code, c.subcode, c.http, f.Class, f.Reason, classes[c.class], c.reason)
		}
	}
}

// Every row of the table must tell the reader something, and a limit must say how long to wait.
func TestTableIsComplete(t *testing.T) {
	for k, m := range table {
		if m.text == "" || !strings.HasSuffix(m.text, ".") || m.reason == "" || m.scope == "" {
			t.Errorf("%v: incomplete: %+v", k, m)
		}
		if (m.class == channels.Wait || m.class == channels.Retry) != (m.after > 0) {
			t.Errorf("%v: class %s with %v to wait", k, m.class, m.after)
		}
		if m.done && m.class != channels.GiveUp {
			t.Errorf("%v: done, and yet %s", k, m.class)
		}
	}
	if f := Classify(10900, 0, 400); !f.Done {
		t.Error("a private reply that exists already must count as done")
	}
	if f := Classify(131056, 0, 400); f.Scope != channels.ScopePair {
		t.Errorf("the pair limit stops %s", f.Scope)
	}
	if f := Classify(4, 0, 400); f.Scope != channels.ScopeApp {
		t.Errorf("the app's limit stops %s", f.Scope)
	}
}
