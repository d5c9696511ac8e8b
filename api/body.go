package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/sync/semaphore"

	"ponte/channels"
	"ponte/fault"
)

// Bodies are read in the handler and not before it, so that somebody who sends many large ones at once
// waits on the wire instead of filling the memory.
const (
	smallBody   = 16 << 10         // read at once
	largeBodies = 4 * MaxBody      // bytes of larger webhooks read and kept at one time
	bodyWait    = 20 * time.Second // for one's turn, and again for the bytes themselves
	bodyTime    = 50 * time.Second // for the bytes of a typed route, over a slow line too; it ends before the connection's own time
)

// A list of consents may have 50,000 rows; a row has some hundred bytes, and more as JSON.
const (
	listPath = v1 + "/consent-imports"
	maxList  = 12 << 20
)

// bodies holds the turns of large webhooks and the buffers of small ones.
type bodies struct {
	turns *semaphore.Weighted
	files *semaphore.Weighted // of files for replies, so that they keep no webhook waiting
	small sync.Pool
}

func newBodies() *bodies {
	return &bodies{turns: semaphore.NewWeighted(largeBodies), files: semaphore.NewWeighted(2 * channels.MaxFile), small: sync.Pool{New: func() any { b := make([]byte, smallBody); return &b }}}
}

// limit refuses what is too large by its own word before a byte is read.
func (s *Server) limit(c *fiber.Ctx) error {
	n := c.Request().Header.ContentLength()
	chunked := n == -1
	most := MaxBody
	if c.Method() == fiber.MethodPost && c.Path() == listPath {
		most = maxList
	}
	switch {
	case isUpload(c) && n <= channels.MaxFile: // read in its turn, after the permission
	case n > most:
		c.Context().SetConnectionClose()
		hearOut(c, n)
		return fiber.NewError(fiber.StatusRequestEntityTooLarge, fmt.Sprintf("the body has %d bytes; at most %d are taken", n, most))
	case chunked && !strings.HasPrefix(c.Path(), "/api/") && c.Path() != "/webhooks/meta":
		c.Context().SetConnectionClose()
		return fiber.NewError(fiber.StatusLengthRequired, "send a Content-Length")
	}
	return c.Next()
}

// maxHeard bounds what is read of a body that is refused.
const maxHeard = 32 << 20

// hearOut reads what is refused and keeps nothing of it: many clients write all of a request before they read, and
// would see a broken connection instead of the reason. One that waits for an answer first gets it: nothing more comes.
func hearOut(c *fiber.Ctx, n int) {
	stream := c.Context().RequestBodyStream()
	if stream == nil || n > maxHeard {
		return
	}
	for end, left := time.Now().Add(bodyWait), n; left > 0 && time.Now().Before(end); {
		_ = c.Context().Conn().SetReadDeadline(time.Now().Add(heardOut))
		read, err := io.CopyN(io.Discard, stream, int64(min(left, 64<<10)))
		if left -= int(read); err != nil {
			return
		}
	}
}

// heardOut is how long nothing comes of a body that is refused before its sender is taken to wait for the answer.
const heardOut = 300 * time.Millisecond

// take reads a webhook's body and hands it to f; the bytes are f's until it returns.
func (b *bodies) take(c *fiber.Ctx, f func(body []byte) error) error {
	stream := c.Context().RequestBodyStream()
	n := c.Request().Header.ContentLength()
	if stream == nil || n == 0 {
		return f(nil)
	}
	if n > 0 && n <= smallBody {
		buf := b.small.Get().(*[]byte)
		defer b.small.Put(buf)
		if _, err := io.ReadFull(stream, (*buf)[:n]); err != nil {
			return cutShort(c, err)
		}
		return f((*buf)[:n])
	}
	weight := int64(n)
	if n < 0 {
		weight = MaxBody // chunked: unknown until it was read
	}
	ctx, cancel := context.WithTimeout(c.Context(), bodyWait)
	defer cancel()
	if err := b.turns.Acquire(ctx, weight); err != nil {
		c.Context().SetConnectionClose()
		c.Set(fiber.HeaderRetryAfter, "5")
		return fiber.NewError(fiber.StatusServiceUnavailable, "too many large bodies at once; send it again in "+strconv.Itoa(5)+" seconds")
	}
	defer b.turns.Release(weight)
	_ = c.Context().Conn().SetReadDeadline(time.Now().Add(bodyWait))
	if n > 0 {
		body := make([]byte, n)
		if _, err := io.ReadFull(stream, body); err != nil {
			return cutShort(c, err)
		}
		return f(body)
	}
	body, err := io.ReadAll(io.LimitReader(stream, MaxBody+1))
	if err != nil {
		return cutShort(c, err)
	}
	if len(body) > MaxBody {
		c.Context().SetConnectionClose()
		hearOut(c, maxHeard) // where it ends is not known
		return fiber.NewError(fiber.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", MaxBody))
	}
	return f(body)
}

func cutShort(c *fiber.Ctx, err error) error {
	c.Context().SetConnectionClose()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.New(fault.Invalid, "the body ended before its Content-Length")
	}
	return fault.New(fault.Invalid, "the body could not be read whole")
}
