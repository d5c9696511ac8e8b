package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"ponte/channels"
	"ponte/channels/network"
	"ponte/inbox"
)

// network calls Meta as the configured app: what is subscribed for other apps is not ours.
func (c *config) network(timeout time.Duration) *network.Network {
	n := network.New(timeout)
	n.AppID = c.MetaAppID
	return n
}

// subscribeNew asks the network for the webhooks of an account that was just connected, and says what came of
// it. The account is kept either way, as one that must be connected again where its token is refused; the doctor names what
// is missing.
func (c *config) subscribeNew(ctx context.Context, s *store, a *inbox.Account) (string, error) {
	open, err := a.Callable(s.Keys, c.firstAppSecret())
	if err == nil {
		err = c.network(10*time.Second).Subscribe(ctx, open)
	}
	if tokenRefused(err) {
		if err := inbox.AccountRefused(ctx, s.DB, a.WorkspaceID, a.ID, "the network does not take the token: "+err.Error()); err != nil {
			return "", err
		}
		a.State = "needs_reauthorisation"
	}
	if err != nil {
		return "not subscribed: " + err.Error(), err
	}
	return "subscribed", nil
}

// tokenRefused says that the network does not take an account's token at all, which is worse than a permission that it
// lacks: nothing of the account works.
func tokenRefused(err error) bool {
	var f *channels.Failure
	return errors.As(err, &f) && f.Class == channels.Reauthorise && f.Reason != "permission_missing"
}

// sayUnsubscribed warns whoever does not read the answer: the account is kept, but nothing will come from it.
func sayUnsubscribed(w io.Writer, a inbox.Account, err error) {
	if tokenRefused(err) {
		fmt.Fprintf(w, "ponte: %s account %s is kept, but does not work yet: %v\n", a.Channel, a.ExternalID, err)
		fmt.Fprintln(w, "ponte: the network does not take its token: give it again with another one")
		return
	}
	fmt.Fprintf(w, "ponte: %s account %s is connected, but its webhooks could not be asked for, and nothing comes from it yet: %v\n", a.Channel, a.ExternalID, err)
	fmt.Fprintln(w, "ponte: give it again once that is mended, or see ponte doctor")
}

// endWebhooks asks the network to send no more webhooks of an account that was just removed, given as it was
// before, with its token.
func (c *config) endWebhooks(ctx context.Context, s *store, was inbox.Account) (string, error) {
	shared, err := inbox.SharesWebhooks(ctx, s.DB, was)
	if err != nil {
		return "", err
	}
	if shared {
		return "kept for another account", nil
	}
	open, err := was.Callable(s.Keys, c.firstAppSecret())
	if err != nil {
		return "", err
	}
	return "ended", c.network(10*time.Second).Unsubscribe(ctx, open)
}
