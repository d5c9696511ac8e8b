import { dateTime, duration, regional } from '@/ui/format';
import { codeText, i18n } from '.';

/** One statement of a sentence that the server made: its code, the values in it, and the same in English. */
export interface Statement {
  code: string;
  values: Record<string, string>;
  within?: Record<string, Statement[]> | undefined;
  join?: string | undefined;
  text: string;
}

/** A sentence of the server in the reader's language. What has no code – words of a person, a model or a network – stands as it is. */
export function stated(statements: readonly Statement[] | null | undefined, english: string): string {
  if (i18n.language === 'en' || !statements?.some((s) => known(s.code))) return inPercent(statements, english);
  return inOwn(statements);
}

/** The English of the server has scores as it reckons with them; everywhere else on the screen they are per cent. */
function inPercent(statements: readonly Statement[] | null | undefined, english: string): string {
  return (statements ?? []).reduce((out, s) => {
    const inner = Object.values(s.within ?? {}).reduce((text, w) => inPercent(w, text), out);
    return Object.entries(s.values).reduce((text, [name, v]) => (shares.has(name) && /^[01]\.\d+$/.test(v) ? text.replaceAll(new RegExp(`(^|[^\\d.])${v.replace('.', '\\.')}(?![\\d.]*\\d)`, 'g'), `$1${share(v)}`) : text), inner);
  }, english);
}

/** A score as it is shown beside its bar. */
const share = (text: string): string => new Intl.NumberFormat(i18n.language, { style: 'percent', maximumFractionDigits: Math.max(0, (text.split('.')[1] ?? '').length - 2) }).format(Number(text));

const known = (code: string): boolean => i18n.exists(code, { ns: 'said', lng: i18n.language, fallbackLng: [] }) || i18n.exists(code, { ns: 'said', lng: i18n.language, fallbackLng: [], count: 1 });

function inOwn(statements: readonly Statement[]): string {
  let out = '';
  statements.forEach((s, i) => {
    const join = i < statements.length - 1 ? s.join : '';
    out += one(s) + (join ? `${i18n.language === 'fr' ? (join === ':' ? '\u00a0' : '\u202f') : ''}${join} ` : '');
  });
  return out.trim();
}

function one(s: Statement): string {
  if (!known(s.code)) return s.text;
  const count = Number(s.values['count']);
  const text = i18n.t(s.code, { ns: 'said', fallbackLng: [], skipInterpolation: true, ...(Number.isFinite(count) ? { count } : {}) });
  // Not by the library: a sentence may hold {{…}} of its own, where it speaks of variables.
  return text.replace(/\{\{([a-z]+)\}\}/g, (whole, name: string) => (s.values[name] === undefined ? whole : value(name, s.values[name], s.within?.[name])));
}

/** The values that are codes of ours have words of their own. */
const coded: Record<string, string> = { decision: 'decision', intent: 'intent', category: 'category', state: 'comment_state' };
const units: Record<string, string> = { seconds: 'second', minutes: 'minute', hours: 'hour', days: 'day', months: 'month', years: 'year' };
const lengths = new Set(['wait', 'age', 'time']);
const numbers = new Set(['count', 'number', 'most', 'least', 'bytes']);
const shares = new Set(['score', 'limit', 'harm', 'spam', 'from']);

function value(name: string, text: string, within: Statement[] | undefined): string {
  if (within) return inOwn(within);
  const group = coded[name];
  if (group !== undefined) return codeText(group, text.replaceAll(' ', '_'));
  const n = text === '' ? NaN : Number(text);
  if (Number.isFinite(n)) {
    if (units[name] !== undefined) return new Intl.NumberFormat(i18n.language, { style: 'unit', unit: units[name], unitDisplay: 'long' }).format(n);
    if (numbers.has(name)) return new Intl.NumberFormat(i18n.language).format(n);
    if (shares.has(name)) return share(text);
  }
  if (lengths.has(name)) return length(text) ?? text;
  return instant(text) ?? text;
}

/** A span as the server writes it (26h0m0s), in words. */
function length(text: string): string | undefined {
  const m = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)(?:\.\d+)?s)?$/.exec(text);
  return m && text !== '' ? duration(3600 * Number(m[1] ?? 0) + 60 * Number(m[2] ?? 0) + Number(m[3] ?? 0), i18n.language) : undefined;
}

/** A day or a time as the server writes it, as the reader's language does. */
function instant(text: string): string | undefined {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return new Intl.DateTimeFormat(regional(i18n.language), { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(text));
  return /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(text) ? dateTime(text, i18n.language) : undefined;
}
