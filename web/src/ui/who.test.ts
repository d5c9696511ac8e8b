import { describe, expect, it } from 'vitest';
import { called } from './who';
import '@/i18n';

describe('what a person is called', () => {
  it.each([
    ['by name, whatever else is known', { name: 'Ana', erased: true, known: null }, 'Ana'],
    ['as erased, not as unknown', { name: '', erased: true, known: null }, 'Erased person'],
    ['by the end of a network’s id', { name: '', erased: false, known: { channel: 'instagram', id: '…2345' } }, 'Instagram …2345'],
    ['by the number as the role may see it', { name: '', erased: false, known: { channel: 'whatsapp', id: '+61 4••••• 159' } }, '+61 4••••• 159'],
    ['as unknown where nothing is known', { name: '' }, 'Unknown person'],
  ])('%s', (_name, who, want) => expect(called(who)).toBe(want));
});
