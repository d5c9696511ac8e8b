package api

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/channels"
	"ponte/fault"
	"ponte/qr"
	"ponte/router"
)

// HandoffLink is a link to WhatsApp for posters: everybody who uses it has the same reference, which says
// where they came from and joins nobody.
type HandoffLink struct {
	ID         int64     `json:"id" db:"id"`
	Name       string    `json:"name" db:"name"`
	AccountID  int64     `json:"account_id" db:"account_id"`
	TriggerID  *int64    `json:"trigger_id" db:"trigger_id"`
	CampaignID *int64    `json:"campaign_id" db:"campaign_id"`
	Language   string    `json:"language" db:"language"`
	Reference  string    `json:"reference" db:"reference"`
	Link       string    `json:"link" db:"-"`
	Started    int       `json:"started" db:"started" doc:"Conversations that came by it"`
	CreatedAt  time.Time `json:"created_at" db:"created_at"`
	Phone      string    `json:"-" db:"phone"`
}

const sqlHandoffLinks = `
SELECT l.id, l.name, l.account_id, l.trigger_id, l.campaign_id, l.language, l.reference, l.created_at, a.phone,
       (SELECT count(*) FROM conversations v WHERE v.workspace_id = l.workspace_id AND v.origin ? 'link_id' AND (v.origin->>'link_id')::bigint = l.id) AS started
FROM handoff_links l JOIN accounts a ON a.workspace_id = l.workspace_id AND a.id = l.account_id
WHERE l.workspace_id = $1 AND l.ended_at IS NULL`

func (l HandoffLink) show() HandoffLink {
	language := l.Language
	if language == "" {
		language = "en"
	}
	l.Link, l.CreatedAt = router.Link(l.Phone, router.Prefilled(language, l.Reference)), l.CreatedAt.UTC()
	return l
}

func (s *Server) listLinks(ctx context.Context, who *caller, _ *struct{}) (Page[HandoffLink], error) {
	var list []HandoffLink
	if err := s.DB.SelectContext(ctx, &list, sqlHandoffLinks+` ORDER BY l.id DESC`, who.WorkspaceID); err != nil {
		return Page[HandoffLink]{}, fmt.Errorf("list links to WhatsApp: %w", err)
	}
	return pageOf(each(list, HandoffLink.show), ""), nil
}

func (s *Server) loadLink(ctx context.Context, workspace, id int64) (HandoffLink, error) {
	var l HandoffLink
	err := s.DB.GetContext(ctx, &l, sqlHandoffLinks+` AND l.id = $2`, workspace, id)
	if errors.Is(err, sql.ErrNoRows) {
		return l, fault.New(fault.NotFound, "link %d does not exist in this workspace", id)
	}
	if err != nil {
		return l, fmt.Errorf("load link %d: %w", id, err)
	}
	return l.show(), nil
}

type newLinkIn struct {
	Body struct {
		Name       string `json:"name" minLength:"1" maxLength:"120"`
		AccountID  int64  `json:"account_id"`
		TriggerID  *int64 `json:"trigger_id,omitempty"`
		CampaignID *int64 `json:"campaign_id,omitempty"`
		Language   string `json:"language,omitempty" doc:"Of the text that waits in the customer's chat"`
	}
}

func (s *Server) addLink(ctx context.Context, who *caller, in *newLinkIn) (HandoffLink, error) {
	b := in.Body
	name := strings.TrimSpace(strings.ReplaceAll(b.Name, "\x00", ""))
	if name == "" {
		return HandoffLink{}, fault.Field("name", "say where the link will hang")
	}
	if b.Language != "" && !served(b.Language) {
		return HandoffLink{}, notServed(b.Language)
	}
	var id int64
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		if err := ownWhatsApp(ctx, tx, who.WorkspaceID, b.AccountID); err != nil {
			return err
		}
		for field, ref := range map[string]*int64{"trigger": b.TriggerID, "campaign": b.CampaignID} {
			if err := ownRow(ctx, tx, who.WorkspaceID, field, ref); err != nil {
				return err
			}
		}
		err := tx.GetContext(ctx, &id, `INSERT INTO handoff_links (workspace_id, name, account_id, trigger_id, campaign_id, language, reference) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
			who.WorkspaceID, name, b.AccountID, b.TriggerID, b.CampaignID, b.Language, newLinkReference())
		if err != nil {
			return fmt.Errorf("make a link: %w", err)
		}
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "handoff_link.add", fmt.Sprintf("handoff_link:%d", id), nil)
	})
	if err != nil {
		return HandoffLink{}, err
	}
	return s.loadLink(ctx, who.WorkspaceID, id)
}

// newLinkReference draws a reference in the form of a handoff's. It is no secret: it hangs on a wall.
func newLinkReference() string {
	var raw [10]byte
	_, _ = rand.Read(raw[:])
	s := base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding).EncodeToString(raw[:])
	return strings.Join([]string{"PNT", s[0:4], s[4:8], s[8:12], s[12:16]}, "-")
}

func ownWhatsApp(ctx context.Context, tx *sqlx.Tx, workspace, account int64) error {
	var n int
	err := tx.GetContext(ctx, &n, `SELECT count(*) FROM accounts WHERE workspace_id = $1 AND id = $2 AND channel = $3 AND removed_at IS NULL`, workspace, account, string(channels.WhatsApp))
	if err != nil {
		return fmt.Errorf("look for the WhatsApp number: %w", err)
	}
	if n == 0 {
		return fault.Field("account_id", "account %d is not a connected WhatsApp number of this workspace", account)
	}
	return nil
}

// ownRow makes sure that what a link names is the workspace's.
func ownRow(ctx context.Context, tx *sqlx.Tx, workspace int64, what string, id *int64) error {
	if id == nil {
		return nil
	}
	var n int
	if err := tx.GetContext(ctx, &n, `SELECT count(*) FROM `+what+`s WHERE workspace_id = $1 AND id = $2`, workspace, *id); err != nil {
		return fmt.Errorf("look for %s %d: %w", what, *id, err)
	}
	if n == 0 {
		return fault.Field(what+"_id", "%s %d does not exist in this workspace", what, *id)
	}
	return nil
}

func (s *Server) removeLink(ctx context.Context, who *caller, in *ByID) error {
	return s.end(ctx, who, "handoff_link", "handoff_links", in.ID)
}

// linkQR draws the link as a QR code.
func (s *Server) linkQR(c *fiber.Ctx, who *caller) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(s.life, requestTime)
	defer cancel()
	l, err := s.loadLink(ctx, who.WorkspaceID, id)
	if err != nil {
		return err
	}
	code, err := qr.Encode(l.Link)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "the link does not fit into a code")
	}
	if c.Query("format") == "png" {
		picture, err := code.PNG(16)
		if err != nil {
			return fault.Wrap(fault.Internal, err, "the code cannot be drawn")
		}
		c.Set(fiber.HeaderContentType, "image/png")
		c.Set(fiber.HeaderContentDisposition, fmt.Sprintf(`inline; filename="whatsapp-%d.png"`, id))
		return c.Send(picture)
	}
	c.Set(fiber.HeaderContentType, "image/svg+xml")
	c.Set(fiber.HeaderContentDisposition, fmt.Sprintf(`inline; filename="whatsapp-%d.svg"`, id))
	return c.SendString(code.SVG(l.Name))
}
