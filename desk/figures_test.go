package desk_test

import (
	"fmt"
	"testing"
	"time"

	"ponte/desk"
)

func TestFiguresArePartedByDayTeamAndMember(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.exec(`UPDATE workspaces SET time_zone = 'Australia/Sydney' WHERE id = $1`, b.workspace)
	ada := b.id(`INSERT INTO users (email, name, password_hash) VALUES ('ada@home.example', 'ada', 'none') RETURNING id`)
	open := func(at string, team string, member any, bot, handed, human int) int64 {
		t.Helper()
		id := b.talk(talk{})
		b.exec(`UPDATE conversations SET opened_at = $2, team = $3, assignee_id = $4, first_bot_answer_at = CASE WHEN $5 > 0 THEN $2::timestamptz + $5 * interval '1 second' END,
handed_over_at = CASE WHEN $6 > 0 THEN $2::timestamptz + $6 * interval '1 second' END, first_human_answer_at = CASE WHEN $7 > 0 THEN $2::timestamptz + $7 * interval '1 second' END WHERE id = $1`, id, at, team, member, bot, handed, human)
		return id
	}
	open("2026-11-20T12:30:00Z", "Hire", ada, 4, 60, 160)      // 23:30 in Sydney
	late := open("2026-11-20T13:30:00Z", "Hire", nil, 8, 0, 0) // 0:30 of the next day there
	open("2026-11-21T02:00:00Z", "", ada, 0, 0, 300)
	b.exec(`UPDATE conversations SET spam = true WHERE id = $1`, open("2026-11-21T03:00:00Z", "Hire", ada, 1, 0, 1))
	b.exec(`INSERT INTO sla_events (workspace_id, conversation_id, wait, kind, level, due_at) VALUES ($1, $2, now(), 'answer', 'breach', now())`, b.workspace, late)
	from := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	f, err := desk.ReadFigures(t.Context(), b.db, b.workspace, from, from.AddDate(0, 0, 3))
	if err != nil || f.Opened != 3 || f.HandedOver != 1 || f.HandoverMed == nil || *f.HandoverMed != 100 || *f.HandoverP90 != 100 {
		t.Fatalf("%+v, %v", f, err)
	}
	days, teams, members, err := desk.ReadSlices(t.Context(), b.db, b.workspace, from, from.AddDate(0, 0, 3))
	if err != nil {
		t.Fatal(err)
	}
	show := func(list []desk.Slice) (out string) {
		for _, s := range list {
			median := func(v *float64) string {
				if v == nil {
					return "-"
				}
				return fmt.Sprint(*v)
			}
			key := s.Name
			if s.Day != nil {
				key = *s.Day
			} else if s.Team != nil {
				key = *s.Team
			}
			out += fmt.Sprintf("%s %d bot %s human %s handed %d late %d/%d; ", key, s.Opened, median(s.BotMedian), median(s.HumanMedian), s.HandedOver, s.Breached, s.Waits)
		}
		return out
	}
	for _, c := range []struct{ got, want string }{
		{show(days), "2026-11-20 1 bot 4 human 100 handed 1 late 0/1; 2026-11-21 2 bot 8 human 300 handed 0 late 1/2; "},
		{show(teams), "Hire 2 bot 6 human 100 handed 1 late 1/2; "},
		{show(members), "ada 2 bot 4 human 200 handed 1 late 0/2; "},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
