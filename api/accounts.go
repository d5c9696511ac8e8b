package api

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/channels"
	"ponte/consent"
	"ponte/fault"
	"ponte/gate"
	"ponte/inbox"
	"ponte/ingest"
	"ponte/outbox"
	"ponte/template"
)

// Account is a connected Page, Instagram account or WhatsApp number.
type Account struct {
	ID          int64  `json:"id"`
	Channel     string `json:"channel" enum:"facebook,instagram,messenger,whatsapp"`
	ExternalID  string `json:"external_id"`
	Name        string `json:"name"`
	BaseURL     string `json:"base_url"`
	WABAID      string `json:"waba_id"`
	Phone       string `json:"phone"`
	PageID      string `json:"page_id"`
	State       string `json:"state" enum:"connected,needs_reauthorisation,removed"`
	StateReason string `json:"state_reason"`
	Sending     bool   `json:"sending"`
	Automate    bool   `json:"automate" doc:"false: nothing on it is automatic, people decide"`
	Coverage    string `json:"coverage"`
	Health      Health `json:"health"`

	CoverageShare *float64   `json:"coverage_share" doc:"Of the comments of seven days, the part that webhooks told, 0 to 1; null: not measured"`
	Comments      *Coverage  `json:"comments_coverage" doc:"Comments of seven days: how many are known, and how many of them webhooks told; null: not measured"`
	Messages      *Coverage  `json:"messages_coverage" doc:"The same of customers' messages, on Instagram and Messenger; WhatsApp cannot be read back"`
	SweptAt       *time.Time `json:"swept_at" doc:"When recent comments were last read back"`
	Backfill      *Backfill  `json:"backfill" doc:"Null: its history was never asked for"`

	TemplatesReadAt *time.Time `json:"templates_read_at" doc:"WhatsApp: when its templates were last read; they are read every hour. Null: never"`
	TemplatesNote   string     `json:"templates_note" doc:"Why its templates could not be read the last time; empty: they could"`
}

// Backfill is the reading of an account's history.
type Backfill struct {
	State     string     `json:"state" enum:"waiting,reading,paused,done,cancelled,failed"`
	StartedAt *time.Time `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at"`
	Posts     int        `json:"posts"`
	MostPosts int        `json:"most_posts" doc:"So many posts are read at most"`
	Comments  int        `json:"comments"`
	Note      string     `json:"note" doc:"What went wrong last"`
	AgainAt   *time.Time `json:"again_at" doc:"Paused: when it goes on"`
}

func showBackfill(a inbox.Account) *Backfill {
	p := ingest.ReadProgress(a)
	out := &Backfill{EndedAt: utc(p.Ended), Posts: p.Posts, MostPosts: ingest.MaxBackfillPosts, Comments: p.Comments, Note: p.Note, AgainAt: utc(p.Again)}
	if !p.Started.IsZero() {
		out.StartedAt = utc(&p.Started)
	}
	switch {
	case p.Wanted && p.Again != nil:
		out.State = "paused"
	case p.Wanted && p.Started.IsZero():
		out.State = "waiting"
	case p.Wanted:
		out.State = "reading"
	case p.Done:
		out.State = "done"
	case p.Cancelled:
		out.State = "cancelled"
	case p.Note != "":
		out.State = "failed"
	default:
		return nil
	}
	return out
}

// Health is what was last seen of an account, without anybody asking.
type Health struct {
	CheckedAt     *time.Time       `json:"checked_at"`
	TokenExpires  *time.Time       `json:"token_expires" doc:"null: it does not end, or it is not known"`
	AccessExpires *time.Time       `json:"access_expires"`
	Quality       string           `json:"quality"`
	Problems      []AccountProblem `json:"problems"`
}

// AccountProblem is something that is wrong with an account.
type AccountProblem struct {
	Code    string    `json:"code" enum:"token_invalid,token_expiring,access_expiring,subscription_lost,permission_missing,quality_red,unreachable,signature_refused"`
	Meaning string    `json:"meaning"`
	Fix     string    `json:"fix"`
	Since   time.Time `json:"since"`

	Params map[string]string `json:"params" doc:"The values in the meaning, for another language"`
}

func showHealth(a inbox.Account) Health {
	h := a.ReadHealth()
	out := Health{TokenExpires: utc(h.TokenExpires), AccessExpires: utc(h.AccessExpires), Quality: h.Quality,
		Problems: each(h.Problems, func(p inbox.AccountProblem) AccountProblem {
			if p.Params == nil {
				p.Params = map[string]string{}
			}
			return AccountProblem{p.Code, p.Meaning, p.Fix, p.Since.UTC(), p.Params}
		})}
	if !h.CheckedAt.IsZero() {
		out.CheckedAt = utc(&h.CheckedAt)
	}
	return out
}

func showAccount(a inbox.Account) Account {
	phone := a.Phone // the brand's own public number, not a person's
	if phone != "" {
		phone = "+" + phone
	}
	out := Account{ID: a.ID, Channel: a.Channel, ExternalID: a.ExternalID, Name: a.Name, BaseURL: a.BaseURL, WABAID: a.WABAID, Phone: phone, PageID: a.PageID, State: a.State, StateReason: a.StateReason,
		Sending: a.Sending, Automate: a.Automate, Coverage: coverage(a), Health: showHealth(a), Backfill: showBackfill(a)}
	if a.Channel == string(channels.WhatsApp) {
		r := template.ReadingOf(a)
		out.TemplatesReadAt, out.TemplatesNote = utc(r.At), r.Note
	}
	if s := sweepOf(a); s != nil {
		out.SweptAt, out.CoverageShare, out.Comments, out.Messages = utc(s.At), s.Coverage, s.of(s.Comments, s.CommentsTold), s.of(s.Messages, s.MessagesTold)
	}
	return out
}

func (s *Server) listAccounts(ctx context.Context, who *caller, _ *struct{}) (Page[Account], error) {
	list, err := inbox.Accounts(ctx, s.DB, who.WorkspaceID)
	return pageOf(each(list, showAccount), ""), err
}

type accountIn struct {
	Body struct {
		Channel string `json:"channel" enum:"facebook,instagram,whatsapp"`
		ID      string `json:"id" maxLength:"100"`
		Token   string `json:"token" maxLength:"2000"`
		BaseURL string `json:"base_url,omitempty" maxLength:"500"`
		WABAID  string `json:"waba_id,omitempty" maxLength:"100"`
		Phone   string `json:"phone,omitempty" maxLength:"40"`
		PageID  string `json:"page_id,omitempty" maxLength:"100" doc:"Instagram connected through Facebook Login: the Page through which its messages go"`
		Name    string `json:"name,omitempty" maxLength:"200"`
	}
}

func (s *Server) addAccount(ctx context.Context, who *caller, in *accountIn) (Account, error) {
	b := in.Body
	var out inbox.Account
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		n := inbox.NewAccount{WorkspaceID: who.WorkspaceID, Channel: b.Channel, ExternalID: b.ID, Name: b.Name, BaseURL: b.BaseURL, Token: b.Token, WABAID: b.WABAID, Phone: b.Phone, PageID: b.PageID}
		var err error
		if n.BaseURL != "" {
			if err := s.mayCall(ctx, tx, n.BaseURL); err != nil {
				return err
			}
		}
		if n.BaseURL, err = n.Address(ctx, tx, s.GraphURL); err != nil {
			return err
		}
		if out, err = inbox.AddAccount(ctx, tx, s.Keys, n); err != nil {
			return err
		}
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "account.add", accountObject(out.ID), map[string]any{"channel": out.Channel, "base_url": out.BaseURL})
	})
	return showAccount(out), err
}

func accountObject(id int64) string { return fmt.Sprintf("account:%d", id) }

type removeIn struct {
	ByID
	Acknowledged bool `query:"acknowledged" doc:"Remove it although people were written to from it within thirty days and must be able to answer"`
}

// removeAccount disconnects an account, and asks the network to send no more of its webhooks. Where the network
// refuses, the account is removed nonetheless: what still comes is parked.
func (s *Server) removeAccount(ctx context.Context, who *caller, in *removeIn) error {
	var was inbox.Account
	err := s.change(ctx, func(tx *sqlx.Tx) (err error) {
		if err := s.mayBeRemoved(ctx, tx, who.WorkspaceID, in); err != nil {
			return err
		}
		if was, err = inbox.LoadAccount(ctx, tx, who.WorkspaceID, in.ID); err != nil { // with its token, which goes now
			return err
		}
		if err := inbox.RemoveAccount(ctx, tx, who.WorkspaceID, in.ID); err != nil {
			return err
		}
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "account.remove", accountObject(in.ID), nil)
	})
	if err != nil || s.Unsubscribe == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	said, err := s.Unsubscribe(ctx, was)
	if err != nil {
		s.Log.Warn("the webhooks of a removed account could not be ended; what still comes is parked", "account", in.ID, "error", err)
		said = "not ended"
	}
	if err := auth.Audit(ctx, s.DB, who.WorkspaceID, who.Actor(), "account.unsubscribe", accountObject(in.ID), map[string]any{"webhooks": said}); err != nil {
		s.Log.Error("what came of a removed account's webhooks could not be written down", "account", in.ID, "error", err)
	}
	return nil
}

// mayBeRemoved warns before an account goes to which people were told to answer within the last thirty days,
// and where that is meant, leaves an item for owner and admin.
func (s *Server) mayBeRemoved(ctx context.Context, tx *sqlx.Tx, workspace int64, in *removeIn) error {
	a, err := inbox.LoadAccount(ctx, tx, workspace, in.ID)
	if err != nil || a.RemovedAt != nil {
		return err // removing it says the rest
	}
	if !in.Acknowledged {
		sends, err := consent.RecentSends(ctx, tx, workspace, in.ID, s.Now())
		if err != nil || sends.Count == 0 {
			return err
		}
		return fault.New(fault.Conflict, "people were written to from this account within %d days (%d messages, the last on %s): they must be able to answer it, and to say STOP there, until %s. Remove it after that day, or acknowledge this and remove it all the same",
			consent.ReachDays, sends.Count, sends.Last.UTC().Format("2 January 2006"), sends.Until().UTC().Format("2 January 2006"))
	}
	_, err = consent.WarnUnreachable(ctx, tx, consent.Lost{WorkspaceID: workspace, AccountID: &in.ID, Channel: a.Channel, What: "removed"}, s.Now(), gate.AddBusinessDays)
	return err
}

type switchIn struct {
	ByID
	Body struct {
		On bool `json:"on"`
	}
}

// accountSending is the account's kill switch. What it held goes on when it is turned on again.
func (s *Server) accountSending(ctx context.Context, who *caller, in *switchIn) (Account, error) {
	return s.switchAccount(ctx, who, in, "sending", `UPDATE accounts SET sending = $3 WHERE workspace_id = $1 AND id = $2 AND removed_at IS NULL`)
}

// accountAutomation takes an account into people's hands, or gives it back.
func (s *Server) accountAutomation(ctx context.Context, who *caller, in *switchIn) (Account, error) {
	return s.switchAccount(ctx, who, in, "automation", `UPDATE accounts SET automate = $3 WHERE workspace_id = $1 AND id = $2 AND removed_at IS NULL`)
}

func (s *Server) switchAccount(ctx context.Context, who *caller, in *switchIn, what, stmt string) (Account, error) {
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, stmt, who.WorkspaceID, in.ID, in.Body.On)
		if err != nil {
			return fmt.Errorf("switch the %s of account %d: %w", what, in.ID, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return fault.New(fault.NotFound, "account %d does not exist in this workspace", in.ID)
		}
		if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "account."+what, accountObject(in.ID), map[string]any{"on": in.Body.On}); err != nil {
			return err
		}
		if err := inbox.Wake(ctx, tx, outbox.Channel); err != nil { // what was held goes on
			return err
		}
		return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "account", ObjectID: in.ID})
	})
	if err != nil {
		return Account{}, err
	}
	a, err := inbox.LoadAccount(ctx, s.DB, who.WorkspaceID, in.ID)
	return showAccount(a), err
}

// Checks are the doctor's findings.
type Checks struct {
	Checks []Check `json:"checks"`
}

func (s *Server) checkAccount(ctx context.Context, who *caller, in *emptyIn) (Checks, error) {
	if err := s.connected(ctx, who, in.ID); err != nil {
		return Checks{}, err
	}
	if s.Doctor == nil {
		return Checks{}, fault.New(fault.Unavailable, "the doctor is not running in this process")
	}
	list, err := s.Doctor(ctx, who.WorkspaceID, in.ID)
	if err != nil {
		return Checks{}, err
	}
	// What was just read is to stand with the account too, in the metrics, and with whom it concerns.
	return Checks{pageOf(list, "").Items}, inbox.ExamineSoon(ctx, s.DB, who.WorkspaceID, in.ID)
}

func (s *Server) backfillAccount(ctx context.Context, who *caller, in *emptyIn) error {
	if err := s.connected(ctx, who, in.ID); err != nil {
		return err
	}
	if s.Backfill == nil {
		return fault.New(fault.Unavailable, "history is not read back in this process")
	}
	if err := s.Backfill(ctx, who.WorkspaceID, in.ID); err != nil {
		return err
	}
	return auth.Audit(ctx, s.DB, who.WorkspaceID, who.Actor(), "account.backfill", accountObject(in.ID), nil)
}

// cancelBackfill stops the reading of an account's history; what was read stays.
func (s *Server) cancelBackfill(ctx context.Context, who *caller, in *emptyIn) (Account, error) {
	if err := s.connected(ctx, who, in.ID); err != nil {
		return Account{}, err
	}
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		if err := ingest.CancelBackfill(ctx, tx, who.WorkspaceID, in.ID, s.Now()); err != nil {
			return err
		}
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "account.backfill_cancel", accountObject(in.ID), nil)
	})
	if err != nil {
		return Account{}, err
	}
	a, err := inbox.LoadAccount(ctx, s.DB, who.WorkspaceID, in.ID)
	return showAccount(a), err
}

// subscribeAccount asks the network to send the account's webhooks here.
func (s *Server) subscribeAccount(ctx context.Context, who *caller, in *emptyIn) error {
	if err := s.connected(ctx, who, in.ID); err != nil {
		return err
	}
	if s.Subscribe == nil {
		return fault.New(fault.Unavailable, "the network is not asked by this process")
	}
	if err := s.Subscribe(ctx, who.WorkspaceID, in.ID); err != nil {
		return err
	}
	return auth.Audit(ctx, s.DB, who.WorkspaceID, who.Actor(), "account.subscribe", accountObject(in.ID), nil)
}

func (s *Server) connected(ctx context.Context, who *caller, id int64) error {
	a, err := inbox.LoadAccount(ctx, s.DB, who.WorkspaceID, id)
	if err == nil && a.RemovedAt != nil {
		return fault.New(fault.NotFound, "account %d was removed", id)
	}
	return err
}
