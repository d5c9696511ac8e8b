import { expect, test, type Page } from '@playwright/test';
import { fresh, opened, ownerOf, rehearsal, shot, signInAs, watch } from './walk';

/** A moderator's day in a running ponte (PONTE_E2E_URL): twenty comments by keyboard, one taken back, a storm decided once, and the history. */
test.setTimeout(90_000);
test.beforeEach(({ page }) => page.setDefaultTimeout(15_000));

const openComment = (page: Page) => Number(new URL(page.url()).searchParams.get('id') ?? 0);

test('twenty comments are decided by keyboard, one is taken back, a storm is decided once', async ({ page, baseURL }, info) => {
  const faults = watch(page, baseURL ?? '');
  const api = await ownerOf(baseURL ?? '');
  const stage = rehearsal(api);
  const word = `periwinkle${fresh()}`;
  const storm = `gobstopper${fresh()}`;
  const rule = await api.post('/api/v1/rules', { data: { name: `walk_${word}`, text: 'a person looks at these', category: 'self_promotion', decision: 'review', words: [word, storm] } });
  expect(rule.ok(), await rule.text()).toBe(true);

  // A busy evening under a post: twenty different remarks, and one that five people repeat.
  const { id: person } = await stage.customer('Freya Lind');
  const remarks = ['seat', 'paddle', 'rope', 'vest', 'hull', 'rudder', 'bag', 'spray deck', 'trolley', 'map', 'whistle', 'anchor', 'cushion', 'pump', 'towel', 'hat', 'wetsuit', 'shoe', 'lamp', 'flag'];
  for (const thing of remarks) await stage.comment(person, `The ${thing} of the ${word} one was not what I thought`);
  for (let i = 0; i < 5; i++) await stage.comment((await stage.customer(`Rumour ${i}`)).id, `Is it true about the ${storm} boats`);

  await signInAs(page, api, 'moderator', 'Mara Quill');
  const waiting = async (q: string) => ((await (await page.request.get(`/api/v1/comments?queue=open&q=${q}&limit=100`)).json()) as { items: unknown[] }).items.length;
  await expect.poll(() => waiting(word), { timeout: 30_000 }).toBe(remarks.length);
  await opened(page, `/moderation?q=${word}`);
  await expect(page.getByRole('list', { name: 'Comments' }).getByRole('listitem').first()).toBeVisible();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog').getByText('Next comment')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.keyboard.press('j');

  const decided: number[] = [];
  for (let i = 0; i < remarks.length; i++) {
    await expect.poll(() => openComment(page)).not.toBe(decided.at(-1) ?? 0);
    const id = openComment(page);
    await expect(page.getByRole('region', { name: 'Verdict' })).toBeVisible();
    await expect(page.getByRole('button', { name: /^Hide/ })).toBeEnabled();
    if (i === 3) await shot(page, info, '1-deciding');
    const verb = i % 4 === 3 ? 'hide' : 'approve';
    const answered = page.waitForResponse((r) => r.request().method() === 'POST' && r.url().endsWith(`/comments/${id}/${verb}`));
    await page.keyboard.press(verb === 'hide' ? 'h' : 'a');
    expect((await answered).ok()).toBe(true);
    if (i === 0) {
      // The queue has gone on; "take back" is about what was decided, not about the comment that came up.
      await expect.poll(() => openComment(page)).not.toBe(id);
      const back = page.waitForResponse((r) => r.request().method() === 'POST' && r.url().endsWith('/undo'));
      await page.keyboard.press('z');
      expect((await back).url()).toContain(`/comments/${id}/undo`);
      await expect.poll(() => openComment(page)).toBe(id);
      const again = page.waitForResponse((r) => r.request().method() === 'POST' && r.url().endsWith(`/comments/${id}/${verb}`));
      await expect(page.getByRole('button', { name: /^Approve/ })).toBeEnabled();
      await page.keyboard.press('a');
      expect((await again).ok()).toBe(true);
    }
    decided.push(id);
  }
  expect(new Set(decided).size).toBe(remarks.length);
  await expect(page.getByText('Nothing matches')).toBeVisible();
  await shot(page, info, '2-the-queue-is-empty');
  const hiddenThere = async () => (await stage.state()).comments.filter((c) => c.text.includes(word) && c.hidden).length;
  await expect.poll(hiddenThere, { timeout: 20_000 }).toBe(5);

  // One was too strict: it is opened from the history and taken back.
  const strict = decided[7];
  await opened(page, `/moderation?queue=all&q=${word}&id=${strict}`);
  await expect(page.locator('article[aria-current]').getByText('Hidden')).toBeVisible();
  await page.keyboard.press('z');
  await expect(page.locator('article[aria-current]').getByText('Hidden')).toHaveCount(0);
  await expect.poll(hiddenThere, { timeout: 20_000 }).toBe(4);
  const beside = page.getByRole('complementary', { name: 'Post, author and history' });
  await expect(beside.getByRole('heading', { name: 'Done so far' })).toBeVisible();
  await expect(beside.getByText('Mara Quill').first()).toBeVisible();
  await shot(page, info, '3-taken-back');

  // Five people, one sentence: decided once, and taken back together.
  await expect.poll(() => waiting(storm), { timeout: 20_000 }).toBeGreaterThan(0);
  await opened(page, `/moderation?q=${storm}`);
  await page.keyboard.press('j');
  await expect(page.getByText('4 other comments with the same text wait: decide once.')).toBeVisible();
  await shot(page, info, '4-a-storm');
  await page.getByRole('button', { name: 'Hide all' }).click();
  await expect(page.getByText('5 comments hidden.')).toBeVisible();
  await expect.poll(async () => (await stage.state()).comments.filter((c) => c.text.includes(storm) && c.hidden).length, { timeout: 20_000 }).toBe(5);
  await expect.poll(() => waiting(storm)).toBe(0);

  // What the machine did, and what this role is not shown.
  await opened(page, '/moderation/today');
  await expect(page.getByRole('heading', { name: 'What the machine did' })).toBeVisible();
  await shot(page, info, '5-the-machine');
  await expect(page.getByRole('link', { name: 'Settings' })).toHaveCount(0);
  expect(faults).toEqual([]);
  await api.dispose();
});
