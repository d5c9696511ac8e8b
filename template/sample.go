package template

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/fault"
)

// Sample is a file for the header of a template.
type Sample struct {
	Hash string `db:"hash" json:"sample"`
	Name string `db:"name" json:"name"`
	MIME string `db:"mime" json:"mime"`
	Size int64  `db:"size" json:"size"`
}

// sampleTypes are what Meta takes as a header of each format, with what such a file is called in a message.
var sampleTypes = map[string][]string{"IMAGE": {"image/jpeg", "image/png"}, "VIDEO": {"video/mp4"}, "DOCUMENT": {"application/pdf"}}

// AddSample keeps a file for the header of a format; empty: of any that takes it. The same file is kept once.
func AddSample(ctx context.Context, tx sqlx.ExtContext, workspace int64, format, name string, body []byte, actor string) (Sample, error) {
	types, known := sampleTypes[format]
	if format == "" {
		types, known = slices.Concat(sampleTypes["IMAGE"], sampleTypes["VIDEO"], sampleTypes["DOCUMENT"]), true
	}
	if !known {
		return Sample{}, fault.Field("format", "a header that is a file is IMAGE, VIDEO or DOCUMENT, not %q", format)
	}
	_, mime, err := channels.CheckFile(channels.WhatsApp, name, body)
	if err != nil {
		return Sample{}, fault.Field("file", "%s", err.Error())
	}
	if !slices.Contains(types, mime) {
		return Sample{}, fault.Field("file", "Meta takes %v for a header of this kind; this file is %s", types, mime)
	}
	sum := sha256.Sum256(body)
	s := Sample{Hash: hex.EncodeToString(sum[:]), Name: name, MIME: mime, Size: int64(len(body))}
	if _, err := tx.ExecContext(ctx, `INSERT INTO media (hash, mime, size, bytes) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, s.Hash, s.MIME, s.Size, body); err != nil {
		return s, fmt.Errorf("keep a file: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO template_samples (workspace_id, hash, name, mime, size, added_by) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		workspace, s.Hash, s.Name, s.MIME, s.Size, actor); err != nil {
		return s, fmt.Errorf("keep the file of a template's header: %w", err)
	}
	return s, nil
}

// sampleOf finds the file that a header names; nil: it names none.
func (h *Header) sampleOf(ctx context.Context, q sqlx.QueryerContext, workspace int64) (*Sample, error) {
	if !h.media() || h.Sample == "" {
		return nil, nil
	}
	var s Sample
	err := sqlx.GetContext(ctx, q, &s, `SELECT hash, name, mime, size FROM template_samples WHERE workspace_id = $1 AND hash = $2`, workspace, h.Sample)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, fault.Field("header.sample", "there is no such file in this workspace: upload it again")
	case err != nil:
		return nil, fmt.Errorf("load the file of a template's header: %w", err)
	case !slices.Contains(sampleTypes[h.Format], s.MIME):
		return nil, fault.Field("header.sample", "the file is %s; Meta takes %v for a header of this kind", s.MIME, sampleTypes[h.Format])
	}
	return &s, nil
}

// media is the file as a call carries it: its bytes are laid beside the call by the sender.
func (s Sample) media(format string) *channels.Media {
	return &channels.Media{Type: map[string]string{"IMAGE": "image", "VIDEO": "video", "DOCUMENT": "document"}[format], Filename: s.Name, MIME: s.MIME, Hash: s.Hash}
}
