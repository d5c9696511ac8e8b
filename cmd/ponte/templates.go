package main

import (
	"time"

	"ponte/template"
)

// newSyncer reads the templates of WhatsApp business accounts, by the clock and when somebody asks.
func (v *service) newSyncer() *template.Syncer {
	return &template.Syncer{DB: v.DB, Open: v.openAccount, List: v.network.ListTemplates, Now: time.Now, Log: v.log}
}
