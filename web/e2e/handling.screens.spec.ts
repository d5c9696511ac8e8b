import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';

// An answer that is under way when a test ends is nobody's.
test.afterEach(({ page }) => page.unrouteAll({ behavior: 'ignoreErrors' }));

async function open(page: Page, path: string) {
  await page.goto(path);
  await page.locator('main').waitFor();
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
}

const clean = async (page: Page) => expect((await new AxeBuilder({ page }).analyze()).violations.map((v) => v.id)).toEqual([]);

test.use({ viewport: { width: 1280, height: 800 } });

test('harmful words are veiled where a trigger is held against comments', async ({ page }) => {
  await open(page, '/triggers/1');
  await page.getByRole('button', { name: /Words/ }).click();
  const veil = page.getByRole('button', { name: 'Harmful: show' });
  await expect(veil).toBeVisible();
  await veil.click();
  await expect(page.getByText('nobody wants your kind')).toBeVisible();
  await page.getByRole('button', { name: /Try and go live/ }).click();
  await page.getByRole('button', { name: 'Try', exact: true }).click();
  await expect(page.getByText('Any dates in December?')).toBeVisible();
  await expect(veil).toBeVisible();
});

test('who was erased is said to be, and who has no name is told by an id', async ({ page }) => {
  const who = { name: '', erased: true, known: null as { channel: string; id: string } | null };
  await page.route(/\/api\/v1\/conversations\?/, async (r) => {
    const body = (await (await r.fetch()).json()) as { items: { contact: Record<string, unknown> }[] };
    Object.assign(body.items[0]!.contact, who);
    Object.assign(body.items[1]!.contact, { name: '', erased: false, known: { channel: 'instagram', id: '…2345' } });
    await r.fulfill({ json: body });
  });
  await page.route(/\/api\/v1\/conversations\/1000$/, async (r) => {
    const body = (await (await r.fetch()).json()) as { contact: object; identities: { name: string; username: string }[] };
    Object.assign(body.contact, who);
    body.identities.forEach((i) => Object.assign(i, { name: '', username: '', phone: '' }));
    await r.fulfill({ json: body });
  });
  await open(page, '/inbox?view=all&id=1000');
  await expect(page.getByRole('heading', { name: 'Erased person' })).toBeVisible();
  await expect(page.getByRole('button', { name: /Instagram …2345/ })).toBeVisible();
  await expect(page.getByText('Unknown person')).toHaveCount(0);
  await page.route(/\/api\/v1\/contacts\/300$/, async (r) => {
    const body = (await (await r.fetch()).json()) as { identities: object[] };
    await r.fulfill({ json: { ...body, name: '', erased: false, known: { channel: 'instagram', id: '…2345' }, identities: body.identities.map((i) => ({ ...i, name: '', username: '', phone: '' })) } });
  });
  await open(page, '/contacts/300');
  await expect(page.getByRole('heading', { name: 'Instagram …2345' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Erase' })).toBeVisible();
});

test('an erasure is followed until it is done', async ({ page }) => {
  let under = true;
  await page.route(/\/api\/v1\/contacts\/300$/, async (r) => {
    const body = (await (await r.fetch()).json()) as { identities: object[] };
    await r.fulfill({ json: { ...body, name: '', erased: true, known: null, identities: [] } });
  });
  await page.route(/\/api\/v1\/contacts\/300\/erasure$/, async (r) => r.fulfill({ json: { ...((await (await r.fetch()).json()) as object), under_way: under } }));
  await open(page, '/contacts/300');
  await expect(page.getByRole('heading', { name: 'Erased person' })).toBeVisible();
  const said = page.getByRole('status').filter({ hasText: 'is being emptied' });
  await expect(said).toBeVisible();
  await clean(page);
  under = false;
  await expect(said).toHaveCount(0, { timeout: 10_000 });
});

test('what a role may not see is not asked for, and is said under a heading', async ({ page }) => {
  await page.route('**/api/v1/me', async (r) => { const me = await (await r.fetch()).json() as Record<string, unknown>; await r.fulfill({ json: { ...me, role: 'moderator', permissions: ['see', 'moderate'] } }); });
  const asked: string[] = [];
  page.on('request', (r) => { if (/review-disagreements|flow-secrets|\/rehearse\/control/.test(r.url())) asked.push(r.url()); });
  for (const path of ['/rehearse', '/moderation/disagreements', '/flows?tab=secrets']) {
    await open(page, path);
    await expect(page.getByText('Not with your role')).toBeVisible();
    await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
  }
  expect(asked).toEqual([]);
});

test('where nothing can be booked, the page says why and leads to where it is mended', async ({ page }) => {
  await page.route('**/api/v1/services', (r) => r.fulfill({ json: { items: [], next: '' } }));
  await open(page, '/bookings');
  await expect(page.getByRole('button', { name: 'New booking' })).toBeDisabled();
  await expect(page.getByRole('button', { name: 'New booking' })).toHaveAccessibleDescription(/no service yet/);
  await page.getByRole('link', { name: 'Add a service' }).click();
  await expect(page.getByRole('button', { name: 'New service' })).toBeVisible();
  await page.route('**/api/v1/me', async (r) => { const me = (await (await r.fetch()).json()) as object; await r.fulfill({ json: { ...me, role: 'analyst', permissions: ['see'] } }); });
  await open(page, '/bookings');
  await expect(page.getByText('Your role reads bookings but does not make them.')).toBeVisible();
  await clean(page);
});

test('a trigger that lacks something says what, and goes to the first of it', async ({ page }) => {
  await open(page, '/triggers/new');
  await page.getByRole('button', { name: 'Save as it is' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert').filter({ hasText: '3 things are missing' })).toBeAttached();
  const words = page.getByRole('combobox', { name: 'Words', exact: true }).or(page.getByRole('textbox', { name: 'Words', exact: true })).first();
  await expect(words).toBeFocused();
  await expect(words).toHaveAccessibleDescription(/Give words or an intent/);
  await page.keyboard.type('sunrise');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Save as it is' }).press('Enter');
  await expect(page.getByRole('alert').filter({ hasText: '2 things are missing' })).toBeAttached();
  await expect(page.getByRole('textbox', { name: 'Variant 1' })).toBeFocused();
  await clean(page);
});

test('Escape leaves a trigger, and asks first where something was typed', async ({ page }) => {
  await open(page, '/triggers/new');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/\/triggers$/);
  await open(page, '/triggers/new');
  await page.getByRole('button', { name: /Try and go live/ }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Sunrise');
  await page.keyboard.press('Escape');
  const asked = page.getByRole('dialog', { name: 'Leave without saving' });
  await expect(asked).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(asked).toHaveCount(0);
  await expect(page.getByRole('textbox', { name: 'Name' })).toHaveValue('Sunrise');
  await page.keyboard.press('Escape');
  await asked.getByRole('button', { name: 'Leave without saving' }).click();
  await expect(page).toHaveURL(/\/triggers$/);
});

test('several comments are marked by keys and decided together', async ({ page }) => {
  await open(page, '/moderation');
  await expect(page.getByRole('button', { name: /marco\.r/ })).toBeVisible();
  for (const key of ['j', 'x', 'j', 'j', 's']) await page.keyboard.press(key);
  await expect(page.getByRole('status').filter({ hasText: '3 marked' })).toBeVisible();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog').getByText('Hide all that are marked')).toBeVisible();
  await page.keyboard.press('Escape');
  await clean(page);
  const asked: string[] = [];
  await page.route(/\/comments\/\d+\/approve$/, async (r) => { asked.push(new URL(r.request().url()).pathname.split('/').at(-2) ?? ''); await r.fulfill({ json: {} }); });
  await page.keyboard.press('a');
  await expect(page.getByText('3 comments approved.')).toBeVisible();
  expect(asked).toEqual(['100', '101', '102']);
  await expect(page.getByRole('toolbar', { name: 'Marked comments' })).toHaveCount(0);
});

test('people are found by a label of theirs', async ({ page }) => {
  await open(page, '/contacts');
  const asked = page.waitForRequest((r) => r.url().includes('/contacts?') && r.url().includes('label=sunrise'));
  await page.getByRole('textbox', { name: 'Label' }).or(page.getByRole('combobox', { name: 'Label' })).first().click();
  await page.getByRole('option', { name: 'sunrise' }).click();
  await asked;
  expect(new URL(page.url()).searchParams.get('label')).toBe('sunrise');
});

test('a template is picked, filled and sent by keys alone', async ({ page }) => {
  await page.route(/\/api\/v1\/conversations\/1000$/, async (r) => {
    const body = (await (await r.fetch()).json()) as object;
    await r.fulfill({ json: { ...body, care_window: { open: false, until: null, human_until: null } } });
  });
  await open(page, '/inbox?view=all&id=1000');
  await page.getByRole('button', { name: 'Template' }).press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Value 1').fill('Sunday, 10:00');
  await expect(dialog.getByRole('region', { name: 'What the person reads' })).toContainText('Sunday, 10:00');
  await clean(page);
  const sent = page.waitForRequest((r) => r.method() === 'POST' && r.url().endsWith('/conversations/1000/messages'));
  await page.keyboard.press('Enter');
  expect((await sent).postDataJSON()).toMatchObject({ template_id: 3, values: { 'body:2': 'Sunday, 10:00' } });
});

test('a flow is read and played on a phone', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page, '/flows/1');
  const node = page.locator('.react-flow__node').first();
  await expect(node).toBeVisible();
  await node.click();
  await expect(page.getByRole('textbox', { name: 'Document (JSON)' })).not.toBeFocused();
  await page.getByRole('tab', { name: 'Play it' }).click();
  await expect(page.getByRole('tabpanel', { name: 'Play it' })).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

for (const [name, viewport] of Object.entries({ mouse: { width: 1280, height: 800 }, touch: { width: 390, height: 844 } })) {
  test.describe(`marks by ${name}`, () => {
    test.use({ viewport, hasTouch: name === 'touch' });

    test('comments are marked without keys and decided together', async ({ page }) => {
      await open(page, '/moderation');
      const press = async (who: string) => { const box = page.getByRole('checkbox', { name: `Mark the comment of ${who}` }); await (name === 'touch' ? box.tap() : box.click()); };
      await press('marco.r');
      await press('crypt0_queen');
      await expect(page).toHaveURL(/\/moderation$/); // marking opens nothing
      await expect(page.getByRole('status').filter({ hasText: '2 marked' })).toBeVisible();
      await press('marco.r');
      await expect(page.getByRole('status').filter({ hasText: '1 marked' })).toBeVisible();
      await press('marco.r');
      if (name === 'mouse') {
        await page.getByRole('checkbox', { name: 'Mark the comment of crypt0_queen' }).click({ modifiers: ['Shift'] });
        await expect(page.getByRole('status').filter({ hasText: '3 marked' })).toBeVisible();
      }
      await clean(page);
      const asked: string[] = [];
      await page.route(/\/comments\/\d+\/approve$/, async (r) => { asked.push(new URL(r.request().url()).pathname.split('/').at(-2) ?? ''); await r.fulfill({ json: {} }); });
      await page.getByRole('toolbar', { name: 'Marked comments' }).getByRole('button', { name: 'Approve' }).click();
      await expect(page.getByRole('toolbar', { name: 'Marked comments' })).toHaveCount(0);
      expect(asked).toEqual(name === 'mouse' ? ['100', '101', '102'] : ['100', '102']);
    });
  });
}
