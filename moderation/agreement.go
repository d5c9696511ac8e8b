package moderation

// Confusion counts what two judges said of the same things: the first's answer, then the second's.
type Confusion map[[2]string]int

// Add counts n things.
func (c Confusion) Add(first, second string, n int) { c[[2]string{first, second}] += n }

// Total is how many things both judged.
func (c Confusion) Total() int {
	n := 0
	for _, k := range c {
		n += k
	}
	return n
}

// Agreement is the share they judged alike; nil where there is nothing.
func (c Confusion) Agreement() *float64 {
	n, same := c.Total(), 0
	if n == 0 {
		return nil
	}
	for pair, k := range c {
		if pair[0] == pair[1] {
			same += k
		}
	}
	share := float64(same) / float64(n)
	return &share
}

// Kappa is Cohen's: how far they agree beyond what chance would give, (observed − expected) /
// (1 − expected). It is nil where there is nothing, and where chance alone explains everything because
// both always said the same one word.
func (c Confusion) Kappa() *float64 {
	n := c.Total()
	if n == 0 {
		return nil
	}
	first, second := map[string]int{}, map[string]int{}
	for pair, k := range c {
		first[pair[0]] += k
		second[pair[1]] += k
	}
	expected := 0 // times n²: whole numbers, so that the order of the map does not matter
	for word, k := range first {
		expected += k * second[word]
	}
	if expected == n*n {
		return nil
	}
	same := 0
	for pair, k := range c {
		if pair[0] == pair[1] {
			same += k
		}
	}
	kappa := float64(same*n-expected) / float64(n*n-expected)
	return &kappa
}
