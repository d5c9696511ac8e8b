package outbox

import (
	"testing"

	"ponte/channels"
)

// The answer to a mention names the post it stands on, whoever asked for it.
func TestAnAnswerToAMentionNamesItsPost(t *testing.T) {
	b := setup(t)
	post := b.id(`INSERT INTO posts (workspace_id, account_id, external_id, elsewhere) VALUES ($1, $2, '601', true) RETURNING id`, b.ws, b.instagram)
	b.exec(`UPDATE comments SET mention = true, post_id = $2 WHERE id = $1`, b.comment, post)
	a := b.onComment("r", channels.ReplyToComment)
	a.Call.Mention = true
	hide := b.onComment("h", channels.HideComment)
	private := b.onComment("p", channels.PrivateReply)
	got := b.add(a, hide, private)
	b.drain(b.sender())
	b.want(got[0].ID, "done")
	b.want(got[1].ID, "refused:mention_elsewhere")
	b.want(got[2].ID, "refused:mention_elsewhere")
	if m := b.text(`SELECT call->>'media_id' FROM actions WHERE id = $1`, got[0].ID); m != "601" {
		t.Errorf("the post is %q", m)
	}
}
