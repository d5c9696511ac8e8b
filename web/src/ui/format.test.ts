import { describe, expect, it } from 'vitest';
import { deviceName, duration, initials, labelled, languageName, micros, quoted, splitList, timeAgo } from './format';

const now = Date.parse('2026-05-04T12:00:00Z');
const before = (seconds: number) => new Date(now - seconds * 1000).toISOString();

describe('timeAgo', () => {
  it.each([
    [20, 'en', 'now'],
    [240, 'en', '4 min. ago'],
    [3 * 3600 + 60, 'en', '3 hr. ago'],
    [26 * 3600, 'en', 'yesterday'],
    [240, 'it', '4 min fa'],
    [240, 'ro', 'acum 4 min.'],
  ])('%d seconds in %s', (seconds, language, want) => expect(timeAgo(before(seconds), now, language)).toBe(want));
});

describe('duration', () => {
  it.each([
    [0, '0 sec'],
    [59, '59 sec'],
    [61, '1 min'],
    [3 * 3600 + 12 * 60, '3 hr 12 min'],
    [2 * 3600, '2 hr'],
    [50 * 3600, '2 days 2 hr'],
    [-90, '1 min'],
  ])('%d', (seconds, want) => expect(duration(seconds, 'en')).toBe(want));
});

describe('initials', () => {
  it.each([['Nora Weld', 'NW'], ['marco.r', 'M'], ['', '?'], ['🌊 Ana', 'A'], ['سارة محمود', 'سم'], ['  Ana  Maria  Pop ', 'AP']])('%s', (name, want) => expect(initials(name)).toBe(want));
});

describe('deviceName', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36', 'Chrome, Linux'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1', 'Safari, iOS'],
    ['curl/7.88.1', 'curl/7.88.1'],
  ])('%s', (agent, want) => expect(deviceName(agent)).toBe(want));
});

describe('small ones', () => {
  it('splits lists', () => expect(splitList('info, prezzo;info\n quanto costa ')).toEqual(['info', 'prezzo', 'quanto costa']));
  it('shows money', () => expect(micros(1_320_000, 'it')).toBe('1,32'));
  it('names languages, and not the unknown one', () => {
    expect(languageName('ro', 'en')).toBe('Romanian');
    expect(languageName('unknown', 'en')).toBe('');
    expect(languageName('not a code', 'en')).toBe('not a code');
  });
});

describe('words and labels', () => {
  it.each([['en', '“yes”', 'Status: open'], ['it', '«yes»', 'Status: open'], ['fr', '«\u00a0yes\u00a0»', 'Status\u00a0: open'], ['ro', '„yes”', 'Status: open']])('are set as %s sets them', (language, words, label) => {
    expect(quoted('yes', language)).toBe(words);
    expect(labelled('Status', 'open', language)).toBe(label);
  });
});
