import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import { usePaged } from '@/api/paged';
import type { ConsentImport, Page } from '@/api/types';

/** The lists, the newest first; while one is being entered its counts come in by live updates. */
export function useImports(enabled: boolean) {
  return usePaged<ConsentImport>(['imports'], (cursor) => unwrap<Page<ConsentImport>>(api.GET('/consent-imports', { params: { query: { limit: 20, ...(cursor ? { cursor } : {}) } } })), enabled);
}

function useChange<V>(run: (v: V) => Promise<unknown>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: run, onSettled: () => client.invalidateQueries({ queryKey: ['imports'] }) });
}

export const useUpload = () => useChange((body: { name: string; text: string }) => unwrap(api.POST('/consent-imports', { body })));

export const useConfirm = () => useChange(({ id, origin }: { id: number; origin: string }) => unwrap(api.POST('/consent-imports/{id}/confirm', { params: { path: { id } }, body: { origin } })));

export const useCancel = () => useChange((id: number) => unwrap(api.POST('/consent-imports/{id}/cancel', { params: { path: { id } }, body: {} })));
