import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWords, switchTo, type Language } from '.';
import { said, shippedRule } from './said';
import type { Statement } from './statement';

const one = (code: string, values: Record<string, string> = {}, more: Partial<Statement> = {}): Statement => ({ code, values, text: code, ...more });

describe('said', () => {
  beforeAll(() => openWords('said'));
  afterAll(() => switchTo('en'));

  it('stays as it is in English, but for scores, which are per cent everywhere', () => {
    expect(said([one('known_already')], 'known already')).toBe('known already');
    expect(said([one('hidden', {}, { join: ':' }), one('model_sure_harm', { score: '0.93', limit: '0.70' })], 'hidden: the model is sure it is harmful (0.93, hides from 0.70), v0.930')).toBe('hidden: the model is sure it is harmful (93%, hides from 70%), v0.930');
  });

  const matched = [one('allowed', {}, { join: ';' }), one('matched', { trigger: 'Info; prices: all', why: 'intent price' }, { join: ':', within: { why: [one('why_intent', { intent: 'price' })] } }), one('planned_both')];
  it.each<[Language, Statement[], string]>([
    ['it', [], 'as it is'],
    ['it', [one('known_already')], 'già noto'],
    ['it', [one('hidden', {}, { join: ':' }), one('model_sure_spam', { score: '1.00', limit: '0.80' })], 'nascosto: il modello è certo che sia spam (100%, nasconde da 80%)'],
    ['it', matched, 'ammesso; «Info; prices: all» corrisponde (intenzione: Prezzo): risposta pubblica e risposta privata previste'],
    ['fr', [one('hidden', {}, { join: ':' }), one('other', {}, { text: 'a rule of ours' })], 'masqué\u00a0: a rule of ours'],
    ['it', [one('planned_public', {}, { join: ';' }), one('miss_window_missed', { window: '2026-05-02T10:00:00Z' })], 'risposta pubblica prevista; la sua finestra del 2 mag 2026, '],
    ['ro', [one('why_strikes', { count: '1', days: '30' })], '30 de zile'],
    ['ro', [one('why_strikes', { count: '23', days: '2' })], '23 de texte'],
    ['ro', [one('why_strikes', { count: '3', days: '2' })], '3 texte'],
    ['it', [one('planned_public_in', { wait: '26h5m0s' })], '1 giorno'],
  ])('%s: %j', async (language, statements, own) => {
    await switchTo(language);
    expect(said(statements, 'as it is')).toContain(own);
  });

  it('stays English where no statement has a code', async () => {
    await switchTo('it');
    expect(said([one('other', {}, { text: 'words of a person', join: ';' }), one('never_heard_of', {}, { text: 'x' })], 'words of a person; x')).toBe('words of a person; x');
    expect(said(undefined, 'x')).toBe('x');
  });

  it('knows the rules that came with the program by their names', async () => {
    await switchTo('it');
    expect(shippedRule({ name: 'sells_followers', text: 'sells followers or likes' })).toBe('vende follower o «mi piace»');
    expect(shippedRule({ name: 'ours', text: 'our words' })).toBe('our words');
  });
});
