package ingest

// reasonList is every statement that a reason is made of. A code stays; where the sentence of a decision is
// changed, a line is added under the same code, because old rows keep the old one.
const reasonList = `
known_already | known already
history_kept | history: kept
history_kept_never | history: kept, never acted on
history_judged | history: judged {decision}, never acted on
account_removed | the account was removed
undecided_database | could not be decided: the database refused it ({error})
undecided | could not be decided: an internal error
see_log | the log has the details
not_supported_kind | not supported: kind {kind}
not_supported | not supported: {what}
not_connected | not connected: {accounts}
connect_and_replay | connect the account and replay
done | done
allowed | allowed
edited | edited
approved_by_person | approved by a person
model_answered | the model answered
post_read_now | the post has been read
post_read_again | the post is read again
for_person | for a person
for_review | for review
hidden | hidden
hidden_delete_later | hidden, and deleted in {minutes} minutes unless a person says no
judged_provisional | judged {decision} for now
judged | judged {decision}
asked_model_decides | the model was asked, its answer decides
asked_model_whether | the model was asked whether to {action}
stays_hidden | stays hidden
harmless_now_hidden | harmless now, and hidden for what it said before: a person decides whether it is shown
delete_takes_person | to delete it takes a person
would_delete_switched_off | would be deleted, but automatic decisions are switched off: for review
would_hide_switched_off | would be hidden, but automatic decisions are switched off: for review
comment_gone_already | the comment is gone already
comment_gone | the comment is gone
text_same | the text is the same
edit_late | an earlier edit that came late: the newer words stand
own_edit | the brand edited its own comment
own_comment | the brand's own comment
own_reply_back | our own reply, come back
own_message_back | our own message, come back
echo_unknown | an echo to nobody we know
answered_elsewhere_thread | a person of the brand answered in another tool: automatic replies to this thread are cancelled
answered_elsewhere | a person of the brand answered in another tool: the bot is silent, planned automatic replies are cancelled
removed_unseen | removed before it was ever seen
removed | removed on the network
planned_cancelled | what was planned for it is cancelled
comment_never_seen | about a comment that was never seen
as_known | as we knew it: {state}
made_on_network | made {state} on the network
judged_again_meanwhile | the comment was judged again meanwhile, or a person decided
message_gone_or_judged | the message is gone, or was judged again
question_gone | the question is gone
person_decided_same | a person decided the same text: {decision}
confirmed_once | confirmed once
why_unsure | the model is not sure about {category} ({score})
why_sure | the model is sure it is {category} ({score}, hides from {limit})
why_llm | the model says {category}
why_endpoint | the moderation endpoint sees {category} ({score})
why_repeat | the same again
why_often | writes very often
why_self_harm | may be about harming oneself: for a person, with care
why_strikes | {count} of this author's texts were hidden within {days} days: a person looks at everything they write
strikes_block_proposed | {count} of this author's comments were hidden within {days} days: a block is proposed
strikes_instagram | Instagram offers no way to block by itself: a person can, in Instagram
strikes_block | blocked in {minutes} minutes unless a person says no
automatic_off | automatic answers are switched off
complains_silent | it complains, so nothing automatic answers it
complains_public | complains in public: an item for owner and admin
complains | complains: an item for owner and admin
no_author_no_answer | no answer, because the network withheld the author
no_author | nobody to answer: the network withheld the author
too_old | too old to answer automatically (written {age} ago)
too_old_person | too old to answer automatically: for a person
thread_had_replies | this thread has had its {count} automatic replies
not_allowed_any_more | not allowed any more: no trigger acts
no_trigger_live | no trigger is live
no_trigger_matched | no trigger matched
miss_trigger | «{trigger}»
and_more | and {count} more
miss_no_word | none of its words or intents
miss_excluded_word | none of its words or intents may stand beside «{word}»
miss_outside_window | written outside its windows
miss_window_missed | its window of {window} passed while it was not kept open; it is not made up for
miss_source | not for a {source}
miss_another_account | another account
miss_another_post | another post
miss_caption_unknown | the post's caption is not known yet
miss_no_hashtag | the post has none of its hashtags
miss_before_period | written before the trigger's period began
miss_after_period | written after the trigger's period ended
miss_campaign_draft | its campaign «{campaign}» is not live yet
miss_campaign_paused | its campaign «{campaign}» is paused
miss_campaign_archived | its campaign «{campaign}» is archived
miss_before_campaign | written before its campaign «{campaign}» began
miss_after_campaign | written after its campaign «{campaign}» ended
held_until_caption | held against it again when the post has been read
matched | «{trigger}» matched ({why})
matched_answered_before | «{trigger}» matched ({why}) but has answered them before
matched_once_post | «{trigger}» matched ({why}) but has answered this person on this post already
matched_once_period | «{trigger}» matched ({why}) but has answered this person in this period already
matched_once | «{trigger}» matched ({why}) but has answered this person already
matched_no_text | «{trigger}» matched ({why}) but has no reply to a private message
matched_ceiling_hour | «{trigger}» matched ({why}) but has reached its ceiling of answers in the hour
matched_ceiling_day | «{trigger}» matched ({why}) but has reached its ceiling of answers in the day
outranked_priority | «{loser}» matched too but «{trigger}» is of higher priority
outranked_older | «{loser}» matched too but «{trigger}» is older
planned_both_in | public reply and private reply planned in {wait}
planned_both | public reply and private reply planned
planned_public_in | public reply planned in {wait}
planned_public | public reply planned
planned_private_in | private reply planned in {wait}
planned_private | private reply planned
answered | answered
kept | kept
old_for_person | too old to answer automatically: for a person
spam_kept | kept in the spam folder
spam | spam
spam_running | looks like spam in a running conversation: for a person
spam_folder | spam folder, the bot is silent
taken_back_unseen | taken back by its author before it came: nothing is kept
taken_back | taken back by its author: our copies are erased
taken_back_nothing | what was written was taken back: nothing to answer
message_unknown | about a message we do not have
message_edited | edited by its author
reaction_kept | reaction kept
receipt | receipt: {status}
delivered | delivered by the person
read | read by the person
nobody_known | about nobody we know
preference_allowed | the person allowed marketing messages in WhatsApp again: no consent of ours follows from it
preference_stopped | stopped marketing messages in WhatsApp: withdrawn on all channels of the brand
optin_network | a network's own opt-in: kept as evidence, not taken as consent to offers
thread_owner_changed | who owns the thread changed on the network: kept
account_news | account news kept: {field} {value}
account_news | account news kept: {field}
mention_no_text | mentioned by somebody
mention_no_text_network | the network gave no text
came_by_link | came by a link
came_by_link_origin | came by a link: the origin is on the conversation
network_withheld_who | the network withheld who
with_person | a person has this conversation already
asks_for_person | asks for a person
moderation_says | moderation says {decision}: triggers act on what is allowed
part_of_burst | part of a burst: answered with the last message
reference_none | no reference
reference_valid | the reference was valid: the two identities are one contact now
reference_same | the reference had been used by the same person
reference_other | the reference had been used by somebody else: welcomed as a new contact
reference_expired | the reference had expired: welcomed as a new contact
reference_withdrawn | the reference had been withdrawn: welcomed as a new contact
reference_unknown | the reference is not one of ours: welcomed as a new contact
reference_forwarded | the message with the reference had been forwarded: welcomed as a new contact
reference_poster | the reference is a poster's: where they came from is kept, nobody is joined
reference_number | the reference leads to another number: welcomed as a new contact
bot_silent_person | a person is answering; the bot is silent
bot_silent_person | a person is answering
bot_silent | the bot is silent
welcomed | welcomed
welcomed_asked | welcomed and asked the first question
welcome_message | welcome message
away_message | away message
asked_offers | asked whether offers are welcome
agreed_offers | opted in to offers, as the answer to the wording just shown
declined_offers | declined offers
no_answer_offers | no answer to the question about offers: nothing granted
agreed_offers_template | agreed to offers, as the template asked
declined_offers_template | said no to offers, as the template asked
template_changed_since | answered the question for offers, but its template was changed since, so nobody knows what they saw
handed_over | handed to a person: {reason}
bot_finished | the bot had finished
question_stays | came in a burst; the question stays open
question_stays | came in a burst
question_stays_open | the question stays open
unclear_asked_again | the answer was not clear; asked again
answered_question | answered «{question}»; asked the next question
qualified_routed | qualified and routed
withdrew | withdrew: no offers on any channel of the brand
flow_ended_by_stop | the flow has ended
doubt_asked | may want to stop: counted as withdrawn for offers, asked once
doubt_counted | may want to stop: counted as withdrawn for offers until they say otherwise
doubt_settled | said to go on: the question about stopping is answered
doubt_lifted | said to go on: as before the doubt
doubt_open | the question about stopping stays open
number_left_asked | a number was left: asked whether we may write to it on WhatsApp
number_left_no_template | a number was left, but the template «{template}» is not approved on any connected WhatsApp account
number_refused | does not want to be written to on WhatsApp: the conversation goes on here, for a person
number_agreed | agreed to be written to on WhatsApp: the template goes to the number; it is tied to nobody until somebody answers there
optin_confirmed | confirmed the opt-in: offers are welcome, with the wording that was shown
optin_confirmed_template | confirmed the opt-in: offers are welcome, as the answer to the question just shown
optin_denied | said no to offers: the opt-in was not theirs, or they changed their mind
optin_ended | the opt-in had ended: nothing granted
optin_expired | the opt-in had expired: nothing granted
optin_other_number | the opt-in named another number: nothing granted
optin_before | the opt-in was confirmed before: nothing granted
optin_confirmed_before | the opt-in was confirmed before
optin_text_changed | the text with the code was changed: it may say something else: nothing granted
optin_forwarded | the message with the code had been forwarded: whoever sends it may be a stranger: nothing granted
optin_void | {why}: nothing granted
new_id | the network gave this person a new id: history kept, consent stays with the old address
identity_unknown | the network tells of a changed identity without saying which: kept
security_code | the person's security code changed: offers are suspended until they answer
another_number | the person has another number: what the old one had agreed to has ended
template_category | template «{template}»: Meta files it under {category} now, it was {was}
template_category_soon | template «{template}»: Meta will file it under {category} in a day
template_text_changed | template «{template}»: its text was changed outside ponte; read the templates again to see it
template_news | template «{template}»: {field} is now {value}
template_news | template «{template}»: {field} is now 
notice_gone | the notice is gone: the booking moved or was cancelled
notice_planned | {kind} of a booking planned
booking_is | the booking is {state}
booking_too_late | too late: its time has passed
no_whatsapp_number | there is no WhatsApp number to write to
no_template | the account has no template «{template}»
lead_submitted | a lead form was submitted: its answers are being read, and kept with the person
lead_known | kept with the person who has the number that the form names
lead_new | kept with a new person: nobody is known by the number that the form names
lead_no_box_known | nothing is known of this form's box, so nothing was sent
lead_not_ticked | the box was not ticked, so nothing was sent
lead_box_missing | the form has no box «{box}», so nothing was sent
lead_number | the box was ticked, but the number is not one that can be written to
lead_rules | the consent rules in the settings cannot be read, so nothing was sent
lead_sent | the box was ticked: consent kept, the first message is planned
lead_by_hand | the box was ticked and the consent is kept, but nothing is automatic here, so nothing was sent
lead_by_hand_asks | the box was ticked, but nothing is automatic here, so nobody was asked whether it was them
lead_asked | the box was ticked: asked on WhatsApp whether it was them, and no offers before their yes
lead_unreadable | its answers could not be read: {error}
flow | flow «{flow}»
flow_in_one_breath | {count} messages in one breath
flow_waits_moment | heard by the flow, which waits a moment for more
flow_part_of_burst | part of a burst: the flow answers the last message
flow_more_written | more was written: the last message is waited for
flow_answered_already | answered already
flow_message_before | a message came before the time was over
flow_call_gone | the call is gone
flow_over | the flow is over: {why}
flow_had_ended | the flow had ended: {why}
flow_began | began «{flow}»
flow_asked | asked «{step}»
flow_answered | answered «{step}»
flow_unusable | the answer to «{step}» was not usable; asked again
flow_unusable_last | no usable answer to «{step}» after {tries} tries
flow_no_answer | no answer to «{step}» within {time}
flow_no_message | no message within {time}
flow_waits_message | waits {time} for a message
flow_wrote_while | wrote while the flow waited
flow_kept_reservation | kept: the flow waits for the reservation, not for words
flow_kept_call | kept: the flow waits for the answer of a call, not for words
flow_late | nothing to do: what came is not what the flow waits for any more
flow_nothing | nothing to do: the flow has ended
flow_ended_person | for a person: the flow has ended
flow_ended | ended
flow_resolved | resolved
flow_goal | goal «{goal}»
flow_call_asked | asked {host}
flow_call_worked | the call worked
flow_call_values | the call worked; {found} of {wanted} values were in the answer
flow_call_failed | the call failed: {why}
flow_call_address | the call was not made: its address is not one that is allowed
flow_call_body | the call was not made: its body cannot be written
flow_no_booking | there is no booking to {action}
flow_booking_asked | asked to {action} a booking
flow_booking_done | booking: {action} done
flow_booking_failed | the booking could not be done
flow_booking_taken | the time was taken meanwhile; offered others
flow_no_time_free | no time is free
flow_times_offered | offered {count} times
flow_times_more | asked for more times
flow_no_time_chosen | no time was chosen
flow_no_time_understood | no time was recognised; asked again
flow_agreed_before | had agreed before: not asked again
flow_refused_before | had said no before: not asked again
flow_asked_person | asked for a person
flow_help | asked for help; the question stays
flow_back_none | there is nothing to go back to
flow_back | went back to «{step}»
flow_place_unknown | the place in the flow is unknown: no step {step} in this version
flow_nothing_asked | what was written meanwhile answers nothing that had been asked
flow_runaway | stopped: the flow went through more steps than it has
`
