import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import type { AssistFigure, Imported, Knowledge, KnowledgeInput, Page, Question, QuickReply, QuickReplyInput } from '@/api/types';

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

export function useImport(kind: 'quick-replies' | 'knowledge') {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { text: string; try: boolean; form?: 'csv' | 'text'; language?: string; source?: string }) => (kind === 'quick-replies'
      ? unwrap<Imported>(api.POST('/quick-replies/import', { body: { text: body.text, try: body.try } }))
      : unwrap<Imported>(api.POST('/knowledge/import', { body: { form: 'csv', ...body } }))),
    onSuccess: () => client.invalidateQueries({ queryKey: [kind] }),
  });
}

export function useQuestions() {
  return useQuery({ queryKey: ['assist-questions'], queryFn: () => unwrap<Page<Question>>(api.GET('/assist/questions')) });
}

export function useCloseQuestion() {
  const client = useQueryClient();
  return useMutation({ mutationFn: (id: number) => unwrap(api.POST('/assist/questions/{id}/close', { params: { path: { id } } })), onSettled: () => client.invalidateQueries({ queryKey: ['assist-questions'] }) });
}

export function useFigures(days: number) {
  return useQuery({ queryKey: ['assist-figures', days], queryFn: () => unwrap<Page<AssistFigure>>(api.GET('/assist/figures', { params: { query: { days } } })) });
}
