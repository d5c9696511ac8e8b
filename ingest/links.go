package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/inbox"
	"ponte/router"
)

// sharedLink is a link or QR code that everybody may use; migrations/0039.
type sharedLink struct {
	WorkspaceID int64  `db:"workspace_id"`
	ID          int64  `db:"id"`
	Name        string `db:"name"`
	Language    string `db:"language"`
	Reference   string `db:"reference"`
	TriggerID   *int64 `db:"trigger_id"`
	CampaignID  *int64 `db:"campaign_id"`
}

func sharedKey(workspace int64, code string) string { return fmt.Sprintf("%d/%s", workspace, code) }

func (s *scene) loadLinks(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	s.links = map[string]sharedLink{}
	var codes []string
	for _, e := range events {
		if code, ok := e.reference(); ok {
			codes = append(codes, code)
		}
	}
	var list []sharedLink
	if err := tx.SelectContext(ctx, &list, `SELECT workspace_id, id, name, language, reference, trigger_id, campaign_id FROM handoff_links WHERE reference = ANY($1)`, pq.Array(codes)); err != nil {
		return fmt.Errorf("load links of posters: %w", err)
	}
	for _, l := range list {
		s.links[sharedKey(l.WorkspaceID, l.Reference)] = l
	}
	return nil
}

// cameByLink keeps where somebody came from. A link that was ended still says so: its posters hang on.
func (s *scene) cameByLink(t *inbox.Thread, v *inbox.Conversation, l sharedLink) router.Outcome {
	v.Origin, _ = json.Marshal(map[string]any{"link_id": l.ID, "trigger_id": l.TriggerID, "campaign_id": l.CampaignID, "text": "came by the link «" + cut(l.Name, 60) + "»"})
	if v.Language == "" {
		v.Language = l.Language
	}
	s.outcomes[t.ID] = router.SharedLink
	s.changedConversation(v)
	return router.SharedLink
}

// referralOrigin keeps the whole referral: the ad's or post's id, its headline, and the click's id by which
// the network knows a sale.
func referralOrigin(r *channels.Referral) json.RawMessage {
	out, _ := json.Marshal(map[string]any{"referral": r, "text": "came from " + cmp.Or(r.Headline, r.Source, r.Ref, "an ad or link")})
	return out
}

// originFree says whether nothing is known yet of where a conversation came from.
func originFree(origin json.RawMessage) bool {
	s := strings.TrimSpace(string(origin))
	return s == "" || s == "{}" || s == "null"
}
