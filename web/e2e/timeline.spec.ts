import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';

/** One time line over a person's channels, leads, and links for posters, on the made-up API. */
test.afterEach(({ page }) => page.unrouteAll({ behavior: 'ignoreErrors' }));
test.use({ viewport: { width: 1280, height: 800 } });

async function open(page: Page, path: string) {
  await page.goto(path);
  await page.locator('main').waitFor();
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
}

test('the time line tells all channels by day, walks by keys, and jumps to the message', async ({ page }) => {
  await open(page, '/inbox?id=1000');
  await page.keyboard.press('h');
  const line = page.getByRole('region', { name: 'Timeline' });
  await expect(line.getByRole('listitem').first()).toContainText('Perfetto, a sabato!');
  for (const channel of ['WhatsApp', 'Instagram', 'Facebook']) await expect(line.getByRole('img', { name: channel }).first()).toBeVisible();
  for (const said of ['Nora Weld passed it to Sam Oduya', 'Agreed to offers', 'Arrived on WhatsApp', 'Booked', 'Sent in a lead form', 'Merged with another contact']) await expect(line.getByText(said)).toBeVisible();
  expect(await line.getByRole('heading').count()).toBeGreaterThan(1); // a day each

  // What is harmful is veiled, what is written from right to left stands right.
  await expect(line.getByText('you are all idiots')).toHaveCSS('user-select', 'none');
  await line.getByRole('button', { name: 'Harmful: show' }).click();
  await expect(line.getByRole('button', { name: 'Veil again' })).toBeVisible();
  expect(await line.getByText('هل يمكنني').evaluate((el) => getComputedStyle(el.closest('.said') ?? el).direction)).toBe('rtl');

  // The arrows go from entry to entry, Enter opens: the conversation and the message are in the address, the time line stays.
  await line.getByRole('link', { name: 'Message' }).first().focus();
  await page.keyboard.press('ArrowDown');
  await expect(line.getByRole('link', { name: 'Message' }).nth(1)).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(line.getByRole('link', { name: 'Note' })).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/id=1000.*at=4|at=4.*id=1000/);
  expect(new URL(page.url()).searchParams.get('panel')).toBe('timeline');
  await line.getByRole('link', { name: 'Private reply' }).click();
  await expect(page).toHaveURL(/id=1001/);
  await page.getByRole('region', { name: 'Timeline' }).getByRole('link', { name: 'Comment' }).first().click();
  await expect(page).toHaveURL(/\/moderation\?.*id=100/);
});

test('what was said alone, older pages, and a failure that can be tried again', async ({ page }) => {
  let broken = true;
  await page.route(/\/contacts\/\d+\/timeline/, async (r) => {
    if (broken) return r.fulfill({ status: 422, contentType: 'application/problem+json', body: '{"kind":"invalid","detail":"no"}' });
    const url = new URL(r.request().url());
    const body = (await (await r.fetch()).json()) as { items: { key: string }[]; next: string };
    if (url.searchParams.get('cursor') === 'more') return r.fulfill({ json: { items: body.items.slice(-2).map((e) => ({ ...e, key: `${e.key} again`, at: '2024-02-03T10:00:00Z' })), next: '' } });
    return r.fulfill({ json: { ...body, next: 'more' } });
  });
  await page.goto('/inbox?id=1000&panel=timeline');
  const line = page.getByRole('region', { name: 'Timeline' });
  await expect(line.getByRole('alert')).toBeVisible({ timeout: 12_000 });
  broken = false;
  await line.getByRole('button', { name: 'Try again' }).click();
  await expect(line.getByRole('button', { name: 'Show older' })).toBeVisible();
  const all = await line.getByRole('listitem').count();
  await line.getByRole('button', { name: 'Show older' }).click();
  await expect(line.getByRole('listitem')).toHaveCount(all + 2);
  await expect(line.getByText('2024').last()).toBeVisible();
  await expect(line.getByRole('button', { name: 'Show older' })).toHaveCount(0);
  const asked = page.waitForRequest((r) => r.url().includes('only=said'));
  await line.getByRole('button', { name: 'What was said' }).click();
  await asked;
  await expect(line.getByText('Booked')).toHaveCount(0);
});

test('on a phone the time line opens over the conversation and closes with a jump', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page, '/inbox?id=1000');
  await page.getByRole('button', { name: 'Contact', exact: true }).click();
  const drawer = page.getByRole('dialog', { name: 'Contact' });
  await drawer.getByText('Timeline', { exact: true }).click();
  await expect(drawer.getByText('Perfetto, a sabato!')).toBeVisible();
  const result = await new AxeBuilder({ page }).analyze();
  expect(result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(' | ')}`)).toEqual([]);
  await drawer.getByRole('link', { name: 'Message' }).first().click();
  await expect(drawer).toHaveCount(0);
  await expect(page).toHaveURL(/at=5/);
});

test('a lead is looked at, and the box of a form nobody told of is given its words', async ({ page }) => {
  await page.route(/\/leads\/3\/done$/, (r) => r.fulfill({ status: 204 }));
  let told: unknown;
  await page.route(/\/lead-forms$/, async (r) => { if (r.request().method() !== 'PUT') return r.fallback(); told = r.request().postDataJSON(); return r.fulfill({ json: {} }); });
  await open(page, '/leads');
  const done = page.waitForRequest((r) => r.method() === 'POST' && r.url().endsWith('/leads/3/done'));
  await page.getByRole('list', { name: 'Leads' }).getByRole('button', { name: 'Looked at' }).click();
  await done;
  await page.getByText('Answers').first().click();
  await expect(page.getByText('offers_ok')).toBeVisible();
  await page.getByRole('group', { name: 'What to show' }).getByRole('button', { name: 'Forms' }).click();
  await page.getByRole('button', { name: 'Tell what the box of form 7713 means' }).click();
  const form = page.getByRole('dialog');
  await expect(form.getByRole('combobox', { name: 'Key of the box' })).toHaveValue('offers_ok');
  await form.getByRole('textbox', { name: 'What stands beside the box' }).fill('Bondi Kayaks may send me offers on WhatsApp. STOP ends it.');
  await form.getByRole('combobox', { name: 'Template of the first message' }).fill('lead_welcome');
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(form).toHaveCount(0);
  expect(told).toMatchObject({ form_id: '7713', box_key: 'offers_ok', language: 'en', purpose: 'service', template: 'lead_welcome' });
});

test('a link is made for a place, its poster speaks its language, and it ends', async ({ page }) => {
  let made: unknown;
  await page.route(/\/handoff-links$/, async (r) => { if (r.request().method() !== 'POST') return r.fallback(); made = r.request().postDataJSON(); return r.fulfill({ json: {} }); });
  await page.route(/\/handoff-links\/2$/, (r) => r.fulfill({ status: 204 }));
  await open(page, '/links');
  await page.getByRole('button', { name: 'New link' }).click();
  const form = page.getByRole('dialog');
  await form.getByRole('textbox', { name: 'Place' }).fill('Flyer May');
  await form.getByRole('button', { name: 'Make the link' }).click();
  await expect(form).toHaveCount(0);
  expect(made).toMatchObject({ name: 'Flyer May', language: 'en' });
  await expect(page.getByText('41 started on WhatsApp')).toBeVisible();
  await expect(page.getByRole('link', { name: 'QR code of Shop window Bondi as PNG' })).toHaveAttribute('href', /handoff-links\/2\/qr\?format=png/);
  await page.getByRole('link', { name: /Poster for Volantino/ }).click();
  await expect(page.getByRole('region', { name: 'Poster' })).toContainText('Scrivici su WhatsApp');
  await page.getByRole('textbox', { name: 'Heading' }).fill('Ci vediamo in spiaggia');
  await expect(page.getByRole('region', { name: 'Poster' }).getByRole('heading')).toHaveText('Ci vediamo in spiaggia');
  await page.emulateMedia({ media: 'print' });
  await expect(page.getByRole('button', { name: 'Print' })).toBeHidden();
  await page.emulateMedia({ media: 'screen' });
  await page.getByRole('link', { name: 'All links' }).click();
  const ended = page.waitForRequest((r) => r.method() === 'DELETE');
  await page.getByRole('button', { name: 'End the link of Shop window Bondi' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End' }).click();
  await ended;
});

test('the outbox is narrowed by why something stands where it stands', async ({ page }) => {
  await open(page, '/outbox?view=all');
  const asked = page.waitForRequest((r) => /\/actions\?.*reason=account_off/.test(r.url()));
  await page.getByRole('link', { name: 'Only: sending is switched off for this account' }).click();
  await asked;
  await expect(page.getByText('Only: sending is switched off for this account')).toBeVisible();
  await page.getByRole('link', { name: 'Show all reasons' }).click();
  await expect(page.getByRole('link', { name: 'Show all reasons' })).toHaveCount(0);
});

test('tabs and tables keep their shape on a phone', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page, '/knowledge?tab=questions');
  for (const name of ['Quick replies', 'Knowledge', 'Without an answer', 'How it helps']) {
    const box = await page.getByRole('group', { name: 'Knowledge and quick replies' }).getByRole('button', { name, exact: true }).boundingBox();
    expect(box && box.x >= 0 && box.x + box.width <= 390, name).toBe(true);
  }
  await open(page, '/policies?tab=versions');
  for (const row of await page.getByRole('main').getByRole('row').all()) { // a card a version: its lines, and no column squeezed to letters
    const box = await row.boundingBox();
    expect(box && box.x >= 0 && box.x + box.width <= 390 && box.height < 260).toBe(true);
  }
});

test('a reply for later is changed: it waits no more, and its words stand where one writes', async ({ page }) => {
  let waits = true;
  await page.route(/\/conversations\/1000\/scheduled$/, async (r) => {
    const answer = await r.fetch();
    const list = (await answer.json()) as { items: unknown[] };
    return r.fulfill({ response: answer, json: { ...list, items: waits ? list.items : [] } });
  });
  await page.route(/\/scheduled-replies\/77\/cancel$/, (r) => { waits = false; return r.fulfill({ status: 204 }); });
  await page.goto('/inbox?id=1000');
  const field = page.locator('#reply');
  await field.fill('A presto!');
  const later = page.getByRole('list', { name: 'Replies for later' });
  await later.getByRole('button', { name: 'Change' }).press('Enter');
  await expect(field).toHaveValue('Ti scrivo appena so dei posti per sabato.\nA presto!');
  await expect(field).toBeFocused();
  await expect(later).toHaveCount(0);
});
