import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';

/**
 * A marketer's five minutes in a running ponte with its rehearsal: post, words, replies, WhatsApp step, schedule,
 * dry run, live; then a customer who comments, and the funnel. The address is in PONTE_E2E_URL.
 */
const email = process.env['PONTE_E2E_EMAIL'] ?? 'owner@ponte.local';
const password = process.env['PONTE_E2E_PASSWORD'] ?? 'bondi-kayaks-demo';

test.setTimeout(120_000);
test.beforeEach(({ page }) => page.setDefaultTimeout(10_000));

async function looksRight(page: Page) {
  // A message that is fading out has no contrast to speak of.
  await page.evaluate(async () => { await Promise.all(document.getAnimations().filter((a) => a.effect?.getComputedTiming().endTime !== Infinity).map((a) => a.finished.catch(() => undefined))); });
  const result = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  expect(result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(' | ')}`)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
}

test('a campaign is live in five steps, answers, and shows how far people came', async ({ page }, info) => {
  const shot = async (name: string) => { await looksRight(page); await page.screenshot({ path: info.outputPath(`${name}.png`), fullPage: true }); };
  await page.goto('/');
  await page.getByLabel('E-mail').fill(email);
  await page.locator('input[type=password]').fill(password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('navigation').first()).toBeVisible();

  const n = String(Date.now()).slice(-7);
  const word = `tangerine${n}`;
  const made = await page.request.post('/rehearse/control/person', { data: { name: `Ines Rossi ${n}`, username: `ines.${n}`, language: 'en', phone: `615${n}` }, headers: { 'X-Ponte-CSRF': '1' } });
  expect(made.ok(), await made.text()).toBe(true);
  const person = ((await made.json()) as { id: string }).id;
  const comment = async (text: string) => {
    const done = await page.request.post('/rehearse/control/comment', { data: { person, post: await firstPost(page), text }, headers: { 'X-Ponte-CSRF': '1' } });
    expect(done.ok(), await done.text()).toBe(true);
  };
  await comment(`I would love a ${word} kayak!`);

  // The list, and a campaign to put the trigger into.
  await page.goto('/triggers');
  await page.getByRole('button', { name: 'New campaign' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill(`Citrus ${n}`);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('link', { name: `Citrus ${n}` })).toBeVisible();

  // Where: the picture of a post.
  await page.getByRole('link', { name: 'New trigger' }).first().click();
  const steps = page.getByRole('list', { name: 'Steps' });
  await expect(steps.getByRole('button', { name: /Where/ })).toHaveAttribute('aria-current', 'step');
  await page.getByRole('checkbox', { name: 'Direct messages' }).check();
  await shot('1-where');
  await page.getByRole('button', { name: 'Next' }).click();

  // Words: held at once against what has been written.
  await page.getByRole('combobox', { name: 'Words', exact: true }).fill(word);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('status').filter({ hasText: 'comments would match' })).toContainText('1 of the last', { timeout: 20_000 });
  await expect(page.getByText(`I would love a ${word} kayak!`)).toBeVisible();
  await shot('2-words');
  await page.getByRole('button', { name: 'Next' }).click();

  // Replies: variants, the private reply with its link, as a phone shows it.
  await page.getByRole('combobox', { name: 'WhatsApp number' }).click();
  await page.getByRole('option').nth(1).click();
  await page.getByRole('textbox', { name: 'Variant 1' }).fill('Just wrote to you!');
  await page.getByRole('button', { name: 'Another variant' }).click();
  await page.getByRole('textbox', { name: 'Variant 2' }).fill('Look into your messages.');
  await page.getByRole('textbox', { name: 'Private reply' }).fill('Here is everything about it:');
  await page.getByRole('button', { name: 'Put the WhatsApp link at the end' }).click();
  const phone = page.getByRole('figure');
  await expect(phone).toContainText('Just wrote to you!');
  await expect(phone).toContainText('Here is everything about it:');
  await shot('3-replies');
  await page.getByRole('button', { name: 'Next' }).click();

  // When: windows on the workspace's clock, with the next five shown.
  await page.getByText('On days, for hours').click();
  await expect(page.getByRole('heading', { name: 'The next windows' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'The next windows' }).locator('..').getByRole('listitem')).toHaveCount(5);
  await page.getByRole('textbox', { name: 'Priority' }).fill('50');
  await page.getByRole('combobox', { name: 'Campaign', exact: true }).click();
  await page.getByRole('option', { name: `Citrus ${n}` }).click();
  await shot('4-when');
  await page.getByText('All the time').click();
  await page.getByRole('button', { name: 'Next' }).click();

  // Try: what it would have answered; then live.
  await page.getByRole('textbox', { name: 'Name' }).fill(`Tangerines ${n}`);
  await page.getByRole('button', { name: 'Try', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'would have been answered' })).toContainText('1 of', { timeout: 20_000 });
  const results = page.getByRole('list', { name: 'Results' });
  await expect(results).toContainText(word);
  await expect(results).toContainText('in public, variant');
  await shot('5-try');
  await page.getByRole('button', { name: 'Save and go live' }).click();
  await expect(page.getByRole('row', { name: new RegExp(`Tangerines ${n}`) })).toContainText('Live');

  // Its campaign is a draft: the trigger is silent until the campaign is live.
  await page.getByRole('link', { name: `Citrus ${n}` }).first().click();
  await page.getByRole('button', { name: 'Go live' }).click();
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  await comment(`${word} please, tell me more`);
  await expect(page.getByRole('list', { name: 'How far people came' })).toContainText('1', { timeout: 30_000 });
  await shot('6-campaign');

  // Pause, duplicate, archive.
  await page.getByRole('button', { name: 'Pause' }).press('Enter');
  await expect(page.getByText('The campaign and its triggers are paused.')).toBeVisible();
  await page.goto('/triggers');
  await page.getByRole('button', { name: `More for Tangerines ${n}`, exact: true }).click();
  await page.getByRole('menuitem', { name: 'Duplicate' }).click();
  await expect(page.getByRole('heading', { level: 1, name: `Tangerines ${n} (2)` })).toBeVisible();
  await page.goto('/triggers');
  await shot('7-list');
  await page.getByRole('button', { name: `More for Tangerines ${n} (2)` }).click();
  await page.getByRole('menuitem', { name: 'Archive' }).click();
  await expect(page.getByRole('row', { name: new RegExp(`Tangerines ${n} \\(2\\)`) })).toHaveCount(0);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/triggers/new');
  await expect(page.getByRole('list', { name: 'Steps' })).toBeVisible();
  await shot('8-phone');
});

/** The first post of the stand-in's Instagram account. */
async function firstPost(page: Page): Promise<string> {
  const answer = await page.request.get('/rehearse/control/state');
  const state = (await answer.json()) as { posts: { id: string; channel?: string }[] };
  return state.posts[0]?.id ?? '';
}
