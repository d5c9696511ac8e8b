package decisions_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/decisions"
	"ponte/fault"
	"ponte/moderation"
)

const because = "we must be quick today"

func TestAVersionIsRefusedWhereItCannotJudge(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	for name, n := range map[string]decisions.NewVersion{
		"no JSON":                {Kind: "policy", Document: json.RawMessage(`{`)},
		"empty":                  {Kind: "policy"},
		"cannot be stored":       {Kind: "rule", Document: json.RawMessage(`{"name":"a\u0000"}`)},
		"unknown field":          {Kind: "policy", Document: json.RawMessage(`{"hide_everything":true}`)},
		"unknown category":       {Kind: "policy", Document: json.RawMessage(`{"categories":{"boredom":"hide"}}`)},
		"self-harm hidden":       {Kind: "policy", Document: json.RawMessage(`{"categories":{"self_harm":"hide"}}`)},
		"a threshold beyond 1":   {Kind: "thresholds", Document: json.RawMessage(`{"review_harm":1.5}`)},
		"no threshold":           {Kind: "thresholds", Document: json.RawMessage(`{"hide_harm":false}`)},
		"no thresholds at all":   {Kind: "thresholds", Document: json.RawMessage(`{}`)},
		"rules that are no list": {Kind: "rules", Document: json.RawMessage(`{"name":"x"}`)},
		"a rule without a name":  {Kind: "rule", Document: json.RawMessage(`{"words":["x"]}`)},
		"a bad pattern":          {Kind: "rule", Document: json.RawMessage(`{"name":"x","category":"spam","decision":"hide","score":1,"pattern":"("}`)},
		"a kind nobody knows":    {Kind: "mood", Document: json.RawMessage(`{}`)},
	} {
		err := r.tx(func(tx *sqlx.Tx) error {
			_, err := decisions.AddVersion(context.Background(), tx, r.ws, n, "user:1")
			return err
		})
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want it refused as invalid", name, err)
		}
	}
	if n := r.id(`SELECT count(*) FROM versions WHERE state <> 'live'`); n != 0 {
		t.Errorf("%d versions were kept", n)
	}
}

// TestTheWayToLive: backtest → shadow → live, each step with its figures or a reason that is kept.
func TestTheWayToLive(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	v := r.add("rule", rule("kayak", "kayak", "hide"))
	for _, step := range []struct{ to, reason, says string }{
		{"shadow", "", "its longest finished backtest judged 0 texts"},
		{"shadow", "too short", "at least 10 characters"},
		{"live", "", "it was not in shadow"},
		{"backtest", "", "in state backtest already"},
	} {
		if _, err := r.move(v, step.to, step.reason); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), step.says) {
			t.Errorf("to %s for %q: %v, want …%s…", step.to, step.reason, err, step.says)
		}
	}
	if v, err := r.move(v, "shadow", because); err != nil || v.State != "shadow" || v.Override != because || v.ShadowFrom == nil {
		t.Fatalf("to shadow with a reason: %+v, %v", v, err)
	}
	if _, err := r.move(v, "live", ""); err == nil || !strings.Contains(err.Error(), "0 texts were judged in shadow") {
		t.Errorf("to live without figures: %v", err)
	}
	if v, err := r.move(v, "live", because); err != nil || v.State != "live" {
		t.Fatalf("to live with a reason: %v", err)
	}
	live, err := decisions.LiveEngine(context.Background(), r.db, r.ws)
	r.must(err)
	if got := live.Judge(r.in("kayak")).Decision; got != moderation.Hide {
		t.Errorf("the rule is live, and its word is judged %s", got)
	}
	if _, err := r.move(v, "retired", ""); err != nil {
		t.Fatal(err)
	}
	live, err = decisions.LiveEngine(context.Background(), r.db, r.ws)
	r.must(err)
	if got := live.Judge(r.in("kayak")).Decision; got != moderation.Allow {
		t.Errorf("the rule is retired, and its word is judged %s", got)
	}
	if got := r.text(`SELECT string_agg(verb || ' ' || (detail->>'override'), ', ' ORDER BY id) FROM audit_log WHERE object = 'version:' || $1 AND verb <> 'version.add'`, v.ID); got != "version.shadow "+because+", version.live "+because+", version.retired " {
		t.Errorf("the audit log says %s", got)
	}
}

func TestGoingLiveNeedsNoReasonWithFigures(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	live := engine(r, "", "")
	policy := r.add("policy", `{"review_harm":0.6}`)
	for range decisions.EnoughItems {
		r.judged(live, "lovely")
	}
	b := r.backtest(policy, nil, 0)
	w := r.worker("w")
	w.Page = 100
	if _, err := w.Once(context.Background()); err != nil {
		t.Fatal(err)
	}
	if now, _ := r.read(b); now.State != "done" {
		t.Fatalf("the backtest is %s", now.State)
	}
	if _, err := r.move(policy, "shadow", ""); err != nil {
		t.Fatal(err)
	}
	r.exec(`INSERT INTO users (email, password_hash) VALUES ('owner@brand.example', 'x')`)
	r.exec(`INSERT INTO members (workspace_id, user_id, role) SELECT $1, id, 'owner' FROM users`, r.ws)
	told := func() int64 { return r.id(`SELECT count(*) FROM notifications WHERE kind = 'version.ready'`) }
	r.must(decisions.TellReady(context.Background(), r.db))
	if told() != 0 {
		t.Error("a version without figures is called ready")
	}
	r.exec(`INSERT INTO shadow_verdicts (workspace_id, version_id, verdict_id, was, now) SELECT workspace_id, $1, id, 'allow', 'allow' FROM verdicts`, policy.ID)
	for range 2 {
		r.must(decisions.TellReady(context.Background(), r.db))
	}
	if n := told(); n != 1 {
		t.Errorf("told %d times that a version is ready", n)
	}
	now, err := r.move(policy, "live", "")
	if err != nil || now.Override != "" {
		t.Fatalf("%v, override %q", err, now.Override)
	}
	if n := r.id(`SELECT count(*) FROM versions WHERE kind = 'policy' AND state = 'live'`); n != 1 {
		t.Errorf("%d policies are live", n)
	}
	is, err := decisions.LiveEngine(context.Background(), r.db, r.ws)
	r.must(err)
	r.keep(is) // a server that makes its engine from the settings finds the same version
	if got := r.text(`SELECT string_agg(id::text, ',') FROM versions WHERE kind = 'policy' AND state = 'live'`); got != r.text(`SELECT $1::text`, policy.ID) {
		t.Errorf("live is version %s, want %d: its name changed on the way through the settings", got, policy.ID)
	}
	if _, err := r.move(policy, "retired", because); fault.KindOf(err) != fault.Conflict {
		t.Errorf("retiring the only policy: %v, want a conflict", err)
	}
}

func TestRulesKeepTheirNameThroughTheSettings(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	v := r.add("rules", `[ {"score":0.9, "name":"<kayak> & co", "text":"ü","category":"spam","decision":"hide","words":["kayak"]} ]`)
	if _, err := r.move(v, "live", because); err != nil {
		t.Fatal(err)
	}
	live, err := decisions.LiveEngine(context.Background(), r.db, r.ws)
	r.must(err)
	if got := live.Judge(r.in("kayak")); got.RulesVersion != v.Version || got.Decision != moderation.Hide {
		t.Errorf("rules %s are live as %s (%s)", v.Version, got.RulesVersion, got.Decision)
	}
}

func TestThresholdsLeaveTheRestOfThePolicy(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.exec(`UPDATE workspaces SET settings = '{"policy":{"hide_spam":false,"review_harm":0.7},"cap_day":2}'`)
	v := r.add("thresholds", `{"review_harm":0.3,"harm":{"it":0.9}}`)
	if _, err := r.move(v, "live", because); err != nil {
		t.Fatal(err)
	}
	if got := r.text(`SELECT concat_ws(' ', settings->'policy'->>'hide_spam', settings->'policy'->>'review_harm', settings->'policy'->'harm'->>'it', settings->>'cap_day') FROM workspaces`); got != "false 0.3 0.9 2" {
		t.Errorf("the settings are %s", got)
	}
	if got := r.text(`SELECT string_agg(kind || ' ' || override, ', ' ORDER BY kind) FROM versions WHERE state = 'live' AND kind IN ('policy','thresholds')`); !strings.HasPrefix(got, "policy thresholds ") || !strings.HasSuffix(got, because) {
		t.Errorf("live are %s", got)
	}
}

func TestAgreementOfAShadow(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	live := engine(r, "", "")
	v := r.add("rule", rule("kayak", "kayak", "hide"))
	if _, err := r.move(v, "shadow", because); err != nil {
		t.Fatal(err)
	}
	beside := func(was, now, person string, n int) {
		for range n {
			c, id := r.judged(live, "x")
			r.exec(`UPDATE verdicts SET decision = $2 WHERE id = $1`, id, was)
			r.exec(`INSERT INTO shadow_verdicts (workspace_id, version_id, verdict_id, was, now) VALUES ($1, $2, $3, $4, $5)`, r.ws, v.ID, id, was, now)
			if person != "" {
				r.person(c, person)
			}
		}
	}
	beside("allow", "allow", "", 25)
	beside("allow", "hide", "hide", 7)
	beside("allow", "hide", "allow", 3)
	beside("hide", "allow", "allow", 5)
	beside("hide", "hide", "", 20)
	beside("allow", "error", "", 2)
	a, err := decisions.ReadShadow(context.Background(), r.db, r.ws, v.ID)
	r.must(err)
	if a.Items != 60 || a.Same != 45 || *a.Agreement != 0.75 || *a.Kappa != 0.5 || a.Failed != 2 || a.Decided != 15 || a.Right != 12 || a.LiveRight != 3 {
		t.Errorf("%+v (agreement %v, kappa %v)", a, *a.Agreement, *a.Kappa)
	}
	if ok, why := a.Enough(); ok || !strings.Contains(why, "broke on 2") {
		t.Errorf("enough: %v, %s", ok, why)
	}
	if _, err := r.move(v, "backtest", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := r.move(v, "shadow", because); err != nil {
		t.Fatal(err)
	}
	if a, err = decisions.ReadShadow(context.Background(), r.db, r.ws, v.ID); err != nil || a.Items != 0 {
		t.Errorf("a new time in shadow begins with %d texts of the last, %v", a.Items, err)
	}
}

func TestWhatAPromotionTakes(t *testing.T) {
	t.Parallel()
	share := func(v float64) *float64 { return &v }
	for name, c := range map[string]struct {
		a    decisions.ShadowFigures
		want bool
	}{
		"nothing":                       {decisions.ShadowFigures{}, false},
		"too few":                       {decisions.ShadowFigures{Items: 199, Agreement: share(1)}, false},
		"enough alike":                  {decisions.ShadowFigures{Items: 200, Agreement: share(0.95)}, true},
		"too different":                 {decisions.ShadowFigures{Items: 200, Agreement: share(0.94)}, false},
		"different, and people say yes": {decisions.ShadowFigures{Items: 200, Agreement: share(0.5), Decided: 50, Right: 40, LiveRight: 40}, true},
		"worse than what is live":       {decisions.ShadowFigures{Items: 900, Agreement: share(0.99), Decided: 50, Right: 39, LiveRight: 40}, false},
	} {
		if ok, why := c.a.Enough(); ok != c.want || ok == (why != "") {
			t.Errorf("%s: %v (%s), want %v", name, ok, why, c.want)
		}
	}
}

// TestBesideNeverFails: a candidate that breaks says so and stops nothing.
func TestBesideNeverFails(t *testing.T) {
	t.Parallel()
	in := moderation.Input{Subject: moderation.SubjectComment, Text: "hello"}
	live := engine(t, "", "")
	if got := decisions.Beside(nil, in, live.Judge(in)); got != "error" {
		t.Errorf("no engine: %s", got)
	}
	if got := decisions.Beside(&moderation.Engine{}, in, live.Judge(in)); got != "error" {
		t.Errorf("a broken engine: %s", got)
	}
	if got := decisions.Beside(live, in, live.Judge(in)); got != "allow" {
		t.Errorf("the live engine beside itself: %s", got)
	}
}

// TestSettingsAndServersMeet: a server that notes what is live, and somebody who changes the settings at
// that instant, do not wait for each other in a circle.
func TestSettingsAndServersMeet(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	errs := make(chan error, 40)
	for i := range 20 {
		go func() {
			e, err := moderation.EngineFor(json.RawMessage(fmt.Sprintf(`{"review_harm":0.%d1}`, i%9)), nil)
			if err == nil {
				err = decisions.KeepLive(ctx, r.db, r.ws, e)
			}
			errs <- err
		}()
		go func() {
			errs <- r.tx(func(tx *sqlx.Tx) error {
				if _, err := tx.ExecContext(ctx, `SELECT 1 FROM workspaces WHERE id = $1 FOR UPDATE`, r.ws); err != nil {
					return err
				}
				policy := json.RawMessage(fmt.Sprintf(`{"review_spam":0.%d2}`, i%9))
				if _, err := tx.ExecContext(ctx, `UPDATE workspaces SET settings = jsonb_build_object('policy', $2::jsonb) WHERE id = $1`, r.ws, string(policy)); err != nil {
					return err
				}
				return decisions.SettingsChanged(ctx, tx, r.ws, nil, map[string]json.RawMessage{"policy": policy}, "user:1")
			})
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := r.id(`SELECT count(*) FROM versions WHERE kind = 'policy' AND state = 'live'`); n != 1 {
		t.Errorf("%d policies are live", n)
	}
}
