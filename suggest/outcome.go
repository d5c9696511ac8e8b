package suggest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
)

// Sent is an answer that a member gave: with a suggestion, or of their own (SuggestionID 0).
type Sent struct {
	WorkspaceID, ConversationID int64
	SuggestionID                int64
	Revision                    int64 // of the conversation that the member saw
	Text                        string
	UserID                      *int64 // nil: a program
}

// Record notes what became of the suggestions for a conversation as it stood. A suggestion for one that
// has moved on is a conflict: the customer said something since.
func Record(ctx context.Context, tx sqlx.ExtContext, s Sent) error {
	if s.SuggestionID != 0 {
		if err := s.used(ctx, tx); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE suggestions SET state = 'ignored', decided_by = $4, decided_at = now() WHERE workspace_id = $1 AND conversation_id = $2 AND revision = $3 AND state = 'offered'`,
		s.WorkspaceID, s.ConversationID, s.Revision, s.UserID); err != nil {
		return fmt.Errorf("record what was not used: %w", err)
	}
	return nil
}

func (s Sent) used(ctx context.Context, tx sqlx.ExtContext) error {
	var text string
	err := sqlx.GetContext(ctx, tx, &text, `SELECT text FROM suggestions WHERE workspace_id = $1 AND id = $2 AND conversation_id = $3 AND revision = $4 AND state = 'offered' FOR UPDATE`,
		s.WorkspaceID, s.SuggestionID, s.ConversationID, s.Revision)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.Conflict, "this suggestion is for an earlier state of the conversation, or was used already").Coded("suggestion_stale")
	}
	if err != nil {
		return fmt.Errorf("load suggestion %d: %w", s.SuggestionID, err)
	}
	state, n := "accepted", distance(strings.TrimSpace(text), strings.TrimSpace(s.Text))
	if n > 0 {
		state = "edited"
	}
	if _, err := tx.ExecContext(ctx, `UPDATE suggestions SET state = $3, sent_text = $4, distance = $5, decided_by = $6, decided_at = now() WHERE workspace_id = $1 AND id = $2`,
		s.WorkspaceID, s.SuggestionID, state, s.Text, n, s.UserID); err != nil {
		return fmt.Errorf("record suggestion %d: %w", s.SuggestionID, err)
	}
	return nil
}

// Dismiss records that a member did not want a suggestion.
func Dismiss(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64, userID *int64) error {
	res, err := tx.ExecContext(ctx, `UPDATE suggestions SET state = 'dismissed', decided_by = $3, decided_at = now() WHERE workspace_id = $1 AND id = $2 AND state = 'offered'`, workspaceID, id, userID)
	if err != nil {
		return fmt.Errorf("dismiss suggestion %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.NotFound, "suggestion %d does not exist, or was decided on already", id)
	}
	return nil
}

// distance is how many letters were changed, added or taken out (Levenshtein). What is the same at both
// ends costs nothing, so that a small change to a long answer is counted quickly.
func distance(from, to string) int {
	a, b := []rune(from), []rune(to)
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, c := range b {
			cost := diagonal
			if r != c {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// Figure is how suggestions did for one language and intent. A set is what was offered for one state of
// a conversation; it is used where one of it was sent.
type Figure struct {
	Language  string   `db:"language"`
	Intent    string   `db:"intent"`
	Sets      int      `db:"sets"`
	Accepted  int      `db:"accepted"` // sent as it was
	Edited    int      `db:"edited"`
	Ignored   int      `db:"ignored"` // something else was sent
	Dismissed int      `db:"dismissed"`
	Changed   *float64 `db:"changed"` // mean share of the letters of used ones that was changed
	Used      *float64 `db:"used"`    // median seconds from the offer to the answer, with a suggestion
	ByHand    *float64 `db:"by_hand"` // … and where it was typed
}

// Figures returns how suggestions did in the last days, the most frequent first.
func Figures(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, days int) ([]Figure, error) {
	out := []Figure{}
	if err := sqlx.SelectContext(ctx, q, &out, sqlFigures, workspaceID, days); err != nil {
		return nil, fmt.Errorf("count suggestions: %w", err)
	}
	return out, nil
}

const sqlFigures = `
WITH sets AS (
    SELECT conversation_id, revision, min(intent) AS intent, min(language) FILTER (WHERE rank = 1) AS language, bool_or(state = 'accepted') AS accepted, bool_or(state = 'edited') AS edited,
           bool_or(state = 'ignored') AS ignored, max(distance::float8 / greatest(1, length(text), length(sent_text))) AS changed,
           extract(epoch FROM max(decided_at) - min(created_at))::float8 AS seconds
    FROM suggestions WHERE workspace_id = $1 AND decided_at > now() - make_interval(days => $2) GROUP BY 1, 2
)
SELECT coalesce(language, '') AS language, intent, count(*) AS sets, count(*) FILTER (WHERE accepted) AS accepted, count(*) FILTER (WHERE edited) AS edited,
       count(*) FILTER (WHERE ignored AND NOT accepted AND NOT edited) AS ignored, count(*) FILTER (WHERE NOT ignored AND NOT accepted AND NOT edited) AS dismissed,
       avg(changed) AS changed,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE accepted OR edited) AS used,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE ignored AND NOT accepted AND NOT edited) AS by_hand
FROM sets GROUP BY 1, 2 ORDER BY sets DESC, 1, 2`
