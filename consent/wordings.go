package consent

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/inbox"
)

// Offers is the name of the wording that asks for promotional messages.
const Offers = "offers"

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
	CreatedAt   time.Time `db:"created_at" json:"created_at"`
}

// Each text says what, from whom, where, how often, the possible cost and how to stop; consent is not
// tied to anything else.
var offers = []struct{ language, text string }{
	{"en", "May {brand} send you offers and news here on WhatsApp, up to 4 messages a month? Data charges may apply. You can reply STOP at any time to unsubscribe. Would you like that? Reply YES or NO."},
	{"it", "{brand} può inviarti offerte e novità qui su WhatsApp, fino a 4 messaggi al mese? Potrebbero applicarsi costi di traffico dati. Puoi rispondere STOP in qualsiasi momento per non riceverli più. Ti va? Rispondi SÌ o NO."},
	{"fr", "{brand} peut-il vous envoyer des offres et des nouveautés ici sur WhatsApp, jusqu’à 4 messages par mois ? Des frais de données peuvent s’appliquer. Vous pouvez répondre STOP à tout moment pour vous désabonner. Êtes-vous d’accord ? Répondez OUI ou NON."},
	{"ro", "Îți poate trimite {brand} oferte și noutăți aici pe WhatsApp, cel mult 4 mesaje pe lună? Pot exista costuri pentru traficul de date. Poți răspunde STOP oricând ca să te dezabonezi. Ești de acord? Răspunde DA sau NU."},
	{"es", "¿Puede {brand} enviarte ofertas y novedades por aquí, por WhatsApp, hasta 4 mensajes al mes? Puede haber costes de datos. Puedes responder STOP en cualquier momento para darte de baja. ¿Te parece bien? Responde SÍ o NO."},
	{"de", "Darf {brand} Ihnen hier auf WhatsApp Angebote und Neuigkeiten schicken, bis zu 4 Nachrichten im Monat? Es können Datenkosten anfallen. Sie können sich jederzeit mit STOP abmelden. Möchten Sie das? Antworten Sie mit JA oder NEIN."},
	{"pt", "A {brand} pode enviar-lhe ofertas e novidades aqui no WhatsApp, até 4 mensagens por mês? Podem aplicar-se custos de dados. Pode responder STOP a qualquer momento para deixar de as receber. Quer receber? Responda SIM ou NÃO."},
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
	latest, err := Wordings(ctx, tx, workspace)
	if err != nil {
		return err
	}
	rows := inbox.NewRows()
	for _, o := range offers {
		text := strings.ReplaceAll(o.text, "{brand}", brand)
		version := 1
		if w, ok := find(latest, Offers, o.language); ok {
			if w.Text == text {
				continue
			}
			version = w.Version + 1
		}
		rows.Add(workspace, Offers, version, o.language, text)
	}
	if rows.Len() == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, sqlInsertWordings+rows.SQL()+` ON CONFLICT DO NOTHING`, rows.Args...); err != nil {
		return fmt.Errorf("save consent wordings: %w", err)
	}
	return nil
}

const sqlInsertWordings = `INSERT INTO consent_wordings (workspace_id, name, version, language, text) VALUES `

// Wordings returns the latest version of every wording of the workspace.
func Wordings(ctx context.Context, q sqlx.QueryerContext, workspace int64) ([]Wording, error) {
	var out []Wording
	if err := sqlx.SelectContext(ctx, q, &out, sqlLatestWordings, workspace); err != nil {
		return nil, fmt.Errorf("load consent wordings: %w", err)
	}
	return out, nil
}

const sqlSelectWordings = `SELECT workspace_id, id, name, version, language, text, created_at FROM consent_wordings`

const sqlLatestWordings = `
SELECT DISTINCT ON (name, language) workspace_id, id, name, version, language, text, created_at FROM consent_wordings
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
