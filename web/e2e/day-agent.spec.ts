import { expect, test } from '@playwright/test';
import { customerWindow, opened, ownerOf, rehearsal, shot, signInAs, watch } from './walk';

/** An agent's day in a running ponte (PONTE_E2E_URL): somebody comes from a comment to WhatsApp and is served; somebody else wrote yesterday. */
test.setTimeout(90_000);
test.beforeEach(({ page }) => page.setDefaultTimeout(15_000));

test('a customer comes from Instagram to WhatsApp and is answered, noted, snoozed and resolved', async ({ page, browser, baseURL }, info) => {
  const faults = watch(page, baseURL ?? '');
  const api = await ownerOf(baseURL ?? '');
  const stage = rehearsal(api);
  const { name, id } = await stage.customer('Ottilie Brandt');
  await signInAs(page, api, 'agent', 'Priya Nair');

  // The customer, on the phone: a comment, the private reply, the link.
  const theirs = await customerWindow(browser, baseURL ?? '');
  await opened(theirs, '/rehearse');
  await theirs.getByRole('combobox', { name: 'You are' }).fill(name);
  await theirs.getByRole('option', { name }).click();
  const phone = theirs.getByRole('region', { name: `Phone of ${name}` });
  await phone.getByLabel('Write a comment').first().fill('Info please, how much is an hour?');
  await theirs.keyboard.press('Enter');
  await expect(phone.getByText(/^Messages \(\d+\)$/)).toBeVisible({ timeout: 30_000 });
  await phone.getByText(/^Messages/).click();
  await phone.getByRole('button', { name: /wa\.me/ }).click();
  await expect(phone.getByLabel('Write a message')).not.toHaveValue('');
  await phone.getByRole('button', { name: 'Send' }).click();
  await expect(phone.getByRole('log').getByText(/welcome/i)).toBeVisible({ timeout: 20_000 });
  await phone.getByLabel('Write a message').fill('I would like to speak to a person: what does a kayak cost for a day?');
  await phone.getByRole('button', { name: 'Send' }).click();
  await shot(theirs, info, '1-the-customers-phone');

  // The agent finds the person waiting, with the way they came.
  await page.keyboard.press('g');
  await page.keyboard.press('i');
  const list = page.getByRole('region', { name: 'Conversations' });
  await page.getByRole('textbox', { name: 'Search people and text' }).fill(name);
  await page.keyboard.press('Enter');
  await expect(list.getByRole('button', { name: new RegExp(name) }).first()).toBeVisible({ timeout: 20_000 });
  await list.getByRole('button', { name: new RegExp(name) }).first().click();
  await expect(page.getByText(/From a comment on/).first()).toBeVisible();
  const takeOver = page.getByRole('button', { name: 'Take over' });
  if (await takeOver.isVisible()) { await page.getByRole('log', { name: 'Messages' }).focus(); await page.keyboard.press('t'); }
  await expect(takeOver).toHaveCount(0, { timeout: 20_000 });

  // A suggestion, edited: Tab takes it into the field.
  const offered = page.getByRole('group', { name: 'Suggested answers' });
  await expect(offered.getByRole('button').first()).toBeVisible({ timeout: 20_000 });
  const answer = page.getByRole('textbox', { name: 'Your answer' });
  await answer.focus();
  await page.keyboard.press('Tab');
  await expect(answer).not.toHaveValue('');
  const words = `${await answer.inputValue()} Shall I keep one for you?`;
  await answer.fill(words);
  await shot(page, info, '2-a-suggestion-edited');
  const sent = page.waitForResponse((r) => r.request().method() === 'POST' && /\/conversations\/\d+\/messages$/.test(r.url()));
  await answer.press('Enter');
  expect((await sent).request().postDataJSON()).toHaveProperty('suggestion_id');
  await expect(page.getByRole('log', { name: 'Messages' }).getByText('Shall I keep one for you?')).toBeVisible();
  await phone.getByRole('button', { name: 'WhatsApp' }).click();
  await expect(phone.getByText('Shall I keep one for you?')).toBeVisible({ timeout: 20_000 });

  // A note for colleagues, then asleep until the customer writes, who does.
  await page.getByRole('log', { name: 'Messages' }).focus();
  await page.keyboard.press('n');
  await page.getByRole('textbox', { name: 'Note' }).fill('Wants one for a whole day; asked about Saturday.');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Wants one for a whole day; asked about Saturday.')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Note' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Snooze, priority, spam' }).click();
  await page.getByRole('menuitem', { name: 'Until the customer writes' }).click();
  await expect(page.getByText('Snoozed.').first()).toBeVisible();
  await shot(page, info, '3-noted-and-snoozed');
  const conversation = Number(new URL(page.url()).searchParams.get('id'));
  const desk = async () => ((await (await page.request.get(`/api/v1/conversations/${conversation}`)).json()) as { desk: { snoozed: boolean }; state: string });
  expect((await desk()).desk.snoozed).toBe(true);
  await stage.play('whatsapp', { person: id, text: 'Yes please, keep it!' });
  await expect(page.getByRole('log', { name: 'Messages' }).getByText('Yes please, keep it!')).toBeVisible({ timeout: 20_000 });
  await expect.poll(async () => (await desk()).desk.snoozed).toBe(false);

  // What the customer said of themselves is noted on them, for whoever talks to them next.
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  const record = page.getByRole('dialog', { name: 'What is known of this person' });
  await record.getByRole('combobox', { name: 'Country' }).fill('Germany');
  await page.getByRole('option', { name: 'Germany' }).click();
  await record.getByRole('button', { name: 'Add a field' }).click();
  await record.getByRole('textbox', { name: 'Field', exact: true }).fill('board size');
  await record.getByRole('textbox', { name: 'Value' }).fill('M, long arms');
  await shot(page, info, '4-what-is-known');
  await record.getByRole('button', { name: 'Save' }).click();
  await expect(record).toHaveCount(0);
  await expect(page.getByText('M, long arms')).toBeVisible();
  await expect(page.getByText('Germany')).toBeVisible();

  await page.getByRole('log', { name: 'Messages' }).focus();
  await page.keyboard.press('e');
  await expect.poll(async () => (await desk()).state).toBe('resolved');
  await shot(page, info, '5-resolved');
  expect(faults).toEqual([]);
  await theirs.context().close();
  await api.dispose();
});

test('outside the care window only a template goes out', async ({ page, baseURL }, info) => {
  const faults = watch(page, baseURL ?? '');
  const api = await ownerOf(baseURL ?? '');
  const stage = rehearsal(api);
  const { name, id } = await stage.customer('Wendel Roos');
  await stage.play('whatsapp', { person: id, text: 'Is my booking for Sunday all right?', hours: 26 });
  await signInAs(page, api, 'agent', 'Tomas Reyes');
  const found = async () => ((await (await page.request.get(`/api/v1/conversations?view=all&channel=whatsapp&q=${encodeURIComponent(name)}`)).json()) as { items: { id: number }[] }).items[0]?.id ?? 0;
  await expect.poll(found, { timeout: 20_000 }).toBeGreaterThan(0);
  await opened(page, `/inbox?view=all&id=${await found()}`);
  await expect(page.getByText('The 24 hours are over: only an approved template may go out.')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Your answer' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Template' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox', { name: 'Approved template' }).click();
  await page.getByRole('option', { name: 'booking_confirmation (en)' }).click();
  const values = dialog.getByLabel(/^Value \d$/);
  for (let i = 0; i < (await values.count()); i++) await values.nth(i).fill(['Wendel', 'Sunday, 10:00'][i] ?? 'Sunday');
  await shot(page, info, '6-a-template');
  await dialog.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByText('The template is on its way.')).toBeVisible();
  await expect.poll(async () => (await stage.state()).messages.filter((m) => m.person === id && m.from_brand).length, { timeout: 20_000 }).toBe(1);
  await expect(page.getByRole('log', { name: 'Messages' }).getByText(/Bondi Kayaks/).first()).toBeVisible();
  await shot(page, info, '7-the-template-went-out');
  expect(faults).toEqual([]);
  await api.dispose();
});
