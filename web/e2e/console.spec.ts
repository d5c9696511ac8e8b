import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';

// An answer that is under way when a test ends is nobody's.
test.afterEach(({ page }) => page.unrouteAll({ behavior: 'ignoreErrors' }));

async function open(page: Page, path: string) {
  await page.goto(path);
  await page.locator('main').waitFor();
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
}

test.use({ viewport: { width: 1280, height: 800 } });

test('harmful words are veiled until V is pressed, and the setting is kept', async ({ page }) => {
  await open(page, '/moderation?id=101');
  const veil = page.getByRole('button', { name: 'Harmful: show' });
  await expect(veil).toBeVisible();
  await page.keyboard.press('v');
  await expect(veil).toHaveCount(0);
  await page.keyboard.press('v');
  await expect(veil).toBeVisible();
  await page.getByRole('button', { name: 'Filters' }).click();
  await page.getByRole('switch', { name: 'Veil harmful texts and pictures' }).press(' ');
  await expect(veil).toHaveCount(0);
  await page.reload();
  await page.getByRole('region', { name: 'Thread' }).waitFor();
  await expect(veil).toHaveCount(0);
});

test('the queue is narrowed, the address says by what, and one press clears it', async ({ page }) => {
  await open(page, '/moderation');
  await page.getByRole('button', { name: 'Filters' }).click();
  const asked = page.waitForRequest((r) => r.url().includes('category=spam') && r.url().includes('confidence=high') && r.url().includes('after='));
  for (const [label, choice] of [['Category', 'Spam'], ['How sure', 'Sure (90% and more)'], ['Written', 'Within a day']] as const) {
    await page.getByRole('dialog').getByRole('combobox', { name: label }).click();
    await page.getByRole('option', { name: choice, exact: true }).click();
  }
  await asked;
  expect(new URL(page.url()).searchParams.get('sure')).toBe('high');
  const result = await new AxeBuilder({ page }).analyze();
  expect(result.violations.map((v) => v.id)).toEqual([]);
  await page.getByRole('button', { name: 'Clear the filters' }).click();
  await expect(page.getByRole('button', { name: 'Filters', exact: true })).toBeVisible();
});

test('a storm is decided once, with how long it holds', async ({ page }) => {
  let said: unknown;
  await page.route(/\/api\/v1\/comments\/101$/, async (r) => {
    const answer = await r.fetch();
    const body = (await answer.json()) as { review: Record<string, unknown> };
    body.review = { ...body.review, alike: 87 };
    await r.fulfill({ json: body });
  });
  await page.route('**/api/v1/reviews/*/alike', async (r) => { said = r.request().postDataJSON(); await r.fulfill({ json: { batch: 5, done: 60, skipped: 0, left: 28, holds_until: new Date().toISOString() } }); });
  await open(page, '/moderation?id=101');
  await expect(page.getByText('87 other comments with the same text wait')).toBeVisible();
  await page.getByRole('combobox', { name: 'And what comes later' }).click();
  await page.getByRole('option', { name: 'Also for 2 hours' }).click();
  await page.getByRole('button', { name: 'Hide all' }).click();
  await expect(page.getByText('88 comments are being hidden.')).toBeVisible();
  expect(said).toEqual({ verb: 'hide', hours: 2 });
});

test('the model gives a second opinion, and nothing follows', async ({ page }) => {
  await open(page, '/moderation?id=101');
  await page.getByRole('button', { name: 'Ask the language model' }).click();
  await expect(page.getByText('angry, but fair criticism')).toBeVisible();
  await expect(page.getByText('Differs')).toBeVisible();
});

test('a rule is tried on history before it acts, with what it would have done', async ({ page }) => {
  await open(page, '/policies?tab=rules&rule=no_resellers');
  const drawer = page.getByRole('dialog');
  await drawer.getByLabel('Words or phrases, one a line').fill('second hand kayak\nused kayak');
  const sent = page.waitForRequest((r) => r.method() === 'POST' && r.url().endsWith('/versions'));
  await drawer.getByRole('button', { name: 'Try on 30 days' }).click();
  expect((await sent).postDataJSON()).toMatchObject({ kind: 'rule', document: { name: 'no_resellers', words: ['second hand kayak', 'used kayak'], author: { comments: 3 } } });
  await expect(drawer.getByText('It would have removed 18 comments. People restored 2 of them later.')).toBeVisible();
  await drawer.getByLabel('Further conditions (JSON)').fill('{');
  await expect(drawer.getByText('This is not a JSON object.')).toBeVisible();
  await expect(drawer.getByRole('button', { name: 'Save, live at once' })).toBeDisabled();
});

test('a running backtest shows how far it is and can be cancelled', async ({ page }) => {
  let cancelled = false;
  await page.route(/\/api\/v1\/backtests\/\d+$/, async (r) => {
    const answer = await r.fetch();
    const body = (await answer.json()) as Record<string, unknown>;
    await r.fulfill({ json: { ...body, state: cancelled ? 'cancelled' : 'running', worked: 1000 } });
  });
  await page.route(/\/api\/v1\/backtests\/\d+\/cancel$/, async (r) => { cancelled = true; await r.fulfill({ json: {} }); });
  await open(page, '/policies?tab=versions&version=3');
  await expect(page.getByText('1000 of 4120')).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText('Stopped after 1000 of 4120.')).toBeVisible();
});

test('the table says what a line lacks, and a version what it changes', async ({ page }) => {
  await open(page, '/policies');
  await page.getByRole('button', { name: 'Add a line' }).click();
  const line = page.getByRole('listitem', { name: 'Line 3' });
  await line.getByRole('combobox', { name: 'Comments' }).click();
  await page.getByRole('option', { name: 'Not about these' }).click();
  await expect(line.getByRole('alert')).toHaveText('This line decides nothing yet.');
  await expect(page.getByRole('button', { name: 'Save, live at once' })).toBeDisabled();
  await page.getByRole('button', { name: 'Move line 3 up' }).click();
  await expect(page.getByRole('listitem', { name: 'Line 2' }).getByRole('alert')).toBeVisible();
  await open(page, '/policies?tab=versions&version=3');
  await expect(page.getByRole('region', { name: 'What it changes' }).getByText('kayak d’occasion')).toBeVisible();
  await expect(page.getByText('97%')).toBeVisible();
});
