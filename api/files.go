package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"strings"
	"time"
	"unicode"

	"github.com/gofiber/fiber/v2"
	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/fault"
	"ponte/inbox"
	"ponte/outbox"
)

// FileLimit is what a network takes of one type of file.
type FileLimit struct {
	Type     string   `json:"type" enum:"image,video,audio,document"`
	MIMEs    []string `json:"mimes"`
	MaxBytes int      `json:"max_bytes"`
	Caption  bool     `json:"caption" doc:"A text may stand beside it in the same message"`
}

// fileLimits says what a conversation takes. A comment thread on Instagram has the channel's name too, but
// no private message to lay a file into.
func fileLimits(v inbox.ConversationView) []FileLimit {
	if v.RootCommentID != nil {
		return []FileLimit{}
	}
	return each(channels.FileLimits(channels.Channel(v.Channel)), func(l channels.FileLimit) FileLimit { return FileLimit(l) })
}

// uploaded is a file that waits for its reply.
type uploaded struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
	MIME string `json:"mime"`
	Size int64  `json:"size"`
	URL  string `json:"url"`
}

// isUpload says whether a request brings a file, which may be larger than other bodies.
func isUpload(c *fiber.Ctx) bool {
	return c.Method() == http.MethodPost && (strings.HasPrefix(c.Path(), v1+"/conversations/") && strings.HasSuffix(c.Path(), "/files") || c.Path() == v1+"/template-samples")
}

// uploadFile keeps a file for a reply: the body is the file, ?name= what it is called.
func (s *Server) uploadFile(c *fiber.Ctx, who *caller) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	v, err := inbox.ViewConversation(c.Context(), s.DB, who.WorkspaceID, id)
	if err != nil {
		return err
	}
	if v.RootCommentID != nil {
		return fault.Field("file", "a reply to a comment takes no file")
	}
	body, done, err := s.fileBody(c)
	if err != nil {
		return err
	}
	defer done()
	name := fileName(c.Query("name"))
	limit, mime, err := channels.CheckFile(channels.Channel(v.Channel), name, body)
	if err != nil {
		return fault.Field("file", "%s", err.Error())
	}
	u := inbox.Upload{Name: name, MIME: mime, Type: limit.Type}
	ctx, cancel := context.WithTimeout(s.life, requestTime)
	defer cancel()
	if err := s.change(ctx, func(tx *sqlx.Tx) error {
		return inbox.AddUpload(ctx, tx, who.WorkspaceID, v.ID, who.User(), &u, body)
	}); err != nil {
		return err
	}
	return c.JSON(uploaded{u.ID, u.Name, u.Type, u.MIME, u.Size, mediaURL(who.WorkspaceID, u.Hash)})
}

// fileBody reads a file when it is its turn; done gives the turn back.
func (s *Server) fileBody(c *fiber.Ctx) (body []byte, done func(), err error) {
	n := c.Request().Header.ContentLength()
	if n <= 0 || n > channels.MaxFile {
		c.Context().SetConnectionClose()
		return nil, nil, fault.Field("file", "send a file of at most %d MB, with its Content-Length", channels.MaxFile>>20)
	}
	ctx, cancel := context.WithTimeout(c.Context(), bodyWait)
	defer cancel()
	if err := s.bodies.files.Acquire(ctx, int64(n)); err != nil {
		c.Context().SetConnectionClose()
		return nil, nil, fault.New(fault.Unavailable, "too many files at once; send it again in a moment").Coded("files_busy")
	}
	done = func() { s.bodies.files.Release(int64(n)) }
	_ = c.Context().Conn().SetReadDeadline(time.Now().Add(fileWait))
	body = make([]byte, n)
	stream := c.Context().RequestBodyStream()
	if stream == nil {
		copy(body, c.BodyRaw())
		return body, done, nil
	}
	if _, err := io.ReadFull(stream, body); err != nil {
		done()
		return nil, nil, cutShort(c, err)
	}
	return body, done, nil
}

// takeFile lays a kept file into the message, where its network takes one beside the text.
func takeFile(ctx context.Context, tx *sqlx.Tx, v inbox.Conversation, body SendMessage, call *channels.Call, a *outbox.Action) (inbox.Upload, error) {
	if body.FileID == 0 {
		return inbox.Upload{}, nil
	}
	if body.TemplateID != 0 {
		return inbox.Upload{}, fault.Field("file_id", "a template brings its own file: send this one as a message of its own, while the care window is open")
	}
	u, err := inbox.TakeUpload(ctx, tx, v.WorkspaceID, v.ID, body.FileID)
	if err != nil {
		return u, err
	}
	for _, l := range channels.FileLimits(call.Channel) {
		if l.Type == u.Type && !l.Caption && call.Text != "" {
			return u, fault.Field("text", "this network takes either a text or a file in one message: send two")
		}
	}
	call.Media = &channels.Media{Type: u.Type, Filename: u.Name, MIME: u.MIME, Hash: u.Hash}
	a.Bubble.Type = u.Type
	a.Bubble.Detail, err = json.Marshal(map[string]any{"attachments": []any{map[string]string{"type": u.Type, "filename": u.Name}}})
	return u, err
}

// fileWait is for the bytes of a file on a slow line.
const fileWait = 3 * time.Minute

// fileName keeps what a person would call the file: no folders, nothing invisible, no more than fits.
func fileName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "")))
	if r := []rune(name); len(r) > 120 { // the end tells the type
		name = string(r[:80]) + "…" + string(r[len(r)-39:])
	}
	if name == "" || name == "." || name == "/" {
		return "file"
	}
	return name
}
