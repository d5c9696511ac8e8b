package moderation

import "os"

// LoadSeeds reads our own sentences for tests; the binary does not carry them.
func LoadSeeds() (map[string][]Example, error) { return ReadSeeds(os.DirFS("seeds")) }
