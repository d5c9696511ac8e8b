package main

import (
	"fmt"
	"maps"
	"slices"

	sentences "ponte/said"
)

type reasonsCmd struct{}

// Run prints what a reason's parts may be, for whoever says them in another language.
func (reasonsCmd) Run() error {
	codes := sentences.Codes()
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		fmt.Printf("%s\t%s\n", code, codes[code])
	}
	return nil
}
