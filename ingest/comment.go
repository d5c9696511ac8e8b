package ingest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"ponte/asks"
	"ponte/channels"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/outbox"
	"ponte/review"
	"ponte/router"
)

// decide runs the handler of the event's kind and keeps its reason; a panic in it is an error of this
// event and stops no other.
func (s *scene) decide(e *event) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &decisionError{e.ID, p}
		}
	}()
	if e.account == nil {
		e.reason = "the account was removed"
	} else {
		reason, err := s.handle(e)
		if err != nil {
			return err
		}
		e.reason = reason
	}
	s.w.done = append(s.w.done, e)
	return nil
}

func (s *scene) handle(e *event) (string, error) {
	switch channels.Kind(e.Kind) {
	case channels.CommentAdded:
		return s.commentAdded(e)
	case channels.CommentEdited:
		return s.commentEdited(e)
	case channels.CommentRemoved:
		return s.commentRemoved(e), nil
	case channels.CommentHidden, channels.CommentUnhidden:
		return s.commentVisibility(e), nil
	case channels.MessageReceived:
		return s.messageReceived(e)
	case channels.MessageEcho:
		return s.messageEcho(e)
	case channels.PostbackReceived:
		return s.messageReceived(e)
	case channels.StatusChanged:
		return s.statusChanged(e), nil
	case inbox.LLMAnswered:
		return s.llmAnswered(e)
	case inbox.CommentApproved:
		return s.commentApproved(e)
	case inbox.CaptionRead:
		return s.captionRead(e)
	case inbox.CommentReread:
		return s.commentReread(e)
	case inbox.FlowSettled:
		return s.flowSettled(e)
	case inbox.FlowTimer:
		return s.flowTimer(e)
	case inbox.FlowCalled:
		return s.flowCalled(e)
	case inbox.BookingNotice:
		return s.bookingNotice(e)
	}
	return s.handleRest(e)
}

func (s *scene) commentAdded(e *event) (string, error) {
	if s.comments[inbox.CommentKey{AccountID: e.AccountID, ExternalID: e.Event.ID}] != nil {
		return "known already", nil
	}
	c, err := s.newComment(e)
	if err != nil {
		return "", err
	}
	if c.Own {
		return s.ownComment(e, c), nil
	}
	v, in := s.judgeComment(c, e)
	s.wrote(c)
	return s.settleWithComplaint(c, v, in, e)
}

// settleWithComplaint settles what was just said, and tells owner and admin where it complains.
func (s *scene) settleWithComplaint(c *inbox.Comment, v moderation.Verdict, in moderation.Input, e *event) (string, error) {
	reason, err := s.settleComment(c, v, in, e, true)
	if err != nil {
		return "", err
	}
	complains, err := s.publicComplaint(c, e)
	return reason + complains, err
}

func (s *scene) newComment(e *event) (*inbox.Comment, error) {
	id, err := s.d.IDs.Take(s.ctx, "comments")
	if err != nil {
		return nil, err
	}
	c := &inbox.Comment{WorkspaceID: e.WorkspaceID, ID: id, AccountID: e.AccountID, Channel: string(e.Event.Channel), ExternalID: e.Event.ID,
		AuthorName: firstOf(e.Name, e.User), Own: e.Own, Text: e.Text, State: "visible", Source: e.Source, CommentedAt: e.Event.Time, RootID: e.Event.ID}
	if in := e.Comment; in != nil {
		c.ParentID, c.Live, c.AdID, c.Permalink = in.ParentID, in.Live, in.AdID, in.Permalink
		c.Mention = channels.Kind(e.Kind) == channels.MentionAdded
		if in.ProductType == "AD" {
			c.AdID = firstOf(in.AdID, in.OriginalMediaID, "unknown")
		}
		c.RootID = s.rootOf(e)
		if p := s.posts[inbox.PostKey{WorkspaceID: e.WorkspaceID, AccountID: e.AccountID, ExternalID: in.PostID}]; p != nil {
			c.PostID = &p.ID
		}
		if len(in.Attachments) > 0 {
			c.Attachments, _ = json.Marshal(in.Attachments)
		}
	}
	if s.gone[e.goneKey()] {
		c.State, c.StateBy = "removed", "network"
	}
	if p := s.identity(e); p != nil {
		c.IdentityID, c.ContactID = &p.ID, &p.ContactID
	}
	s.w.newComments = append(s.w.newComments, c)
	s.comments[inbox.CommentKey{AccountID: c.AccountID, ExternalID: c.ExternalID}] = c
	s.byComment[c.ID] = c
	s.touch(c.WorkspaceID, "comment", c.ID)
	return c, nil
}

// rootOf follows known parents up: a reply to a reply belongs to the thread of the first comment.
func (s *scene) rootOf(e *event) string {
	root := firstOf(e.Comment.RootID, e.Comment.ParentID, e.Event.ID)
	for range 8 {
		c := s.comments[inbox.CommentKey{AccountID: e.AccountID, ExternalID: root}]
		if c == nil || c.RootID == "" || c.RootID == root {
			break
		}
		root = c.RootID
	}
	return root
}

// ownComment is the brand's own words: our reply coming back, or a person answering in another tool,
// who then has the thread: what was still to be said automatically is not.
func (s *scene) ownComment(e *event, c *inbox.Comment) string {
	if s.echoes[e.ID] || s.ours[ourKey(c.AccountID, c.RootID, c.Text)] {
		return "our own reply, come back"
	}
	if c.RootID == c.ExternalID {
		return "the brand's own comment"
	}
	s.w.cancels = append(s.w.cancels, outbox.Cancellation{WorkspaceID: c.WorkspaceID, AccountID: c.AccountID, RootComment: c.RootID,
		Reason: "answered_elsewhere", Meaning: "a person of the brand answered in another tool"})
	return "a person of the brand answered in another tool: automatic replies to this thread are cancelled"
}

// judgeComment asks rules and model; a comment is judged with its parent and the post's caption.
func (s *scene) judgeComment(c *inbox.Comment, e *event) (moderation.Verdict, moderation.Input) {
	in := moderation.Input{Subject: moderation.SubjectComment, Channel: c.Channel, Text: c.Text, AccountID: c.AccountID,
		HasMedia: len(c.Attachments) > 0, Live: c.Live, Strikes: s.strikesOf(c), Author: s.authorOf(c)}
	if c.PostID != nil {
		in.PostID = *c.PostID
		if e.Comment != nil {
			if p := s.posts[inbox.PostKey{WorkspaceID: c.WorkspaceID, AccountID: c.AccountID, ExternalID: e.Comment.PostID}]; p != nil {
				in.Caption = p.Caption
			}
		}
	}
	if parent := s.comments[inbox.CommentKey{AccountID: c.AccountID, ExternalID: c.ParentID}]; parent != nil && c.ParentID != "" {
		in.Parent = parent.Text
	}
	if in.HasMedia && s.d.Sees {
		var list []channels.Attachment
		if json.Unmarshal(c.Attachments, &list) == nil {
			in.Pictures = asks.NamePictures(list)
		}
	}
	start := time.Now()
	v := s.spaces[c.WorkspaceID].Engine.Judge(in)
	e.took = time.Since(start)
	return v, in
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
		return "for review: " + v.Why(), nil
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
	s.w.cancels = append(s.w.cancels, outbox.Cancellation{WorkspaceID: c.WorkspaceID, CommentID: c.ID, Reason: "comment_hidden", Meaning: "the comment was judged harmful"})
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

// triggerComment holds an allowed comment against the live triggers.
func (s *scene) triggerComment(c *inbox.Comment, v moderation.Verdict, e *event) (string, error) {
	sp := s.spaces[c.WorkspaceID]
	age := s.now.Sub(c.CommentedAt)
	switch {
	case c.Own:
		return "the brand's own comment", nil
	case !sp.automates(c.AccountID):
		return "allowed; automatic answers are switched off", nil
	case complains(c.Text):
		return "allowed; it complains, so nothing automatic answers it", nil
	case c.IdentityID == nil:
		return "allowed; no answer, because the network withheld the author", nil
	case age > time.Duration(sp.Settings.ActMaxAgeMinutes)*time.Minute:
		return fmt.Sprintf("allowed; too old to answer automatically (written %s ago)", age.Round(time.Minute)), nil
	case s.replies[inbox.CommentKey{AccountID: c.AccountID, ExternalID: c.RootID}] >= sp.Settings.MaxAutoReplies:
		return fmt.Sprintf("allowed; this thread has had its %d automatic replies", sp.Settings.MaxAutoReplies), nil
	}
	a, err := s.books[c.WorkspaceID].Answer(sp.Triggers, s.occasion(c, v), sp.Locale)
	if err != nil {
		return "", err
	}
	if a.Code != router.Answered {
		return "allowed; " + a.Reason + s.awaits(c, a), nil
	}
	return s.answerComment(c, a, e)
}

func (s *scene) answerComment(c *inbox.Comment, answer router.Answer, e *event) (string, error) {
	t := answer.Match.Trigger
	base := outbox.Action{WorkspaceID: c.WorkspaceID, AccountID: c.AccountID, Purpose: "answer", Origin: "trigger", ContactID: c.ContactID, IdentityID: c.IdentityID,
		CommentID: &c.ID, AnswersEvent: &e.ID, TriggerID: &t.ID, CampaignID: t.CampaignID, NotBefore: later(s.now, answer.NotBefore), ValidUntil: c.CommentedAt.Add(time.Duration(t.ValidMinutes) * time.Minute)}
	said := ""
	if answer.Public != "" {
		a := base
		a.Kind, a.Dedupe = string(channels.ReplyToComment), fmt.Sprintf("reply:%d:%d", t.ID, c.ID)
		a.Call = channels.Call{Kind: channels.ReplyToComment, Channel: channels.Channel(c.Channel), CommentID: c.ExternalID, Text: answer.Public}
		s.w.actions = append(s.w.actions, a)
		s.ours[ourKey(c.AccountID, c.RootID, answer.Public)] = true
		s.replies[inbox.CommentKey{AccountID: c.AccountID, ExternalID: c.RootID}]++
		said = "public reply"
	}
	if answer.Private != "" {
		text, err := s.withLink(answer.Private, answer.PrivateLang, t, e, c)
		if err != nil {
			return "", err
		}
		a := base
		a.Kind, a.Purpose = string(channels.PrivateReply), t.Purpose
		a.Dedupe = "private_reply:" + strconv.FormatInt(c.ID, 10) // one per comment, across all triggers
		a.Call = channels.Call{Kind: channels.PrivateReply, Channel: privateChannel(c.Channel), CommentID: c.ExternalID, Text: text}
		s.w.actions = append(s.w.actions, a)
		said = join(said, "private reply")
	}
	s.ran(c.WorkspaceID, answer, e, c)
	return "allowed; " + answer.Reason + ": " + said + " planned" + s.waitsFor(base.NotBefore), nil
}

// withLink puts the WhatsApp link with a fresh reference in its place. The reference itself is put in
// when the message is sent; here stands its place, so that nothing at rest holds it.
func (s *scene) withLink(text, lang string, t router.Trigger, e *event, c *inbox.Comment) (string, error) {
	if t.HandoffAccountID == nil {
		return text, nil
	}
	wa := s.d.Accounts.Get(*t.HandoffAccountID)
	if wa == nil || wa.Phone == "" {
		return "", &decisionError{e.ID, fmt.Errorf("trigger %d leads to account %d, which is not a connected WhatsApp number", t.ID, *t.HandoffAccountID)}
	}
	id, err := s.d.IDs.Take(s.ctx, "handoffs")
	if err != nil {
		return "", err
	}
	_, hash := router.NewReference(s.d.ReferenceKey, id)
	row := handoffRow{workspace: e.WorkspaceID, id: id, hash: hash, account: wa.ID, trigger: &t.ID, campaign: t.CampaignID, language: lang,
		expires: s.now.Add(time.Duration(s.spaces[e.WorkspaceID].Settings.HandoffHours) * time.Hour)}
	if c != nil {
		row.contact, row.identity, row.post, row.comment = *c.ContactID, *c.IdentityID, c.PostID, &c.ID
	} else {
		who := s.identity(e)
		row.contact, row.identity = who.ContactID, who.ID
	}
	s.w.handoffs = append(s.w.handoffs, row)
	return router.PutLink(text, wa.Phone, lang, id), nil
}

func privateChannel(public string) channels.Channel {
	if public == string(channels.Facebook) {
		return channels.Messenger
	}
	return channels.Channel(public)
}

// commentEdited judges the new text; our reply under a comment that turned harmful is shown to a person.
func (s *scene) commentEdited(e *event) (string, error) {
	c := s.comments[inbox.CommentKey{AccountID: e.AccountID, ExternalID: e.Event.ID}]
	if c == nil {
		return s.commentAdded(e) // the edit came first, or the original was lost
	}
	return s.reworded(c, e.Text, e.Event.Time, e)
}

// commentReread: before an automatic answer the comment was read back, and it says something else by now.
func (s *scene) commentReread(e *event) (string, error) {
	c := s.byComment[e.internal.CommentID]
	if c == nil {
		return "the comment is gone", nil
	}
	return s.reworded(c, e.internal.Text, e.OccurredAt, e)
}

func (s *scene) reworded(c *inbox.Comment, text string, at time.Time, e *event) (string, error) {
	if c.Text == text {
		return "the text is the same", nil
	}
	c.Text, c.EditedAt = text, &at
	s.w.reworded = append(s.w.reworded, c.ID)
	s.changed(c)
	if c.Own {
		return "the brand edited its own comment", nil
	}
	v, in := s.judgeComment(c, e)
	if v.Decision != moderation.Allow || v.NeedsLLM { // what answers the old words waits for nothing more
		s.w.cancels = append(s.w.cancels, outbox.Cancellation{WorkspaceID: c.WorkspaceID, CommentID: c.ID, Automatic: true, Kinds: []channels.CallKind{channels.ReplyToComment, channels.PrivateReply},
			Reason: "comment_edited", Meaning: "the comment was edited and is not clearly harmless any more"})
	}
	reason, err := s.settleWithComplaint(c, v, in, e)
	return "edited: " + reason, err
}

func (s *scene) commentRemoved(e *event) string {
	c := s.comments[inbox.CommentKey{AccountID: e.AccountID, ExternalID: e.Event.ID}]
	if c == nil {
		s.gone[goneKey{e.AccountID, e.Key}] = true
		return "removed before it was ever seen"
	}
	c.State, c.StateBy, c.StateMoved = "removed", "network", true
	s.changed(c)
	s.w.closeReviews = append(s.w.closeReviews, c.ID)
	s.w.reworded = append(s.w.reworded, c.ID)
	s.w.cancels = append(s.w.cancels, outbox.Cancellation{WorkspaceID: c.WorkspaceID, CommentID: c.ID, Reason: "comment_removed", Meaning: "the comment was removed on the network"})
	return "removed on the network; what was planned for it is cancelled"
}

func (s *scene) commentVisibility(e *event) string {
	c := s.comments[inbox.CommentKey{AccountID: e.AccountID, ExternalID: e.Event.ID}]
	if c == nil {
		return "about a comment that was never seen"
	}
	want := "visible"
	if channels.Kind(e.Kind) == channels.CommentHidden {
		want = "hidden"
	}
	if c.State == want || c.State == "removed" {
		return "as we knew it: " + c.State
	}
	c.State, c.StateBy, c.StateMoved = want, "network", true
	s.changed(c)
	return "made " + want + " on the network"
}

// commentApproved: a person allowed it, so the triggers may act within their validity.
func (s *scene) commentApproved(e *event) (string, error) {
	c := s.byComment[e.internal.CommentID]
	if c == nil {
		return "the comment is gone", nil
	}
	sp := s.spaces[c.WorkspaceID]
	v := sp.Engine.Judge(moderation.Input{Subject: moderation.SubjectComment, Channel: c.Channel, Text: c.Text, AccountID: c.AccountID})
	reason, err := s.triggerComment(c, v, e)
	return "approved by a person: " + reason, err
}

func (s *scene) changed(c *inbox.Comment) {
	if !s.w.isNewComment(c) {
		s.w.changedComments[c.ID] = c
	}
	s.touch(c.WorkspaceID, "comment", c.ID)
}

func (s *scene) touch(workspace int64, topic string, id int64) {
	s.w.changes = append(s.w.changes, inbox.Change{WorkspaceID: workspace, Topic: topic, ObjectID: id})
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + " and " + b
}
