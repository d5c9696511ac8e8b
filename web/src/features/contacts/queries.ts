import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import { usePaged } from '@/api/paged';
import type { Channel, Contact, Duplicate, Erasure, Merge, Page } from '@/api/types';

export interface ContactFilter {
  q?: string | undefined;
  label?: string | undefined;
  language?: string | undefined;
  channel?: Channel | undefined;
  consent?: 'granted' | 'withdrawn' | 'refused' | 'doubt' | 'expired' | 'none' | undefined;
}

export function useContacts(filter: ContactFilter) {
  const { q, label, language, channel, consent } = filter;
  return usePaged<Contact>(['contacts', q, label, language, channel, consent], (cursor) => unwrap<Page<Contact>>(api.GET('/contacts', {
    params: { query: { limit: 50, ...(q ? { q } : {}), ...(label ? { label } : {}), ...(language ? { language } : {}), ...(channel ? { channel } : {}), ...(consent ? { consent } : {}), ...(cursor ? { cursor } : {}) } },
  })));
}

export function useDuplicates(contact?: number) {
  return useQuery({ queryKey: ['contacts', 'duplicates', contact], queryFn: () => unwrap<Page<Duplicate>>(api.GET('/contact-duplicates', { params: { query: contact ? { contact_id: contact } : { limit: 10 } } })) });
}

export function useMerges(contact: number) {
  return useQuery({ queryKey: ['contact', contact, 'merges'], queryFn: () => unwrap<Page<Merge>>(api.GET('/contacts/{id}/merges', { params: { path: { id: contact } } })) });
}

export function useMerge() {
  const client = useQueryClient();
  return useMutation({ mutationFn: ({ id, ...body }: { id: number; from_id: number; reason: string }) => unwrap(api.POST('/contacts/{id}/merge', { params: { path: { id } }, body })), onSettled: () => client.invalidateQueries() });
}

export function useUnmerge() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (id: number) => unwrap(api.POST('/contact-merges/{id}/undo', { params: { path: { id } }, body: {} })), onSettled: () => client.invalidateQueries() });
}

/** What erasing a person would empty; followed, it is asked again for as long as an erasure is being finished. */
export function useErasure(id: number, follow = false) {
  return useQuery({ queryKey: ['erasure', id], staleTime: 0, refetchInterval: (q) => (follow && q.state.data?.under_way ? 2000 : false), queryFn: () => unwrap<Erasure>(api.GET('/contacts/{id}/erasure', { params: { path: { id } } })) });
}

export function useErase(id: number) {
  const client = useQueryClient();
  return useMutation({ mutationFn: () => unwrap(api.POST('/contacts/{id}/erase', { params: { path: { id } }, body: {} })), onSettled: () => client.invalidateQueries() });
}
