package asks

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"strings"
	"testing"

	"ponte/channels"
	"ponte/llm"
	"ponte/moderation"
)

func pngOf(t *testing.T, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	return append(b.Bytes(), make([]byte, max(size-b.Len(), 0))...)
}

// askOfComment makes a comment with attachments under a post with a picture, and its question.
func (b *bench) askOfComment(text string, attachments []channels.Attachment, post []byte) int64 {
	b.t.Helper()
	raw, err := json.Marshal(attachments)
	if err != nil {
		b.t.Fatal(err)
	}
	hash := ""
	if post != nil {
		hash = "posthash"
		b.exec(`INSERT INTO media (hash, mime, size, bytes) VALUES ($1, 'image/png', $2, $3)`, hash, len(post), post)
	}
	id := b.id(`INSERT INTO posts (workspace_id, account_id, external_id, media_hash) VALUES ($1, $2, 'p', $3) RETURNING id`, b.ws, b.account, hash)
	comment := b.id(`INSERT INTO comments (workspace_id, account_id, channel, post_id, external_id, root_external_id, text, attachments, commented_at)
		VALUES ($1, $2, 'facebook', $3, 'c', 'c', $4, $5, now()) RETURNING id`, b.ws, b.account, id, text, string(raw))
	ask := b.ask(text)
	question, err := json.Marshal(moderation.Input{Subject: moderation.SubjectComment, Text: text, HasMedia: true, Pictures: NamePictures(attachments)})
	if err != nil {
		b.t.Fatal(err)
	}
	b.exec(`UPDATE asks SET subject_id = $2, question = $3 WHERE id = $1`, ask, comment, string(question))
	return ask
}

func TestPicturesAreShownToAModelThatSees(t *testing.T) {
	photo := func(n string) channels.Attachment {
		return channels.Attachment{Type: "photo", URL: "https://scontent.example/" + n + "?sig=1"}
	}
	small := pngOf(t, 0)
	for name, c := range map[string]struct {
		list   []channels.Attachment
		post   []byte
		body   []byte
		err    error
		shown  int
		looked bool
		unseen string
	}{
		"one":               {[]channels.Attachment{photo("a")}, nil, small, nil, 1, true, ""},
		"with the post's":   {[]channels.Attachment{photo("a")}, small, small, nil, 2, true, ""},
		"many":              {[]channels.Attachment{photo("a"), photo("b"), photo("c"), photo("d")}, nil, small, nil, 3, false, "it has 4 pictures"},
		"gone":              {[]channels.Attachment{photo("a")}, small, nil, errors.New("gone"), 0, false, "could not be fetched"},
		"too large":         {[]channels.Attachment{photo("a")}, nil, pngOf(t, maxPicture+1), nil, 0, false, "too large"},
		"only named so":     {[]channels.Attachment{photo("a")}, nil, []byte("<svg><script>"), nil, 0, false, "of a kind"},
		"a page":            {[]channels.Attachment{photo("a")}, nil, []byte("<html>sign in</html>"), nil, 0, false, "of a kind"},
		"a large post's":    {[]channels.Attachment{photo("a")}, pngOf(t, maxPicture+1), small, nil, 1, true, ""},
		"a film beside it":  {[]channels.Attachment{{Type: "video", URL: "https://x.example/v"}, photo("a")}, nil, small, nil, 1, true, ""},
		"WhatsApp's number": {[]channels.Attachment{{Type: "image", ID: "99"}}, nil, small, nil, 1, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t, `{}`)
			var asked llm.Request
			b.runner.Model = watching{b.model, &asked}
			b.runner.Look = func(_ context.Context, ws, account int64, address string) ([]byte, error) {
				if ws != b.ws || account != b.account || strings.Contains(address, "/v") {
					t.Errorf("fetched %s of workspace %d, account %d", address, ws, account)
				}
				return c.body, c.err
			}
			id := b.askOfComment("look at this", c.list, c.post)
			b.once()
			got := b.events()[id].Answer
			if got == nil || len(asked.Pictures) != c.shown || got.Looked != c.looked || !strings.Contains(got.Unseen, c.unseen) || c.unseen == "" && got.Unseen != "" {
				t.Errorf("%d pictures shown; told %+v", len(asked.Pictures), got)
			}
			for _, p := range asked.Pictures {
				if p.MIME != "image/png" {
					t.Errorf("shown as %s", p.MIME)
				}
			}
		})
	}
}

// watching keeps the last request.
type watching struct {
	*model
	last *llm.Request
}

func (w watching) Complete(ctx context.Context, r llm.Request) (llm.Response, error) {
	*w.last = r
	return w.model.Complete(ctx, r)
}

func TestWithoutSightNothingIsFetched(t *testing.T) {
	b := setup(t, `{}`)
	id := b.askOfComment("look at this", []channels.Attachment{{Type: "photo", URL: "https://x.example/a"}}, nil)
	b.once()
	if a := b.events()[id].Answer; a == nil || a.Looked {
		t.Errorf("told %+v", a)
	}
}

func TestPicturesAreNamedByWhatTheyAre(t *testing.T) {
	of := func(list ...channels.Attachment) string { return NamePictures(list) }
	a, b := channels.Attachment{Type: "photo", URL: "https://x.example/a?sig=1"}, channels.Attachment{Type: "photo", URL: "https://x.example/a?sig=2"}
	if of(a) != of(b) || of(a) == "" || of(a) == of(a, a) || of() != "" || of(channels.Attachment{Type: "video", URL: "x"}) != "" || of(channels.Attachment{Type: "photo"}) != "" {
		t.Errorf("%q %q %q", of(a), of(b), of(a, a))
	}
	if name := of(channels.Attachment{Type: "image", ID: "1", SHA256: "h"}); name != of(channels.Attachment{Type: "image", ID: "2", SHA256: "h"}) {
		t.Error("the same bytes have two names")
	}
	if raw, err := base64.StdEncoding.DecodeString(of(a)); err == nil && strings.Contains(string(raw), "x.example") {
		t.Error("the name tells the address")
	}
}
