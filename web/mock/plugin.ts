import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import * as campaigns from './campaigns.ts';
import * as data from './data.ts';
import * as people from './contacts.ts';
import * as desk from './desk.ts';
import * as flows from './flows.ts';
import * as policies from './policies.ts';
import * as records from './records.ts';
import * as settings from './settings.ts';
import * as templates from './templates.ts';
import * as way from './timeline.ts';
import { act, calls, changes, stage } from './stage.ts';

type Answer = { status?: number; body?: unknown };
type Handler = (match: RegExpMatchArray, query: URLSearchParams, body: Record<string, unknown>) => Answer;

const page = (items: unknown[]): Answer => ({ body: { items, next: '' } });
const none = { status: 404, body: { title: 'Not Found', status: 404, kind: 'not_found', detail: 'There is nothing at this address.' } };

const comment = (id: string) => data.comments.find((c) => c.id === Number(id));

function decide(id: string, verb: string): Answer {
  const c = comment(id);
  if (!c) return none;
  if (verb === 'hide') c.state = 'hidden';
  if (verb === 'unhide' || verb === 'approve' || verb === 'undo') c.state = 'visible';
  if (verb !== 'undo') c.review = null;
  c.actions = verb === 'delete' ? [{ id: 1, kind: 'comment.delete', state: 'planned', reason: '', meaning: '', not_before: data.ago(-15) }] : [];
  return { body: c };
}

const routes: [string, RegExp, Handler][] = [
  ['GET', /^\/me$/, () => ({ body: data.me })],
  ['GET', /^\/overview$/, () => ({ body: data.overview })],
  ['GET', /^\/comments$/, (_m, q) => page(data.comments.filter((c) => (q.get('queue') === 'all' || c.review) && (!q.get('q') || c.text.toLowerCase().includes(q.get('q') ?? ''))))],
  ['GET', /^\/comments\/(\d+)$/, (m) => (comment(m[1] ?? '') ? { body: comment(m[1] ?? '') } : none)],
  ['POST', /^\/comments\/(\d+)\/(approve|hide|unhide|delete|undo)$/, (m) => decide(m[1] ?? '', m[2] ?? '')],
  ['POST', /^\/reviews\/\d+\/claim$/, () => ({ body: { claimed_until: data.ago(-5) } })],
  ['GET', /^\/conversations$/, (_m, q) => page(data.conversations.filter((c) => q.get('view') !== 'waiting' || c.waiting_since).filter(() => q.get('view') !== 'spam'))],
  ['GET', /^\/conversations\/(\d+)$/, (m) => { const c = data.conversations.find((x) => x.id === Number(m[1])); return c ? { body: data.conversationDetail(c) } : none; }],
  ['GET', /^\/conversations\/\d+\/messages$/, () => page(data.messages)],
  ['GET', /^\/conversations\/\d+\/suggestions(\/live)?$/, () => ({ body: data.suggestions })], // no stream: what is asked for all at once
  ['GET', /^\/accounts$/, () => page(data.accounts)],
  ['POST', /^\/accounts\/\d+\/check$/, () => ({ body: { checks: [{ name: 'token', ok: true, code: 'token_valid', params: {}, detail: 'Valid until 3 March.', fix: '' }, { name: 'webhooks', ok: false, code: 'webhooks_missing', params: { list: 'feed' }, detail: 'The field “feed” is not subscribed.', fix: 'Subscribe the app to “feed” for this Page.' }] } })],
  ['GET', /^\/posts$/, () => page(data.posts)],
  ['GET', /^\/triggers$/, () => page(data.triggers)],
  ['GET', /^\/triggers\/(\d+)$/, (m) => { const x = data.triggers.find((t) => t.id === Number(m[1])); return x ? { body: x } : none; }],
  ['GET', /^\/campaigns$/, () => page(campaigns.campaigns)],
  ['GET', /^\/campaigns\/(\d+)$/, (m) => { const x = campaigns.campaigns.find((c) => c.id === Number(m[1])); return x ? { body: x } : none; }],
  ['GET', /^\/triggers\/\d+\/windows$/, () => page(campaigns.windows)],
  ['POST', /^\/recurrence-preview$/, () => page(campaigns.windows)],
  ['POST', /^\/trigger-check$/, () => ({ body: campaigns.wordCheck })],
  ['POST', /^\/dry-runs$/, () => ({ body: campaigns.dryRun })],
  ['GET', /^\/dry-runs\/\d+$/, () => ({ body: campaigns.dryRun })],
  ['GET', /^\/dry-runs\/\d+\/results$/, (_m, q) => page(campaigns.dryRunResults.filter((r) => !q.get('code') || r.code === q.get('code')))],
  ['GET', /^\/quick-replies$/, () => page([{ id: 1, shortcut: 'hours', language: 'en', title: 'Opening hours', text: 'We are at the north ramp every day from 7:00 to 18:00.', intents: [] }, { id: 2, shortcut: 'orari', language: 'it', title: 'Orari', text: 'Siamo alla rampa nord ogni giorno dalle 7 alle 18.', intents: [] }])],
  ['GET', /^\/knowledge$/, () => page([{ id: 1, language: 'en', title: 'Places on the sunrise paddle', text: 'Twelve places each Saturday; children from eight with an adult.', source: 'Handbook' }])],
  ['GET', /^\/members$/, () => page([{ user_id: 1, email: 'nora@bondi.example', name: 'Nora Weld', role: 'owner', created_at: data.ago(90000) }, { user_id: 2, email: 'sam@bondi.example', name: 'Sam Oduya', role: 'moderator', created_at: data.ago(40000) }])],
  ['GET', /^\/tokens$/, () => page([])],
  ['GET', /^\/assist\/questions$/, () => page([{ id: 2, conversation_id: 1000, language: 'it', intent: 'info_request', text: 'Affittate anche mute per bambini?', at: data.ago(44) }, { id: 1, conversation_id: 1001, language: 'en', intent: 'other', text: 'Is there a shower at the beach?', at: data.ago(300) }])],
  ['GET', /^\/assist\/figures$/, () => page([{ language: 'en', intent: 'price', sets: 64, accepted: 31, edited: 18, ignored: 12, dismissed: 3, changed: 0.14, seconds_used: 11, seconds_by_hand: 58 }, { language: 'it', intent: 'booking', sets: 9, accepted: 4, edited: 1, ignored: 4, dismissed: 0, changed: 0.31, seconds_used: 20, seconds_by_hand: 45 }])],
  ['GET', /^\/auth\/methods$/, () => ({ body: { provider: 'Bondi single sign-on', email: true } })],
  ['GET', /^\/me\/second-factor$/, () => ({ body: { on: true, since: data.ago(90_000), codes_left: 8 } })],
  ['GET', /^\/sessions$/, () => page([{ id: 1, created_at: data.ago(600), last_seen_at: data.ago(0), address: '127.0.0.1', agent: 'Firefox on Linux', current: true }])],
  ['GET', /^\/workspace$/, () => ({ body: { ...data.me.workspace, legal_name: 'Bondi Kayaks Pty Ltd', contact: 'bondi.example/contact', country: 'AU', settings: { quiet_from: '09:00', quiet_to: '20:00', saturday_from: '09:00', saturday_to: '17:00', automate: true, overdue_minutes: 120, holidays: ['2027-01-26'], desk: { auto_assign: true, capacity: 10, first_answer_minutes: 15, handover_minutes: 30, near_minutes: 5, take_back_minutes: 15, escalate_minutes: 60, vip_labels: ['vip'], vip_field: '', vip_goal_micros: 0 } } } })],
  ['GET', /^\/price-files$/, () => page([{ id: 2, version: 2, name: 'rates-2026-10.csv', rows: 214, currencies: 'AUD', from: '2026-10-01', to: '2026-10-01', imported_by: 'user:1', imported_at: data.ago(9000), withdrawn_by: null, withdrawn_at: null }])],
  ['GET', /^\/spending$/, () => ({ body: { currency: 'AUD', day_from: data.ago(600), day: { micros: 4_120_000, messages: 31, unknown: 2, other_currency: 0, limit_micros: 20_000_000 }, month: { micros: 96_400_000, messages: 802, unknown: 2, other_currency: 0, limit_micros: null }, campaigns: [] } })],
  ['GET', /^\/policy$/, () => ({ body: { hide_harm: true, hide_spam: true, review_harm: 0.5, review_spam: 0.5, llm_hide: 0.8, text: 'Fair criticism stays. Jokes about sharks are welcome.', table: [{ category: 'spam', from: 0.8, comment: 'hide' }, { category: 'hate', from: 0.9, languages: ['en', 'it'], accounts: [2], comment: 'delete', message: 'review' }] } })],
  ['GET', /^\/rules$/, () => page(policies.rules)],
  ['GET', /^\/review-statistics$/, () => ({ body: policies.statistics })],
  ['GET', /^\/review-holds$/, () => page(policies.holds)],
  ['GET', /^\/review-disagreements$/, (_m, q) => page(q.get('with') === 'reviewers' ? [] : policies.disagreements)],
  ['GET', /^\/versions$/, () => page(policies.versions)],
  ['GET', /^\/versions\/(\d+)$/, (m) => { const v = policies.versions.find((x) => x.id === Number(m[1])); return v ? { body: policies.versionDetail(v) } : none; }],
  ['POST', /^\/versions$/, () => ({ body: { ...policies.versionDetail(policies.versions[1]!), backtests: [] } })],
  ['POST', /^\/versions\/\d+\/backtests$/, () => ({ body: policies.backtest })],
  ['GET', /^\/backtests\/\d+$/, () => ({ body: policies.backtest })],
  ['GET', /^\/backtests\/\d+\/changes$/, () => page(policies.changes)],
  ['POST', /^\/comments\/\d+\/opinion$/, () => ({ body: { category: 'none', score: 0.83, intent: 'complaint', language: 'en', reason: 'angry, but fair criticism', model: 'small', prompt: 'moderate.v2', agrees: false } })],
  ['GET', /^\/contacts$/, (_m, q) => page(q.get('q') === 'nobody' ? [] : records.contacts)],
  ['GET', /^\/contacts\/(\d+)$/, (m) => { const c = records.contacts.find((x) => x.id === Number(m[1])); return c ? { body: records.contactDetail(c) } : none; }],
  ['GET', /^\/contacts\/\d+\/timeline$/, (_m, q) => page(way.timeline.filter((e) => q.get('only') !== 'said' || ['comment', 'public_reply', 'private_reply', 'message'].includes(e.kind)))],
  ['GET', /^\/leads$/, (_m, q) => page(way.leads.filter((l) => (q.get('task') ?? 'open') === 'all' || l.task === (q.get('task') ?? 'open')))],
  ['GET', /^\/lead-forms$/, () => page(way.leadForms)],
  ['GET', /^\/handoff-links$/, () => page(way.links)],
  ['GET', /^\/contacts\/\d+\/erasure$/, () => ({ body: { identities: 2, comments: 3, messages: 11, conversations: 2, waiting: 1, consent: 2, actions: 9 } })],
  ['GET', /^\/contacts\/\d+\/merges$/, () => page(people.merges)],
  ['GET', /^\/contact-duplicates$/, () => page(people.duplicates)],
  ['GET', /^\/compliance$/, (_m, q) => page(people.compliance.filter((i) => (i.level === 'resolved') === (q.get('state') === 'resolved')))],
  ['GET', /^\/consent-imports$/, () => page(people.imports)],
  ['GET', /^\/flows$/, () => page(flows.flows)],
  ['GET', /^\/flows\/(\d+)$/, (m) => { const f = flows.flows.find((x) => x.id === Number(m[1])); return f ? { body: flows.flowDetail(f) } : none; }],
  ['GET', /^\/flows\/\d+\/diff$/, () => ({ body: { changes: flows.changes } })],
  ['POST', /^\/flows\/\d+\/play$/, () => ({ body: flows.played })],
  ['POST', /^\/flow-check$/, (_m, _q, body) => ({ body: flows.check(String(body['document'] ?? '')) })],
  ['GET', /^\/flow-library$/, () => page(flows.library)],
  ['GET', /^\/services$/, () => page(flows.services)],
  ['GET', /^\/services\/\d+\/free$/, () => ({ body: { time_zone: 'Australia/Sydney', times: [data.ago(-90), data.ago(-120)] } })],
  ['GET', /^\/bookings$/, (_m, q) => page(q.get('contact_id') ? flows.bookings.slice(0, 2) : flows.bookings)],
  ['GET', /^\/hours$/, () => page(flows.hours)],
  ['GET', /^\/teams$/, () => page(desk.teams)],
  ['GET', /^\/agents$/, () => page(desk.agents)],
  ['GET', /^\/labels$/, () => page(desk.labels)],
  ['GET', /^\/webhook-endpoints$/, () => page(settings.endpoints)],
  ['GET', /^\/webhook-endpoints\/\d+\/sends$/, () => page(settings.sends)],
  ['GET', /^\/desk\/figures$/, () => ({ body: settings.figures })],
  ['GET', /^\/flow-runs$/, (_m, q) => page(settings.runs.filter((r) => (r.ended_at !== null) === (q.get('state') === 'ended')))],
  ['GET', /^\/flow-secrets$/, () => page(settings.secrets)],
  ['GET', /^\/conversation-counts$/, () => ({ body: desk.counts })],
  ['GET', /^\/conversations\/\d+\/notes$/, () => page(desk.notes)],
  ['GET', /^\/conversations\/\d+\/steps$/, () => page(desk.steps)],
  ['GET', /^\/conversations\/(\d+)\/scheduled$/, (m) => page(m[1] === '1000' ? desk.scheduled : [])],
  ['GET', /^\/conversations\/\d+\/draft$/, () => ({ body: { text: '', updated_at: null } })],
  ['POST', /^\/conversations\/(\d+)\/presence$/, (m) => page(m[1] === '1000' ? [{ member: { id: 2, name: 'Sam Oduya' }, typing: true }] : [])],
  ['GET', /^\/notifications$/, () => ({ body: desk.notifications })],
  ['GET', /^\/notification-choices$/, () => ({ body: desk.choices })],
  ['GET', /^\/actions$/, (_m, q) => page(records.actions.filter((a) => (q.getAll('state').length === 0 || q.getAll('state').includes(a.state)) && (!q.get('reason') || a.reason === q.get('reason'))))],
  ['GET', /^\/events$/, (_m, q) => page(records.events.filter((e) => !q.get('state') || e.state === q.get('state')))],
  ['GET', /^\/deliveries\/parked$/, () => page([{ id: 31, received_at: data.ago(400), source: 'webhook', bytes: 4211, reason: 'the account 17841400000000999 is not connected', attempts: 2 }])],
  ['GET', /^\/consent$/, () => page(records.ledger)],
  ['GET', /^\/consent\/verify$/, () => ({ body: { ok: true, entries: 42, erased: 1, head: { seq: 42, hash: 'ab'.repeat(32) }, problems: [] } })],
  ['GET', /^\/audit$/, () => page(records.audit)],
  ['GET', /^\/conversations\/\d+\/templates$/, () => ({ body: templates.offers })],
  ['GET', /^\/templates$/, () => page(templates.atMeta)],
  ['POST', /^\/templates\/check$/, (_m, _q, body) => ({ body: templates.check(body) })],
  ['GET', /^\/templates\/\d+\/history$/, () => page(templates.events)],
  ['GET', /^\/ready-templates$/, () => page(templates.readyList)],
  ['GET', /^\/template-drafts$/, () => page(templates.drafts)],
  ['GET', /^\/template-drafts\/(\d+)$/, (m) => { const x = templates.drafts.find((d) => d.id === Number(m[1])); return x ? { body: x } : none; }],
  ['PUT', /^\/template-drafts\/(\d+)$/, (m, _q, body) => { const x = templates.drafts.find((d) => d.id === Number(m[1])); return x ? { body: { ...x, version: x.version + 1, state: 'draft', definition: body['definition'] } } : none; }],
  ['GET', /^\/template-drafts\/\d+\/versions$/, () => page(templates.versions)],
];

async function readBody(req: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString() || '{}') as Record<string, unknown>;
}

async function serve(req: IncomingMessage, res: ServerResponse, next: () => void): Promise<void> {
  const url = new URL(req.url ?? '/', 'http://mock');
  const staged = url.pathname.match(/^\/rehearse\/control\/(\w+)$/);
  if (staged) {
    if (req.method === 'POST') act(staged[1] ?? '', await readBody(req));
    res.writeHead(200, { 'Content-Type': 'application/json' });
    res.end(JSON.stringify(staged[1] === 'calls' ? { calls } : staged[1] === 'faults' ? { switches: [], lose_webhooks: 0, dead_tokens: [] } : staged[1] === 'changes' ? await changes(Number(url.searchParams.get('after') ?? 0)) : stage));
    return undefined;
  }
  if (!url.pathname.startsWith('/api/v1')) return next();
  if (url.pathname === '/api/v1/stream') {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' });
    res.write(': open\n\n');
    return undefined;
  }
  const path = url.pathname.slice('/api/v1'.length);
  const found = routes.map(([method, pattern, handler]) => ({ method, handler, match: path.match(pattern) })).find((r) => r.method === req.method && r.match);
  const answer: Answer = found?.match ? found.handler(found.match, url.searchParams, await readBody(req)) : req.method === 'GET' ? none : { status: 200, body: {} };
  res.writeHead(answer.status ?? 200, { 'Content-Type': 'application/json' });
  res.end(JSON.stringify(answer.body ?? {}));
}

const built = fileURLToPath(new URL('../../bin/mock/index.html', import.meta.url));

/** Sends the built page as the binary does: with a fresh nonce, under the same content policy. */
async function sendPage(req: IncomingMessage, res: ServerResponse, next: () => void): Promise<void> {
  if (/\.\w+$/.test(new URL(req.url ?? '/', 'http://mock').pathname)) return next();
  const nonce = randomBytes(16).toString('base64url');
  const html = (await readFile(built, 'utf8')).replaceAll('__CSP_NONCE__', nonce);
  res.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': `default-src 'self'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'`,
  });
  res.end(html);
}

/** Answers the API from memory; only in the mode "mock", for looking at screens and for their tests. */
export function mockApi(): Plugin {
  return {
    name: 'mock-api',
    configureServer: (server) => void server.middlewares.use((req, res, next) => void serve(req, res, next)),
    configurePreviewServer: (server) => {
      server.middlewares.use((req, res, next) => void serve(req, res, next));
      server.middlewares.use((req, res, next) => void sendPage(req, res, next));
    },
  };
}
