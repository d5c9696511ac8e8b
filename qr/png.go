package qr

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
)

// PNG draws the code with its quiet zone, each module as a square of so many dots.
func (c *Code) PNG(dots int) ([]byte, error) {
	const quiet = 4
	side := (c.Size + 2*quiet) * dots
	picture := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range c.Size * dots {
		for x := range c.Size * dots {
			if c.Dark(x/dots, y/dots) {
				picture.SetColorIndex(x+quiet*dots, y+quiet*dots, 1)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
