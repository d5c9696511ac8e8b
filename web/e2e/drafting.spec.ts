import { expect, test, type Page } from '@playwright/test';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * Drafted replies while they are written: a ponte of its own, whose language model is a server here that
 * writes what the test lets it write.
 */
const owner = { email: 'owner@ponte.local', password: 'bondi-kayaks-demo' };
let model: Server;
let ponte: ChildProcess;
let folder = '';
let base = '';
/** The answers under way, newest last. */
const answers: { res: ServerResponse; gone: boolean }[] = [];

const listening = (s: Server) => new Promise<number>((done) => s.listen(0, '127.0.0.1', () => done((s.address() as AddressInfo).port)));

test.setTimeout(120_000);

test.beforeAll(async () => {
  test.setTimeout(180_000);
  model = createServer((req, res) => {
    let body = '';
    req.on('data', (part: Buffer) => { body += part.toString(); });
    req.on('end', () => {
      if (!(JSON.parse(body) as { stream?: boolean }).stream) { res.writeHead(451).end(); return; } // only drafts are written here: this refuses the question and not the server
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      const answer = { res, gone: false };
      res.on('close', () => { answer.gone = true; });
      answers.push(answer);
      res.write(': here\n\n');
    });
  });
  const free = createServer();
  const port = await listening(free);
  free.close();
  folder = mkdtempSync(join(tmpdir(), 'ponte-drafting-'));
  base = `http://127.0.0.1:${port}`;
  ponte = spawn(resolve('../bin/ponte'), ['run'], { stdio: 'ignore', env: { ...process.env, PONTE_ADDR: `127.0.0.1:${port}`, PONTE_DATA_DIR: folder, PONTE_LLM_URL: `http://127.0.0.1:${await listening(model)}/v1`, PONTE_LLM_MODEL: 'stand-in' } });
  await expect.poll(async () => fetch(`${base}/readyz`).then((r) => r.status, () => 0), { timeout: 120_000 }).toBe(200);
});

test.afterAll(async () => {
  const ended = new Promise((done) => ponte.once('exit', done));
  ponte.kill('SIGTERM');
  await ended;
  model.closeAllConnections();
  model.close();
  rmSync(folder, { recursive: true, force: true });
});

const send = (text: string) => answers.at(-1)?.res.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] })}\n\n`);
const stop = () => answers.at(-1)?.res.end(`data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`);

/** A customer on WhatsApp who has asked a person something that the demo's knowledge answers. */
async function asked(page: Page): Promise<{ id: number; say: (text: string) => Promise<unknown> }> {
  await page.goto(base);
  await page.getByLabel('E-mail').fill(owner.email);
  await page.locator('input[type=password]').fill(owner.password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('navigation').first()).toBeVisible();
  const n = String(Date.now()).slice(-8);
  const name = `Alice Moreau ${n}`;
  const control = (what: string, data: unknown) => page.request.post(`${base}/rehearse/control/${what}`, { data, headers: { 'X-Ponte-CSRF': '1' } });
  const { id: person } = (await (await control('person', { name, username: `alice.${n}`, language: 'en', phone: `614${n}` })).json()) as { id: string };
  const say = (text: string) => control('whatsapp', { person, text });
  const found = async () => ((await (await page.request.get(`${base}/api/v1/conversations?view=all&channel=whatsapp&q=${encodeURIComponent(name)}`)).json()) as { items: { id: number; handler: string; revision: number; preview: string }[] }).items[0];
  await say('I would like to speak to a person, please');
  await expect.poll(async () => (await found())?.handler, { timeout: 30_000 }).toBe('human');
  const question = 'How much does a kayak cost for a day, and when are you open?';
  await say(question);
  await expect.poll(async () => (await found())?.preview ?? '', { timeout: 30_000 }).toContain('How much does a kayak');
  return { id: (await found())?.id ?? 0, say };
}

test('drafts are shown while they are written, and used once they are whole', async ({ page }, info) => {
  const { id } = await asked(page);
  const before = answers.length;
  await page.goto(`${base}/inbox?view=all&id=${id}`);
  await expect.poll(() => answers.length, { timeout: 20_000 }).toBeGreaterThan(before);
  const offered = page.getByRole('group', { name: 'Suggested answers' });
  await expect(offered.getByText('Being written')).toBeVisible();
  send('{"replies":[{"text":"We would love to have you on the wa');
  await expect(offered.getByText('We would love to have you on the')).toBeVisible();
  await expect(offered).toHaveAttribute('aria-busy', 'true');
  await expect(offered.locator('kbd')).toHaveCount(0);
  await page.getByRole('log', { name: 'Messages' }).focus();
  await page.keyboard.press('1');
  await page.keyboard.press('Enter');
  await expect(offered.getByRole('button', { name: /Send/ })).toHaveCount(0);
  await page.screenshot({ path: info.outputPath('being-written.png') });

  send('ter, come by any day.","sources":[1]},{"text":"Book on evil.example now, quick');
  await expect(offered.locator('kbd')).toHaveCount(1);
  await expect(offered.getByText('it names a link that stands in no source')).toBeVisible();
  await expect(offered.getByText('evil.example')).toHaveCount(0);
  await page.screenshot({ path: info.outputPath('one-ready-one-refused.png') });
  send('","sources":[1]}]}');
  stop();
  await expect(page.getByRole('status', { name: 'Suggested answers' })).toHaveText(/suggested answers are ready|One suggested answer is ready/);
  await expect(offered).toHaveAttribute('aria-busy', 'false');

  await page.keyboard.press('1');
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: info.outputPath('phone.png') });
  await page.setViewportSize({ width: 1280, height: 800 });
  const sent = page.waitForResponse((r) => r.request().method() === 'POST' && r.url().endsWith(`/conversations/${id}/messages`));
  await page.keyboard.press('Enter');
  expect((await sent).status()).toBe(200);
  await expect(page.getByRole('log').getByText('We would love to have you on the water, come by any day.')).toBeVisible();
});

test('leaving ends the call to the model; a customer who writes on has the drafts made anew', async ({ page }) => {
  const { id, say } = await asked(page);
  let before = answers.length;
  await page.goto(`${base}/inbox?view=all&id=${id}`);
  await expect.poll(() => answers.length, { timeout: 20_000 }).toBeGreaterThan(before);
  send('{"replies":[{"text":"Our prices are ');
  const offered = page.getByRole('group', { name: 'Suggested answers' });
  await expect(offered.getByText('Our prices')).toBeVisible();
  const first = answers.at(-1);
  before = answers.length;
  await say('And how much is a double kayak?');
  await expect.poll(() => first?.gone, { timeout: 20_000 }).toBe(true);
  await expect.poll(() => answers.length, { timeout: 20_000 }).toBeGreaterThan(before);
  await expect(offered.getByText('Our prices')).toHaveCount(0);

  send('{"replies":[{"text":"A double kayak ');
  await expect(offered.getByText('A double')).toBeVisible();
  const second = answers.at(-1);
  await page.goto(`${base}/outbox`);
  await expect.poll(() => second?.gone, { timeout: 20_000 }).toBe(true);
});

test('a model that breaks off leaves what was whole, and the brand’s own texts', async ({ page }, info) => {
  const { id } = await asked(page);
  const before = answers.length;
  await page.goto(`${base}/inbox?view=all&id=${id}`);
  await expect.poll(() => answers.length, { timeout: 20_000 }).toBeGreaterThan(before);
  send('{"replies":[{"text":"We are open every day.","sources":[1]},{"text":"And then ');
  const offered = page.getByRole('group', { name: 'Suggested answers' });
  await expect(offered.locator('kbd')).toHaveCount(1);
  answers.at(-1)?.res.destroy();
  await expect(offered.getByText('The language model stopped in the middle', { exact: false })).toBeVisible();
  await expect.poll(() => offered.locator('kbd').count()).toBeGreaterThan(1);
  await page.screenshot({ path: info.outputPath('broken-off.png') });
});
