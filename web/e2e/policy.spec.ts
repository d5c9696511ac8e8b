import { expect, test } from '@playwright/test';
import { opened, signIn, watch } from './walk';

/** Nothing of the interface comes from, or goes to, another host: every screen of a running ponte (PONTE_E2E_URL) under its own content policy. */
test.setTimeout(90_000);

const screens = [
  '/', '/moderation?queue=all', '/moderation/today', '/moderation/disagreements', '/policies', '/policies?tab=rules', '/policies?tab=versions', '/policies?tab=switches', '/inbox?view=all', '/contacts', '/contacts/imports', '/compliance', '/bookings', '/outbox?view=all',
  '/triggers', '/triggers/new', '/flows', '/knowledge', '/templates?view=meta', '/templates?view=ready', '/accounts', '/team', '/settings', '/rehearse', '/events?view=all', '/consent', '/audit', '/profile',
];

test('every screen asks this origin alone, and its policy allows no inline code', async ({ page, baseURL }) => {
  const faults = watch(page, baseURL ?? '');
  const policies: string[] = [];
  page.on('response', (r) => { if (r.request().isNavigationRequest()) policies.push(r.headers()['content-security-policy'] ?? '(none)'); });
  await signIn(page);
  for (const path of screens) {
    await opened(page, path);
    expect.soft(await page.locator('script:not([src]):not([type="application/json"])').count(), `${path}: code in the page`).toBe(0);
    const foreign = await page.evaluate(() => [...document.querySelectorAll<HTMLElement>('img[src],script[src],link[href],iframe[src],video[src],audio[src],source[src]')]
      .map((el) => el.getAttribute('src') ?? el.getAttribute('href') ?? '').filter((x) => !x.startsWith('data:') && !x.startsWith('blob:') && new URL(x, location.href).origin !== location.origin));
    expect.soft(foreign, path).toEqual([]);
  }
  expect(faults).toEqual([]);
  expect(policies.length).toBeGreaterThanOrEqual(screens.length);
  for (const policy of new Set(policies)) {
    expect(policy).not.toMatch(/unsafe-(inline|eval)/);
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toMatch(/https?:|\*/);
  }
});

test('the watch sees what the policy stops', async ({ page, baseURL }) => {
  const faults = watch(page, baseURL ?? '');
  await signIn(page);
  await page.evaluate(() => {
    const picture = document.createElement('img');
    picture.src = 'http://localhost:1/pixel.png';
    picture.alt = '';
    document.body.append(picture);
    const code = document.createElement('script');
    code.textContent = 'document.title = "inline code ran"';
    document.body.append(code);
    void fetch('http://localhost:1/beacon').catch(() => undefined);
  });
  await expect.poll(() => faults.length).toBeGreaterThanOrEqual(3);
  await expect(page).not.toHaveTitle('inline code ran');
});
