import { regional } from '@/ui/format';

/** Days as a calendar shows them. A day is a date without a time; instants are put into it by a zone. */
export type Day = string; // 2026-11-24

export function clockOf(instant: string, zone: string): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' }).format(new Date(instant));
}

export function plus(day: Day, days: number): Day {
  const [y = 0, m = 1, d = 1] = day.split('-').map(Number);
  return new Date(Date.UTC(y, m - 1, d + days)).toISOString().slice(0, 10);
}

/** The Monday of a day's week. */
export function monday(day: Day): Day {
  return plus(day, -((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7));
}

export function named(day: Day, language: string, style: 'short' | 'long' = 'short'): string {
  return new Intl.DateTimeFormat(regional(language), { timeZone: 'UTC', weekday: style, day: 'numeric', month: style === 'long' ? 'long' : 'short' }).format(new Date(`${day}T00:00:00Z`));
}
