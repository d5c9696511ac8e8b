package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/auth"
	"ponte/campaign"
	"ponte/fault"
	"ponte/gate"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/router"
)

// KeywordSet holds the words of one language.
type KeywordSet struct {
	Language string   `json:"language"`
	Words    []string `json:"words"`
	Phrases  []string `json:"phrases"`
	Not      []string `json:"not"`
}

// TriggerInput is what a trigger is made of.
type TriggerInput struct {
	Name             string              `json:"name" maxLength:"200"`
	Priority         int                 `json:"priority" minimum:"-1000000" maximum:"1000000"`
	Sources          []string            `json:"sources" doc:"comment, reply, ad_comment, live_comment, mention, story_reply, message"`
	Keywords         []KeywordSet        `json:"keywords" maxItems:"50"`
	Intents          []string            `json:"intents"`
	AccountIDs       []int64             `json:"account_ids"`
	PostIDs          []int64             `json:"post_ids"`
	Hashtags         []string            `json:"hashtags" required:"false" maxItems:"30" doc:"One of them stands in the post's caption; empty: any post"`
	StartsAt         *time.Time          `json:"starts_at"`
	EndsAt           *time.Time          `json:"ends_at"`
	Recurrence       string              `json:"recurrence" required:"false" maxLength:"100" doc:"When windows begin: minute, hour, day of month, month, day of week, on the workspace's clock; empty: always open"`
	DurationMinutes  int                 `json:"duration_minutes" required:"false" minimum:"0" maximum:"10080" doc:"Of a window"`
	Once             string              `json:"once" required:"false" enum:"post,trigger,period," doc:"How often one person is answered; empty: once under each post"`
	DelaySeconds     int                 `json:"delay_seconds" required:"false" minimum:"0" maximum:"86400"`
	JitterSeconds    int                 `json:"jitter_seconds" required:"false" minimum:"0" maximum:"86400" doc:"At most so much later, another for every comment"`
	PerHour          int                 `json:"per_hour" required:"false" minimum:"0" maximum:"100000" doc:"Answers at most to what is written in an hour; 0: no ceiling"`
	PerDay           int                 `json:"per_day" required:"false" minimum:"0" maximum:"100000"`
	PublicReplies    map[string][]string `json:"public_replies"`
	PrivateReply     map[string]string   `json:"private_reply"`
	HandoffAccountID *int64              `json:"handoff_account_id"`
	ValidMinutes     int                 `json:"valid_minutes"`
	CampaignID       *int64              `json:"campaign_id" required:"false"`
}

// Trigger is "when this comes, then answer that".
type Trigger struct {
	ID    int64  `json:"id"`
	State string `json:"state" enum:"draft,live,paused,archived"`
	TriggerInput
	Revision int64           `json:"revision" doc:"Counts its changes"`
	Purpose  string          `json:"purpose"`
	Campaign string          `json:"campaign" doc:"The name of the one it belongs to"`
	Funnel   campaign.Funnel `json:"funnel"`
	Runs     TriggerRuns     `json:"runs" deprecated:"true" doc:"The older names of some of the funnel's counts"`
}

// TriggerRuns counts what came of a trigger.
type TriggerRuns struct {
	Matched        int `json:"matched"`
	Replied        int `json:"replied"`
	PrivateReplied int `json:"private_replied"`
	HandedOff      int `json:"handed_off"`
	Joined         int `json:"joined"`
}

func (s *Server) listTriggers(ctx context.Context, who *caller, _ *struct{}) (Page[Trigger], error) {
	list, err := campaign.Triggers(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Page[Trigger]{}, err
	}
	funnels, err := campaign.TriggerFunnels(ctx, s.DB, who.WorkspaceID, 0, campaign.Span{})
	if err != nil {
		return Page[Trigger]{}, err
	}
	return pageOf(each(list, func(t router.Trigger) Trigger { return showTrigger(t, funnels[t.ID]) }), ""), nil
}

func (s *Server) getTrigger(ctx context.Context, who *caller, in *ByID) (Trigger, error) {
	t, err := campaign.Trigger(ctx, s.DB, who.WorkspaceID, in.ID)
	if err != nil {
		return Trigger{}, err
	}
	funnels, err := campaign.TriggerFunnels(ctx, s.DB, who.WorkspaceID, in.ID, campaign.Span{})
	if err != nil {
		return Trigger{}, err
	}
	return showTrigger(t, funnels[t.ID]), nil
}

func showTrigger(t router.Trigger, f campaign.Funnel) Trigger {
	out := Trigger{ID: t.ID, Revision: t.Revision, State: t.State, Purpose: t.Purpose, Funnel: f,
		Runs: TriggerRuns{f.Matched, f.PublicReply, f.PrivateReply, f.Invited, f.Started},
		TriggerInput: TriggerInput{Name: t.Name, Priority: t.Priority, Sources: t.Sources, Keywords: each(t.Keywords, func(k router.KeywordSet) KeywordSet { return KeywordSet(k) }), Intents: t.Intents,
			AccountIDs: t.AccountIDs, PostIDs: t.PostIDs, Hashtags: t.Hashtags, StartsAt: t.StartsAt, EndsAt: t.EndsAt, Recurrence: t.Recurrence, DurationMinutes: t.DurationMinutes, Once: t.Once,
			DelaySeconds: t.DelaySeconds, JitterSeconds: t.JitterSeconds, PerHour: t.PerHour, PerDay: t.PerDay, PublicReplies: t.PublicReplies, PrivateReply: t.PrivateReply,
			HandoffAccountID: t.HandoffAccountID, ValidMinutes: t.ValidMinutes, CampaignID: t.CampaignID}}
	if t.Campaign != nil {
		out.Campaign = t.Campaign.Name
	}
	out.tidy()
	return out
}

// tidy makes empty lists of missing ones.
func (t *TriggerInput) tidy() {
	for i := range t.Keywords {
		k := &t.Keywords[i]
		k.Words, k.Phrases, k.Not = some(k.Words), some(k.Phrases), some(k.Not)
	}
	t.Keywords, t.Sources, t.Intents, t.AccountIDs, t.PostIDs, t.Hashtags = some(t.Keywords), some(t.Sources), some(t.Intents), some(t.AccountIDs), some(t.PostIDs), some(t.Hashtags)
	if t.PublicReplies == nil {
		t.PublicReplies = map[string][]string{}
	}
	if t.PrivateReply == nil {
		t.PrivateReply = map[string]string{}
	}
	if t.Once == "" {
		t.Once = router.OncePost
	}
}

// aDay is for how many minutes a trigger's answer may leave where a new one does not say.
const aDay = 24 * 60

// made is a new trigger with what was left out.
func (t TriggerInput) made() TriggerInput {
	t.ValidMinutes = cmp.Or(t.ValidMinutes, aDay)
	return t
}

func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

type newTriggerIn struct{ Body TriggerInput }

// ChangedTrigger is a trigger as somebody changed it.
type ChangedTrigger struct {
	TriggerInput
	Revision int64 `json:"revision" required:"false" minimum:"0" doc:"The one that was looked at: where somebody else has changed it since, 409; left out: whatever stands there is replaced"`
}

type triggerIn struct {
	ByID
	Body ChangedTrigger
}

func (s *Server) addTrigger(ctx context.Context, who *caller, in *newTriggerIn) (Trigger, error) {
	return s.saveTrigger(ctx, who, 0, in.Body.made(), 0)
}

func (s *Server) setTrigger(ctx context.Context, who *caller, in *triggerIn) (Trigger, error) {
	return s.saveTrigger(ctx, who, in.ID, in.Body.TriggerInput, in.Body.Revision)
}

func (s *Server) saveTrigger(ctx context.Context, who *caller, id int64, t TriggerInput, seen int64) (Trigger, error) {
	t.tidy()
	verb := "trigger.change"
	if id == 0 {
		verb = "trigger.add"
	}
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		if err := checkTrigger(ctx, tx, who.WorkspaceID, t); err != nil {
			return err
		}
		rule := t.rule()
		rule.ID, rule.Revision = id, seen
		saved, err := campaign.Save(ctx, tx, who.WorkspaceID, rule, who.User(), s.Now())
		if err != nil {
			return err
		}
		if verb == "trigger.add" {
			id = saved
		}
		return s.triggerChanged(ctx, tx, who, saved, verb, nil)
	})
	if err != nil {
		return Trigger{}, err
	}
	return s.getTrigger(ctx, who, &ByID{id})
}

func checkTrigger(ctx context.Context, tx *sqlx.Tx, workspace int64, t TriggerInput) error {
	bad := faults(t.rule().Validate())
	if t.Recurrence != "" {
		if _, err := campaign.ParseRecurrence(t.Recurrence, t.DurationMinutes); err != nil {
			var f *fault.Error
			if errors.As(err, &f) {
				bad = append(bad, f)
			}
		}
	}
	for i, intent := range t.Intents {
		if !slices.Contains(moderation.Intents, intent) {
			bad = append(bad, fault.Field(fmt.Sprintf("intents[%d]", i), "%q is not an intent", intent))
		}
	}
	var known struct {
		Accounts int    `db:"accounts"`
		Posts    int    `db:"posts"`
		Handoff  string `db:"handoff"`
		Campaign bool   `db:"campaign"`
	}
	err := tx.GetContext(ctx, &known, `SELECT (SELECT count(*) FROM accounts WHERE workspace_id = $1 AND removed_at IS NULL AND id = ANY($2)) AS accounts,
(SELECT count(*) FROM posts WHERE workspace_id = $1 AND id = ANY($3)) AS posts,
coalesce((SELECT channel FROM accounts WHERE workspace_id = $1 AND removed_at IS NULL AND id = $4), '') AS handoff,
EXISTS (SELECT 1 FROM campaigns WHERE workspace_id = $1 AND id = $5 AND state <> 'archived') AS campaign`, workspace, pq.Array(t.AccountIDs), pq.Array(t.PostIDs), t.HandoffAccountID, t.CampaignID)
	if err != nil {
		return fmt.Errorf("check the trigger: %w", err)
	}
	if known.Accounts != distinct(t.AccountIDs) {
		bad = append(bad, fault.Field("account_ids", "one of the accounts is not connected to this workspace"))
	}
	if known.Posts != distinct(t.PostIDs) {
		bad = append(bad, fault.Field("post_ids", "one of the posts is not of this workspace"))
	}
	if t.CampaignID != nil && !known.Campaign {
		bad = append(bad, fault.Field("campaign_id", "that is not a campaign of this workspace, or it is archived"))
	}
	if t.HandoffAccountID != nil && known.Handoff != "whatsapp" {
		bad = append(bad, fault.Field("handoff_account_id", "that is not a WhatsApp account connected to this workspace"))
	}
	if len(bad) > 0 {
		return bad
	}
	return nil
}

func distinct(ids []int64) int {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return len(slices.Compact(ids))
}

func (t TriggerInput) rule() router.Trigger {
	var texts []string
	for _, list := range t.PublicReplies {
		texts = append(texts, list...)
	}
	for _, text := range t.PrivateReply {
		texts = append(texts, text)
	}
	return router.Trigger{Name: t.Name, Priority: t.Priority, Sources: t.Sources, Keywords: each(t.Keywords, func(k KeywordSet) router.KeywordSet { return router.KeywordSet(k) }), Intents: t.Intents,
		AccountIDs: t.AccountIDs, PostIDs: t.PostIDs, Hashtags: t.Hashtags, StartsAt: t.StartsAt, EndsAt: t.EndsAt, Recurrence: t.Recurrence, DurationMinutes: t.DurationMinutes, Once: t.Once,
		DelaySeconds: t.DelaySeconds, JitterSeconds: t.JitterSeconds, PerHour: t.PerHour, PerDay: t.PerDay, PublicReplies: t.PublicReplies, PrivateReply: t.PrivateReply,
		HandoffAccountID: t.HandoffAccountID, ValidMinutes: t.ValidMinutes, CampaignID: t.CampaignID, Purpose: string(gate.OfTexts(texts...))}
}

type triggerStateIn struct {
	ByID
	Body struct {
		State string `json:"state" enum:"draft,live,paused,archived"`
	}
}

func (s *Server) triggerState(ctx context.Context, who *caller, in *triggerStateIn) (Trigger, error) {
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		if in.Body.State == "live" { // what it leads to may have been disconnected since it was written
			t, err := campaign.Trigger(ctx, tx, who.WorkspaceID, in.ID)
			if err != nil {
				return err
			}
			if err := checkTrigger(ctx, tx, who.WorkspaceID, showTrigger(t, campaign.Funnel{}).TriggerInput); err != nil {
				return err
			}
		}
		was, err := campaign.SetState(ctx, tx, who.WorkspaceID, in.ID, in.Body.State, s.Now())
		if err != nil {
			return err
		}
		return s.triggerChanged(ctx, tx, who, in.ID, "trigger.state", map[string]any{"from": was, "to": in.Body.State})
	})
	if err != nil {
		return Trigger{}, err
	}
	return s.getTrigger(ctx, who, &in.ByID)
}

type duplicateIn struct {
	ByID
	Body *struct {
		Name string `json:"name,omitempty" maxLength:"200" doc:"Of the copy; empty: the original's with a number"`
	}
}

func (in *duplicateIn) name() string {
	if in.Body == nil {
		return ""
	}
	return in.Body.Name
}

func (s *Server) duplicateTrigger(ctx context.Context, who *caller, in *duplicateIn) (Trigger, error) {
	var id int64
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		var err error
		if id, err = campaign.Duplicate(ctx, tx, who.WorkspaceID, in.ID, in.name(), who.User(), s.Now()); err != nil {
			return err
		}
		return s.triggerChanged(ctx, tx, who, id, "trigger.add", map[string]any{"copy_of": in.ID})
	})
	if err != nil {
		return Trigger{}, err
	}
	return s.getTrigger(ctx, who, &ByID{id})
}

func (s *Server) triggerChanged(ctx context.Context, tx *sqlx.Tx, who *caller, id int64, verb string, detail any) error {
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), verb, fmt.Sprintf("trigger:%d", id), detail); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "trigger", ObjectID: id})
}
