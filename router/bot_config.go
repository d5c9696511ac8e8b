package router

import (
	"strconv"

	"ponte/fault"
)

// Config is how a workspace leads its conversations.
type Config struct {
	Questions  []Question `json:"questions"`
	AskOffers  bool       `json:"ask_offers"`  // ask for the opt-in to offers after routing
	MaxRetries int        `json:"max_retries"` // unclear answers before a person takes over
}

// Question is one qualifying question; without choices any text is an answer.
type Question struct {
	ID      string            `json:"id"`
	Text    map[string]string `json:"text"`
	Choices []Choice          `json:"choices,omitempty"`
}

// Choice is one answer: it labels the conversation and may route it to a team or resolve it.
type Choice struct {
	ID      string            `json:"id"`
	Title   map[string]string `json:"title"` // at most 20 characters (WhatsApp button)
	Label   string            `json:"label,omitempty"`
	Team    string            `json:"team,omitempty"`
	Answer  map[string]string `json:"answer,omitempty"` // said instead of "somebody will answer"
	Resolve bool              `json:"resolve,omitempty"`
}

// maxButtonTitle is WhatsApp's limit of a reply button.
const maxButtonTitle = 20

// Validate returns every fault of a configuration.
func (c Config) Validate() []*fault.Error {
	var bad []*fault.Error
	if len(c.Questions) > 2 {
		bad = append(bad, fault.Field("bot.questions", "at most two questions before a person can be reached, there are %d", len(c.Questions)))
	}
	for i, q := range c.Questions {
		field := "bot.questions[" + strconv.Itoa(i) + "]"
		if q.ID == "" || len(q.Text) == 0 {
			bad = append(bad, fault.Field(field, "needs an id and a text"))
		}
		if len(q.Choices) > 10 {
			bad = append(bad, fault.Field(field+".choices", "a WhatsApp list has at most ten rows, there are %d", len(q.Choices)))
		}
		seen := map[string]bool{}
		for j, ch := range q.Choices {
			at := field + ".choices[" + strconv.Itoa(j) + "]"
			if ch.ID == "" || seen[ch.ID] || len(ch.Title) == 0 {
				bad = append(bad, fault.Field(at, "needs an id of its own and a title"))
			}
			seen[ch.ID] = true
			for lang, title := range ch.Title {
				if n := len([]rune(title)); n == 0 || n > maxButtonTitle {
					bad = append(bad, fault.Field(at+".title."+lang, "%q must have 1 to %d characters", title, maxButtonTitle))
				}
			}
		}
	}
	return bad
}

// DefaultConfig is what a workspace starts with: one question, then the question about offers.
func DefaultConfig() Config {
	title := func(key string) map[string]string { return All(key) }
	return Config{AskOffers: true, MaxRetries: 1, Questions: []Question{{
		ID: "topic", Text: All("qualify.topic"),
		Choices: []Choice{
			{ID: "products", Title: title("topic.products"), Label: "new lead", Team: "sales"},
			{ID: "booking", Title: title("topic.booking"), Label: "booking", Team: "sales"},
			{ID: "order", Title: title("topic.order"), Label: "order", Team: "support"},
		},
	}}}
}
