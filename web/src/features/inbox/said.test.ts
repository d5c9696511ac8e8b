import { describe, expect, it } from 'vitest';
import type { Message } from '@/api/types';
import { allOf, firstId, guessHeight, pageSize, stalePageOf, tailSize, withNewest, withOlder, withPage, type Said } from './said';

const message = (id: number, text = `m${id}`): Message => ({ id, direction: 'in', author: 'contact', member_name: '', type: 'text', text, harm: 0, unseen: false, detail: {}, reactions: [], receipt: '', receipt_error: '', at: new Date(id * 1000).toISOString(), edited_at: null, deleted_at: null, action: null });
const range = (from: number, to: number, text?: string) => Array.from({ length: to - from + 1 }, (_, i) => message(from + i, text));
const ids = (said: Said) => allOf(said).map((m) => m.id);

/** A server with so many messages, read as the screen reads it. */
const newest = (total: number) => range(Math.max(1, total - pageSize + 1), total);
const older = (before: number, limit: number) => range(Math.max(1, before - limit), before - 1);

describe('a thread that is read in pages', () => {
  it('is whole where the first page is short', () => {
    expect(withNewest(undefined, newest(12))).toMatchObject({ whole: true });
    expect(withNewest(undefined, newest(500))).toMatchObject({ whole: false });
  });

  it('is walked from end to beginning without a gap or a double', () => {
    let said = withNewest(undefined, newest(1000));
    for (let steps = 0; !said.whole; steps++) {
      expect(steps).toBeLessThan(100);
      const before = firstId(said);
      said = withOlder(said, before, older(before, 200), 200);
    }
    expect(ids(said)).toEqual(range(1, 1000).map((m) => m.id));
  });

  it('keeps what was read while new ones come, however many times', () => {
    let said = withNewest(undefined, newest(300));
    const before = firstId(said);
    said = withOlder(said, before, older(before, 60), 60);
    for (let total = 310; total <= 1500; total += 10) said = withNewest(said, newest(total));
    expect(ids(said)).toEqual(range(181, 1500).map((m) => m.id));
    expect(said.pages.every((p) => p.items.length <= tailSize)).toBe(true);
  });

  it('begins anew where more came than one page holds: a gap must not look like a talk', () => {
    const said = withNewest(withNewest(undefined, newest(300)), newest(500));
    expect(ids(said)).toEqual(newest(500).map((m) => m.id));
    expect(said.whole).toBe(false);
  });

  it('takes an older page once, also when it was asked for twice', () => {
    const said = withNewest(undefined, newest(300));
    const before = firstId(said);
    const once = withOlder(said, before, older(before, 60), 60);
    expect(withOlder(once, before, older(before, 60), 60)).toBe(once);
  });

  it('knows which older pages may have changed, and takes them anew', () => {
    let said = withNewest(undefined, newest(300));
    const before = firstId(said);
    said = withOlder(said, before, older(before, 60), 60);
    expect(stalePageOf(said, 200)).toBeUndefined();
    said = withNewest(said, newest(301));
    const page = stalePageOf(said, 200);
    expect(page?.before).toBe(before);
    said = withPage(said, before, older(before, 60).map((m) => ({ ...m, text: 'edited' })));
    expect(allOf(said).find((m) => m.id === 200)?.text).toBe('edited');
    expect(stalePageOf(said, 200)).toBeUndefined();
  });
});

describe('the guess at a height', () => {
  it('grows with the text and with a narrower window', () => {
    const short = guessHeight(message(1, 'ok'), false, 600);
    expect(guessHeight(message(1, 'a longer text '.repeat(20)), false, 600)).toBeGreaterThan(short);
    expect(guessHeight(message(1, 'a longer text '.repeat(20)), false, 300)).toBeGreaterThan(guessHeight(message(1, 'a longer text '.repeat(20)), false, 600));
    expect(guessHeight(message(1, 'ok'), true, 600)).toBeLessThan(short);
  });
});
