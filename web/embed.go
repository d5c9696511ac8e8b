// Package web holds the built user interface.
package web

import (
	"embed"
	"io/fs"
)

// The folder is filled by the build of the interface; without one it holds only .gitkeep, so that the
// program still compiles and can say that its interface is missing.
//
//go:embed all:dist
var dist embed.FS

// Dist returns the built interface: index.html, hashed assets and their compressed forms (.gz).
func Dist() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("web: the embedded folder is missing: " + err.Error()) // impossible: go:embed checked it
	}
	return sub
}
