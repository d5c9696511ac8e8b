import { expect, test, type Page } from '@playwright/test';

// On a phone the way back is a gesture: it closes what lies over the screen, then leads to the list, then leaves.

// An answer that is under way when a test ends is nobody's.
test.afterEach(({ page }) => page.unrouteAll({ behavior: 'ignoreErrors' }));

test.use({ viewport: { width: 390, height: 844 } });

async function open(page: Page, path: string) {
  await page.goto(path);
  await page.locator('main').waitFor();
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
}

for (const [path, list] of [['/inbox?view=all', 'Conversations: All'], ['/moderation', 'Comments']] as const) {
  test(`back leads from what is open to the list of ${path}`, async ({ page }) => {
    await open(page, '/outbox');
    await open(page, path);
    const rows = page.getByRole('list', { name: list });
    await rows.getByRole('button').first().click();
    await expect(page).toHaveURL(/id=\d+/);
    await expect(rows).toBeHidden();
    await page.goBack();
    await expect(rows).toBeVisible();
    await rows.getByRole('button').nth(1).click();
    await page.getByRole('main').getByRole('button', { name: 'Back to the list', exact: true }).click();
    await expect(rows).toBeVisible();
    await page.goBack(); // nothing of it stands twice in the history
    await expect(page).toHaveURL(/\/outbox/);
  });
}

test('back closes drawers and dialogs first', async ({ page }) => {
  await open(page, '/outbox');
  await open(page, '/inbox?view=all&id=1000');
  const dialog = page.getByRole('dialog');
  const over = async () => {
    await expect(dialog).toBeVisible();
    await expect.poll(() => page.evaluate(() => (window.history.state as { over?: boolean }).over)).toBe(true); // nobody is quicker than that
  };
  await page.getByRole('main').getByRole('button', { name: 'Contact' }).click();
  await over();
  await page.goBack();
  await expect(dialog).toHaveCount(0);
  await page.getByRole('navigation').last().getByRole('button', { name: 'More' }).click();
  await over();
  await page.goBack();
  await expect(dialog).toHaveCount(0);
  await expect(page).toHaveURL(/id=1000/);
  await page.getByRole('navigation').last().getByRole('button', { name: 'More' }).click();
  await over();
  await dialog.getByRole('link', { name: 'Contacts' }).click();
  await expect(page).toHaveURL(/contacts/);
  await expect(dialog).toHaveCount(0);
  await page.goBack();
  await expect(page).toHaveURL(/id=1000/);
  await page.waitForTimeout(300); // the entry of the drawer goes too
  await page.goBack();
  await expect(page).toHaveURL(/\/outbox/);
});

test.describe('with a finger', () => {
  test.use({ hasTouch: true, isMobile: true });

  test('what is pressed is 24 pixels wide and high', async ({ page }) => {
    for (const path of ['/policies?tab=versions', '/moderation?id=101', '/settings', '/settings?tab=desk']) {
      await open(page, path);
      const small = await page.locator('main').evaluate((main) => [...main.querySelectorAll('button:not(.mantine-Pill-remove), summary')].filter((el) => el.checkVisibility()).map((el) => ({ name: el.getAttribute('aria-label') ?? el.textContent, box: el.getBoundingClientRect() })).filter(({ box }) => box.width > 1 && (box.width < 24 || box.height < 24)).map(({ name, box }) => `${name} ${box.width}×${box.height}`));
      expect(small, path).toEqual([]);
    }
  });
});
