package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/booking"
	"ponte/fault"
	"ponte/flow"
	"ponte/flow/live"
	"ponte/inbox"
	"ponte/said"
	"ponte/template"
)

// BotFlow is a flow as a list shows it.
type BotFlow struct {
	ID         int64     `json:"id"`
	Key        string    `json:"key" doc:"The document's id"`
	Name       string    `json:"name"`
	Revision   int       `json:"revision" doc:"Moves with every change of the draft"`
	LiveNumber *int      `json:"live_number" doc:"The version that new people begin; null: none"`
	LastNumber int       `json:"last_number" doc:"Zero: never published"`
	Changed    bool      `json:"changed" doc:"The draft differs from the newest version"`
	Inside     int       `json:"inside" doc:"People in it now"`
	UpdatedAt  time.Time `json:"updated_at"`
	// Whoever is about to archive a template, a team or a service sees here which flows would miss it.
	Uses     FlowUses    `json:"uses" doc:"What the live version names"`
	Problems []FlowFault `json:"problems" doc:"Of what the live version names: what was archived since, or cannot be sent"`
}

// FlowUses is what the live version of a flow needs of its workspace, by name.
type FlowUses struct {
	Templates []string `json:"templates"`
	Teams     []string `json:"teams"`
	Services  []string `json:"services" doc:"By their keys"`
}

// BotFlowDetail is a flow with its draft.
type BotFlowDetail struct {
	BotFlow
	Document string         `json:"document"`
	Check    FlowCheck      `json:"check"`
	Starts   []FlowStart    `json:"starts"`
	Archived bool           `json:"archived"`
	Versions []FlowEdition  `json:"versions"`
	Services []ServiceBrief `json:"services" doc:"What flows can book, by the key they name it with"`
}

// ServiceBrief names a service.
type ServiceBrief struct {
	Key  string            `json:"key"`
	Name map[string]string `json:"name"`
}

// FlowCheck is what is wrong with a document, and what is probably not meant.
type FlowCheck struct {
	OK       bool        `json:"ok"`
	Faults   []FlowFault `json:"faults"`
	Warnings []FlowFault `json:"warnings"`
}

// FlowFault is one fault with its place.
type FlowFault struct {
	Path    string           `json:"path" doc:"As steps[3].retries"`
	Line    int              `json:"line" doc:"Zero: the document as a whole"`
	Step    string           `json:"step" doc:"The id of the step it is in; empty: none"`
	Problem string           `json:"problem"`
	Parts   []said.Statement `json:"problem_parts" doc:"The problem as statements with stable codes"`
}

// FlowEdition is a published version.
type FlowEdition struct {
	Number      int       `json:"number"`
	Note        string    `json:"note"`
	PublishedBy string    `json:"published_by"`
	PublishedAt time.Time `json:"published_at"`
	Began       int       `json:"began"`
	Inside      int       `json:"inside"`
	Live        bool      `json:"live"`
}

// showFlow shows a flow with the documents of its newest and its live version; empty: none.
func (s *Server) showFlow(ctx context.Context, f live.Flow, newest, current string) (BotFlow, error) {
	uses, problems, err := s.liveNeeds(ctx, f.WorkspaceID, current)
	return BotFlow{Uses: uses, Problems: problems,
		ID: f.ID, Key: f.Key, Name: f.Name, Revision: f.Revision, LiveNumber: f.LiveNumber, LastNumber: f.LastNumber, Changed: f.LastNumber == 0 || differs(newest, f.Draft), Inside: f.Inside, UpdatedAt: f.UpdatedAt.UTC()}, err
}

// liveNeeds is what a live version names, and what of it is not to be had now.
func (s *Server) liveNeeds(ctx context.Context, workspace int64, document string) (FlowUses, []FlowFault, error) {
	uses, problems := FlowUses{Templates: []string{}, Teams: []string{}, Services: []string{}}, []FlowFault{}
	if document == "" {
		return uses, problems, nil
	}
	parsed, err := flow.Parse([]byte(document))
	var bad flow.Faults
	switch {
	case errors.As(err, &bad): // published when less was asked of a flow
		return uses, each(bad, showFault(document)), nil
	case err != nil:
		return uses, problems, fmt.Errorf("read a published flow: %w", err)
	}
	uses = FlowUses{Templates: names(parsed.Templates()), Teams: names(parsed.Teams()), Services: names(parsed.Booked())}
	unready, err := template.Unready(ctx, s.DB, workspace, parsed, true)
	if err != nil {
		return uses, problems, err
	}
	flow.Locate([]byte(document), unready)
	return uses, each(unready, showFault(document)), nil
}

// names are the different ones, in order.
func names(list []flow.Named) []string {
	out := make([]string, 0, len(list))
	for _, n := range list {
		out = append(out, n.Name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func differs(was, now string) bool {
	changes, err := flow.Diff([]byte(was), []byte(now))
	return err != nil || len(changes) > 0
}

func (s *Server) listFlows(ctx context.Context, who *caller, _ *struct{}) (Page[BotFlow], error) {
	list, err := live.List(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Page[BotFlow]{}, err
	}
	var versions []struct {
		FlowID   int64  `db:"flow_id"`
		Document string `db:"document"`
		Newest   bool   `db:"newest"`
		Live     bool   `db:"live"`
	}
	if err := s.DB.SelectContext(ctx, &versions, sqlFlowDocuments, who.WorkspaceID); err != nil {
		return Page[BotFlow]{}, fmt.Errorf("load the versions of flows: %w", err)
	}
	newest, current := map[int64]string{}, map[int64]string{}
	for _, v := range versions {
		if v.Newest {
			newest[v.FlowID] = v.Document
		}
		if v.Live {
			current[v.FlowID] = v.Document
		}
	}
	out := make([]BotFlow, 0, len(list))
	for _, f := range list {
		shown, err := s.showFlow(ctx, f, newest[f.ID], current[f.ID])
		if err != nil {
			return Page[BotFlow]{}, err
		}
		out = append(out, shown)
	}
	return pageOf(out, ""), nil
}

const sqlFlowDocuments = `
SELECT v.flow_id, v.document, v.number = n.number AS newest, v.id IS NOT DISTINCT FROM f.live_version AS live
FROM flows f JOIN flow_versions v ON v.workspace_id = f.workspace_id AND v.flow_id = f.id
CROSS JOIN LATERAL (SELECT max(number) AS number FROM flow_versions x WHERE x.workspace_id = f.workspace_id AND x.flow_id = f.id) n
WHERE f.workspace_id = $1 AND f.archived_at IS NULL AND (v.number = n.number OR v.id = f.live_version)`

func (s *Server) getFlow(ctx context.Context, who *caller, in *ByID) (BotFlowDetail, error) {
	f, err := live.Get(ctx, s.DB, who.WorkspaceID, in.ID, false)
	if err != nil {
		return BotFlowDetail{}, err
	}
	versions, err := live.Versions(ctx, s.DB, who.WorkspaceID, in.ID)
	if err != nil {
		return BotFlowDetail{}, err
	}
	starts, err := live.StartsOf(ctx, s.DB, who.WorkspaceID, in.ID)
	if err != nil {
		return BotFlowDetail{}, err
	}
	services, err := booking.Services(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return BotFlowDetail{}, err
	}
	newest, current := "", ""
	for i, v := range versions {
		if i == 0 {
			newest = v.Document
		}
		if f.LiveVersion != nil && *f.LiveVersion == v.ID {
			current = v.Document
		}
	}
	shown, err := s.showFlow(ctx, f, newest, current)
	if err != nil {
		return BotFlowDetail{}, err
	}
	check, err := s.checkDocument(ctx, who.WorkspaceID, f.Draft)
	return BotFlowDetail{BotFlow: shown, Document: f.Draft, Check: check, Archived: f.ArchivedAt != nil, Starts: each(starts, showStart),
		Services: each(services, func(sv booking.Service) ServiceBrief { return ServiceBrief{sv.Key, sv.Name} }),
		Versions: each(versions, func(v live.Version) FlowEdition {
			return FlowEdition{v.Number, v.Note, v.PublishedBy, v.PublishedAt.UTC(), v.Began, v.Inside, f.LiveVersion != nil && *f.LiveVersion == v.ID}
		})}, err
}

// checkDocument finds every fault of a document, those that lie in the workspace included.
func (s *Server) checkDocument(ctx context.Context, workspace int64, document string) (FlowCheck, error) {
	out := FlowCheck{Faults: []FlowFault{}, Warnings: []FlowFault{}}
	parsed, err := flow.Parse([]byte(document))
	var bad flow.Faults
	switch {
	case errors.As(err, &bad):
		out.Faults = each(bad, showFault(document))
		return out, nil
	case err != nil:
		return out, err
	}
	if bad, err = live.CheckSecrets(ctx, s.DB, workspace, parsed); err != nil {
		return out, err
	}
	unready, err := template.Unready(ctx, s.DB, workspace, parsed, false)
	if err != nil {
		return out, err
	}
	flow.Locate([]byte(document), bad)
	flow.Locate([]byte(document), unready)
	parsed.Warnings = append(parsed.Warnings, unready...)
	out.Faults, out.Warnings, out.OK = each(bad, showFault(document)), each(parsed.Warnings, showFault(document)), len(bad) == 0
	return out, nil
}

func showFault(document string) func(flow.Fault) FlowFault {
	steps := flow.StepIDs([]byte(document))
	return func(f flow.Fault) FlowFault {
		out := FlowFault{Path: f.Path, Line: f.Line, Problem: f.Problem, Parts: said.Of(f.Format, f.Args...)}
		var at int
		if n, err := fmt.Sscanf(f.Path, "steps[%d]", &at); err == nil && n == 1 && at >= 0 && at < len(steps) {
			out.Step = steps[at]
		}
		return out
	}
}

type documentIn struct {
	Body struct {
		Document string `json:"document" maxLength:"524288"`
	}
}

func (s *Server) checkFlow(ctx context.Context, who *caller, in *documentIn) (FlowCheck, error) {
	return s.checkDocument(ctx, who.WorkspaceID, in.Body.Document)
}

func (s *Server) addFlow(ctx context.Context, who *caller, in *documentIn) (BotFlowDetail, error) {
	var id int64
	err := s.changeFlow(ctx, who, &id, "flow.add", func(tx *sqlx.Tx) (err error) {
		id, err = live.Add(ctx, tx, who.WorkspaceID, in.Body.Document, who.User())
		return err
	})
	if err != nil {
		return BotFlowDetail{}, err
	}
	return s.getFlow(ctx, who, &ByID{id})
}

// changeFlow runs a change of a flow, with its entry in the audit log.
func (s *Server) changeFlow(ctx context.Context, who *caller, id *int64, verb string, do func(tx *sqlx.Tx) error) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), verb, fmt.Sprintf("flow:%d", *id), nil); err != nil {
			return err
		}
		return live.Touch(ctx, tx, who.WorkspaceID, *id)
	})
}

type flowDraftIn struct {
	ByID
	Body struct {
		Document string `json:"document" maxLength:"524288"`
		Revision int    `json:"revision" doc:"The revision that was changed"`
	}
}

func (s *Server) setFlow(ctx context.Context, who *caller, in *flowDraftIn) (BotFlowDetail, error) {
	err := s.changeFlow(ctx, who, &in.ID, "flow.change", func(tx *sqlx.Tx) error {
		return live.SetDraft(ctx, tx, who.WorkspaceID, in.ID, in.Body.Revision, in.Body.Document)
	})
	if err != nil {
		return BotFlowDetail{}, err
	}
	return s.getFlow(ctx, who, &in.ByID)
}

type publishIn struct {
	ByID
	Body struct {
		Revision int    `json:"revision" doc:"The revision that was looked at"`
		Note     string `json:"note,omitempty" maxLength:"500"`
	}
}

func (s *Server) publishFlow(ctx context.Context, who *caller, in *publishIn) (BotFlowDetail, error) {
	err := s.changeFlow(ctx, who, &in.ID, "flow.publish", func(tx *sqlx.Tx) error {
		v, err := live.Publish(ctx, tx, who.WorkspaceID, in.ID, in.Body.Revision, strings.ReplaceAll(in.Body.Note, "\x00", ""), who.User())
		var bad flow.Faults
		if errors.As(err, &bad) {
			var list faults
			for _, f := range bad {
				list = append(list, fault.Field(f.Path, "at %s: %s", f.At(), f.Problem))
			}
			return list
		}
		if err != nil {
			return err
		}
		parsed, err := flow.Parse([]byte(v.Document))
		if err != nil {
			return err
		}
		_, err = booking.Adopt(ctx, tx, who.WorkspaceID, parsed, []byte(v.Document))
		return err
	})
	if err != nil {
		return BotFlowDetail{}, err
	}
	return s.getFlow(ctx, who, &in.ByID)
}

type liveIn struct {
	ByID
	Body struct {
		Number int `json:"number" minimum:"0" doc:"The version that new people begin; 0: none"`
	}
}

func (s *Server) setLive(ctx context.Context, who *caller, in *liveIn) (BotFlowDetail, error) {
	err := s.changeFlow(ctx, who, &in.ID, "flow.live", func(tx *sqlx.Tx) error {
		return live.SetLive(ctx, tx, who.WorkspaceID, in.ID, in.Body.Number)
	})
	if err != nil {
		return BotFlowDetail{}, err
	}
	return s.getFlow(ctx, who, &in.ByID)
}

func (s *Server) archiveFlow(ctx context.Context, who *caller, in *ByID) error {
	return s.changeFlow(ctx, who, &in.ID, "flow.archive", func(tx *sqlx.Tx) error { return live.Archive(ctx, tx, who.WorkspaceID, in.ID) })
}

type flowVersionIn struct {
	ByID
	Number int `query:"number" minimum:"1"`
}

// FlowDocument is the document of one version.
type FlowDocument struct {
	Number   int    `json:"number"`
	Document string `json:"document"`
}

func (s *Server) flowVersion(ctx context.Context, who *caller, in *flowVersionIn) (FlowDocument, error) {
	if _, err := live.Get(ctx, s.DB, who.WorkspaceID, in.ID, false); err != nil {
		return FlowDocument{}, err
	}
	v, err := live.ViewVersion(ctx, s.DB, who.WorkspaceID, in.ID, max(in.Number, 1))
	return FlowDocument{v.Number, v.Document}, err
}

type diffIn struct {
	ByID
	From int `query:"from" minimum:"0" doc:"A version; 0: the draft"`
	To   int `query:"to" minimum:"0" doc:"A version; 0: the draft"`
}

// FlowDiff is how two versions differ.
type FlowDiff struct {
	Changes []FlowChange `json:"changes"`
}

// FlowChange is one difference.
type FlowChange struct {
	Path string `json:"path" doc:"As steps.welcome"`
	Kind string `json:"kind" enum:"added,removed,changed,moved"`
	Was  string `json:"was"`
	Now  string `json:"now"`
}

func (s *Server) diffFlow(ctx context.Context, who *caller, in *diffIn) (FlowDiff, error) {
	f, err := live.Get(ctx, s.DB, who.WorkspaceID, in.ID, false)
	if err != nil {
		return FlowDiff{}, err
	}
	var texts [2]string
	for i, n := range []int{in.From, in.To} {
		if texts[i] = f.Draft; n == 0 {
			continue
		}
		v, err := live.ViewVersion(ctx, s.DB, who.WorkspaceID, in.ID, n)
		if err != nil {
			return FlowDiff{}, err
		}
		texts[i] = v.Document
	}
	changes, err := flow.Diff([]byte(texts[0]), []byte(texts[1]))
	if err != nil {
		return FlowDiff{}, fault.New(fault.Invalid, "the documents cannot be compared: %v", err)
	}
	return FlowDiff{each(changes, func(c flow.Change) FlowChange { return FlowChange(c) })}, nil
}

// FlowStart says when a flow begins. Empty fields do not narrow.
type FlowStart struct {
	On         string   `json:"on" enum:"keyword,handoff,conversation"`
	AccountID  *int64   `json:"account_id"`
	Channel    string   `json:"channel" enum:",whatsapp,instagram,messenger"`
	Language   string   `json:"language" maxLength:"5"`
	TriggerID  *int64   `json:"trigger_id" doc:"Of a handoff"`
	CampaignID *int64   `json:"campaign_id" doc:"Of a handoff"`
	Keywords   []string `json:"keywords" maxItems:"50" doc:"Words that begin it, each as a whole message"`
}

func showStart(s live.Start) FlowStart {
	return FlowStart{string(s.On), s.AccountID, s.Channel, s.Language, s.TriggerID, s.CampaignID, listOf(s.Keywords)}
}

type startsIn struct {
	ByID
	Body struct {
		Starts []FlowStart `json:"starts" maxItems:"50"`
	}
}

func (s *Server) setStarts(ctx context.Context, who *caller, in *startsIn) (BotFlowDetail, error) {
	var list []live.Start
	for _, st := range in.Body.Starts {
		var words inbox.Strings
		for _, w := range st.Keywords {
			if w = strings.TrimSpace(strings.ReplaceAll(w, "\x00", "")); w != "" {
				words = append(words, w)
			}
		}
		list = append(list, live.Start{On: live.On(st.On), AccountID: st.AccountID, Channel: st.Channel, Language: st.Language, TriggerID: st.TriggerID, CampaignID: st.CampaignID, Keywords: words})
	}
	err := s.changeFlow(ctx, who, &in.ID, "flow.starts", func(tx *sqlx.Tx) error {
		if _, err := live.Get(ctx, tx, who.WorkspaceID, in.ID, true); err != nil {
			return err
		}
		if err := checkStarts(ctx, tx, who.WorkspaceID, list); err != nil {
			return err
		}
		return live.SetStarts(ctx, tx, who.WorkspaceID, in.ID, list)
	})
	if err != nil {
		return BotFlowDetail{}, err
	}
	return s.getFlow(ctx, who, &in.ByID)
}

func checkStarts(ctx context.Context, tx *sqlx.Tx, workspace int64, list []live.Start) error {
	var bad faults
	for i, st := range list {
		at := fmt.Sprintf("starts[%d]", i)
		switch {
		case st.On == live.OnKeyword && len(st.Keywords) == 0:
			bad = append(bad, fault.Field(at+".keywords", "name the words that begin the flow"))
		case st.On != live.OnKeyword && len(st.Keywords) > 0:
			bad = append(bad, fault.Field(at+".keywords", "words belong to a start of kind keyword"))
		case st.On != live.OnHandoff && (st.TriggerID != nil || st.CampaignID != nil):
			bad = append(bad, fault.Field(at, "a trigger or campaign belongs to a start of kind handoff"))
		}
		var known struct {
			Account  bool `db:"account"`
			Trigger  bool `db:"trigger"`
			Campaign bool `db:"campaign"`
		}
		err := tx.GetContext(ctx, &known, `SELECT $2::bigint IS NULL OR EXISTS (SELECT 1 FROM accounts WHERE workspace_id = $1 AND id = $2 AND removed_at IS NULL) AS account,
$3::bigint IS NULL OR EXISTS (SELECT 1 FROM triggers WHERE workspace_id = $1 AND id = $3) AS trigger, $4::bigint IS NULL OR EXISTS (SELECT 1 FROM campaigns WHERE workspace_id = $1 AND id = $4) AS campaign`,
			workspace, st.AccountID, st.TriggerID, st.CampaignID)
		if err != nil {
			return fmt.Errorf("check when a flow begins: %w", err)
		}
		for field, ok := range map[string]bool{"account_id": known.Account, "trigger_id": known.Trigger, "campaign_id": known.Campaign} {
			if !ok {
				bad = append(bad, fault.Field(at+"."+field, "that is not of this workspace"))
			}
		}
	}
	if len(bad) > 0 {
		return bad
	}
	return nil
}

// ShippedFlow is a flow of the library.
type ShippedFlow struct {
	Key      string `json:"key"`
	Name     string `json:"name"`
	Document string `json:"document"`
}

func (s *Server) flowLibrary(context.Context, *caller, *struct{}) (Page[ShippedFlow], error) {
	var out []ShippedFlow
	for _, key := range flow.Library() {
		document, _, err := flow.Shipped(key)
		if err != nil {
			return Page[ShippedFlow]{}, err
		}
		parsed, err := flow.Parse(document)
		if err != nil {
			return Page[ShippedFlow]{}, err
		}
		out = append(out, ShippedFlow{key, parsed.Name, string(document)})
	}
	return pageOf(out, ""), nil
}
