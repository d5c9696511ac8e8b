import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';

/** A flow is written, faulty, mended, published and played; its services are in the calendar. Against a running ponte (PONTE_E2E_URL). */
const email = process.env['PONTE_E2E_EMAIL'] ?? 'owner@ponte.local';
const password = process.env['PONTE_E2E_PASSWORD'] ?? 'bondi-kayaks-demo';

test.setTimeout(120_000);

async function signIn(page: Page) {
  await page.goto('/');
  await page.getByLabel('E-mail').fill(email);
  await page.locator('input[type=password]').fill(password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('navigation').first()).toBeVisible();
}

async function clean(page: Page, what: string) {
  // What is fading in has half its contrast: axe looks when all has settled.
  await expect.poll(() => page.evaluate(() => document.getAnimations().filter((a) => a.playState === 'running' && a.effect?.getComputedTiming().iterations !== Infinity).length)).toBe(0);
  const found = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
  expect.soft(found.violations.map((v) => `${what}: ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(', ')}`)).toEqual([]);
}

test('a flow is edited, published and played', async ({ page }, info) => {
  await signIn(page);
  await page.keyboard.press('g');
  await page.keyboard.press('f');
  await expect(page.getByRole('heading', { name: 'Bot flows' })).toBeVisible();
  await page.getByRole('button', { name: 'New flow' }).first().click();
  await page.getByRole('menuitem', { name: 'Booking', exact: true }).click();
  const document = page.getByLabel('Document (JSON)');
  await expect(document).toHaveValue(/"steps"/);
  await expect(page.getByRole('region', { name: 'Steps and ways between them' }).getByText('welcome').first()).toBeVisible();

  const text = await document.inputValue();
  await document.fill(text.replace('"type": "end"', '"type": "ende"'));
  await expect(page.getByRole('heading', { name: '1 fault' })).toBeVisible();
  const fault = page.getByRole('button', { name: /Line \d+ steps\[\d+\]\.type/ });
  await fault.click();
  expect(await document.evaluate((a: HTMLTextAreaElement) => a.value.slice(a.selectionStart, a.selectionEnd))).toContain('ende');
  await page.screenshot({ path: info.outputPath('flow-fault.png') });
  await clean(page, 'a flow with a fault');
  await document.fill(text.replace('What would you like to book?', 'What may we book for you?'));
  await expect(page.getByRole('heading', { name: '1 fault' })).toBeHidden();

  await page.getByRole('tab', { name: 'Play it' }).click();
  const phone = page.getByRole('region', { name: 'Play it' });
  await expect(phone.getByText(/What may we book for you/)).toBeVisible();
  await phone.getByRole('button', { name: 'First appointment' }).click();
  await phone.getByRole('log').getByRole('button').filter({ hasText: ':' }).first().click();
  await expect(phone.getByText(/Booking: reserve first/)).toBeVisible();
  await page.screenshot({ path: info.outputPath('flow-played.png'), fullPage: true });
  await clean(page, 'a flow played');
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: info.outputPath('flow-phone.png'), fullPage: true });
  await page.setViewportSize({ width: 1280, height: 800 });

  await page.getByRole('tab', { name: 'When it begins' }).click();
  await page.getByRole('button', { name: 'Add a start' }).click();
  await page.getByRole('combobox', { name: 'Begins with' }).click();
  await page.getByRole('option', { name: 'Words' }).click();
  await page.getByRole('combobox', { name: 'Words, each a whole message' }).fill(`book ${Date.now()}`);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Save' }).last().click();
  await expect(page.getByText('Saved').first()).toBeVisible();
  await clean(page, 'starts');
  await page.getByRole('button', { name: 'Publish' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Note').fill('friendlier');
  await dialog.getByRole('button', { name: 'Publish' }).click();
  await expect(page.getByText(/Live: version 1/).first()).toBeVisible();
  await page.getByRole('tab', { name: 'Versions' }).click();
  await expect(page.getByText('friendlier')).toBeVisible();
  await page.screenshot({ path: info.outputPath('flow-versions.png') });
  await clean(page, 'versions');

  await page.goto('/bookings');
  await page.getByRole('button', { name: 'Services', exact: true }).click();
  await expect(page.getByText('First appointment')).toBeVisible();
  await clean(page, 'services');
  await page.getByRole('button', { name: 'Change First appointment' }).click();
  await page.screenshot({ path: info.outputPath('service.png') });
  await clean(page, 'a service');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Calendar', exact: true }).click();
  await page.getByRole('button', { name: 'New booking' }).click();
  const making = page.getByRole('dialog');
  await making.getByRole('button').filter({ hasText: ':' }).first().click();
  await making.getByLabel('Name of the person').fill('Ada Byrne');
  await page.screenshot({ path: info.outputPath('booking.png') });
  await making.getByRole('button', { name: 'Book', exact: true }).click();
  await expect(page.getByText('Booked', { exact: true })).toBeVisible();
  const booked = page.getByRole('button', { name: /Ada Byrne/ }).first();
  for (let i = 0; i < 4; i++) { // the first free time may lie in a later week
    if (await booked.waitFor({ timeout: 3000 }).then(() => true, () => false)) break;
    await page.getByRole('button', { name: 'Later' }).click();
  }
  await expect(booked).toBeVisible();
  await page.screenshot({ path: info.outputPath('week.png') });
  await clean(page, 'the week');
  await page.getByRole('button', { name: 'Opening hours', exact: true }).click();
  await expect(page.getByRole('combobox', { name: 'Time zone' })).toBeVisible();
  await page.screenshot({ path: info.outputPath('hours.png'), fullPage: true });
  await clean(page, 'hours');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto('/flows');
  await expect(page.getByRole('main').getByRole('link', { name: 'Booking' }).first()).toBeVisible();
  await page.screenshot({ path: info.outputPath('flows-dark.png') });
  await clean(page, 'the list in the dark');
  await page.getByRole('main').getByRole('link', { name: 'Booking' }).first().click();
  await page.getByRole('button', { name: 'Archive' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Archive' }).click();
  await expect(page).toHaveURL(/\/flows$/);
});
