package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// ContactView is a person as a list shows them.
type ContactView struct {
	ID        int64      `db:"id"`
	Name      string     `db:"name"`
	Erased    bool       `db:"erased"`
	Known     KnownAs    `db:"known"`        // for who has no name
	OwnName   string     `db:"own_name"`     // empty: Name is what a network calls them
	Language  string     `db:"language"`     // the one that is set, else the one they last wrote in
	OwnLang   string     `db:"own_language"` // the one that a member, a flow or a form set
	Country   string     `db:"country"`
	TimeZone  string     `db:"time_zone"`
	Labels    Strings    `db:"labels"`
	Fields    Fields     `db:"fields"`
	Channels  Strings    `db:"channels"` // on which they are known
	BlockedAt *time.Time `db:"blocked_at"`
	CreatedAt time.Time  `db:"created_at"`
}

// languageOf is the language that was set for a person, else the one of their last conversation or comment.
const languageOf = `coalesce(nullif(c.language, ''), (SELECT v.language FROM conversations v WHERE v.workspace_id = c.workspace_id AND v.contact_id = c.id AND v.language <> '' ORDER BY v.id DESC LIMIT 1),
        (SELECT m.language FROM comments m WHERE m.workspace_id = c.workspace_id AND m.contact_id = c.id AND m.language NOT IN ('', 'unknown', 'other') ORDER BY m.id DESC LIMIT 1), '')`

const sqlContactViews = `
SELECT c.id, ` + nameOfContact + ` AS name, ` + erasedContact + ` AS erased, ` + knownAs + ` AS known, c.name AS own_name, ` + languageOf + ` AS language, c.language AS own_language, c.country, c.time_zone, c.labels, c.fields, c.blocked_at, c.created_at,
    ARRAY(SELECT DISTINCT i.channel FROM identities i WHERE i.workspace_id = c.workspace_id AND i.contact_id = c.id AND i.replaced_at IS NULL ORDER BY i.channel) AS channels
FROM contacts c WHERE c.workspace_id = $1`

// ContactFilter narrows a list of people; empty fields let everybody through.
type ContactFilter struct {
	Words    string // in names and user names; phone digits find where Whole is set
	Whole    bool
	Label    string
	Language string
	Channel  string // somebody known on it
}

// ListContacts finds people, the newest first.
func ListContacts(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, f ContactFilter, before int64, limit int) ([]ContactView, error) {
	w := &Where{Args: []any{workspaceID}}
	w.Add(`EXISTS (SELECT 1 FROM identities i WHERE i.workspace_id = c.workspace_id AND i.contact_id = c.id)`) // a join left the others empty
	if f.Words != "" {
		digits := Digits(f.Words)
		w.Add(`(c.name ILIKE ? OR EXISTS (SELECT 1 FROM identities i WHERE i.workspace_id = c.workspace_id AND i.contact_id = c.id
AND (i.username ILIKE ? OR i.name ILIKE ? OR (? AND i.phone = ?))))`, Like(f.Words), Like(f.Words), Like(f.Words), f.Whole && len(digits) >= 6, digits)
	}
	if f.Label != "" {
		w.Add("? = ANY(c.labels)", f.Label)
	}
	if f.Language != "" {
		w.Add(languageOf+" = ?", f.Language)
	}
	if f.Channel != "" {
		w.Add(`EXISTS (SELECT 1 FROM identities i WHERE i.workspace_id = c.workspace_id AND i.contact_id = c.id AND i.channel = ?)`, f.Channel)
	}
	if before != 0 {
		w.Add("c.id < ?", before)
	}
	w.Add("c.merged_into IS NULL")
	var out []ContactView
	if err := sqlx.SelectContext(ctx, q, &out, sqlContactViews+w.SQL.String()+fmt.Sprintf(" ORDER BY c.id DESC LIMIT %d", limit), w.Args...); err != nil {
		return nil, fmt.Errorf("list contacts: %w", err)
	}
	return out, nil
}

// ViewContact returns one person.
func ViewContact(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (ContactView, error) {
	var c ContactView
	err := sqlx.GetContext(ctx, q, &c, sqlContactViews+` AND c.id = $2`, workspaceID, id)
	return c, notFound(err, "contact", id)
}

// IdentityView is an identity with the join that brought it to its contact, where one did.
type IdentityView struct {
	ID           int64           `db:"id"`
	Channel      string          `db:"channel"`
	Username     string          `db:"username"`
	Name         string          `db:"name"`
	Phone        *string         `db:"phone"`
	JoinID       *int64          `db:"join_id"`
	JoinHow      *string         `db:"join_how"`
	JoinEvidence json.RawMessage `db:"join_evidence"`
	JoinAt       *time.Time      `db:"join_at"`
	JoinActor    *string         `db:"join_actor"`
	UndoneAt     *time.Time      `db:"undone_at"` // of a join that a member took back, while no other stands
	UndoneBy     *string         `db:"undone_by"`
	OtherID      *int64          `db:"other_id"` // the person it was joined to before
	OtherName    *string         `db:"other_name"`
}

// ContactIdentities lists the identities of a person.
func ContactIdentities(ctx context.Context, q sqlx.QueryerContext, workspaceID, contactID int64) ([]IdentityView, error) {
	var out []IdentityView
	if err := sqlx.SelectContext(ctx, q, &out, sqlContactIdentities, workspaceID, contactID); err != nil {
		return nil, fmt.Errorf("list the identities of contact %d: %w", contactID, err)
	}
	return out, nil
}

const sqlContactIdentities = `
SELECT i.id, i.channel, i.username, i.name, i.phone, j.id AS join_id, j.how AS join_how, coalesce(j.evidence, 'null') AS join_evidence, j.at AS join_at,
       j.actor AS join_actor, j.undone_at, j.undone_by, o.id AS other_id, o.name AS other_name
FROM identities i
LEFT JOIN LATERAL (SELECT * FROM identity_joins j WHERE j.workspace_id = i.workspace_id AND j.identity_id = i.id
                   AND (j.undone_at IS NULL AND j.to_contact = i.contact_id OR j.undone_at IS NOT NULL AND j.from_contact = i.contact_id)
                   ORDER BY j.undone_at IS NULL DESC, j.id DESC LIMIT 1) j ON true
LEFT JOIN contacts o ON o.workspace_id = i.workspace_id AND o.id = j.to_contact AND j.undone_at IS NOT NULL
WHERE i.workspace_id = $1 AND i.contact_id = $2 AND i.replaced_at IS NULL ORDER BY i.id`

// CameFrom is where something began, with what each thing is recognised by.
type CameFrom struct {
	CommentID *int64  `db:"comment_id"`
	Comment   string  `db:"comment"`
	Harm      float64 `db:"harm"` // of the comment
	PostID    *int64  `db:"post_id"`
	Post      string  `db:"post"`
	TriggerID *int64  `db:"trigger_id"`
	Trigger   string  `db:"trigger"`
}

// Came names a comment, a post and a trigger; zero where there is none. A comment brings its post.
func Came(ctx context.Context, q sqlx.QueryerContext, workspaceID, commentID, postID, triggerID int64) (CameFrom, error) {
	var v CameFrom
	if err := sqlx.GetContext(ctx, q, &v, sqlCame, workspaceID, commentID, postID, triggerID); err != nil {
		return v, fmt.Errorf("name comment %d, post %d and trigger %d: %w", commentID, postID, triggerID, err)
	}
	return v, nil
}

const sqlCame = `
SELECT c.id AS comment_id, coalesce(left(c.text, 300), '') AS comment, ` + harmOf + ` AS harm, p.id AS post_id, coalesce(left(p.caption, 120), '') AS post, t.id AS trigger_id, coalesce(t.name, '') AS trigger
FROM (SELECT 1) one
LEFT JOIN comments c ON c.workspace_id = $1 AND c.id = $2
LEFT JOIN verdicts v ON v.workspace_id = c.workspace_id AND v.id = c.verdict_id
LEFT JOIN posts p ON p.workspace_id = $1 AND p.id = CASE WHEN $3::bigint <> 0 THEN $3 ELSE c.post_id END
LEFT JOIN triggers t ON t.workspace_id = $1 AND t.id = $4`

// HandoffView is what is known of a reference that was given out.
type HandoffView struct {
	CameFrom
	GivenTo string     `db:"given_to"`
	Channel string     `db:"channel"`
	GivenAt time.Time  `db:"given_at"`
	UsedAt  *time.Time `db:"used_at"`
}

// HandoffEvidence says to whom a reference was given, when, and after what.
func HandoffEvidence(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (HandoffView, error) {
	var v HandoffView
	err := sqlx.GetContext(ctx, q, &v, sqlHandoffEvidence, workspaceID, id)
	return v, notFound(err, "handoff", id)
}

const sqlHandoffEvidence = `
SELECT CASE WHEN i.username <> '' THEN '@' || i.username ELSE i.name END AS given_to, i.channel, h.created_at AS given_at, h.used_at,
       c.id AS comment_id, coalesce(left(c.text, 300), '') AS comment, ` + harmOf + ` AS harm, p.id AS post_id, coalesce(left(p.caption, 120), '') AS post, t.id AS trigger_id, coalesce(t.name, '') AS trigger
FROM handoffs h
JOIN identities i ON i.workspace_id = h.workspace_id AND i.id = h.identity_id
LEFT JOIN comments c ON c.workspace_id = h.workspace_id AND c.id = h.comment_id
LEFT JOIN verdicts v ON v.workspace_id = c.workspace_id AND v.id = c.verdict_id
LEFT JOIN posts p ON p.workspace_id = h.workspace_id AND p.id = h.post_id
LEFT JOIN triggers t ON t.workspace_id = h.workspace_id AND t.id = h.trigger_id
WHERE h.workspace_id = $1 AND h.id = $2`

// Step is one step of a person's way.
type Step struct {
	At      time.Time `db:"at"`
	What    string    `db:"what"`
	Channel string    `db:"channel"`
	Ref     string    `db:"ref"`
}

// Journey tells a person's way, the oldest step first: comments, invitations, arrivals, conversations,
// consent.
func Journey(ctx context.Context, q sqlx.QueryerContext, workspaceID, contactID int64) ([]Step, error) {
	var out []Step
	if err := sqlx.SelectContext(ctx, q, &out, sqlJourney, workspaceID, contactID); err != nil {
		return nil, fmt.Errorf("tell the journey of contact %d: %w", contactID, err)
	}
	return out, nil
}

const sqlJourney = `
SELECT at, what, channel, ref FROM (
    SELECT commented_at AS at, 'commented' AS what, channel, 'comment:' || id AS ref FROM comments WHERE workspace_id = $1 AND contact_id = $2 AND NOT own
    UNION ALL
    SELECT h.created_at, 'invited', i.channel, 'handoff:' || h.id FROM handoffs h JOIN identities i ON i.workspace_id = h.workspace_id AND i.id = h.identity_id WHERE h.workspace_id = $1 AND h.contact_id = $2
    UNION ALL
    SELECT h.used_at, 'arrived', 'whatsapp', 'handoff:' || h.id FROM handoffs h WHERE h.workspace_id = $1 AND h.contact_id = $2 AND h.used_at IS NOT NULL
    UNION ALL
    SELECT j.at, 'joined', i.channel, 'join:' || j.id FROM identity_joins j JOIN identities i ON i.workspace_id = j.workspace_id AND i.id = j.identity_id WHERE j.workspace_id = $1 AND j.to_contact = $2 AND j.undone_at IS NULL
    UNION ALL
    SELECT opened_at, 'opened', channel, 'conversation:' || id FROM conversations WHERE workspace_id = $1 AND contact_id = $2
    UNION ALL
    SELECT resolved_at, 'resolved', channel, 'conversation:' || id FROM conversations WHERE workspace_id = $1 AND contact_id = $2 AND resolved_at IS NOT NULL
    UNION ALL
    SELECT e.at, 'consent_' || e.act, CASE WHEN e.channel IN ('whatsapp','messenger','instagram') THEN e.channel ELSE 'whatsapp' END, 'consent:' || e.seq
    FROM consent_personal p JOIN consent_entries e ON e.workspace_id = p.workspace_id AND e.seq = p.seq WHERE p.workspace_id = $1 AND p.contact_id = $2
    ORDER BY 1 DESC LIMIT 60) s ORDER BY at, what`

// Earlier is another conversation of the same person.
type Earlier struct {
	ID         int64      `db:"id"`
	Channel    string     `db:"channel"`
	OpenedAt   time.Time  `db:"opened_at"`
	ResolvedAt *time.Time `db:"resolved_at"`
	Preview    string     `db:"preview"`
	Harm       float64    `db:"preview_harm"`
}

// EarlierConversations lists a person's other conversations, the newest first.
func EarlierConversations(ctx context.Context, q sqlx.QueryerContext, workspaceID, contactID, except int64) ([]Earlier, error) {
	var out []Earlier
	err := sqlx.SelectContext(ctx, q, &out, `SELECT v.id, v.channel, v.opened_at, v.resolved_at, v.preview, `+previewHarm+` AS preview_harm FROM conversations v
WHERE v.workspace_id = $1 AND v.contact_id = $2 AND v.id <> $3 ORDER BY v.opened_at DESC LIMIT 20`, workspaceID, contactID, except)
	if err != nil {
		return nil, fmt.Errorf("list earlier conversations: %w", err)
	}
	return out, nil
}
