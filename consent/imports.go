package consent

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/fault"
	"ponte/inbox"
)

// ListImport is a list from another system and how far it is.
type ListImport struct {
	WorkspaceID int64      `db:"workspace_id"`
	ID          int64      `db:"id"`
	Name        string     `db:"name"`
	State       string     `db:"state"`
	Origin      string     `db:"origin"`
	UploadedBy  string     `db:"uploaded_by"`
	ConfirmedBy string     `db:"confirmed_by"`
	ConfirmedAt *time.Time `db:"confirmed_at"`
	Rows        int        `db:"rows"`
	Position    int        `db:"position"`
	Waiting     int        `db:"waiting"`
	Refused     int        `db:"refused"`
	Imported    int        `db:"imported"`
	Suppressed  int        `db:"suppressed"`
	CreatedAt   time.Time  `db:"created_at"`
	EndedAt     *time.Time `db:"ended_at"`
}

// KeepImport keeps a list that was read. It counts for nothing until ConfirmImport.
func KeepImport(ctx context.Context, tx sqlx.ExtContext, workspace int64, name string, digest []byte, rows []ImportRow, actor string) (int64, error) {
	var id int64
	err := sqlx.GetContext(ctx, tx, &id, `INSERT INTO consent_imports (workspace_id, name, digest, uploaded_by, rows) VALUES ($1, $2, $3, $4, $5) RETURNING id`, workspace, name, digest, actor, len(rows))
	if pe, ok := err.(*pq.Error); ok && pe.Code == "23505" {
		return 0, fault.New(fault.Conflict, "the same file was uploaded before; cancel that import first, or change the file")
	}
	if err != nil {
		return 0, fmt.Errorf("keep an import: %w", err)
	}
	for len(rows) > 0 {
		n := min(1000, len(rows))
		values := inbox.NewRows("bigint", "bigint", "integer", "text", "text", "jsonb")
		for _, r := range rows[:n] {
			raw, err := json.Marshal(r.Values)
			if err != nil {
				return 0, fmt.Errorf("encode line %d: %w", r.Line, err)
			}
			state := "waiting"
			if r.Reason != "" {
				state = "refused"
			}
			values.Add(workspace, id, r.Line, state, r.Reason, string(raw))
		}
		if _, err := tx.ExecContext(ctx, sqlKeepImportRows+values.SQL(), values.Args()...); err != nil {
			return 0, fmt.Errorf("keep the rows of an import: %w", err)
		}
		rows = rows[n:]
	}
	return id, nil
}

const sqlKeepImportRows = `INSERT INTO consent_import_rows (workspace_id, import_id, line, state, reason, "values") `

// ConfirmImport lets a list count: the owner says in writing where it comes from.
func ConfirmImport(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, origin, actor string) error {
	var done []int64
	err := sqlx.SelectContext(ctx, tx, &done, `UPDATE consent_imports SET state = 'running', origin = $3, confirmed_by = $4, confirmed_at = now() WHERE workspace_id = $1 AND id = $2 AND state = 'checked' RETURNING id`, workspace, id, origin, actor)
	return oneImport(done, err, id, "confirm")
}

// CancelImport ends a list; what was imported of it stays, what was not is forgotten.
func CancelImport(ctx context.Context, tx sqlx.ExtContext, workspace, id int64) error {
	var done []int64
	err := sqlx.SelectContext(ctx, tx, &done, `UPDATE consent_imports SET state = 'cancelled', ended_at = now() WHERE workspace_id = $1 AND id = $2 AND state IN ('checked','running') RETURNING id`, workspace, id)
	if err := oneImport(done, err, id, "cancel"); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE consent_import_rows SET "values" = '{}', state = CASE WHEN state = 'waiting' THEN 'refused' ELSE state END, reason = CASE WHEN state = 'waiting' THEN 'cancelled' ELSE reason END WHERE workspace_id = $1 AND import_id = $2`, workspace, id); err != nil {
		return fmt.Errorf("forget the rows of import %d: %w", id, err)
	}
	return nil
}

func oneImport(done []int64, err error, id int64, verb string) error {
	if err != nil {
		return fmt.Errorf("%s import %d: %w", verb, id, err)
	}
	if len(done) == 0 {
		return fault.New(fault.NotFound, "import %d does not exist in this workspace, or is past that", id)
	}
	return nil
}

// Imports lists imports with their counts, the newest first; with an id, that one.
func Imports(ctx context.Context, q sqlx.QueryerContext, workspace, id, before int64, limit int) ([]ListImport, error) {
	var out []ListImport
	if err := sqlx.SelectContext(ctx, q, &out, sqlImports, workspace, id, before, limit); err != nil {
		return nil, fmt.Errorf("list imports: %w", err)
	}
	return out, nil
}

const sqlImports = `
SELECT i.workspace_id, i.id, i.name, i.state, i.origin, i.uploaded_by, i.confirmed_by, i.confirmed_at, i.rows, i.position, i.created_at, i.ended_at,
       count(*) FILTER (WHERE r.state = 'waiting') AS waiting, count(*) FILTER (WHERE r.state = 'refused') AS refused,
       count(*) FILTER (WHERE r.state = 'imported') AS imported, count(*) FILTER (WHERE r.state = 'suppressed') AS suppressed
FROM consent_imports i LEFT JOIN consent_import_rows r ON r.workspace_id = i.workspace_id AND r.import_id = i.id
WHERE i.workspace_id = $1 AND ($2::bigint = 0 OR i.id = $2) AND ($3::bigint = 0 OR i.id < $3)
GROUP BY i.id, i.workspace_id ORDER BY i.id DESC LIMIT $4`

// importChunk is how many rows one transaction takes.
const importChunk = 100

// StepImport works on the next rows of one running import and says whether there was one. Progress is in
// the same transaction as the work, so that a process that dies leaves nothing done twice.
func (l *Ledger) StepImport(ctx context.Context, db *sqlx.DB) (bool, error) {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	var runs []importRun
	if err := tx.SelectContext(ctx, &runs, sqlTakeImport); err != nil {
		return false, fmt.Errorf("take an import: %w", err)
	}
	if len(runs) == 0 {
		return false, nil
	}
	if err := l.stepImport(ctx, tx, runs[0]); err != nil {
		return false, err
	}
	if err := tx.Commit(); err != nil {
		return false, fmt.Errorf("commit: %w", err)
	}
	return true, nil
}

type importRun struct {
	Workspace   int64           `db:"workspace_id"`
	ID          int64           `db:"id"`
	Position    int             `db:"position"`
	ConfirmedBy string          `db:"confirmed_by"`
	ConfirmedAt time.Time       `db:"confirmed_at"`
	Brand       string          `db:"brand"`
	Settings    json.RawMessage `db:"settings"`
}

const sqlTakeImport = `
SELECT i.workspace_id, i.id, i.position, i.confirmed_by, i.confirmed_at, CASE WHEN w.brand <> '' THEN w.brand ELSE w.name END AS brand, w.settings
FROM consent_imports i JOIN workspaces w ON w.id = i.workspace_id WHERE i.state = 'running' ORDER BY i.id LIMIT 1 FOR UPDATE OF i SKIP LOCKED`

type waitingRow struct {
	Line int             `db:"line"`
	Raw  json.RawMessage `db:"values"`
	v    map[string]string
}

func (l *Ledger) stepImport(ctx context.Context, tx *sqlx.Tx, run importRun) error {
	var rows []waitingRow
	err := tx.SelectContext(ctx, &rows, `SELECT line, "values" FROM consent_import_rows WHERE workspace_id = $1 AND import_id = $2 AND line > $3 AND state = 'waiting' ORDER BY line LIMIT $4`, run.Workspace, run.ID, run.Position, importChunk)
	if err != nil {
		return fmt.Errorf("read rows of import %d: %w", run.ID, err)
	}
	if len(rows) == 0 {
		if _, err := tx.ExecContext(ctx, `UPDATE consent_imports SET state = 'done', ended_at = now() WHERE workspace_id = $1 AND id = $2`, run.Workspace, run.ID); err != nil {
			return fmt.Errorf("finish import %d: %w", run.ID, err)
		}
		return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: run.Workspace, Topic: "import", ObjectID: run.ID})
	}
	for i := range rows {
		if err := json.Unmarshal(rows[i].Raw, &rows[i].v); err != nil {
			return fmt.Errorf("read line %d of import %d: %w", rows[i].Line, run.ID, err)
		}
	}
	if err := l.importRows(ctx, tx, run, rows); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE consent_imports SET position = $3 WHERE workspace_id = $1 AND id = $2`, run.Workspace, run.ID, rows[len(rows)-1].Line); err != nil {
		return fmt.Errorf("keep the place in import %d: %w", run.ID, err)
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: run.Workspace, Topic: "import", ObjectID: run.ID})
}

type importOutcome struct {
	state, reason string
	contact       *int64
}

// importRows enters what may count. Numbers that are suppressed are looked for before anybody is made
// known by them, so that an erased person is not collected again.
func (l *Ledger) importRows(ctx context.Context, tx *sqlx.Tx, run importRun, rows []waitingRow) error {
	out := make([]importOutcome, len(rows))
	suppressed, err := l.suppressed(ctx, tx, run, rows)
	if err != nil {
		return err
	}
	own, err := inbox.OwnNumbers(ctx, tx, run.Workspace) // an account may have been added since the list was read
	if err != nil {
		return err
	}
	var people []inbox.Person
	for i, r := range rows {
		if own[r.v["phone"]] {
			out[i] = importOutcome{state: "refused", reason: ownNumber}
			continue
		}
		if why := suppressed[r.v["phone"]]; why != "" && r.v["act"] == "grant" {
			out[i] = importOutcome{state: "suppressed", reason: why}
			continue
		}
		people = append(people, inbox.Person{PersonKey: importKey(run, r), Name: r.v["name"], Language: r.v["language"]})
	}
	met, err := inbox.MeetPeople(ctx, tx, people, nil, nil)
	if err != nil {
		return err
	}
	var keys []Key
	for i, r := range rows {
		if out[i].state == "" {
			keys = append(keys, Key{run.Workspace, met.Find(importKey(run, r)).ContactID})
		}
	}
	histories, err := l.Histories(ctx, tx, keys)
	if err != nil {
		return err
	}
	var entries []Entry
	for i, r := range rows {
		if out[i].state != "" {
			continue
		}
		who := met.Find(importKey(run, r))
		h := histories[Key{run.Workspace, who.ContactID}]
		add, why := l.imported(run, r, who, h.State(who.ID, "whatsapp", Promotional, l.now()))
		out[i] = importOutcome{"imported", "", &who.ContactID}
		if why != "" {
			out[i] = importOutcome{"suppressed", why, &who.ContactID}
		}
		entries = append(entries, add...)
	}
	if err := l.Append(ctx, tx, entries); err != nil {
		return err
	}
	return writeOutcomes(ctx, tx, run, rows, out)
}

func importKey(run importRun, r waitingRow) inbox.PersonKey {
	return inbox.PersonKey{WorkspaceID: run.Workspace, Channel: channels.WhatsApp, Phone: r.v["phone"]}
}

// imported makes the entries of one row: what the other system claims, and the owner's word that it is so.
func (l *Ledger) imported(run importRun, r waitingRow, who *inbox.Identity, now State) ([]Entry, string) {
	at, _ := time.Parse(time.RFC3339, r.v["consent_at"]) // checked when the file was read
	e := Entry{WorkspaceID: run.Workspace, At: at, Brand: run.Brand, Channel: "whatsapp", Purpose: Promotional, Act: Import, Kind: Kind(r.v["kind"]), How: "import",
		Evidence: Evidence{"import": fmt.Sprint(run.ID), "line": fmt.Sprint(r.Line)}, Actor: fmt.Sprintf("import:%d", run.ID),
		Personal: Personal{ContactID: who.ContactID, IdentityID: who.ID, Address: AddressOf(*who), Name: r.v["name"]}}
	for _, name := range []string{"source", "wording_version", "evidence_id"} {
		if r.v[name] != "" {
			e.Evidence[name] = r.v[name]
		}
	}
	if r.v["act"] == "withdraw" {
		e.Act, e.Kind, e.Channel = Withdraw, Express, All
		return []Entry{e}, ""
	}
	switch {
	case now.Status == Granted:
		return nil, "" // proved better already
	case now.Status != Unknown:
		return nil, suppressedWhy(now.Status)
	}
	confirm := e
	confirm.Act, confirm.At, confirm.Actor = Confirm, l.now(), run.ConfirmedBy
	confirm.ValidUntil = ends(e, rulesOrStrict(run.Settings), nil)
	if confirm.ValidUntil != nil && !confirm.ValidUntil.After(l.now()) {
		return nil, "the consent is too old: it had ended by the workspace's own rules"
	}
	confirm.Evidence = Evidence{"import": fmt.Sprint(run.ID), "confirmed_at": run.ConfirmedAt.UTC().Format(time.RFC3339)}
	return []Entry{e, confirm}, ""
}

func suppressedWhy(s Status) string {
	switch s {
	case Withdrawn:
		return "the person took their consent back, or was erased: a list does not bring it back"
	case Refused:
		return "the person said no: a list does not change that"
	case Doubtful:
		return "the person may have asked to stop: they must answer first"
	case Expired:
		return "the person's consent has ended: they must give it again"
	}
	return ""
}

// suppressed says of numbers alone whether anything in the ledger speaks against them.
func (l *Ledger) suppressed(ctx context.Context, q sqlx.QueryerContext, run importRun, rows []waitingRow) (map[string]string, error) {
	subjects, phones := inbox.NewRows("bigint", "bytea"), map[string]string{}
	for _, r := range rows {
		s := l.subject(run.Workspace, PhoneAddress(r.v["phone"]))
		phones[string(s)] = r.v["phone"]
		subjects.Add(run.Workspace, s)
	}
	var found []entryRow
	if err := sqlx.SelectContext(ctx, q, &found, sqlSelectEntries+` JOIN (`+subjects.SQL()+`) AS k (workspace_id, subject) ON e.workspace_id = k.workspace_id AND e.subject = k.subject`, subjects.Args()...); err != nil {
		return nil, fmt.Errorf("look for suppressed numbers: %w", err)
	}
	histories := map[string]*History{}
	for _, r := range found {
		e, err := r.entry()
		if err != nil {
			return nil, fmt.Errorf("read consent entry %d: %w", r.Seq, err)
		}
		h := histories[string(r.Subject)]
		if h == nil {
			h = &History{Brand: run.Brand, Inferred: rulesOrStrict(run.Settings).Inferred, subjects: map[int64][][]byte{0: {r.Subject}}}
			histories[string(r.Subject)] = h
		}
		h.add(e)
	}
	out := map[string]string{}
	for subject, h := range histories {
		sortEntries(h)
		out[phones[subject]] = suppressedWhy(h.State(0, "whatsapp", Promotional, l.now()).Status)
	}
	return out, nil
}

func writeOutcomes(ctx context.Context, tx *sqlx.Tx, run importRun, rows []waitingRow, out []importOutcome) error {
	values := inbox.NewRows("integer", "text", "text", "bigint")
	for i, r := range rows {
		values.Add(r.Line, out[i].state, out[i].reason, out[i].contact)
	}
	args := append(values.Args(), run.Workspace, run.ID)
	stmt := fmt.Sprintf(sqlWriteOutcomes, values.SQL(), len(args)-1, len(args))
	if _, err := tx.ExecContext(ctx, stmt, args...); err != nil {
		return fmt.Errorf("write what came of import %d: %w", run.ID, err)
	}
	return nil
}

// A suppressed row keeps its number for the error file, until the import is tidied away.
const sqlWriteOutcomes = `
UPDATE consent_import_rows r SET state = v.state, reason = v.reason, contact_id = v.contact, "values" = CASE WHEN v.state = 'imported' THEN '{}' ELSE r."values" END
FROM (%s) AS v (line, state, reason, contact) WHERE r.line = v.line AND r.workspace_id = $%d AND r.import_id = $%d`
