import { describe, expect, it } from 'vitest';
import { inShort, pieces, readWhatsAppLink } from './links';

describe('pieces', () => {
  it.each([
    ['no link at all', [{ kind: 'text', text: 'no link at all' }]],
    ['see https://a.example/x.', [{ kind: 'text', text: 'see ' }, { kind: 'link', url: 'https://a.example/x' }, { kind: 'text', text: '.' }]],
    ['https://wa.me/614?text=PNT-••••-•••• now', [{ kind: 'link', url: 'https://wa.me/614?text=PNT-••••-••••' }, { kind: 'text', text: ' now' }]],
  ])('%s', (text, want) => expect(pieces(text)).toEqual(want));
});

describe('readWhatsAppLink', () => {
  it.each([
    ['https://wa.me/61255500101?text=Hi%21%20Ref%20K7M2', { digits: '61255500101', text: 'Hi! Ref K7M2' }],
    ['https://api.whatsapp.com/send?phone=%2B61255500101&text=Ciao', { digits: '61255500101', text: 'Ciao' }],
    ['https://wa.me.evil.example/61255500101', undefined],
    ['https://shop.example/', undefined],
    ['not a link', undefined],
  ])('%s', (url, want) => expect(readWhatsAppLink(url)).toEqual(want));
});

describe('inShort', () => {
  it('names the link, also one that was cut', () => expect(inShort('Here: https://wa.me/614?text=Hi%20I%20wo', 'WhatsApp link')).toBe('Here: [WhatsApp link]'));
  it('leaves other texts alone', () => expect(inShort('https://a.example', 'x')).toBe('https://a.example'));
});
