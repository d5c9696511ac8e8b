package api

import (
	"context"
	"strconv"
	"time"

	"ponte/desk"
	"ponte/fault"
)

// DeskFigures say how quickly customers were answered in a period, and who waits now. Seconds are by the
// clock on the wall, deadlines in opening hours.
type DeskFigures struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`

	Opened        int      `json:"opened"`
	BotAnswered   int      `json:"bot_answered"`
	HumanAnswered int      `json:"human_answered"`
	BotMedian     *float64 `json:"bot_median_seconds" doc:"From the opening to the bot's first answer"`
	BotP90        *float64 `json:"bot_p90_seconds"`
	HumanMedian   *float64 `json:"human_median_seconds" doc:"From the handover, else the opening, to a person's first answer"`
	HumanP90      *float64 `json:"human_p90_seconds"`
	HandedOver    int      `json:"handed_over"`
	HandoverMed   *float64 `json:"handover_median_seconds" doc:"From the handover to a person's first answer"`
	HandoverP90   *float64 `json:"handover_p90_seconds"`
	Held          int      `json:"deadlines_held" doc:"Conversations that were answered in time"`
	Missed        int      `json:"deadlines_missed" doc:"… whose first answer or handover was late"`
	Share         *float64 `json:"deadline_share" doc:"Held of held and missed; null: none of either"`
	Red           int      `json:"overdue" doc:"… that went red"`
	TakenBack     int      `json:"taken_back"`
	Escalated     int      `json:"escalated"`

	WaitingNow    int        `json:"waiting_now"`
	UnassignedNow int        `json:"unassigned_now"`
	OverdueNow    int        `json:"overdue_now"`
	SnoozedNow    int        `json:"snoozed_now"`
	LongestSince  *time.Time `json:"longest_waiting_since"`

	Days    []DeskSlice `json:"days" doc:"By the day they were opened, in the workspace's time zone; days without any are left out"`
	Teams   []DeskSlice `json:"teams"`
	Members []DeskSlice `json:"members" doc:"By the member they are assigned to"`
}

// DeskSlice is a part of the period's conversations.
type DeskSlice struct {
	Key           string   `json:"key" doc:"A date, the name of a team, or the id of a member"`
	Name          string   `json:"name"`
	Opened        int      `json:"opened"`
	BotAnswered   int      `json:"bot_answered"`
	HumanAnswered int      `json:"human_answered"`
	HandedOver    int      `json:"handed_over"`
	BotMedian     *float64 `json:"bot_median_seconds"`
	HumanMedian   *float64 `json:"human_median_seconds"`
	Held          int      `json:"deadlines_held"`
	Missed        int      `json:"deadlines_missed"`
}

func showSlice(v desk.Slice) DeskSlice {
	out := DeskSlice{Opened: v.Opened, BotAnswered: v.BotAnswered, HumanAnswered: v.HumanAnswered, HandedOver: v.HandedOver, BotMedian: v.BotMedian, HumanMedian: v.HumanMedian, Held: v.Waits - v.Breached, Missed: v.Breached}
	switch {
	case v.Day != nil:
		out.Key, out.Name = *v.Day, *v.Day
	case v.Team != nil:
		out.Key, out.Name = *v.Team, *v.Team
	case v.UserID != nil:
		out.Key, out.Name = strconv.FormatInt(*v.UserID, 10), v.Name
	}
	return out
}

type deskFiguresIn struct {
	From time.Time `query:"from" doc:"Left out: seven days ago"`
	To   time.Time `query:"to" doc:"Left out: now"`
}

func (s *Server) deskFigures(ctx context.Context, who *caller, in *deskFiguresIn) (DeskFigures, error) {
	if in.To.IsZero() {
		in.To = s.Now()
	}
	if in.From.IsZero() {
		in.From = in.To.AddDate(0, 0, -7)
	}
	if !in.From.Before(in.To) || in.To.Sub(in.From) > 400*24*time.Hour {
		return DeskFigures{}, fault.Field("from", "choose a period of at most 400 days that begins before it ends")
	}
	f, err := desk.ReadFigures(ctx, s.DB, who.WorkspaceID, in.From, in.To)
	if err != nil {
		return DeskFigures{}, err
	}
	days, teams, members, err := desk.ReadSlices(ctx, s.DB, who.WorkspaceID, in.From, in.To)
	out := DeskFigures{From: in.From.UTC(), To: in.To.UTC(), Opened: f.Opened, BotAnswered: f.BotAnswered, HumanAnswered: f.HumanAnswered, BotMedian: f.BotMedian, BotP90: f.BotP90,
		HumanMedian: f.HumanMedian, HumanP90: f.HumanP90, HandedOver: f.HandedOver, HandoverMed: f.HandoverMed, HandoverP90: f.HandoverP90, Held: f.Waits - f.Breached, Missed: f.Breached, Red: f.Overdue2h, TakenBack: f.TakenBack, Escalated: f.Escalated,
		WaitingNow: f.WaitingNow, UnassignedNow: f.UnassignedNow, OverdueNow: f.OverdueNow, SnoozedNow: f.SnoozedNow, LongestSince: utc(f.LongestSince),
		Days: each(days, showSlice), Teams: each(teams, showSlice), Members: each(members, showSlice)}
	if f.Waits > 0 {
		share := float64(out.Held) / float64(f.Waits)
		out.Share = &share
	}
	return out, err
}
