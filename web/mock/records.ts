import type { Action, AuditLine, ConsentEntry, Contact, ContactDetail, Conversation, Event } from '../src/api/types';
import { ago, conversationDetail, conversations } from './data.ts';

/** The people and records of the made-up brand. */
export const contacts: Contact[] = conversations.slice(0, 8).map((c) => ({ ...c.contact, country: 'AU', channels: ['instagram', 'whatsapp'], blocked_at: null, created_at: c.opened_at }));

export function contactDetail(c: Contact): ContactDetail {
  const { person, consent, identities, journey, earlier } = conversationDetail(conversations[0] as Conversation);
  return { ...person, ...c, consent, identities, journey, leads: [], conversations: earlier, strikes: { count: 0, days: 30, review_from: 3, block_from: 5, consequence: 'none', comments: [] } };
}

const action = (id: number, state: Action['state'], over: Partial<Action>): Action => ({
  id, account_id: 3, kind: 'message.send', state, reason: '', meaning: '', purpose: 'answer', origin: 'bot', actor: 'system', actor_name: '', contact_id: 300, contact_name: 'Giulia Ferrero', contact_erased: false, conversation_id: 1000, comment_id: null, message_id: null, trigger_id: null,
  text: 'Ciao Giulia, benvenuta da Bondi Kayaks!', attempts: 1, not_before: ago(4), valid_until: ago(-900), sent_at: null, done_at: null, external_id: '', created_at: ago(5), campaign_id: null, sequence: '', read_back: '', read_back_at: null,
  cost: { state: '', micros: null, currency: '', country: '', category: '', reason: '' }, ...over,
});

export const actions: Action[] = [
  action(9, 'unknown', { reason: 'timeout', meaning: 'no answer came within 20 seconds; looking at the network did not settle it', attempts: 3 }),
  action(8, 'held', { reason: 'account_off', meaning: 'sending is switched off for this account', purpose: 'promotional', origin: 'trigger' }),
  action(7, 'planned', { kind: 'comment.delete', account_id: 2, conversation_id: null, comment_id: 102, text: '', purpose: 'moderation', origin: 'member', actor: 'user:1', actor_name: 'Nora Weld', contact_name: 'crypt0_queen', not_before: ago(-12) }),
  action(6, 'refused', { reason: 'no_consent', meaning: 'this counts as promotional, and there is no provable consent to offers for this address, brand and channel', purpose: 'promotional', origin: 'trigger' }),
  action(5, 'failed', { reason: 'unreachable', meaning: 'the network could not be reached', text: 'Le date sono qui: https://wa.me/61255500101?text=Ciao%21%20Rif.%20PNT-••••-••••-••••-••••' }),
  action(4, 'done', { done_at: ago(20) }),
];

const event = (id: number, kind: string, state: Event['state'], reason: string): Event => ({ id, account_id: 2, kind, channel: 'instagram', source: 'webhook', key: `k${id}`, state, reason, reason_parts: [], attempts: state === 'parked' ? 3 : 0, occurred_at: ago(id), created_at: ago(id), done_at: null });

export const events: Event[] = [
  event(3, 'unsupported', 'parked', 'instagram field "story_poll" is not one that ponte uses'),
  event(5, 'comment.added', 'done', 'no trigger matched: the post is not one of the chosen'),
  event(8, 'message.received', 'done', 'welcomed on WhatsApp'),
];

const entry = (seq: number, act: ConsentEntry['act'], words: string, over: Partial<ConsentEntry> = {}): ConsentEntry => ({
  seq, at: ago(1500 - seq), recorded_at: ago(1500 - seq), channel: 'whatsapp', purpose: 'promotional', act, kind: 'express', how: 'keyword_reply', wording: 'Vuoi ricevere offerte qui su WhatsApp, al massimo quattro al mese?', actor: 'contact',
  contact_id: 300, identity_id: 502, name: 'Giulia Ferrero', known: null, words, erased: false, evidence: { event: '12' }, valid_until: null, hash: seq.toString(16).padStart(2, '0').repeat(32), ...over,
});

export const ledger: ConsentEntry[] = [entry(42, 'withdraw', '', { channel: 'all', wording: '', name: '', erased: true, how: 'plain_words' }), entry(41, 'grant', 'Sì'), entry(40, 'ask', '')];

export const audit: AuditLine[] = [
  { id: 3, at: ago(4), actor: 'user:1', name: 'Nora Weld', verb: 'comment.hide', object: 'comment:101', whom: '', detail: { from: 'review', to: 'hide', verdict: 22 }, override_parts: [] },
  { id: 2, at: ago(60), actor: 'cli', name: 'cli', verb: 'account.add', object: 'account:3', whom: '', detail: { channel: 'whatsapp' }, override_parts: [] },
  { id: 1, at: ago(900), actor: 'user:1', name: 'Nora Weld', verb: 'member.role', object: 'user:2', whom: 'Sam Oduya', detail: { from: 'agent', to: 'moderator' }, override_parts: [] },
];
