package router

import "testing"

// The tap that says to go on counts as long as the doubt stands, whatever was talked about since; without a
// doubt, or after a withdrawal, it brings nothing back.
func TestTheTapToGoOnCountsAlsoLater(t *testing.T) {
	for _, stage := range []Stage{StageNew, StageQualify, StageConsent, StageDone} {
		for offers, want := range map[string]string{"doubt": "confirm button", "granted": "", "withdrawn": "", "refused": "", "none": ""} {
			for _, human := range []bool{false, true} {
				k := newTalk(t, stage)
				turn := k.step(Input{Payload: "ponte:keep", Text: "Keep them", Offers: offers, Human: human})
				got := ""
				for _, c := range turn.Consent {
					if c.Act == "confirm" || c.Act == "grant" {
						got += c.Act + " " + c.How
					}
				}
				if got != want {
					t.Errorf("in %q with offers %s, human %v: %q, want %q", stage, offers, human, got, want)
				}
			}
		}
	}
	if turn := newTalk(t, StageStopped).step(Input{Payload: "ponte:keep", Offers: "doubt"}); acts(turn) != "" {
		t.Errorf("after a withdrawal: %s", acts(turn))
	}
}
