import { describe, expect, it } from 'vitest';
import { fillVariables, laterTimes, localValue, mentioned, mentionQuery } from './when';

describe('laterTimes', () => {
  const names = (at: Date) => laterTimes(at).map((x) => x.name);
  it('offers what is still ahead', () => {
    expect(names(new Date(2026, 4, 4, 10))).toEqual(['hour', 'evening', 'tomorrow', 'monday']);
    expect(names(new Date(2026, 4, 4, 17, 50))).toEqual(['hour', 'tomorrow', 'monday']);
  });
  it('means the next Monday, also on a Monday', () => {
    expect(laterTimes(new Date(2026, 4, 4, 10)).at(-1)?.at).toEqual(new Date(2026, 4, 11, 9));
    expect(laterTimes(new Date(2026, 4, 3, 10)).at(-1)?.at).toEqual(new Date(2026, 4, 4, 9));
  });
  it('writes a time as its field does', () => expect(localValue(new Date(2026, 0, 2, 3, 4))).toBe('2026-01-02T03:04'));
});

describe('fillVariables', () => {
  const known = { name: 'Ana Popescu', agent: 'Nora', brand: '' };
  it.each([
    ['Hi {{first_name}}, {{ agent }} here', 'Hi Ana, Nora here'],
    ['from {{brand}}', 'from {{brand}}'],
    ['{{other}}', '{{other}}'],
  ])('%s', (text, want) => expect(fillVariables(text, known)).toBe(want));
});

describe('mentions', () => {
  const members = [{ user_id: 1, name: 'Nora Weld', email: 'n@x' }, { user_id: 2, name: '', email: 'sam@x' }];
  it('are found by name, else by e-mail', () => {
    expect(mentioned('see @nora weld', members)).toEqual([1]);
    expect(mentioned('@sam@x please', members)).toEqual([2]);
    expect(mentioned('nora weld', members)).toEqual([]);
  });
  it('are looked for behind an @ that begins a word', () => {
    expect(mentionQuery('ask @no', 7)).toBe('no');
    expect(mentionQuery('ask @', 5)).toBe('');
    expect(mentionQuery('mail a@b', 8)).toBeUndefined();
    expect(mentionQuery('ask @nora now', 13)).toBeUndefined();
  });
});
