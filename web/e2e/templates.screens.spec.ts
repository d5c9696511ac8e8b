import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';

// An answer that is under way when a test ends is nobody's.
test.afterEach(({ page }) => page.unrouteAll({ behavior: 'ignoreErrors' }));

const screens = { written: '/templates', meta: '/templates?view=meta', ready: '/templates?view=ready', draft: '/templates/1', faults: '/templates/2', long: '/templates/3', fresh: '/templates/new' };

async function open(page: Page, path: string) {
  await page.goto(path);
  await page.locator('main').waitFor();
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
}

for (const [size, viewport] of Object.entries({ desk: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } })) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test.describe(`templates, ${size}, ${colorScheme}`, () => {
      test.use({ viewport, colorScheme });
      for (const [name, path] of Object.entries(screens)) {
        test(`${name} is accessible and keeps its width`, async ({ page }, info) => {
          const faults: string[] = [];
          page.on('pageerror', (e) => faults.push(e.message));
          page.on('console', (m) => { if (m.type() === 'error' && !m.text().includes('404')) faults.push(m.text()); });
          await open(page, path);
          const result = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
          expect(result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(' | ')}`)).toEqual([]);
          expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
          expect(faults).toEqual([]);
          await page.screenshot({ path: info.outputPath(`${name}.png`), fullPage: true });
        });
      }
    });
  }
}

test.describe('templates', () => {
  test.use({ viewport: { width: 1280, height: 800 } });

  test('a text is checked while it is typed, shown on the phone, and saved as a version', async ({ page }) => {
    await open(page, '/templates/1');
    const body = page.getByLabel('Body');
    await body.fill('{{1}} is ready for you at the beach today.');
    await expect(page.getByLabel('Check').getByText('the body may not begin with a variable')).toBeVisible();
    await expect(page.getByText('the body may not begin with a variable: put a word before it').first()).toBeVisible();
    await body.fill('Your boat is ready for {{1}} at the beach today.');
    await expect(page.getByRole('figure', { name: /How a phone shows booking_confirmed, English/ }).first()).toContainText('Your boat is ready for Alice');
    await expect(page.getByText('Meta’s rules are met')).toBeVisible();
    const saved = page.waitForRequest((r) => r.method() === 'PUT' && r.url().endsWith('/template-drafts/1'));
    await page.getByRole('button', { name: 'Save' }).click();
    expect((await saved).postDataJSON()).toMatchObject({ version: 3, definition: { body: 'Your boat is ready for {{1}} at the beach today.' } });
  });

  test('the marks go around what is selected', async ({ page }) => {
    await open(page, '/templates/3');
    const body = page.getByLabel('Body');
    await body.fill('see you soon');
    await body.evaluate((el: HTMLTextAreaElement) => el.setSelectionRange(4, 7));
    await page.getByRole('button', { name: 'Bold' }).click();
    await expect(body).toHaveValue('see *you* soon');
    await page.getByRole('button', { name: 'Variable' }).click();
    await expect(body).toHaveValue(/\{\{1\}\}/);
  });

  test('history tells what changed and what Meta did', async ({ page }) => {
    await open(page, '/templates/1');
    const history = page.getByRole('region', { name: 'History' });
    await expect(history.getByText('approved by Sam Oduya')).toBeVisible();
    await expect(history.getByText('Say how to move it')).toBeVisible();
    await history.getByText('2 changes').click();
    await expect(history.locator('del').first()).toHaveText('Hello {{1}}, your booking is confirmed.');
    await expect(page.getByText('Meta files it as Marketing').first()).toBeVisible();
  });

  test('a ready-made one is added from the gallery', async ({ page }) => {
    await page.route('**/api/v1/ready-templates', (r) => (r.request().method() === 'POST' ? r.fulfill({ json: { items: [{ key: 'cart_waiting', language: 'en', draft_id: 9, had: false }], next: '' } }) : r.fallback()));
    await open(page, '/templates?view=ready');
    const asked = page.waitForRequest((r) => r.method() === 'POST' && r.url().endsWith('/ready-templates'));
    await page.getByRole('button', { name: 'Add Cart that waits' }).click();
    expect((await asked).postDataJSON()).toMatchObject({ keys: ['cart_waiting'] });
    await expect(page.getByText('1 draft made.')).toBeVisible();
  });

  test('whoever may not write sees the text and no buttons to change it', async ({ page }) => {
    await page.route('**/api/v1/me', async (r) => { const me = await (await r.fetch()).json() as Record<string, unknown>; await r.fulfill({ json: { ...me, role: 'agent', permissions: ['see', 'converse'] } }); });
    await open(page, '/templates/1');
    await expect(page.getByLabel('Body')).toBeDisabled();
    await expect(page.getByRole('button', { name: 'Save' })).toHaveCount(0);
    await open(page, '/templates/new');
    await expect(page.getByText('Not with your role')).toBeVisible();
  });
});

test('with the window shut, the best template is offered, filled, with what the gate would say', async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await open(page, '/inbox?id=1002');
  await page.getByRole('button', { name: /template/i }).first().click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('Hello Giulia, your booking with Bondi Kayaks is confirmed:')).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Send' })).toBeDisabled();
  await dialog.getByLabel('Value 1').fill('Sunday, 10:00');
  await expect(dialog.getByText('is confirmed: Sunday, 10:00.')).toBeVisible();
  const sent = page.waitForRequest((r) => r.method() === 'POST' && r.url().endsWith('/conversations/1002/messages'));
  await dialog.getByRole('button', { name: 'Send' }).click();
  expect((await sent).postDataJSON()).toMatchObject({ template_id: 3, values: { 'body:2': 'Sunday, 10:00' } });
});
