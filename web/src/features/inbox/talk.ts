import type { Conversation, ConversationDetail, ConversationNote, ConversationStep, Message, QuickReply } from '@/api/types';
import { reasonText } from '@/ui/reason';
import { called } from '@/ui/who';

/** What to call the person: the contact's name, else how they call themselves on a network. */
export function nameOf(c: Pick<ConversationDetail, 'contact' | 'identities' | 'channel'>): string {
  if (c.contact.name) return c.contact.name;
  const here = [...c.identities].sort((a, b) => Number(b.channel === c.channel) - Number(a.channel === c.channel));
  const named = here.find((i) => i.name)?.name;
  if (named) return named;
  const user = here.find((i) => i.username)?.username;
  return user ? `@${user}` : '';
}

/** The same for the screen, where somebody without a name is called something too. */
export function calledIn(c: Parameters<typeof nameOf>[0]): string {
  return nameOf(c) || called(c.contact);
}

/** Whether a free answer may still be written, and by what right. */
export function windowState(c: Pick<Conversation, 'care_window' | 'channel'>, now: number): { kind: 'open' | 'human' | 'shut'; until: string | null } {
  const { until, human_until } = c.care_window;
  const ahead = (at: string | null) => at !== null && Date.parse(at) > now;
  if (c.channel === 'facebook') return { kind: 'open', until: null }; // a comment thread has no window
  if (c.care_window.open && (until === null || ahead(until))) return { kind: 'open', until };
  if (c.channel !== 'whatsapp' && ahead(human_until)) return { kind: 'human', until: human_until };
  return { kind: 'shut', until: null };
}

export type Entry = { kind: 'day'; key: string; at: string } | { kind: 'message'; key: string; message: Message; follows: boolean };

/** The thread as it is drawn: a line for each new day; turns of one author close together. */
export function entries(messages: readonly Message[]): Entry[] {
  const out: Entry[] = [];
  let day = '';
  let before: Message | undefined;
  for (const message of messages) {
    const today = new Date(message.at).toDateString();
    if (today !== day) {
      out.push({ kind: 'day', key: `day-${today}`, at: message.at });
      day = today;
      before = undefined;
    }
    const follows = before !== undefined && before.author === message.author && before.member_name === message.member_name && Date.parse(message.at) - Date.parse(before.at) < 5 * 60_000;
    out.push({ kind: 'message', key: `m-${message.id}`, message, follows });
    before = message;
  }
  return out;
}

export type Woven = Entry | { kind: 'note'; key: string; note: ConversationNote } | { kind: 'step'; key: string; step: ConversationStep };

/** Puts notes and steps among what was said, by their time; what is older than the messages read so far waits for those. */
export function weave(said: readonly Entry[], notes: readonly ConversationNote[], steps: readonly ConversationStep[], whole: boolean): Woven[] {
  const first = said.find((e) => e.kind === 'message');
  const from = whole || first === undefined ? 0 : Date.parse(first.message.at);
  const beside = [
    ...notes.map((note) => ({ at: Date.parse(note.created_at), entry: { kind: 'note' as const, key: `n-${note.id}`, note } })),
    ...steps.map((step) => ({ at: Date.parse(step.at), entry: { kind: 'step' as const, key: `s-${step.id}`, step } })),
  ].filter((x) => x.at >= from).sort((a, b) => a.at - b.at);
  const out: Woven[] = [];
  let next = 0;
  for (const e of said) {
    // A line for a new day stands before everything of that day.
    const at = e.kind === 'day' ? new Date(e.at).setHours(0, 0, 0, 0) : Date.parse(e.message.at);
    for (let b = beside[next]; b && b.at < at; b = beside[++next]) out.push(b.entry);
    out.push(e);
  }
  for (let b = beside[next]; b; b = beside[++next]) out.push(b.entry);
  return out;
}

/** What became of a message that we sent: the network's receipt, else what its action waits for. */
export function fate(m: Message): { kind: 'none' | 'sent' | 'delivered' | 'read' | 'failed' | 'waiting' | 'stopped'; why: string } {
  if (m.direction === 'in') return { kind: 'none', why: '' };
  if (m.receipt === 'failed') return { kind: 'failed', why: m.receipt_error };
  if (m.receipt) return { kind: m.receipt, why: '' };
  const action = m.action;
  if (!action || action.state === 'done') return { kind: 'sent', why: '' };
  if (action.state === 'failed') return { kind: 'failed', why: reasonText(action.reason, action.meaning) };
  if (['refused', 'cancelled', 'expired'].includes(action.state)) return { kind: 'stopped', why: reasonText(action.reason, action.meaning) };
  return { kind: 'waiting', why: reasonText(action.reason, action.meaning) };
}

/** The quick replies that fit what follows the slash, those in the customer's language first. */
export function matchQuick(text: string, replies: readonly QuickReply[], language: string): QuickReply[] {
  if (!/^\/[\w-]*$/.test(text)) return [];
  const want = text.slice(1).toLowerCase();
  return replies
    .filter((r) => r.shortcut.startsWith(want))
    .sort((a, b) => Number(b.language === language) - Number(a.language === language) || a.shortcut.localeCompare(b.shortcut))
    .slice(0, 6);
}

const draftKey = (id: number) => `ponte.draft.${id}`;

/** Drafts as this browser has them: there at once, and without the network. */
export const drafts = {
  get: (id: number): string => localStorage.getItem(draftKey(id)) ?? '',
  set: (id: number, text: string): void => { if (text) localStorage.setItem(draftKey(id), text); else localStorage.removeItem(draftKey(id)); },
};
