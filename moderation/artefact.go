package moderation

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

type artefact struct {
	Card         Card                              `json:"card"`
	Heads        []headMeta                        `json:"heads"`
	Lexicon      int                               `json:"lexicon"` // words
	Calibrations map[string]map[string]calibration `json:"calibrations"`
	Thresholds   map[string]map[string]float64     `json:"thresholds"`
	Concern      concern                           `json:"concern"`
}

type headMeta struct {
	Name   string   `json:"name"`
	Labels []string `json:"labels"`
	Bits   uint     `json:"bits"`
	Salted bool     `json:"salted,omitempty"`
	Flat   bool     `json:"flat,omitempty"`
	Scale  float64  `json:"scale"`
	Bias   []int32  `json:"bias"`
	Levels []int32  `json:"levels"`
}

var magic = []byte("ponte model 3\n")

var headNames = []string{"harm", "spam", "shape", "category", "danger", "intent", "optout", "optout signs", "human", "human signs", "join", "language", "sentiment"}

// Write stores the model: a JSON header, the lexicon, then the weights of each head, gzipped.
func (m *Model) Write(w io.Writer) error {
	a := artefact{Card: m.Card, Lexicon: len(m.lexicon.keys), Calibrations: m.calibrations, Thresholds: m.thresholds, Concern: m.concern}
	body := m.lexicon.bytes()
	for _, name := range headNames {
		h := m.heads[name]
		if h == nil {
			continue
		}
		a.Heads = append(a.Heads, headMeta{h.Name, h.Labels, h.Bits, h.Salted, h.Flat, h.Scale, h.Bias, levelsOf()})
		for _, v := range h.Weights {
			body = append(body, byte(v))
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
	for _, part := range [][]byte{magic, binary.BigEndian.AppendUint32(nil, uint32(len(header))), header, body} {
		if _, err := z.Write(part); err != nil {
			return fmt.Errorf("write the model: %w", err)
		}
	}
	return z.Close()
}

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
	m := &Model{Version: hex.EncodeToString(sum[:6]), Card: a.Card, heads: map[string]*head{}, calibrations: a.Calibrations, thresholds: a.Thresholds, concern: a.Concern}
	rest = rest[size:]
	if a.Lexicon < 0 || a.Lexicon*6 > len(rest) {
		return nil, ErrModel
	}
	m.lexicon, rest = lexiconFrom(rest[:a.Lexicon*6]), rest[a.Lexicon*6:]
	for _, meta := range a.Heads {
		k := len(meta.Labels)
		if meta.Bits > 22 || k == 0 || k > maxLabels || len(meta.Bias) != k || len(meta.Levels) != 128 || len(rest) < k<<meta.Bits {
			return nil, ErrModel
		}
		h := &head{Name: meta.Name, Labels: meta.Labels, Bits: meta.Bits, Salted: meta.Salted, Flat: meta.Flat, Scale: meta.Scale, Bias: meta.Bias, Weights: make([]int8, k<<meta.Bits)}
		h.useLevels(meta.Levels)
		for i := range h.Weights {
			h.Weights[i] = int8(rest[i])
		}
		rest = rest[k<<meta.Bits:]
		m.heads[meta.Name] = h
	}
	return m, nil
}
