package gate

import (
	"time"

	"ponte/fault"
	"ponte/inbox"
)

// AddBusinessDays returns the same time of day so many business days later, on the workspace's own clock:
// Saturdays, Sundays, the national public holidays of Australia where the workspace is there, and the
// holidays of its settings do not count.
func AddBusinessDays(w inbox.Workspace, at time.Time, days int) (time.Time, error) {
	settings, err := inbox.ParseSettings(w.Settings)
	if err != nil {
		return time.Time{}, err
	}
	zone, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		return time.Time{}, fault.Wrap(fault.Invalid, err, "the workspace's time zone %q is not known", w.TimeZone)
	}
	off := map[string]bool{}
	for _, d := range settings.Holidays {
		off[d] = true
	}
	local := at.In(zone)
	for days > 0 {
		local = local.AddDate(0, 0, 1)
		free := local.Weekday() == time.Saturday || local.Weekday() == time.Sunday || off[local.Format(time.DateOnly)] || w.Country == "AU" && nationalHoliday(local)
		if !free {
			days--
		}
	}
	return local.UTC(), nil
}
