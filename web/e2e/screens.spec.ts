import { readdirSync, readFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';

// An answer that is under way when a test ends is nobody's.
test.afterEach(({ page }) => page.unrouteAll({ behavior: 'ignoreErrors' }));

const screens = {
  home: '/', moderation: '/moderation?id=101', queue: '/moderation', rtl: '/moderation?id=103', inbox: '/inbox?id=1000', shut: '/inbox?id=1002', list: '/inbox?view=all',
  triggers: '/triggers', trigger: '/triggers/1', knowledge: '/knowledge', questions: '/knowledge?tab=questions', figures: '/knowledge?tab=figures', accounts: '/accounts', contacts: '/contacts', imports: '/contacts/imports', compliance: '/compliance', closed: '/compliance?view=resolved', person: '/contacts/300', outbox: '/outbox', sent: '/outbox?view=all', events: '/events?view=all', requests: '/events?view=deliveries', consent: '/consent', audit: '/audit', templates: '/templates', team: '/team', profile: '/profile', password: '/password#x', settings: '/settings', rehearse: '/rehearse', missing: '/no-such-page', newTrigger: '/triggers/new', campaign: '/campaigns/1', noCampaign: '/campaigns/2',
  machine: '/moderation/today', disagreements: '/moderation/disagreements', policies: '/policies', rules: '/policies?tab=rules', rule: '/policies?tab=rules&rule=no_resellers', versions: '/policies?tab=versions', version: '/policies?tab=versions&version=3', switches: '/policies?tab=switches',
  flows: '/flows', flow: '/flows/1', brokenFlow: '/flows/2', bookings: '/bookings',
  labels: '/team?tab=labels', desk: '/settings?tab=desk', hours: '/settings?tab=hours', webhooks: '/settings?tab=webhooks', deskFigures: '/figures', timeline: '/inbox?id=1000&panel=timeline', leads: '/leads', allLeads: '/leads?view=all', leadForms: '/leads?view=forms', links: '/links', poster: '/links/2', noPoster: '/links/99', held: '/outbox?view=all&reason=account_off', runs: '/flows?tab=runs', leftFlows: '/flows?tab=runs&ended=true', secrets: '/flows?tab=secrets',
};
/** Screens that say what is wrong: an alert belongs to them. */
const wanting = new Set(['imports', 'flow']);
const sizes = { desk: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

/** Fails the test on any request to another host, any thrown error and any complaint of React. */
function watch(page: Page): string[] {
  const faults: string[] = [];
  page.on('request', (r) => { if (!r.url().startsWith(`${test.info().project.use.baseURL}/`) && !r.url().startsWith('data:')) faults.push(`asked ${r.url()}`); });
  page.on('pageerror', (e) => faults.push(e.message));
  page.on('console', (m) => { if (m.type() === 'error' && !m.text().includes('404')) faults.push(m.text()); });
  return faults;
}

async function open(page: Page, path: string) {
  await page.goto(path);
  await page.locator('main').waitFor();
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
}

for (const [size, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test.describe(`${size}, ${colorScheme}`, () => {
      test.use({ viewport, colorScheme });
      for (const [name, path] of Object.entries(screens)) {
        test(`${name} is accessible and keeps its width`, async ({ page }) => {
          const faults = watch(page);
          await open(page, path);
          const result = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
          expect(result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(' | ')}`)).toEqual([]);
          expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
          await expect(page.getByRole('alert')).toHaveCount(wanting.has(name) ? 1 : 0); // nothing failed to load
          await expect(page).toHaveTitle(/ponte$/);
          expect(faults).toEqual([]);
        });
      }
    });
  }
}

/** Every key of the words, as it would show where the word is missing. */
const keys = new Set(readdirSync('src/i18n', { withFileTypes: true }).filter((e) => e.isDirectory() && !e.name.startsWith('said')).flatMap((e) => flat(JSON.parse(readFileSync(`src/i18n/${e.name}/en.json`, 'utf8')))));

function flat(tree: object, prefix = ''): string[] {
  return Object.entries(tree).flatMap(([key, value]: [string, unknown]) => (typeof value === 'object' && value !== null ? flat(value, `${prefix}${key}.`) : [prefix + key.replace(/_(zero|one|two|few|many|other)$/, '')]));
}

test.describe('every language', () => {
  test.describe.configure({ timeout: 5_000 * Object.keys(screens).length });
  for (const locale of ['it-IT', 'fr-FR', 'ro-RO']) {
    test.describe(locale, () => {
      test.use({ locale, viewport: sizes.desk });
      test('fills the screens', async ({ page }) => {
        const faults = watch(page);
        await open(page, '/');
        await expect(page.locator('html')).toHaveAttribute('lang', locale.slice(0, 2));
        for (const path of Object.values(screens)) {
          await open(page, path);
          expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
          const said = await page.evaluate(() => document.body.innerText.match(/[a-z_]+(?:\.\w+)+/g) ?? []);
          expect(said.filter((word) => keys.has(word)), path).toEqual([]); // a word that did not come with its screen shows as its key
        }
        expect(faults).toEqual([]);
      });
    });
  }
});

test.describe('states', () => {
  test.use({ viewport: sizes.desk });

  test('nobody signed in: the sign-in, with what is wrong said', async ({ page }) => {
    await page.route('**/api/v1/me', (r) => r.fulfill({ status: 401, contentType: 'application/problem+json', body: '{"kind":"unauthorized"}' }));
    await page.route('**/api/v1/auth/sign-in', (r) => r.fulfill({ status: 401, contentType: 'application/problem+json', body: '{"kind":"unauthorized"}' }));
    await page.goto('/triggers');
    await page.getByLabel('E-mail').fill('nora@bondi.example');
    await page.locator('input[type=password]').fill('wrong');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('alert')).toHaveText('E-mail or password is not right.');
    expect(new URL(page.url()).pathname).toBe('/triggers');
    const result = await new AxeBuilder({ page }).analyze();
    expect(result.violations.map((v) => v.id)).toEqual([]);
  });

  test('lists that are empty say what that means', async ({ page }) => {
    await page.route(/\/api\/v1\/(comments|conversations|triggers|campaigns|knowledge|quick-replies|posts)(\?|$)/, (r) => r.fulfill({ json: { items: [], next: '' } }));
    await open(page, '/moderation');
    await expect(page.getByText('The queue is clear').first()).toBeVisible();
    await open(page, '/inbox');
    await expect(page.getByText('Nobody waits for an answer')).toBeVisible();
    await open(page, '/triggers');
    await expect(page.getByText('No triggers yet')).toBeVisible();
    await page.route(/\/api\/v1\/accounts(\?|$)/, (r) => r.fulfill({ json: { items: [], next: '' } }));
    await open(page, '/accounts');
    await expect(page.getByText('No account is connected yet')).toBeVisible();
  });

  test('a refusal and a failure are told apart, and a failure can be tried again', async ({ page }) => {
    await page.route('**/api/v1/members', (r) => r.fulfill({ status: 403, contentType: 'application/problem+json', body: '{"kind":"forbidden","detail":"no"}' }));
    await open(page, '/team');
    await expect(page.getByText('Not with your role')).toBeVisible();
    let broken = true;
    await page.route('**/api/v1/accounts', (r) => (broken ? r.fulfill({ status: 503, contentType: 'application/problem+json', body: '{"kind":"unavailable"}' }) : r.fallback()));
    await page.goto('/accounts');
    await expect(page.getByText('Not available now')).toBeVisible({ timeout: 15_000 });
    broken = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByRole('heading', { name: 'bondikayaks' })).toBeVisible();
  });

  test('a moderator is not shown what the role cannot open', async ({ page }) => {
    await page.route('**/api/v1/me', async (r) => { const me = await (await r.fetch()).json() as Record<string, unknown>; await r.fulfill({ json: { ...me, role: 'moderator', permissions: ['see', 'moderate'] } }); });
    await open(page, '/inbox?id=1000');
    await expect(page.getByText('Your role reads conversations but does not answer them.')).toBeVisible();
    await expect(page.getByRole('link', { name: 'Settings' })).toHaveCount(0);
    await open(page, '/settings');
    await expect(page.getByText('Not with your role')).toBeVisible();
  });
});

test.describe('keyboard', () => {
  test.use({ viewport: sizes.desk });

  test('walks the queue and decides', async ({ page }) => {
    await open(page, '/');
    await page.keyboard.press('g');
    await page.keyboard.press('m');
    await expect(page.getByRole('heading', { name: 'Moderation' })).toBeVisible();
    await expect(page.getByRole('button', { name: /marco\.r/ })).toBeVisible();
    await page.keyboard.press('j');
    await expect(page.getByRole('heading', { name: 'marco.r' })).toBeVisible();
    const hidden = page.waitForRequest((r) => r.method() === 'POST' && /\/comments\/100\/hide$/.test(r.url()));
    await page.keyboard.press('h');
    expect((await hidden).headers()['x-ponte-csrf']).toBe('1');
    await expect(page.getByRole('heading', { name: 'Dale Porter' })).toBeVisible();
    const undone = page.waitForRequest((r) => /\/comments\/100\/undo$/.test(r.url()));
    await page.getByRole('button', { name: 'Undo' }).last().click();
    await undone;
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog').getByText('Next comment')).toBeVisible();
  });

  test('writes a note that mentions a colleague, and sees who else writes', async ({ page }) => {
    await open(page, '/inbox?id=1000');
    await expect(page.getByText('Sam Oduya is writing an answer')).toBeVisible();
    await page.keyboard.press('n');
    await page.getByRole('textbox', { name: 'Note' }).pressSequentially('ask @sam');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('textbox', { name: 'Note' })).toHaveValue('ask @Sam Oduya ');
    const noted = page.waitForRequest((r) => r.method() === 'POST' && r.url().endsWith('/conversations/1000/notes'));
    await page.keyboard.press('Enter');
    expect((await noted).postDataJSON()).toEqual({ text: 'ask @Sam Oduya', mentions: [2] });
  });

  test('sends a suggestion by its number and Enter, and edits one by Tab', async ({ page }) => {
    await open(page, '/inbox?id=1000');
    await expect(page.getByText('Puoi prenotare qui')).toBeVisible();
    await page.keyboard.press('2');
    const sent = page.waitForRequest((r) => r.method() === 'POST' && r.url().endsWith('/conversations/1000/messages'));
    await page.keyboard.press('Enter');
    expect((await sent).postDataJSON()).toMatchObject({ suggestion_id: 2, revision: 4 });
    await page.getByLabel('Your answer').focus();
    await page.keyboard.press('Tab');
    await expect(page.getByLabel('Your answer')).toHaveValue(/^Per sabato/);
    await page.reload();
    await expect(page.getByLabel('Your answer')).toHaveValue(/^Per sabato/);
  });

  test('opens the palette and goes to a screen', async ({ page }) => {
    await open(page, '/');
    await page.keyboard.press('Control+k');
    await page.getByPlaceholder('Go to a screen, or search').fill('Know');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { name: 'Knowledge and quick replies' })).toBeVisible();
  });
});

test('a long list draws only what is seen', async ({ page }) => {
  await page.setViewportSize(sizes.desk);
  await open(page, '/inbox?view=all');
  await expect(page.getByRole('button', { name: /Giulia Ferrero/ }).first()).toBeVisible();
  expect(await page.locator('section[aria-label="Conversations"] li').count()).toBeLessThan(60);
});

test('what nobody knows is settled with a finding and a reason', async ({ page }) => {
  await open(page, '/outbox');
  await page.getByRole('button', { name: 'What became of it?' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'Save' })).toBeDisabled();
  await dialog.getByLabel('It did not happen, leave it').check();
  await dialog.getByLabel('How do you know?').fill('Not in the chat on the phone');
  const settled = page.waitForRequest((r) => r.method() === 'POST' && r.url().endsWith('/actions/9/settle'));
  await dialog.getByRole('button', { name: 'Save' }).click();
  expect((await settled).postDataJSON()).toEqual({ outcome: 'did_not', reason: 'Not in the chat on the phone' });
});

test('rows are walked by J and K', async ({ page }) => {
  await open(page, '/outbox?view=all');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await expect(page.locator('ul[aria-label="Outbox"] > li').nth(1)).toBeFocused();
  await page.keyboard.press('k');
  await expect(page.locator('ul[aria-label="Outbox"] > li').nth(0)).toBeFocused();
});

test('the customer is played on the phone: comment, link, WhatsApp', async ({ page }) => {
  await page.setViewportSize(sizes.desk);
  const faults = watch(page);
  await open(page, '/rehearse');
  const phone = page.getByRole('region', { name: 'Phone of Giulia Ferrero' });
  await phone.getByLabel('Write a comment').fill('SUNRISE per favore!');
  await page.keyboard.press('Enter');
  await expect(phone.getByText('Look in your messages!')).toBeVisible();
  await phone.getByText(/^Messages \(1\)$/).click();
  await phone.getByRole('button', { name: /wa\.me/ }).click();
  await expect(phone.getByLabel('Write a message')).toHaveValue('Ciao! Rif. K7M2-QX9D');
  await phone.getByRole('button', { name: 'Send' }).click();
  await expect(phone.getByRole('button', { name: 'Noleggio' })).toBeVisible();
  expect(faults).toEqual([]);
});

// Last, since what is said on the stage stays there.
test('the rehearsal is asked again only when something happened', async ({ page }) => {
  await open(page, '/rehearse');
  await expect(page.getByRole('region', { name: /Phone of/ })).toBeVisible();
  const asked: string[] = [];
  page.on('request', (r) => { if (r.url().includes('/rehearse/control/')) asked.push(new URL(r.url()).pathname); });
  await page.waitForTimeout(3000);
  expect(asked.length).toBeLessThan(3);
  await page.request.post('/rehearse/control/comment', { data: { account: 'ig', post: 'p1', person: '2', text: 'said elsewhere' } });
  await expect(page.getByText('said elsewhere')).toBeVisible();
});
