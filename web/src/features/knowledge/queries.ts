import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import type { Knowledge, KnowledgeInput, Page, QuickReply, QuickReplyInput } from '@/api/types';

export function useQuickReplies() {
  return useQuery({ queryKey: ['quick-replies'], queryFn: () => unwrap<Page<QuickReply>>(api.GET('/quick-replies')) });
}

export function useKnowledge() {
  return useQuery({ queryKey: ['knowledge'], queryFn: () => unwrap<Page<Knowledge>>(api.GET('/knowledge')) });
}

export function useSaveQuick() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, body }: { id?: number | undefined; body: QuickReplyInput }) => (id ? unwrap(api.PUT('/quick-replies/{id}', { params: { path: { id } }, body })) : unwrap(api.POST('/quick-replies', { body }))),
    onSuccess: () => client.invalidateQueries({ queryKey: ['quick-replies'] }),
  });
}

export function useSaveKnowledge() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, body }: { id?: number | undefined; body: KnowledgeInput }) => (id ? unwrap(api.PUT('/knowledge/{id}', { params: { path: { id } }, body })) : unwrap(api.POST('/knowledge', { body }))),
    onSuccess: () => client.invalidateQueries({ queryKey: ['knowledge'] }),
  });
}

export function useRemove(kind: 'quick-replies' | 'knowledge') {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: number) => {
      const init = { params: { path: { id } } };
      return kind === 'knowledge' ? unwrap(api.DELETE('/knowledge/{id}', init)) : unwrap(api.DELETE('/quick-replies/{id}', init));
    },
    onSettled: () => client.invalidateQueries({ queryKey: [kind] }),
  });
}
