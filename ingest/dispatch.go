package ingest

import (
	"ponte/channels"
	"ponte/inbox"
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
		if err != nil && inData(err) {
			return &decisionError{e.ID, err}
		}
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
