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

  it('stays English as a whole where one part has no words', async () => {
    await switchTo('it');
    expect(said('edited: something nobody wrote down')).toBe('edited: something nobody wrote down');
    expect(said('known already; something nobody wrote down')).toBe('known already; something nobody wrote down');
  });
});
