package main

import (
	"context"
	"fmt"
	"time"

	"ponte/channels"
	"ponte/fault"
	"ponte/inbox"
	"ponte/outbox"
)

// syncTemplates reads the templates of the workspace's WhatsApp business accounts, each once, whichever of
// its numbers is connected.
func (v *service) syncTemplates(ctx context.Context, workspaceID int64) (int, error) {
	list, err := inbox.Accounts(ctx, v.DB, workspaceID)
	if err != nil {
		return 0, err
	}
	n, read := 0, map[string]bool{}
	for _, a := range list {
		if a.Channel != string(channels.WhatsApp) || read[a.WABAID] {
			continue
		}
		read[a.WABAID] = true
		found, err := v.readTemplates(ctx, a)
		if err != nil {
			return n, err
		}
		n += found
	}
	return n, nil
}

// readTemplates reads the whole list before it keeps any of it: what is missing from half a list is not
// deleted.
func (v *service) readTemplates(ctx context.Context, a inbox.Account) (int, error) {
	open, err := v.openAccount(ctx, a.WorkspaceID, a.ID)
	if err != nil {
		return 0, err
	}
	at := time.Now()
	var all []channels.NetworkTemplate
	for cursor := ""; ; {
		page, err := v.network.ListTemplates(ctx, open, cursor)
		if err != nil {
			return 0, fault.Wrap(fault.Unavailable, err, "the templates of %s could not be read: %v", a.Name, err)
		}
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	tx, err := v.DB.BeginTxx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if err := inbox.SaveTemplates(ctx, tx, a.WorkspaceID, a.ID, all, at); err != nil {
		return 0, err
	}
	if err := outbox.Reconsider(ctx, tx, a.WorkspaceID, outbox.PauseReasons...); err != nil {
		return 0, err
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("keep the templates of %s: %w", a.Name, err)
	}
	return len(all), nil
}
