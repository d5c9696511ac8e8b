package flow

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed library/*.json
var libraryFiles embed.FS

// Library returns the ids of the flows that ponte ships.
func Library() []string {
	files, err := fs.Glob(libraryFiles, "library/*.turns.json")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	var out []string
	for _, path := range files {
		out = append(out, strings.TrimSuffix(strings.TrimPrefix(path, "library/"), ".turns.json"))
	}
	return out
}

// Shipped returns a flow of the library and the turns that test it.
func Shipped(id string) (document, turns []byte, err error) {
	if document, err = libraryFiles.ReadFile("library/" + id + ".json"); err != nil {
		return nil, nil, fmt.Errorf("there is no flow %q in the library; there are %s", id, strings.Join(Library(), ", "))
	}
	turns, err = libraryFiles.ReadFile("library/" + id + ".turns.json")
	return document, turns, err
}
