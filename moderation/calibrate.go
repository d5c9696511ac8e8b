package moderation

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"sort"
)

// devSets are the development parts on which probabilities and thresholds are set: of every set of a
// language, also of those whose rows may not feed weights (decision 0004 says why).
var devSets = map[string][]string{
	"harm": {"davidson-en", "surge-toxicity-en", "jigsaw-enfr", "olid-en", "hateval-en", "germeval18-de", "germeval21-de", "mlma-fr", "cyberagression-fr", "hateday-fr", "told-pt", "fortuna19-pt", "hatebr-pt", "ro-offense", "ro-fb-offense", "haspeede2-it", "hateval-es", "offendes"},
	"spam": {"youtube-spam", "sms-spam", "sms-phishing", "sms-spam-mt"},
}

type scored struct {
	x    float64
	y    bool
	lang string

	own    bool // one of our sentences
	spared bool // never hidden by the model, or no ground to judge hiding by
}

// otherLabels are sets whose zeros hold plain abuse too, because they mark hatred of certain groups
// alone: no threshold can be precise by their labels.
var otherLabels = []string{"hateval-es"}

// development is what a group is calibrated on: none of it was trained on.
type development struct {
	rows     []Example
	harmless []Example // our own harmless sentences, of all tasks
}

func developmentPart(name string, seeds map[string][]Example, data string) (development, error) {
	var d development
	d.rows = append(d.rows, binary01(testPart(seeds[name]))...)
	for _, task := range []string{"intent", "sentiment", "optout", "harm", "spam"} {
		for _, e := range testPart(seeds[task]) {
			if task != "harm" && task != "spam" || e.Label == "none" {
				d.harmless = append(d.harmless, Example{Text: e.Text, Label: "0", Lang: e.Lang})
			}
		}
	}
	if data == "" {
		return d, nil
	}
	for _, set := range devSets[name] {
		rows, err := LoadTSV(filepath.Join(data, set, "dev.tsv"))
		if err != nil {
			return d, err
		}
		d.rows = append(d.rows, rows...)
	}
	return d, nil
}

// calibrate fits a group's probabilities and thresholds by language, as the model itself reads it:
// that is how they are looked up later.
func (m *Model) calibrate(name string, seeds map[string][]Example, o TrainOptions) error {
	dev, err := developmentPart(name, seeds, o.Data)
	if err != nil {
		return err
	}
	rows, harmless := m.evidenceOf(name, dev.rows), m.evidenceOf(name, dev.harmless)
	m.calibrations[name], m.thresholds[name] = map[string]calibration{}, map[string]float64{}
	for _, l := range append([]string{""}, Languages...) {
		list := append(slices.Clone(rows[l]), harmless[l]...)
		if len(list) < 60 {
			continue
		}
		c := platt(list)
		t, prec, rec := hideThreshold(noisier(rows[l]), harmless[l], c, leastHide[name])
		m.calibrations[name][l], m.thresholds[name][l] = c, t
		m.Card.Thresholds = append(m.Card.Thresholds, Figure{Name: name + " hides from", Set: "development parts", Language: l, N: len(list), Value: t,
			Note: fmt.Sprintf("precision %.3f, recall %.3f there", prec, rec)})
		o.Log("%s %-3s n=%d auc=%.3f threshold=%.3f precision=%.3f recall=%.3f", name, l, len(list), aucOf(rows[l]), t, prec, rec)
	}
	return nil
}

// noisier leaves our own sentences out where there are enough public ones: ours are written to be clear,
// and a threshold that is precise on them is less so elsewhere.
func noisier(list []scored) []scored {
	public := slices.DeleteFunc(slices.Clone(list), func(s scored) bool { return s.own })
	if len(public) < 300 {
		return list
	}
	return public
}

// evidenceOf scores texts by language; under "" stand all.
func (m *Model) evidenceOf(name string, rows []Example) map[string][]scored {
	out := map[string][]scored{}
	s := &scratch{}
	for _, e := range rows {
		n := normalise(e.Text).bare()
		language := m.language(&n, s)
		m.textFeatures(s, &n, language)
		var p Prediction
		m.category(&p, s)
		sc := scored{x: m.evidence(name, language, s), y: e.Label == "1", lang: e.Lang, own: e.Set == ownSet, spared: name == "harm" && !p.mayHide() || inList(otherLabels, e.Set)}
		out[""] = append(out[""], sc)
		if inList(Languages, language) {
			out[language] = append(out[language], sc)
		}
	}
	return out
}

// platt fits a·x+b by Newton's method on the log loss (Platt 1999, with his smoothed targets).
func platt(list []scored) calibration {
	pos := 0
	for _, s := range list {
		if s.y {
			pos++
		}
	}
	hi, lo := (float64(pos)+1)/(float64(pos)+2), 1/(float64(len(list)-pos)+2)
	c := calibration{A: 1, B: 0}
	for range 50 {
		var ga, gb, haa, hab, hbb float64
		for _, s := range list {
			p := sigmoid(c.A*s.x + c.B)
			t := lo
			if s.y {
				t = hi
			}
			w := p * (1 - p)
			ga += (p - t) * s.x
			gb += p - t
			haa += w * s.x * s.x
			hab += w * s.x
			hbb += w
		}
		haa += 1e-6
		hbb += 1e-6
		det := haa*hbb - hab*hab
		if math.Abs(det) < 1e-12 {
			break
		}
		da, db := (hbb*ga-hab*gb)/det, (haa*gb-hab*ga)/det
		c.A -= da
		c.B -= db
		if math.Abs(da)+math.Abs(db) < 1e-7 {
			break
		}
	}
	if c.A <= 0 { // a head that knows nothing of this language must not be turned around
		c.A = 0.01
	}
	return c
}

// calm slows a logit down beyond four, so that texts that are all sure stay in order within six digits.
func calm(x float64) float64 {
	const from = 4
	switch {
	case x > from:
		return from + math.Log(1+x-from)
	case x < -from:
		return -from - math.Log(1-x-from)
	}
	return x
}

// hidePrecision is aimed at on the development parts, above the .90 the product promises, because a
// threshold chosen on a sample flatters itself there.
const hidePrecision = 0.92

// harmlessHidden is the share of our own harmless sentences, look-alikes among them, that may be hidden.
const harmlessHidden = 0.004

// leastHide is where hiding begins at the lowest: on a small sample the lowest precise score may be a
// coin's toss.
var leastHide = map[string]float64{"harm": 0.7, "spam": 0.75}

// fewestHidden is how many texts a threshold must have hidden on the development parts: below, precision is a matter of
// luck. Down to few of them, a still better one will do.
const (
	fewestHidden = 25
	fewHidden    = 15
	fewPrecision = 0.94
)

// hideThreshold is the lowest score from which on hiding is precise enough, on enough texts, and
// spares harmless talk. What is never hidden whatever its score does not count.
func hideThreshold(list, harmless []scored, c calibration, least float64) (threshold, precision, recall float64) {
	sorted := slices.Clone(list)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].x > sorted[j].x })
	score := func(x float64) float64 { return round(sigmoid(calm(float64(c.A*x) + c.B))) }
	var spared []float64
	for _, s := range harmless {
		if !s.spared {
			spared = append(spared, s.x)
		}
	}
	slices.Sort(spared)
	if n := len(spared); n > 0 {
		least = max(least, score(spared[n-1-int(harmlessHidden*float64(n))])+1e-6)
	}
	total := 0
	for _, s := range sorted {
		if s.y {
			total++
		}
	}
	threshold = 2
	right, n := 0, 0
	for i, s := range sorted {
		if s.spared {
			continue
		}
		if score(s.x) < least {
			break
		}
		n++
		if s.y {
			right++
		}
		if i+1 < len(sorted) && sorted[i+1].x == s.x {
			continue
		}
		// The next one is counted as wrong: where few are hidden, one error more is a large share.
		if p := float64(right) / float64(n+1); p >= hidePrecision && n >= fewestHidden || p >= fewPrecision && n >= fewHidden {
			threshold, precision, recall = score(s.x), float64(right)/float64(n), float64(right)/float64(max(total, 1))
		}
	}
	return threshold, precision, recall
}

func aucOf(list []scored) float64 {
	sorted := slices.Clone(list)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].x < sorted[j].x })
	pos, neg, sum := 0.0, 0.0, 0.0
	for i := 0; i < len(sorted); {
		j := i
		for j < len(sorted) && sorted[j].x == sorted[i].x {
			j++
		}
		rank := float64(i+j+1) / 2
		for k := i; k < j; k++ {
			if sorted[k].y {
				pos++
				sum += rank
			} else {
				neg++
			}
		}
		i = j
	}
	if pos == 0 || neg == 0 {
		return math.NaN()
	}
	return (sum - pos*(pos+1)/2) / (pos * neg)
}
