package network

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"

	"ponte/channels"
	"ponte/channels/meta"
)

// upload hands a file's bytes to the network, which gives an id for the message that shows it. Where the
// file has an address or an id already there is nothing to do. No customer sees an upload: one whose outcome
// is not known is simply made again.
func (n *Network) upload(ctx context.Context, a channels.Account, c channels.Call) (channels.Call, error) {
	if c.Media == nil || len(c.Media.Bytes) == 0 {
		return c, nil
	}
	media := *c.Media
	fields, field, edge := map[string]string{"messaging_product": "whatsapp", "type": media.MIME}, "file", a.ID+"/media"
	if a.Channel != channels.WhatsApp {
		message, err := json.Marshal(map[string]any{"attachment": map[string]any{"type": dmMediaType(media.Type), "payload": map[string]any{"is_reusable": false}}})
		if err != nil {
			return c, refuse("bad_request", "The call could not be put together: its content is not JSON.")
		}
		fields, field, edge = map[string]string{"message": string(message)}, "filedata", desk(a)+"/message_attachments"
		if a.Channel == channels.Instagram {
			fields["platform"] = "instagram"
		}
	}
	body, kind, err := form(fields, field, media)
	if err != nil {
		return c, refuse("bad_media", "The file could not be packed for the network.")
	}
	var out struct {
		ID         string `json:"id"`
		Attachment string `json:"attachment_id"`
	}
	if err := n.Client.Do(ctx, a, meta.Request{Method: http.MethodPost, Path: edge, Raw: body, Type: kind}, &out); err != nil {
		return c, again(err)
	}
	if media.ID = out.ID + out.Attachment; media.ID == "" {
		return c, again(noID())
	}
	media.Bytes = nil
	c.Media = &media
	return c, nil
}

// again makes an unknown outcome one that is tried again: nothing has reached the customer.
func again(err error) error {
	var f *channels.Failure
	if errors.As(err, &f) && f.Class == channels.Unknown {
		g := *f
		g.Class, g.Meaning = channels.Retry, "The file did not reach the network; it is tried again."
		return &g
	}
	return err
}

var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "", "\n", "")

func form(fields map[string]string, field string, file channels.Media) (body []byte, kind string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := w.WriteField(name, value); err != nil {
			return nil, "", err
		}
	}
	name := file.Filename
	if name == "" {
		name = file.Type
	}
	part, err := w.CreatePart(textproto.MIMEHeader{"Content-Type": {file.MIME}, "Content-Disposition": {fmt.Sprintf(`form-data; name="%s"; filename="%s"`, field, quoted.Replace(name))}})
	if err != nil {
		return nil, "", err
	}
	if _, err := part.Write(file.Bytes); err != nil {
		return nil, "", err
	}
	err = w.Close() // writes the end, without which the body is cut short
	return b.Bytes(), w.FormDataContentType(), err
}
