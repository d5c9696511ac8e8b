package asks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/lib/pq"

	"ponte/channels"
	"ponte/llm"
)

// Look fetches a file from the network it lies on: from the network's own servers alone, without
// following where they point, and never more than it should hold.
type Look func(ctx context.Context, workspaceID, accountID int64, address string) (body []byte, err error)

// A question shows at most so many pictures, none larger than so many bytes.
const (
	maxPictures = 3
	maxPicture  = 4 << 20
)

// seeable are the kinds of picture that models read. What a file says of itself is not believed: its
// bytes are looked at.
var seeable = []string{"image/jpeg", "image/png", "image/webp", "image/gif"}

// looked says what became of the pictures of a request.
type looked struct {
	seen bool
	why  string // where they were not seen
}

// look adds the pictures of a question that travels alone: those the writer sent, and after them the
// post's, as context.
func (w *round) look(ctx context.Context, digests []string, req *llm.Request) (looked, error) {
	if w.Look == nil || len(digests) != 1 || w.input(digests[0]).Pictures == "" {
		return looked{}, nil
	}
	a := w.groups[digests[0]][0]
	list, post, err := w.attached(ctx, a)
	if err != nil {
		return looked{}, err
	}
	why := ""
	for _, f := range list[:min(len(list), maxPictures)] {
		address := f.URL
		if address == "" {
			address = f.ID // WhatsApp's media id
		}
		body, err := w.Look(ctx, a.WorkspaceID, a.AccountID, address)
		if err != nil {
			w.Log.Warn("a picture could not be fetched", "ask", a.ID, "error", err)
			why = "its picture could not be fetched"
			continue
		}
		p, ok := picture(body)
		if !ok {
			why = "its picture is too large, or of a kind the model does not read"
			continue
		}
		req.Pictures = append(req.Pictures, p)
	}
	if len(list) > maxPictures {
		why = fmt.Sprintf("it has %d pictures; the first %d were looked at", len(list), maxPictures)
	}
	if len(req.Pictures) == 0 {
		return looked{why: why}, nil
	}
	req.User += fmt.Sprintf("%d of the pictures that follow belong to item 1.\n", len(req.Pictures))
	if p, ok := picture(post); ok {
		req.Pictures = append(req.Pictures, p)
		req.User += "The last picture is the post it stands under.\n"
	}
	return looked{seen: why == "", why: why}, nil
}

func picture(body []byte) (llm.Picture, bool) {
	mime := http.DetectContentType(body)
	return llm.Picture{MIME: mime, Bytes: body}, len(body) > 0 && len(body) <= maxPicture && slices.Contains(seeable, mime)
}

// attached reads what hangs on a comment or message now: the address in the question may have died, and
// what was taken back is not looked at.
func (w *round) attached(ctx context.Context, a ask) ([]channels.Attachment, []byte, error) {
	stmt := sqlAttachedMessage
	if a.Subject == "comment" {
		stmt = sqlAttachedComment
	}
	var rows []struct {
		Attachments json.RawMessage `db:"attachments"`
		Post        []byte          `db:"post"`
	}
	if err := w.DB.SelectContext(ctx, &rows, stmt, a.WorkspaceID, pq.Array([]int64{a.SubjectID})); err != nil {
		return nil, nil, fmt.Errorf("find the pictures of question %d: %w", a.ID, err)
	}
	if len(rows) == 0 {
		return nil, nil, nil
	}
	var all []channels.Attachment
	if err := json.Unmarshal(rows[0].Attachments, &all); err != nil {
		return nil, nil, fmt.Errorf("read the attachments of question %d: %w", a.ID, err)
	}
	return pictures(all), rows[0].Post, nil
}

const sqlAttachedComment = `
SELECT c.attachments, coalesce(m.bytes, '') AS post FROM comments c
LEFT JOIN posts p ON p.workspace_id = c.workspace_id AND p.id = c.post_id
LEFT JOIN media m ON m.hash = p.media_hash AND m.size <= 4194304
WHERE c.workspace_id = $1 AND c.id = ANY($2)`

const sqlAttachedMessage = `
SELECT coalesce(m.detail->'attachments', '[]') AS attachments, ''::bytea AS post FROM messages m WHERE m.workspace_id = $1 AND m.id = ANY($2) AND m.deleted_at IS NULL`

// pictures are those of the attachments that a model that sees can look at.
func pictures(list []channels.Attachment) []channels.Attachment {
	var out []channels.Attachment
	for _, a := range list {
		if a.URL == "" && a.ID == "" {
			continue
		}
		switch a.Type {
		case "image", "photo", "sticker":
			out = append(out, a)
		}
	}
	return out
}

// NamePictures names the pictures among attachments, so that the same pictures make the same question;
// it is empty where there are none. The name tells nothing about them.
func NamePictures(list []channels.Attachment) string {
	h := sha256.New()
	n := 0
	for _, a := range pictures(list) {
		name := a.SHA256
		if name == "" && a.ID != "" {
			name = a.ID
		} else if name == "" {
			name, _, _ = strings.Cut(a.URL, "?") // the query is the address's signature, and changes
		}
		_, _ = fmt.Fprintf(h, "%s\x00", name)
		n++
	}
	if n == 0 {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}
