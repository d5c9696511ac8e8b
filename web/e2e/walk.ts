import { expect, request, type APIRequestContext, type Browser, type Page, type TestInfo } from '@playwright/test';

/** What the walks of the roles share: who signs in, the customer's side of the rehearsal, and what may never happen. */
export type Role = 'admin' | 'supervisor' | 'moderator' | 'agent' | 'analyst';

const owner = { email: process.env['PONTE_E2E_EMAIL'] ?? 'owner@ponte.local', password: process.env['PONTE_E2E_PASSWORD'] ?? 'bondi-kayaks-demo' };
const csrf = { 'X-Ponte-CSRF': '1' };

/** A number that no earlier run on the same data has used. */
export const fresh = () => String(Date.now()).slice(-9);

/** The owner behind the scenes: through the API, for what a walk needs before it begins. */
export async function ownerOf(base: string): Promise<APIRequestContext> {
  const api = await request.newContext({ baseURL: base, extraHTTPHeaders: csrf });
  const done = await api.post('/api/v1/auth/sign-in', { data: owner });
  expect(done.ok(), await done.text()).toBe(true);
  return api;
}

/** Notes every request to another origin, every refusal of the content policy and every error thrown in the page. */
export function watch(page: Page, base: string): string[] {
  const faults: string[] = [];
  const origin = new URL(base).origin;
  page.on('request', (r) => { if (!r.url().startsWith(`${origin}/`) && !/^(data|blob):/.test(r.url())) faults.push(`asked ${r.url()}`); });
  page.on('websocket', (s) => faults.push(`opened ${s.url()}`));
  page.on('pageerror', (e) => faults.push(`threw ${e.message}`));
  page.on('console', (m) => { if (/content.security.policy/i.test(m.text())) faults.push(m.text()); });
  return faults;
}

export async function signIn(page: Page, who: { email: string; password: string } = owner) {
  await page.goto('/');
  await page.getByLabel('E-mail').fill(who.email);
  await page.locator('input[type=password]').fill(who.password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('navigation').first()).toBeVisible();
}

/** Adds a member with the role and signs in as that person, through the page as people do. */
export async function signInAs(page: Page, api: APIRequestContext, role: Role, name: string) {
  const who = { email: `${role}.${fresh()}@bondi.example`, password: `walk-${fresh()}-kayak` };
  const made = await api.post('/api/v1/members', { data: { ...who, name, role } });
  expect(made.ok(), await made.text()).toBe(true);
  await signIn(page, who);
  await expect(page.getByRole('button', { name: `Menu of ${name}` }).or(page.getByText(name)).first()).toBeVisible();
}

/** A second window, in which the same person plays the customer on the drawn phone. */
export async function customerWindow(browser: Browser, base: string): Promise<Page> {
  const context = await browser.newContext({ baseURL: base, locale: 'en-GB', viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await signIn(page);
  return page;
}

interface Staged { accounts: { id: string; channel: string }[]; posts: { id: string; account: string }[]; comments: { id: string; text: string; hidden: boolean; deleted: boolean }[]; messages: { id: string; person: string; account: string; from_brand: boolean; text: string }[] }

/** The stand-in for the networks: what happened there, and what customers do. */
export function rehearsal(api: APIRequestContext) {
  const state = async () => (await (await api.get('/rehearse/control/state')).json()) as Staged;
  const play = async (what: string, data: unknown) => {
    const done = await api.post(`/rehearse/control/${what}`, { data });
    expect(done.ok(), await done.text()).toBe(true);
    return (await done.json()) as { id: string };
  };
  return {
    state,
    play,
    /** Somebody nobody knows yet. */
    customer: async (name: string) => {
      const n = fresh();
      const full = `${name} ${n}`;
      return { name: full, id: (await play('person', { name: full, username: `walk.${n}`, language: 'en', phone: `614${n.slice(-8)}` })).id };
    },
    /** Under the newest Instagram post. */
    comment: async (person: string, text: string) => {
      const { accounts, posts } = await state();
      const account = accounts.find((a) => a.channel === 'instagram')?.id;
      return (await play('comment', { account, post: posts.find((p) => p.account === account)?.id, person, text })).id;
    },
  };
}

export async function opened(page: Page, path: string) {
  await page.goto(path);
  await expect(page.getByRole('main')).toBeVisible();
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
}

export const shot = (page: Page, info: TestInfo, name: string) => page.screenshot({ path: info.outputPath(`${name}.png`) });
