import { describe, expect, it } from 'vitest';
import { dayOf } from '@/ui/format';
import { clockOf, monday, plus } from './days';

describe('days', () => {
  it('puts an instant into the day of its zone', () => {
    expect(dayOf('2026-11-24T23:30:00Z', 'Europe/Rome')).toBe('2026-11-25');
    expect(dayOf('2026-11-24T23:30:00Z', 'America/New_York')).toBe('2026-11-24');
    expect(clockOf('2026-03-29T01:00:00Z', 'Europe/Rome')).toBe('03:00');
  });
  it('walks over months and the days when clocks change', () => {
    expect(plus('2026-03-28', 1)).toBe('2026-03-29');
    expect(plus('2026-03-29', 1)).toBe('2026-03-30');
    expect(plus('2027-01-01', -1)).toBe('2026-12-31');
    expect(monday('2026-11-29')).toBe('2026-11-23');
    expect(monday('2026-11-23')).toBe('2026-11-23');
  });
});
