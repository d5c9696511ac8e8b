package campaign

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/consent"
	"ponte/flow"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/router"
	words "ponte/said"
)

// A dry run holds what has been written against the triggers as if they had been live from its first
// instant: the same router.Book decides as live, over the verdicts that are stored, with what it would
// have done so far in memory. Nothing is asked of anybody.

// The codes of a result besides those of an answer and a miss.
const (
	OwnComment    = "own_comment"
	NoAuthor      = "no_author"
	NotJudged     = "not_judged"
	NotAllowed    = "not_allowed"
	ThreadFull    = "thread_full"
	ForPerson     = "for_a_person"
	OutrankedBy   = "outranked"
	NowhereToLead = "leads_nowhere"
	youngest      = math.MaxInt64 // a draft comes after every trigger of its priority
	windowsTried  = 50_000
)

// Why a message is left to a person, live and dry alike.
const (
	WithPerson    = "a person has this conversation already"
	AsksForPerson = "asks for a person"
	NumberLeft    = "a number was left"
)

// Disallowed says that moderation stands between a text and the triggers.
func Disallowed(decision string) string {
	return "moderation says " + decision + ": triggers act on what is allowed"
}

// said is a comment or message of history with what was stored about it.
type said struct {
	Subject    string    `db:"subject"`
	ID         int64     `db:"id"`
	Key        string    `db:"external_id"`
	AccountID  int64     `db:"account_id"`
	PersonID   *int64    `db:"identity_id"`
	ContactID  int64     `db:"contact_id"`
	Text       string    `db:"text"`
	Language   string    `db:"language"`
	Known      string    `db:"known"` // what the person was known to speak, as far as can be told now
	Intent     string    `db:"intent"`
	WantsHuman bool      `db:"wants_human"`
	Decision   string    `db:"decision"`
	Tier       string    `db:"tier"`
	Exposes    bool      `db:"exposes"` // for review only because of a number in public: moderation.Verdict.Exposes
	PostID     int64     `db:"post_id"`
	Caption    string    `db:"caption"`
	Captioned  bool      `db:"captioned"`
	At         time.Time `db:"at"`
	Own        bool      `db:"own"`
	Mention    bool      `db:"mention"`
	Live       bool      `db:"live"`
	Ad         bool      `db:"ad"`
	Reply      bool      `db:"reply"`
	Root       string    `db:"root"`
	Type       string    `db:"type"`

	// Of a message's conversation, as it was then.
	Country        string     `db:"country"`
	ConversationID int64      `db:"conversation_id"`
	Opens          bool       `db:"opens"`       // its first message
	Complains      bool       `db:"complains"`   // an item for owner and admin was opened
	WithPerson     *time.Time `db:"with_person"` // a member or another tool answered, or a member took it over
	ToBot          *time.Time `db:"to_bot"`      // a member gave it back
}

func (s said) occasion() router.Occasion {
	o := router.Occasion{Key: s.Key, PersonID: *s.PersonID, ContactID: s.ContactID, Text: s.Text, Language: s.Language, Known: s.Known, Intent: s.Intent, AccountID: s.AccountID,
		PostID: s.PostID, Caption: s.Caption, Captioned: s.Captioned, At: s.At}
	if s.Subject == "message" {
		o.Source, o.Private = router.SourceOfMessage(s.Type), true
	} else {
		o.Source, o.PublicOnly = router.SourceOfComment(s.Mention, s.Live, s.Ad, s.Reply), s.Mention
	}
	return o
}

// Result is what a trigger would have done with one thing that was written.
type Result struct {
	N         int         `db:"n" json:"n"`
	Subject   string      `db:"subject" json:"subject"`
	SubjectID int64       `db:"subject_id" json:"subject_id"`
	Code      string      `db:"code" json:"code"`
	Reason    string      `db:"reason" json:"reason"`
	Would     WouldAnswer `db:"-" json:"would"`
}

// WouldAnswer is the answer that would have been given.
type WouldAnswer struct {
	Public          string     `json:"public,omitempty"`
	Variant         int        `json:"variant,omitempty"` // counted from one
	Language        string     `json:"language,omitempty"`
	Private         string     `json:"private,omitempty"` // with the place of the link
	PrivateLanguage string     `json:"private_language,omitempty"`
	WindowStart     *time.Time `json:"window_start,omitempty"`
	WindowEnd       *time.Time `json:"window_end,omitempty"`
	LeavesAt        *time.Time `json:"leaves_at,omitempty"`
}

// simulation is a dry run under way.
type simulation struct {
	set     *router.Set
	tried   int64
	book    *router.Book
	zone    *time.Location
	locale  string
	country string          // of the workspace, for numbers without their country's
	own     map[string]bool // the brand's own numbers, which people quote
	most    int             // automatic replies in a thread
	replies map[inbox.CommentKey]int
	taken   map[spanKey]int
	handed  map[int64]time.Time // conversations that what was said in them left to a person
	numbers map[int64]bool      // WhatsApp accounts that a link can lead to
}

// simulate makes the triggers ready: those that are live, with the tried one among them as if it were.
func simulate(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, tried router.Trigger, since, until time.Time, anyTime bool) (*simulation, error) {
	w, err := inbox.LoadWorkspace(ctx, q, workspaceID)
	if err != nil {
		return nil, err
	}
	settings, err := inbox.ParseSettings(w.Settings)
	if err != nil {
		return nil, err
	}
	zone, err := Zone(w.TimeZone)
	if err != nil {
		return nil, err
	}
	own, err := inbox.OwnNumbers(ctx, q, workspaceID)
	if err != nil {
		return nil, err
	}
	_, list, err := selectTriggers(ctx, q, sqlWhereLive, fmt.Sprintf("{%d}", workspaceID))
	if err != nil {
		return nil, err
	}
	if tried.ID == 0 {
		tried.ID = youngest
	}
	list = slices.DeleteFunc(list, func(t router.Trigger) bool { return t.ID == tried.ID })
	tried.State = "live"
	if tried.Campaign != nil {
		c := *tried.Campaign
		c.State = "live"
		tried.Campaign = &c
	}
	if anyTime {
		tried.StartsAt, tried.EndsAt, tried.Recurrence, tried.DurationMinutes, tried.Campaign = nil, nil, "", 0, nil
	}
	if err := openWindows(&tried, zone, since, until); err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(t router.Trigger) bool { return openWindows(&t, zone, since, until) != nil }) // as live, where it stands still alone
	for i := range list {
		_ = openWindows(&list[i], zone, since, until) // it can be read
	}
	list = append(list, tried)
	numbers, err := connectedNumbers(ctx, q, workspaceID)
	if err != nil {
		return nil, err
	}
	s := &simulation{set: router.NewSet(list), tried: tried.ID, book: router.NewBook(), zone: zone, locale: w.Locale, country: w.Country, own: own, most: settings.MaxAutoReplies,
		replies: map[inbox.CommentKey]int{}, taken: map[spanKey]int{}, handed: map[int64]time.Time{}, numbers: numbers}
	s.book.Room = s.room
	return s, nil
}

// LeadsNowhere is why a trigger answers nothing whose WhatsApp number was removed since it was made.
const LeadsNowhere = "its trigger leads to a WhatsApp number that is not connected: nothing was answered"

func connectedNumbers(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) (map[int64]bool, error) {
	var ids []int64
	if err := sqlx.SelectContext(ctx, q, &ids, `SELECT id FROM accounts WHERE workspace_id = $1 AND removed_at IS NULL AND phone <> ''`, workspaceID); err != nil {
		return nil, fmt.Errorf("load the workspace's numbers: %w", err)
	}
	numbers := map[int64]bool{}
	for _, id := range ids {
		numbers[id] = true
	}
	return numbers, nil
}

// openWindows gives a trigger the windows it would have had, had the clock been kept all the time.
func openWindows(t *router.Trigger, zone *time.Location, since, until time.Time) error {
	t.Windows = nil
	if t.Recurrence == "" {
		return nil
	}
	r, err := ParseRecurrence(t.Recurrence, t.DurationMinutes)
	if err != nil {
		return err
	}
	for _, w := range r.Windows(zone, since, until, windowsTried) {
		t.Windows = append(t.Windows, router.Window{Start: w.Start, End: w.End})
	}
	return nil
}

// room counts what the ceilings have let through so far.
func (s *simulation) room(t *router.Trigger, at time.Time) (string, error) {
	var keys []spanKey
	for _, c := range ceilings(t) {
		key := spanKey{t.ID, c.what, Begin(c.what, at, s.zone)}
		if s.taken[key] >= c.most {
			return c.what, nil
		}
		keys = append(keys, key)
	}
	for _, k := range keys {
		s.taken[k]++
	}
	return "", nil
}

// step decides one thing that was written, in the order and with the reasons of ingest.
func (s *simulation) step(in said) (Result, error) {
	r := Result{Subject: in.Subject, SubjectID: in.ID}
	thread := inbox.CommentKey{AccountID: in.AccountID, ExternalID: in.Root}
	switch {
	case in.Subject == "message" && s.withPerson(in) && in.Decision == "allow":
		r.Code, r.Reason = ForPerson, WithPerson
	case in.Own:
		r.Code, r.Reason = OwnComment, "the brand's own comment"
	case in.PersonID == nil:
		r.Code, r.Reason = NoAuthor, "no answer, because the network withheld the author"
	case in.Decision == "":
		r.Code, r.Reason = NotJudged, "moderation has not judged it yet"
	case in.Decision != "allow" && !in.Exposes && !(in.Tier == string(moderation.TierModel) && s.set.Asks(in.Text)):
		r.Code, r.Reason = NotAllowed, Disallowed(in.Decision)
	case in.Subject == "message" && in.Decision == "allow" && s.number(in):
		r.Code, r.Reason = ForPerson, NumberLeft
	case in.Subject == "message" && in.WantsHuman:
		r.Code, r.Reason = ForPerson, AsksForPerson
	case in.Subject == "comment" && accuses(in.Text):
		r.Code, r.Reason = ForPerson, "it complains, so nothing automatic answers it"
	case in.Subject == "comment" && s.replies[thread] >= s.most:
		r.Code, r.Reason = ThreadFull, fmt.Sprintf("this thread has had its %d automatic replies", s.most)
	default:
		return s.answer(r, in, thread)
	}
	return r, nil
}

// number says whether a message leaves a telephone number, which is asked about before any trigger is.
func (s *simulation) number(in said) bool {
	number, found := flow.FindPhoneFrom(in.Text, cmp.Or(in.Country, s.country), cmp.Or(in.Known, in.Language))
	return found && !s.own[inbox.Digits(number)]
}

func accuses(text string) bool { _, ok := consent.FindComplaint(text); return ok }

// withPerson says whether a message came into a conversation that a person had, and remembers when the
// message itself leaves it to one. Triggers are silent there.
func (s *simulation) withPerson(in said) bool {
	after := func(t *time.Time) bool { return t != nil && (in.ToBot == nil || t.After(*in.ToBot)) }
	var before *time.Time
	if at, ok := s.handed[in.ConversationID]; ok {
		before = &at
	}
	had := after(in.WithPerson) || after(before)
	spam := in.Decision == "spam" || in.Decision == "block"
	if in.Complains || in.WantsHuman && !spam || spam && in.Opens || !spam && in.Decision != "allow" && in.Decision != "" {
		s.handed[in.ConversationID] = in.At
	}
	return had
}

func (s *simulation) answer(r Result, in said, thread inbox.CommentKey) (Result, error) {
	a, err := s.book.Answer(s.set, in.occasion(), s.locale)
	if err != nil {
		return r, err
	}
	if m := a.Match; m != nil && m.Trigger.HandoffAccountID != nil && !s.numbers[*m.Trigger.HandoffAccountID] {
		a.Public = ""
		if m.Trigger.ID == s.tried && a.Code == router.Answered {
			r.Code, r.Reason = NowhereToLead, LeadsNowhere
			return r, nil
		}
	}
	if a.Public != "" {
		s.replies[thread]++
	}
	if a.Match == nil || a.Match.Trigger.ID != s.tried {
		r.Code, r.Reason = s.passedOver(a)
		return r, nil
	}
	r.Code, r.Reason = a.Code, a.Reason
	if a.Code == router.Answered {
		leaves := a.NotBefore.UTC()
		r.Would = WouldAnswer{Public: a.Public, Language: a.Language, Private: a.Private, PrivateLanguage: a.PrivateLang, LeavesAt: &leaves}
		if a.Public != "" {
			r.Would.Variant = a.Variant + 1
		}
		if w := a.Match.Window; w != nil {
			r.Would.WindowStart, r.Would.WindowEnd = &w.Start, &w.End
		}
	}
	return r, nil
}

// passedOver says why the tried trigger has no part in what followed.
func (s *simulation) passedOver(a router.Answer) (code, reason string) {
	for _, m := range a.Misses {
		if m.TriggerID == s.tried {
			return m.Code, m.Reason
		}
	}
	for _, o := range a.Match.After {
		if o.TriggerID == s.tried {
			return OutrankedBy, fmt.Sprintf("«%s» matches too and is %s: it decides", a.Match.Trigger.Name, o.Why)
		}
	}
	return router.NoTrigger, a.Reason
}

// history reads the next things that were written, in the order in which they were.
func history(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, since, until time.Time, messages bool, after place, most int) ([]said, error) {
	var list []said
	err := sqlx.SelectContext(ctx, q, &list, sqlHistory, workspaceID, since, until, messages, after.At, after.Subject, after.ID, most)
	if err != nil {
		return nil, fmt.Errorf("read what was written: %w", err)
	}
	return list, nil
}

type place struct {
	At      time.Time
	Subject string
	ID      int64
}

// Each half stops by itself, so that a page reads a page of each and not the whole history.
const sqlHistory = `
SELECT * FROM (
(SELECT 'comment' AS subject, c.id, c.external_id, c.account_id, c.identity_id, coalesce(i.contact_id, 0) AS contact_id, c.text, c.language, coalesce(n.language, '') AS known, coalesce(v.verdict->>'intent', '') AS intent, false AS wants_human,
       coalesce(c.decision, '') AS decision, coalesce(v.tier, '') AS tier, coalesce(c.decision = 'review' AND v.verdict->>'category' = 'personal_data', false) AS exposes, coalesce(c.post_id, 0) AS post_id, coalesce(p.caption, '') AS caption, coalesce(p.caption <> '' OR p.fetched_at IS NOT NULL, false) AS captioned,
       c.commented_at AS at, c.own, c.mention, c.live, c.ad_id <> '' AS ad, c.parent_external_id <> '' AS reply, c.root_external_id AS root, '' AS type,
       '' AS country, 0 AS conversation_id, false AS opens, false AS complains, NULL::timestamptz AS with_person, NULL::timestamptz AS to_bot
FROM comments c LEFT JOIN verdicts v ON v.workspace_id = c.workspace_id AND v.id = c.verdict_id LEFT JOIN posts p ON p.workspace_id = c.workspace_id AND p.id = c.post_id
LEFT JOIN identities i ON i.workspace_id = c.workspace_id AND i.id = c.identity_id LEFT JOIN contacts n ON n.workspace_id = i.workspace_id AND n.id = i.contact_id
WHERE c.workspace_id = $1 AND c.commented_at >= $2 AND c.commented_at < $3 AND c.commented_at >= $5 AND (c.commented_at, 'comment', c.id) > ($5, $6, $7)
ORDER BY c.commented_at, c.id LIMIT $8)
UNION ALL
(SELECT 'message', m.id, coalesce(m.external_id, ''), m.account_id, t.identity_id, t.contact_id, m.text, coalesce(v.verdict->>'language', ''), coalesce(nullif(CASE WHEN o.opened_at < m.at THEN o.language
           ELSE (SELECT p.language FROM conversations p WHERE p.workspace_id = o.workspace_id AND p.thread_id = o.thread_id AND p.opened_at < o.opened_at ORDER BY p.opened_at DESC LIMIT 1) END, ''), n.language), coalesce(v.verdict->>'intent', ''), coalesce((v.verdict->>'wants_human')::boolean, false),
       coalesce(v.decision, ''), coalesce(v.tier, ''), false, 0, '', false, m.at, false, false, false, false, false, '', m.type,
       n.country, m.conversation_id, o.opened_at >= m.at, EXISTS (SELECT 1 FROM compliance_items i WHERE i.workspace_id = m.workspace_id AND i.contact_id = o.contact_id AND i.message_id = m.id),
       greatest(st.taken, (SELECT max(x.at) FROM messages x WHERE x.workspace_id = m.workspace_id AND x.conversation_id = m.conversation_id AND x.author IN ('member','other_tool') AND x.at <= m.at)), st.returned
FROM messages m JOIN threads t ON t.workspace_id = m.workspace_id AND t.id = m.thread_id JOIN conversations o ON o.workspace_id = m.workspace_id AND o.id = m.conversation_id
JOIN contacts n ON n.workspace_id = t.workspace_id AND n.id = t.contact_id
CROSS JOIN LATERAL (SELECT max(s.at) FILTER (WHERE s.what = 'taken_over') AS taken, max(s.at) FILTER (WHERE s.what = 'returned_to_bot') AS returned
                    FROM conversation_steps s WHERE s.workspace_id = m.workspace_id AND s.conversation_id = m.conversation_id AND s.at <= m.at) st LEFT JOIN verdicts v ON v.workspace_id = m.workspace_id AND v.id = m.verdict_id
WHERE $4 AND m.workspace_id = $1 AND m.direction = 'in' AND m.deleted_at IS NULL AND t.channel IN ('instagram', 'messenger')
  AND m.at >= $2 AND m.at < $3 AND m.at >= $5 AND (m.at, 'message', m.id) > ($5, $6, $7)
ORDER BY m.at, m.id LIMIT $8)) x ORDER BY at, subject, id LIMIT $8`

const sqlCountHistory = `
SELECT (SELECT count(*) FROM comments WHERE workspace_id = $1 AND commented_at >= $2 AND commented_at < $3)
     + (SELECT count(*) FROM messages m JOIN threads t ON t.workspace_id = m.workspace_id AND t.id = m.thread_id
        WHERE $4 AND m.workspace_id = $1 AND m.direction = 'in' AND m.deleted_at IS NULL AND t.channel IN ('instagram', 'messenger') AND m.at >= $2 AND m.at < $3)`

// hearsMessages says whether direct messages are worth reading for a trigger.
func hearsMessages(t router.Trigger) bool {
	return slices.ContainsFunc(t.Sources, func(s string) bool {
		return s == router.SourceMessage || s == router.SourceStory || s == router.SourceMention
	})
}

// WordMatch is one of the newest comments, and whether a draft's words meet it.
type WordMatch struct {
	CommentID int64             `json:"comment_id"`
	Text      string            `json:"text"`
	Author    string            `json:"author"`
	At        time.Time         `json:"at"`
	Language  string            `json:"language"`
	Harm      float64           `json:"harm" doc:"As it was judged, 0 to 1"`
	Matched   bool              `json:"matched"`
	Why       string            `json:"why"` // the word or intent, or what stands in the way
	Parts     []words.Statement `json:"why_parts"`
}

// CheckWords holds a draft's words, sources and places against the newest comments of others.
func CheckWords(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, draft router.Trigger, most int) ([]WordMatch, error) {
	var list []struct {
		said
		Author string  `db:"author"`
		Harm   float64 `db:"harm"`
	}
	if err := sqlx.SelectContext(ctx, q, &list, sqlNewest, workspaceID, most); err != nil {
		return nil, fmt.Errorf("read the newest comments: %w", err)
	}
	draft.State = "live"
	set := router.NewSet([]router.Trigger{draft})
	out := make([]WordMatch, len(list))
	for i, c := range list {
		out[i] = WordMatch{CommentID: c.ID, Text: c.Text, Author: c.Author, At: c.At.UTC(), Language: c.Language, Harm: c.Harm}
		if c.PersonID == nil {
			c.PersonID = new(int64)
		}
		match, misses := set.Choose(c.occasion())
		switch {
		case match != nil:
			out[i].Matched, out[i].Why = true, match.Why
		case len(misses) > 0:
			out[i].Why = misses[0].Reason
		}
		out[i].Parts = words.Read(out[i].Why)
	}
	return out, nil
}

const sqlNewest = `
SELECT 'comment' AS subject, c.id, c.external_id, c.account_id, c.identity_id, c.text, c.language, coalesce(v.verdict->>'intent', '') AS intent, coalesce(c.post_id, 0) AS post_id,
       coalesce(p.caption, '') AS caption, coalesce(p.caption <> '' OR p.fetched_at IS NOT NULL, false) AS captioned, c.commented_at AS at, c.mention, c.live, c.ad_id <> '' AS ad,
       c.parent_external_id <> '' AS reply, c.author_name AS author, coalesce((v.verdict->>'harm')::float8, 0) AS harm
FROM comments c LEFT JOIN verdicts v ON v.workspace_id = c.workspace_id AND v.id = c.verdict_id LEFT JOIN posts p ON p.workspace_id = c.workspace_id AND p.id = c.post_id
WHERE c.workspace_id = $1 AND NOT c.own AND c.state <> 'removed' ORDER BY c.commented_at DESC, c.id DESC LIMIT $2`
