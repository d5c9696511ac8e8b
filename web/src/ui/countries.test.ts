import { describe, expect, it } from 'vitest';
import { countries, countryName } from './format';

describe('countries to choose from', () => {
  it('are all that have a name, each once, in the order of the reader’s language', () => {
    const list = countries('it');
    const named = (code: string) => list.find((c) => c.value === code)?.label;
    expect([named('AU'), named('IT'), named('RO'), named('DE')]).toEqual(['Australia', 'Italia', 'Romania', 'Germania']);
    expect(list.length).toBeGreaterThan(230);
    expect(list.length).toBeLessThan(260);
    expect(['EU', 'UN', 'ZZ', 'XA', 'QQ'].filter((code) => named(code))).toEqual([]);
    expect(new Set(list.map((c) => c.label)).size).toBe(list.length);
    expect([...list].sort((a, b) => a.label.localeCompare(b.label, 'it'))).toEqual(list);
  });

  it('are named by their code where nobody knows them, and what is no code stays as it is', () => {
    expect(countryName('RO', 'fr')).toBe('Roumanie');
    expect(countryName('', 'fr')).toBe('');
    expect(countryName('Neverland', 'fr')).toBe('Neverland');
  });
});
