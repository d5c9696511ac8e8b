package api_test

import (
	"fmt"
	"strings"
	"testing"

	"ponte/api"
	"ponte/auth"
)

// Who saves what they opened before somebody else's change is told, and the other's words stay. Without a revision, and
// from the one that stands there, it is saved; pausing is no change of the words.
func TestNobodySavesOverAnothersChange(t *testing.T) {
	t.Parallel()
	s := newScene(t, func(*api.Deps) {})
	owner := s.cookie[auth.Owner]
	type object = map[string]any
	trigger := object{"name": "info", "sources": []any{"comment"}, "keywords": []any{object{"language": "", "words": []any{"info"}, "phrases": []any{}, "not": []any{}}}, "public_replies": object{"en": []any{"Thanks!"}}}
	for path, least := range map[string]object{"/triggers": trigger, "/campaigns": {"name": "Spring"}} {
		var made object
		s.must(200, "POST", "/api/v1"+path, owner, least, &made)
		one := "/api/v1" + path + "/" + fmt.Sprint(made["id"])
		change := func(name string, revision any) object {
			body := object{}
			for k, v := range made {
				switch k {
				case "id", "state", "revision", "purpose", "campaign", "funnel", "runs", "created_at", "updated_at":
				default:
					body[k] = v
				}
			}
			body["name"] = name
			if revision != nil {
				body["revision"] = revision
			}
			return body
		}
		var now object
		s.must(200, "PUT", one, owner, change("first tab", made["revision"]), &now)
		if res := s.do("PUT", one, owner, change("second tab", made["revision"])); res.status != 409 || !strings.Contains(res.body, "somebody else has changed this") {
			t.Errorf("%s from an old revision: %d %s", path, res.status, res.body)
		}
		s.must(200, "GET", one, owner, nil, &now)
		if now["name"] != "first tab" {
			t.Errorf("%s: %v stands there", path, now["name"])
		}
		s.must(200, "POST", one+"/state", owner, object{"state": "live"}, nil)
		s.must(200, "PUT", one, owner, change("from the newest", now["revision"]), &now)
		s.must(200, "PUT", one, owner, change("from a program", nil), &now)
		if res := s.do("PUT", "/api/v1"+path+"/999", owner, change("nobody's", 1)); res.status != 404 {
			t.Errorf("%s that is not there: %d %s", path, res.status, res.body)
		}
	}
}
