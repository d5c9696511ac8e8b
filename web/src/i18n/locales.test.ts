import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { codeText, i18n, openWords, pickLanguage, sections, switchTo } from '.';

type Tree = { [key: string]: string | Tree };

function flat(tree: Tree, prefix = ''): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') out.set(prefix + key, value);
    else for (const [k, v] of flat(value, `${prefix}${key}.`)) out.set(k, v);
  }
  return out;
}

const read = (part: string, language: string) => flat(JSON.parse(readFileSync(`src/i18n/${part}/${language}.json`, 'utf8')) as Tree);
const worded = sections.filter((s) => !s.startsWith('said')); // statements of the server: sentences_test.go
const parts = ['locales', ...worded];
const spoken = (language: string) => new Map(parts.flatMap((part) => [...read(part, language)]));
const plural = /_(zero|one|two|few|many|other)$/;
const base = (keys: Iterable<string>) => new Set([...keys].map((k) => k.replace(plural, '')));
const english = spoken('en');

describe.each(['it', 'fr', 'ro'])('%s', (language) => {
  const other = spoken(language);

  it.each(parts)('has a text for every English one of %s, and no other', (part) => {
    expect([...base(read(part, language).keys())].sort()).toEqual([...base(read(part, 'en').keys())].sort());
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

/** Each text, with what is code in it – places of values, addresses, JSON – taken out. */
const prose = (language: string) => [...sections, 'locales'].flatMap((part) => [...read(part, language)]).map(([key, text]) => [key, text.replace(/\{\{.*?\}\}|\{"[^}]*\}|https?:\/\/\S*|"[^"]*"(?:: \d)?|\d\d?:\d\d/g, 'X')] as const);

describe('typography', () => {
  it('French sets a narrow no-break space before ; ! ?, a no-break space before : and inside « »', () => {
    expect(prose('fr').filter(([, text]) => /(^|[^\u202f])[;!?]/.test(text) || /[^\u00a0]:/.test(text) || /«[^\u00a0]|[^\u00a0]»|[ \u202f]%/.test(text))).toEqual([]);
  });

  it('Romanian has ș and ț with a comma below, and speaks to one person as it does to all others', () => {
    expect(prose('ro').filter(([, text]) => /[şţŞŢ]|dumneavoastr|[Îî]ncercați|[Vv]erificați|[Aa]șteptați|[Rr]econectați/.test(text))).toEqual([]);
  });

  it.each([['it', /[“”]|[a-zà-ù]'[a-zà-ùA-Z]/], ['fr', /[“”]|[a-zà-ù]'[a-zà-ùA-Z]/], ['ro', /[“«»]/]] as const)('%s has its own quotation marks and apostrophes', (language, foreign) => {
    expect(prose(language).filter(([, text]) => foreign.test(text))).toEqual([]);
  });
});

const source = resolve('src');

/** The file that an import names, where it is one of ours. */
function found(from: string, name: string): string | undefined {
  const path = name.startsWith('@/') ? join(source, name.slice(2)) : name.startsWith('.') ? resolve(dirname(from), name) : '';
  return path === '' ? undefined : [path, `${path}.ts`, `${path}.tsx`, `${path}/index.ts`, `${path}/index.tsx`].find((p) => /\.tsx?$/.test(p) && existsSync(p));
}

/** A file and all that it loads, at once or later. */
function closure(file: string, skip: (file: string) => boolean = () => false, seen = new Set<string>()): Set<string> {
  if (seen.has(file) || skip(file)) return seen;
  seen.add(file);
  for (const m of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'([^']+)'/g)) {
    const next = found(file, m[1] ?? '');
    if (next) closure(next, skip, seen);
  }
  return seen;
}

const text = (files: Iterable<string>) => [...files].map((f) => readFileSync(f, 'utf8')).join('\n');

/** Says of a key whether this code names it, its family or its group. */
function names(code: string): (key: string) => boolean {
  const whole = new Set([...code.matchAll(/['"`]([a-z_0-9]+(?:\.[\w-]+)+)['"`]/g)].map((m) => m[1] ?? ''));
  const families = [...new Set([...code.matchAll(/[`'"]([a-z_]+(?:\.[a-z_]+)*)\.\$\{/g)].map((m) => `${m[1] ?? ''}.`))];
  const groups = new Set([...code.matchAll(/(?:codeText|sentence)\('([a-z_]+)'/g)].map((m) => m[1] ?? ''));
  return (key) => whole.has(key) || groups.has(key.split('.')[0] ?? '') || families.some((f) => key.startsWith(f));
}

const shell = closure(join(source, 'main.tsx'), (f) => /\/features\/(?!session\/)/.test(f));
const routes = [...readFileSync('src/app/router.tsx', 'utf8').matchAll(/screen\(\(\) => import\('@\/features\/([\w/-]+)'\)((?:, '\w+')*)\)/g)]
  .map((m) => ({ path: m[1] ?? '', words: [...(m[2] ?? '').matchAll(/'(\w+)'/g)].map((w) => w[1] ?? '') }));
const everything = text([...shell, ...routes.flatMap((r) => [...closure(found(join(source, 'x'), `@/features/${r.path}`) ?? '')])]);

describe('texts named in the code', () => {
  const known = base(english.keys());

  it('all exist', () => {
    const named = [...everything.matchAll(/\bt\(\s*'([a-z_]+(?:\.[\w-]+)+)'/g)].map((m) => m[1] ?? '');
    expect(named.length).toBeGreaterThan(200);
    expect([...new Set(named)].filter((k) => !known.has(k))).toEqual([]);
  });

  it('exist for every choice written with a question mark', () => {
    const named = [...everything.matchAll(/\bt\([^'`\n]*\?\s*'([a-z_.]+)'\s*:\s*'([a-z_.]+)'/g)].flatMap((m) => [m[1] ?? '', m[2] ?? '']);
    expect(named.length).toBeGreaterThan(4);
    expect(named.filter((k) => !known.has(k))).toEqual([]);
  });

  it('are none of them left over', () => {
    const used = names(everything);
    expect([...known].filter((k) => !used(k))).toEqual([]);
  }, 30_000);

  it('stand in one place each', () => {
    const places = new Map<string, string[]>();
    for (const part of parts) for (const key of read(part, 'en').keys()) places.set(key, [...(places.get(key) ?? []), part]);
    expect([...places].filter(([, p]) => p.length > 1)).toEqual([]);
  });
});

describe('words come with what shows them', () => {
  const holder = new Map(worded.flatMap((part) => [...base(read(part, 'en').keys())].map((key) => [key, part] as const)));

  it('for the frame around every screen, all of them', () => {
    const used = names(text(shell));
    expect([...holder].filter(([key]) => used(key))).toEqual([]);
  });

  it('for every part there is a screen', () => {
    expect(routes.length).toBeGreaterThan(25);
    expect([...new Set(routes.flatMap((r) => r.words))].sort()).toEqual([...sections]);
  });

  it.each(routes)('for $path', ({ path, words }) => {
    const file = found(join(source, 'x'), `@/features/${path}`);
    expect(file, path).toBeDefined();
    const used = names(text(closure(file ?? '')));
    // A screen that shows a word of another part must bring that part, or the word belongs to all.
    expect([...holder].filter(([key, part]) => used(key) && !words.includes(part))).toEqual([]);
    expect(words.includes('said')).toBe([...closure(file ?? '')].some((f) => f.endsWith('i18n/said.ts')));
  }, 30_000);
});

describe('a language that is switched to', () => {
  it('brings the words of the screens that are open, and those of screens opened later', async () => {
    await openWords('links');
    await switchTo('it');
    expect(i18n.t('links.title')).toBe(read('links', 'it').get('links.title'));
    await openWords('leads');
    expect(i18n.t('leads.title')).toBe(read('leads', 'it').get('leads.title'));
    await switchTo('en');
    expect(i18n.t('leads.title')).toBe(read('leads', 'en').get('leads.title'));
  });
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

describe('one thing has one word', () => {
  const all = (language: string) => [...sections, 'locales'].flatMap((part) => [...read(part, language).values()]);

  it.each([
    ['it', /macchin/i, 'what decides by itself is “il sistema”'],
    ['ro', /rezerv(are|ăr|at)/i, 'a booking is “programare”'],
  ])('%s', (language, other) => expect(all(language).filter((text) => other.test(text))).toEqual([]));

  it.each([
    ['it', ['Criteri', 'Regole'], /\bregol|politic|\bpolicy/i],
    ['fr', ['Politique', 'Règles'], /\brègle/i],
    ['ro', ['Politici', 'Reguli'], /\bregul/i],
  ])('%s: policies and rules are two things', (language, names, rule) => {
    expect([read('locales', language).get('nav.policies'), read('policies', language).get('policies_tab.rules')]).toEqual(names);
    const ofPolicies = [...english].filter(([key, text]) => /polic(y|ies)/i.test(text) && !/rule/i.test(text) && key !== 'reason.policy_block').map(([key]) => spoken(language).get(key) ?? '');
    expect(ofPolicies.length).toBeGreaterThan(8);
    expect(ofPolicies.filter((text) => rule.test(text))).toEqual([]);
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

describe('counts', () => {
  afterAll(() => switchTo('en'));

  it.each([['en', '19,600 · 19600'], ['it', '19.600 · 19600'], ['fr', '19\u202f600 · 19600']] as const)('are grouped as in %s, ids are not', async (language, text) => {
    await switchTo(language);
    i18n.addResource(language, 'translation', 'test.rows', '{{count}} · {{id}}');
    expect(i18n.t('test.rows', { count: 19600, id: 19600 })).toBe(text);
  });
});
