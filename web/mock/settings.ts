import type { DeskFigures, DeskSlice, FlowRun, FlowSecret, WebhookEndpoint, WebhookSend } from '../src/api/types';

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

export const endpoints: WebhookEndpoint[] = [
  { id: 1, url: 'https://hooks.bondi.example/ponte', description: 'The shop', kinds: ['sla.breach', 'mention'], state: 'active', reason: '', reason_parts: [], reason_code: '', failures: 0, waiting: 1, last_at: ago(4), last_status: 200, created_at: ago(9000) },
  { id: 2, url: 'https://old.bondi.example/in', description: '', kinds: [], state: 'paused', reason: 'Twenty tries in a row failed.', reason_parts: [], reason_code: 'failing', failures: 20, waiting: 3, last_at: ago(400), last_status: 502, created_at: ago(90000) },
];
const send = (id: number, state: WebhookSend['state'], status: number, error: string): WebhookSend => ({ id, event_id: `evt_${id}`, kind: 'sla.breach', body: '{"kind":"sla.breach","data":{"conversation_id":1000}}', resent_of: id === 3 ? 2 : null, state, attempts: state === 'planned' ? 1 : 2, next_at: state === 'planned' ? ago(-2) : null, status, error, took_ms: 84, created_at: ago(5 * id), done_at: state === 'planned' ? null : ago(4 * id) });
export const sends = [send(3, 'planned', 502, 'it answered with 502'), send(2, 'done', 200, ''), send(1, 'failed', 0, 'the name of the endpoint is not known')];

const slice = (key: string, name: string, opened: number, missed: number): DeskSlice => ({ key, name, opened, bot_answered: opened, human_answered: opened - 2, handed_over: 3, bot_median_seconds: 3, human_median_seconds: 240 + 20 * opened, deadlines_held: opened - missed, deadlines_missed: missed });
export const figures: DeskFigures = {
  from: ago(7 * 1440), to: ago(0), opened: 60, bot_answered: 58, human_answered: 41, bot_median_seconds: 3, bot_p90_seconds: 7, human_median_seconds: 420, human_p90_seconds: 1900, handed_over: 30, handover_median_seconds: 300, handover_p90_seconds: 1500,
  deadlines_held: 52, deadlines_missed: 6, deadline_share: 0.897, overdue: 2, taken_back: 1, escalated: 2, waiting_now: 6, unassigned_now: 3, overdue_now: 2, snoozed_now: 1, longest_waiting_since: ago(80),
  days: ['2026-11-17', '2026-11-18', '2026-11-20'].map((d, i) => slice(d, d, 14 + 4 * i, i)), teams: [slice('Hire', 'Hire', 22, 2), slice('Care', 'Care', 9, 1)], members: [slice('1', 'Nora Weld', 18, 1)],
};

export const runs: FlowRun[] = [
  { id: 2, flow_id: 1, flow_key: 'lead_capture', number: 3, conversation_id: 1000, contact_id: 300, person: 'Giulia Ferri', began_with: 'keyword', step: 'topic', waiting: 'answer', answers: { topic: 'prices' }, started_at: ago(12), updated_at: ago(3), ended_at: null, why: '' },
  { id: 1, flow_id: null, flow_key: 'booking', number: null, conversation_id: 1001, contact_id: 301, person: 'Sam Hart', began_with: 'handoff', step: '', waiting: '', answers: {}, started_at: ago(400), updated_at: ago(380), ended_at: ago(380), why: 'handed_over' },
];
export const secrets: FlowSecret[] = [{ name: 'shop', hosts: ['api.bondi.example'], updated_at: ago(5000), used_at: ago(30) }];
