import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeText, pickLanguage } from '.';
import auditEn from './audit/en.json';
import auditFr from './audit/fr.json';
import auditIt from './audit/it.json';
import auditRo from './audit/ro.json';
import doctorEn from './doctor/en.json';
import doctorIt from './doctor/it.json';
import doctorFr from './doctor/fr.json';
import doctorRo from './doctor/ro.json';
import figuresEn from './figures/en.json';
import figuresIt from './figures/it.json';
import figuresFr from './figures/fr.json';
import figuresRo from './figures/ro.json';
import webhooksEn from './webhooks/en.json';
import webhooksIt from './webhooks/it.json';
import webhooksFr from './webhooks/fr.json';
import webhooksRo from './webhooks/ro.json';
import en from './locales/en.json';
import fr from './locales/fr.json';
import ital from './locales/it.json';
import ro from './locales/ro.json';

type Tree = { [key: string]: string | Tree };

function flat(tree: Tree, prefix = ''): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') out.set(prefix + key, value);
    else for (const [k, v] of flat(value, `${prefix}${key}.`)) out.set(k, v);
  }
  return out;
}

const plural = /_(zero|one|two|few|many|other)$/;
const base = (keys: Iterable<string>) => new Set([...keys].map((k) => k.replace(plural, '')));
const english = flat({ ...en, ...auditEn, ...doctorEn, ...figuresEn, ...webhooksEn });

describe.each([['it', flat({ ...ital, ...auditIt, ...doctorIt, ...figuresIt, ...webhooksIt })], ['fr', flat({ ...fr, ...auditFr, ...doctorFr, ...figuresFr, ...webhooksFr })], ['ro', flat({ ...ro, ...auditRo, ...doctorRo, ...figuresRo, ...webhooksRo })]] as const)('%s', (language, other) => {
  it('has a text for every English one, and no other', () => {
    expect([...base(other.keys())].sort()).toEqual([...base(english.keys())].sort());
  });

  it('keeps the placeholders', () => {
    const names = (text: string) => [...new Set([...text.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1]))].sort();
    for (const [key, text] of other) expect([key, names(text)]).toEqual([key, names(english.get(key) ?? english.get(key.replace(plural, '_other')) ?? '')]);
  });

  it('has every plural form that its grammar asks for', () => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories.filter((f) => f !== 'many');
    const counted = new Set([...other.keys()].filter((k) => plural.test(k)).map((k) => k.replace(plural, '')).filter((k) => english.has(`${k}_other`)));
    expect(counted.size).toBeGreaterThan(0);
    for (const key of counted) for (const form of forms) expect(other.has(`${key}_${form}`), `${key}_${form}`).toBe(true);
  });
});

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((e) => {
    const path = join(folder, e.name);
    if (e.isDirectory()) return sources(path);
    return /\.tsx?$/.test(e.name) && !/\.test\./.test(e.name) ? [readFileSync(path, 'utf8')] : [];
  });
}

describe('texts named in the code', () => {
  const code = sources('src').join('\n');
  const known = base(english.keys());

  it('all exist', () => {
    const named = [...code.matchAll(/\bt\(\s*'([a-z_]+(?:\.[\w-]+)+)'/g)].map((m) => m[1] ?? '');
    expect(named.length).toBeGreaterThan(200);
    expect([...new Set(named)].filter((k) => !known.has(k))).toEqual([]);
  });

  it('exist for every choice written with a question mark', () => {
    const named = [...code.matchAll(/\bt\([^'`\n]*\?\s*'([a-z_.]+)'\s*:\s*'([a-z_.]+)'/g)].flatMap((m) => [m[1] ?? '', m[2] ?? '']);
    expect(named.length).toBeGreaterThan(4);
    expect(named.filter((k) => !known.has(k))).toEqual([]);
  });

  it('are none of them left over', () => {
    const families = new Set([...code.matchAll(/[`'"]([a-z_]+(?:\.[a-z_]+)*)\.\$\{/g)].map((m) => m[1] ?? ''));
    const groups = new Set([...code.matchAll(/(?:codeText|sentence)\('([a-z_]+)'/g)].map((m) => m[1] ?? ''));
    const unused = [...known].filter((k) => {
      if (code.includes(`'${k}'`)) return false;
      if (groups.has(k.split('.')[0] ?? '')) return false;
      return ![...families].some((f) => k.startsWith(`${f}.`));
    });
    expect(unused).toEqual([]);
  }, 30_000);
});

describe('pickLanguage', () => {
  it.each([
    ['a choice made here wins', 'ro', 'it', ['fr-FR'], 'ro'],
    ['then the member’s own', null, 'it', ['fr-FR'], 'it'],
    ['then the browser’s', null, undefined, ['de-DE', 'fr-FR'], 'fr'],
    ['then English', null, '', ['de-DE'], 'en'],
    ['an unknown choice counts for nothing', 'xx', undefined, [], 'en'],
  ] as const)('%s', (_name, stored, member, browser, want) => {
    expect(pickLanguage(stored, member, browser)).toBe(want);
  });
});

describe('codeText', () => {
  it('names a known code and makes an unknown one readable', () => {
    expect(codeText('intent', 'price')).toBe('Price');
    expect(codeText('action', 'comment.hide')).toBe('Hiding');
    expect(codeText('intent', 'lost_and_found')).toBe('lost and found');
    expect(codeText('intent', '')).toBe('');
  });
});
