import { deskOf } from './desk.ts';
import type { Account, Comment, CommentDetail, Conversation, ConversationDetail, Me, Message, Overview, Post, Suggestions, Trigger, Verdict } from '../src/api/types';
import { funnel, noFunnel } from './campaigns.ts';

/** A small made-up brand, so that the screens can be looked at and tested without a server. */
const now = Date.now();
export const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
const ahead = (minutes: number) => ago(-minutes);

export const me: Me = {
  user: { id: 1, email: 'nora@bondi.example', name: 'Nora Weld', locale: '' },
  role: 'owner',
  permissions: ['see', 'moderate', 'supervise', 'converse', 'campaign', 'configure', 'own', 'audit'],
  workspace: { id: 1, name: 'main', brand: 'Bondi Kayaks', time_zone: 'Australia/Sydney', locale: 'en', sending: true },
  workspaces: [{ id: 1, name: 'main', role: 'owner' }],
  demo: true,
  rehearsal_url: '/rehearse/control',
};

export const accounts: Account[] = [
  { id: 1, channel: 'facebook', external_id: '1100000000000001', name: 'Bondi Kayaks', base_url: 'http://127.0.0.1:8090', waba_id: '', phone: '', page_id: '', state: 'connected', state_reason: '', sending: true, automate: true, coverage: 'complete', coverage_share: 0.987, comments_coverage: { known: 1240, told: 1224, share: 0.987 }, messages_coverage: { known: 310, told: 310, share: 1 }, swept_at: ago(12), templates_note: '', templates_read_at: null, backfill: { state: 'reading', started_at: ago(3), ended_at: null, posts: 62, most_posts: 200, comments: 418, note: '', again_at: null }, health: { checked_at: ago(40), token_expires: null, access_expires: null, quality: '', problems: [] } },
  { id: 2, channel: 'instagram', external_id: '17841400000000001', name: 'bondikayaks', base_url: 'http://127.0.0.1:8090', waba_id: '', phone: '', page_id: '', state: 'connected', state_reason: '', sending: true, automate: true, coverage: 'complete', coverage_share: 0.91, comments_coverage: { known: 400, told: 364, share: 0.91 }, messages_coverage: { known: 90, told: 89, share: 0.989 }, swept_at: ago(12), templates_note: '', templates_read_at: null, backfill: { state: 'paused', started_at: ago(90), ended_at: null, posts: 40, most_posts: 200, comments: 300, note: 'The network asks to wait.', again_at: ago(-20) }, health: { checked_at: ago(40), token_expires: ago(-60 * 24 * 9), access_expires: null, quality: '', problems: [] } },
  { id: 3, channel: 'whatsapp', external_id: '210000000000001', name: 'Bondi Kayaks on WhatsApp', base_url: 'http://127.0.0.1:8090', waba_id: '200000000000001', phone: '+61 2 5550 0101', page_id: '', state: 'needs_reauthorisation', state_reason: 'The access token has expired: make a new one in Meta’s console and connect again.', sending: true, automate: true, coverage: 'not_measurable', coverage_share: null, comments_coverage: null, messages_coverage: null, swept_at: null, templates_note: '', templates_read_at: ago(30), backfill: null, health: { checked_at: ago(40), token_expires: ago(30), access_expires: null, quality: 'GREEN', problems: [{ params: {}, code: 'token_invalid', meaning: 'the network does not take the token any more', fix: 'connect the account again', since: ago(50) }] } },
];

export const overview: Overview = {
  review_open: 11, review_oldest_at: ago(134), conversations_waiting: 6, conversations_overdue: 2,
  held: [{ reason: 'quiet_hours', meaning: 'Offers wait for 9:00 in the customer’s own time.', count: 4 }, { reason: 'no_consent', meaning: 'No live consent for offers on this channel.', count: 2 }],
  unknown_actions: 1, asks_pending: 3,
  llm: { configured: true, state: 'ok', spent_micros: 1_320_000, budget_micros: 5_000_000, spent_tokens: 41_200, budget_tokens: 2_000_000, priced: true, sees: false, signals: 'off', meaning: 'what rules and the embedded model are not sure of is put to the language model' },
  decisions_today: { allow: 412, review: 31, hide: 18, delete: 2 }, undone_today: 1, events_lag_seconds: 0.4, parked: 1,
  accounts: accounts.map((a) => ({ id: a.id, name: a.name, channel: a.channel, state: a.state, state_reason: a.state_reason, coverage: a.coverage, comments_coverage: a.comments_coverage, messages_coverage: a.messages_coverage, problems: a.health.problems })),
};

export const posts: Post[] = [
  { id: 1, account_id: 2, channel: 'instagram', caption: 'Sunrise paddle, every Saturday in summer. Two hours on flat water, coffee after. Comment SUNRISE and we send you the dates.', permalink: 'https://www.instagram.com/p/sunrise', picture: '', posted_at: ago(3000) },
  { id: 2, account_id: 1, channel: 'facebook', caption: 'The double sit-on-top is back in stock, in sea green and sand.', permalink: 'https://www.facebook.com/posts/2', picture: '', posted_at: ago(5000) },
  { id: 3, account_id: 2, channel: 'instagram', caption: 'How to carry a kayak alone without hurting your back.', permalink: 'https://www.instagram.com/p/carry', picture: '', posted_at: ago(9000) },
];

const verdict = (id: number, decision: Verdict['decision'], tier: Verdict['tier'], scores: Verdict['scores'], why: string, intent = '', extra: Partial<Verdict> = {}): Verdict => ({
  id, decision, tier, provisional: false, harm: scores['harm'] ?? 0, media: '', spam: scores['spam'] ?? 0, scores, intent, sentiment: '', reasons: why ? [{ code: '', text: why, parts: [] }] : [],
  model_version: 'm1-2c9e', rules_version: 'r1', policy_version: 'p1', prompt_version: '', created_at: ago(id), ...extra,
});

type Short = [who: string, text: string, language: string, minutes: number, post: number, v: Verdict, state?: Comment['state']];
const short: Short[] = [
  ['marco.r', 'Fate anche corsi per bambini? Mio figlio ha 9 anni e sa nuotare bene.', 'it', 9, 1, verdict(21, 'review', 'model', { harm: 0.04, spam: 0.02 }, 'The model is not sure of the language and the intent.', 'info_request')],
  ['Dale Porter', 'You people are useless idiots, my booking vanished and nobody picks up the phone. Pathetic.', 'en', 17, 2, verdict(22, 'review', 'model', { insult: 0.71, harm: 0.58, profanity: 0.22, spam: 0.03 }, 'Insult in a complaint: a person decides.', 'complaint', { sentiment: 'negative' })],
  ['crypt0_queen', 'I turned 200 into 4,000 in a week!! Write to me, link in my profile 💸💸💸', 'en', 26, 1, verdict(23, 'hide', 'rules', { spam: 0.97, scam: 0.93, harm: 0.1 }, 'Promises money and leads to a profile link.', 'spam'), 'hidden'],
  ['سارة محمود', 'هل يمكنني حجز قاربين ليوم السبت القادم؟ نحن أربعة أشخاص.', 'ar', 41, 1, verdict(24, 'review', 'model', { harm: 0.02, spam: 0.01 }, 'A language that the model does not know: a person decides.', 'booking')],
  ['Ioana P.', 'Cât costă închirierea pentru o oră? Veniți și la Manly?', 'ro', 55, 3, verdict(25, 'review', 'llm', { harm: 0.01, spam: 0.02 }, 'A price question; asked for a second look because of a link in an earlier comment.', 'price', { prompt_version: 'judge-3' })],
  ['Étienne', 'Franchement déçu, la planche avait une fissure et on m’a fait payer.', 'fr', 72, 2, verdict(26, 'review', 'model', { harm: 0.11, insult: 0.07, spam: 0.01 }, 'A complaint with a claim of damage.', 'complaint', { sentiment: 'negative' })],
  ['k_a_y_l_a', 'omg that colour 😍 how much is the double?', 'en', 90, 2, verdict(27, 'allow', 'model', { harm: 0.01, spam: 0.01 }, '', 'price', { sentiment: 'positive' })],
  ['Troll Bridge', 'Go back where you came from, nobody wants your kind on our beach.', 'en', 104, 1, verdict(28, 'hide', 'model', { hate: 0.91, harm: 0.94, threat: 0.2, spam: 0.01 }, 'Hate against a group, above the hiding threshold.', 'other', { sentiment: 'negative' }), 'hidden'],
  ['Lena Vogt', 'Kann man den Kajak auch über Nacht behalten? Wir campen in der Nähe.', 'de', 118, 1, verdict(29, 'review', 'model', { harm: 0.01, spam: 0.01 }, 'Provisional: the language model is being asked.', 'info_request', { provisional: true })],
  ['prize_center_77', 'Congratulations!! You won a kayak, claim here bit.example/win before midnight', 'en', 134, 3, verdict(30, 'review', 'rules', { spam: 0.88, scam: 0.86, harm: 0.05 }, 'Gives itself out as the brand, with a short link.', 'spam')],
];

export const comments: CommentDetail[] = short.map(([who, text, language, minutes, post, v, state = 'visible'], i) => {
  const p = posts[post - 1]!;
  const base: Comment = {
    id: 100 + i, account_id: p.account_id, channel: p.channel, post: { id: p.id, caption: p.caption, permalink: p.permalink, picture: p.picture }, author: { identity_id: 500 + i, contact_id: 300 + i, name: who, erased: false },
    own: false, mention: false, text, attachments: [], language, state, state_by: state === 'hidden' ? 'policy' : '', decision: v.decision, commented_at: ago(minutes), edited_at: i === 5 ? ago(60) : null, parent_external_id: '', external_id: `c${100 + i}`, permalink: 'https://www.instagram.com/p/x/c/1',
    verdict: { ...v, created_at: ago(minutes) }, review: v.decision === 'allow' ? null : { id: 700 + i, why: v.reasons[0]?.text ?? '', priority: 10 - i, claimed_by: i === 3 ? 2 : null, claimed_name: i === 3 ? 'Tomas Reyes' : '', claimed_until: i === 3 ? ahead(4) : null, alike: i === 9 ? 12 : 0, escalation: '', escalated_at: null },
    actions: [], event_reason_parts: [], event_reason: v.decision === 'hide' ? 'Hidden by the policy: above the threshold for hate or spam.' : '',
  };
  const reply: Comment = { ...base, id: 400 + i, own: true, author: { identity_id: 0, contact_id: 0, name: 'Bondi Kayaks', erased: false }, text: 'Thanks for asking! We have just sent you a message.', language: 'en', parent_external_id: base.external_id, external_id: `r${i}`, commented_at: ago(minutes - 1), verdict: null, review: null, state: 'visible', decision: '' };
  return { ...base, thread: i === 6 || i === 0 ? [base, reply] : [base], history: { verdicts: base.verdict ? [base.verdict] : [], author_comments: 3 + i, author_hidden: i === 7 ? 4 : 0, author_strikes: i === 7 ? 2 : 0, strike_days: 30, author_messages: i === 1 ? 6 : 0, conversation_id: i === 1 ? 1000 : 0 }, log: state === 'hidden' ? [{ at: ago(minutes - 1), actor: 'policy', what: 'Hidden' }] : [] };
});

const people: [string, Conversation['channel'], string, string][] = [
  ['Giulia Ferrero', 'whatsapp', 'it', 'Perfetto, e per sabato quanti posti ci sono ancora?'],
  ['Tom Hale', 'instagram', 'en', 'Do you deliver to Newcastle?'],
  ['يوسف', 'whatsapp', 'ar', 'شكراً جزيلاً، متى يمكنني استلام القارب؟'],
  ['Ana Popescu', 'messenger', 'ro', 'Bună! Aș vrea o factură pe firmă.'],
  ['Chloé Marchand', 'whatsapp', 'fr', 'STOP'],
  ['Dale Porter', 'facebook', 'en', 'My booking vanished and nobody picks up the phone.'],
  ['Inés Robles', 'whatsapp', 'es', 'Sí, quiero recibir las ofertas'],
  ['Lena Vogt', 'instagram', 'de', 'Super, danke!'],
];

export const conversations: Conversation[] = Array.from({ length: 240 }, (_, i) => {
  const [name, channel, language, preview] = people[i % people.length]!;
  const waiting = i < 6;
  return {
    id: 1000 + i, account_id: channel === 'whatsapp' ? 3 : 2, channel, contact: { id: 300 + i, name: i < people.length ? name : `${name} ${Math.floor(i / people.length)}`, language, labels: [], erased: false, known: null }, state: 'open', spam: false,
    handler: i % 3 === 1 ? 'bot' : 'human', handler_reason: i % 3 === 1 ? '' : 'The customer asked for a person.', assignee: i % 4 === 0 ? { id: 1, name: 'Nora Weld' } : null, team: 'Hire', labels: i % 3 === 0 ? ['sunrise', 'new lead'] : [], language, preview, preview_harm: 0, unread: waiting ? (i % 3) + 1 : 0,
    opened_at: ago(60 + i * 9), last_message_at: ago(3 + i * 7), waiting_since: waiting ? ago(3 + i * 37) : null, overdue: waiting && i > 3, origin: i === 0 ? { text: 'Comment on «Sunrise paddle, every Saturday» by trigger Sunrise' } : null, revision: 4, desk: deskOf(i, waiting),
    care_window: i === 1 ? { open: false, until: null, human_until: ahead(60 * 90) } : i === 2 ? { open: false, until: null, human_until: null } : { open: true, until: ahead(60 * 20 + 12), human_until: null },
  };
});

const say = (id: number, author: Message['author'], text: string, minutes: number, extra: Partial<Message> = {}): Message => ({
  id, direction: author === 'contact' ? 'in' : 'out', author, member_name: author === 'member' ? 'Nora Weld' : '', type: 'text', text, harm: 0, unseen: false, detail: {}, reactions: [], receipt: author === 'contact' ? '' : 'read', receipt_error: '', at: ago(minutes), edited_at: null, deleted_at: null, action: null, ...extra,
});

export const messages: Message[] = [
  say(12, 'bot', 'Ciao Giulia! Le date sono qui: https://wa.me/61255500101?text=Ciao%21%20Rif.%20PNT-••••-••••-••••-••••', 1504),
  say(1, 'contact', 'Ciao! Vengo dal commento sul giro all’alba. Rif. K7M2-QX9D', 1502),
  say(2, 'bot', 'Ciao Giulia, benvenuta da Bondi Kayaks! In che cosa possiamo aiutarti?', 1502, { detail: { buttons: [{ title: 'Noleggio' }, { title: 'Corsi' }, { title: 'Una persona' }] } }),
  say(3, 'contact', 'Corsi', 1500, { type: 'interactive' }),
  say(4, 'bot', 'Vuoi ricevere da Bondi Kayaks offerte su corsi e noleggi qui su WhatsApp, al massimo quattro al mese? Rispondi SÌ per accettare; STOP in ogni momento per smettere.', 1499),
  say(5, 'contact', 'Sì', 1490, { reactions: [{ emoji: '👍' }] }),
  say(6, 'bot', 'Grazie! Hai dato il consenso; basta scrivere STOP per cambiare idea.', 1490),
  say(7, 'contact', 'Vorrei parlare con una persona, ho una domanda sui bambini.', 38),
  say(8, 'member', 'Ciao Giulia, sono Nora. I bambini dagli otto anni possono venire con un adulto.', 21, { receipt: 'delivered' }),
  say(9, 'member', 'Il giubbotto lo diamo noi.', 20, { receipt: '', action: { id: 9, state: 'held', reason: 'switched_off', meaning: 'Sending is switched off for this account.' } }),
  say(10, 'member', 'https://bondi.example/corsi', 19, { receipt: 'failed', receipt_error: 'The recipient is not on WhatsApp (131026).' }),
  say(11, 'contact', 'Perfetto, e per sabato quanti posti ci sono ancora?', 3),
];

export function conversationDetail(c: Conversation): ConversationDetail {
  return {
    ...c,
    person: { ...c.contact, country: 'IT', channels: ['instagram', 'whatsapp'], blocked_at: null, created_at: ago(1510), own_name: '', own_language: '', time_zone: 'Europe/Rome', fields: { city: 'Torino', email: 'giulia.ferrero@example.org', board_size: 'M' } },
    files: [{ type: 'image', mimes: ['image/jpeg', 'image/png'], max_bytes: 5 << 20, caption: true }, { type: 'audio', mimes: ['audio/mpeg', 'audio/ogg'], max_bytes: 16 << 20, caption: false }, { type: 'document', mimes: ['application/pdf'], max_bytes: 16 << 20, caption: true }],
    cost: { currency: 'AUD', micros: 214_000, messages: 2, unknown: 0, other_currency: 0 },
    came_from: c.origin ? { comment: { id: 100, text: 'SUNRISE per favore!', harm: 0 }, post: { id: 1, text: posts[0]?.caption ?? '', harm: 0 }, trigger: { id: 1, text: 'Sunrise', harm: 0 } } : null,
    consent: [{ channel: 'whatsapp', purpose: 'promotional', state: 'granted', since: ago(1490), wording: 'Vuoi ricevere da Bondi Kayaks offerte su corsi e noleggi qui su WhatsApp, al massimo quattro al mese?', how: 'keyword_reply', seq: 41 }],
    identities: [
      { id: 501, channel: 'instagram', username: 'giuli.fer', name: 'Giulia', phone: '', join: null, parted: null },
      { id: 502, channel: 'whatsapp', username: '', name: 'Giulia Ferrero', phone: '+39 3•• ••• 118', parted: null, join: { id: 9, how: 'handoff', at: ago(1502), by: '', proof: { handoff_id: 4, given_to: '@giuli.fer', channel: 'instagram', given_at: ago(1506), used_at: ago(1502), comment: { id: 100, text: 'SUNRISE per favore!', harm: 0 }, post: { id: 1, text: posts[0]?.caption ?? '', harm: 0 }, trigger: { id: 1, text: 'Sunrise', harm: 0 } } } },
    ],
    journey: [
      { at: ago(1510), what: 'Commented “SUNRISE per favore!”', channel: 'instagram', ref: '' },
      { at: ago(1509), what: 'Got the private reply with the WhatsApp link', channel: 'instagram', ref: '' },
      { at: ago(1502), what: 'Wrote on WhatsApp with the reference', channel: 'whatsapp', ref: '' },
      { at: ago(1490), what: 'Agreed to offers', channel: 'whatsapp', ref: '' },
    ],
    earlier: [{ id: 1001, channel: 'instagram', opened_at: ago(90000), resolved_at: ago(89000), preview: 'Grazie mille!', preview_harm: 0 }],
  };
}

export const suggestions: Suggestions = {
  revision: 4, llm_state: 'ok', llm_fault: '',
  items: [
    { id: 1, rank: 1, language: 'it', text: 'Per sabato ci sono ancora posti: dimmi quanti siete e li tengo fino a stasera.', sources: [{ kind: 'knowledge', id: 1, title: 'Places on the sunrise paddle' }], made_by: 'llm' },
    { id: 2, rank: 2, language: 'it', text: 'Il giro all’alba parte alle 6:15 dalla rampa nord; dura due ore.', sources: [{ kind: 'knowledge', id: 2, title: 'Times and meeting point' }], made_by: 'knowledge' },
    { id: 3, rank: 3, language: 'it', text: 'Puoi prenotare qui: bondi.example/prenota', sources: [], made_by: 'quick_reply' },
  ],
};

export const triggers: Trigger[] = [
  { revision: 1, id: 1, name: 'Sunrise', state: 'live', priority: 10, sources: ['comment'], keywords: [{ language: 'en', words: ['sunrise', 'dates'], phrases: ['more info'], not: [] }, { language: 'it', words: ['alba', 'sunrise'], phrases: [], not: [] }], intents: [], account_ids: [], post_ids: [1], starts_at: ago(4000), ends_at: ahead(40000), public_replies: { en: ['Just sent you the dates!', 'Look in your messages 🌅'] }, private_reply: { en: 'Hi! Dates and places are a tap away: {{link}}' }, handoff_account_id: 3, valid_minutes: 1440, purpose: 'promotional', runs: { matched: 128, replied: 126, private_replied: 121, handed_off: 64, joined: 59 }, campaign_id: 1, campaign: 'Spring on the water', funnel, recurrence: '0 18 * * 5', duration_minutes: 120, once: 'period', delay_seconds: 20, jitter_seconds: 40, per_hour: 60, per_day: 300, hashtags: [] },
  { revision: 1, id: 2, name: 'Price questions', state: 'draft', priority: 0, sources: ['comment', 'message'], keywords: [], intents: ['price'], account_ids: [], post_ids: [], starts_at: null, ends_at: null, public_replies: {}, private_reply: { en: 'Here is our price list: {{link}}' }, handoff_account_id: 3, valid_minutes: 720, purpose: 'promotional', runs: { matched: 0, replied: 0, private_replied: 0, handed_off: 0, joined: 0 }, campaign: '', funnel: noFunnel },
];
