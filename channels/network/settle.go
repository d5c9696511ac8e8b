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
	switch c.Kind {
	case channels.HideComment, channels.UnhideComment, channels.DeleteComment:
		state, err := n.ReadComment(ctx, a, c.CommentID)
		if err != nil {
			return channels.Settled{}, err
		}
		want := c.Kind == channels.HideComment
		happened := !state.Exists
		if c.Kind != channels.DeleteComment {
			happened = !state.Exists || state.Hidden == want
		}
		return channels.Settled{Certain: true, Happened: happened}, nil
	case channels.ReplyToComment:
		return n.settleReply(ctx, a, c, since)
	case channels.PrivateReply, channels.SendMessage:
		if a.Channel != channels.WhatsApp {
			return n.settleDM(ctx, a, c, since)
		}
	}
	return channels.Settled{}, nil
}

// clockSkew allows for the network's clock running behind ours.
const clockSkew = 2 * time.Minute

func (n *Network) settleReply(ctx context.Context, a channels.Account, c channels.Call, since time.Time) (channels.Settled, error) {
	edge, fields := "/comments", facebookCommentFields
	if a.Channel == channels.Instagram {
		edge, fields = "/replies", instagramCommentFields
	}
	cursor := ""
	for range 10 {
		q := url.Values{"fields": {fields}, "limit": {"50"}}
		if cursor != "" {
			q.Set("after", cursor)
		}
		var out struct {
			Data   []commentNode `json:"data"`
			Paging paging        `json:"paging"`
		}
		err := n.Client.Get(ctx, a, c.CommentID+edge, q, &out)
		var f *channels.Failure
		if errors.As(err, &f) && f.Reason == "gone" {
			return channels.Settled{Certain: true}, nil
		}
		if err != nil {
			return channels.Settled{}, err
		}
		for _, r := range out.Data {
			mine := r.From == nil || r.From.ID == a.ID || a.Channel == channels.Instagram
			if mine && same(r.text(), c.Text) && !r.at().Before(since.Add(-clockSkew)) {
				return channels.Settled{Happened: true, Certain: true, Result: channels.Result{ID: r.ID}}, nil
			}
		}
		if cursor = out.Paging.after(); cursor == "" {
			return channels.Settled{Certain: true}, nil
		}
	}
	return channels.Settled{}, nil
}

// settleDM reads the conversation back. A private reply opens it, and the commenter's id is not always
// the id on the private side, so without a recipient the newest conversations are looked through.
func (n *Network) settleDM(ctx context.Context, a channels.Account, c channels.Call, since time.Time) (channels.Settled, error) {
	q := url.Values{"fields": {"id,updated_time,participants,messages.limit(20){id,message,from,created_time}"}, "limit": {"25"}, "platform": {"messenger"}}
	if a.Channel == channels.Instagram {
		q.Set("platform", "instagram")
	}
	if c.To != "" {
		q.Set("user_id", c.To)
	}
	var out struct {
		Data []struct {
			Participants struct {
				Data []struct {
					ID string `json:"id"`
				} `json:"data"`
			} `json:"participants"`
			Messages struct {
				Data []struct {
					ID      string `json:"id"`
					Message string `json:"message"`
					Created stamp  `json:"created_time"`
					From    struct {
						ID string `json:"id"`
					} `json:"from"`
				} `json:"data"`
			} `json:"messages"`
		} `json:"data"`
	}
	if err := n.Client.Get(ctx, a, a.ID+"/conversations", q, &out); err != nil {
		return channels.Settled{}, err
	}
	for _, v := range out.Data {
		for _, m := range v.Messages.Data {
			if m.From.ID != a.ID || !same(m.Message, c.Text) || m.Created.Before(since.Add(-clockSkew)) {
				continue
			}
			r := channels.Result{ID: m.ID, Recipient: c.To}
			for _, p := range v.Participants.Data {
				if p.ID != a.ID && r.Recipient == "" {
					r.Recipient = p.ID
				}
			}
			return channels.Settled{Happened: true, Certain: true, Result: r}, nil
		}
	}
	return channels.Settled{Certain: true}, nil
}

// same compares texts as networks keep them: spaces at the ends and doubled ones may be lost.
func same(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}
