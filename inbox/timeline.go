package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// TimelineEntry is one thing that a person did, that was said to them, or that happened around them,
// on whichever channel.
type TimelineEntry struct {
	At             time.Time       `db:"at"`
	Rank           int             `db:"rank"` // of its kind; with the id it names the entry
	ID             int64           `db:"id"`
	Written        time.Time       `db:"written"`
	Kind           string          `db:"kind"`
	Channel        string          `db:"channel"`
	By             string          `db:"by"` // customer, bot, member, other_tool, system
	Name           string          `db:"name"`
	Text           string          `db:"text"`
	State          string          `db:"state"`
	What           string          `db:"what"`
	To             string          `db:"to_name"`
	Team           string          `db:"team"`
	ConversationID *int64          `db:"conversation_id"`
	MessageID      *int64          `db:"message_id"`
	CommentID      *int64          `db:"comment_id"`
	Extra          json.RawMessage `db:"extra"`
	About          TimelineAbout   `db:"-"` // Extra, read
}

// TimelineAbout is what only some kinds of entries have.
type TimelineAbout struct {
	Files    []string          `json:"files"`
	Harm     float64           `json:"harm"`
	On       string            `json:"on"` // the post's caption
	Purpose  string            `json:"purpose"`
	How      string            `json:"how"`
	Reason   string            `json:"reason"`
	Meaning  string            `json:"meaning"`
	StartsAt *time.Time        `json:"starts_at"`
	Service  map[string]string `json:"service"`
	Detail   map[string]any    `json:"detail"` // of a step
}

// TimelineFilter asks for one page of a person's time line.
type TimelineFilter struct {
	Said   bool // only what was said
	Limit  int
	Cursor string
}

// Timeline tells everything about a person over all their channels, the newest first, and the cursor of
// the next page. What hangs on an identity is found by the identity, so that it moves with a merge and goes
// back with it. Within a second the order is that in which the rows were written: networks give whole
// seconds and we do not.
func Timeline(ctx context.Context, q sqlx.QueryerContext, workspaceID, contactID int64, f TimelineFilter) ([]TimelineEntry, string, error) {
	place := timelinePlace{at: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	if f.Cursor != "" {
		var err error
		if place, err = parsePlace(f.Cursor); err != nil {
			return nil, "", err
		}
	}
	stmt := sqlTimeline
	if f.Said {
		stmt = sqlTimelineSaid
	}
	var out []TimelineEntry
	if err := sqlx.SelectContext(ctx, q, &out, stmt, workspaceID, contactID, place.at, place.rank, place.id, f.Limit+1); err != nil {
		return nil, "", fmt.Errorf("tell the time line of contact %d: %w", contactID, err)
	}
	next := ""
	if len(out) > f.Limit {
		out = out[:f.Limit]
		last := out[len(out)-1]
		next = timelinePlace{last.At, last.Rank, last.ID}.String()
	}
	for i := range out {
		if err := json.Unmarshal(out[i].Extra, &out[i].About); err != nil {
			return nil, "", fmt.Errorf("read an entry of contact %d's time line: %w", contactID, err)
		}
	}
	slices.SortStableFunc(out, func(a, b TimelineEntry) int {
		if d := b.At.Truncate(time.Second).Compare(a.At.Truncate(time.Second)); d != 0 {
			return d
		}
		return b.Written.Compare(a.Written)
	})
	return out, next, nil
}

// timelinePlace is where a page ended.
type timelinePlace struct {
	at   time.Time
	rank int
	id   int64
}

func (p timelinePlace) String() string {
	return fmt.Sprintf("%d_%d_%d", p.at.UnixMicro(), p.rank, p.id)
}

func parsePlace(cursor string) (timelinePlace, error) {
	parts := strings.Split(cursor, "_")
	if len(parts) != 3 {
		return timelinePlace{}, errCursor
	}
	var n [3]int64
	for i, p := range parts {
		var err error
		if n[i], err = strconv.ParseInt(p, 10, 64); err != nil {
			return timelinePlace{}, errCursor
		}
	}
	if n[1] < 0 || n[1] > 1000 || n[0] > 253402300799_000000 || n[0] < -62135596800_000000 {
		return timelinePlace{}, errCursor
	}
	return timelinePlace{time.UnixMicro(n[0]).UTC(), int(n[1]), n[2]}, nil
}

// source is one table's share of a time line: each gives its newest rows before the place by an index of
// its own, and only these are put in order.
type source struct {
	rank int
	said bool
	at   string // expression of the time
	id   string
	has  map[string]string // columns it has; all others are empty
	from string            // FROM and WHERE; %s is the bound, where it has to stand inside
}

// before holds rows of a source behind the page's place.
func before(rank int, at, id string) string {
	return fmt.Sprintf(`%s <= $3 AND (%[1]s < $3 OR (%d, %s) < ($4::int, $5::bigint))`, at, rank, id)
}

var timelineColumns = []struct{ name, empty string }{
	{"written", ""}, {"kind", ""}, {"channel", `''`}, {"by", `'system'`}, {"user_id", `NULL::bigint`}, {"to_id", `NULL::bigint`}, {"named", `''`}, {"text", `''`}, {"state", `''`}, {"what", `''`},
	{"team", `''`}, {"conversation_id", `NULL::bigint`}, {"message_id", `NULL::bigint`}, {"comment_id", `NULL::bigint`}, {"extra", `'{}'::jsonb`},
}

func (s source) sql() string {
	var b strings.Builder
	fmt.Fprintf(&b, `(SELECT %s AS at, %d AS rank, %s::bigint AS id`, s.at, s.rank, s.id)
	for _, c := range timelineColumns {
		expr := s.has[c.name]
		if expr == "" {
			expr = c.empty
		}
		if c.name == "written" && expr == "" {
			expr = s.at
		}
		fmt.Fprintf(&b, `, %s AS "%s"`, expr, c.name)
	}
	b.WriteString(` FROM ` + strings.ReplaceAll(s.from, "%BEFORE%", before(s.rank, "x.at", "x.id")) + ` AND ` + before(s.rank, s.at, s.id))
	fmt.Fprintf(&b, ` ORDER BY %s DESC, %s DESC LIMIT $6)`, s.at, s.id)
	return b.String()
}

// timelineSQL puts the sources together. A contact's own id and those that were merged into it are "who":
// what no identity leads to is looked for under all of them.
func timelineSQL(onlySaid bool) string {
	var parts []string
	for _, s := range timelineSources {
		if s.said || !onlySaid {
			parts = append(parts, s.sql())
		}
	}
	return `
WITH RECURSIVE who (id) AS (
    SELECT $2::bigint UNION SELECT m.from_contact FROM who JOIN contact_merges m ON m.workspace_id = $1 AND m.into_contact = who.id AND m.undone_at IS NULL)
SELECT e.at, e.rank, e.id, e.written, e.kind, e.channel, e.by, coalesce(nullif(u.name, ''), u.email, e.named) AS name, e.text, e.state, e.what,
       coalesce(nullif(r.name, ''), r.email, '') AS to_name, e.team, e.conversation_id, e.message_id, e.comment_id, e.extra
FROM (
` + strings.Join(parts, "\nUNION ALL\n") + `
ORDER BY at DESC, rank DESC, id DESC LIMIT $6) e
LEFT JOIN users u ON u.id = e.user_id
LEFT JOIN users r ON r.id = e.to_id
ORDER BY e.at DESC, e.rank DESC, e.id DESC`
}

var (
	sqlTimeline     = timelineSQL(false)
	sqlTimelineSaid = timelineSQL(true)
)
