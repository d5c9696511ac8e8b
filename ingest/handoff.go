package ingest

import (
	"cmp"
	"encoding/json"

	"ponte/inbox"
	"ponte/router"
)

// presented looks at a handoff reference in the text: only the first valid use joins the identities.
func (s *scene) presented(t *inbox.Thread, v *inbox.Conversation, e *event) (router.Outcome, error) {
	code, ok := e.reference()
	if !ok {
		return s.outcomes[t.ID], nil
	}
	if link, shared := s.links[sharedKey(e.WorkspaceID, code)]; shared {
		return s.cameByLink(t, v, link), nil
	}
	h := s.handoff(e.WorkspaceID, code)
	outcome := router.Present(h, e.AccountID, t.IdentityID, e.Event.Time)
	if outcome == router.Valid && e.Message != nil && e.Message.Forwarded {
		outcome = router.Forwarded
	}
	s.outcomes[t.ID] = outcome
	if outcome != router.Valid {
		return outcome, nil
	}
	h.UsedBy = &t.IdentityID
	s.w.used = append(s.w.used, usedRow{h.ID, t.IdentityID, e.Event.Time})
	o := s.origins[h.ID]
	v.Origin, _ = json.Marshal(map[string]any{"handoff_id": h.ID, "post_id": o.PostID, "comment_id": o.CommentID, "trigger_id": o.TriggerID, "campaign_id": o.Campaign, "caption": cut(firstLine(o.Caption), 40), "text": originText(o)})
	if v.Language == "" {
		v.Language = o.Language
	}
	s.join(t, v, h, e)
	s.changedConversation(v)
	return outcome, nil
}

func originText(o handoffOrigin) string {
	what := "a message"
	if o.CommentID != nil {
		what = "a comment"
	}
	if o.Caption != "" {
		what += " on «" + cut(o.Caption, 60) + "»"
	}
	if o.Trigger != "" {
		what += ", answered by «" + o.Trigger + "»"
	}
	return what
}

// join makes the two identities one contact. A newcomer joins the contact of the comment; somebody who
// has a history on WhatsApp keeps it, and the commenter's identity joins them.
func (s *scene) join(t *inbox.Thread, v *inbox.Conversation, h *router.Handoff, e *event) {
	wa, from := s.people.Identity(t.IdentityID), s.people.Identity(h.IdentityID)
	if wa == nil || from == nil || wa.ContactID == from.ContactID {
		return
	}
	j := inbox.Join{WorkspaceID: e.WorkspaceID, How: "handoff", Actor: "system",
		Evidence: map[string]any{"handoff_id": h.ID, "event_id": e.ID, "message": e.Event.ID}}
	if t.LastOutAt == nil && s.lastAt[t.ID].IsZero() {
		j.IdentityID, j.From, j.To = wa.ID, wa.ContactID, from.ContactID
	} else {
		j.IdentityID, j.From, j.To = from.ID, from.ContactID, wa.ContactID
	}
	s.w.joins = append(s.w.joins, j)
	moved := s.people.Identity(j.IdentityID)
	moved.ContactID = j.To
	for _, th := range s.threads {
		if th.IdentityID == moved.ID {
			th.ContactID = j.To
		}
	}
	v.ContactID = t.ContactID
	s.touch(e.WorkspaceID, "contact", j.To)
}

func (s *scene) originOf(v *inbox.Conversation) string {
	var o struct {
		HandoffID int64  `json:"handoff_id"`
		Caption   string `json:"caption"`
	}
	if json.Unmarshal(v.Origin, &o) != nil || o.HandoffID == 0 {
		return ""
	}
	return cmp.Or(cut(firstLine(s.origins[o.HandoffID].Caption), 40), o.Caption)
}
