package moderation

import (
	"math"
	"slices"
)

// item is a text as a head sees it: its buckets, each once, and what it is.
type item struct {
	at     []uint32
	label  int
	weight float32
}

// headOptions say how a head is fitted.
type headOptions struct {
	bits   uint
	epochs int
	rate   float64
	l2     float64
	salted bool
	shared float32 // how loud a feature of all languages is; 0 means 1
	ratio  bool    // scale features by how unevenly the classes use them (Wang and Manning 2012)
	drop   float64 // share of features left out of each step, so that no few of them carry a text
	even   bool    // weigh classes by the root of their rarity
	rounds int     // models averaged; 0 means 1
	flat   bool    // a text's sum is not divided by the root of its number of features
}

// fitter trains one linear head by stochastic gradient descent with AdaGrad.
type fitter struct {
	k           int
	o           headOptions
	scale, w, g []float32
	bias, gbias []float64
	probs       []float64
	class       []float64
	rng         uint64
}

func (f *fitter) next() uint64 {
	f.rng ^= f.rng << 13
	f.rng ^= f.rng >> 7
	f.rng ^= f.rng << 17
	return f.rng
}

// fit returns the weights, bucket-major, and the biases.
func fit(items []item, k int, o headOptions) ([]float32, []float64) {
	scale := featureScale(items, k, o)
	sum, bias := make([]float32, k<<o.bits), make([]float64, k)
	rounds := max(o.rounds, 1)
	for r := range rounds {
		f := &fitter{k: k, o: o, scale: scale, w: make([]float32, k<<o.bits), g: make([]float32, k<<o.bits), bias: make([]float64, k), gbias: make([]float64, k), probs: make([]float64, k),
			class: classWeights(items, k, o.even), rng: 88172645463325252 + uint64(r)*0x9e3779b97f4a7c15}
		f.run(items)
		for i, v := range f.w {
			sum[i] += v * scale[i/k] / float32(rounds)
		}
		for i, v := range f.bias {
			bias[i] += v / float64(rounds)
		}
	}
	return sum, bias
}

func (f *fitter) run(items []item) {
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	total, step := f.o.epochs*len(items), 0
	kept := make([]uint32, 0, 4096)
	limit := uint64(f.o.drop * float64(1<<32))
	for range f.o.epochs {
		for i := len(order) - 1; i > 0; i-- {
			j := int(f.next() % uint64(i+1))
			order[i], order[j] = order[j], order[i]
		}
		for _, id := range order {
			it := items[id]
			if limit > 0 {
				kept = kept[:0]
				for _, at := range it.at {
					if f.next()>>32 >= limit {
						kept = append(kept, at)
					}
				}
				it.at = kept
			}
			f.step(it, f.o.rate*(1-0.9*float64(step)/float64(total)))
			step++
		}
	}
}

// step moves the weights along one text. The rate falls over the run, so that the last texts do not
// have the last word.
func (f *fitter) step(it item, rate float64) {
	v := 1 / math.Sqrt(float64(max(1, len(it.at))))
	if f.o.flat {
		v = 1
	}
	for c := range f.probs {
		sum := float32(0)
		for _, at := range it.at {
			sum += f.w[int(at)*f.k+c] * f.scale[at]
		}
		f.probs[c] = float64(sum)*v + f.bias[c]
	}
	softmaxInPlace(f.probs)
	for c := range f.probs {
		target := 0.0
		if f.k == 1 && it.label == 1 || f.k > 1 && it.label == c {
			target = 1
		}
		d := (f.probs[c] - target) * float64(it.weight) * f.class[it.label]
		if math.Abs(d) < 1e-4 {
			continue
		}
		step, r, l2 := float32(d*v), float32(rate), float32(f.o.l2)
		for _, at := range it.at {
			i := int(at)*f.k + c
			grad := step*f.scale[at] + l2*f.w[i]
			f.g[i] += grad * grad
			f.w[i] -= r * grad / (float32(math.Sqrt(float64(f.g[i]))) + 1e-3)
		}
		f.gbias[c] += d * d
		f.bias[c] -= rate * d / (math.Sqrt(f.gbias[c]) + 1e-3)
	}
}

// featureScale says how loud each bucket is.
func featureScale(items []item, k int, o headOptions) []float32 {
	size := 1 << o.bits
	out := make([]float32, size)
	for i := range out {
		out[i] = 1
		if o.shared > 0 && (!o.salted || i < size/2) {
			out[i] = o.shared
		}
	}
	if !o.ratio {
		return out
	}
	classes := max(k, 2)
	counts, totals := make([]float32, classes*size), make([]float64, classes)
	for _, it := range items {
		totals[it.label]++
		for _, at := range it.at {
			counts[int(at)*classes+it.label]++
		}
	}
	from := 0
	if o.salted {
		from = size / 2
	}
	all := 0.0
	for _, t := range totals {
		all += t
	}
	for i := from; i < size; i++ {
		row := counts[i*classes : i*classes+classes]
		sum := float64(0)
		for _, v := range row {
			sum += float64(v)
		}
		most := 0.0
		for c, v := range row {
			here, elsewhere := (float64(v)+1)/(totals[c]+2), (sum-float64(v)+1)/(all-totals[c]+2)
			most = max(most, math.Abs(math.Log(here/elsewhere)))
		}
		out[i] = 0.3 + float32(most)
	}
	return out
}

func softmaxInPlace(x []float64) {
	if len(x) == 1 {
		x[0] = sigmoid(x[0])
		return
	}
	top := slices.Max(x)
	sum := 0.0
	for i := range x {
		x[i] = math.Exp(x[i] - top)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}

// classWeights lift rare classes, by the root of their rarity.
func classWeights(items []item, k int, even bool) []float64 {
	counts := make([]float64, max(k, 2))
	for _, it := range items {
		counts[it.label]++
	}
	out := make([]float64, len(counts))
	for i, c := range counts {
		out[i] = 1
		if c > 0 && even {
			out[i] = math.Sqrt(float64(len(items)) / (float64(len(counts)) * c))
		}
	}
	return out
}

// topLevel is the loudest level of a weight.
const topLevel = 32767

// levelsOf are the 127 sizes of a weight, each a little over four per cent above the last but for the
// smallest: the companding of telephone lines (ITU-T G.711), with another constant.
func levelsOf() []int32 {
	const mu = 120
	out := make([]int32, 128)
	for i := range out {
		out[i] = int32(math.Round((math.Pow(1+mu, float64(i)/127) - 1) / mu * topLevel))
	}
	return out
}

// useLevels sets the level of each code from the levels above nothing.
func (h *head) useLevels(levels []int32) {
	for code := range 128 {
		h.levels[uint8(int8(code))] = levels[code]
		h.levels[uint8(int8(-code))] = -levels[code]
	}
}

// loudest is the share of weights that are kept as they are: the few above it are clipped to the one
// there. They belong to marks of a set, not to what people say.
const loudest = 0.9999

// quantise rounds weights to codes. What is next to nothing becomes nothing, which halves the file and
// moves no figure.
func quantise(name string, labels []string, o headOptions, w []float32, bias []float64) *head {
	var sizes []float64
	for _, v := range w {
		if v != 0 {
			sizes = append(sizes, math.Abs(float64(v)))
		}
	}
	slices.Sort(sizes)
	top := 1.0
	if len(sizes) > 0 {
		top = sizes[min(len(sizes)-1, int(float64(len(sizes))*loudest))]
	}
	scale := top / topLevel
	levels := levelsOf()
	h := &head{Name: name, Labels: labels, Bits: o.bits, Salted: o.salted, Flat: o.flat, Scale: scale, Bias: make([]int32, len(labels)), Weights: make([]int8, len(w))}
	h.useLevels(levels)
	for i, v := range w {
		size := int32(math.Round(math.Abs(float64(v)) / scale))
		code, exact := slices.BinarySearch(levels, size)
		if code == len(levels) || !exact && size-levels[code-1] < levels[code]-size {
			code--
		}
		if code <= prune {
			code = 0
		}
		if v < 0 {
			code = -code
		}
		h.Weights[i] = int8(code)
	}
	for i, b := range bias {
		h.Bias[i] = int32(math.Round(b / scale))
	}
	return h
}

// prune is the code up to which a weight is left out.
const prune = 24
