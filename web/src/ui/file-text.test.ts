import { describe, expect, it } from 'vitest';
import { fileText, NotUtf8 } from './file-text';

const file = (...bytes: number[]) => new File([new Uint8Array(bytes)], 'list.csv');

describe('the text of a file', () => {
  it('is read with its accents', async () => {
    expect(await fileText(new File(['name\nJosé Muñoz\n'], 'list.csv'))).toBe('name\nJosé Muñoz\n');
  });

  it('is read without a byte order mark', async () => {
    expect(await fileText(file(0xef, 0xbb, 0xbf, 0x61))).toBe('a');
  });

  it('is refused in an older encoding, not read with its accents lost', async () => {
    await expect(fileText(file(0x4a, 0x6f, 0x73, 0xe9))).rejects.toBeInstanceOf(NotUtf8);
  });

  it('is refused where it is no text, as UTF-16 of a spreadsheet', async () => {
    await expect(fileText(file(0xff, 0xfe, 0x61, 0x00))).rejects.toBeInstanceOf(NotUtf8);
  });
});
