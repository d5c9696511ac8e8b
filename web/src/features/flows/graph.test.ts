import { describe, expect, it } from 'vitest';
import { addStep, connect, languagesOf, layOut, lineStart, stepsOf } from './graph';

const document = JSON.stringify({
  id: 'x', languages: ['en', 'it'],
  steps: [
    { id: 'ask', type: 'question', text: { en: 'What?', it: 'Che cosa?' }, answer: { kind: 'choice', choices: [{ id: 'a', title: { en: 'Prices' }, next: 'bye' }, { id: 'b', title: { en: 'More' } }] }, on_timeout: 'bye', next: 'check' },
    { id: 'check', type: 'condition', cases: [{ if: { label: 'vip' }, next: 'bye' }], otherwise: 'lost' },
    { id: 'bye', type: 'end' },
    { id: 'alone', type: 'labels', add: ['new'] },
  ],
});

describe('the canvas', () => {
  it('reads steps with all their ways', () => {
    const steps = stepsOf(document, 'it');
    expect(steps.map((s) => s.id)).toEqual(['ask', 'check', 'bye', 'alone']);
    expect(steps[0]?.text).toBe('Che cosa?');
    expect(steps[0]?.ways).toEqual([{ key: 'Prices', to: 'bye' }, { key: 'next', to: 'check' }, { key: 'on_timeout', to: 'bye' }]);
    expect(steps[1]?.ways).toEqual([{ key: '1', to: 'bye' }, { key: 'otherwise', to: 'lost' }]);
    expect(steps[3]?.text).toBe('new');
  });
  it('stays calm over what is no flow yet', () => {
    for (const text of ['', '{', '[]', '{"steps": 3}', '{"steps": [null, {"id": 4}]}']) expect(stepsOf(text)).toEqual([]);
    expect(languagesOf('{"languages": ["it", 3]}')).toEqual(['it']);
  });
  it('lays every step out at a place of its own, in the order of the ways', () => {
    const places = layOut(stepsOf(document));
    expect(new Set([...places.values()].map((p) => `${p.x}/${p.y}`)).size).toBe(4);
    expect(places.get('ask')?.y).toBe(0);
    expect(places.get('check')?.y).toBe(places.get('bye')?.y);
    expect((places.get('alone')?.y ?? 0) > (places.get('bye')?.y ?? 0)).toBe(true);
  });
  it('changes ways and adds steps without touching the rest', () => {
    expect(stepsOf(connect(document, 'check', 'alone') ?? '')[1]?.ways[1]).toEqual({ key: 'otherwise', to: 'alone' });
    expect(connect(document, 'bye', 'ask')).toBeUndefined();
    const added = addStep(document, 'end');
    expect(added?.id).toBe('end');
    expect(addStep(added?.document ?? '', 'end')?.id).toBe('end_2');
  });
  it('finds the line of a fault', () => {
    expect(lineStart('a\nbc\nd', 3)).toBe(5);
    expect(lineStart('a', 9)).toBe(0);
  });
});
