import { describe, expect, it } from 'vitest';
import { byName, faultsAt, keptVariables, moved, nextVariable, otherFaults, put, wrap } from './model';

const fault = (field: string) => ({ field, code: 'c', text: `about ${field}`, parts: [] });

describe('faults', () => {
  const all = [fault('body'), fault('buttons[1].url'), fault('buttons[10].text'), fault('variables[body:1].example'), fault('category'), fault('somewhere')];
  it('are found by field, with what is inside it', () => {
    expect(faultsAt(all, 'buttons[1]')).toBe('about buttons[1].url');
    expect(faultsAt(all, 'variables[body:1]')).toBe('about variables[body:1].example');
    expect(faultsAt(all, 'footer')).toBe('');
  });
  it('that have no place are kept', () => expect(otherFaults(all).map((f) => f.field)).toEqual(['somewhere']));
});

describe('the text', () => {
  it('numbers the next variable', () => {
    expect(nextVariable('Hello')).toBe('{{1}}');
    expect(nextVariable('a {{1}} b {{2}}')).toBe('{{3}}');
  });
  it('is wrapped and put into', () => {
    expect(wrap('see you soon', 4, 7, '*')).toEqual({ text: 'see *you* soon', from: 5, to: 8 });
    expect(put('ab', 1, 'x').text).toBe('axb');
  });
});

describe('lists', () => {
  it('keep what was written about a variable that is still there', () => {
    expect(keptVariables([{ in: 'body', name: '1' }, { in: 'body', name: '2' }], [{ in: 'body', name: '2', example: 'x' }, { in: 'body', name: '9', example: 'y' }]))
      .toEqual([{ in: 'body', name: '1' }, { in: 'body', name: '2', example: 'x' }]);
  });
  it('move a button', () => expect(moved([{ type: 'URL' }, { type: 'FLOW' }], 1, -1).map((b) => b.type)).toEqual(['FLOW', 'URL']));
  it('gather the languages of a name', () => {
    expect(byName([{ name: 'a', l: 1 }, { name: 'b', l: 2 }, { name: 'a', l: 3 }]).map((g) => `${g.name}${g.items.length}`)).toEqual(['a2', 'b1']);
  });
});
