package api

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/auth"
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
	Sources          []string            `json:"sources"`
	Keywords         []KeywordSet        `json:"keywords" maxItems:"50"`
	Intents          []string            `json:"intents"`
	AccountIDs       []int64             `json:"account_ids"`
	PostIDs          []int64             `json:"post_ids"`
	StartsAt         *time.Time          `json:"starts_at"`
	EndsAt           *time.Time          `json:"ends_at"`
	PublicReplies    map[string][]string `json:"public_replies"`
	PrivateReply     map[string]string   `json:"private_reply"`
	HandoffAccountID *int64              `json:"handoff_account_id"`
	ValidMinutes     int                 `json:"valid_minutes"`
}

// Trigger is "when this comes, then answer that".
type Trigger struct {
	ID    int64  `json:"id"`
	State string `json:"state" enum:"draft,live,paused,archived"`
	TriggerInput
	Purpose string      `json:"purpose"`
	Runs    TriggerRuns `json:"runs"`
}

// TriggerRuns counts what came of a trigger.
type TriggerRuns struct {
	Matched        int `json:"matched" db:"matched"`
	Replied        int `json:"replied" db:"replied"`
	PrivateReplied int `json:"private_replied" db:"private_replied"`
	HandedOff      int `json:"handed_off" db:"handed_off"`
	Joined         int `json:"joined" db:"joined"`
}

type triggerRow struct {
	ID            int64           `db:"id"`
	Name          string          `db:"name"`
	State         string          `db:"state"`
	Priority      int             `db:"priority"`
	Sources       inbox.Strings   `db:"sources"`
	Keywords      json.RawMessage `db:"keywords"`
	Intents       inbox.Strings   `db:"intents"`
	AccountIDs    pq.Int64Array   `db:"account_ids"`
	PostIDs       pq.Int64Array   `db:"post_ids"`
	StartsAt      *time.Time      `db:"starts_at"`
	EndsAt        *time.Time      `db:"ends_at"`
	PublicReplies json.RawMessage `db:"public_replies"`
	PrivateReply  json.RawMessage `db:"private_reply"`
	HandoffID     *int64          `db:"handoff_account_id"`
	ValidMinutes  int             `db:"valid_minutes"`
	Purpose       string          `db:"purpose"`
	TriggerRuns
}

const sqlTriggers = `
SELECT t.id, t.name, t.state, t.priority, t.sources, t.keywords, t.intents, t.account_ids, t.post_ids, t.starts_at, t.ends_at, t.public_replies,
       t.private_reply, t.handoff_account_id, t.valid_minutes, t.purpose,
       (SELECT count(*) FROM trigger_runs r WHERE r.workspace_id = t.workspace_id AND r.trigger_id = t.id) AS matched,
       coalesce(a.replied, 0) AS replied, coalesce(a.private_replied, 0) AS private_replied, coalesce(h.handed_off, 0) AS handed_off, coalesce(h.joined, 0) AS joined
FROM triggers t
LEFT JOIN (SELECT trigger_id, count(*) FILTER (WHERE kind = 'comment.reply') AS replied, count(*) FILTER (WHERE kind <> 'comment.reply') AS private_replied
           FROM actions WHERE workspace_id = $1 AND trigger_id IS NOT NULL AND state = 'done' GROUP BY 1) a ON a.trigger_id = t.id
LEFT JOIN (SELECT trigger_id, count(*) AS handed_off, count(*) FILTER (WHERE used_at IS NOT NULL) AS joined
           FROM handoffs WHERE workspace_id = $1 AND trigger_id IS NOT NULL GROUP BY 1) h ON h.trigger_id = t.id
WHERE t.workspace_id = $1`

func (s *Server) listTriggers(ctx context.Context, who *caller, _ *struct{}) (Page[Trigger], error) {
	var rows []triggerRow
	if err := s.DB.SelectContext(ctx, &rows, sqlTriggers+` AND t.state <> 'archived' ORDER BY t.priority DESC, t.id`, who.WorkspaceID); err != nil {
		return Page[Trigger]{}, fmt.Errorf("list triggers: %w", err)
	}
	out := []Trigger{}
	for _, r := range rows {
		t, err := r.show()
		if err != nil {
			return Page[Trigger]{}, err
		}
		out = append(out, t)
	}
	return pageOf(out, ""), nil
}

func (s *Server) getTrigger(ctx context.Context, who *caller, in *ByID) (Trigger, error) {
	var r triggerRow
	err := s.DB.GetContext(ctx, &r, sqlTriggers+` AND t.id = $2`, who.WorkspaceID, in.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return Trigger{}, noTrigger(in.ID)
	}
	if err != nil {
		return Trigger{}, fmt.Errorf("load trigger %d: %w", in.ID, err)
	}
	return r.show()
}

func noTrigger(id int64) error {
	return fault.New(fault.NotFound, "trigger %d does not exist in this workspace", id)
}

func (r triggerRow) show() (Trigger, error) {
	t := Trigger{ID: r.ID, State: r.State, Purpose: r.Purpose, Runs: r.TriggerRuns, TriggerInput: TriggerInput{Name: r.Name, Priority: r.Priority, Sources: listOf(r.Sources), Keywords: []KeywordSet{},
		Intents: listOf(r.Intents), AccountIDs: r.AccountIDs, PostIDs: r.PostIDs, StartsAt: utc(r.StartsAt), EndsAt: utc(r.EndsAt), HandoffAccountID: r.HandoffID, ValidMinutes: r.ValidMinutes,
		PublicReplies: map[string][]string{}, PrivateReply: map[string]string{}}}
	for _, part := range []struct {
		raw  json.RawMessage
		into any
	}{{r.Keywords, &t.Keywords}, {r.PublicReplies, &t.PublicReplies}, {r.PrivateReply, &t.PrivateReply}} {
		if err := decode(part.raw, part.into); err != nil {
			return t, fmt.Errorf("read trigger %d: %w", r.ID, err)
		}
	}
	t.tidy()
	return t, nil
}

// tidy makes empty lists of missing ones.
func (t *TriggerInput) tidy() {
	for i := range t.Keywords {
		k := &t.Keywords[i]
		k.Words, k.Phrases, k.Not = some(k.Words), some(k.Phrases), some(k.Not)
	}
	t.Sources, t.Intents, t.AccountIDs, t.PostIDs = some(t.Sources), some(t.Intents), some(t.AccountIDs), some(t.PostIDs)
}

func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

type newTriggerIn struct{ Body TriggerInput }

type triggerIn struct {
	ByID
	Body TriggerInput
}

func (s *Server) addTrigger(ctx context.Context, who *caller, in *newTriggerIn) (Trigger, error) {
	return s.saveTrigger(ctx, who, 0, in.Body)
}

func (s *Server) setTrigger(ctx context.Context, who *caller, in *triggerIn) (Trigger, error) {
	return s.saveTrigger(ctx, who, in.ID, in.Body)
}

func (s *Server) saveTrigger(ctx context.Context, who *caller, id int64, t TriggerInput) (Trigger, error) {
	t.tidy()
	verb := "trigger.change"
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		if err := checkTrigger(ctx, tx, who.WorkspaceID, t); err != nil {
			return err
		}
		args, err := t.args(who)
		if err != nil {
			return err
		}
		stmt := sqlUpdateTrigger
		if id == 0 {
			stmt, verb = sqlInsertTrigger, "trigger.add"
			args = append(args, who.User())
		} else {
			args = append(args, id)
		}
		err = tx.GetContext(ctx, &id, stmt, args...)
		if errors.Is(err, sql.ErrNoRows) {
			return noTrigger(id)
		}
		if err != nil {
			return fmt.Errorf("save the trigger: %w", err)
		}
		return s.triggerChanged(ctx, tx, who, id, verb, nil)
	})
	if err != nil {
		return Trigger{}, err
	}
	return s.getTrigger(ctx, who, &ByID{id})
}

const sqlInsertTrigger = `
INSERT INTO triggers (workspace_id, name, priority, sources, keywords, intents, account_ids, post_ids, starts_at, ends_at, public_replies, private_reply, handoff_account_id, valid_minutes, purpose, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) RETURNING id`

const sqlUpdateTrigger = `
UPDATE triggers SET name = $2, priority = $3, sources = $4, keywords = $5, intents = $6, account_ids = $7, post_ids = $8, starts_at = $9, ends_at = $10, public_replies = $11,
    private_reply = $12, handoff_account_id = $13, valid_minutes = $14, purpose = $15, updated_at = now()
WHERE workspace_id = $1 AND id = $16 RETURNING id`

func (t TriggerInput) args(who *caller) ([]any, error) {
	var texts []string
	for _, list := range t.PublicReplies {
		texts = append(texts, list...)
	}
	for _, text := range t.PrivateReply {
		texts = append(texts, text)
	}
	keywords, err := json.Marshal(t.Keywords)
	if err != nil {
		return nil, fmt.Errorf("encode keywords: %w", err)
	}
	public, err := json.Marshal(t.PublicReplies)
	if err != nil {
		return nil, fmt.Errorf("encode replies: %w", err)
	}
	private, err := json.Marshal(t.PrivateReply)
	if err != nil {
		return nil, fmt.Errorf("encode replies: %w", err)
	}
	return []any{who.WorkspaceID, t.Name, t.Priority, inbox.Strings(t.Sources), string(keywords), inbox.Strings(t.Intents), pq.Int64Array(t.AccountIDs), pq.Int64Array(t.PostIDs), t.StartsAt, t.EndsAt,
		string(public), string(private), t.HandoffAccountID, t.ValidMinutes, string(gate.OfTexts(texts...))}, nil
}

func checkTrigger(ctx context.Context, tx *sqlx.Tx, workspace int64, t TriggerInput) error {
	bad := faults(t.rule().Validate())
	for i, intent := range t.Intents {
		if !slices.Contains(moderation.Intents, intent) {
			bad = append(bad, fault.Field(fmt.Sprintf("intents[%d]", i), "%q is not an intent", intent))
		}
	}
	var known struct {
		Accounts int    `db:"accounts"`
		Posts    int    `db:"posts"`
		Handoff  string `db:"handoff"`
	}
	err := tx.GetContext(ctx, &known, `SELECT (SELECT count(*) FROM accounts WHERE workspace_id = $1 AND removed_at IS NULL AND id = ANY($2)) AS accounts,
(SELECT count(*) FROM posts WHERE workspace_id = $1 AND id = ANY($3)) AS posts,
coalesce((SELECT channel FROM accounts WHERE workspace_id = $1 AND removed_at IS NULL AND id = $4), '') AS handoff`, workspace, pq.Array(t.AccountIDs), pq.Array(t.PostIDs), t.HandoffAccountID)
	if err != nil {
		return fmt.Errorf("check the trigger: %w", err)
	}
	if known.Accounts != distinct(t.AccountIDs) {
		bad = append(bad, fault.Field("account_ids", "one of the accounts is not connected to this workspace"))
	}
	if known.Posts != distinct(t.PostIDs) {
		bad = append(bad, fault.Field("post_ids", "one of the posts is not of this workspace"))
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
	return router.Trigger{Name: t.Name, Priority: t.Priority, Sources: t.Sources, Keywords: each(t.Keywords, func(k KeywordSet) router.KeywordSet { return router.KeywordSet(k) }), Intents: t.Intents,
		AccountIDs: t.AccountIDs, PostIDs: t.PostIDs, StartsAt: t.StartsAt, EndsAt: t.EndsAt, PublicReplies: t.PublicReplies, PrivateReply: t.PrivateReply,
		HandoffAccountID: t.HandoffAccountID, ValidMinutes: t.ValidMinutes}
}

type triggerStateIn struct {
	ByID
	Body struct {
		State string `json:"state" enum:"draft,live,paused,archived"`
	}
}

func (s *Server) triggerState(ctx context.Context, who *caller, in *triggerStateIn) (Trigger, error) {
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		var was string
		err := tx.GetContext(ctx, &was, `SELECT state FROM triggers WHERE workspace_id = $1 AND id = $2 FOR UPDATE`, who.WorkspaceID, in.ID)
		if errors.Is(err, sql.ErrNoRows) {
			return noTrigger(in.ID)
		}
		if err != nil {
			return fmt.Errorf("load trigger %d: %w", in.ID, err)
		}
		if in.Body.State == "live" { // what it leads to may have been disconnected since it was written
			t, err := s.getTrigger(ctx, who, &in.ByID)
			if err != nil {
				return err
			}
			if err := checkTrigger(ctx, tx, who.WorkspaceID, t.TriggerInput); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE triggers SET state = $3, updated_at = now() WHERE workspace_id = $1 AND id = $2`, who.WorkspaceID, in.ID, in.Body.State); err != nil {
			return fmt.Errorf("change the state of trigger %d: %w", in.ID, err)
		}
		return s.triggerChanged(ctx, tx, who, in.ID, "trigger.state", map[string]any{"from": was, "to": in.Body.State})
	})
	if err != nil {
		return Trigger{}, err
	}
	return s.getTrigger(ctx, who, &in.ByID)
}

func (s *Server) triggerChanged(ctx context.Context, tx *sqlx.Tx, who *caller, id int64, verb string, detail any) error {
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), verb, fmt.Sprintf("trigger:%d", id), detail); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "trigger", ObjectID: id})
}
