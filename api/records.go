package api

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"ponte/auth"
	"ponte/consent"
	"ponte/fault"
	"ponte/inbox"
	"ponte/said"
)

// ConsentEntry is one entry of the consent ledger. Who it is about and what they said is missing where
// it was erased.
type ConsentEntry struct {
	Seq        int64             `json:"seq"`
	At         time.Time         `json:"at"`
	RecordedAt time.Time         `json:"recorded_at"`
	Channel    string            `json:"channel"`
	Purpose    string            `json:"purpose"`
	Act        string            `json:"act" enum:"ask,grant,refuse,withdraw,doubt,expire,confirm,import"`
	Kind       string            `json:"kind" enum:"express,inferred,none"`
	How        string            `json:"how"`
	Wording    string            `json:"wording"`
	Actor      string            `json:"actor"`
	ContactID  int64             `json:"contact_id"`
	IdentityID int64             `json:"identity_id"`
	Name       string            `json:"name"`
	Known      *Known            `json:"known" doc:"By what to tell who has no name; null where there is one"`
	Words      string            `json:"words"`
	Erased     bool              `json:"erased"`
	Evidence   map[string]string `json:"evidence"`
	ValidUntil *time.Time        `json:"valid_until"`
	Hash       string            `json:"hash"`
}

type consentListIn struct {
	ContactID int64 `query:"contact_id"`
	Paging
}

// listConsent is the ledger, the newest entry first: all of it, or what concerns one person through any
// address they were known by.
func (s *Server) listConsent(ctx context.Context, who *caller, in *consentListIn) (Page[ConsentEntry], error) {
	before, err := idCursor(in.Cursor)
	if err != nil {
		return Page[ConsentEntry]{}, err
	}
	if in.ContactID != 0 {
		if _, err := inbox.ViewContact(ctx, s.DB, who.WorkspaceID, in.ContactID); err != nil {
			return Page[ConsentEntry]{}, err
		}
	}
	entries, err := s.Ledger.Entries(ctx, s.DB, who.WorkspaceID, in.ContactID, before, in.Limit+1)
	if err != nil {
		return Page[ConsentEntry]{}, err
	}
	list, err := consent.Wordings(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Page[ConsentEntry]{}, err
	}
	wordings := map[int64]string{}
	for _, w := range list {
		wordings[w.ID] = w.Text
	}
	items := each(entries, func(e consent.Entry) ConsentEntry { return showEntry(e, wordings, who) })
	return pageByID(items, in.Limit, func(e ConsentEntry) int64 { return e.Seq }), nil
}

func showEntry(e consent.Entry, wordings map[int64]string, who *caller) ConsentEntry {
	out := ConsentEntry{Seq: e.Seq, At: e.At.UTC(), RecordedAt: e.RecordedAt.UTC(), Channel: e.Channel, Purpose: e.Purpose, Act: string(e.Act), Kind: string(e.Kind), How: e.How,
		Wording: wordings[deref(e.WordingID)], Actor: e.Actor, ContactID: e.Personal.ContactID, IdentityID: e.Personal.IdentityID, Name: e.Personal.Name, Known: showKnown(e.Personal.Name, consent.KnownBy(e.Personal.Address), who), Words: e.Personal.Words,
		Erased: e.Personal.Address == "", Evidence: e.Evidence, ValidUntil: utc(e.ValidUntil), Hash: hex.EncodeToString(e.Hash)}
	if out.Evidence == nil {
		out.Evidence = map[string]string{}
	}
	return out
}

// ConsentReport says whether the ledger is whole.
type ConsentReport struct {
	OK       bool            `json:"ok"`
	Entries  int64           `json:"entries"`
	Erased   int64           `json:"erased" doc:"Entries whose personal values are gone"`
	Head     LedgerHead      `json:"head"`
	Problems []LedgerProblem `json:"problems"`
}

// LedgerHead is the end of the chain; kept elsewhere, it shows later whether the tail was cut.
type LedgerHead struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

// LedgerProblem is something wrong with the chain.
type LedgerProblem struct {
	Seq  int64  `json:"seq"`
	What string `json:"what"`
}

type verifyIn struct {
	Seq  int64  `query:"seq" minimum:"0" doc:"A head that was kept elsewhere: its number"`
	Hash string `query:"hash" maxLength:"64" doc:"… and its hash"`
}

func (s *Server) verifyConsent(ctx context.Context, who *caller, in *verifyIn) (ConsentReport, error) {
	var pinned *consent.Head
	if in.Hash != "" {
		raw, err := hex.DecodeString(in.Hash)
		if err != nil || len(raw) != 32 {
			return ConsentReport{}, fault.Field("hash", "the hash of a head has 64 hexadecimal digits")
		}
		pinned = &consent.Head{WorkspaceID: who.WorkspaceID, Seq: in.Seq, Hash: raw}
	}
	rep, err := s.Ledger.Verify(ctx, s.DB, who.WorkspaceID, pinned)
	return ConsentReport{rep.OK(), rep.Entries, rep.Erased, LedgerHead{rep.Head.Seq, hex.EncodeToString(rep.Head.Hash)},
		each(rep.Problems, func(p consent.Problem) LedgerProblem { return LedgerProblem(p) })}, err
}

// AuditLine is one line of the audit log.
type AuditLine struct {
	ID       int64            `json:"id"`
	At       time.Time        `json:"at"`
	Actor    string           `json:"actor"`
	Name     string           `json:"name"`
	Verb     string           `json:"verb"`
	Object   string           `json:"object"`
	Whom     string           `json:"whom" doc:"Where the object is a member: their name"`
	Detail   map[string]any   `json:"detail"`
	Override []said.Statement `json:"override_parts" doc:"The override in the detail, where there is one, as statements with stable codes"`
}

type auditIn struct {
	Object string `query:"object" maxLength:"100" doc:"One thing, such as comment:7"`
	Paging
}

func (s *Server) listAudit(ctx context.Context, who *caller, in *auditIn) (Page[AuditLine], error) {
	before, err := idCursor(in.Cursor)
	if err != nil {
		return Page[AuditLine]{}, err
	}
	lines, err := auth.ReadAudit(ctx, s.DB, who.WorkspaceID, before, in.Object, in.Limit+1)
	if err != nil {
		return Page[AuditLine]{}, err
	}
	names, err := s.auditNames(ctx, lines)
	if err != nil {
		return Page[AuditLine]{}, err
	}
	items := make([]AuditLine, 0, len(lines))
	for _, l := range lines {
		item := AuditLine{l.ID, l.At.UTC(), l.Actor, nameOr(names, l.Actor), l.Verb, l.Object, names[l.Object], map[string]any{}, []said.Statement{}}
		if err := decode(l.Detail, &item.Detail); err != nil {
			return Page[AuditLine]{}, fmt.Errorf("read line %d of the audit log: %w", l.ID, err)
		}
		if why, ok := item.Detail["override"].(string); ok {
			item.Override = said.Read(why)
		}
		items = append(items, item)
	}
	return pageByID(items, in.Limit, func(l AuditLine) int64 { return l.ID }), nil
}

// auditNames are the names of those whom lines of the log name, also of those who have left since: what was done stays theirs.
func (s *Server) auditNames(ctx context.Context, lines []auth.Record) (map[string]string, error) {
	var who []string
	for _, l := range lines {
		for _, a := range []string{l.Actor, l.Object} {
			if strings.HasPrefix(a, "user:") {
				who = append(who, a)
			}
		}
	}
	return auth.NamesOfActors(ctx, s.DB, 0, who)
}

// DecisionRecord is everything that is kept of one verdict: enough to judge again and compare.
type DecisionRecord struct {
	ID          int64          `json:"id"`
	Subject     string         `json:"subject" enum:"comment,message"`
	SubjectID   int64          `json:"subject_id"`
	EventID     *int64         `json:"event_id"`
	Decision    string         `json:"decision" enum:"allow,review,hide,delete,spam,block"`
	Tier        string         `json:"tier" enum:"rules,model,llm,policy,person"`
	Provisional bool           `json:"provisional"`
	Verdict     map[string]any `json:"verdict"`
	Input       map[string]any `json:"input" doc:"As it was judged; empty where it was erased"`
	TokensIn    int            `json:"tokens_in"`
	TokensOut   int            `json:"tokens_out"`
	CostMicros  int64          `json:"cost_micros"`
	TookMicros  int64          `json:"took_micros"`
	Actor       string         `json:"actor"`
	CreatedAt   time.Time      `json:"created_at"`
}

type verdictIn struct {
	VerdictID int64 `path:"verdict_id" minimum:"1"`
}

func (s *Server) getDecision(ctx context.Context, who *caller, in *verdictIn) (DecisionRecord, error) {
	r, err := inbox.Decision(ctx, s.DB, who.WorkspaceID, in.VerdictID)
	if err != nil {
		return DecisionRecord{}, err
	}
	out := DecisionRecord{r.ID, r.Subject, r.SubjectID, r.EventID, r.Decision, r.Tier, r.Provisional, map[string]any{}, map[string]any{}, r.TokensIn, r.TokensOut, r.CostMicros, r.TookMicros, r.Actor, r.CreatedAt.UTC()}
	if err := decode(r.Verdict, &out.Verdict); err != nil {
		return out, fmt.Errorf("read verdict %d: %w", r.ID, err)
	}
	if err := decode(r.Input, &out.Input); err != nil {
		return out, fmt.Errorf("read the input of verdict %d: %w", r.ID, err)
	}
	return out, nil
}
