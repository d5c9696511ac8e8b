package moderation

// Card is what the shipped model says of itself.
type Card struct {
	Trained    string   `json:"trained"`
	Method     string   `json:"method"`
	Sources    []Source `json:"sources"`
	Thresholds []Figure `json:"thresholds"`
	Figures    []Figure `json:"figures"`
	Notes      []string `json:"notes"`

	// Categories says from how many texts each category was learnt; what is not here has no score.
	Categories map[string]int `json:"categories"`
}

// Source is a set of texts that fed the weights.
type Source struct {
	Name    string `json:"name"`
	Head    string `json:"head"`
	Rows    int    `json:"rows"`
	Licence string `json:"licence"`
}

// Figure is one measurement.
type Figure struct {
	Name      string  `json:"name"`
	Set       string  `json:"set"`
	Language  string  `json:"language,omitempty"`
	N         int     `json:"n"`
	Value     float64 `json:"value"`
	Threshold float64 `json:"threshold,omitempty"`
	Baseline  float64 `json:"baseline,omitempty"` // what a plain word list reaches, or always saying the commonest label
	Note      string  `json:"note,omitempty"`
}
