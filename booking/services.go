// Package booking keeps what can be booked and who has booked it: services with their hours and capacity,
// bookings, and the notices that go with them. Whoever reserves holds the service's row, so of two people who
// want the last place exactly one gets it, whichever process asks.
package booking

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/flow"
	"ponte/inbox"
)

// Notice is a template sent so many minutes before a booking begins, or after it ends.
type Notice struct {
	Minutes  int    `json:"minutes"`
	Template string `json:"template"`
}

// Service is something that can be booked.
type Service struct {
	WorkspaceID   int64      `db:"workspace_id"`
	ID            int64      `db:"id"`
	Key           string     `db:"key"`
	RawName       []byte     `db:"name"`
	Minutes       int        `db:"minutes"`
	EveryMinutes  int        `db:"every_minutes"`
	Capacity      int        `db:"capacity"`
	NoticeMinutes int        `db:"notice_minutes"`
	AheadDays     int        `db:"ahead_days"`
	RawHours      []byte     `db:"hours"` // null: the workspace's
	RawShared     []byte     `db:"shared"`
	RawReminders  []byte     `db:"reminders"`
	RawFeedback   []byte     `db:"feedback"`
	ArchivedAt    *time.Time `db:"archived_at"`

	Name      map[string]string `db:"-"`
	Reminders []Notice          `db:"-"`
	Feedback  *Notice           `db:"-"`
	Hours     *flow.Hours       `db:"-"` // in force; nil: it has none and can be booked by the team only
}

const sqlServices = `
SELECT s.workspace_id, s.id, s.key, s.name, s.minutes, s.every_minutes, s.capacity, s.notice_minutes, s.ahead_days, s.hours, h.hours AS shared, s.reminders, s.feedback, s.archived_at
FROM services s LEFT JOIN business_hours h ON h.workspace_id = s.workspace_id AND h.account_id IS NULL
WHERE s.workspace_id = $1`

// Services returns what can be booked in a workspace; archived services are left out.
func Services(ctx context.Context, q sqlx.QueryerContext, workspace int64) ([]Service, error) {
	var out []Service
	if err := sqlx.SelectContext(ctx, q, &out, sqlServices+` AND s.archived_at IS NULL ORDER BY s.key`, workspace); err != nil {
		return nil, fmt.Errorf("list services: %w", err)
	}
	for i := range out {
		if err := out[i].decode(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ServiceByID returns one service; with lock, nobody else reserves it until the transaction ends.
func ServiceByID(ctx context.Context, q sqlx.QueryerContext, workspace, id int64, lock bool) (Service, error) {
	return oneService(ctx, q, lock, ` AND s.id = $2`, workspace, id)
}

// ServiceByKey returns the service that flows name so.
func ServiceByKey(ctx context.Context, q sqlx.QueryerContext, workspace int64, key string, lock bool) (Service, error) {
	return oneService(ctx, q, lock, ` AND s.key = $2 AND s.archived_at IS NULL`, workspace, key)
}

func oneService(ctx context.Context, q sqlx.QueryerContext, lock bool, where string, args ...any) (Service, error) {
	stmt := sqlServices + where
	if lock {
		stmt += ` FOR NO KEY UPDATE OF s`
	}
	var s Service
	err := sqlx.GetContext(ctx, q, &s, stmt, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return s, fault.New(fault.NotFound, "service %v does not exist in this workspace", args[1])
	}
	if err != nil {
		return s, fmt.Errorf("load service %v: %w", args[1], err)
	}
	return s, s.decode()
}

func (s *Service) decode() error {
	for _, part := range []struct {
		raw  []byte
		into any
	}{{s.RawName, &s.Name}, {s.RawReminders, &s.Reminders}, {s.RawFeedback, &s.Feedback}} {
		if len(part.raw) == 0 {
			continue
		}
		if err := json.Unmarshal(part.raw, part.into); err != nil {
			return fmt.Errorf("read service %d: %w", s.ID, err)
		}
	}
	hours := s.RawHours
	if isNull(hours) {
		hours = s.RawShared
	}
	if isNull(hours) {
		return nil
	}
	var err error
	if s.Hours, err = flow.ParseHours(hours); err != nil {
		return fmt.Errorf("read the hours of service %d: %w", s.ID, err)
	}
	return nil
}

func isNull(raw []byte) bool { return len(raw) == 0 || string(raw) == "null" }

// Zone is where the service's times are told.
func (s Service) Zone() *time.Location {
	if s.Hours != nil {
		return s.Hours.Zone
	}
	return time.UTC
}

// Title is the service's name in a language, else in English, else in any.
func (s Service) Title(language string) string {
	for _, l := range []string{language, "en"} {
		if s.Name[l] != "" {
			return s.Name[l]
		}
	}
	for _, name := range s.Name {
		return name
	}
	return s.Key
}

// ForFlow is the service as flows know it.
func (s Service) ForFlow() flow.Service {
	out := flow.Service{ID: s.Key, Name: s.Name, Minutes: s.Minutes, Every: s.EveryMinutes, Capacity: s.Capacity, Notice: time.Duration(s.NoticeMinutes) * time.Minute, AheadDays: s.AheadDays, Zone: s.Zone()}
	for _, r := range s.Reminders {
		out.Reminders = append(out.Reminders, flow.Reminder{Before: time.Duration(r.Minutes) * time.Minute, Template: r.Template})
	}
	return out
}

// Save keeps a service, new (ID 0) or changed, and returns its id. Bookings that are made stay as they are.
func Save(ctx context.Context, tx sqlx.ExtContext, s Service) (int64, error) {
	name, err1 := json.Marshal(s.Name)
	reminders, err2 := json.Marshal(append([]Notice{}, s.Reminders...))
	feedback, err3 := json.Marshal(s.Feedback)
	if err := errors.Join(err1, err2, err3); err != nil {
		return 0, fmt.Errorf("encode a service: %w", err)
	}
	args := []any{s.WorkspaceID, s.Key, string(name), s.Minutes, s.EveryMinutes, s.Capacity, s.NoticeMinutes, s.AheadDays, orNull(s.RawHours), string(reminders), orNull(feedback)}
	stmt := sqlInsertService
	if s.ID != 0 {
		stmt, args = sqlUpdateService, append(args, s.ID)
	}
	var id int64
	err := sqlx.GetContext(ctx, tx, &id, stmt, args...)
	if errors.Is(err, sql.ErrNoRows) {
		if s.ID != 0 {
			return 0, fault.New(fault.NotFound, "service %d does not exist in this workspace", s.ID)
		}
		return 0, fault.New(fault.Conflict, "there is a service %q already; give this one another key", s.Key)
	}
	if err != nil {
		return 0, fmt.Errorf("keep a service: %w", err)
	}
	return id, inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: s.WorkspaceID, Topic: "service", ObjectID: id})
}

func orNull(raw []byte) any {
	if isNull(raw) {
		return nil
	}
	return string(raw)
}

const (
	sqlInsertService = `
INSERT INTO services (workspace_id, key, name, minutes, every_minutes, capacity, notice_minutes, ahead_days, hours, reminders, feedback)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (workspace_id, key) WHERE archived_at IS NULL DO NOTHING RETURNING id`
	sqlUpdateService = `
UPDATE services SET name = $3, minutes = $4, every_minutes = $5, capacity = $6, notice_minutes = $7, ahead_days = $8, hours = $9, reminders = $10, feedback = $11, updated_at = now()
WHERE workspace_id = $1 AND id = $12 AND key = $2 AND archived_at IS NULL RETURNING id`
)

// Archive takes a service out of the calendar; its bookings stay.
func Archive(ctx context.Context, tx sqlx.ExtContext, workspace, id int64) error {
	res, err := tx.ExecContext(ctx, `UPDATE services SET archived_at = now(), updated_at = now() WHERE workspace_id = $1 AND id = $2 AND archived_at IS NULL`, workspace, id)
	if err != nil {
		return fmt.Errorf("archive service %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.NotFound, "service %d does not exist in this workspace", id)
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspace, Topic: "service", ObjectID: id})
}

// Adopt makes the services of a flow that the workspace does not have yet, with the flow's hours. Those that
// are there stay as the team has set them. It returns the keys of the new ones.
func Adopt(ctx context.Context, tx sqlx.ExtContext, workspace int64, f *flow.Flow, document []byte) ([]string, error) {
	if len(f.Services) == 0 {
		return nil, nil
	}
	var d struct {
		Hours json.RawMessage `json:"hours"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, fmt.Errorf("read the hours of a flow: %w", err)
	}
	have, err := Services(ctx, tx, workspace)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, s := range have {
		known[s.Key] = true
	}
	var made []string
	for _, fs := range f.Services {
		if known[fs.ID] {
			continue
		}
		s := Service{WorkspaceID: workspace, Key: fs.ID, Name: fs.Name, Minutes: fs.Minutes, EveryMinutes: fs.Every, Capacity: fs.Capacity, NoticeMinutes: int(fs.Notice / time.Minute), AheadDays: fs.AheadDays, RawHours: d.Hours}
		for _, r := range fs.Reminders {
			s.Reminders = append(s.Reminders, Notice{int(r.Before / time.Minute), r.Template})
		}
		if _, err := Save(ctx, tx, s); err != nil {
			return nil, err
		}
		made = append(made, s.Key)
	}
	return made, nil
}
