package api

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/jmoiron/sqlx"

	"ponte/fault"
)

// hub reads the changes of all workspaces once and hands them to the open streams.
type hub struct {
	db   *sqlx.DB
	wake <-chan struct{}
	log  *slog.Logger

	mu     sync.Mutex
	subs   map[*subscriber]struct{}
	ended  bool
	placed bool // cursor has been put at the end once; 0 is a place like any other
	cursor place
}

// place is how far changes were told: all of earlier transactions, and of this one up to a row. Rows of one
// transaction come to light together and those of the next may have lower ids, so that neither number is enough.
type place struct{ XID, ID int64 }

func (p place) String() string { return fmt.Sprintf("%d-%d", p.XID, p.ID) }

// placeOf reads what String wrote.
func placeOf(text string) (place, error) {
	xid, id, ok := strings.Cut(text, "-")
	x, err := strconv.ParseUint(xid, 10, 63)
	n, err2 := strconv.ParseUint(id, 10, 63)
	if !ok || err != nil || err2 != nil {
		return place{}, fault.New(fault.Invalid, "Last-Event-ID is not one of ours")
	}
	return place{int64(x), int64(n)}, nil
}

type subscriber struct {
	workspace int64
	by        string     // whose it is: the actor's
	news      chan batch // closed: the stream ends
}

type change struct {
	Topic string `json:"topic"`
	ID    int64  `json:"id"`
}

type batch struct {
	topics []change
	cursor place
}

// maxStreams bounds what many open pages may take; queued batches beyond streamQueue drop the client,
// which then connects again with its cursor.
const (
	maxStreams    = 2000
	streamsEach   = 50 // of one user or token, in all workspaces together
	streamQueue   = 64
	streamPoll    = time.Second
	heartbeat     = 15 * time.Second
	changesAtOnce = 2000
)

func newHub(db *sqlx.DB, wake <-chan struct{}, log *slog.Logger) *hub {
	return &hub{db: db, wake: wake, log: log, subs: map[*subscriber]struct{}{}}
}

// subscribe lets a stream hear of what changes from now on.
func (h *hub) subscribe(ctx context.Context, workspace int64, by string) (*subscriber, error) {
	if err := h.place(ctx); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended || len(h.subs) >= maxStreams {
		return nil, fault.New(fault.Unavailable, "no more live updates can be served at the moment")
	}
	have := 0
	for sub := range h.subs {
		if sub.by == by {
			have++
		}
	}
	if have >= streamsEach {
		return nil, fault.New(fault.TooMany, "you have %d streams of live updates open, as many as one user or token may have: close one first", have)
	}
	sub := &subscriber{workspace: workspace, by: by, news: make(chan batch, streamQueue)}
	h.subs[sub] = struct{}{}
	return sub, nil
}

func (h *hub) leave(sub *subscriber) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.subs[sub]; ok {
		delete(h.subs, sub)
		close(sub.news)
	}
}

func (h *hub) run(ctx context.Context) error {
	defer h.end()
	tick := time.NewTicker(streamPoll)
	defer tick.Stop()
	for {
		err := h.skip(ctx)
		if err == nil {
			err = h.pass(ctx)
		}
		if err != nil && ctx.Err() == nil {
			h.log.Warn("api: live updates cannot be read", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-h.wake:
		case <-tick.C:
		}
	}
}

// place finds where to read from before anybody listens: found later, it would lie behind what the first
// listener is to hear.
func (h *hub) place(ctx context.Context) error {
	h.mu.Lock()
	placed := h.placed
	h.mu.Unlock()
	if placed {
		return nil
	}
	return h.skip(ctx)
}

// skip moves to the end while nobody listens.
func (h *hub) skip(ctx context.Context) error {
	if h.listeners() {
		return nil
	}
	var end changeRow
	if err := h.db.GetContext(ctx, &end, sqlHorizon); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("find the end of changes: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.subs) == 0 {
		h.cursor, h.placed = end.place(), true
	}
	return nil
}

func (h *hub) listeners() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.subs) > 0
}

// Transactions commit out of order: only what no running one can still precede is read, in the order of transactions.
const (
	changeColumns = `SELECT xid::text::bigint AS xid, id, workspace_id, topic, object_id FROM changes WHERE xid < pg_snapshot_xmin(pg_current_snapshot())`
	sqlHorizon    = changeColumns + ` ORDER BY changes.xid DESC, id DESC LIMIT 1`
	sqlChanges    = changeColumns + ` AND (xid, id) > ($1::text::xid8, $2) ORDER BY changes.xid, id LIMIT $3`
	sqlMissed     = changeColumns + ` AND (xid, id) > ($1::text::xid8, $2) AND workspace_id = $4 ORDER BY changes.xid, id LIMIT $3`
)

type changeRow struct {
	XID         int64  `db:"xid"`
	ID          int64  `db:"id"`
	WorkspaceID int64  `db:"workspace_id"`
	Topic       string `db:"topic"`
	ObjectID    int64  `db:"object_id"`
}

func (r changeRow) place() place { return place{r.XID, r.ID} }

func (h *hub) pass(ctx context.Context) error {
	for h.listeners() {
		var rows []changeRow
		if err := h.db.SelectContext(ctx, &rows, sqlChanges, strconv.FormatInt(h.cursor.XID, 10), h.cursor.ID, changesAtOnce); err != nil {
			return fmt.Errorf("read changes: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		h.cursor = rows[len(rows)-1].place()
		h.hand(gather(rows))
		if len(rows) < changesAtOnce {
			return nil
		}
	}
	return nil
}

// gather makes one batch a workspace, each change once.
func gather(rows []changeRow) map[int64]batch {
	out := map[int64]batch{}
	seen := map[changeRow]bool{}
	for _, r := range rows {
		b := out[r.WorkspaceID]
		b.cursor = r.place()
		key := changeRow{WorkspaceID: r.WorkspaceID, Topic: r.Topic, ObjectID: r.ObjectID}
		if !seen[key] {
			seen[key] = true
			b.topics = append(b.topics, change{r.Topic, r.ObjectID})
		}
		out[r.WorkspaceID] = b
	}
	return out
}

func (h *hub) hand(news map[int64]batch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for sub := range h.subs {
		b, ok := news[sub.workspace]
		if !ok {
			continue
		}
		select {
		case sub.news <- b:
		default: // too slow: it resumes from its cursor
			delete(h.subs, sub)
			close(sub.news)
		}
	}
}

func (h *hub) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	for sub := range h.subs {
		delete(h.subs, sub)
		close(sub.news)
	}
}

// stream sends what changed in the caller's workspace, from the last event they saw on.
func (s *Server) stream(c *fiber.Ctx, who *caller) error {
	var last *place
	if id := c.Get("Last-Event-ID"); id != "" {
		p, err := placeOf(id)
		if err != nil {
			return err
		}
		last = &p
	}
	sub, err := s.hub.subscribe(c.Context(), who.WorkspaceID, who.Actor())
	if err != nil {
		return err
	}
	missed, err := s.missed(c.Context(), who, last)
	if err != nil {
		s.hub.leave(sub)
		return err
	}
	asEvents(c)
	s.met.streams.Inc()
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		defer s.met.streams.Dec()
		defer s.hub.leave(sub)
		s.pump(w, sub, who, missed)
	})
	return nil
}

// asEvents says that the answer is server-sent events, which nothing on the way may keep or gather.
func asEvents(c *fiber.Ctx) {
	c.Set(fiber.HeaderContentType, "text/event-stream")
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set("X-Accel-Buffering", "no")
}

func (s *Server) missed(ctx context.Context, who *caller, from *place) (*batch, error) {
	if from == nil {
		return nil, nil
	}
	last := *from
	var rows []changeRow
	for { // all of it: the hub is past what lies between, and tells it nobody again
		var part []changeRow
		if err := s.DB.SelectContext(ctx, &part, sqlMissed, strconv.FormatInt(last.XID, 10), last.ID, changesAtOnce, who.WorkspaceID); err != nil {
			return nil, fmt.Errorf("read missed changes: %w", err)
		}
		rows = append(rows, part...)
		if len(part) < changesAtOnce {
			break
		}
		last = part[len(part)-1].place()
	}
	if len(rows) == 0 {
		return nil, nil
	}
	b, _ := ours(gather(rows)[who.WorkspaceID], who)
	return &b, nil
}

// pump writes until the client goes, falls behind, or the server stops. A session that ended is told and
// ends its stream at once; where nobody could tell of it, at the next heartbeat.
func (s *Server) pump(w *bufio.Writer, sub *subscriber, who *caller, missed *batch) {
	_, _ = w.WriteString("retry: 1000\n\n")
	if missed != nil && send(w, *missed) != nil || w.Flush() != nil {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-s.life.Done():
			return
		case b, ok := <-sub.news:
			b, mine := ours(b, who)
			if ok && mine && !s.stillAllowed(who) {
				_, _ = w.WriteString("event: ended\ndata: {}\n\n")
				_ = w.Flush()
				return
			}
			if !ok || len(b.topics) > 0 && send(w, b) != nil {
				return
			}
		case <-beat.C:
			if !s.stillAllowed(who) {
				_, _ = w.WriteString("event: ended\ndata: {}\n\n")
				_ = w.Flush()
				return
			}
			if _, err := w.WriteString(": alive\n\n"); err != nil || w.Flush() != nil {
				return
			}
		}
	}
}

// ours leaves out what concerns others' sessions, and says whether the caller's own membership or
// sessions changed.
func ours(b batch, who *caller) (batch, bool) {
	mine := false
	out := batch{cursor: b.cursor, topics: make([]change, 0, len(b.topics))}
	for _, c := range b.topics {
		own := who.UserID != 0 && c.ID == who.UserID
		mine = mine || own && (c.Topic == "session" || c.Topic == "member")
		if own || c.Topic != "session" {
			out.topics = append(out.topics, c)
		}
	}
	return out, mine
}

func send(w *bufio.Writer, b batch) error {
	data, err := json.Marshal(struct {
		Topics []change `json:"topics"`
		Cursor string   `json:"cursor"`
	}{b.topics, b.cursor.String()})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "id: %s\nevent: changes\ndata: %s\n\n", b.cursor, data); err != nil {
		return err
	}
	return w.Flush()
}

func (s *Server) stillAllowed(who *caller) bool {
	ctx, cancel := context.WithTimeout(s.life, 5*time.Second)
	defer cancel()
	var ok bool
	var err error
	if who.TokenID != 0 {
		err = s.DB.GetContext(ctx, &ok, `SELECT EXISTS (SELECT 1 FROM api_tokens WHERE workspace_id = $1 AND id = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()))`, who.WorkspaceID, who.TokenID)
	} else {
		err = s.DB.GetContext(ctx, &ok, `SELECT EXISTS (SELECT 1 FROM sessions s JOIN members m ON m.user_id = s.user_id JOIN users u ON u.id = s.user_id AND u.disabled_at IS NULL WHERE s.hash = $1 AND m.workspace_id = $2 AND s.expires_at > now())`, who.Session, who.WorkspaceID)
	}
	return ok || err != nil // a database that does not answer is no reason to cut people off
}
