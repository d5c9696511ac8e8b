import type { TemplateDefinition, TemplateDraft, TemplatePreview } from '../src/api/types.ts';
import { ago } from './data.ts';

/** Made-up templates: one name in two languages with faults and news, and what ships with the product. */
const preview = (d: TemplateDefinition): TemplatePreview => {
  const filled = (text: string, where: string) => text.replace(/\{\{(\w+)\}\}/g, (all, name: string) => (d.variables ?? []).find((v) => v.in === where && v.name === name)?.example || all);
  const text = filled(d.body, 'body');
  return { body: [{ text }], text, footer: d.footer ?? '', buttons: (d.buttons ?? []).map((b) => ({ type: b.type, text: b.text ?? '' })), ...(d.header ? { header: { format: d.header.format, text: filled(d.header.text ?? '', 'header') } } : {}) };
};

const booking: TemplateDefinition = { category: 'UTILITY', header: { format: 'TEXT', text: 'Your booking' }, body: 'Hello {{1}}, your booking with Bondi Kayaks is confirmed: {{2}}.\n\nTo move it, tap Change.', footer: 'Bondi Kayaks', buttons: [{ type: 'QUICK_REPLY', text: 'Change', payload: 'CHANGE' }],
  variables: [{ in: 'body', name: '1', example: 'Alice', from: 'first_name', fallback: 'there' }, { in: 'body', name: '2', example: 'Saturday, 9:00', from: 'field:booking_time', fallback: 'the day we agreed' }] };
const italian: TemplateDefinition = { ...booking, header: undefined as never, body: 'Ciao {{1}}, la tua prenotazione è confermata: {{2}}. Scopri i saldi!', variables: [{ in: 'body', name: '1', example: 'Alice', from: 'first_name', fallback: '' }, { in: 'body', name: '2', example: '', from: 'ask' }] };
const cart: TemplateDefinition = { category: 'MARKETING', body: 'Hello {{1}}, you left something in your cart at Bondi Kayaks. Would you like to go on?', footer: 'Reply STOP to opt out', buttons: [{ type: 'QUICK_REPLY', text: 'Go on' }, { type: 'QUICK_REPLY', text: 'Stop these messages' }], variables: [{ in: 'body', name: '1', example: 'Alice', from: 'first_name', fallback: 'there' }] };

const base = { account_id: 3, ready: '', note: '', author_name: 'Nora Weld', mine: true, decided_by_name: '', action_id: 0, action_state: '', action_meaning: '', updated_at: ago(60), template: null, faults: [] };

export const drafts: TemplateDraft[] = [
  { ...base, id: 1, name: 'booking_confirmed', language: 'en', version: 3, state: 'submitted', action_id: 5, action_state: 'done', decided_by_name: 'Sam Oduya', definition: booking, preview: preview(booking), template: { id: 1, status: 'APPROVED', category: 'MARKETING', category_asked: 'UTILITY', category_next: '', quality: 'YELLOW', reason: '', paused: false, deleted: false } },
  { ...base, id: 2, name: 'booking_confirmed', language: 'it', version: 2, state: 'returned', note: 'Senza i saldi, per favore', definition: italian, preview: preview(italian), faults: [{ field: 'body', code: 'promotional_words', text: '«saldi» promotes: take it out, or make this a MARKETING template with your brand\u2019s name and how to opt out', parts: [] }, { field: 'variables[body:1].fallback', code: 'required', text: 'say what stands in place of {{1}} where the person\u2019s own is not known', parts: [] }, { field: 'variables[body:2].example', code: 'required', text: 'give an example for {{2}}: Meta\u2019s reviewers look at it', parts: [] }] },
  { ...base, id: 3, name: 'a_very_long_name_for_a_template_about_the_second_saturday_of_every_month_and_what_comes_after', language: 'en', version: 1, state: 'asked', mine: false, author_name: 'Sam Oduya', definition: cart, preview: preview(cart) },
];

export const check = (body: Record<string, unknown>) => {
  const d = body['definition'] as TemplateDefinition;
  const found = [...(d.body ?? '').matchAll(/\{\{(\w+)\}\}/g)].map((m) => (d.variables ?? []).find((v) => v.in === 'body' && v.name === m[1]) ?? { in: 'body', name: m[1] ?? '' });
  const faults = drafts.find((x) => x.definition.body === d.body)?.faults ?? (d.body.startsWith('{{') ? [{ field: 'body', code: 'leading_variable', text: 'the body may not begin with a variable: put a word before it' }] : []);
  return { faults, preview: preview(d), variables: found };
};

export const versions = [
  { version: 3, state: 'submitted', note: '', author_name: 'Nora Weld', created_at: ago(60), decided_by_name: 'Sam Oduya', decided_at: ago(50), alone: false, submitted_by_name: 'Nora Weld', submitted_at: ago(45), action_state: 'done', action_meaning: '', definition: booking, changes: [{ field: 'body', before: 'Hello {{1}}, your booking is confirmed.', after: booking.body }, { field: 'footer', before: '', after: 'Bondi Kayaks' }] },
  { version: 2, state: 'returned', note: 'Say how to move it', author_name: 'Nora Weld', created_at: ago(90), decided_by_name: 'Sam Oduya', decided_at: ago(80), alone: false, submitted_by_name: '', submitted_at: null, action_state: '', action_meaning: '', definition: booking, changes: [] },
];

export const events = [
  { at: ago(20), field: 'category', value: 'MARKETING', previous: 'UTILITY', reason: '', source: 'webhook', actor_name: '' },
  { at: ago(40), field: 'status', value: 'APPROVED', previous: 'PENDING', reason: '', source: 'webhook', actor_name: '' },
];

const ready = (key: string, playbook: string, d: TemplateDefinition, only_open = false) => ({ key, playbook, category: d.category, only_open, languages: ['en', 'it'].map((language) => ({ language, definition: d, preview: preview(d) })) });
export const readyList = [ready('booking_confirmed', 'appointments', booking), ready('cart_waiting', 'cart', cart), ready('offers_opt_in', 'opt_in', cart, true)];

const listed = (id: number, name: string, language: string, status: string, d: TemplateDefinition, more = {}) => ({ id, name, language, category: d.category, status, body: d.body, parameters: (d.variables ?? []).length, account_id: 3, quality: 'GREEN', reason: '', synced_at: ago(70), status_at: ago(40), category_asked: '', category_next: '', category_next_at: null, paused: false, draft_id: 0, editable: true, definition: d, preview: preview(d), ...more });
export const atMeta = [
  listed(1, 'booking_reminder', 'en', 'APPROVED', { ...booking, body: 'Hi {{1}}, see you at {{2}}.' }),
  listed(2, 'summer_offer', 'it', 'REJECTED', { category: 'MARKETING', body: 'Bondi Kayaks: due ore al prezzo di una. Rispondi STOP per non ricevere altro.' }, { quality: '', reason: 'TAG_CONTENT_MISMATCH' }),
  listed(3, 'booking_confirmed', 'en', 'APPROVED', booking, { category: 'MARKETING', category_asked: 'UTILITY', draft_id: 1 }),
  listed(4, 'cart_waiting', 'en', 'PAUSED', cart, { quality: 'RED', category_next: 'UTILITY' }),
];

export const offers = { window: { open: false, until: ago(300), human_until: null }, note: '', items: [
  { template_id: 3, name: 'booking_confirmed', language: 'en', why: 'exact', category: 'UTILITY', fits: true, needs_media: false, variables: [{ in: 'body', name: '1', value: 'Giulia', source: 'person' }, { in: 'body', name: '2', value: '', source: 'none', example: 'Saturday, 9:00' }], preview: { ...preview(booking), text: 'Hello Giulia, your booking with Bondi Kayaks is confirmed: {{2}}.' }, gate: { verb: 'allow', code: '', meaning: '', until: null, purpose: 'service' } },
  { template_id: 4, name: 'cart_waiting', language: 'en', why: 'exact', category: 'MARKETING', fits: false, needs_media: false, variables: [], preview: preview(cart), gate: { verb: 'refuse', code: 'no_consent', meaning: 'the person has not agreed to offers', until: null, purpose: 'promotional' } },
] };
