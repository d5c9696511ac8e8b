package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/inbox"
)

// setCampaigns gives templates that nobody named a campaign for to the one they were written for: the campaign
// that brought the conversation, or else the only one that is on and has the template. Where two have it and
// neither brought the conversation, it belongs to none: what cannot be known is not invented.
func setCampaigns(ctx context.Context, tx sqlx.QueryerContext, actions []work) error {
	rows := inbox.NewRows("int", "bigint", "bigint", "text", "bigint", "timestamptz")
	for i, a := range actions {
		if a.Call.Kind == channels.SendTemplate && a.Call.Template != nil && a.CampaignID == 0 {
			at := a.NotBefore
			if at.IsZero() {
				at = time.Now()
			}
			rows.Add(i, a.WorkspaceID, a.AccountID, a.Call.Template.Name, a.ConversationID, at)
		}
	}
	if rows.Len() == 0 {
		return nil
	}
	var found []struct {
		I        int   `db:"i"`
		Campaign int64 `db:"campaign_id"`
		Brought  bool  `db:"brought"`
		Others   int   `db:"others"`
	}
	if err := sqlx.SelectContext(ctx, tx, &found, fmt.Sprintf(sqlTheirCampaigns, rows.SQL()), rows.Args()...); err != nil {
		return fmt.Errorf("find the campaigns of templates: %w", err)
	}
	for _, f := range found {
		if f.Brought || f.Others == 1 && actions[f.I].CampaignID == 0 {
			actions[f.I].CampaignID = f.Campaign
		}
	}
	return nil
}

// A template belongs to the business account; any of its numbers may send it.
const sqlTheirCampaigns = `
SELECT i, campaign_id, brought, count(*) OVER (PARTITION BY i) AS others FROM (
  SELECT DISTINCT k.i, c.id AS campaign_id, coalesce(v.origin->>'campaign_id' = c.id::text, false) AS brought
  FROM (%s) AS k (i, workspace_id, account_id, name, conversation_id, at)
  JOIN accounts a ON a.workspace_id = k.workspace_id AND a.id = k.account_id
  JOIN accounts o ON o.workspace_id = a.workspace_id AND o.waba_id = a.waba_id
  JOIN campaign_templates t ON t.workspace_id = o.workspace_id AND t.account_id = o.id AND t.name = k.name
  JOIN campaigns c ON c.workspace_id = t.workspace_id AND c.id = t.campaign_id
  LEFT JOIN conversations v ON v.workspace_id = k.workspace_id AND v.id = k.conversation_id
  WHERE c.state IN ('live','paused') AND (c.starts_at IS NULL OR c.starts_at <= k.at) AND (c.ends_at IS NULL OR c.ends_at > k.at)) x
ORDER BY i, brought, campaign_id`
