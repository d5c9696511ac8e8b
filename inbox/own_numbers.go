package inbox

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// OwnNumbers are the numbers of the brand itself: nobody is a customer, or agreed to anything, with one of them.
func OwnNumbers(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) (map[string]bool, error) {
	var phones []string
	if err := sqlx.SelectContext(ctx, q, &phones, `SELECT phone FROM accounts WHERE workspace_id = $1 AND phone <> '' AND removed_at IS NULL`, workspaceID); err != nil {
		return nil, fmt.Errorf("list the brand's own numbers: %w", err)
	}
	own := make(map[string]bool, len(phones))
	for _, p := range phones {
		own[Digits(p)] = true
	}
	return own, nil
}
