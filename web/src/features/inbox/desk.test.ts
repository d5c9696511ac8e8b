import { createElement, type ReactNode } from 'react';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, renderHook, waitFor } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { useDraft } from './desk';

const wrapper = ({ children }: { children: ReactNode }) => createElement(QueryClientProvider, { client: new QueryClient() }, children);

describe('a draft', () => {
  afterEach(() => { vi.unstubAllGlobals(); vi.useRealTimers(); });

  it('that the connection lost is kept on the server once it is back', async () => {
    const saved: string[] = [];
    let connected = true;
    vi.stubGlobal('fetch', async (request: Request) => {
      if (!connected) throw new TypeError('Failed to fetch');
      if (request.method === 'PUT') saved.push(((await request.json()) as { text: string }).text);
      return Response.json({ text: '' });
    });
    const { result, unmount } = renderHook(() => useDraft(7), { wrapper });
    await waitFor(() => expect(result.current.ready).toBe(true));
    connected = false;
    vi.useFakeTimers();
    act(() => result.current.keep('half an answer'));
    await act(() => vi.advanceTimersByTimeAsync(1500)); // its time to be saved comes and goes
    vi.useRealTimers();
    expect(saved).toEqual([]);
    connected = true;
    act(() => void window.dispatchEvent(new Event('online')));
    await waitFor(() => expect(saved).toEqual(['half an answer']));
    unmount();
    expect(saved).toHaveLength(1);
  });
});
