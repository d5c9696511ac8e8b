package campaign

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/consent"
	"ponte/router"
	"ponte/testkit"
)

// rows is a workspace whose rows are written by hand.
type rows struct {
	testing.TB
	db            *sqlx.DB
	ws, ig, wa    int64
	event, people int64
	zone          string
	now           time.Time
}

func newRows(t testing.TB, zone string) *rows {
	t.Helper()
	b := &rows{TB: t, db: testkit.Database(t), zone: zone, now: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)}
	b.ws = b.id(`INSERT INTO workspaces (name, time_zone, time_zone_at) VALUES ('main', $1, '2000-01-01') RETURNING id`, zone)
	account := `INSERT INTO accounts (workspace_id, channel, external_id, name, token_sealed, base_url, waba_id, phone) VALUES ($1, $2, $3, 'x', ''::bytea, '', 'x', '1') RETURNING id`
	b.ig, b.wa = b.id(account, b.ws, "instagram", "1"), b.id(account, b.ws, "whatsapp", "2")
	b.event = b.id(`INSERT INTO events (workspace_id, account_id, key, kind, channel, lane, occurred_at, payload, state, reason) VALUES ($1, $2, 'e', 'comment.added', 'instagram', 1, now(), '{}', 'done', 'x') RETURNING id`, b.ws, b.ig)
	return b
}

func (b *rows) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *rows) id(stmt string, args ...any) int64 {
	b.Helper()
	var id int64
	b.must(b.db.Get(&id, stmt, args...))
	return id
}

func (b *rows) exec(stmt string, args ...any) {
	b.Helper()
	_, err := b.db.Exec(stmt, args...)
	b.must(err)
}

func (b *rows) person(channel string) (contact, identity int64) {
	b.people++
	contact = b.id(`INSERT INTO contacts (workspace_id) VALUES ($1) RETURNING id`, b.ws)
	return contact, b.id(`INSERT INTO identities (workspace_id, contact_id, channel, scope, external_id) VALUES ($1, $2, $3, $4, $5) RETURNING id`, b.ws, contact, channel, map[string]int64{"instagram": b.ig}[channel], fmt.Sprint("x", b.people))
}

func (b *rows) trigger(name, columns, values string) int64 {
	b.Helper()
	if columns != "" {
		columns, values = ", "+columns, ", "+values
	}
	return b.id(`INSERT INTO triggers (workspace_id, name, state, keywords, public_replies, updated_at`+columns+`) VALUES ($1, $2, 'live', '[{"words":["info"]}]', '{"en":["a"]}', $3`+values+`) RETURNING id`, b.ws, name, b.now)
}

// The funnel of every trigger and campaign equals a recount by hand of a random history.
func TestFunnelsEqualARecount(t *testing.T) {
	t.Parallel()
	seed := testkit.Seeds(t, 1)[0]
	r := rand.New(rand.NewPCG(seed, 2))
	b := newRows(t, "UTC")
	ledger := consent.New([]byte("only used in tests: ledger"))
	wording := b.id(`INSERT INTO consent_wordings (workspace_id, name, version, language, text) VALUES ($1, 'offers', 1, 'en', 'May we?') RETURNING id`, b.ws)
	campaigns := []int64{0, b.id(`INSERT INTO campaigns (workspace_id, name, goal) VALUES ($1, 'one', 'booking') RETURNING id`, b.ws), b.id(`INSERT INTO campaigns (workspace_id, name) VALUES ($1, 'two') RETURNING id`, b.ws)}
	triggers := []int64{b.trigger("a", "", ""), b.trigger("b", "", ""), b.trigger("c", "", "")}
	want := map[string]*Funnel{}
	count := func(trigger, campaign int64, add func(f *Funnel)) {
		for _, k := range []string{fmt.Sprint("trigger ", trigger), fmt.Sprint("campaign ", campaign)} {
			if want[k] == nil {
				want[k] = &Funnel{}
			}
			add(want[k])
		}
	}
	reached := map[string]map[int64]bool{} // people who reached the goal, by whose it is
	for i := range 250 {
		trigger, campaign := triggers[r.IntN(3)], campaigns[r.IntN(3)]
		at := b.now.Add(time.Duration(i) * time.Minute)
		contact, identity := b.person("instagram")
		b.exec(`INSERT INTO trigger_runs (workspace_id, trigger_id, identity_id, event_id, scope, campaign_id, at) VALUES ($1, $2, $3, $4, 'trigger', nullif($5::bigint, 0), $6)`, b.ws, trigger, identity, b.event, campaign, at)
		count(trigger, campaign, func(f *Funnel) { f.Matched++ })
		for _, kind := range []string{"comment.reply", "private_reply.send"} {
			state := []string{"done", "done", "planned", "refused", "expired", "cancelled"}[r.IntN(6)]
			b.exec(`INSERT INTO actions (workspace_id, account_id, kind, state, reason, purpose, origin, token, dedupe, contact_id, identity_id, answers_event, trigger_id, campaign_id, call, valid_until, created_at)
				VALUES ($1, $2, $3, $4, 'x', 'answer', 'trigger', $5, $5, $6, $7, $8, $9, nullif($10::bigint, 0), '{}', $11, $11)`, b.ws, b.ig, kind, state, fmt.Sprint(kind, i), contact, identity, b.event, trigger, campaign, at)
			count(trigger, campaign, func(f *Funnel) {
				switch {
				case state == "done" && kind == "comment.reply":
					f.PublicReply++
				case state == "done":
					f.PrivateReply++
				case state == "refused" || state == "expired":
					f.Refused++
				}
			})
		}
		if r.IntN(3) == 0 {
			continue
		}
		handoff := b.id(`INSERT INTO handoffs (workspace_id, hash, account_id, contact_id, identity_id, trigger_id, campaign_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, nullif($7::bigint, 0), $8, $8) RETURNING id`,
			b.ws, []byte(fmt.Sprint(i)), b.wa, contact, identity, trigger, campaign, at)
		count(trigger, campaign, func(f *Funnel) { f.Invited++ })
		if r.IntN(3) == 0 {
			continue
		}
		person, used := b.person("whatsapp")
		b.exec(`UPDATE handoffs SET used_at = $2, used_by = $3 WHERE id = $1`, handoff, at, used)
		count(trigger, campaign, func(f *Funnel) { f.Started++ })
		thread := b.id(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id) VALUES ($1, $2, 'whatsapp', $3, $4) RETURNING id`, b.ws, b.wa, used, person)
		bot, labels := `{"stage":"qualify"}`, "{}"
		switch r.IntN(4) {
		case 0:
			bot = `{"stage":"done","answers":{"topic":"order"}}`
		case 1:
			labels = "{qualified}"
		case 2:
			bot = `{"answers":{}}`
		}
		talk := b.id(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, bot, labels, origin, opened_at, last_message_at) VALUES ($1, $2, 'whatsapp', $3, $4, $5, $6, jsonb_build_object('handoff_id', $7::bigint), $8, $8) RETURNING id`,
			b.ws, b.wa, thread, person, bot, labels, handoff, at)
		if labels == "{qualified}" || bot == `{"stage":"done","answers":{"topic":"order"}}` {
			count(trigger, campaign, func(f *Funnel) { f.Qualified++ })
		}
		if r.IntN(2) == 0 {
			when := at.Add(time.Duration(r.IntN(3)-1) * time.Hour) // some had agreed before
			tx := b.db.MustBegin()
			b.must(ledger.Append(context.Background(), tx, []consent.Entry{{WorkspaceID: b.ws, At: when, Brand: "x", Channel: "whatsapp", Purpose: consent.Promotional, Act: consent.Grant, Kind: consent.Express, WordingID: &wording, How: "button", Actor: "contact", Evidence: consent.Evidence{"event": "1"},
				Personal: consent.Personal{ContactID: person, IdentityID: used, Address: fmt.Sprint("whatsapp:x", b.people), Words: "yes"}}}))
			b.must(tx.Commit())
			if !when.Before(at) {
				count(trigger, campaign, func(f *Funnel) { f.OptedIn++ })
			}
		}
		for n := range r.IntN(3) {
			name := []string{"booking", "purchase"}[r.IntN(2)]
			b.exec(`INSERT INTO goals (workspace_id, name, contact_id, conversation_id, campaign_id, trigger_id, source, dedupe, at) VALUES ($1, $2, $3, $4, nullif($5::bigint, 0), $6, 'flow', $7, $8)`,
				b.ws, name, person, talk, pick(r, campaign, 0), pickPointer(r, trigger), fmt.Sprint(i, "/", n), at)
			for _, k := range []string{fmt.Sprint("trigger ", trigger), fmt.Sprint("campaign ", campaign)} {
				if k == fmt.Sprint("campaign ", campaigns[1]) && name != "booking" {
					continue
				}
				if reached[k] == nil {
					reached[k] = map[int64]bool{}
				}
				reached[k][person] = true
			}
		}
	}
	for k, who := range reached {
		want[k].Goal = len(who)
	}
	byTrigger, err := TriggerFunnels(context.Background(), b.db, b.ws, 0, Span{})
	b.must(err)
	byCampaign, err := CampaignFunnels(context.Background(), b.db, b.ws, 0, Span{})
	b.must(err)
	for _, id := range triggers {
		if got := byTrigger[id]; got != *want[fmt.Sprint("trigger ", id)] {
			t.Errorf("seed %d, trigger %d: %+v\nrecounted: %+v", seed, id, got, *want[fmt.Sprint("trigger ", id)])
		}
	}
	for _, id := range campaigns[1:] {
		if got := byCampaign[id]; got != *want[fmt.Sprint("campaign ", id)] {
			t.Errorf("seed %d, campaign %d: %+v\nrecounted: %+v", seed, id, got, *want[fmt.Sprint("campaign ", id)])
		}
		alone, err := CampaignFunnels(context.Background(), b.db, b.ws, id, Span{})
		b.must(err)
		if len(alone) != 1 || alone[id] != byCampaign[id] {
			t.Errorf("campaign %d alone: %+v", id, alone)
		}
	}
}

func pick(r *rand.Rand, a, b int64) int64 {
	if r.IntN(2) == 0 {
		return a
	}
	return b
}

func pickPointer(r *rand.Rand, id int64) *int64 {
	if r.IntN(2) == 0 {
		return nil
	}
	return &id
}

// Whatever the clock does and whenever nobody keeps it: each window is opened once at most, while it
// lasts, and what passed is missed.
func TestTheClockOpensEachWindowOnceAndNeverLate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, from string }{{"Europe/Rome", "2026-03-28T12:00:00Z"}, {"Europe/Rome", "2026-10-24T12:00:00Z"}, {"Australia/Sydney", "2026-10-03T02:00:00Z"}, {"Australia/Sydney", "2026-04-04T02:00:00Z"}, {"America/Sao_Paulo", "2018-11-03T12:00:00Z"}} {
		t.Run(c.zone+" "+c.from[:10], func(t *testing.T) {
			t.Parallel()
			seed := testkit.Seeds(t, 2)[0]
			r := rand.New(rand.NewPCG(seed, 3))
			b := newRows(t, c.zone)
			b.now, _ = time.Parse(time.RFC3339, c.from)
			began := b.now
			id := b.trigger("w", "recurrence, duration_minutes", "'*/30 * * * *', 20")
			down := 0
			for b.now.Before(began.Add(40 * time.Hour)) {
				step := time.Duration(1+r.IntN(600)) * time.Second
				if r.IntN(25) == 0 {
					step, down = time.Duration(r.IntN(5*3600))*time.Second, down+1
				}
				b.now = b.now.Add(step)
				var both sync.WaitGroup
				for range 2 { // two replicas, both at it
					both.Go(func() {
						clock := Clock{DB: b.db, Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler)}
						if err := clock.Once(context.Background()); err != nil {
							t.Error(err)
						}
					})
				}
				both.Wait()
			}
			rec, err := ParseRecurrence("*/30 * * * *", 20)
			b.must(err)
			list := rec.Windows(zone(t, c.zone), began, b.now, 1000)
			var kept []struct {
				Start  time.Time  `db:"starts_at"`
				State  string     `db:"state"`
				Opened *time.Time `db:"opened_at"`
			}
			b.must(b.db.Select(&kept, `SELECT starts_at, state, opened_at FROM trigger_windows WHERE trigger_id = $1 AND starts_at < $2 ORDER BY starts_at`, id, b.now))
			if len(kept) != len(list) {
				t.Fatalf("seed %d: %d windows are kept, %d have come (down %d times)", seed, len(kept), len(list), down)
			}
			for i, w := range list {
				k := kept[i]
				if !k.Start.Equal(w.Start) || k.State == "planned" && !w.End.After(b.now) || k.Opened != nil && (k.Opened.Before(w.Start) || !k.Opened.Before(w.End)) {
					t.Errorf("seed %d: the window of %s is %+v", seed, w.Start, k)
				}
			}
		})
	}
}

// After days of standing still the window of now opens at the first look, however many were missed; those are told by and by.
func TestALongStopDoesNotDelayTheWindowOfNow(t *testing.T) {
	t.Parallel()
	b := newRows(t, "UTC")
	id := b.trigger("often", "recurrence, duration_minutes", "'*/5 * * * *', 5")
	b.now = b.now.Add(3*24*time.Hour + time.Minute)
	clock := Clock{DB: b.db, Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler)}
	b.must(clock.Once(t.Context()))
	if n := b.id(`SELECT count(*) FROM trigger_windows WHERE trigger_id = $1 AND state = 'open' AND starts_at <= $2 AND ends_at > $2`, id, b.now); n != 1 {
		t.Errorf("%d windows are open", n)
	}
	for range 12 {
		b.must(clock.Once(t.Context()))
	}
	if n := b.id(`SELECT count(*) FROM trigger_windows WHERE trigger_id = $1 AND state = 'missed'`, id); n != 3*24*12 {
		t.Errorf("%d are told to be missed, want %d", n, 3*24*12)
	}
}

// What nobody can read – a recurrence of an earlier version, a time zone that the machine does not know – stops its own
// workspace or trigger, and nobody else's windows.
func TestOneThatCannotBeReadStopsNoOtherClock(t *testing.T) {
	t.Parallel()
	b := newRows(t, "UTC")
	b.trigger("broken", "recurrence, duration_minutes", "'every now and then', 20")
	other := b.id(`INSERT INTO workspaces (name, time_zone) VALUES ('nowhere', 'Nowhere/Else') RETURNING id`)
	b.exec(`INSERT INTO triggers (workspace_id, name, state, keywords, public_replies, recurrence, duration_minutes) VALUES ($1, 'x', 'live', '[]', '{}', '0 * * * *', 20)`, other)
	whole := b.trigger("whole", "recurrence, duration_minutes", "'0 * * * *', 20")
	clock := Clock{DB: b.db, Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler)}
	if err := clock.Once(t.Context()); err != nil {
		t.Error(err)
	}
	if n := b.id(`SELECT count(*) FROM trigger_windows WHERE trigger_id = $1 AND state = 'open'`, whole); n != 1 {
		t.Errorf("%d windows of the other trigger are open, want the one of this hour", n)
	}
}

// What a trigger's recurrence is changed to counts from then on; what it has opened stays.
func TestAChangedRecurrenceIsPlannedAnew(t *testing.T) {
	t.Parallel()
	b := newRows(t, "UTC")
	id := b.trigger("w", "recurrence, duration_minutes", "'0 * * * *', 30")
	b.now = b.now.Add(10 * time.Minute)
	clock := Clock{DB: b.db, Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler)}
	b.must(clock.Once(context.Background()))
	if n := b.id(`SELECT count(*) FROM trigger_windows WHERE state = 'open'`); n != 1 {
		t.Fatalf("%d windows are open, want that of noon", n)
	}
	trig, err := Trigger(context.Background(), b.db, b.ws, id)
	b.must(err)
	trig.Recurrence, trig.DurationMinutes, trig.ValidMinutes = "15 * * * *", 10, 60
	save := func(change func()) {
		change()
		tx := b.db.MustBegin()
		_, err = Save(context.Background(), tx, b.ws, trig, nil, b.now)
		b.must(err)
		b.must(tx.Commit())
	}
	trig.Purpose = "answer"
	save(func() {})
	if n := b.id(`SELECT count(*) FROM trigger_windows WHERE state = 'planned' AND extract(minute FROM local_start) <> 15`); n > 0 {
		t.Errorf("%d windows of the old recurrence are still planned", n)
	}
	if n := b.id(`SELECT count(*) FROM trigger_windows WHERE state = 'planned'`); n < 20 {
		t.Errorf("%d windows are planned", n)
	}
	tx := b.db.MustBegin()
	_, err = SetState(context.Background(), tx, b.ws, id, "paused", b.now)
	b.must(err)
	b.must(tx.Commit())
	if n := b.id(`SELECT count(*) FROM trigger_windows WHERE state = 'planned'`); n > 0 {
		t.Errorf("%d windows of a paused trigger are planned", n)
	}
	b.must(clock.Once(context.Background()))
	if n := b.id(`SELECT count(*) FROM trigger_windows`); n != 1 {
		t.Errorf("%d windows are kept, want the one that was opened", n)
	}
}

// Hours that are changed while they last count from then on: shortened they end, lengthened they last, and a slip
// that is put right takes nothing from the day.
func TestHoursThatAreChangedWhileTheyLast(t *testing.T) {
	t.Parallel()
	b := newRows(t, "UTC")
	b.now = time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	id := b.trigger("w", "recurrence, duration_minutes", "'0 9 * * *', 480")
	trig, err := Trigger(context.Background(), b.db, b.ws, id)
	b.must(err)
	trig.ValidMinutes, trig.Purpose = 60, "answer"
	clock := Clock{DB: b.db, Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler)}
	for _, c := range []struct {
		at, recurrence string // no recurrence: it stays as it is
		minutes        int
		want           string
	}{
		{"09:10", "", 0, "09:00-17:00 open"},
		{"13:00", "0 9 * * *", 180, "09:00-13:00 closed"},
		{"13:05", "0 9 * * *", 480, "09:00-17:00 open"},
		{"14:00", "0 9 * * *", 600, "09:00-19:00 open"},
		{"18:00", "", 0, "09:00-19:00 open"},
		{"18:10", "0 18 * * *", 120, "09:00-18:10 closed, 18:00-20:00 open"},
		{"18:20", "30 18 * * *", 30, "09:00-18:10 closed, 18:00-18:20 closed"},
		{"18:40", "", 0, "09:00-18:10 closed, 18:00-18:20 closed, 18:30-19:00 open"},
		{"19:30", "", 0, "09:00-18:10 closed, 18:00-18:20 closed, 18:30-19:00 closed"},
	} {
		at, err := time.Parse("2006-01-02 15:04", "2026-05-04 "+c.at)
		b.must(err)
		b.now = at
		if c.recurrence != "" {
			trig.Recurrence, trig.DurationMinutes = c.recurrence, c.minutes
			tx := b.db.MustBegin()
			_, err = Save(context.Background(), tx, b.ws, trig, nil, b.now)
			b.must(err)
			trig.Revision++
			b.must(tx.Commit())
		}
		b.must(clock.Once(context.Background()))
		var got []string
		b.must(b.db.Select(&got, `SELECT to_char(starts_at AT TIME ZONE 'UTC', 'HH24:MI-') || to_char(ends_at AT TIME ZONE 'UTC', 'HH24:MI ') || state FROM trigger_windows WHERE trigger_id = $1 AND state <> 'planned' ORDER BY starts_at`, id))
		if list := strings.Join(got, ", "); list != c.want {
			t.Fatalf("%s: windows %s; want %s", c.at, list, c.want)
		}
	}
}

// The workspace's time zone is set wrong and put right again: what lies before the change on the new clock was
// never to be kept, is not said to be missed, and does not take today's window from the right one.
func TestATimeZoneThatIsChangedAndPutRight(t *testing.T) {
	t.Parallel()
	b := newRows(t, "Europe/Rome")
	b.now = time.Date(2026, 5, 3, 10, 0, 0, 0, time.UTC)
	id := b.trigger("w", "recurrence, duration_minutes", "'0 18 * * *', 120")
	clock := Clock{DB: b.db, Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler)}
	at := func(hours int, zone string) {
		t.Helper()
		b.now = time.Date(2026, 5, 3, hours, 0, 0, 0, time.UTC)
		if zone != "" {
			b.exec(`UPDATE workspaces SET time_zone = $1, time_zone_at = $2`, zone, b.now)
		}
		b.must(clock.Once(context.Background()))
	}
	at(16, "")                    // Sunday's opens
	at(18, "")                    // and closes
	at(36, "Australia/Sydney")    // Monday noon UTC: there Monday's is over
	at(37, "Europe/Rome")         // put right
	at(40, "")                    // Monday, 18:00 in Rome
	at(41, "America/Los_Angeles") // while it is open; there it is Monday morning
	at(50, "")                    // Monday, 18:00 in Los Angeles would begin at 49
	at(66, "")                    // Tuesday, 11:00 in Los Angeles
	at(73, "")                    // Tuesday, 18:00 there
	var got []string
	b.must(b.db.Select(&got, `SELECT to_char(local_start, 'Dy HH24:MI') || ' ' || to_char(starts_at AT TIME ZONE 'UTC', 'Dy HH24:MI') || ' ' || state FROM trigger_windows WHERE trigger_id = $1 AND state <> 'planned' ORDER BY starts_at`, id))
	want := "Sun 18:00 Sun 16:00 closed, Mon 18:00 Mon 16:00 closed, Tue 18:00 Wed 01:00 open"
	if strings.Join(got, ", ") != want {
		t.Errorf("windows %s; want %s", strings.Join(got, ", "), want)
	}
}

func TestADryRunIsCancelledAndGoneOnWith(t *testing.T) {
	t.Parallel()
	b := newRows(t, "UTC")
	_, identity := b.person("instagram")
	b.exec(`INSERT INTO comments (workspace_id, account_id, channel, external_id, root_external_id, identity_id, text, decision, commented_at)
		SELECT $1, $2, 'instagram', 'c' || n, 'c' || n, $3, 'info', 'allow', $4::timestamptz + n * interval '1 second' FROM generate_series(1, 1300) n`, b.ws, b.ig, identity, b.now)
	id := b.trigger("w", "", "")
	tried, err := Trigger(context.Background(), b.db, b.ws, id)
	b.must(err)
	add := func() DryRun {
		tx := b.db.MustBegin()
		d, err := AddDryRun(context.Background(), tx, b.ws, NewDryRun{Trigger: tried, Since: b.now, Until: b.now.Add(time.Hour)})
		b.must(err)
		b.must(tx.Commit())
		return d
	}
	runner := DryRunner{DB: b.db, Name: "a", Log: slog.New(slog.DiscardHandler)}
	first := add()
	b.must(runner.Begin(context.Background(), first.ID, time.Nanosecond)) // a moment: one page
	d, err := LoadDryRun(context.Background(), b.db, b.ws, first.ID)
	b.must(err)
	if d.State != "queued" || d.Worked != pageSize || d.Total != 1300 {
		t.Fatalf("after a moment it is %s, %d of %d", d.State, d.Worked, d.Total)
	}
	other := DryRunner{DB: b.db, Name: "b", Log: slog.New(slog.DiscardHandler)}
	if _, err := other.Once(context.Background()); err != nil {
		t.Fatal(err)
	}
	if d, err = LoadDryRun(context.Background(), b.db, b.ws, first.ID); err != nil || d.State != "done" || d.Worked != 1300 {
		t.Fatalf("gone on with, it is %s, %d of %d: %v", d.State, d.Worked, d.Total, err)
	}
	tally, err := d.Tally()
	b.must(err)
	if tally[router.Answered] != 1 || tally[router.AnsweredYet] != 1299 {
		t.Errorf("counts %v, want one answer and 1299 who had one", tally)
	}
	if n := b.id(`SELECT count(*) FROM dry_run_results WHERE dry_run_id = $1`, d.ID); n != 1300 {
		t.Errorf("%d results, want 1300", n)
	}
	second := add()
	b.must(runner.Begin(context.Background(), second.ID, time.Nanosecond))
	tx := b.db.MustBegin()
	_, err = CancelDryRun(context.Background(), tx, b.ws, second.ID)
	b.must(err)
	b.must(tx.Commit())
	if worked, err := other.Once(context.Background()); worked || err != nil {
		t.Errorf("a cancelled dry run was taken up again: %v", err)
	}
}
