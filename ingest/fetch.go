package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/consent"
	"ponte/inbox"
)

// Reader is what ingest reads of the networks, beside the pipeline.
type Reader interface {
	ReadPost(ctx context.Context, a channels.Account, id string) (channels.Post, error)
	ListPosts(ctx context.Context, a channels.Account, cursor string) (channels.Page[channels.Post], error)
	ListComments(ctx context.Context, a channels.Account, postID, cursor string) (body []byte, count int, next string, err error)
	ListMessages(ctx context.Context, a channels.Account, since time.Time, cursor string) (body []byte, count int, next string, err error)
	ReadLead(ctx context.Context, a channels.Account, id string) (channels.LeadFields, error)
	ReadMention(ctx context.Context, a channels.Account, mediaID, commentID string) (body []byte, post channels.Post, err error)
	FetchMedia(ctx context.Context, a channels.Account, address string) (mime string, body []byte, err error)
}

// Fetcher reads what webhooks leave out: captions and pictures of posts, the comments of recent posts
// that no webhook announced (the sweep), and an account's history (the backfill). What it reads goes
// through the same door as a webhook.
type Fetcher struct {
	DB       *sqlx.DB
	Network  Reader
	Accounts *Directory
	Ledger   *consent.Ledger
	// Open opens an account's token for a call.
	Open func(ctx context.Context, workspaceID, accountID int64) (channels.Account, error)
	Now  func() time.Time
	Log  *slog.Logger
	// Throttled says that an account is near the network's limits: its history can wait. Optional.
	Throttled func(accountID int64) bool
	// SweepEvery is how often recent posts are read back; 0: 15 minutes.
	SweepEvery time.Duration
	// Keep is how long raw deliveries and change notes stay; 0: 30 days.
	Keep time.Duration
}

// Run fetches until the context ends. What somebody waits for and the history have a loop each: a sweep of many accounts
// over a slow network takes minutes, and a file of WhatsApp is gone after five.
func (f *Fetcher) Run(ctx context.Context) error {
	if f.SweepEvery == 0 {
		f.SweepEvery = 15 * time.Minute
	}
	if f.Keep == 0 {
		f.Keep = 30 * 24 * time.Hour
	}
	var loops sync.WaitGroup
	loops.Go(func() { f.fetchNew(ctx) })
	loops.Go(func() { f.readHistory(ctx) })
	loops.Wait()
	return nil
}

// fetchNew reads what arrived only as a name: posts, mentions, files, lead forms, numbers to write to.
func (f *Fetcher) fetchNew(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := f.posts(ctx)
		f.warn(ctx, "posts could not be read; trying again", err)
		mentions, err2 := f.mentions(ctx)
		f.warn(ctx, "mentions could not be read; trying again", err2)
		files, err3 := f.messageFiles(ctx)
		f.warn(ctx, "files of messages could not be fetched; trying again", err3)
		forms, err4 := f.leads(ctx)
		f.warn(ctx, "lead forms could not be read; trying again", err4)
		numbers, err5 := f.numbersAgreed(ctx)
		f.warn(ctx, "numbers that were left could not be written to; trying again", err5)
		f.warn(ctx, "what became of first messages could not be told; trying again", f.firstMessages(ctx))
		if n+mentions+files+forms+numbers > 0 && errors.Join(err, err2, err3, err4, err5) == nil {
			continue
		}
		rest(ctx)
	}
}

// readHistory goes on with backfills, sweeps recent posts and removes what is kept no longer.
func (f *Fetcher) readHistory(ctx context.Context) {
	swept, recount, tidied := f.Now(), time.Time{}, time.Time{}
	for ctx.Err() == nil {
		f.warn(ctx, "a backfill stopped; it goes on later", f.backfills(ctx))
		if f.Now().Sub(swept) > f.SweepEvery {
			swept = f.Now()
			f.warn(ctx, "the sweep stopped; it runs again later", f.Sweep(ctx))
			recount = f.Now().Add(time.Minute)
		}
		if !recount.IsZero() && f.Now().After(recount) {
			recount = time.Time{}
			f.warn(ctx, "what the sweep found could not be counted; it is with the next one", f.recount(ctx))
		}
		if f.Now().Sub(tidied) > time.Hour {
			tidied = f.Now()
			f.warn(ctx, "old rows could not be removed", f.tidy(ctx))
		}
		rest(ctx)
	}
}

func (f *Fetcher) warn(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		f.Log.Warn(what, "error", err)
	}
}

func rest(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Second):
	}
}

func (f *Fetcher) throttled(account int64) bool { return f.Throttled != nil && f.Throttled(account) }

type wantedPost struct {
	WorkspaceID int64  `db:"workspace_id"`
	ID          int64  `db:"id"`
	AccountID   int64  `db:"account_id"`
	ExternalID  string `db:"external_id"`
}

// posts reads the captions and pictures that are missing, a few at a time.
func (f *Fetcher) posts(ctx context.Context) (int, error) {
	var list []wantedPost
	if err := f.DB.SelectContext(ctx, &list, sqlUnfetchedPosts); err != nil {
		return 0, fmt.Errorf("find posts to read: %w", err)
	}
	for _, p := range list {
		if err := f.post(ctx, p); err != nil {
			return 0, err
		}
	}
	return len(list), f.raiseCaptionWaits(ctx)
}

// The row is put off before it is read, so that two replicas do not read it at once.
const sqlUnfetchedPosts = `
UPDATE posts p SET fetch_after = now() + interval '5 minutes'
FROM (SELECT p.workspace_id, p.id FROM posts p JOIN accounts a ON a.id = p.account_id
      WHERE p.fetched_at IS NULL AND p.fetch_after <= now() AND a.removed_at IS NULL AND a.state = 'connected'
      ORDER BY p.fetch_after LIMIT 10 FOR UPDATE OF p SKIP LOCKED) d
WHERE p.workspace_id = d.workspace_id AND p.id = d.id
RETURNING p.workspace_id, p.id, p.account_id, p.external_id`

func (f *Fetcher) post(ctx context.Context, p wantedPost) error {
	account, err := f.Open(ctx, p.WorkspaceID, p.AccountID)
	if err != nil {
		return err
	}
	read, err := f.Network.ReadPost(ctx, account, p.ExternalID)
	var failure *channels.Failure
	if errors.As(err, &failure) {
		later := f.Now().Add(max(failure.After, 10*time.Minute))
		if failure.Class == channels.GiveUp || failure.Class == channels.AskPerson {
			later = f.Now().Add(24 * time.Hour)
		}
		_, err = f.DB.ExecContext(ctx, `UPDATE posts SET fetch_error = $3, fetch_after = $4 WHERE workspace_id = $1 AND id = $2`, p.WorkspaceID, p.ID, failure.Meaning, later)
		return err
	}
	if err != nil {
		return err
	}
	hash := f.media(ctx, account, read.MediaURL)
	return f.savePost(ctx, p.WorkspaceID, p.AccountID, read, hash)
}

// media fetches a picture once into the content-addressed store; a picture that is not to be had is no
// reason to lose the caption.
func (f *Fetcher) media(ctx context.Context, a channels.Account, address string) string {
	if address == "" {
		return ""
	}
	mime, body, err := f.Network.FetchMedia(ctx, a, address)
	if err != nil || !strings.HasPrefix(mime, "image/") || strings.Contains(mime, "svg") {
		return ""
	}
	hash, err := f.keepMedia(ctx, mime, body)
	if err != nil {
		f.Log.Warn("a post's picture could not be kept", "error", err)
	}
	return hash
}

func (f *Fetcher) savePost(ctx context.Context, workspaceID, accountID int64, p channels.Post, hash string) error {
	var at *time.Time
	if !p.Time.IsZero() {
		at = &p.Time
	}
	clean := func(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd") }
	tx, err := f.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	var id int64
	if err := tx.GetContext(ctx, &id, sqlSavePost, workspaceID, accountID, p.ID, clean(p.Caption), clean(p.Permalink), clean(p.MediaURL), hash, p.MediaType, p.ProductType, at); err != nil {
		return fmt.Errorf("keep a post: %w", err)
	}
	if err := inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspaceID, Topic: "post", ObjectID: id}); err != nil {
		return err
	}
	return tx.Commit()
}

const sqlSavePost = `
INSERT INTO posts (workspace_id, account_id, external_id, caption, permalink, media_url, media_hash, media_type, product_type, posted_at, fetched_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now())
ON CONFLICT (account_id, external_id) DO UPDATE SET caption = excluded.caption, permalink = excluded.permalink, media_url = excluded.media_url,
    media_hash = CASE WHEN excluded.media_hash <> '' THEN excluded.media_hash ELSE posts.media_hash END, media_type = excluded.media_type,
    product_type = excluded.product_type, posted_at = excluded.posted_at, fetched_at = now(), fetch_error = ''
RETURNING id`

// comments reads a post's comments, page by page, through the door that webhooks use.
func (f *Fetcher) comments(ctx context.Context, account channels.Account, postID, source string, pages int) (int, error) {
	return f.pages(ctx, source, pages, func(cursor string) ([]byte, int, string, error) {
		return f.Network.ListComments(ctx, account, postID, cursor)
	})
}

// messages reads an account's recent conversations the same way.
func (f *Fetcher) messages(ctx context.Context, account channels.Account, since time.Time, source string, pages int) (int, error) {
	return f.pages(ctx, source, pages, func(cursor string) ([]byte, int, string, error) {
		return f.Network.ListMessages(ctx, account, since, cursor)
	})
}

func (f *Fetcher) pages(ctx context.Context, source string, most int, read func(cursor string) ([]byte, int, string, error)) (int, error) {
	total, cursor := 0, ""
	for range most {
		body, n, next, err := read(cursor)
		if err != nil {
			return total, err
		}
		if n > 0 {
			if err := f.keep(ctx, source, body); err != nil {
				return total, err
			}
		}
		total += n
		if cursor = next; cursor == "" {
			break
		}
	}
	return total, nil
}

func (f *Fetcher) keep(ctx context.Context, source string, body []byte) error {
	tx, err := f.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if err := Store(ctx, tx, source, body); err != nil {
		return err
	}
	return tx.Commit()
}

// sweepBack is how far back conversations are read; older messages could not be answered any more.
const sweepBack = 24 * time.Hour

// Sweep reads the comments of recent posts and the messages of the last day back: Meta does not send
// every webhook. Coverage is the share of the comments, and of the customers' messages, that had come by webhook.
func (f *Fetcher) Sweep(ctx context.Context) error {
	list, err := inbox.Accounts(ctx, f.DB, 0)
	if err != nil {
		return err
	}
	var failed error
	for _, a := range list {
		if a.Channel == string(channels.WhatsApp) || a.State != "connected" || f.throttled(a.ID) {
			continue
		}
		if err := f.sweep(ctx, a); err != nil {
			failed = errors.Join(failed, fmt.Errorf("account %d: %w", a.ID, err))
		}
	}
	return failed
}

func (f *Fetcher) sweep(ctx context.Context, a inbox.Account) error {
	account, err := f.Open(ctx, a.WorkspaceID, a.ID)
	if err != nil {
		return err
	}
	var posts []string
	if err := f.DB.SelectContext(ctx, &posts, `SELECT external_id FROM posts WHERE workspace_id = $1 AND account_id = $2 AND NOT elsewhere ORDER BY coalesce(posted_at, created_at) DESC LIMIT 10`, a.WorkspaceID, a.ID); err != nil {
		return fmt.Errorf("find recent posts: %w", err)
	}
	read := 0
	for _, p := range posts {
		n, err := f.comments(ctx, account, p, "sweep", 2)
		var failure *channels.Failure
		if errors.As(err, &failure) && failure.Reason == "gone" {
			continue // deleted there: the others are read all the same
		}
		if err != nil {
			return err
		}
		read += n
	}
	n, err := f.messages(ctx, account, f.Now().Add(-sweepBack), "sweep", 4)
	if err != nil {
		return err
	}
	read += n
	if _, err := f.DB.ExecContext(ctx, sqlSaveSweep, a.WorkspaceID, a.ID, read, f.Now()); err != nil {
		return fmt.Errorf("keep the sweep's figures: %w", err)
	}
	return nil
}

// recount counts the coverage once more when what the last sweep read has been decided: until then what it found, and
// no webhook had told of, is not among the comments.
func (f *Fetcher) recount(ctx context.Context) error {
	var list []struct {
		WorkspaceID int64     `db:"workspace_id"`
		ID          int64     `db:"id"`
		Read        int       `db:"read"`
		At          time.Time `db:"at"`
	}
	if err := f.DB.SelectContext(ctx, &list, sqlSwept); err != nil {
		return fmt.Errorf("find what was swept: %w", err)
	}
	for _, a := range list {
		if _, err := f.DB.ExecContext(ctx, sqlSaveSweep, a.WorkspaceID, a.ID, a.Read, a.At); err != nil {
			return fmt.Errorf("count the coverage of account %d again: %w", a.ID, err)
		}
	}
	return nil
}

const sqlSwept = `
SELECT workspace_id, id, coalesce((sweep->>'read')::int, 0) AS read, (sweep->>'at')::timestamptz AS at FROM accounts WHERE removed_at IS NULL AND sweep ? 'at'`

// Comments and messages are counted apart: they are subscribed apart, and lost apart. How a message first came is
// told by its event.
const sqlSaveSweep = `
UPDATE accounts a SET sweep = jsonb_build_object('at', $4::timestamptz, 'read', $3::int,
    'coverage', round(c.told::numeric / nullif(c.known, 0), 4), 'comments', c.known, 'comments_told', c.told, 'messages', m.known, 'messages_told', m.told)
FROM (SELECT count(*) AS known, count(*) FILTER (WHERE c.source = 'webhook') AS told FROM comments c
      WHERE c.account_id = $2 AND c.source IN ('webhook','sweep') AND c.commented_at > $4::timestamptz - interval '7 days') c,
     (SELECT count(*) AS known, count(*) FILTER (WHERE e.source = 'webhook') AS told FROM messages m
      JOIN events e ON e.account_id = m.account_id AND e.key = 'message:' || m.external_id AND e.source IN ('webhook','sweep')
      WHERE m.workspace_id = $1 AND m.account_id = $2 AND m.direction = 'in' AND m.at > $4::timestamptz - interval '7 days') m
WHERE a.workspace_id = $1 AND a.id = $2`

// tidy drops the bodies of old deliveries and old change notes; decisions and the ledger stay.
func (f *Fetcher) tidy(ctx context.Context) error {
	for _, stmt := range []string{
		`DELETE FROM deliveries WHERE state = 'split' AND received_at < $1`,
		`DELETE FROM changes WHERE at < $1`, `DELETE FROM sign_in_attempts WHERE at < $1`,
	} {
		if _, err := f.DB.ExecContext(ctx, stmt, f.Now().Add(-f.Keep)); err != nil {
			return fmt.Errorf("remove old rows: %w", err)
		}
	}
	if _, err := f.DB.ExecContext(ctx, `DELETE FROM uploads WHERE created_at < $1`, f.Now().Add(-24*time.Hour)); err != nil {
		return fmt.Errorf("remove files that were never sent: %w", err)
	}
	if _, err := f.DB.ExecContext(ctx, sqlOrphans); err != nil {
		return fmt.Errorf("remove files that nothing refers to: %w", err)
	}
	return f.ofRemovedAccounts(ctx)
}
