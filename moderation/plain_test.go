package moderation

import "testing"

// Sentences that people plainly write, by what must be heard in them. Each of these is a promise, whatever the
// averages of a model: no share of them may fail, and none of them is trained on (TestFreshSentencesFeedNothing).
func TestPlainSentences(t *testing.T) {
	t.Parallel()
	rows, err := LoadTSV("testdata/plain/sentences.tsv")
	if err != nil {
		t.Fatal(err)
	}
	e := engine()
	seen := map[string]int{}
	for _, x := range rows {
		said := e.Judge(Input{Subject: SubjectMessage, Text: x.Text})
		wrong := ""
		switch x.Label {
		case "reference": // of an invitation, an order or a parcel: neither spam nor a wish
			written := e.Judge(Input{Subject: SubjectComment, Text: x.Text})
			if said.Decision != Allow || written.Decision != Allow || said.OptOut != NoOptOut || said.WantsHuman {
				wrong = "a customer's reference is no trick"
			}
		case "withdraws":
			if said.OptOut == NoOptOut {
				wrong = "this takes consent back"
			}
		case "goes on":
			if said.OptOut != NoOptOut {
				wrong = "this asks to go on"
			}
		case "there":
			if said.WantsHuman || said.Intent == "human_agent" || said.OptOut != NoOptOut {
				wrong = "this asks whether the line is alive, for nobody in particular"
			}
		case "comes", "talk": // from a post, a story, an advertisement, by a link; and what customers say of other things
			if said.OptOut != NoOptOut || said.Intent == "opt_out" || said.WantsHuman || said.Decision != Allow {
				wrong = "nothing is taken back, and nobody is asked for"
			}
		case "danger":
			written := e.Judge(Input{Subject: SubjectComment, Text: x.Text})
			if !said.SelfHarm() || said.Decision != Review || written.Decision != Review || said.OptOut != NoOptOut {
				wrong = "its writer may harm themselves: a person looks, nothing is hidden, and nothing is taken back"
			}
		case "person":
			if !said.WantsHuman {
				wrong = "this asks for a person"
			}
		default:
			t.Fatalf("line %d: the label %q is none", x.Line, x.Label)
		}
		if wrong != "" {
			t.Errorf("%s, %q: %s %s, spam %.2f, opt-out %q, intent %s, wants a person %v: %s", x.Lang, x.Text, said.Decision, said.Reasons, said.SpamScore, said.OptOut, said.Intent, said.WantsHuman, wrong)
		}
		seen[x.Lang+" "+x.Label]++
	}
	for _, l := range Languages {
		for _, label := range []string{"reference", "withdraws", "goes on", "there", "person", "comes", "talk", "danger"} {
			if seen[l+" "+label] < 5 {
				t.Errorf("%d sentences of the kind %q in %s", seen[l+" "+label], label, l)
			}
		}
	}
}
