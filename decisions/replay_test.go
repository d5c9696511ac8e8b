package decisions_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"strings"
	"testing"

	"ponte/decisions"
	"ponte/moderation"
)

func (r *room) replay(id int64) decisions.Replayed {
	r.Helper()
	rows, err := decisions.Recorded(context.Background(), r.db, r.ws, id, 10)
	r.must(err)
	if len(rows) != 1 {
		r.Fatalf("%d rows of verdict %d", len(rows), id)
	}
	out, err := decisions.NewArchive(r.db).Replay(context.Background(), r.ws, rows[0])
	r.must(err)
	return out
}

func (r *room) wantReplay(id int64, want decisions.Outcome, why string) decisions.Replayed {
	r.Helper()
	out := r.replay(id)
	if out.Outcome != want || !strings.Contains(out.Why, why) {
		r.Errorf("verdict %d: %s (%s), want %s …%s…", id, out.Outcome, out.Why, want, why)
	}
	return out
}

var odd = []string{"", "I will kill you all", "10k followers cheap, DM me bit.ly/x", "quanto viene il tour?", "🔥🔥🔥", "this brand is run by idiots", "fr33 f0ll0wers <b>&\"'\\ ñ ﬁ", "STOP", strings.Repeat("a", 10000),
	"e\u0301l\u00e9ve \u200bhidden\u202e", "I want to talk to a person", "ăn\u0300\u0301\u0302\u0303\u0304\u0305"}

func TestReplayGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	live := engine(r, "", "")
	for _, text := range odd {
		_, id := r.judged(live, text)
		first, second := r.wantReplay(id, decisions.Same, ""), r.replay(id)
		if !bytes.Equal(first.Bytes, second.Bytes) || len(first.Bytes) == 0 {
			t.Errorf("%.20q: two replays give different bytes", text)
		}
		sum := sha256.Sum256(first.Bytes)
		if n := r.id(`SELECT count(*) FROM verdicts WHERE id = $1 AND digest = $2`, id, sum[:]); n != 1 {
			t.Errorf("%.20q: the bytes are not those that were judged", text)
		}
	}
}

func TestReplayTakesTheLanguageModelsAnswerFromTheRecord(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	live := engine(r, "", "")
	in := r.in("this brand is run by idiots")
	v := live.Judge(in)
	for name, final := range map[string]moderation.Verdict{
		"answered":  live.WithLLM(v, in, moderation.LLMAnswer{Category: "harassment", Score: 0.9, Reason: "insults", Model: "m", Prompt: "p", TokensIn: 12, TokensOut: 3, CostMicros: 40}),
		"nonsense":  live.WithLLM(v, in, moderation.LLMAnswer{Category: "unheard of", Score: 7}),
		"no answer": live.WithoutLLM(v, "the day's budget is spent"),
	} {
		final.NeedsLLM = false
		out := r.wantReplay(r.verdict("comment", r.comment(in.Text), in, final, false), decisions.Same, "")
		if out.LLM != (name != "no answer") {
			t.Errorf("%s: answer from the record: %v", name, out.LLM)
		}
	}
	r.wantReplay(r.verdict("comment", r.comment(in.Text), in, v, true), decisions.Same, "")
}

func TestReplayByTheVersionsOfThen(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	old := engine(r, `{"review_harm":0.9}`, "["+rule("kayak", "kayak", "hide")+"]")
	r.keep(old)
	_, id := r.judged(old, "kayak")
	r.keep(engine(r, "", "")) // both move on
	if got := r.wantReplay(id, decisions.Same, ""); !strings.Contains(string(got.Bytes), `"decision":"hide"`) {
		t.Errorf("judged by what is live now: %s", got.Bytes)
	}
	r.exec(`UPDATE versions SET version = 'gone' WHERE kind = 'rules' AND document LIKE '%kayak%'`)
	r.wantReplay(id, decisions.Unavailable, "rules")
}

func TestReplayByAnOlderModel(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	var raw bytes.Buffer
	m := *moderation.Shipped()
	m.Card.Notes = append(m.Card.Notes, "an older model")
	r.must(m.Write(&raw))
	older, err := moderation.ReadModel(bytes.NewReader(raw.Bytes()))
	r.must(err)
	if older.Version == moderation.Shipped().Version {
		t.Fatal("the test's model has the version of the shipped one")
	}
	_, id := r.judged(moderation.NewEngine(older, nil, moderation.DefaultPolicy()), "quanto viene il tour?")
	r.wantReplay(id, decisions.Unavailable, "was not kept")
	sum := sha256.Sum256(raw.Bytes())
	r.exec(`INSERT INTO model_artefacts (version, sha256, bytes) VALUES ($1, $2, $3)`, older.Version, sum[:], raw.Bytes())
	r.wantReplay(id, decisions.Same, "")
	r.exec(`UPDATE model_artefacts SET bytes = 'x' WHERE version = $1`, older.Version)
	r.wantReplay(id, decisions.Unavailable, "damaged")
}

func TestReplaySaysWhatCannotBeReplayed(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	live := engine(r, "", "")
	comment, id := r.judged(live, "I will kill you all")
	r.exec(`UPDATE verdicts SET input = '{"erased":true}', verdict = verdict - 'normalised', digest = NULL WHERE id = $1`, id)
	r.wantReplay(id, decisions.Erased, "")
	r.exec(`UPDATE verdicts SET input = '{}' WHERE id = $1`, id)
	r.wantReplay(id, decisions.Erased, "")
	r.person(comment, "allow")
	r.wantReplay(r.id(`SELECT max(id) FROM verdicts`), decisions.ByPerson, "")
	_, id = r.judged(live, "I will kill you all")
	r.exec(`UPDATE verdicts SET input = jsonb_set(input, '{text}', '"lovely"') WHERE id = $1`, id)
	r.wantReplay(id, decisions.Differs, "")
	_, id = r.judged(live, "I will kill you all")
	r.exec(`UPDATE verdicts SET verdict = jsonb_set(verdict, '{engine_version}', '999') WHERE id = $1`, id)
	r.wantReplay(id, decisions.Unavailable, "engine 999")
}
