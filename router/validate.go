package router

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ponte/fault"
)

// Languages are the seven that ponte serves.
var Languages = []string{"en", "it", "fr", "ro", "es", "de", "pt"}

// LinkPlace is where the handoff's link stands in a private reply.
const LinkPlace = "{{link}}"

// placeholder is what looks as if something would be put in its place. People would read it as it stands.
var placeholder = regexp.MustCompile(`\{\{[^{}]*\}\}`)

const notFilled = "%s is not filled in here; only %s is, in a private reply"

// maxPrivateBytes keeps a private reply with its link inside Instagram's 1000 bytes.
const maxPrivateBytes = 1000 - 200

// The most that a trigger may wait, and answer.
const (
	maxDelaySeconds = 24 * 60 * 60
	maxCeiling      = 100_000
	maxHashtags     = 30
)

type complain func(field, format string, args ...any)

// Validate returns every fault of a trigger, each naming its field. Whether its recurrence can be read
// is asked where cron expressions are known.
func (t Trigger) Validate() []*fault.Error {
	var bad []*fault.Error
	add := func(field, format string, args ...any) { bad = append(bad, fault.Field(field, format, args...)) }
	if strings.TrimSpace(t.Name) == "" {
		add("name", "give the trigger a name")
	}
	t.validateSources(add)
	t.validateWords(add)
	t.validateTimes(add)
	t.validateLimits(add)
	t.validateReplies(add)
	return bad
}

func (t Trigger) validateSources(add complain) {
	if len(t.Sources) == 0 {
		add("sources", "choose what it listens to: comments, messages or both")
	}
	for i, s := range t.Sources {
		if !slices.Contains(Sources, s) {
			add(fmt.Sprintf("sources[%d]", i), "%q is not one of %s", s, strings.Join(Sources, ", "))
		}
	}
	if len(t.Hashtags) > maxHashtags {
		add("hashtags", "at most %d, there are %d", maxHashtags, len(t.Hashtags))
	}
	for i, tag := range t.Hashtags {
		if foldTag(tag) == "" || strings.ContainsAny(strings.TrimSpace(tag), " \t\n") {
			add(fmt.Sprintf("hashtags[%d]", i), "%q is not a hashtag: letters, digits and underscores in one word", tag)
		}
	}
}

func (t Trigger) validateWords(add complain) {
	for i, set := range t.Keywords {
		for _, list := range []struct {
			name  string
			words []string
		}{{"words", set.Words}, {"phrases", set.Phrases}, {"not", set.Not}} {
			for j, w := range list.words {
				if Fold(w) == "" {
					add(fmt.Sprintf("keywords[%d].%s[%d]", i, list.name, j), "%q holds no letter, digit or emoji", w)
				}
			}
		}
		if set.Language != "" && !slices.Contains(Languages, set.Language) {
			add(fmt.Sprintf("keywords[%d].language", i), "%q is not one of %s", set.Language, strings.Join(Languages, ", "))
		}
	}
	if t.AnyWords() && !t.listensOnly(wordless) {
		add("keywords", "a trigger needs at least one word or intent")
	}
}

func (t Trigger) validateTimes(add complain) {
	if t.StartsAt != nil && t.EndsAt != nil && !t.EndsAt.After(*t.StartsAt) {
		add("ends_at", "the period ends before it begins")
	}
	if t.ValidMinutes < 1 || t.ValidMinutes > 7*24*60 {
		add("valid_minutes", "must be between 1 and 10080 (Meta allows a private reply for seven days)")
	}
	if t.Recurrence == "" && t.DurationMinutes != 0 {
		add("duration_minutes", "is the length of a window; without a recurrence there are none")
	}
	if t.Recurrence != "" && (t.DurationMinutes < 1 || t.DurationMinutes > 7*24*60) {
		add("duration_minutes", "a window lasts from 1 minute to 10080 (seven days)")
	}
	if !slices.Contains([]string{"", OncePost, OnceTrigger, OncePeriod}, t.Once) {
		add("once", "%q is neither post, trigger nor period", t.Once)
	}
}

func (t Trigger) validateLimits(add complain) {
	if t.DelaySeconds < 0 || t.DelaySeconds > maxDelaySeconds {
		add("delay_seconds", "must be between 0 and %d", maxDelaySeconds)
	}
	if t.JitterSeconds < 0 || t.JitterSeconds > maxDelaySeconds {
		add("jitter_seconds", "must be between 0 and %d", maxDelaySeconds)
	}
	if most := t.DelaySeconds + t.JitterSeconds; t.ValidMinutes > 0 && most >= t.ValidMinutes*60 {
		add("delay_seconds", "the answer may leave after %d seconds, but is valid for %d minutes only", most, t.ValidMinutes)
	}
	if t.PerHour < 0 || t.PerHour > maxCeiling {
		add("per_hour", "must be between 0 (no ceiling) and %d", maxCeiling)
	}
	if t.PerDay < 0 || t.PerDay > maxCeiling {
		add("per_day", "must be between 0 (no ceiling) and %d", maxCeiling)
	}
}

func (t Trigger) validateReplies(add complain) {
	if len(t.PublicReplies) == 0 && len(t.PrivateReply) == 0 {
		add("public_replies", "a trigger needs a public reply, a private reply or both")
	} else if len(t.PrivateReply) == 0 {
		switch {
		case t.HandoffAccountID != nil:
			add("private_reply", "it leads to WhatsApp, so it needs a private reply with the link")
		case t.listensOnly(private):
			add("private_reply", "it listens to messages only, so it needs a private reply")
		}
	}
	for lang, variants := range t.PublicReplies {
		if len(variants) == 0 || len(variants) > 10 {
			add("public_replies."+lang, "needs one to ten variants, has %d", len(variants))
		}
		for i, v := range variants {
			field := fmt.Sprintf("public_replies.%s[%d]", lang, i)
			if strings.TrimSpace(v) == "" {
				add(field, "the reply is empty")
			}
			if place := placeholder.FindString(v); place != "" {
				add(field, notFilled, place, LinkPlace)
			}
		}
	}
	for lang, text := range t.PrivateReply {
		place := placeholder.FindString(strings.ReplaceAll(text, LinkPlace, ""))
		switch {
		case strings.TrimSpace(text) == "":
			add("private_reply."+lang, "the reply is empty")
		case place != "":
			add("private_reply."+lang, notFilled, place, LinkPlace)
		case len(text) > maxPrivateBytes:
			add("private_reply."+lang, "has %d bytes; with the link it must fit Instagram's 1000, so at most %d", len(text), maxPrivateBytes)
		case t.HandoffAccountID != nil && !strings.Contains(text, LinkPlace):
			add("private_reply."+lang, "lacks %s, the place of the WhatsApp link", LinkPlace)
		case t.HandoffAccountID == nil && strings.Contains(text, LinkPlace):
			add("private_reply."+lang, "has %s but no WhatsApp account to lead to", LinkPlace)
		}
	}
}
