import { expect, test } from '@playwright/test';
import { opened, ownerOf, rehearsal, shot, signInAs, watch } from './walk';

/** An analyst's day in a running ponte (PONTE_E2E_URL): sees the figures and the records, and can change nothing, in the page or past it. */
test.setTimeout(90_000);
test.beforeEach(({ page }) => page.setDefaultTimeout(15_000));

test('an analyst sees everything that is counted and may do nothing', async ({ page, baseURL }, info) => {
  const faults = watch(page, baseURL ?? '');
  const api = await ownerOf(baseURL ?? '');
  const stage = rehearsal(api);
  const { name, id } = await stage.customer('Noor Aziz');
  await stage.play('whatsapp', { person: id, text: 'Hello, do you open on Monday?' });
  await signInAs(page, api, 'analyst', 'Kit Renner');
  await shot(page, info, '1-home');
  const menu = page.getByRole('navigation', { name: 'Main navigation' }).first();
  for (const hidden of ['Team', 'Settings', 'Compliance', 'Rehearse']) await expect(menu.getByRole('link', { name: hidden })).toHaveCount(0);
  for (const shown of ['Consent', 'Audit log', 'Events']) await expect(menu.getByRole('link', { name: shown })).toBeVisible();

  // Moderation: the verdict and its reasons, without the keys that decide.
  await opened(page, '/moderation?queue=all');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await expect(page.getByRole('region', { name: 'Thread' })).toBeVisible();
  for (const verb of ['Approve', 'Hide', 'Delete', 'Undo']) await expect(page.getByRole('button', { name: verb, exact: false })).toHaveCount(0);
  let wrote = 0;
  page.on('request', (r) => { if (r.method() !== 'GET' && /\/comments\//.test(r.url())) wrote++; });
  for (const key of ['a', 'h', 'd', 'z']) await page.keyboard.press(key);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog').getByText('Next comment')).toBeVisible();
  await expect(page.getByRole('dialog').getByText('Approve', { exact: true })).toHaveCount(0);
  expect(wrote).toBe(0);
  await page.keyboard.press('Escape');
  await shot(page, info, '2-a-verdict');

  // The inbox is read, not answered, and says so; the number is masked.
  const found = async () => ((await (await page.request.get(`/api/v1/conversations?view=all&q=${encodeURIComponent(name)}`)).json()) as { items: { id: number; contact: { id: number } }[] }).items[0];
  await expect.poll(async () => (await found())?.id ?? 0, { timeout: 20_000 }).toBeGreaterThan(0);
  const talk = await found();
  await opened(page, `/inbox?view=all&id=${talk?.id}`);
  await expect(page.getByText('Your role reads conversations but does not answer them.')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Your answer' })).toHaveCount(0);
  for (const verb of ['Take over', 'Resolve', 'Snooze, priority, spam']) await expect(page.getByRole('button', { name: verb })).toHaveCount(0);
  const number = `614${name.slice(-8)}`;
  await expect(page.getByRole('complementary', { name: 'Contact' })).not.toContainText(number);
  await shot(page, info, '3-a-conversation');
  await opened(page, `/contacts/${talk?.contact.id}`);
  for (const verb of ['Erase', 'Merge', 'Record consent']) await expect(page.getByRole('button', { name: verb })).toHaveCount(0);
  await expect(page.getByRole('main')).not.toContainText(number);

  // What others set up is read without the buttons that change it.
  const without: [string, string[]][] = [
    ['/triggers', ['New campaign', 'New trigger']], ['/flows', ['New flow']], ['/knowledge', ['New quick reply', 'Import']], ['/templates', ['New template', 'Read from Meta']],
    ['/accounts', ['Connect an account', 'Check']], ['/policies', ['Save, live at once', 'Add a line']], ['/bookings', ['New booking']], ['/outbox?view=all', ['Cancel', 'Release']],
  ];
  for (const [path, verbs] of without) {
    await opened(page, path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    for (const verb of verbs) await expect.soft(page.getByRole('button', { name: verb, exact: true }).or(page.getByRole('link', { name: verb, exact: true })), `${path}: ${verb}`).toHaveCount(0);
  }
  for (const path of ['/settings', '/team', '/compliance', '/contacts/imports']) {
    await opened(page, path);
    await expect.soft(page.getByText('Not with your role'), path).toBeVisible();
  }
  await shot(page, info, '4-refused');
  await opened(page, '/consent');
  await expect(page.getByRole('heading', { name: 'Consent ledger' })).toBeVisible();
  await opened(page, '/audit');
  await expect(page.getByRole('list', { name: 'Audit log' })).toBeVisible();
  await shot(page, info, '5-the-audit-log');

  // Past the page: the same is refused by the API.
  const me = { 'X-Ponte-CSRF': '1' };
  const comment = ((await (await page.request.get('/api/v1/comments?queue=all')).json()) as { items: { id: number }[] }).items[0]?.id;
  for (const [path, data] of [[`/comments/${comment}/hide`, {}], [`/conversations/${talk?.id}/messages`, { text: 'x', revision: 1 }], ['/rules', { name: 'x' }], ['/members', { email: 'x@bondi.example', name: 'x', role: 'owner' }]] as const) {
    expect((await page.request.post(`/api/v1${path}`, { data, headers: me })).status(), path).toBe(403);
  }
  expect(faults).toEqual([]);
  await api.dispose();
});
