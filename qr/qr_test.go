package qr

import (
	"bytes"
	"image/png"
	"os"
	"strings"
	"testing"
)

// read is a reader of its own: it takes the mask from the format bits, undoes it, gathers the blocks, checks
// their error correction and returns the text.
func read(t *testing.T, c *Code) string {
	t.Helper()
	word := 0
	for i := range 6 {
		word |= one(c.Dark(8, i)) << i
	}
	word |= one(c.Dark(8, 7))<<6 | one(c.Dark(8, 8))<<7 | one(c.Dark(7, 8))<<8
	for i := 9; i < 15; i++ {
		word |= one(c.Dark(14-i, 8)) << i
	}
	word ^= 0x5412
	if word>>13 != 0 {
		t.Fatalf("the level is %b, not M", word>>13)
	}
	mask := word >> 10 & 7
	fresh := newCode(c.version)
	var all []byte
	var acc, n int
	fresh.walk(func(x, y int) {
		acc, n = acc<<1|one(c.Dark(x, y) != masks[mask](x, y)), n+1
		if n == 8 {
			all, acc, n = append(all, byte(acc)), 0, 0
		}
	})
	v := c.version
	blocks, ecc, raw := blockCount[v], eccPerBlock[v], rawModules(v)/8
	length, short := raw/blocks, blocks-raw%blocks
	parts := make([][]byte, blocks)
	at := 0
	for i := 0; i <= length-ecc; i++ {
		for b := range parts {
			if i < length-ecc || b >= short {
				parts[b] = append(parts[b], all[at])
				at++
			}
		}
	}
	var data []byte
	for _, p := range parts {
		data = append(data, p...)
	}
	for range ecc {
		for b := range parts {
			parts[b] = append(parts[b], all[at])
			at++
		}
	}
	for b, p := range parts {
		for k, root := 0, byte(1); k < ecc; k, root = k+1, multiply(root, 2) {
			var sum byte
			for _, x := range p {
				sum = multiply(sum, root) ^ x
			}
			if sum != 0 {
				t.Fatalf("version %d: block %d does not check", v, b)
			}
		}
	}
	bit := func(from, count int) int {
		out := 0
		for i := from; i < from+count; i++ {
			out = out<<1 | int(data[i/8]>>(7-i%8)&1)
		}
		return out
	}
	lengthBits := 8
	if v >= 10 {
		lengthBits = 16
	}
	if bit(0, 4) != 4 {
		t.Fatalf("mode %d", bit(0, 4))
	}
	var out []byte
	for i := range bit(4, lengthBits) {
		out = append(out, byte(bit(4+lengthBits+8*i, 8)))
	}
	return string(out)
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestEveryLengthIsReadBack(t *testing.T) {
	t.Parallel()
	versions := map[int]bool{}
	for n := 1; n <= 660; n += 7 {
		text := strings.Repeat("https://wa.me/61255500101?text=Ciao%20è", 20)[:n]
		c, err := Encode(text)
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		versions[c.version] = true
		if got := read(t, c); got != text {
			t.Errorf("%d bytes in version %d read %q", n, c.version, got)
		}
	}
	if len(versions) != maxVersion {
		t.Errorf("%d versions were tried", len(versions))
	}
	if _, err := Encode(strings.Repeat("x", 700)); err == nil {
		t.Error("too much fitted")
	}
}

// The code of a known text, kept as another program has read it.
func TestKnownCode(t *testing.T) {
	t.Parallel()
	c, err := Encode("https://wa.me/61255500101")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for y := range c.Size {
		for x := range c.Size {
			b.WriteString(map[bool]string{true: "#", false: "."}[c.Dark(x, y)])
		}
		b.WriteByte('\n')
	}
	want, err := os.ReadFile("testdata/wa.txt")
	if err != nil || b.String() != string(want) {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestSVG(t *testing.T) {
	t.Parallel()
	c, err := Encode("x")
	if err != nil {
		t.Fatal(err)
	}
	svg := c.SVG("a <b> & c")
	if !strings.Contains(svg, "<title>a &lt;b&gt; &amp; c</title>") || !strings.HasPrefix(svg, "<svg ") || !strings.Contains(svg, `viewBox="0 0 29 29"`) {
		t.Error(svg)
	}
}

// TestPNG: what is drawn as dots is the same code, with its quiet zone around it.
func TestPNG(t *testing.T) {
	t.Parallel()
	c, err := Encode("https://wa.me/61255500101?text=hello")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := c.PNG(3)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if side := (c.Size + 8) * 3; picture.Bounds().Dx() != side || picture.Bounds().Dy() != side {
		t.Fatalf("%v instead of %d dots a side", picture.Bounds(), side)
	}
	for y := range (c.Size + 8) * 3 {
		for x := range (c.Size + 8) * 3 {
			mx, my := x/3-4, y/3-4
			want := mx >= 0 && my >= 0 && mx < c.Size && my < c.Size && c.Dark(mx, my)
			if r, _, _, _ := picture.At(x, y).RGBA(); (r == 0) != want {
				t.Fatalf("dot %d,%d is wrong", x, y)
			}
		}
	}
}
