package consent

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/fault"
	"ponte/router"
)

// Request is an opt-in that somebody ticked on a website or gave to staff. It is no consent yet.
type Request struct {
	WorkspaceID int64
	Source      string // web_box, paper_form, in_store, phone, lead_box
	AccountID   int64  // the WhatsApp number that the person writes to
	WordingID   int64
	Language    string
	Phone       string // digits with country code; empty: none was named
	Name        string
	Trace       string // personal: network address, browser; what staff wrote down
	Network     string // of a website's form: the large network that the visitor came from; only a keyed hash is kept
	ContactID   *int64
	Evidence    Evidence
	Actor       string
	At          time.Time // when the person agreed
	Hours       int       // until it ends unconfirmed
}

// OptIn is a request as it was kept.
type OptIn struct {
	WorkspaceID int64      `db:"workspace_id"`
	ID          int64      `db:"id"`
	Source      string     `db:"source"`
	AccountID   int64      `db:"account_id"`
	CodeHash    []byte     `db:"code_hash"`
	WordingID   int64      `db:"wording_id"`
	Purpose     string     `db:"purpose"`
	Language    string     `db:"language"`
	Subject     []byte     `db:"subject"`
	ContactID   *int64     `db:"contact_id"`
	Personal    []byte     `db:"personal"`
	Proof       []byte     `db:"evidence"`
	Actor       string     `db:"actor"`
	State       string     `db:"state"`
	At          time.Time  `db:"at"`
	CreatedAt   time.Time  `db:"created_at"`
	ExpiresAt   time.Time  `db:"expires_at"`
	EndedAt     *time.Time `db:"ended_at"`
}

type optInPersonal struct {
	Phone string `json:"phone,omitempty"`
	Name  string `json:"name,omitempty"`
	Trace string `json:"trace,omitempty"`
}

// RequestOptIn keeps a request and returns the one-time code with which the person confirms it from their
// own WhatsApp. The code is derived from the request with a key outside the database and kept nowhere.
func (l *Ledger) RequestOptIn(ctx context.Context, tx sqlx.ExtContext, r Request) (id int64, code string, expires time.Time, err error) {
	var subject []byte
	if r.Phone != "" {
		subject = l.subject(r.WorkspaceID, PhoneAddress(r.Phone))
	}
	personal, err := json.Marshal(optInPersonal{r.Phone, r.Name, r.Trace})
	if err != nil {
		return 0, "", expires, fmt.Errorf("encode an opt-in: %w", err)
	}
	if r.Evidence == nil {
		r.Evidence = Evidence{}
	}
	proof, err := json.Marshal(r.Evidence)
	if err != nil {
		return 0, "", expires, fmt.Errorf("encode the evidence of an opt-in: %w", err)
	}
	if err := sqlx.GetContext(ctx, tx, &id, `SELECT nextval(pg_get_serial_sequence('opt_ins', 'id'))`); err != nil {
		return 0, "", expires, fmt.Errorf("draw the number of an opt-in: %w", err)
	}
	code, hash := router.NewReference(l.mac("opt-in code", func(w *fields) { w.int(r.WorkspaceID) }), id)
	expires = l.now().Add(time.Duration(r.Hours) * time.Hour).UTC()
	_, err = tx.ExecContext(ctx, sqlInsertOptIn, r.WorkspaceID, id, r.Source, r.AccountID, hash, r.WordingID, Promotional, r.Language, subject, r.ContactID, string(personal), string(proof), r.Actor, r.At, l.now(), expires, l.crowd(r))
	if err != nil {
		return 0, "", expires, fmt.Errorf("keep an opt-in: %w", err)
	}
	return id, code, expires, nil
}

const sqlInsertOptIn = `
INSERT INTO opt_ins (workspace_id, id, source, account_id, code_hash, wording_id, purpose, language, subject, contact_id, personal, evidence, actor, at, created_at, expires_at, network)
OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`

func (l *Ledger) crowd(r Request) []byte {
	if r.Network == "" {
		return nil
	}
	return l.mac("crowd", func(w *fields) { w.int(r.WorkspaceID); w.text(r.Network) })[:16]
}

// MakeRoom keeps the ticked boxes that wait below a number: where all places are taken, the network that holds most of
// them gives up its oldest. A tick that nobody confirmed has left nothing in the ledger, and whoever means it ticks again;
// refusing the newest instead would let one visitor with many addresses shut the form for everybody.
func (l *Ledger) MakeRoom(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, most int) error {
	if _, err := tx.ExecContext(ctx, sqlMakeRoom, workspaceID, most, l.now()); err != nil {
		return fmt.Errorf("make room for an opt-in: %w", err)
	}
	return nil
}

// crowdedOut is said of a tick that gave its place up; the clerk forgets it soon.
const crowdedOut = "too many waited: the oldest of the network that had most gave its place up"

const sqlMakeRoom = `
WITH held AS MATERIALIZED (SELECT coalesce(network, '') AS network, count(*) AS n, min(id) AS oldest FROM opt_ins WHERE workspace_id = $1 AND state = 'waiting' AND source = 'web_box' GROUP BY 1)
UPDATE opt_ins SET state = 'cancelled', ended_at = $3, reason = '` + crowdedOut + `', personal = '{}' WHERE workspace_id = $1 AND state = 'waiting' AND source = 'web_box'
  AND id IN (SELECT o.id FROM opt_ins o WHERE o.workspace_id = $1 AND o.state = 'waiting' AND o.source = 'web_box'
      AND coalesce(o.network, '') = (SELECT network FROM held ORDER BY n DESC, oldest LIMIT 1) ORDER BY o.id LIMIT greatest((SELECT sum(n) FROM held) - $2 + 1, 0))`

// RenewOptIn gives a request that waits a new term, and the code again with which it is confirmed. Only what
// staff took down: whoever ticked the box of a website is not at hand, and ticks it again.
func (l *Ledger) RenewOptIn(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64, hours int) (o OptIn, code string, err error) {
	var found []OptIn
	expires := l.now().Add(time.Duration(hours) * time.Hour).UTC()
	if err := sqlx.SelectContext(ctx, tx, &found, sqlRenewOptIn, workspaceID, id, expires, l.now()); err != nil {
		return o, "", fmt.Errorf("renew opt-in %d: %w", id, err)
	}
	if len(found) == 0 {
		return o, "", fault.New(fault.NotFound, "opt-in %d does not exist in this workspace, does not wait any more, or came by the website's form", id)
	}
	code, _ = router.NewReference(l.mac("opt-in code", func(w *fields) { w.int(workspaceID) }), id)
	return found[0], code, nil
}

const sqlRenewOptIn = `
UPDATE opt_ins SET expires_at = $3 WHERE workspace_id = $1 AND id = $2 AND state = 'waiting' AND source <> 'web_box' AND expires_at > $4 RETURNING ` + optInColumns

// OptIns loads and locks the requests that presented codes belong to: a code counts once.
func OptIns(ctx context.Context, tx sqlx.ExtContext, hashes [][]byte) ([]OptIn, error) {
	var out []OptIn
	if err := sqlx.SelectContext(ctx, tx, &out, sqlLockOptIns, pq.ByteaArray(hashes)); err != nil {
		return nil, fmt.Errorf("load opt-ins: %w", err)
	}
	return out, nil
}

// OptInsByID loads and locks requests by their ids.
func OptInsByID(ctx context.Context, tx sqlx.ExtContext, ids []int64) (map[int64]*OptIn, error) {
	var list []OptIn
	if err := sqlx.SelectContext(ctx, tx, &list, `SELECT `+optInColumns+` FROM opt_ins WHERE id = ANY($1) ORDER BY id FOR UPDATE`, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("load opt-ins: %w", err)
	}
	out := make(map[int64]*OptIn, len(list))
	for i := range list {
		out[list[i].ID] = &list[i]
	}
	return out, nil
}

// OfContact notes whose number a request is about, once somebody has been made known by it.
func OfContact(ctx context.Context, tx sqlx.ExtContext, workspaceID, id, contactID int64) error {
	if _, err := tx.ExecContext(ctx, `UPDATE opt_ins SET contact_id = $3 WHERE workspace_id = $1 AND id = $2`, workspaceID, id, contactID); err != nil {
		return fmt.Errorf("note whose opt-in %d is: %w", id, err)
	}
	return nil
}

// Evidence is what proves that the number was given: where, by whom it was taken, and when.
func (o OptIn) Evidence() Evidence {
	proof := Evidence{}
	_ = json.Unmarshal(o.Proof, &proof) // written by RequestOptIn
	proof["opt_in"], proof["agreed_at"], proof["given"], proof["first_wording"] = fmt.Sprint(o.ID), o.At.UTC().Format(time.RFC3339), o.Source, fmt.Sprint(o.WordingID)
	return proof
}

// Given is the entry of the first step, where a second one is asked for: the words were shown and the number was
// given. It allows nothing.
func (o OptIn) Given(brand string, p Personal) Entry {
	return Entry{WorkspaceID: o.WorkspaceID, At: o.At, Brand: brand, Channel: "whatsapp", Purpose: o.Purpose, Act: Ask, Kind: None, WordingID: &o.WordingID, How: o.Source,
		Evidence: o.Evidence(), Actor: o.Actor, Personal: p}
}

const optInColumns = `workspace_id, id, source, account_id, code_hash, wording_id, purpose, language, subject, contact_id, personal, evidence, actor, state, at, created_at, expires_at, ended_at`

const sqlLockOptIns = `SELECT ` + optInColumns + ` FROM opt_ins WHERE code_hash = ANY($1) ORDER BY id FOR UPDATE`

// Presented is a code that somebody sends from their WhatsApp.
type Presented struct {
	AccountID  int64
	ContactID  int64
	IdentityID int64
	Address    string // AddressOf the identity
	Phone      string // where it is known
	Name       string
	Text       string // the message
	Brand      string
	Forwarded  bool
	At         time.Time
	Evidence   Evidence // ids of the event and the message
}

// Confirm turns a request into the entry of the ledger that it becomes, or says why it does not. It writes
// nothing.
func (l *Ledger) Confirm(o OptIn, p Presented) (Entry, string) {
	switch {
	case o.State == "confirmed":
		return Entry{}, "the opt-in was confirmed before"
	case o.State != "waiting":
		return Entry{}, "the opt-in had ended"
	case !p.At.Before(o.ExpiresAt):
		return Entry{}, "the opt-in had expired"
	case o.AccountID != p.AccountID:
		return Entry{}, "the opt-in leads to another number of the brand"
	case p.Forwarded:
		return Entry{}, "the message with the code had been forwarded: whoever sends it may be a stranger"
	case !router.IsPrefilledOptIn(p.Text, p.Brand):
		return Entry{}, "the text with the code was changed: it may say something else"
	case o.Subject != nil && p.Phone != "" && !bytes.Equal(o.Subject, l.subject(o.WorkspaceID, PhoneAddress(p.Phone))):
		return Entry{}, "the opt-in named another number"
	}
	proof := Evidence{}
	_ = json.Unmarshal(o.Proof, &proof) // written by RequestOptIn
	maps.Copy(proof, p.Evidence)
	proof["opt_in"], proof["agreed_at"] = fmt.Sprint(o.ID), o.At.UTC().Format(time.RFC3339)
	var personal optInPersonal
	_ = json.Unmarshal(o.Personal, &personal)
	words := p.Text
	if personal.Trace != "" {
		words = personal.Trace + "; confirmed: " + p.Text
	}
	return Entry{WorkspaceID: o.WorkspaceID, At: p.At, Brand: p.Brand, Channel: "whatsapp", Purpose: o.Purpose, Act: Grant, Kind: Express, WordingID: &o.WordingID,
		How: o.Source, Evidence: proof, Actor: o.Actor,
		Personal: Personal{ContactID: p.ContactID, IdentityID: p.IdentityID, Address: p.Address, Name: p.Name, Words: words}}, ""
}

// Confirmed notes which entry a request became; its values stand beside the entry from now on.
func Confirmed(ctx context.Context, tx sqlx.ExtContext, o OptIn, contactID, seq int64, at time.Time) error {
	if _, err := tx.ExecContext(ctx, sqlConfirmOptIn, o.WorkspaceID, o.ID, contactID, seq, at); err != nil {
		return fmt.Errorf("confirm opt-in %d: %w", o.ID, err)
	}
	return nil
}

const sqlConfirmOptIn = `
UPDATE opt_ins SET state = 'confirmed', ended_at = $5, contact_id = $3, seq = $4, personal = '{}' WHERE workspace_id = $1 AND id = $2 AND state = 'waiting'`

// CancelOptIn ends a request that waits, with a reason.
func CancelOptIn(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64, reason string) error {
	var done []int64
	if err := sqlx.SelectContext(ctx, tx, &done, sqlCancelOptIn, workspaceID, id, reason); err != nil {
		return fmt.Errorf("cancel opt-in %d: %w", id, err)
	}
	if len(done) == 0 {
		return fault.New(fault.NotFound, "opt-in %d does not exist in this workspace, or does not wait any more", id)
	}
	return nil
}

const sqlCancelOptIn = `
UPDATE opt_ins SET state = 'cancelled', ended_at = now(), reason = $3, personal = '{}' WHERE workspace_id = $1 AND id = $2 AND state = 'waiting' RETURNING id`

// Attempt counts one use of the public form by a keyed hash, so that neither address nor number is kept,
// and says whether it is within the limit of the period. The caller's transaction must commit either way.
func (l *Ledger) Attempt(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, what string, limit int, period time.Duration) (bool, error) {
	key := l.mac("attempt", func(w *fields) { w.int(workspaceID); w.text(what) })
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(('x' || encode(substr($1::bytea, 1, 8), 'hex'))::bit(64)::bigint)`, key); err != nil {
		return false, fmt.Errorf("wait for one's turn: %w", err)
	}
	var n int
	if err := sqlx.GetContext(ctx, tx, &n, `SELECT count(*) FROM opt_in_attempts WHERE workspace_id = $1 AND key = $2 AND at > $3`, workspaceID, key, l.now().Add(-period)); err != nil {
		return false, fmt.Errorf("count attempts: %w", err)
	}
	if n >= limit {
		return false, nil
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO opt_in_attempts (workspace_id, key, at) VALUES ($1, $2, $3)`, workspaceID, key, l.now()); err != nil {
		return false, fmt.Errorf("count an attempt: %w", err)
	}
	return true, nil
}

// FormToken is what the form carries: it says, under our key, which wording was shown and when, so that a
// program that never looked at the form, or an old copy of it, is told apart.
func (l *Ledger) FormToken(workspaceID, wordingID int64, at time.Time) string {
	return fmt.Sprintf("%d.%x", at.Unix(), l.formMAC(workspaceID, wordingID, at.Unix()))
}

func (l *Ledger) formMAC(workspaceID, wordingID, unix int64) []byte {
	return l.mac("form", func(w *fields) { w.int(workspaceID); w.int(wordingID); w.int(unix) })[:16]
}

// CheckFormToken says when the form was shown, and whether the token is ours for this wording.
func (l *Ledger) CheckFormToken(token string, workspaceID, wordingID int64) (time.Time, bool) {
	var unix int64
	var mac []byte
	if n, err := fmt.Sscanf(token, "%d.%x", &unix, &mac); n != 2 || err != nil {
		return time.Time{}, false
	}
	want := l.formMAC(workspaceID, wordingID, unix)
	return time.Unix(unix, 0), hmac.Equal(mac, want)
}

// Trace hides a network address in evidence: the same one gives the same mark, within a workspace.
func (l *Ledger) Trace(workspaceID int64, what string) string {
	return fmt.Sprintf("%x", l.mac("trace", func(w *fields) { w.int(workspaceID); w.text(what) })[:16])
}
