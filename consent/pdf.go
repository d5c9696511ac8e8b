package consent

import (
	_ "embed"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

//go:embed font/DejaVuSansCondensed.ttf
var font []byte

const fontName = "dejavu"

// WritePDF writes the evidence about one contact for people who read paper. It says the same as the JSON;
// hashes stand in full, so that one can be held against the other.
func (b Bundle) WritePDF(w io.Writer, name string) error {
	p := sheet{fpdf.New("P", "mm", "A4", "")}
	p.SetTitle("Consent record", true)
	p.SetCreator("ponte", true)
	p.SetCreationDate(b.MadeAt)
	p.SetModificationDate(b.MadeAt)
	p.SetMargins(18, 18, 18)
	p.SetAutoPageBreak(true, 18)
	p.AddUTF8FontFromBytes(fontName, "", font)
	p.SetFooterFunc(func() {
		p.SetY(-12)
		p.SetFont(fontName, "", 8)
		p.CellFormat(0, 5, fmt.Sprintf("Contact %d · made %s · page %d", b.Contact, b.MadeAt.Format(time.RFC3339), p.PageNo()), "", 0, "C", false, 0, "")
	})
	p.AddPage()
	p.heading(16, "Consent record")
	p.fact("Person", firstNonEmpty(name, "not named")+fmt.Sprintf(" (contact %d)", b.Contact))
	p.fact("Brand", b.Brand)
	p.fact("Legal name", b.LegalName)
	p.fact("Made at", b.MadeAt.Format(time.RFC3339))
	p.fact("Head of the ledger", fmt.Sprintf("entry %d, %s", b.Head.Seq, hex.EncodeToString(b.Head.Hash)))
	p.heading(12, "Where it stands")
	for _, s := range b.Standing {
		since := "no entry"
		if s.Since != nil {
			since = fmt.Sprintf("%s since %s (entry %d)", s.Kind, s.Since.Format(time.RFC3339), s.Seq)
		}
		if s.ValidUntil != nil {
			since += ", until " + s.ValidUntil.Format(time.RFC3339)
		}
		p.fact(s.Channel+", "+s.Purpose, string(s.Status)+" – "+since)
	}
	p.heading(12, fmt.Sprintf("Entries: %d", len(b.Entries)))
	for _, e := range b.Entries {
		p.entry(e, b.called)
	}
	p.Ln(4)
	p.text(8, "Characters of scripts that this page does not set are shown by their code points, such as [U+0645]; the JSON of this record holds them as they were written. Every hash is an HMAC under a key outside the database over the entry and the hash of the one before it.")
	if err := p.Output(w); err != nil {
		return fmt.Errorf("write the consent record: %w", err)
	}
	return nil
}

type sheet struct{ *fpdf.Fpdf }

func (p sheet) heading(size float64, text string) {
	p.Ln(3)
	p.SetFont(fontName, "", size)
	p.MultiCell(0, size*0.5, settable(text), "", "L", false)
	p.Ln(1)
}

func (p sheet) text(size float64, text string) {
	p.SetFont(fontName, "", size)
	p.MultiCell(0, size*0.5, settable(text), "", "L", false)
}

// fact is a label with its value beside it; what is not known is left out.
func (p sheet) fact(label, value string) {
	if value == "" {
		return
	}
	p.SetFont(fontName, "", 9)
	p.SetTextColor(90, 90, 90)
	p.CellFormat(38, 4.6, settable(label), "", 0, "L", false, 0, "")
	p.SetTextColor(0, 0, 0)
	p.MultiCell(0, 4.6, settable(value), "", "L", false)
}

func (p sheet) entry(e Proof, called func(string) string) {
	if p.GetY() > 235 {
		p.AddPage()
	}
	p.heading(10.5, fmt.Sprintf("%d. %s – %s, %s", e.Seq, e.Act, e.Purpose, e.Channel))
	at := e.At.Format(time.RFC3339)
	if e.LocalTime != "" {
		at += " (" + e.LocalTime + " in " + e.Personal.TimeZone + ")" // the brand's zone where the person's is not known
	}
	p.fact("When", at)
	p.fact("Recorded", e.RecordedAt.Format(time.RFC3339))
	p.fact("For", strings.TrimSuffix(e.Brand+", "+e.LegalName, ", "))
	p.fact("Kind, way, by whom", fmt.Sprintf("%s, %s, %s", e.Kind, e.How, called(e.Actor)))
	if e.ValidUntil != nil {
		p.fact("Until", e.ValidUntil.Format(time.RFC3339))
	}
	if e.Wording != nil {
		twice := ""
		if e.Wording.Confirm {
			twice = ", double opt-in"
		}
		p.fact("Wording", fmt.Sprintf("%s, %s, version %d%s: «%s»", e.Wording.Name, e.Wording.Language, e.Wording.Version, twice, e.Wording.Text))
	}
	if e.Personal == nil {
		p.fact("Person's values", "erased")
	} else {
		p.fact("Name", e.Personal.Name)
		p.fact("Address", e.Personal.Address)
		p.fact("Words", e.Personal.Words)
	}
	var proof []string
	for _, k := range slices.Sorted(maps.Keys(e.Evidence)) {
		v := e.Evidence[k]
		if slices.Contains(byMembers, k) {
			v = called(v)
		}
		proof = append(proof, k+" "+v)
	}
	p.fact("Evidence", strings.Join(proof, "; "))
	p.fact("Mark of the address", e.Subject)
	p.fact("Seal of the values", e.Commitment)
	p.fact("Hash", e.Hash)
	p.fact("After", e.PrevHash)
}

// settable shows by its code point what the font cannot set, or would set wrongly: scripts that need
// shaping or run from right to left would look like a name and be none.
func settable(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r >= ' ' && r < 0x250 && r != 0x7f && (r < 0x80 || r >= 0xa0), r >= 0x370 && r < 0x530, r >= 0x1e00 && r < 0x2000, r >= 0x2010 && r <= 0x2027, r >= 0x20a0 && r <= 0x20b5:
			b.WriteRune(r)
		case r >= 0x300 && r < 0x370: // a mark on the letter before it
			b.WriteRune(r)
		case r < ' ':
			b.WriteByte(' ')
		default:
			fmt.Fprintf(&b, "[U+%04X]", r)
		}
	}
	return b.String()
}

func firstNonEmpty(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
