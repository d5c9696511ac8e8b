import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, chosenWorkspace, unwrap } from '@/api/client';
import { ApiError, type Problem } from '@/api/errors';
import type { Page, ReadyTemplate, Template, TemplateCheck, TemplateDefinition, TemplateDraft, TemplateEvent, TemplateVersion } from '@/api/types';

const drafts = ['templates', 'drafts'] as const;

export const useDrafts = () => useQuery({ queryKey: drafts, queryFn: () => unwrap<Page<TemplateDraft>>(api.GET('/template-drafts')) });

export const useDraft = (id: number) => useQuery({ queryKey: [...drafts, id], queryFn: () => unwrap<TemplateDraft>(api.GET('/template-drafts/{id}', { params: { path: { id } } })) });

export const useVersions = (id: number, version: number) => useQuery({ queryKey: [...drafts, id, 'versions', version], queryFn: () => unwrap<Page<TemplateVersion>>(api.GET('/template-drafts/{id}/versions', { params: { path: { id } } })) });

export const useHistory = (id: number) => useQuery({ queryKey: ['templates', id, 'history'], queryFn: () => unwrap<Page<TemplateEvent>>(api.GET('/templates/{id}/history', { params: { path: { id } } })) });

export const useListed = () => useQuery({ queryKey: ['templates', 'all'], queryFn: () => unwrap<Page<Template>>(api.GET('/templates')) });

export const useReady = () => useQuery({ queryKey: ['templates', 'ready'], queryFn: () => unwrap<Page<ReadyTemplate>>(api.GET('/ready-templates')) });

/** The validator itself, asked while one types. */
export const useCheck = (name: string, language: string, definition: TemplateDefinition) =>
  useQuery({
    queryKey: ['templates', 'check', name, language, definition],
    queryFn: () => unwrap<TemplateCheck>(api.POST('/templates/check', { body: { name, language, definition } })),
    placeholderData: (before) => before,
    staleTime: 60_000,
  });

/** A change of templates; whatever shows them is read again. */
export function useChange<In, Out>(run: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: run, onSettled: () => client.invalidateQueries({ queryKey: ['templates'] }) });
}

/** A file for the header of a template; a draft names it by its hash. */
export interface Sample { sample: string; name: string; mime: string; size: number; url: string }

/** Keeps a file for a header. The body is the file itself, which the typed client cannot send. */
export const useAddSample = () =>
  useMutation({
    mutationFn: async ({ format, file }: { format: string; file: File }): Promise<Sample> => {
      const headers: Record<string, string> = { 'X-Ponte-CSRF': '1', 'Content-Type': 'application/octet-stream' };
      const workspace = chosenWorkspace.get();
      if (workspace) headers['X-Ponte-Workspace'] = workspace;
      const query = new URLSearchParams({ format, name: file.name });
      const answer = await fetch(`/api/v1/template-samples?${query}`, { method: 'POST', credentials: 'same-origin', headers, body: file }).catch(() => { throw new ApiError(0, { title: 'offline', kind: 'offline' }); });
      const body = (await answer.json().catch(() => ({}))) as unknown;
      if (!answer.ok) throw new ApiError(answer.status, body as Problem);
      return body as Sample;
    },
  });

export type Step = 'ask' | 'approve' | 'return' | 'submit';

const path = (id: number) => ({ params: { path: { id } } });

export const call = {
  sync: () => unwrap<{ templates: number }>(api.POST('/templates/sync', { body: {} })),
  add: (body: { account_id: number; name: string; language: string; definition: TemplateDefinition }) => unwrap<TemplateDraft>(api.POST('/template-drafts', { body })),
  save: (x: { id: number; version: number; definition: TemplateDefinition }) => unwrap<TemplateDraft>(api.PUT('/template-drafts/{id}', { ...path(x.id), body: { version: x.version, definition: x.definition } })),
  remove: (id: number) => unwrap<unknown>(api.DELETE('/template-drafts/{id}', path(id))),
  step: (x: { id: number; version: number; step: Step; reason?: string }) => {
    const init = { ...path(x.id), body: { version: x.version, ...(x.reason === undefined ? {} : { reason: x.reason }) } };
    switch (x.step) {
      case 'ask': return unwrap<TemplateDraft>(api.POST('/template-drafts/{id}/ask', init));
      case 'approve': return unwrap<TemplateDraft>(api.POST('/template-drafts/{id}/approve', init));
      case 'return': return unwrap<TemplateDraft>(api.POST('/template-drafts/{id}/return', init));
      case 'submit': return unwrap<TemplateDraft>(api.POST('/template-drafts/{id}/submit', init));
    }
  },
  addReady: (body: { account_id: number; keys: string[]; languages?: string[] }) => unwrap<Page<{ draft_id: number; had: boolean }>>(api.POST('/ready-templates', { body })),
  pause: (id: number) => unwrap<Template>(api.POST('/templates/{id}/pause', { ...path(id), body: {} })),
  resume: (id: number) => unwrap<Template>(api.POST('/templates/{id}/resume', { ...path(id), body: {} })),
  unpause: (id: number) => unwrap<unknown>(api.POST('/templates/{id}/unpause', { ...path(id), body: {} })),
  drop: (id: number) => unwrap<unknown>(api.DELETE('/templates/{id}', path(id))),
  take: (id: number) => unwrap<TemplateDraft>(api.POST('/templates/{id}/draft', { ...path(id), body: {} })),
};
