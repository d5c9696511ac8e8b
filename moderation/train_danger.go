package moderation

// dangerOptions fit the head that hears people in danger.
var dangerOptions = headOptions{bits: 16, epochs: 10, rate: 0.15, rounds: 10, ratio: true}

// What is no danger is everything else that people write. Of the public rows every so-manieth is taken, and counts
// for less than our own: among them are some who speak of death.
const (
	dangerEvery     = 4
	dangerWeight    = 0.3
	lookalikeWeight = 4 // of what only sounds like danger, and was written for that
)

// danger learns who may harm themselves: our own sentences of people in danger and of what only sounds like it,
// against all that people write otherwise. No public set that may ship carries the label.
func (t *trainer) danger() error {
	c := t.collect(yesNo, dangerOptions)
	for _, task := range []string{"danger", "harm", "spam", "intent", "optout", "sentiment"} {
		for _, e := range trainingPart(t.seeds[task]) {
			label, weight := "0", float32(1)
			switch {
			case e.Label == "self_harm":
				label = "1"
			case task == "danger":
				weight = lookalikeWeight
			}
			if e.Other {
				weight /= 2
			}
			c.add(e.Text, label, weight)
		}
	}
	t.m.source("danger", "own sentences", len(c.items), "ours")
	for _, kind := range []string{"harm", "intent"} {
		rows, err := t.public(kind, "danger, as what is none", dangerEvery)
		if err != nil {
			return err
		}
		for _, e := range rows {
			c.add(e.Text, "0", dangerWeight)
		}
	}
	c.fit("danger", []string{"1"})
	return nil
}
