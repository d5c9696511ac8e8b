import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import type { Campaign, HandoffLink, HandoffLinkInput, Page, Trigger } from '@/api/types';

export function useLinks() {
  return useQuery({ queryKey: ['links'], refetchInterval: 60_000, queryFn: () => unwrap<Page<HandoffLink>>(api.GET('/handoff-links')) });
}

/** What a link can be counted for. */
export function useReasons() {
  const triggers = useQuery({ queryKey: ['triggers'], queryFn: () => unwrap<Page<Trigger>>(api.GET('/triggers')) });
  const campaigns = useQuery({ queryKey: ['campaigns'], queryFn: () => unwrap<Page<Campaign>>(api.GET('/campaigns')) });
  return { triggers: triggers.data?.items ?? [], campaigns: campaigns.data?.items ?? [] };
}

export function useMakeLink() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (body: HandoffLinkInput) => unwrap<HandoffLink>(api.POST('/handoff-links', { body })), onSuccess: () => client.invalidateQueries({ queryKey: ['links'] }) });
}

export function useEndLink() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (id: number) => unwrap(api.DELETE('/handoff-links/{id}', { params: { path: { id } } })), onSettled: () => client.invalidateQueries({ queryKey: ['links'] }) });
}
