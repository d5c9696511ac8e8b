// Package network carries out neutral calls on Facebook, Instagram, Messenger and WhatsApp, looks
// whether an unclear call took place, and reads posts, comments and conversations back. Every error
// it returns is a *channels.Failure.
package network

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"ponte/channels"
	"ponte/channels/meta"
)

// Network is the one door to Meta's networks.
type Network struct {
	Client *meta.Client
	AppID  string   // of the Meta app, by which files for templates' headers are uploaded; empty: not known
	names  sync.Map // Instagram account id → username, to know one's own comments by
}

// New returns a network whose calls end after timeout.
func New(timeout time.Duration) *Network { return &Network{Client: meta.NewClient(timeout)} }

// Do carries out a call.
func (n *Network) Do(ctx context.Context, a channels.Account, c channels.Call) (channels.Result, error) {
	res, err := n.do(ctx, a, c)
	var f *channels.Failure
	if errors.As(err, &f) && f.Reason == "already_replied" && c.Kind != channels.PrivateReply { // nothing else is done by that
		f.Done = false
	}
	return res, err
}

func (n *Network) do(ctx context.Context, a channels.Account, c channels.Call) (channels.Result, error) {
	if f := check(a, c); f != nil {
		return channels.Result{}, f
	}
	switch c.Kind {
	case channels.ReplyToComment:
		return n.replyToComment(ctx, a, c)
	case channels.HideComment, channels.UnhideComment:
		return channels.Result{}, n.setHidden(ctx, a, c)
	case channels.DeleteComment:
		return channels.Result{}, n.deleteComment(ctx, a, c)
	case channels.PrivateReply:
		return n.sendDM(ctx, a, c, map[string]any{"comment_id": c.CommentID})
	case channels.SendMessage:
		c, err := n.upload(ctx, a, c)
		if err != nil {
			return channels.Result{}, err
		}
		if a.Channel == channels.WhatsApp {
			return n.sendWhatsApp(ctx, a, c)
		}
		return n.sendDM(ctx, a, c, map[string]any{"id": c.To})
	case channels.SendTemplate:
		c, err := n.withHeader(ctx, a, c)
		if err != nil {
			return channels.Result{}, err
		}
		return n.sendWhatsApp(ctx, a, c)
	case channels.MarkRead, channels.Typing:
		return channels.Result{}, n.markRead(ctx, a, c)
	case channels.BlockUser, channels.UnblockUser:
		return channels.Result{}, n.block(ctx, a, c)
	case channels.SubmitTemplate:
		return n.submitTemplate(ctx, a, c)
	case channels.EditTemplate:
		return n.editTemplate(ctx, a, c)
	case channels.DeleteTemplate:
		return n.deleteTemplate(ctx, a, c)
	case channels.ResumeTemplate:
		return n.resumeTemplate(ctx, a, c)
	}
	return channels.Result{}, refuse("unknown_call", "%q is not something that can be done on a network.", string(c.Kind))
}

func refuse(reason, format string, args ...any) *channels.Failure {
	return &channels.Failure{Class: channels.AskPerson, Scope: channels.ScopeCall, Reason: reason, Meaning: fmt.Sprintf(format, args...)}
}

// noID is an answer without the id of what was made: it may have been made nevertheless.
func noID() *channels.Failure {
	return &channels.Failure{Class: channels.Unknown, Scope: channels.ScopeCall, Reason: "odd_answer",
		Meaning: "The network's answer names no id, so it is not known whether the call worked: it is looked up before anything is sent again."}
}
