import createClient, { type Middleware } from 'openapi-fetch';
import { openWords } from '@/i18n';
import { ApiError, type Problem } from './errors';
import type { paths } from './schema.gen';

/** The document names paths with or without their prefix; the screens write them without. */
type Strip<P> = { [K in keyof P as K extends `/api/v1${infer R}` ? R : K]: P[K] };

const workspaceKey = 'ponte.workspace';

/** The workspace a member of several works in; empty means the server's first one. */
export const chosenWorkspace = {
  get: (): string => localStorage.getItem(workspaceKey) ?? '',
  set: (id: number): void => localStorage.setItem(workspaceKey, String(id)),
  forget: (): void => localStorage.removeItem(workspaceKey),
};

const headers: Middleware = {
  onRequest({ request }) {
    if (request.method !== 'GET') request.headers.set('X-Ponte-CSRF', '1');
    const workspace = chosenWorkspace.get();
    if (workspace) request.headers.set('X-Ponte-Workspace', workspace);
    return request;
  },
};

/** Set while nobody is signed in any more and what was being done waits under the sign-in. */
let signedOut = false;

/** While nobody is signed in the screens beneath the sign-in ask the server for nothing: it would refuse each of them. */
export function restSignedOut(rest: boolean): void {
  signedOut = rest;
}

/** What is asked for without anybody signed in: who that is, and the sign-in itself. */
const openToAll = /\/api\/v1\/(me|auth\/.*)$/;

const refused = () => new Response(JSON.stringify({ title: 'Unauthorized', status: 401, kind: 'unauthorized' }), { status: 401, headers: { 'Content-Type': 'application/problem+json' } });

/** What is being written now, by address and body. */
const underWay = new Map<string, Promise<Response>>();

/** Calls the server. What is asked for again while the same is under way, as by a double click, is done once, and both get its answer. */
async function once(request: Request): Promise<Response> {
  if (signedOut && !openToAll.test(new URL(request.url).pathname)) return refused();
  const type = request.headers.get('Content-Type');
  if (request.method === 'GET' || type !== null && !type.startsWith('application/json')) return globalThis.fetch(request); // files are not compared
  const body = await request.text();
  const key = `${request.method} ${request.url} ${body}`;
  const call = underWay.get(key) ?? globalThis.fetch(new Request(request, body ? { body } : {})).finally(() => underWay.delete(key));
  underWay.set(key, call);
  return (await call).clone();
}

export const api = createClient<Strip<paths>>({
  baseUrl: '/api/v1',
  credentials: 'same-origin',
  fetch: once,
});
api.use(headers);

interface Answer<D> { data?: D; error?: unknown; response: Response }

/** Returns the data of a call, or throws an ApiError that a screen can show. */
export async function unwrap<D>(call: Promise<Answer<D>>): Promise<D> {
  let answer: Answer<D>;
  try {
    answer = await call;
  } catch {
    throw new ApiError(0, { title: 'offline', kind: 'offline' });
  }
  if (answer.response.ok) return answer.data as D;
  await openWords('said_refusals').catch(() => undefined); // without them it is said in English
  throw new ApiError(answer.response.status, (answer.error ?? {}) as Problem);
}

/** The address of a file that the browser fetches by itself: it cannot send the header that names the workspace. */
export function fileLink(path: string): string {
  const workspace = chosenWorkspace.get();
  return `/api/v1${path}${workspace ? `${path.includes('?') ? '&' : '?'}workspace=${encodeURIComponent(workspace)}` : ''}`;
}
