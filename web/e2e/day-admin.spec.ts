import { expect, request, test } from '@playwright/test';
import { fresh, opened, ownerOf, shot, signInAs, watch } from './walk';

/** An admin's day in a running ponte (PONTE_E2E_URL): people and roles, a token, prices, an account's health, and what the log says of it all. */
test.setTimeout(90_000);
test.beforeEach(({ page }) => page.setDefaultTimeout(15_000));

test('a member, a role, a token, a price file and an account, all in the audit log', async ({ page, baseURL }, info) => {
  const faults = watch(page, baseURL ?? '');
  const api = await ownerOf(baseURL ?? '');
  const n = fresh();
  await signInAs(page, api, 'admin', 'Ingrid Falk');

  await page.keyboard.press('g');
  await page.keyboard.press('e');
  await page.getByRole('button', { name: 'Add a member' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill(`Jun Park ${n}`);
  await dialog.getByLabel('E-mail').fill(`jun.${n}@bondi.example`);
  await expect(dialog.getByRole('combobox', { name: 'Role' })).toHaveValue('Agent');
  await dialog.getByRole('button', { name: 'Add a member' }).click();
  await expect(page.getByRole('dialog', { name: 'A link to set the password' }).getByLabel('Password link')).toHaveValue(/\/password#/);
  await shot(page, info, '1-the-invitation');
  await page.keyboard.press('Escape');
  const row = page.getByRole('row', { name: new RegExp(`Jun Park ${n}`) }).first();
  await expect(row).toBeVisible();
  await page.getByRole('combobox', { name: `Role of Jun Park ${n}` }).click();
  await expect(page.getByRole('option', { name: 'Owner' })).toHaveCount(0); // only an owner makes owners
  await page.getByRole('option', { name: 'Moderator' }).click();
  await expect(page.getByRole('combobox', { name: `Role of Jun Park ${n}` })).toHaveValue('Moderator');
  await shot(page, info, '2-the-team');

  // A token of an analyst reads and does not write; revoked, it opens nothing.
  await page.getByRole('button', { name: 'New API token' }).click();
  await dialog.getByLabel('Name').fill(`Dashboard ${n}`);
  await dialog.getByRole('combobox', { name: 'Role' }).click();
  await page.getByRole('option', { name: 'Analyst' }).click();
  await dialog.getByRole('button', { name: 'Make the token' }).click();
  const token = dialog.getByRole('textbox', { name: 'Token' });
  await expect(token).not.toHaveValue('');
  const program = await request.newContext({ baseURL: baseURL ?? '', extraHTTPHeaders: { Authorization: `Bearer ${await token.inputValue()}` } });
  expect((await program.get('/api/v1/overview')).status()).toBe(200);
  expect((await program.post('/api/v1/members', { data: { email: `x.${n}@bondi.example`, name: 'x', role: 'agent' } })).status()).toBe(403);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: `Remove Dashboard ${n}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByText(`Dashboard ${n}`)).toHaveCount(0);
  expect((await program.get('/api/v1/overview')).status()).toBe(401);

  // A price file with a fault is refused whole and says where; the mended one is a version, and is taken out again.
  await opened(page, '/settings');
  const choose = page.locator('input[type=file][accept*=csv]').first();
  const file = (text: string) => ({ name: `rates-${n}.csv`, mimeType: 'text/csv', buffer: Buffer.from(text) });
  await choose.setInputFiles(file('country,category,effective_from,currency,price\nIT,marketing,2026-10-01,EUR,dear\n'));
  await expect(page.getByRole('alert').filter({ hasText: /line 2|2:/ }).first()).toBeVisible();
  await choose.setInputFiles(file(`country,category,effective_from,currency,price\nIT,marketing,2026-10-01,EUR,0.0572\nFR,marketing,2026-10-01,EUR,0.0${n.slice(-4)}\n`));
  const version = page.getByRole('list', { name: 'Price files' }).getByRole('listitem').filter({ hasText: `rates-${n}.csv` });
  await expect(version).toContainText('2 prices');
  await version.scrollIntoViewIfNeeded();
  await shot(page, info, '3-prices');
  await version.getByRole('button', { name: /Take out/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Take out' }).click();
  await expect(version).toContainText('Taken out');

  // An account is examined, and its sending stopped and begun again.
  await opened(page, '/accounts');
  const card = page.getByRole('region', { name: /Bondi Kayaks/ }).first();
  await card.getByRole('button', { name: 'Check' }).click();
  await expect(card.getByRole('listitem').first()).toBeVisible();
  await shot(page, info, '4-an-account-examined');

  await page.keyboard.press('g');
  await page.keyboard.press('u');
  const log = page.getByRole('list', { name: 'Audit log' });
  for (const line of ['Member added', 'Role changed', 'API token']) await expect(log.getByText(line, { exact: false }).first()).toBeVisible();
  await expect(log.getByText('Ingrid Falk').first()).toBeVisible();
  await shot(page, info, '5-the-audit-log');

  await opened(page, '/team');
  await page.getByRole('button', { name: `Remove Jun Park ${n}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByText(`jun.${n}@bondi.example`)).toHaveCount(0);
  expect(faults).toEqual([]);
  await program.dispose();
  await api.dispose();
});
