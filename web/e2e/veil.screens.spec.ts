import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';
import { conversationDetail, conversations, messages } from '../mock/data';

// An answer that is under way when a test ends is nobody's.
test.afterEach(({ page }) => page.unrouteAll({ behavior: 'ignoreErrors' }));

async function open(page: Page, path: string) {
  await page.goto(path);
  await page.locator('main').waitFor();
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
}

const clean = async (page: Page) => expect((await new AxeBuilder({ page }).analyze()).violations.map((v) => v.id)).toEqual([]);

const insult = 'Nobody wants your kind on our beach';
const rude = conversations.map((c) => (c.id === 1000 ? { ...c, preview: insult, preview_harm: 0.94 } : c));
const first = { ...messages.at(-2)!, id: 20, direction: 'in' as const, author: 'contact' as const, member_name: '', text: 'Go back where you came from', receipt: '' as const, receipt_error: '', harm: 0.9 };
const newest = { ...messages.at(-1)!, id: 21, text: insult, harm: 0.94, detail: { attachments: [{ type: 'image', url: '/media/nothing.png' }] } };

async function insulted(page: Page) {
  await page.route(/\/api\/v1\/conversations\?/, (r) => r.fulfill({ json: { items: rude, next: '' } }));
  await page.route(/\/conversations\/1000$/, (r) => r.fulfill({ json: { ...conversationDetail(rude[0]!), earlier: [{ id: 1001, channel: 'instagram', opened_at: newest.at, resolved_at: newest.at, preview: insult, preview_harm: 0.9 }], came_from: { comment: { id: 100, text: insult, harm: 0.9 }, post: null, trigger: null } } }));
  await page.route(/\/conversations\/1000\/messages/, (r) => r.fulfill({ json: { items: [...messages.slice(0, -1), first, newest], next: '' } }));
}

/** What somebody sees who looks at the page: blurred words are there, and say nothing. */
const bare = (page: Page) => page.getByText(insult).evaluateAll((all) => all.filter((el) => { for (let n: Element | null = el; n; n = n.parentElement) if (getComputedStyle(n).filter.includes('blur')) return false; return true; }).length);

test('harmful messages are veiled in the thread, the list and the panel, and lifted by a click or by V', async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 1400 }); // both in sight
  await insulted(page);
  await open(page, '/inbox?view=all&id=1000');
  const veils = page.getByRole('log').getByRole('button', { name: 'Harmful: show' });
  await expect(veils).toHaveCount(2);
  expect(await bare(page)).toBe(0);
  await expect(page.getByRole('link', { name: new RegExp(insult) })).toHaveCount(0);
  await expect(page.getByTitle(insult)).toHaveCount(0);
  await expect(page.getByRole('region', { name: 'Conversations' }).getByText('Harmful text, veiled')).toHaveCount(1);
  await expect(page.getByRole('complementary').getByText('Harmful text, veiled')).toHaveCount(1);
  await clean(page);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog').getByText('Harmful: show')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.keyboard.press('v');
  await expect(veils).toHaveCount(1);
  expect(await bare(page)).toBe(1);
  await page.keyboard.press('v');
  await expect(veils).toHaveCount(0);
  await page.keyboard.press('v');
  await expect(veils).toHaveCount(2);
  await veils.first().click();
  await expect(page.getByText('Go back where you came from')).toBeVisible();
  await page.getByRole('log').getByRole('button', { name: 'Veil again' }).click();
  await expect(veils).toHaveCount(2);
});

test('who wants no veils has none, and says so where everybody can', async ({ page }) => {
  await insulted(page);
  await open(page, '/profile');
  await page.getByRole('switch', { name: 'Veil harmful texts and pictures' }).click({ force: true });
  await open(page, '/inbox?view=all&id=1000');
  await expect(page.getByRole('log').getByText(insult)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Harmful: show' })).toHaveCount(0);
});

test('what a customer writes now is read out, and harm is only said to have come', async ({ page }) => {
  await insulted(page);
  let tell = () => {};
  const come = new Promise<void>((done) => { tell = done; });
  let there = false;
  await page.route('**/api/v1/stream*', async (r) => { await come; await r.fulfill({ contentType: 'text/event-stream', body: 'event: changes\ndata: {"topics":[{"topic":"message","id":1000}]}\n\n' }); });
  await page.route(/\/conversations\/1000\/messages/, (r) => r.fulfill({ json: { items: there ? [...messages, newest] : messages, next: '' } }));
  await open(page, '/inbox?view=all&id=1000');
  await expect(page.getByRole('log').getByText('per sabato quanti posti').first()).toBeVisible();
  there = true;
  tell();
  await expect(page.getByRole('status').filter({ hasText: 'Giulia Ferrero wrote something that was judged harmful; it is veiled.' })).toHaveCount(1);
});

const dot = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');

test('a stranger’s picture at which nobody has looked is veiled, its words are not, until somebody answers them', async ({ page }) => {
  const sent = { ...messages.at(-1)!, id: 22, text: 'this came broken', harm: 0.1, unseen: true, detail: { attachments: [{ type: 'image', url: '/media/broken.png' }] } };
  const unanswered = messages.filter((m) => m.author !== 'member');
  let answered = false;
  await page.route('**/media/broken.png', (r) => r.fulfill({ contentType: 'image/png', body: dot }));
  await page.route(/\/conversations\/1000\/messages/, (r) => r.fulfill({ json: { items: [...unanswered, sent, ...(answered ? [{ ...messages.find((m) => m.author === 'member')!, id: 23, at: sent.at }] : [])], next: '' } }));
  await open(page, '/inbox?view=all&id=1000');
  const log = page.getByRole('log'), veil = log.getByRole('button', { name: 'Picture nobody has looked at: show' });
  await expect(veil).toHaveCount(1);
  await expect(log.getByText('this came broken')).toBeVisible();
  await expect(log.getByRole('img', { name: 'Picture' })).toHaveCount(0);
  await clean(page);
  await page.keyboard.press('v');
  await expect(veil).toHaveCount(0);
  await expect(log.getByRole('img', { name: 'Picture' })).toHaveCount(1);
  answered = true;
  await open(page, '/inbox?view=all&id=1000');
  await expect(log.getByRole('img', { name: 'Picture' })).toHaveCount(1);
  await expect(veil).toHaveCount(0);
});

test('a comment’s picture at which nobody has looked is veiled until the moderator lifts it', async ({ page }) => {
  await page.route('**/media/broken.png', (r) => r.fulfill({ contentType: 'image/png', body: dot }));
  await page.goto('/moderation');
  const one = await page.evaluate(() => fetch('/api/v1/comments/102').then((r) => r.json() as Promise<{ verdict: object }>));
  const seen = (media: string) => ({ ...one, attachments: [{ type: 'image', url: '/media/broken.png' }], verdict: { ...one.verdict, harm: 0, media } });
  for (const [media, veils] of [['not_looked_at', 1], ['looked_at', 0]] as const) {
    await page.route(/\/api\/v1\/comments\/102$/, (r) => r.fulfill({ json: { ...seen(media), thread: [seen(media)] } }));
    await open(page, '/moderation?id=102');
    await expect(page.getByRole('region', { name: 'Comment', exact: true }).getByRole('button', { name: 'Picture nobody has looked at: show' })).toHaveCount(veils);
  }
});
