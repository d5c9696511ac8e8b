package review

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
	"ponte/said"
)

// Disagreement is a comment about which two have said the opposite: one that it stays, one that it goes.
type Disagreement struct {
	ID          int64            `json:"id" db:"id"`
	CommentID   int64            `json:"comment_id" db:"comment_id"`
	Text        string           `json:"text" db:"text"`
	Harm        float64          `json:"harm" db:"harm" doc:"Of the text as it was judged: 0 to 1"`
	Language    string           `json:"language" db:"language"`
	First       string           `json:"first" db:"first" enum:"allow,review,hide,delete" doc:"What the machine, or the first reviewer, decided"`
	FirstBy     string           `json:"first_by" db:"first_by" doc:"The tier, or the reviewer"`
	Reason      string           `json:"reason" db:"reason" doc:"Why the first decided so"`
	Rule        string           `json:"rule" db:"rule" doc:"The rule that stood first among the machine's reasons"`
	Version     string           `json:"version" db:"version" doc:"Of the model, the rules, the policy or the prompt that decided"`
	Second      string           `json:"second" db:"second" enum:"allow,hide,delete" doc:"What the person, or the second reviewer, decided"`
	SecondBy    string           `json:"second_by" db:"second_by"`
	SecondWhy   string           `json:"second_why" db:"second_why"`
	ReasonParts []said.Statement `json:"reason_parts" db:"-" doc:"The reason as statements with stable codes"`
	SecondParts []said.Statement `json:"second_why_parts" db:"-"`
	Settled     string           `json:"settled" db:"settled" doc:"Between reviewers: what holds now, where a supervisor has spoken"`
	At          time.Time        `json:"at" db:"at"`
}

// Against says who disagrees with whom.
type Against string

// The two lists.
const (
	WithMachine   Against = "machine"
	WithReviewers Against = "reviewers"
)

// Disagreements lists where people have overturned the machine, or two reviewers said the opposite; the
// newest first.
func Disagreements(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, with Against, since time.Time, before int64, most int) ([]Disagreement, error) {
	stmt := sqlOverturned
	if with == WithReviewers {
		stmt = sqlReviewersDisagree
	}
	var out []Disagreement
	if err := sqlx.SelectContext(ctx, q, &out, stmt, workspaceID, since, before, most); err != nil {
		return nil, fmt.Errorf("list disagreements: %w", err)
	}
	for i := range out {
		out[i].At = out[i].At.UTC()
		out[i].ReasonParts, out[i].SecondParts = said.Read(out[i].Reason), said.Read(out[i].SecondWhy)
	}
	return out, nil
}

// The machine's word is the last it had before the person; what it put before people is no word.
const sqlOverturned = `
SELECT p.id, c.id AS comment_id, c.text, coalesce((j.verdict->>'harm')::float8, 0) AS harm, c.language, j.decision AS first, j.tier AS first_by, coalesce(j.verdict#>>'{reasons,0,text}', '') AS reason, coalesce(j.verdict#>>'{tiers,rules,0,rule}', '') AS rule,
    coalesce(CASE j.tier WHEN 'rules' THEN j.verdict->>'rules_version' WHEN 'policy' THEN j.verdict->>'policy_version' WHEN 'llm' THEN concat_ws(' ', j.verdict->>'llm_model', j.verdict->>'prompt_version') ELSE j.verdict->>'model_version' END, '') AS version,
    p.decision AS second, p.actor AS second_by, coalesce(p.verdict#>>'{reasons,0,text}', '') AS second_why, '' AS settled, p.created_at AS at
FROM verdicts p JOIN comments c ON c.workspace_id = p.workspace_id AND c.id = p.subject_id AND c.verdict_id = p.id
JOIN LATERAL (SELECT m.decision, m.tier, m.verdict FROM verdicts m WHERE m.workspace_id = p.workspace_id AND m.subject = 'comment' AND m.subject_id = p.subject_id AND m.tier <> 'person' AND NOT m.provisional AND m.id < p.id ORDER BY m.id DESC LIMIT 1) j ON true
WHERE p.workspace_id = $1 AND p.subject = 'comment' AND NOT p.provisional AND p.tier = 'person' AND p.created_at >= $2 AND ($3::bigint = 0 OR p.id < $3)
  AND j.decision <> 'review' AND (j.decision IN ('hide','delete')) <> (p.decision IN ('hide','delete'))
ORDER BY p.id DESC LIMIT $4`

var sqlReviewersDisagree = `
SELECT s.id, c.id AS comment_id, c.text, coalesce((v.verdict->>'harm')::float8, 0) AS harm, c.language, ` + sqlLabel("f") + ` AS first, coalesce('user:' || f.decided_by, '') AS first_by, f.reason, '' AS rule, '' AS version,
    ` + sqlLabel("s") + ` AS second, coalesce('user:' || s.decided_by, '') AS second_by, s.reason AS second_why,
    coalesce((SELECT ` + sqlLabel("d") + ` FROM review_items d WHERE d.workspace_id = s.workspace_id AND d.comment_id = s.comment_id AND d.why = 'disagreement' AND d.state = 'decided' AND d.outcome <> 'superseded' ORDER BY d.id DESC LIMIT 1), '') AS settled, s.decided_at AS at
FROM review_items s JOIN review_items f ON f.workspace_id = s.workspace_id AND f.id = s.first_id JOIN comments c ON c.workspace_id = s.workspace_id AND c.id = s.comment_id
LEFT JOIN verdicts v ON v.workspace_id = c.workspace_id AND v.id = c.verdict_id
WHERE s.workspace_id = $1 AND s.kind = 'second' AND s.state = 'decided' AND s.outcome <> 'superseded' AND f.state = 'decided' AND f.outcome <> 'superseded' AND s.decided_at >= $2 AND ($3::bigint = 0 OR s.id < $3)
  AND (s.outcome IN ('hide','delete')) <> (f.outcome IN ('hide','delete'))
ORDER BY s.id DESC LIMIT $4`

// AskColleague puts a decided comment before another reviewer who does not know what was decided. What
// they say is recorded; where it contradicts, a supervisor decides.
func AskColleague(ctx context.Context, tx *sqlx.Tx, who auth.Who, commentID int64) error {
	c, err := inbox.LockComment(ctx, tx, who.WorkspaceID, commentID)
	if err != nil {
		return err
	}
	if c.State == "removed" || c.Own {
		return fault.New(fault.Conflict, "this comment is gone, or the brand's own; there is nothing to look at again")
	}
	var first []struct {
		ID        int64   `db:"id"`
		VerdictID int64   `db:"verdict_id"`
		Why       string  `db:"why"`
		Harm      float64 `db:"harm"`
		Reach     float64 `db:"reach"`
		By        int64   `db:"by"`
	}
	err = tx.SelectContext(ctx, &first, `SELECT id, verdict_id, why, harm, reach, coalesce(decided_by, 0) AS by FROM review_items
WHERE workspace_id = $1 AND comment_id = $2 AND state = 'decided' AND outcome <> 'superseded' AND kind IN ('verdict','sample') ORDER BY decided_at DESC LIMIT 1`, c.WorkspaceID, c.ID)
	if err != nil {
		return fmt.Errorf("find the decision about comment %d: %w", c.ID, err)
	}
	if len(first) == 0 {
		return fault.New(fault.Conflict, "nobody has decided this comment from the queue yet; decide it, or pass it to a supervisor").Coded("second_look_not_decided")
	}
	f := first[0]
	res, err := tx.ExecContext(ctx, sqlSecond, c.WorkspaceID, c.ID, f.VerdictID, f.Why, f.Harm, f.Reach, f.ID, f.By)
	if err != nil {
		return fmt.Errorf("put comment %d before a second reviewer: %w", c.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		if err != nil {
			return err
		}
		return whyNoSecond(ctx, tx, c.WorkspaceID, c.ID, f.By)
	}
	if err := auth.Audit(ctx, tx, c.WorkspaceID, who.Actor(), "review.second", reviewObject(f.ID), nil); err != nil {
		return err
	}
	return touch(ctx, tx, c.WorkspaceID, c.ID)
}

// whyNoSecond says why nobody is asked for a second look.
func whyNoSecond(ctx context.Context, tx *sqlx.Tx, workspace, comment, by int64) error {
	var somebody bool
	if err := tx.GetContext(ctx, &somebody, sqlSomebody, workspace, comment, by); err != nil {
		return fmt.Errorf("look who could take a second look at comment %d: %w", comment, err)
	}
	if !somebody {
		return fault.New(fault.Conflict, "nobody else could take it: everybody who reviews here has decided this comment already, or there is no other reviewer").Coded("second_look_nobody")
	}
	return fault.New(fault.Conflict, "a second look at it was asked for already").Coded("second_look_asked")
}

var sqlSomebody = `SELECT EXISTS (` + sqlMayLook("$1", "$2", "false") + ` AND m.user_id <> $3)`
