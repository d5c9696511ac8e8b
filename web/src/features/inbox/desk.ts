import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { api, unwrap } from '@/api/client';
import { useVisible } from '@/api/desk';
import type { Conversation, ConversationNote, ConversationStep, Page, ReplyDraft, ScheduledReply, ViewCounts, Viewer } from '@/api/types';
import { drafts } from './talk';

/** How many open conversations each view has. */
export function useCounts() {
  return useQuery({ queryKey: ['conversations', 'counts'], queryFn: () => unwrap<ViewCounts>(api.GET('/conversation-counts')) });
}

export function useNotes(id: number) {
  return useQuery({ queryKey: ['conversation', id, 'notes'], queryFn: () => unwrap<Page<ConversationNote>>(api.GET('/conversations/{id}/notes', { params: { path: { id } } })) });
}

export function useSteps(id: number) {
  return useQuery({ queryKey: ['conversation', id, 'steps'], queryFn: () => unwrap<Page<ConversationStep>>(api.GET('/conversations/{id}/steps', { params: { path: { id } } })) });
}

export function useScheduled(id: number) {
  return useQuery({ queryKey: ['conversation', id, 'scheduled'], queryFn: () => unwrap<Page<ScheduledReply>>(api.GET('/conversations/{id}/scheduled', { params: { path: { id } } })) });
}

function useRefresh(id: number) {
  const client = useQueryClient();
  return () => { for (const queryKey of [['conversation', id], ['messages', id], ['conversations']]) void client.invalidateQueries({ queryKey }); };
}

export function useAddNote(id: number) {
  const refresh = useRefresh(id);
  return useMutation({ mutationFn: (body: { text: string; mentions: number[] }) => unwrap(api.POST('/conversations/{id}/notes', { params: { path: { id } }, body })), onSettled: refresh });
}

export function useRemoveNote(id: number) {
  const refresh = useRefresh(id);
  return useMutation({ mutationFn: (note: number) => unwrap(api.DELETE('/notes/{id}', { params: { path: { id: note } } })), onSettled: refresh });
}

export function useCancelScheduled(id: number) {
  const refresh = useRefresh(id);
  return useMutation({ mutationFn: (action: number) => unwrap(api.POST('/scheduled-replies/{id}/cancel', { params: { path: { id: action } }, body: {} })), onSettled: refresh });
}

export type Priority = Conversation['desk']['priority'];

export function useDeskStep(id: number) {
  const refresh = useRefresh(id);
  const path = { path: { id } };
  return useMutation({
    mutationFn: (step: { priority: Priority } | { until: string | null } | 'wake') => {
      if (step === 'wake') return unwrap(api.POST('/conversations/{id}/unsnooze', { params: path, body: {} }));
      if ('priority' in step) return unwrap(api.POST('/conversations/{id}/priority', { params: path, body: step }));
      return unwrap(api.POST('/conversations/{id}/snooze', { params: path, body: step }));
    },
    onSettled: refresh,
  });
}

/** A draft is kept in this browser at once and on the server a moment later, so that it is there on the next screen too. */
export function useDraft(id: number) {
  const query = useQuery({ queryKey: ['draft', id], gcTime: 0, staleTime: Infinity, retry: false, queryFn: () => unwrap<ReplyDraft>(api.GET('/conversations/{id}/draft', { params: { path: { id } } })) });
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const pending = useRef<string | undefined>(undefined);
  const flush = () => {
    clearTimeout(timer.current);
    const text = pending.current;
    if (text === undefined) return;
    pending.current = undefined;
    // What does not get through goes with the next one, or when the connection is back – unless it was written over since.
    api.PUT('/conversations/{id}/draft', { params: { path: { id } }, body: { text } }).catch(() => { if (drafts.get(id) === text) pending.current ??= text; });
  };
  const keep = (text: string) => {
    drafts.set(id, text);
    pending.current = text;
    clearTimeout(timer.current);
    timer.current = setTimeout(flush, 1200);
  };
  const leave = useRef(flush);
  useEffect(() => { leave.current = flush; });
  useEffect(() => {
    const again = () => leave.current();
    window.addEventListener('online', again);
    return () => { window.removeEventListener('online', again); leave.current(); };
  }, []);
  return { ready: !query.isPending, initial: drafts.get(id) || query.data?.text || '', keep };
}

const beat = 15_000;

/** Says that one has the conversation open, and whether one writes; answers who else has. */
export function usePresence(id: number, typing: boolean): Viewer[] {
  const visible = useVisible();
  const client = useQueryClient();
  const query = useQuery({
    queryKey: ['presence', id],
    enabled: visible,
    gcTime: 0,
    refetchInterval: beat,
    queryFn: () => unwrap<Page<Viewer>>(api.POST('/conversations/{id}/presence', { params: { path: { id } }, body: { typing: typingNow.current } })),
  });
  const typingNow = useRef(typing);
  useEffect(() => {
    if (typingNow.current === typing) return;
    typingNow.current = typing;
    void client.invalidateQueries({ queryKey: ['presence', id] });
  }, [client, id, typing]);
  useEffect(() => () => void api.DELETE('/conversations/{id}/presence', { params: { path: { id } } }).catch(() => undefined), [id]);
  return query.data?.items ?? [];
}

/** True while somebody writes, and for a moment after. */
export function useTyping(text: string): boolean {
  const [typing, setTyping] = useState(false);
  const before = useRef(text);
  useEffect(() => {
    if (before.current === text) return undefined;
    before.current = text;
    setTyping(text !== '');
    const timer = setTimeout(() => setTyping(false), 5000);
    return () => clearTimeout(timer);
  }, [text]);
  return typing;
}
