/** The time zone of this browser. */
export function zoneHere(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];

/** The country to which a time zone belongs; empty where the browser does not know. */
export function countryOf(zone: string): string {
  const zonesOf = (region: string): readonly string[] => {
    const locale = new Intl.Locale('und', { region }) as Intl.Locale & { getTimeZones?: () => string[] | undefined; timeZones?: string[] };
    return (locale.region === region ? (locale.getTimeZones?.() ?? locale.timeZones) : undefined) ?? []; // those of states that are gone stand for others
  };
  for (const a of letters) for (const b of letters) if (zonesOf(a + b).includes(zone)) return a + b;
  return '';
}

/** Whether a workspace still has the place that every new one comes with, and this browser is elsewhere. */
export function unplaced(w: { time_zone: string; country?: string }, here: string): boolean {
  return w.time_zone === 'Australia/Sydney' && (w.country ?? 'AU') === 'AU' && here !== w.time_zone && here !== 'UTC' && countryOf(here) !== 'AU';
}
