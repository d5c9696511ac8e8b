package desk_test

import (
	"context"
	"testing"
	"time"

	"ponte/auth"
	"ponte/desk"
)

// planned makes a reply for later of a member, with its place in the thread.
func (b *bench) planned(conversation, user int64, state, text string) int64 {
	b.t.Helper()
	b.n++
	action := b.id(`INSERT INTO actions (workspace_id, account_id, conversation_id, kind, purpose, origin, call, token, dedupe, not_before, valid_until, state, reason)
		VALUES ($1, $2, $3, 'message.send', 'answer', 'member', jsonb_build_object('text', $4::text), md5($4), md5($4), $5, $5::timestamptz + interval '1 hour', $6, CASE WHEN $6 = 'held' THEN 'sending_off' ELSE '' END) RETURNING id`, b.workspace, b.account, conversation, text, b.now.Add(2*time.Hour), state)
	b.exec(`INSERT INTO scheduled_replies (workspace_id, action_id, conversation_id, user_id, send_at, unless_written) VALUES ($1, $2, $3, $4, $5, false)`, b.workspace, action, conversation, user, b.now.Add(2*time.Hour))
	return action
}

// remove takes a member out of the workspace, as the API does.
func (b *bench) remove(user int64) {
	tx := b.db.MustBegin()
	defer tx.Rollback()
	who := auth.Who{WorkspaceID: b.workspace, UserID: b.id(`SELECT user_id FROM members WHERE role = 'owner'`), Role: auth.Owner}
	for _, do := range []func() error{
		func() error { return auth.HoldMember(context.Background(), tx, who, user) },
		func() error { return desk.Release(context.Background(), tx, who, user, b.now) },
		func() error { return auth.RemoveMember(context.Background(), tx, who, user) },
		tx.Commit,
	} {
		if err := do(); err != nil {
			b.t.Error(err)
			return
		}
	}
}

// What is given to a member at the moment at which they are removed says that it is nobody's again.
func TestWhatIsGivenToWhoIsBeingRemovedSaysSo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.agent(auth.Owner, 0)
	user, v := b.agent(auth.Agent, 0), b.talk(talk{})
	give := b.db.MustBegin()
	defer give.Rollback()
	give.MustExec(`UPDATE conversations SET assignee_id = $2, assigned_at = now() WHERE id = $1`, v, user)
	b.remove(user) // sees nothing of it yet
	if err := give.Commit(); err != nil {
		t.Fatal(err)
	}
	b.pass()
	if b.id(`SELECT count(*) FROM conversations WHERE assignee_id IS NOT NULL`) != 0 || b.id(`SELECT count(*) FROM conversation_steps WHERE what = 'unassigned' AND detail ->> 'why' = 'removed'`) != 1 {
		t.Error("nobody is told that it is nobody's again")
	}
}

// Nothing leaves in the name of somebody who is gone without anybody having looked: it is taken back, its words stay in
// the conversation, and whoever has that is told.
func TestRepliesForLaterOfWhoIsGoneAreTakenBack(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string]func(b *bench, user int64){
		"member_removed": func(b *bench, user int64) {
			b.t.Helper()
			b.remove(user)
		},
		"member_gone": func(b *bench, user int64) { b.exec(`UPDATE users SET disabled_at = now() WHERE id = $1`, user) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.agent(auth.Owner, 0)
			b.agent(auth.Supervisor, 0)
			user, other := b.agent(auth.Agent, 0), b.agent(auth.Agent, 0)
			mine, theirs := b.talk(talk{}), b.talk(talk{answered: true})
			b.exec(`UPDATE conversations SET assignee_id = $2, assigned_at = $3, snoozed_at = $3, snoozed_until = $3::timestamptz + interval '1 day' WHERE id = $1`, theirs, other, b.now)
			b.planned(mine, user, "planned", "first")
			b.planned(theirs, user, "held", "second")
			kept := b.planned(theirs, other, "planned", "third")
			gone(b, user)
			b.pass()
			if n := b.id(`SELECT count(*) FROM actions WHERE state <> 'cancelled'`); n != 1 || b.id(`SELECT id FROM actions WHERE state = 'planned'`) != kept {
				t.Errorf("%d still wait", n)
			}
			if n := b.id(`SELECT count(*) FROM conversation_steps WHERE what = 'scheduled_cancelled' AND user_id = $1 AND detail ->> 'why' = $2 AND note IN ('first', 'second')`, user, name); n != 2 {
				t.Errorf("%d steps say so", n)
			}
			if n := b.id(`SELECT count(*) FROM conversations WHERE snoozed_at IS NOT NULL`); n != 0 {
				t.Error("the snooze stands in the way")
			}
			if n := b.id(`SELECT count(*) FROM notifications WHERE kind = 'conversation.reply_not_sent' AND user_id = $1 AND conversation_id = $2`, other, theirs); n != 1 {
				t.Errorf("who has the conversation was told %d times", n)
			}
			if n := b.id(`SELECT count(DISTINCT m.role) FROM notifications n JOIN members m USING (user_id) WHERE n.kind = 'conversation.reply_not_sent' AND n.conversation_id = $1`, mine); n != 2 { // owner, supervisor
				t.Errorf("%d roles were told of what nobody has", n)
			}
			b.pass()
			if n := b.id(`SELECT count(*) FROM conversation_steps WHERE what IN ('scheduled_cancelled', 'scheduled_not_sent')`); n != 2 {
				t.Errorf("it was said %d times", n)
			}
		})
	}
}
