import { describe, expect, it } from 'vitest';
import type { Me } from '@/api/types';
import { screenOf } from './heard';
import { navFor } from './nav';

const me = { permissions: ['see', 'moderate', 'supervise', 'converse', 'campaign', 'configure', 'own', 'audit'], demo: true, rehearsal_url: '/rehearse/control' } as unknown as Me;

describe('the navigation', () => {
  const items = navFor(me);

  it('gives every screen a key of its own', () => {
    const keys = items.map((i) => i.key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.every((k) => /^g [a-z]$/.test(k))).toBe(true);
  });

  it('shows a role only what it may open', () => {
    const moderator = navFor({ ...me, permissions: ['see', 'moderate'] }).map((i) => i.path);
    expect(moderator).toContain('/moderation');
    for (const path of ['/team', '/settings', '/consent', '/audit', '/rehearse', '/compliance']) expect(moderator).not.toContain(path);
  });

  it.each([['/', '/'], ['/contacts/12', '/contacts'], ['/moderation/today', '/moderation'], ['/nowhere', undefined]])('knows the screen of %s', (path, screen) => {
    expect(screenOf(items, path)?.path).toBe(screen);
  });
});
