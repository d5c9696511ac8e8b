package api

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"mime"
	"path"
	"strings"

	"github.com/gofiber/fiber/v2"

	"ponte/fault"
)

const noncePlace = "__CSP_NONCE__"

// page is the built interface's index.html.
type page struct{ html []byte }

// interfaceRoutes serves the built interface: hashed assets for ever, everything else by the page, so
// that an address inside the interface can be opened directly.
func (s *Server) interfaceRoutes() {
	s.page = &page{html: []byte("<!doctype html><meta charset=\"utf-8\"><title>ponte</title><p>This program was built without its interface. Run <code>make build</code>; the API is under <code>/api/v1</code>.</p>")}
	if s.UI != nil {
		if html, err := fs.ReadFile(s.UI, "index.html"); err == nil {
			s.page.html = html
		}
	}
	s.App.Get("/*", func(c *fiber.Ctx) error {
		name := strings.TrimPrefix(path.Clean("/"+c.Path()), "/")
		if name != "" && name != "index.html" && s.UI != nil {
			done, err := s.sendFile(c, name)
			if done || err != nil {
				return err
			}
		}
		if strings.HasPrefix(name, "assets/") || strings.HasPrefix(name, "media/") || strings.HasPrefix(name, "rehearse/control") || strings.HasPrefix(name, "webhooks/") {
			return fault.New(fault.NotFound, "there is no such file")
		}
		return s.sendPage(c)
	})
}

func (s *Server) sendPage(c *fiber.Ctx) error {
	var raw [16]byte
	_, _ = rand.Read(raw[:])
	nonce := base64.RawStdEncoding.EncodeToString(raw[:])
	c.Set("Content-Security-Policy", policy(nonce))
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return c.Send(bytes.ReplaceAll(s.page.html, []byte(noncePlace), []byte(nonce)))
}

func (s *Server) sendFile(c *fiber.Ctx, name string) (bool, error) {
	if strings.HasSuffix(name, ".gz") || !fs.ValidPath(name) {
		return false, nil
	}
	read := name
	if strings.Contains(c.Get(fiber.HeaderAcceptEncoding), "gzip") {
		if _, err := fs.Stat(s.UI, name+".gz"); err == nil {
			read = name + ".gz"
			c.Set(fiber.HeaderContentEncoding, "gzip")
		}
	}
	info, err := fs.Stat(s.UI, read)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir() {
		return false, nil
	}
	b, err := fs.ReadFile(s.UI, read)
	if err != nil {
		return false, fault.Wrap(fault.Internal, err, "a file of the interface cannot be read")
	}
	kind := mime.TypeByExtension(path.Ext(name))
	switch path.Ext(name) { // not from the machine's own table, which differs
	case ".js":
		kind = "text/javascript; charset=utf-8"
	case ".css":
		kind = "text/css; charset=utf-8"
	case ".svg":
		kind = "image/svg+xml"
	case ".woff2":
		kind = "font/woff2"
	}
	c.Set(fiber.HeaderContentType, kind)
	c.Vary(fiber.HeaderAcceptEncoding)
	c.Set(fiber.HeaderCacheControl, "no-cache")
	if strings.HasPrefix(name, "assets/") {
		c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	}
	return true, c.Send(b)
}
