package api

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/inbox"
	"ponte/router"
)

type describeIn struct {
	ByID
	Body struct {
		Name     *string           `json:"name,omitempty" maxLength:"200" doc:"Empty: what the networks call them"`
		Language *string           `json:"language,omitempty" maxLength:"10" doc:"One that is served; empty: not known"`
		Country  *string           `json:"country,omitempty" maxLength:"2" doc:"ISO 3166, two letters; empty: not known"`
		TimeZone *string           `json:"time_zone,omitempty" maxLength:"60" doc:"As Europe/Rome, for quiet hours; empty: from the country or the number"`
		Labels   *[]string         `json:"labels,omitempty" maxItems:"20" doc:"All that the person carries from now on"`
		Fields   map[string]string `json:"fields,omitempty" doc:"The fields named here change; an empty value takes one away"`
	}
}

// describeContact changes what is known of a person: name, language, country, clock, labels and fields. What is
// left out stays.
func (s *Server) describeContact(ctx context.Context, who *caller, in *describeIn) (ContactDetail, error) {
	b := in.Body
	d := inbox.Description{Name: b.Name, Language: b.Language, TimeZone: b.TimeZone, Country: b.Country, Labels: b.Labels, Fields: b.Fields}
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		if _, _, _, err := s.lockPerson(ctx, tx, who.WorkspaceID, in.ID); err != nil {
			return err
		}
		changed, err := inbox.Describe(ctx, tx, who.WorkspaceID, in.ID, d, router.Languages)
		if err != nil || len(changed) == 0 {
			return err
		}
		// What it was changed to would outlive an erasure of the person here.
		if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "contact.describe", fmt.Sprintf("contact:%d", in.ID), map[string]any{"changed": changed}); err != nil {
			return err
		}
		return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "contact", ObjectID: in.ID})
	})
	if err != nil {
		return ContactDetail{}, err
	}
	return s.getContact(ctx, who, &in.ByID)
}

// showPerson shows what is noted of a person; who does not see whole numbers sees the digits of fields masked.
func showPerson(c inbox.ContactView, who *caller) Person {
	p := Person{Contact: showContact(c, who), OwnName: c.OwnName, OwnLanguage: c.OwnLang, TimeZone: c.TimeZone, Fields: make(map[string]string, len(c.Fields))}
	for k, v := range c.Fields {
		if p.Fields[k] = v; !who.Role.SeesPhones() {
			p.Fields[k] = maskNumbers(v)
		}
	}
	return p
}
