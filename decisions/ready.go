package decisions

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/notify"
)

// readyEvery is how often versions in shadow are looked at.
const readyEvery = 10 * time.Minute

// TellReady tells of versions in shadow whose figures are enough to let them go live: once for each time in
// shadow.
func TellReady(ctx context.Context, db *sqlx.DB) error {
	var list []struct {
		WorkspaceID int64     `db:"workspace_id"`
		ID          int64     `db:"id"`
		Kind        string    `db:"kind"`
		From        time.Time `db:"shadow_from"`
	}
	if err := db.SelectContext(ctx, &list, `SELECT workspace_id, id, kind, shadow_from FROM versions WHERE state = 'shadow' AND shadow_from IS NOT NULL ORDER BY id`); err != nil {
		return fmt.Errorf("list versions in shadow: %w", err)
	}
	for _, v := range list {
		figures, err := ReadShadow(ctx, db, v.WorkspaceID, v.ID)
		if err != nil {
			return err
		}
		if enough, _ := figures.Enough(); !enough {
			continue
		}
		if err := raise(ctx, db, notify.Event{WorkspaceID: v.WorkspaceID, Kind: notify.VersionReady, Object: object(v.ID),
			Data: map[string]any{"version": v.ID, "kind": v.Kind}, Dedupe: fmt.Sprintf("version.ready:%d:%d", v.ID, v.From.Unix())}); err != nil {
			return err
		}
	}
	return nil
}

func raise(ctx context.Context, db *sqlx.DB, e notify.Event) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if err := notify.Raise(ctx, tx, []notify.Event{e}); err != nil {
		return err
	}
	return tx.Commit()
}
