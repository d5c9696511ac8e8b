package api

import (
	"bytes"
	"crypto/rand"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"

	"github.com/gofiber/fiber/v2"

	"ponte/fault"
)

//go:embed optin.html
var formFile embed.FS

var formPage = template.Must(template.ParseFS(formFile, "optin.html"))

// formTexts are the sentences around the wording.
var formTexts = map[string]map[string]string{
	"en": {"title": "Offers on WhatsApp", "go": "Continue on WhatsApp", "next": "WhatsApp opens with a message. Send it to confirm; nothing is recorded and nobody writes to you before that.", "tick": "Tick the box first, if you agree.", "stale": "The form had been open too long. Please try again.", "many": "Too many requests. Please try again later.", "leave": "Leave this empty", "from": "From"},
	"it": {"title": "Offerte su WhatsApp", "go": "Continua su WhatsApp", "next": "WhatsApp si apre con un messaggio. Invialo per confermare: prima di allora non registriamo nulla e nessuno ti scrive.", "tick": "Se sei d’accordo, seleziona prima la casella.", "stale": "Il modulo è rimasto aperto troppo a lungo. Riprova.", "many": "Troppe richieste. Riprova più tardi.", "leave": "Lascia vuoto", "from": "Da"},
	"fr": {"title": "Offres sur WhatsApp", "go": "Continuer sur WhatsApp", "next": "WhatsApp s’ouvre avec un message. Envoyez-le pour confirmer ; avant cela, rien n’est enregistré et personne ne vous écrit.", "tick": "Si vous êtes d’accord, cochez d’abord la case.", "stale": "Le formulaire est resté ouvert trop longtemps. Veuillez réessayer.", "many": "Trop de demandes. Veuillez réessayer plus tard.", "leave": "Laissez vide", "from": "De"},
	"ro": {"title": "Oferte pe WhatsApp", "go": "Continuă pe WhatsApp", "next": "WhatsApp se deschide cu un mesaj. Trimite-l ca să confirmi; până atunci nu înregistrăm nimic și nu îți scrie nimeni.", "tick": "Dacă ești de acord, bifează mai întâi căsuța.", "stale": "Formularul a stat deschis prea mult. Încearcă din nou.", "many": "Prea multe cereri. Încearcă mai târziu.", "leave": "Lasă gol", "from": "De la"},
	"es": {"title": "Ofertas por WhatsApp", "go": "Continuar en WhatsApp", "next": "WhatsApp se abre con un mensaje. Envíelo para confirmar; antes no se registra nada y nadie le escribe.", "tick": "Si está de acuerdo, marque primero la casilla.", "stale": "El formulario ha estado abierto demasiado tiempo. Inténtelo de nuevo.", "many": "Demasiadas solicitudes. Inténtelo más tarde.", "leave": "Déjelo vacío", "from": "De"},
	"de": {"title": "Angebote auf WhatsApp", "go": "Weiter zu WhatsApp", "next": "WhatsApp öffnet sich mit einer Nachricht. Senden Sie sie zur Bestätigung; vorher wird nichts eingetragen und niemand schreibt Ihnen.", "tick": "Wenn Sie einverstanden sind, setzen Sie zuerst das Häkchen.", "stale": "Das Formular war zu lange offen. Bitte noch einmal.", "many": "Zu viele Anfragen. Bitte später noch einmal.", "leave": "Leer lassen", "from": "Von"},
	"pt": {"title": "Ofertas no WhatsApp", "go": "Continuar no WhatsApp", "next": "O WhatsApp abre-se com uma mensagem. Envie-a para confirmar; antes disso nada é registado e ninguém lhe escreve.", "tick": "Se concordar, assinale primeiro a caixa.", "stale": "O formulário esteve aberto demasiado tempo. Tente de novo.", "many": "Demasiados pedidos. Tente mais tarde.", "leave": "Deixe vazio", "from": "De"},
}

type shownForm struct {
	PublicForm
	Workspace int64
	Nonce     string
	Say       map[string]string
	Fault     string
}

// publicPage is the form as a page that a website of the brand may show in a frame. It has no script.
func (s *Server) publicPage(c *fiber.Ctx, _ *caller) error {
	d, err := s.publicSite(c, int64(c.QueryInt("workspace")))
	if err != nil {
		return err
	}
	return s.showForm(c, d, c.Query("language"), "")
}

func (s *Server) showForm(c *fiber.Ctx, d site, language, problem string) error {
	f, err := s.form(c.Context(), d, language)
	if err != nil {
		return err
	}
	var raw [16]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return fmt.Errorf("draw a nonce: %w", err)
	}
	v := shownForm{PublicForm: f, Workspace: d.ID, Nonce: base64.RawStdEncoding.EncodeToString(raw[:]), Say: formTexts[f.Wording.Language]}
	if problem != "" {
		v.Fault = v.Say[problem]
	}
	var page bytes.Buffer
	if err := formPage.Execute(&page, v); err != nil {
		return fmt.Errorf("write the opt-in form: %w", err)
	}
	frames := "'none'"
	if len(d.rules.WebOrigins) > 0 {
		frames = strings.Join(d.rules.WebOrigins, " ") // checked when they were set: scheme, host, port
	}
	c.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+v.Nonce+"'; form-action 'self' https://wa.me https://api.whatsapp.com; base-uri 'none'; frame-ancestors "+frames)
	c.Response().Header.Del("X-Frame-Options")
	c.Response().Header.Del("Cross-Origin-Opener-Policy")
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return c.Send(page.Bytes())
}

// afterForm leads on to WhatsApp, or shows the form again with what is the matter.
func (s *Server) afterForm(c *fiber.Ctx, d site, r publicRequest, out PublicAnswer, err error) error {
	if err == nil {
		c.Set(fiber.HeaderCacheControl, "no-store")
		return c.Redirect(out.Link, fiber.StatusSeeOther)
	}
	language := ""
	if w, lost := s.wordingOf(c.Context(), d.ID, r.WordingID); lost == nil {
		language = w.Language
	}
	switch fault.KindOf(err) {
	case fault.Invalid:
		c.Status(fiber.StatusUnprocessableEntity)
		return s.showForm(c, d, language, "tick")
	case fault.Conflict:
		c.Status(fiber.StatusConflict)
		return s.showForm(c, d, language, "stale")
	case fault.TooMany:
		c.Status(fiber.StatusTooManyRequests)
		return s.showForm(c, d, language, "many")
	}
	return err
}
