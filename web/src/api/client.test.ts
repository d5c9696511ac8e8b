import { afterEach, describe, expect, it, vi } from 'vitest';
import { api, chosenWorkspace, restSignedOut, unwrap } from './client';
import { ApiError, errorKind } from './errors';

function answer(status: number, body?: unknown) {
  const fetch = vi.fn(async (_request: Request) => new Response(body === undefined ? null : JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } }));
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

afterEach(() => { vi.unstubAllGlobals(); localStorage.clear(); });

describe('calls', () => {
  it('carry the guard header on writes only, and the chosen workspace on all', async () => {
    const fetch = answer(200, { items: [], next: '' });
    chosenWorkspace.set(7);
    await unwrap(api.GET('/triggers'));
    await unwrap(api.POST('/workspace/sending', { body: { on: false } }));
    const [read, write] = fetch.mock.calls.map(([r]) => r);
    expect(read?.headers.get('X-Ponte-CSRF')).toBeNull();
    expect(read?.headers.get('X-Ponte-Workspace')).toBe('7');
    expect(write?.headers.get('X-Ponte-CSRF')).toBe('1');
    expect(new URL(write?.url ?? '').pathname).toBe('/api/v1/workspace/sending');
  });

  it('are not sent while nobody is signed in, but for the sign-in and the question who is', async () => {
    const fetch = answer(200, { items: [], next: '' });
    restSignedOut(true);
    const refused = await unwrap(api.GET('/overview')).catch((e: unknown) => e);
    await unwrap(api.POST('/presence', {})).catch(() => undefined);
    expect(errorKind(refused)).toBe('unauthorized');
    expect(fetch).not.toHaveBeenCalled();
    await unwrap(api.GET('/me'));
    await unwrap(api.POST('/auth/sign-in', { body: { email: 'a@example.org', password: 'x' } }));
    expect(fetch).toHaveBeenCalledTimes(2);
    restSignedOut(false);
    await unwrap(api.GET('/overview'));
    expect(fetch).toHaveBeenCalledTimes(3);
  });

  it('become errors with the server’s kind, text and fields', async () => {
    answer(422, { title: 'Unprocessable', kind: 'invalid', detail: 'The care window is shut.', errors: [{ location: 'body.text', message: 'too long' }] });
    const error = await unwrap(api.GET('/overview')).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).message).toBe('The care window is shut.');
    expect((error as ApiError).field('text')).toBe('too long');
    expect(errorKind(error)).toBe('invalid');
  });

  it('are made once when the same is asked for twice at the same time, and again afterwards', async () => {
    const fetch = answer(200, { id: 1 });
    const add = (on: boolean) => unwrap(api.POST('/workspace/sending', { body: { on } }));
    expect(await Promise.all([add(true), add(true), add(false)])).toEqual([{ id: 1 }, { id: 1 }, { id: 1 }]);
    expect(fetch).toHaveBeenCalledTimes(2);
    await add(true);
    expect(fetch).toHaveBeenCalledTimes(3);
  });

  it('fail for both when the one that is made fails, and can be made again', async () => {
    vi.stubGlobal('fetch', vi.fn(async () => { throw new TypeError('network'); }));
    const add = () => unwrap(api.POST('/workspace/sending', { body: { on: true } })).catch(errorKind);
    expect(await Promise.all([add(), add()])).toEqual(['offline', 'offline']);
    const fetch = answer(200, { id: 1 });
    expect(await add()).toEqual({ id: 1 });
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('say so when no answer comes', async () => {
    vi.stubGlobal('fetch', vi.fn(async () => { throw new TypeError('network'); }));
    const error = await unwrap(api.GET('/overview')).catch((e: unknown) => e);
    expect(errorKind(error)).toBe('offline');
  });

  it.each([[401, 'unauthorized'], [403, 'forbidden'], [404, 'not_found'], [409, 'conflict'], [429, 'too_many'], [503, 'unavailable'], [500, 'internal'], [400, 'invalid']])('status %d without a kind is %s', (status, kind) => {
    expect(new ApiError(status, {}).kind).toBe(kind);
  });
});
