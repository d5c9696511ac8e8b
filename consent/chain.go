package consent

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
)

// Head is the end of a workspace's chain. Exported and kept elsewhere, it shows later whether the
// tail was cut or the whole chain made anew.
type Head struct {
	WorkspaceID int64  `db:"workspace_id" json:"workspace"`
	Seq         int64  `db:"seq" json:"seq"`
	Hash        []byte `db:"hash" json:"-"`
}

type headJSON struct {
	WorkspaceID int64  `json:"workspace"`
	Seq         int64  `json:"seq"`
	Hash        string `json:"hash"`
}

// MarshalJSON writes the hash in hex.
func (h Head) MarshalJSON() ([]byte, error) {
	return json.Marshal(headJSON{h.WorkspaceID, h.Seq, hex.EncodeToString(h.Hash)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *Head) UnmarshalJSON(b []byte) error {
	var v headJSON
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	raw, err := hex.DecodeString(v.Hash)
	if err != nil || len(raw) != sha256.Size {
		return fault.New(fault.Invalid, "the pinned head is damaged: its hash is not 64 hex digits")
	}
	*h = Head{v.WorkspaceID, v.Seq, raw}
	return nil
}

// ExportHead returns the head of a workspace's chain, to be pinned outside.
func (l *Ledger) ExportHead(ctx context.Context, q sqlx.QueryerContext, workspace int64) (Head, error) {
	var heads []Head
	if err := sqlx.SelectContext(ctx, q, &heads, sqlSelectHead, workspace); err != nil {
		return Head{}, fmt.Errorf("read the head of the consent ledger: %w", err)
	}
	if len(heads) == 0 {
		return Head{WorkspaceID: workspace, Hash: l.genesis(workspace)}, nil
	}
	return heads[0], nil
}

const sqlSelectHead = `SELECT workspace_id, seq, hash FROM consent_heads WHERE workspace_id = $1`

// Problem is something wrong with the chain.
type Problem struct {
	Seq  int64  `json:"seq"`
	What string `json:"what"`
}

// Report is the outcome of Verify.
type Report struct {
	Entries  int64     `json:"entries"`
	Erased   int64     `json:"erased"` // entries whose personal values are gone
	Head     Head      `json:"head"`
	Problems []Problem `json:"problems"`
}

// OK says whether nothing is wrong.
func (r Report) OK() bool { return len(r.Problems) == 0 }

// Verify recomputes a workspace's chain and reports entries that were edited, removed, reordered or
// cut off. A pinned head, where given, must lie on the chain.
func (l *Ledger) Verify(ctx context.Context, db *sqlx.DB, workspace int64, pinned *Head) (Report, error) {
	tx, err := db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}) // entries and head as of one instant
	if err != nil {
		return Report{}, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	return l.verify(ctx, tx, workspace, pinned)
}

func (l *Ledger) verify(ctx context.Context, db sqlx.QueryerContext, workspace int64, pinned *Head) (Report, error) {
	rep := Report{Head: Head{WorkspaceID: workspace, Hash: l.genesis(workspace)}, Problems: []Problem{}}
	if pinned != nil && pinned.WorkspaceID != workspace {
		return rep, fault.New(fault.Invalid, "the pinned head is of workspace %d, not of %d", pinned.WorkspaceID, workspace)
	}
	rows, err := db.QueryxContext(ctx, sqlSelectEntries+` WHERE e.workspace_id = $1 ORDER BY e.seq`, workspace)
	if err != nil {
		return rep, fmt.Errorf("read the consent ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r entryRow
		if err := rows.StructScan(&r); err != nil {
			return rep, fmt.Errorf("read the consent ledger: %w", err)
		}
		l.verifyEntry(&rep, r, pinned)
	}
	if err := rows.Err(); err != nil {
		return rep, fmt.Errorf("read the consent ledger: %w", err)
	}
	stored, err := l.ExportHead(ctx, db, workspace)
	if err != nil {
		return rep, err
	}
	if stored.Seq != rep.Head.Seq || !bytes.Equal(stored.Hash, rep.Head.Hash) {
		rep.add(rep.Head.Seq, "the chain ends here, but its recorded head is entry %d: entries at the end were cut or the head was changed", stored.Seq)
	}
	if pinned != nil && pinned.Seq > rep.Head.Seq {
		rep.add(rep.Head.Seq, "the pinned head is entry %d: entries at the end were cut", pinned.Seq)
	}
	return rep, nil
}

func (l *Ledger) verifyEntry(rep *Report, r entryRow, pinned *Head) {
	e, err := r.entry()
	if err != nil {
		rep.add(r.Seq, "the entry cannot be read: %v", err)
		e = Entry{WorkspaceID: r.WorkspaceID, Seq: r.Seq, Format: r.Format, Hash: r.Hash, PrevHash: r.PrevHash}
	}
	if want := rep.Head.Seq + 1; e.Seq != want {
		rep.add(e.Seq, "entries %d to %d are missing", want, e.Seq-1)
	} else if !bytes.Equal(e.PrevHash, rep.Head.Hash) {
		rep.add(e.Seq, "the entry does not follow the one before it: one of them was replaced or moved")
	}
	if !hmac.Equal(e.Hash, l.hash(e)) {
		rep.add(e.Seq, "the entry was edited")
	}
	l.verifyPersonal(rep, e, r)
	if pinned != nil && pinned.Seq == e.Seq && !bytes.Equal(pinned.Hash, e.Hash) {
		rep.add(e.Seq, "the entry differs from the pinned head: the chain was made anew")
	}
	rep.Entries++
	rep.Head.Seq, rep.Head.Hash = e.Seq, e.Hash
}

func (l *Ledger) verifyPersonal(rep *Report, e Entry, r entryRow) {
	switch {
	case r.Salt == nil:
		rep.Erased++
	case !bytes.Equal(commit(r.Salt, e.Personal), e.Commitment):
		rep.add(e.Seq, "the personal values beside the entry were edited")
	case !bytes.Equal(l.subject(e.WorkspaceID, e.Personal.Address), e.Subject):
		rep.add(e.Seq, "the entry's address is not the one it was written for")
	}
}

func (r *Report) add(seq int64, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{seq, fmt.Sprintf(format, args...)})
}

func (l *Ledger) genesis(workspace int64) []byte {
	return l.mac("genesis", func(w *fields) { w.int(workspace) })
}

// subject finds an address again after everything personal is erased. It is keyed, so that a copy of
// the table does not let anybody try all phone numbers.
func (l *Ledger) subject(workspace int64, address string) []byte {
	return l.mac("subject", func(w *fields) { w.int(workspace); w.text(address) })
}

// hash binds an entry. Its format says which columns: format 2 added the legal name. What was hashed
// under an earlier format verifies for ever.
func (l *Ledger) hash(e Entry) []byte {
	return l.mac("entry", func(w *fields) {
		if e.Format > 1 {
			w.int(int64(e.Format))
			w.text(e.LegalName)
		}
		w.int(e.WorkspaceID)
		w.int(e.Seq)
		w.time(&e.At)
		w.time(&e.RecordedAt)
		w.bytes(e.Subject)
		for _, s := range []string{e.Brand, e.Channel, e.Purpose, string(e.Act), string(e.Kind), e.How, e.Actor} {
			w.text(s)
		}
		w.bool(e.WordingID != nil)
		if e.WordingID != nil {
			w.int(*e.WordingID)
		}
		w.int(int64(len(e.Evidence)))
		for _, k := range slices.Sorted(maps.Keys(e.Evidence)) {
			w.text(k)
			w.text(e.Evidence[k])
		}
		w.time(e.ValidUntil)
		w.bytes(e.Commitment)
		w.bytes(e.PrevHash)
	})
}

func commit(salt []byte, p Personal) []byte {
	w := fields{}
	w.bytes(salt)
	w.int(p.ContactID)
	w.int(p.IdentityID)
	for _, s := range []string{p.Address, p.Name, p.Words, p.TimeZone} {
		w.text(s)
	}
	sum := sha256.Sum256(w.b)
	return sum[:]
}

func (l *Ledger) mac(what string, write func(*fields)) []byte {
	w := fields{}
	w.text(what)
	write(&w)
	m := hmac.New(sha256.New, l.key)
	m.Write(w.b)
	return m.Sum(nil)
}

// fields encodes values so that no two lists of values give the same bytes: every one has its length.
type fields struct{ b []byte }

func (w *fields) int(v int64)   { w.b = binary.BigEndian.AppendUint64(w.b, uint64(v)) }
func (w *fields) text(s string) { w.int(int64(len(s))); w.b = append(w.b, s...) }
func (w *fields) bytes(p []byte) {
	w.int(int64(len(p)))
	w.b = append(w.b, p...)
}

func (w *fields) bool(v bool) {
	if v {
		w.b = append(w.b, 1)
	} else {
		w.b = append(w.b, 0)
	}
}

func (w *fields) time(t *time.Time) {
	w.bool(t != nil)
	if t != nil {
		w.int(t.UnixMicro())
	}
}
