package meta

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ponte/channels"
)

// noAnswer: before the request left nothing can have happened; after that it may have.
func noAnswer(err error, sent bool, method string) *channels.Failure {
	if sent {
		return unclear(method, 0, "timeout", "No answer came back")
	}
	f := &channels.Failure{Class: channels.Retry, Scope: channels.ScopeCall, Reason: "unreachable", Meaning: "The network could not be reached; it is tried again.", After: 10 * time.Second}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		f.Meaning = "The network's address could not be found; it is tried again."
	}
	return f
}

// unclear is a call whose outcome is not known. Reading is harmless and is simply tried again.
func unclear(method string, status int, reason, what string) *channels.Failure {
	f := &channels.Failure{Class: channels.Unknown, Scope: channels.ScopeCall, HTTP: status, Reason: reason,
		Meaning: what + ", so it is not known whether the call worked: it is looked up before anything is sent again."}
	if method == http.MethodGet {
		f.Class, f.Meaning, f.After = channels.Retry, what+"; it is tried again.", 30*time.Second
	}
	return f
}

type errorBody struct {
	Error *struct {
		Code      integer `json:"code"`
		Subcode   integer `json:"error_subcode"`
		Transient bool    `json:"is_transient"`
		Trace     string  `json:"fbtrace_id"`
	} `json:"error"`
}

// integer is a number that may come as text; what is none is zero.
type integer int

// UnmarshalJSON never fails: an odd code must not hide the error that carries it.
func (i *integer) UnmarshalJSON(b []byte) error {
	if n, err := strconv.Atoi(string(bytes.Trim(b, `"`))); err == nil {
		*i = integer(n)
	}
	return nil
}

// failure reads an error out of an answer; Meta sometimes sends one with status 200. Its message is in
// the account's language and may hold anything, so only codes are used.
func failure(on channels.Channel, method string, status int, answer []byte) *channels.Failure {
	var b errorBody
	_ = json.Unmarshal(answer, &b)
	if b.Error == nil {
		switch {
		case status >= 200 && status < 300:
			return nil
		case status >= 500 && method != http.MethodGet:
			// A page of some proxy on the way: the call behind it may have worked.
			return unclear(method, status, "no_clear_answer", "A server on the way answered with an error")
		}
		return Classify(0, 0, status)
	}
	f := Classify(int(b.Error.Code), int(b.Error.Subcode), status)
	f.Trace = traceOnly(b.Error.Trace)
	if b.Error.Transient && f.Class != channels.Retry && f.Class != channels.Wait && f.Class != channels.Unknown {
		f.Class, f.After = channels.Retry, 30*time.Second
	}
	if status >= 500 && method != http.MethodGet && on != channels.WhatsApp && f.Class == channels.Retry {
		// The server failed with the call in hand, maybe behind what the call was for. WhatsApp cannot be looked at, and
		// says that such a message is to be sent again.
		doubt := unclear(method, status, "no_clear_answer", "The network failed over the call")
		f.Class, f.Reason, f.Meaning, f.After = doubt.Class, doubt.Reason, doubt.Meaning, 0
	}
	return f
}

// decode reads an answer. Ids that a server writes as numbers are the texts that they are elsewhere.
func decode(answer []byte, out any) error {
	err := json.Unmarshal(answer, out)
	var odd *json.UnmarshalTypeError
	if !errors.As(err, &odd) || !strings.HasPrefix(odd.Value, "number") {
		return err
	}
	var all any
	in := json.NewDecoder(bytes.NewReader(answer))
	in.UseNumber() // an id has more digits than a float keeps
	if in.Decode(&all) != nil {
		return err
	}
	quoted, bad := json.Marshal(idsAsText(all))
	if bad != nil {
		return err
	}
	return json.Unmarshal(quoted, out)
}

func idsAsText(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = idsAsText(v[i])
		}
	case map[string]any:
		for k, inner := range v {
			if n, is := inner.(json.Number); is && (k == "id" || strings.HasSuffix(k, "_id")) {
				v[k] = n.String()
				continue
			}
			v[k] = idsAsText(inner)
		}
	}
	return v
}

// traceOnly keeps a trace id that looks like one.
func traceOnly(s string) string {
	if len(s) > 64 {
		return ""
	}
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-') {
			return ""
		}
	}
	return s
}

// Success is the answer of calls that change something and give no id back: {"success":true}, written as text or number by
// some servers, or plain true from older versions. What says neither is an error, so that a sign-in page with status 200
// does not count as done.
type Success struct{}

// UnmarshalJSON accepts nothing but success.
func (*Success) UnmarshalJSON(b []byte) error {
	said := bytes.TrimSpace(b)
	if len(said) > 0 && said[0] == '{' {
		var o struct {
			Success json.RawMessage `json:"success"`
		}
		if err := json.Unmarshal(b, &o); err != nil {
			return err
		}
		said = o.Success
	}
	switch strings.ToLower(strings.Trim(string(said), `"`)) {
	case "true", "1":
		return nil
	}
	return errors.New("no success")
}

// Usage is how much of its limits an account's calls have used. Meta reports it only after enough calls.
type Usage struct {
	Row     int64 // channels.Account.Row
	Account string
	App     int           // percent of the app's limit; throttling begins at 100
	Case    int           // percent of the busiest business use case
	Type    string        // that use case: pages, instagram, messenger, whatsapp …
	Regain  time.Duration // Meta's estimate until calls work again; zero while they do
}

// readUsage reads X-App-Usage and X-Business-Use-Case-Usage. Their keys differ between hosts
// (call_count, call_volume …), so the highest figure counts, whatever its name.
func readUsage(h http.Header) (u Usage, ok bool) {
	var flat map[string]any
	if json.Unmarshal([]byte(h.Get("X-App-Usage")), &flat) == nil {
		u.App, ok = highest(flat), true
	}
	var cases map[string][]map[string]any
	if json.Unmarshal([]byte(h.Get("X-Business-Use-Case-Usage")), &cases) != nil {
		return u, ok
	}
	for _, list := range cases {
		for _, one := range list {
			if minutes, is := one["estimated_time_to_regain_access"].(float64); is && minutes > 0 && minutes < 1e5 {
				u.Regain = max(u.Regain, time.Duration(minutes*float64(time.Minute)))
			}
			delete(one, "estimated_time_to_regain_access")
			if p := highest(one); p >= u.Case {
				u.Case = p
				u.Type, _ = one["type"].(string)
			}
		}
	}
	return u, true
}

func highest(m map[string]any) int {
	top := 0
	for _, v := range m {
		if f, ok := v.(float64); ok && f < 1e6 {
			top = max(top, int(f))
		}
	}
	return top
}

// retryAfter reads Retry-After, in seconds or as a date, which Meta does not promise but proxies send.
func retryAfter(h http.Header, now time.Time) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	wait := time.Duration(n) * time.Second
	if at, bad := http.ParseTime(h.Get("Retry-After")); err != nil && bad == nil {
		wait = at.Sub(now)
	} else if err != nil {
		return 0
	}
	if wait < 0 || wait > 24*time.Hour {
		return 0
	}
	return wait
}
