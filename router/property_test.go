package router

import (
	"math/rand/v2"
	"testing"

	"ponte/testkit"
)

// Whatever people write, and in whatever order: a grant is the answer to a question asked in the turn
// just before, and after a withdrawal the bot says one thing and then nothing, until it is spoken to by
// START or asked for a person.
func TestWhateverIsSaid(t *testing.T) {
	seed := testkit.Seeds(t, 1)[0]
	r := rand.New(rand.NewPCG(seed, 1))
	for round := range 4000 {
		k := newTalk(t, StageNew)
		if round%3 == 0 {
			k.cfg.Questions = nil
		}
		asked, withdrawn, person, confirmed := false, false, false, 0
		var story []Input
		for range 12 {
			in := someInput(r)
			story = append(story, in)
			turn := k.step(in)
			if bad := judgeTurn(turn, in, asked, withdrawn, &confirmed); bad != "" {
				t.Fatalf("seed %d: %s\nstory %+v\nturn %+v", seed, bad, story, turn)
			}
			person = person || in.Human && in.WantsHuman
			for _, u := range turn.Say {
				silent := in.Human && u.Key != "stop.confirmed" && u.Key != "stop.kept" && (u.Key != "stop.doubt" || !in.Waiting || person)
				if silent && (person || !in.Waiting || in.Outcome != Valid && in.Outcome != SharedLink || len(turn.Say) > 1) {
					t.Fatalf("seed %d: the bot says %q where a person has the conversation\nstory %+v\nturn %+v", seed, u.Key, story, turn)
				}
			}
			asked = false
			for _, c := range turn.Consent {
				switch c.Act {
				case "ask":
					asked = true
				case "withdraw":
					withdrawn = true
				}
			}
			if asked || turn.HandOver == "asked_for_a_person" {
				withdrawn, confirmed = false, 0
			}
		}
	}
}

func judgeTurn(turn Turn, in Input, asked, withdrawn bool, confirmed *int) string {
	askedNow := false
	for _, c := range turn.Consent {
		switch {
		case c.Act == "grant" && !asked:
			return "a grant without a question just before"
		case c.Act == "grant" && in.OptOut != "":
			return "a grant by words that may withdraw"
		case c.Act == "ask":
			askedNow = true
		case c.Purpose != "promotional" || c.How == "":
			return "a step of the ledger lacks purpose or how"
		}
	}
	stop := in.OptOut == "clear" || in.Payload == payloadStop
	if stop && (turn.State.Stage != StageStopped || len(turn.Consent) == 0 || turn.Consent[0].Act != "withdraw") {
		return "a withdrawal was not taken"
	}
	for _, u := range turn.Say {
		if u.Text == "" && u.Wording == "" {
			return "an empty message"
		}
		if u.Key == "stop.confirmed" {
			*confirmed++
		}
		if withdrawn && u.Key != "stop.confirmed" && !askedNow && turn.HandOver != "asked_for_a_person" {
			return "something was said after a withdrawal: " + u.Key
		}
	}
	if *confirmed > 1 {
		return "a withdrawal was confirmed twice"
	}
	return ""
}

func someInput(r *rand.Rand) Input {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	in := Input{Language: pick(append(Languages, "", "xx")...), Text: pick("yes", "SÌ", "no", "1", "9", "hello", "start", "stop", "", "👍", "my order", "oui", "nein danke", "\xff"),
		Outcome: Outcome(pick("", "valid", "expired", "forwarded", "used_by_other", "shared_link")), Offers: pick("none", "granted", "withdrawn", "doubt"), Name: pick("", "Ana", "{brand}")}
	switch r.IntN(10) {
	case 0:
		in.OptOut = "clear"
	case 1:
		in.OptOut = "doubtful"
	case 2:
		in.WantsHuman = true
	case 3, 4:
		in.Payload = pick(payloadYes, payloadNo, payloadStop, payloadKeep, "q:topic:order", "q:topic:none", "foreign")
	}
	in.Human, in.Burst = r.IntN(12) == 0, r.IntN(6) == 0
	in.Waiting = in.Human && r.IntN(2) == 0
	return in
}
