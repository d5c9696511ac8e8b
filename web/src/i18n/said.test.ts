import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { openWords, switchTo } from '.';
import { said } from './said';

const read = (language: string) => JSON.parse(readFileSync(`src/i18n/said/${language}.json`, 'utf8')) as Record<string, string>;
const names = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1]).sort();

describe('phrases of the server', () => {
  it.each(['it', 'fr', 'ro'])('are all there in %s, with their values', (language) => {
    const own = read(language);
    expect(Object.keys(own)).toEqual(Object.keys(read('it')));
    for (const [english, text] of Object.entries(own)) expect([english, names(text)]).toEqual([english, names(english)]);
  });
});

/** Sentences that the program writes down, as its sources have them. */
function written(): string[] {
  const source = (path: string) => readFileSync(`../${path}`, 'utf8');
  const reasons = [...source('ingest/reasons_list.go').matchAll(/^\w+ \| (.+)$/gm)].map((m) => m[1] ?? '');
  const verdicts = ['moderation/judge.go', 'moderation/decide.go', 'moderation/signals.go'].flatMap((path) => [...source(path).matchAll(/Text: (?:fmt\.Sprintf\()?"((?:[^"\\]|\\.)+)"/g)].map((m) => m[1] ?? ''));
  const failures = ['moderation/judge.go', 'asks/answer.go', 'asks/pictures.go', 'asks/signals.go'].flatMap((path) => [...source(path).matchAll(/(?:return|why =|Note:|WithoutLLM\(v,|why \+|Sprintf\() ?"((?:[a-z]|: )[^"]* [^"]*)"/g)].map((m) => (m[1] ?? '').replace(/^: /, ''))).filter((text) => !text.endsWith(' '));
  const webhooks = [...source('notify/send.go').matchAll(/"(the (?:address|endpoint|name|certificate)[^"]+)"/g)].map((m) => m[1] ?? '');
  const people = [...source('review/decide.go').matchAll(/"(a person (?:allowed|hid|wants) it[^"]*)"/g)].map((m) => m[1] ?? '');
  const rules = (JSON.parse(source('moderation/rules.json')) as { text: string }[]).map((r) => r.text);
  return [...reasons, ...verdicts, ...failures, ...webhooks, ...people, ...rules];
}

/** What may stand in the places of a sentence. */
const samples: Record<string, string> = { decision: 'hide', category: 'hate', state: 'hidden', why: 'word «info»', score: '0.91', limit: '0.80', action: 'hide', status: 'read' };

function filled(sentence: string): string {
  return sentence
    .replace(/\{(\w+)\}/g, (_, name: string) => samples[name] ?? '7')
    .replace(/(\bto|whether to) %s/g, '$1 hide').replace(/(?<=sees |policy: )%s/g, 'hate').replace(/(?<=waits for )%s/g, 'a person')
    .replace(/%%/g, '%').replace(/%(?:\.\d)?[dgfs]/g, '7');
}

/** Names alone, which read the same in every language. */
const same = new Set(['«7»', 'spam']);

describe('said', () => {
  afterAll(() => switchTo('en'));

  it('stays as it is in English', async () => {
    await openWords('said');
    expect(said('known already')).toBe('known already');
  });

  it.each([
    ['', ''],
    ['known already', 'già noto'],
    ['hidden: the model is sure it is spam (1.00, hides from 0.80)', 'nascosto: il modello è certo che sia spam (1.00, nasconde da 0.80)'],
    ['edited: for review: sells followers or likes', 'modificato: da rivedere: vende follower o «mi piace»'],
    ['allowed; «Info; prices: all» matched (intent price): public reply and private reply planned', 'ammesso; «Info; prices: all» corrisponde (intenzione: Prezzo): risposta pubblica e risposta privata previste'],
    ['allowed; no trigger matched: «A»: another post; «B»: none of its words or intents; and 2 more', 'ammesso; nessun trigger corrisponde: «A»: un altro post; «B»: nessuna delle sue parole o intenzioni; e altri 2'],
    ['history: judged hide, never acted on', 'storico: giudicato «Nascondi», senza seguito'],
    ['flow «Booking»: began «Booking»; asked «service»', 'flusso «Booking»: iniziato «Booking»; chiesto «service»'],
    ['handed to a person: wants to complain', 'passato a una persona: wants to complain'],
    ['the model says scam: promises “easy money”; do not trust it', 'il modello dice: Truffa: promises “easy money”; do not trust it'],
  ])('%s', async (english, own) => {
    await switchTo('it');
    expect(said(english)).toBe(own);
  });

  it.each(['it', 'fr', 'ro'] as const)('has words in %s for everything that the program writes down', async (language) => {
    await switchTo(language);
    const list = written();
    expect(list.length).toBeGreaterThan(300);
    expect(list.map(filled).filter((sentence) => said(sentence) === sentence && !same.has(sentence))).toEqual([]);
  });

  it('stays English as a whole where one part has no words', async () => {
    await switchTo('it');
    expect(said('edited: something nobody wrote down')).toBe('edited: something nobody wrote down');
    expect(said('known already; something nobody wrote down')).toBe('known already; something nobody wrote down');
  });
});
