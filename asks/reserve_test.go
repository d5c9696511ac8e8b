package asks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"ponte/llm"
)

// meter is a language model that counts as it likes, within what a request may cost, and takes a while.
type meter struct {
	mu    sync.Mutex
	rng   *rand.Rand
	most  llm.Response
	now   time.Time // moves with every question
	under int
	peak  int
	calls int
	taken llm.Response
	fail  bool // some answers are no use, and are asked for again
}

func (m *meter) Configured() bool              { return true }
func (m *meter) Model() string                 { return "meter" }
func (m *meter) State() llm.State              { return llm.OK }
func (m *meter) Most(llm.Request) llm.Response { return m.most }
func (m *meter) clock() time.Time              { m.mu.Lock(); defer m.mu.Unlock(); return m.now }

func (m *meter) Complete(_ context.Context, r llm.Request) (llm.Response, error) {
	m.mu.Lock()
	m.calls++
	m.under++
	m.peak = max(m.peak, m.under)
	res := llm.Response{Model: "meter", TokensIn: 1 + m.rng.IntN(m.most.TokensIn), TokensOut: 1 + m.rng.IntN(m.most.TokensOut), CostMicros: 1 + m.rng.Int64N(m.most.CostMicros)}
	m.taken.TokensIn, m.taken.TokensOut, m.taken.CostMicros = m.taken.TokensIn+res.TokensIn, m.taken.TokensOut+res.TokensOut, m.taken.CostMicros+res.CostMicros
	useless := m.fail && m.rng.IntN(3) == 0
	latency := time.Duration(m.rng.IntN(20)) * time.Millisecond
	m.now = m.now.Add(2 * time.Second)
	m.mu.Unlock()
	time.Sleep(latency) // what a server takes: replicas shall meet
	m.mu.Lock()
	m.under--
	m.mu.Unlock()
	if useless {
		return res, llm.ErrEmpty
	}
	res.Text, _ = spam(make([]string, strings.Count(r.User, "Item ")))
	return res, nil
}

// Two replicas, each with four requests at once, spend no day's budget but by the last request, whichever
// side of the workspace's midnight a request falls on; and they spend all of it while there is something to ask.
func TestTwoReplicasKeepTheBudget(t *testing.T) {
	b := setup(t, `{}`)
	zone, err := time.LoadLocation("Australia/Sydney")
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for trial := range 6 {
		m := &meter{rng: rng, most: llm.Response{Model: "meter", TokensIn: 40 + rng.IntN(400), TokensOut: 40 + rng.IntN(400), CostMicros: 1 + rng.Int64N(90)}, fail: trial%2 == 1}
		midnight := time.Date(2026, 6, 11, 0, 0, 0, 0, zone)
		m.now = midnight.Add(-time.Duration(4+rng.IntN(16)) * time.Second)
		tokens, micros := int64(0), int64(0)
		if most := int64(m.most.TokensIn + m.most.TokensOut); trial != 1 {
			tokens = most/2 + rng.Int64N(5*most)
		}
		if trial != 2 {
			micros = m.most.CostMicros/2 + rng.Int64N(5*m.most.CostMicros)
		}
		ws, account := b.workspace(fmt.Sprint("trial", trial), fmt.Sprintf(`{"llm_daily_tokens":%d,"llm_daily_micros":%d}`, tokens, micros))
		b.exec(`UPDATE workspaces SET time_zone = 'Australia/Sydney' WHERE id = $1`, ws)
		for i := range 500 {
			b.askOf(ws, account, fmt.Sprintf("text %d of trial %d", i, trial))
		}
		b.exec(`UPDATE asks SET created_at = $2 WHERE workspace_id = $1`, ws, midnight)
		replicas := []*Runner{}
		for range 2 {
			replicas = append(replicas, &Runner{DB: b.db, Model: m, Now: m.clock, Log: slog.New(slog.DiscardHandler)})
		}
		b.untilSettled(ws, replicas)
		b.keptTo(ws, trial, tokens, micros)
		if int64(m.taken.TokensIn+m.taken.TokensOut) != b.id(`SELECT sum(tokens_in + tokens_out) FROM llm_spend WHERE workspace_id = $1`, ws) || m.taken.CostMicros != b.id(`SELECT sum(cost_micros) FROM llm_spend WHERE workspace_id = $1`, ws) {
			t.Errorf("trial %d: what the server took is not what was recorded", trial)
		}
		if n := b.id(`SELECT count(*) FROM llm_reservations WHERE workspace_id = $1`, ws); n != 0 {
			t.Errorf("trial %d: %d reservations are left", trial, n)
		}
		t.Logf("trial %d: %d requests, %d at once at the most", trial, m.calls, m.peak)
	}
}

// sqlHurry lets what was put off be asked now; it stays out of the way of rows that are being written.
const sqlHurry = `UPDATE asks SET not_before = now() WHERE id IN (
    SELECT id FROM asks WHERE workspace_id = $1 AND state = 'pending' ORDER BY id FOR UPDATE SKIP LOCKED)`

// untilSettled lets replicas work beside one another until nothing waits.
func (b *bench) untilSettled(ws int64, replicas []*Runner) {
	b.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	var work sync.WaitGroup
	for _, r := range replicas {
		work.Go(func() {
			for time.Now().Before(deadline) {
				var open int
				if err := b.db.Get(&open, `SELECT count(*) FROM asks WHERE workspace_id = $1 AND state IN ('pending','asking')`, ws); err != nil || open == 0 {
					if err != nil {
						b.t.Error(err)
					}
					return
				}
				if _, err := b.db.Exec(sqlHurry, ws); err != nil {
					b.t.Error(err)
					return
				}
				if _, err := r.Once(b.t.Context()); err != nil {
					b.t.Error(err)
					return
				}
			}
			b.t.Error("two minutes were not enough")
		})
	}
	work.Wait()
}

// keptTo holds each local day's sum against its budget.
func (b *bench) keptTo(ws int64, trial int, tokens, micros int64) {
	b.t.Helper()
	var days []struct {
		Day                                      string
		Tokens, Micros, Most_tokens, Most_micros int64
	}
	if err := b.db.Select(&days, `SELECT (at AT TIME ZONE 'Australia/Sydney')::date::text AS day, sum(tokens_in + tokens_out) AS tokens, sum(cost_micros) AS micros,
max(tokens_in + tokens_out) AS most_tokens, max(cost_micros) AS most_micros FROM llm_spend WHERE workspace_id = $1 GROUP BY 1 ORDER BY 1`, ws); err != nil {
		b.t.Fatal(err)
	}
	spent := false
	for _, d := range days {
		if tokens > 0 && d.Tokens >= tokens+d.Most_tokens || micros > 0 && d.Micros >= micros+d.Most_micros {
			b.t.Errorf("trial %d, %s: %d tokens and %d micros were spent of %d and %d; one request took %d and %d at the most", trial, d.Day, d.Tokens, d.Micros, tokens, micros, d.Most_tokens, d.Most_micros)
		}
		spent = spent || tokens > 0 && d.Tokens >= tokens || micros > 0 && d.Micros >= micros
	}
	if given := b.id(`SELECT count(*) FROM asks WHERE workspace_id = $1 AND state = 'failed'`, ws); given > 0 && !spent {
		b.t.Errorf("trial %d: %d asks were given up with budget left: %+v of %d and %d", trial, given, days, tokens, micros)
	}
}

// What a dead process had set aside is counted as spent when its time is over, once, and its late answer
// no more; until then it holds others back.
func TestReservationsOfTheDead(t *testing.T) {
	b := setup(t, `{"llm_daily_tokens":100}`)
	at, most := time.Now(), llm.Response{Model: "small", TokensIn: 60, TokensOut: 60, CostMicros: 9}
	dead, err := Reserve(t.Context(), b.db, b.ws, at, "moderate", most)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Reserve(t.Context(), b.db, b.ws, at, "suggest", most); !errors.Is(err, ErrHeld) {
		t.Errorf("beside a question under way: %v", err)
	}
	b.exec(`UPDATE llm_reservations SET until = now() - interval '1 second'`)
	if _, err := Reserve(t.Context(), b.db, b.ws, at, "suggest", most); !errors.Is(err, ErrSpent) {
		t.Errorf("after a lost question: %v", err)
	}
	if err := dead.Settle(t.Context(), llm.Response{Model: "small", TokensIn: 5}); err != nil {
		t.Error(err)
	}
	b.exec(`UPDATE workspaces SET settings = '{"llm_daily_tokens":1000}'`)
	last, err := Reserve(t.Context(), b.db, b.ws, at, "suggest", most)
	if err != nil {
		t.Fatal(err)
	}
	if err := last.Settle(t.Context(), llm.Response{}); err != nil {
		t.Error(err)
	}
	if n, sum := b.id(`SELECT count(*) FROM llm_spend WHERE estimated`), b.id(`SELECT coalesce(sum(tokens_in + tokens_out), 0) FROM llm_spend`); n != 1 || sum != 120 {
		t.Errorf("%d lost questions were counted, with %d tokens", n, sum)
	}
	if n := b.id(`SELECT count(*) FROM llm_reservations`); n != 0 {
		t.Errorf("%d reservations are left", n)
	}
}
