// Package qr makes QR codes (ISO/IEC 18004) of short texts: byte mode, error correction M, as SVG. It is
// what a poster needs and nothing more.
package qr

import (
	"fmt"
	"strings"
)

// Code is a QR code: a square of modules, dark where true.
type Code struct {
	Size    int
	version int
	dark    []bool
	fixed   []bool // of patterns, which no mask touches
}

// The number of error correction bytes a block, and of blocks, at level M by version 1 to 20.
var (
	eccPerBlock = [...]int{0, 10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26}
	blockCount  = [...]int{0, 1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16}
)

const maxVersion = 20

// rawModules is how many modules of a version hold data and error correction.
func rawModules(v int) int {
	n := (16*v+128)*v + 64
	if v >= 2 {
		a := v/7 + 2
		n -= (25*a-10)*a - 55
		if v >= 7 {
			n -= 36
		}
	}
	return n
}

func dataBytes(v int) int { return rawModules(v)/8 - eccPerBlock[v]*blockCount[v] }

// Encode makes the smallest code that holds the text; at most 666 bytes fit.
func Encode(text string) (*Code, error) {
	for v := 1; v <= maxVersion; v++ {
		lengthBits := 8
		if v >= 10 {
			lengthBits = 16
		}
		if 4+lengthBits+8*len(text) > 8*dataBytes(v) {
			continue
		}
		b := &bits{}
		b.add(4, 4) // byte mode
		b.add(len(text), lengthBits)
		for i := range len(text) {
			b.add(int(text[i]), 8)
		}
		capacity := 8 * dataBytes(v)
		b.add(0, min(4, capacity-b.n))
		b.add(0, (8-b.n%8)%8)
		for pad := 0xEC; b.n < capacity; pad ^= 0xEC ^ 0x11 {
			b.add(pad, 8)
		}
		c := newCode(v)
		c.draw(interleave(b.bytes, v))
		c.mask()
		return c, nil
	}
	return nil, fmt.Errorf("the text has %d bytes; a code of this size holds at most %d", len(text), dataBytes(maxVersion)-3)
}

type bits struct {
	bytes []byte
	n     int
}

func (b *bits) add(value, count int) {
	for i := count - 1; i >= 0; i-- {
		if b.n%8 == 0 {
			b.bytes = append(b.bytes, 0)
		}
		b.bytes[b.n/8] |= byte(value>>i&1) << (7 - b.n%8)
		b.n++
	}
}

// interleave parts the data into blocks, adds the error correction of each, and deals them out in turn.
func interleave(data []byte, v int) []byte {
	blocks, ecc := blockCount[v], eccPerBlock[v]
	raw := rawModules(v) / 8
	short := blocks - raw%blocks // blocks that have one data byte less
	length := raw / blocks
	divisor := generator(ecc)
	var parts, checks [][]byte
	for i, at := 0, 0; i < blocks; i++ {
		n := length - ecc
		if i >= short {
			n++
		}
		part := data[at : at+n]
		at += n
		parts, checks = append(parts, part), append(checks, remainder(part, divisor))
	}
	var out []byte
	for i := 0; i <= length-ecc; i++ {
		for _, p := range parts {
			if i < len(p) {
				out = append(out, p[i])
			}
		}
	}
	for i := range ecc {
		for _, c := range checks {
			out = append(out, c[i])
		}
	}
	return out
}

// multiply in the field of 256 elements over x⁸+x⁴+x³+x²+1.
func multiply(x, y byte) byte {
	var z int
	for i := 7; i >= 0; i-- {
		z = z<<1 ^ z>>7*0x11D
		z ^= int(y>>i&1) * int(x)
	}
	return byte(z)
}

func generator(degree int) []byte {
	out := make([]byte, degree)
	out[degree-1] = 1
	root := byte(1)
	for range degree {
		for j := range out {
			out[j] = multiply(out[j], root)
			if j+1 < len(out) {
				out[j] ^= out[j+1]
			}
		}
		root = multiply(root, 2)
	}
	return out
}

func remainder(data, divisor []byte) []byte {
	out := make([]byte, len(divisor))
	for _, b := range data {
		factor := b ^ out[0]
		copy(out, out[1:])
		out[len(out)-1] = 0
		for i, d := range divisor {
			out[i] ^= multiply(d, factor)
		}
	}
	return out
}

func newCode(v int) *Code {
	size := v*4 + 17
	c := &Code{Size: size, version: v, dark: make([]bool, size*size), fixed: make([]bool, size*size)}
	for i := range size {
		c.pattern(6, i, i%2 == 0)
		c.pattern(i, 6, i%2 == 0)
	}
	for _, corner := range [][2]int{{3, 3}, {size - 4, 3}, {3, size - 4}} {
		c.finder(corner[0], corner[1])
	}
	at := alignment(v)
	for i, x := range at {
		for j, y := range at {
			last := len(at) - 1
			if i == 0 && (j == 0 || j == last) || i == last && j == 0 {
				continue // a finder stands there
			}
			c.square(x, y, 2)
		}
	}
	c.format(0)
	c.versionBits()
	return c
}

// Dark says whether a module is dark; outside the code all is light.
func (c *Code) Dark(x, y int) bool {
	return x >= 0 && y >= 0 && x < c.Size && y < c.Size && c.dark[y*c.Size+x]
}

func (c *Code) pattern(x, y int, dark bool) {
	if x >= 0 && y >= 0 && x < c.Size && y < c.Size {
		c.dark[y*c.Size+x], c.fixed[y*c.Size+x] = dark, true
	}
}

func (c *Code) finder(x, y int) {
	for dy := -4; dy <= 4; dy++ {
		for dx := -4; dx <= 4; dx++ {
			d := max(abs(dx), abs(dy))
			c.pattern(x+dx, y+dy, d != 2 && d != 4)
		}
	}
}

func (c *Code) square(x, y, r int) {
	for dy := -r; dy <= r; dy++ {
		for dx := -r; dx <= r; dx++ {
			c.pattern(x+dx, y+dy, max(abs(dx), abs(dy)) != 1)
		}
	}
}

func abs(n int) int { return max(n, -n) }

func alignment(v int) []int {
	if v == 1 {
		return nil
	}
	n := v/7 + 2
	step := (v*8 + n*3 + 5) / (n*4 - 4) * 2
	out := make([]int, n)
	out[0] = 6
	for i, at := n-1, v*4+10; i >= 1; i, at = i-1, at-step {
		out[i] = at
	}
	return out
}

// format draws the level and the mask, with their own error correction, twice.
func (c *Code) format(mask int) {
	data := mask // level M is 00
	rest := data
	for range 10 {
		rest = rest<<1 ^ rest>>9*0x537
	}
	word := (data<<10 | rest) ^ 0x5412
	bit := func(i int) bool { return word>>i&1 == 1 }
	for i := range 6 {
		c.pattern(8, i, bit(i))
	}
	c.pattern(8, 7, bit(6))
	c.pattern(8, 8, bit(7))
	c.pattern(7, 8, bit(8))
	for i := 9; i < 15; i++ {
		c.pattern(14-i, 8, bit(i))
	}
	for i := range 8 {
		c.pattern(c.Size-1-i, 8, bit(i))
	}
	for i := 8; i < 15; i++ {
		c.pattern(8, c.Size-15+i, bit(i))
	}
	c.pattern(8, c.Size-8, true)
}

func (c *Code) versionBits() {
	if c.version < 7 {
		return
	}
	rest := c.version
	for range 12 {
		rest = rest<<1 ^ rest>>11*0x1F25
	}
	word := c.version<<12 | rest
	for i := range 18 {
		dark := word>>i&1 == 1
		a, b := c.Size-11+i%3, i/3
		c.pattern(a, b, dark)
		c.pattern(b, a, dark)
	}
}

// walk visits the modules that hold data, in the order in which they are filled.
func (c *Code) walk(visit func(x, y int)) {
	for right := c.Size - 1; right >= 1; right -= 2 {
		if right == 6 {
			right = 5
		}
		for vert := range c.Size {
			for j := range 2 {
				x, y := right-j, vert
				if (right+1)&2 == 0 {
					y = c.Size - 1 - vert
				}
				if !c.fixed[y*c.Size+x] {
					visit(x, y)
				}
			}
		}
	}
}

func (c *Code) draw(data []byte) {
	i := 0
	c.walk(func(x, y int) {
		if i < len(data)*8 {
			c.dark[y*c.Size+x] = data[i/8]>>(7-i%8)&1 == 1
			i++
		}
	})
}

var masks = [8]func(x, y int) bool{
	func(x, y int) bool { return (x+y)%2 == 0 }, func(_, y int) bool { return y%2 == 0 }, func(x, _ int) bool { return x%3 == 0 }, func(x, y int) bool { return (x+y)%3 == 0 },
	func(x, y int) bool { return (x/3+y/2)%2 == 0 }, func(x, y int) bool { return x*y%2+x*y%3 == 0 }, func(x, y int) bool { return (x*y%2+x*y%3)%2 == 0 }, func(x, y int) bool { return ((x+y)%2+x*y%3)%2 == 0 },
}

func (c *Code) flip(mask int) {
	c.walk(func(x, y int) {
		if masks[mask](x, y) {
			c.dark[y*c.Size+x] = !c.dark[y*c.Size+x]
		}
	})
}

// mask picks the mask that makes the code easiest to read.
func (c *Code) mask() {
	best, least := 0, -1
	for m := range masks {
		c.flip(m)
		c.format(m)
		if p := c.penalty(); least < 0 || p < least {
			best, least = m, p
		}
		c.flip(m)
	}
	c.flip(best)
	c.format(best)
}

// penalty counts what makes a code hard to read: long runs, blocks, what looks like a finder, and an uneven
// share of dark modules.
func (c *Code) penalty() int {
	n, dark := 0, 0
	for y := range c.Size {
		n += c.runs(func(i int) bool { return c.Dark(i, y) }) + c.runs(func(i int) bool { return c.Dark(y, i) })
		for x := range c.Size {
			if c.Dark(x, y) {
				dark++
			}
			if x+1 < c.Size && y+1 < c.Size && c.Dark(x, y) == c.Dark(x+1, y) && c.Dark(x, y) == c.Dark(x, y+1) && c.Dark(x, y) == c.Dark(x+1, y+1) {
				n += 3
			}
		}
	}
	total := c.Size * c.Size
	return n + ((abs(dark*20-total*10)+total-1)/total-1)*10
}

func (c *Code) runs(at func(int) bool) int {
	n, run := 0, 0
	for i := range c.Size {
		if i > 0 && at(i) == at(i-1) {
			run++
		} else {
			run = 1
		}
		if run == 5 {
			n += 3
		} else if run > 5 {
			n++
		}
	}
	const finder = "1011101"
	for i := -4; i < c.Size; i++ {
		if looks(at, c.Size, i, "0000"+finder) || looks(at, c.Size, i, finder+"0000") {
			n += 40
		}
	}
	return n
}

func looks(at func(int) bool, size, from int, want string) bool {
	for k := range len(want) {
		dark := from+k >= 0 && from+k < size && at(from+k)
		if dark != (want[k] == '1') {
			return false
		}
	}
	return true
}

// SVG draws the code with the quiet zone readers need; it scales without loss.
func (c *Code) SVG(title string) string {
	const quiet = 4
	var path strings.Builder
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			if !c.Dark(x, y) {
				continue
			}
			run := 1
			for c.Dark(x+run, y) {
				run++
			}
			fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, run, run)
			x += run
		}
	}
	side := c.Size + 2*quiet
	escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(title)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img"><title>%s</title><path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="%s"/></svg>`,
		side, side, side*8, side*8, escaped, side, side, path.String())
}
