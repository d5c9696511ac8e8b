package ingest

import (
	"context"
	"testing"

	"ponte/auth"
	"ponte/desk"
)

// renameLabel gives a label another name, as a supervisor does.
func (b *rig) renameLabel(from, to string) {
	b.Helper()
	ctx := context.Background()
	tx := b.db.MustBegin()
	defer tx.Rollback()
	who := auth.Who{WorkspaceID: b.ws}
	_, _, err := desk.SaveLabel(ctx, tx, who, desk.Label{ID: b.id(`SELECT id FROM labels WHERE name = $1`, from), Name: to, Color: "red"})
	b.must(err)
	b.must(tx.Commit())
}

// What a published flow says of a label or team holds under the name of today: the version never changes.
func TestAFlowGoesOnWithRenamedLabelsAndTeams(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.exec(`INSERT INTO labels (workspace_id, name, color) VALUES ($1, 'returns', 'red'), ($1, 'vip', 'red'), ($1, 'new', 'red')`, b.ws)
	b.publish(`{"format":1,"id":"sorted","version":1,"name":"Sorted","languages":["en"],"steps":[
 {"id":"mark","type":"labels","add":["returns"],"remove":["new"],"next":"fork"},
 {"id":"fork","type":"condition","cases":[{"if":{"all":[{"label":"vip"},{"label":"returns"}]},"next":"give"}],"otherwise":"bye"},
 {"id":"give","type":"assign","team":"Desk","next":"bye"},{"id":"bye","type":"end"}]}`)
	ctx := context.Background()
	tx := b.db.MustBegin()
	who := auth.Who{WorkspaceID: b.ws}
	id, err := desk.SaveTeam(ctx, tx, who, desk.Team{WorkspaceID: b.ws, Name: "Desk"})
	b.must(err)
	_, err = desk.SaveTeam(ctx, tx, who, desk.Team{WorkspaceID: b.ws, ID: id, Name: "Front"})
	b.must(err)
	b.must(tx.Commit())
	for _, r := range [][2]string{{"returns", "sent back"}, {"vip", "dear"}, {"new", "first time"}, {"dear", "dearest"}} {
		b.renameLabel(r[0], r[1])
	}
	b.write("hello")
	b.exec(`UPDATE conversations SET state = 'resolved', resolved_at = now(), waiting_since = NULL`)
	b.exec(`UPDATE contacts SET labels = '{dearest}'`)
	b.write("hello again")
	var v struct {
		Labels string `db:"labels"`
		Team   string `db:"team"`
	}
	b.must(b.db.Get(&v, `SELECT labels::text AS labels, team FROM conversations ORDER BY id DESC LIMIT 1`))
	if v.Labels != `{"sent back"}` || v.Team != "Front" {
		t.Errorf("%+v: %v", v, b.reasons())
	}
	b.exec(`UPDATE conversations SET state = 'resolved', resolved_at = now(), waiting_since = NULL`)
	b.exec(`INSERT INTO labels (workspace_id, name, color) VALUES ($1, 'later', 'red')`, b.ws)
	b.renameLabel("later", "vip") // the old name means something else now
	b.write("and again")
	b.must(b.db.Get(&v, `SELECT labels::text AS labels, team FROM conversations ORDER BY id DESC LIMIT 1`))
	if v.Team != "" {
		t.Errorf("another label has the old name, and the flow took it for the old one: %+v", v)
	}
}
