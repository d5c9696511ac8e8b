package ingest

import (
	"fmt"
	"strings"
	"time"

	"ponte/channels"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/outbox"
	"ponte/review"
)

// settleWithComplaint settles what was just said, and tells owner and admin where it complains.
func (s *scene) settleWithComplaint(c *inbox.Comment, v moderation.Verdict, in moderation.Input, e *event) (string, error) {
	reason, err := s.settleComment(c, v, in, e, true)
	if err != nil {
		return "", err
	}
	complains, err := s.publicComplaint(c, e)
	return reason + complains, err
}

// settleComment writes the verdict and does what follows from its decision. An ask makes it
// provisional: what depends on it waits for the answer.
func (s *scene) settleComment(c *inbox.Comment, v moderation.Verdict, in moderation.Input, e *event, mayAsk bool) (string, error) {
	held := s.holdsFor(c, v, e)
	ask := mayAsk && v.NeedsLLM && held == nil && e.Source != "backfill" && s.d.AskLLM()
	vid, err := s.keepVerdict(verdictRow{workspace: c.WorkspaceID, subject: "comment", subjectID: c.ID, event: e.ID, verdict: v, input: in, provisional: ask, from: e})
	if err != nil {
		return "", err
	}
	decision := string(v.Decision)
	s.decided(c, v.Decision)
	c.VerdictID, c.Language = &vid, v.Language
	s.changed(c)
	if e.Source == "backfill" {
		return "history: judged " + decision + ", never acted on", nil
	}
	if held != nil {
		return s.followHeld(c, v, vid, *held, e)
	}
	if ask {
		if err := s.ask(c.WorkspaceID, "comment", c.ID, vid, e, in, v); err != nil {
			return "", err
		}
		if v.Wants != "" { // what can be undone does not wait for what cannot
			reason, err := s.carryOut(c, v, vid, e)
			return reason + "; the model was asked whether to " + string(v.Wants), err
		}
		return "judged " + decision + " for now; the model was asked, its answer decides", nil
	}
	return s.carryOut(c, v, vid, e)
}

// settleWanted ends the wait for a deletion's second condition; the comment has been hidden meanwhile.
func (s *scene) settleWanted(c *inbox.Comment, v moderation.Verdict, in moderation.Input, e *event) (string, error) {
	vid, err := s.keepVerdict(verdictRow{workspace: c.WorkspaceID, subject: "comment", subjectID: c.ID, event: e.ID, verdict: v, input: in, from: e})
	if err != nil {
		return "", err
	}
	s.decided(c, v.Decision)
	c.VerdictID = &vid
	s.changed(c)
	switch {
	case v.Decision != moderation.Delete:
		s.review(c, vid, "hidden", v)
		return "stays hidden; to delete it takes a person", nil
	case !s.spaces[c.WorkspaceID].automates(c.AccountID):
		s.review(c, vid, "review", v)
		return "would be deleted, but automatic decisions are switched off: for review", nil
	}
	return s.deleteLater(c, v, vid), nil
}

// deleteLater plans a deletion behind the grace period, in which a person can say no.
func (s *scene) deleteLater(c *inbox.Comment, v moderation.Verdict, vid int64) string {
	minutes := s.spaces[c.WorkspaceID].Settings.DeleteGraceMinutes
	why, said := s.proposesBlock(c, "deleted")
	s.review(c, vid, why, v)
	s.moderate(c, vid, channels.DeleteComment, s.now.Add(time.Duration(minutes)*time.Minute))
	return fmt.Sprintf("hidden, and deleted in %d minutes unless a person says no: %s%s", minutes, v.Why(), said)
}

// carryOut turns a final decision into actions, a review item, or a trigger's answer.
func (s *scene) carryOut(c *inbox.Comment, v moderation.Verdict, vid int64, e *event) (string, error) {
	sp := s.spaces[c.WorkspaceID]
	if c.State == "removed" {
		return "judged " + string(v.Decision) + "; the comment is gone already", nil
	}
	switch v.Decision {
	case moderation.Hide, moderation.Delete:
		if c.Mention {
			s.review(c, vid, "review", v)
			return "would be hidden, but it stands on somebody else's post, where only they can do so: for review", nil
		}
		if !sp.automates(c.AccountID) {
			s.review(c, vid, "review", v)
			return "would be hidden, but automatic decisions are switched off: for review", nil
		}
		if err := s.hide(c, vid, v); err != nil {
			return "", err
		}
		if v.Decision == moderation.Hide {
			why, said := s.proposesBlock(c, "hidden")
			s.review(c, vid, why, v)
			return "hidden: " + v.Why() + said, nil
		}
		return s.deleteLater(c, v, vid), nil
	case moderation.Review:
		why := "review"
		if v.SelfHarm() {
			why = "self_harm"
		}
		s.review(c, vid, why, v)
		if v.Exposes() { // the writer is helped all the same, and sooner than the number is out of sight
			answer, err := s.triggerComment(c, v, e)
			return "for review: " + v.Why() + "; " + strings.TrimPrefix(answer, "allowed; "), err
		}
		return "for review: " + v.Why(), nil
	}
	if c.State == "hidden" && c.StateBy != "network" && c.EditedAt != nil {
		s.review(c, vid, "edited", v)
		return "harmless now, and hidden for what it said before: a person decides whether it is shown", nil
	}
	if inbox.Drawn(sp.Settings.Review.SampleAllowed, "sample", vid) {
		s.reviewAs("sample", c, vid, "sample", v)
	}
	return s.triggerComment(c, v, e)
}

// hide hides at most once per verdict, and only what is visible.
func (s *scene) hide(c *inbox.Comment, vid int64, _ moderation.Verdict) error {
	if c.State == "hidden" {
		return nil
	}
	// What was about to be said under it is not said any more.
	s.cancel(outbox.Cancellation{WorkspaceID: c.WorkspaceID, CommentID: c.ID, Reason: "comment_hidden", Meaning: "the comment was judged harmful"})
	s.moderate(c, vid, channels.HideComment, s.now)
	return nil
}

func (s *scene) moderate(c *inbox.Comment, vid int64, kind channels.CallKind, at time.Time) {
	s.w.actions = append(s.w.actions, outbox.Action{WorkspaceID: c.WorkspaceID, AccountID: c.AccountID, Kind: string(kind), Purpose: "moderation", Origin: "policy",
		Dedupe: fmt.Sprintf("%s:%d:%d", kind, c.ID, vid), ContactID: c.ContactID, IdentityID: c.IdentityID, CommentID: &c.ID,
		Call:      channels.Call{Kind: kind, Channel: channels.Channel(c.Channel), CommentID: c.ExternalID},
		NotBefore: at, ValidUntil: s.now.Add(7 * 24 * time.Hour)})
}

// review puts a decision before people. Some of what was hidden is drawn by lot: those must be decided,
// and say how often hiding is wrong.
func (s *scene) review(c *inbox.Comment, vid int64, why string, v moderation.Verdict) {
	kind := "verdict"
	if why == "hidden" && inbox.Drawn(s.spaces[c.WorkspaceID].Settings.Review.SampleHidden, "sample", vid) {
		kind = "sample"
	}
	s.reviewAs(kind, c, vid, why, v)
}

func (s *scene) reviewAs(kind string, c *inbox.Comment, vid int64, why string, v moderation.Verdict) {
	p := review.Placing{WorkspaceID: c.WorkspaceID, CommentID: c.ID, VerdictID: vid, Why: why, Kind: kind, Harm: v.ReviewHarm(), Alike: v.AlikeHash()}
	if why == "block_proposed" { // it is about the author, not about the words
		p.Alike = nil
	}
	s.w.reviews = append(s.w.reviews, p)
}
