package router

import (
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func live(id int64, name string, change func(*Trigger)) Trigger {
	t := Trigger{ID: id, Name: name, State: "live", Sources: []string{SourceComment}, Keywords: []KeywordSet{{Words: []string{"info"}}},
		PublicReplies: map[string][]string{"en": {"We wrote to you."}}, ValidMinutes: 60, Purpose: "answer"}
	if change != nil {
		change(&t)
	}
	return t
}

func TestChoose(t *testing.T) {
	noon := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	hour := func(n int) *time.Time { at := noon.Add(time.Duration(n) * time.Hour); return &at }
	words := func(lang string, words ...string) KeywordSet { return KeywordSet{Language: lang, Words: words} }
	for name, c := range map[string]struct {
		triggers []Trigger
		occasion Occasion
		want     int64  // 0: none
		says     string // part of why, or of why not
	}{
		"whole word":          {[]Trigger{live(1, "a", nil)}, Occasion{Text: "INFO please!"}, 1, "word «info»"},
		"part of a word":      {[]Trigger{live(1, "a", nil)}, Occasion{Text: "information"}, 0, "none of its words"},
		"accents and case":    {[]Trigger{live(1, "a", func(t *Trigger) { t.Keywords = []KeywordSet{words("", "Précio")} })}, Occasion{Text: "¿PRECIO?"}, 1, "Précio"},
		"emoji":               {[]Trigger{live(1, "a", func(t *Trigger) { t.Keywords = []KeywordSet{words("", "🔥")} })}, Occasion{Text: "wow🔥🔥"}, 1, "🔥"},
		"phrase":              {[]Trigger{live(1, "a", func(t *Trigger) { t.Keywords = []KeywordSet{{Phrases: []string{"how much"}}} })}, Occasion{Text: "How   much?"}, 1, "how much"},
		"phrase broken":       {[]Trigger{live(1, "a", func(t *Trigger) { t.Keywords = []KeywordSet{{Phrases: []string{"how much"}}} })}, Occasion{Text: "how very much"}, 0, "none of"},
		"forbidden word":      {[]Trigger{live(1, "a", func(t *Trigger) { t.Keywords[0].Not = []string{"no info"} })}, Occasion{Text: "no info thanks"}, 0, "none of"},
		"other language":      {[]Trigger{live(1, "a", func(t *Trigger) { t.Keywords = []KeywordSet{words("it", "info")} })}, Occasion{Text: "ich hätte gern mehr info", Language: "de"}, 0, "none of"},
		"one word tells none": {[]Trigger{live(1, "a", func(t *Trigger) { t.Keywords = []KeywordSet{words("en", "summer")} })}, Occasion{Text: "SUMMER!", Language: "de"}, 1, "summer"},
		"nor does a code":     {[]Trigger{live(1, "a", func(t *Trigger) { t.Keywords = []KeywordSet{words("en", "boat123")} })}, Occasion{Text: "boat123", Language: "ro"}, 1, "boat123"},
		"language unknown":    {[]Trigger{live(1, "a", func(t *Trigger) { t.Keywords = []KeywordSet{words("it", "info")} })}, Occasion{Text: "info", Language: "unknown"}, 1, "info"},
		"intent":              {[]Trigger{live(1, "a", func(t *Trigger) { t.Keywords, t.Intents = nil, []string{"price"} })}, Occasion{Text: "what does it cost", Intent: "price"}, 1, "intent price"},
		"intent forbidden":    {[]Trigger{live(1, "a", func(t *Trigger) { t.Keywords, t.Intents = []KeywordSet{{Not: []string{"joke"}}}, []string{"price"} })}, Occasion{Text: "a joke", Intent: "price"}, 0, "none of"},
		"no intent given":     {[]Trigger{live(1, "a", func(t *Trigger) { t.Keywords, t.Intents = nil, []string{"price"} })}, Occasion{Text: "x"}, 0, "none of"},
		"wrong source":        {[]Trigger{live(1, "a", nil)}, Occasion{Source: SourceMessage, Text: "info"}, 0, "not for a message"},
		"another account":     {[]Trigger{live(1, "a", func(t *Trigger) { t.AccountIDs = []int64{9} })}, Occasion{Text: "info", AccountID: 8}, 0, "another account"},
		"another post":        {[]Trigger{live(1, "a", func(t *Trigger) { t.PostIDs = []int64{9} })}, Occasion{Text: "info", PostID: 8}, 0, "another post"},
		"before the period":   {[]Trigger{live(1, "a", func(t *Trigger) { t.StartsAt = hour(1) })}, Occasion{Text: "info", At: noon}, 0, "before the trigger's period"},
		"first instant":       {[]Trigger{live(1, "a", func(t *Trigger) { t.StartsAt = hour(0) })}, Occasion{Text: "info", At: noon}, 1, "info"},
		"end is outside":      {[]Trigger{live(1, "a", func(t *Trigger) { t.EndsAt = hour(0) })}, Occasion{Text: "info", At: noon}, 0, "after the trigger's period"},
		"paused":              {[]Trigger{live(1, "a", func(t *Trigger) { t.State = "paused" })}, Occasion{Text: "info"}, 0, "no trigger is live"},
		"older of two":        {[]Trigger{live(2, "b", nil), live(1, "a", nil)}, Occasion{Text: "info"}, 1, "info"},
		"higher priority":     {[]Trigger{live(1, "a", nil), live(2, "b", func(t *Trigger) { t.Priority = 5 })}, Occasion{Text: "info"}, 2, "info"},
		"next when no match":  {[]Trigger{live(1, "a", func(t *Trigger) { t.PostIDs = []int64{9} }), live(2, "b", nil)}, Occasion{Text: "info", PostID: 3}, 2, "info"},
		"says which were met": {[]Trigger{live(1, "Spring sale", func(t *Trigger) { t.PostIDs = []int64{9} })}, Occasion{Text: "info", PostID: 3}, 0, "«Spring sale»"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.occasion.Source == "" {
				c.occasion.Source = SourceComment
			}
			match, why := Choose(c.triggers, c.occasion)
			var got int64
			if match != nil {
				got, why = match.Trigger.ID, match.Why
			}
			if got != c.want || !strings.Contains(why, c.says) {
				t.Errorf("trigger %d (%q), want %d (…%q…)", got, why, c.want, c.says)
			}
		})
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "  \n": "", "!?…": "",
		"Quanto COSTA?":     "quanto costa",
		"sì, grazie!":       "si grazie",
		"l'info":            "linfo",
		"STRAẞE straße":     "strasse strasse",
		"Łódź, smørrebrød":  "lodz smorrebrod",
		"preț și mărime":    "pret si marime",
		"ﬁne 𝒾𝓃𝒻ℴ ＩＮＦＯ":     "fine info info",
		"ok👍🏽👍":             "ok 👍 🏽 👍",
		"a\u200bb\u200dc":   "abc",
		"1️⃣":               "1",
		"price\u00a0list\t": "price list",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"Info?", "sì 🔥", "\xff\xfe", "ß", "a\u0301", "\u0000", "مرحبا"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		folded := Fold(s)
		if !utf8.ValidString(folded) || Fold(folded) != folded {
			t.Fatalf("Fold(%q) = %q, and again %q", s, folded, Fold(folded))
		}
		if strings.Contains(folded, "  ") || strings.TrimSpace(folded) != folded || strings.ContainsFunc(folded, unicode.IsControl) {
			t.Fatalf("Fold(%q) = %q: words are not one space apart", s, folded)
		}
		if folded != "" && !containsWords(folded, folded) {
			t.Fatalf("%q does not contain itself", folded)
		}
	})
}

func TestValidateNamesEveryFault(t *testing.T) {
	wa := int64(3)
	good := live(0, "Spring", nil)
	if bad := good.Validate(); len(bad) > 0 {
		t.Fatalf("a good trigger is refused: %v", bad)
	}
	soon, later := time.Unix(100, 0), time.Unix(200, 0)
	for name, c := range map[string]struct {
		change func(*Trigger)
		field  string
	}{
		"no name":            {func(t *Trigger) { t.Name = " " }, "name"},
		"no source":          {func(t *Trigger) { t.Sources = nil }, "sources"},
		"strange source":     {func(t *Trigger) { t.Sources = []string{"fax"} }, "sources[0]"},
		"no words":           {func(t *Trigger) { t.Keywords = nil }, "keywords"},
		"empty word":         {func(t *Trigger) { t.Keywords[0].Words = []string{"info", "?!"} }, "keywords[0].words[1]"},
		"strange language":   {func(t *Trigger) { t.Keywords[0].Language = "xx" }, "keywords[0].language"},
		"ends first":         {func(t *Trigger) { t.StartsAt, t.EndsAt = &later, &soon }, "ends_at"},
		"never valid":        {func(t *Trigger) { t.ValidMinutes = 0 }, "valid_minutes"},
		"longer than Meta's": {func(t *Trigger) { t.ValidMinutes = 7*24*60 + 1 }, "valid_minutes"},
		"no reply":           {func(t *Trigger) { t.PublicReplies = nil }, "public_replies"},
		"empty variant":      {func(t *Trigger) { t.PublicReplies = map[string][]string{"en": {"a", " "}} }, "public_replies.en[1]"},
		"no variants":        {func(t *Trigger) { t.PublicReplies = map[string][]string{"en": {}} }, "public_replies.en"},
		"too long":           {func(t *Trigger) { t.PrivateReply = map[string]string{"it": strings.Repeat("è", 401)} }, "private_reply.it"},
		"link without place": {func(t *Trigger) { t.HandoffAccountID, t.PrivateReply = &wa, map[string]string{"en": "hi"} }, "private_reply.en"},
		"link in public":     {func(t *Trigger) { t.PublicReplies["en"] = []string{"Write to us: {{link}}"} }, "public_replies.en[0]"},
		"name in public":     {func(t *Trigger) { t.PublicReplies["en"] = []string{"Thanks {{first_name}}!"} }, "public_replies.en[0]"},
		"name in private": {func(t *Trigger) {
			t.HandoffAccountID, t.PrivateReply = &wa, map[string]string{"en": "Hi {{name}}: {{link}}"}
		}, "private_reply.en"},
		"link never given":   {func(t *Trigger) { t.HandoffAccountID = &wa }, "private_reply"},
		"message unanswered": {func(t *Trigger) { t.Sources = []string{SourceMessage, SourceStory} }, "private_reply"},
		"story without word": {func(t *Trigger) { t.Sources, t.Keywords = []string{SourceMention, SourceComment}, nil }, "keywords"},
		"place without link": {func(t *Trigger) { t.PrivateReply = map[string]string{"en": "hi {{link}}"} }, "private_reply.en"},
	} {
		t.Run(name, func(t *testing.T) {
			trigger := live(0, "Spring", nil)
			trigger.Keywords = []KeywordSet{{Words: []string{"info"}}}
			c.change(&trigger)
			bad := trigger.Validate()
			if len(bad) != 1 || bad[0].Field != c.field {
				t.Errorf("faults %v, want one at %s", bad, c.field)
			}
		})
	}
}

// Where people often write nothing, a trigger needs no words; a forbidden word still counts.
func TestMentionsAndStoriesNeedNoWords(t *testing.T) {
	trigger := live(1, "Thanks", func(t *Trigger) {
		t.Sources, t.Keywords = []string{SourceMention, SourceStory}, []KeywordSet{{Not: []string{"refund"}}}
		t.PublicReplies, t.PrivateReply = nil, map[string]string{"en": "Thank you!"}
	})
	if bad := trigger.Validate(); len(bad) > 0 {
		t.Fatalf("refused: %v", bad)
	}
	for text, want := range map[string]bool{"": true, "❤️": true, "love it": true, "I want a refund": false} {
		match, why := Choose([]Trigger{trigger}, Occasion{Source: SourceMention, Private: true, Text: text})
		if (match != nil) != want {
			t.Errorf("%q: matched %v, want %v (%s)", text, match != nil, want, why)
		}
	}
}

func TestPublicReplyVariesAndStaysTheSame(t *testing.T) {
	trigger := live(7, "a", func(t *Trigger) { t.PublicReplies = map[string][]string{"en": {"a", "b", "c"}, "it": {"x"}} })
	used := map[int]bool{}
	for person := range 60 {
		text, variant, lang := trigger.PublicReply("en", "it", strconv.Itoa(person), Said{Variant: -1})
		again, _, _ := trigger.PublicReply("en", "it", strconv.Itoa(person), Said{Variant: -1})
		if text != again || lang != "en" || text != trigger.PublicReplies["en"][variant] {
			t.Fatalf("person %d: %q then %q in %s", person, text, again, lang)
		}
		if _, next, _ := trigger.PublicReply("en", "it", strconv.Itoa(person), Said{"en", variant}); next == variant {
			t.Fatalf("person %d was given variant %d twice in a row", person, variant)
		}
		used[variant] = true
	}
	if len(used) != 3 {
		t.Errorf("of three variants %d were used for 60 people", len(used))
	}
	if text, _, lang := trigger.PublicReply("ro", "it", "1", Said{Variant: -1}); text != "x" || lang != "it" {
		t.Errorf("a language without a reply got %q in %s, want the workspace's", text, lang)
	}
}

func TestTheLanguageOfTheAnswer(t *testing.T) {
	reply := map[string][]string{"en": {"hello"}, "it": {"ciao"}, "ro": {"salut"}, "de": {"hallo"}}
	for name, c := range map[string]struct {
		sets     []KeywordSet
		text     string
		language string // as moderation takes it
		known    string // what they spoke before
		want     string
	}{
		"the text's":                   {[]KeywordSet{{Words: []string{"info"}}}, "vorrei avere info", "it", "", "it"},
		"a word in its language":       {[]KeywordSet{{Words: []string{"prezzo", "price"}}}, "prezzo?", "it", "", "it"},
		"the keyword's":                {[]KeywordSet{{Language: "en", Words: []string{"boat"}}}, "BOAT", "ro", "", "en"},
		"the set of its own first":     {[]KeywordSet{{Language: "en", Words: []string{"summer"}}, {Language: "de", Words: []string{"summer"}}}, "summer", "de", "", "de"},
		"of a code the keyword's":      {[]KeywordSet{{Language: "it", Words: []string{"barca24"}}}, "barca24", "unknown", "", "it"},
		"of a code the workspace's":    {[]KeywordSet{{Words: []string{"boat123456"}}}, "boat123456", "ro", "", "en"},
		"the person's, of a word":      {[]KeywordSet{{Words: []string{"info"}}}, "info", "en", "it", "it"},
		"the person's, not the word's": {[]KeywordSet{{Language: "en", Words: []string{"summer"}}}, "SUMMER", "de", "it", "it"},
		"the person's, of a code":      {[]KeywordSet{{Words: []string{"boat123456"}}}, "boat123456", "ro", "it", "it"},
		"the person's, of any text":    {nil, "🛶", "unknown", "it", "it"},
		"of a sentence the text's":     {[]KeywordSet{{Words: []string{"info"}}}, "could I have some info please", "en", "it", "en"},
		"no reply in the person's":     {[]KeywordSet{{Language: "de", Words: []string{"summer"}}}, "SUMMER", "en", "fr", "de"},
	} {
		t.Run(name, func(t *testing.T) {
			set := NewSet([]Trigger{live(1, "a", func(tr *Trigger) {
				tr.Keywords, tr.PublicReplies = c.sets, reply
				if c.sets == nil {
					tr.Sources = []string{SourceStory}
				}
			})})
			source := SourceComment
			if c.sets == nil {
				source = SourceStory
			}
			a, err := NewBook().Answer(set, Occasion{Source: source, Text: c.text, Language: c.language, Known: c.known, Key: "k"}, "en")
			if err != nil || a.Code != Answered || a.Language != c.want {
				t.Errorf("%s in %q, %v; want it in %q", a.Reason, a.Language, err, c.want)
			}
		})
	}
}

// The word that a campaign asks for is known from what else says it.
func TestWhatATriggerAsksFor(t *testing.T) {
	t.Parallel()
	set := NewSet([]Trigger{
		{ID: 1, State: "live", Keywords: []KeywordSet{{Language: "en", Words: []string{"SUMMER", "boat123"}, Phrases: []string{"book me"}}, {Language: "de", Words: []string{"Frühling"}}, {Words: []string{"🌞"}}}},
		{ID: 2, State: "paused", Keywords: []KeywordSet{{Words: []string{"winter"}}}},
	})
	for text, asked := range map[string]bool{"SUMMER": true, "summer!!": true, " Summer 😍😍": true, "boat123": true, "Book me.": true, "fruehling": true, "Frühling": true, "🌞": true, "🌞!": true,
		"summer is rubbish": false, "you summer": false, "winter": false, "": false, "!!!": false, "😍": false, "summer summer": false, "@summer": false} {
		if got := set.Asks(text); got != asked {
			t.Errorf("%q: %v", text, got)
		}
	}
}
