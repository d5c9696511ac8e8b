package ingest

import (
	"cmp"
	"encoding/json"
	"time"

	"ponte/asks"
	"ponte/channels"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/outbox"
)

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

func (s *scene) newComment(e *event) (*inbox.Comment, error) {
	id, err := s.d.IDs.Take(s.ctx, "comments")
	if err != nil {
		return nil, err
	}
	c := &inbox.Comment{WorkspaceID: e.WorkspaceID, ID: id, AccountID: e.AccountID, Channel: string(e.Event.Channel), ExternalID: e.Event.ID,
		AuthorName: cmp.Or(e.Name, e.User), Own: e.Own, Text: e.Text, State: "visible", Source: e.Source, CommentedAt: e.Event.Time, RootID: e.Event.ID}
	if in := e.Comment; in != nil {
		c.ParentID, c.Live, c.AdID, c.Permalink = in.ParentID, in.Live, in.AdID, in.Permalink
		c.Mention = channels.Kind(e.Kind) == channels.MentionAdded
		if in.ProductType == "AD" {
			c.AdID = cmp.Or(in.AdID, in.OriginalMediaID, "unknown")
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
	root := cmp.Or(e.Comment.RootID, e.Comment.ParentID, e.Event.ID)
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
	s.cancel(outbox.Cancellation{WorkspaceID: c.WorkspaceID, AccountID: c.AccountID, RootComment: c.RootID,
		Reason: "answered_elsewhere", Meaning: "a person of the brand answered in another tool"})
	s.w.answered = append(s.w.answered, inbox.CommentAnswer{WorkspaceID: c.WorkspaceID, AccountID: c.AccountID, RootID: c.RootID, At: c.CommentedAt})
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
	sp := s.spaces[c.WorkspaceID]
	v := sp.Engine.Judge(in)
	if v.ByModelAlone() && sp.Triggers.Asks(c.Text) {
		in.Scripted = moderation.ScriptedKeyword
		v = sp.Engine.Judge(in)
	}
	e.took = time.Since(start)
	return v, in
}

// commentEdited judges the new text; our reply under a comment that turned harmful is shown to a person.
func (s *scene) commentEdited(e *event) (string, error) {
	c := s.comments[inbox.CommentKey{AccountID: e.AccountID, ExternalID: e.Event.ID}]
	if c == nil {
		return s.commentAdded(e) // the edit came first, or the original was lost
	}
	if c.EditedAt != nil && e.Event.Time.Before(*c.EditedAt) {
		return "an earlier edit that came late: the newer words stand", nil
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
	if v.Decision != moderation.Allow && !v.Exposes() || v.NeedsLLM { // what answers the old words waits for nothing more
		s.cancel(outbox.Cancellation{WorkspaceID: c.WorkspaceID, CommentID: c.ID, Automatic: true, Kinds: []channels.CallKind{channels.ReplyToComment, channels.PrivateReply},
			Reason: "comment_edited", Meaning: "the comment was edited and is not clearly harmless any more"})
	}
	// What cannot be undone was decided about the old words, whoever decided it.
	if c.Decision != nil && *c.Decision == string(moderation.Delete) {
		s.cancel(outbox.Cancellation{WorkspaceID: c.WorkspaceID, CommentID: c.ID, Kinds: []channels.CallKind{channels.DeleteComment},
			Reason: "comment_edited", Meaning: "the comment says something else than when it was to be deleted"})
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
	s.cancel(outbox.Cancellation{WorkspaceID: c.WorkspaceID, CommentID: c.ID, Reason: "comment_removed", Meaning: "the comment was removed on the network"})
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
