import { describe, expect, it } from 'vitest';
import { countryOf, unplaced } from './place';

describe('the country of a time zone', () => {
  it.each([['Europe/Rome', 'IT'], ['Europe/London', 'GB'], ['Europe/Paris', 'FR'], ['Europe/Bucharest', 'RO'], ['America/New_York', 'US'], ['Australia/Perth', 'AU'], ['UTC', ''], ['Mars/Olympus', '']])('%s is in “%s”', (zone, want) => expect(countryOf(zone)).toBe(want));
});

describe('a workspace that nobody has placed', () => {
  it.each([
    ['is asked about from elsewhere', { time_zone: 'Australia/Sydney', country: 'AU' }, 'Europe/Rome', true],
    ['also where only the zone is known', { time_zone: 'Australia/Sydney' }, 'Europe/Rome', true],
    ['not from Australia', { time_zone: 'Australia/Sydney', country: 'AU' }, 'Australia/Perth', false],
    ['not where the zone was set', { time_zone: 'Europe/Paris', country: 'AU' }, 'Europe/Rome', false],
    ['not where the country was', { time_zone: 'Australia/Sydney', country: 'NZ' }, 'Europe/Rome', false],
    ['not by a browser that does not tell', { time_zone: 'Australia/Sydney', country: 'AU' }, 'UTC', false],
  ])('%s', (_name, w, here, want) => expect(unplaced(w, here)).toBe(want));
});
