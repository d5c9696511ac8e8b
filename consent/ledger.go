// Package consent keeps the ledger of opt-ins and opt-outs: who allowed what, on which terms, how it
// is proved, and when it ended.
//
// The ledger is append-only. Each entry is bound to the one before it by an HMAC whose key stands
// outside the database, over a salted commitment to the personal values: those can be erased and the
// chain still holds. Standing answers are computed from the entries; there is no flag to get stale.
package consent

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/fault"
	"ponte/inbox"
)

// Act says what happened to a consent.
type Act string

// The closed list of acts.
const (
	Ask      Act = "ask"      // the wording was shown
	Grant    Act = "grant"    // the person agreed to it
	Refuse   Act = "refuse"   // the person said no
	Withdraw Act = "withdraw" // the person took it back
	Doubt    Act = "doubt"    // perhaps a withdrawal: suspended until the person says which
	Expire   Act = "expire"   // it ended by itself: number reassigned, owner's rule
	Confirm  Act = "confirm"  // lifts a doubt, or makes an import count
	Import   Act = "import"   // claimed by another system; counts only once confirmed
)

// Kind says on what a consent rests.
type Kind string

// The kinds. Only an express one lets a promotional message out.
const (
	Express  Kind = "express"
	Inferred Kind = "inferred"
	None     Kind = "none"
)

// The purposes of a consent; All is for withdrawals ("stop all") and never for a grant.
const (
	Promotional = "promotional"
	Service     = "service"
	Research    = "research"
	Profiling   = "profiling"
	All         = "all"
)

// Evidence points at the proof: ids of events, messages, forms, files. It never holds what a person
// wrote or a phone number; those belong into Personal, which can be erased.
type Evidence map[string]string

// Personal holds the values of an entry that can be erased.
type Personal struct {
	ContactID  int64  `json:"-"`
	IdentityID int64  `json:"identity_id,omitempty"`
	Address    string `json:"address"` // AddressOf the identity, as used
	Name       string `json:"name,omitempty"`
	Words      string `json:"words,omitempty"` // what the person wrote or tapped
	TimeZone   string `json:"time_zone,omitempty"`
}

// Entry is one act, as it is to be written or as it was read. Seq, Format, RecordedAt, LegalName, Subject,
// Commitment, PrevHash and Hash are set by the ledger; so are the time zone of the person and the end of
// a grant, where the caller leaves them empty.
type Entry struct {
	WorkspaceID int64
	Seq         int64
	Format      int       // of the hash: which columns it binds
	At          time.Time // when the person acted, by the network's clock
	RecordedAt  time.Time
	Subject     []byte
	Brand       string // the workspace's BrandName at that time
	LegalName   string // the legal person behind the brand at that time
	Channel     string // whatsapp, messenger, instagram, sms, email, all
	Purpose     string
	Act         Act
	Kind        Kind
	WordingID   *int64
	How         string // keyword_reply, button, plain_words, user_preferences, member, erasure …
	Evidence    Evidence
	ValidUntil  *time.Time
	Actor       string
	Commitment  []byte
	PrevHash    []byte
	Hash        []byte
	Personal    Personal
}

// Ledger appends to and reads the consent ledger. Its key comes from the installation's secret key.
type Ledger struct {
	key []byte
	now func() time.Time
}

// New returns a ledger with the derived key; an empty key is a mistake of the caller.
func New(key []byte) *Ledger {
	if len(key) < 16 {
		panic("consent: the ledger's key is too short")
	}
	return &Ledger{key: slices.Clone(key), now: time.Now}
}

// WithClock returns a copy that takes the time of recording from now.
func (l *Ledger) WithClock(now func() time.Time) *Ledger {
	return &Ledger{key: l.key, now: now}
}

// Addresses returns what consent of an identity is keyed by: its phone, its id on the channel, or
// both. A WhatsApp person may be known by one first and by the other later; either finds the entries.
func Addresses(i inbox.Identity) []string {
	var out []string
	if i.Phone != nil && *i.Phone != "" {
		out = append(out, PhoneAddress(*i.Phone))
	}
	if i.ExternalID != nil && *i.ExternalID != "" {
		out = append(out, fmt.Sprintf("%s:%d:%s", i.Channel, i.Scope, *i.ExternalID))
	}
	return out
}

// AddressOf is the address an entry about the identity is written under: the phone where known.
func AddressOf(i inbox.Identity) string {
	if all := Addresses(i); len(all) > 0 {
		return all[0]
	}
	return ""
}

// KnownBy is what of an address tells its person from others, as lists show it.
func KnownBy(address string) inbox.KnownAs {
	channel, rest, _ := strings.Cut(address, ":")
	if channel == "phone" {
		return inbox.KnownAs{Channel: "whatsapp", Phone: rest}
	}
	_, id, _ := strings.Cut(rest, ":")
	if strings.HasPrefix(id, "erased:") {
		return inbox.KnownAs{}
	}
	return inbox.KnownAs{Channel: channel, Ending: id[max(0, len(id)-4):]}
}

// PhoneAddress is the address of a phone number in any spelling with country code.
func PhoneAddress(phone string) string {
	return "phone:" + strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, phone)
}

// Append writes entries in the caller's transaction, in the order given, and sets their Seq and Hash. It
// locks the head of each workspace concerned, in order of their ids, until the transaction ends.
func (l *Ledger) Append(ctx context.Context, tx sqlx.ExtContext, given []Entry) error {
	entries := given
	if len(entries) == 0 {
		return nil
	}
	for _, e := range entries {
		if err := e.check(); err != nil {
			return err
		}
	}
	heads, err := l.lockHeads(ctx, tx, entries)
	if err != nil {
		return err
	}
	if entries, err = l.complete(ctx, tx, entries); err != nil {
		return err
	}
	recorded := l.now().UTC().Truncate(time.Microsecond)
	rows := inbox.NewRows("bigint", "bigint", "timestamptz", "timestamptz", "bytea", "text", "text", "text", "text", "text", "bigint", "text", "jsonb", "timestamptz", "text", "bytea", "bytea", "bytea", "smallint", "text")
	personal := inbox.NewRows("bigint", "bigint", "bigint", "bytea", "jsonb")
	for i, e := range entries {
		h := heads[e.WorkspaceID]
		salt := make([]byte, 32)
		if _, err := rand.Read(salt); err != nil {
			return fmt.Errorf("draw a salt: %w", err)
		}
		e.At, e.RecordedAt = e.At.UTC().Truncate(time.Microsecond), recorded
		if e.ValidUntil != nil {
			until := e.ValidUntil.UTC().Truncate(time.Microsecond)
			e.ValidUntil = &until
		}
		e.Seq, e.Format, e.PrevHash = h.Seq+1, format, h.Hash
		e.Subject = l.subject(e.WorkspaceID, e.Personal.Address)
		e.Commitment = commit(salt, e.Personal)
		e.Hash = l.hash(e)
		h.Seq, h.Hash = e.Seq, e.Hash
		given[i].Seq, given[i].Hash = e.Seq, e.Hash
		if err := addRows(rows, personal, e, salt); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, sqlInsertEntries+rows.SQL(), rows.Args()...); err != nil {
		return fmt.Errorf("append to the consent ledger: %w", err)
	}
	if personal.Len() > 0 {
		if _, err := tx.ExecContext(ctx, sqlInsertPersonal+personal.SQL(), personal.Args()...); err != nil {
			return fmt.Errorf("keep the personal values of consent: %w", err)
		}
	}
	return moveHeads(ctx, tx, heads)
}

// format is the one that new entries are hashed under.
const format = 2

const sqlInsertEntries = `
INSERT INTO consent_entries (workspace_id, seq, at, recorded_at, subject, brand, channel, purpose, act, kind,
    wording_id, how, evidence, valid_until, actor, commitment, prev_hash, hash, format, legal_name) `

const sqlInsertPersonal = `
INSERT INTO consent_personal (workspace_id, seq, contact_id, salt, personal) `

func addRows(rows, personal *inbox.Rows, e Entry, salt []byte) error {
	if e.Evidence == nil {
		e.Evidence = Evidence{}
	}
	evidence, err := json.Marshal(e.Evidence)
	if err != nil {
		return fmt.Errorf("encode consent evidence: %w", err)
	}
	rows.Add(e.WorkspaceID, e.Seq, e.At, e.RecordedAt, e.Subject, e.Brand, e.Channel, e.Purpose, string(e.Act), string(e.Kind),
		e.WordingID, e.How, string(evidence), e.ValidUntil, e.Actor, e.Commitment, e.PrevHash, e.Hash, e.Format, e.LegalName)
	if e.How == howErasure || e.Personal.ContactID == 0 {
		return nil // nothing personal of somebody erased, or of nobody's acquaintance
	}
	values, err := json.Marshal(e.Personal)
	if err != nil {
		return fmt.Errorf("encode consent values: %w", err)
	}
	personal.Add(e.WorkspaceID, e.Seq, e.Personal.ContactID, salt, string(values))
	return nil
}

// check refuses entries that could never prove anything, before they reach the ledger for good.
func (e Entry) check() error {
	switch {
	case e.WorkspaceID == 0 || e.Personal.Address == "" || e.Personal.Address == "phone:":
		return fault.New(fault.Invalid, "a consent entry needs a workspace and an address")
	case e.At.IsZero():
		return fault.New(fault.Invalid, "a consent entry needs the time at which the person acted")
	case e.How == "" || e.Actor == "" || e.Brand == "":
		return fault.New(fault.Invalid, "a consent entry needs to say how it came, by whom and for which brand")
	case e.Act == Grant && e.Purpose == All:
		return fault.Field("purpose", "a grant names one purpose; \"all\" is for withdrawals")
	case e.Act == Grant && e.Kind == Express && e.Purpose == Promotional && e.WordingID == nil:
		return fault.Field("wording", "an express grant for offers needs the wording that was shown")
	case e.Act == Grant && len(e.Evidence) == 0:
		return fault.Field("evidence", "a grant needs evidence: the ids of the messages, form or file that prove it")
	}
	return nil
}

func (l *Ledger) lockHeads(ctx context.Context, tx sqlx.ExtContext, entries []Entry) (map[int64]*Head, error) {
	var ids []int64
	for _, e := range entries {
		ids = append(ids, e.WorkspaceID)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	fresh := inbox.NewRows("bigint", "bigint", "bytea")
	for _, id := range ids {
		fresh.Add(id, 0, l.genesis(id))
	}
	if _, err := tx.ExecContext(ctx, sqlInsertHeads+fresh.SQL()+` ON CONFLICT DO NOTHING`, fresh.Args()...); err != nil {
		return nil, fmt.Errorf("start the consent ledger: %w", err)
	}
	var heads []Head
	if err := sqlx.SelectContext(ctx, tx, &heads, sqlLockHeads, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("lock the consent ledger: %w", err)
	}
	byID := make(map[int64]*Head, len(heads))
	for i := range heads {
		byID[heads[i].WorkspaceID] = &heads[i]
	}
	return byID, nil
}

const sqlInsertHeads = `INSERT INTO consent_heads (workspace_id, seq, hash) `

const sqlLockHeads = `
SELECT workspace_id, seq, hash FROM consent_heads WHERE workspace_id = ANY($1) ORDER BY workspace_id FOR UPDATE`

func moveHeads(ctx context.Context, tx sqlx.ExtContext, heads map[int64]*Head) error {
	rows := inbox.NewRows("bigint", "bigint", "bytea")
	for _, h := range heads {
		rows.Add(h.WorkspaceID, h.Seq, h.Hash)
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(sqlUpdateHeads, rows.SQL()), rows.Args()...); err != nil {
		return fmt.Errorf("move the head of the consent ledger: %w", err)
	}
	return nil
}

const sqlUpdateHeads = `
UPDATE consent_heads h SET seq = v.seq, hash = v.hash FROM (%s) AS v (workspace_id, seq, hash)
WHERE h.workspace_id = v.workspace_id`
