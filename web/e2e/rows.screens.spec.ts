import { expect, test, type Page } from '@playwright/test';

// An answer that is under way when a test ends is nobody's.
test.afterEach(({ page }) => page.unrouteAll({ behavior: 'ignoreErrors' }));

async function open(page: Page, path: string) {
  await page.goto(path);
  await page.locator('main').waitFor();
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
}

/** Changes what the made-up API answers. */
async function changed<T>(page: Page, path: RegExp, change: (body: T) => unknown) {
  await page.route(path, async (r) => { const answer = await r.fetch(); await r.fulfill({ response: answer, json: change((await answer.json()) as T) }); });
}

type Listed = { items: Record<string, unknown>[] };
const known = { channel: 'whatsapp', id: '+61 4•••••• 118' };

test('nobody is just unknown in the bell, the leads and the ledger', async ({ page }) => {
  await changed<Listed>(page, /\/api\/v1\/notifications(\?|$)/, (b) => ({ ...b, items: b.items.map((n, i) => ({ ...n, contact_name: '', contact_erased: i === 0, contact_known: i === 1 ? known : null })) }));
  await changed<Listed>(page, /\/api\/v1\/leads(\?|$)/, (b) => ({ ...b, items: b.items.map((l, i) => ({ ...l, contact_id: 300 + i, name: '', erased: i === 0, known: i === 0 ? null : known })) }));
  await changed<Listed>(page, /\/api\/v1\/consent(\?|$)/, (b) => ({ ...b, items: b.items.map((e) => ({ ...e, name: '', known: e['erased'] ? null : { channel: 'messenger', id: '…5544' } })) }));
  await open(page, '/leads?view=all');
  await expect(page.getByRole('link', { name: 'Erased person' })).toHaveCount(1);
  await expect(page.getByRole('link', { name: known.id }).first()).toBeVisible();
  await page.getByRole('button', { name: /unread/i }).click();
  const drawer = page.getByRole('dialog');
  await expect(drawer.getByText('Erased person')).toBeVisible();
  await expect(drawer.getByText(known.id)).toBeVisible();
  await expect(page.getByText('Unknown person')).toHaveCount(0);
  await open(page, '/consent');
  await expect(page.getByRole('link', { name: 'Messenger …5544' })).toHaveCount(2);
  await expect(page.getByText('Unknown person')).toHaveCount(0);
});

test('a verdict tells how surely apart from what it would be, all of it in per cent', async ({ page }) => {
  await changed<Record<string, unknown> & { verdict: object }>(page, /\/api\/v1\/comments\/107$/, (c) => ({ ...c, verdict: { ...c.verdict, harm: 0.8, spam: 0.02, scores: { hate: 0.97, spam: 0.001, violence: null }, reasons: [{ code: 'model:harm', text: 'the model is sure it is harmful (0.80, hides from 0.70)', parts: [{ code: 'model_sure_harm', values: { score: '0.80', limit: '0.70' }, text: 'the model is sure it is harmful (0.80, hides from 0.70)' }] }] } }));
  await open(page, '/moderation?queue=all&id=107');
  const verdict = page.getByRole('region', { name: 'Verdict' });
  await expect(verdict).toMatchAriaSnapshot(`
    - heading "How surely" [level=3]
    - term: Harmful
    - definition: 80%
    - term: Spam or fraud
    - definition: 2%
    - heading "What it would be" [level=3]
    - term: Hate
    - definition: 97%
    - text: /thresholds go by the figures above/
  `);
  await expect(verdict.getByText('the model is sure it is harmful (80%, hides from 70%)')).toBeVisible();
  await expect(verdict.getByText(/\b0\.\d/)).toHaveCount(0);
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, locale: 'it-IT' });

  test('the first steps name no keys, and the coverage is told whole', async ({ page }) => {
    await changed<Record<string, unknown>>(page, /\/api\/v1\/me$/, (me) => ({ ...me, demo: true }));
    await changed<{ accounts: Record<string, unknown>[] }>(page, /\/api\/v1\/overview$/, (o) => ({ ...o, accounts: o.accounts.map((a) => ({ ...a, state_reason: '', coverage: 'swept', comments_coverage: { share: 1 }, messages_coverage: { share: 0.98 } })) }));
    await open(page, '/');
    await expect(page.getByText('tocca una risposta suggerita')).toBeVisible();
    await expect(page.getByText(/tasti|U lo mostra/)).toHaveCount(0);
    const told = page.getByText(/Copertura: commenti 100%, messaggi 98%/).first();
    await expect(told).toBeVisible();
    expect(await told.evaluate((el) => [el, el.parentElement!].every((n) => n.scrollWidth <= n.clientWidth))).toBe(true);
  });
});

test('where nothing is connected every empty list says what to do about it', async ({ page }) => {
  test.setTimeout(120_000);
  const nothing = { json: { items: [], next: '' } };
  for (const list of ['accounts', 'conversations', 'comments', 'contacts', 'actions', 'events', 'posts']) await page.route(new RegExp(`/api/v1/${list}(\\?|$)`), (r) => r.fulfill(nothing));
  const paths = ['/inbox?view=all', '/inbox', '/moderation', '/moderation?queue=all', '/contacts', '/outbox', '/outbox?view=all', '/events', '/events?view=all', '/triggers/new'];
  for (const path of paths) {
    await open(page, path);
    await expect(page.getByRole('main').getByText('No account is connected.'), path).toBeVisible();
    await expect(page.getByRole('main').getByRole('link', { name: 'Connect an account' }), path).toHaveAttribute('href', '/accounts');
  }
  await changed<Record<string, unknown>>(page, /\/api\/v1\/me$/, (me) => ({ ...me, role: 'agent', permissions: ['see', 'converse'] }));
  await open(page, '/inbox');
  await expect(page.getByText('An owner or admin can connect one.')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Connect an account' })).toHaveCount(0);
  await page.unroute(/\/api\/v1\/accounts(\?|$)/);
  await open(page, '/moderation?queue=all');
  await expect(page.getByText('No comments yet')).toBeVisible();
});

test('who archives a service, a team or a template reads which live flows use it', async ({ page }) => {
  await open(page, '/bookings?tab=services');
  await page.getByRole('button', { name: 'Remove First appointment' }).click();
  await expect(page.getByRole('dialog')).toContainText('The live flow Booking uses it.');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: /^Remove The sunrise tour/ }).click();
  await expect(page.getByRole('dialog')).not.toContainText('uses it');
  await open(page, '/flows');
  await expect(page.getByText('1 problem', { exact: true })).toBeVisible();
  await page.getByRole('link', { name: 'Booking', exact: true }).click();
  await expect(page.getByText('the team "Bookings" has no member', { exact: false })).toBeVisible();
});
