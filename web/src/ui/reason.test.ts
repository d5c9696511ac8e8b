import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiError } from '@/api/errors';
import { i18n, openWords, switchTo } from '@/i18n';
import { reasonText, sentence } from './reason';
import { problemText } from './toast';

const refused = (code: string) => new ApiError(409, { detail: 'the conversation is resolved; reopen it first', kind: 'conflict', code });

describe('what the server says', () => {
  it('stands as it is in English', () => {
    expect(sentence('doctor', 'permissions_missing', { list: 'x' }, 'missing: x')).toBe('missing: x');
    expect(problemText(refused('conversation_resolved'))).toBe('the conversation is resolved; reopen it first');
    expect(reasonText('quiet_hours', 'as the server says it')).toBe('as the server says it');
  });

  describe('in another language', () => {
    beforeAll(async () => {
      await switchTo('it');
      await openWords('accounts'); // as the screen of accounts does
    });
    afterAll(() => switchTo('en'));

    it('is said by its code and values', () => {
      expect(i18n.language).toBe('it');
      expect(sentence('doctor', 'permissions_missing', { list: 'x' }, 'missing: x')).toBe('Mancano: x');
      expect(sentence('doctor_fix', 'sending_off', {}, 'switch it on')).toBe('Attivarlo');
      expect(problemText(refused('conversation_resolved'))).toBe('La conversazione è risolta; riaprila prima.');
      expect(reasonText('marketing_cap', 'This person gets too many')).toMatch(/^Questa persona/);
    });

    it('stays English where a code or a value is missing, rather than wrong', () => {
      expect(sentence('doctor', 'permissions_missing', {}, 'missing: x')).toBe('missing: x');
      expect(sentence('doctor', 'never_heard_of', {}, 'missing: x')).toBe('missing: x');
      expect(problemText(refused(''))).toBe('the conversation is resolved; reopen it first');
    });
  });
});
