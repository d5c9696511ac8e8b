package moderation

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed" // the shipped model
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
)

//go:embed artefact/model.bin.gz
var shippedBytes []byte

// Shipped returns the model inside the binary.
var Shipped = sync.OnceValue(func() *Model {
	m, err := ReadModel(bytes.NewReader(shippedBytes))
	if err != nil {
		panic("the shipped model cannot be read: " + err.Error())
	}
	return m
})

// head is one linear classifier over hashed n-grams: integer weights, so that a sum is the same on
// every processor; the scale turns a sum into a logit.
type head struct {
	Name    string
	Labels  []string // one column of weights a label; a binary head has one
	Bits    uint     // 2^Bits buckets
	View    string   // lower or folded: which form of the text
	Scale   float64
	Bias    []int32
	Weights []int8 // bucket-major: Weights[bucket*len(Labels)+label]
}

// calibration turns a head's logit into a probability, per language: Platt's a·x+b.
type calibration struct{ A, B float64 }

// Model is the embedded model.
type Model struct {
	Version string `json:"version"`
	Card    Card   `json:"card"`
	heads   map[string]*head
	// by head ("harm", "spam") and language; "" is for languages without one of their own
	calibrations map[string]map[string]calibration
	thresholds   map[string]map[string]float64 // hide from here on; > 1: never
}

// Prediction is what the model says of a text.
type Prediction struct {
	Language           string
	Intent             string
	IntentScore        float64
	Sentiment          string
	Harm, Spam         float64
	HarmHide, SpamHide float64 // thresholds of hiding in this language
	OptOut, Human      float64 // probability of the intents
}

// scratch keeps buffers of the hot path.
type scratch struct {
	features []uint32
	sums     [16]int32
}

var scratches = sync.Pool{New: func() any { return &scratch{features: make([]uint32, 0, 4096)} }}

// Predict scores a text with every head.
func (m *Model) Predict(n normal) Prediction {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	var p Prediction
	p.Language = m.language(n, s)
	s.features = features(s.features[:0], []rune(n.folded), true, &n.facts)
	count := len(s.features)
	p.Harm = m.probability("harm", p.Language, s.features, count, s)
	p.Spam = m.probability("spam", p.Language, s.features, count, s)
	p.HarmHide, p.SpamHide = m.threshold("harm", p.Language), m.threshold("spam", p.Language)
	p.Intent, p.IntentScore = "other", 0
	if h := m.heads["intent"]; h != nil {
		probs := h.softmax(s.features, count, s)
		best := 0
		for i := range probs {
			if probs[i] > probs[best] {
				best = i
			}
			switch h.Labels[i] {
			case "opt_out":
				p.OptOut = probs[i]
			case "human_agent":
				p.Human = probs[i]
			}
		}
		p.Intent, p.IntentScore = h.Labels[best], probs[best]
	}
	p.Sentiment = "neutral"
	if h := m.heads["sentiment"]; h != nil {
		p.Sentiment = h.Labels[argmax(h.softmax(s.features, count, s))]
	}
	return p
}

func (m *Model) language(n normal, s *scratch) string {
	h := m.heads["language"]
	if h == nil || n.facts.letters == 0 {
		return "unknown"
	}
	s.features = features(s.features[:0], n.lower, false, nil)
	probs := h.softmax(s.features, len(s.features), s)
	best := argmax(probs)
	if probs[best] < 0.30 {
		return "unknown"
	}
	return h.Labels[best]
}

func (m *Model) probability(name, language string, feats []uint32, count int, s *scratch) float64 {
	h := m.heads[name]
	if h == nil {
		return 0
	}
	x := h.logit(feats, count, s)
	c, ok := m.calibrations[name][language]
	if !ok {
		c = m.calibrations[name][""]
	}
	return round(sigmoid(float64(c.A*x) + c.B))
}

func (m *Model) threshold(name, language string) float64 {
	if t, ok := m.thresholds[name][language]; ok {
		return t
	}
	if t, ok := m.thresholds[name][""]; ok {
		return t
	}
	return 2
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// round keeps six digits, so that a score reads and compares the same everywhere.
func round(x float64) float64 { return math.Round(x*1e6) / 1e6 }

// sum adds the integer weights of the features for each label.
func (h *head) sum(feats []uint32, s *scratch) []int32 {
	k := len(h.Labels)
	sums := s.sums[:k]
	for i := range sums {
		sums[i] = 0
	}
	mask := uint32(1)<<h.Bits - 1
	if k == 1 {
		var t int32
		for _, f := range feats {
			t += int32(h.Weights[f&mask])
		}
		sums[0] = t
		return sums
	}
	for _, f := range feats {
		row := h.Weights[int(f&mask)*k : int(f&mask)*k+k]
		for i, w := range row {
			sums[i] += int32(w)
		}
	}
	return sums
}

// scaleOf makes texts of all lengths comparable: the sum over the root of the number of features.
func (h *head) scaleOf(count int) float64 { return h.Scale / math.Sqrt(float64(max(count, 1))) }

func (h *head) logit(feats []uint32, count int, s *scratch) float64 {
	sum := h.sum(feats, s)[0]
	return float64(float64(sum)*h.scaleOf(count)) + float64(float64(h.Bias[0])*h.Scale)
}

func (h *head) softmax(feats []uint32, count int, s *scratch) []float64 {
	sums := h.sum(feats, s)
	out := make([]float64, len(sums))
	scale := h.scaleOf(count)
	top := math.Inf(-1)
	for i, v := range sums {
		out[i] = float64(float64(v)*scale) + float64(float64(h.Bias[i])*h.Scale)
		top = max(top, out[i])
	}
	total := 0.0
	for i := range out {
		out[i] = math.Exp(out[i] - top)
		total += out[i]
	}
	for i := range out {
		out[i] = round(out[i] / total)
	}
	return out
}

func argmax(list []float64) int {
	best := 0
	for i := range list {
		if list[i] > list[best] {
			best = i
		}
	}
	return best
}

// features hashes a text: character n-grams of 1 to 5 inside words and across one space, words, and
// pairs of words; with facts, also what the text looks like.
func features(out []uint32, runes []rune, words bool, f *facts) []uint32 {
	const prime = 16777619
	n := len(runes)
	for i := 0; i < n; i++ {
		h := uint32(2166136261)
		for k := 0; k < 5 && i+k < n; k++ {
			h = (h ^ uint32(runes[i+k])) * prime
			if k >= 1 {
				out = append(out, mix(h+uint32(k)*0x9e3779b9))
			}
		}
	}
	if !words {
		return wordFeatures(out, runes, false)
	}
	out = wordFeatures(out, runes, true)
	if f != nil {
		out = factFeatures(out, f)
	}
	return out
}

func wordFeatures(out []uint32, runes []rune, pairs bool) []uint32 {
	const prime = 16777619
	var last, h uint32
	h = 2166136261
	inWord := false
	end := func() {
		if !inWord {
			return
		}
		w := mix(h ^ 0x5bd1e995)
		out = append(out, w, mix(w+17)) // a word counts twice beside its n-grams
		if pairs && last != 0 {
			out = append(out, mix(last*31+w))
		}
		last, h, inWord = w, 2166136261, false
	}
	for _, r := range runes {
		if r == ' ' || r == '\n' {
			end()
			continue
		}
		h = (h ^ uint32(r)) * prime
		inWord = true
	}
	end()
	return out
}

func factFeatures(out []uint32, f *facts) []uint32 {
	add := func(kind, value int) {
		h := mix(0xabcdef01 + uint32(kind)*7919 + uint32(value)*104729)
		for i := uint32(0); i < 4; i++ { // as loud as a few n-grams
			out = append(out, mix(h+i))
		}
	}
	bucket := func(n int) int {
		switch {
		case n == 0:
			return 0
		case n <= 2:
			return 1
		case n <= 5:
			return 2
		}
		return 3
	}
	add(1, min(f.links, 2))
	add(2, bucket(f.emoji))
	add(3, bucket(f.styled))
	add(4, bucket(f.mentions))
	add(5, bucket(f.hashtags))
	if f.phone {
		add(6, 1)
	}
	if f.mixed {
		add(7, 1)
	}
	if f.hidden > 1 {
		add(8, 1)
	}
	if f.letters > 8 && f.upper*2 > f.letters {
		add(9, 1)
	}
	if f.digits > 0 && f.digits*4 > f.runes {
		add(10, 1)
	}
	length := 0
	for n := f.runes; n > 12; n /= 2 {
		length++
	}
	add(11, length)
	return out
}

// mix spreads a hash over all bits (the finaliser of MurmurHash3, public domain).
func mix(h uint32) uint32 {
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	h ^= h >> 16
	return h
}

type artefact struct {
	Card         Card                              `json:"card"`
	Heads        []headMeta                        `json:"heads"`
	Calibrations map[string]map[string]calibration `json:"calibrations"`
	Thresholds   map[string]map[string]float64     `json:"thresholds"`
}

type headMeta struct {
	Name   string   `json:"name"`
	Labels []string `json:"labels"`
	Bits   uint     `json:"bits"`
	Scale  float64  `json:"scale"`
	Bias   []int32  `json:"bias"`
}

var magic = []byte("ponte model 1\n")

// Write stores the model: a JSON header, then the weights of each head, gzipped.
func (m *Model) Write(w io.Writer) error {
	a := artefact{Card: m.Card, Calibrations: m.calibrations, Thresholds: m.thresholds}
	var weights []byte
	for _, name := range headNames {
		h := m.heads[name]
		if h == nil {
			continue
		}
		a.Heads = append(a.Heads, headMeta{h.Name, h.Labels, h.Bits, h.Scale, h.Bias})
		for _, v := range h.Weights {
			weights = append(weights, byte(v))
		}
	}
	header, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode the model: %w", err)
	}
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	for _, part := range [][]byte{magic, binary.BigEndian.AppendUint32(nil, uint32(len(header))), header, weights} {
		if _, err := z.Write(part); err != nil {
			return fmt.Errorf("write the model: %w", err)
		}
	}
	return z.Close()
}

var headNames = []string{"harm", "spam", "intent", "language", "sentiment"}

// ErrModel says that a file is not a model of this version.
var ErrModel = errors.New("not a model of this version of ponte")

// ReadModel reads what Write wrote.
func ReadModel(r io.Reader) (*Model, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrModel, err)
	}
	all, err := io.ReadAll(io.LimitReader(z, 64<<20))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrModel, err)
	}
	if !bytes.HasPrefix(all, magic) || len(all) < len(magic)+4 {
		return nil, ErrModel
	}
	sum := sha256.Sum256(all)
	rest := all[len(magic):]
	size := int(binary.BigEndian.Uint32(rest))
	if rest = rest[4:]; size > len(rest) {
		return nil, ErrModel
	}
	var a artefact
	if err := json.Unmarshal(rest[:size], &a); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrModel, err)
	}
	rest = rest[size:]
	m := &Model{Version: hex.EncodeToString(sum[:6]), Card: a.Card, heads: map[string]*head{}, calibrations: a.Calibrations, thresholds: a.Thresholds}
	for _, meta := range a.Heads {
		k := len(meta.Labels)
		if meta.Bits > 20 || k == 0 || k > 16 || len(meta.Bias) != k || len(rest) < k<<meta.Bits {
			return nil, ErrModel
		}
		h := &head{Name: meta.Name, Labels: meta.Labels, Bits: meta.Bits, Scale: meta.Scale, Bias: meta.Bias, Weights: make([]int8, k<<meta.Bits)}
		for i := range h.Weights {
			h.Weights[i] = int8(rest[i])
		}
		rest = rest[k<<meta.Bits:]
		m.heads[meta.Name] = h
	}
	return m, nil
}
