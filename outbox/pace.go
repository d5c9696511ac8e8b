package outbox

import "time"

// What Meta reports of an account's limits slows its sending down before they are reached: a limit that
// is hit stops the answers to people for up to an hour, one that is approached only delays them.
const (
	paceFrom  = 75              // percent from which calls are made one at a time, with pauses
	paceStep  = time.Second / 3 // pause for each percent above that: 8 s at 99
	paceStop  = time.Minute     // at 100 and no estimate given: look again after this
	paceMost  = time.Hour       // an estimate beyond this is looked at again earlier
	paceTrust = 5 * time.Minute // a figure older than this says nothing: the next call brings another
)

// pace is what the network last said of one account.
type pace struct {
	percent int
	at      time.Time
}

// Pace takes what the network reports of an account's limits: how many percent are used, and how long
// until calls work again, where it says that they do not. It may be called at any time.
func (s *Sender) Pace(account int64, percent int, regain time.Duration) {
	s.start()
	now := s.Clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if percent < paceFrom && regain <= 0 {
		delete(s.paces, account)
		return
	}
	s.paces[account] = pace{percent, now}
	wait := time.Duration(percent-paceFrom+1) * paceStep
	switch {
	case regain > 0:
		wait = min(regain, paceMost)
	case percent >= 100:
		wait = paceStop
	}
	s.pauseUntil(account, now.Add(wait))
}

// Throttled says whether an account is near its limits or beyond them. What can wait, such as reading
// history, then leaves the rest to answers.
func (s *Sender) Throttled(account int64) bool {
	s.start()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.atOnce(account, s.Clock()) < s.PerAccount
}

// atOnce is how many calls may run on an account; the caller holds the lock.
func (s *Sender) atOnce(account int64, now time.Time) int {
	if p, ok := s.paces[account]; ok && (now.Sub(p.at) < paceTrust || now.Before(s.paused[pause{account: account}])) {
		return 1
	}
	return s.PerAccount
}

// pauseUntil never shortens a pause; the caller holds the lock.
func (s *Sender) pauseUntil(account int64, until time.Time) {
	if key := (pause{account: account}); s.paused[key].Before(until) {
		s.paused[key] = until
	}
}
