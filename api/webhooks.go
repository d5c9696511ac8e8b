package api

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"ponte/fault"
)

// handshake answers Meta's question whether this address is ours: the challenge, exactly.
func (s *Server) handshake(c *fiber.Ctx, _ *caller) error {
	mode, token, challenge := c.Query("hub.mode"), c.Query("hub.verify_token"), c.Query("hub.challenge")
	c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	if mode == "" || token == "" || challenge == "" {
		return c.Status(fiber.StatusBadRequest).SendString("hub.mode, hub.verify_token and hub.challenge are needed")
	}
	// Hashes have one length, so that the comparison tells nothing of the token's.
	have, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(s.VerifyToken))
	if mode != "subscribe" || s.VerifyToken == "" || subtle.ConstantTimeCompare(have[:], want[:]) != 1 {
		return c.Status(fiber.StatusForbidden).SendString("not verified")
	}
	return c.SendString(challenge)
}

// receive keeps a signed webhook. The signature is over the bytes as they came; 200 means committed.
func (s *Server) receive(c *fiber.Ctx, _ *caller) error {
	return s.bodies.take(c, func(body []byte) error { return s.keep(c, body) })
}

func (s *Server) keep(c *fiber.Ctx, body []byte) error {
	if s.Verify == nil || !s.Verify(body, c.Get("X-Hub-Signature-256")) {
		s.met.webhooks.WithLabelValues("bad_signature").Inc()
		if s.Refused != nil {
			if err := s.Refused(c.Context(), body); err != nil {
				s.Log.Warn("a webhook with a wrong signature could not be noted", "error", err)
			}
		}
		c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
		return c.Status(fiber.StatusUnauthorized).SendString("wrong signature")
	}
	if s.Receive == nil {
		return fault.New(fault.Unavailable, "webhooks are not taken in at the moment")
	}
	if err := s.Receive(c.Context(), body); err != nil {
		s.met.webhooks.WithLabelValues("refused").Inc()
		if k := fault.KindOf(err); k != fault.Unavailable && k != fault.TooMany {
			return err
		}
		c.Set(fiber.HeaderRetryAfter, "1")
		return c.Status(fiber.StatusServiceUnavailable).SendString("try again")
	}
	s.met.webhooks.WithLabelValues("kept").Inc()
	c.Status(fiber.StatusOK) // nobody reads a body
	return nil
}

func (s *Server) signedRequest(c *fiber.Ctx) (string, error) {
	if s.SignedRequest == nil {
		return "", fault.New(fault.Unavailable, "no app secret is configured")
	}
	raw, err := s.formValue(c, "signed_request")
	if err != nil {
		return "", err
	}
	user, err := s.SignedRequest(raw)
	if err != nil {
		s.met.webhooks.WithLabelValues("bad_signature").Inc()
		return "", fault.Wrap(fault.Unauthorized, err, "wrong signature")
	}
	return user, nil
}

// formValue reads a value of a small form. Nobody has signed in, so no more of a body is read than such a form has.
func (s *Server) formValue(c *fiber.Ctx, name string) (value string, err error) {
	tooLarge := func() error {
		c.Context().SetConnectionClose()
		return fiber.NewError(fiber.StatusRequestEntityTooLarge, fmt.Sprintf("the form is longer than %d bytes", smallBody))
	}
	if c.Request().Header.ContentLength() > smallBody {
		return "", tooLarge()
	}
	err = s.bodies.take(c, func(body []byte) error {
		if len(body) > smallBody {
			return tooLarge()
		}
		value = formField(c.Get(fiber.HeaderContentType), body, name)
		return nil
	})
	return value, err
}

// formField finds a field in a form of either kind; what is no form has none.
func formField(contentType string, body []byte, name string) string {
	kind, params, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil:
		return ""
	case kind == fiber.MIMEMultipartForm:
		form, err := multipart.NewReader(bytes.NewReader(body), params["boundary"]).ReadForm(smallBody)
		if err != nil {
			return ""
		}
		return url.Values(form.Value).Get(name)
	case kind == fiber.MIMEApplicationForm:
		fields, _ := url.ParseQuery(string(body)) // what can be read of it; the signature tells the rest
		return fields.Get(name)
	}
	return ""
}

// deauthorize: somebody took our app's permission back. Which accounts that cuts off shows when they
// are called next; here it is only written down.
func (s *Server) deauthorize(c *fiber.Ctx, _ *caller) error {
	user, err := s.signedRequest(c)
	if err != nil {
		return err
	}
	if _, err := s.DB.ExecContext(c.Context(), sqlDeauthorized, "meta", hashed(user)); err != nil {
		return fmt.Errorf("note a deauthorisation: %w", err)
	}
	return c.SendStatus(fiber.StatusOK)
}

const sqlDeauthorized = `
INSERT INTO audit_log (workspace_id, actor, verb, object) SELECT DISTINCT workspace_id, $1, 'meta.deauthorized', 'meta_user:' || $2
FROM accounts WHERE removed_at IS NULL AND channel IN ('facebook','instagram')`

// deleteData: a person asks Meta to have their data deleted. The person's app-scoped id is searched
// among the identities; what is found is erased, and the code shows how far it is.
func (s *Server) deleteData(c *fiber.Ctx, _ *caller) error {
	user, err := s.signedRequest(c)
	if err != nil {
		return err
	}
	code := hashed("data deletion " + user)[:24]
	found, err := s.eraseEverywhere(c.Context(), user)
	if err != nil {
		return err
	}
	state := "nothing is kept about this person under this id"
	if found > 0 {
		state = "erased; copies in what the networks sent are removed within hours"
	}
	if _, err := s.DB.ExecContext(c.Context(), sqlDeletion, "data_deletion:"+code, state+" on "+s.Now().UTC().Format("2006-01-02")); err != nil {
		return fmt.Errorf("keep a data deletion: %w", err)
	}
	return c.JSON(fiber.Map{"url": strings.TrimRight(s.PublicURL, "/") + "/data-deletion/" + url.PathEscape(code), "confirmation_code": code})
}

const sqlDeletion = `INSERT INTO installation (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`

func (s *Server) deletionState(c *fiber.Ctx, _ *caller) error {
	var state []string
	if err := s.DB.SelectContext(c.Context(), &state, `SELECT value FROM installation WHERE key = $1`, "data_deletion:"+c.Params("code")); err != nil {
		return fmt.Errorf("read a data deletion: %w", err)
	}
	if len(state) == 0 {
		return fault.New(fault.NotFound, "there is no data deletion with this code")
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	return c.SendString(state[0])
}

func hashed(v string) string {
	sum := sha256.Sum256([]byte(v))
	return hex.EncodeToString(sum[:])
}
