package gate

import (
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/inbox"
)

// TemplateFacts is the template to be sent, as the network last told.
type TemplateFacts struct {
	Status   string
	Category string
	Quality  string // GREEN, YELLOW, RED, UNKNOWN or empty
	Paced    bool   // messages with it are held by the network while it looks at the first ones
	Text     string // all its texts
	Asks     bool   // it began as the ready-made question for consent to offers
	Confirms bool   // it began as the ready-made question that confirms an opt-in
}

// pausedHere stands in the place of the network's status where a member took the template out of use.
const pausedHere = "paused by a member"

func template(f Facts) *Decision {
	if f.Call.Kind == channels.SendTemplate {
		switch {
		case f.Template == nil:
			return refuse("template_not_approved", "the account has no such template in this language")
		case f.Template.Status == "PAUSED" || f.Template.Status == pausedHere:
			return &Decision{Verb: Hold, Code: "template_paused", Until: f.Now.Add(recheck), Meaning: "the template is paused; messages with it go out when it is in use again, while they are valid"}
		case f.Template.Status != "APPROVED":
			return refuse("template_not_approved", "the template is "+f.Template.Status+", not APPROVED")
		}
	}
	if f.Purpose != Promotional || !f.message() {
		return nil
	}
	said := text(f.Call)
	if f.Template != nil {
		if d := f.Template.quality(f.Now); d != nil {
			return d
		}
		said += "\n" + f.Template.Text
		if !says(said, f.Brand) {
			return refuse("identification_missing", "a promotional template must name the brand it comes from")
		}
	}
	if !tellsHowToStop(said) {
		return refuse("opt_out_missing", "a promotional message must say how to stop, in each message (\"Reply STOP to opt out\")")
	}
	return nil
}

// quality holds offers with a template that people complain about, or that the network itself holds back
// to see what people say: sending on would only end in its being paused.
func (t TemplateFacts) quality(now time.Time) *Decision {
	switch {
	case t.Quality == "RED":
		return &Decision{Verb: Hold, Code: "template_quality", Until: now.Add(recheck),
			Meaning: "the network rates the template RED: people block or report it; offers with it wait until the rating is better"}
	case t.Paced:
		return &Decision{Verb: Hold, Code: "template_pacing", Until: now.Add(recheck / 4),
			Meaning: "the network holds the first messages with this template to see how people take it; more of them wait until it has decided"}
	}
	return nil
}

func (b *batch) loadTemplates() error {
	b.templates = map[templateKey]TemplateFacts{}
	keys := inbox.NewRows("bigint", "text", "text")
	for _, r := range b.requests {
		if r.Call.Template != nil {
			keys.Add(r.AccountID, r.Call.Template.Name, r.Call.Template.Language)
		}
	}
	if keys.Len() == 0 {
		return nil
	}
	var rows []struct {
		AccountID  int64  `db:"account_id"`
		Name       string `db:"name"`
		Language   string `db:"language"`
		Category   string `db:"category"`
		Status     string `db:"status"`
		Quality    string `db:"quality"`
		Components []byte `db:"components"`
		Ready      string `db:"ready"`
	}
	if err := sqlx.SelectContext(b.ctx, b.q, &rows, fmt.Sprintf(sqlGateTemplates, keys.SQL(), len(keys.Args())+1), append(keys.Args(), pq.Array([]string{ConsentQuestion, OptInQuestion}))...); err != nil {
		return fmt.Errorf("load templates for the gate: %w", err)
	}
	for _, t := range rows {
		f := TemplateFacts{Status: t.Status, Category: t.Category, Quality: t.Quality, Asks: t.Ready == ConsentQuestion, Confirms: t.Ready == OptInQuestion}
		for _, s := range componentTexts(t.Components) {
			f.Text += s + "\n"
		}
		b.templates[templateKey{t.AccountID, t.Name, t.Language}] = f
	}
	return b.loadPaced(keys)
}

func (b *batch) loadPaced(keys *inbox.Rows) error {
	var rows []struct {
		AccountID int64  `db:"account_id"`
		Name      string `db:"name"`
		Language  string `db:"language"`
	}
	args := append(keys.Args(), b.now.Add(-pacingMemory))
	if err := sqlx.SelectContext(b.ctx, b.q, &rows, fmt.Sprintf(sqlGatePaced, keys.SQL(), len(args)), args...); err != nil {
		return fmt.Errorf("load paced templates for the gate: %w", err)
	}
	for _, r := range rows {
		k := templateKey{r.AccountID, r.Name, r.Language}
		if t, ok := b.templates[k]; ok {
			t.Paced = true
			b.templates[k] = t
		}
	}
	return nil
}

// pacingMemory: the network decides within about an hour; after three nothing is known any more.
const pacingMemory = 3 * time.Hour

// A template is paced while messages with it are held and none of them was released or dropped.
const sqlGatePaced = `
SELECT k.account_id, k.name, k.language
FROM (%[1]s) AS k (account_id, name, language)
JOIN accounts a ON a.id = k.account_id
JOIN accounts o ON o.workspace_id = a.workspace_id AND o.waba_id = a.waba_id
JOIN actions x ON x.account_id = o.id AND x.network_status = 'held_for_quality_assessment' AND x.sent_at > $%[2]d
     AND x.call->'template'->>'name' = k.name AND x.call->'template'->>'language' = k.language
GROUP BY k.account_id, k.name, k.language
HAVING NOT bool_or(EXISTS (SELECT 1 FROM receipts r WHERE r.account_id = x.account_id AND r.external_id = x.external_id AND r.status IN ('delivered','read','failed')))`

// A template belongs to the WhatsApp business account; any of its numbers may send it.
const sqlGateTemplates = `
SELECT DISTINCT ON (k.account_id, k.name, k.language) k.account_id, k.name, k.language, t.category,
       CASE WHEN t.paused_by <> '' THEN 'paused by a member' ELSE t.status END AS status, t.quality, t.components,
       CASE WHEN t.name = ANY($%[2]d) THEN t.name ELSE coalesce((SELECT d.ready FROM template_drafts d JOIN accounts c ON c.workspace_id = d.workspace_id AND c.id = d.account_id
           WHERE d.workspace_id = o.workspace_id AND c.waba_id = o.waba_id AND d.name = t.name AND d.language = t.language AND d.ready = ANY($%[2]d) AND d.removed_at IS NULL LIMIT 1), '') END AS ready
FROM (%[1]s) AS k (account_id, name, language)
JOIN accounts a ON a.id = k.account_id
JOIN accounts o ON o.workspace_id = a.workspace_id AND o.waba_id = a.waba_id
JOIN templates t ON t.workspace_id = o.workspace_id AND t.account_id = o.id AND t.name = k.name AND t.language = k.language
ORDER BY k.account_id, k.name, k.language, t.synced_at DESC, t.id`
