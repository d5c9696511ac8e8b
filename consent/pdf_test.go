package consent

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

var (
	pdfStream = regexp.MustCompile(`(?s)stream\n(.*?)\nendstream`) // the last byte may be a carriage return
	pdfShown  = regexp.MustCompile(`(?s)\(((?:\\.|[^\\)])*)\)\s*Tj`)
	pdfEscape = regexp.MustCompile(`(?s)\\(.)`)
)

// onPaper is the text that the pages of a PDF show, without its spaces: lines break where the page ends.
func onPaper(t *testing.T, raw []byte) string {
	t.Helper()
	var out strings.Builder
	for _, m := range pdfStream.FindAllSubmatch(raw, -1) {
		r, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue // a font
		}
		page, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, shown := range pdfShown.FindAllSubmatch(page, -1) {
			text := pdfEscape.ReplaceAllFunc(shown[1], func(b []byte) []byte {
				if b[1] == 'r' {
					return []byte{'\r'}
				}
				return b[1:]
			})
			var units []uint16
			for i := 0; i+1 < len(text); i += 2 {
				units = append(units, uint16(text[i])<<8|uint16(text[i+1]))
			}
			out.WriteString(string(utf16.Decode(units)))
		}
	}
	return strings.Join(strings.Fields(out.String()), "")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// facts lists the values of a record with their place in it.
func facts(v any, at string, tell func(at, value string)) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			facts(x, at+"."+k, tell)
		}
	case []any:
		for i, x := range v {
			facts(x, fmt.Sprintf("%s[%d]", at, i), tell)
		}
	case string:
		tell(at, v)
	case float64:
		tell(at, fmt.Sprint(v))
	case bool:
		if v {
			tell(at, "double opt-in")
		}
	}
}

// Whatever the JSON says of a person stands on paper too, but for what belongs to the ledger's tables.
func TestPaperSaysWhatTheJSONSays(t *testing.T) {
	b := setup(t)
	must(t, EnsureWordings(t.Context(), b.db, b.ws, "Bondi Kayaks"))
	c := b.contact()
	b.identity(c, "whatsapp", "", "61491570156")
	b.identity(c, "instagram", "77", "")
	wording := b.id(`SELECT id FROM consent_wordings WHERE workspace_id = $1 AND name = 'store_offers' AND language = 'fr'`, b.ws)
	grant := b.entry(Grant, t0, c, "whatsapp", "phone:61491570156")
	member := b.id(`INSERT INTO users (email, name, password_hash) VALUES ('anna@example.com', 'Anna Rossi', '') RETURNING id`) // who has left: no member of anything
	token := b.id(`INSERT INTO api_tokens (workspace_id, name, hash, role) VALUES ($1, 'Counter', 'x', 'agent') RETURNING id`, b.ws)
	grant.WordingID, grant.How, grant.Actor = &wording, "in_store", fmt.Sprintf("user:%d", member)
	grant.Evidence["evidence_id"] = grant.Actor // another system's own
	grant.Evidence["entered_by"] = fmt.Sprintf("token:%d", token)
	until := t0.AddDate(2, 0, 0)
	grant.ValidUntil = &until
	grant.Personal.Name, grant.Personal.Words, grant.Personal.TimeZone = "Émile Ștefan (before)", "Oui (d’accord) \\ 👍", "Australia/Perth"
	erased := b.entry(Withdraw, t0.Add(-time.Hour), c, "all", "phone:61491570156")
	b.append(erased, grant)
	b.now = t0.Add(24 * time.Hour)
	bundle, err := b.l.Bundle(t.Context(), b.db, b.ws, c)
	must(t, err)
	bundle.Entries[0].Personal, bundle.Entries[0].LocalTime = nil, "" // as erasure leaves it
	raw, err := json.Marshal(bundle)
	must(t, err)
	var page bytes.Buffer
	must(t, bundle.WritePDF(&page, "Émile Ștefan"))
	paper := onPaper(t, page.Bytes())
	var record any
	must(t, json.Unmarshal(raw, &record))
	own := regexp.MustCompile(`\.(workspace|identity_id|format|id|contact_id|created_at|created_by|source|draft)$`)
	said := 0
	facts(record, "", func(at, value string) {
		if own.MatchString(at) || value == "" {
			return
		}
		said++
		if when, err := time.Parse(time.RFC3339Nano, value); err == nil {
			value = when.Format(time.RFC3339)
		}
		if !strings.Contains(paper, strings.Join(strings.Fields(settable(value)), "")) {
			t.Errorf("%s is %q in the JSON and not on paper", at, value)
		}
	})
	if e := bundle.Entries[1]; e.Actor != grant.Actor || e.ActorName != "Anna Rossi" || len(bundle.People) != 2 || !strings.Contains(paper, "AnnaRossi("+grant.Actor+")") || !strings.Contains(paper, "Counter(token:") || !strings.Contains(paper, "evidence_iduser:") {
		t.Errorf("the members are not named: %q %q %v", e.Actor, e.ActorName, bundle.People)
	}
	if said < 50 {
		t.Errorf("%d facts were compared", said)
	}
}
