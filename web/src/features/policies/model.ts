import type { PolicyLine, Rule } from '@/api/types';

export const categories = ['hate', 'harassment', 'sexual', 'violence', 'self_harm', 'profanity', 'personal_data', 'spam', 'scam', 'impersonation', 'self_promotion'] as const;
export const subjects = ['any', 'harm', ...categories] as const; // spam names its category and its group
export const languages = ['en', 'it', 'fr', 'ro', 'es', 'de', 'pt', 'other', 'unknown'] as const;
export const forComments = ['allow', 'review', 'hide', 'delete'] as const;
export const forMessages = ['allow', 'review', 'spam', 'block'] as const;

/** A line of the table with what an unfinished one lacks; undefined: nothing. */
export function lineFault(l: PolicyLine): 'decides_nothing' | 'self_harm' | 'from' | undefined {
  if (!l.comment && !l.message) return 'decides_nothing';
  if (l.category === 'self_harm' && ((l.comment && l.comment !== 'review') || (l.message && l.message !== 'review'))) return 'self_harm';
  if ((l.from ?? 0) < 0 || (l.from ?? 0) > 1) return 'from';
  return undefined;
}

/** Moves one of a list by one place. */
export function moved<T>(list: readonly T[], at: number, by: 1 | -1): T[] {
  const out = [...list];
  const to = at + by;
  const one = out[at];
  const other = out[to];
  if (one === undefined || other === undefined) return out;
  out[at] = other;
  out[to] = one;
  return out;
}

/** What the form holds of a rule; the rest of its conditions is JSON beside it. */
export interface RuleForm { name: string; text: string; category: string; decision: string; words: string; exact: boolean; pattern: string; domains: string; otherDomains: string; links: string; mentions: string; emoji: string; phone: boolean; email: boolean; languages: string[]; rest: string }

const formed = ['name', 'text', 'category', 'decision', 'words', 'exact', 'pattern', 'domains', 'other_domains', 'links', 'mentions', 'emoji', 'phone', 'email', 'languages'];
const dropped = ['shipped', 'off'];

export const emptyRule: RuleForm = { name: '', text: '', category: 'spam', decision: 'review', words: '', exact: false, pattern: '', domains: '', otherDomains: '', links: '', mentions: '', emoji: '', phone: false, email: false, languages: [], rest: '' };

export function toForm(r: Rule): RuleForm {
  const rest = Object.fromEntries(Object.entries(r).filter(([k]) => !formed.includes(k) && !dropped.includes(k)));
  const count = (n: number | undefined) => (n === undefined ? '' : String(n));
  return {
    name: r.name, text: r.text, category: r.category ?? '', decision: r.decision, words: (r.words ?? []).join('\n'), exact: r.exact ?? false, pattern: r.pattern ?? '',
    domains: (r.domains ?? []).join('\n'), otherDomains: (r.other_domains ?? []).join('\n'), links: count(r.links), mentions: count(r.mentions), emoji: count(r.emoji),
    phone: r.phone ?? false, email: r.email ?? false, languages: r.languages ?? [], rest: Object.keys(rest).length ? JSON.stringify(rest, null, 2) : '',
  };
}

const lines = (text: string) => text.split('\n').map((l) => l.trim()).filter(Boolean);

/** The rule that the form describes; 'rest' where the JSON beside it cannot be read. */
export function toRule(f: RuleForm): Rule | 'rest' {
  let rest: Record<string, unknown> = {};
  if (f.rest.trim()) {
    try {
      const read: unknown = JSON.parse(f.rest);
      if (typeof read !== 'object' || read === null || Array.isArray(read)) return 'rest';
      rest = Object.fromEntries(Object.entries(read).filter(([k]) => !formed.includes(k) && !dropped.includes(k)));
    } catch {
      return 'rest';
    }
  }
  const count = (name: string, text: string) => (text.trim() === '' || !Number.isInteger(Number(text)) ? {} : { [name]: Number(text) });
  const list = (name: string, values: string[]) => (values.length ? { [name]: values } : {});
  return {
    ...rest, name: f.name.trim(), text: f.text.trim(), ...(f.category ? { category: f.category } : {}), decision: f.decision,
    ...list('words', lines(f.words)), ...(f.exact ? { exact: true } : {}), ...(f.pattern.trim() ? { pattern: f.pattern.trim() } : {}), ...list('domains', lines(f.domains)), ...list('other_domains', lines(f.otherDomains)),
    ...count('links', f.links), ...count('mentions', f.mentions), ...count('emoji', f.emoji), ...(f.phone ? { phone: true } : {}), ...(f.email ? { email: true } : {}), ...list('languages', f.languages),
  };
}

export interface DiffLine { kind: 'same' | 'out' | 'in'; text: string }

const rows = (v: unknown) => JSON.stringify(v, (_k, x: unknown) => (typeof x === 'object' && x !== null && !Array.isArray(x) ? Object.fromEntries(Object.entries(x).sort(([a], [b]) => a.localeCompare(b))) : x), 2).split('\n');

/** What changes between two documents, line by line, by their longest common part. */
export function diff(before: unknown, after: unknown, most = 3000): DiffLine[] {
  const a = rows(before ?? {}).slice(0, most);
  const b = rows(after ?? {}).slice(0, most);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const x = a.slice(head, a.length - tail);
  const y = b.slice(head, b.length - tail);
  const out: DiffLine[] = a.slice(0, head).map((text) => ({ kind: 'same', text }));
  out.push(...middle(x, y));
  out.push(...a.slice(a.length - tail).map((text): DiffLine => ({ kind: 'same', text })));
  return out;
}

function middle(x: string[], y: string[]): DiffLine[] {
  if (x.length * y.length > 1_000_000) return [...x.map((text): DiffLine => ({ kind: 'out', text })), ...y.map((text): DiffLine => ({ kind: 'in', text }))];
  const width = y.length + 1;
  const best = new Uint32Array((x.length + 1) * width);
  for (let i = x.length - 1; i >= 0; i--) for (let j = y.length - 1; j >= 0; j--) best[i * width + j] = x[i] === y[j] ? (best[(i + 1) * width + j + 1] ?? 0) + 1 : Math.max(best[(i + 1) * width + j] ?? 0, best[i * width + j + 1] ?? 0);
  const out: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < x.length || j < y.length) {
    const left = x[i];
    const right = y[j];
    if (left !== undefined && left === right) { out.push({ kind: 'same', text: left }); i++; j++; } else if (right === undefined || (left !== undefined && (best[(i + 1) * width + j] ?? 0) >= (best[i * width + j + 1] ?? 0))) { out.push({ kind: 'out', text: left ?? '' }); i++; } else { out.push({ kind: 'in', text: right }); j++; }
  }
  return out;
}

/** Leaves out what does not change, but for some lines around what does. */
export function folded(list: readonly DiffLine[], around = 3): (DiffLine | { kind: 'gap'; text: string })[] {
  const near = new Set<number>();
  list.forEach((l, i) => { if (l.kind !== 'same') for (let k = i - around; k <= i + around; k++) near.add(k); });
  const out: (DiffLine | { kind: 'gap'; text: string })[] = [];
  let gap = 0;
  list.forEach((l, i) => {
    if (near.has(i)) { if (gap > 0) out.push({ kind: 'gap', text: String(gap) }); gap = 0; out.push(l); } else gap++;
  });
  if (gap > 0) out.push({ kind: 'gap', text: String(gap) });
  return out;
}
