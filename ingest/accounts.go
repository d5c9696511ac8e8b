package ingest

import (
	"context"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/inbox"
)

// Directory answers which connected account an event belongs to. It is read again when an account is
// added or removed, and when an unknown id turns up, but not more often than once a second.
type Directory struct {
	Changed <-chan struct{} // told when an account was added or removed; nil: found out by age

	db   *sqlx.DB
	now  func() time.Time
	mu   sync.RWMutex
	byID map[int64]*inbox.Account
	by   map[string]*inbox.Account // channel + "/" + external id; "waba/" + id
	read time.Time
}

// NewDirectory returns an empty directory; the first question fills it.
func NewDirectory(db *sqlx.DB) *Directory {
	return &Directory{db: db, now: time.Now}
}

// maxDirectoryAge bounds how long a change made by another replica can go unnoticed.
const maxDirectoryAge = 10 * time.Second

// Find returns the account of an event, or nil where nobody connected it.
func (d *Directory) Find(ctx context.Context, channel channels.Channel, externalID string) (*inbox.Account, error) {
	key := string(channel)
	if channel == channels.Messenger {
		key = "facebook" // the private side of a Page
	}
	key += "/" + externalID
	select {
	case <-d.Changed:
		if err := d.Refresh(ctx); err != nil {
			return nil, err
		}
	default:
	}
	if a, fresh := d.lookup(key, channel, externalID); a != nil || fresh {
		return a, nil
	}
	if err := d.Refresh(ctx); err != nil {
		return nil, err
	}
	a, _ := d.lookup(key, channel, externalID)
	return a, nil
}

func (d *Directory) lookup(key string, channel channels.Channel, externalID string) (*inbox.Account, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	age := d.now().Sub(d.read)
	if age > maxDirectoryAge {
		return nil, false
	}
	if a := d.by[key]; a != nil {
		return a, true
	}
	if channel == channels.WhatsApp {
		if a := d.by["waba/"+externalID]; a != nil {
			return a, true
		}
	}
	return nil, age < time.Second
}

// Get returns a connected account by its row id, or nil.
func (d *Directory) Get(id int64) *inbox.Account {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.byID[id]
}

// Refresh reads the accounts again.
func (d *Directory) Refresh(ctx context.Context) error {
	list, err := inbox.Accounts(ctx, d.db, 0)
	if err != nil {
		return err
	}
	by, byID := make(map[string]*inbox.Account, len(list)), make(map[int64]*inbox.Account, len(list))
	for i := range list {
		a := &list[i]
		byID[a.ID] = a
		by[a.Channel+"/"+a.ExternalID] = a
		if a.WABAID != "" && by["waba/"+a.WABAID] == nil {
			by["waba/"+a.WABAID] = a
		}
	}
	d.mu.Lock()
	d.by, d.byID, d.read = by, byID, d.now()
	d.mu.Unlock()
	return nil
}
