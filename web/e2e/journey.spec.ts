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

async function newCustomer(page: Page): Promise<{ name: string; id: string }> {
  const n = String(Date.now()).slice(-8);
  const name = `Alice Moreau ${n}`;
  const made = await page.request.post('/rehearse/control/person', { data: { name, username: `alice.${n}`, language: 'en', phone: `614${n}` }, headers: { 'X-Ponte-CSRF': '1' } });
  expect(made.ok(), await made.text()).toBe(true);
  return { name, id: ((await made.json()) as { id: string }).id };
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
  const item = page.getByRole('main').getByRole('button').filter({ hasText: 'I hope your boats sink' }); // veiled: its accessible name does not say it
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

  await page.goto(`/inbox?view=all&channel=whatsapp&q=${encodeURIComponent(name)}`);
  await page.locator('section[aria-label="Conversations"] li button').first().click();
  const contact = page.getByRole('complementary', { name: 'Contact' });
  await expect(contact.getByText('came through the WhatsApp link')).toBeVisible({ timeout: 20_000 });
  await expect(contact.getByText(`@alice.${name.slice(-8)}`, { exact: true })).toBeVisible();
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

/** Carries a new customer to WhatsApp by the control API, past the bot's questions, to a person. */
async function carried(page: Page) {
  const { name, id } = await newCustomer(page);
  const control = (what: string, data: unknown) => page.request.post(`/rehearse/control/${what}`, { data, headers: { 'X-Ponte-CSRF': '1' } });
  const stage = async () => (await (await page.request.get('/rehearse/control/state')).json()) as { accounts: { id: string; channel: string }[]; posts: { id: string; account: string }[]; messages: { id: string; person: string; account: string; from_brand: boolean; text: string }[] };
  const { accounts, posts } = await stage();
  const instagram = accounts.find((a) => a.channel === 'instagram')?.id ?? '';
  const whatsapp = accounts.find((a) => a.channel === 'whatsapp')?.id ?? '';
  const got = async (account: string) => (await stage()).messages.filter((m) => m.person === id && m.account === account && m.from_brand);
  await control('comment', { account: instagram, post: posts.find((p) => p.account === instagram)?.id, person: id, text: 'Info please!' });
  await expect.poll(async () => (await got(instagram)).length, { timeout: 20_000 }).toBe(1);
  const tapped = (await (await control('tap', { message: (await got(instagram))[0]?.id })).json()) as { text: string };
  const say = (text: string) => control('whatsapp', { person: id, text });
  await say(tapped.text);
  await expect.poll(async () => (await got(whatsapp)).length, { timeout: 20_000 }).toBeGreaterThan(0);
  await say('I would like to speak to a person, please');
  const found = async () => ((await (await page.request.get(`/api/v1/conversations?view=all&channel=whatsapp&q=${encodeURIComponent(name)}`)).json()) as { items: { id: number; handler: string }[] }).items[0];
  await expect.poll(async () => (await found())?.handler, { timeout: 20_000 }).toBe('human');
  return { name, say, conversation: (await found())?.id ?? 0 };
}

test('suggested answers: sources shown, one dismissed, one edited, a stale one refused', async ({ page }, info) => {
  const { say, conversation } = await carried(page);
  await say('How much does a kayak cost for a day, and when are you open?');
  await page.goto(`/inbox?view=all&id=${conversation}`);
  const offered = page.getByRole('group', { name: 'Suggested answers' });
  const one = offered.getByRole('button', { name: /28 dollars/ });
  await expect(one).toBeVisible({ timeout: 20_000 });
  await expect(one.getByText('Prices for kayak hire')).toBeVisible();
  await page.screenshot({ path: info.outputPath('suggestions.png') });

  const before = await offered.locator('kbd').count();
  expect(before).toBeGreaterThan(1);
  await offered.getByRole('button', { name: `Dismiss suggestion ${before}` }).click();
  await expect(offered.locator('kbd')).toHaveCount(before - 1);

  await one.click();
  const reply = page.getByLabel('Your answer');
  await expect(reply).toHaveValue(/28 dollars/);
  await reply.fill('A single kayak is 70 dollars for the whole day.');
  await reply.press('Enter');
  await expect(page.getByRole('log').getByText('70 dollars for the whole day')).toBeVisible();
  await expect(offered).toHaveCount(0);

  // Somebody looks at suggestions while the customer writes on, and the page does not hear of it.
  const revision = async () => ((await (await page.request.get(`/api/v1/conversations/${conversation}`)).json()) as { revision: number }).revision;
  const answered = await revision();
  await say('And how much is a double kayak?');
  await expect.poll(revision, { timeout: 20_000 }).toBeGreaterThan(answered);
  await page.route('**/api/v1/stream*', (route) => route.abort());
  await page.goto(`/inbox?view=all&id=${conversation}`);
  await expect(offered.locator('kbd').first()).toBeVisible({ timeout: 20_000 });
  const was = await revision();
  await say('Forget it, when do you open on Saturday?');
  await expect.poll(revision, { timeout: 20_000 }).toBeGreaterThan(was);
  await page.keyboard.press('1');
  const refused = page.waitForResponse((r) => r.request().method() === 'POST' && r.url().endsWith(`/conversations/${conversation}/messages`));
  await page.keyboard.press('Enter');
  expect((await refused).status()).toBe(409);
  await expect(page.getByText('Forget it, when do you open on Saturday?').last()).toBeVisible();
  await expect(page.getByRole('alert').or(page.locator('.mantine-Notification-root')).first()).toBeVisible();
  await page.screenshot({ path: info.outputPath('refused.png') });
});

test('two identities are parted by one press and joined again', async ({ page }) => {
  const { name, conversation } = await carried(page);
  await page.goto(`/inbox?view=all&id=${conversation}`);
  const contact = page.getByRole('complementary', { name: 'Contact' });
  await expect(contact.getByText(`The reference was given to @alice.${name.slice(-8)} on Instagram`, { exact: false })).toBeVisible({ timeout: 20_000 });
  await contact.getByRole('button', { name: 'Not the same person' }).click();
  await expect(contact.getByText('Parted from')).toBeVisible();
  await expect(contact.getByText(`@alice.${name.slice(-8)}`, { exact: true })).toHaveCount(0);
  await contact.getByRole('button', { name: 'Join again' }).click();
  await expect(contact.getByText('came through the WhatsApp link', { exact: false })).toBeVisible();
});

test('a person is erased only after their name was typed', async ({ page }) => {
  const { name } = await carried(page);
  await page.goto(`/contacts?q=${encodeURIComponent(name)}`);
  await page.getByRole('link', { name }).first().click();
  await page.getByRole('button', { name: 'Erase' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText(/The words of \d+ message/)).toBeVisible();
  const sure = dialog.getByRole('button', { name: 'Erase' });
  await expect(sure).toBeDisabled();
  await dialog.getByRole('textbox').fill(name);
  await sure.click();
  await expect(page.getByRole('heading', { name: 'Erased person', exact: true })).toBeVisible();
  await expect(page.getByText(name)).toHaveCount(0);
});

test('every screen opens on real data, names everything and keeps its width', async ({ page }, info) => {
  for (const path of ['/', '/moderation?queue=all', '/inbox?view=all', '/triggers', '/triggers/new', '/knowledge', '/templates', '/accounts', '/contacts', '/outbox?view=all', '/events?view=all', '/consent', '/audit', '/team', '/settings', '/rehearse']) {
    await page.goto(path);
    await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
    await expect(page.getByRole('alert')).toHaveCount(0);
    const result = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
    expect(result.violations.map((v) => `${path} ${v.id}: ${v.nodes[0]?.target.join(' ')}`)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    await page.screenshot({ path: info.outputPath(`screen${path.replace(/\W+/g, '-')}.png`) });
  }
});
