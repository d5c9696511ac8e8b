import { describe, expect, it } from 'vitest';
import { accept, refusal, type FileLimit } from './files';

const limits: FileLimit[] = [
  { type: 'image', mimes: ['image/jpeg', 'image/png'], max_bytes: 5 << 20, caption: true },
  { type: 'audio', mimes: ['audio/mpeg', 'audio/mp4'], max_bytes: 16 << 20, caption: false },
];

describe('a file before it is uploaded', () => {
  it.each([
    ['a picture that fits', 'image/png', 1000, undefined],
    ['a picture at the limit', 'image/png', 5 << 20, undefined],
    ['a picture beyond it', 'image/png', (5 << 20) + 1, 'size'],
    ['a recording by the name a browser has for it', 'audio/x-m4a', 1000, undefined],
    ['an MP3 by its old name', 'audio/mp3', 1000, undefined],
    ['a type that the network does not take', 'image/heic', 1000, 'type'],
    ['a type that the browser does not know, for the service to look at', '', 1000, undefined],
    ['one of those that no type could hold', '', (16 << 20) + 1, 'size'],
    ['nothing', 'image/png', 0, 'empty'],
  ] as const)('%s', (_name, type, size, why) => {
    expect(refusal(limits, { type, size })?.why).toBe(why);
  });

  it('offers what the network takes', () => {
    expect(accept(limits)).toBe('image/jpeg,image/png,audio/mpeg,audio/mp4');
  });
});
