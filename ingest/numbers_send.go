package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/fault"
	"ponte/inbox"
	"ponte/outbox"
	"ponte/template"
)

// numbersAgreed writes to numbers that were agreed to, a few at a time, beside the lanes: the number's own
// identity is met here, and it is another person's than the one who left it.
func (f *Fetcher) numbersAgreed(ctx context.Context) (int, error) {
	var ids []int64
	if err := f.DB.SelectContext(ctx, &ids, `
UPDATE number_handoffs SET try_after = $1::timestamptz + interval '10 minutes'
WHERE id IN (SELECT id FROM number_handoffs WHERE state = 'agreed' AND try_after <= $1 ORDER BY try_after LIMIT 10 FOR UPDATE SKIP LOCKED) RETURNING id`, f.Now()); err != nil {
		return 0, fmt.Errorf("find numbers to write to: %w", err)
	}
	var failed error
	for _, id := range ids { // one that cannot be written to keeps none of the others waiting
		if err := f.writeTo(ctx, id); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return len(ids), failed
}

// numberPatience is how long a number waits for its template to be approved again.
const numberPatience = 24 * time.Hour

func (f *Fetcher) writeTo(ctx context.Context, id int64) error {
	tx, err := f.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	var n numberHandoff
	if err := tx.GetContext(ctx, &n, `SELECT `+numberColumns+` FROM number_handoffs n WHERE n.id = $1`, id); err != nil {
		return fmt.Errorf("load number handoff %d: %w", id, err)
	}
	own, err := inbox.OwnNumbers(ctx, tx, n.WorkspaceID) // an account may have been added since it was left
	if err != nil {
		return err
	}
	if own[n.Phone] {
		if _, err := tx.ExecContext(ctx, `UPDATE number_handoffs SET state = 'failed', reason = 'the number is the brand''s own' WHERE workspace_id = $1 AND id = $2 AND state = 'agreed'`, n.WorkspaceID, n.ID); err != nil {
			return fmt.Errorf("end number handoff %d: %w", id, err)
		}
		return tx.Commit()
	}
	key := inbox.PersonKey{WorkspaceID: n.WorkspaceID, Channel: channels.WhatsApp, Phone: n.Phone}
	people, err := inbox.MeetPeople(ctx, tx, []inbox.Person{{PersonKey: key, Language: n.Language}}, nil, []int64{n.ContactID})
	if err != nil {
		return err
	}
	who := people.Find(key)
	if who == nil {
		return fmt.Errorf("the number of handoff %d was not met", id)
	}
	// The person is locked now: what they took back meanwhile is not written to.
	var still bool
	if err := tx.GetContext(ctx, &still, `SELECT state = 'agreed' FROM number_handoffs WHERE workspace_id = $1 AND id = $2 FOR UPDATE`, n.WorkspaceID, n.ID); err != nil {
		return fmt.Errorf("look at number handoff %d again: %w", id, err)
	}
	if !still {
		return nil
	}
	state, reason, action, err := f.planNumber(ctx, tx, n, who)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE number_handoffs SET state = $3, reason = $4, action_id = $5, wa_identity_id = $6 WHERE workspace_id = $1 AND id = $2 AND state = 'agreed'`,
		n.WorkspaceID, n.ID, state, reason, action, who.ID); err != nil {
		return fmt.Errorf("move number handoff %d: %w", id, err)
	}
	if state != "agreed" && n.Source == "chat" {
		if _, err := tx.ExecContext(ctx, `UPDATE contacts SET fields = fields || jsonb_build_object('phone_unverified', '+' || $3::text) WHERE workspace_id = $1 AND id = $2`, n.WorkspaceID, n.ContactID, n.Phone); err != nil {
			return fmt.Errorf("note the number of contact %d: %w", n.ContactID, err)
		}
	}
	if err := inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: n.WorkspaceID, Topic: "contact", ObjectID: n.ContactID}); err != nil {
		return err
	}
	return tx.Commit()
}

// planNumber plans the first message. What cannot be sent now is tried again for a day.
func (f *Fetcher) planNumber(ctx context.Context, tx *sqlx.Tx, n numberHandoff, who *inbox.Identity) (state, reason string, action *int64, err error) {
	if who.ContactID == n.ContactID && n.Source == "chat" {
		return "confirmed", "", nil, nil // known on WhatsApp already, as the same person
	}
	if n.OptInID != nil {
		if why, err := f.mayConfirm(ctx, tx, n, who); err != nil || why != "" {
			return "replaced", why, nil, err
		}
	}
	if n.Source == "lead" {
		if twice, err := f.writtenAlready(ctx, tx, n); err != nil || twice {
			return "replaced", "the same first message went to this number within a day", nil, err
		}
	}
	if n.Source == "chat" {
		why, err := numberBarred(ctx, tx, f.Ledger, n, true, f.Now())
		if err == nil && why != "" && n.ConversationID != nil {
			err = inbox.ForPerson(ctx, tx, n.WorkspaceID, *n.ConversationID, f.Now())
		}
		if err != nil || why != "" {
			return "refused", why, nil, err
		}
	}
	waits := firstWaits + ", the template «" + n.Template + "» cannot be sent"
	l, _, err := template.Named(ctx, tx, n.WorkspaceID, n.AccountID, n.Template, n.Language)
	if err == nil {
		var m template.Message
		var person template.Person
		var sender template.Sender
		facts := who.ContactID // a stranger's, as far as we know: nothing of the chat goes to the number
		if n.Source == "lead" {
			facts = n.ContactID
		}
		if person, sender, err = template.Facts(ctx, tx, n.WorkspaceID, facts); err != nil {
			return "", "", nil, err
		}
		if m, _, err = l.Compose(nil, "", person, sender); err == nil {
			id, err := f.sendFirst(ctx, tx, n, who, m)
			if err == nil {
				err = leadSent(ctx, tx, n)
			}
			return "sent", "", &id, err
		}
		waits = firstWaits + ", a value of the template «" + n.Template + "» is not known"
	}
	if err := leadWaits(ctx, tx, n, waits); err != nil {
		return "", "", nil, err
	}
	if f.Now().After(n.AgreedAt.Add(numberPatience)) {
		if n.ConversationID != nil {
			if err := inbox.ForPerson(ctx, tx, n.WorkspaceID, *n.ConversationID, f.Now()); err != nil {
				return "", "", nil, err
			}
		}
		return "failed", publicText(err), nil, nil
	}
	return "agreed", publicText(err), nil, nil
}

// writtenAlready says whether the same first message was sent to the number within a day: a form that is sent in
// twice is one wish. What was planned for the first and did not leave does not count.
func (f *Fetcher) writtenAlready(ctx context.Context, tx *sqlx.Tx, n numberHandoff) (bool, error) {
	var twice bool
	err := tx.GetContext(ctx, &twice, `
SELECT EXISTS (SELECT 1 FROM number_handoffs o JOIN actions a ON a.workspace_id = o.workspace_id AND a.id = o.action_id
  WHERE o.workspace_id = $1 AND o.phone = $2 AND o.template = $3 AND o.account_id = $4 AND o.id <> $5 AND o.source = 'lead'
    AND a.state IN ('planned','sending','done','unknown') AND a.created_at > $6)`, n.WorkspaceID, n.Phone, n.Template, n.AccountID, n.ID, f.Now().Add(-24*time.Hour))
	if err != nil {
		return false, fmt.Errorf("look what number handoff %d was written to before: %w", n.ID, err)
	}
	return twice, nil
}

func (f *Fetcher) sendFirst(ctx context.Context, tx *sqlx.Tx, n numberHandoff, who *inbox.Identity, m template.Message) (int64, error) {
	want := inbox.WantedThread{ThreadKey: inbox.ThreadKey{AccountID: n.AccountID, Channel: string(channels.WhatsApp), IdentityID: who.ID}, WorkspaceID: n.WorkspaceID, ContactID: who.ContactID}
	threads, err := inbox.MeetThreads(ctx, tx, []inbox.WantedThread{want})
	if err != nil {
		return 0, err
	}
	t := threads[want.ThreadKey]
	open, err := inbox.OpenConversations(ctx, tx, []int64{t.ID})
	if err != nil {
		return 0, err
	}
	v := open[t.ID]
	if v == nil {
		v = &inbox.Conversation{WorkspaceID: n.WorkspaceID, AccountID: n.AccountID, Channel: t.Channel, ThreadID: &t.ID, ContactID: who.ContactID, State: "open", Handler: "bot",
			OpenedAt: f.Now(), LastMessageAt: f.Now(), Language: n.Language, Preview: cut(m.Text, 140)}
		v.Origin, _ = json.Marshal(map[string]any{"number_handoff_id": n.ID, "text": map[string]string{"chat": "left this number in a chat", "lead": "left this number in a form", "opt_in": "gave this number with the wish for offers"}[n.Source]})
		if n.Label != "" && n.Source == "lead" {
			v.Labels = addLabel(v.Labels, n.Label)
		}
		if err := tx.GetContext(ctx, &v.ID, `SELECT nextval(pg_get_serial_sequence('conversations', 'id'))`); err != nil {
			return 0, fmt.Errorf("draw the id of a conversation: %w", err)
		}
		if err := inbox.SaveConversations(ctx, tx, []*inbox.Conversation{v}); err != nil {
			return 0, err
		}
	}
	call := channels.Call{Kind: channels.SendTemplate, Channel: channels.WhatsApp, Phone: n.Phone, Template: &m.Call}
	if who.ExternalID != nil {
		call.To = *who.ExternalID
	}
	added, err := outbox.Add(ctx, tx, []outbox.Action{{WorkspaceID: n.WorkspaceID, AccountID: n.AccountID, Purpose: n.Purpose, Origin: "system", Dedupe: fmt.Sprintf("number_handoff:%d", n.ID),
		ContactID: &who.ContactID, IdentityID: &who.ID, ThreadID: &t.ID, ConversationID: &v.ID, Call: call, NotBefore: f.Now(), ValidUntil: f.Now().Add(24 * time.Hour),
		Bubble: &outbox.Bubble{Author: "bot", Type: "template", Text: m.Text}}})
	if err != nil {
		return 0, err
	}
	return added[0].ID, inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: n.WorkspaceID, Topic: "conversation", ObjectID: v.ID})
}

// firstWaits begins the reason of such a task.
const firstWaits = "; for a person: its first message waits"

// leadWaits makes a lead whose first message cannot be sent a task for a person, at once: who sent in a form does not
// wait a day for a template that may never come.
func leadWaits(ctx context.Context, tx *sqlx.Tx, n numberHandoff, said string) error {
	if n.LeadID == nil {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE leads SET task = 'open', reason = reason || $3 WHERE workspace_id = $1 AND id = $2 AND task = ''`, n.WorkspaceID, *n.LeadID, said)
	if err != nil {
		return fmt.Errorf("give lead %d to a person: %w", *n.LeadID, err)
	}
	return nil
}

// leadSent takes the task back where its message can be sent after all, and nobody has looked yet. One that was open
// for another reason stays.
func leadSent(ctx context.Context, tx *sqlx.Tx, n numberHandoff) error {
	if n.LeadID == nil {
		return nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE leads SET task = '', reason = reason || '; what it waited for is there: the first message is planned' WHERE workspace_id = $1 AND id = $2 AND task = 'open' AND reason LIKE '%' || $3 || '%'`, n.WorkspaceID, *n.LeadID, firstWaits)
	if err != nil {
		return fmt.Errorf("take the task of lead %d back: %w", *n.LeadID, err)
	}
	return nil
}

// publicText is what a fault says to a reader.
func publicText(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Public
	}
	return "the message could not be made; the log says why"
}
