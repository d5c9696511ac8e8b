import { describe, expect, it } from 'vitest';
import type { StageComment, StageMessage } from './control';
import { accountOfLink, pieces, readWhatsAppLink, talk, taps, unread, visibleTo } from './stage';

const said = (over: Partial<StageMessage>): StageMessage => ({ id: '1', account: 'a', person: 'p', from_brand: true, type: 'text', text: '', at: '2026-05-04T10:00:00Z', ...over });
const comment = (id: string, over: Partial<StageComment> = {}): StageComment => ({ id, account: 'a', post: 'x', person: 'p', text: '', at: `2026-05-04T10:0${id}:00Z`, hidden: false, deleted: false, ...over });

describe('readWhatsAppLink', () => {
  it.each([
    ['https://wa.me/61255500101?text=Hi%21%20Ref%20K7M2', { digits: '61255500101', text: 'Hi! Ref K7M2' }],
    ['https://api.whatsapp.com/send?phone=%2B61255500101&text=Ciao', { digits: '61255500101', text: 'Ciao' }],
    ['https://wa.me.evil.example/61255500101', undefined],
    ['https://shop.example/', undefined],
    ['not a link', undefined],
  ])('%s', (url, want) => expect(readWhatsAppLink(url)).toEqual(want));

  it('finds the account by its digits, however it is written', () => {
    const accounts = [{ id: 'f', channel: 'facebook' as const, name: '' }, { id: 'w', channel: 'whatsapp' as const, name: '', phone: '+61 2 5550 0101' }];
    expect(accountOfLink(accounts, { digits: '61255500101', text: '' })?.id).toBe('w');
    expect(accountOfLink(accounts, { digits: '123', text: '' })).toBeUndefined();
  });
});

describe('pieces', () => {
  it('leaves the stop of a sentence outside the link', () => {
    expect(pieces('Tap https://wa.me/1?text=a%20b. Thanks!')).toEqual([{ kind: 'text', text: 'Tap ' }, { kind: 'link', url: 'https://wa.me/1?text=a%20b' }, { kind: 'text', text: '. Thanks!' }]);
    expect(pieces('no link')).toEqual([{ kind: 'text', text: 'no link' }]);
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
