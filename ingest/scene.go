package ingest

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/campaign"
	"ponte/channels"
	"ponte/consent"
	"ponte/decisions"
	"ponte/inbox"
	"ponte/review"
	"ponte/router"
)

// scene is everything a batch of events needs to be decided in memory, and everything that follows
// from it until it is written.
type scene struct {
	ctx    context.Context
	d      *Decider
	now    time.Time
	spaces map[int64]*space
	people *inbox.People

	posts     map[inbox.PostKey]*inbox.Post
	comments  map[inbox.CommentKey]*inbox.Comment
	byComment map[int64]*inbox.Comment
	threads   map[inbox.ThreadKey]*inbox.Thread
	open      map[int64]*inbox.Conversation // by thread: the open one
	latest    map[int64]*inbox.Conversation // by thread: the newest of any state
	messages  map[inbox.MessageKey]*inbox.Message
	byMessage map[int64]*inbox.Message
	handoffs  map[string]*router.Handoff // by hex hash
	origins   map[int64]handoffOrigin    // by handoff
	optIns    map[string]*consent.OptIn  // by hex hash
	books     map[int64]*campaign.Ledger // by workspace: what triggers did
	captions  map[int64]*inbox.Post      // by id
	replies   map[inbox.CommentKey]int   // automatic replies by root comment
	lastAt    map[int64]time.Time        // by thread: newest inbound message before this batch
	followed  map[int64]int64            // by thread: the last event of this batch that wants an answer
	outcomes  map[int64]router.Outcome   // by thread: a reference presented earlier in this batch
	asks      map[int64]*askRow
	questions map[int64]*offerQuestion // for consent to offers, by template, by identity
	asked     map[int64]time.Time      // wordings that were said last in their thread, by action: when they left
	histories map[consent.Key]*consent.History
	wordings  []consent.Wording
	ours      map[string]bool                 // own comments that are replies we sent: account + text under a root
	files     map[int64][]channels.Attachment // of new messages, to be fetched
	echoes    map[int64]bool                  // events that are our own doing, come back
	gone      map[goneKey]bool                // taken back before it came
	strikes   map[author]int
	said      map[author]*said
	holding   map[review.Text]review.Held // what people decided about words for all who write them
	byThread  map[int64]*inbox.Thread     // of messages the model was asked about
	tx        *sqlx.Tx                    // reservations are made in it while events are decided: two people may want one place
	flows     flowScene

	numbers numbers               // left in a chat, to be carried to
	links   map[string]sharedLink // of posters, by workspace and reference

	w writes
}

type handoffOrigin struct {
	TriggerID *int64 `db:"trigger_id"`
	Campaign  *int64 `db:"campaign_id"`
	PostID    *int64 `db:"post_id"`
	CommentID *int64 `db:"comment_id"`
	Caption   string `db:"caption"`
	Trigger   string `db:"trigger_name"`
	Language  string `db:"language"`
}

// askRow is a question to the model with what it was about.
type askRow struct {
	ID          int64           `db:"id"`
	WorkspaceID int64           `db:"workspace_id"`
	Subject     string          `db:"subject"`
	SubjectID   int64           `db:"subject_id"`
	VerdictID   int64           `db:"verdict_id"`
	EventID     int64           `db:"event_id"`
	Verdict     json.RawMessage `db:"verdict"`
	Input       json.RawMessage `db:"input"`
	Source      string          `db:"source"`
	OccurredAt  time.Time       `db:"occurred_at"`
	CreatedAt   time.Time       `db:"created_at"`
}

// load reads all that the events may need and locks the contacts concerned.
func (d *Decider) load(ctx context.Context, tx *sqlx.Tx, events []*event) (*scene, error) {
	s := &scene{ctx: ctx, d: d, now: d.Now(), spaces: map[int64]*space{}, byComment: map[int64]*inbox.Comment{}, byMessage: map[int64]*inbox.Message{},
		handoffs: map[string]*router.Handoff{}, origins: map[int64]handoffOrigin{}, books: map[int64]*campaign.Ledger{}, captions: map[int64]*inbox.Post{}, replies: map[inbox.CommentKey]int{},
		files: map[int64][]channels.Attachment{}, lastAt: map[int64]time.Time{}, followed: map[int64]int64{}, outcomes: map[int64]router.Outcome{}, asks: map[int64]*askRow{}, asked: map[int64]time.Time{}, ours: map[string]bool{}, echoes: map[int64]bool{},
		gone: map[goneKey]bool{}, strikes: map[author]int{}, said: map[author]*said{}, byThread: map[int64]*inbox.Thread{}, tx: tx}
	s.w.init()
	s.flows.init()
	if err := s.open1(events); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context, *sqlx.Tx, []*event) error{
		s.loadSpaces, s.loadAsks, s.loadHandoffs, s.loadOptIns, s.loadSentNumbers, s.loadPeople, s.loadComments, s.loadThreads, s.loadNumbers, s.loadFlows, s.loadMessages, s.loadGone, s.loadFollowed, s.loadEchoes, s.loadRuns, s.loadStrikes, s.loadAuthors, s.loadStorms, s.loadConsent, s.loadOfferQuestions,
	} {
		if err := step(ctx, tx, events); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// open1 decodes the payloads and finds the accounts.
func (s *scene) open1(events []*event) error {
	for _, e := range events {
		target := any(&e.Event)
		if e.Source == "internal" {
			target = &e.internal
		}
		if err := json.Unmarshal(e.Payload, target); err != nil {
			return &decisionError{e.ID, fmt.Errorf("its payload cannot be read: %w", err)}
		}
		if e.account = s.d.Accounts.Get(e.AccountID); e.account == nil {
			if err := s.d.Accounts.Refresh(s.ctx); err != nil {
				return err
			}
			e.account = s.d.Accounts.Get(e.AccountID)
		}
	}
	return nil
}

func (s *scene) loadSpaces(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	ids := collect(events, func(e *event) (int64, bool) { return e.WorkspaceID, true })
	var list []inbox.Workspace
	if err := tx.SelectContext(ctx, &list, `SELECT id, name, brand, legal_name, contact, time_zone, locale, country, settings, rules_revision, created_at FROM workspaces WHERE id = ANY($1)`, pq.Array(ids)); err != nil {
		return fmt.Errorf("load workspaces: %w", err)
	}
	for _, w := range list {
		sp, err := newSpace(ctx, tx, w, s.d.Engines)
		if err != nil {
			return err // its own events wait; those of others are decided one by one
		}
		s.spaces[w.ID] = sp
	}
	if err := s.loadTriggers(ctx, tx, ids, events); err != nil {
		return err
	}
	if err := s.loadStarts(ctx, tx, ids); err != nil {
		return err
	}
	if err := s.loadHours(ctx, tx, ids); err != nil {
		return err
	}
	shadows, err := decisions.InShadow(ctx, tx, ids)
	if err != nil {
		return err
	}
	if err := s.loadSwitches(ctx, tx, ids); err != nil {
		return err
	}
	for _, v := range shadows {
		s.spaces[v.WorkspaceID].Shadows = append(s.spaces[v.WorkspaceID].Shadows, v)
	}
	return nil
}

func (s *scene) loadAsks(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	ids := collect(events, func(e *event) (int64, bool) { return e.internal.AskID, e.internal.AskID != 0 })
	if len(ids) == 0 {
		return nil
	}
	var rows []askRow
	if err := tx.SelectContext(ctx, &rows, sqlLoadAsks, pq.Array(ids)); err != nil {
		return fmt.Errorf("load asks: %w", err)
	}
	for i := range rows {
		s.asks[rows[i].ID] = &rows[i]
	}
	return nil
}

const sqlLoadAsks = `
SELECT a.id, a.workspace_id, a.subject, a.subject_id, a.verdict_id, a.event_id, v.verdict, v.input, e.source, e.occurred_at, a.created_at
FROM asks a JOIN verdicts v ON v.workspace_id = a.workspace_id AND v.id = a.verdict_id JOIN events e ON e.id = a.event_id
WHERE a.id = ANY($1)`

// loadHandoffs finds the references that WhatsApp messages present. The rows are locked: a reference
// joins once, whoever comes first.
func (s *scene) loadHandoffs(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	var hashes [][]byte
	for _, e := range events {
		if code, ok := e.reference(); ok {
			hashes = append(hashes, router.HashReference(code))
		}
	}
	if len(hashes) == 0 {
		return nil
	}
	if err := s.loadLinks(ctx, tx, events); err != nil {
		return err
	}
	var rows []struct {
		ID         int64      `db:"id"`
		Hash       []byte     `db:"hash"`
		Workspace  int64      `db:"workspace_id"`
		AccountID  int64      `db:"account_id"`
		ContactID  int64      `db:"contact_id"`
		IdentityID int64      `db:"identity_id"`
		ExpiresAt  time.Time  `db:"expires_at"`
		RevokedAt  *time.Time `db:"revoked_at"`
		UsedBy     *int64     `db:"used_by"`
		handoffOrigin
	}
	if err := tx.SelectContext(ctx, &rows, sqlLoadHandoffs, pq.ByteaArray(hashes)); err != nil {
		return fmt.Errorf("load handoffs: %w", err)
	}
	for _, r := range rows {
		h := &router.Handoff{ID: r.ID, AccountID: r.AccountID, ContactID: r.ContactID, IdentityID: r.IdentityID, ExpiresAt: r.ExpiresAt, RevokedAt: r.RevokedAt, UsedBy: r.UsedBy}
		s.handoffs[fmt.Sprintf("%d/%s", r.Workspace, hex.EncodeToString(r.Hash))] = h
		s.origins[h.ID] = r.handoffOrigin
	}
	return nil
}

const sqlLoadHandoffs = `
SELECT h.id, h.hash, h.workspace_id, h.account_id, h.contact_id, h.identity_id, h.expires_at, h.revoked_at, h.used_by,
       h.trigger_id, h.campaign_id, h.post_id, h.comment_id, h.language, coalesce(p.caption, '') AS caption, coalesce(t.name, '') AS trigger_name
FROM handoffs h
LEFT JOIN posts p ON p.workspace_id = h.workspace_id AND p.id = h.post_id
LEFT JOIN triggers t ON t.workspace_id = h.workspace_id AND t.id = h.trigger_id
WHERE h.hash = ANY($1) ORDER BY h.id FOR UPDATE OF h`

// reference returns the handoff reference in a WhatsApp message.
func (e *event) reference() (string, bool) {
	if e.Event.Channel != channels.WhatsApp || !e.wrote() {
		return "", false
	}
	return router.FindReference(e.Text)
}

// wrote says that a person put words down with this event: a message, or the new words of one. An edit may be all
// that ever comes of a message, and is then kept as it.
func (e *event) wrote() bool {
	kind := channels.Kind(e.Kind)
	return kind == channels.MessageReceived || kind == channels.MessageEdited && !e.Own
}

// key is the identity the event is about: the author, or for an echo the customer it went to.
func (e *event) key() (inbox.PersonKey, bool) {
	if e.Source == "internal" || e.account == nil {
		return inbox.PersonKey{}, false
	}
	person, phone := e.Person, e.Phone
	if e.ownWords() && e.Message != nil {
		person, phone = e.Message.Recipient, ""
		if e.Event.Channel == channels.WhatsApp && !hasLetter(person) {
			person, phone = "", person
		}
	}
	if channels.Kind(e.Kind) == channels.MentionAdded && e.Event.Channel == channels.Instagram && person == "" {
		person = inbox.ByName(e.User)
	}
	key := inbox.PersonKey{WorkspaceID: e.WorkspaceID, Channel: e.Event.Channel, Scope: e.AccountID, ExternalID: person, Phone: phone}
	if e.Event.Channel == channels.WhatsApp {
		key.Scope = 0
		if person == phone { // known by phone alone
			key.ExternalID = ""
		}
	} else {
		key.Phone = ""
	}
	return key, key.ExternalID != "" || key.Phone != ""
}

// ownWords says that the account's side wrote this: the event is about the customer it went to.
func (e *event) ownWords() bool {
	kind := channels.Kind(e.Kind)
	return kind == channels.MessageEcho || kind == channels.MessageEdited && e.Own
}

// needsPerson says which kinds make a contact: somebody wrote, or was written to.
func (e *event) needsPerson() bool {
	switch channels.Kind(e.Kind) {
	case channels.CommentAdded, channels.CommentEdited, channels.MentionAdded:
		return !e.Own
	case channels.MessageReceived, channels.MessageEdited, channels.MessageEcho, channels.PostbackReceived, channels.MessageReaction, channels.ReferralReceived,
		channels.OptinReceived, channels.PreferenceChanged, channels.MessageRead:
		return true
	}
	return false
}

func (s *scene) loadPeople(ctx context.Context, tx *sqlx.Tx, events []*event) error {
	var people []inbox.Person
	var identities, contacts []int64
	for _, e := range events {
		if key, ok := e.key(); ok && e.needsPerson() {
			p := inbox.Person{PersonKey: key, Name: e.Name, Username: e.User}
			if e.ownWords() {
				p.Name, p.Username = "", ""
			}
			people = append(people, p)
		}
	}
	for _, h := range s.handoffs {
		identities = append(identities, h.IdentityID)
		contacts = append(contacts, h.ContactID)
	}
	for _, n := range s.numbers.optIn {
		contacts = append(contacts, n.ContactID)
	}
	for _, n := range s.numbers.sent {
		contacts = append(contacts, n.ContactID)
		if n.IdentityID != nil {
			identities = append(identities, *n.IdentityID)
		}
	}
	more, err := s.internalIdentities(ctx, tx, events)
	if err != nil {
		return err
	}
	changing, err := s.changingIdentities(ctx, tx, events)
	if err != nil {
		return err
	}
	if s.people, err = inbox.MeetPeople(ctx, tx, people, append(identities, append(more, changing...)...), contacts); err != nil {
		return err
	}
	s.takenOver(events)
	return nil
}

// internalIdentities returns the identities whose comments and messages internal events are about.
func (s *scene) internalIdentities(ctx context.Context, tx *sqlx.Tx, events []*event) ([]int64, error) {
	commentIDs := collect(events, func(e *event) (int64, bool) { return e.internal.CommentID, e.internal.CommentID != 0 })
	var messageIDs []int64
	for _, a := range s.asks {
		if a.Subject == "comment" {
			commentIDs = append(commentIDs, a.SubjectID)
		} else {
			messageIDs = append(messageIDs, a.SubjectID)
		}
	}
	runs, notices := flowEvents(events)
	if len(commentIDs)+len(messageIDs)+len(runs)+len(notices) == 0 {
		return nil, nil
	}
	var ids []int64
	err := tx.SelectContext(ctx, &ids, sqlInternalIdentities, pq.Array(commentIDs), pq.Array(messageIDs), pq.Array(runs), pq.Array(notices))
	if err != nil {
		return nil, fmt.Errorf("find who internal events are about: %w", err)
	}
	return ids, nil
}

const sqlInternalIdentities = `
SELECT identity_id FROM comments WHERE id = ANY($1) AND identity_id IS NOT NULL
UNION SELECT t.identity_id FROM messages m JOIN threads t ON t.workspace_id = m.workspace_id AND t.id = m.thread_id WHERE m.id = ANY($2)
UNION SELECT t.identity_id FROM flow_runs r JOIN threads t ON t.workspace_id = r.workspace_id AND t.id = r.thread_id WHERE r.id = ANY($3)
UNION SELECT t.identity_id FROM booking_notices n JOIN bookings b ON b.workspace_id = n.workspace_id AND b.id = n.booking_id
      JOIN threads t ON t.workspace_id = b.workspace_id AND t.id = b.thread_id WHERE n.id = ANY($4)`

// loadConsent reads the histories of the people the bot may talk to; comments alone need none.
func (s *scene) loadConsent(ctx context.Context, tx *sqlx.Tx, _ []*event) error {
	var keys []consent.Key
	for _, t := range s.threads {
		if t.Channel == string(channels.WhatsApp) || len(s.flows.starts[t.WorkspaceID]) > 0 {
			keys = append(keys, consent.Key{WorkspaceID: t.WorkspaceID, ContactID: t.ContactID})
		}
	}
	for _, h := range s.handoffs { // whoever joins them inherits what stops, at once
		if who := s.people.Identity(h.IdentityID); who != nil {
			keys = append(keys, consent.Key{WorkspaceID: who.WorkspaceID, ContactID: who.ContactID})
		}
	}
	if len(keys) == 0 {
		return nil
	}
	var err error
	if s.histories, err = s.d.Ledger.Histories(ctx, tx, uniq(keys)); err != nil {
		return err
	}
	for ws := range s.spaces {
		list, err := consent.Wordings(ctx, tx, ws)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(list, func(w consent.Wording) bool { return w.Name == consent.Offers }) { // the first person to be asked: the wordings are made in the brand's name
			if err := consent.EnsureWordings(ctx, tx, ws, s.spaces[ws].BrandName()); err != nil {
				return err
			}
			if list, err = consent.Wordings(ctx, tx, ws); err != nil {
				return err
			}
		}
		s.wordings = append(s.wordings, list...)
	}
	return nil
}

func (s *scene) identity(e *event) *inbox.Identity {
	key, ok := e.key()
	if !ok || !e.needsPerson() {
		return nil
	}
	return s.people.Find(key)
}

func (s *scene) thread(e *event) *inbox.Thread {
	id := s.identity(e)
	if id == nil {
		return nil
	}
	return s.threads[inbox.ThreadKey{AccountID: e.AccountID, Channel: string(e.Event.Channel), IdentityID: id.ID}]
}

func (s *scene) handoff(workspace int64, code string) *router.Handoff {
	return s.handoffs[fmt.Sprintf("%d/%s", workspace, hex.EncodeToString(router.HashReference(code)))]
}

func botState(v *inbox.Conversation) router.State {
	var st router.State
	_ = json.Unmarshal(v.Bot, &st) // an unreadable state begins anew
	return st
}

func collect(events []*event, pick func(*event) (int64, bool)) []int64 {
	seen := map[int64]bool{}
	var out []int64
	for _, e := range events {
		if id, ok := pick(e); ok && !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

func uniq[T comparable](list []T) []T {
	seen := make(map[T]bool, len(list))
	out := list[:0:0]
	for _, v := range list {
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

func hasLetter(s string) bool {
	for _, r := range s {
		if r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return true
		}
	}
	return false
}

// wording returns the newest version of a wording in the language, else in English.
func (s *scene) wording(workspace int64, name, language string) (consent.Wording, bool) {
	var best consent.Wording
	for _, lang := range []string{language, "en"} {
		for _, w := range s.wordings {
			if w.WorkspaceID == workspace && w.Name == name && w.Language == lang && w.Version > best.Version {
				best = w
			}
		}
		if best.ID != 0 {
			return best, true
		}
	}
	return best, false
}
