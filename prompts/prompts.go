// Package prompts holds the texts for the language model as files with a version in their names, and
// fences what people wrote as data.
package prompts

import (
	"crypto/rand"
	"embed"
	"encoding/hex"
	"fmt"
	"strings"
)

//go:embed *.md
var files embed.FS

// The prompts in use. A changed text gets a new version; the old file stays, so that a decision can
// say what was asked.
const (
	Moderate = "moderate.v2"
	Suggest  = "suggest.v1"
)

// Moderations are the prompts by which a text can be judged, the newest last.
func Moderations() []string { return []string{"moderate.v1", "moderate.v2"} }

// Text returns a prompt.
func Text(name string) (string, error) {
	b, err := files.ReadFile(name + ".md")
	if err != nil {
		return "", fmt.Errorf("prompt %s: %w", name, err)
	}
	return string(b), nil
}

// Render fills {{name}} places from pairs. What is put in is not looked at again: a value that looks
// like a place stays as it is.
func Render(name string, pairs ...string) (string, error) {
	text, err := Text(name)
	if err != nil {
		return "", err
	}
	places := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		places = append(places, "{{"+pairs[i]+"}}", pairs[i+1])
	}
	return strings.NewReplacer(places...).Replace(text), nil
}

// NewFence draws a word that nobody who writes a comment can guess.
func NewFence() string {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return "DATA-" + hex.EncodeToString(b[:])
}

// Fence puts a text between marks. The mark cannot stand in the text, because it was drawn after the
// text was written; should it do so all the same, it is taken out.
func Fence(mark, text string) string {
	return "<" + mark + ">\n" + strings.ReplaceAll(text, mark, "") + "\n</" + mark + ">"
}
