// Package review is the work of reviewers: they claim items of the queue, decide, undo, escalate; some of
// what they decide is looked at again by another who does not know, and known answers are mixed in. What
// they decide about a comment goes to the network through the outbox, in the same transaction. It owns
// review_items (which ingest fills) and gold_comments, and the verdicts of people.
package review

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/channels"
	"ponte/fault"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/outbox"
)

// Verb is what a person does to a comment.
type Verb string

// The verbs. Restore shows again what was hidden; to the record both it and Approve allow.
const (
	Approve Verb = "approve"
	Restore Verb = "unhide"
	Hide    Verb = "hide"
	Delete  Verb = "delete"
)

// verbs is what each verb decides, how it ends an item, and how it reads.
var verbs = map[Verb]struct {
	decision moderation.Decision
	outcome  string
	text     string
}{
	Approve: {moderation.Allow, "approve", "a person allowed it"},
	Restore: {moderation.Allow, "restore", "a person allowed it"},
	Hide:    {moderation.Hide, "hide", "a person hid it"},
	Delete:  {moderation.Delete, "delete", "a person wants it deleted"},
}

// Valid says whether the verb is one of the list.
func (v Verb) Valid() bool { _, ok := verbs[v]; return ok }

// Decision is what the verb makes of a comment.
func (v Verb) Decision() moderation.Decision { return verbs[v].decision }

// Decision is what a reviewer decides about a comment.
type Decision struct {
	Who       auth.Who
	CommentID int64
	ItemID    int64 // the queue's item it answers; 0: none in particular
	Verb      Verb
	Reason    string
	Category  string // what a removed comment is, in the reviewer's word; empty: the machine's, if it had one
	Batch     int64  // decided together with others; 0: by itself
	At        time.Time

	whole bool // about all that are alike: it closes their item
	until time.Time
}

// item is an open item of the queue.
type item struct {
	ID          int64      `db:"id"`
	CommentID   int64      `db:"comment_id"` // that stands for those that are alike
	Kind        string     `db:"kind"`
	VerdictID   int64      `db:"verdict_id"`
	Why         string     `db:"why"`
	Harm        float64    `db:"harm"`
	Reach       float64    `db:"reach"`
	FirstID     *int64     `db:"first_id"`
	ForUser     *int64     `db:"for_user"`
	ClaimedBy   *int64     `db:"claimed_by"` // by whom it is held now
	EscalatedAt *time.Time `db:"escalated_at"`
}

func (i *item) blind() bool { return i != nil && (i.Kind == "second" || i.Kind == "gold") }

const itemColumns = `id, comment_id, kind, verdict_id, why, harm, reach, first_id, for_user, CASE WHEN claimed_until > now() THEN claimed_by END AS claimed_by, escalated_at`

// Decide carries out what a reviewer decides. A second look or a known answer is only recorded;
// everything else is a verdict and acts.
func Decide(ctx context.Context, tx *sqlx.Tx, d Decision) error {
	if d.Category != "" && (!slices.Contains(moderation.HarmCategories, d.Category) && !slices.Contains(moderation.SpamCategories, d.Category) || !removes(verbs[d.Verb].outcome)) {
		return fault.Field("category", "a category says what a hidden or deleted comment is, and is one of %s, %s", strings.Join(moderation.HarmCategories, ", "), strings.Join(moderation.SpamCategories, ", "))
	}
	c, err := inbox.LockComment(ctx, tx, d.Who.WorkspaceID, d.CommentID)
	if err != nil {
		return err
	}
	it, err := find(ctx, tx, d)
	if err != nil {
		return err
	}
	if it.blind() {
		return decideBlind(ctx, tx, c, it, d)
	}
	switch {
	case c.State == "removed":
		return fault.New(fault.Conflict, "the comment is gone from the network; nothing can be done to it any more").Coded("comment_gone")
	case c.Own:
		return fault.New(fault.Invalid, "this is the brand's own comment; it is not moderated")
	}
	if it != nil {
		if !d.whole {
			if it, err = setApart(ctx, tx, it, d); err != nil {
				return err
			}
		}
		if err := closeItem(ctx, tx, it, d); err != nil {
			return err
		}
	}
	if err := carry(ctx, tx, c, d); err != nil {
		return err
	}
	return mixIn(ctx, tx, it, d)
}

// carry makes a decision the comment's, and does what follows from it.
func carry(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, d Decision) error {
	was := ""
	if c.Decision != nil {
		was = *c.Decision
	}
	verdict, err := personVerdict(ctx, tx, c, d)
	if err != nil {
		return err
	}
	to := verbs[d.Verb].decision
	if err := enforce(ctx, tx, c, fmt.Sprint(verdict), to, d.Who, d.At); err != nil {
		return err
	}
	detail := map[string]any{"from": was, "to": to, "verdict": verdict}
	if d.Batch != 0 {
		detail["batch"] = d.Batch
	}
	if err := auth.Audit(ctx, tx, c.WorkspaceID, d.Who.Actor(), "comment."+string(d.Verb), commentObject(c.ID), detail); err != nil {
		return err
	}
	if to == moderation.Allow && was != string(moderation.Allow) {
		if err := raiseApproved(ctx, tx, c, verdict, d.At); err != nil {
			return err
		}
	}
	return touch(ctx, tx, c.WorkspaceID, c.ID)
}

// isOf says whether the item is in one person's hands: made for them, or claimed.
func (i *item) isOf(user int64) bool {
	return user != 0 && (i.ForUser != nil && *i.ForUser == user || i.ClaimedBy != nil && *i.ClaimedBy == user)
}

// openItems locks the open items of a comment, those that are decided blind first.
func openItems(ctx context.Context, tx *sqlx.Tx, d Decision) ([]item, error) {
	var open []item
	err := tx.SelectContext(ctx, &open, `SELECT `+itemColumns+` FROM review_items WHERE workspace_id = $1 AND (comment_id = $2 OR id = (SELECT item_id FROM review_members WHERE workspace_id = $1 AND comment_id = $2 AND state = 'open')) AND state = 'open' ORDER BY kind IN ('second','gold') DESC, id FOR UPDATE`, d.Who.WorkspaceID, d.CommentID)
	if err != nil {
		return nil, fmt.Errorf("find the review item of comment %d: %w", d.CommentID, err)
	}
	return open, nil
}

// find locks the open item a decision is about. Who holds a blind item of the comment and names none
// means that one: a known answer must never act.
func find(ctx context.Context, tx *sqlx.Tx, d Decision) (*item, error) {
	open, err := openItems(ctx, tx, d)
	if err != nil {
		return nil, err
	}
	for i := range open {
		it := &open[i]
		if d.ItemID != 0 && it.ID != d.ItemID || d.ItemID == 0 && it.blind() && !it.isOf(d.Who.UserID) {
			continue
		}
		return it, mayDecide(ctx, tx, it, d)
	}
	if d.ItemID != 0 {
		return nil, fault.New(fault.Conflict, "somebody has decided this already; the list is read again").Coded("decided_already")
	}
	return nil, nil
}

// mayDecide: an item that somebody else holds is theirs; a second look is another's than the first; what
// was escalated is for supervisors.
func mayDecide(ctx context.Context, tx *sqlx.Tx, it *item, d Decision) error {
	switch {
	case it.ClaimedBy != nil && *it.ClaimedBy != d.Who.UserID:
		return fault.New(fault.Conflict, "somebody else is looking at this comment; take another, or wait until they are done").Coded("item_claimed")
	case it.EscalatedAt != nil && !d.Who.Can(auth.Supervise):
		return fault.New(fault.Conflict, "this was passed to a supervisor").Coded("item_escalated")
	case !it.blind():
		return nil
	case d.Who.UserID == 0, it.ForUser != nil && *it.ForUser != d.Who.UserID:
		return fault.New(fault.Conflict, "this item is not in your queue").Coded("item_not_yours")
	}
	if it.Kind != "second" {
		return nil
	}
	var knows bool
	if err := tx.GetContext(ctx, &knows, `SELECT EXISTS (SELECT 1 FROM review_items WHERE workspace_id = $1 AND comment_id = $2 AND decided_by = $3)`, d.Who.WorkspaceID, d.CommentID, d.Who.UserID); err != nil {
		return fmt.Errorf("look who decided comment %d: %w", d.CommentID, err)
	}
	if knows {
		return fault.New(fault.Conflict, "this item is not in your queue").Coded("item_not_yours")
	}
	return nil
}

func closeItem(ctx context.Context, tx *sqlx.Tx, it *item, d Decision) error {
	var until *time.Time
	if d.whole {
		until = &d.until
	}
	_, err := tx.ExecContext(ctx, `UPDATE review_items SET state = 'decided', outcome = $3, reason = $4, decided_by = $5, decided_at = now(), claimed_by = NULL, claimed_until = NULL, batch = nullif($6, 0),
    holds_until = $7::timestamptz, spreading = $7::timestamptz IS NOT NULL, spread_by = CASE WHEN $7::timestamptz IS NULL THEN '' ELSE $8::text END
WHERE workspace_id = $1 AND id = $2`, d.Who.WorkspaceID, it.ID, verbs[d.Verb].outcome, d.Reason, d.Who.User(), d.Batch, until, d.Who.Actor())
	if err != nil {
		return fmt.Errorf("close review item %d: %w", it.ID, err)
	}
	return nil
}

// personVerdict keeps the decision as a verdict of its own, with the machine's scores as they were, and
// makes it the comment's current one.
func personVerdict(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, d Decision) (int64, error) {
	var old struct {
		Verdict json.RawMessage `db:"verdict"`
		Input   json.RawMessage `db:"input"`
	}
	v := moderation.Verdict{Subject: moderation.SubjectComment, Language: c.Language, Scores: map[string]*float64{}}
	old.Input = json.RawMessage(`{}`)
	if c.VerdictID != nil {
		if err := tx.GetContext(ctx, &old, `SELECT verdict, input FROM verdicts WHERE workspace_id = $1 AND id = $2`, c.WorkspaceID, *c.VerdictID); err != nil {
			return 0, fmt.Errorf("load the verdict of comment %d: %w", c.ID, err)
		}
		if err := json.Unmarshal(old.Verdict, &v); err != nil {
			return 0, fmt.Errorf("read the verdict of comment %d: %w", c.ID, err)
		}
	}
	how := verbs[d.Verb]
	text := how.text
	if d.Reason != "" {
		text += ": " + d.Reason
	}
	v.Decision, v.Tier, v.NeedsLLM = how.decision, "person", false
	if d.Category != "" {
		v.Category = d.Category
	}
	if why := (moderation.Reason{Code: "person", Text: text}); len(v.Reasons) == 0 || v.Reasons[0].Code != why.Code || v.Reasons[0].Text != why.Text {
		v.Reasons = append([]moderation.Reason{why}, v.Reasons...) // said twice in a row it stands there once
	}
	before := int64(0)
	if c.VerdictID != nil {
		before = *c.VerdictID
	}
	raw, err := Kept(v, before, d.Batch)
	if err != nil {
		return 0, err
	}
	var id int64
	if err := tx.GetContext(ctx, &id, sqlPersonVerdict, c.WorkspaceID, c.ID, string(how.decision), string(raw), string(old.Input), d.Who.Actor()); err != nil {
		return 0, fmt.Errorf("keep the decision about comment %d: %w", c.ID, err)
	}
	return id, setVerdict(ctx, tx, c, id, string(how.decision))
}

// Kept is the verdict of a person as it is stored. The verdict it takes the place of is kept with it: that
// is where undoing leads back to; and by the batch, what was decided together is found again.
func Kept(v moderation.Verdict, before, batch int64) ([]byte, error) {
	raw, err := json.Marshal(struct {
		moderation.Verdict
		Before int64 `json:"before,omitempty"`
		Batch  int64 `json:"batch,omitempty"`
	}{v, before, batch})
	if err != nil {
		return nil, fmt.Errorf("encode the verdict of a person: %w", err)
	}
	return raw, nil
}

const sqlPersonVerdict = `
INSERT INTO verdicts (workspace_id, subject, subject_id, decision, tier, verdict, input, actor)
VALUES ($1, 'comment', $2, $3, 'person', $4, $5, $6) RETURNING id`

func setVerdict(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, verdict int64, decision string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE comments SET verdict_id = $3, decision = $4 WHERE workspace_id = $1 AND id = $2`, c.WorkspaceID, c.ID, verdict, decision); err != nil {
		return fmt.Errorf("set the decision about comment %d: %w", c.ID, err)
	}
	return nil
}

func raiseApproved(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, verdict int64, at time.Time) error {
	return inbox.Raise(ctx, tx, inbox.InternalEvent{WorkspaceID: c.WorkspaceID, AccountID: c.AccountID, Key: fmt.Sprintf("approved:%d:%d", c.ID, verdict), Kind: inbox.CommentApproved,
		Channel: c.Channel, Lane: inbox.LaneOf(c.AccountID, "c:"+c.RootID), At: at, Payload: map[string]int64{"comment_id": c.ID}})
}

func commentObject(id int64) string { return fmt.Sprintf("comment:%d", id) }

func touch(ctx context.Context, tx *sqlx.Tx, workspace, comment int64) error {
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspace, Topic: "comment", ObjectID: comment})
}

// actionLife is how long a hide, unhide or delete may wait for its account.
const actionLife = 7 * 24 * time.Hour

// enforce stops what the decision contradicts and plans what it asks for; the key tells this decision's
// actions from those of another about the same comment.
func enforce(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, key string, d moderation.Decision, who auth.Who, at time.Time) error {
	cancel := outbox.Cancellation{WorkspaceID: c.WorkspaceID, CommentID: c.ID, Reason: "person_decided", Meaning: "a person decided otherwise"}
	stays := d == moderation.Allow || d == moderation.Review
	if stays {
		cancel.Kinds = []channels.CallKind{channels.HideComment, channels.DeleteComment}
	} else {
		cancel.Reason, cancel.Meaning = "comment_hidden", "a person hid the comment"
	}
	if _, err := outbox.Cancel(ctx, tx, cancel); err != nil {
		return err
	}
	hidden, under, err := hiding(ctx, tx, c)
	if err != nil {
		return err
	}
	act := func(kind channels.CallKind, from time.Time) outbox.Action {
		return outbox.Action{WorkspaceID: c.WorkspaceID, AccountID: c.AccountID, Purpose: "moderation", Origin: "member", Actor: who.Actor(),
			Dedupe: fmt.Sprintf("%s:%d:%s", kind, c.ID, key), ContactID: c.ContactID, IdentityID: c.IdentityID, CommentID: &c.ID,
			Call: channels.Call{Kind: kind, Channel: channels.Channel(c.Channel), CommentID: c.ExternalID}, NotBefore: from, ValidUntil: at.Add(actionLife)}
	}
	var plan []outbox.Action
	switch {
	case stays && hidden:
		a := act(channels.UnhideComment, at)
		a.WaitsFor = under
		plan = append(plan, a)
	case !stays && !hidden:
		plan = append(plan, act(channels.HideComment, at))
	}
	if d == moderation.Delete {
		settings, err := settingsOf(ctx, tx, c.WorkspaceID)
		if err != nil {
			return err
		}
		plan = append(plan, act(channels.DeleteComment, at.Add(time.Duration(settings.DeleteGraceMinutes)*time.Minute)))
	}
	added, err := outbox.Add(ctx, tx, plan)
	if err != nil {
		return err
	}
	for _, a := range added {
		if err := inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: c.WorkspaceID, Topic: "action", ObjectID: a.ID}); err != nil {
			return err
		}
	}
	return nil
}

// hiding says whether the comment is hidden, or will be by a call under way; that call's action is
// what the opposite must wait for. An unhide under way counts the other way round.
func hiding(ctx context.Context, tx *sqlx.Tx, c inbox.Comment) (hidden bool, under *int64, err error) {
	var last []struct {
		ID   int64  `db:"id"`
		Kind string `db:"kind"`
	}
	err = tx.SelectContext(ctx, &last, `SELECT id, kind FROM actions WHERE workspace_id = $1 AND comment_id = $2
AND state IN ('sending','unknown') AND kind IN ('comment.hide','comment.unhide') ORDER BY id DESC LIMIT 1`, c.WorkspaceID, c.ID)
	if err != nil {
		return false, nil, fmt.Errorf("look for calls about comment %d: %w", c.ID, err)
	}
	if len(last) == 0 {
		return c.State == "hidden", nil, nil
	}
	return last[0].Kind == string(channels.HideComment), &last[0].ID, nil
}

func settingsOf(ctx context.Context, q sqlx.QueryerContext, workspace int64) (inbox.Settings, error) {
	w, err := inbox.LoadWorkspace(ctx, q, workspace)
	if err != nil {
		return inbox.Settings{}, err
	}
	return inbox.ParseSettings(w.Settings)
}
