import { describe, expect, it } from 'vitest';
import { fromCron, fromWall, toCron, toWall } from './schedule';

describe('a schedule', () => {
  it.each(['', '0 9 * * *', '30 18 * * 1,5', '*/15 8-10 * * 2', '0 9 1 * *'])('keeps %j', (cron) => expect(toCron(fromCron(cron, 60))).toBe(cron));
  it('says every day for all seven', () => expect(toCron({ kind: 'weekly', days: [6, 0, 1, 2, 3, 4, 5], time: '08:05', minutes: 30, cron: '' })).toBe('5 8 * * *'));
  it('is read as days and a time where it is one', () => expect(fromCron('30 18 * * 1,5', 90)).toMatchObject({ kind: 'weekly', days: [1, 5], time: '18:30', minutes: 90 }));
});

describe("the workspace's clock", () => {
  it.each([
    ['2026-05-04T09:30', 'Australia/Sydney', '2026-05-03T23:30:00.000Z'],
    ['2026-01-04T09:30', 'America/Sao_Paulo', '2026-01-04T12:30:00.000Z'],
    ['2026-07-04T00:00', 'Europe/Rome', '2026-07-03T22:00:00.000Z'],
  ])('%s in %s', (field, zone, at) => {
    expect(fromWall(field, zone)).toBe(at);
    expect(toWall(at, zone)).toBe(field);
  });
  it('takes an hour that is skipped as one beside it', () => expect(Math.abs(Date.parse(fromWall('2026-03-29T02:30', 'Europe/Rome') ?? '') - Date.parse('2026-03-29T01:00:00Z'))).toBeLessThanOrEqual(3_600_000));
  it('leaves an empty field empty', () => expect(fromWall('', 'UTC')).toBeNull());
});
