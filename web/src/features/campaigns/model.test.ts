import { describe, expect, it } from 'vitest';
import type { Trigger } from '@/api/types';
import { faults, newDraft, toDraft, toInput, type Draft } from './model';

const stored: Trigger = {
  revision: 1, id: 1, name: 'Sunrise', state: 'live', priority: 3, sources: ['comment'], keywords: [{ language: 'en', words: ['sunrise'], phrases: ['more info'], not: ['refund'] }], intents: ['price'], account_ids: [], post_ids: [4], starts_at: '2026-05-04T09:00:00.000Z', ends_at: null,
  public_replies: { en: ['Sent!', 'Look in your messages'] }, private_reply: { en: 'Here: {{link}}', it: 'Ecco: {{link}}' }, handoff_account_id: 3, valid_minutes: 600, purpose: 'promotional', hashtags: ['surf'], recurrence: '30 18 * * 1,5', duration_minutes: 90, once: 'period', delay_seconds: 30, jitter_seconds: 60, per_hour: 20, per_day: 100, campaign_id: 4, campaign: 'Spring', runs: { matched: 0, replied: 0, private_replied: 0, handed_off: 0, joined: 0 },
  funnel: { matched: 0, public_reply: 0, private_reply: 0, invited: 0, started: 0, qualified: 0, opted_in: 0, goal: 0, goal_value_micros: 0, goal_currency: '', refused: 0 },
};

describe('a trigger', () => {
  it('comes out of the form as it went in', () => {
    const { name, priority, sources, keywords, intents, account_ids, post_ids, starts_at, ends_at, public_replies, private_reply, handoff_account_id, valid_minutes, hashtags, recurrence, duration_minutes, once, delay_seconds, jitter_seconds, per_hour, per_day, campaign_id } = stored;
    expect(toInput(toDraft(stored, 'Australia/Sydney'))).toEqual({ hashtags, recurrence, duration_minutes, once, delay_seconds, jitter_seconds, per_hour, per_day, campaign_id, name, priority, sources, keywords, intents, account_ids, post_ids, starts_at, ends_at, public_replies, private_reply, handoff_account_id, valid_minutes });
  });

  it('keeps words of any language, languages we do not list, and several sets of one language', () => {
    const input = toInput(toDraft({ ...stored, keywords: [{ language: '', words: ['info'], phrases: [], not: [] }, { language: 'nl', words: ['prijs'], phrases: [], not: [] }, { language: 'nl', words: ['kosten'], phrases: [], not: ['gratis'] }], private_reply: { nl: 'Hier: {{link}}' }, public_replies: {} }, 'UTC'));
    expect(input.keywords).toEqual([{ language: '', words: ['info'], phrases: [], not: [] }, { language: 'nl', words: ['prijs', 'kosten'], phrases: [], not: ['gratis'] }]);
    expect(input.private_reply).toEqual({ nl: 'Hier: {{link}}' });
  });

  it('survives lists that the server left out', () => {
    const bare = { ...stored, keywords: null, intents: null, public_replies: null, private_reply: null, account_ids: null, post_ids: null } as unknown as Trigger;
    expect(toInput(toDraft(bare, 'UTC')).keywords).toEqual([]);
  });
});

it('keeps a forbidden word that stands beside an intent alone', () => {
  const input = toInput({ ...newDraft('en', 'UTC'), intents: ['price'], by: { en: { words: [], not: ['joke'], replies: 'Thanks', private: '' } } });
  expect(input.keywords).toEqual([{ language: 'en', words: [], phrases: [], not: ['joke'] }]);
});

describe('faults', () => {
  const good: Draft = { ...newDraft('en', 'UTC'), name: 'X', handoff_account_id: 1, by: { en: { words: ['info'], not: [], replies: '', private: 'Here {{link}}' } } };
  it.each([
    ['nothing missing', {}, []],
    ['an empty form', newDraft('en', 'UTC'), ['name', 'words', 'replies']],
    ['an intent instead of words', { by: { en: { words: [], not: [], replies: 'Thanks', private: '{{link}}' } }, intents: ['price'] }, []],
    ['only a forbidden word', { by: { en: { words: [], not: ['refund'], replies: 'Thanks', private: '{{link}}' } } }, ['words']],
    ['stories and mentions, whatever they say', { sources: ['mention', 'story_reply'], by: { en: { words: [], not: ['refund'], replies: '', private: '{{link}}' } } }, []],
    ['an end before the start', { starts_at: '2026-05-04T10:00', ends_at: '2026-05-04T09:00' }, ['period']],
    ['a number but no place for its link', { by: { en: { words: ['info'], not: [], replies: '', private: 'Hello' } } }, ['link']],
    ['nothing to listen to', { sources: [] }, ['sources']],
    ['a delay beyond its validity', { delay_seconds: 7200, valid_minutes: 60 }, ['delay']],
    ['a link but no number', { handoff_account_id: null }, ['account']],
  ] as [string, Partial<Draft>, string[]][])('%s', (_name, over, want) => expect(faults({ ...good, ...over })).toEqual(want));
});
