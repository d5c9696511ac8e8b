import type { Comment } from '@/api/types';
import type { Verb } from './queries';

/** The item to show after this one was decided or passed over: the next, or the one before at the end. */
export function neighbour(ids: readonly number[], current: number | undefined, step: 1 | -1): number | undefined {
  if (ids.length === 0) return undefined;
  const at = current === undefined ? -1 : ids.indexOf(current);
  if (at < 0) return step === 1 ? ids[0] : ids.at(-1);
  return ids[at + step];
}

/** Where to go when an item leaves the queue: on, else back, else nowhere. */
export function afterDecision(ids: readonly number[], decided: number): number | undefined {
  return neighbour(ids, decided, 1) ?? neighbour(ids, decided, -1);
}

/** The items from one to another in the order of the list, both among them; without the first, the other alone. */
export function markTo(ids: readonly number[], from: number | undefined, to: number): number[] {
  const [a, b] = [from === undefined ? -1 : ids.indexOf(from), ids.indexOf(to)];
  if (a < 0 || b < 0) return b < 0 ? [] : [to];
  return ids.slice(Math.min(a, b), Math.max(a, b) + 1);
}

const waiting = new Set(['planned', 'held']);

/** What can be done to a comment as it stands; a mention stands under somebody else's post, and only they remove there. */
export function possible(c: Comment): Record<Verb | 'reply' | 'pass', boolean> {
  const removed = c.state === 'removed';
  const deleting = c.actions.some((a) => a.kind === 'comment.delete' && waiting.has(a.state));
  return {
    approve: !removed && !c.own && (c.review !== null || c.state === 'hidden' || deleting),
    hide: c.state === 'visible' && !c.own && !c.mention && !deleting,
    unhide: c.state === 'hidden' && !c.mention && !deleting,
    delete: !removed && !c.mention && !deleting,
    undo: deleting || (!removed && (c.state === 'hidden' || c.actions.some((a) => a.kind.startsWith('comment.')) || c.state_by.startsWith('user'))),
    reply: !removed && !c.own && !deleting,
    pass: !removed && !c.own,
  };
}

/** The scores worth showing: known ones, highest first. */
export function topScores(scores: Record<string, number | null>, count = 5): [string, number][] {
  return Object.entries(scores)
    .filter((row): row is [string, number] => typeof row[1] === 'number')
    .sort((a, b) => b[1] - a[1])
    .slice(0, count);
}

interface Narrowed { language?: string | undefined; category?: string | undefined; tier?: string | undefined; sure?: string | undefined; age?: string | undefined; state?: string | undefined; by?: string | undefined }

/** How many of the rarer filters are set. */
export function narrowing(f: Narrowed): number {
  return [f.language, f.category, f.tier, f.sure, f.age, f.state, f.by].filter(Boolean).length;
}

const hours: Record<string, number> = { '1h': 1, '24h': 24, '7d': 168, '30d': 720 };

/** The instants between which a comment of that age was written. */
export function agedBetween(age: string | undefined, now: number): { after?: string; before?: string } {
  if (age === 'older') return { before: new Date(now - 720 * 3_600_000).toISOString() };
  const h = age === undefined ? undefined : hours[age];
  return h === undefined ? {} : { after: new Date(Math.floor((now - h * 3_600_000) / 60_000) * 60_000).toISOString() };
}

/** The first instant of the day so many days ago, where the workspace is. */
export function startOfDay(now: number, days: number, zone: string): string {
  const day = 86_400_000;
  const local = (at: number) => {
    const part = Object.fromEntries(new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' }).formatToParts(at).map((p) => [p.type, p.value]));
    return Date.UTC(Number(part['year']), Number(part['month']) - 1, Number(part['day']), Number(part['hour']), Number(part['minute']), Number(part['second']));
  };
  const midnight = Math.floor(local(now) / day) * day - days * day;
  let at = midnight;
  for (let i = 0; i < 2; i++) at = midnight - (local(at) - at); // twice: the shift may change between
  return new Date(at).toISOString();
}

/** How often people took back what was removed; undefined where nothing was. */
export function undoRate(removed: number, restored: number): number | undefined {
  return removed === 0 ? undefined : restored / removed;
}
