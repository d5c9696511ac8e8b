import { afterEach, describe, expect, it, vi } from 'vitest';
import { api, chosenWorkspace, unwrap } from './client';
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

  it('become errors with the server’s kind, text and fields', async () => {
    answer(422, { title: 'Unprocessable', kind: 'invalid', detail: 'The care window is shut.', errors: [{ location: 'body.text', message: 'too long' }] });
    const error = await unwrap(api.GET('/overview')).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).message).toBe('The care window is shut.');
    expect((error as ApiError).field('text')).toBe('too long');
    expect(errorKind(error)).toBe('invalid');
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
