package ingest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"ponte/campaign"
	"ponte/channels"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/outbox"
	"ponte/router"
)

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
	if s.leadsNowhere(t) {
		return "allowed; " + campaign.LeadsNowhere, nil
	}
	base := outbox.Action{WorkspaceID: c.WorkspaceID, AccountID: c.AccountID, Purpose: "answer", Origin: "trigger", ContactID: c.ContactID, IdentityID: c.IdentityID,
		CommentID: &c.ID, AnswersEvent: &e.ID, TriggerID: &t.ID, CampaignID: t.CampaignID, NotBefore: later(s.now, answer.NotBefore), ValidUntil: c.CommentedAt.Add(time.Duration(t.ValidMinutes) * time.Minute)}
	var made []string
	if answer.Public != "" {
		a := base
		a.Kind, a.Dedupe = string(channels.ReplyToComment), fmt.Sprintf("reply:%d:%d", t.ID, c.ID)
		a.Call = channels.Call{Kind: channels.ReplyToComment, Channel: channels.Channel(c.Channel), CommentID: c.ExternalID, Mention: c.Mention, Text: answer.Public}
		s.w.actions = append(s.w.actions, a)
		s.ours[ourKey(c.AccountID, c.RootID, answer.Public)] = true
		s.replies[inbox.CommentKey{AccountID: c.AccountID, ExternalID: c.RootID}]++
		made = append(made, "public reply")
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
		made = append(made, "private reply")
	}
	s.ran(c.WorkspaceID, answer, e, c)
	reason := "allowed; " + answer.Reason + ": " + strings.Join(made, " and ") + " planned" + s.waitsFor(base.NotBefore)
	if answer.Withheld {
		reason += "; no private reply, which the network does not take to a mention"
	}
	return reason, nil
}

// leadsNowhere says whether a trigger leads to a number that was removed since the trigger was made. What it would have
// answered promises a way that is not there; what people wrote is kept and judged all the same.
func (s *scene) leadsNowhere(t router.Trigger) bool {
	if t.HandoffAccountID == nil {
		return false
	}
	wa := s.d.Accounts.Get(*t.HandoffAccountID)
	return wa == nil || wa.Phone == ""
}

// withLink puts the WhatsApp link with a fresh reference in its place. The reference itself is put in
// when the message is sent; here stands its place, so that nothing at rest holds it.
func (s *scene) withLink(text, lang string, t router.Trigger, e *event, c *inbox.Comment) (string, error) {
	if t.HandoffAccountID == nil {
		return text, nil
	}
	wa := s.d.Accounts.Get(*t.HandoffAccountID)
	id, err := s.d.IDs.Take(s.ctx, "handoffs")
	if err != nil {
		return "", err
	}
	// The reference has a number of its own: ids come again in a database that was restored, or begun anew with the
	// same key, and whoever holds a code from before must not become somebody else by it.
	number := rand.Int64()
	_, hash := router.NewReference(s.d.ReferenceKey, number)
	row := handoffRow{workspace: e.WorkspaceID, id: id, hash: hash, account: wa.ID, trigger: &t.ID, campaign: t.CampaignID, language: lang,
		expires: s.now.Add(time.Duration(s.spaces[e.WorkspaceID].Settings.HandoffHours) * time.Hour)}
	if c != nil {
		row.contact, row.identity, row.post, row.comment = *c.ContactID, *c.IdentityID, c.PostID, &c.ID
	} else {
		who := s.identity(e)
		row.contact, row.identity = who.ContactID, who.ID
	}
	s.w.handoffs = append(s.w.handoffs, row)
	return router.PutLink(text, wa.Phone, lang, number), nil
}

func privateChannel(public string) channels.Channel {
	if public == string(channels.Facebook) {
		return channels.Messenger
	}
	return channels.Channel(public)
}
