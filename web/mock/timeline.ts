import type { HandoffLink, LeadForm, ReceivedLead, TimelineEntry } from '@/api/types';
import { ago } from './data.ts';

let n = 0;
const entry = (kind: TimelineEntry['kind'], minutes: number, over: Partial<TimelineEntry>): TimelineEntry => ({
  key: `${kind}:${++n}`, kind, at: ago(minutes), channel: 'whatsapp', by: 'customer', name: '', text: '', deleted: false, state: '', what: '', reason: '', meaning: '', to: '', team: '', files: [], harm: 0, on: '', purpose: '', how: '',
  starts_at: null, service: {}, detail: {}, conversation_id: null, message_id: null, comment_id: null, ...over,
});
const talk = { conversation_id: 1000 };

export const timeline: TimelineEntry[] = [
  entry('message', 3, { ...talk, message_id: 5, text: 'Perfetto, a sabato!' }),
  entry('message', 4, { ...talk, message_id: 4, by: 'member', name: 'Sam Oduya', text: 'Vi aspettiamo alla rampa nord alle 6:40.', state: 'read' }),
  entry('note', 6, { ...talk, by: 'member', name: 'Sam Oduya', text: 'Comes with two children, asked about life jackets.' }),
  entry('step', 8, { ...talk, by: 'member', name: 'Nora Weld', to: 'Sam Oduya', what: 'transferred', text: 'speaks Italian' }),
  entry('booked', 12, { by: 'bot', state: 'confirmed', what: 'BK-204', starts_at: ago(-3000), service: { en: 'Sunrise paddle', it: 'Pagaiata all’alba' } }),
  entry('consent', 15, { what: 'grant', purpose: 'promotional', how: 'button' }),
  entry('message', 18, { ...talk, message_id: 1, files: ['image'], text: '' }),
  entry('arrived', 20, { ...talk }),
  entry('opened', 20, { ...talk, by: 'system' }),
  entry('private_reply', 31, { channel: 'instagram', by: 'bot', text: 'Le date sono qui: https://wa.me/61255500101?text=Ciao%21%20Rif.%20PNT-••••-••••-••••-••••', state: 'delivered', conversation_id: 1001, message_id: 2 }),
  entry('invited', 31, { channel: 'instagram', by: 'bot', state: 'used', text: 'Sunrise paddle, December' }),
  entry('public_reply', 32, { channel: 'instagram', by: 'bot', text: 'Ti abbiamo scritto in privato!', state: 'done', comment_id: 100 }),
  entry('public_reply', 33, { channel: 'facebook', by: 'bot', text: 'Thank you!', state: 'refused', reason: 'cap_day', meaning: 'this person had enough for today', comment_id: 100 }),
  entry('comment', 35, { channel: 'instagram', name: 'giulia.r', text: 'Quanto costa? Info per favore', state: 'visible', comment_id: 100, on: 'Sunrise paddle, every Saturday in December' }),
  entry('comment', 1700, { channel: 'facebook', name: 'Giulia Rossi', text: 'هل يمكنني الحجز ليوم السبت؟', state: 'visible', comment_id: 103 }),
  entry('comment', 1900, { channel: 'instagram', name: 'giulia.r', text: 'you are all idiots', state: 'hidden', harm: 0.93, comment_id: 101 }),
  entry('lead', 4400, { channel: 'facebook', text: 'Summer courses', state: 'open' }),
  entry('merged', 4500, { channel: '', by: 'member', name: 'Nora Weld', text: 'told us on the phone that both are hers' }),
];

export const leads: ReceivedLead[] = [
  { id: 3, form_id: '7713', form_name: '', ad_id: '', submitted_at: ago(40), reason: 'kept with a new person: nobody is known by the number that the form names; nobody has told what its boxes mean', reason_parts: [], answers: [{ field: 'full_name', values: ['Jo Park'] }, { field: 'phone_number', values: ['+61 491 570 110'] }], boxes: [{ name: 'offers_ok', ticked: true }], contact_id: 300, name: 'Jo Park', erased: false, known: null, conversation_id: null, state: 'kept', task: 'open', task_by: '', number: '' },
  { id: 2, form_id: '7712', form_name: 'Summer courses', ad_id: '', submitted_at: ago(4400), reason: 'kept with the person who has the number that the form names', reason_parts: [], answers: [{ field: 'email', values: ['giulia@bondi.example'] }], boxes: [], contact_id: 300, name: 'Giulia Ferrero', erased: false, known: null, conversation_id: 1000, state: 'kept', task: 'done', task_by: 'Nora Weld', number: 'confirmed' },
  { id: 1, form_id: '', form_name: '', ad_id: '', submitted_at: ago(9000), reason: 'the network no longer has it', reason_parts: [], answers: [], boxes: [], contact_id: null, name: '', erased: false, known: null, conversation_id: null, state: 'failed', task: '', task_by: '', number: '' },
];

export const leadForms: LeadForm[] = [
  { id: 0, form_id: '7713', name: '', account_id: 0, box_key: '', wording: '', wording_id: 0, language: '', purpose: 'service', template: '', label: '', leads: 1, tasks: 1, unready: '', boxes: ['offers_ok'] },
  { id: 1, form_id: '7712', name: 'Summer courses', account_id: 3, box_key: 'contact_ok', wording: 'Bondi Kayaks may write to me on WhatsApp about my request.', wording_id: 4, language: 'en', purpose: 'service', template: 'lead_welcome', label: 'course', leads: 14, tasks: 0, unready: '', boxes: [] },
];

const link = (id: number, name: string, over: Partial<HandoffLink>): HandoffLink => ({ id, name, account_id: 3, trigger_id: null, campaign_id: null, language: 'en', reference: `PNT-0000-0000-0000-000${id}`, link: `https://wa.me/61255500101?text=Hello%21%20Ref.%20PNT-0000-0000-0000-000${id}`, started: 0, created_at: ago(9000), ...over });
export const links: HandoffLink[] = [link(2, 'Shop window Bondi', { started: 41, trigger_id: 1 }), link(1, 'Volantino di maggio con un nome piuttosto lungo per la fiera di primavera', { started: 1, language: 'it', campaign_id: 1 })];
