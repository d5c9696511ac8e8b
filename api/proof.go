package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"ponte/auth"
	"ponte/consent"
	"ponte/fault"
	"ponte/inbox"
)

// contactEvidence is everything the ledger shows of one person, to keep or to hand over, as JSON.
func (s *Server) contactEvidence(c *fiber.Ctx, who *caller) error {
	b, _, err := s.bundle(c, who)
	if err != nil {
		return err
	}
	out, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return fmt.Errorf("encode consent evidence: %w", err)
	}
	return download(c, fiber.MIMEApplicationJSONCharsetUTF8, fmt.Sprintf("consent-%d.json", b.Contact), out)
}

// contactEvidencePDF is the same for people who read paper.
func (s *Server) contactEvidencePDF(c *fiber.Ctx, who *caller) error {
	b, name, err := s.bundle(c, who)
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := b.WritePDF(&page, name); err != nil {
		return err
	}
	return download(c, "application/pdf", fmt.Sprintf("consent-%d.pdf", b.Contact), page.Bytes())
}

// bundle collects the evidence about the contact of the path; that it was taken out is written down.
func (s *Server) bundle(c *fiber.Ctx, who *caller) (consent.Bundle, string, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return consent.Bundle{}, "", err
	}
	v, err := inbox.ViewContact(c.Context(), s.DB, who.WorkspaceID, id)
	if err != nil {
		return consent.Bundle{}, "", err
	}
	b, err := s.Ledger.Bundle(c.Context(), s.DB, who.WorkspaceID, id)
	if err != nil {
		return b, "", err
	}
	return b, v.Name, auth.Audit(c.Context(), s.DB, who.WorkspaceID, who.Actor(), "consent.evidence", fmt.Sprintf("contact:%d", id), nil)
}

func download(c *fiber.Ctx, kind, name string, body []byte) error {
	c.Set(fiber.HeaderContentType, kind)
	c.Set(fiber.HeaderContentDisposition, fmt.Sprintf("attachment; filename=%q", name))
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Send(body)
}

// campaignConsent is a campaign's proof: each promotional message with the entry it went out on.
func (s *Server) campaignConsent(c *fiber.Ctx, who *caller) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	var known int
	if err := s.DB.GetContext(c.Context(), &known, `SELECT count(*) FROM campaigns WHERE workspace_id = $1 AND id = $2`, who.WorkspaceID, id); err != nil {
		return fmt.Errorf("look for campaign %d: %w", id, err)
	}
	if known == 0 {
		return fault.New(fault.NotFound, "campaign %d does not exist in this workspace", id)
	}
	all := []consent.Recipient{}
	for behind := int64(0); ; {
		page, err := s.Ledger.Recipients(c.Context(), s.DB, who.WorkspaceID, id, behind, 500)
		if err != nil {
			return err
		}
		all = append(all, page...)
		if len(page) < 500 {
			break
		}
		behind = page[len(page)-1].Action
	}
	head, err := s.Ledger.ExportHead(c.Context(), s.DB, who.WorkspaceID)
	if err != nil {
		return err
	}
	if err := auth.Audit(c.Context(), s.DB, who.WorkspaceID, who.Actor(), "consent.evidence", fmt.Sprintf("campaign:%d", id), nil); err != nil {
		return err
	}
	if c.Query("format") == "csv" {
		return download(c, "text/csv; charset=utf-8", fmt.Sprintf("campaign-%d-consent.csv", id), recipientsCSV(all))
	}
	out, err := json.Marshal(map[string]any{"made_at": s.Now().UTC(), "workspace": who.WorkspaceID, "campaign": id, "recipients": all, "head": head})
	if err != nil {
		return fmt.Errorf("encode the proof of campaign %d: %w", id, err)
	}
	return download(c, fiber.MIMEApplicationJSONCharsetUTF8, fmt.Sprintf("campaign-%d-consent.json", id), out)
}

func recipientsCSV(list []consent.Recipient) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"action", "contact_id", "identity_id", "channel", "state", "sent_at", "consent", "kind", "since", "seq", "wording_id", "how", "subject", "hash", "basis"})
	for _, r := range list {
		since, wording := "", ""
		if r.Since != nil {
			since = r.Since.Format(time.RFC3339Nano)
		}
		if r.WordingID != nil {
			wording = strconv.FormatInt(*r.WordingID, 10)
		}
		_ = w.Write([]string{strconv.FormatInt(r.Action, 10), strconv.FormatInt(r.ContactID, 10), strconv.FormatInt(r.IdentityID, 10), r.Channel, r.State, r.SentAt.Format(time.RFC3339Nano),
			string(r.Status), string(r.Kind), since, strconv.FormatInt(r.Seq, 10), wording, consent.Cell(r.How), r.Subject, r.Hash, string(r.Basis)})
	}
	w.Flush()
	return b.Bytes()
}
