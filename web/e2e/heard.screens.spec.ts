import { expect, test, type Page } from '@playwright/test';

// What a screen reader is told beside what axe looks for: nothing without a name, no two things by one name, no words run together.

// An answer that is under way when a test ends is nobody's.
test.afterEach(({ page }) => page.unrouteAll({ behavior: 'ignoreErrors' }));

async function open(page: Page, path: string) {
  await page.goto(path);
  await page.locator('main').waitFor();
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
}

/** Drawings that are read out as an image without a name; the canvas of flows has its own. */
const nameless = (page: Page) => page.locator('svg:not([aria-label])').evaluateAll((all) => all.filter((s) => s.getClientRects().length > 0 && !s.closest('[aria-hidden="true"], [inert], .react-flow')).map((s) => s.parentElement?.outerHTML.slice(0, 160)));

test('no drawing is read out as an image without a name', async ({ page }) => {
  test.setTimeout(240_000); // many screens
  for (const path of ['/', '/moderation?id=101', '/inbox?id=1000', '/contacts', '/contacts/300', '/outbox?view=all', '/triggers/1', '/flows/1', '/policies', '/policies?tab=rules&rule=no_resellers', '/knowledge', '/templates', '/accounts', '/team', '/profile', '/password#x', '/settings', '/settings?tab=hours', '/bookings', '/leads', '/links', '/rehearse', '/consent']) {
    await open(page, path);
    expect(await nameless(page), path).toEqual([]);
  }
  await open(page, '/accounts');
  await page.getByRole('button', { name: 'Connect an account' }).click();
  await page.getByRole('dialog').waitFor();
  expect(await nameless(page), 'a dialog').toEqual([]);
});

test('a count is a word of its own', async ({ page }) => {
  await open(page, '/inbox?view=all');
  await expect(page.getByRole('group', { name: 'Views' }).getByRole('button', { name: /^Waiting \d+$/ })).toHaveCount(1);
  await expect(page.getByRole('list', { name: 'Conversations: All' })).toHaveCount(1);
});

test('accounts that share a name are told apart, and so is what is pressed on them', async ({ page }) => {

  await page.goto('/accounts');
  const list = await page.evaluate(() => fetch('/api/v1/accounts').then((r) => r.json() as Promise<{ items: object[] }>));
  await page.route(/\/api\/v1\/accounts$/, (r) => r.fulfill({ json: { ...list, items: list.items.map((a) => ({ ...a, name: 'Bondi Kayaks' })) } }));
  await open(page, '/accounts');
  for (const role of ['region', 'button', 'switch'] as const) {
    const names = await page.locator('main').getByRole(role, { name: /Bondi Kayaks/ }).evaluateAll((all) => all.map((el) => el.getAttribute('aria-label')));
    expect(names.length, role).toBeGreaterThan(1);
    expect(new Set(names).size, `${role}: ${names.join(' | ')}`).toBe(names.length);
  }
});

test('the queue of comments, its choice and its list have names of their own', async ({ page }) => {
  await open(page, '/moderation');
  for (const [role, name] of [['region', 'Queue'], ['radiogroup', 'Which comments'], ['list', 'Comments']] as const) await expect(page.getByRole(role, { name, exact: true })).toHaveCount(1);
  await open(page, '/knowledge');
  await expect(page.getByRole('columnheader', { name: 'Actions' })).toHaveCount(1);
});

test('a page that is not there has a heading that says so', async ({ page }) => {
  await open(page, '/no-such-page');
  await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
});

test('who may be in danger is marked in the list', async ({ page }) => {
  await page.goto('/inbox?view=all');
  const list = await page.evaluate(() => fetch('/api/v1/conversations?view=all').then((r) => r.json() as Promise<{ items: { desk: object }[] }>));
  await page.route(/\/api\/v1\/conversations\?/, (r) => r.fulfill({ json: { ...list, items: list.items.map((c, i) => (i === 0 ? { ...c, desk: { ...c.desk, priority: 'danger' } } : c)) } }));
  await open(page, '/inbox?view=all');
  await expect(page.getByRole('list', { name: 'Conversations: All' }).getByRole('button', { name: /May be in danger/ })).toHaveCount(1);
});
