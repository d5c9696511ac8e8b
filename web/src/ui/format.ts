/** The reader's own region for a language, as the browser tells it: 17:05 for some, 5:05 pm for others. */
export function regional(language: string): string {
  return navigator.languages.find((l) => l.startsWith(`${language}-`)) ?? language;
}

const marks: Record<string, [string, string]> = { it: ['«', '»'], fr: ['«\u00a0', '\u00a0»'], ro: ['„', '”'] };

/** Somebody's words between the quotation marks of the reader's language. */
export function quoted(words: string, language: string): string {
  const [open, close] = marks[language] ?? ['“', '”'];
  return `${open}${words}${close}`;
}

/** "Status: open", with the space that French sets before a colon. */
export function labelled(label: string, value: string, language: string): string {
  return `${label}${language === 'fr' ? '\u00a0' : ''}: ${value}`;
}

/** "4 min ago", "yesterday": how long ago something was, in the reader's language. */
export function timeAgo(at: string, now: number, language: string): string {
  const seconds = Math.round((Date.parse(at) - now) / 1000);
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [['day', 86400], ['hour', 3600], ['minute', 60]];
  for (const [unit, size] of steps) if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit);
  return format.format(0, 'second');
}

/** A duration still to come or gone by, as the two largest parts: "3 h 12 min". */
export function duration(seconds: number, language: string): string {
  const total = Math.max(0, Math.floor(Math.abs(seconds)));
  const parts: [number, string][] = [
    [Math.floor(total / 86400), 'day'],
    [Math.floor((total % 86400) / 3600), 'hour'],
    [Math.floor((total % 3600) / 60), 'minute'],
    [total % 60, 'second'],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  const shown = first < 0 ? parts.slice(3) : parts.slice(first, first + (first >= 2 ? 1 : 2)).filter(([n]) => n > 0);
  return shown.map(([n, unit]) => new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(n)).join(' ');
}

export function dateTime(at: string, language: string, zone?: string): string {
  return new Intl.DateTimeFormat(regional(language), { dateStyle: 'medium', timeStyle: 'short', ...(zone ? { timeZone: zone } : {}) }).format(new Date(at));
}

export function clock(at: string, language: string): string {
  return new Intl.DateTimeFormat(regional(language), { timeStyle: 'short' }).format(new Date(at));
}

export function day(at: string, language: string): string {
  return new Intl.DateTimeFormat(regional(language), { weekday: 'short', day: 'numeric', month: 'short' }).format(new Date(at));
}

/** The date of an instant in a zone, as 2026-11-24. */
export function dayOf(instant: string | Date, zone?: string): string {
  return new Intl.DateTimeFormat('en-CA', { ...(zone ? { timeZone: zone } : {}), year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date(instant));
}

/** A date with its year and without a time. */
export function date(at: string, language: string): string {
  return new Intl.DateTimeFormat(regional(language), { dateStyle: 'medium' }).format(new Date(at));
}

export function percent(value: number, language: string): string {
  return new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 }).format(value);
}

/** Money in millionths of the workspace's unit. */
export function micros(value: number, language: string): string {
  return new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value / 1e6);
}

/** "3 kB": the size of something. */
export function bytes(n: number, language: string): string {
  const [value, unit] = n < 1000 ? [n, 'byte'] : n < 1e6 ? [n / 1e3, 'kilobyte'] : [n / 1e6, 'megabyte'];
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 }).format(value);
}

export function languageName(code: string, language: string): string {
  if (!code || code === 'unknown' || code === 'und') return '';
  try {
    return new Intl.DisplayNames([language], { type: 'language' }).of(code) ?? code;
  } catch {
    return code;
  }
}

export function countryName(code: string, language: string): string {
  if (!/^[A-Z]{2}$/.test(code)) return code;
  return new Intl.DisplayNames([language], { type: 'region' }).of(code) ?? code;
}

/** Codes of regions that are no countries: unions, test codes, islands that have no number of their own. */
const noCountries = new Set(['AC', 'CP', 'CQ', 'DG', 'EA', 'EU', 'EZ', 'IC', 'QO', 'TA', 'UN', 'XA', 'XB', 'ZZ']);

/** All countries by their names in the reader's language, as something to choose from. */
export function countries(language: string): { value: string; label: string }[] {
  const names = new Intl.DisplayNames([language], { type: 'region', fallback: 'none' });
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const codes = letters.flatMap((a) => letters.map((b) => a + b)).filter((code) => !noCountries.has(code) && new Intl.Locale(`und-${code}`).region === code); // not those of states that are gone
  return codes.map((value) => ({ value, label: names.of(value) ?? '' })).filter((c) => c.label).sort((x, y) => x.label.localeCompare(y.label, language));
}

/** Two letters for a round picture; the first letters of the first and the last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter((w) => /[\p{L}\p{N}]/u.test(w));
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((w) => (w ? [...w].find((c) => /[\p{L}\p{N}]/u.test(c)) : undefined));
  return letters.filter(Boolean).join('').toUpperCase() || '?';
}

/** "Firefox, Linux": what a person recognises in a browser's long description of itself. */
export function deviceName(agent: string): string {
  const find = (pairs: [RegExp, string][]) => pairs.find(([pattern]) => pattern.test(agent))?.[1];
  const browser = find([[/Edg\//, 'Edge'], [/Firefox\//, 'Firefox'], [/Chrom(e|ium)\/|HeadlessChrome/, 'Chrome'], [/Safari\//, 'Safari']]);
  const system = find([[/iPhone|iPad/, 'iOS'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Mac OS X/, 'macOS'], [/Linux/, 'Linux']]);
  return [browser, system].filter(Boolean).join(', ') || agent;
}

/** Splits what a person typed into words: by comma, semicolon or line. */
export function splitList(text: string): string[] {
  return [...new Set(text.split(/[,;\n]/).map((w) => w.trim()).filter(Boolean))];
}

/** A date without a time ("2026-12-25"), in the reader's words. */
export function dayName(date: string, language: string): string {
  const at = new Date(`${date}T00:00:00Z`);
  return Number.isNaN(at.getTime()) ? date : new Intl.DateTimeFormat(regional(language), { timeZone: 'UTC', weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }).format(at);
}
