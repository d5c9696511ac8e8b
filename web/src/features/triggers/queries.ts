import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import type { Page, Post, Trigger, TriggerInput } from '@/api/types';

export function useTriggers() {
  return useQuery({ queryKey: ['triggers'], queryFn: () => unwrap<Page<Trigger>>(api.GET('/triggers')) });
}

export function useTrigger(id: number | undefined) {
  return useQuery({ queryKey: ['triggers', id], enabled: id !== undefined, queryFn: () => unwrap<Trigger>(api.GET('/triggers/{id}', { params: { path: { id: id ?? 0 } } })) });
}

export function useSaveTrigger(id: number | undefined) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: TriggerInput) => (id === undefined ? unwrap<Trigger>(api.POST('/triggers', { body })) : unwrap<Trigger>(api.PUT('/triggers/{id}', { params: { path: { id } }, body }))),
    onSuccess: () => client.invalidateQueries({ queryKey: ['triggers'] }),
  });
}

export function useTriggerState() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, state }: { id: number; state: Trigger['state'] }) => unwrap<Trigger>(api.POST('/triggers/{id}/state', { params: { path: { id } }, body: { state } })),
    onSettled: () => client.invalidateQueries({ queryKey: ['triggers'] }),
  });
}

export function usePosts() {
  return useQuery({ queryKey: ['posts'], staleTime: 60_000, queryFn: () => unwrap<Page<Post>>(api.GET('/posts', { params: { query: { limit: 100 } } })) });
}
