import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '@/api/client';
import { usePaged } from '@/api/paged';
import type { LeadForm, LeadFormInput, Page, ReceivedLead, Template } from '@/api/types';

export const views = ['open', 'done', 'all', 'forms'] as const;
export type View = (typeof views)[number];

export function useLeads(task: 'open' | 'done' | 'all', form: string | undefined) {
  return usePaged<ReceivedLead>(['leads', task, form], (cursor) => unwrap<Page<ReceivedLead>>(api.GET('/leads', { params: { query: { task, limit: 50, ...(form ? { form_id: form } : {}), ...(cursor ? { cursor } : {}) } } })));
}

export function useForms() {
  return useQuery({ queryKey: ['leads', 'forms'], queryFn: () => unwrap<Page<LeadForm>>(api.GET('/lead-forms')) });
}

/** Names of the templates, to choose the first message from. */
export function useTemplateNames() {
  return useQuery({ queryKey: ['templates', 'names'], staleTime: 60_000, queryFn: () => unwrap<Page<Template>>(api.GET('/templates')) });
}

function useStale() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: ['leads'] });
}

export function useDone() {
  const onSettled = useStale();
  return useMutation({ mutationFn: (id: number) => unwrap(api.POST('/leads/{id}/done', { params: { path: { id } }, body: {} })), onSettled });
}

export function useSaveForm() {
  const onSuccess = useStale();
  return useMutation({ mutationFn: (body: LeadFormInput) => unwrap<LeadForm>(api.PUT('/lead-forms', { body })), onSuccess });
}

export function useStopForm() {
  const onSettled = useStale();
  return useMutation({ mutationFn: (id: number) => unwrap(api.DELETE('/lead-forms/{id}', { params: { path: { id } } })), onSettled });
}
