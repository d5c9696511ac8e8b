package api_test

import (
	"fmt"
	"testing"

	"ponte/auth"
)

// What a member has looked up must not stay unknown to the account, the metrics and everybody else for an hour.
func TestAnAccountThatIsCheckedIsExaminedSoon(t *testing.T) {
	t.Parallel()
	var s *scene
	s = newScene(t, say(&s))
	s.exec(`UPDATE accounts SET health = '{"next_at": "2099-01-01T00:00:00Z"}'`)
	s.must(200, "POST", fmt.Sprintf("/api/v1/accounts/%d/check", s.home.whatsapp), s.cookie[auth.Admin], nil, nil)
	if n := s.id(`SELECT count(*) FROM accounts WHERE NOT health ? 'next_at'`); n != 1 {
		t.Errorf("%d accounts are examined soon, want the one that was checked", n)
	}
}
