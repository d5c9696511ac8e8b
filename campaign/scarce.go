package campaign

import "fmt"

// scarce is how few numbers must be left under a ceiling for those who want them to queue. Two batches that share out
// the last ones would each come to want what the other holds, and PostgreSQL would have to end one of them. Above it,
// batches side by side cannot use up what is left.
const scarce = 1000

// queue looks, before the first number of a span is taken, how many are left, and where they are few waits for its
// turn: one batch of the workspace after the other. It is waited for at most once in a batch, and nobody in the queue
// waits for a number of somebody behind them.
func (l *Ledger) queue(key spanKey, s *span) error {
	var taken int
	if err := l.tx.GetContext(l.ctx, &taken, `SELECT count(*) FROM trigger_slots WHERE trigger_id = $1 AND span = $2 AND begins = $3`, key.trigger, key.what, key.begins); err != nil {
		return fmt.Errorf("count what was taken under the ceiling of trigger %d: %w", key.trigger, err)
	}
	s.full = taken >= s.ceiling // it may have been lowered meanwhile, and be passed already
	s.dense = taken >= s.ceiling/4*3
	if s.full || l.queued || s.ceiling-taken > scarce {
		return nil
	}
	if _, err := l.tx.ExecContext(l.ctx, `SELECT pg_advisory_xact_lock(hashtextextended('ponte.ceilings:' || $1::bigint, 0))`, l.ws); err != nil {
		return fmt.Errorf("wait for the turn at the ceiling of trigger %d: %w", key.trigger, err)
	}
	l.queued = true
	return nil
}
