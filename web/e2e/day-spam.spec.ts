import { expect, test } from '@playwright/test';
import { opened, ownerOf, rehearsal, shot, signInAs, watch } from './walk';

/** What is no customer's wish goes out of the way, and comes back when it was filed wrongly (PONTE_E2E_URL). */
test.setTimeout(90_000);
test.beforeEach(({ page }) => page.setDefaultTimeout(15_000));

test('an agent files a conversation under spam, finds it there and takes it out again', async ({ page, baseURL }, info) => {
  const faults = watch(page, baseURL ?? '');
  const api = await ownerOf(baseURL ?? '');
  const stage = rehearsal(api);
  const { name, id } = await stage.customer('Bulk Sender');
  await stage.play('whatsapp', { person: id, text: 'Hello, I would like to speak to a person about my order' });
  await signInAs(page, api, 'agent', 'Noor Haddad');

  const list = page.getByRole('region', { name: 'Conversations' });
  const entry = list.getByRole('button', { name: new RegExp(name) });
  await opened(page, `/inbox?view=all&q=${encodeURIComponent(name)}`);
  await expect(entry).toBeVisible({ timeout: 20_000 });
  await entry.click();
  const conversation = await expect.poll(() => Number(new URL(page.url()).searchParams.get('id'))).toBeGreaterThan(0).then(() => Number(new URL(page.url()).searchParams.get('id')));
  const kept = async () => ((await (await page.request.get(`/api/v1/conversations/${conversation}`)).json()) as { spam: boolean }).spam;

  // Filed: out of the way, with a way back at hand.
  await page.getByRole('button', { name: 'Snooze, priority, spam' }).click();
  await shot(page, info, '1-the-menu');
  await page.getByRole('menuitem', { name: 'File under spam' }).click();
  await expect(page.getByText('Filed under spam.').first()).toBeVisible();
  await expect.poll(kept).toBe(true);

  // It is in the folder and in no other list; who opens it sees what it is and cannot file it twice.
  await opened(page, `/inbox?view=waiting&q=${encodeURIComponent(name)}`);
  await expect(entry).toHaveCount(0);
  await opened(page, `/inbox?view=spam&q=${encodeURIComponent(name)}`);
  await expect(entry).toBeVisible();
  await entry.click();
  await expect(page.getByRole('button', { name: 'Not spam' })).toBeVisible();
  await page.getByRole('button', { name: 'Snooze, priority, spam' }).click();
  await expect(page.getByRole('menu')).toBeVisible();
  await expect(page.getByRole('menuitem', { name: 'File under spam' })).toHaveCount(0);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('menu')).toHaveCount(0);
  await shot(page, info, '2-in-the-folder');

  // Taken out again it is among all others.
  await page.getByRole('button', { name: 'Not spam' }).click();
  await expect(page.getByText('Out of the spam folder; it waits for an answer.').first()).toBeVisible();
  await expect.poll(kept).toBe(false);
  await opened(page, `/inbox?view=all&q=${encodeURIComponent(name)}`);
  await expect(entry).toBeVisible();
  await shot(page, info, '3-back');
  expect(faults).toEqual([]);
});
