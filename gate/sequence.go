package gate

import (
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
)

// maxNudges is how many reminders of one sequence a person gets at most.
const maxNudges = 3

// sequenceMemory is how long a sequence's name belongs to what was sent under it; after that the same
// name begins a new one. Three reminders 72 hours apart are over long before.
const sequenceMemory = 30 * 24 * time.Hour

// SequenceFacts are what is known of the sequence of reminders an action belongs to.
type SequenceFacts struct {
	Began   time.Time   // when its first reminder was planned
	Sent    []time.Time // reminders that left, or may have
	Gap     time.Duration
	Replied bool   // the person wrote since it began, on any channel
	Goal    string // what the person did since it began and was to be reminded of; empty: nothing
}

func sequence(f Facts) *Decision {
	s := f.Sequence
	if s == nil || !f.message() {
		return nil
	}
	switch {
	case s.Replied:
		return refuse("sequence_replied", "the person wrote since these reminders began; nobody is reminded of what they answered")
	case s.Goal != "":
		return refuse("sequence_goal", fmt.Sprintf("the person did what these reminders are about: %s", s.Goal))
	case len(s.Sent) >= maxNudges:
		return refuse("sequence_full", fmt.Sprintf("the person got %d reminders of this sequence; there is no further one", maxNudges))
	}
	if len(s.Sent) > 0 {
		if next := slices.MaxFunc(s.Sent, time.Time.Compare).Add(s.Gap); f.Now.Before(next) {
			return f.later("sequence_spacing", next, fmt.Sprintf("the reminder before was less than %d hours ago", int(s.Gap.Hours())))
		}
	}
	return nil
}

// nudgeGap keeps the setting within 24 to 72 hours.
func nudgeGap(s inbox.Settings) time.Duration {
	return time.Duration(min(max(s.NudgeHours, 24), 72)) * time.Hour
}

type sequenceKey struct {
	workspace, contact int64
	name               string
}

func (r Request) sequence() sequenceKey {
	return sequenceKey{r.WorkspaceID, r.ContactID, r.Sequence}
}

func (b *batch) loadSequences() error {
	b.sequences = map[sequenceKey]*SequenceFacts{}
	keys := inbox.NewRows("bigint", "bigint", "text")
	for _, r := range b.requests {
		if r.Sequence == "" || !speaks(r.Call.Kind) || b.sequences[r.sequence()] != nil {
			continue
		}
		b.sequences[r.sequence()] = &SequenceFacts{Began: b.now, Gap: nudgeGap(b.workspaces[r.WorkspaceID].settings)}
		keys.Add(r.WorkspaceID, r.ContactID, r.Sequence)
	}
	if keys.Len() == 0 {
		return nil
	}
	if err := b.loadReminders(keys); err != nil {
		return err
	}
	return b.loadEndings()
}

func (b *batch) loadReminders(keys *inbox.Rows) error {
	var rows []struct {
		Workspace int64      `db:"workspace_id"`
		Contact   int64      `db:"contact_id"`
		Name      string     `db:"sequence"`
		CreatedAt time.Time  `db:"created_at"`
		SentAt    *time.Time `db:"sent_at"`
	}
	args := append(keys.Args(), b.now.Add(-sequenceMemory))
	if err := sqlx.SelectContext(b.ctx, b.q, &rows, fmt.Sprintf(sqlGateSequences, keys.SQL(), len(args)), args...); err != nil {
		return fmt.Errorf("load sequences of reminders for the gate: %w", err)
	}
	for _, r := range rows {
		s := b.sequences[sequenceKey{r.Workspace, r.Contact, r.Name}]
		if r.CreatedAt.Before(s.Began) {
			s.Began = r.CreatedAt
		}
		if r.SentAt != nil {
			s.Sent = append(s.Sent, *r.SentAt)
		}
	}
	return nil
}

// What went to an identity counts for the person it belongs to now, as with the caps.
const sqlGateSequences = `
WITH k AS (SELECT * FROM (%[1]s) AS v (workspace_id, contact_id, sequence)), mine AS (
    SELECT k.workspace_id, k.contact_id, k.sequence, a.created_at, a.sent_at, a.state FROM k
    JOIN identities i ON i.workspace_id = k.workspace_id AND i.contact_id = k.contact_id
    JOIN actions a ON a.workspace_id = k.workspace_id AND a.identity_id = i.id AND a.sequence = k.sequence
    UNION ALL
    SELECT k.workspace_id, k.contact_id, k.sequence, a.created_at, a.sent_at, a.state FROM k
    JOIN actions a ON a.workspace_id = k.workspace_id AND a.contact_id = k.contact_id AND a.sequence = k.sequence AND a.identity_id IS NULL)
SELECT workspace_id, contact_id, sequence, created_at, CASE WHEN state IN ('sending','done','unknown') THEN sent_at END AS sent_at
FROM mine WHERE created_at > $%[2]d AND state IN ('planned','held','sending','done','unknown') AND sequence <> ''`

// loadEndings finds out whether the people wrote, or did what they were reminded of.
func (b *batch) loadEndings() error {
	people := inbox.NewRows("bigint", "bigint", "timestamptz")
	goals := map[sequenceKey]map[string]bool{}
	for k, s := range b.sequences {
		people.Add(k.workspace, k.contact, s.Began)
		goals[k] = map[string]bool{"purchase": true}
	}
	for _, r := range b.requests {
		if c := b.campaigns[r.CampaignID]; c.Goal != "" && goals[r.sequence()] != nil {
			goals[r.sequence()][c.Goal] = true
		}
	}
	var rows []struct {
		Workspace int64     `db:"workspace_id"`
		Contact   int64     `db:"contact_id"`
		What      string    `db:"what"`
		At        time.Time `db:"at"`
	}
	if err := sqlx.SelectContext(b.ctx, b.q, &rows, fmt.Sprintf(sqlGateEndings, people.SQL()), people.Args()...); err != nil {
		return fmt.Errorf("load what ends sequences for the gate: %w", err)
	}
	for _, e := range rows {
		for k, s := range b.sequences {
			if k.workspace != e.Workspace || k.contact != e.Contact || e.At.Before(s.Began) {
				continue
			}
			switch {
			case e.What == "":
				s.Replied = true
			case goals[k][e.What]:
				s.Goal = e.What
			}
		}
	}
	return nil
}

// A goal of a contact that was merged into this one is this person's, over however many merges.
const sqlGateEndings = `
WITH RECURSIVE k AS (SELECT DISTINCT * FROM (%s) AS v (workspace_id, contact_id, began)),
same (workspace_id, contact_id, began, id) AS (
    SELECT workspace_id, contact_id, began, contact_id FROM k
    UNION SELECT s.workspace_id, s.contact_id, s.began, c.id FROM same s JOIN contacts c ON c.workspace_id = s.workspace_id AND c.merged_into = s.id)
SELECT k.workspace_id, k.contact_id, '' AS what, max(t.last_in_at) AS at FROM k
JOIN threads t ON t.workspace_id = k.workspace_id AND t.contact_id = k.contact_id AND t.last_in_at >= k.began GROUP BY 1, 2
UNION ALL
SELECT s.workspace_id, s.contact_id, g.name, max(g.at) FROM same s
JOIN goals g ON g.workspace_id = s.workspace_id AND g.contact_id = s.id AND g.at >= s.began GROUP BY 1, 2, 3`
