package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/campaign"
)

type benchHotpostCmd struct {
	Comments int `default:"20000" help:"Comments of each part."`
	Posts    int `default:"100" help:"Posts that the same comments are spread over."`
	Rounds   int `default:"1" help:"How often each part is measured, in turn."`
}

// Run measures what a viral post costs: the same comments by the same people, on one post and spread,
// each in a database of its own. A trigger answers all of them, with variants that follow each other and
// a ceiling, because those are what would serialise the lanes.
func (b benchHotpostCmd) Run(ctx context.Context, c *config) error {
	var one, spread float64
	for range b.Rounds {
		for _, part := range []struct {
			posts int
			rate  *float64
		}{{b.Posts, &spread}, {1, &one}} {
			got, err := b.part(ctx, c, part.posts)
			if err != nil {
				return err
			}
			*part.rate += got / float64(b.Rounds)
		}
	}
	fmt.Printf("hot post: %.0f comments/s on one post, %.0f comments/s over %d posts: ratio %.2f (%d comments each, two workers)\n", one, spread, b.Posts, one/spread, b.Comments)
	return nil
}

func (b benchHotpostCmd) part(ctx context.Context, c *config, posts int) (float64, error) {
	var rate float64
	err := c.bench(ctx, func(s *store) error {
		if err := s.inTx(ctx, func(tx *sqlx.Tx) error { return benchAccount(ctx, tx, s, "http://127.0.0.1:1") }); err != nil {
			return err
		}
		if err := b.trigger(ctx, s); err != nil {
			return err
		}
		began := time.Now()
		var err error
		rate, err = pipelineRate(ctx, s, 0, b.Comments, func(i int64) []byte { return hotBody(i, posts, began) })
		if err != nil {
			return err
		}
		var answered, repeated int
		if err := s.DB.GetContext(ctx, &answered, `SELECT count(*) FROM trigger_runs`); err != nil {
			return err
		}
		err = s.DB.GetContext(ctx, &repeated, `SELECT count(*) FROM (SELECT variant, lag(variant) OVER (PARTITION BY trigger_id, post_id ORDER BY id) AS before FROM trigger_runs) v WHERE variant = before`)
		fmt.Printf("%d posts: %.0f comments/s, %d of %d answered, %d times the variant given just before\n", posts, rate, answered, b.Comments, repeated)
		return err
	})
	return rate, err
}

// trigger changes the bench's trigger into one that has everything that could be contended for.
func (b benchHotpostCmd) trigger(ctx context.Context, s *store) error {
	return s.inTx(ctx, func(tx *sqlx.Tx) error {
		var workspace int64
		if err := tx.GetContext(ctx, &workspace, `SELECT min(id) FROM workspaces`); err != nil {
			return err
		}
		list, err := campaign.Triggers(ctx, tx, workspace)
		if err != nil || len(list) == 0 {
			return fmt.Errorf("the bench has no trigger: %w", err)
		}
		t := list[0]
		t.PublicReplies = map[string][]string{"en": {"We wrote to you!", "Look into your messages!", "Done, see your messages."}}
		t.PerHour, t.PerDay = 2*b.Comments, 2*b.Comments
		_, err = campaign.Save(ctx, tx, workspace, t, nil, time.Now())
		return err
	})
}

func hotBody(i int64, posts int, at time.Time) []byte {
	return fmt.Appendf(nil, `{"object":"instagram","entry":[{"id":"17841400000000001","time":%d,"changes":[{"field":"comments","value":{"id":"1791%011d","text":"quanto costa il kayak doppio per il fine settimana?","from":{"id":"78%08d","username":"cliente%d"},"media":{"id":"179000000001%03d","media_product_type":"FEED"}}}]}]}`, at.Unix(), i, i, i, i%int64(posts))
}
