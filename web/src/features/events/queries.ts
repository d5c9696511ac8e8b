import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import { usePaged } from '@/api/paged';
import type { Delivery, Event, Page } from '@/api/types';

export function useEvents(state: Event['state'] | undefined, q: string | undefined, enabled: boolean) {
  return usePaged<Event>(['events', state, q], (cursor) => unwrap<Page<Event>>(api.GET('/events', { params: { query: { limit: 50, ...(state ? { state } : {}), ...(q ? { q } : {}), ...(cursor ? { cursor } : {}) } } })), enabled);
}

export function useDeliveries(enabled: boolean) {
  return usePaged<Delivery>(['deliveries'], (cursor) => unwrap<Page<Delivery>>(api.GET('/deliveries/parked', { params: { query: { limit: 50, ...(cursor ? { cursor } : {}) } } })), enabled);
}

export function useReplay(kind: 'events' | 'deliveries') {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: number) => unwrap(kind === 'events' ? api.POST('/events/{id}/replay', { params: { path: { id } }, body: {} }) : api.POST('/deliveries/{id}/replay', { params: { path: { id } }, body: {} })),
    onSettled: () => { for (const key of ['events', 'deliveries', 'overview']) void client.invalidateQueries({ queryKey: [key] }); },
  });
}
