package outbox

import "context"

// Tend does once what Run does beside sending: rows of dead processes, validity that ran out, switches that
// were turned on again, outcomes that are not known. It is for tests and for commands that must finish.
func (s *Sender) Tend(ctx context.Context) error {
	s.start()
	for _, do := range []func(context.Context) error{s.tidy, s.settleDue, s.finishSeen} {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return nil
}
