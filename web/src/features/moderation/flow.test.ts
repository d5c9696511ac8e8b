import { describe, expect, it } from 'vitest';
import type { Comment } from '@/api/types';
import { afterDecision, markTo, neighbour, possible, topScores } from './flow';

const comment = (over: Partial<Comment>): Comment => ({
  id: 1, account_id: 1, channel: 'instagram', post: null, author: { identity_id: 1, contact_id: 1, name: 'A', erased: false }, own: false, mention: false, text: '', attachments: [], language: 'en', state: 'visible', state_by: '', decision: '', commented_at: '', edited_at: null,
  parent_external_id: '', external_id: '', permalink: '', verdict: null, review: null, actions: [], event_reason: '', event_reason_parts: [], ...over,
});

describe('neighbour', () => {
  it.each([
    [[1, 2, 3], 2, 1, 3],
    [[1, 2, 3], 2, -1, 1],
    [[1, 2, 3], 3, 1, undefined],
    [[1, 2, 3], undefined, 1, 1],
    [[1, 2, 3], 9, -1, 3],
    [[], 1, 1, undefined],
  ] as const)('%j from %s by %d', (ids, at, by, want) => expect(neighbour(ids, at, by)).toBe(want));
});

describe('afterDecision', () => {
  it('goes on, at the end back, and alone nowhere', () => {
    expect(afterDecision([1, 2, 3], 2)).toBe(3);
    expect(afterDecision([1, 2, 3], 3)).toBe(2);
    expect(afterDecision([3], 3)).toBeUndefined();
  });
});

describe('possible', () => {
  const deleting = { id: 1, kind: 'comment.delete', state: 'planned', reason: '', meaning: '', not_before: null };
  it.each([
    ['a plain comment', {}, ['hide', 'delete', 'reply', 'pass']],
    ['one in the queue', { review: { id: 1, why: '', priority: 0, claimed_by: null, claimed_name: '', claimed_until: null, alike: 0, escalation: '', escalated_at: null } }, ['approve', 'hide', 'delete', 'reply', 'pass']],
    ['a hidden one', { state: 'hidden' as const }, ['approve', 'unhide', 'delete', 'undo', 'reply', 'pass']],
    ['one waiting to be deleted', { actions: [deleting] }, ['approve', 'undo', 'pass']],
    ['one whose deletion is done', { state: 'removed' as const, actions: [{ ...deleting, state: 'done' }] }, []],
    ['our own', { own: true }, ['delete']],
    ['a mention under a post of somebody else', { mention: true }, ['reply', 'pass']],
  ])('%s', (_name, over, want) => {
    expect(Object.entries(possible(comment(over))).filter(([, on]) => on).map(([verb]) => verb)).toEqual(want);
  });
});

describe('topScores', () => {
  it('leaves out what has no score and puts the highest first', () => {
    expect(topScores({ hate: 0.2, spam: null, insult: 0.9 })).toEqual([['insult', 0.9], ['hate', 0.2]]);
  });
});

describe('markTo', () => {
  it.each([
    ['downwards', 20, 40, [20, 30, 40]],
    ['upwards', 40, 20, [20, 30, 40]],
    ['from nowhere', undefined, 30, [30]],
    ['from what has left the list', 99, 30, [30]],
    ['to what is not in it', 20, 99, []],
  ])('%s', (_name, from, to, want) => expect(markTo([10, 20, 30, 40, 50], from, to)).toEqual(want));
});
