import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';

/**
 * Walks through a running ponte with its rehearsal (make run): the address is in PONTE_E2E_URL. Each
 * test plays a customer of its own, so that it can be run again on the same data.
 */
const email = process.env['PONTE_E2E_EMAIL'] ?? 'owner@ponte.local';
const password = process.env['PONTE_E2E_PASSWORD'] ?? 'bondi-kayaks-demo';

test.setTimeout(90_000);

async function signIn(page: Page) {
  await page.goto('/');
  await page.getByLabel('E-mail').fill(email);
  await page.locator('input[type=password]').fill(password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('navigation').first()).toBeVisible();
}

async function newCustomer(page: Page): Promise<{ name: string }> {
  const n = String(Date.now()).slice(-8);
  const name = `Alice Moreau ${n}`;
  const made = await page.request.post('/rehearse/control/person', { data: { name, username: `alice.${n}`, language: 'en', phone: `614${n}` }, headers: { 'X-Ponte-CSRF': '1' } });
  expect(made.ok(), await made.text()).toBe(true);
  return { name };
}

async function play(page: Page, name: string) {
  await page.goto('/rehearse');
  await page.getByRole('combobox', { name: 'You are' }).fill(name);
  await page.getByRole('option', { name }).click();
  return page.getByRole('region', { name: `Phone of ${name}` });
}

test.beforeEach(async ({ page }) => {
  page.on('request', (r) => expect.soft(new URL(r.url()).origin === new URL(test.info().project.use.baseURL ?? '').origin || r.url().startsWith('data:'), r.url()).toBe(true));
  page.on('console', (m) => { if (/Content.Security.Policy/i.test(m.text())) expect.soft(m.text()).toBe(''); });
  await signIn(page);
});

test('a hateful comment is hidden, and the desk says why', async ({ page }, info) => {
  const { name } = await newCustomer(page);
  const phone = await play(page, name);
  const words = `You are all stupid idiots and I hope your boats sink, ${name}`;
  await phone.getByLabel('Write a comment').first().fill(words);
  await page.keyboard.press('Enter');
  await expect(phone.getByText(words)).toBeVisible();

  await page.goto(`/moderation?queue=all&q=${encodeURIComponent(name)}`);
  const item = page.getByRole('button', { name: /I hope your boats sink/ });
  await expect(item).toBeVisible({ timeout: 20_000 });
  await item.click();
  await expect(page.getByRole('heading', { name: new RegExp('alice|Alice') })).toBeVisible();
  await expect(page.getByLabel('Verdict')).toBeVisible({ timeout: 20_000 });
  const hide = page.getByRole('button', { name: 'Hide' });
  if (await hide.isVisible()) await page.keyboard.press('h');
  await expect(page.locator('article[aria-current]').getByText('Hidden')).toBeVisible({ timeout: 20_000 });
  await page.screenshot({ path: info.outputPath('moderation.png') });

  const again = await play(page, name);
  await expect(again.getByText('only you see this')).toBeVisible({ timeout: 20_000 });
  await page.screenshot({ path: info.outputPath('phone.png') });
});

test('an interested comment is carried to WhatsApp and answered by a person', async ({ page }, info) => {
  const { name } = await newCustomer(page);
  let phone = await play(page, name);
  await phone.getByLabel('Write a comment').first().fill('Info please, how much is an hour?');
  await page.keyboard.press('Enter');
  await expect(phone.getByText(/^Messages \(\d+\)$/)).toBeVisible({ timeout: 30_000 });
  await phone.getByText(/^Messages/).click();
  await phone.getByRole('button', { name: /wa\.me/ }).click();
  await expect(phone.getByLabel('Write a message')).not.toHaveValue('');
  await phone.getByRole('button', { name: 'Send' }).click();
  await expect(phone.getByRole('log').getByText(/welcome/i)).toBeVisible({ timeout: 20_000 });
  await page.screenshot({ path: info.outputPath('whatsapp.png') });

  await page.goto('/inbox?view=all&channel=whatsapp');
  await page.locator('section[aria-label="Conversations"] li button').first().click();
  const contact = page.getByRole('complementary', { name: 'Contact' });
  await expect(contact.getByText('came through the WhatsApp link')).toBeVisible({ timeout: 20_000 });
  await expect(contact.getByText(`@alice.${name.slice(-8)}`)).toBeVisible();
  const takeOver = page.getByRole('button', { name: 'Take over' });
  if (await takeOver.isVisible()) await takeOver.click();
  const answer = `A person here, ${name}: an hour is 25.`;
  await page.getByLabel('Your answer').fill(answer);
  await page.getByLabel('Your answer').press('Enter');
  await expect(page.getByRole('log').getByText(answer)).toBeVisible();
  await page.screenshot({ path: info.outputPath('inbox.png') });

  phone = await play(page, name);
  await phone.getByRole('button', { name: 'WhatsApp' }).click();
  await expect(phone.getByText(answer)).toBeVisible({ timeout: 20_000 });
});

test('every screen opens on real data, names everything and keeps its width', async ({ page }, info) => {
  for (const path of ['/', '/moderation?queue=all', '/inbox?view=all', '/triggers', '/triggers/new', '/knowledge', '/accounts', '/team', '/settings', '/rehearse']) {
    await page.goto(path);
    await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
    await expect(page.getByRole('alert')).toHaveCount(0);
    const result = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
    expect(result.violations.map((v) => `${path} ${v.id}: ${v.nodes[0]?.target.join(' ')}`)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    await page.screenshot({ path: info.outputPath(`screen${path.replace(/\W+/g, '-')}.png`) });
  }
});
