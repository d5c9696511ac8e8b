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

// A conversation that was handed on waits for hours until somebody looks. Who may want to stop is asked meanwhile, once,
// and answers in words or by a tap; where a person of the brand is there, or was asked for, the bot keeps out of it.
func TestADoubtIsAskedAboutWhileNobodyHasAnswered(t *testing.T) {
	for name, c := range map[string]struct {
		answer Input
		stage  Stage
		acts   string
		said   []string
	}{
		"yes":   {Input{Text: "Ja"}, StageStopped, "withdraw plain_words", []string{"stop.confirmed"}},
		"stop":  {Input{Payload: "ponte:stop"}, StageStopped, "withdraw button", []string{"stop.confirmed"}},
		"no":    {Input{Text: "não"}, StageDone, "confirm keyword_reply", []string{"stop.kept"}},
		"keep":  {Input{Payload: "ponte:keep"}, StageDone, "confirm button", []string{"stop.kept"}},
		"again": {Input{Text: "I do not know", OptOut: "doubtful"}, StageDoubt, "doubt plain_words", nil},
		"other": {Input{Text: "how much is it?"}, StageDoubt, "", nil},
	} {
		k := newTalk(t, StageDone)
		turn := k.step(Input{Text: "perhaps I should leave the list", OptOut: "doubtful", Human: true, Waiting: true})
		k.want(StageDoubt, "stop.doubt")
		if acts(turn) != "doubt plain_words" || !turn.Waits {
			t.Errorf("%s: the doubt gave %q, waits %v", name, acts(turn), turn.Waits)
		}
		c.answer.Human, c.answer.Waiting, c.answer.Offers = true, true, "doubt"
		turn = k.step(c.answer)
		k.want(c.stage, c.said...)
		if acts(turn) != c.acts || turn.HandOver != "" {
			t.Errorf("%s gave %q, handed over %q", name, acts(turn), turn.HandOver)
		}
	}
	for name, in := range map[string]Input{"a person is there": {}, "asks for one": {Waiting: true, WantsHuman: true}} {
		k := newTalk(t, StageDone)
		in.Text, in.OptOut, in.Human = "perhaps I should leave the list", "doubtful", true
		if turn := k.step(in); len(turn.Say) > 0 || acts(turn) != "doubt plain_words" {
			t.Errorf("%s: said %v, %q", name, said(turn), acts(turn))
		}
	}
	k := newTalk(t, StageDone)
	k.state.AskedPerson = true
	if turn := k.step(Input{Text: "perhaps", OptOut: "doubtful", Human: true, Waiting: true}); len(turn.Say) > 0 {
		t.Errorf("who asked for a person hears %v of the bot", said(turn))
	}
}

// Who was asked by the bot and taps to go on once a member has taken over has answered all the same.
func TestTheTapToGoOnCountsAfterAMemberCame(t *testing.T) {
	k := newTalk(t, StageQualify)
	k.step(Input{Text: "basta", OptOut: "doubtful"})
	turn := k.step(Input{Payload: "ponte:keep", Human: true, Offers: "doubt"})
	k.want(StageQualify, "stop.kept")
	if acts(turn) != "confirm button" {
		t.Errorf("gave %q", acts(turn))
	}
}
