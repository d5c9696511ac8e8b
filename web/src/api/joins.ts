import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from './client';

interface JoinRef { identity: number; join: number }

/** Parting moves threads, conversations and comments to another person, so much may be stale. */
function useFresh() {
  const client = useQueryClient();
  return () => { for (const key of ['conversation', 'conversations', 'contact', 'contacts', 'comments', 'comment', 'suggestions']) void client.invalidateQueries({ queryKey: [key] }); };
}

export function useUnjoin() {
  const onSettled = useFresh();
  return useMutation({ mutationFn: ({ identity, join }: JoinRef) => unwrap(api.POST('/identities/{id}/unjoin', { params: { path: { id: identity } }, body: { join_id: join } })), onSettled });
}

export function useRejoin() {
  const onSettled = useFresh();
  return useMutation({ mutationFn: ({ identity, join }: JoinRef) => unwrap(api.POST('/identities/{id}/rejoin', { params: { path: { id: identity } }, body: { join_id: join } })), onSettled });
}
