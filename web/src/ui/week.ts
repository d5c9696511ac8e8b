import type { OpeningHours } from '@/api/types';

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** "09:00-13:00, 14:00-17:00" as the parts of a day. */
export function partsOf(text: string): string[] {
  return text.split(/[,;]/).map((p) => p.trim().replace(/\s*[-–]\s*/, '-').replace(/\b(\d):/g, '0$1:')).filter(Boolean);
}

const part = /^([01]\d|2[0-3]):([0-5]\d)-(([01]\d|2[0-3]):([0-5]\d)|24:00)$/;

/** The first part of a day that is none, or that begins before the one before it ends; empty: all is well. */
export function wrongPart(parts: string[]): string {
  let until = '';
  for (const p of [...parts].sort()) {
    const [from = '', to = ''] = p.split('-');
    if (!part.test(p) || from >= to || from < until) return p;
    until = to;
  }
  return '';
}

/** Whether every day of the week can be kept. */
export function weekIsRight(hours: OpeningHours): boolean {
  return weekdays.every((d) => wrongPart(hours.week[d] ?? []) === '');
}

/** The name of the n-th day of the week, Monday first. */
export function weekdayName(n: number, language: string): string {
  return new Intl.DateTimeFormat(language, { timeZone: 'UTC', weekday: 'long' }).format(new Date(Date.UTC(2026, 10, 23 + n)));
}

/** Hours to begin with: working days, in the reader's zone. */
export const usualHours = (zone: string | undefined): OpeningHours => ({ time_zone: zone || Intl.DateTimeFormat().resolvedOptions().timeZone, week: Object.fromEntries(weekdays.map((d, i) => [d, i < 5 ? ['09:00-17:00'] : []])), closed: [] });
