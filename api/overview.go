package api

import (
	"context"
	"fmt"
	"time"

	"ponte/inbox"
)

// Overview is today's work and health.
type Overview struct {
	ReviewOpen           int             `json:"review_open"`
	ReviewOldestAt       *time.Time      `json:"review_oldest_at"`
	ConversationsWaiting int             `json:"conversations_waiting"`
	ConversationsOverdue int             `json:"conversations_overdue"`
	Held                 []HeldCount     `json:"held"`
	UnknownActions       int             `json:"unknown_actions"`
	AsksPending          int             `json:"asks_pending"`
	LLM                  OverviewLLM     `json:"llm"`
	DecisionsToday       DecisionCounts  `json:"decisions_today"`
	UndoneToday          int             `json:"undone_today"`
	EventsLagSeconds     float64         `json:"events_lag_seconds"`
	Parked               int             `json:"parked"`
	Accounts             []AccountHealth `json:"accounts"`
}

// HeldCount is how many actions wait for one reason.
type HeldCount struct {
	Reason  string `json:"reason"`
	Meaning string `json:"meaning"`
	Count   int    `json:"count"`
}

// OverviewLLM is the state of the model and its budget of today.
type OverviewLLM struct {
	Configured   bool   `json:"configured"`
	State        string `json:"state" enum:"ok,off,over_budget,down"`
	SpentMicros  int64  `json:"spent_micros"`
	BudgetMicros int64  `json:"budget_micros"`
	SpentTokens  int64  `json:"spent_tokens"`
	BudgetTokens int64  `json:"budget_tokens"`
	Priced       bool   `json:"priced" doc:"Prices are configured; without them only the token budget holds"`
	Sees         bool   `json:"sees" doc:"Pictures are looked at"`
	Signals      string `json:"signals" enum:"ok,off,down" doc:"The moderation endpoint"`
	Meaning      string `json:"meaning" doc:"What decides what is unsure at the moment"`
}

// meaning says openly who decides.
func (o OverviewLLM) meaning() string {
	switch o.State {
	case "ok":
		return "what rules and the embedded model are not sure of is put to the language model"
	case "over_budget":
		return "the day's budget for the language model is spent: rules, the embedded model and people decide"
	case "down":
		return "the language model is not answering: questions wait two minutes for it, then people decide"
	}
	return "no language model is configured: rules, the embedded model and people decide"
}

// DecisionCounts counts today's final machine decisions about comments.
type DecisionCounts struct {
	Allow  int `json:"allow"`
	Review int `json:"review"`
	Hide   int `json:"hide"`
	Delete int `json:"delete"`
}

// AccountHealth is an account in one line.
type AccountHealth struct {
	ID          int64            `json:"id"`
	Name        string           `json:"name"`
	Channel     string           `json:"channel" enum:"facebook,instagram,messenger,whatsapp"`
	State       string           `json:"state"`
	StateReason string           `json:"state_reason"`
	Coverage    string           `json:"coverage"`
	Problems    []AccountProblem `json:"problems"`
	Comments    *Coverage        `json:"comments_coverage"`
	Messages    *Coverage        `json:"messages_coverage"`
}

func (s *Server) overview(ctx context.Context, who *caller, _ *struct{}) (Overview, error) {
	w, err := inbox.LoadWorkspace(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Overview{}, err
	}
	settings, err := inbox.ParseSettings(w.Settings)
	if err != nil {
		return Overview{}, err
	}
	o, err := inbox.ReadOverview(ctx, s.DB, who.WorkspaceID, s.Now().Add(-time.Duration(settings.OverdueMinutes)*time.Minute))
	if err != nil {
		return Overview{}, err
	}
	held, err := inbox.ReadHeld(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Overview{}, err
	}
	accounts, err := inbox.Accounts(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Overview{}, err
	}
	llm := OverviewLLM{State: "off", Signals: "off", BudgetTokens: settings.LLMDailyTokens, SpentMicros: o.LLMSpentMicros, BudgetMicros: settings.LLMDailyMicros}
	if s.LLM != nil {
		st := s.LLM(ctx, who.WorkspaceID)
		llm.Configured, llm.State, llm.Sees, llm.Signals, llm.SpentTokens, llm.BudgetTokens, llm.Priced = st.Configured, st.State, st.Sees, st.Signals, st.Tokens, st.MostTokens, st.Priced
	}
	llm.Meaning = llm.meaning()
	return Overview{ReviewOpen: o.ReviewOpen, ReviewOldestAt: utc(o.ReviewOldestAt), ConversationsWaiting: o.Waiting, ConversationsOverdue: o.Overdue,
		Held: each(held, func(h inbox.Held) HeldCount { return HeldCount(h) }), UnknownActions: o.Unknown, AsksPending: o.AsksPending, LLM: llm,
		DecisionsToday: DecisionCounts{o.Allowed, o.Reviewed, o.Hidden, o.Deleted}, UndoneToday: o.Undone, EventsLagSeconds: o.LagSeconds, Parked: o.Parked,
		Accounts: each(accounts, func(a inbox.Account) AccountHealth {
			h := AccountHealth{ID: a.ID, Name: a.Name, Channel: a.Channel, State: a.State, StateReason: a.StateReason, Coverage: coverage(a), Problems: showHealth(a).Problems}
			if s := sweepOf(a); s != nil {
				h.Comments, h.Messages = s.of(s.Comments, s.CommentsTold), s.of(s.Messages, s.MessagesTold)
			}
			return h
		})}, nil
}

// coverage says how much of what happens on an account was seen, as the last sweep found.
func coverage(a inbox.Account) string {
	if a.Channel == "whatsapp" {
		return "not measurable"
	}
	s := sweepOf(a)
	if s == nil || s.Coverage == nil {
		return "not measured yet"
	}
	return fmt.Sprintf("%.1f %%", *s.Coverage*100)
}

// Post is a post of an account.
type Post struct {
	ID        int64      `json:"id"`
	AccountID int64      `json:"account_id"`
	Channel   string     `json:"channel" enum:"facebook,instagram,messenger,whatsapp"`
	Caption   string     `json:"caption"`
	Permalink string     `json:"permalink"`
	Picture   string     `json:"picture"`
	PostedAt  *time.Time `json:"posted_at"`
}

type postsIn struct {
	AccountID int64  `query:"account_id"`
	Q         string `query:"q" maxLength:"200"`
	Paging
}

func (s *Server) listPosts(ctx context.Context, who *caller, in *postsIn) (Page[Post], error) {
	rows, next, err := inbox.ListPosts(ctx, s.DB, who.WorkspaceID, in.AccountID, in.Q, in.Cursor, in.Limit)
	return pageOf(each(rows, func(p inbox.PostView) Post {
		return Post{p.ID, p.AccountID, p.Channel, p.Caption, p.Permalink, mediaURL(who.WorkspaceID, p.MediaHash), utc(p.PostedAt)}
	}), next), err
}
