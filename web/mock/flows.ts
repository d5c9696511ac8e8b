import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Booking, BotFlow, BotFlowDetail, BusinessHours, FlowChange, OpeningHours, Played, Service } from '../src/api/types.ts';
import { ago } from './data.ts';

/** Made-up flows and bookings: one that is live and has a draft beside it, one with a fault, a week with appointments. */
const shipped = (key: string) => readFileSync(fileURLToPath(new URL(`../../flow/library/${key}.json`, import.meta.url)), 'utf8');
const booking = shipped('booking');
const broken = '{\n  "id": "broken",\n  "name": "A flow that somebody is still writing",\n  "steps": [\n    { "id": "hello", "type": "sya" }\n  ]\n}\n';

export const library = [{ key: 'booking', name: 'Booking', document: booking }, { key: 'lead-capture', name: 'Lead capture', document: shipped('lead-capture') }];

export const flows: BotFlow[] = [
  { id: 1, key: 'booking', name: 'Booking', changed: true, inside: 3, last_number: 4, live_number: 4, revision: 11, updated_at: ago(30),
    uses: { services: ['first'], teams: ['Bookings'], templates: ['booking_reminder'] }, problems: [{ path: 'steps[9].team', line: 214, step: 'person', problem: 'the team "Bookings" has no member: what is given to it waits until it is escalated; add somebody', problem_parts: [{ code: 'flow_team_empty', values: { name: 'Bookings' }, text: 'the team "Bookings" has no member: what is given to it waits until it is escalated; add somebody' }] }] },
  { id: 2, key: 'broken', name: 'A flow that somebody is still writing, with a name that goes on for longer than anybody would wish', changed: true, inside: 0, last_number: 0, live_number: null, revision: 2, updated_at: ago(4000), uses: { services: [], teams: [], templates: [] }, problems: [] },
];

export function flowDetail(f: BotFlow): BotFlowDetail {
  const fault = { line: 5, path: 'steps[0].type', step: 'hello', problem: '"sya" is no type of step' };
  return {
    ...f, archived: false, services: [], document: f.id === 2 ? broken : booking, check: f.id === 2 ? { ok: false, faults: [fault], warnings: [] } : { ok: true, faults: [], warnings: [] },
    starts: f.id === 2 ? [] : [{ on: 'keyword', account_id: null, campaign_id: null, trigger_id: null, channel: 'whatsapp', keywords: ['book', 'prenotare'], language: '' }, { on: 'handoff', account_id: null, campaign_id: null, trigger_id: 1, channel: '', keywords: [], language: '' }],
    versions: f.id === 2 ? [] : [{ number: 4, began: 96, inside: 3, live: true, note: 'Asks for the number of people first', published_at: ago(2000), published_by: 'Nora Weld' }, { number: 3, began: 210, inside: 0, live: false, note: '', published_at: ago(20_000), published_by: 'Sam Oduya' }],
  } as BotFlowDetail;
}

export const check = (document: string) => (document === broken ? flowDetail(flows[1] as BotFlow).check : { ok: true, faults: [], warnings: [] });

export const changes: FlowChange[] = [{ kind: 'changed', path: 'steps[welcome].text.en', was: 'What would you like to book?', now: 'Which boat may we keep for you?' }, { kind: 'added', path: 'steps[people]', was: '', now: '{"type":"ask"}' }];

export const played: Played = { turns: [{ step: 'welcome', at: ago(0), answers: {}, note: '', why: '', waiting: 'choice', due: null, does: [], says: [{ kind: 'say', step: 'welcome', language: 'en', wanted: 'en', media: '', link_title: '', link_url: '', list_button: '', promotional: false, text: 'Ciao! Which boat may we keep for you?', options: [] }] }] } as unknown as Played;

const week: OpeningHours = { time_zone: 'Australia/Sydney', closed: ['2026-12-25'], week: { mon: ['08:00-18:00'], tue: ['08:00-18:00'], wed: ['08:00-18:00'], thu: ['08:00-18:00'], fri: ['08:00-18:00'], sat: ['08:00-13:00', '14:00-17:00'] } };

export const hours: BusinessHours[] = [{ account_id: null, hours: week, welcome: { en: 'Good to hear from you! How can we help?' }, away: { en: 'We are back {{place}}.' } }];

export const services: Service[] = [
  { id: 1, key: 'first', name: { en: 'First appointment', it: 'Primo appuntamento' }, minutes: 60, every_minutes: 30, capacity: 4, notice_minutes: 120, ahead_days: 30, bookable: true, hours: null, time_zone: 'Australia/Sydney', reminders: [{ minutes: 1440, template: 'booking_reminder' }], feedback: null },
  { id: 2, key: 'tour', name: { en: 'The sunrise tour around the whole bay with coffee and a swim afterwards' }, minutes: 180, every_minutes: 60, capacity: 12, notice_minutes: 1440, ahead_days: 60, bookable: false, hours: null, time_zone: 'Australia/Sydney', reminders: [], feedback: null },
];

const today = new Date().setHours(9, 0, 0, 0);
const at = (days: number, h: number) => new Date(today + days * 86_400_000 + h * 3_600_000).toISOString();
const booked = (id: number, days: number, h: number, name: string, state: Booking['state'] = 'confirmed'): Booking => ({
  id, name, state, starts_at: at(days, h), ends_at: at(days, h + 1), service_id: 1, service_key: 'first', ref: `B-${id}`, note: id === 2 ? 'Brings two children' : '', moved: id === 3 ? 1 : 0, made_by: 'bot', cancelled_by: '', contact_id: 300, created_at: ago(600), held_until: state === 'held' ? ago(-10) : null,
});
export const bookings: Booking[] = [booked(1, 0, 0, 'Giulia Ferrero'), booked(2, 0, 0.5, 'Maximiliane von Hohenlohe-Langenburg'), booked(3, 0, 2, 'يوسف الحداد'), booked(4, 0, 3, 'Tom Hale', 'held')];
