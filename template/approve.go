package template

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/channels"
	"ponte/fault"
	"ponte/inbox"
	"ponte/outbox"
)

// Who is the member that acts, as far as approval looks at them.
type Who struct {
	Actor  string
	UserID int64 // 0: a token or the command line
}

// Faults says everything that stands in the way of a draft being submitted: Meta's rules, its category,
// the brand's other templates.
func Faults(ctx context.Context, q sqlx.QueryerContext, d Draft) ([]Fault, error) {
	w, err := inbox.LoadWorkspace(ctx, q, d.WorkspaceID)
	if err != nil {
		return nil, err
	}
	out := faults(Examine(d.Name, d.Language, d.Definition, w.BrandName()))
	others, err := siblings(ctx, q, d)
	if err != nil {
		return nil, err
	}
	for _, o := range others {
		if o.Definition.Category != d.Definition.Category && o.Definition.Category != "" {
			out.add("category", "languages_differ", "all languages of a name are in one category; in %s «%s» is %s", o.Language, o.Name, o.Definition.Category)
			break
		}
	}
	twin, err := twin(ctx, q, d)
	if err != nil {
		return nil, err
	}
	if twin != "" {
		out.add("body", "duplicate", "Meta has the same body and footer in this language already, under «%s»: change a word, or use that one", twin)
	}
	if t := d.Template; t != nil && !t.Deleted && t.Status == "APPROVED" && t.Category != d.Definition.Category {
		out.add("category", "fixed", "Meta has approved this template as %s, and the category of an approved one cannot change: make a new template", t.Category)
	}
	if _, err := d.Definition.Header.sampleOf(ctx, q, d.WorkspaceID); err != nil {
		var wrong *fault.Error
		if !errors.As(err, &wrong) {
			return nil, err
		}
		out.add("header.sample", "unknown", wrong.Format, wrong.Args...)
	}
	return out, nil
}

// twin is the name of a template that reads the same.
func twin(ctx context.Context, q sqlx.QueryerContext, d Draft) (string, error) {
	var names []string
	err := sqlx.SelectContext(ctx, q, &names, `
SELECT t.name FROM templates t JOIN accounts a ON a.workspace_id = t.workspace_id AND a.id = t.account_id JOIN accounts o ON o.workspace_id = a.workspace_id AND o.waba_id = a.waba_id
WHERE t.workspace_id = $1 AND o.id = $2 AND t.language = $3 AND t.name <> $4 AND t.deleted_at IS NULL
  AND EXISTS (SELECT 1 FROM jsonb_array_elements(t.components) c WHERE upper(c->>'type') = 'BODY' AND c->>'text' = $5)
  AND coalesce((SELECT c->>'text' FROM jsonb_array_elements(t.components) c WHERE upper(c->>'type') = 'FOOTER' LIMIT 1), '') = $6
LIMIT 1`, d.WorkspaceID, d.AccountID, d.Language, d.Name, d.Definition.Body, d.Definition.Footer)
	if err != nil || len(names) == 0 {
		if err != nil {
			err = fmt.Errorf("look for a template that reads the same: %w", err)
		}
		return "", err
	}
	return names[0], nil
}

func mustPass(ctx context.Context, q sqlx.QueryerContext, d Draft) error {
	list, err := Faults(ctx, q, d)
	if err != nil || len(list) == 0 {
		return err
	}
	more := ""
	if len(list) > 1 {
		more = fmt.Sprintf(" (and %d more)", len(list)-1)
	}
	return fault.Field(list[0].Field, "%s%s", list[0].Text, more)
}

// mustBe answers with a conflict where the version is not the one the member looked at, or not in a state
// for this.
func (d Draft) mustBe(seen int, states ...State) error {
	if seen != d.Version {
		return fault.New(fault.Conflict, "version %d was written meanwhile; look at it first", d.Version)
	}
	for _, s := range states {
		if d.State == s {
			return nil
		}
	}
	return fault.New(fault.Conflict, "version %d is %s; this cannot be done with it now", d.Version, stateWords[d.State])
}

var stateWords = map[State]string{Written: "a draft", Asked: "waiting for approval", Approved: "approved", Returned: "returned", Submitted: "submitted"}

// Ask asks the team to approve the latest version.
func Ask(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, seen int, who Who) error {
	d, err := lock(ctx, tx, workspace, id)
	if err != nil {
		return err
	}
	if err := d.mustBe(seen, Written, Returned); err != nil {
		return err
	}
	if err := mustPass(ctx, tx, d); err != nil {
		return err
	}
	if err := d.set(ctx, tx, `state = 'asked', asked_by = $4, asked_at = now(), note = ''`, who.Actor); err != nil {
		return err
	}
	return note(ctx, tx, workspace, id, who.Actor, "ask", map[string]any{"version": d.Version})
}

func (d Draft) set(ctx context.Context, tx sqlx.ExtContext, what string, args ...any) error {
	all := append([]any{d.WorkspaceID, d.ID, d.Version}, args...)
	if _, err := tx.ExecContext(ctx, `UPDATE template_versions SET `+what+` WHERE workspace_id = $1 AND draft_id = $2 AND version = $3`, all...); err != nil {
		return fmt.Errorf("move version %d of template draft %d: %w", d.Version, d.ID, err)
	}
	return nil
}

// Approve lets the latest version be submitted. Its author cannot approve it themselves, unless nobody
// else in the workspace could: then the record says that they were alone.
func Approve(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, seen int, who Who) error {
	d, err := lock(ctx, tx, workspace, id)
	if err != nil {
		return err
	}
	if err := d.mustBe(seen, Asked, Written, Returned); err != nil {
		return err
	}
	alone := false
	author, _, err := behind(ctx, tx, workspace, d.Author)
	if err != nil {
		return err
	}
	approver, userID, err := behind(ctx, tx, workspace, who.Actor)
	if err != nil {
		return err
	}
	if author == approver {
		others, err := approvers(ctx, tx, workspace, userID)
		if err != nil {
			return err
		}
		if others > 0 {
			return fault.New(fault.Forbidden, "you wrote this version; another member approves it. %d could", others)
		}
		alone = true
	}
	if err := mustPass(ctx, tx, d); err != nil {
		return err
	}
	if err := d.set(ctx, tx, `state = 'approved', decided_by = $4, decided_at = now(), alone = $5, note = ''`, who.Actor, alone); err != nil {
		return err
	}
	return note(ctx, tx, workspace, id, who.Actor, "approve", map[string]any{"version": d.Version, "alone": alone})
}

// behind is the member who acts: of a token the one who made it, so that nobody approves their own text by another door.
// A token of the command line's is nobody's but its own.
func behind(ctx context.Context, q sqlx.QueryerContext, workspace int64, actor string) (string, int64, error) {
	kind, number, _ := strings.Cut(actor, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil || kind != "user" && kind != "token" {
		return actor, 0, nil
	}
	if kind == "user" {
		return actor, id, nil
	}
	var maker []int64
	if err := sqlx.SelectContext(ctx, q, &maker, `SELECT created_by FROM api_tokens WHERE workspace_id = $1 AND id = $2 AND created_by IS NOT NULL`, workspace, id); err != nil {
		return "", 0, fmt.Errorf("find who made token %d: %w", id, err)
	}
	if len(maker) == 0 {
		return actor, 0, nil
	}
	return fmt.Sprintf("user:%d", maker[0]), maker[0], nil
}

// approvers counts the members beside one who may approve templates.
func approvers(ctx context.Context, q sqlx.QueryerContext, workspace, beside int64) (int, error) {
	var roles []string
	err := sqlx.SelectContext(ctx, q, &roles, `
SELECT m.role FROM members m JOIN users u ON u.id = m.user_id WHERE m.workspace_id = $1 AND m.user_id <> $2 AND u.disabled_at IS NULL`, workspace, beside)
	if err != nil {
		return 0, fmt.Errorf("count who could approve a template: %w", err)
	}
	n := 0
	for _, r := range roles {
		if auth.Role(r).Can(auth.Campaign) {
			n++
		}
	}
	return n, nil
}

// Return gives a version back to its author with a reason.
func Return(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, seen int, why string, who Who) error {
	d, err := lock(ctx, tx, workspace, id)
	if err != nil {
		return err
	}
	if err := d.mustBe(seen, Asked, Approved); err != nil {
		return err
	}
	if why = strings.TrimSpace(why); why == "" {
		return fault.Field("reason", "say what is to be changed")
	}
	if err := d.set(ctx, tx, `state = 'returned', decided_by = $4, decided_at = now(), note = $5`, who.Actor, why); err != nil {
		return err
	}
	return note(ctx, tx, workspace, id, who.Actor, "return", map[string]any{"version": d.Version})
}

// submitLife is how long a submission may wait for an account to be connected again.
const submitLife = 7 * 24 * time.Hour

// Meta's limits of edits to an approved template.
const (
	editsPerDay   = 1
	editsPerMonth = 10
)

// Submit plans the call that gives the approved version to Meta: a new template, or an edit of the one
// Meta has. It returns the action.
func Submit(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, seen int, now time.Time, who Who) (int64, error) {
	d, err := lock(ctx, tx, workspace, id)
	if err != nil {
		return 0, err
	}
	retry := d.State == Submitted && !submitting(d.Action) && d.Action != "done" || d.State == Submitted && d.Template != nil && d.Template.Deleted
	if err := d.mustBe(seen, Approved, Submitted); err != nil {
		return 0, err
	}
	if d.State == Submitted && !retry {
		return 0, fault.New(fault.Conflict, "version %d was submitted already", d.Version)
	}
	if err := mustPass(ctx, tx, d); err != nil {
		return 0, err
	}
	call, err := d.submission(ctx, tx, now)
	if err != nil {
		return 0, err
	}
	action, err := plan(ctx, tx, d, call, fmt.Sprintf("template:%d:%d:%d", d.ID, d.Version, now.UnixMicro()), now, who)
	if err != nil {
		return 0, err
	}
	if err := d.set(ctx, tx, `state = 'submitted', action_id = $4, submitted_by = $5, submitted_at = now()`, action, who.Actor); err != nil {
		return 0, err
	}
	return action, note(ctx, tx, workspace, id, who.Actor, "submit", map[string]any{"version": d.Version, "action": action, "kind": call.Kind})
}

// submission is the call, where Meta would take it now.
func (d Draft) submission(ctx context.Context, tx sqlx.QueryerContext, now time.Time) (channels.Call, error) {
	wire, err := d.Definition.Wire(d.Name, d.Language)
	if err != nil {
		return channels.Call{}, err
	}
	call := channels.Call{Kind: channels.SubmitTemplate, Channel: channels.WhatsApp, Definition: wire}
	sample, err := d.Definition.Header.sampleOf(ctx, tx, d.WorkspaceID)
	if err != nil {
		return call, err
	}
	if sample != nil {
		call.Media = sample.media(d.Definition.Header.Format)
	}
	t := d.Template
	switch {
	case t == nil || t.External == "":
		return call, nil
	case t.Deleted || t.Status == "DELETED" || t.Status == "PENDING_DELETION":
		return call, d.nameFree(ctx, tx, now)
	}
	switch t.Status {
	case "APPROVED", "REJECTED", "PAUSED":
	default:
		return call, fault.New(fault.Conflict, "Meta has this template as %s; it can be changed once it is approved, rejected or paused", t.Status)
	}
	call.Kind, call.TemplateID = channels.EditTemplate, t.External
	if t.Status == "APPROVED" {
		return call, d.editsLeft(ctx, tx, t.ID, now)
	}
	return call, nil
}

// nameFree: the name of an approved template that was deleted is blocked for thirty days.
func (d Draft) nameFree(ctx context.Context, q sqlx.QueryerContext, now time.Time) error {
	var at []time.Time
	err := sqlx.SelectContext(ctx, q, &at, `
SELECT t.deleted_at FROM templates t WHERE t.workspace_id = $1 AND t.id = $2 AND t.deleted_at IS NOT NULL
  AND EXISTS (SELECT 1 FROM template_events e WHERE e.workspace_id = t.workspace_id AND e.template_id = t.id AND 'APPROVED' IN (e.value, e.previous))`, d.WorkspaceID, d.Template.ID)
	if err != nil {
		return fmt.Errorf("see when a template was deleted: %w", err)
	}
	if len(at) > 0 && now.Before(at[0].Add(30*24*time.Hour)) {
		return fault.Field("name", "Meta blocks the name of a deleted template for thirty days, until %s: take another name", at[0].Add(30*24*time.Hour).UTC().Format("2 January 2006"))
	}
	return nil
}

// editsLeft counts what was submitted for it: an approved template can be edited once a day and ten times
// in thirty days. A call of unknown outcome counts.
func (d Draft) editsLeft(ctx context.Context, q sqlx.QueryerContext, templateID int64, now time.Time) error {
	var sent []time.Time
	err := sqlx.SelectContext(ctx, q, &sent, `
SELECT a.sent_at FROM template_versions v JOIN actions a ON a.workspace_id = v.workspace_id AND a.id = v.action_id
WHERE v.workspace_id = $1 AND v.draft_id = $2 AND a.kind = 'template.edit' AND a.state IN ('done','unknown','sending') AND a.sent_at > $3 ORDER BY a.sent_at DESC`, d.WorkspaceID, d.ID, now.Add(-30*24*time.Hour))
	if err != nil {
		return fmt.Errorf("count the edits of template %d: %w", templateID, err)
	}
	if len(sent) >= editsPerMonth {
		return fault.New(fault.Conflict, "Meta takes %d edits of an approved template in thirty days; the next one from %s on", editsPerMonth, sent[editsPerMonth-1].Add(30*24*time.Hour).UTC().Format("2 January 15:04 MST"))
	}
	if len(sent) >= editsPerDay && now.Before(sent[editsPerDay-1].Add(24*time.Hour)) {
		return fault.New(fault.Conflict, "Meta takes one edit of an approved template a day; the next one from %s on", sent[editsPerDay-1].Add(24*time.Hour).UTC().Format("2 January 15:04 MST"))
	}
	return nil
}

func plan(ctx context.Context, tx sqlx.ExtContext, d Draft, call channels.Call, dedupe string, now time.Time, who Who) (int64, error) {
	origin := "member"
	if who.UserID == 0 {
		origin = "api"
	}
	added, err := outbox.Add(ctx, tx, []outbox.Action{{WorkspaceID: d.WorkspaceID, AccountID: d.AccountID, Purpose: "technical", Origin: origin, Actor: who.Actor,
		Dedupe: dedupe, Call: call, NotBefore: now, ValidUntil: now.Add(submitLife)}})
	if err != nil {
		return 0, err
	}
	return added[0].ID, nil
}
