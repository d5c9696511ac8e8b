package campaign

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"ponte/consent"
	"ponte/inbox"
	"ponte/testkit"
)

// agreedHistory is people with links and consents who turn out to be one, and turn out not to be.
type agreedHistory struct {
	*rows
	r          *rand.Rand
	wording    int64
	contacts   []int64
	identities []int64 // the WhatsApp identity of each, in order
	links      []usedLink
	grants     []givenGrant
	merges     []int64
	joins      []int64
}

type usedLink struct {
	handoff, trigger, by int64
	at                   time.Time
}

type givenGrant struct {
	contact, identity int64 // identity 0: none was named
	at                time.Time
}

// Consents given under contacts that were merged later count for the link that the person used, and no longer once
// the contacts are parted: after each step the funnel is what a count by hand makes of who is who today.
func TestWhoAgreedFollowsMergesAndComesBack(t *testing.T) {
	t.Parallel()
	seed := testkit.Seeds(t, 5)[0]
	b := newRows(t, "UTC")
	h := &agreedHistory{rows: b, r: rand.New(rand.NewPCG(seed, 6))}
	h.wording = b.id(`INSERT INTO consent_wordings (workspace_id, name, version, language, text) VALUES ($1, 'offers', 1, 'en', 'May we?') RETURNING id`, b.ws)
	triggers := []int64{b.trigger("a", "", ""), b.trigger("b", "", "")}
	for range 8 {
		contact, identity := b.person("whatsapp")
		h.contacts, h.identities = append(h.contacts, contact), append(h.identities, identity)
	}
	most := 0
	for step := range 120 {
		at := b.now.Add(time.Duration(step) * time.Minute)
		what := h.step(triggers, at)
		got, err := TriggerFunnels(context.Background(), b.db, b.ws, 0, Span{})
		b.must(err)
		want := h.byHand()
		for _, id := range triggers {
			if got[id].OptedIn != want[id] {
				t.Fatalf("seed %d, step %d (%s): trigger %d has %d who agreed, by hand %d", seed, step, what, id, got[id].OptedIn, want[id])
			}
			most = max(most, want[id])
		}
	}
	if most < 4 || len(h.merges) == 0 || len(h.joins) == 0 {
		t.Errorf("seed %d: at most %d agreed, %d merges and %d joins stand: the history proves little", seed, most, len(h.merges), len(h.joins))
	}
}

func (h *agreedHistory) step(triggers []int64, at time.Time) string {
	ctx, n := context.Background(), h.r.IntN(len(h.contacts))
	switch h.r.IntN(7) {
	case 0, 1:
		l := usedLink{trigger: triggers[h.r.IntN(2)], by: h.identities[n], at: at}
		l.handoff = h.id(`INSERT INTO handoffs (workspace_id, hash, account_id, contact_id, identity_id, trigger_id, created_at, expires_at, used_at, used_by)
			SELECT $1, $2, $3, contact_id, id, $4, $5, $5, $5, id FROM identities WHERE id = $6 RETURNING id`, h.ws, []byte(fmt.Sprint("link", at)), h.wa, l.trigger, at, l.by)
		h.links = append(h.links, l)
		return "a link is used"
	case 2, 3:
		g := givenGrant{contact: h.id(`SELECT contact_id FROM identities WHERE id = $1`, h.identities[n]), identity: h.identities[n], at: at.Add(time.Duration(h.r.IntN(3)-1) * time.Second)}
		if h.r.IntN(3) == 0 {
			g.identity = 0
		}
		h.append(consent.Entry{At: g.at, Channel: "whatsapp", Act: consent.Grant, WordingID: &h.wording, How: "button", Personal: consent.Personal{ContactID: g.contact, IdentityID: g.identity, Address: fmt.Sprint("whatsapp:", n)}})
		h.grants = append(h.grants, g)
		return "somebody agrees"
	case 4:
		one, two := h.contacts[n], h.contacts[h.r.IntN(len(h.contacts))]
		if one == two || h.id(`SELECT count(*) FROM contacts WHERE id IN ($1, $2) AND merged_into IS NULL`, one, two) != 2 {
			return "nothing"
		}
		tx := h.db.MustBegin()
		id, err := inbox.MergeContacts(ctx, tx, inbox.Merge{WorkspaceID: h.ws, From: one, Into: two, Reason: "same", Actor: "a"})
		h.must(err)
		h.must(tx.Commit())
		h.merges = append(h.merges, id)
		return "two are merged"
	case 5:
		tx := h.db.MustBegin()
		identity, to := h.identities[n], h.contacts[h.r.IntN(len(h.contacts))]
		from := h.id(`SELECT contact_id FROM identities WHERE id = $1`, identity)
		h.must(inbox.JoinIdentity(ctx, tx, inbox.Join{WorkspaceID: h.ws, IdentityID: identity, From: from, To: to, How: "member", Evidence: map[string]any{}, Actor: "a"}))
		h.must(tx.Commit())
		h.joins = append(h.joins, h.id(`SELECT max(id) FROM identity_joins`))
		return "an identity is joined"
	}
	return h.part(ctx)
}

// part takes a merge or a join back; a merge that others were built on is left.
func (h *agreedHistory) part(ctx context.Context) string {
	tx := h.db.MustBegin()
	defer tx.Rollback()
	if len(h.joins) > 0 && h.r.IntN(2) == 0 {
		i := h.r.IntN(len(h.joins))
		if inbox.UnjoinIdentity(ctx, tx, h.ws, h.joins[i], "a") == nil {
			h.must(tx.Commit())
			return "a join is taken back"
		}
		return "nothing"
	}
	if len(h.merges) == 0 {
		return "nothing"
	}
	if _, _, err := inbox.UndoMerge(ctx, tx, h.ws, h.merges[h.r.IntN(len(h.merges))], "a"); err == nil {
		h.must(tx.Commit())
		return "a merge is taken back"
	}
	return "nothing"
}

// byHand counts who agreed for each trigger, from who is who today.
func (h *agreedHistory) byHand() map[int64]int {
	today, into := h.pairs(`SELECT id, contact_id FROM identities`), h.pairs(`SELECT id, merged_into FROM contacts WHERE merged_into IS NOT NULL`)
	stands := func(contact int64) int64 {
		for into[contact] != 0 {
			contact = into[contact]
		}
		return contact
	}
	counted, out := map[int64]bool{}, map[int64]int{}
	for _, g := range h.grants {
		person := stands(g.contact)
		if g.identity != 0 {
			person = today[g.identity]
		}
		var last *usedLink
		for i, l := range h.links {
			if today[l.by] == person && !l.at.After(g.at) && (last == nil || l.at.After(last.at)) {
				last = &h.links[i]
			}
		}
		if last != nil && !counted[last.handoff] {
			counted[last.handoff] = true
			out[last.trigger]++
		}
	}
	return out
}

func (h *agreedHistory) pairs(stmt string) map[int64]int64 {
	var list []struct {
		A int64 `db:"id"`
		B int64 `db:"b"`
	}
	h.must(h.db.Select(&list, `SELECT t.id, t.b FROM (`+stmt+`) AS t (id, b)`))
	out := map[int64]int64{}
	for _, p := range list {
		out[p.A] = p.B
	}
	return out
}
