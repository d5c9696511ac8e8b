// Measures the inbox as a person meets it: in a browser, against a serving ponte whose database was made by
// "ponte seed". Prints what was measured, as a table.
//   node scripts/bench-web.mjs --conversations 100000 [--data FOLDER] [--times 10]
// A folder that is named is kept, so that a second run measures at once; without one it is removed.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { chromium } = createRequire(new URL('../web/package.json', import.meta.url))('@playwright/test');
const { values: options } = parseArgs({ options: { conversations: { type: 'string', default: '100000' }, data: { type: 'string' }, times: { type: 'string', default: '10' } } });
const times = Number(options.times);
const folder = options.data ?? mkdtempSync(join(tmpdir(), 'ponte-bench-web-'));
const email = 'bench@ponte.example';

/** The folder's own secrets: made once, so that a kept database can be opened again. */
function secrets() {
  const path = join(folder, 'bench.json');
  if (existsSync(path)) return { ...JSON.parse(readFileSync(path, 'utf8')), known: true };
  mkdirSync(folder, { recursive: true });
  const made = { key: randomBytes(32).toString('hex'), password: randomBytes(18).toString('base64url') };
  writeFileSync(path, JSON.stringify(made), { mode: 0o600 });
  return made;
}

const freePort = () => new Promise((done) => { const s = createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => done(port)); }); });
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const shown = (list) => `${Math.round(median(list))} ms | ${Math.round(Math.max(...list))} ms`;

function seed(env, password, known) {
  const run = spawnSync('bin/ponte', ['seed', '--conversations', options.conversations, ...(known ? [] : ['--email', email])], { env, input: `${password}\n`, encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'], maxBuffer: 1 << 24 });
  if (run.status !== 0) throw new Error('ponte seed failed');
  return JSON.parse(run.stdout.slice(run.stdout.lastIndexOf('{')));
}

async function serve(env, address) {
  const child = spawn('bin/ponte', ['serve'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  for (let i = 0; i < 300; i++) {
    if (child.exitCode !== null) throw new Error('ponte serve ended');
    if (await fetch(`${address}/readyz`).then((r) => r.ok, () => false)) return child;
    await new Promise((r) => setTimeout(r, 100));
  }
  throw new Error('ponte serve was not ready within half a minute');
}

/** Notes when something is first painted: the frame after it stands in the page. */
function watchFor() {
  window.painted = (selector) => new Promise((done) => {
    const look = () => {
      const all = document.querySelectorAll(selector);
      if (all.length === 0) return requestAnimationFrame(look);
      requestAnimationFrame(() => setTimeout(() => done({ at: performance.now(), count: all.length }), 0));
    };
    look();
  });
}

const row = 'section[aria-label="Conversations"] li button';
const turn = '[role="log"] article';

async function firstPaint(browser, state, address) {
  const took = [];
  for (let i = 0; i < times + 1; i++) {
    const context = await browser.newContext({ storageState: state, viewport: { width: 1280, height: 800 }, locale: 'en-GB' }); // nothing cached
    const page = await context.newPage();
    await page.addInitScript(watchFor);
    await page.goto(`${address}/inbox?view=all`, { waitUntil: 'commit' });
    took.push((await page.evaluate((s) => window.painted(s), row)).at);
    await context.close();
  }
  return took.slice(1); // the first warms the server, not the browser
}

/** Opens the long thread by a press in the list, where it stands on top of the real list. */
async function openThread(browser, state, address, long) {
  const took = [];
  let most;
  for (let i = 0; i < times + 1; i++) {
    const context = await browser.newContext({ storageState: state, viewport: { width: 1280, height: 800 }, locale: 'en-GB' });
    const page = await context.newPage();
    await page.addInitScript(watchFor);
    await page.route(/\/api\/v1\/conversations\?/, async (route) => {
      const response = await route.fetch();
      const list = await response.json();
      await route.fulfill({ response, json: { ...list, items: [long, ...list.items.filter((c) => c.id !== long.id)] } });
    });
    await page.goto(`${address}/inbox?view=all`);
    await page.locator(row).first().waitFor();
    took.push(await page.evaluate(async ({ button, s }) => {
      const from = performance.now();
      document.querySelector(button).click();
      return (await window.painted(s)).at - from;
    }, { button: row, s: turn }));
    const foot = await page.evaluate(() => { const b = document.querySelector('[role="log"]'); return b.scrollHeight - b.scrollTop - b.clientHeight; });
    if (foot > 100) throw new Error(`the thread did not open at its end but ${foot} px above`);
    if (i === times) most = await walk(page);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await context.close();
  }
  return { took: took.slice(1), most };
}

/** Walks up a thread to its beginning; answers how many messages stood in the page at most, and how often what was read jumped. */
async function walk(page) {
  return page.evaluate(async () => {
    const box = document.querySelector('[role="log"]');
    const name = (e) => `${e.querySelector('time')?.dateTime} ${e.textContent}`;
    const frame = () => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)));
    let inPage = 0, jumps = 0, lost = 0, frames = 0, lines = new Set();
    const began = performance.now();
    for (let quiet = 0; quiet < 120 && frames < 20000; frames++) {
      const before = new Map([...box.querySelectorAll('[data-index]')].map((e) => [name(e), e.getBoundingClientRect().top]));
      const by = Math.min(500, box.scrollTop);
      box.scrollTop -= by;
      await frame();
      const turns = [...box.querySelectorAll('[data-index]')];
      inPage = Math.max(inPage, turns.length);
      for (const e of turns) lines.add(name(e));
      const same = turns.filter((e) => before.has(name(e)));
      const moved = (want) => same.some((e) => Math.abs(e.getBoundingClientRect().top - before.get(name(e)) - want) < 3);
      if (by > 0 && same.length > 0 && !moved(by)) { if (moved(0)) lost++; else jumps++; } // lost: older messages came in just then, and what was read stayed in place
      quiet = box.scrollTop < 2 ? quiet + 1 : 0;
    }
    return { inPage, jumps, lost, steps: frames, lines: lines.size, seconds: (performance.now() - began) / 1000 };
  });
}

const { key, password, known } = secrets();
const port = await freePort();
const address = `http://127.0.0.1:${port}`;
const env = { ...process.env, PONTE_DATA_DIR: folder, PONTE_SECRET_KEY: key, PONTE_ADDR: `127.0.0.1:${port}`, PONTE_PUBLIC_URL: address, PONTE_META_APP_SECRETS: 'bench', PONTE_META_VERIFY_TOKEN: 'bench', PONTE_LOG_LEVEL: 'error' };
delete env.PONTE_DATABASE_URL;

let server, browser;
try {
  const made = seed(env, password, known);
  server = await serve(env, address);
  browser = await chromium.launch({ executablePath: process.env.PONTE_CHROMIUM ?? '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
  const context = await browser.newContext();
  const signed = await context.request.post(`${address}/api/v1/auth/sign-in`, { data: { email, password } });
  if (!signed.ok()) throw new Error(`signing in: ${signed.status()}`);
  const state = await context.storageState();
  const long = await (await context.request.get(`${address}/api/v1/conversations/${made.longest}`)).json();
  const load = loadavg()[0].toFixed(1);
  const paint = await firstPaint(browser, state, address);
  const opened = await openThread(browser, state, address, long);
  console.log(`${made.conversations} conversations, ${made.messages} messages; ${cpus().length} cores shared by browser, server and database; load before the run ${load}\n`);
  console.log('| what | median | slowest |\n| --- | --- | --- |');
  console.log(`| inbox, first conversations painted, nothing cached | ${shown(paint)} |`);
  console.log(`| a thread of ${made.longest_messages} messages, painted at its end | ${shown(opened.took)} |`);
  const { inPage, jumps, lost, steps, lines, seconds } = opened.most;
  console.log(`\nScrolled to its beginning in ${steps} steps and ${seconds.toFixed(0)} s: ${lines} lines read, at most ${inPage} lines in the page, ${jumps} steps in which what was read jumped, ${lost} in which it stayed in place because older messages came in.`);
} finally {
  await browser?.close();
  if (server && server.exitCode === null) { server.kill('SIGTERM'); await new Promise((r) => server.once('exit', r)); }
  if (!options.data) rmSync(folder, { recursive: true, force: true });
}
