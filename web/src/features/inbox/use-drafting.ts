import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useReducer, useState } from 'react';
import { api, chosenWorkspace, unwrap } from '@/api/client';
import type { Problem } from '@/api/errors';
import type { Suggestion, Suggestions } from '@/api/types';
import { nothing, readEvents, reduce, usable, type DraftEvent } from './drafting';

/** Opening the next conversation at once asks no model about this one. */
const settle = 100;
/** How often drafts are begun anew for a conversation that moves on while they are written, without its revision changing here. */
const mostRestarts = 3;

/**
 * The suggested replies for a conversation as it stands, while they are written. They are read as a stream;
 * where that does not come through – a proxy, an older server – all at once. Leaving ends the writing.
 */
export function useDrafting(id: number, revision: number) {
  const client = useQueryClient();
  const [state, tell] = useReducer(reduce, nothing);
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    const gone = new AbortController();
    let restart: ReturnType<typeof setTimeout> | undefined;
    tell({ kind: 'reset' });
    const movedOn = () => {
      tell({ kind: 'reset' });
      void client.invalidateQueries({ queryKey: ['conversation', id] });
      if (attempt < mostRestarts) restart = setTimeout(() => setAttempt(attempt + 1), 1500);
    };
    const start = setTimeout(() => {
      void (async () => {
        const ended = await follow(id, gone.signal, (e) => { if (!gone.signal.aborted) tell(e); });
        if (gone.signal.aborted) return;
        if (ended === 'moved') { movedOn(); return; }
        if (ended === 'broken') tell({ kind: 'done', list: await whole(id) });
      })().catch(() => { if (!gone.signal.aborted) tell({ kind: 'done', list: { items: [], revision, llm_state: 'off', llm_fault: '' } }); });
    }, settle);
    const wait = setTimeout(() => tell({ kind: 'slow' }), 600);
    return () => { gone.abort(); [start, wait, restart].forEach(clearTimeout); };
  }, [id, revision, attempt, client]);

  const again = useCallback(() => setAttempt((n) => n + 1), []);
  const drop = useCallback((s: Suggestion) => tell({ kind: 'drop', id: s.id }), []);
  return { state, offered: usable(state), again, drop };
}

export type Suggested = ReturnType<typeof useDrafting>;

const whole = (id: number) => unwrap<Suggestions>(api.GET('/conversations/{id}/suggestions', { params: { path: { id } } }));

type Ended = 'done' | 'moved' | 'failed' | 'broken';

/** Follows the stream to its end, and says how it ended. */
async function follow(id: number, signal: AbortSignal, tell: (e: DraftEvent) => void): Promise<Ended> {
  const seen: { ended: Ended } = { ended: 'broken' };
  try {
    const workspace = chosenWorkspace.get();
    const answer = await fetch(`/api/v1/conversations/${id}/suggestions/live`, { signal, credentials: 'same-origin', headers: { Accept: 'text/event-stream', ...(workspace ? { 'X-Ponte-Workspace': workspace } : {}) } });
    if (!answer.ok || !answer.body || !answer.headers.get('Content-Type')?.startsWith('text/event-stream')) return 'broken';
    await readEvents(answer.body, (name, data) => {
      if (name === 'failed') seen.ended = (JSON.parse(data) as Problem).kind === 'conflict' ? 'moved' : 'failed';
      else if (name === 'done') { seen.ended = 'done'; tell({ kind: 'done', list: JSON.parse(data) as Suggestions }); }
      else tell({ ...(JSON.parse(data) as { n: number }), kind: name as 'writing' });
    });
  } catch { /* what ended it decides what follows */ }
  if (seen.ended === 'failed') throw new Error('the drafts could not be made');
  return seen.ended;
}
