package meta

import (
	"time"

	"ponte/channels"
)

type key struct{ code, subcode int }

type meaning struct {
	class  channels.Class
	scope  channels.Scope
	reason string
	text   string
	after  time.Duration
	done   bool
}

const (
	retry  = channels.Retry
	wait   = channels.Wait
	reauth = channels.Reauthorise
	giveUp = channels.GiveUp
	ask    = channels.AskPerson

	call    = channels.ScopeCall
	pair    = channels.ScopePair
	account = channels.ScopeAccount
	app     = channels.ScopeApp
)

// table sorts Meta's errors by code, and by code and subcode where the subcode tells more. Sources:
// Messenger Platform "Common Error Codes" (25 June 2026), WhatsApp Cloud API "Error codes", Graph API
// "Rate limiting"; the few marked "seen" come from production reports.
var table = map[key]meaning{
	{0, 0}:         {reauth, account, "token_invalid", "Meta does not accept the account's token: connect the account again.", 0, false},
	{1, 0}:         {retry, call, "unknown_error", "Meta reported an unknown error; it is tried again.", 30 * time.Second, false},
	{1, 1357046}:   {channels.Unknown, call, "maybe_done", "Meta gave no clear answer, but the message may have gone out: it is looked up before anything is sent again.", 0, false},
	{1, 99}:        {retry, call, "access_level", "Meta refused without a reason; often the app lacks a permission or an access level.", 30 * time.Second, false},
	{2, 2018344}:   {ask, account, "terms_missing", "An administrator of the Page must accept Meta's privacy terms for labels.", 0, false},
	{2, 0}:         {retry, call, "outage", "Meta is temporarily unavailable; it is tried again.", 30 * time.Second, false},
	{3, 0}:         {ask, account, "capability_missing", "The app lacks a capability for this call: check the app's products and access level.", 0, false},
	{4, 0}:         {wait, app, "rate_limited", "The app's hourly call limit is reached; sending goes on by itself.", time.Minute, false},
	{4, 2018354}:   {wait, pair, "too_early", "Too early for another marketing message to this person.", 24 * time.Hour, false},
	{9, 2018352}:   {wait, pair, "too_early", "Too early for another opt-in request to this person.", 24 * time.Hour, false},
	{10, 0}:        {reauth, account, "permission_missing", "A permission is missing: connect the account again and grant it.", 0, false},
	{10, 2018278}:  {giveUp, pair, "window_closed", "The 24 hours after the customer's last message are over.", 0, false},
	{10, 2018065}:  {giveUp, pair, "window_closed", "The 24 hours after the customer's last message are over.", 0, false},
	{10, 2534022}:  {giveUp, pair, "window_closed", "The 24 hours after the customer's last message are over.", 0, false},
	{10, 2018108}:  {giveUp, pair, "person_unavailable", "This person cannot receive messages from you now.", 0, false},
	{10, 1893063}:  {ask, account, "page_restricted", "Meta has restricted the Page from sending: look at its support inbox.", 0, false},
	{10, 1404170}:  {ask, account, "page_restricted", "Meta has restricted the Page from sending marketing messages.", 0, false},
	{10, 1893015}:  {giveUp, pair, "opted_out", "The person has stopped marketing messages.", 0, false},
	{613, 1893016}: {giveUp, pair, "opted_out", "The person was asked to opt in before.", 0, false},
	{10, 2534077}:  {ask, account, "link_broken", "Instagram account and Page are not linked properly: link them again.", 0, false},
	{17, 0}:        {wait, account, "rate_limited", "The token's call limit is reached; sending goes on by itself.", time.Minute, false},
	{32, 0}:        {wait, account, "rate_limited", "The Page's call limit is reached; sending goes on by itself.", time.Minute, false},
	{33, 0}:        {ask, account, "object_gone", "The phone number or object does not exist any more, or the token does not see it.", 0, false},
	{100, 0}:       {ask, call, "bad_request", "Meta refused a parameter of the call.", 0, false},
	{100, 33}:      {giveUp, call, "gone", "It was deleted, or is not visible any more.", 0, false},
	{100, 2018001}: {giveUp, pair, "person_unknown", "Meta knows no such person for this Page.", 0, false},
	{100, 2018008}: {ask, call, "attachment", "Meta could not fetch the attachment.", 0, false},
	{100, 2018047}: {ask, call, "attachment", "The attachment could not be uploaded: its type does not match.", 0, false},
	{100, 2018109}: {ask, call, "attachment", "The attachment is too large.", 0, false},
	{100, 2018294}: {retry, call, "attachment", "The video took too long to fetch; it is tried once more.", time.Minute, false},
	{100, 2018074}: {ask, call, "attachment", "The attachment belongs to somebody else.", 0, false},
	{100, 2534013}: {ask, account, "link_broken", "The Page has no Instagram account.", 0, false},
	{100, 2534014}: {giveUp, pair, "person_unknown", "Instagram knows no such person for this account.", 0, false},
	{100, 2534015}: {ask, call, "content_refused", "Instagram does not allow this content.", 0, false},
	{100, 2534025}: {giveUp, call, "private_reply_refused", "Instagram takes no private reply to this comment: it was answered privately before, is too old, or is gone.", 0, false},
	{100, 2534029}: {ask, account, "account_blocked", "Instagram has blocked the business from messaging.", 0, false},
	{100, 2534037}: {wait, pair, "thread_owned", "Another app owns this conversation at the moment.", 15 * time.Minute, false},
	{100, 2018300}: {wait, pair, "thread_owned", "Another app owns this conversation at the moment.", 15 * time.Minute, false},
	{100, 2018321}: {wait, pair, "thread_owned", "Another app owns this conversation at the moment.", 15 * time.Minute, false},
	{100, 2018171}: {wait, pair, "thread_owned", "Another app owns this conversation at the moment.", 15 * time.Minute, false},
	{190, 458}:     {reauth, account, "app_removed", "The app was removed from the account: connect it again.", 0, false},
	{190, 459}:     {reauth, account, "checkpoint", "Whoever connected the account must sign in to Facebook once and pass its check, then connect it again.", 0, false},
	{190, 460}:     {reauth, account, "token_expired", "The password of whoever connected the account has changed: connect it again.", 0, false},
	{190, 463}:     {reauth, account, "token_expired", "The account's token has expired: connect it again.", 0, false},
	{190, 464}:     {reauth, account, "checkpoint", "Whoever connected the account must confirm their own account, then connect it again.", 0, false},
	{190, 467}:     {reauth, account, "token_expired", "The account's token is not valid any more: connect the account again.", 0, false},
	{190, 0}:       {reauth, account, "token_expired", "The account's token is not valid any more: connect the account again.", 0, false},
	{200, 0}:       {reauth, account, "permission_missing", "A permission is missing: connect the account again and grant it.", 0, false},
	{200, 2018028}: {ask, account, "app_not_live", "The app is not live, and the person has no role in it.", 0, false},
	{200, 2018027}: {ask, account, "app_not_live", "The app is not approved for this, and the person has no role in it.", 0, false},
	{200, 2534041}: {ask, account, "access_off", "The account's owner switched off message access for apps in Instagram's settings.", 0, false},
	{200, 1545041}: {giveUp, pair, "person_unavailable", "The person is not available: they blocked you, left, or are restricted.", 0, false},
	{368, 0}:       {ask, account, "policy_block", "Meta has blocked the account for a policy reason.", 0, false},
	{551, 0}:       {giveUp, pair, "person_unavailable", "The person is not available: they blocked you, left, or are restricted.", 0, false},
	{613, 0}:       {wait, account, "rate_limited", "A call limit is reached; sending goes on by itself.", time.Minute, false},
	{613, 1996}:    {wait, account, "rate_limited", "Meta found the number of calls unusual and slows them down; sending goes on by itself.", 10 * time.Minute, false},
	{613, 2534040}: {wait, account, "rate_limited", "Instagram's call limit is reached; sending goes on by itself.", time.Minute, false},
	{613, 2018338}: {ask, pair, "too_many", "Too many tagged messages to this person.", 0, false},
	{1200, 0}:      {retry, call, "outage", "Meta is temporarily unavailable; it is tried again.", 30 * time.Second, false},
	{2022, 0}:      {ask, account, "policy_block", "Commerce messages are switched off for this account after a violation.", 0, false},
	{803, 0}:       {giveUp, call, "gone", "It was deleted, or is not visible any more.", 0, false}, // seen
	{2018218, 0}:   {giveUp, pair, "person_unavailable", "The person's profile is not available.", 0, false},
	{2018247, 0}:   {ask, account, "permission_missing", "The app may not read this field of a profile.", 0, false},
	{9000001, 0}:   {giveUp, call, "gone", "The message was deleted.", 0, false},
	{10900, 0}:     {giveUp, call, "already_replied", "A private reply to this comment exists already; there can be only one.", 0, true}, // seen
	{10903, 0}:     {giveUp, call, "private_reply_refused", "This person takes no private reply.", 0, false},
	{80001, 0}:     {wait, account, "rate_limited", "The Page's call limit is reached; sending goes on by itself.", time.Minute, false},
	{80002, 0}:     {wait, account, "rate_limited", "The Instagram account's call limit is reached; sending goes on by itself.", time.Minute, false},
	{80005, 0}:     {wait, account, "rate_limited", "The limit for reading leads is reached.", time.Minute, false},
	{80006, 0}:     {wait, account, "rate_limited", "The messaging call limit is reached; sending goes on by itself.", time.Minute, false},
	{80007, 0}:     {wait, account, "rate_limited", "The WhatsApp account's call limit is reached; sending goes on by itself.", time.Minute, false},
	{80008, 0}:     {wait, account, "rate_limited", "The limit of WhatsApp's management calls is reached.", time.Minute, false},

	{130429, 0}:  {wait, account, "rate_limited", "The number's throughput is reached; sending goes on by itself.", 5 * time.Second, false},
	{130472, 0}:  {giveUp, pair, "experiment", "Meta holds this person out of marketing messages (an experiment of theirs).", 0, false},
	{130497, 0}:  {giveUp, pair, "country", "This business may not message that country.", 0, false},
	{131000, 0}:  {retry, call, "unknown_error", "WhatsApp reported an unknown failure; it is tried again.", 30 * time.Second, false},
	{131005, 0}:  {reauth, account, "permission_missing", "Access was denied: connect the number again.", 0, false},
	{131008, 0}:  {ask, call, "bad_request", "A required parameter is missing.", 0, false},
	{131009, 0}:  {ask, call, "bad_request", "A parameter's value is not valid.", 0, false},
	{131016, 0}:  {retry, call, "outage", "WhatsApp is temporarily unavailable; it is tried again.", 30 * time.Second, false},
	{131021, 0}:  {giveUp, call, "same_number", "Recipient and sender are the same number.", 0, false},
	{131026, 0}:  {giveUp, pair, "not_on_whatsapp", "The message cannot be delivered: the number is not on WhatsApp, or its app is too old. Try another channel.", 0, false},
	{131030, 0}:  {ask, call, "not_allow_listed", "This is a test number: the recipient must be on its list.", 0, false},
	{131031, 0}:  {ask, account, "account_locked", "WhatsApp has locked the account.", 0, false},
	{131037, 0}:  {ask, account, "display_name", "The number's display name is not approved yet.", 0, false},
	{131042, 0}:  {ask, account, "payment", "There is a problem with the WhatsApp account's payment.", 0, false},
	{131045, 0}:  {ask, account, "not_registered", "The number is not registered correctly.", 0, false},
	{131047, 0}:  {giveUp, pair, "window_closed", "The 24 hours after the customer's last message are over: send an approved template.", 0, false},
	{131048, 0}:  {wait, account, "spam_limit", "WhatsApp limits this number because too many people blocked or reported it.", 6 * time.Hour, false},
	{131049, 0}:  {wait, pair, "marketing_cap", "WhatsApp did not deliver it: this person gets too many marketing messages at the moment.", 24 * time.Hour, false},
	{131050, 0}:  {giveUp, pair, "opted_out", "The person stopped marketing messages from you in WhatsApp.", 0, false},
	{131051, 0}:  {ask, call, "bad_request", "WhatsApp does not support this type of message.", 0, false},
	{131052, 0}:  {giveUp, call, "media", "The customer's media could not be downloaded: ask them to send it again.", 0, false},
	{131053, 0}:  {ask, call, "media", "The media could not be uploaded: its type is not supported.", 0, false},
	{131055, 0}:  {ask, call, "bad_request", "This method is not allowed here.", 0, false},
	{131056, 0}:  {wait, pair, "pair_limit", "Too many messages to this person in a short time; it goes on by itself.", 6 * time.Second, false},
	{131057, 0}:  {wait, account, "maintenance", "The number is in maintenance for about a minute.", time.Minute, false},
	{131062, 0}:  {ask, pair, "needs_phone", "This message needs the person's phone number.", 0, false},
	{131063, 0}:  {ask, account, "marketing_off", "Marketing templates are switched off for this number.", 0, false},
	{131064, 0}:  {wait, account, "template_violations", "WhatsApp limits this account because of wrongly classified templates.", 6 * time.Hour, false},
	{132000, 0}:  {ask, call, "template_parameters", "The number of values differs from the template's variables.", 0, false},
	{132001, 0}:  {ask, call, "template_missing", "The template does not exist in this language, or is not approved.", 0, false},
	{132005, 0}:  {ask, call, "template_too_long", "The text is too long once the values are filled in.", 0, false},
	{132007, 0}:  {ask, call, "content_refused", "The content breaks WhatsApp's policy.", 0, false},
	{132008, 0}:  {ask, call, "template_parameters", "A value of the template is not valid.", 0, false},
	{132012, 0}:  {ask, call, "template_parameters", "A value does not have the format the template asks for.", 0, false},
	{132015, 0}:  {wait, call, "template_paused", "The template is paused because of its quality.", 3 * time.Hour, false},
	{132016, 0}:  {giveUp, call, "template_disabled", "The template was disabled because of its quality.", 0, false},
	{132068, 0}:  {ask, call, "form_blocked", "The form is blocked.", 0, false},
	{132069, 0}:  {wait, call, "form_throttled", "The form is throttled to ten messages an hour.", 10 * time.Minute, false},
	{133000, 0}:  {retry, account, "not_registered", "An earlier deregistration is not complete.", time.Minute, false},
	{133004, 0}:  {retry, account, "outage", "WhatsApp is temporarily unavailable; it is tried again.", time.Minute, false},
	{133005, 0}:  {ask, account, "pin", "The number's two-step PIN is wrong.", 0, false},
	{133008, 0}:  {wait, account, "pin", "The two-step PIN was guessed too often.", time.Hour, false},
	{133009, 0}:  {wait, account, "pin", "The two-step PIN was entered too fast.", time.Minute, false},
	{133015, 0}:  {wait, account, "not_registered", "The number was deleted a moment ago: registering works again in five minutes.", 5 * time.Minute, false},
	{133016, 0}:  {wait, account, "not_registered", "The number was registered and deregistered too often.", 24 * time.Hour, false},
	{134011, 0}:  {ask, account, "terms_missing", "The terms of WhatsApp's payments are not accepted.", 0, false},
	{133006, 0}:  {ask, account, "not_registered", "The number must be verified again.", 0, false},
	{133010, 0}:  {ask, account, "not_registered", "The number is not registered.", 0, false},
	{134100, 0}:  {ask, call, "bad_request", "Only marketing templates can be sent this way.", 0, false},
	{134101, 0}:  {wait, call, "template_syncing", "The template is being synchronised.", 10 * time.Minute, false},
	{134102, 0}:  {ask, account, "marketing_off", "WhatsApp's marketing messages are not available to this account.", 0, false},
	{135000, 0}:  {ask, call, "bad_request", "WhatsApp refused the call.", 0, false},
	{137000, 0}:  {ask, pair, "identity_changed", "The person's identity has changed: confirm it first.", 0, false},
	{2494100, 0}: {wait, account, "maintenance", "The number is in maintenance.", time.Minute, false},
	{139000, 0}:  {ask, call, "form_blocked", "WhatsApp blocked the form for integrity reasons.", 0, false},
	{139001, 0}:  {ask, call, "form_refused", "The form could not be updated.", 0, false},
	{139002, 0}:  {ask, call, "form_refused", "The form could not be published.", 0, false},
	{139003, 0}:  {ask, call, "form_refused", "The form could not be deprecated.", 0, false},
	{139004, 0}:  {ask, call, "form_refused", "The form could not be deleted.", 0, false},
	{139006, 0}:  {giveUp, call, "no_figures", "There are too few uses of the form for figures.", 0, false},
	{139100, 0}:  {ask, pair, "block_refused", "WhatsApp did not change the block: only people who wrote in the last 24 hours can be blocked.", 0, false},
	{139101, 0}:  {ask, account, "block_list_full", "The number's block list is full.", 0, false},
	{139102, 0}:  {retry, account, "busy", "The block list is being changed; it is tried again.", 10 * time.Second, false},
	{139103, 0}:  {retry, account, "unknown_error", "The block list could not be changed; it is tried again.", time.Minute, false},
	{147001, 0}:  {ask, account, "username", "WhatsApp refused the business username.", 0, false},
	{147002, 0}:  {ask, account, "username", "WhatsApp refused the business username.", 0, false},
	{147003, 0}:  {ask, account, "username", "WhatsApp refused the business username.", 0, false},
	{147004, 0}:  {ask, account, "username", "WhatsApp refused the business username.", 0, false},
	{147005, 0}:  {ask, account, "username", "WhatsApp refused the business username.", 0, false},
	{2388019, 0}: {ask, account, "template_limit", "The WhatsApp account has as many templates as it may.", 0, false},
	{2388047, 0}: {ask, call, "template_invalid", "The template's header is not valid.", 0, false},
	{2388040, 0}: {ask, call, "template_invalid", "A field of the template is too long.", 0, false},
	{2388072, 0}: {ask, call, "template_invalid", "The template's body is not valid.", 0, false},
	{2388073, 0}: {ask, call, "template_invalid", "The template's footer is not valid.", 0, false},
	{2388293, 0}: {ask, call, "template_invalid", "The template has too many variables for its length.", 0, false},
	{2388299, 0}: {ask, call, "template_invalid", "The template's text may not begin or end with a variable.", 0, false},
}

// Classify sorts an error of Meta, from an answer or from a status webhook. http may be 0.
func Classify(code, subcode, http int) *channels.Failure {
	m, ok := lookUp(code, subcode)
	if !ok || code == 0 && http != 0 && http != 401 { // without a 401, code 0 is no error object at all
		m = byStatus(http)
	}
	return &channels.Failure{Class: m.class, Scope: m.scope, Code: code, Subcode: subcode, HTTP: http,
		Reason: m.reason, Meaning: m.text, After: m.after, Done: m.done}
}

func lookUp(code, subcode int) (meaning, bool) {
	if m, ok := table[key{code, subcode}]; ok {
		return m, true
	}
	if m, ok := table[key{subcode, 0}]; ok && code == 100 && subcode >= 2388000 {
		return m, true // template creation names its reason in the subcode
	}
	if m, ok := table[key{code, 0}]; ok {
		return m, true
	}
	if code > 200 && code <= 299 {
		return table[key{200, 0}], true
	}
	return meaning{}, false
}

// byStatus sorts an answer of which nothing but the HTTP status is known: a proxy's page, an empty body,
// a code that is new. A 404 without Meta's error object is a wrong address, not a missing object, and so is
// one that leads elsewhere: a token does not follow.
func byStatus(http int) meaning {
	switch {
	case http == 401:
		return table[key{190, 0}]
	case http == 404 || http >= 300 && http < 400:
		return meaning{ask, account, "bad_address", "The server does not know this address: check the account's id and base URL.", 0, false}
	case http == 429:
		return table[key{613, 0}]
	case http >= 500 || http == 408:
		return table[key{2, 0}]
	}
	return meaning{ask, call, "refused", "The network refused the call for a reason that ponte does not know.", 0, false}
}
