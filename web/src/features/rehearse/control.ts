import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { ApiError, type Problem } from '@/api/errors';
import type { Channel } from '@/api/types';

/** The rehearsal's own state, in its own words. The typed API knows nothing of it. */
export interface StageAccount { id: string; channel: Channel; name: string; phone?: string }
export interface StagePerson { id: string; name: string; username: string; language: string }
export interface StagePost { id: string; account: string; caption: string; picture: string; at: string }
export interface StageComment { id: string; account: string; post: string; parent?: string; person?: string; text: string; at: string; hidden: boolean; deleted: boolean }
export interface StageButton { id: string; title: string }
export interface StageMessage {
  id: string;
  account: string;
  person: string;
  from_brand: boolean;
  type: string;
  text: string;
  at: string;
  status?: string;
  deleted?: boolean;
  buttons?: StageButton[];
  list?: { button: string; rows: StageButton[] };
  link?: StageButton; // its id is the address
}
export interface StageCall { method: string; path: string; status: number; code?: number }
export interface Stage { seq: number; accounts: StageAccount[]; people: StagePerson[]; posts: StagePost[]; comments: StageComment[]; messages: StageMessage[] }

const root = '/rehearse';

async function control<T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`${root}${path}`, { method: body === undefined ? 'GET' : 'POST', credentials: 'same-origin', ...(signal ? { signal } : {}), ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', 'X-Ponte-CSRF': '1' } }) });
  } catch {
    throw new ApiError(0, { kind: 'offline' });
  }
  const answer: unknown = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, { detail: (answer as { error?: string }).error ?? '', ...(answer as Problem) });
  return answer as T;
}

/** What the stage shows now; useLiveStage says when to read it again. */
export function useStage(enabled: boolean) {
  return useQuery({
    enabled,
    queryKey: ['stage'],
    queryFn: async () => {
      const s = await control<Partial<Stage>>('/control/state');
      return { seq: s.seq ?? 0, accounts: s.accounts ?? [], people: s.people ?? [], posts: s.posts ?? [], comments: s.comments ?? [], messages: s.messages ?? [] } satisfies Stage;
    },
    retry: false,
  });
}

/** What was asked of the network, oldest first; only calls that change something. */
export function useCalls() {
  return useQuery({ queryKey: ['stage-calls'], queryFn: async () => (await control<{ calls: StageCall[] | null }>('/control/calls')).calls ?? [], retry: false });
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Asks for the next change after one, for as long as somebody looks; an answer that comes at once without news is not asked again at once. */
async function follow(after: number, signal: AbortSignal, onChange: () => void) {
  let known = after;
  while (!signal.aborted) {
    const asked = Date.now();
    const seq = await control<{ seq?: number }>(`/control/changes?after=${known}`, undefined, signal).then((r) => r.seq ?? known, () => known);
    if (signal.aborted) return;
    if (seq !== known) onChange();
    else if (Date.now() - asked < 1000) await pause(1500); // refused or cut off: the rehearsal may be starting again
    known = seq;
  }
}

/** Keeps the stage live: the rehearsal holds the question until something happens, and nobody asks while the page is hidden. */
export function useLiveStage() {
  const client = useQueryClient();
  useEffect(() => {
    let stop = new AbortController();
    const refresh = () => { for (const key of ['stage', 'stage-calls']) void client.invalidateQueries({ queryKey: [key] }); };
    const start = () => {
      stop.abort();
      if (document.visibilityState === 'hidden') return;
      stop = new AbortController();
      void follow(client.getQueryData<Stage>(['stage'])?.seq ?? 0, stop.signal, refresh);
    };
    const turn = () => { start(); if (document.visibilityState === 'visible') refresh(); };
    start();
    document.addEventListener('visibilitychange', turn);
    return () => { stop.abort(); document.removeEventListener('visibilitychange', turn); };
  }, [client]);
}


export type Deed =
  | { kind: 'comment'; account: string; post: string; person: string; text: string; parent?: string }
  | { kind: 'dm' | 'whatsapp'; account: string; person: string; text: string; button?: StageButton; row?: StageButton };

/** Does on the stage what a customer does on a phone. */
export function useDeed() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ kind, ...body }: Deed) => control(`/control/${kind}`, body),
    onSettled: () => client.invalidateQueries({ queryKey: ['stage'] }),
  });
}

/** What disturbs the stage now. */
export interface Disturbed { switches: string[]; lose_webhooks: number; dead_tokens: string[] }

export function useDisturbed() {
  return useQuery({ queryKey: ['stage-faults'], queryFn: () => control<Disturbed>('/control/faults'), refetchInterval: 5000, retry: false });
}

export type Disturbance = { name: string; method?: string; status?: number; code?: number; after?: boolean } | { clear: string } | { lose_webhooks: number } | { dead_token: string; on: boolean };

export function useDisturb() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (body: Disturbance) => control('/control/faults', body), onSettled: () => client.invalidateQueries({ queryKey: ['stage-faults'] }) });
}

/** A picture of the stage, through our own server; the browser asks nobody else. */
export function stagePicture(name: string): string {
  return name ? `${root}/control/pictures/${encodeURIComponent(name)}` : '';
}
