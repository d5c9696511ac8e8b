import { describe, expect, it } from 'vitest';
import type { StageComment, StageMessage } from './control';
import { accountOfLink, talk, taps, unread, visibleTo } from './stage';

const said = (over: Partial<StageMessage>): StageMessage => ({ id: '1', account: 'a', person: 'p', from_brand: true, type: 'text', text: '', at: '2026-05-04T10:00:00Z', ...over });
const comment = (id: string, over: Partial<StageComment> = {}): StageComment => ({ id, account: 'a', post: 'x', person: 'p', text: '', at: `2026-05-04T10:0${id}:00Z`, hidden: false, deleted: false, ...over });

describe('accountOfLink', () => {
  it('finds the account by its digits, however it is written', () => {
    const accounts = [{ id: 'f', channel: 'facebook' as const, name: '' }, { id: 'w', channel: 'whatsapp' as const, name: '', phone: '+61 2 5550 0101' }];
    expect(accountOfLink(accounts, { digits: '61255500101', text: '' })?.id).toBe('w');
    expect(accountOfLink(accounts, { digits: '123', text: '' })).toBeUndefined();
  });
});

describe('visibleTo', () => {
  const all = [comment('3', { parent: '1', person: '' }), comment('2', { hidden: true, person: 'q' }), comment('1'), comment('4', { deleted: true }), comment('5', { post: 'y' })];
  it('shows a hidden comment to its writer alone, and replies below what they answer', () => {
    expect(visibleTo(all, 'x', 'p').map((c) => c.id)).toEqual(['1', '3']);
    expect(visibleTo(all, 'x', 'q').map((c) => c.id)).toEqual(['1', '3', '2']);
  });
});

describe('messages', () => {
  it('are those of one person on one account, in order', () => {
    const list = [said({ id: '2', at: '2026-05-04T11:00:00Z' }), said({ id: '1' }), said({ id: '3', person: 'q' })];
    expect(talk(list, 'a', 'p').map((m) => m.id)).toEqual(['1', '2']);
    expect(unread({ messages: list }, 'p', { 'p/a': 1 }, 'a')).toBe(1);
    expect(unread({ messages: list }, 'p', { 'p/a': 9 }, 'a')).toBe(0);
  });

  it('offer the rows of a list before buttons', () => {
    expect(taps(said({ buttons: [{ id: 'b', title: 'B' }] }))).toHaveLength(1);
    expect(taps(said({ list: { button: 'Open', rows: [{ id: '1', title: 'One' }, { id: '2', title: 'Two' }] } }))).toHaveLength(2);
  });
});
