package outbox

import (
	"fmt"
	"strings"
	"testing"
)

// Whether others of an account were answered is asked at each call of it that fails, in an outage of hundreds: what the other
// accounts sent meanwhile is not read for it.
func TestAnOutageIsLookedAtByAccount(t *testing.T) {
	b := setup(t)
	conn, err := b.db.Connx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, stmt := range []string{`SET plan_cache_mode = force_generic_plan`, `SET enable_seqscan = off`, `SET enable_bitmapscan = off`, `ANALYZE actions`,
		`PREPARE seen (bigint, bigint, timestamptz, bigint, bigint, timestamptz) AS ` + sqlSeenOfAccount} {
		if _, err := conn.ExecContext(t.Context(), stmt); err != nil {
			t.Fatal(err)
		}
	}
	var plan []string
	if err := conn.SelectContext(t.Context(), &plan, fmt.Sprintf(`EXPLAIN EXECUTE seen (%d, 1, now(), 0, 0, now())`, b.whatsapp)); err != nil {
		t.Fatal(err)
	}
	if p := strings.Join(plan, "\n"); strings.Count(p, "Index Cond: ((account_id = $1) AND (sent_at > ") != 2 {
		t.Errorf("it is looked for by\n%s", p)
	}
}
