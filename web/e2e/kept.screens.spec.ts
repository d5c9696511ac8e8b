import { expect, test, type Page, type Request } from '@playwright/test';

// What somebody was writing is theirs until they send it or throw it away, whatever happens to the session, the connection or the page.

// An answer that is under way when a test ends is nobody's.
test.afterEach(({ page }) => page.unrouteAll({ behavior: 'ignoreErrors' }));

async function open(page: Page, path: string) {
  await page.goto(path);
  await page.locator('main').waitFor();
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
}

/** Ends the session on the server; gives back what signs somebody in again. */
async function endSession(page: Page) {
  const refusal = { status: 401, contentType: 'application/problem+json', body: '{"kind":"unauthorized"}' };
  let user: number | undefined;
  await page.route('**/api/v1/**', (r) => (user === undefined ? r.fulfill(refusal) : r.fallback()));
  await page.route('**/api/v1/me', async (r) => {
    if (user === undefined) return r.fulfill(refusal);
    const me = (await (await r.fetch()).json()) as { user: object };
    return r.fulfill({ json: { ...me, user: { ...me.user, id: user } } });
  });
  await page.route('**/api/v1/auth/methods', (r) => r.fulfill({ json: { provider: '', email: false } }));
  await page.route('**/api/v1/auth/sign-in', (r) => r.fulfill({ status: 204 }));
  return async (id: number) => {
    await page.getByLabel('E-mail').fill('nora@bondi.example');
    await page.locator('input[type=password]').fill('a password');
    user = id;
    await page.keyboard.press('Enter');
  };
}

test('a session that ends while one writes leaves what is written, in every form', async ({ page }) => {
  for (const [path, begin, field] of [
    ['/moderation?id=101', 'r', 'Reply'],
    ['/inbox?id=1000', 'n', 'Note'],
    ['/inbox?id=1000', 'r', 'Your answer'],
  ] as const) {
    await page.unrouteAll();
    await open(page, path);
    await page.keyboard.press(begin);
    const words = page.getByRole('textbox', { name: field });
    await expect(words).toBeFocused();
    await words.fill('half of what I wanted to say');
    const signIn = await endSession(page);
    await page.keyboard.press('Control+Enter');
    await expect(page.getByLabel('E-mail'), path).toBeFocused();
    await expect(words).toBeHidden();
    const asked: string[] = [];
    const note = (r: Request) => asked.push(new URL(r.url()).pathname);
    page.on('request', note);
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))); // as somebody who comes back to the window
    await expect.poll(() => asked).toContain('/api/v1/me');
    await page.waitForTimeout(300);
    expect(asked.filter((a) => a.startsWith('/api/') && a !== '/api/v1/me' && !a.startsWith('/api/v1/auth/')), path).toEqual([]);
    page.off('request', note);
    await page.locator('h1', { hasText: 'Sign in' }).click(); // no key reaches what lies below
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    await signIn(1);
    await expect(words, path).toHaveValue('half of what I wanted to say');
    await expect(page).toHaveURL(new RegExp(`${path.replace('?', '\\?')}$`));
    await expect(words).toBeFocused();
  }
});

test('a form in a dialog is there again too, and nothing of it for somebody else', async ({ page }) => {
  await open(page, '/knowledge');
  await page.getByRole('button', { name: 'New quick reply' }).click();
  const field = page.getByRole('dialog').getByLabel('Text');
  await field.fill('half a reply');
  const signIn = await endSession(page);
  await page.getByRole('dialog').getByRole('textbox', { name: /Shortcut/ }).fill('half');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByLabel('E-mail')).toBeVisible();
  await expect(field).toBeHidden();
  await page.keyboard.press('Escape'); // closes nothing that is out of sight
  await signIn(1);
  await expect(field).toHaveValue('half a reply');

  await page.unrouteAll();
  const again = await endSession(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByLabel('E-mail')).toBeVisible();
  await again(2);
  await expect(page.getByRole('navigation').first()).toBeVisible();
  await expect(page.getByRole('heading', { level: 1, name: 'Knowledge and quick replies' })).toBeVisible();
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('what is half written waits where it was left, and is gone once it is sent', async ({ page }) => {
  for (const [path, begin, field, send] of [
    ['/moderation?id=101', 'r', 'Reply', 'Control+Enter'],
    ['/inbox?id=1000', 'n', 'Note', 'Enter'],
  ] as const) {
    await open(page, path);
    await page.keyboard.press(begin);
    const words = page.getByRole('textbox', { name: field });
    await words.fill('half of it');
    await page.keyboard.press('Escape');
    await expect(words).toHaveCount(0);
    await page.keyboard.press(begin);
    await expect(words).toHaveValue('half of it');
    await page.reload();
    await expect(page.getByRole('button', { name: /^(Write a note|Reply)/ }).first()).toBeVisible();
    await page.keyboard.press(begin);
    await expect(words).toHaveValue('half of it');
    await words.press(send);
    await expect(words).toHaveCount(0);
    await page.keyboard.press(begin);
    await expect(words).toHaveValue('');
  }
});

test('an answer that is sent is no draft any more, also where somebody has gone on meanwhile', async ({ page }) => {
  let answer = () => {};
  await page.route('**/api/v1/conversations/1000/messages', async (r) => {
    if (r.request().method() !== 'POST') return r.fallback();
    await new Promise<void>((done) => { answer = done; });
    return r.fallback();
  });
  await open(page, '/inbox?view=all&id=1000');
  const field = page.getByRole('textbox', { name: 'Your answer' });
  await field.fill('On our way.');
  await field.press('Enter');
  await page.getByRole('list', { name: 'Conversations: All' }).getByRole('button').nth(1).click();
  await expect(page).not.toHaveURL(/id=1000/);
  answer();
  await expect.poll(() => page.evaluate(() => localStorage.getItem('ponte.draft.1000'))).toBeNull();
  await page.getByRole('list', { name: 'Conversations: All' }).getByRole('button').first().click();
  await expect(field).toHaveValue('');
});

test('without a connection nothing is done later unseen, and screens that cannot come say why', async ({ page, context }) => {
  await open(page, '/inbox?view=all&id=1000');
  const field = page.getByRole('textbox', { name: 'Your answer' });
  await field.fill('On our way.');
  let posted = 0;
  page.on('request', (r) => { if (r.method() === 'POST' && r.url().endsWith('/messages')) posted++; });
  await context.setOffline(true);
  await field.press('Enter');
  await expect(page.getByRole('alert').filter({ hasText: 'No connection' })).toBeVisible();
  await expect(field).toHaveValue('On our way.');
  const before = posted;
  await page.getByRole('link', { name: 'Bot flows' }).click();
  await expect(page.getByRole('main').getByText('No connection')).toBeVisible();
  await page.getByRole('main').getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('main').getByText('No connection')).toBeVisible(); // and not the browser's own page
  await context.setOffline(false);
  await expect(page.getByRole('heading', { level: 1, name: 'Bot flows' })).toBeVisible({ timeout: 20_000 });
  expect(posted).toBe(before);
});

test('what was typed into a trigger, a template or a flow is there again when the page is loaded anew', async ({ page }) => {
  const notice = page.getByRole('status').filter({ hasText: 'What you had not saved is here again.' });
  for (const [path, step, label, typed] of [
    ['/triggers/new', 'Try and go live', 'Name', 'Sourdough week'],
    ['/triggers/1', 'Try and go live', 'Name', 'Sourdough week'],
    ['/templates/1', '', 'Body', 'Hello, your bread is ready at our shop in Bondi.'],
    ['/flows/1', '', 'Document (JSON)', '{"half": "a flow"'],
  ] as const) {
    const field = page.getByRole('textbox', { name: label, exact: true }).first();
    const load = async () => {
      await open(page, path);
      if (step) await page.getByRole('button', { name: new RegExp(step) }).first().click();
    };
    await load();
    const before = await field.inputValue();
    await expect(notice, path).toHaveCount(0);
    await field.fill(typed);
    await load();
    await expect(field, path).toHaveValue(typed);
    await expect(notice, path).toBeVisible();
    await notice.getByRole('button', { name: 'Discard it' }).click();
    await expect(field, path).toHaveValue(before);
    await expect(notice, path).toHaveCount(0);
    await load();
    await expect(field, path).toHaveValue(before);
    await expect(notice, path).toHaveCount(0);
  }
});

test('a new template keeps the name that was typed and the language that was chosen', async ({ page }) => {
  await open(page, '/templates/new');
  const name = page.getByRole('textbox', { name: 'Name' });
  const language = page.getByRole('combobox', { name: 'Language' });
  await name.fill('spring_offer');
  await language.fill('Romanian');
  await page.getByRole('option', { name: /^Romanian/ }).click();
  await page.reload();
  await expect(name).toHaveValue('spring_offer');
  await expect(language).toHaveValue(/^Romanian/);
  await page.getByRole('button', { name: 'Begin' }).click();
  await expect(page).not.toHaveURL(/new/); // on to the draft
  await open(page, '/templates/new');
  await expect(name).toHaveValue('');
});
