package consent

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/inbox"
)

// The names of wordings: the question in a conversation, the box on a website, the statement shown by staff
// before a number is taken.
const (
	Offers      = "offers"
	WebOffers   = "web_offers"
	StoreOffers = "store_offers"
)

// OffersPerMonth is the frequency the offers wording promises; the gate never lets more out, whatever
// the workspace's settings say.
const OffersPerMonth = 4

// Wording is the exact text of a question for consent, in one language. Versions are never changed:
// an entry of the ledger names the one the person saw.
type Wording struct {
	WorkspaceID int64     `db:"workspace_id" json:"-"`
	ID          int64     `db:"id" json:"id"`
	Name        string    `db:"name" json:"name"`
	Version     int       `db:"version" json:"version"`
	Language    string    `db:"language" json:"language"`
	Text        string    `db:"text" json:"text"`
	Source      string    `db:"source" json:"-"`              // of the brand's own, with its places; empty: shipped
	Confirm     bool      `db:"confirm" json:"confirm"`       // double opt-in
	ValidDays   *int      `db:"valid_days" json:"valid_days"` // nil: until withdrawn
	CreatedBy   string    `db:"created_by" json:"created_by"`
	CreatedAt   time.Time `db:"created_at" json:"created_at"`
}

// Each text says what, from whom, where, how often, the possible cost and how to stop; consent is not
// tied to anything else.
var offers = []shippedText{
	{"en", "May {brand} send you offers and news here on WhatsApp, up to 4 messages a month? Data charges may apply. You can reply STOP at any time to unsubscribe. Would you like that? Reply YES or NO."},
	{"it", "{brand} può inviarti offerte e novità qui su WhatsApp, fino a 4 messaggi al mese? Potrebbero applicarsi costi di traffico dati. Puoi rispondere STOP in qualsiasi momento per non riceverli più. Ti va? Rispondi SÌ o NO."},
	{"fr", "{brand} peut-il vous envoyer des offres et des nouveautés ici sur WhatsApp, jusqu’à 4 messages par mois ? Des frais de données peuvent s’appliquer. Vous pouvez répondre STOP à tout moment pour vous désabonner. Êtes-vous d’accord ? Répondez OUI ou NON."},
	{"ro", "Îți poate trimite {brand} oferte și noutăți aici pe WhatsApp, cel mult 4 mesaje pe lună? Pot exista costuri pentru traficul de date. Poți răspunde STOP oricând ca să te dezabonezi. Ești de acord? Răspunde DA sau NU."},
	{"es", "¿Puede {brand} enviarte ofertas y novedades por aquí, por WhatsApp, hasta 4 mensajes al mes? Puede haber costes de datos. Puedes responder STOP en cualquier momento para darte de baja. ¿Te parece bien? Responde SÍ o NO."},
	{"de", "Darf {brand} dir hier auf WhatsApp Angebote und Neuigkeiten schicken, bis zu 4 Nachrichten im Monat? Es können Datenkosten anfallen. Du kannst dich jederzeit mit STOP abmelden. Möchtest du das? Antworte mit JA oder NEIN."},
	{"pt", "A {brand} pode enviar-lhe ofertas e novidades aqui no WhatsApp, até 4 mensagens por mês? Podem aplicar-se custos de dados. Pode responder STOP a qualquer momento para deixar de as receber. Quer receber? Responda SIM ou NÃO."},
}

type shippedText struct{ language, text string }

// shipped are the texts that come with the program.
var shipped = map[string][]shippedText{Offers: offers, WebOffers: webOffers, StoreOffers: storeOffers}

var webOffers = []shippedText{
	{"en", "Yes, {brand} may send me offers and news on WhatsApp, up to 4 messages a month. Data charges may apply. I can reply STOP at any time to unsubscribe."},
	{"it", "Sì, {brand} può inviarmi offerte e novità su WhatsApp, fino a 4 messaggi al mese. Potrebbero applicarsi costi di traffico dati. Posso rispondere STOP in qualsiasi momento per non riceverli più."},
	{"fr", "Oui, {brand} peut m’envoyer des offres et des nouveautés sur WhatsApp, jusqu’à 4 messages par mois. Des frais de données peuvent s’appliquer. Je peux répondre STOP à tout moment pour me désabonner."},
	{"ro", "Da, {brand} îmi poate trimite oferte și noutăți pe WhatsApp, cel mult 4 mesaje pe lună. Pot exista costuri pentru traficul de date. Pot răspunde STOP oricând ca să mă dezabonez."},
	{"es", "Sí, {brand} puede enviarme ofertas y novedades por WhatsApp, hasta 4 mensajes al mes. Puede haber costes de datos. Puedo responder STOP en cualquier momento para darme de baja."},
	{"de", "Ja, {brand} darf mir auf WhatsApp Angebote und Neuigkeiten schicken, bis zu 4 Nachrichten im Monat. Es können Datenkosten anfallen. Ich kann mich jederzeit mit STOP abmelden."},
	{"pt", "Sim, a {brand} pode enviar-me ofertas e novidades no WhatsApp, até 4 mensagens por mês. Podem aplicar-se custos de dados. Posso responder STOP a qualquer momento para deixar de as receber."},
}

var storeOffers = []shippedText{
	{"en", "If you like, {brand} sends you offers and news on WhatsApp at the number you give us, up to 4 messages a month. Data charges may apply. You can reply STOP at any time to unsubscribe. It is your choice, and no purchase depends on it."},
	{"it", "Se vuoi, {brand} ti invia offerte e novità su WhatsApp al numero che ci dai, fino a 4 messaggi al mese. Potrebbero applicarsi costi di traffico dati. Puoi rispondere STOP in qualsiasi momento per non riceverli più. Scegli tu, e nessun acquisto dipende da questo."},
	{"fr", "Si vous le souhaitez, {brand} vous envoie des offres et des nouveautés sur WhatsApp au numéro que vous nous donnez, jusqu’à 4 messages par mois. Des frais de données peuvent s’appliquer. Vous pouvez répondre STOP à tout moment pour vous désabonner. C’est votre choix, et aucun achat n’en dépend."},
	{"ro", "Dacă doriți, {brand} vă trimite oferte și noutăți pe WhatsApp la numărul pe care ni-l dați, cel mult 4 mesaje pe lună. Pot exista costuri pentru traficul de date. Puteți răspunde STOP oricând ca să vă dezabonați. Alegerea vă aparține și nicio cumpărătură nu depinde de ea."},
	{"es", "Si quiere, {brand} le envía ofertas y novedades por WhatsApp al número que nos dé, hasta 4 mensajes al mes. Puede haber costes de datos. Puede responder STOP en cualquier momento para darse de baja. Usted elige, y ninguna compra depende de ello."},
	{"de", "Wenn Sie möchten, schickt Ihnen {brand} an die Nummer, die Sie uns geben, auf WhatsApp Angebote und Neuigkeiten, bis zu 4 Nachrichten im Monat. Es können Datenkosten anfallen. Sie können sich jederzeit mit STOP abmelden. Das ist freiwillig, und kein Einkauf hängt davon ab."},
	{"pt", "Se quiser, a {brand} envia-lhe ofertas e novidades no WhatsApp para o número que nos der, até 4 mensagens por mês. Podem aplicar-se custos de dados. Pode responder STOP a qualquer momento para deixar de as receber. A escolha é sua, e nenhuma compra depende disso."},
}

// Languages lists the languages that have a wording, the fallback first.
func Languages() []string {
	out := make([]string, len(offers))
	for i, o := range offers {
		out[i] = o.language
	}
	return out
}

// EnsureWordings makes the workspace's wordings for the brand. A text that differs from its latest
// version, because the brand's name changed say, becomes a new version; older ones stay as proof.
func EnsureWordings(ctx context.Context, tx sqlx.ExtContext, workspace int64, brand string) error {
	if strings.TrimSpace(brand) == "" {
		return fault.Field("brand", "the workspace needs a brand name before anybody can be asked for consent")
	}
	var legal string
	if err := sqlx.GetContext(ctx, tx, &legal, `SELECT legal_name FROM workspaces WHERE id = $1`, workspace); err != nil {
		return fmt.Errorf("load the legal name of workspace %d: %w", workspace, err)
	}
	latest, err := Wordings(ctx, tx, workspace)
	if err != nil {
		return err
	}
	fill := strings.NewReplacer("{brand}", brand, "{legal_name}", legal)
	rows := inbox.NewRows("bigint", "text", "integer", "text", "text", "text", "boolean", "integer", "text")
	for _, w := range latest { // of the brand's own: a new name, a new version
		if text := fill.Replace(w.Source); w.Source != "" && text != w.Text {
			rows.Add(workspace, w.Name, w.Version+1, w.Language, text, w.Source, w.Confirm, w.ValidDays, w.CreatedBy)
		}
	}
	for name, list := range shipped {
		for _, o := range list {
			version, text := 1, fill.Replace(o.text)
			if w, ok := find(latest, name, o.language); ok {
				if w.Text == text || w.Source != "" {
					continue
				}
				version = w.Version + 1
			}
			rows.Add(workspace, name, version, o.language, text, "", name != Offers, nil, "system")
		}
	}
	if rows.Len() == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, sqlInsertWordings+rows.SQL()+` ON CONFLICT DO NOTHING`, rows.Args()...); err != nil {
		return fmt.Errorf("save consent wordings: %w", err)
	}
	return nil
}

const sqlInsertWordings = `INSERT INTO consent_wordings (workspace_id, name, version, language, text, source, confirm, valid_days, created_by) `

// NewWording is a text of the brand's own, with {brand} in it and {legal_name} where wanted.
type NewWording struct {
	Name, Language, Text string
	Confirm              bool // counts only once the person confirmed
	ValidDays            *int
	Actor                string
}

// AddWording keeps a new version of a wording. Older versions stay: entries of the ledger name them.
func AddWording(ctx context.Context, tx sqlx.ExtContext, workspace int64, brand string, n NewWording) (Wording, error) {
	if err := n.check(); err != nil {
		return Wording{}, err
	}
	var legal string
	if err := sqlx.GetContext(ctx, tx, &legal, `SELECT legal_name FROM workspaces WHERE id = $1 FOR UPDATE`, workspace); err != nil {
		return Wording{}, fmt.Errorf("load the legal name of workspace %d: %w", workspace, err)
	}
	if strings.Contains(n.Text, "{legal_name}") && legal == "" {
		return Wording{}, fault.Field("text", "the workspace has no legal name yet: set it first, or leave {legal_name} out")
	}
	text := strings.NewReplacer("{brand}", brand, "{legal_name}", legal).Replace(n.Text)
	var w Wording
	err := sqlx.GetContext(ctx, tx, &w, sqlAddWording, workspace, n.Name, n.Language, text, n.Text, n.Confirm || n.Name == WebOffers, n.ValidDays, n.Actor)
	if err != nil {
		return w, fmt.Errorf("add a consent wording: %w", err)
	}
	return w, nil
}

const sqlAddWording = `
INSERT INTO consent_wordings (workspace_id, name, version, language, text, source, confirm, valid_days, created_by)
VALUES ($1, $2, 1 + coalesce((SELECT max(version) FROM consent_wordings WHERE workspace_id = $1 AND name = $2 AND language = $3), 0), $3, $4, $5, $6, $7, $8)
RETURNING workspace_id, id, name, version, language, text, source, confirm, valid_days, created_by, created_at`

// check holds a wording against what consent must be: it names the brand, says how often and how to stop,
// and promises no more messages than the gate lets out.
func (n NewWording) check() error {
	if _, known := shipped[n.Name]; !known {
		return fault.Field("name", "a wording is one of %s, %s and %s", Offers, WebOffers, StoreOffers)
	}
	if !slices.Contains(Languages(), n.Language) {
		return fault.Field("language", "%q is not one of %v", n.Language, Languages())
	}
	switch {
	case !strings.Contains(n.Text, "{brand}"):
		return fault.Field("text", "the wording must name who would write: put {brand} in it")
	case !strings.Contains(strings.ToUpper(n.Text), "STOP"):
		return fault.Field("text", "the wording must say how to stop: name STOP")
	case !strings.Contains(n.Text, "WhatsApp"):
		return fault.Field("text", "the wording must name WhatsApp")
	case n.ValidDays != nil && (*n.ValidDays < 1 || *n.ValidDays > 36500):
		return fault.Field("valid_days", "a consent holds for 1 to 36500 days, or until it is withdrawn")
	}
	for _, d := range numbers.FindAllString(n.Text, -1) {
		if often, err := strconv.Atoi(d); err == nil && often >= OffersPerMonth {
			return nil // the gate lets no more out than was promised at the least
		}
	}
	return fault.Field("text", "the wording must say how often: name a number of messages a month, %d at least, as many as may be sent", OffersPerMonth)
}

var numbers = regexp.MustCompile(`[0-9]+`)

// Wordings returns the latest version of every wording of the workspace.
func Wordings(ctx context.Context, q sqlx.QueryerContext, workspace int64) ([]Wording, error) {
	var out []Wording
	if err := sqlx.SelectContext(ctx, q, &out, sqlLatestWordings, workspace); err != nil {
		return nil, fmt.Errorf("load consent wordings: %w", err)
	}
	return out, nil
}

// AllWordings returns every version, the newest of each name and language first.
func AllWordings(ctx context.Context, q sqlx.QueryerContext, workspace int64) ([]Wording, error) {
	var out []Wording
	if err := sqlx.SelectContext(ctx, q, &out, sqlSelectWordings+` WHERE workspace_id = $1 ORDER BY name, language, version DESC`, workspace); err != nil {
		return nil, fmt.Errorf("load consent wordings: %w", err)
	}
	return out, nil
}

const sqlSelectWordings = `SELECT workspace_id, id, name, version, language, text, source, confirm, valid_days, created_by, created_at FROM consent_wordings`

const sqlLatestWordings = `
SELECT DISTINCT ON (name, language) workspace_id, id, name, version, language, text, source, confirm, valid_days, created_by, created_at FROM consent_wordings
WHERE workspace_id = $1 ORDER BY name, language, version DESC`

// LatestWording returns the latest version in the language, in English where the language has none.
func LatestWording(ctx context.Context, q sqlx.QueryerContext, workspace int64, name, language string) (Wording, error) {
	all, err := Wordings(ctx, q, workspace)
	if err != nil {
		return Wording{}, err
	}
	if w, ok := find(all, name, language); ok {
		return w, nil
	}
	if w, ok := find(all, name, "en"); ok {
		return w, nil
	}
	return Wording{}, fault.New(fault.NotFound, "the workspace has no consent wording %q: set its brand name first", name)
}

func find(all []Wording, name, language string) (Wording, bool) {
	for _, w := range all {
		if w.Name == name && w.Language == language {
			return w, true
		}
	}
	return Wording{}, false
}
