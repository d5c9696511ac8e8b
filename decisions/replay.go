package decisions

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"

	"ponte/moderation"
)

// Outcome is what came of judging a recorded input again by the same versions.
type Outcome string

// The outcomes.
const (
	Same        Outcome = "same"                // byte for byte
	Differs     Outcome = "differs"             // the same versions judge otherwise: a fault of the program
	Unavailable Outcome = "version unavailable" // a version is not there any more, or this program cannot run it
	Erased      Outcome = "erased"              // the input was erased with its author
	ByPerson    Outcome = "decided by a person"
	Unreadable  Outcome = "unreadable"
)

// Replayed is one verdict judged again.
type Replayed struct {
	ID      int64           `json:"verdict"`
	Outcome Outcome         `json:"replay"`
	Why     string          `json:"why,omitempty"`
	LLM     bool            `json:"llm_from_record,omitempty"` // the language model's answer is the recorded one
	Bytes   json.RawMessage `json:"-"`                         // the verdict as it was judged now
}

// Row is a recorded verdict.
type Row struct {
	ID      int64           `db:"id"`
	Tier    string          `db:"tier"`
	Verdict json.RawMessage `db:"verdict"`
	Input   json.RawMessage `db:"input"`
	Digest  []byte          `db:"digest"`
}

// Recorded returns verdicts, the newest first, or the one with the id.
func Recorded(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64, most int) ([]Row, error) {
	var rows []Row
	err := sqlx.SelectContext(ctx, q, &rows, `SELECT id, tier, verdict, input, digest FROM verdicts
WHERE workspace_id = $1 AND ($2::bigint = 0 OR id = $2) ORDER BY id DESC LIMIT $3`, workspaceID, id, most)
	if err != nil {
		return nil, fmt.Errorf("load verdicts: %w", err)
	}
	return rows, nil
}

// Replay judges a recorded input again by the versions that judged it. The answer of a language model
// is taken from the record; nothing is asked.
func (a *Archive) Replay(ctx context.Context, workspaceID int64, r Row) (Replayed, error) {
	out := Replayed{ID: r.ID}
	if r.Tier == "person" {
		out.Outcome = ByPerson
		return out, nil
	}
	in, erased, err := readInput(r.Input)
	if erased {
		out.Outcome = Erased
		return out, nil
	}
	var was moderation.Verdict
	if err != nil || json.Unmarshal(r.Verdict, &was) != nil {
		out.Outcome = Unreadable
		return out, nil
	}
	if was.EngineVersion != moderation.EngineVersion() {
		out.Outcome, out.Why = Unavailable, fmt.Sprintf("judged by engine %d, this program has %d", was.EngineVersion, moderation.EngineVersion())
		return out, nil
	}
	engine, why, err := a.Engine(ctx, workspaceID, was.ModelVersion, was.RulesVersion, was.PolicyVersion)
	if err != nil {
		return out, err
	}
	if engine == nil {
		out.Outcome, out.Why = Unavailable, why
		return out, nil
	}
	now := engine.Judge(in)
	if t := was.Tiers; t != nil && (t.LLM != nil || t.LLMFailed != "") {
		now = withRecorded(engine, now, in, t)
		out.LLM = t.LLM != nil
	}
	if out.Bytes, err = now.Canonical(); err != nil {
		return out, err
	}
	out.Outcome, err = compare(out.Bytes, was, r.Digest)
	return out, err
}

// compare holds bytes against the digest of those that were judged, or, where a record is older than
// digests, against the record.
func compare(now []byte, was moderation.Verdict, digest []byte) (Outcome, error) {
	same := false
	if len(digest) > 0 {
		sum := sha256.Sum256(now)
		same = bytes.Equal(sum[:], digest)
	} else {
		then, err := was.Canonical()
		if err != nil {
			return "", err
		}
		same = bytes.Equal(now, then)
	}
	if same {
		return Same, nil
	}
	return Differs, nil
}

// withRecorded makes a verdict final by what the language model and the moderation endpoint answered
// then, or why they did not.
func withRecorded(e *moderation.Engine, v moderation.Verdict, in moderation.Input, t *moderation.TierAnswers) moderation.Verdict {
	if t.LLM != nil {
		v = e.WithLLM(v, in, *t.LLM)
	} else {
		v = e.WithoutLLM(v, t.LLMFailed)
	}
	if t.Signals != nil {
		v = e.WithSignals(v, in, *t.Signals)
	}
	v.NeedsLLM = false
	return v
}

// readInput reads a recorded input; what was erased is {} or says so.
func readInput(raw json.RawMessage) (in moderation.Input, erased bool, err error) {
	var mark struct {
		Erased  bool               `json:"erased"`
		Subject moderation.Subject `json:"subject"`
	}
	if err := json.Unmarshal(raw, &mark); err != nil {
		return in, false, fmt.Errorf("read a recorded input: %w", err)
	}
	if mark.Erased || mark.Subject == "" {
		return in, true, nil
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return in, false, fmt.Errorf("read a recorded input: %w", err)
	}
	return in, false, nil
}
