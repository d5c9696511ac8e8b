package suggest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/inbox"
	"ponte/llm"
	"ponte/testkit"
)

// model stands in for the language model and keeps what it was shown.
type model struct {
	state  llm.State
	shown  []string
	answer string
	err    error
}

func (m *model) Configured() bool { return m.state != llm.Off }
func (m *model) Model() string    { return "small" }
func (m *model) State() llm.State { return m.state }

func (m *model) Most(llm.Request) llm.Response {
	return llm.Response{Model: "small", TokensIn: 100, TokensOut: 20, CostMicros: 7}
}

func (m *model) Complete(_ context.Context, r llm.Request) (llm.Response, error) {
	m.shown = append(m.shown, r.System+"\n"+r.User)
	return llm.Response{Text: m.answer, Model: "small", TokensIn: 100, TokensOut: 20}, m.err
}

type bench struct {
	t                         *testing.T
	db                        *sqlx.DB
	model                     *model
	s                         *Suggester
	ws, account, thread, conv int64
	user                      int64
	said                      int
}

func setup(t *testing.T) *bench {
	t.Helper()
	t.Parallel()
	b := &bench{t: t, db: testkit.Database(t), model: &model{state: llm.Off}}
	b.s = &Suggester{DB: b.db, Model: b.model, Now: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Judge: func(string) (string, string) { return "other", "en" }, Written: func(string) string { return "" }}
	b.ws = b.id(`INSERT INTO workspaces (name, brand) VALUES ('w', 'Bondi Kayaks') RETURNING id`)
	b.user = b.id(`INSERT INTO users (email, password_hash) VALUES ('agent@example.com', 'x') RETURNING id`)
	b.account = b.id(`INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed, waba_id, phone) VALUES ($1, 'whatsapp', '100', 'http://127.0.0.1', 'x', 'w1', '61400000000') RETURNING id`, b.ws)
	contact := b.id(`INSERT INTO contacts (workspace_id) VALUES ($1) RETURNING id`, b.ws)
	identity := b.id(`INSERT INTO identities (workspace_id, contact_id, channel, phone) VALUES ($1, $2, 'whatsapp', '39333000001') RETURNING id`, b.ws, contact)
	b.thread = b.id(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id, last_in_at) VALUES ($1, $2, 'whatsapp', $3, $4, now()) RETURNING id`, b.ws, b.account, identity, contact)
	b.conv = b.id(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, opened_at, last_message_at) VALUES ($1, $2, 'whatsapp', $3, $4, now(), now()) RETURNING id`, b.ws, b.account, b.thread, contact)
	return b
}

func (b *bench) id(stmt string, args ...any) int64 {
	b.t.Helper()
	var id int64
	if err := b.db.Get(&id, stmt, args...); err != nil {
		b.t.Fatalf("%v\n%s", err, stmt)
	}
	return id
}

// says adds a message (in; bot or out by somebody else), which moves the conversation on.
func (b *bench) says(direction, text string) {
	b.t.Helper()
	b.said++
	author := map[string]string{"in": "contact", "bot": "bot", "out": "other_tool"}[direction]
	if direction == "bot" {
		direction = "out"
	}
	b.id(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, text, at) VALUES ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8)) RETURNING id`,
		b.ws, b.account, b.thread, b.conv, direction, author, text, b.said)
	b.id(`UPDATE conversations SET revision = revision + 1 WHERE id = $1 RETURNING id`, b.conv)
}

func (b *bench) article(language, title, text string) int64 {
	b.t.Helper()
	a, err := SaveArticle(b.t.Context(), b.db, Article{WorkspaceID: b.ws, Title: title, Text: text, Language: language})
	if err != nil {
		b.t.Fatal(err)
	}
	return a.ID
}

func (b *bench) suggest() List {
	b.t.Helper()
	list, err := b.s.Suggest(b.t.Context(), b.ws, b.conv)
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

func (b *bench) fault(err error, want fault.Kind) {
	b.t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != want {
		b.t.Errorf("got %v, want %s", err, want)
	}
}

// In every language a question finds its article by other forms of the words, the one in its own
// language first.
func TestSearchInEveryLanguage(t *testing.T) {
	b := setup(t)
	articles := map[string][3]string{ // title, text, question
		"en": {"Deliveries", "Parcels are delivered within three days.", "when will my parcel be delivered"},
		"it": {"Spedizioni", "Spediamo i pacchi in tre giorni.", "quando arriva il pacco della spedizione?"},
		"fr": {"Livraisons", "Les colis sont livrés en trois jours.", "la livraison du colis ?"},
		"ro": {"Livrări", "Coletele sunt livrate în trei zile.", "când vine livrarea coletului"},
		"es": {"Envíos", "Enviamos los paquetes en tres días.", "¿cuándo llega el paquete del envío?"},
		"de": {"Lieferung", "Die Pakete werden in drei Tagen geliefert.", "wann kommt das Paket, Lieferungen?"},
		"pt": {"Entregas", "As encomendas chegam em três dias.", "quando chega a encomenda da entrega?"},
	}
	ids := map[string]int64{}
	for language, a := range articles {
		ids[language] = b.article(language, a[0], a[1])
		b.article(language, "Zzz", "Qqq")
	}
	for language, a := range articles {
		got, err := search(t.Context(), b.db, b.ws, a[2], language, "other")
		if err != nil || len(got) == 0 || got[0].ID != ids[language] {
			t.Errorf("%s: %q found %+v, %v", language, a[2], got, err)
		}
	}
	// Short texts have no language that can be told: each article is then searched in its own.
	if got, err := search(t.Context(), b.db, b.ws, "delivery??", "unknown", "other"); err != nil || len(got) != 1 || got[0].ID != ids["en"] {
		t.Errorf("without a language: %+v, %v", got, err)
	}
	for _, question := range []string{"", "???", "xylophone", "a & b | !c <-> 'd'", `\' ) ; --`, "https://x.example/?a=1&b=2"} {
		for _, language := range []string{"en", "", "unknown"} {
			if got, err := search(t.Context(), b.db, b.ws, question, language, "other"); err != nil || len(got) != 0 {
				t.Errorf("%q in %q found %+v, %v", question, language, got, err)
			}
		}
	}
	if got, err := search(t.Context(), b.db, b.ws+1, "deliveries", "en", "other"); err != nil || len(got) != 0 {
		t.Errorf("another workspace found %+v, %v", got, err)
	}
}

func TestAQuickReplyIsFoundByIntentAndWords(t *testing.T) {
	b := setup(t)
	save := func(shortcut, language, text string, intents ...string) QuickReply {
		r, err := SaveQuickReply(t.Context(), b.db, QuickReply{WorkspaceID: b.ws, Shortcut: shortcut, Language: language, Text: text, Intents: inbox.Strings(intents)})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	price := save("price", "en", "Tours are 49 euro.", "price")
	save("price", "it", "I tour costano 49 euro.", "price")
	hours := save("hours", "en", "Open until five.")
	for name, c := range map[string]struct {
		question, intent string
		want             int64
	}{
		"by intent, own language first": {"quanto?", "price", price.ID},
		"by words":                      {"are you open", "other", hours.ID},
	} {
		got, err := search(t.Context(), b.db, b.ws, c.question, "en", c.intent)
		if err != nil || len(got) == 0 || got[0].ID != c.want || got[0].Kind != "quick_reply" || !strings.HasPrefix(got[0].Title, "/") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	_, err := SaveQuickReply(t.Context(), b.db, QuickReply{WorkspaceID: b.ws, Shortcut: "price", Language: "en", Text: "x"})
	b.fault(err, fault.Conflict)
}

func TestWhatIsSavedIsFoundAsChanged(t *testing.T) {
	b := setup(t)
	id := b.article("en", "Parking", "Behind the shed.")
	if _, err := SaveArticle(t.Context(), b.db, Article{WorkspaceID: b.ws, ID: id, Title: "Showers", Text: "In the shed.", Language: "en"}); err != nil {
		t.Fatal(err)
	}
	for question, want := range map[string]int{"parking": 0, "shower": 1} {
		if got, err := search(t.Context(), b.db, b.ws, question, "en", "other"); err != nil || len(got) != want {
			t.Errorf("%q found %+v, %v", question, got, err)
		}
	}
	_, err := SaveArticle(t.Context(), b.db, Article{WorkspaceID: b.ws + 1, ID: id, Title: "x", Text: "x", Language: "en"})
	b.fault(err, fault.NotFound)
	b.fault(DeleteArticle(t.Context(), b.db, b.ws+1, id), fault.NotFound)
	if err := DeleteArticle(t.Context(), b.db, b.ws, id); err != nil {
		t.Error(err)
	}
}

func TestSourcesThemselvesAreOfferedOnce(t *testing.T) {
	b := setup(t)
	id := b.article("en", "Parking", "You can park behind the shed.")
	b.says("in", "hello")
	if list := b.suggest(); len(list.Items) != 0 || list.LLM != llm.Off {
		t.Errorf("made up %+v", list)
	}
	b.says("in", "where can I park?")
	list := b.suggest()
	if len(list.Items) != 1 || list.Items[0].Text != "You can park behind the shed." || list.Items[0].MadeBy != "knowledge" || list.Items[0].Sources[0] != (Source{"knowledge", id, "Parking"}) {
		t.Fatalf("offered %+v", list)
	}
	if again := b.suggest(); len(again.Items) != 1 || again.Items[0].ID != list.Items[0].ID || again.Revision != list.Revision {
		t.Errorf("then %+v", again)
	}
	b.says("out", "Behind the shed.")
	if list := b.suggest(); len(list.Items) != 0 {
		t.Errorf("nobody asks any more, and %+v", list)
	}
	_, err := b.s.Suggest(t.Context(), b.ws+1, b.conv)
	b.fault(err, fault.NotFound)
}

func TestTheModelsDraftsStandOnSources(t *testing.T) {
	reply := func(text, sources string) string { return fmt.Sprintf(`{"text":%q,"sources":[%s]}`, text, sources) }
	for name, c := range map[string]struct {
		replies string
		err     error
		want    []string
	}{
		"two good":      {reply("Park behind the shed!", "1") + "," + reply("Behind the shed, please.", "1"), nil, []string{"Park behind the shed!", "Behind the shed, please.", "You can park behind the shed."}},
		"four":          {reply("Behind the shed.", "1") + "," + reply("Behind the big shed.", "1") + "," + reply("It is behind it.", "1") + "," + reply("The fourth.", "1"), nil, []string{"Behind the shed.", "Behind the big shed.", "It is behind it."}},
		"the same":      {strings.Repeat(reply("You can park behind the shed.", "1")+",", 2) + reply("Behind it.", "1"), nil, []string{"You can park behind the shed.", "Behind it."}},
		"no source":     {reply("Anywhere you like.", ""), nil, []string{"You can park behind the shed."}},
		"wrong source":  {reply("Anywhere you like.", "0,7"), nil, []string{"You can park behind the shed."}},
		"its own link":  {reply("See https://evil.example", "1"), nil, []string{"You can park behind the shed."}},
		"its own price": {reply("It is 5 € an hour.", "1"), nil, []string{"You can park behind the shed."}},
		"none":          {"", nil, []string{"You can park behind the shed."}},
		"down":          {"", llm.ErrDown, []string{"You can park behind the shed."}},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.article("en", "Parking", "You can park behind the shed.")
			b.model.state, b.model.answer, b.model.err = llm.OK, `{"replies":[`+c.replies+`]}`, c.err
			b.says("in", "where can I park? write to anna@example.com")
			list := b.suggest()
			var got []string
			for _, i := range list.Items {
				got = append(got, i.Text)
				if len(i.Sources) == 0 {
					t.Errorf("%q stands on nothing", i.Text)
				}
			}
			if strings.Join(got, "|") != strings.Join(c.want, "|") {
				t.Errorf("offered %q, want %q", got, c.want)
			}
			if len(b.model.shown) != 1 || strings.Contains(b.model.shown[0], "anna@") || !strings.Contains(b.model.shown[0], "[e-mail]") {
				t.Errorf("the model was shown %q", b.model.shown)
			}
			if n := b.id(`SELECT count(*) FROM llm_spend WHERE task = 'suggest' AND tokens_in = 100`); n != 1 {
				t.Errorf("%d rows of spending", n)
			}
		})
	}
}

func TestTheModelIsNotAskedOverBudget(t *testing.T) {
	b := setup(t)
	b.article("en", "Parking", "You can park behind the shed.")
	b.model.state = llm.OK
	b.id(`UPDATE workspaces SET settings = '{"llm_daily_tokens":10}' RETURNING id`)
	b.id(`INSERT INTO llm_spend (workspace_id, task, model, tokens_in, tokens_out, cost_micros) VALUES ($1, 'moderate', 'm', 10, 0, 0) RETURNING id`, b.ws)
	b.says("in", "where can I park?")
	if list := b.suggest(); list.LLM != llm.OverBudget || len(list.Items) != 1 || len(b.model.shown) != 0 {
		t.Errorf("%+v, asked %d times", list, len(b.model.shown))
	}
}

func TestACommentIsMaskedToo(t *testing.T) {
	b := setup(t)
	b.article("en", "Parking", "Behind the shed.")
	b.model.state, b.model.answer = llm.OK, `{"replies":[]}`
	comment := b.id(`INSERT INTO comments (workspace_id, account_id, channel, external_id, root_external_id, contact_id, text, decision, commented_at)
		SELECT workspace_id, account_id, 'facebook', 'c', 'c', contact_id, 'parking? call +61 412 345 678', 'allow', now() FROM conversations WHERE id = $1 RETURNING id`, b.conv)
	b.id(`UPDATE conversations SET thread_id = NULL, root_comment_id = $2, channel = 'facebook' WHERE id = $1 RETURNING id`, b.conv, comment)
	if list := b.suggest(); len(list.Items) != 1 || len(b.model.shown) != 1 || strings.Contains(b.model.shown[0], "412") || !strings.Contains(b.model.shown[0], "parking? call [number]") {
		t.Errorf("offered %+v, the model was shown %q", list, b.model.shown)
	}
}

func (b *bench) send(id int64, text string) error {
	revision := b.id(`SELECT revision FROM conversations WHERE id = $1`, b.conv)
	return Record(b.t.Context(), b.db, Sent{WorkspaceID: b.ws, ConversationID: b.conv, SuggestionID: id, Revision: revision, Text: text, UserID: &b.user})
}

func TestDecidingOnASuggestion(t *testing.T) {
	for name, c := range map[string]struct {
		decide   func(b *bench, id int64) error
		state    string
		sent     string
		distance int
		again    fault.Kind
	}{
		"accept":  {func(b *bench, id int64) error { return b.send(id, " Behind the shed.\n") }, "accepted", " Behind the shed.\n", 0, fault.Conflict},
		"edit":    {func(b *bench, id int64) error { return b.send(id, "Behind it.") }, "edited", "Behind it.", 8, fault.Conflict},
		"dismiss": {func(b *bench, id int64) error { return Dismiss(b.t.Context(), b.db, b.ws, id, &b.user) }, "dismissed", "", -1, fault.NotFound},
		"ignore":  {func(b *bench, _ int64) error { return b.send(0, "My own words.") }, "ignored", "", -1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.article("en", "Parking", "Behind the shed.")
			b.model.state, b.model.answer = llm.OK, `{"replies":[]}`
			b.says("in", "parking?")
			id := b.suggest().Items[0].ID
			b.fault(Dismiss(t.Context(), b.db, b.ws+1, id, &b.user), fault.NotFound)
			if err := c.decide(b, id); err != nil {
				t.Fatal(err)
			}
			if n := b.id(`SELECT count(*) FROM suggestions WHERE id = $1 AND state = $2 AND sent_text = $3 AND decided_by = $4 AND decided_at IS NOT NULL AND coalesce(distance, -1) = $5`, id, c.state, c.sent, b.user, c.distance); n != 1 {
				t.Errorf("it is not %s", c.state)
			}
			if c.again != "" {
				b.fault(c.decide(b, id), c.again)
			}
			if list := b.suggest(); len(list.Items) != 0 || len(b.model.shown) != 1 {
				t.Errorf("offered again: %+v after asking %d times", list, len(b.model.shown))
			}
		})
	}
}

func TestUsingASuggestionAfterTheConversationMovedOnIsAConflict(t *testing.T) {
	b := setup(t)
	b.article("en", "Parking", "Behind the shed.")
	b.says("in", "parking?")
	id := b.suggest().Items[0].ID
	b.says("in", "no, forget it")
	b.fault(b.send(id, "Behind the shed."), fault.Conflict)
	if n := b.id(`SELECT count(*) FROM suggestions WHERE id = $1 AND state = 'offered'`, id); n != 1 {
		t.Error("a refused suggestion was decided on")
	}
	b.fault(b.send(id+1000, "x"), fault.Conflict)
}

// TestAfterTheBotSpoke: whoever takes over from the bot still needs an answer to what was asked last; after
// a person's answer nobody does.
func TestAfterTheBotSpoke(t *testing.T) {
	b := setup(t)
	b.article("en", "Parking", "You can park behind the shed.")
	b.article("en", "Price", "An hour costs 28 dollars.")
	b.says("in", "what is the price?")
	b.says("bot", "One moment, please.")
	b.says("in", "where can I park?")
	b.says("bot", "A person will answer.")
	if list := b.suggest(); len(list.Items) != 1 || list.Items[0].Text != "You can park behind the shed." {
		t.Errorf("offered %+v", list.Items)
	}
	b.says("out", "Behind the shed.")
	b.says("bot", "Anything else?")
	if list := b.suggest(); len(list.Items) != 0 {
		t.Errorf("a person answered, and %+v", list.Items)
	}
}

// TestTheCustomersLanguageComesFirst: a source in another language is offered only where there is none in
// the customer's, however well it ranks.
func TestADraftIsOfTheLanguageItIsWrittenIn(t *testing.T) {
	b := setup(t)
	b.s.Written = func(text string) string {
		if strings.Contains(text, "capannone") {
			return "it"
		}
		return ""
	}
	b.article("en", "Parking", "You can park behind the shed.")
	b.model.state, b.model.answer = llm.OK, `{"replies":[{"text":"Dietro il capannone.","sources":[1]},{"text":"Behind it.","sources":[1]}]}`
	b.says("in", "where can I park?")
	list := b.suggest()
	if len(list.Items) < 2 || list.Items[0].Language != "it" || list.Items[1].Language != "en" {
		t.Errorf("offered %+v", list.Items)
	}
}

func TestTheCustomersLanguageComesFirst(t *testing.T) {
	b := setup(t)
	b.s.Judge = func(string) (string, string) { return "other", "it" }
	b.article("en", "Kayak kayak kayak", "Kayak, kayak, kayak and kayak.")
	b.says("in", "un kayak per sabato")
	if list := b.suggest(); len(list.Items) != 1 || list.Items[0].Language != "en" {
		t.Errorf("with English alone, offered %+v", list.Items)
	}
	b.article("it", "Noleggio", "Il noleggio di un kayak costa 28 dollari.")
	b.says("in", "un kayak per sabato")
	if list := b.suggest(); len(list.Items) != 1 || list.Items[0].Language != "it" {
		t.Errorf("with both, offered %+v", list.Items)
	}
}

// TestAQuestionInTheSecondOfAnAnswer: networks give whole seconds, so what was asked right after an answer
// bears an earlier instant than the answer does.
func TestAQuestionInTheSecondOfAnAnswer(t *testing.T) {
	b := setup(t)
	b.article("en", "Parking", "You can park behind the shed.")
	for i, m := range []struct{ direction, author, text string }{{"in", "contact", "hello"}, {"out", "other_tool", "Hi!"}, {"in", "contact", "where can I park?"}} {
		b.id(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, text, at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, '2026-05-04 10:00:00Z'::timestamptz + make_interval(secs => $8), now() + make_interval(secs => $9)) RETURNING id`,
			b.ws, b.account, b.thread, b.conv, m.direction, m.author, m.text, map[int]float64{1: 0.7}[i], i)
	}
	if list := b.suggest(); len(list.Items) != 1 {
		t.Errorf("offered %+v", list.Items)
	}
}
