package api_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"ponte/api"
	"ponte/auth"
	"ponte/moderation"
)

// say makes the parts of other packages answer yes.
func say(s **scene) option {
	return func(d *api.Deps) {
		d.Doctor = func(context.Context, int64, int64) ([]api.Check, error) { return nil, nil }
		d.Opine = func(context.Context, int64, moderation.Input) (moderation.LLMAnswer, error) {
			return moderation.LLMAnswer{Category: "none"}, nil
		}
		d.Subscribe = func(context.Context, int64, int64) error { return nil }
		d.Backfill = func(context.Context, int64, int64) error { return nil }
		d.SyncTemplates = func(context.Context, int64) (int, error) { return 1, nil }
		d.ReplayParked = func(context.Context, int64) error { return nil }
		d.Release = func(context.Context) error { return nil }
		d.ReplayEvent = func(ctx context.Context, workspace, id int64) error {
			_, err := (*s).db.ExecContext(ctx, `UPDATE events SET state = 'pending' WHERE workspace_id = $1 AND id = $2`, workspace, id)
			return err
		}
	}
}

// What concerns the whole installation is for those who own all of it; TestWholeInstallation.
var wholeInstallation = []string{"/api/v1/deliveries/parked", "/api/v1/deliveries/{id}/replay", "/api/v1/send/release"}

// TestEveryRouteReachesOnesOwn is the counterpart of the walk with foreign ids, which would prove
// nothing where a path, a body or a statement is wrong in itself.
func TestEveryRouteReachesOnesOwn(t *testing.T) {
	t.Parallel()
	var s *scene
	s = newScene(t, say(&s))
	conflicts := map[string]bool{ // right, but not in the state these things are in
		"POST /api/v1/contacts/{id}/unblock": true, "POST /api/v1/accounts/{id}/backfill/cancel": true,
		"POST /api/v1/actions/{id}/retry": true, "POST /api/v1/actions/{id}/settle": true,
		"POST /api/v1/template-drafts/{id}/return": true, "POST /api/v1/template-drafts/{id}/submit": true, "POST /api/v1/templates/{id}/unpause": true,
		"POST /api/v1/identities/{id}/rejoin": true, "POST /api/v1/comments/{id}/gold": true, "POST /api/v1/review-batches/{id}/undo": true,
		"POST /api/v1/reviews/{id}/unescalate": true, "POST /api/v1/conversations/{id}/not-spam": true,
	}
	for i, r := range api.Routes() {
		if r.Need == auth.Public || strings.HasSuffix(r.Path, "/stream") || strings.HasPrefix(r.Path, "/rehearse") || strings.HasPrefix(r.Path, "/api/v1/sessions/") ||
			strings.HasPrefix(r.Path, "/api/v1/me/") || // of a person, not of a workspace: profile_test.go
			strings.HasSuffix(r.Path, "/sign-out") || slices.Contains(wholeInstallation, r.Path) {
			continue
		}
		v := s.space(fmt.Sprintf("walk%d", i), "words")
		s.exec(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'owner'), ($1, $3, 'agent')`, v.id, s.user[auth.Owner], s.user[auth.Agent])
		v.member = s.user[auth.Agent]
		token, _, err := auth.AddToken(context.Background(), s.db, v.id, "t", auth.Agent, nil, "cli")
		if err != nil {
			t.Fatal(err)
		}
		v.token = token.ID
		want := http.StatusOK
		res := s.do(r.Method, v.path(t, r.Path), s.cookie[auth.Owner], v.ownBody(r), "X-Ponte-Workspace", fmt.Sprint(v.id))
		if conflicts[r.Method+" "+r.Path] {
			want = http.StatusConflict
		}
		if res.status != want && (want != http.StatusOK || res.status != http.StatusNoContent) {
			t.Errorf("%s %s: %d, want %d: %s", r.Method, r.Path, res.status, want, res.body)
		}
	}
}

// ownBody adds what the walk with foreign ids never gets to.
func (v space) ownBody(r api.Route) any {
	switch r.Method + " " + strings.TrimPrefix(r.Path, "/api/v1") {
	case "POST /accounts":
		return map[string]any{"channel": "facebook", "id": fmt.Sprint("new", v.id), "token": "secret"}
	case "POST /members":
		return map[string]any{"email": fmt.Sprintf("new%d@home.example", v.id), "name": "N", "role": "agent", "password": "a long password"}
	case "POST /quick-replies/import":
		return map[string]any{"text": "shortcut,language,text\nhi,en,Hello", "try": true}
	case "POST /knowledge/import":
		return map[string]any{"form": "text", "text": "# Hours\nFrom nine.", "language": "en"}
	case "PUT /me":
		return map[string]any{"name": "n", "locale": "it"}
	case "POST /tokens":
		return map[string]any{"name": "n", "role": "agent"}
	case "PUT /workspace":
		return map[string]any{"name": fmt.Sprint("renamed", v.id), "brand": "b", "legal_name": "", "contact": "", "time_zone": "Europe/Rome", "locale": "it", "country": "IT", "settings": map[string]any{"cap_day": 2}}
	case "POST /versions/{id}/state":
		return map[string]any{"state": "shadow", "reason": "to see what it does"}
	case "PUT /policy":
		return map[string]any{"hide_harm": true, "hide_spam": true, "review_harm": 0.5, "review_spam": 0.5, "llm_hide": 0.9}
	}
	return v.body(r.Method, r.Path)
}

func TestWholeInstallation(t *testing.T) {
	t.Parallel()
	var s *scene
	s = newScene(t, say(&s))
	try := func(want int) {
		for _, r := range api.Routes() {
			if !slices.Contains(wholeInstallation, r.Path) {
				continue
			}
			res := s.do(r.Method, s.home.path(t, r.Path), s.cookie[auth.Owner], nil)
			if res.status != want && (want != 200 || res.status != 204) {
				t.Errorf("%s %s: %d, want %d: %s", r.Method, r.Path, res.status, want, res.body)
			}
		}
	}
	try(403) // there is another workspace, which somebody else owns
	s.exec(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'owner')`, s.other.id, s.user[auth.Owner])
	try(200)
}
