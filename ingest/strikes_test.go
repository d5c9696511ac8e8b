package ingest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"ponte/inbox"
	"ponte/moderation"
)

// slur is a word only the rule of these tests knows.
const slur = "what a zorblax"

const deletes = `[{"name":"slur","text":"a slur","category":"hate","decision":"delete","score":0.9,"words":["zorblax"]},
	{"name":"threat","text":"a threat","category":"violence","decision":"hide","score":0.9,"words":["kill you"]},
	{"name":"scam","text":"a scam","category":"scam","decision":"hide","score":0.9,"words":["wire me money"]}]`

func (b *rig) settings(policy, rules string) {
	b.Helper()
	b.exec(`UPDATE workspaces SET settings = jsonb_build_object('policy', $1::jsonb)`, policy)
	b.rules(rules)
}

// rules makes a list the workspace's own rules.
func (b *rig) rules(list string) {
	b.Helper()
	own, err := moderation.OwnRules([]byte(list))
	b.must(err)
	rows := make([]inbox.Rule, len(own))
	for i, r := range own {
		rows[i] = inbox.Rule{Name: r.Name, Document: string(r.Document)}
	}
	b.must(inbox.ReplaceRules(context.Background(), b.db, b.ws, rows, "user:1"))
}

func (b *rig) queue() string {
	b.Helper()
	var why []string
	b.must(b.db.Select(&why, `SELECT why FROM review_items WHERE state = 'open' ORDER BY id`))
	return strings.Join(why, " ")
}

func TestADeletionWaitsForItsSecondCondition(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer         *moderation.LLMAnswer
		first, actions string
		reason, queue  string
	}{
		"no model":       {nil, "comment.hide planned", "comment.hide planned", "hidden: ", "hidden"},
		"it agrees":      {&moderation.LLMAnswer{Category: "hate", Score: 0.9}, "comment.hide planned", "comment.hide planned, comment.delete planned", "deleted in 15 minutes", "deleted"},
		"it does not":    {&moderation.LLMAnswer{Category: "none", Score: 0.9}, "comment.hide planned", "comment.hide planned", "stays hidden; to delete it takes a person", "hidden"},
		"it is not sure": {&moderation.LLMAnswer{Category: "hate", Score: 0.4}, "comment.hide planned", "comment.hide planned", "takes a person", "hidden"},
		"it fails":       {nil, "comment.hide planned", "comment.hide planned", "takes a person", "hidden"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.settings(`{}`, deletes)
			b.asking = name != "no model"
			b.feed(b.igComment("c1", "77", slur))
			b.wantActions(c.first)
			if b.asking {
				b.lastReason("the model was asked whether to delete")
				b.answered(c.answer, "the language model is not answering")
			}
			b.wantActions(c.actions)
			b.lastReason(c.reason)
			if got := b.queue(); got != c.queue {
				t.Errorf("queued as %q, want %q", got, c.queue)
			}
			if n := b.id(`SELECT count(*) FROM actions WHERE kind = 'comment.delete' AND not_before < $1`, b.now.Add(14*time.Minute)); n != 0 {
				t.Error("the deletion does not wait its grace")
			}
		})
	}
}

func TestASecondOffenceIsDeleted(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.settings(`{}`, deletes)
	b.feed(b.igComment("c1", "77", hateful), b.igComment("c2", "78", slur))
	b.wantActions("comment.hide planned, comment.hide planned")
	b.feed(b.igComment("c3", "77", slur))
	b.wantActions("comment.hide planned, comment.hide planned, comment.hide planned, comment.delete planned")
	if got := b.text(`SELECT verdict->>'wants' IS NULL AND input->>'strikes' = '1' FROM verdicts ORDER BY id DESC LIMIT 1`); got != "true" {
		t.Error("the record does not hold the strikes it was decided with")
	}
}

func TestStrikesExpireAndAreTakenBackWithTheHide(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.exec(`UPDATE triggers SET state = 'paused'`)
	harmless := func(id string, want string) {
		t.Helper()
		b.feed(b.igComment(id, "77", "what a lovely boat"))
		if got := b.text(`SELECT decision FROM comments WHERE external_id = $1`, id); got != want {
			t.Errorf("%s: %s, want %s: %v", id, got, want, b.reasons()[len(b.reasons())-1])
		}
	}
	b.feed(b.igComment("h1", "77", hateful), b.igComment("h2", "77", hateful), b.igComment("o1", "78", hateful))
	harmless("a", "allow")
	b.feed(b.igComment("h3", "77", hateful))
	harmless("b", "review")
	b.lastReason("3 of this author's texts were hidden within 30 days")
	b.exec(`UPDATE comments SET decision = 'allow' WHERE external_id = 'h1'`) // a person restored it
	harmless("c", "allow")
	b.exec(`UPDATE comments SET decision = 'hide' WHERE external_id = 'h1'`) // and took that back
	harmless("d", "review")
	b.pass(31 * 24 * time.Hour)
	harmless("e", "allow")
}

// The batch in which an author earns strikes counts them; the fifth proposes a block to a person, who
// alone decides.
func TestTheFifthStrikeProposesABlock(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	var bodies []string
	for i := range 6 {
		bodies = append(bodies, b.igComment(fmt.Sprint("h", i), "77", hateful))
	}
	b.feed(bodies...)
	if got := b.queue(); got != "hidden block_proposed block_proposed" { // what is alike is one item; a block is about the author
		t.Errorf("queue: %s", got)
	}
	b.lastReason("6 of this author's comments were hidden within 30 days: a block is proposed")
	if n := b.id(`SELECT count(*) FROM actions WHERE kind <> 'comment.hide'`) + b.id(`SELECT count(*) FROM contacts WHERE blocked_at IS NOT NULL`); n != 0 {
		t.Error("something but hiding happened by itself")
	}
}

func TestAnEditedCommentIsNoSecondStrike(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.settings(`{"strikes":{"days":30,"review":1,"block":2}}`, deletes)
	b.feed(b.fbFeed("add", "30_1", "55", hateful))
	b.feed(b.fbFeed("edited", "30_1", "55", hateful+" now"))
	if got := b.queue(); got != "hidden" {
		t.Errorf("queue: %s", got)
	}
	b.feed(b.fbFeed("edited", "30_1", "55", "lovely boats"))
	if got := b.text(`SELECT decision FROM comments`); got != "allow" {
		t.Errorf("the author of one comment that was changed for the better is held for it: %s", got)
	}
}

func TestAMessageIsBlockedAfterItsGrace(t *testing.T) {
	t.Parallel()
	const policy = `{"table":[{"category":"scam","from":0.8,"message":"block"}]}`
	b := newRig(t)
	b.settings(policy, deletes)
	b.feed(b.waText("w1", customer, "wire me money"))
	b.wantActions("")
	b.lastReason("spam folder")
	b.settings(strings.Replace(policy, "{", `{"second_condition":["repeat"],`, 1), deletes)
	contact := b.id(`SELECT contact_id FROM identities WHERE phone = $1`, customer)
	b.exec(`INSERT INTO comments (workspace_id, account_id, channel, external_id, root_external_id, contact_id, commented_at, decision) VALUES ($1, $2, 'instagram', 'x', 'x', $3, $4, 'hide')`, b.ws, b.ig.ID, contact, b.now)
	b.exec(`UPDATE conversations SET state = 'resolved', resolved_at = now()`)
	b.feed(b.waText("w2", customer, "wire me money"))
	b.wantActions("person.block planned")
	b.lastReason("blocked in 15 minutes unless a person says no")
	if n := b.id(`SELECT count(*) FROM actions WHERE purpose = 'moderation' AND origin = 'policy' AND contact_id = $1 AND not_before = $2`, contact, b.now.Add(15*time.Minute)); n != 1 {
		t.Error("the block does not wait its grace")
	}
}

func TestTheModelsAnswerFilesAMessageAway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		known bool
		spam  bool
	}{"a stranger's first": {false, true}, "in a running conversation": {true, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.asking = true
			if c.known {
				b.feed(b.igMessage("m0", "77", "hello"))
				b.pass(time.Minute)
			}
			b.feed(b.igMessage("m1", "77", unsure))
			b.answered(&moderation.LLMAnswer{Category: "scam", Score: 0.95}, "")
			if got := b.text(`SELECT spam FROM conversations`); got != fmt.Sprint(c.spam) {
				t.Errorf("spam folder: %s; %v", got, b.reasons())
			}
		})
	}
}
