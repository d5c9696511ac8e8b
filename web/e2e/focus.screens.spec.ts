import { expect, test, type Page } from '@playwright/test';

// Whoever has no mouse always is somewhere, sees where, and goes on from there.

// An answer that is under way when a test ends is nobody's.
test.afterEach(({ page }) => page.unrouteAll({ behavior: 'ignoreErrors' }));

async function open(page: Page, path: string) {
  await page.goto(path);
  await page.locator('main').waitFor();
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
}

test('a menu that is opened by key begins on its first line, also behind a field', async ({ page }) => {
  await open(page, '/inbox?view=all&id=1000');
  await page.getByRole('button', { name: 'Snooze, priority, spam' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitem').first()).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Snooze, priority, spam' })).toBeFocused();
  const owner = page.getByRole('banner').or(page.locator('main header')).getByRole('button', { expanded: false }).first();
  await owner.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('textbox', { name: /note/i })).toBeFocused();
  await page.keyboard.type('please'); // letters are words here, and no lines of the menu
  await expect(page.getByRole('textbox', { name: /note/i })).toHaveValue('please');
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('menuitem').first()).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(owner).toBeFocused();
});

test('after a conversation is resolved the next one has the focus, and Escape leaves the field for its line', async ({ page }) => {
  await open(page, '/inbox?view=all&id=1000');
  const rows = page.getByRole('list', { name: 'Conversations: All' }).getByRole('button');
  await page.getByRole('textbox', { name: 'Your answer' }).focus();
  await page.keyboard.press('Escape');
  await expect(page.locator('[aria-current="true"]')).toBeFocused();
  await page.getByRole('button', { name: 'Resolve', exact: true }).focus();
  await page.keyboard.press('Enter');
  await expect(page).not.toHaveURL(/id=1000/);
  await expect(rows.and(page.locator('[aria-current="true"]'))).toBeFocused();
  await expect(page.getByRole('textbox', { name: 'Your answer' })).toBeVisible();
  await page.keyboard.press('r'); // and keys are about it
  await expect(page.getByRole('textbox', { name: 'Your answer' })).toBeFocused();
});
