package network

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"ponte/channels"
)

// Settle looks whether a call whose answer never came took place. WhatsApp cannot be read back: there
// only a status webhook with our token tells, so the answer is "not certain".
func (n *Network) Settle(ctx context.Context, a channels.Account, c channels.Call, since time.Time) (channels.Settled, error) {
	since = since.Add(-clockSkew)
	switch c.Kind {
	case channels.HideComment, channels.UnhideComment, channels.DeleteComment:
		return n.settleState(ctx, a, c)
	case channels.ReplyToComment:
		return n.settleReply(ctx, a, c, since)
	case channels.PrivateReply:
		if a.Channel != channels.WhatsApp {
			return n.settlePrivateReply(ctx, a, c, since)
		}
	case channels.SendMessage:
		if a.Channel != channels.WhatsApp {
			return n.settleDM(ctx, a, c, c.To, since)
		}
	case channels.SubmitTemplate:
		return n.settleTemplate(ctx, a, c)
	case channels.EditTemplate:
		return n.settleEdit(ctx, a, c)
	case channels.DeleteTemplate:
		return n.settleDelete(ctx, a, c)
	}
	return channels.Settled{}, nil
}

// clockSkew allows for the network's clock running behind ours.
const clockSkew = 2 * time.Minute

func (n *Network) settleState(ctx context.Context, a channels.Account, c channels.Call) (channels.Settled, error) {
	state, err := n.ReadComment(ctx, a, c.CommentID)
	if err != nil {
		return channels.Settled{}, err
	}
	happened := !state.Exists
	if c.Kind != channels.DeleteComment && state.Exists {
		happened = state.Hidden == (c.Kind == channels.HideComment)
	}
	return channels.Settled{Certain: true, Happened: happened}, nil
}

// maxLooks bounds the pages that are read to find one reply.
const maxLooks = 10

func (n *Network) settleReply(ctx context.Context, a channels.Account, c channels.Call, since time.Time) (channels.Settled, error) {
	if viaMention(a, c) {
		return n.settleMention(ctx, a, c, since)
	}
	edge, fields := "/comments", facebookCommentFields
	if a.Channel == channels.Instagram {
		edge, fields = "/replies", instagramCommentFields
	}
	q := url.Values{"fields": {fields}, "limit": {"50"}}
	for range maxLooks {
		var out struct {
			Data   []commentNode `json:"data"`
			Paging paging        `json:"paging"`
		}
		err := n.Client.Get(ctx, a, c.CommentID+edge, q, &out)
		if gone(err) {
			return channels.Settled{Certain: true}, nil
		}
		if err != nil {
			return channels.Settled{}, err
		}
		for _, r := range out.Data {
			if n.isOwn(ctx, a, r) && same(r.text(), c.Text) && !r.at().Before(since) {
				return channels.Settled{Happened: true, Certain: true, Result: channels.Result{ID: r.ID}}, nil
			}
		}
		next := out.Paging.after()
		if next == "" {
			return channels.Settled{Certain: true}, nil
		}
		q.Set("after", next)
	}
	return channels.Settled{}, nil
}

// settlePrivateReply asks the comment first: Facebook names the conversation that a private reply opened.
// Otherwise the commenter's conversation is read; on Instagram the commenter's id is the one on the
// private side, on Facebook it may be. Without a person to look for nothing is taken for ours, because
// many people get the same words: the network itself lets no second private reply through.
func (n *Network) settlePrivateReply(ctx context.Context, a channels.Account, c channels.Call, since time.Time) (channels.Settled, error) {
	fields := "from"
	if a.Channel == channels.Facebook {
		fields = "from,private_reply_conversation"
	}
	var comment struct {
		From *struct {
			ID string `json:"id"`
		} `json:"from"`
		Conversation *struct {
			ID string `json:"id"`
		} `json:"private_reply_conversation"`
	}
	err := n.Client.Get(ctx, a, c.CommentID, url.Values{"fields": {fields}}, &comment)
	if err != nil && !gone(err) {
		return channels.Settled{}, err
	}
	person := c.To
	if person == "" && comment.From != nil {
		person = comment.From.ID
	}
	if person != "" {
		found, err := n.settleDM(ctx, a, c, person, since)
		var f *channels.Failure
		refused := errors.As(err, &f) && (f.Class == channels.GiveUp || f.Class == channels.AskPerson) // not an id of the private side
		if found.Happened || err != nil && !refused {
			return found, err
		}
	}
	return channels.Settled{Certain: true, Happened: comment.Conversation != nil}, nil
}

// settleDM reads the conversation with a person back. A message that is only a file cannot be told from
// another, so there any file of ours since then leaves the question open.
func (n *Network) settleDM(ctx context.Context, a channels.Account, c channels.Call, person string, since time.Time) (channels.Settled, error) {
	q := url.Values{"fields": {conversationFields}, "limit": {"5"}, "platform": {platform(a)}, "user_id": {person}}
	var out struct {
		Data []conversationNode `json:"data"`
	}
	if err := n.Client.Get(ctx, a, desk(a)+"/conversations", q, &out); err != nil {
		return channels.Settled{}, err
	}
	for _, v := range out.Data {
		customer := v.customer(a)
		if customer != "" && customer != person {
			continue // a server that does not know user_id lists everybody
		}
		for _, m := range v.Messages.Data {
			if !m.own(a) || m.Created.Before(since) {
				continue
			}
			if c.Text == "" && c.Media != nil && m.Message == "" {
				return channels.Settled{}, nil
			}
			if c.Text != "" && same(m.Message, c.Text) {
				return channels.Settled{Happened: true, Certain: true, Result: channels.Result{ID: m.ID, Recipient: person}}, nil
			}
		}
	}
	return channels.Settled{Certain: true}, nil
}

func gone(err error) bool {
	var f *channels.Failure
	return errors.As(err, &f) && f.Reason == "gone"
}

// same compares texts as networks keep them: spaces at the ends and doubled ones may be lost.
func same(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}
