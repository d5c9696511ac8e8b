package inbox

import "ponte/fault"

// DeskSettings say how conversations find somebody who answers, and by when. Minutes are counted in opening hours.
type DeskSettings struct {
	AutoAssign         bool `json:"auto_assign"`          // waiting conversations are given to who is free
	Capacity           int  `json:"capacity"`             // open conversations a member has at once, unless set for them
	FirstAnswerMinutes int  `json:"first_answer_minutes"` // first answer, by the bot or a person
	HandoverMinutes    int  `json:"handover_minutes"`     // a person's first answer after the bot handed over
	NearMinutes        int  `json:"near_minutes"`         // warn so long before a deadline
	TakeBackMinutes    int  `json:"take_back_minutes"`    // assigned but not answered: back to the queue; 0: never
	EscalateMinutes    int  `json:"escalate_minutes"`     // waits so long: to the next team or supervisors; 0: never

	VIPLabels     []string `json:"vip_labels"`      // of the contact
	VIPField      string   `json:"vip_field"`       // a contact field that says yes
	VIPGoalMicros int64    `json:"vip_goal_micros"` // what their goals are worth together; 0: does not count
}

// DefaultDesk are the product's defaults (reference: playbooks 6).
func DefaultDesk() DeskSettings {
	return DeskSettings{AutoAssign: true, Capacity: 10, FirstAnswerMinutes: 15, HandoverMinutes: 30, NearMinutes: 5, TakeBackMinutes: 15, EscalateMinutes: 60, VIPLabels: []string{"vip"}}
}

// Check says what is wrong with the settings.
func (d DeskSettings) Check() error {
	for name, v := range map[string]int{"capacity": d.Capacity, "first_answer_minutes": d.FirstAnswerMinutes, "handover_minutes": d.HandoverMinutes} {
		if v < 1 || v > 10080 {
			return fault.Field("settings.desk."+name, "must be between 1 and 10080")
		}
	}
	for name, v := range map[string]int{"near_minutes": d.NearMinutes, "take_back_minutes": d.TakeBackMinutes, "escalate_minutes": d.EscalateMinutes} {
		if v < 0 || v > 10080 {
			return fault.Field("settings.desk."+name, "must be between 0 and 10080")
		}
	}
	if d.VIPGoalMicros < 0 {
		return fault.Field("settings.desk.vip_goal_micros", "must not be negative")
	}
	return nil
}
