package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/jmoiron/sqlx"

	"ponte/consent"
	"ponte/fault"
	"ponte/flow"
	"ponte/inbox"
	"ponte/router"
)

// The public form: whoever ticks the box gets a link to WhatsApp with a one-time code, and the consent
// begins when they send it from their own number. Nobody is ever written to because of this form, so it
// cannot be used to reach strangers; and its answers are the same for numbers we know and do not know.
const (
	formAge     = 24 * time.Hour  // a form that was open longer is shown again
	formHaste   = 2 * time.Second // faster than anybody reads
	optInsAtAll = 20_000          // boxes ticked at a workspace's websites that wait at one time
)

// PublicForm is what a website shows beside the box.
type PublicForm struct {
	Wording   PublicWording `json:"wording"`
	Brand     string        `json:"brand"`
	LegalName string        `json:"legal_name"`
	Contact   string        `json:"contact"`
	Token     string        `json:"token"` // goes back with the answer
}

// PublicWording is the exact text that the person agrees to.
type PublicWording struct {
	ID       int64  `json:"id"`
	Version  int    `json:"version"`
	Language string `json:"language"`
	Text     string `json:"text"`
}

// PublicAnswer is the way on: the person opens the link and sends what it holds.
type PublicAnswer struct {
	Link      string    `json:"link"`
	ExpiresAt time.Time `json:"expires_at"`
}

type publicRequest struct {
	Workspace int64  `json:"workspace"`
	WordingID int64  `json:"wording_id"`
	Agreed    bool   `json:"agreed"`
	Token     string `json:"token"`
	Phone     string `json:"phone"`   // may be left out
	Website   string `json:"website"` // nobody sees this field: who fills it in is a program
}

// site is a workspace whose public form is open.
type site struct {
	inbox.Workspace
	rules consent.Rules
}

// publicSite opens the form of a workspace for whoever asks, and names the origin that may read the answer.
func (s *Server) publicSite(c *fiber.Ctx, workspace int64) (site, error) {
	closed := fault.New(fault.NotFound, "there is no such form")
	w, err := inbox.LoadWorkspace(c.Context(), s.DB, workspace)
	if fault.Is(err, fault.NotFound) {
		return site{}, closed
	}
	if err != nil {
		return site{}, err
	}
	rules, err := consent.ParseRules(w.Settings)
	if err != nil || !rules.WebOptIn {
		return site{}, closed
	}
	c.Vary(fiber.HeaderOrigin)
	origin := strings.ToLower(c.Get(fiber.HeaderOrigin))
	switch {
	case origin == "" || origin == "null" && c.Method() == fiber.MethodGet || s.ownOrigin(c, origin):
	case slices.Contains(rules.WebOrigins, origin):
		c.Set(fiber.HeaderAccessControlAllowOrigin, origin)
		c.Set("Cross-Origin-Resource-Policy", "cross-origin")
	default:
		return site{}, fault.New(fault.Forbidden, "this website may not show the form; the brand lists its websites in its settings")
	}
	return site{w, rules}, nil
}

func (s *Server) ownOrigin(c *fiber.Ctx, origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Host == c.Hostname() || strings.EqualFold(origin, strings.TrimSuffix(s.PublicURL, "/")))
}

// publicWording serves the text with its id.
func (s *Server) publicWording(c *fiber.Ctx, _ *caller) error {
	d, err := s.publicSite(c, int64(c.QueryInt("workspace")))
	if err != nil {
		return err
	}
	f, err := s.form(c.Context(), d, c.Query("language"))
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.JSON(f)
}

func (s *Server) form(ctx context.Context, d site, language string) (PublicForm, error) {
	if !slices.Contains(consent.Languages(), language) {
		language = d.Locale
	}
	w, err := consent.LatestWording(ctx, s.DB, d.ID, consent.WebOffers, language)
	if fault.Is(err, fault.NotFound) { // of a workspace from before there were wordings for the web
		if err := s.change(ctx, func(tx *sqlx.Tx) error { return consent.EnsureWordings(ctx, tx, d.ID, d.BrandName()) }); err != nil {
			return PublicForm{}, err
		}
		w, err = consent.LatestWording(ctx, s.DB, d.ID, consent.WebOffers, language)
	}
	if err != nil {
		return PublicForm{}, err
	}
	return PublicForm{PublicWording{w.ID, w.Version, w.Language, w.Text}, d.BrandName(), d.LegalName, d.Contact, s.Ledger.FormToken(d.ID, w.ID, s.Now())}, nil
}

// publicPreflight answers a browser that asks whether a website may send the form.
func (s *Server) publicPreflight(c *fiber.Ctx, _ *caller) error {
	if _, err := s.publicSite(c, int64(c.QueryInt("workspace"))); err != nil {
		return err
	}
	c.Set(fiber.HeaderAccessControlAllowMethods, "GET, POST")
	c.Set(fiber.HeaderAccessControlAllowHeaders, "Content-Type")
	c.Set(fiber.HeaderAccessControlMaxAge, "600")
	return c.SendStatus(fiber.StatusNoContent)
}

// publicOptIn takes a ticked box. A form of ours is led on to WhatsApp at once; a website's own script
// gets the link.
func (s *Server) publicOptIn(c *fiber.Ctx, who *caller) error {
	return s.bodies.take(c, func(body []byte) error {
		r, isForm, err := readPublic(c, body)
		if err != nil {
			return err
		}
		d, err := s.publicSite(c, r.Workspace)
		if err != nil {
			return err
		}
		out, err := s.takeOptIn(c.Context(), d, r, visitor{who.address, cut(who.agent, 300), strings.ToLower(c.Get(fiber.HeaderOrigin))})
		if isForm {
			return s.afterForm(c, d, r, out, err)
		}
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderCacheControl, "no-store")
		return c.JSON(out)
	})
}

func readPublic(c *fiber.Ctx, body []byte) (r publicRequest, isForm bool, err error) {
	kind, _, _ := strings.Cut(c.Get(fiber.HeaderContentType), ";")
	switch strings.TrimSpace(strings.ToLower(kind)) {
	case fiber.MIMEApplicationJSON:
		if err := json.Unmarshal(body, &r); err != nil {
			return r, false, fault.New(fault.Invalid, "the body is not the JSON it must be")
		}
		if r.Workspace == 0 {
			r.Workspace = int64(c.QueryInt("workspace"))
		}
		return r, false, nil
	case fiber.MIMEApplicationForm:
		v, err := url.ParseQuery(string(body))
		if err != nil {
			return r, true, fault.New(fault.Invalid, "the form cannot be read")
		}
		r.Workspace, _ = strconv.ParseInt(v.Get("workspace"), 10, 64)
		r.WordingID, _ = strconv.ParseInt(v.Get("wording_id"), 10, 64)
		r.Agreed, r.Token, r.Website = v.Get("agreed") == "yes", v.Get("token"), v.Get("website")
		return r, true, nil
	}
	return r, false, fault.New(fault.Invalid, "send JSON, or the form")
}

type visitor struct{ address, agent, origin string }

// takeOptIn keeps what was ticked until it is confirmed. Limits count per network address and per number.
func (s *Server) takeOptIn(ctx context.Context, d site, r publicRequest, v visitor) (PublicAnswer, error) {
	if !r.Agreed {
		return PublicAnswer{}, fault.Field("agreed", "the box is not ticked")
	}
	shown, ours := s.Ledger.CheckFormToken(r.Token, d.ID, r.WordingID)
	if !ours || s.Now().Sub(shown) > formAge {
		return PublicAnswer{}, fault.New(fault.Conflict, "the form is out of date: load it again")
	}
	phone := ""
	if r.Phone != "" {
		ok := false
		if phone, ok = flow.Number(r.Phone, d.Country); !ok {
			return PublicAnswer{}, fault.Field("phone", "this is not a phone number with country code")
		}
	}
	accounts, err := s.siteAccount(ctx, d)
	if err != nil {
		return PublicAnswer{}, err
	}
	w, err := s.wordingOf(ctx, d.ID, r.WordingID, consent.WebOffers)
	if err != nil {
		return PublicAnswer{}, err
	}
	own, err := inbox.OwnNumbers(ctx, s.DB, d.ID)
	if err != nil {
		return PublicAnswer{}, err
	}
	if r.Website != "" || s.Now().Sub(shown) < formHaste || own[phone] { // nobody confirms from a number of the brand itself
		return s.decoy(d, w.Language, accounts.Phone)
	}
	return s.keepOptIn(ctx, d, w, accounts, phone, v)
}

func (s *Server) keepOptIn(ctx context.Context, d site, w consent.Wording, account siteAccount, phone string, v visitor) (PublicAnswer, error) {
	var out PublicAnswer
	full := false
	nets := networks(v.address)
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		ok, err := true, error(nil)
		for i := 0; i < len(nets) && ok && err == nil; i++ {
			ok, err = s.Ledger.Attempt(ctx, tx, d.ID, "address:"+nets[i].name, d.rules.WebPerAddress*nets[i].share, time.Hour)
		}
		if err == nil && ok && phone != "" {
			ok, err = s.Ledger.Attempt(ctx, tx, d.ID, "number:"+phone, d.rules.WebPerNumber, 24*time.Hour)
		}
		if full = !ok; err != nil || full {
			return err
		}
		if err := s.Ledger.MakeRoom(ctx, tx, d.ID, optInsAtAll); err != nil {
			return err
		}
		page := v.origin
		if page == "" {
			page = "form"
		}
		req := consent.Request{WorkspaceID: d.ID, Source: "web_box", AccountID: account.ID, WordingID: w.ID, Language: w.Language, Phone: phone, Network: crowd(v.address), Actor: "contact", At: s.Now(), Hours: d.rules.OptInHours,
			Trace: fmt.Sprintf("box ticked on %s from %s (%s)", page, v.address, v.agent), Evidence: consent.Evidence{"page": page, "address": s.Ledger.Trace(d.ID, v.address)}}
		_, code, _, err := s.Ledger.RequestOptIn(ctx, tx, req)
		out = PublicAnswer{router.Link(account.Phone, router.PrefilledOptIn(w.Language, d.BrandName(), code)), s.validUntil(d)}
		return err
	})
	if err == nil && full {
		return out, fault.New(fault.TooMany, "too many requests; try again later")
	}
	return out, err
}

// decoy answers a program as it would be answered, with a code that is nobody's.
func (s *Server) decoy(d site, language, phone string) (PublicAnswer, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return PublicAnswer{}, fmt.Errorf("draw a code: %w", err)
	}
	code, _ := router.NewReference(key, 0)
	return PublicAnswer{router.Link(phone, router.PrefilledOptIn(language, d.BrandName(), code)), s.validUntil(d)}, nil
}

// validUntil is in whole minutes, so that it tells nothing of what was done meanwhile.
func (s *Server) validUntil(d site) time.Time {
	return s.Now().Add(time.Duration(d.rules.OptInHours) * time.Hour).UTC().Truncate(time.Minute)
}

type siteAccount struct {
	ID    int64  `db:"id"`
	Phone string `db:"phone"`
}

func (s *Server) siteAccount(ctx context.Context, d site) (siteAccount, error) {
	var found []siteAccount
	err := s.DB.SelectContext(ctx, &found, `SELECT id, phone FROM accounts WHERE workspace_id = $1 AND channel = 'whatsapp' AND removed_at IS NULL AND ($2::bigint = 0 OR id = $2) ORDER BY id LIMIT 1`, d.ID, d.rules.WebAccount)
	if err != nil {
		return siteAccount{}, fmt.Errorf("look for the WhatsApp number of the form: %w", err)
	}
	if len(found) == 0 {
		return siteAccount{}, fault.New(fault.Unavailable, "no WhatsApp number is connected")
	}
	return found[0], nil
}

// wordingOf returns a version of a wording by its id; an old one is still what the person saw.
func (s *Server) wordingOf(ctx context.Context, workspace, id int64, names ...string) (consent.Wording, error) {
	all, err := consent.WordingsByID(ctx, s.DB, workspace)
	if err != nil {
		return consent.Wording{}, err
	}
	if w := all[id]; w != nil && (len(names) == 0 || slices.Contains(names, w.Name)) {
		return *w, nil
	}
	return consent.Wording{}, fault.Field("wording_id", "there is no such wording; load the form again")
}

// span is a network that requests are counted by, and how many visitors' worth of them it may make.
type span struct {
	name  string
	share int
}

// networks is what is counted of an address, the smallest first. Of the newer kind a /64 belongs to one household; whoever
// rents a machine has a /56 or a /48 of them, and a carrier's customers are spread over many.
func networks(address string) []span {
	if a, ok := visitorAddress(address); ok && a.Is6() {
		return []span{{prefix(a, 64), 1}, {prefix(a, 56), 4}, {prefix(a, 48), 16}}
	} else if ok {
		return []span{{a.String(), 1}, {prefix(a, 24), 16}}
	}
	return []span{{address, 1}}
}

// crowd is the large network that a visitor belongs to: about what one provider has.
func crowd(address string) string {
	a, ok := visitorAddress(address)
	switch {
	case !ok:
		return address
	case a.Is6():
		return prefix(a, 32)
	}
	return prefix(a, 16)
}

// visitorAddress reads an address; one of the older kind in the newer notation is of the older kind.
func visitorAddress(address string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(address)
	return a.Unmap().WithZone(""), err == nil
}

func prefix(a netip.Addr, bits int) string {
	p, err := a.Prefix(bits)
	if err != nil {
		return a.String()
	}
	return p.String()
}
