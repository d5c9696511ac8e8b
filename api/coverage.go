package api

import (
	"encoding/json"
	"time"

	"ponte/channels"
	"ponte/inbox"
)

// Coverage says how much of what the network has was told by its webhooks.
type Coverage struct {
	Known int     `json:"known" doc:"What is known of seven days, told by webhooks or read back"`
	Told  int     `json:"told" doc:"Of these, what had come by webhook"`
	Share float64 `json:"share" doc:"told of known, 0 to 1"`
}

// sweep is what the last reading back found; migrations keep it as JSON with the account.
type sweep struct {
	At           *time.Time `json:"at"`
	Coverage     *float64   `json:"coverage"` // of comments
	Comments     int        `json:"comments"`
	CommentsTold int        `json:"comments_told"`
	Messages     int        `json:"messages"`
	MessagesTold int        `json:"messages_told"`
}

// sweepOf is nil where nothing was read back: not yet, or never, because WhatsApp cannot be.
func sweepOf(a inbox.Account) *sweep {
	var s sweep
	if a.Channel == string(channels.WhatsApp) || json.Unmarshal(a.Sweep, &s) != nil || s.At == nil {
		return nil
	}
	return &s
}

func (sweep) of(known, told int) *Coverage {
	if known == 0 {
		return nil
	}
	return &Coverage{known, told, float64(told) / float64(known)}
}
