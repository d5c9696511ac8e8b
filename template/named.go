package template

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"ponte/flow"
)

// Unready says which templates that a flow names cannot be sent, or not in all of its languages, and which teams that
// it gives conversations to and services that it offers are gone. It keeps nobody from publishing – approval may come
// in an hour –, but whoever publishes is told, not the first person who gets there; and of a published flow, which is
// live, it says what has gone since.
func Unready(ctx context.Context, q sqlx.QueryerContext, workspace int64, f *flow.Flow, published bool) (flow.Faults, error) {
	var out flow.Faults
	if named := f.Templates(); len(named) > 0 {
		all, err := List(ctx, q, workspace, 0, false)
		if err != nil {
			return nil, err
		}
		have := map[string][]string{}
		for _, l := range all {
			if l.Sendable() == nil {
				have[l.Name] = append(have[l.Name], l.Language)
			}
		}
		for _, n := range named {
			if len(have[n.Name]) == 0 {
				out = append(out, flow.NewFault(n.Path, 0, "no template %q is approved in this workspace: until one is, a person takes over where it would be sent, and nobody is reminded by it", n.Name))
			} else if missing := without(f.Languages, have[n.Name]); len(missing) > 0 {
				out = append(out, flow.NewFault(n.Path, 0, "the template %q is not approved in %s: those people read it in %s", n.Name, strings.Join(missing, ", "), strings.Join(have[n.Name], ", ")))
			}
		}
	}
	for _, n := range f.Teams() {
		var t struct {
			Gone  bool `db:"gone"`
			Empty bool `db:"empty"`
		}
		if err := sqlx.GetContext(ctx, q, &t, sqlTeamNamed, workspace, n.Name); err != nil {
			return nil, fmt.Errorf("look for team %q: %w", n.Name, err)
		}
		switch {
		case t.Gone:
			out = append(out, flow.NewFault(n.Path, 0, "the team %q was archived: what is given to it goes to anybody; name another", n.Name))
		case t.Empty:
			out = append(out, flow.NewFault(n.Path, 0, "the team %q has no member: what is given to it waits until it is escalated; add somebody", n.Name))
		}
	}
	for _, n := range f.Booked() {
		var gone bool
		if err := sqlx.GetContext(ctx, q, &gone, sqlServiceGone, workspace, n.Name); err != nil {
			return nil, fmt.Errorf("look for service %q: %w", n.Name, err)
		}
		switch {
		case gone && published:
			out = append(out, flow.NewFault(n.Path, 0, "the service %q was archived: nobody is offered its times; publish the flow without it, or once more as it is to bring the service back", n.Name))
		case gone:
			out = append(out, flow.NewFault(n.Path, 0, "the service %q was archived: publishing brings it back", n.Name))
		}
	}
	return out, nil
}

// Why the template of a first message cannot be sent.
const (
	UnreadyMissing   = "missing"      // the number has none of the name
	UnreadyApproval  = "not_approved" // none of the name may be sent in a language that suits
	UnreadyMarketing = "marketing"    // it counts as an offer, and was not agreed to as one
)

// FirstMessage says of a template that is named for a first message why it could not be sent now; empty where it could.
// The list is that of the number's business account.
func FirstMessage(all []Listed, name, language, fallback string, offers bool) string {
	why, have := UnreadyMissing, map[string]string{}
	var codes []string
	for _, l := range all {
		if l.Name != name {
			continue
		}
		why = UnreadyApproval
		if l.Sendable() == nil {
			codes, have[l.Language] = append(codes, l.Language), l.Category
		}
	}
	choice, err := ChooseLanguage(codes, language, fallback)
	switch {
	case err != nil:
		return why
	case have[choice.Language] == Marketing && !offers:
		return UnreadyMarketing
	}
	return ""
}

// A name that nobody has made a team of is a skill that the flow asks for.
const sqlTeamNamed = `
SELECT count(*) > 0 AND count(*) FILTER (WHERE t.archived_at IS NULL) = 0 AS gone,
       count(*) FILTER (WHERE t.archived_at IS NULL AND NOT EXISTS (SELECT 1 FROM team_members m WHERE m.workspace_id = t.workspace_id AND m.team_id = t.id)) > 0 AS empty
FROM teams t WHERE t.workspace_id = $1 AND t.name = $2`

const sqlServiceGone = `SELECT EXISTS (SELECT 1 FROM services WHERE workspace_id = $1 AND key = $2) AND NOT EXISTS (SELECT 1 FROM services WHERE workspace_id = $1 AND key = $2 AND archived_at IS NULL)`

// without are the languages that none of the codes speaks: en_AU speaks en.
func without(languages, codes []string) []string {
	var out []string
	for _, l := range languages {
		if !slices.ContainsFunc(codes, func(c string) bool { base, _, _ := strings.Cut(c, "_"); return base == l }) {
			out = append(out, l)
		}
	}
	return out
}
