/** When windows open, as people say it; the API wants five cron fields. */
export interface Schedule { kind: 'always' | 'weekly' | 'cron'; days: number[]; time: string; minutes: number; cron: string }

export const always: Schedule = { kind: 'always', days: [], time: '09:00', minutes: 120, cron: '' };

/** Sunday is 0, as in cron; no day or all of them is every day. */
export function toCron(s: Schedule): string {
  if (s.kind === 'always') return '';
  if (s.kind === 'cron') return s.cron.trim();
  const [hour = '9', minute = '0'] = s.time.split(':');
  const days = s.days.length === 0 || s.days.length === 7 ? '*' : [...s.days].sort().join(',');
  return `${Number(minute)} ${Number(hour)} * * ${days}`;
}

export function fromCron(cron: string, minutes: number): Schedule {
  if (!cron) return always;
  const weekly = /^(\d{1,2}) (\d{1,2}) \* \* (\*|[0-6](?:,[0-6])*)$/.exec(cron.trim());
  if (!weekly) return { ...always, kind: 'cron', cron, minutes };
  const [, minute = '0', hour = '0', days = '*'] = weekly;
  return { kind: 'weekly', days: days === '*' ? [] : days.split(',').map(Number), time: `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`, minutes, cron: '' };
}

/** "2026-05-04T09:30", the clock on the workspace's wall, for a datetime field. */
export function toWall(at: string | null, zone: string): string {
  if (!at) return '';
  const p = Object.fromEntries(new Intl.DateTimeFormat('en-GB', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).formatToParts(new Date(at)).map((x) => [x.type, x.value]));
  return `${p['year']}-${p['month']}-${p['day']}T${p['hour']}:${p['minute']}`;
}

/** The instant at which the workspace's clock shows what stands in a datetime field. */
export function fromWall(field: string, zone: string): string | null {
  if (!field) return null;
  const wanted = Date.parse(`${field}:00Z`);
  let at = wanted;
  for (let i = 0; i < 3; i++) at += wanted - Date.parse(`${toWall(new Date(at).toISOString(), zone)}:00Z`);
  return new Date(at).toISOString();
}
