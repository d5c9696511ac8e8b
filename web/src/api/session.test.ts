import { beforeEach, expect, it } from 'vitest';
import { keepOnlyFor } from './session';

beforeEach(() => localStorage.clear());

it('keeps drafts for the same member and drops them for another', () => {
  keepOnlyFor(7);
  localStorage.setItem('ponte.draft.3', 'half a reply');
  localStorage.setItem('ponte.scheme', 'dark');
  keepOnlyFor(7);
  expect(localStorage.getItem('ponte.draft.3')).toBe('half a reply');
  keepOnlyFor(8);
  expect(localStorage.getItem('ponte.draft.3')).toBeNull();
  expect(localStorage.getItem('ponte.scheme')).toBe('dark');
});
