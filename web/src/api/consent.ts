import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from './client';
import { usePaged } from './paged';
import type { ConsentAct, ConsentEntry, Page } from './types';

/** Records what a person told a member. */
export function useConsentAct(contact: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: ConsentAct) => unwrap(api.POST('/contacts/{id}/consent', { params: { path: { id: contact } }, body })),
    onSettled: () => { for (const key of ['conversation', 'contact', 'ledger']) void client.invalidateQueries({ queryKey: [key] }); },
  });
}

/** The ledger, the newest entry first: all of it, or one person's part. */
export function useLedger(contact: number | undefined, enabled = true) {
  return usePaged<ConsentEntry>(['ledger', contact], (cursor) => unwrap<Page<ConsentEntry>>(api.GET('/consent', { params: { query: { limit: 50, ...(contact ? { contact_id: contact } : {}), ...(cursor ? { cursor } : {}) } } })), enabled);
}
