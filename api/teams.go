package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/desk"
	"ponte/fault"
	"ponte/inbox"
	"ponte/router"
)

// words cleans a list of short words.
func words(field string, list []string) ([]string, error) {
	out := []string{}
	for i, w := range list {
		if w = strings.TrimSpace(w); w == "" || len(w) > 60 || strings.Contains(w, "\x00") {
			return nil, fault.Field(fmt.Sprintf("%s[%d]", field, i), "write 1 to 60 bytes")
		}
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out, nil
}

// TeamInput is what a supervisor sets of a team.
type TeamInput struct {
	Name       string          `json:"name" minLength:"1" maxLength:"60"`
	Skills     []string        `json:"skills" maxItems:"30"`
	Languages  []string        `json:"languages" maxItems:"20" doc:"Empty: any"`
	Hours      json.RawMessage `json:"hours,omitempty" doc:"Opening hours of its own: time_zone, week, closed; null: the workspace's"`
	EscalateTo string          `json:"escalate_to" maxLength:"60" doc:"Team that gets what waits too long; empty: supervisors are told"`
	MemberIDs  []int64         `json:"member_ids" maxItems:"500"`
}

// Team is a team that conversations are routed to, with the open ones it has. One without an id is only a
// name: a bot routes to it, and nobody has made a team of it.
type Team struct {
	ID int64 `json:"id"`
	TeamInput
	Open    int `json:"open"`
	Waiting int `json:"waiting"`
}

func showTeam(t desk.Team) Team {
	out := Team{ID: t.ID, TeamInput: TeamInput{Name: t.Name, Skills: listOf(t.Skills), Languages: listOf(t.Languages), EscalateTo: t.EscalateTo, MemberIDs: append([]int64{}, t.Members...)}, Open: t.Open, Waiting: t.Waiting}
	if string(t.Hours) != "null" {
		out.Hours = t.Hours
	}
	return out
}

// listTeams lists the teams, and the names in use that are none.
func (s *Server) listTeams(ctx context.Context, who *caller, _ *struct{}) (Page[Team], error) {
	list, err := desk.Teams(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Page[Team]{}, err
	}
	out := each(list, showTeam)
	var loose []struct {
		Name    string `db:"name"`
		Open    int    `db:"open"`
		Waiting int    `db:"waiting"`
	}
	err = s.DB.SelectContext(ctx, &loose, `
SELECT v.team AS name, count(*) FILTER (WHERE v.state = 'open') AS open, count(*) FILTER (WHERE v.state = 'open' AND v.waiting_since IS NOT NULL) AS waiting FROM conversations v
WHERE v.workspace_id = $1 AND v.team <> '' AND NOT EXISTS (SELECT 1 FROM teams t WHERE t.workspace_id = v.workspace_id AND t.name = v.team AND t.archived_at IS NULL) GROUP BY v.team ORDER BY v.team`, who.WorkspaceID)
	if err != nil {
		return Page[Team]{}, fmt.Errorf("list names of teams: %w", err)
	}
	for _, l := range loose {
		out = append(out, Team{TeamInput: TeamInput{Name: l.Name, Skills: []string{}, Languages: []string{}, MemberIDs: []int64{}}, Open: l.Open, Waiting: l.Waiting})
	}
	return pageOf(out, ""), nil
}

type newTeamIn struct{ Body TeamInput }

type teamIn struct {
	ByID
	Body TeamInput
}

func (s *Server) addTeam(ctx context.Context, who *caller, in *newTeamIn) (Team, error) {
	return s.saveTeam(ctx, who, 0, in.Body)
}

func (s *Server) setTeam(ctx context.Context, who *caller, in *teamIn) (Team, error) {
	return s.saveTeam(ctx, who, in.ID, in.Body)
}

func (s *Server) saveTeam(ctx context.Context, who *caller, id int64, in TeamInput) (Team, error) {
	skills, err := words("skills", in.Skills)
	if err != nil {
		return Team{}, err
	}
	for i, l := range in.Languages {
		if !slices.Contains(router.Languages, l) {
			return Team{}, fault.Field(fmt.Sprintf("languages[%d]", i), "%q is not one of the languages served: %v", l, router.Languages)
		}
	}
	err = s.change(ctx, func(tx *sqlx.Tx) (err error) {
		id, err = desk.SaveTeam(ctx, tx, who.Who, desk.Team{WorkspaceID: who.WorkspaceID, ID: id, Name: in.Name, Skills: skills, Languages: in.Languages, Hours: in.Hours, EscalateTo: in.EscalateTo, Members: in.MemberIDs})
		return err
	})
	if err != nil {
		return Team{}, err
	}
	t, err := desk.LoadTeam(ctx, s.DB, who.WorkspaceID, id)
	return showTeam(t), err
}

func (s *Server) archiveTeam(ctx context.Context, who *caller, in *ByID) error {
	return s.change(ctx, func(tx *sqlx.Tx) error { return desk.ArchiveTeam(ctx, tx, who.Who, in.ID) })
}

// Agent is a member as conversations find them.
type Agent struct {
	UserID      int64      `json:"user_id"`
	Capacity    int        `json:"capacity" doc:"Open conversations at once"`
	OwnCapacity *int       `json:"own_capacity" doc:"Null: the workspace's default"`
	Skills      []string   `json:"skills"`
	Languages   []string   `json:"languages"`
	Teams       []string   `json:"teams"`
	Open        int        `json:"open" doc:"Open conversations assigned to them, snoozed ones apart"`
	Present     bool       `json:"present"`
	SeenAt      *time.Time `json:"seen_at"`
	Away        bool       `json:"away"`
	AwayUntil   *time.Time `json:"away_until"`
	AwayNote    string     `json:"away_note"`
}

func (s *Server) listAgents(ctx context.Context, who *caller, _ *struct{}) (Page[Agent], error) {
	w, err := inbox.LoadWorkspace(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Page[Agent]{}, err
	}
	settings, err := inbox.ParseSettings(w.Settings)
	if err != nil {
		return Page[Agent]{}, err
	}
	now := s.Now()
	list, err := desk.Agents(ctx, s.DB, who.WorkspaceID, settings.Desk)
	return pageOf(each(list, func(a desk.Agent) Agent {
		out := Agent{UserID: a.UserID, Capacity: a.Capacity, OwnCapacity: a.OwnCapacity, Skills: listOf(a.Skills), Languages: listOf(a.Languages), Teams: listOf(a.Teams), Open: a.Open,
			Present: a.Present(now), SeenAt: utc(a.SeenAt), Away: a.Away(now)}
		if out.Away {
			out.AwayUntil, out.AwayNote = utc(a.AwayUntil), a.AwayNote
		}
		return out
	}), ""), err
}

func (s *Server) agent(ctx context.Context, who *caller, id int64) (Agent, error) {
	list, err := s.listAgents(ctx, who, nil)
	for _, a := range list.Items {
		if a.UserID == id {
			return a, nil
		}
	}
	if err == nil {
		err = fault.New(fault.NotFound, "user %d is not a member of this workspace", id)
	}
	return Agent{}, err
}

type agentIn struct {
	ByUser
	Body struct {
		Capacity  *int     `json:"capacity" doc:"Null: the workspace's default"`
		Skills    []string `json:"skills" maxItems:"30"`
		Languages []string `json:"languages" maxItems:"20"`
	}
}

func (s *Server) setAgent(ctx context.Context, who *caller, in *agentIn) (Agent, error) {
	skills, err := words("skills", in.Body.Skills)
	if err != nil {
		return Agent{}, err
	}
	err = s.change(ctx, func(tx *sqlx.Tx) error {
		return desk.SetAgent(ctx, tx, who.Who, in.UserID, desk.AgentInput{Capacity: in.Body.Capacity, Skills: skills, Languages: in.Body.Languages})
	})
	if err != nil {
		return Agent{}, err
	}
	return s.agent(ctx, who, in.UserID)
}

// AwayInput says that a member is away, or back.
type AwayInput struct {
	Away     bool       `json:"away"`
	Until    *time.Time `json:"until,omitempty"`
	Note     string     `json:"note,omitempty" maxLength:"200"`
	GiveBack bool       `json:"give_back,omitempty" doc:"What waits for their answer goes back to the queue at once"`
}

type awayIn struct {
	ByUser
	Body AwayInput
}

type meAwayIn struct{ Body AwayInput }

func (s *Server) setAway(ctx context.Context, who *caller, in *awayIn) (Agent, error) {
	return s.awayOf(ctx, who, in.UserID, in.Body)
}

func (s *Server) setMeAway(ctx context.Context, who *caller, in *meAwayIn) (Agent, error) {
	if who.UserID == 0 {
		return Agent{}, fault.New(fault.Invalid, "an API token is never away")
	}
	return s.awayOf(ctx, who, who.UserID, in.Body)
}

func (s *Server) awayOf(ctx context.Context, who *caller, user int64, in AwayInput) (Agent, error) {
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		return desk.SetAway(ctx, tx, who.Who, user, in.Away, in.Until, in.Note, in.GiveBack, s.Now())
	})
	if err != nil {
		return Agent{}, err
	}
	return s.agent(ctx, who, user)
}
