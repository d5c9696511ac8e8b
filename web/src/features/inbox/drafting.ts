import type { Suggestion, Suggestions } from '@/api/types';

/** A reply that is being drafted, was judged and may be used, or may not be used and says why. */
export interface Draft { n: number; state: 'writing' | 'ready' | 'refused'; text: string; reason: string; suggestion?: Suggestion }

export interface Drafting { phase: 'waiting' | 'done'; slow: boolean; drafts: Draft[]; revision: number | undefined; fault: string }

export type DraftEvent =
  | { kind: 'writing' | 'again' | 'refused' | 'ready'; n: number; text?: string; reason?: string; suggestion?: Suggestion }
  | { kind: 'done'; list: Suggestions }
  | { kind: 'drop'; id: number }
  | { kind: 'slow' | 'reset' };

export const nothing: Drafting = { phase: 'waiting', slow: false, drafts: [], revision: undefined, fault: '' };

/** What an agent sees after one more event. Only a whole draft that was judged can be used. */
export function reduce(s: Drafting, e: DraftEvent): Drafting {
  switch (e.kind) {
    case 'reset': return nothing;
    case 'slow': return { ...s, slow: s.phase === 'waiting' };
    case 'drop': return { ...s, drafts: s.drafts.filter((d) => d.suggestion?.id !== e.id) };
    case 'again': return { ...s, drafts: s.drafts.filter((d) => d.state !== 'writing') };
    case 'writing': {
      const old = s.drafts.find((d) => d.n === e.n);
      return old && old.state !== 'writing' ? s : put(s, { n: e.n, state: 'writing', text: (old?.text ?? '') + (e.text ?? ''), reason: '' });
    }
    case 'refused': return put(s, { n: e.n, state: 'refused', text: '', reason: e.reason ?? '' });
    case 'ready': return e.suggestion ? put(s, { n: e.n, state: 'ready', text: e.suggestion.text, reason: '', suggestion: e.suggestion }) : s;
    case 'done': {
      const ready = e.list.items.map((suggestion, i): Draft => ({ n: i, state: 'ready', text: suggestion.text, reason: '', suggestion }));
      return { phase: 'done', slow: false, drafts: [...ready, ...s.drafts.filter((d) => d.state === 'refused')], revision: e.list.revision, fault: e.list.llm_fault };
    }
  }
}

function put(s: Drafting, draft: Draft): Drafting {
  const drafts = s.drafts.some((d) => d.n === draft.n) ? s.drafts.map((d) => (d.n === draft.n ? draft : d)) : [...s.drafts, draft];
  return { ...s, drafts };
}

/** The drafts that keys reach, in the order of their numbers. */
export function usable(s: Drafting): Suggestion[] {
  return s.drafts.flatMap((d) => (d.suggestion ? [d.suggestion] : [])).sort((a, b) => a.rank - b.rank).slice(0, 3);
}

/** Reads server-sent events until the stream ends. */
export async function readEvents(body: ReadableStream<Uint8Array>, on: (name: string, data: string) => void): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const lines = rest.slice(0, end).split('\n');
      rest = rest.slice(end + 2);
      const field = (name: string) => lines.filter((l) => l.startsWith(`${name}: `)).map((l) => l.slice(name.length + 2)).join('\n');
      if (field('event')) on(field('event'), field('data'));
    }
  }
}
