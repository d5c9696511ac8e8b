import type { Agent, ConversationNote, ConversationStep, DeskState, Label, Notifications, ScheduledReply, Team } from '../src/api/types';

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
const ahead = (minutes: number) => ago(-minutes);

/** The desk's side of the nth conversation. */
export function deskOf(i: number, waiting: boolean): DeskState {
  return {
    priority: i === 0 ? 'urgent' : i === 3 ? 'low' : 'normal', vip: i === 2, assigned_at: i % 4 === 0 ? ago(30) : null, assigned_how: i % 4 === 0 ? 'auto' : '', taken_back: 0, escalated_at: null,
    snoozed: i === 7, snoozed_until: i === 7 ? ahead(600) : null, answer_due_at: null, handover_due_at: waiting ? ahead(12 - i * 37) : null, overdue_at: waiting ? ahead(117 - i * 37) : null, due_at: waiting ? ahead(12 - i * 37) : null,
  };
}

export const counts = { mine: 60, team: 240, unassigned: 180, waiting: 6, overdue: 2, snoozed: 1, spam: 0, all: 240 };
export const notes: ConversationNote[] = [{ id: 1, author: { id: 2, name: 'Sam Oduya' }, text: 'She called as well. @Nora Weld please keep two places for Saturday.', mentions: [1], created_at: ago(15), edited_at: null }];
export const steps: ConversationStep[] = [
  { id: 1, at: ago(36), what: 'assigned', by: '', member: { id: 1, name: 'Nora Weld' }, team: '', note: '', detail: {} },
  { id: 2, at: ago(18), what: 'transferred', by: 'Sam Oduya', member: { id: 1, name: 'Nora Weld' }, team: 'Hire', note: 'knows her from last year', detail: {} },
];
export const scheduled: ScheduledReply[] = [{ id: 77, send_at: ahead(300), unless_written: true, member: 'Nora Weld', text: 'Ti scrivo appena so dei posti per sabato.', state: 'planned' }];
export const teams: Team[] = [
  { id: 1, name: 'Hire', skills: ['kayaks'], languages: [], escalate_to: 'Care', member_ids: [1, 2], open: 240, waiting: 6 },
  { id: 2, name: 'Care', skills: [], languages: ['it', 'en'], escalate_to: '', member_ids: [1], open: 0, waiting: 0 },
  { id: 0, name: 'returns', skills: [], languages: [], escalate_to: '', member_ids: [], open: 3, waiting: 1 },
];
export const agents: Agent[] = [
  { user_id: 1, capacity: 10, own_capacity: null, skills: ['kayaks'], languages: ['it', 'en'], teams: ['Care', 'Hire'], open: 7, present: true, seen_at: ago(0), away: false, away_until: null, away_note: '' },
  { user_id: 2, capacity: 4, own_capacity: 4, skills: [], languages: [], teams: ['Hire'], open: 0, present: false, seen_at: ago(90), away: true, away_until: null, away_note: 'lunch' },
];
export const labels: Label[] = [{ id: 1, name: 'sunrise', color: 'orange', description: 'Asked about the sunrise paddle', open: 80, conversations: 131, contacts: 12 }, { id: 2, name: 'group', color: 'blue', description: '', open: 2, conversations: 9, contacts: 0 }, { id: 0, name: 'new lead', color: 'gray', description: '', open: 31, conversations: 44, contacts: 3 }];
export const notifications: Notifications = {
  unread: 2, next: '',
  items: [
    { id: 3, kind: 'mention', conversation_id: 1000, contact_name: 'Giulia Ferrero', contact_erased: false, contact_known: null, object: '', data: { note_id: 1 }, at: ago(15), read_at: null },
    { id: 2, kind: 'sla.breach', conversation_id: 1004, contact_name: 'Inés Robles', contact_erased: false, contact_known: null, object: '', data: { deadline: 'overdue' }, at: ago(31), read_at: null },
    { id: 1, kind: 'webhook.paused', conversation_id: null, contact_name: '', contact_erased: false, contact_known: null, object: 'webhook_endpoint:4', data: {}, at: ago(900), read_at: ago(800) },
  ],
};
export const choices = { kinds: ['conversation.assigned', 'mention', 'sla.breach', 'sla.near'], email: ['mention', 'sla.breach'], browser: ['mention'], digest_minutes: 15, mail: true };
