import type { QueryClient } from '@tanstack/react-query';
import { chosenWorkspace } from './client';

export interface Change { topic: string; id: number }
export type LiveState = 'connecting' | 'live' | 'lost';

/** Which cached queries a change makes stale, by the first parts of their keys. */
export function staleKeys(change: Change): readonly (readonly (string | number)[])[] {
  switch (change.topic) {
    case 'comment':
    case 'review':
    case 'verdict':
      return [['comments'], ['comment'], ['overview']];
    case 'conversation':
      return [['conversations'], ['conversation', change.id], ['messages', change.id], ['suggestions', change.id], ['overview']];
    case 'message':
      return [['messages'], ['conversations'], ['overview']];
    case 'action':
    case 'outbox':
      return [['comment'], ['messages'], ['actions'], ['overview']];
    case 'suggestion':
      return [['suggestions']];
    case 'contact':
    case 'identity':
    case 'consent':
      return [['conversation'], ['conversations'], ['contact'], ['contacts'], ['ledger'], ['leads'], ['notifications']];
    case 'trigger':
      return [['triggers']];
    case 'dry_run':
      return [['dry_runs', change.id]];
    case 'account':
      return [['accounts'], ['overview']];
    case 'workspace':
      return [['me'], ['workspace'], ['overview']];
    case 'compliance':
      return [['compliance'], ['overview']];
    case 'member':
      return [['members'], ['agents'], ['me']];
    case 'session':
      return [['sessions']];
    case 'team':
      return [['teams'], ['agents']];
    case 'presence':
      return [['presence', change.id]];
    default:
      return [[change.topic], [`${change.topic}s`]];
  }
}

/** Collects changes for a moment, so that a burst refetches each query once. */
export function makeCollector(apply: (keys: (readonly (string | number)[])[]) => void, delay = 120) {
  let pending = new Map<string, readonly (string | number)[]>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (changes: Change[]) => {
    for (const change of changes) for (const key of staleKeys(change)) pending.set(JSON.stringify(key), key);
    timer ??= setTimeout(() => {
      const keys = [...pending.values()];
      pending = new Map();
      timer = undefined;
      apply(keys);
    }, delay);
  };
}

/** Reads the topics of one event; a malformed one is treated as "anything may have changed". */
export function readChanges(data: string): Change[] | null {
  try {
    const parsed = JSON.parse(data) as { topics?: Change[] };
    return Array.isArray(parsed.topics) ? parsed.topics : null;
  } catch {
    return null;
  }
}

/**
 * Keeps one stream open and the cache fresh. The browser reconnects with the last event id by itself;
 * where it gives up (a restart of the server, a proxy's error page) the stream is opened anew and all
 * is refetched once, so that no change falls into the gap.
 */
export function openLive(client: QueryClient, onState: (state: LiveState) => void): () => void {
  let source: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let wait = 1000;
  let closed = false;
  let first = true;
  const collect = makeCollector((keys) => keys.forEach((queryKey) => void client.invalidateQueries({ queryKey })));

  const open = () => {
    const workspace = chosenWorkspace.get();
    source = new EventSource(`/api/v1/stream${workspace ? `?workspace=${encodeURIComponent(workspace)}` : ''}`);
    source.onopen = () => {
      wait = 1000;
      onState('live');
      if (!first) void client.invalidateQueries();
      first = false;
    };
    source.addEventListener('changes', (event) => {
      const changes = readChanges((event as MessageEvent<string>).data);
      if (changes) collect(changes);
      else void client.invalidateQueries();
    });
    // The session ended elsewhere: who is signed in is asked again, and the gate shows the sign-in.
    source.addEventListener('ended', () => void client.invalidateQueries({ queryKey: ['me'] }));
    source.onerror = () => {
      onState('lost');
      if (source?.readyState !== EventSource.CLOSED || closed) return;
      void client.invalidateQueries({ queryKey: ['me'] });
      retry = setTimeout(open, wait);
      wait = Math.min(wait * 2, 15000);
    };
  };
  open();
  return () => {
    closed = true;
    clearTimeout(retry);
    source?.close();
  };
}
