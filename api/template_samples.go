package api

import (
	"context"

	"github.com/gofiber/fiber/v2"
	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/template"
)

type keptSample struct {
	template.Sample
	URL string `json:"url"`
}

// uploadSample keeps a file for the header of a template: the body is the file, ?format= the header's, ?name= what
// the file is called. A draft names it by its hash, in header.sample.
func (s *Server) uploadSample(c *fiber.Ctx, who *caller) error {
	body, done, err := s.fileBody(c)
	if err != nil {
		return err
	}
	defer done()
	format, name := string([]byte(c.Query("format"))), fileName(c.Query("name")) // beyond this request the framework writes over its own
	ctx, cancel := context.WithTimeout(s.life, requestTime)
	defer cancel()
	var kept template.Sample
	if err := s.change(ctx, func(tx *sqlx.Tx) error {
		if kept, err = template.AddSample(ctx, tx, who.WorkspaceID, format, name, body, who.Actor()); err != nil {
			return err
		}
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "template.sample", "template_sample:"+kept.Hash[:12], map[string]any{"mime": kept.MIME, "size": kept.Size})
	}); err != nil {
		return err
	}
	return c.JSON(keptSample{kept, mediaURL(who.WorkspaceID, kept.Hash)})
}
