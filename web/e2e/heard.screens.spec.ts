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

/** What is pressed with the same name as something else on the screen, where nothing beside the name tells them apart. */
const alike = (page: Page) => page.locator('main').evaluate((main) => {
  const words = (ids: string | null) => (ids ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ').trim();
  const spoken = (el: Element): string => [...el.childNodes].map((n) => (n instanceof Element ? (n.getAttribute('aria-hidden') === 'true' ? '' : n.getAttribute('aria-label') ?? spoken(n)) : n.textContent ?? '')).join('');
  const named = (el: Element) => `${el.getAttribute('aria-label') ?? (words(el.getAttribute('aria-labelledby')) || [...((el as HTMLInputElement).labels ?? [])].map(spoken).join(' ') || spoken(el))}|${words(el.getAttribute('aria-describedby'))}`.replace(/\s+/g, ' ').trim();
  const within = (el: Element) => { const group = el.parentElement?.closest('[role="group"][aria-label], [role="radiogroup"], [role="region"][aria-label], section[aria-label], section[aria-labelledby], table, li[aria-label], article'); return group && !group.matches('table') ? group.getAttribute('aria-label') ?? words(group.getAttribute('aria-labelledby')) : ''; };
  const all = [...main.querySelectorAll('button, [role="switch"], summary')].filter((el) => el.checkVisibility() && !el.closest('[aria-hidden="true"]'));
  const count = new Map<string, number>();
  for (const el of all) { const name = `${within(el)}: ${named(el)}`; count.set(name, (count.get(name) ?? 0) + 1); }
  return [...count].filter(([, n]) => n > 1).map(([name, n]) => `${name} ×${n}`);
});

test('nothing that is pressed is called like its neighbour', async ({ page }) => {
  test.setTimeout(300_000); // many screens
  const all: string[] = [];
  for (const path of ['/', '/moderation?id=101', '/moderation?queue=all', '/moderation/today', '/moderation/disagreements', '/inbox?id=1000', '/inbox?id=1000&panel=timeline', '/contacts', '/contacts/300', '/contacts/imports', '/leads', '/leads?view=forms', '/outbox', '/outbox?view=all', '/triggers', '/triggers/1', '/campaigns/1', '/flows', '/flows?tab=runs', '/flows?tab=secrets', '/policies', '/policies?tab=rules', '/policies?tab=versions', '/policies?tab=switches', '/knowledge', '/knowledge?tab=questions', '/templates', '/templates?view=meta', '/templates?view=ready', '/accounts', '/team', '/team?tab=labels', '/profile', '/settings', '/settings?tab=desk', '/settings?tab=hours', '/settings?tab=webhooks', '/bookings', '/bookings?tab=services', '/links', '/rehearse', '/consent', '/consent/asking', '/compliance', '/events', '/events?view=deliveries']) {
    await open(page, path);
    all.push(...(await alike(page)).map((name) => `${path}: ${name}`));
  }
  expect(all).toEqual([]);
});

test('no two parts of a screen are called alike, and dots between words are seen and not heard', async ({ page }) => {
  test.setTimeout(300_000); // many screens
  for (const path of ['/team', '/team?tab=labels', '/flows', '/flows?tab=runs', '/compliance', '/knowledge', '/templates', '/settings', '/bookings', '/consent/asking', '/consent', '/figures', '/contacts/300', '/inbox?id=1000', '/accounts', '/moderation?id=101', '/profile', '/campaigns/1', '/settings?tab=webhooks']) {
    await open(page, path);
    const found = await page.locator('main').evaluate((main) => {
      const named = [...main.querySelectorAll('[role="group"], [role="region"], ul, section, nav')].filter((el) => el.checkVisibility()).map((el) => el.getAttribute('aria-label') ?? '').filter(Boolean);
      const heard: string[] = [];
      const walk = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) if (/(^|\s)·(\s|$)/.test(walk.currentNode.textContent ?? '') && !walk.currentNode.parentElement?.closest('[aria-hidden="true"]')) heard.push(walk.currentNode.textContent ?? '');
      return { twice: named.filter((n, i) => named.indexOf(n) !== i), heard };
    });
    expect(found, path).toEqual({ twice: [], heard: [] });
  }
});
