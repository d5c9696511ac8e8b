import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import { usePaged } from '@/api/paged';
import type { Action, Finding, Page } from '@/api/types';

export const views = ['attention', 'waiting', 'stopped', 'done', 'all'] as const;
export type View = (typeof views)[number];

/** What each view holds: what a person must look at comes first. */
const states: Record<View, Action['state'][]> = {
  attention: ['unknown', 'held'],
  waiting: ['planned', 'sending'],
  stopped: ['failed', 'refused', 'expired', 'cancelled'],
  done: ['done'],
  all: [],
};

export function useActions(view: View, contact: number | undefined, reason: string | undefined) {
  return usePaged<Action>(['actions', view, contact, reason], (cursor) =>
    unwrap<Page<Action>>(api.GET('/actions', { params: { query: { limit: 50, quiet: true, ...(states[view].length > 0 ? { state: states[view] } : {}), ...(contact ? { contact_id: contact } : {}), ...(reason ? { reason } : {}), ...(cursor ? { cursor } : {}) } } })));
}

function useFresh() {
  const client = useQueryClient();
  return () => { for (const key of ['actions', 'overview', 'messages', 'comment', 'me']) void client.invalidateQueries({ queryKey: [key] }); };
}

export function useCancel() {
  const onSettled = useFresh();
  return useMutation({ mutationFn: (id: number) => unwrap(api.POST('/actions/{id}/cancel', { params: { path: { id } }, body: {} })), onSettled });
}

export function useRetry() {
  const onSettled = useFresh();
  return useMutation({ mutationFn: (id: number) => unwrap(api.POST('/actions/{id}/retry', { params: { path: { id } }, body: {} })), onSettled });
}

export function useSettle() {
  const onSettled = useFresh();
  return useMutation({ mutationFn: ({ id, outcome, reason }: { id: number; outcome: Finding; reason: string }) => unwrap(api.POST('/actions/{id}/settle', { params: { path: { id } }, body: { outcome, reason } })), onSettled });
}

export function useRelease() {
  const onSettled = useFresh();
  return useMutation({ mutationFn: () => unwrap(api.POST('/send/release', { body: {} })), onSettled });
}
