package flow

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SignatureHeader is the header that carries the signature of a call.
const SignatureHeader = "X-Ponte-Signature"

// maxAnswer is how much of another system's answer is read.
const maxAnswer = 64 << 10

// call asks another system.
type call struct {
	method, url, secret string
	body                map[string]string
	timeout             time.Duration
	save                map[string]string // answer → path in the response
	next, failed        string
}

var (
	hostPattern   = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$`)
	secretPattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)
	pathPattern   = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){0,9}$`)
)

// hosts reads the hosts that calls may go to: names on the public net.
func (r *reader) hosts(o *object) []string {
	var out []string
	for i, h := range o.words("hosts", 0, 20, "") {
		if !PublicHost(h) {
			r.fault(element("hosts", i), o.get("hosts"), "is %q; a host is a public name in small letters, as \"api.example.com\", without scheme, port or path", h)
			continue
		}
		out = append(out, h)
	}
	return out
}

// PublicHost reports whether a text is a host name on the public net, in small letters.
func PublicHost(h string) bool {
	_, err := netip.ParseAddr(h)
	return err != nil && hostPattern.MatchString(h) &&
		!slices.ContainsFunc([]string{".local", ".internal", ".localhost", ".lan", ".home.arpa"}, func(end string) bool { return strings.HasSuffix(h, end) })
}

func readCall(o *object) body {
	c := &call{method: o.oneOf("method", "", "GET", "POST"), timeout: o.duration("timeout", time.Second, 20*time.Second, 5*time.Second, "")}
	if c.url = o.text("url", 1500, "an address, as \"https://api.example.com/leads\""); c.url != "" {
		o.r.template(o.get("url"), o.at("url"), c.url, 1500, false)
		o.r.callURL(o.at("url"), o.get("url"), c.url)
	}
	if c.secret = o.text("secret", 200, "the name of the secret it is signed with (never the secret itself)"); c.secret != "" && !secretPattern.MatchString(c.secret) {
		o.r.fault(o.at("secret"), o.get("secret"), "is no name of a secret: a letter, then letters, digits, _ or -, at most 64; the secret itself does not belong here")
	}
	c.body = c.readMap(o, "body")
	if c.body != nil && c.method == "GET" {
		o.r.fault(o.at("body"), o.get("body"), "GET has no body; put the values into the address, or take POST")
	}
	for k, v := range c.body {
		o.r.template(o.get("body").members[k], member(o.at("body"), k), v, 1000, false)
	}
	c.save = c.readMap(o, "save")
	for _, k := range sortedKeys(c.save) {
		n, at := o.get("save").members[k], member(o.at("save"), k)
		if !idPattern.MatchString(k) {
			o.r.fault(at, n, "is no name of an answer: %s", idRule)
		}
		if !pathPattern.MatchString(c.save[k]) {
			o.r.fault(at, n, "is %q; it must be a path in the response, as \"data.items.0.name\"", c.save[k])
		}
		o.r.saves(at, n, k, "call", answer{})
	}
	c.next, c.failed = o.goTo("next", "a step for when it worked"), o.goTo("failed", "a step for when the other system does not answer, or with an error")
	return c
}

func (c *call) readMap(o *object, key string) map[string]string {
	n := o.get(key)
	if n == nil {
		return nil
	}
	m := o.r.object(n, o.at(key), key)
	out := map[string]string{}
	if m.n == nil {
		return out
	}
	if len(m.n.keys) > 40 {
		o.r.fault(m.path, n, "has %d entries, at most 40 are allowed", len(m.n.keys))
	}
	for _, k := range m.n.keys {
		out[k] = m.text(k, 1000, "a text")
	}
	return out
}

// callURL checks that the host is written out and allowed: no answer of a person may choose it.
func (r *reader) callURL(path string, n *node, raw string) {
	rest, secure := strings.CutPrefix(raw, "https://")
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, "?")
	switch {
	case !secure:
		r.fault(path, n, "must begin with https://")
	case strings.Contains(host, "{{"):
		r.fault(path, n, "has a variable in its host; only path and query may hold variables")
	case !slices.Contains(r.f.Hosts, host):
		r.fault(path, n, "goes to %q, which \"hosts\" does not allow; allowed are %s", host, listed(r.f.Hosts))
	case strings.Contains(raw, "#"):
		r.fault(path, n, "has a fragment (#), which is never sent")
	}
}

func (c *call) edges() []edge {
	return []edge{{key: "next", to: c.next}, {key: "failed", to: c.failed}}
}

func (c *call) enter(r *run) string {
	address := r.fill(c.url, inURL)
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || !slices.Contains(r.f.Hosts, u.Host) {
		r.note("the call was not made: its address is not one that is allowed")
		return c.failed
	}
	out := &Call{Method: c.method, URL: address, Secret: c.secret, Timeout: c.timeout}
	if c.body != nil {
		filled := map[string]string{}
		for k, v := range c.body {
			filled[k] = r.fill(v, asText)
		}
		b, err := json.Marshal(filled)
		if err != nil {
			r.note("the call was not made: its body cannot be written")
			return c.failed
		}
		out.Body = string(b)
	}
	seq := r.wait(ForOutcome)
	r.s.Trail = nil
	r.emit(Effect{Kind: Request, Seq: seq, Call: out})
	r.note("asked " + u.Host)
	return ""
}

// again says nothing: the person waits for a system, not for themselves.
func (c *call) again(*run) {}

func (c *call) resume(r *run, in arrival) string {
	o := in.outcome
	if o == nil {
		return ""
	}
	if o.Failure != "" || o.Status < 200 || o.Status > 299 {
		r.note("the call failed: " + failure(o))
		return c.failed
	}
	if len(c.save) == 0 {
		r.note("the call worked")
		return c.next
	}
	if len(o.Body) > maxAnswer {
		r.note("the call failed: the answer is larger than 64 KiB")
		return c.failed
	}
	tree, _, err := parseTree([]byte(o.Body))
	if err != nil {
		r.note("the call failed: the answer is not JSON")
		return c.failed
	}
	missing := 0
	for name, path := range c.save {
		v, ok := tree.pick(path)
		if !ok {
			missing++
		}
		r.save(name, plain(v))
	}
	r.note(fmt.Sprintf("the call worked; %d of %d values were in the answer", len(c.save)-missing, len(c.save)))
	return c.next
}

func failure(o *Input) string {
	switch {
	case o.Failure == FailedTimeout:
		return "no answer in time"
	case o.Failure != "":
		return "it could not be made"
	}
	return "status " + strconv.Itoa(o.Status)
}

// Sign returns the value of SignatureHeader for a call made at the instant: the time, and the HMAC-SHA256
// of time, method, address and body, each on a line. The receiver computes it again and refuses what is
// older than a few minutes.
func Sign(secret []byte, c Call, at time.Time) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	_, _ = mac.Write([]byte(t + "\n" + c.Method + "\n" + c.URL + "\n" + c.Body))
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
