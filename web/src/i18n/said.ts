import { codeText, i18n, phrases } from '.';

/**
 * What the server wrote down in English – why an event was settled so, what a rule is about – in the
 * reader's language. It is made of phrases, one in another or one after another; a sentence with a part
 * that has no translation stays English as a whole.
 */
export function said(english: string): string {
  const book = english && i18n.language !== 'en' ? bookOf(i18n.language) : undefined;
  return (book && inOwn(english, book)) ?? english;
}

interface Phrase { pattern: RegExp; names: string[]; own: string; weight: number }
interface Book { of: Record<string, string>; exact: Map<string, string>; patterns: Phrase[]; known: Map<string, string | undefined> }

const books = new Map<string, Book>();

function bookOf(language: string): Book | undefined {
  const of = phrases(language);
  const have = books.get(language);
  if (!of || have?.of === of) return have;
  const entries = Object.entries(of);
  const patterns = entries.filter(([english]) => english.includes('{{')).map(([english, own]) => ({ ...shape(english), own }));
  const book: Book = { of, exact: new Map(entries.filter(([english]) => !english.includes('{{'))), patterns: patterns.sort((a, b) => b.weight - a.weight), known: new Map() };
  books.set(language, book);
  return book;
}

/** A phrase as an expression: its fixed words as they are, its values as whatever stands there. The more is fixed, the earlier it is tried. */
function shape(english: string) {
  const names = [...english.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1] ?? '');
  const fixed = english.split(/\{\{\w+\}\}/);
  const value = (name: string | undefined) => (name === undefined ? '' : name.startsWith('rest') || name === 'why' || name === 'said' ? '(.+)' : name === 'name' || name === 'other' ? '([^»]+)' : '(.+?)');
  const source = fixed.map((part, i) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') + value(names[i])).join('');
  return { pattern: new RegExp(`^${source}$`, 's'), names, weight: fixed.join('').length };
}

/** The values that are codes of ours have words of their own. */
const coded: Record<string, string> = { decision: 'decision', intent: 'intent', category: 'category', state: 'comment_state' };

function inOwn(english: string, book: Book): string | undefined {
  const exact = book.exact.get(english);
  if (exact !== undefined) return exact;
  if (book.known.has(english)) return book.known.get(english);
  const own = byPattern(english, book) ?? inParts(english, book);
  if (book.known.size > 2000) book.known.clear();
  book.known.set(english, own);
  return own;
}

function byPattern(english: string, book: Book): string | undefined {
  for (const phrase of book.patterns) {
    const found = phrase.pattern.exec(english);
    if (!found) continue;
    const values = new Map(phrase.names.map((name, i) => [name, valueOf(name, found[i + 1] ?? '', book)]));
    if ([...values.values()].some((v) => v === undefined)) continue;
    return phrase.own.replace(/\{\{(\w+)\}\}/g, (_, name: string) => values.get(name) ?? '');
  }
  return undefined;
}

function valueOf(name: string, value: string, book: Book): string | undefined {
  if (name.startsWith('rest')) return inOwn(value, book);
  if (name === 'why') return inOwn(value, book) ?? value;
  return coded[name] ? codeText(coded[name], value.replaceAll(' ', '_')) : value;
}

const joins = ['; ', ': '] as const;

/** Several phrases, one after another. */
function inParts(english: string, book: Book): string | undefined {
  for (const join of joins) {
    for (let at = english.indexOf(join); at > 0; at = english.indexOf(join, at + 1)) {
      const first = inOwn(english.slice(0, at), book);
      const rest = first === undefined ? undefined : inOwn(english.slice(at + 2), book);
      if (rest !== undefined) return `${first}${i18n.language === 'fr' ? ' ' : ''}${join}${rest}`;
    }
  }
  return undefined;
}
