package ingest

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"ponte/channels"
	"ponte/flow/live"
)

// wires stand in for the networks: they keep what reached people, whatever they answer.
type wires struct {
	h       *weeks
	mu      sync.Mutex
	left    []departure
	effects map[string]int // token → times it took place
	exempt  map[string]bool
	buttons map[string][]tappable // address@account → what can be tapped there
	news    []string              // receipts, for the next round
	serial  int
}

// tappable is a button that reached somebody.
type tappable struct {
	id, title, under string
	first            bool
}

func (w *wires) taken() []departure {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.left
	w.left = nil
	return out
}

// Do answers well, or badly in one of the ways networks have. What it answers depends on the seed and on
// what is asked, not on the order in which two replicas ask.
func (w *wires) Do(_ context.Context, a channels.Account, c channels.Call) (channels.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := fnv.New64a()
	fmt.Fprint(sum, w.h.seed, w.h.n, c.Kind, c.To, c.Phone, c.CommentID, c.Text)
	luck := sum.Sum64() % 16
	switch luck {
	case 0:
		return channels.Result{}, &channels.Failure{Class: channels.GiveUp, Reason: "invalid", Code: 131026}
	case 1:
		return channels.Result{}, &channels.Failure{Class: channels.Wait, Reason: "busy", After: time.Minute}
	}
	d := departure{at: w.h.now, address: addressee(c), account: a.Row, kind: string(c.Kind), comment: c.CommentID, arrived: luck != 2}
	if c.Template != nil {
		d.template = c.Template.Name
	}
	d.promotes = !w.exempt[c.Token] && (strings.Contains(c.Text, "20%") || d.template == "summer" || d.template == "sly")
	if c.Kind == channels.PrivateReply {
		d.address = w.author(c.CommentID)
	}
	w.left = append(w.left, d)
	if !d.arrived {
		return channels.Result{}, &channels.Failure{Class: channels.Unknown, Reason: "timeout"}
	}
	if c.Kind == channels.SendMessage || c.Kind == channels.SendTemplate || c.Kind == channels.PrivateReply || c.Kind == channels.ReplyToComment {
		w.effects[c.Token]++
	}
	w.reached(d, c)
	w.serial++
	r := channels.Result{ID: fmt.Sprint("net", w.serial)}
	if c.Kind == channels.PrivateReply {
		_, r.Recipient, _ = strings.Cut(strings.Replace(d.address, "facebook:fb", "messenger:ms", 1), ":")
	}
	if luck == 3 {
		return channels.Result{}, &channels.Failure{Class: channels.Unknown, Reason: "timeout"}
	}
	if c.Channel == channels.WhatsApp && c.Kind != channels.MarkRead && c.Kind != channels.Typing {
		status := []string{"sent", "delivered", "read", "failed"}[luck%4]
		w.news = append(w.news, w.h.waChange("messages", obj{"messaging_product": "whatsapp", "metadata": obj{"display_phone_number": "61400000000", "phone_number_id": waID},
			"statuses": []any{obj{"id": r.ID, "status": status, "timestamp": fmt.Sprint(w.h.now.Unix()), "recipient_id": c.Phone, "biz_opaque_callback_data": c.Token}}}))
	}
	return r, nil
}

// reached notes what the person can answer and tap now.
func (w *wires) reached(d departure, c channels.Call) {
	key, under := where(d.address, d.account), ""
	switch {
	case slices.ContainsFunc(w.h.wordings, func(s string) bool { return strings.Contains(c.Text, s) }):
		under = "offers"
	case slices.ContainsFunc(c.Buttons, func(b channels.Button) bool { return strings.HasSuffix(b.ID, ":stop") }):
		under = "doubt"
	}
	if under != "" {
		w.h.oracle.shown[key] = under
	}
	for _, p := range w.h.people {
		if strings.Contains(strings.ReplaceAll(c.Text, " ", ""), "+"+p.phone) {
			w.h.oracle.asked[key] = p.phone
		}
	}
	for i, b := range c.Buttons {
		w.buttons[key] = append(w.buttons[key], tappable{b.ID, b.Title, under, i == 0})
	}
	if all := w.buttons[key]; len(all) > 6 {
		w.buttons[key] = all[len(all)-6:]
	}
}

// Settle looks: everywhere but on WhatsApp it can be seen what arrived.
func (w *wires) Settle(_ context.Context, _ channels.Account, c channels.Call, _ time.Time) (channels.Settled, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.Channel == channels.WhatsApp {
		return channels.Settled{}, nil
	}
	return channels.Settled{Happened: w.effects[c.Token] > 0, Certain: true, Result: channels.Result{ID: "seen" + c.Token}}, nil
}

func addressee(c channels.Call) string {
	if c.Channel == channels.WhatsApp {
		if c.Phone != "" {
			return "whatsapp:" + c.Phone
		}
		return "whatsapp:" + strings.TrimPrefix(c.To, "AU.")
	}
	return string(c.Channel) + ":" + c.To
}

func (w *wires) author(comment string) string {
	return w.h.text(`SELECT i.channel || ':' || i.external_id FROM comments c JOIN identities i ON i.id = c.identity_id WHERE c.external_id = $1`, comment)
}

// fatal is the network of a process that is killed at the first answer.
type fatal struct{ *wires }

func (f fatal) Do(ctx context.Context, a channels.Account, c channels.Call) (channels.Result, error) {
	_, _ = f.wires.Do(ctx, a, c)
	runtime.Goexit()
	return channels.Result{}, nil
}

func (h *weeks) timers() *live.Timers {
	return &live.Timers{DB: h.db, Now: func() time.Time { return h.now }, Log: slog.New(slog.DiscardHandler)}
}
