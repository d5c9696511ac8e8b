package notify

import (
	"context"
	"crypto/tls"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/url"
	"strings"
	"time"

	"github.com/lib/pq"

	"ponte/fault"
)

//go:embed texts.json
var textsFile embed.FS

// texts are the words of mails by language.
var texts = func() map[string]map[string]string {
	raw, err := textsFile.ReadFile("texts.json")
	if err != nil {
		panic(err) // it is embedded
	}
	out := map[string]map[string]string{}
	if err := json.Unmarshal(raw, &out); err != nil {
		panic(err)
	}
	return out
}()

// say returns a text in the language, else in English.
func say(language, key string) string {
	if t := texts[language][key]; t != "" {
		return t
	}
	return texts["en"][key]
}

// Mailer sends mail by SMTP.
type Mailer struct {
	host     string // host:port
	name     string
	user     string
	password string
	from     mail.Address
	implicit bool // TLS from the first byte (smtps)
	plain    bool // this machine: no TLS wanted
	roots    *tls.Config
}

// ParseMailer reads an address such as smtp://user:password@mail.example:587 or smtps://…:465. smtp takes
// STARTTLS, and sends no password and no mail without it, except to this machine.
func ParseMailer(raw, from string) (*Mailer, error) {
	if raw == "" {
		return nil, nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, fault.New(fault.Invalid, "the mail server's address is not one like smtp://user:password@mail.example:587")
	}
	sender, err := mail.ParseAddress(from)
	if err != nil {
		return nil, fault.New(fault.Invalid, "the sender %q is not an e-mail address", from)
	}
	m := &Mailer{name: u.Hostname(), user: u.User.Username(), from: *sender, implicit: u.Scheme == "smtps"}
	m.password, _ = u.User.Password()
	port := u.Port()
	if port == "" {
		port = map[bool]string{true: "465", false: "587"}[m.implicit]
	}
	m.host = net.JoinHostPort(m.name, port)
	ip := net.ParseIP(m.name)
	m.plain = m.name == "localhost" || ip != nil && ip.IsLoopback()
	return m, nil
}

// Send sends one plain-text mail.
func (m *Mailer) Send(ctx context.Context, to, subject, text string) error {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", m.host)
	if err != nil {
		return errors.New("the mail server cannot be reached")
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	raw := conn                                                                     // TLS wraps it below
	defer context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })() // who stops does not wait for a server that hangs
	config := m.roots.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config.ServerName = m.name
	if m.implicit {
		conn = tls.Client(conn, config)
	}
	c, err := smtp.NewClient(conn, m.name)
	if err != nil {
		return fmt.Errorf("greet the mail server: %w", err)
	}
	defer c.Close()
	if ok, _ := c.Extension("STARTTLS"); ok && !m.implicit {
		if err := c.StartTLS(config); err != nil {
			return fmt.Errorf("secure the connection to the mail server: %w", err)
		}
	} else if !m.implicit && !m.plain {
		return errors.New("the mail server offers no TLS; nothing is sent in the clear")
	}
	if m.user != "" {
		if err := c.Auth(smtp.PlainAuth("", m.user, m.password, m.name)); err != nil {
			return errors.New("the mail server refused the user name or password")
		}
	}
	return m.deliver(c, to, subject, text)
}

func (m *Mailer) deliver(c *smtp.Client, to, subject, text string) error {
	if err := c.Mail(m.from.Address); err != nil {
		return fmt.Errorf("the mail server refused the sender: %w", err)
	}
	if err := c.Rcpt(to); err != nil {
		return errors.New("the mail server refused the recipient") // its answer repeats the address
	}
	w, err := c.Data()
	if err != nil {
		return fmt.Errorf("hand the mail over: %w", err)
	}
	if _, err := w.Write(m.message(to, subject, text)); err != nil {
		return fmt.Errorf("hand the mail over: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("the mail server did not take the mail: %w", err)
	}
	return c.Quit()
}

func (m *Mailer) message(to, subject, text string) []byte {
	var b strings.Builder
	header := func(name, value string) {
		b.WriteString(name + ": " + strings.NewReplacer("\r", " ", "\n", " ").Replace(value) + "\r\n")
	}
	header("From", m.from.String())
	header("To", (&mail.Address{Address: to}).String())
	header("Subject", mime.QEncoding.Encode("utf-8", subject))
	header("Date", time.Now().Format(time.RFC1123Z))
	header("Message-ID", "<"+short(fmt.Sprint(to, subject, time.Now().UnixNano()))+"@"+m.name+">")
	header("MIME-Version", "1.0")
	header("Content-Type", `text/plain; charset="utf-8"`)
	header("Content-Transfer-Encoding", "quoted-printable")
	header("Auto-Submitted", "auto-generated")
	b.WriteString("\r\n")
	q := quotedprintable.NewWriter(&b)
	_, _ = q.Write([]byte(strings.ReplaceAll(text, "\n", "\r\n")))
	_ = q.Close()
	return []byte(b.String())
}

// digest is what one member is to be mailed.
type digest struct {
	WorkspaceID int64  `db:"workspace_id"`
	UserID      int64  `db:"user_id"`
	Email       string `db:"email"`
	Locale      string `db:"locale"`
	Brand       string `db:"brand"`
	Failures    int    `db:"failures"`
}

type digestLine struct {
	ID             int64           `db:"id"`
	Kind           string          `db:"kind"`
	ConversationID *int64          `db:"conversation_id"`
	Object         string          `db:"object"`
	Data           json.RawMessage `db:"data"`
	At             time.Time       `db:"at"`
	Zone           string          `db:"time_zone"`
}

// sqlDigest takes one member who has something to be mailed and has had no mail for as long as they chose.
// The row of notification_mails is held, so that two replicas never write to the same member at once; what
// was tried is noted before the mail goes, so that a process that dies then sends no second one.
const sqlDigest = `
SELECT n.workspace_id, n.user_id, u.email, coalesce(nullif(u.locale, ''), w.locale) AS locale, coalesce(nullif(w.brand, ''), w.name) AS brand, coalesce(max(l.failures), 0) AS failures
FROM notifications n JOIN users u ON u.id = n.user_id AND u.disabled_at IS NULL JOIN workspaces w ON w.id = n.workspace_id
LEFT JOIN notification_choices c ON c.workspace_id = n.workspace_id AND c.user_id = n.user_id
LEFT JOIN notification_mails l ON l.workspace_id = n.workspace_id AND l.user_id = n.user_id
WHERE n.mail = 'wanted' AND (l.last_at IS NULL OR l.last_at <= $1::timestamptz - make_interval(mins => coalesce(c.digest_minutes, 15) * least(8, 1 << least(3, l.failures))))
GROUP BY n.workspace_id, n.user_id, u.email, u.locale, w.locale, w.brand, w.name ORDER BY min(n.at) LIMIT 1`

// mailDigests writes to every member who is due; it returns how many mails were tried.
func (w *Worker) mailDigests(ctx context.Context) (int, error) {
	if w.Mailer == nil {
		return 0, nil
	}
	n := 0
	for ctx.Err() == nil {
		d, lines, err := w.takeDigest(ctx)
		if err != nil || d == nil {
			return n, err
		}
		n++
		subject, text := w.compose(*d, lines)
		if err := w.Mailer.Send(ctx, d.Email, subject, text); err != nil {
			w.Log.Warn("a mail could not be sent", "workspace", d.WorkspaceID, "user", d.UserID, "error", err)
			if err := w.mailFailed(ctx, *d, lines, err); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

func (w *Worker) takeDigest(ctx context.Context) (*digest, []digestLine, error) {
	tx, err := w.DB.BeginTxx(ctx, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	var list []digest
	if err := tx.SelectContext(ctx, &list, sqlDigest, w.Now()); err != nil || len(list) == 0 {
		return nil, nil, err
	}
	d := list[0]
	// Held until the commit: another replica that chose the same member finds nothing to take after it.
	if _, err := tx.ExecContext(ctx, `INSERT INTO notification_mails (workspace_id, user_id, last_at) VALUES ($1, $2, $3) ON CONFLICT (workspace_id, user_id) DO UPDATE SET last_at = excluded.last_at`, d.WorkspaceID, d.UserID, w.Now()); err != nil {
		return nil, nil, fmt.Errorf("note a mail: %w", err)
	}
	var lines []digestLine
	err = tx.SelectContext(ctx, &lines, `
UPDATE notifications n SET mail = 'sent' FROM workspaces w WHERE w.id = n.workspace_id AND n.workspace_id = $1 AND n.user_id = $2 AND n.mail = 'wanted'
RETURNING n.id, n.kind, n.conversation_id, n.object, n.data, n.at, w.time_zone`, d.WorkspaceID, d.UserID)
	if err != nil {
		return nil, nil, fmt.Errorf("take what is to be mailed: %w", err)
	}
	if len(lines) == 0 {
		return nil, nil, tx.Commit()
	}
	return &d, lines, tx.Commit()
}

// maxMailTries is how often a member's digest is tried before it is given up; the bell has it all the same.
const maxMailTries = 5

func (w *Worker) mailFailed(ctx context.Context, d digest, lines []digestLine, cause error) error {
	ids := make([]int64, len(lines))
	for i, l := range lines {
		ids[i] = l.ID
	}
	state, failures := "wanted", d.Failures+1
	if failures >= maxMailTries {
		state, failures = "failed", 0
	}
	if _, err := w.DB.ExecContext(ctx, sqlMailFailed, d.WorkspaceID, d.UserID, pq.Array(ids), state, failures, cause.Error()); err != nil {
		return fmt.Errorf("note that a mail failed: %w", err)
	}
	return nil
}

const sqlMailFailed = `
WITH back AS (UPDATE notifications SET mail = $4 WHERE workspace_id = $1 AND user_id = $2 AND id = ANY($3) AND read_at IS NULL)
UPDATE notification_mails SET failures = $5, error = $6 WHERE workspace_id = $1 AND user_id = $2`

// compose writes the digest: what happened, how often, and where to look. It names no customer.
func (w *Worker) compose(d digest, lines []digestLine) (subject, text string) {
	subject = strings.NewReplacer("{n}", fmt.Sprint(len(lines)), "{brand}", d.Brand).Replace(say(d.Locale, map[bool]string{true: "subject.one", false: "subject.many"}[len(lines) == 1]))
	var b strings.Builder
	b.WriteString(say(d.Locale, "intro") + "\n\n")
	for i, l := range lines {
		if i == 50 {
			b.WriteString(strings.ReplaceAll(say(d.Locale, "more"), "{n}", fmt.Sprint(len(lines)-i)) + "\n")
			break
		}
		zone, err := time.LoadLocation(l.Zone)
		if err != nil {
			zone = time.UTC
		}
		b.WriteString(l.At.In(zone).Format("2006-01-02 15:04") + "  " + say(d.Locale, l.Kind))
		if l.ConversationID != nil {
			fmt.Fprintf(&b, "\n    %s/inbox?view=all&id=%d", strings.TrimRight(w.PublicURL, "/"), *l.ConversationID)
		} else if l.Object != "" {
			b.WriteString(" (" + l.Object + ")")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n" + say(d.Locale, "outro") + "\n")
	return subject, b.String()
}
