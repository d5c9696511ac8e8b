package api

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/consent"
	"ponte/fault"
	"ponte/flow"
	"ponte/inbox"
)

// ConsentImport is a list from another system and how far it is.
type ConsentImport struct {
	ID          int64      `json:"id"`
	Name        string     `json:"name"`
	State       string     `json:"state" enum:"checked,running,done,cancelled"`
	Origin      string     `json:"origin" doc:"The owner's statement where it comes from"`
	UploadedBy  string     `json:"uploaded_by"`
	ConfirmedBy string     `json:"confirmed_by"`
	Rows        int        `json:"rows"`
	Waiting     int        `json:"waiting"`
	Refused     int        `json:"refused" doc:"Rows without the proof they need"`
	Imported    int        `json:"imported"`
	Suppressed  int        `json:"suppressed" doc:"Numbers whose owners said no, or were erased"`
	CreatedAt   time.Time  `json:"created_at"`
	EndedAt     *time.Time `json:"ended_at"`
}

func (s *Server) showImport(ctx context.Context, workspace int64) (func(consent.ListImport) ConsentImport, error) {
	names, err := s.actorNames(ctx, workspace)
	return func(i consent.ListImport) ConsentImport {
		return ConsentImport{i.ID, i.Name, i.State, i.Origin, firstOf(names[i.UploadedBy], i.UploadedBy), firstOf(names[i.ConfirmedBy], i.ConfirmedBy), i.Rows, i.Waiting, i.Refused, i.Imported, i.Suppressed, i.CreatedAt.UTC(), utc(i.EndedAt)}
	}, err
}

func (s *Server) listImports(ctx context.Context, who *caller, in *struct{ Paging }) (Page[ConsentImport], error) {
	before, err := idCursor(in.Cursor)
	if err != nil {
		return Page[ConsentImport]{}, err
	}
	list, err := consent.Imports(ctx, s.DB, who.WorkspaceID, 0, before, in.Limit+1)
	if err != nil {
		return Page[ConsentImport]{}, err
	}
	show, err := s.showImport(ctx, who.WorkspaceID)
	return pageByID(each(list, show), in.Limit, func(i ConsentImport) int64 { return i.ID }), err
}

func (s *Server) getImport(ctx context.Context, who *caller, in *ByID) (ConsentImport, error) {
	list, err := consent.Imports(ctx, s.DB, who.WorkspaceID, in.ID, 0, 1)
	if err != nil {
		return ConsentImport{}, err
	}
	if len(list) == 0 {
		return ConsentImport{}, fault.New(fault.NotFound, "import %d does not exist in this workspace", in.ID)
	}
	show, err := s.showImport(ctx, who.WorkspaceID)
	return show(list[0]), err
}

type uploadIn struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"200" doc:"Of the file"`
		Text string `json:"text" minLength:"1" doc:"The file: CSV in UTF-8 with the columns phone, consent_at, source, wording_version, evidence_id, and name, language, kind, act where known"`
	}
}

// uploadImport reads a list and says of each row whether it could count. Nothing of it counts yet.
func (s *Server) uploadImport(ctx context.Context, who *caller, in *uploadIn) (ConsentImport, error) {
	name, err := cleanText(in.Body.Name)
	if err != nil {
		return ConsentImport{}, fault.Field("name", "say the file's name")
	}
	w, err := inbox.LoadWorkspace(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return ConsentImport{}, err
	}
	rows, err := consent.ParseImport([]byte(in.Body.Text), s.Now(), func(v string) (string, bool) { return flow.Number(v, w.Country) })
	if err != nil {
		return ConsentImport{}, err
	}
	own, err := inbox.OwnNumbers(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return ConsentImport{}, err
	}
	consent.RefuseOwn(rows, own)
	sum := sha256.Sum256([]byte(in.Body.Text))
	var id int64
	err = s.change(ctx, func(tx *sqlx.Tx) error {
		if id, err = consent.KeepImport(ctx, tx, who.WorkspaceID, name, sum[:], rows, who.Actor()); err != nil {
			return err
		}
		return s.importChanged(ctx, tx, who, "consent.import_upload", id)
	})
	if err != nil {
		return ConsentImport{}, err
	}
	return s.getImport(ctx, who, &ByID{id})
}

type originIn struct {
	ByID
	Body struct {
		Origin string `json:"origin" minLength:"20" maxLength:"2000" doc:"Where the list comes from, how people agreed, and who can show it: the owner's word"`
	}
}

// confirmImport is the owner's written word. From here on the rows are entered one after the other.
func (s *Server) confirmImport(ctx context.Context, who *caller, in *originIn) (ConsentImport, error) {
	origin, err := cleanText(in.Body.Origin)
	if err != nil {
		return ConsentImport{}, fault.Field("origin", "say where the list comes from")
	}
	err = s.change(ctx, func(tx *sqlx.Tx) error {
		if err := consent.ConfirmImport(ctx, tx, who.WorkspaceID, in.ID, origin, who.Actor()); err != nil {
			return err
		}
		return s.importChanged(ctx, tx, who, "consent.import_confirm", in.ID)
	})
	if err != nil {
		return ConsentImport{}, err
	}
	return s.getImport(ctx, who, &in.ByID)
}

func (s *Server) cancelImport(ctx context.Context, who *caller, in *emptyIn) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		if err := consent.CancelImport(ctx, tx, who.WorkspaceID, in.ID); err != nil {
			return err
		}
		return s.importChanged(ctx, tx, who, "consent.import_cancel", in.ID)
	})
}

func (s *Server) importChanged(ctx context.Context, tx *sqlx.Tx, who *caller, verb string, id int64) error {
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), verb, fmt.Sprintf("import:%d", id), nil); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "import", ObjectID: id})
}

// importErrors is the error file: what was not imported, with the line and why, to be put right and
// uploaded again. What a spreadsheet would run is written so that it does not.
func (s *Server) importErrors(c *fiber.Ctx, who *caller) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	if _, err := s.getImport(c.Context(), who, &ByID{id}); err != nil {
		return err
	}
	rows, err := s.DB.QueryxContext(c.Context(), `SELECT line, state, reason, "values" FROM consent_import_rows WHERE workspace_id = $1 AND import_id = $2 AND state IN ('refused','suppressed') ORDER BY line`, who.WorkspaceID, id)
	if err != nil {
		return fmt.Errorf("read the error file of import %d: %w", id, err)
	}
	defer rows.Close()
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, fmt.Sprintf(`attachment; filename="import-%d-errors.csv"`, id))
	w := csv.NewWriter(c)
	columns := []string{"phone", "consent_at", "source", "wording_version", "evidence_id", "name", "language", "kind", "act"}
	_ = w.Write(append([]string{"line", "outcome", "reason"}, columns...))
	for rows.Next() {
		var r struct {
			Line   int             `db:"line"`
			State  string          `db:"state"`
			Reason string          `db:"reason"`
			Values json.RawMessage `db:"values"`
		}
		if err := rows.StructScan(&r); err != nil {
			return fmt.Errorf("read the error file of import %d: %w", id, err)
		}
		var v map[string]string
		if err := decode(r.Values, &v); err != nil {
			return fmt.Errorf("read line %d of import %d: %w", r.Line, id, err)
		}
		if v["phone"] != "" && inbox.Digits(v["phone"]) == v["phone"] {
			v["phone"] = "+" + v["phone"] // as it must stand in a file
		}
		rec := []string{strconv.Itoa(r.Line), r.State, r.Reason}
		for _, name := range columns {
			rec = append(rec, consent.Cell(v[name]))
		}
		_ = w.Write(rec) // into memory
	}
	w.Flush()
	return rows.Err()
}
