import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page, type Route } from '@playwright/test';

/** What every screen has to do whatever it shows: keys, focus, empty, failed, offline, refused, long and right-to-left. On the made-up API. */
test.afterEach(({ page }) => page.unrouteAll({ behavior: 'ignoreErrors' }));
test.use({ viewport: { width: 1280, height: 800 } });

const screens = {
  Home: '/', Moderation: '/moderation', Inbox: '/inbox', Contacts: '/contacts', Leads: '/leads', Bookings: '/bookings', Outbox: '/outbox', Campaigns: '/triggers', 'Links and posters': '/links', 'Bot flows': '/flows', Policies: '/policies', Knowledge: '/knowledge',
  Templates: '/templates', Accounts: '/accounts', Team: '/team', Settings: '/settings', Rehearse: '/rehearse', Events: '/events', Consent: '/consent', Compliance: '/compliance', 'Audit log': '/audit',
};
const deeper = ['/moderation?id=101', '/moderation/today', '/moderation/disagreements', '/inbox?id=1000', '/inbox?id=1000&panel=timeline', '/contacts/300', '/contacts/imports', '/leads?view=forms', '/links/2', '/triggers/new', '/campaigns/1', '/flows/1', '/policies?tab=rules', '/policies?tab=versions', '/policies?tab=switches', '/knowledge?tab=questions', '/knowledge?tab=figures', '/templates/1', '/templates?view=ready', '/profile'];
const all = [...Object.values(screens), ...deeper];

async function open(page: Page, path: string) {
  await page.goto(path);
  await page.locator('main').waitFor();
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0, { timeout: 12_000 });
}

async function axe(page: Page, path: string) {
  const result = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  expect.soft(result.violations.map((v) => `${path}: ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(' | ')}`)).toEqual([]);
}

/** Answers every reading of the API but those the frame itself lives on. */
const readings = (page: Page, answer: (route: Route) => Promise<void>) =>
  page.route(/\/api\/v1\/(?!me$|overview$|stream|notification)/, (r) => (r.request().method() === 'GET' ? answer(r) : r.fallback()));

test('the palette reaches every screen, and ? shows the key of each', async ({ page }) => {
  test.setTimeout(300_000);
  await open(page, '/');
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keyboard' });
  for (const name of Object.keys(screens)) await expect.soft(help.getByText(name, { exact: true }), name).toHaveCount(1);
  await page.keyboard.press('Escape');
  await expect(help).toHaveCount(0);
  for (const [name, path] of Object.entries(screens)) {
    await page.keyboard.press('Control+k');
    const field = page.getByPlaceholder('Go to a screen, or search');
    await field.fill(name);
    await expect(page.getByRole('button', { name, exact: true }).or(page.getByRole('option', { name, exact: true })).first()).toBeVisible();
    await page.keyboard.press('Enter');
    await expect.soft(page, name).toHaveURL(new RegExp(`${path === '/' ? '' : path}(\\?|$|/$)`));
    await expect(field).toHaveCount(0);
    if (path !== '/') await expect.soft(page, name).toHaveTitle(`${name} – Bondi Kayaks – ponte`);
  }
});

test('on a low screen the navigation shows where one is', async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 620 });
  for (const path of ['/consent', '/']) {
    await open(page, path);
    await expect(page.getByRole('navigation').first().locator('[aria-current="page"]').first()).toBeInViewport({ ratio: 1 });
  }
});

test('the first stop of the Tab key leads past the navigation', async ({ page }) => {
  await open(page, '/outbox');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('main')).toBeFocused();
});

test('Tab walks every screen in the order it is read, and shows where it is', async ({ page }) => {
  test.setTimeout(400_000);
  for (const path of all) {
    await open(page, path);
    await page.locator('main').focus();
    const walked: string[] = [];
    let last = '';
    for (let i = 0; i < 14; i++) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate((stop) => {
        const el = document.activeElement as HTMLElement | null;
        if (!el || el === document.body || !document.querySelector('main')?.contains(el)) return null;
        const name = `${el.tagName.toLowerCase()} ${el.getAttribute('type') ?? ''} ${el.className.split(' ').at(-1)} ${(el.getAttribute('aria-label') ?? el.textContent ?? '').trim().slice(0, 40)}`;
        const drawn = (x: Element | null) => { const s = x && getComputedStyle(x); return s !== null && ((s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none'); };
        const seen = drawn(el) || drawn(el.nextElementSibling) || drawn(el.parentElement) || drawn(el.previousElementSibling) || drawn(el.closest('div[class*=-input]')) || el.matches('[type=time],[type=datetime-local]'); // their parts are drawn by the browser
        const box = el.getBoundingClientRect();
        const earlier = stop !== '' && !!document.querySelector(`[data-walked="${stop}"]`) && (document.querySelector(`[data-walked="${stop}"]`)!.compareDocumentPosition(el) & Node.DOCUMENT_POSITION_PRECEDING) > 0;
        const mark = String(Math.random());
        el.dataset['walked'] = mark;
        return { name, seen, earlier, inside: box.bottom > 0 && box.top < innerHeight, mark };
      }, last);
      if (at === null) break;
      walked.push(at.name);
      last = at.mark;
      expect.soft(at.seen, `${path}: focus is not seen on ${at.name}`).toBe(true);
      expect.soft(at.inside, `${path}: ${at.name} has the focus outside the window`).toBe(true);
      expect.soft(at.earlier, `${path}: Tab goes back to ${at.name}`).toBe(false);
    }
    expect.soft(new Set(walked).size, `${path}: nothing can be reached`).toBeGreaterThan(path === '/profile' ? 1 : 0);
  }
});

test('every screen says that it is empty', async ({ page }, info) => {
  test.setTimeout(300_000);
  await readings(page, async (r) => {
    const answer = await r.fetch();
    const body = (await answer.json()) as { items?: unknown[] };
    await (Array.isArray(body.items) ? r.fulfill({ json: { ...body, items: [], next: '' } }) : r.fulfill({ response: answer }));
  });
  for (const path of Object.values(screens)) {
    await open(page, path);
    expect.soft((await page.locator('main').innerText()).trim().length, path).toBeGreaterThan(40);
    await expect.soft(page.getByRole('alert'), path).toHaveCount(0);
    await axe(page, path);
    await page.screenshot({ path: info.outputPath(`empty${path.replace(/\W+/g, '-')}.png`) });
  }
});

test('every screen says that it could not be read, and nothing breaks', async ({ page }, info) => {
  test.setTimeout(240_000);
  const thrown: string[] = [];
  page.on('pageerror', (e) => thrown.push(e.message));
  await readings(page, (r) => r.fulfill({ status: 500, contentType: 'application/problem+json', body: '{"kind":"internal","detail":"it broke"}' }));
  for (const path of ['/moderation', '/inbox', '/contacts', '/outbox', '/triggers', '/flows', '/templates', '/accounts', '/events', '/consent', '/settings']) {
    await open(page, path);
    await expect.soft(page.getByRole('alert').first(), path).toBeVisible({ timeout: 12_000 });
    await axe(page, path);
    await page.screenshot({ path: info.outputPath(`failed${path.replace(/\W+/g, '-')}.png`) });
  }
  expect(thrown).toEqual([]);
});

test('a role that only reads meets refusals in words, and no button that would be refused', async ({ page }, info) => {
  test.setTimeout(300_000);
  const thrown: string[] = [];
  page.on('pageerror', (e) => thrown.push(e.message));
  await page.route('**/api/v1/me', async (r) => { const me = await (await r.fetch()).json() as Record<string, unknown>; await r.fulfill({ json: { ...me, role: 'analyst', permissions: ['see', 'audit'] } }); });
  for (const path of all) {
    await open(page, path);
    for (const verb of ['New trigger', 'New campaign', 'New flow', 'New template', 'New quick reply', 'New rule', 'New booking', 'New team', 'Add a member', 'New link', 'Tell what a box means', 'Connect an account', 'Hide', 'Approve', 'Erase', 'Merge', 'Resolve', 'Take over', 'Publish', 'Go live']) {
      await expect.soft(page.getByRole('main').getByRole('button', { name: verb, exact: true }).or(page.getByRole('main').getByRole('link', { name: verb, exact: true })), `${path}: ${verb}`).toHaveCount(0);
    }
    if (['/settings', '/team', '/compliance', '/contacts/imports', '/triggers/new'].includes(path)) await expect.soft(page.getByText('Not with your role'), path).toBeVisible();
    await page.screenshot({ path: info.outputPath(`reads${path.replace(/\W+/g, '-')}.png`) });
  }
  expect(thrown).toEqual([]);
});

test('without a connection the page says so, and goes on by itself', async ({ page, context }) => {
  await open(page, '/outbox');
  const lost = page.getByRole('status').filter({ hasText: 'The connection was lost' });
  await expect(lost).toHaveCount(0);
  await context.setOffline(true);
  await expect(lost).toBeVisible();
  await expect(page.getByRole('list', { name: 'Outbox' })).toBeVisible(); // what was read stays
  await context.setOffline(false);
  await expect(lost).toHaveCount(0, { timeout: 20_000 });
});

test('what customers write from right to left is shown so, and long words stay inside', async ({ page }) => {
  test.setTimeout(300_000);
  await open(page, '/moderation?id=103');
  const said = page.locator('article[aria-current] .said');
  await expect(said).toContainText('هل يمكنني');
  expect(await said.evaluate((el) => getComputedStyle(el).direction)).toBe('rtl');
  await open(page, '/inbox?id=1002');
  const name = page.getByRole('region', { name: 'Conversation with يوسف' }).getByRole('heading', { name: 'يوسف' });
  expect(await name.evaluate((el) => getComputedStyle(el).direction)).toBe('rtl');

  const long = 'Donaudampfschifffahrtsgesellschaftskapitänskajütenschlüsselanhänger'.repeat(4);
  await page.route(/\/api\/v1\/(comments|conversations|contacts|members|triggers|flows|accounts|knowledge|quick-replies|audit|actions)/, async (r) => {
    if (r.request().method() !== 'GET') return r.fallback();
    const answer = await r.fetch();
    const text = (await answer.text()).replaceAll(/"(text|name|preview|title|caption|label)":"[^"]{3,}"/g, `"$1":"${long}"`);
    return r.fulfill({ response: answer, body: text });
  });
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 844 });
    for (const path of ['/', '/moderation?id=101', '/inbox?id=1000', '/contacts', '/triggers', '/flows', '/accounts', '/team', '/knowledge', '/audit', '/outbox?view=all', '/bookings']) {
      await open(page, path);
      expect.soft(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${path} at ${width}`).toBe(true);
    }
  }
});

test('news of the queue is said aloud', async ({ page }) => {
  let more = 0;
  let comes: (_: undefined) => void = () => undefined;
  const told = new Promise((done) => { comes = done; });
  await page.route('**/api/v1/stream*', async (r) => { await told; await r.fulfill({ contentType: 'text/event-stream', body: 'event: changes\ndata: {"topics":[{"topic":"review","id":1}]}\n\n' }); });
  await page.route('**/api/v1/overview', async (r) => { const o = await (await r.fetch()).json() as { review_open: number }; await r.fulfill({ json: { ...o, review_open: o.review_open + more } }); });
  await open(page, '/inbox');
  const news = page.getByRole('status', { name: 'News' });
  await expect(news).toBeEmpty();
  await expect(page.getByRole('link', { name: /Moderation 11/ }).first()).toBeVisible();
  more = 3;
  comes(undefined);
  await expect(news).toHaveText('14 comments wait for review.');
});

test('the veil is switched by a click on its words', async ({ page }) => {
  await open(page, '/moderation?id=101');
  await page.getByRole('button', { name: 'Filters' }).click();
  const veil = page.getByRole('switch', { name: 'Veil harmful texts and pictures' });
  await expect(veil).toBeChecked();
  const words = await page.getByText('Veil harmful texts and pictures').boundingBox();
  await page.mouse.click((words?.x ?? 0) + (words?.width ?? 0) / 2, (words?.y ?? 0) + (words?.height ?? 0) / 2);
  await expect(veil).not.toBeChecked();
  await expect(page.getByRole('button', { name: 'Harmful: show' })).toHaveCount(0);
});

test('dialogs begin in their first field, and leave the focus where it was', async ({ page }) => {
  test.setTimeout(300_000);
  const dialogs: [path: string, press: string][] = [
    ['/knowledge', 'New quick reply'], ['/knowledge', 'Import'], ['/links', 'New link'], ['/team', 'Add a member'], ['/team', 'New team'], ['/team?tab=labels', 'New label'], ['/accounts', 'Connect an account'],
    ['/settings?tab=webhooks', 'Add an endpoint'], ['/triggers', 'New campaign'], ['/policies?tab=rules', 'New rule'], ['/leads?view=forms', 'Tell what a box means'], ['/flows?tab=secrets', 'New secret'], ['/consent/asking', 'New version'],
  ];
  for (const [path, press] of dialogs) {
    await open(page, path);
    const button = page.getByRole('main').getByRole('button', { name: press }).first();
    await button.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await expect(dialog).toBeVisible();
    const inside = () => page.evaluate(() => { const at = document.activeElement; return at?.closest('[role="dialog"]') ? `${at.tagName} ${at.getAttribute('aria-label') ?? ''}` : 'outside'; });
    await expect.soft.poll(inside, { message: `${press}: begins on its close button` }).toMatch(/^(?!BUTTON Close|outside|SECTION)/);
    await page.keyboard.press('Escape');
    await expect(dialog).toHaveCount(0);
    await expect.soft(button, `${press}: the focus is lost`).toBeFocused();
  }
});

test('what is removed leaves the focus at what stands in its place', async ({ page }) => {
  let gone = 0;
  await page.route('**/api/v1/quick-replies**', async (r) => {
    if (r.request().method() === 'DELETE') { gone++; return r.fulfill({ status: 204 }); }
    const answer = await r.fetch();
    const list = (await answer.json()) as { items: unknown[] };
    return r.fulfill({ response: answer, json: { ...list, items: list.items.slice(gone) } });
  });
  await open(page, '/knowledge');
  const remove = page.getByRole('button', { name: /^Remove / });
  const before = await remove.count();
  expect(before).toBeGreaterThan(1);
  const next = await remove.nth(1).getAttribute('aria-label');
  await remove.first().focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).press('Enter');
  await expect(remove).toHaveCount(before - 1);
  await expect.poll(() => page.evaluate(() => document.activeElement?.closest('tr')?.querySelector('button[aria-label^="Remove"]')?.getAttribute('aria-label') ?? document.activeElement?.tagName)).toBe(next);
});

test('where the last of a list is removed the focus is on what adds the next', async ({ page }) => {
  const gone: string[] = [];
  await page.route('**/api/v1/webhook-endpoints', async (r) => {
    const answer = await r.fetch();
    const list = (await answer.json()) as { items: { id: number }[] };
    return r.fulfill({ response: answer, json: { ...list, items: list.items.slice(0, 1).filter((e) => !gone.includes(String(e.id))) } });
  });
  await page.route('**/api/v1/webhook-endpoints/*', (r) => {
    if (r.request().method() !== 'DELETE') return r.fallback();
    gone.push(new URL(r.request().url()).pathname.split('/').at(-1) ?? '');
    return r.fulfill({ status: 204 });
  });
  await open(page, '/settings?tab=webhooks');
  await page.getByRole('main').getByRole('button', { name: /^More/ }).press('Enter');
  await page.getByRole('menuitem', { name: 'Remove' }).press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).press('Enter');
  await expect.poll(() => gone).toHaveLength(1);
  await expect(page.getByRole('button', { name: 'Add an endpoint' })).toBeFocused();
});

test('on a phone a flow opens at its head, though its talk has gone on', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page, '/flows/1');
  await page.getByRole('tab', { name: 'Play it' }).evaluate((tab: HTMLElement) => tab.click()); // without going there
  await expect(page.getByRole('log')).toContainText(/\S/);
  await expect.poll(() => page.evaluate(() => document.getElementById('content')?.scrollTop)).toBe(0);
  await expect(page.getByRole('heading', { level: 1 })).toBeInViewport();
});

test('a flow has its document beside the canvas, and the splitter between them moves by keyboard and stays', async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await open(page, '/flows/1');
  const document = page.getByLabel('Document (JSON)');
  const canvas = page.getByRole('region', { name: 'Steps and ways between them' });
  const [a, b] = [await canvas.boundingBox(), await document.boundingBox()];
  expect(a && b && b.x >= a.x + a.width && b.y < a.y + a.height).toBe(true);
  const splitter = page.getByRole('separator', { name: 'Width of steps and document' });
  await splitter.focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowLeft');
  await expect(splitter).toHaveAttribute('aria-valuenow', '43');
  expect((await document.boundingBox())?.width).toBeGreaterThan((b?.width ?? 0) + 60);
  await page.getByRole('tab', { name: 'Play it' }).click();
  await expect(page.getByRole('log')).toBeVisible();
  await open(page, '/flows/1');
  await expect(splitter).toHaveAttribute('aria-valuenow', '43');
});
