package api_test

import (
	"strings"
	"testing"

	"ponte/auth"
)

// Hours that never open are refused where they are set, not message by message; a day without any is meant.
func TestHoursThatNeverOpenAreRefused(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, c := range []struct { // in this order: one setting is judged beside those that are kept
		settings string
		want     int
	}{
		{`{"quiet_from":"20:00","quiet_to":"08:00"}`, 422}, {`{"saturday_from":"20:00","saturday_to":"08:00"}`, 422}, {`{"quiet_from":"21:00"}`, 422},
		{`{"quiet_from":"08:00","quiet_to":"24:00"}`, 200}, {`{"saturday_from":"09:00","saturday_to":"09:00"}`, 200}, {`{"quiet_to":"25:00"}`, 422},
	} {
		settings, want := c.settings, c.want
		body := `{"name":"n","brand":"b","legal_name":"","contact":"","time_zone":"Europe/Rome","locale":"en","country":"AU","settings":` + settings + `}`
		res := s.do("PUT", "/api/v1/workspace", s.cookie[auth.Owner], body)
		if res.status != want || want == 422 && !strings.Contains(res.body, "settings.") {
			t.Errorf("%s: %d %s, want %d", settings, res.status, res.body, want)
		}
	}
}
