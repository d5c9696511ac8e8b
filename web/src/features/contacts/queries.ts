import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import { usePaged } from '@/api/paged';
import type { Contact, ContactDetail, Erasure, Page } from '@/api/types';

export function useContacts(q: string | undefined) {
  return usePaged<Contact>(['contacts', q], (cursor) => unwrap<Page<Contact>>(api.GET('/contacts', { params: { query: { limit: 50, ...(q ? { q } : {}), ...(cursor ? { cursor } : {}) } } })));
}

export function useContact(id: number) {
  return useQuery({ queryKey: ['contact', id], queryFn: () => unwrap<ContactDetail>(api.GET('/contacts/{id}', { params: { path: { id } } })) });
}

export function useErasure(id: number) {
  return useQuery({ queryKey: ['erasure', id], staleTime: 0, queryFn: () => unwrap<Erasure>(api.GET('/contacts/{id}/erasure', { params: { path: { id } } })) });
}

export function useErase(id: number) {
  const client = useQueryClient();
  return useMutation({ mutationFn: () => unwrap(api.POST('/contacts/{id}/erase', { params: { path: { id } }, body: {} })), onSettled: () => client.invalidateQueries() });
}
