package consent

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
)

// Number is the name of the wording that asks whether somebody may be written to on WhatsApp at the number
// they left in a chat. It is about what they asked there and nothing else.
const Number = "number"

var numberTexts = []struct{ language, text string }{
	{"en", "May {brand} write to you on WhatsApp about your question, at the number below? We use it for this and nothing else, and you can reply STOP there at any time. Reply YES or NO."},
	{"it", "{brand} può scriverti su WhatsApp per la tua richiesta, al numero qui sotto? Lo usiamo solo per questo e puoi rispondere STOP in qualsiasi momento. Rispondi SÌ o NO."},
	{"fr", "{brand} peut-il vous écrire sur WhatsApp au sujet de votre question, au numéro ci-dessous ? Il ne sert qu’à cela et vous pouvez y répondre STOP à tout moment. Répondez OUI ou NON."},
	{"ro", "Îți poate scrie {brand} pe WhatsApp despre întrebarea ta, la numărul de mai jos? Îl folosim doar pentru asta și poți răspunde STOP acolo oricând. Răspunde DA sau NU."},
	{"es", "¿Puede {brand} escribirte por WhatsApp sobre tu consulta, al número de abajo? Lo usamos solo para esto y puedes responder STOP en cualquier momento. Responde SÍ o NO."},
	{"de", "Darf {brand} dir zu deiner Frage auf WhatsApp schreiben, an die Nummer unten? Wir nutzen sie nur dafür, und du kannst dort jederzeit STOP antworten. Antworte mit JA oder NEIN."},
	{"pt", "A {brand} pode escrever-lhe no WhatsApp sobre a sua pergunta, para o número abaixo? Só o usamos para isto e pode responder STOP a qualquer momento. Responda SIM ou NÃO."},
}

// EnsureNumberWordings makes the wordings that ask for a number, as EnsureWordings does those for offers.
func EnsureNumberWordings(ctx context.Context, tx sqlx.ExtContext, workspace int64, brand string) error {
	latest, err := Wordings(ctx, tx, workspace)
	if err != nil {
		return err
	}
	var own []string // languages in which the brand words it itself
	if err := sqlx.SelectContext(ctx, tx, &own, `SELECT DISTINCT language FROM consent_wordings WHERE workspace_id = $1 AND name = $2 AND source <> ''`, workspace, Number); err != nil {
		return fmt.Errorf("look for the brand's own wordings: %w", err)
	}
	rows := inbox.NewRows("bigint", "text", "integer", "text", "text")
	for _, n := range numberTexts {
		text, version := strings.ReplaceAll(n.text, "{brand}", brand), 1
		if w, ok := find(latest, Number, n.language); ok {
			if w.Text == text || slices.Contains(own, n.language) {
				continue
			}
			version = w.Version + 1
		}
		rows.Add(workspace, Number, version, n.language, text)
	}
	if rows.Len() == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, sqlInsertNumberWordings+rows.SQL()+` ON CONFLICT DO NOTHING`, rows.Args()...); err != nil {
		return fmt.Errorf("save the wordings that ask for a number: %w", err)
	}
	return nil
}

const sqlInsertNumberWordings = `INSERT INTO consent_wordings (workspace_id, name, version, language, text) `

// AddFormWording keeps the words beside a form's box as a wording of its own and returns its id. The same
// words in the same language are not kept twice.
func AddFormWording(ctx context.Context, tx sqlx.ExtContext, workspace int64, form, language, text, actor string) (int64, error) {
	return keepShown(ctx, tx, workspace, "lead:"+form, language, text, actor)
}

// AddTemplateWording keeps the words of a template that asks for consent, in the same way.
func AddTemplateWording(ctx context.Context, tx sqlx.ExtContext, workspace int64, template, language, text string) (int64, error) {
	return keepShown(ctx, tx, workspace, "template:"+template, language, text, "system")
}

func keepShown(ctx context.Context, tx sqlx.ExtContext, workspace int64, name, language, text, actor string) (int64, error) {
	var ids []int64
	if err := sqlx.SelectContext(ctx, tx, &ids, `SELECT id FROM consent_wordings WHERE workspace_id = $1 AND name = $2 AND language = $3 AND text = $4 ORDER BY version DESC LIMIT 1`, workspace, name, language, text); err != nil {
		return 0, fmt.Errorf("look for a wording: %w", err)
	}
	if len(ids) > 0 {
		return ids[0], nil
	}
	var id int64
	err := sqlx.GetContext(ctx, tx, &id, `
INSERT INTO consent_wordings (workspace_id, name, version, language, text, source, created_by)
SELECT $1, $2, 1 + coalesce(max(version), 0), $3, $4, $4, $5 FROM consent_wordings WHERE workspace_id = $1 AND name = $2 AND language = $3
RETURNING id`, workspace, name, language, text, actor)
	if err != nil {
		return 0, fmt.Errorf("keep a wording: %w", err)
	}
	return id, nil
}
