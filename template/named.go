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
// it gives conversations to are gone. It keeps nobody from publishing – approval may come in an hour –, but whoever
// publishes is told, not the first person who gets there.
func Unready(ctx context.Context, q sqlx.QueryerContext, workspace int64, f *flow.Flow) (flow.Faults, error) {
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
		var gone bool
		if err := sqlx.GetContext(ctx, q, &gone, sqlTeamGone, workspace, n.Name); err != nil {
			return nil, fmt.Errorf("look for team %q: %w", n.Name, err)
		}
		if gone {
			out = append(out, flow.NewFault(n.Path, 0, "the team %q was archived: what is given to it goes to anybody; name another", n.Name))
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
const sqlTeamGone = `SELECT EXISTS (SELECT 1 FROM teams WHERE workspace_id = $1 AND name = $2) AND NOT EXISTS (SELECT 1 FROM teams WHERE workspace_id = $1 AND name = $2 AND archived_at IS NULL)`

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
