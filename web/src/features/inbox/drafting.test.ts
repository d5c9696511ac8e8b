import { describe, expect, it } from 'vitest';
import type { Suggestion } from '@/api/types';
import { nothing, readEvents, reduce, usable, type DraftEvent } from './drafting';

const made = (id: number, rank: number, text: string): Suggestion => ({ id, rank, language: 'en', text, sources: [], made_by: 'llm' });
const after = (...events: DraftEvent[]) => events.reduce(reduce, nothing);

describe('drafts under way', () => {
  it('are shown and cannot be used before they are ready', () => {
    const s = after({ kind: 'writing', n: 0, text: 'Park' }, { kind: 'writing', n: 0, text: ' behind' }, { kind: 'writing', n: 1, text: 'Well' });
    expect(s.drafts.map((d) => d.text)).toEqual(['Park behind', 'Well']);
    expect(usable(s)).toEqual([]);
    const ready = reduce(s, { kind: 'ready', n: 0, suggestion: made(7, 1, 'Park behind the shed.') });
    expect(usable(ready).map((x) => x.id)).toEqual([7]);
    expect(reduce(ready, { kind: 'writing', n: 0, text: ' and more' })).toEqual(ready);
  });

  it('say why they are refused, and lose their words', () => {
    const s = after({ kind: 'writing', n: 0, text: 'See' }, { kind: 'refused', n: 0, reason: 'link' });
    expect(s.drafts).toEqual([{ n: 0, state: 'refused', text: '', reason: 'link' }]);
    expect(reduce(s, { kind: 'writing', n: 0, text: ' more' })).toEqual(s);
  });

  it('go when the model begins anew, and all are replaced at the end but refusals', () => {
    const s = after({ kind: 'ready', n: 0, suggestion: made(7, 1, 'One') }, { kind: 'writing', n: 1, text: 'Two' }, { kind: 'refused', n: 2, reason: 'price' }, { kind: 'again', n: 0 });
    expect(s.drafts.map((d) => d.state)).toEqual(['ready', 'refused']);
    const end = reduce(s, { kind: 'done', list: { items: [made(7, 1, 'One'), made(8, 2, 'A source')], revision: 4, llm_state: 'ok', llm_fault: 'cut' } });
    expect([usable(end).map((x) => x.id), end.drafts.length, end.revision, end.fault, end.phase]).toEqual([[7, 8], 3, 4, 'cut', 'done']);
    expect(usable(reduce(end, { kind: 'drop', id: 7 })).map((x) => x.id)).toEqual([8]);
  });

  it('have numbers in the order of their ranks, three at most', () => {
    const s = after(...[3, 1, 2, 4].map((rank): DraftEvent => ({ kind: 'ready', n: rank, suggestion: made(rank, rank, 'x') })));
    expect(usable(s).map((x) => x.id)).toEqual([1, 2, 3]);
  });
});

it('reads events however the bytes are cut', async () => {
  const bytes = new TextEncoder().encode(': alive\n\nevent: writing\ndata: {"n":0,"text":"è 🙂"}\n\nevent: done\ndata: {}\n\nevent: half\ndata:');
  for (const size of [1, 3, 7, bytes.length]) {
    const got: string[] = [];
    const body = new ReadableStream<Uint8Array>({ start(c) { for (let i = 0; i < bytes.length; i += size) c.enqueue(bytes.slice(i, i + size)); c.close(); } });
    await readEvents(body, (name, data) => got.push(`${name} ${data}`));
    expect(got).toEqual(['writing {"n":0,"text":"è 🙂"}', 'done {}']);
  }
});
