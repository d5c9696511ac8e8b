package review

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/moderation"
)

// Agreement is how far reviewers say the same: over all second looks, per pair of reviewers, and each
// against the known answers. A figure is nil where there is too little to say.
type Agreement struct {
	Items     int         `json:"items"`
	Agreement *float64    `json:"agreement"`
	Kappa     *float64    `json:"kappa" doc:"Cohen's: agreement beyond chance"`
	Pairs     []PairAgree `json:"pairs"`
	Gold      []GoldScore `json:"gold"`
	Ended     int         `json:"ended" doc:"Second looks that ended because nobody was left who reviews and had not decided the comment"`
}

// PairAgree is the agreement of two reviewers; the one with the lower number comes first.
type PairAgree struct {
	First     int64    `json:"first"`
	Second    int64    `json:"second"`
	Items     int      `json:"items"`
	Agreement *float64 `json:"agreement"`
	Kappa     *float64 `json:"kappa"`
}

// GoldScore is one reviewer against the known answers.
type GoldScore struct {
	UserID int64    `json:"user_id"`
	Items  int      `json:"items"`
	Right  int      `json:"right"`
	Kappa  *float64 `json:"kappa"`
}

type looked struct {
	Kind   string `db:"kind"`
	A      int64  `db:"a"` // the first reviewer; 0: the known answer
	B      int64  `db:"b"`
	First  string `db:"first"`
	Second string `db:"second"`
}

// ReadAgreement compares what was decided since an instant.
func ReadAgreement(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, since time.Time) (Agreement, error) {
	var rows []looked
	err := sqlx.SelectContext(ctx, q, &rows, `
SELECT s.kind, f.decided_by AS a, s.decided_by AS b, `+sqlLabel("f")+` AS first, `+sqlLabel("s")+` AS second
FROM review_items s JOIN review_items f ON f.workspace_id = s.workspace_id AND f.id = s.first_id
WHERE s.workspace_id = $1 AND s.kind = 'second' AND s.decided_by IS NOT NULL AND f.decided_by IS NOT NULL AND f.decided_by <> s.decided_by AND s.decided_at >= $2
UNION ALL
SELECT s.kind, 0, s.decided_by, g.answer, `+sqlLabel("s")+`
FROM review_items s JOIN gold_comments g ON g.workspace_id = s.workspace_id AND g.id = s.gold_id
WHERE s.workspace_id = $1 AND s.kind = 'gold' AND s.decided_by IS NOT NULL AND s.decided_at >= $2`, workspaceID, since)
	if err != nil {
		return Agreement{}, fmt.Errorf("compare reviewers: %w", err)
	}
	out := agreementOf(rows)
	if err := sqlx.GetContext(ctx, q, &out.Ended, `SELECT count(*) FROM review_items WHERE workspace_id = $1 AND kind = 'second' AND state = 'decided' AND outcome = 'superseded' AND reason = $3 AND decided_at >= $2`, workspaceID, since, nobodyLeft); err != nil {
		return Agreement{}, fmt.Errorf("count second looks that ended: %w", err)
	}
	return out, nil
}

func agreementOf(rows []looked) Agreement {
	all, pairs, gold := moderation.Confusion{}, map[[2]int64]moderation.Confusion{}, map[int64]moderation.Confusion{}
	for _, r := range rows {
		if r.Kind == "gold" {
			if gold[r.B] == nil {
				gold[r.B] = moderation.Confusion{}
			}
			gold[r.B].Add(r.First, r.Second, 1)
			continue
		}
		all.Add(r.First, r.Second, 1)
		key, first, second := [2]int64{r.A, r.B}, r.First, r.Second
		if r.A > r.B { // whoever looked first: the rater is the person
			key, first, second = [2]int64{r.B, r.A}, r.Second, r.First
		}
		if pairs[key] == nil {
			pairs[key] = moderation.Confusion{}
		}
		pairs[key].Add(first, second, 1)
	}
	out := Agreement{Items: all.Total(), Agreement: all.Agreement(), Kappa: all.Kappa(), Pairs: []PairAgree{}, Gold: []GoldScore{}}
	for key, c := range pairs {
		out.Pairs = append(out.Pairs, PairAgree{key[0], key[1], c.Total(), c.Agreement(), c.Kappa()})
	}
	for user, c := range gold {
		right := 0
		for said, n := range c {
			if said[0] == said[1] {
				right += n
			}
		}
		out.Gold = append(out.Gold, GoldScore{user, c.Total(), right, c.Kappa()})
	}
	slices.SortFunc(out.Pairs, func(a, b PairAgree) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Second, b.Second))
	})
	slices.SortFunc(out.Gold, func(a, b GoldScore) int { return cmp.Compare(a.UserID, b.UserID) })
	return out
}
