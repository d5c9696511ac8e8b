import { afterEach, describe, expect, it } from 'vitest';
import type { Message } from '@/api/types';
import { drafts, entries, fate, matchQuick, nameOf, windowState } from './talk';

const message = (over: Partial<Message>): Message => ({
  id: 1, direction: 'out', author: 'member', member_name: 'Nora', type: 'text', text: 'x', harm: 0, unseen: false, detail: {}, reactions: [], receipt: '', receipt_error: '', at: '2026-05-04T10:00:00Z', edited_at: null, deleted_at: null, action: null, ...over,
});
const action = (state: string) => ({ id: 1, state, reason: 'quiet_hours', meaning: 'Waits for nine o’clock.' });

describe('nameOf', () => {
  const identity = (channel: 'instagram' | 'whatsapp', name: string, username: string) => ({ id: 1, channel, name, username, phone: '', join: null, parted: null });
  const contact = { id: 1, name: '', language: '', labels: [], erased: false, known: null };
  it.each([
    ['the contact’s own', { ...contact, name: 'Ana' }, [identity('instagram', 'Bea', '')], 'Ana'],
    ['the name on this network first', contact, [identity('instagram', 'ana p', ''), identity('whatsapp', 'Ana Popescu', '')], 'Ana Popescu'],
    ['a user name where there is no name', contact, [identity('instagram', '', 'anap'), identity('whatsapp', '', '')], '@anap'],
    ['nothing known', contact, [], ''],
  ])('%s', (_name, who, identities, want) => expect(nameOf({ contact: who, identities, channel: 'whatsapp' })).toBe(want));
});

describe('windowState', () => {
  const now = Date.parse('2026-05-04T12:00:00Z');
  const past = '2026-05-04T11:59:00Z';
  const soon = '2026-05-04T13:00:00Z';
  it.each([
    ['open', 'whatsapp', { open: true, until: soon, human_until: null }, 'open'],
    ['open on the server but over by the clock', 'whatsapp', { open: true, until: past, human_until: null }, 'shut'],
    ['a person may still answer', 'instagram', { open: false, until: past, human_until: soon }, 'human'],
    ['never so on WhatsApp', 'whatsapp', { open: false, until: past, human_until: soon }, 'shut'],
    ['all over', 'messenger', { open: false, until: past, human_until: past }, 'shut'],
    ['a comment thread has none', 'facebook', { open: false, until: null, human_until: null }, 'open'],
  ] as const)('%s', (_name, channel, care_window, want) => expect(windowState({ channel, care_window }, now).kind).toBe(want));
});

describe('entries', () => {
  it('marks new days and keeps turns of one author together', () => {
    const list = [
      message({ id: 1, at: '2026-05-03T10:00:00Z' }),
      message({ id: 2, at: '2026-05-04T10:00:00Z' }),
      message({ id: 3, at: '2026-05-04T10:01:00Z' }),
      message({ id: 4, at: '2026-05-04T10:30:00Z' }),
      message({ id: 5, at: '2026-05-04T10:31:00Z', author: 'bot' }),
    ];
    expect(entries(list).map((e) => (e.kind === 'day' ? 'day' : `${e.message.id}${e.follows ? '+' : ''}`))).toEqual(['day', '1', 'day', '2', '3+', '4', '5']);
  });
});

describe('fate', () => {
  it.each([
    ['received', { direction: 'in' as const, author: 'contact' as const }, 'none', ''],
    ['read', { receipt: 'read' as const }, 'read', ''],
    ['failed by the network', { receipt: 'failed' as const, receipt_error: '131026' }, 'failed', '131026'],
    ['held', { action: action('held') }, 'waiting', 'Waits for nine o’clock.'],
    ['refused', { action: action('refused') }, 'stopped', 'Waits for nine o’clock.'],
    ['done, no receipt yet', { action: action('done') }, 'sent', ''],
    ['outcome unknown', { action: action('unknown') }, 'waiting', 'Waits for nine o’clock.'],
  ])('%s', (_name, over, kind, why) => expect(fate(message(over))).toEqual({ kind, why }));
});

describe('matchQuick', () => {
  const reply = (shortcut: string, language: string) => ({ id: 1, shortcut, language, title: '', text: '', intents: [] });
  const all = [reply('hours', 'en'), reply('hours', 'it'), reply('hire', 'en'), reply('refund', 'en')];
  it('finds by the beginning, the customer’s language first', () => {
    expect(matchQuick('/h', all, 'it').map((r) => `${r.shortcut}-${r.language}`)).toEqual(['hours-it', 'hire-en', 'hours-en']);
    expect(matchQuick('/', all, 'en')).toHaveLength(4);
  });
  it('leaves ordinary text alone', () => {
    expect(matchQuick('hours', all, 'en')).toEqual([]);
    expect(matchQuick('see /hours', all, 'en')).toEqual([]);
    expect(matchQuick('/hours please', all, 'en')).toEqual([]);
  });
});

describe('drafts', () => {
  afterEach(() => localStorage.clear());
  it('are kept apart and go when they are emptied', () => {
    drafts.set(1, 'Ciao');
    drafts.set(2, 'Hello');
    expect([drafts.get(1), drafts.get(2), drafts.get(3)]).toEqual(['Ciao', 'Hello', '']);
    drafts.set(1, '');
    expect(drafts.get(1)).toBe('');
    expect(localStorage.length).toBe(1);
  });
});
