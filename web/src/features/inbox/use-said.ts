import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';
import { api, unwrap } from '@/api/client';
import type { Message, Page } from '@/api/types';
import { allOf, firstId, pageSize, stalePageOf, withNewest, withOlder, withPage, type Said } from './said';

const read = async (id: number, limit: number, before = 0) => (await unwrap<Page<Message>>(api.GET('/conversations/{id}/messages', { params: { path: { id }, query: { limit, ...(before ? { before } : {}) } } }))).items;

/** The most that is read at once, to get to a place far back. */
const stride = 200;

/** The newest messages alone; asked for beside the conversation itself, so that neither waits for the other. */
export function useNewest(id: number) {
  const client = useQueryClient();
  return useQuery({ queryKey: ['messages', id], queryFn: async () => { const newest = await read(id, pageSize); return withNewest(client.getQueryData<Said>(['messages', id]), newest); } });
}

/**
 * The messages of a conversation. A change reads only the newest page again, however much is loaded; older
 * pages are read again when they come into view.
 */
export function useSaid(id: number) {
  const client = useQueryClient();
  const query = useNewest(id);
  const [fetching, setFetching] = useState(false);
  const [failed, setFailed] = useState(false);
  const busy = useRef(false);
  const asked = useRef(new Set<number>());

  const older = useCallback(async (limit = pageSize): Promise<boolean> => {
    const known = client.getQueryData<Said>(['messages', id]);
    if (!known || known.whole || busy.current) return false;
    busy.current = true;
    setFetching(true);
    try {
      const before = firstId(known);
      const items = await read(id, limit, before);
      client.setQueryData<Said>(['messages', id], (now) => (now ? withOlder(now, before, items, limit) : now));
      setFailed(false);
      return true;
    } catch {
      setFailed(true);
      return false;
    } finally {
      busy.current = false;
      setFetching(false);
    }
  }, [client, id]);

  /** Reads back until a message is there. */
  const reach = useCallback(async (message: number): Promise<boolean> => {
    const has = () => allOf(client.getQueryData<Said>(['messages', id])).some((m) => m.id === message);
    while (!has()) if (!(await older(stride))) return has();
    return true;
  }, [client, id, older]);

  /** Reads again what came into view and may have changed. */
  const seen = useCallback((message: number) => {
    const page = stalePageOf(client.getQueryData<Said>(['messages', id]), message);
    if (!page || asked.current.has(page.before)) return;
    asked.current.add(page.before);
    read(id, Math.min(page.items.length, stride), page.before)
      .then((items) => client.setQueryData<Said>(['messages', id], (now) => (now ? withPage(now, page.before, items) : now)))
      .catch(() => undefined) // it stays as it was known; the next look asks again
      .finally(() => asked.current.delete(page.before));
  }, [client, id]);

  return { query, older, reach, seen, fetching, failed };
}
