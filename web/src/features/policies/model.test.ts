import { describe, expect, it } from 'vitest';
import type { Rule } from '@/api/types';
import { diff, emptyRule, folded, lineFault, moved, toForm, toRule } from './model';

describe('a rule in the form', () => {
  const rule: Rule = { name: 'links_out', text: 'leads elsewhere', category: 'spam', decision: 'hide', words: ['win now', 'prize*'], links: 1, other_domains: ['bondi.example'], languages: ['en'], phone: true, author: { seen_before: false } as never, score: 0.9 };
  it('comes out as it went in, with what the form does not show', () => expect(toRule(toForm(rule))).toEqual(rule));
  it('forgets what a switch or the program says', () => expect(toRule(toForm({ ...rule, off: true, shipped: true }))).toEqual(rule));
  it('leaves out what is empty', () => expect(toRule({ ...emptyRule, name: ' a ', text: 'b', words: ' x \n\n y ' })).toEqual({ name: 'a', text: 'b', category: 'spam', decision: 'review', words: ['x', 'y'] }));
  it('says where the JSON beside it cannot be read', () => {
    for (const rest of ['{', '[]', '3', 'null']) expect(toRule({ ...emptyRule, rest })).toBe('rest');
  });
  it('lets no field of the form be overruled from beside', () => expect(toRule({ ...emptyRule, name: 'a', rest: '{"name":"b","shipped":true}' })).toMatchObject({ name: 'a' }));
});

describe('a line of the table', () => {
  it('must decide something, and never hides self-harm', () => {
    expect(lineFault({ category: 'hate' })).toBe('decides_nothing');
    expect(lineFault({ category: 'self_harm', comment: 'hide' })).toBe('self_harm');
    expect(lineFault({ category: 'self_harm', comment: 'review' })).toBeUndefined();
    expect(lineFault({ category: 'hate', comment: 'hide', from: 1.2 })).toBe('from');
  });
  it('moves within the table and not beyond it', () => {
    expect(moved([1, 2, 3], 0, 1)).toEqual([2, 1, 3]);
    expect(moved([1, 2, 3], 0, -1)).toEqual([1, 2, 3]);
    expect(moved([1, 2, 3], 2, 1)).toEqual([1, 2, 3]);
  });
});

describe('a diff', () => {
  it('says what goes and what comes, whatever the order of the fields', () => {
    expect(diff({ a: 1, b: 2 }, { b: 2, a: 1 }).every((l) => l.kind === 'same')).toBe(true);
    const d = diff({ a: 1, b: [1, 2], c: 3 }, { a: 1, b: [1, 4], c: 3 });
    expect(d.filter((l) => l.kind !== 'same')).toEqual([{ kind: 'out', text: '    2' }, { kind: 'in', text: '    4' }]);
  });
  it('folds what stays', () => {
    const d = folded(diff(Array.from({ length: 50 }, (_, i) => i), Array.from({ length: 50 }, (_, i) => (i === 25 ? 99 : i))), 1);
    expect(d.map((l) => l.kind)).toEqual(['gap', 'same', 'out', 'in', 'same', 'gap']);
  });
});
