package main

import (
	"os"

	"ponte/api"
)

type openapiCmd struct{}

// Run prints the OpenAPI document; it needs neither database nor configuration.
func (openapiCmd) Run() error {
	doc, err := api.OpenAPI()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(doc)
	return err
}
