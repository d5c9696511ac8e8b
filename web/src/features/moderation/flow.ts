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

const waiting = new Set(['planned', 'held']);

/** What can be done to a comment as it stands. */
export function possible(c: Comment): Record<Verb | 'reply' | 'pass', boolean> {
  const removed = c.state === 'removed';
  const deleting = c.actions.some((a) => a.kind === 'comment.delete' && waiting.has(a.state));
  return {
    approve: !removed && !c.own && (c.review !== null || c.state === 'hidden' || deleting),
    hide: c.state === 'visible' && !c.own && !deleting,
    unhide: c.state === 'hidden' && !deleting,
    delete: !removed && !deleting,
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
