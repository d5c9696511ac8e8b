package decisions

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/moderation"
)

// item is one text of the stored history: the last final verdict of the machine about a comment or
// message, and what a person has decided about it since, where one has.
type item struct {
	ID        int64           `db:"id"`
	Subject   string          `db:"subject"`
	SubjectID int64           `db:"subject_id"`
	Was       string          `db:"decision"`
	Verdict   json.RawMessage `db:"verdict"`
	Input     json.RawMessage `db:"input"`
	Person    string          `db:"person"`
}

// span is a part of the history: after a verdict's id, since and up to instants.
type span struct {
	workspace int64
	since     *time.Time
	until     time.Time
}

const sqlHistory = `
FROM verdicts v
LEFT JOIN comments c ON v.subject = 'comment' AND c.workspace_id = v.workspace_id AND c.id = v.subject_id
LEFT JOIN verdicts p ON p.workspace_id = c.workspace_id AND p.id = c.verdict_id AND p.tier = 'person'
WHERE v.workspace_id = $1 AND v.tier <> 'person' AND NOT v.provisional AND v.created_at <= $2 AND ($3::timestamptz IS NULL OR v.created_at >= $3)
  AND NOT EXISTS (SELECT 1 FROM verdicts w WHERE w.workspace_id = v.workspace_id AND w.subject = v.subject AND w.subject_id = v.subject_id
      AND w.tier <> 'person' AND NOT w.provisional AND w.created_at <= $2 AND (w.created_at, w.id) > (v.created_at, v.id))`

// page returns the next items after a verdict, by id.
func (s span) page(ctx context.Context, q sqlx.QueryerContext, after int64, most int) ([]item, error) {
	var out []item
	err := sqlx.SelectContext(ctx, q, &out, `SELECT v.id, v.subject, v.subject_id, v.decision, v.verdict, v.input, coalesce(p.decision, '') AS person`+sqlHistory+
		` AND v.id > $4 ORDER BY v.id LIMIT $5`, s.workspace, s.until, s.since, after, most)
	if err != nil {
		return nil, fmt.Errorf("read recorded decisions: %w", err)
	}
	return out, nil
}

// measure finds where the newest so many items begin, and how many there are.
func (s span) measure(ctx context.Context, q sqlx.QueryerContext, most int) (from int64, total int, err error) {
	var m struct {
		From  int64 `db:"first"`
		Total int   `db:"total"`
	}
	err = sqlx.GetContext(ctx, q, &m, `SELECT coalesce(min(id), 0) AS first, count(*) AS total FROM (SELECT v.id`+sqlHistory+` ORDER BY v.id DESC LIMIT $4) newest`,
		s.workspace, s.until, s.since, most)
	if err != nil {
		return 0, 0, fmt.Errorf("measure the history: %w", err)
	}
	return m.From, m.Total, nil
}

// Pair counts texts by what was decided and what would be.
type Pair struct {
	Was   string `json:"was"`
	Now   string `json:"now"`
	Count int    `json:"count"`
}

// RuleCount is what a rule of the candidate did.
type RuleCount struct {
	Rule     string `json:"rule"`
	Fired    int    `json:"fired"`
	Hides    int    `json:"hides"`    // of those: comments it would hide or delete
	Restored int    `json:"restored"` // of those: a person decided since that they stay
}

// Counts is what a candidate would have done with stored history.
type Counts struct {
	Items      int         `json:"items"`      // texts judged again
	Erased     int         `json:"erased"`     // texts that are not there any more, and are not in items
	Changed    int         `json:"changed"`    // decided otherwise than they were
	Hides      int         `json:"hides"`      // comments it would have hidden or deleted
	Restored   int         `json:"restored"`   // of those: later a person decided that they stay
	Confirmed  int         `json:"confirmed"`  // of those: later a person hid or deleted them
	Missed     int         `json:"missed"`     // comments it would have left that a person hid or deleted
	Spam       int         `json:"spam"`       // messages it would have put into the spam folder or blocked
	NeedsLLM   int         `json:"needs_llm"`  // texts on which it would have asked the language model
	Unanswered int         `json:"unanswered"` // of those: no recorded answer, so they count as they stand without one
	Pairs      []Pair      `json:"pairs"`
	Rules      []RuleCount `json:"rules"`
}

// Change is one text that would be decided otherwise, by id.
type Change struct {
	VerdictID int64  `json:"verdict_id" db:"verdict_id"`
	Subject   string `json:"subject" db:"subject"`
	SubjectID int64  `json:"subject_id" db:"subject_id"`
	Was       string `json:"was" db:"was"`
	Now       string `json:"now" db:"now"`
	Person    string `json:"person" db:"person"`
}

// Removes says whether a decision takes a text out of sight.
func Removes(decision string) bool {
	switch moderation.Decision(decision) {
	case moderation.Hide, moderation.Delete, moderation.Spam, moderation.Block:
		return true
	}
	return false
}

// judgeAgain is what an engine makes of a text, with what the language model answered when it was
// judged first, where it was asked. unanswered: it would have been asked, and there is no answer.
func judgeAgain(e *moderation.Engine, in moderation.Input, t *moderation.TierAnswers) (v moderation.Verdict, unanswered bool) {
	v = e.Judge(in)
	if !v.NeedsLLM {
		return v, false
	}
	if t != nil && (t.LLM != nil || t.LLMFailed != "") {
		return withRecorded(e, v, in, t), false
	}
	return v, true
}

// read returns what was judged and the verdict; no verdict: the words were erased, which it counts.
func (c *Counts) read(it item) (moderation.Input, *moderation.Verdict, error) {
	in, erased, err := readInput(it.Input)
	if err != nil {
		return in, nil, fmt.Errorf("verdict %d: %w", it.ID, err)
	}
	if erased {
		c.Erased++
		return in, nil, nil
	}
	var was moderation.Verdict
	if err := json.Unmarshal(it.Verdict, &was); err != nil {
		return in, nil, fmt.Errorf("read verdict %d: %w", it.ID, err)
	}
	return in, &was, nil
}

// judge judges one item again and counts it; it returns the change, where it is one.
func (c *Counts) judge(e *moderation.Engine, it item) (*Change, error) {
	in, was, err := c.read(it)
	if err != nil || was == nil {
		return nil, err
	}
	v, unanswered := judgeAgain(e, in, was.Tiers)
	c.Items++
	if unanswered {
		c.Unanswered++
	}
	if unanswered || v.Tiers != nil && (v.Tiers.LLM != nil || v.Tiers.LLMFailed != "") {
		c.NeedsLLM++
	}
	return c.outcome(it, v), nil
}

// outcome counts what a candidate makes of an item; it returns the change, where it is one.
func (c *Counts) outcome(it item, v moderation.Verdict) *Change {
	now := string(v.Decision)
	c.pair(it.Was, now)
	hides := it.Subject == "comment" && Removes(now)
	switch {
	case hides:
		c.Hides++
		if it.Person == "allow" {
			c.Restored++
		} else if Removes(it.Person) {
			c.Confirmed++
		}
	case it.Subject == "message" && Removes(now):
		c.Spam++
	case Removes(it.Person):
		c.Missed++
	}
	c.rules(v, hides, it.Person == "allow")
	if now == it.Was {
		return nil
	}
	c.Changed++
	return &Change{it.ID, it.Subject, it.SubjectID, it.Was, now, it.Person}
}

func (c *Counts) pair(was, now string) {
	i := slices.IndexFunc(c.Pairs, func(p Pair) bool { return p.Was == was && p.Now == now })
	if i < 0 {
		c.Pairs = append(c.Pairs, Pair{was, now, 0})
		i = len(c.Pairs) - 1
	}
	c.Pairs[i].Count++
}

func (c *Counts) rules(v moderation.Verdict, hides, restored bool) {
	if v.Tiers == nil {
		return
	}
	seen := map[string]bool{}
	for _, h := range v.Tiers.Rules {
		if seen[h.Rule] {
			continue
		}
		seen[h.Rule] = true
		i := slices.IndexFunc(c.Rules, func(r RuleCount) bool { return r.Rule == h.Rule })
		if i < 0 {
			c.Rules = append(c.Rules, RuleCount{Rule: h.Rule})
			i = len(c.Rules) - 1
		}
		c.Rules[i].Fired++
		if hides {
			c.Rules[i].Hides++
			if restored {
				c.Rules[i].Restored++
			}
		}
	}
}

// Sorted returns the counts with their lists in a fixed order.
func (c Counts) Sorted() Counts {
	c.Pairs, c.Rules = slices.Clone(c.Pairs), slices.Clone(c.Rules)
	slices.SortFunc(c.Pairs, func(a, b Pair) int { return strings.Compare(a.Was+" "+a.Now, b.Was+" "+b.Now) })
	slices.SortFunc(c.Rules, func(a, b RuleCount) int { return strings.Compare(a.Rule, b.Rule) })
	if c.Pairs == nil {
		c.Pairs = []Pair{}
	}
	if c.Rules == nil {
		c.Rules = []RuleCount{}
	}
	return c
}

// Report is what a policy or rules would change.
type Report struct {
	Counts   Counts   `json:"counts"`
	Examples []Change `json:"examples"`
}

// DiffOptions narrow the history that is judged again.
type DiffOptions struct {
	Since    *time.Time
	Until    time.Time
	Most     int // the newest so many texts
	Examples int // of each pair of decisions
}

// Diff judges stored history by another engine and says what would change. It writes nothing and asks
// nobody.
func Diff(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, e *moderation.Engine, o DiffOptions) (Report, error) {
	s := span{workspaceID, o.Since, o.Until}
	r := Report{Examples: []Change{}}
	from, _, err := s.measure(ctx, q, o.Most)
	if err != nil {
		return r, err
	}
	shown := map[[2]string]int{}
	for after := from - 1; ; {
		page, err := s.page(ctx, q, after, pageSize)
		if err != nil {
			return r, err
		}
		for _, it := range page {
			change, err := r.Counts.judge(e, it)
			if err != nil {
				return r, err
			}
			if change != nil && shown[[2]string{change.Was, change.Now}] < o.Examples {
				shown[[2]string{change.Was, change.Now}]++
				r.Examples = append(r.Examples, *change)
			}
		}
		if len(page) < pageSize {
			r.Counts = r.Counts.Sorted()
			return r, nil
		}
		after = page[len(page)-1].ID
	}
}

const pageSize = 200
