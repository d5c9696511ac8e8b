import { expect, test } from '@playwright/test';
import { fresh, opened, ownerOf, rehearsal, shot, signInAs, watch } from './walk';

/** A marketer's day in a running ponte (PONTE_E2E_URL): a flow edited and played, a campaign tried, scheduled, live, and its funnel. */
test.setTimeout(90_000);
test.beforeEach(({ page }) => page.setDefaultTimeout(15_000));

test('a flow is edited and played, and a campaign is tried, scheduled, live and counted', async ({ page, baseURL }, info) => {
  const faults = watch(page, baseURL ?? '');
  const api = await ownerOf(baseURL ?? '');
  const stage = rehearsal(api);
  const n = fresh();
  const word = `marmalade${n}`;
  const { id: early } = await stage.customer('Ada Holm');
  await stage.comment(early, `I would love a ${word} kayak!`);
  await signInAs(page, api, 'supervisor', 'Sol Martinez');

  // The conversation people will meet: one sentence is changed, and it is played on the phone.
  await page.keyboard.press('g');
  await page.keyboard.press('f');
  await expect(page.getByRole('heading', { name: 'Bot flows' })).toBeVisible();
  await page.getByRole('button', { name: 'New flow' }).first().click();
  await page.getByRole('menuitem', { name: 'Booking', exact: true }).click();
  const document = page.getByLabel('Document (JSON)');
  await expect(document).toHaveValue(/What would you like to book\?/);
  await document.fill((await document.inputValue()).replace('What would you like to book?', 'Which boat may we keep for you?'));
  await page.getByRole('tab', { name: 'Play it' }).click();
  const phone = page.getByRole('region', { name: 'Play it' });
  await expect(phone.getByText(/Which boat may we keep for you/)).toBeVisible();
  await phone.getByRole('button', { name: 'First appointment' }).click();
  await expect(phone.getByRole('log').getByRole('button').filter({ hasText: ':' }).first()).toBeVisible();
  await shot(page, info, '1-a-flow-played');
  await page.getByRole('button', { name: 'Save' }).last().click();
  await expect(page.getByText('Saved').first()).toBeVisible();
  await page.getByRole('button', { name: 'Archive' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Archive' }).click();
  await expect(page).toHaveURL(/\/flows$/);

  // A trigger in five steps; the campaign it belongs to is made first.
  await opened(page, '/triggers');
  await page.getByRole('button', { name: 'New campaign' }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('Name').fill(`Breakfast ${n}`);
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('link', { name: `Breakfast ${n}` })).toBeVisible();
  await page.getByRole('link', { name: 'New trigger' }).first().click();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('combobox', { name: 'Words', exact: true }).fill(word);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('status').filter({ hasText: 'comments would match' })).toContainText('1 of the last', { timeout: 20_000 });
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('combobox', { name: 'WhatsApp number' }).click();
  await page.getByRole('option').nth(1).click();
  await page.getByRole('textbox', { name: 'Variant 1' }).fill('Just wrote to you!');
  await page.getByRole('textbox', { name: 'Private reply' }).fill('Here is everything about it:');
  await page.getByRole('button', { name: 'Put the WhatsApp link at the end' }).click();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('combobox', { name: 'Campaign', exact: true }).click();
  await page.getByRole('option', { name: `Breakfast ${n}` }).click();
  await page.getByRole('textbox', { name: 'Priority' }).fill('60');
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill(`Marmalade ${n}`);
  await page.getByRole('button', { name: 'Try', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'would have been answered' })).toContainText('1 of', { timeout: 20_000 });
  await expect(page.getByRole('list', { name: 'Results' })).toContainText('in public, variant');
  await shot(page, info, '2-tried-on-history');
  await page.getByRole('button', { name: 'Save and go live' }).click();
  await expect(page.getByRole('row', { name: new RegExp(`Marmalade ${n}`) })).toContainText('Live');

  // Scheduled for later: live, and still silent, with the reason on the event.
  await page.getByRole('link', { name: `Breakfast ${n}` }).first().click();
  const edit = async (starts: string) => {
    await page.getByRole('button', { name: `More for Breakfast ${n}` }).click();
    await page.getByRole('menuitem', { name: 'Edit the campaign' }).click();
    await form.getByLabel('From').fill(starts);
    await form.getByRole('button', { name: 'Save' }).click();
    await expect(form).toHaveCount(0);
  };
  await edit('2030-03-01T09:00');
  await page.getByRole('button', { name: 'Go live' }).click();
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  await expect(page.getByText(/2030/).first()).toBeVisible();
  await shot(page, info, '3-scheduled');
  const answersTo = async (comment: string) => (await stage.state()).comments.filter((c) => (c as { parent?: string }).parent === comment).length;
  const silent = await stage.comment((await stage.customer('Bela Novak')).id, `${word}! What a lovely colour.`);
  const said = async () => ((await (await page.request.get(`/api/v1/comments?queue=all&q=${word}&limit=20`)).json()) as { items: { external_id: string; event_reason: string }[] }).items.find((c) => c.external_id === silent)?.event_reason ?? '';
  await expect.poll(said, { timeout: 20_000 }).not.toBe('');
  expect(await answersTo(silent)).toBe(0);

  // From now on: somebody asks, is answered in public and in private, and stands in the funnel.
  await edit('');
  const asked = await stage.comment((await stage.customer('Cleo Marsh')).id, `${word} please, tell me more`);
  await expect.poll(() => answersTo(asked), { timeout: 30_000 }).toBe(1);
  await expect(page.getByRole('list', { name: 'How far people came' })).toContainText('1', { timeout: 30_000 });
  await shot(page, info, '4-the-funnel');
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByText('The campaign and its triggers are paused.')).toBeVisible();
  expect(faults).toEqual([]);
  await api.dispose();
});
