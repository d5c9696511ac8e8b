package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/gofiber/fiber/v2"

	"ponte/fault"
)

// mediaURL is where a kept file is read. It names the workspace, because an <img> cannot send the header that
// does, and whoever belongs to several would be looked up in the wrong one. Empty for no file.
func mediaURL(workspace int64, hash string) string {
	if hash == "" {
		return ""
	}
	return fmt.Sprintf("/media/%s?workspace=%d", hash, workspace)
}

var hashForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// media serves a picture of the workspace's posts or messages. The store is shared by content; who may
// see an item is decided by what refers to it.
func (s *Server) media(c *fiber.Ctx, who *caller) error {
	hash := c.Params("hash")
	if !hashForm.MatchString(hash) {
		return fault.New(fault.NotFound, "there is no such item")
	}
	var found []struct {
		Mime  string `db:"mime"`
		Bytes []byte `db:"bytes"`
	}
	if err := s.DB.SelectContext(c.Context(), &found, sqlMedia, who.WorkspaceID, hash); err != nil {
		return err
	}
	if len(found) == 0 {
		return fault.New(fault.NotFound, "there is no such item")
	}
	kind := "application/octet-stream"
	switch m := strings.ToLower(found[0].Mime); m {
	case "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "video/mp4":
		kind = m
	default: // nothing that a browser could run
		c.Set(fiber.HeaderContentDisposition, "attachment")
	}
	c.Set(fiber.HeaderContentType, kind)
	c.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	c.Set(fiber.HeaderCacheControl, "private, max-age=86400, immutable")
	return c.Send(found[0].Bytes)
}

const sqlMedia = `
SELECT m.mime, m.bytes FROM media m WHERE m.hash = $2 AND (
    EXISTS (SELECT 1 FROM posts p WHERE p.workspace_id = $1 AND p.media_hash = m.hash)
 OR EXISTS (SELECT 1 FROM message_media g WHERE g.workspace_id = $1 AND g.hash = m.hash)
 OR EXISTS (SELECT 1 FROM template_samples t WHERE t.workspace_id = $1 AND t.hash = m.hash)
 OR EXISTS (SELECT 1 FROM uploads u WHERE u.workspace_id = $1 AND u.hash = m.hash))`

// rehearse passes calls on to the rehearsal's control API, so that the browser asks nobody else. No
// cookie or token goes with them.
func (s *Server) rehearse(c *fiber.Ctx, _ *caller) error {
	if s.RehearsalURL == "" {
		return fault.New(fault.NotFound, "no rehearsal is running")
	}
	rest := strings.TrimPrefix(string(c.Request().URI().PathOriginal()), "/rehearse/control")
	if strings.Contains(rest, "..") || strings.Contains(strings.ToLower(rest), "%2e") {
		return fault.New(fault.NotFound, "there is no such route")
	}
	target := strings.TrimRight(s.RehearsalURL, "/") + "/control" + rest
	if q := string(c.Request().URI().QueryString()); q != "" {
		target += "?" + q
	}
	ctx, cancel := context.WithTimeout(s.life, requestTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, c.Method(), target, strings.NewReader(string(c.BodyRaw())))
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the call cannot be passed on")
	}
	if t := c.Get(fiber.HeaderContentType); t != "" {
		req.Header.Set(fiber.HeaderContentType, t)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the rehearsal does not answer; is it running?")
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 8<<20))
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the rehearsal broke off its answer")
	}
	if t := res.Header.Get(fiber.HeaderContentType); t != "" {
		c.Set(fiber.HeaderContentType, t)
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Status(res.StatusCode).Send(body)
}
