package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"ponte/channels"
)

// withFile lays the bytes of a stored file beside a call. What was taken back or erased meanwhile is not
// there any more, and is not sent.
func (s *Sender) withFile(ctx context.Context, a work, call channels.Call) (channels.Call, error) {
	if t := call.Template; t != nil && t.Header != nil {
		header, f := s.sample(ctx, a, *t.Header)
		if f != nil {
			return call, f
		}
		filled := *t
		filled.Header, call.Template = &header, &filled
		return call, nil
	}
	if call.Media == nil || call.Media.Hash == "" {
		return call, nil
	}
	if call.Kind == channels.SubmitTemplate || call.Kind == channels.EditTemplate {
		media, f := s.sample(ctx, a, *call.Media)
		if f != nil {
			return call, f
		}
		call.Media = &media
		return call, nil
	}
	media := *call.Media
	err := s.DB.GetContext(ctx, &media.Bytes, `SELECT m.bytes FROM message_media g JOIN media m ON m.hash = g.hash WHERE g.workspace_id = $1 AND g.message_id = $2 AND g.hash = $3 LIMIT 1`,
		a.WorkspaceID, a.MessageID, media.Hash)
	if errors.Is(err, sql.ErrNoRows) {
		return call, &channels.Failure{Class: channels.GiveUp, Scope: channels.ScopeCall, Reason: "file_gone", Meaning: "The file was removed before it was sent."}
	}
	if err != nil { // nothing has left
		return call, &channels.Failure{Class: channels.Retry, Scope: channels.ScopeCall, Reason: "file_unread", Meaning: fmt.Sprintf("The file of action %d could not be read; it is tried again.", a.ID)}
	}
	call.Media = &media
	return call, nil
}

// sample lays the bytes of a template's header beside it.
func (s *Sender) sample(ctx context.Context, a work, media channels.Media) (channels.Media, error) {
	err := s.DB.GetContext(ctx, &media.Bytes, `SELECT m.bytes FROM template_samples t JOIN media m ON m.hash = t.hash WHERE t.workspace_id = $1 AND t.hash = $2`, a.WorkspaceID, media.Hash)
	if errors.Is(err, sql.ErrNoRows) {
		return media, &channels.Failure{Class: channels.GiveUp, Scope: channels.ScopeCall, Reason: "file_gone", Meaning: "The file for the template's header was removed before it was sent."}
	}
	if err != nil { // nothing has left
		return media, &channels.Failure{Class: channels.Retry, Scope: channels.ScopeCall, Reason: "file_unread", Meaning: fmt.Sprintf("The file of action %d could not be read; it is tried again.", a.ID)}
	}
	return media, nil
}
